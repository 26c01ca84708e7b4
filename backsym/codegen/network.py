"""A solved problem as assignments: what the forward and the backward pass compute, in order, in NumPy.

This module must not know about other array libraries or how a module is laid out.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from backsym.codegen.loops import Branch, Loop, Members, Step, by_cases, fixed_members, furthest, member_form
from backsym.codegen.tidy import HELPERS, tidied
from backsym.core import expr as ex
from backsym.core.dims import amount, dim_names, is_layered, is_ragged
from backsym.core.errors import BacksymError
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS
from backsym.core.problem import FREE, NodeEquation, Problem, Symbol
from backsym.core.python import expression_of
from backsym.core.steps import Derivation, ForwardForms, adds_layers, whole_form
from backsym.core.words import say
from backsym.printing.notation import Notation
from backsym.printing.numpy.code import numpy_source, size_name
from backsym.printing.numpy.ranks import rank_of
from backsym.printing.numpy.sizes import axis_source, layer_source, whole_source
from backsym.printing.numpy.source import call, name, replaced, text_of
from backsym.printing.printer import equation_layout, range_layout
from backsym.printing.unicode import to_unicode
from backsym.solving.solution import Solution

_OWN = {
    "np", "math", "torch", "jax", "jnp", "inputs", "values", "gradients", "given", "forward", "backward", "largest",
    "smallest", *HELPERS,
}  # fmt: skip
"""Names that the modules use for other things."""


@dataclass(frozen=True)
class Statement:
    """One assignment: the quantity (by its problem name), the variable, its value in NumPy, and the formula."""

    quantity: str
    target: str
    value: ast.expr
    formula: str


@dataclass(frozen=True)
class Network:
    """What a module is made of.

    ``names`` gives the variable of every quantity, ``functions`` the key of every abstract function in ``inputs``, and
    ``sizes`` the variables of the dimensions that are an axis of no leaf, so that ``inputs`` must say them.
    """

    problem: Problem
    names: Mapping[str, str]
    functions: Mapping[str, str]
    sizes: Mapping[str, str]
    forward: tuple[Statement | Loop, ...]
    backward: tuple[Statement | Step | Loop, ...]
    ranks: Mapping[str, int | None]

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple(quantity for quantity in self.problem.symbols if quantity not in self.problem.by_name)

    @property
    def lists(self) -> frozenset[str]:
        """The variables that are lists, of members that differ in size, and of the derivatives by them."""
        own = [quantity for quantity, symbol in self.problem.symbols.items() if is_layered(symbol.shape)]
        return frozenset(variable for name in own for variable in (self.names[name], f"d_{name}"))

    @property
    def labels(self) -> frozenset[str]:
        """The variables that are classes."""
        symbols = self.problem.symbols.items()
        return frozenset(self.names[quantity] for quantity, symbol in symbols if symbol.label is not None)

    @property
    def computed(self) -> tuple[tuple[str, str], ...]:
        """The nodes, each with its variable, in the order in which they are computed."""
        return tuple((step.quantity, step.target) for item in self.forward for step in steps_of(item))

    @property
    def derived(self) -> tuple[tuple[str, str], ...]:
        """The quantities with the variables of the derivatives by them, in the order in which these are computed."""
        return tuple((step.quantity, step.target) for item in self.backward for step in steps_of(item))

    @property
    def given(self) -> Mapping[str, str]:
        """The variables of derivatives that ``values`` must have, by their keys: that of an abstract loss."""
        up = self.problem.upstream
        return {} if up is None else {f"d_{up}": f"d_{up}"}

    @property
    def taken(self) -> set[str]:
        """All variables: what a new name must not be."""
        return {*_reserved(self.problem), *self.names.values(), *self.sizes.values()}


def steps_of(item: Statement | Step | Loop) -> tuple[Statement | Step, ...]:
    """The assignments of a part of a module."""
    return item.steps if isinstance(item, Loop) else (item,)


def values_of(item: Statement | Loop) -> Iterable[ast.expr]:
    """The values of a part of a module."""
    return item.values if isinstance(item, Loop) else (item.value,)


def network_of(solution: Solution) -> Network:
    """The assignments of a solution.  Raises BacksymError for a formula that has no NumPy source."""
    maker = _Maker(solution)
    forward = tuple(maker.forward())
    return Network(
        solution.problem, maker.names, maker.functions, maker.sizes, forward, tuple(maker.backward()), maker.ranks
    )


def refuse_lists(network: Network) -> None:
    """Raises BacksymError for what takes arrays only, and no lists of members that differ in size."""
    if network.lists:
        raise BacksymError(say("codegen.no_lists", names=sorted(network.lists & {*network.leaves})))


def _reserved(problem: Problem) -> set[str]:
    """What no variable may be called."""
    taken = {*_OWN, *keyword.kwlist, *(own for own in dir(builtins) if own[0].islower())}
    taken |= {f"d_{quantity}" for quantity in problem.symbols}
    for function in _abstract(problem):
        taken |= {function, f"{function}_prime"}
    return taken


def _abstract(problem: Problem) -> dict[str, str]:
    """The abstract functions that the equations use, with the kind of each."""
    found: dict[str, str] = {}
    for equation in problem.equations:
        for e in ex.walk(equation.rhs):
            if isinstance(e, ex.Fn) and (e.name in problem.abstract or e.name == ABSTRACT_LOSS not in FUNCTIONS):
                found[e.name] = e.kind
    return found


def _variables(problem: Problem) -> dict[str, str]:
    """A variable for every quantity: its own name, with ``_`` after it while that is taken."""
    reserved = _reserved(problem)
    names = {quantity: quantity for quantity in problem.symbols if quantity not in reserved}
    for quantity in problem.symbols:
        own = quantity
        while quantity not in names and (own in reserved or own in names.values()):
            own += "_"
        names.setdefault(quantity, own)
    return names


class _Maker:
    def __init__(self, solution: Solution):
        self.solution = solution
        self.problem = solution.problem
        self.notation = Notation.of(solution.problem)
        self.names = _variables(self.problem)
        self.quantities = {own: quantity for quantity, own in self.names.items()}
        kinds = _abstract(self.problem)
        # A quantity may have the name of an abstract function: then the key of the function is told from it.
        self.functions = {f: f"{f}()" if f in self.problem.symbols else f for f in kinds}
        self.ranks: dict[str, int | None] = {}
        for quantity, symbol in self.problem.symbols.items():
            self.ranks |= {self.names[quantity]: len(symbol.shape), f"d_{quantity}": len(symbol.shape)}
        for function, kind in kinds.items():
            # What is None has the rank of the first argument: also the derivative of an abstract loss.
            self.ranks |= {f"{function}()": 0 if kind == "scalar" else None, f"{function}_prime()": None}
        self.sizes: dict[str, str] = {}
        symbols = {own: replace(self.problem.symbols[q], name=own) for q, own in self.names.items()}
        equations = tuple(replace(eq, rhs=self.renamed(eq.rhs)) for eq in self.problem.equations)
        self.inner = self.problem.changed(symbols=symbols, equations=equations)

    def renamed(self, e: ex.Expr) -> ex.Expr:
        done = ex.rebuild(e, self.renamed)
        if isinstance(done, ex.Sym):
            own = self.names.get(done.name, done.name)
            return replace(done, name=own) if isinstance(done, ex.Started) else ex.Sym(own, done.declared)
        if isinstance(done, ex.Labels):
            # The last position of a dimension is named by it.
            return replace(done, name=self.names.get(done.name, done.name))
        if isinstance(done, ex.Entry):
            return ex.Entry(done.base, tuple(ex.renamed_label(ix, self.names) for ix in done.indices))
        if isinstance(done, ex.Member):
            return ex.Member(done.base, tuple(ix and ex.renamed_label(ix, self.names) for ix in done.places))
        if isinstance(done, ex.Delta):
            return ex.Delta(ex.renamed_label(done.i, self.names), ex.renamed_label(done.j, self.names), done.equal)
        return done

    # --- the two passes ---

    def forward(self) -> Iterable[Statement | Loop]:
        """Array equations as the author wrote them; entry by entry ones in matrix form where there is one."""
        forms = {form.node: form for form in self.solution.forward}
        known = [quantity for quantity in self.problem.symbols if quantity not in self.problem.by_name]
        for eq in self.problem.equations:
            form = forms[eq.name]
            if eq.block:
                if eq.name == eq.block[0]:
                    yield self.forward_loop([self.problem.by_name[name] for name in eq.block], forms, known)
                known.append(eq.name)
                continue
            if self.has_layers(eq.name):
                yield self.forward_loop([eq], forms, known)
                known.append(eq.name)
                continue
            self.check_sums(eq.name, form)
            if eq.indices and form.matrix is not None:
                value = self.source(form.matrix.rhs, (), eq.shape, known)
            elif eq.picked:
                value = self.source(form.entry.rhs, form.indices, (), known)
            else:
                value = self.source(eq.rhs, eq.indices, () if eq.indices else eq.shape, known)
            if rank_of(value, self.ranks) is None:
                value = call("np.array", value)
            written = eq.member or ex.Equation(eq.lhs, eq.rhs)
            yield Statement(eq.name, self.names[eq.name], value, self.formula(written, ex.free_indices(written.lhs)))
            known.append(eq.name)

    def backward(self) -> Iterable[Statement | Step | Loop]:
        known = list(self.problem.symbols)
        done = {self.problem.upstream}
        for d in self.solution.derivations:
            own = self.problem.by_name.get(d.node)
            if own is not None and own.block:
                if d.node not in done:
                    together = [other for other in self.solution.derivations if other.node in own.block]
                    yield self.backward_loop(together, known)
                    done.update(other.node for other in together)
                continue
            shape = self.problem.symbols[d.node].shape
            if self.has_layers(d.node):
                if d.node not in done:
                    together = self.likewise(d)
                    yield replace(self.backward_loop(together, known), back=False)
                    done.update(other.node for other in together)
                continue
            self.check_sums(d.node, d)
            least = furthest(d.entry.rhs, self.problem.recurrent)
            if least > 1:
                yield self.by_length(d, least, known)
                done.add(d.node)
                continue
            whole = whole_form(self.problem, d)
            if whole is not None:
                value = self.source(whole.rhs, (), shape, known)
            else:
                value = self.source(d.entry.rhs, d.indices, () if d.indices else shape, known)
            if d.node == self.problem.loss:
                value = call("np.ones_like", name(self.names[d.node]))
            elif rank_of(value, self.ranks) is None:
                value = call("np.full_like", name(self.names[d.node]), value, dtype=name("float"))
            yield Statement(d.node, f"d_{d.node}", value, self.derived(d))
            done.add(d.node)
        for symbol in self.problem.symbols.values():
            if symbol.name not in done and symbol.label is None and symbol.role in ("node", *FREE):
                # The loss does not depend on it.
                if self.has_layers(symbol.name):
                    yield self.zero_loop(symbol, known)
                    continue
                value = call("np.zeros_like", name(self.names[symbol.name]))
                yield Statement(symbol.name, f"d_{symbol.name}", value, "")

    def check_sums(self, node: str, forms: Derivation | ForwardForms) -> None:
        """Raises BacksymError where members that differ in size are added up to one number or array."""
        if adds_layers(self.problem, forms):
            if isinstance(forms, ForwardForms):
                raise BacksymError(say("codegen.sum_of_terms", name=node))
            raise BacksymError(say("codegen.sum_of_layers", name=node))

    def has_layers(self, node: str) -> bool:
        """Whether a quantity has a member for each position by which sizes go."""
        return self.problem.symbols[node].shape[:1] in [(dim,) for dim in self.problem.layers.values()]

    def likewise(self, d: Derivation) -> list[Derivation]:
        """The derivative by members of different sizes, and those of other leaves that follow it at once."""
        after = self.solution.derivations[self.solution.derivations.index(d) :]
        leaves = itertools.takewhile(lambda other: self.is_leaf_of(other, d.indices[0]), after)
        return list(leaves) or [d]

    def is_leaf_of(self, d: Derivation, letter: ex.Ix) -> bool:
        shape = self.problem.symbols[d.node].shape
        return d.node not in self.problem.by_name and shape[:1] == (letter.dim,)

    def zero_loop(self, symbol: Symbol, known: Sequence[str]) -> Loop:
        letter = next(ex.Ix(a, dim) for a, dim in self.problem.index_dims.items() if dim == symbol.shape[0])
        members = self.members(letter)
        own = members.opened(self.problem.any_member(symbol.name))
        whole = self.source(own, (), ex.member_shape(symbol.shape, letter), known, members)
        step = Step(symbol.name, f"d_{symbol.name}", (Branch("", call("np.zeros_like", whole), ""),))
        return self.loop(letter, [step], members, known)

    def derived(self, d: Derivation) -> str:
        """The formula of a derivative: as a whole, or by members, or entry by entry."""
        if d.matrix is None and d.member is not None:
            return self.formula(d.member, ex.free_indices(d.member.lhs))
        return self.formula(d.matrix or d.entry, () if d.matrix is not None else d.indices)

    # --- recurrences ---

    def by_length(self, d: Derivation, least: int, known: Sequence[str]) -> Step:
        """A derivative that mentions members which a short recurrence does not have, where they count as zero."""
        shape = self.problem.symbols[d.node].shape
        (dim,) = {ix.dim for ix in fixed_members(d.entry.rhs, self.problem.recurrent)}
        size = ast.unparse(self.size(dim, self.arrays(known)))
        branches = []
        for length in range(1, least + 1):

            def beyond(ix: ex.Ix, length: int = length) -> bool:
                return ix.dim == dim and (ex.position_of(ix) or 0) > length

            form = ex.without_adjoints(d.entry.rhs, beyond)
            value = self.source(form, d.indices, () if d.indices else shape, known)
            if rank_of(value, self.ranks) is None:
                value = call("np.full_like", name(self.names[d.node]), value, dtype=name("float"))
            test = f"{size} == {length}" if length < least else ""
            branches.append(Branch(test, value, self.formula(ex.Equation(d.entry.lhs, form), d.indices)))
        return Step(d.node, f"d_{d.node}", tuple(branches))

    def forward_loop(
        self, block: Sequence[NodeEquation], forms: Mapping[str, ForwardForms], known: Sequence[str]
    ) -> Loop:
        """The members of a recurrence, from the first position to the last."""
        steps = []
        letter = block[0].indices[0]
        members = self.members(letter)
        for eq in block:
            own = ex.Ix(eq.indices[0].letter, eq.indices[0].dim)
            form = member_form(eq, forms[eq.name].member)
            whole = members.opened(ex.with_indices(form.value, {own: letter}))
            value = self.source(whole, form.free, form.shape_in(eq.shape, letter), known, members)
            written = eq.member or ex.Equation(eq.lhs, eq.rhs)
            formula = self.formula(written, ex.free_indices(written.lhs))
            steps.append(Step(eq.name, self.names[eq.name], (Branch("", value, formula),)))
        return self.loop(letter, steps, members, known)

    def backward_loop(self, derivations: Sequence[Derivation], known: Sequence[str]) -> Loop:
        """The derivatives by the members of a recurrence, from the last position to the first."""
        steps = []
        letter = derivations[0].indices[0]
        members = self.members(letter)
        for d in derivations:
            own = d.indices[0]
            shape = self.problem.symbols[d.node].shape
            branches = []
            for after, form in by_cases(d, own):
                opened = members.opened(ex.with_indices(form.value, {own: letter}))
                wanted = form.shape_in(shape, letter)
                if is_layered(shape) and len(opened.shape) == len(wanted):
                    wanted = opened.shape  # The last layer has its size by another name.
                value = self.source(opened, form.free, wanted, known, members)
                if rank_of(value, {**self.ranks, **members.ranks}) is None:
                    value = call("np.full_like", members.variable_of(self.names[d.node]), value, dtype=name("float"))
                lhs = ex.member_of(ex.Adj(d.node, shape), [own, *form.free]) if shape[1:] else d.entry.lhs
                equation = ex.Equation(lhs, form.value)
                size = ast.unparse(self.size(letter.dim, self.arrays(known)))
                test = "" if after is None else f"{members.loop} == {size} - {after + 1}"
                branches.append(Branch(test, value, self.formula(equation, form.free)))
            steps.append(Step(d.node, f"d_{d.node}", tuple(branches)))
        return replace(self.loop(letter, steps, members, known), back=True)

    def members(self, letter: ex.Ix) -> Members:
        taken = {*_reserved(self.problem), *self.names.values(), *self.sizes.values()}
        return Members(letter, self.variable, taken)

    def variable(self, whole: ex.Sym | ex.Adj) -> str:
        return f"d_{whole.name}" if isinstance(whole, ex.Adj) else self.names[whole.name]

    def loop(self, letter: ex.Ix, steps: Sequence[Step], members: Members, known: Sequence[str]) -> Loop:
        size = self.size(letter.dim, self.arrays(known))
        lists = frozenset(s.quantity for s in steps if is_layered(self.problem.symbols[s.quantity].shape))
        return Loop(members.loop, size, tuple(steps), members.places, members.ranks, members.earlier, lists=lists)

    def arrays(self, known: Sequence[str]) -> list[str]:
        return [self.names[quantity] for quantity in known]

    def formula(self, equation: ex.Equation, indices: tuple[ex.Ix, ...]) -> str:
        text = to_unicode(equation_layout(equation, self.notation))
        spans = range_layout(indices, self.notation)
        return text if spans is None else f"{text},  {to_unicode(spans)}"

    def source(
        self, e: ex.Expr, free: tuple[ex.Ix, ...], shape: ex.Shape, known: Sequence[str], members: Members | None = None
    ) -> ast.expr:
        own = {} if members is None else {sym.name: Symbol(sym.name, sym.declared, "node") for sym in members.symbols}
        inner = self.inner.changed(symbols={**self.inner.symbols, **own}) if own else self.inner
        node = expression_of(numpy_source(self.renamed(e), inner, free, shape))
        ranks = {**self.ranks, **(members.ranks if members is not None else {})}
        return tidied(self.measured(node, known, inner, members), ranks)

    # --- sizes ---

    def measured(
        self, node: ast.expr, known: Sequence[str], inner_problem: Problem, members: Members | None
    ) -> ast.expr:
        """Sizes read off arrays that are known here, those of the same line first."""
        inside = {id(n.value) for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr == "shape"}
        used = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in inside and n.id in self.ranks]
        layers = {name for name, dim in self.problem.dims.items() if dim.ragged}
        dims = [dim for dim in (*self.problem.dims, *self.problem.index_dims.values()) if isinstance(dim, str)]
        dims = [dim for dim in dims if dim not in layers]
        alone = {size_name(dim, self.inner): dim for dim in dims}

        def rule(inner: ast.expr) -> ast.expr:
            if isinstance(inner, ast.Name) and inner.id in alone and inner.id not in self.ranks:
                return self.size(alone[inner.id], ())
            if isinstance(inner, ast.Subscript) and isinstance(inner.value, ast.Name) and inner.value.id in layers:
                own = [*used, *(self.names[quantity] for quantity in known)]
                return self.size(text_of(inner).replace(" ", ""), own, members)
            if not (isinstance(inner, ast.Subscript) and isinstance(inner.value, ast.Attribute)):
                return inner
            if inner.value.attr != "shape" or not isinstance(inner.value.value, ast.Name):
                return inner
            assert isinstance(inner.slice, ast.Constant)
            assert isinstance(inner.slice.value, int)
            dim = inner_problem.symbols[inner.value.value.id].shape[inner.slice.value]
            return self.size(dim, [*used, *(self.names[quantity] for quantity in known)], members)

        return replaced(node, rule)

    def size(self, dim: ex.Dim, arrays: Iterable[str], members: Members | None = None) -> ast.expr:
        own, known = (
            str(dim),
            [a for a in arrays if self.quantities.get(a, a.removeprefix("d_")) in self.problem.symbols],
        )
        shapes = [(a, self.problem.symbols[self.quantities.get(a, a.removeprefix("d_"))].shape) for a in known]
        found = axis_source(own, shapes)
        if found is not None:
            return expression_of(found)
        if dim_names(dim) != (dim,):
            return expression_of(whole_source(amount(dim), lambda name: text_of(self.size(name, known, members))))
        if is_ragged(dim):
            loop = {} if members is None else {members.letter.letter: members.loop}
            found = layer_source(own, shapes, loop)
            if found is None:
                raise BacksymError(say("codegen.layer_size", dim=own))
            return expression_of(found)
        if own in self.problem.symbols:
            raise BacksymError(say("codegen.size_taken", name=own))
        while own in _reserved(self.problem) or own in self.names.values():
            own += "_"
        self.sizes[str(dim)] = own
        self.ranks[own] = None
        return name(own)

"""A solved problem as assignments: what the forward and the backward pass compute, in order, in NumPy.

This module must not know about other array libraries or how a module is laid out.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from backsym.codegen.ranks import rank_of
from backsym.codegen.source import call, name, replaced, text_of
from backsym.codegen.tidy import HELPERS, tidied
from backsym.core.dims import amount, dim_names
from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Delta,
    Dim,
    Entry,
    Equation,
    Expr,
    Fn,
    Ix,
    Labels,
    Shape,
    Sym,
    free_indices,
    rebuild,
    renamed_label,
    walk,
)
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS
from backsym.core.problem import Problem
from backsym.core.python import expression_of
from backsym.printing.notation import Notation
from backsym.printing.numpy.code import numpy_source, size_name
from backsym.printing.numpy.sizes import axis_source, whole_source
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
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    ranks: Mapping[str, int | None]

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple(quantity for quantity in self.problem.symbols if quantity not in self.problem.by_name)

    @property
    def given(self) -> Mapping[str, str]:
        """The variables of derivatives that ``values`` must have, by their keys: that of an abstract loss."""
        up = self.problem.upstream
        return {} if up is None else {f"d_{up}": f"d_{up}"}

    @property
    def taken(self) -> set[str]:
        """All variables: what a new name must not be."""
        return {*_reserved(self.problem), *self.names.values(), *self.sizes.values()}


def network_of(solution: Solution) -> Network:
    """The assignments of a solution.  Raises BacksymError for a formula that has no NumPy source."""
    maker = _Maker(solution)
    forward = tuple(maker.forward())
    return Network(
        solution.problem, maker.names, maker.functions, maker.sizes, forward, tuple(maker.backward()), maker.ranks
    )


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
        for e in walk(equation.rhs):
            if isinstance(e, Fn) and (e.name in problem.abstract or e.name == ABSTRACT_LOSS not in FUNCTIONS):
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

    def renamed(self, e: Expr) -> Expr:
        done = rebuild(e, self.renamed)
        if isinstance(done, Sym):
            return Sym(self.names[done.name], done.declared)
        if isinstance(done, Labels):
            return Labels(self.names[done.name], done.declared, done.of)
        if isinstance(done, Entry):
            return Entry(done.base, tuple(renamed_label(ix, self.names) for ix in done.indices))
        if isinstance(done, Delta):
            return Delta(renamed_label(done.i, self.names), renamed_label(done.j, self.names), done.equal)
        return done

    # --- the two passes ---

    def forward(self) -> Iterable[Statement]:
        """Array equations as the author wrote them; entry by entry ones in matrix form where there is one."""
        forms = {form.node: form for form in self.solution.forward}
        known = [quantity for quantity in self.problem.symbols if quantity not in self.problem.by_name]
        for eq in self.problem.equations:
            form = forms[eq.name]
            if eq.indices and form.matrix is not None:
                value = self.source(form.matrix.rhs, (), eq.shape, known)
            elif eq.picked:
                value = self.source(form.entry.rhs, form.indices, (), known)
            else:
                value = self.source(eq.rhs, eq.indices, () if eq.indices else eq.shape, known)
            if rank_of(value, self.ranks) is None:
                value = call("np.array", value)
            written = eq.member or Equation(eq.lhs, eq.rhs)
            yield Statement(eq.name, self.names[eq.name], value, self.formula(written, free_indices(written.lhs)))
            known.append(eq.name)

    def backward(self) -> Iterable[Statement]:
        known = list(self.problem.symbols)
        done = {self.problem.upstream}
        for d in self.solution.derivations:
            shape = self.problem.symbols[d.node].shape
            if d.matrix is not None:
                value = self.source(d.matrix.rhs, (), shape, known)
            else:
                value = self.source(d.entry.rhs, d.indices, () if d.indices else shape, known)
            if d.node == self.problem.loss:
                value = call("np.ones_like", name(self.names[d.node]))
            elif rank_of(value, self.ranks) is None:
                value = call("np.full_like", name(self.names[d.node]), value, dtype=name("float"))
            indices = () if d.matrix is not None else d.indices
            yield Statement(d.node, f"d_{d.node}", value, self.formula(d.matrix or d.entry, indices))
            done.add(d.node)
        for symbol in self.problem.symbols.values():
            if symbol.name not in done and symbol.label is None and symbol.role in ("node", "input", "parameter"):
                # The loss does not depend on it.
                value = call("np.zeros_like", name(self.names[symbol.name]))
                yield Statement(symbol.name, f"d_{symbol.name}", value, "")

    def formula(self, equation: Equation, indices: tuple[Ix, ...]) -> str:
        text = to_unicode(equation_layout(equation, self.notation))
        spans = range_layout(indices, self.notation)
        return text if spans is None else f"{text},  {to_unicode(spans)}"

    def source(self, e: Expr, free: tuple[Ix, ...], shape: Shape, known: Sequence[str]) -> ast.expr:
        node = expression_of(numpy_source(self.renamed(e), self.inner, free, shape))
        return tidied(self.measured(node, known), self.ranks)

    # --- sizes ---

    def measured(self, node: ast.expr, known: Sequence[str]) -> ast.expr:
        """Sizes read off arrays that are known here, those of the same line first."""
        inside = {id(n.value) for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr == "shape"}
        used = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in inside and n.id in self.ranks]
        dims = [dim for dim in (*self.problem.dims, *self.problem.index_dims.values()) if isinstance(dim, str)]
        alone = {size_name(dim, self.inner): dim for dim in dims}

        def rule(inner: ast.expr) -> ast.expr:
            if isinstance(inner, ast.Name) and inner.id in alone and inner.id not in self.ranks:
                return self.size(alone[inner.id], ())
            if not (isinstance(inner, ast.Subscript) and isinstance(inner.value, ast.Attribute)):
                return inner
            if inner.value.attr != "shape" or not isinstance(inner.value.value, ast.Name):
                return inner
            assert isinstance(inner.slice, ast.Constant)
            assert isinstance(inner.slice.value, int)
            dim = self.problem.symbols[self.quantities[inner.value.value.id]].shape[inner.slice.value]
            return self.size(dim, [*used, *(self.names[quantity] for quantity in known)])

        return replaced(node, rule)

    def size(self, dim: Dim, arrays: Iterable[str]) -> ast.expr:
        own, known = str(dim), list(arrays)
        shapes = [(a, self.problem.symbols[self.quantities.get(a, a.removeprefix("d_"))].shape) for a in known]
        found = axis_source(own, shapes)
        if found is not None:
            return expression_of(found)
        if dim_names(dim) != (dim,):
            return expression_of(whole_source(amount(dim), lambda name: text_of(self.size(name, known))))
        if own in self.problem.symbols:
            raise BacksymError(f"no input has the size {own} as an axis, and a quantity has its name: rename it")
        while own in _reserved(self.problem) or own in self.names.values():
            own += "_"
        self.sizes[str(dim)] = own
        self.ranks[own] = None
        return name(own)

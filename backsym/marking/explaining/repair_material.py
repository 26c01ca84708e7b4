"""What a repair may put into an answer about one target: quantities, factors and terms of the true derivative.

All of it comes from the problem's graph and from the recorded derivation.  This module must not know about the answer
beyond its index letters, nor about numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise, product

from backsym.core import expr as ex
from backsym.core import stepkinds as sk
from backsym.core.entrywise import FIRST, array_of, entry_of
from backsym.core.errors import ShapeError
from backsym.core.functions import FUNCTIONS
from backsym.core.lazy import lazy
from backsym.core.problem import Problem
from backsym.core.steps import Derivation, all_steps

MAX_QUANTITIES = 48
"""Only so many quantities, those nearest to the target in the graph, are tried in place of others."""

MAX_COMPOSED = 120
"""A derivative in which all adjoints are written out is used up to this many sub-expressions."""

MAX_SKIPPED = 4
"""Steps of the chain rule that are noticed to be skipped at once."""

MAX_LEVELS = 12
"""Levels of adjoints that are written out."""

_NUMBERS = tuple(map(Fraction, ("2", "1/2", "3", "1/3", "4", "1/4", "3/2", "2/3", "6", "1/6")))


def adjoint_entry(e: ex.Expr) -> str:
    """The name, for an adjoint as it stands in an expression by entries."""
    base = array_of(e)
    return base.name if isinstance(base, ex.Adj) and (isinstance(e, ex.Entry) or not e.shape) else ""


@dataclass(frozen=True)
class Path:
    """What the path through one consumer adds to the derivative, entry by entry."""

    consumer: ex.Expr
    term: ex.Expr


@dataclass(frozen=True)
class Offers:
    """The material for answers about one quantity whose entries are written with ``letters`` (one for each axis).

    ``derivations`` are all derivations by name; that of the target is among them.
    """

    problem: Problem
    derivations: Mapping[str, Derivation]
    target: str
    letters: tuple[ex.Ix, ...]
    shape: ex.Shape
    _renaming: dict[ex.Ix, ex.Ix] = field(default_factory=dict)

    @staticmethod
    def of(problem: Problem, derivations: Mapping[str, Derivation], target: str, letters: tuple[ex.Ix, ...]) -> Offers:
        own = derivations[target].indices
        used = letters if len(letters) == len(own) else own
        renaming = {a: b for a, b in zip(own, used, strict=True) if not a.fixed}
        return Offers(problem, derivations, target, used, problem.symbols[target].shape, renaming)

    @property
    def derivation(self) -> Derivation:
        return self.derivations[self.target]

    @lazy
    def adjoints_used(self) -> Mapping[str, frozenset[str]]:
        """The adjoints that each derivative is made of."""
        named = {name: {adjoint_entry(e) for e in ex.walk(d.entry.rhs)} for name, d in self.derivations.items()}
        return {name: frozenset(used - {""}) for name, used in named.items()}

    @lazy
    def entry(self) -> ex.Expr:
        """The true derivative, entry by entry, in the answer's letters."""
        return self.renamed(self.derivation.entry.rhs)

    @lazy
    def references(self) -> tuple[tuple[ex.Expr, tuple[ex.Ix, ...]], ...]:
        """Ways to write the true derivative, with the letters of the axes where it is one entry by entry."""
        found: dict[ex.Expr, tuple[ex.Ix, ...]] = {self.entry: self.letters}
        if self._composed and self._composed[-1][1]:
            found.setdefault(self._composed[-1][0], self.letters)
        for step in self.derivation.steps:
            if step.kind in (
                sk.SUBSTITUTE,
                sk.INLINE_ADJOINT,
                sk.SUM_PATHS,
                sk.EXPAND,
                sk.FACTOR,
                sk.GATHER,
                sk.FOLD,
            ):
                found.setdefault(self.renamed(step.after), self.letters)
        if self.derivation.matrix is not None:
            found.setdefault(self.derivation.matrix.rhs, ())
            found.setdefault(self._composed_matrix(self.derivation.matrix.rhs), ())
        return tuple(found.items())

    def _composed_matrix(self, e: ex.Expr) -> ex.Expr:
        """The true derivative as a whole with all adjoints written out that have a matrix form, unless that is long."""
        for _ in range(24):
            known = (n for n in ex.walk(e) if isinstance(n, ex.Adj) and n.name in self.derivations)
            inner = next((n for n in known if self.derivations[n.name].matrix is not None), None)
            if inner is None:
                return e
            form = self.derivations[inner.name].matrix
            assert form is not None
            grown = substituted(e, inner, form.rhs)
            if sum(1 for _ in ex.walk(grown)) > MAX_COMPOSED:
                return e
            e = grown
        return e

    @lazy
    def forms(self) -> tuple[tuple[ex.Expr, tuple[ex.Ix, ...]], ...]:
        """The references, and the true derivative with the adjoints of one and of two levels written out."""
        found = dict(self.references)
        for composed, _ in self._composed[:2]:
            found.setdefault(composed, self.letters)
        return tuple(found.items())

    @lazy
    def _composed(self) -> list[tuple[ex.Expr, bool]]:
        """The true derivative with the adjoints of one level written out, of two, and so on; whether these are all."""
        found: list[tuple[ex.Expr, bool]] = []
        e = self.entry
        for _ in range(MAX_LEVELS):
            for n in dict.fromkeys(n for n in ex.walk(e) if _adjoint_of(n) is not None):
                written = self._written(e, n)
                if written is None:
                    return found
                e = substituted(e, n, written)
            all_written = not any(_adjoint_of(n) is not None for n in ex.walk(e))
            if e == self.entry or sum(1 for _ in ex.walk(e)) > MAX_COMPOSED:
                break
            found.append((e, all_written))
            if all_written:
                break
        return found

    def _written(self, e: ex.Expr, inner: ex.Expr) -> ex.Expr | None:
        """What an adjoint in an expression by entries is; None if that is not known."""
        d = self.derivations.get(_adjoint_of(inner) or "")
        at = inner.indices if isinstance(inner, ex.Entry) else ()
        if d is None or len(at) != len(d.indices):
            return None
        taken = {ix.letter for n in ex.walk(e) for ix in _own_letters(n)}
        return renamed(d.entry.rhs, dict(zip(d.indices, at, strict=True)), taken)

    def renamed(self, e: ex.Expr) -> ex.Expr:
        """An expression in the letters of the derivation, in those of the answer."""
        if all(a == b for a, b in self._renaming.items()):
            return e
        return renamed(e, self._renaming)

    # --- terms ---

    @lazy
    def paths(self) -> tuple[Path, ...]:
        """The paths by which the target reaches the loss, where there are several."""
        return tuple(
            Path(consumer, self.renamed(step.after))
            for step in self.derivation.steps
            if step.kind == sk.PATH and isinstance(consumer := step.facts.get("consumer"), ex.Expr)
        )

    @lazy
    def diagonals(self) -> tuple[tuple[ex.Expr, ex.Ix], ...]:
        """The derivative, or a path, with a sum over an index left out: only the term in which it equals a free one."""
        found: dict[ex.Expr, ex.Ix] = {}
        for step in all_steps(self.derivation.steps):
            if step.kind not in (
                sk.SUBSTITUTE,
                sk.PATH,
                sk.RECALL,
                sk.KRONECKER,
                sk.CANCEL,
            ):
                continue
            e = self.renamed(step.after)
            if isinstance(e, ex.IndexReduce) and e.op == "sum" and len(e.indices) == 1:
                bound = e.indices[0]
                for own in self.letters:
                    if own.dim == bound.dim and not own.fixed:
                        found.setdefault(renamed(e.body, {bound: own}), bound)
        return tuple(found.items())

    # --- factors ---

    @lazy
    def quantities(self) -> tuple[ex.Expr, ...]:
        """Quantities and adjoints, those nearest to the target in the graph first."""
        near: dict[str, None] = {}
        wave = [self.target]
        for e, _ in self.references[:1]:
            wave += [name for n in ex.walk(e) if (name := _named(n)) is not None]
        problem = self.problem
        while wave and len(near) < MAX_QUANTITIES:
            following: list[str] = []
            for name in wave:
                if name in near:
                    continue
                near[name] = None
                following += problem.consumers.get(name, ())
                if name in problem.by_name:
                    following += ex.names_in(problem.by_name[name].rhs)
            wave = following
        for name in problem.symbols:
            if len(near) < MAX_QUANTITIES:
                near.setdefault(name)
        # Jacobians and second derivatives are what is asked for, and in no answer.
        arrays = {name for name, d in self.derivations.items() if isinstance(d.entry.lhs, ex.Total)}
        chosen = [name for name in near if name not in arrays][:MAX_QUANTITIES]
        # Adjoints that come before the target in the backward pass; that of the loss is 1.
        order = list(self.derivations)
        known = set() if self.target in arrays else set(order[: order.index(self.target)]) - {problem.loss}
        adjoints = [ex.Adj(name, problem.symbols[name].shape) for name in chosen if name in known]
        return (*(problem.sym(name) for name in chosen if name != problem.loss), *adjoints)

    @lazy
    def by_shape(self) -> Mapping[ex.Shape, tuple[ex.Expr, ...]]:
        found: dict[ex.Shape, list[ex.Expr]] = {}
        for e in self.quantities:
            found.setdefault(e.shape, []).append(e)
        return {shape: tuple(es) for shape, es in found.items()}

    def like(self, shape: ex.Shape) -> tuple[ex.Expr, ...]:
        return self.by_shape.get(shape, ())

    @lazy
    def _entries(self) -> dict[tuple[ex.Ix, ...], tuple[ex.Expr, ...]]:
        return {}

    @lazy
    def positions(self) -> tuple[ex.Ix, ...]:
        """The fixed positions, and the indices such as i + k - 1, that the true derivative mentions."""
        found = (ix for e, _ in self.references for n in ex.walk(e) for ix in _own_letters(n))
        return tuple(dict.fromkeys(ix for ix in found if isinstance(ix, ex.Shift) or (ix.fixed and ix.dim != 1)))

    def entries(self, letters: tuple[ex.Ix, ...]) -> tuple[ex.Expr, ...]:
        """The scalar quantities, and the entries of the others at the given letters."""
        found = self._entries.get(letters)
        if found is None:
            found = self._entries[letters] = tuple(self._entries_at(letters))
        return found

    def _entries_at(self, letters: tuple[ex.Ix, ...]) -> Iterator[ex.Expr]:
        for q in self.quantities:
            if not ex.scalar_if_ones(q.shape):
                yield q if not q.shape else ex.Entry(q, (FIRST,) * len(q.shape))
                continue
            yield from (ex.Entry(self.begun(q, at), at) for at in placements(q.shape, letters, self.positions))

    def begun(self, q: ex.Expr, at: tuple[ex.Ix, ...]) -> ex.Expr:
        """The base of an entry; before the first member of a recurrence stands what it begins with."""
        starts = self.problem.starts
        if type(q) is not ex.Sym or q.name not in starts or not isinstance(at[0], ex.Shift):
            return q
        return ex.Started(q.name, q.declared, starts=starts[q.name])

    @lazy
    def factors(self) -> tuple[ex.Expr, ...]:
        """Composite factors of the true derivative, such as 1 - tanh(z)**2: of its entries and of the whole."""
        found: dict[ex.Expr, None] = {}
        forms = [e for e, _ in self.references]
        forms += [self.renamed(s.after) for s in all_steps(self.derivation.steps) if s.kind == sk.LOCAL]
        for form in forms:
            for e in ex.walk(form):
                for part in _factors_of(e):
                    if not isinstance(part, (ex.Num, ex.Sym, ex.Adj, ex.Size)) and not _is_entry(part):
                        found.setdefault(part)
        return tuple(found)

    @lazy
    def _factor_letters(self) -> tuple[tuple[ex.Expr, frozenset[ex.Ix]], ...]:
        return tuple((f, frozenset(ex.free_indices(f))) for f in self.factors)

    def factors_with(self, letters: tuple[ex.Ix, ...]) -> tuple[ex.Expr, ...]:
        """The scalar factors whose letters are all in force."""
        found = self._factors_at.get(letters)
        if found is None:
            force = frozenset(letters)
            found = tuple(f for f, own in self._factor_letters if own <= force and not ex.scalar_if_ones(f.shape))
            self._factors_at[letters] = found
        return found

    @lazy
    def _factors_at(self) -> dict[tuple[ex.Ix, ...], tuple[ex.Expr, ...]]:
        return {}

    @lazy
    def factors_by_shape(self) -> Mapping[ex.Shape, tuple[ex.Expr, ...]]:
        """The factors without letters."""
        found: dict[ex.Shape, list[ex.Expr]] = {}
        for f, own in self._factor_letters:
            if not own:
                found.setdefault(f.shape, []).append(f)
        return {shape: tuple(fs) for shape, fs in found.items()}

    def arguments(self, function: str, force: frozenset[ex.Ix]) -> Mapping[ex.Shape, tuple[ex.Expr, ...]]:
        """What a function is applied to in the true derivative, where all letters are in force, by shape."""
        key = function, force
        if key not in self._arguments:
            found: dict[ex.Shape, dict[ex.Expr, None]] = {}
            for e, _ in self.references:
                for n in ex.walk(e):
                    if isinstance(n, ex.Fn) and n.name == function and force.issuperset(ex.free_indices(n.args[0])):
                        found.setdefault(n.args[0].shape, {})[n.args[0]] = None
            self._arguments[key] = {shape: tuple(es) for shape, es in found.items()}
        return self._arguments[key]

    @lazy
    def _arguments(self) -> dict[tuple[str, frozenset[ex.Ix]], Mapping[ex.Shape, tuple[ex.Expr, ...]]]:
        return {}

    def between(self, left: ex.Shape, right: ex.Shape) -> tuple[ex.Expr, ...]:
        """The matrices that can stand between two operands of a matrix product."""
        if not left or not right:
            return ()
        wanted = (left[1] if len(left) > 1 else 1, right[0])
        plain, turned = self.like(wanted), self.like(wanted[::-1])
        return (*plain, *(ex.T(q) for q in turned)) if 1 not in wanted else ()

    def operands(self, shape: ex.Shape, wanted: tuple[ex.Shape, ...]) -> tuple[tuple[ex.Expr, bool], ...]:
        """What, multiplied as a matrix from the left (True) or the right, makes one shape into another."""
        key = (shape, wanted)
        if key not in self._operands:
            self._operands[key] = tuple(self._fitting(shape, wanted))
        return self._operands[key]

    @lazy
    def _operands(self) -> dict[tuple[ex.Shape, tuple[ex.Shape, ...]], tuple[tuple[ex.Expr, bool], ...]]:
        return {}

    def _fitting(self, shape: ex.Shape, wanted: tuple[ex.Shape, ...]) -> Iterator[tuple[ex.Expr, bool]]:
        for q in [*self.quantities, *(f for f, own in self._factor_letters if not own)]:
            if 1 <= len(q.shape) <= 2:
                for operand in (q, ex.T(q)):
                    if _product_shape(operand.shape, shape) in wanted:
                        yield operand, True
                    if _product_shape(shape, operand.shape) in wanted:
                        yield operand, False

    @lazy
    def constants(self) -> tuple[tuple[ex.Expr, ex.Expr], ...]:
        """Numbers and sizes, each with its inverse, that a factor may be wrong by."""
        dims = list(dict.fromkeys(d for e, _ in self.references for d in _dims_of(e, self.problem)))
        plain: list[tuple[ex.Expr, ex.Expr]] = [(ex.num(c), ex.num(1 / c)) for c in _NUMBERS]
        sizes: list[ex.Expr] = [ex.Size(d) for d in dims[:6]]
        plain += [pair for s in sizes for pair in ((s, ex.Div(ex.ONE, s)), (ex.Div(ex.ONE, s), s))]
        for s in sizes:
            plain += [(ex.Div(ex.num(2), s), ex.Div(s, ex.num(2))), (ex.Div(s, ex.num(2)), ex.Div(ex.num(2), s))]
        return tuple(plain)

    @lazy
    def slopes(self) -> Mapping[str, tuple[ex.Fn, tuple[ex.Ix, ...]]]:
        """For each node that is an element-wise function of one argument: its derivative by that argument, with the
        letters of the node's axes where the equation is one entry by entry."""
        found: dict[str, tuple[ex.Fn, tuple[ex.Ix, ...]]] = {}
        for eq in self.problem.equations:
            rhs = eq.rhs
            if isinstance(rhs, ex.Fn) and rhs.entrywise and len(rhs.args) == 1:
                found[eq.name] = ex.Fn(rhs.name, rhs.args, rhs.order + 1, rhs.kind), eq.indices
        return found

    @lazy
    def member_slopes(self) -> Mapping[str, tuple[ex.Fn, tuple[ex.Ix, ...], tuple[ex.Ix, ...]]]:
        """The same for families, h_t = f(...): the derivative for a member, its letters, and those of its axes."""
        found: dict[str, tuple[ex.Fn, tuple[ex.Ix, ...], tuple[ex.Ix, ...]]] = {}
        for eq in self.problem.equations:
            rhs = eq.rhs.base if isinstance(eq.rhs, ex.Entry) else None
            if isinstance(rhs, ex.Fn) and rhs.entrywise and len(rhs.args) == 1 and isinstance(eq.rhs, ex.Entry):
                own = eq.indices[: len(eq.indices) - len(eq.rhs.indices)]
                found[eq.name] = ex.Fn(rhs.name, rhs.args, rhs.order + 1, rhs.kind), own, eq.rhs.indices
        return found

    @lazy
    def layers(self) -> tuple[Mapping[str, str], ...]:
        """From each node that is an element-wise function of a quantity to that quantity, and back."""
        below: dict[str, str] = {}
        for name, (slope, _) in self.slopes.items():
            argument = slope.args[0]
            inner = _named(array_of(argument))
            if inner is not None and self.problem.symbols[inner].shape == self.problem.symbols[name].shape:
                below[name] = inner
        return below, {inner: name for name, inner in below.items()}

    def terms_between(self, old: ex.Expr, new: ex.Expr) -> tuple[str, ...]:
        """The tag for the other terms where a quantity stands for a derivative that is a sum with it: a for a - t."""
        part, whole = map(array_of, (old, new))
        if isinstance(part, ex.Sym) and isinstance(whole, ex.Adj) and whole.name in self.derivations:
            rhs = self.derivations[whole.name].entry.rhs
            sums = (e for e in ex.walk(rhs) if isinstance(e, ex.Add))
            if any(array_of(term) == part for e in sums for term in e.args):
                return ("missing_path",)
        return ()

    def product_between(self, old: ex.Expr, new: ex.Expr) -> tuple[str, ...]:
        """The tag for a factor by which two quantities differ, because one is defined as a product with the other."""
        first, second = (array_of(e) for e in (old, new))
        if isinstance(first, ex.Sym) and isinstance(second, ex.Sym):
            for whole, part, tag in ((second, first, "missing_factor"), (first, second, "extra_factor")):
                equation = self.problem.by_name.get(whole.name)
                if equation is not None and part in map(array_of, _operands(equation.rhs)):
                    return (tag,)
        return ()

    def step_between(self, old: ex.Expr, new: ex.Expr) -> tuple[str, ...]:
        """The tags for local derivatives that are skipped: one adjoint stands for that of another quantity, which goes
        nowhere but through the first."""
        outer, inner = map(array_of, (old, new))
        if not (isinstance(outer, ex.Adj) and isinstance(inner, ex.Adj)):
            return ()
        found: tuple[str, ...] = ("missing_factor",)
        name = inner.name
        for _ in range(MAX_SKIPPED):
            consumers = tuple(self.problem.consumers.get(name, ()))
            if len(consumers) != 1:
                return ()
            (name,) = consumers
            if name in self.slopes and len(found) == 1:
                found = ("missing_prime", *found)
            if name == outer.name:
                return found
        return ()

    def fresh_letter(self, dim: ex.Dim) -> str:
        """A letter for a sum over a dimension: the one that the problem declares, or that the derivation uses."""
        if dim in self._fresh:
            return self._fresh[dim]
        declared = [letter for letter, d in self.problem.index_dims.items() if d == dim]
        used = [ix.letter for e, _ in self.references for n in ex.walk(e) for ix in _own_letters(n) if ix.dim == dim]
        letter = (declared or used or ["m"])[0]
        taken = {ix.letter for ix in self.letters}
        while letter in taken:
            letter += "'"
        self._fresh[dim] = letter
        return letter

    @lazy
    def _fresh(self) -> dict[ex.Dim, str]:
        return {}

    def slopes_at(self, e: ex.Expr) -> Iterator[ex.Expr]:
        """f'(e) for the functions f that some node applies to this quantity, or entry."""
        base = array_of(e)
        for slope, _ in self.slopes.values():
            argument = slope.args[0]
            # Of a function that is its own derivative, the function is what is missing.
            if base == array_of(argument) and not _is_own_slope(slope):
                yield ex.Fn(slope.name, (e,), slope.order, slope.kind)

    def slope(self, e: ex.Expr) -> ex.Expr | None:
        """f'(z) for a node h = f(z), a member or an entry of it; None for anything else."""
        base, at = (e.base, e.indices) if isinstance(e, (ex.Entry, ex.Member)) else (e, ())
        if isinstance(base, ex.Sym) and base.name in self.member_slopes:
            slope, own, axes = self.member_slopes[base.name]
            if isinstance(e, ex.Member):
                return renamed(slope, dict(zip(own, at, strict=True))) if len(at) == len(own) else None
            if len(at) == len(own) + len(axes):
                return renamed(entry_of(slope, axes), dict(zip((*own, *axes), at, strict=True)))
        if isinstance(e, ex.Member):
            return None
        if not isinstance(base, ex.Sym) or base.name not in self.slopes:
            return None
        slope, letters = self.slopes[base.name]
        if letters:
            if at:
                return renamed(slope, dict(zip(letters, at, strict=True)))
            argument = slope.args[0]
            if isinstance(argument, ex.Entry) and argument.indices == letters:
                return ex.Fn(slope.name, (argument.base,), slope.order, slope.kind)
            return None
        return entry_of(slope, at) if at else slope


def _is_own_slope(slope: ex.Fn) -> bool:
    function = FUNCTIONS.get(slope.name)
    return function is not None and function.partials == (f"{slope.name}({function.args[0]})",)


# --- letters ---------------------------------------------------------------------------------------------------------


def placements(shape: ex.Shape, letters: Sequence[ex.Ix], others: Sequence[ex.Ix] = ()) -> Iterator[tuple[ex.Ix, ...]]:
    """All ways to index an array with the letters in force, by their dimensions; ``others`` are made of letters."""
    force = set(letters)
    usable = [*letters, *(ix for ix in others if force.issuperset(ex.letters_of(ix)))]
    choices = [(FIRST,) if d == 1 else tuple(ix for ix in usable if ix.dim == d) for d in shape]
    yield from product(*choices)


def renamed(e: ex.Expr, letters: Mapping[ex.Ix, ex.Ix], taken: set[str] | None = None) -> ex.Expr:
    """The expression with other free letters; bound letters get primes where they would clash."""
    used = {ix.letter for ix in letters.values()} | (taken or set())

    def visit(node: ex.Expr, now: Mapping[ex.Ix, ex.Ix]) -> ex.Expr:
        if isinstance(node, ex.Entry):
            return ex.Entry(visit(node.base, now), tuple(ex.with_letters(i, now) for i in node.indices))
        if isinstance(node, ex.Member):
            return ex.Member(visit(node.base, now), tuple(i and ex.with_letters(i, now) for i in node.places))
        if isinstance(node, ex.Delta):
            return ex.Delta(ex.with_letters(node.i, now), ex.with_letters(node.j, now), node.equal)
        if isinstance(node, (ex.IndexReduce, ex.IndexPick)):
            inner = dict(now)
            for ix in node.indices:
                letter = ix.letter
                while letter in used:
                    letter += "'"
                inner[ix] = ex.Ix(letter, ix.dim)
                # A sum beside this one may use the same letter; one inside may not.
            own = tuple(inner[ix] for ix in node.indices)
            used.update(ix.letter for ix in own)
            body = visit(node.body, inner)
            used.difference_update(ix.letter for ix in own)
            if isinstance(node, ex.IndexReduce):
                return ex.IndexReduce(node.op, body, own)
            return ex.IndexPick(node.op, body, own, tuple(ex.with_letters(i, now) for i in node.at))
        return ex.rebuild(node, lambda child: visit(child, now))

    return visit(e, letters)


def substituted(e: ex.Expr, old: ex.Expr, new: ex.Expr) -> ex.Expr:
    """The expression with every occurrence of one sub-expression replaced."""
    if e == old:
        return new
    return ex.rebuild(e, lambda child: substituted(child, old, new))


def _own_letters(e: ex.Expr) -> tuple[ex.Ix, ...]:
    if isinstance(e, (ex.Entry, ex.IndexReduce, ex.IndexPick)):
        return e.indices
    return (e.i, e.j) if isinstance(e, ex.Delta) else ()


# --- looking into expressions ----------------------------------------------------------------------------------------


def _adjoint_of(e: ex.Expr) -> str | None:
    """The name, for an adjoint as it stands in an expression by entries."""
    base = array_of(e)
    return base.name if isinstance(base, ex.Adj) and (isinstance(e, ex.Entry) or not e.shape) else None


def _named(e: ex.Expr) -> str | None:
    return e.name if isinstance(e, (ex.Sym, ex.Adj)) else None


def _is_entry(e: ex.Expr) -> bool:
    return isinstance(e, ex.Entry) and isinstance(e.base, (ex.Sym, ex.Adj))


def _factors_of(e: ex.Expr) -> tuple[ex.Expr, ...]:
    if isinstance(e, (ex.Mul, ex.MatMul)):
        factors = tuple(child.arg if isinstance(child, ex.T) else child for child in e.args)
        return factors if isinstance(e, ex.MatMul) else (*factors, *_joint(factors))
    if isinstance(e, ex.Div):
        # Of the derivative of a quotient the square is what is left out.
        return (e.num, e.den, ex.Pow(e.den, ex.num(2))) if isinstance(e.den, (ex.Sym, ex.Entry)) else (e.num, e.den)
    if isinstance(e, (ex.Neg, ex.IndexReduce)):
        return tuple(ex.children(e))
    return (e,) if isinstance(e, (ex.Fn, ex.Add)) else ()


def _operands(e: ex.Expr) -> Iterator[ex.Expr]:
    """The factors and divisors of a product entry by entry."""
    if isinstance(e, (ex.Mul, ex.Div)):
        for part in ex.children(e):
            yield from _operands(part)
    else:
        yield e


def _joint(factors: tuple[ex.Expr, ...]) -> Iterator[ex.Expr]:
    """h (1 - h), which is one factor although it is two."""
    for first, second in pairwise(factors) if len(factors) > 2 else ():
        if isinstance(second, ex.Add) and ex.Neg(first) in second.args:
            yield ex.Mul((first, second))


def _product_shape(a: ex.Shape, b: ex.Shape) -> ex.Shape | None:
    try:
        return ex.scalar_if_ones(ex.matmul_shape(a, b))
    except ShapeError:
        return None


def _dims_of(e: ex.Expr, problem: Problem) -> Iterator[str]:
    for node in ex.walk(e):
        if isinstance(node, ex.Size):
            yield node.dim
    for node in ex.walk(e):
        if isinstance(node, (ex.Sym, ex.Adj)):
            yield from (d for d in problem.symbols[node.name].shape if isinstance(d, str))

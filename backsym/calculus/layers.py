"""Layers of different sizes: derived as if all were of one size, then each form is told its sizes again.

Which entries are multiplied and summed does not depend on how many there are, so that the backward pass of a network
whose layers have D[0], D[1], ... units is that of one in which all have D.  What a letter runs over follows from the
axes that it stands on: k in W[l+1,k,i] runs over D[l+1].  A form in which a letter would stand on axes of different
sizes, or in which nothing tells a size, is refused; the numeric check then judges at sizes that all differ.

This module must not know about the backward pass, terms or display.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backsym.core import expr as ex
from backsym.core import stepkinds as sk
from backsym.core.dims import (
    OWN,
    Dim,
    Whole,
    amount,
    dim_names,
    is_layered,
    is_ragged,
    names_of,
    placed_at,
    without_places,
)
from backsym.core.errors import BacksymError, ShapeError
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import NodeEquation, Problem, Symbol
from backsym.core.steps import Case, Derivation, Fact, ForwardForms, Sensitivity, Step, TotalDerivation
from backsym.core.words import say
from backsym.reading.meaning.table_formulas import formula

Ties = tuple[tuple[ex.Ix, ex.Ix], ...]
"""Pairs of indices in Kronecker deltas: a summand with one is there only where both are equal."""


@dataclass(frozen=True)
class Ranges:
    """What letters run over, by the letters of the problem in which all layers have one size."""

    dims: Mapping[ex.Ix, Dim] = field(default_factory=dict)
    ties: Ties = ()
    sizes: Mapping[Dim, Dim] = field(default_factory=dict)
    """The size that D is as a number, where all axes of the form that are of layers are of one."""

    def joined(self, inner: Ranges) -> Ranges:
        return Ranges({**self.dims, **inner.dims}, (*self.ties, *inner.ties), self.sizes or inner.sizes)


_ENTRYWISE = (ex.Add, ex.Mul, ex.Neg, ex.Div, ex.Pow, ex.Cmp)


# --- one size for all layers -----------------------------------------------------------------------------------------


def ragged(problem: Problem) -> frozenset[str]:
    """The dimensions whose sizes depend on the layer."""
    return frozenset(name for name, dim in problem.dims.items() if dim.ragged)


def of_one_size(problem: Problem) -> Problem:
    """The problem in which all layers have one size."""

    def plain(shape: ex.Shape) -> ex.Shape:
        return tuple(map(without_places, shape))

    counted: dict[str, ex.Sym] = {}

    def equation(eq: NodeEquation) -> NodeEquation:
        starts = tuple(replace(start, declared=plain(start.declared)) for start in eq.starts)
        indices = tuple(ex.index_over(ix, without_places) for ix in eq.indices)
        rhs = ex.over(_without_means(eq.rhs, problem), without_places)
        counted.update({e.name: e for e in ex.walk(rhs) if isinstance(e, ex.Sym) and e.name in ragged(problem)})
        return replace(eq, shape=plain(eq.shape), indices=indices, rhs=rhs, starts=starts)

    def symbol_of(symbol: Symbol) -> Symbol:
        label = None if symbol.label is None else without_places(symbol.label)
        return replace(symbol, shape=plain(symbol.shape), label=label)

    equations = tuple(map(equation, problem.equations))
    sizes = {name: Symbol(name, sizes_of.declared, "constant") for name, sizes_of in counted.items()}
    return problem.changed(
        equations=equations,
        symbols={name: symbol_of(symbol) for name, symbol in problem.symbols.items()} | sizes,
        dims={name: replace(dim, ragged=False) for name, dim in problem.dims.items()},
    )


def _without_means(e: ex.Expr, problem: Problem) -> ex.Expr:
    """The expression in which the mean over the units of a layer is their sum, divided by how many there are.

    Their number is an entry of a family that is called as the dimension is: no quantity is.  A variance is a mean, too.
    """
    done = ex.rebuild(e, lambda child: _without_means(child, problem))
    if isinstance(done, ex.Fn) and not done.order and any(map(is_ragged, done.args[0].shape)):
        function = FUNCTIONS.get(done.name)
        if function is not None and function.moments is not None:
            return _without_means(formula(function.moments, {function.args[0]: done.args[0]}), problem)
    if not isinstance(done, ex.Reduce) or done.op != "mean":
        return done
    over = [dim for n, dim in enumerate(done.arg.shape) if done.axis in (None, n)]
    known = [_size_of_layer(dim, problem) for dim in over]
    sizes = [size for size in known if size is not None]
    if not sizes or len(sizes) < len(over):
        return done
    return ex.Div(replace(done, op="sum"), sizes[0] if len(sizes) == 1 else ex.Mul(tuple(sizes)))


def _size_of_layer(dim: Dim, problem: Problem) -> ex.Expr | None:
    """The number D[l-1] as an entry of the family D; None for a size that is no layer's, or computed from others."""
    found = placed_at(dim) if isinstance(dim, str) and dim_names(dim) == (dim,) else None
    if found is None:
        return None
    base, place = found
    families = [symbol.shape for symbol in problem.symbols.values() if is_layered(symbol.shape)]
    over = next(shape[0] for shape in families if base in map(without_places, shape))
    parts: list[tuple[ex.Ix, Whole]] = []
    offset: Whole = place
    for name in names_of(place):
        ix = ex.last(name) if name == over else ex.Ix(name, over)
        parts.append((ix, 1))
        offset = offset - amount(name)
    return ex.Entry(ex.Sym(base, (over,)), (ex.shifted(parts, offset, over),))


# --- sizes again -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sizes:
    """Tells forms that were derived for layers of one size what the sizes in them are."""

    problem: Problem

    @property
    def names(self) -> frozenset[str]:
        return ragged(self.problem)

    def is_open(self, dim: Dim) -> bool:
        """Whether a size is that of some layer, of which is not known yet."""
        return not is_ragged(dim) and not self.names.isdisjoint(dim_names(dim))

    def derivation(self, d: Derivation) -> Derivation:
        whole = self._whole_is_a_list(d.node) or (d.matrix is not None and self._has_lists(d.matrix.rhs))
        ranges = self.ranges(d.entry.lhs)
        steps = tuple(
            self.step(step, ranges) for step in d.steps if not (whole and step.kind in (sk.STACK, sk.VECTORIZE))
        )
        member = d.member and self.equation(d.member)
        if member is not None and not _has_shape(member.rhs):
            # What is there for one layer only has other sizes at the others: the cases say it.
            member, steps = None, tuple(step for step in steps if step.kind != sk.MEMBERS)
        return replace(
            d,
            indices=tuple(self.index(ix, ranges) for ix in d.indices),
            entry=self.equation(d.entry),
            matrix=None if whole or d.matrix is None else self.equation(d.matrix),
            no_matrix=say("reasons.members_of_other_sizes") if whole else d.no_matrix,
            steps=steps,
            member=member,
            cases=tuple(map(self.case, d.cases)),
        )

    def total(self, d: TotalDerivation) -> TotalDerivation:
        ends = [self.problem.placed(end) for end in (d.of, *d.by)]
        letters = {ix for end in ends for ix in ex.free_indices(end)}
        for text, end in zip((d.of, *d.by), ends, strict=True):
            (name,) = ex.names_in(end)
            if self._whole_is_a_list(name) and (isinstance(end, ex.Sym) or len(letters) > 1):
                raise BacksymError(say("calculus.total_of_layers", name=text))
        ranges = self.ranges(d.entry.lhs)
        steps = [self.step(step, ranges) for step in d.steps]
        matrix = d.matrix and self.equation(d.matrix)
        fits = matrix is None or _has_shape(matrix.rhs)
        return replace(
            d,
            indices=tuple(self.index(ix, ranges) for ix in d.indices),
            entry=self.equation(d.entry),
            matrix=matrix if fits else None,
            no_matrix=d.no_matrix if fits else say("reasons.members_of_other_sizes"),
            # The array of one layer has other sizes than that of another: the cases say it.
            steps=tuple(step for step in steps if step.kind != sk.COLLECT or _has_shape(step.after)),
            stationary=d.stationary and self.expression(d.stationary, Ranges(), None),
            cases=tuple(map(self.case, d.cases)),
            recursions=tuple(map(self.sensitivity, d.recursions)),
        )

    def sensitivity(self, s: Sensitivity) -> Sensitivity:
        ranges = self.ranges(s.equation.lhs)
        equation = self.equation(s.equation)
        return replace(
            s,
            letter=self.index(s.letter, ranges),
            equation=equation,
            free=tuple(self.index(ix, ranges) for ix in s.free),
            starts=tuple(self.expression(start, ranges, None) for start in s.starts),
        )

    def forward(self, f: ForwardForms) -> ForwardForms:
        whole = self._whole_is_a_list(f.node) or (f.matrix is not None and self._has_lists(f.matrix.rhs))
        ranges = self.ranges(f.entry.lhs)
        return replace(
            f,
            indices=tuple(self.index(ix, ranges) for ix in f.indices),
            entry=self.equation(f.entry),
            matrix=None if whole or f.matrix is None else self.equation(f.matrix),
            no_matrix=say("reasons.members_of_other_sizes") if whole else f.no_matrix,
            steps=() if whole else tuple(self.step(step, ranges) for step in f.steps),
            member=f.member and self.equation(f.member),
        )

    def _has_lists(self, e: ex.Expr) -> bool:
        """Whether a family whose members differ in size stands as a whole in an expression."""
        if isinstance(e, (ex.Sym, ex.Adj)):
            return e.name in self.problem.symbols and self._whole_is_a_list(e.name)
        if isinstance(e, ex.Member) or (isinstance(e, ex.Entry) and isinstance(e.base, (ex.Sym, ex.Adj))):
            return isinstance(e, ex.Member) and e.places[0] is None and self._has_lists(e.base)
        return any(map(self._has_lists, ex.children(e)))

    def _whole_is_a_list(self, name: str) -> bool:
        return is_layered(self.problem.symbols[name].shape)

    def case(self, case: Case) -> Case:
        ranges = self.ranges(case.entry.lhs)
        return replace(
            case,
            entry=self.equation(case.entry),
            matrix=case.matrix and self.equation(case.matrix),
            indices=tuple(self.index(ix, ranges) for ix in case.indices),
        )

    def equation(self, equation: ex.Equation) -> ex.Equation:
        ranges = self.ranges(equation.lhs, equation.rhs)
        lhs = self.expression(equation.lhs, ranges, None)
        return ex.Equation(lhs, self.expression(equation.rhs, ranges, lhs.shape))

    def step(self, step: Step, outer: Ranges) -> Step:
        ranges = outer.joined(self.ranges(step.before, step.after, ties=outer.ties))
        before = self.expression(step.before, ranges, None)
        return replace(
            step,
            before=before,
            after=self.expression(step.after, ranges, before.shape),
            substeps=tuple(self.step(inner, ranges) for inner in step.substeps),
            facts={name: self._fact(fact, ranges) for name, fact in step.facts.items()},
        )

    def _fact(self, fact: Fact, ranges: Ranges) -> Fact:
        if isinstance(fact, ex.Ix):
            # A letter that a sum within binds is named only.
            return self.index(fact, ranges) if fact in ranges.dims or not self.is_open(fact.dim) else fact
        if isinstance(fact, ex.Expr):
            return self.expression(fact, ranges.joined(self.ranges(fact, ties=ranges.ties)), None)
        if isinstance(fact, tuple):
            return tuple(self._fact(part, ranges) for part in fact)  # type: ignore[return-value]
        return fact

    # --- what letters run over ---

    def ranges(self, *forms: ex.Expr, ties: Ties = ()) -> Ranges:
        """The ranges of the free letters of forms; raises BacksymError where a letter stands on axes that differ.

        Axes may differ where a Kronecker delta says that the layers are the same: y_i delta(l, M) beside a_i of a^(l).
        """
        found: dict[ex.Ix, Dim] = {}
        ties = (*ties, *((e.i, e.j) for form in forms for e in ex.walk(form) if isinstance(e, ex.Delta)))
        for ix, dim in (slot for form in forms for slot in self._slots(form)):
            self._check_alike(ix, found.setdefault(ix, dim), dim, ties)
        for form in forms:
            self._by_deltas(form, found)
        return Ranges(found, ties, self._only_sizes(forms))

    def _only_sizes(self, forms: Sequence[ex.Expr]) -> Mapping[Dim, Dim]:
        """The sizes that all axes of layers in forms have, by that of the problem in which all layers have one."""
        if not any(isinstance(e, ex.Size) and self.is_open(e.dim) for form in forms for e in ex.walk(form)):
            return {}
        found: dict[Dim, set[Dim]] = {}
        for e in (e for form in forms for e in ex.walk(form) if isinstance(e, (ex.Entry, ex.Member))):
            places = e.indices if isinstance(e, ex.Entry) else e.places
            for dim in self._axes(e.base):
                own = ex.own_dim(dim, places[0])
                if is_ragged(own):
                    found.setdefault(without_places(own), set()).add(own)
        return {dim: sizes.pop() for dim, sizes in found.items() if len(sizes) == 1}

    def _slots(self, e: ex.Expr) -> Iterator[tuple[ex.Ix, Dim]]:
        """Each free letter over layers with the size of an axis that it stands on."""
        if isinstance(e, (ex.IndexReduce, ex.IndexPick)):
            yield from ((ix, dim) for ix, dim in self._slots(e.body) if ix not in e.indices)
        else:
            for child in ex.children(e):
                yield from self._slots(child)
        if isinstance(e, (ex.Entry, ex.Member)):
            places = e.indices if isinstance(e, ex.Entry) else e.places
            if not any(type(ix) is ex.Ix and not ix.fixed and self.is_open(ix.dim) for ix in places):
                return
            for ix, dim in zip(places, self._axes(e.base), strict=False):
                if type(ix) is ex.Ix and not ix.fixed and self.is_open(ix.dim):
                    yield ix, ex.own_dim(dim, places[0])

    def _axes(self, base: ex.Expr) -> ex.Shape:
        """The sizes of an array; none where what it stands in has to tell them."""
        if isinstance(base, (ex.Sym, ex.Adj)):
            return self._named(base).declared
        try:
            return self.expression(base, self.ranges(base), None).shape
        except BacksymError:
            return ()

    def _by_deltas(self, e: ex.Expr, found: dict[ex.Ix, Dim]) -> None:
        """A letter that stands in a Kronecker delta only runs over what the other one does."""
        if isinstance(e, ex.Delta):
            for ix, other in ((e.i, e.j), (e.j, e.i)):
                if other in found:
                    found.setdefault(ix, found[other])
        for child in ex.children(e):
            self._by_deltas(child, found)

    def index(self, ix: ex.Ix, ranges: Ranges, slot: Dim | None = None) -> ex.Ix:
        """The index with its range; ``slot`` is the size of the axis that it stands on, where that is known."""
        if isinstance(ix, ex.Shift):
            parts = ((self.index(letter, ranges), factor) for letter, factor in ix.parts)
            return ex.shifted(parts, ix.offset, ix.dim if slot is None else slot)
        if isinstance(ix, ex.Label) and not ex.is_last(ix):
            return ex.labelled(
                ix.name, tuple(self.index(inner, ranges) for inner in ix.at), self.classes(ix.name, ix.dim)
            )
        if isinstance(ix, (ex.Label, ex.Run)) or not self.is_open(ix.dim):
            return ix
        if ix.fixed and slot is not None:
            return ex.Ix(ix.letter, slot)
        if ix not in ranges.dims:
            raise BacksymError(say("calculus.unknown_size", letter=ix.letter))
        return ex.Ix(ix.letter, ranges.dims[ix])

    def classes(self, label: str, dim: Dim) -> Dim:
        """The size of which a label is a position."""
        known = self.problem.symbols.get(label)
        return dim if known is None or known.label is None else known.label

    # --- expressions ---

    def expression(self, e: ex.Expr, ranges: Ranges, wanted: ex.Shape | None) -> ex.Expr:
        """The expression with its sizes; ``wanted`` is its shape, where that is known from what it is equal to."""
        if isinstance(e, (ex.Sym, ex.Adj)):
            return self._named(e)
        if isinstance(e, ex.Entry) and isinstance(e.base, ex.Sym) and e.base.name in self.names:
            return ex.Size(str(ex.own_dim(f"{e.base.name}[{OWN}]", e.indices[0])), span=e.span)
        if isinstance(e, (ex.Entry, ex.Member)) and isinstance(e.base, (ex.Sym, ex.Adj)):
            return self._part(e, e.base, ranges)
        if isinstance(e, ex.Member) and self._has_lists(e.base):
            return self.expression(self._member_of(e.base, e.places), ranges, wanted)
        if isinstance(e, ex.Entry):
            if self._has_lists(e.base):
                return self.expression(self._of_member(e), ranges, wanted)
            whole = self.expression(e.base, ranges, self._at_letters(e, ranges))
            return ex.Entry(
                whole, tuple(map(self.index, e.indices, itertools.repeat(ranges), whole.shape)), span=e.span
            )
        if isinstance(e, (ex.Ones, ex.Zeros, ex.Eye)):
            return self._constant(e, wanted)
        if isinstance(e, ex.Labels):
            return replace(e, of=self.classes(e.name, e.of))
        if isinstance(e, ex.OneHot):
            (name,) = ex.names_in(e.labels)
            return replace(e, labels=self.expression(e.labels, ranges, None), of=self.classes(name, e.of))
        if isinstance(e, ex.Size) and e.dim in ranges.sizes:
            return replace(e, dim=str(ranges.sizes[e.dim]))
        if isinstance(e, ex.Size) and self.is_open(e.dim):
            raise BacksymError(say("calculus.size_of_layer", dim=e.dim))
        if isinstance(e, ex.Delta):
            return replace(e, i=self.index(e.i, ranges), j=self.index(e.j, ranges))
        if isinstance(e, (ex.IndexReduce, ex.IndexPick)):
            return self._bound(e, ranges, wanted)
        if isinstance(e, ex.MatMul):
            return self._product(e, ranges, wanted)
        if isinstance(e, ex.T):
            row = wanted is not None and len(wanted) == 2
            turned = None if wanted is None or not row else wanted[1:] if len(e.arg.shape) == 1 else wanted[::-1]
            return ex.T(self.expression(e.arg, ranges, turned), span=e.span)
        if isinstance(e, _ENTRYWISE) or (isinstance(e, ex.Fn) and e.entrywise):
            shape = self._shape_of_one(e, ranges) if wanted is None else wanted
            return ex.rebuild(e, lambda child: self.expression(child, ranges, shape))
        if isinstance(e, ex.Reshape) and any(map(self.is_open, e.to)):
            if wanted is None or len(wanted) != len(e.to):
                raise BacksymError(say("calculus.unknown_size", letter=str(e.to)))
            return replace(e, arg=self.expression(e.arg, ranges, None), to=wanted)
        return ex.rebuild(e, lambda child: self.expression(child, ranges, None))

    def _at_letters(self, e: ex.Entry, ranges: Ranges) -> ex.Shape | None:
        """The shape that the letters of an entry tell, where all of them have a range."""
        found = [ranges.dims.get(ix, None if self.is_open(ix.dim) else ix.dim) for ix in e.indices]
        shape = tuple(dim for dim in found if dim is not None)
        return shape if len(shape) == len(found) else None

    def _named(self, e: ex.Sym | ex.Adj) -> ex.Sym | ex.Adj:
        shape = self.problem.symbols[e.name].shape if e.name in self.problem.symbols else e.declared
        if isinstance(e, ex.Started):
            starts = tuple(self._named(start) for start in e.starts if isinstance(start, ex.Sym))
            return replace(e, declared=shape, starts=starts)
        return replace(e, declared=shape)

    def _part(self, e: ex.Entry | ex.Member, base: ex.Sym | ex.Adj, ranges: Ranges) -> ex.Expr:
        whole = self._named(base)
        places = e.indices if isinstance(e, ex.Entry) else e.places
        sizes = [ex.own_dim(dim, places[0]) for dim in whole.declared]
        found = [ix and self.index(ix, ranges, dim) for ix, dim in zip(places, sizes, strict=True)]
        if isinstance(e, ex.Member):
            return replace(e, base=whole, places=tuple(found))
        return replace(e, base=whole, indices=tuple(ix for ix in found if ix is not None))

    def _of_member(self, e: ex.Entry) -> ex.Expr:
        """softmax(B)[l,i], where B is a list of vectors, is softmax(b[l])[i]; raises BacksymError for another list."""
        f, (*places, last) = e.base, e.indices
        if not isinstance(f, ex.Fn) or f.kind != "rowwise":
            raise BacksymError(say("reasons.members_of_other_sizes"))
        return ex.Entry(ex.rebuild(f, lambda arg: self._member_of(arg, (*places, None))), (last,), span=e.span)

    def _member_of(self, e: ex.Expr, places: tuple[ex.Ix | None, ...]) -> ex.Expr:
        """What an expression that is computed entry by entry is for one member of the lists in it."""
        if isinstance(e, ex.Sym) and len(e.declared) == len(places):
            return ex.Member(e, places)
        if not e.shape:
            return e
        if isinstance(e, _ENTRYWISE) or (isinstance(e, ex.Fn) and e.entrywise):
            return ex.rebuild(e, lambda child: self._member_of(child, places))
        raise BacksymError(say("reasons.members_of_other_sizes"))

    def _constant(self, e: ex.Ones | ex.Zeros | ex.Eye, wanted: ex.Shape | None) -> ex.Expr:
        """Ones, zeros and the identity say nothing of their size: it is that of what they are equal or added to."""
        if not any(map(self.is_open, e.shape)):
            return e
        if wanted is None or len(wanted) != len(e.shape):
            raise BacksymError(say("calculus.unknown_size", letter=type(e).__name__))
        return ex.Eye(wanted[0]) if isinstance(e, ex.Eye) else replace(e, of=wanted)

    def _bound(self, e: ex.IndexReduce | ex.IndexPick, ranges: Ranges, wanted: ex.Shape | None) -> ex.Expr:
        outer = replace(ranges, dims={ix: dim for ix, dim in ranges.dims.items() if ix not in e.indices})
        inner = self._around(outer, self.ranges(e.body, ties=ranges.ties), e.body)
        indices = tuple(self.index(ix, inner) for ix in e.indices)
        body = self.expression(e.body, inner, wanted)
        if isinstance(e, ex.IndexPick):
            return replace(e, body=body, indices=indices, at=tuple(self.index(ix, ranges) for ix in e.at))
        return replace(e, body=body, indices=indices)

    def _around(self, outer: Ranges, own: Ranges, body: ex.Expr) -> Ranges:
        """The ranges within a sum: letters that are free in it run as they do around it."""
        for ix, dim in own.dims.items():
            self._check_alike(ix, outer.dims.get(ix, dim), dim, own.ties)
        found = {**own.dims, **outer.dims}
        self._by_deltas(body, found)
        return Ranges(found, own.ties, outer.sizes)

    def _check_alike(self, ix: ex.Ix, own: Dim, dim: Dim, ties: Ties) -> None:
        """Raises BacksymError for two ranges of a letter that are not said to be the same."""
        if own != dim and not any(_tied(own, i, j) == _tied(dim, i, j) for pair in ties for i, j in _ways(pair)):
            raise BacksymError(say("calculus.letter_of_two_sizes", letter=ix.letter, dim=own, other=dim))

    def _product(self, e: ex.MatMul, ranges: Ranges, wanted: ex.Shape | None) -> ex.Expr:
        """A chain; the sizes of ones and identities in it are those of their neighbours."""
        known = [self._attempt(arg, ranges) for arg in e.args]
        done: list[ex.Expr] = []
        for n, (arg, found) in enumerate(zip(e.args, known, strict=True)):
            if found is not None:
                done.append(found)
                continue
            left = done[-1].shape[-1:] if done else (wanted or ())[:1]
            after = next((k.shape[:1] for k in known[n + 1 : n + 2] if k is not None), (wanted or ())[1:])
            shape = (*left, *after) if len(arg.shape) == 2 and 1 not in arg.shape else None
            if shape is None:
                shape = (1, *after) if len(arg.shape) == 2 and arg.shape[0] == 1 else left
            done.append(self.expression(arg, ranges, shape))
        return replace(e, args=tuple(done))

    def _attempt(self, e: ex.Expr, ranges: Ranges) -> ex.Expr | None:
        """The expression with its sizes where nothing around it is needed to tell them."""
        try:
            return self.expression(e, ranges, None)
        except BacksymError:
            return None

    def _shape_of_one(self, e: ex.Expr, ranges: Ranges) -> ex.Shape | None:
        """The shape of the operand with most axes that tells its own."""
        shapes: list[ex.Shape] = []
        for child in ex.children(e):
            found = self._attempt(child, ranges)
            try:
                shapes += [] if found is None else [found.shape]
            except ShapeError:
                continue
        return max(shapes, key=len, default=None)


def _has_shape(e: ex.Expr) -> bool:
    """Whether the sizes of all operands meet."""
    try:
        return all(node.shape is not None for node in ex.walk(e) if not isinstance(node, ex.Started))
    except ShapeError:
        return False


def _ways(pair: tuple[ex.Ix, ex.Ix]) -> tuple[tuple[ex.Ix, ex.Ix], ...]:
    return pair, pair[::-1]


def _tied(dim: Dim, i: ex.Ix, j: ex.Ix) -> Dim:
    """The size where the index i is j."""
    data = isinstance(j, ex.Label) and not ex.is_last(j)
    return ex.dim_with(dim, {i: j}) if type(i) is ex.Ix and not i.fixed and not data else dim


__all__ = ["Sizes", "of_one_size", "ragged"]

"""Lifting: terms to matrix form.

The factors of a term are vertices and its indices are edges.  Vertices on the same indices merge element by element;
bound indices are eliminated by matrix products, fewest neighbours first; what is left is assembled along the free
indices with ones vectors, outer products and diagonals.  Each elimination records a step.  Where no matrix form exists
NoMatrixForm says why.  This module must not know about the backward pass.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from backsym.calculus import terms as tm
from backsym.calculus.letters import Letters, Namer
from backsym.calculus.opened import opened
from backsym.calculus.raising import (
    Raiser,
    front,
    positive_first,
    raised_to,
    signed_sum,
    sorted_powers,
    times,
)
from backsym.calculus.simplify import is_inside, zero_outside
from backsym.calculus.vertices import (
    Vertex,
    assemble,
    combine,
    diagonal,
    inner_product,
    matmul,
    merge,
    neighbours,
    one_row,
    sum_of_entries,
    transpose,
    transposes,
    weight,
)
from backsym.core import expr as ex
from backsym.core import stepkinds as sk
from backsym.core.dims import Dim, Whole, amount, at_least, dim_named, sort_key
from backsym.core.entrywise import FIRST, entry_of
from backsym.core.errors import NoMatrixForm, ShapeError
from backsym.core.kinds import RuleTable
from backsym.core.stepkinds import StepKind
from backsym.core.steps import Fact, Step
from backsym.core.words import say

Axes = tuple[tm.Index, ...]


@dataclass(frozen=True)
class Way:
    """A way to lift a term, where there are several: which of two sums comes first if both are as easy, and whether
    functions of two indices whose order nothing decides are written with the second one first."""

    order: Axes
    turned: bool = False


# --- lifting ---------------------------------------------------------------------------------------------------------


def raiser(namer: Namer) -> Raiser:
    """What raises terms to the index level, where a function of whole arrays has lifted arguments."""

    def whole(f: tm.Fun, letters: Letters) -> tuple[ex.Expr, ...]:
        # What an argument has besides its own indices are letters: it is a member of a family.
        own = [(a, {i: letters[i] for i in a.free if i in letters}) for a in f.args]
        family = namer.problem.family_dims | {i.dim for _, scope in own for i in scope}

        def lifted(a: tm.Lam, scope: Mapping[tm.Index, ex.Ix]) -> ex.Expr:
            if not scope:
                try:
                    return Lifter(namer).poly(a.body, a.params)
                except NoMatrixForm:
                    if not family:
                        raise
            # It may be of one member at a position, the last one.
            return Lifter(namer).poly(opened(a.body, scope, family), a.params)

        return tuple(lifted(a, scope) for a, scope in own)

    return Raiser(namer, whole)


class Lifter:
    """Lifts the terms of one derivation; ``steps`` collects what was done when ``letters`` are given.

    ``row`` is the free index of a result that is a 1 x D matrix: the steps state the arrays along it as rows, too.
    """

    def __init__(self, namer: Namer, letters: Letters | None = None):
        self.namer = namer
        self.letters = letters
        self.steps: list[Step] = []
        self.row: tm.Index | None = None
        self._ways: dict[tuple[int, Axes], tuple[tm.Term, Way]] = {}

    def poly(self, p: tm.Poly, free: Axes) -> ex.Expr:
        """The array with entries ``p`` along ``free`` (none, one or two indices)."""
        real = tuple(i for i in free if not i.fixed)
        if len(real) > 2:
            raise NoMatrixForm(say("reasons.many_axes", axes=len(real)))
        if len(set(real)) < len(real):
            raise NoMatrixForm(say("reasons.repeated_left"))
        shape = tuple(i.dim for i in real)
        if not p:
            return ex.ZERO if not free else ex.Zeros(tuple(i.dim for i in free))
        outer, row = self.letters, self.row
        self.letters = self._bind(real)
        if len(free) == 2 and len(real) == 1 and free[0].fixed:
            self.row = real[0]
        try:
            total = self.total([on_diagonal(spread_labels(t), real) for t in positive_first(p)], real)
        finally:
            self.letters, self.row = outer, row
        try:
            total = one_row(total)
            found = total.shape
        except ShapeError:
            raise NoMatrixForm(say("reasons.shape_lost", found="several", shape=ex.show_shape(shape))) from None
        if found != shape:
            raise NoMatrixForm(say("reasons.shape_lost", found=ex.show_shape(found), shape=ex.show_shape(shape)))
        return self.placed(total, free, real)

    def total(self, p: Sequence[tm.Term], free: Axes) -> ex.Expr:
        """The sum of terms; those that are zero but for a part of an axis are blocks, one after the other."""
        if len(p) == 1 and (stacked := self.stacked(p[0], free)) is not None:
            return stacked
        windows = [window(t, free) for t in p]
        plain = [(t.coeff < 0, self.term(t, free)) for t, w in zip(p, windows, strict=True) if w is None]
        apart: dict[tm.Index, list[tuple[Window, ex.Expr]]] = {}
        for w in windows:
            if w is not None:
                inner = tuple(w.inside if i == w.axis else i for i in free)
                apart.setdefault(w.axis, []).append((w, self.poly((w.term,), inner)))
        blocks = [signed(e) for i, found in apart.items() for e in side_by_side(found, free.index(i), free)]
        whole = signed_sum([*plain, *blocks])
        if blocks and self.letters is not None:
            before = raiser(self.namer).poly(tuple(p), self.letters)
            self.steps.append(Step(sk.LIFT_BLOCKS, before, self.entry_along(whole, free, self.letters)))
        return whole

    def stacked(self, t: tm.Term, free: Axes) -> ex.Expr | None:
        """The sum over i and j of u_ij delta(k, c(i - 1) + j): the rows of u one after the other; None for others."""
        if len(free) != 1:
            return None
        for n, (f, e) in enumerate(t.powers):
            slot = (f.b if f.a == free[0] else f.a) if isinstance(f, tm.Del) and free[0] in (f.a, f.b) else None
            pair = tm.row_and_column(slot) if slot is not None and e == 1 else None
            rest = t.powers[:n] + t.powers[n + 1 :]
            if pair is None or not set(pair) <= set(t.bound) or any(free[0] in g.free for g, _ in rest):
                continue
            inside = tm.Term(t.coeff, rest, tuple(b for b in t.bound if b not in pair))
            return ex.Reshape(ex.T(self.poly((inside,), pair[::-1])), (free[0].dim,))
        return None

    @staticmethod
    def placed(e: ex.Expr, free: Axes, real: Axes) -> ex.Expr:
        """The array in its declared shape, where axes have length one."""
        if free == real:
            return e
        shape = tuple(i.dim for i in free)
        if len(real) == 1 and len(free) == 2:
            return transpose(e) if free[0].fixed else ex.Reshape(e, shape)
        return e if not real else ex.Reshape(e, shape)

    # --- one term ---

    def term(self, t: tm.Term, free: Axes) -> ex.Expr:
        """The absolute value of a term along ``free``."""
        outer = self.letters
        self.letters = self._bind(t.bound)
        try:
            return self.by(t, free, self._best_way(t, free))
        finally:
            self.letters = outer

    def _best_way(self, t: tm.Term, free: Axes) -> Way:
        """The way that is easiest to read; the first one of equals."""
        ways = list(_ways(t))
        if len(ways) == 1:
            return ways[0]
        key = (id(t), free)
        if key not in self._ways:
            plain = self.without_steps()
            found = []
            for n, way in enumerate(ways):
                try:
                    e = plain.by(t, free, way)
                except NoMatrixForm:
                    continue
                found.append((weight(e) + transposes(e), n))
            # With the term, so that its identity is not given to another.
            self._ways[key] = (t, ways[min(found)[1] if found else 0])
        return self._ways[key][1]

    def by(self, t: tm.Term, free: Axes, way: Way) -> ex.Expr:
        scalars_over: list[ex.Expr] = []
        scalars_under: list[ex.Expr] = []
        vertices: list[Vertex] = []
        for f, e in sorted_powers(t):
            if isinstance(f, tm.Dm):
                continue
            axes = self.oriented(f, turned=way.turned)
            if isinstance(f, tm.Grp) and e.denominator == 2:
                expr = self.root(f, axes, e)
            else:
                expr = raised_to(self.factor(f, axes), tm.positive(e))
            if not axes:
                (scalars_over if e > 0 else scalars_under).append(expr)
            else:
                v = Vertex(axes)
                (v.over if e > 0 else v.under).append(expr)
                vertices.append(v)
        vertices = merge(vertices)
        todo = list(way.order)
        while todo:
            b = min(todo, key=lambda i: (len(neighbours(i, vertices)), todo.index(i)))
            todo.remove(b)
            vertices, scalar = self.eliminate(b, vertices, free, frozenset(todo))
            if scalar is not None:
                scalars_over.append(scalar)
                todo = [i for i in todo if any(i in v.axes for v in vertices)]
        body = assemble(vertices, free)
        self.record_assembly(vertices, free, body)
        quotient = bool(scalars_under) or isinstance(body, ex.Div)
        lead, above, below = front(t, self.namer, quotient=quotient, scalar=bool(scalars_under))
        return combine(lead, [*above, *scalars_over], [*below, *scalars_under], body)

    def without_steps(self) -> Lifter:
        """Another lifter, which records nothing; what was found to be the best way holds for it, too."""
        plain = Lifter(self.namer)
        plain._ways = self._ways
        return plain

    def oriented(self, f: tm.Factor, *, turned: bool = False) -> Axes:
        """The free indices of a factor, in the order in which it has fewer transposes."""
        axes = axes_of(f)
        if not _undecided(f):
            return axes
        plain = self.without_steps()
        forth, back = (transposes(plain.factor(f, order)) for order in (axes, axes[::-1]))
        return axes[::-1] if back < forth or (back == forth and turned) else axes

    def _bind(self, indices: Axes) -> Letters | None:
        """Letters for indices that have none yet."""
        if self.letters is None:
            return None
        out = dict(self.letters)
        for i in indices:
            if i not in out:
                out[i] = self.namer.letter(i, (ix.letter for ix in out.values()))
        return out

    def eliminate(
        self, b: tm.Index, vertices: list[Vertex], free: Axes, bound: frozenset[tm.Index]
    ) -> tuple[list[Vertex], ex.Expr | None]:
        """Sum over ``b``: the vertices that carry it become one vertex, or a number."""
        touching = [v for v in vertices if b in v.axes]
        rest = [v for v in vertices if b not in v.axes]
        vectors = [v for v in touching if len(v.axes) == 1]
        matrices = [v for v in touching if len(v.axes) == 2]
        if not matrices:
            total = inner_product(vectors[0])
            self.record(sk.LIFT_INNER if len(vectors[0].over) > 1 else sk.LIFT_SUM, touching, (b,), total, ())
            return rest, total
        if len(matrices) == 1:
            m = matrices[0]
            c = m.axes[0] if m.axes[1] == b else m.axes[1]
            alone = c in bound and not vectors and not any(c in v.axes for v in rest)
            if alone:
                total = sum_of_entries(m)
                kind = (
                    sk.LIFT_TRACE
                    if isinstance(total, ex.Fn)
                    else sk.LIFT_NORM
                    if isinstance(total, ex.Pow)
                    else sk.LIFT_SUM
                )
                if kind == sk.LIFT_SUM:
                    self.record_merged(matrices)
                self.record(kind, touching, m.axes, total, ())
                return rest, total
            v = vectors[0] if vectors else Vertex((b,), [ex.Ones((b.dim,))])
            order = [m.along((c, b)), v]
            new = Vertex((c,), [matmul([order[0].expr, v.expr])])
        elif len(matrices) == 2:
            first, second = matrices
            left = next(i for i in first.axes if i != b)
            right = next(i for i in second.axes if i != b)
            if (free and right == free[0]) or (len(free) == 2 and left == free[1]):
                first, second, left, right = second, first, right, left
            middle = [diagonal(v.expr) for v in vectors]
            order = [first.along((left, b)), *vectors, second.along((b, right))]
            new = Vertex((left, right), [matmul([order[0].expr, *middle, order[-1].expr])])
        else:
            raise NoMatrixForm(say("reasons.joined_matrices", matrices=len(matrices)))
        self.record_merged(matrices)
        if len(touching) == 1:
            self.record(sk.LIFT_SUM, touching, (b,), new.expr, new.axes)
        else:
            turned = self.record_turned(touching, order, b)
            self.record(sk.LIFT_PRODUCT, touching, (b,), new.expr, new.axes, turned)
        return merge([*rest, new]), None

    def record(
        self,
        kind: StepKind,
        touching: list[Vertex],
        over: Axes,
        after: ex.Expr,
        axes: Axes,
        before: ex.Expr | None = None,
    ) -> None:
        """The step: a sum of products of entries equals an entry of the new array."""
        letters = self.letters
        if letters is None:
            return
        if before is None:
            before = self.summed(over, [entry_of(v.expr, tuple(letters[i] for i in v.axes)) for v in touching])
        shown = self.entry_along(after, axes, letters) if axes else after
        index: Fact = letters[over[0]] if len(over) == 1 else tuple(letters[i] for i in over)
        self.steps.append(Step(kind, before, shown, (), {"index": index}))

    def summed(self, over: Axes, factors: list[ex.Expr]) -> ex.Expr:
        assert self.letters is not None
        return ex.IndexReduce("sum", times(factors), tuple(self.letters[i] for i in over))

    def record_merged(self, matrices: list[Vertex]) -> None:
        """The step in which several factors on the same two indices become one matrix, before it is multiplied."""
        if self.letters is None:
            return
        for v in matrices:
            if len(v.over) + len(v.under) < 2:
                continue
            at = tuple(self.letters[i] for i in v.axes)
            whole = ex.Entry(v.expr, at)
            self.steps.append(Step(sk.LIFT_QUOTIENT if v.under else sk.LIFT_HADAMARD, entry_of(v.expr, at), whole))

    def record_turned(self, touching: list[Vertex], order: list[Vertex], b: tm.Index) -> ex.Expr | None:
        """The step that writes the entries of transposed factors as such, with the shared index in the middle.

        Returns the sum that it leads to; None where nothing is transposed.
        """
        letters = self.letters
        if letters is None:
            return None
        entries: list[ex.Expr] = []
        turned: list[ex.Expr] = []
        for v in order:
            at = tuple(letters[i] for i in v.axes)
            whole = v.expr
            if isinstance(whole, ex.T) and len(whole.shape) == 2 and len(whole.arg.shape) == 2:
                turned.append(whole.arg)
                entries.append(ex.Entry(whole, at))
            else:
                entries.append(entry_of(whole, at))
        if not turned:
            return None
        before = self.summed((b,), [entry_of(v.expr, tuple(letters[i] for i in v.axes)) for v in touching])
        after = self.summed((b,), entries)
        facts: dict[str, Fact] = {"index": letters[b], "arrays": tuple(turned)}
        self.steps.append(Step(sk.LIFT_TRANSPOSE, before, after, (), facts))
        return after

    def record_assembly(self, vertices: list[Vertex], free: Axes, body: ex.Expr) -> None:
        """The step from entries that are left after all sums to the array that has them."""
        if self.letters is None or not free:
            return
        over: list[ex.Expr] = []
        under: list[ex.Expr] = []
        for v in vertices:
            at = tuple(self.letters[i] for i in v.axes)
            over.extend(entry_of(e, at) for e in v.over)
            under.extend(entry_of(e, at) for e in v.under)
        axes = [set(v.axes) for v in vertices]
        missing = set(free) - set().union(*axes)
        if under:
            self.record_repeated(vertices, free)
            kind = sk.LIFT_QUOTIENT
        elif missing:
            kind = sk.LIFT_ONES
        elif len(axes) > 1:
            kind = sk.LIFT_DIAG if any(len(a) == 2 for a in axes) else sk.LIFT_OUTER
        else:
            kind = sk.LIFT_HADAMARD
        if len(over) + len(under) < 2 and not missing:
            return
        top = times(over)
        before = ex.Div(top, times(under)) if under else top
        if before != ex.ONE:
            self.steps.append(Step(kind, before, self.entry_along(body, free, self.letters)))

    def entry_along(self, e: ex.Expr, axes: Axes, letters: Letters) -> ex.Entry:
        """The entry of an array that a step states, as that of a row where the result is one."""
        at = tuple(letters[i] for i in axes)
        return ex.Entry(transpose(e), (FIRST, *at)) if axes == (self.row,) else ex.Entry(e, at)

    def record_repeated(self, vertices: list[Vertex], free: Axes) -> None:
        """The steps in which a vector that divides the rows or columns of a matrix is repeated to its shape."""
        if self.letters is None or len(free) != 2:
            return
        whole = tuple(self.letters[i] for i in free)
        for v in vertices:
            if len(v.axes) != 1:
                continue
            i, j = free
            for e in v.under:
                rows = v.axes == (i,)
                after = matmul([e, ex.T(ex.Ones((j.dim,)))]) if rows else matmul([ex.Ones((i.dim,)), transpose(e)])
                before = entry_of(e, tuple(self.letters[k] for k in v.axes))
                self.steps.append(Step(sk.LIFT_ONES, before, ex.Entry(after, whole)))

    # --- factors ---

    def factor(self, f: tm.Factor, axes: Axes) -> ex.Expr:
        """A factor as an array along its axes."""
        if isinstance(f, tm.Ent):
            return self.entry(f, axes)
        if isinstance(f, tm.Del):
            if isinstance(f.a, tm.Affine) or isinstance(f.b, tm.Affine):
                raise NoMatrixForm(say("reasons.shifted_delta"))
            if (found := _labelled(f)) is not None:
                whole = self.one_hot(found[1])
                return whole if axes == _one_hot_axes(*found) else transpose(whole)
            if len(axes) == 2:
                return ex.Eye(f.a.dim)
            alone = tm.Term(Fraction(1), ((f, 1),), ())
            if window(alone, axes) is None:
                raise NoMatrixForm(say("reasons.fixed_delta"))
            return self.poly((alone,), axes)
        if isinstance(f, tm.Grp):
            return self.poly(f.body, axes)
        if isinstance(f, tm.Ind):
            return ex.Cmp(f.op, self.argument(f.a, axes), self.argument(f.b, axes))
        if isinstance(f, tm.Fun):
            return self.function(f, axes)
        raise TypeError(f"no matrix form for {type(f).__name__}")

    @staticmethod
    def one_hot(y: tm.Datum) -> ex.Expr:
        if y.name == y.dim:
            raise NoMatrixForm(say("reasons.last_member"))
        """e_y, or for a label of many members their one-hot vectors as rows."""
        labels = ex.Labels(y.name, tuple(i.dim for i in y.at), y.dim)
        if y.at and all(i.fixed and i.dim != 1 for i in y.at):
            return ex.OneHot(ex.Entry(labels, tuple(ex.Ix(str(-i.serial), i.dim) for i in y.at)), y.dim)
        if len(y.at) > 1 or any(i.fixed or isinstance(i, (tm.Affine, tm.Datum)) for i in y.at):
            raise NoMatrixForm(say("reasons.shifted_entry"))
        return ex.OneHot(labels, y.dim)

    def root(self, f: tm.Grp, axes: Axes, e: tm.Exponent) -> ex.Expr:
        """A power with half an exponent; the root of x^T x is the norm of x."""
        body = self.poly(f.body, axes)
        base: ex.Expr | None = None
        if isinstance(body, ex.MatMul) and len(body.args) == 2 and transpose(body.args[0]) == body.args[1]:
            base = ex.Fn("norm", (body.args[1],), 0, "scalar")
        elif (
            isinstance(body, ex.Pow)
            and body.exp == ex.num(2)
            and isinstance(body.base, ex.Fn)
            and body.base.name == "norm"
        ):
            base = body.base
        if base is None:
            return raised_to(body, tm.positive(e))
        return raised_to(base, tm.positive(e) * 2)

    def entry(self, f: tm.Ent, axes: Axes) -> ex.Expr:
        if not f.free and tm.data_of(f.idx):
            return ex.Entry(f.base, tuple(raiser(self.namer).ix(i, {}) for i in f.idx))
        real = [i for i in f.idx if not i.fixed]
        if any(isinstance(i, tm.Affine) for i in f.idx):
            return self.entry(sliced(f), axes)
        if any(i.fixed and i.dim != 1 for i in f.idx):
            if not real:
                return ex.Entry(f.base, tuple(ex.Ix(str(-i.serial), i.dim) for i in f.idx))
            raise NoMatrixForm(say("reasons.fixed_entry"))
        if len(real) > len(set(real)):
            if len(f.idx) != 2:
                raise NoMatrixForm(say("reasons.repeated_index"))
            return ex.Fn("diag", (f.base,), 0, "diag")
        if len(f.idx) > 2:
            raise NoMatrixForm(say("reasons.array_axes", axes=len(f.idx)))
        if len(real) == 2:
            return f.base if tuple(real) == axes else transpose(f.base)
        if len(f.idx) == len(real):
            return f.base
        if not real:
            return ex.Reshape(f.base, ())
        # A 1 x D or D x 1 matrix is used as the vector that it holds.
        column = f.base if f.idx[1].fixed else ex.T(f.base)
        return ex.Reshape(column, (real[0].dim,))

    def argument(self, p: tm.Poly, axes: Axes) -> ex.Expr:
        """An operand of an element-wise function: a number stays a number, all else gets the full shape."""
        if len(p) == 1 and not p[0].powers and not p[0].bound:
            number = self.namer.number(abs(p[0].coeff))
            return number if p[0].coeff >= 0 else ex.Neg(number)
        if not p:
            return ex.ZERO
        inside = {i for t in p for i in t.free}
        return self.poly(p, axes if inside else ())

    def function(self, f: tm.Fun, axes: Axes) -> ex.Expr:
        return lifting.of(f.kind)(self, f, axes)

    def entrywise(self, f: tm.Fun, axes: Axes) -> ex.Expr:
        args = tuple(self.argument(a.body, axes) for a in f.args)
        if f.name == "pow" and not f.order:
            return ex.Pow(args[0], args[1])
        whole = ex.Fn(f.name, args, f.order, f.kind)
        if axes and self.letters is not None:
            entry = raiser(self.namer).function(f, self.letters)
            array = self.entry_along(whole, axes, self.letters)
            if not any(isinstance(s.after, ex.Entry) and s.after.base == array.base for s in self.steps):
                primes = "'" * f.order
                self.steps.append(Step(sk.LIFT_ELEMENTWISE, entry, array, (), {"function": f.name + primes}))
        return whole

    def whole_arrays(self, f: tm.Fun) -> tuple[ex.Expr, ...]:
        """The arrays that a function is of; raises NoMatrixForm where they are those of each member of a family."""
        if any(a.free for a in f.args):
            raise NoMatrixForm(say("reasons.function_of_member"))
        return tuple(self.poly(a.body, a.params) for a in f.args)

    def of_arrays(self, f: tm.Fun, axes: Axes) -> ex.Expr:
        """A function of whole arrays, or its derivative by one of them."""
        whole = ex.Fn(f.name, self.whole_arrays(f), f.order, f.kind)
        return oriented(whole, f.out, axes) if f.out else whole

    def pick(self, f: tm.Fun, axes: Axes) -> ex.Expr:
        """Maximum along all entries or one axis, and the place of it."""
        lam = f.args[0]
        if any(isinstance(i, tm.Affine) for i in f.out):
            raise NoMatrixForm(say("reasons.shifted_maximum"))
        outer = tm.in_order(lam.free)
        if not outer:
            arg = self.poly(lam.body, lam.params)
            if f.order == 0:
                return ex.Reduce(f.name, arg)
            return oriented(ex.Pick(f.name, arg), f.out, axes)
        if len(outer) != 1 or len(lam.params) != 1:
            few, many = len(lam.params), len(outer) + len(lam.params)
            if f.name == "max":
                raise NoMatrixForm(say("reasons.partial_maximum", some=few, all=many))
            raise NoMatrixForm(say("reasons.partial_minimum", some=few, all=many))
        rows_first = _pair_inside([lam.body], lam.free | frozenset(lam.params)) != (lam.params[0], outer[0])
        along = (outer[0], lam.params[0]) if rows_first else (lam.params[0], outer[0])
        arg = self.poly(lam.body, along)
        if f.order == 0:
            return ex.Reduce(f.name, arg, axis=1 if rows_first else 0)
        if f.out[0] in outer:
            raise NoMatrixForm(say("reasons.diagonal_maximum"))
        whole = ex.Pick(f.name, arg, axis=1 if rows_first else 0)
        natural = (outer[0], f.out[0]) if rows_first else (f.out[0], outer[0])
        return oriented(whole, natural, axes)


lifting: RuleTable[Callable[[Lifter, tm.Fun, Axes], ex.Expr]] = RuleTable("lifting")
"""A factor as an array along its axes, for each kind of function."""

lifting("elementwise")(Lifter.entrywise)
lifting("scalar")(Lifter.of_arrays)
lifting("pick")(Lifter.pick)


@lifting("matrix")
def _entry(lifter: Lifter, f: tm.Fun, axes: Axes) -> ex.Expr:
    """An entry of the function's array, like one of any other."""
    whole = ex.Fn(f.name, lifter.whole_arrays(f), f.order, f.kind)
    return lifter.entry(tm.Ent(whole, f.out), axes) if whole.shape else whole


def sliced(f: tm.Ent) -> tm.Ent:
    """An entry at computed indices as one of a part of the array; raises NoMatrixForm where it may lie outside."""
    base, places = f.base, list(f.idx)
    for axis, slot in enumerate(f.idx):
        if not isinstance(slot, tm.Affine):
            continue
        if len(f.idx) == 1 and (pair := tm.row_and_column(slot)) is not None:
            return tm.Ent(ex.Reshape(base, tuple(i.dim for i in pair)), pair, f.pos)
        if len(slot.parts) != 1 or slot.parts[0][1] != 1 or isinstance(slot.parts[0][0], tm.Datum):
            raise NoMatrixForm(say("reasons.shifted_entry"))
        i = slot.parts[0][0]
        if not is_inside(slot):
            raise NoMatrixForm(say("reasons.shifted_entry"))
        places[axis] = i
        base = ex.Slice(base, axis, slot.offset + 1, slot.offset + amount(i.dim))
    return tm.Ent(base, tuple(places), f.pos)


def _undecided(f: tm.Factor) -> bool:
    """Whether no matrix inside decides in which order a factor has its two indices."""
    return len(f.free) == 2 and isinstance(f, (tm.Fun, tm.Ind, tm.Grp)) and _first_pair(f, f.free) is None


def _ways(t: tm.Term) -> Iterator[Way]:
    """The ways to lift a term that may differ in the result."""
    pairs = {f.free for f, _ in t.powers if len(f.free) == 2}
    circle = len(t.bound) > 1 and len(pairs) >= len(frozenset().union(*pairs))
    orders: Sequence[Axes] = (t.bound,)
    if circle:
        orders = tuple(itertools.permutations(t.bound)) if len(t.bound) <= 3 else (t.bound, t.bound[::-1])
    turned = (False, True) if any(_undecided(f) for f, _ in t.powers) else (False,)
    for order in orders:
        for way in turned:
            yield Way(order, way)


# --- parts of axes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """A term that is zero but for a part of one axis: ``start`` positions before it, then those of ``inside``.

    ``term`` is what stands there, along ``inside`` in place of ``axis``.
    """

    term: tm.Term
    axis: tm.Index
    inside: tm.Index
    start: Whole


def window(t: tm.Term, free: Axes) -> Window | None:
    """u_(i-s) is zero for i <= s and after the end of u: the part of an axis that a term is made for.

    So is a sum over k with the Kronecker delta of i and k + s.  None where every entry may be there.
    """
    return next((found for i in free if (found := _at_delta(t, i) or _at_shift(t, i)) is not None), None)


def _at_shift(t: tm.Term, i: tm.Index) -> Window | None:
    for slot in sorted(tm.slots_of(t, i), key=lambda slot: str(slot.dim)):
        if not isinstance(slot, tm.Affine) or slot.parts != ((i, 1),) or not zero_outside(t, slot):
            continue
        start, inside = -slot.offset, tm.fresh(slot.dim, i.hint)
        if _fits(start, slot.dim, i.dim):
            m = {i: tm.affine(((inside, 1),), start, i.dim)}
            return Window(
                tm.Term(t.coeff, tuple((tm.sub_factor(f, m), e) for f, e in t.powers), t.bound), i, inside, start
            )
    return None


def _at_delta(t: tm.Term, i: tm.Index) -> Window | None:
    for n, (f, e) in enumerate(t.powers):
        slot = _across(f, e, i)
        rest = t.powers[:n] + t.powers[n + 1 :]
        found = None if slot is None else _part_at(slot)
        if found is None or any(i in g.free for g, _ in rest):
            continue
        k, start = found
        # A position that the author wrote is there.
        if not k.fixed and not _fits(start, k.dim, i.dim):
            continue
        if k.fixed or k in t.bound:
            return Window(tm.Term(t.coeff, rest, tuple(b for b in t.bound if b != k)), i, k, start)
        if start or k.dim != i.dim:
            inside = tm.fresh(k.dim, i.hint)
            return Window(tm.Term(t.coeff, (*rest, (tm.Del(k, inside), 1)), t.bound), i, inside, start)
    return None


def on_diagonal(t: tm.Term, free: Axes) -> tm.Term:
    """The sum over k of delta(i, k + s) delta(j, k + s) u_k as a diagonal matrix: delta(i, j) by a vector along i."""
    if len(free) != 2:
        return t
    i, j = free
    for f, e in t.powers:
        slot = _across(f, e, i)
        m = next((m for m, (g, d) in enumerate(t.powers) if slot is not None and _across(g, d, j) == slot), None)
        if slot is None or m is None or slot in free or _part_at(slot) is None:
            continue
        kept = [fe for p, fe in enumerate(t.powers) if p != m]
        inner = tuple(fe for fe in kept if fe[0].free)
        if any(j in g.free for g, _ in inner):
            continue
        vector = tm.Grp((tm.Term(Fraction(1), inner, t.bound),))
        outer = tuple(fe for fe in kept if not fe[0].free)
        return tm.Term(t.coeff, (*outer, (tm.Del(i, j), 1), (vector, 1)), ())
    return t


def _across(f: tm.Factor, e: tm.Exponent, i: tm.Index) -> tm.Index | None:
    """The slot that a delta has beside the index i."""
    if not isinstance(f, tm.Del) or e != 1 or i not in (f.a, f.b):
        return None
    return f.b if f.a == i else f.a


def _part_at(slot: tm.Index) -> tuple[tm.Index, Whole] | None:
    """k and s of a position k + s, which is a part of an axis; a position by itself is a part of length one."""
    if isinstance(slot, tm.Datum):
        return (tm.fixed_index(1, 1), amount(slot.dim) - 1) if slot.name == slot.dim else None
    if slot.fixed:
        return tm.fixed_index(1, 1), -slot.serial - 1
    (k, step), *more = tm.parts_of(slot) or ((slot, 0),)
    if more or step != 1 or isinstance(k, tm.Datum):
        return None
    gap = tm.affine(((slot, 1), (k, -1)), 0, "")
    return k, gap.offset if isinstance(gap, tm.Affine) else -gap.serial


def _fits(start: Whole, part: Dim, whole: Dim) -> bool:
    """Whether a part of this size that starts there is within an axis."""
    return at_least(start, 0) and at_least(amount(whole) - amount(part) - start, 0)


def side_by_side(blocks: Sequence[tuple[Window, ex.Expr]], axis: int, free: Axes) -> list[ex.Concat]:
    """Arrays along one axis that the blocks fill, with zeros where there are none; one array if none overlap."""
    size = amount(free[axis].dim)
    todo: dict[tuple[object, ...], list[tuple[Window, ex.Expr]]] = {}
    for w, e in blocks:
        todo.setdefault((sort_key(w.start), w.inside.dim), []).append((w, e))
    parts = [(found[0][0], signed_sum([(False, e) for _, e in found])) for found in todo.values()]
    out: list[ex.Concat] = []
    while parts:
        at: Whole = 0
        row: list[ex.Expr] = []
        while True:
            ready = [(w, e) for w, e in parts if at_least(w.start - at, 0)]
            chosen = next(((w, e) for w, e in ready if all(at_least(v.start - w.start, 0) for v, _ in ready)), None)
            if chosen is None:
                break
            w, e = chosen
            parts.remove(chosen)
            row += [_nothing(w.start - at, axis, free)] if w.start != at else []
            row.append(e)
            at = w.start + amount(w.inside.dim)
        if not row:
            raise NoMatrixForm(say("reasons.shifted_entry"))
        row += [_nothing(size - at, axis, free)] if size != at else []
        out.append(ex.Concat(tuple(row), axis))
    return out


def signed(e: ex.Concat) -> tuple[bool, ex.Expr]:
    """The blocks with their sign in front where all of them have it."""
    full = [block for block in e.args if not isinstance(block, ex.Zeros)]
    if not all(isinstance(block, ex.Neg) for block in full):
        return False, e
    return True, replace(e, args=tuple(block.arg if isinstance(block, ex.Neg) else block for block in e.args))


def _nothing(size: Whole, axis: int, free: Axes) -> ex.Expr:
    """Zeros of this length along one axis."""
    return ex.Zeros(tuple(dim_named(size) if n == axis else i.dim for n, i in enumerate(free)))


# --- labels ----------------------------------------------------------------------------------------------------------


def _labelled(f: tm.Del) -> tuple[tm.Index, tm.Datum] | None:
    """The index and the label of a delta that is an entry of a one-hot vector."""
    for k, y in ((f.a, f.b), (f.b, f.a)):
        if isinstance(y, tm.Datum) and tm.parts_of(k) == ((k, 1),) and not isinstance(k, tm.Datum):
            return k, y
    return None


def _one_hot_axes(k: tm.Index, y: tm.Datum) -> Axes:
    return (*(i for i in y.at if not i.fixed), k)


def spread_labels(t: tm.Term) -> tm.Term:
    """The term with u_y written as the sum over k of delta(k, y) u_k, by which it is a product of arrays.

    An entry without any other index stays.  Where a delta has a free index k for the label already, factors to positive
    powers take that k: beside the delta they are the same.
    """
    powers: list[tuple[tm.Factor, tm.Exponent]] = []
    bound = list(t.bound)
    known: dict[tm.Datum, tm.Index] = {}
    for f, _ in t.powers:
        found = _labelled(f) if isinstance(f, tm.Del) else None
        if found is not None:
            known.setdefault(found[1], found[0])
    changed = False
    for f, e in t.powers:
        slots = f.idx if isinstance(f, tm.Ent) else (f.a, f.b) if isinstance(f, tm.Del) else ()
        data = [i for i in slots if isinstance(i, tm.Datum)]
        if not data or not f.free or (isinstance(f, tm.Del) and _labelled(f) is not None):
            powers.append((f, e))
            continue
        changed = True
        y = data[0]
        k = known.get(y) if e.denominator == 1 and e > 0 else None
        if k is not None:
            powers.append((with_slot(f, y, k), e))
            continue
        k = tm.fresh(y.dim)
        picked = tm.Term(Fraction(1), ((with_slot(f, y, k), 1), (tm.Del(k, y), 1)), (k,))
        if e == 1:
            known[y] = k
            powers += picked.powers
            bound.append(k)
        else:
            powers.append((tm.Grp((picked,)), e))
    return spread_labels(tm.Term(t.coeff, tuple(powers), tuple(bound))) if changed else t


def with_slot(f: tm.Factor, old: tm.Index, new: tm.Index) -> tm.Factor:
    """A factor with another index in its slots."""
    if isinstance(f, tm.Ent):
        return tm.Ent(f.base, tuple(new if i == old else i for i in f.idx), f.pos)
    assert isinstance(f, tm.Del)
    return tm.Del(new, f.b) if f.a == old else tm.Del(f.a, new)


# --- axes -------------------------------------------------------------------------------------------------------------


def oriented(e: ex.Expr, out: Axes, axes: Axes) -> ex.Expr:
    """An array whose axes are ``out``, along ``axes``; a 1 x D or D x 1 matrix is used as the vector that it holds."""
    real = tuple(i for i in out if not i.fixed)
    if len(e.shape) != len(real):
        column = transpose(e) if e.shape[0] == 1 else e
        return ex.Reshape(column, tuple(i.dim for i in real))
    return e if real == axes else transpose(e)


def axes_of(f: tm.Factor) -> Axes:
    """The free indices of a factor in the order of the first matrix inside it."""
    if len(f.free) > 2:
        raise NoMatrixForm(say("reasons.many_indices", indices=len(f.free)))
    if len(f.free) < 2:
        return tm.in_order(f.free)
    return _first_pair(f, f.free) or tm.in_order(f.free)


def _first_pair(f: tm.Factor, wanted: frozenset[tm.Index]) -> Axes | None:
    if isinstance(f, tm.Del):
        found = _labelled(f)
        return _one_hot_axes(*found) if found is not None and frozenset(_one_hot_axes(*found)) == wanted else None
    if isinstance(f, tm.Ent):
        pair = tuple(i for slot in f.idx for i, _ in tm.parts_of(slot) if i in wanted)
        return pair if len(set(pair)) == 2 and len(pair) == 2 else None
    bodies: list[tm.Poly] = []
    if isinstance(f, tm.Grp):
        bodies = [f.body]
    elif isinstance(f, tm.Fun):
        bodies = [a.body for a in f.args]
        if f.out and frozenset(f.out) == wanted:
            return f.out
    elif isinstance(f, tm.Ind):
        bodies = [f.a, f.b]
    return _pair_inside(bodies, wanted)


def _pair_inside(bodies: Sequence[tm.Poly], wanted: frozenset[tm.Index]) -> Axes | None:
    for body in bodies:
        for t in body:
            for g, _ in sorted_powers(t):
                pair = _first_pair(g, wanted)
                if pair is not None:
                    return pair
    return None

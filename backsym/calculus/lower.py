"""Lowering: an expression tree to terms, entry by entry.

Whole arrays are indexed here: broadcasting, transposes and products become indices, named functions become their
definitions.  This module must not know about derivatives, simplification or display.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backsym.calculus import terms as tm
from backsym.core import expr as ex
from backsym.core.allowance import spend
from backsym.core.dims import amount
from backsym.core.errors import BacksymError
from backsym.core.functions import FUNCTIONS, definition_of
from backsym.core.kinds import RuleTable, kind_named
from backsym.core.words import say
from backsym.reading.meaning.table_formulas import formula

Out = tuple[tm.Index, ...]


class Lowering:
    """One walk over one equation; ``letters`` maps the author's free letters to indices.

    ``hint`` gives the letter hint of a new index along a dimension.  ``named`` keeps the calls of row-wise functions as
    arrays of their own, for an expression that is only displayed.
    """

    def __init__(
        self, letters: Mapping[ex.Ix, tm.Index], hint: Callable[[ex.Dim], str] = lambda dim: "", *, named: bool = False
    ):
        self.letters = dict(letters)
        self.hint = hint
        self.named = named
        self.pos = 0

    def index(self, ix: ex.Ix) -> tm.Index:
        if isinstance(ix, ex.Shift):
            return tm.affine(((self.index(letter), factor) for letter, factor in ix.parts), ix.offset, ix.dim)
        if isinstance(ix, ex.Label):
            return tm.datum(ix.name, tuple(map(self.index, ix.at)), ix.dim)
        if ix.fixed:
            return tm.fixed_index(int(ix.letter), ix.dim)
        if ix.dim == 1:
            return tm.fixed_index(1, 1)
        if ix not in self.letters:
            raise BacksymError(say("calculus.free_index", letter=ix.letter))
        return self.letters[ix]

    def fresh(self, dim: ex.Dim) -> tm.Index:
        return tm.fresh(dim, self.hint(dim))

    def entry(self, e: ex.Expr, out: Out) -> tm.Poly:
        """The entry of ``e`` at ``out``, one index for each axis of its shape."""
        rule = _RULES.get(type(e))
        if rule is None:
            raise TypeError(f"no lowering for {type(e).__name__}")
        spend(tm.MADE)
        return rule(self, e, out)

    def operand(self, e: ex.Expr, shape: ex.Shape, out: Out) -> tm.Poly:
        """The entry of an operand that is broadcast to ``shape``."""
        own = out[len(shape) - len(e.shape) :]
        return self.entry(e, tuple(tm.fixed_index(1, 1) if d == 1 else i for d, i in zip(e.shape, own, strict=True)))

    def place(self) -> int:
        self.pos += 1
        return self.pos


def lower(
    e: ex.Expr,
    out: Out = (),
    letters: Mapping[ex.Ix, tm.Index] | None = None,
    hint: Callable[[ex.Dim], str] = lambda dim: "",
    *,
    named: bool = False,
) -> tm.Poly:
    """The entry of ``e`` at ``out`` as a sum of terms."""
    return Lowering(letters or {}, hint, named=named).entry(e, out)


# --- one rule for each kind of node ----------------------------------------------------------------------------------


def _num(lo: Lowering, e: ex.Num, out: Out) -> tm.Poly:
    return tm.constant(e.value)


def _const(lo: Lowering, e: ex.Const, out: Out) -> tm.Poly:
    return tm.of_factor(tm.Ent(e, (), lo.place()))


def _sym(lo: Lowering, e: ex.Sym | ex.Adj, out: Out) -> tm.Poly:
    return tm.of_factor(tm.Ent(e, out, lo.place()))


def _size(lo: Lowering, e: ex.Size, out: Out) -> tm.Poly:
    return tm.size_of(e.dim)


def _ones(lo: Lowering, e: ex.Ones, out: Out) -> tm.Poly:
    return tm.constant(1)


def _zeros(lo: Lowering, e: ex.Zeros, out: Out) -> tm.Poly:
    return ()


def _eye(lo: Lowering, e: ex.Eye, out: Out) -> tm.Poly:
    return tm.of_factor(tm.Del(out[0], out[1]))


def _delta(lo: Lowering, e: ex.Delta, out: Out) -> tm.Poly:
    same = tm.of_factor(tm.Del(lo.index(e.i), lo.index(e.j)))
    return same if e.equal else (*tm.constant(1), *tm.scale(same, -1))


def _one_hot(lo: Lowering, e: ex.OneHot, out: Out) -> tm.Poly:
    *at, k = out
    if isinstance(e.labels, ex.Entry):
        at = list(map(lo.index, e.labels.indices))
    (name,) = ex.names_in(e.labels)
    return tm.of_factor(tm.Del(k, tm.datum(name, tuple(at), e.of)))


def _add(lo: Lowering, e: ex.Add, out: Out) -> tm.Poly:
    return tuple(t for a in e.args for t in lo.operand(a, e.shape, out))


def _neg(lo: Lowering, e: ex.Neg, out: Out) -> tm.Poly:
    return tm.scale(lo.entry(e.arg, out), -1)


def _mul(lo: Lowering, e: ex.Mul, out: Out) -> tm.Poly:
    return tm.product([lo.operand(a, e.shape, out) for a in e.args])


def _div(lo: Lowering, e: ex.Div, out: Out) -> tm.Poly:
    num, den = lo.operand(e.num, e.shape, out), lo.operand(e.den, e.shape, out)
    if not den:
        raise BacksymError(say("calculus.division_by_zero"))
    return tm.product([num, tm.power(den, -1)])


def _pow(lo: Lowering, e: ex.Pow, out: Out) -> tm.Poly:
    base = lo.operand(e.base, e.shape, out)
    exponent = lo.operand(e.exp, e.shape, out)
    if not exponent:
        return tm.constant(1)
    if len(exponent) == 1 and not exponent[0].powers and not exponent[0].bound:
        if not base and exponent[0].coeff < 0:
            raise BacksymError(say("calculus.division_by_zero"))
        return tm.power(base, exponent[0].coeff) if base else ()
    return tm.of_factor(tm.Fun("pow", 0, (tm.Lam((), base), tm.Lam((), exponent))))


def _matmul(lo: Lowering, e: ex.MatMul, out: Out) -> tm.Poly:
    one = tm.fixed_index(1, 1)
    first, last = (*out, one, one)[:2]
    # The first row index and the last column index are free, those between are summed over.
    inner = tuple(lo.fresh(_columns(a.shape)) for a in e.args[:-1])
    rows = (first, *inner)
    factors = [
        lo.entry(a, (row, column)[: len(a.shape)]) for a, row, column in zip(e.args, rows, (*inner, last), strict=True)
    ]
    return tm.bind(tm.product(factors), inner)


def _columns(shape: ex.Shape) -> ex.Dim:
    """Number of columns, where a vector is a column."""
    return shape[1] if len(shape) == 2 else 1


def _transpose(lo: Lowering, e: ex.T, out: Out) -> tm.Poly:
    n = len(e.arg.shape)
    return lo.entry(e.arg, out[1:] if n == 1 else out[::-1] if n == 2 else ())


def _reshape(lo: Lowering, e: ex.Reshape, out: Out) -> tm.Poly:
    """Axes of length one are added or dropped; the others keep their order."""
    if e.regroups:
        return _regrouped(lo, e, out)
    kept = iter([i for d, i in zip(e.to, out, strict=True) if d != 1])
    return lo.entry(e.arg, tuple(tm.fixed_index(1, 1) if d == 1 else next(kept) for d in e.arg.shape))


def _regrouped(lo: Lowering, e: ex.Reshape, out: Out) -> tm.Poly:
    """Rows one after the other: the entry [i, j] of a matrix with c columns is that at c(i - 1) + j of the vector."""
    before, after = e.arg.shape, e.to
    if (len(before), len(after)) == (1, 2):
        return lo.entry(e.arg, (_place(out[0], out[1], before[0]),))
    if (len(before), len(after)) != (2, 1):
        raise BacksymError(say("calculus.other_axes"))
    i, j = lo.fresh(before[0]), lo.fresh(before[1])
    return tm.bind(tm.product([tm.of_factor(tm.Del(out[0], _place(i, j, after[0]))), lo.entry(e.arg, (i, j))]), (i, j))


def _place(i: tm.Index, j: tm.Index, dim: ex.Dim) -> tm.Index:
    """The position of the entry [i, j], row by row, in one axis."""
    columns = amount(j.dim)
    return tm.affine(((i, columns), (j, 1)), -columns, dim)


def _kron(lo: Lowering, e: ex.Fn, out: Out) -> tm.Poly:
    """Each entry of the first matrix times the second one, in its place."""
    first, second = e.args
    a, b, c, d = (lo.fresh(dim) for dim in (*first.shape, *second.shape))
    rows, columns = e.shape
    places = [tm.Del(out[0], _place(a, c, rows)), tm.Del(out[1], _place(b, d, columns))]
    return tm.bind(
        tm.product([*map(tm.of_factor, places), lo.entry(first, (a, b)), lo.entry(second, (c, d))]), (a, b, c, d)
    )


def _cumsum(lo: Lowering, e: ex.Fn, out: Out) -> tm.Poly:
    """x_i + x_(i-1) + ...: an entry before the first one is zero."""
    k, j = lo.fresh(e.shape[0]), lo.fresh(e.shape[0])
    place = tm.affine(((out[0], 1), (k, -1)), 1, e.shape[0])
    return tm.bind(tm.product([tm.of_factor(tm.Del(place, j)), lo.entry(e.args[0], (j,))]), (k, j))


def _slice(lo: Lowering, e: ex.Slice, out: Out) -> tm.Poly:
    at = list(out if e.shape else (tm.fixed_index(1, 1),) * len(e.arg.shape))
    at[e.axis] = tm.affine(((at[e.axis], 1),), e.first - 1, e.arg.shape[e.axis])
    return lo.entry(e.arg, tuple(at))


def _concat(lo: Lowering, e: ex.Concat, out: Out) -> tm.Poly:
    """The sum over all arrays, each shifted to its place by a Kronecker delta: outside of it there is nothing."""
    terms: list[tm.Term] = []
    axis = e.axis
    for arg, start in zip(e.args, e.starts, strict=True):
        own = lo.fresh((arg.shape or (1,))[axis])
        at = (*out[:axis], own, *out[axis + 1 :]) if arg.shape else ()
        place = tm.affine(((own, 1),), start, e.shape[axis])
        terms += tm.bind(tm.product([tm.of_factor(tm.Del(out[axis], place)), lo.entry(arg, at)]), (own,))
    return tuple(terms)


def _cmp(lo: Lowering, e: ex.Cmp, out: Out) -> tm.Poly:
    return tm.of_factor(tm.Ind(e.op, lo.operand(e.a, e.shape, out), lo.operand(e.b, e.shape, out)))


def _reduce(lo: Lowering, e: ex.Reduce, out: Out) -> tm.Poly:
    shape = e.arg.shape
    axes = tuple(range(len(shape))) if e.axis is None else (e.axis % len(shape),)
    over = {n: lo.fresh(shape[n]) for n in axes}
    rest = iter(out)
    at = []
    for n, dim in enumerate(shape):
        # An axis that e.shape has lost because only ones were left is at its only position.
        kept = next(rest, tm.fixed_index(1, 1)) if n not in axes or (e.keepdims and e.axis is not None) else None
        at.append(over[n] if n in axes else tm.fixed_index(1, 1) if dim == 1 else kept or tm.fixed_index(1, 1))
    return _reduced(e.op, lo.entry(e.arg, tuple(at)), tuple(over.values()))


def _reduced(op: str, body: tm.Poly, over: tuple[tm.Index, ...]) -> tm.Poly:
    if op in ("max", "min"):
        # Along an axis of length one there is nothing to choose from.
        chosen = any(not i.fixed for i in over)
        return tm.of_factor(tm.Fun(op, 0, (tm.Lam(over, body),), (), "pick")) if chosen else body
    if op == "prod":
        raise BacksymError(say("calculus.no_definition", name=op))
    total = tm.bind(body, over)
    if op == "sum":
        return total
    if op == "mean":
        return tm.product([*(tm.size_of(i.dim, -1) for i in over), total])
    raise TypeError(f"unknown reduction {op}")


def _pick(lo: Lowering, e: ex.Pick, out: Out) -> tm.Poly:
    shape = e.arg.shape
    axes = range(len(shape)) if e.axis is None else (e.axis % len(shape),)
    over = {n: lo.fresh(shape[n]) for n in axes}
    if all(i.fixed for i in over.values()):
        return tm.constant(1)
    body = lo.entry(e.arg, tuple(over.get(n, out[n]) for n in range(len(shape))))
    return tm.of_factor(tm.Fun(e.op, 1, (tm.Lam(tuple(over.values()), body),), tuple(out[n] for n in over), "pick"))


def _entry(lo: Lowering, e: ex.Entry, out: Out) -> tm.Poly:
    indices = tuple(
        tm.fixed_index(1, 1) if d == 1 else lo.index(ix) for d, ix in zip(e.base.shape, e.indices, strict=True)
    )
    return lo.entry(e.base, indices)


def _member(lo: Lowering, e: ex.Member, out: Out) -> tm.Poly:
    rest = iter(out)
    at = ((next(rest) if ix is None else lo.index(ix)) for ix in e.places)
    return lo.entry(e.base, tuple(tm.fixed_index(1, 1) if d == 1 else i for d, i in zip(e.base.shape, at, strict=True)))


def _within(lo: Lowering, indices: tuple[ex.Ix, ...], body: ex.Expr, out: Out) -> tuple[tuple[tm.Index, ...], tm.Poly]:
    """The body of a construct that binds index letters."""
    own = {ix: tm.fresh(ix.dim, ix.letter) for ix in indices}
    outer = lo.letters
    lo.letters = {**outer, **own}
    try:
        return tuple(own.values()), lo.entry(body, out)
    finally:
        lo.letters = outer


def _index_reduce(lo: Lowering, e: ex.IndexReduce, out: Out) -> tm.Poly:
    over, body = _within(lo, e.indices, e.body, out)
    return _reduced(e.op, body, over)


def _index_pick(lo: Lowering, e: ex.IndexPick, out: Out) -> tm.Poly:
    over, body = _within(lo, e.indices, e.body, out)
    return tm.of_factor(tm.Fun(e.op, 1, (tm.Lam(over, body),), tuple(lo.index(ix) for ix in e.at), "pick"))


def _fn(lo: Lowering, e: ex.Fn, out: Out) -> tm.Poly:
    entry = FUNCTIONS.get(e.name)
    if lo.named and kind_named(e.kind).along_rows and not ex.free_indices(e):
        return tm.of_factor(tm.Ent(e, out, lo.place()))
    definition = definition_of(entry, e.args) if entry is not None else None
    if entry is not None and definition is not None:
        if e.order:
            raise BacksymError(say("calculus.not_elementwise", name=e.name))
        return lo.entry(formula(definition, dict(zip(entry.args, e.args, strict=True))), out)
    rule = lowering.find(e.kind)
    if rule is None:
        raise BacksymError(say("calculus.no_definition", name=e.name))
    return rule(lo, e, out)


lowering: RuleTable[Callable[[Lowering, ex.Fn, Out], tm.Poly]] = RuleTable("lowering")
"""The entry of f(args), for each kind of function."""


@lowering("elementwise")
def _entrywise(lo: Lowering, e: ex.Fn, out: Out) -> tm.Poly:
    return tm.of_factor(tm.Fun(e.name, e.order, tuple(tm.Lam((), lo.operand(a, e.shape, out)) for a in e.args)))


@lowering("diag")
def _diag(lo: Lowering, e: ex.Fn, out: Out) -> tm.Poly:
    if len(e.args[0].shape) == 1:
        return tm.product([lo.entry(e.args[0], (out[0],)), tm.of_factor(tm.Del(out[0], out[1]))])
    return lo.entry(e.args[0], (out[0], out[0]))


lowering("kron")(_kron)
lowering("cumulative")(_cumsum)


@lowering("scalar", "matrix")
def _of_arrays(lo: Lowering, e: ex.Fn, out: Out) -> tm.Poly:
    return tm.of_factor(tm.Fun(e.name, e.order, tuple(array(lo, a) for a in e.args), out, e.kind))


def array(lo: Lowering, e: ex.Expr) -> tm.Lam:
    """A whole array, entry by entry."""
    params = tuple(lo.fresh(d) for d in e.shape)
    return tm.Lam(params, lo.entry(e, params))


_RULES: dict[type[ex.Expr], Callable[[Lowering, Any, Out], tm.Poly]] = {
    ex.Num: _num,
    ex.Const: _const,
    ex.Sym: _sym,
    ex.Started: _sym,
    ex.Adj: _sym,
    ex.Size: _size,
    ex.Ones: _ones,
    ex.Zeros: _zeros,
    ex.Eye: _eye,
    ex.Delta: _delta,
    ex.OneHot: _one_hot,
    ex.Add: _add,
    ex.Neg: _neg,
    ex.Mul: _mul,
    ex.Div: _div,
    ex.Pow: _pow,
    ex.MatMul: _matmul,
    ex.T: _transpose,
    ex.Reshape: _reshape,
    ex.Slice: _slice,
    ex.Concat: _concat,
    ex.Cmp: _cmp,
    ex.Reduce: _reduce,
    ex.Pick: _pick,
    ex.Entry: _entry,
    ex.Member: _member,
    ex.IndexReduce: _index_reduce,
    ex.IndexPick: _index_pick,
    ex.Fn: _fn,
}

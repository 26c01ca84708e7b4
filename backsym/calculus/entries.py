"""The entry of an array-level equation in the author's form: sums stay sums, the order and the grouping stay.

``mean((y - t)**2)`` is (1/N) sum over n of (y_n - t_n)^2.  What has no natural entry form raises NoEntries, and the
caller shows the sum of terms instead.  This module must not know about terms or derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from backsym.calculus.letters import Namer
from backsym.calculus.raising import times
from backsym.core import expr as ex
from backsym.core.entrywise import FIRST, sliced
from backsym.core.functions import FUNCTIONS, definition_of
from backsym.core.kinds import RuleTable
from backsym.reading.meaning.table_formulas import formula

At = tuple[ex.Ix, ...]

TWO = ex.num(2)


class NoEntries(Exception):
    """An expression whose entry is better shown as a sum of terms."""


class Entries:
    """Entries of one equation; ``taken`` are the letters in scope."""

    def __init__(self, namer: Namer, taken: frozenset[str]):
        self.namer = namer
        self.taken = taken

    def entry(self, e: ex.Expr, at: At) -> ex.Expr:
        """The entry of ``e`` at ``at``, one index for each axis of its shape."""
        rule = _RULES.get(type(e))
        if rule is None:
            raise NoEntries(type(e).__name__)
        return rule(self, e, at)

    def operand(self, e: ex.Expr, shape: ex.Shape, at: At) -> ex.Expr:
        """The entry of an operand that is broadcast to ``shape``."""
        own = at[len(shape) - len(e.shape) :]
        return self.entry(e, tuple(FIRST if d == 1 else i for d, i in zip(e.shape, own, strict=True)))

    def under(self, dims: Sequence[ex.Dim]) -> tuple[At, Entries]:
        """A new letter for each dimension, and the scope in which they are taken."""
        taken = set(self.taken)
        out = []
        for dim in dims:
            ix = FIRST if dim == 1 else self.namer.free(dim, taken)
            taken.add(ix.letter)
            out.append(ix)
        return tuple(out), Entries(self.namer, frozenset(taken))


def entries(e: ex.Expr, at: At, namer: Namer, taken: frozenset[str]) -> ex.Expr:
    """The entry of an array-level expression in the author's form; raises NoEntries where there is none."""
    return Entries(namer, taken).entry(e, at)


# --- products and sums -----------------------------------------------------------------------------------------------


def numeric(e: ex.Expr) -> bool:
    """Whether an expression is made of numbers and sizes only."""
    if isinstance(e, (ex.Mul, ex.Div)):
        return all(numeric(child) for child in (e.args if isinstance(e, ex.Mul) else (e.num, e.den)))
    return isinstance(e, (ex.Num, ex.Size))


def product(factors: Sequence[ex.Expr]) -> ex.Expr:
    """A product, flattened, in which numbers and sizes are one leading fraction."""
    flat: list[ex.Expr] = []
    for f in factors:
        flat.extend(f.args if isinstance(f, ex.Mul) else [f])
    lead = [f for f in flat if numeric(f) and f != ex.ONE]
    rest = [f for f in flat if not numeric(f)]
    return times([*(lead if len(lead) < 2 else [_fraction(lead)]), *rest])


def _fraction(numbers: Sequence[ex.Expr]) -> ex.Expr:
    value = Fraction(1)
    above: list[ex.Expr] = []
    below: list[ex.Expr] = []

    def collect(e: ex.Expr, over: list[ex.Expr], under: list[ex.Expr], sign: int) -> None:
        nonlocal value
        if isinstance(e, ex.Num):
            value *= e.value**sign
        elif isinstance(e, ex.Size):
            over.append(e)
        elif isinstance(e, ex.Mul):
            for a in e.args:
                collect(a, over, under, sign)
        elif isinstance(e, ex.Div):
            collect(e.num, over, under, sign)
            collect(e.den, under, over, -sign)

    for e in numbers:
        collect(e, above, below, 1)
    top, bottom = times([ex.num(value.numerator), *_powers(above)]), times([ex.num(value.denominator), *_powers(below)])
    return top if bottom == ex.ONE else ex.Div(top, bottom)


def _powers(factors: Sequence[ex.Expr]) -> list[ex.Expr]:
    """Equal factors as a power."""
    counts = {f: factors.count(f) for f in factors}
    return [f if n == 1 else ex.Pow(f, ex.num(n)) for f, n in counts.items()]


def _total(body: ex.Expr, over: At) -> ex.Expr:
    """The sum of ``body`` over letters; signs and numbers stand before it, a sum inside joins it."""
    over = tuple(ix for ix in over if ix != FIRST)
    if not over:
        return body
    if isinstance(body, ex.Neg):
        return ex.Neg(_total(body.arg, over))
    if isinstance(body, ex.Mul):
        outside = [f for f in body.args if set(over).isdisjoint(ex.free_indices(f))]
        if outside:
            return product([*outside, _total(times([f for f in body.args if f not in outside]), over)])
        sums = [f for f in body.args if isinstance(f, ex.IndexReduce) and f.op == "sum"]
        if len(sums) == 1:
            inner = times([f.body if f is sums[0] else f for f in body.args])
            return _total(_squares(inner), (*over, *sums[0].indices))
    if isinstance(body, ex.IndexReduce) and body.op == "sum":
        return _total(body.body, (*over, *body.indices))
    if not set(over) <= set(ex.free_indices(body)):
        raise NoEntries("a sum of equal terms")
    return ex.IndexReduce("sum", body, over)


def _squares(e: ex.Expr) -> ex.Expr:
    """x x is x squared."""
    if not isinstance(e, ex.Mul):
        return e
    out: list[ex.Expr] = []
    for f in e.args:
        if f in out:
            out[out.index(f)] = ex.Pow(f, TWO)
        else:
            out.append(f)
    return times(out)


# --- one rule for each kind of node ----------------------------------------------------------------------------------


def _itself(r: Entries, e: ex.Expr, at: At) -> ex.Expr:
    return e


def _symbol(r: Entries, e: ex.Sym | ex.Adj, at: At) -> ex.Expr:
    return ex.Entry(e, tuple(FIRST if d == 1 else i for d, i in zip(e.shape, at, strict=True))) if e.shape else e


def _member(r: Entries, e: ex.Member, at: At) -> ex.Expr:
    return r.entry(e.base, e.at(at))


def _ones(r: Entries, e: ex.Ones, at: At) -> ex.Expr:
    return ex.ONE


def _div(r: Entries, e: ex.Div, at: At) -> ex.Expr:
    """A quotient; a sum in its numerator stands after it."""
    top, bottom = r.operand(e.num, e.shape, at), r.operand(e.den, e.shape, at)
    factors = top.args if isinstance(top, ex.Mul) else (top,)
    divided_by_sum = any(isinstance(node, ex.IndexReduce) for node in ex.walk(bottom))
    after = [] if divided_by_sum else [f for f in factors if isinstance(f, ex.IndexReduce)]
    return times([ex.Div(times([f for f in factors if f not in after]), bottom), *after])


def _elementwise(r: Entries, e: ex.Add | ex.Neg | ex.Cmp | ex.Fn, at: At) -> ex.Expr:
    return ex.rebuild(e, lambda child: r.operand(child, e.shape, at))


def _mul(r: Entries, e: ex.Mul, at: At) -> ex.Expr:
    return product([r.operand(a, e.shape, at) for a in e.args])


def _pow(r: Entries, e: ex.Pow, at: At) -> ex.Expr:
    base, exponent = r.operand(e.base, e.shape, at), r.operand(e.exp, e.shape, at)
    if exponent == TWO and isinstance(base, ex.Fn) and base.name == "sqrt":
        return base.args[0]  # The square of a norm.
    return ex.Pow(base, exponent)


def _transpose(r: Entries, e: ex.T, at: At) -> ex.Expr:
    n = len(e.arg.shape)
    return r.entry(e.arg, at[1:] if n == 1 else at[::-1] if n == 2 else ())


def _reshape(r: Entries, e: ex.Reshape, at: At) -> ex.Expr:
    if e.regroups:
        return ex.Entry(e, at)
    kept = iter([i for d, i in zip(e.to, at, strict=True) if d != 1])
    return r.entry(e.arg, tuple(FIRST if d == 1 else next(kept) for d in e.arg.shape))


def _slice(r: Entries, e: ex.Slice, at: At) -> ex.Expr:
    return r.entry(e.arg, sliced(e, at))


def _matmul(r: Entries, e: ex.MatMul, at: At) -> ex.Expr:
    first, last = (*at, FIRST, FIRST)[:2]
    inner, scope = r.under([a.shape[1] if len(a.shape) == 2 else 1 for a in e.args[:-1]])
    rows = (first, *inner)
    factors = [
        scope.entry(a, (row, column)[: len(a.shape)])
        for a, row, column in zip(e.args, rows, (*inner, last), strict=True)
    ]
    return _total(_squares(product(factors)), inner)


def _reduce(r: Entries, e: ex.Reduce, at: At) -> ex.Expr:
    shape = e.arg.shape
    axes = range(len(shape)) if e.axis is None else (e.axis % len(shape),)
    over, scope = r.under([shape[n] for n in axes])
    letters = dict(zip(axes, over, strict=True))
    rest = iter(at)
    place = []
    for n, dim in enumerate(shape):
        # An axis that the result has lost because only ones were left is at its only position.
        kept = next(rest, FIRST) if n not in letters or (e.keepdims and e.axis is not None) else FIRST
        place.append(letters.get(n, FIRST if dim == 1 else kept))
    body = scope.entry(e.arg, tuple(place))
    if e.op in ("max", "min"):
        return ex.IndexReduce(e.op, body, over)
    total = _total(body, over)
    if e.op == "sum":
        return total
    if e.op == "mean":
        sizes = [ex.Size(ix.dim) if isinstance(ix.dim, str) else ex.num(ix.dim) for ix in over if ix != FIRST]
        return product([*(ex.Div(ex.ONE, size) for size in sizes), total])
    raise NoEntries(e.op)


by_entries: RuleTable[Callable[[Entries, ex.Fn, At], ex.Expr]] = RuleTable("entries")
"""The entry of f(args) in the author's form, for each kind of function that has one."""


def _fn(r: Entries, e: ex.Fn, at: At) -> ex.Expr:
    rule = by_entries.find(e.kind)
    return rule(r, e, at) if rule is not None else defined(r, e, at)


by_entries("elementwise")(_elementwise)


@by_entries("diag")
def _diag(r: Entries, e: ex.Fn, at: At) -> ex.Expr:
    return r.entry(e.args[0], (at[0], at[0])) if len(e.args[0].shape) == 2 else defined(r, e, at)


@by_entries("matrix")
def _of_matrix(r: Entries, e: ex.Fn, at: At) -> ex.Expr:
    """The entry of what stands there."""
    if definition_of(FUNCTIONS[e.name], e.args) is not None:
        return defined(r, e, at)
    return ex.Entry(e, tuple(FIRST if d == 1 else i for d, i in zip(e.shape, at, strict=True))) if e.shape else e


def defined(r: Entries, e: ex.Fn, at: At) -> ex.Expr:
    """By the function's definition; a number without one is itself."""
    entry = FUNCTIONS.get(e.name)
    definition = definition_of(entry, e.args) if entry is not None and not e.order else None
    if entry is None or definition is None:
        if e.shape:
            raise NoEntries(e.name)
        return e
    return r.entry(formula(definition, dict(zip(entry.args, e.args, strict=True))), at)


_RULES: dict[type[ex.Expr], Callable[[Entries, Any, At], ex.Expr]] = {
    ex.Num: _itself,
    ex.Const: _itself,
    ex.Size: _itself,
    ex.Sym: _symbol,
    ex.Started: _symbol,
    ex.Adj: _symbol,
    ex.Member: _member,
    ex.Ones: _ones,
    ex.Add: _elementwise,
    ex.Neg: _elementwise,
    ex.Div: _div,
    ex.Cmp: _elementwise,
    ex.Mul: _mul,
    ex.Pow: _pow,
    ex.T: _transpose,
    ex.Reshape: _reshape,
    ex.Slice: _slice,
    ex.MatMul: _matmul,
    ex.Reduce: _reduce,
    ex.Fn: _fn,
}

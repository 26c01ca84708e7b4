"""The entry of an array expression as one would write it: [u + v]_i is u_i + v_i.

What is no element-wise expression keeps its brackets.  This module must not know about the calculus or display.
"""

from __future__ import annotations

from backsym.core import expr as ex

FIRST = ex.Ix("1", 1)
"""The only position along an axis of length one."""


def array_of(e: ex.Expr) -> ex.Expr:
    """The array of which this is an entry; anything else is itself."""
    return e.base if isinstance(e, ex.Entry) else e


def entry_of(e: ex.Expr, at: tuple[ex.Ix, ...]) -> ex.Expr:
    """The entry of ``e`` at ``at``, one index for each axis of its shape; a number is itself."""
    if not e.shape:
        return e
    if isinstance(e, (ex.Sym, ex.Adj)):
        return ex.Entry(e, tuple(FIRST if d == 1 else i for d, i in zip(e.shape, at, strict=True)))
    if isinstance(e, ex.Member):
        return ex.Entry(e.base, e.at(FIRST if d == 1 else i for d, i in zip(e.shape, at, strict=True)))
    if isinstance(e, ex.Ones):
        return ex.ONE
    if isinstance(e, ex.Zeros):
        return ex.ZERO
    if isinstance(e, ex.Eye):
        return ex.Delta(at[0], at[1])
    if isinstance(e, ex.OneHot):
        name = e.labels.base if isinstance(e.labels, ex.Entry) else e.labels
        own = e.labels.indices if isinstance(e.labels, ex.Entry) else at[:-1]
        assert isinstance(name, ex.Labels)
        return ex.Delta(at[-1], ex.labelled(name.name, own, e.of))
    if isinstance(e, ex.T):
        return entry_of(e.arg, at[1:] if len(e.arg.shape) == 1 else at[::-1])
    if isinstance(e, ex.Reshape) and not e.regroups:
        rest = iter([i for d, i in zip(e.shape, at, strict=True) if d != 1])
        return entry_of(e.arg, tuple(FIRST if d == 1 else next(rest) for d in e.arg.shape))
    if isinstance(e, ex.Slice):
        return entry_of(e.arg, sliced(e, at))
    if isinstance(e, ex.Mul):
        factors = tuple(f for f in (_operand(child, at) for child in e.args) if f != ex.ONE)
        return factors[0] if len(factors) == 1 else ex.Mul(factors) if factors else ex.ONE
    if isinstance(e, (ex.Add, ex.Neg, ex.Div, ex.Pow, ex.Cmp)) or (isinstance(e, ex.Fn) and e.entrywise):
        return ex.rebuild(e, lambda child: _operand(child, at))
    return ex.Entry(e, at)


def sliced(e: ex.Slice, at: tuple[ex.Ix, ...]) -> tuple[ex.Ix, ...]:
    """The indices in the whole array of an entry of a part of it."""
    rest = iter(at if e.shape else (FIRST,) * len(e.arg.shape))
    places = [next(rest) for _ in e.arg.shape]
    places[e.axis] = ex.shifted(((places[e.axis], 1),), e.first - 1, e.arg.shape[e.axis])
    return tuple(FIRST if d == 1 else i for d, i in zip(e.arg.shape, places, strict=True))


def _operand(e: ex.Expr, at: tuple[ex.Ix, ...]) -> ex.Expr:
    """The entry of an operand that is broadcast to the axes of ``at``."""
    own = at[len(at) - len(e.shape) :]
    return entry_of(e, tuple(FIRST if d == 1 else i for d, i in zip(e.shape, own, strict=True)))

"""The entry of an array expression as one would write it: [u + v]_i is u_i + v_i.

What is no element-wise expression keeps its brackets.  This module must not know about the calculus or display.
"""

from __future__ import annotations

from backsym.core.expr import (
    ONE,
    ZERO,
    Add,
    Adj,
    Cmp,
    Delta,
    Div,
    Entry,
    Expr,
    Eye,
    Fn,
    Ix,
    Labels,
    Member,
    Mul,
    Neg,
    OneHot,
    Ones,
    Pow,
    Reshape,
    Slice,
    Sym,
    T,
    Zeros,
    labelled,
    rebuild,
    shifted,
)

FIRST = Ix("1", 1)
"""The only position along an axis of length one."""


def entry_of(e: Expr, at: tuple[Ix, ...]) -> Expr:
    """The entry of ``e`` at ``at``, one index for each axis of its shape; a number is itself."""
    if not e.shape:
        return e
    if isinstance(e, (Sym, Adj)):
        return Entry(e, tuple(FIRST if d == 1 else i for d, i in zip(e.shape, at, strict=True)))
    if isinstance(e, Member):
        return Entry(e.base, e.at(FIRST if d == 1 else i for d, i in zip(e.shape, at, strict=True)))
    if isinstance(e, Ones):
        return ONE
    if isinstance(e, Zeros):
        return ZERO
    if isinstance(e, Eye):
        return Delta(at[0], at[1])
    if isinstance(e, OneHot):
        name = e.labels.base if isinstance(e.labels, Entry) else e.labels
        own = e.labels.indices if isinstance(e.labels, Entry) else at[:-1]
        assert isinstance(name, Labels)
        return Delta(at[-1], labelled(name.name, own, e.of))
    if isinstance(e, T):
        return entry_of(e.arg, at[1:] if len(e.arg.shape) == 1 else at[::-1])
    if isinstance(e, Reshape) and not e.regroups:
        rest = iter([i for d, i in zip(e.shape, at, strict=True) if d != 1])
        return entry_of(e.arg, tuple(FIRST if d == 1 else next(rest) for d in e.arg.shape))
    if isinstance(e, Slice):
        return entry_of(e.arg, sliced(e, at))
    if isinstance(e, Mul):
        factors = tuple(f for f in (_operand(child, at) for child in e.args) if f != ONE)
        return factors[0] if len(factors) == 1 else Mul(factors) if factors else ONE
    if isinstance(e, (Add, Neg, Div, Pow, Cmp)) or (isinstance(e, Fn) and e.entrywise):
        return rebuild(e, lambda child: _operand(child, at))
    return Entry(e, at)


def sliced(e: Slice, at: tuple[Ix, ...]) -> tuple[Ix, ...]:
    """The indices in the whole array of an entry of a part of it."""
    rest = iter(at if e.shape else (FIRST,) * len(e.arg.shape))
    places = [next(rest) for _ in e.arg.shape]
    places[e.axis] = shifted(((places[e.axis], 1),), e.first - 1, e.arg.shape[e.axis])
    return tuple(FIRST if d == 1 else i for d, i in zip(e.arg.shape, places, strict=True))


def _operand(e: Expr, at: tuple[Ix, ...]) -> Expr:
    """The entry of an operand that is broadcast to the axes of ``at``."""
    own = at[len(at) - len(e.shape) :]
    return entry_of(e, tuple(FIRST if d == 1 else i for d, i in zip(e.shape, own, strict=True)))

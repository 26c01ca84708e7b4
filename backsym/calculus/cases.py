"""The cases of a derivative by the members of a family: where a recursion starts, and how it goes on.

The derivative by h_t mentions that by h_(t+1), which is zero beyond the last member; what the loss takes from the last
member only carries a Kronecker delta of t and T.  This module must not know about the backward pass or display.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backsym.calculus import terms as tm
from backsym.calculus.simplify import collapse, without_delta
from backsym.core.expr import Adj, Ix, Run, last, shifted


@dataclass(frozen=True)
class Some:
    """The derivative at the positions of ``run``; ``at`` is the index of the member there, a letter's or a position."""

    run: Run
    at: tm.Index
    value: tm.Poly


def cases(p: tm.Poly, name: str, t: tm.Index, letter: Ix) -> tuple[Some, ...]:
    """The cases of the derivative by ``name`` with the free index t along a family; none where one form holds of all.

    A recursion in the derivative itself has one form, and a start: it is zero after the last member.  Else each of the
    last members has a form of its own, which mentions nothing beyond the last one.
    """
    reach = max((_later(f, t) for f in _adjoints(p)), default=0)
    special = _at_end(p, t)
    if not reach and not special:
        return ()
    one, top = Ix("1", letter.dim), last(letter.dim)
    end = tm.fixed_index(t.dim, t.dim) if isinstance(t.dim, int) else tm.datum(t.dim, (), t.dim)

    def run(first: Ix, final: Ix) -> Run:
        return Run(letter.letter, letter.dim, first, final)

    own = all(isinstance(f.base, Adj) and f.base.name == name for f in _adjoints(p) if _later(f, t))
    if own and not special:
        low, high = (shifted(((top, 1),), n, letter.dim) for n in (1, reach))
        after = tm.affine(((end, 1),), 1, t.dim) if reach == 1 else t
        return (Some(run(top, one), t, p), Some(run(high, low), after, ()))
    found: list[Some] = []
    for back in range(max(reach, 1)):
        here = tm.affine(((end, 1),), -back, t.dim)
        value = _without_later(p, t, back)
        value = value if back == 0 else without_delta(value, (t, end))
        place = shifted(((top, 1),), -back, letter.dim)
        found.append(Some(run(place, place), here, collapse(tm.sub_poly(value, {t: here}))))
    first = shifted(((top, 1),), -max(reach, 1), letter.dim)
    return (*found, Some(run(first, one), t, collapse(without_delta(p, (t, end)))))


def _adjoints(p: tm.Poly) -> Iterator[tm.Ent]:
    for term in p:
        for f, _ in term.powers:
            if isinstance(f, tm.Ent) and isinstance(f.base, Adj):
                yield f
            elif isinstance(f, tm.Grp):
                yield from _adjoints(f.body)


def _later(f: tm.Ent, t: tm.Index) -> int:
    """How far after member t the member is whose adjoint this is; 0 for one that is not after it."""
    return max(tm.steps_after(f.idx[0], t) or 0, 0) if f.idx else 0


def _without_later(p: tm.Poly, t: tm.Index, most: int) -> tm.Poly:
    """Without the terms with adjoints more than ``most`` members after t, which are beyond the last one."""

    def inside(f: tm.Factor) -> tm.Factor:
        return tm.Grp(_without_later(f.body, t, most)) if isinstance(f, tm.Grp) else f

    return tuple(
        tm.Term(term.coeff, tuple((inside(f), e) for f, e in term.powers), term.bound)
        for term in p
        if not any(isinstance(f, tm.Ent) and isinstance(f.base, Adj) and _later(f, t) > most for f, _ in term.powers)
    )


def _at_end(p: tm.Poly, t: tm.Index) -> bool:
    """Whether a delta tells the last member from the others."""
    return any(_is_end(f, t) or (isinstance(f, tm.Grp) and _at_end(f.body, t)) for term in p for f, _ in term.powers)


def _is_end(f: tm.Factor, t: tm.Index) -> bool:
    if not isinstance(f, tm.Del) or t not in (f.a, f.b):
        return False
    other = f.b if f.a == t else f.a
    if isinstance(other.dim, int):
        return other.fixed and -other.serial == other.dim
    return isinstance(other, tm.Datum) and other.name == other.dim

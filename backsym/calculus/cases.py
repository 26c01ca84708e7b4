"""The cases of a derivative by the members of a family: where a recursion starts, and how it goes on.

The derivative by h_t mentions that by h_(t+1), which is zero beyond the last member; what the loss takes from the last
member only carries a Kronecker delta of t and T.  This module must not know about the backward pass or display.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backsym.calculus import terms as tm
from backsym.calculus.simplify import collapse, without_delta, zero_outside
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
    used = max(_uses_after(p, t), default=0)
    reach = max((used, *(_later(f, t) for f in _adjoints(p))))
    special = bool(used) or _at_end(p, t)
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
        value = _used_up_to(_without_later(p, t, back), t, back)
        value = value if back == 0 else without_delta(value, (t, end))
        place = shifted(((top, 1),), -back, letter.dim)
        found.append(Some(run(place, place), here, collapse(tm.sub_poly(value, {t: here}))))
    first = shifted(((top, 1),), -max(reach, 1), letter.dim)
    rest = without_delta(_used_up_to(p, t, max(reach, 1)), (t, end))
    return (*found, Some(run(first, one), t, collapse(rest)))


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


def _picked_after(term: tm.Term, t: tm.Index) -> tuple[tm.Factor, tm.Index, int] | None:
    """The delta of t and a summed member so many before a later one, of a loss that uses h_(t-1); None without one."""
    for f, _ in term.powers:
        if isinstance(f, tm.Del) and t in (f.a, f.b):
            other = f.b if f.a == t else f.a
            for s in term.bound:
                back = tm.steps_after(other, s)
                if back is not None and back < 0 and s.dim == t.dim:
                    return f, s, -back
    return None


def _used_after(term: tm.Term, t: tm.Index) -> int:
    """How far after t the last member is with which the loss uses it, so that the term is zero where there is none."""
    found = _picked_after(term, t)
    if found is not None:
        return found[2]
    if any(_later(f, t) for f in _adjoints((term,))):
        return 0
    slots = {i for f, _ in term.powers if isinstance(f, tm.Ent) for i in f.idx if i.dim == t.dim}
    return max((after for i in slots if (after := tm.steps_after(i, t) or 0) > 0 and zero_outside(term, i)), default=0)


def _uses_after(p: tm.Poly, t: tm.Index) -> Iterator[int]:
    for term in p:
        yield _used_after(term, t)
        passed_back = any(isinstance(f, tm.Ent) and isinstance(f.base, Adj) and _later(f, t) for f, _ in term.powers)
        for f, _ in term.powers:
            if isinstance(f, tm.Grp) and not passed_back:
                yield from _uses_after(f.body, t)


def _used_up_to(p: tm.Poly, t: tm.Index, most: int) -> tm.Poly:
    """What is used with no more than ``most`` members after t, with the sums worked out that a delta picks from."""
    out: list[tm.Term] = []
    for term in p:
        if _used_after(term, t) > most:
            continue
        found = _picked_after(term, t)
        powers = tuple(
            (tm.Grp(_used_up_to(f.body, t, most)) if isinstance(f, tm.Grp) else f, e)
            for f, e in term.powers
            if found is None or f is not found[0]
        )
        bound = tuple(b for b in term.bound if found is None or b != found[1])
        kept = tm.Term(term.coeff, powers, bound)
        out.append(kept if found is None else tm.sub_term(kept, {found[1]: tm.affine(((t, 1),), found[2], t.dim)}))
    return tuple(out)


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

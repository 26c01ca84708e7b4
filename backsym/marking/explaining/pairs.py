"""Pairs of repairs, the last resort: found from the values of single ones, without trying any pair.

Two changes in different terms add up, two in different factors multiply; so it is enough to look for two single repairs
whose changes add up to the whole difference, or multiply to the whole quotient.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from backsym.marking.explaining.drafts import Draft
from backsym.marking.explaining.places import replaced
from backsym.marking.explaining.screening import CLOSE
from backsym.marking.explaining.search import Block, Repair, Search, by_size
from backsym.marking.explaining.whole_answers import scaled, up_to_a_factor
from backsym.numeric.axes import Array

MAX_PAIRED = 700
"""Single repairs that are tried in pairs."""

MAX_ALIKE = 12
"""Repairs of one value that are tried as partners of another."""

MAX_OFFERED = 6
"""Pairs that the judge is asked about, the smallest first."""

Origin = tuple[Block, int]
"""One of the values of a block."""

Traits = tuple[int, str, float]

_APART = frozenset(
    "missing_factor missing_divisor missing_term extra_term extra_factor complement missing_square missing_function "
    "missing_application extra_function inverted".split()
)
"""Two repairs of these kinds together would rewrite an answer, not explain it."""


def pairs(search: Search) -> Iterator[Repair]:
    """Two repairs: one and a constant factor; two that add up to the difference, or multiply to the quotient."""
    if not search.blocks:
        return
    rows = np.concatenate([block.rows for block in search.blocks])[:MAX_PAIRED]
    origin = [(block, n) for block in search.blocks for n in range(len(block.rows))][: len(rows)]
    found = [*_with_a_factor(search, rows, origin), *_two(search, rows, origin)]
    yield from by_size(found)[:MAX_OFFERED]


def _with_a_factor(search: Search, rows: Array, origin: Sequence[Origin]) -> Iterator[Repair]:
    """A repair, and a constant factor or the sign of the whole."""
    sizes = np.einsum("nm,nm->n", rows, rows)
    ratios = (rows @ search.truth.flat) / np.where(sizes > 0.0, sizes, np.nan)
    gaps = np.abs(ratios[:, None] * rows - search.truth.flat).max(axis=1)
    near = np.flatnonzero(gaps <= CLOSE * search.truth.size)
    known = np.sort(search.subject.ratios[0])
    sizes = np.abs(ratios[near])
    at = np.clip(np.searchsorted(known, sizes), 1, len(known) - 1)
    off = np.minimum(np.abs(known[at] - sizes), np.abs(known[at - 1] - sizes))
    for n in near[off <= CLOSE * sizes].tolist()[:24]:
        block, number = origin[n]
        if block.traits(number)[1] == "sign_whole":
            continue
        for c in up_to_a_factor(search, rows[n]):
            first = search.repair(block.draft(number))
            yield scaled(search, c, first.expr, first.expr, first)


def _two(search: Search, rows: Array, origin: Sequence[Origin]) -> Iterator[Repair]:
    """Two repairs whose changes add up to the whole difference, or multiply to the whole quotient."""
    if search.base is None:
        return
    base, true = search.base, search.truth.flat
    weights = 1.0 + (0.37 * np.arange(len(true))) % 1.0
    change = (rows - base) @ weights
    wanted = np.broadcast_to((true - base) @ weights, change.shape)
    near = _meeting(change, wanted - change, CLOSE * (np.abs(true).sum() + float(np.abs(wanted[0]))))
    at = int(np.argmax(np.abs(base)))
    ratio, quotient = rows[:, at] / base[at], true[at] / base[at]
    near |= _meeting(ratio, quotient / ratio, CLOSE * np.abs(quotient / ratio))
    traits = {n: origin[n][0].traits(origin[n][1]) for pair in near for n in pair}
    chosen = [pair for pair in near if _together(search, traits[pair[0]], traits[pair[1]])]
    chosen.sort(key=lambda pair: (traits[pair[0]][2] + traits[pair[1]][2], pair))
    right = 0
    for a, b in chosen[:100]:
        if right == MAX_OFFERED:
            return
        multiplied = np.where(base != 0.0, rows[a] * rows[b] / base, true)
        for both in (rows[a] + rows[b] - base, multiplied):
            if np.abs(both - true).max() <= CLOSE * search.truth.size:
                right += 1
                yield _both(search, origin[a][0].draft(origin[a][1]), origin[b][0].draft(origin[b][1]))
                break


def _meeting(values: Array, partners: Array, tolerance: Array | float) -> set[tuple[int, int]]:
    """The pairs a < b where the value of one is the partner that the other needs; at most a few of each."""
    order = np.argsort(values)
    ranked = values[order]
    first = np.searchsorted(ranked, partners - tolerance)
    last = np.searchsorted(ranked, partners + tolerance, side="right")
    found: set[tuple[int, int]] = set()
    for a in np.flatnonzero((last > first) & np.isfinite(partners)).tolist():
        for b in order[first[a] : min(last[a], first[a] + MAX_ALIKE)].tolist():
            if a != b:
                found.add((min(a, b), max(a, b)))
    return found


def _together(search: Search, a: Traits, b: Traits) -> bool:
    """Whether two repairs are at places of which none contains the other, and do not rewrite the answer."""
    first, second = a[0], b[0]
    if first < 0 or second < 0 or first == second or (a[1] in _APART and b[1] in _APART):
        return False
    return second not in search.above(first) and first not in search.above(second)


def _both(search: Search, a: Draft, b: Draft) -> Repair:
    first, second = search.repair(a), search.repair(b)
    expr = replaced(search.places, {a.place: first.new, b.place: second.new})
    return replace(first, size=a.cost + b.cost + 0.3, expr=expr, second=replace(second, expr=expr))

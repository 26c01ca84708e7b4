"""Pairs of repairs, the last resort: found from the values of single ones, without trying any pair.

Two changes in different terms add up, two in different factors multiply; so it is enough to look for two single repairs
whose changes add up to the whole difference, or multiply to the whole quotient.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from backsym.core.expr import Expr
from backsym.marking.explaining.drafts import Draft
from backsym.marking.explaining.places import replaced
from backsym.marking.explaining.screening import CLOSE
from backsym.marking.explaining.search import Block, Repair, Search
from backsym.marking.explaining.whole_answers import scale, scaled, up_to_a_factor
from backsym.numeric.axes import Array

MAX_PAIRED = 700
"""Single repairs that are tried in pairs."""

MAX_ALIKE = 12
"""Repairs of one value that are tried as partners of another."""

MAX_COMPARED = 100
"""Pairs that come into question and are looked at entry by entry, the smallest first."""

MAX_OFFERED = 6
"""Pairs that the judge is asked about, the smallest first."""

Traits = tuple[int, str, float]
"""Place, kind and cost of a change."""

_APART = frozenset(
    "missing_factor missing_divisor missing_term extra_term extra_factor complement missing_square missing_function "
    "missing_application extra_function inverted".split()
)
"""Two repairs of these kinds together would rewrite an answer, not explain it."""


@dataclass(frozen=True)
class Offer:
    """A repair that is made when the judge is asked about it; most are not."""

    size: float
    make: Callable[[], Repair]


@dataclass(frozen=True)
class _Singles:
    """The values of the answer with one change each, one below the other, and what the changes are."""

    rows: Array
    blocks: Sequence[Block]
    starts: Array
    """The first row of each block."""

    @staticmethod
    def of(search: Search) -> _Singles:
        rows = np.concatenate([block.rows for block in search.blocks])[:MAX_PAIRED]
        return _Singles(rows, search.blocks, np.cumsum([0, *(len(block.rows) for block in search.blocks[:-1])]))

    def _at(self, n: int) -> tuple[Block, int]:
        block = int(np.searchsorted(self.starts, n, side="right")) - 1
        return self.blocks[block], n - int(self.starts[block])

    def draft(self, n: int) -> Draft:
        block, number = self._at(n)
        return block.draft(number)

    def kind(self, n: int) -> str:
        block, number = self._at(n)
        return block.traits(number)[1]

    def traits(self) -> tuple[Array, Array, Array]:
        """The place of each change, whether it is one of those of which one is enough, and its cost."""
        found: list[Traits] = []
        for block in self.blocks:
            if len(found) >= len(self.rows):
                break
            bulk = block.changes.bulk is not None
            found += [block.traits(0)] * len(block.rows) if bulk else map(block.traits, range(len(block.rows)))
        places, kinds, costs = zip(*found[: len(self.rows)], strict=True)
        return np.asarray(places), np.asarray([kind in _APART for kind in kinds]), np.asarray(costs)


def pairs(search: Search) -> list[Offer]:
    """Two repairs: one and a constant factor; two that add up to the difference, or multiply to the quotient."""
    if not any(len(block.rows) for block in search.blocks):
        return []
    singles = _Singles.of(search)
    found = [*_with_a_factor(search, singles), *_two(search, singles)]
    return sorted(found, key=lambda offer: offer.size)[:MAX_OFFERED]


def _with_a_factor(search: Search, singles: _Singles) -> Iterator[Offer]:
    """A repair, and a constant factor or the sign of the whole."""
    rows = singles.rows
    sizes = np.einsum("nm,nm->n", rows, rows)
    ratios = (rows @ search.truth.flat) / np.where(sizes > 0.0, sizes, np.nan)
    gaps = np.abs(ratios[:, None] * rows - search.truth.flat).max(axis=1)
    near = np.flatnonzero(gaps <= CLOSE * search.truth.size)
    known = np.sort(search.subject.ratios[0])
    sizes = np.abs(ratios[near])
    at = np.clip(np.searchsorted(known, sizes), 1, len(known) - 1)
    off = np.minimum(np.abs(known[at] - sizes), np.abs(known[at - 1] - sizes))
    for n in near[off <= CLOSE * sizes].tolist()[:24]:
        if singles.kind(n) == "sign_whole":
            continue
        for c in up_to_a_factor(search, rows[n]):
            draft = singles.draft(n)
            yield Offer(search.size(draft) + scale(c) + 0.3, partial(_scaled, search, draft, c))


def _scaled(search: Search, draft: Draft, c: Expr) -> Repair:
    first = search.repair(draft)
    return scaled(search, c, first.expr, first.expr, first)


def _two(search: Search, singles: _Singles) -> Iterator[Offer]:
    """Two repairs whose changes add up to the whole difference, or multiply to the whole quotient."""
    if search.base is None:
        return
    base, true, rows = search.base, search.truth.flat, singles.rows
    weights = 1.0 + (0.37 * np.arange(len(true))) % 1.0
    change = (rows - base) @ weights
    wanted = np.broadcast_to((true - base) @ weights, change.shape)
    added = _meeting(change, wanted - change, CLOSE * (np.abs(true).sum() + float(np.abs(wanted[0]))))
    at = int(np.argmax(np.abs(base)))
    ratio, quotient = rows[:, at] / base[at], true[at] / base[at]
    multiplied = _meeting(ratio, quotient / ratio, CLOSE * np.abs(quotient / ratio))
    near = np.unique(np.concatenate([added, multiplied]))
    if not len(near):
        return
    first, second = near // len(rows), near % len(rows)
    places, apart, costs = singles.traits()
    together = ~_related(search, places[first], places[second]) & ~(apart[first] & apart[second])
    first, second = first[together], second[together]
    chosen = np.lexsort((second, first, costs[first] + costs[second]))[:MAX_COMPARED]
    a, b = first[chosen], second[chosen]
    products = np.where(base != 0.0, rows[a] * rows[b] / base, true)
    gaps = [np.abs(both - true).max(axis=1) for both in (rows[a] + rows[b] - base, products)]
    right = np.flatnonzero((gaps[0] <= CLOSE * search.truth.size) | (gaps[1] <= CLOSE * search.truth.size))
    for n in right[:MAX_OFFERED].tolist():
        drafts = singles.draft(int(a[n])), singles.draft(int(b[n]))
        yield Offer(drafts[0].cost + drafts[1].cost + 0.3, partial(_both, search, *drafts))


def _meeting(values: Array, partners: Array, tolerance: Array | float) -> Array:
    """The pairs a < b where the value of one is the partner that the other needs, as a n + b; at most a few of each."""
    order = np.argsort(values)
    ranked = values[order]
    first = np.searchsorted(ranked, partners - tolerance)
    last = np.searchsorted(ranked, partners + tolerance, side="right")
    counts = np.where(np.isfinite(partners), np.clip(last - first, 0, MAX_ALIKE), 0)
    a = np.repeat(np.arange(len(values)), counts)
    b = order[np.arange(len(a)) - np.repeat(np.cumsum(counts) - counts, counts) + first[a]]
    apart = a != b
    found: Array = np.minimum(a[apart], b[apart]) * len(values) + np.maximum(a[apart], b[apart])
    return found


def _related(search: Search, first: Array, second: Array) -> Array:
    """Whether one place of two is the other or contains it."""
    within = np.eye(len(search.places), dtype=bool)
    for number in np.unique(np.concatenate([first, second])).tolist():
        within[number, list(search.above(number))] = True
    return np.asarray(within[first, second] | within[second, first])


def _both(search: Search, a: Draft, b: Draft) -> Repair:
    first, second = search.repair(a), search.repair(b)
    expr = replaced(search.places, {a.place: first.new, b.place: second.new})
    return replace(first, size=a.cost + b.cost + 0.3, expr=expr, second=replace(second, expr=expr))

"""The order within the columns: few crossings, by medians and exchanges, from the author's order, one by barycentres
and shuffled ones.

The shuffles come from a generator with a fixed seed, so that the same graph always gets the same drawing.

This module must not know what the slots stand for or how they look.
"""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, pairwise

from backsym.graphs.ranks import moved, ranks
from backsym.graphs.slots import Order, Slots, slots

STARTS = 30
PROBE_STARTS = 4
PROBES = 80
ROUNDS = 10
BARYCENTRES = 3
"""How often the columns are ordered by barycentres, there and back."""

MANY = 6
"""So many crossings are worth a walk through other ranks."""

WALK = 40
KEPT = 6


@lru_cache(maxsize=8)
def arranged_slots(names: tuple[str, ...], edges: tuple[tuple[str, str], ...]) -> tuple[Slots, ...]:
    """The slots of each connected part, in columns that make the edges short and, before that, cross little.

    A page may draw one graph twice, with and without labels, which do not count here.
    """
    rank = dict(ranks(names, edges))
    parts = slots(rank, edges)
    fewest = _total(parts, STARTS)
    probes = 0
    improved = True
    while improved and fewest:
        improved = False
        for other in moved(rank, edges):
            probes += 1
            if probes > PROBES:
                break
            candidate = slots(other, edges)
            count = _total(candidate, PROBE_STARTS)
            if count < fewest:
                rank, parts, fewest, improved = other, candidate, count, True
                break
    return _wandered(rank, parts, fewest, edges) if fewest > MANY else parts


def _wandered(
    rank: dict[str, int], parts: tuple[Slots, ...], fewest: int, edges: Sequence[tuple[str, str]]
) -> tuple[Slots, ...]:
    """A walk through other ranks, now and then to worse ones, because single better steps end in a poor place.

    Of the ranks with fewest crossings, those with short edges are taken: on the way, vertices may have gone far.
    """
    chance = random.Random(0)
    here, count = rank, fewest
    for _ in range(WALK):
        others = list(moved(here, edges))
        if not others:
            break
        other = chance.choice(others)
        candidate = slots(other, edges)
        found = _total(candidate, PROBE_STARTS)
        if found <= count + (chance.random() < 0.2):
            here, count = other, found
        if (found, _length(other, edges)) < (fewest, _length(rank, edges)):
            rank, parts, fewest = other, candidate, found
    return _shortened(rank, parts, edges)


def _shortened(rank: dict[str, int], parts: tuple[Slots, ...], edges: Sequence[tuple[str, str]]) -> tuple[Slots, ...]:
    """Single vertices move back to where their edges are shorter, where that makes no crossing."""
    fewest = _total(parts, STARTS)
    improved = True
    while improved:
        improved = False
        for other in moved(rank, edges):
            if _length(other, edges) >= _length(rank, edges):
                continue
            candidate = slots(other, edges)
            count = _total(candidate, STARTS)
            if count <= fewest:
                rank, parts, fewest, improved = other, candidate, count, True
                break
    return parts


def _length(rank: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> int:
    return sum(rank[target] - rank[source] for source, target in edges)


def _total(parts: Sequence[Slots], starts: int) -> int:
    return sum(crossings(part, orders(part, starts)[0]) for part in parts)


def crossings(slots: Slots, order: Order) -> int:
    """How many pairs of edges cross between neighbouring columns."""
    position = _positions(order)
    total = 0
    for column in order[:-1]:
        seen: list[int] = []
        for slot in column:
            ends = sorted([position[r] for r in slots.right[slot]])
            for end in ends:
                total += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
    return total


def crossed_edges(slots: Slots, order: Order) -> int:
    """How many pairs of edges without a common end cross; those with one may be drawn apart."""
    position = _positions(order)
    edge_of = {piece: pair for pair, chain in slots.chains.items() for piece in pairwise(chain)}
    crossed: set[frozenset[tuple[str, str]]] = set()
    for column in order[:-1]:
        pieces = [(a, b) for a in column for b in slots.right[a]]
        for (a, b), (c, d) in combinations(pieces, 2):
            if (position[a] - position[c]) * (position[b] - position[d]) < 0:
                one, other = edge_of[a, b], edge_of[c, d]
                if not {*one} & {*other}:
                    crossed.add(frozenset((one, other)))
    return len(crossed)


@lru_cache(maxsize=8)
def orders(slots: Slots, starts: int = STARTS) -> list[Order]:
    """The best orders that were found, all with the same number of crossings, in the order in which they were found."""
    chance = random.Random(0)
    found: list[Order] = []
    tried: set[tuple[tuple[int, ...], ...]] = set()
    fewest: int | None = None
    for start in range(starts):
        order = [list(column) for column in slots.columns]
        if start == 1:
            _by_barycentres(slots, order)
        if start > 1:
            for column in order:
                chance.shuffle(column)
        begun = tuple(map(tuple, order))
        if begun in tried:
            continue
        tried.add(begun)
        count = _improve(slots, order)
        if fewest is None or count < fewest:
            fewest, found = count, []
        if count == fewest and order not in found and len(found) < KEPT:
            found.append(order)
        if len(found) == KEPT and fewest == 0:
            break
    return found


def _improve(slots: Slots, order: Order) -> int:
    """Sweep and exchange in place until nothing is gained; the number of crossings that are left."""
    best = crossings(slots, order)
    kept = [list(column) for column in order]
    seen: set[tuple[bool, tuple[tuple[int, ...], ...]]] = set()
    for sweep in range(ROUNDS):
        state = (sweep % 2 == 0, tuple(map(tuple, order)))
        if best == 0 or state in seen:
            break
        seen.add(state)
        _by_medians(slots, order, forward=sweep % 2 == 0)
        _exchange(slots, order)
        count = crossings(slots, order)
        if count < best:
            best, kept = count, [list(column) for column in order]
    for column, good in zip(order, kept, strict=True):
        column[:] = good
    return best


def _by_medians(slots: Slots, order: Order, *, forward: bool) -> None:
    """Order each column by the medians of its neighbours in the column before (after); others keep their places."""
    beside = slots.left if forward else slots.right
    columns = range(1, len(order)) if forward else range(len(order) - 2, -1, -1)
    for at in columns:
        position = {slot: n for n, slot in enumerate(order[at - 1 if forward else at + 1])}
        column = order[at]
        wanted = {slot: _median([position[b] for b in beside[slot]]) for slot in column if beside[slot]}
        movable = iter(sorted(wanted, key=lambda slot: wanted[slot]))
        order[at] = [next(movable) if slot in wanted else slot for slot in column]


def _by_barycentres(slots: Slots, order: Order) -> None:
    """Order each column by the means of its neighbours' places, there and back; all columns count as equally high."""
    there, back = (slots.left, range(1, len(order))), (slots.right, range(len(order) - 2, -1, -1))
    for beside, columns in (there, back) * BARYCENTRES:
        for at in columns:
            near = order[at - 1 if beside is slots.left else at + 1]
            place = {slot: (n + 0.5) / len(near) for n, slot in enumerate(near)}
            wanted = {slot: (n + 0.5) / len(order[at]) for n, slot in enumerate(order[at])}
            for slot in order[at]:
                if beside[slot]:
                    wanted[slot] = sum(place[b] for b in beside[slot]) / len(beside[slot])
            order[at].sort(key=wanted.__getitem__)


def _median(numbers: Sequence[float]) -> float:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _exchange(slots: Slots, order: Order) -> None:
    """Move slots to any other place of their column as long as that saves crossings.

    A column is looked at again only when it, or one beside it, has changed.
    """
    position = _positions(order)
    settled = [False] * len(order)
    while not all(settled):
        for at, column in enumerate(order):
            if settled[at]:
                continue
            settled[at] = True
            savings = _savings(slots, column, position)
            for slot in list(column):
                place, gain = _best_place(column, slot, savings[slot])
                if gain > 0:
                    column.remove(slot)
                    column.insert(place, slot)
                    for n, other in enumerate(column):
                        position[other] = n
                    for near in range(max(at - 1, 0), min(at + 2, len(order))):
                        settled[near] = False


def _best_place(column: list[int], slot: int, saved: Mapping[int, int]) -> tuple[int, int]:
    """Where in its column a slot saves most crossings, and how many, passing one neighbour after another.

    ``saved`` is what is saved if the slot goes below another that was below it.
    """
    here = column.index(slot)
    best, place = 0, here
    gain = 0
    for at in range(here - 1, -1, -1):
        gain -= saved[column[at]]
        if gain > best:
            best, place = gain, at
    gain = 0
    for at in range(here + 1, len(column)):
        gain += saved[column[at]]
        if gain > best:
            best, place = gain, at
    return place, best


def _savings(slots: Slots, column: Sequence[int], position: Sequence[int]) -> dict[int, dict[int, int]]:
    """For each slot and each other of its column what is saved if the first, above the other, changes places with it.

    The other way round it is lost, so that each pair is counted once: the crossings of edges to the column before and
    of those to the column behind, fewer those there would be.
    """
    ends = [[[position[b] for b in beside[slot]] for beside in (slots.left, slots.right)] for slot in column]
    table: dict[int, dict[int, int]] = {slot: {} for slot in column}
    for at, upper in enumerate(column):
        row, (before, behind) = table[upper], ends[at]
        for further in range(at + 1, len(column)):
            lower, (others, behind_others) = column[further], ends[further]
            saved = 0
            for here in before:
                for end in others:
                    saved += (here > end) - (here < end)
            for here in behind:
                for end in behind_others:
                    saved += (here > end) - (here < end)
            row[lower], table[lower][upper] = saved, -saved
    return table


def _positions(order: Order) -> list[int]:
    """By slot, the place in its column."""
    positions = [0] * sum(map(len, order))
    for column in order:
        for n, slot in enumerate(column):
            positions[slot] = n
    return positions


def moves(slots: Slots, order: Order) -> Iterator[Order]:
    """The orders in which one slot stands elsewhere in its column and that have no more crossings; near moves first."""
    position = _positions(order)
    found: list[tuple[int, int, int, int]] = []
    for number, column in enumerate(order):
        savings = _savings(slots, column, position)
        for here, slot in enumerate(column):
            for step in (-1, 1):
                more, at = 0, here + step
                while 0 <= at < len(column):
                    more -= step * savings[slot][column[at]]
                    if more <= 0:
                        found.append((abs(at - here), number, here, at))
                    at += step
    for _, number, here, at in sorted(found):
        other = [list(column) for column in order]
        other[number].insert(at, other[number].pop(here))
        yield other

"""The heights of the slots: edges as level as the order and the room between slots allow.

Each column in turn takes the heights that its neighbours would like best (a least-squares fit that keeps the order and
the distances), back and forth.  Chains of computed quantities pull harder than leaves, so that they run straight.

This module must not know what the slots stand for or how they look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import accumulate, combinations, pairwise

from backsym.graphs.alignment import first_heights
from backsym.graphs.levelling import levelled, slope
from backsym.graphs.ordering import crossed_edges, moves, orders
from backsym.graphs.slots import Order, Slots

Pull = Callable[[int, int], float]
"""How hard an edge from one slot to another pulls to be level."""

Distance = Callable[[int, int], float]
"""What two slots of a column must keep between their middles, the first above the second."""

SWEEPS = 8
FINAL_SWEEPS = 24
FIXED = 1e9
FIRST_GAP = 0.2
"""What slots keep from one another in their first heights."""

WORTH = 20.0
"""The least pull for which a path is made level."""
BELOW = 8.0
"""What a slot below one that it should stand above costs: more than the rise of its edge over two vertices."""
MOVES = 200
"""How many moves of one slot are tried at most, each of which costs a fit."""
CROSSED = 1000.0
"""What two crossing edges cost: more than any heights."""
EXACT_MOVES = 30
"""How many of the best order are tried at most with exact heights, which take longer."""
EXACT_SLOTS = 60
"""Of more slots, the heights of the sweeps are good enough: exact ones take a time that grows with their cube."""


def best_orders(
    slots: Slots, distance: Distance, extent: Sequence[float], pull: Pull, upper: AbstractSet[int]
) -> list[Order]:
    """Of the orders with fewest crossings those whose edges can be most level, the best first.

    ``extent`` is the room of a slot; ``upper`` are those that should stand above others that lead to the same target,
    which counts more than level edges.  The search starts at the best of the orders found, and at the one that came
    from the author's order; where it ends for each and what it starts from are returned.
    """
    forces = _Forces(slots, distance, pull)
    unlike = _unlike(slots, upper)
    fitted: dict[tuple[tuple[int, ...], ...], list[float]] = {}

    def swept(order: Order) -> list[float]:
        key = tuple(map(tuple, order))  # The best are rated again, with exact heights.
        if key not in fitted:
            fitted[key] = _fitted(forces, order, extent, SWEEPS)
        return fitted[key]

    def rough(order: Order) -> float:
        return slope(swept(order), forces.edges) + unlike(order)

    def exact(order: Order) -> float:
        heights = _exact(forces, order, swept(order))
        return slope(heights, forces.edges) + unlike(order) + CROSSED * crossed_edges(slots, order)

    found = orders(slots)
    mirrored = [[column[::-1] for column in order] for order in found]
    ranked = sorted((rough(order), n, order) for n, order in enumerate([*found, *mirrored]))
    starts = [ranked[0], *(item for item in ranked[1:] if item[1] == 0)]
    reached = [_searched(slots, order, value, rough, MOVES)[1] for value, _, order in starts]
    candidates: list[Order] = []
    for order in (*reached, *(order for _, _, order in ranked)):
        if order not in candidates:
            candidates.append(order)
    rated = sorted((exact(order), n, order) for n, order in enumerate(candidates))
    best = _searched(slots, rated[0][2], rated[0][0], exact, EXACT_MOVES)[1]
    return [best, *(order for _, _, order in rated if order != best)]


def _searched(
    slots: Slots, order: Order, value: float, cost: Callable[[Order], float], most: int
) -> tuple[float, Order]:
    """Move single slots as long as that makes edges more level; the cost that is reached, and its order."""
    known: set[tuple[tuple[int, ...], ...]] = set()
    improved = True
    while improved:
        improved = False
        for other in moves(slots, order):
            key = tuple(map(tuple, other))
            if key in known:
                continue
            if len(known) >= most:
                break
            known.add(key)
            reached = cost(other)
            if reached < value - 1e-6:
                order, value, improved = other, reached, True
                break
    return value, order


def heights_of(slots: Slots, order: Order, distance: Distance, extent: Sequence[float], pull: Pull) -> list[float]:
    """The height of each slot, downward from 0.

    Paths that pull hardest are made level where their neighbours leave room, and then stay where they are.
    """
    forces = _Forces(slots, distance, pull)
    heights = _fitted(forces, order, extent, FINAL_SWEEPS)
    fixed: dict[int, float] = {}
    for path in _paths(slots, pull):
        level = _level(path, order, distance, heights, fixed)
        if level is not None:
            fixed.update(dict.fromkeys(path, level))
            _sweep(forces, order, heights, fixed)
    for _ in range(FINAL_SWEEPS):
        before = list(heights)
        _sweep(forces, order, heights, fixed)
        if heights == before:
            break
    heights = _exact(forces, order, heights)
    top = min(heights)
    return [height - top for height in heights]


class _Forces:
    """What the sweeps need again and again: the neighbours of each slot, how hard they pull, and what slots keep."""

    def __init__(self, slots: Slots, distance: Distance, pull: Pull):
        self.slots = slots
        self.near = [
            [(b, pull(b, slot)) for b in left] + [(b, pull(slot, b)) for b in right]
            for slot, (left, right) in enumerate(zip(slots.left, slots.right, strict=True))
        ]
        self.weights = [sum(weight for _, weight in near) or 0.1 for near in self.near]
        self.edges = [(a, b, pull(a, b)) for a, near in enumerate(slots.right) for b in near]
        self.distance = lru_cache(maxsize=None)(distance)


def _unlike(slots: Slots, upper: AbstractSet[int]) -> Callable[[Order], float]:
    """What it costs that slots stand the wrong way round; a little for each pair that is against the author's order."""
    pairs = [(a, b) for near in slots.left for a in near if a in upper for b in near if b not in upper]

    def cost(order: Order) -> float:
        place = {slot: n for column in order for n, slot in enumerate(column)} if pairs else {}
        against = sum([a > b for column in order for a, b in combinations(column, 2)])
        return BELOW * sum([place[a] > place[b] for a, b in pairs]) + 0.1 * against

    return cost


def _exact(forces: _Forces, order: Order, heights: list[float]) -> list[float]:
    if len(heights) > EXACT_SLOTS:
        return heights
    return levelled(heights, order, forces.distance, forces.edges)


def _fitted(forces: _Forces, order: Order, extent: Sequence[float], sweeps: int) -> list[float]:
    """The heights after so many sweeps, to the right and to the left in turn, or when nothing changes any more."""
    heights = first_heights(forces.slots, order, lambda a, b: (extent[a] + extent[b]) / 2 + FIRST_GAP)
    # A column gets other heights only if those in a column beside it have changed since it was fitted last.
    waiting = [True] * len(order)
    there = range(len(order))
    for sweep in range(sweeps):
        for at in there if sweep % 2 == 0 else there[::-1]:
            if waiting[at]:
                waiting[at] = False
                if _settle(forces, order[at], heights, {}):
                    for beside in {at - 1, at + 1}.intersection(there):
                        waiting[beside] = True
        if not any(waiting):
            break
    return heights


def _sweep(forces: _Forces, columns: Order, heights: list[float], fixed: Mapping[int, float]) -> None:
    """Give the slots of each column in turn the heights that their neighbours would like best; fixed ones stay."""
    for column in columns:
        _settle(forces, column, heights, fixed)


def _settle(forces: _Forces, column: Sequence[int], heights: list[float], fixed: Mapping[int, float]) -> bool:
    """Give the slots of a column the heights that their neighbours would like best; whether that changed any."""
    wanted = [_wanted(forces.near[slot], heights, heights[slot]) for slot in column]
    weights = [forces.weights[slot] for slot in column]
    for at, slot in enumerate(column) if fixed else ():
        if slot in fixed:
            wanted[at], weights[at] = fixed[slot], FIXED
    reached = fit(wanted, weights, [forces.distance(a, b) for a, b in pairwise(column)])
    changed = False
    for slot, height in zip(column, reached, strict=True):
        height = fixed.get(slot, height)
        changed = changed or heights[slot] != height
        heights[slot] = height
    return changed


def _wanted(near: Sequence[tuple[int, float]], heights: Sequence[float], here: float) -> float:
    """The height at which the neighbours' pull from above and from below are equal; without any, where it is."""
    if len(near) > 1:
        return _weighted_median([(heights[slot], weight) for slot, weight in near])
    return heights[near[0][0]] if near else here


def _paths(slots: Slots, pull: Pull) -> list[list[int]]:
    """Paths along edges that pull harder than all others at both their ends; the path that pulls hardest comes first.

    Where equals meet there is no path, so that they meet in the middle.
    """
    after: dict[int, int] = {}
    before: dict[int, int] = {}
    for a, beside in enumerate(slots.right):
        for b in beside:
            rivals = [pull(a, other) for other in beside if other != b]
            rivals += [pull(other, b) for other in slots.left[b] if other != a]
            if pull(a, b) >= WORTH and pull(a, b) > max(rivals, default=0.0):
                after[a], before[b] = b, a
    paths = []
    for start in sorted(after.keys() - before.keys()):
        path = [start]
        while path[-1] in after:
            path.append(after[path[-1]])
        paths.append(path)
    return sorted(paths, key=lambda path: (-sum(pull(a, b) for a, b in pairwise(path)), path))


def _level(
    path: Sequence[int], order: Order, distance: Distance, heights: Sequence[float], fixed: Mapping[int, float]
) -> float | None:
    """One height for a whole path, between the fixed slots above and below; None if there is none."""
    low, high = float("-inf"), float("inf")
    for column in order:
        for at in (n for n, slot in enumerate(column) if slot in path):
            room = 0.0
            for upper, lower in zip(column[at - 1 :: -1] if at else [], column[at:0:-1], strict=False):
                room += distance(upper, lower)
                if upper in fixed:
                    low = max(low, fixed[upper] + room)
                    break
            room = 0.0
            for upper, lower in pairwise(column[at:]):
                room += distance(upper, lower)
                if lower in fixed:
                    high = min(high, fixed[lower] - room)
                    break
    if low > high + 1e-9:
        return None
    middle = sorted(heights[slot] for slot in path)[len(path) // 2]
    return min(max(middle, low), high)


def _weighted_median(pairs: list[tuple[float, float]]) -> float:
    """The middle of the heights at which the pull from above and from below are equal."""
    pairs.sort()
    half = sum([weight for _, weight in pairs]) / 2
    total = 0.0
    for at, (height, weight) in enumerate(pairs):
        total += weight
        if total > half + 1e-9:
            return height
        if total > half - 1e-9 and at + 1 < len(pairs):
            return (height + pairs[at + 1][0]) / 2
    return pairs[-1][0]


def fit(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The heights nearest to the wanted ones (least squares) that keep their order and the gaps between neighbours.

    Pool adjacent violators: slots whose wishes clash move as one block to the mean of their wishes.
    """
    if len(wanted) == 1:
        return list(wanted)
    offsets = [0.0, *accumulate(gaps)]
    means: list[float] = []
    pulls: list[float] = []
    counts: list[int] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, count = want - offset, 1
        while means and means[-1] > mean:
            before, harder = means.pop(), pulls.pop()
            mean = (before * harder + mean * weight) / (harder + weight)
            weight += harder
            count += counts.pop()
        means.append(mean)
        pulls.append(weight)
        counts.append(count)
    spread = [mean for mean, count in zip(means, counts, strict=True) for _ in range(count)]
    return [mean + offset for mean, offset in zip(spread, offsets, strict=True)]

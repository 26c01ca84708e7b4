"""The heights of the slots: edges as level as the order and the room between slots allow.

Each column in turn takes the heights that its neighbours would like best (a least-squares fit that keeps the order and
the distances), back and forth.  Chains of computed quantities pull harder than leaves, so that they run straight.

This module must not know what the slots stand for or how they look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from backsym.graphs.ordering import exchanges, orders
from backsym.graphs.sugiyama import Order, Slots

Pull = Callable[[int, int], float]
"""How hard an edge from one slot to another pulls to be level."""

Distance = Callable[[int, int], float]
"""What two slots of a column must keep between their middles, the first above the second."""

SWEEPS = 8
FINAL_SWEEPS = 24
EXCHANGES = 150
"""How many exchanges of neighbours are tried at most, each of which costs a fit."""


def best_order(slots: Slots, distance: Distance, extent: Sequence[float], pull: Pull) -> Order:
    """Of the orders with fewest crossings the one whose edges can be most level; ``extent`` is the room of a slot."""
    costs = [(_cost(slots, order, distance, extent, pull), n, order) for n, order in enumerate(orders(slots))]
    cost, _, best = min(costs)
    tried = 0
    improved = True
    while improved:
        improved = False
        for order in exchanges(slots, best):
            if tried >= EXCHANGES:
                break
            tried += 1
            other = _cost(slots, order, distance, extent, pull)
            if other < cost - 1e-6:
                best, cost, improved = order, other, True
                break
    return best


def heights_of(slots: Slots, order: Order, distance: Distance, extent: Sequence[float], pull: Pull) -> list[float]:
    """The height of each slot, downward from 0."""
    heights = _fitted(slots, order, distance, extent, pull, FINAL_SWEEPS)
    top = min(heights)
    return [height - top for height in heights]


def _cost(slots: Slots, order: Order, distance: Distance, extent: Sequence[float], pull: Pull) -> float:
    """How far the edges are from level; a little for each pair that stands against the author's order."""
    heights = _fitted(slots, order, distance, extent, pull, SWEEPS)
    slope = sum(pull(a, b) * abs(heights[a] - heights[b]) for a, near in enumerate(slots.right) for b in near)
    against = sum(a > b for column in order for n, a in enumerate(column) for b in column[n + 1 :])
    return slope + 0.05 * against


def _fitted(
    slots: Slots,
    order: Order,
    distance: Distance,
    extent: Sequence[float],
    pull: Pull,
    sweeps: int,
) -> list[float]:
    heights = slots.heights(order, extent, 0.2)
    for sweep in range(sweeps):
        columns = order if sweep % 2 == 0 else order[::-1]
        for column in columns:
            wanted, weights = [], []
            for slot in column:
                near = [(heights[b], pull(b, slot)) for b in slots.left[slot]]
                near += [(heights[b], pull(slot, b)) for b in slots.right[slot]]
                wanted.append(_weighted_median(near) if near else heights[slot])
                weights.append(sum(weight for _, weight in near) or 0.1)
            gaps = [distance(a, b) for a, b in pairwise(column)]
            for slot, height in zip(column, fit(wanted, weights, gaps), strict=True):
                heights[slot] = height
    return heights


def _weighted_median(pairs: Sequence[tuple[float, float]]) -> float:
    """The middle of the heights at which the pull from above and from below are equal."""
    ordered = sorted(pairs)
    half = sum(weight for _, weight in ordered) / 2
    total = 0.0
    for at, (height, weight) in enumerate(ordered):
        total += weight
        if abs(total - half) < 1e-9 and at + 1 < len(ordered):
            return (height + ordered[at + 1][0]) / 2
        if total > half:
            return height
    return ordered[-1][0]


def fit(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The heights nearest to the wanted ones (least squares) that keep their order and the gaps between neighbours.

    Pool adjacent violators: slots whose wishes clash move as one block to the mean of their wishes.
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        blocks.append((want - offset, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (m1, w1, n1), (m2, w2, n2) = blocks[-2:]
            blocks[-2:] = [((m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2)]
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]

"""First heights of slots: each is level with the middle one of its neighbours, as far as the order leaves room.

The method of Brandes and Koepf (Fast and Simple Horizontal Coordinate Assignment, 2002): slots that are level make a
block, the blocks are packed, and the means of the middle two of the four ways to do it (from the left and from the
right, from the top and from the bottom) are taken.  It is turned by a right angle, since our columns stand upright.

This module must not know what the slots stand for or how they look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from backsym.graphs.slots import Order, Slots

Keep = Callable[[int, int], float]
"""What two neighbours in a column keep between their middles at least."""


def first_heights(slots: Slots, order: Order, keep: Keep) -> list[float]:
    """The height of each slot, downward, from anywhere."""
    crossed = _crossed(slots, order)
    ways: list[list[float]] = []
    for beside, columns in ((slots.left, order), (slots.right, order[::-1])):
        for sign in (1, -1):
            turned = [column[::sign] for column in columns]
            blocks = _blocks(beside, turned, crossed)
            ways.append([sign * height for height in _packed(blocks, turned, keep)])
    return [sum(sorted(heights)[1:3]) / 2 for heights in zip(*ways, strict=True)]


def _crossed(slots: Slots, order: Order) -> frozenset[tuple[int, int]]:
    """The pieces of edges, both ways, that cross a piece between two passed columns: they must give way to it."""
    found: set[tuple[int, int]] = set()
    for before, behind in pairwise(order):
        place = {slot: n for column in (before, behind) for n, slot in enumerate(column)}
        pieces = [(a, b) for a in before for b in slots.right[a]]
        long = [(a, b) for a, b in pieces if slots.vertex[a] is None and slots.vertex[b] is None]
        for a, b in pieces:
            if any((place[a] - place[c]) * (place[b] - place[d]) < 0 for c, d in long):
                found |= {(a, b), (b, a)}
    return frozenset(found)


def _blocks(beside: Sequence[Sequence[int]], columns: Order, crossed: frozenset[tuple[int, int]]) -> list[list[int]]:
    """For each slot the block that it belongs to: itself, and all that are to be level with it."""
    blocks = [[slot] for slot in range(len(beside))]
    for before, column in pairwise(columns):
        place = {slot: n for n, slot in enumerate(before)}
        last = -1
        for slot in column:
            near = sorted(beside[slot], key=place.__getitem__)
            middle = near[(len(near) - 1) // 2 : len(near) // 2 + 1]
            for other in middle:
                if (other, slot) not in crossed and place[other] > last:
                    blocks[other].append(slot)
                    blocks[slot] = blocks[other]
                    last = place[other]
                    break
    return blocks


def _packed(blocks: Sequence[list[int]], columns: Order, keep: Keep) -> list[float]:
    """The heights if each block is as high as the blocks above it allow.

    Blocks that rest on one and the same topmost block are a class; a class then moves down to the classes below it.
    """
    above = {slot: upper for column in columns for upper, slot in pairwise(column)}
    height: dict[int, float] = {}
    lead: dict[int, int] = {}
    move: dict[int, float] = {}
    for root in _downward(blocks, columns, above):
        height[root] = 0.0
        for slot in blocks[root]:
            if slot not in above:
                continue
            upper = blocks[above[slot]][0]
            lead.setdefault(root, lead[upper])
            low = height[upper] + keep(above[slot], slot)
            if lead[root] == lead[upper]:
                height[root] = max(height[root], low)
            else:
                move[lead[upper]] = min(move.get(lead[upper], float("inf")), height[root] - low)
        lead.setdefault(root, root)
    return [height[block[0]] + move.get(lead[block[0]], 0.0) for block in blocks]


def _downward(blocks: Sequence[list[int]], columns: Order, above: dict[int, int]) -> list[int]:
    """The first slots of the blocks, each behind those of the blocks above it."""
    done: dict[int, None] = {}
    for column in columns:
        for slot in column:
            waiting = [blocks[slot][0]]
            while waiting:
                root = waiting[-1]
                uppers = (blocks[above[s]][0] for s in blocks[root] if s in above)
                missing = next((upper for upper in uppers if upper not in done), None)
                if missing is None:
                    done.setdefault(waiting.pop())
                else:
                    waiting.append(missing)
    return list(done)

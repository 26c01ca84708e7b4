"""Which vertices gain most by moving together: the closure of greatest weight, found as a minimum cut.

Both the columns of vertices and the heights of slots are found by moving such sets until none gains; that reaches the
minimum, since what is made small is L-convex (Murota, Discrete Convex Analysis, 2003).

This module must not know what moves, nor where to.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)

NOTHING = 1e-9
"""Less room than this is none: what is left when equal numbers are taken from one another."""


def gaining(gain: Mapping[Item, float], ties: Iterable[tuple[Item, Item, float]]) -> list[Item]:
    """The items whose common move gains most, in the order of ``gain``; none if nothing gains.

    A tie ``(a, b, cost)`` costs so much if a moves and b does not.
    """
    start = object()
    room: dict[object, dict[object, float]] = {start: {}, **{item: {} for item in gain}}
    for item, value in gain.items():
        if value > 0:
            room[start][item] = value
    for a, b, cost in ties:
        room[a][b] = room[a].get(b, 0.0) + cost
        room[b].setdefault(a, 0.0)
    spare: dict[object, float] = {item: -value for item, value in gain.items() if value < 0}
    while True:
        came, end = _reached(room, start, spare)
        if end is None:
            return [item for item in gain if item in came]
        path = [end]
        while path[-1] is not start:
            path.append(came[path[-1]])
        flow = min(spare[end], *(room[before][at] for at, before in pairwise(path)))
        spare[end] -= flow
        for at, before in pairwise(path):
            room[before][at] -= flow
            room[at][before] = room[at].get(before, 0.0) + flow


def _reached(
    room: Mapping[object, Mapping[object, float]], start: object, spare: Mapping[object, float]
) -> tuple[dict[object, object], object | None]:
    """What a path with room leads to from the start, each with what comes before it, near items first.

    The walk ends at the first item that has something to spare; it is the second that is returned, None if none has.
    """
    came: dict[object, object] = {start: start}
    waiting = [start]
    for at in waiting:
        for other, capacity in room[at].items():
            if capacity > NOTHING and other not in came:
                came[other] = at
                if spare.get(other, 0.0) > NOTHING:
                    return came, other
                waiting.append(other)
    return came, None

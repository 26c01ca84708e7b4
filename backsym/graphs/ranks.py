"""The column of each vertex: every edge leads right, and edges are short.

This module must not know what the vertices mean or how they look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence


def ranks(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The column of each vertex, from 0, for which the sum of the lengths of all edges is least.

    From the leftmost columns, sets of vertices that gain by it move right together until none gains; this reaches the
    minimum, since the sum is L-natural-convex (Murota, Discrete Convex Analysis, 2003).
    """
    rank = _leftmost(names, edges)
    gain = dict.fromkeys(names, 0)
    for source, target in edges:
        gain[source] += 1
        gain[target] -= 1
    while True:
        tight = [(s, t) for s, t in edges if rank[t] == rank[s] + 1]
        moving = _gaining(gain, tight)
        if not moving:
            first = min(rank.values(), default=0)
            return {name: at - first for name, at in rank.items()}
        for name in moving:
            rank[name] += 1


def _gaining(gain: Mapping[str, int], tight: Sequence[tuple[str, str]]) -> list[str]:
    """The vertices whose common move to the right gains most; a tight edge takes its target along.

    This is the closure of greatest weight, found as a minimum cut by augmenting paths; empty if nothing gains.
    """
    room: dict[str, dict[str, int]] = {"": {}, **{name: {} for name in gain}}
    for name, value in gain.items():
        if value > 0:
            room[""][name] = value
    for source, target in tight:
        room[source][target] = sum(map(abs, gain.values()))
        room[target].setdefault(source, 0)
    spare = {name: -value for name, value in gain.items() if value < 0}
    while True:
        came = _reached(room)
        end = next((name for name in came if spare.get(name, 0) > 0), None)
        if end is None:
            return [name for name in gain if name in came]
        spare[end] -= 1
        while end:
            before = came[end]
            room[before][end] -= 1
            room[end][before] = room[end].get(before, 0) + 1
            end = before


def _reached(room: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """The vertices that a path with room leads to from the start, each with the one before it."""
    came: dict[str, str] = {"": ""}
    waiting = [""]
    for name in waiting:
        for other, capacity in room[name].items():
            if capacity > 0 and other not in came:
                came[other] = name
                waiting.append(other)
    del came[""]
    return came


def _leftmost(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    sources: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        sources[target].append(source)
    rank: dict[str, int] = {}
    for name in _forward(names, sources):
        rank[name] = max((rank[s] + 1 for s in sources[name]), default=0)
    return rank


def _forward(names: Sequence[str], sources: Mapping[str, Sequence[str]]) -> list[str]:
    """The names with every source before its targets (not by recursion: chains may be long)."""
    done: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if all(s in done for s in sources[name])]
        if not ready:
            raise ValueError(f"a cycle among {', '.join(waiting)}")
        done.update(dict.fromkeys(ready))
        waiting = [name for name in waiting if name not in done]
    return list(done)


def moved(rank: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> Iterator[dict[str, int]]:
    """The other ranks that differ in one vertex, near places first; every edge still leads right."""
    for name, at in rank.items():
        before = [rank[source] for source, target in edges if target == name]
        after = [rank[target] for source, target in edges if source == name]
        low = max(before) + 1 if before else min(rank.values())
        high = min(after) - 1 if after else at
        for other in sorted(range(low, high + 1), key=lambda place: (abs(place - at), place)):
            if other != at:
                yield {**rank, name: other}

"""The column of each vertex: every edge leads right, and edges are short.

This module must not know what the vertices mean or how they look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from backsym.graphs.closures import gaining


def ranks(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The column of each vertex, from 0, for which the sum of the lengths of all edges is least.

    From the leftmost columns, sets of vertices that gain by it move right together until none gains; a tight edge takes
    its target along.
    """
    rank = _leftmost(names, edges)
    gain = dict.fromkeys(names, 0.0)
    for source, target in edges:
        gain[source] += 1
        gain[target] -= 1
    while True:
        moving = gaining(gain, [(s, t, float("inf")) for s, t in edges if rank[t] == rank[s] + 1])
        if not moving:
            first = min(rank.values(), default=0)
            return {name: at - first for name, at in rank.items()}
        for name in moving:
            rank[name] += 1


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

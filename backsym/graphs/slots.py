"""The slots of a graph: what stands in each column, long edges included, and what is beside what.

A long edge gets a slot in every column that it passes, so that all edges lead from one column to the next (Sugiyama,
Tagawa and Toda, Methods for Visual Understanding of Hierarchical System Structures, 1981).

This module must not know in which order or at which height the slots stand, nor what they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Order = list[list[int]]
"""The slots of each column from top to bottom."""

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Slots:
    """One connected part of a graph: its slots by column, and what is beside what.  Each is equal to itself alone.

    A slot is a vertex, or (``vertex`` None) the place where a long edge passes a column.  Slots are numbered column by
    column, the vertices of a column in the author's order before the edges that pass it.  ``left`` and ``right`` are a
    slot's neighbours in the columns beside it; ``chains`` lists the slots of each edge from source to target.
    """

    columns: tuple[tuple[int, ...], ...]
    vertex: tuple[str | None, ...]
    left: tuple[tuple[int, ...], ...]
    right: tuple[tuple[int, ...], ...]
    chains: Mapping[Pair, tuple[int, ...]]


def slots(rank: Mapping[str, int], edges: Sequence[Pair]) -> tuple[Slots, ...]:
    """The slots of each connected part of a graph; ``rank`` tells the column of each vertex, in the author's order."""
    return tuple(_slots({name: rank[name] for name in part}, edges) for part in _connected(rank, edges))


def _connected(names: Mapping[str, int], edges: Sequence[Pair]) -> Iterator[list[str]]:
    """The names of each connected part, the parts and the names in the author's order."""
    beside: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        beside[source].append(target)
        beside[target].append(source)
    seen: set[str] = set()
    for first in names:
        if first in seen:
            continue
        part = {first: None}
        waiting = [first]
        for name in waiting:
            waiting += [other for other in dict.fromkeys(beside[name]) if other not in part]
            part.update(dict.fromkeys(beside[name]))
        seen.update(part)
        yield [name for name in names if name in part]


def _slots(rank: Mapping[str, int], edges: Sequence[Pair]) -> Slots:
    start = min(rank.values())
    content: list[list[str | tuple[Pair, int]]] = [[] for _ in range(max(rank.values()) - start + 1)]
    for name, at in rank.items():
        content[at - start].append(name)
    own = [pair for pair in edges if pair[0] in rank]
    for pair in own:
        for at in range(rank[pair[0]] + 1, rank[pair[1]]):
            content[at - start].append((pair, at))
    items = [item for column in content for item in column]
    number = {item: at for at, item in enumerate(items)}
    chains: dict[Pair, tuple[int, ...]] = {}
    left: list[list[int]] = [[] for _ in items]
    right: list[list[int]] = [[] for _ in items]
    for pair in own:
        source, target = pair
        passed = (number[pair, at] for at in range(rank[source] + 1, rank[target]))
        chains[pair] = (number[source], *passed, number[target])
        for a, b in pairwise(chains[pair]):
            right[a].append(b)
            left[b].append(a)
    return Slots(
        tuple(tuple(number[item] for item in column) for column in content),
        tuple(item if isinstance(item, str) else None for item in items),
        tuple(map(tuple, left)),
        tuple(map(tuple, right)),
        chains,
    )

"""The column of each vertex: every edge leads right, and edges are short.

This module must not know what the vertices mean or how they look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def ranks(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The column of each vertex, from 0; a leaf stands just before its first use.

    The sum of the lengths of the edges is a minimum against moving any vertex alone.
    """
    sources: dict[str, list[str]] = {name: [] for name in names}
    targets: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        sources[target].append(source)
        targets[source].append(target)
    rank: dict[str, int] = {}
    for name in _forward(names, sources):
        rank[name] = max((rank[s] + 1 for s in sources[name]), default=0)
    for _ in names:
        moves = [_settle(name, rank, sources, targets) for name in names]
        if not any(moves):
            break
    first = min(rank.values(), default=0)
    return {name: at - first for name, at in rank.items()}


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


def _settle(
    name: str, rank: dict[str, int], sources: Mapping[str, list[str]], targets: Mapping[str, list[str]]
) -> bool:
    """Move a vertex to where its edges are shortest; whether anything moved.

    Its private leaves, which serve nothing else, go with it and so do not hold it back.
    """
    private = [s for s in sources[name] if not sources[s] and targets[s] == [name]]
    others = [s for s in sources[name] if s not in private]
    before = [rank[name], *(rank[leaf] for leaf in private)]
    if targets[name] and len(targets[name]) > len(others):
        rank[name] = min(rank[t] for t in targets[name]) - 1
    elif others:
        rank[name] = max(rank[s] for s in others) + 1
    for leaf in private:
        rank[leaf] = rank[name] - 1
    return before != [rank[name], *(rank[leaf] for leaf in private)]

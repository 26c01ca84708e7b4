"""Grandalf at work: slots in columns, their first order, and their first heights.

Grandalf puts a dummy vertex into every column that a long edge passes, orders the columns by barycenters, and finds
coordinates by the method of Brandes and Koepf.  It is used with our columns, because its own pull every leaf to the far
left, and its order and heights are improved in ``ordering`` and ``heights``.  This is the only module that knows it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Order = list[list[int]]
"""The slots of each column from top to bottom."""


@dataclass(frozen=True, eq=False)
class Slots:
    """One connected part of a graph: its slots by column, and what is beside what.  Each is equal to itself alone.

    A slot is a vertex, or (``vertex`` None) the place where a long edge passes a column.  ``left`` and ``right`` are a
    slot's neighbours in the columns beside it; ``chains`` lists the slots of each edge from source to target.
    """

    columns: tuple[tuple[int, ...], ...]
    vertex: tuple[str | None, ...]
    left: tuple[tuple[int, ...], ...]
    right: tuple[tuple[int, ...], ...]
    chains: Mapping[tuple[str, str], tuple[int, ...]]
    _engine: Any = field(repr=False, compare=False)
    _items: tuple[Any, ...] = field(repr=False, compare=False)

    def heights(self, order: Order, extent: Sequence[float], gap: float) -> list[float]:
        """First heights of the slots in this order, ``extent`` being the room of each slot."""
        for layer, column in zip(self._engine.layers, order, strict=True):
            layer[:] = [self._items[slot] for slot in column]
            layer.setup(self._engine)
        for item, size in zip(self._items, extent, strict=True):
            item.view.w = size
        self._engine.xspace = gap
        self._engine.setxy()
        return [float(item.view.xy[0]) for item in self._items]


def slots(rank: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> tuple[Slots, ...]:
    """The slots of each connected part of a graph, in grandalf's order; ``rank`` tells the column of each vertex."""
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import Layer, SugiyamaLayout, VertexViewer

    vertices = {name: Vertex(name) for name in rank}
    for vertex in vertices.values():
        vertex.view = VertexViewer()
    made = {pair: Edge(vertices[pair[0]], vertices[pair[1]]) for pair in edges}
    parts = []
    for core in Graph(list(vertices.values()), list(made.values())).C:
        engine = SugiyamaLayout(core)
        inside = [name for name in rank if vertices[name] in core.sV]
        start = min(rank[name] for name in inside)
        engine.alt_e = []
        engine.layers = [Layer() for _ in range(max(rank[name] for name in inside) - start + 1)]
        for name in inside:
            engine.grx[vertices[name]].rank = rank[name] - start
            engine.layers[rank[name] - start].append(vertices[name])
        own = {pair: edge for pair, edge in made.items() if edge in core.sE}
        for edge in own.values():
            engine.setdummies(edge)
        for layer in engine.layers:
            layer.setup(engine)
        engine.initdone = True
        parts.append(_slots(engine, vertices, own))
    return tuple(parts)


def _slots(engine: Any, vertices: Mapping[str, Any], edges: Mapping[tuple[str, str], Any]) -> Slots:
    """Slots are numbered in the author's order, before grandalf orders the columns."""
    items = tuple(item for layer in engine.layers for item in layer)
    number = {id(item): at for at, item in enumerate(items)}
    names = {id(vertex): name for name, vertex in vertices.items()}
    chains: dict[tuple[str, str], tuple[int, ...]] = {}
    left: list[list[int]] = [[] for _ in items]
    right: list[list[int]] = [[] for _ in items]
    for (source, target), edge in edges.items():
        passed = engine.ctrls.get(edge, {})
        inner = [passed[at] for at in sorted(passed)][1:-1]
        chain = tuple(number[id(item)] for item in (vertices[source], *inner, vertices[target]))
        chains[source, target] = chain
        for a, b in pairwise(chain):
            right[a].append(b)
            left[b].append(a)
    for _ in range(3):
        deque(engine.ordering_step(), maxlen=0)  # A generator, which orders layer after layer as it is used up.
    columns = tuple(tuple(number[id(item)] for item in layer) for layer in engine.layers)
    return Slots(
        columns,
        tuple(names.get(id(item)) for item in items),
        tuple(map(tuple, left)),
        tuple(map(tuple, right)),
        chains,
        engine,
        items,
    )

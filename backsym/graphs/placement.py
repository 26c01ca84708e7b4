"""From a graph to a drawing: columns of vertices, edges between them, labels where there is room.

Edges are straight if that leads none through a vertex or a label and adds no crossing; else they leave and arrive level
and bend between the columns, where nothing is in their way.  Of several widths of the gaps the first is taken that
works and fits the text; what is still too wide is made smaller as a whole.

This module must not know what a graph means, nor about any output language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backsym.core.lazy import lazy
from backsym.graphs.drawing import EM, Drawing, PlacedEdge, PlacedVertex, Rect
from backsym.graphs.heights import Distance, Pull, best_orders, heights_of
from backsym.graphs.labels import place_labels
from backsym.graphs.model import Graph, Vertex
from backsym.graphs.ordering import arranged_slots, crossings
from backsym.graphs.routes import Column, Route, crossing_pairs, curved, moved, straight, with_ports
from backsym.graphs.slots import Order, Slots
from backsym.graphs.typeset import typeset
from backsym.printing.layout import Layout

TEXT_WIDTH = 15.5
TEXT_HEIGHT = 21.0
VERTEX = 0.8
PADDING = 0.16
LANE = 0.1
"""The room of an edge that passes a column."""
MARGIN = 0.07
"""What edges keep from vertices and notes at least."""
OWN_MARGIN = 0.01
"""How far an edge may lead into a vertex that it joins: what is computed is not exact."""
EDGE_MARGIN = 0.02
ORDERS = 8
"""How many orders of the columns are tried."""


@dataclass(frozen=True)
class _Try:
    """One way to draw: how wide the gaps between columns and within them are, and straight or curved edges."""

    across: float
    down: float
    straight: bool = True


PLAIN = tuple(_Try(across, down) for across, down in ((0.9, 0.35), (1.3, 0.35), (1.3, 0.6), (1.8, 0.6), (2.4, 0.6)))
CURVED = tuple(
    _Try(across, down, straight=False) for across, down in ((0.9, 0.35), (0.7, 0.35), (1.4, 0.6), (2.0, 0.8))
)
UNITS = tuple(_Try(across, 1.1) for across in (1.8, 1.4, 2.4)) + (_Try(4.5, 1.4), _Try(7.0, 1.6))
LABELLED = tuple(_Try(across, down) for across, down in ((1.3, 0.7), (1.0, 0.7), (1.7, 0.9)))
TALL = (_Try(1.5, 1.2), _Try(1.5, 1.5))
"""For labels that find room only between edges that lie far apart."""
NARROW = tuple(_Try(across, 0.35, straight=level) for across in (0.6, 0.45, 0.3) for level in (True, False))
WIDER = tuple(replace(t, across=t.across + 0.7, down=t.down + 0.5) for t in PLAIN + CURVED) + (_Try(3.2, 1.6),)


@dataclass(frozen=True)
class _Shape:
    """How large a vertex is: its outline, the note below it, and where a unit is parted."""

    width: float
    height: float
    note: tuple[float, float] | None
    split: float | None


def draw(graph: Graph) -> Drawing:
    """The drawing of a graph."""
    return _Draft(graph).best()


@dataclass(frozen=True)
class _Drawn:
    """What a try gives, and its flaws: edges that are wrong, labels without a place."""

    drawing: Drawing
    flaws: tuple[int, int]

    @property
    def scale(self) -> float:
        """How far it must be made smaller to fit the text."""
        return min(1.0, TEXT_WIDTH / self.drawing.width, TEXT_HEIGHT / self.drawing.height)

    @property
    def rank(self) -> tuple[tuple[int, int], float]:
        """Less is better."""
        return self.flaws, -self.scale


class _Draft:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.shapes = {vertex.name: _shape(vertex) for vertex in graph.vertices}
        self.edges = {(edge.source, edge.target): edge for edge in graph.edges}
        self.below = max((s.note[1] + 0.1 for s in self.shapes.values() if s.note), default=0.0)
        self.parts = arranged_slots(tuple(v.name for v in graph.vertices), tuple(self.edges))
        self.labels = {pair: _size(edge.label) for pair, edge in self.edges.items() if edge.label is not None}
        self._heights: dict[tuple[float, int], list[list[float]]] = {}
        self._orders: list[list[Order]] = [self._arranged(part, PLAIN[0].down)[:ORDERS] for part in self.parts]

    def best(self) -> Drawing:
        """The first try without a flaw that (nearly) fits; else the one with fewest flaws, then the least shrunk.

        Before the gaps become wider than at first, the next best orders are tried.
        """
        first, *others = self._attempts()
        best = self.drawn(first, 0)
        others_of_first = [(first, way) for way in range(1, max(map(len, self._orders), default=1))]
        further = others_of_first if best.flaws[0] else []  # Where only labels have no room, orders do not help.
        for attempt, way in (*further, *((other, 0) for other in others)):
            if best.flaws == (0, 0) and best.scale > 0.9:
                break
            best = self.drawn(attempt, way, best)
        return replace(best.drawing, scale=best.scale)

    def _attempts(self) -> tuple[_Try, ...]:
        if self.graph.kind == "network":
            return UNITS + PLAIN + CURVED + WIDER
        plain = PLAIN[:1] + CURVED[:1] + PLAIN[1:] + CURVED[1:]
        return LABELLED + plain + TALL + WIDER if self.labels else plain + NARROW

    def drawn(self, attempt: _Try, way: int, best: _Drawn | None = None) -> _Drawn:
        """One try with the best order or a further one, or the best so far if that is not worse.

        Flaws are edges too near to vertices or crossing needlessly, and labels without a place.  Where the edges are
        wrong, no place is sought for the labels.
        """
        vertices: list[PlacedVertex] = []
        edges: list[PlacedEdge] = []
        flaws = 0
        top = 0.0
        for part, orders, heights in zip(self.parts, self._orders, self._fitted(attempt.down, way), strict=True):
            placed, columns = self._vertices(part, heights, attempt.across, top)
            routes = self._routes(part, placed, columns, heights)
            lead = straight if attempt.straight else curved
            found = [lead(route) for route in with_ports(routes, aimed=attempt.straight)]
            if attempt.straight:
                flaws += abs(crossing_pairs(found) - crossings(part, orders[0]))
            vertices += placed
            edges += found
            top = max(self._bottom(v) for v in placed) + 0.6
        flaws += _too_near(edges, vertices)
        bare = _Drawn(_bounded(vertices, edges), (flaws, len(self.labels) if flaws else 0))
        if best is not None and bare.rank >= best.rank:
            return best  # Labels do not make it smaller.
        if flaws or not self.labels:
            return bare
        edges, without = place_labels(
            edges,
            vertices,
            self.labels,
            near=0.3 if self.graph.kind == "network" else 0.5,
            enough=best.flaws[1] if best is not None and best.flaws[0] == 0 else len(self.labels),
        )
        drawn = _Drawn(_bounded(vertices, edges), (0, without))
        return drawn if best is None else min(best, drawn, key=lambda one: one.rank)

    def _bottom(self, vertex: PlacedVertex) -> float:
        return vertex.outline.bottom + self.below

    def _fitted(self, down: float, way: int) -> list[list[float]]:
        """The heights of the slots of each part for a gap; they do not depend on the columns' widths."""
        if (down, way) not in self._heights:
            pairs = [
                (part, orders[min(way, len(orders) - 1)]) for part, orders in zip(self.parts, self._orders, strict=True)
            ]
            self._heights[down, way] = [
                heights_of(part, order, *self._geometry(part, down), self._pull(part)) for part, order in pairs
            ]
        return self._heights[down, way]

    def _arranged(self, part: Slots, down: float) -> list[Order]:
        return best_orders(part, *self._geometry(part, down), self._pull(part), self._parameters(part))

    def _parameters(self, part: Slots) -> frozenset[int]:
        """The slots of parameters and of the edges that lead from them: they stand above what else leads to a node."""
        names = {v.name for v in self.graph.vertices if v.role in ("parameter", "given")}
        return frozenset(slot for pair, chain in part.chains.items() if pair[0] in names for slot in chain[:-1])

    def _geometry(self, part: Slots, down: float) -> tuple[Distance, list[float]]:
        """What slots keep from one another, and the room of each."""

        def size(slot: int) -> float:
            name = part.vertex[slot]
            return LANE if name is None else self.shapes[name].height

        def distance(above: int, below: int) -> float:
            lanes = (part.vertex[above] is None) + (part.vertex[below] is None)
            gap = (down, max(0.22, down * 0.6), 0.22)[lanes]
            return (size(above) + size(below)) / 2 + self.below + gap

        return distance, [size(slot) + self.below for slot in range(len(part.vertex))]

    def _pull(self, part: Slots) -> Pull:
        """Long edges and chains of computed quantities pull harder than the leaves beside them."""

        def pull(a: int, b: int) -> float:
            lanes = (part.vertex[a] is None) + (part.vertex[b] is None)
            if lanes:
                return (0.0, 20.0, 60.0)[lanes]
            return 40.0 if part.left[a] else 3.0 if self._is_input(part.vertex[a]) else 1.0

        return pull

    @lazy
    def _inputs(self) -> frozenset[str]:
        return frozenset(v.name for v in self.graph.vertices if v.role == "input")

    def _is_input(self, name: str | None) -> bool:
        return name in self._inputs

    def _vertices(
        self, part: Slots, heights: Sequence[float], across: float, top: float
    ) -> tuple[list[PlacedVertex], list[Column]]:
        placed: list[PlacedVertex] = []
        columns: list[Column] = []
        x = 0.0
        widest = self._label_widths(part)
        highest = min(heights[s] - self.shapes[n].height / 2 for s, n in enumerate(part.vertex) if n is not None)
        for at, column in enumerate(part.columns):
            names = [(slot, name) for slot in column if (name := part.vertex[slot]) is not None]
            width = max((self.shapes[name].width for _, name in names), default=0.0)
            x += width / 2
            for slot, name in names:
                placed.append(self._placed(name, x, heights[slot] - highest + top))
            columns.append(Column(x - width / 2, x + width / 2))
            x += width / 2 + max(across, widest[at] + 0.35 if widest[at] else 0.0)
        return placed, columns

    def _label_widths(self, part: Slots) -> list[float]:
        """For each gap between columns, the widest label of an edge that ends behind it and began before it."""
        at = {slot: n for n, column in enumerate(part.columns) for slot in column}
        widest = [0.0] * len(part.columns)
        for pair, chain in part.chains.items():
            if pair in self.labels:
                gap = at[chain[-2]]
                widest[gap] = max(widest[gap], self.labels[pair][0])
        return widest

    def _placed(self, name: str, x: float, y: float) -> PlacedVertex:
        vertex, shape = self.graph.vertex(name), self.shapes[name]
        outline = Rect(x, y, shape.width, shape.height)
        note = None
        if shape.note is not None:
            note = Rect(x, outline.bottom + 0.08 + shape.note[1] / 2, *shape.note)
        return PlacedVertex(vertex, outline, note, shape.split)

    def _routes(
        self, part: Slots, placed: Sequence[PlacedVertex], columns: Sequence[Column], heights: Sequence[float]
    ) -> list[Route]:
        by_name = {v.vertex.name: v for v in placed}
        column_of = {slot: columns[n] for n, column in enumerate(part.columns) for slot in column}
        base = next(
            by_name[name].outline.y - heights[slot] for slot, name in enumerate(part.vertex) if name is not None
        )
        routes = []
        for (source, target), chain in part.chains.items():
            stops = tuple((column_of[slot], heights[slot] + base) for slot in chain)
            routes.append(Route(self.edges[source, target], by_name[source], by_name[target], stops))
        return routes


def _too_near(edges: Sequence[PlacedEdge], vertices: Sequence[PlacedVertex]) -> int:
    """How many times an edge leads through a vertex, or by one that it does not join, or through any note."""
    count = 0
    for edge in edges:
        points = edge.points()
        top, bottom = min(y for _, y in points), max(y for _, y in points)
        for vertex in vertices:
            box, note = vertex.outline.grown(MARGIN), vertex.note
            if points[0][0] > box.right or points[-1][0] < box.left:
                continue
            if bottom < box.top or top > (note.bottom if note else box.bottom):
                continue
            own = vertex.vertex.name in (edge.edge.source, edge.edge.target)
            reach = -OWN_MARGIN if own else MARGIN
            near = any(box.holds(p) and vertex.contains(p, reach) for p in points)
            count += near or (note is not None and any(note.grown(EDGE_MARGIN).holds(p) for p in points))
    return count


def _bounded(vertices: Sequence[PlacedVertex], edges: Sequence[PlacedEdge]) -> Drawing:
    """Everything moved so that the picture begins at (0, 0), with a small margin."""
    rects = [r for v in vertices for r in (v.outline, v.note) if r is not None] + [e.label for e in edges if e.label]
    points = [p for e in edges for p in e.points()]
    left = min([r.left for r in rects] + [x for x, _ in points]) - 0.1
    top = min([r.top for r in rects] + [y for _, y in points]) - 0.1
    right = max([r.right for r in rects] + [x for x, _ in points]) + 0.1
    bottom = max([r.bottom for r in rects] + [y for _, y in points]) + 0.1
    shifted = tuple(
        replace(v, outline=_shift(v.outline, left, top), note=_shift(v.note, left, top) if v.note else None)
        for v in vertices
    )
    return Drawing(right - left, bottom - top, shifted, tuple(moved(e, -left, -top) for e in edges))


def _shift(rect: Rect, left: float, top: float) -> Rect:
    return replace(rect, x=rect.x - left, y=rect.y - top)


def _size(layout: Layout) -> tuple[float, float]:
    box = typeset(layout, EM)
    return box.width, box.height + box.depth


def _shape(vertex: Vertex) -> _Shape:
    """The outline that holds the label, or both labels of a unit; a loss has a second line around it."""
    width, height = _size(vertex.label)
    split = None
    extra = 0.1 if vertex.role == "loss" else 0.0
    if vertex.second is not None:
        second = _size(vertex.second)
        height = max(height, second[1])
        first = max(width + 3 * PADDING, VERTEX * 0.7)
        split = first
        outer = first + max(second[0] + 3 * PADDING, VERTEX * 0.7)
    else:
        outer = max(VERTEX, width + 2 * PADDING)
    note = _size(vertex.note) if vertex.note is not None else None
    return _Shape(outer + extra, max(VERTEX, height + 2 * PADDING) + extra, note, split)

"""The paths of edges: straight towards the middle of their target, or level at both ends and bent between the columns.

This module must not know what the edges mean, nor about any output language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from backsym.graphs.drawing import Curve, Line, Piece, PlacedEdge, PlacedVertex, Point, Rect
from backsym.graphs.heights import fit
from backsym.graphs.model import Edge

CORNER = 0.3
"""How far from a corner a path begins to bend."""

TIPS = 0.17
"""What the tips of two arrows keep from one another on an outline: a little more than an arrowhead is wide."""

LEVEL = 1e6
"""How much harder than others a level edge stays where it would arrive by itself: it does not move."""


@dataclass(frozen=True)
class Column:
    """The left and the right end of a column."""

    left: float
    right: float


@dataclass(frozen=True)
class Route:
    """Where an edge must lead: from its source, through a place in each column that it passes, to its target.

    ``port`` is where on the outline of the target it ends.
    """

    edge: Edge
    source: PlacedVertex
    target: PlacedVertex
    stops: tuple[tuple[Column, float], ...]
    port: Point = (0.0, 0.0)

    @property
    def before(self) -> Point:
        """The last point before the target: the middle of the source, or the end of the last column passed."""
        if len(self.stops) == 2:
            return self.source.outline.x, self.source.outline.y
        column, y = self.stops[-2]
        return column.right, y


def with_ports(routes: Sequence[Route], *, aimed: bool) -> list[Route]:
    """The routes with their ports: so far from one another that no two arrowheads of a target merge.

    ``aimed`` edges come straight towards the middle of their target, others level; the level one of a target stays so.
    """
    arriving: dict[str, list[int]] = {}
    for n, route in enumerate(routes):
        arriving.setdefault(route.edge.target, []).append(n)
    found = list(routes)
    for numbers in arriving.values():
        box = routes[numbers[0]].target.outline
        half = box.height / 2 - 0.08
        gap = min(TIPS, 2 * half / max(len(numbers) - 1, 1))
        numbers.sort(key=lambda n: (_aim(routes[n])[1], routes[n].before[1]))
        wanted = [_aim(routes[n])[1] if aimed else box.y for n in numbers]
        level = [abs(routes[n].before[1] - box.y) < 1e-6 for n in numbers]
        # More than fits is pushed together from both ends, so that all stays on the outline.
        placed = fit(wanted, [LEVEL if flat else 1.0 for flat in level], [gap] * (len(numbers) - 1))
        over, under = max(box.y - half - placed[0], 0.0), max(placed[-1] - box.y - half, 0.0)
        for n, y in zip(numbers, placed, strict=True):
            y = min(max(y + over - under, box.y - half), box.y + half)
            found[n] = replace(routes[n], port=(_left_border(routes[n].target, y), y))
    return found


def _aim(route: Route) -> Point:
    """Where the line from the last point before a target to its middle meets the outline."""
    return _border(route.target, (route.target.outline.x, route.target.outline.y), route.before)


def _left_border(vertex: PlacedVertex, y: float) -> float:
    box = vertex.outline
    if not vertex.rounded:
        return box.left
    radius = box.height / 2
    return box.x - max(box.width / 2 - radius, 0.0) - float(max(radius**2 - (y - box.y) ** 2, 0.0) ** 0.5)


def straight(route: Route) -> PlacedEdge:
    """Straight pieces from middle to middle, level where a column is passed, with rounded corners."""
    points = [(route.source.outline.x, route.source.outline.y)]
    for column, y in route.stops[1:-1]:
        points += [(column.left, y), (column.right, y)] if column.left < column.right else [(column.left, y)]
    points.append(route.port)
    points[0] = _border(route.source, points[0], points[1])
    return PlacedEdge(route.edge, points[0], _rounded(points))


def _border(vertex: PlacedVertex, inside: Point, outside: Point) -> Point:
    """Where the line from the middle of a vertex to a point outside meets its outline."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        point = _along(inside, outside, middle)
        low, high = (middle, high) if vertex.contains(point) else (low, middle)
    return _along(inside, outside, high)


def _along(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def _rounded(points: Sequence[Point]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        near = min(CORNER, _distance(before, corner) / 2)
        far = min(CORNER, _distance(corner, after) / 2)
        start = _along(corner, before, near / (_distance(before, corner) or 1))
        end = _along(corner, after, far / (_distance(corner, after) or 1))
        pieces += [Line(start), Curve(_along(start, corner, 2 / 3), _along(end, corner, 2 / 3), end)]
    return (*pieces, Line(points[-1]))


def _distance(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def curved(route: Route) -> PlacedEdge:
    """Level through the columns and bent between them, where nothing else is; so two paths cross only if they must."""
    start = (route.source.outline.right, route.source.outline.y)
    pieces: list[Piece] = []
    place = start
    stops = (*route.stops[:-1], (route.stops[-1][0], route.port[1]))
    for (column, y), (after, to) in pairwise(stops):
        if column.right > place[0] + 1e-9:
            pieces.append(Line((column.right, y)))
        place = (after.left, to)
        bend = (after.left - column.right) / 2
        pieces.append(Curve((column.right + bend, y), (after.left - bend, to), place))
    if route.port[0] > place[0] + 1e-9:
        pieces.append(Line(route.port))
    return PlacedEdge(route.edge, start, tuple(pieces))


def moved(edge: PlacedEdge, dx: float, dy: float) -> PlacedEdge:
    """The same path and label elsewhere."""

    def at(point: Point) -> Point:
        return point[0] + dx, point[1] + dy

    pieces = tuple(
        Line(at(p.end)) if isinstance(p, Line) else Curve(at(p.control1), at(p.control2), at(p.end))
        for p in edge.pieces
    )
    label = Rect(*at((edge.label.x, edge.label.y)), edge.label.width, edge.label.height) if edge.label else None
    return replace(edge, start=at(edge.start), pieces=pieces, label=label)


def crossing_pairs(edges: Sequence[PlacedEdge]) -> int:
    """How many crossings the paths have, as drawn; paths that share an end may meet there."""
    lines = [_simplified(edge.points(0.15)) for edge in edges]
    total = 0
    for n, first in enumerate(lines):
        for second in lines[:n]:
            total += _crossings(first, second)
    return total


def _simplified(points: Sequence[Point]) -> list[Point]:
    """The points at which a path turns, and its ends."""
    kept = [points[0]]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        (x0, y0), (x1, y1), (x2, y2) = before, point, after
        if abs((x1 - x0) * (y2 - y1) - (x2 - x1) * (y1 - y0)) > 1e-9:
            kept.append(point)
    return [*kept, points[-1]]


def _crossings(first: Sequence[Point], second: Sequence[Point]) -> int:
    count = 0
    for a, b in pairwise(first):
        for c, d in pairwise(second):
            if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
                continue
            count += _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0
    return count


def _side(a: Point, b: Point, c: Point) -> float:
    side = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return side if abs(side) > 1e-9 else 0.0

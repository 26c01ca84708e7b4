"""The positioned graph: everything that is drawn, at its place, in centimetres.

This module must not know how it is laid out, nor about any output language.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from backsym.graphs.model import Edge, Vertex
from backsym.printing.layout import Layout

Point = tuple[float, float]
"""Rightward and downward, in centimetres."""

EM = 0.3515
"""The size of labels: ten points."""


@dataclass(frozen=True)
class Rect:
    """A rectangle by its middle and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    def grown(self, by: float) -> Rect:
        return Rect(self.x, self.y, self.width + 2 * by, self.height + 2 * by)

    def meets(self, other: Rect) -> bool:
        apart = abs(self.x - other.x) * 2 >= self.width + other.width - 1e-9
        return not (apart or abs(self.y - other.y) * 2 >= self.height + other.height - 1e-9)

    def holds(self, point: Point) -> bool:
        return abs(point[0] - self.x) * 2 < self.width and abs(point[1] - self.y) * 2 < self.height


@dataclass(frozen=True)
class Line:
    """A straight piece of a path, to ``end``."""

    end: Point


@dataclass(frozen=True)
class Curve:
    """A cubic Bezier piece of a path, to ``end``."""

    control1: Point
    control2: Point
    end: Point


Piece = Line | Curve


@dataclass(frozen=True)
class PlacedVertex:
    """A vertex with its outline; ``split`` is where a unit is parted, from the left end of the outline."""

    vertex: Vertex
    outline: Rect
    note: Rect | None = None
    split: float | None = None

    @property
    def rounded(self) -> bool:
        """Computed quantities are round, given ones have corners."""
        return self.vertex.role in ("node", "loss")

    @property
    def outlines(self) -> tuple[Rect, ...]:
        """That of the loss is double."""
        return (self.outline, self.outline.grown(-0.06)) if self.vertex.role == "loss" else (self.outline,)

    @property
    def parting(self) -> tuple[Point, Point] | None:
        """The line between the two halves of a unit."""
        if self.split is None or self.vertex.second is None:
            return None
        x = self.outline.left + self.split
        return (x, self.outline.top), (x, self.outline.bottom)

    @property
    def labels(self) -> list[tuple[Rect, Layout]]:
        """What is written in it and below, each around the middle of its place."""
        box, second = self.outline, self.vertex.second
        found = [(box, self.vertex.label)]
        if self.split is not None and second is not None:
            x = box.left + self.split
            halves = (Rect((box.left + x) / 2, box.y, 0, 0), Rect((x + box.right) / 2, box.y, 0, 0))
            found = list(zip(halves, (self.vertex.label, second), strict=True))
        if self.note is not None and self.vertex.note is not None:
            found.append((self.note, self.vertex.note))
        return found

    def contains(self, point: Point, margin: float = 0.0) -> bool:
        """Whether a point is inside the outline or nearer to it than the margin."""
        box = self.outline
        if not self.rounded:
            return box.grown(margin).holds(point)
        radius = box.height / 2
        reach = max(box.width / 2 - radius, 0.0)
        dx = max(abs(point[0] - box.x) - reach, 0.0)
        return bool(dx * dx + (point[1] - box.y) ** 2 < (radius + margin) ** 2)


@dataclass(frozen=True)
class PlacedEdge:
    """An edge from border to border, with the place of its label."""

    edge: Edge
    start: Point
    pieces: tuple[Piece, ...]
    label: Rect | None = None

    @property
    def end(self) -> Point:
        return self.pieces[-1].end

    @property
    def length(self) -> float:
        """How long the path is, roughly."""
        points = self.points(0.2)
        return sum(abs(x1 - x0) + abs(y1 - y0) for (x0, y0), (x1, y1) in pairwise(points))

    def points(self, step: float = 0.08) -> list[Point]:
        """Points along the path, both ends included, about ``step`` apart."""
        points = [self.start]
        for piece in self.pieces:
            points.extend(_sampled(points[-1], piece, step))
        return points

    def arrow(self) -> tuple[Point, ...]:
        """The corners of the arrowhead at the end, the tip first."""
        (x0, y0), (x1, y1) = self.arrives_from(), self.end
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        back, wide = 0.19, 0.07
        return (
            (x1, y1),
            (x1 - back * dx - wide * dy, y1 - back * dy + wide * dx),
            (x1 - 0.7 * back * dx, y1 - 0.7 * back * dy),
            (x1 - back * dx + wide * dy, y1 - back * dy - wide * dx),
        )

    def arrives_from(self) -> Point:
        """A point from which the last bit of the path leads straight to its end."""
        last = self.pieces[-1]
        if isinstance(last, Curve):
            return last.control2
        return self.pieces[-2].end if len(self.pieces) > 1 else self.start


@dataclass(frozen=True)
class Drawing:
    """The whole picture.  The lengths are before ``scale``, which makes it fit the width of the text."""

    width: float
    height: float
    vertices: tuple[PlacedVertex, ...]
    edges: tuple[PlacedEdge, ...]
    scale: float = 1.0


def _sampled(start: Point, piece: Piece, step: float) -> list[Point]:
    (x0, y0), (x3, y3) = start, piece.end
    count = max(1, int((abs(x3 - x0) + abs(y3 - y0)) / step) + 1)
    times = [n / count for n in range(1, count + 1)]
    if isinstance(piece, Line):
        return [(x0 + (x3 - x0) * t, y0 + (y3 - y0) * t) for t in times]
    (x1, y1), (x2, y2) = piece.control1, piece.control2
    points = []
    for t in times:
        a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3
        points.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return points

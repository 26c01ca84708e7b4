"""Places for the labels of edges: beside their own edge, clear of vertices, of other edges and of other labels.

This module must not know what the labels say, nor about any output language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter

from backsym.graphs.drawing import PlacedEdge, PlacedVertex, Point, Rect

CELL = 0.25
STEP = 0.06
OWN = 0.05
"""How near a label may come to its own edge; ``OTHER``: to another edge."""
OTHER = 0.1
APART = 0.05
"""What a label keeps from vertices, notes and other labels."""
FARTHEST = 0.9
ROUNDS = 3
HOPEFUL = 3
"""With more labels than this without a place, another round does not help."""

Pair = tuple[str, str]
Candidate = tuple[float, float, float, float]
"""A place: what it costs (for being far along the edge, far off, or below), how far off the edge it is, its middle."""


def place_labels(
    edges: Sequence[PlacedEdge],
    vertices: Sequence[PlacedVertex],
    sizes: Mapping[Pair, tuple[float, float]],
    near: float,
    enough: int,
) -> tuple[list[PlacedEdge], int]:
    """The edges with their labels placed, and how many labels found no clear place and are left out.

    ``near`` is the share of the way along an edge at which a label is wanted.  With more than ``enough`` labels left
    out nobody wants the drawing, and the search ends as soon as there are so many.
    """
    if not sizes:
        return list(edges), 0
    room = _Room(edges, vertices)
    # Short edges have the least choice; those that found no place come first in the next round.
    waiting = sorted((n for n in range(len(edges)) if _pair(edges[n]) in sizes), key=lambda n: (edges[n].length, n))
    best: dict[int, Rect] = {}
    for _ in range(ROUNDS):
        room.labels.clear()
        found: dict[int, Rect] = {}
        missing = 0
        for at in waiting:
            rect = room.place(edges[at], sizes[_pair(edges[at])], near)
            if rect is not None:
                found[at] = rect
                room.labels.append(rect)
                continue
            missing += 1
            if missing > max(HOPEFUL, enough):
                break
        if len(found) > len(best):
            best = found
        if missing == 0 or missing > HOPEFUL:
            break
        waiting.sort(key=lambda n: n in found)
    placed = [replace(edge, label=best.get(at)) for at, edge in enumerate(edges)]
    return placed, len(waiting) - len(best)


def _pair(edge: PlacedEdge) -> Pair:
    return edge.edge.source, edge.edge.target


class _Room:
    """What is where: the points of edges by cells, the boxes of vertices and notes, the labels placed so far."""

    def __init__(self, edges: Sequence[PlacedEdge], vertices: Sequence[PlacedVertex]):
        self.boxes = [r for v in vertices for r in (v.outline, v.note) if r is not None]
        self.labels: list[Rect] = []
        self.cells: dict[tuple[int, int], list[tuple[Point, Pair]]] = {}
        for edge in edges:
            for point in edge.points(STEP):
                self.cells.setdefault(_cell(point), []).append((point, _pair(edge)))

    def place(self, edge: PlacedEdge, size: tuple[float, float], near: float) -> Rect | None:
        """The clear place nearest to the wanted one, above rather than below the edge."""
        candidates = sorted(_candidates(edge, size, near), key=itemgetter(0))
        reach = _extent(edge).grown(FARTHEST + max(size))
        taken = [box for box in (*self.boxes, *self.labels) if box.meets(reach)]
        # How near the middle of the label may come to the middle of a box: this is asked very often.
        boxes = [(box.x, box.y, (box.width + size[0]) / 2 + APART, (box.height + size[1]) / 2 + APART) for box in taken]
        for _, off, x, y in candidates:
            if any(abs(x - there) < across and abs(y - down) < far for there, down, across, far in boxes):
                continue
            rect = Rect(x, y, *size)
            if self.clear(rect, _pair(edge), off):
                return rect
        return None

    def clear(self, rect: Rect, own: Pair, off: float) -> bool:
        """Whether a place ``off`` its own edge is nearer to that edge than to any other."""
        near, nearer = rect.grown(max(OTHER, off + 0.05)), rect.grown(OWN)
        (left, top), (right, bottom) = _cell((near.left, near.top)), _cell((near.right, near.bottom))
        for column in range(left, right + 1):
            for line in range(top, bottom + 1):
                for point, pair in self.cells.get((column, line), ()):
                    if (nearer if pair == own else near).holds(point):
                        return False
        return True


def _extent(edge: PlacedEdge) -> Rect:
    points = edge.points(0.3)
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    return Rect((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def _cell(point: Point) -> tuple[int, int]:
    return int(point[0] // CELL), int(point[1] // CELL)


def _candidates(edge: PlacedEdge, size: tuple[float, float], near: float) -> Iterator[Candidate]:
    """Places beside the edge."""
    points = edge.points(STEP)
    for at in range(1, len(points) - 1):
        share = at / (len(points) - 1)
        (x0, y0), (x, y), (x1, y1) = points[at - 1], points[at], points[at + 1]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
        across, down = -(y1 - y0) / length, (x1 - x0) / length
        for side in (-1, 1):
            nx, ny = side * across, side * down
            reach = abs(nx) * size[0] / 2 + abs(ny) * size[1] / 2
            for more in (OWN + 0.01, 0.12, 0.22, 0.35):
                off = reach + more
                if off <= FARTHEST:
                    cost = abs(share - near) * (len(points) * STEP) + 1.5 * more + (0.05 if ny > 0 else 0)
                    yield cost, more, x + nx * off, y + ny * off

"""A drawing as Typst: lines, rectangles and curves at absolute places, no packages; labels are Typst mathematics.

This module must not know how a drawing is laid out.
"""

from __future__ import annotations

from backsym.graphs.drawing import EM, Drawing, Line, PlacedEdge, PlacedVertex, Point, Rect
from backsym.printing.layout import Layout
from backsym.printing.typst import to_typst

_STYLES = {
    "input": "", "given": "", "parameter": "fill: luma(90%), ", "target": "dashed: true, ",
    "constant": "dashed: true, ", "node": "", "loss": "",
}  # fmt: skip
_HEAD = """\
  let pen(dashed: false) = (paint: black, thickness: 0.45pt, dash: if dashed { "dashed" })
  let lines(..pieces) = place(top + left, curve(stroke: pen(), ..pieces))
  let tips(..pieces) = place(top + left, curve(fill: black, ..pieces))
  let frame(x, y, w, h, r, fill: none, dashed: false) = place(
    top + left, dx: x, dy: y, rect(width: w, height: h, radius: r, fill: fill, stroke: pen(dashed: dashed)))
  let label(x, y, body) = place(
    top + left, dx: x - 5cm, dy: y - 5cm, box(width: 10cm, height: 10cm, place(center + horizon, body)))"""
_CENTIMETRE = 28.3465
"""Points in a centimetre."""


def typst(drawing: Drawing) -> str:
    """A code expression for a block of the drawing's size, to be put after a ``#`` or into a call."""
    return _Writer(drawing.scale).picture(drawing)


class _Writer:
    """Writes lengths already scaled."""

    def __init__(self, scale: float):
        self.scale = scale

    def picture(self, drawing: Drawing) -> str:
        size = EM * _CENTIMETRE * self.scale
        width, height = self.length(drawing.width), self.length(drawing.height)
        lines = [f"block(width: {width}, height: {height}, breakable: false, {{", _HEAD]
        # Labels are centred by what is drawn of them.
        lines.append(f'  set text(size: {size:.4g}pt, top-edge: "bounds", bottom-edge: "bounds")')
        # All edges are one curve, and so are their tips: Typst sets few large shapes faster than many small ones.
        if drawing.edges:
            lines += self.call("lines", [self.edge(edge) for edge in drawing.edges])
            lines += self.call("tips", [self.tip(edge) for edge in drawing.edges])
        for vertex in drawing.vertices:
            lines += self.vertex(vertex)
        for edge in drawing.edges:
            if edge.label is not None and edge.edge.label is not None:
                lines.append(self.label(edge.label, edge.edge.label))
        return "\n".join([*lines, "})"])

    def length(self, value: float) -> str:
        """Centimetres to hundredths of a millimetre; no minus before a zero."""
        return f"{round(value * self.scale, 3) + 0.0:g}cm"

    def at(self, point: Point) -> str:
        return f"({self.length(point[0])}, {self.length(point[1])})"

    def call(self, function: str, paths: list[list[str]]) -> list[str]:
        return [f"  {function}(", *(f"    {', '.join(path)}," for path in paths), "  )"]

    def edge(self, edge: PlacedEdge) -> list[str]:
        pieces = [f"curve.move({self.at(edge.start)})"]
        for piece in edge.pieces:
            if isinstance(piece, Line):
                pieces.append(f"curve.line({self.at(piece.end)})")
            else:
                points = ", ".join(self.at(p) for p in (piece.control1, piece.control2, piece.end))
                pieces.append(f"curve.cubic({points})")
        return pieces

    def tip(self, edge: PlacedEdge) -> list[str]:
        first, *others = (self.at(corner) for corner in edge.arrow())
        return [f"curve.move({first})", *(f"curve.line({corner})" for corner in others), "curve.close()"]

    def vertex(self, vertex: PlacedVertex) -> list[str]:
        styles = (_STYLES[vertex.vertex.role], "")
        lines = [self.outline(vertex, box, style) for box, style in zip(vertex.outlines, styles, strict=False)]
        if vertex.parting is not None:
            top, bottom = vertex.parting
            lines.append(f"  lines(curve.move({self.at(top)}), curve.line({self.at(bottom)}))")
        return lines + [self.label(place, label) for place, label in vertex.labels]

    def outline(self, vertex: PlacedVertex, box: Rect, style: str) -> str:
        radius = self.length(box.height / 2) if vertex.rounded else "0pt"
        place = ", ".join(self.length(value) for value in (box.left, box.top, box.width, box.height))
        return f"  frame({style}{place}, {radius})"

    def label(self, place: Rect, label: Layout) -> str:
        return f"  label({self.length(place.x)}, {self.length(place.y)}, ${to_typst(label)}$)"

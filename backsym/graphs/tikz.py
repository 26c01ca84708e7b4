"""A drawing as TikZ: absolute coordinates, no TikZ libraries; labels are the LaTeX of ``printing``.

This module must not know how a drawing is laid out.
"""

from __future__ import annotations

from backsym.graphs.drawing import Drawing, Line, PlacedEdge, PlacedVertex, Point, Rect
from backsym.printing.latex import to_latex
from backsym.printing.layout import Layout

_STYLES = {
    "input": "", "given": "", "parameter": "fill=black!10", "target": "dashed", "constant": "dashed", "node": "",
    "loss": "",
}  # fmt: skip


def tikz(drawing: Drawing) -> str:
    """A ``tikzpicture``; the document needs ``\\usepackage{tikz}`` and amsmath."""
    return _Writer(drawing.scale).picture(drawing)


class _Writer:
    """Writes numbers already scaled: TikZ's own scale leaves rounded corners as they are."""

    def __init__(self, scale: float):
        self.scale = scale

    def picture(self, drawing: Drawing) -> str:
        node = "font=\\small, inner sep=0pt" + (f", scale={self.scale:.3f}" if self.scale < 1 else "")
        lines = [f"\\begin{{tikzpicture}}[>=stealth, every node/.style={{{node}}}]"]
        lines.append(f"\\useasboundingbox (0,0) rectangle {self.at((drawing.width, drawing.height))};")
        lines += [self.edge(edge) for edge in drawing.edges]
        for vertex in drawing.vertices:
            lines += self.vertex(vertex)
        for edge in drawing.edges:
            if edge.label is not None and edge.edge.label is not None:
                lines.append(self.label(edge.label, edge.edge.label))
        return "\n".join([*lines, "\\end{tikzpicture}"]) + "\n"

    def number(self, value: float) -> str:
        """Centimetres to hundredths of a millimetre; no minus before a zero."""
        return f"{round(value * self.scale, 3) + 0.0:g}"

    def at(self, point: Point) -> str:
        return f"({self.number(point[0])},{self.number(-point[1])})"

    def edge(self, edge: PlacedEdge) -> str:
        path = self.at(edge.start)
        for piece in edge.pieces:
            if isinstance(piece, Line):
                path += f" -- {self.at(piece.end)}"
            else:
                path += f" .. controls {self.at(piece.control1)} and {self.at(piece.control2)} .. {self.at(piece.end)}"
        return f"\\draw[->] {path};"

    def vertex(self, vertex: PlacedVertex) -> list[str]:
        styles = (_STYLES[vertex.vertex.role], "")
        lines = [self.outline(vertex, box, style) for box, style in zip(vertex.outlines, styles, strict=False)]
        if vertex.parting is not None:
            top, bottom = vertex.parting
            lines.append(f"\\draw {self.at(top)} -- {self.at(bottom)};")
        return lines + [self.label(place, label) for place, label in vertex.labels]

    def outline(self, vertex: PlacedVertex, box: Rect, style: str) -> str:
        if vertex.rounded:
            style = ", ".join(filter(None, (style, f"rounded corners={self.number(box.height / 2 - 0.002)}cm")))
        corners = f"{self.at((box.left, box.top))} rectangle {self.at((box.right, box.bottom))}"
        return f"\\draw[{style}] {corners};" if style else f"\\draw {corners};"

    def label(self, place: Rect, label: Layout) -> str:
        return f"\\node at {self.at((place.x, place.y))} {{${to_latex(label)}$}};"

"""A drawing as TikZ: absolute coordinates, no TikZ libraries; labels are the LaTeX of ``printing``.

This module must not know how a drawing is laid out.
"""

from __future__ import annotations

from backsym.graphs.drawing import Drawing, Line, PlacedEdge, PlacedVertex, Point, Rect
from backsym.printing.latex import to_latex
from backsym.printing.layout import Layout

_STYLES = {
    "input": "", "parameter": "fill=black!10", "target": "dashed", "constant": "dashed", "node": "", "loss": "",
}  # fmt: skip


def tikz(drawing: Drawing) -> str:
    """A ``tikzpicture``; the document needs ``\\usepackage{tikz}`` and amsmath."""
    options = [">=stealth", "every node/.style={font=\\small, inner sep=0pt}"]
    if drawing.scale < 1:
        options += [f"scale={drawing.scale:.3f}", "transform shape"]
    lines = [f"\\begin{{tikzpicture}}[{', '.join(options)}]"]
    lines.append(f"\\useasboundingbox (0,0) rectangle {_at((drawing.width, drawing.height))};")
    for edge in drawing.edges:
        lines.append(_edge(edge))
    for vertex in drawing.vertices:
        lines += _vertex(vertex)
    for edge in drawing.edges:
        if edge.label is not None and edge.edge.label is not None:
            lines.append(_label(edge.label, edge.edge.label))
    return "\n".join([*lines, "\\end{tikzpicture}"]) + "\n"


def _at(point: Point) -> str:
    return f"({_number(point[0])},{_number(-point[1])})"


def _number(value: float) -> str:
    """Hundredths of a millimetre; no minus before a zero."""
    return f"{round(value, 3) + 0.0:g}"


def _edge(edge: PlacedEdge) -> str:
    path = _at(edge.start)
    for piece in edge.pieces:
        if isinstance(piece, Line):
            path += f" -- {_at(piece.end)}"
        else:
            path += f" .. controls {_at(piece.control1)} and {_at(piece.control2)} .. {_at(piece.end)}"
    return f"\\draw[->] {path};"


def _vertex(vertex: PlacedVertex) -> list[str]:
    box = vertex.outline
    style = _STYLES[vertex.vertex.role]
    lines = [_outline(vertex, box, style)]
    if vertex.vertex.role == "loss":
        lines.append(_outline(vertex, box.grown(-0.06), ""))
    if vertex.split is None or vertex.vertex.second is None:
        lines.append(_label(box, vertex.vertex.label))
    else:
        x = box.left + vertex.split
        lines.append(f"\\draw {_at((x, box.top))} -- {_at((x, box.bottom))};")
        lines.append(_label(Rect((box.left + x) / 2, box.y, 0, 0), vertex.vertex.label))
        lines.append(_label(Rect((x + box.right) / 2, box.y, 0, 0), vertex.vertex.second))
    if vertex.note is not None and vertex.vertex.note is not None:
        lines.append(_label(vertex.note, vertex.vertex.note))
    return lines


def _outline(vertex: PlacedVertex, box: Rect, style: str) -> str:
    corners = f"{_at((box.left, box.top))} rectangle {_at((box.right, box.bottom))}"
    if vertex.rounded:
        style = ", ".join(filter(None, (style, f"rounded corners={_number(box.height / 2 - 0.001)}cm")))
    return f"\\draw[{style}] {corners};" if style else f"\\draw {corners};"


def _label(place: Rect, label: Layout) -> str:
    return f"\\node at {_at((place.x, place.y))} {{${to_latex(label)}$}};"

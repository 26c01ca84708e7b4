"""A drawing as SVG: one file without scripts or fonts of its own; the labels are mathematics set from their layout.

Everything is drawn in the current colour.  A file of its own carries a small style sheet with a light and a dark pair
of colours, so that it can be read on any page; an inline one takes its colour from the page.

This module must not know how a drawing is laid out.
"""

from __future__ import annotations

from html import escape

from backsym.graphs.drawing import EM, Drawing, Line, PlacedEdge, PlacedVertex, Point, Rect
from backsym.graphs.typeset import Glyphs, typeset
from backsym.printing.layout import Layout

UNIT = 40
"""Units of the picture in a centimetre; a little more than the 37.8 pixels that a browser takes for one."""
FONTS = "'Latin Modern Math','STIX Two Text','STIX Two Math','Cambria Math','Times New Roman',Times,serif"
_STYLE = "svg{color:#1f2328;background:#fff}@media(prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}}"
_FACES = {
    "italic": ' font-style="italic"', "bold": ' font-weight="bold"', "roman": "", "operator": "", "calligraphic": "",
    "blackboard": "", "fraktur": "", "bold_italic": ' font-weight="bold" font-style="italic"',
    "roman_bold": ' font-weight="bold"', "roman_italic": ' font-style="italic"', "sans": ' font-family="sans-serif"',
    "mono": ' font-family="monospace"',
}  # fmt: skip


def svg(drawing: Drawing, title: str, description: str, *, inline: bool = False) -> str:
    """The SVG text; ``title`` and ``description`` are plain text for screen readers and tooltips."""
    width, height = drawing.width * UNIT, drawing.height * UNIT
    shown = f'width="{_number(width * drawing.scale)}" height="{_number(height * drawing.scale)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {shown} viewBox="0 0 {_number(width)} {_number(height)}" role="img"'
        ' style="max-width:100%;height:auto">',
        f"<title>{_text(title)}</title>",
        f"<desc>{_text(description)}</desc>",
    ]
    if not inline:
        lines.append(f"<style>{_STYLE}</style>")
    lines.append('<g fill="none" stroke="currentColor" stroke-width="1.1">')
    lines += [_edge(edge) for edge in drawing.edges]
    for vertex in drawing.vertices:
        lines += _outlines(vertex)
    lines.append("</g>")
    lines.append(f'<g fill="currentColor" text-anchor="middle" font-family="{FONTS}">')
    lines += [_arrow(edge) for edge in drawing.edges]
    for vertex in drawing.vertices:
        lines += _labels(vertex)
    for edge in drawing.edges:
        if edge.label is not None and edge.edge.label is not None:
            lines += _label(edge.label, edge.edge.label)
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def _text(text: str) -> str:
    """Text for XML, which knows no control characters."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text), quote=False)


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:g}" if abs(value) < 1000 else f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def _at(point: Point) -> str:
    return f"{_number(point[0] * UNIT)} {_number(point[1] * UNIT)}"


def _edge(edge: PlacedEdge) -> str:
    path = f"M{_at(edge.start)}"
    for piece in edge.pieces:
        if isinstance(piece, Line):
            path += f" L{_at(piece.end)}"
        else:
            path += f" C{_at(piece.control1)} {_at(piece.control2)} {_at(piece.end)}"
    return f'<path d="{path}"/>'


def _arrow(edge: PlacedEdge) -> str:
    return f'<path d="M{" L".join(_at(corner) for corner in edge.arrow())}Z"/>'


def _outlines(vertex: PlacedVertex) -> list[str]:
    role = vertex.vertex.role
    extra = {
        "parameter": ' fill="currentColor" fill-opacity=".12"', "target": ' stroke-dasharray="4 3"',
        "constant": ' stroke-dasharray="4 3"',
    }.get(role, "")  # fmt: skip
    lines = [
        _rect(box, style, rounded=vertex.rounded) for box, style in zip(vertex.outlines, (extra, ""), strict=False)
    ]
    if vertex.parting is not None:
        lines.append(f'<path d="M{_at(vertex.parting[0])} L{_at(vertex.parting[1])}"/>')
    return lines


def _rect(box: Rect, extra: str, *, rounded: bool) -> str:
    numbers = [_number(n * UNIT) for n in (box.left, box.top, box.width, box.height)]
    corner = f' rx="{_number(box.height / 2 * UNIT)}"' if rounded else ""
    x, y, width, height = numbers
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{corner}{extra}/>'


def _labels(vertex: PlacedVertex) -> list[str]:
    return [line for place, label in vertex.labels for line in _label(place, label)]


def _label(place: Rect, label: Layout) -> list[str]:
    """One text element for the glyphs, each in its place, and lines for the rules."""
    box = typeset(label, EM)
    left, base = place.x - box.width / 2, place.y + (box.height - box.depth) / 2
    spans: list[str] = []
    rules: list[str] = []
    for item in box.moved(left, base):
        if isinstance(item, Glyphs):
            spans.append(_span(item))
        else:
            y = _number(item.y * UNIT)
            x1, x2 = _number(item.x1 * UNIT), _number(item.x2 * UNIT)
            rules.append(f'<path d="M{x1} {y}H{x2}" stroke="currentColor" stroke-width="1"/>')
    return [f"<text>{''.join(spans)}</text>", *rules]


def _span(item: Glyphs) -> str:
    greek = item.style == "bold" and not item.text.isascii()
    face = _FACES["bold"] + _FACES["italic"] if greek else _FACES[item.style]
    place = f'x="{_number(item.x * UNIT)}" y="{_number(item.y * UNIT)}"'
    return f'<tspan {place} font-size="{_number(item.size * UNIT)}"{face}>{_text(item.text)}</tspan>'

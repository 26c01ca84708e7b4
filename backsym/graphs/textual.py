"""A graph as DOT (Graphviz) and as Mermaid, which lay it out themselves; labels are one line of Unicode.

This module must not know how labels are set or vertices placed.
"""

from __future__ import annotations

from backsym.graphs.model import Graph, Vertex
from backsym.printing.unicode import to_unicode

_DOT_SHAPES = {
    "input": "shape=box", "parameter": "shape=box, style=filled, fillcolor=gray90", "target": "shape=box, style=dashed",
    "constant": "shape=box, style=dashed", "given": "shape=box", "node": "shape=ellipse",
    "loss": "shape=ellipse, peripheries=2",
}  # fmt: skip
_MERMAID_SHAPES = {
    "input": ("[", "]"), "parameter": ("[[", "]]"), "target": ("{{", "}}"), "constant": ("{{", "}}"),
    "given": ("[", "]"), "node": ("([", "])"), "loss": ("(((", ")))"),
}  # fmt: skip


def dot(graph: Graph) -> str:
    """A digraph from left to right."""
    lines = ["digraph {", "  rankdir=LR;", "  node [margin=0.05];", f"  label={_quoted(graph.title)};"]
    ids = {vertex.name: f"v{n}" for n, vertex in enumerate(graph.vertices)}
    lines += [f"  {ids[v.name]} [label={_quoted(_label(v))}, {_DOT_SHAPES[v.role]}];" for v in graph.vertices]
    for edge in graph.edges:
        label = "" if edge.label is None else f" [label={_quoted(to_unicode(edge.label))}]"
        lines.append(f"  {ids[edge.source]} -> {ids[edge.target]}{label};")
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(graph: Graph) -> str:
    """A flowchart from left to right; the identifiers are numbers, because Mermaid reserves many words."""
    lines = ["flowchart LR"]
    ids = {vertex.name: f"v{n}" for n, vertex in enumerate(graph.vertices)}
    for vertex in graph.vertices:
        left, right = _MERMAID_SHAPES[vertex.role]
        lines.append(f'  {ids[vertex.name]}{left}"{_entities(_label(vertex))}"{right}')
    for edge in graph.edges:
        label = "" if edge.label is None else f'|"{_entities(to_unicode(edge.label))}"|'
        lines.append(f"  {ids[edge.source]} -->{label} {ids[edge.target]}")
    return "\n".join(lines) + "\n"


def _label(vertex: Vertex) -> str:
    """The names of a vertex, and in parentheses what is noted below it."""
    text = to_unicode(vertex.label)
    if vertex.second is not None:
        text += f" | {to_unicode(vertex.second)}"
    return text if vertex.note is None else f"{text}  ({to_unicode(vertex.note)})"


def _quoted(text: str) -> str:
    clean = "".join(sign if sign.isprintable() else " " for sign in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _entities(text: str) -> str:
    """Signs that Mermaid would read as markup, by number."""
    return "".join(f"#{ord(sign)};" if sign in '"#&<>`\\*_[]{}|;' else sign for sign in text)

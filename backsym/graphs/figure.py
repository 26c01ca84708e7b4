"""The door for documents and the command line: a figure of a problem, in every output language.

This module must not know how any of it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from backsym.errors import BacksymError
from backsym.graphs.drawing import Drawing
from backsym.graphs.model import DERIVATIVES, KINDS, Graph, choose, computation_graph
from backsym.graphs.network import network_graph
from backsym.graphs.placement import draw
from backsym.graphs.signs import unicode_text
from backsym.graphs.svg import svg
from backsym.graphs.textual import dot, mermaid
from backsym.graphs.tikz import tikz
from backsym.problem import Problem

FORMATS = ("svg", "tikz", "dot", "mermaid")
_WHAT = {
    "vectorized": "Computation graph",
    "scalar": "Computation graph, entry by entry",
    "network": "Network",
}


@dataclass(frozen=True)
class Figure:
    """A graph that can be drawn.  ``drawing`` is the positioned model, for further output languages."""

    graph: Graph

    @cached_property
    def drawing(self) -> Drawing:
        return draw(self.graph)

    @property
    def title(self) -> str:
        """What the figure shows, in plain words."""
        return f"{_WHAT[self.graph.kind]} of {self.graph.title}"

    @property
    def unlabelled(self) -> tuple[tuple[str, str], ...]:
        """The edges, by the names of their ends, whose labels found no room in the drawing (very dense networks)."""
        edges = [placed for placed in self.drawing.edges if placed.edge.label is not None and placed.label is None]
        return tuple((placed.edge.source, placed.edge.target) for placed in edges)

    def tikz(self) -> str:
        """A tikzpicture, at most 15.5 cm wide; needs tikz without libraries, and amsmath."""
        return tikz(self.drawing)

    def svg(self, inline: bool = False) -> str:
        """An SVG file; ``inline`` leaves the colours to the page that it is put into."""
        return svg(self.drawing, self.title, self.alt_text(), inline)

    def dot(self) -> str:
        """A digraph for Graphviz."""
        return dot(self.graph)

    def mermaid(self) -> str:
        """A Mermaid flowchart."""
        return mermaid(self.graph)

    def written(self, form: str) -> str:
        """The text in a form of ``FORMATS``; raises BacksymError for another."""
        choose(form, FORMATS, "form of a graph")
        return str(getattr(self, form)())

    def alt_text(self) -> str:
        """The edges in words, a sentence for each vertex that has any coming in: for screen readers."""
        sentences = [f"{self.title}."]
        for vertex in self.graph.vertices:
            sources = [_spoken(edge.source, edge.text) for edge in self.graph.edges if edge.target == vertex.name]
            if sources:
                name = vertex.name
                if vertex.second is not None:
                    name += f", activation {unicode_text(vertex.second)},"
                sentences.append(f"{_listed(sources)} {'leads' if len(sources) == 1 else 'lead'} to {name}.")
        return " ".join(sentences)


def _spoken(source: str, label: str) -> str:
    return f"{source} ({label})" if label else source


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def figure(problem: Problem, kind: str = "vectorized", derivatives: str = "none") -> Figure:
    """The figure of a problem.

    ``kind`` is vectorized, scalar or network; ``derivatives`` is none, edges (local derivatives) or nodes (derivatives
    of the loss), for the computation graphs only.  Raises BacksymError for an unknown choice, and where a problem is
    not a network of units that can be drawn.
    """
    choose(kind, KINDS, "graph")
    choose(derivatives, DERIVATIVES, "place for derivatives")
    if kind != "network":
        return Figure(computation_graph(problem, kind, derivatives))
    if derivatives != "none":
        raise BacksymError("the drawing of a network shows weights; derivatives go with a vectorized or scalar graph")
    return Figure(network_graph(problem))

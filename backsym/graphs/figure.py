"""The door for documents and the command line: a figure of a problem, in every output language.

This module must not know how any of it is done; each language is imported when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from backsym.core.errors import BacksymError
from backsym.core.lazy import lazy
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.graphs.drawing import Drawing
from backsym.graphs.model import DERIVATIVES, KINDS, Graph, Numbers, choose, computation_graph
from backsym.graphs.network import network_graph
from backsym.graphs.placement import draw

KEPT = 32
"""So many drawings are kept: the problems of a handout often go on about one network."""

FORMATS = ("svg", "tikz", "dot", "mermaid")


@dataclass(frozen=True, repr=False)
class Figure:
    """A graph that can be drawn; ``title`` and ``alt`` say in words what it shows.

    ``drawing`` is the positioned model, for further output languages.
    """

    graph: Graph
    """What is drawn."""
    title: str = ""
    """What it shows, in a few words."""
    alt: str = ""
    """What it shows, for who cannot see it."""

    @lazy
    def drawing(self) -> Drawing:
        """The positioned model, for further output languages."""
        return _drawn(replace(self.graph, title=""))

    @property
    def unlabelled(self) -> tuple[tuple[str, str], ...]:
        """The edges, by the names of their ends, whose labels found no room in the drawing (very dense networks)."""
        edges = [placed for placed in self.drawing.edges if placed.edge.label is not None and placed.label is None]
        return tuple((placed.edge.source, placed.edge.target) for placed in edges)

    def tikz(self) -> str:
        """A tikzpicture, at most 15.5 cm wide; needs tikz without libraries, and amsmath."""
        from backsym.graphs.tikz import tikz

        return tikz(self.drawing)

    def typst(self) -> str:
        """A Typst expression, at most 15.5 cm wide, for use in code: put ``#`` before it in text."""
        from backsym.graphs.typst import typst

        return typst(self.drawing)

    def svg(self, *, inline: bool = False) -> str:
        """An SVG file; ``inline`` leaves the colours to the page that it is put into."""
        from backsym.graphs.svg import svg

        return svg(self.drawing, self.title, self.alt, inline=inline)

    def __repr__(self) -> str:
        return f"<Figure {self.title or self.graph.kind!r}>"

    def _repr_svg_(self) -> str:
        return self.svg()

    def dot(self) -> str:
        """A digraph for Graphviz."""
        from backsym.graphs.textual import dot

        return dot(self.graph)

    def mermaid(self) -> str:
        """A Mermaid flowchart."""
        from backsym.graphs.textual import mermaid

        return mermaid(self.graph)

    def written(self, form: str) -> str:
        """The text in a form of ``FORMATS``; raises BacksymError for another."""
        choose(form, FORMATS, say("graphs.form"))
        return str(getattr(self, form)())


@lru_cache(maxsize=KEPT)
def _drawn(graph: Graph) -> Drawing:
    return draw(graph)


def figure(
    problem: Problem, kind: str = "vectorized", derivatives: str = "none", numbers: Numbers | None = None
) -> Figure:
    """The figure of a problem.

    ``kind`` is vectorized, scalar or network; ``derivatives`` is none, edges (local derivatives), nodes (derivatives of
    the loss) or ``numbers``, for the computation graphs only.  Raises BacksymError for an unknown choice, and where a
    problem is not a network of units that can be drawn.
    """
    choose(kind, KINDS, say("graphs.graph"))
    choose(derivatives, DERIVATIVES, say("graphs.place"))
    if kind != "network":
        return Figure(computation_graph(problem, kind, derivatives, numbers))
    if derivatives != "none":
        raise BacksymError(say("graphs.weights_only"))
    return Figure(network_graph(problem))

"""A graph of a problem as a block, with its title and its description in words.

This module must not know how a graph is drawn or written.
"""

from __future__ import annotations

from dataclasses import replace

from backsym.documents.content.blocks import Inlines, Math, Paragraph, Picture
from backsym.documents.content.markup import inlines_of
from backsym.documents.content.sentences import Voice
from backsym.graphs.figure import Figure, figure
from backsym.graphs.model import ROLES, Graph
from backsym.printing.unicode import to_unicode

LARGEST = 40
"""Vertices of a graph that is drawn on a page: of more, nobody could read the names."""


def drawing(voice: Voice, kind: str = "vectorized") -> Picture | Paragraph:
    """The drawing of a graph, or where it would be too large, a sentence that says so."""
    count = len(figure(voice.problem, kind).graph.vertices)
    if count > LARGEST:
        return voice.say("figures.too_large", count=str(count), most=str(LARGEST))
    return picture(voice, kind)


def legend(voice: Voice, kind: str) -> Paragraph | None:
    """What the shapes in a computation graph stand for; None for a network, whose units explain themselves."""
    graph = figure(voice.problem, kind).graph
    roles = {vertex.role for vertex in graph.vertices}
    if kind == "network" or len(graph.vertices) > LARGEST:
        return None
    if {"target", "constant"} <= roles:
        roles = roles - {"target", "constant"} | {"fixed"}
    shown = [
        voice.catalogue.phrase(f"figures.kinds.{role}") for role in (*ROLES[:4], "fixed", *ROLES[4:]) if role in roles
    ]
    return voice.say("figures.legend", kinds=voice.catalogue.listing(shown))


def picture(voice: Voice, kind: str = "vectorized", derivatives: str = "none") -> Picture:
    """The drawing of a graph of the problem; see :func:`backsym.graphs.figure.figure`."""
    drawn = described(figure(voice.problem, kind, derivatives), voice)
    return Picture(drawn, drawn.alt)


def described(drawn: Figure, voice: Voice) -> Figure:
    """The figure with its title and, for screen readers, a sentence for each vertex that any edge leads to."""
    words = voice.catalogue
    title = plain(words.phrase(f"figures.{drawn.graph.kind}", title=inlines_of(voice.problem.title, "title")))
    return replace(drawn, title=title, alt=" ".join([f"{title}.", *_sentences(drawn.graph, voice)]))


def _sentences(graph: Graph, voice: Voice) -> list[str]:
    sentences = []
    words = voice.catalogue
    for vertex in graph.vertices:
        coming = [edge for edge in graph.edges if edge.target == vertex.name]
        if not coming:
            continue
        sources = [f"{edge.source} ({edge.text})" if edge.text else edge.source for edge in coming]
        name: str = vertex.name
        if vertex.second is not None:
            name = plain(words.phrase("figures.unit", name=name, activation=to_unicode(vertex.second)))
        key = "figures.leads" if len(sources) == 1 else "figures.lead"
        sentences.append(plain(words.phrase(key, sources=words.listing(sources), name=name)))
    return sentences


def plain(content: Inlines) -> str:
    """Inline content as one line of Unicode text."""
    return "".join(to_unicode(item.layout) if isinstance(item, Math) else item.text for item in content)

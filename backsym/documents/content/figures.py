"""A graph of a problem as a block, with its title and its description in words.

This module must not know how a graph is drawn or written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Partial, names_in
from backsym.core.steps import Derivation
from backsym.core.words import say
from backsym.documents.content.blocks import Paragraph, Picture
from backsym.documents.content.markup import inlines_of, inlines_plain
from backsym.documents.content.sentences import Voice
from backsym.documents.content.worked import value_layout
from backsym.graphs.figure import Figure, figure
from backsym.graphs.model import VERTEX_ROLES, Graph, Numbers
from backsym.numeric.evaluate import evaluate
from backsym.numeric.given import point
from backsym.printing.layout import Layout, Tinted, with_decimal_comma
from backsym.printing.unicode import to_unicode

if TYPE_CHECKING:
    from backsym.numeric.axes import Array

LARGEST = 40
"""Vertices of a graph that is drawn on a page: of more, nobody could read the names."""


NUMBERED = 20
"""Vertices of a graph with numbers at them."""

FIGURES = 3
"""Significant digits of the numbers in a drawing."""

LABELLED = 10
"""Vertices of a graph with a local derivative on each arrow."""


def drawing(voice: Voice, kind: str = "vectorized") -> Picture | Paragraph:
    """The drawing of a graph, or where it would be too large, a sentence that says so."""
    count = len(figure(voice.problem, kind).graph.vertices)
    if count > LARGEST:
        return voice.say("figures.too_large", count=str(count), most=str(LARGEST))
    return picture(voice, kind)


def with_numbers(voice: Voice, derivations: Sequence[Derivation], kind: str) -> Picture | None:
    """The graph with values, derivatives of the loss and local derivatives in numbers.

    None where a quantity is an array, which no place in a drawing could hold, or where numbers would be crowded.
    Raises BacksymError where a given quantity has no value.
    """
    problem = voice.problem
    if any(symbol.shape for symbol in problem.symbols.values()) or len(problem.symbols) > NUMBERED:
        return None
    drawn = picture(voice, kind, "numbers", derivations)
    return None if drawn.drawn.unlabelled else drawn


def _numbers(voice: Voice, derivations: Sequence[Derivation]) -> Numbers:
    """Raises BacksymError where a quantity is an array or has no value."""
    problem = voice.problem
    arrays = [name for name, symbol in problem.symbols.items() if symbol.shape]
    if arrays:
        raise BacksymError(say("graphs.arrays", name=arrays[0]))
    env = point(problem, derivations)

    def shown(value: Array) -> Layout:
        layout = value_layout(value, voice, FIGURES)[0]
        return layout if problem.language == "en" else with_decimal_comma(layout)

    local = {
        (source, eq.name): shown(evaluate(Partial(problem.sym(eq.name), problem.sym(source)), env))
        for eq in problem.equations
        for source in names_in(eq.rhs)
        if source in env.adjoints and eq.name in env.adjoints
    }
    values = {name: shown(value) for name, value in env.values.items()}
    return Numbers(values, {name: shown(value) for name, value in env.adjoints.items()}, local)


def legend(voice: Voice, kind: str) -> Paragraph | None:
    """What the shapes in a computation graph stand for; None for a network, whose units explain themselves."""
    graph = figure(voice.problem, kind).graph
    roles = {vertex.role for vertex in graph.vertices}
    if kind == "network" or len(graph.vertices) > LARGEST:
        return None
    if {"target", "constant"} <= roles:
        roles = roles - {"target", "constant"} | {"fixed"}
    if "given" in roles:
        roles = roles - {"input"}  # Their squares are empty, too, and they are given.
    shown = [
        voice.catalogue.phrase(f"figures.kinds.{role}")
        for role in (*VERTEX_ROLES[:4], "fixed", *VERTEX_ROLES[4:])
        if role in roles
    ]
    return replace(voice.say("figures.legend", kinds=voice.catalogue.listing(shown)), closes=True)


def picture(
    voice: Voice, kind: str = "vectorized", derivatives: str = "none", derivations: Sequence[Derivation] = ()
) -> Picture:
    """The drawing of a graph of the problem; see :func:`backsym.graphs.figure.figure`; numbers need ``derivations``."""
    numbers = _numbers(voice, derivations) if derivatives == "numbers" else None
    drawn = described(figure(voice.problem, kind, derivatives, numbers), voice)
    return _pictured(drawn, voice)


def _pictured(drawn: Figure, voice: Voice) -> Picture:
    return Picture(drawn, drawn.alt, voice.catalogue.phrase("figures.elsewhere"))


def with_local_derivatives(voice: Voice, local: Mapping[tuple[str, str], Expr]) -> Picture | None:
    """The graph with the local derivative on each arrow, by source and target, along which anything is passed back.

    None where a quantity is an array, and where the labels would be crowded.
    """
    problem = voice.problem
    if any(symbol.shape for symbol in problem.symbols.values()) or len(problem.symbols) > LABELLED:
        return None
    plain_graph, marked = figure(problem, "scalar").graph, figure(problem, "scalar", "edges").graph
    edges = []
    for bare, edge in zip(plain_graph.edges, marked.edges, strict=True):
        known = local.get((edge.source, edge.target))
        if edge.label is None:
            edges.append(bare)
        elif known is None:
            return None
        else:
            label = voice.layout(known)
            edges.append(replace(edge, label=Tinted(label, "local"), text=f"{edge.text} = {to_unicode(label)}"))
    drawn = described(Figure(replace(plain_graph, edges=tuple(edges))), voice)
    return None if drawn.unlabelled else _pictured(drawn, voice)


def described(drawn: Figure, voice: Voice) -> Figure:
    """The figure with its title and, for screen readers, a sentence for each vertex that any edge leads to."""
    words = voice.catalogue
    title = inlines_plain(words.phrase(f"figures.{drawn.graph.kind}", title=inlines_of(voice.problem.title, "title")))
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
            name = inlines_plain(words.phrase("figures.unit", name=name, activation=to_unicode(vertex.second)))
        key = "figures.leads" if len(sources) == 1 else "figures.lead"
        sentences.append(inlines_plain(words.phrase(key, sources=words.listing(sources), name=name)))
    return sentences

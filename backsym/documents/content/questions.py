"""The questions and the worded answers of the parts, as blocks.

This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Equation, Ix
from backsym.core.problem import Problem
from backsym.core.steps import ForwardForms
from backsym.documents.content.blocks import Block, Bullets, Equations, Inlines, Paragraph, Row
from backsym.documents.content.markup import blocks_of
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import AnsweredPart, Solved, edges, parameters_behind, sources_of
from backsym.documents.content.vectorizing import lines_of
from backsym.printing.layout import Layout
from backsym.printing.printer import range_layout

PER_LINE = 7
"""Derivatives that a question lists on one line."""


def row(equation: Equation, indices: tuple[Ix, ...], voice: Voice) -> Row:
    """An equation with the range of its free indices."""
    return Row(voice.layout(equation.lhs), voice.layout(equation.rhs), range_layout(indices, voice.notation))


def given(parts: Sequence[AnsweredPart], solved: Solved) -> list[ForwardForms]:
    """The forward equations that a question sheet prints: not those that a part asks for."""
    asked = {name for a in parts if a.part.kind in ("forward", "vectorize") for name in a.part.targets}
    return [forms for forms in solved.forward if forms.node not in asked and solved.problem.show_forward]


def question_blocks(answered: AnsweredPart, voice: Voice) -> tuple[Block, ...]:
    """What the part asks."""
    part, where = answered.part, f"part {answered.label}"
    blocks: list[Block] = []
    if part.text:
        blocks.extend(blocks_of(part.text, where))
    if part.kind != "ask":
        blocks.append(Paragraph(_question(answered, voice)))
    if answered.asked:
        blocks.append(Equations(tuple(row(equation, indices, voice) for equation, indices in answered.asked)))
    elif part.kind in ("derive", "gradients"):
        wanted = [voice.layout(piece.result.lhs) for piece in answered.pieces]
        blocks.append(Equations(lines_of(wanted, PER_LINE)))
    return tuple(blocks)


def _question(answered: AnsweredPart, voice: Voice) -> Inlines:
    part, phrases = answered.part, voice.catalogue
    if part.kind == "graph":
        return phrases.phrase(f"questions.graph.{part.option or 'vectorized'}")
    if part.kind == "why":
        node = part.targets[0]
        return phrases.phrase("questions.why", node=voice.quantity(node), adjoint=adjoint(node, voice))
    if part.kind in ("derive", "gradients", "forward"):
        key = f"questions.{part.kind}" + ("_one" if len(part.targets) == 1 else "")
        return phrases.phrase(key, names=phrases.listing([voice.quantity(name) for name in part.targets]))
    if part.kind in ("show", "vectorize"):
        return phrases.phrase(f"questions.{part.kind}")
    raise BacksymError(f"part {answered.label}: no question is known for a part of kind {part.kind}")


def worded_answer(answered: AnsweredPart, voice: Voice) -> tuple[Block, ...]:
    """The answer of a part that is answered in words; empty for a part that is answered by derivations."""
    part = answered.part
    if part.kind == "ask" or (part.kind == "why" and part.answer):
        return blocks_of(part.answer or "", f"answer of part {answered.label}")
    if part.kind == "graph":
        return (Bullets(tuple(_edge_item(name, voice) for name in voice.problem.by_name)),)
    if part.kind == "why":
        return (Paragraph(why_answer(part.targets[0], voice)),)
    return ()


def edge_text(problem: Problem) -> str:
    """The edges of the computation graph, one a line: ``w -> z``."""
    return "\n".join(f"{source} -> {node}" for source, node in edges(problem))


def why_answer(node: str, voice: Voice) -> Inlines:
    """Why the derivative by a node is worth computing: which parameters' derivatives pass through it."""
    problem, phrases = voice.problem, voice.catalogue
    shown, passed = voice.quantity(node), adjoint(node, voice)
    if problem.symbols[node].role == "parameter":
        return phrases.phrase("answers.why_parameter", node=shown, adjoint=passed)
    parameters = parameters_behind(problem, node)
    if not parameters:
        return phrases.phrase("answers.why_useless", node=shown, adjoint=passed)
    names = phrases.listing([voice.quantity(name) for name in parameters])
    return phrases.phrase("answers.why", parameters=names, node=shown, adjoint=passed)


def adjoint(node: str, voice: Voice) -> Layout:
    """The derivative of the loss by a whole quantity."""
    return voice.layout(Adj(node, voice.problem.symbols[node].shape))


def _edge_item(node: str, voice: Voice) -> Inlines:
    sources = voice.catalogue.listing([voice.quantity(name) for name in sources_of(voice.problem, node)])
    return voice.catalogue.phrase("answers.edge", node=voice.quantity(node), sources=sources)

"""The questions and the worded answers of the parts, as blocks.

This module must not know about output languages.
"""

from __future__ import annotations

from backsym.documents.blocks import Block, Bullets, Equations, Inlines, Paragraph, Row
from backsym.documents.markup import blocks_of, inlines_of
from backsym.documents.sentences import catalogue, listing
from backsym.documents.solved import AnsweredPart, edges, parameters_behind, sources_of
from backsym.errors import BacksymError
from backsym.expr import Adj, Equation, Expr, Ix
from backsym.printing.latex import latex, range_latex
from backsym.printing.notation import Notation
from backsym.problem import Problem

PER_LINE = 7
"""Derivatives that a question lists on one line."""


def row(equation: Equation, indices: tuple[Ix, ...], notation: Notation) -> Row:
    """An equation with the range of its free indices."""
    return Row(latex(equation.lhs, notation), latex(equation.rhs, notation), range_latex(indices, notation))


def question_blocks(answered: AnsweredPart, problem: Problem, notation: Notation) -> tuple[Block, ...]:
    """What the part asks."""
    part, where = answered.part, f"part {answered.label}"
    blocks: list[Block] = []
    if part.text and part.kind != "ask":
        blocks.extend(blocks_of(part.text, where))
    sentence = _question(answered, problem, notation)
    blocks.extend(blocks_of(sentence, where))
    if answered.asked:
        blocks.append(Equations(tuple(row(equation, indices, notation) for equation, indices in answered.asked)))
    elif part.kind in ("derive", "gradients"):
        wanted = [latex(piece.result.lhs, notation) for piece in answered.pieces]
        lines = [wanted[n : n + PER_LINE] for n in range(0, len(wanted), PER_LINE)]
        blocks.append(Equations(tuple(Row("", r", \quad ".join(line)) for line in lines)))
    return tuple(blocks)


def _question(answered: AnsweredPart, problem: Problem, notation: Notation) -> str:
    part, phrases = answered.part, catalogue()
    if part.kind == "graph":
        return phrases.phrase(f"questions.graph.{part.option or 'vectorized'}")
    if part.kind == "ask":
        return part.text or ""
    if part.kind == "why":
        node = part.targets[0]
        facts = {"node": _math(problem.sym(node), notation), "adjoint": adjoint(problem, node, notation)}
        return phrases.phrase("questions.why", **facts)
    if part.kind in ("derive", "gradients", "forward"):
        key = f"questions.{part.kind}" + ("_one" if len(part.targets) == 1 else "")
        names = listing([_math(problem.sym(name), notation) for name in part.targets])
        return phrases.phrase(key, names=names)
    if part.kind in ("show", "vectorize"):
        return phrases.phrase(f"questions.{part.kind}")
    raise BacksymError(f"part {answered.label}: no question is known for a part of kind {part.kind}")


def worded_answer(answered: AnsweredPart, problem: Problem, notation: Notation) -> tuple[Block, ...]:
    """The answer of a part that is answered in words; empty for a part that is answered by derivations."""
    part = answered.part
    where = f"answer of part {answered.label}"
    if part.kind == "ask" or (part.kind == "why" and part.answer):
        return blocks_of(part.answer or "", where)
    if part.kind == "graph":
        return (Bullets(tuple(_edge_item(name, problem, notation) for name in problem.by_name)),)
    if part.kind == "why":
        return (Paragraph(inlines_of(why_answer(part.targets[0], problem, notation), where)),)
    return ()


def edge_text(problem: Problem) -> str:
    """The edges of the computation graph, one a line: ``w -> z``."""
    return "\n".join(f"{source} -> {node}" for source, node in edges(problem))


def why_answer(node: str, problem: Problem, notation: Notation) -> str:
    """Why the derivative by a node is worth computing: which parameters' derivatives pass through it."""
    facts = {"node": _math(problem.sym(node), notation), "adjoint": adjoint(problem, node, notation)}
    phrases = catalogue()
    if problem.symbols[node].role == "parameter":
        return phrases.phrase("answers.why_parameter", **facts)
    parameters = parameters_behind(problem, node)
    if not parameters:
        return phrases.phrase("answers.why_useless", **facts)
    shown = listing([_math(problem.sym(name), notation) for name in parameters])
    return phrases.phrase("answers.why", parameters=shown, **facts)


def adjoint(problem: Problem, node: str, notation: Notation) -> str:
    """The derivative of the loss by a whole quantity, as Markdown."""
    return _math(Adj(node, problem.symbols[node].shape), notation)


def _edge_item(node: str, problem: Problem, notation: Notation) -> Inlines:
    sources = [_math(problem.sym(name), notation) for name in sources_of(problem, node)]
    sentence = catalogue().phrase("answers.edge", node=_math(problem.sym(node), notation), sources=listing(sources))
    return inlines_of(sentence, "graph")


def _math(e: Expr, notation: Notation) -> str:
    return f"${latex(e, notation)}$"

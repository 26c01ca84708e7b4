"""How problems, solutions, results and verdicts show themselves in a notebook: as Markdown, HTML and a drawing.

The classes that users hold call this when a notebook asks them to; nothing heavy is loaded before.  The blocks are
those of the documents.  This module must not know how a problem is read or solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backsym.core.expr import Equation
from backsym.core.problem import Problem
from backsym.core.steps import Derivation, TotalDerivation, Verification

if TYPE_CHECKING:
    from backsym.documents.content.blocks import Block
    from backsym.documents.content.sentences import Voice
    from backsym.documents.content.solved import Solved
    from backsym.graphs.figure import Figure

LEVEL = 3
"""The level of the title: a notebook has headings of its own above it."""


class Markdown(str):
    """A text in Markdown with $math$, which a notebook shows as what it means."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


# --- what is shown ---------------------------------------------------------------------------------------------------


def problem_shown(problem: Problem) -> list[Block]:
    """Title, text, quantities and forward equations, as the author wrote them."""
    from backsym.documents.content.blocks import Heading
    from backsym.documents.content.markup import blocks_of, inlines_of
    from backsym.documents.content.sentences import Voice

    voice = Voice.of(problem)
    text = blocks_of(problem.text, "text") if problem.text else ()
    return [Heading(LEVEL, inlines_of(problem.title, "title")), *text, *_setting(problem, voice)]


def solution_shown(solved: Solved) -> list[Block]:
    """The whole worked solution."""
    from backsym.documents.content.blocks import Heading
    from backsym.documents.content.document import problem_blocks
    from backsym.documents.content.markup import inlines_of

    return [Heading(LEVEL, inlines_of(solved.problem.title, "title")), *problem_blocks(solved, LEVEL + 1)]


def result_shown(problem: Problem, derivation: Derivation, verification: Verification) -> list[Block]:
    """Both forms of one derivative, and what the numeric check said."""
    from backsym.documents.content.blocks import Equations
    from backsym.documents.content.derivations import both_forms, verified
    from backsym.documents.content.sentences import Voice

    voice = Voice.of(problem)
    blocks: list[Block] = [Equations(both_forms(derivation, voice))]
    if derivation.no_matrix:
        blocks.append(voice.say("document.no_matrix", reason=voice.catalogue.reason(derivation.no_matrix)))
    return [*blocks, verified(verification, voice)]


def explanation(
    problem: Problem, derivation: Derivation | TotalDerivation, verification: Verification, *, setting: bool = False
) -> list[Block]:
    """The derivation of one derivative, step by step; with ``setting``, after what is given and the forward pass."""
    from backsym.documents.content.derivations import derivation_blocks
    from backsym.documents.content.sentences import Voice

    voice = Voice.of(problem)
    derived = derivation_blocks(derivation, verification, voice, LEVEL)
    return [*derived[:1], *(_setting(problem, voice) if setting else ()), *derived[1:]]


def verdict_shown(verdict: str, score: float, marks: float, feedback: str) -> list[Block]:
    """A verdict with its score, and its feedback, which is Markdown with $math$."""
    from backsym.documents.content.blocks import Paragraph, Text
    from backsym.documents.content.markup import blocks_of

    head = Paragraph((Text(verdict.replace("_", " "), "strong"), Text(f" ({round(score, 2):g}/{round(marks, 2):g})")))
    return [head, *blocks_of(feedback, "feedback")]


def _setting(problem: Problem, voice: Voice) -> list[Block]:
    """The quantities, and the forward equations as the author wrote them."""
    from backsym.documents.content.blocks import Equations
    from backsym.documents.content.quantities import check_spellings, quantities
    from backsym.documents.content.questions import row

    check_spellings(problem)
    equations = tuple(row(Equation(eq.lhs, eq.rhs), eq.indices, voice) for eq in problem.equations)
    return [quantities(voice), Equations(equations)]


# --- in which form ---------------------------------------------------------------------------------------------------


def markdown(blocks: Sequence[Block]) -> Markdown:
    """Blocks as Markdown; a drawing is left out, since it would be a file beside."""
    from backsym.documents.content.blocks import Picture
    from backsym.documents.writers.markdown import markdown_text

    return Markdown(markdown_text(block for block in blocks if not isinstance(block, Picture)))


def html(blocks: Sequence[Block], language: str = "en") -> str:
    """Blocks as a piece of HTML that needs nothing else: MathML, inline SVG, and its own styles."""
    from backsym.documents.writers.html import html_text
    from backsym.documents.writers.templating import render_template
    from backsym.printing.mathml import escape

    body = html_text(blocks, anchors=False)
    return render_template("fragment.html.jinja", language=escape(language), body=body)


def latex(problem: Problem) -> str:
    """The forward equations, aligned, as LaTeX."""
    from backsym.printing.latex import equation_latex
    from backsym.printing.notation import Notation

    notation = Notation.of(problem)
    rows = [equation_latex(Equation(eq.lhs, eq.rhs), notation) for eq in problem.equations]
    return r" \\ ".join(rows)


def figure(problem: Problem, kind: str, derivatives: str, derivations: Sequence[Derivation] = ()) -> Figure:
    """The drawing of a graph of the problem, with its title; see :meth:`backsym.core.problem.Problem.graph`."""
    from backsym.documents.content.figures import picture
    from backsym.documents.content.quantities import check_spellings
    from backsym.documents.content.sentences import Voice

    check_spellings(problem)
    return picture(Voice.of(problem), kind, derivatives, derivations).drawn

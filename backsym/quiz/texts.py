"""The texts of questions as HTML, with the mathematics as the program that shows them wants it.

This module must not know how a question comes about.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from backsym.documents.content.blocks import (
    Block,
    Bullets,
    Equations,
    Inline,
    Inlines,
    Link,
    Math,
    Paragraph,
    Table,
    Text,
)
from backsym.documents.content.markup import inlines_of
from backsym.documents.writers.html import html_text
from backsym.documents.writers.markdown import equations_latex
from backsym.printing.latex import to_latex
from backsym.printing.printer import range_layout
from backsym.quiz.questions import Choice, Question


class Maths(Protocol):
    """The HTML of a formula in LaTeX; ``display`` tells that it stands on a line of its own."""

    def __call__(self, latex: str, /, *, display: bool) -> str: ...


_TAGS = {"strong": "strong", "emphasis": "em", "code": "code"}


def mathjax(latex: str, *, display: bool) -> str:
    """A formula for MathJax, as Moodle's filter finds it."""
    text = html.escape(latex, quote=False)
    return f"\\[{text}\\]" if display else f"\\({text}\\)"


def canvas_image(latex: str, *, display: bool) -> str:
    """A formula as Canvas keeps it: an image that it draws itself, with the LaTeX beside it."""
    text, source = html.escape(" ".join(latex.split())), quote(quote(" ".join(latex.split()), safe=""), safe="")
    image = f'<img class="equation_image" title="{text}" src="/equation_images/{source}" alt="LaTeX: {text}"'
    image += f' data-equation-content="{text}">'
    return f'<p style="text-align: center;">{image}</p>' if display else image


@dataclass(frozen=True)
class Texts:
    """Writes the parts of a question as HTML."""

    maths: Maths

    def statement(self, blocks: Iterable[Block]) -> str:
        return "\n".join(map(self.block, blocks))

    def question(self, question: Question) -> str:
        """What is asked."""
        return f"<p>{self.inlines(asked(question))}</p>"

    def choice(self, question: Question, choice: Choice) -> str:
        return self.maths(to_latex(question.voice.layout(choice.expr)), display=False)

    def feedback(self, question: Question, choice: Choice) -> str:
        """What is said of a choice that was made."""
        if choice.right:
            return self.inlines(question.voice.catalogue.phrase("quiz.right"))
        return self.inlines(inlines_of(choice.feedback, "feedback"))

    def block(self, block: Block) -> str:
        if isinstance(block, Paragraph):
            return f"<p>{self.inlines(block.content)}</p>"
        if isinstance(block, Equations):
            return self.maths(equations_latex(block.rows), display=True)
        if isinstance(block, Bullets):
            return "<ul>\n" + "\n".join(f"<li>{self.inlines(item)}</li>" for item in block.items) + "\n</ul>"
        if isinstance(block, Table):
            rows = [self._row("th", block.head), *(self._row("td", row) for row in block.rows)]
            return "<table>\n" + "\n".join(rows) + "\n</table>"
        return html_text((block,), anchors=False)

    def inlines(self, content: Inlines) -> str:
        return "".join(map(self._inline, content))

    def _row(self, tag: str, cells: Iterable[Inlines]) -> str:
        return "<tr>" + "".join(f"<{tag}>{self.inlines(cell)}</{tag}>" for cell in cells) + "</tr>"

    def _inline(self, item: Inline) -> str:
        if isinstance(item, Math):
            return self.maths(to_latex(item.layout), display=False)
        if isinstance(item, Link):
            return f'<a href="{html.escape(item.address)}">{html.escape(item.text, quote=False)}</a>'
        tag = _TAGS.get(item.style) if isinstance(item, Text) else None
        text = html.escape(item.text, quote=False)
        return f"<{tag}>{text}</{tag}>" if tag else text


def asked(question: Question) -> Inlines:
    """The question in words."""
    voice = question.voice
    derivative = voice.layout(question.lhs)
    ranges = range_layout(question.indices, voice.notation)
    if ranges is None:
        return voice.catalogue.phrase("quiz.question", derivative=derivative)
    return voice.catalogue.phrase("quiz.question_entries", derivative=derivative, ranges=ranges)

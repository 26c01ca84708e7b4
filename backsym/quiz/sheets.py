"""Quizzes on paper: a sheet of questions and its key, as PDF."""

from __future__ import annotations

from collections.abc import Sequence

from backsym.documents.content.blocks import Block, Bullets, Document, Equations, Heading, Paragraph, Row, Text
from backsym.documents.content.markup import inlines_of
from backsym.documents.content.options import Options
from backsym.documents.content.sentences import catalogue
from backsym.documents.writers.pdf import pdf_bytes
from backsym.documents.writers.typst import typst
from backsym.printing import layout as lay
from backsym.quiz.questions import Question, Quiz
from backsym.quiz.texts import asked

LETTERS = "ABCDE"


def sheet_pdf(title: str, quizzes: Sequence[Quiz], *, key: bool = False) -> bytes:
    """The questions, or with ``key`` the right choices and what is said of the others."""
    language = quizzes[0].voice.problem.language if quizzes else "en"
    blocks: list[Block] = []
    number = 0
    for quiz in quizzes:
        if len(quizzes) > 1:
            blocks.append(Heading(2, inlines_of(quiz.voice.problem.title, "title")))
        blocks += () if key else quiz.statement
        for question in quiz.questions:
            number += 1
            blocks += key_of(question, number) if key else _question(question, number)
    words = catalogue(language).phrase("quiz.key" if key else "quiz.sheet", title=inlines_of(title, "title"))
    document = Document(words, tuple(blocks), language=language)
    return pdf_bytes(str(next(iter(typst(document, Options(), "quiz").values()))))


def _question(question: Question, number: int) -> list[Block]:
    rows = [
        Row(None, lay.row(lay.Ident(f"({letter})", "roman"), lay.Space("quad"), question.voice.layout(choice.expr)))
        for letter, choice in zip(LETTERS, question.choices, strict=False)
    ]
    return [Paragraph((Text(f"{number}.", "strong"), Text(" "), *asked(question)), leads=True), Equations(tuple(rows))]


def key_of(question: Question, number: int) -> tuple[Paragraph, Bullets]:
    """The right choice, and what is said of the others."""
    lettered = list(zip(LETTERS, question.choices, strict=False))
    right = next(letter for letter, choice in lettered if choice.right)
    said = [
        (Text(f"{letter} ", "strong"), *inlines_of(choice.feedback, "feedback"))
        for letter, choice in lettered
        if not choice.right
    ]
    return Paragraph((Text(f"{number}. {right}", "strong"),), leads=True), Bullets(tuple(said))

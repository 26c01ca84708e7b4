"""Quizzes as Moodle XML, https://docs.moodle.org/en/Moodle_XML_format, and as GIFT, https://docs.moodle.org/en/GIFT_format.

Every question has the problem above it, since Moodle draws questions from a bank one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from backsym.quiz.questions import Question, Quiz
from backsym.quiz.texts import Texts, mathjax

_SIGNS = re.compile(r"[~=#{}:\\]")
"""What GIFT wants a backslash before."""


def moodle_xml(title: str, quizzes: Sequence[Quiz]) -> str:
    """The questions in the category ``title``."""
    texts = Texts(mathjax)
    root = ElementTree.Element("quiz")
    category = ElementTree.SubElement(root, "question", type="category")
    _text(ElementTree.SubElement(category, "category"), f"$course$/top/{_in_path(title)}")
    for quiz in quizzes:
        for question in quiz.questions:
            root.append(_element(quiz, question, texts))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _element(quiz: Quiz, question: Question, texts: Texts) -> ElementTree.Element:
    element = ElementTree.Element("question", type="multichoice")
    _text(ElementTree.SubElement(element, "name"), name_of(quiz, question))
    _text(_html(element, "questiontext"), f"{texts.statement(quiz.statement)}\n{texts.question(question)}")
    for key, value in (
        ("defaultgrade", "1"), ("penalty", "0.3333333"), ("hidden", "0"), ("single", "true"),
        ("shuffleanswers", "true"), ("answernumbering", "abc"),
    ):  # fmt: skip
        ElementTree.SubElement(element, key).text = value
    for choice in question.choices:
        answer = _html(element, "answer")
        answer.set("fraction", "100" if choice.right else "0")
        _text(answer, texts.choice(question, choice))
        _text(_html(answer, "feedback"), texts.feedback(question, choice))
    return element


def gift(title: str, quizzes: Sequence[Quiz]) -> str:
    """The same questions as GIFT."""
    texts = Texts(mathjax)
    lines = [f"$CATEGORY: $course$/top/{_in_path(title)}", ""]
    for quiz in quizzes:
        for question in quiz.questions:
            text = _escaped(f"{texts.statement(quiz.statement)}\n{texts.question(question)}")
            lines.append(f"::{_escaped(name_of(quiz, question))}::[html]{text}{{")
            for choice in question.choices:
                form, said = texts.choice(question, choice), texts.feedback(question, choice)
                lines.append(f"\t{'=' if choice.right else '~'}{_escaped(form)}#{_escaped(said)}")
            lines += ["}", ""]
    return "\n".join(lines)


def name_of(quiz: Quiz, question: Question) -> str:
    """The name of a question in a bank: the problem's title without formulas' signs, and the quantity."""
    return f"{quiz.voice.problem.title.replace('$', '')}: {question.name}"


def _html(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, format="html")


def _text(parent: ElementTree.Element, text: str) -> None:
    ElementTree.SubElement(parent, "text").text = text


def _in_path(title: str) -> str:
    """A title as one step of a path of categories, in which a slash is written twice."""
    return title.replace("$", "").replace("/", "//")


def _escaped(text: str) -> str:
    """A text on one line, with a backslash before each sign that GIFT reads."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.split()))

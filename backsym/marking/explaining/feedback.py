"""The sentences that a student reads about a wrong answer, and how facts are put into them.

Mathematics prints as $LaTeX$ in the problem's notation.  This module must not know how a mistake was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from backsym.core.expr import Expr, Ix, Num, Shape, walk
from backsym.core.lazy import Kept, lazy
from backsym.core.problem import Problem
from backsym.core.words import ENGLISH, listed
from backsym.marking.explaining.phrases import phrase
from backsym.numeric.axes import Array
from backsym.printing.latex import latex, to_latex
from backsym.printing.notation import Notation, index
from backsym.printing.printer import size_layout
from backsym.text.catalogue import Catalogue, filled, lacks, spoken

MAX_KEPT = 2000
"""Formulas that are kept as they print: answers to one problem are about the same quantities."""

DIGITS = 3
"""Significant digits of a number that does not come out even."""


@dataclass(frozen=True)
class Size:
    """A shape, to be printed as ``D x N``."""

    shape: Shape


@dataclass(frozen=True)
class Value:
    """A number or an array of numbers; ``column`` for a vector that prints as one."""

    value: Array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and np.array_equal(self.value, other.value)

    def __hash__(self) -> int:
        return hash(self.value.tobytes())


@dataclass(frozen=True)
class Equal:
    """``left = right``."""

    left: Expr
    right: Value


@dataclass(frozen=True)
class Sentence:
    """A sentence by its key in the catalogue, such as ``repairs.sign_term.full``, with what it is filled with.

    ``facts`` of a text name a key of the catalogue, a phrase.
    """

    key: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


Fact = Expr | Ix | Size | Value | Equal | Sentence | str | tuple["Fact", ...]


def feedback(language: str = ENGLISH) -> Catalogue:
    """All texts about wrong answers."""
    return spoken("feedback", language)


class Words:
    """Puts sentences about one problem into text."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.language = problem.language
        self._printed: Kept[tuple[Expr, tuple[str | None, ...]], str] = Kept(MAX_KEPT)

    @lazy
    def notation(self) -> Notation:
        return Notation.of(self.problem)

    def text(self, sentence: Sentence) -> str:
        """The sentence with its facts, mathematics as $LaTeX$.

        Raises BacksymError for a key that the catalogue lacks, or a fact that the sentence needs and lacks.
        """

        def fill(name: str, place: int) -> str:
            if name not in sentence.facts:
                return lacks(sentence.key, name)
            fact = sentence.facts[name]
            text = self.fact(fact)
            # Words at the head of a sentence, but never mathematics.
            return text[:1].upper() + text[1:] if isinstance(fact, str) and place == 0 else text

        return filled(feedback(self.language)[sentence.key], fill)

    def fact(self, fact: Fact) -> str:
        if isinstance(fact, Sentence):
            return self.text(fact)
        if isinstance(fact, str):
            return feedback(self.language)[fact]
        if isinstance(fact, tuple):
            return listed([self.fact(item) for item in fact], language=self.language)
        return self.formula(fact)

    def formula(self, fact: Expr | Ix | Size | Value | Equal) -> str:
        """Mathematics within a sentence."""
        return f"${self._latex(fact)}$"

    def _latex(self, fact: Expr | Ix | Size | Value | Equal) -> str:
        if isinstance(fact, Expr):
            return self._formula(fact)
        if isinstance(fact, Ix):
            return to_latex(index(fact, self.notation))
        if isinstance(fact, Size):
            return to_latex(size_layout(fact.shape, self.notation))
        if isinstance(fact, Value):
            return _matrix(fact.value, self.language)
        if isinstance(fact, Equal):
            return f"{self._formula(fact.left)} = {_matrix(fact.right.value, self.language)}"
        raise TypeError(f"a fact cannot be a {type(fact).__name__}")

    def _formula(self, e: Expr) -> str:
        # Equal numbers may be spelled in several ways, which are printed as they are.
        key = e, tuple([n.text for n in walk(e) if isinstance(n, Num)])
        return self._printed.get(key, lambda: latex(e, self.notation))


def number(x: float, language: str) -> str:
    """A short number: as it is if it comes out even, else to a few significant digits."""
    if not np.isfinite(x):
        return phrase("words.undefined" if np.isnan(x) else "words.infinite", language)
    near = round(x)
    if abs(x - near) < 1e-9:
        return str(near)
    if abs(x * 4 - round(x * 4)) < 1e-9:
        return f"{x:g}"
    return f"{x:.{DIGITS}g}" if 1e-3 <= abs(x) < 1e5 else f"{x:.{DIGITS - 1}e}"


def _tex_number(x: float, language: str) -> str:
    text = number(x, language)
    if not np.isfinite(x):
        return rf"\text{{{text}}}"
    mantissa, _, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else text


def _matrix(x: Array, language: str) -> str:
    """A number, or a matrix; a vector is a column."""
    if x.ndim == 0:
        return _tex_number(float(x), language)
    if x.ndim > 2:
        return rf"\left( {', '.join(_matrix(part, language) for part in x)} \right)"
    rows = x.reshape(-1, 1) if x.ndim == 1 else x
    body = r" \\ ".join(" & ".join(_tex_number(float(v), language) for v in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"

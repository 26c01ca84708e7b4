"""What a student reads, with mathematics in the plain language, so that a test can say what a sentence should be."""

from __future__ import annotations

from dataclasses import replace

from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Ix
from backsym.marking.explaining.explain import Explanation
from backsym.marking.explaining.feedback import Equal, Size, Value, Words, number
from backsym.numeric.axes import Array
from backsym.printing.latex import latex
from backsym.printing.plain import plain


class PlainWords(Words):
    """Sentences with ``dL/dz*w`` in place of LaTeX."""

    def formula(self, fact: Expr | Ix | Size | Value | Equal) -> str:
        if isinstance(fact, Expr):
            try:
                return plain(fact, self.problem)
            except BacksymError:
                # The plain language cannot say everything that mathematics can.
                return latex(fact, self.notation)
        if isinstance(fact, Ix):
            return fact.letter
        if isinstance(fact, Size):
            full = {0: (1, 1), 1: (*fact.shape, 1)}.get(len(fact.shape), fact.shape)
            return " × ".join(map(str, full))
        if isinstance(fact, Value):
            return self._nested(fact.value)
        return f"{self.formula(fact.left)} = {self._nested(fact.right.value)}"

    def _nested(self, x: Array) -> str:
        if x.ndim == 0:
            return number(float(x), self.language)
        return f"[{', '.join(map(self._nested, x))}]"


def plainly(found: Explanation) -> Explanation:
    """The same explanation in plain words."""
    return replace(found, words=PlainWords(found.words.problem))

"""The sentences of verdicts, and the formulas in them.

Knows texts and how quantities are printed; must not know why something is said.
"""

from __future__ import annotations

from backsym.core.expr import Expr, Shape, scalar_if_ones
from backsym.core.words import ENGLISH
from backsym.printing.latex import latex, to_latex
from backsym.printing.notation import Notation
from backsym.text.catalogue import spoken


def phrase(key: str, language: str = ENGLISH, /, **facts: str) -> str:
    """A sentence by its key, filled; raises BacksymError for an unknown key or a fact that it needs and lacks."""
    return spoken("marking", language).said(key, facts)


def math(expr: Expr, notation: Notation) -> str:
    """A formula between dollar signs."""
    return f"${latex(expr, notation)}$"


def shape_words(shape: Shape, notation: Notation, language: str = ENGLISH) -> str:
    """A shape between dollar signs, as D × 1 for a vector; a number is called so."""
    if not scalar_if_ones(shape) and len(shape) < 2:
        return phrase("shape.scalar", language)
    sizes = shape if len(shape) != 1 else (*shape, 1)
    return "$" + r" \times ".join(to_latex(notation.dim(d)) if isinstance(d, str) else str(d) for d in sizes) + "$"

"""The dimension check of a matrix equation: each factor's size in place of the factor.

This module must not know about output languages.
"""

from __future__ import annotations

from backsym.expr import Equation, Expr, MatMul, Mul, Neg, Shape
from backsym.printing.latex import to_latex
from backsym.printing.notation import Notation


def dimension_check(equation: Equation, notation: Notation) -> tuple[str, str] | None:
    """The sizes of the factors and of the result, ``[N x K] [K x J]`` and ``[N x J]``, as LaTeX.

    None where there is nothing to check: the right side is no product of arrays.  A vector counts as a column.
    """
    if not equation.lhs.shape:
        return None
    product = _sizes(equation.rhs, notation)
    return None if product is None else (product, _size(equation.lhs.shape, notation))


def _sizes(e: Expr, notation: Notation) -> str | None:
    """The sizes of a product's factors; None for anything else.  Scalar factors have no size to check."""
    if isinstance(e, Neg):
        return _sizes(e.arg, notation)
    if not isinstance(e, (MatMul, Mul)):
        return None
    arrays = [a for a in e.args if a.shape]
    if len(arrays) == 1:
        return _sizes(arrays[0], notation)
    sign = " " if isinstance(e, MatMul) else r" \odot "
    parts: list[str] = []
    for a in arrays:
        inner = _sizes(a, notation)
        mixed = inner is not None and isinstance(e, MatMul) and isinstance(a, Mul)
        parts.append(_size(a.shape, notation) if inner is None or mixed else inner)
    return sign.join(parts)


def _size(shape: Shape, notation: Notation) -> str:
    full = (*shape, 1) if len(shape) == 1 else shape
    return "[" + r" \times ".join(to_latex(notation.dim(d)) for d in full) + "]"

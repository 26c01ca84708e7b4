"""The dimension check of a matrix equation: each factor's size in place of the factor.

This module must not know about output languages.
"""

from __future__ import annotations

from backsym.core.expr import Add, Adj, Equation, Expr, MatMul, Mul, Neg, Shape, Sym, walk
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import Notation
from backsym.printing.printer import size_layout


def dimension_check(equation: Equation, notation: Notation) -> tuple[Layout, Layout] | None:
    """The sizes of the factors and of the result, ``[N x K] [K x J]`` and ``[N x J]``.

    None where there is nothing to check: the right side is no product of arrays.  A vector counts as a column.
    """
    product = _sizes(equation.rhs, notation)
    return None if product is None else (product, _size(equation.lhs.shape, notation))


def _sizes(e: Expr, notation: Notation) -> Layout | None:
    """The sizes of a product's factors; None for anything else.

    A scalar factor has no size to check, unless it is all that stands before a row or behind a column.
    """
    if isinstance(e, Neg):
        return _sizes(e.arg, notation)
    if isinstance(e, Add):
        return _sum_sizes(e, notation)
    if not isinstance(e, (MatMul, Mul)):
        return None
    arrays = [a for a in e.args if a.shape]
    if not arrays:
        found = [sizes for a in e.args if (sizes := _sizes(a, notation)) is not None]
        return found[0] if len(found) == 1 else None
    if len(arrays) == 1:
        return _sizes(arrays[0], notation) or _sizes_with_number(e.args, notation)
    parts: list[Layout] = []
    for a in arrays:
        inner = _sizes(a, notation)
        mixed = inner is not None and (isinstance(a, Add) or (isinstance(e, MatMul) and isinstance(a, Mul)))
        if parts and not isinstance(e, MatMul):
            parts.append(lay.Op("odot"))
        parts.append(_size(a.shape, notation) if inner is None or mixed else inner)
    return lay.row(*parts)


def _sizes_with_number(factors: tuple[Expr, ...], notation: Notation) -> Layout | None:
    """The sizes of an array and a quantity that is a number, where they meet as matrices: ``[1 x 1] [1 x J]``."""
    number = next(factor for factor in factors if not factor.shape)
    if len(factors) != 2 or not any(isinstance(part, (Sym, Adj)) for part in walk(number)):
        return None
    left, right = (factor.shape if len(factor.shape) == 2 else (*factor.shape, 1, 1)[:2] for factor in factors)
    if len(left) != 2 or len(right) != 2 or left[1] != right[0]:
        return None
    return lay.row(_size(left, notation), _size(right, notation))


def _sum_sizes(e: Add, notation: Notation) -> Layout | None:
    """The sizes term by term, where some term is a product of arrays; once where they are the same in all terms."""
    found = [_sizes(arg, notation) for arg in e.args]
    if not any(found) or (e.shape and not all(arg.shape for arg in e.args)):
        return None
    items: list[Layout] = []
    if found.count(found[0]) == len(found):
        return found[0]
    for arg, sizes in zip(e.args, found, strict=True):
        size = _size(arg.shape, notation) if sizes is None else sizes
        items.extend((lay.Op("plus"), size) if items else (size,))
    return lay.row(*items)


def _size(shape: Shape, notation: Notation) -> Layout:
    return lay.Fenced("bracket", size_layout(shape, notation))

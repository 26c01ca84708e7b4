"""The terms that an expression adds up, as its author wrote it or with products of sums multiplied out.

Knows expressions only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from backsym.core.expr import Add, Div, Expr, IndexReduce, MatMul, Mul, Neg, Num, Reduce, T

MAX_TERMS = 10
"""Expressions with more terms are not taken apart, nor are products that would give more."""


def summands(e: Expr, *, multiplied: bool = False) -> list[Expr]:
    """The terms that an expression adds up; with ``multiplied``, also those of products of sums."""
    if isinstance(e, Add):
        return [term for part in e.args for term in summands(part, multiplied=multiplied)]
    if isinstance(e, Neg):
        return [_opposite(term) for term in summands(e.arg, multiplied=multiplied)]
    if isinstance(e, T):
        return [T(term) for term in summands(e.arg, multiplied=multiplied)]
    if isinstance(e, Reduce) and e.op == "sum":
        return [replace(e, arg=term) for term in summands(e.arg, multiplied=multiplied)]
    if isinstance(e, IndexReduce) and e.op == "sum":
        return [replace(e, body=term) for term in summands(e.body, multiplied=multiplied)]
    if isinstance(e, Div):
        return [Div(term, e.den) for term in summands(e.num, multiplied=multiplied)]
    if isinstance(e, (Mul, MatMul)):
        parts = [summands(part, multiplied=multiplied) if multiplied and _is_sum(part) else [part] for part in e.args]
        if 1 < math.prod(map(len, parts)) <= MAX_TERMS:
            return [_signed(type(e), chosen) for chosen in product(*parts)]
    return [e]


def _is_sum(e: Expr) -> bool:
    """Whether a factor is a sum of terms of its own, and not such as 1 - y."""
    inner = e.arg if isinstance(e, (T, Neg)) else e
    return isinstance(inner, Add) and not any(isinstance(part, Num) for part in inner.args)


def _opposite(e: Expr) -> Expr:
    return e.arg if isinstance(e, Neg) else Neg(e)


def _signed(kind: type[Mul] | type[MatMul], factors: Sequence[Expr]) -> Expr:
    negative = sum(isinstance(f, Neg) for f in factors) % 2 == 1
    plain = kind(tuple(f.arg if isinstance(f, Neg) else f for f in factors))
    return Neg(plain) if negative else plain

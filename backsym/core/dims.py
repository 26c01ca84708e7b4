"""Sizes that are computed from dimensions: ``2*H``, ``H+D``, ``H+1``, the size of a Kronecker product ``K*N``.

A dimension is a name or a size; one that is computed is written in one form, so that equal sizes are equal texts.  A
``Whole`` is a number in such a form: the bound of a slice, the shift of an index.  Must not know expressions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

Dim: TypeAlias = "str | int"
Monomial: TypeAlias = "tuple[str, ...]"


@dataclass(frozen=True)
class Amount:
    """A polynomial in sizes with whole coefficients, which is no plain number: its products with their factors.

    Products are sorted, the number comes last.  Build it with arithmetic, which keeps it in one form.
    """

    terms: tuple[tuple[Monomial, int], ...]

    def __add__(self, other: Whole) -> Whole:
        total = dict(self.terms)
        for product, factor in _terms(other):
            total[product] = total.get(product, 0) + factor
        return _whole(total)

    def __neg__(self) -> Amount:
        return Amount(tuple((product, -factor) for product, factor in self.terms))

    def __sub__(self, other: Whole) -> Whole:
        return self + -other

    def __rsub__(self, other: int) -> Whole:
        return -self + other

    def __mul__(self, other: Whole) -> Whole:
        total: dict[Monomial, int] = {}
        for a, first in self.terms:
            for b, second in _terms(other):
                product = tuple(sorted((*a, *b)))
                total[product] = total.get(product, 0) + first * second
        return _whole(total)

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        words = []
        for product, factor in self.terms:
            size = "*".join(([str(abs(factor))] if abs(factor) != 1 or not product else []) + list(product))
            words.append(("-" if factor < 0 else "+") + size)
        return "".join(words).removeprefix("+")


Whole: TypeAlias = "int | Amount"


def _terms(a: Whole) -> tuple[tuple[Monomial, int], ...]:
    return a.terms if isinstance(a, Amount) else (((), a),) if a else ()


def _whole(total: Mapping[Monomial, int]) -> Whole:
    kept = sorted(((p, f) for p, f in total.items() if f), key=lambda term: (not term[0], -len(term[0]), term))
    if not kept:
        return 0
    return kept[0][1] if kept == [((), kept[0][1])] else Amount(tuple(kept))


def amount(dim: Dim) -> Whole:
    """The number that a dimension stands for."""
    if isinstance(dim, int):
        return dim
    found = read_amount(dim)
    return Amount((((dim,), 1),)) if found is None else found


def dim_named(a: Whole) -> Dim:
    """The dimension of this size."""
    return a if isinstance(a, int) else str(a)


@lru_cache(maxsize=4096)
def read_amount(text: str) -> Whole | None:
    """``2*H + D - 1``: sums of products of names and numbers; None for any other text."""
    total: Whole = 0
    for sign, summand in _summands(text):
        product: Whole = sign
        for factor in summand.split("*"):
            word = factor.strip()
            if word.isdecimal():
                product = product * int(word)
            elif word.split("[")[0].isidentifier():
                product = product * Amount((((word,), 1),))
            else:
                return None
        total = total + product
    return total


def _summands(text: str) -> list[tuple[int, str]]:
    """What is added, with its sign; signs within brackets belong to a name."""
    found, sign, start, depth = [], 1, 0, 0
    for at, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if char in "+-" and not depth:
            if at or char == "+":
                found.append((sign, text[start:at]))
            sign, start = 1 if char == "+" else -1, at + 1
    return [*found, (sign, text[start:])]


def names_of(a: Whole) -> tuple[str, ...]:
    """The dimensions that a number is computed from."""
    return tuple(dict.fromkeys(name for product, _ in _terms(a) for name in product))


def dim_names(dim: Dim) -> tuple[str, ...]:
    """The dimensions that a dimension is computed from: itself, if it is no more than a name."""
    return names_of(amount(dim))


def value_of(a: Whole, size: Callable[[str], int]) -> int:
    """The number where the dimensions have sizes."""
    if isinstance(a, int):
        return a
    return sum(factor * math.prod(map(size, product)) for product, factor in a.terms)


def put_in(a: Whole, name: str, size: int) -> Whole:
    """The number where one dimension has a size."""
    total: Whole = 0
    for product, factor in _terms(a):
        rest = Amount(((tuple(p for p in product if p != name), factor),)) if set(product) - {name} else factor
        total = total + rest * size ** product.count(name)
    return total


def grows(a: Whole) -> bool:
    """Whether no dimension makes it smaller."""
    return all(factor > 0 or not product for product, factor in _terms(a))


def at_least(a: Whole, bound: int) -> bool:
    """Whether it is no less than the bound, whatever the dimensions are, which are at least one."""
    return grows(a) and value_of(a, lambda name: 1) >= bound


def is_sum(a: Whole) -> bool:
    """Whether it is written with a sign between summands."""
    return isinstance(a, Amount) and len(a.terms) > 1


def is_negative(a: Whole) -> bool:
    """Whether it is written with a minus sign."""
    return a < 0 if isinstance(a, int) else a.terms[0][1] < 0


def is_part(part: Dim, whole: Dim) -> bool:
    """Whether a size is a sum with another one in it, H in H+D."""
    return part != whole and is_sum(amount(whole)) and part in names_of(amount(whole))


def sort_key(a: Whole) -> tuple[tuple[Monomial, int], ...]:
    """A key that tells numbers apart, by which they can be sorted."""
    return _terms(a) or (((), 0),)

"""Sizes that are computed from dimensions: ``2*H``, ``H+D``, ``H+1``, the size of a Kronecker product ``K*N``.

A dimension is a name or a size; one that is computed is written in one form, so that equal sizes are equal texts.  A
``Whole`` is a number in such a form: the bound of a slice, the shift of an index.

A size may depend on a position: ``D[l-1]`` is that of layer l - 1, ``D[3]`` that of the third.  In the declared shape
of a family, ``[M, D[_], D[_-1]]``, the position is that of the member, which is called ``_`` there.

Must not know expressions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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
            elif word.split("[")[0].rstrip("'").isidentifier():
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


def put_in(a: Whole, name: str, size: Whole) -> Whole:
    """The number where one dimension has a size, or is another one."""
    return put_all(a, {name: size})


def put_all(a: Whole, sizes: Mapping[str, Whole]) -> Whole:
    """The number with others in the places of names, all at once."""
    total: Whole = 0
    for product, factor in _terms(a):
        size: Whole = factor
        for name in product:
            size = size * sizes.get(name, Amount((((name,), 1),)))
        total = total + size
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
    """Whether a size, whatever it is, is one of those that another is made of: H of H+D and of 2*H, not of D-H."""
    if part == whole or part not in dim_names(whole):
        return False
    return at_least(amount(whole) + (-1) * amount(part), 0)


def sort_key(a: Whole) -> tuple[tuple[Monomial, int], ...]:
    """A key that tells numbers apart, by which they can be sorted."""
    return _terms(a) or (((), 0),)


# --- sizes that depend on a position ---------------------------------------------------------------------------------

OWN = "_"
"""The position of a member in the declared shape of its family."""


def own_place() -> Whole:
    """That position as a number."""
    return Amount((((OWN,), 1),))


def is_ragged(dim: Dim) -> bool:
    """Whether a size depends on a position."""
    return isinstance(dim, str) and "[" in dim


def placed_at(name: str) -> tuple[str, Whole] | None:
    """``D`` and ``l - 1`` of ``D[l-1]``; None for a name without a position."""
    base, bracket, inside = name.partition("[")
    place = read_amount(inside.removesuffix("]")) if bracket and inside.endswith("]") else None
    return None if place is None else (base, place)


def at_places(dim: Dim, places: Mapping[str, Whole]) -> Dim:
    """The size at other positions: ``D[l-1]`` with l + 1 in the place of l is ``D[l]``."""
    if not is_ragged(dim):
        return dim
    moved: dict[str, Whole] = {}
    for name in dim_names(dim):
        found = placed_at(name)
        if found is not None:
            moved[name] = Amount((((_ragged(found[0], put_all(found[1], places)),), 1),))
    return dim_named(put_all(amount(dim), moved))


def _ragged(base: str, place: Whole) -> str:
    return f"{base}[{place}]"


def letters_in(dim: Dim) -> tuple[str, ...]:
    """The names, of letters and of dimensions, of the positions that a size depends on."""
    places = [placed_at(name) for name in dim_names(dim)] if is_ragged(dim) else []
    return tuple(dict.fromkeys(name for place in places if place is not None for name in names_of(place[1])))


def is_layered(shape: Sequence[Dim]) -> bool:
    """Whether the members of a family of this declared shape differ in size."""
    return any(is_ragged(dim) and OWN in letters_in(dim) for dim in shape)


def without_places(dim: Dim) -> Dim:
    """The size as if it were the same at all positions: ``D`` for ``D[l-1]``."""
    if not is_ragged(dim):
        return dim
    return dim_named(put_all(amount(dim), {n: Amount((((n.partition("[")[0],), 1),)) for n in dim_names(dim)}))

"""The smallest repair that makes a wrong answer right.

Repairs are offered in stages, in order of size within each: constant factors and signs of the whole; changes of what is
there, place by place; what is missing; what the answer would be if a mistake had been made on the way to the true
derivative; and, last, pairs.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import Add, Div, Expr, Mul, children, scalar_if_ones, walk
from backsym.marking.explaining.one_slip import Echoes, echo_repairs
from backsym.marking.explaining.pairs import Offer, pairs
from backsym.marking.explaining.rules import FIRST_BULKS, FIRST_RULES, SECOND_BULKS, SECOND_RULES
from backsym.marking.explaining.search import Repair, Search, by_size
from backsym.marking.explaining.slopes import foreign_repairs
from backsym.marking.explaining.termwise import term_by_term
from backsym.marking.explaining.whole_answers import (
    another,
    diagonal_repairs,
    factor_repairs,
    layer_repairs,
    path_repairs,
    sum_repairs,
)

__all__ = ["Repair", "repairs"]

_CHEAPEST_BULK = 1.29
"""Many candidates at once are not tried where something smaller than any of them is right."""


def repairs(search: Search, echoes: Echoes) -> Iterator[Repair]:
    """Repairs of an answer, smallest first; they are right at one point, and the judge has the last word.

    Those that spread a row or a column over a matrix come after all single ones that do not, unless the answer does so.
    """
    strict = fits_strictly(search.places[-1].expr)
    loose: list[Repair] = []
    stages = _stages(search, echoes)
    while True:
        with np.errstate(all="ignore"):
            stage = next(stages, None)
        if stage is None:
            break
        for repair in stage:
            if strict and not fits_strictly(repair.expr):
                loose.append(repair)
            else:
                yield repair
    yield from loose
    if search.truth.size != 0.0:
        with np.errstate(all="ignore"):
            terms = [Offer(repair.size, partial(_same, repair)) for repair in term_by_term(search)]
            both = sorted([*pairs(search), *terms], key=lambda offer: offer.size)
        for offer in both:
            yield offer.make()


def _same(repair: Repair) -> Repair:
    return repair


def fits_strictly(e: Expr) -> bool:
    """Whether no operand is spread over the entries of another, but for numbers."""
    for node in walk(e):
        if isinstance(node, (Add, Mul, Div)):
            try:
                shapes = {scalar_if_ones(child.shape) for child in children(node)} - {()}
            except BacksymError:
                return True  # Shapes that clash are another matter.
            if len(shapes) > 1:
                return False
    return True


def adds_row_to_column(e: Expr) -> bool:
    """Whether a row and a vector, which is a column, are combined entry by entry somewhere."""
    for node in walk(e):
        if isinstance(node, (Add, Mul, Div)):
            try:
                shapes = [child.shape for child in children(node)]
            except BacksymError:
                continue
            if any(len(a) == 1 and len(b) == 2 and b[0] == 1 and b[1] != 1 for a in shapes for b in shapes):
                return True
    return False


def _stages(search: Search, echoes: Echoes) -> Iterator[list[Repair]]:
    if search.truth.size == 0.0:
        return
    yield by_size(list(factor_repairs(search)))
    first = search.run(FIRST_RULES, ())
    cheap = any(draft.cost <= _CHEAPEST_BULK for draft in first)
    first += [] if cheap else search.run((), FIRST_BULKS)
    yield by_size([*path_repairs(search), *search.repairs(first)])
    if cheap:
        yield by_size(search.repairs(search.run((), FIRST_BULKS)))
    search.first = len(search.blocks)
    alike = [*sum_repairs(search), *search.repairs(search.throughout()), *layer_repairs(search)]
    yield by_size([*alike, *diagonal_repairs(search), *foreign_repairs(search)])
    yield by_size(search.repairs(search.run(SECOND_RULES, SECOND_BULKS)))
    yield [*another(search), *by_size(list(echo_repairs(search, echoes)))]

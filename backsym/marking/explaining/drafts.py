"""Drafts: what a repair puts in the place of a sub-expression, how large it counts, and by which tag it goes.

This module must not know how drafts are found or evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from backsym.core.expr import Expr, Shape, Sym
from backsym.core.steps import Fact
from backsym.marking.explaining.places import Place
from backsym.marking.explaining.repair_material import Offers

COSTS: Mapping[str, float] = {
    "sign_whole": 1.0, "factor_whole": 1.05, "sign_term": 1.1, "transpose": 1.1, "wrong_index": 1.15,
    "indicator": 1.15, "missing_prime": 1.2, "extra_prime": 1.2, "missing_sum": 1.2, "extra_sum": 1.3,
    "mean_for_sum": 1.2, "sum_axis": 1.25, "order": 1.25, "order_transpose": 1.35, "matmul_for_hadamard": 1.25,
    "hadamard_for_matmul": 1.25, "evaluation_point": 1.3, "wrong_node": 1.35, "number": 1.3, "constant": 1.29,
    "power": 1.4, "factor_term": 1.35, "exponent": 1.4, "missing_path": 1.4, "inverted": 1.4,
    "extra_factor": 1.12, "extra_divisor": 1.12, "extra_function": 1.5, "missing_factor": 1.5,
    "missing_divisor": 1.6, "missing_square": 1.55, "missing_function": 1.8, "missing_application": 1.55,
    "extra_term": 1.13, "missing_term": 1.7, "complement": 1.75, "own_complement": 1.3, "diagonal": 1.5,
    "sum_for_product": 1.65, "product_for_sum": 1.65, "parentheses": 1.24, "other_axis": 1.25,
}  # fmt: skip
"""How large each kind of repair counts: the smallest that makes the answer right explains it."""

TAG_OF: Mapping[str, str] = {
    "sign_whole": "sign", "sign_term": "sign", "indicator": "sign", "factor_whole": "factor",
    "factor_term": "factor", "number": "factor", "constant": "factor", "power": "exponent",
    "inverted": "factor", "mean_for_sum": "factor", "extra_prime": "missing_prime", "order_transpose": "order",
    "sum_axis": "wrong_axis", "other_axis": "wrong_axis", "matmul_for_hadamard": "hadamard_vs_matmul",
    "hadamard_for_matmul": "hadamard_vs_matmul", "missing_divisor": "missing_factor",
    "missing_square": "exponent", "missing_function": "missing_factor",
    "missing_application": "wrong_node", "extra_function": "extra_factor", "extra_divisor": "extra_factor",
    "extra_term": "extra_factor", "missing_term": "missing_path", "complement": "missing_path",
    "own_complement": "wrong_node", "diagonal": "missing_sum", "sum_for_product": "missing_factor",
    "product_for_sum": "missing_path",
}  # fmt: skip
"""The tag of each kind of repair that is not a tag itself."""

ALSO: Mapping[str, tuple[str, ...]] = {
    "order_transpose": ("transpose",), "complement": ("wrong_node",), "missing_square": ("missing_factor",),
    "power": ("factor",), "exponent": ("factor",),
}  # fmt: skip
"""Further tags that describe a kind of repair."""


@dataclass(frozen=True)
class Draft:
    """Something to put in the place of a sub-expression; ``facts`` are for the sentence about it."""

    place: int
    new: Expr
    kind: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    extra: float = 0.0
    also: tuple[int, ...] = ()
    """Further places where the same is put."""

    @property
    def cost(self) -> float:
        return COSTS[self.kind] + self.extra

    @property
    def tag(self) -> str:
        return TAG_OF.get(self.kind, self.kind)


@dataclass(frozen=True)
class Site:
    """A place, with stand-ins for itself (None where its own shapes clash) and for its parts.

    ``node`` is the sub-expression over the stand-ins of its parts.  ``wanted`` is the shape that the whole answer must
    have, given where the place is the whole answer.  ``fits`` tells whether the answer has the shape of the target.
    """

    place: Place
    node: Expr
    me: Expr | None
    shape: Shape | None
    parts: tuple[Sym, ...]
    offers: Offers
    above: Place | None
    wanted: Shape | None
    fits: bool
    fits_itself: bool = True
    """Whether the shapes within the answer fit together."""

    def draft(self, kind: str, new: Expr, extra: float = 0.0, **facts: Fact) -> Draft:
        return Draft(self.place.number, new, kind, facts, extra)


Key = tuple[object, ...]


@dataclass(frozen=True)
class Bulk:
    """Many candidates of one kind at once: each of ``exprs`` instead of the place, times it, under it, plus, minus.

    ``key`` tells the list apart from all others that are made for the same target.
    """

    kind: str
    how: str
    key: Key
    exprs: tuple[Expr, ...]


Rule = Callable[[Site], Iterator[Draft]]
BulkRule = Callable[[Site], Iterator[Bulk]]

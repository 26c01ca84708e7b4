"""Answers that are the true derivative with one mistake made on the way, however they are written.

A mistake in a derivation need not be visible as a small change of the answer.  So the rules are applied to several
forms of the true derivative, and the values of what comes out are kept, to be compared with the value of an answer.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from backsym.core.allowance import Exhausted, detached
from backsym.core.expr import ONE
from backsym.core.lazy import lazy
from backsym.core.steps import Fact
from backsym.marking.explaining.drafts import Draft
from backsym.marking.explaining.rules import FIRST_BULKS, FIRST_RULES, SECOND_RULES
from backsym.marking.explaining.screening import CLOSE
from backsym.marking.explaining.search import Block, Repair, Search, cancels
from backsym.marking.judging.subject import Subject
from backsym.numeric.axes import Array

PREPARING = 30e6
"""The work of finding the mistakes that can be made in one derivative; longer forms of it come last."""

MAX_HITS = 3
"""Mistakes of one kind and one value that are judged."""

_INVERSE: Mapping[str, str] = {
    "sign_whole": "sign_whole", "sign_term": "sign_term", "indicator": "indicator", "number": "number",
    "exponent": "exponent", "inverted": "inverted", "factor_term": "factor_term", "transpose": "transpose",
    "order": "order", "order_transpose": "order_transpose", "wrong_index": "wrong_index", "wrong_node": "wrong_node",
    "evaluation_point": "evaluation_point", "extra_prime": "missing_prime", "missing_prime": "extra_prime",
    "missing_sum": "extra_sum", "extra_sum": "missing_sum", "mean_for_sum": "mean_for_sum",
    "extra_factor": "missing_factor", "extra_divisor": "missing_divisor", "extra_term": "missing_term",
    "missing_square": "power", "power": "exponent",
    "matmul_for_hadamard": "hadamard_for_matmul", "hadamard_for_matmul": "matmul_for_hadamard",
}  # fmt: skip
"""What undoes a mistake that was made in the true derivative."""


@dataclass(frozen=True)
class Spoiled:
    """The true derivative with one mistake made in it."""

    search: Search
    block: Block
    number: int

    @property
    def kind(self) -> str:
        return self.block.traits(self.number)[1]

    @property
    def cost(self) -> float:
        # Of the same mistake in several forms of the derivative, that in the shortest form is the easiest to follow.
        return self.block.traits(self.number)[2] + 0.001 * len(self.search.places)


class Echoes:
    """The true derivative of one subject with one mistake made in it, in all ways; made when first asked for."""

    def __init__(self, subject: Subject):
        self.subject = subject

    @lazy
    def table(self) -> tuple[Array, tuple[Spoiled, ...]]:
        """Values and mistakes."""
        rows: list[Array] = []
        what: list[Spoiled] = []
        truth = self.subject.truth
        for search in self._searches():
            for block in search.blocks:
                for n, row in enumerate(block.rows):
                    wrong = not np.abs(row - truth.flat).max() <= CLOSE * truth.size
                    if wrong and block.traits(n)[1] in _INVERSE:
                        rows.append(row)
                        what.append(Spoiled(search, block, n))
        return np.asarray(rows).reshape(len(rows), len(truth.flat)), tuple(what)

    def _searches(self) -> Iterator[Search]:
        """The mistakes in each form of the derivative, until the work that is allowed is done."""
        with detached(PREPARING):
            for e, letters in self.subject.offers.forms:
                try:
                    search = Search(self.subject, e, letters)
                    search.run(FIRST_RULES, FIRST_BULKS)
                    search.run(SECOND_RULES, ())
                except Exhausted:
                    return
                yield search


def echo_repairs(search: Search, echoes: Echoes) -> Iterator[Repair]:
    """The true derivative with one mistake in it is the answer."""
    if search.base is None or not np.abs(search.base).max() > 0.0:
        return
    rows, what = echoes.table
    if not len(rows):
        return
    size = float(np.abs(search.base).max())
    gaps = np.abs(rows - search.base).max(axis=1)
    offers = search.subject.offers
    hits = sorted(np.flatnonzero(gaps <= CLOSE * size), key=lambda n: what[n].cost)
    # Where a term that is left out explains the answer, other mistakes do so by making that term vanish.
    hits = [n for n in hits if what[n].kind == "extra_term"] or hits
    seen: Counter[str] = Counter()
    for n in hits:
        seen[what[n].kind] += 1
        if seen[what[n].kind] > MAX_HITS:
            # Much is the same by chance where a function has few values, as ReLU'.
            continue
        spoiled, draft = what[n].search, what[n].block.draft(what[n].number)
        made = spoiled.repair(draft)
        if cancels(made.expr):
            # A mistake that makes a term t - t leaves it out, and does so by chance.
            continue
        place = spoiled.places[draft.place].expr
        undo = Draft(0, place, _INVERSE[draft.kind])
        quantity = draft.facts.get("quantity")
        facts: dict[str, Fact] = {} if quantity is None else {"quantity": quantity}
        new = spoiled.expanded(draft.new, draft.place)
        also = (*offers.step_between(new, place), *(("missing_factor",) if new == ONE else ()))
        yield Repair(
            undo.tag, undo.kind, 2.0 + draft.cost, offers.entry, offers.letters, new, place, whole=False,
            facts=facts, echo=True, stated=made.expr, stated_letters=spoiled.letters,
            also=also,
        )  # fmt: skip

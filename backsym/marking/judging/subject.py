"""What is asked for, prepared once for all answers: the true values, and what repairs put into an answer, evaluated.

This module must not know about any one answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from backsym.core.allowance import detached, spend
from backsym.core.expr import ONE, Add, Div, Expr, Fn, Ix, Mul, Num, Shape, Size, num
from backsym.core.lazy import Kept, lazy
from backsym.marking.answers.model import Target
from backsym.marking.explaining.drafts import Bulk, Key
from backsym.marking.explaining.places import outline
from backsym.marking.explaining.repair_material import Offers
from backsym.marking.explaining.screening import CALL, CLOSE, Point, Screen, Truth, stack, together
from backsym.marking.judging.judge import Judge
from backsym.numeric.axes import Array, Val

MAX_PATHS = 6
"""Up to so many paths, every choice of missing ones is tried; beyond, single ones."""


MAX_KEPT = 2000
"""Lists of candidates whose values are kept."""


def free(letters: tuple[Ix, ...]) -> tuple[Ix, ...]:
    """The letters that are not fixed positions."""
    return tuple(ix for ix in letters if not ix.fixed)


Made = TypeVar("Made")


class Subject:
    """What is asked for, in the letters of the answers to be explained; prepared once for all of them."""

    def __init__(self, judge: Judge, point: Point, target: Target, letters: tuple[Ix, ...], number: int):
        """``point`` is that of the judge's points which has this number."""
        # Not the judge itself: what is prepared for a judge is kept as long as the judge, and no longer.
        self.problem = judge.problem
        self.target = target
        self.point = point
        self.letters = letters
        self.offers = Offers.of(judge.problem, judge.derivations, target.name, letters or target.indices)
        shape: Shape = () if target.is_position else target.shape
        self.truth = Truth.of(judge.reference(target)[number], shape)
        self._made: dict[object, Any] = {}
        self._stacks: Kept[Key, list[tuple[tuple[Expr, ...], Val]]] = Kept(MAX_KEPT)

    def stacked(self, bulk: Bulk) -> list[tuple[tuple[Expr, ...], Val]]:
        """The candidates that have a value at the point, and these values stacked; kept for the next answer."""

        def stacks() -> list[tuple[tuple[Expr, ...], Val]]:
            valued = [(e, value) for e in bulk.exprs if (value := self.point.value(e)) is not None]
            found = []
            for chosen in together([value for _, value in valued]):
                values = stack([valued[n][1] for n in chosen])
                if values is not None:
                    found.append((tuple(valued[n][0] for n in chosen), values))
            return found

        spend(CALL * len(bulk.exprs) / 4)
        with detached(math.inf):
            return self._stacks.get(bulk.key, stacks)

    @lazy
    def ratios(self) -> tuple[Array, tuple[Expr, ...]]:
        """Numbers, sizes and their combinations that an answer may be wrong by, simplest first."""
        dims = [e for e, _ in self.offers.constants if isinstance(e, Size)]
        sizes = [self.point.env.dims.get(e.dim) for e in dims]
        known = [(e, float(n)) for e, n in zip(dims, sizes, strict=True) if n is not None]
        found: list[tuple[float, Expr]] = [(1.0, ONE)]
        found += [(float(e.value), e) for e, _ in self.offers.constants if isinstance(e, Num)]
        for e, n in known:
            found += [(n, e), (1 / n, Div(num(1), e))]
        for e, n in known:
            found += [(2 * n, Mul((num(2), e))), (2 / n, Div(num(2), e)), (n / 2, Div(e, num(2)))]
            found += [(0.5 / n, Div(num(1), Mul((num(2), e))))]
        for e, n in known:
            root = Fn("sqrt", (e,), 0, "elementwise")
            found += [(n**0.5, root), (n**-0.5, Div(num(1), root))]
        for (e, n), (f, m) in combinations(known, 2):
            found += [(1 / (n * m), Div(num(1), Mul((e, f)))), (n * m, Mul((e, f)))]
            found += [(n / m, Div(e, f)), (m / n, Div(f, e))]
        return np.asarray([value for value, _ in found]), tuple(e for _, e in found)

    @lazy
    def missing_paths(self) -> tuple[Array, tuple[tuple[Expr, Expr], ...]]:
        """Terms of the sum over consumers, alone or together: values, and (consumers' entry, term)."""
        rows: list[Array] = []
        what: list[tuple[Expr, Expr]] = []
        values = [(path, self._flat(path.term)) for path in self.offers.paths]
        known = [(path, row) for path, row in values if row is not None]
        most = len(known) if len(known) <= MAX_PATHS else 2
        for count in range(1, most):
            for chosen in combinations(known, count):
                rows.append(np.asarray(sum(row for _, row in chosen)))
                terms = tuple(path.term for path, _ in chosen)
                what.append((chosen[0][0].consumer, terms[0] if count == 1 else Add(terms)))
        return np.asarray(rows).reshape(len(rows), len(self.truth.flat)), tuple(what)

    @lazy
    def missing_terms(self) -> tuple[Array, tuple[Expr, ...]]:
        """The terms of the true derivative, entry by entry: values and terms."""
        rows: list[Array] = []
        terms: dict[Expr, None] = {}
        for e, letters in self.offers.references:
            if isinstance(e, Add) and letters == self.offers.letters:
                for term in e.args:
                    if term not in terms and (row := self._flat(term)) is not None:
                        terms[term] = None
                        rows.append(row)
        return np.asarray(rows).reshape(len(rows), len(self.truth.flat)), tuple(terms)

    @lazy
    def _whole_terms(self) -> tuple[tuple[Array, Expr], ...]:
        """The terms of the true derivative as a whole: values and terms."""
        found: dict[Expr, Array] = {}
        for e, letters in self.offers.references:
            if isinstance(e, Add) and not letters and self.offers.letters:
                for term in e.args:
                    if term.shape == self.offers.shape and (row := self.screen(term, ()).whole()) is not None:
                        found[term] = row
        return tuple((row, term) for term, row in found.items())

    def as_whole(self, term: Expr) -> Expr | None:
        """A term of the true derivative, given entry by entry, as an array; None where it is not known as one."""
        if isinstance(term, Add):
            parts = [self.as_whole(part) for part in term.args]
            known = tuple(part for part in parts if part is not None)
            return Add(known) if len(known) == len(parts) else None
        row = self._flat(term)
        if row is None:
            return None
        close = CLOSE * np.abs(row).max(initial=0.0)
        return next((whole for own, whole in self._whole_terms if np.abs(own - row).max(initial=0.0) <= close), None)

    @lazy
    def diagonals(self) -> tuple[tuple[Array, Expr, Ix], ...]:
        """The derivative with only one term of a sum, by entries: values, expression and the index of the sum."""
        found = [(self._flat(e), e, ix) for e, ix in self.offers.diagonals]
        return tuple((row, e, ix) for row, e, ix in found if row is not None)

    def once(self, made: Callable[[Subject], Made]) -> Made:
        """What is the same for all answers, made when first asked for."""
        if made not in self._made:
            with detached(math.inf):
                self._made.setdefault(made, made(self))
        found: Made = self._made[made]
        return found

    def _flat(self, e: Expr) -> Array | None:
        """The values of an expression by entries, in the order of the target's axes."""
        return self.screen(e, self.offers.letters).whole()

    def screen(self, e: Expr, letters: tuple[Ix, ...]) -> Screen:
        return Screen(outline(e, free(letters)), letters, self.point, self.truth)

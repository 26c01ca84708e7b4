"""Parts that ask for Jacobians and for second derivatives of the loss: jacobian, hessian.  Knows no documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from backsym.core.choices import LAYOUTS, STATIONARY
from backsym.core.expr import Adj, Equation, Expr, Zeros, num
from backsym.core.problem import Part
from backsym.core.words import say
from backsym.parts.kind import Answered, Page, PartKind, Results, Value

MOST_AXES = 4
"""A second derivative has at most so many axes."""


class Jacobian(PartKind):
    """Total derivatives of nodes by quantities on which they depend, as ``dp/dz``."""

    name = "jacobian"
    about = "Derive these Jacobians, such as dp/dz: the outputs along the rows, or along the columns by layout."
    layout_given = True

    def read(self, part: Part, value: Value) -> Part:
        pairs = value.node_derivatives()
        totals = tuple((of, (by,), part.option == LAYOUTS[1]) for of, by in pairs)
        return replace(part, targets=tuple(f"d{of}/d{by}" for of, by in pairs), totals=totals)

    def question(self, answered: Answered, page: Page) -> None:
        page.say(f"questions.jacobian{'_one' if len(answered.pieces) == 1 else ''}")
        page.formulas([piece.result.lhs for piece in answered.pieces])


class Hessian(PartKind):
    """The second derivatives of the loss by one quantity, or all those by several, in the order given."""

    name = "hessian"
    about = "Derive the second derivative of the loss by this quantity, or the block matrix of those by several."
    values: ClassVar[Mapping[str, Any] | None] = None

    def read(self, part: Part, value: Value) -> Part:
        names, problem = value.quantities(), value.problem
        if problem.upstream is not None:
            value.refuse(say("parts.second_loss"))
            return part
        for first in names:
            for second in names:
                axes = len(problem.symbols[first].shape) + len(problem.symbols[second].shape)
                if axes > MOST_AXES:
                    by = list(dict.fromkeys((first, second)))
                    value.refuse(say("parts.second_axes", by=by, axes=axes, limit=MOST_AXES))
                    return part
        totals = tuple((problem.loss, (first, second), False) for first in names for second in names)
        return replace(part, targets=names, totals=totals)

    def question(self, answered: Answered, page: Page) -> None:
        names = tuple(page.problem.sym(name) for name in answered.part.targets)
        page.say(f"questions.hessian{'_one' if len(names) == 1 else ''}", names=names)
        page.formulas([piece.result.lhs for piece in answered.pieces])

    def solution(self, answered: Answered, page: Page) -> None:
        page.derived(answered)
        self.together(answered, page)

    def key(self, answered: Answered, page: Page) -> None:
        super().key(answered, page)
        self.together(answered, page)

    def together(self, answered: Answered, page: Page) -> None:
        """The block matrix of several, where each block is a matrix, a column, a row or a number."""
        rows = blocks(answered)
        if rows is not None:
            page.say("answers.hessian")
            page.block_matrix([[piece.result for piece in row] for row in rows])


def blocks(answered: Answered) -> list[list[Any]] | None:
    """The pieces in the rows of the block matrix; None for a single one, and where a block is no matrix."""
    count = len(answered.part.targets)
    if count < 2 or any(piece.indices for piece in answered.pieces):
        return None
    return [list(answered.pieces[n : n + count]) for n in range(0, count * count, count)]


class Stationary(PartKind):
    """Where the loss has no slope by a number or a vector, solved where its derivative is linear."""

    name = STATIONARY
    about = "Find where the derivative of the loss by this quantity, a number or a vector, is zero."
    needs = "gradient"
    plain = False

    def read(self, part: Part, value: Value) -> Part:
        names, problem = value.quantities(), value.problem
        if problem.upstream is not None:
            value.refuse(say("parts.stationary_loss"))
            return part
        for name in names:
            if len(problem.symbols[name].shape) > 1:
                value.refuse(say("parts.stationary_matrix", name=name))
                return part
        return replace(part, targets=names, totals=tuple((problem.loss, (name, name), False) for name in names))

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        names = zip(part.targets, part.totals, strict=True)
        solved = {name: results.stationary(asked) for name, asked in names}
        return Answered(part, label, (), tuple(map(results.gradient, part.targets)), solved=solved)

    def question(self, answered: Answered, page: Page) -> None:
        page.say("questions.stationary", names=tuple(page.problem.sym(name) for name in answered.part.targets))

    def solution(self, answered: Answered, page: Page) -> None:
        page.derived(answered)
        self.points(answered, page)

    def key(self, answered: Answered, page: Page) -> None:
        self.points(answered, page)

    def points(self, answered: Answered, page: Page) -> None:
        """What to set to zero, and where it is."""
        problem = page.problem
        for name, form in answered.solved.items():
            whole = problem.sym(name)
            zero: Expr = Zeros(whole.shape) if whole.shape else num(0)
            slope = Equation(Adj(name, whole.shape), zero)
            page.equations([(slope, ()), (Equation(whole, form), ())])

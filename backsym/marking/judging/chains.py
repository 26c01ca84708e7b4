"""Whole derivations: a chain of equalities checked member by member, and the first that does not follow.

A member that begins a statement is compared with the true derivative that the statement is about, any other with the
member before it.  This module must not know how texts are read or verdicts worded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, names_in
from backsym.core.problem import Problem
from backsym.marking.answers.model import Line, ReadAnswer
from backsym.marking.judging.earning import computed_from, slopes
from backsym.marking.judging.judge import Judge, equal_values
from backsym.numeric.axes import Array


@dataclass(frozen=True)
class Break:
    """The first member that does not follow: its number from 1, and whether it begins its statement.

    The left side of an equation beside the answer is no step.
    """

    step: int
    line: Line

    @property
    def starts(self) -> bool:
        return self.line.starts


def first_break(judge: Judge, answer: ReadAnswer) -> Break | None:
    """The first line that does not follow from the one before; None if all do, or cannot be told to be wrong."""
    if len(answer.lines) < 2:
        return None
    before: tuple[Array, ...] | None = None
    step = 0
    for line in answer.lines:
        step += not (line.starts and line.aside)
        values = _values(judge, line)
        if line.starts and line.aside:
            follows = None
        elif line.starts:
            follows = judge.agrees(line.of or answer.target.name, line.expr, line.indices) if line.fits else False
        elif values is None or before is None:
            follows = None
        else:
            follows = _same(before, values)
        if follows is False and (line.unclear or may_be_total(answer.problem, line.expr)):
            # e^m with a quantity e; dL/dy dy/dx, where y depends on x in other ways, too, and all of them are meant.
            follows, values = None, None
        if follows is False:
            return Break(step, line)
        before = values
    return None


def may_be_total(problem: Problem, expr: Expr) -> bool:
    """Whether an expression has a derivative of a node that is not only the local one, if it is meant as a total."""
    for node, by in slopes(expr):
        others = (c for c in problem.consumers.get(by, ()) if c != node)
        if by in names_in(problem.by_name[node].rhs) and any(node in computed_from(problem, c) for c in others):
            return True
    return False


def _same(before: tuple[Array, ...], values: tuple[Array, ...]) -> bool | None:
    return equal_values(values, [np.asarray(b) for b in before])


def _values(judge: Judge, line: Line) -> tuple[Array, ...] | None:
    try:
        return judge.values(line.expr, line.indices)
    except (BacksymError, OverflowError, MemoryError):
        return None

"""Whether the equations that the parts of a problem state are true.

A ``show`` or ``vectorize`` part states an equation; it is evaluated at the points of the numeric check.  This module
must not know about the calculus or documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backsym.expr import Expr, free_indices
from backsym.problem import Problem
from backsym.steps import Derivation

if TYPE_CHECKING:
    from backsym.numeric.context import Env

TOLERANCE = 1e-9


@dataclass(frozen=True)
class FalseClaim:
    """A stated equation that does not hold: the number of its part (from 0), and its two sides."""

    part: int
    lhs: Expr
    rhs: Expr
    error: float


def false_claims(problem: Problem, derivations: Sequence[Derivation]) -> tuple[FalseClaim, ...]:
    """The equations of the parts that fail at some point, in the order of the parts."""
    if not any(part.claims for part in problem.parts):
        return ()
    from backsym.numeric.sample import draws
    from backsym.numeric.verify import with_adjoints

    points = [with_adjoints(derivations, env) for env in draws(problem)]
    found: list[FalseClaim] = []
    for number, part in enumerate(problem.parts):
        for lhs, rhs in part.claims:
            error = max(_error(lhs, rhs, env) for env in points)
            if not error <= TOLERANCE:
                found.append(FalseClaim(number, lhs, rhs, error))
    return tuple(found)


def _error(lhs: Expr, rhs: Expr, env: Env) -> float:
    """The largest difference of the two sides, relative to their largest entry; infinite where the shapes differ."""
    import numpy as np

    from backsym.numeric.evaluate import evaluate

    letters = tuple(dict.fromkeys([*free_indices(lhs), *free_indices(rhs)]))
    left, right = evaluate(lhs, env, letters), evaluate(rhs, env, letters)
    if left.size != right.size:
        return float("inf")
    right = right.reshape(left.shape)
    scale = max(float(np.abs(left).max(initial=0.0)), float(np.abs(right).max(initial=0.0)), 1e-6)
    return float(np.abs(left - right).max(initial=0.0)) / scale

"""Whether the loss has no slope at a stationary point: the formula is put in, and the gradient evaluated there.

This module must not know about the calculus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backsym.core.errors import BacksymError, VerificationError
from backsym.core.expr import Expr, Fn, walk
from backsym.core.problem import Problem
from backsym.core.steps import Derivation
from backsym.core.words import say
from backsym.numeric.axes import Array
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import evaluate, node_value
from backsym.numeric.sample import draw
from backsym.numeric.stated import with_adjoints

TOLERANCE = 1e-7
"""What rounding may leave of the gradient, as a part of the gradient elsewhere."""


POINTS, SEEDS = 3, 24
"""So many points are tried, of so many at most: there may be too few examples for a matrix to have an inverse."""

SINGULAR = 1e8
"""A matrix of a larger condition counts as one without an inverse."""


def prove_stationary(problem: Problem, derivations: Sequence[Derivation], name: str, form: Expr) -> None:
    """Raise VerificationError unless the derivative by ``name`` is zero where it has the value of the formula.

    Raises BacksymError where the formula has a value nowhere.
    """
    tried = 0
    for seed in range(SEEDS):
        env = draw(problem, seed)
        if tried == POINTS or not _is_regular(form, env):
            continue
        tried += 1
        elsewhere = with_adjoints(derivations, env)
        there = _moved(problem, env, {name: evaluate(form, env)})
        slope = with_adjoints(derivations, there).adjoints[name]
        size = max(float(np.max(np.abs(elsewhere.adjoints[name]))), float(np.max(np.abs(elsewhere.values[name]))), 1e-9)
        if not float(np.max(np.abs(slope))) <= TOLERANCE * size * _condition(there, name):
            raise VerificationError(name, say("numeric.not_stationary", name=name))
    if not tried:
        raise BacksymError(say("numeric.no_one_solution", name=name))


def _is_regular(form: Expr, env: Env) -> bool:
    matrices = [e.args[0] for e in walk(form) if isinstance(e, Fn) and e.name == "inv"]
    return all(np.linalg.cond(evaluate(matrix, env)) < SINGULAR for matrix in matrices)


def _condition(env: Env, name: str) -> float:
    """Large solutions leave more of rounding."""
    return max(1.0, float(np.max(np.abs(env.values[name]))))


def _moved(problem: Problem, env: Env, new: dict[str, Array]) -> Env:
    """The point with other values of some leaves."""
    values = {**env.values, **{name: np.asarray(v).reshape(np.shape(env.values[name])) for name, v in new.items()}}
    moved = replace(env, values=values, adjoints={})
    for eq in problem.equations:
        values[eq.name] = np.asarray(node_value(eq, Context.of(moved))[1], dtype=float)
    return moved

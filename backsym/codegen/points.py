"""Points at which a student's gradients are checked: few digits, inside every domain, away from kinks.

This module must not know how the points are written down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.core.words import say

if TYPE_CHECKING:
    from backsym.numeric.evaluate import Env

COUNT = 3

_TRIES = 40
"""So many seeds are tried before a network counts as one that has no fit point with few digits."""

_DIGITS = 3


def points(problem: Problem) -> list[tuple[dict[str, Any], dict[str, int]]]:
    """Leaves by name, as arrays of numbers of three digits, and the sizes of the dimensions, for each point.

    In the last point units may be off, so that a factor that is 0 or 1 is seen as both.  Raises BacksymError if too few
    points are found.
    """
    found: list[tuple[dict[str, Any], dict[str, int]]] = []
    for seed in range(_TRIES):
        point = _point(problem, seed, lively=len(found) < COUNT - 1)
        if point is not None:
            found.append(point)
        if len(found) == COUNT:
            return found
    raise BacksymError(say("codegen.no_points", count=COUNT, digits=_DIGITS))


def _point(problem: Problem, seed: int, *, lively: bool) -> tuple[dict[str, Any], dict[str, int]] | None:
    """A random point, rounded; None if rounding makes it unfit."""
    from backsym.numeric.sample import draw

    env = draw(problem, seed, lively=lively)
    names = [name for name in problem.symbols if name not in problem.by_name]
    leaves = {name: _rounded(problem, name, env.values[name]) for name in names}
    return (leaves, env.dims) if _is_fit(problem, env, leaves) else None


def _rounded(problem: Problem, name: str, value: Any) -> Any:
    import numpy as np

    symbol = problem.symbols[name]
    if symbol.label is not None:
        return value
    value = np.round(value, _DIGITS)
    if symbol.sums_to_one and symbol.shape and not symbol.one_hot:
        value[..., -1] = np.round(1 - value[..., :-1].sum(axis=-1), _DIGITS)
    return value + 0.0  # no negative zero


def _is_fit(problem: Problem, env: Env, leaves: Mapping[str, Any]) -> bool:
    """Whether every node has a value that its functions are smooth at."""
    import numpy as np

    from backsym.numeric.context import Context
    from backsym.numeric.guardian import Guardian, Rejected
    from backsym.numeric.recursion import forward_values

    guardian = Guardian()
    guardian.strictness = 1
    values: dict[str, Any] = dict(leaves)
    ctx = Context(env.dims, values, {}, env.functions, problem.by_name, guardian)
    with np.errstate(all="ignore"):
        try:
            for eq, (_, value) in forward_values(problem.equations, ctx):
                guardian.result(np.asarray(value))
                values[eq.name] = np.asarray(value, dtype=float)
        except Rejected:
            return False
    return True


def written(point: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The leaves as lists of numbers."""
    for name, value in point.items():
        yield name, value.tolist()

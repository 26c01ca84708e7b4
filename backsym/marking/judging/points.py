"""The points at which answers are judged: both sides of every kink are seen, and some points close to it.

An answer that differs from the truth only where a unit is off, or only between two thresholds, would pass at points
that all lie on one side.  Must not know anything about answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from backsym.core.problem import Problem
from backsym.core.steps import Derivation
from backsym.numeric.axes import Array
from backsym.numeric.context import Context, Env
from backsym.numeric.exercise import Exercise, distance, kinks_of
from backsym.numeric.sample import draw
from backsym.numeric.stated import with_adjoints

SEEDS = 3
"""Points with one assignment of sizes, at least."""

_CANDIDATES = 14
"""Points from which those near kinks are chosen, where there are kinks."""

_NEAR = 7
"""Points near kinks, and with units that are off, at most."""

_LARGE = 200
"""Equations of a problem for which no further points are drawn: each of them takes long, and units are many."""


def points(
    problem: Problem, derivations: Sequence[Derivation], sizes: Mapping[str, int], first: int, count: int = SEEDS,
    *, near_kinks: bool = True,
) -> list[Env]:  # fmt: skip
    """Points with these sizes and true adjoints, at least ``count``, with the same instances of abstract functions.

    With ``near_kinks`` there are points close to kinks, and further ones where these leave a derivative zero or a side
    of a kink out.
    """
    found: list[Env] = []
    for seed in range(first, first + count):
        found.append(_drawn(problem, sizes, seed, found))
    if near_kinks and len(problem.equations) <= _LARGE and any(True for _ in _kinks(problem, found[0])):
        found.extend(_nearest(problem, sizes, first, found))
    with np.errstate(all="ignore"):
        filled = [with_adjoints(derivations, point) for point in found]
        if near_kinks:
            filled.extend(_exercising(problem, derivations, sizes, filled))
    return filled


def _exercising(
    problem: Problem, derivations: Sequence[Derivation], sizes: Mapping[str, int], have: Sequence[Env]
) -> Iterator[Env]:
    exercise = Exercise(problem, derivations)
    missing = exercise.wanted.difference(*map(exercise.seen, have))

    def drawn(seed: int) -> Env:
        return draw(problem, seed, sizes=sizes, functions=have[0].functions, lively=False, wide=True)

    return exercise.further(missing, drawn)


def _drawn(problem: Problem, sizes: Mapping[str, int], seed: int, before: Sequence[Env], *, lively: bool = True) -> Env:
    functions = before[0].functions if before else None
    with np.errstate(all="ignore"):
        return draw(problem, seed, sizes=sizes, functions=functions, lively=lively)


def _nearest(problem: Problem, sizes: Mapping[str, int], first: int, have: Sequence[Env]) -> list[Env]:
    """Further points: for each side of each kink one that is on it, then the closest to it, then any."""
    candidates = [_drawn(problem, sizes, first + 1000 + n, have, lively=False) for n in range(_CANDIDATES)]
    offered = [_sides(problem, point) for point in candidates]
    missing = {side for sides in offered for side in sides}
    missing -= {side for point in have for side in _sides(problem, point)}
    chosen: list[int] = []
    while missing and len(chosen) < _NEAR:
        best = max(range(len(candidates)), key=lambda n: len(missing.intersection(offered[n])))
        chosen.append(best)
        missing.difference_update(offered[best])
    closest = [
        min((n for n in range(len(candidates)) if side in offered[n]), key=lambda n: offered[n][side])
        for side in dict.fromkeys(side for sides in offered for side in sides)
    ]
    order = dict.fromkeys([*chosen, *closest, *range(len(candidates))])
    return [candidates[n] for n in list(order)[:_NEAR]]


Side = tuple[int, bool]


def _sides(problem: Problem, point: Env) -> dict[Side, float]:
    """For each kink and each side of it that some entry is on, the smallest distance."""
    found: dict[Side, float] = {}
    for number, value in enumerate(_kinks(problem, point)):
        for above in (False, True):
            mine = np.abs(value[value > 0] if above else value[value < 0])
            if mine.size:
                found[number, above] = float(mine.min())
    return found


def _kinks(problem: Problem, point: Env) -> Iterator[Array]:
    """The signed distances from each kink of the forward equations."""
    ctx = Context.of(point)
    with np.errstate(all="ignore"):
        for equation in problem.equations:
            for node in kinks_of(equation.rhs):
                value = distance(node, ctx)
                if value is not None:
                    yield value[1]

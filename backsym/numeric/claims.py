"""Whether the equations that the parts of a problem state are true, and an example where one is not.

A ``show`` or ``vectorize`` part states an equation, and ``form`` states that a derivative can be written in a given
form; each is evaluated at the points of the numeric check.  This module must not know about the calculus or documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from backsym.core.dims import dim_names
from backsym.core.errors import Diagnostic, PlacedError
from backsym.core.expr import Adj, Entry, Equation, Expr, Ix, Shape, Sym, free_indices, scalar_if_ones, show_shape, walk
from backsym.core.problem import Part, Problem
from backsym.core.steps import Derivation
from backsym.core.words import Said, say
from backsym.parts.table import KINDS, kind_of

if TYPE_CHECKING:
    from backsym.numeric.axes import Array
    from backsym.numeric.context import Env

TOLERANCE = 1e-9

ATTEMPTS = 12
"""Points that are tried for a readable counterexample."""


@dataclass(frozen=True)
class FalseClaim:
    """A stated equation that does not hold: the number of its part (from 0), and its two sides."""

    part: int
    lhs: Expr
    rhs: Expr
    error: float


@dataclass(frozen=True)
class Counterexample:
    """A point at which the two sides differ: values of what they mention, the place, and what the sides are there.

    ``adjoints`` names the quantities whose value is the derivative of the loss by them.
    """

    values: tuple[tuple[str, Array], ...]
    adjoints: tuple[tuple[str, Array], ...]
    place: tuple[tuple[Ix, int], ...]
    left: float
    right: float


def claims_of(problem: Problem, part: Part, derivations: Sequence[Derivation]) -> tuple[tuple[Expr, Expr], ...]:
    """The equations that a part states."""
    if part.form is None:
        return part.claims
    stated = stated_form(problem, part, derivations)
    return (*part.claims, (stated.lhs, stated.rhs))


def stated_form(problem: Problem, part: Part, derivations: Sequence[Derivation]) -> Equation:
    """The derivative that the part asks for, in the form that it is to be presented in.

    Raises PlacedError for a part that asks for more than one derivative, or for none, and for a form whose shape or
    indices do not fit it.
    """
    assert part.form is not None

    def refused(words: Said) -> PlacedError:
        return PlacedError(Diagnostic(words, problem.path, part.line))

    if not kind_of(part).form_given or len(part.targets) != 1:
        names = [kind.name for kind in KINDS.values() if kind.form_given]
        raise refused(say("parts.form_of_one", kinds=names))
    adjoint = Adj(part.targets[0], problem.symbols[part.targets[0]].shape)
    letters = free_indices(part.form)
    if scalar_if_ones(part.form.shape) == () and letters:
        found = next((d.indices for d in derivations if d.node == adjoint.name), ())
        same = set(letters) == {ix for ix in found if not ix.fixed}
        indices = found if same else _by_dimension(letters, adjoint.shape)
        if indices is None:
            raise refused(say("parts.form_indices", name=adjoint.name))
        return Equation(Entry(adjoint, indices), part.form)
    if part.form.shape != adjoint.shape and scalar_if_ones(part.form.shape) != scalar_if_ones(adjoint.shape):
        raise refused(
            say(
                "parts.form_shape",
                found=show_shape(part.form.shape),
                name=adjoint.name,
                wanted=show_shape(adjoint.shape),
            )
        )
    return Equation(adjoint, part.form)


def _by_dimension(letters: Sequence[Ix], shape: Shape) -> tuple[Ix, ...] | None:
    """For each axis the first letter that is left and runs over it; None where they do not fit."""
    rest, chosen = list(letters), []
    for dim in shape:
        index = Ix("1", 1) if dim == 1 else next((ix for ix in rest if ix.dim == dim), None)
        if index is None:
            return None
        if dim != 1:
            rest.remove(index)
        chosen.append(index)
    return tuple(chosen) if not rest else None


def false_claims(
    problem: Problem, derivations: Sequence[Derivation], points: Sequence[Env] = ()
) -> tuple[FalseClaim, ...]:
    """The equations of the parts that fail at some point, in the order of the parts.

    ``points`` are those at which the problem has been checked already; without any, they are drawn.  Where these leave
    a side of a kink or comparison out, as with a unit that is never off, the claims are judged at further ones, too.
    """
    stated = [claims_of(problem, part, derivations) for part in problem.parts]
    if not any(stated):
        return ()
    from backsym.numeric.sample import draws
    from backsym.numeric.stated import with_adjoints

    at = [with_adjoints(derivations, env) for env in points or draws(problem)]
    at += _other_sides(problem, derivations, at)
    found: list[FalseClaim] = []
    for number, claims in enumerate(stated):
        for lhs, rhs in claims:
            error = max(_error(lhs, rhs, env) for env in at)
            if not error <= TOLERANCE:
                found.append(FalseClaim(number, lhs, rhs, error))
    return tuple(found)


def _other_sides(problem: Problem, derivations: Sequence[Derivation], points: Sequence[Env]) -> list[Env]:
    """Further points, with adjoints, on those sides of kinks and comparisons that none of the points is on."""
    import numpy as np

    from backsym.numeric.exercise import Exercise
    from backsym.numeric.sample import draw

    exercise = Exercise(problem, derivations)
    if not exercise.kinks:
        return []
    with np.errstate(all="ignore"):
        missing = exercise.wanted.difference(*map(exercise.seen, points))
        return [*exercise.further(missing, lambda seed: draw(problem, seed, lively=False))]


def counterexample(problem: Problem, derivations: Sequence[Derivation], claim: FalseClaim) -> Counterexample | None:
    """A small point at which a false claim fails, with whole numbers for what is given where that is possible.

    None where the two sides have different shapes, or no point with a plain difference is found.
    """
    for env in _small_points(problem, derivations):
        found = _difference_at(claim, env)
        if found is None:
            continue
        place, left, right = found
        both = (*walk(claim.lhs), *walk(claim.rhs))
        names = list(dict.fromkeys(e.name for e in both if isinstance(e, Sym)))
        adjoints = list(dict.fromkeys(e.name for e in walk(claim.rhs) if isinstance(e, Adj) and e.name in env.adjoints))
        return Counterexample(
            tuple((name, env.values[name]) for name in names),
            tuple((name, env.adjoints[name]) for name in adjoints),
            place,
            left,
            right,
        )
    return None


def holds_if_sums_to_one(problem: Problem, derivations: Sequence[Derivation], claim: FalseClaim) -> str | None:
    """The given quantity, a target first, whose entries have to sum to one for a false claim to hold; None without."""
    from backsym.numeric.sample import draws
    from backsym.numeric.stated import with_adjoints

    given = [s for s in problem.symbols.values() if s.role != "node" and s.shape and s.label is None and not s.values]
    for symbol in sorted(given, key=lambda s: s.role != "target"):
        if symbol.sums_to_one or symbol.one_hot:
            continue
        other = replace(problem, symbols={**problem.symbols, symbol.name: replace(symbol, sums_to_one=True)})
        points = [with_adjoints(derivations, env) for env in draws(other)]
        if all(_error(claim.lhs, claim.rhs, env) <= TOLERANCE for env in points):
            return symbol.name
    return None


def _small_points(problem: Problem, derivations: Sequence[Derivation]) -> Iterator[Env]:
    """Points of dimensions of size two: with the given quantities rounded to whole numbers, then as they were drawn."""
    import numpy as np

    from backsym.numeric.context import Context
    from backsym.numeric.recursion import forward_values
    from backsym.numeric.sample import draw
    from backsym.numeric.stated import with_adjoints

    names = {name for symbol in problem.symbols.values() for d in symbol.shape for name in dim_names(d)}
    sizes = {d: 2 for d in sorted(names) if d not in problem.dims or problem.dims[d].size is None}
    for lively, rounded, seed in product((True, False), (True, False), range(ATTEMPTS)):
        drawn = draw(problem, seed, sizes=sizes, lively=lively)
        values = dict(drawn.values)
        if rounded:
            for name, symbol in problem.symbols.items():
                if name in values and symbol.role != "node" and not symbol.sums_to_one:
                    values[name] = np.clip(np.rint(2 * values[name]), -3, 3) + 0.0
        env = replace(drawn, values=values)
        with np.errstate(all="ignore"):
            for equation, value in forward_values(problem.equations, Context.of(env)):
                values[equation.name] = np.asarray(value[1], dtype=float)
            env = with_adjoints(derivations, env)
        if all(np.all(np.isfinite(x)) for x in (*values.values(), *env.adjoints.values())):
            yield env


def _difference_at(claim: FalseClaim, env: Env) -> tuple[tuple[tuple[Ix, int], ...], float, float] | None:
    """The entry in which the sides differ most, if they plainly do: its place (from 1), and the two values."""
    import numpy as np

    letters, left, right = _sides(claim.lhs, claim.rhs, env)
    if left.size != right.size:
        return None
    right = right.reshape(left.shape)
    gap = np.abs(left - right)
    if not gap.max(initial=0.0) > 1e-3 * max(1.0, float(np.abs(left).max(initial=0.0))):
        return None
    at = tuple(int(n) for n in np.unravel_index(int(gap.argmax()), gap.shape))
    axes = (*letters, *(Ix(str(n), d) for n, d in enumerate(claim.lhs.shape)))
    return tuple((ix, n + 1) for ix, n in zip(axes, at, strict=False)), float(left[at]), float(right[at])


def _sides(lhs: Expr, rhs: Expr, env: Env) -> tuple[tuple[Ix, ...], Array, Array]:
    from backsym.numeric.evaluate import evaluate

    letters = tuple(dict.fromkeys([*free_indices(lhs), *free_indices(rhs)]))
    return letters, evaluate(lhs, env, letters), evaluate(rhs, env, letters)


def _error(lhs: Expr, rhs: Expr, env: Env) -> float:
    """The largest difference of the two sides, relative to their largest entry; infinite where the shapes differ."""
    import numpy as np

    _, left, right = _sides(lhs, rhs, env)
    if left.size != right.size:
        return float("inf")
    right = right.reshape(left.shape)
    scale = max(float(np.abs(left).max(initial=0.0)), float(np.abs(right).max(initial=0.0)), 1e-6)
    return float(np.abs(left - right).max(initial=0.0)) / scale

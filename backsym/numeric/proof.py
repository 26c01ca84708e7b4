"""The numeric proof of every line: forward equations at both levels, and each step and substep of each derivation.

Derivatives themselves are proved in ``verify``; here both sides of all else that a page shows are evaluated, once, at
a random point.  What differs there is looked at again at further points, because rounding may look like an error at
one of them.  The cost is linear in the number of lines.

This module must not know about the calculus: it reads only what a derivation states.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from backsym.core.expr import (
    Entry,
    Equation,
    Expr,
    IndexReduce,
    Ix,
    Partial,
    Shift,
    Sym,
    free_indices,
    indices_of,
    letters_of,
    position_of,
    steps_after,
    walk,
    with_indices,
)
from backsym.core.problem import Asked
from backsym.core.steps import Case, Derivation, ForwardForms, Step, TotalDerivation, Verification
from backsym.numeric.axes import Array, Val, align
from backsym.numeric.context import Context, Env, Known
from backsym.numeric.evaluate import ev
from backsym.numeric.layers import masked, position_by_position
from backsym.numeric.recursion import sides_at_members
from backsym.numeric.stated import largest, with_adjoints
from backsym.numeric.unexercised import is_zero
from backsym.numeric.verify import power_of_ten

TOLERANCE = 1e-9
"""The largest difference of two sides, relative to their largest entry or to the magnitude of their terms."""

_SMALL = 1e-6
"""A relative change to which everything reacts in proportion."""

_NOISE = 1e-13
"""Of the largest derivative: what rounding may leave of an exact zero, which others are made of."""

_MOST = 200_000
"""A line with more combinations of its letters than this is looked at for some of them."""


@dataclass(frozen=True)
class Unproved:
    """A line whose sides differ: the quantity it belongs to, the line in words, and the relative difference."""

    node: str
    line: str
    error: float


class _Line(NamedTuple):
    """One equality as displayed."""

    node: str
    words: str
    before: Expr
    after: Expr
    unless: tuple[Ix, Ix] | None = None


def unproved(
    derivations: Sequence[Derivation], forward: Sequence[ForwardForms], draws: Sequence[Env]
) -> tuple[Unproved, ...]:
    """The lines that do not hold, in backward order, then those of the forward equations.

    A line is judged at the first of the ``draws``, and called wrong only if it is wrong at the others, too.  The first
    may have the adjoints already that the derivations state.
    """
    found: list[Unproved] = []
    points: list[_Point] = []
    nodes = {d.node for d in derivations}
    with np.errstate(all="ignore"):
        for line in _lines(derivations, forward):
            error = math.inf
            for number, env in enumerate(draws):
                if number == len(points):
                    stated = nodes <= env.adjoints.keys()
                    points.append(_Point(env if stated else with_adjoints(derivations, env)))
                error = min(error, points[number].error(line))
                if error <= TOLERANCE:
                    break
            else:
                found.append(Unproved(line.node, line.words, error))
    return tuple(found)


def totals_proved(
    totals: Sequence[TotalDerivation], derivations: Sequence[Derivation], draws: Sequence[Env]
) -> tuple[dict[Asked, Verification], tuple[Unproved, ...]]:
    """Whether Jacobians and second derivatives are what they are said to be, and the lines of them that do not hold.

    Entries and matrices are compared with complex steps through all nodes, of which second derivatives take central
    differences: no formula that was derived is used.
    """
    if not totals:
        return {}, ()
    found: dict[Asked, Verification] = {}
    wrong: list[Unproved] = []
    with np.errstate(all="ignore"):
        points = [_Point(with_adjoints(derivations, env)) for env in draws]
        for total in totals:
            words = f"the derivative of {total.of} by {' and '.join(total.by)}"
            node = total.by[-1]
            forms = [form for form in (total.entry, total.matrix) if form is not None]
            forms += [recursion.equation for recursion in total.recursions]
            results = [_Line(node, words, form.lhs, form.rhs) for form in forms]
            # What holds of a recurrence has to hold at every length.
            among = max if total.through else min
            worst = max(among(point.error(line) for point in points) for line in results)
            worst = max([worst, *(_case_error(case, node, words, points) for case in total.cases)])
            status = "failed" if not worst <= TOLERANCE else "verified"
            silent = status == "verified" and not is_zero(total.entry.rhs)
            if silent and not any(np.any(point.value(total.entry.rhs)[1]) for point in points):
                status = "unexercised"
            found[total.key] = Verification(power_of_ten(worst), len(points), status)
            for line in _of_steps(node, total.steps, f"{words}, step "):
                error = among(point.error(line) for point in points)
                if not error <= TOLERANCE:
                    wrong.append(Unproved(line.node, line.words, error))
    return found, tuple(wrong)


def _case_error(case: Case, node: str, words: str, points: Sequence[_Point]) -> float:
    """The largest error of a case at any position and any of the points."""
    forms = [form for form in (case.entry, case.matrix) if form is not None]
    lines = (
        (point, _Line(node, words, equation.lhs, equation.rhs))
        for point in points
        for form in forms
        for equation in sides_at_members(case, form, point.ctx)
    )
    return max((point.error(line) for point, line in lines), default=0.0)


def check_steps(steps: Sequence[Step], env: Env, floor: float = 1e-6) -> tuple[float, str]:
    """The worst mismatch between the two sides of any step or substep, and the path of that step.

    The error is relative to the largest entry of either side (at least ``floor``, because both sides may be rounding
    noise of an exact zero).  A side that does not mention a free index is repeated along it.  A step with the fact
    ``unless``, two indices, is compared where they differ.
    """
    worst, place = 0.0, ""
    with np.errstate(all="ignore"):
        point = _Point(env)
        for line in _of_steps("", steps, ""):
            error = point.difference(line, floor)
            if error > worst:
                worst, place = error, line.words
    return worst, place


def differs(found: Array, e: Expr, free: tuple[Ix, ...], env: Env) -> bool:
    """Whether an array is not the value of an expression, entry by entry over ``free`` and the axes of its shape."""
    point = _Point(env)
    value = point.ctx.arranged(point.value(e), free)
    if found.size != value.size:
        return True
    gaps = np.abs(found.ravel() - value.ravel())
    # Where source overflows it has no number to compare, and what cancels leaves rounding of what it is made of.
    gap = float(np.max(gaps, where=np.isfinite(gaps), initial=0.0))
    if not gap > _NOISE:
        return False
    scale = float(np.max(np.abs(value), initial=0.0))
    return not gap <= TOLERANCE * scale and not gap <= TOLERANCE * point.magnitude(_Line("", "", e, e))


# --- the lines -------------------------------------------------------------------------------------------------------


def _lines(derivations: Sequence[Derivation], forward: Sequence[ForwardForms]) -> Iterator[_Line]:
    for d in derivations:
        yield from _of_steps(d.node, d.steps, f"the derivative by {d.node}, step ")
    for f in forward:
        for form in (f.entry, f.matrix):
            if form is not None:
                yield _of_equation(f.node, form)
        yield from _of_steps(f.node, f.steps, f"the equation of {f.node}, step ")


def _of_equation(node: str, equation: Equation) -> _Line:
    form = "entries" if isinstance(equation.lhs, Entry) else "whole"
    return _Line(node, f"the equation of {node}, {form}", equation.lhs, equation.rhs)


def _of_steps(node: str, steps: Sequence[Step], prefix: str) -> Iterator[_Line]:
    for number, step in enumerate(steps):
        path = f"{prefix}{number} {step.kind}"
        unless = step.facts.get("unless")
        pair = unless if isinstance(unless, tuple) and len(unless) == 2 else None
        yield _Line(node, path, step.before, step.after, pair)  # type: ignore[arg-type]
        yield from _of_steps(node, step.substeps, path + " / ")


# --- one point -------------------------------------------------------------------------------------------------------


class _Point:
    """Both sides of lines at one point; what follows a side is the next line's other side, and evaluated once."""

    def __init__(self, env: Env):
        self.env = env
        self.known = Known()
        self.ctx = replace(Context.of(env), known=self.known)
        self.small = max((x.size for x in env.values.values()), default=1) ** 2 <= _MOST
        """Whether no line can have too many combinations of its letters."""
        self.noise = _NOISE * max(map(largest, env.adjoints.values()), default=0.0)
        self.moved: _Point | None = None
        self.recurrent = {eq.indices[0].dim for eq in env.equations.values() if eq.block}
        self.latest: tuple[Expr, Val] | None = None

    def value(self, e: Expr) -> Val:
        if self.latest is None or self.latest[0] is not e:
            self.known.bound()
            self.latest = e, ev(e, self.ctx)
        return self.latest[1]

    def error(self, line: _Line) -> float:
        """The difference of both sides, relative to the magnitude of their terms where they cancel."""
        error = self.difference(line)
        if error <= TOLERANCE:
            return error
        return self.difference(line, max(self.magnitude(line), self.noise / TOLERANCE))

    def difference(self, line: _Line, floor: float = 0.0) -> float:
        return max((self._difference(part, floor) for part in self.parts(line)), default=0.0)

    def parts(self, line: _Line) -> Sequence[_Line]:
        """The line itself; at a few places of its letters if it has too many of them."""
        if self.small or self._count(line) <= _MOST:
            return (line,)
        # A position that is computed of letters may lie outside, where an entry is zero; a fixed one may not.
        computed = {
            letter
            for side in (line.before, line.after)
            for e in walk(side)
            if isinstance(e, Entry)
            for ix in e.indices
            if isinstance(ix, Shift)
            for letter in letters_of(ix)
        }
        apart = line.unless if line.unless is not None and computed.intersection(line.unless) else None
        computed.update(apart or ())
        free = (*free_indices(line.before), *free_indices(line.after))
        letters = dict.fromkeys(ix for ix in free if ix not in computed)
        rng = np.random.default_rng(9)
        sizes = {ix: self.ctx.size(ix.dim) for ix in letters}
        parts = []
        for together in (True, False):
            # Where all letters are at one place, deltas are one.
            place = rng.integers(1, min(sizes.values(), default=1) + 1)
            at = {ix: Ix(str(place if together else rng.integers(1, n + 1)), ix.dim) for ix, n in sizes.items()}
            if line.unless is None or apart is not None or at.get(line.unless[0]) != at.get(line.unless[1]):
                before, after = with_indices(line.before, at), with_indices(line.after, at)
                parts.append(line._replace(before=before, after=after, unless=apart))
        return parts

    def _count(self, line: _Line) -> int:
        """How many combinations of letters, or of entries in a local derivative, the sides have at most."""
        most = 1
        for side in (line.before, line.after):
            letters = set(free_indices(side))
            for e in walk(side):
                if isinstance(e, IndexReduce):
                    letters.update(e.indices)
                elif isinstance(e, Partial):
                    arrays = [x for part in (e.num, e.den) for x in walk(part) if isinstance(x, Sym)]
                    most = max(most, math.prod(math.prod(self.ctx.sizes(x.declared)) for x in arrays))
            most = max(most, math.prod(self.ctx.size(ix.dim) for ix in letters))
        return most

    def _difference(self, line: _Line, floor: float) -> float:
        left, right = self._along(line.before, line.after), self._along(line.after, line.before)
        if left is right and np.isfinite(left[1]).all():
            return 0.0  # Both sides are the same expression.
        sides = _flat(left), _flat(right)
        # Side by side, what depends on no letter may be left without axes for them.
        if len({x.shape[len(letters) :] for letters, x in sides}) > 1:
            return math.inf
        names, before, after = align(*sides)
        gap = np.abs(before - after)
        gap = masked(gap, names, self.ctx.dims) if self.ctx.layered else gap
        for ix in self.beyond(line):
            if position_of(ix) is not None:
                return 0.0  # There is no such member at this length.
            (letter,) = letters_of(ix)
            if letter in names:
                axis = names.index(letter)
                there = np.arange(1, gap.shape[axis] + 1) + _after(ix) > self.ctx.size(ix.dim)
                gap = np.where(there.reshape([-1 if n == axis else 1 for n in range(gap.ndim)]), 0.0, gap)
        if line.unless is not None and set(line.unless) <= set(names):
            gap = np.where(_equal_places(gap.shape, *(names.index(ix) for ix in line.unless)), 0.0, gap)
        worst = float(gap.max())
        if worst == 0.0:
            return 0.0
        scale = max(largest(before), largest(after), floor)
        return worst / scale if math.isfinite(worst) and math.isfinite(scale) else math.inf

    def _along(self, side: Expr, other: Expr) -> Val:
        """The value of a side at each position of a letter of the other on which only its sizes depend, as of I."""
        if self.ctx.layered and side.sized_by:
            own = free_indices(side)
            letter = next((ix for ix in free_indices(other) if ix.letter in side.sized_by and ix not in own), None)
            if letter is not None:
                return position_by_position(side, letter, self.ctx.dims, self.value)
        return self.value(side)

    def beyond(self, line: _Line) -> list[Ix]:
        """The indices in a line that lead beyond the last member of a recurrence, where an equation of it is not meant.

        That all derivatives are zero there is a line of its own.
        """
        if not self.recurrent:
            return []
        found: dict[Ix, None] = {}
        for side in (line.before, line.after):
            for e in walk(side):
                found.update(dict.fromkeys(ix for ix in indices_of(e) if ix.dim in self.recurrent))
        return [ix for ix in found if (position_of(ix) or 0) > self.ctx.size(ix.dim) or _after(ix) > 0]

    def magnitude(self, line: _Line) -> float:
        """The magnitude of the terms of both sides, by the response to small relative changes of all quantities."""
        if self.moved is None:
            rng = np.random.default_rng(4)

            def jitter(x: Array) -> Array:
                return np.asarray(x * (1 + _SMALL * rng.standard_normal(np.shape(x))))

            values = {name: jitter(x) for name, x in self.env.values.items()}
            adjoints = {name: jitter(x) for name, x in self.env.adjoints.items()}
            self.moved = _Point(replace(self.env, values=values, adjoints=adjoints))
        size = 0.0
        for part in self.parts(line):
            for side in (part.before, part.after):
                change = np.abs(self.moved.value(side)[1] - self.value(side)[1])
                size = max(size, float(np.max(change, initial=0.0)) / _SMALL)
        return size if math.isfinite(size) else 0.0


def _after(ix: Ix) -> int:
    """How far after a letter an index is."""
    letters = letters_of(ix)
    return (steps_after(ix, letters[0]) or 0) if len(letters) == 1 else 0


def _flat(value: Val) -> Val:
    """Without positional axes of length one: a (D, 1) column compares with a (D,) vector."""
    names, x = value
    lead = len(names)
    if 1 not in x.shape[lead:]:
        return value
    return names, x.reshape(x.shape[:lead] + tuple(n for n in x.shape[lead:] if n != 1))


def _equal_places(shape: tuple[int, ...], one: int, other: int) -> Array:
    """Where the places along two axes are the same, in a shape that broadcasts."""
    first, second = sorted((one, other))
    laid = [n if axis in (first, second) else 1 for axis, n in enumerate(shape)]
    return np.equal.outer(np.arange(shape[first]), np.arange(shape[second])).reshape(laid)

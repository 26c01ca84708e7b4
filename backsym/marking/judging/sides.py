"""Points on both sides of the conditions of an answer itself.

The points of a judge lie on both sides of the problem's own kinks.  An answer may compare with something else, as
[z > 0.001] or [z < 10] does, and be right wherever the judge looked.  So each of its conditions is looked at on both
sides: at a point far away, where one side was never met, and at two points close to where it changes.

Must not know how answers are written, nor how verdicts are worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from backsym.core.allowance import Exhausted, detached
from backsym.core.errors import BacksymError
from backsym.core.expr import Cmp, Expr, Fn, Ix
from backsym.core.lazy import lazy
from backsym.core.problem import Problem
from backsym.core.steps import Derivation
from backsym.numeric.axes import Array, Val, guard
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev
from backsym.numeric.exercise import distance, kinks_of
from backsym.numeric.recursion import forward_values
from backsym.numeric.sample import draw
from backsym.numeric.stated import with_adjoints

FAR = 40
"""Points of very different magnitudes, among which one on a side is sought that no other point is on."""

FEW, EQUATIONS = 3, 800
"""With more than 20 equations, where each point takes longer, so many equations are evaluated, but so many points."""

FINDING = 100e6
"""The work of finding these points, once for all answers."""

FIRST_FAR = 5000
"""Their first seed, far from those of the points that are drawn in any case."""

PAIRS = 3
"""Pairs of points on different sides of one condition, at most, between which it is looked for where it changes."""

CONDITIONS = 8
"""Conditions of one answer that are looked at, at most."""

CUTS = 32
"""Parts into which the way from one point to another is cut at once."""

ROUNDS = 4
"""So often: the last two points are apart by a millionth of the way, far more than rounding moves a condition."""

TOLERANCE = 1e-5
"""Relative to the largest entry at a point: at these points much may cancel; a wrong branch is a larger error."""

FLOOR = 1e-6
"""Smaller magnitudes count as this: rounding of an exact zero is no disagreement."""

_PART = Ix("part", 1)


@dataclass
class Sides:
    """Looks for points at which an answer is on the other side of one of its own conditions.

    ``points`` are points of one assignment of sizes, with the true adjoints.
    """

    problem: Problem
    derivations: Sequence[Derivation]
    points: Sequence[Env]

    @lazy
    def far(self) -> tuple[Env, ...]:
        """Points of very different magnitudes, of the same sizes and functions."""
        found: list[Env] = []
        with suppress(Exhausted), detached(FINDING):
            found.extend(self._drawn())
        return tuple(found)

    def _drawn(self) -> Iterator[Env]:
        base = self.points[0]
        count = max(FEW, min(FAR, EQUATIONS // len(self.problem.equations)))
        for seed in range(FIRST_FAR, FIRST_FAR + count):
            try:
                point = draw(self.problem, seed, sizes=base.dims, functions=base.functions, lively=False, wide=True)
                yield with_adjoints(self.derivations, point)
            except BacksymError:
                continue

    def around(self, expr: Expr, name: str) -> Iterator[Env]:
        """Points, with adjoints, on both sides of each condition of an expression, as far as they are found.

        Those come first at which the derivative by ``name`` is not zero: elsewhere a condition does not show.
        """
        for node in list(dict.fromkeys(kinks_of(expr)))[:CONDITIONS]:
            yield from self._around(node, name)

    def _around(self, node: Fn | Cmp, name: str) -> Iterator[Env]:
        near = list(_placed(node, self.points, name))
        if not near:
            return
        pairs = _pairs(near)
        if sum(pair.alive for pair in pairs) < PAIRS:
            met = {sign for place in near for sign in place.met}
            far = list(_placed(node, self.far, name))
            beyond = sorted(
                (place for place in far if not met.issuperset(place.met)), key=lambda place: not place.alive
            )
            yield from (place.point for place in beyond[:PAIRS])
            first = max(near, key=lambda place: place.alive)
            pairs += [pair for place in far for pair in _pairs([first, place])]
        for pair in sorted(pairs, key=lambda pair: not pair.alive)[:PAIRS]:
            yield from self._between(node, pair.first, pair.last, pair.entry)

    def _between(self, node: Fn | Cmp, first: Env, last: Env, entry: int) -> Iterator[Env]:
        """Two points close to each other, on the way from the first to the last, with the condition between them."""
        low, high = 0.0, 1.0
        for _ in range(ROUNDS):
            ways = np.linspace(low, high, CUTS + 1)
            signs = _signs(node, self._forward(first, last, ways), len(ways))
            if signs is None:
                return
            own = signs.reshape(len(ways), -1)[:, entry]
            if own[0] == own[-1] or np.isnan(own).any():
                return
            turn = int(np.argmax(own != own[0]))
            low, high = float(ways[turn - 1]), float(ways[turn])
        for way in (low, high):
            context = self._forward(first, last, np.asarray([way]))
            values = {name: _single(value) for name, value in context.values.items()}
            yield with_adjoints(self.derivations, replace(first, values=values, adjoints={}))

    def _forward(self, first: Env, last: Env, ways: Array) -> Context:
        """The forward pass at several points on the way; what takes single values only stays as it is at the first."""
        values: dict[str, Array | Val] = {}
        for name, start in first.values.items():
            if name not in self.problem.by_name:
                end = start if self.problem.symbols[name].discrete else last.values[name]
                guard((len(ways), *start.shape))
                part = ways.reshape(-1, *[1] * start.ndim)
                values[name] = (_PART,), np.asarray((1 - part) * start + part * end)
        context = replace(Context.of(first), values=values)
        for equation, (names, value) in forward_values(self.problem.equations, context):
            values[equation.name] = names, np.asarray(value)
        return context


def _single(value: Array | Val) -> Array:
    names, x = value if isinstance(value, tuple) else ((), value)
    return np.asarray(x[0] if names else x, dtype=float)


def _signs(node: Fn | Cmp, context: Context, parts: int = 0) -> Array | None:
    """On which side of a condition each entry is: 1, 0 (a tie) or -1; with ``parts``, at each of so many points."""
    found = distance(node, context)
    if found is None:
        return None
    names, x = found
    if not parts:
        return np.sign(x)
    rest = tuple(ix for ix in names if ix != _PART)
    return np.sign(context.arranged(found, (_PART, *rest), (parts, *context.index_sizes(rest))))


@dataclass(frozen=True)
class _Place:
    """A point, on which side of a condition each entry is there, and whether the derivative in question is not zero."""

    point: Env
    signs: Array
    alive: bool

    @property
    def met(self) -> set[float]:
        return set(np.unique(self.signs[np.isfinite(self.signs)]).tolist())


@dataclass(frozen=True)
class _Pair:
    """Two points at which an entry of a condition is on different sides."""

    first: Env
    last: Env
    entry: int
    alive: bool


def _placed(node: Fn | Cmp, points: Sequence[Env], name: str) -> Iterator[_Place]:
    for point in points:
        signs = _signs(node, Context.of(point))
        if signs is not None:
            yield _Place(point, signs, bool(np.any(point.adjoints[name])))


def _pairs(places: Sequence[_Place]) -> list[_Pair]:
    found: list[_Pair] = []
    for n, last in enumerate(places):
        for first in places[:n]:
            a, b = first.signs.ravel(), last.signs.ravel()
            differing = np.flatnonzero((a != b) & np.isfinite(a) & np.isfinite(b)) if a.shape == b.shape else ()
            if len(differing):
                entry = int(differing[n % len(differing)])
                found.append(_Pair(first.point, last.point, entry, first.alive or last.alive))
    return found


def disagrees(expr: Expr, indices: tuple[Ix, ...], point: Env, true: Array) -> bool:
    """Whether an expression visibly has another value at a point; what is not finite does not count."""
    context = Context.of(point)
    value = np.reshape(context.arranged(ev(expr, context), indices), -1)
    flat = np.reshape(true, -1)
    finite = np.isfinite(value) & np.isfinite(flat)
    size = max(FLOOR, *(float(np.abs(x[finite]).max(initial=0.0)) for x in (value, flat)))
    return bool((np.abs(value - flat)[finite] > TOLERANCE * size).any())


def positions(true: Mapping[str, Array], name: str, indices: tuple[Ix, ...]) -> Array:
    """The entries of a derivative at fixed positions."""
    return np.asarray(true[name][tuple(int(ix.letter) - 1 if ix.fixed else slice(None) for ix in indices)])

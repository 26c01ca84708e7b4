"""What makes a point unfit for checking a derivative: outside a domain, at a kink, saturated, dead or overflowing.

This module must not know where the point came from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from backsym.core.functions import Function
from backsym.core.words import Words, say
from backsym.numeric.apply import STEP, by_formula, elementwise
from backsym.numeric.axes import Array
from backsym.numeric.context import Context
from backsym.numeric.evaluate import ev

_LARGE = {2: 6.0, 1: 12.0}
"""Beyond this a saturating function loses digits: 1 - tanh(z)**2 at z = 10 has a relative error of 1e-8.

By strictness: an equation that cannot stay in comfort may still stay where log(1 - sigmoid(z)) has most of its digits.
"""

_NEAR = 1e-3

_ATTEMPTS = 8
"""At one of so many points with other leaves what is there by chance was elsewhere: a dead unit was alive."""


class Rejected(Exception):
    """A point is unfit; ``large`` tells that smaller values may help."""

    def __init__(self, words: Words, *, large: bool = False):
        self.words, self.large = words, large
        super().__init__(words)


class Guardian:
    """A tracer that raises ``Rejected``.

    ``strictness`` 2 asks for comfort (no saturation, live units, well away from kinks and poles), 1 for smoothness, 0
    only for a defined value.  Below 2 a kink itself is accepted where the value and the displayed derivative agree:
    what is exactly there, as an entry that is masked or outside of its array, stays there wherever the leaves are.
    So it is, at any strictness, with a kink or a tie that was at the same entries at each of some attempts.  With
    ``ties`` entries may be equal of which the first is taken by convention.
    """

    def __init__(self, *, ties: bool = False) -> None:
        self.strictness = 2
        self.ties = ties
        self._equation, self._number = "", 0
        self._renewed: Callable[[], bool] = lambda: False
        self._there: dict[tuple[str, int], tuple[int, Array]] = {}
        """For each operation of an equation: how often some entries were at a kink or tie, and which always were."""

    def begin(self, equation: str, renewed: Callable[[], bool]) -> None:
        """The operations that follow are those of one attempt to evaluate this equation.

        ``renewed`` tells whether all that it depends on is another than at the last attempt that was.
        """
        self._equation, self._number, self._renewed = equation, 0, renewed

    def function(self, fn: Function, args: Sequence[Array], ctx: Context) -> None:
        low, high = fn.domain
        for x in args[:1] if np.isfinite(low) or np.isfinite(high) else ():
            margin = (_NEAR, 1e-6, 1e-9)[2 - self.strictness]
            if not np.all((x > low + margin) & (x < high - margin)):
                raise Rejected(say("numeric.rejected.domain", name=fn.name, low=low, high=high))
        if fn.regular:
            self._regular(fn.name, np.real(args[0]))
        if fn.kink is not None:
            self._kink(fn, fn.kink, args, ctx)
        elif not np.isfinite(low):
            self._moderate(fn.name, args)

    def abstract(self, name: str, args: Sequence[Array]) -> None:
        if args:
            self._moderate(name, args)

    def denominator(self, value: Array) -> None:
        self._away_from_zero(say("numeric.rejected.denominator"), np.asarray(value))

    def power(self, base: Array, exponent: Array) -> None:
        if not np.all(exponent == np.round(exponent)):
            if not np.all(base > (_NEAR if self.strictness == 2 else 1e-9)):
                raise Rejected(say("numeric.rejected.broken_exponent"))
        elif np.any(exponent < 0):
            self._away_from_zero(say("numeric.rejected.base"), np.asarray(base))

    def extreme(self, op: str, x: Array, axes: tuple[int, ...]) -> None:
        """A maximum or minimum over axes needs one entry that is it: at ties derivatives are a convention."""
        if self.strictness == 0 or math.prod(x.shape[axis] for axis in axes) < 2:
            return
        rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
        flat = np.transpose(x, rest + axes).reshape(*(x.shape[axis] for axis in rest), -1)
        last = np.sort(flat if op == "max" else -flat, axis=-1)[..., -2:]
        gap = last[..., 1] - last[..., 0]
        tied = gap <= _NEAR * np.maximum(np.abs(last[..., 1]), _NEAR)
        if self.ties:
            tied &= gap != 0
        if not self._stays(tied, gap) and np.any(tied):
            raise Rejected(say("numeric.rejected.maximum_twice" if op == "max" else "numeric.rejected.minimum_twice"))

    def result(self, value: Array) -> None:
        """Checks of the value of a whole node."""
        if not np.all(np.isfinite(value)):
            raise Rejected(say("numeric.rejected.not_finite"), large=True)
        if np.any(np.abs(value) > 1e60):
            raise Rejected(say("numeric.rejected.too_large"), large=True)
        if self.strictness == 2 and self._dead(value):
            raise Rejected(say("numeric.rejected.all_zero"))

    @staticmethod
    def _dead(value: Array) -> bool:
        """No entry is alive; in a batch, no entry of some row."""
        if value.ndim < 2:
            return not np.any(value)
        return not np.all(np.any(value.reshape(value.shape[0], -1), axis=1))

    def _regular(self, name: str, matrix: Array) -> None:
        """How many digits a solution loses is the logarithm of the condition number."""
        if not np.linalg.cond(matrix) < (1e10, 1e5, 1e2)[self.strictness]:
            raise Rejected(say("numeric.rejected.singular", name=name))

    def _moderate(self, name: str, args: Sequence[Array]) -> None:
        limit = _LARGE.get(self.strictness, np.inf)
        if any(np.any(np.abs(x) > limit) for x in args):
            raise Rejected(say("numeric.rejected.large_argument", name=name), large=True)

    def _away_from_zero(self, words: Words, x: Array) -> None:
        limit = (_NEAR * 10, _NEAR, 1e-9)[2 - self.strictness]
        if not np.all(np.abs(x) > limit):
            raise Rejected(words)

    def _kink(self, fn: Function, kink: str, args: Sequence[Array], ctx: Context) -> None:
        distance = np.abs(by_formula(kink, fn.args, args, ctx, ev))
        if self.strictness == 2:
            near = distance <= _NEAR
        else:
            near = distance <= _NEAR * min(1.0, float(np.max(distance, initial=0.0)))
        stays = self._stays(near, distance)
        if not np.any(near):
            return
        exact = stays or (self.strictness < 2 and bool(np.all(distance[near] == 0)))
        if not exact or fn.kind != "elementwise" or not self._agrees(fn, args, ctx, near):
            raise Rejected(say("numeric.rejected.kink", name=fn.name))

    def _stays(self, near: Array, distance: Array) -> bool:
        """Whether the entries near a kink or tie are exactly there, and were at each of ``_ATTEMPTS`` attempts."""
        place = self._equation, self._number
        self._number += 1
        exact = near & (distance == 0)
        times, always = self._there.get(place, (0, exact))
        always &= exact
        times += bool(np.any(always)) and self._renewed()
        self._there[place] = times, always
        return times >= _ATTEMPTS and not np.any(near & ~always)

    @staticmethod
    def _agrees(fn: Function, args: Sequence[Array], ctx: Context, near: Array) -> bool:
        """Whether the value, by complex step, and the formula of the derivative choose the same side of the kink."""
        stepped = elementwise(fn, 0, [args[0] + 1j * STEP, *args[1:]], ctx, ev).imag / STEP
        return bool(np.allclose(stepped[near], elementwise(fn, 1, list(args), ctx, ev)[near]))

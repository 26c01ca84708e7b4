"""The numeric proof of a set of derivatives.

The derivatives are evaluated as displayed, in backward order.  Each is checked locally: for a random direction d, the
derivative of the consumers' equations along d, weighted with the consumers' adjoints, must be <adjoint, d>.  One
directional derivative of the loss through the whole forward pass closes the argument.  The cost is linear in the
number of equations, and an error is pinned on the node where it was made.

This module must not know about the calculus: it reads only what a derivation states.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Add,
    Adj,
    Expr,
    IndexReduce,
    Ix,
    MatMul,
    Reduce,
    Sym,
    names_in,
    walk,
)
from backsym.core.problem import NodeEquation, Problem
from backsym.core.steps import Derivation, Verification
from backsym.core.words import say
from backsym.numeric.apply import STEP
from backsym.numeric.axes import Array, Val, arrange
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import node_value
from backsym.numeric.exercise import Exercise, Feature
from backsym.numeric.recursion import case_sides, forward_values
from backsym.numeric.sample import draw
from backsym.numeric.stated import entry_value, largest, stated_adjoints, value_at, with_adjoints
from backsym.numeric.unexercised import explained

__all__ = ["TOLERANCE", "verify", "with_adjoints"]

TOLERANCE = 1e-9

WIDE_TOLERANCE = 1e-5
"""The same at points of very different magnitudes, where much cancels; a wrong branch is a larger error."""

_FINEST = 1e-12
"""No smaller bound of an error is stated: below it there is only rounding, which differs from processor to processor
and from one version of NumPy to the next."""

_DIRECTIONS = 2

_UNDERFLOW = 1e-270
"""Adjoints below this have lost digits to underflow, as they do behind thousands of layers; they count as zero."""

_SMALL = 1e-6
"""A relative change to which everything reacts in proportion."""

_LAST = 1e-13
"""A relative change in the last digits of a number."""

_SLOT_BUDGET = 300_000
"""Elements of the perturbed arguments of one equation that are evaluated at once."""

_SLOT = Ix("slot", 1)


@dataclass
class _Tally:
    """What was seen of one derivative over all draws."""

    worst: float = 0.0
    exercised: bool = False

    def error(self, value: float) -> None:
        self.worst = max(self.worst, value) if math.isfinite(value) else math.inf

    def add_wide(self, other: _Tally) -> None:
        """Take what was seen at a wide point into account, at which rounding alone is no error."""
        self.exercised |= other.exercised
        if not other.worst <= WIDE_TOLERANCE:
            self.error(other.worst)

    def verdict(self, draws: int) -> Verification:
        failed = self.worst > TOLERANCE
        status = "failed" if failed else "verified" if self.exercised else "unexercised"
        return Verification(power_of_ten(self.worst), draws, status)


def verify(
    problem: Problem, derivations: Sequence[Derivation], draws: Sequence[Env] | None = None
) -> dict[str, Verification]:
    """Check every derivative at random points: at ``draws`` (by default three), and where these leave a derivative zero
    or a side of a kink or comparison out, at further ones.

    ``derivations`` are all derivatives of the loss in backward order, the loss first.  A status is ``failed`` for an
    error above 1e-9 relative to the magnitude of the summed terms, ``unexercised``, with the reason, for a derivative
    that was zero at every point and need not be, else ``verified``.  The error of the loss is that of the end-to-end
    check.  Raises BacksymError for a derivative that refers to an adjoint which is not derived before it, or if one
    that is needed is missing.
    """
    points = list(draws) if draws is not None else [draw(problem, seed) for seed in range(3)]
    tallies = {d.node: _Tally() for d in derivations}
    uses = {eq.name: names_in(eq.rhs) for eq in problem.equations}
    _check_complete(problem, tallies, uses)
    terms: dict[str, _Terms] = {}
    exercise = Exercise(problem, derivations)
    exercised: set[Feature] = set()

    def check(number: int, env: Env, tallies: dict[str, _Tally]) -> set[Feature]:
        rng = np.random.default_rng([number, 3])
        return exercise.seen(_Check(problem, derivations, env, rng, tallies, uses, terms).run(), 0.0)

    def further(seed: int) -> Env:
        # Of equal entries the derivative takes the first, as the complex step does.
        return draw(problem, seed, lively=False, wide=True, ties=True)

    with np.errstate(all="ignore"):
        for number, env in enumerate(points):
            exercised |= check(number, env, tallies)
        for number, env in enumerate(exercise.further(exercise.wanted - exercised, further), len(points)):
            wide = {node: _Tally() for node in tallies}
            exercised |= check(number, env, wide)
            for node, tally in wide.items():
                tallies[node].add_wide(tally)
        found = {node: tally.verdict(len(points)) for node, tally in tallies.items()}
        return explained(problem, derivations, exercise, exercised, found, points)


def _flat(value: Array, lead: int) -> Array:
    """Without positional axes of length one: a (D, 1) column compares with a (D,) vector."""
    return value.reshape(value.shape[:lead] + tuple(n for n in value.shape[lead:] if n != 1))


@dataclass(frozen=True)
class _Terms:
    """What a derivative mentions, and whether it adds anything up, so that it might cancel."""

    values: tuple[str, ...]
    labels: tuple[str, ...]
    adjoints: tuple[str, ...]
    sums: bool

    @staticmethod
    def of(e: Expr) -> _Terms:
        nodes = list(walk(e))
        values = dict.fromkeys(node.name for node in nodes if isinstance(node, Sym))
        return _Terms(
            tuple(values),
            tuple(name for name in names_in(e) if name not in values),
            tuple(dict.fromkeys(node.name for node in nodes if isinstance(node, Adj))),
            any(isinstance(node, (Add, IndexReduce, Reduce, MatMul)) for node in nodes),
        )


def _check_complete(problem: Problem, tallies: dict[str, _Tally], uses: dict[str, tuple[str, ...]]) -> None:
    """Every node between a derived quantity and the loss needs a derivative, else its paths would be missed."""
    live = {problem.end}
    for eq in reversed(problem.equations):
        if eq.name in live or not live.isdisjoint(eq.block):
            live.update((eq.name, *uses[eq.name]))
    if problem.upstream is None and problem.loss not in tallies:
        raise BacksymError(say("numeric.no_loss", loss=problem.loss))
    for eq in problem.equations:
        if (
            eq.name in live
            and eq.name not in (*tallies, problem.upstream)
            and any(name in tallies for name in uses[eq.name])
        ):
            raise BacksymError(say("numeric.missing", name=eq.name))


class _Check:
    """The check at one point."""

    def __init__(
        self,
        problem: Problem,
        derivations: Sequence[Derivation],
        env: Env,
        rng: np.random.Generator,
        tallies: dict[str, _Tally],
        uses: dict[str, tuple[str, ...]],
        terms: dict[str, _Terms],
    ):
        self.problem, self.derivations, self.rng, self.tallies = problem, derivations, rng, tallies
        self.uses, self.terms = uses, terms
        given = {name: value for name, value in env.adjoints.items() if name == problem.upstream}
        self.env = replace(env, adjoints=given)
        self.adjoints = self.env.adjoints
        self.ctx = Context.of(self.env)
        self.by_node = {d.node: d for d in derivations}
        self.directions: dict[str, Array] = {}
        self.traffic = 0.0
        """The magnitude of the largest sum of terms that the local checks have seen."""

    def run(self) -> Env:
        """Check, and return the point with the adjoints, in which what is only rounding is zero."""
        for found in stated_adjoints(self.derivations, self.env):
            self.adjoints.update(found)
            for name, value in found.items():
                if self._is_noise(self.by_node[name], value):
                    self.adjoints[name] = np.zeros_like(value)
        for d in self.derivations:
            self.directions[d.node] = self.rng.standard_normal((_DIRECTIONS, *np.shape(self.adjoints[d.node])))
            if np.any(self.adjoints[d.node]):
                self.tallies[d.node].exercised = True
            if d.matrix is not None:
                self._compare_forms(d)
            self._compare_cases(d)
        self._local()
        self._end_to_end()
        return self.env

    # A derivative can be an exact zero that floating point shows as rounding noise (a sum of softmax gradients).  Then
    # neither its size nor the size of what it is compared with tells the magnitude of the terms that cancel.

    def _noise(self, d: Derivation, value: Array) -> float:
        """The magnitude of the terms of a derivative, by the response to small relative changes of all quantities."""
        if not self._terms(d).sums:
            return largest(value)
        moved = entry_value(d, self._moved(d.node, self._terms(d), _SMALL))
        return largest(moved - value) / _SMALL

    def _terms(self, d: Derivation) -> _Terms:
        if d.node not in self.terms:
            self.terms[d.node] = _Terms.of(d.entry.rhs)
        return self.terms[d.node]

    def _moved(self, node: str, terms: _Terms, small: float) -> Env:
        """The point with a small relative change of all quantities that a derivative by ``node`` mentions."""
        rng = np.random.default_rng(4)

        def jitter(x: Array) -> Array:
            return np.asarray(x * (1 + small * rng.standard_normal(np.shape(x))))

        values = {name: jitter(self.env.values[name]) for name in terms.values}
        values |= {name: self.env.values[name] for name in terms.labels if name in self.env.values}
        values.setdefault(node, self.env.values[node])
        adjoints = {name: jitter(self.adjoints[name]) for name in terms.adjoints}
        return replace(self.env, values=values, adjoints=adjoints)

    def _is_noise(self, d: Derivation, value: Array) -> bool:
        """Whether a tiny value is what rounding leaves of terms that cancel, or underflows: it stands for zero."""
        size = largest(value)
        if not 0.0 < size < 1e-9 or self._is_tame(d, size):
            return False
        if size < _UNDERFLOW or size < 1e-12 * self._noise(d, value):
            return True
        return _has_no_digits(value, entry_value(d, self._moved(d.node, self._terms(d), _LAST)))

    def _is_tame(self, d: Derivation, size: float) -> bool:
        """Whether a tiny value is hardly smaller than the derivatives that it is made of, at moderate values.

        Then its terms cannot be so large that only their rounding is left: gradients get smaller layer by layer.
        """
        terms = self._terms(d)
        received = max((largest(self.adjoints[n]) for n in terms.adjoints), default=math.inf)
        if size < max(1e-3 * received, _UNDERFLOW):
            return False
        return all(largest(self.env.values[n]) <= 10.0 for n in terms.values)

    def _compare_forms(self, d: Derivation) -> None:
        """Both sides of the matrix form against the entries."""
        assert d.matrix is not None
        entries = self.adjoints[d.node]
        for side in (d.matrix.lhs, d.matrix.rhs):
            whole = value_at(side, (), self.env)
            if whole.size != entries.size or _flat(whole, 0).shape != _flat(entries, 0).shape:
                self.tallies[d.node].error(math.inf)
                continue
            whole = whole.reshape(entries.shape)
            error = _difference(entries, whole)
            if error > TOLERANCE:
                error = _difference(entries, whole, self._noise(d, entries))
            if error > TOLERANCE and not entries.any():
                moved = value_at(side, (), self._moved(d.node, _Terms.of(side), _LAST)).reshape(entries.shape)
                error = 0.0 if _has_no_digits(whole, moved) else error
            self.tallies[d.node].error(error)

    def _compare_cases(self, d: Derivation) -> None:
        """Both sides of each case, in both its forms, at every position that it is of."""
        noise: float | None = None
        for case in d.cases:
            for form in (case.entry, case.matrix):
                for left, right in () if form is None else case_sides(form=form, case=case, ctx=self.ctx):
                    if left.size != right.size:
                        self.tallies[d.node].error(math.inf)
                        continue
                    error = _difference(left, right.reshape(left.shape))
                    if error > TOLERANCE:
                        noise = self._noise(d, self.adjoints[d.node]) if noise is None else noise
                        error = _difference(left, right.reshape(left.shape), noise)
                    self.tallies[d.node].error(error)

    def _local(self) -> None:
        """Every local vector-Jacobian product: each equation is evaluated once, all its arguments perturbed in turn."""
        products = {name: np.zeros(_DIRECTIONS) for name in self.by_node}
        sizes = {name: np.zeros(_DIRECTIONS) for name in self.by_node}
        for eq in self.problem.equations:
            if eq.name in self.adjoints:
                for group in self._groups(eq):
                    self._push(eq, group, products, sizes)
        loss = self.problem.loss
        if self.problem.upstream is None:
            self.tallies[loss].error(_difference(np.ones(()), self.adjoints[loss].reshape(-1)[0]))
        for name, d in self.by_node.items():
            if name == loss:
                continue
            terms = (self.adjoints[name] * self.directions[name]).reshape(_DIRECTIONS, -1)
            scale = np.maximum(sizes[name], np.abs(terms).sum(axis=1))
            error = _worst(products[name], terms.sum(axis=1), scale)
            if TOLERANCE < error < math.inf:
                spread = np.abs(self.directions[name]).reshape(_DIRECTIONS, -1).sum(axis=1)
                floor = max(self._noise(d, self.adjoints[name]) * float(spread.max()), 1e-3 * self._weight(name))
                scale = np.maximum(scale, floor)
                error = _worst(products[name], terms.sum(axis=1), scale)
            gap = float(np.abs(products[name] - terms.sum(axis=1)).max())
            if TOLERANCE < error < math.inf and gap < self._rounding(name, products[name], terms):
                error = TOLERANCE
            self.tallies[name].error(error)
        self.traffic = max((float(size.max()) for size in sizes.values()), default=0.0)

    def _weight(self, name: str) -> float:
        """The magnitude of what the consumers of a quantity pass on.

        Where an equation does not react to it at all (a softmax to a shift of its argument), its derivative is an exact
        zero without any terms, and the complex step of the equation is rounding noise some digits below this.  A value
        that is itself an exact zero of terms that cancel shows their size when all it is made of changes a little.
        """
        rng = np.random.default_rng(5)
        total = 0.0
        for eq in self.problem.equations:
            if name not in self.uses[eq.name] or eq.name not in self.adjoints:
                continue
            near: dict[str, Array | Val] = {
                used: x * (1 + _SMALL * rng.standard_normal(np.shape(x)))
                for used in self.uses[eq.name]
                if (x := self.env.values.get(used)) is not None
            }
            moved = np.asarray(node_value(eq, self.ctx.with_values(near))[1]) - self.env.values[eq.name]
            size = np.abs(self.env.values[eq.name]) + np.abs(moved) / _SMALL
            # The complex step of x**3 at zero is not zero but the square of the step.
            total += float((np.abs(self.adjoints[eq.name]) * (size + STEP)).sum())
        return total

    def _rounding(self, name: str, product: Array, terms: Array) -> float:
        """The size of what rounding may do to the slopes of the equations that use a quantity.

        Where a value cancels together with its slopes (the logarithm of a sum of probabilities), nothing that is stated
        tells the size of the terms that cancel.  But a true slope stays what it is when all arguments change in their
        last digits, and rounding does not.
        """
        consumers = [eq for eq in self.problem.equations if name in self.uses[eq.name] and eq.name in self.adjoints]
        passed_on = sum(float(np.abs(self.adjoints[eq.name]).sum()) for eq in consumers)
        most = max(1e-6 * float(np.abs(terms).sum()), 1e-10 * passed_on)
        rng = np.random.default_rng(6)
        change = 0.0
        for _ in range(5):
            near = {x: v * (1 + _LAST * rng.standard_normal(np.shape(v))) for x, v in self.env.values.items()}
            products, sizes = {name: np.zeros(_DIRECTIONS)}, {name: np.zeros(_DIRECTIONS)}
            for eq in consumers:
                self._push(eq, [name], products, sizes, near)
            change = max(change, float(np.abs(products[name] - product).max()))
        return min(30 * change, most)

    def _groups(self, eq: NodeEquation) -> Iterator[list[str]]:
        """The differentiable arguments of an equation, in groups small enough to be perturbed at once."""
        group: list[str] = []
        largest = 1
        for name in self.uses[eq.name]:
            if name not in self.by_node:
                continue
            size = max(largest, self.env.values[name].size)
            if group and size * _DIRECTIONS * (len(group) + 1) > _SLOT_BUDGET:
                yield group
                group, size = [], self.env.values[name].size
            group.append(name)
            largest = size
        if group:
            yield group

    def _push(
        self, eq: NodeEquation, group: list[str], products: dict[str, Array], sizes: dict[str, Array],
        near: Mapping[str, Array] | None = None,
    ) -> None:  # fmt: skip
        """Add this equation's share to the products of its arguments; slot n*R + r moves argument n along d_r."""
        slots = len(group) * _DIRECTIONS
        point = self.env.values if near is None else near
        values: dict[str, Array | Val] = {name: point[name] for name in self.uses[eq.name] if name in point}
        for n, name in enumerate(group):
            base = point[name]
            moved = np.empty((slots, *base.shape), dtype=complex)
            moved[...] = base
            moved[n * _DIRECTIONS : (n + 1) * _DIRECTIONS] += 1j * STEP * self.directions[name]
            values[name] = (_SLOT,), moved
        slopes = arrange(node_value(eq, self.ctx.with_values(values)), (_SLOT,), (slots,)).imag / STEP
        terms = (slopes * self.adjoints[eq.name]).reshape(len(group), _DIRECTIONS, -1)
        for name, row in zip(group, terms, strict=True):
            products[name] += row.sum(axis=1)
            sizes[name] += np.abs(row).sum(axis=1)

    def _end_to_end(self) -> None:
        """The loss along one direction of all leaves at once; a failure is pinned on the failed node nearest to it."""
        leaves = [name for name in self.by_node if name not in self.problem.by_name]
        if not leaves:
            return
        slope = self._slope(leaves)
        terms = [float((self.adjoints[name] * self.directions[name][0]).sum()) for name in leaves]
        size = sum(float(np.abs(self.adjoints[name] * self.directions[name][0]).sum()) for name in leaves)
        total, scale = math.fsum(terms), max(size, abs(slope))
        error = _worst(np.asarray([slope]), np.asarray([total]), np.asarray([scale]))
        if TOLERANCE < error < math.inf:
            # Where the loss does not react at all, terms that cancel leave only rounding noise of their own magnitude.
            error = _worst(np.asarray([slope]), np.asarray([total]), np.asarray([max(scale, self.traffic)]))
        already = any(self.tallies[name].worst > TOLERANCE for name in self.by_node)
        if TOLERANCE < error < math.inf and not already and abs(slope - total) < self._swing(leaves, slope):
            error = TOLERANCE
        if error <= TOLERANCE or not already:
            self.tallies[self.derivations[0].node].error(error)

    def _slope(self, leaves: Sequence[str], near: Mapping[str, Array] | None = None) -> float:
        """The derivative of the loss along the first direction of all leaves, by complex step."""
        values: dict[str, Array | Val] = dict(self.env.values)
        for name in leaves:
            values[name] = (near or self.env.values)[name] + 1j * STEP * self.directions[name][0]
        for eq, value in forward_values(self.problem.equations, self.ctx.with_values(values)):
            values[eq.name] = value[1]
        end = self.problem.end
        slopes = np.imag(np.asarray(values[end])).reshape(-1) / STEP
        return float(slopes @ self.adjoints[end].reshape(-1) if self.problem.upstream else slopes[0])

    def _swing(self, leaves: Sequence[str], slope: float) -> float:
        """What rounding may do to the derivative of the loss where it has lost its digits (the sine of 10**15).

        Then it changes as much when the leaves change in their last digits, and only the local checks tell anything.
        """
        rng = np.random.default_rng(7)
        change = 0.0
        for _ in range(5):
            near = {x: self.env.values[x] * (1 + _LAST * rng.standard_normal(self.env.values[x].shape)) for x in leaves}
            change = max(change, abs(self._slope(leaves, near) - slope))
        return 30 * change


def _has_no_digits(value: Array, moved: Array) -> bool:
    """Whether a tiny value loses three digits to a change of its ingredients in their last ones.

    Then all of it is rounding: its terms cancel whatever the values are.
    """
    size = largest(value)
    return size < 1e-9 and largest(moved - value) > 1e-3 * size


def _difference(a: Array, b: Array, floor: float = 0.0) -> float:
    """The largest difference of two arrays relative to their largest entry, or to ``floor`` if that is larger."""
    gap = largest(a - b)
    if gap <= _UNDERFLOW:
        return 0.0
    scale = reduce(max, (largest(a), largest(b)), floor)
    return gap / scale if math.isfinite(gap) and math.isfinite(scale) else math.inf


def _worst(a: Array, b: Array, scale: Array) -> float:
    """The largest relative difference of pairs, each with its own scale."""
    gap = np.abs(a - b)
    if not np.isfinite(gap).all():
        return math.inf
    return float(np.where(gap <= 1e3 * _UNDERFLOW, 0.0, gap / np.where(scale == 0, 1.0, scale)).max())


def power_of_ten(error: float) -> float:
    """The bound of an error that is stated, a power of ten, which does not depend on the last digits of rounding."""
    if not math.isfinite(error):
        return error
    return float(f"1e{math.ceil(math.log10(max(error, _FINEST)) - 1e-9)}")

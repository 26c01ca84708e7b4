"""Whether an answer is right: by evaluation at random points, against the derivatives of the solution.

The points are drawn once: two assignments of pairwise distinct sizes (one, where nothing is left to choose) with three
seeds each, and more near kinks.  The points of one assignment are evaluated together, as one more named axis, and a
wrong answer is recognised at the first assignment.  Adjoints stand for their true values.

This module must not know how answers are written, nor how verdicts are worded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import sub
from typing import Any

import numpy as np

from backsym.core.allowance import Exhausted, allowing
from backsym.core.errors import BacksymError, did_you_mean
from backsym.core.expr import Adj, Cmp, Delta, Entry, Expr, Fn, Ix, Label, Member, Partial, Shift, indices_of, walk
from backsym.core.lazy import Kept, lazy
from backsym.core.problem import Problem
from backsym.core.steps import Derivation
from backsym.core.words import say
from backsym.marking.answers.model import Target
from backsym.marking.judging.layouts import same_layout
from backsym.marking.judging.points import SEEDS, points
from backsym.marking.judging.sides import Sides, disagrees, positions
from backsym.numeric.apply import STEP
from backsym.numeric.axes import Array, Val, arrange
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev, node_value
from backsym.numeric.exercise import ZEROISH, cancelling
from backsym.numeric.sizes import choose_sizes
from backsym.solving.solution import Solution, solve

__all__ = ["Carried", "Judge", "TooLarge", "equal_values", "same_layout"]

TOLERANCE = 1e-8
"""Relative to the largest entry at a point."""

FLOOR = 1e-6
"""Smaller magnitudes count as this: rounding of an exact zero is no disagreement."""

NOISE_FLOOR = 1e-3
"""The same for a derivative that is zero everywhere, where nothing else tells the magnitude of what cancels."""

FEW = 32
"""Entries that are compared one by one at the first point, which takes less time than NumPy's calls."""

LARGEST = 400_000
"""Elements of the largest intermediate of an answer, over all points of an assignment."""

JUDGING = 30e6
"""The work of evaluating one answer."""

MAX_SLOPES = 5_000
"""Local derivatives that are kept; without a limit, a large problem would keep a great many."""

FARTHEST = 24
"""The length of an axis at most that is tried for answers about members far from one at a letter."""

_POINT = Ix("point", 1)


class TooLarge(BacksymError):
    """An answer that would take too long to evaluate."""


@dataclass(frozen=True)
class _Truth:
    """A derivative at the points of one assignment of sizes, prepared to be compared with.

    ``size`` is its largest entry at each point, at least the floor.  ``numbers`` are value and size at each point of a
    derivative with one entry: plain numbers are compared faster than arrays.
    """

    value: Array
    size: Array
    numbers: tuple[tuple[float, float], ...] | None

    @staticmethod
    def of(value: Array, floor: float) -> _Truth:
        flat = np.reshape(value, (len(value), -1))
        size = np.abs(flat).max(axis=1, initial=floor)
        if flat.shape[1] != 1 or np.iscomplexobj(value):
            return _Truth(value, size, None)
        return _Truth(value, size, tuple(zip(flat[:, 0].tolist(), size.tolist(), strict=True)))

    def equals(self, value: Array) -> bool | None:
        """See ``equal_values``."""
        if self.numbers is None or value.size != len(self.numbers):
            return _compared(value, self.value, self.size)
        sure = True
        for x, (y, size) in zip(value.ravel().tolist(), self.numbers, strict=True):
            gap = abs(x - y)
            if not gap < math.inf:
                sure = False
            elif gap > TOLERANCE * size and gap > TOLERANCE * abs(x):
                return False
        return True if sure else None


@dataclass(frozen=True)
class _Stack:
    """The points with one assignment of sizes: each by itself, and all together."""

    points: tuple[Env, ...]
    together: Context

    @staticmethod
    def of(points: Sequence[Env]) -> _Stack:
        first = points[0]
        values: dict[str, Array | Val] = {
            name: ((_POINT,), np.stack([p.values[name] for p in points])) for name in first.values
        }
        adjoints: dict[str, Array | Val] = {
            name: ((_POINT,), np.stack([p.adjoints[name] for p in points])) for name in first.adjoints
        }
        return _Stack(tuple(points), replace(Context.of(first), values=values, adjoints=adjoints))

    def with_adjoints(self, changed: Mapping[str, Sequence[Array]]) -> Context:
        """All points together, with other values, at each point, of some adjoints."""
        stacked = {name: ((_POINT,), np.stack(values)) for name, values in changed.items()}
        return replace(self.together, adjoints={**self.together.adjoints, **stacked})

    def value(self, expr: Expr, indices: tuple[Ix, ...], *, one_by_one: bool) -> Array:
        """The values at all points: axes for the points, for ``indices``, then those of the expression's shape."""
        ctx = self.together
        if one_by_one:
            # A local derivative is taken by a step in every entry, at one point at a time.
            each = [Context.of(p).arranged(ev(expr, Context.of(p)), indices) for p in self.points]
            return np.stack(each)
        return self.value_in(ctx, expr, indices)

    def value_in(self, ctx: Context, expr: Expr, indices: tuple[Ix, ...]) -> Array:
        """The same in a context of all points together."""
        return ctx.arranged(ev(expr, ctx), (_POINT, *indices), (len(self.points), *ctx.index_sizes(indices)))


class Judge:
    """Judges answers about one problem; make one and use it for all of them.

    ``solution`` is solved, and proved, if it is not given.
    """

    def __init__(self, problem: Problem, solution: Solution | None = None, seed: int = 0):
        self.problem = problem
        self.solution = solution if solution is not None else solve(problem)
        self.seed = seed
        self.stacks = tuple(_stacks(problem, self.solution.derivations, seed))
        self._truths: dict[str, tuple[_Truth, ...]] = {}
        self._slopes: Kept[tuple[str, str, int], Array] = Kept(MAX_SLOPES)
        self._longer: Kept[tuple[tuple[str, int], ...], _Stack] = Kept(FARTHEST)

    def __getstate__(self) -> dict[str, Any]:
        """Without the slopes, which a copy in another process makes anew when it needs them."""
        return {**self.__dict__, "_slopes": Kept(MAX_SLOPES), "_longer": Kept(FARTHEST)}

    # --- points ---

    @lazy
    def points(self) -> tuple[Env, ...]:
        """Every point, with the true adjoints; those of the first assignment of sizes come first."""
        return tuple(point for stack in self.stacks for point in stack.points)

    @lazy
    def derivations(self) -> Mapping[str, Derivation]:
        return {d.node: d for d in self.solution.derivations}

    @lazy
    def places(self) -> Mapping[str, int]:
        """The place of each quantity in the backward pass."""
        return {d.node: n for n, d in enumerate(self.solution.derivations)}

    def derivation(self, name: str) -> Derivation:
        """The derivation of one quantity; raises BacksymError, with a near name, if there is none."""
        if name not in self.derivations:
            advice = did_you_mean(name, self.derivations)
            raise BacksymError(say("marking.no_derivative", loss=self.problem.loss, name=name), advice)
        return self.derivations[name]

    # --- values ---

    def values(self, expr: Expr, indices: tuple[Ix, ...] = ()) -> tuple[Array, ...]:
        """The value at each point: axes for ``indices``, in that order, then those of the expression's shape.

        Raises BacksymError for what cannot be evaluated or would be too large.
        """
        partial = _has_local(expr)
        try:
            with np.errstate(all="ignore"), allowing(LARGEST, JUDGING):
                return tuple(value for stack in self.stacks for value in stack.value(expr, indices, one_by_one=partial))
        except Exhausted:
            raise TooLarge(say("marking.too_long")) from None

    def first_value(self, expr: Expr, indices: tuple[Ix, ...] = ()) -> Array:
        """The value at the first point only: to screen candidates before ``agrees``."""
        with np.errstate(all="ignore"), allowing(LARGEST, JUDGING):
            first = Context.of(self.points[0])
            value = first.arranged(ev(expr, first), indices)
        return np.asarray(value)

    def reference(self, target: str | Target) -> tuple[Array, ...]:
        """The true derivative at each point: of the declared shape, or the entry that is asked for."""
        name = target if isinstance(target, str) else target.name
        whole = tuple(value for truth in self._truth(name) for value in truth.value)
        if isinstance(target, str) or not target.is_position:
            return whole
        at = tuple(int(ix.letter) - 1 if ix.fixed else slice(None) for ix in target.indices)
        return tuple(np.asarray(value[at]) for value in whole)

    def _truth(self, name: str) -> tuple[_Truth, ...]:
        """For each assignment of sizes, the derivative at all points."""
        if name not in self._truths:
            self.derivation(name)
            zero = self._is_zero(name)
            found = [np.stack([point.adjoints[name] for point in stack.points]) for stack in self.stacks]
            floor = NOISE_FLOOR if zero else FLOOR
            self._truths[name] = tuple(_Truth.of(np.zeros_like(v) if zero else v, floor) for v in found)
        return self._truths[name]

    def _is_zero(self, name: str) -> bool:
        """Whether the numeric proof saw nothing but zero, and the points of this judge show no more than rounding."""
        verification = self.solution.verified.get(name)
        if verification is None or verification.reason is None:
            return False
        return all(np.abs(point.adjoints[name]).max(initial=0.0) <= ZEROISH for point in self.points)

    @lazy
    def unexercised(self) -> frozenset[str]:
        """The derivatives that are zero at every point and need not be zero elsewhere: none is judged right by that."""
        checked = self.solution.verified
        zero = {name for name in self.derivations if self._is_zero(name) and checked[name].status == "unexercised"}
        if not zero:
            return frozenset()
        with np.errstate(all="ignore"):
            return frozenset(zero).difference(*(cancelling(self.solution.derivations, p) for p in self.points))

    # --- verdicts ---

    def agrees(self, target: str | Target, expr: Expr, indices: tuple[Ix, ...] = ()) -> bool | None:
        """Whether an expression is the derivative by the target.

        With ``indices``, one for each axis of the target, it is its entry; without, the whole, and its shape must be
        that of the target (a column [D, 1] counts as a vector [D]).  None where that is not decided: no point gives a
        finite value, all finite values agree but some are not finite, the evaluation would be too large, or no point
        exercises the derivative.
        """
        kinds = frozenset(map(type, walk(expr)))
        found = self._agrees(target, expr, indices, one_by_one=Partial in kinds)
        if found and not kinds.isdisjoint((Fn, Cmp)) and self._differs_beyond(target, expr, indices):
            return False
        name = target if isinstance(target, str) else target.name
        if found and not kinds.isdisjoint((Entry, Member, Delta)) and (far := _reach(expr)):
            found = self._agrees_farther(name, expr, indices, far, one_by_one=Partial in kinds)
        return None if found and name in self.unexercised else found

    def _agrees_farther(
        self, name: str, expr: Expr, indices: tuple[Ix, ...], far: Mapping[str, int], *, one_by_one: bool
    ) -> bool | None:
        """The same where axes are so long that what an answer says of members far away matters."""
        lengths = {dim: n + 3 for dim, n in far.items() if dim in self.problem.dims or dim in self.points[0].dims}
        lengths = {dim: n for dim, n in lengths.items() if self._may_be(dim) and n > self.points[0].dims.get(dim, n)}
        if not lengths:
            return True
        if max(lengths.values()) > FARTHEST:
            return None
        key = tuple(sorted(lengths.items()))
        try:
            stack = self._longer.get(key, lambda: self._stack_with(lengths))
            truth = _Truth.of(np.stack([point.adjoints[name] for point in stack.points]), FLOOR)
            with np.errstate(all="ignore"), allowing(LARGEST, JUDGING):
                return truth.equals(stack.value(expr, indices, one_by_one=one_by_one))
        except (BacksymError, FloatingPointError, OverflowError, MemoryError, Exhausted):
            return None

    def _may_be(self, dim: str) -> bool:
        """Whether the size of a dimension is free."""
        declared = self.problem.dims.get(dim)
        return declared is None or declared.size is None

    def _stack_with(self, lengths: Mapping[str, int]) -> _Stack:
        sizes = choose_sizes(self.problem, self.seed, lengths)
        return _Stack.of(points(self.problem, self.solution.derivations, sizes, self.seed, near_kinks=False))

    @lazy
    def _sides(self) -> Sides:
        return Sides(self.problem, self.solution.derivations, self.stacks[0].points)

    def _differs_beyond(self, target: str | Target, expr: Expr, indices: tuple[Ix, ...]) -> bool:
        """Whether an expression is another one on the other side of one of its own conditions."""
        name = target if isinstance(target, str) else target.name
        if self._is_zero(name):
            return False
        try:
            with np.errstate(all="ignore"), allowing(LARGEST, JUDGING):
                for point in self._sides.around(expr, name):
                    true = point.adjoints[name]
                    if not isinstance(target, str) and target.is_position and not _more_general(indices, target):
                        true = positions(point.adjoints, name, target.indices)
                    if disagrees(expr, indices, point, true):
                        return True
        except (BacksymError, FloatingPointError, OverflowError, MemoryError, Exhausted):
            return False
        return False

    def _agrees(self, target: str | Target, expr: Expr, indices: tuple[Ix, ...], *, one_by_one: bool) -> bool | None:
        name = target if isinstance(target, str) else target.name
        truths = self._truth(name)
        if not isinstance(target, str) and target.is_position and not _more_general(indices, target):
            return self.same(self.reference(target), expr, indices)
        if not indices and not same_layout(expr.shape, self.problem.symbols[name].shape):
            return False
        sure = True
        try:
            with np.errstate(all="ignore"), allowing(LARGEST, JUDGING):
                for stack, truth in zip(self.stacks, truths, strict=True):
                    found = truth.equals(stack.value(expr, indices, one_by_one=one_by_one))
                    if found is False:
                        return False
                    sure = sure and found is True
        except (BacksymError, FloatingPointError, OverflowError, MemoryError, Exhausted):
            return None
        return True if sure else None

    def same(self, references: Sequence[Array], expr: Expr, indices: tuple[Ix, ...] = ()) -> bool | None:
        """Whether an expression has these values, one array for each point."""
        try:
            values = self.values(expr, indices)
        except (BacksymError, OverflowError, MemoryError):
            return None
        return equal_values(values, references)

    # --- following through ---

    def slopes(self, consumer: str, node: str, n: int) -> Array:
        """The derivatives of one equation by one quantity at one point: entries of the node, then of the consumer."""
        return self._slopes.get((consumer, node, n), lambda: _local_slopes(self.points[n], consumer, node))

    def carried(self, own: Mapping[str, Sequence[Array]]) -> Carried:
        """All adjoints as they follow from own values of some, at each point and in the layout of the node."""
        return Carried(self, own)


class Carried:
    """The backward pass with some adjoints replaced: any other is the vector-Jacobian product of its consumers'.

    What is not asked for is not found: most answers are told apart at the first point, and name few adjoints.
    """

    def __init__(self, judge: Judge, own: Mapping[str, Sequence[Array]]):
        self.judge = judge
        self.own = dict(own)
        consumers = judge.problem.consumers
        self._order: dict[str, None] = {}
        """The nodes whose adjoint a replaced one enters, in the order of the backward pass."""
        for d in judge.solution.derivations:
            if d.node not in own and any(c in own or c in self._order for c in consumers.get(d.node, ())):
                self._order[d.node] = None
        self._found: dict[tuple[str, int], Array] = {}

    def adjoint(self, name: str, n: int) -> Array:
        """The adjoint of a node at one point, in the layout of the node."""
        if name in self.own:
            return self.own[name][n]
        if name not in self._order:
            return self.judge.points[n].adjoints[name]
        if (name, n) not in self._found:
            for node in self._order:
                if (node, n) not in self._found:
                    self._found[node, n] = self.reference_at(node, n)
                if node == name:
                    break
        return self._found[name, n]

    def reference_at(self, node: str, n: int) -> Array:
        """What the derivative by ``node`` would be at one point if the adjoints of its consumers were these."""
        point = self.judge.points[n]
        total = np.zeros(np.shape(point.values[node]))
        if node == self.judge.problem.loss:
            return total + 1.0
        if node == self.judge.problem.upstream:
            return total + point.adjoints[node]
        with np.errstate(all="ignore"):
            for consumer in self.judge.problem.consumers.get(node, ()):
                if consumer in point.adjoints:
                    slopes = self.judge.slopes(consumer, node, n)
                    total = total + (slopes @ np.ravel(self.adjoint(consumer, n))).reshape(total.shape)
        return total

    def reference(self, name: str) -> tuple[Array, ...]:
        """The same at each point."""
        return tuple(self.reference_at(name, n) for n in range(len(self.judge.points)))

    def values(self, expr: Expr, indices: tuple[Ix, ...]) -> tuple[Array, ...]:
        """An expression's values with these adjoints."""
        if _has_local(expr):
            return tuple(self.value_at(expr, indices, n) for n in range(len(self.judge.points)))
        found: list[Array] = []
        first = 0
        for stack in self.judge.stacks:
            points = range(first, first + len(stack.points))
            adjoints = {name: [self.adjoint(name, n) for n in points] for name in self._named(expr)}
            with np.errstate(all="ignore"):
                found.extend(stack.value_in(stack.with_adjoints(adjoints), expr, indices))
            first += len(stack.points)
        return tuple(found)

    def value_at(self, expr: Expr, indices: tuple[Ix, ...], n: int) -> Array:
        """The same at one point; the caller makes sure that the expression is not too large."""
        point = self.judge.points[n]
        adjoints = {**point.adjoints, **{name: self.adjoint(name, n) for name in self._named(expr)}}
        ctx = Context.of(replace(point, adjoints=adjoints))
        with np.errstate(all="ignore"):
            return np.asarray(ctx.arranged(ev(expr, ctx), indices))

    def _named(self, expr: Expr) -> tuple[str, ...]:
        """The adjoints in an expression that are not the true ones."""
        names = dict.fromkeys(node.name for node in walk(expr) if isinstance(node, Adj))
        return tuple(name for name in names if name in self.own or name in self._order)


# --- comparing -------------------------------------------------------------------------------------------------------


def equal_values(values: Sequence[Array], references: Sequence[Array]) -> bool | None:
    """Whether arrays agree at every point; None where a value is not finite and nothing disagrees."""
    sure = True
    for value, reference in zip(values, references, strict=True):
        if np.size(value) != np.size(reference):
            return False
        true = np.reshape(reference, (1, -1))
        found = _compared(np.reshape(value, (1, -1)), true, np.abs(true).max(axis=1, initial=FLOOR))
        if found is False:
            return False
        sure = sure and found is True
    return True if sure else None


def _compared(value: Array, reference: Array, least: Array) -> bool | None:
    """Whether values at several points (the first axis) agree, relative to the largest entry at each.

    ``least`` is the largest entry of the reference at each point, at least the floor.
    """
    count = len(reference)
    a, b = value.reshape(count, -1), reference.reshape(count, -1)
    if 1 != a.shape[1] != b.shape[1] != 1:
        return False  # Of layers of different sizes, what fits one layer only.
    few = a.shape == b.shape and a.shape[1] <= FEW and a.dtype.kind != "c"
    if few and _differs_at_first(a[0].tolist(), b[0].tolist(), float(least[0])):
        return False
    gap = np.abs(a - b)
    if np.logical_and.reduce(gap <= TOLERANCE * least[:, np.newaxis], axis=None):
        return True
    size = np.maximum(least, np.maximum.reduce(np.abs(a), axis=1, initial=0.0))
    if math.isfinite(float(np.add.reduce(size))):
        return bool(np.logical_and.reduce(gap <= TOLERANCE * size[:, np.newaxis], axis=None))
    # Where only some entries are finite, a disagreement of those still counts.
    finite = np.isfinite(gap)
    size = np.maximum(least, np.where(finite, np.abs(a), 0.0).max(axis=1, initial=0.0))
    wrong = finite & (gap > TOLERANCE * size[:, np.newaxis])
    return False if wrong.any() else None


def _differs_at_first(value: Sequence[float], reference: Sequence[float], least: float) -> bool:
    """Whether values at the first point, all finite, visibly disagree, as most wrong ones do."""
    gap = max(map(abs, map(sub, value, reference)), default=0.0)
    if not TOLERANCE * least < gap < math.inf:
        return False
    return gap > TOLERANCE * max(map(abs, value)) and math.isfinite(sum(map(abs, value)))


# --- points ----------------------------------------------------------------------------------------------------------


def _stacks(problem: Problem, derivations: Sequence[Derivation], seed: int) -> list[_Stack]:
    sizes = [choose_sizes(problem, seed), choose_sizes(problem, seed + 1)]
    if sizes[0] == sizes[1]:
        return [_Stack.of(points(problem, derivations, sizes[0], seed, 2 * SEEDS))]
    return [
        _Stack.of(points(problem, derivations, own, seed + n * SEEDS, near_kinks=not n)) for n, own in enumerate(sizes)
    ]


def _local_slopes(point: Env, consumer: str, node: str) -> Array:
    """The Jacobian of one equation by one quantity, transposed, by a complex step in every entry."""
    base = point.values[node]
    moved = np.repeat(base[np.newaxis], max(1, base.size), axis=0).astype(complex)
    moved.reshape(base.size, -1)[np.arange(base.size), np.arange(base.size)] += 1j * STEP
    axis = Ix("step", 1)
    ctx = Context.of(point).with_values({**point.values, node: ((axis,), moved)})
    with np.errstate(all="ignore"):
        slopes = arrange(node_value(point.equations[consumer], ctx), (axis,), (base.size,)).imag / STEP
    return np.asarray(slopes.reshape(base.size, -1))


def _has_local(expr: Expr) -> bool:
    """Whether an expression is evaluated at one point at a time, because it has a local derivative."""
    return Partial in map(type, walk(expr))


def _reach(expr: Expr) -> dict[str, int]:
    """How far from the member at a letter an expression goes along each dimension, where that is more than one step."""
    found: dict[str, int] = {}
    pending = [ix for node in walk(expr) for ix in indices_of(node)]
    while pending:
        ix = pending.pop()
        if isinstance(ix, Label):
            pending.extend(ix.at)
        elif isinstance(ix, Shift):
            pending.extend(inner for inner, _ in ix.parts)
            if isinstance(ix.offset, int) and isinstance(ix.dim, str) and abs(ix.offset) > 1:
                found[ix.dim] = max(found.get(ix.dim, 0), abs(ix.offset))
    return found


def _more_general(indices: tuple[Ix, ...], target: Target) -> bool:
    """Whether an answer is an entry at letters where the target has positions."""
    pairs = zip(indices, target.indices, strict=False)
    return any(asked.fixed and asked.dim != 1 and not mine.fixed for mine, asked in pairs)

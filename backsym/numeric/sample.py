"""Random points at which derivatives are checked.

A point is found by forward evaluation of the author's equations.  Where an equation leaves the domain of a function,
meets a kink, saturates or dies, the leaves that it depends on are drawn again, the most recently used first, and the
evaluation goes back to where they are used.  The same problem and seed give the same point in any process.

This module must not know about the calculus: it uses no derivative but the complex step.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice

import numpy as np

from backsym.core.allowance import spend
from backsym.core.errors import BacksymError, Diagnostic, PlacedError
from backsym.core.expr import Add, Entry, Fn, Ix, Member, Neg, Sym, names_in, walk
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS
from backsym.core.problem import FREE, NodeEquation, Problem, Symbol
from backsym.core.words import say
from backsym.numeric.abstract import AbstractFunction, SmoothFunction, SmoothLoss
from backsym.numeric.apply import STEP
from backsym.numeric.axes import Array, Val, guard, one_hot
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import block_values, node_value
from backsym.numeric.guardian import Guardian, Rejected
from backsym.numeric.layers import size_of, without_rest
from backsym.numeric.recursion import forward_values
from backsym.numeric.sizes import Demands, choose_sizes

_GAINS = (1.0, 1.5, 0.7, 2.5, 4.0)
"""Scales of the weights that are tried until hardly any gradient vanishes."""

_SOFT, _HARD, _TOTAL = 24, 300, 3000
"""Redraws for one equation for comfort (saturation, dead units), for need (domains), and for the whole problem."""

_PATIENCE = 40
"""After so many redraws the remedy so far (smaller values) has not helped: others are tried too."""

_REACHES = (0.1, 0.3, 1.0, 1.0, 3.0, 10.0)
"""The magnitudes of leaves at a wide point."""

_PROBES = 48
"""So many leaves at most are probed for a vanishing gradient."""

_NODE = 600
"""The work of evaluating one node of an expression, beside its elements."""

_TINY, _HUGE = 1e-200, 1e200

_DIRECTION = Ix("probe", 1)


def draw(
    problem: Problem,
    seed: int,
    *,
    sizes: Mapping[str, int] | None = None,
    functions: Mapping[str, AbstractFunction] | None = None,
    lively: bool = True,
    wide: bool = False,
    ties: bool = False,
) -> Env:
    """A random point of the problem: sizes, leaves and forward values.

    Sizes of free dimensions are small, at least 2 and different from each other; ``sizes`` overrides them.  Abstract
    functions get random instances, or those of ``functions``, which an earlier point has.  Among a few candidates the
    one in which fewest leaves have a vanishing gradient is taken.  Raises BacksymError, naming the equation, if no
    point within the domains of all functions is found.  Unless ``lively``, units may be off, and the first point is
    taken.  With ``wide`` the leaves are of very different magnitudes, so that thresholds are passed.  With ``ties`` the
    largest entries of an array may be equal, which is no point to judge an answer at: which of them is taken is a
    convention.
    """
    return _drawn(_Plan(problem), seed, sizes, functions, lively=lively, wide=wide, ties=ties)


def _drawn(
    plan: _Plan,
    seed: int,
    sizes: Mapping[str, int] | None = None,
    functions: Mapping[str, AbstractFunction] | None = None,
    *,
    lively: bool = True,
    wide: bool = False,
    ties: bool = False,
) -> Env:
    problem = plan.problem
    dims = choose_sizes(problem, seed, sizes, plan.demands)
    if not lively:
        rng = np.random.default_rng([seed, 2])
        return _Search(plan, dims, 1.0, rng, functions, lively=False, wide=wide, ties=ties).run()
    best: tuple[int, Env] | None = None
    for number, gain in enumerate(_GAINS[:2] if len(problem.equations) > 2000 else _GAINS):
        rng = np.random.default_rng([seed, 2, number])
        try:
            env = _Search(plan, dims, gain, rng, functions, ties=ties).run()
        except BacksymError:
            if best is None and gain == _GAINS[-1]:
                raise
            continue
        dead = _vanishing(problem, env)
        if best is None or dead < best[0]:
            best = dead, env
        if not dead:
            break
    if best is None:
        rng = np.random.default_rng([seed, 2])
        return _Search(plan, dims, 1.0, rng, functions, ties=ties).run()
    return best[1]


def draws(problem: Problem, count: int = 3) -> tuple[Env, ...]:
    """The points of the numeric check: the first ``count`` seeds, whose sizes differ from each other."""
    plan = _Plan(problem)
    return tuple(_drawn(plan, seed) for seed in range(count))


def sums_to_one(problem: Problem, draws: Sequence[Env]) -> frozenset[str]:
    """Nodes whose entries sum to 1 along the last axis at every drawn point, and leaves that are declared so.

    A probabilistic identity test: an analytic sum that is 1 at random points is 1 everywhere.
    """
    if not draws:
        raise BacksymError(say("numeric.no_points"))
    declared = {s.name for s in problem.symbols.values() if s.role != "node" and (s.sums_to_one or s.one_hot)}
    found = {
        eq.name
        for eq in problem.equations
        if eq.shape and all(np.all(np.abs(env.values[eq.name].sum(axis=-1) - 1) <= 1e-10) for env in draws)
    }
    return frozenset(declared | found)


class _Plan:
    """What the search needs to know of a problem, whatever the point."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.demands = Demands(problem)
        self.leaves = {name: s for name, s in problem.symbols.items() if name not in problem.by_name}
        self.position = {eq.name: n for n, eq in enumerate(problem.equations)}
        self.uses: list[tuple[str, ...]] = []
        self.nodes: list[int] = []
        self.first_use: dict[str, int] = {}
        # Leaves that are used as a plain term of a sum, like a bias: they are kept small.
        self.additive: set[str] = set()
        self.abstract = dict.fromkeys(sorted(problem.abstract), "elementwise")
        if ABSTRACT_LOSS in self.abstract:
            self.abstract[ABSTRACT_LOSS] = "scalar"
        levels: dict[str, int] = {}
        for position, eq in enumerate(problem.equations):
            names: dict[str, None] = {}
            self.nodes.append(0)
            for name in names_in(eq.rhs):
                names[name] = None
                self.first_use.setdefault(name, position)
            for node in walk(eq.rhs):
                self.nodes[-1] += 1
                if isinstance(node, Add):
                    self._note_terms(node)
                elif isinstance(node, Fn) and (node.name not in FUNCTIONS or node.name in problem.abstract):
                    self.abstract[node.name] = node.kind
            self.uses.append(tuple(names))
            levels[eq.name] = 1 + max((levels.get(name, 0) for name in names), default=0)
        self.depth = max(levels.values(), default=1)

    def _note_terms(self, node: Add) -> None:
        for arg in node.args:
            inner = arg.arg if isinstance(arg, Neg) else arg
            inner = inner.base if isinstance(inner, (Entry, Member)) else inner
            if isinstance(inner, Sym):
                self.additive.add(inner.name)

    def begin(self, position: int) -> int:
        """Where to begin in order to evaluate an equation: with the first of those that are computed together."""
        block = self.problem.equations[position].block
        return self.position[block[0]] if block else position

    def instances(self, rng: np.random.Generator) -> dict[str, AbstractFunction]:
        """A random instance for every abstract function that the problem declares or uses."""
        return {
            name: SmoothLoss.random(rng) if kind == "scalar" else SmoothFunction.random(rng)
            for name, kind in self.abstract.items()
        }

    def recent_leaves(self, position: int) -> Iterator[str]:
        """The leaves that an equation depends on, the one that came into use last first."""
        waiting: list[tuple[int, str]] = []  # nodes and leaves by descending position
        seen: set[str] = set()

        def push(names: tuple[str, ...]) -> None:
            for name in names:
                if name not in seen:
                    seen.add(name)
                    place = self.first_use[name] if name in self.leaves else self.position[name]
                    # At the same position an equation comes before the leaves that it brings in.
                    heapq.heappush(waiting, (-2 * place - (name not in self.leaves), name))

        push(self.uses[position])
        while waiting:
            _, name = heapq.heappop(waiting)
            if name in self.leaves:
                yield name
            else:
                push(self.uses[self.position[name]])


class _Search:
    """The search for one point: leaves, how often each was drawn, and the forward values so far."""

    def __init__(
        self, plan: _Plan, dims: dict[str, int], gain: float, rng: np.random.Generator,
        functions: Mapping[str, AbstractFunction] | None = None,
        *, lively: bool = True, wide: bool = False, ties: bool = False,
    ):  # fmt: skip
        self.strictest = 2 if lively else 1
        self.guardian = Guardian(ties=ties)
        self.plan, self.problem, self.dims, self.gain, self.rng = plan, plan.problem, dims, gain, rng
        self.functions = {**plan.instances(rng), **(functions or {})}
        self.leaves, self.first_use, self.additive = plan.leaves, plan.first_use, plan.additive
        self.times = dict.fromkeys(self.leaves, 0)
        self.renewed: dict[int, dict[str, int]] = {}
        self.wide = wide
        self.shrink = {name: float(rng.choice(_REACHES)) if wide else 1.0 for name in self.leaves}
        self.values: dict[str, Array | Val] = {}
        for name in self.leaves:
            self._redraw(name)

    def run(self) -> Env:
        guardian = self.guardian
        ctx = Context(self.dims, self.values, {}, self.functions, self.problem.by_name, guardian)
        trouble = [0] * len(self.problem.equations)
        position = total = 0
        with np.errstate(all="ignore"):
            while position < len(trouble):
                eq = self.problem.equations[position]
                strictness = 2 if trouble[position] < _SOFT else 1 if trouble[position] < _HARD // 2 else 0
                guardian.strictness = min(self.strictest, strictness)
                spend(_NODE * self.plan.nodes[position])
                guardian.begin(eq.name, self._renewal(position))
                try:
                    for name, (_, value) in self._computed(eq, ctx).items():
                        if self.plan.uses[position]:  # A constant is what it is.
                            guardian.result(np.asarray(value))
                        self.values[name] = np.asarray(value, dtype=float)
                except Rejected as reason:
                    trouble[position] += 1
                    total += 1
                    back = self._retry(position, trouble[position], reason)
                    if back is None or trouble[position] > _HARD or total > _TOTAL + 4 * len(trouble):
                        words = say("numeric.no_point", name=eq.name, reason=reason.words)
                        raise PlacedError(Diagnostic(words, self.problem.path, eq.line)) from None
                    position = self.plan.begin(back)
                    continue
                position += max(1, len(eq.block))
        values = {name: np.asarray(v) for name, v in self.values.items()}
        upstream = self.problem.upstream
        # The derivative that is given may be anything.
        given = {} if upstream is None else {upstream: self.rng.standard_normal(values[upstream].shape)}
        return Env(self.dims, values, given, self.functions, self.problem.by_name)

    def _renewal(self, position: int) -> Callable[[], bool]:
        """What tells of an attempt to evaluate an equation whether all leaves behind it were drawn again.

        They are compared with those of the last attempt of which that was so, and of this one only if asked for.
        """
        found: bool | None = None

        def renewed() -> bool:
            nonlocal found
            if found is None:
                now = {name: self.times[name] for name in self.plan.recent_leaves(position)}
                before = self.renewed.get(position, {})
                found = all(before.get(name) != times for name, times in now.items())
                if found:
                    self.renewed[position] = now
            return found

        return renewed

    def _computed(self, eq: NodeEquation, ctx: Context) -> dict[str, Val]:
        """The value of a node, and of those that are computed together with it."""
        block = [self.problem.by_name[name] for name in eq.block]
        return block_values(block, ctx) if block else {eq.name: node_value(eq, ctx)}

    def _retry(self, position: int, attempt: int, reason: Rejected) -> int | None:
        """Draw some leaves behind an equation again; the position from which to evaluate, None if there is no leaf."""
        # Widen slowly: first the leaves that came in last, then twice as many every few attempts.
        leaves = self.plan.recent_leaves(position)
        chosen = list(islice(leaves, 1))
        if not chosen:
            return None
        newest = self.first_use[chosen[0]]
        for name in leaves:
            if self.first_use[name] != newest:
                leaves = chain([name], leaves)
                break
            chosen.append(name)
        wider = len(chosen) * ((1 << min(attempt // 8, 20)) - 1)
        chosen += islice(leaves, wider)
        if len(chosen) > 3 and attempt > 8:
            keep = self.rng.random(len(chosen)) < 0.5
            chosen = [name for name, k in zip(chosen, keep, strict=True) if k] or chosen
        for name in chosen:
            if attempt % _PATIENCE == 0:
                self.shrink[name] = float(self.rng.choice(_REACHES)) if self.wide else 1.0
            if reason.large:
                self.shrink[name] *= 0.75
            self._redraw(name)
        return min(self.first_use[name] for name in chosen)

    def _redraw(self, name: str) -> None:
        symbol = self.leaves[name]
        shape = tuple(size_of(d, self.dims) for d in symbol.shape)
        guard(shape)
        time = self.times[name]
        self.times[name] += 1
        self.values[name] = without_rest(self._sample(symbol, shape, time), symbol.shape, self.dims)

    def _sample(self, symbol: Symbol, shape: tuple[int, ...], time: int) -> Array:
        """A value for a leaf, of its domain; later times take turns between distributions."""
        if symbol.label is not None:
            classes = size_of(symbol.label, self.dims)
            return np.asarray(self.rng.integers(classes, size=shape))
        if symbol.values:
            value = np.asarray(self.rng.choice(symbol.values, size=shape), dtype=float)
        else:
            value = self._unbounded(symbol, shape, time)
            value = np.abs(value) if symbol.positive else value
        # The entries below the diagonal are those above it, so that a domain is kept.
        return np.triu(value) + np.triu(value, 1).T if symbol.symmetric else value

    def _unbounded(self, symbol: Symbol, shape: tuple[int, ...], time: int) -> Array:
        rng = self.rng
        if shape and symbol.one_hot:
            return one_hot(rng.integers(shape[-1], size=shape[:-1]), shape[-1])
        if shape and symbol.sums_to_one:
            weights = rng.uniform(0.3, 1.0, size=shape)
            return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
        how = ("normal", "normal", "normal", "positive", "unit")[time] if time < 5 else ""
        if not how:
            how = str(rng.choice(["normal", "positive", "unit", "wide"][: 3 + (time > _PATIENCE)]))
        if how == "unit":
            return np.asarray(rng.uniform(0.1, 0.9, size=shape))
        if how == "positive":
            return np.asarray(rng.uniform(0.2, 1.5, size=shape) * self.shrink[symbol.name])
        if how == "wide":
            return np.asarray(rng.uniform(-5.0, 5.0, size=shape))
        # Magnitudes are log-normal: away from zero, and the product of many is about one.
        spread = 0.35 * min(1.0, 8.0 / math.sqrt(self.plan.depth)) * (2.0 if self.wide else 1.0)
        size = np.exp(spread * rng.standard_normal(shape)) * self._scale(symbol, shape)
        return np.asarray(np.where(rng.random(shape) < 0.5, -size, size) * self.shrink[symbol.name])

    def _scale(self, symbol: Symbol, shape: tuple[int, ...]) -> float:
        if symbol.role not in ("parameter", "given"):
            return 1.0
        if symbol.name in self.additive:
            # Through many layers, larger biases would saturate every unit and no gradient would arrive.
            return 0.25 * min(1.0, 32.0 / self.plan.depth)
        if len(shape) < 2:
            return self.gain
        # The mean of the axis lengths stands for the fan-in: a product then keeps the size of its operand.
        return self.gain * 1.3 / float(math.prod(shape) ** (0.5 / len(shape)))


def _is_varied(symbol: Symbol) -> bool:
    """Whether the loss has a derivative by a leaf that is of interest."""
    return symbol.role in FREE and symbol.label is None


def _vanishing(problem: Problem, env: Env) -> int:
    """How many leaves (of a sample of inputs and parameters) have no visible influence on the loss."""
    leaves = [s.name for s in problem.symbols.values() if _is_varied(s) and s.name in env.values]
    if not leaves:
        return 0
    probes = max(1, min(_PROBES, 2_000_000 // max(value.size for value in env.values.values())))
    if len(leaves) > probes:
        leaves = [leaves[n * len(leaves) // probes] for n in range(probes)]
    values: dict[str, Array | Val] = dict(env.values)
    rng = np.random.default_rng(0)
    for n, name in enumerate(leaves):
        base = env.values[name]
        moved = np.repeat(base[np.newaxis], len(leaves), axis=0).astype(complex)
        moved[n] += 1j * STEP * rng.uniform(0.5, 1.5, size=base.shape)
        values[name] = (_DIRECTION,), moved
    ctx = replace(Context.of(env), values=values)
    with np.errstate(all="ignore"):
        try:
            for eq, value in forward_values(problem.equations, ctx):
                values[eq.name] = value
        except BacksymError:  # too large to probe
            return 0
    end = values[problem.end]
    if not isinstance(end, tuple) or not end[0]:
        return len(leaves)
    slope = np.abs(np.imag(end[1]).reshape(len(leaves), -1).sum(axis=1) / STEP)
    return int(np.sum(~((slope > _TINY) & (slope < _HUGE))))

"""A point with small whole numbers at which a wrong answer differs from the derivative, to be followed by hand.

This module must not know why an answer is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Entry, Expr, Ix, Started, Sym, walk
from backsym.core.problem import Problem, Symbol
from backsym.core.steps import Derivation
from backsym.marking.answers.model import Target
from backsym.marking.explaining.feedback import Equal, Value
from backsym.numeric.axes import Array, Val, one_hot
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev
from backsym.numeric.layers import size_of
from backsym.numeric.recursion import forward_values
from backsym.numeric.stated import with_adjoints

DRAWS = 24
"""Points of each size that are looked at."""

KEPT = 6
"""Points of each size that are kept."""

VISIBLE = 1e-2
"""Values that differ by less, relative to their size, look alike on the page."""

MAX_SHOWN = 5
"""Quantities that a reader can keep in mind."""


@dataclass(frozen=True)
class Counterexample:
    """The values of what an answer mentions, and there the values of the answer and of the true derivative."""

    values: tuple[Equal, ...]
    own: Value
    true: Value
    further: tuple[Equal, ...] = ()
    """The values of what the true derivative mentions besides."""

    @property
    def defined(self) -> bool:
        return bool(np.isfinite(self.own.value).all())


def small_points(problem: Problem, derivations: Sequence[Derivation], base: Env) -> tuple[Env, ...]:
    """Points with whole leaves and sizes of 1 or, after these, 2; declared sizes are kept.

    The leaves are between -3 and 3, or between -1 and 1, where less saturates.

    Functions that stay abstract are those of ``base``.
    """
    found: list[Env] = []
    for size in (1, 2):
        fixed = {name: d.size for name, d in problem.dims.items() if d.size is not None}
        dims = {name: fixed.get(name) or size for name in base.dims}
        rng = np.random.default_rng([size, 11])
        for choices in ((-2, -1, 1, 2, 3), (-1, 0, 1)):
            kept = 0
            for _ in range(DRAWS):
                env = _point(problem, derivations, base, dims, rng, choices)
                if env is not None:
                    found.append(env)
                    kept += 1
                if kept == KEPT:
                    break
    return tuple(found)


def _point(
    problem: Problem,
    derivations: Sequence[Derivation],
    base: Env,
    dims: dict[str, int],
    rng: np.random.Generator,
    choices: tuple[int, ...],
) -> Env | None:
    values: dict[str, Array | Val] = {
        s.name: _leaf(s, dims, rng, choices) for s in problem.symbols.values() if s.name not in problem.by_name
    }
    context = replace(Context.of(base), dims=dims, values=values)
    with np.errstate(all="ignore"):
        try:
            for eq, value in forward_values(problem.equations, context):
                values[eq.name] = np.asarray(value[1], dtype=float)
            plain = {name: np.asarray(v) for name, v in values.items()}
            env = with_adjoints(derivations, Env(dims, plain, {}, base.functions, base.equations))
        except (BacksymError, ValueError, IndexError):
            return None
    return env if all(np.isfinite(v).all() for v in (*env.values.values(), *env.adjoints.values())) else None


def _leaf(symbol: Symbol, dims: dict[str, int], rng: np.random.Generator, choices: tuple[int, ...]) -> Array:
    value = _any_leaf(symbol, dims, rng, choices)
    return np.triu(value) + np.triu(value, 1).T if symbol.symmetric else value


def _any_leaf(symbol: Symbol, dims: dict[str, int], rng: np.random.Generator, choices: tuple[int, ...]) -> Array:
    shape = tuple(size_of(d, dims) for d in symbol.shape)
    if shape and symbol.sums_to_one and symbol.positive:
        parts = rng.integers(1, 4, size=shape)
        return np.asarray(parts / parts.sum(axis=-1, keepdims=True))
    if shape and (symbol.one_hot or symbol.sums_to_one):
        return one_hot(rng.integers(shape[-1], size=shape[:-1]), shape[-1])
    if symbol.values:
        return np.asarray(rng.choice(symbol.values, size=shape), dtype=float)
    if symbol.positive:
        return np.asarray(rng.choice(sorted({abs(choice) for choice in choices} - {0}), size=shape), dtype=float)
    if symbol.role == "target":
        return np.asarray(rng.integers(0, 2, size=shape), dtype=float)
    return np.asarray(rng.choice(choices, size=shape), dtype=float)


def counterexample(
    points: Sequence[Env], target: Target, expr: Expr, indices: tuple[Ix, ...], truth: Expr
) -> Counterexample | None:
    """The point at which the answer visibly differs that is easiest to follow; None if there is too much to show.

    What only ``truth``, the true derivative, mentions is shown too, if there is room for it.
    """
    names = _quantities(expr)
    others = [n for n in _quantities(truth) if n not in names]
    others = others if len(names) + len(others) <= MAX_SHOWN else []
    if not 0 < len(names) <= MAX_SHOWN:
        return None
    best: tuple[int, Counterexample] | None = None
    for env in points:
        own, true = _value(expr, indices, env), _true(env, target)
        if own is None or own.size != true.size:
            continue
        own = own.reshape(true.shape)
        gap = np.abs(own - true).max(initial=0.0)
        if not gap <= VISIBLE * max(1e-6, float(np.abs(true).max(initial=0.0))):
            stated, further = (tuple(_stated(n, env) for n in some) for some in (names, others))
            found = Counterexample(stated, Value(own), Value(true), further)
            if best is None or _effort(found) < best[0]:
                best = _effort(found), found
    return best[1] if best is not None else None


def _quantities(e: Expr) -> list[Sym | Adj]:
    """The quantities and derivatives that an expression mentions, each once."""
    found = (Sym(n.name, n.declared) if isinstance(n, Started) else n for n in walk(e) if isinstance(n, (Sym, Adj)))
    return list(dict.fromkeys(found))


def _effort(example: Counterexample) -> int:
    """How many numbers there are to follow; one that is not whole counts threefold, a tiny one much more.

    What is whole only on the page, as a sigmoid that is nearly 0, would lead astray who follows.
    """
    stated = (*example.values, *example.further)
    arrays = [*(equal.right.value for equal in stated), example.own.value, example.true.value]
    flat = np.concatenate([np.reshape(a, -1) for a in arrays])
    gap = np.abs(flat - np.round(flat))
    return int(flat.size + 2 * np.sum(gap > 1e-9) + 20 * np.sum((gap > 0.0) & (gap < 1e-3)))


def _stated(e: Expr, env: Env) -> Equal:
    assert isinstance(e, (Sym, Adj))
    value = (env.values if isinstance(e, Sym) else env.adjoints)[e.name]
    return Equal(e, Value(_squeezed(np.asarray(value, dtype=float))))


def _squeezed(x: Array) -> Array:
    return x.reshape(()) if x.size == 1 else x


def _true(env: Env, target: Target) -> Array:
    value = np.asarray(env.adjoints[target.name], dtype=float)
    if target.is_position and len(target.indices) == value.ndim:
        inside = all(not ix.fixed or int(ix.letter) <= n for ix, n in zip(target.indices, value.shape, strict=True))
        if inside:
            value = value[tuple(int(ix.letter) - 1 if ix.fixed else slice(None) for ix in target.indices)]
    return _squeezed(value)


def _value(expr: Expr, indices: tuple[Ix, ...], env: Env) -> Array | None:
    context = Context.of(env)
    if any(_outside(n, context) for n in walk(expr)):
        return None
    with np.errstate(all="ignore"):
        try:
            value = context.arranged(ev(expr, context), indices)
        except (BacksymError, ValueError, IndexError):
            return None
    return np.asarray(value, dtype=float)


def _outside(e: Expr, context: Context) -> bool:
    """Whether an entry at a fixed position does not exist where sizes are this small."""
    return isinstance(e, Entry) and any(ix.fixed and int(ix.letter) > context.size(ix.dim) for ix in e.indices)

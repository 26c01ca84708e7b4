"""What points exercise of a problem, and further points that exercise what is left.

A derivative is exercised at a point where it is not zero.  A kink or a comparison has two sides; a side is exercised at
a point where some entry lies on it whose derivative is not zero, so that a wrong branch there would be seen.

This module must not know how a derivative was found, nor what it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import ZERO, Adj, Cmp, Expr, Fn, Sym, walk
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import NodeEquation, Problem
from backsym.core.steps import Derivation
from backsym.numeric.apply import by_formula
from backsym.numeric.axes import Array, Val, align, align_all
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev
from backsym.numeric.stated import entry_value, with_adjoints

Feature = tuple[str, int, bool]
"""Something to exercise: a kink's node, its number in the problem, and whether the side is above; or a derivative."""

PATIENCE = 40
"""Points in a row without anything new, after which what is left counts as out of reach."""

WORK = 800
"""The same with more than 20 equations, where each point takes longer: so many equations are evaluated."""

FEW = 3
"""But so many points are tried at least; no more further ones are taken than may be tried in vain."""

FURTHER = 1000
"""The first seed of further points, far from those of the points that are drawn in any case."""

ZEROISH = 1e-9
"""A derivative below this everywhere is not told from the rounding of terms that cancel."""

_ORDERED = (">", ">=", "<", "<=")


class Exercise:
    """The derivatives and sides of one problem that points should exercise."""

    def __init__(self, problem: Problem, derivations: Sequence[Derivation]):
        self.problem, self.derivations = problem, derivations
        derived = {d.node for d in derivations}
        kinks = [(eq, node) for eq in problem.equations if eq.name in derived for node in kinks_of(eq.rhs)]
        self.kinks = list(enumerate(kinks))
        self.wanted: set[Feature] = {_derivative(d.node) for d in derivations if d.entry.rhs != ZERO}
        self.wanted |= {(eq.name, number, above) for number, (eq, _) in self.kinks for above in (False, True)}

    def seen(self, point: Env, least: float = ZEROISH) -> set[Feature]:
        """What a point with adjoints exercises; a derivative is zero up to ``least``."""
        found = {_derivative(d.node) for d in self.derivations if _size(point.adjoints[d.node]) > least}
        ctx = Context.of(point)
        for number, (eq, node) in self.kinks:
            if _derivative(eq.name) in found and (value := distance(node, ctx)) is not None:
                x = _alive(value, eq, np.abs(point.adjoints[eq.name]) > least)
                found.update((eq.name, number, above) for above in (False, True) if np.any(x > 0 if above else x < 0))
        return found

    def further(self, missing: set[Feature], draw: Callable[[int], Env]) -> Iterator[Env]:
        """Points, with adjoints, each of which exercises something of ``missing`` that no point before it does.

        ``draw`` makes the point of a seed, and may raise BacksymError.
        """
        patience = max(FEW, min(PATIENCE, WORK // max(1, len(self.problem.equations))))
        left, idle, seed, most = set(missing), 0, FURTHER, patience
        while left and most and idle < patience:
            idle += 1
            seed += 1
            try:
                point = with_adjoints(self.derivations, draw(seed))
            except BacksymError:
                continue
            new = left & self.seen(point)
            if new:
                left -= new
                most, idle = most - 1, 0
                yield point


def _derivative(node: str) -> Feature:
    return node, -1, True


def _size(x: Array) -> float:
    size = float(np.max(np.abs(x), initial=0.0))
    return size if np.isfinite(size) else 0.0


def kinks_of(e: Expr) -> Iterator[Fn | Cmp]:
    """The functions with a kink, and the comparisons by size, in an expression."""
    for node in walk(e):
        if isinstance(node, Fn) and node.order == 0 and node.name in FUNCTIONS:
            if FUNCTIONS[node.name].kink is not None:
                yield node
        elif isinstance(node, Cmp) and node.op in _ORDERED:
            yield node


def distance(node: Fn | Cmp, ctx: Context) -> Val | None:
    """The signed distance of each entry from a kink; None where it has no value."""
    try:
        names, arrays = align_all([ev(arg, ctx) for arg in ((node.a, node.b) if isinstance(node, Cmp) else node.args)])
        if isinstance(node, Cmp):
            return names, np.real(np.asarray(arrays[0] - arrays[1]))
        function = FUNCTIONS[node.name]
        assert function.kink is not None, "only functions with a kink come here"
        return names, np.real(by_formula(function.kink, function.args[: len(arrays)], arrays, ctx, ev))
    except BacksymError:
        return None


def _alive(value: Val, eq: NodeEquation, heard: Array) -> Array:
    """The distances of the entries that something is passed back to, as ``heard`` tells of the node; else zero."""
    names, x = value
    if eq.indices and x.ndim == len(names):
        kept = [n for n, ix in enumerate(eq.indices) if not ix.fixed]
        own = heard.reshape([heard.shape[n] for n in kept]).astype(float)
        _, laid, weight = align(value, (tuple(eq.indices[n] for n in kept), own))
        return np.asarray(laid * weight)
    return np.asarray(x * heard) if not names and x.shape == heard.shape else x


def cancelling(derivations: Sequence[Derivation], point: Env) -> frozenset[str]:
    """The derivatives that are zero because terms cancel or a factor is such a zero, whatever the values are.

    Their terms are not zero: other values of what they mention, one by one, make them so.  What is zero because a unit
    is off stays zero where all values change a little.  ``point`` has the adjoints.
    """
    found: set[str] = set()
    rng = np.random.default_rng(8)
    for d in derivations:
        if d.entry.rhs == ZERO:
            found.add(d.node)
        elif _size(point.adjoints[d.node]) <= ZEROISH:
            mentioned = list(walk(d.entry.rhs))
            values: dict[str, Array] = dict(point.values)
            adjoints: dict[str, Array] = dict(point.adjoints)
            for name in dict.fromkeys(n.name for n in mentioned if isinstance(n, Sym)):
                values[name] = _varied(values[name], rng)
            for name in dict.fromkeys(n.name for n in mentioned if isinstance(n, Adj)):
                zero = name in found
                adjoints[name] = rng.standard_normal(adjoints[name].shape) if zero else _varied(adjoints[name], rng)
            values.setdefault(d.node, point.values[d.node])
            if _size(entry_value(d, replace(point, values=values, adjoints=adjoints))) > ZEROISH:
                found.add(d.node)
    return frozenset(found)


def _varied(x: Array, rng: np.random.Generator) -> Array:
    return np.asarray(x * rng.uniform(0.8, 1.2, size=np.shape(x)))

"""What points exercise of a problem, and further points that exercise what is left.

A derivative is exercised at a point where it is not zero.  A kink or a comparison has two sides; a side is exercised at
a point where some entry lies on it that its equation feels (no factor beside it is zero) and whose derivative is not
zero, so that a wrong branch there would be seen.  A term of
a sum that a kink, a comparison or a maximum is about is exercised at a point where without it some entry would lie on
the other side, or another one would be the largest, so that a condition without the term would be seen.

This module must not know how a derivative was found, nor what it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    ONE,
    ZERO,
    Add,
    Adj,
    Cmp,
    Expr,
    Fn,
    IndexReduce,
    Mul,
    Reduce,
    Sym,
    free_indices,
    rebuild,
    walk,
)
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import NodeEquation, Problem
from backsym.core.steps import Derivation
from backsym.numeric.apply import by_formula
from backsym.numeric.axes import Array, Val, align, align_all
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev
from backsym.numeric.stated import entry_value, largest, with_adjoints

Feature = tuple[str, int, bool]
"""Something to exercise: a kink's node, its number in the problem, and whether the side is above; or a derivative; or a
term of a condition, whose number follows those of the kinks."""

Condition = Fn | Cmp | Reduce | IndexReduce
"""What has sides: a function with a kink, a comparison by size; a maximum or minimum has a place."""

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
        conditions = [(eq, node) for eq in problem.equations if eq.name in derived for node in _conditions(eq.rhs)]
        without = [(eq, node, changed) for eq, node in conditions for changed in without_a_term(node)]
        self.terms = list(enumerate(without, len(kinks)))
        self.wanted: set[Feature] = {_derivative(d.node) for d in derivations if d.entry.rhs != ZERO}
        self.wanted |= {(eq.name, number, True) for number, (eq, _, _) in self.terms}
        self.wanted |= {(eq.name, number, above) for number, (eq, _) in self.kinks for above in (False, True)}

    def seen(self, point: Env, least: float = ZEROISH) -> set[Feature]:
        """What a point with adjoints exercises; a derivative is zero up to ``least``."""
        found = {_derivative(d.node) for d in self.derivations if _size(point.adjoints[d.node]) > least}
        ctx = Context.of(point)
        for number, (eq, node) in self.kinks:
            if _derivative(eq.name) in found and (value := distance(node, ctx)) is not None:
                heard = np.abs(point.adjoints[eq.name]) > least
                x = _alive(value, eq, heard & _feels(eq, node, ctx, heard.shape))
                found.update((eq.name, number, above) for above in (False, True) if np.any(x > 0 if above else x < 0))
        for number, (eq, condition, changed) in self.terms:
            heard = np.abs(point.adjoints[eq.name]) > least
            if _derivative(eq.name) in found and matters(condition, changed, eq, heard, ctx):
                found.add((eq.name, number, True))
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
    size = largest(x)
    return size if np.isfinite(size) else 0.0


def kinks_of(e: Expr) -> Iterator[Fn | Cmp]:
    """The functions with a kink, and the comparisons by size, in an expression."""
    for node in walk(e):
        if isinstance(node, Fn) and node.order == 0 and node.name in FUNCTIONS:
            if FUNCTIONS[node.name].kink is not None:
                yield node
        elif isinstance(node, Cmp) and node.op in _ORDERED:
            yield node


def _conditions(e: Expr) -> Iterator[Condition]:
    yield from kinks_of(e)
    yield from (node for node in walk(e) if isinstance(node, (Reduce, IndexReduce)) and node.op in ("max", "min"))


def without_a_term(node: Condition) -> Iterator[Condition]:
    """The condition with one term of a sum in it times zero, for each term that may decide it.

    What is the same for all entries does not decide which one is the largest.
    """
    for total in walk(node):
        for n, term in enumerate(total.args if isinstance(total, Add) else ()):
            if isinstance(node, Reduce) and not _varies(term, node):
                continue
            if isinstance(node, IndexReduce) and set(node.indices).isdisjoint(free_indices(term)):
                continue
            assert isinstance(total, Add), "only sums have terms"
            shorter = Add((*total.args[:n], Mul((ZERO, term)), *total.args[n + 1 :]))
            changed = _replaced(node, total, shorter)
            assert isinstance(changed, type(node)), "a part of it is replaced"
            yield changed


def _varies(term: Expr, node: Reduce) -> bool:
    """Whether a term may differ along the axes of a maximum."""
    shape = term.shape if node.axis is None else term.shape[node.axis % len(node.arg.shape) - len(node.arg.shape) :][:1]
    return any(d != 1 for d in shape)


def _replaced(e: Expr, old: Expr, new: Expr) -> Expr:
    return new if e is old else rebuild(e, lambda child: _replaced(child, old, new))


def matters(node: Condition, changed: Condition, eq: NodeEquation, heard: Array, ctx: Context) -> bool:
    """Whether a changed condition decides otherwise for some entry that something is passed back to."""
    if isinstance(node, (Fn, Cmp)):
        assert isinstance(changed, (Fn, Cmp)), "the change is inside"
        before, after = distance(node, ctx), distance(changed, ctx)
        if before is None or after is None:
            return False
        names, a, b = align(before, after)
        return bool(np.any(_alive((names, (np.sign(a) * np.sign(b) < 0).astype(float)), eq, heard)))
    try:
        return not np.array_equal(_place(node, ctx), _place(changed, ctx))
    except BacksymError:
        return False


def _place(node: Condition, ctx: Context) -> Array:
    """Where the maximum or minimum is, for each entry of it."""
    assert isinstance(node, (Reduce, IndexReduce)), "others have sides"
    names, x = ev(node.arg if isinstance(node, Reduce) else node.body, ctx)
    lead = len(names)
    if isinstance(node, IndexReduce):
        axes = [n for n, ix in enumerate(names) if ix in node.indices]
    else:
        axes = list(range(lead, x.ndim)) if node.axis is None else [lead + node.axis % (x.ndim - lead)]
    rest = [n for n in range(x.ndim) if n not in axes]
    flat = np.real(np.transpose(x, (*rest, *axes))).reshape(*(x.shape[n] for n in rest), -1)
    return np.asarray((flat if node.op == "max" else -flat).argmax(axis=-1))


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


def _feels(eq: NodeEquation, node: Fn | Cmp, ctx: Context, shape: tuple[int, ...]) -> Array:
    """Whether each entry of an equation's node changes with a part of the equation: 0*relu(z) does not."""
    kept = tuple(ix for ix in eq.indices if not ix.fixed)
    shifted = _replaced(eq.rhs, node, Add((node, ONE)))
    try:
        before, after = (ctx.arranged(ev(rhs, ctx), kept) for rhs in (eq.rhs, shifted))
    except BacksymError:
        return np.ones((), dtype=bool)
    felt = np.asarray(before != after)
    return felt.reshape(shape) if felt.size == np.prod(shape) else np.asarray(felt.any())


def _alive(value: Val, eq: NodeEquation, heard: Array) -> Array:
    """The distances of the entries that something is passed back to, as ``heard`` tells of the node; else zero."""
    names, x = value
    if eq.indices and x.ndim == len(names):
        kept = [n for n, ix in enumerate(eq.indices) if not ix.fixed]
        own = heard.reshape([heard.shape[n] for n in kept]).astype(float)
        _, laid, weight = align(value, (tuple(eq.indices[n] for n in kept), own))
        return np.asarray(laid * weight)
    return np.asarray(x * heard) if not names and (x.shape == heard.shape or heard.size == 1) else x


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

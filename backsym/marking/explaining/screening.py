"""Values of an answer with something changed in it, many changes at once, at one point.

Every sub-expression is evaluated once.  A change at one place then costs only what stands above that place, and all
changes that have the same shape there share this: their values are stacked along an axis with a name of its own, which
the evaluator carries through like the axis of an index letter.

This module must not know what the changes mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from backsym.core.allowance import detached, spend
from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Ix, Shape, Sym, rebuild, scalar_if_ones
from backsym.core.lazy import Kept
from backsym.marking.explaining.places import Place, ancestors, with_child
from backsym.marking.judging.layouts import same_layout
from backsym.numeric.axes import Array, Val, arrange
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev

CLOSE = 1e-9
"""Values that differ by less, relative to the largest entry, are equal."""

MAX_KEPT = 20_000
"""Values of quantities and entries that are kept."""

CALL = 7_000
"""The work of evaluating one candidate, beside its elements, and of making it."""

CHANGE = Ix("change", 1)

_FAILURES = (BacksymError, ValueError, IndexError, FloatingPointError, OverflowError)


@dataclass(frozen=True)
class Truth:
    """The true derivative at a point, its entries in the order of the target's axes."""

    flat: Array
    shape: Shape
    size: float

    @staticmethod
    def of(value: Array, shape: Shape) -> Truth:
        """``shape`` is the declared shape of the target; a number for one position of it."""
        flat = np.asarray(value, dtype=float).reshape(-1)
        return Truth(flat, shape, float(np.max(np.abs(flat), initial=0.0)))


class Point:
    """One point, with the values of quantities and their entries that were asked for before."""

    def __init__(self, env: Env):
        self.env = env
        self.context = Context.of(env)
        self._known: Kept[Expr, Val | None] = Kept(MAX_KEPT)

    def value(self, e: Expr) -> Val | None:
        """The value of an expression that will be asked for again; None if it has none."""
        spend(CALL)

        def find() -> Val | None:
            with detached(math.inf):
                return _value(e, self.context)

        return self._known.get(e, find)


def _tried(e: Expr, context: Context) -> Val | None:
    spend(CALL)
    return _value(e, context)


def _value(e: Expr, context: Context) -> Val | None:
    try:
        _ = e.shape
        names, x = ev(e, context)
    except _FAILURES:
        return None
    return names, np.asarray(x)


class Screen:
    """An answer at one point, ready for changes."""

    def __init__(self, places: tuple[Place, ...], indices: tuple[Ix, ...], point: Point, truth: Truth):
        self.places = places
        self.indices = tuple(ix for ix in indices if not ix.fixed)
        self.truth = truth
        self.point = point
        values: dict[str, Array | Val] = dict(point.env.values)
        self.context = replace(point.context, values=values)
        self.values = values
        self.sizes = self.context.index_sizes(self.indices)
        self.shapes: list[Shape | None] = []
        """The shape of each place; None where its own shapes clash."""
        self.known: list[bool] = []
        self.local: list[Expr] = []
        for place in places:
            self._prepare(place)

    def _prepare(self, place: Place) -> None:
        e = place.expr
        if not place.inside:
            value = self.point.value(e)
            shape = e.shape if value is not None else _shape(e)
        else:
            parts = iter([stand_in(child, self.shapes[child] or ()) for child in place.inside])
            e = rebuild(e, lambda _: next(parts))
            clash = any(self.shapes[child] is None for child in place.inside)
            shape = None if clash else _shape(e)
            known = shape is not None and all(self.known[child] for child in place.inside)
            value = _tried(e, self.context) if known else None
        self.local.append(e)
        self.shapes.append(shape)
        self.known.append(value is not None)
        if value is not None:
            self.values[_name(place.number)] = value

    # --- values ---

    @property
    def shape(self) -> Shape | None:
        """The shape of the whole answer; None where its own shapes clash."""
        return self.shapes[-1]

    def value(self, number: int) -> Val | None:
        """The value of one place, as it is."""
        found = self.values.get(_name(number)) if self.known[number] else None
        return found if isinstance(found, tuple) else None

    def of(self, e: Expr) -> Val | None:
        """The value of an expression over quantities and stand-ins of places."""
        return _tried(e, self.context)

    def whole(self) -> Array | None:
        """The value of the answer, flat and laid out as the truth; None if it has none or another shape."""
        value = self.value(len(self.places) - 1)
        return None if value is None else self._rows(value, self.shape, 0)

    # --- changes ---

    def changed(self, number: int, shape: Shape, values: Sequence[Val]) -> Array | None:
        """The answer with each of ``values``, all of ``shape``, at one place: a row for each, laid out as the truth.

        None where the changed answer has no value or not the shape of the truth.
        """
        stacked = stack(values)
        return None if stacked is None else self.changed_to(number, shape, stacked, len(values))

    def changed_to(self, number: int, shape: Shape, value: Val, count: int) -> Array | None:
        """The same for values that are stacked already."""
        saved: list[tuple[str, Array | Val | None]] = []
        try:
            while True:
                name = _name(number)
                saved.append((name, self.values.get(name)))
                self.values[name] = value
                place = self.places[number]
                if place.above < 0:
                    return self._rows(value, shape, count)
                child, number = number, place.above
                for other in self.places[number].inside:
                    if other != child and not self.known[other]:
                        return None
                local = self.local[number]
                own = self.shapes[number]
                if shape != self.shapes[child] or own is None:
                    local = with_child(local, place.slot, stand_in(child, shape))
                    own = _shape(local)
                    if own is None:
                        return None
                above = _tried(local, self.context)
                if above is None:
                    return None
                shape, value = own, above
        finally:
            self._restore(saved)

    def _restore(self, saved: Iterable[tuple[str, Array | Val | None]]) -> None:
        for name, old in saved:
            if old is None:
                del self.values[name]
            else:
                self.values[name] = old

    def with_changes(self, changes: Mapping[int, tuple[Shape, Val]], count: int) -> Array | None:
        """The answer with values at several places, none of which contains another; ``count`` rows."""
        saved: dict[str, Array | Val | None] = {}
        shapes: dict[int, Shape] = {}

        def put(number: int, value: Val) -> None:
            name = _name(number)
            saved[name] = self.values.get(name)
            self.values[name] = value

        for number, (shape, value) in changes.items():
            put(number, value)
            shapes[number] = shape
        try:
            for number in sorted(ancestors(self.places, changes)):
                place = self.places[number]
                if any(child not in shapes and not self.known[child] for child in place.inside):
                    return None
                local = self.local[number]
                for child in place.inside:
                    if child in shapes and shapes[child] != self.shapes[child]:
                        local = with_child(local, self.places[child].slot, stand_in(child, shapes[child]))
                shape_now = _shape(local)
                value_now = None if shape_now is None else _tried(local, self.context)
                if shape_now is None or value_now is None:
                    return None
                put(number, value_now)
                shapes[number] = shape_now
            top = len(self.places) - 1
            last = self.values[_name(top)]
            assert isinstance(last, tuple)
            return self._rows(last, shapes[top], count)
        finally:
            self._restore(saved.items())

    def fits(self, shape: Shape | None) -> bool:
        """Whether an answer of this shape is laid out as the target."""
        if shape is None:
            return False
        return not scalar_if_ones(shape) if self.indices else same_layout(shape, self.truth.shape)

    def _rows(self, value: Val, shape: Shape | None, count: int) -> Array | None:
        """Laid out as the truth; with ``count``, one row for each change."""
        if not self.fits(shape):
            return None
        want = (CHANGE, *self.indices) if count else self.indices
        sizes = (count, *self.sizes) if count else self.sizes
        try:
            x = arrange(value, want, sizes)
        except BacksymError:
            return None
        rows = x.reshape(count, -1) if count else x.reshape(-1)
        return rows if rows.shape[-1] == len(self.truth.flat) else None

    def hits(self, rows: Array) -> list[int]:
        """The rows that are the truth."""
        gap = np.maximum.reduce(np.abs(rows - self.truth.flat), axis=1, initial=0.0)
        right = gap <= CLOSE * self.truth.size
        return np.flatnonzero(right).tolist() if right.any() else []


@cache
def _name(number: int) -> str:
    return f"place {number}"


@cache
def stand_in(number: int, shape: Shape) -> Sym:
    """A quantity that stands for one place of the answer."""
    return Sym(_name(number), shape)


def _shape(e: Expr) -> Shape | None:
    try:
        return e.shape
    except BacksymError:
        return None


def stack(values: Sequence[Val]) -> Val | None:
    """Several values of one shape along a new named axis."""
    first, shape = values[0][0], values[0][1].shape
    if all(x.shape == shape and own == first for own, x in values):
        return (CHANGE, *first), np.array([x for _, x in values])
    names: tuple[Ix, ...] = ()
    sizes: dict[Ix, int] = {}
    for own, x in values:
        for ix, n in zip(own, x.shape, strict=False):
            if ix not in sizes:
                sizes[ix] = n
                names += (ix,)
    lead = tuple(sizes[ix] for ix in names)
    try:
        return (CHANGE, *names), np.array([arrange(value, names, lead) for value in values])
    except _FAILURES:
        return None

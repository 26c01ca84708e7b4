"""Values of an answer with something changed in it, many changes at once, at one point.

Every sub-expression is evaluated once, for all answers in which it stands.  A change at one place then costs only what
stands above that place, and all changes that have the same shape there share this: their values are stacked along an
axis with a name of its own, which the evaluator carries through like the axis of an index letter.

This module must not know what the changes mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

import numpy as np

from backsym.core.allowance import detached, spend
from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Ix, Num, Shape, Sym, compared, rebuild, scalar_if_ones
from backsym.core.lazy import Kept, Recurring
from backsym.marking.explaining.places import Place, ancestors, with_child
from backsym.marking.judging.layouts import same_layout
from backsym.numeric.axes import Array, Val, arrange
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev

CLOSE = 1e-9
"""Values that differ by less, relative to the largest entry, are equal."""

MAX_KEPT = 20_000
"""Values of quantities and entries that are kept."""

MAX_HELD = 1_000_000
"""Elements of what is kept of the sub-expressions of answers, and of what was prepared for them."""

ONE_HELD = 50
"""What each of these counts beside its elements."""

MOST_WORK = 1e15
"""More than any work that is measured."""

MAX_STACKED = 100_000
"""Elements of a stack of values with different letters."""

CALL = 7_000
"""The work of evaluating one candidate, beside its elements, and of making it."""

CHANGE = Ix("change", 1)

THIS = -1
"""The number of the stand-in for a whole place; those of its parts count from 0."""

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


Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Piece:
    """A sub-expression at one point, whatever answer it stands in.

    ``local`` is the expression over stand-ins of its parts.  The shape is None where its own shapes clash, the value
    also where a letter is free that nothing binds.  ``work`` is what it takes to find the value; ``mark`` is a number
    that equal ones share.
    """

    local: Expr
    shape: Shape | None
    value: Val | None
    parts: tuple[Piece, ...]
    work: float
    mark: int

    @property
    def elements(self) -> int:
        return ONE_HELD + (0 if self.value is None else self.value[1].size)


@dataclass(frozen=True)
class Measured(Generic[Made]):
    """Something that was made once, and the work that it took."""

    made: Made
    work: float


def measured(make: Callable[[], Made]) -> Measured[Made]:
    """What is made for many answers is charged to each of them alike, whichever comes first."""
    with detached(MOST_WORK) as allowance:
        made = make()
    return Measured(made, MOST_WORK - allowance.work)


class Point:
    """One point, with the values of quantities and sub-expressions that were asked for before."""

    def __init__(self, env: Env):
        self.env = env
        self.context = Context.of(env)
        self._known: Kept[Expr, Val | None] = Kept(MAX_KEPT)
        self._pieces: Recurring[tuple[object, ...], Piece] = Recurring(MAX_HELD, lambda piece: piece.elements)
        self._prepared: Recurring[tuple[object, ...], Measured[Any]] = Recurring(
            MAX_HELD, lambda held: held.made.elements
        )

    def value(self, e: Expr) -> Val | None:
        """The value of an expression that will be asked for again; None if it has none."""
        spend(CALL)

        def find() -> Val | None:
            with detached(math.inf):
                return _value(e, self.context)

        return self._known.get(e, find)

    def piece(self, e: Expr, parts: tuple[Piece, ...]) -> Piece:
        """A sub-expression of an answer, its parts being known."""
        if parts:
            # What is between the parts is compared as it is, and the parts by identity.
            rest, marks = iter(parts), iter([part.mark for part in parts])
            key, mark = compared(e, lambda _: next(rest)), hash(compared(e, lambda _: next(marks)))
        else:
            key = (e, e.text) if isinstance(e, Num) else (e,)
            mark = hash(key)
        piece = self._pieces.get(key, mark, lambda: self._piece(e, parts, mark))
        spend(piece.work)
        return piece

    def _piece(self, e: Expr, parts: tuple[Piece, ...], mark: int) -> Piece:
        if not parts:
            leaf = measured(lambda: self.value(e))
            shape = e.shape if leaf.made is not None else _shape(e)
            return Piece(e, shape, leaf.made, (), leaf.work, mark)
        inside = iter([stand_in(n, part.shape or ()) for n, part in enumerate(parts)])
        local = rebuild(e, lambda _: next(inside))
        shape = None if any(part.shape is None for part in parts) else _shape(local)
        if shape is None or any(part.value is None for part in parts):
            return Piece(local, shape, None, parts, 0.0, mark)
        values: dict[str, Array | Val] = dict(self.env.values)
        values.update((_name(n), part.value) for n, part in enumerate(parts) if part.value is not None)
        found = measured(lambda: _tried(local, self.context.with_values(values)))
        return Piece(local, shape, found.made, parts, found.work, mark)

    def prepared(self, piece: Piece, around: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """What is made of a sub-expression, kept for further answers that have it; it tells its ``elements``.

        ``around`` is what it depends on besides.
        """
        mark = hash((piece.mark, around))
        found: Measured[Made] = self._prepared.get((piece, *around), mark, lambda: measured(make))
        spend(found.work)
        return found.made


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
        self.values: dict[str, Array | Val] = dict(point.env.values)
        """Those of quantities, and of the stand-ins of what is evaluated last."""
        self.context = point.context.with_values(self.values)
        self.sizes = self.context.index_sizes(self.indices)
        self.pieces: list[Piece] = []
        """Each place at the point."""
        for place in places:
            self.pieces.append(point.piece(place.expr, tuple([self.pieces[n] for n in place.inside])))

    # --- values ---

    @property
    def shape(self) -> Shape | None:
        """The shape of the whole answer; None where its own shapes clash."""
        return self.pieces[-1].shape

    def of(self, number: int, e: Expr) -> Val | None:
        """The value of an expression over quantities and stand-ins of a place and of its parts."""
        piece = self.pieces[number]
        for n, part in ((THIS, piece), *enumerate(piece.parts)):
            if part.value is not None:
                self.values[_name(n)] = part.value
            else:
                self.values.pop(_name(n), None)  # What was evaluated before is something else.
        return _tried(e, self.context)

    def whole(self) -> Array | None:
        """The value of the answer, flat and laid out as the truth; None if it has none or another shape."""
        last = self.pieces[-1]
        return None if last.value is None else self._rows(last.value, last.shape, 0)

    # --- changes ---

    def changed(self, number: int, shape: Shape, value: Val, count: int) -> Array | None:
        """The answer with each of ``count`` stacked values at one place: a row for each, laid out as the truth.

        ``shape`` is that of the values.  None where the changed answer has no value or not the shape of the truth.
        """
        place = self.places[number]
        while place.above >= 0:
            above = self._above(place.above, {place.slot: (shape, value)})
            if above is None:
                return None
            shape, value = above
            place = self.places[place.above]
        return self._rows(value, shape, count)

    def with_changes(self, changes: Mapping[int, tuple[Shape, Val]], count: int) -> Array | None:
        """The answer with values at several places, none of which contains another; ``count`` rows."""
        now = dict(changes)
        for number in sorted(ancestors(self.places, changes)):
            inside = self.places[number].inside
            above = self._above(number, {slot: now[child] for slot, child in enumerate(inside) if child in now})
            if above is None:
                return None
            now[number] = above
        shape, value = now[len(self.places) - 1]
        return self._rows(value, shape, count)

    def _above(self, number: int, changes: Mapping[int, tuple[Shape, Val]]) -> tuple[Shape, Val] | None:
        """Shape and value of a place, of which parts, by their positions, have another shape and value."""
        piece = self.pieces[number]
        local, shape = piece.local, piece.shape
        fits = shape is not None
        for slot, part in enumerate(piece.parts):
            change = changes.get(slot)
            if change is None:
                if part.value is None:
                    return None
                self.values[_name(slot)] = part.value
                continue
            self.values[_name(slot)] = change[1]
            if not fits or change[0] != part.shape:
                local = with_child(local, slot, stand_in(slot, change[0]))
                fits = False
        if not fits:
            shape = _shape(local)
        value = None if shape is None else _tried(local, self.context)
        return None if shape is None or value is None else (shape, value)

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
    """A quantity that stands for one part of a sub-expression, or, with ``THIS``, for all of it."""
    return Sym(_name(number), shape)


def stood_for(place: Place, places: Sequence[Place]) -> dict[str, Expr]:
    """What the stand-ins of a place and of its parts stand for."""
    return {_name(THIS): place.expr, **{_name(n): places[child].expr for n, child in enumerate(place.inside)}}


def _shape(e: Expr) -> Shape | None:
    try:
        return e.shape
    except BacksymError:
        return None


def together(values: Sequence[Val]) -> list[Sequence[int]]:
    """Which of several values are stacked: all, unless all their letters would make too large an array of them.

    Then those that have the same letters.
    """
    if not values:
        return []
    sizes = {ix: n for own, x in values for ix, n in zip(own, x.shape, strict=False)}
    if math.prod(sizes.values()) * len(values) <= MAX_STACKED:
        return [range(len(values))]
    alike: dict[frozenset[Ix], list[int]] = {}
    for n, (own, _) in enumerate(values):
        alike.setdefault(frozenset(own), []).append(n)
    return list(alike.values())


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

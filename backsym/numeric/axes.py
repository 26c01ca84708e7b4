"""Arrays with named axes: what the evaluator computes with.

A value is ``(names, array)``: the array's leading axes are named by index letters, the trailing ones are positional
(the axes of the expression's shape).  Two values are combined by aligning the names and broadcasting the rest.  A name
that is present always has its full size.

This module must not know about expressions other than index letters, nor about problems or derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backsym.core.allowance import MOST_AXES, SMALL, largest, spend
from backsym.core.dims import value_of
from backsym.core.errors import BacksymError, ShapeError
from backsym.core.expr import Dim, Ix, Label, Shift, labels_of, letters_of
from backsym.core.functions import decisive
from backsym.core.words import say

Array = npt.NDArray[Any]

Val = tuple[tuple[Ix, ...], Array]


def guard(shape: Sequence[int]) -> None:
    """Raise before an array of this shape is made if it is too large; making it is work."""
    size, limit = math.prod(shape), largest()
    if size > limit:
        shown = " x ".join(str(n) for n in shape)
        raise BacksymError(say("numeric.too_large", shown=shown, size=size, limit=limit))
    if len(shape) > MOST_AXES:
        raise BacksymError(say("numeric.too_many_axes", axes=len(shape), limit=MOST_AXES))
    if size > SMALL:
        spend(size)


def _spread(have: tuple[Ix, ...], x: Array, want: tuple[Ix, ...], rank: int) -> Array:
    """Reorder and insert axes so that ``x`` has the axes ``want`` followed by ``rank`` positional ones."""
    k = len(have)
    if want[:k] == have:
        lead = x.shape[:k] + (1,) * (len(want) - k)
    elif have:
        places = [have.index(n) if n in have else -1 for n in want]
        lead = tuple([x.shape[at] if at >= 0 else 1 for at in places])
        order = [at for at in places if at >= 0]
        if order != sorted(order):
            x = x.transpose(order + list(range(k, x.ndim)))
    else:
        lead = (1,) * len(want)
    positional = x.shape[k:]
    return x.reshape(lead + (1,) * (rank - len(positional)) + positional)


def align(a: Val, b: Val) -> tuple[tuple[Ix, ...], Array, Array]:
    """The common names of two values, and both arrays laid out so that NumPy's broadcasting combines them."""
    na, xa = a
    nb, xb = b
    ra, rb = xa.ndim - len(na), xb.ndim - len(nb)
    if na == nb and (ra == rb or not na):
        return na, xa, xb
    if not nb and rb <= ra:
        return na, xa, xb
    if not na and ra <= rb:
        return nb, xa, xb
    names = na + tuple([n for n in nb if n not in na])
    rank = max(ra, rb)
    a_laid = xa if len(names) == len(na) and ra == rank else _spread(na, xa, names, rank)
    return names, a_laid, _spread(nb, xb, names, rank)


def align_all(values: Sequence[Val]) -> tuple[tuple[Ix, ...], list[Array]]:
    """Like ``align`` for any number of values."""
    if len(values) == 1:
        return values[0][0], [values[0][1]]
    names = values[0][0]
    for other, _ in values[1:]:
        names += tuple(n for n in other if n not in names)
    rank = max(x.ndim - len(n) for n, x in values)
    arrays = [_spread(n, x, names, rank) for n, x in values]
    guard(np.broadcast_shapes(*(x.shape for x in arrays)))
    return names, arrays


def binary(op: Callable[[Any, Any], Any], a: Val, b: Val) -> Val:
    """An element-wise operation on two values."""
    names, x, y = align(a, b)
    if x.ndim and y.ndim and x.shape != y.shape:
        try:
            shape = np.broadcast(x, y).shape
        except ValueError:
            k = len(names)
            raise ShapeError(say("numeric.shapes", first=str(x.shape[k:]), second=str(y.shape[k:]))) from None
        guard(shape)
    return names, op(x, y)


def select(value: Val, indices: tuple[Ix, ...]) -> Val:
    """Name the positional axes.  A fixed index takes its position; a repeated letter takes the diagonal."""
    names, x = value
    labels = names + indices
    if any(ix.fixed for ix in indices):
        lead = len(names)
        for axis, ix in enumerate(indices):
            if ix.fixed and not 1 <= int(ix.letter) <= x.shape[lead + axis]:
                raise BacksymError(say("numeric.outside", letter=ix.letter, last=x.shape[lead + axis]))
        x = x[tuple(int(ix.letter) - 1 if ix.fixed else slice(None) for ix in labels)]
        labels = tuple(ix for ix in labels if not ix.fixed)
    return named(labels, x)


def named(labels: tuple[Ix, ...], x: Array) -> Val:
    """An array whose axes are all named: a repeated letter takes the diagonal."""
    if len(labels) < 2:
        return labels, x
    unique = tuple(dict.fromkeys(labels))
    if len(unique) == len(labels):
        return labels, x
    return unique, np.einsum(x, [unique.index(ix) for ix in labels], list(range(len(unique))))


class Places(Protocol):
    """What tells where a letter or a label is: sizes of dimensions, and values of labels, which count from 0.

    Along the dimensions ``ended`` there is nothing outside of the members, and no label of it is an error.
    """

    def size(self, dim: Dim) -> int: ...

    def label(self, name: str) -> Val: ...

    @property
    def ended(self) -> frozenset[Dim]: ...


def is_computed(ix: Ix) -> bool:
    """Whether an index is computed from letters, or is data."""
    return isinstance(ix, (Shift, Label))


def grid_of(indices: Sequence[Ix], at: Places) -> tuple[tuple[Ix, ...], list[Array]]:
    """The letters of the indices, and for each index its position, counted from 0, at all values of the letters.

    Names that the values of labels have, of several points at once, count as letters here.
    """
    sizes = {letter: at.size(letter.dim) for ix in indices for letter in letters_of(ix)}
    for name in (name for ix in indices for name in labels_of(ix)):
        names, value = at.label(name)
        sizes.update(zip(names, value.shape, strict=False))
    guard(tuple(sizes.values()))
    grid = _Grid(tuple(sizes), tuple(sizes.values()), at)
    return grid.letters, [grid.positions(ix) for ix in indices]


@dataclass(frozen=True)
class _Grid:
    """All values of some letters."""

    letters: tuple[Ix, ...]
    shape: tuple[int, ...]
    at: Places

    def counted(self, letter: Ix) -> Array:
        """The position of a letter."""
        axis = self.letters.index(letter)
        steps = np.arange(self.shape[axis]).reshape([-1 if a == axis else 1 for a in range(len(self.shape))])
        return np.broadcast_to(steps, self.shape)

    def positions(self, ix: Ix) -> Array:
        if isinstance(ix, Shift):
            place = np.full(self.shape, value_of(ix.offset, self.at.size) - 1)
            for inner, factor in ix.parts:
                place = place + value_of(factor, self.at.size) * (self.positions(inner) + 1)
            return place
        if isinstance(ix, Label):
            return self.classes(ix)
        return np.full(self.shape, int(ix.letter) - 1) if ix.fixed else self.counted(ix)

    def classes(self, ix: Label) -> Array:
        """The class that a label is; raises BacksymError for one that there is not, and for a member that is not."""
        names, found = self.at.label(ix.name)
        places = [self.positions(inner) for inner in ix.at]
        inside = np.ones(self.shape, dtype=bool)
        for axis, (letter, n) in enumerate(zip(ix.at, found.shape[len(names) :], strict=True)):
            there = (places[axis] >= 0) & (places[axis] < n)
            if not (there.all() or letter.dim in self.at.ended):
                raise BacksymError(say("numeric.no_position", letter=ix.letter, name=ix.name))
            inside &= there
            places[axis] = np.clip(places[axis], 0, n - 1)
        where = (*map(self.counted, names), *places)
        values = np.broadcast_to(found[where], self.shape)
        check_classes(values, self.at.size(ix.dim), ix.name, ix.dim)
        return np.where(inside, values, -1)


def check_classes(values: Array, count: int, name: str, dim: Dim) -> None:
    """Raises BacksymError for a label that is none of its classes."""
    if not ((values >= 0) & (values < count)).all():
        raise BacksymError(say("numeric.no_class", name=name, count=count, dim=dim))


def one_hot(labels: Array, count: int) -> Array:
    """1 at the class of each label, which counts from 0, along a new last axis, else 0."""
    return np.asarray(np.asarray(labels)[..., np.newaxis] == np.arange(count), dtype=float)


def gather(value: Val, indices: tuple[Ix, ...], at: Places) -> Val:
    """Like ``select`` where some indices are shifted, or data: an entry outside the array is zero."""
    names, x = value
    if not any(map(is_computed, indices)):
        return select(value, indices)
    letters, places = grid_of(indices, at)
    grid = places[0].shape
    # What the values of labels have in common with the array, such as the points, is met in step.
    shared = tuple(n for n in names if n in letters)
    own = tuple(n for n in names if n not in shared)
    x = _spread(names, x, own + shared, x.ndim - len(names))
    guard((*x.shape[: len(own)], *grid))
    inside = np.ones(grid, dtype=bool)
    for axis, n in enumerate(x.shape[len(names) :]):
        inside &= (places[axis] >= 0) & (places[axis] < n)
        places[axis] = np.clip(places[axis], 0, n - 1)
    steps = [_Grid(letters, grid, at).counted(n) for n in shared]
    found = x[(slice(None),) * len(own) + (*steps, *places)]
    return named(own + letters, np.where(inside, found, 0.0))


def arrange(value: Val, want: tuple[Ix, ...], sizes: Sequence[int]) -> Array:
    """The array with the axes ``want`` in that order, then the positional ones.

    ``sizes`` are the sizes of ``want``; an index that the value does not mention is broadcast, and a fixed one becomes
    an axis of length one.
    """
    names, x = value
    if names == want:
        return x
    extra = [ix.letter for ix in names if ix not in want]
    if extra:
        raise BacksymError(say("numeric.free_index", found=extra, wanted=_letters(want)))
    lead = tuple(1 if ix.fixed else n for ix, n in zip(want, sizes, strict=True))
    spread = _spread(names, x, want, x.ndim - len(names))
    shape = lead + spread.shape[len(want) :]
    if spread.shape == shape:
        return spread
    guard(shape)
    return np.broadcast_to(spread, shape)


def _letters(indices: tuple[Ix, ...]) -> str:
    return ", ".join(ix.letter for ix in indices) or "no index"


def _last(x: Array, axes: Sequence[int]) -> Array:
    """``x`` with ``axes`` moved to the end, in their order, and flattened into one."""
    kept = [i for i in range(x.ndim) if i not in axes]
    moved = x.transpose(kept + list(axes))
    return np.reshape(moved, [*(x.shape[i] for i in kept), -1])


def _first_extreme(op: str, flat: Array) -> Array:
    """Position of the first maximum or minimum along the last axis; complex numbers compare by their real part."""
    real = decisive(np, flat)
    if op not in ("max", "min"):
        raise TypeError(f"unknown reduction: {op}")
    return np.expand_dims(np.argmax(real, axis=-1) if op == "max" else np.argmin(real, axis=-1), -1)


def reduce_axes(op: str, x: Array, axes: tuple[int, ...]) -> Array:
    """``sum``, ``mean``, ``max`` or ``min`` over axes of an array."""
    if not axes:
        return x
    if op == "sum":
        return np.asarray(np.add.reduce(x, axis=axes))
    if op == "prod":
        return np.asarray(np.multiply.reduce(x, axis=axes))
    if op == "mean":
        return np.asarray(x.sum(axis=axes) / math.prod(x.shape[i] for i in axes))
    flat = _last(x, axes)
    return np.take_along_axis(flat, _first_extreme(op, flat), axis=-1)[..., 0]


def first_one_hot(op: str, x: Array, axes: tuple[int, ...]) -> Array:
    """1 at the first extreme over ``axes`` (in their order), else 0; the axes come last, in that order."""
    flat = _last(x, axes)
    hot = np.zeros(flat.shape)
    np.put_along_axis(hot, _first_extreme(op, flat), 1.0, axis=-1)
    kept = tuple(x.shape[i] for i in range(x.ndim) if i not in axes)
    return hot.reshape(kept + tuple(x.shape[i] for i in axes))


def power(x: Array, p: Array) -> Array:
    """``x ** p``, complex-differentiable also at a negative base with an integer exponent.

    NumPy's complex power goes through the polar angle, where a tiny imaginary part next to pi is lost.
    """
    if p.ndim == 0 and not np.iscomplexobj(p) and float(p).is_integer() and abs(float(p)) <= 64:
        return _integer_power(x, int(p))
    if not np.iscomplexobj(x) and not np.iscomplexobj(p):
        return np.asarray(np.power(x, p))
    negative = np.real(x) < 0
    whole = np.real(p) == np.round(np.real(p))
    odd = negative & (np.mod(np.real(p), 2) == 1)
    size = np.exp(p * np.log(np.where(negative, -x, x)))
    return np.where(negative & ~whole, np.nan, np.where(odd, -size, size))


def _integer_power(x: Array, n: int) -> Array:
    if n < 0:
        return 1.0 / _integer_power(x, -n)
    if n == 0:
        return np.ones_like(x)
    result: Array | None = None
    while n > 1:
        if n & 1:
            result = x if result is None else result * x
        x = x * x
        n >>= 1
    return x if result is None else result * x

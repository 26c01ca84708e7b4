"""Sizes that depend on a position: arrays whose members differ in size.

Such a family is kept as one array, as large as its largest member, with zeros beside the smaller ones.  An expression
in which a size depends on a letter is evaluated at one position of the letter at a time, where all sizes are known.

This module must not know how expressions are evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import numpy as np

from backsym.core.dims import OWN, Dim, amount, is_layered, is_ragged, letters_in, names_of, placed_at, value_of
from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Expr,
    Ix,
    Shape,
    dim_with,
    free_indices,
    member_shape,
    with_indices,
    with_letters,
)
from backsym.core.words import say
from backsym.numeric.axes import Array, Val, align_all


def size_of(dim: Dim, dims: Mapping[str, int]) -> int:
    """The size of a dimension; of one that depends on a letter, the largest that there is.

    Beyond the last position there is no member, and its size is one.
    """
    if isinstance(dim, int):
        return dim
    known = dims.get(dim)
    if known is not None:
        return known
    number = amount(dim)
    if names_of(number) != (dim,):
        return value_of(number, lambda name: size_of(name, dims))
    layer = placed_at(dim)
    if layer is None:
        raise BacksymError(say("numeric.no_size", dim=dim))
    base, place = layer
    if all(name in dims for name in names_of(place)):
        return dims.get(f"{base}[{value_of(place, dims.__getitem__)}]", 1)
    return max(size for name, size in dims.items() if name.startswith(f"{base}["))


def layer_names(shapes: Sequence[Shape], dims: Mapping[str, int]) -> list[str]:
    """The sizes of layers that arrays of these declared shapes have, ``D[0]``, ..., ``D[4]``."""
    found: dict[str, None] = {}
    for shape in shapes:
        for name in (name for dim in shape if is_ragged(dim) for name in names_of(amount(dim))):
            layer = placed_at(name)
            if layer is None:
                continue
            base, place = layer
            own = range(1, size_of(shape[0], dims) + 1) if OWN in names_of(place) else (0,)
            for position in own:
                at = value_of(place, lambda n, here=position: here if n == OWN else dims[n])  # type: ignore[misc]
                found.setdefault(f"{base}[{at}]")
    return list(found)


def member_sizes(shape: Shape, position: int, dims: Mapping[str, int]) -> tuple[int, ...]:
    """The sizes of the axes of the member at a position, by the declared shape of the family."""
    at = Ix(str(position), shape[0])
    return tuple(size_of(dim, dims) for dim in member_shape(shape, at))


def without_rest(value: Array, shape: Shape, dims: Mapping[str, int]) -> Array:
    """The array with zeros beside its smaller members."""
    if not is_layered(shape):
        return value
    whole = np.zeros_like(value)
    for position in range(1, len(value) + 1):
        inside = tuple(slice(n) for n in member_sizes(shape, position, dims))
        whole[position - 1][inside] = value[position - 1][inside]
    return whole


def as_given(value: Array, shape: Shape, dims: Mapping[str, int]) -> Array | list[Array]:
    """The array, or the list of the members of a family if each of them has a size of its own."""
    if not is_layered(shape):
        return value
    return [
        value[position - 1][tuple(slice(n) for n in member_sizes(shape, position, dims))]
        for position in range(1, len(value) + 1)
    ]


def as_kept(value: Any, shape: Shape, dims: Mapping[str, int]) -> Any:
    """The array in which the members of a list are kept; raises BacksymError where one has another size."""
    if not is_layered(shape):
        return value
    whole = np.zeros([size_of(dim, dims) for dim in shape])
    if len(value) != len(whole):
        raise BacksymError(say("numeric.members", found=len(value), wanted=len(whole)))
    for position, member in enumerate(value, 1):
        sizes, array = member_sizes(shape, position, dims), np.asarray(member, dtype=float)
        if array.shape != sizes:
            raise BacksymError(say("numeric.member_shape", number=position, found=str(array.shape), wanted=str(sizes)))
        whole[position - 1][tuple(map(slice, sizes))] = array
    return whole


def filled(x: Array, sizes: Sequence[int]) -> Array:
    """The array with zeros behind its last axes, up to these sizes."""
    lead = x.ndim - len(sizes)
    missing = [(0, size - n) for n, size in zip(x.shape[lead:], sizes, strict=True)]
    return np.pad(x, [(0, 0)] * lead + missing) if any(n for _, n in missing) else x


def fitted(value: Val, indices: Sequence[Ix], dims: Mapping[str, int]) -> Val:
    """The value with the axes at letters as long as these run: what is behind the end of an array is zero."""
    names, x = value
    lead = len(names)
    wanted = [
        size_of(ix.dim, dims) if type(ix) is Ix and not ix.fixed and is_ragged(ix.dim) else n
        for ix, n in zip(indices, x.shape[lead:], strict=True)
    ]
    if wanted == list(x.shape[lead:]):
        return value
    inside: tuple[Any, ...] = (..., *map(slice, wanted))
    return names, filled(x[inside], wanted)


def inside(names: Sequence[Ix], dims: Mapping[str, int], of: Container[Ix] | None = None) -> Array | None:
    """Where all letters are within their ranges, which depend on others among them; None where all are everywhere.

    Of ``of`` only, if that is given.
    """
    found: Array | None = None
    sizes = [size_of(ix.dim, dims) for ix in names]
    for axis, ix in enumerate(names):
        if of is not None and ix not in of:
            continue
        own = letters_in(ix.dim) if is_ragged(ix.dim) else ()
        first = next((n for n, other in enumerate(names) if other.letter in own), None)
        if first is None:
            continue
        places = range(1, sizes[first] + 1)
        ends = np.asarray([size_of(dim_with(ix.dim, {names[first]: Ix(str(p), "")}), dims) for p in places])
        shape = [1] * len(names)
        shape[first] = sizes[first]
        here = np.arange(sizes[axis]).reshape([-1 if n == axis else 1 for n in range(len(names))]) < ends.reshape(shape)
        found = here if found is None else found & here
    return found


def masked(value: Array, names: Sequence[Ix], dims: Mapping[str, int]) -> Array:
    """The array with zeros where a letter is beyond its range; ``names`` are those of the leading axes."""
    where = inside(names, dims)
    if where is None:
        return value
    return np.where(where.reshape(where.shape + (1,) * (value.ndim - len(names))), value, 0.0)


def without_beyond(op: str, value: Val, of: Container[Ix], dims: Mapping[str, int]) -> Val:
    """A value whose maximum or minimum over letters is to be found: none is where a letter is beyond its range."""
    names, x = value
    where = inside(names, dims, of)
    if where is None:
        return value
    return names, np.where(where, x, -np.inf if op == "max" else np.inf)


def open_letter(e: Expr) -> Ix | None:
    """A free letter on which a size in the expression depends, the first one."""
    return next((ix for ix in free_indices(e) if ix.letter in e.sized_by), None) if e.sized_by else None


def position_by_position(e: Expr, letter: Ix, dims: Mapping[str, int], value: Callable[[Expr], Val]) -> Val:
    """The value of an expression at each position of a letter, side by side, filled up with zeros."""
    others = [ix for ix in free_indices(e) if ix != letter]
    shape = [size_of(dim, dims) for dim in e.shape]
    found: list[Val] = []
    for position in range(1, size_of(letter.dim, dims) + 1):
        here = {letter: Ix(str(position), letter.dim)}
        back = {with_letters(ix, here): ix for ix in others}
        names, x = value(with_indices(e, here))
        own = tuple(back.get(ix, ix) for ix in names)
        # What is broadcast keeps its axes of length one.
        behind = [max(n, size) if n > 1 else n for n, size in zip(x.shape[len(names) :], shape, strict=True)]
        lead = [size_of(ix.dim, dims) if is_ragged(ix.dim) else n for ix, n in zip(own, x.shape, strict=False)]
        found.append((own, filled(x, [*lead, *behind])))
    names, arrays = align_all(found)
    whole = np.broadcast_shapes(*(x.shape for x in arrays))
    return (letter, *names), np.stack([np.broadcast_to(x, whole) for x in arrays])

"""Sizes in NumPy source: read off the axes of arrays, also where a dimension is computed of others.

Must not know about expressions or problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from backsym.core.dims import OWN, Amount, Dim, Whole, amount, dim_names, is_layered, names_of, placed_at, put_in

Axes = Iterable["tuple[str, Sequence[Dim]]"]
"""Arrays, each with its dimensions."""


def axis_source(dim: str, arrays: Axes) -> str | None:
    """The axis of this dimension, or what follows for it from an axis such as ``2*H`` or ``H+1``; None without one."""
    known = list(arrays)
    for array, shape in known:
        if is_layered(shape) and dim == shape[0]:
            return f"len({array})"
        if dim in shape:
            return f"{array}.shape[{list(shape).index(dim)}]"
    if dim_names(dim) != (dim,):
        return None
    for array, shape in known:
        for n, axis in enumerate(shape):
            if dim not in dim_names(axis):
                continue
            found = _solved(f"{array}.shape[{n}]", amount(axis), dim, known)
            if found is not None:
                return found
    return None


def layer_source(dim: str, arrays: Axes, loops: Mapping[str, str]) -> str | None:
    """The size of a layer, ``W[l].shape[0]``, by a list of arrays of all layers; None without one.

    ``loops`` gives the variables of letters, which count from 0: before its place there may be no member, and the one
    at its place is taken where that tells the size.
    """
    layer = placed_at(dim)
    after: dict[int, str] = {}
    if layer is None:
        return None
    for array, shape in arrays:
        for n, axis in enumerate(shape[1:]):
            own = placed_at(axis) if isinstance(axis, str) else None
            if own is None or own[0] != layer[0]:
                continue
            place = layer[1] - put_in(own[1], OWN, 0)
            names = names_of(place)
            number = put_in(place, names[0], 0) if names else place
            if not isinstance(number, int) or len(names) > 1:
                continue
            if not names and number >= 1:
                return f"{array}[{number - 1}].shape[{n}]"
            if names and names[0] == shape[0] and number <= 0:
                return f"{array}[{number - 1}].shape[{n}]"
            if names and names[0] in loops and number >= 0:
                step = f" + {number}" if number else ""
                after.setdefault(number, f"{array}[{loops[names[0]]}{step}].shape[{n}]")
    return after[min(after)] if after else None


def _solved(text: str, axis: Whole, dim: str, known: Sequence[tuple[str, Sequence[Dim]]]) -> str | None:
    """The dimension, where it is the only one in an axis that is no axis itself, and a multiple there."""
    assert isinstance(axis, Amount)
    factor = next((factor for product, factor in axis.terms if product == (dim,)), 0)
    rest = axis - factor * amount(dim)
    if factor <= 0 or (isinstance(rest, Amount) and any(dim in product for product, _ in rest.terms)):
        return None
    others: dict[str, str] = {}
    for name in names_of(rest):
        found = next((f"{array}.shape[{list(shape).index(name)}]" for array, shape in known if name in shape), None)
        if found is None:
            return None
        others[name] = found
    text = f"{text} - {factored(rest, others.__getitem__)}" if rest else text
    return f"(({text}) // {factor})" if rest and factor > 1 else f"({text} // {factor})" if factor > 1 else f"({text})"


def factored(a: Whole, size: Callable[[str], str]) -> str:
    """A number that is no plain one as a factor of a product."""
    text = whole_source(a, size)
    return text if (isinstance(a, int) and a >= 0) or (isinstance(a, Amount) and len(a.terms) == 1) else f"({text})"


def whole_source(a: Whole, size: Callable[[str], str]) -> str:
    """The source of a number that is computed of dimensions."""
    if isinstance(a, int):
        return str(a)
    text = ""
    for product, factor in a.terms:
        names = [size(name) for name in product]
        part = " * ".join([*([str(abs(factor))] if abs(factor) != 1 or not names else []), *names])
        sign = (" - " if factor < 0 else " + ") if text else ("-" if factor < 0 else "")
        text += sign + part
    return text

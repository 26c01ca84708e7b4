"""What recurrences compute: members one position after the other, adjoints from the last position to the first.

An equation of a block is evaluated at one position at a time, of what earlier positions have given.  Beyond the last
position all adjoints are zero, and so is a product with one of them, whatever its other factors would be there.

This module must not know how a derivative was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from backsym.core.expr import (
    Equation,
    Expr,
    Ix,
    free_indices,
    member_shape,
    position_of,
    with_indices,
    with_letters,
    without_adjoints,
)
from backsym.core.problem import NodeEquation
from backsym.core.steps import Case, Derivation
from backsym.numeric.axes import Array, Val, align_all, arrange, grid_of
from backsym.numeric.context import Context
from backsym.numeric.evaluate import ev, node_value
from backsym.numeric.layers import filled


def forward_values(equations: Iterable[NodeEquation], ctx: Context) -> Iterator[tuple[NodeEquation, Val]]:
    """The values of the nodes in order; the caller puts each into the values of ``ctx`` before it asks for the next."""
    found: dict[str, Val] = {}
    for eq in equations:
        if not eq.block:
            yield eq, node_value(eq, ctx)
            continue
        if eq.name not in found:
            found = block_values([ctx.equations[name] for name in eq.block], ctx)
        yield eq, found[eq.name]


def forward_value(eq: NodeEquation, ctx: Context) -> Val:
    """The value of one node, of a recurrence with all that it is computed with."""
    return next(forward_values([eq], ctx))[1]


def block_values(block: Sequence[NodeEquation], ctx: Context) -> dict[str, Val]:
    """The values of the nodes of a recurrence, position by position."""
    size = ctx.size(block[0].indices[0].dim)
    values: dict[str, Array | Val] = dict(ctx.values)
    inner = replace(ctx, values=values, known=None)
    members: dict[str, list[Val]] = {eq.name: [] for eq in block}
    for eq in block:
        values[eq.name] = np.zeros(ctx.sizes(eq.shape))
    for position in range(1, size + 1):
        for eq in block:
            names, x = node_value(_at(eq, position), inner)
            members[eq.name].append((names, filled(x, ctx.sizes(eq.shape[1:]))))
            values[eq.name] = _stacked(members[eq.name], size)
    return {eq.name: _stacked(members[eq.name], size) for eq in block}


def _at(eq: NodeEquation, position: int) -> NodeEquation:
    """The equation for the member at a position."""
    letter = eq.indices[0]
    here = {letter: Ix(str(position), letter.dim)}
    shape = member_shape(eq.shape, here[letter])
    indices = tuple(with_letters(ix, here) for ix in eq.indices[1:])
    return replace(eq, rhs=with_indices(eq.rhs, here), shape=shape, indices=indices)


def _stacked(members: Sequence[Val], size: int) -> Val:
    """Members side by side along a first axis, and zeros up to its size."""
    names, arrays = align_all(members)
    whole = np.broadcast_shapes(*(x.shape for x in arrays))
    laid = [np.broadcast_to(x, whole) for x in arrays]
    laid += [np.zeros(whole)] * (size - len(laid))
    return names, np.stack(laid, axis=len(names))


# --- backward --------------------------------------------------------------------------------------------------------


def block_adjoints(derivations: Sequence[Derivation], ctx: Context, name: str) -> dict[str, Array]:
    """The adjoints of the nodes of a recurrence that the derivations state, from the last position to the first.

    ``name`` is one of the nodes; all others on which they rest have their adjoints in ``ctx``.
    """
    block = ctx.equations[name].block
    own = [d for d in derivations if d.node in block]
    letter = ctx.equations[name].indices[0]
    size = ctx.size(letter.dim)
    adjoints: dict[str, Array | Val] = dict(ctx.adjoints)
    inner = replace(ctx, adjoints=adjoints, known=None)
    found = {d.node: np.zeros(ctx.sizes(ctx.equations[d.node].shape)) for d in own}
    adjoints.update(found)
    for position in range(size, 0, -1):
        for d in own:
            rhs = at_position(d.entry.rhs, d.indices[0], position, size)
            here = {d.indices[0]: Ix(str(position), d.indices[0].dim)}
            free = tuple(with_letters(ix, here) for ix in d.indices[1:])
            value = filled(arrange(ev(rhs, inner), free, ctx.index_sizes(free)), ctx.index_sizes(d.indices[1:]))
            found[d.node][position - 1] = value.reshape(found[d.node].shape[1:])
    return found


def case_sides(case: Case, form: Equation, ctx: Context) -> Iterator[tuple[Array, Array]]:
    """Both sides of a form of a case, at each of its positions that there is."""
    letter = Ix(case.run.letter, case.run.dim)
    size = ctx.size(letter.dim)
    first, final = (_position(ix, ctx) for ix in (case.run.first, case.run.final))
    free = tuple(ix for ix in case.indices if ix != letter) if form == case.entry else free_indices(form.lhs)
    free = tuple(ix for ix in free if ix != letter)
    for position in range(max(1, final), first + 1):
        sides = (at_position(side, letter, position, size) for side in (form.lhs, form.rhs))
        here = tuple(with_letters(ix, {letter: Ix(str(position), letter.dim)}) for ix in free)
        left, right = (arrange(ev(side, ctx), here, ctx.index_sizes(here)) for side in sides)
        yield left, right


def _position(ix: Ix, ctx: Context) -> int:
    """The position that an index without letters is."""
    _, (place,) = grid_of([ix], ctx)
    return int(place) + 1


def at_position(e: Expr, letter: Ix, position: int, size: int) -> Expr:
    """The expression at one position of a letter, without products with adjoints beyond the last one."""

    def beyond(ix: Ix) -> bool:
        return ix.dim == letter.dim and (position_of(ix) or 0) > size

    return without_adjoints(with_indices(e, {letter: Ix(str(position), letter.dim)}), beyond)

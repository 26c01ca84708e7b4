"""What recurrences compute: members one position after the other, adjoints from the last position to the first.

An equation of a block is evaluated at one position at a time, of what earlier positions have given.  Beyond the last
position all adjoints are zero, and so is a product with one of them, whatever its other factors would be there.

This module must not know how a derivative was found.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from backsym.core.expr import (
    Equation,
    Expr,
    Ix,
    free_indices,
    letters_of,
    position_of,
    shifted,
    with_indices,
    with_letters,
    without_adjoints,
)
from backsym.core.problem import NodeEquation
from backsym.core.steps import Case, Derivation
from backsym.numeric.axes import Array, Val, arrange, grid_of
from backsym.numeric.context import Context
from backsym.numeric.evaluate import block_values, ev, node_value
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


def sides_at_members(case: Case, form: Equation, ctx: Context) -> Iterator[Equation]:
    """A form of a case at each of its positions, from the first on, for each choice of the letters in its ends."""
    letter = Ix(case.run.letter, case.run.dim)
    ends = (case.run.first, case.run.final)
    others = dict.fromkeys(ix for end in ends for ix in letters_of(end))
    for chosen in itertools.product(*(range(1, ctx.size(ix.dim) + 1) for ix in others)):
        own = {ix: Ix(str(n), ix.dim) for ix, n in zip(others, chosen, strict=True)}
        first, final = (_position(with_letters(end, own), ctx) for end in ends)
        for position in range(first, final + 1):
            here = {**own, letter: shifted((), position, letter.dim)}
            yield Equation(with_indices(form.lhs, here), with_indices(form.rhs, here))


def _position(ix: Ix, ctx: Context) -> int:
    """The position that an index without letters is."""
    _, (place,) = grid_of([ix], ctx)
    return int(place) + 1


def at_position(e: Expr, letter: Ix, position: int, size: int) -> Expr:
    """The expression at one position of a letter, without products with adjoints beyond the last one."""

    def beyond(ix: Ix) -> bool:
        return ix.dim == letter.dim and (position_of(ix) or 0) > size

    return without_adjoints(with_indices(e, {letter: Ix(str(position), letter.dim)}), beyond)

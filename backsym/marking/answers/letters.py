"""Which axis of the target a free letter of an answer stands for.

A letter is bound by the left side where there is one, else by its dimension and, among axes of one dimension, by the
author's own letters or by position.  Knows shapes and letters; knows no texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backsym.core.dims import is_layered, is_ragged
from backsym.core.expr import Dim, Ix, Label, Shape, member_shape, with_letters


@dataclass(frozen=True)
class Bound:
    """The letter of each axis; ``extra`` are free letters that no axis is left for."""

    indices: tuple[Ix, ...]
    extra: tuple[Ix, ...] = ()


def position(dim: Dim) -> Ix:
    """The only position on an axis of length one."""
    return Ix("1", dim)


def is_one_place(ix: Ix) -> bool:
    """Whether an index stands for one of several positions: a number, the last one, that of a label."""
    return ix.dim != 1 and (ix.fixed or isinstance(ix, Label))


def fresh(dim: Dim, taken: Sequence[Ix]) -> Ix:
    """A letter for an axis that an answer does not mention."""
    used = {ix.letter for ix in taken}
    return Ix(next(x for x in "ijklmnpqrsuvxyzabcdefgh" if x not in used), dim)


def sizes_at(shape: Shape, letters: Sequence[Ix]) -> Shape:
    """The sizes of the axes; those that differ from member to member are of the member at the letter among these."""
    if not is_layered(shape):
        return shape
    first = next((ix for ix in letters if ix.dim == shape[0]), None)
    return shape if first is None else (shape[0], *member_shape(shape, first))


def as_usual(usual: Sequence[Ix], letters: Sequence[Ix]) -> tuple[Ix, ...]:
    """The author's letters for the axes, where the one of the member is that among these letters."""
    if not usual or not any(is_ragged(ix.dim) for ix in usual):
        return tuple(usual)
    first = next((ix for ix in letters if ix.dim == usual[0].dim), usual[0])
    return (first, *(with_letters(ix, {usual[0]: first}) for ix in usual[1:]))


def bindings(shape: Shape, letters: Sequence[Ix], usual: Sequence[Ix]) -> list[Bound]:
    """The ways to bind free letters, in order of appearance, to the axes; the most natural one first.

    ``usual`` are the author's letters for the axes.  More than one way is left only where axes share a dimension and
    the author's letters are not used; alphabetical order and order of appearance then tell different stories.
    """
    free = [ix for ix in letters if not ix.fixed]
    shape, usual = sizes_at(shape, free), as_usual(usual, free)
    names = {ix.letter: ix for ix in usual}
    if len(usual) == len(shape) and all(ix.letter in names and names[ix.letter].dim == ix.dim for ix in free):
        return [Bound(tuple(usual))]
    found: list[Bound] = []
    for order in (free, sorted(free, key=lambda ix: ix.letter)):
        bound = _in_order(shape, order, usual)
        if bound not in found:
            found.append(bound)
    return found


def _in_order(shape: Shape, letters: Sequence[Ix], usual: Sequence[Ix]) -> Bound:
    """Each axis takes the first letter of its dimension that is left."""
    left = list(letters)
    axes: list[Ix | None] = []
    for dim in shape:
        mine = None if dim == 1 else next((ix for ix in left if ix.dim == dim), None)
        if mine is not None:
            left.remove(mine)
        axes.append(position(dim) if dim == 1 else mine)
    taken = [*letters, *(ix for ix in axes if ix is not None)]
    done: list[Ix] = []
    for n, (ix, dim) in enumerate(zip(axes, shape, strict=True)):
        if ix is None:
            own = usual[n] if n < len(usual) and not usual[n].fixed else None
            ix = own if own is not None and own.letter not in {t.letter for t in taken} else fresh(dim, taken)
            taken.append(ix)
        done.append(ix)
    return Bound(tuple(done), tuple(left))


def spare_axes(shape: Shape, count: int) -> list[int] | None:
    """The axes that ``count`` written indices stand for: all, or those longer than one; None if neither fits."""
    if count == len(shape):
        return list(range(len(shape)))
    long = [n for n, dim in enumerate(shape) if dim != 1]
    return long if count == len(long) else None


__all__ = ["Bound", "as_usual", "bindings", "fresh", "is_one_place", "position", "sizes_at", "spare_axes"]

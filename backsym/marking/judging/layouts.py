"""When the layout of an answer is that of its target.  Knows shapes only."""

from __future__ import annotations

from backsym.core.expr import Shape, scalar_if_ones


def same_layout(shape: Shape, target: Shape) -> bool:
    """Whether an array of this shape has the layout of the target: a column [D, 1] counts as a vector [D]."""
    if shape == target or scalar_if_ones(shape) == scalar_if_ones(target):
        return True
    if len(shape) == 2 and len(target) == 1:
        return shape == (*target, 1)
    return len(shape) == 1 and len(target) == 2 and target == (*shape, 1)


def transposed_layout(shape: Shape, target: Shape) -> bool:
    """Whether the transpose of an array of this shape has the layout of the target, and the array itself has not."""
    if len(shape) > 2 or same_layout(shape, target):
        return False
    flipped = (1, *shape) if len(shape) == 1 else shape[::-1]
    return same_layout(flipped, target)

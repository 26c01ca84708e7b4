"""Left sides of answers: ``dL/dW2[k,j]``, a transpose of one, or a name of the student's own.

Knows syntax trees; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backsym.reading.syntax import Node


@dataclass(frozen=True)
class Left:
    """What a statement is about: the derivative by ``quantity``, or else a ``name`` of the student's own.

    ``indices`` are the nodes of its indices, None for the whole; ``transposed`` tells that it is written transposed.
    """

    quantity: str | None
    name: str | None
    indices: tuple[Node, ...] | None
    transposed: bool = False


def left_of(tree: Node, loss: str) -> Left | None:
    """What a tree is as a left side; None for any other expression."""
    transposed = False
    indices: tuple[Node, ...] | None = None
    while tree.kind in ("transpose", "entry", "column"):
        if tree.kind == "transpose":
            transposed = not transposed
        elif tree.kind == "entry":
            if indices is not None:
                return None
            indices = tree.children[1:]
            if transposed:
                return None
        tree = tree.children[0]
    if indices is not None and transposed:
        indices, transposed = indices[::-1], False
    if tree.kind == "name":
        return Left(None, tree.value, indices, transposed)
    if tree.kind == "call" and tree.value == "grad" and len(tree.children) == 1 and tree.children[0].kind == "name":
        return Left(tree.children[0].value, None, indices, transposed)
    if tree.kind == "partial" and tree.children[0].kind == "name" and tree.children[0].value == loss:
        below = tree.children[1]
        if below.kind == "entry" and indices is None:
            return Left(below.children[0].value, None, below.children[1:], transposed)
        if below.kind == "name":
            return Left(below.value, None, indices, transposed)
    return None


def letters_of(indices: Sequence[Node]) -> list[str]:
    return [ix.value for ix in indices if ix.kind == "name"]

r"""Equations of a lecture note that leave the index of the data point out: ``A_k = \exp(Z_k)`` for matrices A and Z.

Where the left side has one index and its quantity two axes, the missing first index is put in, there and at every other
such quantity of the equation.

Knows syntax trees and declared shapes; resolves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from backsym.core.expr import Shape
from backsym.reading.syntax import Node, node, walk

_LETTERS = "nmijklabcdpqrstuvw"


def with_rows(lhs: Node, rhs: Node, shapes: Mapping[str, Shape]) -> tuple[Node, Node, str | None]:
    """Both sides with the letter of the rows put in, and that letter; None if nothing is left out."""
    if lhs.kind != "entry" or not _lacks_row(lhs, shapes):
        return lhs, rhs, None
    name, index = lhs.children
    rows, columns = shapes[name.value]
    if index.children and index.children[0].value != columns and index.children[0].value == rows:
        return lhs, rhs, None
    used = {tree.value for side in (lhs, rhs) for tree in walk(side)}
    letter = next((letter for letter in _LETTERS if letter not in used), None)
    if letter is None:
        return lhs, rhs, None
    return _put_in(lhs, letter, shapes), _put_in(rhs, letter, shapes), letter


def _lacks_row(entry: Node, shapes: Mapping[str, Shape]) -> bool:
    array = entry.children[0]
    return array.kind == "name" and len(shapes.get(array.value, ())) == 2 and len(entry.children) == 2


def _put_in(tree: Node, letter: str, shapes: Mapping[str, Shape]) -> Node:
    if tree.kind == "entry" and _lacks_row(tree, shapes):
        array, index = tree.children
        return node("entry", tree.value, (array, Node("name", letter, (), index.span), index), tree.span)
    if not tree.children:
        return tree
    return tree._replace(children=tuple(_put_in(child, letter, shapes) for child in tree.children))

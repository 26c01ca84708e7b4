"""The neutral syntax tree that every way of writing an expression is read into.

A tree says how a text is grouped, not what its names mean.  Its kinds:

    num        value: the number as written
    name       value: the name as written, with its primes; π is the number.  As an index letter that is summed over
               it may have one child, a num or name: its range, where the author wrote one
    add, mul, matmul   two or more children, in the author's order; a subtracted term is a neg.
               In an add or mul whose value is ``matrix`` arrays have one shape: nothing broadcasts.
               An add whose value is ``columns`` stands in a formula, where [D, 1] beside [D] is the same column;
               so for div
    product    two or more children: a product whose sign does not say which; arrays multiply as matrices, scalars scale
    terms      two or more children: a product in a formula; value: its signs, a space for juxtaposition, . x for \\cdot
               and \\times, o * for element-wise ones.  Shapes decide what it is (``formulas``)
    bare       value: ones, zeros or eye: such an array in a formula, with a size that its neighbours tell
    column     one child, in a formula where a vector is expected: an array [D, 1] is that vector
               In code, ``numpy``: as NumPy multiplies, where a vector on the left is summed over, and broadcasts
               (add and div, too)
    array      an operation of array libraries; value: its name and facts, such as ``expand 1`` (``meaning.arrays``)
    subscript  the array, then for each axis a num, or a slice: value ``new``, ``...`` or none, with its two bounds
    neg, transpose     one child
    div, pow           two children; a pow whose value is ``matrix`` is a matrix power if its base is a matrix;
               a pow whose value is ``formula`` is element-wise unless its base is a square matrix;
               one whose value is ``square`` is a matrix power if its base is a square matrix
    entry      the array, then one num, name or shift for each axis
    shift      an index that is a sum of parts; only as an index
    part       value: a whole factor; one child, the name of a letter, or none: the factor itself
    call       value: the function's name with its primes; children are its arguments
    keyword    value: the keyword; one child; only as an argument
    pick       value: max or min; the body, the letters that it is over, then a position for each letter: 1 where the
               extreme is first reached there
    cmp        value: the comparison; two children
    partial    two children, each a name or an entry of a name (without the ``d``): d first / d second;
               with the value ``direct`` it is local even if the first is the loss

This module must not know about declared symbols.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backsym.core.expr import Span

MAX_NESTING = 64
"""Parentheses, calls, signs and powers inside each other."""

MAX_DEPTH = 100
"""Depth of the tree; it bounds the recursion of everything that reads one."""


class Node(NamedTuple):
    """Compares by kind, value and children.  (A tuple, because reading an answer makes many.)"""

    kind: str
    value: str
    children: tuple[Node, ...]
    span: Span
    depth: int = 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:3])


def node(kind: str, value: str, children: tuple[Node, ...], span: Span) -> Node:
    """A node with its depth filled in."""
    depth = 1
    for child in children:
        if child.depth >= depth:
            depth = child.depth + 1
    # Node(...) itself takes twice as long, and trees have many.
    return tuple.__new__(Node, (kind, value, children, span, depth))


def walk(tree: Node) -> Iterator[Node]:
    """The node and all below it, in the author's order."""
    pending = [tree]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(current.children))


def as_index(tree: Node) -> Node:
    """A sum of letters, whole multiples and numbers as the index that it is, ``i + 1``; anything else as it is."""
    if tree.kind != "add":
        return tree
    parts = [_part(term) for term in tree.children]
    if any(part is None for part in parts):
        return tree
    return node("shift", "", tuple(part for part in parts if part is not None), tree.span)


def _part(term: Node, sign: str = "") -> Node | None:
    """A summand of an index: its value is the whole factor, its child the letter, if there is one."""
    if term.kind == "neg" and not sign:
        return _part(term.children[0], "-")
    if term.kind == "num" and term.value.isdecimal():
        return node("part", sign + term.value, (), term.span)
    if term.kind == "name":
        return node("part", sign + "1", (term,), term.span)
    if term.kind in ("mul", "product", "terms") and [factor.kind for factor in term.children] == ["num", "name"]:
        factor, letter = term.children
        return node("part", sign + factor.value, (letter,), term.span) if factor.value.isdecimal() else None
    if term.kind == "mul" and [factor.kind for factor in term.children] == ["name", "name"]:
        return node("part", sign + "1", term.children, term.span)  # The size of a dimension times a letter.
    return None

r"""Members of families, ``\mathbf{w}^\top \mathbf{x}_n``, written entry by entry: ``\sum_d w_d x_{nd}``.

A family is an array with its index first: x_n is the n-th row of X, a column.  An equation in which members stand as
whole vectors or matrices is rewritten as a syntax tree, with a letter for each axis that the author leaves out.

Knows syntax trees and the axes of names; resolves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count

from backsym.core.functions import FUNCTIONS
from backsym.reading.notes.shapes import Axes, Shapes
from backsym.reading.syntax import Node, node, walk

_LETTERS = "kjihdmpqrsuvabcg"
_ELEMENTWISE = "o*"


class NotByEntries(Exception):
    """Something that stands with members and is not written entry by entry; ``tree`` is it."""

    def __init__(self, tree: Node):
        super().__init__(tree.kind)
        self.tree = tree


def has_members(tree: Node, shapes: Mapping[str, Axes]) -> bool:
    """Whether a member of a family that is itself an array stands in a tree."""
    return any(_is_member(part, shapes) for part in walk(tree))


def _is_member(tree: Node, shapes: Mapping[str, Axes]) -> bool:
    array = tree.children[0] if tree.kind == "entry" else None
    return array is not None and array.kind == "name" and len(tree.children) - 1 < len(shapes.get(array.value, ()))


def by_entries(lhs: Node, rhs: Node, shapes: Mapping[str, Axes]) -> tuple[Node, Node]:
    """Both sides entry by entry, if members stand in them; raises NotByEntries."""
    if not (has_members(lhs, shapes) or has_members(rhs, shapes)):
        return lhs, rhs
    return _Writer(lhs, rhs, shapes).sides(lhs, rhs)


class _Writer:
    def __init__(self, lhs: Node, rhs: Node, shapes: Mapping[str, Axes]):
        self.declared = shapes
        self.axes = Shapes(shapes, {})
        used = {part.value for side in (lhs, rhs) for part in walk(side) if part.kind == "name"}
        used |= {*shapes} | {axis for axes in shapes.values() for axis in axes}
        letters = chain(_LETTERS, (f"{letter}{'_'}{n}" for n in count(1) for letter in "kjid"))
        self.free: Iterator[str] = (letter for letter in letters if letter not in used)

    def sides(self, lhs: Node, rhs: Node) -> tuple[Node, Node]:
        missing: Axes = ()
        if lhs.kind == "entry" and lhs.children[0].kind == "name":
            missing = self.declared.get(lhs.children[0].value, ())[len(lhs.children) - 1 :]
        elif lhs.kind == "name":
            missing = self.declared.get(lhs.value, ())
        letters = self.letters(missing, lhs)
        return self.entry(lhs, letters) if letters else lhs, self.entry(rhs, letters)

    # --- letters ---

    def letters(self, axes: Sequence[str], at: Node) -> tuple[Node, ...]:
        """A new letter for each axis, with its range."""
        return tuple(Node("name", next(self.free), (Node("name", axis, (), at.span),), at.span, 2) for axis in axes)

    def shape(self, tree: Node) -> Axes:
        if tree.kind == "entry":
            array = tree.children[0]
            known = self.declared.get(array.value) if array.kind == "name" else self.axes.of(array)
            if known is None:
                raise NotByEntries(tree)
            return tuple(known)[len(tree.children) - 1 :]
        if tree.kind == "bare":
            return ()
        axes = self.axes.of(tree)
        if axes is None:
            raise NotByEntries(tree)
        return tuple(self.axes.root(axis) for axis in axes)

    # --- entries ---

    def entry(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        """The entry of an expression at these letters, one for each of its axes; a number is the same everywhere."""
        if not has_members(tree, self.declared) and not letters:
            return tree
        if not self.shape(tree) and tree.kind in ("name", "num", "bare"):
            return self.number(tree)
        rule = _RULES.get(tree.kind)
        if rule is None:
            raise NotByEntries(tree)
        return rule(self, tree, letters)

    def number(self, tree: Node) -> Node:
        if tree.kind != "bare":
            return tree
        if tree.value == "eye":
            raise NotByEntries(tree)
        return Node("num", "1" if tree.value == "ones" else "0", (), tree.span)

    def name(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        if len(self.shape(tree)) != len(letters):
            raise NotByEntries(tree)
        return node("entry", "", (tree, *letters), tree.span)

    def member(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        array = tree.children[0]
        rest = self.shape(tree)
        if array.kind != "name" or len(rest) not in (0, len(letters)):
            raise NotByEntries(tree)
        return node("entry", tree.value, (*tree.children, *(letters if rest else ())), tree.span)

    def mapped(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        """Sums, quotients and element-wise functions: each operand at the same letters, or a number."""
        children = tuple(self.operand(child, letters) for child in tree.children)
        return node(tree.kind, tree.value, children, tree.span)

    def operand(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        shape = self.shape(tree)
        if shape and len(shape) != len(letters):
            raise NotByEntries(tree)
        return self.entry(tree, letters if shape else ())

    def power(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        base, exponent = tree.children
        if base.kind == "call" and base.value == "norm" and exponent.kind == "num" and exponent.value == "2":
            return self.squares(base.children[0])
        if self.shape(base) and tree.value in ("matrix", "formula", "square") and len(self.shape(base)) > 1:
            raise NotByEntries(tree)
        return self.mapped(tree, letters)

    def squares(self, tree: Node) -> Node:
        """The sum of the squares of all entries."""
        letters = self.letters(self.shape(tree), tree)
        two = Node("num", "2", (), tree.span)
        square = node("pow", "formula", (self.entry(tree, letters), two), tree.span)
        return self.summed(square, letters)

    def summed(self, body: Node, letters: Sequence[Node]) -> Node:
        return node("call", "sum", (body, *letters), body.span) if letters else body

    def transposed(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        inner = tree.children[0]
        if len(self.shape(inner)) != 2:
            raise NotByEntries(tree)
        return self.entry(inner, letters[::-1])

    # --- products ---

    def product(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        groups: list[list[Node]] = [[tree.children[0]]]
        signs: list[str] = [""]
        for sign, factor in zip(tree.value, tree.children[1:], strict=True):
            if sign in _ELEMENTWISE:
                groups.append([factor])
                signs.append("")
            else:
                groups[-1].append(factor)
                signs[-1] += sign
        done = [self.matrix_product(group, sign, letters, tree) for group, sign in zip(groups, signs, strict=True)]
        return done[0] if len(done) == 1 else node("terms", "o" * (len(done) - 1), tuple(done), tree.span)

    def matrix_product(self, factors: Sequence[Node], signs: str, letters: tuple[Node, ...], tree: Node) -> Node:
        """Numbers scale; of arrays the axis to the right of each is summed with the one to the left of the next."""
        scalars: list[Node] = []
        arrays: list[tuple[Node, str | None, str | None]] = []
        dotted: list[bool] = []
        dot = False
        for factor, sign in zip(factors, " " + signs, strict=True):
            dot = dot or sign == "."
            sides = self.sides_of(factor)
            if sides == (None, None):
                scalars.append(self.entry(factor, ()))
            else:
                arrays.append((factor, *sides))
                dotted.append(dot)
                dot = False
        for n in range(1, len(arrays)):
            (first, left, before), (_, after, right) = arrays[n - 1 : n + 1]
            if dotted[n] and before is None and right is None and after is not None:
                arrays[n - 1] = (first, None, left)  # The scalar product of two columns.
        if not arrays:
            return self.times(scalars, tree)
        return self.times([*scalars, self.contracted(arrays, letters, tree)], tree)

    def times(self, factors: Sequence[Node], tree: Node) -> Node:
        return factors[0] if len(factors) == 1 else node("terms", " " * (len(factors) - 1), tuple(factors), tree.span)

    def sides_of(self, factor: Node) -> tuple[str | None, str | None]:
        """The axis to the left and the one to the right of a factor: a column has only the left one."""
        row = factor.kind == "transpose" and len(self.shape(factor.children[0])) == 1
        shape = self.shape(factor.children[0] if row else factor)
        if len(shape) > 2:
            raise NotByEntries(factor)
        if row:
            return None, shape[0]
        return (shape[0] if shape else None), (shape[1] if len(shape) == 2 else None)

    def contracted(
        self, arrays: Sequence[tuple[Node, str | None, str | None]], letters: tuple[Node, ...], tree: Node
    ) -> Node:
        free = list(letters)
        summed: list[Node] = []
        factors: list[Node] = []
        right: Node | None = None
        for n, (factor, left_axis, right_axis) in enumerate(arrays):
            if (right is None) != (left_axis is None or n == 0) or (right is not None and left_axis is None):
                raise NotByEntries(tree)
            mine = [] if left_axis is None else [right or self.taken(free, tree)]
            right = None
            if right_axis is not None and n < len(arrays) - 1:
                (right,) = self.letters((right_axis,), factor)
                summed.append(right)
                mine.append(right)
            elif right_axis is not None:
                mine.append(self.taken(free, tree))
            factors.append(self.at(factor, tuple(mine)))
        if free:
            raise NotByEntries(tree)
        return self.summed(self.times(factors, tree), summed)

    def taken(self, free: list[Node], tree: Node) -> Node:
        if not free:
            raise NotByEntries(tree)
        return free.pop(0)

    def at(self, factor: Node, letters: tuple[Node, ...]) -> Node:
        row = factor.kind == "transpose" and len(self.shape(factor.children[0])) == 1
        return self.entry(factor.children[0] if row else factor, letters)

    # --- calls ---

    def call(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        name = tree.value.rstrip("'")
        if name in _CALLS:
            return _CALLS[name](self, tree, letters)
        kind = FUNCTIONS[name].kind if name in FUNCTIONS else "elementwise"
        if kind != "elementwise" or any(child.kind == "keyword" for child in tree.children):
            raise NotByEntries(tree)
        return self.mapped(tree, letters)

    def total(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        """A sum over letters, or over all entries."""
        body, *over = tree.children
        if any(other.kind != "name" for other in over):
            raise NotByEntries(tree)
        if over:
            return node("call", tree.value, (self.operand(body, letters), *over), tree.span)
        own = self.letters(self.shape(body), tree)
        return node("call", tree.value, (self.entry(body, own), *own), tree.span)

    def norm(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        return node("call", "sqrt", (self.squares(tree.children[0]),), tree.span)

    def softmax(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        """Of a member as it stands, an entry of the softmax of all rows; else the quotient of exponentials."""
        inner = tree.children[0]
        if len(letters) != 1 or len(self.shape(inner)) != 1:
            raise NotByEntries(tree)
        if _is_member(inner, self.declared):
            array, *indices = inner.children
            whole = node("call", tree.value, (array,), tree.span)
            return node("entry", "", (whole, *indices, *letters), tree.span)
        if tree.value != "softmax":
            raise NotByEntries(tree)
        above = node("call", "exp", (self.entry(inner, letters),), tree.span)
        return node("div", "columns", (above, self.exponentials(inner)), tree.span)

    def exponentials(self, inner: Node) -> Node:
        own = self.letters(self.shape(inner), inner)
        return self.summed(node("call", "exp", (self.entry(inner, own),), inner.span), own)

    def logsumexp(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        inner = tree.children[0]
        if letters or len(self.shape(inner)) != 1:
            raise NotByEntries(tree)
        return node("call", "log", (self.exponentials(inner),), tree.span)

    def dot(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        first, second = tree.children
        own = self.letters(self.shape(first), tree)
        return self.summed(self.times([self.entry(first, own), self.entry(second, own)], tree), own)

    def squared_error(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        output, target = tree.children
        difference = self.minus(output, target, tree)
        half = node("div", "", (Node("num", "1", (), tree.span), Node("num", "2", (), tree.span)), tree.span)
        return self.times([half, self.squares(difference)], tree)

    def minus(self, first: Node, second: Node, tree: Node) -> Node:
        return node("add", "columns", (first, node("neg", "", (second,), tree.span)), tree.span)

    def cross_entropy(self, tree: Node, letters: tuple[Node, ...]) -> Node:
        output, target = tree.children
        own = self.letters(self.shape(output), tree)
        logarithm = node("call", "log", (self.entry(output, own),), tree.span)
        body = self.times([self.operand(target, own), logarithm], tree)
        return node("neg", "", (self.summed(body, own),), tree.span)


_CALLS: dict[str, Callable[[_Writer, Node, tuple[Node, ...]], Node]] = {
    "sum": _Writer.total,
    "mean": _Writer.total,
    "norm": _Writer.norm,
    "softmax": _Writer.softmax,
    "log_softmax": _Writer.softmax,
    "logsumexp": _Writer.logsumexp,
    "dot": _Writer.dot,
    "squared_error": _Writer.squared_error,
    "cross_entropy": _Writer.cross_entropy,
}
_RULES: dict[str, Callable[[_Writer, Node, tuple[Node, ...]], Node]] = {
    "name": _Writer.name,
    "entry": _Writer.member,
    "neg": _Writer.mapped,
    "add": _Writer.mapped,
    "div": _Writer.mapped,
    "mul": _Writer.mapped,
    "cmp": _Writer.mapped,
    "pow": _Writer.power,
    "transpose": _Writer.transposed,
    "terms": _Writer.product,
    "call": _Writer.call,
}

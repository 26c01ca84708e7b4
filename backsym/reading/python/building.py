"""What makes neutral trees of Python's: nodes with their places, and what conditions and choices are.

Knows no names and no calls; ``node``, which turns any tree, is the visitor's.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.meaning.arrays import NUMPY
from backsym.reading.python.lexer import Code
from backsym.reading.syntax import MAX_DEPTH, MAX_NESTING, Node, node

_MATHEMATICS = {"add": "columns", "div": "columns", "mul": ""}
"""The values of the same operations by the customs of mathematics, where a column [D, 1] is a vector."""

_OPPOSITE = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Call:
    """A call: ``path`` is what stands before its name, ``np.multiply`` of ``np.multiply.outer``.

    The owner of a method is its first argument.
    """

    name: str
    path: tuple[str, ...]
    args: tuple[ast.expr, ...]
    keywords: Mapping[str, ast.expr]
    at: ast.expr
    method: bool = False


class Builder(ABC):
    """Makes nodes, with their places in the text that the code was written from."""

    def __init__(self, source: Source, code: Code, *, mathematical: bool):
        self.source, self.code, self.mathematical = source, code, mathematical

    @abstractmethod
    def node(self, tree: ast.expr) -> Node:
        """The neutral tree of an expression of Python."""

    @abstractmethod
    def item(self, tree: ast.expr) -> Node:
        """What stands between brackets for one axis."""

    @abstractmethod
    def operand(self, tree: ast.expr) -> Node:
        """The same of a factor of a product of arrays, which is no number."""

    def span(self, at: ast.expr | ast.keyword) -> tuple[int, int]:
        start = self.code.starts.get(at.col_offset, 0)
        return start, max(start + 1, self.code.ends.get(at.end_col_offset or 0, len(self.source.text)))

    def refusal(self, message: Said, at: ast.expr | ast.keyword, hint: Said | None = None) -> InputError:
        return self.source.error(message, self.span(at), hint)

    def make(self, kind: str, value: str, children: Sequence[Node], at: ast.expr | ast.keyword) -> Node:
        if self.mathematical:
            value = "square" if kind == "pow" else _MATHEMATICS.get(kind, value) if value == NUMPY else value
        made = node(kind, value, tuple(children), self.span(at))
        if made.depth > MAX_DEPTH:
            raise self.refusal(say("plain.nested_too_deep", limit=MAX_NESTING), at)
        return made

    def number(self, value: str, at: ast.expr | ast.keyword) -> Node:
        return self.make("num", value, (), at)

    def call(self, name: str, children: Sequence[Node], at: ast.expr | ast.keyword) -> Node:
        return self.make("call", name, children, at)

    def array(self, operation: str, children: Sequence[Node], at: ast.expr | ast.keyword) -> Node:
        """An operation on arrays that the plain language does not have, by its name and facts."""
        return self.make("array", operation, children, at)

    def integer(self, tree: ast.expr | None) -> int | None:
        """A whole number, perhaps with a sign; None for anything else."""
        sign = 1
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
            sign = -1 if isinstance(tree.op, ast.USub) else 1
            tree = tree.operand
        if isinstance(tree, ast.Constant) and type(tree.value) is int:
            return sign * tree.value
        return None

    def name_of(self, tree: ast.expr) -> str:
        """The last name of ``float``, ``np.float32``, ``'int'``; empty for anything else."""
        if isinstance(tree, ast.Attribute):
            return tree.attr
        if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            return tree.value
        return tree.id if isinstance(tree, ast.Name) else "None" if is_none(tree) else ""

    def negated(self, condition: Node, at: ast.expr | ast.keyword) -> Node:
        """1 where a condition does not hold."""
        if condition.kind == "cmp":
            return self.make("cmp", _OPPOSITE[condition.value], condition.children, at)
        return self.make("add", NUMPY, (self.number("1", at), self.make("neg", "", (condition,), at)), at)

    def both(self, conditions: Sequence[Node], at: ast.expr | ast.keyword) -> Node:
        return conditions[0] if len(conditions) == 1 else self.make("mul", NUMPY, conditions, at)

    def either(self, conditions: Sequence[Node], at: ast.expr | ast.keyword) -> Node:
        return self.negated(self.both([self.negated(c, at) for c in conditions], at), at)

    def choice(self, condition: Node, yes: Node, no: Node, at: ast.expr | ast.keyword) -> Node:
        """``yes`` where the condition holds, else ``no``; a branch that is 0 is no term."""
        mask = condition if is_condition(condition) else self.make("cmp", "!=", (condition, self.number("0", at)), at)
        terms = [
            self.make("mul", NUMPY, (mark, branch), at)
            for mark, branch in ((mask, yes), (self.negated(mask, at), no))
            if not _is_zero(branch)
        ]
        if not terms:
            return self.make("mul", NUMPY, (mask, yes), at)
        return terms[0] if len(terms) == 1 else self.make("add", NUMPY, terms, at)


def is_condition(tree: Node) -> bool:
    """Whether a tree is 1 where something holds, and 0 elsewhere."""
    if tree.kind == "mul":
        return all(map(is_condition, tree.children))
    if tree.kind == "add":
        one, other = tree.children[0], tree.children[-1]
        pair = len(tree.children) == 2 and one.kind == "num" and one.value == "1" and other.kind == "neg"
        return pair and is_condition(other.children[0])
    return tree.kind == "cmp"


def _is_zero(tree: Node) -> bool:
    return tree.kind == "num" and not tree.value.strip("0.")


def is_none(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value is None


def rounds(e: ast.expr) -> ast.expr | None:
    """The size T of ``range(T)`` and ``range(1, T + 1)``, forwards or backwards: all rounds; None for anything else.

    A sum needs no order.
    """
    if isinstance(e, ast.Call) and _called(e) == "reversed" and len(e.args) == 1 and not e.keywords:
        e = e.args[0]
    if not isinstance(e, ast.Call) or _called(e) != "range" or e.keywords:
        return None
    if len(e.args) == 1:
        return e.args[0]
    ends = [ast.unparse(end) for end in e.args]
    sized = next((inner for end in e.args[:2] for inner in ast.walk(end) if isinstance(inner, ast.Name)), None)
    size = sized.id if sized is not None else ""
    return sized if ends in (["1", f"{size} + 1"], [size, "0", "-1"], [f"{size} - 1", "-1", "-1"]) else None


def _called(e: ast.Call) -> str:
    return e.func.id if isinstance(e.func, ast.Name) else ""

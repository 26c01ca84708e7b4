"""Assignments in lines that are short enough: long sums in several steps, long parts under names of their own.

This module must not know about networks or about any array library.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backsym.printing.numpy.source import WIDTH, dotted, expressions, name, replaced, same, text_of

Fresh = Callable[[str], str]
"""Gives a name that is not taken, like the one that is wished for."""

_LEAST = 12
"""A part shorter than this is not worth a name."""


@dataclass(frozen=True)
class Assignment:
    target: str
    value: ast.expr

    @property
    def text(self) -> str:
        return f"{self.target} = {text_of(self.value)}"

    def lines(self, indent: int) -> list[str]:
        """The text, indented; a call that is too long has its arguments on lines of their own."""
        pad = " " * indent
        value = self.value
        if len(self.text) + indent <= WIDTH or not _wraps(value):
            return [pad + self.text]
        assert isinstance(value, ast.Call)
        arguments = _arguments(value)
        inside = ", ".join(arguments)
        fits = len(inside) + indent + 4 <= WIDTH
        body = [inside] if fits else [f"{argument}," for argument in arguments]
        return [f"{pad}{self.target} = {text_of(value.func)}(", *(f"{pad}    {line}" for line in body), f"{pad})"]


def broken(assignment: Assignment, indent: int, fresh: Fresh) -> Iterator[Assignment]:
    """The same in lines that fit where they can be made to."""
    target, value = assignment.target, assignment.value
    if len(assignment.text) + indent <= WIDTH:
        yield assignment
        return
    part = _repeated(value)
    terms = _terms(value)
    if part is None and len(terms) > 1 and not (isinstance(terms[0][1], ast.Name) and terms[0][1].id == target):
        yield from _in_steps(target, terms, indent, fresh)
        return
    if part is None and _wraps(value) and len(", ".join(_arguments(value))) + indent + 4 <= WIDTH:
        yield assignment
        return
    part = part or _longest(value, WIDTH - indent - len("contraction2 = "))
    if part is None:
        yield assignment
        return
    own = fresh(_kind(part))
    yield from broken(Assignment(own, part), indent, fresh)
    short = replaced(value, lambda inner: name(own) if same(inner, part) else inner)
    yield from broken(Assignment(target, short), indent, fresh)


def _wraps(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and bool(dotted(value.func))


def _arguments(value: ast.expr) -> list[str]:
    assert isinstance(value, ast.Call)
    return [text_of(arg) for arg in value.args] + [f"{kw.arg}={text_of(kw.value)}" for kw in value.keywords]


def _in_steps(
    target: str, terms: list[tuple[ast.operator, ast.expr]], indent: int, fresh: Fresh
) -> Iterator[Assignment]:
    """target = first; target = target + second; ..., as many terms a line as fit."""
    total = terms[0][1]
    for op, term in terms[1:]:
        longer = Assignment(target, ast.BinOp(total, op, term))
        if len(longer.text) + indent > WIDTH:
            yield from broken(Assignment(target, total), indent, fresh)
            longer = Assignment(target, ast.BinOp(name(target), op, term))
        total = longer.value
    yield from broken(Assignment(target, total), indent, fresh)


def _terms(value: ast.expr) -> list[tuple[ast.operator, ast.expr]]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)):
        return [*_terms(value.left), (value.op, value.right)]
    return [(ast.Add(), value)]


def _parts(value: ast.expr) -> list[ast.expr]:
    """What may get a name of its own: calls, operations and what is taken from them."""
    called = {id(node.func) for node in expressions(value) if isinstance(node, ast.Call)}
    kinds = (ast.Call, ast.BinOp, ast.Subscript)
    return [
        node
        for node in list(expressions(value))[1:]
        if isinstance(node, kinds) and id(node) not in called and len(text_of(node)) >= _LEAST
        and not (isinstance(node, ast.Subscript) and dotted(node.value).endswith(".shape"))
    ]  # fmt: skip


def _repeated(value: ast.expr) -> ast.expr | None:
    """The longest part that occurs more than once."""
    parts = _parts(value)
    counts = Counter(ast.dump(part) for part in parts)
    often = [part for part in parts if counts[ast.dump(part)] > 1]
    return max(often, key=lambda part: len(text_of(part)), default=None)


def _longest(value: ast.expr, width: int) -> ast.expr | None:
    """The longest part that fits on a line; else the shortest of those that do not."""
    parts = sorted(_parts(value), key=lambda part: len(text_of(part)))
    fitting = [part for part in parts if len(text_of(part)) <= width]
    return fitting[-1] if fitting else parts[0] if parts else None


def _kind(part: ast.expr) -> str:
    """A name for a part, by what it is."""
    if "arange" in ast.dump(part) and not isinstance(part, ast.Call):
        return "place"
    if isinstance(part, ast.Subscript):
        return "chosen"
    if isinstance(part, ast.BinOp):
        return {ast.MatMult: "product", ast.Add: "total", ast.Sub: "difference", ast.Div: "ratio"}.get(
            type(part.op), "factor"
        )
    assert isinstance(part, ast.Call)
    function = part.func.attr if isinstance(part.func, ast.Attribute) else dotted(part.func)
    return _KINDS.get(function, "factor")


_KINDS = {
    "where": "mask", "to": "mask", "einsum": "contraction", "sqrt": "root", "sigmoid": "gate", "sum": "total",
    "softmax": "weights", "logsumexp": "total", "outer": "product", "exp": "exponential",
}  # fmt: skip

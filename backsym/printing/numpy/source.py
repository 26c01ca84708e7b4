"""Python expressions as trees and as text in the style of Black, so that no formatter is needed when code is written.

A matrix product beside an element-wise one is parenthesised, which Python would not need and readers do.

This module must not know about networks or about any array library.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

from backsym.core.python import expression_of

WIDTH = 88
"""The line length of Black."""


class Level(IntEnum):
    """How tightly a text holds together, in Python's grammar."""

    NAMED = -1
    CHOICE = 0
    COMPARE = 1
    SUM = 2
    PRODUCT = 3
    UNARY = 4
    POWER = 5
    ATOM = 6


def name(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Load())


def call(function: str, *args: ast.expr, **keywords: ast.expr) -> ast.Call:
    """``function(args, keywords)``; the function may be dotted."""
    return ast.Call(expression_of(function), list(args), [ast.keyword(key, value) for key, value in keywords.items()])


def method(value: ast.expr, attribute: str, *args: ast.expr) -> ast.Call:
    """``value.attribute(args)``."""
    return ast.Call(ast.Attribute(value, attribute, ast.Load()), list(args), [])


def same(a: ast.expr, b: ast.expr) -> bool:
    """Whether two expressions are one but for the order of factors and the writing of powers: ``z * z``, ``z ** 2``."""
    return ast.dump(a) == ast.dump(b) or _key(a) == _key(b)


def _key(node: ast.AST) -> tuple[object, ...]:
    """What two expressions have in common if they are one."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Pow)):
        powers: dict[tuple[object, ...], int] = {}
        for factor, exponent in _factors(node, 1):
            powers[factor] = powers.get(factor, 0) + exponent
        return ("product", frozenset(powers.items()))
    fields = []
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        fields.append((name, *(_key(part) if isinstance(part, ast.AST) else repr(part) for part in parts)))
    return (type(node).__name__, *fields)


def _factors(node: ast.expr, times: int) -> Iterator[tuple[tuple[object, ...], int]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left, times)
        yield from _factors(node.right, times)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and is_whole(node.right):
        assert isinstance(node.right, ast.Constant)
        yield from _factors(node.left, times * int(str(node.right.value)))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield ("power", _key(node.left), _key(node.right)), times
    else:
        yield _key(node), times


def is_whole(node: ast.expr) -> bool:
    """Whether a node is a positive whole number."""
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0


def dotted(node: ast.expr) -> str:
    """``np.exp`` of such a tree; empty for what is no chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def is_call(node: ast.expr, function: str) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == function


def is_number(node: ast.expr, value: float) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, str) and node.value == value


def names_of(node: ast.AST) -> Iterator[str]:
    """All names, in the order of the text, repeated where they are."""
    if isinstance(node, ast.Name):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from names_of(child)


def expressions(node: ast.AST) -> Iterator[ast.expr]:
    """The expression and those inside it, outer ones first."""
    if isinstance(node, ast.expr):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from expressions(child)


def replaced(node: ast.expr, rule: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """A copy with ``rule`` applied to every expression, inner ones first."""

    class Walker(ast.NodeTransformer):
        def visit(self, inner: ast.AST) -> Any:
            done = super().generic_visit(inner)
            return rule(done) if isinstance(done, ast.expr) else done

    copied: ast.expr = Walker().visit(expression_of(ast.unparse(node)))
    return copied


def text_of(node: ast.expr) -> str:
    """The text of an expression; raises TypeError for a kind of node that no source here has."""
    return _text(node)[0]


def _text(node: ast.expr) -> tuple[str, Level]:
    rule = _RULES.get(type(node))
    if rule is None:
        raise TypeError(f"no text for the Python node {type(node).__name__}")
    return rule(node)


def _at_least(node: ast.expr, level: Level) -> str:
    text, own = _text(node)
    return text if own >= level else f"({text})"


def _constant(node: ast.Constant) -> tuple[str, Level]:
    if isinstance(node.value, str):
        return '"' + node.value + '"', Level.ATOM
    return repr(node.value), Level.ATOM


def _attribute(node: ast.Attribute) -> tuple[str, Level]:
    return f"{_at_least(node.value, Level.ATOM)}.{node.attr}", Level.ATOM


def _subscript(node: ast.Subscript) -> tuple[str, Level]:
    inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    places = ", ".join(_range(item) if isinstance(item, ast.Slice) else text_of(item) for item in inside)
    return f"{_at_least(node.value, Level.ATOM)}[{places}]", Level.ATOM


def _range(node: ast.Slice) -> str:
    """``1:n``; Black sets off the colon where a bound is more than a name."""
    bounds = [node.lower, node.upper]
    gap = "" if all(bound is None or _simple(bound) for bound in bounds) else " "
    first, last = ("" if bound is None else text_of(bound) for bound in bounds)
    return (f"{first}{gap}" if first else "") + ":" + (f"{gap}{last}" if last else "")


def _choice(node: ast.IfExp) -> tuple[str, Level]:
    return f"{text_of(node.body)} if {text_of(node.test)} else {text_of(node.orelse)}", Level.CHOICE


def _call(node: ast.Call) -> tuple[str, Level]:
    args = [text_of(arg) for arg in node.args] + [f"{kw.arg}={text_of(kw.value)}" for kw in node.keywords]
    return f"{_at_least(node.func, Level.ATOM)}({', '.join(args)})", Level.ATOM


def _tuple(node: ast.Tuple) -> tuple[str, Level]:
    inside = ", ".join(_at_least(item, Level.CHOICE) for item in node.elts)
    return f"({inside}{',' if len(node.elts) == 1 else ''})", Level.ATOM


def _listed(node: ast.ListComp) -> tuple[str, Level]:
    (loop,) = node.generators
    return f"[{text_of(node.elt)} for {text_of(loop.target)} in {text_of(loop.iter)}]", Level.ATOM


def _unary(node: ast.UnaryOp) -> tuple[str, Level]:
    if not isinstance(node.op, ast.USub):
        raise TypeError(f"no text for the operator {type(node.op).__name__}")
    # -x ** 2 is -(x ** 2), which nobody should have to know.
    power = isinstance(node.operand, ast.BinOp) and isinstance(node.operand.op, ast.Pow)
    inner = f"({text_of(node.operand)})" if power else _at_least(node.operand, Level.UNARY)
    return f"-{inner}", Level.UNARY


def _compare(node: ast.Compare) -> tuple[str, Level]:
    sides = [node.left, *node.comparators]
    texts = [_at_least(side, Level.SUM) for side in sides]
    return texts[0] + "".join(
        f" {_COMPARISONS[type(op)]} {text}" for op, text in zip(node.ops, texts[1:], strict=True)
    ), Level.COMPARE  # fmt: skip


def _binary(node: ast.BinOp) -> tuple[str, Level]:
    if isinstance(node.op, ast.Pow):
        base, exponent = _at_least(node.left, Level.ATOM), _at_least(node.right, Level.UNARY)
        close = _simple(node.left) and not isinstance(node.left, ast.UnaryOp) and _simple(node.right)
        return f"{base}**{exponent}" if close else f"{base} ** {exponent}", Level.POWER
    sign = _SIGNS.get(type(node.op))
    if sign is None:
        raise TypeError(f"no text for the operator {type(node.op).__name__}")
    if sign in "+-":
        return f"{_at_least(node.left, Level.SUM)} {sign} {_at_least(node.right, Level.PRODUCT)}", Level.SUM
    left, right = _at_least(node.left, Level.PRODUCT), _at_least(node.right, Level.UNARY)
    inner = _SIGNS.get(type(node.left.op), "") if isinstance(node.left, ast.BinOp) else ""
    if inner in ("*", "/", "@") and (inner == "@") != (sign == "@"):
        left = f"({left})"
    return f"{left} {sign} {right}", Level.PRODUCT


def _simple(node: ast.expr) -> bool:
    """Whether Black writes a power of it without spaces."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, (ast.Name, ast.Constant)) or bool(dotted(node.operand))
    return isinstance(node, ast.Constant) or bool(dotted(node))


_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.MatMult: "@",
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_RULES: dict[type[ast.expr], Callable[[Any], tuple[str, Level]]] = {
    ast.Name: lambda node: (node.id, Level.ATOM),
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.Tuple: _tuple,
    ast.IfExp: _choice,
    ast.NamedExpr: lambda node: (f"{text_of(node.target)} := {text_of(node.value)}", Level.NAMED),
    ast.ListComp: _listed,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BinOp: _binary,
}

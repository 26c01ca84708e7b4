"""Evaluates NumPy source with real NumPy, by a walk over its syntax tree: what code answers are compared with.

Knows arithmetic, comparisons, ``~``, subscripts, attributes, and calls of ``np`` and of arrays' methods; nothing else.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.MatMult: operator.matmul, ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
    ast.Invert: operator.invert, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip


def evaluated(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression; raises whatever NumPy raises."""
    return _value(ast.parse(text, mode="eval").body, {"np": np, "float": float, "int": int, **names})


def _value(tree: ast.AST, names: Mapping[str, Any]) -> Any:
    match tree:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            return names[name]
        case ast.BinOp(left, op, right):
            return _OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.UnaryOp(op, operand):
            return _OPERATORS[type(op)](_value(operand, names))
        case ast.Compare(left, [op], [right]):
            return _OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.Attribute(value, name):
            return getattr(_value(value, names), name)
        case ast.Tuple(parts):
            return tuple(_value(part, names) for part in parts)
        case ast.Slice(lower, upper, None):
            return slice(*(None if part is None else _value(part, names) for part in (lower, upper)))
        case ast.Subscript(value, index):
            return _value(value, names)[_value(index, names)]
        case ast.Call(function, args, keywords):
            given = {k.arg: _value(k.value, names) for k in keywords if k.arg}
            return _value(function, names)(*(_value(arg, names) for arg in args), **given)
    raise TypeError(f"no value of {ast.dump(tree)}")

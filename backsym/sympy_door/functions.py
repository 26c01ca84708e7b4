"""Functions of the table in SymPy's terms, applied to SymPy numbers.

A function that SymPy lacks is written out, so that every result can be evaluated; only abstract functions stay names.
Derivatives of order one are those of the table's formulas, turned into SymPy by the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy


def indicator(op: str, a: Any, b: Any) -> Any:
    """1 where the comparison holds, else 0."""
    return sympy.Piecewise((sympy.Integer(1), _RELATIONS[op](a, b)), (sympy.Integer(0), True))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + sympy.exp(-x))


_RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": sympy.Gt,
    ">=": sympy.Ge,
    "<": sympy.Lt,
    "<=": sympy.Le,
    "==": sympy.Eq,
    "!=": sympy.Ne,
}

VALUES: dict[str, Callable[..., Any]] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "sech": sympy.sech,
    "tanh": sympy.tanh,
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "erf": sympy.erf,
    "sqrt": sympy.sqrt,
    "square": lambda x: x**2,
    "relu": lambda x: sympy.Max(0, x),
    "max": sympy.Max,
    "min": sympy.Min,
    "pow": lambda x, p: x**p,
    "sigmoid": _sigmoid,
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
    "leaky_relu": lambda x, a: sympy.Piecewise((x, x > 0), (a * x, True)),
    "elu": lambda x, a: sympy.Piecewise((x, x > 0), (a * (sympy.exp(x) - 1), True)),
}
"""Every element-wise function of the table; a test compares them with its values."""

"""Functions of the table in SymPy's terms, applied to SymPy numbers and matrices.

What SymPy is told of a function stands in the function's entry (``Function.sympy``).  One that SymPy lacks is written
out, so that every result can be evaluated; only abstract functions stay names.  Derivatives of order one are those of
the table's formulas, turned into SymPy by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from backsym.core.functions import FUNCTIONS, Function


def indicator(op: str, a: Any, b: Any) -> Any:
    """1 where the comparison holds, else 0."""
    return sympy.Piecewise((sympy.Integer(1), _RELATIONS[op](a, b)), (sympy.Integer(0), True))


_RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": sympy.Gt,
    ">=": sympy.Ge,
    "<": sympy.Lt,
    "<=": sympy.Le,
    "==": sympy.Eq,
    "!=": sympy.Ne,
}


def value(function: Function, args: Sequence[Any]) -> Any:
    """The function at SymPy numbers or matrices; None where its entry says nothing of SymPy."""
    if isinstance(function.sympy, str):
        return getattr(sympy, function.sympy)(*args)
    return None if function.sympy is None else function.sympy(sympy, *args)


def own_name(of: type) -> str | None:
    """The function of the table that is SymPy's of this class."""
    return next((name for name, function in FUNCTIONS.items() if function.sympy == of.__name__), None)

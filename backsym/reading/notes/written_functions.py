r"""Formulas that define a function of the table, ``\sigma(a) = \frac{1}{1 + e^{-a}}``, known by their values.

Knows the table of functions and syntax trees.
"""

from __future__ import annotations

from cmath import isclose
from math import prod

from backsym.core.functions import FUNCTIONS
from backsym.reading.syntax import Node

POINTS = (-1.7, -0.6, 0.3, 0.9, 2.1)
"""Where a formula and a function are compared."""


def defines(name: str, tree: Node, letter: str) -> bool:
    """Whether a formula of one letter is the function of that name: by its values."""
    import numpy as np

    function = FUNCTIONS[name]
    if function.value is None or len(function.args) != 1:
        return False
    with np.errstate(all="ignore"):  # A logarithm has no value at some of the points.
        for x in POINTS:
            value = value_at(tree, letter, x)
            if value is None or not isclose(value, complex(function.value(np, x)), rel_tol=1e-9, abs_tol=1e-12):
                return False
    return True


def value_at(tree: Node, letter: str, x: float) -> float | None:
    """The value of a formula of one letter; None if it has other letters or is of another form."""
    import numpy as np

    if tree.kind == "num":
        return float(tree.value)
    if tree.kind == "name":
        return x if tree.value == letter else None
    parts = [value_at(child, letter, x) for child in tree.children]
    values = [part for part in parts if part is not None]
    if len(values) < len(parts) or not values:
        return None
    if tree.kind == "call":
        function = FUNCTIONS.get(tree.value)
        fits = function is not None and function.kind == "elementwise" and len(function.args) == len(values)
        if not fits or function is None or function.value is None:
            return None
        return float(function.value(np, *values))
    if tree.kind == "cmp" and len(values) == 2:
        one, other = values
        holds = {">": one > other, ">=": one >= other, "<": one < other, "<=": one <= other}.get(tree.value)
        return None if holds is None else float(holds)
    if tree.kind in ("add", "mul", "terms"):
        return float(sum(values)) if tree.kind == "add" else prod(values)
    if tree.kind == "neg":
        return -values[0]
    if tree.kind == "div" and values[1] != 0:
        return values[0] / values[1]
    if tree.kind == "pow" and (values[0] > 0 or (values[0] != 0 and values[1].is_integer())):
        return float(values[0] ** values[1])
    return None

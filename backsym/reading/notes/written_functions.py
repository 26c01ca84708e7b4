r"""Formulas that define a function of the table, ``\sigma(a) = \frac{1}{1 + e^{-a}}``, known by their values.

Knows the table of functions and syntax trees.
"""

from __future__ import annotations

from cmath import isclose
from collections.abc import Mapping
from math import prod
from typing import Any

from backsym.core.functions import FUNCTIONS
from backsym.reading.syntax import Node, walk

POINTS = (-1.7, -0.6, 0.3, 0.9, 2.1)
"""Where a formula and a function are compared."""
_STEP = 1e-5


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


def is_slope(tree: Node, of: Node) -> bool:
    """Whether a formula may be the derivative ``f'(z)`` of a function of the table: what is not known may be.

    So may a number, which is that of some arguments.
    """
    function, letter = of.value.removesuffix("'"), of.children[0].value
    if of.children[0].kind != "name" or function not in FUNCTIONS or tree.kind == "num":
        return True
    for x in POINTS:
        sides = [value_at(of._replace(value=function), letter, x + step) for step in (_STEP, -_STEP)]
        after, before, there = (*sides, value_at(tree, letter, x))
        if after is None or before is None or there is None:
            continue
        if not isclose((after - before) / (2 * _STEP), there, rel_tol=1e-4, abs_tol=1e-4):
            return False
    return True


def are_alike(one: Node, other: Node) -> bool:
    """Whether two formulas of the same letters, which are vectors, have the same value.

    What holds something unknown is like all.  One index is that of all entries.
    """
    import numpy as np

    letters = sorted({tree.value for tree in walk(one) if tree.kind == "name"})
    vectors = {name: np.array(POINTS) * (n + 1.3) + 0.1 * n * n for n, name in enumerate(letters)}
    here, there = _of_vectors(one, vectors), _of_vectors(other, vectors)
    return here is None or (there is not None and np.shape(here) == np.shape(there) and bool(np.allclose(here, there)))


def _of_vectors(tree: Node, vectors: Mapping[str, Any]) -> Any:
    """The value of a formula of vectors; None if it is not known."""
    import numpy as np

    if tree.kind in ("num", "name"):
        return float(tree.value) if tree.kind == "num" else vectors.get(tree.value)
    over_index = tree.kind == "call" and tree.value in _OVER_INDEX and tree.children[-1].kind == "name"
    over_index = over_index and len(tree.children) > 1 and tree.children[-1].value not in vectors
    inner = tree.children[:1] if over_index or tree.kind == "entry" else tree.children
    parts = [_of_vectors(child, vectors) for child in inner]
    if not parts or any(part is None for part in parts):
        return None
    turned = len(parts) == 2 and tree.children[0].kind == "transpose"
    if turned or (tree.kind, tree.value) == ("call", "dot"):
        return np.dot(*parts)
    if over_index or (tree.kind, tree.value) == ("call", "norm"):
        return np.linalg.norm(parts[0]) if tree.value == "norm" else getattr(np, tree.value)(parts[0])
    if tree.kind == "call":
        if tree.value in ("max", "min") and len(parts) > 1:
            return getattr(np, f"{tree.value}imum")(*parts)
        value = FUNCTIONS[tree.value].value if tree.value in FUNCTIONS else None
        return value(np, *parts) if value is not None and FUNCTIONS[tree.value].kind == "elementwise" else None
    if tree.kind == "pow":
        return parts[0] ** parts[1]
    if tree.kind == "div":
        return parts[0] / parts[1]
    if tree.kind in ("terms", "mul", "add"):
        return sum(parts) if tree.kind == "add" else prod(parts)
    return {"neg": -parts[0], "transpose": parts[0], "column": parts[0], "entry": parts[0]}.get(tree.kind)


_OVER_INDEX = ("sum", "max", "mean")


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

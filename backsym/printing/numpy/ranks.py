"""How many axes the value of a NumPy expression has.

This module must not know about networks: the ranks of names are handed to it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.printing.numpy.primitives import primitive
from backsym.printing.numpy.source import dotted

Ranks = Mapping[str, int | None]
"""The rank of each name, None for a number; that of a function's value under ``f()``."""

_LARGEST = {
    "exp", "log", "sqrt", "abs", "sign", "sin", "cos", "sinh", "cosh", "tanh", "expm1", "logaddexp", "maximum",
    "minimum", "where", "real",
}  # fmt: skip
"""Element by element: the rank is that of the largest argument."""

_SAME = {"transpose", "swapaxes", "ones_like", "zeros_like", "full_like", "roll"}
_REDUCING = {"sum", "mean", "max", "min", "argmax", "argmin"}
_SHAPED = {"full": 0, "ones": 0, "zeros": 0, "broadcast_to": 1, "reshape": 1}
"""The argument that gives the shape."""

_FIXED = {"outer": 2, "eye": 2, "trace": 0, "arange": 1, "array": 0}


def rank_of(node: ast.expr, ranks: Ranks) -> int | None:
    """The number of axes; None for a number of Python's.  Raises BacksymError for a name or function without one."""
    if isinstance(node, ast.Constant):
        return None
    if isinstance(node, ast.Name):
        if node.id not in ranks:
            raise BacksymError(say("numpy.not_defined", name=node.id))
        return ranks[node.id]
    if isinstance(node, ast.Attribute):
        return None if dotted(node) in ("np.pi", "np.e", "math.pi", "math.e") else rank_of(node.value, ranks)
    if isinstance(node, ast.UnaryOp):
        return rank_of(node.operand, ranks)
    if isinstance(node, ast.Compare):
        return _largest([node.left, *node.comparators], ranks)
    if isinstance(node, ast.IfExp):
        return rank_of(node.body, ranks)
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.MatMult):
            a, b = rank_of(node.left, ranks) or 0, rank_of(node.right, ranks) or 0
            return a + b - 2
        return _largest([node.left, node.right], ranks)
    if isinstance(node, ast.Subscript):
        return _subscript(node, ranks)
    if isinstance(node, ast.Call):
        return _call(node, ranks)
    raise TypeError(f"no rank for the Python node {type(node).__name__}")


def _largest(args: list[ast.expr], ranks: Ranks) -> int | None:
    found = [rank for arg in args if (rank := rank_of(arg, ranks)) is not None]
    return max(found) if found else None


def _subscript(node: ast.Subscript, ranks: Ranks) -> int | None:
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return None
    rank = rank_of(node.value, ranks) or 0
    for item in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
        if isinstance(item, ast.Slice):
            continue
        if isinstance(item, ast.Constant):
            rank += 1 if item.value is None else -1
        else:
            rank += (rank_of(item, ranks) or 0) - 1
    return rank


def _call(node: ast.Call, ranks: Ranks) -> int | None:
    function = dotted(node.func)
    args = node.args
    if isinstance(node.func, ast.Attribute) and not function.startswith("np."):
        function, args = node.func.attr, [node.func.value, *args]
    if isinstance(node.func, ast.Call):  # np.vectorize(math.erf)(x): entry by entry
        return _largest(args, ranks)
    function = function.removeprefix("np.")
    if function in _FIXED:
        return _FIXED[function]
    if function in _SHAPED:
        return _dimensions(args[_SHAPED[function]], ranks)
    if function == "einsum":
        spec = args[0]
        assert isinstance(spec, ast.Constant)
        assert isinstance(spec.value, str)
        if "..." in spec.value:  # a diagonal of the last two axes
            return (rank_of(args[1], ranks) or 0) - 1
        return len(spec.value.split("->")[1])
    if function in _REDUCING:
        return _reduced(node, rank_of(args[0], ranks) or 0)
    if function == "ravel":
        return 1
    if function == "concatenate":
        assert isinstance(args[0], ast.Tuple)
        return _largest(args[0].elts, ranks)
    if function == "diag":
        return 3 - (rank_of(args[0], ranks) or 0)
    if function in _LARGEST or function in ("sigmoid", "erf"):
        return _largest(args, ranks)
    if function in _SAME or function in ("softmax", "log_softmax", "scatter_add"):
        return rank_of(args[0], ranks)
    if function == "logsumexp":
        return (rank_of(args[0], ranks) or 0) - 1
    if f"{function}()" in ranks:  # an abstract function; None: its value has the rank of its first argument
        own = ranks[f"{function}()"]
        return own if own is not None else rank_of(args[0], ranks) or 0
    known = primitive(f"np.{function}")
    if known is not None:
        return known.rank if known.rank is not None else rank_of(args[0], ranks)
    raise BacksymError(say("numpy.unknown_rank", function=function))


def _dimensions(node: ast.expr, ranks: Ranks) -> int | None:
    if isinstance(node, ast.Tuple):
        return len(node.elts)
    if isinstance(node, ast.Call) and dotted(node.func) == "np.shape":
        return rank_of(node.args[0], ranks)
    return 1


def _reduced(node: ast.Call, rank: int) -> int:
    options = {kw.arg: kw.value for kw in node.keywords}
    if "axis" not in options:
        return 0
    if "keepdims" in options:
        return rank
    return rank - (len(options["axis"].elts) if isinstance(options["axis"], ast.Tuple) else 1)

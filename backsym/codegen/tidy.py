"""The NumPy source of a formula as a programmer would rather write it: equal in value, shorter, with named helpers.

This module must not know about networks.
"""

from __future__ import annotations

import ast

from backsym.core.python import expression_of
from backsym.printing.numpy.ranks import Ranks, rank_of
from backsym.printing.numpy.source import call, dotted, is_call, is_number, replaced
from backsym.printing.numpy.stable import RULES

HELPERS = ("sigmoid", "softmax", "log_softmax", "logsumexp", "scatter_add", "erf")
"""Functions that the tidied source may call by these names; the last one is ``math.erf`` for arrays."""


def tidied(node: ast.expr, ranks: Ranks) -> ast.expr:
    """The same value: logistic functions and softmaxes by name, matrix products for
    contractions that are some, no roots squared, no products with diag(v)."""

    def rule(inner: ast.expr) -> ast.expr:
        for rewrite in _REWRITES:
            inner = rewrite(inner, ranks)
        return inner

    return replaced(node, rule)


def _error_function(node: ast.expr, ranks: Ranks) -> ast.expr:
    """np.vectorize(math.erf)(x) -> erf(x)"""
    if isinstance(node, ast.Call) and is_call(node.func, "np.vectorize"):
        return call("erf", *node.args)
    return node


def _squared_root(node: ast.expr, ranks: Ranks) -> ast.expr:
    """sqrt(x) ** 2 -> x"""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and is_call(node.left, "np.sqrt"):
        assert isinstance(node.left, ast.Call)
        if is_number(node.right, 2):
            return node.left.args[0]
    return node


def _double_sum(node: ast.expr, ranks: Ranks) -> ast.expr:
    """np.sum(np.sum(x, axis=0)) -> np.sum(x)"""
    if is_call(node, "np.sum"):
        assert isinstance(node, ast.Call)
        inner = node.args[0]
        if not node.keywords and is_call(inner, "np.sum"):
            assert isinstance(inner, ast.Call)
            return call("np.sum", inner.args[0])
    return node


def _sum_of_transpose(node: ast.expr, ranks: Ranks) -> ast.expr:
    """np.sum(x.T, axis=1) -> np.sum(x, axis=0), and the other way about, for a matrix"""
    if not (isinstance(node, ast.Call) and is_call(node, "np.sum") and [kw.arg for kw in node.keywords] == ["axis"]):
        return node
    inner, axis = node.args[0], node.keywords[0].value
    if not (isinstance(inner, ast.Attribute) and inner.attr == "T" and rank_of(inner, ranks) == 2):
        return node
    if not isinstance(axis, ast.Constant) or axis.value not in (0, 1):
        return node
    return call("np.sum", inner.value, axis=ast.Constant(1 - axis.value))


def _double_minus(node: ast.expr, ranks: Ranks) -> ast.expr:
    """-(-x) -> x"""
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.UnaryOp):
        return node.operand.operand
    return node


def _diagonal(node: ast.expr, ranks: Ranks) -> ast.expr:
    """diag(v) @ x -> v * x for a vector, v[:, None] * X for a matrix; X @ diag(v) -> X * v"""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)):
        return node
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if is_call(side, "np.diag") and rank_of(side, ranks) == 2:
            assert isinstance(side, ast.Call)
            vector = side.args[0]
            if side is node.right:
                return ast.BinOp(other, ast.Mult(), vector)
            if rank_of(other, ranks) == 2:
                places = ast.Tuple([ast.Slice(), expression_of("None")], ast.Load())
                vector = ast.Subscript(vector, places, ast.Load())
            return ast.BinOp(vector, ast.Mult(), other)
    return node


_PRODUCTS: dict[str, str] = {
    "a,a->": "{0} @ {1}", "ab,b->a": "{0} @ {1}", "a,ba->b": "{1} @ {0}", "a,ab->b": "{0} @ {1}",
    "ab,a->b": "{1} @ {0}", "ab,bc->ac": "{0} @ {1}", "ab,ac->bc": "{0}.T @ {1}", "ab,cb->ac": "{0} @ {1}.T",
    "a,b->ab": "np.outer({0}, {1})",
}  # fmt: skip
"""Contractions that are matrix products, with letters in the order in which they occur."""


def _contraction(node: ast.expr, ranks: Ranks) -> ast.expr:
    """einsum("kj,j->k", W, x) -> W @ x"""
    if not (isinstance(node, ast.Call) and is_call(node, "np.einsum") and len(node.args) == 3):
        return node
    spec = node.args[0]
    assert isinstance(spec, ast.Constant)
    letters = dict.fromkeys(c for c in str(spec.value) if c.isalpha())
    table = dict(zip(letters, "abcdefghijklmnopqrstuvwxyz", strict=False))
    pattern = "".join(table.get(c, c) for c in str(spec.value))
    if pattern not in _PRODUCTS:
        return node
    shape = expression_of(_PRODUCTS[pattern].format("_0", "_1"))
    operands = {"_0": node.args[1], "_1": node.args[2]}
    return replaced(shape, lambda inner: operands.get(dotted(inner), inner))


def _times_one(node: ast.expr, ranks: Ranks) -> ast.expr:
    """1 * x -> x, where x is an array"""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and is_number(node.left, 1):
        return node if rank_of(node.right, ranks) is None else node.right
    return node


def _one_hot(node: ast.expr, ranks: Ranks) -> tuple[ast.expr, ast.expr] | None:
    """n and y of np.eye(n)[y]; of np.eye(n)[:, y], too, where y is one class"""
    if not (isinstance(node, ast.Subscript) and is_call(node.value, "np.eye")):
        return None
    assert isinstance(node.value, ast.Call)
    if not isinstance(node.slice, ast.Tuple):
        return node.value.args[0], node.slice
    *others, label = node.slice.elts
    column = len(others) == 1 and isinstance(others[0], ast.Slice) and rank_of(label, ranks) == 0
    return (node.value.args[0], label) if column else None


def _at_labels(node: ast.expr, ranks: Ranks) -> ast.expr:
    """np.eye(n)[y] @ X -> X[y]; X @ np.eye(n)[y] -> X[:, y]; np.eye(n)[y].T @ X -> scatter_add(X, y, n)"""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)):
        return node
    left, right = node.left, node.right
    if (hot := _one_hot(left, ranks)) is not None:
        return ast.Subscript(right, hot[1], ast.Load())
    turned = left.value if isinstance(left, ast.Attribute) and left.attr == "T" else None
    if turned is not None and (hot := _one_hot(turned, ranks)) is not None and rank_of(hot[1], ranks) == 1:
        return call("scatter_add", right, hot[1], hot[0])
    if (hot := _one_hot(right, ranks)) is not None and rank_of(right, ranks) == 1:
        if rank_of(left, ranks) == 1 or turned is not None:
            return ast.Subscript(left if turned is None else turned, hot[1], ast.Load())
        return ast.Subscript(left, ast.Tuple([ast.Slice(), hot[1]], ast.Load()), ast.Load())
    return node


_REWRITES = (
    _error_function, *RULES, _squared_root, _double_sum, _sum_of_transpose, _double_minus,
    _contraction, _diagonal, _at_labels, _times_one,
)  # fmt: skip

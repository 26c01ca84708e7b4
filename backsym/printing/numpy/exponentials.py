"""Logistic functions, softmaxes and their logarithms by name: what is called by name does not overflow.

This module must not know about networks.
"""

from __future__ import annotations

import ast

from backsym.printing.numpy.ranks import Ranks, rank_of
from backsym.printing.numpy.source import call, is_call, is_number, same, text_of


def _quotient(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Both sides of a division."""
    return (node.left, node.right) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) else None


def _argument(node: ast.expr, function: str) -> ast.expr | None:
    """x of function(x)."""
    return node.args[0] if isinstance(node, ast.Call) and is_call(node, function) else None


def _one_and(node: ast.expr, operator: type[ast.operator]) -> ast.expr | None:
    """x of 1 + x, or of 1 - x"""
    if isinstance(node, ast.BinOp) and isinstance(node.op, operator) and is_number(node.left, 1):
        return node.right
    return None


def _one_and_exponential(node: ast.expr) -> ast.expr | None:
    """x of 1 + exp(x)"""
    second = _one_and(node, ast.Add)
    return None if second is None else _argument(second, "np.exp")


def _without_minus(node: ast.expr) -> ast.expr | None:
    """x of -x, also of -(-x) and of (-a) @ b; None if there is no minus sign in front."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        left = _without_minus(node.left)
        return None if left is None else ast.BinOp(left, node.op, node.right)
    return None


def _minus(node: ast.expr) -> ast.expr:
    return _without_minus(node) or ast.UnaryOp(ast.USub(), node)


def _times(first: ast.expr, second: ast.expr) -> ast.expr:
    return second if is_number(first, 1) else ast.BinOp(first, ast.Mult(), second)


def _exponential_in(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """1 and x of exp(x), a and x of a * exp(x)"""
    if (x := _argument(node, "np.exp")) is not None:
        return ast.Constant(1), x
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        x = _argument(node.right, "np.exp")
        return None if x is None else (node.left, x)
    return None


def logistic(node: ast.expr, ranks: Ranks) -> ast.expr:
    """1 / (1 + exp(-x)) -> sigmoid(x), exp(x) / (1 + exp(x)) -> sigmoid(x), also with a factor"""
    sides = _quotient(node)
    exponent = _one_and_exponential(sides[1]) if sides else None
    if sides is None or exponent is None:
        return node
    over = _exponential_in(sides[0])
    if over is not None and same(over[1], exponent):
        return _times(over[0], call("sigmoid", exponent))
    return _times(sides[0], call("sigmoid", _minus(exponent)))


def logarithm(node: ast.expr, ranks: Ranks) -> ast.expr:
    """log(1 + exp(x)) -> logaddexp(0, x), log(sigmoid(x)) -> -logaddexp(0, -x),
    log(1 - sigmoid(x)) -> -logaddexp(0, x), log(softmax(x)) -> log_softmax(x), log(exp(x).sum(axis=-1)) -> logsumexp(x)
    """
    inside = _argument(node, "np.log")
    if inside is None:
        return node

    def softened(x: ast.expr) -> ast.expr:
        return call("np.logaddexp", ast.Constant(0), x)

    if (x := _one_and_exponential(inside)) is not None:
        return softened(x)
    if (x := _argument(inside, "sigmoid")) is not None:
        return ast.UnaryOp(ast.USub(), softened(_minus(x)))
    if (rest := _one_and(inside, ast.Sub)) is not None and (x := _argument(rest, "sigmoid")) is not None:
        return ast.UnaryOp(ast.USub(), softened(x))
    if (x := _argument(inside, "softmax")) is not None:
        return call("log_softmax", x)
    found = _sum_of_exponentials(inside, ranks)
    return call("logsumexp", found[0]) if found is not None and not found[1] else node


def softmax(node: ast.expr, ranks: Ranks) -> ast.expr:
    """exp(x) / exp(x).sum(axis=-1, keepdims=True) -> softmax(x), in every way of writing the sum, also with a factor;
    x - log(exp(x).sum(axis=-1, keepdims=True)) -> log_softmax(x)"""
    sides = _quotient(node)
    if sides is not None and (over := _exponential_in(sides[0])) is not None:
        found = _sum_of_exponentials(sides[1], ranks)
        fits = found is not None and same(found[0], over[1]) and _along_it(found, ranks)
        return _times(over[0], call("softmax", over[1])) if fits else node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        found = _logarithm_of_sum(node.right, ranks)
        if found is not None and same(found[0], node.left) and _along_it(found, ranks):
            return call("log_softmax", node.left)
    return node


def named(node: ast.expr, ranks: Ranks) -> ast.expr:
    """logaddexp.reduce(x, axis=-1) -> logsumexp(x); x - logaddexp.reduce(x, axis=-1, keepdims=True) -> log_softmax(x);
    exp(log_softmax(x)) -> softmax(x)"""
    if (x := _reduced(node, keepdims=False)) is not None:
        return call("logsumexp", x)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        x = _reduced(node.right, keepdims=True)
        return call("log_softmax", x) if x is not None and same(x, node.left) else node
    inside = _argument(node, "np.exp")
    x = None if inside is None else _argument(inside, "log_softmax")
    return node if x is None else call("softmax", x)


def _reduced(node: ast.expr, *, keepdims: bool) -> ast.expr | None:
    """x of np.logaddexp.reduce(x, axis=-1), with the axis kept or not."""
    x = _argument(node, "np.logaddexp.reduce")
    if x is None or not isinstance(node, ast.Call):
        return None
    options = {kw.arg: ast.unparse(kw.value) for kw in node.keywords}
    return x if options == {"axis": "-1", **({"keepdims": "True"} if keepdims else {})} else None


def _along_it(found: tuple[ast.expr, bool], ranks: Ranks) -> bool:
    """Whether a sum goes with each entry of what it sums over."""
    return found[1] or rank_of(found[0], ranks) == 1


def _logarithm_of_sum(node: ast.expr, ranks: Ranks) -> tuple[ast.expr, bool] | None:
    """x of the logarithm of a sum of exp(x), and whether the axis is kept."""
    value = _axis_put_back(node, ranks)
    if value is not None and (x := _argument(value, "logsumexp")) is not None:
        return x, True
    if (x := _argument(node, "logsumexp")) is not None:
        return x, False
    inside = _argument(node, "np.log")
    return None if inside is None else _sum_of_exponentials(inside, ranks)


def _sum_of_exponentials(node: ast.expr, ranks: Ranks) -> tuple[ast.expr, bool] | None:
    """x of exp(x).sum(axis=-1), and whether the axis is kept; None for a sum along other axes."""
    total = _axis_put_back(node, ranks)
    kept = total is not None
    total = total or node
    if not (isinstance(total, ast.Call) and isinstance(total.func, ast.Attribute) and total.func.attr == "sum"):
        return None
    of_library = is_call(total, "np.sum") and len(total.args) == 1
    x = _argument(total.args[0] if of_library else total.func.value, "np.exp")
    if x is None:
        return None
    options = {kw.arg: ast.unparse(kw.value) for kw in total.keywords}
    rank = rank_of(x, ranks) or 0
    kept = kept or options.pop("keepdims", "False") == "True"
    last = options in ({"axis": "-1"}, {"axis": str(rank - 1)}) or (rank == 1 and not options)
    return (x, kept) if last and rank else None


def _axis_put_back(node: ast.expr, ranks: Ranks) -> ast.expr | None:
    """x of x[:, None]"""
    if not isinstance(node, ast.Subscript):
        return None
    rank = rank_of(node.value, ranks) or 0
    return node.value if text_of(node) == f"{text_of(node.value)}[{':, ' * rank}None]" else None

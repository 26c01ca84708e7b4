"""NumPy source that stays finite: a softmax that is written out becomes the code that the table has for a softmax.

This module must not know where the source came from.
"""

from __future__ import annotations

import ast

from backsym.core.functions import FUNCTIONS
from backsym.core.python import expression_of
from backsym.printing.numpy.exponentials import logarithm, logistic, named, softmax
from backsym.printing.numpy.primitives import filled
from backsym.printing.numpy.ranks import Ranks
from backsym.printing.numpy.source import dotted, replaced, text_of

RULES = (named, logistic, softmax, logarithm)
"""What overflows where it is written out, by the names of functions that do not."""


def by_name(node: ast.expr, ranks: Ranks) -> ast.expr:
    """The expression with what overflows by its name: sigmoid, softmax, log_softmax or logsumexp."""

    def rule(inner: ast.expr) -> ast.expr:
        for rewrite in RULES:
            inner = rewrite(inner, ranks)
        return inner

    return replaced(node, rule)


def stable(source: str, ranks: Ranks) -> str:
    """The source of the same value that does not overflow on the way; itself where there is nothing to do.

    ``ranks`` has the rank of each name in it.
    """
    before = expression_of(source)
    after = replaced(by_name(before, ranks), _written_out)
    return source if ast.dump(after) == ast.dump(before) else text_of(after)


def _written_out(node: ast.expr) -> ast.expr:
    """The code of a function in place of its name."""
    entry = FUNCTIONS.get(dotted(node.func)) if isinstance(node, ast.Call) else None
    if entry is None or entry.code is None or not isinstance(node, ast.Call):
        return node
    return filled(entry.code, node.args)

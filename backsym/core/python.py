"""The syntax trees of Python texts, from the standard library; nothing is ever evaluated.

Knows nothing of what a text is for.
"""

from __future__ import annotations

import ast

ATTEMPTS = 20
"""How often a text is parsed before a fault of the interpreter is believed."""


def module_of(text: str) -> ast.Module:
    """The tree of the statements of a text.

    Raises SyntaxError or ValueError for a text that is no Python, RecursionError or MemoryError for one that is nested
    too deeply.
    """
    tree = _parsed(text, "exec")
    assert isinstance(tree, ast.Module)
    return tree


def expression_of(text: str) -> ast.expr:
    """The tree of one expression.  Raises as ``module_of``."""
    tree = _parsed(text, "eval")
    assert isinstance(tree, ast.Expression)
    return tree.body


def _parsed(text: str, mode: str) -> ast.AST:
    """Parse again where the interpreter may only seem to have failed.

    Before CPython 3.11.8, the objects of a tree are made under a count of the recursion that belongs to the interpreter
    and not to the call (github.com/python/cpython/issues/106905).  A garbage collection in between may run Python code
    and with it another thread; if that one parses, too, it sets the count of its own.  The count only guards the depth:
    the tree itself is made from the call's own memory, and each call sets the count anew.  So what comes of it is never
    a wrong tree, only a false error, a SystemError at the end ("recursion depth mismatch") or a RecursionError on the
    way, and to parse again is enough.  Collecting must not be switched off meanwhile: that switch, too, is one for all
    threads.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            tree: ast.AST = ast.parse(text, mode=mode)
        except (SystemError, RecursionError):
            continue
        return tree
    last: ast.AST = ast.parse(text, mode=mode)
    return last

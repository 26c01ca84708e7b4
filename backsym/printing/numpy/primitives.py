"""The NumPy functions that the source of a function of the table calls, and what other libraries have for them.

Built-in ones that many formulas use stand in ``ranks`` and ``dialects``; here is what an entry brings along.  This
module must not know about networks.
"""

from __future__ import annotations

import ast

from backsym.core.functions import FUNCTIONS, Primitive
from backsym.core.python import expression_of
from backsym.printing.numpy.source import dotted, replaced


def primitive(function: str) -> Primitive | None:
    """What an entry of the table says of ``np.linalg.inv``; None for a function that no entry names."""
    return next((p for entry in FUNCTIONS.values() for p in entry.calls if p.name == function), None)


def filled(template: str, args: list[ast.expr]) -> ast.expr:
    """A template, whose places are ``{0}``, ``{1}``, with arguments."""
    names = [f"_{n}" for n in range(len(args))]
    places = dict(zip(names, args, strict=True))
    return replaced(expression_of(template.format(*names)), lambda node: places.get(dotted(node), node))

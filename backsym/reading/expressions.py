"""One way in for all ways of writing: the plain language (with SymPy's spellings) or LaTeX, told apart by the text.

Knows scopes; resolves nothing.
"""

from __future__ import annotations

from backsym.core.source import Source
from backsym.reading.latex import equations as latex
from backsym.reading.meaning.scope import Scope
from backsym.reading.plain import grammar as plain
from backsym.reading.syntax import Node


def expression_syntax(source: Source, scope: Scope) -> Node:
    """The syntax tree of one expression; raises InputError with the place."""
    if latex.is_latex(source.text):
        return latex.parse_expression(source, latex.vocabulary(scope))
    return plain.parse_expression(source, scope.is_partial)


def equation_syntax(source: Source, scope: Scope) -> tuple[Node, Node]:
    """The syntax trees of the two sides of one equation."""
    if latex.is_latex(source.text):
        return latex.parse_equation(source, latex.vocabulary(scope))
    return plain.parse_equation(source, scope.is_partial)

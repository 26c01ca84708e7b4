"""One way in for all ways of writing: the plain language (with SymPy's spellings), LaTeX or NumPy's Python.

They are told apart by the text.  What the plain language cannot read, and looks like code, is read as Python; positions
count from 1 there, too.  Knows scopes; resolves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.reading.latex import equations as latex
from backsym.reading.meaning.scope import Scope
from backsym.reading.plain import grammar as plain
from backsym.reading.syntax import Node

if TYPE_CHECKING:
    from backsym.reading.python.words import Words

Trees = TypeVar("Trees", Node, tuple[Node, Node])


def expression_syntax(source: Source, scope: Scope) -> Node:
    """The syntax tree of one expression; raises InputError with the place."""
    if latex.is_latex(source.text):
        return latex.parse_expression(source, latex.vocabulary(scope))
    return _plain_or_code(
        source,
        scope,
        lambda: plain.parse_expression(source, scope.is_partial),
        lambda words: _code(source, words),
    )


def _code(source: Source, words: Words) -> Node:
    from backsym.reading.python.grammar import parse_code

    return parse_code(source, words, first=1)


def equation_syntax(source: Source, scope: Scope) -> tuple[Node, Node]:
    """The syntax trees of the two sides of one equation."""
    if scope.all_latex or latex.is_latex(source.text):
        return latex.parse_equation(source, latex.vocabulary(scope))
    return plain_or_code_equation(source, scope)


def plain_or_code_equation(source: Source, scope: Scope) -> tuple[Node, Node]:
    """The two sides of an equation that is no LaTeX."""
    return _plain_or_code(
        source,
        scope,
        lambda: plain.parse_equation(source, scope.is_partial),
        lambda words: _code_equation(source, words),
    )


def _code_equation(source: Source, words: Words) -> tuple[Node, Node]:
    from backsym.reading.python.grammar import parse_code_equation

    return parse_code_equation(source, words, first=1)


def _plain_or_code(
    source: Source, scope: Scope, as_plain: Callable[[], Trees], as_code: Callable[[Words], Trees]
) -> Trees:
    try:
        return as_plain()
    except InputError as error:
        from backsym.reading.python.lexer import NotPython
        from backsym.reading.python.recognise import is_code
        from backsym.reading.python.words import Words

        words = Words(scope)
        if not is_code(source.text, words):
            raise
        try:
            return as_code(words)
        except (NotPython, InputError) as e:
            known = isinstance(e, InputError) and e.diagnostics[0].code == "python.of_torch"
            raise (e if known else error) from None

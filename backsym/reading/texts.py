"""Expressions and equations about a problem that is already read: claims, forms, answers.

They may use adjoints.  Knows problems, not their files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from backsym.core.errors import InputError
from backsym.core.expr import Expr, Ix
from backsym.core.problem import Problem
from backsym.core.source import Source
from backsym.reading.expressions import equation_syntax, expression_syntax
from backsym.reading.latex import equations as latex
from backsym.reading.meaning.resolve import resolve_equation, resolve_expression
from backsym.reading.meaning.scope import Scope

Read = TypeVar("Read")


def scope_of(problem: Problem, *, own_letters: bool = False) -> Scope:
    """All names of a problem, with derivatives."""
    return Scope(
        names={name: problem.named(name) for name in problem.symbols},
        dims=problem.dims,
        index_dims=problem.index_dims,
        nodes=problem.by_name,
        abstract=problem.abstract,
        own=problem.own,
        loss=problem.loss,
        derivatives=True,
        matrix_powers="matrix_power" in problem.functions,
        own_letters=own_letters,
        members=problem.picks_members,
        families=frozenset(problem.families),
        starts=problem.starts,
        recurrent=problem.recurrent,
        letter_forms=problem.letter_forms,
        layered=problem.layered,
        from_zero=problem.from_zero,
        latex={s.name: s.latex for s in problem.symbols.values() if s.latex},
        notation=problem.notation,
    )


def read_expression(
    problem: Problem, text: str | Source, indices: Sequence[Ix] = (), *, own_letters: bool = False
) -> Expr:
    """The expression that a text, plain or LaTeX, denotes in a problem; raises InputError with the place in the text.

    ``indices`` are letters that may be free, with their ranges; any other free letter takes the range declared for it
    or, with ``own_letters`` first of all, that of the axis it is used on.  ``free_indices`` of the result lists them.
    """
    source = text if isinstance(text, Source) else Source(text)
    scope = scope_of(problem, own_letters=own_letters)

    def formula() -> Expr:
        return resolve_expression(latex.parse_expression(source, latex.vocabulary(scope)), source, scope, indices)

    def text_itself() -> Expr:
        return resolve_expression(expression_syntax(source, scope), source, scope, indices)

    return _read(source, text_itself, formula)


def read_equation(
    problem: Problem, text: str | Source, *, strict: bool = True, own_letters: bool = False
) -> tuple[Expr, Expr]:
    """Both sides of an equation, plain or LaTeX, about a problem; raises InputError with the place in the text.

    ``strict`` refuses sides of different shapes, and a letter that is free on the right side only.
    """
    source = text if isinstance(text, Source) else Source(text)
    scope = scope_of(problem, own_letters=own_letters)

    def formula() -> tuple[Expr, Expr]:
        return resolve_equation(*latex.parse_equation(source, latex.vocabulary(scope)), source, scope, strict=strict)

    def text_itself() -> tuple[Expr, Expr]:
        return resolve_equation(*equation_syntax(source, scope), source, scope, strict=strict)

    return _read(source, text_itself, formula)


def _has_subscript(text: str) -> bool:
    """Whether an underscore stands between a letter and a letter or digit."""
    around = zip(text, text[1:], text[2:], strict=False)
    return any(sign == "_" and f"{a}{b}".isalnum() and f"{a}{b}".isascii() and a.isalpha() for a, sign, b in around)


def _read(source: Source, text_itself: Callable[[], Read], formula: Callable[[], Read]) -> Read:
    """What the text says; one such as ``a_k - t_k``, which is no sense as plain text, is tried as a formula."""
    try:
        return text_itself()
    except InputError:
        if latex.is_latex(source.text) or not _has_subscript(source.text):
            raise
        with suppress(InputError):
            return formula()
        raise  # The reason why the plain text makes no sense.

"""What a question accepts: the form that is asked for, and the marks.

``any``         every answer that is equal in value.
``by_name``     in terms of the derivatives that come before it in the backward pass: an answer is in this form if it
                mentions, by name, every adjoint that the solution's form mentions, or that of every quantity whose
                equation the target enters (the loss apart, whose derivative is 1).
``simplified``  an answer is in this form if it has at most one symbol, number or operation more than the longest of the
                solution's own forms (entry, matrix, the question's ``form``), in which adjoints that the answer does
                not name are replaced by the solution's form for them.
``chain``       as ``any``, and a chain rule counts whose local derivatives are not worked out.

Knows problems and derivations; knows no verdicts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from backsym.core.expr import Adj, Entry, Expr, Neg, Reshape, T, walk
from backsym.core.problem import Asked, Part, Problem
from backsym.core.steps import Derivation
from backsym.marking.answers.model import ReadAnswer, quantity_named
from backsym.marking.judging.numbers import numbers_asked
from backsym.parts.table import kind_of

_FREE = (Entry, Neg, Reshape, T)
"""Nodes that do not count as operations: an entry is its array, and a sign or a transpose costs nothing."""


@dataclass(frozen=True)
class Criterion:
    """What a question accepts for one target, and its marks; ``form`` is the form that it presents its result in."""

    accept: str = "any"
    marks: float = 1.0
    form: Expr | None = None


def criterion(problem: Problem, name: str) -> Criterion:
    """That of the first part that asks for the derivative by ``name``; a part's marks are shared by all it asks for."""
    for part in problem.parts:
        asked = asked_for(part)
        if name in asked:
            marks = float(part.marks) / len(asked) if part.marks is not None else 1.0
            return Criterion(part.accept, marks, part.form if len(asked) == 1 else None)
    number = numbers_asked(problem).get(name)
    return Criterion(marks=number.marks) if number is not None else Criterion()


def derivatives_asked(problem: Problem) -> tuple[str, ...]:
    """The quantities whose derivative some part of the problem asks for, in the order of the parts."""
    return tuple(dict.fromkeys(name for part in problem.parts for name in asked_for(part)))


def asked_quantities(problem: Problem) -> tuple[str, ...]:
    """What answers to the parts are called, in their order: quantities, numbers, Jacobians and second derivatives."""
    names: dict[str, None] = {}
    for part in problem.parts:
        names |= dict.fromkeys((*asked_for(part), *kind_of(part).number_names(part, problem)))
        names |= dict.fromkeys(map(total_name, part.totals))
    return tuple(names)


def total_name(asked: Asked) -> str:
    """What answers call a Jacobian, ``dp/dz``, or a second derivative, ``d2L/dw2``, ``d2L/dwdb``."""
    of, by, _ = asked
    if len(by) == 1:
        return f"d{of}/d{by[0]}"
    return f"d2{of}/d{by[0]}2" if by[0] == by[1] else f"d2{of}/d{by[0]}d{by[1]}"


def totals_asked(problem: Problem) -> dict[str, Part]:
    """The parts that ask for Jacobians and second derivatives, by what answers call these; the first counts."""
    found: dict[str, Part] = {}
    for part in problem.parts:
        for asked in part.totals:
            found.setdefault(total_name(asked), part)
    return found


def total_named(text: str, names: Collection[str]) -> str | None:
    """The name among these that a target says, as ``d^2L/dw^2`` or ``d2L/dw db`` do; None for none."""
    plain = "".join(text.split()).replace("^", "").replace("**", "").replace("∂", "d")
    return plain if plain in names else None


def asked_as(target: str, asked: Collection[str]) -> str:
    """Which of these names a target is: that of a number is taken as it stands, else the name of its quantity."""
    text = "".join(target.split())
    return text if text in asked else quantity_named(target)


def asked_for(part: Part) -> tuple[str, ...]:
    """The quantities whose derivative a part asks for."""
    return kind_of(part).derivatives(part)


def missing_names(answer: ReadAnswer, derivation: Derivation) -> tuple[str, ...]:
    """The adjoints that an answer in terms of earlier derivatives lacks; empty if it is in that form."""
    problem = answer.problem
    mine = set(_adjoints(answer.expr))
    stated = _adjoints(derivation.entry.rhs)
    if derivation.node == problem.loss or mine >= set(stated):
        return ()
    consumers = [name for name in problem.consumers.get(derivation.node, ()) if name != problem.loss]
    return () if consumers and mine >= set(consumers) else tuple(name for name in stated if name not in mine)


def is_simplified(answer: ReadAnswer, derivations: Mapping[str, Derivation], form: Expr | None) -> bool:
    """Whether an answer is no longer than the solution's own forms."""
    derivation = derivations[answer.target.name]
    forms = [derivation.entry.rhs, *([derivation.matrix.rhs] if derivation.matrix else []), *([form] if form else [])]
    named = frozenset(_adjoints(answer.expr))
    known: dict[str, int] = {}

    def spelled_out(expr: Expr) -> int:
        own = length(expr)
        for node in walk(expr):
            if isinstance(node, Adj) and node.name not in named:
                if node.name not in known:
                    known[node.name] = spelled_out(derivations[node.name].entry.rhs)
                own += known[node.name] - 1
        return own

    return length(answer.expr) <= max(map(spelled_out, forms)) + 1


def length(expr: Expr) -> int:
    """Symbols, numbers and operations of an expression."""
    return sum(not isinstance(node, _FREE) for node in walk(expr))


def _adjoints(expr: Expr) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node.name for node in walk(expr) if isinstance(node, Adj)))

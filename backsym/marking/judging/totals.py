"""Jacobians and second derivatives as what answers are about: each is one more quantity whose value is known.

Its derivation says what the array is, entry by entry and as a matrix, and is evaluated at the points of the judge, so
that an answer is judged and explained as any other.  Must not know how answers are written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from backsym.core.expr import Entry, Expr, Ix, Total
from backsym.core.problem import Problem, Symbol
from backsym.core.steps import Derivation, TotalDerivation
from backsym.marking.answers.model import Target
from backsym.marking.judging.accept import Criterion, total_name, totals_asked
from backsym.marking.judging.judge import Judge
from backsym.solving.solution import Solution


@dataclass(frozen=True)
class AskedTotal:
    """A Jacobian or second derivative that a part asks for: as a target, and what is wanted of an answer."""

    target: Target
    criterion: Criterion


def judge_of_totals(solution: Solution) -> Judge:
    """A judge to whom the Jacobians and second derivatives are quantities, besides all others."""
    problem = solution.problem
    derivations = tuple(map(_derivation, solution.totals))
    symbols = {d.node: Symbol(d.node, _whole(d).shape, "input") for d in derivations}
    extended = problem.changed(symbols={**problem.symbols, **symbols})
    verified = {total_name(total.key): solution.totals_verified[total.key] for total in solution.totals}
    own = replace(
        solution,
        problem=extended,
        derivations=(*solution.derivations, *derivations),
        verified={**solution.verified, **verified},
    )
    return Judge(extended, own)


def asked_totals(judge: Judge, problem: Problem) -> dict[str, AskedTotal]:
    """The Jacobians and second derivatives of the parts, by what answers call them without spaces."""
    found: dict[str, AskedTotal] = {}
    for name, part in totals_asked(problem).items():
        whole = _whole(judge.derivation(name))
        marks = float(part.marks) / len(part.totals) if part.marks is not None else 1.0
        form = part.accept if part.accept != "by_name" else "any"
        found[name] = AskedTotal(Target(name, whole.shape, whole=whole), Criterion(form, marks))
    return found


def _whole(d: Derivation) -> Total:
    """What a derivation is of, as a whole."""
    lhs = d.entry.lhs
    assert isinstance(lhs, Total), "it is of a Jacobian or a second derivative"
    return Total(_base(lhs.of), tuple(map(_base, lhs.by)), lhs.denominator)


def _base(e: Expr) -> Expr:
    return e.base if isinstance(e, Entry) else e


def _derivation(total: TotalDerivation) -> Derivation:
    """The derivation of an array that is a quantity of its own; on an axis of length one stands a fixed index."""
    found = Derivation(total_name(total.key), (), total.entry, total.matrix, total.steps, total.no_matrix)
    letters = iter(ix for ix in total.indices if not ix.fixed)
    shape = _whole(found).shape
    return replace(found, indices=tuple(Ix("1", 1) if d == 1 else next(letters) for d in shape))

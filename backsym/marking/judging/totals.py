"""Jacobians and second derivatives as what answers are about: each is one more quantity whose value is known.

Its derivation says what the array is, entry by entry and as a matrix, and is evaluated at the points of the judge, so
that an answer is judged and explained as any other.  Must not know how answers are written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from backsym.core.dims import at_places, own_place
from backsym.core.expr import Delta, Equation, Ix, Mul, Shape, Total, free_indices
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
    derivations = tuple(_derivation(total, problem) for total in solution.totals)
    symbols = {
        d.node: Symbol(d.node, _shape(_whole(total, problem)), "input")
        for d, total in zip(derivations, solution.totals, strict=True)
    }
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
    totals = {total_name(asked): asked for part in problem.parts for asked in part.totals}
    late = {total_name(total.key) for total in judge.solution.totals if total.second is not None}
    for name, part in totals_asked(problem).items():
        of, by, turned = totals[name]
        whole = Total(problem.placed(of), tuple(map(problem.placed, by)), turned)
        marks = float(part.marks) / len(part.totals) if part.marks is not None else 1.0
        form = part.accept if part.accept != "by_name" else "any"
        found[name] = AskedTotal(
            Target(name, _shape(whole), whole=whole, from_second=name in late), Criterion(form, marks)
        )
    return found


def _whole(total: TotalDerivation, problem: Problem) -> Total:
    """What a derivation is of, as a whole or for each choice of the letters of members."""
    return Total(problem.placed(total.of), tuple(map(problem.placed, total.by)), total.denominator)


def _shape(whole: Total) -> Shape:
    """The shape of the array, with an axis for each letter of a member, on whose position other sizes may depend."""
    letters = free_indices(whole)
    places = {ix.letter: own_place() for ix in letters[:1]}
    return (*(ix.dim for ix in letters), *(at_places(dim, places) for dim in whole.shape))


def _derivation(total: TotalDerivation, problem: Problem) -> Derivation:
    """The derivation of an array that is a quantity of its own; on an axis of length one stands a fixed index.

    Where the first member has another form, it is not asked for, and counts as zero.
    """
    whole = _whole(total, problem)
    by_member = bool(free_indices(whole))
    matrix, member = (None, total.matrix) if by_member else (total.matrix, None)
    entry = total.entry
    if total.second is not None:
        (letter,) = free_indices(whole)
        after = Delta(letter, Ix("1", letter.dim), equal=False)
        entry = Equation(entry.lhs, Mul((after, entry.rhs)))
    found = Derivation(total_name(total.key), (), entry, matrix, total.steps, total.no_matrix, member)
    letters = [ix for ix in total.indices if not ix.fixed]
    first = list(free_indices(whole))
    rest = iter([*first, *(ix for ix in letters if ix not in first)])
    return replace(found, indices=tuple(Ix("1", 1) if d == 1 else next(rest) for d in _shape(whole)))

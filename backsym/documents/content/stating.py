"""From the result of a derivation to the equation that a question states: what stands between the two.

A question may ask to show that the derivative by a weight is a product of all the layers behind it; the derivation ends
with the derivative of the loss by the layer's output.  Nothing is derived here: known results are put in for their
names.  This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Callable

from backsym.core import stepkinds as sk
from backsym.core.expr import Adj, Entry, Equation, Expr, MatMul, Member, Mul, free_indices, rebuild, walk, with_indices
from backsym.core.problem import Problem
from backsym.core.steps import Derivation, Fact, Step
from backsym.printing.plain import plain

_LARGEST = 80
"""Parts of an expression beyond which nothing more is put into it."""


def steps_to(
    claim: Equation, derivation: Derivation, find: Callable[[str], Derivation], problem: Problem
) -> tuple[Step, ...]:
    """The steps from the derivation's result to the right side of ``claim``; none where they are written the same.

    ``find`` gives the derivation of the derivative by another quantity.
    """
    found = derivation.entry if isinstance(claim.lhs, Entry) or derivation.matrix is None else derivation.matrix
    if isinstance(claim.lhs, Member):
        found = derivation.member or found
    own, letters = free_indices(claim.lhs), free_indices(found.lhs)
    if len(own) != len(letters):
        return ()
    stated = with_indices(claim.rhs, dict(zip(own, letters, strict=True)))
    steps: list[Step] = []
    current = found.rhs
    while (known := _put_in(current, stated, find)) is not None:
        adjoint, value = known
        node: dict[str, Fact] = {"node": problem.sym(adjoint.name)}
        after = _replaced(current, adjoint, value)
        steps += [
            Step(sk.RECALL, adjoint, value, facts=node),
            Step(sk.INLINE_ADJOINT, current, after, facts=node),
        ]
        current = after
    if plain(current, problem) != plain(stated, problem):
        steps.append(Step(sk.PRESENT, current, stated))
    return tuple(steps)


def _put_in(current: Expr, stated: Expr, find: Callable[[str], Derivation]) -> tuple[Adj, Expr] | None:
    """A derivative by name that is not in what is stated, and its result; None if there is none to put in."""
    parts = list(walk(current))
    if len(parts) > _LARGEST or any(isinstance(part, Entry) for part in parts):
        return None
    kept = {part.name for part in walk(stated) if isinstance(part, Adj)}
    for adjoint in parts:
        if isinstance(adjoint, Adj) and adjoint.name not in kept:
            derivation = find(adjoint.name)
            value = (derivation.matrix or derivation.entry).rhs if adjoint.shape else derivation.entry.rhs
            if value.shape == adjoint.shape and not any(isinstance(part, Entry) for part in walk(value)):
                return adjoint, value
    return None


def _replaced(e: Expr, adjoint: Adj, value: Expr) -> Expr:
    """The expression with the value in place of the name; a product in a product is one with it, as it is printed."""
    if e == adjoint:
        return value
    done = rebuild(e, lambda child: _replaced(child, adjoint, value))
    if isinstance(done, (Mul, MatMul)):
        kind = type(done)
        return kind(tuple(part for arg in done.args for part in (arg.args if isinstance(arg, kind) else (arg,))))
    return done

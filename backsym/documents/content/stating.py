"""From the result of a derivation to the equation that a question states: what stands between the two.

A question may ask to show that the derivative by a weight is a product of all the layers behind it; the derivation ends
with the derivative of the loss by the layer's output.  Nothing is derived here: known results are put in for their
names.  This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from backsym.core import stepkinds as sk
from backsym.core.expr import (
    Adj,
    Entry,
    Equation,
    Expr,
    IndexPick,
    IndexReduce,
    Ix,
    MatMul,
    Member,
    Mul,
    children,
    free_indices,
    indices_of,
    letters_of,
    rebuild,
    walk,
    with_indices,
)
from backsym.core.problem import Problem
from backsym.core.steps import Derivation, Fact, Step
from backsym.printing.plain import plain

_LARGEST = 80
"""Parts of an expression beyond which nothing more is put into it."""


def steps_to(
    claim: Equation, derivation: Derivation, find: Callable[[str], Derivation], problem: Problem
) -> tuple[Step, ...]:
    """The steps from the derivation's result to the right side of ``claim``; none where they are written the same.

    ``find`` gives the derivation of the derivative by another quantity.  Of derivatives that only the claim has by
    name, the result is recalled before the last step.
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

    def put_in(expression: Expr, other: Expr) -> tuple[Expr, Expr] | None:
        return _put_in(expression, other, find, problem)

    while (known := put_in(current, stated)) is not None:
        adjoint, value = known
        node: dict[str, Fact] = {"node": problem.sym(_name(adjoint))}
        after = _replaced(current, adjoint, value)
        steps += [
            Step(sk.RECALL, adjoint, value, facts=node),
            Step(sk.INLINE_ADJOINT, current, after, facts=node),
        ]
        current = after
    other = stated
    while (known := put_in(other, current)) is not None:
        adjoint, value = known
        steps.append(Step(sk.RECALL, adjoint, value, facts={"node": problem.sym(_name(adjoint))}))
        other = _replaced(other, adjoint, value)
    if plain(current, problem) != plain(stated, problem):
        steps.append(Step(sk.PRESENT, current, stated))
    return tuple(steps)


def _put_in(
    current: Expr, stated: Expr, find: Callable[[str], Derivation], problem: Problem
) -> tuple[Expr, Expr] | None:
    """A derivative by name that is not in what is stated, and its result; None if there is none to put in."""
    parts = list(_places(current))
    if sum(1 for _ in walk(current)) > _LARGEST:
        return None
    kept = {part.name for part in walk(stated) if isinstance(part, Adj)} | {problem.upstream}
    taken = {ix for part in walk(current) for ix in _letters(part)}
    for place in parts:
        if _name(place) in kept:
            continue
        value = _value(place, find(_name(place)), taken)
        if value is not None:
            return place, value
    return None


def _places(e: Expr) -> Iterator[Expr]:
    """The derivatives by name in an expression: whole, or the entries and members of them that it uses."""
    if isinstance(e, Adj) or (isinstance(e, (Entry, Member)) and isinstance(e.base, Adj)):
        yield e
    else:
        for child in children(e):
            yield from _places(child)


def _name(place: Expr) -> str:
    base = place.base if isinstance(place, (Entry, Member)) else place
    assert isinstance(base, Adj)
    return base.name


def _value(place: Expr, derivation: Derivation, taken: AbstractSet[Ix]) -> Expr | None:
    """What the derivation found for this derivative, in its letters; None where it has no such form."""
    if isinstance(place, Entry):
        found: Equation | None = derivation.entry
    elif isinstance(place, Member):
        found = derivation.member
    else:
        found = derivation.matrix or (None if place.shape else derivation.entry)
    if found is None or found.rhs.shape != place.shape:
        return None
    if isinstance(place, Adj):
        return None if any(isinstance(part, Entry) for part in walk(found.rhs)) else found.rhs
    assert isinstance(place, (Entry, Member))
    if not isinstance(found.lhs, (Entry, Member)) or len(found.lhs.indices) != len(place.indices):
        return None
    pairs = list(zip(found.lhs.indices, place.indices, strict=True))
    if any(old.fixed and old != new for old, new in pairs):
        return None
    apart = _unbound(found.rhs, {letter for letter in taken if letter not in found.lhs.indices}, taken)
    return with_indices(apart, {old: new for old, new in pairs if not old.fixed})


def _unbound(e: Expr, avoided: AbstractSet[Ix], taken: AbstractSet[Ix]) -> Expr:
    """The expression whose sums run over letters that are not to be avoided."""
    done = rebuild(e, lambda child: _unbound(child, avoided, taken))
    if not isinstance(done, IndexReduce) or not any(ix in avoided for ix in done.indices):
        return done
    inside = {ix for part in walk(done) for ix in _letters(part)}
    names: dict[Ix, Ix] = {}
    for ix in done.indices:
        new = ix
        while new in avoided or (new != ix and (new in inside or new in taken or new in names.values())):
            new = Ix(new.letter + "'", ix.dim)
        names[ix] = new
    return IndexReduce(done.op, with_indices(done.body, names), tuple(names[ix] for ix in done.indices))


def _letters(e: Expr) -> Iterator[Ix]:
    """The letters that a node has or binds."""
    if isinstance(e, (IndexReduce, IndexPick)):
        yield from e.indices
    for index in indices_of(e):
        yield from letters_of(index)


def _replaced(e: Expr, adjoint: Expr, value: Expr) -> Expr:
    """The expression with the value in place of the name; a product in a product is one with it, as it is printed."""
    if e == adjoint:
        return value
    done = rebuild(e, lambda child: _replaced(child, adjoint, value))
    if isinstance(done, (Mul, MatMul)):
        kind = type(done)
        return kind(tuple(part for arg in done.args for part in (arg.args if isinstance(arg, kind) else (arg,))))
    return done

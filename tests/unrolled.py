"""Recurrences written out for judges: at a length T each h_t is a node of its own, and h is all of them stacked.

Only expressions are put in for others; what judges do with the equations is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from backsym.core.expr import (
    Concat,
    Entry,
    Expr,
    Ix,
    Member,
    Reshape,
    Started,
    Sym,
    position_of,
    rebuild,
    with_indices,
)
from backsym.core.problem import NodeEquation, Problem


def member_name(family: str, position: int) -> str:
    return f"{family}<{position}>"


def unrolled(problem: Problem, sizes: Mapping[str, int]) -> tuple[NodeEquation, ...]:
    """The equations in order, those of a recurrence one position after the other."""
    found: list[NodeEquation] = []
    done: set[str] = set()
    for eq in problem.equations:
        if eq.name in done:
            continue
        if not eq.block:
            found.append(eq)
            continue
        block = [problem.by_name[name] for name in eq.block]
        done.update(eq.block)
        dim = eq.indices[0].dim
        size = dim if isinstance(dim, int) else sizes[dim]
        for position in range(1, size + 1):
            found += (_at(each, position, eq.block) for each in block)
        found += (_stacked(each, size) for each in block)
    return tuple(found)


def members(problem: Problem, sizes: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """The names of the nodes that stand for the members of each recurrence."""
    found: dict[str, tuple[str, ...]] = {}
    for eq in problem.equations:
        if eq.block:
            dim = eq.indices[0].dim
            size = dim if isinstance(dim, int) else sizes[dim]
            found[eq.name] = tuple(member_name(eq.name, n) for n in range(1, size + 1))
    return found


def _at(eq: NodeEquation, position: int, block: Iterable[str]) -> NodeEquation:
    letter = eq.indices[0]
    rhs = _of_members(with_indices(eq.rhs, {letter: Ix(str(position), letter.dim)}), frozenset(block))
    name = member_name(eq.name, position)
    return replace(eq, name=name, shape=eq.shape[1:], indices=eq.indices[1:], rhs=rhs, block=(), starts=())


def _of_members(e: Expr, block: frozenset[str]) -> Expr:
    """The expression in which each member is a quantity of its own, and one before the first is the start."""
    base = e.base if isinstance(e, (Entry, Member)) else None
    if isinstance(base, Sym) and base.name in block:
        places = e.indices if isinstance(e, Entry) else e.places  # type: ignore[union-attr]
        position = position_of(places[0])
        assert position is not None
        own: Expr = Sym(member_name(base.name, position), base.declared[1:])
        if position < 1:
            assert isinstance(base, Started)
            own = base.starts[-position]
        rest = places[1:]
        if all(ix is None for ix in rest):
            return own
        return Entry(own, rest) if isinstance(e, Entry) else Member(own, rest)
    return rebuild(e, lambda child: _of_members(child, block))


def _stacked(eq: NodeEquation, size: int) -> NodeEquation:
    shape = eq.shape[1:]
    parts = (Reshape(Sym(member_name(eq.name, n), shape), (1, *shape)) for n in range(1, size + 1))
    return replace(eq, indices=(), rhs=Concat(tuple(parts), 0), block=(), starts=(), picked=0)

"""The places of an answer: every sub-expression of it, with what stands above it and which letters are in force.

A repair changes an answer at one place (or at two).  This module must not know what is wrong with an answer, nor about
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backsym.core import expr as ex

_ROLES: Mapping[type[ex.Expr], tuple[str, ...]] = {
    ex.Add: ("addend",),
    ex.Neg: ("negated",),
    ex.Mul: ("factor",),
    ex.MatMul: ("operand",),
    ex.Div: ("num", "den"),
    ex.Pow: ("base", "exp"),
    ex.T: ("transposed",),
    ex.Fn: ("arg",),
    ex.Cmp: ("compared",),
    ex.Reduce: ("body",),
    ex.IndexReduce: ("body",),
    ex.Pick: ("arg",),
    ex.IndexPick: ("arg",),
    ex.Entry: ("array",),
    ex.Reshape: ("array",),
}


@dataclass(frozen=True)
class Place:
    """One sub-expression.

    ``number`` counts from the leaves: a place stands after all that it contains, and the whole answer comes last.
    ``above`` is the number of the expression that directly contains it (-1 for the whole), ``slot`` its position among
    that one's children.  ``role`` says what it is there; a negated term has the role of its negation.  ``letters`` are
    the index letters in force: those of the answer, then the bound ones.
    """

    number: int
    expr: ex.Expr
    above: int
    slot: int
    role: str
    letters: tuple[ex.Ix, ...]
    inside: tuple[int, ...]
    depth: int

    @property
    def is_term(self) -> bool:
        """Whether it is the whole answer, a summand or what a sum runs over: it has a sign and factors of its own."""
        return self.role in ("whole", "addend", "body")


def outline(expr: ex.Expr, letters: tuple[ex.Ix, ...] = ()) -> tuple[Place, ...]:
    """All places of an expression whose free letters are ``letters``, the leaves first.

    An entry of a quantity, such as ``W[k,j]``, or a member is one place, and so is a local derivative.
    """
    found: list[tuple[ex.Expr, int, str, tuple[ex.Ix, ...], tuple[int, ...], int]] = []
    above: dict[int, int] = {}

    def visit(e: ex.Expr, slot: int, role: str, scope: tuple[ex.Ix, ...], depth: int) -> int:
        inner = scope + tuple(e.indices) if isinstance(e, (ex.IndexReduce, ex.IndexPick)) else scope
        inside: tuple[int, ...] = ()
        if not is_leaf(e) and not isinstance(e, ex.Partial) and ex.positioned(e) is None:
            roles = _ROLES.get(type(e), ("arg",))
            for n, part in enumerate(ex.children(e)):
                own = roles[min(n, len(roles) - 1)]
                inside += (visit(part, n, role if own == "negated" else own, inner, depth + 1),)
        number = len(found)
        for child in inside:
            above[child] = number
        found.append((e, slot, role, scope, inside, depth))
        return number

    visit(expr, 0, "whole", letters, 0)
    return tuple(
        Place(number, e, above.get(number, -1), slot, role, scope, inside, depth)
        for number, (e, slot, role, scope, inside, depth) in enumerate(found)
    )


def is_leaf(e: ex.Expr) -> bool:
    """An entry or a member of a quantity, which what it starts from may belong to."""
    return isinstance(e, (ex.Entry, ex.Member)) and isinstance(e.base, (ex.Sym, ex.Adj))


def with_child(e: ex.Expr, slot: int, new: ex.Expr) -> ex.Expr:
    """The same node with another sub-expression at one position."""
    count = -1

    def put(child: ex.Expr) -> ex.Expr:
        nonlocal count
        count += 1
        return new if count == slot else child

    return ex.rebuild(e, put)


def replaced(places: tuple[Place, ...], changes: Mapping[int, ex.Expr]) -> ex.Expr:
    """The whole answer with other expressions at some places, none of which contains another."""
    now: dict[int, ex.Expr] = dict(changes)
    for number in sorted(ancestors(places, changes)):
        place = places[number]
        e = place.expr
        for child in place.inside:
            if child in now:
                e = with_child(e, places[child].slot, now[child])
        now[number] = e
    return now[len(places) - 1]


def ancestors(places: tuple[Place, ...], numbers: Mapping[int, object] | tuple[int, ...]) -> set[int]:
    """The numbers of all places above the given ones."""
    found: set[int] = set()
    for number in numbers:
        above = places[number].above
        while above >= 0 and above not in found:
            found.add(above)
            above = places[above].above
    return found

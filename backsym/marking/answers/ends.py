r"""What an answer says of the last or first member of a recurrence apart: ``\nabla_{h_T} L = a, \nabla_{h_t} L = b``.

Both lines together are one answer, with a choice between them; that there is nothing after the last member, which
``\nabla_{h_{T+1}} L = 0`` says, is so in any case.  Knows trees and expressions; knows no texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backsym.core.expr import ZERO, Add, Delta, Entry, Expr, Ix, Mul, last
from backsym.marking.answers.left_sides import Left
from backsym.reading.meaning.scope import Scope
from backsym.reading.syntax import Node


@dataclass(frozen=True)
class End:
    """The value of one member, at a fixed position."""

    at: Ix
    value: Expr


def end_of(left: Left | None, dim: object, scope: Scope) -> Ix | None:
    """The position, the first or the last, that a left side has for its first index; None for any other."""
    if left is None or left.quantity is None or not left.indices or not isinstance(dim, (str, int)):
        return None
    first = left.indices[0]
    if first.kind == "num" and first.value == "1":
        return Ix("1", dim)
    if first.kind != "name" or not scope.is_end(first.value) or scope.dims[first.value].size not in (None, dim):
        return None
    return last(dim) if dim in (first.value, scope.dims[first.value].size) else None


def is_after_end(left: Left | None, scope: Scope) -> bool:
    """Whether a left side is the derivative by the member after the last one, ``h_{T+1}``."""
    if left is None or left.quantity is None or not left.indices or left.indices[0].kind != "shift":
        return False
    parts = left.indices[0].children
    ends = [part for part in parts if part.children and scope.is_end(part.children[0].value)]
    return len(parts) == 2 and len(ends) == 1 and ends[0].value == "1" and _is_one(parts)


def _is_one(parts: Sequence[Node]) -> bool:
    return any(not part.children and part.value == "1" for part in parts)


def with_ends(e: Expr, indices: tuple[Ix, ...], ends: Sequence[End]) -> Expr:
    """The entry of any member, with what is said of the ends in place of it there."""
    letter = indices[0]
    if letter.fixed:
        return e
    for end in ends:
        value = Entry(end.value, indices[1:]) if end.value.shape else end.value
        here, elsewhere = Delta(letter, end.at), Delta(letter, end.at, equal=False)
        e = Mul((elsewhere, e)) if value == ZERO else Add((Mul((here, value)), Mul((elsewhere, e))))
    return e

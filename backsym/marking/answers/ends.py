r"""What an answer says of one member apart: ``\nabla_{h_T} L = a, \nabla_{h_t} L = b``.

This is the last or the first one of a recurrence, or the one that a label picks.  Both lines together are one answer,
with a choice between them; that there is nothing after the last member, which ``\nabla_{h_{T+1}} L = 0`` says, is so
in any case.  Knows trees and expressions; knows no texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backsym.core.expr import ZERO, Add, Delta, Entry, Expr, Ix, Mul, labelled, last
from backsym.marking.answers.left_sides import Left
from backsym.reading.meaning.scope import Scope, label_of


@dataclass(frozen=True)
class End:
    """The value of one member, at a fixed position."""

    at: Ix
    value: Expr


def end_of(left: Left | None, dim: object, scope: Scope) -> Ix | None:
    """The position, the first, the last or a label, that a left side has for its first index; None for any other."""
    if left is None or left.quantity is None or not left.indices or not isinstance(dim, (str, int)):
        return None
    first = left.indices[0]
    if (label := label_of(first, scope)) is not None:
        return labelled(label.name, (), dim) if label.of == dim and not label.declared else None
    if first.kind == "num" and first.value == "1":
        return Ix("1", dim)
    if first.kind != "name" or not scope.is_end(first.value) or scope.dims[first.value].size not in (None, dim):
        return None
    return last(dim) if dim in (first.value, scope.dims[first.value].size) else None


def is_after_end(text: str, scope: Scope) -> bool:
    """Whether a left side is about the member after the last one, ``h_{T+1}``."""
    bare = "".join(text.split())
    return any(f"{dim}+1" in bare for dim in scope.recurrent)


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

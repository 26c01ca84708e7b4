r"""What an answer says of one member apart: ``\nabla_{h_T} L = a, \nabla_{h_t} L = b``.

This is the last or the first one of a recurrence, or the one that a label picks.  Both lines together are one answer,
with a choice between them; that there is nothing after the last member, which ``\nabla_{h_{T+1}} L = 0`` says, is so
in any case.  Knows trees and expressions; knows no texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backsym.core.expr import ZERO, Add, Delta, Entry, Expr, Ix, Mul, Shape, labelled, last, shifted
from backsym.core.words import say
from backsym.marking.answers.left_sides import Left
from backsym.marking.answers.refusals import Refused
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
    """Whether a left side is about a member after the last one, ``h_{T+1}``."""
    bare = "".join(text.split())
    return any(bare.partition(f"{dim}+")[2][:1].isdecimal() for dim in scope.recurrent)


def at_letter(left: Left, shape: Shape, scope: Scope) -> tuple[Left, Mapping[Ix, Ix]]:
    r"""A left side about a member beside the one at its letter, ``\nabla_{h_{t-1}} L``, as one about that at it.

    What it says holds at t - 1, so that on its right side t is the letter's next position, t + 1.  Raises Refused for
    what is after the last member, or is no such place.
    """
    if not left.indices or left.indices[0].kind != "shift":
        return left, {}
    first, *rest = left.indices
    letters = [part for part in first.children if part.children]
    steps = sum(int(part.value) for part in first.children if not part.children)
    dim = shape[0]
    if len(letters) != 1 or letters[0].value not in ("1", "+1") or len(letters[0].children) != 1:
        raise Refused("wrong_index", say("answers.left_position"))
    letter = letters[0].children[0]
    if scope.is_end(letter.value) and scope.dims[letter.value].size in (None, dim):
        raise Refused("wrong_index", say("answers.after_last" if steps > 0 else "answers.left_position"))
    here = Ix(letter.value, dim)
    return replace(left, indices=(letter, *rest)), {here: shifted(((here, 1),), -steps, dim)}


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

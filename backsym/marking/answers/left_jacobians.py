r"""Left sides that are Jacobians: which one ``\frac{\partial h_{t+1}}{\partial h_t}`` is, and whether it is asked for.

Members are told apart by their places: letters are free to choose, but where one end is a step from the other, so is it
in what is asked for.  Must not know what the right side says.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from backsym.core.errors import InputError
from backsym.core.expr import Entry, Expr, Ix, Member, Shift, Sym, shifted
from backsym.core.source import Source
from backsym.marking.answers.model import Target
from backsym.marking.answers.readings import Reading, Readings
from backsym.reading.meaning.scope import Unavailable
from backsym.reading.syntax import Node


class _End(NamedTuple):
    """One end of a Jacobian: a quantity; of a member, its letter and the steps from there, or its fixed position."""

    name: str
    letter: Ix | None = None
    steps: int = 0
    position: str | None = None


@dataclass(frozen=True)
class Said:
    """What a left side is: the Jacobian that is asked for, or another one of the problem.

    ``moved`` has, where its letters stand some steps beside those of what is asked for, what they are on the right side
    of a statement about that; ``letters`` are those that it has for the members.
    """

    asked: bool
    moved: Mapping[Ix, Ix]
    letters: tuple[Ix, ...] = ()


def jacobian_said(left: str, readings: Readings, target: Target) -> Said | None:
    """What a left side is as a Jacobian; None for a text that is none of two quantities of the problem."""
    if target.whole is None or len(target.whole.by) != 1:
        return None
    for source, trees, _ in readings.trees(left):
        for tree in trees:
            if tree.kind != "partial" or len(tree.children) != 2:
                continue
            above, below = _ends(tree, source, readings)
            if above is not None and below is not None and above.name != readings.problem.loss:
                return _compared((above, below), (target.whole.of, target.whole.by[0]), readings)
    return None


def _ends(tree: Node, source: Source, readings: Readings) -> tuple[_End | None, _End | None]:
    """The two ends of a Jacobian; a letter that one of them gives a range to has it in the other."""
    found: dict[Node, Reading] = {}
    for child in (*tree.children, *tree.children):
        if child not in found:
            known = tuple(ix for each in found.values() for ix in each.letters)
            with suppress(InputError, Unavailable):
                found[child] = readings.resolved(child, source, known or None)
    above, below = (_end(found[child].expr, readings) if child in found else None for child in tree.children)
    return above, below


def _compared(said: tuple[_End, _End], asked: tuple[Expr, Expr], readings: Readings) -> Said:
    moved: dict[Ix, Ix] = {}
    own: dict[Ix, tuple[Ix, int]] = {}
    for mine, theirs in zip(said, (_end(each, readings) for each in asked), strict=True):
        if theirs is None or (mine.name, mine.position) != (theirs.name, theirs.position):
            return Said(asked=False, moved={})
        if mine.letter is None or theirs.letter is None:
            if mine.letter is not theirs.letter:
                return Said(asked=False, moved={})
            continue
        here = mine.letter, mine.steps - theirs.steps
        if own.setdefault(theirs.letter, here) != here:
            return Said(asked=False, moved={})
        if here[1]:
            moved[mine.letter] = shifted(((mine.letter, 1),), -here[1], mine.letter.dim)
    letters = tuple(dict.fromkeys(letter for letter, _ in own.values()))
    distinct = len(letters) == len(own)
    return Said(distinct, moved if distinct else {}, letters)


def _end(e: Expr, readings: Readings) -> _End | None:
    """The quantity or member of which this is a whole or an entry; None for anything else."""
    if isinstance(e, Sym):
        return _End(e.name)
    if not isinstance(e, (Entry, Member)) or not isinstance(e.base, Sym):
        return None
    first = e.indices[0]
    if e.base.shape[0] not in readings.problem.family_dims or (isinstance(e, Member) and e.places[0] is None):
        return _End(e.base.name)
    if isinstance(first, Shift):
        if len(first.parts) != 1 or first.parts[0][1] != 1 or not isinstance(first.offset, int):
            return None
        return _End(e.base.name, first.parts[0][0], first.offset)
    if first.fixed or type(first) is not Ix:
        return _End(e.base.name, position=first.letter)
    return _End(e.base.name, first)

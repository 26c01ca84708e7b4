r"""Answers to Jacobians and second derivatives: what is said of ``dp_i/dz_j``, ``J_{ij}`` or the array as a whole.

The left side gives the letters of the axes, in their order; each member of the chain after it is read as one answer.
Must not know which answer is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from backsym.core.expr import Entry, Expr, Ix, Member, Shift, Started, Sym, free_indices, rebuild, with_indices
from backsym.core.words import say
from backsym.marking.answers.containers import opened
from backsym.marking.answers.left_jacobians import Said, jacobian_said
from backsym.marking.answers.lines import MAX_MEMBERS, Statement, statements
from backsym.marking.answers.model import Line, ReadAnswer, Target, Unreadable
from backsym.marking.answers.own_names import Names
from backsym.marking.answers.pasting import pasted
from backsym.marking.answers.reader import AnswerReader
from backsym.marking.answers.readings import Readings


def read_array(reader: AnswerReader, target: Target, text: str, names: Names) -> ReadAnswer | Unreadable:
    """An answer about a Jacobian or second derivative; never raises for anything that a text can hold."""
    within = opened(text)
    found = statements(pasted(text if within is None else within.text))
    if not found or all(s.left is None for s in found) or sum(len(s.members) for s in found) > MAX_MEMBERS:
        return reader.read_after(target, text, names)
    last, before, aside, said = _parted(found, Readings(reader.problem, target, reader.names), target)
    if last is None:
        words = say("answers.other_jacobian", left=aside[-1], target=target.name)
        language = reader.problem.language
        return Unreadable(target, text, "syntax", words.text(language), reader.problem, words.hint(language))
    asked = replace(target, indices=axis_letters(last.left or "", target))
    above = [f"{s.left} = {' = '.join(s.members)}" for s in before if s.left is not None]
    lines: list[Line] = []
    unchecked: list[str] = [*aside]
    read: ReadAnswer | Unreadable | None = None
    for row, member in zip(last.rows, last.members, strict=False):
        read = reader.read_after(asked, "\n".join((*above, member)), names)
        if isinstance(read, Unreadable):
            unchecked.append(member)
            continue
        read = _bound(read, said.letters if said is not None else _member_letters(last.left or "", target))
        read = _moved(read, said.moved) if said is not None and said.moved else read
        lines.append(Line(member, read.expr, read.indices, not lines, None, read.fits, row=row))
    assert read is not None, "a statement has members"
    if isinstance(read, Unreadable):
        return replace(read, target=target, text=text)
    whole = replace(read, target=target, text=text, left_out=within.left if within is not None else ())
    return whole.with_lines(tuple(lines), tuple(unchecked))


def _parted(
    found: Sequence[Statement], readings: Readings, target: Target
) -> tuple[Statement | None, Sequence[Statement], Sequence[str], Said | None]:
    """The statement of what is asked for, those that may define names, the Jacobians beside it, and what it says it is.

    The last statement of what is asked for counts; without any, the last one that is not about another Jacobian.
    """
    said = [jacobian_said(s.left, readings, target) if s.left is not None else None for s in found]
    aside = [s.left for s, what in zip(found, said, strict=True) if what is not None and not what.asked and s.left]
    named = [n for n, what in enumerate(said) if what is not None and what.asked]
    if named:
        place = named[-1]
    elif said[-1] is not None:
        return None, (), aside, None
    else:
        place = len(found) - 1
    rest = [s for n, s in enumerate(found) if n != place and said[n] is None]
    return found[place], rest, aside, said[place]


def _member_letters(left: str, target: Target) -> tuple[Ix, ...]:
    """The letter of ``J_t``, a name of the student's own for the Jacobian of a member; none of other left sides."""
    members = free_indices(target.whole) if target.whole is not None else ()
    letters = tuple(_letters(left))
    return (Ix(letters[0], members[0].dim),) if len(letters) == len(members) == 1 else ()


def _bound(read: ReadAnswer, letters: Sequence[Ix]) -> ReadAnswer:
    """An answer after a left side with these letters for members: another letter stands for none of its axes."""
    free = frozenset(free_indices(read.expr))
    other = next((ix for ix in read.indices if ix in free and all(ix.dim == own.dim for own in letters)), None)
    if len(letters) != 1 or other is None or other in letters:
        return read
    indices = tuple(letters[0] if ix == other else ix for ix in read.indices)
    return replace(read, indices=(*indices, other), fits=False)


def _moved(read: ReadAnswer, moved: Mapping[Ix, Ix]) -> ReadAnswer:
    """An answer about members some steps beside those that are asked for, as one about these."""
    starts = read.problem.starts

    def placed(e: Expr) -> Expr:
        return started(with_indices(e, moved))

    def started(e: Expr) -> Expr:
        # What was the member at its letter may now be one before the first.
        e = rebuild(e, started)
        if not isinstance(e, (Entry, Member)) or type(e.base) is not Sym or e.base.name not in starts:
            return e
        if not isinstance(e.indices[0], Shift):
            return e
        return replace(e, base=Started(e.base.name, e.base.declared, starts[e.base.name]))

    others, regrouped = (tuple([(placed(e), ix) for e, ix in more]) for more in (read.others, read.regrouped))
    return replace(read, expr=placed(read.expr), others=others, regrouped=regrouped)


def axis_letters(left: str, target: Target) -> tuple[Ix, ...]:
    """The letters that a left side has for all axes of an array, in the order in which they are written; else none."""
    letters = tuple(_letters(left))
    axes = [dim for dim in target.shape if dim != 1]
    if len(letters) != len(axes) or len(set(letters)) < len(letters):
        return ()
    given = iter(letters)
    turned = target.whole is not None and target.whole.denominator
    indices = tuple(Ix("1", 1) if dim == 1 else Ix(next(given), dim) for dim in target.shape)
    return indices if not turned else _turned(indices, letters, target)


def _turned(indices: tuple[Ix, ...], letters: tuple[str, ...], target: Target) -> tuple[Ix, ...]:
    """The letters of dp_i/dz_j for the axes of an array whose rows belong to z."""
    assert target.whole is not None, "it is said which way round the array is"
    outputs = sum(dim != 1 for dim in target.whole.of.shape)
    given = iter((*letters[outputs:], *letters[:outputs]))
    return tuple(ix if ix.fixed else Ix(next(given), ix.dim) for ix in indices)


def _letters(left: str) -> Iterator[str]:
    """The single letters that stand as subscripts or in brackets."""
    at = 0
    while at < len(left):
        if left[at] in "_[" and at + 1 < len(left):
            opening = left[at + 1] if left[at] == "_" and left[at + 1] == "{" else left[at]
            closing = {"{": "}", "[": "]", "_": ""}[opening]
            start = at + (2 if opening == "{" else 1)
            end = left.find(closing, start) if closing else start + 1
            inside = left[start : end if end >= 0 else len(left)]
            yield from (char for char in inside if char.isalpha() and char.isascii())
            at = max(end, start)
        at += 1

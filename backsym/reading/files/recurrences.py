"""Recurrences among forward equations: what they start from, which are computed together, and in which order.

``h[t] = tanh(W @ h[t-1] + U @ X[t] + b)`` uses an earlier member of its own, and ``h[0] = h0`` says what it starts
from.  Equations that use each other's members in a circle are a block: it is computed position by position, each
equation in turn.  Knows expressions and where they stand in a text; nothing of syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backsym.core.expr import Entry, Expr, Ix, Member, Span, Started, Sym, children, letters_of, names_in, steps_after
from backsym.core.problem import NodeEquation
from backsym.core.words import Words, say


@dataclass(frozen=True)
class Misuse:
    """What is wrong with a use of a family, and where it stands."""

    words: Words
    span: Span | None


def lag(ix: Ix | None, own: Ix | None) -> int | None:
    """How many positions before a member an index is: 1 for t - 1, 0 for t; None where that is no number."""
    after = steps_after(ix, own)
    return None if after is None else -after


def uses(e: Expr) -> Iterator[tuple[Sym, Ix | None, Span | None]]:
    """Every mention of a quantity: the quantity, the index along its first axis if it has one, and the place."""
    if isinstance(e, (Entry, Member)) and isinstance(e.base, Sym):
        places = e.indices if isinstance(e, Entry) else e.places
        yield e.base, places[0], e.span or e.base.span
        return
    if isinstance(e, Sym):
        yield e, None, e.span
        return
    for child in children(e):
        yield from uses(child)


def misused(eq: NodeEquation, unread: Mapping[str, object]) -> Misuse | None:
    """A use, by this equation, of a member that is not there: ``unread`` are the families whose equations follow."""
    own = eq.indices[0] if eq.indices else None
    for sym, ix, span in uses(eq.rhs):
        back = lag(ix, own)
        if isinstance(sym, Started):
            letters = letters_of(ix) if ix is not None else ()
            after = steps_after(ix, letters[0]) if letters else None
            if ix is None or after is None:
                index = "" if ix is None else ix.letter
                return Misuse(say("files.member_by_other_shift", name=sym.name, index=index), span)
            if after > 0:
                return Misuse(say("files.later_member", name=sym.name, index=ix.letter), span)
            if -after > len(sym.starts):
                place = str(1 + after)
                return Misuse(say("files.runs_out", name=sym.name, index=ix.letter, place=place), span)
        if sym.name in unread and not (isinstance(sym, Started) and back is not None and back > 0):
            if sym.name == eq.name:
                return Misuse(say("files.uses_own_member", name=sym.name), span)
            return Misuse(say("files.member_too_early", name=sym.name), span)
    return None


def in_blocks(equations: Sequence[NodeEquation]) -> tuple[list[NodeEquation], Misuse | None, str]:
    """The equations with those of each block side by side, and each told its block.

    The order is the author's but where a member is used before its equation, or stands in a block that it does not
    belong to.  The last two are what is wrong with a block and the equation that it is wrong with.
    """
    blocks: dict[str, tuple[str, ...]] = {}
    for name in [eq.name for eq in equations if eq.starts]:
        if name not in blocks:
            block = _around(name, equations) or (name,)
            blocks |= dict.fromkeys(block, block)
    found = _sorted([replace(eq, block=blocks.get(eq.name, ())) for eq in equations])
    for block in dict.fromkeys(blocks.values()):
        wrong = _wrong(found, block)
        if wrong is not None:
            return found, *wrong
    return found, None, ""


def _around(name: str, equations: Sequence[NodeEquation]) -> tuple[str, ...]:
    """The nodes that a node depends on and that depend on it, in order."""
    uses_of = {eq.name: set(names_in(eq.rhs)) for eq in equations}
    users: dict[str, set[str]] = {}
    for node, names in uses_of.items():
        for used in names:
            users.setdefault(used, set()).add(node)

    def reached(steps: Mapping[str, set[str]]) -> set[str]:
        seen: set[str] = set()
        todo = [name]
        while todo:
            new = steps.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        return seen

    both = reached(uses_of) & reached(users)
    return tuple(eq.name for eq in equations if eq.name in both)


def _sorted(equations: Sequence[NodeEquation]) -> list[NodeEquation]:
    """Each block, and each other equation, after all that it uses, else in the order of the text."""
    groups: dict[str, list[NodeEquation]] = {}
    for eq in equations:
        groups.setdefault(eq.block[0] if eq.block else eq.name, []).append(eq)
    group_of = {eq.name: key for key, group in groups.items() for eq in group}
    needs = {
        key: {group_of[name] for eq in group for name in names_in(eq.rhs) if name in group_of} - {key}
        for key, group in groups.items()
    }
    waiting = list(groups)
    found: list[NodeEquation] = []
    done: set[str] = set()
    while waiting:
        key = next(key for key in waiting if needs[key] <= done)
        waiting.remove(key)
        done.add(key)
        found += groups[key]
    return found


def _wrong(equations: Sequence[NodeEquation], block: tuple[str, ...]) -> tuple[Misuse, str] | None:
    """Why a block is not computed position by position: its members are used otherwise than at or before one's own."""
    own = [eq for eq in equations if eq.name in block]
    for eq in own:
        letter = eq.indices[0] if eq.indices else None
        if letter is not None and letter.dim in eq.shape[1:]:
            return Misuse(say("files.member_and_entry", name=eq.name, dim=letter.dim), None), eq.name
        for sym, ix, span in uses(eq.rhs):
            if sym.name in block and lag(ix, letter) is None:
                circle = " -> ".join((*block, block[0]))
                return Misuse(say("files.no_order", names=circle, name=sym.name), span), eq.name
    return None

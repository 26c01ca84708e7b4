"""What an answer that is right in value has to be besides, to earn marks.

An answer may name derivatives that a student has when it is written: of quantities computed from what is asked, or of
one that the same student has derived rightly elsewhere on the sheet without leading back here.  A derivative of what is
asked itself, or a circle, is true and no answer; so is a chain rule of which no local derivative is worked out, and the
equation that a ``show`` part states, copied.

Knows expressions, problems and points; must not know how answers are read or how verdicts are worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backsym.core.entrywise import array_of
from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Adj,
    Cmp,
    Concat,
    Entry,
    Expr,
    Fn,
    Ix,
    Member,
    Partial,
    Shift,
    Slice,
    Sym,
    children,
    walk,
)
from backsym.core.problem import Problem
from backsym.marking.answers.model import Line, ReadAnswer
from backsym.marking.judging.judge import Judge, equal_values
from backsym.numeric.axes import Array
from backsym.numeric.evaluate import evaluate
from backsym.parts.kind import Claim
from backsym.parts.table import kind_of

CIRCULAR, CHAIN, CLAIM = "circular", "chain", "claim"
"""The tags of true answers that earn nothing."""


@dataclass(frozen=True)
class Earned:
    """Whether a true answer earns its marks: if not, the ``tag`` that says why, and the quantities that it is about.

    Without a tag, and with ``names``, it is for a person to decide: the answer rests on derivatives of these, which are
    neither nearer to the loss nor derived on the sheet.
    """

    tag: str | None = None
    names: tuple[str, ...] = ()
    undecided: bool = False

    @property
    def marks(self) -> bool:
        return self.tag is None and not self.undecided


FULL = Earned()


# --- which derivatives an answer names -------------------------------------------------------------------------------


def computed_from(problem: Problem, name: str) -> frozenset[str]:
    """The nodes that a quantity enters, directly or through others."""
    found: set[str] = set()
    pending = [name]
    while pending:
        for consumer in problem.consumers.get(pending.pop(), ()):
            if consumer not in found:
                found.add(consumer)
                pending.append(consumer)
    return frozenset(found)


def named(read: ReadAnswer) -> tuple[str, ...]:
    """The quantities whose derivative an answer names, in the order of their appearance."""
    return tuple(dict.fromkeys(e.name for e in walk(read.expr) if isinstance(e, Adj)))


def borrowed(read: ReadAnswer) -> tuple[str, ...]:
    """Those of them that are not computed from what is asked."""
    nearer = computed_from(read.problem, read.target.name)
    return tuple(name for name in named(read) if name not in nearer)


def beside(problem: Problem, name: str) -> frozenset[str]:
    """The nodes of a recurrence whose member is computed from the member of ``name`` at the same position."""
    block = problem.by_name[name].block
    found: set[str] = set()
    pending = [name]
    while pending:
        base = pending.pop()
        for other in block:
            here = ((of, at) for of, at in _picked(problem.by_name[other].rhs, Sym) if of == base)
            if other not in found and any(not isinstance(at, Shift) for _, at in here):
                found.add(other)
                pending.append(other)
    return frozenset(found)


def _picked(e: Expr, kind: type[Sym] | type[Adj]) -> Iterator[tuple[str, Ix | None]]:
    """The symbols, or the adjoints, in an expression, each with the index of its member; None for a whole array."""
    if isinstance(e, (Entry, Member)) and isinstance(e.base, kind):
        yield e.base.name, next(iter(e.indices), None)
    elif isinstance(e, kind):
        yield e.name, None
    else:
        for child in children(e):
            yield from _picked(child, kind)


def along(read: ReadAnswer) -> Earned:
    """Whether an answer about any member of a recurrence names the derivatives by later members only.

    At the same position these are computed from what is asked.  Where it cannot be told, a person decides.
    """
    problem, target = read.problem, read.target.name
    equation = problem.by_name.get(target)
    if equation is None or not equation.block:
        return FULL
    here = beside(problem, target)
    letter = next(iter(read.indices), None)
    moved = any(isinstance(e, (Slice, Concat)) for e in walk(read.expr))
    unknown: list[str] = []
    for name, at in _picked(read.expr, Adj):
        if name not in equation.block or (isinstance(at, Shift) and _is_later(at, letter)):
            continue
        if at == letter and not moved:
            if name not in here:
                return Earned(CIRCULAR, (name,))
        elif isinstance(at, Shift) and any(ix == letter for ix, _ in at.parts):
            return Earned(CIRCULAR, (name,))
        elif name not in unknown:
            unknown.append(name)
    return Earned(None, tuple(unknown), bool(unknown))


def _is_later(at: Shift, letter: Ix | None) -> bool:
    return at.parts == ((letter, 1),) and isinstance(at.offset, int) and at.offset > 0


class Sheet:
    """One student's answers that are right in value, by quantity: what each answer may rest on."""

    def __init__(self, problem: Problem, right: Mapping[str, ReadAnswer]):
        self.problem = problem
        self.right = right

    @property
    def stated(self) -> frozenset[Slope]:
        """The local derivatives that some answer works out beside."""
        return frozenset(slope for answer in self.right.values() for slope in stated(answer))

    def borrowing(self, read: ReadAnswer) -> Earned:
        """Whether an answer names only what it may name."""
        target = read.target.name
        unknown = []
        for name in borrowed(read):
            if name == target or self.leads(name, target):
                return Earned(CIRCULAR, (name,))
            if not self.derived(name):
                if target in computed_from(self.problem, name):
                    return Earned(CIRCULAR, (name,))
                unknown.append(name)
        return Earned(None, tuple(unknown), undecided=True) if unknown else along(read)

    def leads(self, name: str, target: str) -> bool:
        """Whether what the student says of ``name`` rests on the derivative by ``target``, perhaps through others."""
        seen: set[str] = set()
        pending = [name]
        while pending:
            answer = self.right.get(pending.pop())
            for other in named(answer) if answer is not None else ():
                if other == target:
                    return True
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        return False

    def derived(self, name: str) -> bool:
        """Whether the student has derived the derivative by ``name`` rightly, and without a circle."""
        answer = self.right.get(name)
        return answer is not None and self.borrowing_of(answer, frozenset((name,)))

    def borrowing_of(self, answer: ReadAnswer, above: frozenset[str]) -> bool:
        """Whether all that an answer borrows is derived; ``above`` are the quantities that are being looked at."""
        if not_worked_out(answer, stated(answer)):
            return False
        for name in borrowed(answer):
            other = self.right.get(name)
            if other is None or name in above or not self.borrowing_of(other, above | {name}):
                return False
        return True


# --- steps -----------------------------------------------------------------------------------------------------------

Slope = tuple[str, str]
"""A local derivative: of which node, by which quantity."""


def slopes(expr: Expr) -> Iterator[Slope]:
    """The local derivatives in an expression."""
    for e in walk(expr):
        if isinstance(e, Partial):
            yield _base(e.num), _base(e.den)


def _base(e: Expr) -> str:
    base = array_of(e)
    return base.name if isinstance(base, (Sym, Adj)) else ""


def stated(read: ReadAnswer) -> frozenset[Slope]:
    """The local derivatives that lines beside an answer give a value: ``dy/dz = 1 - y**2``."""
    found: set[Slope] = set()
    about: Slope | None = None
    for line in read.lines:
        if not line.aside:
            about = None
        elif line.starts:
            about = next(slopes(line.expr), None) if isinstance(line.expr, Partial) else None
        elif about is not None and not any(slopes(line.expr)):
            found.add(about)
    return frozenset(found)


def not_worked_out(read: ReadAnswer, known: frozenset[Slope]) -> tuple[Slope, ...]:
    """The local derivatives in the last form of an answer that no line says the value of."""
    return tuple(dict.fromkeys(slope for slope in slopes(read.expr) if slope not in known))


# --- what is to be shown ---------------------------------------------------------------------------------------------


def claims_about(problem: Problem, name: str) -> tuple[Claim, ...]:
    """What the first part that asks for the derivative by ``name`` states of it; empty if it states nothing."""
    for part in problem.parts:
        kind = kind_of(part)
        if name in kind.derivatives(part):
            return tuple(c for c in part.claims if _base(c[0]) == name) if kind.states else ()
    return ()


def shown(read: ReadAnswer, claims: Sequence[Claim], judge: Judge) -> Earned:
    """Whether an answer to "show that" shows something: it has a true line other than the claim, which leads to it."""
    name = read.target.name
    if name in named(read):
        return Earned(CIRCULAR, (name,))
    rest = [line for line in read.lines if line.aside or not _names(line.expr, name)]
    others = [line for line in rest if not any(is_claim(line, read, claim, judge) for claim in claims)]
    if any(_leads_to(line, name) for line in others):
        return FULL
    if others or read.unchecked:
        return Earned(CLAIM, (), undecided=True)
    return Earned(CLAIM)


def _names(expr: Expr, name: str) -> bool:
    return any(isinstance(e, Adj) and e.name == name for e in walk(expr))


def _leads_to(line: Line, name: str) -> bool:
    """Whether a line is about the derivative that is asked for, or about a local derivative by its quantity."""
    if not line.aside:
        return line.of in (None, name)
    return any(by == name for _, by in slopes(line.expr))


def is_claim(line: Line, read: ReadAnswer, claim: Claim, judge: Judge) -> bool:
    """Whether a line says no more than a claim: both are equal whatever the values of the quantities that they name.

    A line for whole arrays is another than a claim by entries, and so is one with other functions in it.
    """
    if line.aside or line.of not in (None, read.target.name) or any(slopes(line.expr)):
        return False  # A chain rule is a step.
    lhs, rhs = claim
    indices = lhs.indices if isinstance(lhs, Entry) else ()
    if bool(line.indices) != bool(indices) or _functions(line.expr) != _functions(rhs):
        return False
    return same_whatever(judge, (line.expr, line.indices), (rhs, indices))


def _functions(e: Expr) -> frozenset[str]:
    """The functions and comparisons in an expression."""
    return frozenset(n.name if isinstance(n, Fn) else n.op for n in walk(e) if isinstance(n, (Fn, Cmp)))


def same_whatever(judge: Judge, *forms: tuple[Expr, tuple[Ix, ...]]) -> bool:
    """Whether expressions have one value even where quantities are no function of each other, by algebra alone."""
    for seed, point in enumerate(judge.points[:: max(1, len(judge.points) - 1)]):
        rng = np.random.default_rng(seed)
        env = replace(point, values=_drawn(point.values, rng), adjoints=_drawn(point.adjoints, rng))
        try:
            with np.errstate(all="ignore"):
                own = [np.asarray(evaluate(expr, env, indices)) for expr, indices in forms]
        except (BacksymError, OverflowError, MemoryError):
            return False
        if any(np.size(value) != np.size(own[0]) or equal_values((value,), (own[0],)) is not True for value in own):
            return False
    return True


def _drawn(values: Mapping[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """Other numbers in their place; class labels stay what they are."""
    return {n: rng.normal(size=np.shape(x)) if np.asarray(x).dtype.kind == "f" else x for n, x in values.items()}

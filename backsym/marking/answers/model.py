"""What is asked for and what was read: targets, answers, lines of a derivation, answers that cannot be read.

This module must not know how a text is read or judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from backsym.core.choices import TAGS as TAGS
from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Entry, Equation, Expr, Ix, Shape, Total, free_indices, with_indices
from backsym.core.lazy import lazy
from backsym.core.problem import Problem
from backsym.reading.plain import glance


def quantity_named(text: str) -> str:
    """The name of the quantity in ``W2[k,j]``, ``dL/dW2``; of anything else, the text."""
    found = glance.quantity(text)
    return found[0] if found is not None else text.strip()


@dataclass(frozen=True)
class Target:
    """What is asked for: the derivative of the loss by ``name``.

    ``indices`` are the letters, or fixed positions, of a target such as ``W2[k,j]``; empty for the whole.
    """

    name: str
    shape: Shape
    indices: tuple[Ix, ...] = ()
    whole: Total | None = field(default=None, compare=False)
    """The Jacobian or second derivative that is asked for, in place of the derivative of the loss by a quantity."""
    from_second: bool = field(default=False, compare=False)
    """Whether an answer is about all members but the first, which is another or none."""

    @property
    def array(self) -> Expr:
        """What is asked for, as a whole."""
        return Adj(self.name, self.shape) if self.whole is None else self.whole

    def entry(self, indices: tuple[Ix, ...]) -> Expr:
        """The same at letters for its axes."""
        if self.whole is None:
            return Entry(self.array, indices)
        free = [ix for ix in indices if not ix.fixed]
        members = free_indices(self.whole)
        moved = dict(zip(members, free, strict=False))
        letters = iter(free[len(members) :])
        parts = tuple(with_indices(part, moved) for part in (self.whole.of, *self.whole.by))
        placed = [_entry(part, letters) for part in (parts[::-1] if self.whole.denominator else parts)]
        of, *by = placed[::-1] if self.whole.denominator else placed
        return Total(of, tuple(by), self.whole.denominator)

    @property
    def text(self) -> str:
        return f"{self.name}[{','.join(ix.letter for ix in self.indices)}]" if self.indices else self.name

    @property
    def is_position(self) -> bool:
        """Whether entries at a fixed position are asked for, such as ``W[1,2]`` or ``W[1,j]``."""
        return any(ix.fixed and ix.dim != 1 for ix in self.indices)

    @property
    def letters(self) -> tuple[Ix, ...]:
        """The letters among the indices."""
        return tuple(ix for ix in self.indices if not ix.fixed)


def _entry(e: Expr, letters: Iterator[Ix]) -> Expr:
    indices = tuple(Ix("1", 1) if dim == 1 else next(letters) for dim in e.shape)
    return Entry(e, indices) if indices else e


@dataclass(frozen=True)
class Line:
    """One member of a chain of equalities.

    ``indices`` are the letters that stand for the axes of the quantity that it belongs to; empty where ``expr`` is that
    whole quantity.  ``starts`` tells that it begins a statement of its own, about the derivative by ``of``: it is not
    claimed to equal the line before.  ``fits`` tells whether its shape is that of the quantity.
    """

    text: str
    expr: Expr
    indices: tuple[Ix, ...] = ()
    starts: bool = False
    of: str | None = None
    fits: bool = True
    aside: bool = False
    """Whether this belongs to an equation beside the answer, such as ``dy/dz = 1 - tanh(z)**2``."""
    unclear: bool = False
    """Whether it has other readings, of which one may be meant."""
    row: int = 1
    """The number of the line of the text on which it stands, from 1, blank ones not counted."""


@dataclass(frozen=True)
class ReadAnswer:
    """An answer as it was read.

    With ``indices``, one for each axis of the target, ``expr`` is its entry at these letters (a fixed letter stands on
    an axis of length one); without, ``expr`` is the whole.  ``fits`` tells whether its shape is that of the target.
    ``others`` are further possible readings, whose values may differ.  ``lines`` are the members of a chain of
    equalities, the last of which is ``expr``; a single expression has one.
    """

    target: Target
    expr: Expr
    indices: tuple[Ix, ...]
    text: str
    problem: Problem = field(compare=False, repr=False)
    fits: bool = True
    others: tuple[tuple[Expr, tuple[Ix, ...]], ...] = ()
    lines: tuple[Line, ...] = ()
    unchecked: tuple[str, ...] = ()
    """Members that stand for the chain rule of whole arrays, which has no value to check."""
    of: str | None = None
    """The quantity whose derivative the answer says it is, where that is not the target's."""
    regrouped: tuple[tuple[Expr, tuple[Ix, ...]], ...] = ()
    """The readings in which a product is grouped in another way that fits than is customary."""
    names: Any = field(default=None, compare=False, repr=False)
    """The names that hold after it, the student's own among them (``own_names.Names``)."""
    left_out: tuple[str, ...] = ()
    """What the text has besides, and was not read: sentences around the formulas, remarks."""

    @property
    def shape(self) -> Shape:
        """The shape of the answer: of entries, that of the array that they make up."""
        return tuple(ix.dim for ix in self.indices) if self.indices else self.expr.shape

    @property
    def lhs(self) -> Expr:
        """What the answer is of: the derivative as a whole, or its entry at the answer's letters."""
        rank = len(self.target.shape)
        return self.target.entry(self.indices[:rank]) if self.indices else self.target.array

    def with_lines(self, lines: tuple[Line, ...], unchecked: tuple[str, ...]) -> ReadAnswer:
        """The same answer at the end of these lines."""
        return ReadAnswer(
            self.target, self.expr, self.indices, self.text, self.problem, self.fits, self.others, lines, unchecked,
            self.of, self.regrouped, self.names, self.left_out,
        )  # fmt: skip

    @lazy
    def interpreted_latex(self) -> str:
        """How the answer was read, as LaTeX."""
        return reading_latex(self.problem, self.lhs, self.expr)

    @lazy
    def interpreted_plain(self) -> str:
        """How the answer was read, in the plain language; empty where that cannot say it."""
        return reading_plain(self.problem, self.lhs, self.expr)


@dataclass(frozen=True)
class Clash:
    """Two of the student's own operands whose shapes do not fit: ``operation`` is add, divide, combine, matmul,
    multiply element-wise and the like."""

    operation: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Unreadable:
    """An answer that cannot be read: the tag that explains why, a message, and the place in ``text``."""

    target: Target
    text: str
    tag: str
    message: str
    problem: Problem = field(compare=False, repr=False)
    hint: str | None = None
    line: int | None = None
    """The number of the line (from 1) of an answer with several."""
    clash: Clash | None = None
    meant: ReadAnswer | None = None
    """The answer put together although it does not fit, where that is all that is wrong with it."""


def reading_latex(problem: Problem, lhs: Expr, rhs: Expr) -> str:
    """``lhs = rhs`` in the problem's notation."""
    from backsym.printing.latex import equation_latex
    from backsym.printing.notation import Notation

    return equation_latex(Equation(lhs, rhs), Notation.of(problem))


def reading_plain(problem: Problem, lhs: Expr, rhs: Expr) -> str:
    """``lhs = rhs`` in the plain language; empty for what that cannot say."""
    from backsym.printing.plain import plain

    try:
        return f"{plain(lhs, problem)} = {plain(rhs, problem)}"
    except BacksymError:
        return ""

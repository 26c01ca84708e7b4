"""Steps: what a rewrite did, recorded while it was made.

A step states an equality, ``before = after``, of displayed expressions; tests evaluate both sides.  Its sentence
("why") is not stored here: ``kind``, see ``stepkinds``, selects it in the sentence catalogue of ``templates/``, and
``facts`` fills it in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backsym.core.dims import is_layered
from backsym.core.expr import Adj, Entry, Equation, Expr, Ix, Member, Run, Sym, free_indices, is_last, position_of, walk
from backsym.core.problem import Problem
from backsym.core.stepkinds import StepKind
from backsym.core.words import Words

Fact = str | Expr | Ix | tuple[Expr, ...] | tuple[Ix, ...]


@dataclass(frozen=True)
class Step:
    """One equality of a derivation; ``substeps`` lead from ``before`` to ``after`` in smaller strides."""

    kind: StepKind
    """What is done."""
    before: Expr
    """What it was."""
    after: Expr
    """What it has become; equal in value."""
    substeps: tuple[Step, ...] = ()
    """The same in smaller strides."""
    facts: dict[str, Fact] = field(default_factory=dict, compare=False)
    """What the sentence about it says, by name."""


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps and those that lead through them."""
    for step in steps:
        yield step
        yield from all_steps(step.substeps)


@dataclass(frozen=True)
class Case:
    """A derivative at some members of a family: ``entry`` and ``matrix`` at the positions of ``run``."""

    run: Run
    entry: Equation
    matrix: Equation | None
    indices: tuple[Ix, ...]
    """The free letters of ``entry``."""

    @property
    def single(self) -> bool:
        """Whether it is of one member."""
        return self.run.first == self.run.final

    def indexed(self, equation: Equation) -> tuple[Equation, tuple[Ix, ...]]:
        """A form with its ranges; that of one member needs none for its position."""
        rest = tuple(ix for ix in self.indices if ix != self._letter) if equation == self.entry else ()
        return equation, (*(() if self.single else (self.run,)), *rest)

    @property
    def _letter(self) -> Ix:
        return Ix(self.run.letter, self.run.dim)


@dataclass(frozen=True)
class Derivation:
    """The derivative of the loss by one quantity, with its derivation.

    ``entry`` states it entry by entry (or, for a scalar, plainly), ``matrix`` as a whole; ``matrix`` is None for a
    scalar, and where no matrix form is known, in which case ``no_matrix`` says why.  ``indices`` are the free letters
    of ``entry``, in the order of the axes of ``node`` (an axis of length one has a fixed index).
    """

    node: str
    """The quantity by which is differentiated."""
    indices: tuple[Ix, ...]
    """The free letters of ``entry``."""
    entry: Equation
    """The equation of one entry."""
    matrix: Equation | None
    """The equation of the whole; None where there is no matrix form."""
    steps: tuple[Step, ...]
    """The steps, in their order."""
    no_matrix: Words | None = None
    """Why there is no matrix form."""
    member: Equation | None = None
    """For families, the derivative by a member as a whole, or with sums over members; ``matrix`` is then of the arrays
    in which the members are stacked."""
    cases: tuple[Case, ...] = ()
    """For recurrences, what holds of which members: where the recursion starts, and how it goes on.  ``entry`` and
    ``member`` say all of it in one line, in which what is beyond the last member is zero."""

    @property
    def by_members(self) -> bool:
        """Whether there is a form for each member as a whole."""
        return self.member is not None or any(case.matrix is not None for case in self.cases)


@dataclass(frozen=True)
class Sensitivity:
    """The recursion of the derivative of a state of a recurrence, entry by entry."""

    state: str
    """The family."""
    letter: Ix
    """The letter of its members."""
    equation: Equation
    """That of the derivative of an entry at any position."""
    free: tuple[Ix, ...]
    """The letters of the entry, without that of the member."""
    starts: tuple[Expr, ...]
    """The derivatives of what the recurrence starts from, at the positions 0, -1, ...; none where they are zero."""


@dataclass(frozen=True)
class TotalDerivation:
    """A Jacobian, or a second derivative of the loss: the derivative of ``of`` by one quantity or by two.

    ``indices`` are the letters of the entry in the order of the axes of the array, see ``expr.Total``.
    """

    of: str
    """What is differentiated."""
    by: tuple[str, ...]
    """By what, in this order."""
    denominator: bool
    """Whether the outputs are along the columns."""
    indices: tuple[Ix, ...]
    """The letters of the entry."""
    entry: Equation
    """The equation of one entry."""
    matrix: Equation | None
    """The equation of the whole; None where there is no matrix form."""
    steps: tuple[Step, ...]
    """The steps, in their order."""
    no_matrix: Words | None = None
    """Why there is no matrix form."""
    stationary: Expr | None = None
    """Where the loss has no slope by the quantity, if that was asked for."""
    cases: tuple[Case, ...] = ()
    """Through a recurrence, the recursion of the derivative of each state, with what it starts from; of two members one
    after the other, that of the first, if there is one before it, and of all later ones.  ``entry`` says that of ``of``
    in one line, in which what is before the first member is the derivative of the start."""
    recursive: bool = False
    """Whether ``entry`` is itself one of the recursions, or the cases say all."""
    recursions: tuple[Sensitivity, ...] = ()
    """The recursions on which the result rests, in the order in which a position is computed; of what is asked at one
    position also that at any other."""

    @property
    def array(self) -> tuple[Equation, tuple[Ix, ...]]:
        """The equation of the array, and its letters, which are leading axes: one for each of the members."""
        if self.matrix is None or self.cases or free_indices(self.matrix.lhs):
            return self.entry, self.indices
        return self.matrix, ()

    @property
    def through(self) -> bool:
        """Whether it is of members, or leads through a recurrence."""
        return bool(self.recursions) or any("[" in end for end in (self.of, *self.by))

    @property
    def second(self) -> Ix | None:
        """The second position of its members, where the first one has another form, or is none."""
        runs = [case.run.first for case in self.cases if case.run.first == Ix("2", case.run.dim)]
        return runs[0] if runs and not self.recursions else None

    @property
    def node(self) -> str:
        """The last quantity by which is differentiated."""
        return self.by[-1]

    @property
    def key(self) -> tuple[str, tuple[str, ...], bool]:
        """What tells it from others of the same problem."""
        return self.of, self.by, self.denominator


@dataclass(frozen=True)
class ForwardForms:
    """One forward equation at both levels, with the steps that lead from the author's form to the other."""

    node: str
    """The quantity that is defined."""
    indices: tuple[Ix, ...]
    """The free letters of ``entry``."""
    entry: Equation
    """The equation of one entry."""
    matrix: Equation | None
    """The equation of the whole; None where there is no matrix form."""
    steps: tuple[Step, ...] = ()
    """The steps from the author's form to the other."""
    no_matrix: Words | None = None
    """Why there is no matrix form."""
    member: Equation | None = None
    """Where the author wrote members of families, the equation as written."""


@dataclass(frozen=True)
class Verification:
    """The outcome of the numeric check of one derivative; ``status`` is verified, unexercised or failed; or
    given, of what is not derived.

    ``max_error`` is a bound of the relative error at all ``draws`` points, a power of ten.  ``reason`` says of a
    derivative that was zero at every point why it was.
    """

    max_error: float
    """A bound of the relative error at all points, a power of ten."""
    draws: int
    """The number of points."""
    status: str
    """verified, unexercised, failed or given."""
    reason: Words | None = None
    """Why a derivative was zero at every point, if it was."""


def whole_form(problem: Problem, forms: Derivation | ForwardForms) -> Equation | None:
    """The form of a derivative as a whole; where layers differ in size also that in which single members stand."""
    if forms.matrix is not None or not problem.layers or is_layered(problem.symbols[forms.node].shape):
        return forms.matrix
    return forms.member


def adds_layers(problem: Problem, forms: Derivation | ForwardForms) -> bool:
    """Whether members that differ in size are used otherwise than each by its position: a sum over all layers."""
    if not problem.layers:
        return False
    return runs_over_layers((whole_form(problem, forms) or forms.entry).rhs)


def runs_over_layers(form: Expr) -> bool:
    """Whether members that differ in size stand at a letter."""
    return any(
        not all(position_of(ix) is not None or is_last(ix) for ix in e.indices[:1])
        for e in walk(form)
        if isinstance(e, (Entry, Member)) and isinstance(e.base, (Sym, Adj)) and is_layered(e.base.declared)
    )

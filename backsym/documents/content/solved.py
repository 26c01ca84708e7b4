"""What the documents need of a solved problem, and the results from which the kinds of its parts answer them.

Nothing is derived here.  This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cache, partial
from typing import Protocol, TypeVar

from backsym.core import stepkinds as sk
from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Entry, Equation, Expr, Ix, Member, Sym, free_indices, walk, with_indices
from backsym.core.problem import Asked, Part, Problem
from backsym.core.steps import Derivation, ForwardForms, Step, TotalDerivation, Verification
from backsym.core.words import say
from backsym.documents.content.stating import steps_to
from backsym.numeric.axes import Array
from backsym.numeric.claims import stated_form
from backsym.numeric.context import Env
from backsym.numeric.given import point, told
from backsym.parts.kind import Answered, Claim, Indexed, Piece
from backsym.parts.table import kind_of

T = TypeVar("T")


class Solved(Protocol):
    """A solved problem: ``backsym.solving.solution.Solution`` is one."""

    @property
    def problem(self) -> Problem: ...
    @property
    def forward(self) -> tuple[ForwardForms, ...]: ...
    @property
    def derivations(self) -> tuple[Derivation, ...]: ...
    @property
    def given(self) -> tuple[Derivation, ...]:
        """Derivatives that are given, of an abstract loss."""

    @property
    def points(self) -> tuple[Env, ...]:
        """The points of the numeric check, the first with the derivatives there."""

    @property
    def totals(self) -> tuple[TotalDerivation, ...]:
        """The Jacobians and second derivatives that the parts ask for."""

    @property
    def totals_verified(self) -> Mapping[Asked, Verification]: ...
    def total_numpy(self, asked: Asked) -> str | None: ...
    @property
    def verified(self) -> Mapping[str, Verification]: ...
    def numpy(self, node: str) -> str | None: ...
    def forward_numpy(self, node: str) -> str | None: ...


def answered_parts(solved: Solved) -> tuple[Answered, ...]:
    """All parts of the problem, labelled (a), (b), ... in order."""
    labelled = [(part, label_of(n)) for n, part in enumerate(solved.problem.parts)]
    at = cache(lambda: point(solved.problem, solved.derivations))
    answers = [kind_of(part).answer(part, label, _Results(solved, part, label, at)) for part, label in labelled]
    first = next((n for n, answered in enumerate(answers) if answered.numbers), None)
    if first is not None:
        answers[first] = replace(answers[first], given=True)
    known = {piece.node for answered in answers for piece in answered.pieces if piece.derivative}
    before: set[str] = set()
    for n, answered in enumerate(answers):
        if recalled := _recalled(solved, answered, before):
            answers[n] = replace(answered, needed=recalled)
            known |= {piece.node for piece in recalled}
        elif kind_of(answered.part).needs:
            answers[n] = replace(answered, needed=_needed(solved, answered, known))
            known |= {piece.node for piece in answers[n].needed}
        before |= {piece.node for piece in (*answers[n].needed, *answered.pieces) if piece.derivative}
    return tuple(answers)


def _recalled(solved: Solved, answered: Answered, known: AbstractSet[str]) -> tuple[Piece, ...]:
    """The derivatives that the answer puts in beyond its own derivation, and that no earlier part has derived.

    A part that states an equation contains or refers to the proof of all that it uses.
    """
    recalled = [step for piece in answered.pieces for step in piece.after if step.kind == sk.RECALL]
    nodes = [(step, step.facts["node"]) for step in recalled]
    entries = {node.name: isinstance(step.before, Entry) for step, node in nodes if isinstance(node, Sym)}
    own = {piece.node for piece in answered.pieces}
    wanted = [d for d in solved.derivations if d.node in entries and d.node not in known | own]
    return tuple(_entries(d) if entries[d.node] else _gradient(d) for d in wanted)


def _needed(solved: Solved, answered: Answered, known: AbstractSet[str]) -> tuple[Piece, ...]:
    """The derivatives that the answer mentions, directly or through others, and that are not ``known``."""
    by_name = {derivation.node: derivation for derivation in solved.derivations}
    needed: set[str] = set()
    todo = [piece.node for piece in answered.pieces]
    while todo:
        new = adjoints_of(by_name[todo.pop()].entry.rhs) - known - needed - {solved.problem.upstream}
        needed |= new
        todo += new
    found = [by_name[node] for node in solved.problem.symbols if node in needed]
    wanted = in_turn(found, lambda d: d.node, lambda d: adjoints_of(d.entry.rhs))
    whole = kind_of(answered.part).needs == "gradient"
    return tuple(_gradient(d) if whole else _entries(d) for d in wanted)


def in_turn(found: Sequence[T], node: Callable[[T], str], used: Callable[[T], AbstractSet[str]]) -> list[T]:
    """Each after those by which it is stated; of several that could be next, the first one."""
    left, done = list(found), []
    while left:
        names = {node(one) for one in left}
        free = [one for one in left if not (names - {node(one)}) & used(one)]
        done.append((free or left)[0])
        left.remove(done[-1])
    return done


def adjoints_of(e: Expr) -> set[str]:
    """The quantities by which it has derivatives of the loss."""
    return {part.name for part in walk(e) if isinstance(part, Adj)}


def label_of(n: int) -> str:
    """(a) ... (z), (aa) ... for n = 0, 1, ..."""
    letters = ""
    n += 1
    while n:
        n, rest = divmod(n - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return f"({letters})"


def split_levels(steps: Sequence[Step]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Positions of the steps entry by entry, and of those that lead from there to matrices."""
    for position, step in enumerate(steps):
        if step.kind.lifts:
            return tuple(range(position)), tuple(range(position, len(steps)))
    return tuple(range(len(steps))), ()


def derivation_of(solved: Solved, node: str) -> Derivation:
    for derivation in solved.derivations:
        if derivation.node == node:
            return derivation
    raise BacksymError(say("documents.independent", loss=solved.problem.loss, name=node))


def forward_of(solved: Solved, node: str) -> ForwardForms:
    for forms in solved.forward:
        if forms.node == node:
            return forms
    raise BacksymError(say("documents.no_equation", name=node))


class _Results:
    """What :class:`backsym.parts.kind.Results` promises, for one part of a solved problem."""

    def __init__(self, solved: Solved, part: Part, label: str, at: Callable[[], Env]):
        self.solved = solved
        self.part = part
        self.label = label
        self.at = at
        """The point of the given values, found when it is first asked for."""

    @property
    def problem(self) -> Problem:
        return self.solved.problem

    def entries(self, name: str) -> Piece:
        return _entries(derivation_of(self.solved, name))

    def gradient(self, name: str) -> Piece:
        return _gradient(derivation_of(self.solved, name))

    def presented(self, piece: Piece) -> Piece:
        stated = stated_form(self.problem, self.part, self.solved.derivations)
        if isinstance(stated.lhs, Entry) != bool(piece.indices):
            return replace(piece, steps=(), shown=(), result=stated, indices=free_indices(stated.lhs))
        letters = dict(zip(free_indices(stated.lhs), free_indices(piece.result.lhs), strict=True))
        form = with_indices(stated.rhs, letters)
        if form == piece.result.rhs:
            return piece
        return replace(
            piece, after=(Step(sk.PRESENT, piece.result.rhs, form),), result=Equation(piece.result.lhs, form)
        )

    def claimed(self, claim: Claim) -> Piece:
        equation = Equation(*claim)
        lhs = equation.lhs
        derivation = derivation_of(self.solved, self._adjoint_name(lhs))
        entry, matrix = split_levels(derivation.steps)
        if isinstance(lhs, Member):
            matrix = tuple(n for n in matrix if derivation.steps[n].kind == sk.MEMBERS)
        positions = entry if isinstance(lhs, Entry) or not lhs.shape else entry + matrix
        after = steps_to(equation, derivation, partial(derivation_of, self.solved), self.problem)
        return replace(_piece(derivation, positions, equation, free_indices(lhs)), after=after)

    def in_matrix_form(self, claim: Claim) -> Piece:
        base = claim[0].base if isinstance(claim[0], (Entry, Member)) else claim[0]
        if isinstance(base, Sym):
            return self.forward_in_matrix_form(base.name)
        derivation = derivation_of(self.solved, self._adjoint_name(base))
        positions = split_levels(derivation.steps)[1]
        indices = () if derivation.matrix else derivation.indices
        return _piece(derivation, positions, derivation.matrix or derivation.entry, indices)

    def forward(self, name: str) -> Indexed:
        forms = forward_of(self.solved, name)
        return forms.entry, forms.indices

    def forward_in_matrix_form(self, name: str) -> Piece:
        forms = forward_of(self.solved, name)
        if forms.matrix is None and forms.member is not None:
            return Piece(forms.node, forms.steps, forms.member, free_indices(forms.member.lhs))
        if forms.matrix is None:
            return Piece(forms.node, forms.steps, forms.entry, forms.indices)
        return Piece(forms.node, forms.steps, forms.matrix)

    def total(self, asked: Asked) -> Piece:
        found = next(total for total in self.solved.totals if total.key == asked)
        result, indices = _total_form(found)
        return Piece(found.by[-1], found.steps, result, indices, cases=_total_cases(found))

    def stationary(self, asked: Asked) -> Expr:
        found = next(total.stationary for total in self.solved.totals if total.key == asked)
        if found is None:
            raise BacksymError(say("documents.not_stationary", name=asked[1][0]))
        return found

    def value(self, e: Expr) -> Array:
        return told(e, self.at())

    def _adjoint_name(self, lhs: Expr) -> str:
        base = lhs.base if isinstance(lhs, (Entry, Member)) else lhs
        if isinstance(base, Adj):
            return base.name
        what = type(base).__name__
        raise BacksymError(say("documents.left_side", label=self.label, found=what))


def _piece(derivation: Derivation, positions: tuple[int, ...], result: Equation, indices: tuple[Ix, ...]) -> Piece:
    steps = tuple(derivation.steps[p] for p in positions)
    return Piece(derivation.node, steps, result, indices, positions, cases=_cases(derivation, result))


def _cases(derivation: Derivation, result: Equation) -> tuple[Indexed, ...]:
    """The cases in the form in which a result is; none for another equation than the derivation's own."""
    if result == derivation.entry:
        return tuple(case.indexed(case.entry) for case in derivation.cases)
    if result != derivation.member or any(case.matrix is None for case in derivation.cases):
        return ()
    return tuple(case.indexed(case.matrix) for case in derivation.cases if case.matrix is not None)


def _total_cases(total: TotalDerivation) -> tuple[Indexed, ...]:
    """What states a Jacobian through a recurrence: each form of its recursions that reads best, and of what it starts
    from; before that its own equation where that is none of them."""
    if not total.cases:
        return ()
    cases = tuple(case.indexed(case.matrix or case.entry) for case in total.cases)
    return cases if total.recursive else (_total_form(total), *cases)


def _total_form(total: TotalDerivation) -> Indexed:
    """The matrix form with the letters of its members, or the entries."""
    if total.matrix is None:
        return total.entry, total.indices
    return total.matrix, free_indices(total.matrix.lhs)


def _entries(derivation: Derivation) -> Piece:
    """A derivative, entry by entry."""
    return _piece(derivation, split_levels(derivation.steps)[0], derivation.entry, derivation.indices)


def _gradient(derivation: Derivation) -> Piece:
    """A derivative in matrix form, or entry by entry where it has none."""
    everything = tuple(range(len(derivation.steps)))
    if derivation.cases and derivation.member is None:
        return _entries(derivation)
    if derivation.matrix is not None and not derivation.cases:
        return _piece(derivation, everything, derivation.matrix, ())
    if derivation.member is not None:
        return _piece(derivation, everything, derivation.member, free_indices(derivation.member.lhs))
    return _piece(derivation, everything, derivation.entry, derivation.indices)

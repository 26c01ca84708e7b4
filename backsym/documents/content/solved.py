"""What the documents need of a solved problem, and how its parts are answered.

A part of a question is answered from the derivations and the forward forms; nothing is derived here.  This module must
not know about output languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Entry, Equation, Expr, Ix, Sym, free_indices, names_in, walk, with_indices
from backsym.core.problem import Part, Problem
from backsym.core.steps import Derivation, ForwardForms, Step, Verification
from backsym.documents.content.stating import steps_to
from backsym.numeric.claims import stated_form


class Solved(Protocol):
    """A solved problem: ``backsym.solving.solution.Solution`` is one."""

    @property
    def problem(self) -> Problem: ...
    @property
    def forward(self) -> tuple[ForwardForms, ...]: ...
    @property
    def derivations(self) -> tuple[Derivation, ...]: ...
    @property
    def verified(self) -> Mapping[str, Verification]: ...
    def numpy(self, node: str) -> str: ...
    def forward_numpy(self, node: str) -> str: ...


@dataclass(frozen=True)
class Piece:
    """One result within the answer of a part: the steps that lead to it (``lhs`` is where they start) and what it is.

    ``shown`` names the steps among all those of the node, so that a document does not print them twice; ``after`` are
    steps that only this part has.
    """

    node: str
    steps: tuple[Step, ...]
    result: Equation
    indices: tuple[Ix, ...] = ()
    shown: tuple[int, ...] = ()
    after: tuple[Step, ...] = ()

    @property
    def derivative(self) -> bool:
        """Whether the result is a derivative of the loss, not a forward equation."""
        lhs = self.result.lhs
        return isinstance(lhs.base if isinstance(lhs, Entry) else lhs, Adj)


@dataclass(frozen=True)
class AnsweredPart:
    """A part with its label and its answer; ``asked`` are the equations that its question prints.

    ``needed`` are derivatives on which the answer rests, and for which no part asks.
    """

    part: Part
    label: str
    asked: tuple[tuple[Equation, tuple[Ix, ...]], ...]
    pieces: tuple[Piece, ...]
    needed: tuple[Piece, ...] = ()


def answered_parts(solved: Solved) -> tuple[AnsweredPart, ...]:
    """All parts of the problem, labelled (a), (b), ... in order."""
    answers = [_answer(solved, part, label_of(n)) for n, part in enumerate(solved.problem.parts)]
    known = {piece.node for answered in answers for piece in answered.pieces if piece.derivative}
    for n, answered in enumerate(answers):
        if answered.part.kind in ("derive", "gradients"):
            answers[n] = replace(answered, needed=_needed(solved, answered, known))
            known |= {piece.node for piece in answers[n].needed}
    return tuple(answers)


def _needed(solved: Solved, answered: AnsweredPart, known: AbstractSet[str]) -> tuple[Piece, ...]:
    """The derivatives that the answer mentions, directly or through others, and that are not ``known``."""
    by_name = {derivation.node: derivation for derivation in solved.derivations}
    needed: set[str] = set()
    todo = [piece.node for piece in answered.pieces]
    while todo:
        rhs = by_name[todo.pop()].entry.rhs
        found = {e.name for e in walk(rhs) if isinstance(e, Adj)} - known - needed
        needed |= found
        todo += found
    wanted = [derivation for derivation in solved.derivations if derivation.node in needed]
    whole = answered.part.kind == "gradients"
    return tuple(_gradient(d) if whole else _entries(d) for d in wanted)


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
        if step.kind == "vectorize" or step.kind.startswith("lift_"):
            return tuple(range(position)), tuple(range(position, len(steps)))
    return tuple(range(len(steps))), ()


def _answer(solved: Solved, part: Part, label: str) -> AnsweredPart:
    if part.kind in ("graph", "ask", "why"):
        return AnsweredPart(part, label, (), ())
    answer = {
        "show": _show,
        "derive": _derive,
        "gradients": _gradients,
        "vectorize": _vectorize,
        "forward": _forward,
    }.get(part.kind)
    if answer is None:
        raise BacksymError(f"part {label}: no answer is known for a part of kind {part.kind}")
    return answer(solved, part, label)


def derivation_of(solved: Solved, node: str) -> Derivation:
    for derivation in solved.derivations:
        if derivation.node == node:
            return derivation
    raise BacksymError(f"the loss {solved.problem.loss} does not depend on {node}, so there is no derivative by it")


def forward_of(solved: Solved, node: str) -> ForwardForms:
    for forms in solved.forward:
        if forms.node == node:
            return forms
    raise BacksymError(f"{node} has no forward equation")


def _piece(derivation: Derivation, positions: tuple[int, ...], result: Equation, indices: tuple[Ix, ...]) -> Piece:
    steps = tuple(derivation.steps[p] for p in positions)
    return Piece(derivation.node, steps, result, indices, positions)


def _show(solved: Solved, part: Part, label: str) -> AnsweredPart:
    asked, pieces = [], []
    for lhs, rhs in part.claims:
        claim = Equation(lhs, rhs)
        derivation = derivation_of(solved, _adjoint_name(lhs, label))
        entry, matrix = split_levels(derivation.steps)
        positions = entry if isinstance(lhs, Entry) or not lhs.shape else entry + matrix
        indices = free_indices(lhs)
        asked.append((claim, indices))
        after = steps_to(claim, derivation, partial(derivation_of, solved), solved.problem)
        pieces.append(replace(_piece(derivation, positions, claim, indices), after=after))
    return AnsweredPart(part, label, tuple(asked), tuple(pieces))


def _derive(solved: Solved, part: Part, label: str) -> AnsweredPart:
    pieces = [_entries(derivation_of(solved, name)) for name in part.targets]
    return AnsweredPart(part, label, (), _presented(solved, part, pieces))


def _presented(solved: Solved, part: Part, pieces: list[Piece]) -> tuple[Piece, ...]:
    """The pieces, the only one rewritten in the form that the part asks for."""
    if part.form is None:
        return tuple(pieces)
    stated, piece = stated_form(solved.problem, part, solved.derivations), pieces[0]
    if isinstance(stated.lhs, Entry) != bool(piece.indices):
        return (replace(piece, steps=(), shown=(), result=stated, indices=free_indices(stated.lhs)),)
    form = with_indices(stated.rhs, dict(zip(free_indices(stated.lhs), free_indices(piece.result.lhs), strict=True)))
    if form == piece.result.rhs:
        return (piece,)
    step = Step("present", piece.result.rhs, form)
    return (replace(piece, after=(step,), result=Equation(piece.result.lhs, form)),)


def _gradients(solved: Solved, part: Part, label: str) -> AnsweredPart:
    pieces = [_gradient(derivation_of(solved, name)) for name in part.targets]
    return AnsweredPart(part, label, (), _presented(solved, part, pieces))


def _entries(derivation: Derivation) -> Piece:
    """A derivative, entry by entry."""
    return _piece(derivation, split_levels(derivation.steps)[0], derivation.entry, derivation.indices)


def _gradient(derivation: Derivation) -> Piece:
    """A derivative in matrix form, or entry by entry where it has none."""
    everything = tuple(range(len(derivation.steps)))
    if derivation.matrix is not None:
        return _piece(derivation, everything, derivation.matrix, ())
    return _piece(derivation, everything, derivation.entry, derivation.indices)


def _vectorize(solved: Solved, part: Part, label: str) -> AnsweredPart:
    asked, pieces = [], []
    for lhs, rhs in part.claims:
        asked.append((Equation(lhs, rhs), free_indices(lhs)))
        base = lhs.base if isinstance(lhs, Entry) else lhs
        if isinstance(base, Sym):
            pieces.append(_forward_piece(forward_of(solved, base.name)))
            continue
        derivation = derivation_of(solved, _adjoint_name(lhs, label))
        matrix = derivation.matrix
        positions = split_levels(derivation.steps)[1]
        indices = () if matrix else derivation.indices
        pieces.append(_piece(derivation, positions, matrix or derivation.entry, indices))
    for name in part.targets:
        forms = forward_of(solved, name)
        asked.append((forms.entry, forms.indices))
        pieces.append(_forward_piece(forms))
    return AnsweredPart(part, label, tuple(asked), tuple(pieces))


def _forward_piece(forms: ForwardForms) -> Piece:
    if forms.matrix is None:
        return Piece(forms.node, forms.steps, forms.entry, forms.indices)
    return Piece(forms.node, forms.steps, forms.matrix)


def _forward(solved: Solved, part: Part, label: str) -> AnsweredPart:
    pieces = []
    for name in part.targets:
        if name not in solved.problem.by_name:
            raise BacksymError(f"part {label}: {name} has no forward equation")
        node = solved.problem.by_name[name]
        pieces.append(Piece(name, (), Equation(node.lhs, node.rhs), node.indices))
    return AnsweredPart(part, label, (), tuple(pieces))


def _adjoint_name(lhs: Expr, label: str) -> str:
    base = lhs.base if isinstance(lhs, Entry) else lhs
    if isinstance(base, Adj):
        return base.name
    raise BacksymError(f"part {label}: the left side must be a derivative of the loss, not a {type(base).__name__}")


def parameters_behind(problem: Problem, node: str) -> tuple[str, ...]:
    """The parameters from which ``node`` is computed, in the order in which the problem declares them."""
    seen: set[str] = set()
    todo = [node]
    while todo:
        equation = problem.by_name.get(todo.pop())
        if equation is None:
            continue
        for source in sources_of(problem, equation.name):
            if source not in seen:
                seen.add(source)
                todo.append(source)
    return tuple(name for name, symbol in problem.symbols.items() if name in seen and symbol.role == "parameter")


def sources_of(problem: Problem, node: str) -> tuple[str, ...]:
    """The quantities that the equation of ``node`` mentions, in the author's order."""
    return names_in(problem.by_name[node].rhs)


def edges(problem: Problem) -> tuple[tuple[str, str], ...]:
    """The computation graph: (source, node), in forward order."""
    return tuple((source, eq.name) for eq in problem.equations for source in sources_of(problem, eq.name))

"""Parts that ask for derivatives of the loss, or state some: derive, gradients, show.  Knows no documents."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from backsym.core.expr import Adj, Entry, Expr, Member, free_indices
from backsym.core.problem import Part
from backsym.parts.kind import Answered, Claim, Page, PartKind, Piece, Results, Value


def differentiated(claims: tuple[Claim, ...]) -> tuple[str, ...]:
    """The quantities by which the left sides are derivatives of the loss."""
    bases = [lhs.base if isinstance(lhs, (Entry, Member)) else lhs for lhs, _ in claims]
    return tuple(dict.fromkeys(base.name for base in bases if isinstance(base, Adj)))


class _Asked(PartKind):
    """Derivatives by name, to be found."""

    form_given = True

    @abstractmethod
    def piece(self, name: str, results: Results) -> Piece:
        """The derivative by this quantity, in the form that the part asks for."""

    def read(self, part: Part, value: Value) -> Part:
        return replace(part, targets=value.quantities())

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        pieces = [self.piece(name, results) for name in part.targets]
        if part.form is not None:
            pieces[0] = results.presented(pieces[0])
        return Answered(part, label, (), tuple(pieces))

    def question(self, answered: Answered, page: Page) -> None:
        page.say(f"questions.{self.name}{'_one' if len(answered.part.targets) == 1 else ''}")
        wanted: list[Expr] = [piece.result.lhs for piece in answered.pieces]
        page.formulas(wanted)

    def derivatives(self, part: Part) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.targets))


class Derive(_Asked):
    name = "derive"
    about = "Derive the derivatives of the loss by these quantities, entry by entry."
    needs = "entries"

    def piece(self, name: str, results: Results) -> Piece:
        return results.entries(name)


class Gradients(_Asked):
    name = "gradients"
    about = "Derive the derivatives of the loss by these quantities in matrix form."
    needs = "gradient"

    def piece(self, name: str, results: Results) -> Piece:
        return results.gradient(name)


class List(Gradients):
    """Results to be written down, without their derivation."""

    name = "list"
    about = "Write down the derivatives of the loss by these quantities, without deriving them."
    derived = False

    def solution(self, answered: Answered, page: Page) -> None:
        self.key(answered, page)


class Show(PartKind):
    name = "show"
    about = "Show that these equations hold."
    states = True

    def read(self, part: Part, value: Value) -> Part:
        return replace(part, claims=value.equations())

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        pieces = [results.claimed(claim) for claim in part.claims]
        return Answered(part, label, tuple((p.result, free_indices(p.result.lhs)) for p in pieces), tuple(pieces))

    def derivatives(self, part: Part) -> tuple[str, ...]:
        return differentiated(part.claims)

"""Parts about equations as they stand: vectorize, forward.  Knows no documents."""

from __future__ import annotations

from dataclasses import replace

from backsym.core.expr import Equation, free_indices
from backsym.core.problem import Part
from backsym.parts.derivatives import differentiated
from backsym.parts.kind import Answered, Page, PartKind, Piece, Results, Value


class Vectorize(PartKind):
    """Equations, and names for their forward equations."""

    name = "vectorize"
    about = "Put these equations, or the forward equations of these nodes, into matrix form."
    states = True
    forward = "matrix"

    def read(self, part: Part, value: Value) -> Part:
        targets, claims = value.nodes_and_equations()
        return replace(part, targets=targets, claims=claims)

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        asked = [(Equation(lhs, rhs), free_indices(lhs)) for lhs, rhs in part.claims]
        pieces = [results.in_matrix_form(claim) for claim in part.claims]
        asked += [results.forward(name) for name in part.targets]
        pieces += [results.forward_in_matrix_form(name) for name in part.targets]
        return Answered(part, label, tuple(asked), tuple(pieces))

    def solution(self, answered: Answered, page: Page) -> None:
        page.vectorized(answered)

    def derivatives(self, part: Part) -> tuple[str, ...]:
        return differentiated(part.claims)


class Forward(PartKind):
    name = "forward"
    about = "Write down the forward equations of these nodes."
    forward = "written"

    def read(self, part: Part, value: Value) -> Part:
        return replace(part, targets=value.nodes())

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        nodes = [results.problem.by_name[name] for name in part.targets]
        return Answered(part, label, (), tuple(Piece(n.name, (), Equation(n.lhs, n.rhs), n.indices) for n in nodes))

    def question(self, answered: Answered, page: Page) -> None:
        targets, problem = answered.part.targets, page.problem
        key = f"questions.forward{'_one' if len(targets) == 1 else ''}"
        page.say(key, names=tuple(problem.sym(name) for name in targets))

    def solution(self, answered: Answered, page: Page) -> None:
        self.key(answered, page)

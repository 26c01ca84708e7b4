"""Parts that are answered in words or by a drawing: ask, why, graph.  Knows no documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from backsym.core.choices import GRAPHS
from backsym.core.expr import Adj, Expr, names_in
from backsym.core.problem import Part, Problem
from backsym.core.words import say
from backsym.parts.kind import Answered, Page, PartKind, Value


class Ask(PartKind):
    """The question is the part's text."""

    name = "ask"
    about = "A question in words; its answer is given in answer."
    values: ClassVar[Mapping[str, Any]] = {"type": "string", "minLength": 1}
    answer_given = True
    holds = "words"

    def read(self, part: Part, value: Value) -> Part:
        question = value.prose("ask: What does a zero gradient mean?")
        return replace(part, text=f"{part.text}\n\n{question}" if part.text else question)

    def question(self, answered: Answered, page: Page) -> None:
        """The text has asked it."""

    def solution(self, answered: Answered, page: Page) -> None:
        """Nothing where the author gives no answer."""
        if answered.part.answer:
            page.prose(answered.part.answer)

    key = solution


class Why(PartKind):
    """Why to compute a derivative by what is not learned; of what is learned there is no such question."""

    name = "why"
    about = "Explain why to compute the derivative by a quantity that is not learned."
    answer_given = True

    def read(self, part: Part, value: Value) -> Part:
        problem = value.problem
        for item in value.items():
            name = item.text.strip()
            symbol = problem.symbols.get(name)
            if symbol is not None and symbol.role == "parameter":
                value.refuse(say("parts.learned", name=name), item=item)
            elif name == problem.loss:
                value.refuse(say("parts.loss_itself", name=name), item=item)
        return replace(part, targets=value.quantities())

    def question(self, answered: Answered, page: Page) -> None:
        node = answered.part.targets[0]
        page.say("questions.why", node=page.problem.sym(node), adjoint=adjoint(node, page.problem))

    def solution(self, answered: Answered, page: Page) -> None:
        """Which parameters' derivatives pass through the one by the node."""
        if answered.part.answer:
            page.prose(answered.part.answer)
            return
        problem, node = page.problem, answered.part.targets[0]
        parameters = tuple(problem.sym(name) for name in parameters_behind(problem, node))
        symbol, passed = problem.sym(node), adjoint(node, problem)
        if parameters:
            page.say("answers.why", parameters=parameters, node=symbol, adjoint=passed)
        else:
            page.say("answers.why_useless", node=symbol, adjoint=passed)

    key = solution


class Graph(PartKind):
    name = "graph"
    about = "Draw the computation graph."
    values: ClassVar[Mapping[str, Any]] = {"enum": [*GRAPHS, None, ""]}
    alone = True
    holds = "choice"

    def read(self, part: Part, value: Value) -> Part:
        return replace(part, option=value.choice(GRAPHS))

    def question(self, answered: Answered, page: Page) -> None:
        page.say(f"questions.graph.{self.picture(answered.part)}")

    def solution(self, answered: Answered, page: Page) -> None:
        page.picture(self.picture(answered.part))

    key = solution

    def result(self, answered: Answered, problem: Problem) -> str:
        """The edges, one a line: ``w -> z``."""
        edges = ((source, eq.name) for eq in problem.equations for source in names_in(eq.rhs))
        return "\n".join(f"{source} -> {node}" for source, node in edges)

    def picture(self, part: Part) -> str:
        return part.option or GRAPHS[0]


def adjoint(node: str, problem: Problem) -> Expr:
    """The derivative of the loss by a whole quantity."""
    return Adj(node, problem.symbols[node].shape)


def parameters_behind(problem: Problem, node: str) -> tuple[str, ...]:
    """The parameters from which ``node`` is computed, in the order in which the problem declares them."""
    seen: set[str] = set()
    todo = [node]
    while todo:
        equation = problem.by_name.get(todo.pop())
        for source in names_in(equation.rhs) if equation is not None else ():
            if source not in seen:
                seen.add(source)
                todo.append(source)
    return tuple(name for name, symbol in problem.symbols.items() if name in seen and symbol.role == "parameter")

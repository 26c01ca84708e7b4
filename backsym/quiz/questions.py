"""Multiple choice about the derivatives of a problem: one right form, and slips that are proved wrong.

A choice is wrong if its value differs from the derivative's at the points at which answers are judged, and no two
choices have the same value.  What is said of a wrong one is what a marker says of it as an answer.

This module must not know the programs that quizzes are for.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import Equation, Expr, Ix
from backsym.documents.content.blocks import Block
from backsym.documents.content.markup import blocks_of
from backsym.documents.content.quantities import forward_pass, matrix_forms, quantities
from backsym.documents.content.sentences import Voice
from backsym.marking.answers.model import ReadAnswer, Target
from backsym.marking.explaining.explain import explain
from backsym.marking.judging.accept import derivatives_asked
from backsym.marking.judging.judge import Judge, equal_values
from backsym.numeric.axes import Array
from backsym.quiz.slips import slips
from backsym.solving.solution import Solution

FEWEST, MOST = 3, 4
"""Wrong choices of a question: with fewer it is left out."""

TRIED = 120
"""Slips of one form that are evaluated at most."""


@dataclass(frozen=True)
class Choice:
    """One form to choose; ``feedback`` is Markdown with formulas between dollar signs, empty for the right one.

    ``kind`` is the tag of the slip, as in verdicts; empty for the right one.
    """

    expr: Expr
    kind: str = ""
    feedback: str = ""

    @property
    def right(self) -> bool:
        return not self.kind


@dataclass(frozen=True)
class Question:
    """Which form the derivative by ``node`` has: ``lhs`` is equal to one of the choices, for all ``indices``."""

    voice: Voice
    node: str
    lhs: Expr
    indices: tuple[Ix, ...]
    choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        """What tells it from other questions about the problem."""
        return f"{self.node} entries" if self.indices else self.node


@dataclass(frozen=True)
class Quiz:
    """The questions about one problem, what all of them have above them, and why others were left out."""

    voice: Voice
    statement: tuple[Block, ...]
    questions: tuple[Question, ...]
    left_out: tuple[str, ...]


def quiz_of(solution: Solution, seed: int = 0) -> Quiz:
    """Questions about what the parts of a problem ask for, about every derivative if it has none.

    The same seed gives the same choices in the same order.
    """
    problem = solution.problem
    voice = Voice.of(problem)
    judge = Judge(problem, solution)
    questions: list[Question] = []
    left_out: list[str] = []
    for node, equation, indices in _asked(solution):
        where = f"d{problem.loss}/d{node}"
        dice = random.Random(f"{seed} {where} {len(indices)}")
        wrong = _wrong_choices(judge, node, equation.rhs, indices, dice)
        if len(wrong) < FEWEST:
            left_out.append(where)
            continue
        choices = [Choice(equation.rhs), *wrong]
        dice.shuffle(choices)
        questions.append(Question(voice, node, equation.lhs, indices, tuple(choices)))
    return Quiz(voice, _statement(voice, solution, questions), tuple(questions), tuple(left_out))


def _statement(voice: Voice, solution: Solution, questions: Sequence[Question]) -> tuple[Block, ...]:
    """The problem: its text, its quantities, its forward equations in the form of the questions."""
    text = blocks_of(voice.problem.text, "text") if voice.problem.text else ()
    whole = any(not question.indices and voice.problem.symbols[question.node].shape for question in questions)
    forward = matrix_forms(solution.forward, voice) if whole else forward_pass(solution.forward, voice, matrices=False)
    return (*text, quantities(voice), *forward)


def _asked(solution: Solution) -> Iterator[tuple[str, Equation, tuple[Ix, ...]]]:
    """The derivatives to ask for, each in one form: as a whole where the page has that, else by its entries."""
    asked = derivatives_asked(solution.problem)
    for d in solution.derivations:
        if d.node == solution.problem.loss or (asked and d.node not in asked):
            continue
        yield (d.node, d.matrix, ()) if d.matrix is not None else (d.node, d.entry, d.indices)


def _wrong_choices(judge: Judge, node: str, right: Expr, indices: tuple[Ix, ...], dice: random.Random) -> list[Choice]:
    """Up to ``MOST`` wrong choices, of as many kinds as there are."""
    problem = judge.problem
    target = Target(node, problem.symbols[node].shape)
    found = list(slips(right, node, problem))
    dice.shuffle(found)
    taken = [judge.values(right, indices)]
    if equal_values(taken[0], judge.reference(node)) is not True:
        return []  # Rounding hides what is right; nothing is proved of others.
    by_kind: dict[str, list[Choice]] = {}
    for slip in found[:TRIED]:
        if sum(min(len(choices), 2) for choices in by_kind.values()) >= 2 * MOST:
            break
        values = _values(judge, slip.expr, indices)
        if values is None or any(_may_be_equal(values, other) for other in taken):
            continue
        explanation = explain(judge, ReadAnswer(target, slip.expr, indices, "", problem, _same_shape(values, taken[0])))
        if explanation.tags:
            taken.append(values)
            choice = Choice(slip.expr, explanation.tags[0], explanation.full)
            by_kind.setdefault(choice.kind, []).append(choice)
    return _dealt(list(by_kind.values()), MOST)


def _dealt(groups: Sequence[list[Choice]], most: int) -> list[Choice]:
    """Choices from all groups in turn."""
    longest = max(map(len, groups), default=0)
    return [group[n] for n in range(longest) for group in groups if n < len(group)][:most]


def _values(judge: Judge, e: Expr, indices: tuple[Ix, ...]) -> tuple[Array, ...] | None:
    """The values of a choice; None where it has none, or none at some point."""
    try:
        with np.errstate(all="ignore"):
            values = judge.values(e, indices)
    except (BacksymError, ValueError, OverflowError):
        return None
    return values if all(np.isfinite(value).all() for value in values) else None


def _same_shape(some: Sequence[Array], others: Sequence[Array]) -> bool:
    return all(np.shape(a) == np.shape(b) for a, b in zip(some, others, strict=True))


def _may_be_equal(some: Sequence[Array], others: Sequence[Array]) -> bool:
    """Whether two values are the same, or not surely different."""
    return _same_shape(some, others) and equal_values(some, others) is not False

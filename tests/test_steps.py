"""Every displayed step of every derivation states an equality, and says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from extent import some
from known import all_problems
from known import solution as solved

from backsym.core.expr import Expr
from backsym.core.stepkinds import STEPS
from backsym.core.steps import Step
from backsym.documents.content.sentences import catalogue, why
from backsym.documents.writers.markdown import inlines_text
from backsym.numeric.proof import check_steps
from backsym.numeric.sample import draws
from backsym.numeric.verify import with_adjoints
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

PROBLEMS = all_problems()
TOLERANCE = 1e-9


def every(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from every(step.substeps)


def all_steps(solution: Solution) -> Iterator[tuple[str, Step]]:
    for d in solution.derivations:
        yield from ((d.node, step) for step in every(d.steps))
    for f in solution.forward:
        yield from ((f.node, step) for step in every(f.steps))


@pytest.mark.parametrize("name", some(PROBLEMS, 6))
def test_both_sides_of_every_step_are_equal(name: str) -> None:
    problem, solution = PROBLEMS[name], solved(name)
    for env in draws(problem, 2):
        point = with_adjoints(solution.derivations, env)
        for item in (*solution.derivations, *solution.forward):
            error, place = check_steps(item.steps, point)
            assert error <= TOLERANCE, (item.node, place, error)


@pytest.mark.parametrize("name", some(PROBLEMS, 4))
def test_every_step_says_why(name: str) -> None:
    problem, solution = PROBLEMS[name], solved(name)
    notation = Notation.of(problem)
    for node, step in all_steps(solution):
        sentence = inlines_text(why(step, notation, problem))
        assert sentence.endswith("."), (node, step.kind)
        assert sentence.count("$") % 2 == 0, (node, step.kind)


@pytest.mark.parametrize("name", some(PROBLEMS, 4))
def test_no_step_is_empty_on_the_page(name: str) -> None:
    """A rewrite that changes nothing that a reader sees is no step."""
    problem, solution = PROBLEMS[name], solved(name)
    notation = Notation.of(problem)
    for d in solution.derivations:
        for step in every(d.steps):
            if step.kind not in ("forward", "start", "vectorize"):
                assert latex(step.before, notation) != latex(step.after, notation), (d.node, step.kind)


CLASSES = {
    "symbols": {"X": ["N", "D"], "W": ["K", "D"], "y": {"shape": ["N"], "label": "K"}},
    "forward": ["L = -sum(log(exp(sum(W[y[n], d]*X[n, d], d)) / sum(exp(sum(W[j, d]*X[n, d], d)), j)), n)"],
}


@pytest.mark.parametrize("name", ["classes", *some(PROBLEMS, 4)])
def test_no_step_leads_back(name: str) -> None:
    """What is multiplied out and then factored to what it was shows neither step."""
    solution = solve(problem_from_mapping(CLASSES)) if name == "classes" else solved(name)
    for d in solution.derivations:
        shown = [step.after for step in d.steps if step.kind not in ASIDES]
        assert len({*shown}) == len(shown), (d.node, [step.kind for step in d.steps])


ASIDES = ("forward", "local", "path", "recall", "recognise")
"""Steps that state a fact that a later step uses, rather than rewriting the adjoint."""


def trace(steps: Sequence[Step], start: Expr) -> Expr:
    """Where a sequence of steps leads from ``start``; every rewrite must begin where the last one ended."""
    current = start
    for step in steps:
        if step.kind in ASIDES and step.before != current:
            continue
        assert step.before == current, step.kind
        current = step.after
    return current


@pytest.mark.parametrize("name", some(PROBLEMS, 4))
def test_the_steps_lead_to_the_result(name: str) -> None:
    """Each rewrite of the adjoint starts where the last one ended, and the last one ends in the stated result."""
    solution = solved(name)
    for d in solution.derivations:
        steps = list(d.steps)
        if d.matrix is not None:
            assert steps[-1].kind == ("vectorize" if d.member is None else "stack")
            assert steps[-1].after == d.matrix.rhs
        while steps[-1].kind in ("vectorize", "members", "stack"):
            steps.pop()
        assert trace(steps, d.entry.lhs) == d.entry.rhs, d.node
        for step in every(steps):
            if step.substeps:
                # The cases of an index explain a result; they are no stage on the way to it.
                assert trace([s for s in step.substeps if not s.kind.startswith("case_")], step.before) == step.after, (
                    d.node,
                    step.kind,
                )


def test_the_catalogue_has_a_sentence_and_an_example_for_every_kind() -> None:
    sentences = catalogue().steps
    seen = {step.kind for name in PROBLEMS for _, step in all_steps(solved(name))}
    assert seen <= set(sentences)
    for kind in seen:
        assert sentences[kind].text
        assert STEPS[kind].example

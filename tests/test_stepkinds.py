"""Every kind of step has an example that is evaluated, and sentences in each language that its facts fill."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest
import yaml

from backsym.core.bundled import languages
from backsym.core.problem import Problem
from backsym.core.stepkinds import STEPS
from backsym.core.steps import Step
from backsym.documents.content import derivations
from backsym.documents.content.document import problem_blocks
from backsym.documents.content.sentences import Voice, catalogue, why
from backsym.numeric.proof import check_steps
from backsym.numeric.sample import draws
from backsym.numeric.verify import with_adjoints
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

pytestmark = pytest.mark.quick("documents")

PLACEHOLDER = re.compile(r"\{(\w+)\}")
COMPUTED = {"shape": "node", "equality": "index", "difference": "index", "new": "consumers", "ranges": "consumers"}
"""What a sentence may say besides the facts, and the fact that it comes from."""


def steps_told(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Problem, Solution, list[Step]]:
    """The problem of an example, its solution, and every step of which the worked solution says why it holds."""
    told: list[Step] = []
    original = Voice.reason

    def recorded(voice: Voice, step: Step) -> object:
        told.append(step)
        return original(voice, step)

    rows_of = derivations.rows_of

    def rows_recorded(steps: tuple[Step, ...], *others: Any) -> Any:
        told.extend(steps)  # What refers to a result above says no more than its number.
        return rows_of(steps, *others)

    problem = problem_from_mapping(yaml.safe_load(text))
    solution = solve(problem)
    with monkeypatch.context() as patched:
        patched.setattr(Voice, "reason", recorded)
        patched.setattr(derivations, "rows_of", rows_recorded)
        problem_blocks(solution, 2)
    # The derivations have steps of which no part tells; a problem with parts tells only what these ask for.
    inside = [step for d in (*solution.derivations, *solution.forward) for step in d.steps]
    return problem, solution, [*told, *inside]


def every(steps: list[Step]) -> list[Step]:
    return [found for step in steps for found in (step, *every(list(step.substeps)))]


@pytest.mark.parametrize("kind", STEPS.values(), ids=str)
def test_the_example_of_a_kind_has_such_a_step_and_both_sides_are_equal(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, solution, steps = steps_told(STEPS[kind].example, monkeypatch)
    found = [step for step in every(steps) if step.kind == kind]
    assert found, kind
    for env in draws(problem, 2):
        point = with_adjoints(solution.derivations, env)
        for step in found:
            error, place = check_steps((Step(step.kind, step.before, step.after, (), step.facts),), point)
            assert error <= 1e-9, (kind, place, error)
    for step in found:
        assert set(STEPS[kind].facts) <= set(step.facts) <= {*STEPS[kind].facts, *STEPS[kind].also}
        for language in languages():
            voice = Voice.of(problem)
            said = "".join(getattr(i, "text", "$") for i in why(step, voice.notation, problem, catalogue(language)))
            assert said.endswith(".")


@pytest.mark.parametrize("language", languages())
def test_a_catalogue_has_sentences_for_exactly_the_kinds_and_they_use_their_facts(language: str) -> None:
    sentences = catalogue(language).steps
    assert set(sentences) == set(STEPS)
    for name, sentence in sentences.items():
        kind = STEPS[name]
        texts = [sentence.text, sentence.bare, sentence.indexed, sentence.indicator, sentence.stepwise, sentence.scalar]
        for text in (*texts, *sentence.rules.values()):
            for fact in PLACEHOLDER.findall(re.sub(r"\$[^$]*\$", "", text or "")):
                assert COMPUTED.get(fact, fact) in (*kind.facts, *kind.also), (name, fact)


def test_a_kind_is_itself_in_another_process() -> None:
    kind = STEPS["fold"]
    assert pickle.loads(pickle.dumps(kind)) is kind


def test_every_step_names_a_kind_by_its_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in STEPS.values():
        _, _, steps = steps_told(kind.example, monkeypatch)
        assert all(step.kind is STEPS[step.kind] for step in every(steps))

"""Feedback in the language of the problem, in Unicode, and as a ladder of hints."""

from __future__ import annotations

import pytest

import backsym as bs
from backsym.core.errors import BacksymError
from backsym.marking.verdicts import check
from backsym.text.catalogue import catalogue, pieces, spoken

pytestmark = pytest.mark.quick("marking")

NEURON = {"symbols": {"x": {"role": "input"}, "w": [], "b": [], "t": {"role": "target"}},
          "forward": ["z = w*x + b", "y = tanh(z)", "L = (y - t)**2/2"]}  # fmt: skip


def neuron(language: str = "en") -> bs.Problem:
    return bs.Problem(**NEURON, language=language)


@pytest.mark.parametrize("name", ["feedback", "marking"])
def test_german_says_all_that_english_says_with_the_same_facts(name: str) -> None:
    english, german = catalogue(name), catalogue(name, "de")
    assert set(english) == set(german)
    for key in english:
        # A sentence may name all values where the other names some, but nothing that is not there.
        facts = [{fact for _, fact in pieces(words[key])} for words in (english, german)]
        assert facts[0] == facts[1], key
        assert english[key] != german[key] or key in ("diff.none", "summary.bar", "words.and"), key


def test_a_language_without_sentences_falls_back_on_english() -> None:
    assert spoken("marking", "nowhere")["verdict.correct"] == "Correct."
    assert spoken("marking", "de")["verdict.correct"] == "Richtig."


GERMAN = [
    ("z", "(t - y)*(1 - y**2)", "Nur das Vorzeichen ist falsch"),
    ("w", "(y - t)*(1 - y**2)", "Der Faktor x fehlt"),
    ("z", "dL/db", "Das ist wahr, beruht aber auf"),
    ("z", "dL/dy*dy/dz", "Das ist die Kettenregel"),
    ("w", "x**3", "Dort ergibt die Antwort"),
    ("z", "((", "Das lässt sich nicht lesen"),
    ("z", "(y - t)*(1 - y**2)", "Richtig."),
]


@pytest.mark.parametrize(("target", "answer", "part"), GERMAN)
def test_feedback_in_german(target: str, answer: str, part: str) -> None:
    verdict = check(neuron("de"), target, answer)
    assert part in verdict.feedback_plain
    own = check(neuron(), target, answer)
    assert (own.verdict, own.score, own.tags) == (verdict.verdict, verdict.score, verdict.tags)


def test_feedback_in_unicode() -> None:
    verdict = check(neuron(), "z", "(t - y)*(1 - y**2)")
    assert verdict.feedback_plain == "Only the sign is wrong: the answer should be −(t − y)(1 − y²)."
    assert "$" in verdict.feedback


def test_hints_tell_more_step_by_step() -> None:
    verdict = check(neuron(), "w", "dL/dz*w", hints="none")
    first, second, third = (verdict.hint(n) for n in (1, 2, 3))
    assert "w" not in first.replace("Check whether", "").split("$")
    assert second == "Check whether $w$ is the quantity that belongs there."
    assert third == "$w$ is not the quantity that belongs there: it should be $x$."
    assert verdict.hint(4) == third
    assert first.startswith("Not right yet.")
    assert check(neuron(), "w", "dL/dz*x").hint(2) == "Correct."
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(BacksymError, match="hints are counted from 1"):
            verdict.hint(wrong)  # type: ignore[arg-type]


def test_hints_name_the_line() -> None:
    verdict = check(neuron(), "z", "dL/dy*(1 - y^2)\n= (t - y)*(1 - y^2)")
    assert verdict.hint(2).startswith("Line 2 does not follow")
    assert verdict.hint(3) == verdict.feedback


def test_hints_of_what_cannot_be_put_together() -> None:
    problem = bs.Problem(
        symbols={"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
        forward=["z = W @ x", "L = squared_error(z, t)"],
    )
    verdict = check(problem, "W", "x (z - t)")
    assert verdict.verdict == "invalid"
    assert len({verdict.hint(n) for n in (1, 2, 3)}) == 3


def test_a_gentle_counterexample_names_all_values_that_are_used() -> None:
    verdict = check(neuron(), "w", "x**3", hints="gentle")
    for name in ("x = ", "∂ℒ/∂z = "):
        assert name in verdict.feedback_plain

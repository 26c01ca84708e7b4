"""The short way to cut a usual answer: whatever it takes, the long way cuts alike."""

from __future__ import annotations

import random

import pytest
from patience import prompt
from test_marking_answers import TABLES, table

from backsym.marking.answers.lines import any_statements, statements
from backsym.marking.answers.one_line import one_line

SIGNS = (
    *"()[]+-*/@^=.,;:'T _\\$&#% 012eEdLzWxykj<>|\n·∴",
    *("  ", " where ", "so ", "let ", "...", "in - ", "(1)", "1. ", "a) ", " as ", "=>", "\\\\", "(simplified)"),
    *("chain-rule", "W2.T", " = ", "dL/dz", "**", "sum(", "axis=0"),
)
"""What can turn one line into more, or into words."""


def spoiled(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(SIGNS) + text[at + rng.choice((0, 0, 1, 2)) :]
    return text


def test_what_goes_the_short_way_is_cut_as_by_the_long_one() -> None:
    rng = random.Random(1)
    answers = [row.answer for path in TABLES for row in table(path)[1]]
    texts = [*answers, *(spoiled(text, rng) for text in answers for _ in range(6))]
    taken = [text for text in texts if one_line(text) is not None]
    assert len(taken) > 1000, "most plain answers go the short way"
    assert [text for text in taken if statements(text) != any_statements(text)] == []


LONGER = ("so -z", "answer = z", "let z", "(1) z", "1. -z", "a = b = c", "z by the rule", "z, w = x", "x (y)", "$z$")


@pytest.mark.parametrize("text", LONGER)
def test_what_could_be_more_goes_the_long_way(text: str) -> None:
    assert one_line(text) is None


LONG = ("a" * 4096, "a " * 2048, "-" * 4095 + "!", "a*" * 2047 + "!", "a/a" * 1365, "z[" * 2048)


@pytest.mark.parametrize("text", LONG)
def test_long_texts_take_no_time(text: str) -> None:
    prompt(lambda: one_line(text), 0.1)

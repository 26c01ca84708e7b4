"""Answers with what a fair teaching assistant gives for them, alone, on sheets and in files: ``cases/answers.yaml``."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from backsym.marking.reporting.submissions import yaml_of
from backsym.marking.verdicts import Marker, Verdict
from backsym.reading.files.loader import load

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases" / "answers.yaml").read_text(encoding="utf-8"))
FILES = {name.partition(".")[0]: name for name in CASES["problems"]}


@pytest.fixture(scope="module")
def markers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("problems")

    @cache
    def marker(name: str) -> Marker:
        path = folder / FILES[name]
        path.write_text(CASES["problems"][FILES[name]], encoding="utf-8")
        problem = load(str(path))
        return Marker(problem)  # type: ignore[arg-type]

    return marker


def fair(expect: str, verdict: Verdict) -> bool:
    """Whether a verdict gives what is expected: full marks, none, or (U) full marks or a person's look."""
    full = verdict.score == verdict.marks > 0
    return {
        "C": full,
        "F": full,
        "W": verdict.score == 0,
        "N": verdict.score == 0 and verdict.verdict == "invalid",
        "U": full or (verdict.score == 0 and verdict.verdict != "incorrect"),
    }[expect]


def about(error: str, verdict: Verdict) -> bool:
    """Whether the feedback is about an error: by one of its tags, or one of its words."""
    known = CASES["errors"][error]
    return bool({*known["tags"], error} & {*verdict.tags}) or any(
        re.search(words, verdict.feedback, re.IGNORECASE) for words in known["words"]
    )


@pytest.mark.parametrize("case", CASES["answers"], ids=lambda case: case["id"])
def test_an_answer(case: dict[str, Any], markers: Any) -> None:
    verdict = markers(case["problem"]).mark(case["target"], case["answer"])
    assert fair(case["expect"], verdict), (verdict.verdict, verdict.tags, verdict.feedback)
    if "error" in case:
        assert about(case["error"], verdict), (verdict.tags, verdict.feedback)


@pytest.mark.parametrize("case", CASES["sheets"], ids=lambda case: case["id"])
def test_a_sheet(case: dict[str, Any], markers: Any) -> None:
    answers = {answer["target"]: answer["answer"] for answer in case["answers"]}
    verdicts = markers(case["problem"]).mark_all(answers)
    for answer, verdict in zip(case["answers"], verdicts, strict=True):
        assert fair(answer["expect"], verdict), (answer, verdict.verdict, verdict.feedback)


@pytest.mark.parametrize("case", CASES["files"], ids=lambda case: case["id"])
def test_a_file(case: dict[str, Any], markers: Any) -> None:
    answers, _ = yaml_of(case["text"], "answers.yaml")
    verdicts = {verdict.target: verdict for verdict in markers(case["problem"]).mark_all(answers)}
    for answer in case["answers"]:
        verdict = verdicts[answer["target"]]
        assert fair(answer["expect"], verdict), (answer, verdict.verdict, verdict.feedback)

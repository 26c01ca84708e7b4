"""The PrairieLearn question of ``docs``, run by a stand-in that checks the documented shape of ``data``."""

from __future__ import annotations

import copy
import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from documentation import block

import backsym as bs
from backsym.marking.reporting import prairielearn

ROOT = Path(__file__).resolve().parents[1]
QUESTION = ROOT / "docs" / "prairielearn" / "layer"

SCORE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
DATA_SCHEMA = {
    "$comment": "data as documented at https://prairielearn.readthedocs.io/en/latest/question/server/",
    "type": "object",
    "properties": {
        **{
            name: {"type": "object"}
            for name in (
                "params",
                "correct_answers",
                "submitted_answers",
                "raw_submitted_answers",
                "options",
                "feedback",
            )
        },
        "format_errors": {"type": "object", "additionalProperties": {"type": "string"}},
        "partial_scores": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "score": SCORE,
                    "weight": {"type": "number", "minimum": 0},
                    "feedback": {"type": "string"},
                },
                "required": ["score"],
            },
        },
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "variant_seed": {"type": "integer"},
        "num_valid_submissions": {"type": "integer"},
        "gradable": {"type": "boolean"},
    },
    "required": [
        "params",
        "correct_answers",
        "submitted_answers",
        "format_errors",
        "partial_scores",
        "score",
        "feedback",
    ],
    "additionalProperties": False,
}

Server = dict[str, Any]


def submitted(server: Server, answers: dict[str, str], **before: Any) -> dict[str, Any]:
    """What PrairieLearn makes of a submission: parse, and grade if nothing has a format error."""
    data: dict[str, Any] = {
        "params": {}, "correct_answers": {}, "submitted_answers": dict(answers), "raw_submitted_answers": dict(answers),
        "format_errors": {}, "partial_scores": {}, "score": 0.0, "feedback": {}, "options": {}, "variant_seed": 1,
        "num_valid_submissions": 0, "gradable": True, **before,
    }  # fmt: skip
    kept = copy.deepcopy(data)
    for step in ("parse", "grade"):
        if step == "grade" and data["format_errors"]:
            data["gradable"] = False
            break
        server[step](data)
        data = json.loads(json.dumps(data, allow_nan=False))
        jsonschema.validate(data, DATA_SCHEMA)
        data["num_valid_submissions"] += step == "grade"
    for name in ("params", "correct_answers", "submitted_answers", "raw_submitted_answers", "options", "variant_seed"):
        assert data[name] == kept[name], "it is not ours"
    return data


@pytest.fixture(scope="module")
def server() -> Server:
    return runpy.run_path(str(QUESTION / "server.py"))


def of(mapping: dict[str, Any]) -> Server:
    marker = bs.Marker(bs.Problem(**mapping))
    steps: dict[str, Callable[..., None]] = {"parse": prairielearn.parse, "grade": prairielearn.grade}
    return {name: lambda data, step=step: step(marker, data) for name, step in steps.items()}


def test_right_and_wrong(server: Server) -> None:
    data = submitted(server, {"y": "y - t", "W": "x (dL/dy * (1 - y^2))^T"})
    assert data["score"] == 0.5
    assert data["partial_scores"]["y"] == {"score": 1.0, "weight": 2.0, "feedback": "Correct."}
    assert data["partial_scores"]["W"]["score"] == 0.0
    assert "transpose" in data["feedback"]["W"]
    assert submitted(server, {"y": "y - t", "W": "(dL/dy * (1 - y^2)) x^T"})["score"] == 1.0


@pytest.mark.parametrize("answer", ["((", "", "\\input{x}", "I do not know"])
def test_what_cannot_be_read_or_decided_uses_no_attempt(server: Server, answer: str) -> None:
    data = submitted(server, {"y": answer, "W": "(dL/dy * (1 - y^2)) x^T"})
    assert list(data["format_errors"]) == ["y"]
    assert data["num_valid_submissions"] == 0
    assert data["score"] == 0


def test_other_inputs_are_left_alone_and_count(server: Server) -> None:
    other = {"score": 1.0, "weight": 4}
    answers = {"y": "y - t", "W": "(dL/dy * (1 - y^2)) x^T", "essay": "dL/dy", "x": "not asked for"}
    data = submitted(server, answers, partial_scores={"essay": other})
    assert set(data["feedback"]) == {"y", "W"}
    assert data["partial_scores"]["essay"] == other
    assert data["score"] == 1.0
    data = submitted(server, {**answers, "y": "t - y"}, partial_scores={"essay": other})
    assert data["score"] == (0 * 2 + 2 + 4) / 8


def test_an_input_that_its_element_could_not_parse_keeps_its_error(server: Server) -> None:
    data = submitted(server, {"y": "", "W": "(dL/dy * (1 - y^2)) x^T"}, format_errors={"y": "Blank."})
    assert data["format_errors"] == {"y": "Blank."}


def test_no_marks_at_all() -> None:
    """Where no answer has marks, all weigh the same."""
    symbols = {"w": [], "x": {"role": "input"}, "t": {"role": "target"}}
    parts = [{"gradients": ["y", "w"], "marks": 0}]
    own = of({"symbols": symbols, "forward": ["y = w*x", "L = (y - t)**2/2"], "parts": parts})
    data = submitted(own, {"y": "y - t", "w": "x"})
    assert data["partial_scores"]["y"]["weight"] == 0
    assert data["score"] == 0.5


def test_the_page_shows_the_feedback_of_every_input() -> None:
    page = (QUESTION / "question.html").read_text(encoding="utf-8")
    names = re.findall(r'answers-name="(\w+)"', page)
    assert sorted(names) == ["W", "y"], "PrairieLearn refuses a page with two inputs of one name"
    for name in names:
        assert f"{{{{feedback.{name}}}}}" in page
    info = json.loads((QUESTION / "info.json").read_text(encoding="utf-8"))
    assert {"uuid", "title", "topic", "type"} <= set(info)


def test_the_documentation_has_the_same_server() -> None:
    assert block("example: prairielearn") == (QUESTION / "server.py").read_text(encoding="utf-8")

r"""The question of ``docs/prairielearn`` in PrairieLearn's own code; run by hand, in Python 3.13 as it asks for.

    pip install lxml chevron pandas coloraide text-unidecode pint jsonschema
    git clone https://github.com/PrairieLearn/PrairieLearn
    python tests/judges/prairielearn_run.py PrairieLearn

PrairieLearn's elements parse the inputs, grade them and render both panels, as its ``question_phases`` calls them;
between, ``server.py`` of the question is called as PrairieLearn does, and its ``check_data`` looks at what was changed
in each phase.  Prints each submission with its scores and what the student sees; fails where one of it is not expected.
"""

from __future__ import annotations

import copy
import importlib
import json
import runpy
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUESTION = ROOT / "docs" / "prairielearn" / "layer"
ELEMENTS = ("pl-question-panel", "pl-submission-panel", "pl-string-input")

Data = dict[str, Any]

SUBMISSIONS: tuple[tuple[str, dict[str, str], float | None], ...] = (
    ("right", {"y": "y - t", "W": r"(dL/dy * (1 - y^2)) x^T"}, 1.0),
    ("a sign, and what follows from it", {"y": "t - y", "W": "(dL/dy * (1 - y^2)) x^T"}, 0.5),
    ("transposed", {"y": "y - t", "W": "x (dL/dy * (1 - y^2))^T"}, 0.5),
    ("cannot be read", {"y": "y - t", "W": "(("}, None),
    ("left out", {"y": "y - t", "W": ""}, None),
)
"""What is submitted, and the score; None where no attempt is used."""


def data_of(phase: str, known: Data) -> Data:
    """What PrairieLearn gives to a phase, with what is known from the phase before."""
    empty: Data = {
        "params": {}, "correct_answers": {}, "variant_seed": 1, "options": {}, "preferences": {},
        "submitted_answers": {}, "raw_submitted_answers": {}, "format_errors": {}, "partial_scores": {}, "score": 0,
        "feedback": {}, "gradable": True, "editable": True, "manual_grading": False, "ai_grading": False,
        "panel": "submission", "num_valid_submissions": 0, "answers_names": {},
    }  # fmt: skip
    checks = importlib.import_module("prairielearn.internal.check_data")
    return {
        name: copy.deepcopy(known.get(name, value))
        for name, value in empty.items()
        if phase in checks.PROPS[name]["present_phases"]
    }


class Question:
    """The question, phase by phase."""

    def __init__(self, checkout: Path):
        self.phases = importlib.import_module("prairielearn.internal.question_phases")
        self.check = importlib.import_module("prairielearn.internal.check_data").check_data
        self.chevron = importlib.import_module("chevron")
        folder = checkout / "apps" / "prairielearn" / "elements"
        known = {name: json.loads((folder / name / "info.json").read_text(encoding="utf-8")) for name in ELEMENTS}
        self.elements = {
            name: {"name": name, "type": "core", "controller": info["controller"]} for name, info in known.items()
        }
        self.server = runpy.run_path(str(QUESTION / "server.py"))

    def run(self, phase: str, known: Data) -> tuple[Data, str]:
        """The data after a phase, and in the phase ``render`` the page: first the elements, then the server."""
        data = data_of(phase, known)
        if phase == "render":
            data["options"] = {"course_element_files_url": "", "course_element_extension_files_url": ""}
        page = self.chevron.render((QUESTION / "question.html").read_text(encoding="utf-8"), data)
        context = {"html": page, "elements": self.elements, "element_extensions": {}, "course_path": str(QUESTION)}
        html, _ = self.phases.process(phase, data, context)
        if phase in self.server:
            before = copy.deepcopy(data)
            self.server[phase](data)
            self.check(before, data, phase)
            json.dumps(data, allow_nan=False)
        return {**known, **data}, html or ""


def text_of(html: str) -> str:
    """What a page says, without its tags."""
    found = importlib.import_module("lxml.html").fromstring(f"<div>{html}</div>")
    for hidden in found.xpath("//script | //style | //*[contains(@class, 'modal')]"):
        hidden.getparent().remove(hidden)
    return " ".join(found.text_content().split())


def submit(question: Question, title: str, answers: dict[str, str], score: float | None) -> None:
    prepared, _ = question.run("prepare", {})
    given = {"submitted_answers": dict(answers), "raw_submitted_answers": dict(answers)}
    parsed, _ = question.run("parse", {**prepared, **given})
    print(f"== {title}: {answers}")
    if parsed["format_errors"]:
        print("   no attempt is used; format errors:", parsed["format_errors"])
        assert score is None, (title, parsed["format_errors"])
        graded = parsed
    else:
        graded, _ = question.run("grade", parsed)
        shares = {name: part["score"] for name, part in graded["partial_scores"].items()}
        print(f"   score {graded['score']}, parts {shares}")
        assert graded["score"] == score, (title, graded["score"], score)
    shown = {}
    for panel in ("question", "submission"):
        _, html = question.run("render", {**graded, "panel": panel, "editable": panel == "question"})
        shown[panel] = text_of(html)
        print(f"   {panel} panel: {shown[panel]}")
    assert "A layer is" in shown["question"]
    for name, words in graded["feedback"].items():
        assert " ".join(words.split()) in shown["submission"], (name, words)


def main() -> None:
    checkout = Path(sys.argv[1]).resolve()
    sys.path[:0] = [str(ROOT), str(checkout / "apps" / "prairielearn" / "python")]
    question = Question(checkout)
    for each in SUBMISSIONS:
        submit(question, *each)
    print(f"{len(SUBMISSIONS)} passed, 0 failed")


if __name__ == "__main__":
    main()

"""One student's verdicts in the form that Gradescope reads from an autograder: ``results.json``.

The form is documented at https://gradescope-autograders.readthedocs.io/en/latest/specs/.  The texts in it are plain
(``output_format: text``), so that nothing that a student wrote is read as markup.  Knows records and what a problem
asks for; knows no files.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.expr import Adj
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.marking.explaining.phrases import math, phrase
from backsym.marking.judging.accept import asked_as, asked_quantities, criterion
from backsym.marking.reporting.records import Row
from backsym.marking.reporting.reports import clean, in_unicode
from backsym.marking.reporting.review import OPEN
from backsym.printing.notation import Notation

LONGEST_OUTPUT = 10_000

FLAG = "for_a_person"
"""In ``extra_data``, which an instructor sees: this question waits for a person."""


def as_gradescope(problem: Problem, rows: Sequence[Row]) -> str:
    """The ``results.json`` of one student's answers.

    Where the problem asks for derivatives, it is these that count, each once: what else was answered is worth nothing,
    and what was not is there with a score of 0.  Where it asks for none, each derivative that was answered counts.
    Raises BacksymError for the answers of several students, which need a file each.
    """
    refuse_class({row.student for row in rows})
    asked = asked_quantities(problem)
    tests: list[dict[str, Any]] = []
    counted: set[str] = set()
    for row in rows:
        name, (_, _, indices) = asked_as(row.target, asked), row.target.partition("[")
        # One entry at a fixed position is not the whole that is asked for.
        position = any(part.strip().isdigit() for part in indices.rstrip("] ").split(","))
        counts = name not in counted and name in (asked or problem.symbols) and not position
        if counts:
            counted.add(name)
        tests.append(_test(problem, row, name, counts=counts))
    tests += [_missing(problem, name) for name in asked if name not in counted]
    order = {name: n for n, name in enumerate(asked)}
    tests.sort(key=lambda test: order.get(test["extra_data"]["target"], len(order)))
    right = sum(test.get("status") == "passed" for test in tests)
    output = phrase("gradescope.output", problem.language, right=str(right), count=str(len(tests)))
    if waiting := sum(FLAG in test["extra_data"] for test in tests):
        output += " " + phrase("gradescope.waiting", problem.language, count=str(waiting))
    return _written(tests, output)


def refuse_class(students: Collection[str | None]) -> None:
    """Raise BacksymError for several students, who need a ``results.json`` each."""
    if len(students) > 1:
        raise BacksymError(say("classes.several_students", count=len(students)))


def unusable_gradescope(problem: Problem, message: str) -> str:
    """The ``results.json`` of a submission that cannot be read as a whole: every question with a score of 0."""
    tests = [_missing(problem, name) for name in asked_quantities(problem)]
    if not tests:
        tests = [
            _shown("", phrase("gradescope.submission", problem.language), 0.0, 0.0, "failed", "", ["syntax"], "invalid")
        ]
    return _written(tests, phrase("gradescope.unusable", problem.language, message=clean(message)))


def _written(tests: Iterable[dict[str, Any]], output: str) -> str:
    tests = list(tests)
    results = {
        "output": output[:LONGEST_OUTPUT],
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [{**test, "number": str(n)} for n, test in enumerate(tests, start=1)],
    }
    return json.dumps(results, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _test(problem: Problem, row: Row, name: str, *, counts: bool) -> dict[str, Any]:
    lines = [in_unicode(row.feedback)]
    if row.interpreted_plain:
        lines.append(phrase("gradescope.read_as", problem.language, text=clean(row.interpreted_plain)))
    # What has earned a share of the marks has been read and judged.
    person = counts and row.verdict in OPEN and bool(row.answer.strip()) and not row.score
    if person:
        lines.append(phrase("gradescope.for_a_person", problem.language))
    if not counts:
        lines.append(phrase("gradescope.not_asked", problem.language))
    score, marks = (row.score, row.marks) if counts else (0.0, 0.0)
    # Where there is nothing to earn, the score says nothing.
    passed = row.score >= row.marks if marks > 0 else row.verdict in ("correct", "follow_through")
    title = _title(problem, name) if name in problem.symbols or name in asked_quantities(problem) else clean(row.target)
    status = "passed" if passed else "failed"
    shown = _shown(name, title, score, marks, status, "\n".join(lines), list(row.tags), row.verdict)
    return _waiting(shown) if person else shown


def _waiting(test: dict[str, Any]) -> dict[str, Any]:
    """A question on which a person decides: neither passed nor failed, and flagged."""
    del test["status"]
    return {**test, "extra_data": {**test["extra_data"], FLAG: True}}


def _missing(problem: Problem, name: str) -> dict[str, Any]:
    marks = criterion(problem, name).marks
    return _shown(
        name, _title(problem, name), 0.0, marks, "failed", phrase("gradescope.missing", problem.language), [], "invalid"
    )


def _shown(
    target: str, title: str, score: float, marks: float, status: str, output: str, tags: list[str], verdict: str
) -> dict[str, Any]:
    return {
        "name": title[:200],
        "name_format": "text",
        "score": score,
        "max_score": marks,
        "status": status,
        "output": output[:LONGEST_OUTPUT],
        "output_format": "text",
        "tags": tags,
        "visibility": "visible",
        "extra_data": {"target": target[:200], "verdict": verdict},
    }


def _title(problem: Problem, name: str) -> str:
    """The derivative by a quantity, in Unicode; the name of a number as it stands."""
    if name not in problem.symbols:
        return name
    return in_unicode(math(Adj(name, problem.symbols[name].shape), Notation.of(problem)))

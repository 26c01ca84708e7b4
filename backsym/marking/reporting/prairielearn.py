"""PrairieLearn: the functions ``parse`` and ``grade`` of a question's ``server.py``, for what a problem asks for.

A question's ``data`` is a dictionary; its keys are documented at
https://prairielearn.readthedocs.io/en/latest/question/server/.  Only the inputs that are named like quantities that the
problem asks for are looked at or written about.  Knows verdicts; knows no files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backsym.marking.explaining.phrases import phrase
from backsym.marking.judging.accept import asked_quantities
from backsym.marking.reporting.review import OPEN
from backsym.marking.verdicts import Marker, Verdict

Data = dict[str, Any]


def answers_in(marker: Marker, data: Mapping[str, Any]) -> dict[str, str]:
    """What was submitted to the inputs that are ours; of a problem that asks for nothing, those named like a target."""
    asked = asked_quantities(marker.problem)
    given = data["submitted_answers"]
    names = asked or [name for name in given if marker.trouble_with(str(name)) is None]
    broken = data.get("format_errors", {})
    return {name: str(given[name] or "") for name in names if name in given and name not in broken}


def parse(marker: Marker, data: Data) -> None:
    """Put what cannot be read, or decided, into ``format_errors``: the submission then uses no attempt."""
    for verdict in marker.mark_all(answers_in(marker, data), hints="gentle", strict=False):
        if not verdict.answer.strip():
            data["format_errors"][verdict.target] = phrase("gradescope.missing", marker.problem.language)
        elif verdict.verdict in OPEN and verdict.explained is None:
            data["format_errors"][verdict.target] = verdict.feedback


def grade(marker: Marker, data: Data, *, hints: str = "gentle") -> None:
    """Put scores and feedback into ``partial_scores`` and ``feedback``, and the weighted mean into ``score``.

    A weight is the marks of the answer; where nothing has any, all weigh the same.  Other inputs keep their scores, and
    count with them.
    """
    for verdict in marker.mark_all(answers_in(marker, data), hints=hints, strict=False):
        score = {"score": share(verdict), "weight": verdict.marks, "feedback": verdict.feedback}
        data["partial_scores"][verdict.target] = score
        data["feedback"][verdict.target] = verdict.feedback
    parts = [part for part in data["partial_scores"].values() if part.get("score") is not None]
    weights = [float(part.get("weight", 1)) for part in parts]
    if not any(weights):
        weights = [1.0] * len(parts)
    if parts:
        products = (float(part["score"]) * weight for part, weight in zip(parts, weights, strict=True))
        data["score"] = sum(products) / sum(weights)


def share(verdict: Verdict) -> float:
    """The part of its marks that an answer has; of one without marks, whether it is right."""
    if verdict.marks > 0:
        return verdict.score / verdict.marks
    return 1.0 if verdict.verdict in ("correct", "follow_through") else 0.0

"""Verdicts as plain data: what a report, a journal and another process need of them, and nothing else.

Must not know how a verdict comes about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol


class Row(Protocol):
    """What a report shows of one answer: a :class:`~backsym.marking.verdicts.Verdict`, or a :class:`Record` of it."""

    @property
    def student(self) -> str | None: ...
    @property
    def target(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def marks(self) -> float: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def feedback(self) -> str: ...
    @property
    def interpreted(self) -> str: ...
    @property
    def interpreted_plain(self) -> str: ...
    @property
    def answer(self) -> str: ...

    def to_json(self) -> dict[str, Any]: ...


def shown_score(score: float) -> float:
    """A score in data for others; what is added up and compared is the exact one."""
    return round(score, 6)


def row_json(row: Row) -> dict[str, Any]:
    """The fields of ``backsym check --format json``."""
    return {
        "student": row.student, "target": row.target, "verdict": row.verdict, "score": shown_score(row.score),
        "tags": list(row.tags), "feedback": row.feedback, "interpreted": row.interpreted,
    }  # fmt: skip


LONGEST_ANSWER = 5_000
"""Characters of a raw answer that are kept: more than is read of any."""


def kept_answer(text: str) -> str:
    """A raw answer as reports have it: of one that is too long to be read, the beginning."""
    return text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]}…"


@dataclass(frozen=True)
class Record:
    """One verdict; the fields are those of a :class:`~backsym.marking.verdicts.Verdict`."""

    student: str | None
    """Who wrote the answer."""
    target: str
    """The quantity by which is differentiated."""
    verdict: str
    """As of a Verdict."""
    score: float
    """Out of ``marks``."""
    marks: float
    """The most that the answer could be worth."""
    tags: tuple[str, ...] = ()
    """What is wrong, the best explanation first."""
    feedback: str = ""
    """Markdown with formulas between dollar signs."""
    interpreted: str = ""
    """How the answer was read, as LaTeX."""
    interpreted_plain: str = ""
    """How the answer was read, in the plain language."""
    answer: str = ""
    """What the student wrote."""
    decided: bool = False
    """Whether a person has decided on it."""

    @staticmethod
    def of(row: Row, student: str | None, answer: str = "") -> Record:
        """The record of a verdict on an answer of ``student``."""
        return Record(
            student, row.target, row.verdict, row.score, row.marks, row.tags, row.feedback, row.interpreted,
            row.interpreted_plain, kept_answer(answer or row.answer),
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """The fields of ``backsym check --format json``."""
        return row_json(self)

    def saved(self) -> dict[str, Any]:
        """Everything, for :meth:`loaded`."""
        return asdict(self)

    @staticmethod
    def loaded(saved: Mapping[str, Any]) -> Record:
        """The record that was saved; raises TypeError for anything else."""
        return Record(**{**saved, "tags": tuple(saved.get("tags", ()))})

"""Whose marks change, and why: the marks of before, as they were written to a CSV, beside those of now.

Knows records and tables; must not know how an answer is judged.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import ENGLISH, say
from backsym.marking.explaining.phrases import phrase
from backsym.marking.reporting.records import Record, shown_score
from backsym.marking.reporting.reports import answer_cell, clean, in_unicode, safe_cell
from backsym.marking.reporting.submissions import table_text

_NEEDED = ("student", "target", "verdict", "score")

_LONGEST = 120


@dataclass(frozen=True)
class Change:
    """One answer that is marked otherwise than before; ``old`` and ``new`` are verdict and score, if there is one."""

    student: str
    target: str
    old: tuple[str, float] | None
    new: tuple[str, float] | None
    why: str

    @property
    def line(self) -> str:
        def shown(mark: tuple[str, float] | None) -> str:
            return phrase("diff.none") if mark is None else f"{mark[0]} {mark[1]:g}"

        return f"{clean(self.student or '?')}  {clean(self.target)}  {shown(self.old)} -> {shown(self.new)}: {self.why}"


def changes(path: Path, records: Sequence[Record], language: str = ENGLISH) -> list[Change]:
    """What changes against the marks in a CSV of before; raises InputError for another kind of file."""
    before = _before(path)
    found: list[Change] = []
    seen: set[tuple[str, str]] = set()
    for record in records:
        key = safe_cell(record.student), safe_cell(record.target)
        if key in seen:
            continue
        seen.add(key)
        new = record.verdict, shown_score(record.score)
        old = before.get(key)
        if old is None:
            found.append(Change(*key, None, new, phrase("diff.new", language)))
        elif old.mark != new:
            found.append(Change(*key, old.mark, new, old.why(record, language)))
    gone = phrase("diff.gone", language)
    found += [Change(*key, old.mark, None, gone) for key, old in before.items() if key not in seen]
    return found


@dataclass(frozen=True)
class _Old:
    mark: tuple[str, float]
    answer: str | None
    maximum: str | None

    def why(self, record: Record, language: str) -> str:
        """Why a record has another mark than before."""
        if record.decided:
            return phrase("diff.decided", language, comment=_short(record.feedback))
        if self.answer is not None and self.answer != safe_cell(answer_cell(record.answer)):
            return phrase("diff.answer", language, answer=_short(record.answer))
        if self.maximum is not None and self.maximum != str(shown_score(record.marks)):
            return phrase("diff.maximum", language, old=self.maximum, new=str(shown_score(record.marks)))
        return phrase("diff.otherwise", language, feedback=_short(in_unicode(record.feedback)))


def _short(text: str) -> str:
    text = " ".join(clean(text).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _before(path: Path) -> dict[tuple[str, str], _Old]:
    if not path.is_file():
        raise InputError([Diagnostic(say("classes.no_such_file"), str(path))])
    text = table_text(path)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        rows = []
    found: dict[tuple[str, str], _Old] = {}
    for line, row in enumerate(rows, start=2):
        try:
            student, target, verdict, score = (row[name] for name in _NEEDED)
            mark = verdict, float(score)
        except (KeyError, TypeError, ValueError):
            raise InputError([Diagnostic(say("classes.no_marks"), str(path), line)]) from None
        found.setdefault((student, target), _Old(mark, row.get("answer"), row.get("maximum")))
    if not rows and ",".join(_NEEDED) not in text.partition("\n")[0]:
        raise InputError([Diagnostic(say("classes.no_marks"), str(path), 1)])
    return found


def told(found: Sequence[Change], path: Path, language: str = ENGLISH) -> str:
    """The changes, a line each, after the sum of them."""
    students = len({change.student for change in found})
    head = phrase("diff.counts", language, path=str(path), answers=str(len(found)), students=str(students))
    return "\n".join([head, *(f"  {change.line}" for change in found)]) + "\n"

"""Verdicts as a table for the terminal, as JSON and as CSV.  Knows records; knows no files."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Sequence

from backsym.core.errors import BacksymError
from backsym.marking.reporting.records import Row, kept_answer, shown_score
from backsym.printing.fragment import fragment
from backsym.printing.unicode import to_unicode

COLUMNS = ("student", "target", "verdict", "score", "tags", "feedback", "interpreted", "answer", "maximum")
"""The columns of a CSV of marks; ``answer`` is what the student wrote, ``score`` the marks out of ``maximum``."""

_FORMULA = re.compile(r"[\s\0]*[=+\-@|%＝＋－＠\t\r]")
_PARTED = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@|%＝＋－＠])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORMULAS = re.compile(r"\$([^$]+)\$")
_WIDTH = 100


def as_json(verdicts: Sequence[Row]) -> str:
    """A list of objects, one for each answer."""
    return json.dumps([v.to_json() for v in verdicts], ensure_ascii=False, indent=2) + "\n"


def as_csv(verdicts: Sequence[Row]) -> str:
    """One line for each answer; no cell can start a formula in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for v in verdicts:
        cells = v.to_json()
        cells |= {"tags": " ".join(v.tags), "answer": answer_cell(v.answer), "maximum": shown_score(v.marks)}
        numbers = ("score", "maximum")
        writer.writerow([cells[name] if name in numbers else safe_cell(cells[name]) for name in COLUMNS])
    return out.getvalue()


def answer_cell(answer: str) -> str:
    """A raw answer for a table: its lines as they are, without what moves a cursor or turns the direction of a text."""
    return "\n".join(clean(line) for line in kept_answer(answer).splitlines())


def safe_cell(value: str | None) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before one that would be.

    The same within a text, after what may part cells where the reader's spreadsheet goes by other signs.
    """
    text = _PARTED.sub(r"\1'", "" if value is None else value)
    return f"'{text}" if _FORMULA.match(text) else text


def as_table(verdicts: Sequence[Row]) -> str:
    """A line for each answer, its feedback and how it was read below, and the score at the end."""
    named = any(v.student is not None for v in verdicts)
    lines: list[str] = []
    before: str | None = None
    for v in verdicts:
        if named and v.student != before:
            lines.append(clean(v.student or "?"))
            before = v.student
        tags = f"  [{', '.join(v.tags)}]" if v.tags else ""
        lines.append(f"{clean(v.target):<12} {v.verdict:<16} {_number(v.score)}/{_number(v.marks)}{tags}")
        if v.interpreted_plain:
            lines.append(f"    read as: {clean(v.interpreted_plain)}")
        if v.verdict != "correct" and v.feedback:
            feedback = in_unicode(v.feedback)
            lines.extend(f"    {line}" for line in textwrap.wrap(feedback, _WIDTH, break_long_words=False))
    total, most = sum(v.score for v in verdicts), sum(v.marks for v in verdicts)
    right = sum(v.verdict == "correct" for v in verdicts)
    lines.append(f"{right} of {len(verdicts)} correct, score {_number(total)} of {_number(most)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """A score as people write it: at most two decimals."""
    return f"{round(value, 2):g}"


def in_unicode(text: str) -> str:
    """Feedback as plain text: its formulas as Unicode; the space in a formula is no place to break a line."""
    return clean(_FORMULAS.sub(lambda match: _formula(match[1]), text))


def _formula(latex: str) -> str:
    try:
        return to_unicode(fragment(latex)).replace(" ", "\u00a0")
    except BacksymError:
        return latex  # What stands between the dollar signs is a student's text.


def clean(text: str) -> str:
    """Text without characters that move the cursor of a terminal or turn its direction."""
    return _CONTROL.sub(" ", text)

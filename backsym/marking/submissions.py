"""Answers from files: YAML of one student, CSV of a class, a folder of YAML files named by student.

Whatever a file holds in place of an answer becomes an answer that cannot be read, so that nothing is lost.  Knows
files; knows nothing about mathematics.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backsym.errors import Diagnostic, InputError
from backsym.reading.yamlfile import Scalar, Table, read_file, text_of

STUDENT = "student"
LONGEST_CELL = 10_000_000


@dataclass(frozen=True)
class Submission:
    """One student's answers by target, in the order of the file.

    ``troubles`` are messages about a file of a folder that could not be read at all.
    """

    student: str | None
    answers: dict[str, str] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submissions:
    """What one path holds; ``ignored`` are columns of a CSV that are no targets."""

    items: tuple[Submission, ...]
    ignored: tuple[str, ...] = ()


def read_submissions(path: Path, targets: Sequence[str]) -> Submissions:
    """The answers of a YAML file, a CSV or a folder; raises InputError for a file that is unusable as a whole.

    ``targets`` are the names of quantities, which tell the columns of a CSV that hold answers.
    """
    if path.is_dir():
        return Submissions(tuple(_folder(path)))
    if not path.exists():
        hint = "answers are a YAML file, a CSV or a folder"
        raise InputError([Diagnostic("there is no such file", str(path), hint=hint)])
    if path.suffix.lower() == ".csv":
        return _csv(path, targets)
    answers, troubles = _yaml(path)
    if troubles:
        raise InputError(troubles)
    return Submissions((Submission(None, answers),))


def _folder(path: Path) -> Iterator[Submission]:
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in (".yaml", ".yml") and not p.name.startswith("."))
    if not files:
        raise InputError([Diagnostic("there are no YAML files in this folder", str(path), hint="one for each student")])
    for file in files:
        try:
            answers, troubles = _yaml(file)
        except InputError as error:
            answers, troubles = {}, error.diagnostics
        yield Submission(file.stem, answers, tuple(d.message for d in troubles))


def _yaml(path: Path) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """The answers of one file, and what is wrong with it; of an answer that is no text, the text is kept."""
    tree, complaints = read_file(str(path))
    if complaints:
        return {}, tuple(complaints)
    if not isinstance(tree, Table):
        hint = "such as z: (y - t)*(1 - tanh(z)**2)"
        return {}, (tree.diagnostic("answers are a mapping of targets to answers", hint),)
    return {key.text: _text(value) for key, value in tree.entries}, ()


def _text(value: object) -> str:
    if isinstance(value, Scalar):
        return value.text
    # What is no text cannot be an answer; brackets alone are read as an indicator without a comparison.
    mark = getattr(value, "mark", None)
    return mark.document.text[mark.start : mark.end] if mark is not None else "[]"


def _csv(path: Path, targets: Sequence[str]) -> Submissions:
    text = text_of(str(path)) if path.stat().st_size <= 1_000_000 else path.read_text("utf-8-sig", errors="replace")
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        reader = csv.reader(io.StringIO(text.lstrip("\ufeff").replace("\0", "")))
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError([Diagnostic(f"this is not read as CSV: {error}", str(path))]) from None
    finally:
        csv.field_size_limit(limit)
    if not rows:
        raise InputError([Diagnostic("this file is empty", str(path), hint="its first line names the columns")])
    header = [cell.strip() for cell in rows[0]]
    lower = [cell.lower() for cell in header]
    if STUDENT not in lower:
        hint = f"found: {', '.join(header)[:200]}"
        raise InputError([Diagnostic(f"there is no column {STUDENT}", str(path), 1, hint=hint)])
    repeated = sorted({cell for cell in header if cell and header.count(cell) > 1})
    if repeated:
        raise InputError([Diagnostic(f"the column {repeated[0]} stands twice", str(path), 1)])
    who = lower.index(STUDENT)
    known = set(targets)
    columns = [n for n, cell in enumerate(header) if n != who and cell.split("[")[0].strip() in known]
    if not columns:
        hint = f"a column is named after a quantity: {', '.join(targets)[:200]}"
        raise InputError([Diagnostic("no column of this file is a target", str(path), 1, hint=hint)])
    ignored = tuple(cell for n, cell in enumerate(header) if n != who and n not in columns and cell)
    items = []
    for row in rows[1:]:
        cells = [*row, *[""] * (len(header) - len(row))]
        items.append(Submission(cells[who].strip(), {header[n]: cells[n] for n in columns}))
    return Submissions(tuple(items), ignored)

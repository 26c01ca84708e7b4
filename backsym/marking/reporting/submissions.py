"""Answers from files: YAML of one student, CSV of a class, a folder of YAML files named by student.

Whatever a file holds in place of an answer becomes an answer that cannot be read, so that nothing is lost.  Files come
from students: links are not followed, and no name of a file is used for anything but to name its student.  Knows files;
knows nothing about mathematics.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from backsym.core.choices import YAML_ENDINGS
from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import say
from backsym.marking.answers.model import quantity_named
from backsym.marking.reporting.columns import Columns, Wanted, find_columns
from backsym.reading.files.yamlfile import EMPTY, Scalar, Table, read_text, text_of

LONGEST_CELL = 10_000_000
LARGEST_TABLE = 100_000_000
"""Bytes of a CSV: a class of 5,000 with 5 answers of the greatest length that is read."""

MAX_ANSWERS = 500
"""Answers of one student."""

MAX_TEXT = 250_000
"""Characters of one student's file."""

MAX_TROUBLES = 3
"""Messages about one file."""

DELIMITERS = ",;\t"

_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n")
"""What spreadsheets put before a table to say what parts its columns."""


@dataclass(frozen=True)
class Submission:
    """One student's answers by target, in the order of the file.

    ``troubles`` are messages about a file of a folder, or a line of a table, that could not be read: then no answer of
    it is judged.
    """

    student: str | None
    answers: dict[str, str] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submissions:
    """What one path holds; ``ignored`` are columns of a CSV that are no targets."""

    items: tuple[Submission, ...]
    ignored: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    """The students who stand more than once; the last time counts."""
    columns: Columns | None = None
    identities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For each student, what a table says in the columns that identify one."""
    troubles: tuple[Diagnostic, ...] = ()
    """What of one student's file is not read; the rest of it is."""

    @property
    def nameless(self) -> int:
        """How many answers of a class are nobody's."""
        return sum(item.student is None for item in self.items) if len(self.items) > 1 else 0


def read_submissions(
    path: Path, targets: Sequence[str], asked: Sequence[str] = (), wanted: Wanted | None = None
) -> Submissions:
    """The answers of a YAML file, a CSV or a folder; raises InputError for a file that is unusable as a whole.

    ``targets`` are the names of quantities, which tell the columns of a CSV that hold answers; ``asked`` are those
    that the problem asks for, if it says so; ``wanted`` is what the user says of the columns.
    """
    if path.is_dir():
        items, repeated = once(tuple(_folder(path)))
        return Submissions(completed(items, asked or targets), repeated=repeated)
    if not path.exists():
        hint = say("classes.kinds_of_answers")
        raise InputError([Diagnostic(say("classes.no_such_file"), str(path), advice=hint)])
    if path.suffix.lower() == ".csv":
        return csv_of(table_text(path), str(path), targets, wanted)
    answers, troubles = yaml_of(text_of(str(path)), str(path))
    if not answers and troubles:
        raise InputError(troubles)
    return Submissions((Submission(None, answers),), troubles=troubles)


# --- YAML ------------------------------------------------------------------------------------------------------------


def _folder(path: Path) -> Iterator[Submission]:
    """One submission for each YAML file, in the order of their names; folders in the folder are not entered."""
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in YAML_ENDINGS and not p.name.startswith("."))
    if not files:
        raise InputError([Diagnostic(say("classes.no_files"), str(path))])
    for file in files:
        # A file name is bytes; those that are no text would be refused by every output.
        student = os.fsencode(file.stem).decode("utf-8", errors="replace")
        answers: dict[str, str] = {}
        if file.is_symlink():
            yield Submission(student, {}, ("this is a link to another file, which is not followed",))
            continue
        if not file.is_file():
            yield Submission(student, {}, ("this is not a file",))
            continue
        try:
            answers, troubles = yaml_of(text_of(str(file)), str(file))
        except InputError as error:
            troubles = error.diagnostics
        yield Submission(student, answers, () if answers else tuple(placed(d) for d in troubles))


def completed(items: Sequence[Submission], asked: Sequence[str]) -> tuple[Submission, ...]:
    """The answers of a class in which what a student left out, and another answered, stands as an empty answer."""
    answered = [{name for target in item.answers for name in (target, quantity_named(target))} for item in items]
    questions = [name for name in asked if any(name in own for own in answered)]
    done = []
    for item, own in zip(items, answered, strict=True):
        left_out = {} if item.troubles else {name: "" for name in questions if name not in own}
        done.append(replace(item, answers={**item.answers, **left_out}))
    return tuple(done)


def placed(diagnostic: Diagnostic) -> str:
    """What is wrong, in which line, and what is expected, without the name of the file."""
    message = f"{diagnostic.message} ({diagnostic.hint})" if diagnostic.hint else diagnostic.message
    return message if diagnostic.line is None else f"line {diagnostic.line}: {message}"


def yaml_of(text: str, name: str) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """The answers of one student's file, and what is wrong with it; of an answer that is no text, the text is kept.

    What is wrong in one place costs no other answer; a target that is given twice has its first one.  Raises InputError
    for a text of which nothing is read.
    """
    if len(text) > MAX_TEXT:
        return {}, (Diagnostic(say("classes.too_many_characters", limit=MAX_TEXT, count=len(text)), name),)
    try:
        tree, complaints = read_text(text, name)
    except InputError as error:
        if answers := _line_by_line(text, name):
            return answers, error.diagnostics[:MAX_TROUBLES]
        hint = say("classes.such_z_y_t")
        raise InputError([replace(d, advice=hint) if d.code in EMPTY else d for d in error.diagnostics]) from None
    if not isinstance(tree, Table):
        return {}, (tree.diagnostic(say("classes.not_a_mapping"), say("classes.such_z_y_t")),)
    if len(tree.entries) > MAX_ANSWERS:
        return {}, (Diagnostic(say("classes.too_many_answers", limit=MAX_ANSWERS), name),)
    return {key.text: _text(value) for key, value in tree.entries}, tuple(complaints[:MAX_TROUBLES])


_LINE_OF_ANSWER = re.compile(
    r"[ \t]*(?:-[ \t]+)?['\"]?([A-Za-z_][\w/]*(?:\[[^\]\n]*\])?)['\"]?[ \t]*:(?:[ \t]|$)", re.M
)
"""Where an answer begins: a target and a colon."""


def _line_by_line(text: str, name: str) -> dict[str, str]:
    """The answers of a file that is not read as a whole; empty where no answer by itself is.

    An answer that is not read by itself either is its text, as it stands.
    """
    starts = [
        match for match in _LINE_OF_ANSWER.finditer(text) if match.start() == 0 or text[match.start() - 1] == "\n"
    ]
    if not 1 < len(starts) <= MAX_ANSWERS:
        return {}
    found: dict[str, str] = {}
    sound = False
    for match, end in zip(starts, [*(m.start() for m in starts[1:]), len(text)], strict=True):
        block = text[match.start() : end]
        target, answer = match[1], text[match.end() : end].strip()
        try:
            tree, complaints = read_text(block, name)
            if isinstance(tree, Table) and not complaints:
                ((_, value),) = tree.entries
                answer, sound = _text(value), True
        except (InputError, ValueError):
            pass  # It is this one that keeps the file from being read.
        found.setdefault(target, answer)
    return found if sound else {}


def _text(value: object) -> str:
    if isinstance(value, Scalar):
        return value.text
    # What is no text cannot be an answer; brackets alone are read as an indicator without a comparison.
    mark = getattr(value, "mark", None)
    return mark.document.text[mark.start : mark.end] if mark is not None else "[]"


# --- CSV -------------------------------------------------------------------------------------------------------------


def table_text(path: Path) -> str:
    """The text of a table, as spreadsheets save it: UTF-8, or UTF-16 with its mark."""
    with path.open("rb") as file:
        data = file.read(LARGEST_TABLE + 1)
    if len(data) > LARGEST_TABLE:
        raise InputError([Diagnostic(say("classes.too_large", limit=LARGEST_TABLE // 1000000), str(path))])
    return decoded(data, str(path))


def decoded(data: bytes, name: str) -> str:
    """The text of a table; raises InputError, naming the line, for what is no text."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        message = say("classes.other_encoding", encoding=encoding.upper()[:6].rstrip("-"))
        before = data[: error.start].decode(encoding, errors="replace")
        after = data[error.start :].decode("latin-1")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        written = before[len(before) - column + 1 :] + after.partition("\n")[0]
        source = "".join(char if char.isprintable() else "\ufffd" for char in written)
        hint = say("classes.save_as_utf_8")
        raise InputError([Diagnostic(message, name, line, column, source, advice=hint)]) from None


def once(items: Sequence[Submission]) -> tuple[tuple[Submission, ...], tuple[str, ...]]:
    """Each student once, with what came last, and the students who stand more than once."""
    counts = Counter(item.student for item in items if item.student)
    last = {item.student: n for n, item in enumerate(items)}
    kept = tuple(item for n, item in enumerate(items) if not item.student or last[item.student] == n)
    return kept, tuple(student for student, count in counts.items() if count > 1)


def csv_of(text: str, name: str, targets: Sequence[str], wanted: Wanted | None = None) -> Submissions:
    """The answers of a class, a line for each student; raises InputError for a table that is unusable as a whole.

    The columns are parted by commas, semicolons or tabs, whichever the first line has.  A line with more cells than
    the first is one where an answer with a comma lacks its quotes: its answers are not judged.
    """
    rows = _rows(text, name)
    if not rows:
        raise InputError([Diagnostic(say("classes.empty"), name)])
    header = [cell.strip() for cell in rows[0][1]]
    columns = find_columns(header, name, targets, wanted or Wanted())
    used = {columns.who, *columns.answers, *columns.identity}
    ignored = tuple(cell for n, cell in enumerate(header) if n not in used and cell)
    if len(rows) == 1:
        hint = say("classes.line_per_student")
        raise InputError([Diagnostic(say("classes.no_students"), name, advice=hint)])
    items: list[Submission] = []
    identities: dict[str, dict[str, str]] = {}
    for line, row in rows[1:]:
        cells = [*row, *[""] * (len(header) - len(row))]
        troubles: tuple[str, ...] = ()
        if any(cell.strip() for cell in cells[len(header) :]):
            count = f"line {line} has {len(row)} cells and the first line {len(header)}"
            troubles = (f"{count}; an answer with a comma in it needs quotes around it",)
        student = cells[columns.who].strip() or None
        identity = {title: cells[n].strip() for n, title in columns.identity.items()}
        if student is not None:
            # Two students of one name are two students, if the table tells them apart.
            others = [key for key, own in identities.items() if key == student and own != identity]
            student = f"{student} ({', '.join(filter(None, identity.values()))})" if others else student
            identities[student] = identity
        items.append(Submission(student, {target: cells[n] for n, target in columns.answers.items()}, troubles))
    kept, repeated = once(items)
    return Submissions(kept, ignored, repeated, columns, {key: own for key, own in identities.items() if own})


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    """The lines that are not blank, each with its number; a cell in quotes may go on over several."""
    text = text.lstrip("\ufeff").replace("\0", "")
    said = _SEPARATOR.match(text)
    head = text.lstrip().partition("\n")[0]
    delimiter = said[1] if said else max(DELIMITERS, key=lambda sign: (head.count(sign), -DELIMITERS.index(sign)))
    limit = csv.field_size_limit(max(len(text), 1))
    line = 1
    try:
        # Strict, because quotes that do not match would make one answer of the lines of many students.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        found: list[tuple[int, list[str]]] = []
        for row in reader:
            if any(len(cell) > LONGEST_CELL for cell in row):
                raise InputError([Diagnostic(say("classes.cell_too_long", limit=LONGEST_CELL), name, line)])
            if any(cell.strip() for cell in row) and not (said and line == 1):
                found.append((line, row))
            line = reader.line_num + 1
        return found
    except csv.Error:
        source = re.split("\r\n?|\n", text)[line - 1]
        hint = say("classes.double_quotes")
        column = source.find('"') + 1
        message = say("classes.unmatched_quotes")
        raise InputError([Diagnostic(message, name, line, column or None, source, advice=hint)]) from None
    finally:
        csv.field_size_limit(limit)

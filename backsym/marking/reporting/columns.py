"""Which columns of a table hold students, their identity and their answers: named by the user, or told by the headers.

Knows the headers of Google Forms, Canvas, Moodle and Gradescope; must not know what is in the cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backsym.core.errors import Diagnostic, InputError, near_name
from backsym.core.words import say
from backsym.marking.answers.model import quantity_named
from backsym.reading.plain import glance

STUDENT = "student"

STUDENTS = (
    STUDENT, "email address", "email", "e-mail", "username", "sis login id", "login id", "sis user id", "sis_id",
    "id number", "student id", "sid", "id", "name", "full name", "student name",
)  # fmt: skip
"""Headers of the column that names the students, in small letters; the first that there is counts."""

CANVAS: Mapping[str, tuple[str, ...]] = {
    "Student": ("student", "name"),
    "ID": ("id",),
    "SIS User ID": ("sis user id", "sis_id"),
    "SIS Login ID": ("sis login id",),
    "Section": ("section",),
}
"""The columns by which Canvas knows a student, each with the headers, in small letters, of its own exports."""

MOODLE: Mapping[str, tuple[str, ...]] = {
    "First name": ("first name",),
    "Last name": ("last name", "surname"),
    "Username": ("username",),
    "ID number": ("id number",),
    "Email address": ("email address",),
}
"""The same for Moodle."""


@dataclass(frozen=True)
class Wanted:
    """What the user says of the columns: the header of the students', and targets by header."""

    student: str | None = None
    targets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Columns:
    """The places of the columns: of the students, of the answers, with their targets, and of what identifies a student.

    ``guessed`` are columns that were told by their headers, each with what it was taken for; ``repeated`` targets that
    further columns are about, too.
    """

    who: int
    answers: Mapping[int, str]
    identity: Mapping[int, str]
    guessed: tuple[tuple[str, str], ...] = ()
    repeated: tuple[str, ...] = ()


def plain(header: str) -> str:
    """A header without what makes no difference."""
    return " ".join(header.split())


def find_columns(header: Sequence[str], name: str, targets: Sequence[str], wanted: Wanted) -> Columns:
    """The columns of a table; raises InputError if it has no students, no answers, or not what the user names."""
    cells = [plain(cell) for cell in header]
    guessed: list[tuple[str, str]] = []
    who = _student(cells, name, wanted, guessed)
    chosen = {_named(cells, head, name): target for head, target in wanted.targets.items()}
    for target in chosen.values():
        if quantity_named(target) not in targets:
            near = near_name(quantity_named(target), targets)
            hint = (
                say("classes.near", name=near)
                if near
                else say("classes.columns_of_targets", names=", ".join(targets)[:200])
            )
            raise InputError([Diagnostic(say("classes.unknown_target", target=target), advice=hint)])
    answers: dict[int, str] = {}
    repeated: list[str] = []
    taken: set[str] = set()
    told = {n: cell for n, cell in enumerate(cells) if n != who and n not in chosen and quantity_named(cell) in targets}
    for n, target in (*chosen.items(), *told.items(), *_clear(cells, targets, {who, *chosen, *told}).items()):
        key = _key(target, targets)
        if key in taken:
            repeated.append(target)
            continue
        taken.add(key)
        answers[n] = target
        if n not in chosen and n not in told:
            guessed.append((cells[n], target))
    if not answers:
        hint = say("classes.columns_of_targets", names=", ".join(targets)[:200])
        raise InputError([Diagnostic(say("classes.no_target_column"), name, 1, advice=hint)])
    known = {head: title for titles in (CANVAS, MOODLE) for title, heads in titles.items() for head in heads}
    identity = {n: known[cell.lower()] for n, cell in enumerate(cells) if n not in answers and cell.lower() in known}
    return Columns(who, dict(sorted(answers.items())), identity, tuple(guessed), tuple(dict.fromkeys(repeated)))


def _key(target: str, targets: Sequence[str]) -> str:
    """What tells one target from another: entries, and names of numbers, as they stand, else the quantity."""
    text = "".join(target.split())
    return text if "[" in text or text in targets else quantity_named(text)


def _student(cells: Sequence[str], name: str, wanted: Wanted, guessed: list[tuple[str, str]]) -> int:
    if wanted.student is not None:
        return _named(cells, wanted.student, name)
    lower = [cell.lower() for cell in cells]
    for head in STUDENTS:
        if head in lower:
            if lower.count(head) > 1:
                raise InputError(
                    [Diagnostic(say("classes.column_twice", column=cells[lower.index(head)][:200]), name, 1)]
                )
            if head != STUDENT:
                guessed.append((cells[lower.index(head)], STUDENT))
            return lower.index(head)
    hint = say("classes.name_the_column", column=STUDENT, names=", ".join(cells)[:200])
    raise InputError([Diagnostic(say("classes.no_student_column", column=STUDENT), name, 1, advice=hint)])


def _named(cells: Sequence[str], header: str, name: str) -> int:
    """Where the column stands that the user names; raises InputError if there is none, or more than one."""
    places = [n for n, cell in enumerate(cells) if cell == plain(header)]
    places = places or [n for n, cell in enumerate(cells) if cell.lower() == plain(header).lower()]
    if len(places) == 1:
        return places[0]
    if places:
        raise InputError([Diagnostic(say("classes.column_twice", column=plain(header)[:200]), name, 1)])
    near = near_name(plain(header), [cell for cell in cells if cell])
    hint = say("classes.near", name=near) if near else say("classes.columns", names=", ".join(cells)[:200])
    raise InputError([Diagnostic(say("classes.no_column", column=plain(header)[:200]), name, 1, advice=hint)])


def _clear(cells: Sequence[str], targets: Sequence[str], taken: set[int]) -> dict[int, str]:
    """The columns whose header asks for exactly one derivative, each with its quantity, where only one asks for it."""
    found: dict[int, str] = {}
    for n, cell in enumerate(cells):
        names = {slope.by for slope in glance.slopes(cell)} & set(targets)
        if n not in taken and len(names) == 1:
            found[n] = names.pop()
    quantities = list(found.values())
    return {n: target for n, target in found.items() if quantities.count(target) == 1}

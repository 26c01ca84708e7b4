"""A gradebook: one row a student, with the marks of each question and their sum, as Canvas and Moodle import it.

Canvas: https://community.canvaslms.com/docs/DOC-12824, a row ``Points Possible`` below the header; Moodle maps the
columns when the file is imported.  Knows records; must not know how they are made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from backsym.marking.reporting.columns import CANVAS, MOODLE
from backsym.marking.reporting.records import Record, shown_score
from backsym.marking.reporting.reports import safe_cell

Identities = Mapping[str, Mapping[str, str]]
"""For each student, what the class's file says in the columns that identify one."""


def gradebook(records: Sequence[Record], form: str, title: str, identities: Identities | None = None) -> str:
    """The gradebook in one of the formats; an answer that a student did not give counts 0."""
    identities = identities or {}
    targets = list(dict.fromkeys(record.target for record in records if record.target))
    most = {target: max(record.marks for record in records if record.target == target) for target in targets}
    rows: dict[str, dict[str, float]] = {}
    for record in records:
        rows.setdefault(record.student or "", {}).setdefault(record.target, record.score)
    heads = _heads(form, identities)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if form == "plain":
        titles = [*targets, "total"]
    else:
        titles = [*(f"{title}: {target}" for target in targets), title]
    writer.writerow(map(safe_cell, (*heads, *titles)))
    if form == "canvas":
        full = [*most.values(), sum(most.values())]
        writer.writerow(["    Points Possible", *[""] * (len(heads) - 1), *map(_shown, full)])
    for student, scores in rows.items():
        marks = [scores.get(target, 0.0) for target in targets]
        own = identities.get(student, {})
        # What identifies a student elsewhere, such as in Canvas' export, says nothing to Moodle.
        known = form != "plain" and any(own.get(head) for head in heads)
        first = {} if known else {heads[0]: student}
        identity = [{**own, **first}.get(head, "") for head in heads]
        writer.writerow([*map(safe_cell, identity), *map(_shown, (*marks, sum(marks)))])
    return out.getvalue()


def _heads(form: str, identities: Identities) -> list[str]:
    """The columns that identify a student: all of Canvas', and those of Moodle's that the class's file has."""
    if form == "plain":
        return ["student"]
    if form == "canvas":
        return list(CANVAS)
    there = {head for own in identities.values() for head in own}
    return [head for head in MOODLE if head in there] or ["Email address"]


def _shown(score: float) -> str:
    return f"{shown_score(score):g}"

"""What a class got right, and where it went wrong: for each target the share right and the commonest errors.

Knows records; must not know how a summary is shown in HTML (``class_page``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from backsym.core.choices import UNREAD
from backsym.core.words import ENGLISH
from backsym.marking.explaining.phrases import phrase
from backsym.marking.reporting.records import Row
from backsym.marking.reporting.reports import clean, in_unicode

RIGHT = ("correct", "equivalent_form", "follow_through")
"""Verdicts on answers that are right in value, their student's earlier answers given; see ``is_right``."""

ERRORS = 5
"""Kinds of errors that are listed for a target, at most."""

_EXAMPLE = 100
_BAR = 20


@dataclass(frozen=True)
class Slip:
    """One kind of error: its tag, or its tags where the same answers have several (empty where no kind was found), how
    many answers have it, and the feedback on one."""

    tag: str
    count: int
    example: str


@dataclass(frozen=True)
class TargetSummary:
    """The answers to one target: how many got each verdict and how many are ``right``, the mean score out of ``marks``,
    and the errors."""

    target: str
    verdicts: dict[str, int]
    right: int
    mean: float
    marks: float
    slips: tuple[Slip, ...]

    @property
    def answers(self) -> int:
        return sum(self.verdicts.values())

    @property
    def share(self) -> float:
        return self.right / self.answers


@dataclass(frozen=True)
class ClassSummary:
    """The summary of a class: ``targets`` in the order in which they were first answered."""

    students: int
    mean: float
    most: float
    targets: tuple[TargetSummary, ...]

    @property
    def answers(self) -> int:
        return sum(target.answers for target in self.targets)

    @property
    def right(self) -> int:
        return sum(target.right for target in self.targets)

    def counts(self, language: str = ENGLISH) -> str:
        """The sentence that sums it up."""
        return phrase(
            "summary.counts", language, students=str(self.students), answers=str(self.answers), right=str(self.right),
            mean=f"{self.mean:.4g}", most=f"{self.most:.4g}",
        )  # fmt: skip


def is_right(row: Row) -> bool:
    """Whether an answer counts as right: not one that names the derivative that is asked for, which earns nothing."""
    return row.verdict in RIGHT and (row.score > 0 or row.marks == 0)


def summarise(rows: Sequence[Row]) -> ClassSummary:
    """The summary of the records of a class, in any order of its students."""
    by_target: dict[str, list[Row]] = {}
    students: Counter[str | None] = Counter()
    for row in rows:
        by_target.setdefault(row.target, []).append(row)
        students[row.student] += 1
    targets = tuple(_target(target, own) for target, own in by_target.items())
    count = max(1, len(students))
    mean, most = sum(row.score for row in rows) / count, sum(row.marks for row in rows) / count
    return ClassSummary(len(students), mean, most, targets)


def _target(target: str, rows: Sequence[Row]) -> TargetSummary:
    verdicts = Counter(row.verdict for row in rows)
    having: dict[tuple[str, bool], list[int]] = {}
    for number, row in enumerate(rows):
        if not is_right(row):
            for tag in row.tags or ("",):
                # Who wrote nothing wrote nothing that is not read.
                having.setdefault((tag, tag in UNREAD and not row.answer.strip()), []).append(number)
    # Tags that the same answers have are one kind of error.
    kinds: dict[tuple[int, ...], list[str]] = {}
    for (tag, _), numbers in having.items():
        kinds.setdefault(tuple(numbers), []).append(tag)
    found = [Slip(", ".join(tags), len(numbers), rows[numbers[0]].feedback) for numbers, tags in kinds.items()]
    # Most first; at a tie by name, so that the order does not depend on that of the students.
    slips = tuple(sorted(found, key=lambda slip: (-slip.count, slip.tag, slip.example))[:ERRORS])
    marks = max(row.marks for row in rows)
    right = sum(map(is_right, rows))
    return TargetSummary(target, dict(verdicts), right, sum(row.score for row in rows) / len(rows), marks, slips)


def summary_table(summary: ClassSummary, language: str = ENGLISH) -> str:
    """The summary for a terminal: a line with a bar for each target, and its errors below."""
    wide = max((len(clean(t.target)) for t in summary.targets), default=0)
    lines = [summary.counts(language)]
    for target in summary.targets:
        filled = round(_BAR * target.share)
        bar = "█" * filled + "·" * (_BAR - filled)
        right = phrase("summary.of", language, right=str(target.right), answers=str(target.answers))
        lines.append(f"{clean(target.target):<{wide}}  {bar} {target.share:4.0%}  {right}")
        for slip in target.slips:
            name = slip.tag or phrase("summary.untagged", language)
            example = in_unicode(slip.example)
            example = example if len(example) <= _EXAMPLE else f"{example[: _EXAMPLE - 1]}…"
            lines.append(f"{'':<{wide}}  {slip.count:>5} {name}: {example}")
    return "\n".join(lines) + "\n"

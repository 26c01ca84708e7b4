"""What people decide: a file of the answers that were not read, or can be read in several ways, and what was decided.

Answers with one reading are one decision, however many students gave them.  What is filled in is applied on the next
run, also where the answers have changed meanwhile, and is never lost: a file that cannot be read is refused.

Knows records and files; must not know how an answer is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from backsym.core.errors import Diagnostic, InputError
from backsym.core.problem import Problem
from backsym.core.words import ENGLISH, say
from backsym.marking.explaining.phrases import phrase
from backsym.marking.judging.shares import share_of
from backsym.marking.reporting.records import Record, shown_score
from backsym.reading.files.fields import Report, choice, known_keys, quoted, scalars, text
from backsym.reading.files.yamlfile import Listing, Scalar, Table, Tree, read_text

KEYS = ("target", "read_as", "answers", "students", "verdict", "score", "comment")
"""The keys of a decision, in the order in which they are written."""

OPEN = ("invalid", "undetermined")
"""Verdicts that a person looks at."""

DECIDED = ("correct", "equivalent_form", "follow_through", "incorrect", "invalid")
"""Verdicts that a person may give."""

LARGEST = 50_000_000
"""Bytes of a review file."""


@dataclass(frozen=True)
class Decision:
    """One reading of answers to a target, who gave it, and what was decided, if anything was."""

    target: str
    read_as: str = ""
    answers: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    verdict: str = ""
    score: float | None = None
    comment: str = ""

    @property
    def is_open(self) -> bool:
        return not self.verdict and self.score is None

    @property
    def is_filled(self) -> bool:
        return not self.is_open or bool(self.comment)

    def is_about(self, record: Record) -> bool:
        """Whether this is about an answer: by its reading, its text, or, where it has neither, by its student."""
        if self.target != _plain(record.target):
            return False
        if self.read_as and self.read_as == _plain(record.interpreted_plain):
            return True
        if self.answers:
            return _words(record.answer) in map(_words, self.answers)
        return not self.read_as and _plain(record.student) in self.students


@dataclass(frozen=True)
class Review:
    """The decisions of a file, in its order."""

    decisions: tuple[Decision, ...] = ()

    def of(self, record: Record) -> Decision | None:
        """The decision about an answer; one that names its student goes before one that does not."""
        about = [decision for decision in self.decisions if decision.is_about(record)]
        own = [decision for decision in about if _plain(record.student) in decision.students]
        filled = [decision for decision in (*own, *about) if decision.is_filled]
        return next(iter((*filled, *own, *about)), None)

    @property
    def open(self) -> int:
        return sum(decision.is_open for decision in self.decisions)


def _plain(value: str | None) -> str:
    """A text that every file can hold: without half characters."""
    return (value or "").encode("utf-8", "replace").decode("utf-8")


def _words(answer: str) -> str:
    """An answer without what makes no difference to a reader."""
    return " ".join(_plain(answer).split())


# --- applying --------------------------------------------------------------------------------------------------------


def applied(review: Review, records: Sequence[Record], problem: Problem) -> list[Record]:
    """The records with what was decided in place of what was found.  Raises InputError for more than the marks."""
    return [_decided(record, review.of(record), problem) for record in records]


def _decided(record: Record, decision: Decision | None, problem: Problem) -> Record:
    if decision is None or not decision.is_filled:
        return record
    if decision.is_open:
        return replace(record, feedback=f"{record.feedback} {decision.comment}".strip())
    if decision.score is not None and decision.score > record.marks:
        message = say("classes.score_too_high", score=f"{decision.score:g}", target=record.target,
                      marks=f"{record.marks:g}")  # fmt: skip
        raise InputError([Diagnostic(message)])
    verdict = decision.verdict
    if not verdict:
        verdict = "correct" if record.marks and decision.score == record.marks else "incorrect"
    score = decision.score
    if score is None:
        score = record.marks * float(share_of(problem, verdict))
    tags = record.tags if verdict in ("incorrect", "invalid") else ()
    feedback = decision.comment or phrase("review.decided")
    return replace(record, verdict=verdict, score=score, tags=tags, feedback=feedback, decided=True)


# --- the queue -------------------------------------------------------------------------------------------------------


def queue(review: Review, records: Iterable[Record]) -> Review:
    """What is to be decided about these records as they were found, and all that was decided already.

    Decisions that are filled in stay, in their order, with the students to whom they apply now; then come the open ones
    in the order of the records.
    """
    kept = [decision for decision in review.decisions if decision.is_filled]
    filled = Review(tuple(kept))
    students: dict[int, dict[str, None]] = {}
    answers: dict[int, dict[str, None]] = {}
    found: dict[tuple[str, str, str], tuple[Record, dict[str, None], dict[str, None]]] = {}
    for record in records:
        decision = filled.of(record)
        if decision is not None:
            n = next(n for n, each in enumerate(kept) if each is decision)
            students.setdefault(n, {}).setdefault(_plain(record.student))
            answers.setdefault(n, {}).setdefault(_plain(record.answer))
        elif record.verdict in OPEN and record.answer.strip():
            read_as = _plain(record.interpreted_plain)
            key = (_plain(record.target), read_as, "" if read_as else _words(record.answer))
            _, given, who = found.setdefault(key, (record, {}, {}))
            given.setdefault(_plain(record.answer))
            who.setdefault(_plain(record.student))
    decided = [
        replace(each, students=_named((*each.students, *students.get(n, {})) if n not in students else students[n]),
                answers=_further(each, answers.get(n, {})))
        for n, each in enumerate(kept)
    ]  # fmt: skip
    waiting = [
        Decision(target, read_as, tuple(given), _named(who)) for (target, read_as, _), (_, given, who) in found.items()
    ]
    return Review((*decided, *waiting))


def _named(students: Iterable[str]) -> tuple[str, ...]:
    return tuple(student for student in students if student)


def _further(decision: Decision, answers: Iterable[str]) -> tuple[str, ...]:
    """The texts that a decision is about; one about students only stays so."""
    if not decision.answers and not decision.read_as:
        return ()
    known = set(map(_words, decision.answers))
    return (*decision.answers, *(answer for answer in answers if _words(answer) not in known))


# --- files -----------------------------------------------------------------------------------------------------------


def read_review(path: Path) -> Review:
    """The decisions in a file; none if there is no such file.  Raises InputError for one that is no review."""
    if not path.exists():
        return Review()
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError([Diagnostic(say("classes.other_encoding", encoding="UTF-8"), str(path))]) from None
    if len(data) > LARGEST:
        raise InputError([Diagnostic(say("classes.too_large", limit=LARGEST // 1_000_000), str(path))])
    tree, complaints = read_text(content, str(path), latex=False)
    report = Report()
    report.extend(complaints)
    entries = known_keys(tree.entries, ("decisions",), report) if isinstance(tree, Table) else {}
    decisions = entries.get("decisions")
    if isinstance(decisions, Scalar) and not decisions.text.strip():
        decisions = Listing(decisions.mark, decisions.label, ())
    if not isinstance(decisions, Listing):
        report.add(decisions or tree, say("classes.no_review"))
        report.stop()
        return Review()
    found = tuple(_decision(item, report) for item in decisions.items)
    report.stop()
    return Review(found)


def _decision(tree: Tree, report: Report) -> Decision:
    if not isinstance(tree, Table):
        report.add(tree, say("classes.no_decision"))
        return Decision("")
    found = known_keys(tree.entries, KEYS, report)

    filled = {key: value for key, value in found.items() if not _is_null(value)}

    def texts(key: str) -> tuple[str, ...]:
        return tuple(item.text for item in scalars(found.get(key), report, key))

    target = text(found.get("target"), report, "target") or ""
    if not target:
        report.add(tree, say("classes.no_target"))
    verdict = choice(filled.get("verdict"), report, "verdict", DECIDED, "", lower=True)
    read_as = text(filled.get("read_as"), report, "read_as") or ""
    comment = text(filled.get("comment"), report, "comment") or ""
    score = _score(filled.get("score"), report)
    return Decision(target, read_as, texts("answers"), texts("students"), verdict, score, comment)


def _is_null(tree: Tree) -> bool:
    """What programs write for nothing."""
    return isinstance(tree, Scalar) and tree.text in ("null", "~")


def _score(tree: Tree | None, report: Report) -> float | None:
    given = text(tree, report, "score")
    if given is None or tree is None:
        return None
    try:
        score = float(Fraction(given)) if len(given) <= 20 and "e" not in given.lower() else -1.0
    except (ValueError, ZeroDivisionError, OverflowError):
        score = -1.0
    if score < 0:
        report.add(tree, say("classes.no_score", found=quoted(given)))
    return score


def review_text(review: Review, language: str = ENGLISH) -> str:
    """The file of these decisions."""
    lines = (phrase(f"review.{line}", language, verdicts=", ".join(DECIDED)) for line in ("heading", "how"))
    heading = "".join(f"# {line}\n" for line in lines)
    if not review.decisions:
        return f"{heading}decisions: []\n"
    return heading + "decisions:\n" + "".join(map(_entry, review.decisions))


def _entry(decision: Decision) -> str:
    score = "" if decision.score is None else f"{shown_score(decision.score):g}"
    values: Mapping[str, str | tuple[str, ...]] = {
        "target": decision.target, "read_as": decision.read_as, "answers": decision.answers,
        "students": decision.students, "verdict": decision.verdict, "score": score, "comment": decision.comment,
    }  # fmt: skip
    lines = []
    for key, value in values.items():
        if isinstance(value, tuple):
            items = "".join(f"\n      - {_quoted(item)}" for item in value)
            lines.append(f"{key}:{items}" if items else f"{key}: []")
        else:
            lines.append(f"{key}: {_quoted(value)}" if value else f"{key}:")
    return "  - " + "\n    ".join(lines) + "\n"


def _quoted(value: str) -> str:
    """A text of YAML: as it stands in quotes if it is one line, else with escapes."""
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char == "\n":
        return "\\n"
    return char if char.isprintable() else f"\\U{ord(char):08x}"

"""Marking a class: in this process, over several, or over whatever an Executor reaches, with the same result.

A marker is made once and sent to the workers; what comes back is plain records, put into the order of the submissions.
With a journal, marking that was interrupted goes on where it stopped.

Must not know files of answers, or output formats.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from backsym.core.choices import ACCEPT, HINTS
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.marking.explaining.phrases import phrase
from backsym.marking.judging.accept import asked_quantities
from backsym.marking.reporting.journal import Journal, fingerprint
from backsym.marking.reporting.records import Record
from backsym.marking.reporting.submissions import Submission, read_submissions
from backsym.marking.verdicts import Marker, Verdict, checked_marks
from backsym.solving.processes import processes, unguarded
from backsym.version import __version__

CHUNK = 8
"""Students that a worker gets at a time, at most."""

Given = Mapping[str, Mapping[str, str]] | Iterable[Submission] | Path | str
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Settings:
    """How answers are marked: as in :func:`backsym.check`; ``marks`` by target."""

    accept: str | None = None
    marks: Mapping[str, float] | None = None
    hints: str = "full"

    def __post_init__(self) -> None:
        if self.hints not in HINTS:
            raise BacksymError(say("classes.unknown_hints", found=self.hints, choices=HINTS))
        if self.accept is not None and self.accept not in ACCEPT:
            raise BacksymError(say("classes.unknown_accept", found=self.accept, choices=ACCEPT))


def check_class(
    problem: Problem | Marker,
    submissions: Given,
    *,
    executor: Executor | None = None,
    workers: int = 1,
    journal: str | Path | None = None,
    accept: str | None = None,
    marks: Mapping[str, float] | None = None,
    hints: str = "full",
    progress: Progress | None = None,
) -> list[Record]:
    """The verdicts on all answers of a class: student by student, each student's in the order of the answers.

    ``submissions`` are answers by target by student, or a path that ``backsym check`` reads.  The work is done by
    ``executor``, whose processes or machines must have backsym; without one, by ``workers`` processes (1: this one).
    The order and the verdicts do not depend on it.  Processes are spawned, so that a script which asks for several
    needs ``if __name__ == "__main__":``.

    Into the file ``journal`` go the records of each student when they are done; a later call with the same journal
    takes them from there, and marks only what is missing or has changed.  Removing it is up to the caller.
    ``progress`` is called with the numbers of students done and in all.  The other arguments are those of
    :func:`backsym.check`.

    Raises InputError for an unusable file, BacksymError for an unknown setting or a worker that died.  A target that
    the problem does not have is an invalid answer.
    """
    if executor is not None and not callable(getattr(executor, "submit", None)):
        kind = type(executor).__name__
        raise BacksymError(say("classes.not_an_executor", kind=kind))
    marker = problem if isinstance(problem, Marker) else Marker(problem)
    settings = Settings(accept, dict(marks) if marks is not None else None, hints)
    for target, mark in (marks or {}).items():
        checked_marks(marker.target(target).text, mark)
    items = _items(marker, submissions)
    setup = fingerprint((__version__, marker.problem, marker.judge.seed, settings))
    keys = [fingerprint((setup, item)) for item in items]
    with Journal(Path(journal) if journal is not None else None) as kept:
        left = [n for n, key in enumerate(keys) if key not in kept.done]
        # A student who stands twice with the same answers is marked once.
        left = list({keys[n]: n for n in reversed(left)}.values())[::-1]
        missing = len(left)
        if progress is not None:
            progress(len(items) - missing, len(items))
        if executor is None and (workers <= 1 or missing <= 1):
            done: Iterator[tuple[int, list[Record]]] = ((n, mark_submission(marker, items[n], settings)) for n in left)
            _keep(done, keys, kept, len(items), missing, progress)
        elif left:
            with _workers(executor, workers) as pool:
                _keep(_spread(pool, marker, items, left, settings), keys, kept, len(items), missing, progress)
        return [record for key in keys for record in kept.done[key]]


def _items(marker: Marker, given: Given) -> list[Submission]:
    if isinstance(given, (str, Path)):
        asked = asked_quantities(marker.problem)
        return list(read_submissions(Path(given), tuple(marker.problem.symbols), asked).items)
    if isinstance(given, Mapping):
        items = [Submission(student, dict(a)) for student, a in given.items() if isinstance(a, Mapping)]
        if len(items) == len(given):
            return items
    elif isinstance(given, Iterable):
        items = list(given)
        if all(isinstance(item, Submission) for item in items):
            return items
    raise BacksymError(say("classes.not_answers"))


def _keep(
    done: Iterator[tuple[int, list[Record]]], keys: Sequence[str], journal: Journal, total: int, missing: int,
    progress: Progress | None,
) -> None:  # fmt: skip
    for number, (n, records) in enumerate(done, start=1):
        journal.add(keys[n], records)
        if progress is not None:
            progress(total - missing + number, total)


# --- one student -----------------------------------------------------------------------------------------------------


def mark_submission(marker: Marker, item: Submission, settings: Settings) -> list[Record]:
    """The verdicts on one student's answers; each answer gets one, whatever happens."""
    if item.troubles:
        unusable = marker.unusable("; ".join(item.troubles))
        verdicts = [Verdict(t, "invalid", 0.0, unusable.tags, unusable.feedback) for t in item.answers] or [unusable]
        return [_record(verdict, item) for verdict in verdicts]
    known = {target: mark for target, mark in (settings.marks or {}).items() if target in item.answers}
    try:
        found = marker.mark_all(item.answers, accept=settings.accept, marks=known, hints=settings.hints, strict=False)
        return [_record(verdict, item) for verdict in found]
    except Exception as error:  # A mistake in marking one student must not cost the class its marks.
        feedback = phrase("verdict.unmarked", error=type(error).__name__)
        unmarked = [Verdict(target, "undetermined", 0.0, (), feedback) for target in item.answers]
        return [_record(verdict, item) for verdict in unmarked]


def _record(verdict: Verdict, item: Submission) -> Record:
    answer = item.answers.get(verdict.target)
    return Record.of(verdict, item.student, "" if answer is None else str(answer))


# --- many ------------------------------------------------------------------------------------------------------------


@contextmanager
def _workers(executor: Executor | None, workers: int) -> Iterator[Executor]:
    """The executor that was handed in, or processes of our own, which do not outlive an interruption."""
    if executor is not None:
        yield executor
        return
    with processes(workers) as pool:
        yield pool


def _spread(
    pool: Executor, marker: Marker, items: Sequence[Submission], left: Sequence[int], settings: Settings
) -> Iterator[tuple[int, list[Record]]]:
    """The records of the students at ``left``, in the order in which they are done."""
    packed = pickle.dumps(marker)
    size = max(1, min(CHUNK, len(left) // 8))
    chunks = [left[start : start + size] for start in range(0, len(left), size)]
    futures: dict[Future[list[list[Record]]], Sequence[int]] = {}
    try:
        for chunk in chunks:
            futures[pool.submit(mark_chunk, packed, [items[n] for n in chunk], settings)] = chunk
        for future in as_completed(futures):
            yield from zip(futures.pop(future), future.result(), strict=True)
    except BrokenProcessPool:
        script = unguarded()
        died = say("classes.process_died") if script is None else say("classes.process_died_unguarded", script=script)
        raise BacksymError(died) from None
    finally:
        for future in futures:
            future.cancel()


def mark_chunk(packed: bytes, items: Sequence[Submission], settings: Settings) -> list[list[Record]]:
    """What a worker does: the records of some students.  ``packed`` is made by this module, and by nobody else."""
    marker = _unpacked(packed)
    return [mark_submission(marker, item, settings) for item in items]


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Marker:
    """A worker makes its marker once, however many students it gets."""
    marker = pickle.loads(packed)
    assert isinstance(marker, Marker), "packed by _spread"
    return marker

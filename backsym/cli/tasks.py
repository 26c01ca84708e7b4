"""What commands do with each input: load it, solve and prove it, write what came of it, perhaps in several processes.

Must not know any command.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backsym.cli.errors import explained
from backsym.cli.files import write
from backsym.cli.progress import print_line
from backsym.core.errors import BacksymError, Diagnostic, InputError, VerificationError
from backsym.core.words import ENGLISH, say

if TYPE_CHECKING:
    from backsym.core.problem import Collection, Problem
    from backsym.documents.content.options import Options
    from backsym.solving.solution import Solution


def process_count(workers: int | None, tasks: Sequence[Task], many: int) -> int:
    """How many processes share the work: as many as there are processors, if there are ``many`` problems."""
    return workers or ((os.cpu_count() or 1) if sum(len(task.problems) for task in tasks) >= many else 1)


@dataclass(frozen=True)
class Task:
    """One input: its name for messages, its stem for outputs, and the problems that it holds."""

    name: str
    stem: str
    collection: Collection | None
    problems: tuple[Problem, ...]


def expanded(files: Sequence[str]) -> list[str]:
    """The inputs, with its problem files in place of a folder; all that is unusable is said at once."""
    from backsym.core.resources import problem_files

    names: list[str] = []
    found: list[Diagnostic] = []
    for name in files:
        try:
            names += problem_files(name)
        except InputError as error:
            found.extend(error.diagnostics)
    if found:
        raise InputError(found)
    return names


def identity(problem: Problem) -> Path | None:
    """What two readings of one problem file have in common."""
    return Path(problem.path).resolve() if problem.path else None


def load_all(files: Sequence[str]) -> list[Task]:
    """Every input; what is wrong with any of them is said before anything is done with one."""
    tasks: list[Task] = []
    found: list[Diagnostic] = []
    for name in files:
        try:
            tasks.append(load(name))
        except InputError as error:
            found.extend(error.diagnostics)
    if found:
        raise InputError(found)
    return tasks


def load(name: str) -> Task:
    from backsym.core.problem import Collection
    from backsym.core.resources import find_problem
    from backsym.reading.files import loader

    path = find_problem(name)
    loaded = loader.load(str(path))
    if isinstance(loaded, Collection):
        return Task(name, path.stem, loaded, tuple(p for section in loaded.sections for p in section.problems))
    if loader.is_document(str(path)):
        click.echo(loader.what_was_read(loaded), err=True)
    else:
        for remark in loaded.remarks:
            click.echo(f"{name}: {remark}", err=True)
    return Task(name, path.stem, None, (loaded,))


def solved(problem: Problem, name: str) -> Solution:
    """The solution, whose derivatives passed the numeric check and whose claims hold; else VerificationError."""
    from backsym.cli.claims import refuted
    from backsym.numeric.claims import false_claims
    from backsym.solving.solution import solve as solve_problem

    try:
        solution = solve_problem(problem)
    except VerificationError as error:
        raise VerificationError(error.node, say("words.in_place", place=name, words=error.words)) from error
    for claim in false_claims(problem, solution.derivations, solution.points):
        raise refuted(claim, problem, solution.derivations, name)
    return solution


def written_files(
    task: Task, solutions: Sequence[Solution], wanted: Sequence[str], options: Options
) -> dict[str, str | bytes]:
    from backsym.documents.writers.render import all_files

    return all_files(task.collection, solutions, wanted, options, f"{task.stem}{options.suffix}")


@dataclass(frozen=True)
class Outcome:
    """What came of a task: output files by name, lines to say and whether on stderr, and the exit status."""

    texts: Mapping[str, str | bytes] = field(default_factory=dict)
    lines: tuple[tuple[str, bool], ...] = ()
    status: int = 0


def failed(error: Exception, task: Task) -> Outcome:
    messages, status = explained(error, task.name, task.problems[0].language if task.problems else ENGLISH)
    return Outcome(lines=tuple((message, True) for message in messages), status=status)


def solve_task(task: Task, wanted: Sequence[str], options: Options, *, summarised: bool) -> Outcome:
    """The documents of a task; an error is told, and does not keep other tasks from being done."""
    from backsym.documents.writers.summary import summary

    try:
        solutions = [solved(problem, task.name) for problem in task.problems]
        texts = written_files(task, solutions, wanted, options)
        lines = [("\n".join(map(summary, solutions)), False)] if summarised else []
        return Outcome(texts, tuple(lines))
    except Exception as error:
        return failed(error, task)


def verify_task(task: Task) -> Outcome:
    """What the numeric check says about the problems of a task."""
    try:
        reports = [_verify(problem, task) for problem in task.problems]
    except Exception as error:
        return failed(error, task)
    lines = [line for report in reports for line in report.lines]
    return Outcome(lines=tuple(lines), status=max(report.status for report in reports))


def _verify(problem: Problem, task: Task) -> Outcome:
    from backsym.cli.claims import refuted
    from backsym.numeric.claims import false_claims
    from backsym.solving.solution import solve as solve_problem

    solution = solve_problem(problem, check=False)
    lines = []
    for node, verification in solution.verified.items():
        error = f"error at most {verification.max_error:.0e}"
        line = f"{task.name}: {node}: {verification.status} ({verification.draws} draws, {error})"
        line += f"; {verification.reason}" if verification.reason is not None else ""
        lines.append((line, verification.status == "failed"))
    lines += [(f"{task.name}: {line.line}: failed (error {line.error:.0e})", True) for line in solution.unproved]
    claims = false_claims(problem, solution.derivations, solution.points)
    lines += [(str(refuted(claim, problem, solution.derivations, task.name)), True) for claim in claims]
    return Outcome(lines=tuple(lines), status=1 if solution.failed or claims else 0)


def tell(outcome: Outcome, *, err: bool = False) -> int:
    """Print what there is to say, all of it on stderr where stdout is for the output itself; the exit status."""
    for line, own in outcome.lines:
        if own or err:
            click.echo(line, err=True)
        else:
            print_line(line)
    return outcome.status


def put(task: Task, texts: Mapping[str, str | bytes], folder: Path) -> None:
    for path in write_all(task, texts, folder):
        print_line(f"wrote {path}")


def write_all(task: Task, texts: Mapping[str, str | bytes], folder: Path) -> list[Path]:
    """Write the documents of a task into a folder; their paths."""
    written = {folder / name: text for name, text in texts.items()}
    for path in written:
        _refuse_own_input(path, task.name)
    write(written)
    return list(written)


def refuse_clashes(files: Sequence[str]) -> None:
    """Two inputs of the same name would overwrite each other's output."""
    seen: dict[str, str] = {}
    for name in files:
        stem = Path(name).stem if name.endswith((".yaml", ".yml")) else Path(name).name
        if stem in seen:
            raise BacksymError(say("cli.same_stem", first=seen[stem], second=name, name=stem))
        seen[stem] = name


def _refuse_own_input(path: Path, name: str) -> None:
    """The solution of notes.md is another notes.md; it must not take its place."""
    if path.exists() and Path(name).exists() and path.samefile(name):
        raise BacksymError(say("cli.own_solution", path=str(path)))

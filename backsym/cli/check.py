"""``backsym check``: verdicts on answers, from the command line, a YAML file, a CSV or a folder.

Exit status: 0 all answers are correct, or all of a class are marked; 1 otherwise; 2 unusable input; 130 interrupted.
Importing this imports nothing but click.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backsym.cli.errors import INTERRUPTED, reported
from backsym.cli.files import is_stream, refuse_inputs, write
from backsym.cli.progress import counted
from backsym.core.choices import ACCEPT, HINTS
from backsym.core.errors import BacksymError, InputError
from backsym.core.words import say

if TYPE_CHECKING:
    from backsym.core.problem import Problem
    from backsym.marking.reporting.gradebook import Identities
    from backsym.marking.reporting.records import Record
    from backsym.marking.reporting.submissions import Submission, Submissions
    from backsym.marking.verdicts import Marker

MANY = 1_000
"""Answers from which on several processes are worth their start."""


@dataclass(frozen=True)
class Request:
    """What is asked for on the command line; ``answers`` or ``target`` and ``answer`` are given."""

    file: str
    answers: Path | None
    target: str | None
    answer: str | None
    form: str
    output: Path | None
    hints: str
    accept: str | None
    summary: Path | None
    workers: int | None
    review: Path | None = None
    diff: Path | None = None
    gradebook: Path | None = None
    gradebook_format: str = "plain"
    student: str | None = None
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def is_class(self) -> bool:
        """Whether the answers are those of a class, which is done when all are marked."""
        path = self.answers
        return path is not None and self.form != "gradescope" and (path.is_dir() or path.suffix.lower() == ".csv")


@click.command()
@click.argument("file", required=False)
@click.argument("answers", required=False, type=click.Path(path_type=Path))
@click.option("--target", help="The quantity whose derivative --answer is: W2, or entries of it, W2[k,j].")
@click.option("--answer", help="One answer, plain or LaTeX, in place of a file of answers.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "gradescope"]), help="The form. [default: table]"
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option(
    "--hints",
    type=click.Choice(HINTS),
    help="How much the feedback gives away. [default: full; of an autograder: gentle]",
)
@click.option("--accept", type=click.Choice(ACCEPT), help="The form asked for. [default: as FILE]")
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write an HTML page with the shares right and the commonest errors.",
)
@click.option("--student", metavar="COLUMN", help="The header of the column of a CSV that names the students.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADER=TARGET",
    help="A column of a CSV, and the target that its answers are to. May be given several times.",
)
@click.option(
    "--review",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A YAML file of what a person has to decide: what is filled in is applied, the rest is written.",
)
@click.option(
    "--diff",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CSV of marks of before: say whose marks change, and why, before anything is written.",
)
@click.option(
    "--gradebook", type=click.Path(dir_okay=False, path_type=Path), help="Also write a CSV with one row a student."
)
@click.option(
    "--gradebook-format",
    type=click.Choice(["plain", "canvas", "moodle"]),
    default="plain",
    show_default=True,
    help="The form in which the gradebook is imported.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that mark a class. [default: by its size]")
@click.option(
    "--autograder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a Gradescope autograder for FILE into this folder, and stop.",
)
@click.option("--syntax", is_flag=True, help="Print what students may write, and stop.")
def check(
    file: str | None, answers: Path | None, target: str | None, answer: str | None, form: str | None, output: Path |
    None, hints: str | None, accept: str | None, summary: Path | None, workers: int | None, autograder: Path | None,
    review: Path | None, diff: Path | None, gradebook: Path | None, gradebook_format: str, student: str | None,
    columns: tuple[str, ...], *, syntax: bool,
) -> None:  # fmt: skip
    """Check students' derivatives against the problem in FILE.

    ANSWERS is a YAML file of one student ({target: answer}), a CSV of a class (a column student, and one for each
    target) or a folder of YAML files named by student.  With --target and --answer no file is needed.  Every answer
    gets a verdict: correct, equivalent_form, follow_through, incorrect, invalid or undetermined.

    With -o, marking that is interrupted goes on where it stopped when the same command is given again.
    """
    if syntax:
        click.echo(syntax_sheet(), nl=False)
        return
    if file is None:
        raise click.UsageError(str(say("cli.no_file")))
    if autograder is not None:
        if answers is not None or target is not None or answer is not None:
            raise click.UsageError(str(say("cli.autograder")))
        with reported():
            write_autograder(file, autograder, hints or "gentle", accept)
        return
    single = target is not None or answer is not None
    if single and (target is None or answer is None):
        raise click.UsageError(str(say("cli.target_and_answer")))
    if single == (answers is not None):
        raise click.UsageError(str(say("cli.answers_or_target")))
    request = Request(
        file, answers, target, answer, form or "table", output, hints or "full", accept, summary, workers,
        review, diff, gradebook, gradebook_format, student, _pairs(columns),
    )  # fmt: skip
    with reported():
        wrong = run(request)
    if wrong and not request.is_class:
        sys.exit(1)


def _pairs(columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The headers and targets of ``HEADER=TARGET``; a header may have an equals sign."""
    found = []
    for text in columns:
        header, sign, target = text.rpartition("=")
        if not sign or not header.strip() or not target.strip():
            raise click.UsageError(str(say("cli.column", text=text)))
        found.append((header, target.strip()))
    return tuple(found)


def run(request: Request) -> int:
    """Check the answers and write the reports; the number of answers that are not correct."""
    from backsym.marking.reporting.difference import changes, told
    from backsym.marking.reporting.gradebook import gradebook
    from backsym.marking.reporting.gradescope import refuse_class
    from backsym.marking.reporting.records import Record
    from backsym.marking.reporting.review import Review, applied, queue, read_review, review_text
    from backsym.marking.verdicts import Marker

    refuse_overwriting(request)
    review = read_review(request.review) if request.review is not None else Review()
    marker = Marker(load_problem(request.file))
    journal: Path | None = None
    identities: Identities = {}
    if request.target is not None and request.answer is not None:
        verdict = marker.mark(request.target, request.answer, accept=request.accept, hints=request.hints)
        records = [Record.of(verdict, None, request.answer)]
    else:
        if request.output is not None and not is_stream(request.output):
            journal = request.output.with_name(f"{request.output.name}.journal")
        given = submissions(marker, request)
        items, identities = given.items, given.identities
        if request.form == "gradescope":
            refuse_class({item.student for item in items})
        records = marked(marker, items, request, journal)
    waiting = queue(review, records)
    records = applied(review, records, marker.problem)
    if request.diff is not None:
        found = changes(request.diff, records, marker.problem.language)
        click.echo(told(found, request.diff, marker.problem.language), err=True, nl=False)
    report(records, marker.problem, request)
    if request.gradebook is not None:
        text = gradebook(records, request.gradebook_format, marker.problem.title, identities)
        write({request.gradebook: text})
        click.echo(f"wrote {request.gradebook}", err=True)
    if request.review is not None:
        write({request.review: review_text(waiting, marker.problem.language)})
        click.echo(f"wrote {request.review}", err=True)
    if request.review is not None or (request.is_class and waiting.open):
        click.echo(f"open decisions: {waiting.open}", err=True)
    if journal is not None:
        journal.unlink(missing_ok=True)
    return sum(record.verdict != "correct" for record in records)


def refuse_overwriting(request: Request) -> None:
    """Raise BacksymError if a report would be written over the problem, the answers, or another report."""
    written = (request.output, request.summary, request.gradebook, request.review)
    outputs = [path for path in written if path is not None]
    inputs = [Path(request.file)]
    if request.answers is not None:
        inputs += sorted(request.answers.iterdir()) if request.answers.is_dir() else [request.answers]
    refuse_inputs(outputs, inputs)


def syntax_sheet() -> str:
    """What students may write, on one page."""
    from backsym.core.bundled import resource

    return resource("templates", "en", "answers.txt").read_text(encoding="utf-8")


def load_problem(name: str) -> Problem:
    """The problem of a file or of a bundled name; raises BacksymError for a collection."""
    from backsym.core.problem import Collection
    from backsym.core.resources import find_problem
    from backsym.reading.files.loader import load

    loaded = load(str(find_problem(name)))
    if isinstance(loaded, Collection):
        raise BacksymError(say("cli.collection", name=name))
    return loaded


# --- in --------------------------------------------------------------------------------------------------------------


def submissions(marker: Marker, request: Request) -> Submissions:
    """The answers; for Gradescope a folder is one student's, and one that is unusable gets its results all the same."""
    from backsym.marking.answers.model import quantity_named
    from backsym.marking.judging.accept import asked_quantities
    from backsym.marking.reporting.autograder import submitted
    from backsym.marking.reporting.columns import Wanted
    from backsym.marking.reporting.gradescope import unusable_gradescope
    from backsym.marking.reporting.submissions import placed, read_submissions
    from backsym.reading.meaning.scope import suggest

    path = request.answers
    assert path is not None, "the options were checked"
    try:
        file = submitted(path) if request.form == "gradescope" and path.is_dir() else path
        asked = asked_quantities(marker.problem)
        names = tuple(dict.fromkeys((*marker.problem.symbols, *asked)))
        wanted = Wanted(request.student, dict(request.columns))
        found = read_submissions(file, names, asked, wanted)
    except BacksymError as error:
        if request.form == "gradescope" and request.output is not None:
            message = "; ".join(map(placed, error.diagnostics)) if isinstance(error, InputError) else str(error)
            write({request.output: unusable_gradescope(marker.problem, message)})
        if isinstance(error, InputError):
            raise error.spoken(marker.problem.language) from error
        raise
    if found.ignored:
        symbols = list(marker.problem.symbols)
        near = [hint for column in found.ignored if (hint := suggest(quantity_named(column), symbols))]
        click.echo(f"{path}: no targets, ignored: {', '.join(found.ignored)}", err=True)
        for hint in dict.fromkeys(near):
            click.echo(f"  {hint}", err=True)
    columns = found.columns
    for header, what in columns.guessed if columns is not None else ():
        click.echo(f"{path}: the column {header} is taken for {what}", err=True)
    if columns is not None and columns.repeated:
        click.echo(f"{path}: several columns for {', '.join(columns.repeated)}; the first counts", err=True)
    for diagnostic in found.troubles:
        click.echo(diagnostic.render(marker.problem.language), err=True)
    if found.repeated:
        names_of = ", ".join(found.repeated)
        click.echo(f"{path}: these students stand more than once: {names_of}; the last time counts", err=True)
    if found.nameless:
        click.echo(f"{path}: answers without the name of a student: {found.nameless}", err=True)
    return found


def marked(marker: Marker, items: Sequence[Submission], request: Request, journal: Path | None) -> list[Record]:
    """The verdicts on all answers, student by student, each student's in the order of the file."""
    from backsym.marking.reporting.classes import check_class

    workers = request.workers
    if workers is None:
        workers = (os.cpu_count() or 1) if sum(len(item.answers) for item in items) >= MANY else 1
    done = 0

    def step(now: int, total: int) -> None:
        nonlocal done
        done = now
        moved(now)

    try:
        with counted(len(items), "marking") as moved:
            return check_class(
                marker, items, workers=workers, journal=journal, accept=request.accept, hints=request.hints,
                progress=step,
            )  # fmt: skip
    except KeyboardInterrupt:
        click.echo(f"\ninterrupted: {done} of {len(items)} students are marked", err=True)
        if journal is not None:
            click.echo("the same command goes on where this stopped", err=True)
        sys.exit(INTERRUPTED)


# --- out -------------------------------------------------------------------------------------------------------------


def report(records: Sequence[Record], problem: Problem, request: Request) -> None:
    """The report, and for a class its summary; what goes to stdout is never mixed with data."""
    from backsym.marking.reporting.summary import summarise, summary_table

    text = written(records, problem, request.form)
    if request.output is None:
        click.echo(text, nl=False)
    else:
        write({request.output: text})
        click.echo(f"wrote {request.output}", err=True)
    summary = summarise(records)
    if request.summary is not None:
        from backsym.marking.reporting.class_page import class_page

        write({request.summary: class_page(summary, problem.title, problem.language)})
        click.echo(f"wrote {request.summary}", err=True)
    if summary.students > 1 and (request.output is not None or request.form == "table"):
        click.echo(("" if request.output is not None else "\n") + summary_table(summary, problem.language), nl=False)


def written(records: Sequence[Record], problem: Problem, form: str) -> str:
    from backsym.marking.reporting.gradescope import as_gradescope
    from backsym.marking.reporting.reports import as_csv, as_json, as_table

    if form == "gradescope":
        return as_gradescope(problem, records)
    return {"table": as_table, "json": as_json, "csv": as_csv}[form](records)


def write_autograder(name: str, folder: Path, hints: str, accept: str | None) -> None:
    """Write the folder, whose scripts can be run; files in it that are not ours are left alone."""
    from backsym.core.resources import find_problem
    from backsym.marking.reporting.autograder import autograder_files

    options = ("--hints", hints, *(("--accept", accept) if accept is not None else ()))
    file = find_problem(name)
    files = {folder / path: text for path, text in autograder_files(load_problem(name), file, options).items()}
    # In the folder of the problem itself, it may have its name in the autograder already.
    write({path: text for path, (text, _) in files.items() if not (path.exists() and path.samefile(file))})
    for path in (path for path, (_, runs) in files.items() if runs):
        path.chmod(path.stat().st_mode | 0o111)
    click.echo(f"wrote {folder}", err=True)

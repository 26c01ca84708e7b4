"""``backsym check``: verdicts on answers, from the command line, a YAML file, a CSV or a folder.

Exit status: 0 all answers are correct; 1 otherwise; 2 unusable input.  Importing this imports nothing but click.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backsym.cli_errors import reported
from backsym.errors import BacksymError

if TYPE_CHECKING:
    from backsym.marking.submissions import Submission
    from backsym.marking.verdicts import Marker, Verdict
    from backsym.problem import Problem


@click.command()
@click.argument("file", required=False)
@click.argument("answers", required=False, type=click.Path(path_type=Path))
@click.option("--target", help="The quantity whose derivative --answer is: W2, or entries of it, W2[k,j].")
@click.option("--answer", help="One answer, plain or LaTeX, in place of a file of answers.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), help="The form. [default: table]")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option(
    "--hints", type=click.Choice(["none", "gentle", "full"]), default="full", show_default=True,
    help="How much the feedback gives away.",
)
@click.option(
    "--accept", type=click.Choice(["any", "by_name", "simplified"]), help="The form asked for. [default: as FILE]"
)
@click.option("--syntax", is_flag=True, help="Print what students may write, and stop.")
def check(
    file: str | None, answers: Path | None, target: str | None, answer: str | None, form: str | None,
    output: Path | None, hints: str, accept: str | None, syntax: bool,
) -> None:  # fmt: skip
    """Check students' derivatives against the problem in FILE.

    ANSWERS is a YAML file of one student ({target: answer}), a CSV of a class (a column student, and one for each
    target) or a folder of YAML files named by student.  With --target and --answer no file is needed.  Every answer
    gets a verdict: correct, equivalent_form, follow_through, incorrect, invalid or undetermined.
    """
    if syntax:
        click.echo(syntax_sheet(), nl=False)
        return
    if file is None:
        raise click.UsageError("FILE is missing: the problem that the answers belong to.")
    single = target is not None or answer is not None
    if single and (target is None or answer is None):
        raise click.UsageError("--target and --answer belong together.")
    if single == (answers is not None):
        raise click.UsageError("Give either ANSWERS or --target and --answer.")
    with reported():
        wrong = run(file, answers, target, answer, form or "table", output, hints, accept)
    if wrong:
        sys.exit(1)


def run(
    file: str, answers: Path | None, target: str | None, answer: str | None, form: str, output: Path | None,
    hints: str, accept: str | None,
) -> int:  # fmt: skip
    """Check the answers and write the report; the number of answers that are not correct."""
    from backsym.marking.verdicts import Marker

    marker = Marker(load_problem(file))
    if target is not None and answer is not None:
        verdicts = [marker.mark(target, answer, accept=accept, hints=hints)]
    else:
        assert answers is not None, "the options were checked"
        verdicts = list(marked(marker, submissions(marker, answers), accept, hints))
    text = written(verdicts, form)
    if output is None:
        click.echo(text, nl=False)
    else:
        write(output, text)
        click.echo(f"wrote {output}", err=True)
    return sum(v.verdict != "correct" for v in verdicts)


def syntax_sheet() -> str:
    """What students may write, on one page."""
    from backsym.resources import resource

    return resource("templates", "en", "answers.txt").read_text(encoding="utf-8")


def load_problem(name: str) -> Problem:
    """The problem of a file or of a bundled name; raises BacksymError for a collection."""
    from backsym.problem import Collection
    from backsym.reading.loader import load
    from backsym.resources import find_problem

    loaded = load(str(find_problem(name)))
    if isinstance(loaded, Collection):
        raise BacksymError(f"{name} is a collection: check the answers to its problems one at a time")
    return loaded


def submissions(marker: Marker, path: Path) -> Iterable[Submission]:
    from backsym.marking.submissions import read_submissions

    found = read_submissions(path, tuple(marker.problem.symbols))
    if found.ignored:
        click.echo(f"{path}: no targets, ignored: {', '.join(found.ignored)}", err=True)
    return found.items


def marked(marker: Marker, items: Iterable[Submission], accept: str | None, hints: str) -> Iterator[Verdict]:
    """The verdicts on all answers, student by student, each answer's in the order of its file."""
    for item in items:
        for verdict in marker.mark_all(item.answers, accept=accept, hints=hints, strict=False):
            yield replace(verdict, student=item.student)
        if item.troubles:
            yield replace(marker.unusable(item.troubles[0]), student=item.student)


def written(verdicts: list[Verdict], form: str) -> str:
    from backsym.marking.reports import as_csv, as_json, as_table

    return {"table": as_table, "json": as_json, "csv": as_csv}[form](verdicts)


def write(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".backsym-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)

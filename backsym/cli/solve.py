"""``backsym solve``: the worked solutions, question sheets and keys of problem files."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.cli.options import FormType, workers_option
from backsym.cli.progress import print_line, progress
from backsym.cli.tasks import expanded, load_all, process_count, put, refuse_clashes, solve_task, tell
from backsym.core.choices import DETAIL, ENGINES
from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.documents.writers.languages import forms, templated
from backsym.solving.processes import mapped

DEFAULT_FORMATS = ("md", "tex")

FEW = 3
"""Problems whose results a terminal shows without being asked to."""

MANY = 12
"""Problems that are worth the start of several processes."""


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", "form", type=FormType("all"), help="One output form. [default: md and tex]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder to write to. [default: output]")
@click.option("--questions", is_flag=True, help="The question sheet, without any answer.")
@click.option(
    "--space", type=click.FloatRange(0, 25), default=0.0, metavar="CM",
    help="Space for each answer on a question sheet, in centimetres.",
)  # fmt: skip
@click.option("--key", is_flag=True, help="The answer key: results without steps.")
@click.option(
    "--detail",
    type=click.Choice(DETAIL),
    default="full",
    help="concise keeps results and what is hard; brief is another name.",
)
@click.option("--fragment", is_flag=True, help="A .tex file without preamble, to be \\input into one's own document.")
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of one's own templates, which go before the bundled ones.",
)
@click.option(
    "--engine", type=click.Choice(ENGINES), default="typst", show_default=True,
    help="What makes a PDF: Typst, which is built in, or one's own pdflatex.",
)  # fmt: skip
@click.option(
    "--summary/--no-summary", default=None,
    help="Print the results in Unicode, too. [default: for a few problems, on a terminal]",
)  # fmt: skip
@click.option("--no-colour", "colour", flag_value=False, default=True, help="Formulas in black, for print.")
@workers_option
def solve(
    files: tuple[str, ...],
    form: str | None,
    output: Path | None,
    space: float,
    detail: str,
    templates: Path | None,
    engine: str,
    workers: int | None,
    *,
    questions: bool,
    colour: bool,
    key: bool,
    fragment: bool,
    summary: bool | None,
) -> None:
    """Write the worked solution of each FILE; of a folder, of every problem file and collection in it.

    With --format json and no -o, the JSON is printed instead.
    """
    from backsym.documents.content.options import Options
    from backsym.documents.writers.templating import check_templates

    if questions and key:
        raise click.UsageError(str(say("cli.questions_and_key")))
    if space and not questions:
        raise click.UsageError(str(say("cli.space")))
    version = "questions" if questions else "key" if key else "solution"
    options = Options(version, detail, fragment, templates, engine, space, colour)
    with reported():
        if output is not None and output.is_file():
            raise BacksymError(say("cli.no_folder", path=str(output)))
        if templates is not None:
            check_templates(templates, templated())
        wanted = forms() if form == "all" else (form,) if form else DEFAULT_FORMATS
        printed = form == "json" and output is None
        names = expanded(files)
        if not printed:
            refuse_clashes(names)
        tasks = load_all(names)
        if summary is None:
            summary = version == "solution" and sum(len(task.problems) for task in tasks) <= FEW and sys.stdout.isatty()
        work = partial(solve_task, wanted=tuple(wanted), options=options, summarised=summary)
        worst = 0
        number = process_count(workers, tasks, MANY)
        with mapped(work, tasks, number) as outcomes, progress(tasks, "solving") as rest:
            for task, outcome in zip(rest, outcomes, strict=True):
                worst = max(worst, tell(outcome, err=printed))
                if printed:
                    print_line("".join(map(str, outcome.texts.values())).removesuffix("\n"))
                elif outcome.texts:
                    put(task, outcome.texts, output or Path("output"))
    sys.exit(worst)

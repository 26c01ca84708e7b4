"""``backsym watch``: the solution of a file, written anew at each save."""

from __future__ import annotations

from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.cli.options import FormType
from backsym.cli.tasks import load, solved, write_all, written_files


@click.command()
@click.argument("file")
@click.option("--format", "form", type=FormType(), default="html", show_default=True, help="The form of output.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("output"), show_default=True,
    help="The folder to write to.",
)  # fmt: skip
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of one's own templates, which go before the bundled ones.",
)
def watch(file: str, form: str, output: Path, templates: Path | None) -> None:
    """Write the solution of FILE, and write it anew whenever FILE is saved; Ctrl-C ends it.

    What is wrong with FILE is printed, and the last good output stays.
    """
    from backsym.cli.watching import watch as watch_files
    from backsym.documents.content.options import Options

    options = Options(templates=templates)

    def renew() -> list[Path]:
        with reported():
            task = load(file)
            texts = written_files(task, [solved(problem, task.name) for problem in task.problems], (form,), options)
            click.echo(f"wrote {write_all(task, texts, output)[0]}")
        return [Path(problem.path) for problem in task.problems if problem.path]

    with reported():
        from backsym.core.resources import find_problem

        own = sorted(templates.rglob("*.jinja")) if templates else []
        watch_files([find_problem(file), *own], renew)

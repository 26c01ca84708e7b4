"""``backsym quiz``: multiple choice about the derivatives of a problem.

Importing this imports nothing but click.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backsym.cli.errors import reported
from backsym.cli.files import refuse_inputs, write
from backsym.core.errors import BacksymError
from backsym.core.words import say

if TYPE_CHECKING:
    from backsym.quiz.questions import Quiz

FORMATS = ("moodle", "qti", "gift", "pdf")


@click.command()
@click.argument("file")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="moodle", show_default=True,
    help="Moodle XML; QTI 1.2, as Canvas imports it; GIFT; a sheet and its key.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same choices.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("output"), show_default=True,
    help="The folder to write to.",
)  # fmt: skip
def quiz(file: str, form: str, seed: int, output: Path) -> None:
    """Write multiple choice questions about the derivatives in FILE, a problem or a collection.

    Each question has the right form and three or four wrong ones. Each wrong one is a slip that people make, proved
    wrong by its values, and comes with what a marker says about it.
    """
    with reported():
        from backsym.cli.tasks import load, solved
        from backsym.quiz.questions import quiz_of

        task = load(file)
        quizzes = [quiz_of(solved(problem, file), seed) for problem in task.problems]
        for one in quizzes:
            if one.left_out:
                names = ", ".join(one.left_out)
                click.echo(f"{file}: left out, because too few slips of the same form are wrong: {names}", err=True)
        if not any(one.questions for one in quizzes):
            raise BacksymError(say("cli.no_question", name=file))
        problems = [one.voice.problem for one in quizzes]
        title = task.collection.title if task.collection is not None else problems[0].title
        texts = {output / name: data for name, data in written(title, task.stem, quizzes, form).items()}
        refuse_inputs(texts, [Path(file)])
        write(texts)
        count = sum(len(one.questions) for one in quizzes)
        for path in texts:
            click.echo(f"wrote {path}")
        click.echo(f"{count} question{'' if count == 1 else 's'}")


def written(title: str, stem: str, quizzes: Sequence[Quiz], form: str) -> dict[str, str | bytes]:
    """The files of a quiz in one format, by their names."""
    quizzes = [one for one in quizzes if one.questions]
    if form == "moodle":
        from backsym.quiz.moodle import moodle_xml

        return {f"{stem}-quiz.xml": moodle_xml(title, quizzes)}
    if form == "gift":
        from backsym.quiz.moodle import gift

        return {f"{stem}-quiz.gift": gift(title, quizzes)}
    if form == "qti":
        from backsym.quiz.qti import qti_zip

        return {f"{stem}-quiz.zip": qti_zip(title, quizzes)}
    from backsym.quiz.sheets import sheet_pdf

    return {f"{stem}-quiz.pdf": sheet_pdf(title, quizzes), f"{stem}-quiz-key.pdf": sheet_pdf(title, quizzes, key=True)}

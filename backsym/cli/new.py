"""``backsym new`` and ``backsym list``: a problem file to begin with, and the bundled ones to look at.

Importing this imports nothing but click.
"""

from __future__ import annotations

from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.core.errors import BacksymError
from backsym.core.words import say

ENDING = ".yaml"


@click.command()
@click.argument("name")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the solution. [default: output]",
)  # fmt: skip
@click.option(
    "--from",
    "note",
    type=click.Path(dir_okay=False),
    help="The lecture note whose problem the file is to hold.",
)
@click.pass_context
def new(ctx: click.Context, name: str, output: Path | None, note: str | None) -> None:
    """Write NAME.yaml, a commented problem to change, and solve it; of a note, the problem that it means."""
    with reported():
        path = write_new(name, template(name) if note is None else of_note(note))
    click.echo(f"wrote {path}")
    group = ctx.parent.command if ctx.parent is not None else None
    assert isinstance(group, click.Group), "the command belongs to a group"
    solve = group.get_command(ctx, "solve")  # Which is imported now.
    assert solve is not None, "the group has this command"
    ctx.invoke(solve, files=(str(path),), output=output)


@click.command(name="list")
def list_problems() -> None:
    """List the bundled problems, which can be named without a path, with their titles."""
    with reported():
        for line in listed():
            click.echo(line)


def template(name: str) -> str:
    """The text of the commented problem with this name for its title."""
    from backsym.core.bundled import resource
    from backsym.text.mathtext import literal

    words = _words(_path(name))
    title = literal(words[:1].upper() + words[1:]).replace("'", "''")
    text = resource("templates", "en", "problem.yaml").read_text(encoding="utf-8")
    return text.replace("<<title>>", f"'{title}'")


def of_note(note: str) -> str:
    """The problem that a lecture note means as the text of a problem file; raises BacksymError, InputError."""
    from backsym.api.problem_file import problem_file
    from backsym.core.problem import Problem
    from backsym.reading.files.loader import is_document, load

    if not is_document(note):
        raise BacksymError(say("cli.no_note", name=note))
    problem = load(note)
    assert isinstance(problem, Problem), "a note is one problem"
    return problem_file(problem, Path(note).name)


def write_new(name: str, text: str) -> Path:
    """The text as a new file of this name; raises BacksymError if there is one, or if it cannot be written."""
    path = _path(name)
    # A name with a dot in front is a hidden file; the other characters are not allowed in names on every system.
    if not _words(path) or path.name.startswith(".") or any(c in '<>:"|?*\\' or not c.isprintable() for c in path.name):
        raise BacksymError(say("cli.no_problem_name", name=name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BacksymError(say("cli.file_in_the_way", path=str(path))) from None
    except OSError as error:
        raise BacksymError(say("cli.not_written", path=str(path), error=str(error.strerror or error))) from error
    return path


def _path(name: str) -> Path:
    return Path(name if name.endswith((".yaml", ".yml")) else name + ENDING)


def _words(path: Path) -> str:
    """The name of a file as words."""
    return " ".join(path.stem.replace("_", " ").replace("-", " ").split())


def listed() -> list[str]:
    """Name and title of each bundled problem, by folders."""
    from backsym.core.resources import bundled_problems

    problems = bundled_problems()
    width = max(map(len, problems), default=0)
    lines: list[str] = []
    folder = None
    for name, path in sorted(problems.items(), key=lambda item: (item[1].parent.name, item[0])):
        if path.parent.name != folder:
            lines += [""] if lines else []
            folder = path.parent.name
            lines.append(f"{folder}:")
        lines.append(f"  {name:<{width}}  {title_of(path)}")
    return lines


def title_of(path: Path) -> str:
    """The title in a file, without reading its equations; the name of a file without one."""
    from backsym.reading.files.yamlfile import Scalar, Table, read_file

    tree, _ = read_file(str(path))
    for key, value in tree.entries if isinstance(tree, Table) else ():
        if key.text == "title" and isinstance(value, Scalar):
            return value.text.strip()
    return path.stem

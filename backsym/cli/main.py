"""The command line.  ``--help`` imports nothing but click: every command imports what it needs when it runs.

Exit status: 0 done; 1 a verification or a ``show`` claim failed; 2 unusable input.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backsym.cli.check import check
from backsym.cli.code import code
from backsym.cli.errors import explained
from backsym.cli.errors import reported as _reported
from backsym.cli.files import refuse_inputs, write
from backsym.cli.new import list_problems, new
from backsym.cli.progress import progress, say
from backsym.cli.variants import variants
from backsym.core.errors import BacksymError, Diagnostic, InputError, VerificationError
from backsym.core.processes import mapped
from backsym.documents.writers.languages import forms
from backsym.version import __version__

if TYPE_CHECKING:
    from backsym.core.problem import Collection, Problem
    from backsym.documents.content.options import Options
    from backsym.solving.solution import Solution

DEFAULT_FORMATS = ("md", "tex")

FEW = 3
"""Problems whose results a terminal shows without being asked to."""

MANY_TO_SOLVE, MANY_TO_VERIFY = 12, 100
"""Problems that are worth the start of several processes."""

if TYPE_CHECKING:  # The class takes the type of its values since click 8.5, and no type before.
    _TextType = click.ParamType[str]
else:
    _TextType = click.ParamType


class _Form(_TextType):
    """A form of output, as the table of languages has it."""

    name = "form"

    def __init__(self, *others: str):
        self.others = others

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return f"[{'|'.join((*forms(), *self.others))}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in (*forms(), *self.others):
            self.fail(f"{value!r} is not one of {', '.join((*forms(), *self.others))}.", param, ctx)
        return value


_workers = click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that share the files. [default: by their number]"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Derive backpropagation for small networks and print the worked solution.

    FILE is a problem file or a collection (YAML), a note with LaTeX equations (.md, .tex), or the bare name of a
    bundled problem; for solve and verify also a folder of problem files.
    """


for _command in (check, code, new, list_problems, variants):
    main.add_command(_command)


@main.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", "form", type=_Form("all"), help="One output form. [default: md and tex]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder to write to. [default: output]")
@click.option("--questions", is_flag=True, help="The question sheet, without any answer.")
@click.option("--key", is_flag=True, help="The answer key: results without steps.")
@click.option("--detail", type=click.Choice(["full", "brief"]), default="full", help="brief leaves out substeps.")
@click.option("--fragment", is_flag=True, help="A .tex file without preamble, to be \\input into one's own document.")
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of one's own templates, which go before the bundled ones.",
)
@click.option(
    "--engine", type=click.Choice(["typst", "latex"]), default="typst", show_default=True,
    help="What makes a PDF: Typst, which is built in, or one's own pdflatex.",
)  # fmt: skip
@click.option(
    "--summary/--no-summary", default=None,
    help="Print the results in Unicode, too. [default: for a few problems, on a terminal]",
)  # fmt: skip
@_workers
def solve(
    files: tuple[str, ...],
    form: str | None,
    output: Path | None,
    questions: bool,
    key: bool,
    detail: str,
    fragment: bool,
    templates: Path | None,
    engine: str,
    summary: bool | None,
    workers: int | None,
) -> None:
    """Write the worked solution of each FILE; of a folder, of every problem file and collection in it.

    With --format json and no -o, the JSON is printed instead.
    """
    from backsym.documents.content.options import Options
    from backsym.documents.writers.templating import check_templates

    if questions and key:
        raise click.UsageError("--questions and --key are two documents; give one of them at a time")
    version = "questions" if questions else "key" if key else "solution"
    options = Options(version, detail, fragment, templates, engine)
    with _reported():
        if output is not None and output.is_file():
            raise BacksymError(f"{output}: this is a file; -o names a folder")
        if templates is not None:
            check_templates(templates, forms())
        wanted = forms() if form == "all" else (form,) if form else DEFAULT_FORMATS
        printed = form == "json" and output is None
        names = _expanded(files)
        if not printed:
            _refuse_clashes(names)
        tasks = _load_all(names)
        if summary is None:
            summary = version == "solution" and sum(len(task.problems) for task in tasks) <= FEW and sys.stdout.isatty()
        work = partial(_outcome, wanted=tuple(wanted), options=options, summarised=summary)
        worst = 0
        number = _number(workers, tasks, MANY_TO_SOLVE)
        with mapped(work, tasks, number) as outcomes, progress(tasks, "solving") as rest:
            for task, outcome in zip(rest, outcomes, strict=True):
                worst = max(worst, _tell(outcome, err=printed))
                if printed:
                    say("".join(map(str, outcome.texts.values())).removesuffix("\n"))
                elif outcome.texts:
                    _put(task, outcome.texts, output or Path("output"))
    sys.exit(worst)


@main.command()
@click.argument("file")
@click.option("--format", "form", type=_Form(), default="html", show_default=True, help="The form of output.")
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
    from backsym.cli.watch import watch as watch_files
    from backsym.documents.content.options import Options

    options = Options(templates=templates)

    def renew() -> list[Path]:
        with _reported():
            task = _load(file)
            texts = _files(task, [_solved(problem, task.name) for problem in task.problems], (form,), options)
            click.echo(f"wrote {_write_all(task, texts, output)[0]}")
        return [Path(problem.path) for problem in task.problems if problem.path]

    with _reported():
        from backsym.core.resources import find_problem

        own = sorted(templates.rglob("*.jinja")) if templates else []
        watch_files([find_problem(file), *own], renew)


@main.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@_workers
def verify(files: tuple[str, ...], workers: int | None) -> None:
    """Check every derivative of each FILE numerically; exit 1, naming the node, if one fails.

    A folder stands for the problem files in it.  A problem that is given by itself is not checked again as a member of
    a collection.
    """
    worst = 0
    with _reported():
        tasks = _load_all(_expanded(files))
        alone = {_identity(problem) for task in tasks if task.collection is None for problem in task.problems}
        left = [
            replace(task, problems=(problem,))
            for task in tasks
            for problem in task.problems
            if task.collection is None or _identity(problem) not in alone
        ]
        number = _number(workers, left, MANY_TO_VERIFY)
        with mapped(_checked, left, number) as outcomes, progress(left, "verifying") as rest:
            for _, outcome in zip(rest, outcomes, strict=True):
                worst = max(worst, _tell(outcome))
    sys.exit(worst)


@main.command()
@click.argument("file")
@click.option("--format", "form", type=click.Choice(["svg", "tikz", "dot", "mermaid"]), help="The form. [default: svg]")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option(
    "--kind", type=click.Choice(["vectorized", "scalar", "network"]), help="What is drawn. [default: as FILE asks]"
)
@click.option(
    "--derivatives", type=click.Choice(["none", "edges", "nodes"]), default="none", show_default=True,
    help="Local derivatives on the edges, or derivatives of the loss at the nodes.",
)  # fmt: skip
def graph(file: str, form: str | None, output: Path | None, kind: str | None, derivatives: str) -> None:
    """Draw the computation graph of FILE, or its network of units.

    Without -o the drawing is printed; with it, the form follows the file's ending if --format does not say.
    """
    with _reported():
        from backsym.documents.content.figures import picture
        from backsym.documents.content.quantities import check_spellings
        from backsym.documents.content.sentences import Voice

        task = _load(file)
        if task.collection is not None:
            raise BacksymError(f"{file} is a collection: draw its problems one at a time")
        problem = task.problems[0]
        check_spellings(problem)
        asked = next((part.option for part in problem.parts if part.kind == "graph"), None)
        endings = {".svg": "svg", ".tex": "tikz", ".tikz": "tikz", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid"}
        if form is None and output is not None and output.suffix.lower() not in endings:
            known = ", ".join(endings)
            raise BacksymError(f"{output}: no form of drawing has this ending; give --format, or one of {known}")
        form = form or (endings[output.suffix.lower()] if output else "svg")
        drawn = picture(Voice.of(problem), kind or asked or problem.figure or "vectorized", derivatives).drawn
        text = drawn.written(form)
        if form in ("svg", "tikz") and drawn.unlabelled:
            click.echo(f"{file}: {len(drawn.unlabelled)} edges are too close together for their labels", err=True)
        if output is None:
            click.echo(text, nl=False)
            return
        refuse_inputs([output], [Path(file)])
        write({output: text})
        click.echo(f"wrote {output}")


@main.command()
def schema() -> None:
    """Print the JSON Schema of problem files and collections, for editors."""
    from backsym.reading.files.schema import schema_text

    with _reported():
        click.echo(schema_text(), nl=False)


def _number(workers: int | None, tasks: Sequence[_Task], many: int) -> int:
    """How many processes share the work: as many as there are processors, if there are ``many`` problems."""
    return workers or ((os.cpu_count() or 1) if sum(len(task.problems) for task in tasks) >= many else 1)


@dataclass(frozen=True)
class _Task:
    """One input: its name for messages, its stem for outputs, and the problems that it holds."""

    name: str
    stem: str
    collection: Collection | None
    problems: tuple[Problem, ...]


def _expanded(files: Sequence[str]) -> list[str]:
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


def _identity(problem: Problem) -> Path | None:
    """What two readings of one problem file have in common."""
    return Path(problem.path).resolve() if problem.path else None


def _load_all(files: Sequence[str]) -> list[_Task]:
    """Every input; what is wrong with any of them is said before anything is done with one."""
    tasks: list[_Task] = []
    found: list[Diagnostic] = []
    for name in files:
        try:
            tasks.append(_load(name))
        except InputError as error:
            found.extend(error.diagnostics)
    if found:
        raise InputError(found)
    return tasks


def _load(name: str) -> _Task:
    from backsym.core.problem import Collection
    from backsym.core.resources import find_problem
    from backsym.reading.files.loader import is_document, load, what_was_read

    path = find_problem(name)
    loaded = load(str(path))
    if isinstance(loaded, Collection):
        return _Task(name, path.stem, loaded, tuple(p for section in loaded.sections for p in section.problems))
    if is_document(str(path)):
        click.echo(what_was_read(loaded), err=True)
    else:
        for remark in loaded.remarks:
            click.echo(f"{name}: {remark}", err=True)
    return _Task(name, path.stem, None, (loaded,))


def _solved(problem: Problem, name: str) -> Solution:
    """The solution, whose derivatives passed the numeric check and whose claims hold; else VerificationError."""
    from backsym.cli.claims import refuted
    from backsym.numeric.claims import false_claims
    from backsym.solving.solution import solve as solve_problem

    try:
        solution = solve_problem(problem)
    except VerificationError as error:
        raise VerificationError(error.node, f"{name}: {error}") from error
    for claim in false_claims(problem, solution.derivations):
        raise refuted(claim, problem, solution.derivations, name)
    return solution


def _files(
    task: _Task, solutions: Sequence[Solution], wanted: Sequence[str], options: Options
) -> dict[str, str | bytes]:
    from backsym.documents.writers.render import all_files

    return all_files(task.collection, solutions, wanted, options, f"{task.stem}{options.suffix}")


@dataclass(frozen=True)
class _Outcome:
    """What came of a task: output files by name, lines to say and whether on stderr, and the exit status."""

    texts: Mapping[str, str | bytes] = field(default_factory=dict)
    lines: tuple[tuple[str, bool], ...] = ()
    status: int = 0


def _failed(error: Exception, task: _Task) -> _Outcome:
    messages, status = explained(error, task.name)
    return _Outcome(lines=tuple((message, True) for message in messages), status=status)


def _outcome(task: _Task, wanted: Sequence[str], options: Options, summarised: bool) -> _Outcome:
    """The documents of a task; an error is told, and does not keep other tasks from being done."""
    from backsym.documents.writers.summary import summary

    try:
        solutions = [_solved(problem, task.name) for problem in task.problems]
        texts = _files(task, solutions, wanted, options)
        lines = [("\n".join(map(summary, solutions)), False)] if summarised else []
        return _Outcome(texts, tuple(lines))
    except Exception as error:
        return _failed(error, task)


def _checked(task: _Task) -> _Outcome:
    """What the numeric check says about the problems of a task."""
    try:
        reports = [_verify(problem, task) for problem in task.problems]
    except Exception as error:
        return _failed(error, task)
    lines = [line for report in reports for line in report.lines]
    return _Outcome(lines=tuple(lines), status=max(report.status for report in reports))


def _verify(problem: Problem, task: _Task) -> _Outcome:
    from backsym.cli.claims import refuted
    from backsym.numeric.claims import false_claims
    from backsym.solving.solution import solve as solve_problem

    solution = solve_problem(problem, check=False)
    lines = []
    for node, verification in solution.verified.items():
        error = f"error at most {verification.max_error:.0e}"
        line = f"{task.name}: {node}: {verification.status} ({verification.draws} draws, {error})"
        lines.append((line, verification.status == "failed"))
    claims = false_claims(problem, solution.derivations)
    lines += [(str(refuted(claim, problem, solution.derivations, task.name)), True) for claim in claims]
    return _Outcome(lines=tuple(lines), status=1 if solution.failed or claims else 0)


def _tell(outcome: _Outcome, err: bool = False) -> int:
    """Print what there is to say, all of it on stderr where stdout is for the output itself; the exit status."""
    for line, own in outcome.lines:
        if own or err:
            click.echo(line, err=True)
        else:
            say(line)
    return outcome.status


def _put(task: _Task, texts: Mapping[str, str | bytes], folder: Path) -> None:
    for path in _write_all(task, texts, folder):
        say(f"wrote {path}")


def _write_all(task: _Task, texts: Mapping[str, str | bytes], folder: Path) -> list[Path]:
    """Write the documents of a task into a folder; their paths."""
    written = {folder / name: text for name, text in texts.items()}
    for path in written:
        _refuse_own_input(path, task.name)
    write(written)
    return list(written)


def _refuse_clashes(files: Sequence[str]) -> None:
    """Two inputs of the same name would overwrite each other's output."""
    seen: dict[str, str] = {}
    for name in files:
        stem = Path(name).stem if name.endswith((".yaml", ".yml")) else Path(name).name
        if stem in seen:
            raise BacksymError(f"{seen[stem]} and {name} would both be written to {stem}; solve them one at a time")
        seen[stem] = name


def _refuse_own_input(path: Path, name: str) -> None:
    """The solution of notes.md is another notes.md; it must not take its place."""
    if path.exists() and Path(name).exists() and path.samefile(name):
        raise BacksymError(f"{path} would be overwritten by its own solution; name another folder with -o")

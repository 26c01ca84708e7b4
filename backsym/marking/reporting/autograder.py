"""A folder that Gradescope takes as an autograder: its two scripts, the problem, and a form for the students.

The scripts stand in ``templates/gradescope``; where Gradescope has ``/autograder``, the variable ``AUTOGRADER_ROOT``
names another folder.  Knows files; must not know how answers are marked.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from backsym.core.bundled import resource
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.marking.judging.accept import asked_quantities
from backsym.version import __version__

FORM = "answers.yaml"
"""The file that students fill in and submit."""


def autograder_files(problem: Problem, file: Path, options: tuple[str, ...] = ()) -> dict[str, tuple[str, bool]]:
    """The files of the folder by name: their text, and whether they are run.

    ``file`` is the problem's; ``options`` are further ones of ``backsym check``.  Raises BacksymError for a problem
    that asks for no derivative, since every submission would have the full score of 0.
    """
    asked = asked_quantities(problem)
    if not asked:
        raise BacksymError(say("classes.nothing_asked", file=file.name, loss=problem.loss))
    name = f"problem{file.suffix}"
    facts = {"@VERSION@": __version__, "@PROBLEM@": name, "@OPTIONS@": shlex.join(options)}
    found = {script: (_filled(script, facts), True) for script in ("setup.sh", "run_autograder")}
    found[name] = file.read_text(encoding="utf-8-sig"), False
    found[f"students/{FORM}"] = "".join(_form(asked)), False
    return found


def submitted(folder: Path) -> Path:
    """The file of answers in the folder of one submission; raises BacksymError if it is not clear which."""
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".yaml", ".yml") and not p.name.startswith("."))
    named = [file for file in files if file.name == FORM]
    if not files:
        raise BacksymError(say("classes.no_form", form=FORM))
    if len(files) > 1 and not named:
        raise BacksymError(say("classes.several_files", count=len(files), form=FORM))
    file = (named or files)[0]
    if file.is_symlink() or not file.is_file():
        raise BacksymError(say("classes.not_a_file", file=file.name))
    return file


def _filled(script: str, facts: dict[str, str]) -> str:
    text = resource("templates", "gradescope", script).read_text(encoding="utf-8")
    for mark, fact in facts.items():
        text = text.replace(mark, fact)
    return text


def _form(asked: tuple[str, ...]) -> Iterator[str]:
    """A line for each answer; empty, so that one that is left out is seen."""
    for name in asked:
        yield f"{name}: ''\n"

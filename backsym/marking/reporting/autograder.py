"""A folder that Gradescope takes as an autograder: its two scripts, backsym, the problem, and a form for the students.

The files of the package that runs stand in it as one archive, so that it is not taken from a package index.

The scripts stand in ``templates/gradescope``; where Gradescope has ``/autograder``, the variable ``AUTOGRADER_ROOT``
names another folder.  Knows files; must not know how answers are marked.
"""

from __future__ import annotations

import io
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

from backsym.core.bundled import resource
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.marking.judging.accept import asked_quantities

FORM = "answers.yaml"
"""The file that students fill in and submit."""


ARCHIVE = "backsym.zip"
"""The package itself, with its templates."""

NEEDED = ("click>=8.1", "jinja2>=3.1", "numpy>=1.24", "pyyaml>=6.0")
"""What marking needs besides; the project file says the same of an installation."""

_DATE = (1980, 1, 1, 0, 0, 0)
"""The same for every file, so that the same package makes the same archive."""


def autograder_files(
    problem: Problem, file: Path, options: tuple[str, ...] = ()
) -> dict[str, tuple[str | bytes, bool]]:
    """The files of the folder by name: what is in them, and whether they are run.

    ``file`` is the problem's; ``options`` are further ones of ``backsym check``.  Raises BacksymError for a problem
    that asks for no derivative, since every submission would have the full score of 0.
    """
    asked = asked_quantities(problem)
    if not asked:
        raise BacksymError(say("classes.nothing_asked", file=file.name, loss=problem.loss))
    name = f"problem{file.suffix}"
    facts = {"@NEEDED@": shlex.join(NEEDED), "@PROBLEM@": name, "@OPTIONS@": shlex.join(options)}
    found: dict[str, tuple[str | bytes, bool]] = {}
    for script in ("setup.sh", "run_autograder"):
        found[script] = _filled(script, facts), True
    found[ARCHIVE] = package_archive(), False
    found[name] = file.read_text(encoding="utf-8-sig"), False
    found[f"students/{FORM}"] = "".join(_form(asked)), False
    return found


def package_archive() -> bytes:
    """The modules of the package, and its templates where a wheel has them, as a zip file."""
    package, templates = Path(__file__).resolve().parents[2], resource("templates")
    files = {f"backsym/{path.relative_to(package).as_posix()}": path for path in package.rglob("*.py")}
    for path in templates.rglob("*"):
        if path.is_file():
            files[f"backsym/_data/templates/{path.relative_to(templates).as_posix()}"] = path
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _DATE), files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


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


def _syntax() -> str:
    return resource("templates", "en", "answers.txt").read_text(encoding="utf-8")


def _form(asked: tuple[str, ...]) -> Iterator[str]:
    """How to write answers, as comments, and a line for each; empty, so that one that is left out is seen."""
    yield from (f"# {line}".rstrip() + "\n" for line in _syntax().splitlines())
    yield "# Write each answer between the quotes; a quote within it is written twice: 'relu''(z)'.\n"
    for name in asked:
        yield f"{name}: ''\n"

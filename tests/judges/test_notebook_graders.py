"""The flows of ``docs/how-to/notebook-graders.md`` with Otter and nbgrader themselves, by their own command lines."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "notebook-graders.md").read_text(encoding="utf-8")
WRONG = 'answer = "x (dL/dy * (1 - y^2))^T"'
UNREADABLE = 'answer = "(("'


def block(name: str) -> str:
    """The code below a comment of the page."""
    return PAGE.partition(f"<!-- {name} -->\n```")[2].partition("\n")[2].partition("```")[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "layer.yaml").write_text(block("layer.yaml"), encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "W.py").write_text(block("otter"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answered(cell: str) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(compile(cell, "cell", "exec"), scope)
    return scope


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("cell", "right", "part"), [
    (block("cell"), True, "passed"), (WRONG, False, "transpose"), (UNREADABLE, False, "cannot be read"),
])  # fmt: skip
def test_otter(folder: Path, cell: str, right: bool, part: str) -> None:
    import otter

    grader = otter.Notebook(tests_dir=str(folder / "tests"))
    found = grader.check("W", global_env=answered(cell))
    assert (found.grade == 1) is right
    assert part in repr(found)


def notebook(*cells: Any) -> Any:
    """A notebook that runs this package, wherever the command that runs it is installed."""
    path = nbformat.v4.new_code_cell(f"import sys; sys.path.insert(0, {str(ROOT)!r})")
    path.metadata["nbgrader"] = labelled(grade_id="path", locked=True)
    found = nbformat.v4.new_notebook(cells=[path, *cells])
    found.metadata["kernelspec"] = {"name": "python3", "display_name": "Python", "language": "python"}
    return found


def labelled(**known: Any) -> dict[str, Any]:
    """What nbgrader writes about a cell."""
    return {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False, **known}


def command(folder: Path, module: str, *arguments: str) -> None:
    """Run the command line of a package."""
    # nbgrader calls alembic by its name.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    # For jsonschema it may be missing; where it is there, each process builds a grammar of addresses for seconds.
    (folder / "without").mkdir(exist_ok=True)
    (folder / "without" / "rfc3987_syntax.py").write_text("raise ImportError\n", encoding="utf-8")
    modules = os.pathsep.join((str(ROOT), str(folder / "without")))
    known = {**os.environ, "PYTHONPATH": modules, "PATH": path}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, env=known, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_otter_run(folder: Path) -> None:
    cells = ("import otter\ngrader = otter.Notebook()", WRONG, 'grader.check("W")')
    nbformat.write(notebook(*map(nbformat.v4.new_code_cell, cells)), folder / "submission.ipynb")
    (folder / "out").mkdir()
    command(folder, "otter", "generate", "-t", "tests", "layer.yaml")
    command(folder, "otter", "run", "--no-logo", "-a", "autograder.zip", "-o", "out", "submission.ipynb")
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))["tests"]
    (found,) = [each for each in results if each["name"] == "W"]
    assert (found["score"], found["max_score"]) == (0, 2)
    assert "transpose" in found["output"]


def test_nbgrader_autograde(folder: Path) -> None:
    def of(answer: str) -> Any:
        cell, graded = nbformat.v4.new_code_cell(answer), nbformat.v4.new_code_cell(block("nbgrader"))
        cell.metadata["nbgrader"] = labelled(grade_id="answer", solution=True)
        graded.metadata["nbgrader"] = labelled(grade_id="W", grade=True, locked=True, points=2, cell_type="code")
        return notebook(cell, graded)

    def put(place: Path, answer: str) -> None:
        place.mkdir(parents=True)
        nbformat.write(of(answer), place / "layer.ipynb")
        (place / "layer.yaml").write_text(block("layer.yaml"), encoding="utf-8")

    (folder / "nbgrader_config.py").write_text("get_config().CourseDirectory.course_id = 'course'\n", encoding="utf-8")
    put(folder / "source" / "sheet", f"### BEGIN SOLUTION\n{block('cell')}### END SOLUTION")
    scores = {"right": (block("cell"), 2.0), "wrong": (WRONG, 0.0), "unreadable": (UNREADABLE, 0.0)}
    for student, (answer, _) in scores.items():
        put(folder / "submitted" / student / "sheet", answer)
    for arguments in (("generate_assignment", "sheet"), ("autograde", "sheet"), ("export",)):
        command(folder, "nbgrader", *arguments)
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        found = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    assert found == {student: (score, 2.0) for student, (_, score) in scores.items()}

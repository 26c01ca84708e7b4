"""The flows of ``docs/how-to/notebook-graders.md`` with Otter and nbgrader themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("cell", "score"), [(block("cell"), 2), (WRONG, 0), (UNREADABLE, 0)])
def test_nbgrader(folder: Path, cell: str, score: float) -> None:
    from nbgrader.utils import determine_grade

    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    graded = nbformat.v4.new_code_cell(block("nbgrader"))
    graded.metadata["nbgrader"] = {
        "grade": True, "points": 2, "grade_id": "W", "solution": False, "locked": True, "schema_version": 3,
        "cell_type": "code", "task": False,
    }  # fmt: skip
    cells = [nbformat.v4.new_code_cell(path), nbformat.v4.new_code_cell(cell), graded]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python", "language": "python"}
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    assert determine_grade(notebook.cells[-1]) == (score, 2)

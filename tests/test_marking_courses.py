"""What the documentation says about checking answers is true: its commands, and its code for graders and notebooks."""

from __future__ import annotations

import shlex
from pathlib import Path

import nbclient
import nbformat
import pytest
from click.testing import CliRunner
from documentation import ROOT, block

from backsym.cli.main import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "layer.yaml").write_text(block("example: layer.yaml"), encoding="utf-8")
    (tmp_path / "class.csv").write_text(block("example: class.csv"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "output", "status"),
    [("command: check", "example: check output", 1), ("command: check class", "example: class output", 0)],
)
def test_the_commands(folder: Path, command: str, output: str, status: int) -> None:
    result = CliRunner().invoke(main, shlex.split(block(command))[1:])
    assert result.exit_code == status, result.output
    assert result.stdout == block(output)


@pytest.mark.parametrize(
    ("code", "output"),
    [("example: check python", "example: check python output"), ("example: class python", None)],
)
def test_the_code(folder: Path, capsys: pytest.CaptureFixture[str], code: str, output: str | None) -> None:
    exec(compile(block(code), code, "exec"), {"__name__": "readme"})
    printed = capsys.readouterr().out
    if output is not None:
        assert printed == block(output)
    else:
        assert printed.splitlines()[:4] == [
            "ann y correct 1.0", "ann W correct 1.0", "ann x correct 1.0", "bob y incorrect 0.0",
        ]  # fmt: skip


@pytest.mark.parametrize("right", [True, False])
def test_a_notebook(folder: Path, right: bool) -> None:
    answer, test = block("example: notebook").split("\n\n", 1)
    answer = answer if right else 'answer = "x (dL/dy * (1 - y^2))^T"'
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    cells = [nbformat.v4.new_code_cell(text) for text in (path, answer, test)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python", "language": "python"}
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    if right:
        client.execute()
    else:
        with pytest.raises(nbclient.exceptions.CellExecutionError, match="transpose"):
            client.execute()

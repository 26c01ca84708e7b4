"""What the README shows is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from backsym.functions import FUNCTIONS
from backsym.problem import Problem
from backsym.reading.forward import MAX_EQUATIONS
from backsym.reading.latex_document import MAX_FORMULAS
from backsym.reading.lexer import MAX_CHARACTERS, MAX_TOKENS
from backsym.reading.loader import load, what_was_read
from backsym.reading.syntax import MAX_NESTING
from backsym.reading.yamlfile import MAX_BYTES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """The code block after ``<!-- MARK -->``."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found is not None, mark
    return found[1]


def test_the_two_commands_are_single_lines() -> None:
    assert block("command: solve").startswith("pip install . && backsym solve problems/")
    assert len(block("command: solve").splitlines()) == 1
    assert len(block("command: test").splitlines()) == 1


def test_the_example_prints_what_it_shows(tmp_path: Path) -> None:
    (tmp_path / "layer.yaml").write_text(block("example: layer.yaml"), encoding="utf-8")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + block("example: python")
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == block("example: output")


def test_the_note_is_read_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.md").write_text(block("example: note.md"), encoding="utf-8")
    problem = load("note.md")
    assert isinstance(problem, Problem)
    assert what_was_read(problem) + "\n" == block("example: note output")
    assert not problem.solve().failed


def test_the_limits_are_those_of_the_code() -> None:
    for number in (MAX_EQUATIONS, MAX_FORMULAS, MAX_CHARACTERS, MAX_TOKENS, MAX_NESTING):
        assert f"{number:,} " in README.split("## Limits", 1)[1]
    assert MAX_BYTES == 1_000_000


def test_every_function_is_listed() -> None:
    found = re.search(r"<!-- functions -->\n(.*?)<!-- end functions -->", README, re.DOTALL)
    assert found is not None
    assert set(re.findall(r"`(\w+)`", found[1])) == {*FUNCTIONS, "loss"}

"""What the README and the pages of the documentation show is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from documentation import PAGES, ROOT, block, write_snippets

from backsym.api.problem import load
from backsym.cli.main import main
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import Problem
from backsym.reading.files.forward import MAX_EQUATIONS
from backsym.reading.files.loader import what_was_read
from backsym.reading.files.yamlfile import MAX_BYTES
from backsym.reading.notes.prose import MAX_FORMULAS
from backsym.reading.plain.lexer import MAX_CHARACTERS, MAX_TOKENS
from backsym.reading.syntax import MAX_NESTING

README = PAGES["README.md"]


def test_the_two_commands_are_single_lines() -> None:
    assert block("command: solve").startswith("pip install . && backsym solve problems/")
    assert len(block("command: solve").splitlines()) == 1
    assert len(block("command: test").splitlines()) == 1
    assert len(block("command: judges").splitlines()) == 1
    assert len(block("command: docs").splitlines()) == 1


def test_the_example_prints_what_it_shows(tmp_path: Path) -> None:
    (tmp_path / "layer.yaml").write_text(block("example: layer.yaml"), encoding="utf-8")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + block("example: python")
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == block("example: output")


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("gradient", "layer.yaml"),
        ("jacobian", "layer.yaml"),
        ("members", "members.yaml"),
        ("label", "layer.yaml"),
        ("recurrence", "recurrence.yaml"),
        ("layers", "layers.yaml"),
        ("through", "vanishing.yaml"),
        ("variants", "neuron.yaml"),
    ],
)
def test_the_snippet_prints_what_it_shows(name: str, needs: str, tmp_path: Path) -> None:
    (tmp_path / needs).write_text(block(f"example: {needs}"), encoding="utf-8")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + block(f"example: {name}")
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == block(f"example: {name} output")


def test_every_snippet_is_well_typed(tmp_path: Path) -> None:
    """Each by itself, or with those before it on a page, by mypy; CI asks pyright, too.

    What backsym itself prints has the types that users expect.
    """
    assert write_snippets(tmp_path) >= 10
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--strict", "--allow-any-generics"]
    # The package itself is checked by CI, against the stubs that its extra `dev` installs.
    settings.append("--follow-imports=silent")
    command = [sys.executable, "-m", "mypy", *settings, "--cache-dir", str(tmp_path / "cache"), "--python-version"]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    result = subprocess.run(
        [*command, version, *map(str, sorted(tmp_path.glob("*.py")))],
        cwd=tmp_path, env={**os.environ, "MYPYPATH": str(ROOT)}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_summary_is_what_the_terminal_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("layer.yaml").write_text(block("example: layer.yaml"), encoding="utf-8")
    result = CliRunner().invoke(main, ["solve", "layer.yaml", "--summary"])
    assert result.stdout.startswith(block("example: summary"))


def test_editors_find_the_schema_and_shells_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("_BACKSYM_COMPLETE", "bash_source")
    shown = CliRunner().invoke(main, [], prog_name="backsym")
    assert "complete -o nosort -F _backsym_completion backsym" in shown.stdout
    monkeypatch.delenv("_BACKSYM_COMPLETE")
    assert "_BACKSYM_COMPLETE=bash_source backsym" in block("example: completion")
    named = re.search(r"> (\S+)", block("command: schema"))
    assert named is not None
    assert block("example: modeline").strip().endswith(f"$schema={named[1]}")
    Path("layer.yaml").write_text(block("example: modeline") + block("example: layer.yaml"), encoding="utf-8")
    assert isinstance(load("layer.yaml"), Problem)


def test_the_note_is_read_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.md").write_text(block("example: note.md"), encoding="utf-8")
    problem = load("note.md")
    assert isinstance(problem, Problem)
    assert what_was_read(problem) + "\n" == block("example: note output")
    assert not problem.solve().failed


def test_the_limits_are_those_of_the_code() -> None:
    for number in (MAX_EQUATIONS, MAX_FORMULAS, MAX_CHARACTERS, MAX_TOKENS, MAX_NESTING):
        assert f"{number:,} " in PAGES["docs/reference/limits.md"]
    assert MAX_BYTES == 1_000_000


def test_every_function_is_listed() -> None:
    found = re.search(
        r"<!-- functions -->\n(.*?)<!-- end functions -->", PAGES["docs/reference/functions.md"], re.DOTALL
    )
    assert found is not None
    assert set(re.findall(r"`(\w+)`", found[1])) == {*FUNCTIONS, "loss"}


def test_a_picture_of_a_solved_page_is_on_top() -> None:
    found = re.match(r"# backsym\n\n!\[[^\]]{40,}\]\((.*)\)\n", README)
    assert found is not None
    picture = (ROOT / found[1]).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000

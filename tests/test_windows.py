"""Windows and pipes: redirected output is UTF-8, and what POSIX alone has is not needed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner
from extent import some

from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.documents.writers import pdf
from backsym.reading.files.schema import schema_text
from backsym.solving.processes import MOST_ON_WINDOWS, most

ENCODINGS = ["cp1252", "ascii", "cp437:strict"]
COMMANDS = [
    ["code", "scalar-tanh"],
    ["check", "mlp-entries", "--target", "W2", "--answer", "a1 dL/dz2^T"],
    ["check", "scalar-tanh", "--target", "\u2207z", "--answer", "\u221e"],
]


@pytest.mark.parametrize(("encoding", "arguments"), some(product(ENCODINGS, COMMANDS), 4))  # each of both in any run
def test_redirected_output_is_utf_8_whatever_the_code_page(encoding: str, arguments: list[str]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    run = [sys.executable, "-m", "backsym", *arguments]
    result = subprocess.run(run, env=environment, capture_output=True, timeout=120)
    text = result.stdout.decode("utf-8") + result.stderr.decode("utf-8")
    assert any(ord(char) > 127 for char in text)
    assert "UnicodeEncodeError" not in text
    assert "bug in backsym" not in text
    assert result.returncode in (0, 1, 2)


def test_at_most_61_processes_on_windows() -> None:
    assert [most(256, "win32"), most(8, "win32"), most(256, "linux")] == [61, 8, 256]
    assert MOST_ON_WINDOWS == 61


def test_a_slow_pdflatex_is_stopped_where_there_are_no_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "slow"
    program.write_text(f"#!{sys.executable}\nimport time; time.sleep(60)\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.delattr(os, "killpg", raising=False)
    with pytest.raises(BacksymError, match="longer than"):
        pdf._pdflatex(str(program), str(tmp_path), 0.2)


def test_the_schema_goes_into_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out" / "backsym.schema.json"
    assert CliRunner().invoke(main, ["schema", "-o", str(path)]).exit_code == 0
    assert path.read_text(encoding="utf-8") == schema_text()


def test_a_drawing_goes_into_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out" / "twin.svg"
    assert CliRunner().invoke(main, ["graph", "twin", "-o", str(path)]).exit_code == 0
    assert path.read_text(encoding="utf-8").startswith("<svg")


def test_the_path_of_tex_has_the_separator_of_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tex"
    code = "import os; open('seen', 'w').write(os.environ['TEXINPUTS'])"
    program.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(os, "pathsep", ";")
    with suppress(BacksymError):
        pdf._pdflatex(str(program), str(tmp_path), 20)
    assert (tmp_path / "seen").read_text(encoding="utf-8") == ".;"

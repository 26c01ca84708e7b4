"""What the README shows is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from backsym.functions import FUNCTIONS

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


def test_every_function_is_listed() -> None:
    found = re.search(r"<!-- functions -->\n(.*?)<!-- end functions -->", README, re.DOTALL)
    assert found is not None
    assert set(re.findall(r"`(\w+)`", found[1])) == {*FUNCTIONS, "loss"}

"""Closed streams, hostile templates, scripts without a main guard, cells that are formulas, files and the umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backsym.cli import files
from backsym.core.errors import BacksymError
from backsym.documents.writers.templating import render_template
from backsym.marking.reporting.reports import safe_cell

ROOT = Path(__file__).resolve().parents[1]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    shell = ["bash", "-c", f'"{sys.executable}" {command}']
    return subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("command", ["list", "verify scalar-tanh", "code scalar-tanh", "solve scalar-tanh -o out"])
def test_a_closed_output_is_no_bug(command: str, tmp_path: Path) -> None:
    found = run(f"-m backsym {command} >&-", tmp_path)
    assert found.returncode == 2
    assert "standard output is closed" in found.stderr
    assert "bug" not in found.stderr


def test_closed_errors_do_not_matter(tmp_path: Path) -> None:
    found = run("-m backsym verify scalar-tanh 2>&-", tmp_path)
    assert found.returncode == 0
    assert "verified" in found.stdout
    found = run("-m backsym verify nowhere >&- 2>&-", tmp_path)
    assert (found.returncode, found.stderr) == (2, "")


HOSTILE = {
    "another's globals": "<< cycler.__init__.__globals__.os.popen('touch pwned').read() >>",
    "subclasses": "<< ''.__class__.__mro__[1].__subclasses__() >>",
    "a format string": "<< '{0.__class__.__init__.__globals__}'.format(cycler) >>",
    "a huge range": "<% for n in range(10**9) %>x<% endfor %>",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_template_runs_no_code(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "md.jinja").write_text(text, encoding="utf-8")
    with pytest.raises(BacksymError, match=r"the template md\.jinja cannot be used"):
        render_template("md.jinja", tmp_path)
    assert not (tmp_path / "pwned").exists()


BROKEN = {
    "a division by zero": ("<< 1/0 >>", "ZeroDivisionError"),
    "a sum of unlike things": ("<< 1 + 'x' >>", "TypeError"),
    "an unknown name": ("<< nothing >>", "nothing"),
    "a statement without an end": ("\n<% if x %>", "line 2"),
    "no text": (b"\xff\xfe\x00", "UnicodeDecodeError"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_with_a_template_is_said(text: str | bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "md.jinja").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BacksymError, match=says):
        render_template("md.jinja", tmp_path)


SCRIPT = """
import backsym as bs
problem = bs.Problem(forward=["z = w*x", "y = tanh(z)", "L = (y - t)**2/2"])
{guard}
    answers = {{f"s{{n}}": {{"z": "(y - t)*(1 - y**2)"}} for n in range(12)}}
    try:
        print(len(list(bs.check_class(problem, answers, workers=2))))
    except bs.BacksymError as error:
        print(error)
"""


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "marks.py").write_text(SCRIPT.format(guard="if True:"), encoding="utf-8")
    found = run("marks.py", tmp_path)
    assert 'if __name__ == "__main__":' in found.stdout
    assert "marks.py" in found.stdout
    assert "Traceback" not in found.stderr
    (tmp_path / "marks.py").write_text(SCRIPT.format(guard='if __name__ == "__main__":'), encoding="utf-8")
    assert run("marks.py", tmp_path).stdout.strip() == "12"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_no_cell_starts_a_formula(sign: str) -> None:
    assert safe_cell(f"{sign}1+1") == f"'{sign}1+1"
    assert safe_cell(f" {sign}1") == f"' {sign}1"
    assert safe_cell(f"a;{sign}1") == f"a;'{sign}1"
    assert safe_cell(f"a{sign}1") == f"a{sign}1"


def test_writing_leaves_the_umask_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between asking for it and setting it back, other threads would make files that all may write."""
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask is changed"))
    files.write({tmp_path / "new": "text"})
    assert (tmp_path / "new").read_text() == "text"


def test_permissions_follow_the_umask_and_the_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write({tmp_path / "new": "text"})
        (tmp_path / "old").write_text("")
        (tmp_path / "old").chmod(0o606)
        files.write({tmp_path / "old": b"bytes"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o606
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_all_is_on_the_disk_before_anything_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("sync"), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    files.write({tmp_path / "a": "1", tmp_path / "b": "2"})
    assert done == ["sync", "sync", "replace", "replace"]

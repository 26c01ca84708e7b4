"""Unusable input: each file of ``bad_files`` with the exact message that it must give, and paths that hold no file.

The expected messages stand in ``bad_files/NAME.expected``.  To write them anew after a change of wording, run this file
as a script, and read the difference: the messages are read by people who are stuck.
"""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from patience import fastest, prompt

from backsym.cli.main import main
from backsym.reading.files.loader import problem_from_mapping

FOLDER = Path(__file__).resolve().parent / "bad_files"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".yaml", ".md", ".tex"))


def solve(path: str | Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["solve", str(path), *options])


def expected(name: str) -> Path:
    return FOLDER / f"{name}.expected"


@pytest.fixture(autouse=True)
def show_bugs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKSYM_TRACEBACK", "1")


def refused(path: str | Path, tmp_path: Path) -> str:
    """What is said about an unusable path: exit status 2, nothing printed or written."""
    result = solve(path, "-o", str(tmp_path / "output"))
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert not (tmp_path / "output").exists()
    return result.stderr


@pytest.mark.parametrize("name", FILES)
def test_each_bad_file_has_its_message(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    assert refused(name, tmp_path) == expected(name).read_text(encoding="utf-8")


def test_there_are_enough_bad_files_and_no_stray_messages() -> None:
    assert len(FILES) >= 60
    assert sorted(path.name for path in FOLDER.glob("*.expected")) == sorted(expected(name).name for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_each_message_is_well_formed(name: str) -> None:
    """Name, line and column; a caret under the text; a hint that is no sentence of its own; no blame."""
    text = expected(name).read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines
    for line, below, after in zip(lines, [*lines[1:], ""], [*lines[2:], "", ""], strict=False):
        assert len(line) <= 260  # The longest lists the keys of a problem.
        assert line == line.rstrip()
        if line.startswith("error: ") and below.startswith("    "):
            assert set(after.strip()) == {"^"}
            start = len(after) - len(after.lstrip())
            assert start <= len(below)
        if line.startswith("  ") and not line.startswith("   "):
            assert not line.endswith(".") or line.endswith("...")
    for word in ("invalid", "illegal", "wrong", "bad ", "must not", "your", "Error", "Traceback", "None"):
        assert word not in "\n".join(x for x in lines if not x.startswith("    ")), word


# --- paths -----------------------------------------------------------------------------------------------------------


def test_a_missing_file_says_what_is_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused("nothing.yaml", tmp_path) == (
        "error: nothing.yaml: no such file, and no bundled problem of this name\n"
        "  expected the path of a problem file\n"
    )
    assert refused("twinn", tmp_path) == (
        "error: twinn: no such file, and no bundled problem of this name\n  did you mean the bundled problem twin?\n"
    )


def test_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("problems", "notes.md"):
        (tmp_path / name).mkdir()
        assert refused(name, tmp_path) == (
            f"error: {name}: there is no problem file in this folder\n  problem files end in .yaml or .yml\n"
        )


@pytest.mark.parametrize(("number", "words"), [(errno.EACCES, "Permission denied"), (errno.EIO, "Input/output error")])
def test_an_unreadable_file_says_why(number: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fake, because permissions do not bite for every user."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "neuron.yaml").write_text("forward: [L = w*x]\n", encoding="utf-8")
    path_open = Path.open

    def fails(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "neuron.yaml":
            raise OSError(number, words)
        return path_open(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", fails)
    assert refused("neuron.yaml", tmp_path) == f"error: neuron.yaml: cannot read this file: {words}\n"


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(50_000_000_000)
    message = prompt(lambda: refused("huge.yaml", tmp_path))
    assert message == "error: huge.yaml: this file is larger than 1000 kB\n"


def test_a_device_is_read_up_to_the_limit_only(tmp_path: Path) -> None:
    assert refused("/dev/zero", tmp_path) == "error: /dev/zero: this file is larger than 1000 kB\n"
    message, hint = refused("/dev/null", tmp_path).splitlines()
    assert message == "error: /dev/null: this file is empty"
    assert hint.startswith("  the least is forward:")


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    assert refused("a\0b", tmp_path).startswith("error: ")
    assert refused("x" * 5000, tmp_path).startswith("error: ")


def test_a_broken_link_is_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.yaml").symlink_to("nowhere.yaml")
    assert refused("link.yaml", tmp_path).startswith("error: link.yaml: no such file")


def test_too_many_equations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many.yaml").write_text("forward:\n" + "- L = x\n" * 10_001, encoding="utf-8")
    assert refused("many.yaml", tmp_path) == (
        "error: many.yaml:2:1: 10001 equations; at most 10000 are read\n    - L = x\n    ^^^^^^^\n"
    )


def test_the_errors_of_one_file_do_not_flood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many.yaml").write_text("forward:\n" + "- L =\n" * 500, encoding="utf-8")
    text = refused("many.yaml", tmp_path)
    assert text.count("error: ") == 51
    assert text.endswith("error: many.yaml: the rest is not shown; mend these first\n")


def test_one_bad_file_keeps_none_of_its_outputs_but_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text("forward: [L = w*x]\n", encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("forward: [L = w*]\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["solve", "good.yaml", "bad.yaml"])
    assert result.exit_code == 2
    assert not list((tmp_path / "output").glob("bad*"))


# --- output ----------------------------------------------------------------------------------------------------------

GOOD = "forward: [L = w*x]\n"


def left_behind(folder: Path) -> list[str]:
    """The names below a folder, files in the making included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def neuron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "neuron.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_a_file_in_place_of_the_output_folder(neuron: Path) -> None:
    result = solve("neuron.yaml", "-o", "neuron.yaml")
    assert (result.exit_code, result.stderr) == (2, "error: neuron.yaml: this is a file; -o names a folder\n")
    result = solve("neuron.yaml", "-o", "neuron.yaml/below")
    assert result.exit_code == 2
    assert result.stderr == "error: neuron.yaml/below/neuron.md: cannot write this file: Not a directory\n"
    assert (neuron / "neuron.yaml").read_text(encoding="utf-8") == GOOD
    assert left_behind(neuron) == ["neuron.yaml"]


def test_a_folder_in_place_of_an_output_file(neuron: Path) -> None:
    (neuron / "output" / "neuron.tex").mkdir(parents=True)
    result = solve("neuron.yaml")
    assert result.exit_code == 2
    assert result.stderr == "error: output/neuron.tex: cannot write this file: there is a folder of this name\n"
    assert left_behind(neuron) == ["neuron.yaml", "output", "output/neuron.tex"]


def test_a_folder_that_cannot_be_written(neuron: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fake, because permissions do not bite for every user."""

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    (neuron / "output").mkdir()
    monkeypatch.setattr("backsym.cli.files._temporary", fails)
    result = solve("neuron.yaml")
    assert result.exit_code == 2
    assert result.stderr == "error: output/neuron.md: cannot write this file: Permission denied\n"
    assert left_behind(neuron) == ["neuron.yaml", "output"]


def run(folder: Path, *arguments: str, largest: int | None = None, stdout: int = subprocess.PIPE) -> tuple[int, str]:
    """The command in a process of its own, in which no file may become larger than ``largest`` bytes."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    done = subprocess.run(
        [sys.executable, "-B", "-m", "backsym", *arguments], cwd=folder, text=True, check=False, preexec_fn=limit,
        stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1])},
    )  # fmt: skip
    return done.returncode, done.stderr


def test_a_full_disk_keeps_the_old_files(neuron: Path) -> None:
    assert solve("neuron.yaml").exit_code == 0
    before = {path.name: path.read_bytes() for path in (neuron / "output").iterdir()}
    assert before
    (neuron / "neuron.yaml").write_text("forward: [z = w*x, L = tanh(z)**2]\n", encoding="utf-8")
    status, error = run(neuron, "solve", "neuron.yaml", largest=300)
    assert (status, error) == (2, "error: output/neuron.md: cannot write this file: File too large\n")
    assert {path.name: path.read_bytes() for path in (neuron / "output").iterdir()} == before


@pytest.mark.parametrize("arguments", [("solve", "neuron.yaml", "--format", "json"), ("schema",)])
def test_a_full_disk_behind_the_standard_output(arguments: tuple[str, ...], neuron: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        status, error = run(neuron, *arguments, stdout=full.fileno())
    assert (status, error) == (2, "error: the output cannot be written: No space left on device\n")


# --- time ------------------------------------------------------------------------------------------------------------


def seconds(forward: list[str]) -> float:
    return fastest(lambda: problem_from_mapping({"forward": forward}))


@pytest.mark.parametrize("kind", ["chain", "long", "deep", "latex"])
def test_reading_takes_linear_time(kind: str) -> None:
    """Twice the input takes about twice the time; a quadratic part would take four times as long."""

    def equations(n: int) -> list[str]:
        if kind == "chain":
            return ["a0 = x", *(f"a{k + 1} = tanh(a{k}*w) + b" for k in range(n))]
        if kind == "long":
            return [f"a{k} = " + " + ".join(["x*w"] * 250) for k in range(n // 100)]
        if kind == "deep":
            return [f"a{k} = " + "(" * 60 + "x" + ")" * 60 for k in range(n // 10)]
        return [rf"\mathbf{{a}}_{{{k}}} = \tanh(w x) + b" for k in range(n)]

    small, large = seconds(equations(200)), seconds(equations(800))
    assert large < 4 * small * 2


if __name__ == "__main__":
    import os

    def rewrite() -> None:
        os.chdir(FOLDER)
        for name in FILES:
            result = solve(name)
            assert result.exit_code == 2, (name, result.output)
            expected(name).write_text(result.stderr, encoding="utf-8")

    rewrite()

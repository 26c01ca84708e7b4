"""The command line: exit statuses, files, messages."""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import json
import os
import re
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from extent import some

import backsym
from backsym.cli.errors import reported
from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.core.resources import bundled_problems
from backsym.documents.writers.languages import forms
from backsym.solving.processes import mapped

NEURON = """\
title: A neuron
symbols: {x: {role: input}, w: {role: parameter}, b: {role: parameter}, t: {role: target}}
forward:
  - z = w*x + b
  - y = tanh(z)
  - L = 1/2*(y - t)**2
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(autouse=True)
def show_bugs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKSYM_TRACEBACK", "1")


@pytest.fixture
def neuron(tmp_path: Path) -> Path:
    path = tmp_path / "neuron.yaml"
    path.write_text(NEURON, encoding="utf-8")
    return path


def test_a_command_looks_for_garbage_seldom_but_does(monkeypatch: pytest.MonkeyPatch) -> None:
    before = gc.get_threshold()
    at_the_end: list[object] = []
    monkeypatch.setattr("atexit.register", at_the_end.append)
    try:
        assert run("list").exit_code == 0
        assert 100_000 <= gc.get_threshold()[0] <= 400_000
        assert gc.get_threshold()[1:] == before[1:]
        assert gc.isenabled()
        assert gc.freeze in at_the_end, "what is left when a command ends is looked through for nothing"
    finally:
        gc.set_threshold(*before)


def test_solve_writes_markdown_and_latex(neuron: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    result = run("solve", neuron, "-o", out)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in out.iterdir()) == [
        "neuron-figure-1.svg", "neuron.md", "neuron.tex",
    ]  # fmt: skip
    assert "# A neuron" in (out / "neuron.md").read_text(encoding="utf-8")


def test_solve_writes_to_output_by_default(neuron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("solve", "neuron.yaml", "--format", "md").exit_code == 0
    assert (tmp_path / "output" / "neuron.md").is_file()


def test_all_formats(neuron: Path, tmp_path: Path) -> None:
    assert run("solve", neuron, "--format", "all", "-o", tmp_path / "o").exit_code == 0
    written = {p.name for p in (tmp_path / "o").iterdir()}
    assert {f"neuron.{form}" for form in forms()} <= written


def test_json_is_printed_without_an_output_folder(
    neuron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("solve", neuron, "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["title"] == "A neuron"
    assert not (tmp_path / "output").exists()


def test_the_same_input_gives_the_same_bytes(neuron: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        assert run("solve", neuron, "--format", "all", "-o", tmp_path / folder).exit_code == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_missing_file_names_a_bundled_problem() -> None:
    result = run("solve", "mlp-entry")
    assert result.exit_code == 2
    assert "mlp-entries" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("title: x\nforward:\n  - y = w*q\nsymbols: {w: [D]}\n", "q"),
        (": :\n -", ""),
    ],
)
def test_unusable_input_exits_2_without_traceback(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    result = run("solve", path, "-o", tmp_path / "o")
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("command", ["solve", "verify"])
def test_a_folder_without_a_problem_file_exits_2(command: str, tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "neuron.yaml").write_text(NEURON, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("z = w x", encoding="utf-8")
    result = run(command, tmp_path)
    assert result.exit_code == 2
    assert "there is no problem file in this folder" in result.stderr


def test_a_folder_where_one_file_is_wanted_exits_2(neuron: Path) -> None:
    assert run("graph", neuron.parent).exit_code == 2


@pytest.fixture
def course(neuron: Path) -> Path:
    """A folder with a problem, another one deeper down, and a collection of both and of one that is elsewhere."""
    folder = neuron.parent / "course"
    (folder / "more").mkdir(parents=True)
    (folder / "first.yaml").write_text(NEURON, encoding="utf-8")
    (folder / "more" / "second.yml").write_text(NEURON.replace("tanh", "sigmoid"), encoding="utf-8")
    (folder / "all.yaml").write_text(
        "title: All\nsections:\n  - title: S\n    problems: [first.yaml, more/second.yml, ../neuron.yaml]\n",
        encoding="utf-8",
    )
    return folder


def test_verify_checks_each_problem_of_a_folder_once(course: Path) -> None:
    result = run("verify", course)
    assert result.exit_code == 0, result.stderr
    heads = [line.partition(": ")[0] for line in result.stdout.splitlines()]
    files = [str(course / name) for name in ("all.yaml", "first.yaml", "more/second.yml")]
    assert list(dict.fromkeys(heads)) == files
    # Of the collection only the problem that is not in the folder is left.
    assert [heads.count(name) for name in files] == [6, 6, 6]


def test_solve_writes_a_document_for_every_file_of_a_folder(course: Path, tmp_path: Path) -> None:
    assert run("solve", course, "--format", "md", "-o", tmp_path / "o").exit_code == 0
    assert {"all.md", "first.md", "second.md"} <= {path.name for path in (tmp_path / "o").iterdir()}


def test_one_bad_file_of_a_folder_is_named(course: Path) -> None:
    (course / "more" / "bad.yaml").write_text("title: x\nforward: [y = w*q]\nsymbols: {w: [D]}\n", encoding="utf-8")
    result = run("verify", course)
    assert result.exit_code == 2
    assert "bad.yaml" in result.stderr
    assert result.stdout == ""


def test_the_folders_of_bundled_problems_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("verify", "csc311-week6")
    assert result.exit_code == 0
    assert "twin.yaml" in result.stdout
    assert "handout.yaml" not in result.stdout


def test_an_output_folder_that_cannot_be_made_exits_2(neuron: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run("solve", neuron, "-o", tmp_path / "file" / "below")
    assert result.exit_code == 2
    assert "error:" in result.stderr


def test_two_inputs_of_one_name_are_refused(neuron: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "neuron.yaml").write_text(NEURON, encoding="utf-8")
    result = run("solve", neuron, other / "neuron.yaml", "-o", tmp_path / "o")
    assert result.exit_code == 2
    assert "neuron" in result.stderr


def test_verify_tells_each_derivative(neuron: Path) -> None:
    result = run("verify", neuron)
    assert result.exit_code == 0
    for node in ("L", "y", "z", "w", "b", "x"):
        assert f": {node}: verified" in result.stdout


@pytest.mark.parametrize("command", ["solve", "verify"])
def test_a_false_claim_exits_1_and_is_not_written(tmp_path: Path, command: str) -> None:
    path = tmp_path / "claim.yaml"
    path.write_text(NEURON + "parts:\n  - show: dL/dy = y - t\n  - show: dL/dz = dL/dy*(1 + y**2)\n", encoding="utf-8")
    options = ["-o", tmp_path / "o"] if command == "solve" else []
    result = run(command, path, *options)
    assert result.exit_code == 1
    assert "(b)" in result.stderr
    assert " z " in result.stderr
    assert not (tmp_path / "o").exists()


def test_a_wrong_derivative_exits_1_and_is_not_written(
    neuron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backsym.calculus import backward
    from backsym.core.expr import Equation, num
    from backsym.core.steps import Derivation

    derive = backward.Backward.derivation

    def wrong(self: backward.Backward, name: str) -> Derivation:
        right = derive(self, name)
        if name != "z":
            return right
        return Derivation(name, right.indices, Equation(right.entry.lhs, num(7)), None, right.steps)

    monkeypatch.setattr(backward.Backward, "derivation", wrong)
    result = run("solve", neuron, "-o", tmp_path / "o")
    assert result.exit_code == 1
    assert " z " in result.stderr
    assert not (tmp_path / "o").exists()
    assert run("verify", neuron).exit_code == 1


def test_a_bug_is_reported_without_traceback(neuron: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backsym.calculus import backward

    def broken(self: backward.Backward, name: str) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.delenv("BACKSYM_TRACEBACK")
    monkeypatch.setattr(backward.Backward, "derivation", broken)
    result = run("verify", neuron)
    assert result.exit_code == 2
    assert "ZeroDivisionError: oops" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_collection_makes_one_document(neuron: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.yaml").write_text(
        "title: A sheet\ncourse: C1\nsections:\n  - title: First\n    problems: [neuron.yaml, neuron.yaml]\n",
        encoding="utf-8",
    )
    assert run("solve", tmp_path / "sheet.yaml", "--format", "all", "-o", tmp_path / "o").exit_code == 0
    text = (tmp_path / "o" / "sheet.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "A neuron" in line and line.startswith("#")] == [
        "### 1. A neuron", "### 2. A neuron",
    ]  # fmt: skip
    assert "## First" in text
    data = json.loads((tmp_path / "o" / "sheet.json").read_text(encoding="utf-8"))
    assert [p["title"] for p in data["problems"]] == ["A neuron", "A neuron"]


@pytest.mark.parametrize("name", some(sorted(bundled_problems()), 6))
def test_every_bundled_problem_is_solved(name: str, tmp_path: Path) -> None:
    result = run("solve", name, "--format", "all", "-o", tmp_path)
    assert result.exit_code == 0, result.output
    written = {p.name for p in tmp_path.iterdir()}
    assert {f"{name}.{form}" for form in forms()} <= written
    text = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
    for picture in re.findall(r"\]\(([^)]+\.svg)\)", text):
        assert picture in written


# --- many files ------------------------------------------------------------------------------------------------------

FALSE_CLAIM = "title: wrong\nforward: ['y = x**2', 'L = y*w']\nparts:\n  - show: dL/dx = w*x\n"
NO_POINT = "title: no point\nforward: ['y = log(-x**2)', 'L = y*w']\n"


@pytest.mark.parametrize("command", ["solve", "verify"])
def test_a_file_that_fails_does_not_keep_others_from_being_done(command: str, tmp_path: Path) -> None:
    """With one process or with two: the same in the same order, and each failure with its file."""
    folder = tmp_path / "course"
    folder.mkdir()
    for name, text in {"a": NEURON, "b": FALSE_CLAIM, "c": NEURON, "d": NO_POINT, "e": NEURON}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    said = []
    for workers in (1, 2):
        output = ["-o", str(tmp_path / "out"), "--format", "typ"] if command == "solve" else []
        result = run(command, folder, "--workers", workers, *output)
        assert result.exit_code == 2
        assert "b.yaml:4: part (a) (show) states an equation for x that does not hold" in result.stderr
        assert re.search(r"d\.yaml(:2)?: no point to check the equation of y", result.stderr)
        said.append((result.stdout, result.stderr))
    assert said[0] == said[1]
    done = re.findall(r"(\w)\.(?:typ|yaml: L: verified)", said[0][0])
    assert done == (["a", "c", "e"] if command == "solve" else ["a", "b", "c", "e"])


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_what_is_broken_off_ends_the_whole_command_with_status_130(
    capsys: pytest.CaptureFixture[str], sign: signal.Signals
) -> None:
    """Also where one command runs within another, as ``watch`` does, and outlives the failures of the inner one."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # A run in the background may have been started with Ctrl-C ignored.
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    try:
        for each, handler in usual.items():
            signal.signal(each, handler)
        with pytest.raises(SystemExit) as ended, reported(), contextlib.suppress(SystemExit), reported():
            signal.raise_signal(sign)
        assert ended.value.code == 130
        assert capsys.readouterr().err == "\ninterrupted\n"
        signal.raise_signal(sign)  # Once more changes nothing: the command is ending.
        for each, handler in usual.items():
            signal.signal(each, handler)
        with reported():
            pass
        assert {each: signal.getsignal(each) for each in usual} == usual
    finally:
        for each, old in before.items():
            signal.signal(each, old)


def test_a_request_to_end_is_taken_where_ctrl_c_is_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    """As with nohup, or in the background of a script."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with reported():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(SystemExit) as ended, reported():
            signal.raise_signal(signal.SIGTERM)
        assert ended.value.code == 130
        assert capsys.readouterr().err == "\ninterrupted\n"
    finally:
        for each, old in before.items():
            signal.signal(each, old)


def deadly(number: int) -> int:
    if number == 2:
        os._exit(1)
    return number


def test_a_process_that_dies_is_told() -> None:
    with (
        pytest.raises(BacksymError, match="a process that worked on a file has died"),
        mapped(deadly, [1, 2, 3], 2) as results,
    ):
        list(results)


def test_the_version_needs_no_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", unknown)
    result = CliRunner().invoke(main, ["--version"], prog_name="backsym")
    assert (result.exit_code, result.output) == (0, f"backsym, version {backsym.__version__}\n")

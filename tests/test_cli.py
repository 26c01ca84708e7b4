"""The command line: exit statuses, files, messages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backsym.cli import main
from backsym.documents.languages import forms
from backsym.resources import bundled_problems

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


def test_a_folder_in_place_of_a_file_exits_2(tmp_path: Path) -> None:
    assert run("solve", tmp_path).exit_code == 2


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
    from backsym.expr import Equation, num
    from backsym.steps import Derivation

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


@pytest.mark.parametrize("name", sorted(bundled_problems()))
def test_every_bundled_problem_is_solved(name: str, tmp_path: Path) -> None:
    result = run("solve", name, "--format", "all", "-o", tmp_path)
    assert result.exit_code == 0, result.output
    written = {p.name for p in tmp_path.iterdir()}
    assert {f"{name}.{form}" for form in forms()} <= written
    text = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
    for picture in re.findall(r"\]\(([^)]+\.svg)\)", text):
        assert picture in written

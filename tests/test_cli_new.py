"""``backsym new`` and ``backsym list``, the summary on the terminal, and how far a run has come."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from backsym.api.problem import load
from backsym.cli import progress as cli_progress
from backsym.cli.main import main
from backsym.cli.new import title_of
from backsym.core.problem import Collection, Problem
from backsym.core.resources import bundled_problems
from backsym.documents.writers.summary import summary
from backsym.reading.files.schema import schema


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_new_writes_a_problem_and_solves_it() -> None:
    code, out, _ = run("new", "my-first_network")
    assert code == 0
    assert out.splitlines()[0] == "wrote my-first_network.yaml"
    assert "wrote output/my-first_network.md" in out
    problem = load("my-first_network.yaml")
    assert isinstance(problem, Problem)
    assert problem.title == "My first network"
    assert {part.kind for part in problem.parts} == {"graph", "show", "gradients"}
    text = Path("my-first_network.yaml").read_text(encoding="utf-8")
    assert text.count("#") > 8


def test_the_new_problem_is_valid_for_editors() -> None:
    import yaml

    assert run("new", "it's", "-o", "out")[0] == 0
    value = yaml.safe_load(Path("it's.yaml").read_text(encoding="utf-8"))
    assert value["title"] == "It's"
    assert [e.message for e in Draft202012Validator(schema()).iter_errors(value)] == []
    assert Path("out/it's.md").is_file()


def test_new_does_not_overwrite() -> None:
    Path("a.yaml").write_text("mine", encoding="utf-8")
    code, out, err = run("new", "a")
    assert (code, out) == (2, "")
    assert "a.yaml: there is a file of this name already" in err
    assert Path("a.yaml").read_text(encoding="utf-8") == "mine"
    assert run("new", "-- ")[0] == 2


@pytest.mark.parametrize("name", ["", "..", ".", ".hidden", "a/..", "x:y", 'say "x"', "a\nb", "a\\b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    code, out, err = run("new", name)
    assert (code, out) == (2, "")
    assert f"{name!r} is no name for a problem; one such as my-network is" in err
    assert list(Path().iterdir()) == []


def test_a_name_without_its_ending_is_told() -> None:
    assert run("new", "mine")[0] == 0
    code, _, err = run("solve", "mine")
    assert code == 2
    assert "did you mean the file mine.yaml?" in err
    code, _, err = run("verify", "mine.yml")
    assert code == 2
    assert "did you mean the file mine.yaml?" in err


def test_list_names_every_bundled_problem_with_its_title() -> None:
    code, out, _ = run("list")
    assert code == 0
    rows = dict(line.strip().split("  ", 1) for line in out.splitlines() if line.startswith("  "))
    assert set(rows) == set(bundled_problems())
    for name, path in list(bundled_problems().items())[::8]:
        loaded = load(str(path))
        assert isinstance(loaded, (Problem, Collection))
        assert rows[name].strip() == loaded.title == title_of(path)


SUMMARY = """\
A scalar computation with two paths
  Forward pass
    z = wx + b
    y = x + tanh(z)
    ℒ = 1/2 (y − t)²
  Backward pass
    ∂ℒ/∂ℒ = 1
    ∂ℒ/∂y = y − t
"""


def test_the_summary_is_printed_when_asked_for_only() -> None:
    code, out, _ = run("solve", "scalar-tanh", "--summary", "--format", "md")
    assert code == 0
    assert out.startswith(SUMMARY)
    assert next(line for line in out.splitlines() if line.startswith("wrote")) == "wrote output/scalar-tanh.md"
    code, out, _ = run("solve", "scalar-tanh", "--format", "md")
    assert all(line.startswith("wrote ") for line in out.splitlines())


def summands(line: str) -> int:
    """How many terms outside of brackets a line has."""
    depth, found = 0, 1
    for at, char in enumerate(line.strip()):
        depth += (char in "([{") - (char in ")]}")
        found += at > 0 and depth == 0 and char in "+−" and line.strip()[at - 1] == " " and "=" not in line.strip()[at:]
    return found


@pytest.mark.parametrize("name", sorted(set(bundled_problems()) - {"handout"}))
def test_the_summary_fits_a_terminal(name: str) -> None:
    """What is longer is one term, which is not broken."""
    problem = load(str(bundled_problems()[name]))
    assert isinstance(problem, Problem)
    text = summary(problem.solve())
    assert [line for line in text.splitlines() if len(line) > 80 and summands(line) > 1] == []
    whole = "".join(line.strip() for line in text.splitlines())
    assert whole.count("(") == whole.count(")")


def test_the_summary_does_not_spoil_json() -> None:
    import json

    code, out, err = run("solve", "scalar-tanh", "--summary", "--format", "json")
    assert code == 0
    assert json.loads(out)["title"] == "A scalar computation with two paths"
    assert err.startswith(SUMMARY)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_for_terminals_and_many_items(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with cli_progress.progress(list("ab"), "solving") as items:
        assert list(items) == ["a", "b"]
    assert terminal.getvalue() == ""
    with cli_progress.progress(list("abcd"), "solving") as items:
        assert list(items) == list("abcd")
    assert "solving" in terminal.getvalue()
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    with cli_progress.progress(list("abcd"), "solving") as items:
        assert list(items) == list("abcd")
    assert pipe.getvalue() == ""

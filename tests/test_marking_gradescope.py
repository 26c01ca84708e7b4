"""Gradescope: ``results.json`` against its documented form, and a whole autograder folder run end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from extent import some

from backsym.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "tests" / "gradescope.schema.json").read_text(encoding="utf-8"))

PROBLEM = """\
title: A neuron
symbols: {x: {role: input}, t: {role: target}, w: {role: parameter}, b: {role: parameter}}
forward:
  - z = w*x + b
  - y = tanh(z)
  - L = squared_error(y, t)
parts:
  - {derive: [y, z], marks: 4}
  - {derive: [w], marks: 3, accept: by_name}
  - {ask: What is this?, answer: A neuron.}
"""


def check(folder: Path, answers: str | Path, *options: str) -> Result:
    (folder / "p.yaml").write_text(PROBLEM, encoding="utf-8")
    if isinstance(answers, str):
        path = folder / "answers.yaml"
        path.write_text(answers, encoding="utf-8")
    else:
        path = answers
    return CliRunner().invoke(main, ["check", str(folder / "p.yaml"), str(path), "--format", "gradescope", *options])


def results(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, SCHEMA)
    return found


def by_target(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {test["extra_data"]["target"]: test for test in found["tests"]}


def test_the_schema_refuses_what_is_not_documented() -> None:
    for wrong in ({}, {"tests": [{"status": "passed"}]}, {"tests": [{"score": 1, "status": "ok"}]}, {"score": "1"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_one_student(tmp_path: Path) -> None:
    result = check(tmp_path, "y: y - t\nz: dL/dy (1 + y^2)\nw: (y - t)(1 - y^2) x\n")
    assert result.exit_code == 1, result.output
    tests = by_target(results(result.stdout))
    assert list(tests) == ["y", "z", "w"]
    assert [test["max_score"] for test in tests.values()] == [2.0, 2.0, 3.0]
    assert [test["score"] for test in tests.values()] == [2.0, 0.0, 1.5]
    assert [test["status"] for test in tests.values()] == ["passed", "failed", "failed"]
    assert tests["z"]["tags"] == ["sign"]
    assert tests["z"]["name"] == "∂ℒ/∂z"
    assert "$" not in tests["z"]["output"]


def test_what_a_person_decides_has_neither_passed_nor_failed(tmp_path: Path) -> None:
    """An answer that is left out has failed."""
    result = check(tmp_path, "y: ((\nz: y - t\n")
    found = results(result.stdout)
    tests = by_target(found)
    assert "Answers on which a person decides: 1." in found["output"]
    assert "status" not in tests["y"]
    assert tests["y"]["extra_data"]["for_a_person"] is True
    assert "A person decides" in tests["y"]["output"]
    assert tests["y"]["score"] == 0
    assert tests["w"]["status"] == "failed"
    assert "for_a_person" not in tests["w"]["extra_data"]


def test_what_is_not_asked_for_does_not_count(tmp_path: Path) -> None:
    """A score cannot be raised by answering more, or one question twice."""
    result = check(tmp_path, "y: y - t\n'y[1]': y - t\n' y ': y - t\nL: 1\nb: dL/dz\nq: 1\n")
    found = results(result.stdout)
    assert sum(test["score"] for test in found["tests"]) == 2.0
    assert sum(test["max_score"] for test in found["tests"]) == 7.0
    assert {test["extra_data"]["target"] for test in found["tests"] if test["max_score"]} == {"y", "z", "w"}


def test_a_question_may_be_named_by_its_derivative(tmp_path: Path) -> None:
    found = results(check(tmp_path, "dL/dy: y - t\ndL/dz: dL/dy (1 - y^2)\ngrad(w): dL/dz x\ny: y - t\n").stdout)
    assert sum(test["score"] for test in found["tests"]) == sum(test["max_score"] for test in found["tests"]) == 7.0


@pytest.mark.parametrize("marks", ["1", "0.7", "2"])
def test_marks_that_are_shared_by_three_add_up(tmp_path: Path, marks: str) -> None:
    text = "symbols: {x: {role: input}}\nforward: [z = w*x, y = tanh(z), L = y*y]\n"
    (tmp_path / "q.yaml").write_text(f"{text}parts: [{{derive: [y, z, w], marks: {marks}}}]\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("y: 2*y\nz: dL/dy (1 - y^2)\nw: dL/dz x\n", encoding="utf-8")
    arguments = ["check", str(tmp_path / "q.yaml"), str(tmp_path / "a.yaml"), "--format"]
    found = results(CliRunner().invoke(main, [*arguments, "gradescope"]).stdout)
    assert [test["status"] for test in found["tests"]] == ["passed"] * 3
    assert found["output"] == "3 of 3 answers are right."
    for key in ("score", "max_score"):
        assert sum(test[key] for test in found["tests"]) == pytest.approx(float(marks), abs=1e-12)
    shown = json.loads(CliRunner().invoke(main, [*arguments, "json"]).stdout)
    assert {row["score"] for row in shown} == {round(float(marks) / 3, 6)}


def test_a_wrong_answer_has_not_passed_where_nothing_is_to_earn(tmp_path: Path) -> None:
    text = "forward: [y = w*x, L = y*y]\nsymbols: {x: {role: input}}\nparts: [{derive: [y, w], marks: 0}]\n"
    (tmp_path / "q.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "a.yaml").write_text("y: 3*y\nw: dL/dy*x\n", encoding="utf-8")
    arguments = ["check", str(tmp_path / "q.yaml"), str(tmp_path / "a.yaml"), "--format", "gradescope"]
    found = results(CliRunner().invoke(main, arguments).stdout)
    assert [test["status"] for test in found["tests"]] == ["failed", "passed"]


def test_one_entry_is_not_the_whole(tmp_path: Path) -> None:
    text = "symbols: {W: [K, D], x: {shape: [D]}}\nforward: [y = W @ x, L = sum(y)]\nparts: [derive: [W]]\n"
    (tmp_path / "q.yaml").write_text(text, encoding="utf-8")
    for target, score in (("'W[1,1]'", 0.0), ("'W[k,d]'", 1.0)):
        answer = "x[1]" if "1" in target else "x[d]"
        (tmp_path / "a.yaml").write_text(f"{target}: {answer}\n", encoding="utf-8")
        arguments = ["check", str(tmp_path / "q.yaml"), str(tmp_path / "a.yaml"), "--format", "gradescope"]
        found = results(CliRunner().invoke(main, arguments).stdout)
        assert sum(test["score"] for test in found["tests"]) == score, found


def test_what_is_left_out_scores_nothing(tmp_path: Path) -> None:
    tests = by_target(results(check(tmp_path, "z: dL/dy (1 - y^2)\n").stdout))
    assert {name: (test["score"], test["status"]) for name, test in tests.items()} == {
        "y": (0.0, "failed"), "z": (2.0, "passed"), "w": (0.0, "failed"),
    }  # fmt: skip


def test_a_class_needs_another_form(tmp_path: Path) -> None:
    table = tmp_path / "class.csv"
    table.write_text("student,y\nann,y - t\nbob,y - t\n", encoding="utf-8")
    result = check(tmp_path, table)
    assert result.exit_code == 2
    assert "one student" in result.stderr


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("answers.yaml", "y: [unclosed\n", ""),
        ("answers.yaml", "", "empty"),
        ("answers.txt", "y: y - t\n", "no file answers.yaml"),
    ],
)
def test_a_submission_that_cannot_be_read(tmp_path: Path, name: str, text: str, message: str) -> None:
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    out = tmp_path / "results.json"
    assert check(tmp_path, folder, "-o", str(out)).exit_code == 2
    found = results(out.read_text(encoding="utf-8"))
    assert message in found["output"]
    assert [test["score"] for test in found["tests"]] == [0.0, 0.0, 0.0]


def test_a_link_in_a_submission_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("y: y - t\n", encoding="utf-8")
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "answers.yaml").symlink_to(tmp_path / "secret")
    assert check(tmp_path, folder, "-o", str(tmp_path / "r.json")).exit_code == 2
    assert sum(test["score"] for test in results((tmp_path / "r.json").read_text(encoding="utf-8"))["tests"]) == 0.0


def test_a_problem_that_asks_for_nothing_makes_no_autograder(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("forward: [y = x*x, L = y*y]\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(tmp_path / "p.yaml"), "--autograder", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "asks for a derivative" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def autograder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as Gradescope lays it out, after its own ``setup.sh``; pip stands for the package index."""
    root = tmp_path_factory.mktemp("autograder")
    (root / "p.yaml").write_text(PROBLEM, encoding="utf-8")
    source = root / "source"
    result = CliRunner().invoke(main, ["check", str(root / "p.yaml"), "--autograder", str(source)])
    assert result.exit_code == 0, result.output
    assert {p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file()} == {
        "setup.sh", "run_autograder", "backsym.zip", "problem.yaml", "students/answers.yaml",
    }  # fmt: skip
    assert os.access(source / "setup.sh", os.X_OK)
    # No test asks the network for packages: venv is real, and its pip is one that says what it was asked for.
    tools = root / "tools"
    tools.mkdir()
    fake = tools / "python"
    fake.write_text(FAKE_PYTHON.format(python=sys.executable), encoding="utf-8")
    fake.chmod(0o755)
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": str(fake)}
    subprocess.run(["bash", str(source / "setup.sh")], env=environment, check=True, timeout=120)
    asked = (root / "pip-asked").read_text(encoding="utf-8")
    assert asked.split() == ["install", "click>=8.1", "jinja2>=3.1", "numpy>=1.24", "pyyaml>=6.0"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{need}"' in project for need in asked.split()[1:])
    again = root / "again"
    assert CliRunner().invoke(main, ["check", str(root / "p.yaml"), "--autograder", str(again)]).exit_code == 0
    assert (again / "backsym.zip").read_bytes() == (source / "backsym.zip").read_bytes()
    form = (source / "students" / "answers.yaml").read_text(encoding="utf-8")
    assert "# What you may write in an answer" in form
    return root


FAKE_PYTHON = """\
#!/usr/bin/env bash
# Stands for python3: -m venv DIR makes DIR/bin/python, which runs the backsym under test, and whose pip only notes.
if [ "$1" = -m ] && [ "$2" = venv ]; then
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
elif [ "$1" = -m ] && [ "$2" = pip ]; then
    shift 2
    echo "$@" > "$AUTOGRADER_ROOT/pip-asked"
else
    # Nothing of this clone is on the path, only what the archive holds.
    exec {python} "$@"
fi
"""


def graded(root: Path, answers: str) -> dict[str, Any]:
    """What ``run_autograder`` writes about a submission."""
    for name in ("submission", "results"):
        (root / name).mkdir(exist_ok=True)
    (root / "results" / "results.json").unlink(missing_ok=True)
    (root / "submission" / "answers.yaml").write_text(answers, encoding="utf-8")
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root)}
    run = [str(root / "source" / "run_autograder")]
    done = subprocess.run(run, env=environment, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return results((root / "results" / "results.json").read_text(encoding="utf-8"))


def test_the_autograder_runs_what_it_carries(autograder: Path) -> None:
    """The unpacked archive, without anything beside it, and with its own templates."""
    files = autograder / "backsym-files"
    assert (files / "backsym" / "_data" / "templates" / "de" / "feedback.yaml").is_file()
    asked = "import backsym; from backsym.core.bundled import resource; print(backsym.__file__, resource('templates'))"
    environment = {**os.environ, "PYTHONPATH": str(files)}
    run = [sys.executable, "-c", asked]
    shown = subprocess.run(run, env=environment, cwd=autograder, capture_output=True, text=True, check=True).stdout
    assert [path.startswith(str(files)) for path in shown.split()] == [True, True]


def test_the_autograder_end_to_end(autograder: Path) -> None:
    found = graded(autograder, "y: y - t\nz: dL/dy * (1 - tanh(z)^2)\nw: dL/dz * x\n")
    assert sum(test["score"] for test in found["tests"]) == 7.0
    found = graded(autograder, "y: t - y\nz: dL/dy * (1 - tanh(z)^2)\nw: dL/dz\n")
    assert [test["status"] for test in found["tests"]] == ["failed", "passed", "failed"]
    assert "y - t" not in found["tests"][0]["output"], "an autograder gives no answer away"


def test_the_autograder_survives_any_submission(autograder: Path) -> None:
    hostile = "y: 9**9**9**9\nz: \\input{/etc/passwd}\nw: __import__('os')\n"
    for answers in some(("y: [", "", hostile, "a: &a [*a]\n"), 2):
        assert sum(test["score"] for test in graded(autograder, answers)["tests"]) == 0.0


def test_the_form_for_students_is_read_as_answers(autograder: Path) -> None:
    form = (autograder / "source" / "students" / "answers.yaml").read_text(encoding="utf-8")
    found = graded(autograder, form)
    assert [test["extra_data"]["target"] for test in found["tests"]] == ["y", "z", "w"]

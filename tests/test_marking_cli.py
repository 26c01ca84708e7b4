"""``backsym check``: one answer, YAML, CSV, folders; formats, hints, exit statuses, safe cells."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from patience import prompt

from backsym.cli.main import main

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def test_one_answer_at_the_desk() -> None:
    result = run("mlp-entries", "--target", "W2", "--answer", r"\nabla_{z^{(2)}} L \, a^{(1)\top}")
    assert result.exit_code == 0, result.output
    assert "correct" in result.stdout
    assert "read as: dL/dW2 = dL/dz2 @ a1.T" in result.stdout
    result = run("mlp-entries", "--target", "W2", "--answer", "a1 dL/dz2^T")
    assert result.exit_code == 1
    assert "transpose" in result.stdout


def test_one_student(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("z: (y - t)(1 - tanh^2 z)\nw: dL/dz x\nb: 2 dL/dz\nq: 1\nx: [1, 2]\n", encoding="utf-8")
    result = run("scalar-tanh", path, "--format", "json")
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert [row["target"] for row in rows] == ["z", "w", "b", "q", "x"]
    assert [row["verdict"] for row in rows] == ["correct", "correct", "incorrect", "invalid", "invalid"]
    assert rows[3]["tags"] == ["undeclared"]
    assert all(set(row) == {"student", "target", "verdict", "score", "tags", "feedback", "interpreted"} for row in rows)


def test_all_right_is_status_0(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("y: y - t\nb: dL/dz\n", encoding="utf-8")
    assert run("scalar-tanh", path).exit_code == 0


CLASS = """\
Student,z,w,remark
ann,(y - t)*sech(z)^2,dL/dz x,
"=cmd|' /C calc'!A0",y + t,"(y+t) (1 - tanh(z)^2) x",late
+bob,9**9**9**9,,
"@SUM(1,2)",-(t - y)(1 - tanh^2 z),=1+2,
"""


def test_a_class(tmp_path: Path) -> None:
    path, out = tmp_path / "class.csv", tmp_path / "out" / "marks.csv"
    path.write_text(CLASS, encoding="utf-8")
    result = run("scalar-tanh", path, "--format", "csv", "-o", out)
    assert result.exit_code == 0, "all are marked"
    assert "open decisions: 1" in result.stderr, result.stderr
    assert "ignored: remark" in result.stderr
    rows = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert rows[0] == [
        "student", "target", "verdict", "score", "tags", "feedback", "interpreted", "answer", "maximum",
    ]  # fmt: skip
    assert [row[-2] for row in rows[1:]][::2][:2] == ["(y - t)*sech(z)^2", "y + t"]
    assert {row[-1] for row in rows[1:]} == {"1.0"}
    assert len(rows) == 1 + 4 * 2
    assert [row[2] for row in rows[1:]] == [
        "correct", "correct", "incorrect", "incorrect", "undetermined", "invalid", "correct", "incorrect",
    ]  # fmt: skip
    for row in rows[1:]:
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "|", "%")), cell


def test_a_folder_of_students(tmp_path: Path) -> None:
    (tmp_path / "ann.yaml").write_text("y: y - t\n", encoding="utf-8")
    (tmp_path / "bob.yaml").write_text("y: [unclosed\n", encoding="utf-8")
    (tmp_path / "eve.yml").write_text("a: &a [x, x]\nb: *a\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not read\n", encoding="utf-8")
    rows = json.loads(run("scalar-tanh", tmp_path, "--format", "json").stdout)
    assert [row["student"] for row in rows] == ["ann", "bob", "eve"]
    assert [row["verdict"] for row in rows] == ["correct", "invalid", "invalid"]


def test_following_through_goes_by_the_graph(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    for text, expected in (
        ("y: t - y\nz: (t - y)(1 - tanh(z)^2)\n", ["incorrect", "follow_through"]),
        ("z: (t - y)(1 - tanh(z)^2)\ny: t - y\n", ["follow_through", "incorrect"]),
    ):
        path.write_text(text, encoding="utf-8")
        rows = json.loads(run("scalar-tanh", path, "--format", "json").stdout)
        assert [row["verdict"] for row in rows] == expected


@pytest.mark.parametrize("hints", ["none", "gentle", "full"])
def test_hints(hints: str) -> None:
    result = run("scalar-tanh", "--target", "x", "--answer", "w dL/dz", "--hints", hints, "--format", "json")
    feedback = json.loads(result.stdout)[0]["feedback"]
    gives_away = r"\frac{\partial \mathcal{L}}{\partial y}" in feedback
    assert gives_away == (hints == "full")
    assert ("path" in feedback or "term" in feedback) == (hints != "none")


def test_accept() -> None:
    arguments = ("scalar-tanh", "--target", "w", "--answer", "(y - t)(1 - tanh(z)^2) x")
    assert run(*arguments).exit_code == 0
    result = run(*arguments, "--accept", "by_name")
    assert result.exit_code == 1
    assert "equivalent_form" in result.stdout


def test_the_sheet_of_what_one_may_write() -> None:
    result = run("--syntax")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) < 60
    assert "A gradient has the shape of its variable" in " ".join(result.stdout.split())


def test_the_question_sheet_has_it_too(tmp_path: Path) -> None:
    arguments = ["solve", "scalar-tanh", "--format", "html", "-o", str(tmp_path)]
    for option, there in (("--questions", True), ("--key", False)):
        assert CliRunner().invoke(main, [*arguments, option]).exit_code == 0
        page = next(tmp_path.glob(f"*{option[1:]}.html")).read_text(encoding="utf-8")
        assert ("<summary>What you may write in an answer</summary>" in page) == there
        assert ("A gradient has the shape of its variable" in " ".join(page.split())) == there


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "FILE is missing"),
        (("scalar-tanh",), "either ANSWERS or"),
        (("scalar-tanh", "--target", "w"), "belong together"),
        (("no-such-problem", "--target", "w", "--answer", "x"), "no such file"),
        (("scalar-tanh", "--target", "q", "--answer", "x"), "not a quantity"),
        (("handout", "--target", "w", "--answer", "x"), "collection"),
        (("scalar-tanh", "nowhere.yaml"), "no such file"),
    ],
)
def test_unusable_input_is_status_2(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("who,z\nann,y\n", "no column student"),
        ("student,q\nann,y\n", "no column of this file is a target"),
        ("student,student,z\nann,bob,y\n", "stands twice"),
    ],
)
def test_unusable_tables_are_status_2(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "class.csv"
    path.write_text(text, encoding="utf-8")
    result = run("scalar-tanh", path)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text(f"student,z\nann,{'y+' * 600_000}y\nbob,y - t\n", encoding="utf-8")
    rows = json.loads(prompt(lambda: run("scalar-tanh", path, "--format", "json"), 5.0).stdout)
    assert rows[0]["tags"] == ["limit"]
    assert rows[1]["student"] == "bob"


def test_the_terminal_is_safe(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text('student,z\n"\x1b[2Jann\u202e",y - t\n', encoding="utf-8")
    result = run("scalar-tanh", path)
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "class.csv"], "class.csv is an input"),
        (["-o", "problem.yaml"], "problem.yaml is an input"),
        (["--summary", "class.csv"], "class.csv is an input"),
        (["-o", "link.csv"], "link.csv is an input"),
        (["-o", "marks.csv", "--summary", "./marks.csv"], "marks.csv is named twice"),
        (["-o", "marks.json", "--format", "gradescope"], "a results.json is for one student; there are 2"),
        (["-o", "taken/marks.csv"], "taken"),
    ],
)
def test_what_is_read_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    problem = (ROOT / "problems" / "csc311-week6" / "scalar-tanh.yaml").read_text(encoding="utf-8")
    Path("problem.yaml").write_text(problem, encoding="utf-8")
    Path("class.csv").write_text("student,y\nann,y - t\nbob,t - y\n", encoding="utf-8")
    Path("link.csv").symlink_to("class.csv")
    Path("taken").write_text("a file")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = CliRunner().invoke(main, ["check", "problem.yaml", "class.csv", *options])
    assert done.exit_code == 2
    assert message in done.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_of_answers_is_never_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    (folder / "ann.yaml").write_text("y: y - t\n")
    done = CliRunner().invoke(main, ["check", "scalar-tanh", str(folder), "-o", str(folder / "ann.yaml")])
    assert done.exit_code == 2
    assert "ann.yaml is an input" in done.output
    assert (folder / "ann.yaml").read_text() == "y: y - t\n"


def test_an_output_keeps_its_place_and_its_permissions(tmp_path: Path) -> None:
    private, link, pipe = tmp_path / "private.csv", tmp_path / "link.csv", tmp_path / "pipe"
    private.write_text("old")
    private.chmod(0o600)
    link.symlink_to(private)
    answers = tmp_path / "class.csv"
    answers.write_text("student,y\nann,y - t\nbob,t - y\n")
    command = ["check", "scalar-tanh", str(answers), "--format", "csv", "-o"]
    assert CliRunner().invoke(main, [*command, str(link)]).exit_code == 0
    assert link.is_symlink()
    assert private.stat().st_mode & 0o777 == 0o600
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    assert CliRunner().invoke(main, [*command, str(pipe)]).exit_code == 0
    reader.join(10)
    assert read == [private.read_text()]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class.csv", "link.csv", "pipe", "private.csv"]

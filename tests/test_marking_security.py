"""Hostile answers and files: each gets its verdict within a second, and reaches no file, process or formula.

The first table is of answers, the second of files.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from patience import prompt

import backsym
from backsym.cli.main import main
from backsym.core.problem import Problem
from backsym.marking.reporting import reports
from backsym.marking.verdicts import Marker, Verdict

ROOT = Path(__file__).resolve().parents[1]

"""Of processor time, so that a busy machine does not fail the test."""

ANSWERS: dict[str, str] = {
    "powers": "9**9**9**9",
    "powers in LaTeX": "9^{9^{9^{9^{9}}}}",
    "a factorial of digits": "9" * 4000,
    "an exponent of digits": "1e999999999",
    "a power of a quantity": "z**99999999999",
    "parentheses": "(" * 10_000 + "z" + ")" * 10_000,
    "parentheses within the limit": "(" * 2_000 + "z" + ")" * 2_000,
    "unclosed parentheses": "(" * 10_000,
    "unclosed braces": "{" * 4_000,
    "fractions": "\\frac{1}{" * 500 + "z" + "}" * 500,
    "roots": "\\sqrt{" * 600 + "z" + "}" * 600,
    "functions": "tanh(" * 800 + "z" + ")" * 800,
    "minus signs": "-" * 4_000 + "z",
    "primes": "tanh" + "'" * 3_000 + "(z)",
    "a megabyte": "z + " * 250_000 + "z",
    "a megabyte of one name": "z" * 1_000_000,
    "a megabyte of line breaks": "\n" * 1_000_000,
    "a megabyte of spaces": " " * 1_000_000,
    "spaces within the limit": "z" + " " * 4_000 + "+ 1",
    "a call on nothing": ".(z).sum()",
    "bars without end": (
        r"(1-\tanh(z)" + "|" * 30 + r"-\tanh(z)|||||% y\,(0-\tanh(z)" + "|" * 30 + r"-\tanh(z)f" + "|" * 15 + "^2)"
    ),
    "calls on nothing": "..[z].T(z)(.z).sum().T.sum()",
    "words only": "abcd " * 800 + "=",
    "reasons only": "by the " * 580 + "= z",
    "a reason and many dots": "z by the" + "." * 4_000 + "= z",
    "equations linked by words": "z = z and so " * 300,
    "numbers of steps": "1) " * 1_300,
    "bullets": "- z = z\n" * 500,
    "where": "where z = z\n" * 340,
    "text that is never closed": "\\text{so " * 450,
    "many terms": "+".join(["z"] * 2_000),
    "many factors": "*".join(["z"] * 2_000),
    "juxtaposition": "z " * 2_000,
    "nested sums": "sum(" * 20 + "A1[n,j]" + ", n)" * 20,
    "sums over many letters": "sum(W2[k,j]*W2[l,m]*A1[n,o]*A1[p,q]*T[r,s]*T[u,v], k, j, l, m, n, o, p, q, r, s, u, v)",
    "nested sums in LaTeX": "\\sum_{k=1}^{K} " * 300 + "z",
    "large ones": "ones(99999, 99999)",
    "a large identity": "eye(999999999)",
    "an outer product of many": "outer(" * 30 + "z" + ", z)" * 30,
    "an einsum": "einsum('" + "a," * 40 + "a->a', " + "z," * 40 + "z)",
    "many equations": "\n".join(f"q{n} = z" for n in range(400)),
    "a chain of equalities": " = ".join(["z"] * 400),
    "names that double": "\n".join(["a0 = z", *(f"a{n + 1} = a{n}*a{n} + a{n}" for n in range(60)), "a60"]),
    "\\input": "\\input{/etc/passwd}",
    "\\write18": "\\immediate\\write18{touch /tmp/x}",
    "\\def": "\\def\\x{\\x\\x}\\x",
    "\\csname": "\\csname input\\endcsname{/etc/passwd}",
    "__import__": "__import__('os').system('touch x')",
    "attributes": "().__class__.__bases__[0].__subclasses__()",
    "eval": "eval('1')",
    "lambda": "(lambda: z)()",
    "open": "open('/etc/passwd').read()",
    "a format": "{0.__class__}",
    "a format of the feedback": "{lhs} {names} {message} = z",
    "null characters": "z\0\0\0",
    "half a character": "z \ud800",
    "directions": "\u202ez\u202c",
    "the cursor": "\x1b[2J\x1b]0;title\x07z",
    "combining signs": "z" + "\u0301" * 4_000,
    "wide digits": "１２３ * z",
    "a formula of a spreadsheet": "=cmd|' /C calc'!A0",
    "methods": ".dot(" * 500 + "z" + ")" * 500,
    "sums as methods": "x.sum(" * 300,
    "choices": "where(z>0," * 100 + "z,0" + ")" * 100,
    "columns": "z" + "[:,None]" * 400,
    "bars": "\\bar{" * 500 + "z" + "}" * 500,
    "comments": "#" * 4_000,
    "HTML": "<script>alert(1)</script>",
    "Markdown": "![x](http://x.example/y.png) `a` $b$",
    "nothing": "",
    "dollars": "$" * 4_000,
    "ampersands": "&" * 4_000,
    "backslashes": "\\" * 4_001,
    "words of text": "where " * 600 + "=",
    "equals signs": "=" * 4_000,
}

FORBIDDEN = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "os.remove")
_watched: list[str] | None = None


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if _watched is not None:
        writes = event == "open" and isinstance(args[1], str) and any(sign in args[1] for sign in "wax+")
        if event in FORBIDDEN or writes:
            _watched.append(f"{event} {args!r}")


sys.addaudithook(_watch)


@contextmanager
def nothing_is_touched() -> Iterator[None]:
    """No process, no connection, and no file for writing while this lasts."""
    global _watched
    _watched = []
    try:
        yield
        found = _watched
    finally:
        _watched = None
    assert not found


def marker_of(name: str) -> Marker:
    problem = backsym.load(str(ROOT / "problems" / "csc311-week6" / f"{name}.yaml"))
    assert isinstance(problem, Problem)
    return Marker(problem)


@pytest.fixture(scope="module")
def markers() -> dict[str, Marker]:
    made = {"z": marker_of("scalar-tanh"), "W2": marker_of("backward-batch")}
    for target, marker in made.items():
        for text in ("z", "dL/dz x", "{", "sum(", "\\frac{1}{2}"):
            marker.mark(target, text)  # What is prepared once is prepared now.
    return made


@pytest.mark.parametrize("target", ["z", "W2"])
@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer(markers: dict[str, Marker], name: str, target: str) -> None:
    marker, text = markers[target], ANSWERS[name]

    def marked() -> tuple[Verdict, str]:
        found = marker.mark(target, text)
        return found, reports.as_table([found]) + reports.as_csv([found]) + reports.as_json([found])

    with nothing_is_touched():
        verdict, shown = prompt(marked)
    assert verdict.verdict in ("incorrect", "invalid", "undetermined")
    assert verdict.score == 0.0
    assert len(shown) < 30_000
    assert "\x1b" not in shown
    assert "\u202e" not in reports.as_table([verdict])
    safe_cells(reports.as_csv([verdict]))


def safe_cells(text: str) -> None:
    """No cell starts a formula, for a spreadsheet that goes by commas, semicolons or tabs."""
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                assert not cell.lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r")), cell


# --- files -----------------------------------------------------------------------------------------------------------


def check(path: Path, *options: str) -> Result:
    """``backsym check`` on a file of answers, which takes no more than a second beyond its start."""
    marker_of("scalar-tanh")
    arguments = ["check", "scalar-tanh", str(path), *(options or ("--format", "json"))]
    # Two seconds more than for a text: the problem is loaded, solved and proved as well.
    result = prompt(lambda: CliRunner().invoke(main, arguments), 3.0)
    assert "Traceback" not in result.output
    assert "bug in backsym" not in result.output
    return result


FORMULAS = ("=1+2", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "|x", "%x", " =1", "x;=1", "x\n=1", '=HYPERLINK("x")')


def test_formulas_in_and_out(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    out = io.StringIO()
    csv.writer(out).writerows([["student", "z", "=cmd"], *([formula, formula, "x"] for formula in FORMULAS)])
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    text = check(path, "--format", "csv").stdout
    students = {formula.strip() for formula in FORMULAS}  # Each is marked once.
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 1 + len(students)
    safe_cells(text)


YAML_FILES: dict[str, tuple[str, str]] = {
    "a billion laughs": ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)), "begin with &"),
    "depth": ("z: " + "[" * 100_000, "nested"),
    "depth of mappings": ("{z: " * 5_000, "nested"),
    "a tag": ("z: !!python/object/apply:os.system ['touch x']\n", "begin with !"),
    "merge keys": ("a: {b: c}\n<<: x\n", ""),
    "two megabytes": ("z: " + "x" * 2_000_000, "larger than"),
    "many targets": ("".join(f"q{n}: x\n" for n in range(20_000)), "more than"),
    "many documents": ("--- x\n" * 10_000, ""),
    "no text": ("z: \x00\x01", ""),
    "a list": ("- z\n", "mapping"),
    "comments only": ("# z: y - t\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", YAML_FILES)
def test_a_hostile_file_of_one_student(tmp_path: Path, name: str) -> None:
    """By itself it cannot be used; in a class it costs its student the marks, and nobody else."""
    text, message = YAML_FILES[name]
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "mallory.yaml").write_text(text, encoding="utf-8")
    (folder / "nina.yaml").write_text("z: (y - t)*(1 - y**2)*0 + (y - t)*(1 - tanh(z)**2)\n", encoding="utf-8")
    rows = json.loads(check(folder).stdout)
    assert [row["verdict"] for row in rows if row["student"] == "nina"] == ["correct"]
    hostile = [row for row in rows if row["student"] == "mallory"]
    assert hostile
    assert all(row["verdict"] == "invalid" for row in hostile)
    assert message in hostile[0]["feedback"]
    assert len(hostile) <= 3, "what stands there, and what nina answered"


def test_names_of_files(tmp_path: Path) -> None:
    """A name is a name of a student and nothing else; links and folders are not read."""
    folder = tmp_path / "class"
    folder.mkdir()
    secret = tmp_path / "secret.yaml"
    secret.write_text("z: (y - t)/cosh(z)^2\n", encoding="utf-8")
    good = "z: (y - t)/cosh(z)^2\n"
    for name in ("..x.yaml", "=cmd.yaml", "a;=b.yaml", "-o.yaml", "a\x1b[2J.yaml", "$(id).yml", "ann.yaml", "ann.yml"):
        (folder / name).write_text(good, encoding="utf-8")
    (folder / "link.yaml").symlink_to(secret)
    (folder / "dangling.yaml").symlink_to(tmp_path / "nowhere")
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    with open(os.fsencode(folder) + b"/latin\xe9.yaml", "w", encoding="utf-8") as file:
        file.write(good)
    result = check(folder)
    rows = json.loads(result.stdout)
    verdicts = {row["student"]: row["verdict"] for row in rows}
    assert {s for s, verdict in verdicts.items() if verdict == "invalid"} == {"link", "dangling", "folder", "pipe"}
    assert [row["student"] for row in rows].count("ann") == 1
    assert "stand more than once: ann" in result.stderr
    assert "latin\ufffd" in verdicts
    assert "..x" not in verdicts, "files that begin with a dot are those of the system"
    safe_cells(check(folder, "--format", "csv").stdout)
    assert "\x1b" not in check(folder, "--format", "table").stdout


def test_a_student_named_as_a_way_out_of_the_folder(tmp_path: Path) -> None:
    path, out = tmp_path / "class.csv", tmp_path / "out" / "marks.csv"
    path.write_text("student,z\n../x,dL/dz\n/etc/passwd,dL/dz\n", encoding="utf-8")
    check(path, "--format", "csv", "-o", str(out))
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")} == {"class.csv", "out", "out/marks.csv"}


TABLE = "student,z,w\nann,dL/dz,dL/dz x\nbob,,1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le with mark", "utf-16-be with mark"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_tables_as_spreadsheets_save_them(tmp_path: Path, encoding: str, delimiter: str, ending: str) -> None:
    from backsym.marking.reporting.submissions import read_submissions

    path = tmp_path / "class.csv"
    text = TABLE.replace(",", delimiter).replace("\n", ending)
    if encoding.endswith("mark"):
        data = ("\ufeff" + text).encode(encoding.split()[0])
    else:
        data = text.encode(encoding)
    path.write_bytes(data)
    found = read_submissions(path, ("z", "w"))
    assert [(item.student, item.answers) for item in found.items] == [
        ("ann", {"z": "dL/dz", "w": "dL/dz x"}), ("bob", {"z": "", "w": "1"}),
    ]  # fmt: skip


def test_empty_cells_and_short_lines_are_answers_too(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("student,z,w\nann,dL/dy sech(z)^2\n,dL/dy sech(z)^2,\n\n   ,,\nbob\n", encoding="utf-8")
    rows = json.loads(check(path).stdout)
    assert [(row["student"], row["target"], row["verdict"]) for row in rows] == [
        ("ann", "z", "correct"), ("ann", "w", "invalid"), (None, "z", "correct"), (None, "w", "invalid"),
        ("bob", "z", "invalid"), ("bob", "w", "invalid"),
    ]  # fmt: skip


def test_an_answer_with_a_comma_lacks_its_quotes(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("student,z,w\nann,sum(x, axis=0),dL/dz x\nbob,dL/dy sech(z)^2,dL/dz x,\n", encoding="utf-8")
    rows = json.loads(check(path).stdout)
    assert [row["verdict"] for row in rows] == ["invalid", "invalid", "correct", "correct"]
    assert "line 2 has 4 cells" in rows[0]["feedback"]


def test_students_who_stand_twice_are_marked_once(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("student,z\nann,dL/dy sech(z)^2\nbob,1\nann,1\nann,dL/dy\n", encoding="utf-8")
    result = check(path)
    rows = [(row["student"], row["interpreted"].count("y"), row["verdict"]) for row in json.loads(result.stdout)]
    assert [(student, verdict) for student, _, verdict in rows] == [("bob", "incorrect"), ("ann", "incorrect")]
    assert rows[1][1] > rows[0][1], "the last time counts"
    assert "stand more than once: ann" in result.stderr


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "empty"),
        (b"z\ny - t\n", "no column student"),
        (b"student\nann\n", "no column of this file is a target"),
        (b"student,z\n", "there are no students"),
        (b'student,z\nann,"y - t\nbob,t - y\n', "class.csv:2:5: the quotes that begin on this line do not match"),
        (b'student,z\r\nann,y\r\nbob,"y - t\r\ncid,"t - y"\r\n', "class.csv:3:5: the quotes"),
        (b"student,z\nann,\xe9\n", "class.csv:2:5: this file is not UTF-8 text\n    ann,é\n        ^"),
        (b"\xff\xfes", "not UTF-16 text"),
        (b"student,z\nann," + b"x" * 10_000_001 + b"\n", "not read as CSV"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "class.csv"
    path.write_bytes(data)
    result = check(path)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_a_class_should_know_about_its_table(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("sep=;\nstudent;dL/dz;dL/dW;Y\nann;dL/dy;x;1\n;dL/dy;x;1\n", encoding="utf-8-sig")
    result = check(path)
    assert [row["student"] for row in json.loads(result.stdout)] == ["ann", None]
    assert "ignored: dL/dW, Y\n  did you mean w?\n  did you mean y?\n" in result.stderr
    assert "without the name of a student: 1" in result.stderr

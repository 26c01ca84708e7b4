"""People decide: queue, what is filled in, difference; columns of exports; gradebooks; a class from end to end."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from backsym.cli.main import main
from backsym.core.errors import InputError
from backsym.core.resources import find_problem
from backsym.marking.reporting.columns import Wanted, find_columns
from backsym.marking.reporting.gradebook import gradebook
from backsym.marking.reporting.records import Record
from backsym.marking.reporting.review import Decision, Review, applied, queue, read_review, review_text
from backsym.reading.files.loader import load

UNCLEAR = "dL/dz*(x"
BORROWED = "dL/db*x"
CLASS = f"""\
student,z,w
ann,(y - t)*(1 - tanh(z)**2),{UNCLEAR}
bob,-(y - t)*(1 - tanh(z)**2),{UNCLEAR}
eve,(y - t)*(1 - y**2),{BORROWED}
zoe,2*y,{UNCLEAR.replace("*", " * ")}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "class.csv").write_text(CLASS, encoding="utf-8")
    return tmp_path


def marked(folder: Path, *further: object) -> Result:
    arguments = ("--format", "csv", "-o", folder / "marks.csv", "--review", folder / "review.yaml")
    return run("scalar-tanh", folder / "class.csv", *arguments, *further)


def marks(folder: Path) -> dict[tuple[str, str], Mapping[str, str]]:
    rows = csv.DictReader(io.StringIO((folder / "marks.csv").read_text(encoding="utf-8")))
    return {(row["student"], row["target"]): row for row in rows}


def decisions(folder: Path) -> list[dict[str, object]]:
    loaded = yaml.safe_load((folder / "review.yaml").read_text(encoding="utf-8"))
    assert list(loaded) == ["decisions"]
    found: list[dict[str, object]] = loaded["decisions"]
    return found


def decide(folder: Path, n: int, **changes: object) -> None:
    found = decisions(folder)
    found[n] |= changes
    text = yaml.safe_dump({"decisions": found}, allow_unicode=True)
    (folder / "review.yaml").write_text(text, encoding="utf-8")


# --- the queue -------------------------------------------------------------------------------------------------------


def test_equal_readings_are_one_decision(folder: Path) -> None:
    result = marked(folder)
    assert result.exit_code == 0, result.output
    assert "open decisions: 3" in result.stderr
    found = decisions(folder)
    assert all(
        list(each) == ["target", "read_as", "answers", "students", "verdict", "score", "comment"] for each in found
    )
    assert [(each["target"], each["answers"], each["students"]) for each in found] == [
        ("w", [UNCLEAR], ["ann", "bob"]), ("w", [BORROWED], ["eve"]), ("w", ["dL/dz * (x"], ["zoe"]),
    ]  # fmt: skip
    assert found[1]["read_as"] == "dL/dw = dL/db*x"


def test_what_is_filled_in_is_applied_and_kept(folder: Path) -> None:
    marked(folder)
    decide(folder, 0, verdict="correct", comment="The parenthesis: 'fine'.\nNext time close it.")
    decide(folder, 1, score=0.25)
    result = marked(folder)
    assert "open decisions: 1" in result.stderr
    rows = marks(folder)
    for student in ("ann", "bob"):
        row = rows[student, "w"]
        assert (row["verdict"], float(row["score"]), row["tags"]) == ("correct", 1.0, "")
        assert "Next time close it." in row["feedback"]
    assert (rows["eve", "w"]["verdict"], float(rows["eve", "w"]["score"])) == ("incorrect", 0.25)
    before = (folder / "review.yaml").read_bytes()
    assert marked(folder).exit_code == 0
    assert (folder / "review.yaml").read_bytes() == before


def test_decisions_survive_other_answers(folder: Path) -> None:
    marked(folder)
    decide(folder, 0, verdict="correct", comment="fine")
    other = CLASS.replace(f"ann,(y - t)*(1 - tanh(z)**2),{UNCLEAR}", "ann,((,dL/dz*x").replace("\nbob,", "\nben,")
    (folder / "class.csv").write_text(other, encoding="utf-8")
    marked(folder)
    first, *rest = decisions(folder)
    assert (first["verdict"], first["comment"], first["students"]) == ("correct", "fine", ["ben"])
    assert {(each["target"], *map(str, each["answers"])) for each in rest} >= {("z", "((")}  # type: ignore[call-overload]
    (folder / "class.csv").write_text("student,z,w\nann,y,y\n", encoding="utf-8")
    marked(folder)
    (only,) = decisions(folder)
    assert (only["verdict"], only["students"]) == ("correct", ["ben"]), "nobody has it now; it stays"


def test_an_override_of_what_was_read_well(folder: Path) -> None:
    own = {"target": "z", "students": ["bob"], "score": "1/2", "comment": "Seen in the office."}
    (folder / "review.yaml").write_text(yaml.safe_dump({"decisions": [own]}), encoding="utf-8")
    for _ in range(2):
        assert marked(folder).exit_code == 0
        row = marks(folder)["bob", "z"]
        assert (float(row["score"]), row["feedback"]) == (0.5, "Seen in the office.")
        assert marks(folder)["ann", "z"]["verdict"] == "correct"
        assert decisions(folder)[0]["students"] == ["bob"]


def test_a_comment_alone_leaves_it_open(folder: Path) -> None:
    marked(folder)
    decide(folder, 1, comment="I shall ask Eve.")
    result = marked(folder)
    assert "open decisions: 3" in result.stderr
    assert marks(folder)["eve", "w"]["verdict"] == "undetermined"
    assert marks(folder)["eve", "w"]["feedback"].endswith("I shall ask Eve.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("decisions: [", "not YAML"),
        ("forward: [L = x]\n", "unknown key forward"),
        ("[]\n", "no review file"),
        ("decisions: {target: z}\n", "no review file"),
        ("decisions: [z]\n", "a decision is a mapping"),
        ("decisions: [{answers: [y]}]\n", "needs the target"),
        ("decisions: [{target: z, verdict: corect}]\n", "did you mean correct?"),
        ("decisions: [{target: z, verdict: undetermined}]\n", "verdict is"),
        ("decisions: [{target: z, score: many}]\n", "score is a number"),
        ("decisions: [{target: z, score: -1}]\n", "score is a number"),
        ("decisions: [{target: z, score: 1e999999999}]\n", "score is a number"),
        ("decisions: [{target: z, score: nan}]\n", "score is a number"),
        ("decisions: [{target: z, students: [bob], score: 7}]\n", "which has 1 marks"),
        ("decisions: [{target: z, verdct: correct}]\n", "did you mean verdict?"),
        ("a: &a [x]\ndecisions: *a\n", "error"),
        ("\x00\x01", "error"),
    ],
)
def test_what_is_no_review_is_refused_and_not_lost(folder: Path, text: str, message: str) -> None:
    (folder / "review.yaml").write_text(text, encoding="utf-8")
    result = marked(folder)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "bug" not in result.stderr
    assert (folder / "review.yaml").read_text(encoding="utf-8") == text
    assert not (folder / "marks.csv").exists()


def test_the_answers_are_never_overwritten_by_a_review(folder: Path) -> None:
    path = folder / "class.csv"
    assert run("scalar-tanh", path, "--review", path).exit_code == 2
    assert path.read_text(encoding="utf-8") == CLASS


HOSTILE = [
    "'",
    '"',
    "# no: comment",
    "- a\n- b",
    "{a: 1}",
    "\x01\x1b[2J",
    "\ud800x",
    "\u2028\x85",
    "é∂",
    " lead ",
    "!!x",
    "\\",
]


def test_every_text_comes_back_as_it_was_written(tmp_path: Path) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
    written = Review(
        tuple(Decision("z", "", (text,), (text.strip(),), "incorrect", 0.5, text.strip()) for text in texts)
    )
    path = tmp_path / "review.yaml"
    path.write_text(review_text(written), encoding="utf-8", newline="")
    assert [(each.answers, each.students) for each in read_review(path).decisions] == [
        (each.answers, each.students) for each in written.decisions
    ]
    records = [Record(text, "z", "invalid", 0.0, 1.0, answer=text) for text in HOSTILE]
    again = queue(read_review(path), records)
    assert again.open == 0
    assert {record.verdict for record in applied(again, records, load(str(find_problem("scalar-tanh"))))} == {
        "incorrect"
    }  # type: ignore[arg-type]


def test_of_an_answer_that_is_too_long_to_be_read_the_beginning_is_kept() -> None:
    long = "x" * 5_000
    kept = [Record.of(Record(None, "z", "invalid", 0.0, 1.0, answer=text), None).answer for text in (long, long + "y")]
    assert kept == [long, long + "…"]


# --- the difference --------------------------------------------------------------------------------------------------


def test_it_is_said_whose_marks_change_and_why(folder: Path) -> None:
    marked(folder)
    old = (folder / "marks.csv").read_bytes()
    decide(folder, 0, verdict="correct", comment="fine")
    other = CLASS.replace("bob,-(y", "bob,(y").replace(f"eve,(y - t)*(1 - y**2),{BORROWED}\n", "new,y,y\n")
    (folder / "class.csv").write_text(other, encoding="utf-8")
    result = marked(folder, "--diff", folder / "marks.csv")
    lines = [line.strip() for line in result.stderr.splitlines()]
    assert "7 marks of 4 students change" in " ".join(lines)
    assert "ann  w  invalid 0 -> correct 1: decided by a person: fine" in lines
    assert any(line.startswith("bob  z  incorrect 0 -> correct 1: the answer has changed") for line in lines)
    assert any(line.startswith("eve  z  incorrect 0 -> -: no answer any more") for line in lines)
    assert any(line.startswith("new  z  - -> incorrect 0: not marked before") for line in lines)
    assert lines.index("wrote " + str(folder / "marks.csv")) > max(n for n, line in enumerate(lines) if "->" in line)
    assert (folder / "marks.csv").read_bytes() != old
    again = marked(folder, "--diff", folder / "marks.csv")
    assert "0 marks of 0 students change" in again.stderr


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "student,target,verdict,score\nann,z,correct,much\n"])
def test_another_file_is_no_marks_of_before(folder: Path, text: str) -> None:
    (folder / "old.csv").write_text(text, encoding="utf-8")
    result = marked(folder, "--diff", folder / "old.csv")
    assert result.exit_code == 2
    assert "these are no marks" in result.stderr
    assert not (folder / "marks.csv").exists()
    assert marked(folder, "--diff", folder / "nowhere.csv").exit_code == 2


def test_an_answer_of_any_signs_is_no_change(folder: Path) -> None:
    for answer in ("y\x1b[2J", "=y", " y ", "y;=x", "é\u2028y", "x" * 6_000):
        with (folder / "class.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["student", "z"], ["ann", answer]])
        marked(folder)
        assert "0 marks" in marked(folder, "--diff", folder / "marks.csv").stderr


# --- columns ---------------------------------------------------------------------------------------------------------

Z, W = "(y - t)*(1 - tanh(z)**2)", "dL/dz*x"
EXPORTS = {
    "forms": f"Timestamp,Email Address,What is dL/dz? [2 points],dL/dw = ...\n1,ann@x.org,{Z},{W}\n",
    "canvas": "name,id,sis_id,section,attempt,12: Give $dL/dz$.,1.0,13: Give dL/dw,1.0,score\n"
    f"ann@x.org,7,s7,A,1,<p>{Z}</p>,0,<p>{W}</p>,0,0\n",
    "moodle": f"Surname,First name,Email address,State,Response 1,Response 2\nLee,Ann,ann@x.org,Finished,{Z},{W}\n",
    "gradescope": f"SID,Email,Question 1 Response,Question 2 Response\n7,ann@x.org,{Z},{W}\n",
}
NAMED = {
    "forms": (),
    "canvas": (),
    "moodle": ("--column", "Response 1=z", "--column", "Response 2=dL/dw"),
    "gradescope": ("--student", "Email", "--column", "Question 1 Response=z", "--column", "question 2 response=w"),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text(EXPORTS[name], encoding="utf-8")
    result = run("scalar-tanh", path, "--format", "json", *NAMED[name])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    student = "s7" if name == "canvas" else "ann@x.org"
    assert [(row["student"], row["verdict"]) for row in rows] == [(student, "correct")] * 2, rows
    assert ("is taken for z" in result.stderr) == (not NAMED[name])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--student", "Nmae"), "did you mean Name?"),
        (("--column", "Respnse 1=z"), "did you mean Response 1?"),
        (("--column", "Response 1=zz"), "nothing to check zz against"),
        (("--column", "Response 1"), "give HEADER=TARGET"),
    ],
)
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text("Name,Response 1\nann,y\n", encoding="utf-8")
    result = run("scalar-tanh", path, *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_is_not_clear_is_not_guessed() -> None:
    found = find_columns(["student", "dL/dz and dL/dw", "dL/dw", "dL/dw again", "z"], "a.csv", ("z", "w"), Wanted())
    assert dict(found.answers) == {2: "dL/dw", 4: "z"}
    with pytest.raises(InputError):
        find_columns(["student", "first dL/dw", "second dL/dw"], "a.csv", ("z", "w"), Wanted())


def test_a_target_of_two_columns_is_marked_once(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text(f"student,z,dL/dz,z\nann,{Z},y,y\n", encoding="utf-8")
    result = run("scalar-tanh", path, "--format", "json")
    assert [row["verdict"] for row in json.loads(result.stdout)] == ["correct"]
    assert "several columns for dL/dz, z; the first counts" in result.stderr


# --- one bad line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("y: [unclosed", "never closed"),
        ("y: 'quote", "never closed"),
        ("y: @x", "cannot begin with @"),
        ("y: a: b", "colon"),
        ("\ty: x", "tab"),
        ("y: *x", "begins with *"),
    ],
)
def test_one_bad_line_costs_no_other_answer(tmp_path: Path, bad: str, message: str) -> None:
    for lines in ([bad, f"z: {Z}", f"w: {W}"], [f"z: {Z}", bad, f"w: {W}"], [f"z: {Z}", f"w: {W}", bad]):
        (tmp_path / "ann.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        result = run("scalar-tanh", tmp_path / "ann.yaml", "--format", "json")
        rows = {row["target"]: row["verdict"] for row in json.loads(result.stdout)}
        assert rows.pop("y") in ("invalid", "incorrect")
        assert rows == {"z": "correct", "w": "correct"}
        assert message in result.stderr, result.stderr


def test_a_target_that_is_given_twice_is_marked_once(tmp_path: Path) -> None:
    (tmp_path / "ann.yaml").write_text(f"z: {Z}\nz: y\nw: {W}\n", encoding="utf-8")
    result = run("scalar-tanh", tmp_path / "ann.yaml", "--format", "json")
    assert [(row["target"], row["verdict"]) for row in json.loads(result.stdout)] == [
        ("z", "correct"),
        ("w", "correct"),
    ]
    assert "twice" in result.stderr


# --- gradebooks ------------------------------------------------------------------------------------------------------


def test_one_row_a_student(folder: Path) -> None:
    marked(folder, "--gradebook", folder / "grades.csv")
    rows = list(csv.reader(io.StringIO((folder / "grades.csv").read_text(encoding="utf-8"))))
    assert rows == [["student", "z", "w", "total"], ["ann", "1", "0", "1"], ["bob", "0", "0", "0"],
                    ["eve", "0", "0", "0"], ["zoe", "0", "0", "0"]]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "name", "identity"),
    [
        (
            "canvas",
            "canvas",
            {"Student": "ann@x.org", "ID": "7", "SIS User ID": "s7", "SIS Login ID": "", "Section": "A"},
        ),
        ("moodle", "moodle", {"First name": "Ann", "Last name": "Lee", "Email address": "ann@x.org"}),
        ("moodle", "forms", {"Email address": "ann@x.org"}),
        (
            "canvas",
            "gradescope",
            {"Student": "ann@x.org", "ID": "", "SIS User ID": "", "SIS Login ID": "", "Section": ""},
        ),
    ],
)
def test_canvas_and_moodle_get_their_identity_columns(
    tmp_path: Path, form: str, name: str, identity: dict[str, str]
) -> None:
    path, out = tmp_path / "export.csv", tmp_path / "grades.csv"
    path.write_text(EXPORTS[name], encoding="utf-8")
    result = run("scalar-tanh", path, *NAMED[name], "--gradebook", out, "--gradebook-format", form)
    assert result.exit_code == 0, result.output
    head, *rows = csv.reader(io.StringIO(out.read_text(encoding="utf-8")))
    assert head[: len(identity)] == list(identity)
    assert len(rows) == 1 + (form == "canvas")
    assert rows[-1] == [*identity.values(), "1", "1", "2"]
    if form == "canvas":
        assert rows[0][0].strip() == "Points Possible"
        assert rows[0][-3:] == ["1", "1", "2"]


@pytest.mark.parametrize(("form", "known"), [("moodle", {"ID": "7", "Section": "A"}), ("canvas", {"Username": "a"})])
def test_a_student_of_another_system_is_named_all_the_same(form: str, known: dict[str, str]) -> None:
    text = gradebook([Record("ann", "z", "correct", 1.0, 1.0)], form, "t", {"ann": known})
    assert next(csv.reader(text.splitlines()[-1:]))[0] == "ann"


def test_no_cell_of_a_gradebook_starts_a_formula() -> None:
    text = gradebook([Record("=1+1", "z", "correct", 1.0, 1.0)], "plain", "t")
    assert "'=1+1" in text


# --- from end to end -------------------------------------------------------------------------------------------------

ANSWERS = {
    "z": [Z, "(y - t)*(1 - y**2)", "-(y - t)*(1 - tanh(z)**2)", "y - t", "((", "", "dL/dy*dy/dz"],
    "w": [W, "x dL/dz", "dL/dz", "(y - t)*x", BORROWED, UNCLEAR, "-(y - t)*(1 - tanh(z)**2)*x"],
    "b": ["dL/dz", Z, "-(y - t)*(1 - tanh(z)**2)", "1", "dL/db", "no idea", "2 dL/dz"],
}
"""What a class writes: right in several forms, signs, factors, steps, what follows, nothing, what cannot be read."""


def test_a_class_of_three_hundred_from_end_to_end(tmp_path: Path) -> None:
    problem = find_problem("scalar-tanh").read_text(encoding="utf-8")
    file = tmp_path / "problem.yaml"
    file.write_text(problem, encoding="utf-8")
    lines = ["student,z,w,b"]
    for n in range(300):
        cells = [own[(n // 7**k + n // 49) % 7] for k, own in enumerate(ANSWERS.values())]
        lines.append(",".join((f"s{n:03}", *cells)))
    (tmp_path / "class.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    review, out, grades = tmp_path / "review.yaml", tmp_path / "marks.csv", tmp_path / "grades.csv"
    arguments = (file, tmp_path / "class.csv", "--format", "csv", "-o", out, "--review", review, "--gradebook", grades)

    first = run(*arguments)
    assert first.exit_code == 0, first.output
    assert len(marks(tmp_path)) == 900
    before = marks(tmp_path)
    undecided = {key for key, row in before.items() if row["verdict"] in ("invalid", "undetermined") and row["answer"]}
    waiting = decisions(tmp_path)
    assert sum(len(each["students"]) for each in waiting) == len(undecided) > 30  # type: ignore[arg-type]
    assert len(waiting) < 10, "one decision for all that are alike"
    assert all(row["score"] == "0.0" for key, row in before.items() if key in undecided)

    # A person decides on one kind of answer; the rest stays open.
    place = next(n for n, each in enumerate(waiting) if each["answers"] == [UNCLEAR])
    decide(tmp_path, place, verdict="correct", comment="The parenthesis is forgiven.")
    second = run(*arguments, "--diff", out)
    students = {student for student, target in undecided if before[student, target]["answer"] == UNCLEAR}
    assert f"{len(students)} marks of {len(students)} students change" in second.stderr
    assert f"open decisions: {len(waiting) - 1}" in second.stderr
    between = marks(tmp_path)
    assert {key for key in before if before[key]["score"] != between[key]["score"]} == {(s, "w") for s in students}

    # The problem changes: signs keep half, what follows is worth half.  The decision holds.
    file.write_text(problem + "\ncredit: {sign: 1/2}\nfollow_through: 1/2\n", encoding="utf-8")
    third = run(*arguments, "--diff", out)
    assert third.exit_code == 0, third.output
    after = marks(tmp_path)
    changed = {key for key in after if after[key]["score"] != between[key]["score"]}
    assert changed
    for key in changed:
        row = after[key]
        assert "sign" in row["tags"].split() or row["verdict"] == "follow_through", row
        assert float(row["score"]) == 0.5
    assert f"{len(changed)} marks of {len({student for student, _ in changed})} students change" in third.stderr
    assert all(after[student, "w"]["score"] == "1.0" for student in students)
    assert decisions(tmp_path)[0]["comment"] == "The parenthesis is forgiven."

    rows = list(csv.DictReader(io.StringIO(grades.read_text(encoding="utf-8"))))
    assert len(rows) == 300
    for row in rows:
        own = [float(after[row["student"], target]["score"]) for target in ANSWERS]
        assert [float(row[target]) for target in ANSWERS] == own
        assert float(row["total"]) == sum(own)


# --- in German --------------------------------------------------------------------------------------------------------


def test_a_class_in_german(tmp_path: Path) -> None:
    problem = find_problem("scalar-tanh").read_text(encoding="utf-8")
    file, first, later = (tmp_path / name for name in ("problem.yaml", "class.csv", "later.csv"))
    file.write_text("language: de\n" + problem.replace("language: en\n", ""), encoding="utf-8")
    first.write_text("student,z,w\nada,y - t,((\nbob,(t - y)*(1 - y**2),\ncem,,dL/dz*q\n", encoding="utf-8")
    later.write_text("student,z,w\nada,y - t,((\nbob,(y - t)*(1 - tanh(z)**2),\ncem,,dL/dz*q\n", encoding="utf-8")
    review, out, page = tmp_path / "review.yaml", tmp_path / "marks.csv", tmp_path / "page.html"
    arguments = ("--format", "csv", "-o", out, "--review", review, "--summary", page)
    told = run(file, first, *arguments)
    assert told.exit_code == 0, told.output
    assert "3 Personen, 6 Antworten, davon 0 richtig" in told.stdout
    assert "0 von 3" in told.stdout
    refused = {row["answer"]: row["feedback"] for row in marks(tmp_path).values() if row["verdict"] == "invalid"}
    assert refused["(("] == "Das lässt sich nicht lesen: erwartet wird ein Name, eine Zahl oder (, hier endet der Text."
    assert "hier steht keine Antwort" in refused[""]
    assert "q ist nicht deklariert" in refused["dL/dz*q"]

    html = page.read_text(encoding="utf-8")
    assert '<html lang="de">' in html
    for words in ("Noten zu", "Anteil richtiger Antworten", "Häufigste Fehler", "Nicht gelesen", "Rückmeldung"):
        assert words in html
    for words in ("Marks of", "Share of", "Commonest", "Not read", "expected", "feedback"):
        assert words not in html.partition("<body")[2]
    heading = review.read_text(encoding="utf-8").partition("decisions:")[0]
    assert "ein Mensch entscheidet" in heading
    assert "person has" not in heading
    assert decisions(tmp_path)

    changed = run(file, later, *arguments, "--diff", out)
    assert "1 Noten von 1 Personen ändern sich" in changed.stderr
    assert "die Antwort hat sich geändert, jetzt (y - t)*(1 - tanh(z)**2)" in changed.stderr

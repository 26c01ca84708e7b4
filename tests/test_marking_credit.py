"""Partial credit: by kind of error, and for what follows from an earlier mistake; in every report."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import backsym as bs
from backsym.cli.main import main
from backsym.core.choices import TAGS, UNREAD
from backsym.core.errors import InputError
from backsym.marking.judging.shares import kept, share_of
from backsym.reading.files.schema import schema

KEYS: dict[str, Any] = {
    "forward": ["z = W @ x", "y = tanh(z)", "L = squared_error(y, t)"],
    "symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
    "parts": [{"derive": "z", "marks": 4}, {"derive": ["W", "x"], "marks": 6}],
}
CREDIT = {"sign": "1/2", "transpose": "1/4", "factor": 0, "missing_prime": "0.5"}
FILE = """\
forward:
  - z = W @ x
  - y = tanh(z)
  - L = squared_error(y, t)
symbols: {W: [K, D], x: {shape: [D], role: input}, t: {shape: [K], role: target}}
credit: {sign: 1/2, transpose: 1/4}
follow_through: 2/3
parts:
  - {derive: z, marks: 4}
  - {derive: [W, x], marks: 6}
"""


def problem(**further: Any) -> bs.Problem:
    return bs.Problem(**{**KEYS, **further})


@pytest.mark.parametrize(
    ("target", "answer", "tag", "score"),
    [
        ("z", "-dL/dy * (1 - y**2)", "sign", 2.0),
        ("z", "2*dL/dy * (1 - y**2)", "factor", 0.0),
        ("z", "dL/dy", "missing_prime", 2.0),
        ("z", "-2*dL/dy * (1 - y**2)", "factor", 0.0),
        ("W", "x dL/dz^T", "transpose", 0.75),
        ("x", "W dL/dz", "transpose", 0.75),  # the shapes clash, and one transpose makes it right
        ("x", "-W dL/dz", "sign", 0.375),  # two slips: each takes its share of what the other leaves
        ("x", "W^T dL/dy", "missing_prime", 1.5),
        ("x", "dL/dz", "shape", 0.0),
        ("z", "dL/dy*(1 -", "syntax", 0.0),
        ("z", "dL/dz", "circular", 0.0),
        ("z", "y - x", "shape", 0.0),
    ],
)
def test_an_error_keeps_its_share(target: str, answer: str, tag: str, score: float) -> None:
    off, on = bs.check(problem(), target, answer), bs.check(problem(credit=CREDIT), target, answer)
    assert tag in on.tags
    assert (on.verdict, on.tags) == (off.verdict, off.tags)
    assert off.score == 0.0
    assert on.score == pytest.approx(score)
    assert ("of the marks" in on.feedback) == (score > 0)


def test_a_right_answer_is_worth_what_it_was() -> None:
    assert bs.check(problem(credit=CREDIT), "z", "dL/dy * (1 - y**2)").score == 4.0


def test_the_end_of_a_derivation_may_have_other_errors_than_the_line_that_breaks() -> None:
    generous = problem(credit={"sign": "1/2"})
    same = "-dL/dy * (1 - y**2)\n-(y - t) * (1 - y**2)"
    worse = "-dL/dy * (1 - y**2)\n(y + 3*t) * (2 - y**3)"
    assert [bs.check(generous, "z", text).score for text in (same, worse)] == [2.0, 0.0]


def test_numbers_have_it_too() -> None:
    numeric = bs.Problem(
        forward=["z = w*x", "L = z**2/2"], symbols={"w": {"role": "parameter"}, "x": {"role": "input"}},
        values={"w": 3, "x": 2}, parts=[{"compute": ["z", "dL/dw"], "marks": 2}], credit={"sign": "1/2"},
        follow_through="1/4",
    )  # fmt: skip
    assert [v.score for v in bs.check_all(numeric, {"z": "-6", "dL/dw": "-12"})] == [0.5, 0.25]


def test_following_through_has_its_share() -> None:
    answers = {"z": "-dL/dy * (1 - y**2)", "W": "-dL/dy * (1 - y**2) x^T"}
    for share, score in ((None, 3.0), ("1/3", 1.0), (0, 0.0)):
        given = {} if share is None else {"follow_through": share}
        found = bs.check_all(problem(**given), answers)
        assert [v.verdict for v in found] == ["incorrect", "follow_through"]
        assert [v.score for v in found] == [0.0, score]


def test_shares_of_several_slips_multiply_and_the_first_tag_that_is_named_counts() -> None:
    credit = {"sign": Fraction(1, 2), "shape": Fraction(1, 4), "order": Fraction(3, 4)}
    assert kept(credit, (("sign",), ("order", "shape"))) == Fraction(3, 8)
    assert kept(credit, (("transpose", "shape"),)) == Fraction(1, 4)
    assert kept(credit, (("sign",), ("factor",))) == 0
    assert share_of(problem(), "equivalent_form") == Fraction(1, 2)
    assert share_of(problem(follow_through="1/2"), "follow_through", form=False) == Fraction(1, 4)


# --- files -----------------------------------------------------------------------------------------------------------


def test_every_kind_of_error_but_that_of_what_is_not_read_is_a_key() -> None:
    every = {tag: "1/2" for tag in TAGS if tag not in UNREAD}
    assert problem(credit=every).credit == dict.fromkeys(every, Fraction(1, 2))
    for tag in UNREAD:
        with pytest.raises(InputError, match="is not read"):
            problem(credit={tag: 1})


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("credit: {sing: 1/2}", 10, "did you mean sign?"),
        ("credit: {sign: 3/2}", 16, "a fraction from 0 to 1"),
        ("credit: {sign: -1/2}", 16, "a fraction from 0 to 1"),
        ("credit: {sign: half}", 16, "a fraction from 0 to 1"),
        ("credit: {sign: 1/0}", 16, "a fraction from 0 to 1"),
        ("credit: {sign: 1e-999999999}", 16, "a fraction from 0 to 1"),
        ("credit: {sign: }", 16, "is missing"),
        ("credit: {sign: [1, 2]}", 16, "is a fraction, not a list"),
        ("credit: [sign]", 9, "credit is a mapping"),
        ("credit: {syntax: 1}", 10, "is not read"),
        ("follow_through: 2", 17, "a fraction from 0 to 1"),
        ("folow_through: 1/2", 1, "did you mean follow_through?"),
        ("credits: {sign: 1/2}", 1, "did you mean credit?"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, line: str, place: int, message: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"forward: [z = w*x, L = z**2/2]\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        bs.load(path)
    (found,) = caught.value.diagnostics
    assert (found.line, found.column) == (2, place)
    assert message in found.render()


def test_the_schema_knows_them() -> None:
    check = Draft202012Validator(schema())
    for value in ({"sign": "1/2", "factor": 0}, {"transpose": 0.5}):
        assert check.is_valid({**KEYS, "credit": value, "follow_through": "1/2"})
    for wrong in ({"sing": "1/2"}, {"sign": 2}, {"syntax": 1}, {"sign": "half"}, ["sign"]):
        assert not check.is_valid({**KEYS, "credit": wrong})


def test_a_collection_says_it_for_problems_that_say_nothing(tmp_path: Path) -> None:
    forward = "forward: [z = w*x, L = z**2/2]\n"
    (tmp_path / "silent.yaml").write_text(forward, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(forward + "credit: {}\nfollow_through: 1\n", encoding="utf-8")
    whole = tmp_path / "all.yaml"
    sections = "sections: [{problems: [silent.yaml, own.yaml]}]\n"
    whole.write_text(f"credit: {{sign: 1/2}}\nfollow_through: 1/4\n{sections}", encoding="utf-8")
    silent, own = bs.load_collection(whole).problems
    assert (silent.credit, silent.follow_through) == ({"sign": Fraction(1, 2)}, Fraction(1, 4))
    assert (own.credit, own.follow_through) == ({}, 1)
    assert bs.check(silent, "w", "-z*x").score == 0.5
    whole.write_text(f"credit: {{sgin: 1/2}}\n{sections}", encoding="utf-8")
    with pytest.raises(InputError, match="did you mean sign"):
        bs.load_collection(whole)


# --- reports ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def answered(tmp_path: Path) -> tuple[Path, Path]:
    file, answers = tmp_path / "p.yaml", tmp_path / "answers.yaml"
    file.write_text(FILE, encoding="utf-8")
    answers.write_text("z: -(y - t) * (1 - y**2)\nW: -(y - t) * (1 - y**2) x^T\nx: W dL/dz\n", encoding="utf-8")
    return file, answers


def test_csv_json_and_table_show_it(answered: tuple[Path, Path]) -> None:
    def out(form: str) -> str:
        return CliRunner().invoke(main, ["check", *map(str, answered), "--format", form]).stdout

    scores = [2.0, 2.0, 0.75]
    assert [row["score"] for row in json.loads(out("json"))] == scores
    assert [float(row["score"]) for row in csv.DictReader(io.StringIO(out("csv")))] == scores
    assert "score 4.75 of 10" in out("table")


def test_gradescope_has_it(answered: tuple[Path, Path]) -> None:
    result = CliRunner().invoke(main, ["check", *map(str, answered), "--format", "gradescope"])
    tests = json.loads(result.stdout)["tests"]
    assert [(test["score"], test["max_score"], test["status"]) for test in tests] == [
        (2.0, 4.0, "failed"), (2.0, 3.0, "failed"), (0.75, 3.0, "failed"),
    ]  # fmt: skip


def test_what_a_prairielearn_question_does_has_it(answered: tuple[Path, Path]) -> None:
    marker = bs.Marker(bs.load(answered[0]))
    found = marker.mark_all({"z": "-(y - t) * (1 - y**2)"}, hints="gentle", strict=False)
    assert [v.score / v.marks for v in found] == [0.5]

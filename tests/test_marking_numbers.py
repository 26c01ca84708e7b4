"""Answers that are numbers: how they are written, how exact they have to be, and what follows from a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_new_parts import neuron, solved

from backsym.marking.reporting.gradescope import as_gradescope
from backsym.marking.verdicts import Marker, Verdict
from backsym.reading.files.loader import problem_from_mapping

# By hand: z = 0.5 - 0.5 + 0.1, y = tanh(0.1), dL/dz = (y - 1)(1 - y^2), dL/dw = dL/dz (1, 2).
Y, DZ = 0.09966799462495582, -0.8913883690929073


@pytest.fixture(scope="module")
def marker() -> Marker:
    return Marker(neuron({"compute": ["z", "y", "dL/dw"], "points": 6}, {"update": "w", "marks": 2}))


def verdict(marker: Marker, target: str, answer: str) -> str:
    return marker.mark(target, answer).verdict


@pytest.mark.parametrize(
    "answer",
    [
        "0.1", "z = 0.1", "1/10", "0.10", "1e-1", r"\frac{1}{10}", "$0.1$", "0.1005", "z = 0.5*1 - 0.25*2 + 0.1 = 0.1",
        "0,1", "10%", r"10\%", "**0.1**", "z is about 0.1", "The value is 0.1.", "ungefähr 0,1", "z: 0.1",
        "z = 0.1, y = 0.9", "y = 0.9; z = 0.1",
    ],
)  # fmt: skip
def test_a_number_is_right_however_it_is_written(marker: Marker, answer: str) -> None:
    assert verdict(marker, "z", answer) == "correct"


@pytest.mark.parametrize(
    "answer",
    ["z is not 0.1", "0.1 or -0.1", "0.1, 0.2", "0,100,0", "between 0 and 0.1", "z = 0,1, y = 0,9", "y = 0.1, u = 0.1"],
)
def test_what_is_no_one_number_is_not_read(marker: Marker, answer: str) -> None:
    assert verdict(marker, "z", answer) == "invalid"


def test_a_comma_may_part_thousands() -> None:
    marker = Marker(neuron({"compute": ["z"]}, values={"x": [0, 0], "w": [0, 0], "b": 1.5, "t": 0}))
    assert [verdict(marker, "z", text) for text in ("1,5", "1,50", "1,500")] == ["correct", "correct", "invalid"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("[0 0; 3 -6]", "correct"), ("[0, 0; 3, -6]", "correct"), ("[[0 0], [3 -6]]", "correct"),
        ("[0 3; 0 -6]", "incorrect"), ("[0; 0; 3; -6]", "incorrect"), ("[0 0; 3]", "invalid"),
        ("[[0, 0], [3, -6]]^T", "invalid"),
    ],
)  # fmt: skip
def test_rows_of_a_matrix_are_parted_by_semicolons(answer: str, expected: str) -> None:
    layer = {
        "title": "A layer",
        "symbols": {"x": {"shape": ["D"]}, "W": {"shape": ["K", "D"]}, "v": {"shape": ["K"]}},
        "forward": ["h = relu(W @ x)", "L = dot(v, h)"],
        "values": {"x": [1, -2], "W": [[1, 0.5], [-1, -1]], "v": [2, 3]},
        "parts": [{"compute": ["h", "dL/dW"]}],
    }
    marker = Marker(problem_from_mapping(layer))
    assert verdict(marker, "dL/dW", answer) == expected
    assert [verdict(marker, "h", text) for text in ("(0, 1)^T", r"\left(0, 1\right)^\top", "[0; 1]")] == ["correct"] * 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("0.0997", "correct"),
        ("0.1", "correct"),  # within 1 %
        ("0.10", "correct"),
        ("0.0986", "incorrect"),
        ("0.0988", "correct"),
        ("0.11", "incorrect"),
        ("-0.0997", "incorrect"),
    ],
)
def test_one_per_cent_is_allowed(marker: Marker, answer: str, expected: str) -> None:
    assert verdict(marker, "y", answer) == expected


def test_half_a_unit_of_the_last_digit_is_allowed_with_two_digits() -> None:
    marker = Marker(neuron({"compute": ["L"]}, values={"x": [0, 0], "w": [0, 0], "b": 0.2554, "t": 0}))
    # y = 0.24999, L = 0.03125
    assert verdict(marker, "L", "0.031") == "correct"  # off by 0.8 %
    assert verdict(marker, "L", "0.03") == "incorrect"  # one digit, off by 4 %
    assert verdict(marker, "L", "0.0307") == "incorrect"  # off by 1.8 %
    marker = Marker(neuron({"compute": ["z"]}, values={"x": [0, 0], "w": [0, 0], "b": 12.4, "t": 0}))
    assert verdict(marker, "z", "12") == "correct"  # off by 3 %, but rounded
    assert verdict(marker, "z", "13") == "incorrect"


def test_zero_is_close_to_zero_only() -> None:
    marker = Marker(neuron({"compute": ["z"]}, values={"x": [0, 0], "w": [0, 0], "b": 0, "t": 1}))
    assert [verdict(marker, "z", text) for text in ("0", "0.004", "0.006")] == ["correct", "correct", "incorrect"]


@pytest.mark.parametrize(
    ("own", "of_problem", "expected"), [(0.2, None, "correct"), (None, 0.2, "correct"), (0.01, 0.2, "incorrect")]
)
def test_the_tolerance_of_a_part_goes_before_that_of_the_problem(
    own: float | None, of_problem: float | None, expected: str
) -> None:
    part = {"compute": ["z"], **({"tolerance": own} if own is not None else {})}
    changes = {"tolerance": of_problem} if of_problem is not None else {}
    assert verdict(Marker(neuron(part, **changes)), "z", "0.115") == expected


def test_a_tolerance_that_is_given_is_the_only_one() -> None:
    marker = Marker(neuron({"compute": ["y"], "tolerance": 0.0001}))
    assert [verdict(marker, "y", text) for text in ("0.0997", "0.09967")] == ["incorrect", "correct"]


@pytest.mark.parametrize(
    "answer",
    [
        "[-0.891, -1.783]",
        "(-0.891, -1.783)",
        "[[-0.891], [-1.783]]",
        "[-0.891; -1.783]",
        "[-0.891 -1.783]",
        "np.array([-0.891, -1.783])",
        r"\begin{bmatrix} -0.891 \\ -1.783 \end{bmatrix}",
        r"\begin{pmatrix} -0.891 & -1.783 \end{pmatrix}^\top",
        "dL/dw = [-0.891, -1.783]",
    ],
)
def test_arrays_are_written_as_lists_or_matrices(marker: Marker, answer: str) -> None:
    assert verdict(marker, "dL/dw", answer) == "correct"
    assert verdict(marker, "grad(w)", answer) == "correct"


@pytest.mark.parametrize(
    ("target", "answer", "expected", "tags"),
    [
        ("dL/dw", "[-0.891, 1.783]", "incorrect", ()),
        ("dL/dw", "[0.891, 1.783]", "incorrect", ("sign",)),
        ("dL/dw", "-0.891", "incorrect", ("shape",)),
        ("dL/dw", "[[1, 2], [3]]", "invalid", ("syntax",)),
        ("z", "y = 0.1", "incorrect", ("wrong_node",)),
        ("z", "", "invalid", ("syntax",)),
        ("z", "1/0", "invalid", ("syntax",)),
        ("z", "1e999", "invalid", ("limit",)),
        ("z", "w.T @ x + b", "equivalent_form", ()),
        ("z", "b + 1", "incorrect", ()),
    ],
)
def test_what_is_wrong(marker: Marker, target: str, answer: str, expected: str, tags: tuple[str, ...]) -> None:
    found = marker.mark(target, answer)
    assert (found.verdict, found.tags) == (expected, tags), found.feedback


def test_the_new_value_of_an_update(marker: Marker) -> None:
    assert verdict(marker, "w", "[0.589, -0.0717]") == "correct"
    assert verdict(marker, "w", "[0.411, -0.428]") == "incorrect"


def test_marks_are_shared_by_the_numbers_of_a_part(marker: Marker) -> None:
    assert marker.mark("z", "0.1").score == 2
    assert marker.mark("w", "[0.589, -0.0717]").score == 2
    assert marker.mark("z", "0.1", marks=5).score == 5


def test_later_numbers_follow_from_a_wrong_one(marker: Marker) -> None:
    # With z = 0.2: y = tanh 0.2, and the derivatives that belong to it.
    found = marker.mark_all({"z": "0.2", "y": "0.1974", "dL/dw": "[-0.7713, -1.5427]", "w": "[0.5771, -0.0957]"})
    assert [v.verdict for v in found] == ["incorrect", "follow_through", "follow_through", "follow_through"]
    assert sum(v.score for v in found) == 6
    backwards = {"w": "[0.5771, -0.0957]", "dL/dw": "[-0.7713, -1.5427]", "y": "0.1974", "z": "0.2"}
    assert [v.verdict for v in marker.mark_all(backwards)] == [v.verdict for v in found][::-1]
    assert marker.mark_all({"z": "0.2", "y": "0.3"})[1].verdict == "incorrect"


def test_where_a_derivative_is_asked_for_by_name_too_a_number_is_a_number() -> None:
    marker = Marker(neuron({"derive": "z"}, {"compute": ["dL/dz"]}))
    assert verdict(marker, "z", "dL/dy*(1 - y**2)") == "correct"
    assert verdict(marker, "dL/dz", "-0.891") == "correct"
    assert verdict(marker, "dL/dz", "-0.7") == "incorrect"


def test_list_is_marked_as_derivatives_are() -> None:
    assert verdict(Marker(neuron({"list": ["w"], "points": 3})), "w", "dL/dz*x") == "correct"


def test_one_answer_that_fails_costs_no_other(monkeypatch: pytest.MonkeyPatch, marker: Marker) -> None:
    from backsym.marking.judging.numbers import NumberJudge

    def broken(*_: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(NumberJudge, "is_right", broken)
    found = marker.mark_all({"z": "0.1", "x": "dL/dz*w"}, strict=False)
    assert [v.verdict for v in found] == ["undetermined", "correct"]


def test_gradescope_counts_numbers_and_what_is_missing(marker: Marker) -> None:
    def row(target: str, answer: str) -> Verdict:
        return marker.mark(target, answer)

    tests = json.loads(as_gradescope(marker.problem, [row("z", "0.1"), row("dL/dw", "[1, 2]")]))["tests"]
    assert {test["extra_data"]["target"]: (test["score"], test["max_score"]) for test in tests} == {
        "z": (2, 2),
        "y": (0, 2),
        "dL/dw": (0, 2),
        "w": (0, 2),
        "b": (0, 1),
    }


def test_the_command_line_marks_numbers(tmp_path: Path) -> None:
    import yaml
    from click.testing import CliRunner
    from test_new_parts import NEURON

    from backsym.cli.main import main

    file, answers = tmp_path / "n.yaml", tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(NEURON), "parts": [{"compute": ["z"]}, {"update": "w"}]}))
    answers.write_text("z: 0.1\nw: [0.5891, -0.0717]\n")
    result = CliRunner().invoke(main, ["check", str(file), str(answers), "--format", "json"])
    assert result.exit_code == 0, result.output
    assert solved({"compute": "z"})  # the same file solves

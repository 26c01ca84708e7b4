"""Parts that ask for results, numbers and a step of gradient descent: list, compute, update; points and tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml

from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.documents.content.options import Options
from backsym.documents.writers.jsonform import problem_json
from backsym.documents.writers.languages import forms
from backsym.documents.writers.render import files
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

NEURON = """
symbols: {x: {role: input, shape: [D]}, w: [D], b: [], t: {role: target}, eta: {role: constant}}
forward: [z = w.T @ x + b, y = tanh(z), L = (y - t)**2/2]
values: {x: [1, 2], w: [0.5, -0.25], b: 0.1, t: 1, eta: 0.1}
"""


def neuron(*parts: object, **changes: object) -> Problem:
    """The neuron with these parts, and at the end one that uses eta."""
    return problem_from_mapping({**yaml.safe_load(NEURON), "parts": [*parts, {"update": "b"}], **changes})


def solved(*parts: object, **changes: object) -> Solution:
    return solve(neuron(*parts, **changes))


def part_of(solution: Solution, version: str = "solution") -> dict[str, Any]:
    part: dict[str, Any] = problem_json(solution, Options(version))["parts"][0]
    return part


def values(w: np.ndarray, b: float) -> tuple[float, float, float]:
    """z, y and the loss, by hand."""
    z = float(w @ np.array([1.0, 2.0])) + b
    return z, float(np.tanh(z)), (float(np.tanh(z)) - 1) ** 2 / 2


def slope_by_w() -> np.ndarray:
    """dL/dw by a central difference, which knows no derivative."""
    w, step = np.array([0.5, -0.25]), 1e-6
    moved = [(values(w + step * e, 0.1)[2] - values(w - step * e, 0.1)[2]) / (2 * step) for e in np.eye(2)]
    return np.array(moved)


def test_compute_gives_numbers_that_agree_with_a_computation_by_hand() -> None:
    part = part_of(solved({"compute": ["z", "y", "dL/dw", "grad(b)"]}))
    z, y, _ = values(np.array([0.5, -0.25]), 0.1)
    assert list(part["numbers"]) == ["z", "y", "dL/dw", "dL/db"]
    assert part["numbers"]["z"] == pytest.approx(z, abs=1e-12)
    assert part["numbers"]["y"] == pytest.approx(y, abs=1e-12)
    assert part["numbers"]["dL/dw"] == pytest.approx(slope_by_w().tolist(), rel=1e-6)


def test_update_takes_one_step_of_gradient_descent() -> None:
    part = part_of(solved({"update": "w"}))
    assert part["numbers"] == {"w": pytest.approx((np.array([0.5, -0.25]) - 0.1 * slope_by_w()).tolist(), rel=1e-6)}
    assert r"\mathbf{w} \gets \mathbf{w} - \eta \nabla_{\mathbf{w}} \mathcal{L}" in part["result"]


def test_update_needs_no_numbers() -> None:
    without = solved({"update": "b"}, values={})
    part = part_of(without)
    assert "numbers" not in part
    assert r"b \gets b - \eta \frac{\partial \mathcal{L}}{\partial b}" in part["result"]


def test_update_of_a_negative_derivative_adds() -> None:
    problem = problem_from_mapping(
        {"symbols": {"eta": {"role": "constant"}}, "forward": ["z = -w", "L = z**3"], "parts": [{"update": "w"}]}
    )
    assert r"= w + \eta \frac{\partial \mathcal{L}}{\partial z}" in part_of(solve(problem))["result"]


def test_list_gives_results_without_steps() -> None:
    part = part_of(solved({"list": ["w", "b"]}))
    assert part["steps"] == []
    assert (
        part["result"].splitlines()[0]
        == r"\nabla_{\mathbf{w}} \mathcal{L} = \frac{\partial \mathcal{L}}{\partial z} \mathbf{x}"
    )
    page = files(None, [solved({"list": ["w"]})], "md")["solution.md"]
    answer = str(page).split("*Solution.*")[1].split("## Backward")[0]
    assert "chain rule" not in answer


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("version", ["solution", "questions", "key"])
@pytest.mark.parametrize("form", [form for form in forms() if form != "pdf"])
def test_every_form_in_every_language(form: str, version: str, language: str) -> None:
    solution = solved({"list": "w"}, {"compute": ["z", "dL/dw"]}, {"update": ["w", "b"]}, language=language)
    text = str(next(iter(files(None, [solution], form, Options(version)).values())))
    number = "0,5891" if language == "de" and form != "json" else "0.5891"
    assert (number in text.replace("{,}", ",")) == (version != "questions")


def test_the_sheet_prints_the_values_once_and_exactly() -> None:
    solution = solved(
        {"compute": "z"}, {"compute": "y"}, values={"x": [1, 2], "w": [0.5, -0.25], "b": 0.123456, "t": 1}
    )
    sheet = str(files(None, [solution], "md", Options("questions"))["solution.md"])
    assert sheet.count("0.123456") == 1


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"compute": ["x"]}, "x has no forward equation"),
        ({"compute": ["dL/dt"]}, "t is a target"),
        ({"compute": ["dz/dw"]}, "is not a node"),
        ({"compute": []}, "compute needs a node or a derivative"),
        ({"update": ["t"]}, "t is a target"),
        ({"list": ["v"]}, "v is not declared"),
        ({"derive": "w", "tolerance": 0.1}, "derive asks for no numbers"),
        ({"compute": "z", "tolerance": 2}, "tolerance is a number from 0 to 1"),
        ({"compute": "z", "marks": 1, "points": 1}, "points is another name for marks"),
        ({"compute": "z", "points": "many"}, "points is a number, not many"),
    ],
)
def test_what_is_wrong_with_a_part_is_said(part: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        neuron(part)


def test_compute_without_values_and_update_without_a_rate_are_refused() -> None:
    with pytest.raises(InputError, match="compute needs numbers"):
        neuron({"compute": "z"}, values={})
    with pytest.raises(InputError, match="update needs the learning rate"):
        problem_from_mapping({"forward": ["L = w**2"], "parts": [{"update": "w"}]})
    with pytest.raises(InputError, match="eta is declared, but no equation uses it"):
        neuron(parts=[{"derive": "w"}])


def test_points_are_marks_and_the_tolerance_is_kept() -> None:
    problem = neuron({"compute": "z", "points": 2, "tolerance": "0.05"}, tolerance=0.2)
    assert problem.parts[0].marks == "2"
    assert (problem.parts[0].tolerance, problem.tolerance) == (0.05, 0.2)

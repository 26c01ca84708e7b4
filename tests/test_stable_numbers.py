"""Large arguments: values, gradients that are called, NumPy source and modules stay finite and right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backsym as bs
from backsym.codegen.module import module_source
from backsym.numeric.sources import value_of
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

LARGE = np.array([1000.0, 0.0, 0.0])
ONE_HOT = np.array([1.0, 0.0, 0.0])


@pytest.fixture(autouse=True)
def _strict() -> Any:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.mark.parametrize(
    ("expression", "gradient"),
    [
        ("logsumexp(z)", ONE_HOT),
        ("log(sum(exp(z)))", ONE_HOT),
        ("sum(log_softmax(z)*t)", [0.0, 0.0, 0.0]),
        ("sum(softmax(z)*t)", [0.0, 0.0, 0.0]),
        ("sum(softplus(z))", [1.0, 0.5, 0.5]),
        ("sum(sigmoid(-z)*t)", [0.0, -0.0, -0.0]),
        ("-sum(t*log(softmax(z)))", [0.0, 0.0, 0.0]),
        ("logsumexp(z*z/100)", [20.0, 0.0, 0.0]),
    ],
)
def test_a_called_gradient_is_finite_and_right(expression: str, gradient: Any) -> None:
    shapes = {"z": ["K"], **({"t": ["K"]} if "t)" in expression or "(t" in expression else {})}
    values = {"z": LARGE, **({"t": ONE_HOT} if "t" in shapes else {})}
    found = bs.gradient(expression, wrt="z", shapes=shapes)(**values)
    np.testing.assert_allclose(found, gradient, atol=1e-12)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "softplus"])
def test_the_source_of_a_result_is_finite_and_right(name: str) -> None:
    shape = [] if name == "logsumexp" else ["K"]
    solution = solve(problem_from_mapping({
        "symbols": {"z": ["K"], "t": {"shape": shape, "role": "target"}},
        "forward": [f"y = {name}(z)", "L = sum((y - t)**2)/2"],
    }))  # fmt: skip
    expected = {
        "softmax": ONE_HOT, "log_softmax": [0.0, -1000.0, -1000.0], "logsumexp": 1000.0,
        "softplus": [1000.0, np.log(2), np.log(2)],
    }[name]  # fmt: skip
    np.testing.assert_allclose(value_of(solution.forward_numpy("y"), {"z": LARGE}), expected, atol=1e-12)
    names = {"z": LARGE, "y": np.asarray(expected), "d_y": np.ones(np.shape(expected))}
    slope = {
        "softmax": [0.0, 0.0, 0.0], "log_softmax": [-2.0, 1.0, 1.0], "logsumexp": ONE_HOT, "softplus": [1.0, 0.5, 0.5],
    }[name]  # fmt: skip
    np.testing.assert_allclose(value_of(solution.numpy("z"), names), slope, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "exp(z*z)/sum(exp(z**2))", "exp(z**2)/sum(exp(z*z))", "exp(z*z)/sum(exp(z*z))", "exp(2*z*z)/sum(exp(z*2*z))",
        "exp(z**2*z)/sum(exp(z**3))", "exp(t*z)/sum(exp(z*t))",
    ],
)  # fmt: skip
def test_a_square_is_one_however_it_is_written(text: str) -> None:
    symbols = {"z": ["K"], "u": {"shape": ["K"], "role": "target"}, **({"t": ["K"]} if "t" in text else {})}
    problem = problem_from_mapping({"symbols": symbols, "forward": [f"y = {text}", "L = sum(y*u)"]})
    assert "y = softmax(" in module_source(solve(problem))


@pytest.mark.parametrize("text", ["exp(z**2)/sum(exp(z**3))", "exp(z*t)/sum(exp(z*z))", "exp(z + t)/sum(exp(z*t))"])
def test_what_is_no_square_is_not_taken_for_one(text: str) -> None:
    symbols = {"z": ["K"], "u": {"shape": ["K"], "role": "target"}, **({"t": ["K"]} if "t" in text else {})}
    problem = problem_from_mapping({"symbols": symbols, "forward": [f"y = {text}", "L = sum(y*u)"]})
    assert "softmax" not in module_source(solve(problem))

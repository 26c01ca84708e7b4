"""A step of Newton's method: by value, in every page, and refused where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backsym as bs
from backsym.core.errors import InputError
from backsym.documents.content.options import Options
from backsym.documents.writers.jsonform import problem_json

LOGISTIC: dict[str, Any] = {
    "symbols": {
        "X": {"shape": ["N", "D"], "role": "input"},
        "w": ["D"],
        "b": [],
        "t": {"shape": ["N"], "role": "target"},
    },
    "forward": ["z = X @ w + b", "p = sigmoid(z)", "L = binary_cross_entropy(p, t)"],
}
VALUES: dict[str, Any] = {"X": [[1, 0], [0, 1], [1, 1]], "w": [0.5, -0.5], "b": 0.25, "t": [1, 0, 1]}


def test_a_step_agrees_with_one_by_hand() -> None:
    problem = bs.Problem(**LOGISTIC, values=VALUES, parts=[{"update": ["w", "b"], "method": "newton"}])
    data = problem_json(problem.solve())
    x, w, b, t = (np.asarray(VALUES[name], dtype=float) for name in "Xwbt")
    p = 1 / (1 + np.exp(-(x @ w + b)))
    s = p * (1 - p)
    (part,) = data["parts"]
    np.testing.assert_allclose(
        part["numbers"]["w"], w - np.linalg.solve(x.T @ np.diag(s) @ x, x.T @ (p - t)), rtol=1e-12
    )
    np.testing.assert_allclose(part["numbers"]["b"], b - (p - t).sum() / s.sum(), rtol=1e-12)
    assert [h["by"] for h in data["hessians"]] == ["w", "b"]
    assert "blocks" not in data["hessians"][0]


def test_least_squares_are_solved_in_one_step() -> None:
    values = {"X": [[1, 2], [0, 1], [3, 1]], "w": [5, -7], "t": [1, 2, 3]}
    problem = bs.Problem(
        symbols={"X": {"shape": ["N", "D"], "role": "input"}, "w": ["D"], "t": {"shape": ["N"], "role": "target"}},
        forward=["L = sum((X @ w - t)**2)/2"], values=values, parts=[{"update": "w", "method": "newton"}],
    )  # fmt: skip
    found = problem_json(problem.solve())["parts"][0]["numbers"]["w"]
    np.testing.assert_allclose(found, np.linalg.lstsq(np.array(values["X"]), np.array(values["t"]), rcond=None)[0])
    assert bs.check(problem, "w", str(found)).verdict == "correct"
    assert bs.check(problem, "w", "[0, 0]").verdict == "incorrect"


def test_without_values_the_step_is_a_formula() -> None:
    problem = bs.Problem(**LOGISTIC, parts=[{"update": "w", "method": "newton"}])
    (part,) = problem_json(problem.solve())["parts"]
    assert "numbers" not in part
    assert "Newton" in part["question"]
    assert r"\text{diag}(\mathbf{p} \odot (\mathbb{1}_{N} - \mathbf{p}))" in part["result"]
    assert "result" in problem_json(problem.solve(), Options("key"))["parts"][0]


@pytest.mark.parametrize(
    ("forward", "part", "message"),
    [
        (["L = sum((W @ x)**2)"], {"update": "W", "method": "newton"}, "W is a matrix"),
        (["y = W @ x"], {"update": "x", "method": "newton"}, "needs a loss"),
        (["L = sum((W @ x)**2)"], {"derive": "x", "method": "newton"}, "no method"),
        (["L = sum((W @ x)**2)"], {"update": "x", "method": "adam"}, "gradient or newton"),
    ],
)
def test_what_newton_cannot_do_is_refused(forward: list[str], part: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        bs.Problem(symbols={"W": ["K", "D"], "x": ["D"]}, forward=forward, parts=[part])

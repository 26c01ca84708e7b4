"""Stationary points: where a linear derivative is zero, as a formula that is put in and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import backsym as bs
from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.numeric import stationary
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping, problem_of_text
from backsym.solving.solution import solve

RIDGE: dict[str, Any] = {
    "title": "Ridge",
    "symbols": {
        "X": {"shape": ["N", "D"], "role": "input"},
        "y": {"shape": ["N"], "role": "target"},
        "w": ["D"],
        "lambda": {"role": "constant", "positive": True},
    },
    "forward": ["L = 1/2*sum((X @ w - y)**2) + lambda/2*sum(w**2)"],
    "parts": [{"stationary": "w"}],
}

FORMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "ridge": (RIDGE, "w", r"(\mathbf{X}^\top \mathbf{X} + \lambda \mathbf{I}_D)^{-1} \mathbf{X}^\top \mathbf{y}"),
    "least squares through nodes, with a mean": (
        {
            "symbols": {name: RIDGE["symbols"][name] for name in "Xyw"},
            "forward": ["z = X @ w", "r = z - y", "L = mean(r**2)"], "parts": [{"stationary": "w"}],
        },
        "w", r"(\mathbf{X}^\top \mathbf{X})^{-1} \mathbf{X}^\top \mathbf{y}",
    ),
    "a mean": (
        {
            "symbols": {"x": {"shape": ["N"], "role": "input"}, "m": []},
            "forward": ["L = sum((x - m)**2)"], "parts": [{"stationary": "m"}],
        },
        "m", r"\frac{\mathbb{1}_{N}^\top \mathbf{x}}{N}",
    ),
    "a quadratic form": (
        {
            "symbols": {"A": {"shape": ["D", "D"], "symmetric": True}, "b": ["D"], "x": ["D"]},
            "forward": ["L = x.T @ A @ x/2 - b.T @ x"], "parts": [{"stationary": "x"}],
        },
        "x", r"\mathbf{A}^{-1} \mathbf{b}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_the_formula(name: str) -> None:
    mapping, node, form = FORMS[name]
    solution = solve(problem_from_mapping(mapping))
    found = solution.totals[0].stationary
    assert found is not None
    assert latex(found, Notation.of(solution.problem)) == form
    assert solution.totals[0].node == node


PARTS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "no penalty on the first entry": ("lambda*sum(w[2:D]**2)", lambda D: np.diag(np.arange(D) > 0)),
    "by a number": ("lambda*(sum(w**2) - w[1]**2)", lambda D: np.diag(np.arange(D) > 0)),
    "by a sum that leaves it out": ("lambda*sum(w[i]**2, i != 1)", lambda D: np.diag(np.arange(D) > 0)),
    "a position in the middle": ("lambda*w[2]**2", lambda D: np.diag(np.arange(D) == 1)),
    "the last entry beside the first": (
        "lambda*(w[D]**2 + w[1]*w[D])",
        lambda D: np.block([[np.zeros((1, D - 1)), 0.5], [np.zeros((D - 2, D))], [0.5, np.zeros((1, D - 2)), 1]]),
    ),
    "differences of neighbours": (
        "lambda*sum((w[2:D] - w[1:D-1])**2)", lambda D: np.diff(np.eye(D), axis=0).T @ np.diff(np.eye(D), axis=0),
    ),
}  # fmt: skip
"""Penalties on some entries, and what they add to the matrix of the equations."""


@pytest.mark.parametrize("name", PARTS)
def test_entries_that_the_loss_singles_out(name: str) -> None:
    penalty, added = PARTS[name]
    mapping = {**RIDGE, "indices": {"i": "D"}, "forward": [f"L = sum((X @ w - y)**2) + {penalty}"]}
    (total,) = solve(problem_from_mapping(mapping)).totals
    random = np.random.default_rng(3)
    X, y, w = random.uniform(-1, 1, (6, 4)), random.uniform(-1, 1, 6), random.uniform(-1, 1, 4)
    env = Env({"N": 6, "D": 4}, {"X": X, "y": y, "w": w, "lambda": np.array(0.3)}, {})
    matrix = X.T @ X + 0.3 * added(4)
    assert total.stationary is not None
    assert total.matrix is not None
    np.testing.assert_allclose(evaluate(total.stationary, env), np.linalg.solve(matrix, X.T @ y))
    np.testing.assert_allclose(evaluate(total.matrix.rhs, env), 2 * matrix)


def test_equations_without_one_solution_are_refused_where_they_are_asked_for() -> None:
    text = "symbols: {w: [D]}\nforward: ['L = sum(w[2:D]**2)']\nparts:\n  - stationary: w\n"
    with pytest.raises(BacksymError, match="no point was found at which the equation for w has one solution"):
        solve(problem_of_text(text))


def test_a_wrong_formula_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_from_mapping(RIDGE)
    solution = solve(problem)
    with pytest.raises(BacksymError, match="not zero"):
        stationary.prove_stationary(problem, solution.derivations, "w", problem.sym("w"))


@pytest.mark.parametrize(
    ("forward", "why"),
    [
        ("L = sum(w**4)", "not linear"),
        ("L = sum(exp(w))", "not linear"),
        ("L = sum(X @ w)", "nowhere zero"),
        ("L = sum((X @ w - y)**2*sigmoid(w[1]))", "not linear"),
    ],
)
def test_what_is_not_linear_is_refused(forward: str, why: str) -> None:
    symbols = {"X": {"shape": ["N", "D"], "role": "input"}, "y": {"shape": ["N"], "role": "target"}, "w": ["D"]}
    used = {name: shape for name, shape in symbols.items() if name in forward}
    with pytest.raises(BacksymError, match=why):
        solve(problem_from_mapping({"symbols": used, "forward": [forward], "parts": [{"stationary": "w"}]}))


def test_a_refusal_names_the_part_that_asks(tmp_path: Path) -> None:
    source = tmp_path / "quartic.yaml"
    source.write_text("forward: ['L = w**4 + w*x']\nparts:\n  - derive: w\n  - stationary: w\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["solve", str(source), "-o", str(tmp_path), "--format", "json"])
    assert done.exit_code == 2
    assert "quartic.yaml:4: the derivative by w is not linear in w" in done.output


def test_matrices_are_refused_when_the_file_is_read() -> None:
    with pytest.raises(bs.InputError, match="is a matrix"):
        problem_from_mapping(
            {"symbols": {"W": ["K", "D"]}, "forward": ["L = sum(W**2)"], "parts": [{"stationary": "W"}]}
        )


def test_json_and_the_page_have_it(tmp_path: Path) -> None:
    source = tmp_path / "ridge.yaml"
    source.write_text(json.dumps(RIDGE), encoding="utf-8")
    for form in ("json", "md"):
        done = CliRunner().invoke(main, ["solve", str(source), "-o", str(tmp_path), "--format", form])
        assert done.exit_code == 0, done.output
    part = json.loads((tmp_path / "ridge.json").read_text(encoding="utf-8"))["parts"][0]
    assert part["solution"] == {"w": FORMS["ridge"][2]}
    page = (tmp_path / "ridge.md").read_text(encoding="utf-8")
    assert r"\mathbf{w} &= (\mathbf{X}^\top \mathbf{X} + \lambda \mathbf{I}_D)^{-1} \mathbf{X}^\top \mathbf{y}" in page
    assert "is zero" in page

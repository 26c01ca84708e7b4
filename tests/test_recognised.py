"""Functions that are written out, sums that vanish, terms that are collected, symmetric matrices: by value and form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from network_checks import judge

import backsym as bs
from backsym.cli.main import main
from backsym.numeric.sample import draw
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

Mapping = dict[str, Any]

X, Z, SYMMETRIC = {"x": ["N"]}, {"z": ["K"]}, {"shape": ["D", "D"], "symmetric": True}
LOGISTIC = r"\sigma(z_k) (1 - \sigma(z_k))"

CASES: dict[str, tuple[Mapping, str, str]] = {
    # the problem, a quantity, and the entry of its derivative
    "logistic": (
        {"forward": ["y = 1/(1 + exp(-z))", "L = y**2"]}, "z", r"\frac{\partial \mathcal{L}}{\partial y} y (1 - y)",
    ),
    "logistic, multiplied": ({"symbols": Z, "forward": ["L = sum(exp(z)/(exp(z) + 1))"]}, "z", LOGISTIC),
    "logistic, of minus": ({"symbols": Z, "forward": ["L = sum(1/(1 + exp(z)))"]}, "z", r"-\sigma(-z_k) \sigma(z_k)"),
    "tanh": (
        {"forward": ["y = (exp(z) - exp(-z))/(exp(z) + exp(-z))", "L = y**2"]},
        "z", r"\frac{\partial \mathcal{L}}{\partial y} (1 - y^2)",
    ),
    "softplus": ({"forward": ["L = log(1 + exp(z))"]}, "z", r"\sigma(z)"),
    "logsumexp": ({"symbols": Z, "forward": ["L = log(sum(exp(z)))"]}, "z", r"\text{softmax}(\mathbf{z})_k"),
    "variance": (
        {"symbols": X, "forward": ["L = sum((x - sum(x)/N)**2)/N"]},
        "x", r"\frac{2}{N} \left( x_n - \frac{1}{N} \sum_{n'=1}^N x_{n'} \right)",
    ),
    "deviations from a mean": ({"symbols": X, "forward": ["m = mean(x)", "L = sum((x - m)**2)"]}, "m", "0"),
    "deviations from a sum": ({"symbols": X, "forward": ["m = sum(x**3)", "L = sum((x**3 - m/N)**2)"]}, "m", "0"),
    "no mean of these": (
        {"symbols": X, "forward": ["m = mean(x**2)", "L = sum((x - m)**2)"]}, "m", r"-2 \sum_{n=1}^N (x_n - m)",
    ),
    "both orders of a product": (
        {"symbols": {"A": ["D", "K"], "W": ["D", "D"], "x": ["D"], "s": ["K"]},
         "forward": ["L = (x - A @ s).T @ W @ (x - A @ s)"]},
        "s",
        r"-\sum_{i=1}^D \sum_{i'=1}^D A_{ik} (W_{ii'} + W_{i'i}) \left( x_{i'} - \sum_{k'=1}^K A_{i'k'} s_{k'} \right)",
    ),
    "half of both": (
        {"symbols": {"A": ["D", "D"], "x": ["D"]}, "forward": ["L = x.T @ A @ x/2"]},
        "x", r"\frac{1}{2} \sum_{i'=1}^D (A_{ii'} + A_{i'i}) x_{i'}",
    ),
    "symmetric": (
        {"symbols": {"A": SYMMETRIC, "x": ["D"]}, "forward": ["L = x.T @ A @ x/2"]},
        "x", r"\sum_{i'=1}^D A_{ii'} x_{i'}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_written_by_the_name_of_the_function(name: str) -> None:
    mapping, node, form = CASES[name]
    assert judge(mapping) == []
    solution = solve(problem_from_mapping(mapping))
    found = next(d for d in solution.derivations if d.node == node)
    assert latex(found.entry.rhs, Notation.of(solution.problem)) == form


def test_the_forward_equation_stays_as_it_was_written() -> None:
    solution = solve(problem_from_mapping(CASES["logistic"][0]))
    assert latex(solution.forward[0].entry.rhs, Notation.of(solution.problem)) == r"\frac{1}{1 + e^{-z}}"


@pytest.mark.parametrize(
    "text", ["1/(1 + exp(-z) + z)", "1/(2 + exp(-z))", "(exp(z) - exp(-z))/(exp(z) + exp(-2*z))", "log(1 - exp(-z**2))"]
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    mapping = {"forward": [f"L = {text}"]}
    assert judge(mapping) == []
    solution = solve(problem_from_mapping(mapping))
    shown = latex(solution.derivations[-1].entry.rhs, Notation.of(solution.problem))
    assert r"\sigma" not in shown
    assert r"\tanh" not in shown


# --- symmetric matrices ----------------------------------------------------------------------------------------------

GAUSS: Mapping = {
    "symbols": {"X": {"shape": ["N", "D"], "role": "input"}, "m": ["D"], "S": SYMMETRIC},
    "forward": [
        "R = X - ones(N) @ m.T",
        "L = N/2*logdet(S) + trace(R @ inv(S) @ R.T)/2",
    ],
}


def test_the_gradient_of_a_symmetric_matrix_is_of_free_entries() -> None:
    mapping: Mapping = {"symbols": {"S": SYMMETRIC}, "forward": ["L = logdet(S)"]}
    assert judge(mapping) == []
    solution = solve(problem_from_mapping(mapping))
    (form,) = [d.matrix for d in solution.derivations if d.node == "S"]
    assert form is not None
    assert latex(form.rhs, Notation.of(solution.problem)) == r"\mathbf{S}^{-1}"


def test_forms_have_no_transposes_of_symmetric_matrices() -> None:
    assert judge(GAUSS) == []
    solution = solve(problem_from_mapping(GAUSS))
    notation = Notation.of(solution.problem)
    forms = {d.node: latex(d.matrix.rhs, notation) for d in solution.derivations if d.matrix is not None}
    assert forms["S"] == (
        r"\frac{1}{2} (N \mathbf{S}^{-1} - \mathbf{S}^{-1} \mathbf{R}^\top \mathbf{R} \mathbf{S}^{-1})"
    )
    assert forms["R"] == r"\mathbf{R} \mathbf{S}^{-1}"


def test_samples_are_symmetric() -> None:
    problem = problem_from_mapping(GAUSS)
    for seed in range(3):
        value = draw(problem, seed).values["S"]
        assert np.array_equal(value, value.T)


ANSWERS = [("inv(S)", "correct"), ("inv(S).T", "correct"), ("2*inv(S) - diag(diag(inv(S)))", "incorrect")]


@pytest.mark.parametrize(("answer", "verdict"), ANSWERS)
def test_answers_may_transpose_it(answer: str, verdict: str) -> None:
    problem = problem_from_mapping({"symbols": {"S": SYMMETRIC}, "forward": ["L = logdet(S)"]})
    assert bs.check(problem, "S", answer).verdict == verdict


def test_transposed_entries_stay_apart_while_one_differentiates() -> None:
    """x^T A y + x^T A^T y has two paths to A, of which one is transposed."""
    mapping: Mapping = {
        "symbols": {"A": SYMMETRIC, "x": ["D"], "y": ["D"]},
        "forward": ["L = x.T @ A @ y + x.T @ A.T @ y"],
    }
    assert judge(mapping) == []
    solution = solve(problem_from_mapping(mapping))
    (form,) = [d.matrix for d in solution.derivations if d.node == "A"]
    assert form is not None
    assert latex(form.rhs, Notation.of(solution.problem)) == r"\mathbf{x} \mathbf{y}^\top + \mathbf{y} \mathbf{x}^\top"


@pytest.mark.parametrize(
    ("symbol", "values"),
    [
        ({"shape": ["D", "K"], "symmetric": True}, None),
        ({"shape": ["D"], "symmetric": True}, None),
        (SYMMETRIC, {"A": [[1, 2], [3, 4]]}),
    ],
)
def test_what_is_not_symmetric_is_refused(symbol: Mapping, values: Mapping | None) -> None:
    mapping = {"symbols": {"A": symbol}, "forward": ["L = sum(A**2)"], **({"values": values} if values else {})}
    with pytest.raises(bs.InputError, match="symmetric"):
        problem_from_mapping(mapping)


def test_the_page_says_what_symmetric_means(tmp_path: Path) -> None:
    source = tmp_path / "gauss.yaml"
    source.write_text(json.dumps({"title": "Gauss", **GAUSS}), encoding="utf-8")
    done = CliRunner().invoke(main, ["solve", str(source), "-o", str(tmp_path), "--format", "md"])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "gauss.md").read_text(encoding="utf-8")
    assert "symmetric. Its gradient is taken as if all entries were free" in page

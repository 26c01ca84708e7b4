"""Kronecker products, stacked columns and running sums: by value against complex steps, in every spelling."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from extent import examples
from generated_code import agrees
from known import marker_of
from network_checks import judge

import backsym as bs
from backsym.codegen.module import module_source
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping
from backsym.reading.texts import read_expression
from backsym.solving.solution import solve

CASES: dict[str, dict[str, Any]] = {
    "weights of a stacked matrix": {"symbols": {"X": ["K", "D"], "w": ["D*K"]}, "forward": ["L = sum(w*vec(X)**2)"]},
    "the identity of vec": {
        "symbols": {"A": ["N", "K"], "X": ["K", "D"], "B": ["D", "M"]},
        "forward": ["y = kron(B.T, A) @ vec(X)", "L = sum(y**3)"],
    },
    "a product with a vector": {
        "symbols": {"A": ["N", "K"], "B": ["D", "M"], "c": ["K*M"]}, "forward": ["y = kron(A, B) @ c", "L = sum(y**2)"],
    },
    "a product by itself": {
        "symbols": {"A": ["N", "K"], "B": ["D", "M"], "C": ["N*D", "K*M"]}, "forward": ["L = sum(kron(A, B)*C)"],
    },
    "two stacked matrices": {
        "symbols": {"X": ["K", "D"], "Y": ["K", "D"]}, "forward": ["v = vec(X)", "u = vec(Y)", "L = (v.T @ u)**2"],
    },
    "sizes that are given": {"symbols": {"X": [2, 3], "w": [6]}, "forward": ["L = sum(w*vec(X)**2)"]},
    "functions of a stacked product": {
        "symbols": {"A": ["N", "K"], "X": ["K", "D"]}, "forward": ["y = tanh(vec(A @ X))", "L = sum(y**2)"],
    },
    "running sums": {"symbols": {"x": ["D"], "w": ["D"]}, "forward": ["y = cumsum(x)", "L = sum(w*y**2)"]},
    "running sums of functions": {"symbols": {"x": ["D"], "w": ["D"]}, "forward": ["L = sum(w*cumsum(exp(x)))"]},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_form_and_step_holds(name: str) -> None:
    assert judge(CASES[name]) == []


@pytest.mark.parametrize("name", ["weights of a stacked matrix", "a product with a vector", "running sums"])
def test_code_computes_the_same(name: str, tmp_path: Path) -> None:
    assert agrees(solve(problem_from_mapping(CASES[name])), tmp_path) == []


def test_vec_stacks_columns_as_numpy_does() -> None:
    problem = problem_from_mapping(CASES["weights of a stacked matrix"])
    env = draw(problem, 1)
    stacked = evaluate(read_expression(problem, "vec(X)"), env)
    assert np.array_equal(stacked, env.values["X"].ravel(order="F"))
    sources = {target: module_source(solve(problem), target) for target in ("numpy", "torch", "jax")}
    assert 'X.ravel(order="F")' in sources["numpy"]
    assert 'X.ravel(order="F")' in sources["jax"]
    assert "X.T.reshape(-1)" in sources["torch"]


def test_vec_of_a_product_is_a_kronecker_product() -> None:
    """vec(AXB) = (B^T ⊗ A) vec(X), and the gradients are A^T vec^-1(g) B^T."""
    problem = problem_from_mapping(CASES["the identity of vec"])
    env = draw(problem, 2)
    both = [evaluate(read_expression(problem, text), env) for text in ("vec(A @ X @ B)", "kron(B.T, A) @ vec(X)")]
    np.testing.assert_allclose(*both)
    solution = solve(problem)
    notation = Notation.of(problem)
    forms = {d.node: latex(d.matrix.rhs, notation) for d in solution.derivations if d.matrix is not None}
    assert forms["X"] == (r"\mathbf{A}^\top \operatorname{vec}^{-1}(\nabla_{\mathbf{y}} \mathcal{L}) \mathbf{B}^\top")
    assert latex(problem.equations[0].rhs, notation) == (
        r"(\mathbf{B}^\top \otimes \mathbf{A}) \operatorname{vec}(\mathbf{X})"
    )


SPELLINGS = {
    r"\operatorname{vec}(\mathbf{X})": "vec(X)",
    r"\text{vec}(\mathbf{A} \mathbf{X})": "vec(A @ X)",
    r"(\mathbf{B}^\top \otimes \mathbf{A}) \operatorname{vec}(\mathbf{X})": "kron(B.T, A) @ vec(X)",
    r"\text{cumsum}(\mathbf{y})": "cumsum(y)",
}


@pytest.mark.parametrize("written", SPELLINGS)
def test_latex_reads_to_the_same(written: str) -> None:
    problem = problem_from_mapping(CASES["the identity of vec"])
    read = read_expression(problem, written)
    assert read == read_expression(problem, SPELLINGS[written])
    assert read_expression(problem, plain(read, problem)) == read


ANSWERS = [
    ("A", r"\operatorname{vec}^{-1}(\nabla_y L) \mathbf{B}^\top \mathbf{X}^\top", "invalid"),
    ("y", "3*vec(A @ X @ B)**2", "correct"),
    ("y", "3 * (A @ X @ B).ravel(order='F')**2", "correct"),
    ("y", "3 * (A @ X @ B).ravel()**2", "incorrect"),
    ("y", "3 * (np.kron(B.T, A) @ vec(X))**2", "correct"),
    ("y", r"3 \left((\mathbf{B}^\top \otimes \mathbf{A}) \operatorname{vec}(\mathbf{X})\right)^2", "correct"),
]


@pytest.mark.parametrize(("target", "answer", "verdict"), ANSWERS)
def test_answers(target: str, answer: str, verdict: str) -> None:
    assert marker_of(CASES["the identity of vec"]).mark(target, answer).verdict == verdict


@pytest.mark.parametrize(
    "text", ["kron(x, A)", "kron(A, s)", "cumsum(A)", "cumsum(s)", "vec(A, A)", "kron(A)", "cumsum(x, axis=0)"]
)
def test_what_does_not_fit_is_refused(text: str) -> None:
    symbols = {"A": ["N", "K"], "x": ["K"], "s": []}
    with pytest.raises(bs.InputError):
        problem_from_mapping({"symbols": symbols, "forward": ["L = sum(A @ x)*s", f"M = L + sum({text})"]})


def test_sympy_has_kronecker_products() -> None:
    sympy = pytest.importorskip("sympy")
    from backsym.sympy_door.matrices import matrix_equation

    solution = solve(problem_from_mapping(CASES["a product with a vector"]))
    forward = next(forms for forms in solution.forward if forms.node == "y")
    assert forward.matrix is not None
    found = matrix_equation(forward.matrix, "L")
    assert found.rhs.atoms(sympy.KroneckerProduct)


def random_network(seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    f, g = (rng.choice(["tanh", "sin", "softplus"]) for _ in range(2))
    first, second = rng.sample(["A", "B"], 2)
    rows = {"A": "N", "B": "D"}
    columns = {"A": "K", "B": "M"}
    forward = [f"P = {f}(kron({first}, {g}({second})))", "p = vec(P)*cumsum(w)", "L = sum(p**2) + sum(cumsum(p)*w)"]
    size = f"{rows['A']}*{rows['B']}*{columns['A']}*{columns['B']}"
    return {"symbols": {"A": ["N", "K"], "B": ["D", "M"], "w": [size]}, "forward": forward}


@pytest.mark.parametrize("seed", range(examples(3)))
def test_random_products(seed: int) -> None:
    assert judge({"dims": {"N": 2, "K": 1 + seed % 3, "D": 2, "M": 2}, **random_network(seed)}) == []

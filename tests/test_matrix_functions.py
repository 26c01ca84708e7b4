"""Inverses, determinants, powers and their like: what is read as which, their rules, and answers that use them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from known import marker_of

import backsym as bs
from backsym.core.expr import Div, Expr, Fn, Pow, Sym, walk
from backsym.core.functions import FUNCTIONS
from backsym.numeric.evaluate import Env, evaluate
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

SHAPES: dict[str, Any] = {"A": ["D", "D"], "B": ["D", "K"], "x": ["D"], "s": []}


def read(text: str) -> Expr:
    """The right side of an equation that uses what it likes of the quantities above."""
    return problem_from_mapping({"symbols": used(text), "forward": [f"q = {text}", "L = sum(q)"]}).equations[0].rhs


def used(text: str) -> dict[str, Any]:
    """The quantities whose names stand in a text by themselves."""
    return {name: shape for name, shape in SHAPES.items() if name in re.findall("[A-Za-z]+", text)}


def names(e: Expr) -> list[str]:
    return [node.name for node in walk(e) if isinstance(node, Fn)]


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("A**-1 @ x", ["inv"]),
        (r"\mathbf{A}^{-1} \mathbf{x}", ["inv"]),
        (r"\mathbf{A}^{-\top} \mathbf{x}", ["inv"]),
        (r"\mathbf{A}^{-T} \mathbf{x}", ["inv"]),
        (r"\mathbf{A}^3 \mathbf{x}", ["matrix_power"]),
        (r"\mathbf{A}^{-2} \mathbf{x}", ["matrix_power"]),
        (r"s \det \mathbf{A}", ["det"]),
        (r"s \det(\mathbf{A})", ["det"]),
        (r"s \log\det \mathbf{A}", ["logdet"]),
        (r"s \log|\mathbf{A}|", ["logdet"]),
        (r"s \log\lvert\det\mathbf{A}\rvert", ["logdet"]),
        (r"\log|\mathbf{x}|", ["log", "abs"]),
        (r"s \arctan s + \tan(s)", ["arctan", "tan"]),
        ("solve(A, x)", ["solve"]),
        ("solve(A, B)", ["solve"]),
        ("1/A", []),
        ("x**-1", []),
        ("B**-1", []),
        ("A**2", []),
        ("A**-2", []),
    ],
)
def test_what_a_text_means(text: str, functions: list[str]) -> None:
    assert names(read(text)) == functions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("det(B)", "det needs a square matrix; this is [D, K]"),
        ("inv(x)", "inv needs a square matrix; this is [D]"),
        ("solve(A, B.T)", "solve takes [n, n] and [n] or [n, n] and [n, m]; this is [D, D] and [K, D]"),
        ("matrix_power(A, 0)", "the power of a matrix is a whole number from 1 to 8, or from -1 to -8"),
        ("matrix_power(A, 1/2)", "the power of a matrix is a whole number from 1 to 8, or from -1 to -8"),
        ("matrix_power(A, 9)", "the power of a matrix is a whole number from 1 to 8, or from -1 to -8"),
        (r"\mathbf{B}^{-1}", "only a square matrix has an inverse; this is [D, K]"),
        ("prod(exp(x[n]), n)", "prod is not over a letter"),
        ("norm(B[n], n)", "norm is not over a letter"),
        ("sum(std(B[n], n), n)", "give the numbers a name, p[n] = ..., and write std(p)"),
        ("prod(n) + x.T @ x", "n is an index letter, not a quantity"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(bs.InputError) as caught:
        problem_from_mapping({"indices": {"n": "D"}, "symbols": used(text), "forward": [f"q = {text}", "L = sum(q)"]})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        ("logdet(A)", r"\mathbf{A}^{-\top}"),
        ("det(A)", r"\mathcal{L} \mathbf{A}^{-\top}"),
        ("det(A)**2", r"2 \mathcal{L} \mathbf{A}^{-\top}"),
        ("trace(inv(A))", r"-\mathbf{A}^{-\top} \mathbf{A}^{-\top}"),
        ("x.T @ inv(A) @ x", r"-\mathbf{A}^{-\top} \mathbf{x} \mathbf{x}^\top \mathbf{A}^{-\top}"),
        ("x.T @ solve(A, x)", r"-\mathbf{A}^{-\top} \mathbf{x} (\mathbf{A}^{-1} \mathbf{x})^\top"),
        ("trace(matrix_power(A, 3))", r"3 \mathbf{A}^\top \mathbf{A}^\top"),
    ],
)
def test_the_rules_of_matrix_calculus(loss: str, gradient: str) -> None:
    solution = solve(problem_from_mapping({"symbols": used(loss), "forward": [f"L = {loss}"]}))
    assert solution["A"].latex() == r"\nabla_{\mathbf{A}} \mathcal{L} = " + gradient


GAUSSIAN = {"symbols": {"A": ["D", "D"], "x": ["D"]}, "forward": ["y = A**-1 @ x", "L = y.T @ y + sum(1/A)"]}
POWER = {"symbols": {"A": ["D", "D"], "x": ["D"]}, "forward": ["y = matrix_power(A, 3) @ x", "L = y.T @ y"]}


@pytest.mark.parametrize(
    ("problem", "target", "answer", "verdict"),
    [
        (GAUSSIAN, "A", "-inv(A).T @ (2*y) @ y.T - 1/A**2", "correct"),
        (GAUSSIAN, "A", r"-2\mathbf{A}^{-\top}\mathbf{y}\mathbf{y}^\top - \mathbf{A}^{\odot -2}", "correct"),
        (GAUSSIAN, "A", "-np.linalg.solve(A.T, np.outer(2*y, y)) - 1/A**2", "correct"),
        (GAUSSIAN, "A", "-torch.inverse(A).T @ torch.outer(2*y, y) - 1/A**2", "correct"),
        (GAUSSIAN, "A", "-inv(A) @ (2*y) @ y.T - 1/A**2", "incorrect"),
        (GAUSSIAN, "x", "2*inv(A).T @ y", "correct"),
        # Code takes powers entry by entry, mathematics does not; both readings are shown.
        (GAUSSIAN, "x", "2*(A**-1).T @ y", "undetermined"),
        (POWER, "x", r"2(\mathbf{A}^\top)^3 \mathbf{y}", "correct"),
        (POWER, "x", "2*np.linalg.matrix_power(A.T, 3) @ y", "correct"),
        (POWER, "x", "2*(A**3).T @ y", "undetermined"),
        (POWER, "x", "2*matrix_power(A, 3) @ y", "incorrect"),
    ],
)
def test_answers(problem: Any, target: str, answer: str, verdict: str) -> None:
    assert marker_of(problem).mark(target, answer).verdict == verdict


def test_a_reciprocal_of_entries_does_not_become_an_inverse() -> None:
    problem = problem_from_mapping(
        {"symbols": {"A": ["D", "D"]}, "forward": [r"B = \mathbf{A}^{\odot -1}", "L = sum(B)"]}
    )
    (first, _) = problem.equations
    assert isinstance(first.rhs, Pow)
    assert plain(first.rhs, problem) == "1/A**1"
    env = Env({"D": 2}, {"A": np.array([[1.0, 2.0], [4.0, 5.0]])})
    np.testing.assert_allclose(evaluate(first.rhs, env), 1 / env.values["A"])
    assert isinstance(read("1/A"), Div)


def test_a_matrix_without_an_inverse_is_named() -> None:
    problem = problem_from_mapping({"dims": {"D": 3}, "symbols": {"x": ["D"]}, "forward": ["L = sum(inv(x @ x.T))"]})
    with pytest.raises(bs.BacksymError, match="inv needs a matrix that has an inverse"):
        solve(problem)


@pytest.mark.parametrize(("name", "args"), [("step", [0.0]), ("clip", [-1.0, -1.0, 2.0]), ("clip", [2.0, -1.0, 2.0])])
def test_the_derivative_at_a_kink_is_zero(name: str, args: list[float]) -> None:
    symbols = tuple(Sym(letter, ()) for letter in "xab"[: len(args)])
    env = Env({}, {letter: np.asarray(value) for letter, value in zip("xab", args, strict=False)})
    assert evaluate(Fn(name, symbols, 1), env) == 0
    assert evaluate(Fn(name, symbols), env) == (0 if name == "step" else args[0])


def test_signatures_say_shapes() -> None:
    solve_ = FUNCTIONS["solve"]
    first, second = solve_.signatures
    assert first.shape([("D", "D"), ("D",)]) == ("D",)
    assert second.shape([("D", "D"), ("D", 3)]) == ("D", 3)
    assert first.shape([("D", "K"), ("D",)]) is None
    assert solve_.signature([("D", "D"), ("D", "K")]) is second
    assert FUNCTIONS["det"].signatures[0].shape([(2, 2)]) == ()

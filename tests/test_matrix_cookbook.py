"""Identities of the Matrix Cookbook (Petersen and Pedersen, 2012), by value: gradients and second derivatives.

Those that SymPy tests itself on are in ``test_peers.py``.  An array-valued f is contracted with an array of its shape.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from stated_values import SHAPES, check, problem_of

import backsym as bs
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

GRADIENTS: list[tuple[str, str, str, str]] = [
    # determinants
    ("43", "logdet(A + i*B)", "i", "trace(inv(A + i*B) @ B)"),
    ("46", "det(A + i*B)", "i", "det(A + i*B)*trace(inv(A + i*B) @ B)"),
    ("50", "sum(X*(det(B)*inv(B).T))", "X", "det(B)*inv(B).T"),
    ("53", "det(Z.T @ (A + A.T) @ Z)", "Z", "2*det(Z.T @ (A + A.T) @ Z)*(A + A.T) @ Z @ inv(Z.T @ (A + A.T) @ Z)"),
    ("55", "logdet(Z.T @ Z)", "Z", "2*Z @ inv(Z.T @ Z)"),
    ("58", "det(matrix_power(X, 3))", "X", "3*det(matrix_power(X, 3))*inv(X).T"),
    # inverses
    ("59", "sum(G*inv(A + i*B))", "i", "-sum(G*(inv(A + i*B) @ B @ inv(A + i*B)))"),
    ("60", "sum(G*inv(X))", "X", "-inv(X).T @ G @ inv(X).T"),
    ("61", "x.T @ inv(X) @ x", "X", "-inv(X).T @ x @ x.T @ inv(X).T"),
    ("62", "det(inv(X))", "X", "-det(inv(X))*inv(X).T"),
    ("64", "trace(inv(X + A))", "X", "-(inv(X + A) @ inv(X + A)).T"),
    ("of a solution", "g.T @ solve(X, b)", "X", "-inv(X).T @ g @ (inv(X) @ b).T"),
    ("of a solution, by its right side", "g.T @ solve(A, x)", "x", "inv(A).T @ g"),
    ("entry by entry", "sum(A*inv(X)*B)", "X", "-inv(X).T @ (A*B) @ inv(X).T"),
    # quadratic forms
    ("76", "sum(X[n,p]*X[m,q], n, p, m, q)", "X", "2*sum(X)*ones(K, K)"),
    ("79", "(A @ x + b).T @ (A @ x + b)", "x", "2*A.T @ (A @ x + b)"),
    ("84", "(x - A @ y).T @ (B + B.T) @ (x - A @ y)", "y", "-2*A.T @ (B + B.T) @ (x - A @ y)"),
    ("85", "(x - y).T @ (B + B.T) @ (x - y)", "x", "2*(B + B.T) @ (x - y)"),
    ("86", "(x - y).T @ (B + B.T) @ (x - y)", "y", "-2*(B + B.T) @ (x - y)"),
    ("87", "(x - A @ y).T @ (B + B.T) @ (x - A @ y)", "x", "2*(B + B.T) @ (x - A @ y)"),
    ("88", "(x - A @ y).T @ (B + B.T) @ (x - A @ y)", "A", "-2*(B + B.T) @ (x - A @ y) @ y.T"),
    ("91", "a.T @ matrix_power(X, 3) @ b", "X", "a @ (X @ X @ b).T + X.T @ a @ (X @ b).T + (X @ X).T @ a @ b.T"),
    (
        "92", "a.T @ matrix_power(X, 2).T @ matrix_power(X, 2) @ b", "X",
        "X @ X @ a @ b.T @ X.T + X.T @ X @ X @ a @ b.T + X @ X @ b @ a.T @ X.T + X.T @ X @ X @ b @ a.T",
    ),
    ("95", "sin(x.T @ A @ x)", "x", "cos(x.T @ A @ x)*(A + A.T) @ x"),
    ("97", "x.T @ A @ x + b.T @ x", "x", "(A + A.T) @ x + b"),
    # traces
    ("101", "trace(A @ Z @ Y)", "Z", "A.T @ Y.T"),
    ("105", "trace(kron(A, X))", "X", "trace(A)*eye(K)"),
    ("118", "trace(A @ Z @ Y @ (Z @ Y).T)", "Z", "(A + A.T) @ Z @ Y @ Y.T"),
    ("121", "trace(matrix_power(X, 5))", "X", "5*matrix_power(X, 4).T"),
    ("122", "trace(A @ matrix_power(X, 2))", "X", "(A @ X + X @ A).T"),
    (
        "126", "trace(inv(Z.T @ (C + C.T) @ Z) @ (Z.T @ (B + B.T) @ Z))", "Z",
        "-2*(C + C.T) @ Z @ inv(Z.T @ (C + C.T) @ Z) @ Z.T @ (B + B.T) @ Z @ inv(Z.T @ (C + C.T) @ Z)"
        " + 2*(B + B.T) @ Z @ inv(Z.T @ (C + C.T) @ Z)",
    ),
    # norms
    ("129", "norm(x - a)", "x", "(x - a)/norm(x - a)"),
    ("130", "g.T @ ((x - a)/norm(x - a))", "x", "g/norm(x - a) - (x - a) @ (x - a).T @ g/norm(x - a)**3"),
    ("131", "norm(x)**2", "x", "2*x"),
    ("132", "norm(X)**2", "X", "2*X"),
    # Kronecker products: vec(AXB) = (B^T kron A) vec(X)
    ("520", "sum((kron(B.T, A) @ vec(X) - vec(C))**2)", "X", "2*A.T @ (A @ X @ B - C) @ B.T"),
    ("521", "vec(A).T @ vec(X)", "X", "A"),
    # Gaussians
    ("the logarithm of a density", "(x - a).T @ inv(X) @ (x - a)/2 + logdet(X)/2", "X",
     "inv(X).T/2 - inv(X).T @ (x - a) @ (x - a).T @ inv(X).T/2"),
    ("a mixture", "log(exp(a.T @ x) + exp(b.T @ x))", "x",
     "(a*exp(a.T @ x) + b*exp(b.T @ x))/(exp(a.T @ x) + exp(b.T @ x))"),
]  # fmt: skip
"""Number, expression, by what, and what it is."""


@pytest.mark.parametrize(
    ("expression", "name", "stated"), [case[1:] for case in GRADIENTS], ids=[c[0] for c in GRADIENTS]
)
def test_a_gradient_is_what_the_identity_says(expression: str, name: str, stated: str) -> None:
    check(solve(problem_of(expression)), name, stated)


@pytest.mark.parametrize(
    ("loss", "stated"),
    [("logdet(A)", "inv(A)"), ("det(A)", "det(A)*inv(A)"), ("x.T @ inv(A) @ x", "-inv(A) @ x @ x.T @ inv(A)")],
)
def test_of_a_symmetric_matrix_all_entries_are_free(loss: str, stated: str) -> None:
    """Numbers 138 to 142 without the doubling of what is off the diagonal."""
    symbols: dict[str, Any] = {"A": {"shape": ["K", "K"], "symmetric": True}, "x": ["K"]}
    used = {name: entry for name, entry in symbols.items() if re.search(rf"\b{name}\b", loss)}
    check(solve(problem_from_mapping({"symbols": used, "forward": [f"L = {loss}"]})), "A", stated)


Given = dict[str, np.ndarray]
inverse = np.linalg.inv


def _along(v: Given) -> Any:
    """Y^-1 dY/dx of Y = A + iB, and the determinant of Y."""
    y = v["A"] + v["i"] * v["B"]
    return inverse(y) @ v["B"], np.linalg.det(y)


def _second_of_determinant(v: Given) -> Any:
    along, det = _along(v)
    return det * (np.trace(along) ** 2 - np.trace(along @ along))


SECOND: list[tuple[str, str, str, Any]] = [
    ("48", "det(A + i*B)", "i", _second_of_determinant),
    ("44", "logdet(A + i*B)", "i", lambda v: -np.trace(_along(v)[0] @ _along(v)[0])),
    ("80", "(B @ x).T @ D @ x", "x", lambda v: v["B"].T @ v["D"] + v["D"].T @ v["B"]),
    ("98", "x.T @ A @ x + b.T @ x", "x", lambda v: v["A"] + v["A"].T),
    (
        "129", "norm(x)", "x",
        lambda v: np.eye(len(v["x"])) / np.linalg.norm(v["x"]) - np.outer(v["x"], v["x"]) / np.linalg.norm(v["x"]) ** 3,
    ),
    ("of a solution", "x.T @ inv(A) @ x", "x", lambda v: inverse(v["A"]) + inverse(v["A"]).T),
    (
        "logdet", "logdet(X)", "X",
        lambda v: -np.einsum("li,jk->ijkl", inverse(v["X"]), inverse(v["X"])),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "name", "stated"), [case[1:] for case in SECOND], ids=[c[0] for c in SECOND])
def test_a_second_derivative_is_what_the_identity_says(expression: str, name: str, stated: Any) -> None:
    rng = np.random.default_rng(4)
    names = [n for n in SHAPES if re.search(rf"\b{n}\b", expression)]
    values = {
        n: rng.normal(size=[3 for _ in SHAPES[n]]) + 2 * np.eye(3)[(...,) if len(SHAPES[n]) == 2 else 0] for n in names
    }
    values = {n: value if SHAPES[n] else np.asarray(0.3) for n, value in values.items()}
    found = bs.hessian(expression, name, {n: SHAPES[n] for n in names})
    np.testing.assert_allclose(found(**values), stated(values), rtol=1e-9, atol=1e-11)

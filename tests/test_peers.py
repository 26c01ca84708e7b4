r"""The cases that our peers test themselves on, with the values that they state.

SymPy 1.15, ``sympy/matrices/expressions/tests/test_derivatives.py`` (most are numbers of the Matrix Cookbook, of which
more are in ``test_matrix_cookbook.py``), and the README of tensorgrad.  An array-valued expression f is contracted with
an array G: the derivative of sum(G*f) by x says all that the Jacobian says, and the stated value is written for it.

                                   SymPy   tensorgrad
  within the language, and right     101            3   (STATED, and the last three tests)
  stated by the peer as to do
  or wrong there, right here           5            0   (NOT_STATED: value by complex step only)
  outside                             12            2

Outside, SymPy: a determinant of a power whose exponent is a letter, and eleven derivatives by a quantity that does not
occur in the expression, which are zero: a solution lists only what the loss depends on.
Outside, tensorgrad: expectations over Gaussian tensors; attention and tensor sketches (pictures without a program).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from stated_values import check, problem_of

from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

ONE_LONG = (
    "a.T @ (A @ X @ (X.T @ B + X @ A) + B.T @ X.T @ (a @ b.T @ (X @ D @ X.T + X @ (X.T @ B + A @ X) @ D @ B"
    " - X.T @ C.T @ A) @ B + B @ (X @ D.T + B @ A @ X @ A.T - 3*X @ D)) @ B + 42*X @ B @ X.T @ A.T @ (X + X.T)) @ b"
)
ITS_GRADIENT = (
    "(B @ (B @ A @ X @ A.T - 3*X @ D + X @ D.T) + a @ b.T @ (X @ (A @ X + X.T @ B) @ D @ B + X @ D @ X.T"
    " - X.T @ C.T @ A) @ B) @ B @ b @ a.T @ B.T + B @ B @ b @ a.T @ B.T @ X.T @ a @ b.T @ X @ D"
    " + 42*A @ X @ B.T @ X.T @ a @ b.T + B @ D @ B @ B @ B @ b @ a.T @ B.T @ X.T @ a @ b.T @ X + B @ b @ a.T @ A @ X"
    " + a @ b.T @ (42*X + 42*X.T) @ A @ X @ B.T + b @ a.T @ X @ B @ a @ b.T @ B.T @ B.T @ X @ D.T"
    " + b @ a.T @ X @ B @ a @ b.T @ B.T @ B.T @ B.T @ D.T @ (B.T @ X + X.T @ A.T) + 42*b @ a.T @ X @ B @ X.T @ A.T"
    " + A.T @ (42*X + 42*X.T) @ b @ a.T @ X @ B + A.T @ B.T @ B.T @ X @ B @ a @ b.T @ B.T @ A"
    " + A.T @ a @ b.T @ (A.T @ X.T + B.T @ X) + A.T @ X.T @ b @ a.T @ X @ B @ a @ b.T @ B.T @ B.T @ B.T @ D.T"
    " + B.T @ X @ B @ a @ b.T @ B.T @ D - 3*B.T @ X @ B @ a @ b.T @ B.T @ D.T"
    " - C.T @ A @ B @ B @ b @ a.T @ B.T @ X.T @ a @ b.T + X.T @ A.T @ a @ b.T @ A.T"
)

STATED: list[tuple[str, str, str]] = [
    # by a scalar
    ("sum(g*x**i)", "i", "sum(g*log(x)*x**i)"),
    ("sum(g*(i*ones(K)*x*y))", "i", "sum(g*x*y)"),
    ("sum(g*(i*x))", "i", "sum(g*x)"),
    ("sum(g*(sin(i)*A @ B @ x))", "i", "sum(g*(cos(i)*A @ B @ x))"),
    ("trace(i**2*X)", "i", "2*i*trace(X)"),
    ("sum(g*(2*m*x))", "x", "2*m*g"),
    ("x.T @ ones(K)", "x", "ones(K)"),
    # arrays with four axes
    ("sum(G*A)", "A", "G"),
    ("sum(G*A.T)", "A", "G.T"),
    ("sum(G*(2*A))", "A", "2*G"),
    ("sum(G*(A + A))", "A", "G + G"),
    ("sum(G*(A + B))", "A", "G"),
    # vectors and scalars
    ("sum(g*x)", "x", "g"),
    ("sum(g[n]*x[n], n)", "x", "g"),
    ("sum(H*x.T)", "x", "H.T"),
    ("x.T @ a", "x", "a"),  # 69
    ("a.T @ x", "x", "a"),
    ("sum(x[n]*a[n], n)", "x", "a"),
    ("a.T @ X @ b", "X", "a @ b.T"),  # 70
    ("a.T @ X.T @ b", "X", "b @ a.T"),  # 71
    ("a.T @ X @ a", "X", "a @ a.T"),  # 72
    ("a.T @ X.T @ a", "X", "a @ a.T"),
    ("b.T @ X.T @ X @ c", "X", "X @ b @ c.T + X @ c @ b.T"),  # 77
    ("(B @ x + b).T @ C @ (D @ x + d)", "x", "B.T @ C @ (D @ x + d) + D.T @ C.T @ (B @ x + b)"),  # 78
    ("x.T @ B @ x", "x", "B @ x + B.T @ x"),  # 81
    ("b.T @ X.T @ D @ X @ c", "X", "D.T @ X @ b @ c.T + D @ X @ c @ b.T"),  # 82
    ("(X @ b + c).T @ D @ (X @ b + c)", "X", "D @ (X @ b + c) @ b.T + D.T @ (X @ b + c) @ b.T"),  # 83
    ("sum(g*(x @ x.T @ x))", "x", "((x.T @ x)*eye(K) + 2*x @ x.T) @ g"),
    # traces
    ("sum(G*(trace(A)*A))", "A", "sum(G*A)*eye(K) + trace(A)*G"),
    ("trace(X)", "X", "eye(K)"),  # 99
    ("sum(X[n,n], n)", "X", "eye(K)"),
    ("trace(X @ A)", "X", "A.T"),  # 100
    ("sum(X[n,p]*A[p,n], n, p)", "X", "A.T"),
    ("trace(A @ X @ B)", "X", "A.T @ B.T"),  # 101
    ("sum(A[n,p]*X[p,q]*B[q,n], n, p, q)", "X", "A.T @ B.T"),
    ("trace(A @ X.T @ B)", "X", "B @ A"),  # 102
    ("trace(X.T @ A)", "X", "A"),  # 103
    ("trace(A @ X.T)", "X", "A"),  # 104
    ("trace(X @ X)", "X", "2*X.T"),  # 106
    ("trace(X @ X @ B)", "X", "(X @ B + B @ X).T"),  # 107
    ("trace(X.T @ B @ X)", "X", "B @ X + B.T @ X"),  # 108
    ("trace(B @ X @ X.T)", "X", "B @ X + B.T @ X"),  # 109
    ("trace(X @ X.T @ B)", "X", "B @ X + B.T @ X"),  # 110
    ("trace(X @ B @ X.T)", "X", "X @ B.T + X @ B"),  # 111
    ("trace(B @ X.T @ X)", "X", "X @ B.T + X @ B"),  # 112
    ("trace(X.T @ X @ B)", "X", "X @ B.T + X @ B"),  # 113
    ("trace(A @ X @ B @ X)", "X", "A.T @ X.T @ B.T + B.T @ X.T @ A.T"),  # 114
    ("trace(X.T @ X)", "X", "2*X"),  # 115
    ("trace(X @ X.T)", "X", "2*X"),
    ("trace(B.T @ X.T @ C @ X @ B)", "X", "C.T @ X @ B @ B.T + C @ X @ B @ B.T"),  # 116
    ("trace(X.T @ B @ X @ C)", "X", "B @ X @ C + B.T @ X @ C.T"),  # 117
    ("trace(A @ X @ B @ X.T @ C)", "X", "A.T @ C.T @ X @ B.T + C @ A @ X @ B"),  # 118
    ("trace((A @ X @ B + C) @ (A @ X @ B + C).T)", "X", "2*A.T @ (A @ X @ B + C) @ B.T"),  # 119
    (
        "trace(B.T @ X.T @ C @ X @ X.T @ C @ X @ B)", "X",  # 123
        "C @ X @ X.T @ C @ X @ B @ B.T + C.T @ X @ B @ B.T @ X.T @ C.T @ X + C @ X @ B @ B.T @ X.T @ C @ X"
        " + C.T @ X @ X.T @ C.T @ X @ B @ B.T",
    ),
    (ONE_LONG, "X", ITS_GRADIENT),
    ("trace(kron(A, X))", "X", "trace(A)*eye(K)"),  # 105
    ("trace(kron(X, X))", "X", "2*trace(X)*eye(K)"),  # 120
    ("trace(matrix_power(X, 4))", "X", "4*(X @ X @ X).T"),  # 121
    ("trace(A @ matrix_power(X, 3))", "X", "(A @ X @ X + X @ A @ X + X @ X @ A).T"),  # 122
    # determinants
    ("det(X)", "X", "det(X)*inv(X).T"),  # 49
    ("det(A @ X @ B)", "X", "det(A @ X @ B)*inv(X).T"),  # 51
    ("det(X.T @ A @ X)", "X", "2*det(X)**2*det(A)*inv(X).T"),  # 52
    (
        "det(Z.T @ A @ Z)", "Z",  # 54
        "det(Z.T @ A @ Z)*(A @ Z @ inv(Z.T @ A @ Z) + A.T @ Z @ inv(Z.T @ A.T @ Z))",
    ),
    ("logdet(X.T @ X)", "X", "2*inv(X).T"),  # 55
    ("logdet(X)", "X", "inv(X).T"),  # 57
    ("det(matrix_power(X, 5))", "X", "5*det(X)**5*inv(X).T"),  # 58
    ("det(inv(X))", "X", "-inv(X).T/det(X)"),  # 62
    ("i*det(X)", "X", "i*det(X)*inv(X).T"),
    ("1/det(X)", "X", "-inv(X).T/det(X)"),
    ("i/det(X)", "X", "-i*inv(X).T/det(X)"),
    # inverses
    ("a.T @ inv(X) @ b", "X", "-inv(X).T @ a @ b.T @ inv(X).T"),  # 61
    ("trace(A @ inv(X) @ B)", "X", "-(inv(X) @ B @ A @ inv(X)).T"),  # 63, 124
    ("trace(inv(X + A))", "X", "-inv(X + A).T @ inv(X + A).T"),  # 64
    (
        "trace(inv(X.T @ C @ X) @ A)", "X",  # 125
        "-inv(X).T @ A.T @ inv(X) @ inv(C).T @ inv(X).T - inv(X).T @ A @ inv(X) @ inv(C) @ inv(X).T",
    ),
    (
        "trace(inv(A + X.T @ C @ X) @ (X.T @ B @ X))", "X",  # 127, of which 126 is a case
        "B @ X @ inv(A + X.T @ C @ X) - C @ X @ inv(A + X.T @ C @ X) @ X.T @ B @ X @ inv(A + X.T @ C @ X)"
        " - C.T @ X @ inv(A.T + X.T @ C.T @ X) @ X.T @ B.T @ X @ inv(A.T + X.T @ C.T @ X)"
        " + B.T @ X @ inv(A.T + X.T @ C.T @ X)",
    ),
    # mixed
    ("3*trace(A)", "A", "3*eye(K)"),
    ("trace(A)**2", "A", "2*trace(A)*eye(K)"),
    ("trace(trace(A)*A)", "A", "2*trace(A)*eye(K)"),
    ("trace(trace(trace(A)*A)*A)", "A", "3*trace(A)**2*eye(K)"),
    # norms
    ("x.T @ y", "x", "y"),
    ("(x.T @ y)**(1/2)", "x", "y/(2*sqrt(x.T @ y))"),
    ("(x.T @ x)**(1/2)", "x", "x*(x.T @ x)**(-1/2)"),
    ("((c.T @ a) * (x.T @ b))**(1/2)", "x", "b @ a.T @ c/sqrt((c.T @ a) * (x.T @ b))/2"),
    ("((c.T @ a) * (x.T @ b))**(1/3)", "x", "b @ a.T @ c*((c.T @ a) * (x.T @ b))**(-2/3)/3"),
    ("(a.T @ X @ b)**(1/2)", "X", "a/(2*sqrt(a.T @ X @ b)) @ b.T"),
    (
        "(d.T @ x)*(a.T @ X @ b)**(1/2)*(y.T @ c)", "X",
        "a/(2*sqrt(a.T @ X @ b)) @ x.T @ d * (y.T @ c) @ b.T",
    ),
    # element-wise functions
    ("sum(g*(sin(x)/cos(x)))", "x", "g*((sin(x)/cos(x))**2 + 1)"),
    ("sum(g*sin(i**2*x))", "i", "sum(g*(2*i*x*cos(i**2*x)))"),
    ("sum(G*sin(log(i)*A @ B))", "i", "sum(G*((A @ B)/i*cos(log(i)*A @ B)))"),
    ("x.T @ A @ x + K*sin(y).T @ x", "x", "A.T @ x + A @ x + K*sin(y)"),
    ("sin(a.T @ X @ b)", "X", "a*cos(a.T @ X @ b) @ b.T"),
    ("a.T @ sin(X) @ b", "X", "diag(a) @ cos(X) @ diag(b)"),
    ("a.T @ sin(A @ X @ B) @ b", "X", "A.T @ diag(a) @ cos(A @ X @ B) @ diag(b) @ B.T"),
    ("a.T @ A @ sin(X) @ B @ b", "X", "(A.T @ a @ b.T @ B.T)*cos(X)"),
    # Hadamard products and powers
    ("sum(g*(a*x*b))", "x", "diag(b*a) @ g"),
    ("a.T @ (A*X*B) @ b", "X", "(a @ b.T)*A*B"),
    ("sum(g*x**2)", "x", "2*diag(x) @ g"),
    ("sum(H*x.T**2)", "x", "2*diag(x) @ H.T"),
    ("sum(g*x**(1/2))", "x", "1/2*diag(x**(-1/2)) @ g"),
    ("(a.T @ X @ b)**2", "X", "2*a @ a.T @ X @ b @ b.T"),
    ("sqrt(a.T @ X @ b)", "X", "a/(2*sqrt(a.T @ X @ b)) @ b.T"),
]  # fmt: skip

NOT_STATED: list[tuple[str, str]] = [
    ("sum(g*(A @ exp(x)))", "x"),
    ("sin(x).T @ y", "x"),
    ("sum(H*(a.T @ sin(A @ X @ b) * b.T))", "X"),
    ("a.T @ log(A @ sin(X) @ B) @ b", "X"),
    ("a.T @ log(sin(X)) @ b", "X"),
]
"""SymPy's own comments: "currently returning the transpose" (two), "not implemented", "wrong" (two)."""


@pytest.mark.parametrize(("expression", "name", "stated"), STATED)
def test_a_case_of_sympy_has_its_stated_value(expression: str, name: str, stated: str) -> None:
    check(solve(problem_of(expression)), name, stated)


@pytest.mark.parametrize(("expression", "name"), NOT_STATED)
def test_a_case_that_sympy_does_not_state_is_right(expression: str, name: str) -> None:
    check(solve(problem_of(expression)), name, None)


def test_the_table_counts_the_cases() -> None:
    assert __doc__ is not None
    counts = [[int(n) for n in re.findall(r"\s(\d+)(?=\s|$)", line)] for line in __doc__.splitlines() if "  " in line]
    rows = [row for row in counts if len(row) == 2]
    assert rows == [[len(STATED), 3], [len(NOT_STATED), 0], [12, 2]]


def test_tensorgrad_l2_loss() -> None:
    symbols = {"X": ["B", "D"], "W": ["D", "K"], "Y": {"shape": ["B", "K"], "role": "target"}}
    solution = solve(problem_from_mapping({"symbols": symbols, "forward": ["L = sum((X @ W - Y)**2)"]}))
    check(solution, "W", "2*X.T @ (X @ W - Y)")


def test_tensorgrad_hessian_of_cross_entropy() -> None:
    """The gradient that is found is differentiated once more: (diag(p) - p p') sum(t), times any vector."""
    symbols: dict[str, Any] = {"z": ["K"], "t": {"shape": ["K"], "role": "target"}}
    first = solve(problem_from_mapping({"symbols": symbols, "forward": ["L = cross_entropy(softmax(z), t)"]}))
    check(first, "z", "softmax(z)*sum(t) - t")
    twice = {"symbols": {**symbols, "v": ["K"]}, "forward": ["g = softmax(z)*sum(t) - t", "L = v.T @ g"]}
    check(solve(problem_from_mapping(twice)), "z", "(diag(softmax(z)) - softmax(z) @ softmax(z).T) @ v * sum(t)")


def test_tensorgrad_convolution() -> None:
    """Unfold in two directions, and the kernel: the derivative by the kernel, with an upstream array."""
    mapping = {
        "symbols": {"X": ["C", "W", "H"], "F": ["C", "I", "J", "O"], "G": ["P", "Q", "O"]},
        "indices": {"c": "C", "i": "I", "j": "J", "o": "O", "p": "P", "q": "Q"},
        "forward": ["Y[p,q,o] = sum(X[c,p+i-1,q+j-1]*F[c,i,j,o], c, i, j)", "L = sum(G[p,q,o]*Y[p,q,o], p, q, o)"],
    }
    solution = solve(problem_from_mapping(mapping))
    assert {v.status for v in solution.verified.values()} == {"verified"}

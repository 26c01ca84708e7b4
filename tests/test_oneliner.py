"""``bs.gradient``: one expression in, its gradient out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import backsym as bs
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw
from backsym.reading.files.loader import read_expression

pytestmark = pytest.mark.quick("api")

SHAPES = {"W": ["K", "D"], "x": ["D"], "t": ["K"]}
EXPRESSION = "sum((W @ x - t)**2)/2"


def test_the_gradient_in_every_form() -> None:
    g = bs.gradient(EXPRESSION, wrt="W", shapes=SHAPES)
    assert str(g) == "dL/dW[k,i] = (sum(W[k,i']*x[i'], i') - t[k])*x[i]\ndL/dW = (W @ x - t) @ x.T"
    assert g.numpy == "np.outer(W @ x - t, x)"
    assert g.latex().endswith(r"= (\mathbf{W} \mathbf{x} - \mathbf{t}) \mathbf{x}^\top")
    assert str(g.sympy(matrix=True)) == "Eq(dL_dW, (W*x - t)*x.T)"
    assert g.verification.status == "verified"


def test_its_value_is_that_of_finite_differences() -> None:
    random = np.random.default_rng(1)
    point = {"W": random.normal(size=(3, 2)), "x": random.normal(size=2), "t": random.normal(size=3)}
    g = bs.gradient("sum(log(softmax(W @ x))*t)", "W", SHAPES)
    found = g(**point)
    for at in np.ndindex(3, 2):
        step = np.zeros((3, 2))
        step[at] = 1e-6

        def value(w: Any) -> float:
            z = w @ point["x"]
            return float(np.sum((z - np.log(np.exp(z).sum())) * point["t"]))

        assert found[at] == pytest.approx((value(point["W"] + step) - value(point["W"] - step)) / 2e-6, abs=1e-6)


def test_the_explanation_has_what_is_given_and_every_step() -> None:
    text = bs.gradient(EXPRESSION, "W", SHAPES).explain()
    assert text.startswith("### $")
    assert r"$\mathbf{W} \in \mathbb{R}^{K \times D}$" in text
    assert r"\mathcal{L} = \frac{1}{2} \sum_{k'}" in text
    assert "matrix product" in text
    assert "Checked numerically" in text
    left = r"\underbrace{(\mathbf{W} \mathbf{x} - \mathbf{t})}_{\, K \times 1 \,}"
    assert rf"&= \boxed{{{left} \underbrace{{\mathbf{{x}}^\top}}_{{\, 1 \times D \,}}}}" in text
    assert text._repr_markdown_() == text


def test_several_at_once_and_formulas_and_scalars() -> None:
    both = bs.gradient(r"\frac{1}{2} \lVert \mathbf{W}\mathbf{x} - \mathbf{t} \rVert^2", ["W", "x"], SHAPES)
    assert [g.numpy for g in both] == ["np.outer(W @ x - t, x)", "W.T @ (W @ x - t)"]
    assert str(bs.gradient("(y - t)**2", "y")) == "dL/dy = 2*(y - t)"
    assert str(bs.gradient("L**2", "L")) == "dJ/dL = 2*L"
    assert bs.gradient("x**3", "x")(x=2) == 12


def test_sympy_expressions() -> None:
    rows, columns = sympy.symbols("K D", integer=True, positive=True)
    w, x = sympy.MatrixSymbol("W", rows, columns), sympy.MatrixSymbol("x", columns, 1)
    t = sympy.MatrixSymbol("t", rows, 1)
    r = w * x - t
    for half in (r.T * r / 2, sympy.Trace(r.T * r) / 2):
        assert bs.gradient(half, w).numpy == "np.outer(W @ x - t, x)"
    a = sympy.Symbol("a")
    assert str(bs.gradient(sympy.sin(a), a)) == "dL/da = cos(a)"
    with pytest.raises(bs.InputError, match=r"must be a scalar; this is \[K, 1\]"):
        bs.gradient(r, w)


ARRAYS: dict[str, list[Any]] = {
    "A": ["M", "N"], "S": ["N", "N"], "X": ["N", "P"], "Y": ["N", "P"], "V": ["P", "N"], "a": ["M"], "b": ["M"],
    "c": ["N"], "x": ["N"], "y": ["N"], "s": [],
}  # fmt: skip

CALCULUS = [
    ("norm(A @ x - b)", "x", "(A.T @ (A @ x - b))/norm(A @ x - b)"),
    ("norm(A @ x - b)**2", "x", "2*(A.T @ (A @ x - b))"),
    ("norm(A @ x - b)**2 + s*sum(abs(x))", "x", "2*(A.T @ (A @ x - b)) + s*sign(x)"),
    ("mean((A @ x - b)**2)", "x", "2/M*(A.T @ (A @ x - b))"),
    ("x.T @ S @ x + c.T @ x", "x", "S @ x + S.T @ x + c"),
    ("sqrt(x.T @ S @ x)", "x", "((S + S.T) @ x)/(2*sqrt(x.T @ S @ x))"),
    ("(c.T @ x)/(x.T @ x)", "x", "c/(x.T @ x) - (2*(c.T @ x)*x)/(x.T @ x)**2"),
    ("a.T @ A @ S @ x", "S", "A.T @ a @ x.T"),
    ("(a.T @ A @ x)**3", "A", "3*(a.T @ A @ x)**2*(a @ x.T)"),
    ("trace(A @ X @ V @ A.T)", "X", "A.T @ A @ V.T"),
    ("trace(X.T @ S @ X)", "X", "(S + S.T) @ X"),
    ("trace(outer(x, y) @ S)", "x", "S.T @ y"),
    ("norm(X)", "X", "X/norm(X)"),
    ("norm(X - Y)**2/2", "Y", "Y - X"),
    ("norm(x @ x.T - S)**2", "x", "(4*(x @ x.T) - 2*S - 2*S.T) @ x"),
    ("sum(X*Y*X)", "X", "2*X*Y"),
    ("sum((X @ V)**2)", "V", "2*(X.T @ X @ V)"),
    ("x.T @ diag(y) @ x", "y", "x**2"),
    ("logsumexp(A @ x)", "x", "A.T @ softmax(A @ x)"),
    ("log(sum(exp(A @ x)))", "x", "(A.T @ exp(A @ x))/(ones(M).T @ exp(A @ x))"),
    ("sum(log(1 + exp(-a*(A @ x))))", "x", "-A.T @ ((exp(-a*(A @ x))*a)/(ones(M) + exp(-a*(A @ x))))"),
    ("sum(softplus(-a*(A @ x)))", "x", "-A.T @ (sigmoid(-a*(A @ x))*a)"),
    ("b.T @ softmax(A @ x)", "x", "A.T @ (b*softmax(A @ x)) - (b.T @ softmax(A @ x))*(A.T @ softmax(A @ x))"),
    ("-b.T @ log(softmax(A @ x))", "A", "((ones(M).T @ b)*softmax(A @ x) - b) @ x.T"),
    ("a.T @ exp(A @ x)", "x", "A.T @ (a*exp(A @ x))"),
    ("sum(max(0, 1 - a*(A @ x)))", "x", "-A.T @ ([0 < ones(M) - a*(A @ x)]*a)"),
    ("exp(-norm(x - y)**2/(2*s**2))", "x", "-(exp(-((x - y).T @ (x - y))/(2*s**2))*(x - y))/s**2"),
    ("x.T @ (log(x) - log(y))", "x", "(log(x) - log(y)) + ones(N)"),
    (r"\frac{1}{2}\lVert \mathbf{A}\mathbf{x} - \mathbf{b} \rVert^2", "x", "A.T @ (A @ x - b)"),
    (r"\log \sum_{i=1}^{N} \exp(x_i)", "x", "exp(x)/(ones(N).T @ exp(x))"),
]
"""What people ask matrixcalculus.org for, and what a person would write, which is read as an expression."""


@pytest.mark.parametrize(("expression", "wrt", "form"), CALCULUS)
def test_expressions_of_matrix_calculus(expression: str, wrt: str, form: str) -> None:
    g = bs.gradient(expression, wrt, ARRAYS)
    found = str(g).splitlines()[-1].partition(" = ")[2]
    assert len(found) <= len(form), f"{found} is longer"
    env = draw(g.problem, 3)
    stated = evaluate(read_expression(g.problem, form), env)
    assert g.matrix is not None
    np.testing.assert_allclose(evaluate(g.matrix.rhs, env), stated, rtol=1e-9)
    assert g.verification.status == "verified"
    assert g.explain()


BAD: list[tuple[tuple[Any, ...], str]] = [
    (("W @ x", "W", SHAPES), r"expression:1:1: the loss L must be a scalar; this is \[K\]"),
    (("sum(W @ y)", "W", SHAPES), r'expression:1:9: y is not declared(.|\n)*give its shape too, such as "y": \["D"\]'),
    (("sum(W @ x)", "V", SHAPES), "the expression has no V"),
    (("sum(W @ @ x)", "W", SHAPES), "expression:1:9: expected a name"),
    (("sum(W @ x)", "W"), "@ needs the shapes of arrays"),
    (("", "x"), "expected a name, a number"),
    (("5", "x"), "only numbers"),
    ((3, "x"), "an expression is a text or a SymPy expression, not 3"),
    (("x**2", 4), "wrt is a name"),
    (("sum(W @ x)", "W", {"W": "KD", "x": ["D"]}), "cannot multiply"),
    (("torch.var(x)", "x", {"x": ["D"]}), "var of PyTorch"),
    (("F.cross_entropy(x, t)", "x", {"x": ["D"], "t": ["D"]}), "cross_entropy of PyTorch"),
    ((r"f^{(2)}(x)^2", "x"), "f2 stands before parentheses"),
    ((r"\min_w (w x)^2", "w"), "w is a quantity, not an index letter"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_said_with_its_place(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(bs.InputError, match=message):
        bs.gradient(*arguments)


def test_numbers_of_another_shape_are_refused() -> None:
    g = bs.gradient(EXPRESSION, "W", SHAPES)
    with pytest.raises(bs.InputError, match="t has no value"):
        g(W=[[1.0]], x=[1.0])
    for value in (["a", 2.0], [[1.0], [1.0, 2.0]], {"x": 1}, None):
        with pytest.raises(bs.InputError, match=r"x is no array of numbers|x has the shape"):
            g(W=[[1.0, 2.0]], x=value, t=[1.0])
    with pytest.raises(bs.InputError, match="the expression has no v"):
        g(W=[[1.0]], x=[1.0], t=[1.0], v=1)
    with pytest.raises(bs.InputError, match=r"x has the shape \[1\], expected \[2\]"):
        g(W=[[1.0, 2.0]], x=[1.0], t=[1.0])

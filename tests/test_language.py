"""The language of problem files by examples: the tables of the documentation, what is refused, and Python's doors."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from documentation import ROOT
from extent import some
from language_examples import Row, printed, rows

import backsym as bs
from backsym.codegen.module import gradients_at
from backsym.core.errors import BacksymError, InputError
from backsym.documents.content.markup import inlines_of
from backsym.documents.writers.jsonform import problem_json
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("reading", "solving")

ROWS = list(rows())


@pytest.mark.parametrize("row", some(ROWS, 5), ids=lambda row: row.text.splitlines()[1])
def test_an_example_prints_what_its_row_says(row: Row) -> None:
    """Each derivative is proved by complex steps when it is found."""
    assert set(row.found) <= set(printed(row.problem))


def test_every_section_has_examples_whose_formulas_can_be_set() -> None:
    assert len(ROWS) > 60
    assert len({row.section for row in ROWS}) == 8
    for formula in (formula for row in ROWS for formula in row.found):
        assert inlines_of(f"${formula}$", "a row")


RNN: dict[str, Any] = {"indices": {"t": "T"}, "symbols": {"a": [], "h0": [], "x": ["T"]}}
LOSS = "L = h[T]**2"
DEEP: dict[str, Any] = {"indices": {"l": {"over": "M", "as": "^{(l)}"}}}
CLASS: dict[str, Any] = {
    "symbols": {"z": [3], "y": {"label": 3, "role": "target"}},
    "forward": ["L = -log(softmax(z)[y])"],
}
LAYER: dict[str, Any] = {"symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "b": []}}
SQUARE = ["z = W @ x", "L = sum(z**2) + b"]
NUMBER: dict[str, Any] = {"symbols": {"w": []}, "forward": ["L = w**2"]}


def deep(first: str, *shape: str, last: str = "L = sum(a[M]**2)") -> dict[str, Any]:
    symbols = {"x": [first], "y": {"shape": ["D[1]"]}, "W": {"shape": list(shape), "for": "l"}}
    used = symbols if "y" in last else {name: symbols[name] for name in ("x", "W")}
    return {**DEEP, "symbols": used, "forward": ["a[0] = x", "a[l] = tanh(W[l] @ a[l-1])", last]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a recurrence without a start": (
        {**RNN, "forward": ["h[t] = tanh(a*h[t-1] + x[t]) + h0", LOSS]}, "nothing says what it starts from",
    ),
    "a start that is missing": (
        {**RNN, "forward": ["h[0] = h0", "h[t] = tanh(a*h[t-2] + x[t])", LOSS]}, r"h\[-1\], which has no start",
    ),
    "after the last member": (
        {**RNN, "forward": ["h[0] = h0", "h[t] = tanh(a*h[t-1] + x[t])", "L = h[T+1]**2"]}, "the last member is at T",
    ),
    "before the first start": (
        {**RNN, "forward": ["h[0] = h0", "h[t] = tanh(a*h[t-1] + x[t])", "L = h[-1]**2"]}, "no start at position -1",
    ),
    "a part of a derivative": (
        {"symbols": {"F": ["N", "2*H"]}, "indices": {"n": "N"},
         "forward": ["z[n] = 2*F[n]", "L = sum(sum(z[n]**2), n)"],
         "parts": [{"show": "dL/dF[n, 1:H] = 8*F[n, 1:H]"}]},
        "taken by slices alone",
    ),
    "a later member": (
        {**RNN, "forward": ["h[0] = h0", "h[t] = tanh(a*h[t+1] + x[t])", LOSS]}, "uses earlier members only",
    ),
    "a cycle within one position": (
        {**RNN, "forward": ["h[0] = h0", "h[t] = tanh(a*h[t]) + x[t]", LOSS]}, "a member of h is used in its own",
    ),
    "a cycle of two equations": (
        {**RNN, "forward": ["h[0] = h0", "g[0] = h0", "h[t] = a*h[t-1] + g[t]", "g[t] = h[t] + x[t]", LOSS]},
        "g is used before its equation",
    ),
    "a class that there is not": ({**CLASS, "values": {"z": [1, 2, 3], "y": 3}}, "count the classes of 3 from 0"),
    "a class before the first": ({**CLASS, "values": {"z": [1, 2, 3], "y": -1}}, "count the classes of 3 from 0"),
    "a class of another axis": (
        {"symbols": {"z": ["K"], "y": {"label": "N"}, "x": ["N"]}, "forward": ["L = z[y] + sum(x)"]},
        "a class of N, but this axis is K",
    ),
    "a class as a number": (
        {"symbols": {"z": [], "y": {"label": "K"}}, "forward": ["L = z*y"]}, "no number to compute with",
    ),
    "an index of both examples and entries": (
        {"indices": {"n": "N"}, "symbols": {"X": ["N", "D"]}, "forward": ["z[n] = X[n, n]", "L = sum(z)"]},
        "index n runs over N, but this axis has D entries",
    ),
    "layers that do not meet": (deep("D[0]", "D[l]", "D[l]"), r"cannot multiply \[D\[l\], D\[l\]\] @ \[D\[l-1\]\]"),
    "a first layer of another size": (deep("D[1]", "D[l]", "D[l-1]"), r"@ \[D\[l\]\]"),
    "a last layer of another size": (
        deep("D[0]", "D[l]", "D[l-1]", last="L = squared_error(a[M], y)"), r"these are \[D\[M\]\] and \[D\[1\]\]",
    ),
    "the determinant of a rectangle": (
        {"symbols": {"A": ["K", "D"]}, "forward": ["L = det(A)"]}, r"det needs a square matrix; this is \[K, D\]",
    ),
    "the inverse of a rectangle": (
        {"symbols": {"A": ["K", "D"]}, "forward": ["L = sum(inv(A))"]}, "inv needs a square matrix",
    ),
    "a second derivative of six axes": (
        {"symbols": {"W": ["K", "D", "D"], "x": ["D"]}, "indices": {"k": "K"}, "parts": [{"hessian": "W"}],
         "forward": ["z[k] = x.T @ W[k] @ x", "L = sum(z**2)"]},
        "has 6 axes; at most 4 are possible",
    ),
    "a Jacobian of what does not depend on it": (
        {**LAYER, "forward": SQUARE, "parts": [{"jacobian": "dz/db"}]}, "z does not depend on b",
    ),
    "a Jacobian by a class": ({**CLASS, "parts": [{"jacobian": "dL/dy"}]}, "nothing is differentiated by it"),
    "a softmax over one of two like axes": (
        {"indices": {"j": "J"}, "symbols": {"e": ["J", "J"]}, "forward": ["L = sum(softmax(e, j))"]}, "not one axis of",
    ),
    "a softmax over a letter that is not in it": (
        {"indices": {"t": "T", "j": "J"}, "symbols": {"e": ["T", "J"]},
         "forward": ["a[t,j] = softmax(e[t], j)", "L = sum(a)"]},
        r"write it into the argument: softmax\(e\[j\], j\)",
    ),
    "a softmax of vectors over a letter": (
        {"indices": {"j": "J"}, "symbols": {"e": ["J", "D"]},
         "forward": ["z = sum(softmax(e[j], j), j)", "L = sum(z)"]},
        "of numbers, not of arrays",
    ),
    "a softmax over a letter without a range": (
        {"symbols": {"e": ["J"]}, "forward": ["L = sum(softmax(e, k))"]}, "the range of index k is not known",
    ),
    "a dimension and a quantity of one name": (
        {"symbols": {"N": [], "x": ["N"]}, "forward": ["L = sum(x**2)*N"]}, "N is a dimension",
    ),
    "a start that prints like another quantity": (
        {**RNN, "notation": "subscript", "forward": ["h[0] = a", "h[t] = tanh(a*h[t-1]) + h0*x[t]", LOSS]},
        r"h\[0\] would print like h0",
    ),
    "a step without a rate": ({**NUMBER, "parts": [{"update": "w"}]}, "update needs the learning rate"),
    "numbers without values": ({**NUMBER, "parts": [{"compute": "L"}]}, "compute needs numbers"),
    "marks and points": ({**NUMBER, "parts": [{"derive": "w", "marks": 1, "points": 1}]}, "another name for marks"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_at_its_place(name: str) -> None:
    mapping, words = REFUSED[name]
    with pytest.raises(InputError, match=words) as error:
        problem_from_mapping(mapping)
    assert all(d.file for d in error.value.diagnostics)


def test_python_calls_have_values_and_all_forms() -> None:
    shapes: dict[str, Any] = {"z": ["K"], "y": {"label": "K"}}
    z = [0.5, -1.0, 2.0]
    p = np.exp(z) / np.exp(z).sum()
    g = bs.gradient("-log(softmax(z)[y])", "z", shapes)
    h = bs.hessian("-log(softmax(z)[y])", "z", shapes)
    j = bs.jacobian("softmax(z)", "z", {"z": ["K"]})
    np.testing.assert_allclose(g(z=z, y=2), p - np.eye(3)[2])
    np.testing.assert_allclose(h(z=z, y=2), np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(j(z=z), np.diag(p) - np.outer(p, p))
    for found in (g, h, j):
        ast.parse(found.numpy, mode="eval")
        assert found.latex()
        assert str(found.sympy()).startswith("Eq(")
        assert found.explain()
    layer = bs.Problem(symbols={"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}}, forward=["y = W @ x"])
    assert isinstance(bs.load(ROOT / "problems" / "csc311-week6" / "scalar-tanh.yaml"), type(layer))
    assert layer.solve()["W"].hint(1)


def test_a_problem_without_a_loss_takes_its_derivative() -> None:
    layer = problem_from_mapping(
        {"symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}}, "forward": ["y = W @ x"]}
    )
    rows = {row["node"]: row["verified"]["status"] for row in problem_json(solve(layer))["derivatives"]}
    assert rows == {"y": "given", "W": "verified", "x": "verified"}


T, D = 4, 2
MATRICES: dict[str, tuple[int, ...]] = {
    "X": (T, D), "Z": (T + 1, D), "W": (D, D), "h0": (D,), "g0": (D,), "C": (D, D, D), "F": (T, 2 * D), "G": (2 * D, T),
}  # fmt: skip


def states(W: Any, inputs: Any, start: Any) -> list[Any]:
    """What stands before the first member, and the members."""
    found = [start]
    for x in inputs:
        found.append(np.tanh(W @ found[-1] + x))
    return found


def both_ways(X: Any, W: Any, h0: Any, g0: Any) -> Any:
    h, g = states(W, X, h0), states(W, X[::-1], g0)
    return sum(((h[t] * g[T - t + 1]) ** 2).sum() for t in range(1, T + 1))


def ahead(Z: Any, W: Any, h0: Any) -> Any:
    return sum(((Z[t] - h) ** 2).sum() for t, h in enumerate(states(W, Z[:-1], h0)) if t)


SHAPES: dict[str, Any] = {
    "X": ["T", "D"], "Z": ["T + 1", "D"], "W": ["D", "D"], "h0": ["D"], "g0": ["D"], "C": ["D", "D", "D"],
    "F": ["N", "2*H"], "G": ["2*H", "N"],
}  # fmt: skip
STEP = "h[t] = tanh(W @ h[t-1] + X[t])"
BACK = "g[t] = tanh(W @ g[t-1] + X[T-t+1])"
PLACES: dict[str, tuple[list[str], Callable[..., Any]]] = {
    "read from both ends": (
        ["h[0] = h0", STEP, "g[0] = g0", BACK, "y[t] = h[t]*g[T-t+1]", "L = sum(y[t].T @ y[t], t)"], both_ways,
    ),
    "entries from both ends": (["L = sum(X[T-t+1,d]*X[t,d]**2, t, d)"], lambda X: (X[::-1] * X**2).sum()),
    "members from both ends": (
        ["z[t] = W @ X[T-t+1]", "L = sum((z[t].T @ X[t])**2, t)"], lambda X, W: ((X[::-1] @ W.T * X).sum(1) ** 2).sum(),
    ),
    "members in LaTeX": (
        [r"L = \sum_{t=1}^T (\mathbf{x}_{T-t+1}^\top \mathbf{x}_t)^3"], lambda X: ((X[::-1] * X).sum(1) ** 3).sum(),
    ),
    "columns": (["L = sum((h0.T @ W[:,d])**3, d)"], lambda W, h0: ((h0 @ W) ** 3).sum()),
    "matrices, rows and columns of three axes": (
        ["L = sum(sum(C[l,:,d])**2, l, d) + sum((h0.T @ C[:,:,d] @ h0)**3, d) + sum(h0.T @ C[l] @ h0, l)"],
        lambda C, h0: (C.sum(1) ** 2).sum() + (np.einsum("ldk,d,l->k", C, h0, h0) ** 3).sum() + (h0 @ C @ h0).sum(),
    ),
    "parts of members": (
        ["y[n] = F[n, 1:H]*F[n, H+1:2*H]", "L = sum(sum(y[n]**3), n) + sum(sum(F[n, 2:H])*F[n,1], n)"],
        lambda F: ((F[:, :D] * F[:, D:]) ** 3).sum() + (F[:, 1:D].sum(1) * F[:, 0]).sum(),
    ),
    "parts of columns": (
        ["L = sum(sum(G[1:H, n]*G[H+1:2*H, n])**2, n)"], lambda G: ((G[:D] * G[D:]).sum(0) ** 2).sum(),
    ),
    "the next step is the target": (
        ["h[0] = h0", "h[t] = tanh(W @ h[t-1] + Z[t])", "L = sum((Z[t+1] - h[t]).T @ (Z[t+1] - h[t]), t)"], ahead,
    ),
    "steps of a longer input": (
        ["h[0] = h0", "h[t] = tanh(W @ h[t-1] + Z[t+1])", "L = sum(h[T]**2)"],
        lambda Z, W, h0: (states(W, Z[1:], h0)[-1] ** 2).sum(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_positions_from_the_end_and_of_longer_axes(name: str) -> None:
    forward, truth = PLACES[name]
    used = [symbol for symbol in MATRICES if symbol in inspect.signature(truth).parameters]
    symbols = {symbol: SHAPES[symbol] for symbol in used}
    problem = problem_from_mapping({"indices": {"t": "T"}, "symbols": symbols, "forward": forward})
    random = np.random.default_rng(3)
    point = {symbol: random.normal(size=MATRICES[symbol]) for symbol in used}
    found = gradients_at(solve(problem), dict(point))
    assert found is not None
    for symbol in used:
        wanted = np.zeros(MATRICES[symbol])
        for place in np.ndindex(*wanted.shape):
            moved = point[symbol].astype(complex)
            moved[place] += 1e-30j
            wanted[place] = truth(**{**point, symbol: moved}).imag / 1e-30
        np.testing.assert_allclose(found[symbol], wanted, rtol=1e-9, atol=1e-12)


def test_what_is_read_beyond_the_end_is_zero_and_never_what_a_recurrence_starts_from() -> None:
    mapping: dict[str, Any] = {
        **RNN,
        "forward": ["h[0] = h0", "h[t] = tanh(a*h[t-1] + x[t])", "L = sum(h[t]*x[t+1], t)"],
    }
    rows = {row["node"]: row["entry"] for row in problem_json(solve(problem_from_mapping(mapping)))["derivatives"]}
    assert rows["x"]["rhs"].startswith(r"\sum_{t'=1}^T h_{t'} \delta_{t'+1,t}")


@pytest.mark.parametrize(
    ("symbols", "inner", "outer", "gradient"),
    [
        ({"A": ["D", "D"], "B": ["K", "K"]}, "kron(A, B)", "logdet({})", "A"),
        ({"A": ["D", "D"], "c": ["D"]}, "cumsum(c)", "sum(solve(A, {})**2)", "c"),
    ],
)
def test_what_has_no_matrix_form_needs_a_name_within_a_function_of_matrices(
    symbols: dict[str, Any], inner: str, outer: str, gradient: str
) -> None:
    with pytest.raises(BacksymError, match="give the expression a name, in an equation of its own"):
        solve(problem_from_mapping({"symbols": symbols, "forward": [f"L = {outer.format(inner)}"]}))
    named = solve(problem_from_mapping({"symbols": symbols, "forward": [f"M = {inner}", f"L = {outer.format('M')}"]}))
    assert not named.failed
    assert named[gradient].numpy


def test_tiny_derivatives_at_labels_are_looked_at_beside_their_noise() -> None:
    symbols: dict[str, Any] = {"E": ["V"], "w": {"shape": ["T"], "label": "V", "role": "input"}, "x": []}
    assert not solve(problem_from_mapping({"symbols": symbols, "forward": ["L = x*sum(E[w[t]], t)/10**11"]})).failed


def test_terms_that_have_lost_different_axes_are_no_matrix_form() -> None:
    symbols: dict[str, Any] = {"X": ["N", "K"], "W": ["H", "K"], "A": ["H", "H"], "u": ["H"]}
    mapping: dict[str, Any] = {
        "indices": {"n": "N"}, "symbols": {**symbols, "c": {"shape": ["N"], "label": "H"}}, "parts": [{"hessian": "u"}],
        "forward": ["g[n] = silu(W @ X[n] + solve(A, u))", "L = sum(logsumexp(g[n]) - g[n, c[n]], n)"],
    }  # fmt: skip
    (second,) = problem_json(solve(problem_from_mapping(mapping)))["hessians"]
    assert second["verified"]["status"] == "verified"

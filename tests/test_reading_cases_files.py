r"""The cases of problem files and one-liners in ``cases/reading.yaml``: by value, or refused with what says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import backsym as bs
from backsym.core.errors import InputError
from backsym.core.expr import free_indices
from backsym.core.problem import Problem
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

CASES = {
    case["id"]: case.get("yaml", case.get("python"))
    for case in yaml.safe_load((Path(__file__).parent / "cases/reading.yaml").read_text("utf-8"))
    if "note" not in case
}
TESTED = {
    "letters-of-sizes", "hats", "latex-family-in-yaml", "sympy-dependent-range", "own-letters",
    "hints-that-change-mathematics", "small-numbers", "short-range", "fixed-position", "layer-alone", "numpy-idioms",
    "place-of-a-shape-error", "one-liner-application",
}  # fmt: skip
ATTENTION = {"X": ["B", "H", "N", "D"], "Y": ["B", "H", "M", "D"]}


def test_every_case_is_here() -> None:
    assert set(CASES) == TESTED


def problem(name: str) -> Problem:
    return problem_from_mapping({key: value for key, value in CASES[name].items() if key != "want"})


def slope(loss: Any, at: np.ndarray) -> np.ndarray:
    found = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[place] += 1e-30j
        found[place] = np.imag(loss(moved)) / 1e-30
    return found


def softmax(z: Any) -> Any:
    e = np.exp(z)
    return e / e.sum(-1, keepdims=True)


POINT = np.random.default_rng(3)
W, X, T = POINT.uniform(0.1, 0.9, (3, 2)), POINT.uniform(0.1, 0.9, (4, 3)), POINT.uniform(0.1, 0.9, (4, 2))


@pytest.mark.parametrize(
    ("text", "by", "shapes", "values", "loss"),
    [
        ("np.sum(np.maximum(W @ x, 0)**2)", "W", {"W": ["K", "D"], "x": ["D"]},
         {"W": W, "x": np.array([0.5, -0.2])},
         lambda w: (np.where((w @ [0.5, -0.2]).real > 0, w @ [0.5, -0.2], 0) ** 2).sum()),
        ("sum(X[b,h,i,d]*Y[b,h,j,d], b,h,i,j,d)", "X", ATTENTION,
         {"X": np.ones((2, 1, 3, 2)), "Y": np.arange(8.0).reshape(2, 1, 2, 2)},
         lambda x: np.einsum("bhid,bhjd->", x, np.arange(8.0).reshape(2, 1, 2, 2))),
        ("x/sqrt(v + 1e-5)", "v", None, {"x": np.array(0.5), "v": np.array(0.2)}, lambda v: 0.5 / np.sqrt(v + 1e-5)),
        ("mean(sum((softmax(X @ W) - T)**2, axis=1))", "W", {"X": ["n", "d"], "W": ["d", "k"], "T": ["n", "k"]},
         {"X": X, "W": W, "T": T}, lambda w: ((softmax(X @ w) - T) ** 2).sum(1).mean()),
        ("-log(softmax(z)[3])", "z", {"z": ["K"]}, {"z": np.array([0.1, 0.4, -0.2, 0.8])},
         lambda z: -np.log(softmax(z)[2])),
        ("squared_error(tanh(W @ x), t)", "x", {"W": ["K", "D"], "x": ["D"], "t": ["K"]},
         {"W": W, "x": np.array([0.5, -0.2]), "t": np.array([0.1, 0.2, 0.3])},
         lambda x: ((np.tanh(W @ x) - [0.1, 0.2, 0.3]) ** 2).sum() / 2),
    ],
)  # fmt: skip
def test_a_one_liner_is_read_as_meant(text: str, by: str, shapes: Any, values: Any, loss: Any) -> None:
    found = bs.gradient(text, by, shapes)
    np.testing.assert_allclose(found(**values), slope(loss, values[by]), rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (r"\frac{1}{2} (y - g(x))^2", "dL/dx = -(y - g(x))*g'(x)"),
        (r"\alpha(x) y", "dL/dx = alpha'(x)*y"),
        (r"\frac{1}{2} g(h(x))", "dL/dx = 1/2*(g'(h(x))*h'(x))"),
        (r"\frac{1}{4} g(2x)^2", "dL/dx = g(2*x)*g'(2*x)"),
        (r"\frac{1}{2} (y - w(x + b))^2", "dL/dx = -(y - w*(x + b))*w"),
    ],
)
def test_a_letter_that_is_applied_is_a_function(text: str, result: str) -> None:
    assert str(bs.gradient(text, wrt="x")) == result


@pytest.mark.parametrize("text", [r"g(x) + \frac{g}{2}", r"\frac{1}{2} x(x)"])
def test_a_letter_that_is_applied_and_a_factor_is_no_function(text: str) -> None:
    with pytest.raises(InputError):
        bs.gradient(text + " - g(x)", wrt="x")


def test_the_range_of_a_sum_does_not_depend_on_letters() -> None:
    import sympy

    i, j, n = sympy.symbols("i j N", integer=True)
    z, q = sympy.IndexedBase("z"), sympy.IndexedBase("q")
    for sum_ in (
        sympy.Sum(z[i] * q[j], (i, 1, j), (j, 1, n)),
        sympy.Sum(z[i] * q[j], (j, i, n), (i, 1, n)),
        sympy.Sum(q[j] * sympy.Sum(z[i], (i, 1, j)), (j, 1, n)),
    ):
        with pytest.raises(InputError, match="range"):
            bs.gradient(sum_, wrt="z")
    with pytest.raises(InputError, match="the range of i depends on another index letter"):
        bs.Problem(forward=["L = Sum(z[i]*q[j], (i, 1, j), (j, 1, N))"], symbols={"z": ["N"], "q": ["N"]})


def test_a_layer_alone_has_an_abstract_loss() -> None:
    layer = problem("layer-alone")
    assert layer.upstream == "y"
    assert str(solve(layer)["W"]).splitlines()[-1] == "dL/dW = (dL/dy*(ones(K) - y**2)) @ x.T"


def test_small_numbers_keep_their_spelling_in_equations() -> None:
    for equation in ("y = x/sqrt(v + 1e-5)", r"y = \frac{x}{\sqrt{v + 10^{-5}}}", "y = x/sqrt(v + 10**-5)"):
        solution = solve(problem_from_mapping({"forward": [equation, "L = y**2" if "*" in equation else "L = y^2"]}))
        assert str(solution["x"]).endswith("dL/dx = 1/sqrt(v + 1e-5)*dL/dy")
        assert solution["v"].numpy == "-y ** 2 / (v + 1e-5)"
    hundred = solve(problem_from_mapping({"forward": ["y = 10**2*x", "L = y"]}))
    assert str(hundred["x"]) == "dL/dx = 100"


def test_no_chosen_letter_is_that_of_a_size() -> None:
    found = problem("letters-of-sizes")
    printed = "".join(equation_latex(d.derivation.entry, Notation.of(found)) for d in solve(found))
    assert r"\sum_{l'=1}^k" in printed
    assert not any(rf"\sum_{{{letter}{prime}=1}}" in printed for letter in "kd" for prime in ("", "'"))
    clash = problem_from_mapping({"symbols": {"W": ["i", "j"], "k": ["j"]}, "forward": ["L = sum((W @ k)**2)"]})
    letters = {ix.letter for d in solve(clash) for ix in free_indices(d.derivation.entry.lhs)}
    assert letters.isdisjoint({"i", "j", "k"})
    steps = problem_from_mapping({
        "indices": {"t": "T"}, "symbols": {"W": ["d", "d"], "h": ["T", "d"], "v": ["d"], "g": ["d"]},
        "forward": ["h[0] = g", "h[t] = tanh(W @ h[t-1])", "L = v.T @ h[T]"],
    })  # fmt: skip
    members = {ix.letter for d in solve(steps) for ix in free_indices(d.derivation.entry.lhs)}
    assert "t" in members
    assert "d" not in members


def test_the_letters_of_the_author_are_kept() -> None:
    text = "sum(X[b,h,i,d]*Y[b,h,j,d], b,h,i,j,d)"
    for shapes in (ATTENTION, dict.fromkeys("XY", ATTENTION["X"])):
        assert str(bs.gradient(text, "X", shapes)) == "dL/dX[b,h,i,d] = sum(Y[b,h,j,d], j)"
    layer = problem_from_mapping({
        "symbols": {"W": ["K", "D"], "x": ["D"], "t": ["K"]},
        "forward": ["a[m] = sum(W[m,p]*x[p], p)", "L = sum((a[m] - t[m])**2, m)"],
    })  # fmt: skip
    assert str(solve(layer)["W"]).splitlines()[0] == "dL/dW[m,p] = dL/da[m]*x[p]"


@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        ("mse_loss", "mean_squared_error(y, t)"),
        ("cross_entropy_with_logits", "softmax_cross_entropy(y, t)"),
        ("hinge", "max(0, 1 - t*y)"),
    ],
)
def test_a_hint_changes_no_loss_into_another(loss: str, formula: str) -> None:
    with pytest.raises(InputError) as caught:
        problem_from_mapping({"symbols": {"y": ["K"], "t": ["K"]}, "forward": [f"L = sum({loss}(y, t))"]})
    assert str(caught.value.diagnostics[0].hint) == f"{loss}(y, t) is written {formula}"
    assert problem_from_mapping({"symbols": {"y": ["K"], "t": ["K"]}, "forward": [f"L = sum({formula})"]})


@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        ("mean_squared_error", "mean((y - t)**2)"),
        ("sum_squared_error", "sum((y - t)**2)"),
        ("mean_absolute_error", "mean(abs(y - t))"),
        ("softmax_cross_entropy", "cross_entropy(softmax(y), t)"),
        ("sigmoid_cross_entropy", "binary_cross_entropy(sigmoid(y), t)"),
    ],
)
def test_a_loss_by_its_usual_name_is_its_formula(loss: str, formula: str) -> None:
    def of(text: str) -> list[str]:
        symbols = {"y": ["K"], "t": {"shape": ["K"], "role": "target"}}
        return [str(result) for result in solve(problem_from_mapping({"symbols": symbols, "forward": [f"L = {text}"]}))]

    assert of(f"{loss}(y, t)") == of(formula)


REFUSED = {
    "place-of-a-shape-error": "meaning.compares_one_shape",
    "latex-family-in-yaml": "latex.not_dimension",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_case_is_refused_with_a_code(name: str) -> None:
    with pytest.raises(InputError) as caught:
        problem(name)
    assert REFUSED[name] in {diagnostic.code for diagnostic in caught.value.diagnostics}

"""Jacobians and Hessians: judged by steps through the whole network, at both layouts, in every form of output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import backsym as bs
from backsym.cli.main import main
from backsym.core.errors import InputError
from backsym.core.expr import Equation, Neg
from backsym.documents.writers.jsonform import problem_json
from backsym.documents.writers.render import rendered
from backsym.numeric.sources import value_of

STEP = 1e-30
SIZES = {"N": 4, "D": 3, "H": 2, "K": 5}


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum()


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def by_steps(f: Callable[[Any], Any], at: np.ndarray) -> np.ndarray:
    """The Jacobian with the axes of the value first, by complex steps."""
    columns = []
    for position in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[position] += 1j * STEP
        columns.append(np.imag(f(moved)) / STEP)
    value = np.shape(columns[0])
    return np.moveaxis(
        np.reshape(columns, (*at.shape, *value)), range(at.ndim), range(len(value), len(value) + at.ndim)
    )


def by_differences(f: Callable[[Any], Any], at: np.ndarray) -> np.ndarray:
    """The derivative with the axes of the value first, by central differences of the fourth order."""
    step, columns = 1e-3, []
    for position in np.ndindex(at.shape):
        unit = np.zeros(at.shape)
        unit[position] = step
        near, far = f(at + unit) - f(at - unit), f(at + 2 * unit) - f(at - 2 * unit)
        columns.append((8 * near - far) / (12 * step))
    value = np.shape(columns[0])
    return np.moveaxis(
        np.reshape(columns, (*at.shape, *value)), range(at.ndim), range(len(value), len(value) + at.ndim)
    )


TWO_LAYERS: dict[str, Any] = {
    "symbols": {
        "W1": ["H", "D"], "b": ["H"], "W2": ["K", "H"], "s": [],
        "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"},
    },
    "forward": ["z = W1 @ x + b", "h = tanh(s*z)", "y = W2 @ h", "p = softmax(y)", "L = squared_error(p, t)"],
}  # fmt: skip


def network(v: dict[str, Any]) -> dict[str, Any]:
    z = v["W1"] @ v["x"] + v["b"]
    h = np.tanh(v["s"] * z)
    y = v["W2"] @ h
    p = softmax(y)
    return {**v, "z": z, "h": h, "y": y, "p": p, "L": ((p - v["t"]) ** 2).sum() / 2}


def after(v: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The network where a quantity, a node perhaps, has another value."""
    found = network({**v, **({name: value} if name not in ("z", "h", "y", "p") else {})})
    if name in ("z", "h", "y", "p"):
        z = value if name == "z" else found["z"]
        h = value if name == "h" else np.tanh(v["s"] * z)
        y = value if name == "y" else v["W2"] @ h
        p = value if name == "p" else softmax(y)
        found = {**v, "z": z, "h": h, "y": y, "p": p, "L": ((p - v["t"]) ** 2).sum() / 2}
    return found


def point() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    sizes = {"W1": (2, 3), "b": (2,), "W2": (5, 2), "x": (3,), "t": (5,), "s": ()}
    return network({name: rng.normal(size=shape) for name, shape in sizes.items()})


@pytest.mark.parametrize("of", ["z", "h", "y", "p", "L"])
def test_jacobians_of_every_node_by_everything(of: str) -> None:
    """In both layouts, of vectors and numbers by vectors, numbers and matrices."""
    v = point()
    names = ["W1", "b", "W2", "s", "x", "z", "h", "y", "p"]
    behind = {"z": "W1 b x", "h": "W1 b x s z", "y": "W1 b x s z h W2", "p": "W1 b x s z h W2 y", "L": " ".join(names)}
    asked = [f"d{of}/d{by}" for by in behind[of].split()]
    problem = bs.Problem(**TWO_LAYERS, parts=[{"jacobian": asked}, {"jacobian": asked, "layout": "denominator"}])
    found = problem_json(problem.solve())["jacobians"]
    for turned, items in ((False, found[: len(asked)]), (True, found[len(asked) :])):
        for item in items:
            base = np.asarray(v[item["by"]])
            wanted = by_steps(lambda x, by=item["by"]: after(v, by, x)[of], base)
            above = wanted.ndim - base.ndim
            if turned:
                wanted = np.moveaxis(wanted, range(above), range(wanted.ndim - above, wanted.ndim))
            if (above, base.ndim) == ((1, 0) if turned else (0, 1)):
                wanted = wanted[None, :]
            value = np.asarray(value_of(item["numpy"], v))
            np.testing.assert_allclose(value, wanted, rtol=1e-10, atol=1e-13, err_msg=str(item))
            assert [SIZES.get(d, d) for d in item["shape"]] == list(value.shape)
            assert item["verified"]["status"] == "verified"
            assert "d_" not in item["numpy"]


@pytest.mark.parametrize(
    ("first", "second"), [("b", "b"), ("x", "s"), ("s", "x"), ("s", "s"), ("W2", "b"), ("W1", "W2"), ("y", "y")]
)
def test_second_derivatives(first: str, second: str) -> None:
    v = point()
    problem = bs.Problem(**TWO_LAYERS, parts=[{"hessian": list(dict.fromkeys([first, second]))}])
    found = problem_json(problem.solve())["hessians"][0]
    item = found if first == second else found["blocks"][1]
    assert item["by"] == (first if first == second else [first, second])

    def slope(x: Any) -> Any:
        here = after(v, first, x)
        return by_steps(lambda moved: after(here, second, moved)["L"], np.asarray(here[second]))

    base = np.asarray(v[first])
    wanted = np.moveaxis(
        by_differences(slope, base), range(np.ndim(v[second])), range(base.ndim, base.ndim + np.ndim(v[second]))
    )
    if first != second and base.ndim == 0 and np.ndim(v[second]) == 1:
        wanted = wanted[None, :]
    np.testing.assert_allclose(value_of(item["numpy"], v), wanted, rtol=1e-7, atol=1e-9)
    assert item["verified"]["status"] == "verified"


def test_the_block_matrix_of_several() -> None:
    h = bs.hessian("sum(log(1 + exp(X @ w + b)))", ["w", "b"], {"X": ["N", "D"], "w": ["D"], "b": []})
    rng = np.random.default_rng(2)
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=3), 0.3
    p = sigmoid(x @ w + b)
    wide = np.column_stack([x, np.ones(4)])
    wanted = wide.T @ np.diag(p * (1 - p)) @ wide
    np.testing.assert_allclose(h(X=x, w=w, b=b), wanted, rtol=1e-12)
    np.testing.assert_allclose(value_of(h.numpy, {"X": x, "w": w, "b": np.asarray(b)}), wanted, rtol=1e-12)


SOFTMAX = r"\text{softmax}(\mathbf{z})"

COURSES = [
    ("softmax(z)", "z", rf"\text{{diag}}({SOFTMAX}) - {SOFTMAX} \: {SOFTMAX}^\top"),
    ("tanh(A @ x)", "x", r"\text{diag}(\mathbb{1}_{K} - \tanh^2(\mathbf{A} \mathbf{x})) \mathbf{A}"),
    ("sigmoid(z)", "z", r"\text{diag}(\sigma(\mathbf{z}) \odot (\mathbb{1}_{K} - \sigma(\mathbf{z})))"),
    ("A @ x", "x", r"\mathbf{A}"),
]


@pytest.mark.parametrize(("expression", "wrt", "matrix"), COURSES)
def test_forms_that_every_course_has(expression: str, wrt: str, matrix: str) -> None:
    shapes = {"A": ["K", "D"], "x": ["D"], "z": ["K"]}
    assert bs.jacobian(expression, wrt, shapes).latex().partition(" = ")[2] == matrix


def test_logistic_regression_and_least_squares() -> None:
    problem = bs.Problem(
        symbols={"X": {"shape": ["N", "D"], "role": "input"}, "w": ["D"], "t": {"shape": ["N"], "role": "target"}},
        forward=["z = X @ w", "p = sigmoid(z)", "L = binary_cross_entropy(p, t)"],
        parts=[{"hessian": "w"}],
    )
    item = problem_json(problem.solve())["hessians"][0]
    assert (
        item["matrix"]["rhs"]
        == r"\mathbf{X}^\top \, \text{diag}(\mathbf{p} \odot (\mathbb{1}_{N} - \mathbf{p})) \mathbf{X}"
    )
    h = bs.hessian("sum((X @ w - t)**2)/2", "w", {"X": ["N", "D"], "w": ["D"], "t": ["N"]})
    assert h.latex().partition(" = ")[2] == r"\mathbf{X}^\top \mathbf{X}"


def test_a_jacobian_can_be_called_explained_and_given_to_sympy() -> None:
    import sympy

    j = bs.jacobian("tanh(W @ x)", "x", {"W": ["K", "D"], "x": ["D"]})
    w, x = np.array([[0.2, -0.4], [1.0, 0.1], [0.3, 0.3]]), np.array([0.5, -1.0])
    wanted = by_steps(lambda v: np.tanh(w @ v), x)
    np.testing.assert_allclose(j(W=w, x=x), wanted, rtol=1e-12)
    np.testing.assert_allclose(value_of(j.numpy, {"W": w, "x": x}), wanted, rtol=1e-12)
    assert isinstance(j.sympy(), sympy.Equality)
    assert "matrix product" in j.explain()
    turned = bs.jacobian("tanh(W @ x)", "x", {"W": ["K", "D"], "x": ["D"]}, layout="denominator")
    np.testing.assert_allclose(turned(W=w, x=x), wanted.T, rtol=1e-12)


@pytest.mark.parametrize(
    ("expression", "shapes", "found"),
    [
        ("vec(A @ B)", {"A": [2, 3], "B": [3, 2]}, lambda A, B: (A @ B).ravel(order="F")),
        ("concat(A[1], B[:,1])", {"A": [2, 3], "B": [4, 2]}, lambda A, B: np.concatenate([A[0], B[:, 0]])),
        ("kron(A, B)", {"A": [2, 3], "B": [3, 2]}, np.kron),
    ],
    ids=["vec", "concat", "kron"],
)
def test_the_source_of_a_one_liner_has_only_what_is_given(
    expression: str, shapes: dict[str, list[int]], found: Callable[..., Any]
) -> None:
    letters = {"A": ["M", "N"], "B": ["N", "M"] if expression[0] != "c" else ["K", "M"]}
    rng = np.random.default_rng(3)
    values = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    source = bs.jacobian(expression, "A", letters).numpy
    assert source is not None
    expected = by_steps(lambda at: found(at, values["B"]), values["A"])
    np.testing.assert_allclose(value_of(source, values), expected, atol=1e-12)


def test_a_second_derivative_that_is_zero_by_its_formula_is_verified() -> None:
    network: dict[str, Any] = {
        "symbols": {"B": ["D", "D"], "c": ["D"]},
        "forward": ["L = c.T @ B @ c"],
        "parts": [{"hessian": "B"}],
    }
    (form,) = problem_json(bs.Problem(**network).solve())["hessians"]
    assert form["verified"]["status"] == "verified"


def test_the_chain_of_local_jacobians_is_shown() -> None:
    problem = bs.Problem(**TWO_LAYERS, parts=[{"jacobian": "dp/dx"}])
    (total,) = problem.solve().totals
    assert [step.kind for step in total.steps].count("collect") == 4
    assert total.steps[0].kind == "product"
    assert total.matrix is not None


def test_a_wrong_result_is_noticed() -> None:
    from dataclasses import replace

    from backsym.numeric.proof import totals_proved
    from backsym.numeric.sample import draws

    problem = bs.Problem(**TWO_LAYERS, parts=[{"jacobian": "dp/dy"}, {"hessian": "y"}])
    solution = problem.solve()
    wrong = tuple(replace(t, entry=Equation(t.entry.lhs, Neg(t.entry.rhs))) for t in solution.totals)
    checked, lines = totals_proved(wrong, solution.derivations, draws(problem))
    assert {v.status for v in checked.values()} == {"failed"}
    assert not lines


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"jacobian": "p"}, "files.not_a_jacobian"),
        ({"jacobian": "dh/dp"}, "files.no_influence"),
        ({"jacobian": "dp/dp"}, "files.no_influence"),
        ({"jacobian": "dx/db"}, "files.not_a_node"),
        ({"derive": "b", "layout": "denominator"}, "files.no_layout"),
        ({"jacobian": "dp/db", "layout": "rows"}, "files.other_choice"),
    ],
)
def test_what_is_no_jacobian_is_refused(part: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        bs.Problem(**TWO_LAYERS, parts=[part])
    assert code in [d.code for d in caught.value.diagnostics]


OF_ARRAYS = [
    "logsumexp(A @ x)",
    "-log(softmax(x)[y])",
    "x.T @ inv(A) @ x",
    "norm(x)",
    "sum(relu(A @ x)**2)",
    "max(x)**3",
    "sum(sin(cumsum(x)))",
    "logsumexp(tanh(cumsum(x)))",
    "sum(exp(cumsum(x) * cumsum(x)))",
    "-log(softmax(cumsum(x))[y])",
]


@pytest.mark.parametrize("expression", [*OF_ARRAYS, "x.T @ A @ x"])
def test_second_derivatives_through_functions_of_whole_arrays(expression: str) -> None:
    shapes = {"A": ["D", "D"], "x": ["D"], "y": {"label": "D"}}
    gradient, found = bs.gradient(expression, "x", shapes), bs.hessian(expression, "x", shapes)
    rng = np.random.default_rng(8)
    given = {"A": rng.normal(size=(3, 3)) + 3 * np.eye(3), "y": 1}
    given = {name: value for name, value in given.items() if name in expression}
    x = rng.normal(size=3) + 2.0
    wanted = by_differences(lambda v: gradient(x=v, **given), x)
    np.testing.assert_allclose(found(x=x, **given), wanted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "forward",
    [
        ["v = cumsum(x)", "L = sum(sin(v))"],
        ["v = tanh(cumsum(x))", "L = logsumexp(v)"],
        ["v = cumsum(x)", "p = softmax(v)", "u = cumsum(p * p)", "L = sum(exp(u))"],
    ],
)
def test_what_is_put_in_at_shifted_places_is_zero_outside(forward: list[str]) -> None:
    """cos(v[i + k]) is one where v[i + k] is not there: every step of a second derivative leaves such places out."""
    problem = bs.Problem(forward=forward, symbols={"x": ["N"]}, parts=[{"hessian": "x"}])
    (found,) = problem_json(problem.solve())["hessians"]
    assert found["verified"]["status"] == "verified"


def test_more_than_four_axes_are_refused() -> None:
    with pytest.raises(InputError, match="has 6 axes; at most 4"):
        bs.hessian("sum(A**2)", "A", {"A": ["I", "J", "K"]})


@pytest.mark.parametrize(
    ("form", "language"), [(f, "en") for f in ("md", "tex", "html", "json", "pdf")] + [("md", "de")]
)
def test_every_form_of_output(form: str, language: str, tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(
        f"language: {language}\n"
        "symbols: {X: {shape: [N, D], role: input}, w: [D], b: [], t: {shape: [N], role: target}}\n"
        "forward: [z = X @ w + b, p = sigmoid(z), 'L = binary_cross_entropy(p, t)']\n"
        "parts: [{jacobian: dp/dw}, {jacobian: [dp/dz], layout: denominator}, {hessian: w}, {hessian: [w, b]}]\n"
    )
    for version in ([], ["--questions"], ["--key"]):
        where = str(tmp_path / "".join(["out", *version]))
        result = CliRunner().invoke(main, ["solve", str(file), "--format", form, *version, "-o", where])
        assert result.exit_code == 0, result.output


def test_a_jacobian_is_not_what_the_summary_refers_to() -> None:
    """The number beside the gradient by z is that of the gradient, though dp/dz has one before it."""
    parts = [{"jacobian": "dp/dy"}, {"gradients": ["p", "y", "h", "z", "b"]}]
    text = rendered(None, [bs.Problem(**TWO_LAYERS, parts=parts).solve()], "md")
    summary = text[text.index("## Summary") :]
    (row,) = [line for line in summary.splitlines() if r"\mathbf{p} = \text{softmax}" in line]
    assert row.endswith("| [(3)](#result-3) |")

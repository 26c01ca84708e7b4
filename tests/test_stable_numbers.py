"""Large arguments: values, gradients that are called, NumPy source and modules stay finite and right."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import backsym as bs
from backsym.codegen.module import module_source
from backsym.numeric.sources import value_of
from backsym.printing.numpy.ranks import rank_of
from backsym.printing.numpy.stable import stable
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

LARGE = np.array([1000.0, 0.0, 0.0])
ONE_HOT = np.array([1.0, 0.0, 0.0])


@pytest.fixture(autouse=True)
def _strict() -> Any:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.mark.parametrize(
    ("expression", "gradient"),
    [
        ("logsumexp(z)", ONE_HOT),
        ("log(sum(exp(z)))", ONE_HOT),
        ("sum(log_softmax(z)*t)", [0.0, 0.0, 0.0]),
        ("sum(softmax(z)*t)", [0.0, 0.0, 0.0]),
        ("sum(softplus(z))", [1.0, 0.5, 0.5]),
        ("sum(sigmoid(-z)*t)", [0.0, -0.0, -0.0]),
        ("-sum(t*log(softmax(z)))", [0.0, 0.0, 0.0]),
        ("logsumexp(z*z/100)", [20.0, 0.0, 0.0]),
    ],
)
def test_a_called_gradient_is_finite_and_right(expression: str, gradient: Any) -> None:
    shapes = {"z": ["K"], **({"t": ["K"]} if "t)" in expression or "(t" in expression else {})}
    values = {"z": LARGE, **({"t": ONE_HOT} if "t" in shapes else {})}
    found = bs.gradient(expression, wrt="z", shapes=shapes)(**values)
    np.testing.assert_allclose(found, gradient, atol=1e-12)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "softplus"])
def test_the_source_of_a_result_is_finite_and_right(name: str) -> None:
    shape = [] if name == "logsumexp" else ["K"]
    solution = solve(problem_from_mapping({
        "symbols": {"z": ["K"], "t": {"shape": shape, "role": "target"}},
        "forward": [f"y = {name}(z)", "L = sum((y - t)**2)/2"],
    }))  # fmt: skip
    expected = {
        "softmax": ONE_HOT, "log_softmax": [0.0, -1000.0, -1000.0], "logsumexp": 1000.0,
        "softplus": [1000.0, np.log(2), np.log(2)],
    }[name]  # fmt: skip
    np.testing.assert_allclose(value_of(solution.forward_numpy("y"), {"z": LARGE}), expected, atol=1e-12)
    names = {"z": LARGE, "y": np.asarray(expected), "d_y": np.ones(np.shape(expected))}
    slope = {
        "softmax": [0.0, 0.0, 0.0], "log_softmax": [-2.0, 1.0, 1.0], "logsumexp": ONE_HOT, "softplus": [1.0, 0.5, 0.5],
    }[name]  # fmt: skip
    np.testing.assert_allclose(value_of(solution.numpy("z"), names), slope, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "exp(z*z)/sum(exp(z**2))", "exp(z**2)/sum(exp(z*z))", "exp(z*z)/sum(exp(z*z))", "exp(2*z*z)/sum(exp(z*2*z))",
        "exp(z**2*z)/sum(exp(z**3))", "exp(t*z)/sum(exp(z*t))",
    ],
)  # fmt: skip
def test_a_square_is_one_however_it_is_written(text: str) -> None:
    symbols = {"z": ["K"], "u": {"shape": ["K"], "role": "target"}, **({"t": ["K"]} if "t" in text else {})}
    problem = problem_from_mapping({"symbols": symbols, "forward": [f"y = {text}", "L = sum(y*u)"]})
    assert "y = softmax(" in module_source(solve(problem))


@pytest.mark.parametrize("text", ["exp(z**2)/sum(exp(z**3))", "exp(z*t)/sum(exp(z*z))", "exp(z + t)/sum(exp(z*t))"])
def test_what_is_no_square_is_not_taken_for_one(text: str) -> None:
    symbols = {"z": ["K"], "u": {"shape": ["K"], "role": "target"}, **({"t": ["K"]} if "t" in text else {})}
    problem = problem_from_mapping({"symbols": symbols, "forward": [f"y = {text}", "L = sum(y*u)"]})
    assert "y = softmax(" not in module_source(solve(problem))


# --- functions that are written out ----------------------------------------------------------------------------------

Numbers = Sequence[Any]

WEIGHTS = [0.5, -1.0, 2.0]
POINTS = {"far apart": [1000.0, 0.0, -1000.0], "far below": [-1000.0, 1.0, 2.0], "near": [1000.0, 999.5, 998.0]}


def normed(z: Numbers) -> Numbers:
    total = mpmath.fsum(map(mpmath.exp, z))
    return [mpmath.exp(x) / total for x in z]


def dot(f: Callable[[Any], Any]) -> Callable[[Numbers], Any]:
    """The weighted sum of a function of each entry."""
    return lambda z: mpmath.fsum(w * f(x) for w, x in zip(WEIGHTS, z, strict=True))


def weighted(values: Numbers) -> Any:
    return mpmath.fsum(w * v for w, v in zip(WEIGHTS, values, strict=True))


WRITTEN_OUT: dict[str, Callable[[Numbers], Any]] = {
    "sum(t[i]*exp(z[i])/sum(exp(z[j]), j), i)": lambda z: weighted(normed(z)),
    "sum(exp(z)/sum(exp(z))*t)": lambda z: weighted(normed(z)),
    "sum(exp(-z/2)/sum(exp(-z/2))*t)": lambda z: weighted(normed([-x / 2 for x in z])),
    "sum((exp(z)/sum(exp(z)))**2*t)": lambda z: weighted([p**2 for p in normed(z)]),
    "log(sum(exp(z)))": lambda z: mpmath.log(mpmath.fsum(map(mpmath.exp, z))),
    "log(sum(exp(z[i]), i))": lambda z: mpmath.log(mpmath.fsum(map(mpmath.exp, z))),
    "-sum(t[k]*log(exp(z[k])/sum(exp(z[j]), j)), k)": lambda z: -weighted([mpmath.log(p) for p in normed(z)]),
    "-sum(exp(z)/sum(exp(z))*log(exp(z)/sum(exp(z))))": lambda z: -mpmath.fsum(p * mpmath.log(p) for p in normed(z)),
    "sum(t*log(1 + exp(z)))": dot(lambda x: mpmath.log(1 + mpmath.exp(x))),
    "sum(t*log(exp(-z) + 1))": dot(lambda x: mpmath.log(1 + mpmath.exp(-x))),
    "sum(t/(1 + exp(-z)))": dot(lambda x: 1 / (1 + mpmath.exp(-x))),
    "sum(t*exp(z)/(1 + exp(z)))": dot(lambda x: 1 / (1 + mpmath.exp(-x))),
    "sum(t*z/(1 + exp(-z)))": dot(lambda x: x / (1 + mpmath.exp(-x))),
    "sum(t*log(1/(1 + exp(-z))))": dot(lambda x: -mpmath.log(1 + mpmath.exp(-x))),
    "sum(t*(exp(z) - exp(-z))/(exp(z) + exp(-z)))": dot(mpmath.tanh),
    "sum(t*(exp(2*z) - 1)/(exp(2*z) + 1))": dot(mpmath.tanh),
    "sum(t*(1 - exp(-2*z))/(1 + exp(-2*z)))": dot(mpmath.tanh),
    "sum(t*(1 - exp(z))/(1 + exp(z)))": dot(lambda x: -mpmath.tanh(x / 2)),
    "sum(t*(2/(1 + exp(-2*z)) - 1))": dot(mpmath.tanh),
    "sum(t*z*tanh(log(1 + exp(z))))": dot(lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x)))),
    "sum(t*log(exp(z) + exp(-z)))": dot(lambda x: mpmath.log(2 * mpmath.cosh(x))),
    "sum(t*log(cosh(z)))": dot(lambda x: mpmath.log(mpmath.cosh(x))),
    "sum(4*t/(exp(z) + exp(-z))**2)": dot(lambda x: mpmath.sech(x) ** 2),
    "exp(z[1])/(exp(z[1]) + exp(z[3])) + t[1]*z[2]": lambda z: 1 / (1 + mpmath.exp(z[2] - z[0])) + z[1] / 2,
    "log(exp(z[1]) + exp(z[3])) + t[1]*z[2]": lambda z: mpmath.log(mpmath.exp(z[0]) + mpmath.exp(z[2])) + z[1] / 2,
}


def slopes(f: Callable[[Numbers], Any], point: Sequence[float]) -> list[float]:
    """The gradient by central differences with so many digits that nothing of it is lost."""
    with mpmath.workdps(1000):
        h = mpmath.mpf(10) ** -300
        z = [mpmath.mpf(x) for x in point]
        moved = [[[x + s * h * (m == n) for m, x in enumerate(z)] for s in (1, -1)] for n in range(len(z))]
        return [float((f(up) - f(down)) / (2 * h)) for up, down in moved]


@pytest.mark.parametrize("text", WRITTEN_OUT)
def test_what_is_written_out_is_finite_and_right(text: str) -> None:
    """The called gradient and NumPy source, as the module that is written: none of them overflows."""
    given = {"t": WEIGHTS} if "t[" in text or "t*" in text or "*t" in text or "t/" in text else {}
    found = bs.gradient(text, wrt="z", shapes={"z": [3], **({"t": [3]} if given else {})})
    for point in POINTS.values():
        expected = slopes(WRITTEN_OUT[text], point)
        np.testing.assert_allclose(found(z=point, **given), expected, rtol=1e-9, atol=1e-12)
        names = {"z": np.array(point), "d_L": np.array(1.0), **{key: np.array(v) for key, v in given.items()}}
        with np.errstate(over="ignore"):  # 1/(1 + inf) is zero, as it should be.
            np.testing.assert_allclose(value_of(found.numpy, names), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("-sum(T*log(exp(Z)/sum(exp(Z), axis=1, keepdims=True)))", {}),
        ("-sum(T[n,k]*log(exp(Z[n,k])/sum(exp(Z[n,j]), j)), n, k)", {"indices": {"n": "N", "k": "K"}}),
        ("-sum(T*log(exp(Z)/sum(exp(Z), axis=0)))", {"axis": 0}),
        ("sum(T*exp(Z)/sum(exp(Z), axis=1, keepdims=True))", {"soft": True}),
    ],
)
def test_rows_and_columns_are_finite_and_right(text: str, shapes: dict[str, Any]) -> None:
    z = np.array([[1000.0, 0.0, -1000.0], [999.0, 1000.0, 1000.0]])
    t = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    axis = shapes.pop("axis", 1)
    soft = shapes.pop("soft", False)
    p = np.exp(z - z.max(axis=axis, keepdims=True))
    p /= p.sum(axis=axis, keepdims=True)
    expected = p * (t - (t * p).sum(axis=1, keepdims=True)) if soft else t.sum(axis=axis, keepdims=True) * p - t
    found = bs.gradient(text, wrt="Z", shapes={"Z": ["N", "K"], "T": ["N", "K"]}, **shapes)
    np.testing.assert_allclose(found(Z=z, T=t), expected, atol=1e-12)
    np.testing.assert_allclose(value_of(found.numpy, {"Z": z, "T": t}), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exp(z)/sum(exp(z))", ONE_HOT), ("log(exp(z)/sum(exp(z)))", [0.0, -1000.0, -1000.0]),
        ("1/(1 + exp(-z))", [1.0, 0.5, 0.5]), ("log(1 + exp(z))", [1000.0, np.log(2), np.log(2)]),
    ],
)  # fmt: skip
def test_the_source_of_a_forward_equation_that_is_written_out_is_finite(text: str, expected: Any) -> None:
    symbols = {"z": ["K"], "u": {"shape": ["K"], "role": "target"}}
    solution = solve(problem_from_mapping({"symbols": symbols, "forward": [f"y = {text}", "L = sum(y*u)"]}))
    np.testing.assert_allclose(value_of(solution.forward_numpy("y"), {"z": LARGE}), expected, atol=1e-12)


def test_source_without_exponentials_stays_as_it_is_written() -> None:
    for text in ("np.exp(z) * t", "x ** 2 @ y", "1 / (2 + np.exp(-z))", "np.log(np.exp(z).sum() + 1)"):
        assert stable(text, {"z": 1, "t": 1, "x": 1, "y": 1}) == text


SLOPES: dict[str, Any] = {
    "exp(z)/sum(exp(z))": np.zeros((3, 3)),
    "log(exp(z)/sum(exp(z)))": np.eye(3) - ONE_HOT,
    "1/(1 + exp(-z))": np.diag([0.0, 0.25, 0.25]),
    "log(1 + exp(z))": np.diag([1.0, 0.5, 0.5]),
    "(exp(z) - exp(-z))/(exp(z) + exp(-z))": np.diag([0.0, 1.0, 1.0]),
}


@pytest.mark.parametrize("text", SLOPES)
def test_a_jacobian_of_what_is_written_out_is_finite_and_right(text: str) -> None:
    found = bs.jacobian(text, "z", {"z": ["K"]})
    np.testing.assert_allclose(found(z=LARGE), SLOPES[text], atol=1e-12)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(value_of(found.numpy, {"z": LARGE}), SLOPES[text], atol=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log(sum(exp(z)))", [[0.0, 0.0, 0.0], [0.0, 0.25, -0.25], [0.0, -0.25, 0.25]]),
        ("sum(log(1 + exp(z)))", np.diag([0.0, 0.25, 0.25])),
        ("sum(log(exp(z) + exp(-z)))", np.diag([0.0, 1.0, 1.0])),
    ],
)
def test_a_hessian_of_what_is_written_out_is_finite_and_right(text: str, expected: Any) -> None:
    point = np.array([-1000.0, 0.0, 0.0])
    np.testing.assert_allclose(bs.hessian(text, "z", {"z": ["K"]})(z=point), expected, atol=1e-12)


def test_a_function_that_numpy_lacks_keeps_the_rank() -> None:
    """``np.vectorize(math.erf)(c)``: once sources with it were refused, since its rank was not known."""
    call = ast.parse("np.maximum(np.vectorize(math.erf)(c), np.minimum(b, 3))", mode="eval").body
    assert rank_of(call, {"c": 1, "b": 0}) == 1
    assert rank_of(call, {"c": 2, "b": 0}) == 2

"""Functions that a problem file defines: read at every door, true by value, refused where they are unclear."""

from __future__ import annotations

import numpy as np
import pytest

import backsym as bs
from backsym.core.errors import InputError
from backsym.numeric.sources import value_of

STEP = 1e-30
MISH = "x*tanh(softplus(x))"


def mish(z: np.ndarray) -> np.ndarray:
    return z * np.tanh(np.log(1 + np.exp(z)))


def gradient_by_steps(f: object, at: np.ndarray) -> np.ndarray:
    assert callable(f)
    found = np.zeros(at.shape)
    for position in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[position] += 1j * STEP
        found[position] = np.imag(f(moved)) / STEP
    return found


@pytest.mark.parametrize(
    "call", ["mish(W @ x)", r"\text{mish}(\mathbf{W} \mathbf{x})", r"\operatorname{mish}(\mathbf{W} \mathbf{x})"]
)
def test_a_defined_function_is_differentiated(call: str) -> None:
    problem = bs.Problem(
        functions={"mish": MISH},
        symbols={"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
        forward=[("h = " if "@" in call else r"\mathbf{h} = ") + call, "L = squared_error(h, t)"],
    )
    rng = np.random.default_rng(3)
    w, x, t = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3)
    h = mish(w @ x)
    found = eval_numpy(problem.solve()["W"].numpy, W=w, x=x, t=t, h=h, d_h=h - t)
    wanted = gradient_by_steps(lambda v: np.sum((mish(v @ x) - t) ** 2) / 2, w)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def eval_numpy(source: str, **names: np.ndarray) -> np.ndarray:
    return np.asarray(value_of(source, names))


def test_one_liners_take_definitions_of_two_arguments_and_of_each_other() -> None:
    functions = {"f": "u, v: u*exp(v)", "g": "f(a, 2*a)"}
    found = bs.gradient("sum(g(x)*f(x, y))", "x", {"x": ["D"], "y": ["D"]}, functions=functions)
    x, y = np.array([0.3, -1.2]), np.array([0.5, 0.7])
    wanted = gradient_by_steps(lambda v: np.sum(v * np.exp(2 * v) * v * np.exp(y)), x)
    np.testing.assert_allclose(found(x=x, y=y), wanted, rtol=1e-12)


def test_the_argument_may_have_the_name_of_a_quantity() -> None:
    found = bs.gradient("sum(f(3*x))", "x", {"x": ["D"]}, functions={"f": "x**2"})
    np.testing.assert_allclose(found(x=[1.0, 2.0]), [18.0, 36.0])


def test_an_abstract_function_within_a_definition() -> None:
    result = bs.gradient("sum(f(x))", "x", {"x": ["D"]}, functions={"phi": "abstract", "f": "x*phi(x)"})
    assert "phi'(x)" in str(result)
    assert result.verification.status == "verified"


def test_answers_may_call_it() -> None:
    problem = bs.Problem(functions={"f": "x*exp(x)"}, forward=["y = f(w)", "L = y**2"], parts=[{"derive": "w"}])
    assert bs.check(problem, "w", "2*f(w)*(exp(w) + f(w))").verdict == "correct"
    assert bs.check(problem, "w", "2*f(w)*exp(w)").verdict == "incorrect"


@pytest.mark.parametrize(
    ("functions", "code"),
    [
        ({"m": "x*y"}, "files.arguments_unclear"),
        ({"m": "concrete"}, "files.definition_is_a_word"),
        ({"m": "2"}, "files.no_arguments"),
        ({"m": "x: x*y"}, "files.not_an_argument"),
        ({"m": "x, y: x"}, "files.unused_argument"),
        ({"m": "x, x: x"}, "files.bad_arguments"),
        ({"m": r"\tanh(x)"}, "files.definition_in_latex"),
        ({"m": "m(x)"}, "meaning.unknown_function"),
        ({"exp": "x"}, "files.built_in"),
    ],
)
def test_an_unclear_definition_is_refused(functions: dict[str, str], code: str) -> None:
    with pytest.raises(InputError) as caught:
        bs.Problem(functions=functions, forward=["L = exp(w)"])
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_definitions_that_grow_without_end_are_refused() -> None:
    functions = {"a0": "x*x"} | {f"a{n}": f"a{n - 1}(x) + a{n - 1}(2*x)" for n in range(1, 30)}
    with pytest.raises(InputError) as caught:
        bs.Problem(functions=functions, forward=["L = a29(w)"])
    assert caught.value.diagnostics[0].code == "meaning.too_long_written_out"


def test_a_primed_call_is_no_silent_call() -> None:
    problem = bs.Problem(functions={"f": "x*exp(x)"}, forward=["y = f(w)", "L = y**2"], parts=[{"derive": "w"}])
    for text in ("2*y*f'(w)", "2*y*square'(w)"):
        assert bs.check(problem, "w", text).verdict in ("invalid", "undetermined")

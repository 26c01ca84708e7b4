"""The function table against itself: values, derivatives, definitions and NumPy code must tell the same story."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backsym.core.expr import Fn, Sym
from backsym.core.functions import FUNCTIONS, Function
from backsym.numeric.evaluate import Env, evaluate
from backsym.reading.meaning.table_formulas import formula

STEP = 1e-30


def points(fn: Function, count: int = 60) -> dict[str, np.ndarray]:
    """Random arguments within the domain and away from the kink."""
    rng = np.random.default_rng(7)
    low, high = max(fn.domain[0], -4.0), min(fn.domain[1], 4.0)
    args = {name: rng.uniform(low + 0.05, high - 0.05, size=400) for name in fn.args}
    keep = np.ones(400, dtype=bool)
    if fn.kink is not None:
        keep = np.abs(value_of(fn.kink, args)) > 1e-2
    return {name: x[keep][:count] for name, x in args.items()}


def value_of(text: str, args: dict[str, np.ndarray]) -> np.ndarray:
    """A formula of the table at vectors of arguments."""
    expr = formula(text, {name: Sym(name, ("n",)) for name in args})
    size = len(next(iter(args.values())))
    return np.broadcast_to(evaluate(expr, Env({"n": size}, args)), size)


ELEMENTWISE = [f for f in FUNCTIONS.values() if f.kind == "elementwise" and f.value is not None]

DIFFERENTIABLE = [(f, n) for f in ELEMENTWISE for n in range(len(f.partials))]


def stepped(fn: Function, args: dict[str, np.ndarray], n: int) -> np.ndarray:
    assert fn.value is not None
    moved = [x + 1j * STEP if i == n else x for i, x in enumerate(args.values())]
    return np.asarray(fn.value(np, *moved)).imag / STEP


@pytest.mark.parametrize(("fn", "n"), DIFFERENTIABLE, ids=lambda v: getattr(v, "name", v))
def test_partial_is_the_derivative_of_the_value(fn: Function, n: int) -> None:
    args = points(fn)
    np.testing.assert_allclose(value_of(fn.partials[n], args), stepped(fn, args, n), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("fn", ELEMENTWISE, ids=lambda f: f.name)
def test_every_elementwise_function_can_be_differentiated(fn: Function) -> None:
    assert len(fn.partials) == len(fn.args) or fn.definition is not None
    assert FUNCTIONS[fn.name] is fn


@pytest.mark.parametrize("fn", ELEMENTWISE, ids=lambda f: f.name)
def test_code_agrees_with_value(fn: Function) -> None:
    assert fn.code is not None
    assert fn.value is not None
    args = list(points(fn).values())
    code = fn.code.format(*[f"args[{n}]" for n in range(len(args))])
    result = eval(code, {"np": np, "math": math, "args": args})
    np.testing.assert_allclose(result, np.real(fn.value(np, *args)), rtol=1e-11)


@pytest.mark.parametrize("fn", [f for f in ELEMENTWISE if f.definition], ids=lambda f: f.name)
def test_definition_agrees_with_value(fn: Function) -> None:
    assert fn.definition is not None
    assert fn.value is not None
    args = points(fn)
    np.testing.assert_allclose(value_of(fn.definition, args), np.real(fn.value(np, *args.values())), rtol=1e-12)


@pytest.mark.parametrize("fn", ELEMENTWISE, ids=lambda f: f.name)
def test_derivative_node_evaluates_to_the_derivative(fn: Function) -> None:
    args = points(fn)
    size = len(next(iter(args.values())))
    node = Fn(fn.name, tuple(Sym(name, ("n",)) for name in args), order=1)
    np.testing.assert_allclose(evaluate(node, Env({"n": size}, args)), stepped(fn, args, 0), rtol=1e-11, atol=1e-13)


WHOLE = [f for f in FUNCTIONS.values() if f.kind in ("rowwise", "rowreduce", "scalar") and f.value and f.definition]


@pytest.mark.parametrize("fn", WHOLE, ids=lambda f: f.name)
@pytest.mark.parametrize("shape", [("d",), ("n", "d")], ids=["vector", "matrix"])
def test_array_function_agrees_with_its_definition_and_code(fn: Function, shape: tuple[str, ...]) -> None:
    if fn.name == "trace":
        shape = ("d", "d")
    dims = {"n": 3, "d": 4}
    x = np.random.default_rng(3).standard_normal([dims[d] for d in shape])
    assert fn.definition is not None
    assert fn.code is not None
    assert fn.value is not None
    env = Env(dims, {"x": x})
    expected = fn.value(np, x)
    np.testing.assert_allclose(evaluate(formula(fn.definition, {"x": Sym("x", shape)}), env), expected, rtol=1e-12)
    np.testing.assert_allclose(evaluate(Fn(fn.name, (Sym("x", shape),), kind=fn.kind), env), expected, rtol=1e-12)
    np.testing.assert_allclose(eval(fn.code.format("x"), {"np": np, "x": x}), expected, rtol=1e-12)


def test_trace_code_and_value() -> None:
    x = np.arange(9.0).reshape(3, 3)
    node = Fn("trace", (Sym("x", ("d", "d")),), kind="scalar")
    assert evaluate(node, Env({"d": 3}, {"x": x})) == 12.0
    gradient = Fn("trace", (Sym("x", ("d", "d")),), order=1, kind="scalar")
    np.testing.assert_allclose(evaluate(gradient, Env({"d": 3}, {"x": x})), np.eye(3))


def test_expanded_functions_have_a_definition() -> None:
    for fn in FUNCTIONS.values():
        assert fn.definition is not None or not fn.expanded
        assert fn.definition is not None or fn.value is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cross_entropy", lambda y, t: -np.sum(t * np.log(y))),
        ("binary_cross_entropy", lambda y, t: -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))),
        ("squared_error", lambda y, t: 0.5 * np.sum((y - t) ** 2)),
    ],
)
def test_losses_are_worth_their_definition(name: str, expected: object) -> None:
    rng = np.random.default_rng(1)
    env = Env({"d": 4}, {"y": rng.uniform(0.1, 0.9, 4), "t": rng.uniform(0.1, 0.9, 4)})
    node = Fn(name, (Sym("y", ("d",)), Sym("t", ("d",))), kind="scalar")
    np.testing.assert_allclose(evaluate(node, env), expected(env.values["y"], env.values["t"]))  # type: ignore[operator]


def test_erf_against_the_standard_library_and_its_derivative() -> None:
    erf = FUNCTIONS["erf"].value
    assert erf is not None
    x = np.concatenate([np.linspace(-6, 6, 241), [-3.0, 3.0, 2.9999999, 3.0000001, 0.0, 1e-9]])
    np.testing.assert_allclose(np.real(erf(np, x)), [math.erf(v) for v in x], rtol=1e-12, atol=1e-15)
    slope = np.asarray(erf(np, x + 1j * STEP)).imag / STEP
    np.testing.assert_allclose(slope, 2 / math.sqrt(math.pi) * np.exp(-x * x), rtol=1e-10)


def test_second_derivative_is_the_complex_step_of_the_first() -> None:
    x = np.linspace(-2, 2, 9)
    node = Fn("tanh", (Sym("x", ("n",)),), order=2)
    expected = -2 * np.tanh(x) * (1 - np.tanh(x) ** 2)
    np.testing.assert_allclose(evaluate(node, Env({"n": 9}, {"x": x})), expected, rtol=1e-12, atol=1e-14)

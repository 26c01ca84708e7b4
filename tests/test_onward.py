"""The next step of a derivation that a student has begun, and problems that functions of Python compute."""

from __future__ import annotations

from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from generated_code import imported
from numpy import tanh

import backsym as bs
from backsym.codegen.module import module_source
from backsym.core.errors import InputError
from backsym.core.expr import walk
from backsym.core.resources import find_problem
from backsym.marking.onward import hint_after
from backsym.printing.plain import plain

pytestmark = pytest.mark.quick("marking", "api")

LAYER: dict[str, Any] = {
    "indices": {"k": "K", "i": "D"},
    "symbols": {
        "W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"},
    },
    "forward": ["z = W @ x", "y = softmax(z)", "L = sum((y - t)**2)/2"],
}  # fmt: skip


@pytest.fixture(scope="module")
def marker() -> bs.Marker:
    return bs.Marker(bs.Problem(**LAYER))


@pytest.mark.parametrize(
    ("target", "lines", "number"),
    [
        ("z", "", 1),
        ("z", "sum(dL/dy[j]*dy[j]/dz[k], j)", 3),
        ("z", "dL/dz[k] = sum(dL/dy[j]*dy[j]/dz[k], j)", 3),
        ("z", "dL/dz[k] = dL/dy[k]*dy[k]/dz[k]", 0),
        ("z", "sum(dL/dy[j]*dy[j]/dz[k], j)\n= sum(dL/dy[j]*y[j]*(delta(j, k) - y[k]), j)", 0),
        ("W", "dL/dW[k,i] = dL/dz[k]*dz[k]/dW[k,i]", 3),
        ("W", "dL/dW[k,i] = dL/dz[k]*dz[k]/dW[k,i]\ndz[k]/dW[k,i] = x[i]", 0),
        ("W", "dL/dW", 1),
        ("W", "x dL/dz^T", 0),
        ("W", "((", 0),
    ],
)
def test_the_next_step_has_its_number(marker: bs.Marker, target: str, lines: str, number: int) -> None:
    found = bs.next_step(marker, target, lines)
    assert found.number == number
    hint = bs.solve(marker.problem)[target].hint(number) if number else None
    assert str(found) == hint if number else str(found) == str(found.verdict.feedback)


def test_what_is_not_simplified_may_go_on() -> None:
    """With Kronecker deltas the answer is right in value, and where the simplest form is asked, not done."""
    problem = bs.Problem(**LAYER, parts=[{"derive": "z", "accept": "simplified"}])
    found = bs.next_step(problem, "z", "sum(dL/dy[j]*y[j]*(delta(j, k) - y[k]), j) + 0*sum(y[j]*y[j], j)")
    steps = problem.solve()["z"].steps
    (opened,) = (n for n, step in enumerate(steps) if step.kind == "open")
    assert found.verdict.verdict == "equivalent_form"
    assert found.number == opened + 2
    assert not found.done


@pytest.mark.parametrize("name", ["scalar-tanh", "mlp-entries", "softmax-regression", "attention", "skip"])
def test_every_line_of_a_solution_leads_to_a_later_hint(name: str) -> None:
    """Each form on the way that still has local derivatives leads on; one step never leads back to the chain rule."""
    problem = bs.load(str(find_problem(name)))
    marker = bs.Marker(problem)
    tried = 0
    for result in problem.solve():
        first = result.steps[0]
        if result.node == problem.loss or not any(type(e).__name__ == "Partial" for e in walk(first.after)):
            continue
        letters = ",".join(ix.letter for ix in result.derivation.indices)
        lhs = f"dL/d{result.node}[{letters}]" if letters else f"dL/d{result.node}"
        read = marker.mark(result.node, f"{lhs} = {plain(first.after, problem)}").read
        assert read is not None, result.node
        number = hint_after(read, result.derivation)
        assert 3 <= number <= len(result.steps) + 1
        tried += 1
    assert tried >= 2


# --- functions of Python ---------------------------------------------------------------------------------------------


def layer(W: Any, x: Any, t: Any) -> Any:
    """A docstring is no statement."""
    z = W @ x  # nor is a comment
    y = np.tanh(z)
    return np.sum((y - t) ** 2) / 2


def layer_returned_by_name(W: Any, x: Any, t: Any) -> Any:
    y = tanh(W @ x)
    loss = ((y - t) ** 2).mean()
    return loss


def reciprocals(A: Any, x: Any) -> Any:
    return (A**-1 * x).sum() + (x**-2).sum() - np.log(x)[None, :].sum()


def broadcast(X: Any, b: Any, s: Any) -> Any:
    h = np.exp(X + b) * s
    return np.sum(h / h.sum(axis=1, keepdims=True) * X)


def inner(u: Any, v: Any) -> Any:
    return u @ v - np.dot(v, v) + np.outer(u, v).sum()


SHAPES: dict[str, dict[str, list[str]]] = {
    "layer": {"W": ["K", "D"], "x": ["D"], "t": ["K"]},
    "layer_returned_by_name": {"W": ["K", "D"], "x": ["D"], "t": ["K"]},
    "reciprocals": {"A": ["D", "D"], "x": ["D"]},
    "broadcast": {"X": ["N", "D"], "b": ["D"]},
    "inner": {"u": ["D"], "v": ["D"]},
}


@pytest.mark.parametrize("function", [layer, layer_returned_by_name, reciprocals, broadcast, inner])
def test_a_function_means_what_it_computes(function: Any, tmp_path: Path) -> None:
    """The value is that of the function, and the derivatives are proved."""
    shapes = SHAPES[function.__name__]
    solution = bs.from_function(function, shapes).solve()
    assert not solution.failed
    sizes, dice = {"K": 2, "D": 3, "N": 4}, np.random.default_rng(1)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    arrays = {name: dice.uniform(0.5, 2, [sizes[d] for d in shapes.get(name, [])]) for name in names}
    module = imported(module_source(solution, "numpy"), tmp_path)
    values = module.forward(arrays)
    np.testing.assert_allclose(values[solution.problem.loss], function(**arrays), rtol=1e-12)


def test_an_array_that_is_returned_has_an_abstract_loss() -> None:
    def attention(Q: Any, P: Any, V: Any) -> Any:
        s = Q @ P.T / np.sqrt(2)
        a = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        return a @ V

    problem = bs.from_function(attention, {"Q": ["N", "K"], "P": ["M", "K"], "V": ["M", "C"]})
    assert problem.title == "attention"
    assert problem.solve()["V"].numpy == "a.T @ d_y"


OUTSIDE = 3


def softmax(z: Any) -> Any:
    return z


def of_outside(x: Any) -> Any:
    return OUTSIDE * x


def of_own(x: Any) -> Any:
    return softmax(x)


def of_builtins(x: Any) -> Any:
    return sum(x)


def of_nobody(x: Any) -> Any:
    return nowhere(x)  # type: ignore[name-defined]  # noqa: F821


def with_branch(x: Any) -> Any:
    if x:
        return 1
    return x


def with_position(x: Any) -> Any:
    return x[0]


def twice(x: Any) -> Any:
    x = 2 * x
    return x


def added(x: Any) -> Any:
    y = x
    y += 1
    return y


def no_return(x: Any) -> None:
    y = 2 * x  # noqa: F841


def any_number(*x: Any) -> Any:
    return x


def applied(x: Any) -> Any:
    return x(2)


nameless = lambda x: x * x  # noqa: E731


@pytest.mark.parametrize(
    ("function", "code", "line"),
    [
        (of_outside, "from_outside", 2),
        (of_own, "own_function", 2),
        (of_builtins, "own_function", 2),
        (of_nobody, "own_function", 2),
        (with_branch, "no_assignment", 2),
        (with_position, "position", 2),
        (twice, "assigned_twice", 2),
        (added, "no_assignment", 3),
        (no_return, "no_return", 2),
        (any_number, "any_arguments", 1),
        (applied, "own_function", 2),
        (nameless, "no_def", None),
        (max, "no_function", None),
        (FunctionType(compile("0", "nowhere", "eval"), {}), "no_source", None),
    ],
)
def test_what_is_not_read_of_a_function(function: Any, code: str, line: int | None) -> None:
    with pytest.raises(InputError) as caught:
        bs.from_function(function)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == f"api.{code}"
    assert diagnostic.line == line


def test_an_argument_that_is_none_is_named() -> None:
    with pytest.raises(InputError, match="layer has no argument w"):
        bs.from_function(layer, {"w": ["K"]})


def test_nothing_of_a_function_is_run() -> None:
    def harmful(x: Any) -> Any:
        raise AssertionError

    with pytest.raises(InputError, match="ends with what it returns"):
        bs.from_function(harmful)

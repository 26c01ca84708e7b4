"""Whole networks at every level: scalars, entries, vectors, batches; shapes of all nodes."""

from __future__ import annotations

import pytest

from backsym.core.expr import Fn, Reduce, Shape, walk
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import Problem
from backsym.reading.files.loader import problem_from_mapping, read_equation


def shapes(problem: Problem) -> dict[str, Shape]:
    return {e.name: e.shape for e in problem.equations}


def test_vectorised_mlp() -> None:
    p = problem_from_mapping(
        {
            "symbols": {"x": ["D0"], "W1": ["D1", "D0"], "b1": ["D1"], "W2": ["D2", "D1"], "b2": ["D2"], "t": ["D2"]},
            "forward": [
                "z1 = W1 @ x + b1", "a1 = relu(z1)", "z2 = W2 @ a1 + b2", "y = softmax(z2)", "L = cross_entropy(y, t)",
            ],
        }
    )  # fmt: skip
    assert shapes(p) == {"z1": ("D1",), "a1": ("D1",), "z2": ("D2",), "y": ("D2",), "L": ()}
    assert p.symbols["t"].role == "target"
    assert not any(e.index_level for e in p.equations)
    lhs, rhs = read_equation(p, "dL/dW1 = (W2.T @ (y - t) * relu'(z1)) @ x.T")
    assert lhs.shape == rhs.shape == ("D1", "D0")


def test_batch_mlp_and_its_entries() -> None:
    symbols = {"X": ["N", "D"], "W": ["K", "D"], "b": ["K"], "T": {"shape": ["N", "K"], "one_hot": True}}
    whole = problem_from_mapping(
        {"symbols": symbols, "forward": ["Z = X @ W.T + b", "Y = softmax(Z)", "L = cross_entropy(Y, T)/N"]}
    )
    entries = problem_from_mapping(
        {
            "symbols": symbols,
            "indices": {"n": "N", "k": "K"},
            "forward": [
                "Z[n,k] = sum(X[n,i]*W[k,i], i) + b[k]",
                "Y[n,k] = exp(Z[n,k])/sum(exp(Z[n,k']), k')",
                "L = -1/N*sum(T[n,k]*log(Y[n,k]), n, k)",
            ],
        }
    )
    assert shapes(whole) == shapes(entries) == {"Z": ("N", "K"), "Y": ("N", "K"), "L": ()}
    assert whole.consumers == {**entries.consumers}


def test_scalar_network_with_abstract_loss() -> None:
    p = problem_from_mapping(
        {
            "notation": "subscript",
            "derivatives": {"sigmoid": "prime"},
            "functions": {"phi": "abstract"},
            "forward": ["m1 = w1*x1 + w2*x2", "h1 = phi(m1)", "z = w3*h1", "y = sigmoid(z)", "L = loss(y, t)"],
        }
    )
    assert set(shapes(p).values()) == {()}
    assert p.symbols["t"].role == "target"
    assert p.abstract == {"phi"}


def test_recurrent_network_with_shared_weights() -> None:
    steps = 4
    forward = []
    for n in range(1, steps + 1):
        forward += [f"z{n} = W @ x{n} + U @ h{n - 1} + b", f"h{n} = tanh(z{n})"]
    p = problem_from_mapping(
        {
            "symbols": {
                **{f"x{n}": ["D"] for n in range(1, steps + 1)},
                "h0": ["H"], "W": ["H", "D"], "U": ["H", "H"], "b": ["H"], "V": ["K", "H"], "t": ["K"],
            },
            "forward": [*forward, "y = V @ h4", "L = squared_error(y, t)"],
        }
    )  # fmt: skip
    assert p.consumers["U"] == ("z1", "z2", "z3", "z4")
    assert shapes(p)["h4"] == ("H",)


def test_attention() -> None:
    p = problem_from_mapping(
        {
            "symbols": {
                "X": ["S", "D"], "Wq": ["D", "E"], "Wk": ["D", "E"], "Wv": ["D", "F"], "T": ["S", "F"],
            },
            "forward": [
                "Q = X @ Wq", "K = X @ Wk", "V = X @ Wv",
                "A = softmax(Q @ K.T / sqrt(E))", "O = A @ V", "L = squared_error(O, T)",
            ],
        }
    )  # fmt: skip
    assert shapes(p) == {"Q": ("S", "E"), "K": ("S", "E"), "V": ("S", "F"), "A": ("S", "S"), "O": ("S", "F"), "L": ()}


def test_layer_and_batch_normalisation() -> None:
    p = problem_from_mapping(
        {
            "symbols": {
                "X": ["N", "D"], "gamma": ["D"], "beta": ["D"], "eps": {"role": "constant"}, "T": ["N", "D"],
            },
            "forward": [
                "mu = mean(X, axis=0)", "C = X - mu", "v = mean(C**2, axis=0)", "H = C/sqrt(v + eps)",
                "Y = gamma*H + beta",
                "m = mean(Y, axis=1, keepdims=True)", "s = sqrt(mean((Y - m)**2, axis=-1, keepdims=True) + eps)",
                "R = (Y - m)/s", "L = squared_error(R, T)",
            ],
        }
    )  # fmt: skip
    assert shapes(p) == {
        "mu": ("D",), "C": ("N", "D"), "v": ("D",), "H": ("N", "D"), "Y": ("N", "D"), "m": ("N", 1), "s": ("N", 1),
        "R": ("N", "D"), "L": (),
    }  # fmt: skip
    axes = [e.axis for eq in p.equations for e in walk(eq.rhs) if isinstance(e, Reduce)]
    assert axes == [0, 0, 1, 1, None]


ELEMENTWISE = sorted(n for n, f in FUNCTIONS.items() if f.kind == "elementwise" and not f.expanded and n != "pow")


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_elementwise_function_can_be_used_and_differentiated(name: str) -> None:
    function = FUNCTIONS[name]
    args = ", ".join(["z", "1", "2"][: function.arity[0]])
    p = problem_from_mapping({"symbols": {"z": ["K"]}, "forward": [f"a = {name}({args})", "L = sum(a)"]})
    (call,) = (e for e in walk(p.equations[0].rhs) if isinstance(e, Fn) and e.name == name)
    assert len(call.args) == len(function.args)
    if function.partials:
        assert read_equation(p, f"dL/dz = {name}'({args})")[1].shape == ("K",)


@pytest.mark.parametrize(
    ("called", "written"), [("pow(z, 2)", "z**2"), ("pow(z, 1/2)", "z**(1/2)"), ("pow(z, z)", "z**z")]
)
def test_a_power_is_one_however_it_is_written(called: str, written: str) -> None:
    one, other = (
        problem_from_mapping({"symbols": {"z": ["K"]}, "forward": [f"a = {text}", "L = sum(a)"]})
        for text in (called, written)
    )
    assert one.equations[0].rhs == other.equations[0].rhs


def test_third_order_arrays() -> None:
    p = problem_from_mapping(
        {
            "symbols": {"G": ["A", "B", "C"], "u": ["B"], "v": ["C"]},
            "indices": {"a": "A", "b": "B", "c": "C"},
            "forward": ["y[a] = sum(G[a,b,c]*u[b]*v[c], b, c)", "L = sum(y**2)"],
        }
    )
    assert shapes(p)["y"] == ("A",)

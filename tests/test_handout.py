"""The handout's nine questions: every derivative and forward form, how it looks and what it is worth.

The look is compared letter by letter with ``handout_expected.yaml``.  The value never rests on a string: the expected
right sides, in plain language, are evaluated at random points with adjoints that come from complex steps through the
author's equations alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from networks import NETWORKS

from backsym.core.bundled import resource
from backsym.core.expr import Adj, Ix, Sym, walk
from backsym.core.problem import Collection, Part, Problem
from backsym.core.steps import Derivation, ForwardForms
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import evaluate, node_value
from backsym.numeric.sample import draw
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import load, problem_from_mapping, read_expression
from backsym.solving.solution import Solution, solve

FOLDER = resource("problems", "csc311-week6")
EXPECTED: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("handout_expected.yaml").read_text(encoding="utf-8")
)
BY_FILE: dict[str, dict[str, Any]] = {name: network for network in EXPECTED for name in network["files"]}
SEEDS = (0, 1, 5)
STEP = 1e-30


@cache
def solved(name: str) -> Solution:
    problem = load(str(FOLDER / f"{name}.yaml"))
    assert isinstance(problem, Problem)
    return solve(problem)


def true_adjoints(problem: Problem, env: Env) -> Env:
    """The point with the derivative of the loss by every quantity, by a complex step in each entry."""
    adjoints = {name: np.zeros(np.shape(value)) for name, value in env.values.items()}
    for name, adjoint in adjoints.items():
        for at in np.ndindex(adjoint.shape):
            adjoint[at] = _slope(problem, env, name, at)
    return replace(env, adjoints=adjoints)


def _slope(problem: Problem, env: Env, name: str, at: tuple[int, ...]) -> float:
    moved = np.asarray(env.values[name], dtype=complex).copy()
    moved[at] += 1j * STEP
    values: dict[str, Any] = {**env.values, name: moved}
    context = Context.of(env).with_values(values)
    for eq in problem.equations:
        if eq.name != name:
            values[eq.name] = node_value(eq, context)[1]
    return float(np.imag(values[problem.loss]).reshape(())) / STEP


def points(problem: Problem) -> Iterator[Env]:
    for seed in SEEDS:
        yield true_adjoints(problem, draw(problem, seed))


def worth(problem: Problem, text: str, env: Env, indices: tuple[Ix, ...] = ()) -> Any:
    """The value of an expression in plain language; an entry for every position of ``indices``."""
    return evaluate(read_expression(problem, text, indices), env, indices)


def assert_equal(found: Any, expected: Any, what: object) -> None:
    """Equal up to axes of length one, and to 1e-9 of the largest entry."""
    found, expected = np.squeeze(found), np.squeeze(expected)
    assert found.shape == expected.shape, what
    scale = max(float(np.abs(expected).max(initial=0.0)), 1e-6)
    assert float(np.abs(found - expected).max(initial=0.0)) <= 1e-9 * scale, what


def forms_of(name: str) -> Iterator[tuple[Derivation | ForwardForms, Mapping[str, list[str]], str]]:
    solution, expected = solved(name), BY_FILE[name]
    for d in solution.derivations:
        yield d, expected["derivatives"][d.node], "derivative"
    for f in solution.forward:
        yield f, expected["forward"][f.node], "forward"


@pytest.mark.parametrize("name", BY_FILE)
def test_every_equation_looks_as_in_the_handout(name: str) -> None:
    notation = Notation.of(solved(name).problem)
    for forms, expected, _ in forms_of(name):
        assert equation_latex(forms.entry, notation) == expected["entry"][0]
        assert (forms.matrix is not None) == ("matrix" in expected), forms.node
        if forms.matrix is not None:
            assert equation_latex(forms.matrix, notation) == expected["matrix"][0]


@pytest.mark.parametrize("name", BY_FILE)
def test_every_equation_is_worth_what_the_handout_says(name: str) -> None:
    problem = solved(name).problem
    for env in points(problem):
        for forms, expected, kind in forms_of(name):
            what = (kind, forms.node)
            true = (env.adjoints if kind == "derivative" else env.values)[forms.node]
            letters = tuple(ix for ix in forms.indices if not ix.fixed)
            assert_equal(worth(problem, expected["entry"][1], env, letters), true, what)
            assert_equal(evaluate(forms.entry.rhs, env, letters), true, what)
            if forms.matrix is not None:
                assert_equal(worth(problem, expected["matrix"][1], env), true, what)
                assert_equal(evaluate(forms.matrix.rhs, env), true, what)


@pytest.mark.parametrize("name", BY_FILE)
def test_every_derivative_is_verified_and_stands_in_backward_order(name: str) -> None:
    solution = solved(name)
    assert [d.node for d in solution.derivations] == list(BY_FILE[name]["derivatives"])
    assert [f.node for f in solution.forward] == list(BY_FILE[name]["forward"])
    position = {d.node: n for n, d in enumerate(solution.derivations)}
    for eq in solution.problem.equations:
        for used in position.keys() & set(solution.problem.consumers):
            if eq.name in solution.problem.consumers[used]:
                assert position[eq.name] < position[used], "a consumer comes first"
    for node, verification in solution.verified.items():
        assert verification.status == "verified", node
        assert verification.max_error <= 1e-9, node
        assert verification.draws >= 3, node


def test_the_collection_holds_all_nine() -> None:
    handout = load(str(FOLDER / "handout.yaml"))
    assert isinstance(handout, Collection)
    assert [len(section.problems) for section in handout.sections] == [3, 2, 2, 2]
    names = [Path(str(problem.path)).stem for problem in handout.problems]
    assert sorted(names) == sorted(BY_FILE)
    assert len(names) == 9
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*names, "handout"}


# What the handout asks, part by part: kinds, with the quantities asked for.
PARTS = {
    "scalar-tanh": ["graph", "derive L y z w b x"],
    "mlp-entries": ["graph", "show z2", "show W2", "show b2", "show a1", "show z1", "show W1", "show b1"],
    "four-units": [
        "forward m1 h1 m2 h2 m3 h3 m4 h4 z y",
        "derive L y z h3 h4 m3 m4 h1 h2 m1 m2 w10 w9 w8 w7 w6 w5 w4 w3 w2 w1",
        "why h2",
    ],
    "forward-single": ["vectorize z1", "vectorize a2", "vectorize L"],
    "forward-batch": ["vectorize Z1", "vectorize A1", "vectorize Z2", "vectorize A2", "vectorize L"],
    "backward-single": [f"vectorize {node}" for node in ("z2", "W2", "b2", "a1", "z1", "W1", "b1")],
    "backward-batch": [f"vectorize {node}" for node in ("Z2", "W2", "A1", "Z1", "b1")],
    "twin": ["graph", "gradients W2 b2", "gradients h h_a h_b", "gradients W1 b1"],
    "skip": ["graph", "gradients z3 W3 b3", "gradients h2 z2 W2 b2", "gradients h1 z1 W1 b1", "gradients zs Ws x"],
}


def asked(part: Part) -> str:
    stated = [node.name for lhs, _ in part.claims for node in walk(lhs) if isinstance(node, (Adj, Sym))]
    return " ".join([part.kind, *(stated or part.targets)])


@pytest.mark.parametrize("name", BY_FILE)
def test_every_part_of_every_question_is_there(name: str) -> None:
    assert [asked(part) for part in solved(name).problem.parts] == PARTS[name]


# Not in the handout, and equally right: textbook forms, each by its value.
TEXTBOOK: dict[str, dict[str, str]] = {
    "rnn": {
        "z3": "(V.T @ (y - t))*(1 - h3**2)",
        "h2": "W.T @ grad(z3)",
        "W": "grad(z1) @ h0.T + grad(z2) @ h1.T + grad(z3) @ h2.T",
        "U": "grad(z1) @ x1.T + grad(z2) @ x2.T + grad(z3) @ x3.T",
        "b": "grad(z1) + grad(z2) + grad(z3)",
    },
    "tied-autoencoder": {
        "y": "y - x",
        "W": "h @ (y - x).T + (W @ (y - x)*h*(1 - h)) @ x.T",
        "x": "W.T @ (W @ (y - x)*h*(1 - h)) - (y - x)",
    },
    "batch-bce": {"z": "(y - t)/N", "w": "1/N*(X.T @ (y - t))", "b": "sum(y - t)/N"},
    "layer-norm": {
        "x": "(grad(h) - mean(grad(h)) - h*mean(grad(h)*h))/sqrt(v + eps)",
        "g": "(y - t)*h",
        "b": "y - t",
    },
    "layer-norm-batch": {
        "X": "(grad(H) - mean(grad(H), axis=1, keepdims=True) - H*mean(grad(H)*H, axis=1, keepdims=True))"
        "/sqrt(v + 0.01)",
        "g": "sum(grad(Y)*H, axis=0)",
    },
    "batch-norm": {
        "X": "(grad(H) - mean(grad(H), axis=0) - H*mean(grad(H)*H, axis=0))/s",
        "b": "sum(Y - T, axis=0)",
    },
    "rms-norm": {"x": "(g*grad(y) - x*mean(g*x*grad(y))/r**2)/r"},
    "attention": {
        "S": "A*(grad(A) - sum(grad(A)*A, axis=1, keepdims=True))",
        "V": "A.T @ (Y - T)",
        "Wq": "X.T @ grad(S) @ Kk/sqrt(K)",
        "Wk": "X.T @ grad(S).T @ Q/sqrt(K)",
        "X": "grad(Q) @ Wq.T + grad(Kk) @ Wk.T + grad(V) @ Wv.T",
    },
    "quadratic-form": {"x": "(A + A.T) @ x", "A": "x @ x.T"},
    "l2": {"W": "(y - t) @ x.T + lam*W", "x": "W.T @ (y - t)"},
    "logsumexp": {"z": "softmax(z)", "w": "softmax(z)*x"},
    "logsumexp-batch": {"Z": "softmax(Z)/N", "W": "softmax(Z).T @ X/N"},
    "cosine": {
        "u": "v/(norm(u)*norm(v)) - (u.T @ v)*u/(norm(u)**3*norm(v))",
        "v": "u/(norm(u)*norm(v)) - (u.T @ v)*v/(norm(u)*norm(v)**3)",
    },
    "sum-of-softmax": {"z": "0*z", "a": "1 + 0*a"},
    "softmax-three-lines": {"z": "a - t"},
    "log-softmax": {"z": "softmax(z) - t"},
    "trace": {"A": "B.T", "B": "A.T"},
    "matrix-chain": {"P": "2*P", "B": "2*(A.T @ P @ C.T)"},
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_networks_beyond_the_handout(name: str) -> None:
    problem = problem_from_mapping({"title": name, **NETWORKS[name]})
    solution = solve(problem)
    for env in points(problem):
        for node, text in TEXTBOOK[name].items():
            matrix = solution[node].matrix
            assert matrix is not None, node
            assert_equal(worth(problem, text, env), env.adjoints[node], node)
            assert_equal(evaluate(matrix.rhs, env), env.adjoints[node], node)


def test_softmax_sums_to_one_only_where_it_is_not_differentiated() -> None:
    """L = sum(softmax(z)) has derivative 0 by z and 1 by a, and both are printed so."""
    solution = solve(problem_from_mapping({"title": "sum", **NETWORKS["sum-of-softmax"]}))
    notation = Notation.of(solution.problem)
    assert equation_latex(solution["z"].entry, notation).endswith("= 0")
    assert equation_latex(solution["a"].entry, notation).endswith("= 1")

"""Axes of length one, rows, columns, numbers, positions, shifts and kinks: by name, and drawn at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from extent import examples
from network_checks import NoPoint, judge, namespace, run
from random_shapes import DIMS, MOST_SHIFTED, network
from step_judge import forward_and_gradients

from backsym.core.allowance import LIMIT, allowing
from backsym.core.expr import (
    Add,
    Adj,
    Cmp,
    Div,
    Entry,
    Expr,
    Fn,
    MatMul,
    Mul,
    Neg,
    Pick,
    Pow,
    Reduce,
    Reshape,
    Shape,
    Sym,
    T,
    children,
)
from backsym.core.steps import Step
from backsym.numeric.sample import draw
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import SOLVING, Solution, solve

COUNT = examples(150, 10)
CHUNK = 10

COLUMN, ROW, VECTOR, MATRIX = ["N", 1], [1, "K"], ["N"], ["N", "K"]

CASES: dict[str, dict[str, Any]] = {
    "a position": {"symbols": {"x": VECTOR, "w": []}, "forward": ["y = x[3]*w", "L = y**2"]},
    "a column over a row": {"symbols": {"X": COLUMN, "W": ROW}, "forward": ["S = sin(X/(W + 3))", "L = sum(S**2)"]},
    "a column squared and a transposed column": {
        "symbols": {"X": COLUMN, "T": ["K", 1]}, "forward": ["S = sin((X + 1)**2 + T.T)", "L = sum(S**2)"],
    },
    "a transposed quotient in a kink": {
        "symbols": {"A": MATRIX, "v": ["K"], "T": []}, "forward": ["S = relu(A + (v/T).T)", "L = sum(S**2)"],
    },
    "a maximum along an axis of length one": {
        "symbols": {"x": VECTOR, "u": [1]}, "forward": ["s = max(x @ u.T, axis=1)", "L = sum(s**2)"],
    },
    "a minimum along an axis of length one, inside a function": {
        "symbols": {"X": COLUMN, "u": VECTOR}, "forward": ["s = tanh(min(X, axis=1) + u)", "L = sum(s**2)"],
    },
    "the maximum of each entry of a row": {
        "symbols": {"X": ROW, "u": ["K"]}, "forward": ["s = max(X, axis=0)*u", "L = sum(s**2)"],
    },
    "the maximum of a row": {
        "symbols": {"X": ROW, "c": []}, "forward": ["s = max(X, axis=1) + c", "L = sum(s**2)"],
    },
    "a negative exponent that is a node": {
        "symbols": {"x": VECTOR, "a": VECTOR}, "forward": ["s = pow(1 + x**2, -sigmoid(a))", "L = sum(s**2)"],
    },
    "a negative number as exponent of each row": {
        "symbols": {"X": MATRIX, "a": ["K"]}, "forward": ["S = pow(2 + tanh(X), a - 3)", "L = sum(S)"],
    },
    "an exponent of zero in the middle of its range": {
        "symbols": {"x": VECTOR, "c": []}, "forward": ["s = pow(softplus(x), sin(c))", "L = sum(s)"],
    },
    "a transposed row made of a row and of vectors": {
        "symbols": {"A": [1, "N"], "x": VECTOR, "v": VECTOR, "W": ["M", "N"], "X": [1, "M"], "c": []},
        "forward": ["Z = sin(A)", "s = pow(softplus(Z**2 @ (x/(1 + v**2))), X @ W @ v + c)", "L = tanh(s)"],
    },
    "a derivative made of exact zeros": {
        "symbols": {"b": ["N"], "W": ["N", "D"]}, "indices": {"n": "N", "d": "D"},
        "forward": [
            "A[d,n] = elu(sum(b[n'], n'))", "Z = exp(A - log(sum(exp(A), axis=1, keepdims=True)))",
            "Y = sinh(tanh(W @ Z))", "L = mean(Y[n,n'], n, n')",
        ],
    },
    "a sum of nine products": {
        "symbols": {f"{c}{n}": [] for n in range(9) for c in "pqr"},
        "forward": ["y = " + " + ".join(f"p{n}*q{n}*r{n}" for n in range(9)), "L = tanh(y)"],
    },
    "a sum of nine products of matrices": {
        "symbols": {f"A{n}": MATRIX for n in range(9)} | {f"B{n}": ["K", "M"] for n in range(9)},
        "forward": ["Y = " + " + ".join(f"A{n} @ B{n}" for n in range(9)), "L = sum(sin(Y))"],
    },
    "a sum of products that cancel": {
        "symbols": {f"{c}{n}": VECTOR for n in range(5) for c in "uv"},
        "forward": ["y = " + " + ".join(f"(u{n} - v{n})*(u{n} + v{n}) + v{n}**2" for n in range(5)), "L = sum(y**2)"],
    },
    "an outer product with a kink": {
        "symbols": {"u": ["M"], "X": MATRIX, "A": MATRIX, "v": ["K"]},
        "forward": ["s = outer(u, elu(X/A @ v, 0.2))", "L = sum(s**2)"],
    },
    "a size that is no axis": {"symbols": {"w": []}, "dims": {"N": "N"}, "forward": ["y = N*w", "L = y**2"]},
    "a letter over a size that is no axis": {
        "symbols": {"w": []}, "dims": {"N": "N"}, "indices": {"n": "N"}, "forward": ["y = sum(w, n)", "L = tanh(y)"],
    },
    "ones of a size that is no axis": {
        "symbols": {"w": []}, "dims": {"N": "N", "K": "K"},
        "forward": ["y = sum(w*ones(N))/sqrt(K)", "L = tanh(y)"],
    },
    "a comparison of a matrix with a vector": {
        "symbols": {"X": MATRIX, "u": ["K"]}, "forward": ["S = [X > u]*exp(sin(X))", "L = sum(S**2)"],
    },
    "the larger of a matrix and a vector": {
        "symbols": {"X": MATRIX, "u": ["K"]}, "forward": ["S = softmax(max(X, u))", "L = sum(S**2)"],
    },
    "a power by a column": {
        "symbols": {"X": MATRIX, "a": COLUMN}, "forward": ["S = pow(1 + X**2, a)", "L = sum(S)"],
    },
    "maxima of columns inside a row function": {
        "symbols": {"X": MATRIX}, "forward": ["S = softmax(X - max(X, axis=0, keepdims=True))", "L = sum(S**2)"],
    },
    "maxima of rows, transposed inside a row function": {
        "symbols": {"X": MATRIX}, "forward": ["S = softmax((X*max(X, axis=1, keepdims=True)).T)", "L = sum(S**2)"],
    },
    "minima of columns times a matrix": {
        "symbols": {"X": MATRIX, "W": ["K", "M"]},
        "forward": ["S = min(X, axis=0, keepdims=True) @ W", "L = sum(S**2)"],
    },
    "maxima of columns below a fraction": {
        "symbols": {"X": MATRIX}, "forward": ["S = X/exp(max(X, axis=0, keepdims=True))", "L = sum(S**2)"],
    },
    "a column times a matrix of one entry, beside a row": {
        "symbols": {"X": MATRIX, "A": COLUMN, "B": COLUMN, "u": ["K"]},
        "forward": ["S = max(X, axis=0) + (A + B) @ sum(A*u[1], axis=0, keepdims=True)", "L = sum(S**2)"],
    },
    "entries that are masked, or outside, at a kink": {
        "symbols": {"x": VECTOR, "h": VECTOR, "v": VECTOR}, "indices": {"n": "N"},
        "forward": ["z[n] = abs(h[2*n-1]*[v[n] <= 1]*x[n])", "L = sum(relu(z - 1)**2)"],
    },
}  # fmt: skip

AT_THREE = {
    "twice a letter": ["z[n] = X[n-1,n]*u[2*n-1]", "L = z[3]*w[2]"],
    "twice a letter, in a function": ["z[n] = tanh(u[2*n-1])", "L = z[3]"],
    "a letter and more": ["z[n] = cos(u[n+2])*X[n+2,n]", "L = z[3]*w[1]"],
    "two letters": ["z[n] = sum(w[n']*u[n+n'-1], n')", "L = exp(z[3])"],
    "a letter of letters": ["y[n] = u[n+1]*w[n]", "z[n] = sin(y[2*n-2])", "L = z[3]*u[3]"],
}


@pytest.mark.parametrize("name", AT_THREE)
@pytest.mark.parametrize("size", [4, "N"])
def test_a_computed_position_may_be_outside(name: str, size: int | str) -> None:
    """What is zero outside of its array is so in derivatives, where the letters are a position and the size is any."""
    words = " ".join(AT_THREE[name])
    symbols = {x: shape for x, shape in {"u": VECTOR, "w": VECTOR, "X": ["N", "N"]}.items() if f"{x}[" in words}
    mapping = {"symbols": symbols, "indices": {"n": "N"}, "dims": {"N": size}, "forward": AT_THREE[name]}
    assert judge(mapping) == []
    for fewer in () if size != "N" else (3, 5):  # The general result, in an array that is too short.
        solution = solve(problem_from_mapping(mapping))
        env = draw(solution.problem, 1, sizes={"N": fewer})
        _, adjoints = forward_and_gradients(solution.problem, env)
        names = namespace(solution.problem, replace(env, adjoints=adjoints))
        for result in solution:
            np.testing.assert_allclose(run(result.numpy, names), adjoints[result.node], atol=1e-9)


ONE_ENTRY: dict[str, tuple[str, Any]] = {
    "a sum that keeps its axes": (
        "X @ sum(Y, axis=0, keepdims=True)", lambda X, Y, R, C: X @ np.sum(Y, axis=0, keepdims=True),
    ),
    "a row times a column": ("X @ (R @ C)", lambda X, Y, R, C: X @ (R @ C)),
    "a function of a product": ("X @ tanh(Y.T @ X + 1)", lambda X, Y, R, C: X @ np.tanh(Y.T @ X + 1)),
    "a chain": ("X @ (R @ C).T @ (Y.T @ Y)", lambda X, Y, R, C: X @ (R @ C).T @ (Y.T @ Y)),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_ENTRY)
@pytest.mark.parametrize("other", ["Y", "R"])
def test_a_column_times_one_entry_is_a_column(name: str, other: str) -> None:
    """Beside a column it is one, beside a row it spreads, as in NumPy: a vector would do neither."""
    text, expected = ONE_ENTRY[name]
    shapes = {"X": COLUMN, "Y": COLUMN, "R": ROW, "C": ["K", 1]}
    symbols = {x: shape for x, shape in shapes.items() if x in text + other}
    mapping = {"symbols": symbols, "forward": [f"S = {text} + {other}", "L = sum(sin(S))"]}
    assert judge(mapping) == []
    env = draw(problem_from_mapping(mapping), 3)
    given = {x: env.values.get(x) for x in shapes}
    np.testing.assert_allclose(env.values["S"], expected(**given) + given[other])


def test_a_column_times_a_vector_or_a_number_is_a_vector() -> None:
    for symbol in ([1], []):
        mapping = {"symbols": {"X": COLUMN, "c": symbol}, "forward": ["S = X @ c", "L = sum(sin(S))"]}
        assert problem_from_mapping(mapping).symbols["S"].shape == ("N",)
        assert judge(mapping) == []


def test_a_kink_that_no_point_avoids_is_not_searched_for_long() -> None:
    mapping = CASES["entries that are masked, or outside, at a kink"]
    with allowing(LIMIT, SOLVING) as allowance:
        solve(problem_from_mapping(mapping))
    assert allowance.work > 0


@pytest.mark.parametrize("name", CASES)
def test_networks_that_once_failed(name: str) -> None:
    assert judge(CASES[name]) == []
    assert unformed(solve(problem_from_mapping(CASES[name]))) == []


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_random_shapes(first: int) -> None:
    """Every form, source and step is right, and what stands on the page can be formed."""
    wrong: list[str] = []
    for seed in range(first, first + CHUNK):
        mapping = network(seed)
        try:
            found = judge(mapping) or unformed(solve(problem_from_mapping(mapping)))
        except NoPoint as error:
            found = [str(error)]
        wrong += [f"seed {seed}: {found[0]}\n{mapping}"] if found else []
    assert not wrong, "\n".join(wrong)


def test_the_generator_draws_what_it_is_for() -> None:
    texts: list[str] = []
    shapes: set[tuple[Any, ...]] = set()
    for seed in range(400):
        mapping = network(seed)
        assert mapping == network(seed)
        texts += mapping["forward"]
        shapes |= {tuple(1 if d == 1 else "D" for d in s["shape"]) for s in mapping["symbols"].values()}
    assert shapes == {(), (1,), ("D",), (1, 1), (1, "D"), ("D", 1), ("D", "D")}
    whole = "\n".join(texts)
    constructs = (
        "axis=0", "axis=1", "keepdims=True", ".T", "@", "[2]", "[1,2]", "-1]", f"-{MOST_SHIFTED}]", f"+{MOST_SHIFTED}]",
        "2*n-1", "relu(", "abs(", "elu(", "leaky_relu(", "max(", "min(", "pow(", " > ", " <= ", "softmax(", "outer(",
    )  # fmt: skip
    assert [c for c in constructs if c not in whole] == []
    assert set(DIMS) <= {d for seed in range(9) for s in network(seed)["symbols"].values() for d in s["shape"]}


def test_a_size_that_is_no_axis_has_the_name_of_its_dimension() -> None:
    """In the source of a result, with ``_`` after it where the name is taken."""
    mapping = {"symbols": {"w": [], "N_": []}, "dims": {"N": "N"}, "forward": ["y = N*w*N_", "L = y**2"]}
    problem = problem_from_mapping(mapping)
    solution, env = solve(problem), draw(problem, 1)
    w, other, n = (float(env.values["w"]), float(env.values["N_"]), env.dims["N"])
    names = {**namespace(problem, env), "d_y": 1.0}
    np.testing.assert_allclose(run(solution["w"].numpy, names), n * other)
    np.testing.assert_allclose(run(solution.forward_numpy("y"), names), n * w * other)


# --- what can be formed ----------------------------------------------------------------------------------------------


def size_on_the_page(shape: Shape) -> tuple[Any, Any]:
    """Rows and columns; a vector is a column."""
    if len(shape) > 2:
        raise ValueError(f"{len(shape)} axes")
    return (*shape, 1, 1)[:2] if shape else (1, 1)


def formed(e: Expr) -> tuple[Any, Any]:
    """Rows and columns of what is printed, by the rules of matrices alone; raises ValueError where there are none.

    A layout that is not printed (``Reshape``, ``keepdims``) does not count.
    """
    if isinstance(e, Entry):
        return (1, 1) if isinstance(e.base, (Sym, Adj)) else (formed(e.base) and (1, 1))
    if isinstance(e, (Reshape, Neg, Pick)):
        return formed(e.arg)
    if isinstance(e, T):
        return formed(e.arg)[::-1]
    if isinstance(e, MatMul):
        total = formed(e.args[0])
        for size in map(formed, e.args[1:]):
            if (1, 1) in (total, size):
                total = size if total == (1, 1) else total
                continue
            if total[1] != size[0]:
                raise ValueError(f"({total[0]}x{total[1]})({size[0]}x{size[1]})")
            total = (total[0], size[1])
        return total
    if isinstance(e, (Add, Mul, Div, Pow, Cmp)) or (isinstance(e, Fn) and e.kind == "elementwise"):
        sizes = [formed(child) for child in children(e)]
        arrays = {size for size in sizes if size != (1, 1)}
        if len(arrays) > 1 or (isinstance(e, Add) and arrays and (1, 1) in sizes):
            raise ValueError(f"{type(e).__name__} of {sizes}")
        return next(iter(arrays), (1, 1))
    if isinstance(e, Reduce):
        rest = e.arg.shape if e.axis is None else e.arg.shape[: e.axis] + e.arg.shape[e.axis + 1 or len(e.arg.shape) :]
        formed(e.arg)
        return (1, 1) if e.axis is None or len(e.arg.shape) < 2 else size_on_the_page(rest)
    if isinstance(e, Fn):
        for child in e.args:
            formed(child)
    return size_on_the_page(e.shape)


def unformed(solution: Solution) -> list[str]:
    """What the rules of matrices do not allow in matrix forms and steps, and forms of another shape than they state."""
    wrong: list[str] = []

    def look(what: str, e: Expr, shape: Shape | None = None) -> None:
        try:
            size = formed(e)
        except ValueError as error:
            wrong.append(f"{what}: {error}")
            return
        if shape is not None and size not in (size_on_the_page(shape), (1, 1)):
            wrong.append(f"{what}: {size} instead of {shape}")

    def walk_steps(what: str, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if step.kind != "broadcast":  # It starts from what the author wrote.
                look(f"{what}, {step.kind}", step.before)
            look(f"{what}, {step.kind}", step.after)
            walk_steps(what, step.substeps)

    for d in solution.derivations:
        if d.matrix is not None:
            look(f"the derivative by {d.node}", d.matrix.rhs, solution.problem.symbols[d.node].shape)
        walk_steps(f"the derivative by {d.node}", d.steps)
    for f in solution.forward:
        if f.matrix is not None:
            look(f"the equation of {f.node}", f.matrix.rhs, solution.problem.symbols[f.node].shape)
        walk_steps(f"the equation of {f.node}", f.steps)
    return wrong

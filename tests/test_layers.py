"""Layers of different sizes: read, derived, proved, printed, written as lists, marked, refused.

Each network is a problem file and, independently of it, a loop over lists of arrays; complex steps through the loop are
the truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from extent import THOROUGH

from backsym.api.problem_file import problem_file
from backsym.calculus.layers import Sizes
from backsym.codegen.function import function_source
from backsym.codegen.module import module_source
from backsym.codegen.skeleton import skeleton_source
from backsym.core.dims import at_places, is_layered, letters_in, placed_at, put_in, read_amount, without_places
from backsym.core.errors import BacksymError, InputError
from backsym.core.expr import (
    Add,
    Entry,
    Equation,
    Expr,
    Eye,
    Fn,
    IndexPick,
    IndexReduce,
    Ix,
    Member,
    Mul,
    Ones,
    Sym,
    free_indices,
    last,
    shifted,
    with_indices,
)
from backsym.core.problem import Problem
from backsym.documents.writers.jsonform import problem_json
from backsym.documents.writers.render import rendered
from backsym.marking.verdicts import Marker, check, check_all
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.numeric.layers import as_given, masked
from backsym.numeric.sample import draw, draws
from backsym.numeric.sources import called
from backsym.numeric.verify import with_adjoints
from backsym.printing.latex import equation_latex, range_latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve

Values = Mapping[str, Any]
STEP = 1e-100

SYMBOLS: dict[str, Any] = {
    "x": {"shape": ["D[0]"], "role": "input"},
    "y": {"shape": ["D[M]"], "role": "target"},
    "k": {"label": "D[M]", "role": "target"},
    "W": {"shape": ["D[l]", "D[l-1]"], "for": "l"},
    "V": {"shape": ["D[l-1]", "D[l]"], "for": "l"},
    "U": {"shape": ["2*D[l]", "D[l-1]"], "for": "l"},
    "R": {"shape": ["D[l]", "2*D[l]"], "for": "l"},
    "b": {"shape": ["D[l]"], "for": "l"},
    "g": {"shape": [], "for": "l"},
    "lam": {"role": "constant"},
}
INDICES = {"l": {"over": "M", "as": "^{(l)}"}}


@dataclass(frozen=True)
class Net:
    mapping: dict[str, Any]
    loss: Callable[[Values], Any]
    code: bool = True


def net(leaves: str, *forward: str, loss: Callable[[Values], Any], code: bool = True, **more: Any) -> Net:
    symbols = {name: SYMBOLS[name] for name in leaves.split()}
    return Net({"indices": INDICES, "symbols": symbols, "forward": list(forward), **more}, loss, code)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def square(x: Any) -> Any:
    return 0.5 * np.sum(x * x)


def plain(v: Values) -> Any:
    a = v["x"]
    for w, b in zip(v["W"], v["b"], strict=True):
        a = sigmoid(w @ a + b)
    return square(a - v["y"])


def decayed(v: Values) -> Any:
    a = v["x"]
    for w in v["W"]:
        a = np.tanh(w @ a)
    return square(a - v["y"]) + v["lam"] / 2 * sum(np.sum(w * w) for w in v["W"])


def scaled(v: Values) -> Any:
    a = v["x"]
    for w, g in zip(v["V"], v["g"], strict=True):
        a = g * np.sin(w.T @ a)
    return square(a - v["y"])


def normed(v: Values) -> Any:
    a = v["x"]
    for w in v["W"]:
        z = w @ a
        a = z / np.sqrt(1 + np.sum(z * z))
    return square(a - v["y"])


def doubled(v: Values) -> Any:
    a = v["x"]
    for u, r in zip(v["U"], v["R"], strict=True):
        a = np.tanh(r @ np.sin(u @ a))
    return square(a - v["y"])


def every_layer(v: Values) -> Any:
    a, total = v["x"], 0.0
    for w, b in zip(v["W"], v["b"], strict=True):
        a = np.tanh(w @ a)
        total = total + np.sum(a * a * b)
    return total


def classified(v: Values) -> Any:
    a = v["x"]
    for w, b in zip(v["W"], v["b"], strict=True):
        z = w @ a + b
        a = np.sin(z)
    return np.log(np.sum(np.exp(z))) - z[v["k"]]


def attentive(v: Values) -> Any:
    a = v["x"]
    for w in v["W"]:
        z = np.exp(w @ a)
        a = z / np.sum(z)
    return square(a - v["y"])


def normed_by_mean(v: Values) -> Any:
    a = v["x"]
    for w in v["W"]:
        z = w @ a
        a = (z - np.mean(z)) / np.sqrt(np.mean((z - np.mean(z)) ** 2) + 0.01)
    return square(a - v["y"])


def mean_before(v: Values) -> Any:
    a = v["x"]
    for w in v["W"]:
        a = np.tanh(w @ a - np.mean(a))
    return np.mean((a - v["y"]) ** 2)


def means(v: Values) -> Any:
    a, total = v["x"], 0.0
    for w in v["W"]:
        a = np.tanh(w @ a)
        total = total + np.mean(a * a)
    return total


def standardised_before(v: Values) -> Any:
    a = v["x"]
    for w in v["W"]:
        a = np.tanh(w @ ((a - np.mean(a)) / np.sqrt(np.mean((a - np.mean(a)) ** 2) + 1)))
    return square(a - v["y"])


def spread(v: Values) -> Any:
    a = v["x"]
    for w in v["W"]:
        a = np.tanh(w @ a) / (1 + np.mean((w - np.mean(w)) ** 2))
    return square(a - v["y"]) / (1 + np.sqrt(np.mean((a - np.mean(a)) ** 2)))


START, LINEAR, END = "a[0] = x", "z[l] = W[l] @ a[l-1] + b[l]", "L = squared_error(a[M], y)"

NETS: dict[str, Net] = {
    "plain": net("x W b y", START, LINEAR, "a[l] = sigmoid(z[l])", END, loss=plain),
    "in LaTeX": net(
        "x W b y",
        r"\mathbf{a}^{(0)} = \mathbf{x}",
        r"\mathbf{z}^{(l)} = \mathbf{W}^{(l)} \mathbf{a}^{(l-1)} + \mathbf{b}^{(l)}",
        r"\mathbf{a}^{(l)} = \sigma(\mathbf{z}^{(l)})",
        r"\mathcal{L} = \frac{1}{2} \|\mathbf{a}^{(M)} - \mathbf{y}\|^2",
        loss=plain,
    ),
    "entry by entry": net(
        "x W b y", START, "a[l,i] = sigmoid(sum(W[l,i,j]*a[l-1,j], j) + b[l,i])", END, loss=plain
    ),
    "a fixed depth": net("x W b y", START, LINEAR, "a[l] = sigmoid(z[l])", END, loss=plain, dims={"M": {"size": 3}}),
    "weight decay": net(
        "x W y lam",
        START,
        "a[l] = tanh(W[l] @ a[l-1])",
        END + " + lam/2*sum(sum(W[l]**2), l)",
        loss=decayed,
        code=False,
    ),
    "numbers of each layer": net("x V g y", START, "a[l] = g[l]*sin(V[l].T @ a[l-1])", END, loss=scaled),
    "norms": net("x W y", START, "z[l] = W[l] @ a[l-1]", "a[l] = z[l]/sqrt(1 + sum(z[l]**2))", END, loss=normed),
    "multiples of sizes": net("x U R y", START, "a[l] = tanh(R[l] @ sin(U[l] @ a[l-1]))", END, loss=doubled),
    "loss at every layer": net(
        "x W b", START, "a[l] = tanh(W[l] @ a[l-1])", "s[l] = sum(a[l]**2*b[l])", "L = sum(s[l], l)", loss=every_layer
    ),
    "a class": net(
        "x W b k", START, LINEAR, "a[l] = sin(z[l])", "p = softmax(z[M])", "L = -log(p[k])", loss=classified
    ),
    "normalized layers": net(
        "x W y",
        START,
        "z[l] = W[l] @ a[l-1]",
        "m[l] = mean(z[l])",
        "s[l] = var(z[l])",
        "a[l] = (z[l] - m[l])/sqrt(s[l] + 0.01)",
        END,
        loss=normed_by_mean,
    ),
    "the mean of the layer before": net(
        "x W y", START, "a[l] = tanh(W[l] @ a[l-1] - mean(a[l-1]))", "L = mean((a[M] - y)**2)", loss=mean_before
    ),
    "the variance of the layer before": net(
        "x W y",
        START,
        "a[l] = tanh(W[l] @ ((a[l-1] - mean(a[l-1]))/sqrt(var(a[l-1]) + 1)))",
        END,
        loss=standardised_before,
    ),
    "the spread of the last layer": net(
        "x W y",
        START,
        "a[l] = tanh(W[l] @ a[l-1])/(1 + var(W[l]))",
        "L = squared_error(a[M], y)/(1 + std(a[M]))",
        loss=spread,
    ),
    "means of all layers": net(
        "x W", START, "a[l] = tanh(W[l] @ a[l-1])", "L = sum(mean(a[l]**2), l)", loss=means, code=False
    ),
    "softmax at every layer": net("x W y", START, "a[l] = softmax(W[l] @ a[l-1])", END, loss=attentive),
}  # fmt: skip


def lists(problem: Problem, env: Env, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: as_given(value, problem.symbols[name].shape, env.dims) for name, value in values.items()}


def gradients(loss: Callable[[Values], Any], leaves: Values) -> dict[str, Any]:
    """The derivative of the loss by every entry of every leaf, by complex steps through the loop."""

    def copied() -> dict[str, Any]:
        return {n: [m + 0j for m in x] if isinstance(x, list) else x for n, x in leaves.items()}

    def slopes(x: np.ndarray, put: Callable[[dict[str, Any], np.ndarray], None]) -> np.ndarray:
        found = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            moved, there = copied(), np.array(x, dtype=complex)
            there[place] += 1j * STEP
            put(moved, there)
            found[place] = np.imag(loss(moved)) / STEP
        return found

    def at(name: str, n: int) -> Callable[[dict[str, Any], np.ndarray], None]:
        return lambda moved, there: moved[name].__setitem__(n, there)

    found: dict[str, Any] = {}
    for name, x in leaves.items():
        if isinstance(x, list):
            found[name] = [slopes(member, at(name, n)) for n, member in enumerate(x)]
        elif np.asarray(x).dtype.kind == "f":
            found[name] = slopes(x, lambda moved, there, name=name: moved.__setitem__(name, there))  # type: ignore[misc]
    return found


def same(a: Any, b: Any) -> bool:
    if isinstance(a, list) or isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, atol=1e-12)


def wrong(case: Net, solution: Solution, points: tuple[Env, ...]) -> list[str]:
    """What differs from complex steps through the loop: values, stated derivatives, code."""
    problem = solution.problem
    found: list[str] = []
    source = module_source(solution) if case.code else None
    for env in points:
        given = {name: env.values[name] for name in case.mapping["symbols"]}
        leaves = lists(problem, env, given)
        if "k" in leaves:
            leaves["k"] = np.asarray(leaves["k"], dtype=int)
        true = gradients(case.loss, leaves)
        stated = lists(problem, env, with_adjoints(solution.derivations, env).adjoints)
        if not np.isclose(env.values["L"], case.loss(leaves), rtol=1e-10):
            found.append(f"L at {env.dims}")
        names = [n for n in case.mapping["symbols"] if problem.symbols[n].role in ("input", "parameter")]
        found += [f"{name} at {env.dims}, stated" for name in names if not same(stated[name], true[name])]
        if source is not None:
            slopes = called(source, "backward", called(source, "forward", dict(leaves)))
            found += [f"{name} at {env.dims}, code" for name in names if not same(slopes[name], true[name])]
            found += [f"{n} at {env.dims}, code" for n in problem.by_name if not same(slopes[n], stated[n])]
    return found


@cache
def solved(name: str) -> Solution:
    return solve(problem_from_mapping(NETS[name].mapping))


@cache
def plain_marker() -> Marker:
    return Marker(solved("plain").problem)


SLOW = ("multiples of sizes", "norms")


@pytest.mark.parametrize("name", [name for name in NETS if THOROUGH or name not in SLOW])
def test_complex_steps_through_the_loop_judge_values_derivatives_and_code(name: str) -> None:
    solution = solved(name)
    assert {v.status for v in solution.verified.values()} == {"verified"}
    assert wrong(NETS[name], solution, draws(solution.problem)) == []


def test_it_is_proved_at_depths_one_two_and_four_where_all_sizes_differ() -> None:
    problem = problem_from_mapping(NETS["plain"].mapping)
    for env in draws(problem):
        sizes = [size for dim, size in env.dims.items() if dim.startswith("D[")]
        assert len(sizes) == env.dims["M"] + 1 == len(set(sizes))
    assert sorted(env.dims["M"] for env in draws(problem)) == [1, 2, 4]


@pytest.mark.parametrize("seed", range(60 if THOROUGH else 1))
def test_random_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    functions: dict[str, Callable[[Any], Any]] = {"tanh": np.tanh, "sigmoid": sigmoid, "sin": np.sin}
    first, second = (str(rng.choice(list(functions))) for _ in range(2))
    skip, gate = bool(rng.integers(2)), bool(rng.integers(2))
    text = f"{first}(W[l] @ a[l-1] + b[l])"
    text += f"*{second}(V[l].T @ a[l-1])" if gate else f" + {second}(b[l])" if skip else ""
    leaves = "x W b y" + (" V" if gate else "")

    def loss(v: Values) -> Any:
        a = v["x"]
        for n, (w, b) in enumerate(zip(v["W"], v["b"], strict=True)):
            z = functions[first](w @ a + b)
            other = functions[second](v["V"][n].T @ a) if gate else functions[second](b)
            a = z * other if gate else z + other if skip else z
        return square(a - v["y"])

    case = net(leaves, START, f"a[l] = {text}", END, loss=loss)
    solution = solve(problem_from_mapping(case.mapping))
    depth = int(rng.integers(1, 6))
    assert wrong(case, solution, (draw(solution.problem, seed, sizes={"M": depth}),)) == []


# --- pages -----------------------------------------------------------------------------------------------------------


def test_the_four_equations_of_backpropagation() -> None:
    solution = solved("plain")
    notation = Notation.of(solution.problem)
    cases = [(range_latex((c.run,), notation), c.matrix) for c in solution["a"].derivation.cases]
    assert [(where, equation_latex(form, notation)) for where, form in cases if form is not None] == [
        ("l = M", r"\nabla_{\mathbf{a}^{(M)}} \mathcal{L} = \mathbf{a}^{(M)} - \mathbf{y}"),
        (
            r"l = M-1, \dots, 1",
            r"\nabla_{\mathbf{a}^{(l)}} \mathcal{L} = "
            r"(\mathbf{W}^{(l+1)})^\top \nabla_{\mathbf{z}^{(l+1)}} \mathcal{L}",
        ),
    ]
    forms = [solution[name].member for name in ("z", "b", "W", "x")]
    assert [equation_latex(form, notation).split(" = ")[1] for form in forms if form is not None] == [
        r"\nabla_{\mathbf{a}^{(l)}} \mathcal{L} \odot \mathbf{a}^{(l)} \odot (\mathbb{1}_{D^{(l)}} - \mathbf{a}^{(l)})",
        r"\nabla_{\mathbf{z}^{(l)}} \mathcal{L}",
        r"\nabla_{\mathbf{z}^{(l)}} \mathcal{L} (\mathbf{a}^{(l-1)})^\top",
        r"(\mathbf{W}^{(1)})^\top \nabla_{\mathbf{z}^{(1)}} \mathcal{L}",
    ]
    assert solution["W"].matrix is None
    assert solution["W"].derivation.no_matrix is not None


def test_a_page_tells_the_sizes_of_members() -> None:
    solution = solved("plain")
    page = rendered(None, [solution], "md")
    assert r"$\mathbf{W}^{(l)} \in \mathbb{R}^{D^{(l)} \times D^{(l-1)}}$" in page
    assert r"\mathbf{x} \in \mathbb{R}^{D^{(0)}}" in page
    assert "No matrix form" not in page
    assert "_{_" not in page


def test_sizes_below_where_the_letter_is_no_superscript() -> None:
    mapping = NETS["plain"].mapping | {"indices": {"l": "M"}}
    page = rendered(None, [solve(problem_from_mapping(mapping))], "md")
    assert r"\mathbf{W}_l \in \mathbb{R}^{D_l \times D_{l-1}}" in page


def test_code_is_a_list_and_a_loop() -> None:
    source = module_source(solved("plain"), "torch")
    assert "for l in reversed(range(len(W))):" in source
    assert "d_W[l] = torch.outer(d_z[l], a_before)" in source
    assert "torch.stack" not in source


def test_a_formula_of_one_number_is_in_numpy_and_a_list_is_not() -> None:
    solution = solved("plain")
    assert solution["x"].numpy == "W[0].T @ d_z[0]"
    with pytest.raises(BacksymError, match="member by member"):
        _ = solution["W"].numpy


def test_a_skeleton_and_a_function_take_no_lists() -> None:
    solution = solved("plain")
    for made in (skeleton_source, function_source):
        with pytest.raises(BacksymError, match="no lists of arrays of different sizes: W"):
            made(solution, "torch")


def test_sums_over_layers_have_no_code_and_say_so() -> None:
    with pytest.raises(BacksymError, match="L adds up members of different sizes"):
        module_source(solved("weight decay"))


# --- numbers ---------------------------------------------------------------------------------------------------------

GIVEN: dict[str, Any] = {
    "x": [1, 2],
    "y": [1],
    "W": [[[1, 0], ["1/2", 1], [0, 1]], [[1, 1, -1]]],
    "b": [[0, 0, 0.1], [0.2]],
    "eta": 0.1,
}


def numbers_of(values: Mapping[str, Any] = GIVEN, **more: Any) -> Problem:
    parts = [{"compute": ["z", "L", "dL/dz", "dL/dW", "dL/dx"]}, {"update": ["W", "b"]}]
    symbols = {**NETS["plain"].mapping["symbols"], "eta": {"role": "constant"}}
    return problem_from_mapping({**NETS["plain"].mapping, "symbols": symbols, "values": values, "parts": parts, **more})


def test_numbers_of_layers_of_different_sizes() -> None:
    leaves = {
        "x": np.array([1.0, 2.0]),
        "y": np.array([1.0]),
        "W": [np.array([[1, 0], [0.5, 1], [0, 1.0]]), np.array([[1, 1, -1.0]])],
        "b": [np.array([0, 0, 0.1]), np.array([0.2])],
    }
    true = gradients(plain, leaves)
    computed, updated = (part["numbers"] for part in problem_json(solve(numbers_of()))["parts"])

    def equal(found: Any, wanted: Any) -> bool:
        return same([np.array(m) for m in found] if isinstance(wanted, list) else np.array(found), wanted)

    assert np.isclose(computed["L"], plain(leaves), rtol=1e-12)
    assert equal(computed["z"][:1], [np.array([1, 2.5, 2.1])])
    assert all(equal(computed[f"dL/d{name}"], true[name]) for name in ("W", "x"))
    assert equal(computed["dL/dz"], true["b"])
    for name in ("W", "b"):
        assert equal(updated[name], [m - 0.1 * d for m, d in zip(leaves[name], true[name], strict=True)])
    page = rendered(None, [solve(numbers_of())], "md")
    assert r"\mathbf{W}^{(2)} &= \begin{bmatrix} 1 & 1 & -1 \end{bmatrix}" in page
    assert r"Compute $\mathbf{z}^{(l)}$, " in page


@pytest.mark.parametrize(
    ("target", "answer", "verdict"),
    [
        ("z", "[[1, 2.5, 2.1], [0.9643]]", "correct"),
        ("z", r"[\begin{bmatrix} 1 \\ 2.5 \\ 2.1 \end{bmatrix}, 0.9643]", "correct"),
        ("z", "[[1, 2.5, 2.1], [0.5]]", "incorrect"),
        ("z", "[[1, 2.5], [0.9643]]", "invalid"),
        ("z", "[1, 2.5, 2.1, 0.9643]", "invalid"),
        ("W", "[[[1.001, 0.002169], [0.5004, 1.001], [-0.0005361, 0.9989]], [[1.004, 1.005, -0.9951]]]", "correct"),
    ],
)
def test_answers_that_are_numbers_of_layers(target: str, answer: str, verdict: str) -> None:
    assert check(numbers_of(), target, answer).verdict == verdict


def test_a_wrong_layer_is_followed_through() -> None:
    """With 1, 2, 3 and 4 as the derivatives by z those by W are these times what comes in."""
    hidden = [1 / (1 + np.exp(-z)) for z in (1, 2.5, 2.1)]
    first, second = [[float(n), 2.0 * n] for n in (1, 2, 3)], [4 * float(a) for a in hidden]
    answers = {"dL/dz": "[[1, 2, 3], [4]]", "dL/dW": f"[{first}, [{second}]]"}
    assert [mark.verdict for mark in check_all(numbers_of(), answers)] == ["incorrect", "follow_through"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"W": [[[1, 0], [0, 1]], [[1, 1, 1]]]},
            r"2 numbers along D\[1\], expected 3|3 numbers along D\[1\], expected 2",
        ),
        ({"y": [1, 2]}, "2 numbers along D.M., expected 1"),
        ({"b": [[0, 0, 0]]}, "1 number along M, expected 2"),
        ({"x": 1}, "expected a list of numbers"),
    ],
)
def test_sizes_of_layers_that_do_not_meet(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        numbers_of({**GIVEN, **values})


def test_a_size_that_is_computed_is_the_one_it_is_computed_from() -> None:
    mapping = {
        "symbols": {"x": {"shape": ["D"], "role": "input"}, "W": ["2*H", "D"], "u": ["H"]},
        "forward": ["z = W @ x", "y = z[1:H] + u", "L = sum(y**2)"],
        "values": {"x": [1], "W": [[1], [2], [3]], "u": [1, 2]},
    }
    with pytest.raises(InputError, match=r"3 numbers along 2\*H, expected 4"):
        problem_from_mapping(mapping)


# --- notes -----------------------------------------------------------------------------------------------------------

NOTE = r"""Let $\mathbf{a}^{(0)} = \mathbf{x} \in \mathbb{R}^{D_0}$. For $l = 1, \dots, M$ the layers are

$$
\mathbf{z}^{(l)} = \mathbf{W}^{(l)} \mathbf{a}^{(l-1)} + \mathbf{b}^{(l)},
\quad \mathbf{a}^{(l)} = \sigma(\mathbf{z}^{(l)}),
$$

where $\mathbf{W}^{(l)} \in \mathbb{R}^{D_l \times D_{l-1}}$ and $\mathbf{b}^{(l)} \in \mathbb{R}^{D_l}$. The loss is
$L = \frac{1}{2} \|\mathbf{a}^{(M)} - \mathbf{y}\|^2$ with the target $\mathbf{y} \in \mathbb{R}^{D_M}$.

Compute the gradient of $L$ with respect to $\mathbf{W}^{(l)}$ and $\mathbf{b}^{(l)}$.
"""
SPELLINGS = {
    "sizes below": NOTE,
    "sizes above": re.sub(r"D_(\w|\{[^}]*\})", lambda m: "D^{(" + m[1].strip("{}") + ")}", NOTE),
    "brackets": re.sub(r"\^\{\(([^)]*)\)\}", r"^{[\1]}", NOTE),
    "layers below": re.sub(r"\^\{\(([^)]*)\)\}", r"_{\1}", NOTE).replace("D_", "n_"),
    "decayed": NOTE.replace("2$ with", "2 + \\frac{\\lambda}{2} \\sum_{l=1}^M \\|\\mathbf{W}^{(l)}\\|_F^2$ with"),
}


def of_note(text: str, folder: Path) -> Problem:
    path = folder / "note.md"
    path.write_text(text, encoding="utf-8")
    problem = load(path)
    assert isinstance(problem, Problem)
    return problem


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_note_about_layers_of_different_sizes(name: str, tmp_path: Path) -> None:
    problem = of_note(SPELLINGS[name], tmp_path)
    assert [part.targets for part in problem.parts] == [("W", "b")]

    def loss(v: Values) -> Any:
        return plain(v) + (v["lambda"] / 2 * sum(np.sum(w * w) for w in v["W"]) if "lambda" in v else 0)

    leaves = {symbol: {} for symbol, entry in problem.symbols.items() if entry.role != "node"}
    solution = solve(problem)
    assert {v.status for v in solution.verified.values()} == {"verified"}
    assert wrong(Net({"symbols": leaves}, loss, code=False), solution, draws(problem)[1:]) == []
    assert re.search(r"W: \{shape: \['.\[l\]', '.\[l-1\]'\], for: l", problem_file(problem, "note.md"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"D_l \times D_{l-1}", r"D_{l-1} \times D_l", "cannot multiply"),
        (r" \in \mathbb{R}^{D_M}", "", "nothing tells of which layer the size of y is"),
        (r"\mathbb{R}^{D_M}", r"\mathbb{R}^{D_0}", r"cannot add .D.M.. and .D.0.."),
        (r"\mathbb{R}^{D_0}", r"\mathbb{R}^{D}", "D is no size of a layer"),
        (r"\mathbb{R}^{D_0}", r"\mathbb{R}^{D_1}", "cannot multiply|starts with"),
        ("The loss", r"$\mathbf{z}^{(l)} \in \mathbb{R}^{D_{l-1}}$. The loss", "z is declared"),
    ],
)
def test_a_note_whose_layers_do_not_meet(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in NOTE
    with pytest.raises(InputError, match=said):
        of_note(NOTE.replace(old, new), tmp_path)


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "answer", "verdict"),
    [
        ("W", r"\nabla_{\mathbf{z}^{(l)}} L (\mathbf{a}^{(l-1)})^\top", "correct"),
        ("W", "dL/dz[l] @ a[l-1].T", "correct"),
        ("W", "dL/dz[l,i]*a[l-1,j]", "correct"),
        ("W", r"\nabla_{\mathbf{z}^{(l)}} L (\mathbf{a}^{(l)})^\top", "incorrect"),
        ("b", r"\nabla_{\mathbf{z}^{(l)}} L", "correct"),
        ("b", r"\nabla_{\mathbf{a}^{(l)}} L", "incorrect"),
        ("z", r"\nabla_{a^{(l)}} L \odot a^{(l)} \odot (1 - a^{(l)})", "correct"),
        ("a", r"W^{(l+1)} \nabla_{z^{(l+1)}} L", "invalid"),
        ("x", r"(\mathbf{W}^{(1)})^\top \nabla_{\mathbf{z}^{(1)}} L", "correct"),
        ("x", r"(\mathbf{W}^{(2)})^\top \nabla_{\mathbf{z}^{(2)}} L", "incorrect"),
    ],
)
def test_answers(target: str, answer: str, verdict: str) -> None:
    assert plain_marker().mark(target, answer).verdict == verdict


# --- refused ---------------------------------------------------------------------------------------------------------

PLAIN = (START, LINEAR, "a[l] = sigmoid(z[l])", END)


@pytest.mark.parametrize(
    ("symbols", "forward", "place", "said"),
    [
        (
            {"W": {"shape": ["D[l]", "D[l]"], "for": "l"}},
            PLAIN,
            "forward[2]:1:",
            "cannot multiply [D[l], D[l]] @ [D[l-1]]",
        ),
        ({"y": {"shape": ["D[0]"], "role": "target"}}, PLAIN, "forward[4]:1:", "[D[M]]"),
        ({"x": {"shape": ["D[1]"], "role": "input"}}, PLAIN, "forward[2]:1:", ""),
        ({"W": {"shape": ["D[l]", "D[l-1]"]}}, PLAIN, "symbols.W.shape[1]", "declared for"),
        ({"W": {"shape": ["D[m]", "D[l-1]"], "for": "l"}}, PLAIN, "symbols.W.shape[1]", "m in D[m]"),
        ({"W": {"shape": ["D", "D[l-1]"], "for": "l"}}, PLAIN, "", "D is a size at each position"),
        ({}, (*PLAIN[:3], "L = sum(a)"), "forward[4]:1:", "members of different sizes"),
        ({}, (*PLAIN[:3], "L = squared_error(a[M], y)/D"), "forward[4]:1:", "no number by itself"),
        ({}, (START, "a[l] = sigmoid(W[l] @ a[l-1] + b[l])", "L = sum(W[:,1,1]) + sum(a[M])"), "forward[3]:1:", ""),
    ],
)
def test_sizes_that_do_not_meet_are_refused_with_their_place(
    symbols: dict[str, Any], forward: tuple[str, ...], place: str, said: str
) -> None:
    used = {name: SYMBOLS[name] for name in "xWby" if any(name in text for text in forward)} | symbols
    with pytest.raises(InputError) as error:
        problem_from_mapping({"indices": INDICES, "symbols": used, "forward": list(forward)})
    assert sum(str(d.file).startswith("forward") for d in error.value.diagnostics) <= 1, "one mistake is told once"
    assert place in str(error.value)
    assert said in str(error.value)


LISTED = {"b": SYMBOLS["b"]}


@pytest.mark.parametrize(
    ("member", "loss", "form"),
    [
        ("logsumexp(b[l])", lambda b: np.log(np.sum(np.exp(b))), r"\text{softmax}(\mathbf{b}^{(l)})_i"),
        ("logsumexp(b[l]**2)", lambda b: np.log(np.sum(np.exp(b * b))), r"(\mathbf{b}^{(l)})^{\odot 2}"),
    ],
)
def test_a_function_of_each_member_of_a_list(member: str, loss: Callable[[Any], Any], form: str) -> None:
    """softmax(b_l)_i is that of one member: what is beside a smaller one in the array that keeps all is no entry."""
    forward = [f"s[l] = {member}", "L = sum(s[l]**2, l)"]
    solution = solve(problem_from_mapping({"indices": INDICES, "symbols": LISTED, "forward": forward}))
    assert form in solution["b"].latex()
    env = draw(solution.problem, 5)
    stated = lists(solution.problem, env, with_adjoints(solution.derivations, env).adjoints)
    leaves = lists(solution.problem, env, {"b": env.values["b"]})
    assert same(stated["b"], gradients(lambda v: sum(loss(b) ** 2 for b in v["b"]), leaves)["b"])


@pytest.mark.parametrize(("sign", "op"), [(-1.0, "max"), (1.0, "min")])
def test_the_largest_entry_of_all_members_is_none_beside_a_smaller_one(sign: float, op: str) -> None:
    letter, unit = Ix("l", "M"), Ix("i", "D[l]")
    b = Entry(Sym("b", ("M", "D[_]")), (letter, unit))
    env = Env(dims={"M": 2, "D[1]": 2, "D[2]": 1}, values={"b": sign * np.array([[2.0, 3.0], [4.0, 0.0]])})
    assert evaluate(IndexReduce(op, b, (letter, unit)), env) == 2 * sign
    place = IndexPick(op, b, (letter, unit), (Ix("n", "M"), Ix("j", "D[n]")))
    assert evaluate(place, env, place.at).tolist() == [[1, 0], [0, 0]]


def test_telling_sizes_costs_no_twice_as_much_for_each_pair_of_brackets() -> None:
    class Counting(Sizes):
        def expression(self, *args: Any) -> Any:
            made.append(None)
            return super().expression(*args)

    at = (Ix("l", "M"), Ix("i", "D"))
    a, b = (Entry(Sym(name, ("M", "D")), at) for name in "ab")
    counts = []
    for depth in (2, 4):
        made: list[None] = []
        form: Expr = b
        for _ in range(depth):
            form = Fn("tanh", (Mul((b, Add((form, b)))),))
        told = Counting(problem_from_mapping(NETS["plain"].mapping)).equation(Equation(a, form))
        assert free_indices(told.rhs) == (at[0], Ix("i", "D[l]"))
        counts.append(len(made))
    assert counts[1] < 5 * counts[0]


def test_a_mean_over_a_layer_has_the_size_of_that_layer() -> None:
    assert r"- \frac{1}{D^{(0)}}" in solved("the mean of the layer before")["x"].latex()
    assert r"\frac{2}{(D^{(l)})^2} \sum_{i'=1}^{D^{(l)}} z_{i'}^{(l)}" in solved("normalized layers")["z"].latex()
    assert r"\frac{2 a_i^{(l)}}{D^{(l)}}" in solved("means of all layers")["a"].latex()


def test_the_variance_of_a_layer_beside_another_layer_is_derived() -> None:
    mapping = net("x W y", START, "a[l] = tanh(W[l] @ a[l-1])*var(a[l-1])", END, loss=plain).mapping
    assert {v.status for v in solve(problem_from_mapping(mapping)).verified.values()} == {"verified"}


def test_the_identity_of_a_layer_is_a_jacobian() -> None:
    """Nothing but its size says of which layer it is."""
    problem = problem_from_mapping(NETS["plain"].mapping | {"parts": [{"jacobian": "dz[l]/db[l]"}]})
    (total,) = solve(problem).totals
    assert total.matrix is not None
    assert total.matrix.rhs == Eye("D[l]")
    assert check(problem, "dz[l]/db[l]", "I").verdict == "correct"


# --- sizes -----------------------------------------------------------------------------------------------------------


def test_sizes_at_positions() -> None:
    assert at_places("D[l-1]", {"l": read_amount("l+1") or 0}) == "D[l]"
    assert at_places("2*D[_]", {"_": 3}) == "2*D[3]"
    assert placed_at("D[l-1]") == ("D", read_amount("l-1"))
    assert placed_at("D") is None
    assert letters_in("H + D[l-1]") == ("l",)
    assert without_places("2*D[l-1]") == "2*D"
    assert is_layered(("M", "D[_]"))
    assert not is_layered(("M", "D[0]"))
    assert put_in(read_amount("2*H*H + D") or 0, "H", 3) == read_amount("D + 18")


def test_a_member_has_its_own_size() -> None:
    letter = Ix("l", "M")
    W = Sym("W", ("M", "D[_]", "D[_-1]"))
    assert Member(W, (letter, None, None)).shape == ("D[l]", "D[l-1]")
    assert Member(W, (shifted(((letter, 1),), 1, "M"), None, None)).shape == ("D[l+1]", "D[l]")
    assert Member(W, (last("M"), None, None)).shape == ("D[M]", "D[M-1]")
    assert with_indices(Ones(("D[l-1]",)), {letter: Ix("3", "M")}) == Ones(("D[2]",))


def test_what_is_beyond_a_range_is_masked() -> None:
    letter = Ix("l", "M")
    found = masked(np.ones((2, 3)), (letter, Ix("i", "D[l]")), {"M": 2, "D[1]": 3, "D[2]": 1})
    assert found.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_a_dimension_and_a_quantity_never_share_a_name() -> None:
    with pytest.raises(InputError, match="D is a dimension, and so no quantity can be called D"):
        problem_from_mapping({"symbols": {"D": ["D"]}, "forward": ["L = sum(D**2)"]})

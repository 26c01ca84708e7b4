"""Labels: positions that are data, in entries, deltas and one-hot vectors, and derivatives beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import network_checks
import numpy as np
import pytest
from step_judge import forward_and_gradients

import backsym as bs
from backsym.codegen.module import module_source
from backsym.core.errors import BacksymError
from backsym.documents.content.options import FULL
from backsym.documents.writers.render import files
from backsym.marking.verdicts import Marker
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("core", "numeric", "reading", "printing")

CLASS: dict[str, Any] = {"z": {"shape": ["K"], "role": "input"}, "y": {"label": "K", "role": "target"}}
BATCH: dict[str, Any] = {"Z": {"shape": ["N", "K"], "role": "input"}, "y": {"shape": ["N"], "label": "K"}}
WORDS: dict[str, Any] = {
    "E": ["V", "D"], "w": {"shape": ["T"], "label": "V", "role": "input"}, "u": ["D"],
    "s": {"shape": ["T"], "role": "target"},
}  # fmt: skip
GRAM: dict[str, Any] = {
    "C": ["D", "V"], "U": ["D", "V"], "c": {"label": "V", "role": "input"}, "o": {"label": "V", "role": "target"},
}  # fmt: skip

NETWORKS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "softmax": (CLASS, ["p = softmax(z)", "L = -log(p[y])"]),
    "onehot": (CLASS, ["p = softmax(z)", "L = -sum(onehot(y)*log(p))"]),
    "hinge": (CLASS, ["L = sum(max(0, z[k] - z[y] + 1), k != y)"]),
    "indicator": (CLASS, ["L = sum([k == y]*z[k]**2 + [k != y]*exp(z[k]), k)"]),
    "sum of a delta": (CLASS, ["L = sum(delta(k, y)*log(z[k]**2), k)"]),
    "delta": (CLASS, ["q[k] = delta(k, y)*z[k]", "L = sum(q)**2"]),
    "ratio": (CLASS, ["L = z[y]/(1 + exp(z[y])) + sum(tanh(z))"]),
    "batch": (BATCH, ["P = softmax(Z)", "L = -sum(log(P[n, y[n]]), n)/N"]),
    "logits": (BATCH, ["l[n] = logsumexp(Z)[n] - Z[n, y[n]]", "L = sum(l[n], n)/N"]),
    "rows of ones": (BATCH, ["L = sum(onehot(y)*tanh(Z))"]),
    "a member": (BATCH, ["L = sum(Z[n, y[1]]**2, n) + Z[2, y[2]]"]),
    "embedding": (WORDS, ["x[t,i] = E[w[t], i]", "q[t] = sum(x[t,i]*u[i], i)", "L = squared_error(q, s)"]),
    "columns": (GRAM, ["h[i] = C[i, c]", "v = U.T @ h", "L = logsumexp(v) - v[o]"]),
    "whole columns": (GRAM, ["h = C[:, c]", "v = U.T @ h", "L = logsumexp(v) - v[o]"]),
    "whole rows": (WORDS, ["x = E[w]", "q = x @ u", "L = squared_error(q, s)"]),
    "entries of a vector": (BATCH, ["a = mean(Z, axis=0)", "L = sum(a[y]**2)"]),
    "a one-hot vector": (CLASS, ["L = e_y.T @ tanh(z)"]),
    "latex": (BATCH, [r"L = -\frac{1}{N} \sum_n Z_{n,y_n} + \sum_n \sum_k \delta_{k y_n} Z_{nk}^2"]),
    "latex, excluded": (CLASS, [r"L = \sum_{k \neq y} \max(0, z_k - z_y + 1)"]),
    "latex, one-hot": (CLASS, [r"L = -\mathbf{e}_y^\top \log(\text{softmax}(\mathbf{z}))"]),
    "two labels": (GRAM, ["L = sum(C[i, c]*U[i, o], i) + delta(c, o)*sum(C)"]),
    "rows of a function": (BATCH, ["L = -sum(log_softmax(tanh(Z[n]))[y[n]], n)"]),
    "rows of a product": (
        {**BATCH, "A": {"shape": ["K", "K"]}}, ["L = sum(softmax(A @ Z[n])[y[n]]*sigmoid(A @ Z[n])[1], n)"],
    ),
    "columns of members": (
        {"C": ["D", "V"], "c": {"shape": ["T"], "label": "V"}, "u": ["D"]},
        ["z[t] = C[:, c[t]]", "L = sum(tanh(z[t].T @ u), t)"],
    ),
    "turned": (BATCH, ["L = sum(Z[n, y[N-n+1]]**2, n)"]),
    "every second one": (
        {"A": ["K", "K"], "y": {"shape": ["2*N"], "label": "K"}, "w": ["N"]},
        ["L = sum(w[n]*tanh(A[y[2*n-1], y[N+n]]), n)"],
    ),
    "pairs": (
        {"A": ["K", "K"], "y": {"shape": ["N + 1"], "label": "K"}, "w": ["N"]},
        ["L = sum(w[n]*tanh(A[y[n], y[n+1]]), n)"],
    ),
    "shifted": (
        {"x": {"shape": ["M"], "role": "input"}, "a": [3], "y": {"label": "K", "role": "target"}},
        ["z[k] = sum(a[j]*x[k+j-1], j)", "L = exp(z[y])"],
    ),
}  # fmt: skip

LETTERS = {"k": "K", "n": "N", "t": "T", "i": "D", "j": 3}


def network(name: str) -> dict[str, Any]:
    symbols, forward = NETWORKS[name]
    used = {
        dim for key, value in symbols.items() for dim in (value if isinstance(value, list) else value.get("shape", []))
    }
    used |= {value["label"] for value in symbols.values() if isinstance(value, dict) and "label" in value}
    letters = {letter: dim for letter, dim in LETTERS.items() if dim in used}
    return {"title": name, "indices": letters, "symbols": symbols, "forward": forward}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_derivative_beside_a_label_is_right(name: str) -> None:
    for seed in (3, 4):
        assert not network_checks.judge(network(name), seed)


def slope(loss: Callable[[Any], Any], at: np.ndarray) -> np.ndarray:
    """The gradient of a function of NumPy by complex steps."""
    found = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[place] += 1e-30j
        found[place] = np.imag(loss(moved)) / 1e-30
    return found


ROW = np.array([0.3, -1.2, 0.8, 0.1])
ROWS = np.array([[0.3, -1.2, 0.8], [1.1, 0.4, -0.6]])


@pytest.mark.parametrize(
    ("text", "shapes", "values", "loss"),
    [
        ("-log(softmax(z)[y])", {"z": ["K"], "y": {"label": "K"}}, {"z": ROW, "y": 2},
         lambda z: np.log(np.exp(z).sum()) - z[2]),
        ("sum(max(0, z[k] - z[y] + 1), k != y)", {"z": ["K"], "y": {"label": "K"}}, {"z": ROW, "y": 0},
         lambda z: sum(z[k] - z[0] + 1 for k in (1, 2, 3) if z[k].real - z[0].real + 1 > 0)),
        ("sum(z[n, y[n]]**2, n)", {"z": ["N", "K"], "y": {"shape": ["N"], "label": "K"}}, {"z": ROWS, "y": [2, 0]},
         lambda z: z[0, 2] ** 2 + z[1, 0] ** 2),
        ("sum(exp(z[y[n], d]), n, d)", {"z": ["K", "D"], "y": {"shape": ["N"], "label": "K"}},
         {"z": ROWS, "y": [1, 0, 1, 1]}, lambda z: np.exp(z[0]).sum() + 3 * np.exp(z[1]).sum()),
    ],
)  # fmt: skip
def test_a_gradient_counts_the_classes_from_zero(
    text: str, shapes: dict[str, Any], values: dict[str, Any], loss: Callable[[Any], Any]
) -> None:
    g = bs.gradient(text, "z", shapes)
    np.testing.assert_allclose(g(**values), slope(loss, values["z"]), rtol=1e-12)


def test_the_gradient_of_cross_entropy_is_p_minus_e() -> None:
    solution = solve(problem_from_mapping(network("softmax")))
    assert solution["z"].latex() == r"\nabla_{\mathbf{z}} \mathcal{L} = \mathbf{p} - \mathbf{e}_y"
    entry = equation_latex(solution["z"].entry, Notation.of(solution.problem))
    assert entry == r"\frac{\partial \mathcal{L}}{\partial z_k} = p_k - \delta_{ky}"
    assert [result.node for result in solution] == ["L", "p", "z"]


def test_a_label_is_nothing_that_the_loss_is_differentiated_by() -> None:
    for name in ("embedding", "columns"):
        names = [result.node for result in solve(problem_from_mapping(network(name)))]
        assert not {"w", "c", "o"} & set(names)


def test_a_page_counts_the_classes_from_one() -> None:
    mapping = {**network("softmax"), "values": {"z": [1, 2, 3], "y": 2}}
    page = written(mapping, "md")
    assert r"y \in \{1, \dots, K\}" in page
    assert "| $y$ | $3$ |" in page


def written(mapping: dict[str, Any], form: str) -> str:
    solution = solve(problem_from_mapping(mapping))
    return next(iter(files(None, [solution], form, FULL, "page").values()))


@pytest.mark.parametrize(
    ("symbols", "forward", "message"),
    [
        ({**CLASS}, "L = sum(y*z)", "y is a label, a class, and no number to compute with"),
        ({**CLASS}, "L = sum(z*onehot(z))", "onehot needs a label; z is none"),
        ({**BATCH}, "L = sum(Z[n, y], n)", "the label y is [N]: give one index for each axis"),
        ({**BATCH}, "L = sum(Z[y[n], n], n)", "the label y is a class of K, but this axis is N"),
        ({**BATCH}, "L = sum(Z[n, y[n+1]], n)", "y has N members, and n+1 may be none of them"),
        ({**BATCH}, "L = sum(Z[n, y[n-1]], n)", "with from: 0 if its first position is 0"),
        ({**BATCH}, "L = sum(Z[n, y[N-n]], n)", "y has N members, and -n+N may be none of them"),
        ({**BATCH}, "L = sum(Z[n, y[2*n]], n)", "y has N members, and 2*n may be none of them"),
        ({**CLASS, "y": {"label": "K", "one_hot": "true"}}, "L = sum(z)", "one_hot"),
    ],
)
def test_what_a_label_cannot_be_is_named(symbols: dict[str, Any], forward: str, message: str) -> None:
    letters = {"k": "K"} if "z" in symbols else {"n": "N"}
    mapping = {"title": "t", "indices": letters, "symbols": symbols, "forward": [forward]}
    with pytest.raises(bs.InputError) as caught:
        problem_from_mapping(mapping)
    assert message in str(caught.value)


@pytest.mark.parametrize(("value", "fits"), [(0, True), (2, True), (3, False), (-1, False), (1.5, False)])
def test_a_label_outside_its_range_is_an_error(value: float, fits: bool) -> None:
    mapping = {**network("softmax"), "values": {"z": [1, 2, 3], "y": value}}
    g = bs.gradient("-log(softmax(z)[y])", "z", {"z": ["K"], "y": {"label": "K"}})
    if fits:
        assert problem_from_mapping(mapping).values["y"] == value
        assert g(z=[1, 2, 3], y=value).shape == (3,)
        return
    with pytest.raises(bs.InputError, match="y is a label"):
        problem_from_mapping(mapping)
    with pytest.raises(bs.InputError, match="y is a label"):
        g(z=[1, 2, 3], y=value)


def test_a_label_that_is_out_of_range_in_a_computation_is_no_zero() -> None:
    problem = problem_from_mapping(network("softmax"))
    env = Env({"K": 3}, {"p": np.ones(3), "y": np.asarray(3)})
    with pytest.raises(BacksymError, match="the label y is not one of the 3 classes of K"):
        evaluate(problem.by_name["L"].rhs, env)


def test_json_has_the_derivatives_and_no_label() -> None:
    found = json.loads(written(network("batch"), "json"))["derivatives"]
    assert [d["node"] for d in found] == ["L", "P", "Z"]
    assert found[-1]["numpy"] == "1 / Z.shape[0] * (P - np.eye(Z.shape[1])[y])"


ANSWERS = {
    ("softmax", "z"): (
        (
            "p[k] - [k == y]", "p[k] - delta(k, y)", r"p_k - \delta_{ky}", r"p_k - \mathbb{1}[k = y]", "p - onehot(y)",
            r"\mathbf{p} - \mathbf{e}_y", "p - np.eye(K)[y]", "p - F.one_hot(y, K)", "softmax(z) - e_y",
            r"\begin{cases} p_k - 1 & k = y \\ p_k & k \neq y \end{cases}",
        ),
        ("onehot(y) - p", "p[k] - delta(k, y)*p[y]", "p[k] - 1", "p - p[y]*onehot(y)", "p[k] - [k != y]"),
    ),
    ("hinge", "z"): (
        (
            "[k != y]*[z[k] - z[y] + 1 > 0] - delta(k, y)*sum([z[j] - z[y] + 1 > 0], j != y)",
            r"\mathbb{1}[z_k - z_y + 1 > 0] - \delta_{ky} \sum_j \mathbb{1}[z_j - z_y + 1 > 0]",
        ),
        ("[k != y]*[z[k] - z[y] + 1 > 0]", "[z[k] - z[y] + 1 > 0] - delta(k, y)"),
    ),
    ("batch", "Z"): (
        (
            "(P[n,k] - [k == y[n]])/N", r"\frac{1}{N}(P_{nk} - \delta_{k y_n})", "(P - onehot(y))/N",
            "(P - np.eye(P.shape[1])[y])/len(Z)", r"\frac{1}{N}(\mathbf{P} - \operatorname{onehot}(\mathbf{y}))",
        ),
        ("P - onehot(y)", "(onehot(y) - P)/N", "(P[n,k] - 1)/N"),
    ),
    ("whole rows", "E"): (
        (
            "onehot(w).T @ d_x", "np.eye(E.shape[0])[w].T @ d_x", "sum(delta(v, w[t])*dL/dx[t,d], t)",
            r"\sum_t \mathbb{1}[v = w_t] \frac{\partial L}{\partial x_{td}}", "onehot(w).T @ np.outer(q - s, u)",
        ),
        ("onehot(w).T @ x", "onehot(w) @ d_x", "dL/dx[w]"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("asked", ANSWERS, ids=lambda asked: asked[0])
def test_answers_are_read_in_every_spelling(asked: tuple[str, str]) -> None:
    name, target = asked
    mapping = network(name)
    if name == "whole rows":
        mapping["indices"] = {"t": "T", "v": "V", "d": "D"}
    marker = Marker(problem_from_mapping(mapping))
    right, wrong = ANSWERS[asked]
    assert {answer: marker.mark(target, answer).verdict for answer in right} == dict.fromkeys(right, "correct")
    verdicts = {answer: marker.mark(target, answer).verdict for answer in wrong}
    assert not {answer: verdict for answer, verdict in verdicts.items() if verdict not in ("incorrect", "invalid")}


def test_what_is_wrong_beside_a_label_is_explained() -> None:
    marker = Marker(problem_from_mapping(network("softmax")))
    assert marker.mark("z", "onehot(y) - p").tags == ("sign",)
    assert marker.mark("z", "p[k] - delta(k, y)*p[y]").tags == ("extra_factor",)


def _backward(source: str, leaves: dict[str, Any]) -> dict[str, Any]:
    module: dict[str, Any] = {}
    exec(compile(source, "module", "exec"), module)
    return dict(module["backward"](module["forward"](leaves)))


@pytest.mark.parametrize("name", ["softmax", "hinge", "batch", "embedding", "whole rows", "whole columns"])
def test_code_adds_up_what_labels_pick_and_returns_nothing_for_them(name: str) -> None:
    solution = solve(problem_from_mapping(network(name)))
    env = draw(solution.problem, 5)
    leaves = {quantity: env.values[quantity] for quantity in solution.problem.symbols if quantity in env.values}
    source = module_source(solution, "numpy")
    found = _backward(source, leaves)
    _, expected = forward_and_gradients(solution.problem, env)
    assert set(found) == {result.node for result in solution}
    for quantity, gradient in found.items():
        np.testing.assert_allclose(gradient, expected[quantity], rtol=1e-9, atol=1e-12)


def test_code_picks_rows_and_adds_them_up_where_they_belong() -> None:
    solution = solve(problem_from_mapping(network("whole rows")))
    lines = {
        "numpy": "np.add.at(total, at, rows)",
        "torch": "return rows.new_zeros((size,) + rows.shape[1:]).index_add_(0, at, rows)",
        "jax": "return jnp.zeros((size,) + rows.shape[1:], rows.dtype).at[at].add(rows)",
    }
    for target, line in lines.items():
        source = module_source(solution, target)
        assert line in source
        assert "x = E[w]" in source
        assert "d_E = scatter_add(d_x, w, E.shape[0])" in source


def test_a_label_whose_name_is_a_word_of_python_is_renamed_in_code() -> None:
    mapping = {
        "title": "t", "symbols": {"z": {"shape": ["K"], "role": "input"}, "as": {"label": "K"}},
        "forward": ["p = softmax(z)", "L = -log(p[as])"],
    }  # fmt: skip
    source = module_source(solve(problem_from_mapping(mapping)), "numpy")
    assert "p - np.eye(p.shape[0])[as_]" in source

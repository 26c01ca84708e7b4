r"""Lecture notes in the habits of people, against what they mean: a NumPy function, differentiated by a complex step.

``cases/reading.yaml`` has the smallest notes that were once misread, refused or half read.  Each is read as meant or
refused with a code; the quantities of the problem are those of the function, no more and no less.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import backsym as bs
from backsym.codegen.module import gradients_at
from backsym.core.errors import InputError
from backsym.core.problem import Problem

pytestmark = pytest.mark.quick("codegen")

CASES = {
    case["id"]: case["note"]
    for case in yaml.safe_load((Path(__file__).parent / "cases/reading.yaml").read_text("utf-8"))
    if "note" in case
}
Truth = Callable[..., Any]
D, H, K, N = 3, 4, 2, 5


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    e = np.exp(z)
    return e / e.sum(-1, keepdims=True)


def rnn(h: Any, x: Any, W: Any, U: Any, b: Any = 0.0) -> list[Any]:
    """The states of h_t = tanh(W h_{t-1} + U x_t + b), from the first on."""
    states = []
    for row in x:
        h = np.tanh(W @ h + U @ row + b)
        states.append(h)
    return states


def layers(a: Any, W: Any, b: Any) -> list[Any]:
    """The activations of the layers a^{(l)} = sigma(W^{(l)} a^{(l-1)} + b^{(l)}), from the first on."""
    found = []
    for weights, bias in zip(W, b, strict=True):
        a = sigmoid(weights @ a + bias)
        found.append(a)
    return found


def loaded(folder: Path, text: str) -> Problem:
    path = folder / "note.md"
    path.write_text(text, encoding="utf-8")
    problem = bs.load(str(path))
    assert isinstance(problem, Problem)
    return problem


def same_as(
    note: Problem, truth: Truth, shapes: dict[str, tuple[int, ...]], classes: dict[str, Any] | None = None
) -> None:
    """Every derivative of the note's loss by a given quantity is that of the function; ``classes`` count from 0."""
    random = np.random.default_rng(5)
    point = {name: random.uniform(0.2, 0.9, shape) for name, shape in shapes.items()}
    labels = {name: np.array(value) for name, value in (classes or {}).items()}
    given = {s.name for s in note.symbols.values() if s.role != "node"}
    assert given == {*shapes, *labels}
    assert {s.name for s in note.symbols.values() if s.label is not None} == set(labels)
    point.update(labels)
    for name in (s.name for s in note.symbols.values() if s.one_hot):
        point[name] = np.eye(*shapes[name])[0]
    for name in (s.name for s in note.symbols.values() if s.symmetric):
        point[name] = (point[name] + point[name].T) / 2
    solution = note.solve()
    assert not solution.failed
    found = gradients_at(solution, dict(point))
    assert found is not None
    asked = {name for name in given if note.symbols[name].role != "target"} & found.keys()
    assert asked
    for name in asked:
        wanted = np.zeros(shapes[name])
        for place in np.ndindex(*shapes[name]):
            moved = point[name].astype(complex)
            moved[place] += 1e-30j
            wanted[place] = truth(**{**point, name: moved}).imag / 1e-30
        np.testing.assert_allclose(found[name], wanted, rtol=1e-9, atol=1e-12)


# --- the cases -------------------------------------------------------------------------------------------------------

READ: dict[str, tuple[Truth, dict[str, tuple[int, ...]]]] = {
    "function-left-side": (lambda w, x, t: (np.tanh(w * x) - t) ** 2 / 2, {"w": (), "x": (), "t": ()}),
    "loss-by-name": (
        lambda w, x, y: -y * np.log(sigmoid(w * x)) - (1 - y) * np.log(1 - sigmoid(w * x)),
        {"w": (), "x": (), "y": ()},
    ),
    "examples-subscript": (
        lambda x, w, t: ((x @ w - t) ** 2).sum() / 2, {"x": (N, D), "w": (D,), "t": (N,)},
    ),
    "examples-superscript": (
        lambda w, x, y: ((w * x - y) ** 2).sum() / 2 / N, {"w": (), "x": (N,), "y": (N,)},
    ),
    "examples-undeclared-vectors": (
        lambda x, w, y: ((x @ w - y) ** 2).sum() / 2, {"x": (N, D), "w": (D,), "y": (N,)},
    ),
    "per-example-loss": (
        lambda w, x, b, d: ((w * x + b - d) ** 2).sum(), {"w": (), "x": (N,), "b": (), "d": (N,)},
    ),
    "bias-folded-in": (
        lambda w, x, t: ((w[:, 0] + w[:, 1:] @ x - t) ** 2).sum() / 2, {"w": (K, D + 1), "x": (D,), "t": (K,)},
    ),
    "index-in-braces": (lambda W1, x: ((W1 @ x) ** 2).sum(), {"W1": (K, D), "x": (D,)}),
    "determinant-bars": (
        lambda x, mu, Sigma: (x - mu) @ np.linalg.inv(Sigma) @ (x - mu) / 2 + np.log(np.linalg.det(Sigma)) / 2,
        {"x": (1,), "mu": (1,), "Sigma": (1, 1)},
    ),
    "chain-of-equals": (lambda w, x, t: (sigmoid(w * x) - t) ** 2, {"w": (), "x": (), "t": ()}),
    "continuation-row": (lambda w, x, t: (w * x - t) ** 2, {"w": (), "x": (), "t": ()}),
    "two-in-one-display": (lambda w, x, b, t: (w * x + b - t) ** 2, {"w": (), "x": (), "b": (), "t": ()}),
    "delta-defined": (lambda W, x, t: ((W @ x - t) ** 2).sum() / 2, {"W": (K, D), "x": (D,), "t": (K,)}),
    "update-rule": (lambda w, x, t: (w * x - t) ** 2, {"w": (), "x": (), "t": ()}),
    "not-needed": (lambda w, x, t: (w * x - t) ** 2, {"w": (), "x": (), "t": ()}),
    "fonts-and-space": (
        lambda w, x, t: (np.where((w @ x).real > 0, w @ x, 0) - t) ** 2, {"w": (D,), "x": (D,), "t": ()},
    ),
    "sqrt-dk": (
        lambda Q, K, d_k: (softmax(Q @ K.T / np.sqrt(d_k)) ** 2).sum(), {"Q": (N, D), "K": (N, D), "d_k": ()},
    ),
    "ranges": (lambda W, x: (W @ x).sum(), {"W": (K, D), "x": (D,)}),
    "sigma-and-sigma-squared": (
        lambda w, x, t, sigma2: (sigmoid(w * x) - t) ** 2 / 2 / sigma2, {"w": (), "x": (), "t": (), "sigma2": ()},
    ),
    "size-one-by-need": (lambda W, x, t: ((W @ x - t) ** 2).sum() / 2, {"W": (K, D), "x": (D,), "t": (K,)}),
    "layer-as-power": (
        lambda w2, a1, b2, y: ((y - w2 @ a1 - b2) ** 2).sum() / 2, {"w2": (K, D), "a1": (D,), "b2": (K,), "y": (K,)},
    ),
    "primes-name": (lambda W, x, y: ((W @ x - y) ** 2).sum(), {"W": (K, D), "x": (D,), "y": (K,)}),
    "initial-value": (lambda A, H0: ((A * H0) ** 2).sum(), {"A": (N, D), "H0": (N, D)}),
    "column-bias": (
        lambda X, W, b, T: ((W @ X + b - T) ** 2).sum() / 2, {"X": (D, N), "W": (K, D), "b": (K, 1), "T": (K, N)},
    ),
    "label": (lambda z: -np.log(softmax(z)[1]), {"z": (K,)}),
    "asked-in-words": (
        lambda W, x, b, t: ((W @ x + b - t) ** 2).sum(), {"W": (K, D), "x": (D,), "b": (K,), "t": (K,)},
    ),
}  # fmt: skip
READ |= {
    "recursion": (
        lambda h0, W, U, x, y: sum(((h - t) ** 2).sum() / 2 for h, t in zip(rnn(h0, x, W, U), y, strict=True)),
        {"h0": (H,), "W": (H, H), "U": (H, D), "x": (N, D), "y": (N, H)},
    ),
    "depth": (
        lambda a0, W, b, y: ((layers(a0, W, b)[-1] - y) ** 2).sum() / 2,
        {"a0": (H,), "W": (N, H, H), "b": (N, H), "y": (H,)},
    ),
}  # fmt: skip
ABSTRACT = ("applied-left-right", "applied-tagged", "asked-beats-guessed", "light-matrices")
REFUSED = {
    "matrix-exponential": "notes.matrix_exponential",
}


def test_every_case_is_here() -> None:
    assert {*READ, *ABSTRACT, *REFUSED} == set(CASES)


@pytest.mark.parametrize("name", READ)
def test_a_case_is_read_as_meant(name: str, tmp_path: Path) -> None:
    truth, shapes = READ[name]
    classes = {"y": 1} if name == "label" else {}
    same_as(loaded(tmp_path, CASES[name]), lambda **point: truth(**{n: point[n] for n in shapes}), shapes, classes)


@pytest.mark.parametrize("name", REFUSED)
def test_a_case_is_refused_with_a_code(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, CASES[name])
    code = REFUSED[name]
    assert code is None or code in {d.code for d in caught.value.diagnostics}


def test_what_is_applied_is_a_function(tmp_path: Path) -> None:
    assert loaded(tmp_path, CASES["applied-left-right"]).abstract == {"phi"}
    tagged = loaded(tmp_path, CASES["applied-tagged"])
    assert tagged.abstract == {"g1"}
    assert [e.name for e in tagged.equations] == ["z1", "a1", "L"]


def test_a_loss_of_an_array_is_abstract(tmp_path: Path) -> None:
    note = loaded(tmp_path, CASES["light-matrices"])
    assert (note.loss, note.upstream) == ("L", "P")
    assert {name: len(symbol.shape) for name, symbol in note.symbols.items()} == {"P": 2, "W": 2, "X": 2}
    assert [(part.kind, len(part.claims)) for part in note.parts] == [("show", 1)]
    assert str(note.solve()["W"]).splitlines()[-1] == "dL/dW = dL/dP @ X.T"


def test_names_of_derivatives_are_put_in(tmp_path: Path) -> None:
    note = loaded(tmp_path, CASES["delta-defined"])
    assert [part.kind for part in note.parts] == ["show"]
    assert len(note.parts[0].claims) == 1
    assert not note.solve().failed


def test_a_step_of_descent_is_named(tmp_path: Path) -> None:
    assert loaded(tmp_path, CASES["update-rule"]).remarks == (
        "passed over, line 1: an equation with a derivative in it",
    )
    assert loaded(tmp_path, CASES["not-needed"]).remarks == (
        "passed over, line 1: n is not read, and L does not need it",
    )


# --- questions -------------------------------------------------------------------------------------------------------

LAYER = r"$$\mathbf{y} = \mathbf{W} \mathbf{x} + \mathbf{b}, \quad L = \|\mathbf{y} - \mathbf{t}\|^2$$" + "\n\n"
ASKED = [
    (r"(a) Compute the gradient of $L$ with respect to $\mathbf{W}$.", [("gradients", ("W",))]),
    (r"Differentiate $L$ with respect to $\mathbf{W}$ and $\mathbf{b}$.", [("gradients", ("W", "b"))]),
    (r"What is $\nabla_{\mathbf{W}} L$?", [("gradients", ("W",))]),
    (r"Obtain an expression for $\frac{\partial L}{\partial \mathbf{b}}$.", [("derive", ("b",))]),
    (r"Write down $\nabla_{\mathbf{b}} L$.", [("list", ("b",))]),
    (r"Using the chain rule, find the derivative of the loss w.r.t. $\mathbf{b}$.", [("gradients", ("b",))]),
    (r"Berechnen Sie die Ableitung von $L$ nach $\mathbf{W}$.", [("gradients", ("W",))]),
    (r"Bestimmen Sie $\nabla_{\mathbf{W}} L$.", [("gradients", ("W",))]),
]
NO_PART = [
    r"Explain the role of the bias.",
    r"Find the gradient of $\mathbf{y}$ with respect to $\mathbf{W}$.",
    r"Compute the gradient of $L$ with respect to $\mathbf{V}$.",
    r"How does the loss change if the bias is left out?",
    r"Zeigen Sie, dass die Schicht affin ist.",
    r"Compute dW and db.",
]


@pytest.mark.parametrize(("words", "parts"), ASKED, ids=[words for words, _ in ASKED])
def test_a_question_in_words_is_a_part(words: str, parts: list[tuple[str, tuple[str, ...]]], tmp_path: Path) -> None:
    note = loaded(tmp_path, LAYER + words)
    assert [(part.kind, part.targets) for part in note.parts] == [(kind, tuple(names)) for kind, names in parts]
    assert not note.remarks


@pytest.mark.parametrize("words", NO_PART)
def test_what_looks_like_a_question_and_is_no_part_is_named(words: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, LAYER + words)
    assert not note.parts
    assert any("line 3: what looks like a question" in remark for remark in note.remarks)


def test_each_sentence_of_a_paragraph_is_a_question_of_its_own(tmp_path: Path) -> None:
    words = (
        r"Express $\frac{\partial L}{\partial \mathbf{b}}$ by $\mathbf{y}$. Explain the role of the bias."
        r" Give an expression for $\frac{\partial L}{\partial \mathbf{y}}$. Derive the backpropagation equations."
    )
    note = loaded(tmp_path, LAYER + words)
    assert [part.targets for part in note.parts] == [("b", "y"), ("W", "b")]
    assert len(note.remarks) == 1
    assert "what looks like a question: Explain the role" in note.remarks[0]


def test_what_is_asked_by_is_no_target(tmp_path: Path) -> None:
    note = loaded(tmp_path, CASES["asked-beats-guessed"])
    assert [part.targets for part in note.parts] == [("y", "x")]
    assert note.symbols["y"].role == "parameter"

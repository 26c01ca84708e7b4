r"""Notes that compute step by step, in time and in depth, against loops in NumPy that complex steps differentiate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import D, H, K, N, Truth, layers, loaded, rnn, same_as, sigmoid

import backsym as bs
from backsym.api.problem_file import problem_file
from backsym.core.errors import BacksymError
from backsym.reading.files.loader import problem_of_text
from backsym.solving.solution import solve

RNN = r"\mathbf{h}_t = \tanh(\mathbf{W} \mathbf{h}_{t-1} + \mathbf{U} \mathbf{x}_t + \mathbf{b})"
HALF = r"\mathcal{L} = \sum_{t=1}^T \frac{1}{2} \|\mathbf{o}_t - \mathbf{y}_t\|^2"


def zero_start(W: Any, U: Any, x: Any, b: Any, V: Any, c: Any, y: Any) -> Any:
    states = rnn(np.zeros(H), x, W, U, b)
    return sum(((V @ h + c - t) ** 2).sum() / 2 for h, t in zip(states, y, strict=True))


def scalar_states(w: Any, u: Any, x: Any, b: Any, h0: Any) -> list[Any]:
    states = []
    for value in x:
        h0 = np.tanh(w * h0 + u * value + b)
        states.append(h0)
    return states


def scalar_last(w: Any, u: Any, x: Any, b: Any, y: Any, h0: Any) -> Any:
    return (scalar_states(w, u, x, b, h0)[-1] - y) ** 2 / 2


def second_order(a: Any, b: Any, x: Any, y: Any, s0: Any, s_m1: Any) -> Any:
    total: Any = 0
    for value, target in zip(x, y, strict=True):
        s_m1, s0 = s0, a * s0 + b * s_m1 + value
        total = total + (s0 - target) ** 2
    return total


def lstm(x: Any, y: Any, h0: Any, c0: Any, **p: Any) -> Any:
    h, c = h0, c0
    for row in x:
        i, f, o = (sigmoid(p[f"W_{k}"] @ h + p[f"U_{k}"] @ row) for k in "ifo")
        c = f * c + i * np.tanh(p["W_g"] @ h + p["U_g"] @ row)
        h = o * np.tanh(c)
    return ((h - y) ** 2).sum() / 2


def residual(x: Any, W: Any, b: Any, y: Any) -> Any:
    for weights, bias in zip(W, b, strict=True):
        x = x + np.tanh(weights @ x + bias)
    return ((x - y) ** 2).sum()


def last(step: Any, h: Any, *families: Any) -> Any:
    for members in zip(*families, strict=True):
        h = step(h, *members)
    return h


def one_step(x_t: Any, h_prev: Any, W_z: Any, U_z: Any, U_h: Any, y_t: Any) -> Any:
    z = sigmoid(W_z @ x_t + U_z @ h_prev)
    return (((1 - z) * h_prev + z * np.tanh(U_h @ h_prev) - y_t) ** 2).sum()


def marked_layers(x: Any, w: Any, y: Any, **p: Any) -> Any:
    for first, second, bias in zip(p["W1"], p["W2"], p["b1"], strict=True):
        x = x + second @ np.maximum(first @ x + bias, 0)
    return (w @ x - y) ** 2


GATES = {"W": (H, H), "U": (H, D)}
MARKED = {"W1": (N, K, H), "W2": (N, H, K), "b1": (N, K)}
LSTM = "\n".join(
    rf"\{name} &= \{act}(\mathbf{{W}}_{k} \mathbf{{h}}_{{t-1}} + \mathbf{{U}}_{k} \mathbf{{x}}_t) \\"
    for name, act, k in (
        (r"mathbf{i}_t", "sigma", "i"),
        (r"mathbf{f}_t", "sigma", "f"),
        (r"mathbf{o}_t", "sigma", "o"),
        (r"mathbf{g}_t", "tanh", "g"),
    )
)

NOTES: dict[str, tuple[str, Truth, dict[str, tuple[int, ...]]]] = {
    "a start of zeros, within the text": (
        rf"""Consider an RNN with $\mathbf{{h}}_0 = \mathbf{{0}}$ and
$${RNN}, \quad t = 1, \dots, T,$$ $$\mathbf{{o}}_t = \mathbf{{V}} \mathbf{{h}}_t + \mathbf{{c}}$$
and the loss $${HALF}.$$""",
        zero_start,
        {"W": (H, H), "U": (H, D), "x": (N, D), "b": (H,), "V": (K, H), "c": (K,), "y": (N, K)},
    ),
    "a start of zeros, in words": (
        rf"$${RNN}, \quad t = 1, \dots, T,$$ $${HALF},$$ $$\mathbf{{o}}_t = \mathbf{{V}} \mathbf{{h}}_t + "
        r"\mathbf{c}$$ The initial hidden state is set to zero.",
        zero_start,
        {"W": (H, H), "U": (H, D), "x": (N, D), "b": (H,), "V": (K, H), "c": (K,), "y": (N, K)},
    ),
    **{
        f"layers by a script letter, {below}": (
            rf"For $\ell = 1, \dots, L$ let $$\mathbf{{h}}{below} ="
            rf" \tanh(\mathbf{{W}}{below} \mathbf{{h}}{before} + \mathbf{{b}}{below}),$$"
            rf" and $\mathbf{{h}}{first} = \mathbf{{x}}$. Let $$C = \|\mathbf{{h}}{last_one} - \mathbf{{t}}\|^2.$$",
            lambda x, W, b, t: ((last(lambda h, w, c: np.tanh(w @ h + c), x, W, b) - t) ** 2).sum(),
            {"x": (H,), "W": (N, H, H), "b": (N, H), "t": (H,)},
        )
        for below, before, first, last_one in (
            (r"_\ell", r"_{\ell-1}", "_0", "_L"),
            (r"^{(\ell)}", r"^{(\ell-1)}", "^{(0)}", "^{(L)}"),
            (r"^{[\ell]}", r"^{[\ell-1]}", "^{[0]}", "^{[L]}"),
        )
    },
    "a start of zeros, in German": (
        r"$$h_t = \tanh(w h_{t-1} + u x_t + b), \quad L = \frac12 (h_T - y)^2, \quad t = 1, \dots, T$$ "
        "Der Anfangszustand ist null.",
        lambda w, u, x, b, y: scalar_last(w, u, x, b, y, 0.0),
        {"w": (), "u": (), "x": (N,), "b": (), "y": ()},
    ),
    "the last state, light letters": (
        r"""The state is $h_t$ for $t = 1, \dots, T$. $$h_t = \tanh(w h_{t-1} + u x_t + b)$$
$$L = \frac12 (h_T - y)^2$$""",
        scalar_last,
        {"w": (), "u": (), "x": (N,), "b": (), "y": (), "h0": ()},
    ),
    "the last position by its capital alone": (
        r"""$$L = \frac12 (h_T - y)^2, \qquad h_t = \tanh(w h_{t-1} + u x_t + b)$$""",
        scalar_last,
        {"w": (), "u": (), "x": (N,), "b": (), "y": (), "h0": ()},
    ),
    "a start that is a number": (
        r"""$$h_0 = 0, \quad h_t = \tanh(w h_{t-1} + u x_t), \quad L = \sum_{t=1}^T (h_t - y_t)^2$$""",
        lambda w, u, x, y: sum((h - t) ** 2 for h, t in zip(scalar_states(w, u, x, 0, 0), y, strict=True)),
        {"w": (), "u": (), "x": (N,), "y": (N,)},
    ),
    "two steps back": (
        r"""$$s_t = a s_{t-1} + b s_{t-2} + x_t, \quad L = \sum_{t=1}^T (s_t - y_t)^2$$""",
        second_order,
        {"a": (), "b": (), "x": (N,), "y": (N,), "s0": (), "s_m1": ()},
    ),
    "time above, light matrices": (
        r"""$$h^{(t)} = \tanh(W h^{(t-1)} + U x^{(t)}), \quad L = \sum_{t=1}^T \frac12 \|h^{(t)} - y^{(t)}\|^2$$
where $W \in \mathbb{R}^{H \times H}$ and $U \in \mathbb{R}^{H \times D}$.""",
        lambda W, U, x, y, h0: sum(((h - t) ** 2).sum() / 2 for h, t in zip(rnn(h0, x, W, U), y, strict=True)),
        {**GATES, "x": (N, D), "y": (N, H), "h0": (H,)},
    ),
    "an LSTM": (
        rf"""\begin{{align}}
{LSTM}
\mathbf{{c}}_t &= \mathbf{{f}}_t \odot \mathbf{{c}}_{{t-1}} + \mathbf{{i}}_t \odot \mathbf{{g}}_t \\
\mathbf{{h}}_t &= \mathbf{{o}}_t \odot \tanh(\mathbf{{c}}_t) \\
L &= \frac12 \|\mathbf{{h}}_T - \mathbf{{y}}\|^2
\end{{align}}""",
        lstm,
        {
            **{f"{name}_{k}": shape for name, shape in GATES.items() for k in "ifog"},
            "x": (N, D), "y": (H,), "h0": (H,), "c0": (H,),
        },
    ),
    "depth in brackets, L layers": (
        r"""$$\mathbf{a}^{[l]} = \sigma(\mathbf{W}^{[l]} \mathbf{a}^{[l-1]} + \mathbf{b}^{[l]}), l = 1, \ldots, L$$
with $\mathbf{a}^{[0]} = \mathbf{x}$ and the loss $$\mathcal{L} = \frac12 \|\mathbf{a}^{[L]} - \mathbf{y}\|^2.$$""",
        lambda x, W, b, y: ((layers(x, W, b)[-1] - y) ** 2).sum() / 2,
        {"x": (H,), "W": (N, H, H), "b": (N, H), "y": (H,)},
    ),
    "depth without parentheses, by entries": (
        r"""$$a^l_j = \sigma\left(\sum_k w^l_{jk} a^{l-1}_k + b^l_j\right)$$ for $l = 1, \dots, M$ and
$$C = \frac12 \sum_j (a^M_j - y_j)^2$$""",
        lambda a0, w, b, y: ((layers(a0, w, b)[-1] - y) ** 2).sum() / 2,
        {"a0": (H,), "w": (N, H, H), "b": (N, H), "y": (H,)},
    ),
    "depth of numbers": (
        r"""$$a^l = \sigma(w^l a^{l-1} + b^l)$$ for $l = 1, \dots, M$ and $$C = \frac12 (a^M - y)^2$$""",
        lambda a0, w, b, y: (scalar_depth(a0, w, b) - y) ** 2 / 2,
        {"a0": (), "w": (N,), "b": (N,), "y": ()},
    ),
    "weights of a layer that are numbered below": (
        r"""For $l = 1, \dots, L$ and $h^{(0)} = x$,
$$h^{(l)} = h^{(l-1)} + W_2^{(l)} \mathrm{ReLU}(W_1^{(l)} h^{(l-1)} + b_1^{(l)}), \quad \hat y = w^\top h^{(L)}$$
with $W_1^{(l)} \in \mathbb{R}^{m \times d}$, $W_2^{(l)} \in \mathbb{R}^{d \times m}$ and $$J = (\hat y - y)^2.$$""",
        marked_layers,
        {"x": (H,), **MARKED, "w": (H,), "y": ()},
    ),
    "weights of a layer with marks below": (
        r"""For $l = 1, \dots, L$ and $\mathbf{h}^{(0)} = \mathbf{x}$,
$$\mathbf{h}^{(l)} = \tanh(\mathbf{W}_Q^{(l)} \mathbf{h}^{(l-1)} + \mathbf{W}_{\text{in}}^{(l)} \mathbf{u})$$
with $\mathbf{W}_Q^{(l)} \in \mathbb{R}^{d \times d}$ and $$J = \|\mathbf{h}^{(L)}\|^2.$$""",
        lambda x, W_Q, W_in, u: (last(lambda h, q, i: np.tanh(q @ h + i @ u), x, W_Q, W_in) ** 2).sum(),
        {"x": (H,), "W_Q": (N, H, H), "W_in": (N, H, D), "u": (D,)},
    ),
    "entries of examples that are numbered below": (
        r"""$$J = \frac1N \sum_{i=1}^N (w_1 x_1^{(i)} + w_2 x_2^{(i)} - y^{(i)})^2$$ $x^{(i)} \in \mathbb{R}^2$""",
        lambda x, w1, w2, y: ((w1 * x[:, 0] + w2 * x[:, 1] - y) ** 2).mean(),
        {"x": (N, 2), "w1": (), "w2": (), "y": (N,)},
    ),
    "one step, whose previous state is given": (
        r"""Given $x_t \in \mathbb{R}^D$ and $h_{t-1} \in \mathbb{R}^H$, one step of the cell is
$$\begin{aligned} z_t &= \sigma(W_z x_t + U_z h_{t-1}) \\
h_t &= (1 - z_t) \odot h_{t-1} + z_t \odot \tanh(U_h h_{t-1}) \end{aligned}$$
and the loss is $$L = \|h_t - y_t\|^2.$$""",
        one_step,
        {"x_t": (D,), "h_prev": (H,), "W_z": (H, D), "U_z": (H, H), "U_h": (H, H), "y_t": (H,)},
    ),
    "one step of two states that are declared together": (
        r"""Given $c_{t-1}, h_{t-1} \in \mathbb{R}^H$ and $x_t \in \mathbb{R}^D$,
$$c_t = c_{t-1} + \tanh(W x_t + U h_{t-1}), \quad h_t = \tanh(c_t), \quad L = \|h_t\|^2$$""",
        lambda c_prev, h_prev, x_t, W, U: (np.tanh(c_prev + np.tanh(W @ x_t + U @ h_prev)) ** 2).sum(),
        {"c_prev": (H,), "h_prev": (H,), "x_t": (D,), "W": (H, D), "U": (H, H)},
    ),
    "a residual net, in German": (
        r"""Sei $\mathbf{h}_0 = \mathbf{x}$ und
$$\mathbf{h}_l = \mathbf{h}_{l-1} + \tanh(\mathbf{W}_l \mathbf{h}_{l-1} + \mathbf{b}_l), \quad l = 1, \dots, M.$$
Der Verlust ist $$L = \|\mathbf{h}_M - \mathbf{y}\|^2.$$""",
        residual,
        {"x": (H,), "W": (N, H, H), "b": (N, H), "y": (H,)},
    ),
}  # fmt: skip


NOTES |= {
    "steps of descent as a recurrence, in German": (
        r"""Sei $x_0$ gegeben und $$x_k = x_{k-1} - \alpha A x_{k-1} + u_k, \quad k = 1, \dots, K,
\quad f = \frac12 x_K^\top x_K$$ mit $A \in \mathbb{R}^{n \times n}$.""",
        lambda x0, alpha, A, u: descent(x0, alpha, A, u),
        {"x0": (D,), "alpha": (), "A": (D, D), "u": (N, D)},
    ),
    "two states, one after the other": (
        r"""$$p_t = p_{t-1} + v_t, \quad v_t = v_{t-1} + a u_t, \quad L = (p_T - g)^2, \quad t = 1, \ldots, T$$""",
        lambda p0, v0, a, u, g: (p0 + N * v0 + a * sum((N - n) * u[n] for n in range(N)) - g) ** 2,
        {"p0": (), "v0": (), "a": (), "u": (N,), "g": ()},
    ),
}  # fmt: skip


def descent(x: Any, alpha: Any, A: Any, u: Any) -> Any:
    for noise in u:
        x = x - alpha * A @ x + noise
    return x @ x / 2


def scalar_depth(a: Any, w: Any, b: Any) -> Any:
    for weight, bias in zip(w, b, strict=True):
        a = sigmoid(weight * a + bias)
    return a


@pytest.mark.parametrize("name", NOTES)
def test_a_recurrence_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)


QUESTIONS = rf"""$${RNN}, \quad t = 1, \dots, T,$$ $$\mathbf{{o}}_t = \mathbf{{V}} \mathbf{{h}}_t, \quad {HALF}.$$
Show that $$\nabla_{{\mathbf{{h}}_t}} \mathcal{{L}} =
\mathbf{{W}}^\top (\nabla_{{\mathbf{{h}}_{{t+1}}}} \mathcal{{L}} \odot
(1 - \mathbf{{h}}_{{t+1}}^{{2}})) + \mathbf{{V}}^\top (\mathbf{{o}}_t - \mathbf{{y}}_t).$$
Compute the gradient of $\mathcal{{L}}$ with respect to $\mathbf{{W}}$.
What is $\nabla_{{\mathbf{{x}}_t}} \mathcal{{L}}$?
"""


def test_questions_about_members_are_parts(tmp_path: Path) -> None:
    note = loaded(tmp_path, QUESTIONS)
    assert [(part.kind, part.targets, len(part.claims)) for part in note.parts] == [
        ("show", (), 1),
        ("gradients", ("x",), 0),
        ("gradients", ("W",), 0),
    ]
    assert not note.solve().failed


def test_the_letter_of_layers_is_written_as_the_note_does(tmp_path: Path) -> None:
    note = loaded(
        tmp_path,
        NOTES["depth in brackets, L layers"][0] + r" Find $\frac{\partial \mathcal{L}}{\partial \mathbf{W}^{[l]}}$.",
    )
    assert note.letter_forms == {"l": "^{[l]}"}
    assert note.symbols[note.loss].latex == r"\mathcal{L}"
    assert [part.targets for part in note.parts] == [("W",)]


STEP = r"""Given $x_t \in \mathbb{R}^D$ and $h_{t-1} \in \mathbb{R}^H$: $$h_t = \tanh(W x_t + U h_{t-1} + b)$$
The gradient $\partial L / \partial h_t$ is given. Derive $\partial L/\partial h_{t-1}$ and $\partial L/\partial U$."""


def test_one_step_alone_is_no_recurrence(tmp_path: Path) -> None:
    note = loaded(tmp_path, STEP)
    assert [(s.name, s.shape, s.latex, s.role) for s in note.symbols.values() if s.name in ("h_prev", "h_t")] == [
        ("h_prev", ("H",), r"\mathbf{h}_{t-1}", "input"),
        ("h_t", ("H",), r"\mathbf{h}_t", "node"),
    ]
    assert [part.targets for part in note.parts] == [("h_prev", "U")]
    right = r"\frac{\partial L}{\partial h_{t-1}} = U^\top ((1 - h_t^2) \odot \frac{\partial L}{\partial h_t})"
    assert bs.check(note, "h_prev", right).score == 1


def test_one_step_of_a_sequence_is_no_step_alone(tmp_path: Path) -> None:
    for more in ("The sequence has many inputs.", r"Here $t = 1, \dots, T$.", "$h_0 = 0$.", r"Then $\sum_t x_t$."):
        try:
            read = loaded(tmp_path, f"{STEP} {more}")
        except BacksymError:
            continue
        assert "h_prev" not in read.symbols


@pytest.mark.parametrize(
    "words",
    ["$h_0$ is trainable, too.", "The initial state is a parameter.", "Der Anfangszustand $h_0$ wird mittrainiert."],
)
def test_a_start_that_is_learned_is_a_parameter(words: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$h_t = \tanh(w h_{t-1} + x_t), \quad L = \sum_{t=1}^T h_t^2$$ " + words)
    assert note.symbols["h0"].role == "parameter"


@pytest.mark.parametrize(
    "words",
    [
        "In the last lecture the initial state was zero.", "The loss at the initial state is zero.",
        "Der Anfangswert der Gewichte ist null.", "Unlike before, where the initial state was zero, $h_0$ is given.",
        "The initial state is zero for the encoder. The decoder starts from a given $h_0$.",
    ],
)  # fmt: skip
def test_a_zero_that_is_said_of_something_else_is_no_start(words: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$h_t = \tanh(w h_{t-1} + x_t), \quad L = \sum_{t=1}^T h_t^2$$ " + words)
    assert note.symbols["h0"].role == "input"


def test_what_is_taken_by_custom_is_said(tmp_path: Path) -> None:
    remarks = loaded(tmp_path, NOTES["the last position by its capital alone"][0]).remarks
    assert remarks == ("by custom, line 1: t runs up to T", "by custom, line 1: h starts from h0, which is given")
    remarks = loaded(tmp_path, NOTES["depth in brackets, L layers"][0]).remarks
    assert remarks == ("by custom, line 1: a has one size for every l",)


NAMED = r"""$$\mathbf{z}^{(l)} = \mathbf{W}^{(l)} \mathbf{h}^{(l-1)}, \quad \mathbf{h}^{(l)} = \sigma(\mathbf{z}^{(l)}),
\quad l = 1, \dots, L, \quad \mathcal{L} = \|\mathbf{h}^{(L)} - \mathbf{y}\|^2.$$
Show that $$\frac{\partial \mathcal{L}}{\partial \mathbf{W}^{(l)}} = \boldsymbol\delta^{(l)} (\mathbf{h}^{(l-1)})^\top$$
where $\boldsymbol\delta^{(l)} = \frac{\partial \mathcal{L}}{\partial \mathbf{z}^{(l)}}$."""


def test_a_name_for_a_derivative_within_the_text_is_put_in(tmp_path: Path) -> None:
    note = loaded(tmp_path, NAMED)
    assert [(part.kind, len(part.claims)) for part in note.parts] == [("show", 1)]
    assert not note.solve().failed


@pytest.mark.parametrize("name", ["a start of zeros, within the text", "two steps back", "an LSTM", "depth of numbers"])
def test_the_problem_file_of_a_note_means_the_same(name: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, NOTES[name][0])
    again = problem_of_text(problem_file(note, "note.md"))
    assert [str(result) for result in note.solve()] == [str(result) for result in solve(again)]

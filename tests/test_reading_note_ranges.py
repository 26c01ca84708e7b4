r"""Notes whose letters begin at 0, whose recurrences are written ahead, and whose sums run over sets, against NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import D, H, K, N, Truth, loaded, rnn, same_as, sigmoid, softmax

from backsym.api.problem_file import problem_file
from backsym.core.errors import InputError
from backsym.reading.files.loader import problem_of_text

S: tuple[int, ...] = ()


def states(w: Any, u: Any, x: Any, h: Any) -> Any:
    for value in x:
        h = np.tanh(w * h + u * value)
    return h


def states_with(w: Any, u: Any, b: Any, x: Any) -> Any:
    h = 0
    for value in x:
        h = np.tanh(w * h + u * value + b)
    return h


NOTES: dict[str, tuple[str, Truth, dict[str, tuple[int, ...]]]] = {
    "a bias that is folded in": (
        r"$$y = \sum_{i=0}^{D} w_i x_i$$ where $x_0 = 1$, and $$E = \frac{1}{2}(y - t)^2.$$",
        lambda w, x, t: (w[0] + w[1:] @ x - t) ** 2 / 2, {"w": (D + 1,), "x": (D,), "t": S},
    ),
    "a bias that is folded in, of examples": (
        r"Let $x_0 = 1$. $$y_n = \sum_{d=0}^{D} w_d x_{nd}, \quad E = \frac{1}{2} \sum_{n=1}^N (y_n - t_n)^2$$",
        lambda w, x, t: ((w[0] + x @ w[1:] - t) ** 2).sum() / 2, {"w": (D + 1,), "x": (N, D), "t": (N,)},
    ),
    "a bias that is folded in, of examples told above": (
        r"$$h(x^{(i)}) = \sum_{j=0}^n \theta_j x_j^{(i)}, \quad J = \sum_{i=1}^m (h(x^{(i)}) - y^{(i)})^2$$ where"
        r" $x_0^{(i)} = 1$ for all $i$.",
        lambda theta, x, y: ((theta[0] + x @ theta[1:] - y) ** 2).sum(), {"theta": (D + 1,), "x": (N, D), "y": (N,)},
    ),
    "a recurrence from 2 on": (
        r"$$h_1 = \tanh(u x_1 + b), \quad h_t = \tanh(w h_{t-1} + u x_t + b), \quad t = 2, \dots, T$$"
        r"$$L = \frac12 (h_T - y)^2$$",
        lambda u, x, b, w, y: (states_with(w, u, b, x) - y) ** 2 / 2, {"u": S, "x": (N,), "b": S, "w": S, "y": S},
    ),
    "a function without its parameters": (
        r"$h_\theta(x) = g(\theta^T x)$ with $$g(z) = \frac{1}{1 + e^{-z}}, J = \sum_i (h(x^{(i)}) - y^{(i)})^2$$",
        lambda theta, x, y: ((sigmoid(x @ theta) - y) ** 2).sum(), {"theta": (D,), "x": (N, D), "y": (N,)},
    ),
    "a function with parameters where it is applied": (
        r"$$h(x) = w x, \quad J = \sum_{i=1}^m (h_w(x_i) - y_i)^2$$",
        lambda w, x, y: ((w * x - y) ** 2).sum(), {"w": S, "x": (N,), "y": (N,)},
    ),
    "a range behind a word, without a comma": (
        r"$$z_k = w_k x + b \text{ for } k = 1, \dots, K \qquad L = \sum_{k=1}^K (z_k - t)^2$$",
        lambda w, x, b, t: ((w * x + b - t) ** 2).sum(), {"w": (K,), "x": S, "b": S, "t": S},
    ),
    "a declaration in a column of its own": (
        "\\begin{align} z &= W x + b, & W &\\in \\mathbb{R}^{h \\times d} \\\\ L &= \\|z - t\\|^2 \\end{align}"
        r" where $x \in \mathbb{R}^d$.",
        lambda W, x, b, t: ((W @ x + b - t) ** 2).sum(), {"W": (H, D), "x": (D,), "b": (H,), "t": (H,)},
    ),
    "up to terms without something": (
        r"The score of $\mu_i = w x_i$ is, up to terms without $w$, $$L = \sum_{i=1}^n (y_i - \mu_i)^2.$$",
        lambda w, x, y: ((y - w * x) ** 2).sum(), {"w": S, "x": (N,), "y": (N,)},
    ),
    "the penalty leaves the bias out": (
        r"$$y = \sum_{i=0}^{D} w_i x_i, \quad E = (y - t)^2 + \lambda \sum_{i=1}^D w_i^2$$",
        lambda w, x, t, **o: (w @ x - t) ** 2 + o["lambda"] * (w[1:] ** 2).sum(),
        {"w": (D + 1,), "x": (D + 1,), "t": S, "lambda": S},
    ),
    "layers with biases folded in": (
        r"$$a_j = \sum_{i=0}^{D} w_{ji}^{(1)} x_i, \quad z_j = h(a_j), \quad y_k = \sum_{j=1}^M w_{kj}^{(2)} z_j$$"
        r" where $h(a) = \tanh(a)$ and $x_0 = 1$. $$E = \frac{1}{2}\sum_{k=1}^K (y_k - t_k)^2$$",
        lambda w1, x, w2, t: ((w2 @ np.tanh(w1[:, 0] + w1[:, 1:] @ x) - t) ** 2).sum() / 2,
        {"w1": (H, D + 1), "x": (D,), "w2": (K, H), "t": (K,)},
    ),
    "a computed unit that is 1": (
        r"$$z_j = \tanh(\sum_{i=0}^D w_{ji} x_i), \quad y = \sum_{j=0}^M v_j z_j, \quad E = (y-t)^2$$ with $z_0=1$.",
        lambda w, x, v0, v, t: (v0 + v @ np.tanh(w @ x) - t) ** 2,
        {"w": (H, D + 1), "x": (D + 1,), "v0": S, "v": (H,), "t": S},
    ),
    "computed units that are 1, within a function": (
        r"""$$a_j = \sum_{i=0}^{M} \alpha_{ji} x_i, \quad z_j = \sigma(a_j), \quad
        y_k = \sigma\left(\sum_{j=0}^{D} \beta_{kj} z_j\right)$$
        $$J = \sum_{k=1}^K (y_k - t_k)^2$$ where $x_0 = 1$ and $z_0 = 1$ are the biases.""",
        lambda alpha, x, b, beta, t: ((sigmoid(b + beta @ sigmoid(alpha[:, 0] + alpha[:, 1:] @ x)) - t) ** 2).sum(),
        {"alpha": (H, D + 1), "x": (D,), "b": (K,), "beta": (K, H), "t": (K,)},
    ),
    "a computed unit that is 1, and its square": (
        r"$$z_j = \tanh(w_j x), \quad y = u + \sum_{j=0}^M v_j z_j^2, \quad E = (y-t)^2$$ with $z_0=1$.",
        lambda w, x, u, v0, v, t: (u + v0 + v @ np.tanh(w * x) ** 2 - t) ** 2,
        {"w": (H,), "x": S, "u": S, "v0": S, "v": (H,), "t": S},
    ),
    "positions up to N - 1": (
        r"$$y_k = \sum_{n=0}^{N-1} a_{kn} x_n, \quad k = 0, \dots, N-1, \quad L = \sum_{k=0}^{N-1} y_k^2$$",
        lambda a, x: ((a @ x) ** 2).sum(), {"a": (N, N), "x": (N,)},
    ),
    "weights of a bias at the position 0": (
        r"$$y_k = \sum_{j=1}^{M} w_{kj}^{(2)} h\left(\sum_{i=1}^{D} w_{ji}^{(1)} x_i + w_{j0}^{(1)}\right) + "
        r"w_{k0}^{(2)}$$ with $h(a) = \tanh(a)$ and $$E = \frac{1}{2} \sum_{k=1}^{K} (y_k - t_k)^2.$$",
        lambda w2, w1, x, b1, b2, t: ((w2 @ np.tanh(w1 @ x + b1) + b2 - t) ** 2).sum() / 2,
        {"w2": (K, H), "w1": (H, D), "x": (D,), "b1": (H,), "b2": (K,), "t": (K,)},
    ),
    "a scalar at the position 0 stays one": (
        r"$$y = w_0 + \sum_{i=1}^{D} w_i x_i, \quad E = (y - t)^2$$",
        lambda w0, w, x, t: (w0 + w @ x - t) ** 2, {"w0": S, "w": (D,), "x": (D,), "t": S},
    ),
    "a range with its second position": (
        r"$$z_k = w_k x, \quad k = 1, 2, \ldots, K, \quad L = \sum_{k=1}^K (z_k - t_k)^2$$",
        lambda w, x, t: ((w * x - t) ** 2).sum(), {"w": (K,), "x": S, "t": (K,)},
    ),
    "a range whose positions are all listed": (
        r"$$z_k = w_k x, \quad k = 1, 2, 3, \quad L = \sum_k (z_k - t_k)^2$$",
        lambda w, x, t: ((w * x - t) ** 2).sum(), {"w": (3,), "x": S, "t": (3,)},
    ),
    "a listed range in the text": (
        r"For $i \in \{1, 2\}$ let $$h_i = \tanh(W x_i)$$ with $W \in \mathbb{R}^{m \times d}$ and"
        r" $x_1, x_2 \in \mathbb{R}^d$. $$L = \|h_1 - h_2\|^2$$",
        lambda W, x: ((np.tanh(W @ x[0]) - np.tanh(W @ x[1])) ** 2).sum(), {"W": (H, D), "x": (2, D)},
    ),
    "a recurrence that is written ahead": (
        r"$$h_{t+1} = \tanh(w h_t + u x_{t+1}), \quad t = 0, \dots, T-1, \quad L = (h_T - y)^2$$",
        lambda w, u, x, h0, y: (states(w, u, x, h0) - y) ** 2, {"w": S, "u": S, "x": (N,), "h0": S, "y": S},
    ),
    "ahead, from a start of zeros": (
        r"With $\mathbf{h}_0 = \mathbf{0}$, $$\mathbf{h}_{t+1} = \tanh(\mathbf{W}\mathbf{h}_t + "
        r"\mathbf{U}\mathbf{x}_{t+1})$$ and $$\mathcal{L} = \sum_{t=1}^T \|\mathbf{h}_t - \mathbf{y}_t\|^2.$$",
        lambda W, U, x, y: sum(((h - t) ** 2).sum() for h, t in zip(rnn(np.zeros(H), x, W, U), y, strict=True)),
        {"W": (H, H), "U": (H, D), "x": (N, D), "y": (N, H)},
    ),
    "a sum over a vocabulary": (
        r"$$\hat{\mathbf{y}} = \mathrm{softmax}(\mathbf{z}), \quad L = -\sum_{w \in V} y_w \log \hat{y}_w$$",
        lambda y, z: -(y * np.log(softmax(z))).sum(), {"y": (K,), "z": (K,)},
    ),
    "sums over sets of positions": (
        r"$$L = \sum_{k \in \{1, \dots, K\}} w x_k + \sum_{j \in [K]} x_j^2$$",
        lambda w, x: w * x.sum() + (x**2).sum(), {"w": S, "x": (K,)},
    ),
    "members in a claim": (
        r"$$\mathrm{NLL}(\mathbf{w}) = -\sum_{i=1}^N \left[ y_i \log \mu_i + (1-y_i) \log (1-\mu_i) \right]$$ where"
        r" $\mu_i = \sigma(\mathbf{w}^T \mathbf{x}_i)$. Show that the gradient is"
        r" $$\frac{d}{d\mathbf{w}} \mathrm{NLL}(\mathbf{w}) = \sum_i (\mu_i - y_i) \mathbf{x}_i.$$",
        lambda y, w, x: -(y * np.log(sigmoid(x @ w)) + (1 - y) * np.log(1 - sigmoid(x @ w))).sum(),
        {"y": (N,), "w": (D,), "x": (N, D)},
    ),
    "a determinant of members": (
        r"$$L = \sum_{n=1}^N \log\det \mathbf{A}_n$$",
        lambda A: sum(np.log((a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]) ** 2) for a in A) / 2, {"A": (N, 2, 2)},
    ),
    "a matrix before what brackets stack": (
        r"$$h = \tanh(W [a; x] + b), \quad L = \|h\|^2$$ with $a, h \in \mathbb{R}^n$ and $x \in \mathbb{R}^m$.",
        lambda W, a, x, b: (np.tanh(W @ np.concatenate([a, x]) + b) ** 2).sum(),
        {"W": (H, H + D), "a": (H,), "x": (D,), "b": (H,)},
    ),
    "a declaration in words": (
        r"$$L = \sum_{n=1}^N \|\mathbf{A} \mathbf{x}_n\|^2 \text{ with } \mathbf{A} \in \mathbb{R}^{D \times D}$$",
        lambda A, x: ((x @ A.T) ** 2).sum(), {"A": (D, D), "x": (N, D)},
    ),
    "a sum of letters of which one begins at 0": (
        r"$$y_i = \sum_{k=0}^{K-1} w_k x_{i+k}, \quad L = \sum_{i=1}^{M} (y_i - t_i)^2$$",
        lambda w, x, t: ((np.convolve(x, w[::-1], "valid")[: len(t)] - t) ** 2).sum(),
        {"w": (2,), "x": (4,), "t": (3,)},
    ),
    "a sum of letters that all begin at 0": (
        r"$$y_i = \sum_{k=0}^{K-1} w_k x_{i+k}, \quad i = 0, \dots, M-1, \quad L = \sum_{i=0}^{M-1} (y_i - t_i)^2$$",
        lambda w, x, t: ((np.convolve(x, w[::-1], "valid")[: len(t)] - t) ** 2).sum(),
        {"w": (2,), "x": (4,), "t": (3,)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)


REFUSED = {
    "listed positions with one left out": r"$$z_k = w_k x, \quad k = 1, 2, 4$$ $$L = \sum_k z_k^2$$",
    "a computed unit that has no equation": (
        r"$$z_j = \tanh(\sum_{i=0}^D w_{ji} x_i), \quad y = \sum_{j=0}^M v_j z_j, \quad E = (y-t)^2$$"
    ),
    "what is subtracted has no first term": (
        r"$$z_j = \tanh(w_j x), \quad y = -\sum_{j=0}^M v_j z_j, \quad E = (y-t)^2$$ with $z_0=1$."
    ),
    "a first member that no start makes": (
        r"$$h_1 = \tanh(v x_1), \quad h_t = \tanh(w h_{t-1} + u x_t), \quad t = 2, \dots, T, \quad L = h_T^2$$"
    ),
    "a first member within a function": (
        r"$$h_1 = u x_1, \quad h_t = w \cosh(h_{t-1}) + u x_t, \quad t = 2, \dots, T, \quad L = h_T^2$$"
    ),
    "a letter that is a number": r"$$y = \sum_{j=0}^M w_j x^j, \quad E = (y - t)^2$$",
    "two sets": r"$$L = \sum_{i \in S} w x_i + \sum_{i \in R} u x_i$$",
    "part of an axis": r"$x \in \mathbb{R}^N$. $$L = \sum_{i \in S} w x_i$$",
    "the neighbours of something": r"$$L = \sum_{j \in \mathcal{N}(i)} w x_j$$",
    "neighbours by a mark": r"$$L = \sum_{j \in \mathcal{N}_i} w x_j$$",
    "ahead, with a start at 1": r"$$h_{t+1} = w h_t, \quad t = 1, \dots, T, \quad L = h_{T+1}$$ with $h_1 = x$.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_clear_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        loaded(tmp_path, REFUSED[name])


def test_a_stated_one_is_filled_in_and_said(tmp_path: Path) -> None:
    text = r"Let $x_0 = 1$. $$a = \sum_{i=0}^{D} w_i x_i, \quad L = \frac{1}{2} (a - t)^2$$"
    claim = "Show that $$\\frac{\\partial L}{\\partial w_i} = (a - t) x_i.$$"
    said = "x_0 = 1 is filled in: given are the entries of x from 1 on, and xtilde has the 1 before them"
    note = loaded(tmp_path, f"{text}\n\n{claim}")
    assert f"by custom, line 1: {said}" in note.remarks
    solution = note.solve()
    assert not solution.failed
    assert len(note.parts) == 1
    written = problem_of_text(problem_file(note, "note.md"))
    assert {s.name: s.shape for s in written.symbols.values()} == {s.name: s.shape for s in note.symbols.values()}

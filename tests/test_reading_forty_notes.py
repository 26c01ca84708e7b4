r"""Forty lecture notes in the habits of courses, each against a NumPy function: nine of ten are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded, same_as, sigmoid, softmax

from backsym.core.errors import InputError

pytestmark = pytest.mark.quick("core")

D, H, K, N, S = 3, 4, 2, 5, ()
relu = lambda z: np.where(np.real(z) > 0, z, 0)  # noqa: E731
Note = tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]

NOTES: dict[str, Note] = {
    "linear regression over examples": (
        r"The data are $\mathbf{x}_n \in \mathbb{R}^D$ with targets $t_n$. \[ E(\mathbf{w}) = \frac12 \sum_{n=1}^N"
        r" \left( \mathbf{w}^{\rm T} \mathbf{x}_n - t_n \right)^2 \]",
        lambda x, w, t: ((x @ w - t) ** 2).sum() / 2, {"x": (N, D), "w": (D,), "t": (N,)},
    ),
    "ridge": (
        r"$$J = \frac{1}{N} \sum_{i=1}^N (\mathbf{w}^\top \mathbf{x}_i + b - y_i)^2 + \lambda \|\mathbf{w}\|^2$$",
        lambda x, w, b, y, **o: ((x @ w + b - y) ** 2).mean() + o["lambda"] * (w**2).sum(),
        {"x": (N, D), "w": (D,), "b": S, "y": (N,), "lambda": S},
    ),
    "logistic regression": (
        r"\begin{align} z_n &= \mathbf{w}^\top \mathbf{x}_n + b \\ y_n &= \sigma(z_n) \\ \mathcal{L} &= -\sum_{n=1}^N"
        r" \bigl[ t_n \log y_n + (1 - t_n) \log (1 - y_n) \bigr] \end{align}",
        lambda x, w, b, t: -(t * np.log(sigmoid(x @ w + b)) + (1 - t) * np.log(1 - sigmoid(x @ w + b))).sum(),
        {"x": (N, D), "w": (D,), "b": S, "t": (N,)},
    ),
    "softmax regression": (
        r"$$\mathbf{z}_n = \mathbf{W} \mathbf{x}_n + \mathbf{b}, \quad \mathbf{y}_n = \mathrm{softmax}(\mathbf{z}_n)$$"
        r"$$\mathcal{L} = -\frac{1}{N} \sum_{n=1}^N \mathbf{t}_n^\top \log \mathbf{y}_n$$",
        lambda x, W, b, t: -(t * np.log(softmax(x @ W.T + b))).sum() / N,
        {"x": (N, D), "W": (K, D), "b": (K,), "t": (N, K)},
    ),
    "squared norms of members": (
        r"$$L = \frac{1}{2} \sum_{n=1}^N \| \mathbf{W} \mathbf{x}_n - \mathbf{t}_n \|^2$$",
        lambda x, W, t: ((x @ W.T - t) ** 2).sum() / 2, {"x": (N, D), "W": (K, D), "t": (N, K)},
    ),
    "members above": (
        r"$$\mathbf{h}^{(i)} = \tanh(\mathbf{W} \mathbf{x}^{(i)}), \quad J = \frac{1}{m} \sum_{i=1}^m"
        r" (\mathbf{v}^\top \mathbf{h}^{(i)} - y^{(i)})^2$$",
        lambda x, W, v, y: ((np.tanh(x @ W.T) @ v - y) ** 2).mean(), {"x": (N, D), "W": (H, D), "v": (H,), "y": (N,)},
    ),
    "members in brackets": (
        r"$$J = \frac{1}{2} \sum_{i=1}^{m} (w x^{[i]} + b - y^{[i]})^2$$",
        lambda w, x, b, y: ((w * x + b - y) ** 2).sum() / 2, {"w": S, "x": (N,), "b": S, "y": (N,)},
    ),
    "losses of examples": (
        r"$$\ell_n = (w x_n - t_n)^2, \qquad L = \frac{1}{N} \sum_{n=1}^N \ell_n$$",
        lambda w, x, t: ((w * x - t) ** 2).mean(), {"w": S, "x": (N,), "t": (N,)},
    ),
    "total of one letter": (
        r"$$E^{(n)} = \frac12 (y^{(n)} - t^{(n)})^2, \quad y^{(n)} = \tanh(w x^{(n)})$$"
        r"$$E = \sum_{n=1}^N E^{(n)}$$",
        lambda w, x, t: ((np.tanh(w * x) - t) ** 2).sum() / 2, {"w": S, "x": (N,), "t": (N,)},
    ),
    "total of vectors": (
        r"$$\mathcal{L}_n = \frac12 \|\mathbf{y}_n - \mathbf{t}_n\|^2, \quad \mathbf{y}_n = \mathbf{W} \mathbf{x}_n$$"
        r" The cost is $$\mathcal{L} = \sum_{n=1}^N \mathcal{L}_n.$$",
        lambda x, W, t: ((x @ W.T - t) ** 2).sum() / 2, {"x": (N, D), "W": (K, D), "t": (N, K)},
    ),
    "kernel": (
        r"$$L = \sum_{i=1}^N \sum_{j=1}^N a_i a_j \mathbf{x}_i^\top \mathbf{x}_j$$",
        lambda x, a: a @ (x @ x.T) @ a, {"x": (N, D), "a": (N,)},
    ),
    "quadratic form of members": (
        r"$$L = \sum_{n=1}^N \mathbf{x}_n^\top \mathbf{A} \mathbf{x}_n$$",
        lambda x, A: ((x @ A) * x).sum(), {"x": (N, D), "A": (D, D)},
    ),
    "attention pooling": (
        r"$$s_n = \mathbf{q}^\top \mathbf{k}_n, \quad \mathbf{c} = \sum_{n=1}^N s_n \mathbf{v}_n, \quad"
        r" L = \|\mathbf{c}\|^2$$",
        lambda q, k, v: (((k @ q) @ v) ** 2).sum(), {"q": (D,), "k": (N, D), "v": (N, K)},
    ),
    "perceptron, indices of any letter": (
        r"$$z_h = \sum_d V_{hd} x_d, \quad a_h = \tanh z_h, \quad y = \sum_h u_h a_h, \quad L = (y - t)^2$$",
        lambda V, x, u, t: (u @ np.tanh(V @ x) - t) ** 2, {"V": (H, D), "x": (D,), "u": (H,), "t": S},
    ),
    "Bishop": (
        r"$$a_j = \sum_{i=1}^D w_{ji}^{(1)} x_i + w_{j}^{(0)}, \quad z_j = h(a_j), \quad"
        r" E = \frac12 \sum_{j=1}^M (z_j - t_j)^2$$".replace("h(", r"\tanh("),
        lambda w1, x, w0, t: ((np.tanh(w1 @ x + w0) - t) ** 2).sum() / 2,
        {"w1": (K, D), "x": (D,), "w0": (K,), "t": (K,)},
    ),
    "chain over rows": (
        "\\begin{align*}\nL &= \\frac12 (y - t)^2 \\\\\n  &= \\frac12 y^2 - y t + \\frac12 t^2 \\\\\n"
        "y &= \\sigma(w x)\n"
        "\\end{align*}",
        lambda w, x, t: (sigmoid(w * x) - t) ** 2 / 2, {"w": S, "x": S, "t": S},
    ),
    "chain with numbers": (
        r"$$z = w x + b, \quad y = \tanh(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}}, \quad L = (y - t)^2 = 0.25$$",
        lambda w, x, b, t: (np.tanh(w * x + b) - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "arguments": (
        r"$$f(\mathbf{x}) = \mathbf{W} \mathbf{x} + \mathbf{b}, \qquad L = \| f(\mathbf{x}) - \mathbf{t} \|^2$$ with"
        r" $\mathbf{W} \in \mathbb{R}^{K \times D}$, $\mathbf{b} \in \mathbb{R}^K$, $\mathbf{t} \in \mathbb{R}^K$.",
        lambda W, x, b, t: ((W @ x + b - t) ** 2).sum(), {"W": (K, D), "x": (D,), "b": (K,), "t": (K,)},
    ),
    "loss with arguments": (
        r"$$\hat{y} = w x + b, \qquad \mathcal{L}(y, \hat{y}) = (y - \hat{y})^2$$",
        lambda w, x, b, y: (y - w * x - b) ** 2, {"w": S, "x": S, "b": S, "y": S},
    ),
    "cost of parameters": (
        r"$$J(w, b) = \frac{1}{2 m} \sum_{i=1}^m (w x_i + b - y_i)^2$$",
        lambda w, x, b, y: ((w * x + b - y) ** 2).sum() / 2 / N, {"w": S, "x": (N,), "b": S, "y": (N,)},
    ),
    "definition signs": (
        r"$$z := w x, \quad a \triangleq \tanh(z), \quad L \equiv \frac12 (a - t)^2$$",
        lambda w, x, t: (np.tanh(w * x) - t) ** 2 / 2, {"w": S, "x": S, "t": S},
    ),
    "stacked definition sign": (
        r"$$z \stackrel{\text{def}}{=} w x, \quad L \overset{\mathrm{def}}{=} (z - t)^2$$",
        lambda w, x, t: (w * x - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "fonts": (
        r"$${\rm net} = \mathbf{w}^{\rm T} \mathbf{x} + b,\hspace{2em} {\rm out} = \textnormal{tanh}({\rm net}),"
        r"\qquad E = \tfrac{1}{2} (t - {\rm out})^2$$",
        lambda w, x, b, t: (t - np.tanh(w @ x + b)) ** 2 / 2, {"w": (D,), "x": (D,), "b": S, "t": S},
    ),
    "scripts inside fonts": (
        r"$$\mathbf{h_1} = \tanh(\mathbf{W_1} \mathbf{x}), \quad \mathbf{h_2} = \mathbf{W_2} \mathbf{h_1}, \quad"
        r" L = \|\mathbf{h_2} - \mathbf{t}\|_2^2$$",
        lambda W1, W2, x, t: ((W2 @ np.tanh(W1 @ x) - t) ** 2).sum(),
        {"W1": (H, D), "W2": (K, H), "x": (D,), "t": (K,)},
    ),
    "comments": (
        "% $$L = 5 w$$\n\\begin{comment}\n$$L = w^3$$\n\\end{comment}\n\\iffalse $$y = 3 w$$ \\fi\n"
        "See \\verb|$$y = w$$|.\n"
        "\\[ y = w x \\] % y = 2 w x\n\\[ L = (y - t)^2 \\]",
        lambda w, x, t: (w * x - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "definitions within the text": (
        r"$$L = (a - t)^2$$ where $a = \tanh(z)$ and $z = w x$, with $\eta = 0.1$.",
        lambda w, x, t: (np.tanh(w * x) - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "loss within the text": (
        r"$$\mathbf{y} = \mathbf{W} \mathbf{x}$$ We minimise $L = \|\mathbf{y} - \mathbf{t}\|^2$.",
        lambda W, x, t: ((W @ x - t) ** 2).sum(), {"W": (K, D), "x": (D,), "t": (K,)},
    ),
    "words between equations": (
        r"$$z = w x \text{ and } y = \sigma(z) \text{ where } L = (y - t)^2$$",
        lambda w, x, t: (sigmoid(w * x) - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "delta": (
        r"$$z_k = \sum_j w_{kj} x_j, \quad E = \frac12 \sum_k (z_k - t_k)^2, "
        r"\quad \delta_k = \frac{\partial E}{\partial z_k}$$"
        "\n\nShow that $$\\frac{\\partial E}{\\partial w_{kj}} = \\delta_k x_j.$$",
        lambda w, x, t: ((w @ x - t) ** 2).sum() / 2, {"w": (K, D), "x": (D,), "t": (K,)},
    ),
    "update": (
        r"$$y = w x, \quad L = (y - t)^2$$ $$w \leftarrow w - \eta \frac{\partial L}{\partial w}$$",
        lambda w, x, t: (w * x - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "what is not needed": (
        r"$$y = w x, \quad L = (y - t)^2$$ In the limit $$\eta = \varprojlim \frac{a}{b}$$ nothing changes.",
        lambda w, x, t: (w * x - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "underbraces": (
        r"$$L = \underbrace{(w x - t)^2}_{\text{fit}} + \underbrace{\lambda w^2}_{\text{penalty}}$$",
        lambda w, x, t, **o: (w * x - t) ** 2 + o["lambda"] * w**2, {"w": S, "x": S, "t": S, "lambda": S},
    ),
    "layers in brackets, light arrays": (
        r"$$z^{[1]} = W^{[1]} x + b^{[1]}, \quad a^{[1]} = \tanh(z^{[1]}), \quad L = \| a^{[1]} - y \|^2$$ with"
        r" $W^{[1]} \in \mathbb{R}^{H \times D}$, $x \in \mathbb{R}^D$, $b^{[1]} \in \mathbb{R}^H$.",
        lambda W1, x, b1, y: ((np.tanh(W1 @ x + b1) - y) ** 2).sum(), {"W1": (H, D), "x": (D,), "b1": (H,), "y": (H,)},
    ),
    "layers and examples": (
        r"$$a^{[1](i)} = \tanh(W^{[1]} x^{(i)}), \quad J = \frac{1}{m} \sum_{i=1}^m \| a^{[1](i)} - y^{(i)} \|^2$$"
        r" where $x^{(i)} \in \mathbb{R}^{n}$, $W^{[1]} \in \mathbb{R}^{k \times n}$, $y^{(i)} \in \mathbb{R}^{k}$.",
        lambda W1, x, y: ((np.tanh(x @ W1.T) - y) ** 2).sum() / N, {"W1": (K, D), "x": (N, D), "y": (N, K)},
    ),
    "German": (
        "Sei $\\mathbf{x} \\in \\mathbb{R}^D$ die Eingabe.\n$$\\mathbf{y} = \\mathbf{W} \\mathbf{x}, \\quad"
        " L = \\frac12 \\|\\mathbf{y} - \\mathbf{t}\\|^2$$\nBerechnen Sie die Ableitung von $L$ nach $\\mathbf{W}$.",
        lambda W, x, t: ((W @ x - t) ** 2).sum() / 2, {"W": (K, D), "x": (D,), "t": (K,)},
    ),
    "a function applied to others": (
        r"$$h(x) = \theta x, \quad J = \sum_{i=1}^m (h(x^{(i)}) - y^{(i)})^2$$",
        lambda theta, x, y: ((theta * x - y) ** 2).sum(), {"theta": S, "x": (N,), "y": (N,)},
    ),
    "a function applied to sums": (
        r"$$f(x) = w x^2 + b, \quad L = (f(a) - t)^2 + (f(a + 1) - s)^2$$",
        lambda w, a, b, t, s: (w * a**2 + b - t) ** 2 + (w * (a + 1) ** 2 + b - s) ** 2,
        {"w": S, "a": S, "b": S, "t": S, "s": S},
    ),
    "a function of examples": (
        r"$$f(x) = \sum_j w_j x_j, \quad L = \sum_{i=1}^N (f(x^{(i)}) - y_i)^2$$",
        lambda w, x, y: ((x @ w - y) ** 2).sum(), {"w": (D,), "x": (N, D), "y": (N,)},
    ),
    "relu and a hat": (
        r"$$\hat{y} = \mathbf{v}^\top \mathrm{ReLU}(\mathbf{W} \mathbf{x} + \mathbf{b}), "
        r"\quad \ell = (\hat{y} - y)^2$$",
        lambda v, W, x, b, y: (v @ relu(W @ x + b) - y) ** 2, {"v": (H,), "W": (H, D), "x": (D,), "b": (H,), "y": S},
    ),
}  # fmt: skip
REFUSED = {
    "power or member": r"$$y = \sum_{i=0}^{M} w_i x^i, \quad L = (y - t)^2$$",
    "a recursion that begins elsewhere": r"$$h_t = \tanh(w h_{t-1} + u x_t), \quad L = \sum_{t=0}^T (h_t - y_t)^2$$",
    "a function applied within itself": r"$$f(u) = u^2, \quad L = f(f(w) - t)$$",
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)


@pytest.mark.parametrize("name", REFUSED)
def test_a_note_that_may_mean_something_else_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        loaded(tmp_path, REFUSED[name])


def test_nine_of_ten_are_read() -> None:
    count = len(NOTES) + len(REFUSED)
    assert count >= 40
    assert 10 * len(NOTES) >= 9 * count

r"""Course notes that a newcomer tried, each kind with its neighbours, against NumPy: functions that the note defines,
sums that go on, features of data, light letters, models within the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import D, H, K, N, Truth, layers, loaded, same_as, sigmoid, softmax

from backsym.core.errors import InputError

S: tuple[int, ...] = ()


def norm2(z: Any) -> Any:
    return (z**2).sum()


def relu(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


def smoothed(alpha: Any, x: Any) -> Any:
    state, total = 0.0, 0.0
    for value in x:
        state = alpha * value + (1 - alpha) * state
        total = total + (state - value) ** 2
    return total


NIELSEN = r"$a^L = \sigma(z^L)$, where $z^l = w^l a^{l-1} + b^l$ and $a^l = \sigma(z^l)$. The cost is"
NOTES: dict[str, tuple[str, Truth, dict[str, tuple[int, ...]]]] = {
    "a function within a function, known by its values": (
        r"\begin{align*} \ell(\theta) &= \log L(\theta) \\ &= \sum_{i=1}^n y^{(i)} \log h(x^{(i)}) + (1 - y^{(i)}) \log"
        r" (1 - h(x^{(i)})) \end{align*} with $h(x) = g(\theta^T x)$, $g(z) = \frac{1}{1+e^{-z}}$, $x^{(i)} \in"
        r" \mathbb{R}^d$.",
        lambda theta, x, y: (y * np.log(sigmoid(x @ theta)) + (1 - y) * np.log(1 - sigmoid(x @ theta))).sum(),
        {"theta": (D,), "x": (N, D), "y": (N,)},
    ),
    "functions one within the other": (
        r"With $f(x) = x^2$ and $g(x) = \sin x$, $$h = f(g(w x)), \quad L = h$$",
        lambda w, x: np.sin(w * x) ** 2, {"w": S, "x": S},
    ),
    "a sum over two terms, with a factor": (
        r"$$L = -\frac{1}{N} \sum_{n=1}^N a_n \log p_n + (1 - a_n) \log(1 - p_n)$$",
        lambda a, p: -(a * np.log(p) + (1 - a) * np.log(1 - p)).mean(), {"a": (N,), "p": (N,)},
    ),
    "a sum that ends where its letter does": (
        r"$$L = \sum_{n=1}^N (w x_n - t_n)^2 + \lambda w^2$$",
        lambda w, x, t, **o: norm2(w * x - t) + o["lambda"] * w**2, {"w": S, "x": (N,), "t": (N,), "lambda": S},
    ),
    "the letter of a function is an equation": (
        r"$$h = g(w x), \quad L = (h - t)^2$$ with $g = \tanh$.",
        lambda w, x, t: (np.tanh(w * x) - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "a bold function in brackets": (
        r"$$\mathbf{h} = \mathbf{a}[\boldsymbol\beta + \boldsymbol\Omega \mathbf{x}], \quad \ell = \|\mathbf{h} -"
        r" \mathbf{y}\|^2$$ where $\mathbf{a}[\bullet]$ is the ReLU activation function.",
        lambda beta, Omega, x, y: norm2(relu(beta + Omega @ x) - y),
        {"beta": (H,), "Omega": (H, D), "x": (D,), "y": (H,)},
    ),
    "features of examples": (
        r"$$E(\mathbf{w}) = \frac{1}{2} \sum_{n=1}^{N} \{t_n - \mathbf{w}^{\mathrm{T}} \boldsymbol{\phi}(\mathbf{x}_n)"
        r"\}^2$$",
        lambda t, w, phi: norm2(t - phi @ w) / 2, {"t": (N,), "w": (D,), "phi": (N, D)},
    ),
    "basis functions": (
        r"$$y(\mathbf{x}, \mathbf{w}) = \sum_{j=0}^{M-1} w_j \phi_j(\mathbf{x}), \quad E = (y(\mathbf{x}, \mathbf{w})"
        r" - t)^2$$",
        lambda t, w, phi: (w @ phi - t) ** 2, {"t": S, "w": (D,), "phi": (D,)},
    ),
    "a label before parentheses": (
        r"$$L = \frac{1}{2} \|\mathbf{w}\|^2 - \sum_{n=1}^N a_n \left\{ t_n(\mathbf{w}^T \boldsymbol\phi(\mathbf{x}_n)"
        r" + b) - 1 \right\}$$",
        lambda w, a, t, phi, b: norm2(w) / 2 - (a * (t * (phi @ w + b) - 1)).sum(),
        {"w": (D,), "a": (N,), "t": (N,), "phi": (N, D), "b": S},
    ),
    "light letters, one with entries": (
        r"$h = \max(0, W_1 x + b_1)$, scores $s = W_2 h + b_2$. $$p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}, \qquad L ="
        r" -\sum_k y_k \log p_k$$",
        lambda W1, x, b1, W2, b2, y: -(y * np.log(softmax(W2 @ relu(W1 @ x + b1) + b2))).sum(),
        {"W1": (H, D), "x": (D,), "b1": (H,), "W2": (K, H), "b2": (K,), "y": (K,)},
    ),
    "layers within the text": (
        NIELSEN + r" $$C = \frac{1}{2} \sum_j (y_j - a^L_j)^2$$",
        lambda w, a0, b, y: norm2(layers(a0, w, b)[-1] - y) / 2,
        {"w": (N, H, H), "a0": (H,), "b": (N, H), "y": (H,)},
    ),
    "errors passed back": (
        NIELSEN + r" $$C = \frac{1}{2} \sum_j (y_j - a^L_j)^2$$ The error is $\delta^l_j \equiv \frac{\partial"
        r" C}{\partial z^l_j}$. Then $$\delta^l = ((w^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)$$",
        lambda w, a0, b, y: norm2(layers(a0, w, b)[-1] - y) / 2,
        {"w": (N, H, H), "a0": (H,), "b": (N, H), "y": (H,)},
    ),
    "a word within the text": (
        r"Die Ausgabe ist $o = \varphi(net)$ mit $net = \sum_{i=1}^n w_i x_i$ und $\varphi(z) = \frac{1}{1+e^{-z}}$."
        r" Fehler: $$E = \frac12 (t - o)^2.$$",
        lambda w, x, t: (t - sigmoid(w @ x)) ** 2 / 2, {"w": (D,), "x": (D,), "t": S},
    ),
    "a start within the text": (
        r"Let $s_t = \alpha x_t + (1-\alpha) s_{t-1}$ with $s_0 = 0$ and $$E = \sum_{t=1}^{T} (s_t - x_t)^2.$$",
        smoothed, {"alpha": S, "x": (N,)},
    ),
    "a sum within the text": (
        r"Let $\bar{\mathbf{v}} = \frac{1}{m} \sum_{i=1}^m \mathbf{v}_i$ and $$L = \|\mathbf{U}\bar{\mathbf{v}} -"
        r" \mathbf{y}\|^2.$$",
        lambda v, U, y: norm2(U @ v.mean(0) - y), {"v": (N, D), "U": (K, D), "y": (K,)},
    ),
    "only within the text": (
        r"Let $f(\mathbf{x}) = \frac12 \mathbf{x}^\top \mathbf{A} \mathbf{x} + \mathbf{b}^\top \mathbf{x}$. Compute"
        r" $\nabla f(\mathbf{x})$.",
        lambda x, A, b: x @ A @ x / 2 + b @ x, {"x": (D,), "A": (D, D), "b": (D,)},
    ),
    "signs as marks": (
        r"$$L = \max(0, \|\mathbf{x} - \mathbf{x}^+\|^2 - \|\mathbf{x} - \mathbf{x}^{-}\|^2 + m_+)$$",
        lambda x, x_plus, x_minus, m_plus: relu(norm2(x - x_plus) - norm2(x - x_minus) + m_plus),
        {"x": (D,), "x_plus": (D,), "x_minus": (D,), "m_plus": S},
    ),
    "one below the other": (
        r"$$\mathbf{f} = \sigma(\mathbf{W}_f [\mathbf{h}, \mathbf{x}] + \mathbf{b}_f), \quad L = \|\mathbf{f} -"
        r" \mathbf{t}\|^2$$ with $\mathbf{h} \in \mathbb{R}^H$, $\mathbf{x} \in \mathbb{R}^D$",
        lambda W_f, h, x, b_f, t: norm2(sigmoid(W_f @ np.concatenate([h, x]) + b_f) - t),
        {"W_f": (K, H + D), "h": (H,), "x": (D,), "b_f": (K,), "t": (K,)},
    ),
    "a layer and a transpose above": (
        r"$$f = w^{(2)\top} \mathrm{relu}(W^{(1)} x), \quad \ell = \frac12 (f - y)^2.$$",
        lambda w2, W1, x, y: (w2 @ relu(W1 @ x) - y) ** 2 / 2, {"w2": (H,), "W1": (H, D), "x": (D,), "y": S},
    ),
    "the largest entry": (
        r"$$p = \max_{i} x_i, \quad L = \frac12(w p - t)^2$$",
        lambda x, w, t: (w * x[np.argmax(np.real(x))] - t) ** 2 / 2, {"x": (N,), "w": S, "t": S},
    ),
    "a function of a bold letter": (
        r"$$G(\mathbf{w}) = \sum_n \left[ t^{(n)} \ln y(\mathbf{x}^{(n)}; \mathbf{w}) \right]$$ with"
        r" $y(\mathbf{x};\mathbf{w}) = \frac{1}{1+e^{-\mathbf{w}^\top\mathbf{x}}}$ and $$M = G(\mathbf{w}) + \alpha"
        r" \sum_i w_i^2$$",
        lambda w, x, t, alpha: (t * np.log(sigmoid(x @ w))).sum() + alpha * norm2(w),
        {"w": (D,), "x": (N, D), "t": (N,), "alpha": S},
    ),
    "words by the name e": (
        r"$$h^{(t)} = \tanh(W h^{(t-1)} + U e^{(t)}), \quad L = \|h^{(T)} - y\|^2$$ where $h^{(t)} \in"
        r" \mathbb{R}^{D}$, $e^{(t)} \in \mathbb{R}^d$, $t=1,\dots,T$.",
        lambda W, h0, U, e, y: norm2(_last(W, h0, U, e) - y),
        {"W": (H, H), "h0": (H,), "U": (H, D), "e": (N, D), "y": (H,)},
    ),
    "a function of an accented letter": (
        r"With $\tilde{\mathbf{x}} = \mathbf{G}\mathbf{z}$ and $D(\mathbf{x}) = \sigma(\mathbf{w}^\top \mathbf{x} +"
        r" b)$, $$V = \log D(\mathbf{x}) + \log(1 - D(\tilde{\mathbf{x}})).$$",
        lambda G, z, w, b, x: np.log(sigmoid(w @ x + b)) + np.log(1 - sigmoid(w @ (G @ z) + b)),
        {"G": (D, K), "z": (K,), "w": (D,), "b": S, "x": (D,)},
    ),
    "the square of what is used": (
        r"$$L = \frac{(w x - t)^2}{\sigma}$$ with $\sigma^2 = v^2 + \epsilon^2$.",
        lambda w, x, t, v, epsilon: (w * x - t) ** 2 / np.sqrt(v**2 + epsilon**2),
        {"w": S, "x": S, "t": S, "v": S, "epsilon": S},
    ),
    "a light letter that is a size, too": (
        r"Let $X \in \mathbb{R}^{N \times D}$, $W \in \mathbb{R}^{D \times H}$, $v \in \mathbb{R}^H$."
        r" $$H = \max(0, X W), \quad C = \|H v\|^2$$",
        lambda X, W, v: norm2(relu(X @ W) @ v), {"X": (N, D), "W": (D, H), "v": (H,)},
    ),
}  # fmt: skip


def _last(W: Any, h: Any, U: Any, e: Any) -> Any:
    for row in e:
        h = np.tanh(W @ h + U @ row)
    return h


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)


REFUSED = {
    "a size below a bar": r"With $x \in \mathbb{R}^H$, $$H = w^\top x, \quad L = \frac{1}{H} H^2$$",
    "weights before a vector": r"$$y = w x + b, \quad L = \|y - t\|^2$$ with $x \in \mathbb{R}^D$",
    "terms between": r"$$L = \sum_n a_n + c + b_n$$",
    "what has no superscript": r"$$y = x^-1 w, \quad L = (y - t)^2$$",
    "an entry of the argument": r"With $g(\mathbf{z}) = z_1^2$, $$L = g(\mathbf{x}) + g(\mathbf{y})$$",
    "a formula without an argument": r"$$L = (f(w x) - t)^2$$ where $f(\cdot) = 3\,\mathrm{ReLU}(\cdot)$.",
    "the identity": r"$$L = (g(w x) - t)^2$$ where $g$ is the identity.",
    "a function of itself": r"With $f(x) = x^2$, $$h = f(f(w x)), \quad L = h$$",
    "a function in a circle": r"With $f(x) = g(x)$ and $g(x) = f(x) + 1$, $$h = f(w) + g(2 w), \quad L = h$$",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_clear_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        loaded(tmp_path, REFUSED[name])


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (r"Compute the gradient of $$f(\mathbf{u}) = \|\mathbf{A} \mathbf{u}\|^2$$ w.r.t. $\mathbf{u}$.", ("u",)),
        (r"Let $$f(\mathbf{u}) = \|\mathbf{A} \mathbf{u}\|^2.$$ Compute $\nabla f(\mathbf{u})$.", ("u",)),
        (r"$$z^{[1]} = w^{[1]} x, L = (z^{[1]} - y)^2$$ Compute $dz^{[1]}$ and $dw^{[1]}$.", ("z1", "w1")),
    ],
)
def test_a_gradient_is_asked_for(question: str, names: tuple[str, ...], tmp_path: Path) -> None:
    assert [part.targets for part in loaded(tmp_path, question).parts] == [names]


def test_a_claim_about_errors_is_named(tmp_path: Path) -> None:
    text = (
        r"For $l = 1, 2, \dots, L$: $$\mathbf{a}^l = \sigma(\mathbf{W}^l \mathbf{a}^{l-1}), C = \|\mathbf{a}^L\|^2$$"
        r" Let $\boldsymbol\delta^l = \frac{\partial C}{\partial \mathbf{a}^l}$. Show that"
        r" $$\boldsymbol\delta^l = (\mathbf{W}^{l+1})^T \boldsymbol\delta^{l+1}.$$"
    )
    remarks = loaded(tmp_path, text).remarks
    assert r"passed over, line 1: what looks like a question: Show that $$\boldsymbol\delta^l =" in "".join(remarks)
    text = text.replace(
        r"$$\boldsymbol\delta^l = (", r"$$\frac{\partial C}{\partial \mathbf{z}^l} = \boldsymbol\delta^l ("
    )
    assert "passed over, line 1: what looks like a question: Show that" in "".join(loaded(tmp_path, text).remarks)

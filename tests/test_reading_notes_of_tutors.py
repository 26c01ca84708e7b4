r"""Notes as a tutor types them: light letters, everything within the text, recurrences whose vectors words declare.

Each is compared with a NumPy function by a complex step.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded, rnn, same_as, sigmoid, softmax

from backsym.core.errors import InputError

D, H, K, T, S = 3, 4, 2, 5, ()
Note = tuple[str, Callable[..., Any], dict[str, tuple[int, ...]], dict[str, Any]]


def gru(x: Any, y: Any, W_z: Any, U_z: Any, W_r: Any, U_r: Any, W: Any, U: Any) -> Any:
    h, loss = np.zeros(H), 0.0
    for row, target in zip(x, y, strict=True):
        z = sigmoid(W_z @ row + U_z @ h)
        r = sigmoid(W_r @ row + U_r @ h)
        h = (1 - z) * h + z * np.tanh(W @ row + U @ (r * h))
        loss = loss + ((h - target) ** 2).sum()
    return loss


def distance(states: list[Any], y: Any) -> Any:
    return sum(((h - target) ** 2).sum() for h, target in zip(states, y, strict=True))


def positive(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


NOTES: dict[str, Note] = {
    "softmax with a temperature": (
        r"""## Softmax with temperature
Logits $z \in \mathbb{R}^K$, temperature $T > 0$: $p_k = \frac{e^{z_k/T}}{\sum_{j} e^{z_j/T}}$.
For the true class $c$ the loss is $\ell = -\log p_c$.

Compute $\partial \ell / \partial z_k$ and $\partial \ell/\partial T$.
""",
        lambda z, T, c: -np.log(softmax(z / T)[c]),
        {"z": (K,), "T": S},
        {"c": 1},
    ),
    "dropout": (
        r"""Dropout: $\tilde a = m \odot a$, $a = \mathrm{relu}(W x + b)$, $y = V \tilde a$,
$L = -\sum_k t_k \log \mathrm{softmax}(y)_k$ where $m \in \{0,1\}^H$ is a fixed mask,
$W \in \mathbb{R}^{H \times D}$, $V \in \mathbb{R}^{K \times H}$.

Find the gradients of $L$ with respect to $W$, $b$ and $V$.
""",
        lambda m, W, V, x, b, t: -(t * np.log(softmax(V @ (m * positive(W @ x + b))))).sum(),
        {"m": (H,), "W": (H, D), "V": (K, H), "x": (D,), "b": (H,), "t": (K,)},
        {},
    ),
    "a quadratic form": (
        r"""Let $A\in\mathbb{R}^{n\times n}$ be symmetric, $b\in\mathbb{R}^n$, $x \in \mathbb{R}^n$
and $f(x)=\frac12 x^TAx-b^Tx$. Compute $\frac{\partial f}{\partial x}$.
""",
        lambda A, b, x: x @ A @ x / 2 - b @ x,
        {"A": (D, D), "b": (D,), "x": (D,)},
        {},
    ),
    "a gated recurrence": (
        r"""# GRU cell
$$z_t = \sigma(W_z x_t + U_z h_{t-1})$$
$$r_t = \sigma(W_r x_t + U_r h_{t-1})$$
$$\tilde h_t = \tanh(W x_t + U \cdot (r_t \odot h_{t-1}))$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t$$
for $t=1,\dots,T$, $h_0 = 0$, and loss $L = \sum_{t=1}^T \|h_t - y_t\|^2$,
where $x_t \in \mathbb{R}^D$ and $h_t \in \mathbb{R}^H$.

Derive $\frac{\partial L}{\partial U}$.
""",
        gru,
        {
            "x": (T, D),
            "y": (T, H),
            "W_z": (H, D),
            "U_z": (H, H),
            "W_r": (H, D),
            "U_r": (H, H),
            "W": (H, D),
            "U": (H, H),
        },
        {},
    ),
    "a recurrence from zero": (
        r"""$$h_t = \tanh(W x_t + U h_{t-1})$$
for $t=1,\dots,T$, $h_0 = 0$, and loss $L = \sum_{t=1}^T \|h_t - y_t\|^2$,
where $x_t \in \mathbb{R}^D$ and $h_t \in \mathbb{R}^H$.

Derive $\frac{\partial L}{\partial U}$.
""",
        lambda x, W, U, y: distance(rnn(np.zeros(H), x, U, W), y),
        {"x": (T, D), "W": (H, D), "U": (H, H), "y": (T, H)},
        {},
    ),
    "a bold recurrence from a plain zero": (
        r"""$$\mathbf{h}_t = \tanh(\mathbf{W} \mathbf{x}_t + \mathbf{U} \mathbf{h}_{t-1}), \quad t = 1, \dots, T$$
$$L = \sum_{t=1}^T \|\mathbf{h}_t - \mathbf{y}_t\|^2$$
with $\mathbf{h}_0 = 0$.
""",
        lambda x, W, U, y: distance(rnn(np.zeros(H), x, U, W), y),
        {"x": (T, D), "W": (H, D), "U": (H, H), "y": (T, H)},
        {},
    ),
    # computed within the text
    "a score that the text supposes": (
        "Assume that $s = w^T x$. Then $$L = (s - y)^2$$", lambda w, x, y: (w @ x - y) ** 2,
        {"w": (D,), "x": (D,), "y": S}, {},
    ),
    "a margin by a sentence of its own": (
        r"Let $m = yw^Tx$ be the margin. $$ L = \log(1 + e^{-m}) $$",
        lambda y, w, x: np.log(1 + np.exp(-y * (w @ x))), {"y": S, "w": (D,), "x": (D,)}, {},
    ),
    "the whole of an entry in the text": (
        r"$$L = -\log p_y$$ where $p = \text{softmax}(s)$ and $s = W x$. $W \in \mathbb{R}^{K\times D}$, "
        r"and $y$ is the correct class.",
        lambda W, x, y: -np.log(softmax(W @ x)[y]), {"W": (K, D), "x": (D,)}, {"y": 1},
    ),
    "a number before a row": (
        r"$$L = \max(0, 1 - y w^T x)$$", lambda y, w, x: positive(1 - y * (w @ x)), {"y": S, "w": (D,), "x": (D,)}, {},
    ),
    "an offset with a mark 0": (
        r"$$J = \frac{1}{n}\sum_{i=1}^n \max(0, 1 - y^{(i)}(\theta^T x^{(i)} + \theta_0))$$",
        lambda y, theta, x, theta0: positive(1 - y * (x @ theta + theta0)).mean(),
        {"y": (T,), "theta": (D,), "x": (T, D), "theta0": S}, {},
    ),
    "a target before a product": (
        r"$$J = \sum_{i=1}^n (1 - y_i (\theta^T x_i))^2$$",
        lambda y, theta, x: ((1 - y * (x @ theta)) ** 2).sum(), {"y": (T,), "theta": (D,), "x": (T, D)}, {},
    ),
    "a penalty of factors": (
        r"$$J = \sum_{u=1}^{U}\sum_{i=1}^{I} (r_{ui} - \mathbf{p}_u^\top\mathbf{q}_i)^2 "
        r"+ \lambda\left(\sum_u \|\mathbf{p}_u\|^2 + \sum_i \|\mathbf{q}_i\|^2\right)$$",
        lambda r, p, q, **o: ((r - p @ q.T) ** 2).sum() + o["lambda"] * ((p**2).sum() + (q**2).sum()),
        {"r": (T, H), "p": (T, D), "q": (H, D), "lambda": S}, {},
    ),
    "half a penalty of factors": (
        r"$$J = \sum_{i=1}^{n} (y_i - p_i q)^2 + \frac{\lambda}{2}\left(\sum_i p_i^2 + q^2\right)$$",
        lambda y, p, q, **o: ((y - p * q) ** 2).sum() + o["lambda"] * ((p**2).sum() + q**2) / 2,
        {"y": (T,), "p": (T,), "q": S, "lambda": S}, {},
    ),
    "an elastic net": (
        r"$$J = \sum_i (y_i - \mathbf{w}^T \mathbf{x}_i)^2 + \lambda \left(\alpha\|\mathbf{w}\|_1 + "
        r"\frac{1-\alpha}{2}\|\mathbf{w}\|_2^2\right)$$",
        lambda y, w, x, alpha, **o: ((y - x @ w) ** 2).sum()
        + o["lambda"] * (alpha * w.sum() + (1 - alpha) / 2 * (w**2).sum()),
        {"y": (T,), "w": (D,), "x": (T, D), "lambda": S, "alpha": S}, {},
    ),
    "a label that is one-hot": (
        r"""$$\boldsymbol{h} = \tanh(\boldsymbol{W}_1\boldsymbol{x}), \quad \boldsymbol{p} =
        \mathrm{softmax}(\boldsymbol{W}_2\boldsymbol{h}), \quad J = -\sum_i y_i \log p_i$$ where $\boldsymbol{y}$ is
        the one-hot label vector and $\boldsymbol{W}_2 \in \mathbb{R}^{D_y \times H}$.""",
        lambda x, W1, W2, y: -(y * np.log(softmax(W2 @ np.tanh(W1 @ x)))).sum(),
        {"x": (D,), "W1": (H, D), "W2": (K, H), "y": (K,)}, {},
    ),
    "capitals before what the words call a vector": (
        r"Let $x$ be the input vector. $$h = \sigma(W_1 x + b_1)$$ $$o = W_2 h + b_2$$ $$L = \|o - y\|^2$$",
        lambda W1, x, b1, W2, b2, y: ((W2 @ sigmoid(W1 @ x + b1) + b2 - y) ** 2).sum(),
        {"W1": (H, D), "x": (D,), "b1": (H,), "W2": (K, H), "b2": (K,), "y": (K,)}, {},
    ),
    "capitals that are declared as numbers": (
        r"$$p = W x + b, \quad L = (p - y)^2$$ with $W, x, b, y \in \mathbb{R}$.",
        lambda W, x, b, y: (W * x + b - y) ** 2, {"W": S, "x": S, "b": S, "y": S}, {},
    ),
    "the softmax function by its entries": (
        r"$$\sigma(\mathbf{z})_i = \frac{e^{z_i}}{\sum_{j=1}^K e^{z_j}}, \qquad "
        r"L = -\sum_{i=1}^K y_i\log\sigma(\mathbf{z})_i.$$",
        lambda z, y: -(y * np.log(softmax(z))).sum(), {"z": (K,), "y": (K,)}, {},
    ),
    "the softmax function by its entries, in the text": (
        r"$$L = -\log g(\mathbf{s})_c$$ with the correct class $c$, where $g(\mathbf{s})_k = "
        r"\frac{\exp(s_k)}{\sum_l \exp(s_l)}$ and $\mathbf{s} = \mathbf{W}\mathbf{x}$.",
        lambda W, x, c: -np.log(softmax(W @ x)[c]), {"W": (K, D), "x": (D,)}, {"c": 1},
    ),
    "signs without braces": (
        r"$$L = (1-p)^\gamma w + \frac\lambda2 w^2$$",
        lambda p, gamma, w, **o: (1 - p) ** gamma * w + o["lambda"] / 2 * w**2,
        {"p": S, "gamma": S, "w": S, "lambda": S}, {},
    ),
    "members that a derivative is by": (
        r"""$$p_{ik} = \frac{\exp(\boldsymbol\theta_k^\top \mathbf{x}_i)}{\sum_{j=1}^K \exp(\boldsymbol\theta_j^\top
        \mathbf{x}_i)}$$ $$\ell = \sum_{i=1}^n \sum_{k=1}^K y_{ik} \log p_{ik}.$$
        Compute $\nabla_{\boldsymbol\theta_k} \ell$.""",
        lambda theta, x, y: (y * np.log(softmax(x @ theta.T))).sum(),
        {"theta": (K, D), "x": (T, D), "y": (T, K)}, {},
    ),
    "a case that a question supposes": (
        r"$$\mathbf{z} = \mathbf{V} \mathbf{x}, \quad L = \|\mathbf{z} - \mathbf{W}\mathbf{x}\|^2$$ "
        r"What changes if $\mathbf{V} = \mathbf{W}^T$?",
        lambda V, x, W: (((V - W) @ x) ** 2).sum(), {"V": (H, D), "x": (D,), "W": (H, D)}, {},
    ),
    "an error that is called e": (
        r"$$E = \frac12 e^2, \quad e = y - w x$$", lambda y, w, x: (y - w * x) ** 2 / 2, {"y": S, "w": S, "x": S}, {},
    ),
    "a class by an index letter": (
        r"$$L = \sum_{j\neq k} \max(0, s_j - s_k + 1), \quad \mathbf{s} = \mathbf{W}\mathbf{x}$$ where $k$ "
        "is the correct class.",
        lambda W, x, k: positive(np.delete(W @ x, k) - (W @ x)[k] + 1).sum(), {"W": (K, D), "x": (D,)}, {"k": 1},
    ),
    "the mean of a distribution": (
        r"$$L = (x - \mu)^2$$ where $\mu$ is the mean of the Gaussian $p(x)$ and $x$ is the input.",
        lambda x, mu: (x - mu) ** 2, {"x": S, "mu": S}, {},
    ),
    "a power that nothing else can be": (
        r"$$L = (w^n - n y)^2$$", lambda w, n, y: (w**n - n * y) ** 2, {"w": S, "n": S, "y": S}, {},
    ),
    "a number of terms that is a factor": (
        r"$$L = \frac{1}{2v} \sum_n (y_n - w x_n)^2 + N \log v$$",
        lambda v, y, w, x: ((y - w * x) ** 2).sum() / 2 / v + T * np.log(v), {"v": S, "y": (T,), "w": S, "x": (T,)}, {},
    ),
    "half a number of terms": (
        r"$$L = \sum_m (y_m - w x_m)^2 + \frac{M}{2} \log w$$",
        lambda y, w, x: ((y - w * x) ** 2).sum() + T / 2 * np.log(w), {"y": (T,), "w": S, "x": (T,)}, {},
    ),
    "a matrix with the letter of a count": (
        r"$$L = \sum_m \|\mathbf{M} \mathbf{x}_m\|^2$$",
        lambda M, x: ((x @ M.T) ** 2).sum(), {"M": (H, D), "x": (T, D)}, {},
    ),
    "a prediction is no target": (
        r"$$L = \frac12 \|\mathbf{y} - \hat{\mathbf{y}}\|^2$$",
        lambda y, y_hat: ((y - y_hat) ** 2).sum() / 2, {"y": (D,), "y_hat": (D,)}, {},
    ),
    "what a softmax function is applied to": (
        r"$$p = \text{softmax}(z), \quad L = -\log p_y$$ where $y$ is the class.",
        lambda z, y: -np.log(softmax(z)[y]), {"z": (K,)}, {"y": 1},
    ),
    "what a function with entries is applied to": (
        r"$$C = -\sum_j t_j \log y_j$$ with $y = \text{softmax}(z)$.",
        lambda z, t: -(t * np.log(softmax(z))).sum(), {"z": (K,), "t": (K,)}, {},
    ),
    "what a function of entries is applied to": (
        r"$$a_k = \tanh(z_k), \quad h = -\tanh(u), \quad L = \sum_k a_k h_k$$",
        lambda z, u: -(np.tanh(z) * np.tanh(u)).sum(), {"z": (K,), "u": (K,)}, {},
    ),
    "a trace is of a square matrix": (
        r"$$f = \text{tr}(\mathbf{A}\mathbf{X}\mathbf{B})$$",
        lambda A, X, B: np.trace(A @ X @ B), {"A": (D, K), "X": (K, H), "B": (H, D)}, {},
    ),
    "rows": (
        r"""$$\mathbf{h} = \tanh(\mathbf{x}\mathbf{W} + \mathbf{b}), \quad L = \frac12\|\mathbf{h} - \mathbf{t}\|^2$$
        with $\mathbf{x} \in \mathbb{R}^{1 \times D}$, $\mathbf{b} \in \mathbb{R}^{1 \times H}$ and
        $\mathbf{t} \in \mathbb{R}^{1 \times H}$.""",
        lambda x, W, b, t: ((np.tanh(x @ W + b) - t) ** 2).sum() / 2,
        {"x": (1, D), "W": (D, H), "b": (1, H), "t": (1, H)}, {},
    ),
    "a function in apposition": (
        r"$$J = (y - \hat y)^2$$ where $\hat y = f(z)$, $f$ the sigmoid function and $z = w x + b$.",
        lambda w, x, b, y: (y - sigmoid(w * x + b)) ** 2, {"w": S, "x": S, "b": S, "y": S}, {},
    ),
    "a function in apposition after with": (
        r"$$J = (y - f(z))^2$$ with $f$ the ReLU activation and $z = w x$.",
        lambda w, x, y: (y - positive(w * x)) ** 2, {"w": S, "x": S, "y": S}, {},
    ),
}  # fmt: skip

REFUSED = {
    "a score under a condition": ("If $s = w^T x$ then $$ L = (s - y)^2 $$", "notes.computed_within"),
    "a score in a case": ("Suppose $s = w$. $$ L = (s - y)^2 + (w - 1)^2 $$", None),
    "a score to be shown": ("$$ L = (s - y)^2 $$ Show that $s = w^T x$.", "notes.computed_within"),
    "a maximum not read": (r"$$ L = (m - t)^2 $$ where $m = \max_{i=1,\dots,n} z_i$.", "notes.computed_within"),
    "a product of any depth": (
        r"$\hat y = W_L W_{L-1} \cdots W_1 x$ and $E = \frac12 \|\hat y - y\|^2$. Find $\partial E/\partial W_l$.",
        "notes.computed_within",
    ),
    "a sigma that is not read": (
        r"$\sigma = e^{v x}$ and $z = \sigma \epsilon$. $$L = (z - t)^2$$ Find $\partial L/\partial v$.",
        "notes.computed_within",
    ),
    "a score that is not read": (r"$$ L = (s - y)^2 + w^2 $$ where $s = w \bigoplus x$.", "notes.computed_within"),
    "a class that nothing tells": (
        r"$$ L = -\log p_c $$ where $\mathbf{p} = \text{softmax}(\mathbf{s})$.", "notes.entry_at_class",
    ),
    "a model that is applied to an example": (r"$$J = \sum_n (y_n(x_n, w) - t_n)^2$$", "notes.member"),
    "weights that may be matrices": (r"$$h = \sigma(W x + b), \quad L = (h - y)^2$$", "notes.number_or_matrix"),
    "a function by its entries": (
        r"$$\sigma(\mathbf{z})_i = \frac{z_i}{\sum_j z_j}, \quad L = -\sum_i y_i \log\sigma(\mathbf{z})_i$$",
        "notes.function_not_put_in",
    ),
    "a softmax with a temperature": (
        r"$$\sigma(\mathbf{z})_i = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}}, \quad L = -\log\sigma(\mathbf{z})_1$$",
        "notes.function_not_put_in",
    ),
    "an objective without a name": (
        r"We minimise $$L + \frac{\lambda}{2} w^2, \quad$$ where $$L = (w x - y)^2.$$", "notes.nameless_objective",
    ),
    "an objective without a name, in the text": (
        r"We minimise $L(w) + \lambda w^2$, where $$L = (w x - y)^2.$$", "notes.nameless_objective",
    ),
    "a question about a score of its own": (
        r"$$L = (s - y)^2 $$ If $s = w x$, what is $\partial L/\partial w$?", "notes.computed_within",
    ),
    "a softmax in words": (r"$$L = -\sum_k y_k \log p_k$$ where $p$ is the softmax of $z$.", "notes.computed_in_words"),
    "a mean in words": (
        r"$$L = \sum_i (x_i - \bar{x})^2$$ where $\bar{x}$ is the mean of the $x_i$.", "notes.computed_in_words",
    ),
    "a sigmoid in words": (r"Here $p$ denotes the sigmoid of $w x$. $$L = (p - y)^2$$", "notes.computed_in_words"),
    "a dot product in words": (
        r"$$L = (s - y)^2$$, $s$ ist das Skalarprodukt von $\mathbf{w}$ und $\mathbf{x}$.", "notes.computed_in_words",
    ),
    "pairs": (r"$$L = \sum_{i \neq j} w_{ij} x_i x_j$$", "notes.entry_at_class"),
    "the letter of a layer above": (
        r"$$z_j = \sum_k w^L_{jk} a^{L-1}_k + b_j, \quad C = \sum_j z_j^2$$", "notes.power_or_member",
    ),
    "a power, or an example": (r"$$L = (w^n - y)^2$$", "notes.power_or_member"),
    "numbers or arrays": (r"$$h = [x; c], \quad y = w^T h, \quad L = (y - t)^2$$", "notes.number_or_matrix"),
    "a star between a matrix and a vector": (
        r"$$\mathbf{y} = \mathbf{W} * \mathbf{x}, \quad L = \|\mathbf{y}\|^2$$", "notes.starred",
    ),
    "a rate, or a factor": (r"$$J = (y - \lambda(w x + b))^2$$", "notes.unknown_function"),
    "an array of one entry": (r"$$L = \max(0, 1 - a X^T X w)$$", "notes.size_one"),
}  # fmt: skip
"""What is refused, with its code; None for what is data, since it holds in a case only."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_text_computes_is_never_data(name: str, tmp_path: Path) -> None:
    text, code = REFUSED[name]
    if code is None:
        assert {"s", "w"} <= loaded(tmp_path, text).symbols.keys()
        return
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {code}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes, classes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes, classes)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (r"$$f(w) = \frac12 (w x - y)^2$$ Compute $f'(w)$.", [("derive", ("w",))]),
        (r"$$f = x y$$ Compute $\frac{\partial f}{\partial y}$ at $x=-2$, $y=5$.", [("compute", ("df/dy",))]),
        (r"$$f(w) = \frac12 (w x - y)^2$$ Show that $f'(w) = (w x - y) x$.", [("show", ())]),
        (r"$$f(\mathbf{x}) = \mathbf{x}^T \mathbf{A} \mathbf{x}$$ Compute $f'(\mathbf{x})$.", [("derive", ("x",))]),
    ],
)
def test_a_prime_is_the_derivative_of_what_the_note_computes(
    text: str, parts: list[tuple[str, tuple[str, ...]]], tmp_path: Path
) -> None:
    assert [(part.kind, part.targets) for part in loaded(tmp_path, text).parts] == parts


def test_a_prime_at_another_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        loaded(tmp_path, "$$f(w) = w^3$$ $$L = f(v) + f'(v)$$")


def test_what_is_asked_or_idle_is_a_part_or_named(tmp_path: Path) -> None:
    note = loaded(
        tmp_path,
        r"$$L = \frac12 (w x - y)^2$$ Derive $\partial_w L$. Here $$w x + 1$$ is linear, $$w \in \mathbb{R}.$$",
    )
    assert [(part.kind, part.targets) for part in note.parts] == [("gradients", ("w",))]
    assert [remark for remark in note.remarks if "equals sign" in remark] == [
        "passed over, line 1: a formula without an equals sign"
    ]

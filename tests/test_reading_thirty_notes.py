r"""Thirty short lecture notes as people write them, in English and German, against what they mean in NumPy.

Articles, chat answers in Markdown, sheets from Overleaf: macros, alignments, words between formulas, declarations in
passing.  What a note means is a function whose derivatives complex steps give; nearly all are read, none is misread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import D, H, K, N, Truth, layers, loaded, rnn, same_as, sigmoid, softmax

from backsym.core.errors import InputError

S: tuple[int, ...] = ()


def relu(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


def norm2(z: Any) -> Any:
    return (z**2).sum()


def attention(q: Any, keys: Any, values: Any, t: Any) -> Any:
    return norm2(softmax(keys @ q) @ values - t)


def gru_like(h0: Any, x: Any, w: Any, u: Any, y: Any) -> Any:
    total: Any = 0
    for value, target in zip(x, y, strict=True):
        z = sigmoid(u * value)
        h0 = (1 - z) * h0 + z * np.tanh(w * value)
        total = total + (h0 - target) ** 2
    return total


def batch_norm(x: Any, gamma: Any, beta: Any, t: Any) -> Any:
    centred = x - x.mean()
    return norm2(gamma * centred / np.sqrt((centred**2).mean() + 1e-5) + beta - t)


NOTES: dict[str, tuple[str, Truth, dict[str, tuple[int, ...]]]] = {
    "arxiv: two layers with macros": (
        r"""\newcommand{\bx}{\mathbf{x}} \newcommand{\W}[1]{\mathbf{W}_{#1}} \newcommand{\bb}[1]{\mathbf{b}_{#1}}
We consider a network with one hidden layer,
\begin{align*}
\mathbf{h} &= \mathrm{ReLU}(\W{1}\bx + \bb{1}), \\
\hat{\mathbf{y}} &= \W{2}\mathbf{h} + \bb{2},
\end{align*}
trained with $\ell = \tfrac{1}{2}\lVert \hat{\mathbf{y}} - \mathbf{y} \rVert_2^2$.""",
        lambda W1, x, b1, W2, b2, y: norm2(W2 @ relu(W1 @ x + b1) + b2 - y) / 2,
        {"W1": (H, D), "x": (D,), "b1": (H,), "W2": (K, H), "b2": (K,), "y": (K,)},
    ),
    "chat: logistic regression": (
        r"""## Logistic regression

For a single example the model is

$$\hat{y} = \sigma(\mathbf{w}^\top \mathbf{x} + b)$$

and the **binary cross-entropy** is

$$\mathcal{L} = -\left[ y \log \hat{y} + (1 - y) \log(1 - \hat{y}) \right]$$

**Task:** compute $\frac{\partial \mathcal{L}}{\partial \mathbf{w}}$ and $\frac{\partial \mathcal{L}}{\partial
b}$.""",
        lambda w, x, b, y: -y * np.log(sigmoid(w @ x + b)) - (1 - y) * np.log(1 - sigmoid(w @ x + b)),
        {"w": (D,), "x": (D,), "b": S, "y": S},
    ),
    "german: lineare Regression": (
        r"""Gegeben seien Datenpunkte $\mathbf{x}_n \in \mathbb{R}^D$ mit Zielwerten $t_n$ für $n = 1, \dots, N$.
Der Fehler ist $$E = \frac{1}{2N} \sum_{n=1}^{N} \left( \mathbf{w}^{\top} \mathbf{x}_n - t_n \right)^2 +
\frac{\lambda}{2} \|\mathbf{w}\|^2.$$ Berechnen Sie $\nabla_{\mathbf{w}} E$.""",
        lambda x, t, w, **lam: norm2(x @ w - t) / 2 / N + lam["lambda"] / 2 * norm2(w),
        {"x": (N, D), "t": (N,), "w": (D,), "lambda": S},
    ),
    "overleaf: softmax with entries": (
        r"""Let $z_k = \sum_{d} W_{kd} x_d + b_k$ be the logits. Then
\[ p_k = \frac{e^{z_k}}{\sum_{j} e^{z_j}}, \qquad L = -\sum_k t_k \log p_k . \]""",
        lambda W, x, b, t: -(t * np.log(softmax(W @ x + b))).sum(),
        {"W": (K, D), "x": (D,), "b": (K,), "t": (K,)},
    ),
    "chat: an RNN": (
        r"""### Backpropagation through time

- Hidden state: $$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$$
- Output: $$\hat{y}_t = W_{hy} h_t$$
- Loss: $$L = \sum_{t=1}^{T} \frac{1}{2}\|\hat{y}_t - y_t\|^2$$

where $W_{hh} \in \mathbb{R}^{H \times H}$, $W_{xh} \in \mathbb{R}^{H \times D}$ and $W_{hy} \in \mathbb{R}^{K
\times H}$.
""",
        lambda W_hh, h0, W_xh, x, b_h, W_hy, y: sum(
            norm2(W_hy @ h - t) / 2 for h, t in zip(rnn(h0, x, W_hh, W_xh, b_h), y, strict=True)
        ),
        {"W_hh": (H, H), "h0": (H,), "W_xh": (H, D), "x": (N, D), "b_h": (H,), "W_hy": (K, H), "y": (N, K)},
    ),
    "ng: a deep net": (
        r"""Forward propagation for $l = 1, \dots, L$:
$$\mathbf{z}^{[l]} = \mathbf{W}^{[l]} \mathbf{a}^{[l-1]} + \mathbf{b}^{[l]}, \qquad \mathbf{a}^{[l]} =
\sigma(\mathbf{z}^{[l]})$$
with $\mathbf{a}^{[0]} = \mathbf{x}$. The cost is $$J = \frac{1}{2} \| \mathbf{a}^{[L]} - \mathbf{y} \|^2.$$""",
        lambda x, W, b, y: norm2(layers(x, W, b)[-1] - y) / 2,
        {"x": (H,), "W": (N, H, H), "b": (N, H), "y": (H,)},
    ),
    "nielsen: layers above": (
        r"""In component form $$a^l_j = \sigma\Big(\sum_k w^l_{jk} a^{l-1}_k + b^l_j\Big),$$ where $l = 1,
\ldots, L$, and
$$C = \frac{1}{2} \sum_j (y_j - a^L_j)^2.$$""",
        lambda a0, w, b, y: norm2(layers(a0, w, b)[-1] - y) / 2,
        {"a0": (H,), "w": (N, H, H), "b": (N, H), "y": (H,)},
    ),
    "words between formulas": (
        r"""The hidden layer computes $$\mathbf{z} = \mathbf{V} \mathbf{x}$$ followed by the nonlinearity
$$\mathbf{a} = \tanh(\mathbf{z}),$$ and we minimise $$\mathcal{L} = \sum_{k=1}^K (a_k - t_k)^2.$$""",
        lambda V, x, t: norm2(np.tanh(V @ x) - t),
        {"V": (K, D), "x": (D,), "t": (K,)},
    ),
    "a batch as a matrix": (
        r"""Stack the inputs as rows of $\mathbf{X} \in \mathbb{R}^{N \times D}$; $\mathbf{T} \in \mathbb{R}^{N
\times K}$ are the targets.
$$\mathbf{Y} = \mathbf{X}\mathbf{W} + \mathbf{1}\mathbf{b}^\top, \quad E = \frac{1}{2} \|\mathbf{Y} -
\mathbf{T}\|_F^2$$""",
        lambda X, W, b, T: norm2(X @ W + b - T) / 2,
        {"X": (N, D), "W": (D, K), "b": (K,), "T": (N, K)},
    ),
    "hinge with labels in the data": (
        r"""With labels $y_n \in \{-1, +1\}$ the objective is
$$L = \frac{C}{N} \sum_{n=1}^N \max(0, 1 - y_n (\mathbf{w}^\top \mathbf{x}_n + b)) + \frac12 \|\mathbf{w}\|^2.$$""",
        lambda C, y, w, x, b: C / N * relu(1 - y * (x @ w + b)).sum() + norm2(w) / 2,
        {"C": S, "y": (N,), "w": (D,), "x": (N, D), "b": S},
    ),
    "negative log-likelihood of a class": (
        r"""Let $y \in \{1, \dots, K\}$ be the correct class and $$\mathbf{z} = \mathbf{W}\mathbf{x}.$$ Then
$$L = -z_y + \log \sum_{k=1}^K e^{z_k}.$$""",
        lambda W, x, y: -(W @ x)[y] + np.log(np.exp(W @ x).sum()),
        {"W": (K, D), "x": (D,)},
    ),
    "a quadratic form": (
        r"""Find the gradient of $$f(\mathbf{x}) = \frac12 \mathbf{x}^\top \mathbf{A} \mathbf{x} -
\mathbf{b}^\top \mathbf{x}$$ w.r.t. $\mathbf{x}$.""",
        lambda x, A, b: x @ A @ x / 2 - b @ x,
        {"x": (D,), "A": (D, D), "b": (D,)},
    ),
    "residual block": (
        r"""\begin{equation} \mathbf{r} = \mathbf{x} + \mathbf{W}_2\,\mathrm{ReLU}(\mathbf{W}_1\mathbf{x})
\end{equation}
\begin{equation} L = \lVert \mathbf{r} - \mathbf{t} \rVert^2 \end{equation}""",
        lambda x, W2, W1, t: norm2(x + W2 @ relu(W1 @ x) - t),
        {"x": (D,), "W2": (D, H), "W1": (H, D), "t": (D,)},
    ),
    "an autoencoder with tied weights": (
        r"""The code is $\mathbf{h} = \sigma(\mathbf{W}\mathbf{x})$ and the reconstruction
$$\tilde{\mathbf{x}} = \mathbf{W}^T \mathbf{h}, \quad L = \frac{1}{2} ||\tilde{\mathbf{x}} - \mathbf{x}||^2.$$""",
        lambda W, x: norm2(W.T @ sigmoid(W @ x) - x) / 2,
        {"W": (H, D), "x": (D,)},
    ),
    "word2vec": (
        r"""$$J = -\log \sigma(\mathbf{u}_o^\top \mathbf{v}) - \sum_{k=1}^K \log \sigma(-\mathbf{n}_k^\top
\mathbf{v})$$
Here $\mathbf{u}_o$ is the vector of the outside word.""",
        lambda u_o, v, n: -np.log(sigmoid(u_o @ v)) - np.log(sigmoid(-n @ v)).sum(),
        {"u_o": (D,), "v": (D,), "n": (K, D)},
    ),
    "attention of one query": (
        r"""Scores $$s_i = \mathbf{q}^\top \mathbf{k}_i, \quad \alpha_i = \frac{\exp(s_i)}{\sum_{j=1}^N \exp(s_j)}$$
$$\mathbf{c} = \sum_{i=1}^N \alpha_i \mathbf{v}_i, \quad L = \|\mathbf{c} - \mathbf{t}\|^2$$""",
        lambda q, k, v, t: attention(q, k, v, t),
        {"q": (D,), "k": (N, D), "v": (N, H), "t": (H,)},
    ),
    "batch normalisation": (
        r"""$$\mu = \frac{1}{N} \sum_{i=1}^N x_i, \quad \sigma^2 = \frac{1}{N} \sum_{i=1}^N (x_i - \mu)^2$$
$$\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + 10^{-5}}}, \quad y_i = \gamma \hat{x}_i + \beta, \quad L =
\sum_i (y_i - t_i)^2$$""",
        batch_norm,
        {"x": (N,), "gamma": S, "beta": S, "t": (N,)},
    ),
    "a gated scalar recurrence": (
        r"""$$z_t = \sigma(u x_t), \quad h_t = (1 - z_t) h_{t-1} + z_t \tanh(w x_t), \quad L = \sum_{t=1}^T
(h_t - y_t)^2$$""",
        gru_like,
        {"h0": S, "x": (N,), "w": S, "u": S, "y": (N,)},
    ),
    "german: ein Neuron": (
        r"""Ein Neuron berechnet
\[ \mathrm{net} = \sum_{i=1}^n w_i x_i + b, \qquad o = \frac{1}{1 + e^{-\mathrm{net}}}. \]
Der quadratische Fehler lautet \[ E = \frac{1}{2} (t - o)^2. \] Bestimmen Sie $\frac{\partial E}{\partial w_i}$.""",
        lambda w, x, b, t: (t - sigmoid(w @ x + b)) ** 2 / 2,
        {"w": (D,), "x": (D,), "b": S, "t": S},
    ),
    "gaussian log-likelihood": (
        r"""$$\ell(\mu, \tau) = \frac{n}{2} \log \tau - \frac{\tau}{2} \sum_{i=1}^n (x_i - \mu)^2$$""",
        lambda tau, x, mu: N / 2 * np.log(tau) - tau / 2 * ((x - mu) ** 2).sum(),
        {"tau": S, "x": (N,), "mu": S},
    ),
    "matrix factorisation": (
        r"""Let $\mathbf{R} \in \mathbb{R}^{M \times N}$ be the ratings.
$$L = \frac{1}{2} \|\mathbf{R} - \mathbf{U}\mathbf{V}^\top\|_F^2 + \frac{\lambda}{2}\left(\|\mathbf{U}\|_F^2 +
\|\mathbf{V}\|_F^2\right)$$""",
        lambda R, U, V, **lam: norm2(R - U @ V.T) / 2 + lam["lambda"] / 2 * (norm2(U) + norm2(V)),
        {"R": (N, D), "U": (N, K), "V": (D, K), "lambda": S},
    ),
    "ridge in matrices": (
        r"""Minimise $$J(\mathbf{w}) = (\mathbf{X}\mathbf{w} - \mathbf{y})^\top(\mathbf{X}\mathbf{w} -
\mathbf{y}) + \lambda \mathbf{w}^\top \mathbf{w}.$$
Compute $\nabla J(\mathbf{w})$.""",
        lambda X, w, y, **lam: norm2(X @ w - y) + lam["lambda"] * w @ w,
        {"X": (N, D), "w": (D,), "y": (N,), "lambda": S},
    ),
    "chains of equals": (
        r"""\begin{align}
\hat y &= \mathbf{w}\cdot\mathbf{x} + b = \sum_i w_i x_i + b \\
L &= |\hat y - y|^2 = (\hat y - y)^2
\end{align}""",
        lambda w, x, b, y: (w @ x + b - y) ** 2,
        {"w": (D,), "x": (D,), "b": S, "y": S},
    ),
    "log-sum-exp by hand": (
        r"""$$m = \sum_k a_k x_k, \quad L = \log(1 + e^{-t m})$$ where $t$ is the label.""",
        lambda a, x, t: np.log(1 + np.exp(-t * (a @ x))),
        {"a": (D,), "x": (D,), "t": S},
    ),
    "layer norm without affine part": (
        r"""With $\mathbf{x} \in \mathbb{R}^D$,
$$\mu = \frac1D \sum_{d=1}^D x_d, \qquad v = \frac1D \sum_{d=1}^D (x_d - \mu)^2, \qquad y_d = \frac{x_d -
\mu}{\sqrt{v}}$$
and $$L = \sum_{d=1}^D c_d y_d.$$""",
        lambda x, c: c @ ((x - x.mean()) / np.sqrt(((x - x.mean()) ** 2).mean())),
        {"x": (D,), "c": (D,)},
    ),
    "policy gradient of one step": (
        r"""Let $a \in \{1,\dots,K\}$ be the chosen action, $$\boldsymbol\pi =
\operatorname{softmax}(\boldsymbol\theta), \quad L = -R \log \pi_a.$$""",
        lambda theta, R, a: -R * np.log(softmax(theta)[a]),
        {"theta": (K,), "R": S},
    ),
    "contrastive pair": (
        r"""$$d = \|\mathbf{W}\mathbf{x}_1 - \mathbf{W}\mathbf{x}_2\|^2, \quad L = y d + (1 - y) \max(0, m -
d)$$ with margin $m$.""",
        lambda W, x1, x2, y, m: y * norm2(W @ x1 - W @ x2) + (1 - y) * relu(m - norm2(W @ x1 - W @ x2)),
        {"W": (K, D), "x1": (D,), "x2": (D,), "y": S, "m": S},
    ),
    "momentum-like filter": (
        r"""Starting with $v_0 = 0$, $$v_t = \beta v_{t-1} + (1 - \beta) g_t, \quad t = 1, \dots, T, \quad L =
v_T^2.$$""",
        lambda beta, g: sum((1 - beta) * beta ** (N - 1 - n) * g[n] for n in range(N)) ** 2,
        {"beta": S, "g": (N,)},
    ),
    "mixture weights": (
        r"""$$\pi_k = \frac{e^{\alpha_k}}{\sum_{l=1}^K e^{\alpha_l}}, \quad L = -\sum_{n=1}^N \log \sum_{k=1}^K
\pi_k \phi_{nk}$$""",
        lambda alpha, phi: -np.log(phi @ softmax(alpha)).sum(),
        {"alpha": (K,), "phi": (N, K)},
    ),
    "german: Faltung mit zwei Gewichten": (
        r"""Sei $\mathbf{x} \in \mathbb{R}^{N+1}$. Die Ausgabe ist $$y_i = w_1 x_i + w_2 x_{i+1}, \quad i = 1,
\dots, N,$$
und der Verlust $$L = \sum_{i=1}^N (y_i - t_i)^2.$$""",
        lambda x, w1, w2, t: ((w1 * x[:-1] + w2 * x[1:] - t) ** 2).sum(),
        {"x": (N + 1,), "w1": S, "w2": S, "t": (N,)},
    ),
}  # fmt: skip
CLASSES: dict[str, dict[str, Any]] = {
    "negative log-likelihood of a class": {"y": 1}, "policy gradient of one step": {"a": 1},
}  # fmt: skip
NOT_READ: frozenset[str] = frozenset()


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant_or_refused(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    if name in NOT_READ:
        with pytest.raises(InputError):
            loaded(tmp_path, text)
    else:
        same_as(loaded(tmp_path, text), truth, shapes, CLASSES.get(name))


def test_nearly_all_are_read() -> None:
    assert len(NOTES) == 30
    assert NOTES.keys() > NOT_READ
    assert len(NOT_READ) <= 3

r"""Customs of lecture notes that settle a reading where nothing in the text contradicts them, each with its neighbours.

Primes as names, layers above, variances beside the logistic function, light matrices, lengths of vectors, biases of
matrices, losses that are not given.  Each note is compared with a NumPy function by a complex step.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded, same_as, sigmoid

from backsym.core.errors import InputError
from backsym.documents.writers.jsonform import problem_json
from backsym.numeric.sources import value_of

D, H, K, N, S = 3, 4, 2, 5, ()
Note = tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]
LENGTH = r"$$\mathbf{y}=\mathbf{W}\mathbf{x}, \quad "


def attention(q: Any, k: Any, v: Any, t: Any) -> Any:
    s = np.exp(k @ q / np.sqrt(len(q)))
    return ((s / s.sum() @ v - t) ** 2).sum() / 2


def layers(W: Any, x: Any, t: Any) -> Any:
    for weights in W:
        x = np.tanh(weights @ x)
    return ((x - t) ** 2).sum() / 2


def summed_steps(A: Any, x: Any, u: Any) -> Any:
    total = 0
    for given in x:
        u = np.tanh(A @ u + given)
        total = total + (u**2).sum()
    return total


NOTES: dict[str, Note] = {
    "a number behind the letter of a name": (
        r"$$\mathbf{h} = \tanh(\mathbf{W}\mathbf{x} + \mathbf{c}1), \quad L = \|\mathbf{h} - \mathbf{t}\|^2$$"
        r" with $\mathbf{c}_1 \in \mathbb{R}^k$.",
        lambda W, x, c1, t: ((np.tanh(W @ x + c1) - t) ** 2).sum(), {"W": (K, D), "x": (D,), "c1": (K,), "t": (K,)},
    ),
    "numbers behind the letters of left sides": (
        r"$$z1 = w_1 x, \quad a1 = \tanh(z1), \quad L = (v a1 - t)^2$$ Compute $\frac{\partial L}{\partial w1}$.",
        lambda w1, x, v, t: (v * np.tanh(w1 * x) - t) ** 2, {"w1": S, "x": S, "v": S, "t": S},
    ),
    "a number behind what is declared": (
        r"Let $b2 \in \mathbb{R}^k$. $$\mathbf{z} = \mathbf{W}\mathbf{x} + b2, \quad L = \|\mathbf{z}\|^2$$",
        lambda W, x, b2: ((W @ x + b2) ** 2).sum(), {"W": (K, D), "x": (D,), "b2": (K,)},
    ),
    "formulas in blocks and spans of code": (
        "```math\nz = w x + b\n```\nwith a slope $`w`$:\n``` math\nL = (z - t)^2\n```\n```\nz = 3\n```\n",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "steps in angle brackets": (
        r"$$\mathbf{h}^{\langle t \rangle} = \tanh(\mathbf{A} \mathbf{h}^{\langle t-1 \rangle} + \mathbf{x}^{<t>}),"
        r" \quad L = \sum_{t=1}^T \|\mathbf{h}^{<t>}\|^2$$ with $\mathbf{h}^{<0>} = \mathbf{u}$.",
        lambda A, x, u: summed_steps(A, x, u), {"A": (D, D), "x": (N, D), "u": (D,)},
    ),
    "braces around an argument": (
        r"$$z = w x + b, \quad p = \sigma{(z)}, \quad L = (p - \phi{((z))} - t)^2$$ with $\phi = \tanh$.",
        lambda w, x, b, t: (sigmoid(w * x + b) - np.tanh(w * x + b) - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "a row that ends with a word": (
        r"$$\begin{aligned} z &= w x + b \newline L &= (z - t)^2 \end{aligned}$$",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "a symmetric matrix": (
        r"Let $$f(x) = \frac12 x^\top A x - b^\top x$$ with symmetric $A\in\mathbb{R}^{n\times n}$.",
        lambda A, x, b: x @ A @ x / 2 - b @ x, {"A": (N, N), "x": (N,), "b": (N,)},
    ),
    "vectors that are counted": (
        r"Let $q\in\mathbb{R}^d$, $k_1,\dots,k_n \in\mathbb{R}^d$, $v_1, v_2, \ldots, v_n\in\mathbb{R}^m$,"
        r" $t\in\mathbb{R}^m$ and $$s_i = \frac{q^\top k_i}{\sqrt{d}}, a_i = \frac{e^{s_i}}{\sum_j e^{s_j}},"
        r" o = \sum_i a_i v_i, L = \frac12\|o - t\|^2.$$",
        attention, {"q": (D,), "k": (N, D), "v": (N, K), "t": (K,)},
    ),
    "matrices that are counted": (
        r"Let $W_1,\dots,W_M \in \mathbb{R}^{d\times d}$, $x, t\in\mathbb{R}^d$ and $h_0 = x$,"
        r" $$h_l = \tanh(W_l h_{l-1}), \quad l = 1,\dots,M, \qquad L = \frac12\|h_M - t\|^2.$$",
        layers, {"W": (K, D, D), "x": (D,), "t": (D,)},
    ),
    "numbers that are counted": (
        r"Features $x_1,\dots,x_d \in \mathbb{R}$ and weights $w_1, w_2, \dots, w_d \in \mathbb{R}$ give"
        r" $$z = \sum_j w_j x_j + b, \quad L = \frac12 (z-t)^2.$$",
        lambda x, w, b, t: (w @ x + b - t) ** 2 / 2, {"x": (D,), "w": (D,), "b": S, "t": S},
    ),
    "vectors that are counted, and their mean": (
        r"Let $x_1,\dots,x_n \in \mathbb{R}^d$, $\mu = \frac1n\sum_{i} x_i$ and"
        r" $$L = \frac{1}{2}\sum_i \|x_i - \mu\|^2$$",
        lambda x: ((x - x.mean(0)) ** 2).sum() / 2, {"x": (N, D)},
    ),
    "vectors that are counted above": (
        r"Given $x^{(1)}, \dots, x^{(n)} \in \mathbb{R}^d$ and $y^{(1)}, \dots, y^{(n)} \in \mathbb{R}$ let"
        r" $$L = \sum_{i=1}^n (w^\top x^{(i)} - y^{(i)})^2.$$",
        lambda x, y, w: ((x @ w - y) ** 2).sum(), {"x": (N, D), "y": (N,), "w": (D,)},
    ),
    "a prime above": (
        r"$$z^{\prime} = w z + b, \quad L = (z' - t)^2$$",
        lambda w, z, b, t: (w * z + b - t) ** 2, {"w": S, "z": S, "b": S, "t": S},
    ),
    "entries with a prime": (
        r"$$y'_k = \sum_j w_{kj} x_j, \quad L = \frac12 \sum_k (y'_k - y_k)^2$$",
        lambda w, x, y: ((w @ x - y) ** 2).sum() / 2, {"w": (K, D), "x": (D,), "y": (K,)},
    ),
    "two primes": (
        r"$$\mathbf{z}' = \mathbf{W}\mathbf{x}, \mathbf{z}'' = \mathbf{V} \mathbf{z}', \quad L ="
        r" \|\mathbf{z}^{\prime\prime}\|^2$$",
        lambda W, x, V: ((V @ W @ x) ** 2).sum(), {"W": (H, D), "x": (D,), "V": (K, H)},
    ),
    "a prime of a function is its derivative": (
        r"$$p = \mathbf{w}^\top \mathbf{x}, \quad q = \sigma'(p), \quad L = q^2$$",
        lambda w, x: (sigmoid(w @ x) * (1 - sigmoid(w @ x))) ** 2, {"w": (D,), "x": (D,)},
    ),
    "an initial weight": (
        r"$$\mathbf{w} = \mathbf{w}_0 + \mathbf{A} \mathbf{v}, \quad L = \|\mathbf{w}\|^2 + w_1$$",
        lambda w0, A, v: ((w0 + A @ v) ** 2).sum() + (w0 + A @ v)[0], {"w0": (D,), "A": (D, K), "v": (K,)},
    ),
    "a declared array and its first guess": (
        r"$$\mathbf{X} = \mathbf{B} \mathbf{X}_0, \quad L = \|\mathbf{X}\|_F^2$$"
        r" with $\mathbf{X} \in \mathbb{R}^{N \times D}$.",
        lambda B, X0: ((B @ X0) ** 2).sum(), {"B": (N, K), "X0": (K, D)},
    ),
    "an offset": (
        r"$$y = w_0 + \sum_{i=1}^D w_i x_i, \quad L = (y - t)^2$$",
        lambda w0, w, x, t: (w0 + w @ x - t) ** 2, {"w0": S, "w": (D,), "x": (D,), "t": S},
    ),
    "layers above, two of them": (
        r"$$z^1 = w^1 x + b^1, a^1 = \tanh(z^1), z^2 = w^2 a^1 + b^2, C = \tfrac12 \|y - z^2\|^2 + \lambda v^2$$"
        r" with $w^1 \in \mathbb{R}^{h \times d}$ and $w^2 \in \mathbb{R}^{k \times h}$.",
        lambda w1, x, b1, w2, b2, y, v, **o: (
            ((y - w2 @ np.tanh(w1 @ x + b1) - b2) ** 2).sum() / 2 + o["lambda"] * v**2
        ),
        {"w1": (H, D), "x": (D,), "b1": (H,), "w2": (K, H), "b2": (K,), "y": (K,), "v": S, "lambda": S},
    ),
    "a variance and the logistic function": (
        r"$$p = \sigma\left(\mathbf{w}^\top \mathbf{x}\right), \quad L = \frac{(p - t)^2}{\sigma^2} + \log \sigma^2$$",
        lambda w, x, t, sigma2: (sigmoid(w @ x) - t) ** 2 / sigma2 + np.log(sigma2),
        {"w": (D,), "x": (D,), "t": S, "sigma2": S},
    ),
    "bars": (
        LENGTH + r"E = \frac12 \left|\mathbf{y}-\mathbf{t}\right|^2$$",
        lambda W, x, t: ((W @ x - t) ** 2).sum() / 2, {"W": (K, D), "x": (D,), "t": (K,)},
    ),
    "a length itself": (
        LENGTH + r"E = \lvert\mathbf{y}-\mathbf{t}\rvert$$",
        lambda W, x, t: np.sqrt(((W @ x - t) ** 2).sum()), {"W": (K, D), "x": (D,), "t": (K,)},
    ),
    "squares of vectors": (
        LENGTH + r"L = \frac12 \left(\mathbf{y}-\mathbf{t}\right)^2 + \lambda \mathbf{w}^2$$",
        lambda W, x, t, w, **o: ((W @ x - t) ** 2).sum() / 2 + o["lambda"] * (w**2).sum(),
        {"W": (K, D), "x": (D,), "t": (K,), "w": (H,), "lambda": S},
    ),
    "squares of members": (
        r"$$L = \sum_{i=1}^N (\mathbf{W} \mathbf{x}_i - \mathbf{t}_i)^2$$",
        lambda W, x, t: ((x @ W.T - t) ** 2).sum(), {"W": (K, D), "x": (N, D), "t": (N, K)},
    ),
    "light matrices": (
        r"$$J = \frac12 (X\theta - y)^T (X \theta - y)$$"
        r" Show that $$\frac{\partial J}{\partial \theta} = X^T (X \theta - y).$$",
        lambda X, theta, y: ((X @ theta - y) ** 2).sum() / 2, {"X": (N, D), "theta": (D,), "y": (N,)},
    ),
    "a light transposed matrix": (
        r"$$L = \|X^T w - t\|^2$$", lambda X, w, t: ((X.T @ w - t) ** 2).sum(), {"X": (D, N), "w": (D,), "t": (N,)},
    ),
    "light vectors": (
        r"$$z = W x + b, \quad L = \frac12 (z - t)^T (z - t) + \lambda w^T w$$",
        lambda W, x, b, t, w, **o: ((W @ x + b - t) ** 2).sum() / 2 + o["lambda"] * w @ w,
        {"W": (K, D), "x": (D,), "b": (K,), "t": (K,), "w": (H,), "lambda": S},
    ),
    "arrays in words": (
        r"$$h = \sigma(W x), \quad y = V h, \quad L = \frac{1}{2}\|y - t\|^2$$ where $W$ and $V$ are weight matrices,"
        r" $x$ is a vector.",
        lambda W, x, V, t: ((V @ sigmoid(W @ x) - t) ** 2).sum() / 2,
        {"W": (H, D), "x": (D,), "V": (K, H), "t": (K,)},
    ),
    "a size that is given, too": (
        r"$$z = A x + n, \quad L = \|z\|^2$$"
        r" with $x \in \mathbb{R}^n$, $A \in \mathbb{R}^{m \times n}$, $n \in \mathbb{R}^m$.",
        lambda A, x, n: ((A @ x + n) ** 2).sum(), {"A": (K, D), "x": (D,), "n": (K,)},
    ),
    "a size that is a number, too": (
        r"$$y = w^\top x, \quad L = (d - y)^2$$ with $x \in \mathbb{R}^d$ and the target $d \in \mathbb{R}$.",
        lambda w, x, d: (d - w @ x) ** 2, {"w": (D,), "x": (D,), "d": S},
    ),
    "a size that is a family, too": (
        r"$$L = \sum_{n=1}^N (w^\top x_n - d_n)^2$$ with $x_n \in \mathbb{R}^d$, $d_n \in \mathbb{R}$.",
        lambda w, x, d: ((x @ w - d) ** 2).sum(), {"w": (D,), "x": (N, D), "d": (N,)},
    ),
    "a size that is a factor": (
        r"$$L = \frac{1}{d} (w^\top x - y)^2$$ with $x \in \mathbb{R}^d$ and $d \in \mathbb{N}$.",
        lambda w, x, y: (w @ x - y) ** 2 / D, {"w": (D,), "x": (D,), "y": S},
    ),
    **{
        f"members with a prime, {letter}, {prime}": (
            r"$$L = \sum_{i=1}^N \exp(z_i^\top PRIME)$$ with $z_i, PRIME \in \mathbb{R}^d$."
            .replace("PRIME", prime).replace("z", letter),
            lambda z, z_prime: np.exp((z * z_prime).sum(axis=1)).sum(), {"z": (N, D), "z_prime": (N, D)},
        )
        for letter, prime in (("z", "z'_i"), ("z", "z_i'"), (r"\mathbf{z}", "z'_i"), (r"\mathbf{z}", "z_{i}'"))
    },
    "light layers behind a bold input": (
        r"$$z = W_1 \mathbf{x} + b_1, \quad h = \sigma(z), \quad L = \frac12 \|W_2 h - \mathbf{y}\|^2$$"
        r" with $\mathbf{x} \in \mathbb{R}^K$ and $\mathbf{y} \in \mathbb{R}^K$.",
        lambda W1, x, b1, W2, y: ((W2 @ sigmoid(W1 @ x + b1) - y) ** 2).sum() / 2,
        {"W1": (H, K), "x": (K,), "b1": (H,), "W2": (K, H), "y": (K,)},
    ),
    "a number behind a light layer": (
        r"$$s = \mathbf{v}^\top W \mathbf{x}, \quad L = C s^2$$"
        r" with $\mathbf{x} \in \mathbb{R}^D$, $\mathbf{v} \in \mathbb{R}^K$.",
        lambda v, W, x, C: C * (v @ W @ x) ** 2, {"v": (K,), "W": (K, D), "x": (D,), "C": S},
    ),
    "arrays in words of a question": (
        r"$$h = \sigma(W x), \quad L = \frac{1}{2}\|V h - t\|^2$$ with $x \in \mathbb{R}^D$, $h \in \mathbb{R}^H$."
        r" Find the gradient of $L$ with respect to the weight matrix $V$.",
        lambda W, x, V, t: ((V @ sigmoid(W @ x) - t) ** 2).sum() / 2,
        {"W": (H, D), "x": (D,), "V": (K, H), "t": (K,)},
    ),
    "a case that is only asked about": (
        r"$$h = \sigma(W x), \quad L = \frac{1}{2}\|V h - t\|^2$$ with $x \in \mathbb{R}^D$, $h \in \mathbb{R}^H$,"
        r" $V \in \mathbb{R}^{D \times H}$. What changes if the weights are tied, i.e. $V = W^\top$?",
        lambda W, x, V, t: ((V @ sigmoid(W @ x) - t) ** 2).sum() / 2,
        {"W": (H, D), "x": (D,), "V": (D, H), "t": (D,)},
    ),
    "a capital before a square": (
        r"$$z = w^\top x, \quad L = (z - y)^2 + \frac{C}{2} w^\top w$$ with $x \in \mathbb{R}^D$.",
        lambda w, x, y, C: (w @ x - y) ** 2 + C / 2 * w @ w, {"w": (D,), "x": (D,), "y": S, "C": S},
    ),
    "a matrix in a square": (
        r"$$z = w^\top x, \quad L = (z - y)^2 + w^\top A w$$ with $x \in \mathbb{R}^D$.",
        lambda w, x, y, A: (w @ x - y) ** 2 + w @ A @ w, {"w": (D,), "x": (D,), "y": S, "A": (D, D)},
    ),
    "arrays in German words": (
        r"$$z = W x + b, \quad L = \|z\|^2$$ Sei $W$ eine Matrix und $x$ ein Vektor.",
        lambda W, x, b: ((W @ x + b) ** 2).sum(), {"W": (K, D), "x": (D,), "b": (K,)},
    ),
    "an entry of a matrix is a number": (
        r"$$y = w x, \quad L = (y - t)^2$$ where $w$ is an entry of the weight matrix.",
        lambda w, x, t: (w * x - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "a number of terms that divides elsewhere, too": (
        r"$$L = \frac{1}{n} \sum_i (w x_i - t_i)^2 + \frac{\lambda}{n} w^2$$",
        lambda w, x, t, **o: ((w * x - t) ** 2).mean() + o["lambda"] / N * w**2,
        {"w": S, "x": (N,), "t": (N,), "lambda": S},
    ),
    "the other norm": (
        r"$$L = \sum_{i=1}^n (y_i - \mathbf{x}_i^\top \boldsymbol\beta)^2 + \lambda |\boldsymbol\beta|_1$$",
        lambda y, x, beta, **o: ((y - x @ beta) ** 2).sum() + o["lambda"] * np.sqrt(beta**2).sum(),
        {"y": (N,), "x": (N, D), "beta": (D,), "lambda": S},
    ),
    "a light neuron": (
        r"$$y = w^T x + b, \quad L = (y - t)^2$$",
        lambda w, x, b, t: (w @ x + b - t) ** 2, {"w": (D,), "x": (D,), "b": S, "t": S},
    ),
    "a bias for each column": (
        r"$$\mathbf{Z} = \mathbf{W}\mathbf{X} + \mathbf{b}, \quad L = \frac12 \|\mathbf{Z} - \mathbf{T}\|_F^2$$",
        lambda W, X, b, T: ((W @ X + b - T) ** 2).sum() / 2, {"W": (K, D), "X": (D, N), "b": (K, 1), "T": (K, N)},
    ),
    "a bias for each row": (
        r"$$\mathbf{Z} = \mathbf{X}\mathbf{W} + \mathbf{b}, \quad L = \frac12 \|\mathbf{Z} - \mathbf{T}\|_F^2$$",
        lambda X, W, b, T: ((X @ W + b - T) ** 2).sum() / 2, {"X": (N, D), "W": (D, K), "b": (K,), "T": (N, K)},
    ),
    "a bias that fits the columns alone": (
        r"$$Z = A X + c, \quad L = \|Z\|_F^2$$ where $X \in \mathbb{R}^{n \times m}$, $A \in \mathbb{R}^{k \times n}$,"
        r" $c \in \mathbb{R}^k$.",
        lambda X, A, c: ((A @ X + c) ** 2).sum(), {"X": (D, N), "A": (K, D), "c": (K, 1)},
    ),
    "columns that are examples": (
        r"$X \in \mathbb{R}^{n_x \times m}$, $Y \in \mathbb{R}^{1 \times m}$, $V \in \mathbb{R}^{n_h \times n_x}$ and"
        r" $W \in \mathbb{R}^{1 \times n_h}$: $$A^{[1]} = \tanh(V X), \quad A^{[2]} = \sigma(W A^{[1]})$$ $$J ="
        r" -\frac1m \sum_{i=1}^m (y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)}))$$",
        lambda X, Y, V, W: -np.mean(
            Y * np.log(a := sigmoid(W @ np.tanh(V @ X))) + (1 - Y) * np.log(1 - a)
        ),
        {"X": (D, N), "Y": (1, N), "V": (H, D), "W": (1, H)},
    ),
    "a diagonal of entries": (
        r"Let $x, y, w \in \mathbb{R}^n$ and $W = \mathrm{diag}(w_1, \dots, w_n)$. $$L = \|W x - y\|^2$$",
        lambda x, y, w: ((w * x - y) ** 2).sum(), {"x": (N,), "y": (N,), "w": (N,)},
    ),
    "a neuron of columns": (
        r"$X \in \mathbb{R}^{n \times m}$, $Y \in \mathbb{R}^{k \times m}$, $W \in \mathbb{R}^{k \times n}$:"
        r" $$z^{(i)} = W x^{(i)}, \quad J = \sum_{i=1}^m \|z^{(i)} - y^{(i)}\|^2$$",
        lambda X, Y, W: ((W @ X - Y) ** 2).sum(), {"X": (D, N), "Y": (K, N), "W": (K, D)},
    ),
    "a declaration among equations": (
        r"$$\mathbf{y} = \mathbf{W} \mathbf{x}, \quad \mathbf{W} \in \mathbb{R}^{K \times D}, \mathbf{x} \in"
        r" \mathbb{R}^D, \quad L = \|\mathbf{y}\|^2$$",
        lambda W, x: ((W @ x) ** 2).sum(), {"W": (K, D), "x": (D,)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTES)
def test_a_custom_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)


SAID = {
    "bars": "by custom, line 1: the absolute value of a vector is that of its length",
    "squares of members": "by custom, line 1: the square of a vector is that of its length",
    "light matrices": "by custom, line 1: X taken as matrices, since the note transposes light letters",
    "a bias for each column": "by custom, line 1: b is added to each column",
}


@pytest.mark.parametrize("name", SAID)
def test_the_report_names_a_custom(name: str, tmp_path: Path) -> None:
    assert SAID[name] in loaded(tmp_path, NOTES[name][0]).remarks


@pytest.mark.parametrize("size", "mn")
def test_members_of_a_computed_array_that_are_no_columns_are_refused(size: str, tmp_path: Path) -> None:
    text = rf"$X \in \mathbb{{R}}^{{m \times {size}}}$, $V \in \mathbb{{R}}^{{m \times m}}$: $$A = \tanh(V X)$$"
    text += r"$$J = \sum_{i=1}^m \|a^{(i)}\|^2$$"
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert str(caught.value.diagnostics[0].code) == "notes.letter_case"


@pytest.mark.parametrize("entries", [r"w_1, \dots, w_n", r"1/w_1, \dots, 1/w_n", r"w_1, w_3, \dots, w_n"])
def test_a_diagonal_that_is_not_read_is_no_full_matrix(entries: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        loaded(tmp_path, rf"Let $x, y \in \mathbb{{R}}^n$, $W = \mathrm{{diag}}({entries})$. $$L = \|W x - y\|^2$$")


LAYER = r"$x \in \mathbb{R}^D$, $W \in \mathbb{R}^{K \times D}$: $$z = W x$$ $$f = \tanh(z)$$ "
OF_X = r"$x \in \mathbb{R}^D$, $W \in \mathbb{R}^{K \times D}$ and $f(x) = \tanh(Wx)$. "


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (OF_X + "Compute the Jacobian of $f$ with respect to $x$.", ["df/dx"]),
        (OF_X + "Derive the Jacobian matrix $J$ of $f$.", ["df/dx"]),
        (OF_X + "Berechnen Sie die Jacobi-Matrix von $f$.", ["df/dx"]),
        (LAYER + r"Find $\frac{\partial z}{\partial x}$ and $\frac{\partial f}{\partial x}$.", ["dz/dx", "df/dx"]),
        (
            LAYER + r"Find the Jacobians $\frac{\partial f}{\partial z}$ and $\frac{\partial z}{\partial W}$.",
            ["df/dz", "dz/dW"],
        ),
        (LAYER + "Compute the Jacobian of $f$.", []),
    ],
)
def test_a_vector_without_a_loss_has_jacobians(text: str, found: list[str], tmp_path: Path) -> None:
    note = loaded(tmp_path, text)
    assert note.upstream == "f"
    assert [f"d{of}/d{by}" for part in note.parts for of, (by,), _ in part.totals] == found
    random = np.random.default_rng(3)
    W, x = random.normal(size=(K, D)), random.normal(size=D)
    f = np.tanh(z := W @ x)
    slope = np.diag(1 - f**2)
    wanted = {"df/dx": slope @ W, "df/dz": slope, "dz/dx": W, "dz/dW": np.einsum("ij,k->ijk", np.eye(K), x)}
    for item in problem_json(note.solve()).get("jacobians", []):
        value = value_of(item["numpy"], {"W": W, "x": x, "z": z, "f": f})
        np.testing.assert_allclose(value, wanted[f"d{item['of']}/d{item['by']}"], rtol=1e-12)


@pytest.mark.parametrize("said", ["Here $L$ depends on $f$.", "The error is measured elsewhere.", "We minimize $L$."])
def test_a_loss_that_was_not_read_is_no_abstract_one(said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, f"{OF_X}{said} Compute the Jacobian of $f$ with respect to $x$.")
    assert str(caught.value.diagnostics[0].code) == "notes.loss_not_read"


@pytest.mark.parametrize(
    "said",
    [
        r"Let $L$ be any scalar loss and $G = \partial L/\partial f$ given.",
        r"The derivative of the loss, $\frac{\partial L}{\partial f}$, is given.",
        r"Let $L$ be some differentiable loss.",
        r"Sei $L$ ein beliebiger skalarer Verlust.",
        r"Der Gradient des Verlusts $g = \nabla_f L$ ist bekannt.",
    ],
)
def test_any_loss_of_a_layer_alone(said: str, tmp_path: Path) -> None:
    layer = r"$x \in \mathbb{R}^D$, $W \in \mathbb{R}^{K \times D}$. $$f = \tanh(W x)$$ "
    note = loaded(tmp_path, rf"{layer}{said} Compute $\partial L/\partial W$ and $\partial L/\partial x$.")
    assert note.upstream == "f"
    assert [name for part in note.parts for name in part.targets] == ["W", "x"]


def test_a_loss_that_is_not_given_keeps_its_name(tmp_path: Path) -> None:
    note = loaded(
        tmp_path, r"$$\mathbf{y} = \mathbf{W} \mathbf{x}, \quad J = \ell(\mathbf{y})$$ Compute $\nabla_{\mathbf{W}} J$."
    )
    assert (note.loss, note.upstream) == ("J", "y")
    assert [part.targets for part in note.parts] == [("W",)]
    assert str(note.solve()["W"]).splitlines()[-1] == "dJ/dW = dJ/dy @ x.T"


def test_an_abstract_function_of_a_number_is_no_abstract_loss(tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$z = w x, \quad L = f(z)$$")
    assert note.upstream is None
    assert note.abstract == {"f"}


SQUARE = r"$A, B \in\mathbb{R}^{n\times n}$"


@pytest.mark.parametrize(
    ("words", "symmetric", "unread"),
    [
        (rf"{SQUARE}, where $A$ is a symmetric positive definite matrix,", {"A"}, 0),
        (rf"symmetric matrices {SQUARE},", {"A", "B"}, 0),
        (rf"{SQUARE} symmetric,", {"A", "B"}, 0),
        (rf"{SQUARE}, $B$ sei symmetrisch,", {"B"}, 0),
        (rf"{SQUARE}, $A$ is not symmetric,", set(), 1),
        (rf"{SQUARE}, where $A$ is skew-symmetric and $B$ is real and symmetric,", {"B"}, 1),
        (r"$B \in\mathbb{R}^{n\times n}$, $A$ be a symmetric $n \times n$ matrix,", {"A"}, 0),
        (rf"a symmetric problem. {SQUARE},", set(), 1),
        (rf"{SQUARE}, a symmetric $x$,", set(), 1),
    ],
)
def test_what_is_called_symmetric(words: str, symmetric: set[str], unread: int, tmp_path: Path) -> None:
    note = loaded(tmp_path, rf"Let {words} $x \in \mathbb{{R}}^n$ and $$L = x^\top A x + x^\top B x.$$")
    assert {symbol.name for symbol in note.symbols.values() if symbol.symmetric} == symmetric
    assert sum("symmetri" in remark for remark in note.remarks) == unread
    same_as(note, lambda A, B, x: x @ A @ x + x @ B @ x, {"A": (N, N), "B": (N, N), "x": (N,)})


def test_a_vector_is_not_the_vectors_that_are_counted(tmp_path: Path) -> None:
    declared = r"Let $x_1,\dots,x_N \in \mathbb{R}^D$ and $x, w \in \mathbb{R}^D$, "
    note = declared + r"$$L = \sum_{i=1}^N (w^\top x_i - w^\top x)^2.$$"
    with pytest.raises(InputError):
        loaded(tmp_path, note)


def test_a_loss_that_is_applied_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        loaded(
            tmp_path,
            r"$$P = f(W X), \quad L = f(P)$$ with $X \in \mathbb{R}^{n \times m}$, $W \in \mathbb{R}^{k \times n}$",
        )


NUMBERED = r"""\begin{align}
y &= w x + b & (1) \\
z &= 3 y \left(2\right) \\
L &= (z - t)^2. \qquad (3)
\end{align}"""


def test_the_number_of_an_equation_is_no_factor(tmp_path: Path) -> None:
    note = loaded(tmp_path, NUMBERED)
    same_as(note, lambda w, x, b, t: (3 * (w * x + b) - t) ** 2, dict.fromkeys("wxbt", ()))
    assert [remark.rpartition(": ")[2] for remark in note.remarks] == [
        f"({n}) is the number of the equation" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("factor", [r"\cdot (2)", r"\cdot [2]", r"\times (2)"])
def test_a_number_in_parentheses_within_an_equation_is_a_factor(factor: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, rf"$$y = w \cdot x {factor}, \quad L = (y - t)^2$$")
    same_as(note, lambda w, x, t: (2 * w * x - t) ** 2, dict.fromkeys("wxt", ()))


@pytest.mark.parametrize(
    ("range_", "unread"),
    [(r"i = 1, \dots, N - K + 1", True), (r"i = 1,\ldots,N/2", True), (r"i = 1, \dots, M", False)],
)
def test_a_range_to_a_sum_is_named(range_: str, unread: bool, tmp_path: Path) -> None:
    """The derivatives hold whatever the sizes are, and the page has names of its own for them."""
    note = loaded(tmp_path, rf"$$y_i = w x_i + b, \quad L = \sum_i (y_i - t_i)^2$$ for ${range_}$.")
    same_as(note, lambda w, x, b, t: ((w * x + b - t) ** 2).sum(), {"w": S, "x": (N,), "b": S, "t": (N,)})
    assert any(range_ in remark for remark in note.remarks) == unread


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Find $dJ/dw$.", [("derive", ("w",))]),
        ("Compute $dJ/dw$ and $dJ / du$.", [("derive", ("w", "u"))]),
        (r"Compute $dJ/dw$ and $\frac{dJ}{du}$.", [("derive", ("w", "u"))]),
        ("Show that $dJ/dw = 2 u x$.", [("show", ())]),
        ("Show that $dJ/dw = 2 u x$ and compute $dJ/du$.", [("show", ()), ("derive", ("u",))]),
        ("Compute $dJ/du$ and show that $dJ/dw = 2 u x$.", [("derive", ("u",)), ("show", ())]),
    ],
)
def test_a_quotient_of_differentials_on_one_line(question: str, parts: list[Any], tmp_path: Path) -> None:
    note = loaded(tmp_path, rf"$$u = w x, \quad J = u^2$$ {question}")
    assert [(part.kind, part.targets) for part in note.parts] == parts
    assert not any("question" in remark for remark in note.remarks)


def test_d_that_is_a_quantity_is_no_differential(tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$d = w x, \quad J = d / c$$ with $c \in \mathbb{R}$. Find $dJ/dw$.")
    same_as(note, lambda w, x, c: w * x / c, {"w": S, "x": S, "c": S})
    assert not note.parts
    assert any("question" in remark for remark in note.remarks)


TWICE = [
    ("$$z = w x, \\quad L = z^2$$\n\n{between}\n$$z = \\tanh(w x), \\quad L = z^2$$", True),
    ("Let $z = w x$ and $L = z^2$.\n\n{between}\nLet $z = \\tanh(w x)$ and $L = z^2$.", True),
    ("$$z = w x, \\quad L = z^2$$\n\n{between}\n$$z = w x, \\quad L = z^2$$", False),
]


@pytest.mark.parametrize("heading", ["# Exercise 2", r"\section{Next}", "Exercise 2.", "**Aufgabe 2**"])
@pytest.mark.parametrize(("note", "other"), TWICE)
def test_two_problems_in_one_note_are_refused(note: str, other: bool, heading: str, tmp_path: Path) -> None:
    """The second was passed over without a word, and its question answered by the first."""
    text = note.replace("{between}", heading)
    if other:
        with pytest.raises(InputError, match="z has another equation here, of another problem"):
            loaded(tmp_path, text)
    else:
        same_as(loaded(tmp_path, text), lambda w, x: (w * x) ** 2, {"w": S, "x": S})


def test_another_equation_in_the_same_section_is_named(tmp_path: Path) -> None:
    note = loaded(tmp_path, "$$z = w x, \\quad L = z^2$$\nso that\n$$z = 2 w x$$")
    same_as(note, lambda w, x: (w * x) ** 2, {"w": S, "x": S})
    assert any("z has another equation" in remark for remark in note.remarks)


ENTRYWISE: dict[str, Note] = {
    "a light letter beside an array": (
        r"$$c = f \odot a, \quad L = \|c\|^2$$ with $a\in\mathbb{R}^H$.",
        lambda f, a: ((f * a) ** 2).sum(), {"f": (H,), "a": (H,)},
    ),
    "light gates": (
        r"$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t), \quad"
        r" L = \sum_{t=1}^T \|h_t\|^2$$ with $c_t, h_t\in\mathbb{R}^H$, $c_0 = 0$.",
        lambda f, i, g, o: gated(f, i, g, o), dict.fromkeys("figo", (K, H)),
    ),
    "what is told by the other factor": (
        r"$$z = W x, \quad m = r \odot z, \quad L = m^\top m$$ with $W\in\mathbb{R}^{H\times D}$.",
        lambda W, x, r: ((r * (W @ x)) ** 2).sum(), {"W": (H, D), "x": (D,), "r": (H,)},
    ),
}  # fmt: skip


GATED_UNIT = (
    r"$$z_t = \sigma(W_z x_t + U_z h_{t-1}),\quad r_t = \sigma(W_r x_t + U_r h_{t-1}),\quad"
    r" \tilde h_t = \tanh(W x_t + U(r_t\odot h_{t-1})),\quad h_t = (1-z_t)\odot h_{t-1} + z_t\odot\tilde h_t$$"
    r" with $h_t \in\mathbb{R}^H$, $x_t\in\mathbb{R}^D$, $h_0=0$ and $L = \frac12\|h_T - y\|^2$."
)


def test_a_capital_before_a_product_is_a_matrix_as_its_kin(tmp_path: Path) -> None:
    def unit(**v: Any) -> Any:
        h = np.zeros(H)
        for x in v["x"]:
            z, r = (sigmoid(v[f"W_{mark}"] @ x + v[f"U_{mark}"] @ h) for mark in "zr")
            h = (1 - z) * h + z * np.tanh(v["W"] @ x + v["U"] @ (r * h))
        return ((h - v["y"]) ** 2).sum() / 2

    weights = {f"W{mark}": (H, D) for mark in ("", "_z", "_r")} | {f"U{mark}": (H, H) for mark in ("", "_z", "_r")}
    same_as(loaded(tmp_path, GATED_UNIT), unit, {**weights, "x": (K, D), "y": (H,)})


@pytest.mark.parametrize("kin", ["F_c", "F_1"])
def test_a_capital_before_one_letter_stays_a_function_or_a_factor(kin: str, tmp_path: Path) -> None:
    declared = r"with $W\in\mathbb{R}^{H\times D}$"
    note = rf"$$z = W x, \quad y = F(z), \quad s = {kin} z, \quad L = \|y\|^2 + \|s\|^2$$ {declared}"
    with pytest.raises(InputError):
        loaded(tmp_path, note)


def gated(f: Any, i: Any, g: Any, o: Any) -> Any:
    c, loss = 0, 0
    for t in range(len(f)):
        c = f[t] * c + i[t] * g[t]
        loss = loss + ((o[t] * np.tanh(c)) ** 2).sum()
    return loss


@pytest.mark.parametrize("name", ENTRYWISE)
def test_factors_of_an_element_wise_product_have_one_shape(name: str, tmp_path: Path) -> None:
    """Letters of which nothing else was told were numbers."""
    text, truth, shapes = ENTRYWISE[name]
    same_as(loaded(tmp_path, text), truth, shapes)


@pytest.mark.parametrize(
    ("words", "one_hot"),
    [("What changes if $y$ is one-hot?", False), ("Here $y$ is one-hot.", True), ("Sei $y$ one-hot.", True)],
)
def test_what_is_only_supposed_is_not_so(words: str, one_hot: bool, tmp_path: Path) -> None:
    note = loaded(
        tmp_path, rf"Let $p = \mathrm{{softmax}}(z)$, $L = -\sum_k y_k \log p_k$, $z\in\mathbb{{R}}^K$. {words}"
    )
    assert note.symbols["y"].one_hot == one_hot


@pytest.mark.parametrize(
    ("equations", "found"),
    [
        (
            r"p = \mathrm{softmax}(z), \quad L = -\sum_k y_k \log p_k$$ with $z\in\mathbb{R}^K$.",
            [("jacobian", ("dp/dz",))],
        ),
        (r"z_n = W x_n, p_n = \tanh(z_n), L = \sum_n p_n^\top p_n$$ with $W\in\mathbb{R}^{K \times D}$.", []),
    ],
)
@pytest.mark.parametrize(
    "question", ["Compute the Jacobian of $p$ with respect to $z$.", "Give the Jacobian of $p$ w.r.t. $z$."]
)
def test_the_jacobian_of_entries_is_that_of_the_array(
    equations: str, found: list[Any], question: str, tmp_path: Path
) -> None:
    note = loaded(tmp_path, f"$${equations}\n{question}")
    assert [(part.kind, tuple(f"d{of}/d{by}" for of, (by,), _ in part.totals)) for part in note.parts] == found


LAYERS_OF_TABLE = "\n\n$$z = W x + b, \\quad L = \\frac12\\|V \\tanh(z) - y\\|^2$$\nCompute $\\partial L/\\partial W$."
TABLES = {
    "md": (
        "| Symbol | Shape | Meaning |\n|---|:-:|---|\n| $x$ | $D$ | input |\n| $W$, $U$ | H × D | weights |\n"
        "| $b$ | (H,) | bias |\n| $V$ | $\\mathbb{R}^{K \\times H}$ | weights |\n| y | K x 1 | target |\n"
        "| $D$ | integer | number of inputs |\nThe last one counts."
    ),
    "tex": (
        r"\begin{tabular}{|l|c|l|} \hline Gr\"o{\ss}e & Form & Bedeutung \\ \hline $x$ & $D$ & Eingabe \\ $W$ &"
        r" $H \times D$ & Gewichte \\ $b$ & $H$ & \\ $V$ & (K, H) & Gewichte \\ \midrule $y$ & $K$ & Ziel \\ \hline"
        r" \end{tabular}"
    ).replace(r"Gr\"o{\ss}e", "Größe"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
def test_the_rows_of_a_table_declare(kind: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, TABLES[kind] + LAYERS_OF_TABLE)
    shapes = {"x": (D,), "W": (H, D), "b": (H,), "V": (K, H), "y": (K,)}
    assert [s.role for s in note.symbols.values() if s.role != "node"].count("parameter") == 3
    same_as(note, lambda x, W, b, V, y: ((V @ np.tanh(W @ x + b) - y) ** 2).sum() / 2, shapes)
    assert not [remark for remark in note.remarks if "heads" in remark or "not read" in remark]


@pytest.mark.parametrize("cell", ["variable length", r"$D \times N$ (columns are examples)", "DxH", "hidden"])
def test_a_cell_that_is_no_shape_is_refused(cell: str, tmp_path: Path) -> None:
    text = TABLES["md"].replace("H × D", cell)
    with pytest.raises(InputError, match=r"note\.md:4:.*read as no shape"):
        loaded(tmp_path, text + LAYERS_OF_TABLE)


def test_a_table_with_other_heads_is_named(tmp_path: Path) -> None:
    text = "$W \\in \\mathbb{R}^{H \\times D}$\n\n" + TABLES["md"].replace("Meaning", "Value").partition("| $b$")[0]
    note = loaded(tmp_path, text + "\n$$z = W x, \\quad L = \\frac12\\|z - y\\|^2$$ with $x \\in \\mathbb{R}^D$.")
    assert any("line 3: the heads of a table, Symbol, Shape, Value, tell nothing" in r for r in note.remarks)

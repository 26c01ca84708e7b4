r"""Notes after the habits of courses' sheets: names between equals signs, rows, parameters below functions, stacks.

Each is compared with a NumPy function by a complex step; beside each kind stand texts that look alike and are refused,
or mean something else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded, same_as, sigmoid, softmax

from backsym.core.errors import InputError

D, H, K, N, S = 3, 4, 2, 5, ()
Note = tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]


def cross_entropy(p: Any, y: Any) -> Any:
    return -(y * np.log(p)).sum()


def binary(p: Any, y: Any) -> Any:
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


NOTES: dict[str, Note] = {
    # A name between two equals signs is computed.
    "an output that has two names": (
        r"""$$z = w^\top x + b, \quad \hat{y} = a = \sigma(z)$$ $$L = \frac12 (\hat{y} - t)^2 + \lambda a^2$$
where $x, w \in \mathbb{R}^D$.""",
        lambda w, x, b, t, **o: (sigmoid(w @ x + b) - t) ** 2 / 2 + o["lambda"] * sigmoid(w @ x + b) ** 2,
        {"w": (D,), "x": (D,), "b": S, "t": S, "lambda": S},
    ),
    "a bold output whose second name has entries": (
        r"""$$\hat{\mathbf{y}} = \mathbf{a} = \mathbf{W}\mathbf{x}$$
$$L = \frac12\|\hat{\mathbf{y}} - \mathbf{t}\|^2 + \sum_k a_k$$""",
        lambda W, x, t: ((W @ x - t) ** 2).sum() / 2 + (W @ x).sum(),
        {"W": (K, D), "x": (D,), "t": (K,)},
    ),
    "a class beside the loss of its letter": (
        r"$$C = \sum_{i=1}^N (c_i - \sigma(w x_i))^2$$",
        lambda w, x, c: ((c - sigmoid(w * x)) ** 2).sum(),
        {"w": S, "x": (N,), "c": (N,)},
    ),
    "an output whose second name alone is used": (
        r"""$$z^{[1](i)} = W^{[1]} x^{(i)} + b^{[1]}, \quad a^{[1](i)} = \tanh(z^{[1](i)})$$
$$\hat{y}^{(i)} = a^{[2](i)} = \sigma(W^{[2]} a^{[1](i)} + b^{[2]})$$
$$J = -\frac{1}{m} \sum_{i=1}^m \left( y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log (1 - a^{[2](i)}) \right)$$
$W^{[1]}$ is $4 \times n$ and $W^{[2]}$ is $1 \times 4$. Find $\partial J/\partial W^{[2]}$.""",
        lambda x, W1, b1, W2, b2, y: binary(sigmoid((np.tanh(x @ W1.T + b1) @ W2.T)[:, 0] + b2), y),
        {"x": (N, D), "W1": (H, D), "b1": (H,), "W2": (1, H), "b2": S, "y": (N,)},
    ),
    "a hypothesis that the text defines twice": (
        r"""Let $h_\theta(x) = g(\theta^T x) = \frac{1}{1+e^{-\theta^T x}}$, where $g(z) = \frac{1}{1+e^{-z}}$.
$$\ell(\theta) = \sum_{i=1}^m y^{(i)} \log h_\theta(x^{(i)}) + (1-y^{(i)}) \log (1 - h_\theta(x^{(i)}))$$
Compute the gradient $\nabla_\theta \ell(\theta)$.""",
        lambda theta, x, y: -N * binary(sigmoid(x @ theta), y),
        {"theta": (D,), "x": (N, D), "y": (N,)},
    ),
    "parameters below a function": (
        r"""$$a^{(2)} = f(W^{(1)} x + b^{(1)})$$ $$h_{W,b}(x) = a^{(3)} = f(W^{(2)} a^{(2)} + b^{(2)})$$
with $f(z) = \frac{1}{1+\exp(-z)}$ and $$J(W,b;x,y) = \frac{1}{2} \left\| h_{W,b}(x) - y \right\|^2.$$
Here $x \in \mathbb{R}^n$, $a^{(2)} \in \mathbb{R}^s$. Compute $\nabla_{W^{(1)}} J(W,b;x,y)$.""",
        lambda x, y, W1, b1, W2, b2: ((sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2) - y) ** 2).sum() / 2,
        {"x": (D,), "y": (K,), "W1": (H, D), "b1": (H,), "W2": (K, H), "b2": (K,)},
    ),
    "a hypothesis within a chain": (
        r"""$$P(y=1|x) = h_\theta(x) = \frac{1}{1 + \exp(-\theta^\top x)} \equiv \sigma(\theta^\top x)$$
$$J(\theta) = - \sum_i \left(y^{(i)} \log(h_\theta(x^{(i)})) + (1 - y^{(i)}) \log(1 - h_\theta(x^{(i)})) \right).$$""",
        lambda theta, x, y: N * binary(sigmoid(x @ theta), y),
        {"theta": (D,), "x": (N, D), "y": (N,)},
    ),
    "means of features, by two letters below": (
        r"""Let $x \in \mathbb{R}^{N \times D}$. $$\mu_d = \frac{1}{N} \sum_{n=1}^N x_{nd}, \quad
v_d = \frac{1}{N} \sum_{n=1}^N (x_{nd} - \mu_d)^2, \quad L = \sum_d c_d \sqrt{v_d}$$""",
        lambda x, c: c @ np.sqrt(((x - x.mean(0)) ** 2).mean(0)),
        {"x": (N, D), "c": (D,)},
    ),
    "a network whose output is said to be a number": (
        r"""$$z^{[1]} = W^{[1]} x + b^{[1]}, \quad a^{[1]} = \tanh(z^{[1]})$$
$$z^{[2]} = W^{[2]} a^{[1]} + b^{[2]}, \quad \hat{y} = a^{[2]} = \sigma(z^{[2]})$$
$$\mathcal{L} = -\left(y \log \hat{y} + (1-y) \log(1-\hat{y})\right)$$
where $x \in \mathbb{R}^{n_x}$, $z^{[1]} \in \mathbb{R}^{n_h}$ and $y \in \{0, 1\}$.""",
        lambda W1, x, b1, W2, b2, y: binary(sigmoid((W2 @ np.tanh(W1 @ x + b1))[0] + b2), y),
        {"W1": (H, D), "x": (D,), "b1": (H,), "W2": (1, H), "b2": S, "y": S},
    ),
    "an activation function whose value has a length": (
        r"""$$\mathbf{z}= \mathbf{W} \mathbf{x}$$ where $\mathbf{W} \in \mathbb{R}^{h \times d}$. By the activation
function $\phi$ we obtain an activation vector of length $h$: $$\mathbf{v} = \phi (\mathbf{z}), \quad \phi(u) = u^2$$
$$L = \frac12 \|\mathbf{v} - \mathbf{y}\|^2$$""",
        lambda W, x, y: (((W @ x) ** 2 - y) ** 2).sum() / 2,
        {"W": (H, D), "x": (D,), "y": (H,)},
    ),
    # Rows.
    "rows, whose entries have one index": (
        r"""$$\mathbf{h} = \sigma(\mathbf{x}\mathbf{W}_1 + \mathbf{b}_1), \quad
\hat{\mathbf{y}} = \text{softmax}(\mathbf{h}\mathbf{W}_2)$$ where $\mathbf{x} \in \mathbb{R}^{1\times D_x}$,
$\mathbf{b}_1 \in \mathbb{R}^{1 \times H}$ and $\mathbf{y}$ is a one-hot label.
$$J = CE(\mathbf{y}, \hat{\mathbf{y}}) = -\sum_{i} y_i \log(\hat{y}_i)$$""",
        lambda x, W1, b1, W2, y: cross_entropy(softmax((sigmoid(x @ W1 + b1) @ W2)[0]), y),
        {"x": (1, D), "W1": (D, H), "b1": (1, H), "W2": (H, K), "y": (K,)},
    ),
    # An array and its members.
    "weights as rows, and their length as a matrix": (
        r"""$$s_k = \mathbf{w}_k^\top \mathbf{x}, \quad p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}$$
$$L = -\sum_k t_k \log p_k + \lambda \|\mathbf{W}\|_F^2$$ Compute $\nabla_{\mathbf{w}_k} L$.""",
        lambda w, x, t, **o: cross_entropy(softmax(w @ x), t) + o["lambda"] * (w**2).sum(),
        {"w": (K, D), "x": (D,), "t": (K,), "lambda": S},
    ),
    "a design matrix within what is to be shown": (
        r"""$$\mathcal{L}(\mathbf{w}) = \frac{1}{2N} \sum_{n=1}^N (y_n - \mathbf{x}_n^\top \mathbf{w})^2 =
\frac{1}{2N} \mathbf{e}^\top \mathbf{e},$$ where $\mathbf{e} = \mathbf{y} - \mathbf{X}\mathbf{w}$. Show that
$$\nabla \mathcal{L}(\mathbf{w}) = -\frac1N \mathbf{X}^\top \mathbf{e}.$$""",
        lambda w, x, y: ((y - x @ w) ** 2).sum() / 2 / N,
        {"w": (D,), "x": (N, D), "y": (N,)},
    ),
    # Names.
    "a size with the letter of a vector": (
        r"""Let $\mathbf{x} \in \mathbb{R}^d$, $\mathbf{W} \in \mathbb{R}^{h \times d}$.
$$\mathbf{z} = \mathbf{W} \mathbf{x}$$
$$\mathbf{h} = \tanh(\mathbf{z})$$ $$L = \frac12 \|\mathbf{h} - \mathbf{y}\|^2$$ The vector has length $h$.""",
        lambda W, x, y: ((np.tanh(W @ x) - y) ** 2).sum() / 2,
        {"W": (H, D), "x": (D,), "y": (H,)},
    ),
    "accents as they are typed": (
        "$$L = −[y \\log ŷ + (1 − y) \\log(1 − ŷ)]$$ where $y\u0302 = σ(w^T x + b)$, $x ∈ ℝ^D$.",
        lambda w, x, b, y: binary(sigmoid(w @ x + b), y),
        {"w": (D,), "x": (D,), "b": S, "y": S},
    ),
    "words below vectors": (
        r"""$$g = \tanh(W_g x + U_g h), \quad c' = c \odot g, \quad c_{new} = c' + c$$
$$L = \sum_i (c_{new,i} - y_i)^2$$ $x \in \mathbb{R}^D$, $h, c \in \mathbb{R}^H$.""",
        lambda W_g, U_g, x, h, c, y: ((c * np.tanh(W_g @ x + U_g @ h) + c - y) ** 2).sum(),
        {"W_g": (H, D), "U_g": (H, H), "x": (D,), "h": (H,), "c": (H,), "y": (H,)},
    ),
    "a model of one example, said of each": (
        r"""The data are $\mathbf{x} \in \mathbb{R}^d$ and $y \in \{0, 1\}$. The model is
$p(\mathbf{x}) = \sigma(\mathbf{w}^\top \mathbf{x} + b)$ and $$L = \frac1N \sum_{n=1}^N (p(\mathbf{x}_n) - y_n)^2$$""",
        lambda w, x, b, y: ((sigmoid(x @ w + b) - y) ** 2).mean(),
        {"w": (D,), "x": (N, D), "b": S, "y": (N,)},
    ),
    "a function of each entry": (
        r"""Let $x \in \mathbb{R}^d$ and $f(x) = \frac{1}{2} x^2 + \beta x$.
$$L = \sum_{i=1}^d f(u x_i) + \sum_{i=1}^d f(x_i) + \frac{1}{2} \sum_{i=1}^d (x_i - y_i)^2$$""",
        lambda x, u, beta, y: (
            (u * x) ** 2 / 2 + beta * u * x + x**2 / 2 + beta * x + (x - y) ** 2 / 2
        ).sum(),
        {"x": (D,), "u": S, "beta": S, "y": (D,)},
    ),
    "the square that a derivative is by": (
        r"""$$\ell(\mu, \sigma^2) = -\frac{1}{2}\log(2\pi\sigma^2) - \frac{1}{2\sigma^2} \sum_{i=1}^n (x_i - \mu)^2.$$
Compute $\frac{\partial \ell}{\partial \mu}$ and $\frac{\partial \ell}{\partial \sigma^2}$.""",
        lambda x, mu, sigma2: -np.log(2 * np.pi * sigma2) / 2 - ((x - mu) ** 2).sum() / 2 / sigma2,
        {"x": (N,), "mu": S, "sigma2": S},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)


REFUSED = {
    "an output of one entry of which nothing says that it is a number": (
        r"""$$z^{[1]} = W^{[1]} x + b^{[1]}, \quad z^{[2]} = W^{[2]} z^{[1]} + b^{[2]}, \quad \hat{y} =
\sigma(z^{[2]})$$ $$\mathcal{L} = -\left(y \log \hat{y} + (1-y) \log(1-\hat{y})\right)$$
where $x \in \mathbb{R}^{n}$.""",
        "notes.size_one",
    ),
    "a column among rows": (
        r"""Let $\mathbf{x} \in \mathbb{R}^{1 \times D}$ and $\mathbf{A} \in \mathbb{R}^{K \times D}$.
$$\mathbf{s} = \mathbf{A}\mathbf{x}^\top, \quad L = \sum_i \exp(s_i)$$""",
        "notes.no_row",
    ),
    "members as columns": (
        r"$$L = \sum_{n=1}^N (y_n - \mathbf{x}_n^\top \mathbf{w})^2 + \mathbf{w}^\top \mathbf{X} \mathbf{c}$$",
        "notes.letter_case",
    ),
    "members of which nothing tells how they stand": (
        r"$$L = \sum_{n=1}^N (y_n - \mathbf{x}_n^\top \mathbf{w})^2 + \mathbf{b}^\top \mathbf{X} \mathbf{c}$$",
        "notes.letter_case",
    ),
    "numbers beside a vector that may be theirs": (
        r"$$y = w_1 x_1 + w_2 x_2, \quad E = (y - t)^2 + \lambda \|\mathbf{w}\|^2$$", "notes.entry_or_number",
    ),
    "weights before features of which nothing tells what they are": (
        r"$$L = \sum_{i=1}^n (w \cdot \phi(x_i) - y_i)^2$$", "notes.number_or_matrix",
    ),
    "a number before parentheses": (r"$$L = (\sigma(\beta (w x)) - t)^2$$", "notes.unknown_function"),
    "a size that is a position, too": (
        r"""Let $\mathbf{x} \in \mathbb{R}^d$, $\mathbf{W} \in \mathbb{R}^{h \times d}$.
$$\mathbf{h} = \mathbf{W} \mathbf{x}$$
$$L = \|\mathbf{h}\|^2 + x_h$$ It has length $h$.""",
        "notes.size_is_quantity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_looks_alike_is_refused(name: str, tmp_path: Path) -> None:
    text, code = REFUSED[name]
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert code in {diagnostic.code for diagnostic in caught.value.diagnostics}


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (r"$$q = p = \tanh(w), \quad p = w^2, \quad L = (q - p)^2$$", {"w"}),  # p has an equation of its own.
        (r"$$q = \tanh(w) = p, \quad L = q^2 + u p$$", {"w", "u"}),
        (r"$$q = p = \tanh(w), \quad L = q^2$$", {"w"}),
        (r"$$\ell = -\log\sigma - \frac{1}{2\sigma^2} (x - \mu)^2$$ Compute $\frac{\partial \ell}{\partial \sigma^2}$.",
         {"sigma", "x", "mu"}),
        (r"$$y = \mathbf{w}^\top \mathbf{x} + w_0, \quad L = (y - t)^2 + \|\mathbf{w}\|^2$$", {"w", "x", "w0", "t"}),
        (r"$$K_{i,j}(x) = x_i x_j, \quad L = \sum_{i,j} K_{i,j}(x) a_i a_j$$", {"x", "a"}),
    ],
)  # fmt: skip
def test_what_looks_alike_keeps_its_meaning(text: str, given: set[str], tmp_path: Path) -> None:
    assert {s.name for s in loaded(tmp_path, text).symbols.values() if s.role != "node"} == given


@pytest.mark.parametrize(
    ("loss", "words", "is_part"),
    [
        (r"\frac12 \|A w - b\|^2", "Find the $w$ that minimizes $J$.", True),
        (r"\frac12 \|A w - b\|^2", "Find the $w$ that maximizes $J$.", False),
        (r"\frac12 \|A w - b\|^2", "Find the maximizer of $J$ with respect to $w$.", False),
        (r"-\frac12 \|A w - b\|^2", "Find the maximizer of $J$ with respect to $w$.", True),
        (r"-\lambda \|w\|^2 + c^\top w", "Find the minimizer of $J$ with respect to $w$.", False),
        (r"w^\top c c^\top w - 2 w^\top c", "Find the $w$ that minimizes $J$.", False),
        (r"(w^\top c)(c^\top w) - 2 w^\top c", "Find the $w$ that minimizes $J$.", False),
        (r"w^\top S w - 2 w^\top c", "Find the $w$ that minimizes $J$.", True),
        (r"\frac12 \|A w - b\|^2", "Find the optimal $w^*$ in closed form.", True),
        (r"\frac12 \|A w - b\|^2", r"Derive the minimizer $w^\star$.", True),
        (r"\frac12 \|A w - b\|^2", r"Find the maximizer $w^\star$.", False),
        (r"\frac12 \|A w - b\|^2", r"Find the optimal $v^\star$.", False),
    ],
)
def test_a_stationary_point_is_asked_for_where_there_is_one(
    loss: str, words: str, is_part: bool, tmp_path: Path
) -> None:
    declared = r"Let $w, c \in \mathbb{R}^d$, $A \in \mathbb{R}^{n \times d}$, $S \in \mathbb{R}^{d \times d}$."
    note = loaded(tmp_path, f"{declared} $$J = {loss}$$ {words}")
    assert [part.kind for part in note.parts] == ["stationary"] * is_part
    assert any("question" in str(remark) for remark in note.remarks) != is_part


def test_a_derivative_beside_a_part_is_named(tmp_path: Path) -> None:
    text = r"$$L = (w x - t)^2$$ Compute $\frac{\partial L}{\partial w}$ and $\frac{\partial L}{\partial w^3}$."
    note = loaded(tmp_path, text)
    assert [part.targets for part in note.parts] == [("w",)]
    assert any("w^3" in str(remark) for remark in note.remarks)


@pytest.mark.parametrize(
    ("words", "parts", "named"),
    [
        (r"Derive $\nabla E(w)$ and the Hessian $\nabla\nabla E(w)$.", ["gradients", "hessian"], False),
        (r"Derive $\nabla E(w)$ and its Hessian, which is large.", ["gradients"], True),
        (r"Derive the gradient of $E$ with respect to $w$, where $x_n \in \mathbb{R}^D$.", ["gradients"], False),
        (r"Derive the gradient of $E$ with respect to $w$, where $x_n \in \mathbb{R}^D$ is huge.", [], True),
    ],
)
def test_what_stands_beside_a_question_is_read_or_named(
    words: str, parts: list[str], named: bool, tmp_path: Path
) -> None:
    note = loaded(tmp_path, rf"$$E(w) = \frac12 \sum_n (w^\top x_n - t_n)^2$$ {words}")
    assert [part.kind for part in note.parts] == parts
    assert any("question" in str(remark) for remark in note.remarks) == named


def test_two_primes_are_the_second_derivative(tmp_path: Path) -> None:
    note = loaded(tmp_path, "$$f(x) = \\log(1+e^x)$$ Compute $f'(x)$ and $f''(x)$.")
    assert [(part.kind, part.targets) for part in note.parts] == [("derive", ("x",)), ("hessian", ("x",))]


def test_a_graph_is_asked_for_in_german(tmp_path: Path) -> None:
    note = loaded(tmp_path, "$$L = (w x - t)^2$$ Zeichnen Sie den Berechnungsgraphen.")
    assert [part.kind for part in note.parts] == ["graph"]

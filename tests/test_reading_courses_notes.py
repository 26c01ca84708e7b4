r"""Lecture notes as the sheets of several courses have them, each against a NumPy function by complex steps.

The styles are those of CS231n, Nielsen, CS224n, Ng, Bishop, German exercise sheets, econometrics, statistics and
reinforcement learning; the texts are written for these tests.  None may be misread: a note is read as meant or refused.
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
Note = tuple[str, Callable[..., Any], dict[str, tuple[int, ...]], dict[str, Any]]


def positive(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


NOTES: dict[str, Note] = {
    # CS231n
    "softmax classifier": (
        r"""# Linear classification

We have scores $f = W x_i$ with $W \in \mathbb{R}^{K \times D}$ and $x_i \in \mathbb{R}^D$. Let $y_i$ be the correct
class. The cross-entropy loss has the form

$$
L_i = -\log\left(\frac{e^{f_{y_i}}}{ \sum_j e^{f_j} }\right)
$$

where $f_j$ is the $j$-th element of the vector of class scores $f$. What is the gradient of $L_i$ with respect to $W$?
""",
        lambda W, x_i, y_i: -np.log(softmax(W @ x_i)[y_i]), {"W": (K, D), "x_i": (D,)}, {"y_i": 1},
    ),
    "data loss and regularisation": (
        r"""The full loss is

$$ L = \frac{1}{N} \sum_i \left( \mathbf{w}^T \mathbf{x}_i - y_i \right)^2 + \lambda \sum_k w_k^2 $$

Derive $\nabla_{\mathbf{w}} L$.""",
        lambda w, x, y, **o: ((x @ w - y) ** 2).mean() + o["lambda"] * (w**2).sum(),
        {"w": (D,), "x": (N, D), "y": (N,), "lambda": S}, {},
    ),
    "neuron with numbers": (
        r"""Consider $f(w,x) = \frac{1}{1+e^{-(w_0x_0 + w_1x_1 + w_2)}}$.

$$ f = \frac{1}{1+e^{-(w_0x_0 + w_1x_1 + w_2)}} $$

Compute $\frac{\partial f}{\partial w_0}$ and $\frac{\partial f}{\partial x_1}$
at $w = [2, -3, -3]$, $x = [-1, -2]$.""",
        lambda w0, x0, w1, x1, w2: sigmoid(w0 * x0 + w1 * x1 + w2), {"w0": S, "x0": S, "w1": S, "x1": S, "w2": S}, {},
    ),
    "batch in capitals": (
        r"""A two-layer network on a batch $X \in \mathbb{R}^{N \times D}$:

$$H = \max(0, X W_1 + b_1), \qquad S = H W_2 + b_2, \qquad L = \frac{1}{2} \| S - T \|_F^2$$

with $W_1 \in \mathbb{R}^{D \times H_1}$, $b_1 \in \mathbb{R}^{H_1}$, $W_2 \in \mathbb{R}^{H_1 \times C}$ and
$b_2 \in \mathbb{R}^{C}$. Compute $\frac{\partial L}{\partial W_1}$.""",
        lambda X, W1, b1, W2, b2, T: ((positive(X @ W1 + b1) @ W2 + b2 - T) ** 2).sum() / 2,
        {"X": (N, D), "W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,), "T": (N, K)}, {},
    ),
    # Nielsen
    "quadratic cost of the last layer": (
        r"""\begin{eqnarray}
  z^L_j &=& \sum_k w^L_{jk} a^{L-1}_k + b^L_j \\
  C &=& \frac{1}{2} \sum_j (y_j - z^L_j)^2
\end{eqnarray}""",
        lambda w_L, a, b_L, y: ((y - w_L @ a - b_L) ** 2).sum() / 2,
        {"w_L": (K, D), "a": (D,), "b_L": (K,), "y": (K,)}, {},
    ),
    "cross-entropy of a neuron": (
        r"""We define the cross-entropy cost function for this neuron by
\begin{eqnarray}
  C = -\frac{1}{n} \sum_x \left[y \ln a + (1-y ) \ln (1-a) \right],
\end{eqnarray}
where $n$ is the total number of items of training data, the sum is over all training inputs, $x$, and $y$ is the
corresponding desired output; $a = \sigma(z)$, $z = w x + b$.""",
        lambda x, y, w, b: -(y * np.log(sigmoid(w * x + b)) + (1 - y) * np.log(1 - sigmoid(w * x + b))).mean(),
        {"x": (N,), "y": (N,), "w": S, "b": S}, {},
    ),
    "layers of units": (
        r"""\begin{align}
a^1_j &= \sigma\left( \sum_k w^1_{jk} x_k + b^1_j \right) \\
a^2_j &= \sigma\left( \sum_k w^2_{jk} a^1_k + b^2_j \right) \\
C &= \frac{1}{2} \sum_j (y_j - a^2_j)^2
\end{align}
Show that $$\frac{\partial C}{\partial a^2_j} = a^2_j - y_j.$$""",
        lambda w1, x, b1, w2, b2, y: ((y - sigmoid(w2 @ sigmoid(w1 @ x + b1) + b2)) ** 2).sum() / 2,
        {"w1": (H, D), "x": (D,), "b1": (H,), "w2": (K, H), "b2": (K,), "y": (K,)}, {},
    ),
    # CS224n
    "window classifier": (
        r"""Let $\mathbf{x} \in \mathbb{R}^{d}$ be a window of word vectors.
\[
\mathbf{z} = \mathbf{W}\mathbf{x} + \mathbf{b}_1, \quad \mathbf{h} = \tanh(\mathbf{z}), \quad
s = \mathbf{u}^\top \mathbf{h}, \quad J = \log(1 + \exp(-s))
\]
(a) Compute $\frac{\partial J}{\partial s}$. (b) Compute $\frac{\partial J}{\partial \mathbf{u}}$.""",
        lambda W, x, b1, u: np.log(1 + np.exp(-u @ np.tanh(W @ x + b1))),
        {"W": (H, D), "x": (D,), "b1": (H,), "u": (H,)}, {},
    ),
    "naive softmax": (
        r"""$$J = -\mathbf{u}_o^\top \mathbf{v}_c + \log \sum_{w=1}^{V} \exp(\mathbf{u}_w^\top \mathbf{v}_c)$$
where $o$ is the outside word and $\mathbf{v}_c \in \mathbb{R}^d$ the center vector. Compute the partial derivative of
$J$ with respect to $\mathbf{v}_c$.""",
        lambda u, v_c, o: -np.log(softmax(u @ v_c)[o]), {"u": (K, D), "v_c": (D,)}, {"o": 1},
    ),
    "negative sampling": (
        r"""$$J = -\log \sigma(\mathbf{u}_o^\top \mathbf{v}_c) - \sum_{k=1}^{K} \log
\sigma(-\mathbf{u}_k^\top \mathbf{v}_c)$$
The negative samples are $\mathbf{u}_1, \dots, \mathbf{u}_K$, different from $\mathbf{u}_o$.""",
        lambda u, v_c, u_o: -np.log(sigmoid(u_o @ v_c)) - np.log(sigmoid(-(u @ v_c))).sum(),
        {"u": (K, D), "v_c": (D,), "u_o": (D,)}, {},
    ),
    "probabilities with a hat": (
        r"""$$\hat{\mathbf{y}} = \mathrm{softmax}(\boldsymbol{\theta}), \quad CE(\mathbf{y}, \hat{\mathbf{y}}) =
-\sum_i y_i \log(\hat{y}_i)$$ where $\mathbf{y}$ is a one-hot label vector. Derive the gradient with regard to
$\boldsymbol{\theta}$.""",
        lambda theta, y: -(y * np.log(softmax(theta))).sum(), {"theta": (K,), "y": (K,)}, {},
    ),
    # Ng
    "linear hypothesis": (
        r"""$$h_\theta(x^{(i)}) = \theta^T x^{(i)}, \qquad J(\theta) = \frac{1}{2} \sum_{i=1}^m \left( h_\theta(x^{(i)})
- y^{(i)} \right)^2$$ with $\theta, x^{(i)} \in \mathbb{R}^{n}$.""",
        lambda theta, x, y: ((x @ theta - y) ** 2).sum() / 2, {"theta": (D,), "x": (N, D), "y": (N,)}, {},
    ),
    "logistic regression": (
        r"""$$z^{(i)} = w^T x^{(i)} + b, \quad a^{(i)} = \sigma(z^{(i)})$$
$$\mathcal{L}(a^{(i)}, y^{(i)}) = -y^{(i)} \log a^{(i)} - (1 - y^{(i)}) \log (1 - a^{(i)})$$
$$J = \frac{1}{m} \sum_{i=1}^m \mathcal{L}(a^{(i)}, y^{(i)})$$ Here $x^{(i)} \in \mathbb{R}^{n_x}$.""",
        lambda w, x, b, y: -(y * np.log(sigmoid(x @ w + b)) + (1 - y) * np.log(1 - sigmoid(x @ w + b))).mean(),
        {"w": (D,), "x": (N, D), "b": S, "y": (N,)}, {},
    ),
    "vectorised layers": (
        r"""$$Z^{[1]} = W^{[1]} X + b^{[1]}, \quad A^{[1]} = \tanh(Z^{[1]}), \quad Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}$$
$$J = \frac{1}{2m} \| Z^{[2]} - Y \|_F^2$$ Here $X \in \mathbb{R}^{n \times m}$, $W^{[1]} \in \mathbb{R}^{h \times n}$,
$b^{[1]} \in \mathbb{R}^{h \times 1}$, $W^{[2]} \in \mathbb{R}^{k \times h}$, $b^{[2]} \in \mathbb{R}^{k \times 1}$.""",
        lambda X, W1, b1, W2, b2, Y: ((W2 @ np.tanh(W1 @ X + b1) + b2 - Y) ** 2).sum() / 2 / N,
        {"X": (D, N), "W1": (H, D), "b1": (H, 1), "W2": (K, H), "b2": (K, 1), "Y": (K, N)}, {},
    ),
    # Bishop
    "basis functions": (
        r"""$$E_D(\mathbf{w}) = \frac{1}{2} \sum_{n=1}^{N} \{ t_n - \mathbf{w}^{\mathrm{T}} \boldsymbol{\phi}_n \}^2,
\quad E_W(\mathbf{w}) = \frac{1}{2} \mathbf{w}^{\mathrm{T}} \mathbf{w}, \quad E = E_D(\mathbf{w}) + \lambda
E_W(\mathbf{w})$$""",
        lambda t, w, phi, **o: ((t - phi @ w) ** 2).sum() / 2 + o["lambda"] * (w @ w) / 2,
        {"t": (N,), "w": (D,), "phi": (N, D), "lambda": S}, {},
    ),
    "error backpropagation": (
        r"""$$a_j = \sum_i w_{ji} z_i, \qquad z_j = h(a_j)$$ The error is $E_n = \frac{1}{2} \sum_k (y_k - t_k)^2$.""",
        lambda: 0.0, {}, {},
    ),
    "gaussian likelihood": (
        r"""$$\ln p = -\frac{N}{2} \ln \sigma^2 - \frac{1}{2\sigma^2} \sum_{n=1}^N (x_n - \mu)^2$$
Find $\frac{\partial \ln p}{\partial \mu}$.""",
        lambda x, mu, sigma2: -N / 2 * np.log(sigma2) - ((x - mu) ** 2).sum() / 2 / sigma2,
        {"x": (N,), "mu": S, "sigma2": S}, {},
    ),
    # German exercise sheets
    "Übungsblatt, Perzeptron": (
        r"""**Aufgabe 3** (4 Punkte). Gegeben sei das Netz
$$\mathbf{h} = \sigma(\mathbf{W} \mathbf{x} + \mathbf{b}), \qquad \hat{y} = \mathbf{v}^\top \mathbf{h}, \qquad
E = \frac{1}{2}(\hat{y} - y)^2.$$
a) Berechnen Sie die Ableitung von $E$ nach $\mathbf{v}$.
b) Bestimmen Sie $\frac{\partial E}{\partial \mathbf{W}}$.
c) Warum verwendet man $\sigma$?""",
        lambda W, x, b, v, y: (v @ sigmoid(W @ x + b) - y) ** 2 / 2,
        {"W": (H, D), "x": (D,), "b": (H,), "v": (H,), "y": S}, {},
    ),
    "Übungsblatt, kleinste Quadrate": (
        r"""Sei $A \in \mathbb{R}^{m \times n}$, $b \in \mathbb{R}^m$ und $x \in \mathbb{R}^n$. Wir betrachten die
Zielfunktion $$f(x) = \frac{1}{2} \| A x - b \|_2^2 + \frac{\alpha}{2} \| x \|_2^2.$$
Zeigen Sie, dass $$\nabla_x f = A^T (A x - b) + \alpha x.$$""",
        lambda A, b, x, alpha: ((A @ x - b) ** 2).sum() / 2 + alpha / 2 * (x**2).sum(),
        {"A": (N, D), "b": (N,), "x": (D,), "alpha": S}, {},
    ),
    "Übungsblatt, Summen": (
        r"""$$s_k = \sum_{d=1}^D w_{kd} x_d \quad \text{für } k = 1, \dots, K, \qquad
L = \log \Bigl( \sum_{k=1}^K \exp(s_k) \Bigr) - s_c$$ Dabei ist $c \in \{1, \dots, K\}$ die wahre Klasse.""",
        lambda w, x, c: np.log(np.exp(w @ x).sum()) - (w @ x)[c], {"w": (K, D), "x": (D,)}, {"c": 1},
    ),
    # Econometrics, statistics
    "ordinary least squares": (
        r"""Write $y = X\beta + \varepsilon$. The estimator minimises
$$ S(\beta) = (y - X \beta)' (y - X \beta) $$""",
        lambda y, X, beta: ((y - X @ beta) ** 2).sum(), {"y": (N,), "X": (N, D), "beta": (D,)}, {},
    ),
    "sum of squared residuals": (
        r"""The model is $y_i = \beta_0 + \beta_1 x_i + u_i$.
$$ SSR = \sum_{i=1}^n (y_i - \beta_0 - \beta_1 x_i)^2 $$
Differentiate $SSR$ with respect to $\beta_0$ and $\beta_1$.""",
        lambda y, x, beta0, beta1: ((y - beta0 - beta1 * x) ** 2).sum(),
        {"y": (N,), "x": (N,), "beta0": S, "beta1": S}, {},
    ),
    "log-likelihood of a logit": (
        r"""$$\ell(\boldsymbol{\beta}) = \sum_{i=1}^n \left[ y_i \mathbf{x}_i' \boldsymbol{\beta}
- \log\left(1 + e^{\mathbf{x}_i' \boldsymbol{\beta}}\right) \right]$$""",
        lambda y, x, beta: (y * (x @ beta) - np.log(1 + np.exp(x @ beta))).sum(),
        {"y": (N,), "x": (N, D), "beta": (D,)}, {},
    ),
    "portfolio": (
        r"""Let $\mathbf{w}$ be the weights, $\boldsymbol{\mu}$ the expected returns and
$\boldsymbol{\Sigma}$ the covariance.
$$U = \mathbf{w}^\top \boldsymbol{\mu} - \frac{\gamma}{2} \mathbf{w}^\top \boldsymbol{\Sigma} \mathbf{w}$$""",
        lambda w, mu, Sigma, gamma: w @ mu - gamma / 2 * w @ Sigma @ w,
        {"w": (D,), "mu": (D,), "Sigma": (D, D), "gamma": S}, {},
    ),
    "two regressors by their numbers": (
        r"""$$\hat y_i = \beta_0 + \beta_1 x_{i1} + \beta_2 x_{i2}, \qquad S = \sum_{i=1}^n (y_i - \hat y_i)^2$$
The partial derivative of $S$ with respect to $\beta_1$ (keeping $\beta_2$ constant) is wanted.""",
        lambda beta0, beta1, beta2, x, y: ((y - beta0 - beta1 * x[:, 0] - beta2 * x[:, 1]) ** 2).sum(),
        {"beta0": S, "beta1": S, "beta2": S, "x": (N, D), "y": (N,)}, {},
    ),
    "two weights by a comma": (
        r"""$$L = \frac{1}{n} \sum_{i=1}^n \max(0, -y_i (w_1 x_{i,1} + w_2 x_{i,2} + b))$$""",
        lambda w1, w2, b, x, y: positive(-y * (w1 * x[:, 0] + w2 * x[:, 1] + b)).mean(),
        {"w1": S, "w2": S, "b": S, "x": (N, D), "y": (N,)}, {},
    ),
    "units by their numbers": (
        r"""$$z_k = w_{k1} x_1 + w_{k2} x_2 + b_k, \qquad u = v_{h1} x_1, \qquad
L = u + \sum_{k=1}^K (y_k - z_k)^2$$""",
        lambda w, x1, x2, b, y, v_h1: v_h1 * x1 + ((y - w[:, 0] * x1 - w[:, 1] * x2 - b) ** 2).sum(),
        {"w": (K, D), "x1": S, "x2": S, "b": (K,), "y": (K,), "v_h1": S}, {},
    ),
    "an arrow above the input alone": (
        r"""Let $\vec{x} \in \mathbb{R}^{d}$ and $W \in \mathbb{R}^{k \times d}$.
$$z = W \vec{x} + b, \qquad \hat{y} = \text{softmax}(z), \qquad J = -\sum_{i=1}^k y_i \log \hat{y}_i$$""",
        lambda W, x, b, y: -(y * np.log(softmax(W @ x + b))).sum(),
        {"W": (K, D), "x": (D,), "b": (K,), "y": (K,)}, {},
    ),
    "bold vectors and light matrices": (
        r"""$$\mathbf{z} = W \mathbf{x} + b, \qquad \hat{y} = \mathbf{v}^\top \mathbf{z} + c, \qquad
L = (\hat{y} - y)^2$$""",
        lambda W, x, b, v, c, y: (v @ (W @ x + b) + c - y) ** 2,
        {"W": (K, D), "x": (D,), "b": (K,), "v": (K,), "c": S, "y": S}, {},
    ),
    "terms with an accent above letter and index": (
        r"""$$\hat{y_t} = v x_t + c, \quad L = \sum_{t=1}^T L_t, \quad
\text{where } L_t = \frac12 (\hat{y_t} - y_t)^2$$""",
        lambda v, x, c, y: ((v * x + c - y) ** 2).sum() / 2, {"v": S, "x": (N,), "c": S, "y": (N,)}, {},
    ),
    "ridge by its name": (
        r"""Ridge regression is linear regression with $L_2$ regularization:
$$J(\theta) = \frac{1}{2m} \sum_{i=1}^m (\theta^T x_i - y_i)^2 + \lambda \theta^T \theta$$""",
        lambda theta, x, y, **o: ((x @ theta - y) ** 2).mean() / 2 + o["lambda"] * theta @ theta,
        {"theta": (D,), "x": (N, D), "y": (N,), "lambda": S}, {},
    ),
    # Others
    "autoencoder": (
        r"""\begin{align*}
\mathbf{h}_n &= \tanh(\mathbf{W} \mathbf{x}_n + \mathbf{b}) \\
\hat{\mathbf{x}}_n &= \mathbf{W}^\top \mathbf{h}_n + \mathbf{c} \\
\mathcal{L} &= \frac{1}{N} \sum_{n=1}^N \lVert \hat{\mathbf{x}}_n - \mathbf{x}_n \rVert_2^2
\end{align*}""",
        lambda W, x, b, c: ((np.tanh(x @ W.T + b) @ W + c - x) ** 2).sum() / N,
        {"W": (H, D), "x": (N, D), "b": (H,), "c": (D,)}, {},
    ),
    "policy gradient": (
        r"""The policy is $\boldsymbol{\pi} = \mathrm{softmax}(\boldsymbol{\theta})$; $a$ is the index of the action
taken and $R$ its return. $$J = R \log \pi_a$$""",
        lambda theta, R, a: R * np.log(softmax(theta)[a]), {"theta": (K,), "R": S}, {"a": 1},
    ),
    "batch normalisation": (
        r"""$$\mu = \frac{1}{m} \sum_{i=1}^m x_i, \quad \sigma^2 = \frac{1}{m} \sum_{i=1}^m (x_i - \mu)^2, \quad
\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}}, \quad y_i = \gamma \hat{x}_i + \beta$$
$$L = \frac12 \sum_{i=1}^m (y_i - t_i)^2$$""",
        lambda x, epsilon, gamma, beta, t: (
            (gamma * (x - x.mean()) / np.sqrt(((x - x.mean()) ** 2).mean() + epsilon) + beta - t) ** 2
        ).sum() / 2,
        {"x": (N,), "epsilon": S, "gamma": S, "beta": S, "t": (N,)}, {},
    ),
    "triplet loss": (
        r"""$$\mathbf{f}_a = \mathbf{W} \mathbf{x}_a, \quad \mathbf{f}_p = \mathbf{W} \mathbf{x}_p, \quad
\mathbf{f}_n = \mathbf{W} \mathbf{x}_n$$
$$L = \max\left(0, \|\mathbf{f}_a - \mathbf{f}_p\|^2 - \|\mathbf{f}_a - \mathbf{f}_n\|^2 + \alpha\right)$$""",
        lambda W, x_a, x_p, x_n, alpha: positive(
            ((W @ (x_a - x_p)) ** 2).sum() - ((W @ (x_a - x_n)) ** 2).sum() + alpha
        ),
        {"W": (K, D), "x_a": (D,), "x_p": (D,), "x_n": (D,), "alpha": S}, {},
    ),
}  # fmt: skip

REFUSED = {
    "quadratic cost of the last layer": "notes.power_or_member",
    "cross-entropy of a neuron": "notes.idle_sum",
    "negative sampling": "notes.entry_at_class",
    "error backpropagation": "files.recurrence",
    "gaussian likelihood": "notes.no_forward",
}
"""What is refused of these, with the code that says why."""


@pytest.mark.parametrize("name", sorted(NOTES.keys() - REFUSED.keys()))
def test_a_note_of_a_course_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes, classes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes, classes)


@pytest.mark.parametrize("name", REFUSED)
def test_a_note_that_leaves_something_open_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, NOTES[name][0])
    assert REFUSED[name] in {diagnostic.code for diagnostic in caught.value.diagnostics}


def test_each_question_is_a_part_or_named(tmp_path: Path) -> None:
    asked = {
        "softmax classifier": [("gradients", ("W",))],
        "neuron with numbers": [("derive", ("w0", "x1"))],
        "window classifier": [("derive", ("s", "u"))],
        "naive softmax": [("gradients", ("v_c",))],
        "probabilities with a hat": [("gradients", ("theta",))],
        "\u00dcbungsblatt, Perzeptron": [("derive", ("W",)), ("gradients", ("v",))],
        "\u00dcbungsblatt, kleinste Quadrate": [("show", ())],
        "sum of squared residuals": [("derive", ("beta0", "beta1"))],
    }
    for name, parts in asked.items():
        note = loaded(tmp_path, NOTES[name][0])
        assert sorted((part.kind, part.targets) for part in note.parts) == sorted(parts), name
        questions = [remark for remark in note.remarks if "what looks like a question" in remark]
        assert bool(questions) == (name == "\u00dcbungsblatt, Perzeptron")

r"""Classes in lecture notes, ``-\log p_y`` and ``\sum_{j \ne y}``: what says that a letter is one, and what it means.

Each note is differentiated and compared with a NumPy function; there a class counts from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded, same_as, softmax

from backsym.core.errors import InputError

D, K, N = 3, 4, 5
ONE, MANY = 2, [3, 0, 2, 2, 1]
Note = tuple[str, Callable[..., Any], dict[str, tuple[int, ...]], dict[str, Any]]


def hinge(s: Any, y: int, margin: Any = 1) -> Any:
    terms = s - s[y] + margin
    return sum(terms[j] for j in range(len(s)) if j != y and terms[j].real > 0)


def log_loss(s: Any, y: Any) -> Any:
    return -sum(np.log(softmax(s)[n, k]) for n, k in enumerate(y))


RULE = r"$$J = -\frac{1}{m}\sum_{i=1}^m \sum_{k=1}^K 1\{y^{(i)} = k\} \log \frac{\exp(\theta_k^\top x^{(i)})}{"
CS224N = r"$$J = -\log \frac{\exp(\mathbf{u}_o^\top \mathbf{v}_c)}{\sum_{w=1}^V \exp(\mathbf{u}_w^\top \mathbf{v}_c)}$$"
NOTES: dict[str, Note] = {
    "said after it": (
        r"$$\mathbf{p} = \mathrm{softmax}(\mathbf{z}), \quad L = -\log p_y$$ where $y$ is the class.",
        lambda z, y: -np.log(softmax(z)[y]), {"z": (K,)}, {"y": ONE},
    ),
    "an action": (
        r"With $\boldsymbol\pi = \mathrm{softmax}(\mathbf{s})$, for the action $a$ taken with return $G$, $$J ="
        r" G \log \pi_a.$$",
        lambda s, G, a: G * np.log(softmax(s)[a]), {"s": (K,), "G": ()}, {"a": ONE},
    ),
    "an event that is put in": (
        r"The model is $$P(y = k \mid x) = \frac{\exp(w_k^\top x)}{\sum_{j=1}^K \exp(w_j^\top x)}$$ with"
        r" $x_i \in \mathbb{R}^D$, $y_i \in \{1, \dots, K\}$, and $$L = -\sum_{i=1}^n \log P(y = y_i \mid x_i).$$",
        lambda w, x, y: log_loss(x @ w.T, y), {"w": (K, D), "x": (N, D)}, {"y": MANY},
    ),
    "an event of one example": (
        r"The model is $$p(t = k | x) = \frac{\exp(w_k^\top x + b_k)}{\sum_{j=1}^K \exp(w_j^\top x + b_j)}$$ with"
        r" $x \in \mathbb{R}^D$, $t \in \{1, \dots, K\}$, and $$E = -\ln p(t | x).$$",
        lambda w, x, b, t: -np.log(softmax(w @ x + b)[t]), {"w": (K, D), "x": (D,), "b": (K,)}, {"t": ONE},
    ),
    "said before it": (
        r"Let the correct class be $c$. $$s_i = \sum_j W_{ij} x_j, L = -s_c + \log \sum_j e^{s_j}$$",
        lambda W, x, c: -(W @ x)[c] + np.log(np.exp(W @ x).sum()), {"W": (K, D), "x": (D,)}, {"c": ONE},
    ),
    "said in German": (
        r"$$\mathbf{s} = \mathbf{W} \mathbf{x}, \quad L = \log\sum_{k=1}^C \exp(s_k) - s_c$$"
        " Sei $c$ die richtige Klasse.",
        lambda W, x, c: -(W @ x)[c] + np.log(np.exp(W @ x).sum()), {"W": (K, D), "x": (D,)}, {"c": ONE},
    ),
    "a set of positions": (
        r"$$\mathbf{s} = \mathbf{W} \mathbf{x}, \quad L = \log\sum_{k=1}^C \exp(s_k) - s_t$$"
        r" with $t \in \{1, \ldots, C\}$.",
        lambda W, x, t: -(W @ x)[t] + np.log(np.exp(W @ x).sum()), {"W": (K, D), "x": (D,)}, {"t": ONE},
    ),
    "hinge": (
        r"$$\mathbf{s} = \mathbf{W}\mathbf{x}, \quad L = \sum_{j \neq y} \max(0, s_j - s_y + \Delta)$$",
        lambda W, x, Delta, y: hinge(W @ x, y, Delta), {"W": (K, D), "x": (D,), "Delta": ()}, {"y": ONE},
    ),
    "hinge of one example": (
        r"$$f = W x, \quad L_i = \sum_{j\neq y_i} \max(0, f_j - f_{y_i} + 1)$$"
        r" with $W \in \mathbb{R}^{K \times D}$, $x \in \mathbb{R}^D$.",
        lambda W, x, y_i: hinge(W @ x, y_i), {"W": (K, D), "x": (D,)}, {"y_i": ONE},
    ),
    "hinge of examples above": (
        r"$$\mathbf{s}^{(i)} = \mathbf{W} \mathbf{x}^{(i)}, \quad J = \frac{1}{m}\sum_{i=1}^m \sum_{j \neq y^{(i)}}"
        r" \max(0, s^{(i)}_j - s^{(i)}_{y^{(i)}} + 1)$$",
        lambda W, x, y: sum(hinge(W @ x[n], k) for n, k in enumerate(y)) / N, {"W": (K, D), "x": (N, D)}, {"y": MANY},
    ),
    "indicator": (
        r"$$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \quad L = -\sum_k \mathbb{1}(y=k) \log p_k$$",
        lambda z, y: -np.log(softmax(z)[y]), {"z": (K,)}, {"y": ONE},
    ),
    "indicator in braces": (
        r"$$\mathbf{y} = \mathrm{softmax}(\mathbf{z}), \quad L = -\sum_{k=1}^K \mathbf{1}\{t = k\} \log y_k$$",
        lambda z, t: -np.log(softmax(z)[t]), {"z": (K,)}, {"t": ONE},
    ),
    "indicator of examples": (
        RULE + r"\sum_{j=1}^K \exp(\theta_j^\top x^{(i)})}$$"
        r" with $\theta_k \in \mathbb{R}^n$, $x^{(i)} \in \mathbb{R}^n$.",
        lambda theta, x, y: log_loss(x @ theta.T, y) / N, {"theta": (K, D), "x": (N, D)}, {"y": MANY},
    ),
    "delta": (
        r"$$\mathbf{y} = \mathrm{softmax}(\mathbf{z}), \quad L = -\sum_{k=1}^K \delta_{k t} \log y_k$$",
        lambda z, t: -np.log(softmax(z)[t]), {"z": (K,)}, {"t": ONE},
    ),
    "one-hot vector": (
        r"$$\mathbf{p} = \mathrm{softmax}(\mathbf{z}), \quad L = -\mathbf{e}_y^\top \log \mathbf{p}$$ Here"
        r" $y \in \{1, \dots, K\}$ is the label.",
        lambda z, y: -np.log(softmax(z)[y]), {"z": (K,)}, {"y": ONE},
    ),
    "a class for each example": (
        r"$$\mathbf{s}_i = \mathbf{W}\mathbf{x}_i, \quad L_i = -\log \frac{e^{s_{i,y_i}}}{\sum_j e^{s_{ij}}},"
        r" \quad L = \frac1N \sum_{i=1}^N L_i$$",
        lambda W, x, y: log_loss(x @ W.T, y) / N, {"W": (K, D), "x": (N, D)}, {"y": MANY},
    ),
    "a vector for each class": (
        r"$$L = -\frac{1}{N}\sum_{i=1}^N \log \frac{\exp(\mathbf{w}_{y_i}^\top \mathbf{x}_i)}{\sum_{k=1}^K"
        r" \exp(\mathbf{w}_k^\top \mathbf{x}_i)}$$",
        lambda w, x, y: log_loss(x @ w.T, y) / N, {"w": (K, D), "x": (N, D)}, {"y": MANY},
    ),
    "embedding": (
        r"$$\mathbf{h} = \mathbf{E}_w, \quad \mathbf{z} = \mathbf{U}\mathbf{h}, \quad L = -\log"
        r" \mathrm{softmax}(\mathbf{z})_y$$ Here $w$ is the word and $y$ is the class.",
        lambda E, U, w, y: -np.log(softmax(U @ E[w])[y]), {"E": (K, D), "U": (N, D)}, {"w": 1, "y": ONE},
    ),
    "embeddings of many words": (
        r"$$\mathbf{x}_t = \mathbf{E}_{w_t}, \quad L = \frac12\sum_{t=1}^T \|\mathbf{x}_t - \mathbf{y}_t\|^2$$ Here"
        r" $w_t$ is the index of the word.",
        lambda E, y, w: ((E[w] - y) ** 2).sum() / 2, {"E": (K, D), "y": (N, D)}, {"w": MANY},
    ),
    "skip-gram": (
        CS224N + r" where $o$ is the outside word.",
        lambda u, v_c, o: -np.log(softmax(u @ v_c)[o]), {"u": (K, D), "v_c": (D,)}, {"o": ONE},
    ),
    "an index letter that is not summed over": (
        r"$$p_c = \frac{e^{z_c}}{\sum_{d} e^{z_d}}, \quad L = -\log p_y$$ with the true class $y$.",
        lambda z, y: -np.log(softmax(z)[y]), {"z": (K,)}, {"y": ONE},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTES)
def test_a_class_is_a_position(name: str, tmp_path: Path) -> None:
    text, truth, shapes, classes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes, classes)


NUMBERS = [
    (r"$$\hat{y} = \sigma(w x), \quad L = (\hat{y} - y)^2$$ where $y$ is the class label.", "y"),
    (r"$$L_i = \frac12 (w x_i + b - y_i)^2$$ where $y_i$ is the label.", "y_i"),
]


@pytest.mark.parametrize(("text", "name"), NUMBERS)
def test_a_label_that_is_computed_with_is_a_number(text: str, name: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, text)
    assert note.symbols[name].label is None
    assert note.symbols[name].shape == ()


def test_a_class_that_is_also_computed_with_is_refused(tmp_path: Path) -> None:
    text = r"$$s_j = \sum_i W_{ji} x_i, \quad L = y \sum_{j \ne y} \max(0, s_j - s_y + 1)$$"
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert caught.value.diagnostics[0].code == "meaning.label_is_no_number"

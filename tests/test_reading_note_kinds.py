"""Kinds of notes that were refused or misread once, each with neighbours, against NumPy functions by complex steps."""

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

NOTES: dict[str, Note] = {
    # Accents and signs as they are typed.
    "a hat typed behind its letter": (
        r"$$y^ = \sigma(w x + b), \quad L = (y^ - y)^2$$",
        lambda w, x, b, y: (sigmoid(w * x + b) - y) ** 2,
        {"w": S, "x": S, "b": S, "y": S},
    ),
    "a hat as a word below": (
        r"$$y_hat_i = w x_i + b, \quad L = \sum_{i=1}^N (y_hat_i - y_i)^2$$",
        lambda w, x, b, y: ((w * x + b - y) ** 2).sum(),
        {"w": S, "x": (N,), "b": S, "y": (N,)},
    ),
    "a bold letter with a word for its accent": (
        r"$$\hat{\mathbf{y}} = \mathbf{W} \mathbf{x}_bar, \quad L = \|\mathbf{y}_hat - \mathbf{y}\|^2$$",
        lambda W, x_bar, y: ((W @ x_bar - y) ** 2).sum(),
        {"W": (K, D), "x_bar": (D,), "y": (K,)},
    ),
    "the product of Octave": (
        r"$$\mathbf{h} = \mathbf{a} .* \mathbf{b}, \quad L = \mathbf{c}^\top \mathbf{h}$$",
        lambda a, b, c: c @ (a * b),
        {"a": (D,), "b": (D,), "c": (D,)},
    ),
    # Differences of neighbours.
    "differences from the second on": (
        r"$$L = \sum_{i=2}^{n} (x_i - x_{i-1})^2$$ Compute $\frac{\partial L}{\partial x_i}$.",
        lambda x: (np.diff(x) ** 2).sum(),
        {"x": (N,)},
    ),
    "a smooth curve near data": (
        r"$$J = \frac12 \sum_{t=1}^T (x_t - y_t)^2 + \frac{\lambda}{2} \sum_{t=2}^T (x_t - x_{t-1})^2$$",
        lambda x, y, **o: ((x - y) ** 2).sum() / 2 + o["lambda"] / 2 * (np.diff(x) ** 2).sum(),
        {"x": (N,), "y": (N,), "lambda": S},
    ),
    "differences up to the last but one": (
        r"$$E = \lambda \sum_{i=1}^{N-1} (u_{i+1} - u_i)^2 + \sum_{i=1}^{N} (u_i - f_i)^2$$",
        lambda u, f, **o: o["lambda"] * (np.diff(u) ** 2).sum() + ((u - f) ** 2).sum(),
        {"u": (N,), "f": (N,), "lambda": S},
    ),
    "second differences": (
        r"$$R = \sum_{i=2}^{n-1} (c_{i+1} - 2 c_i + c_{i-1})^2$$",
        lambda c: (np.diff(c, 2) ** 2).sum(),
        {"c": (N,)},
    ),
    # Light vectors.
    "members that are transposed": (
        r"$$s_{ij} = w_j^T x_i, \quad L = \sum_i \sum_j (s_{ij} - t_{ij})^2$$",
        lambda w, x, t: ((x @ w.T - t) ** 2).sum(),
        {"w": (K, D), "x": (N, D), "t": (N, K)},
    ),
    "scores by transposed members": (
        r"$$z_k = w_k^\top x + b_k, \quad L = -\sum_k t_k \log \frac{e^{z_k}}{\sum_j e^{z_j}}$$",
        lambda w, x, b, t: -(t * np.log(softmax(w @ x + b))).sum(),
        {"w": (K, D), "x": (D,), "b": (K,), "t": (K,)},
    ),
    "two transposed names of their own": (
        r"$$s = u_o^T v_c, \quad L = -\log \sigma(s)$$",
        lambda u_o, v_c: -np.log(sigmoid(u_o @ v_c)),
        {"u_o": (D,), "v_c": (D,)},
    ),
    "factors of a matrix": (
        r"$$L = \sum_{u=1}^U \sum_{i=1}^I (r_{ui} - p_u^T q_i)^2 + \lambda \sum_{u=1}^U \|p_u\|^2$$",
        lambda r, p, q, **o: ((r - p @ q.T) ** 2).sum() + o["lambda"] * (p**2).sum(),
        {"r": (N, K), "p": (N, D), "q": (K, D), "lambda": S},
    ),
    "lengths of light letters": (
        r"$$L = \|Ax - b\|^2 + \mu \|x\|^2$$",
        lambda A, x, b, mu: ((A @ x - b) ** 2).sum() + mu * (x**2).sum(),
        {"A": (K, D), "x": (D,), "b": (K,), "mu": S},
    ),
    "distances to one point": (
        r"$$L = \sum_{i=1}^N \|x_i - m\|^2$$",
        lambda x, m: ((x - m) ** 2).sum(),
        {"x": (N, D), "m": (D,)},
    ),
}

REFUSED = {
    "a neighbour before the first": (r"$$L = \sum_{i=1}^{n} (x_i - x_{i-1})^2$$", "notes.runs_out"),
    "two before, from the second on": (r"$$L = \sum_{i=2}^{n} (x_i - x_{i-2})^2$$", "notes.runs_out"),
    "a length of a number and a vector": (
        r"$$a_i = \frac{e^{q^T k_i}}{\sum_j e^{q^T k_j}}, \quad o = \sum_i a_i v_i, \quad L = \|o - t\|^2$$",
        "notes.norm_of_number",
    ),
    "a length of matrices": (r"$$L = \|AX - B\|^2$$", "notes.norm_of_number"),
    "a letter that is a number, too": (r"$$L = \sum_{i=1}^{n-1} i (x_{i+1} - x_i)^2$$", "notes.letter_as_number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_open_is_refused_by_name(name: str, tmp_path: Path) -> None:
    text, code = REFUSED[name]
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert code in {diagnostic.code for diagnostic in caught.value.diagnostics}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)

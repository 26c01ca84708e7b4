"""Kinds of notes that were refused or misread once, each with neighbours, against NumPy functions by complex steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_reading_cases import loaded, same_as, sigmoid

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
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)

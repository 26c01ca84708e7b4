r"""Functions that a note explains by a formula or in words, layers alone, and questions in the usual forms.

Each note is compared with a NumPy function by a complex step, or refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded, same_as, sigmoid

import backsym as bs
from backsym.core.errors import InputError
from backsym.core.functions import FUNCTIONS
from backsym.core.source import Source
from backsym.reading.latex.equations import FormulaReader
from backsym.reading.latex.names import Vocabulary
from backsym.reading.notes.written_functions import POINTS, defines

S = ()
D, H = 3, 4


def neuron(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda w, x, b, t: (function(w * x + b) - t) ** 2


def note(words: str, head: str = r"\sigma") -> str:
    return rf"{words} $$h = {head}(w x + b)$$ $$L = (h-t)^2$$ Find $\frac{{\partial L}}{{\partial w}}$."


def relu(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


TOLD: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sigma in words": (note(r"Here $\sigma$ is the hyperbolic tangent."), np.tanh),
    "sigma with an argument": (note(r"Let $\sigma(\cdot)$ be given; $\sigma(\cdot)$ is the tanh."), np.tanh),
    "the logistic function": (note(r"Here $\sigma$ is the logistic function."), sigmoid),
    "the activation function": (note(r"Here $\sigma$ is the activation function."), sigmoid),
    "such as": (note(r"Here $\sigma$ is an activation function such as softplus."), lambda z: np.log1p(np.exp(z))),
    "before the letter": (note(r"We use the softplus activation $g$.", "g"), lambda z: np.log1p(np.exp(z))),
    "another case": (note(r"How does it change if $\sigma$ is replaced by ReLU?"), sigmoid),
    "with a layer": (note(r"Here $g^{[1]}$ is the tanh function.", "g^{[1]}"), np.tanh),
    "German": (note(r"Dabei ist $\sigma$ gegeben; $\sigma$ bezeichnet die ReLU-Funktion."), relu),
    "sigma by its formula": (note(r"$$\sigma(a) = \frac{1}{1+e^{-a}}$$"), sigmoid),
    "sigma by another formula": (note(r"$$\sigma(a) = \max(0, a)$$"), relu),
    "sigma by another formula in the text": (note(r"With $\sigma(a) = a^3$, let"), lambda z: z**3),
    "a word by its formula": (note(r"$$\text{ReLU}(a) = \max(0, a)$$", r"\text{ReLU}"), relu),
    "a slope of its own": (
        note(r"$$\text{LeakyReLU}(a) = \max(0.1 a, a)$$", r"\text{LeakyReLU}"),
        lambda z: np.where(np.real(z) > 0, z, 0.1 * z),
    ),
    "a custom beside a use of it": (
        note(r"$$\operatorname{swish}(z) = z \sigma(z)$$", r"\operatorname{swish}"), lambda z: z * sigmoid(z),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_a_function_is_what_the_note_says(name: str, tmp_path: Path) -> None:
    text, function = TOLD[name]
    same_as(loaded(tmp_path, text), neuron(function), {"w": S, "x": S, "b": S, "t": S})


@pytest.mark.parametrize(
    "words",
    [
        r"Here $\sigma$ is an arbitrary differentiable activation function.",
        r"Here $\sigma$ is some nonlinearity.",
        r"If $\sigma$ is the ReLU, solve this.",
        r"Here $\sigma$ is the Mish activation function.",
        r"Here $\sigma$ is a nonlinear function such as tanh or ReLU.",
        r"Here $\sigma$ is the ReLU. Further, $\sigma$ is the tanh.",
    ],
)
def test_what_sigma_is_not_is_refused(words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sigma"):
        loaded(tmp_path, note(words))


def test_any_other_letter_stays_a_function_that_is_not_known(tmp_path: Path) -> None:
    problem = loaded(tmp_path, note(r"Here $g$ is an arbitrary activation function.", "g"))
    assert list(problem.functions) == ["g"]


@pytest.mark.parametrize(
    ("name", "latex", "same"),
    [
        ("sigmoid", r"\frac{e^z}{1 + e^z}", True),
        ("sigmoid", r"\frac12 (1 + \tanh(z/2))", True),
        ("sigmoid", r"(1+e^{-z})^{-1}", True),
        ("sigmoid", r"\frac{1}{1+e^{z}}", False),
        ("sigmoid", r"\frac{1}{1+e^{-\beta z}}", False),
        ("relu", r"\begin{cases} z & z > 0 \\ 0 & z \le 0 \end{cases}", True),
        ("relu", r"z \cdot \mathbb{1}[z > 0]", True),
        ("relu", r"|z|", False),
        ("softplus", r"\log(1 + e^z)", True),
        ("softplus", r"\log(1 + e^{2z})", False),
        ("leaky_relu", r"\max(0.01 z, z)", False),
    ],
)
def test_a_formula_is_compared_by_its_values(name: str, latex: str, same: bool) -> None:
    """Points on both sides of zero: ``|z|`` and ``z`` differ only there."""
    reader = FormulaReader(Source(latex), Vocabulary({}, open=True), 0, len(latex), lenient=True)
    assert defines(name, reader.additive(), "z") is same
    assert min(POINTS) < 0 < max(POINTS)
    assert name in FUNCTIONS


LAYERS = {
    "given before": r"""A layer computes $y = \tanh(W x)$ with $W \in \mathbb{R}^{K \times D}$ and $x \in \mathbb{R}^D$.

Given $\frac{\partial L}{\partial y}$, find $\frac{\partial L}{\partial W}$.""",
    "in terms of": r"""A layer computes $y = \tanh(W x)$ with $W \in \mathbb{R}^{K \times D}$ and $x \in \mathbb{R}^D$.
Find $\nabla_W L$ in terms of $\nabla_y L$.""",
    "a scalar loss": r"""For some scalar loss $L$, suppose we know $\frac{\partial L}{\partial y}$, where
$$y = \tanh(W x), \quad W \in \mathbb{R}^{K \times D}, \quad x \in \mathbb{R}^D$$
Find $\frac{\partial L}{\partial W}$.""",
    "German": r"""Es sei $$y = \tanh(W x)$$ mit $W \in \mathbb{R}^{K \times D}$ und $x \in \mathbb{R}^D$. Gegeben ist
$\frac{\partial L}{\partial y}$. Berechnen Sie $\frac{\partial L}{\partial W}$.""",
}


IN_A_DISPLAY = (
    r"Let $$y = W x, \quad W \in \mathbb{R}^{K \times D}, \quad x \in \mathbb{R}^D$$ and $L = \|y\|^2$.",
    r"Let $$y = W x, \quad W \in \mathbb{R}^{K \times D}$$ with $x \in R^D$ and $$L = \|y\|^2$$",
    r"Let $$y = W x \in \mathbb{R}^K$$ with $x \in \mathbb{R}^D$ and $$L = \|y\|^2$$",
    r"Let $$y = W x \in \mathbb{R}^K \text{ with } x \in \mathbb{R}^D$$ and $$L = \|y\|^2$$",
)


@pytest.mark.parametrize("text", IN_A_DISPLAY)
def test_equations_and_declarations_in_one_display(text: str, tmp_path: Path) -> None:
    """What stands in a product before the sign of a set is not declared by it: ``x`` is no matrix here."""
    problem = loaded(tmp_path, text)
    assert [problem.symbols[name].shape for name in "Wx"] == [("K", "D"), ("D",)]
    same_as(problem, lambda W, x: ((W @ x) ** 2).sum(), {"W": (2, 3), "x": (3,)})


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_alone(name: str, tmp_path: Path) -> None:
    problem = loaded(tmp_path, LAYERS[name])
    assert (problem.loss, problem.upstream) == ("L", "y")
    solution = problem.solve()
    assert not solution.failed
    verdict = bs.check(problem, "W", r"(\nabla_y L \odot (1 - y^2)) x^\top")
    assert verdict.verdict == "correct"
    assert [part.kind for part in problem.parts] == (["gradients"] if "nabla_W" in LAYERS[name] else ["derive"])


def test_batch_normalisation_with_its_upstream_derivative(tmp_path: Path) -> None:
    problem = loaded(
        tmp_path,
        r"""For $x_1, \ldots, x_m$ let
$$\mu = \frac{1}{m}\sum_{i=1}^m x_i,\qquad \sigma^2 = \frac{1}{m}\sum_{i=1}^m (x_i-\mu)^2,\qquad
\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2+\epsilon}},\qquad y_i = \gamma \hat{x}_i + \beta.$$
Given $\frac{\partial \ell}{\partial y_i}$, find $\frac{\partial \ell}{\partial \gamma}$ and
$\frac{\partial \ell}{\partial x_i}$.""",
    )
    assert problem.upstream == "y"
    assert not problem.solve().failed
    right = r"\sum_{i=1}^m \frac{\partial \ell}{\partial y_i} \hat{x}_i"
    assert bs.check(problem, "gamma", right).verdict == "correct"


def test_a_loss_that_is_mentioned_and_not_read_is_refused(tmp_path: Path) -> None:
    text = r"""Let $$y = W x, \quad W \in \mathbb{R}^{K \times D}, \quad x \in \mathbb{R}^D$$ and use the hinge loss.
Find $\frac{\partial L}{\partial W}$."""
    with pytest.raises(InputError, match="loss is mentioned"):
        loaded(tmp_path, text)


ASKED = {
    "a total derivative": r"$$y = w x, \quad L = (y-t)^2$$ Find $\frac{dL}{dw}$.",
    "within a paragraph": r"Let $y = w x$. With $L = (y-t)^2$, find $\frac{dL}{dw}$.",
    "question numbers": "$$y = w x, \\quad L = (y-t)^2$$\n\nQ1. Find $\\frac{\\partial L}{\\partial w}$.\n",
    "bold letters": "$$y = w x, \\quad L = (y-t)^2$$\n\n**(a)** Find $\\frac{\\partial L}{\\partial w}$.\n",
}


@pytest.mark.parametrize("name", ASKED)
def test_the_derivative_by_w_is_asked_for(name: str, tmp_path: Path) -> None:
    (part,) = loaded(tmp_path, ASKED[name]).parts
    assert (part.kind, part.targets) == ("derive", ("w",))


@pytest.mark.parametrize("words", ["Show", "Q1. Prove:", "Zeigen Sie"])
def test_what_follows_show_is_to_be_shown(words: str, tmp_path: Path) -> None:
    text = f"$$y = w x, \\quad L = (y-t)^2$$\n\n{words} $\\frac{{\\partial L}}{{\\partial y}} = 2(y - t)$.\n"
    (part,) = loaded(tmp_path, text).parts
    assert part.kind == "show"


BARE: dict[str, tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]] = {
    "a score": (
        r"$$f(x) = w^\top x + b, \quad L = (f - y)^2$$ with $w \in \mathbb{R}^d$.",
        lambda w, x, b, y: (w @ x + b - y) ** 2, {"w": (D,), "x": (D,), "b": (), "y": ()},
    ),
    "a power of it": (
        r"$$f(x) = w^\top x + b, \quad L = f^2 + 3 f$$ with $w \in \mathbb{R}^d$.",
        lambda w, x, b: (w @ x + b) ** 2 + 3 * (w @ x + b), {"w": (D,), "x": (D,), "b": ()},
    ),
    "a layer": (
        r"$$h(x) = \tanh(W x), \quad \hat y = v^\top h, \quad L = \frac12 (\hat y - y)^2$$"
        r" with $W \in \mathbb{R}^{H\times D}$, $v \in \mathbb{R}^H$.",
        lambda W, x, v, y: (v @ np.tanh(W @ x) - y) ** 2 / 2, {"W": (H, D), "x": (D,), "v": (H,), "y": ()},
    ),
    "a probability": (
        r"$$p(y=1 \mid x) = \sigma(w^\top x + b), \quad L = -\log p$$ with $w \in \mathbb{R}^d$.",
        lambda w, x, b: np.log(1 + np.exp(-(w @ x + b))), {"w": (D,), "x": (D,), "b": ()},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BARE)
def test_the_name_of_a_function_alone_is_what_it_computes(name: str, tmp_path: Path) -> None:
    """It was a quantity of its own, and the function was passed over."""
    text, truth, shapes = BARE[name]
    same_as(loaded(tmp_path, text), truth, shapes)


def test_a_function_of_other_arguments_is_no_quantity_as_well(tmp_path: Path) -> None:
    note = r"$$f(x) = w^\top x, \quad L = \sum_{i=1}^n (f(x_i) - y_i)^2 + f^2$$ with $w, x_i \in \mathbb{R}^d$."
    with pytest.raises(InputError, match="the one is a function, the other a quantity"):
        loaded(tmp_path, note)


@pytest.mark.parametrize(
    ("equations", "remark"),
    [
        (
            r"P(y=k) = \frac{e^{z_k}}{\sum_j e^{z_j}}, \quad z_k = w_k x, \quad L = -\sum_k t_k z_k",
            r"P(y=k) is a function",
        ),
        (r"p = q^2 = \tanh(w x), \quad L = (p - t)^2", r"the side \tanh(w x) is not taken"),
        (r"y = \sigma(z) = \frac{1}{1+e^{-z}}, \quad z = w x, \quad L = (y-t)^2", None),
        (r"z = \sum_j w_j x_j = \sum_{k=1}^d w_k x_k, \quad L = z^2", None),
    ],
)
def test_what_a_note_computes_in_vain_is_named(equations: str, remark: str | None, tmp_path: Path) -> None:
    remarks = loaded(tmp_path, f"$${equations}$$").remarks
    found = [said for said in map(str, remarks) if "nothing uses" in said or "is not taken" in said]
    assert len(found) == (remark is not None)
    assert remark is None or remark in found[0]

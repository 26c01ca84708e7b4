r"""Right or refused: texts that may be taken for another problem are read as what they mean, or refused with a code.

What is read is checked against NumPy by a complex step; of what is refused, the code and the place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backsym as bs
from backsym.codegen.module import gradients_at
from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.core.source import Source
from backsym.reading.latex.declarations import Declarations

Values = dict[str, Any]


def loaded(folder: Path, text: str) -> Problem:
    path = folder / "note.md"
    path.write_text(text, encoding="utf-8")
    problem = bs.load(str(path))
    assert isinstance(problem, Problem)
    return problem


# --- refused ---------------------------------------------------------------------------------------------------------

SIZES = r" with $\mathbf{X} \in \mathbb{R}^{N \times N}$"
REFUSED = [
    # A letter that is applied and a factor.
    ("function_or_factor", r"\sigma(z)", r"$$z = w x, y = \sigma(z), L = \frac{(y-t)^2}{2 \sigma^2} + \sigma$$"),
    ("function_or_factor", r"\sigma(z)", r"$$z = w x, y = \sigma(z), L = \frac{(y-t)^2}{2 \sigma^3}$$"),
    ("function_or_factor", r"a(z)", r"$$z = w x, y = a(z), L = (y-t)^2 + a$$"),
    ("function_or_factor", r"\rho\left(z\right)", r"$$z = w x, y = \rho\left(z\right), L = \rho (y-t)^2 + \rho$$"),
    ("function_or_factor", r"g_1(z)", r"$$z = w x, y = g_1(z), L = g_1 y$$"),
    # A function, but not of one kind for certain.
    ("unknown_function", r"\tilde f(z)", r"$$z = w x, y = \tilde f(z), L = (y-t)^2$$"),
    ("unknown_function", r"g[z]", r"$$z = w x, y = g[z], L = (y-t)^2$$"),
    (
        "unknown_function",
        r"\boldsymbol{\phi}(\mathbf{x})",
        r"$$\mathbf{z} = \boldsymbol{\phi}(\mathbf{x}), L = \|\mathbf{z}\|^2$$",
    ),
    ("unknown_function", r"s(z + b)", r"$$z = w x, y = s(z + b), L = (y-t)^2$$"),
    # One for each example.
    ("member", r"\phi_j", r"$$y = \sum_j w_j \phi_j(x) + x, L = (y-t)^2$$"),
    ("power_or_member", r"x^i", r"$$y = \sum_{i=1}^M w_i x^i, L = (y-t)^2$$"),
    ("power_or_member", r"\gamma^{(t-1)}", r"$$z^{(t)} = w z^{(t-1)}, L = \sum_{t=1}^T \gamma^{(t-1)} z^{(t)}$$"),
    ("power_or_member", r"\gamma^{t-1}", r"$$z_t = w z_{t-1}, L = \sum_{t=1}^T \gamma^{t-1} z_t$$"),
    ("function_of_mark", r"p_\theta", r"$$\ell(\theta) = \sum_{i=1}^n \log p_\theta(x_i)$$"),
    ("function_of_mark", r"f_w", r"$$L = \sum_{n=1}^N (f_w(x_n) - y_n)^2$$ Find $\partial L / \partial w$."),
    ("number_or_matrix", r"\log|S|", r"$$\ell = \frac{1}{2} \log|S|$$ Compute the derivative with respect to $S$."),
    # One of a family, or another quantity.
    (
        "member_by_number",
        "z_1",
        r"Let $z_i = f(x_i)$ with $f(x) = Wx$. $$L = y \|z_1 - z_2\|^2$$ Find $\partial L/\partial W$.",
    ),
    ("member_by_number", r"\mathbf{x}_1", r"$$L = \sum_{n=1}^N \|\mathbf{x}_n\|^2 + \|\mathbf{x}_1\|^2$$"),
    ("member_by_number", r"x_1", r"$$L = \sum_{n=1}^N (w x_n - t_n)^2 + x_1$$"),
    (
        "member_by_number",
        r"w^{(1)}",
        r"$$a^{(l)} = w^{(l)} a^{(l-1)}, \quad l = 1, \dots, M, \quad L = a^{(M)} + w^{(1)}$$",
    ),
    # What is not put in, not read, or runs over other letters.
    ("function_not_put_in", "(f(w x))", r"With $f(x) = x^2$, $$h = f(f(w x)), \quad L = h$$"),
    (
        "defined_by_derivative",
        r"v_t = \mu v_{t-1} + \nabla f(x_{t-1})",
        r"$$v_t = \mu v_{t-1} + \nabla f(x_{t-1}), \quad x_t = x_{t-1} - v_t, \quad L = x_T^2$$",
    ),
    ("dependent_range", "n", r"$$c_n = \sum_{k=1}^{n} a_k b_k, \quad L = \sum_n c_n^2$$"),
    ("runs_out", r"x_{T-t}", r"$$h_t = w h_{t-1}, \quad L = \sum_{t=1}^T h_t x_{T-t}$$"),
    ("root_of_defined", "e", r"$$e^2 = (y - w x)^2, \quad L = e^2 + a e$$"),
    ("root_of_defined", "r", r"$$r^2 = (y - w x)^2, \quad L = r^2 + a r$$"),
    ("root_of_defined", "s", r"$$s^2 = \sum_{i=1}^n x_i^2, \quad L = \frac{a}{s}$$ Find $\partial L/\partial s$."),
    (
        "size_is_quantity",
        "h_t",
        r"$$h_t = \tanh(W_{hh} h_{t-1} + x_t), \quad L = \sum_{t=1}^T \|h_t\|^2$$"
        r" with $h_0 = 0$ and $h_t \in \mathbb{R}^h$.",
    ),
    (
        "in_two_layers",
        "w_{kj}",
        r"$$y_k = \sum_j w_{kj} z_j, \quad z_j = \tanh(\sum_i w_{ji} x_i), \quad L = \sum_k (y_k - t_k)^2$$",
    ),
    # Recurrences that have no start, or another one than at 0.
    ("runs_out", r"x_{i+1}", r"$$y_i = x_{i+1} - x_i, L = \sum_{i=1}^N y_i^2$$"),
    ("runs_out", r"x_{i+1}", r"Let $x \in \mathbb{R}$. $$y_i = w x_i + v x_{i+1}, L = \sum_{i=1}^N (y_i - t_i)^2$$"),
    ("runs_out", r"h_{t+1}", r"$$h_{t+1} = w h_t, L = \sum_{t=1}^T h_t^2$$"),
    ("steps_from", r"t = 0, \dots, T", r"$$h_t = w h_{t-1}, t = 0, \dots, T, L = \sum_{t=1}^T h_t^2$$"),
    (
        "files.recurrence",
        r"\mathbf{h}_s",
        r"$$\mathbf{h}_t = \sum_s w_{ts} \mathbf{h}_s, L=\sum_t \|\mathbf{h}_t\|^2$$",
    ),
    (
        "size_of_layer",
        r"\mathbf{a}^{(l)}",
        r"$$\mathbf{a}^{(l)} = \mathbf{W}^{(l)} \mathbf{a}^{(l-1)}, l = 1, \dots, M, L = \|\mathbf{a}^{(M)}\|^2$$"
        r" with $\mathbf{W}^{(l)} \in \mathbb{R}^{D^{(l)} \times D^{(l-1)}}$",
    ),
    (
        "size_is_quantity",
        "L",
        r"$$a^{(l)} = w^{(l)} a^{(l-1)}, l = 1, \dots, L$$ $$L = (a^{(L)} - y)^2$$",
    ),
    ("without_index", r"y", r"$$y = \mathbf{w}^\top \mathbf{x}, L = \sum_{n=1}^N (y_n - t_n)^2$$"),
    # An entry at a class.
    ("entry_at_class", r"p_y", r"$$\mathbf{p} = \mathrm{softmax}(\mathbf{z}), L = -\log p_y$$"),
    ("entry_at_class", r"f_y", r"$$f_i = \sum_j W_{ij} x_j, L = -f_y + \log \sum_j e^{f_j}$$"),
    ("entry_at_class", r"w_a", r"$$L = \sum_k w_k - w_a$$ where $a$ is a constant."),
    (
        "entry_at_class",
        r"\mathbf{u}_o^\top",
        r"$$J = -\log \frac{\exp(\mathbf{u}_o^\top \mathbf{v})}{\sum_{w=1}^V \exp(\mathbf{u}_w^\top \mathbf{v})}$$",
    ),
    # An index letter among numbers.
    ("letter_as_number", r"k", r"$$L = \sum_{k=1}^K k x_k$$"),
    ("letter_as_number", r"n", r"$$y_n = n w x_n, L = \sum_{n=1}^N (y_n - t_n)^2$$"),
    # A sum of what does not depend on its letter.
    ("idle_sum", r"\sum_x", r"$$y = w x, C = \frac{1}{n} \sum_x (y - t)^2$$"),
    # A formula that would change its meaning where it is put in.
    ("function_not_put_in", r"(a_j)", r"$$f(x) = \sum_j w_j x, L = \sum_{j=1}^D f(a_j)$$"),
    # Bold letters of size one.
    ("size_one", r"\mathbf{y}", r"$$\mathbf{y} = \mathbf{W} \mathbf{x}, L = \mathbf{y}$$"),
    ("size_one", r"\mathbf{y}", r"$$\mathbf{y} = \mathbf{W} \mathbf{x}, L = \tanh(\mathbf{y})$$"),
    ("size_one", r"\mathbf{y}", r"$$\mathbf{y} = X w + b \mathbf{1}, L = \|\mathbf{y} - \mathbf{t}\|^2$$"),
    # A function of two arguments that nothing defines.
    ("meaning.of_several", r"l(p_n, t_n)", r"$$p_n = w x_n, L = \sum_{n=1}^N l(p_n, t_n)$$"),
    # The transpose of a number.
    (
        "transposed_number",
        r"w^{\top",
        r"$$y = w x, L = y^2$$ Show that $$\frac{\partial L}{\partial x} = 2 w^{\top} y$$",
    ),
    ("transposed_number", r"(y - t)^T", r"$$L = (y - t)^T (y - t)$$"),
    ("function_not_put_in", r"(x)", r"$$f(x) = x^2, L = f'(w) + f(w)$$"),
    # A small letter beside a large one.
    (
        "letter_case",
        r"y_{nk}",
        r"$$J = -\sum_{n=1}^N \sum_{k=1}^K t_{nk} \log y_{nk}, \mathbf{Y} = \mathrm{softmax}(\mathbf{X} \mathbf{W})$$",
    ),
    (
        "letter_case",
        r"\mathbf{z}_n",
        r"$$\mathbf{Z} = \mathbf{X} \mathbf{W}, L = \sum_{n=1}^N \|\mathbf{z}_n - \mathbf{t}_n\|^2$$",
    ),
    (
        "letter_case",
        r"w_{ij}",
        r"$$\mathbf{y} = \mathbf{W} \mathbf{x}, L = \|\mathbf{y}\|^2 + \sum_{i=1}^K \sum_{j=1}^D w_{ij}^2$$",
    ),
    # The norm of a number.
    ("number_or_matrix", "W x", r"$$h = \sigma(W x), L = \frac{1}{2} \|h - t\|^2$$"),
    ("norm_of_number", r"\|H - T\|", r"$$H = \sigma(W X), L = \frac{1}{2} \|H - T\|^2$$"),
    (
        "norm_of_number",
        r"\Vert t_i - y_i \Vert",
        r"$$\mathbf{y} = \mathbf{x} * w, L = \frac{1}{N} \sum_{i=1}^N \Vert t_i - y_i \Vert^2$$",
    ),
    # A sum without an index of numbers, and an index that is left out at one place.
    ("plain_sum", r"\sum (t - y)^2", r"$$y = w x, L = \frac{1}{n} \sum (t - y)^2$$"),
    ("plain_sum", r"\sum t \log p", r"$$z = X w + b, p = \sigma(z), L = -\frac{1}{n} \sum t \log p$$"),
    (
        "index_elsewhere",
        "t",
        r"$$L = \sum_{i=1}^N (t - w x_i)^2$$ Then $\partial L/\partial w = \sum_i 2 (w x_i - t_i) x_i$.",
    ),
    ("index_elsewhere", "t", r"$$L = \sum_{i=1}^N (t - w x^{(i)})^2$$ where $t^{(i)}$ is the target."),
    # A loss that nothing computes, and the loss of one example beside that of all.
    ("unread_loss", r"\mathcal{L}_{fit}", r"$$\mathcal{L} = \mathcal{L}_{fit} + \lambda \|\mathbf{w}\|^2$$"),
    ("unread_loss", r"L_{\text{fit}}", r"$$J = L_{\text{fit}} + \alpha w^2$$"),
    (
        "notes.proviso.total",
        "The loss for a single example is",
        r"The loss for a single example is $$J = (w x - t)^2.$$"
        r" The loss is $$\small J = \sum_{i=1}^N (w x_i - t_i)^2$$",
    ),
    # A set of pairs, and what is to be shown of the best weights.
    ("latex.set_of_pairs", r"\Omega", r"$$L = \sum_{i, j \in \Omega} (r_{ij} - p_{ij})^2$$"),
    ("latex.set_of_pairs", r"\in", r"$$L = \sum_{(i, j) \in \Omega} (r_{ij} - p_{ij})^2$$"),
    (
        "computed_within",
        "V = (W^TW)^{-1}W^T",
        r"$W \in \mathbb{R}^{d \times n}$. $$L = \|x - V W x\|^2$$"
        r" Show that the optimal $V$ satisfies $V = (W^TW)^{-1}W^T$.",
    ),
    # A recurrence without a loss.
    (
        "files.recurrence_without_loss",
        "h_t",
        r"For $h_t = \tanh(w h_{t-1} + u x_t)$, find $\frac{\partial h_t}{\partial h_{t-1}}$.",
    ),
    # The cross-entropy of logits.
    ("logits", r"\mathrm{CE}(z", r"$$z = W x, L = \mathrm{CE}(z, y)$$ with $W \in \mathbb{R}^{K \times D}$."),
    ("logits", r"\mathcal{L}_{\text{BCE}}", r"$$s = w x + b, L = \mathcal{L}_{\text{BCE}}(s, y)$$"),
    # The 2-norm of a matrix.
    (
        "meaning.two_norm_of_matrix",
        r"\|\mathbf{W}\|_2^2",
        r"$$L = \|\mathbf{W} \mathbf{x}\|_2^2 + \|\mathbf{W}\|_2^2$$",
    ),
    ("meaning.two_norm_of_matrix", r"\|\mathbf{X}\|_2", r"$$L = \|\mathbf{X}\|_2$$" + SIZES),
    # A vector that is added to a matrix.
    ("bias_axis", r"\mathbf{A}", r"$$\mathbf{Z} = \mathbf{A} \mathbf{X} + \mathbf{b}, L = \|\mathbf{Z}\|_F^2$$"),
    # An array that is declared as a power.
    ("declared_power", r"v^{2}", r"$$z = w x + v^{2}, L = z^2$$ with $v^{2} \in \mathbb{R}$."),
    # The exponential of a matrix.
    ("matrix_exponential", r"e^{\mathbf{X}}", r"$$L = \operatorname{tr}(e^{\mathbf{X}})$$" + SIZES),
    (
        "matrix_exponential",
        r"\exp(t \mathbf{X} + \mathbf{A})",
        r"$$L = \operatorname{tr}(\exp(t \mathbf{X} + \mathbf{A}))$$" + SIZES,
    ),
    ("matrix_exponential", r"\exp(\mathbf{X})", r"$$L = \operatorname{tr}(\exp(\mathbf{X}))$$" + SIZES),
    (
        "matrix_exponential",
        r"e^{\mathbf{X}}",
        r"$$\mathbf{z} = e^{\mathbf{X}} \mathbf{v}, L = \|\mathbf{z}\|^2$$" + SIZES,
    ),
    # Sizes that other sizes tell.
    (
        "no_positive_size",
        "{N-K+1}",
        r"$$y_i = \sum_{k=1}^K w_k x_{i+k-1}, L = \sum_i y_i^2$$ with $y \in \mathbb{R}^{N-K+1}$.",
    ),
    ("size_not_read", "{N/2}", r"$$z = w^\top x, L = z^2$$ with $x \in \mathbb{R}^{N/2}$."),
    (
        "latex.range_to_sum",
        "= 1",
        r"$$y_i = \sum_{k=1}^K w_k x_{i+k-1}, \quad i = 1, \dots, N-K+1, L = \sum_i y_i^2$$ with $x \in \mathbb{R}^N$.",
    ),
    (
        "latex.range_to_sum",
        "i = 1",
        r"$$y_i = \sum_{k=1}^K w_k x_{i+k-1}, L = \sum_i y_i^2$$ for $i = 1, \dots, N-K+1$, $x \in \mathbb{R}^N$.",
    ),
]


@pytest.mark.parametrize(("code", "place", "note"), REFUSED, ids=[f"{code}-{place}" for code, place, _ in REFUSED])
def test_what_may_mean_another_problem_is_refused_at_its_place(
    code: str, place: str, note: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, note)
    first = caught.value.diagnostics[0]
    assert first.code == (code if "." in code else f"notes.{code}")
    assert first.source is not None
    assert first.column is not None
    assert first.source[first.column - 1 :].startswith(place)
    assert first.hint


# --- abstract functions ----------------------------------------------------------------------------------------------

ABSTRACT = [
    (r"\phi\left(z\right)", "phi"), (r"g\bigl(z\bigr)", "g"), (r"a(z)", "a"), (r"\rho(2 z)", "rho"), (r"f_1(z)", "f1"),
    (r"g^{[1]}(z)", "g1"), (r"\sigma_g(z)", "sigma_g"), (r"f_\theta(z)", "f_theta"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "name"), ABSTRACT, ids=[call for call, _ in ABSTRACT])
def test_a_letter_before_parentheses_is_an_abstract_function(call: str, name: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, rf"$$z = w x + b, \quad y = {call}, \quad L = \frac{{1}}{{2}} (y - t)^2$$")
    argument = "2*z" if "2 z" in call else "z"
    symbols = {s.name: s.role for s in note.symbols.values() if s.role != "node"}
    forward = ["z = w*x + b", f"y = {name}({argument})", "L = (y - t)**2/2"]
    other = bs.Problem(
        forward=forward, symbols={n: {"role": r} for n, r in symbols.items()}, functions={name: "abstract"}
    )
    assert note.abstract == {name}
    assert set(symbols) == {"w", "x", "b", "t"}
    assert [str(note.solve()[n]) for n in ("w", "x", "b", "z")] == [str(other.solve()[n]) for n in ("w", "x", "b", "z")]
    assert f"{name}'" in str(note.solve()["z"])


def test_a_bold_capital_before_parentheses_is_a_matrix(tmp_path: Path) -> None:
    text = r"$$\mathbf{z} = \mathbf{W} (\mathbf{x} + \mathbf{b}), L = \|\mathbf{z}\|^2$$"
    note = loaded(tmp_path, text)
    assert not note.abstract
    assert [len(note.symbols[name].shape) for name in ("W", "x", "b")] == [2, 1, 1]


def test_a_factor_before_a_power_is_a_factor(tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$z = w x, L = \lambda (z - t)^2$$")
    point: Values = {"w": 2.0, "x": 3.0, "lambda": 0.5, "t": 1.0}
    assert gradients_at(note.solve(), {n: np.array(v) for n, v in point.items()})["w"] == pytest.approx(15.0)  # type: ignore[index]


# --- read, by value --------------------------------------------------------------------------------------------------


def gaussian(x: Any, mu: Any, Sigma: Any) -> Any:
    return (x - mu) @ np.linalg.inv(Sigma) @ (x - mu) / 2 + np.log(np.linalg.det(Sigma)) / 2


def determinant_alone(Sigma: Any) -> Any:
    return np.log(np.linalg.det(Sigma))


def precision(x: Any, A: Any) -> Any:
    return x @ A @ x - np.log(np.linalg.det(A))


SIGMA = np.array([[2.0, 0.5], [0.3, 1.0]])
X, MU = np.array([1.0, 2.0]), np.array([0.5, -1.0])
READ: list[tuple[str, Callable[..., Any], Values]] = [
    (
        r"$$L = \frac12 (\mathbf{x}-\boldsymbol\mu)^\top \boldsymbol\Sigma^{-1} (\mathbf{x}-\boldsymbol\mu)"
        r" + \frac12 \log|\boldsymbol\Sigma|$$",
        gaussian,
        {"x": X, "mu": MU, "Sigma": SIGMA},
    ),
    (r"$$L = \log|\boldsymbol\Sigma|$$", determinant_alone, {"Sigma": SIGMA}),
    (r"$$L = \mathbf{x}^\top \mathbf{A} \mathbf{x} - \log\det\mathbf{A}$$", precision, {"x": X, "A": SIGMA}),
]


@pytest.mark.parametrize(("note", "function", "point"), READ)
def test_the_bars_of_a_matrix_in_a_logarithm_are_its_determinant(
    note: str, function: Callable[..., Any], point: Values, tmp_path: Path
) -> None:
    solution = loaded(tmp_path, note).solve()
    found = gradients_at(solution, dict(point))
    assert found is not None
    for name, value in point.items():
        for place in np.ndindex(value.shape):
            shifted = value.astype(complex)
            shifted[place] += 1e-30j
            wanted = function(**{**point, name: shifted}).imag / 1e-30
            assert found[name][place] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    "note",
    [
        r"$$h(x) = \theta x^ \quad J = \sum_{i=1}^m (h(x^{(i)}) - y^{(i)})^2$$",
        r"$$f(x) =$$ $$L = f(P) + f(a)$$",
        r"$$f(x) = $$ and $$y = f(w)$$",
        r"$$L' = $$",
        r"$$SSR( = y$$",
    ],
)
def test_a_note_that_breaks_off_is_refused_in_words(note: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, note)
    assert str(caught.value)


def test_a_power_is_a_declaration_of_its_own_only_before_a_set() -> None:
    text = r"w^2 + b \in \mathbb{R}^n"
    declared = Declarations()
    declared.read(Source(text), 0, len(text))
    assert declared.powers == []

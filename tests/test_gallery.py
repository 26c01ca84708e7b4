"""The gallery: every network is judged by complex steps, and what it prints is held to the form of a good textbook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from network_checks import judge_problem

from backsym.api.problem import load
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.documents.content.solved import answered_parts
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw
from backsym.numeric.verify import with_adjoints
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain

GALLERY = sorted(path.stem for path in (Path(__file__).resolve().parents[1] / "problems" / "gallery").glob("*.yaml"))

ENTRY = {
    ("conv1d", "w"): r"\sum_{i=1}^M \frac{\partial \mathcal{L}}{\partial z_i} x_{i+k-1}",
    ("conv1d", "x"): r"\sum_{i=1}^M \frac{\partial \mathcal{L}}{\partial z_i} w_{m-i+1}",
    ("conv-pool", "H"): (
        r"\sum_{j=1}^P \frac{\partial \mathcal{L}}{\partial Y_{cj}} \mathbb{1}[i-2j+2 = \arg\max_s H_{c,2j+s-2}]"
    ),
    ("conv-pool", "X"): r"\sum_{c=1}^C \sum_{i=1}^M \frac{\partial \mathcal{L}}{\partial Z_{ci}} W_{c,b,m-i+1}",
    ("layer-norm", "v"): r"\frac{1}{2 s} \frac{\partial \mathcal{L}}{\partial s}",
    ("layer-norm", "s"): r"-\frac{1}{s} \sum_{i=1}^D \frac{\partial \mathcal{L}}{\partial h_i} h_i",
    ("rms-norm", "x"): (
        r"\frac{1}{r} \frac{\partial \mathcal{L}}{\partial h_i}"
        r" + \frac{\partial \mathcal{L}}{\partial r} \frac{x_i}{D r}"
    ),
    ("dropout", "h"): r"\frac{\partial \mathcal{L}}{\partial d_j} \frac{m_j}{q}",
    ("contrastive", "d"): r"t d - (1 - t) \max(\mu - d, 0)",
    ("word2vec-negative", "r"): r"\sigma(r_k)",
    ("word2vec-negative", "s"): r"\sigma(s) - 1",
    ("multi-head-attention", "S"): (
        r"A_{hnm} \left( \frac{\partial \mathcal{L}}{\partial A_{hnm}}"
        r" - \sum_{m'=1}^N \frac{\partial \mathcal{L}}{\partial A_{hnm'}} A_{hnm'} \right)"
    ),
}
"""Right sides of entry forms."""

MATRIX = {
    ("linear-regression-l2", "w"): r"\lambda \mathbf{w} + \mathbf{X}^\top \nabla_{\mathbf{y}} \mathcal{L}",
    ("softmax-regression", "Z"): r"\frac{1}{N} (\mathbf{Y} - \mathbf{T})",
    ("autoencoder", "x"): r"\mathbf{W}^\top \nabla_{\mathbf{z}} \mathcal{L} + \mathbf{x} - \mathbf{y}",
    ("tied-autoencoder", "W"): (
        r"\nabla_{\mathbf{z}} \mathcal{L} \mathbf{x}^\top + \mathbf{h} (\nabla_{\mathbf{y}} \mathcal{L})^\top"
    ),
    ("bilinear", "M"): r"\frac{\partial \mathcal{L}}{\partial s} \mathbf{u} \mathbf{v}^\top",
    ("attention", "Q"): r"\frac{1}{\sqrt{K}} \nabla_{\mathbf{S}} \mathcal{L} \mathbf{P}",
    ("batch-norm", "v"): r"\frac{\nabla_{\mathbf{s}} \mathcal{L}}{2 \mathbf{s}}",
    ("contrastive", "r"): r"\frac{\partial \mathcal{L}}{\partial d} \frac{\mathbf{r}}{d}",
    ("lstm-cell", "c"): (
        r"\nabla_{\mathbf{h}} \mathcal{L} \odot \mathbf{o} \odot (\mathbb{1}_{H} - \tanh^2(\mathbf{c}))"
    ),
    ("word2vec-negative", "r"): r"\sigma(\mathbf{r})",
}

FORWARD = {
    ("linear-regression-l2", "E"): r"\frac{1}{2 N} \sum_{n=1}^N (y_n - t_n)^2",
    ("linear-regression-l2", "R"): r"\frac{\lambda}{2} \sum_{i=1}^D w_i^2",
    ("logistic-regression-l2", "L"): (
        r"-\frac{1}{N} \sum_{n=1}^N (t_n \log(y_n) + (1 - t_n) \log(1 - y_n)) + \frac{\lambda}{2} \sum_{i=1}^D w_i^2"
    ),
    ("softmax-regression", "L"): r"-\frac{1}{N} \sum_{n=1}^N \sum_{k=1}^K T_{nk} \log(Y_{nk})",
    ("attention", "S"): r"\frac{1}{\sqrt{K}} \sum_{k=1}^K Q_{nk} P_{mk}",
}
"""Right sides of forward equations, entry by entry."""


@pytest.fixture(scope="module")
def problems() -> dict[str, Problem]:
    loaded = {name: load(str(find_problem(name))) for name in GALLERY}
    assert all(isinstance(problem, Problem) for problem in loaded.values())
    return loaded  # type: ignore[return-value]


def test_the_gallery_is_large_enough() -> None:
    assert len(GALLERY) >= 25


@pytest.mark.parametrize("name", GALLERY)
def test_a_network_of_the_gallery_is_right_in_every_form(name: str, problems: dict[str, Problem]) -> None:
    assert judge_problem(problems[name]) == []


@pytest.mark.parametrize("name", GALLERY)
def test_a_problem_of_the_gallery_tells_what_it_asks(name: str, problems: dict[str, Problem]) -> None:
    problem = problems[name]
    assert problem.objective
    assert problem.text
    assert len(problem.parts) >= 2
    statuses = {v.status for v in problem.solve().verified.values()}
    assert statuses == {"verified"}


@pytest.mark.parametrize(("name", "node"), ENTRY)
def test_entry_forms(name: str, node: str, problems: dict[str, Problem]) -> None:
    found = problems[name].solve()[node].entry
    assert equation_latex(found, Notation.of(problems[name])).partition(" = ")[2] == ENTRY[name, node]


@pytest.mark.parametrize(("name", "node"), MATRIX)
def test_matrix_forms(name: str, node: str, problems: dict[str, Problem]) -> None:
    found = problems[name].solve()[node].matrix
    assert found is not None
    assert equation_latex(found, Notation.of(problems[name])).partition(" = ")[2] == MATRIX[name, node]


@pytest.mark.parametrize(("name", "node"), FORWARD)
def test_forward_equations_keep_the_form_of_their_author(name: str, node: str, problems: dict[str, Problem]) -> None:
    found = next(forms for forms in problems[name].solve().forward if forms.node == node).entry
    assert equation_latex(found, Notation.of(problems[name])).partition(" = ")[2] == FORWARD[name, node]


WITHOUT_MATRIX_FORM = {"multi-head-attention": "V", "conv1d": "w"}


def test_where_there_is_no_matrix_form_the_reason_is_given(problems: dict[str, Problem]) -> None:
    heads, convolution = problems["multi-head-attention"].solve()["V"], problems["conv1d"].solve()["w"]
    assert str(heads.derivation.no_matrix) == "an array with 3 axes is not a matrix"
    assert str(convolution.derivation.no_matrix) == "an entry at a shifted index has no matrix form"


@pytest.mark.parametrize("name", ["deep-linear", "logistic-circuit", "softmax-regression", "bilinear"])
def test_what_is_to_be_shown_is_led_to(name: str, problems: dict[str, Problem]) -> None:
    """Step by step from what was derived, each step equal in value, to the very equation of the question."""
    problem = problems[name]
    solution = problem.solve()
    env = with_adjoints(solution.derivations, draw(problem, 3))
    shown = [piece for part in answered_parts(solution) if part.part.kind == "show" for piece in part.pieces]
    assert shown
    for piece in shown:
        steps = (*piece.steps, *piece.after)
        assert plain(steps[-1].after, problem) == plain(piece.result.rhs, problem)
        for step in piece.after:
            np.testing.assert_allclose(evaluate(step.before, env), evaluate(step.after, env), rtol=1e-9)


def test_a_product_of_all_layers_is_put_together_from_derivatives_by_name(problems: dict[str, Problem]) -> None:
    solution = problems["deep-linear"].solve()
    piece = next(a for a in answered_parts(solution) if a.part.kind == "show").pieces[0]
    assert [step.kind for step in piece.after] == ["recall", "inline_adjoint"] * 3

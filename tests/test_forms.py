"""Matrix forms that a good textbook would print, as exact strings: where the engine has a choice, it takes these."""

from __future__ import annotations

import pytest
from networks import NETWORKS

from backsym.core.errors import BacksymError
from backsym.core.expr import Expr
from backsym.core.problem import Problem
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.printing.printer import layout_of
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("solving")

FORMS = {
    ("quadratic-form", "x"): r"(\mathbf{A} + \mathbf{A}^\top) \mathbf{x}",
    ("softmax-inline", "x"): r"\mathbf{W}^\top (\text{softmax}(\mathbf{W} \mathbf{x}) - \mathbf{t})",
    ("cosine", "u"): (
        r"\frac{\mathbf{v}}{\lVert \mathbf{u} \rVert \lVert \mathbf{v} \rVert}"
        r" - \frac{(\mathbf{u}^\top \mathbf{v}) \mathbf{u}}{\lVert \mathbf{u} \rVert^3 \lVert \mathbf{v} \rVert}"
    ),
    ("graph-convolution", "W"): (
        r"\mathbf{X}^\top \mathbf{A}^\top (\nabla_{\mathbf{Y}} \mathcal{L}"
        r" \odot \text{ReLU}'(\mathbf{A} \mathbf{X} \mathbf{W}))"
    ),
    ("projection", "W"): (
        r"-\mathbf{X}^\top \nabla_{\mathbf{E}} \mathcal{L} \mathbf{W}"
        r" - (\nabla_{\mathbf{E}} \mathcal{L})^\top \mathbf{X} \mathbf{W}"
    ),
    ("low-rank", "B"): r"\mathbf{A}^\top \nabla_{\mathbf{y}} \mathcal{L} \mathbf{x}^\top",
    ("negative-log-sigmoid", "r"): r"\sigma(\mathbf{r})",
    ("trace", "A"): r"\mathbf{B}^\top",
    ("frobenius", "W"): r"\frac{\mathbf{W}}{n}",
    ("diag", "M"): r"\text{diag}(\nabla_{\mathbf{y}} \mathcal{L})",
}


@pytest.mark.parametrize(("name", "node"), FORMS)
def test_the_matrix_form_is_the_natural_one(name: str, node: str) -> None:
    problem = problem_from_mapping(NETWORKS[name])
    found = solve(problem)[node].matrix
    assert found is not None
    assert equation_latex(found, Notation.of(problem)).partition(" = ")[2] == FORMS[name, node]


READINGS = {
    ("attention-weights-in-one-line", "Q"): "1/√D (A ⊙ (∇_A ℒ − (∇_A ℒ ⊙ A)𝟙_M 𝟙_Mᵀ))K",
    ("attention-weights-in-one-line", "K"): "1/√D (A ⊙ (∇_A ℒ − (∇_A ℒ ⊙ A)𝟙_M 𝟙_Mᵀ))ᵀQ",
    ("softmax-layer-in-one-line", "W"): "Xᵀ(P ⊙ (∇_P ℒ − (∇_P ℒ ⊙ P)𝟙_K 𝟙_Kᵀ))",
    ("softmax-layer-in-one-line", "b"): "(P ⊙ (∇_P ℒ − (∇_P ℒ ⊙ P)𝟙_K 𝟙_Kᵀ))ᵀ𝟙_N",
    ("swiglu-in-one-line", "A"): "Xᵀ(∇_G ℒ ⊙ σ(XA) ⊙ (𝟙_{N × H} + (𝟙_{N × H} − σ(XA)) ⊙ (XA)) ⊙ (XB))",
    ("mlp-in-one-line", "W"): "(ReLU′(XWᵀ + 𝟙_N bᵀ) ⊙ (∇_Y ℒ V))ᵀX",
    ("mlp-in-one-line", "V"): "(∇_Y ℒ)ᵀ ReLU(XWᵀ + 𝟙_N bᵀ)",
    ("rayleigh-quotient", "w"): "Aw/(wᵀw) + Aᵀw/(wᵀw) − 2(wᵀAw)w/(wᵀw)²",
    ("rayleigh-quotient", "X"): "X(∇_A ℒ + (∇_A ℒ)ᵀ)",
    ("low-rank-adapter", "A"): "s/R ∇_y ℒ xᵀBᵀ",
    ("experts-by-their-entries", "A"): "g₁∇_y ℒ xᵀ",
    ("experts-by-their-entries", "x"): "(g₁A + g₂B)ᵀ∇_y ℒ + Gᵀ(g ⊙ (∇_g ℒ − ((∇_g ℒ)ᵀg)𝟙₂))",
    ("normalised-adjacency", "d"): "−((∇_S ℒ ⊙ S)𝟙_N + (∇_S ℒ ⊙ S)ᵀ𝟙_N)/(2d)",
    ("length-one", "w"): "∂ℒ/∂y xᵀ",
}
FORWARD = {
    ("rows-and-a-vector", "L"): "(y − t)(y − t)ᵀ/2",
    ("length-one", "y"): "wx + b",
    ("length-one", "L"): "(y − t)²/2",
    ("graph-attention", "L"): "𝟙_Nᵀ softmax(S) H𝟙_K",
}
ENTRIES = {
    ("two-way-softmax", "u"): "∂ℒ/∂a a(1 − a)",
    ("entries-beside-arrays", "B"): "1/2 A_{nd}",
}


def _read(e: Expr, problem: Problem) -> str:
    return to_unicode(layout_of(e, Notation.of(problem)))


@pytest.mark.parametrize(("name", "node"), READINGS)
def test_layers_in_one_line_have_the_form_of_their_papers(name: str, node: str) -> None:
    problem = problem_from_mapping(NETWORKS[name])
    found = solve(problem)[node].matrix
    assert found is not None
    assert _read(found.rhs, problem) == READINGS[name, node]


@pytest.mark.parametrize(("name", "node"), FORWARD)
def test_forward_equations_have_no_needless_ones_or_transposes(name: str, node: str) -> None:
    problem = problem_from_mapping(NETWORKS[name])
    form = next(f for f in solve(problem).forward if f.node == node).matrix
    assert form is not None
    assert _read(form.rhs, problem) == FORWARD[name, node]


@pytest.mark.parametrize(("name", "node"), ENTRIES)
def test_entries_are_factored(name: str, node: str) -> None:
    problem = problem_from_mapping(NETWORKS[name])
    assert _read(solve(problem)[node].entry.rhs, problem) == ENTRIES[name, node]


def test_a_loss_of_entries_and_arrays_is_written_by_entries() -> None:
    problem = problem_from_mapping(NETWORKS["entries-beside-arrays"])
    entry = next(f for f in solve(problem).forward if f.node == "L").entry
    assert "sum" not in equation_latex(entry, Notation.of(problem)).replace(r"\sum", "")


def test_a_denominator_on_one_line_keeps_its_factors_together() -> None:
    """A slash divides by the next factor only, so that the denominator of a fraction stands in parentheses."""
    problem = problem_from_mapping({"forward": ["L = x/((1 + y)*z)"]})
    assert _read(problem.equations[0].rhs, problem) == "x/((1 + y)z)"


def test_an_abstract_loss_is_not_differentiated_by_its_second_argument() -> None:
    """L'(y, t) has no usual counterpart for t, so that the reason is said in place of a made-up sign."""
    symbols = {"W": ["K", "D"], "V": ["K", "D"], "x": ["D"]}
    with pytest.raises(BacksymError, match="second argument of the abstract loss is a target, but u is computed"):
        problem_from_mapping({"symbols": symbols, "forward": ["y = W @ x", "u = V @ x", "L = loss(y, u)"]})

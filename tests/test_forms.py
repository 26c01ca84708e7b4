"""Matrix forms that a good textbook would print, as exact strings: where the engine has a choice, it takes these."""

from __future__ import annotations

import pytest
from networks import NETWORKS

from backsym.errors import BacksymError
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.reading.loader import problem_from_mapping
from backsym.solution import solve

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


def test_an_abstract_loss_is_not_differentiated_by_its_second_argument() -> None:
    """L'(y, t) has no usual counterpart for t, so that the reason is said in place of a made-up sign."""
    symbols = {"W": ["K", "D"], "V": ["K", "D"], "x": ["D"]}
    problem = problem_from_mapping({"symbols": symbols, "forward": ["y = W @ x", "u = V @ x", "L = loss(y, u)"]})
    with pytest.raises(BacksymError, match="the second argument of the abstract loss depends on u"):
        solve(problem)

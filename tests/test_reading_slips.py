"""What authors write that could be read as something else: it is read as meant, refused, or told of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from backsym.cli.main import main
from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.reading.files.loader import load, problem_from_mapping, what_was_read
from backsym.solving.solution import solve


def note(tmp_path: Path, text: str) -> Problem:
    path = tmp_path / "note.md"
    path.write_text(text, encoding="utf-8")
    loaded = load(str(path))
    assert isinstance(loaded, Problem)
    return loaded


BARE = {
    "y = exp(z)": "y = exp(z)", r"y = \frac{1}{1+exp(-z)}": "y = 1/(1 + exp(-z))", "y = w tanh(z)": "y = w*tanh(z)",
    "y = wtanh(z)": "y = w*tanh(z)", "y = -t log(z) - ln(w)": "y = -t*log(z) - log(w)",
    "y = sigma(z)": "y = sigmoid(z)", "y = max(0, z)": "y = max(0, z)",
    "y = ReLU(z) + sin(w)cos(w x)": "y = relu(z) + sin(w)*cos(w*x)",
    r"y = exp\left(z\right)": "y = exp(z)", "y = expz": "y = e*x*p*z",
}  # fmt: skip


@pytest.mark.parametrize("latex", BARE)
def test_functions_without_a_backslash(latex: str) -> None:
    """In LaTeX the letters of exp(z) would be four factors and a product."""
    marked = problem_from_mapping({"forward": [r"z = \frac{w}{1}", latex.replace("y =", r"y = \, "), "L = y^2"]})
    plain = problem_from_mapping({"forward": ["z = w/1", BARE[latex], "L = y**2"]})
    assert marked.by_name["y"].rhs == plain.by_name["y"].rhs


def test_functions_of_arrays_without_a_backslash(tmp_path: Path) -> None:
    text = r"""Let $\mathbf{x}\in R^{D}$, $\mathbf{W}\in\mathbb{R}^{K x D}$, $\mathbf{t} \in \mathbb{R}^K$ be one-hot.
$$\mathbf{z} = \mathbf{W}\mathbf{x}$$ $$\mathbf{y} = softmax(\mathbf{z})$$
$$L = -\sum_k t_k log(y_k) + tr(\mathbf{W}^T \mathbf{W})$$
"""
    found = note(tmp_path, text)
    plain = problem_from_mapping(
        {
            "symbols": {"x": ["D"], "W": ["K", "D"], "t": {"shape": ["K"], "one_hot": True}},
            "indices": {"k": "K"},
            "forward": ["z = W @ x", "y = softmax(z)", "L = -sum(t[k]*log(y[k]), k) + trace(W.T @ W)"],
        }
    )
    assert [eq.rhs for eq in found.equations] == [eq.rhs for eq in plain.equations]
    assert {name: s.shape for name, s in found.symbols.items()} == {name: s.shape for name, s in plain.symbols.items()}
    assert [name for name, symbol in found.symbols.items() if symbol.one_hot] == ["t"]


def test_a_penalty_stays_abstract(tmp_path: Path) -> None:
    found = note(tmp_path, r"$x \in R$ $$z = w x$$ $$L = (z - t)^2 + \lambda R(w) + \mu\Omega(w)$$")
    assert found.abstract == {"R", "Omega"}
    assert "R" not in found.symbols
    with pytest.raises(InputError, match="a factor, or a function"):
        note(tmp_path, r"$$z = w x$$ $$L = (z - t)^2 + \lambda R(w + x)$$")


def test_what_a_note_asks_for_in_vain_is_told(tmp_path: Path) -> None:
    text = r"""$$z = w x + c$$ $$L = (z - t)^2$$
(a) Derive $\frac{\partial L}{\partial w}$ and $\frac{\partial L}{\partial b}$.

(b) Derive $\frac{\partial L}{\partial v}$.

Let $\mathbf{y} \in \mathcal{Y}^{3 +}$.
"""
    told = what_was_read(note(tmp_path, text))
    assert "passed over, line 2: a derivative by b, which no equation mentions" in told
    assert "passed over, line 4: a derivative by v, which no equation mentions" in told
    assert "passed over, line 6: a declaration that is not read" in told


def test_nodes_that_do_not_reach_the_loss_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text("forward: [z = w*x, h = tanh(z), y = v*H, L = (y - t)**2]\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["verify", "net.yaml"])
    assert result.exit_code == 0
    assert result.stderr == (
        "net.yaml: the loss L does not depend on z\nnet.yaml: the loss L does not depend on h; H is another quantity\n"
    )


CLASSES = {
    "symbols": {"z": [2], "t": {"shape": [2], "one_hot": True}},
    "forward": ["y = softmax(z)", "L = cross_entropy(y, t)"],
}
SHARES = {
    "symbols": {"Z": [2, 2], "T": {"shape": [2, 2], "role": "target", "sums_to_one": True}},
    "forward": ["Y = softmax(Z)", "L = cross_entropy(Y, T)"],
}
SCALAR = {"forward": ["z = w*x", "L = z**2"]}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({**CLASSES, "values": {"z": [0, 0], "t": [1, 1]}}, "t is declared one-hot: one entry is 1, the others 0"),
    ({**CLASSES, "values": {"z": [0, 0], "t": [0, 2]}}, "t is declared one-hot: one entry is 1, the others 0"),
    (
        {**SHARES, "values": {"Z": [[0, 0], [0, 1]], "T": [[0.5, 0.5], [0.5, 0.6]]}},
        "T is declared such that its entries sum to 1",
    ),
    (
        {**CLASSES, "forward": ["y = softmax(z)", "L = cross_entropy(t, y)"]},
        "t is a target, which is the second argument of cross_entropy",
    ),
    ({**SCALAR, "parts": [{"why": "w"}]}, "w is learned"),
    ({**SCALAR, "parts": [{"why": "L"}]}, "L is the loss itself"),
    ({**SCALAR, "parts": [{"show": "z = w*x"}]}, "the left side is a derivative of the loss here"),
    ({**SCALAR, "parts": [{"vectorize": "2*z = dL/dz"}]}, "the left side is a derivative of the loss here"),
]


@pytest.mark.parametrize(("mapping", "message"), REFUSED)
def test_what_contradicts_itself_is_refused(mapping: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        problem_from_mapping(mapping)
    assert [d.message for d in caught.value.diagnostics] == [message]


def test_what_fits_is_taken() -> None:
    assert problem_from_mapping({**CLASSES, "values": {"z": [0, 0], "t": [0, 1]}}).values["t"] == (0.0, 1.0)
    assert problem_from_mapping({**SHARES, "values": {"Z": [[0, 0], [0, 1]], "T": [[0.1, 0.9], [1, 0]]}}).values
    assert problem_from_mapping({**SCALAR, "parts": [{"why": "z"}, {"show": "dL/dz = 2*z"}]}).parts


TEXTBOOKS = {
    "least squares": (
        r"$$L = \sum_{i=1}^N (y_i - w x_i - b)^2$$",
        {"y": ("target", ("N",)), "x": ("input", ("N",)), "w": ("parameter", ()), "b": ("parameter", ())},
    ),
    "two layers, entry by entry, with an abstract h": (
        r"$$a_j = \sum_{i=1}^D w^{(1)}_{ji}x_i$$ $$z_j = h(a_j)$$ $$y_k = \sum_{j=1}^M w^{(2)}_{kj}z_j$$"
        r" $$E = \frac12\sum_{k=1}^K(y_k-t_k)^2$$",
        {
            "x": ("input", ("D",)), "w1": ("parameter", ("M", "D")), "w2": ("parameter", ("K", "M")),
            "t": ("target", ("K",)), "a": ("node", ("M",)), "z": ("node", ("M",)),
        },
    ),
    "a loss in words": (
        r"$$p = \sigma(w x)$$ $$\text{loss} = -t\ln p-(1-t)\ln(1-p)$$",
        {"w": ("parameter", ()), "x": ("input", ()), "t": ("target", ()), "loss": ("node", ())},
    ),
    "words about the last of several": (
        r"Let $\mathbf{Q},\mathbf{K}\in\mathbb{R}^{N\times D}$, $\mathbf{T}\in\mathbb{R}^{N\times N}$ targets."
        r" $$L = \|\mathbf{Q}\mathbf{K}^\top - \mathbf{T}\|_F^2$$",
        {"Q": ("given", ("N", "D")), "K": ("given", ("N", "D")), "T": ("target", ("N", "N"))},
    ),
}  # fmt: skip


def test_a_quantity_that_is_written_as_a_square_makes_no_layer_of_other_squares(tmp_path: Path) -> None:
    found = note(tmp_path, r"$$ \sigma^2 = \frac1D\sum_{i} x_i^2 $$ $$ L = \log \sigma^2 $$")
    assert [name for name, symbol in found.symbols.items() if symbol.role != "node"] == ["x"]
    plain = problem_from_mapping({"symbols": {"x": ["D"]}, "forward": ["s = 1/D*sum(x[i]**2, i)", "L = log(s)"]})
    values = [solve(problem)["x"].numpy for problem in (found, plain)]
    assert values == ["2 / x.shape[0] * d_sigma2 * x", "2 / x.shape[0] * d_s * x"]


@pytest.mark.parametrize("name", TEXTBOOKS)
def test_formulas_of_textbooks(name: str, tmp_path: Path) -> None:
    text, expected = TEXTBOOKS[name]
    symbols = note(tmp_path, text).symbols
    assert {n: (symbols[n].role, symbols[n].shape) for n in expected} == expected

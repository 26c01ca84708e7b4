"""Problems from lecture notes: formulas are found, declarations give shapes and roles; it is said what was read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from backsym.cli.main import main
from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.reading.files.loader import load, problem_from_mapping, what_was_read
from backsym.reading.notes.assembling import stated
from backsym.reading.notes.prose import formulas

NOTE = r"""# One hidden layer

The price was \$5, `$code$` is not a formula.

- $\mathbf{a}^{(0)} \in \mathbb{R}^{D^{(0)}}$ denotes the input vector.
- $\mathbf{W}^{(1)} \in \mathbb{R}^{D^{(1)} \times D^{(0)}}$ and $\mathbf{b}^{(1)} \in \mathbb{R}^{D^{(1)}}$ denote the
  weights and biases from the input layer to the hidden layer.
- $\mathbf{z}^{(1)}, \mathbf{a}^{(1)} \in \mathbb{R}^{D^{(1)}}$ denote the hidden layer pre-activations and activations.
- $\mathbf{W}^{(2)} \in \mathbb{R}^{D^{(2)} \times D^{(1)}}$ and $\mathbf{b}^{(2)} \in \mathbb{R}^{D^{(2)}}$ denote
  the weights and biases.
- $\mathbf{t} \in \mathbb{R}^{D^{(2)}}$ denotes the one-hot target vector.

```
$$ z = not_read $$
```

$$z_j^{(1)} = \sum_{i=1}^{D^{(0)}} W_{ji}^{(1)} a_i^{(0)} + b_j^{(1)}, \quad j = 1, \dots, D^{(1)}$$

\[ a_j^{(1)} = \text{ReLU}(z_j^{(1)}), \quad j = 1, \dots, D^{(1)} \]

\begin{align}
z_k^{(2)} &= \sum_{j=1}^{D^{(1)}} a_j^{(1)} W_{kj}^{(2)} + b_k^{(2)}, & k &= 1, \dots, D^{(2)} \\
a_k^{(2)} &= \frac{e^{z_k^{(2)}}}{\sum_{k'=1}^{D^{(2)}} e^{z_{k'}^{(2)}}}, & k &= 1, \dots, D^{(2)} \\
\mathcal{L}(\mathbf{a}^{(2)}, \mathbf{t}) &= - \sum_{k=1}^{D^{(2)}} t_k \log(a_k^{(2)})
\end{align}

It can be shown that
$$\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} = a_k^{(2)} - t_k,
\quad \nabla_{\mathbf{b}^{(2)}} \mathcal{L} = \nabla_{\mathbf{z}^{(2)}} \mathcal{L}$$

and again $$a_j^{(1)} = \text{ReLU}(z_j^{(1)})$$
"""

SCALARS = r"""\documentclass{article}
\newcommand{\x}{$y = 3$}
\begin{document}
\section{Scalars} % $$ z = x $$
\begin{align}
z &= wx + b \label{eq:z} \\
y &= x + \tanh(z), \\
\mathcal{L} &= \frac{1}{2}(y - t)^2.
\end{align}
\end{document}
"""

SUBSCRIPTS = r"""Let $\mathbf{x} \in \mathbb{R}^{D \times 1}$ be the input,
$\mathbf{W}_1 \in \mathbb{R}^{J \times D}$ the weights and $\mathbf{t} \in \{0, 1\}^{J}$ the label.
The loss is weighted by a constant $\lambda \in \mathbb{R}$.

$$ \hat{\mathbf{y}} = \text{softmax}(\mathbf{W}_1 \mathbf{x}) $$
$$ \mathcal{L} = -\mathbf{t}^\top \log \hat{\mathbf{y}} + \frac{\lambda}{2} \lVert \mathbf{W}_1 \rVert_F^2 $$
"""


def note(folder: Path, text: str, name: str = "note.md") -> Problem:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    loaded = load(str(path))
    assert isinstance(loaded, Problem)
    return loaded


def test_the_handout_note_is_the_handout_problem(tmp_path: Path) -> None:
    read, bundled = note(tmp_path, NOTE), load(str(find_problem("mlp-entries")))
    assert isinstance(bundled, Problem)
    assert read.title == "One hidden layer"
    assert [e.name for e in read.equations] == [e.name for e in bundled.equations]
    assert [e.rhs for e in read.equations] == [e.rhs for e in bundled.equations]
    assert {n: (s.shape, s.role, s.one_hot) for n, s in read.symbols.items()} == {
        n: (s.shape, s.role, s.one_hot) for n, s in bundled.symbols.items()
    }
    assert [e.line for e in read.equations] == [17, 19, 22, 23, 24]


def test_a_tex_file(tmp_path: Path) -> None:
    read = note(tmp_path, SCALARS, "note.tex")
    plain = problem_from_mapping({"forward": ["z = w*x + b", "y = x + tanh(z)", "L = 1/2*(y - t)**2"]})
    assert read.title == "Scalars"
    assert [(e.name, e.rhs) for e in read.equations] == [(e.name, e.rhs) for e in plain.equations]


def test_spellings_are_kept(tmp_path: Path) -> None:
    read = note(tmp_path, SUBSCRIPTS)
    assert read.notation["layer"] == "subscript"
    assert read.symbols["y_hat"].latex == r"\hat{\mathbf{y}}"
    assert {n: (s.shape, s.role) for n, s in read.symbols.items()} == {
        "x": (("D",), "input"), "W1": (("J", "D"), "parameter"), "t": (("J",), "target"), "lambda": ((), "constant"),
        "y_hat": (("J",), "node"), "L": ((), "node"),
    }  # fmt: skip


def test_it_is_said_what_was_read(tmp_path: Path) -> None:
    text = what_was_read(note(tmp_path, SUBSCRIPTS))
    assert text.splitlines()[1:] == [
        r"  line 5: y_hat [J], \hat{\mathbf{y}} = \text{softmax}(\mathbf{W}_1 \mathbf{x})",
        r"  line 6: L scalar, \mathcal{L} = -\mathbf{t}^\top \log \hat{\mathbf{y}}"
        r" + \frac{\lambda}{2} \lVert \mathbf{W}_1 \rVert_F^2",
        "  input x [D]",
        "  parameter W1 [J, D]",
        "  target t [J]",
        "  constant lambda scalar",
        "  loss L",
        "  passed over, line 3: words that are not read, for you to check:"
        r' "The loss is weighted by a constant $\lambda \in \mathbb{R}$"',
    ]


def test_the_command_solves_a_note_and_does_not_write_over_it(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text(SCALARS.replace(r"\documentclass{article}", ""), encoding="utf-8")
    done = CliRunner().invoke(main, ["solve", str(path), "--format", "md", "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "3 forward equations" in done.stderr
    assert (tmp_path / "out" / "note.md").exists()
    before = path.read_text(encoding="utf-8")
    refused = CliRunner().invoke(main, ["solve", str(path), "--format", "md", "-o", str(tmp_path)])
    assert refused.exit_code == 2
    assert "would be overwritten by its own solution" in refused.stderr
    assert path.read_text(encoding="utf-8") == before


def test_errors_point_into_the_note(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        note(tmp_path, "Some text.\n\n$$ z = w \\foobar x $$\n\nmore\n\n  $$ y = q^{(2)} z $$\n$$ L = y^2 $$\n")
    places = [(d.line, d.column, d.message) for d in caught.value.diagnostics]
    assert places == [(3, 10, r"unknown macro \foobar")]


def test_a_note_without_equations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="this note has no forward equation"):
        note(tmp_path, r"Only $x \in \mathbb{R}$ and $$\frac{\partial L}{\partial x} = 1$$")
    assert stated.MAX_FORMULAS == 20_000
    monkeypatch.setattr(stated, "MAX_FORMULAS", 200)
    with pytest.raises(InputError, match="more than 200 formulas"):
        note(tmp_path, "$a$ " * 201)


@pytest.mark.parametrize(
    ("text", "tex", "found"),
    [
        ("$a$ and \\(b\\)", False, ["a", "b"]),
        ("$$a$$ \\[b\\]", False, ["a", "b"]),
        ("\\begin{align*}a\\end{align*}", False, ["a"]),
        ("\\$5 and $a$", False, ["a"]),
        ("100% of $a$", False, ["a"]),
        ("% $a$\n$b$", True, ["b"]),
        ("50\\% of $a$", True, ["a"]),
        ("<!-- $a$ --> $b$ ```$c$```", False, ["b"]),
        ("$a$ \\begin{document} $b$", True, ["b"]),
        ("$a$ $$ never closed", False, ["a"]),
    ],
)
def test_formulas(text: str, tex: bool, found: list[str]) -> None:
    assert [text[f.start : f.end].strip() for f in formulas(text, tex=tex)] == found


# --- in YAML files ---------------------------------------------------------------------------------------------------


def test_latex_in_a_problem_file(tmp_path: Path) -> None:
    path = tmp_path / "mixed.yaml"
    path.write_text(
        r"""
symbols:
  - '\mathbf{x} \in \mathbb{R}^{D}, \mathbf{W}^{(1)} \in \mathbb{R}^{K \times D}'
  - '\mathbf{t} \in \mathbb{R}^K'
forward:
  - \mathbf{y} = \sigma(\mathbf{W}^{(1)} \mathbf{x})
  - L = squared_error(y, t)
parts:
  - show: \nabla_{\mathbf{y}} \mathcal{L} = \mathbf{y} - \mathbf{t}
  - vectorize: '\frac{\partial \mathcal{L}}{\partial y_k} = y_k - t_k, \quad k = 1, \dots, K'
    form: \mathbf{y} - \mathbf{t}
""",
        encoding="utf-8",
    )
    read = load(str(path))
    assert isinstance(read, Problem)
    plain = problem_from_mapping(
        {
            "indices": {"k": "K"},
            "symbols": {"x": ["D"], "W1": ["K", "D"], "t": ["K"]},
            "forward": ["y = sigmoid(W1 @ x)", "L = squared_error(y, t)"],
            "parts": [{"show": "grad(y) = y - t"}, {"vectorize": "dL/dy[k] = y[k] - t[k]", "form": "y - t"}],
        }
    )
    assert [e.rhs for e in read.equations] == [e.rhs for e in plain.equations]
    assert [p.claims for p in read.parts] == [p.claims for p in plain.parts]
    assert read.parts[1].form == plain.parts[1].form
    assert [e.line for e in read.equations] == [6, 7]


def test_a_block_in_a_problem_file_has_a_line_for_each_equation(tmp_path: Path) -> None:
    path = tmp_path / "block.yaml"
    path.write_text(
        "forward:\n  - |\n    \\begin{aligned}\n    z &= wx \\\\\n    y &= \\tanh(z) \\\\\n"
        "    L &= y^2\n    \\end{aligned}\n",
        encoding="utf-8",
    )
    read = load(str(path))
    assert isinstance(read, Problem)
    assert [(e.name, e.line) for e in read.equations] == [("z", 4), ("y", 5), ("L", 6)]


def test_an_item_without_a_sign_of_latex_among_latex_is_latex() -> None:
    read = problem_from_mapping({"forward": ["z = wx + b", r"y = \sigma(z)", "q = tanh(y)*k1", "L = q**2"]})
    assert set(read.symbols) == {"w", "x", "b", "k1", "z", "y", "q", "L"}


def test_a_word_with_a_parenthesis_in_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text(r"$$h = \text{ReLU)}(W x), \quad L = h^2$$", encoding="utf-8")
    with pytest.raises(InputError):
        load(str(path))


def test_the_report_has_the_brackets_around_a_side(tmp_path: Path) -> None:
    sizes = r"$\mathbf{x} \in \mathbb{R}^n$, $\mathbf{c} \in \mathbb{R}^m$"
    text = rf"With {sizes}: $$\mathbf{{h}} = [\mathbf{{x}}; \mathbf{{c}}], \quad L = (\|\mathbf{{h}}\|^2)$$"
    path = tmp_path / "note.md"
    path.write_text(text, encoding="utf-8")
    note = load(str(path))
    assert isinstance(note, Problem)
    report = what_was_read(note)
    assert r"\mathbf{h} = [\mathbf{x}; \mathbf{c}]" + "\n" in report
    assert r"L = (\|\mathbf{h}\|^2)" + "\n" in report

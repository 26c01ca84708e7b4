"""The problem file of a lecture note: it says what the note means, and solving it gives the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import test_reading_cases
import test_reading_forty_notes
import test_reading_note_customs
import test_reading_note_labels
import yaml
from click.testing import CliRunner
from extent import some
from jsonschema import Draft202012Validator
from test_reading_cases import loaded

from backsym.api.problem_file import problem_file
from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.reading.files.loader import problem_of_text
from backsym.reading.files.schema import schema
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("api", "cli")

NOTES = {
    **{name: test_reading_cases.CASES[name] for name in (*test_reading_cases.READ, *test_reading_cases.ABSTRACT)},
    **{name: note for name, (note, *_) in test_reading_forty_notes.NOTES.items()},
    **{name: note for name, (note, *_) in test_reading_note_customs.NOTES.items()},
    **{name: note for name, (note, *_) in test_reading_note_labels.NOTES.items()},
}
EVERY = 1 if os.environ.get("BACKSYM_THOROUGH") else 9


def test_the_file_of_a_note_reads_back(tmp_path: Path) -> None:
    valid = Draft202012Validator(schema())
    unequal = []
    for name, note in some(NOTES.items(), 3):
        problem = loaded(tmp_path, note)
        text = problem_file(problem, "note.md")
        assert [e.message for e in valid.iter_errors(yaml.safe_load(text))] == [], text
        again = problem_of_text(text)
        shapes = [{s.name: (s.shape, s.role, s.label, s.latex) for s in p.symbols.values()} for p in (problem, again)]
        unequal += [name] if shapes[0] != shapes[1] or len(problem.parts) != len(again.parts) else []
    assert not unequal


@pytest.mark.parametrize("name", sorted({*sorted(NOTES)[::EVERY], "light-matrices", "losses of examples"}))
def test_solving_the_file_gives_the_same(name: str, tmp_path: Path) -> None:
    problem = loaded(tmp_path, NOTES[name])
    again = problem_of_text(problem_file(problem, "note.md"))
    assert [str(result) for result in solve(again)] == [str(result) for result in solve(problem)]


LAYER = r"""# A layer

$\mathbf{x} \in \mathbb{R}^{D}$ is the input, $\mathbf{t}$ the target.

$$\mathbf{z} = \mathbf{W} \mathbf{x} + \mathbf{b}, \qquad \mathcal{L} = \frac{1}{2} \| \mathbf{z} - \mathbf{t} \|^2$$

(a) Show that $$\frac{\partial \mathcal{L}}{\partial z_k} = z_k - t_k.$$

(b) Derive $\nabla_{\mathbf{W}} \mathcal{L}$.

(c) Explain the role of the bias.
"""
FILE = r"""title: A layer
# What the report says of the note:
# passed over, line 11: what looks like a question: Explain the role of the bias.

# What is given: [D] is a column vector, [K, D] a matrix, [] a number.
symbols:
  x: {shape: [D], role: input}
  W: {shape: [K, D], role: parameter}
  b: {shape: [K], role: parameter}
  t: {shape: [K], role: target}

# The forward equations in order.
forward:
  # line 5: \mathbf{z} = \mathbf{W} \mathbf{x} + \mathbf{b}
  - z = W @ x + b
  # line 5: \mathcal{L} = \frac{1}{2} \| \mathbf{z} - \mathbf{t} \|^2
  - L = 1/2*norm(z - t)**2

# What is asked, in order.  Without parts, everything is derived.
parts:
  - show: 'dL/dz[k] = z[k] - t[k]'
  - gradients: W
"""


def test_the_command_writes_what_a_note_means_and_solves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("layer.md").write_text(LAYER, encoding="utf-8")
    result = CliRunner().invoke(main, ["new", "mine", "--from", "layer.md", "-o", "out"])
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "wrote mine.yaml")
    assert Path("out/mine.md").is_file()
    text = Path("mine.yaml").read_text(encoding="utf-8")
    assert text[text.index("title") :] == FILE
    assert isinstance(problem_of_text(text), Problem)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["new", "mine", "--from", "gone.md"], "gone.md"),
        (["new", "mine", "--from", "layer.yaml"], "layer.yaml is no lecture note"),
        (["new", "layer", "--from", "layer.md"], "there is a file of this name already"),
    ],
)
def test_what_cannot_be_written_is_said(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("layer.md").write_text(LAYER, encoding="utf-8")
    Path("layer.yaml").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert Path("layer.yaml").read_text(encoding="utf-8") == "mine"
    assert not Path("mine.yaml").exists()


def test_what_the_language_cannot_say_is_refused(tmp_path: Path) -> None:
    problem = loaded(tmp_path, LAYER)
    other = problem.changed(symbols={**problem.symbols, "b": problem.symbols["W"]})
    with pytest.raises(BacksymError, match="cannot be written as a problem file"):
        problem_file(other, "layer.md")


@pytest.mark.parametrize("kind", ["derive", "gradients", "list", "update", "hessian"])
def test_a_part_names_the_quantity_or_its_derivative(kind: str) -> None:
    symbols = {"w": ["D"], "x": {"shape": ["D"], "role": "input"}, "eta": {"role": "constant"}}
    kept = {name: symbol for name, symbol in symbols.items() if name != "eta" or kind == "update"}

    def targets(written: str) -> tuple[str, ...]:
        text = {"symbols": kept, "forward": ["L = (w.T @ x)**2"], "parts": [{kind: written}]}
        problem = problem_of_text(yaml.safe_dump(text))
        assert isinstance(problem, Problem)
        return problem.parts[0].targets

    assert targets("dL/dw") == targets("grad(w)") == targets("w") == ("w",)
    with pytest.raises(BacksymError, match="dJ/dw is not declared"):
        targets("dJ/dw")


def test_a_part_may_name_the_derivative_of_a_loss_that_is_reported() -> None:
    forward = ["z = w*x", "L = z**"]
    text = {"symbols": {"w": {}, "x": {"role": "input"}}, "forward": forward, "parts": [{"derive": "dL/dw"}]}
    with pytest.raises(BacksymError) as caught:
        problem_of_text(yaml.safe_dump(text))
    assert "expected" in str(caught.value)
    assert "dL/dw" not in str(caught.value)

"""Promises of the interface at its edges: what is not asked for is not written; nothing is ignored without a word."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import backsym as bs
from backsym.cli.main import main
from backsym.core.errors import BacksymError

PROBLEM = """\
forward: [z = w*x + b, y = tanh(z), L = (y - t)**2]
parts:
  - forward: [z]
  - derive: [w, b]
  - ask: Why?
    answer: A secret.
"""


@pytest.fixture
def neuron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "neuron.yaml"
    path.write_text(PROBLEM, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_the_json_of_a_question_sheet_has_no_answers(neuron: Path) -> None:
    data = json.loads(run("solve", "neuron.yaml", "--format", "json", "--questions").stdout)
    assert list(data) == ["backsym", "title", "forward", "derivatives", "parts"]
    assert [row["node"] for row in data["forward"]] == ["y", "L"]
    assert data["derivatives"] == []
    assert [(part["kind"], part["steps"], part["result"]) for part in data["parts"]] == [
        ("forward", [], ""), ("derive", [], ""), ("ask", [], ""),
    ]  # fmt: skip
    assert run("solve", "neuron.yaml", "--format", "all", "--questions", "-o", "o").exit_code == 0
    for path in Path("o").iterdir():
        assert b"secret" not in path.read_bytes()


def test_the_json_of_a_key_has_results_only_and_a_brief_one_no_substeps(neuron: Path) -> None:
    whole, key, brief = (
        json.loads(run("solve", "neuron.yaml", "--format", "json", *more).stdout)
        for more in ((), ("--key",), ("--detail", "brief"))
    )
    steps = [step for row in whole["derivatives"] for step in row["steps"]]
    assert any(step["substeps"] for step in steps)
    assert [row | {"steps": []} for row in whole["derivatives"]] == key["derivatives"]
    assert [part | {"steps": []} for part in whole["parts"]] == key["parts"]
    assert [step | {"substeps": []} for step in steps] == [s for row in brief["derivatives"] for s in row["steps"]]


def test_a_question_without_an_answer_has_no_empty_solution(neuron: Path) -> None:
    Path("ask.yaml").write_text("forward: [L = x**2]\nparts: [{ask: Why?}]\n", encoding="utf-8")
    assert run("solve", "ask.yaml", "--format", "md").exit_code == 0
    page = Path("output/ask.md").read_text(encoding="utf-8")
    assert "**(a)** Why?" in page
    assert "Solution" not in page.partition("**(a)**")[2]


def test_arrows_of_figures_are_no_combining_signs_which_would_stand_left_of_the_letter(neuron: Path) -> None:
    text = "notation: {vectors: arrow}\nsymbols: {x: [D]}\nforward: [L = sum(x**2)]\n"
    Path("arrow.yaml").write_text(text, encoding="utf-8")
    drawing = run("graph", "arrow.yaml").stdout
    assert "→</tspan>" in drawing
    assert "\u20d7" not in drawing


def test_two_documents_are_not_made_at_once(neuron: Path) -> None:
    result = run("solve", "neuron.yaml", "--questions", "--key")
    assert result.exit_code == 2
    assert "--questions and --key are two documents" in result.stderr


def test_a_drawing_has_a_form_that_is_known(neuron: Path) -> None:
    result = run("graph", "neuron.yaml", "-o", "neuron.png")
    assert result.exit_code == 2
    assert "neuron.png: no form of drawing has this ending" in result.stderr
    assert not Path("neuron.png").exists()
    assert run("graph", "neuron.yaml", "-o", "neuron.SVG").exit_code == 0
    assert run("graph", "neuron.yaml", "-o", "neuron.txt", "--format", "dot").exit_code == 0


def test_values_of_variants_need_no_size(neuron: Path) -> None:
    text = "symbols: {x: [D]}\nforward: [L = sum(x**2)]\nvariants: {values: {x: [[1, 2], [3, 4]]}}\n"
    Path("v.yaml").write_text(text, encoding="utf-8")
    assert run("variants", "v.yaml", "--count", "2", "-o", "v").exit_code == 0


def test_a_path_is_loaded_and_a_collection_is_not_solved(neuron: Path) -> None:
    assert bs.load(neuron).loss == "L"
    Path("all.yaml").write_text("title: All\nsections: [{title: A, problems: [neuron.yaml]}]\n", encoding="utf-8")
    collection = bs.load(Path("all.yaml"))
    with pytest.raises(BacksymError, match="this is a collection"):
        bs.solve(collection)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("exp(a*b)", "exp(a*b)*b"), ("sqrt(a*b)", "b/(2*sqrt(a*b))"),
        ("sigmoid(a*b)", "sigmoid(a*b)*(1 - sigmoid(a*b))*b"), ("b*tanh(a)", "b*(1 - tanh(a)**2)"),
    ],
)  # fmt: skip
def test_a_gradient_is_not_in_terms_of_a_name_that_nobody_gave(expression: str, expected: str) -> None:
    found = bs.gradient(expression, wrt="a")
    assert str(found) == f"dL/da = {expected}"
    a, b, h = 0.7, 1.3, 1e-6
    value = eval(found.numpy, {"np": np, "a": a, "b": b})
    names = {"exp": math.exp, "sqrt": math.sqrt, "tanh": math.tanh, "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "b": b}
    above, below = (eval(expression, names | {"a": a + s * h}) for s in (1, -1))
    assert value == pytest.approx((above - below) / (2 * h), rel=1e-7)


def test_a_folder_of_templates_none_of_which_would_be_used(neuron: Path) -> None:
    Path("own").mkdir()
    Path("own/markdown.jinja").write_text("mine", encoding="utf-8")
    result = run("solve", "neuron.yaml", "--templates", "own")
    assert result.exit_code == 2
    assert "own: no template in this folder would be used; their names are" in result.stderr
    Path("own/md.jinja").write_text("mine", encoding="utf-8")
    assert run("solve", "neuron.yaml", "--templates", "own", "--format", "md").exit_code == 0
    assert Path("output/neuron.md").read_text(encoding="utf-8") == "mine"

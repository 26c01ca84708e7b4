"""Variants: reproducible, different, proved, and true in what they state."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import backsym as bs
from backsym.api.variants import number_of_variants, variants
from backsym.cli.main import main
from backsym.core.errors import BacksymError, InputError
from backsym.core.expr import Fn, walk
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.numeric.claims import false_claims
from backsym.reading.files.loader import load
from backsym.reading.files.renaming import Renaming, names_with
from backsym.reading.files.schema import schema

LAYER = r"""
title: A layer with ReLU
text: |
  The layer $\mathbf{h} = \text{ReLU}(\mathbf{W} \mathbf{x})$ uses **ReLU**; `relu` is its name. The loss is the
  squared error of $h_k$.
indices: {k: K}
symbols: {x: {shape: [D], role: input}, W: [K, D], t: {shape: [K], role: target}}
derivatives: {relu: prime}
forward:
  - z = W @ x
  - h = relu(z)
  - L = squared_error(h, t)
parts:
  - show: [dL/dh = h - t, 'dL/dz[k] = dL/dh[k]*[z[k] > 0]']
    marks: 2
  - gradients: [W, x]
  - ask: What does ReLU do to $h_k$ where $z_k < 0$?
    answer: It makes it $0$.
values: {x: [1, 2], W: [[1, 0], [0, 1]], t: [0, 1]}
variants:
  activation: {relu: [tanh, sigmoid, leaky_relu]}
  loss: ['sum((h - t)**4)/4']
  letters: {x: [u, mu], W: [A, mu]}
  dims: {D: 2..3}
  values:
    x: {from: -1, to: 1, step: 0.5}
    W: {from: -2, to: 2}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def made(text: str, count: int, seed: int = 7) -> tuple[bs.Variant, ...]:
    Path("p.yaml").write_text(text, encoding="utf-8")
    return variants("p.yaml", count, seed).variants


@cache
def layers() -> tuple[bs.Variant, ...]:
    """Variants of the layer, of which fewer would be the first: the next test says so."""
    return made(LAYER, 40)


def test_the_same_seed_gives_the_same_variants_and_more_do_not_change_the_first() -> None:
    first, again, other = layers()[:12], made(LAYER, 5), made(LAYER, 5, seed=8)
    assert [v.text for v in first[:5]] == [v.text for v in again]
    assert [v.text for v in other] != [v.text for v in again]
    assert len({v.text.split("\n", 1)[1] for v in first}) == 12
    assert len({v.problem.by_name["h"].text for v in first}) > 1


def test_every_variant_is_proved_and_states_nothing_false() -> None:
    for variant in layers()[:12]:
        statuses = {v.status for v in variant.solution.verified.values()}
        assert statuses == {"verified"}
        assert false_claims(variant.problem, variant.solution.derivations) == ()
        assert variant.problem.variants == type(variant.problem.variants)()


def test_its_file_is_a_problem_of_its_own() -> None:
    check = Draft202012Validator(schema())
    for variant in layers()[:6]:
        Path("v.yaml").write_text(variant.text, encoding="utf-8")
        read = load("v.yaml")
        assert isinstance(read, Problem)
        assert read.equations == tuple(
            type(eq)(**{**vars_of(eq), "line": new.line})
            for eq, new in zip(variant.problem.equations, read.equations, strict=True)
        )
        assert read.values == variant.problem.values
        assert [(p.kind, p.claims) for p in read.parts] == [(p.kind, p.claims) for p in variant.problem.parts]
        assert [e.message for e in check.iter_errors(yaml.safe_load(variant.text))] == []


def vars_of(equation: Any) -> dict[str, Any]:
    return {name: getattr(equation, name) for name in equation.__dataclass_fields__}


def test_a_claim_that_does_not_hold_is_derived_anew() -> None:
    shown = {}
    for variant in layers():
        part = yaml.safe_load(variant.text)["parts"][0]
        assert part["marks"] == 2
        name = next(e.name for e in walk(variant.problem.by_name["h"].rhs) if isinstance(e, Fn))
        shown[name] = part["show"][1]
        if "loss" in variant.choices:
            assert part["show"][0] == "dL/dh = (h - t)**3"
        else:
            assert part["show"][0] == "dL/dh = h - t"
    assert shown["relu"] == "dL/dz[k] = dL/dh[k]*[z[k] > 0]"
    assert shown["tanh"] == "dL/dz[k] = dL/dh[k]*tanh'(z[k])"
    assert set(shown) == {"relu", "tanh", "sigmoid", "leaky_relu"}


def test_letters_change_in_equations_formulas_and_numbers_alike() -> None:
    for variant in layers():
        x, w = variant.choices.get("x", "x"), variant.choices.get("W", "W")
        assert x != w
        file = yaml.safe_load(variant.text)
        assert file["forward"][0] == f"z = {w} @ {x}"
        assert list(file["symbols"]) == [x, w, "t"]
        assert list(file["values"]) == [x, w, "t"]
        assert file["parts"][1] == {"gradients": [w, x]}
        bold = r"\mathbf{\mu}" if x == "mu" else rf"\mathbf{{{x}}}"
        assert bold in file["text"]


def test_words_follow_the_function() -> None:
    for variant in layers()[:20]:
        new = variant.choices.get("relu")
        written = {"leaky_relu": "LeakyReLU"}.get(new or "", new)
        if written:
            assert variant.problem.title == f"A layer with {written}"
            assert f"**{written}**; `relu`" in (variant.problem.text or "")
            assert r"\text{ReLU}" not in (variant.problem.text or "")
            assert variant.problem.derivatives == {new: "prime"}


def test_sizes_and_numbers_go_together() -> None:
    sizes = set()
    for variant in layers()[:12]:
        values = variant.problem.values
        x = next(values[name] for name in (variant.choices.get("x", "x"),))
        assert len(x) == int(variant.choices["D"])
        assert set(x) <= {-1.0, -0.5, 0.0, 0.5, 1.0}
        sizes.add(len(x))
    assert sizes == {2, 3}


COUNTED = """
symbols: {t: {shape: [K], role: target, one_hot: true}, z: [K]}
forward: [y = softmax(z), 'L = cross_entropy(y, t)']
values: {t: [1, 0, 0], z: [1, 2, 3]}
variants: {values: {t: one_hot, z: [[1, 2, 3], [0, 1, 0]]}, loss: [squared_error], letters: {z: [t, q, r]}}
"""


def test_there_are_as_many_as_there_are_combinations() -> None:
    text = COUNTED.replace("[t, q, r]", "[q, r]")
    assert len(made(text, 36)) == 36
    loaded = load("p.yaml")
    assert isinstance(loaded, Problem)
    assert number_of_variants(loaded) == 3 * 2 * 2 * 3
    with pytest.raises(BacksymError, match="has 36 different variants, not 37"):
        variants("p.yaml", 37)
    with pytest.raises(InputError, match="t is in use already"):
        made(COUNTED, 1)


def test_a_combination_without_values_is_left_out_and_said() -> None:
    text = "forward: [y = exp(w), L = log(y)]\nvariants: {loss: ['log(-y)', 'y**2']}"
    Path("p.yaml").write_text(text, encoding="utf-8")
    drawn = variants("p.yaml", 2)
    assert len(drawn.variants) == 2
    with pytest.raises(BacksymError, match=r"has 2 different variants, not 3 \(1 more cannot be evaluated: loss"):
        variants("p.yaml", 3)


def test_formulas_are_rewritten_too() -> None:
    text = r"""
symbols: ['\mathbf{x} \in \mathbb{R}^{D}', '\mathbf{W}^{(1)} \in \mathbb{R}^{K \times D}']
forward:
  - '\mathbf{z}^{(1)} = \mathbf{W}^{(1)} \mathbf{x}'
  - '\mathbf{h} = \sigma(\mathbf{z}^{(1)})'
  - '\mathcal{L} = \lVert \mathbf{h} \rVert^2'
parts: [{gradients: W1}]
variants: {activation: {sigmoid: [tanh]}, letters: {W: [A], z: [v]}}
"""
    found = made(text, 8)
    changed = next(v for v in found if set(v.choices) == {"sigmoid", "W", "z"})
    assert [eq.name for eq in changed.problem.equations] == ["v1", "h", "L"]
    assert changed.problem.parts[0].targets == ("A1",)
    assert changed.problem.equations[1].text == r"\mathbf{h} = \tanh(\mathbf{v}^{(1)})"


def test_the_letters_of_every_question_of_a_handout_can_change() -> None:
    text = find_problem("mlp-entries").read_text(encoding="utf-8")
    text += "\nvariants: {letters: {W: [A], a: [h], b: [c], t: [y]}, activation: {relu: [tanh]}}\n"
    found = made(text, 32)
    assert len({tuple(v.problem.symbols) for v in found}) == 16
    full = next(v for v in found if len(v.choices) == 5)
    assert set(full.problem.symbols) == {"h0", "A1", "c1", "A2", "c2", "y", "z1", "h1", "z2", "h2", "L"}


def test_names_keep_letter_and_tag_apart() -> None:
    assert names_with({"e": "m"}, ("eu", "e1", "x")) == {"eu": "m_u", "e1": "m1"}
    rename = Renaming({"x": "u", "a1": "h1"}, {"x": "u", "a": "h"}, {"relu": "tanh"}, {})
    assert rename.plain("dL/dx[k] = relu'(x)*da1/dx + exp(relu1)") == "dL/du[k] = tanh'(u)*dh1/du + exp(relu1)"
    assert rename.latex(r"x^T \exp(a_k) + \text{x is a}") == r"u^T \exp(h_k) + \text{x is a}"


BAD = [
    ("activaton: {relu: tanh}", "unknown key activaton"),
    ("activation: {relu: [tanhh]}", "tanhh cannot stand for relu"),
    ("activation: {sigmoid: [tanh]}", "no equation has the element-wise function sigmoid"),
    ("activation: {relu: [relu]}", "relu itself is always a choice"),
    ("activation: {relu: [max]}", "max has another number of arguments"),
    ("activation: {relu: [tanh, tanh]}", "relu lists the same twice"),
    ("activation: {relu: []}", "nothing is listed for relu"),
    ("loss: [crossentropy]", "crossentropy is no loss"),
    ("loss: ['h - t']", "a loss is a scalar"),
    ("loss: ['sum(h - q)']", "q is not declared"),
    ("dims: {E: [2]}", "E is no dimension"),
    ("dims: {D: [0]}", "a size is a whole number, not 0"),
    ("dims: {D: [3]}", "D varies, but x has as many numbers always"),
    ("letters: {L: [J]}", "L is the loss, which keeps its letter"),
    ("letters: {x: [h]}", "h is in use already"),
    ("letters: {x: [k]}", "k is in use already"),
    ("letters: {x: [xx]}", "xx is no letter"),
    ("letters: {q: [r]}", "no quantity has the letter q"),
    ("values: {h: [1]}", "h is computed, not given"),
    ("values: {x: {from: 1, to: 0}}", "a range has from 2 to"),
    ("values: {x: {from: 1}}", "a range needs to"),
    ("values: {x: [[1, two]]}", "expected a number"),
    ("values: {x: one_hot}", "x is not declared as a one-hot vector"),
    ("words: {rellu: x}", "unknown function rellu"),
    ("[a]", "variants is a mapping"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text for text, _ in BAD])
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    written = LAYER[: LAYER.index("variants:")] + (f"variants:\n  {text}\n" if ":" in text else f"variants: {text}\n")
    Path("p.yaml").write_text(written, encoding="utf-8")
    with pytest.raises(InputError, match=f"p.yaml:\\d+:\\d+: {message}"):
        load("p.yaml")


def test_the_command_writes_a_set_for_each_student() -> None:
    Path("p.yaml").write_text(LAYER, encoding="utf-8")
    result = CliRunner().invoke(main, ["variants", "p.yaml", "--count", "3", "--seed", "7", "-o", "out"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [f"wrote out/p-0{n}.yaml" for n in (1, 2, 3)]
    assert "answered in words, the same for all variants; see that they fit: (c)" in result.stderr
    names = {path.name for path in Path("out").iterdir()}
    for n in (1, 2, 3):
        assert {f"p-0{n}.yaml", f"p-0{n}.md", f"p-0{n}-questions.md", f"p-0{n}-key.md"} <= names
    with Path("out/p-variants.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["variant"] for row in rows] == ["1", "2", "3"]
    for row in rows:
        assert Path(f"out/p-0{row['variant']}.yaml").read_text(encoding="utf-8").count("\nvariants") == 0
    solved = CliRunner().invoke(main, ["verify", "out/p-01.yaml"])
    assert solved.exit_code == 0


def test_what_has_no_variants_is_refused() -> None:
    for name, message in (("twin", "declares no variants"), ("handout", "is a collection")):
        result = CliRunner().invoke(main, ["variants", name])
        assert result.exit_code == 2
        assert message in result.stderr


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (r"You may use $\frac{d}{dx} \tanh(x) = 1 - \tanh^2(x)$.", True),
        (r"Here $\tanh(u) = (e^u - e^{-u})/(e^u + e^{-u})$.", True),
        (r"The layer is $\mathbf{h} = \tanh(\mathbf{z})$.", False),
    ],
)
def test_what_a_text_says_of_a_function_holds_for_that_function_only(text: str, refused: bool, tmp_path: Path) -> None:
    lines = ["title: A layer", f"text: '{text}'", "symbols: {w: {}, x: {}}", "forward: [h = tanh(w*x), L = h**2]"]
    path = tmp_path / "layer.yaml"
    path.write_text("\n".join([*lines, "variants: {activation: {tanh: [sigmoid, sin]}}"]), encoding="utf-8")
    if not refused:
        assert len(bs.variants(path, count=2).variants) == 2
        return
    with pytest.raises(bs.BacksymError, match=r"a text says of tanh that .* which need not hold for sigmoid or sin"):
        bs.variants(path, count=2)

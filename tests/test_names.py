"""Names: letter, tag or word; the same in print and in reading; none that a reader could take for another."""

from __future__ import annotations

from typing import Any

import pytest
from networks import NETWORKS

from backsym.core.errors import InputError
from backsym.core.expr import Adj
from backsym.core.names import split_name
from backsym.marking.verdicts import Marker, check
from backsym.printing.latex import equation_latex, to_latex
from backsym.printing.layout import Layout
from backsym.printing.mathml import to_mathml
from backsym.printing.notation import Notation
from backsym.printing.printer import layout_of
from backsym.printing.typst import to_typst
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import problem_from_mapping

pytestmark = pytest.mark.quick("core")

NAMES = {
    "z1": ("z", "1"), "h_a": ("h", "a"), "Wq": ("W", "q"), "Ws": ("W", "s"), "mu": ("mu", ""), "mu2": ("mu", "2"),
    "Whidden": ("W", "hidden"), "h_prev": ("h", "prev"), "no": ("n", "o"), "key": ("key", ""), "i": ("i", ""),
    "yhat": ("y", "hat"), "hprev": ("hprev", ""), "wout": ("wout", ""), "muhat": ("mu", "hat"), "etax": ("eta", "x"),
    "sigmaxy": ("sigma", "xy"), "deltas": ("delta", "s"), "x2hat": ("x", "2hat"), "lam": ("lam", ""),
    "lam_2": ("lam", "2"), "eps": ("eps", ""), "epsilon": ("epsilon", ""), "lamp": ("lamp", ""),
    "loss": ("loss", ""), "logits": ("logits", ""), "logits2": ("logits", "2"), "hidden_a": ("hidden", "a"),
    "number": ("number", ""), "pixel": ("pixel", ""), "gold": ("gold", ""), "lossA": ("loss", "A"),
    "out": ("out", ""), "std": ("std", ""), "reg": ("reg", ""), "num": ("num", ""), "var2": ("var", "2"),
    "muk": ("mu", "k"), "pik": ("pi", "k"), "munew": ("mu", "new"), "h_out": ("h", "out"), "out_h": ("out", "h"),
    "phat": ("p", "hat"), "dz": ("d", "z"), "Wout": ("W", "out"), "sigma2": ("sigma", "2"), "x_new": ("x", "new"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_letter_and_tag(name: str) -> None:
    assert split_name(name) == NAMES[name]


@pytest.mark.parametrize(
    ("name", "rank", "notation", "expected"),
    [
        ("logits", 1, {}, r"\textbf{logits}"),
        ("loss", 0, {}, r"\text{loss}"),
        ("hidden1", 1, {}, r"\textbf{hidden}^{(1)}"),
        ("hidden_a", 2, {"layer": "subscript"}, r"\textbf{hidden}_a"),
        ("logits", 1, {"vectors": "arrow"}, r"\vec{\text{logits}}"),
        ("logits", 1, {"vectors": "plain"}, r"\text{logits}"),
        ("lam", 0, {}, r"\lambda"),
        ("lam", 1, {}, r"\boldsymbol{\lambda}"),
        ("eps1", 0, {"layer": "subscript"}, r"\epsilon_1"),
        ("Wout", 2, {}, r"\mathbf{W}^{(\text{out})}"),
        ("yhat", 0, {}, r"\hat{y}"),
        ("y_hat", 1, {"layer": "subscript"}, r"\hat{\mathbf{y}}"),
        ("z1bar", 1, {}, r"\bar{\mathbf{z}}^{(1)}"),
        ("zbar1", 0, {"layer": "bracket"}, r"\bar{z}^{[1]}"),
        ("mutilde", 0, {}, r"\tilde{\mu}"),
        ("hdot", 1, {"vectors": "plain"}, r"\dot{h}"),
        ("wstar", 0, {}, r"w^*"),
        ("w2star", 0, {"layer": "subscript"}, r"w_2^*"),
        ("xprime", 0, {}, r"x'"),
        ("h_prev", 0, {}, r"h^{(\text{prev})}"),
    ],
)
def test_names_in_latex(name: str, rank: int, notation: dict[str, str], expected: str) -> None:
    assert to_latex(Notation(**notation).name(name, rank)) == expected


ACCENTED: dict[str, Any] = {
    "symbols": {
        "x": ["D"], "W1": ["K", "D"], "wstar": ["K"], "wstar2": ["K"], "yprime": {"role": "target"}, "z1tilde": ["K"],
    },
    "forward": [
        "z1bar = W1 @ x + z1tilde", "hdot = tanh(z1bar)", "yhat = dot(wstar, hdot) + dot(wstar2, hdot)",
        "L = (yhat - yprime)**2/2 + sum(wstar**2)",
    ],
}  # fmt: skip


WRITTEN: list[Any] = [{}, "bracket", "subscript", {"layer": "bracket", "gradient": "differential"}, {"gradient": "bar"}]


@pytest.mark.parametrize("notation", WRITTEN, ids=str)
def test_accents_are_read_as_they_are_printed(notation: Any) -> None:
    problem = problem_from_mapping({**ACCENTED, "notation": notation})
    marker = Marker(problem)
    for derivation in marker.judge.solution.derivations:
        for equation in (derivation.entry, derivation.matrix):
            if equation is not None:
                text = equation_latex(equation, Notation.of(problem))
                assert marker.mark(derivation.node, text, accept="any").verdict == "correct", text


@pytest.mark.parametrize("layer", ["superscript", "bracket"])
def test_a_delta_of_a_layer_that_is_transposed_is_printed_and_read(layer: str) -> None:
    forward = ["z1 = W1.T @ x", "z2 = W2.T @ tanh(z1)", "L = z2.T @ z2"]
    mapping = {"symbols": {"W1": ["D", "H"], "W2": ["H", "K"], "x": ["D"]}, "forward": forward}
    problem = problem_from_mapping({**mapping, "notation": {"delta": "z", "layer": layer}})
    marker = Marker(problem)
    for derivation in marker.judge.solution.derivations:
        if derivation.matrix is not None:
            text = equation_latex(derivation.matrix, Notation.of(problem))
            assert marker.mark(derivation.node, text, accept="any").verdict == "correct", text


def test_an_accent_in_latex_declares_the_name_that_files_have() -> None:
    forward = [
        r"\hat{\mathbf{y}} = \mathbf{W}\mathbf{x}",
        r"\bar{z}_1 = \mathbf{w}^\top\hat{\mathbf{y}}",
        "L = sum(yhat**2)/2 + zbar1**2",
    ]
    problem = problem_from_mapping(
        {"symbols": {"W": ["K", "D"], "x": ["D"], "w": ["K"]}, "forward": forward, "parts": [{"derive": "yhat"}]}
    )
    assert list(problem.by_name) == ["yhat", "zbar1", "L"]


def gradient(name: str, notation: dict[str, str]) -> Layout:
    problem = problem_from_mapping({**NETWORKS["words"], "notation": notation})
    shape = problem.symbols[name].shape
    return layout_of(Adj(name, shape), Notation.of(problem))


def test_differentials() -> None:
    assert to_latex(gradient("x", {"gradient": "differential"})).replace(" ", "") == r"\text{d}\mathbf{x}"


def test_a_bar_is_as_wide_as_the_word() -> None:
    assert to_latex(gradient("logits", {"gradient": "bar"})) == r"\overline{\textbf{logits}}"
    assert to_latex(gradient("x", {"gradient": "bar"})) == r"\bar{\mathbf{x}}"
    assert to_unicode(gradient("bias", {"gradient": "bar"})).replace("\u0305", "") == "bias"


def test_words_do_not_run_together() -> None:
    problem = problem_from_mapping(NETWORKS["words"])
    notation = Notation.of(problem)
    logits = layout_of(problem.by_name["logits"].rhs, notation)
    assert to_latex(logits) == r"\text{scale} \: \mathbf{W}^{(\text{out})} \: \textbf{hidden}"
    assert to_unicode(logits) == "scale W⁽ᵒᵘᵗ⁾ hidden"
    assert "med" in to_typst(logits)
    assert to_mathml(logits, display=False).count("<mspace") == 2
    assert to_latex(gradient("weights", {})) == r"\nabla_{\textbf{weights}} \, \text{loss}"


@pytest.mark.parametrize(
    "answer",
    [
        "probs - target", r"\mathbf{probs} - \mathbf{target}", r"\textbf{probs} - \textbf{target}",
        r"\frac{\partial \text{loss}}{\partial \text{logits}_k} = \text{probs}_k - \text{target}_k",
        r"\nabla_{\textbf{logits}} \, \text{loss} = \textbf{probs} - \textbf{target}", "d_logits = probs - target",
        "dloss/dlogits[k] = probs[k] - target[k]", r"\mathrm{probs} - \mathrm{target}",
    ],
)  # fmt: skip
def test_answers_with_words(answer: str) -> None:
    assert check(problem_from_mapping(NETWORKS["words"]), "logits", answer).verdict == "correct"


@pytest.mark.parametrize("answer", ["lam*weights", r"\lambda\,\textbf{weights}"])
def test_lambda_by_its_letter(answer: str) -> None:
    problem = problem_from_mapping({"symbols": {"weights": ["D"], "lam": None}, "forward": ["L=lam/2*sum(weights**2)"]})
    assert check(problem, "weights", answer).verdict == "correct"


ALIKE: dict[str, tuple[dict[str, Any], str, str]] = {
    "a tag with and without _": (
        {"forward": ["ha = x", "h_a = 2*x", "L = ha*h_a"]}, "h_a and ha would print alike, as h^{(a)}", "h_a = 2*x"
    ),
    "a letter by two names": (
        {"forward": ["L = 3*lam*lambda"]}, r"lambda and lam would print alike, as \lambda", "L = 3*lam*lambda"
    ),
    "a declared spelling": (
        {"symbols": {"x": {"latex": r"\mathbf{a}", "shape": ["D"]}, "a": None}, "forward": ["L = a*sum(x)"]},
        "a and x would print alike, as a", "",
    ),
    "two declared spellings": (
        {"symbols": {"x": {"latex": "u"}, "y": {"latex": " {u}"}}, "forward": ["L = x*y"]},
        "y and x would print alike, as {u}", "",
    ),
    "the loss": (
        {"symbols": {"x": {"latex": r"\mathcal{L}"}}, "forward": ["L = x**2"]},
        r"L and x would print alike, as \mathcal{L}", "L = x**2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ALIKE)
def test_quantities_that_would_look_the_same_are_refused(case: str) -> None:
    mapping, message, line = ALIKE[case]
    with pytest.raises(InputError) as caught:
        problem_from_mapping(mapping)
    (found,) = caught.value.diagnostics
    assert found.message == message
    assert (found.source or "") == line
    assert found.hint == "give one of them another name, or a latex: of its own"


def test_what_looks_different_is_taken() -> None:
    spelled = {"x": {"latex": r"\hat{a}"}, "y": {"latex": r"\mathcal{A}"}, "a": None, "A": None, "a1": None}
    assert problem_from_mapping({"symbols": spelled, "forward": ["L = x*y*a*A*a1"]}).loss == "L"

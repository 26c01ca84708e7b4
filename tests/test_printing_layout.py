"""The layout tree: every node has its LaTeX, and the short LaTeX of names is read into nodes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from backsym.core.errors import BacksymError
from backsym.printing import latex as latex_module
from backsym.printing.fragment import fragment
from backsym.printing.latex import to_latex
from backsym.printing.layout import (
    EQUALS,
    Accent,
    Aligned,
    Boxed,
    Fenced,
    Ident,
    Layout,
    Matrix,
    Number,
    Op,
    Row,
    Script,
    Space,
    Symbol,
    Tinted,
    Underbrace,
    row,
    tight,
)

x, y = Ident("x"), Ident("y")

NODES = [
    (row(x, Op("plus"), y), "x + y"),
    (tight(Ident("mu"), x), r"\mu x"),
    (row(x, Op("comma", "punctuation"), Space("thick"), y), r"x,\; y"),
    (Matrix(((x, y), (y, x))), r"\begin{bmatrix} x & y \\ y & x \end{bmatrix}"),
    (Matrix(((x,), (Symbol("vdots"),))), r"\begin{bmatrix} x \\ \vdots \end{bmatrix}"),
    (Underbrace(x, y), r"\underbrace{x}_{y}"),
    (row(Underbrace(x, y), Op("plus"), x), r"{\underbrace{x}_{y}} + x"),
    (row(Underbrace(x, y), EQUALS, x), r"\underbrace{x}_{y} = x"),
    (Boxed(row(x, EQUALS, y)), r"\boxed{x = y}"),
    (Aligned(((x, row(EQUALS, y)),)), r"\begin{aligned} x & = y \end{aligned}"),
    (Fenced("norm", x, stretchy=True), r"\left\lVert x \right\rVert"),
    (Ident("a_b 50%", "roman"), r"\text{a\_b 50\%}"),
    (Script(row(x, y), sup=Number("2")), "{x y}^2"),
    (Tinted(x, "local"), r"\tintlocal{x}"),
    (Script(x, Number("10"), Symbol("top")), r"x_{10}^\top"),
]


@pytest.mark.parametrize(("layout", "text"), NODES, ids=[text for _, text in NODES])
def test_latex_of_nodes(layout: Layout, text: str) -> None:
    assert to_latex(layout) == text


def test_every_node_has_latex() -> None:
    assert set(Layout.__subclasses__()) - {c for c in Layout.__subclasses__() if c.__module__ == __name__} == set(
        latex_module._RULES
    )


def test_an_unknown_node_is_named() -> None:
    @dataclass(frozen=True)
    class Novel(Layout):
        pass

    with pytest.raises(TypeError, match="Novel"):
        to_latex(Novel())


ROUND_TRIPS = [
    r"\eta", r"\mathbf{x}", r"\tilde{C}", "D^{(0)}", r"\lambda", r"\mathbf{W}^{(2)}", r"\boldsymbol{\mu}", "x'",
    "x_i^2", r"\text{ReLU}", r"\text{log\,softmax}", r"\mathcal{L}_{\text{CE}}", r"\hat{y}", "D^{(i - 1)}",
    r"\mathbb{R}", r"\exp",
]  # fmt: skip


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_fragments_are_understood(text: str) -> None:
    assert to_latex(fragment(text)) == text


def test_fragment_structure() -> None:
    assert fragment("x_{0}") == Script(x, sub=Number("0"))
    assert fragment(r"\tilde{C}") == Accent("tilde", Ident("C"))
    assert fragment("D^{(0)}") == Script(Ident("D"), sup=Fenced("paren", Number("0")))
    assert fragment("ab") == Row((Ident("a"), Ident("b")), tight=True)


@pytest.mark.parametrize("text", ["{x", "x}", "x}{", "x\\"])
def test_unbalanced_braces_are_refused(text: str) -> None:
    with pytest.raises(BacksymError, match="unbalanced"):
        fragment(text)

"""Exact strings of the house notation: one line for each fact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    ONE,
    ZERO,
    Add,
    Adj,
    Cmp,
    Const,
    Delta,
    Dim,
    Div,
    Entry,
    Equation,
    Expr,
    Eye,
    Fn,
    IndexPick,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pick,
    Pow,
    Reduce,
    Size,
    Sym,
    T,
    Zeros,
    num,
)
from backsym.core.problem import Dimension, Problem, Symbol
from backsym.printing.latex import equation_latex, latex, range_latex, to_latex
from backsym.printing.notation import Notation
from backsym.printing.printer import shape_layout

pytestmark = pytest.mark.quick("printing")

HOUSE = Notation()
SUB = Notation(layer="subscript")

i, j, k, kp, n = Ix("i", "D0"), Ix("j", "D1"), Ix("k", "D2"), Ix("k'", "D2"), Ix("n", "N")
one = Ix("1", 1)


def array(name: str, *shape: Dim) -> Sym:
    return Sym(name, shape)


def at(base: Expr, *indices: Ix) -> Entry:
    return Entry(base, indices)


def fn(name: str, *args: Expr, order: int = 0, kind: str = "elementwise") -> Fn:
    return Fn(name, args, order, kind)


def total(body: Expr, *indices: Ix) -> IndexReduce:
    return IndexReduce("sum", body, indices)


a0, a1, z1, z2, t = (array(*x) for x in (("a0", "D0"), ("a1", "D1"), ("z1", "D1"), ("z2", "D2"), ("t", "D2")))
a2, b1, b2 = array("a2", "D2"), array("b1", "D1"), array("b2", "D2")
W1, W2 = array("W1", "D1", "D0"), array("W2", "D2", "D1")
Z2, A2, TT = array("Z2", "N", "D2"), array("A2", "N", "D2"), array("T", "N", "D2")
w, x, b, z, y, s = (array(name) for name in ("w", "x", "b", "z", "y", "t"))
L = array("L")
dz2, dz1, da1, dZ2 = Adj("z2", ("D2",)), Adj("z1", ("D1",)), Adj("a1", ("D1",)), Adj("Z2", ("N", "D2"))
dy = Adj("y", ())

NAMES = [
    ("z1", 1, r"\mathbf{z}^{(1)}", r"\mathbf{z}_1"),
    ("W2", 2, r"\mathbf{W}^{(2)}", r"\mathbf{W}_2"),
    ("h_a", 1, r"\mathbf{h}^{(a)}", r"\mathbf{h}_a"),
    ("Wq", 2, r"\mathbf{W}^{(q)}", r"\mathbf{W}_q"),
    ("b2", 0, "b^{(2)}", "b_2"),
    ("w10", 0, "w^{(10)}", "w_{10}"),
    ("mu", 0, r"\mu", r"\mu"),
    ("mu", 1, r"\boldsymbol{\mu}", r"\boldsymbol{\mu}"),
    ("theta1", 0, r"\theta^{(1)}", r"\theta_1"),
    ("W_in", 2, r"\mathbf{W}^{(\text{in})}", r"\mathbf{W}_{\text{in}}"),
    ("x", 0, "x", "x"),
    ("L", 0, r"\mathcal{L}", r"\mathcal{L}"),
]


@pytest.mark.parametrize(("name", "rank", "superscript", "subscript"), NAMES)
def test_names(name: str, rank: int, superscript: str, subscript: str) -> None:
    assert to_latex(HOUSE.name(name, rank)) == superscript
    assert to_latex(SUB.name(name, rank)) == subscript


HANDOUT: list[tuple[str, Expr]] = [
    # LO 1.1, question 1
    (r"w x + b", Add((Mul((w, x)), b))),
    (r"x + \tanh(z)", Add((x, fn("tanh", z)))),
    (r"\frac{1}{2} (y - t)^2", Mul((Div(ONE, num(2)), Pow(Add((y, Neg(s))), num(2))))),
    (r"\frac{\partial \mathcal{L}}{\partial \mathcal{L}}", Adj("L", ())),
    (r"\frac{\partial \mathcal{L}}{\partial y}", dy),
    (r"1 - \tanh^2(x)", Add((ONE, Neg(Pow(fn("tanh", x), num(2)))))),
    # question 2
    (
        r"\sum_{i=1}^{D^{(0)}} W_{ji}^{(1)} a_i^{(0)} + b_j^{(1)}",
        Add((total(Mul((at(W1, j, i), at(a0, i))), i), at(b1, j))),
    ),
    (r"\text{ReLU}(z_j^{(1)})", fn("relu", at(z1, j))),
    (
        r"\frac{e^{z_k^{(2)}}}{\sum_{k'=1}^{D^{(2)}} e^{z_{k'}^{(2)}}}",
        Div(fn("exp", at(z2, k)), total(fn("exp", at(z2, kp)), kp)),
    ),
    (
        r"-\sum_{k=1}^{D^{(2)}} t_k \log(a_k^{(2)})",
        Neg(total(Mul((at(t, k), fn("log", at(a2, k)))), k)),
    ),
    (r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}}", at(dz2, k)),
    (r"a_k^{(2)} - t_k", Add((at(a2, k), Neg(at(t, k))))),
    (r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} a_j^{(1)}", Mul((at(dz2, k), at(a1, j)))),
    (
        r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} \cdot \frac{\partial z_k^{(2)}}{\partial W_{kj}^{(2)}}",
        Mul((at(dz2, k), Partial(at(z2, k), at(W2, k, j)))),
    ),
    (r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} \cdot 1", Mul((at(dz2, k), ONE))),
    (
        r"\sum_{k=1}^{D^{(2)}} \frac{\partial \mathcal{L}}{\partial z_k^{(2)}} W_{kj}^{(2)}",
        total(Mul((at(dz2, k), at(W2, k, j))), k),
    ),
    (
        r"\frac{\partial \mathcal{L}}{\partial a_j^{(1)}} \text{ReLU}'(z_j^{(1)})",
        Mul((at(da1, j), fn("relu", at(z1, j), order=1))),
    ),
    # question 3
    (r"\mathcal{L}(y, t)", fn("loss", y, s, kind="scalar")),
    (
        r"\frac{\partial \mathcal{L}}{\partial \mathcal{L}} \mathcal{L}'(y, t)",
        Mul((Adj("L", ()), fn("loss", y, s, order=1, kind="scalar"))),
    ),
    (r"\frac{\partial \mathcal{L}}{\partial y} \sigma'(z)", Mul((dy, fn("sigmoid", z, order=1)))),
    # LO 1.2
    (
        r"\frac{\exp(\mathbf{z}^{(2)})}{\mathbb{1}_{D^{(2)}}^\top \exp(\mathbf{z}^{(2)})}",
        Div(fn("exp", z2), MatMul((T(Ones(("D2",))), fn("exp", z2)))),
    ),
    (
        r"-\frac{1}{N} \sum_{n=1}^N \sum_{k=1}^{D^{(2)}} T_{nk} \log(A_{nk}^{(2)})",
        Neg(Mul((Div(ONE, Size("N")), total(total(Mul((at(TT, n, k), fn("log", at(A2, n, k)))), k), n)))),
    ),
    (
        r"\sum_{n=1}^N \sum_{k=1}^{D^{(2)}} T_{nk}",
        total(at(TT, n, k), n, k),
    ),
    # LO 1.3
    (
        r"\nabla_{\mathbf{a}^{(1)}} \mathcal{L} \odot \text{ReLU}'(\mathbf{z}^{(1)})",
        Mul((da1, fn("relu", z1, order=1))),
    ),
    (
        r"\text{diag}(\nabla_{\mathbf{a}^{(1)}} \mathcal{L}) \text{ReLU}'(\mathbf{z}^{(1)})",
        MatMul((fn("diag", da1, kind="diag"), fn("relu", z1, order=1))),
    ),
    (r"\frac{1}{N} (A_{nk}^{(2)} - T_{nk})", Mul((Div(ONE, Size("N")), Add((at(A2, n, k), Neg(at(TT, n, k))))))),
    (r"\left[ \nabla_{\mathbf{Z}^{(2)}} \mathcal{L} \mathbf{W}^{(2)} \right]_{nj}", at(MatMul((dZ2, W2)), n, j)),
    # LO 1.4
    (
        r"-t \log(y) - (1 - t) \log(1 - y)",
        Add(
            (
                Neg(Mul((s, fn("log", y)))),
                Neg(Mul((Add((ONE, Neg(s))), fn("log", Add((ONE, Neg(y))))))),
            )
        ),
    ),
    (
        r"\mathbf{W}^{(2)} (\mathbf{h}^{(a)} \odot \mathbf{h}^{(b)})",
        MatMul((array("W2", 1, "J"), Mul((array("h_a", "J"), array("h_b", "J"))))),
    ),
]


@pytest.mark.parametrize(("text", "expr"), HANDOUT, ids=[text for text, _ in HANDOUT])
def test_handout(text: str, expr: Expr) -> None:
    assert latex(expr, HOUSE) == text


RULES: list[tuple[str, Expr]] = [
    # parentheses
    (r"(\mathbf{W}^{(2)})^\top \nabla_{\mathbf{z}^{(2)}} \mathcal{L}", MatMul((T(W2), dz2))),
    (r"\nabla_{\mathbf{z}^{(2)}} \mathcal{L} \, (\mathbf{a}^{(1)})^\top", MatMul((dz2, T(a1)))),
    (r"(\nabla_{\mathbf{z}^{(2)}} \mathcal{L})^\top", T(dz2)),
    (
        r"((\mathbf{W}^{(2)})^\top \nabla_{\mathbf{z}^{(2)}} \mathcal{L}) \odot \mathbf{z}^{(1)}",
        Mul((MatMul((T(W2), dz2)), z1)),
    ),
    (r"(\mathbf{a}^{(1)} \odot \mathbf{z}^{(1)})^\top", T(Mul((a1, z1)))),
    (r"\text{ReLU}(\mathbf{z}^{(1)})^\top", T(fn("relu", z1))),
    (r"\mathbb{1}_{N}^\top \mathbf{Z}^{(2)}", MatMul((T(Ones(("N",))), Z2))),
    (r"\mathbb{1}_{N} (\mathbf{b}^{(2)})^\top", MatMul((Ones(("N",)), T(b2)))),
    (r"y \mathbf{a}^{(1)} \odot \mathbf{z}^{(1)}", Mul((y, a1, z1))),
    (r"\mathbf{a}^{(1)} y", Mul((a1, y))),
    (r"w - (x - y)", Add((w, Neg(Add((x, Neg(y))))))),
    (r"w + x - y", Add((w, Add((x, Neg(y)))))),
    (r"-(x + y)", Neg(Add((x, y)))),
    (r"-(-x)", Neg(Neg(x))),
    (r"-x + y", Add((Neg(x), y))),
    (r"w - x", Add((w, Neg(x)))),
    (r"w - 2", Add((w, num(-2)))),
    (r"w - 2 x", Add((w, Mul((num(-2), x))))),
    (r"w - \frac{1}{x}", Add((w, Div(num(-1), x)))),
    (r"(-x) y", Mul((Neg(x), y))),
    (r"x (-y)", Mul((x, Neg(y)))),
    (r"-x y", Neg(Mul((x, y)))),
    (r"w x y", Mul((w, Mul((x, y))))),
    (r"(w + x) y", Mul((Add((w, x)), y))),
    (r"(w x)^2", Pow(Mul((w, x)), num(2))),
    (r"(x^2)^3", Pow(Pow(x, num(2)), num(3))),
    (r"(-x)^2", Pow(Neg(x), num(2))),
    (r"\left( \frac{x}{y} \right)^2", Pow(Div(x, y), num(2))),
    (r"\left( 1 - \frac{x}{y} \right) w", Mul((Add((ONE, Neg(Div(x, y)))), w))),
    (r"(W_{kj}^{(2)})^2", Pow(at(W2, k, j), num(2))),
    (r"x^{-1}", Pow(x, num(-1))),
    (r"x^{1/2}", Pow(x, Div(ONE, num(2)))),
    (r"x^{-1/2}", Pow(x, Num(Fraction(-1, 2)))),
    (r"x^{w + 1}", Pow(x, Add((w, ONE)))),
    (r"\mathcal{L} \, (x + y)", Mul((L, Add((x, y))))),
    # numbers
    ("0.01 x", Mul((Num(Fraction(1, 100), "0.01"), x))),
    (r"10^{-5} x", Mul((Num(Fraction(1, 100000), "1e-5"), x))),
    (r"2.5 \times 10^3", Num(Fraction(2500), "2.5e3")),
    (r"\frac{2}{3}", Num(Fraction(2, 3))),
    (r"2 \cdot 3", Mul((num(2), num(3)))),
    (r"x \cdot 2", Mul((x, num(2)))),
    (r"2 \cdot \frac{1}{3}", Mul((num(2), Div(ONE, num(3))))),
    (r"1 \cdot x", Mul((ONE, x))),
    (r"x \cdot 2^y", Mul((x, Pow(num(2), y)))),
    (r"-2 x", Mul((num(-2), x))),
    (r"2 \pi", Mul((num(2), Const("pi")))),
    # sums
    (r"\sum_{j=1}^{D^{(1)}} (a_j^{(1)} + z_j^{(1)})", total(Add((at(a1, j), at(z1, j))), j)),
    (r"\sum_{j=1}^{D^{(1)}} (-a_j^{(1)})", total(Neg(at(a1, j)), j)),
    (r"y \sum_{j=1}^{D^{(1)}} a_j^{(1)}", Mul((y, total(at(a1, j), j)))),
    (r"\left( \sum_{j=1}^{D^{(1)}} a_j^{(1)} \right) y", Mul((total(at(a1, j), j), y))),
    (r"\left( \sum_{j=1}^{D^{(1)}} a_j^{(1)} \right)^2", Pow(total(at(a1, j), j), num(2))),
    (r"\frac{1}{N} \sum_{n=1}^N Z_{nk}^{(2)}", IndexReduce("mean", at(Z2, n, k), (n,))),
    (r"\max_{k'} z_{k'}^{(2)}", IndexReduce("max", at(z2, kp), (kp,))),
    (r"(\max_{k'} z_{k'}^{(2)}) + y", Add((IndexReduce("max", at(z2, kp), (kp,)), y))),
    (r"y - \max_{k'} z_{k'}^{(2)}", Add((y, Neg(IndexReduce("max", at(z2, kp), (kp,)))))),
    (r"\mathbb{1}[k = \arg\max_{k'} z_{k'}^{(2)}]", IndexPick("max", at(z2, kp), (kp,), (k,))),
    (
        r"\mathbb{1}[(n, k) = \arg\min_{m, k'} Z_{mk'}^{(2)}]",
        IndexPick("min", at(Z2, Ix("m", "N"), kp), (Ix("m", "N"), kp), (n, k)),
    ),
    # functions
    (r"\exp(\mathbf{z}^{(1)})", fn("exp", z1)),
    (r"e^{-z}", fn("exp", Neg(z))),
    (r"\exp(w x)", fn("exp", Mul((w, x)))),
    (r"(e^z)^2", Pow(fn("exp", z), num(2))),
    (r"\sigma(z)^2", Pow(fn("sigmoid", z), num(2))),
    (r"\tanh^2(\mathbf{z}^{(1)})", Pow(fn("tanh", z1), num(2))),
    (r"(\mathbf{z}^{(1)})^{\odot 2}", Pow(z1, num(2))),
    (r"\sqrt{x + 1}", fn("sqrt", Add((x, ONE)))),
    (r"\lvert x \rvert", fn("abs", x)),
    (r"\lVert \mathbf{z}^{(1)} \rVert", fn("norm", z1, kind="scalar")),
    (r"\text{tr}(\mathbf{W}^{(2)})", fn("trace", W2, kind="scalar")),
    (r"\text{softmax}(\mathbf{z}^{(2)})", fn("softmax", z2, kind="rowwise")),
    (r"\text{softmax}(\mathbf{z}^{(2)})_k", at(fn("softmax", z2, kind="rowwise"), k)),
    (r"\text{log\,softmax}(\mathbf{z}^{(2)})", fn("log_softmax", z2, kind="rowwise")),
    (r"\max(x, y)", fn("max", x, y)),
    (r"\text{LeakyReLU}(z, 0.01)", fn("leaky_relu", z, Num(Fraction(1, 100), "0.01"))),
    (r"\sigma''(z)", fn("sigmoid", z, order=2)),
    (r"\text{ReLU}'\left( \frac{x}{y} \right)", fn("relu", Div(x, y), order=1)),
    (r"x^y", fn("pow", x, y)),
    (r"\mathbb{1}[z > 0]", Cmp(">", z, ZERO)),
    (r"\mathbb{1}[\mathbf{z}^{(1)} \ge 0]", Cmp(">=", z1, ZERO)),
    (r"\operatorname{sum}(\mathbf{t} \odot \log(\mathbf{a}^{(2)}))", Reduce("sum", Mul((t, fn("log", a2))))),
    (r"\operatorname{mean}_{\text{axis}=1}(\mathbf{Z}^{(2)})", Reduce("mean", Z2, -1)),
    (r"\max(\mathbf{z}^{(2)})", Reduce("max", z2)),
    (r"\mathbb{1}[\arg\max(\mathbf{z}^{(2)})]", Pick("max", z2)),
    # special arrays
    (r"\mathbb{1}_{N \times D^{(2)}}", Ones(("N", "D2"))),
    (r"\mathbf{I}_{D^{(2)}}", Eye("D2")),
    (r"\mathbf{0}", Zeros(("D2",))),
    (r"\delta_{kk'}", Delta(k, kp)),
    # entries
    (r"W_{1j}^{(2)}", at(array("W2", 1, "D1"), one, j)),
    (r"W_{1,2}^{(2)}", at(W2, Ix("1", "D2"), Ix("2", "D1"))),
    (r"h_{10}", at(array("h", 12), Ix("10", 12))),
    (r"\mathbf{W}^{(2)} \mathbf{h}", MatMul((array("W2", 1, "J"), array("h", "J")))),
    (r"\left[ (\mathbf{W}^{(2)})^\top \right]_{jk}", at(T(W2), j, k)),
    (r"\frac{\partial y}{\partial z}", Partial(y, z)),
]


@pytest.mark.parametrize(("text", "expr"), RULES, ids=[text for text, _ in RULES])
def test_rules(text: str, expr: Expr) -> None:
    assert latex(expr, HOUSE) == text


def test_subscript_notation() -> None:
    assert latex(at(z1, j), SUB) == "z_{1,j}"
    assert latex(at(W2, k, j), SUB) == "W_{2,kj}"
    assert latex(MatMul((dz2, T(a1))), SUB) == r"\nabla_{\mathbf{z}_2} \mathcal{L} \mathbf{a}_1^\top"
    assert latex(Add((Mul((array("w1"), array("x1"))), Mul((array("w2"), array("x2"))))), SUB) == "w_1 x_1 + w_2 x_2"
    assert latex(fn("relu", array("m1"), order=1), SUB) == r"\text{ReLU}'(m_1)"
    assert latex(Mul((Adj("z", ()), array("w10"))), SUB) == r"\frac{\partial \mathcal{L}}{\partial z} w_{10}"
    assert latex(Pow(array("x1"), num(2)), SUB) == "x_1^2"


def test_ranges_shapes_and_equations() -> None:
    assert range_latex((k, j), HOUSE) == r"k = 1, \dots, D^{(2)},\; j = 1, \dots, D^{(1)}"
    assert range_latex((one, n), HOUSE) == r"n = 1, \dots, N"
    assert range_latex((one,), HOUSE) == ""
    assert range_latex((), HOUSE) == ""
    assert to_latex(shape_layout(("D1", "D0"), HOUSE)) == r"\mathbb{R}^{D^{(1)} \times D^{(0)}}"
    assert to_latex(shape_layout(("D1",), HOUSE)) == r"\mathbb{R}^{D^{(1)}}"
    assert to_latex(shape_layout((1, "J"), HOUSE)) == r"\mathbb{R}^{1 \times J}"
    assert to_latex(shape_layout((), HOUSE)) == r"\mathbb{R}"
    assert to_latex(shape_layout(("2*H",), HOUSE)) == r"\mathbb{R}^{2H}"
    assert to_latex(shape_layout(("2*out",), HOUSE)) == r"\mathbb{R}^{2\,\text{out}}", "a word stands apart"
    assert equation_latex(Equation(at(dz2, k), Add((at(a2, k), Neg(at(t, k))))), HOUSE) == (
        r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} = a_k^{(2)} - t_k"
    )


GRADIENTS = [
    ("partial", r"\frac{\partial \mathcal{L}}{\partial \mathbf{W}^{(2)}}",
     r"\frac{\partial \mathcal{L}}{\partial W_{kj}^{(2)}}"),
    ("bar", r"\bar{\mathbf{W}}^{(2)}", r"\bar{W}_{kj}^{(2)}"),
    ("delta", r"\boldsymbol{\delta}_{\mathbf{W}^{(2)}}", r"\delta_{W_{kj}^{(2)}}"),
]  # fmt: skip


@pytest.mark.parametrize(("style", "whole", "entry"), GRADIENTS)
def test_other_gradient_styles(style: str, whole: str, entry: str) -> None:
    adjoint = Adj("W2", ("D2", "D1"))
    notation = Notation(gradient=style, preactivations=frozenset(["W2"]))
    assert latex(adjoint, notation) == whole
    assert latex(at(adjoint, k, j), notation) == entry


def test_with_deltas_other_quantities_than_pre_activations_have_gradients() -> None:
    notation = Notation(gradient="delta")
    assert latex(Adj("W2", ("D2", "D1")), notation) == r"\nabla_{\mathbf{W}^{(2)}} \mathcal{L}"


def test_other_vector_and_transpose_styles() -> None:
    assert latex(MatMul((W2, a1)), Notation(vectors="arrow")) == r"\mathbf{W}^{(2)} \vec{a}^{(1)}"
    assert latex(MatMul((W2, a1)), Notation(vectors="plain")) == "W^{(2)} a^{(1)}"
    assert latex(T(W2), Notation(transpose="T")) == r"(\mathbf{W}^{(2)})^T"


def test_a_loss_of_another_name() -> None:
    assert latex(Adj("z", ()), Notation(loss="J")) == r"\frac{\partial J}{\partial z}"
    assert latex(array("L"), Notation(loss="J")) == "L"


def problem(**keys: object) -> Problem:
    return Problem(**{"title": "t", "equations": (), "loss": "L", "symbols": {}, "dims": {}, "index_dims": {}} | keys)  # type: ignore[arg-type]


def test_declared_spellings() -> None:
    latexes = {
        "eta": ((), r"\eta"),
        "x": (("D0",), r"\mathbf{x}"),
        "c": (("D0",), r"\tilde{C}"),
        "u": (("D0",), r"\mathbf{x}^{(0)}"),
        "v": (("D0",), r"\mathbf{x}_{0}"),
        "odd": (("D0",), r"\mathfrak{z}"),
    }
    symbols = {name: Symbol(name, shape, "input", latex=text) for name, (shape, text) in latexes.items()}
    dims = {"D0": Dimension("D0", "D_{in}"), "N": Dimension("N", "N")}
    notation = Notation.of(problem(symbols=symbols, dims=dims))

    def entry(name: str) -> str:
        return latex(at(array(name, "D0"), i), notation)

    assert latex(array("eta"), notation) == r"\eta"
    assert (latex(array("x", "D0"), notation), entry("x")) == (r"\mathbf{x}", "x_i")
    assert (latex(array("c", "D0"), notation), entry("c")) == (r"\tilde{C}", r"\tilde{C}_i")
    assert (latex(array("u", "D0"), notation), entry("u")) == (r"\mathbf{x}^{(0)}", "x_i^{(0)}")
    assert (latex(array("v", "D0"), notation), entry("v")) == (r"\mathbf{x}_0", "x_{0,i}")
    assert (latex(array("odd", "D0"), notation), entry("odd")) == (r"\mathfrak{z}", r"\mathfrak{z}_i")
    assert latex(Size("D0"), notation) == "D_{in}"
    assert latex(T(array("u", "D0")), notation) == r"(\mathbf{x}^{(0)})^\top"


def test_abstract_functions() -> None:
    notation = Notation.of(problem(abstract=frozenset(("phi", "g1", "act"))))
    assert latex(fn("phi", z, order=1), notation) == r"\phi'(z)"
    assert latex(fn("g1", z), notation) == "g_1(z)"
    assert latex(fn("act", z1), notation) == r"\text{act}(\mathbf{z}^{(1)})"


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(BacksymError, match=r"gradient is 'nable'.*did you mean nabla"):
        Notation.of(problem(notation={"gradient": "nable"}))
    with pytest.raises(BacksymError, match="unknown key 'layers'"):
        Notation.of(problem(notation={"layers": "subscript"}))
    with pytest.raises(BacksymError, match="function 'mystery'"):
        latex(fn("mystery", z), HOUSE)

    @dataclass(frozen=True)
    class Novel(Expr):
        pass

    with pytest.raises(TypeError, match="Novel"):
        latex(Novel(), HOUSE)

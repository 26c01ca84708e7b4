"""First looks at a text that is not read yet: left sides, derivatives by name, signs of LaTeX."""

from __future__ import annotations

import pytest

from backsym.marking.answers.one_line import one_line
from backsym.reading.files.renaming import Renaming
from backsym.reading.plain import glance
from backsym.text.mathtext import math_complaints
from backsym.text.pieces import group, signs, words_and_signs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("W2", ("W2", "")), (" dL/dW2 [ k, j ] ", ("W2", "k, j")), ("dL / dW", ("W", "")), ("grad( W )[k]", ("W", "k")),
        ("grad(W[k])", ("W", "k")), ("grad(dL/dW)", None),
        ("dW", ("dW", "")), ("grad", ("grad", "")), ("dL/d2", None), ("W2 + b", None), ("W[k][j]", None), ("", None),
    ],
)  # fmt: skip
def test_a_target_names_a_quantity(text: str, found: tuple[str, str] | None) -> None:
    assert glance.quantity(text) == found


def test_derivatives_in_a_header() -> None:
    assert [slope.by for slope in glance.slopes("Give dL/dW2 and grad(b) (not adL/dx, \\dL/dy)")] == ["W2", "b"]
    assert glance.slope("dL/dW") == glance.Slope("L", "W", 3)
    assert glance.slope("grad(W") is None


def test_left_sides() -> None:
    assert glance.left_name("z[k, j] = W @ x") == ("z", 2)
    assert glance.left_name("Eq(z, W*x)") == ("z", None)
    assert glance.left_name("(z)") is glance.left_name("Eq(") is None
    assert glance.begins_equation(" z[k] = 1")
    assert not glance.begins_equation("z == 1")
    assert [*glance.equations("z = 1; h[k,j] = 2, y == z")] == ["z", "h", "y"]
    below = glance.divided_by("dz[k] / dW2", 2)
    assert below is not None
    assert below.word == "dW2"


@pytest.mark.parametrize("text", ["a*b", "a @ b", "x[k]", "W.T", "tanh (z)", "f''(z1)", "w1"])
def test_signs_of_the_plain_language(text: str) -> None:
    assert glance.is_plain(text)
    assert not glance.is_plain("f(x) = a b")


def test_pieces_keep_their_places() -> None:
    found = signs(r"\mathbf{x}_1\{")
    assert [sign.text for sign in found] == [r"\mathbf", "{", "x", "}", "_", "1", r"\{"]
    assert group(found, 1) == 3
    assert group(found, 0) is group(signs("{{x}}"), 0) is None
    assert [piece.text for piece in words_and_signs("dL/dW2 - \\alpha", 2)] == ["/", "dW2", "-", "\\alpha"]


def test_other_names_leave_words_and_transposes() -> None:
    other = Renaming(names={"T": "B", "W": "A"}, letters={"T": "B", "W": "A"})
    assert other.latex(r"W^T T^{T} \text{W} W^{Tx}") == r"A^T B^{T} \text{W} A^{Bx}"
    assert other.plain("dL/dW = dW*T") == "dL/dA = dW*B"


def test_the_usual_answer_is_one_line() -> None:
    assert one_line("dL/dW2[ k, j ] = -(a - b) * h[j]'") == ("dL/dW2[ k, j ]", "-(a - b) * h[j]'")
    for text in (
        "(1) a*b",
        "1. a*b",
        "a b",
        "a,  @ b",
        "so a = b",
        "a = ",
        "a * /",
        "2a = b",
        "a since b",
        "a/b/c = d",
    ):
        assert one_line(text) is None, text


def test_the_gravest_flaw_of_a_formula_has_its_place() -> None:
    for latex, start, end in (
        (r"a\foo", 1, 5),
        (r"\begin{x}", 0, 9),
        (r"\left x", 0, 5),
        ("{a", 0, 1),
        ("a & b", 2, 3),
    ):
        first = next(math_complaints(latex))
        assert (first.start, first.end) == (start, end), latex
    assert [*math_complaints(r"\text{für }x")] == []

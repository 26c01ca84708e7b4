"""Errors of the plain language point at the offending characters and say what would help."""

from __future__ import annotations

import pytest
from extent import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from backsym.core.errors import Diagnostic, InputError
from backsym.core.problem import Problem
from backsym.core.source import Source
from backsym.reading.files.loader import problem_from_mapping, read_expression
from backsym.reading.plain.grammar import parse_equation, parse_expression
from backsym.solving.solution import solve

_INDEX_HINT = "such as W[k, j], z[k'], h[1] or x[i + k - 1]"

PROBLEM = problem_from_mapping(
    {
        "indices": {"k": "K", "i": "D", "j": "K"},
        "symbols": {"x": ["D"], "W": ["K", "D"], "A": ["N", "D"], "B": ["N", "K"], "s": [], "t": ["K"], "g": ["N"],
                    "m": [3]},
        "forward": ["z = W @ x", "y = softmax(z)", "L = cross_entropy(y, t) + sum(A)*s*sum(B)*sum(g)*sum(m)"],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def problem() -> Problem:
    return PROBLEM


def complaint(text: str, problem: Problem = PROBLEM) -> tuple[str, str, str | None]:
    """Message, underlined text and hint of the error that reading ``text`` raises."""
    with pytest.raises(InputError) as caught:
        read_expression(problem, text)
    (d,) = caught.value.diagnostics
    assert d.source is not None
    assert d.column is not None
    return d.message, d.source[d.column - 1 : d.column - 1 + d.width], d.hint


@pytest.mark.parametrize(
    ("text", "message", "underlined", "hint"),
    [
        # syntax
        ("z + ", "expected a name, a number or (, found the end", "", None),
        ("(z + t", "this ( is never closed", "(", "add )"),
        ("z + t)", "this ) closes nothing", ")", None),
        ("2 z", "expected an operator, found z", "z", "a product is written with *: 2*z"),
        ("s (", "expected a name, a number or (, found the end", "", None),
        ("2(z)", "expected an operator, found (", "(", "a product is written with *: 2*(..."),
        ("z[k*j]", "an index is a letter, a position or a shift of letters", "k*j", _INDEX_HINT),
        ("z[(k)]", "an index is a letter, a position or a shift of letters", "(", _INDEX_HINT),
        ("z[1.5*k]", "an index is a letter, a position or a shift of letters", "1.5", _INDEX_HINT),
        ("z > 0", "expected an operator, found >", ">", "a comparison is an indicator, in brackets: [a > b]"),
        ("[z]", "expected a comparison, found ]", "]", "brackets hold an indicator, [z > 0], or follow an array: z[k]"),
        (
            "x.conv2d()",
            "expected T after the dot, found conv2d",
            "conv2d",
            "a convolution is written sum(w[k]*x[i + k - 1], k)",
        ),
        ("|z|", "unexpected character |", "|", "an absolute value is written abs(x), a norm norm(x)"),
        ("1e999", "this number is too long to be read exactly", "1e999", None),
        # names
        ("zz + t", "zz is not declared", "zz", "did you mean z?"),
        ("w @ x", "w is not declared", "w", "did you mean W?"),
        ("q", "q is not declared", "q", "declared: x, W, A, B, s, t, g, m, z, y, L"),
        ("W' @ z", "W' is not declared", "W'", "a transpose is written W.T"),
        (
            "k*z",
            "k is an index letter, not a quantity",
            "k",
            "a letter stands in entries, W[k, j], and at the end of sum(..., k)",
        ),
        ("rleu(z)", "unknown function rleu", "rleu(z)", "did you mean relu?"),
        ("ReLU(z)", "unknown function ReLU", "ReLU(z)", "did you mean relu?"),
        ("ln(z)", "unknown function ln", "ln(z)", "the natural logarithm is written log"),
        ("s(z)", "s is a quantity, not a function", "s(z)", "a product is written s*(...)"),
        (
            "psi(z)",
            "unknown function psi",
            "psi(z)",
            "an abstract function is declared, functions: {psi: abstract}; a product is written psi*(...)",
        ),
        # arguments
        ("exp(z, t)", "exp takes 1 argument, 2 given", "exp(z, t)", "write exp(x)"),
        (
            "leaky_relu(z, s, s)",
            "leaky_relu takes 1 or 2 arguments, 3 given",
            "leaky_relu(z, s, s)",
            "write leaky_relu(x, a)",
        ),
        ("relu(z, axis=0)", "relu does not take axis=", "axis=0", None),
        ("softmax(A, axis=2)", "there is no axis 2: this is [N, D]", "softmax(A, axis=2)", None),
        ("softmax(s)", "softmax needs a vector or a matrix; this is a scalar", "softmax(s)", None),
        ("sum(A, 0)", "sum takes an array, then index letters", "0", "an axis is written axis=0"),
        ("sum(A, t)", "t is a quantity, not an index letter", "t", None),
        ("sum(z, axis=1)", "there is no axis 1: this is [K]", "sum(z, axis=1)", None),
        ("sum(z, k)", "z is [K] and has no index k", "sum(z, k)", "write z[k]"),
        ("sum(z[k])", "sum needs the index letters that it runs over", "sum(z[k])", "such as sum(z[k], k)"),
        ("trace(A)", "trace needs a square matrix; this is [N, D]", "trace(A)", None),
        ("dot(A, z)", "dot takes vectors; this is [N, D]", "A", "a matrix product is written A @ B"),
        ("softmax'(z)", "softmax has no derivative to write as softmax'", "softmax'(z)", None),
        ("ones(Q)", "Q is not a dimension", "Q", "a dimension is declared in dims or in a shape"),
        ("grad(2*z)", "grad takes the name of a quantity", "2*z", "such as grad(z) or, of one entry, grad(z)[k]"),
        ("dL/dz + dx/dz", "x has no forward equation to differentiate", "dx", None),
        (
            "dz/dW",
            "a local derivative is written entry by entry",
            "dz/dW",
            "such as dz[k]/dW[k, j]; the gradient is dL/dW",
        ),
        # shapes
        ("s*(z + x)", "cannot add [K] and [D]", "z + x", None),
        ("z + t + x + s", "cannot add [K] and [D]", "z + t + x", None),
        (
            "W + W @ x + t",
            "cannot add [K, D] and [K]",
            "W + W @ x",
            "a vector goes along the last axis; to go down the first, declare it [K, 1]",
        ),
        (
            "W*t",
            "cannot multiply element-wise [K, D] and [K]",
            "W*t",
            "a vector goes along the last axis; to go down the first, declare it [K, 1]",
        ),
        (
            "W*x.T @ x + W*z.T",
            "cannot multiply element-wise [K, D] and [1, K]",
            "W*z.T",
            "* is element-wise; a matrix product is written @",
        ),
        ("2*(W @ t) + x", "cannot multiply [K, D] @ [K]", "W @ t", "W.T @ t would fit"),
        ("x @ W", "cannot multiply [D] @ [K, D]", "x @ W", "W @ x would fit"),
        ("t @ W", "cannot multiply [K] @ [K, D]", "t @ W", "a vector is a column: t.T @ W would fit"),
        (
            "s*z @ t",
            "cannot multiply [K] @ [K]",
            "s*z @ t",
            "a vector is a column: (s*z).T @ t is the scalar product, (s*z) @ t.T the outer product",
        ),
        ("s @ x", "cannot multiply scalar @ [D]", "s @ x", "a scalar multiplies with *"),
        ("A.T @ B @ A", "cannot multiply [D, K] @ [N, D]", "A.T @ B @ A", "A @ (A.T @ B) would fit"),
        (
            "squared_error(y, x)",
            "squared_error compares arrays of one shape; these are [K] and [D]",
            "squared_error(y, x)",
            None,
        ),
        ("[W > A]", "cannot compare [K, D] and [N, D]", "[W > A]", None),
        # entries
        ("s[k]", "s is a scalar; it has no entries", "s[k]", None),
        ("W[k]*s", "1 index for W, which is [K, D]", "W[k]", "give one index for each axis"),
        ("W[i, k]", "index i runs over D, but this axis has K entries", "i", "W is [K, D]"),
        ("z[p]*x[p]", "index p runs over K, but this axis has D entries", "p", "x is [D]"),
        ("delta(p, q)", "the range of index p is not known", "p", "declare it: indices: {p: D}"),
        ("m[4]", "position 4 is beyond the end: this axis has 3 entries", "4", None),
        ("m[0]", "positions count from 1", "0", None),
        ("s*x[D+1]", "position D+1 is beyond the end: this axis has D entries", "D+1", None),
        ("s*x[D-1]", "a position is a whole number: h[1]", "D-1", None),
    ],
)
def test_complaints(text: str, message: str, underlined: str, hint: str | None) -> None:
    assert complaint(text) == (message, underlined, hint)


def test_a_size_is_the_last_entry_where_a_letter_runs_to_it() -> None:
    """As a letter it would be the sum of all entries, which is not what x[D] says."""
    forward = ["L = sum(X[:,D]**2)"]
    with pytest.raises(InputError) as caught:
        problem_from_mapping({"symbols": {"X": ["N", "D"]}, "forward": forward})
    (said,) = caught.value.diagnostics
    assert said.message == "D is a size, not an index letter"
    advice = "declare a letter, indices: {d: D}: D as an index is then the last entry, and d runs over all"
    assert said.hint == advice
    last = problem_from_mapping({"indices": {"d": "D"}, "symbols": {"X": ["N", "D"]}, "forward": forward})
    assert solve(last)["X"].latex() == r"\frac{\partial \mathcal{L}}{\partial X_{nd}} = 2 X_{nD} \delta_{dD}"


def test_a_complaint_is_shown_under_the_line(problem: Problem) -> None:
    with pytest.raises(InputError) as caught:
        read_expression(problem, "s*(z + x)")
    assert str(caught.value).splitlines() == ["1:4: cannot add [K] and [D]", "    s*(z + x)", "       ^^^^^"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a + b", "expected = and a right side, found the end"),
        ("a == b", "expected =, found =="),
        ("a = b = c", "expected the end, found ="),
        ("a b = c", "expected an operator, found b"),
    ],
)
def test_equations_have_one_sign(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_equation(Source(text))
    assert caught.value.diagnostics[0].message == message


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "x" + ")" * 1000,
        "(" * 70 + "x" + ")" * 70,
        "-" * 200 + "x",
        "x" + "**x" * 200,
        "x" + ".T" * 300,
        "x" + "/x" * 300,
        "x" + "*x/x" * 200,
        "x+" * 1000 + "x",
        "f(" * 100 + "x" + ")" * 100,
        "x" * 5000,
    ],
)
def test_limits_are_errors(text: str) -> None:
    with pytest.raises(InputError, match=r"nested more than|more than 1500 tokens|characters; at most 4096"):
        parse_expression(Source(text))


def test_definitions_inside_each_other_are_bounded(problem: Problem) -> None:
    text = "t"
    for _ in range(20):
        text = f"binary_cross_entropy({text}, t)"
    with pytest.raises(InputError, match="inside each other"):
        read_expression(problem, text)


_WORDS = st.sampled_from(
    "z t x W A B s L k i j k' dL dz dW / * + - @ ** ^ ( ) [ ] , .T . = > 0 1 2.5 sum( max( mean( exp( relu'( delta( "
    "grad( ones( axis=0 keepdims=True N K softmax( cross_entropy( outer( ∂ | ' phi(".split()
)


@settings(max_examples=examples(400, 4), deadline=None)
@given(st.lists(_WORDS, max_size=14).map("".join) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but InputError, and it always points into the text."""
    for diagnostic in refusal(text, False) + refusal(text, True):
        assert diagnostic.column is not None
        assert diagnostic.source is not None
        assert 1 <= diagnostic.column <= len(diagnostic.source) + 1


def refusal(text: str, own_letters: bool) -> tuple[Diagnostic, ...]:
    try:
        assert isinstance(read_expression(PROBLEM, text, own_letters=own_letters).shape, tuple)
    except InputError as e:
        return e.diagnostics
    return ()

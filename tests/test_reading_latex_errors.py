"""What the LaTeX reader refuses: the message, the text underlined, and what it suggests; and its limits."""

from __future__ import annotations

import pytest
from patience import prompt

from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.reading.files.loader import problem_from_mapping, read_equation, read_expression


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_from_mapping(
        {
            "indices": {"k": "K", "i": "D"},
            "symbols": {"x": ["D"], "W": ["K", "D"], "W1": ["K", "D"], "s": [], "t": ["K"], "V": ["D", "D"]},
            "forward": ["z = W @ x + W1 @ x", "u = trace(V)*s", "L = squared_error(z, t) + u"],
        }
    )


REFUSED = [
    (r"s = \foobar{x}", r"unknown macro \foobar", r"\foobar", None),
    (r"s \softmaks", r"unknown macro \softmaks", r"\softmaks", None),
    (r"\frak{s}", r"unknown macro \frak", r"\frak", r"did you mean \frac?"),
    (r"s \softmax", r"unknown macro \softmax", r"\softmax", r"write \text{softmax}"),
    (r"\mathbf{z}^{(7)} - \mathbf{t}", "z7 is not declared", r"\mathbf{z}^{(7)}", None),
    (r"W^{(2)}_{ki}", "W2 is not declared", r"W^{(2)}_{ki}", None),
    (r"\mathbf{q} \odot \mathbf{t}", "q is not declared", r"\mathbf{q}", None),
    (r"$s / x_k s$", "it is not clear what this slash divides by", "s", None),
    (r"\log s s", "it is not clear where the argument of log ends", "s", "write log(...) with parentheses"),
    (r"\mathbf{W} \mathbf{t}", "cannot multiply [K, D] and [K] as matrices", r"\mathbf{W} \mathbf{t}",
     r"\mathbf{W}^\top \mathbf{t} would fit"),
    (r"\mathbf{z} \mathbf{t}", "cannot multiply [K] and [K] as matrices", r"\mathbf{z} \mathbf{t}",
     r"\mathbf{z}^\top \mathbf{t} is the scalar product, \mathbf{z} \odot \mathbf{t} the element-wise one"),
    (r"\mathbf{z} \odot \mathbf{x}", "cannot multiply element-wise [K] and [D]", r"\mathbf{z} \odot \mathbf{x}", None),
    (r"\mathbf{V}^2", "a power of a square matrix is not read", r"\mathbf{V}^2", None),
    (r"\prod_k z_k", "a product over an index is not read", r"\prod", None),
    (
        r"\sum_{k=0}^{K} z_k", "an index counts from 1", "0",
        "write k=1, and count the positions that k is part of from 1",
    ),
    (r"\sum_{k=1}^{Q} z_k", "Q is not a dimension", "Q", None),
    (r"\sum_{k' \geq k} z_k", "this limit of the sum is not read", r"\geq", None),
    (r"\sum_{k}", "expected what this sum is over, found the end", "", None),
    (r"\frac{s}{t", "this { is never closed", "{", "add }"),
    (r"\frac{s}", "expected {, found the end", "", None),
    (r"$s + (s$", "this ( is never closed", "(", "add )"),
    (r"$s)$", "this ) closes nothing", ")", None),
    (r"x_{i=1}", "an index is a letter or a position", "=", "a shifted index is not read"),
    (r"x_{i+1.5}", "a shift is a whole number", "1.5", None),
    (r"$W_k_i$", "a second subscript", "_", "put all indices in one: W_{kj}, z_{1,j}"),
    (r"$x_12$", "without braces only 1 stands below", "12", "write _{12}"),
    (r"\text{softmx}(\mathbf{z})", "unknown function softmx", r"\text{softmx}(\mathbf{z})", "did you mean softmax?"),
    (r"\tanh^{-1}(s)", "this superscript of tanh is not clear", r"\tanh", None),
    (r"\begin{cases} s \\ s \end{cases}", "cases have 1 to 5 rows, and only the last is without a condition",
     r"\begin{cases}", r"such as \begin{cases} z & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}"),
    (r"\begin{cases} s & c \end{cases}", "expected a comparison, found \\end{cases}", r"\end{cases}",
     r"such as \begin{cases} z & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}"),
    (r"\begin{cases} s & s > 0", "these cases are never closed", r"\begin{cases}", r"add \end{cases}"),
    (r"\langle x \rangle", "expected a comma, found \\rangle", r"\rangle", r"such as \langle u, v \rangle"),
    (r"\langle x, x", "this \\langle is never closed", r"\langle", r"add \rangle"),
    (r"\mathbf{1}", r"the size of \mathbf{1} is not known here", r"\mathbf{1}", r"write it below: \mathbf{1}_N"),
    (r"\nabla_{\mathbf{z}} u", "a gradient is of the loss", "u", "the loss is L"),
    (r"\frac{\partial^2 \mathcal{L}}{\partial s^2}", "a second derivative is not read", "^", None),
    (r"\delta_{z}", r"this \delta is not declared", r"\delta", None),
    (r"\mathbb{E}[s]", "E in blackboard bold is not read here", r"\mathbb", "write the sum or the mean"),
    (r"\log_2 s", "a subscript of log is not read", "_", "only the natural logarithm is read"),
    (r"\|x\|_3", "this norm is not read", "_", None),
    (r"s + \text{if } s", r"\text{if} is not a declared name or a function", r"\text{if }", None),
    (r"\mathcal{L}_{\text{MSE}}(\mathbf{z}, \mathbf{t})", "this loss is not known", "_", None),
    (r"W_{ki} x_k", "index k runs over K, but this axis has D entries", "k", None),
    (r"\arg\max_k z_k", r"\arg is not read", r"\arg", None),
    (r"$|s$", "this bar is never closed", "|", None),
    (r"$s # s$", "unexpected character #", "#", None),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "message", "underlined", "hint"), REFUSED)
def test_refused(problem: Problem, latex: str, message: str, underlined: str, hint: str | None) -> None:
    with pytest.raises(InputError) as caught:
        read_expression(problem, latex) if "=" not in latex.split("_")[0] else read_equation(problem, latex)
    (found,) = caught.value.diagnostics
    assert found.message == message
    assert found.column is not None
    assert (found.source or "")[found.column - 1 :][: found.width] == underlined
    if hint is not None:
        assert found.hint == hint


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("{" * 70 + r"\lambda" + "}" * 70, "this is nested more than 64 deep"),
        ("(" * 70 + r"\lambda" + ")" * 70, "this is nested more than 64 deep"),
        (r"\mathbf{" * 70 + "s" + "}" * 70, "this is nested more than 64 deep"),
        (r"\log " * 70 + "s", "this is nested more than 64 deep"),
        ("s^{" * 70 + "s" + "}" * 70, "this is nested more than 64 deep"),
        (r"\frac{" * 70 + "s" + "}{s}" * 70, "this is nested more than 64 deep"),
        (r"\sum_k " * 70 + "z_k", "this is nested more than 64 deep"),
        (r"\hat " * 70 + "s", "this is nested more than 64 deep"),
        (r"\cdot " + "s" * 1600, "this formula has more than 1500 tokens"),
        (r"\cdot" + " " * 4100 + "s", "this line has 4106 characters; at most 4096 are read"),
        (r"\mathbf{s} " + "1" * 70, "this number is too long to be read exactly"),
    ],
    ids=lambda text: text[:20],
)
def test_limits(problem: Problem, latex: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_expression(problem, latex)
    assert caught.value.diagnostics[0].message == message


@pytest.mark.parametrize(
    "piece",
    [
        r"\mathbf{", "{", "(", r"\{", r"\frac{", r"\hat{", "x^", "x_", "|", r"\left(", r"\left|", "& ", r"\mathbb{1}[",
        r"\mathbb{1}(", "'", "z ", "-", r"\sum_k ", r"\log ", r"\nabla_{", r"\frac{\partial ", r"\boxed{", r"\\ ", ",",
        r"k=1,\dots,", "e^", r"\max_",
    ],
)  # fmt: skip
def test_reading_takes_linear_time(problem: Problem, piece: str) -> None:
    text = r"\cdot" + piece * (4000 // len(piece))

    def refused() -> None:
        with pytest.raises(InputError):
            read_expression(problem, text)

    prompt(refused)


def test_an_open_delimiter_in_a_block_does_not_make_it_quadratic() -> None:
    rows = [rf"z_{{{n}}} &= \tanh(z_{{{n - 1}}}) w, \quad" for n in range(2, 3000)]
    block = "z_{1} &= w x \\\\\n" + " \\\\\n".join(rows) + "\\\\\n \\mathcal{L} = z_{2999}^2"
    assert len(prompt(lambda: problem_from_mapping({"forward": [block]}), 20.0).equations) == 3000

"""Shifted indices, x[i + k - 1]: read, differentiated, evaluated, printed and written as NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from extent import examples
from network_checks import judge
from shifted_networks import network

from backsym.core.errors import InputError
from backsym.core.expr import Entry, Ix, Shift, shifted, walk
from backsym.numeric.evaluate import Env, evaluate
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping, read_expression
from backsym.solving.solution import solve

AT_I, AT_K, AT_M = Ix("i", "M"), Ix("k", "K"), Ix("m", "D")


def problem_of(*forward: str, **more: Any) -> dict[str, Any]:
    """A network over x [D] and w [K] with a target [M]; each equation may use shifted indices."""
    symbols: dict[str, Any] = {"x": ["D"], "w": ["K"], "t": {"shape": ["M"], "role": "target"}}
    return {"indices": {"i": "M", "k": "K", "m": "D"}, "symbols": symbols, "forward": list(forward), **more}


def test_a_member_before_the_first_one_does_not_sum_to_one() -> None:
    """The probabilities of the example before: their sum is 1, but for the first example, which has none before it."""
    mapping = {
        "indices": {"n": "N", "k": "K"},
        "symbols": {"X": ["N", "K"], "b": ["N"]},
        "forward": ["p[n] = softmax(X[n])", "s[n] = b[n]*sum(p[n-1,k], k)", "L = sum(sin(1 + s[n]), n)"],
    }
    assert judge(mapping) == []


CONVOLUTION = problem_of("z[i] = sum(w[k]*x[i+k-1], k)", "L = 1/2*sum((z[i] - t[i])**2, i)")


@pytest.mark.parametrize(
    ("parts", "offset", "expected"),
    [
        ([(AT_I, 1), (AT_K, 1)], -1, "i+k-1"),
        ([(AT_I, 2)], -1, "2*i-1"),
        ([(AT_M, 1), (AT_I, -1)], 1, "m-i+1"),
        ([(AT_I, 1), (AT_I, -1), (AT_K, 1)], 2, "k+2"),
        ([(AT_I, 1), (AT_I, -1)], 3, "3"),
        ([(AT_M, 1)], 0, "m"),
        ([(AT_I, 1)], 0, "i"),
        ([(AT_I, 1), (Ix("2", "K"), 1)], 0, "i+2"),
    ],
)
def test_a_shifted_index_has_one_form(parts: list[tuple[Ix, int]], offset: int, expected: str) -> None:
    found = shifted(parts, offset, "D")
    assert found.letter == expected
    # A letter of the axis' own range is no shift; one of another range is, and a position that may not be there.
    assert isinstance(found, Shift) == (expected != "m")


@pytest.mark.parametrize(
    ("offset", "dim", "there"), [(1, "D", True), (2, "D", False), (4, 4, True), (5, 4, False), (0, 4, False)]
)
def test_a_position_that_letters_come_to_is_fixed_where_the_axis_has_it(
    offset: int, dim: str | int, there: bool
) -> None:
    found = shifted([(AT_I, 1), (AT_I, -1)], offset, dim)
    assert (found.letter, found.fixed, isinstance(found, Shift)) == (str(offset), there, not there)
    assert shifted([(found, 2)], 1, 99).letter == str(2 * offset + 1)


def test_shifts_are_composed() -> None:
    inner = shifted([(AT_I, 1), (AT_K, -1)], 1, "K")
    assert shifted([(inner, 2), (AT_M, 1)], 3, "D") == shifted([(AT_I, 2), (AT_K, -2), (AT_M, 1)], 5, "D")


@pytest.mark.parametrize("text", ["x[i+k-1]", "x[2*i-1]", "x[-i+3]", "x[i + 2*k]", "x[k + i - 1]"])
def test_a_shifted_index_is_read_and_written(text: str) -> None:
    problem = problem_from_mapping(CONVOLUTION)
    read = read_expression(problem, text)
    (entry,) = (e for e in walk(read) if isinstance(e, Entry))
    assert isinstance(entry.indices[0], Shift)
    assert read_expression(problem, plain(read, problem)) == read


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        ("z[i] = (x + x)[i+1]", "a shifted index needs the name of an array"),
        ("z[i] = x[q+1]*t[i]", "index q is free on the right side"),
        ("z[i+1] = x[i]", "on the left side an index is a letter"),
        ("z[i] = x[i]*t[i]", "index i runs over M, but this axis has D entries"),
        ("z[i] = sum(w[k]*x[i*k], k)", "an index is a letter, a position or a shift of letters"),
    ],
)
def test_what_is_no_shift_is_refused_by_name(forward: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        problem_from_mapping(problem_of(forward, "L = sum(z[i]*t[i], i) + sum(w[k], k) + sum(x[m], m)"))


def test_an_entry_outside_its_array_counts_as_zero() -> None:
    problem = problem_from_mapping(CONVOLUTION)
    x = np.array([1.0, 2.0, 3.0])
    env = Env({"D": 3, "K": 2, "M": 4}, {"x": x, "w": np.ones(2), "t": np.ones(4)})
    found = evaluate(read_expression(problem, "x[i+k-1]"), env, (AT_I, AT_K))
    assert found.tolist() == [[1, 2], [2, 3], [3, 0], [0, 0]]


def test_the_gradient_of_a_convolution() -> None:
    problem = problem_from_mapping(CONVOLUTION)
    solution = solve(problem)
    notation = Notation.of(problem)
    by_filter, by_signal = (equation_latex(solution[name].entry, notation) for name in ("w", "x"))
    adjoint = r"\frac{\partial \mathcal{L}}{\partial z_i}"
    assert by_filter == rf"\frac{{\partial \mathcal{{L}}}}{{\partial w_k}} = \sum_{{i=1}}^M {adjoint} x_{{i+k-1}}"
    assert by_signal == rf"\frac{{\partial \mathcal{{L}}}}{{\partial x_m}} = \sum_{{i=1}}^M {adjoint} w_{{m-i+1}}"
    kinds = [sub.kind for step in solution["x"].steps for sub in step.substeps]
    assert "kronecker_shift" in kinds


def test_a_delta_that_no_entry_covers_stays() -> None:
    """Each x_m may be used by one i or by none; a sum of ones would count it even outside the range of i."""
    problem = problem_from_mapping(
        problem_of(
            "z[i] = x[2*i-1]",
            "L = sum(z[i]*t[i], i) + sum(w[k], k)",
            symbols={"x": ["D"], "w": ["K"], "t": {"shape": ["M"], "role": "target"}},
        )
    )
    found = equation_latex(solve(problem)["x"].entry, Notation.of(problem))
    assert found.endswith(r"\sum_{i=1}^M \frac{\partial \mathcal{L}}{\partial z_i} \delta_{2i-1,m}")


@pytest.mark.parametrize("seed", range(examples(40)))
def test_random_networks_with_shifted_indices(seed: int) -> None:
    assert judge(network(seed), seed % 7) == []


SHIFTED_LATEX = [
    (r"x_{i+k-1}", "x[i+k-1]"),
    (r"x_{i + k - 1}", "x[i+k-1]"),
    (r"x_{2i-1}", "x[2*i-1]"),
    (r"x_{2 \cdot i - 1}", "x[2*i-1]"),
    (r"x_{-i+3}", "x[-i+3]"),
    (r"X_{b,\,i+k-1}", "X[b,i+k-1]"),
    (r"X_{b,{i+k-1}}", "X[b,i+k-1]"),
]


@pytest.mark.parametrize(("latex", "text"), SHIFTED_LATEX)
def test_a_shifted_index_in_latex_is_that_of_the_plain_language(latex: str, text: str) -> None:
    mapping = problem_of("z[i] = sum(w[k]*x[i+k-1]*X[b,m], k, b, m)", "L = sum(z[i]*t[i], i)")
    mapping["symbols"]["X"] = ["B", "D"]
    mapping["indices"]["b"] = "B"
    problem = problem_from_mapping(mapping)
    letters = (AT_I, AT_K, Ix("b", "B"))
    assert read_expression(problem, latex, letters) == read_expression(problem, text, letters)


def test_a_convolution_in_latex_is_that_in_plain_text() -> None:
    same = problem_of(r"z_i = \sum_{k=1}^K w_k x_{i+k-1}", r"\mathcal{L} = \frac{1}{2} \sum_i (z_i - t_i)^2")
    latex, plain_text = problem_from_mapping(same), problem_from_mapping(CONVOLUTION)
    assert latex.equations[0].rhs == plain_text.equations[0].rhs
    assert judge(same) == []


def test_an_argmax_in_a_forward_equation() -> None:
    forward = [r"z_i = \tanh(x_i)", r"s = \sum_i u_i z_i \mathbb{1}[i = \arg\max_{j} z_{j}]", "L = s**2"]
    mapping = {"symbols": {"x": ["D"], "u": ["D"]}, "indices": {"i": "D"}, "forward": forward}
    solution = solve(problem_from_mapping(mapping))
    assert {v.status for v in solution.verified.values()} == {"verified"}
    assert equation_latex(solution["u"].entry, Notation.of(solution.problem)).partition(" = ")[2] == (
        r"\frac{\partial \mathcal{L}}{\partial s} z_i \mathbb{1}[i = \arg\max_j z_j]"
    )


@pytest.mark.parametrize(
    ("equation", "beyond"),
    [
        ("z[m] = w*x[m+1]", "x[m+1]"),
        ("z[m] = w*x[m-1]", "x[m-1]"),
        ("z[m] = w*x[m]", ""),
        ("z[m] = w*x[D-m+1]", ""),
        ("z[i] = sum(v[k]*x[i+k-1], k)", ""),
        ("z = sum((1 - delta(m, 1))*x[m-1], m)", ""),
        ("z = sum((1 - delta(m, 1))*(1 - delta(m, 2))*(x[m] - x[m-2])**2, m)", ""),
        ("z = sum((1 - delta(m, 1))*x[m-2], m)", "x[m-2]"),
        ("z = sum((1 - delta(m, 2))*x[m-1], m)", "x[m-1]"),
        ("z = sum((1 - delta(m, 1))*x[m+1], m)", "x[m+1]"),
        ("z = sum((2 - delta(m, 1))*x[m-1], m)", "x[m-1]"),
        ("z = sum((1 - delta(m, 1))*x[m] + x[m-1], m)", "x[m-1]"),
    ],
)
def test_what_surely_lies_beyond_an_array_is_said_to_count_as_zero(equation: str, beyond: str) -> None:
    symbols = {"x": ["D"], "w": [], "v": ["K"]}
    used = {name: shape for name, shape in symbols.items() if name in equation}
    mapping = problem_of(equation, "L = sum(z**2)") | {"symbols": used, "dims": ["D", "K", "M"]}
    said = problem_from_mapping(mapping).remarks
    assert [remark for remark in said if "counts as zero" in remark] == (
        [f"the equation of z: where {beyond} lies beyond the array, it counts as zero"] if beyond else []
    )

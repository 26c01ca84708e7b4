"""Answers that are Jacobians, second derivatives, and derivatives by families, for a member and stacked."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

from backsym.core.resources import find_problem
from backsym.marking.judging.accept import asked_quantities
from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import load, problem_from_mapping

pytestmark = pytest.mark.quick("marking")

MAPPINGS: dict[str, dict[str, Any]] = {
    "numbers": {
        "symbols": {"w": ["D"], "x": {"shape": ["D"], "role": "input"}, "b": [], "t": {"role": "target"}},
        "forward": ["z = dot(w, x) + b", "L = exp(z) - t*z"],
        "parts": [
            {"hessian": ["w", "b"], "marks": 4}, {"jacobian": "dz/dw"}, {"jacobian": "dz/dx", "layout": "denominator"},
        ],
    },
    "turned": {
        "symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
        "forward": ["z = W @ x", "p = softmax(z)", "L = cross_entropy(p, t)"],
        "parts": [{"jacobian": "dp/dx", "layout": "denominator"}],
    },
    "family": {
        "indices": {"n": "N"},
        "symbols": {"X": {"shape": ["N", "D"], "role": "input"}, "Y": {"shape": ["N", "K"], "role": "target"},
                    "W": ["K", "D"], "b": ["K"]},
        "forward": ["z[n] = W @ X[n] + b", "L = sum(squared_error(z[n], Y[n]), n)/N"],
    },
}  # fmt: skip


@cache
def marker(name: str) -> Marker:
    if name in MAPPINGS:
        return Marker(problem_from_mapping(MAPPINGS[name]))
    return Marker(load(str(find_problem(name))))  # type: ignore[arg-type]


RIGHT = [
    ("softmax-jacobian", "dp/dz", "diag(p) - p p^T"),
    ("softmax-jacobian", "dp/dz", "dp/dz = np.diag(p) - np.outer(p, p)"),
    ("softmax-jacobian", "dp/dz", r"\frac{\partial p_i}{\partial z_j} = p_i(\delta_{ij} - p_j)"),
    ("softmax-jacobian", "dp/dz", r"J_{ji} = p_j(\delta_{ij} - p_i)"),
    ("softmax-jacobian", "dp/dx", "dp/dx = dp/dz dz/dx = (diag(p) - p p^T) W"),
    ("softmax-jacobian", "dp/dx", r"\frac{\partial p_k}{\partial x_d} = p_k (W_{kd} - \sum_j p_j W_{jd})"),
    ("logistic-hessian", "d2L/dw2", "X^T diag(p*(1-p)) X"),
    ("logistic-hessian", "d^2L/dw^2", "X.T @ (X * (p*(1-p))[:,None])"),
    ("logistic-hessian", "d2L/dw2", r"\frac{\partial^2 L}{\partial w_i \partial w_j}=\sum_n p_n(1-p_n) X_{ni}X_{nj}"),
    ("logistic-hessian", "d2L/dw2", "H = X^T S X where S = diag(p*(1-p))"),
    ("numbers", "d2L/dw2", "exp(z) x x^T"),
    ("numbers", "d2L/dwdb", "exp(z) x"),
    ("numbers", "d2L/dbdw", "exp(z) x^T"),
    ("numbers", "d2L/db2", "exp(z)"),
    ("numbers", "dz/dw", "x^T"),
    ("numbers", "dz/dw", "dz/dw_i = x_i"),
    ("numbers", "dz/dx", "w"),
    ("turned", "dp/dx", "W^T (diag(p) - p p^T)"),
    ("turned", "dp/dx", r"\frac{\partial p_k}{\partial x_d} = p_k (W_{kd} - \sum_j p_j W_{jd})"),
    ("family", "z", "(z_n - y_n)/N"),
    ("family", "z[n]", "(z[n] - Y[n])/N"),
    ("family", "z", "(Z - Y)/N"),
    ("family", "W", r"\sum_n \nabla_{z_n} L x_n^\top"),
    ("family", "W", r"(\nabla_Z L)^\top X"),
    ("family", "b", "dz.sum(axis=0)"),
    ("family", "X", r"\nabla_{x_n} L = W^\top \nabla_{z_n} L"),
    ("family", "X", "dL/dz W"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "answer"), RIGHT)
def test_right_ones(name: str, target: str, answer: str) -> None:
    verdict = marker(name).mark(target, answer)
    assert (verdict.verdict, verdict.score) == ("correct", verdict.marks), verdict.feedback


WRONG = [
    ("softmax-jacobian", "dp/dz", "diag(p) + p p^T", "sign"),
    ("softmax-jacobian", "dp/dz", "diag(p) - p^T p", "transpose"),
    ("softmax-jacobian", "dp/dz", r"p_i \delta_{ij} - p_i p_i", "wrong_index"),
    ("softmax-jacobian", "dp/dz", "dp/dz", "syntax"),
    ("softmax-jacobian", "dp/dz", "dp[i]/dz[j]", "chain"),
    ("softmax-jacobian", "dp/dx", "W^T (diag(p) - p p^T)", "transpose"),
    ("softmax-jacobian", "dp/dx", "W", "missing_factor"),
    ("logistic-hessian", "d2L/dw2", "-X^T diag(p*(1-p)) X", "sign"),
    ("logistic-hessian", "d2L/dw2", "X^T diag(p) X", "missing_factor"),
    ("logistic-hessian", "d2L/dw2", "X diag(p*(1-p)) X^T", "order"),
    ("logistic-hessian", "d2L/dw2", "X^T (p - t)", "shape"),
    ("numbers", "d2L/dw2", "exp(z)*x*x", "hadamard_vs_matmul"),
    ("numbers", "d2L/db2", "exp(z) - t", "extra_factor"),
    ("numbers", "dz/dw", "x", "transpose"),
    ("numbers", "dz/dx", "w^T", "transpose"),
    ("turned", "dp/dx", "(diag(p) - p p^T) W", "transpose"),
    ("family", "z", "z_n - y_n", "factor"),
    ("family", "W", r"\nabla_{z_n} L x_n^T", "missing_sum"),
    ("family", "W", "X^T dz", "transpose"),
    ("family", "b", "dz.sum(axis=1)", "wrong_axis"),
    ("family", "X", "W dL/dz_n", "shape"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "answer", "tag"), WRONG)
def test_wrong_ones(name: str, target: str, answer: str, tag: str) -> None:
    verdict = marker(name).mark(target, answer)
    assert verdict.score == 0
    assert tag in verdict.tags, (verdict.tags, verdict.feedback)
    assert "d2L" not in verdict.feedback
    assert "dz/dw" not in verdict.feedback, "they print as formulas"


def test_a_whole_sheet() -> None:
    """The marks of a part are shared by its blocks; what a sheet asks for has the names that answers use."""
    own = marker("numbers")
    assert asked_quantities(own.problem) == ("d2L/dw2", "d2L/dwdb", "d2L/dbdw", "d2L/db2", "dz/dw", "dz/dx")
    answers = {"dz/dw": "x^T", "d2L/dw2": "exp(z) x x^T", "d2L/dwdb": "exp(z) x", "w": "(exp(z) - t) x"}
    found = own.mark_all(answers)
    assert [(v.verdict, v.score) for v in found] == [("correct", n) for n in (1, 1, 1, 1)]
    again = pickle.loads(pickle.dumps(own)).mark_all(answers)
    assert again == found


def test_an_answer_that_rests_on_a_gradient_is_for_a_person() -> None:
    """In a second derivative a gradient is no quantity that is nearer to the loss."""
    verdict = marker("numbers").mark("d2L/db2", "dL/db + t")
    assert (verdict.verdict, verdict.score) == ("undetermined", 0)


def test_eight_threads_that_ask_first_give_what_one_gives() -> None:
    answers = {"dz/dw": "x^T", "d2L/dw2": "exp(z) x x", "d2L/dbdw": "exp(z) x", "w": "(exp(z) - t) x"}
    alone = marker("numbers").mark_all(answers)
    fresh = Marker(problem_from_mapping(MAPPINGS["numbers"]))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: fresh.mark_all(answers), range(8)))
    assert found == [alone] * 8


@pytest.mark.parametrize(
    ("answer", "verdict", "said"),
    [
        (r"\frac{\partial h_t}{\partial h_{t-1}} = diag(1-h_k^2) W", "incorrect", "$k$"),
        (r"\frac{\partial h_{t+1}}{\partial h_t} = diag(1-h_{k+1}^2) W", "incorrect", "$k$"),
        (r"\frac{\partial h_s}{\partial h_{s-1}} = diag(1-h_t^2) W", "incorrect", "$t$"),
        (r"\frac{\partial h_k}{\partial h_{k-1}} = diag(1-h_k^2) W", "correct", "Your $k$ was read as $t$."),
        ("J_k = diag(1-h_t^2) W", "incorrect", "$t$"),
        ("J_t = diag(1-h_t^2) W", "correct", "Correct."),
        ("diag(1-h_k^2) W", "correct", "Your $k$ was read as $t$."),
        ("diag(1-h_t^2) W", "correct", "Correct."),
    ],
)
def test_a_letter_beside_that_of_a_jacobian_stands_for_no_member(answer: str, verdict: str, said: str) -> None:
    found = marker("vanishing-gradients").mark("dh[t]/dh[t-1]", answer)
    assert found.verdict == verdict
    assert said in found.feedback


def test_a_jacobian_is_shown_with_the_letter_of_the_answer() -> None:
    found = marker("vanishing-gradients").mark("dh[t]/dh[t-1]", "diag(1-h_s^2) W")
    assert found.interpreted_plain == "dh[s][i]/dh[s-1][i'] = (diag(1 - h[s]**2) @ W)[i,i']"

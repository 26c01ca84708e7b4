"""Answers to the bundled problems of examples, time, labels and matrix functions: their verdicts and explanations.

Each derivative is answered in several spellings, of mathematics, of code and of LaTeX; what is wrong is explained by
the tags of the table, in words.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml
from extent import some

from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import load, problem_from_mapping

TABLE = yaml.safe_load((Path(__file__).parent / "cases" / "answers_to_families.yaml").read_text(encoding="utf-8"))
RIGHT = [(p, t, a) for p, targets in TABLE.items() for t, group in targets.items() for a in group["correct"]]
WRONG = [
    (p, t, row["answer"], row["tags"])
    for p, targets in TABLE.items()
    for t, group in targets.items()
    for row in group["incorrect"]
]


@cache
def marker(name: str) -> Marker:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    return Marker(problem.changed(parts=tuple(part for part in problem.parts if part.totals)))


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 12
    assert all(len(group["correct"]) >= 4 for targets in TABLE.values() for group in targets.values())
    assert all(sum(len(group["incorrect"]) for group in targets.values()) >= 2 for targets in TABLE.values())


@pytest.mark.parametrize(("name", "target", "answer"), some(RIGHT, 16))
def test_what_is_right_is_correct(name: str, target: str, answer: str) -> None:
    assert marker(name).mark(target, answer, accept="any").verdict == "correct"


@pytest.mark.parametrize(("name", "target", "answer", "tags"), some(WRONG, 16, 1))
def test_what_is_wrong_is_explained(name: str, target: str, answer: str, tags: list[str]) -> None:
    found = marker(name).mark(target, answer, accept="any")
    assert (found.verdict, list(found.tags)) == ("incorrect", tags)
    assert found.feedback
    assert not found.feedback.startswith("Try it with")


@pytest.mark.parametrize(
    ("name", "target", "answer", "tag"),
    [
        ("bptt", "W", r"-\sum_t \frac{\partial L}{\partial z_t} h_{t-1}^\top", "sign"),
        ("bptt", "W", r"\sum_t h_{t-1} \left(\frac{\partial L}{\partial z_t}\right)^\top", "transpose"),
    ],
)
def test_a_member_before_the_first_does_not_hide_a_slip(name: str, target: str, answer: str, tag: str) -> None:
    assert tag in marker(name).mark(target, answer, accept="any").tags


@pytest.mark.parametrize("answer", ["(P - T).T @ X / N", "dZ.T @ X", r"(\mathbf{P} - \mathbf{T})^\top \mathbf{X} / N"])
def test_stacked_vectors_have_a_capital(answer: str) -> None:
    assert marker("softmax-examples").mark("W", answer, accept="any").verdict == "correct"


def test_a_bold_unit_vector_is_one_beside_a_family_of_its_letter() -> None:
    answer = r"\text{softmax}(\mathbf{s}_t) - \mathbf{e}_{y_t}"
    assert marker("language-model").mark("s", answer, accept="any").verdict == "correct"


CUSTOMS = yaml.safe_load((Path(__file__).parent / "cases" / "answers_to_customs.yaml").read_text(encoding="utf-8"))


@cache
def as_asked(name: str) -> Marker:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    return Marker(problem)


@pytest.mark.parametrize(("name", "target", "right", "wrong"), some(CUSTOMS, 4))
def test_customs_are_read_as_what_they_mean(name: str, target: str, right: list[str], wrong: dict[str, str]) -> None:
    verdicts = {answer: as_asked(name).mark(target, answer, accept="any").verdict for answer in right}
    assert verdicts == dict.fromkeys(right, "correct")
    for answer, tag in wrong.items():
        found = as_asked(name).mark(target, answer, accept="any")
        assert found.score == 0.0, answer
        assert found.verdict != "correct", answer
        assert not tag or tag in found.tags, (answer, found.tags)


LINEAR = {
    "title": "A filter",
    "indices": {"t": "T"},
    "symbols": {"a": {"role": "parameter"}, "x": {"shape": ["T"]}, "s0": {"role": "input"}, "y": {"role": "target"}},
    "forward": ["s[0] = s0", "s[t] = a*s[t-1] + x[t]", "L = 1/2*(s[T] - y)**2"],
}


def test_no_repair_is_the_derivative_that_is_asked_for() -> None:
    found = Marker(problem_from_mapping(LINEAR)).mark("s", "dL/ds[T] = s[T] - y, dL/ds[t] = dL/ds[t+1]")
    assert (found.verdict, found.tags) == ("incorrect", ("missing_factor",))


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("a^T (s_T - y)", "correct"),
        (r"(s_T - y) a^{T}", "correct"),
        ("a^T (y - s_T)", "incorrect"),
        ("a^{T-1} (s_T - y)", "incorrect"),
        (r"a^\top (s_T - y)", "incorrect"),
        (r"a^{\mathsf{T}} (s_T - y)", "incorrect"),
        (r"a^\top \frac{\partial L}{\partial s_1}", "correct"),
        (r"a^T \frac{\partial L}{\partial s_1}", "undetermined"),
        (r"\frac{\partial L}{\partial s_1}^T a", "undetermined"),
    ],
)
def test_a_number_with_a_size_above_it_is_a_power(answer: str, verdict: str) -> None:
    assert Marker(problem_from_mapping(LINEAR)).mark("s0", answer, accept="any").verdict == verdict


def test_labels_of_members_are_positions_in_code() -> None:
    found = as_asked("embeddings").mark("E", "sum(np.outer(np.eye(V)[w[t]], dv[t]) for t in range(T))")
    assert found.verdict == "correct"


def test_several_products_that_should_be_entry_by_entry_are_all_that_is_wrong() -> None:
    found = as_asked("swiglu-feed-forward").mark("z", "dL/dg ⊙ (σ(z)(1 + z(1 − σ(z))))")
    assert (found.verdict, found.tags) == ("invalid", ("hadamard_vs_matmul", "shape"))


@pytest.mark.parametrize(("steps", "verdict"), [(20, "incorrect"), (21, "incorrect"), (22, "undetermined")])
def test_members_too_far_away_to_be_tried_are_for_a_person(steps: int, verdict: str) -> None:
    answer = f"V^T dL/do[t] + W^T dL/dz[t+1] + 0.01*dL/dh[t+{steps}]"
    assert as_asked("bptt").mark("h", answer).verdict == verdict


@pytest.mark.parametrize(
    ("target", "answer", "verdict", "shape"),
    [
        ("dh[t]/dh[t-1]", "I", "incorrect", False),
        ("dh[t]/dh[t-1]", r"\frac{\partial h_{t-1}}{\partial h_t} = \mathrm{diag}(1 - h_t^2) W", "invalid", False),
        (
            "dh[t]/dh[t-1]",
            r"\frac{\partial h_{t+1}}{\partial h_{t-1}} = \mathrm{diag}(1 - h_{t+1}^2) W",
            "invalid",
            False,
        ),
        ("dh[t]/dh[t-1]", r"\frac{\partial h_{t+1}}{\partial h_t} = \mathrm{diag}(1 - h_t^2) W", "incorrect", False),
        ("dh[T]/dh[0]", r"\frac{\partial h_T}{\partial h_T} = I", "invalid", False),
        ("dh[T]/dh[0]", r"\frac{\partial h_T}{\partial h_0} = W", "incorrect", False),
        ("dh[T]/dx[k]", "dh[T]/dx[k] = W", "incorrect", True),
    ],
)
def test_the_left_side_tells_which_jacobian_is_meant(target: str, answer: str, verdict: str, shape: bool) -> None:
    found = as_asked("vanishing-gradients").mark(target, answer)
    assert (found.verdict, found.score, "shape" in found.tags) == (verdict, 0.0, shape)


@pytest.mark.parametrize(
    ("name", "target", "answer", "letter"),
    [
        ("bptt", "W", r"\frac{\partial L}{\partial z_t} h_{t-1}^\top", "t"),
        ("softmax-examples", "W", r"\frac{1}{N} (p_n - t_n) x_n^\top", "n"),
    ],
)
def test_a_sum_is_missing_over_the_letter_that_is_none_of_an_entry(
    name: str, target: str, answer: str, letter: str
) -> None:
    found = as_asked(name).mark(target, answer, accept="any")
    assert found.tags == ("missing_sum", "wrong_index")
    assert found.feedback.split("$")[1::2] == [letter]


@pytest.mark.parametrize("answer", ["a (s_T - y)", r"a^\top (s_T - y)", "a^T y"])
def test_no_change_that_takes_the_answer_away_is_a_repair(answer: str) -> None:
    """A term that is zero at one point, as what holds for T = 1 only, is what any such change leaves."""
    assert "should be $y$" not in (
        told := Marker(problem_from_mapping(LINEAR)).mark("s0", answer, accept="any").feedback
    )
    assert "y - y" not in told


@pytest.mark.parametrize(
    ("name", "target", "answer"),
    [
        ("bptt", "z", r"\frac{\partial L}{\partial z_T} = (1 - h_T^2) \odot \frac{\partial L}{\partial h_T}"),
        ("bptt", "h", "dL/dh_T = V^T (o_T - y_T)"),
        ("bptt", "h", "dL/dh_1 = V^T (o_1 - y_1) + W^T dL/dz_2"),
        ("unrolled-descent", "w", "dL/dw_T = C^T (C w_T - d)"),
        ("four-equations", "a", r"\frac{\partial L}{\partial a^{(M)}} = a^{(M)} - y"),
        ("skip-gram", "s", "dL/ds_o = softmax(s)_o - 1"),
        ("softmax-label", "W", r"\frac{\partial L}{\partial W_{yj}} = (p_y - 1) x_j"),
        ("deep-linear", "h1", "dL/dh1[1] = sum(W2[m,1] dL/dh2[m], m)"),
    ],
)
def test_one_member_is_not_all_of_them(name: str, target: str, answer: str) -> None:
    found = marker(name).mark(target, answer, accept="any")
    assert (found.verdict, found.score, found.tags) == ("incorrect", 0.0, ("wrong_index",))
    assert found.feedback.startswith("This is right, but it is")


@pytest.mark.parametrize(
    ("answer", "tag"),
    [
        ("dL/dh_T = V^T (y_T - o_T)", "sign"),
        (r"\frac{\partial L}{\partial h_2} = \frac{\partial L}{\partial h_3}", "wrong_index"),
    ],
)
def test_what_is_wrong_with_one_member_is_said(answer: str, tag: str) -> None:
    found = marker("bptt").mark("h", answer, accept="any")
    assert (found.verdict, found.tags) == ("incorrect", (tag,))


def test_a_member_with_another_letter_is_said_to_be_read_as_it() -> None:
    found = marker("bptt").mark("z", "dL/dh_k * (1 - h_k^2)", accept="any")
    assert (found.verdict, found.feedback) == ("correct", "Correct. Your $k$ was read as $t$.")


SLIPS_OF_MEMBERS = [
    ("bptt", "V", r"\sum_t (o_t - y_t) h_{t-1}^T", "wrong_index"),
    ("bptt", "z", "dL/dh_{t+1} * (1 - h_{t}^2)", "wrong_index"),
    ("bptt", "U", r"\sum_t dL/dz_t x_{t-1}^T", "wrong_index"),
    ("bptt", "V", "(o_T - y_T) h_T^T", "missing_sum"),
    ("bptt", "V", "(o_1 - y_1) h_1^T", "missing_sum"),
    ("lstm", "Wf", r"\sum_t (\frac{\partial L}{\partial f_t} \odot (1 - f_t^2)) q_t^\top", "missing_prime"),
    (
        "lstm",
        "c",
        r"\frac{\partial L}{\partial h_t} \odot o_t \odot (1 - c_t^2) + f_{t+1} \odot dc_{t+1}",
        "wrong_node",
    ),
    ("gru", "k", r"U_c^\top (\frac{\partial L}{\partial c_t} \odot c_t \odot (1 - c_t))", "missing_prime"),
    ("rnn", "z2", "dL/dh2 * h2 * (1 - h2)", "missing_prime"),
    ("poisson-regression", "w", "X^T (z - y)", "wrong_node"),
    ("gaussian-mixture", "s", "-softmax(s, axis=0)", "wrong_axis"),
    ("softmax-regression", "W", "(softmax(Z, axis=0) - T).T @ X / N", "wrong_axis"),
    ("bidirectional", "W", r"\sum_t (\frac{\partial L}{\partial h_t} \odot (1 - h_t^2)) g_{t-1}^\top", "wrong_node"),
    ("unrolled-descent", "g", r"-\eta \frac{\partial L}{\partial w_{t-1}}", "wrong_index"),
]


@pytest.mark.parametrize(("name", "target", "answer", "tag"), some(SLIPS_OF_MEMBERS, 5))
def test_a_slip_with_members_is_named(name: str, target: str, answer: str, tag: str) -> None:
    found = marker(name).mark(target, answer, accept="any")
    assert (found.verdict, found.tags) == ("incorrect", (tag,))


SUMS_IN_WORDS = [
    ("bptt", "V", "Die Summe über t von (o_t − y_t) h_tᵀ"),
    ("bptt", "V", "minus the sum over all t of (y_t − o_t) h_tᵀ"),
    ("gaussian-likelihood", "mu", "-Σ⁻¹ Σ_n (x_n − μ)"),
    ("gaussian-likelihood", "Sigma", "N/2 Σ⁻¹ − ½ Σ⁻¹ S Σ⁻¹ where S = Σₙ (xₙ − μ)(xₙ − μ)ᵀ"),
    ("word2vec-negative", "v", "die Summe über k von sigmoid(r_k) n_k plus (sigmoid(s) - 1) u"),
]


@pytest.mark.parametrize(("name", "target", "answer"), SUMS_IN_WORDS)
def test_a_sum_is_said_in_words(name: str, target: str, answer: str) -> None:
    assert marker(name).mark(target, answer, accept="any").verdict == "correct"
    other = answer.replace(" plus ", " minus ") if " plus " in answer else answer.replace("−", "+")
    assert marker(name).mark(target, other, accept="any").verdict == "incorrect"


OWN_MEMBERS = [
    ("softmax-examples", "W", r"\sum_n e x_n^T/N where e = p_n - t_n", r"e \sum_n x_n^T/N where e = p_n - t_n"),
    ("bptt", "h", "V^T e + W^T dL/dz_{t+1} where e = o_t - y_t", "V^T e + W^T dL/dz_{t} where e = o_t - y_t"),
    ("bptt", "V", "e = o_t - y_t\ndL/dV = sum_t e h_t^T", "e = o_t - y_t\ndL/dV = sum_s e h_s^T"),
    ("gru", "u", "dL/dh_t * (p - c_t) where p = h_{t-1}", "dL/dh_t * (p - c_t) where p = h_{t+1}"),
    ("gru", "u", "dL/dh_t * (p - c_t) where p = h_{t-1}", "dh * (p - c) where p = h[t-1]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "right", "wrong"), some(OWN_MEMBERS, 3))
def test_a_name_of_ones_own_for_a_member_is_that_at_the_letter(name: str, target: str, right: str, wrong: str) -> None:
    assert marker(name).mark(target, right, accept="any").verdict == "correct"
    assert marker(name).mark(target, wrong, accept="any").score == 0.0


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (r"\sum_n p_n (1 - p_n) x_n^T x_n", "incorrect"),
        (r"\sum_n p_n (1 - p_n) x_n x_n^T", "correct"),
        (r"\sum_n p_n (1 - p_n) X_n^T X_n", "correct"),
        ("sum(p[n]*(1-p[n])*X[n,:].T @ X[n,:], n)", "correct"),
    ],
)
def test_a_row_with_a_small_letter_is_a_column(answer: str, verdict: str) -> None:
    assert as_asked("logistic-hessian").mark("d2L/dw2", answer, accept="any").verdict == verdict


@pytest.mark.parametrize(
    ("name", "target", "right", "wrong"),
    [
        ("gelu-feed-forward", "Z", r"\nabla_A L \odot (\Phi(Z) + Z \odot \phi(Z))", r"\nabla_A L \odot \Phi(Z)"),
        ("gelu-feed-forward", "Z", "dA*(norm.cdf(Z) + Z*norm.pdf(Z))", "dA*(norm.pdf(Z) + Z*norm.cdf(Z))"),
        ("softmax-label", "W", r"(p - \mathbf{1}_y) x^\top", r"(p - \mathbf{1}_x) x^\top"),
        ("skip-gram", "s", r"softmax(s) - \mathbb{1}_{o}", r"softmax(s) - \mathbb{1}_{c}"),
        ("scalar-tanh", "y", "y - t", r"\phi(z) - t"),
        ("softmax-label", "W", "dW = np.outer(p, x)\ndW[y] -= x", "dW = np.outer(p, x)\ndW[y] += x"),
        (
            "two-steps",
            "h",
            "dh[t] = h[t] - Y[t] + A.T @ dz[t+1] + B.T @ dz[t+2]\ndz[T+1] = dz[T+2] = 0",
            "dh[t] = h[t] - Y[t] + A.T @ dz[t+2] + B.T @ dz[t+1]\ndz[T+1] = dz[T+2] = 0",
        ),
        ("layer-norm", "x", r"dc - \frac{1}{D} \mathbf{1} \mathbf{1}^T dc", r"dc - \mathbf{1} \mathbf{1}^T dc"),
        (
            "layer-norm",
            "x",
            r"dc - \frac{1}{D} \mathbf{1} \mathbf{1}^T dc",
            r"dc - \frac{1}{D} \mathbf{1}^T \mathbf{1} dc",
        ),
        (
            "bidirectional",
            "V",
            r"ds \begin{bmatrix} h_T \\ g_T \end{bmatrix}^\top",
            r"ds \begin{bmatrix} g_T \\ h_T \end{bmatrix}^\top",
        ),
    ],
)
def test_customary_signs_of_a_problem_are_read(name: str, target: str, right: str, wrong: str) -> None:
    assert as_asked(name).mark(target, right, accept="any").verdict == "correct"
    assert as_asked(name).mark(target, wrong, accept="any").score == 0.0


def test_what_fits_the_last_layer_only_is_marked() -> None:
    symbols = {
        "x": {"shape": ["D[0]"], "role": "input"},
        "W": {"shape": ["D[l]", "D[l-1]"], "for": "l"},
        "y": {"shape": ["D[M]"], "role": "target"},
    }
    forward = ["a[0] = x", "z[l] = W[l] @ a[l-1]", "a[l] = tanh(z[l])", "L = squared_error(a[M], y)"]
    layers = {"indices": {"l": {"over": "M", "as": "^{[l]}"}}, "symbols": symbols, "forward": forward}
    before = r"((W^{[l+1]})^\top \nabla_{z^{[l+1]}} L) \odot (1-(a^{[l]})^2)"
    last = r"\nabla_{z^{[M]}} L = (a^{[M]} - y) \odot (1-(a^{[M]})^2)"
    marker = Marker(problem_from_mapping(layers))
    found = marker.mark("z", last)
    assert (found.verdict, found.score, found.tags) == ("incorrect", 0.0, ("wrong_index",))
    assert marker.mark("z", f"{before}, {last}").verdict == "correct"

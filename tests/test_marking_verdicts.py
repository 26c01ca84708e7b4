"""Verdicts: forms that are asked for, following through, derivations, readings, marks, limits."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sympy
from patience import prompt

import backsym as bs
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.marking.reporting.classes import check_class
from backsym.marking.verdicts import Marker, check, check_all
from backsym.reading.files.loader import load, problem_from_mapping


def problem(name: str) -> Problem:
    loaded = load(str(find_problem(name)))
    assert isinstance(loaded, Problem)
    return loaded


@pytest.fixture(scope="module")
def mlp() -> Marker:
    return Marker(problem("mlp-entries"))


@pytest.fixture(scope="module")
def tanh() -> Marker:
    return Marker(problem("scalar-tanh"))


# --- the example of the design ---------------------------------------------------------------------------------------


def test_one_answer() -> None:
    v = bs.check(problem("scalar-tanh"), "z", "(y - t)*(1 - tanh(z)**2)")
    assert (v.verdict, v.score, v.tags) == ("correct", 1.0, ())
    assert v.feedback
    assert v.interpreted == r"\frac{\partial \mathcal{L}}{\partial z} = (y - t) (1 - \tanh^2(z))"
    assert v.interpreted_plain == "dL/dz = (y - t)*(1 - tanh(z)**2)"
    assert set(v.to_json()) == {"student", "target", "verdict", "score", "tags", "feedback", "interpreted"}


def test_an_unknown_target_names_a_near_one(mlp: Marker) -> None:
    with pytest.raises(BacksymError, match="did you mean W2"):
        check(mlp.problem, "w2", "a2", judge=mlp)
    with pytest.raises(BacksymError, match="no derivative of L by t"):
        check(mlp.problem, "t", "a2", judge=mlp)
    with pytest.raises(BacksymError, match="3 indices"):
        check(mlp.problem, "W2[i,j,k]", "a2", judge=mlp)


# --- the form that is asked for --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "answer", "verdict"),
    [
        ("any", "dL/dz2 a1^T", "correct"),
        ("any", "(a2 - t) a1^T", "correct"),
        ("by_name", "dL/dz2 a1^T", "correct"),
        ("by_name", "(a2 - t) a1^T", "equivalent_form"),
        ("by_name", "(a2 + t) a1^T", "incorrect"),
        ("simplified", "dL/dz2 a1^T", "correct"),
        ("simplified", "(a2 - t) a1^T", "correct"),
        ("simplified", "(exp(z2)/sum(exp(z2)) - t) a1^T", "equivalent_form"),
        ("simplified", "2*(a2 - t) a1^T + (t - a2) a1^T", "equivalent_form"),
    ],
)
def test_the_form_that_is_asked_for(mlp: Marker, accept: str, answer: str, verdict: str) -> None:
    found = mlp.mark("W2", answer, accept=accept)
    assert found.verdict == verdict
    assert found.score == {"correct": 1.0, "equivalent_form": 0.5, "incorrect": 0.0}[verdict]


def test_by_name_asks_nothing_where_only_the_loss_comes_before(tanh: Marker) -> None:
    assert tanh.mark("y", "y - t", accept="by_name").verdict == "correct"
    assert tanh.mark("z", "(y - t)*(1 - tanh(z)**2)", accept="by_name").verdict == "equivalent_form"


def test_the_problem_file_says_what_is_accepted_and_the_marks() -> None:
    found = problem_from_mapping({
        "title": "Marks", "forward": ["z = w*x", "y = tanh(z)", "L = (y - t)**2"], "symbols": {"t": {"role": "target"}},
        "parts": [{"derive": ["z", "w"], "accept": "by_name", "marks": "3"}, {"derive": ["x"]}],
    })  # fmt: skip
    marker = Marker(found)
    assert marker.mark("z", "2(y - t)(1 - y^2)").verdict == "equivalent_form"
    right = marker.mark("w", "dL/dz x")
    assert (right.verdict, right.score, right.marks) == ("correct", 1.5, 1.5)
    assert marker.mark("x", "2(y - t)(1 - y^2) w").score == 1.0
    assert marker.mark("w", "dL/dz x", marks=4).score == 4.0


def test_a_jacobian_of_arrays_is_refused_in_words_for_a_student(mlp: Marker) -> None:
    for answer in ("dL/dz2 @ dz2/da1", r"\left(\frac{\partial z^{(2)}}{\partial a^{(1)}}\right)^T \nabla_{z^{(2)}} L"):
        verdict = mlp.mark("a1", answer)
        assert verdict.verdict == "invalid"
        assert "a Jacobian, is not read (write its entries" in verdict.feedback


def test_advice_for_authors_is_not_given_to_students(mlp: Marker) -> None:
    assert "declare it" not in mlp.mark("z2", r"a^{(2)}_{q-1} - t").feedback


def test_no_repair_multiplies_by_one_or_divides_by_itself(mlp: Marker) -> None:
    verdict = mlp.mark("z2", "a2 - 1")
    assert verdict.tags == ("wrong_node",)
    assert verdict.feedback == r"$1$ is not the quantity that belongs there: it should be $\mathbf{t}$."


def test_unknown_options_are_refused(tanh: Marker) -> None:
    with pytest.raises(BacksymError, match="accept"):
        tanh.mark("y", "y - t", accept="exactly")
    with pytest.raises(BacksymError, match="hints"):
        tanh.mark("y", "y - t", hints="much")


# --- following through -----------------------------------------------------------------------------------------------


def verdicts(marker: Marker, answers: dict[str, str]) -> dict[str, str]:
    return {v.target: v.verdict for v in check_all(marker.problem, answers, judge=marker)}


def test_what_follows_from_an_earlier_wrong_answer(mlp: Marker) -> None:
    found = verdicts(mlp, {
        "z2": "a2 + t", "W2": "(a2 + t) a1^T", "b2": "dL/dz2", "a1": "W2^T (a2 + t)", "z1": "W2^T(a2 + t) * relu'(z1)",
        "W1": "dL/dz1 a0^T", "b1": "2 dL/dz1",
    })  # fmt: skip
    assert found == {
        "z2": "incorrect", "W2": "follow_through", "b2": "correct", "a1": "follow_through", "z1": "follow_through",
        "W1": "correct", "b1": "incorrect",
    }  # fmt: skip


def test_it_names_the_earlier_answer(mlp: Marker) -> None:
    found = mlp.mark_all({"z2": "a2 + t", "W2": "(a2 + t) a1^T"})[1]
    assert r"\nabla_{\mathbf{z}^{(2)}}" in found.feedback
    assert found.score == 1.0


def test_an_earlier_mistake_is_worth_nothing_extra(mlp: Marker) -> None:
    """In another form than the one that is asked for, an answer earns the same whether the earlier one was right."""
    for z2 in ("a2 - t", "a2 + t"):
        for a1, score in ((f"W2^T ({z2})", 0.5), ("W2^T dL/dz2", 1.0)):
            found = mlp.mark_all({"z2": z2, "a1": a1}, accept="by_name")[1]
            assert found.score == score, found
            assert ("not in the form" in found.feedback) == (score < 1)


def test_what_follows_goes_by_the_graph_and_not_by_the_order_of_the_answers(mlp: Marker) -> None:
    answers = {
        "z2": "a2 + t", "W2": "(a2 + t) a1^T", "b2": "dL/dz2", "a1": "W2^T (a2 + t)", "z1": "W2^T(a2 + t) * relu'(z1)",
        "b1": "2 dL/dz1", "W1": "2 dL/dz1 a0^T",
    }  # fmt: skip
    names = list(answers)
    first = verdicts(mlp, answers)
    for shift in range(1, len(names)):
        turned = [*names[shift:], *names[:shift]]
        for order in (turned, turned[::-1]):
            found = verdicts(mlp, {name: answers[name] for name in order})
            assert list(found) == order
            assert found == first


def test_nothing_follows_from_zero_or_from_what_is_nearer_to_the_input(mlp: Marker) -> None:
    assert verdicts(mlp, {"W2": "(a2 + t) a1^T", "z2": "a2 - t"})["W2"] == "incorrect"
    assert verdicts(mlp, {"b2": "a2 + t", "W2": "(a2 + t) a1^T"})["W2"] == "incorrect"
    assert verdicts(mlp, {"z2": "a2 - a2", "W2": "0*a2 a1^T"})["W2"] == "incorrect"


def test_a_wrong_shape_is_not_carried_on(mlp: Marker) -> None:
    assert verdicts(mlp, {"z2": "2 (a2 - t)^T", "b2": "2 (a2 - t)^T"})["b2"] == "incorrect"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # The first in the backward pass is charged, wherever it stands.
        ({"z2": "(a2 - t)^T", "b2": "(a2 - t)^T"}, ("incorrect", "follow_through")),
        ({"W1": "a0 dL/dz1^T", "W2": "a1 dL/dz2^T"}, ("follow_through", "incorrect")),
        ({"W2": "dL/dz2 a1^T", "W1": "a0 dL/dz1^T"}, ("correct", "incorrect")),
        ({"z2": "(a2 - t)^T", "W2": "a1 dL/dz2^T", "a1": "(W2^T dL/dz2)^T"}, ("incorrect", *2 * ("follow_through",))),
        # Another slip besides is charged, and so is a circle.
        ({"W2": "a1 dL/dz2^T", "W1": "2 a0 dL/dz1^T"}, ("incorrect", "incorrect")),
        ({"W2": "a1 dL/dz2^T", "W1": "(dL/dW1)^T"}, ("incorrect", "equivalent_form")),
        # The transpose of what follows from another mistake.
        ({"z2": "a2 + t", "W2": "a1 (a2 + t)^T", "b2": "(a2 + t)^T"}, ("incorrect", "incorrect", "follow_through")),
    ],
)
def test_a_slip_of_layout_is_charged_once(mlp: Marker, answers: dict[str, str], expected: tuple[str, ...]) -> None:
    found = check_all(mlp.problem, answers, judge=mlp)
    assert tuple(v.verdict for v in found) == expected
    assert [v.score for v in found] == [float(v in ("correct", "follow_through")) for v in expected]
    again = [v.feedback for v in found if v.verdict == "follow_through"]
    assert all("charged" in text for text in again)


def test_a_square_matrix_may_be_turned_too() -> None:
    square = bs.Problem(
        forward=["h = tanh(U @ x)", "y = tanh(V @ h)", "L = squared_error(y, t)"],
        symbols={"U": ["D", "D"], "V": ["D", "D"], "x": {"shape": ["D"], "role": "input"},
                 "t": {"shape": ["D"], "role": "target"}},
    )  # fmt: skip
    answers = {"V": "h (dL/dy * (1 - y**2))^T", "U": "x (dL/dh * (1 - h**2))^T"}
    assert verdicts(Marker(square), answers) == {"V": "incorrect", "U": "follow_through"}


def test_paths_add_up_when_only_one_is_wrong(tanh: Marker) -> None:
    answers = {"y": "t - y", "z": "dL/dy (1 - tanh(z)^2)", "x": "(t - y)(1 + w sech(z)^2)", "w": "dL/dy x"}
    found = verdicts(tanh, answers)
    assert found == {"y": "incorrect", "z": "correct", "x": "follow_through", "w": "incorrect"}


# --- misuse ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: check("layer.yaml", "z", "y"), "this is a str"),
        (lambda p: check(p, None, "y"), "'None' is not a quantity"),
        (lambda p: check(p, "z", "y", marks=-1), "marks for z are a number from 0 upwards, not -1"),
        (lambda p: check(p, "z", "y", marks=float("nan")), "not nan"),
        (lambda p: check(p, "z", "y", marks={"z": 1}), "marks for z"),
        (lambda p: check_all(p, ["y - t"]), "as {target: answer}; this is a list"),
        (lambda p: check_all(p, {"y": "y - t"}, marks={"Y": 1}), "did you mean y?"),
        (lambda p: check_class(p, {"ann": {"y": "y"}}, marks={"Y": 1}), "did you mean y?"),
        (lambda p: check_class(p, {"ann": "y - t"}), "{student: {target: answer}}"),
        (lambda p: check_class(p, ["y - t"]), "{student: {target: answer}}"),
        (lambda p: check_class(p, 3), "{student: {target: answer}}"),
    ],
)
def test_misuse_is_an_error_that_says_what_is_expected(
    tanh: Marker, call: Callable[[Problem], object], message: str
) -> None:
    with pytest.raises(BacksymError, match=re.escape(message)):
        call(tanh.problem)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(None, "invalid"), (3, "incorrect"), (b"y - t", "invalid"), (sympy.Symbol("y") - sympy.Symbol("t"), "correct")],
)
def test_an_answer_may_be_no_text(tanh: Marker, answer: object, verdict: str) -> None:
    """Forms give None for an empty field, notebooks numbers and SymPy."""
    assert tanh.mark_all({"y": answer}, strict=False)[0].verdict == verdict  # type: ignore[dict-item]
    assert check_class(tanh, {"ann": {"y": answer}})[0].verdict == verdict  # type: ignore[dict-item]


# --- derivations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("dL/dz = dL/dy dy/dz = (t - y)(1 - tanh(z)^2) = (y - t)(1 - tanh(z)^2)", "Step 2"),
        ("dL/dz = dL/dy dy/dz\n= (y - t) (1 - tanh(z)^2)\n= (y - t)(1 - y^2)", "Line 3"),
        ("dL/dz\n= dL/dy dy/dz\n\n= (y - t)\n  (1 - y^2)\n= (y - t)(1 - tanh(z)^2)", "Line 3"),
        (r"\frac{dL}{dz} = \frac{dL}{dy} \tanh'(z) \\ = (y - t) \tanh(z)", "Line 2"),
        (r"\[\begin{split} \frac{dL}{dz} &= \tanh'(z) (y - t) \\[2pt] &= (y - t) \tanh(z) \end{split}\]", "Line 2"),
        ("dL/dy = y - t\ndy/dz = 1 + tanh(z)^2\ndL/dz = (y - t)(1 - tanh(z)^2)", "Line 2"),
        ("dL/dy = y + t\ndL/dz = (y - t)(1 - tanh(z)^2)", "Line 1"),
        ("dL/dy = y + t => dL/dz = (y - t)(1 - tanh(z)^2)", "Step 1"),
        ("z = w*x + b\ndL/dz = (y - t) s\nwhere s = 1 - tanh(z)^2\nand dL/dy = y + t", "Line 4"),
        ("-dL/dy = y - t\ndL/dz = (y - t)(1 - tanh(z)^2)", "Line 1"),
    ],
)
def test_the_first_line_that_does_not_follow_is_named(tanh: Marker, answer: str, place: str) -> None:
    found = tanh.mark("z", answer)
    assert found.verdict == "incorrect"
    assert f"{place} " in found.feedback


def test_of_an_equation_beside_the_answer_nothing_is_said_about_the_loss(tanh: Marker) -> None:
    """There the derivative of the loss is not what its two sides should be."""
    for wrong in ("dz/dw = w", "z = w x - b"):
        found = tanh.mark("w", f"{wrong}\ndL/dw = dL/dz x")
        assert (found.verdict, found.tags) == ("incorrect", ())
        text = wrong.partition("= ")[2]
        assert found.feedback == f"Line 1 is not true: `{text}` is not equal to what stands before it."


RIGHT_FOR_Z = [
    "dL/dz\n= dL/dy dy/dz\n= (y - t)(1 - tanh(z)^2)",
    r"\frac{dL}{dz} \\[2pt] = \frac{dL}{dy}\frac{dy}{dz} \\(y - t)(1 - \tanh^2 z)",
    "dL/dy = y - t => dL/dz = dL/dy (1 - tanh(z)^2)",
    "dL/dy = y - t\n=> dL/dz = dL/dy (1 - tanh(z)^2)",
    r"\frac{dL}{dy} = y - t, \quad \text{therefore} \quad \frac{dL}{dz} = (y - t)(1 - \tanh^2 z)",
    "dL/dy = y - t so dL/dz = dL/dy (1 - tanh(z)^2)",
    "By the chain rule, dL/dz = dL/dy dy/dz = (y - t)(1 - tanh(z)^2)",
    "Using the chain rule:\ndL/dz = dL/dy dy/dz = (y - t)(1 - tanh(z)^2)",
    r"\text{By the chain rule } \frac{dL}{dz} = (y - t)(1 - \tanh^2 z)",
    "dL/dz = dL/dy dy/dz   (chain rule)\n= (y - t)(1 - tanh(z)^2)",
    r"\frac{dL}{dz} = \frac{dL}{dy}\frac{dy}{dz} \quad\text{(chain rule)} \\ = (y - t)(1 - \tanh^2 z) \tag{1}",
    "1) dL/dz = dL/dy dy/dz\n2) = (y - t)(1 - tanh(z)^2)",
    "1. dL/dy = y - t\n2. dL/dz = (y - t)(1 - tanh(z)^2)",
    "(i) dL/dy = y - t\n(ii) dL/dz = (y - t)(1 - tanh(z)^2)",
    "- dL/dy = y - t\n- dL/dz = (y - t)(1 - tanh(z)^2)",
    "Step 1: dL/dy = y - t\nStep 2: dL/dz = (y - t)(1 - tanh(z)^2)",
    "dL/dz = d s where d = y - t and s = 1 - tanh(z)^2",
    "dL/dz = dL/dy (1 - tanh(z)^2) since y = x + tanh(z)",
    "dL/dz = dL/dy (1 - tanh(z)^2), as y = x + tanh(z)",
    "We know dL/dy = y - t, hence dL/dz = dL/dy (1 - tanh(z)^2)",
    "First, dL/dy = y - t. Then dL/dz = dL/dy (1 - tanh(z)^2).",
    "The input is used later: dL/dz = dL/dy (1 - tanh(z)^2) (local derivative)",
    "Zuerst ist dL/dy = y - t, dann ist dL/dz = dL/dy (1 - tanh(z)^2)",
    "δ = (y - t)(1 - tanh(z)^2), δ = dL/dz",
    "Since dL/dy = y - t we have dL/dz = (y - t)(1 - tanh(z)^2)",
    "(y - t)(1 - tanh(z)^2) = dL/dz",
    "-dL/dy = t - y\ndL/dz = (y - t)(1 - tanh(z)^2)",
    "1 - tanh(z)^2 = sech(z)^2\ndL/dz = (y - t) sech(z)^2",
]


@pytest.mark.parametrize("answer", RIGHT_FOR_Z)
def test_a_derivation_as_people_write_it(tanh: Marker, answer: str) -> None:
    found = tanh.mark("z", answer)
    assert found.verdict == "correct", found.feedback
    for old, new in (("y - t", "y + t"), ("t - y", "-t - y"), ("sech(z)^2", "sech(z)"), ("+ tanh", "- tanh")):
        if old in answer:
            assert tanh.mark("z", answer.replace(old, new)).verdict == "incorrect"


@pytest.mark.parametrize(
    ("answer", "value"),
    [("b y", "b*y"), ("by", "b*y"), ("(2)(y - t)", "2*(y - t)"), ("- b", "-b")],
)
def test_a_formula_is_not_taken_for_words(tanh: Marker, answer: str, value: str) -> None:
    assert tanh.mark("w", answer).interpreted_plain == tanh.mark("w", value).interpreted_plain != ""


def test_a_chain_without_a_left_side(tanh: Marker) -> None:
    assert tanh.mark("z", "dL/dy dy/dz = (y - t)(1 - tanh(z)^2)").verdict == "correct"


def test_names_of_the_students_own(mlp: Marker) -> None:
    whole = "delta = a2 - t\nepsilon = W2^T delta\ndL/dz1 = epsilon * relu'(z1)"
    assert mlp.mark("z1", whole).verdict == "correct"
    entries = r"\delta_k = a_k^{(2)} - t_k \\ \frac{\partial L}{\partial a^{(1)}_j} = \sum_k \delta_k W^{(2)}_{kj}"
    assert mlp.mark("a1", entries).verdict == "correct"
    assert mlp.mark("W2", "dL/dW2 = d2 a1^T where d2 = a2 - t").verdict == "correct"
    assert mlp.mark("W2", "dL/dW2 = d a1^T\nd = a2 - t").verdict == "correct"
    assert mlp.mark("W2", "q = W2 a1 + b2\ndL/dW2 = dL/dq a1^T").tags == ("undeclared",)
    assert "Line 1" in mlp.mark("W2", "dL/dW2 = d a1^T = a1 d^T\nd = a2 + t").feedback
    assert mlp.mark("a1", r"\delta_k = a_j^{(2)} \\ \delta_k").verdict == "invalid"


@pytest.mark.parametrize(("sign", "step"), [("-", None), ("+", "Step 2")])
def test_the_softmax_as_textbooks_derive_it(mlp: Marker, sign: str, step: str | None) -> None:
    """A sum over a product with a sign in front, Kronecker's delta, and a sum that is 1."""
    answer = (
        r"\frac{\partial L}{\partial z_k^{(2)}} = \sum_l \frac{\partial L}{\partial a_l^{(2)}}"
        r"\frac{\partial a_l^{(2)}}{\partial z_k^{(2)}} = \sum_l -\frac{t_l}{a^{(2)}_l} a^{(2)}_l"
        rf"(\delta_{{lk}} {sign} a^{{(2)}}_k) = -t_k + a^{{(2)}}_k \sum_l t_l = a^{{(2)}}_k - t_k"
    )
    found = mlp.mark("z2", answer)
    assert found.verdict == ("incorrect" if step else "correct"), found.feedback
    assert (step or "Correct") in found.feedback


# --- readings --------------------------------------------------------------------------------------------------------


def test_two_readings_that_differ_are_not_decided(tanh: Marker) -> None:
    found = tanh.mark("w", "(y - t)(1 - tanh(z)^2)/1x")
    assert found.verdict == "undetermined"
    assert r"}{1} x$" in found.feedback
    assert r"}{1 \cdot x}$" in found.feedback
    assert tanh.mark("z", "(y - t)/2x").verdict == "incorrect"  # Wrong in either reading.


def test_two_readings_of_one_value_are_fine(tanh: Marker) -> None:
    # t/1x: dividing by one changes nothing
    assert tanh.mark("w", "(y - t)(1 - tanh(z)^2)/1x").verdict == "undetermined"
    assert tanh.mark("y", "y/1 - t").verdict == "correct"


def test_letters_without_a_left_side() -> None:
    found = problem_from_mapping({
        "title": "Square", "symbols": {"W": ["D", "D"], "x": ["D"], "t": {"shape": ["D"], "role": "target"}},
        "forward": ["y = W @ x", "L = squared_error(y, t)"],
    })  # fmt: skip
    marker = Marker(found)
    assert marker.mark("W", "dL/dW[i,j] = dL/dy[i]*x[j]").verdict == "correct"
    assert marker.mark("W", "dL/dW[j,i] = dL/dy[j]*x[i]").verdict == "correct"
    assert marker.mark("W[p,q]", "dL/dy[p]*x[q]").verdict == "correct"
    assert marker.mark("W[p,q]", "dL/dy[q]*x[p]").verdict == "incorrect"
    assert marker.mark("W", "dL/dy[p]*x[q]").verdict == "correct"
    assert marker.mark("W", "x[q]*dL/dy[p]").verdict == "undetermined", "by place or by the alphabet"


HABITS = [
    ("mlp-entries", "a1", r"\sum_k (a^{(2)}_k - t_k) w_{kj}^{(2)}", "sum((a2[k] - t[k])*W2[k,j], k)"),
    ("mlp-entries", "W2", r"(\mathbf{a}^{(2)} - \mathbf{t})\, \mathbf{a}^{(1)'}", "(a2 - t) @ a1.T"),
    ("mlp-entries", "W2", "(a2 - t) a1'", "(a2 - t) @ a1.T"),
    ("mlp-entries", "a1", "W2'(a2 - t)", "W2.T @ (a2 - t)"),
    ("mlp-entries", "W2", "dz2 ⊗ a1", "dL/dz2 @ a1.T"),
    ("mlp-entries", "W2", r"\nabla_{\mathbf{z}^{(2)}} L \otimes \mathbf{a}^{(1)}", "dL/dz2 @ a1.T"),
    (
        "mlp-entries", "z1",
        r"\begin{cases} \partial L/\partial a^{(1)}_j & z_j^{(1)} > 0 \\ 0 & \text{otherwise} \end{cases}",
        "[z1[j] > 0]*dL/da1[j]",
    ),
    ("scalar-tanh", "z", "(y - t) d/dz tanh(z)", "(y - t)*tanh'(z)"),
    ("scalar-tanh", "z", r"(y - t) \frac{d}{dz} \tanh(z)", "(y - t)*tanh'(z)"),
    ("scalar-tanh", "z", r"(y - t) \frac{d \tanh(z)}{dz}", "(y - t)*tanh'(z)"),
    ("scalar-tanh", "w", "xdz", "x*dL/dz"),
    ("dropout", "h", "dd*m/q", "(dL/dd*m)/q"),
    ("contrastive", "r", r"\frac{dL}{dd} \frac{r}{d}", "dL/dd*(r/d)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "answer", "interpreted"), HABITS)
def test_what_is_not_read_as_it_stands_is_respelled(name: str, target: str, answer: str, interpreted: str) -> None:
    verdict = check(load(str(find_problem(name))), target, answer, accept="any")  # type: ignore[arg-type]
    assert (verdict.verdict, verdict.interpreted_plain.partition(" = ")[2]) == ("correct", interpreted)


@pytest.mark.parametrize(
    ("name", "target", "answer"),
    [
        ("scalar-tanh", "z", "(y - t)'"),  # of a number a prime means nothing
        ("scalar-tanh", "z", r"(y - t) \frac{d}{dx} \tanh(z)"),
        ("mlp-entries", "W2", "W2 ⊗ a1"),  # no outer product of a matrix
        ("mlp-entries", "z2", "\u0430 2 - t"),  # a letter that looks like a
    ],
)
def test_what_means_nothing_is_not_read(name: str, target: str, answer: str) -> None:
    verdict = check(load(str(find_problem(name))), target, answer, accept="any")  # type: ignore[arg-type]
    assert verdict.verdict == "invalid", verdict


def test_a_quantity_d_and_a_differential_are_not_decided() -> None:
    problem = load(str(find_problem("contrastive")))
    verdict = check(problem, "r", "dd r / d")  # type: ignore[arg-type]
    assert verdict.verdict == "undetermined"
    assert r"\frac{\partial \mathcal{L}}{\partial d}" in verdict.feedback


def test_both_sides_of_a_kink_are_seen() -> None:
    found = problem_from_mapping({
        "title": "Hinge", "symbols": {"s": {"role": "parameter"}, "t": {"role": "constant"}},
        "forward": ["a = relu(s)", "b = relu(t)", "L = a + a*b"],
    })  # fmt: skip
    marker = Marker(found)
    assert marker.mark("s", "dL/da relu'(s)").verdict == "correct"
    for wrong in ("dL/da", "dL/da relu'(t)", "dL/da [s >= 1]", "(1 + t) relu'(s)"):
        assert marker.mark("s", wrong).verdict == "incorrect", wrong
    gated = Marker(problem_from_mapping({
        "title": "Margin", "symbols": {"m": {"positive": True}, "v": ["K"], "y": {"values": [0, 1], "role": "target"}},
        "forward": ["d = norm(v)", "L = y*d**2/2 + (1 - y)*max(m - d, 0)**2/2"],
    }))  # fmt: skip
    assert gated.mark("d", "y*d - (1 - y)*max(m - d, 0)").verdict == "correct"
    for wrong in ("y*d", "y*d + (1 - y)*max(m - d, 0)", "y*d - (1 - y)*(m - d)"):
        assert gated.mark("d", wrong).verdict == "incorrect", wrong


# --- limits ----------------------------------------------------------------------------------------------------------

HOSTILE = {
    "tower": "9**9**9**9",
    "factorial of powers": "**".join(["9"] * 60),
    "parentheses": "(" * 10_000,
    "closed parentheses": "(" * 2000 + "y" + ")" * 2000,
    "megabyte": "y+" * 500_000,
    "nines": "9" * 4000,
    "exponent": "1e999999999",
    "nested sums": "sum(" * 60 + "y" + ", i)" * 60,
    "nested latex sums": r"\sum_{i}" * 400 + "y",
    "braces": "{" * 4000,
    "indicators": "1(" * 2000,
    "scripts": "y" + "_{a" * 1000,
    "superscripts": "y" + "^2" * 1500,
    "slashes": "/".join(["y"] * 1500),
    "slashes and spaces": "/".join(["y y"] * 900),
    "equals": "=".join(["y"] * 2000),
    "lines": "\n".join(["y"] * 2000),
    "letters": "y" * 4000,
    "underscores": "_" * 4000,
    "input": r"\input{/etc/passwd}",
    "write": r"\immediate\write18{ls}",
    "import": "__import__('os').system('touch x')",
    "lambda": "(lambda: 1)()",
    "format": "{0.__class__}%s{y}",
    "unicode": "\u202e\u200b\ufeff𝟙₁₂₃²³" * 100,
    "nul": "y\0 - t",
    "sympy": "Integer(9)**Integer(9)**9",
    "einsum": "einsum('" + "a" * 3000 + "', y)",
    "many einsums": "einsum(" * 500,
    "quotes": "'" * 4000,
    "dollars": "$" * 4000,
    "sizes": "ones(99999, 99999) @ ones(99999, 99999)",
    "empty": "",
    "space": " \n\t ",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_get_a_verdict_within_a_second(tanh: Marker, name: str) -> None:
    found = prompt(lambda: tanh.mark("z", HOSTILE[name]))
    assert found.verdict in ("invalid", "undetermined", "incorrect")
    assert found.score == 0.0
    assert len(found.feedback) < 20_000


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_about_arrays(mlp: Marker, name: str) -> None:
    found = prompt(lambda: mlp.mark("W2", HOSTILE[name].replace("y", "a2")))
    assert found.verdict in ("invalid", "undetermined", "incorrect")


def test_a_sum_over_many_letters_is_not_decided(mlp: Marker) -> None:
    letters = [f"m{n}" for n in range(14)]
    product = "*".join(f"a1[{x}]" for x in letters)
    found = mlp.mark("z2", f"dL/dz2[k] = a2[k] - t[k] + 0*sum({product}, {', '.join(letters)})")
    assert found.verdict == "undetermined"


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("megabyte", "limit"),
        ("parentheses", "limit"),
        ("closed parentheses", "limit"),
        ("import", "syntax"),
        ("input", "undeclared"),
        ("lines", "limit"),
    ],
)
def test_the_tag_of_a_hostile_answer(tanh: Marker, name: str, tag: str) -> None:
    assert tag in tanh.mark("z", HOSTILE[name]).tags


# --- operands that do not fit together -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", ["1/2 (2 (y-t)y-t)", "exp(2 (y-t)y-t) x", "(norm(2 y y) - t) y", "(sum((t y)*2) z - t) x"]
)
@pytest.mark.parametrize("target", ["L", "z", "W", "x"])
def test_a_clash_within_a_clash_is_told_of(target: str, answer: str) -> None:
    symbols = {"x": ["D"], "W": ["K", "D"], "t": ["K"]}
    small = problem_from_mapping(
        {"symbols": symbols, "forward": ["z = W @ x", "y = softmax(z)", "L = cross_entropy(y, t)"]}
    )
    verdict = check(small, target, answer)
    assert verdict.verdict in ("invalid", "incorrect")
    assert "shape" in verdict.tags
    assert verdict.feedback


# --- chains -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    ["dL/da2[k] - W2[k,j] = a2[k]*a1[j]", "a2[k]*a1[j] = a1[j]*a2[k]", "W2[k,j]*a1[j] = sum(W2[k,j]*a1[j], j)",
     "dL/da2[1] - t[1]*W2[1,j] = (a2[1] - t[1])*a1[j]"],
)  # fmt: skip
@pytest.mark.parametrize("target", ["a2", "z1", "b1", "L"])
def test_a_chain_that_begins_with_too_many_indices_is_wrong(mlp: Marker, target: str, answer: str) -> None:
    assert check(mlp.problem, target, answer, judge=mlp).verdict in ("incorrect", "invalid")


CRASHED = [
    ("multi-head-attention", "Q", "dS @ K", "invalid"), ("multi-head-attention", "V", "A @ V", "invalid"),
    ("scalar-tanh", "y", r"(\mathbb{1}_{[z>0]} - y)", "incorrect"), ("mlp-entries", "z2", "a2 - t[:,None]", None),
    ("mlp-entries", "z2", "a2[:,None] - t", None), ("conv-pool", "Z", r"Z \delta_{ci}", None),
    ("mlp-entries", "z1", r"\frac{\partial L}{\partial a_1} \odot \mathbb{1}_{[z_1 > 0]}", "correct"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "answer", "verdict"), CRASHED)
def test_answers_that_once_raised_have_a_verdict(name: str, target: str, answer: str, verdict: str | None) -> None:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    found = check(problem, target, answer)
    assert found.verdict in (verdict or ("invalid", "incorrect", "undetermined"))


def test_a_mistake_in_marking_one_answer_costs_the_student_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    marker = Marker(problem_from_mapping({"forward": ["y = w*x", "L = (y - t)**2"]}))
    monkeypatch.setattr("backsym.marking.verdicts.explain", lambda *_: [][0])
    answers = {"y": "t - y", "w": "2*(y - t)*x"}
    found = marker.mark_all(answers, strict=False)
    assert [(v.target, v.verdict, v.score) for v in found] == [("y", "undetermined", 0.0), ("w", "correct", 1.0)]
    with pytest.raises(IndexError):
        marker.mark_all(answers)

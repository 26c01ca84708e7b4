"""What a student reads about typical slips: the tag, and the sentence at both levels of hints."""

from __future__ import annotations

import gc
import weakref
from functools import cache

import pytest
from networks import NETWORKS
from plain_words import plainly

from backsym.core.errors import BacksymError
from backsym.core.resources import find_problem
from backsym.marking.answers.model import TAGS, ReadAnswer, Unreadable
from backsym.marking.answers.reader import AnswerReader
from backsym.marking.explaining.explain import Explanation, explain, explain_clash
from backsym.marking.explaining.feedback import Sentence, Words, feedback
from backsym.marking.judging.judge import Judge
from backsym.reading.files.loader import load, problem_from_mapping


@cache
def judge_of(name: str) -> Judge:
    return Judge(problem_from_mapping(NETWORKS[name]) if name in NETWORKS else load(str(find_problem(name))))  # type: ignore[arg-type]


def read(name: str, target: str, text: str) -> ReadAnswer | Unreadable:
    reader = AnswerReader(judge_of(name).problem)
    return reader.read(reader.target(target), text)


def explained(name: str, target: str, text: str) -> Explanation:
    judge, answer = judge_of(name), read(name, target, text)
    assert isinstance(answer, ReadAnswer), answer
    assert judge.agrees(answer.target, answer.expr, answer.indices[: len(answer.target.shape)]) is not True
    return explain(judge, answer)


FULL = [
    ("scalar-tanh", "z", "-(y - t)*(1 - tanh(z)**2)", "sign", "Only the sign is wrong: the answer should be "),
    ("scalar-tanh", "y", "2*(y - t)", "factor", "it has to be multiplied by 1/2."),
    ("scalar-tanh", "z", "dL/dy*(1 + tanh(z)**2)", "sign", "tanh(z)**2 has the wrong sign: it should be -tanh(z)**2."),
    ("scalar-tanh", "x", "dL/dz*w", "missing_path", "The term of the path through y is missing: add dL/dy."),
    ("scalar-tanh", "x", "dL/dy", "missing_path", "The term of the path through z is missing: add dL/dz*w."),
    ("scalar-tanh", "w", "dL/dz", "missing_factor", "The factor x is missing: dL/dz should be dL/dz*x."),
    ("scalar-tanh", "z", "dL/dy*tanh(z)", "missing_prime", "tanh(z) should be 1 - tanh(z)**2."),
    ("scalar-tanh", "w", "dL/dz*w", "wrong_node", "w is not the quantity that belongs there: it should be x."),
    ("scalar-tanh", "b", "dL/dz*x", "extra_factor", "The factor x does not belong there"),
    ("mlp-entries", "z2", "t - a2", "sign", "Only the sign is wrong"),
    ("mlp-entries", "W2", "a1 @ dL/dz2.T", "transpose", "D1 × D2, where dL/dW2 is D2 × D1."),
    ("mlp-entries", "a1", "dL/dz2[k]*W2[k,j]", "missing_sum", "should be sum(dL/dz2[k]*W2[k,j], k)."),
    ("mlp-entries", "z1", "dL/da1*relu(z1)", "missing_prime", "relu(z1) should be relu'(z1)."),
    ("mlp-entries", "z1", "dL/da1*z1", "missing_prime", "z1 should be relu'(z1)."),
    ("mlp-entries", "z1", "dL/da1*a1", "missing_prime", "a1 should be relu'(z1)."),
    ("mlp-entries", "z2", "-t/a2", "wrong_node", "The answer is dL/da2, not dL/dz2."),
    ("mlp-entries", "z2", "-t*(1 - a2)", "missing_sum", "but every one contributes"),
    ("mlp-entries", "W1", "dL/dz1 @ a1.T", "wrong_node", "a1 is not the quantity that belongs there: it should be a0."),
    ("twin", "W1", "dL/dm_a @ x_a.T", "missing_path", "path through m_b is missing: add dL/dm_b @ x_b.T."),
    ("twin", "W1", "dL/dm_a[j]*x_a[i]", "missing_path", "path through m_b[j] is missing: add dL/dm_b[j]*x_b[i]."),
    ("mlp-entries", "z2", "a2", "missing_path", "The term -t is missing: a2 should be a2 - t."),
    ("mlp-entries", "z2", "a2[k]", "missing_path", "The term -t[k] is missing: a2[k] should be a2[k] - t[k]."),
    ("mlp-entries", "z2", "t", "sign", "The term a2 is missing."),
    ("twin", "m_a", "dL/dh_a*relu'(m_b)", "evaluation_point", "m_b should be m_a."),
    ("twin", "h", "dL/dz*W2", "transpose", "W2 needs a transpose"),
    ("skip", "z1", "dL/dh1*z1*(1 - z1)", "wrong_node", "z1 is not the quantity that belongs there: it should be h1."),
    ("backward-batch", "Z2", "A2 - T", "factor", "it has to be multiplied by 1/N."),
    ("backward-batch", "b2", "dL/dZ2", "missing_sum", "dL/dZ2 should be sum(dL/dZ2, axis=0)."),
    ("backward-batch", "b2", "mean(dL/dZ2, axis=0)", "factor", "it has to be multiplied by N."),
    ("rnn", "W", "dL/dz3 @ h2.T", "missing_path", "The terms of several paths"),
    ("rnn", "h1", "W @ dL/dz2", "transpose", "W needs a transpose"),
    ("rnn", "h1", "sum(W[i,j]*dL/dz2[j], j)", "wrong_index", "W[i,j] should be W[j,i]."),
    ("rnn", "z1", "dL/dh1*(1 - h1)", "exponent", "h1 should be squared: h1**2."),
    ("rnn", "z1", "dL/dh1*h1*(1 - h1)", "missing_prime", "h1*(1 - h1) is the derivative of another function"),
    ("scalar-tanh", "x", "dL/dy*(1 + w*tanh(z)*(1 - tanh(z)))", "missing_prime", "is the derivative of another f"),
    ("mlp-entries", "W1", "dL/da1 @ a0.T", "wrong_node", "dL/dz1. The step from a1 back to z1 is missing."),
    ("mlp-entries", "W1", "W2.T @ (a2 - t) @ a0.T", "missing_factor", "in place of dL/da1[j]*relu'(z1[j])."),
    ("mlp-entries", "b2", "sum(dL/dz2[k], k)", "extra_sum", "There is a sum too many"),
    ("mlp-entries", "a1", "sum(dL/dz2[k], k)", "missing_factor", "The factor W2[k,j] is missing"),
    ("mlp-entries", "z2", "(a2 - t)*a2*(1 - a2)", "extra_factor", "The factor a2*(1 - a2) does not belong there"),
    ("mlp-entries", "a2", "a2 - t", "wrong_node", "The answer is dL/dz2, not dL/da2."),
    ("mlp-entries", "a1", "W2.T @ a2", "wrong_node", "a2 is not the quantity that belongs there: it should be dL/dz2"),
    ("rnn", "h1", "dL/dh2", "wrong_node", "The answer is dL/dh2, not dL/dh1."),
    ("rnn", "W", "dL/dz1 @ h1.T + dL/dz2 @ h2.T", "wrong_node", "Other terms need the same change."),
    ("twin", "W1", "(dL/dm_a + dL/dm_b) @ (x_a + x_b).T", "extra_factor", "The terms of dL/dm_a @ x_b.T + "),
    ("twin", "b1", "2*dL/dm_a", "wrong_node", "with dL/dm_a[j] in place of dL/dm_b[j]."),
    ("scalar-tanh", "z", "y - t*(1 - tanh(z)**2)", "parentheses", "should be (y - t)*(1 - tanh(z)**2)."),
    ("scalar-tanh", "z", "(y - t)*1 - tanh(z)**2", "parentheses", "should be (y - t)*(1 - tanh(z)**2)."),
    ("scalar-tanh", "z", "(y - t)*(1 - tanh(z))**2", "parentheses", "(1 - tanh(z))**2 should be 1 - tanh(z)**2."),
    ("backward-batch", "b2", "sum(dL/dZ2, axis=1)", "wrong_axis", "The sum runs over the wrong axis"),
    ("scalar-tanh", "y", "(y - t)**2", "exponent", "The exponent does not belong in"),
    ("rnn", "b", "2*dL/dz2", "factor", "The term dL/dz1 + dL/dz3 is missing."),
]


@pytest.mark.parametrize(("name", "target", "text", "tag", "part"), FULL)
def test_the_smallest_repair_is_named(name: str, target: str, text: str, tag: str, part: str) -> None:
    found = explained(name, target, text)
    plain = plainly(found)
    assert found.tags[0] == tag
    assert part in plain.full
    assert found.repair is not None
    assert plain.gentle != plain.full


GENTLE = [
    ("scalar-tanh", "x", "dL/dz*w", "dL/dy"),
    ("scalar-tanh", "w", "dL/dz*w", "x"),
    ("scalar-tanh", "y", "2*(y - t)", "1/2"),
    ("mlp-entries", "z1", "dL/da1*z1", "relu"),
    ("twin", "m_a", "dL/dh_a*relu'(m_b)", "m_a"),
    ("backward-batch", "b2", "dL/dZ2", "axis"),
    ("mlp-entries", "z2", "a2*(1 - a2)", "gives 0, but"),
]


@pytest.mark.parametrize(("name", "target", "text", "answer"), GENTLE)
def test_a_gentle_hint_does_not_give_the_repair_away(name: str, target: str, text: str, answer: str) -> None:
    found = explained(name, target, text)
    plain = plainly(found)
    own = [word for word in plain.gentle.replace("?", " ").replace(".", " ").split() if word == answer]
    assert not own
    assert f"should be {answer}" not in plain.gentle
    assert plain.gentle != plain.full


def test_two_slips_are_both_named() -> None:
    found = explained("scalar-tanh", "w", "(t - y)*(1 - tanh(z))*x")
    plain = plainly(found)
    assert set(found.tags) == {"sign", "exponent", "missing_factor"}
    assert plain.full.startswith("Two changes are needed.")


def test_an_answer_beyond_repair_gets_numbers_to_follow() -> None:
    found = explained("scalar-tanh", "w", "x**3")
    plain = plainly(found)
    assert found.tags == ()
    assert found.repair is None
    assert plain.full == "Try it with x = -1 and dL/dz = -2: there your answer gives -1, but dL/dw is 2."
    assert plain.gentle == "Try it with x = -1 and dL/dz = -2: there your answer gives -1, which is not dL/dw."


def test_a_derivative_that_is_zero_is_said_to_be() -> None:
    found = explained("sum-of-softmax", "z", "a")
    plain = plainly(found)
    assert plain.full == "The loss does not change with z, so dL/dz is zero."


CLASHES = [
    ("mlp-entries", "W2", "dL/dz2 @ a1", "transpose", "a1 may need a transpose: dL/dz2 @ a1.T can be formed."),
    ("mlp-entries", "z1", "dL/da1 relu'(z1)", "hadamard_vs_matmul", "by entry, dL/da1*relu'(z1) can be formed."),
    ("mlp-entries", "W2", "dL/dz2*a1", "hadamard_vs_matmul", "As a matrix product, dL/dz2 @ a1.T can be formed."),
    ("mlp-entries", "a1", "W2 @ dL/dz2", "transpose", "W2 may need a transpose: W2.T @ dL/dz2 can be formed."),
    ("backward-batch", "A1", "W2 @ dL/dZ2", "order", "In the other order, dL/dZ2 @ W2 can be formed."),
]


@pytest.mark.parametrize(("name", "target", "text", "tag", "sentence"), CLASHES)
def test_shapes_that_clash_are_shown(name: str, target: str, text: str, tag: str, sentence: str) -> None:
    answer = read(name, target, text)
    assert isinstance(answer, Unreadable)
    assert answer.clash is not None
    found = explain_clash(judge_of(name), answer.clash, answer.target)
    plain = plainly(found)
    assert found.tags == (tag,)
    assert plain.full.endswith(sentence)
    assert " is D" in plain.full or " is N" in plain.full
    assert sentence not in plain.gentle


MEANT = [
    ("mlp-entries", "a1", "W2 @ dL/dz2", ("transpose", "shape"), "needs a transpose: the answer should be W2.T @"),
    ("skip", "x", "W1 @ dL/dz1 + Ws @ dL/dzs", ("transpose", "shape"), "Other terms need the same change."),
    ("skip", "h1", "W3.T @ W2.T @ dL/dz2", ("extra_factor", "shape"), "The factor W3.T does not belong there"),
    ("attention", "A", "dL/dY @ Kk.T", ("wrong_node", "shape"), "Kk is not the quantity that belongs there: it"),
]


@pytest.mark.parametrize(("name", "target", "text", "tags", "sentence"), MEANT)
def test_what_makes_an_answer_right_whose_shapes_clash(
    name: str, target: str, text: str, tags: tuple[str, ...], sentence: str
) -> None:
    answer = read(name, target, text)
    assert isinstance(answer, Unreadable)
    assert answer.clash is not None
    found = explain_clash(judge_of(name), answer.clash, answer.target, answer.meant)
    plain = plainly(found)
    assert found.tags == tags
    assert sentence in plain.full
    assert found.repair is not None
    assert judge_of(name).agrees(answer.target, found.repair.expr, found.repair.indices) is True


def test_mathematics_is_latex_in_the_notation_of_the_problem() -> None:
    found = explained("mlp-entries", "W2", "dL/dz2 @ a1.T + dL/dz2 @ a1.T")
    assert found.full == "The answer is right up to a constant factor: it has to be multiplied by $\\frac{1}{2}$."
    found = explained("rnn", "h1", "W @ dL/dz2")
    assert r"$\mathbf{W}$ needs a transpose" in found.full
    assert r"$\mathbf{W}^\top \nabla_{\mathbf{z}^{(2)}} \mathcal{L}$" in found.full


def test_every_kind_of_repair_has_its_sentences() -> None:
    from backsym.marking.explaining.drafts import COSTS, TAG_OF

    for kind in COSTS:
        assert f"repairs.{kind}.gentle" in feedback()
        assert f"repairs.{kind}.full" in feedback()
        assert TAG_OF.get(kind, kind) in TAGS
    for key in feedback():
        if key.startswith("slips."):
            assert key.removeprefix("slips.") in TAGS


def test_a_sentence_without_its_facts_is_refused() -> None:
    words = Words(judge_of("scalar-tanh").problem)
    with pytest.raises(BacksymError, match="needs the fact place"):
        words.text(Sentence("repairs.sign_term.gentle"))
    with pytest.raises(BacksymError, match=r"no entry repairs\.nothing"):
        words.text(Sentence("repairs.nothing"))


def test_what_is_prepared_for_a_judge_goes_with_it() -> None:
    judge = Judge(judge_of("scalar-tanh").problem)
    reader = AnswerReader(judge.problem)
    answer = reader.read(reader.target("y"), "t - y")
    assert isinstance(answer, ReadAnswer)
    assert explain(judge, answer).tags == ("sign",)
    gone = weakref.ref(judge)
    del judge
    gc.collect()
    assert gone() is None

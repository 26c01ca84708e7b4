"""A verdict takes a second of processor time at most and little memory, whatever stands in the answer."""

from __future__ import annotations

import functools
import gc
import time
import tracemalloc

import numpy as np
import pytest

import backsym as bs
from backsym.core.allowance import LIMIT, Exhausted, allowing, detached, largest, spend
from backsym.core.errors import BacksymError
from backsym.core.expr import Entry, Ix, Mul, Sym
from backsym.core.resources import find_problem
from backsym.marking.answers import reader
from backsym.marking.explaining import explain, feedback, one_slip, screening
from backsym.marking.judging import judge, subject
from backsym.marking.judging.judge import Judge, TooLarge
from backsym.marking.verdicts import Marker
from backsym.numeric.axes import guard
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.printing import printer

SECOND = 1.0
MEGABYTES = 200

LETTERS = "abcdefghijklmnopqrstuvw"


@pytest.fixture(scope="module")
def marker() -> Marker:
    """Declared sizes, so that products of many entries grow fast."""
    problem = bs.Problem(symbols={"A": [5, 5], "x": [5]}, forward=["y = A @ x", "L = sum(y**2)/2"])
    return Marker(problem)


def entries(number: int, name: str = "x") -> str:
    return "*".join(f"{name}[{letter}]" for letter in LETTERS[:number])


def chain(number: int) -> str:
    return "*".join(f"A[{LETTERS[n]},{LETTERS[n + 1]}]" for n in range(number))


def summed(body: str, number: int) -> str:
    return f"sum({body}, {', '.join(LETTERS[:number])})"


ANSWERS = {
    "a product of 6 entries": entries(6),
    "a product of 9 entries": entries(9),
    "a product of 15 entries": entries(15),
    "a product of 18 entries": entries(18),
    "a product of 22 entries": entries(22),
    "a chain of matrices": chain(12),
    "a sum over 7 letters": summed(entries(7), 7),
    "a sum over 12 letters": summed(entries(12), 12),
    "a chain summed": summed(chain(6), 7),
    "a sum with the answer": "dL/dy[i]*x[j] + " + summed(entries(8), 8),
    "many such sums": " + ".join(f"{n}*{summed(entries(6), 6)}" for n in range(1, 20)),
    "a power of powers": "x[i]**9**9**9*dL/dy[j]",
    "nested parentheses": "(" * 30 + "x[i]" + " + dL/dy[j])*x[i]" * 30,
}


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_verdict_takes_a_second_at_most(marker: Marker, text: str) -> None:
    marker.mark("A[i,j]", "x[i]")  # what is prepared once for all answers
    start = time.process_time()
    verdict = marker.mark("A[i,j]", text)
    assert time.process_time() - start < SECOND
    assert verdict.verdict in ("incorrect", "invalid", "undetermined")
    assert verdict.feedback


@pytest.mark.parametrize("name", ["a product of 18 entries", "a sum over 7 letters", "many such sums"])
def test_a_verdict_takes_little_memory(marker: Marker, name: str) -> None:
    tracemalloc.start()
    try:
        marker.mark("A[i,j]", ANSWERS[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTES * 2**20


WRITTEN_OUT = {
    "sums side by side": "dL/dy[i]*x[j]*({sums})/({sums})",
    "sums added and taken away": "dL/dy[i]*x[j] + ({sums}) - ({sums})",
    "sums in a power": "dL/dy[i]*x[j]*exp(({sums})/100 - ({sums})/100)",
    "sums within a sum": "sum(dL/dy[i]*x[j]*({sums})/({sums})*delta(i, m), m)",
}


@pytest.mark.parametrize("text", WRITTEN_OUT.values(), ids=WRITTEN_OUT.keys())
def test_a_written_out_right_answer_is_judged(marker: Marker, text: str) -> None:
    """The ranges of sums that stand side by side do not multiply."""
    sums = "*".join(f"sum(x[{letter}], {letter})" for letter in "abcdefgh")
    assert marker.mark("A[i,j]", text.format(sums=sums)).verdict == "correct"
    assert marker.mark("A[i,j]", text.format(sums=sums) + " + x[j]").verdict == "incorrect"


def test_what_comes_first_does_not_decide_what_is_said() -> None:
    """What is prepared once is not charged to the answer that happens to need it first."""
    problem = bs.load(find_problem("scalar-tanh"))
    assert isinstance(problem, bs.Problem)
    texts = ["(t - y)*(1 - y**2)", "(y - t)*(1 + y**2)", "(y - t)*(1 - y)", "2*(y - t)*(1 - y**2)", "y - t"]
    first, last = Marker(problem), Marker(problem)
    forwards = [first.mark("z", text) for text in texts]
    backwards = [last.mark("z", text) for text in reversed(texts)]
    assert [v.feedback for v in forwards] == [v.feedback for v in reversed(backwards)]


def test_an_answer_without_work_left_has_a_verdict(marker: Marker, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "x[i]*dL/dy[j]*2"
    with monkeypatch.context() as patch:
        patch.setattr(explain, "SEARCHING", 0.0)
        patch.setattr(explain, "SHOWING", 0.0)
        verdict = marker.mark("A[i,j]", wrong)
        assert (verdict.verdict, verdict.tags) == ("incorrect", ())
    assert marker.mark("A[i,j]", wrong).tags
    with monkeypatch.context() as patch:
        patch.setattr("backsym.marking.verdicts.MARKING", 1.0)
        assert marker.mark("A[i,j]", summed(entries(6), 6)).verdict == "undetermined"
    assert marker.mark("A[i,j]", summed(entries(6), 6)).verdict == "incorrect"


def test_the_judge_refuses_what_takes_too_long(marker: Marker, monkeypatch: pytest.MonkeyPatch) -> None:
    judge: Judge = marker.judge
    letters = tuple(Ix(letter, 5) for letter in LETTERS[:9])
    x = Sym("x", (5,))
    product = Mul(tuple(Entry(x, (ix,)) for ix in letters))
    with pytest.raises(BacksymError, match="too large"):
        judge.values(product, letters)
    monkeypatch.setattr("backsym.marking.judging.judge.JUDGING", 10.0)
    four = Mul(tuple(Entry(x, (ix,)) for ix in letters[:5]))
    with pytest.raises(TooLarge, match="too long"):
        judge.values(four, letters[:5])
    assert judge.agrees("A", four, letters[:2]) is None


def test_mistakes_that_are_prepared_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_slip, "PREPARING", 0.0)
    problem = bs.Problem(forward=["z = w*x", "y = tanh(z)", "L = (y - t)**2/2"])
    marker = Marker(problem)
    assert marker.mark("z", "(t - y)*(1 - y**2)").tags == ("sign",)


# --- allowances ------------------------------------------------------------------------------------------------------


def test_work_is_counted_in_all_allowances_around() -> None:
    spend(1e30)
    with allowing(10, 100) as outer:
        with allowing(50, 30) as inner:
            spend(20)
            assert (inner.work, outer.work, largest()) == (10, 80, 10)
            with pytest.raises(Exhausted):
                spend(11)
        with detached(5):
            spend(5)
            assert largest() == 10
            with pytest.raises(Exhausted):
                spend(1)
        assert outer.work == 69
        with pytest.raises(Exhausted):
            spend(70)
    assert largest() == LIMIT


def test_arrays_are_guarded_by_the_allowance() -> None:
    guard((10, 10))
    guard((1,) * 30)
    with pytest.raises(BacksymError, match="31 axes"):
        guard((1,) * 31)
    with allowing(99, 1e9), pytest.raises(BacksymError, match="limit 99"):
        guard((10, 10))
    with pytest.raises(BacksymError, match=f"limit {LIMIT}"):
        guard((LIMIT + 1,))


def test_large_arrays_count_as_work_and_small_ones_do_not() -> None:
    x = Sym("x", ("N",))
    with allowing(LIMIT, 5000) as allowance:
        evaluate(x, Env({"N": 4096}, {"x": np.ones(4096)}))
        assert allowance.work == 5000
        evaluate(x, Env({"N": 4097}, {"x": np.ones(4097)}))
        assert allowance.work == 5000 - 4097


def forget_texts() -> None:
    """Empty the caches of the readers, which are bounded; those without a bound stay."""
    gc.unfreeze()  # So that the collector knows all objects; conftest.py tells why it does not.
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper) and each.cache_info().maxsize is not None:
            each.cache_clear()


def test_memory_stays_flat_over_many_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a marker keeps is bounded: with small bounds, a new answer leaves nothing behind."""
    for module, bound in (
        (printer, "KEPT"), (feedback, "MAX_KEPT"), (screening, "MAX_KEPT"), (subject, "MAX_KEPT"),
        (screening, "MAX_HELD"), (reader, "MAX_READ"), (explain, "MAX_EXPLAINED"),
        (explain, "MAX_SUBJECTS"), (judge, "MAX_SLOPES"),
    ):  # fmt: skip
        monkeypatch.setattr(module, bound, 4)
    problem = bs.load(find_problem("scalar-tanh"))
    assert isinstance(problem, bs.Problem)
    marker = Marker(problem)

    def kept_after(first: int) -> int:
        for n in range(first, first + 8):
            for target, answer in (("w", f"dL/dz*x + {n}"), ("z", f"{n}*(y - t)*(1 - y**2)"), ("b", f"-dL/dz/{n}")):
                marker.mark(target, answer).to_json()
        forget_texts()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        kept_after(2)
        before = kept_after(10)
        assert kept_after(18) - before < 8 * 3 * 400
    finally:
        tracemalloc.stop()

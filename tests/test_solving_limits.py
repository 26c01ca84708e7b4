"""Problem files that would take for ever, or all memory, are refused in words."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import pytest

import backsym as bs
from backsym.calculus.terms import MAX_BITS, Term, power
from backsym.core.allowance import Allowance, allowing, spend
from backsym.core.errors import BacksymError, InputError
from backsym.solving import solution

MATRICES = {"A": ["N", "N"]}

HUGE = {
    "a tower of powers": ({"forward": ["y = x**9**9**9**9", "L = y**2"]}, "10,000 digits"),
    "a power of a number": ({"forward": ["y = x*2**100000", "L = y**2"]}, "no point to check"),
    "a hundred matrices": (
        {"forward": ["Y = " + " @ ".join(["A"] * 100), "L = sum(Y**2)"], "symbols": MATRICES},
        "too large to be worked out",
    ),
    "a declared size": (
        {"forward": ["y = A @ x", "L = sum(y**2)"], "symbols": {"A": ["N", "N"], "x": ["N"]}, "dims": {"N": 100000}},
        "too large",
    ),
}


@pytest.mark.parametrize(("given", "says"), HUGE.values(), ids=HUGE.keys())
def test_what_is_too_large_is_refused_in_words(given: dict[str, object], says: str) -> None:
    with pytest.raises(BacksymError, match=says):
        bs.Problem(**given).solve()


def test_exact_powers_have_a_limit() -> None:
    def two_to(exponent: int) -> Term:
        return power((Term(Fraction(2)),), exponent)[0]

    assert two_to(MAX_BITS).coeff == 2**MAX_BITS
    assert two_to(-MAX_BITS).coeff == Fraction(1, 2**MAX_BITS)
    with pytest.raises(BacksymError, match="10,000 digits"):
        two_to(MAX_BITS + 1)
    assert power((Term(Fraction(1)),), 10**9)[0].coeff == 1


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "problem.yaml"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="this is a pipe"):
        bs.load(pipe)


def test_the_limit_grows_with_the_number_of_equations(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def spied(elements: int, work: float) -> AbstractContextManager[Allowance]:
        seen.append(work)
        return allowing(elements, work)

    monkeypatch.setattr(solution, "allowing", spied)
    bs.Problem(forward=["z = w*x", "y = tanh(z)", "L = (y - t)**2/2"]).solve()
    bs.Problem(forward=[*(f"z{n} = w{n}*x" for n in range(3)), "L = z0*z1*z2"]).solve()
    assert seen == [solution.SOLVING * 13, solution.SOLVING * 14]


def test_work_that_is_done_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solution, "SOLVING", 10.0)
    problem = bs.Problem(forward=["z = w*x", "y = tanh(z)", "L = (y - t)**2/2"])
    with pytest.raises(BacksymError, match="give parts of it names"):
        problem.solve()
    spend(1e30)  # Nothing is limited outside.

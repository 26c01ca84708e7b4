"""Problem files that would take for ever, or all memory, are refused in words."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import pytest
from extent import THOROUGH

import backsym as bs
from backsym.calculus.terms import MAX_BITS, Term, power
from backsym.core.allowance import Allowance, allowing, spend
from backsym.core.errors import BacksymError, InputError
from backsym.solving import solution

MATRICES = {"A": ["N", "N"]}
VECTORS = {"x": ["N"], "w": ["N"]}
MANY = {"N": 100_000}

SECONDS = 10.0
"""Of processor time: a problem is solved or refused within it."""


def nested(function: str, depth: int) -> dict[str, object]:
    expression = f"{function}(" * depth + "z" + ")" * depth
    return {"symbols": {"z": ["K"]}, "forward": [f"y = {expression}", "L = sum(y**2)"]}


def many(*forward: str, symbols: dict[str, object] | None = None) -> dict[str, object]:
    """Equations of vectors with 100,000 entries."""
    return {"forward": list(forward), "symbols": symbols or VECTORS, "dims": MANY}


HUGE = {
    "a tower of powers": ({"forward": ["y = x**9**9**9**9", "L = y**2"]}, "10,000 digits"),
    "a power of a number": ({"forward": ["y = x*2**100000", "L = y**2"]}, "no point to check"),
    "a hundred matrices": (
        {"forward": ["Y = " + " @ ".join(["A"] * 100), "L = sum(Y**2)"], "symbols": MATRICES},
        "too large to be worked out",
    ),
    "a product of 200 sums": (
        {"forward": ["y = " + "*".join(f"(x{n} + w)" for n in range(200)), "L = y**2"]}, "too large to be worked out",
    ),
    "softmax 7 deep": (nested("softmax", 7), "too large to be worked out"),
    "softmax 12 deep": (nested("softmax", 12), "too large to be worked out"),
    "tanh 65 deep": (nested("tanh", 65), "nested more than 64 deep"),
    "a declared size": (
        many("y = A @ x", "L = sum(y**2)", symbols={"A": ["N", "N"], "x": ["N"]}), "100000 x 100000",
    ),
    "an outer product": (many("y = outer(w, x)", "L = sum(y**2)"), "100000 x 100000"),
    "a diagonal matrix": (many("y = diag(w) @ x", "L = sum(y**2)"), "100000 x 100000"),
    "a Kronecker product": (
        {"forward": ["L = sum(kron(A, A))"], "symbols": MATRICES, "dims": {"N": 1000}}, "1000000 x 1000000",
    ),
    "shifts along many entries": (
        {**many("y[n] = sum(w[k]*x[n+k-1], k)", "L = sum(y**2)", symbols={"x": ["N"], "w": [5]}),
         "indices": {"n": "N", "k": 5}}, "100000 x 100000",
    ),
    "a scalar product": (many("y = softplus(w.T @ x)", "L = y**2"), "100000 x 100000"),
    "more entries than can be proved": (
        many("y = relu(x*w)", "L = mean(y)", symbols={"w": ["N"], "x": [50, "N"]}), "N is too large for this",
    ),
}  # fmt: skip

LONG = () if THOROUGH else ("a product of 200 sums", "softmax 7 deep")
"""What meets the end of a twentieth of the work as that of all of it."""

DEEPER = () if THOROUGH else ("softmax 12 deep",)
"""What takes as long as another before it is refused, for the same reason."""

SOLVED = {
    "a product": many("y = tanh(w*x)", "L = sum(y**2)"),
    "a sum": many("y = sigmoid(w*x)", "L = sum(y)/N"),
    "a target of one class": many(
        "y = softmax(w*x)", "L = -sum(t*log(y))",
        symbols={**VECTORS, "t": {"shape": ["N"], "role": "target", "one_hot": True}},
    ),
    "softmax 5 deep": nested("softmax", 5),
    "tanh 30 deep": nested("tanh", 30),
    "a power of a sum of 150 terms": {
        "forward": ["y = (" + " + ".join(f"x{n}" for n in range(150)) + ")**200", "L = y**2"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in HUGE if name not in DEEPER])
def test_what_is_too_large_is_refused_in_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, says = HUGE[name]
    if name in LONG:
        monkeypatch.setattr(solution, "SOLVING", solution.SOLVING / 20)
    start = time.process_time()
    with pytest.raises(BacksymError, match=says):
        bs.Problem(**given).solve()
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("given", SOLVED.values(), ids=SOLVED.keys())
def test_what_is_large_is_solved(given: dict[str, object]) -> None:
    start = time.process_time()
    assert not bs.Problem(**given).solve().failed
    assert time.process_time() - start < SECONDS


def test_what_cannot_be_folded_back_is_not_tried() -> None:
    """A softmax of softmaxes has a name on each level, each of which is looked for in terms that may have it only."""
    with allowing(10**7, 1e12) as left:
        bs.Problem(**nested("softmax", 3)).solve()
    assert 1e12 - left.work < 8e6


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

"""Numbers that decide between right and wrong: each side of every threshold, and every second line of defence.

``mutate_constants.py`` changes the numbers of a module one at a time and tells which changes no test notices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from network_checks import judge

import backsym as bs
from backsym.calculus.simplify import expand
from backsym.calculus.terms import Ent, Exponent, Grp, Poly, Term
from backsym.core.expr import Add, Entry, Equation, Mul, Sym, num
from backsym.core.steps import Derivation
from backsym.marking.judging.judge import equal_values
from backsym.numeric.claims import false_claims
from backsym.numeric.evaluate import Env
from backsym.numeric.rounding import settled
from backsym.numeric.sample import draw, draws, sums_to_one
from backsym.numeric.verify import verify
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("calculus", "numeric", "marking")

LAYER: dict[str, Any] = {
    "symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
    "forward": ["y = tanh(W @ x)", "L = squared_error(y, t)"],
}
NEURON: dict[str, Any] = {"symbols": {"w": [], "x": {"role": "input"}}, "forward": ["L = (w*x)**2"]}


# --- marking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [("1.001", "incorrect"), ("1.0000001", "incorrect"), ("1.00000003", "incorrect"), ("1.000000003", "correct")],
)
def test_an_answer_is_right_within_a_hundred_millionth(factor: str, verdict: str) -> None:
    """Of arrays and of numbers, which are compared faster."""
    assert bs.check(bs.Problem(**LAYER), "W", f"{factor}*((y - t)*(1 - y**2)) @ x.T").verdict == verdict
    assert bs.check(bs.Problem(**NEURON), "w", f"{factor}*2*w*x**2").verdict == verdict


@pytest.mark.parametrize(("gap", "equal"), [(3e-9, True), (3e-8, False)])
@pytest.mark.parametrize("size", [1.0, 1e12, 1e-4])
def test_values_are_compared_relative_to_the_largest_entry(gap: float, equal: bool, size: float) -> None:
    one, other = np.array([size, size / 1e6]), np.array([size, size / 1e6 + gap * size])
    assert equal_values([one], [other]) is equal
    assert equal_values([other], [one]) is equal


@pytest.mark.parametrize(("gap", "equal"), [(3e-15, True), (3e-14, False)])
def test_values_smaller_than_a_millionth_count_as_that(gap: float, equal: bool) -> None:
    assert equal_values([np.array([gap])], [np.array([0.0])]) is equal


def test_a_value_that_is_not_finite_agrees_with_nothing_and_hides_no_difference() -> None:
    bad = np.array([np.nan, 1.0])
    assert equal_values([bad], [np.array([1.0, 1.0])]) is None
    assert equal_values([bad], [np.array([1.0, 1.0 + 3e-8])]) is False
    assert equal_values([np.array([1.0])], [np.array([1.0, 1.0])]) is False


@pytest.mark.parametrize(
    ("answer", "verdict"), [("0", "correct"), ("5*10**-12", "correct"), ("5*10**-11", "incorrect")]
)
def test_a_derivative_that_is_zero_everywhere_has_the_size_of_a_thousandth(answer: str, verdict: str) -> None:
    """A shift moves no softmax; nothing at the point tells how large the terms are that cancel."""
    shift = bs.Problem(
        symbols={"u": ["K"], "c": [], "t": {"shape": ["K"], "role": "target"}},
        forward=["a = softmax(u + c)", "L = sum((a - t)**2)"],
    )
    assert bs.check(shift, "c", answer).verdict == verdict


# --- the numeric proof -----------------------------------------------------------------------------------------------


def changed(derivations: Sequence[Derivation], node: str, change: Any) -> list[Derivation]:
    """The derivations, with the entry form of one changed, alone."""
    return [
        replace(d, entry=Equation(d.entry.lhs, change(d.entry.rhs)), matrix=None) if d.node == node else d
        for d in derivations
    ]


@pytest.mark.parametrize(("slip", "status"), [(Fraction(1, 10**8), "failed"), (Fraction(5, 10**10), "verified")])
def test_a_derivative_is_proved_to_a_billionth(slip: Fraction, status: str) -> None:
    solution = solve(problem_from_mapping(LAYER), check=False)
    found = verify(solution.problem, changed(solution.derivations, "W", lambda e: Mul((num(1 + slip), e))))
    assert found["W"].status == status


def test_no_bound_below_what_rounding_reaches_is_stated() -> None:
    solution = solve(problem_from_mapping(LAYER))
    assert {v.max_error for v in solution.verified.values()} == {1e-12}


@pytest.mark.parametrize(("slip", "status"), [(1e-8, "failed"), (1e-11, "verified")])
def test_the_whole_network_is_proved_end_to_end(slip: float, status: str) -> None:
    """Every local check holds at a point that is no forward pass; the slope of the loss through all equations tells."""
    mapping = {**LAYER, "forward": ["y = W @ x", "L = squared_error(y, t)"]}
    solution = solve(problem_from_mapping(mapping), check=False)
    points = [replace(p, values={**p.values, "y": p.values["y"] * (1 + slip)}) for p in draws(solution.problem)]
    found = {node: v.status for node, v in verify(solution.problem, solution.derivations, points).items()}
    assert found == {"y": "verified", "W": "verified", "x": "verified", "L": status}


def test_an_error_across_one_direction_is_seen_along_another() -> None:
    """The check draws two directions for each quantity; this error is orthogonal to the first of them."""
    mapping = {
        "symbols": {"c": {"shape": ["D"], "role": "constant"}, "w": ["D"]},
        "dims": {"D": 3},
        "forward": ["L = sum(w) + 0*sum(c)"],
    }
    solution = solve(problem_from_mapping(mapping), check=False)
    names = [d.node for d in solution.derivations]
    rng = np.random.default_rng([0, 3])
    directions = {name: rng.standard_normal((2, *((3,) if name == "w" else ()))) for name in names}
    first, second = directions["w"]
    across = second - first * (first @ second) / (first @ first)
    point = draw(solution.problem, 0)
    point = replace(point, values={**point.values, "c": across})
    i = solution["w"].derivation.indices
    spoiled = changed(solution.derivations, "w", lambda e: Add((e, Entry(Sym("c", ("D",)), i))))
    assert verify(solution.problem, spoiled, [point])["w"].status == "failed"


@pytest.mark.parametrize(
    ("equation", "found"),
    [
        ("y = softmax(z)", {"y"}),
        ("y = exp(z)/sum(exp(z))", {"y"}),
        ("y = (1 + 10**-9)*softmax(z)", set()),
        ("y = 1.01*softmax(z)", set()),
    ],
)
def test_entries_sum_to_one_only_where_they_do(equation: str, found: set[str]) -> None:
    problem = problem_from_mapping({"symbols": {"z": ["K"], "c": ["K"]}, "forward": [equation, "L = sum(y*c)"]})
    assert sums_to_one(problem, draws(problem)) == found


@pytest.mark.parametrize(("claim", "false"), [("3.00000003*w**2", True), ("3.0000000003*w**2", False)])
def test_a_claim_is_true_to_a_billionth(claim: str, false: bool) -> None:
    mapping = {
        "symbols": {"w": []},
        "forward": ["L = w**3"],
        "parts": [{"show": f"dL/dw = {claim}"}],
    }
    problem = problem_from_mapping(mapping)
    assert bool(false_claims(problem, solve(problem, check=False).derivations)) is false


@pytest.mark.parametrize(("left", "stays"), [(5e-14, True), (5e-15, False)])
def test_what_rounding_leaves_of_terms_of_size_one_is_zero(left: float, stays: bool) -> None:
    def compute(env: Env) -> np.ndarray:
        return np.asarray(env.values["a"] - (1 - left) * env.values["b"])

    env = Env({}, {"a": np.ones(()), "b": np.ones(())})
    assert bool(settled(compute, env)) is stays


# --- points ----------------------------------------------------------------------------------------------------------


def test_points_stay_where_saturating_functions_have_their_digits() -> None:
    """Up to 6, and where that cannot be up to 12; yet not so small that nothing bends."""
    eights, tens = (
        problem_from_mapping({"symbols": {"x": ["D"]}, "dims": {"D": 4}, "forward": [f"z = {z}", "L = sum(tanh(z))"]})
        for z in ("8*x", "10 + 2*x**2")
    )
    largest = [float(np.abs(draw(eights, seed).values["z"]).max()) for seed in range(6)]
    assert max(largest) <= 6.0
    assert max(largest) > 3.0
    assert all(draw(tens, seed).values["z"].max() <= 12.0 for seed in range(6))


def test_points_stay_away_from_kinks() -> None:
    problem = problem_from_mapping(
        {"symbols": {"x": ["D"]}, "dims": {"D": 300}, "forward": ["z = x - 1", "L = sum(relu(z))"]}
    )
    nearest = [float(np.abs(draw(problem, seed).values["z"]).min()) for seed in range(10)]
    assert min(nearest) > 1e-3
    assert min(nearest) < 1e-2


# --- the calculus ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["max", "min"])
@pytest.mark.parametrize("bound", ["1", "-1", "s", "0"])
def test_an_indicator_goes_into_a_maximum_with_zero_only(function: str, bound: str) -> None:
    """max(u, 0) [u > 0] = max(u, 0), and max(u, c) [u > 0] is not max(u, c)."""
    sign = ">" if function == "max" else "<"
    mapping = {
        "symbols": {"u": ["D"], "c": ["D"], "s": []},
        "forward": [f"y = {function}(u, {bound})*[u {sign} 0]*c", "L = sum(y**2) + s"],
    }
    assert judge(mapping) == []
    problem = problem_from_mapping(mapping)
    by_c = plain(solve(problem)["c"].entry.rhs, problem)
    assert (f"[u[i] {sign} 0]" in by_c) is (bound != "0")


@pytest.mark.parametrize(
    ("product", "solved"),
    [
        ("w[k]*v[k]", True),
        ("w[k]*sqrt(v[k])", True),
        ("w[k]*tanh(v[k])", True),
        ("w[k]*log(v[k])", False),
        ("w[k]/v[k]", False),
        ("w[k]*tanh(1/v[k])", False),
        ("w[k]/(1 + v[k])", False),
    ],
)
def test_a_delta_is_solved_only_where_its_factors_are_defined_outside_their_arrays(product: str, solved: bool) -> None:
    """sum_k w_k log(v_k) delta(2i + k - 1, m) is not w_(m-2i+1) log(v_(m-2i+1)): outside, that is 0 log 0."""
    mapping = {
        "dims": {"D": 9, "K": 3, "M": 6},
        "indices": {"i": "M", "k": "K"},
        "symbols": {"x": ["D"], "w": ["K"], "v": ["K"], "t": {"shape": ["M"], "role": "target"}},
        "forward": [f"z[i] = sum({product}*x[2*i+k-1], k) + sum(v)", "L = sum((z[i] - t[i])**2, i)/2"],
    }
    assert judge(mapping) == []
    problem = problem_from_mapping(mapping)
    shown = plain(solve(problem)["x"].entry.rhs, problem)
    assert ("delta" not in shown) is solved, shown


def letters(*names: str) -> Poly:
    return tuple(Term(Fraction(1), ((Ent(Sym(name, ()), ()), 1),)) for name in names)


def product(*factors: tuple[Poly, Exponent]) -> Poly:
    return (Term(Fraction(1), tuple((Grp(body), e) for body, e in factors)),)


def test_sums_are_multiplied_out_up_to_a_size() -> None:
    eight, nine = letters(*"abcdefgh"), letters(*"klmnopqrs")
    assert len(expand(product((eight, 1), (nine[:8], 1)))) == 64
    large = product((eight, 1), (nine, 1))
    assert expand(large) == large


def test_powers_are_multiplied_out_up_to_the_fourth() -> None:
    two = letters("a", "b")
    assert len(expand(product((two, Fraction(4))))) == 5
    assert len(expand(product((two, Fraction(5))))) == 1

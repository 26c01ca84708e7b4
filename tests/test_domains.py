"""What a quantity can be: the values of its entries, or the positive numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.marking.explaining.counterexample import small_points
from backsym.marking.verdicts import Marker
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw
from backsym.numeric.verify import verify
from backsym.reading.files.loader import load
from backsym.solving.solution import solve

SPIN = """\
symbols: {x: {role: input}, w: {role: parameter}, t: {DOMAIN}}
forward:
  - r = w*x
  - m = relu(1 - t*r)
  - L = 1/2*m**2
"""

MASKED = """\
symbols: {x: {shape: [D], role: input}, W: [K, D], m: {shape: [K], values: [0, 1]}, s: {shape: [K], positive: true}}
forward:
  - z = W @ x
  - h = m*tanh(z)
  - L = sum(h**2*log(s))
"""


def loaded(tmp_path: Path, text: str) -> Problem:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    problem = load(str(path))
    assert isinstance(problem, Problem)
    return problem


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def test_probabilities_may_be_positive_too(tmp_path: Path) -> None:
    text = """symbols: {p: {shape: [K], positive: true, sums_to_one: true, role: target}, z: [K]}
forward: ['q = softmax(z)', 'L = sum(p*log(p/q))']
"""
    problem = loaded(tmp_path, text)
    solution = solve(problem)
    (slope,) = (d.matrix for d in solution.derivations if d.node == "z")
    assert slope is not None
    points = small_points(problem, solution.derivations, draw(problem, 0))
    assert points
    for env in (*points, draw(problem, 1)):
        p, z = env.values["p"], env.values["z"]
        assert p.min() > 0
        assert p.sum() == pytest.approx(1)
        np.testing.assert_allclose(evaluate(slope.rhs, env), np.exp(z) / np.exp(z).sum() - p)
    assert Marker(problem).mark("z", "q - p").score == 1
    assert "p is declared positive" in refusal(tmp_path, text + "values: {p: [2, -1], z: [0, 1]}\n")


@pytest.mark.parametrize("how", [{}, {"lively": False, "wide": True}])
def test_samples_are_of_the_domain(tmp_path: Path, how: dict[str, Any]) -> None:
    problem = loaded(tmp_path, MASKED)
    envs = [draw(problem, seed, **how) for seed in range(20)]
    seen = {float(v) for env in envs for v in env.values["m"].ravel()}
    assert seen == {0.0, 1.0}
    assert min(env.values["s"].min() for env in envs) > 0
    assert min(env.values["W"].min() for env in envs) < 0, "what has no domain is of both signs"


def test_derivatives_are_proved_within_the_domain(tmp_path: Path) -> None:
    problem = loaded(tmp_path, MASKED)
    solution = solve(problem)
    found = verify(problem, solution.derivations)
    assert {v.status for v in found.values()} == {"verified"}
    assert "m" not in found, "what takes a few values only is constant"
    assert problem.symbols["m"].role == "constant"
    assert problem.symbols["s"].role == "parameter"


def test_small_points_are_of_the_domain(tmp_path: Path) -> None:
    problem = loaded(tmp_path, MASKED)
    points = small_points(problem, solve(problem).derivations, draw(problem, 0))
    assert points
    for point in points:
        assert set(point.values["m"].ravel().tolist()) <= {0.0, 1.0}
        assert point.values["s"].min() >= 1


def test_an_answer_may_rest_on_the_domain(tmp_path: Path) -> None:
    """t*t is 1 where t is 1 or -1, and not where t may be anything."""
    answers = {"r - t if t*r < 1 else 0": 1, "[t*r < 1]*(r - t)": 1, "r - t": 0, "-t*m": 1, "-t*m*t**2": 1, "m": 0}
    known = Marker(loaded(tmp_path, SPIN.replace("DOMAIN", "values: [-1, 1], role: target")))
    assert {answer: known.mark("r", answer).score for answer in answers} == answers
    free = Marker(loaded(tmp_path, SPIN.replace("DOMAIN", "role: target")))
    assert [free.mark("r", answer).score for answer in answers] == [0, 0, 0, 1, 0, 0]


def test_a_root_rests_on_a_positive_quantity(tmp_path: Path) -> None:
    text = "symbols: {x: {role: input, MARK}, w: {role: parameter}}\nforward: ['z = w*x**2', 'L = z**2/2']\n"
    positive = Marker(loaded(tmp_path, text.replace("MARK", "positive: true")))
    assert positive.mark("w", "z*abs(x)*x").score == 1
    assert positive.mark("w", "z*x").score == 0
    assert Marker(loaded(tmp_path, text.replace(", MARK", ""))).mark("w", "z*abs(x)*x").score == 0


@pytest.mark.parametrize(
    ("domain", "says", "at"),
    [
        ("values: 1", "expected a list of the numbers that an entry may be, at least two", "values: 1"),
        ("values: [1]", "at least two", "values: [1]"),
        ("values: [1, 1]", "given twice", "1]"),
        ("values: [1, a]", "number", "a]"),
        ("values: [1, 2], positive: true", "t has two domains, values and positive", "t:"),
        ("positive: maybe", "positive", "maybe"),
        ("shape: [K], one_hot: true, positive: true", "t has two domains, positive and one_hot", "t:"),
        ("shape: [K], sums_to_one: true, values: [0, 1]", "t has two domains, values and sums_to_one", "t:"),
    ],
)
def test_bad_domains_are_refused_with_their_place(tmp_path: Path, domain: str, says: str, at: str) -> None:
    text = SPIN.replace("DOMAIN", domain)
    found = refusal(tmp_path, text)
    assert says in found
    column = text.index(at) + 1 + (len("values: ") if at.startswith("values") else 0)
    assert f":1:{column}" in found


def test_what_is_computed_has_no_domain(tmp_path: Path) -> None:
    text = SPIN.replace("DOMAIN", "role: target").replace("symbols: {", "symbols: {r: {values: [0, 1]}, ")
    assert "it cannot have an equation" in refusal(tmp_path, text)
    text = SPIN.replace("DOMAIN", "role: target").replace("symbols: {", "symbols: {m: {positive: true}, ")
    assert "it cannot have an equation" in refusal(tmp_path, text)


@pytest.mark.parametrize(("t", "fits"), [("-1", True), ("1", True), ("0", False), ("-1.0", True), ("2", False)])
def test_the_worked_example_keeps_to_the_values(tmp_path: Path, t: str, fits: bool) -> None:
    text = SPIN.replace("DOMAIN", "values: [-1, 1], role: target") + f"values: {{x: 1, w: 2, t: {t}}}\n"
    if fits:
        assert loaded(tmp_path, text).values["t"] == float(t)
    else:
        found = refusal(tmp_path, text)
        assert "t is none of -1 or 1" in found
        assert f":6:{text.splitlines()[5].index('t: ') + 4}" in found


@pytest.mark.parametrize(("s", "fits"), [("[1, 0.5]", True), ("[1, 0]", False), ("[-1, 2]", False)])
def test_the_worked_example_keeps_to_positive_numbers(tmp_path: Path, s: str, fits: bool) -> None:
    text = MASKED + f"values: {{x: [1], W: [[1], [2]], m: [0, 1], s: {s}}}\n"
    if fits:
        assert loaded(tmp_path, text).values["s"] == tuple(json.loads(s))
    else:
        assert "s is declared positive" in refusal(tmp_path, text)


@pytest.mark.parametrize(("choices", "fits"), [("[-1, 1]", True), ("[-1, 0]", False), ("{from: -1, to: 1}", False),
                                               ("{from: -1, to: 1, step: 2}", True)])  # fmt: skip
def test_variants_keep_to_the_domain(tmp_path: Path, choices: str, fits: bool) -> None:
    text = SPIN.replace("DOMAIN", "values: [-1, 1], role: target")
    text += f"values: {{x: 1, w: 2, t: 1}}\nvariants: {{values: {{t: {choices}}}}}\n"
    if fits:
        assert loaded(tmp_path, text).variants.values
    else:
        assert "t is none of -1 or 1" in refusal(tmp_path, text)


def test_both_values_of_a_sign_are_drawn_about_as_often(tmp_path: Path) -> None:
    problem = loaded(tmp_path, SPIN.replace("DOMAIN", "shape: [50], values: [-1, 1]").replace("t*r", "sum(t)*r"))
    share = np.mean([np.mean(draw(problem, seed).values["t"] > 0) for seed in range(20)])
    assert 0.4 < share < 0.6

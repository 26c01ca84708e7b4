"""The conditions of an answer itself are looked at on both sides, wherever they change."""

from __future__ import annotations

import numpy as np
import pytest

import backsym as bs
from backsym.core.expr import Cmp
from backsym.marking.judging import sides
from backsym.marking.judging.sides import Sides
from backsym.marking.verdicts import Marker
from backsym.numeric.context import Context
from backsym.numeric.exercise import distance, kinks_of

SWISH = "(h - t)*(sigmoid(z) + z*sigmoid(z)*(1 - sigmoid(z)))"

ROLES = {"x": {"role": "input"}, "w": {"role": "parameter"}, "t": {"role": "target"}}


def scalar(h: str) -> Marker:
    problem = bs.Problem(forward=["z = w*x", f"h = {h}", "L = (h - t)**2/2"], symbols=ROLES)
    return Marker(problem)


@pytest.fixture(scope="module")
def relu() -> Marker:
    return scalar("relu(z)")


@pytest.fixture(scope="module")
def shifted() -> Marker:
    return scalar("max(z - 1, 0)")


@pytest.fixture(scope="module")
def swish() -> Marker:
    return scalar("z*sigmoid(z)")


@pytest.fixture(scope="module")
def leaky() -> Marker:
    shapes = {"x": ["D"], "W": ["K", "D"], "t": ["K"]}
    return Marker(bs.Problem(forward=["z = W @ x", "h = leaky_relu(z)", "L = sum((h - t)**2)/2"], symbols=shapes))


@pytest.mark.parametrize(
    "condition", ["z > 0", "0 < z", "-z < 0", "h > 0", "0 < h", "x*w > 0", "2*z > z", "exp(z) > 1", "z > -z"]
)
def test_the_same_condition_is_right(relu: Marker, condition: str) -> None:
    assert relu.mark("z", f"[{condition}]*(h - t)").score == 1


@pytest.mark.parametrize(
    "condition",
    [
        "-z > 0", "z - 1 < 0", "z + 1 > 0", "z > 0.001", "z > -0.001", "z > 5", "z < 10", "x > 0", "h > 0.01",
        "exp(z) > 1.01", "z*z > 0",
    ],
)  # fmt: skip
def test_another_condition_is_wrong(relu: Marker, condition: str) -> None:
    assert relu.mark("z", f"[{condition}]*(h - t)").verdict == "incorrect"


@pytest.mark.parametrize("condition", ["z < 10", "z < 30", "w < 3", "t < 4", "t > -4", "h < 20"])
def test_a_condition_that_holds_nearly_everywhere_is_seen(relu: Marker, condition: str) -> None:
    assert relu.mark("z", f"[z > 0]*[{condition}]*(h - t)").verdict == "incorrect"


@pytest.mark.parametrize("condition", ["z**2 + 1 > 0", "exp(w) > 0", "h >= 0", "abs(z) + 1 > z"])
def test_a_condition_that_always_holds_is_right(relu: Marker, condition: str) -> None:
    assert relu.mark("z", f"[z > 0]*[{condition}]*(h - t)").score == 1


@pytest.mark.parametrize(
    ("condition", "right"),
    [("z > 1", True), ("z - 1 > 0", True), ("-z + 1 < 0", True), ("z - 1 < 0", False), ("1 - z > 0", False),
     ("z + 1 > 0", False), ("-z - 1 < 0", False), ("z > 0.99", False)],
)  # fmt: skip
def test_a_shifted_condition(shifted: Marker, condition: str, right: bool) -> None:
    assert shifted.mark("z", f"[{condition}]*(h - t)").score == (1 if right else 0)


@pytest.mark.parametrize(
    ("condition", "right"), [("z < 8", False), ("z > -8", False), ("w < 8", False), ("z**2 - 1 < 80", False)]
)
def test_a_condition_where_nothing_has_a_kink(swish: Marker, condition: str, right: bool) -> None:
    assert (swish.mark("z", f"{SWISH}*[{condition}]").score == 1) is right


def test_cases_that_meet_are_right(swish: Marker) -> None:
    assert swish.mark("z", f"{SWISH}*[z < 8] + {SWISH}*[z >= 8]").score == 1
    assert swish.mark("z", f"{SWISH}*[z < 8] + 2*{SWISH}*[z >= 8]").verdict == "incorrect"


@pytest.mark.parametrize(
    ("slopes", "right"),
    [
        ("[z[k] > 0] + 0.01*[z[k] < 0]", True),
        ("[z[k] > 0] + 0.01*[-z[k] > 0]", True),
        ("[z[k] > 0] + 0.01*[-z[k] < 0]", False),
        ("[-z[k] > 0] + 0.01*[z[k] < 0]", False),
        ("[z[k] > 0.01] + 0.01*[z[k] < 0.01]", False),
        ("[z[k] > -4]*[z[k] > 0] + 0.01*[z[k] < 0]*[z[k] > -8]", False),
    ],
)
def test_each_entry_has_its_condition(leaky: Marker, slopes: str, right: bool) -> None:
    assert leaky.mark("z[k]", f"(h[k] - t[k])*({slopes})").score == (1 if right else 0)
    at_one = slopes.replace("[k]", "[2]")
    assert leaky.mark("z[2]", f"(h[2] - t[2])*({at_one})").score == (1 if right else 0)


def test_two_points_close_to_where_a_condition_changes(relu: Marker) -> None:
    judge = relu.judge
    read = bs.Problem(forward=["z = w*x", "h = [z > 0.3]*z", "L = (h - t)**2/2"])
    (condition,) = (n for n in kinks_of(read.equations[1].rhs) if isinstance(n, Cmp))
    found = list(Sides(relu.problem, judge.solution.derivations, judge.points).around(condition, "z"))
    assert len(found) == 2 * sides.PAIRS
    for one, other in zip(found[::2], found[1::2], strict=True):
        values = [distance(condition, Context.of(point)) for point in (one, other)]
        a, b = (float(np.asarray(value[1])) for value in values if value is not None)
        assert a * b < 0, "on both sides"
        assert abs(a - b) < 1e-4, "and close"
        for point in (one, other):
            z = point.values["w"] * point.values["x"]
            assert point.values["z"] == pytest.approx(z, rel=1e-14)
            assert point.adjoints["z"] == pytest.approx((point.values["h"] - point.values["t"]) * (z > 0), rel=1e-12)


def test_what_is_one_hot_stays_so() -> None:
    """What an answer takes for granted of a one-hot target holds at every point that it is judged at."""
    shapes = {"z": ["K"], "t": {"shape": ["K"], "role": "target", "one_hot": True}}
    marker = Marker(bs.Problem(forward=["p = softmax(z)", "L = -sum(t*log(p))"], symbols=shapes))
    assert marker.mark("z[k]", "p[k] - [t[k] > 0.001]").score == 1
    assert marker.mark("z[k]", "p[k] - [t[k] > 0.999]").score == 1
    assert marker.mark("z[k]", "p[k] - [p[k] > 0.5]").verdict == "incorrect"

"""What earns marks among true answers: no circle, no bare chain rule, no claim copied, no row added to a column."""

from __future__ import annotations

import pytest

import backsym as bs
from backsym.marking.verdicts import Marker

UNIT = bs.Problem(
    forward=["z = w*x + b", "y = x + tanh(z)", "L = (y - t)**2/2"],
    symbols={"x": {"role": "input"}, "w": {"role": "parameter"}, "b": {"role": "parameter"}, "t": {"role": "target"}},
)
SHOWN = bs.Problem(
    forward=["z[k] = sum(W[k,i]*x[i], i)", "y = tanh(z)", "L = squared_error(y, t)"],
    symbols={"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
    parts=[
        {"show": ["dL/dz[k] = (y[k] - t[k])*(1 - y[k]**2)"]},
        {"show": ["dL/dW[k,i] = dL/dz[k]*x[i]"]},
    ],
)
LAYER = bs.Problem(
    forward=["y = tanh(W @ x)", "L = squared_error(y, t)"],
    symbols={"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
)
TIME = bs.Problem(
    indices={"t": "T"},
    forward=["h[0] = h0", "z[t] = W @ h[t-1] + X[t]", "h[t] = tanh(z[t])", "L = sum(squared_error(h[t], Y[t]), t)"],
    symbols={
        "W": ["H", "H"],
        "X": {"shape": ["T", "H"], "role": "input"},
        "Y": {"shape": ["T", "H"], "role": "target"},
        "h0": {"shape": ["H"], "role": "input"},
    },
)
MARKERS = {"unit": Marker(UNIT), "shown": Marker(SHOWN), "layer": Marker(LAYER), "time": Marker(TIME)}


@pytest.mark.parametrize(
    ("target", "answer", "verdict", "tags"),
    [
        ("z", "dL/dz", "equivalent_form", ("circular",)),
        ("z", "dL/db", "equivalent_form", ("circular",)),
        ("z", "dL/dw/x", "equivalent_form", ("circular",)),
        ("y", "dL/dx - w*dL/dz", "equivalent_form", ("circular",)),
        ("w", "dL/db*x", "undetermined", ()),
        ("z", "dL/dy*dy/dz", "equivalent_form", ("chain",)),
        ("z", r"(y - t)\frac{\partial y}{\partial z}", "equivalent_form", ("chain",)),
        ("z", "dL/dz = dL/dy*dy/dz = (y - t)*(1 - tanh(z)**2)", "correct", ()),
        ("z", "dy/dz = 1 - tanh(z)**2\ndL/dz = dL/dy*dy/dz", "correct", ()),
        ("w", "dz/dw = x\ndL/dw = dL/dz*dz/dw", "correct", ()),
        ("w", "dz/db = 1\ndL/dw = dL/dz*dz/dw", "equivalent_form", ("chain",)),
        ("w", "delta = dL/dz\ndelta*x", "correct", ()),
    ],
)
def test_alone(target: str, answer: str, verdict: str, tags: tuple[str, ...]) -> None:
    found = MARKERS["unit"].mark(target, answer)
    assert (found.verdict, found.tags) == (verdict, tags), found.feedback
    assert (found.score > 0) == (verdict == "correct")


@pytest.mark.parametrize(
    ("answers", "verdicts"),
    [
        ({"z": "dL/dy*(1 - tanh(z)**2)", "b": "dL/dz", "w": "dL/db*x"}, ("correct", "correct", "correct")),
        ({"w": "dL/db*x", "b": "dL/dz"}, ("correct", "correct")),
        ({"z": "dL/db", "b": "dL/dz"}, ("equivalent_form", "correct")),
        ({"b": "dL/dw/x", "w": "dL/db*x"}, ("equivalent_form", "equivalent_form")),
        ({"z": "dL/db", "b": "(y - t)*(1 - tanh(z)**2)"}, ("correct", "correct")),
        ({"b": "dL/dy", "w": "dL/db*x"}, ("incorrect", "undetermined")),
        ({"w": "dz/dw = x\ndL/dw = dL/dz*x", "b": "dL/dz*dz/db"}, ("correct", "equivalent_form")),
        ({"z": "dL/dy*dy/dz", "b": "dL/dz"}, ("equivalent_form", "correct")),
        ({"b": "dL/dz*dz/db", "w": "dL/db*x"}, ("equivalent_form", "undetermined")),
    ],
)
def test_on_a_sheet(answers: dict[str, str], verdicts: tuple[str, ...]) -> None:
    found = MARKERS["unit"].mark_all(answers)
    assert tuple(v.verdict for v in found) == verdicts, [v.feedback for v in found]


@pytest.mark.parametrize(
    ("target", "answer", "verdict"),
    [
        ("h", r"\nabla_{h_t} L", "equivalent_form"),
        ("h", r"2\nabla_{h_t} L - \nabla_{h_t} L", "equivalent_form"),
        ("h", "dL/dh", "equivalent_form"),
        ("h", r"g_t = g_t", "equivalent_form"),
        ("h", r"\nabla_{z_t} L \oslash (1 - h_t^2)", "equivalent_form"),
        (
            "h",
            r"\nabla_{h_T} L = \nabla_{h_T} L, \nabla_{h_t} L = h_t - y_t + W^\top \nabla_{z_{t+1}} L",
            "undetermined",
        ),
        ("h", r"h_t - y_t + W^\top \nabla_{z_{t+1}} L", "correct"),
        ("h", r"h_t - y_t + W^\top (\nabla_{h_{t+1}} L \odot (1 - h_{t+1}^2))", "correct"),
        ("z", r"\nabla_{z_t} L", "equivalent_form"),
        ("z", r"\nabla_{h_t} L \odot (1 - h_t^2)", "correct"),
        ("z", "dL/dh * (1 - h**2)", "correct"),
        ("W", r"\sum_t \nabla_{z_t} L h_{t-1}^\top", "correct"),
    ],
)
def test_in_a_recurrence_later_members_may_be_named(target: str, answer: str, verdict: str) -> None:
    found = MARKERS["time"].mark(target, answer)
    assert found.verdict == verdict, found.feedback
    assert (found.score > 0) == (verdict == "correct")


def test_a_chain_rule_is_enough_where_it_is_accepted() -> None:
    assert MARKERS["unit"].mark("z", "dL/dy*dy/dz", accept="chain").verdict == "correct"
    assert MARKERS["unit"].mark("z", "dL/db", accept="chain").score == 0


@pytest.mark.parametrize(
    ("target", "answer", "verdict"),
    [
        ("z", "(y[k] - t[k])*(1 - y[k]**2)", "incorrect"),
        ("z", "dL/dz[j] = (1 - y[j]^2)(y[j] - t[j])", "incorrect"),
        ("z", r"\frac{\partial L}{\partial z_k} = (y_k - t_k)(1 - y_k^2)", "incorrect"),
        ("W", "dL/dW[a,b] = x[b]*dL/dz[a]", "incorrect"),
        ("z", "dL/dz[k] = dL/dy[k]*(1 - y[k]**2) = (y[k] - t[k])*(1 - y[k]**2)", "correct"),
        ("z", "(y[k] - t[k])*(1 - tanh(z[k])**2)", "correct"),
        ("W", "dL/dW[k,i] = dL/dz[k]*dz[k]/dW[k,i] = dL/dz[k]*x[i]", "correct"),
        ("W", "dL/dW[k,i] = dL/dz[k]*dz[k]/dW[k,i]", "correct"),
        ("W", "dL/dW[k,i]\ndL/dW[k,i] = dL/dz[k]*x[i]", "incorrect"),
        ("z", "dL/dz", "equivalent_form"),
        ("z", "dL/dz + 0*y", "equivalent_form"),
    ],
)
def test_the_claim_alone_shows_nothing(target: str, answer: str, verdict: str) -> None:
    found = MARKERS["shown"].mark(target, answer)
    assert found.verdict == verdict, found.feedback
    assert found.tags == {"incorrect": ("claim",), "equivalent_form": ("circular",), "correct": ()}[verdict]
    assert (found.score > 0) == (verdict == "correct")


@pytest.mark.parametrize(
    ("target", "answer", "earns"),
    [
        ("y", "y - t", True),
        ("y", "(y - t^T)^T", False),
        ("y", "(y^T - t^T)^T", True),
        ("y", "y^T - t", False),
        ("x", "(W^T ⊙ (y - t))(1 - y^2)", False),
        ("x", "W^T ((y - t) ⊙ (1 - y^2))", True),
        ("W", "(y - t) ⊙ (1 - y^2) x^T", True),
        ("W", r"(\mathbf y - \mathbf t) \odot (1 - \mathbf y^2) \mathbf x^\top", True),
        ("W", "(y - t) ⊙ x^T (1 - y^2)", False),
    ],
)
def test_rows_and_columns(target: str, answer: str, earns: bool) -> None:
    found = MARKERS["layer"].mark(target, answer)
    assert (found.score > 0) == earns, (found.verdict, found.feedback)


def test_where_the_customary_grouping_is_wrong_a_person_decides() -> None:
    problem = bs.Problem(
        forward=["s = B @ x", "o = tanh(s)", "L = squared_error(o, t)"],
        symbols={"B": ["D", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["D"], "role": "target"}},
    )
    found = bs.check(problem, "x", "B^T dL/do ⊙ (1 - o^2)")
    assert found.verdict == "undetermined"
    assert found.feedback.count("$") == 4
    assert bs.check(problem, "x", "B^T (dL/do ⊙ (1 - o^2))").verdict == "correct"
    assert bs.check(problem, "s", "dL/do ⊙ (1 - o^2)").verdict == "correct"

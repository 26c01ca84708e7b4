"""The numeric proof: right derivatives pass at any depth, wrong ones fail at the node where they are wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numeric_examples import Build, at, classifier, deep_batch, minus, scalar_chain, scalar_network, total
from patience import prompt

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    ONE,
    Add,
    Equation,
    Expr,
    Fn,
    Ix,
    MatMul,
    Mul,
    Neg,
    Pow,
    Reduce,
    T,
    num,
)
from backsym.core.steps import Derivation, Step, Verification
from backsym.numeric.proof import check_steps
from backsym.numeric.sample import draw, draws
from backsym.numeric.verify import power_of_ten, verify, with_adjoints


def statuses(p: Build) -> dict[str, str]:
    return {node: v.status for node, v in verify(p.problem(), p.derivations).items()}


def spoil(p: Build, node: str, change: Callable[[Expr], Expr], side: str = "entry") -> Build:
    """The same example with one derivative changed."""

    def swap(d: Derivation) -> Derivation:
        old = getattr(d, side)
        return replace(d, **{side: Equation(old.lhs, change(old.rhs))})

    p.derivations = [swap(d) if d.node == node else d for d in p.derivations]
    return p


@pytest.mark.parametrize("build", [scalar_network, classifier, lambda: deep_batch(3)], ids=["scalar", "net", "batch"])
def test_right_derivatives_are_verified(build: Callable[[], Build]) -> None:
    p = build()
    result = verify(p.problem(), p.derivations)
    assert list(result) == [d.node for d in p.derivations]
    for v in result.values():
        assert v.status == "verified"
        assert v.draws == 3
        assert v.max_error <= 1e-12


@pytest.mark.parametrize("node", ["y", "z", "w", "b", "x"])
@pytest.mark.parametrize(
    "change",
    [Neg, lambda e: Mul((num(2), e)), lambda e: Add((e, ONE)), lambda e: Mul((e, num(1 + 10**-6)))],
    ids=["sign", "factor", "offset", "slight"],
)
def test_an_error_is_pinned_on_its_node(node: str, change: Callable[[Expr], Expr]) -> None:
    result = statuses(spoil(scalar_network(), node, change))
    assert [n for n, status in result.items() if status == "failed"] == [node]


def test_a_missing_path_fails() -> None:
    assert statuses(spoil(scalar_network(), "x", lambda e: e.args[1]))["x"] == "failed"  # type: ignore[attr-defined]


def test_a_transposed_entry_fails() -> None:
    p = Build()
    i, j = Ix("i", "D"), Ix("j", "D")
    s, x = p.leaf("S", "D", "D"), p.leaf("x", "D", role="input")
    p.node("q", ("D",), total(Mul((at(s, i, j), at(x, j))), j), i)
    p.node("L", (), Reduce("sum", Pow(p.problem().sym("q"), num(2))))
    p.derive("L", ONE)
    p.derive("q", Mul((num(2), at(p.problem().sym("q"), i))), i)
    p.derive("S", Mul((at(p.adj("q"), j), at(x, i))), i, j)
    assert statuses(p) == {"L": "verified", "q": "verified", "S": "failed"}


@pytest.mark.parametrize("node", ["a2", "z2", "W2", "a1", "z1", "W1"])
def test_a_wrong_matrix_form_fails(node: str) -> None:
    result = statuses(spoil(classifier(), node, Neg, "matrix"))
    assert [n for n, status in result.items() if status == "failed"] == [node]


def test_a_matrix_form_of_the_wrong_shape_fails() -> None:
    assert statuses(spoil(classifier(), "W2", T, "matrix"))["W2"] == "failed"


def test_a_column_is_compared_with_a_vector() -> None:
    p = spoil(classifier(), "b2", lambda e: T(T(e)), "matrix")
    assert statuses(p)["b2"] == "verified"


def test_a_wrong_first_adjoint_fails() -> None:
    assert statuses(spoil(scalar_network(), "L", lambda e: num(2)))["L"] == "failed"


def test_an_error_deep_down_is_not_hidden_by_its_size() -> None:
    """Behind 60 sigmoid layers the gradient is below 1e-30, and a wrong factor is still seen."""
    p = scalar_chain(120, "sigmoid")
    env = with_adjoints(p.derivations, draw(p.problem(), 0))
    assert 0 < abs(float(env.adjoints["w1"])) < 1e-25
    assert statuses(p)["w1"] == "verified"
    assert statuses(spoil(p, "w1", lambda e: Mul((e, num(1 + 10**-6)))))["w1"] == "failed"


def test_zero_everywhere_is_unexercised() -> None:
    p = Build()
    x, y = p.leaf("x"), p.leaf("y")
    h = p.node("h", (), Fn("relu", (Neg(Mul((x, x))),)))
    p.node("L", (), Add((h, y)))
    p.derive("L", ONE)
    p.derive("h", p.adj("L"))
    p.derive("x", Mul((Mul((num(-2), x)), p.adj("h"), Fn("relu", (Neg(Mul((x, x))),), order=1))))
    p.derive("y", p.adj("L"))
    assert statuses(p) == {"L": "verified", "h": "verified", "x": "unexercised", "y": "verified"}


def test_a_zero_where_there_is_a_derivative_fails() -> None:
    assert statuses(spoil(scalar_network(), "w", lambda e: num(0)))["w"] == "failed"


def test_terms_that_cancel_exactly_are_not_failures() -> None:
    """A shift of all logits does not change the softmax: its derivative is zero, in floating point rounding noise."""
    p = Build()
    k, k2 = Ix("k", "K"), Ix("k'", "K")
    u, c = p.leaf("u", "K"), p.leaf("c")
    t = p.leaf("t", "K", role="target", sums_to_one=True)
    s = p.node("s", (), Mul((c, c)))
    z = p.node("z", ("K",), Add((u, s)))
    a = p.node("a", ("K",), Fn("softmax", (z,), kind="rowwise"))
    p.node("L", (), Neg(Reduce("sum", Mul((t, Fn("log", (a,)))))))
    p.derive("L", ONE)
    p.derive("a", Neg(at(Mul((t, Pow(a, num(-1)))), k)), k)
    p.derive("z", minus(at(a, k), at(t, k)), k, matrix=minus(a, t))
    p.derive("u", at(p.adj("z"), k), k)
    # Two ways to add up the same noise.
    p.derive("s", total(minus(at(a, k), at(t, k)), k), matrix=minus(Reduce("sum", a), Reduce("sum", t)))
    p.derive("c", Mul((num(2), c, total(at(p.adj("z"), k2), k2))))
    result = statuses(p)
    assert result.pop("s") == result.pop("c") == "unexercised"
    assert {str(v.reason.code) for v in verify(p.problem(), p.derivations).values() if v.reason} == {
        "unexercised.cancels"
    }
    assert set(result.values()) == {"verified"}
    assert statuses(spoil(p, "s", lambda e: total(at(a, k), k)))["s"] == "failed"


def test_not_a_number_fails() -> None:
    p = spoil(scalar_network(), "w", lambda e: Mul((e, Fn("log", (num(-1),)))))
    result = verify(p.problem(), p.derivations)
    assert result["w"] == Verification(float("inf"), 3, "failed")


def test_missing_and_premature_adjoints_are_named() -> None:
    p = scalar_network()
    with pytest.raises(BacksymError, match="derivative by y is missing"):
        verify(p.problem(), [d for d in p.derivations if d.node != "y"])
    with pytest.raises(BacksymError, match="loss L"):
        verify(p.problem(), p.derivations[1:])
    with pytest.raises(BacksymError, match="adjoint of y"):
        verify(p.problem(), [p.derivations[0], *p.derivations[2:], p.derivations[1]])


def test_a_wrong_shape_is_named() -> None:
    p = classifier()
    i, j = Ix("i", "D0"), Ix("j", "D1")
    p.derivations = [d for d in p.derivations if d.node != "b1"]
    p.derive("b1", Mul((at(p.adj("z1"), j), at(p.problem().sym("a0"), i))), j, i)
    with pytest.raises(BacksymError, match="derivative by b1 has shape"):
        verify(p.problem(), p.derivations)


def test_a_node_that_does_not_reach_the_loss_plays_no_part() -> None:
    p = scalar_network()
    aside = p.node("aside", (), Mul((p.problem().sym("w"), p.problem().sym("x"))))
    p.equations.insert(0, p.equations.pop())
    assert aside.name == p.equations[0].name
    assert set(statuses(p).values()) == {"verified"}


def test_a_hub_of_many_arguments_is_cheap() -> None:
    p = Build()
    names = [p.leaf(f"x{q}") for q in range(2000)]
    p.node("L", (), Add(tuple(Mul((x, x)) for x in names)))
    p.derive("L", ONE)
    for x in names:
        p.derive(x.name, Mul((num(2), x, p.adj("L"))))
    assert set(prompt(lambda: statuses(p), 20.0).values()) == {"verified"}


@pytest.mark.parametrize(
    "build",
    [lambda: scalar_chain(2000), lambda: scalar_chain(2000, "relu", shared=True), lambda: deep_batch(128)],
    ids=["chain of 2000", "shared chain of 2000", "batch of 128 layers"],
)
def test_deep_networks_are_verified_quickly(build: Callable[[], Build]) -> None:
    p = build()
    result = prompt(lambda: verify(p.problem(), p.derivations), 8.0)
    assert {v.status for v in result.values()} == {"verified"}
    assert max(v.max_error for v in result.values()) <= 1e-12


def test_declared_points_are_used_and_left_alone() -> None:
    p = classifier()
    points = draws(p.problem(), 2)
    result = verify(p.problem(), p.derivations, points)
    assert {v.draws for v in result.values()} == {2}
    assert all(not env.adjoints for env in points)
    assert result == verify(p.problem(), p.derivations, points)


def test_abstract_functions_and_loss_are_verified() -> None:
    p = Build()
    p.abstract = frozenset({"phi", "loss"})
    w, x, t = p.leaf("W", "K", "D"), p.leaf("x", "D", role="input"), p.leaf("t", "K", role="target")
    z = p.node("z", ("K",), MatMul((w, x)))
    y = p.node("y", ("K",), Fn("phi", (z,)))
    p.node("L", (), Fn("loss", (y, t), kind="scalar"))
    k, j = Ix("k", "K"), Ix("j", "D")
    slope = Fn("loss", (y, t), order=1, kind="scalar")
    p.derive("L", ONE)
    p.derive("y", at(slope, k), k, matrix=Mul((p.adj("L"), slope)))
    p.derive("z", Mul((at(p.adj("y"), k), Fn("phi", (at(z, k),), order=1))), k)
    p.derive("W", Mul((at(p.adj("z"), k), at(x, j))), k, j, matrix=MatMul((p.adj("z"), T(x))))
    p.derive("x", total(Mul((at(w, k, j), at(p.adj("z"), k))), k), j)
    assert set(statuses(p).values()) == {"verified"}


def test_a_1x1_quantity_keeps_its_shape() -> None:
    """A declared length of one: y is [1], W is [1, D]."""
    p = Build()
    w, h, b = p.leaf("W", 1, "D"), p.leaf("h", "D", role="input"), p.leaf("b", 1)
    y = p.node("y", (1,), Add((MatMul((w, h)), b)))
    p.node("L", (), Reduce("sum", Pow(y, num(2))))
    one, j = Ix("1", 1), Ix("j", "D")
    p.derive("L", ONE)
    p.derive("y", Mul((num(2), at(y, one))), one, matrix=Mul((num(2), y)))
    p.derive("W", Mul((at(p.adj("y"), one), at(h, j))), one, j, matrix=MatMul((p.adj("y"), T(h))))
    p.derive("b", at(p.adj("y"), one), one)
    p.derive("h", Mul((at(w, one, j), at(p.adj("y"), one))), j, matrix=MatMul((T(w), p.adj("y"))))
    assert set(statuses(p).values()) == {"verified"}


def test_with_adjoints_fills_in_every_adjoint() -> None:
    p = classifier()
    env = with_adjoints(p.derivations, draw(p.problem(), 0))
    for d in p.derivations:
        assert env.adjoints[d.node].shape == env.values[d.node].shape
    np.testing.assert_allclose(env.adjoints["z2"], env.values["a2"] - env.values["t"])


def test_check_steps_finds_the_worst_step() -> None:
    p = classifier()
    env = with_adjoints(p.derivations, draw(p.problem(), 0))
    problem = p.problem()
    k = Ix("k", "D2")
    d2, a2, t = p.adj("z2"), problem.sym("a2"), problem.sym("t")
    right = Step("substitute", at(d2, k), minus(at(a2, k), at(t, k)))
    summed = Step("sum", total(at(t, k), k), ONE, substeps=(right,))
    assert check_steps((right, summed), env)[0] < 1e-14
    wrong = Step("sign", at(d2, k), minus(at(t, k), at(a2, k)))
    error, place = check_steps((right, Step("outer", ONE, ONE, substeps=(right, wrong))), env)
    assert error == pytest.approx(2)
    assert place == "1 outer / 1 sign"
    error, place = check_steps((Step("vectorize", d2, Mul((t, p.adj("L")))), Step("shape", d2, problem.sym("W2"))), env)
    assert error == float("inf")
    assert place.startswith("1 shape")


@pytest.mark.parametrize(
    ("error", "shown"),
    [(0.0, 1e-12), (3e-16, 1e-12), (1e-12, 1e-12), (3e-12, 1e-11), (2.0, 10.0), (float("inf"), float("inf"))],
)
def test_errors_are_rounded_up_to_a_power_of_ten(error: float, shown: float) -> None:
    assert power_of_ten(error) == shown


def test_what_is_stated_does_not_depend_on_rounding() -> None:
    p = classifier()
    problem = p.problem()
    results = [verify(problem, p.derivations, [draw(problem, seed)]) for seed in range(20)]
    assert all(result == results[0] for result in results), "rounding differs from point to point as from CPU to CPU"

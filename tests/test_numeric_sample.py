"""Random points: deterministic, inside all domains, with distinct sizes and living units."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numeric_examples import Build, at, classifier, deep_batch, minus, scalar_chain, total

from backsym.core.errors import BacksymError, PlacedError
from backsym.core.expr import (
    ONE,
    Add,
    Div,
    Expr,
    Fn,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Pow,
    Reduce,
    T,
    num,
)
from backsym.core.functions import FUNCTIONS
from backsym.core.words import say
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw, draws, sums_to_one


def test_a_seed_gives_one_point() -> None:
    problem = classifier().problem()
    a, b, other = draw(problem, 4), draw(problem, 4), draw(problem, 5)
    assert a.dims == b.dims
    assert list(a.values) == list(b.values)
    for name in a.values:
        np.testing.assert_array_equal(a.values[name], b.values[name])
    assert float(a.values["L"]) != float(other.values["L"])


@pytest.mark.parametrize("seed", range(6))
def test_sizes_are_distinct_and_at_least_two(seed: int) -> None:
    dims = draw(classifier().problem(), seed).dims
    assert len(set(dims.values())) == 3
    assert min(dims.values()) >= 2


def test_every_seed_in_a_row_has_other_sizes() -> None:
    p = Build()
    x = p.leaf("x", "D")
    p.node("L", (), Reduce("sum", x))
    assert len({env.dims["D"] for env in draws(p.problem())}) == 3


def test_declared_sizes_are_kept_and_avoided_by_the_others() -> None:
    p = classifier()
    p.sizes = {"D0": 3}
    for env in draws(p.problem(), 8):
        assert env.dims["D0"] == 3
        assert 3 not in (env.dims["D1"], env.dims["D2"])
    assert draw(p.problem(), 0, sizes={"D1": 9, "D0": 2}).dims["D1"] == 9


def test_many_dimensions_stay_small_and_differ_from_their_neighbours() -> None:
    env = draw(deep_batch(40).problem(), 0)
    sizes = [env.dims[f"D{q}"] for q in range(41)]
    assert max(env.dims.values()) <= 9
    assert all(a != b for a, b in pairwise(sizes))
    assert env.dims["N"] not in sizes


def test_values_have_the_declared_shapes_and_follow_the_equations() -> None:
    p = classifier()
    problem = p.problem()
    env = draw(problem, 1)
    for symbol in problem.symbols.values():
        assert env.values[symbol.name].shape == tuple(env.dims[d] for d in symbol.shape if isinstance(d, str))
    for eq in problem.equations:
        np.testing.assert_array_equal(env.values[eq.name], evaluate(eq.rhs, env, eq.indices))
    t = env.values["t"]
    assert sorted(t) == [0.0] * (t.size - 1) + [1.0]


def test_targets_keep_their_constraints_in_a_batch() -> None:
    p = Build()
    t = p.leaf("T", "N", "K", role="target", one_hot=True)
    q = p.leaf("Q", "N", "K", role="target", sums_to_one=True)
    p.node("L", (), Reduce("sum", Mul((t, q))))
    for env in draws(p.problem()):
        np.testing.assert_array_equal(env.values["T"].sum(axis=1), 1.0)
        assert set(env.values["T"].ravel()) == {0.0, 1.0}
        np.testing.assert_allclose(env.values["Q"].sum(axis=1), 1.0)
        assert env.values["Q"].min() > 0


X, Y = Build().leaf("x", "D"), Build().leaf("y", "D")
HALF_POWER = Num(num(1).value / 2)

DOMAINS: dict[str, Expr] = {
    "log": Fn("log", (X,)),
    "log of a square difference": Fn("log", (minus(Mul((X, X)), Mul((Y, Y))),)),
    "unit interval": Add((Fn("log", (X,)), Fn("log", (minus(ONE, X),)))),
    "sqrt": Fn("sqrt", (minus(X, Y),)),
    "broken power": Pow(Add((X, Y)), HALF_POWER),
    "quotient": Div(X, minus(X, Y)),
    "negative power": Pow(minus(X, Y), num(-2)),
    "abs": Fn("abs", (minus(X, Y),)),
    "largest": Fn("max", (X, Y)),
    "exp of exp": Fn("exp", (Fn("exp", (Fn("exp", (X,)),)),)),
    "log of negated": Fn("log", (Neg(X),)),
}


@pytest.mark.parametrize("rhs", DOMAINS.values(), ids=DOMAINS.keys())
def test_points_lie_in_the_domain(rhs: Expr) -> None:
    for level in ("vector", "sum"):
        p = Build()
        p.leaf("x", "D")
        p.leaf("y", "D", role="input")
        p.node("v", ("D",), rhs)
        p.node("L", (), Reduce("sum", p_sym(p, "v")))
        for env in draws(p.problem()):
            assert np.all(np.isfinite(env.values["v"])), level
            if rhs is DOMAINS["abs"]:
                assert np.abs(env.values["x"] - env.values["y"]).min() > 1e-3


def p_sym(p: Build, name: str) -> Expr:
    return p.problem().sym(name)


def test_deep_domain_is_repaired_where_it_fails() -> None:
    p = Build()
    h: Expr = p.leaf("x", role="input")
    for q in range(200):
        w = p.leaf(f"w{q}")
        h = p.node(f"h{q}", (), Fn("log", (Add((Mul((w, h)), num(2))),)))
    for env in draws(p.problem()):
        assert np.isfinite(env.values["h199"])


def test_no_point_names_the_equation() -> None:
    p = Build()
    x = p.leaf("x")
    p.node("fine", (), Mul((x, x)))
    p.node("wrong", (), Fn("log", (Neg(Mul((x, x))),)))
    with pytest.raises(PlacedError, match=r"equation of wrong.*log") as error:
        draw(p.problem(), 0)
    reason = say("numeric.rejected.domain", name="log", low=0.0, high=float("inf"))
    assert error.value.diagnostic.words == say("numeric.no_point", name="wrong", reason=reason)
    q = Build()
    q.node("c", (), Fn("sqrt", (num(-1),)))
    with pytest.raises(BacksymError, match=r"equation of c.*sqrt"):
        draw(q.problem(), 0)


def test_dead_by_construction_is_accepted() -> None:
    """relu(-x*x) is zero everywhere; it is a legal equation, and its kink is not met."""
    p = Build()
    x = p.leaf("x")
    h = p.node("h", (), Fn("relu", (Neg(Mul((x, x))),)))
    p.node("L", (), Add((h, x)))
    assert float(draw(p.problem(), 0).values["h"]) == 0.0


def test_exact_kink_is_accepted_only_where_conventions_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value, by complex step, and the formula of the derivative choose the same side in the table."""

    def at_kink(name: str) -> Build:
        p = Build()
        x = p.leaf("x")
        zero = p.node("zero", (), minus(x, x))
        p.node("L", (), Add((Fn(name, (zero,)), x)))
        return p

    for name in ("relu", "abs"):
        draw(at_kink(name).problem(), 0)
    monkeypatch.setitem(FUNCTIONS, "relu", replace(FUNCTIONS["relu"], partials=("[x >= 0]",)))
    with pytest.raises(BacksymError, match="relu is at or near its kink"):
        draw(at_kink("relu").problem(), 0)


@pytest.mark.parametrize(
    "example", [scalar_chain(400, "relu"), deep_batch(64, "relu", bias=False)], ids=["chain", "net"]
)
def test_no_layer_dies(example: Build) -> None:
    for env in draws(example.problem()):
        for name, value in env.values.items():
            assert np.any(value), name


def test_sums_to_one_finds_what_softmax_makes() -> None:
    p = Build()
    z, s = p.leaf("Z", "N", "K"), p.leaf("S", "K", "K")
    p.leaf("t", "K", role="target", one_hot=True)
    p.leaf("r", "K", role="input")
    a = p.node("A", ("N", "K"), Fn("softmax", (z,), kind="rowwise"))
    k, k2 = Ix("k", "K"), Ix("k'", "K")
    exp = Fn("exp", (at(s, k2, k),))
    p.node("C", ("K", "K"), Div(Fn("exp", (at(s, k, k2),)), total(exp, k2)), k2, k)
    p.node("B", ("N", "K"), Mul((a, a)))
    p.node("M", ("N", "K"), MatMul((a, T(p.problem().sym("C")))))
    p.node("L", (), Reduce("sum", MatMul((a, T(s)))))
    problem = p.problem()
    found = sums_to_one(problem, draws(problem))
    assert {"A", "t"} <= found
    assert not found & {"B", "L", "r", "S", "Z", "M"}


def test_abstract_functions_get_an_instance() -> None:
    p = Build()
    p.abstract = frozenset({"phi"})
    x, y, t = p.leaf("x", "D"), p.leaf("y", "D"), p.leaf("t", "D", role="target")
    h = p.node("h", ("D",), Fn("phi", (Mul((x, y)),)))
    p.node("L", (), Fn("loss", (h, t), kind="scalar"))
    env = draw(p.problem(), 0)
    assert set(env.functions) == {"phi", "loss"}
    assert np.isfinite(env.values["L"])
    assert draw(p.problem(), 0).values["L"] == env.values["L"]


def test_reductions_over_letters_are_sampled() -> None:
    p = Build()
    i = Ix("i", "D")
    x = p.leaf("x", "D")
    p.node("L", (), IndexReduce("max", Fn("sigmoid", (at(x, i),)), (i,)))
    assert 0 < float(draw(p.problem(), 0).values["L"]) < 1

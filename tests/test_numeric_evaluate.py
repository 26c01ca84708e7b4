"""The evaluator against hand-written NumPy, for every kind of node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Add,
    Adj,
    Cmp,
    Const,
    Delta,
    Div,
    Entry,
    Expr,
    Eye,
    Fn,
    IndexPick,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pick,
    Pow,
    Reduce,
    Size,
    Sym,
    T,
    Zeros,
    num,
    rebuild,
)
from backsym.core.problem import NodeEquation
from backsym.numeric import context
from backsym.numeric.abstract import SmoothFunction, SmoothLoss
from backsym.numeric.context import Context, Known
from backsym.numeric.evaluate import Env, ev, evaluate

pytestmark = pytest.mark.quick("numeric")

RNG = np.random.default_rng(11)
DIMS = {"N": 2, "D": 3, "K": 4}
VALUES = {
    "s": np.asarray(0.7),
    "one": np.asarray([1.3]),
    "x": RNG.standard_normal(3),
    "y": RNG.standard_normal(3),
    "b": RNG.standard_normal(4),
    "X": RNG.standard_normal((2, 3)),
    "c": RNG.standard_normal((2, 1)),
    "W": RNG.standard_normal((4, 3)),
    "w": RNG.standard_normal((1, 3)),
    "S": RNG.standard_normal((3, 3)),
    "A": RNG.standard_normal((2, 4, 3)),
}
SHAPES = {
    "s": (),
    "one": (1,),
    "x": ("D",),
    "y": ("D",),
    "b": ("K",),
    "X": ("N", "D"),
    "c": ("N", 1),
    "W": ("K", "D"),
    "w": (1, "D"),
    "S": ("D", "D"),
    "A": ("N", "K", "D"),
}
SYM: dict[str, Sym] = {name: Sym(name, shape) for name, shape in SHAPES.items()}  # type: ignore[arg-type]
ENV = Env(DIMS, VALUES, adjoints={name: RNG.standard_normal(v.shape) for name, v in VALUES.items()})
s, one, x, y, b, X, c, W, w, S, A = (SYM[n] for n in "s one x y b X c W w S A".split())
i, j, k, n = Ix("i", "D"), Ix("j", "D"), Ix("k", "K"), Ix("n", "N")
V = {name: VALUES[name] for name in VALUES}


def at(base: Expr, *indices: Ix) -> Entry:
    return Entry(base, indices)


def eye(size: int, position: int) -> np.ndarray:
    return np.eye(size)[position]


ARRAY_CASES: list[tuple[Expr, object]] = [
    (num(Fraction(1, 3)), 1 / 3),
    (Const("pi"), np.pi),
    (s, V["s"]),
    (X, V["X"]),
    (Adj("W", ("K", "D")), ENV.adjoints["W"]),
    (Size("D"), 3.0),
    (Ones(("N", "D")), np.ones((2, 3))),
    (Zeros(("K",)), np.zeros(4)),
    (Eye("D"), np.eye(3)),
    (Add((X, x)), V["X"] + V["x"]),
    (Add((S, x)), V["S"] + V["x"]),
    (Add((X, c, s)), V["X"] + V["c"] + V["s"]),
    (Neg(X), -V["X"]),
    (Mul((x, y, s)), V["x"] * V["y"] * V["s"]),
    (Mul((c, X)), V["c"] * V["X"]),
    (Div(X, c), V["X"] / V["c"]),
    (Pow(x, num(2)), V["x"] ** 2),
    (Pow(x, num(-3)), V["x"] ** -3),
    (Pow(x, num(0)), np.ones(3)),
    (Pow(Pow(x, num(2)), num(Fraction(1, 2))), np.abs(V["x"])),
    (Pow(num(2), x), 2 ** V["x"]),
    (MatMul((W, x)), V["W"] @ V["x"]),
    (MatMul((X, T(W))), V["X"] @ V["W"].T),
    (MatMul((x, T(b))), np.outer(V["x"], V["b"])),
    (MatMul((T(x), y)), V["x"] @ V["y"]),
    (MatMul((w, x)), (V["w"] @ V["x"])[0]),
    (MatMul((x, s)), V["x"] * V["s"]),
    (MatMul((x, one)), V["x"] * V["one"]),
    (MatMul((T(x), S, x)), V["x"] @ V["S"] @ V["x"]),
    (MatMul((s, s)), V["s"] ** 2),
    (MatMul((T(one), one)), V["one"][0] ** 2),
    (T(x), V["x"][None, :]),
    (T(X), V["X"].T),
    (T(s), V["s"]),
    (T(w), V["w"].T),
    (Fn("tanh", (X,)), np.tanh(V["X"])),
    (Fn("relu", (x,), order=1), (V["x"] > 0) * 1.0),
    (Fn("leaky_relu", (x,)), np.where(V["x"] > 0, V["x"], 0.01 * V["x"])),
    (Fn("max", (X, x)), np.maximum(V["X"], V["x"])),
    (Fn("softmax", (X,), kind="rowwise"), np.exp(V["X"]) / np.exp(V["X"]).sum(1, keepdims=True)),
    (Fn("logsumexp", (X,), kind="rowreduce"), np.log(np.exp(V["X"]).sum(1))),
    (Fn("logsumexp", (x,), kind="rowreduce"), np.log(np.exp(V["x"]).sum())),
    (Fn("logsumexp", (w,), kind="rowreduce"), np.log(np.exp(V["w"]).sum())),
    (Fn("softmax", (s,), kind="rowwise"), 1.0),
    (Fn("norm", (X,), kind="scalar"), np.linalg.norm(V["X"])),
    (Fn("norm", (x,), order=1, kind="scalar"), V["x"] / np.linalg.norm(V["x"])),
    (Fn("diag", (x,), kind="diag"), np.diag(V["x"])),
    (Fn("diag", (S,), kind="diag"), np.diag(V["S"])),
    (Cmp(">", X, num(0)), (V["X"] > 0) * 1.0),
    (Cmp("<=", x, y), (V["x"] <= V["y"]) * 1.0),
    (Reduce("sum", X), V["X"].sum()),
    (Reduce("sum", X, 0), V["X"].sum(0)),
    (Reduce("mean", X, 1, True), V["X"].mean(1, keepdims=True)),
    (Reduce("max", X, -1), V["X"].max(1)),
    (Reduce("min", W), V["W"].min()),
    (Reduce("sum", w, 1), V["w"].sum()),
    (Pick("max", x), eye(3, int(V["x"].argmax()))),
    (Pick("min", X, 1), np.eye(3)[V["X"].argmin(1)]),
    (Pick("max", X, 0), np.eye(2)[V["X"].argmax(0)].T),
    (Pick("max", X), eye(6, int(V["X"].argmax())).reshape(2, 3)),
]


@pytest.mark.parametrize(("e", "expected"), ARRAY_CASES, ids=[repr(e)[:50] for e, _ in ARRAY_CASES])
def test_array_level(e: Expr, expected: object) -> None:
    value = evaluate(e, ENV)
    assert value.dtype == float
    assert value.shape == tuple(d if isinstance(d, int) else DIMS[d] for d in e.shape)
    np.testing.assert_allclose(value, np.asarray(expected), rtol=1e-13)


INDEX_CASES: list[tuple[Expr, tuple[Ix, ...], object]] = [
    (at(W, k, j), (k, j), V["W"]),
    (at(W, k, j), (j, k), V["W"].T),
    (at(T(W), j, k), (j, k), V["W"].T),
    (at(S, i, i), (i,), np.diag(V["S"])),
    (at(W, k, Ix("2", "D")), (k,), V["W"][:, 1]),
    (at(W, Ix("4", "K"), Ix("2", "D")), (), V["W"][3, 1]),
    (at(c, n, Ix("1", 1)), (n, Ix("1", 1)), V["c"]),
    (num(2), (i,), np.full(3, 2.0)),
    (Mul((at(x, i), at(y, j))), (i, j), np.outer(V["x"], V["y"])),
    (Mul((at(x, i), at(y, j))), (j, i), np.outer(V["y"], V["x"])),
    (IndexReduce("sum", Mul((at(W, k, j), at(x, j))), (j,)), (k,), V["W"] @ V["x"]),
    (IndexReduce("sum", at(x, j), (j, k)), (), 4 * V["x"].sum()),
    (IndexReduce("sum", Mul((at(x, j), at(y, j))), (j, k)), (), 4 * V["x"] @ V["y"]),
    (IndexReduce("mean", at(x, j), (j, k)), (), V["x"].mean()),
    (IndexReduce("max", at(x, j), (k,)), (j,), V["x"]),
    (IndexReduce("max", at(W, k, j), (j,)), (k,), V["W"].max(1)),
    (IndexReduce("min", at(W, k, j), (k, j)), (), V["W"].min()),
    # Inside the sum i is bound, outside it is free: the two never meet.
    (Mul((at(x, i), IndexReduce("sum", at(x, i), (i,)))), (i,), V["x"] * V["x"].sum()),
    (IndexReduce("sum", MatMul((W, x)), (n,)), (), 2 * (V["W"] @ V["x"])),
    (IndexPick("max", at(x, j), (j,), (i,)), (i,), eye(3, int(V["x"].argmax()))),
    (IndexPick("max", at(W, k, j), (j,), (i,)), (k, i), np.eye(3)[V["W"].argmax(1)]),
    (IndexPick("min", at(W, k, j), (k, j), (k, i)), (k, i), eye(12, int(V["W"].argmin())).reshape(4, 3)),
    (IndexPick("max", at(S, i, j), (j,), (i,)), (i,), (V["S"].argmax(1) == np.arange(3)) * 1.0),
    (IndexPick("max", at(x, i), (j,), (j,)), (i, j), np.tile(eye(3, 0), (3, 1))),
    (Delta(i, j), (i, j), np.eye(3)),
    (Delta(i, i), (i,), np.ones(3)),
    (Delta(i, Ix("2", "D")), (i,), eye(3, 1)),
    (Delta(Ix("1", "D"), Ix("2", "D")), (), 0.0),
    (
        at(Fn("softmax", (A,), kind="rowwise"), n, k, j),
        (n, k, j),
        np.exp(V["A"]) / np.exp(V["A"]).sum(-1, keepdims=True),
    ),
    (Fn("exp", (Mul((at(x, i), at(b, k))),)), (k, i), np.exp(np.outer(V["b"], V["x"]))),
    (Fn("tanh", (Mul((at(x, i), at(b, k))),), order=1), (k, i), 1 - np.tanh(np.outer(V["b"], V["x"])) ** 2),
    (Pow(Fn("exp", (at(x, i),)), at(S, j, j)), (j, i), np.exp(np.outer(np.diag(V["S"]), V["x"]))),
    (Mul((at(x, i), X)), (i,), V["x"][:, None, None] * V["X"]),
    (MatMul((Mul((at(b, k), X)), x)), (k,), V["b"][:, None] * (V["X"] @ V["x"])),
]


@pytest.mark.parametrize(("e", "free", "expected"), INDEX_CASES, ids=[repr(e)[:50] for e, _, _ in INDEX_CASES])
def test_index_level(e: Expr, free: tuple[Ix, ...], expected: np.ndarray) -> None:
    np.testing.assert_allclose(evaluate(e, ENV, free), np.asarray(expected), rtol=1e-13)


KEPT = [e for e, _ in ARRAY_CASES] + [e for e, _, _ in INDEX_CASES]


def test_equal_expressions_have_one_number() -> None:
    known = Known()
    numbers = [known.number(e) for e in KEPT]
    for e, number in zip(KEPT, numbers, strict=True):
        assert [known.number(other) == number for other in KEPT] == [e == other for other in KEPT]
        assert known.number(rebuilt(e)) == number
    assert known.number(Num(Fraction(2), "2.0")) == known.number(num(2))
    assert known.number(at(x, i)) != known.number(at(x, j)) != known.number(at(y, j))


def rebuilt(e: Expr) -> Expr:
    """An equal expression of other objects."""
    done = rebuild(e, rebuilt)
    return replace(done) if done is e else done


def test_what_is_kept_is_what_is_found_anew() -> None:
    ctx = replace(Context.of(ENV), known=Known())
    for e in (*KEPT, *map(rebuilt, KEPT)):
        names, value = ev(e, ctx)
        others, expected = ev(e, Context.of(ENV))
        assert names == others
        np.testing.assert_array_equal(value, expected)
    moved = ctx.with_values({**V, "x": V["x"] + 1})
    np.testing.assert_array_equal(ev(Mul((x, y, s)), moved)[1], (V["x"] + 1) * V["y"] * V["s"])


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for limits in ((2, 10**9), (10**9, 11)):
        known = Known()
        monkeypatch.setattr(context, "MOST_NODES", limits[0])
        monkeypatch.setattr(context, "MOST_ELEMENTS", limits[1])
        ctx = replace(Context.of(ENV), known=known)
        ev(Neg(X), ctx)
        known.bound()
        assert known.value(known.number(Neg(X))) is not None
        ev(Neg(W), ctx)
        known.bound()
        assert known.value(known.number(Neg(X))) is None


def test_ties_go_to_the_first_position() -> None:
    env = Env({"D": 3}, {"x": np.asarray([1.0, 2.0, 2.0])})
    np.testing.assert_array_equal(evaluate(Pick("max", x), env), [0, 1, 0])
    np.testing.assert_array_equal(evaluate(IndexPick("max", at(x, j), (j,), (i,)), env, (i,)), [0, 1, 0])


def test_large_contraction_is_not_built() -> None:
    dims = {"N": 300, "D": 300, "K": 300}
    rng = np.random.default_rng(0)
    a, m = rng.standard_normal((300, 300)), rng.standard_normal((300, 300))
    env = Env(dims, {"X": a, "W": m})
    e = IndexReduce("sum", Mul((at(W, k, j), at(X, n, j))), (j,))
    np.testing.assert_allclose(evaluate(e, env, (n, k)), a @ m.T, rtol=1e-9, atol=1e-9)
    with pytest.raises(BacksymError, match="too large"):
        evaluate(IndexReduce("max", Mul((at(W, k, j), at(X, n, j))), (j,)), env, (n, k))


# --- derivatives -----------------------------------------------------------------------------------------------------


def equation(name: str, shape: tuple[str, ...], indices: tuple[Ix, ...], rhs: Expr) -> NodeEquation:
    return NodeEquation(name, shape, indices, rhs, "", bool(indices))


def test_partial_is_the_local_jacobian() -> None:
    z = Sym("z", ("K",))
    j2 = Ix("j'", "D")
    eq = equation("z", ("K",), (k,), IndexReduce("sum", Mul((at(W, k, j), Fn("tanh", (at(x, j),)))), (j,)))
    env = replace(ENV, values={**V, "z": np.zeros(4)}, equations={"z": eq})
    k2 = Ix("k'", "K")
    np.testing.assert_allclose(
        evaluate(Partial(at(z, k), at(x, j2)), env, (k, j2)), V["W"] * (1 - np.tanh(V["x"]) ** 2), rtol=1e-13
    )
    expected = np.einsum("ka,j->kaj", np.eye(4), np.tanh(V["x"]))
    np.testing.assert_allclose(evaluate(Partial(at(z, k), at(W, k2, j2)), env, (k, k2, j2)), expected, rtol=1e-13)
    np.testing.assert_allclose(
        evaluate(Partial(at(z, k), at(W, k, j2)), env, (k, j2)), np.tile(np.tanh(V["x"]), (4, 1)), rtol=1e-13
    )
    np.testing.assert_array_equal(evaluate(Partial(at(z, k), at(y, i)), env, (k, i)), np.zeros((4, 3)))
    np.testing.assert_array_equal(evaluate(Partial(at(z, k), at(z, k2)), env, (k, k2)), np.eye(4))


def test_partial_of_an_array_equation_and_of_scalars() -> None:
    loss, z = Sym("L", ()), Sym("Z", ("N", "K"))
    equations = {
        "L": equation("L", (), (), Reduce("sum", Pow(x, num(2)))),
        "Z": equation("Z", ("N", "K"), (), Add((MatMul((X, T(W))), b))),
    }
    env = replace(ENV, equations=equations)
    np.testing.assert_allclose(evaluate(Partial(loss, at(x, i)), env, (i,)), 2 * V["x"], rtol=1e-13)
    jac = evaluate(Partial(at(z, n, k), at(W, k, j)), env, (n, k, j))
    np.testing.assert_allclose(jac, np.broadcast_to(V["X"][:, None, :], (2, 4, 3)), rtol=1e-13)
    assert evaluate(Partial(loss, loss), env) == 1.0
    with pytest.raises(BacksymError, match="plain real value"):
        evaluate(Partial(loss, at(x, i)), replace(env, values={**V, "x": V["x"] + 1j}), (i,))


def test_negative_base_keeps_its_complex_step() -> None:
    h = 1e-30
    for power in (num(2), num(3), num(-1), num(-2), num(100), num(101)):
        env = Env({}, {"s": np.asarray(-1.1 + 1j * h)})
        p = float(power.value)
        assert evaluate(Pow(s, power), env).imag / h == pytest.approx(p * (-1.1) ** (p - 1), rel=1e-12)


def test_max_follows_the_real_part() -> None:
    env = Env({"D": 2}, {"x": np.asarray([1.0 + 1e-30j, 3.0 + 2e-30j])})
    assert evaluate(Reduce("max", x), env) == 3.0 + 2e-30j


def test_abstract_function_has_exact_derivatives() -> None:
    phi = SmoothFunction(0.8, 1.1, 0.3, 0.5)
    env = replace(ENV, functions={"phi": phi})
    h = 1e-30
    for order in range(4):
        step = phi.derivative(order, V["x"] + 1j * h).imag / h
        np.testing.assert_allclose(evaluate(Fn("phi", (x,), order=order + 1), env), step, rtol=1e-12)
    np.testing.assert_allclose(
        evaluate(Fn("phi", (at(x, i),), order=2), env, (i,)), evaluate(Fn("phi", (x,), order=2), env)
    )


@pytest.mark.parametrize("name", ["x", "X", "s"])
def test_abstract_loss_has_an_exact_gradient(name: str) -> None:
    loss = SmoothLoss.random(np.random.default_rng(5))
    env = replace(ENV, functions={"loss": loss})
    arg, value = SYM[name], V[name]
    gradient = evaluate(Fn("loss", (arg, y), order=1, kind="scalar"), env)
    expected = np.zeros(value.shape)
    for position in np.ndindex(value.shape):
        moved = value.astype(complex)
        moved[position] += 1e-30j
        stepped = replace(env, values={**V, name: moved})
        expected[position] = evaluate(Fn("loss", (arg, y), kind="scalar"), stepped).imag / 1e-30
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)


# --- errors ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alien(Expr):
    pass


@pytest.mark.parametrize(
    ("e", "error", "message"),
    [
        (Alien(), TypeError, "Alien"),
        (Sym("q", ()), BacksymError, "q has no value"),
        (Adj("q", ()), BacksymError, "adjoint of q"),
        (at(x, i), BacksymError, "index i is free"),
        (at(x, k), BacksymError, "index k runs over K"),
        (at(x, Ix("4", "D")), BacksymError, "outside 1..3"),
        (at(x, i, j), BacksymError, "2 indices"),
        (Size("Q"), BacksymError, "dimension Q"),
        (Const("tau"), BacksymError, "constant tau"),
        (Fn("frob", (x,)), BacksymError, "frob"),
        (Fn("softmax", (x,), order=1, kind="rowwise"), BacksymError, "softmax"),
        (Partial(X, s), BacksymError, "local derivative"),
        (Partial(s, x), BacksymError, "local derivative"),
        (Reduce("median", x), TypeError, "median"),
        (Cmp("~", x, y), TypeError, "~"),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_what_cannot_be_evaluated_says_so(e: Expr, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        evaluate(e, ENV)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["tanh", "exp", "sin", "sigmoid", "log"])
def test_derivatives_of_any_order(name: str, order: int) -> None:
    """Against SymPy's, evaluated with thirty digits."""
    import sympy

    z = sympy.Symbol("z")
    formula = 1 / (1 + sympy.exp(-z)) if name == "sigmoid" else getattr(sympy, name)(z)
    values = np.array([0.3, 1.1, 2.5])
    expected = [float(sympy.diff(formula, z, order).subs(z, v).evalf(30)) for v in values]
    found = evaluate(Fn(name, (Sym("v", ("D",)),), order=order), Env({"D": 3}, {"v": values}))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_the_third_derivative_of_a_piecewise_linear_function_is_zero() -> None:
    found = evaluate(Fn("relu", (Sym("v", ("D",)),), order=3), Env({"D": 2}, {"v": np.array([-1.0, 2.0])}))
    assert found.tolist() == [0.0, 0.0]


# --- properties ------------------------------------------------------------------------------------------------------

OPS = ["sum", "mean", "max"]

LETTERS = [Ix(letter, "D") for letter in ("i", "j", "k'", "l")]


def scalars(bound: tuple[Ix, ...]) -> st.SearchStrategy[Expr]:
    """Random index-level expressions over square shapes, whose letters are all in ``bound``."""
    letter = st.sampled_from(bound)
    leaf = st.one_of(
        st.builds(lambda a: at(x, a), letter),
        st.builds(lambda a, z: at(S, a, z), letter, letter),
        st.builds(Delta, letter, letter),
        st.just(num(Fraction(-3, 2))),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda a, z: Add((a, z)), inner, inner),
            st.builds(lambda a, z: Mul((a, z)), inner, inner),
            st.builds(Neg, inner),
            st.builds(lambda a: Fn("tanh", (a,)), inner),
            st.builds(lambda op, a, ix: IndexReduce(op, a, (ix,)), st.sampled_from(OPS), inner, letter),
            st.builds(lambda a, ix, to: IndexPick("max", a, (ix,), (to,)), inner, letter, letter),
        ),
        max_leaves=8,
    )


def renamed(e: Expr, table: dict[Ix, Ix]) -> Expr:
    """The same expression with every letter, bound or free, replaced: a bijection changes nothing."""
    from backsym.core.expr import rebuild

    def swap(indices: tuple[Ix, ...]) -> tuple[Ix, ...]:
        return tuple(table.get(ix, ix) for ix in indices)

    e = rebuild(e, lambda child: renamed(child, table))
    if isinstance(e, Entry):
        return replace(e, indices=swap(e.indices))
    if isinstance(e, Delta):
        return Delta(table[e.i], table[e.j])
    if isinstance(e, IndexReduce):
        return replace(e, indices=swap(e.indices))
    if isinstance(e, IndexPick):
        return replace(e, indices=swap(e.indices), at=swap(e.at))
    return e


@settings(max_examples=150, deadline=None)
@given(scalars(tuple(LETTERS)), st.permutations(LETTERS))
def test_renaming_letters_changes_no_value(e: Expr, order: list[Ix]) -> None:
    table = dict(zip(LETTERS, order, strict=True))
    free = tuple(LETTERS)
    np.testing.assert_allclose(
        evaluate(e, ENV, free), evaluate(renamed(e, table), ENV, tuple(order)), rtol=1e-12, atol=1e-13
    )


@settings(max_examples=100, deadline=None)
@given(scalars(tuple(LETTERS)))
def test_an_outer_letter_never_reaches_a_bound_one(e: Expr) -> None:
    """Entry by entry with the free letters fixed gives the same as all at once."""
    free = tuple(LETTERS)
    whole = evaluate(e, ENV, free)
    body = IndexReduce("sum", Mul((e, *(Delta(ix, Ix("2", "D")) for ix in free))), free)
    np.testing.assert_allclose(evaluate(body, ENV), whole[1, 1, 1, 1], rtol=1e-12, atol=1e-13)

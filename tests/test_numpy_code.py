"""NumPy source: as people write it, and equal in value and shape to the evaluator on everything.

The only code that is executed here is what ``numpy_source`` has just written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from extent import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    ONE,
    ZERO,
    Add,
    Adj,
    Cmp,
    Const,
    Delta,
    Dim,
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
    Shape,
    Size,
    Sym,
    T,
    Zeros,
    free_indices,
    num,
)
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import NodeEquation, Problem, Symbol
from backsym.numeric.abstract import SmoothFunction, SmoothLoss
from backsym.numeric.evaluate import Env, evaluate
from backsym.printing.numpy.code import numpy_source, python_name

SIZES = {"N": 5, "K": 3, "J": 4, "I": 2}
SHAPES: dict[str, Shape] = {
    "X": ("N", "K"), "Y": ("N", "K"), "W": ("K", "J"), "V": ("K", "K"), "H": ("N", "J"), "x": ("K",), "y": ("K",),
    "h": ("J",), "v": ("N",), "c": (), "s": (), "r": (1, "K"), "q": ("K", 1), "u": (1,), "uu": (1, 1),
}  # fmt: skip
S = {name: Sym(name, shape) for name, shape in SHAPES.items()}
X, Y, W, V, H, x, y, h, v, c, s, r, q, u, uu = S.values()
dx, dX, dr = Adj("x", ("K",)), Adj("X", ("N", "K")), Adj("r", (1, "K"))
n, k, j = Ix("n", "N"), Ix("k", "K"), Ix("j", "J")
kp, np_ = Ix("k'", "K"), Ix("n'", "N")
one = Ix("1", 1)

PROBLEM = Problem(
    title="t",
    equations=(),
    loss="L",
    symbols={name: Symbol(name, shape, "parameter") for name, shape in SHAPES.items()},
    dims={},
    index_dims={},
    abstract=frozenset(("phi",)),
)


def env(seed: int = 0) -> Env:
    rng = np.random.default_rng(seed)

    def draw(shape: Shape) -> np.ndarray:
        return rng.uniform(0.2, 0.9, [SIZES.get(d, d) for d in shape])  # type: ignore[arg-type]

    return Env(
        dims=dict(SIZES),
        values={name: draw(shape) for name, shape in SHAPES.items()},
        adjoints={name: draw(shape) - 0.5 for name, shape in SHAPES.items()},
        functions={"phi": SmoothFunction.random(rng), "loss": SmoothLoss.random(rng)},
    )


ENV = env()


def run(source: str, point: Env = ENV) -> np.ndarray:
    names: dict[str, object] = {"np": np, "math": math}
    names |= point.values
    names |= {f"d_{name}": value for name, value in point.adjoints.items()}

    def instance(name: str, order: int) -> Callable[..., np.ndarray]:
        return lambda *args: point.functions[name].derivative(order, *args)

    for name in point.functions:
        names[name], names[f"{name}_prime"] = instance(name, 0), instance(name, 1)
    return np.asarray(eval(source, names))  # the source that was just written, see above


def agrees(expr: Expr, free: tuple[Ix, ...] = ()) -> None:
    source = numpy_source(expr, PROBLEM, free)
    with np.errstate(all="ignore"):
        got, expected = run(source), evaluate(expr, ENV, free)
    assert got.shape == expected.shape, source
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12, err_msg=source)


def at(base: Expr, *indices: Ix) -> Entry:
    return Entry(base, indices)


def fn(name: str, *args: Expr, order: int = 0, kind: str = "elementwise") -> Fn:
    return Fn(name, args, order, kind)


def total(body: Expr, *indices: Ix) -> IndexReduce:
    return IndexReduce("sum", body, indices)


def diag(vector: Expr) -> Expr:
    return fn("diag", vector, kind="diag")


WRITTEN: list[tuple[str, Expr, tuple[Ix, ...]]] = [
    ("W.T @ d_x", MatMul((T(W), dx)), ()),
    ("np.outer(d_x, h)", MatMul((dx, T(h))), ()),
    ("x @ y", MatMul((T(x), y)), ()),
    ("X @ W + h", Add((MatMul((X, W)), MatMul((Ones(("N",)), T(h))))), ()),
    ("np.outer(np.ones(X.shape[0]), h)", MatMul((Ones(("N",)), T(h))), ()),
    ("X + v[:, None]", Add((X, MatMul((v, T(Ones(("K",))))))), ()),
    ("np.exp(x) / np.exp(x).sum()", Div(fn("exp", x), MatMul((T(Ones(("K",))), fn("exp", x)))), ()),
    (
        "np.exp(X) / np.exp(X).sum(axis=1)[:, None]",
        Div(fn("exp", X), MatMul((fn("exp", X), Ones(("K",)), T(Ones(("K",)))))),
        (),
    ),
    ("d_X.sum(axis=0)", MatMul((T(dX), Ones(("N",)))), ()),
    ("(W.T @ d_x) * (h > 0)", Mul((MatMul((T(W), dx)), fn("relu", h, order=1))), ()),
    ("(r @ x)[0]", MatMul((r, x)), ()),
    ("1 / X.shape[0] * (X - Y)", Mul((Div(ONE, Size("N")), Add((X, Neg(Y))))), ()),
    ("-(x - y)", Neg(Add((x, Neg(y)))), ()),
    ("x[None, :]", T(x), ()),
    ("x[:, None] * W", MatMul((diag(x), W)), ()),
    ("X * x", MatMul((X, diag(x))), ()),
    ("(X @ W) * h", MatMul((X, W, diag(h))), ()),
    ("x * y", MatMul((diag(x), y)), ()),
    ("x", MatMul((diag(x), Ones(("K",)))), ()),
    ("np.diag(x * y)", MatMul((diag(x), diag(y))), ()),
    ("np.eye(X.shape[1])", Eye("K"), ()),
    ("phi_prime(x)", fn("phi", x, order=1), ()),
    ("loss_prime(x, y)", fn("loss", x, y, order=1, kind="scalar"), ()),
    ("np.einsum(\"kj,j->k\", W, h) + x", Add((total(Mul((at(W, k, j), at(h, j))), j), at(x, k))), (k,)),
    ("d_x[:, None] * h", Mul((at(dx, k), at(h, j))), (k, j)),
    ("d_x * h[:, None]", Mul((at(dx, k), at(h, j))), (j, k)),
    ("np.exp(x) / np.exp(x).sum()", Div(fn("exp", at(x, k)), total(fn("exp", at(x, kp)), kp)), (k,)),
    ("d_X.sum(axis=0)", total(at(dX, n, k), n), (k,)),
    ("-np.einsum(\"k,k->\", y, np.log(x))", Neg(total(Mul((at(y, k), fn("log", at(x, k)))), k)), ()),
    ("np.full(X.shape[1], 1.0)", ONE, (k,)),
    ("np.eye(X.shape[1])[np.argmax(X, axis=-1)]", IndexPick("max", at(X, n, kp), (kp,), (k,)), (n, k)),
    ("1.0", ONE, ()),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expr", "free"), WRITTEN, ids=[w[0] for w in WRITTEN])
def test_written_as_people_write_it(source: str, expr: Expr, free: tuple[Ix, ...]) -> None:
    assert numpy_source(expr, PROBLEM, free) == source
    agrees(expr, free)


PRODUCTS = [
    (r, x), (T(x), x), (x, T(x)), (x, r), (T(r), T(h)), (T(r), c), (q, T(h)), (q, c), (T(q), x), (W, h), (r, W),
    (T(x), W), (T(x), W, h), (X, W, h), (T(v), X, W), (x, T(x), x), (Ones(("N",)), T(x), x), (u, T(x)),
    (x, u), (x, uu),
    (uu, r), (u, r), (T(u), r), (c, T(x)), (c, s), (c, r), (T(Ones(("N",))), X), (T(Ones(("N",))), X, Ones(("K",))),
    (X, Ones(("K",))), (Ones(("N",)), T(Ones(("N",))), X), (T(X), Ones(("N",)), T(Ones(("N",)))), (V, V, V),
    (T(MatMul((X, W))), X), (MatMul((x, T(h))), h), (T(x), MatMul((V, x))), (Ones(("N", "K")), W), (x, c), (r, q),
    (q, r), (Ones(("K",)), c), (T(Ones(("K",))), Ones(("K",))), (MatMul((T(x), V)), x), (Neg(T(x)), Mul((c, y))),
    (Mul((x, y)), T(Add((h, h)))), (Eye("K"), x), (Zeros(("K",)), T(h)),
    (diag(x), W), (X, diag(x)), (diag(x), y), (T(x), diag(y)), (diag(x), diag(y)), (diag(x), diag(y), W), (r, diag(x)),
    (diag(v), X, diag(x)), (diag(x), Ones(("K",))), (T(Ones(("K",))), diag(x)), (T(x), diag(y), x), (y, T(x), diag(y)),
    (diag(Add((x, y))), W), (X, diag(Neg(x))), (X, W, diag(Add((h, h)))), (diag(x), Ones(("K",)), T(h)), (diag(x), q),
    (diag(x), Ones(("K", "N"))), (diag(Ones(("K",))), W), (Add((X, Y)), diag(x), W),
]  # fmt: skip


@pytest.mark.parametrize("args", PRODUCTS, ids=[str(number) for number in range(len(PRODUCTS))])
def test_matrix_products_of_every_kind(args: tuple[Expr, ...]) -> None:
    agrees(MatMul(args))
    agrees(T(MatMul(args)))
    agrees(Mul((MatMul(args), num(3))))


OTHERS: list[tuple[Expr, tuple[Ix, ...]]] = [
    (Reduce("sum", X), ()), (Reduce("mean", X, 0), ()), (Reduce("max", X, 1), ()), (Reduce("min", X, -1, True), ()),
    (Reduce("sum", Mul((X, Y)), 0, True), ()), (Reduce("sum", c), ()), (Reduce("sum", r, 1), ()),
    (Div(fn("exp", X), Reduce("sum", fn("exp", X), -1, True)), ()), (Reduce("sum", Cmp(">", X, Y), 0), ()),
    (Pick("max", X), ()), (Pick("min", X, 0), ()), (Pick("max", X, 1), ()), (Pick("max", x), ()),
    (Pick("min", x, 0), ()),
    (fn("softmax", X, kind="rowwise"), ()), (fn("log_softmax", x, kind="rowwise"), ()),
    (fn("logsumexp", X, kind="rowreduce"), ()), (fn("logsumexp", Neg(x), kind="rowreduce"), ()),
    (fn("norm", X, kind="scalar"), ()), (fn("trace", V, kind="scalar"), ()),
    (fn("trace", Add((V, V)), kind="scalar"), ()),
    (fn("diag", V, kind="diag"), ()), (fn("diag", Mul((x, y)), kind="diag"), ()),
    (fn("leaky_relu", Neg(X)), ()), (fn("elu", Neg(x), order=1), ()), (fn("max", X, y), ()),
    (fn("max", X, y, order=1), ()),
    (fn("loss", x, y, kind="scalar"), ()), (fn("loss", c, s, order=1, kind="scalar"), ()),
    (Add((Cmp(">", x, y), Cmp("<", x, c))), ()), (Neg(Cmp(">", x, y)), ()), (Mul((Cmp(">", x, y), Cmp(">", x, c))),
    ()),
    (Mul((num(2), Cmp(">", x, y))), ()), (Neg(Mul((Cmp(">", x, y), x))), ()), (Cmp(">=", X, y), ()),
    (Mul((x, Ones(("K",)))), ()),
    (Mul((c, Ones(("K",)))), ()),
    (Add((X, x, c)), ()), (Add((X, r)), ()), (Add((V, x, q)), ()), (Pow(X, num(2)), ()),
    (Pow(Neg(x), num(-2)), ()), (Pow(num(2), x), ()), (Pow(Add((x, y)), Div(ONE, num(2))), ()),
    (Neg(Pow(x, num(2))), ()),
    (Div(x, Div(y, c)), ()), (Div(Div(x, y), Mul((c, s))), ()), (Mul((c, Num(Fraction(-1, 3)), x)), ()),
    (Add((Num(Fraction(-1)), x, Num(Fraction(-2)))), ()), (Add((x, Neg(Add((y, Neg(x)))))), ()), (Const("pi"), ()),
    (Neg(Neg(x)), ()), (Neg(Add((Neg(x), y))), ()), (Num(Fraction(1, 1000), "1e-3"), ()), (T(c), ()),
    (T(Ones(("K",))), ()),
    # the index level
    (at(X, n, k), (k, n)), (at(V, k, k), (k,)), (at(x, Ix("2", "K")), ()), (at(X, n, Ix("1", "K")), (n,)),
    (at(r, one, k), (one, k)), (at(r, one, k), (k,)), (at(u, one), (one,)), (at(x, k), (k, j)), (at(x, k), (j, k)),
    (Mul((at(X, n, k), at(W, k, j))), (j, n, k)), (total(Mul((at(X, n, k), at(W, k, j))), k), (j, n)),
    (total(at(x, k), k, j), ()), (total(c, k), ()), (total(ONE, k), ()), (total(Mul((c, at(x, k))), k), ()),
    (total(total(Mul((at(X, n, k), fn("log", at(Y, n, k)))), k), n), ()),
    (total(Add((at(x, k), c)), k), ()), (total(Add((at(x, k), at(h, j))), k, j), ()), (total(Neg(at(x, k)), k), ()),
    (total(Div(at(x, k), total(at(y, kp), kp)), k), ()), (total(Div(at(X, n, k), total(at(Y, n, kp), kp)), n), (k,)),
    (total(Div(at(x, k), at(y, k)), k), ()), (total(Mul((Neg(at(x, k)), at(y, k))), k), ()),
    (Mul((total(at(x, k), k), total(at(y, k), k))), ()), (total(Mul((at(x, k), total(Mul((at(y, kp),
    at(V, k, kp))), kp))), k), ()),
    (IndexReduce("mean", at(X, n, k), (n,)), (k,)), (IndexReduce("max", at(X, n, k), (n, k)), ()),
    (IndexReduce("min", Mul((at(X, n, k), at(x, k))), (k,)), (n,)), (IndexReduce("max", c, (k,)), ()),
    (IndexReduce("mean", Add((at(X, n, k), at(h, j))), (n,)), (j, k)),
    (IndexPick("min", at(X, n, kp), (kp,), (k,)), (k, n)), (IndexPick("max", at(X, np_, kp), (np_, kp), (n, k)),
    (n, k)),
    (IndexPick("max", at(x, kp), (kp,), (Ix("2", "K"),)), ()), (IndexPick("max", at(V, k, kp), (kp,), (k,)), (k,)),
    (Delta(k, kp), (k, kp)), (Delta(k, kp), (kp, k)), (Delta(k, k), (k,)), (Delta(k, Ix("2", "K")), (k,)),
    (total(Mul((Delta(k, kp), at(x, kp))), kp), (k,)), (at(fn("softmax", X, kind="rowwise"), n, k), (n, k)),
    (at(MatMul((X, W)), n, j), (n, j)), (at(T(W), j, k), (j, k)), (at(T(x), one, k), (k,)),
    (fn("sigmoid", at(X, n, k), order=1), (n, k)), (fn("phi", Add((at(x, k), at(h, j)))), (k, j)),
    (fn("max", at(x, k), at(h, j), order=1), (j, k)), (Cmp(">", at(x, k), at(h, j)), (j, k)),
    (Partial(at(W, k, j), at(W, kp, Ix("j'", "J"))), (k, kp, j, Ix("j'", "J"))), (Partial(c, c), ()), (dr, ()),
    (Mul((at(x, k), V)), (k,)), (MatMul((V, Mul((at(x, k), y)))), (k,)), (T(Mul((at(x, k), y))), (k,)),
    (Reduce("sum", Mul((at(h, j), X)), 0), (j,)), (fn("norm", Mul((at(h, j), X)), kind="scalar"), (j,)),
    (fn("diag", Mul((at(h, j), x)), kind="diag"), (j,)), (fn("diag", Mul((at(h, j), V)), kind="diag"), (j,)),
    (at(Mul((at(x, k), y)), kp), (k, kp)), (at(Mul((at(x, k), y)), k), (k,)), (total(Mul((at(h, j), x)), j), ()),
    (total(Mul((at(h, j), at(Mul((at(h, j), x)), k))), j), (k,)), (Mul((at(x, k), X)), (k,)), (Ones(("K",)), (j,)),
    (MatMul((T(Mul((at(h, j), x))), y)), (j,)), (fn("softmax", Mul((at(h, j), X)), kind="rowwise"), (j,)),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "free"), OTHERS, ids=[str(number) for number in range(len(OTHERS))])
def test_every_node_kind(expr: Expr, free: tuple[Ix, ...]) -> None:
    agrees(expr, free)


ELEMENTWISE = [
    (f.name, order) for f in FUNCTIONS.values() if f.kind == "elementwise" for order in ((0, 1) if f.partials else (0,))
]


@pytest.mark.parametrize(("name", "order"), ELEMENTWISE)
def test_every_elementwise_function(name: str, order: int) -> None:
    table = FUNCTIONS[name]
    args = (Add((X, Neg(Num(Fraction(1, 10), "0.1")))), c, num(2))[: len(table.args)]
    agrees(Mul((num(2), Fn(name, args, order))))
    entries = (Neg(Mul((num(-1), at(x, k)))), at(h, j), num(2))[: len(table.args)]
    agrees(Fn(name, entries, order), (k,) if len(entries) == 1 else (j, k))


# --- random expressions ----------------------------------------------------------------------------------------------

DIMS: tuple[Dim, ...] = ("N", "K", "J")


def index_level(depth: int) -> st.SearchStrategy[Expr]:
    """Index-level expressions over the free letters n, k, j."""
    atoms = st.sampled_from(
        [
            at(X, n, k),
            at(W, k, j),
            at(V, k, k),
            at(x, k),
            at(h, j),
            at(v, n),
            at(H, n, j),
            c,
            num(2),
            Size("K"),
            Delta(k, k),
        ]
    )
    if not depth:
        return atoms
    inner = index_level(depth - 1)
    pairs = st.tuples(inner, inner)
    letters = st.lists(st.sampled_from([n, k, j]), min_size=1, max_size=2, unique=True).map(tuple)
    return st.one_of(
        atoms,
        pairs.map(Add), pairs.map(Mul), st.tuples(inner, inner, inner).map(Mul), inner.map(Neg),
        inner.map(lambda e: Div(e, Add((ONE, Pow(e, num(2)))))), inner.map(lambda e: fn("tanh", e)),
        st.tuples(inner, letters).map(lambda p: IndexReduce("sum", *p)),
        st.tuples(st.sampled_from(["mean", "max"]), inner, letters).map(lambda p: IndexReduce(*p)),
        pairs.map(lambda p: Cmp(">", *p)), pairs.map(lambda p: Mul((p[0], Cmp(">", p[1], ZERO)))),
    )  # fmt: skip


@settings(max_examples=examples(250, 6), deadline=None, derandomize=True)
@given(index_level(4), st.permutations([n, k, j]))
def test_random_index_expressions(expr: Expr, order: list[Ix]) -> None:
    agrees(expr, tuple(order))
    agrees(expr, free_indices(expr))


def array_level(shape: Shape, depth: int) -> st.SearchStrategy[Expr]:
    """Array-level expressions of a given shape, (a, b), (a,) or ()."""
    atoms: list[Expr] = [sym for sym in S.values() if sym.declared == shape]
    atoms += [Ones(shape)] if shape else [num(3), Div(ONE, Size("N"))]
    if len(shape) == 2:
        atoms += [MatMul((Ones(shape[:1]), T(Sym(*name)))) for name in SHAPES.items() if name[1] == shape[1:]]
        atoms += [T(sym) for sym in S.values() if sym.declared == shape[::-1] or (1, *sym.declared) == shape]
    if not depth:
        return st.sampled_from(atoms)
    same, scalar = array_level(shape, depth - 1), array_level((), depth - 1)
    options = [
        st.sampled_from(atoms), st.tuples(same, same).map(Add), st.tuples(same, same).map(Mul), same.map(Neg),
        st.tuples(scalar, same).map(Mul), same.map(lambda e: fn("sigmoid", e, order=1)),
        same.map(lambda e: fn("tanh", e)), same.map(lambda e: Div(e, Add((ONE, Pow(e, num(2)))))),
        st.tuples(same, same).map(lambda p: Cmp(">", *p)),
    ]  # fmt: skip
    options += [_product(shape, middle, depth) for middle in DIMS]
    if len(shape) == 2 and shape[0] != 1:
        column, line = array_level(shape[:1], depth - 1), array_level((1, shape[1]), depth - 1)
        options += [st.tuples(column, line).map(MatMul), array_level(shape[::-1], depth - 1).map(T)]
        options += [st.tuples(same, line).map(Add)]
    return st.one_of(options)


def _product(shape: Shape, middle: Dim, depth: int) -> st.SearchStrategy[Expr]:
    left: Shape = (shape[0], middle) if shape else (1, middle)
    right: Shape = (middle, shape[1]) if len(shape) == 2 else (middle,)
    return st.tuples(array_level(left, depth - 1), array_level(right, depth - 1)).map(MatMul)


def _any_array() -> st.SearchStrategy[Expr]:
    shapes: list[Shape] = [(), ("K",), ("N",), ("N", "K"), ("K", "K"), ("J", "K"), (1, "K")]
    return st.sampled_from(shapes).flatmap(lambda shape: array_level(shape, 2))


@settings(max_examples=examples(250, 6), deadline=None, derandomize=True)
@given(_any_array())
def test_random_array_expressions(expr: Expr) -> None:
    agrees(expr)


# --- names, equations, errors ----------------------------------------------------------------------------------------


def test_a_forward_equation_has_its_declared_shape() -> None:
    assert run(numpy_source(MatMul((T(x), y)), PROBLEM, shape=(1,))).shape == (1,)
    assert run(numpy_source(ONE, PROBLEM, (k,))).shape == (3,)


def test_a_row_is_given_the_shape_of_its_weight() -> None:
    assert numpy_source(Mul((c, x)), PROBLEM, shape=(1, "K")) == "(c * x)[None, :]"


def test_names_that_python_or_the_source_has() -> None:
    symbols = {name: Symbol(name, (), "input") for name in ("lambda", "np", "phi", "z", "d_z", "loss")}
    equation = NodeEquation("loss", (), (), Fn("loss", (Sym("z", ()),), kind="scalar"), "", False)
    problem = Problem("t", (equation,), "loss", symbols, {}, {}, abstract=frozenset(("phi",)))
    assert [python_name(name, problem) for name in symbols] == ["lambda_", "np_", "phi_", "z", "d_z_", "loss_"]


def test_errors_name_what_has_no_source() -> None:
    with pytest.raises(BacksymError, match="index k is free"):
        numpy_source(at(x, k), PROBLEM)
    with pytest.raises(BacksymError, match="local derivative"):
        numpy_source(Partial(c, s), PROBLEM)
    with pytest.raises(BacksymError, match="order 2 of tanh"):
        numpy_source(fn("tanh", x, order=2), PROBLEM)
    with pytest.raises(BacksymError, match="'mystery'"):
        numpy_source(fn("mystery", x), PROBLEM)
    with pytest.raises(TypeError, match="Expr"):
        numpy_source(Expr(), PROBLEM)


def test_a_size_that_is_no_axis_of_any_array_has_its_own_name() -> None:
    assert numpy_source(Ones(("Q",)), PROBLEM) == "np.ones(Q)"

"""Problems with derivatives written by hand, for the tests of the numeric judge."""

from __future__ import annotations

from fractions import Fraction

from backsym.core.expr import (
    ONE,
    Add,
    Adj,
    Dim,
    Div,
    Entry,
    Equation,
    Expr,
    Fn,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Pow,
    Shape,
    Sym,
    T,
    num,
)
from backsym.core.problem import Dimension, NodeEquation, Problem, Symbol
from backsym.core.steps import Derivation

HALF = Num(Fraction(1, 2))


def at(base: Expr, *indices: Ix) -> Entry:
    return Entry(base, indices)


def total(body: Expr, *indices: Ix) -> IndexReduce:
    return IndexReduce("sum", body, indices)


def minus(a: Expr, b: Expr) -> Add:
    return Add((a, Neg(b)))


class Build:
    """Collects symbols, equations and derivatives of one example."""

    def __init__(self, sizes: dict[str, int | None] | None = None) -> None:
        self.symbols: dict[str, Symbol] = {}
        self.equations: list[NodeEquation] = []
        self.derivations: list[Derivation] = []
        self.sizes = sizes or {}
        self.abstract: frozenset[str] = frozenset()

    def leaf(self, name: str, *shape: Dim, role: str = "parameter", **facts: bool) -> Sym:
        self.symbols[name] = Symbol(name, shape, role, **facts)
        return Sym(name, shape)

    def node(self, name: str, shape: Shape, rhs: Expr, *indices: Ix) -> Sym:
        self.symbols[name] = Symbol(name, shape, "node")
        self.equations.append(NodeEquation(name, shape, indices, rhs, name, bool(indices)))
        return Sym(name, shape)

    def adj(self, name: str) -> Adj:
        return Adj(name, self.symbols[name].shape)

    def derive(self, name: str, rhs: Expr, *indices: Ix, matrix: Expr | None = None) -> None:
        whole = self.adj(name)
        entry = Equation(at(whole, *indices) if indices else whole, rhs)
        both = Equation(whole, matrix) if matrix is not None else None
        self.derivations.append(Derivation(name, indices, entry, both, ()))

    def problem(self) -> Problem:
        dims = dict.fromkeys(d for s in self.symbols.values() for d in s.shape if isinstance(d, str))
        return Problem(
            title="example",
            equations=tuple(self.equations),
            loss=self.equations[-1].name,
            symbols=self.symbols,
            dims={d: Dimension(d, size=self.sizes.get(d)) for d in dims},
            index_dims={},
            abstract=self.abstract,
        )


def scalar_network() -> Build:
    """z = w x + b, y = x + tanh z, L = (y - t)^2 / 2: x reaches the loss on two paths."""
    p = Build()
    w, b, x = p.leaf("w"), p.leaf("b"), p.leaf("x", role="input")
    t = p.leaf("t", role="target")
    z = p.node("z", (), Add((Mul((w, x)), b)))
    y = p.node("y", (), Add((x, Fn("tanh", (z,)))))
    p.node("L", (), Mul((HALF, Pow(minus(y, t), num(2)))))
    p.derive("L", ONE)
    p.derive("y", minus(y, t))
    p.derive("z", Mul((p.adj("y"), minus(ONE, Pow(Fn("tanh", (z,)), num(2))))))
    p.derive("w", Mul((p.adj("z"), x)))
    p.derive("b", p.adj("z"))
    p.derive("x", Add((p.adj("y"), Mul((p.adj("z"), w)))))
    return p


def classifier() -> Build:
    """One hidden ReLU layer, softmax and cross-entropy, entry by entry."""
    p = Build()
    i, j, k, k2 = Ix("i", "D0"), Ix("j", "D1"), Ix("k", "D2"), Ix("k'", "D2")
    a0 = p.leaf("a0", "D0", role="input")
    w1, b1 = p.leaf("W1", "D1", "D0"), p.leaf("b1", "D1")
    w2, b2 = p.leaf("W2", "D2", "D1"), p.leaf("b2", "D2")
    t = p.leaf("t", "D2", role="target", one_hot=True, sums_to_one=True)
    z1 = p.node("z1", ("D1",), Add((total(Mul((at(w1, j, i), at(a0, i))), i), at(b1, j))), j)
    a1 = p.node("a1", ("D1",), Fn("relu", (at(z1, j),)), j)
    z2 = p.node("z2", ("D2",), Add((total(Mul((at(a1, j), at(w2, k, j))), j), at(b2, k))), k)
    exp = Fn("exp", (at(z2, k),))
    a2 = p.node("a2", ("D2",), Div(exp, total(Fn("exp", (at(z2, k2),)), k2)), k)
    p.node("L", (), Neg(total(Mul((at(t, k), Fn("log", (at(a2, k),)))), k)))
    p.derive("L", ONE)
    p.derive("a2", Neg(Div(at(t, k), at(a2, k))), k, matrix=Neg(Div(t, a2)))
    p.derive("z2", minus(at(a2, k), at(t, k)), k, matrix=minus(a2, t))
    d2 = p.adj("z2")
    p.derive("W2", Mul((at(d2, k), at(a1, j))), k, j, matrix=MatMul((d2, T(a1))))
    p.derive("b2", at(d2, k), k, matrix=d2)
    p.derive("a1", total(Mul((at(d2, k), at(w2, k, j))), k), j, matrix=MatMul((T(w2), d2)))
    p.derive(
        "z1",
        Mul((at(p.adj("a1"), j), Fn("relu", (at(z1, j),), order=1))),
        j,
        matrix=Mul((p.adj("a1"), Fn("relu", (z1,), order=1))),
    )
    d1 = p.adj("z1")
    p.derive("W1", Mul((at(d1, j), at(a0, i))), j, i, matrix=MatMul((d1, T(a0))))
    p.derive("b1", at(d1, j), j, matrix=d1)
    p.derive("a0", total(Mul((at(d1, j), at(w1, j, i))), j), i, matrix=MatMul((T(w1), d1)))
    return p


def deep_batch(depth: int, name: str = "relu", bias: bool = True, one_width: bool = False) -> Build:
    """A batch network of many layers, at the matrix level, with a mean squared loss."""
    p = Build()
    n = Ix("n", "N")

    def ix(layer: int, letter: str) -> Ix:
        return Ix(letter, width(layer))

    def width(layer: int) -> str:
        return "D" if one_width else f"D{layer}"

    below = p.leaf("A0", "N", width(0), role="input")
    weights, biases, pre, act = [], [], [], [below]
    for q in range(1, depth + 1):
        w, shape = p.leaf(f"W{q}", width(q), width(q - 1)), ("N", width(q))
        product: Expr = MatMul((act[-1], T(w)))
        if bias:
            biases.append(p.leaf(f"b{q}", width(q)))
            product = Add((product, biases[-1]))
        weights.append(w)
        pre.append(p.node(f"Z{q}", shape, product))
        act.append(p.node(f"A{q}", shape, Fn(name, (pre[-1],))))
    target = p.leaf("T", "N", width(depth), role="target")
    k = ix(depth, "k")
    error = minus(at(act[-1], n, k), at(target, n, k))
    p.node("L", (), Mul((HALF, total(Pow(error, num(2)), n, k))))
    p.derive("L", ONE)
    p.derive(f"A{depth}", error, n, k, matrix=minus(act[-1], target))
    for q in range(depth, 0, -1):
        k, j = ix(q, "k"), ix(q - 1, "j")
        up, z, w, low = p.adj(f"A{q}"), pre[q - 1], weights[q - 1], act[q - 1]
        prime = Fn(name, (z,), order=1)
        p.derive(f"Z{q}", Mul((at(up, n, k), Fn(name, (at(z, n, k),), order=1))), n, k, matrix=Mul((up, prime)))
        d = p.adj(f"Z{q}")
        p.derive(f"W{q}", total(Mul((at(d, n, k), at(low, n, j))), n), k, j, matrix=MatMul((T(d), low)))
        if bias:
            p.derive(f"b{q}", total(at(d, n, k), n), k, matrix=MatMul((T(d), Ones(("N",)))))
        p.derive(f"A{q - 1}", total(Mul((at(d, n, k), at(w, k, j))), k), n, j, matrix=MatMul((d, w)))
    return p


def scalar_chain(length: int, name: str = "tanh", shared: bool = False) -> Build:
    """Alternating z = w h + b and h = f(z): ``length`` equations and a squared loss."""
    p = Build()
    h = p.leaf("x", role="input")
    names, paths = [], []
    for q in range(length // 2):
        w = p.leaf("w" if shared else f"w{q}")
        b = p.leaf("b" if shared else f"b{q}")
        z = p.node(f"z{q}", (), Add((Mul((w, h)), b)))
        names.append((w, b, h, z))
        h = p.node(f"h{q}", (), Fn(name, (z,)))
    t = p.leaf("t", role="target")
    p.node("L", (), Mul((HALF, Pow(minus(h, t), num(2)))))
    p.derive("L", ONE)
    p.derive(h.name, minus(h, t))
    for q in range(len(names) - 1, -1, -1):
        w, b, below, z = names[q]
        p.derive(z.name, Mul((p.adj(f"h{q}"), Fn(name, (z,), order=1))))
        paths.append(Mul((p.adj(z.name), below)))
        p.derive(below.name, Mul((p.adj(z.name), w)))
        if not shared:
            p.derive(w.name, paths[-1])
            p.derive(b.name, p.adj(z.name))
    if shared:
        p.derive("w", Add(tuple(paths)))
        p.derive("b", Add(tuple(p.adj(f"z{q}") for q in range(len(names)))))
    return p

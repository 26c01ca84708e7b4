"""The handout's problems and other networks as a SymPy user writes them; each has the names of its file or network."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq, Function, HadamardPower, HadamardProduct, Lambda, MatrixSymbol, OneMatrix, Rational, Trace

Equations = list[Any]

D, E, H, J, K, M, N, D0, D1, D2 = sp.symbols("D E H J K M N D0 D1 D2", integer=True, positive=True)
u = sp.Symbol("u")


def vector(name: str, size: Any) -> Any:
    return MatrixSymbol(name, size, 1)


def vectors(names: str, size: Any) -> Any:
    return [vector(name, size) for name in names.split()]


def arrays(names: str) -> Any:
    return [sp.IndexedBase(name) for name in names.split()]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + sp.exp(-x))


def each(f: Any, x: Any) -> Any:
    return x.applyfunc(Lambda(u, f(u)))


def squared(x: Any) -> Any:
    """The sum of squares of a column."""
    return Trace(x.T * x)


def scalar_tanh() -> Equations:
    w, x, b, t, z, y, L = sp.symbols("w x b t z y L")
    return [Eq(z, w * x + b), Eq(y, x + sp.tanh(z)), Eq(L, (y - t) ** 2 / 2)]


def mlp_entries() -> Equations:
    i = sp.Symbol("i")
    j, k, other = sp.Idx("j", (1, D1)), sp.Idx("k", (1, D2)), sp.Symbol("k'")
    a0, W1, b1, z1, a1, W2, b2, z2, a2, t = arrays("a0 W1 b1 z1 a1 W2 b2 z2 a2 t")
    return [
        Eq(z1[j], sp.Sum(W1[j, i] * a0[i], (i, 1, D0)) + b1[j]),
        Eq(a1[j], sp.Max(z1[j], 0)),
        Eq(z2[k], sp.Sum(a1[j] * W2[k, j], (j, 1, D1)) + b2[k]),
        Eq(a2[k], sp.exp(z2[k]) / sp.Sum(sp.exp(z2[other]), (other, 1, D2))),
        Eq(sp.Symbol("L"), -sp.Sum(t[k] * sp.log(a2[k]), (k, 1, D2))),
    ]


def mlp_batch() -> Equations:
    i = sp.Symbol("i")
    n, j, k, other = sp.Idx("n", (1, N)), sp.Idx("j", (1, D1)), sp.Idx("k", (1, D2)), sp.Symbol("k'")
    A0, W1, b1, Z1, A1, W2, b2, Z2, A2, T = arrays("A0 W1 b1 Z1 A1 W2 b2 Z2 A2 T")
    return [
        Eq(Z1[n, j], sp.Sum(W1[j, i] * A0[n, i], (i, 1, D0)) + b1[j]),
        Eq(A1[n, j], sp.Piecewise((Z1[n, j], Z1[n, j] > 0), (0, True))),
        Eq(Z2[n, k], sp.Sum(W2[k, j] * A1[n, j], (j, 1, D1)) + b2[k]),
        Eq(A2[n, k], sp.exp(Z2[n, k]) / sp.Sum(sp.exp(Z2[n, other]), (other, 1, D2))),
        Eq(sp.Symbol("L"), -sp.Sum(sp.Sum(T[n, k] * sp.log(A2[n, k]), (k, 1, D2)), (n, 1, N)) / N),
    ]


def four_units() -> Equations:
    x = sp.symbols("x1:3")
    w = (None, *sp.symbols("w1:11"))
    m, h = sp.symbols("m1:5"), sp.symbols("h1:5")
    z, y, t, L = sp.symbols("z y t L")
    sums = [w[1] * x[0] + w[2] * x[1], w[3] * x[0] + w[4] * x[1], w[5] * h[0] + w[6] * h[1], w[7] * h[0] + w[8] * h[1]]
    layers = [eq for m_, h_, total in zip(m, h, sums, strict=True) for eq in (Eq(m_, total), Eq(h_, sp.Max(0, m_)))]
    return [*layers, Eq(z, w[9] * h[2] + w[10] * h[3]), Eq(y, sigmoid(z)), Eq(L, Function("loss")(y, t))]


def twin() -> Equations:
    W1, W2 = MatrixSymbol("W1", J, D), MatrixSymbol("W2", 1, J)
    x_a, x_b = vectors("x_a x_b", D)
    b1, m_a, h_a, m_b, h_b, h = vectors("b1 m_a h_a m_b h_b h", J)
    b2, z, y, t, L = sp.symbols("b2 z y t L")
    return [
        Eq(m_a, W1 * x_a + b1),
        Eq(h_a, each(lambda v: sp.Max(0, v), m_a)),
        Eq(m_b, W1 * x_b + b1),
        (h_b, Function("relu")(m_b)),
        Eq(h, HadamardProduct(h_a, h_b)),
        Eq(z, (W2 * h)[0, 0] + b2),
        Eq(y, Function("sigmoid")(z)),
        Eq(L, -t * sp.log(y) - (1 - t) * sp.log(1 - y)),
    ]


def skip() -> Equations:
    W1, W2, Ws, W3 = (MatrixSymbol(*a) for a in (("W1", J, D), ("W2", K, J), ("Ws", K, D), ("W3", M, K)))
    x = vector("x", D)
    b1, z1, h1 = vectors("b1 z1 h1", J)
    b2, z2, zs, h2 = vectors("b2 z2 zs h2", K)
    b3, z3, y, t = vectors("b3 z3 y t", M)
    return [
        Eq(z1, W1 * x + b1),
        Eq(h1, each(sigmoid, z1)),
        Eq(z2, W2 * h1 + b2),
        Eq(zs, Ws * x),
        Eq(h2, each(lambda v: sp.Max(v, 0), z2) + zs),
        Eq(z3, W3 * h2 + b3),
        Eq(y, Function("softmax")(z3), evaluate=False),
        Eq(sp.Symbol("L"), -Trace(t.T * each(sp.log, y))),
    ]


HANDOUT = {
    "scalar-tanh": scalar_tanh,
    "mlp-entries": mlp_entries,
    "four-units": four_units,
    "forward-single": mlp_entries,
    "forward-batch": mlp_batch,
    "backward-single": mlp_entries,
    "backward-batch": mlp_batch,
    "twin": twin,
    "skip": skip,
}


# --- networks of networks.py -----------------------------------------------------------------------------------------


def rnn() -> Equations:
    U, W, V = MatrixSymbol("U", H, D), MatrixSymbol("W", H, H), MatrixSymbol("V", K, H)
    b, h0, z1, h1, z2, h2, z3, h3 = vectors("b h0 z1 h1 z2 h2 z3 h3", H)
    x1, x2, x3 = vectors("x1 x2 x3", D)
    y, t = vectors("y t", K)
    return [
        Eq(z1, U * x1 + W * h0 + b), Eq(h1, z1.applyfunc(sp.tanh)), Eq(z2, U * x2 + W * h1 + b),
        Eq(h2, z2.applyfunc(sp.tanh)), Eq(z3, U * x3 + W * h2 + b), Eq(h3, z3.applyfunc(sp.tanh)), Eq(y, V * h3),
        Eq(sp.Symbol("L"), squared(y - t) / 2),
    ]  # fmt: skip


def tied_autoencoder() -> Equations:
    W = MatrixSymbol("W", H, D)
    b, h = vectors("b h", H)
    c, x, y = vectors("c x y", D)
    return [Eq(h, each(sigmoid, W * x + b)), Eq(y, W.T * h + c), Eq(sp.Symbol("L"), Rational(1, 2) * squared(y - x))]


def batch_bce() -> Equations:
    X, w = MatrixSymbol("X", N, D), vector("w", D)
    z, y, t = vectors("z y t", N)
    b = sp.Symbol("b")
    one = OneMatrix(N, 1)
    inner = HadamardProduct(t, each(sp.log, y)) + HadamardProduct(one - t, each(sp.log, one - y))
    return [Eq(z, X * w + b * one), Eq(y, each(sigmoid, z)), Eq(sp.Symbol("L"), -Trace(one.T * inner) / N)]


def layer_norm() -> Equations:
    i = sp.Symbol("i")
    n = sp.Idx("n", (1, D))
    x, g, h, b, y, t = arrays("x g h b y t")
    m, v, eps, L = sp.symbols("m v eps L")
    return [
        Eq(m, sp.Sum(x[i], (i, 1, D)) / D),
        Eq(v, sp.Sum((x[i] - m) ** 2, (i, 1, D)) / D),
        Eq(h[n], (x[n] - m) / sp.sqrt(v + eps)),
        Eq(y[n], g[n] * h[n] + b[n]),
        Eq(L, sp.Sum((y[i] - t[i]) ** 2, (i, 1, D)) / 2),
    ]


def attention() -> Equations:
    X, Wq, Wk, Wv = (MatrixSymbol(*a) for a in (("X", N, D), ("Wq", D, K), ("Wk", D, K), ("Wv", D, M)))
    Q, Kk, V, S, A, Y, T = (
        MatrixSymbol(*a)
        for a in (("Q", N, K), ("Kk", N, K), ("V", N, M), ("S", N, N), ("A", N, N), ("Y", N, M), ("T", N, M))
    )
    return [
        Eq(Q, X * Wq), Eq(Kk, X * Wk), Eq(V, X * Wv), Eq(S, Q * Kk.T / sp.sqrt(K)), (A, Function("softmax")(S)),
        Eq(Y, A * V), Eq(sp.Symbol("L"), Trace((Y - T).T * (Y - T)) / 2),
    ]  # fmt: skip


def attention_entries() -> Equations:
    Q, Kb, V, S, A, Y, T = arrays("Q K V S A Y T")
    n, m, h, e = (sp.Idx(name, (1, size)) for name, size in (("n", N), ("m", N), ("h", H), ("e", E)))
    d, other = sp.symbols("d m'")
    return [
        Eq(S[h, n, m], sp.Sum(Q[n, h, d] * Kb[m, h, d], (d, 1, D))),
        Eq(A[h, n, m], sp.exp(S[h, n, m]) / sp.Sum(sp.exp(S[h, n, other]), (other, 1, N))),
        Eq(Y[n, e], sp.Sum(A[h, n, m] * V[m, h, e], (h, 1, H), (m, 1, N))),
        Eq(sp.Symbol("L"), sp.Sum((Y[n, e] - T[n, e]) ** 2, (n, 1, N), (e, 1, E)) / 2),
    ]


def quadratic_form() -> Equations:
    x, A = vector("x", D), MatrixSymbol("A", D, D)
    return [Eq(sp.Symbol("L"), (x.T * A * x)[0, 0])]


def l2() -> Equations:
    W, x = MatrixSymbol("W", K, D), vector("x", D)
    y, t = vectors("y t", K)
    lam = sp.Symbol("lam")
    return [Eq(y, W * x), Eq(sp.Symbol("L"), squared(y - t) / 2 + lam / 2 * Trace(W.T * W))]


def lstm_cell() -> Equations:
    Wf, Wi, Wo, Wc = (MatrixSymbol(name, H, D) for name in ("Wf", "Wi", "Wo", "Wc"))
    x = vector("x", D)
    f, i, o, g, c, c0, h, t = vectors("f i o g c c0 h t", H)
    return [
        Eq(f, each(sigmoid, Wf * x)), Eq(i, each(sigmoid, Wi * x)), Eq(o, each(sigmoid, Wo * x)),
        Eq(g, each(sp.tanh, Wc * x)), Eq(c, HadamardProduct(f, c0) + HadamardProduct(i, g)),
        Eq(h, HadamardProduct(o, each(sp.tanh, c))), Eq(sp.Symbol("L"), squared(h - t) / 2),
    ]  # fmt: skip


def abstract() -> Equations:
    W, x = MatrixSymbol("W", H, D), vector("x", D)
    v, h = vectors("v h", H)
    y, t, L = sp.symbols("y t L")
    return [Eq(h, (W * x).applyfunc(Function("phi"))), Eq(y, Trace(v.T * h)), Eq(L, Function("loss")(y, t))]


def abstract_loss_vector() -> Equations:
    W, x = MatrixSymbol("W", K, D), vector("x", D)
    y, t = vectors("y t", K)
    return [Eq(y, W * x), Eq(sp.Symbol("L"), Function("loss")(y, t))]


def trace() -> Equations:
    return [Eq(sp.Symbol("L"), Trace(MatrixSymbol("A", D, K) * MatrixSymbol("B", K, D)))]


def outer() -> Equations:
    left, v = vector("u", D), vector("v", E)
    P, T = MatrixSymbol("M", D, E), MatrixSymbol("T", D, E)
    return [Eq(P, left * v.T), Eq(sp.Symbol("L"), Trace((P - T).T * (P - T)) / 2)]


def vae() -> Equations:
    mu, r, eps, s, z = vectors("mu r eps s z", D)
    W = MatrixSymbol("W", K, D)
    y, x = vectors("y x", K)
    R, K0, L = sp.symbols("R K0 L")
    one = OneMatrix(D, 1)
    return [
        Eq(s, each(lambda v: sp.exp(v / 2), r)), Eq(z, mu + HadamardProduct(s, eps)), Eq(y, W * z),
        Eq(R, squared(y - x) / 2),
        Eq(K0, -Trace(one.T * (one + r - HadamardPower(mu, 2) - each(sp.exp, r))) / 2), Eq(L, R + K0),
    ]  # fmt: skip


def softmax_three_lines() -> Equations:
    i = sp.Symbol("i")
    k = sp.Idx("k", (1, D))
    z, e, a, t = arrays("z e a t")
    s, L = sp.symbols("s L")
    return [
        Eq(e[k], sp.exp(z[k])), Eq(s, sp.Sum(e[i], (i, 1, D))), Eq(a[k], e[k] / s),
        Eq(L, -sp.Sum(t[i] * sp.log(a[i]), (i, 1, D))),
    ]  # fmt: skip


def power() -> Equations:
    i, p = sp.symbols("i p")
    k = sp.Idx("k", (1, D))
    x, h = arrays("x h")
    return [Eq(h[k], (1 + x[k] ** 2) ** p), Eq(sp.Symbol("L"), sp.Sum(h[i], (i, 1, D)))]


def diag() -> Equations:
    d, x, y = vectors("d x y", D)
    square = MatrixSymbol("M", D, D)
    return [
        Eq(y, sp.DiagMatrix(d) * x + sp.matrices.expressions.diagonal.DiagonalOf(square)),
        Eq(sp.Symbol("L"), squared(y)),
    ]


def scalar_everything() -> Equations:
    x, y, a, b, c, L = sp.symbols("x y a b c L")
    return [Eq(a, x * y), Eq(b, a / x + sp.exp(a)), Eq(c, b**2 - a), Eq(L, sp.log(c**2 + 1))]


OTHERS = {
    "rnn": rnn,
    "tied-autoencoder": tied_autoencoder,
    "batch-bce": batch_bce,
    "layer-norm": layer_norm,
    "attention": attention,
    "attention-entries": attention_entries,
    "quadratic-form": quadratic_form,
    "l2": l2,
    "lstm-cell": lstm_cell,
    "abstract": abstract,
    "abstract-loss-vector": abstract_loss_vector,
    "trace": trace,
    "outer": outer,
    "vae": vae,
    "softmax-three-lines": softmax_three_lines,
    "power": power,
    "diag": diag,
    "scalar-everything": scalar_everything,
}

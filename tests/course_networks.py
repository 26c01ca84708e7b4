"""Further networks that the tests run through the whole engine: layers as papers write them, in one line."""

from __future__ import annotations

from typing import Any


def _target(*shape: str | int, **facts: Any) -> dict[str, Any]:
    return {"shape": list(shape), "role": "target", **facts}


def _constant(*shape: str | int) -> dict[str, Any]:
    return {"shape": list(shape), "role": "constant"}


COURSE: dict[str, dict[str, Any]] = {
    "attention-weights-in-one-line": {
        "symbols": {"Q": ["N", "D"], "K": ["M", "D"], "V": ["M", "P"], "T": _target("N", "P")},
        "forward": ["A = softmax(Q @ K.T/sqrt(D))", "Y = A @ V", "L = squared_error(Y, T)"],
    },
    "softmax-layer-in-one-line": {
        "symbols": {"X": ["N", "D"], "W": ["D", "K"], "b": ["K"], "C": _constant("N", "K")},
        "forward": ["P = softmax(X @ W + b)", "L = sum(P*C)"],
    },
    "swiglu-in-one-line": {
        "symbols": {"X": ["N", "D"], "A": ["D", "H"], "B": ["D", "H"], "T": _target("N", "H")},
        "forward": ["G = silu(X @ A)*(X @ B)", "L = squared_error(G, T)"],
    },
    "mlp-in-one-line": {
        "symbols": {"X": ["N", "D"], "W": ["H", "D"], "b": ["H"], "V": ["K", "H"], "T": _target("N", "K")},
        "forward": ["Y = relu(X @ W.T + b) @ V.T", "L = mean((Y - T)**2)"],
    },
    "rayleigh-quotient": {
        "symbols": {"X": ["N", "D"], "w": ["D"]},
        "forward": ["A = X.T @ X", "L = (w.T @ A @ w)/(w.T @ w)"],
    },
    "graph-attention": {
        "symbols": {"H": ["N", "K"], "a": ["K", 1], "b": ["K", 1]},
        "forward": ["S = leaky_relu(H @ a + (H @ b).T, 0.2)", "L = sum(softmax(S) @ H)"],
    },
    "low-rank-adapter": {
        "symbols": {
            "W": _constant("K", "D"), "A": ["K", "R"], "B": ["R", "D"], "x": ["D"], "t": _target("K"), "s": _constant(),
        },
        "forward": ["y = (W + s/R*A @ B) @ x", "L = squared_error(y, t)"],
    },
    "experts-by-their-entries": {
        "symbols": {"G": [2, "D"], "A": ["K", "D"], "B": ["K", "D"], "x": ["D"], "t": _target("K")},
        "forward": ["g = softmax(G @ x)", "y = g[1]*(A @ x) + g[2]*(B @ x)", "L = squared_error(y, t)"],
    },
    "rows-and-a-vector": {
        "symbols": {"x": [1, "D"], "W": ["D", "K"], "b": ["K"], "t": _target(1, "K")},
        "forward": ["y = x @ W + b", "L = sum((y - t)**2)/2"],
    },
    "length-one": {
        "symbols": {"w": [1, "D"], "x": ["D"], "b": [1], "t": _target(1)},
        "forward": ["y = w @ x + b", "L = (y - t)**2/2"],
    },
    "sinkhorn-step": {
        "symbols": {
            "C": ["N", "M"], "eps": _constant(), "v": _constant("M"), "a": _constant("N"), "b": _constant("M"),
        },
        "forward": [
            "K = exp(-C/eps)", "u = a/(K @ v)", "w = b/(K.T @ u)", "P = diag(u) @ K @ diag(w)", "L = sum(P*C)",
        ],
    },
    "normalised-adjacency": {
        "symbols": {"A": ["N", "N"], "X": ["N", "D"], "T": _target("N", "D")},
        "forward": [
            "d = A @ ones(N)", "S = diag(1/sqrt(d)) @ A @ diag(1/sqrt(d))", "Y = S @ X", "L = mean((Y - T)**2)",
        ],
    },
    "two-way-softmax": {
        "forward": ["a = exp(u)/(exp(u) + exp(v))", "L = (1 + a**2/s)/s*log(1 + a) + a"],
    },
    "entries-beside-arrays": {
        "symbols": {"A": ["N", "D"], "B": ["N", "D"], "x": ["D"]},
        "indices": {"n": "N", "d": "D"},
        "forward": ["y[n] = tanh(sum(A[n,d]*x[d], d))", "L = sum(y[n]**2, n) + sum(A*B)/2 + norm(x)**2"],
    },
}  # fmt: skip

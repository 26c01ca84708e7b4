"""Networks of one equation that are wider than a page: what breaks lines has to deal with all of them."""

from __future__ import annotations

from typing import Any


def _of(forward: str, arrays: dict[str, Any], constants: dict[str, Any], most: int = 2) -> dict[str, Any]:
    """A network whose loss is one equation, to be differentiated by the first ``most`` arrays."""
    names = list(arrays)
    given = {**{name: arrays[name] for name in names[most:]}, **constants}
    fixed = {name: {"shape": shape, "role": "constant"} for name, shape in given.items()}
    return {
        "symbols": {**{name: arrays[name] for name in names[:most]}, **fixed},
        "forward": [forward],
        "parts": [{"gradients": names[:most]}],
    }


_VECTOR = {"x": ["D"], "t": ["K"]}
_BATCH = {"X": ["N", "D"], "T": ["N", "K"]}
_CELL = {"x": ["D"], "h": ["H"], "c": ["H"]}


def _gates(letters: str) -> dict[str, Any]:
    return {
        name: shape for g in letters for name, shape in ((f"W{g}", ["H", "D"]), (f"U{g}", ["H", "H"]), (f"b{g}", ["H"]))
    }


_Z = "sigmoid(Wz @ x + Uz @ h + bz)"
_HIDDEN = "relu(W1 @ x + b1)"
_LAYERS = {"W1": ["H", "D"], "b1": ["H"], "W2": ["K", "H"], "b2": ["K"]}
_HEAD = {"Q": ["D", "K"], "P": ["D", "K"], "V": ["D", "M"]}
_CENTRED = "(x - sum(x)/H)/sqrt(sum((x - sum(x)/H)**2)/H + eps)"

WIDE: dict[str, dict[str, Any]] = {
    "two layers": _of("L = sum((W2 @ tanh(W1 @ x + b1) + b2 - t)**2)/2", _LAYERS, _VECTOR, 4),
    "two layers, softmax": _of(f"L = -sum(t*log(softmax(W2 @ {_HIDDEN} + b2)))", _LAYERS, _VECTOR),
    "three layers": _of(
        f"L = sum((W3 @ sigmoid(W2 @ {_HIDDEN} + b2) + b3 - u)**2)/2",
        {**_LAYERS, "W3": ["M", "K"], "b3": ["M"]},
        {"x": ["D"], "u": ["M"]},
    ),
    "batch of two layers": _of(
        "L = sum((tanh(X @ A + a) @ B + b - T)**2)/(2*N)",
        {"A": ["D", "H"], "a": ["H"], "B": ["H", "K"], "b": ["K"]},
        _BATCH,
    ),
    "batch norm": _of(
        "L = sum((g[d]*(X[n,d] - sum(X[m,d], m)/N)/sqrt(sum((X[m,d] - sum(X[l,d], l)/N)**2, m)/N + eps)"
        " + b[d] - Y[n,d])**2, n, d)/2",
        {"X": ["N", "D"], "g": ["D"], "b": ["D"]},
        {"Y": ["N", "D"], "eps": []},
    ),
    "layer norm": _of(
        f"L = sum((g*{_CENTRED} + b - t)**2)/2", {"x": ["H"], "g": ["H"], "b": ["H"]}, {"t": ["H"], "eps": []}
    ),
    "rms norm": _of(
        "L = sum((g*(W @ x)/sqrt(sum((W @ x)**2)/K + eps) + b - t)**2)/2",
        {"W": ["K", "D"], "g": ["K"], "b": ["K"]},
        {**_VECTOR, "eps": []},
    ),
    "attention head": _of(
        "L = sum((softmax((X @ Q) @ (X @ P).T/sqrt(K)) @ (X @ V) - Y)**2)/2", _HEAD, {"X": ["N", "D"], "Y": ["N", "M"]}
    ),
    "attention, entry by entry": _of(
        "L = sum((sum(exp(sum(Q[n,k]*P[m,k], k))*V[m,d]/sum(exp(sum(Q[n,k]*P[l,k], k)), l), m) - Y[n,d])**2, n, d)/2",
        {"Q": ["N", "K"], "P": ["M", "K"], "V": ["M", "D"]},
        {"Y": ["N", "D"]},
    ),
    "LSTM cell": _of(
        "L = sum((sigmoid(Wo @ x + Uo @ h + bo)*tanh(sigmoid(Wf @ x + Uf @ h + bf)*c"
        " + sigmoid(Wi @ x + Ui @ h + bi)*tanh(Wg @ x + Ug @ h + bg)) - t)**2)/2",
        _gates("fiog"),
        {**_CELL, "t": ["H"]},
    ),
    "GRU": _of(
        f"L = sum(((1 - {_Z})*h + {_Z}*tanh(Wn @ x + Un @ (sigmoid(Wr @ x + Ur @ h + br)*h) + bn) - t)**2)/2",
        _gates("zrn"),
        {"x": ["D"], "h": ["H"], "t": ["H"]},
    ),
    "mixture of Gaussians": _of(
        "L = -sum(log(sum(p[k]*exp(-sum((X[n,d] - m[k,d])**2, d)/(2*s[k]**2))/s[k], k)), n)/N",
        {"p": ["K"], "m": ["K", "D"], "s": ["K"]},
        {"X": ["N", "D"]},
    ),
    "mixture of experts": _of(
        "L = sum((sum(softmax(G @ x)[k]*tanh(sum(W[k,j,i]*x[i], i)), k) - t[j])**2, j)/2",
        {"G": ["K", "D"], "W": ["K", "J", "D"]},
        {"x": ["D"], "t": ["J"]},
    ),
    "gated linear units": _of(
        "L = sum((V @ ((A @ x + a)*sigmoid(B @ x + b)) + c - t)**2)/2",
        {"A": ["H", "D"], "a": ["H"], "B": ["H", "D"], "b": ["H"], "V": ["K", "H"], "c": ["K"]},
        _VECTOR,
    ),
    "cosine": _of(
        "L = (1 - (U @ x).T @ (V @ y)/(norm(U @ x)*norm(V @ y)))**2 + lam*(sum(U**2) + sum(V**2))/2",
        {"U": ["K", "D"], "V": ["K", "M"]},
        {"x": ["D"], "y": ["M"], "lam": []},
    ),
    "contrastive": _of(
        "L = -log(exp(u.T @ v/(tau*norm(u)*norm(v)))"
        "/(exp(u.T @ v/(tau*norm(u)*norm(v))) + sum(exp(N @ u/(tau*norm(u))))))",
        {"u": ["D"], "v": ["D"]},
        {"N": ["M", "D"], "tau": []},
    ),
    "variational": _of(
        "L = sum((tanh(W @ (m + exp(s/2)*e) + b) - x)**2)/2 + sum(exp(s) + m**2 - 1 - s)/2",
        {"W": ["D", "H"], "b": ["D"], "m": ["H"], "s": ["H"]},
        {"e": ["H"], "x": ["D"]},
    ),
    "residual block": _of(
        "L = sum((x + V @ relu(W @ (x + B @ tanh(A @ x + a) + b) + c) + d - t)**2)/2",
        {
            "A": ["H", "D"],
            "a": ["H"],
            "B": ["D", "H"],
            "b": ["D"],
            "W": ["H", "D"],
            "c": ["H"],
            "V": ["D", "H"],
            "d": ["D"],
        },
        {"x": ["D"], "t": ["D"]},
    ),
    "softmax written out": _of(
        "L = -sum(t[k]*log(exp(sum(W[k,i]*x[i], i) + b[k])/sum(exp(sum(W[j,i]*x[i], i) + b[j]), j)), k)",
        {"W": ["K", "D"], "b": ["K"]},
        _VECTOR,
    ),
    "polynomial of twelve terms": _of(
        "L = (" + " + ".join(f"w{n}*x{n}" for n in range(1, 13)) + " - t)**2/2",
        {f"w{n}": [] for n in range(1, 13)},
        {**{f"x{n}": [] for n in range(1, 13)}, "t": []},
    ),
}

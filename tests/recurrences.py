"""Recurrences for tests: each as a problem file and, independently of it, as a loop in NumPy.

The loop takes the leaves and gives the loss; complex steps through it are the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Leaves = Mapping[str, np.ndarray]
Loop = Callable[[Leaves], Any]

STEP = 1e-100

SHAPES: dict[str, Any] = {
    "X": {"shape": ["T", "D"], "role": "input"},
    "Y": {"shape": ["T", "H"], "role": "target"},
    "y": {"shape": ["H"], "role": "target"},
    "x": {"shape": ["T"], "role": "input"},
    "h0": {"shape": ["H"], "role": "input"},
    "c0": {"shape": ["H"], "role": "input"},
    "a": ["H"],
    "b": ["H"],
    "w": [],
    "u": [],
    "P": {"shape": ["H", "H"], "for": "t"},
    "q": {"shape": ["H"], "for": "t"},
    **{name: ["H", "H"] for name in ("W", "A", "B", "V", "Wf", "Wo", "Wg")},
    **{name: ["H", "D"] for name in ("U", "Uf", "Uo", "Ug")},
    "words": {"shape": ["T"], "label": "V", "role": "input"},
    "tags": {"shape": ["T + 1"], "label": "H", "role": "target"},
    "M": ["S", "H"],
    "K": {"shape": ["S", "D"], "role": "input"},
    "E": ["V", "H"],
    "Ws": ["2*H", "H"],
    "Us": ["2*H", "D"],
}


@dataclass(frozen=True)
class Recurrence:
    """Its file, and the loss as a loop."""

    mapping: dict[str, Any]
    loss: Loop


def recurrence(leaves: str, *forward: str, loss: Loop, **more: Any) -> Recurrence:
    """A recurrence with the letter t over T; ``leaves`` names what is given."""
    symbols = {name: SHAPES[name] for name in leaves.split()}
    indices = {"t": "T"} | more.pop("indices", {})
    return Recurrence({"indices": indices, "symbols": symbols, "forward": list(forward), **more}, loss)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def square(x: Any) -> Any:
    return 0.5 * np.sum(x * x)


def every_step(v: Leaves) -> Any:
    h, total = v["h0"], 0.0
    for x, y in zip(v["X"], v["Y"], strict=True):
        h = np.tanh(v["W"] @ h + v["U"] @ x + v["b"])
        total = total + square(v["V"] @ h - y)
    return total


def stacked_gates(v: Leaves) -> Any:
    h, size = v["h0"], len(v["h0"])
    for x in v["X"]:
        g = sigmoid(v["Ws"] @ h + v["Us"] @ x)
        h = (1 - g[size:]) * h + g[size:] * np.tanh(v["A"] @ (g[:size] * h))
    return square(h - v["y"])


def last_step(v: Leaves) -> Any:
    h = v["h0"]
    for x in v["X"]:
        h = np.tanh(v["W"] @ h + v["U"] @ x)
    return square(h - v["y"])


def numbers(v: Leaves) -> Any:
    s, total = 0.0, 0.0
    for x in v["x"]:
        s = np.tanh(v["w"] * s + v["u"] * x)
        total = total + s**2
    return total / len(v["x"])


def two_steps(v: Leaves) -> Any:
    before, h, total = v["b"] * v["a"], v["a"], 0.0
    for x, y in zip(v["X"], v["Y"], strict=True):
        seen = v["A"] @ h
        before, h = h, np.tanh(v["W"] @ h + v["A"] @ before + v["U"] @ x)
        total = total + square(h - y)
    return total + np.sum(seen**2)


def lstm(v: Leaves) -> Any:
    h, c, total = v["h0"], v["c0"], 0.0
    for x, y in zip(v["X"], v["Y"], strict=True):
        f = sigmoid(v["Wf"] @ h + v["Uf"] @ x)
        o = sigmoid(v["Wo"] @ h + v["Uo"] @ x)
        g = np.tanh(v["Wg"] @ h + v["Ug"] @ x)
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        total = total + square(h - y)
    return total


def per_step(v: Leaves) -> Any:
    h = v["h0"]
    for p, q in zip(v["P"], v["q"], strict=True):
        h = h + sigmoid(p @ h + q)
    return square(h - v["y"])


def products(v: Leaves) -> Any:
    h, total = v["a"], 0.0
    for x in v["x"]:
        h = v["b"] * h * x + np.exp(v["W"] @ h / 8)
        total = total + np.sum(h**2)
    return total


def normalised(v: Leaves) -> Any:
    h, total = v["a"], 0.0
    for y in v["Y"]:
        h = np.tanh(v["W"] @ h / np.sqrt(1 + np.sum(h**2)))
        total = total + square(h - y)
    return total


def both(v: Leaves) -> Any:
    h, c, total = v["h0"], v["c0"], 0.0
    for x, y in zip(v["X"], v["Y"], strict=True):
        before, h = h, np.sin(v["W"] @ c + v["U"] @ x)
        c = np.tanh(v["A"] @ h + v["c0"] * before)
        total = total + square(c - y)
    return total


def interleaved(v: Leaves) -> Any:
    h, total, seen = v["h0"], 0.0, []
    mixed = v["W"] @ v["A"]
    for x, y in zip(v["X"], v["Y"], strict=True):
        z = mixed @ h + v["U"] @ x
        seen.append(np.sin(z))
        h = np.tanh(z)
        total = total + square(h - y)
    return total + np.sum(seen[-1])


def words(v: Leaves) -> Any:
    h, total = v["h0"], 0.0
    for word, y in zip(v["words"], v["Y"], strict=True):
        h = np.tanh(v["W"] @ h + v["E"][word])
        total = total + square(h - y)
    return total


def attended(v: Leaves) -> Any:
    h, total = v["h0"], 0.0
    for y in v["Y"]:
        e = [h @ v["U"] @ k for k in v["K"]]
        weights = np.exp(e) / np.sum(np.exp(e))
        h = np.tanh(v["W"] @ h + v["A"] @ (weights @ v["M"]))
        total = total + square(h - y)
    return total


def first_and_last(v: Leaves) -> Any:
    h, total = v["h0"], 0.0
    for t, x in enumerate(v["X"]):
        h = np.tanh(v["W"] @ h + v["U"] @ x)
        total = total + (np.sum(h**3) if t == 0 else np.sum(h))
    return total + square(h - v["y"])


def from_the_last(v: Leaves) -> Any:
    h, total = v["h0"], 0.0
    for word, y in zip(v["words"][::-1], v["Y"], strict=True):
        h = np.tanh(v["W"] @ h + v["E"][word])
        total = total + square(h - y)
    return total


def transitions(v: Leaves) -> Any:
    alpha, tags, at = v["a"], v["tags"], v["Y"]
    for e in at:
        alpha = np.array([e[k] + np.log(np.sum(np.exp(alpha + v["W"][:, k]))) for k in range(len(alpha))])
    passed = sum(v["W"][tags[t], tags[t + 1]] + at[t, tags[t + 1]] for t in range(len(at)))
    return np.log(np.sum(np.exp(alpha))) - passed


def decoded(v: Leaves) -> Any:
    h, states, total = v["h0"], [], 0.0
    for x in v["X"]:
        h = np.tanh(v["W"] @ h + v["U"] @ x)
        states.append(h)
    d = h
    for m in v["M"]:
        d = np.tanh(v["A"] @ d + m)
        e = np.array([d @ state for state in states])
        total = total + np.sum(np.sin(d + np.exp(e) / np.sum(np.exp(e)) @ np.array(states)))
    return total


def linear_depth(v: Leaves) -> Any:
    a = v["x"]
    for w, b in zip(v["W"], v["b"], strict=True):
        a = sigmoid(w @ a + b)
    return square(a - v["y"])


def neighbours(v: Leaves) -> Any:
    before, total = v["h0"], 0.0
    for t, x in enumerate(v["X"]):
        h = np.tanh(v["W"] @ before + v["U"] @ x)
        total = total + np.sum((h - before) ** 2) + v["x"][t] * (h @ before)
        before = h
    return total + square(before)


EVERY_STEP = ("h[0] = h0", "h[t] = tanh(W @ h[t-1] + U @ X[t] + b)", "L = sum(squared_error(V @ h[t], Y[t]), t)")

RECURRENCES: dict[str, Recurrence] = {
    "neighbours": recurrence(
        "X x W U h0", "h[0] = h0", "h[t] = tanh(W @ h[t-1] + U @ X[t])",
        "L = sum(norm(h[t] - h[t-1])**2 + x[t]*h[t].T @ h[t-1], t) + sum(h[T]**2)/2", loss=neighbours,
    ),
    "every step": recurrence("X Y W U V b h0", *EVERY_STEP, loss=every_step),
    "in LaTeX": recurrence(
        "X Y W U V b h0",
        r"\mathbf{h}_t = \tanh(\mathbf{W} \mathbf{h}_{t-1} + \mathbf{U} \mathbf{x}_t + \mathbf{b})",
        r"\mathcal{L} = \sum_{t=1}^T \frac{1}{2} \|\mathbf{V} \mathbf{h}_t - \mathbf{y}_t\|^2",
        loss=every_step,
    ),
    "entry by entry": recurrence(
        "X Y W U V b h0",
        "h[0,i] = h0[i]",
        "h[t,i] = tanh(sum(W[i,j]*h[t-1,j], j) + sum(U[i,d]*X[t,d], d) + b[i])",
        "L = sum(squared_error(sum(V[k,j]*h[t,j], j), Y[t,k]), t, k)",
        indices={"i": "H", "j": "H", "k": "H", "d": "D"},
        loss=every_step,
    ),
    "a start by entries": recurrence(
        "X Y W U V A b c0",
        "h[0,k] = tanh(sum(A[j,k]*c0[j], j))",
        "h[t] = tanh(W @ h[t-1] + U @ X[t] + b)",
        "L = sum(squared_error(V @ h[t], Y[t]), t)",
        indices={"j": "H", "k": "H"},
        loss=lambda v: every_step({**v, "h0": np.tanh(v["A"].T @ v["c0"])}),
    ),
    "last step": recurrence(
        "X y W U h0",
        "h[0] = h0",
        "z[t] = W @ h[t-1] + U @ X[t]",
        "h[t] = tanh(z[t])",
        "L = squared_error(h[T], y)",
        loss=last_step,
    ),
    "numbers": recurrence(
        "x w u", "s[0] = 0", "s[t] = tanh(w*s[t-1] + u*x[t])", "L = sum(s[t]**2, t)/T", loss=numbers
    ),
    "two steps back": recurrence(
        "X Y W A U a b",
        "h[0] = a",
        "h[-1] = b*a",
        "h[t] = tanh(W @ h[t-1] + A @ h[t-2] + U @ X[t])",
        "q[t] = A @ h[t-1]",
        "L = sum(squared_error(h[t], Y[t]), t) + sum(q[T]**2)",
        loss=two_steps,
    ),
    "gates stacked in one array": recurrence(
        "X y Ws Us A h0",
        "h[0] = h0",
        "g[t] = sigmoid(Ws @ h[t-1] + Us @ X[t])",
        "h[t] = (1 - g[t][H+1:2*H])*h[t-1] + g[t][H+1:2*H]*tanh(A @ (g[t][1:H]*h[t-1]))",
        "L = squared_error(h[T], y)",
        loss=stacked_gates,
    ),
    "lstm": recurrence(
        "X Y Wf Uf Wo Uo Wg Ug h0 c0",
        "h[0] = h0",
        "c[0] = c0",
        "f[t] = sigmoid(Wf @ h[t-1] + Uf @ X[t])",
        "o[t] = sigmoid(Wo @ h[t-1] + Uo @ X[t])",
        "g[t] = tanh(Wg @ h[t-1] + Ug @ X[t])",
        "c[t] = f[t]*c[t-1] + (1 - f[t])*g[t]",
        "h[t] = o[t]*tanh(c[t])",
        "L = sum(squared_error(h[t], Y[t]), t)",
        loss=lstm,
    ),
    "parameters per step": recurrence(
        "y P q h0", "h[0] = h0", "h[t] = h[t-1] + sigmoid(P[t] @ h[t-1] + q[t])", "L = squared_error(h[T], y)",
        loss=per_step,
    ),
    "depth": recurrence(
        "y P q h0",
        "a[0] = h0",
        "a[l] = a[l-1] + sigmoid(P[l] @ a[l-1] + q[l])",
        "L = squared_error(a[T], y)",
        indices={"l": {"over": "T", "as": "^{(l)}"}},
        loss=per_step,
    ),
    "words": recurrence(
        "words E Y W h0",
        "h[0] = h0",
        "h[t] = tanh(W @ h[t-1] + E[words[t]])",
        "L = sum(squared_error(h[t], Y[t]), t)",
        loss=words,
    ),
    "linear depth": Recurrence(
        {
            "indices": {"l": {"over": "T", "as": "^{(l)}"}},
            "symbols": {
                "x": {"shape": ["H"], "role": "input"},
                "y": {"shape": ["H"], "role": "target"},
                "W": {"shape": ["H", "H"], "for": "l"},
                "b": {"shape": ["H"], "for": "l"},
            },
            "forward": [
                r"\mathbf{a}^{(0)} = \mathbf{x}",
                r"\mathbf{z}^{(l)} = \mathbf{W}^{(l)} \mathbf{a}^{(l-1)} + \mathbf{b}^{(l)}",
                r"\mathbf{a}^{(l)} = \sigma(\mathbf{z}^{(l)})",
                r"\mathcal{L} = \frac{1}{2} \|\mathbf{a}^{(T)} - \mathbf{y}\|^2",
            ],
        },
        linear_depth,
    ),
    "products": recurrence(
        "x W a b", "h[0] = a", "h[t] = b*h[t-1]*x[t] + exp(W @ h[t-1] / 8)", "L = sum(sum(h[t]**2), t)", loss=products
    ),
    "normalised": recurrence(
        "Y W a",
        "h[0] = a",
        "h[t] = tanh(W @ h[t-1] / sqrt(1 + sum(h[t-1]**2)))",
        "L = sum(squared_error(h[t], Y[t]), t)",
        loss=normalised,
    ),
    "this step and the one before": recurrence(
        "X Y W A U h0 c0",
        "h[0] = h0",
        "c[0] = c0",
        "h[t] = sin(W @ c[t-1] + U @ X[t])",
        "c[t] = tanh(A @ h[t] + c0*h[t-1])",
        "L = sum(squared_error(c[t], Y[t]), t)",
        loss=both,
    ),
    "with others among them": recurrence(
        "X Y W A U h0",
        "h[0] = h0",
        "m = W @ A",
        "z[t] = m @ h[t-1] + U @ X[t]",
        "s[t] = sin(z[t])",
        "h[t] = tanh(z[t])",
        "L = sum(squared_error(h[t], Y[t]), t) + sum(s[T])",
        loss=interleaved,
    ),
    "attention to all inputs": recurrence(
        "K Y M W A U h0",
        "h[0] = h0",
        "e[t,s] = h[t-1].T @ U @ K[s]",
        "p[t,s] = softmax(e[t,s], s)",
        "c[t] = sum(p[t,s]*M[s], s)",
        "h[t] = tanh(W @ h[t-1] + A @ c[t])",
        "L = sum(squared_error(h[t], Y[t]), t)",
        loss=attended,
        indices={"s": "S"},
    ),
    "first and last": recurrence(
        "X y W U h0",
        "h[0] = h0",
        "h[t] = tanh(W @ h[t-1] + U @ X[t])",
        "L = squared_error(h[T], y) + sum(h[1]**3) + sum([t != 1]*sum(h[t]), t)",
        loss=first_and_last,
    ),
    "words from the last one": recurrence(
        "words Y E W h0",
        "h[0] = h0",
        "h[t] = tanh(W @ h[t-1] + E[words[T-t+1]])",
        "L = sum(squared_error(h[t], Y[t]), t)",
        loss=from_the_last,
    ),
    "entries, and transitions of classes": recurrence(
        "tags Y W a",
        "alpha[0] = a",
        "alpha[t,k] = Y[t,k] + logsumexp(alpha[t-1,j] + W[j,k], j)",
        "L = logsumexp(alpha[T]) - sum(W[tags[t], tags[t+1]] + Y[t, tags[t+1]], t)",
        loss=transitions,
        indices={"j": "H", "k": "H"},
    ),
    "a decoder that attends to all states": recurrence(
        "X M W A U h0",
        "h[0] = h0",
        "h[t] = tanh(W @ h[t-1] + U @ X[t])",
        "d[0] = h[T]",
        "d[s] = tanh(A @ d[s-1] + M[s])",
        "c[s] = sum(softmax(d[s].T @ h[t], t)*h[t], t)",
        "L = sum(sum(sin(d[s] + c[s])), s)",
        loss=decoded,
        indices={"s": "S"},
    ),
}  # fmt: skip


def gradients(loss: Loop, leaves: Leaves) -> dict[str, np.ndarray]:
    """The derivative of the loss by every entry of every leaf, by complex steps through the loop."""
    found = {}
    for name, value in leaves.items():
        slopes = np.zeros(value.shape)
        for place in np.ndindex(value.shape) if value.dtype.kind == "f" else ():
            moved = {other: x.astype(complex) if x.dtype.kind == "f" else x for other, x in leaves.items()}
            moved[name][place] += 1j * STEP
            slopes[place] = np.imag(loss(moved)) / STEP
        found[name] = slopes
    return found


# --- random ones -----------------------------------------------------------------------------------------------------

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"tanh": np.tanh, "sigmoid": sigmoid, "sin": np.sin}


def random_recurrence(rng: np.random.Generator) -> Recurrence:
    """One to three states that use each other's earlier members, or this step's of those before them."""
    states = ["h", "c", "r"][: int(rng.integers(1, 4))]
    lags = {state: int(rng.integers(1, 3)) for state in states}
    shapes: dict[str, Any] = {}
    equations: list[str] = []
    for state in states:
        for back in range(lags[state]):
            shapes[f"{state}s{back}"] = {"shape": ["H"], "role": "input"}
            equations.append(f"{state}[{-back}] = {state}s{back}")
    steps = []
    for number, state in enumerate(states):
        terms = [_random_term(rng, state, shapes, [(state, lags[state])])]
        others = [(s, int(rng.integers(1, lags[s] + 1))) for s in states] + [(s, 0) for s in states[:number]]
        terms += [_random_term(rng, state, shapes, others) for _ in range(int(rng.integers(0, 3)))]
        if rng.random() < 0.5:
            shapes["X"] = SHAPES["X"]
            shapes[f"U{state}"] = ["H", "D"]
            terms.append((f"U{state} @ X[t]", lambda v, t, at, own=f"U{state}": v[own] @ v["X"][t]))
        name = str(rng.choice(list(ACTIVATIONS)))
        equations.append(f"{state}[t] = {name}({' + '.join(text for text, _ in terms)})")
        steps.append((state, ACTIVATIONS[name], [term for _, term in terms]))
    top = states[-1] if rng.random() < 0.7 else states[0]
    at_end = rng.random() < 0.5
    shapes["Y"] = SHAPES["Y"]
    equations.append(f"L = squared_error({top}[T], Y[T])" if at_end else f"L = sum(squared_error({top}[t], Y[t]), t)")

    def loss(v: Leaves) -> Any:
        known = {s: [v[f"{s}s{back}"] for back in reversed(range(lags[s]))] for s in states}
        total = 0.0
        for t in range(len(v["Y"])):
            for state, activation, terms in steps:

                def at(s: str, back: int, t: int = t) -> Any:
                    return known[s][lags[s] + t - back]

                known[state].append(activation(sum(term(v, t, at) for term in terms)))
            if not at_end or t == len(v["Y"]) - 1:
                total = total + square(known[top][-1] - v["Y"][t])
        return total

    mapping = {"indices": {"t": "T"}, "symbols": shapes, "forward": equations}
    used = " ".join(equations)
    mapping["symbols"] = {name: shape for name, shape in shapes.items() if name in used}
    return Recurrence(mapping, loss)


def _random_term(rng: np.random.Generator, state: str, shapes: dict[str, Any], members: list[tuple[str, int]]) -> Any:
    """A weight times a member, or a product of entries; as text, and as a function of leaves, step and members."""
    other, back = members[int(rng.integers(len(members)))]
    place = f"{other}[t-{back}]" if back else f"{other}[t]"
    weight = f"W{state}{other}{len(shapes)}"
    kind = int(rng.integers(3))
    if kind == 0:
        shapes[weight] = {"shape": ["H", "H"], "for": "t"}
        return f"{weight}[t] @ {place}", lambda v, t, at: v[weight][t] @ at(other, back)
    if kind == 1:
        shapes[weight] = ["H"]
        return f"{weight}*{place}", lambda v, t, at: v[weight] * at(other, back)
    shapes[weight] = ["H", "H"]
    return f"{weight} @ {place}", lambda v, t, at: v[weight] @ at(other, back)

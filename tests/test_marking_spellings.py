"""Answers in many spellings: what is right is never called wrong and nearly all earns; what is wrong earns nothing."""

from __future__ import annotations

from typing import Any

import pytest

from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import problem_from_mapping

PROBLEMS: dict[str, dict[str, Any]] = {
    "layer": {
        "symbols": {
            "W": ["K", "D"],
            "x": {"shape": ["D"], "role": "input"},
            "b": ["K"],
            "t": {"shape": ["K"], "role": "target"},
        },
        "forward": ["z = W @ x + b", "y = tanh(z)", "L = squared_error(y, t)"],
        "parts": [{"gradients": ["W", "b", "x", "z", "y"]}],
    },
    "lin": {
        "symbols": {"X": {"shape": ["N", "D"], "role": "input"}, "w": ["D"], "t": {"shape": ["N"], "role": "target"}},
        "forward": ["y = X @ w", "L = sum((y - t)**2)/(2*N)"],
        "parts": [{"gradients": ["w", "y"]}],
    },
    "soft": {
        "symbols": {
            "W": ["K", "D"],
            "x": {"shape": ["D"], "role": "input"},
            "t": {"shape": ["K"], "role": "target", "one_hot": True},
        },
        "forward": ["z = W @ x", "p = softmax(z)", "L = -sum(t*log(p))"],
        "parts": [{"gradients": ["W", "z", "p"]}],
    },
    "mn": {
        "symbols": {"x": {"shape": ["D"]}, "t": {"role": "target"}},
        "forward": ["m = min(x)", "L = (m - t)**2/2"],
        "parts": [{"gradients": ["x", "m"]}],
    },
    "quad": {
        "symbols": {"u": ["D"], "v": ["D"], "A": ["D", "D"]},
        "forward": ["s = u.T @ v", "q = s*A @ u", "L = sum(q**2)/2"],
        "parts": [{"gradients": ["u", "v", "A", "q"]}],
    },
    "sc": {
        "symbols": {"x": {"role": "input"}, "t": {"role": "target"}},
        "forward": ["z = w*x + b", "y = sigmoid(z)", "L = (y - t)**2/2"],
        "parts": [{"derive": ["w", "b", "z", "y"]}],
    },
    "rnn": {
        "indices": {"t": "T"},
        "symbols": {
            "X": {"shape": ["T", "D"], "role": "input"},
            "Y": {"shape": ["T", "H"], "role": "target"},
            "W": ["H", "H"],
            "U": ["H", "D"],
            "h0": {"shape": ["H"], "role": "input"},
        },
        "forward": ["h[0] = h0", "h[t] = tanh(W @ h[t-1] + U @ X[t])", "L = sum(squared_error(h[t], Y[t]), t)"],
        "parts": [{"gradients": ["W", "U"]}],
    },
    "depth": {
        "indices": {"l": {"over": "M", "as": "^{(l)}"}},
        "symbols": {
            "x": {"shape": ["H"], "role": "input"},
            "W": {"shape": ["H", "H"], "for": "l"},
            "b": {"shape": ["H"], "for": "l"},
            "y": {"shape": ["H"], "role": "target"},
        },
        "forward": ["a[0] = x", "z[l] = W[l] @ a[l-1] + b[l]", "a[l] = sigmoid(z[l])", "L = squared_error(a[M], y)"],
        "parts": [{"gradients": ["W", "b", "z"]}],
    },
    "sequence": {
        "indices": {"t": "T"},
        "symbols": {
            "X": {"shape": ["T", "D"], "role": "input"},
            "y": {"label": "K", "role": "target"},
            "h0": {"shape": ["H"], "role": "input"},
            "A": ["H", "H"],
            "B": ["H", "D"],
            "C": ["K", "H"],
        },
        "forward": ["h[0] = h0", "h[t] = relu(A @ h[t-1] + B @ X[t])", "o = C @ h[T]", "L = logsumexp(o) - o[y]"],
        "parts": [{"gradients": ["o", "C", "h", "A", "B"]}],
    },
    "gate": {
        "indices": {"n": "N", "j": "H"},
        "symbols": {
            "X": {"shape": ["N", "D"], "role": "input"},
            "W": ["D", "H"],
            "T": {"shape": ["N", "H"], "role": "target"},
        },
        "forward": ["Z[n,j] = sum(X[n,d]*W[d,j], d)", "Y = relu(Z)", "L = 1/2*sum((Y - T)**2)"],
        "parts": [{"gradients": ["Y", "Z", "W"]}],
    },
    "words": {
        "symbols": {"U": ["V", "D"], "h": {"shape": ["D"], "role": "input"}, "o": {"label": "V", "role": "target"}},
        "forward": ["s = U @ h", "L = logsumexp(s) - s[o]"],
        "parts": [{"gradients": ["s", "U", "h"]}],
    },
    "classes": {
        "indices": {"k": "K"},
        "symbols": {
            "x": {"shape": ["D"], "role": "input"},
            "W": ["K", "D"],
            "b": ["K"],
            "y": {"label": "K", "role": "target"},
        },
        "forward": ["z = W @ x + b", "p = softmax(z)", "L = -log(p[y])"],
        "parts": [{"gradients": ["W", "b", "z"]}],
    },
    "features": {
        "symbols": {
            "X": {"shape": ["N", "D"], "role": "input"},
            "W": ["D", "H"],
            "u": ["H"],
            "t": {"shape": ["N"], "role": "target"},
        },
        "forward": ["Phi = sigmoid(X @ W)", "p = sigmoid(Phi @ u)", "L = binary_cross_entropy(p, t)"],
        "parts": [{"gradients": ["u", "W"]}],
    },
    "table": {
        "indices": {"t": "T"},
        "symbols": {
            "w": {"shape": ["T"], "label": "V", "role": "input"},
            "y": {"label": "K", "role": "target"},
            "E": ["V", "D"],
            "W": ["K", "D"],
        },
        "forward": ["v[t] = E[w[t]]", "m = sum(v[t], t)/T", "z = W @ m", "L = logsumexp(z) - z[y]"],
        "parts": [{"gradients": ["z", "W", "m", "v", "E"]}],
    },
    "normal": {
        "indices": {"n": "N"},
        "symbols": {"X": {"shape": ["N", "D"], "role": "input"}, "mu": ["D"], "A": ["D", "D"]},
        "forward": ["L = logdet(A)/2 + 1/2*sum((X[n] - mu).T @ inv(A) @ (X[n] - mu), n)"],
        "parts": [{"gradients": ["mu"]}],
    },
}
LAST, BACK = r"C^\top \nabla_o L", r"A^\top (\nabla_{h_{t+1}} L \odot 1[h_{t+1} > 0])"
HIDDEN = r"((W^{(l+1)})^\top \delta^{(l+1)}) \odot \sigma'(z^{(l)})"
RIGHT = {
    "sequence": [
        ("h", rf"\begin{{cases}} {LAST} & t = T \\ {BACK} & t < T\end{{cases}}"),
        ("h", rf"\begin{{cases}} {LAST} & t = T \\ {BACK} & t = T-1, \dots, 1\end{{cases}}"),
        ("h", rf"\begin{{cases}} {BACK} & t \le T-1 \\ {LAST} & t = T\end{{cases}}"),
        ("h", rf"\nabla_{{h_T}} L = {LAST}, \quad \nabla_{{h_t}} L = {BACK}"),
        ("h", "dL/dh_T = C^T dL/do\ndL/dh_t = A^T (dL/dh_{t+1} * [h_{t+1} > 0]) for t < T"),
        ("h", rf"\nabla_{{h_t}} L = [t = T] {LAST} + {BACK}, \nabla_{{h_{{T+1}}}} L = 0"),
        ("o", r"p_k - \mathbb{1}[k=y] \text{ with } p = \mathrm{softmax}(o)"),
    ],
    "classes": [
        ("b", "dL/db_k = p_k - 1 for k = y, p_k for k != y"),
        ("b", "p_k for k != y\np_k - 1 for k = y"),
        ("b", "dL/db_k = p_k - 1 if k = y\ndL/db_k = p_k if k != y"),
        (
            "b",
            r"\frac{\partial L}{\partial b_k} = p_k \text{ for } k \neq y, \frac{\partial L}{\partial b_y} = p_y - 1",
        ),
        ("b", "dL/db_y = p_y - 1\ndL/db_k = p_k"),
        ("b", "p_k - 1 for k = y and p_k otherwise"),
    ],
    "features": [
        ("u", r"\sum_n (p_n - t_n)\phi_n"),
        ("W", r"\sum_n (p_n - t_n) x_n (u \odot \phi_n \odot (1-\phi_n))^\top"),
    ],
    "table": [
        ("z", r"\mathrm{softmax}(z) - e_y"),
        ("v", r"\frac{1}{T} \nabla_m L"),
        ("E", r"\frac{1}{T}\sum_{t=1}^T e_{w_t} (\nabla_m L)^\top"),
        (
            "E",
            r"\frac{\partial L}{\partial E_{vd}} = \frac1T \sum_t \mathbb{1}[w_t = v] \frac{\partial L}{\partial m_d}",
        ),
    ],
    "gate": [
        ("Z", r"\frac{\partial L}{\partial Y_{nj}} H(Z_{nj}), \text{ where } H \text{ is the Heaviside step function}"),
        ("Z", "dY ⊙ H(Z) with H the unit step"),
        ("Z", r"(Y_{nj} - T_{nj})\,\theta(Z_{nj})"),
        ("Z", r"(Y - T) \odot u(Z)"),
        ("Z", "(Y - T) * heaviside(Z)"),
        ("Z", r"(Y-T) \odot \mathbb{I}(Z > 0), where \odot denotes the elementwise product"),
    ],
    "words": [
        ("s", "dL/ds_k = p_k - 1 for k = o, p_k otherwise where p = softmax(s)"),
        ("h", r"\sum_k p_k u_k - u_o, \text{ where } p = \mathrm{softmax}(s)"),
        ("h", r"U^\top \mathrm{softmax}(s) - u_o"),
        ("h", "U.T @ softmax(s) - U[o]"),
        ("U", r"(\hat{y} - e_o) h^\top, \quad \hat y = \mathrm{softmax}(s)"),
    ],
    "normal": [
        ("mu", r"\frac{N}{2} (A^{-1} + A^{-T}) (\mu - \bar{x}) \text{ where } \bar x = \frac1N \sum_n x_n"),
        ("mu", "xbar = 1/N*sum_n x_n\nN/2 (A^-1 + A^-T) (mu - xbar)"),
        ("mu", r"-\frac12 \sum_n (A^-1 (x_n - \mu) + A^-T (x_n - \mu))"),
    ],
    "layer": [
        ("W", r"((y-t) \odot (1-y^2)) x^T"),
        ("W", r"\left((\mathbf{y}-\mathbf{t})\circ(1-\mathbf{y}\circ\mathbf{y})\right)\mathbf{x}^{\intercal}"),
        ("W", "np.outer((y - t)*(1 - pow(y,2)), x)"),
        ("W", "outer(dz, x)"),
        ("W", "dL/dz x^T"),
        ("W", "dL/dz * x^T"),
        ("W", "dL/dz*x.T"),
        ("W", "(y-t)*(1-y**2)*x.T"),
        ("W", r"(y-t)*(1-y^2)*x^\top"),
        ("b", "dL/db: (y - t)*(1 - y^2)"),
        ("b", "b : dL/dz"),
        ("b", "Nach der Kettenregel gilt: dL/db = dL/dz"),
        ("b", "dL/dz nach Kettenregel"),
        ("b", "wie bei z: (y - t)*(1 - y^2)"),
        ("b", "dL/dz   (since dz/db = 1)"),
        ("b", r"\frac{\partial L}{\partial z} \quad (\text{because } \frac{\partial z}{\partial b} = 1)"),
        ("W", r"\frac{\partial L}{\partial W_{ij}} = (y_i - t_i)(1 - y_i^2)x_j"),
        ("W", r"$\delta x^\top$ where $\delta = (y - t) \odot (1 - \tanh^2(z))$"),
        ("W", "(y-t).*(1-y.^2)*x'"),
        ("b", "(y - t) * (1 - pow(y, 2))"),
        ("b", "(y-t)∘(1−y∘y)"),
        ("b", r"\mathrm{diag}(1-y^2)(y-t)"),
        ("b", r"(y-t) \odot \operatorname{sech}^2(z)"),
        ("b", "(y-t)/cosh(z)^2"),
        ("x", "W^T((y-t)⊙(1-y⊙y))"),
        ("x", "W' * ((y-t).*(1-y.^2))"),
        ("x", "W.T @ ((y-t)*(1-y**2))"),
        ("x", r"\sum_{k=1}^{K} W_{kd} (y_k - t_k)(1 - y_k^2)"),
        ("x", r"\sum_i W_{ij}\,\frac{\partial L}{\partial z_i}"),
        ("y", "y-t"),
        ("z", r"(y-t)\,(1-y^2)"),
        ("b", r"\frac{\partial L}{\partial b} = (y-t) \odot (1-y^2) \left(2\right)"),
        ("z", r"(\tanh(Wx+b)-t)\odot(1-\tanh^2(Wx+b)) \quad \left(2\right)"),
    ],
    "lin": [
        ("w", "X^T(Xw - t)/N"),
        ("w", r"\frac{1}{N} X^\top (X w - t)"),
        ("w", "1/N * X.T.dot(X.dot(w) - t)"),
        ("w", "np.mean((y - t)[:, None]*X, axis=0)"),
        ("w", r"\frac1N\sum_{n=1}^N (y_n - t_n) x_n"),
        ("w", "(X^TXw - X^Tt)/N"),
        ("y", "(y-t)/N"),
        ("y", r"\frac{\partial L}{\partial y_n} = \frac{y_n - t_n}{N}"),
    ],
    "soft": [
        ("z", "p - t"),
        ("z", r"\frac{\partial L}{\partial z_k} = p_k - t_k"),
        ("W", "(p-t)x^T"),
        ("W", "np.outer(p - t, x)"),
        ("W", r"(\text{softmax}(Wx) - t) x^\top"),
        ("W", "torch.outer(torch.softmax(W @ x, 0) - t, x)"),
        ("p", "-t/p"),
        ("p", r"-\frac{t_k}{p_k}"),
        ("p", "-t ⊘ p"),
    ],
    "mn": [
        ("x", "(m - t)*[x == min(x)]"),
        ("x", "[x==min(x)]*(m-t)"),
        ("x", r"(m-t)\mathbb{1}[x_i = m]"),
        ("x", "np.where(x == np.min(x), m - t, 0)"),
        ("x", "(m-t) if x_i = min(x) else 0"),
    ],
    "quad": [
        ("q", "q"),
        ("A", "s q u^T"),
        ("A", r"(u^T v) q u^\top"),
        ("A", "q u^T v u^T"),
        ("A", "q (u^T v) u^T"),
        ("A", "q v^T u u^T"),
        ("v", "u (q^T A u)"),
        ("v", "(q^T A u) u"),
        ("v", "u q^T A u"),
        ("v", "u u^T A^T q"),
        ("u", "s A^T q + (q^T A u) v"),
        ("u", "v q^T A u + u^T v A^T q"),
    ],
    "sc": [
        ("w", "(y-t)*y*(1-y)*x"),
        ("w", "(y-t) y (1-y) x"),
        ("w", r"(\sigma(z)-t)\,\sigma(z)\,(1-\sigma(z))\,x \qquad (3)"),
        ("w", r"(\sigma(z)-t)\sigma^\prime(z)x"),
        ("b", "(y-t)σ'(z)"),
        ("b", "(y-t)*pow(1+exp(-z),-2)*exp(-z)"),
        ("z", "dy*y*(1-y)"),
        ("z", "(y-t)(y-y^2)"),
    ],
    "rnn": [
        ("W", r"\sum_{t=1}^T \left(\frac{\partial L}{\partial h_t} \odot (1-h_t^2)\right) h_{t-1}^\top"),
        ("W", r"\sum_{t=1}^T \delta_t h_{t-1}^\top, \quad \delta_t = \frac{\partial L}{\partial h_t} \odot (1-h_t^2)"),
        ("W", r"\sum_t \delta_t h_{t-1}^\top \quad\text{where}\quad \delta_t = \nabla_{h_t} L \odot (1-h_t^2)"),
        (
            "U",
            r"\frac{\partial L}{\partial U} = \sum_t \delta_t x_t^\top \quad \delta_t = \nabla_{h_t} L \odot (1-h_t^2)",
        ),
        ("U", r"\sum_t \delta_t x_t^\top \text{ mit } \delta_t = \nabla_{h_t} L \odot (1-h_t^2)"),
        ("h", "dL/dh_T = h_T - y_T, dL/dh_t = h_t - y_t + W^T (dL/dh_{t+1} * (1 - h_{t+1}^2)) for t = T-1, ..., 1"),
        ("U", "sum over t of (dL/dh_t * (1 - h_t^2)) x_t^T"),
        ("U", "the sum over t: (dL/dh_t * (1 - h_t^2)) x_t^T"),
        ("U", "delta_t = dL/dh_t * (1 - h_t^2)\nsum_t delta_t x_t^T"),
        ("h", r"g_t = h_t - y_t + W^\top (g_{t+1} \odot (1-h_{t+1}^2))"),
        ("h", r"h_t - y_t + W^\top (\nabla_{h_{t+1}} L \odot (1-h_{t+1}^2)), \nabla_{h_{T+1}} L = 0"),
        ("W", r"\sum_{t} \mathrm{diag}(1-h_t^2) \frac{\partial L}{\partial h_t} h_{t-1}^\top"),
        ("U", r"\sum_{t=1}^T \left(\nabla_{h_t} L \odot (1-h_t \odot h_t)\right) x_t^\top"),
    ],
    "depth": [
        ("W", r"\frac{\partial L}{\partial z^{(l)}} (a^{(l-1)})^\top"),
        ("W", r"\nabla_{z^{(l)}} L \, a^{(l-1)\top}"),
        ("W", r"\frac{\partial L}{\partial z^{l}} (a^{l-1})^T"),
        ("W", r"\delta^{(l)} (a^{(l-1)})^\top \text{ with } \delta^{(l)} = \nabla_{z^{(l)}} L"),
        ("W", r"\delta^{(l)} = \nabla_{z^{(l)}} L \\ \nabla_{W^{(l)}} L = \delta^{(l)} (a^{(l-1)})^\top"),
        (
            "z",
            rf"\delta^{{(l)}} = {HIDDEN} \text{{ for }} l < M, " r"\delta^{(M)} = (a^{(M)} - y) \odot \sigma'(z^{(M)})",
        ),
        ("z", rf"{HIDDEN}, \nabla_{{z^{{(M)}}}} L = (a^{{(M)}} - y) \odot \sigma'(z^{{(M)}})"),
        ("b", r"\frac{\partial L}{\partial z^{(l)}}"),
    ],
}
WRONG = {
    "sequence": [
        (
            "h",
            rf"\begin{{cases}} {LAST} & t = T \\ A (\nabla_{{h_{{t+1}}}} L \odot 1[h_{{t+1}}>0]) & t<T\end{{cases}}",
        ),
        ("h", rf"\begin{{cases}} {BACK} & t = T \\ {LAST} & t < T\end{{cases}}"),
        ("h", rf"\begin{{cases}} {LAST} & t = 1 \\ {BACK} & t > 1\end{{cases}}"),
        ("h", rf"\nabla_{{h_T}} L = -{LAST}, \quad \nabla_{{h_t}} L = {BACK}"),
        ("h", rf"\nabla_{{h_t}} L = {BACK}"),
        ("h", rf"\nabla_{{h_T}} L = {LAST}"),
    ],
    "classes": [
        ("b", "p_k for k = y\np_k - 1 for k != y"),
        ("b", "dL/db_y = p_y\ndL/db_k = p_k - 1"),
        ("b", "p_k for k != y"),
    ],
    "table": [
        ("v", r"\nabla_m L"),
        ("E", r"\frac{1}{T}\sum_t (\nabla_m L) e_{w_t}^T"),
    ],
    "gate": [
        ("Z", "(Y - T) ⊙ u(-Z)"),
        ("Z", "dY ⊙ H(Y - Z) with H the unit step"),
        ("Z", "dY ⊙ H(Z)"),
    ],
    "words": [
        ("h", r"u_o - \sum_k p_k u_k, \text{ where } p = \mathrm{softmax}(s)"),
        ("h", r"\sum_k s_k u_k - u_o"),
    ],
    "normal": [
        ("mu", r"N A^{-1} (\mu - \bar{x}) \text{ where } \bar x = \frac1N \sum_n x_n"),
        ("mu", r"N/2 (A^-1 + A^-T) (\mu - \bar x), \bar x = \sum_n x_n"),
    ],
    "layer": [
        ("W", "x^T ((y-t) ⊙ (1-y²))"),
        ("W", "(y-t)(1-y^2)^T x^T"),
        ("W", "sum of: dL/dz x^T x"),
        ("x", "W' * ((y-t).*(1-y))"),
        ("W", r"\frac{\partial L}{\partial W_{ij}} = (y_i - t_i)(1 - y_i^2)x_i"),
        ("b", "(y - t) * (1 - y)^2"),
        ("W", "dL/dz^T * x"),
        ("W", "x * dL/dz^T"),
        ("W", r"\frac{\partial L}{\partial z} \odot x^\top"),
        ("b", "dL/dz * z   (since dz/db = 1)"),
        ("b", "right class: dL/dz\nothers: 0"),
        ("x", "W ((y-t)⊙(1-y⊙y))"),
    ],
    "lin": [
        ("w", r"\frac{2}{N} X^\top (X w - t)"),
        ("w", "X (X w - t)/N"),
        ("y", "(y-t)/n"),
    ],
    "soft": [
        ("z", "t - p"),
        ("W", "(p-t)^T x"),
        ("p", "-1/p"),
    ],
    "mn": [
        ("x", "(m-t)*[x==max(x)]"),
        ("x", "m - t"),
    ],
    "quad": [
        ("u", "v q^T A u + v^T A^T q u"),
    ],
    "sc": [
        ("b", "(y-t)σ(z)"),
        ("b", "dL/dz   (since dz/db = 2)"),
        ("z", "(y-t)(y-y)^2"),
    ],
    "rnn": [
        ("W", r"\sum_{t=1}^T \left(\frac{\partial L}{\partial h_t} \odot (1-h_t^2)\right) h_t^\top"),
    ],
    "depth": [
        ("W", r"\frac{\partial L}{\partial z^{(l)}} (a^{(l)})^\top"),
        ("z", rf"{HIDDEN}, \nabla_{{z^{{(M)}}}} L = (y - a^{{(M)}}) \odot \sigma'(z^{{(M)}})"),
        ("z", rf"-{HIDDEN}, \nabla_{{z^{{(M)}}}} L = (a^{{(M)}} - y) \odot \sigma'(z^{{(M)}})"),
        ("z", rf"\delta^{{(l)}} = {HIDDEN}"),
        ("z", r"\delta^{(l)} = \delta^{(l)}"),
        ("z", r"\nabla_{z^{(l)}} L"),
        ("z", r"\nabla_z L"),
    ],
}
LEFT = 2
"""Right answers that are left to a person."""


@pytest.fixture(scope="module")
def markers() -> dict[str, Marker]:
    return {name: Marker(problem_from_mapping(mapping)) for name, mapping in PROBLEMS.items()}


def test_what_is_right_is_never_called_wrong(markers: dict[str, Marker]) -> None:
    left = []
    for name, answers in RIGHT.items():
        for target, text in answers:
            verdict = markers[name].mark(target, text)
            assert verdict.verdict != "incorrect", (name, target, text, verdict.feedback)
            left += [text] if verdict.score < verdict.marks else []
    assert len(left) <= LEFT, left


def test_what_is_wrong_earns_nothing(markers: dict[str, Marker]) -> None:
    for name, answers in WRONG.items():
        for target, text in answers:
            assert markers[name].mark(target, text).score == 0, (name, target, text)


@pytest.mark.parametrize("name", [r"\delta_z", "delta_z", "δ_z", r"\delta_{z}", r"\delta^{(1)}"])
def test_a_name_that_is_not_defined_is_named(name: str, markers: dict[str, Marker]) -> None:
    found = markers["layer"].mark("W", f"{name} x^T")
    assert (found.verdict, found.tags) == ("invalid", ("undeclared",))
    assert name in found.feedback or "delta1" in found.feedback
    assert markers["layer"].mark("W", f"{name} x^T where {name} = dL/dz").verdict == "correct"


@pytest.mark.parametrize(
    ("answer", "culprit"),
    [
        ("(y - t) (1 - y^2 x^T", "( is never closed"),
        ("(y - t) foo x^T", "foo is not"),
        ("(y - t)(1 - y^2) g'(z) x^T", "unknown function g"),
    ],
)
def test_a_product_without_a_sign_is_no_culprit(answer: str, culprit: str, markers: dict[str, Marker]) -> None:
    found = markers["layer"].mark("W", answer)
    assert found.verdict == "invalid"
    assert culprit in found.feedback


def test_a_power_of_e_may_be_one_of_a_quantity() -> None:
    problem = problem_from_mapping(
        {"symbols": {"s": {}, "y": {}}, "forward": ["r = exp(s)", "e = r - y", "L = e**2/2"]}
    )
    marker = Marker(problem)
    assert marker.mark("s", "e e^s").verdict == "undetermined"
    assert marker.mark("s", "e r").verdict == "correct"


BROKEN = [
    ("mn", "x", "(m-t) if x_i ,(1-y) else 0"),
    ("mn", "x", "(m-t- X^Tt)if x_i = min(x) else 0"),
    ("mn", "x", "(m-t) if x_i min(x) else 0"),
    ("quad", "u", "s A^T qu+ (qA  ) v"),
]


@pytest.mark.parametrize(("problem", "target", "text"), BROKEN)
def test_broken_conditions_and_products_are_not_read(
    problem: str, target: str, text: str, markers: dict[str, Marker]
) -> None:
    assert markers[problem].mark(target, text).verdict == "invalid"


@pytest.mark.parametrize("hat", [r"\hat{y}", r"\hat y", r"\widehat{y}", "yhat", "y_hat", "\u0177"])
def test_a_hat_is_a_hat_however_it_is_typed(hat: str) -> None:
    symbols = {"x": {"role": "input"}, "y": {"role": "target"}}
    problem = problem_from_mapping({"symbols": symbols, "forward": ["yhat = w*x", "L = (yhat - y)**2/2"]})
    assert Marker(problem).mark("yhat", f"{hat} - y").verdict == "correct"

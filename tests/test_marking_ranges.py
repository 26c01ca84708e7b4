"""Answers with ranges that letters bound, products, letters in exponents, and programs."""

from __future__ import annotations

from functools import cache

import pytest
from extent import some

from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import problem_from_mapping

PROBLEMS = {
    "product": {
        "indices": {"l": "M"},
        "symbols": {"x": {"role": "input"}, "w": ["M"], "t": {"role": "target"}},
        "forward": ["a[0] = x", "a[l] = w[l]*a[l-1]", "L = 1/2*(a[M] - t)**2"],
    },
    "decay": {
        "indices": {"t": "T"},
        "symbols": {"x": ["T"], "a": {"role": "parameter"}, "y": {"role": "target"}, "h0": {"role": "input"}},
        "forward": ["h[0] = h0", "h[t] = a*h[t-1] + x[t]", "L = 1/2*(h[T] - y)**2"],
    },
    "sums": {
        "indices": {"t": "T"},
        "symbols": {"x": ["T"], "w": {"role": "parameter"}, "Y": ["T"], "h0": {"role": "input"}},
        "forward": ["h[0] = h0", "h[t] = h[t-1] + w*x[t]", "L = 1/2*sum((h[t] - Y[t])**2, t)"],
    },
    "batch": {
        "indices": {"n": "N"},
        "symbols": {"X": ["N", "D"], "W": ["K", "D"], "y": {"shape": ["N"], "label": "K", "role": "target"}},
        "forward": ["z[n] = W @ X[n]", "p[n] = softmax(z[n])", "L = -sum(log(p[n,y[n]]), n)/N"],
    },
    "hinge": {
        "indices": {"n": "N", "d": "D", "k": "K"},
        "symbols": {"X": ["N", "D"], "W": ["D", "K"], "y": {"shape": ["N"], "label": "K", "role": "target"}},
        "forward": [
            "S[n,k] = sum(X[n,d]*W[d,k], d)", "M[n,k] = max(0, S[n,k] - S[n,y[n]] + 1)",
            "L = sum(sum(M[n,k], k != y[n]), n)/N",
        ],
    },
    "relu": {
        "symbols": {"x": ["D"], "W": ["H", "D"], "t": ["H"]},
        "forward": ["z = W @ x", "h = relu(z)", "L = squared_error(h, t)"],
    },
    "label": {
        "symbols": {"x": ["D"], "W": ["K", "D"], "y": {"label": "K", "role": "target"}},
        "forward": ["z = W @ x", "L = logsumexp(z) - z[y]"],
    },
    "embedding": {
        "indices": {"t": "T"},
        "symbols": {"E": ["V", "D"], "w": {"shape": ["T"], "label": "V", "role": "input"}, "U": ["T", "D"]},
        "forward": ["x[t] = E[w[t]]", "L = sum(squared_error(x[t], U[t]), t)"],
    },
    "unit": {"symbols": {"x": ["D"], "v": ["D"]}, "forward": ["r = norm(x)", "u = x/r", "L = dot(u, v)"]},
    "rows": {
        "symbols": {"S": ["N", "M"], "T": ["N", "M"]},
        "forward": ["A = softmax(S)", "L = 1/2*sum((A - T)**2)"],
    },
    "chain": {
        "symbols": {key: {"role": "parameter"} for key in "xw"} | {"t": {"role": "target"}},
        "forward": ["u = w*x", "a = sigmoid(u)", "y = a + 1", "L = 1/2*(y - t)**2"],
    },
    "gate": {"symbols": {"a": ["H"], "t": ["H"]}, "forward": ["h = sigmoid(a)", "L = squared_error(h, t)"]},
    "softmax": {"symbols": {"z": ["K"], "v": ["K"]}, "forward": ["p = softmax(z)", "L = dot(p, v)"]},
}  # fmt: skip

ROWS = "np.arange(N), y"
RIGHT = [
    ("product", "w", r"\frac{\partial L}{\partial w_l} = (a_M - t) x \prod_{k \neq l} w_k"),
    ("product", "w", r"(a_M - t) \prod_{k=l+1}^M w_k \cdot a_{l-1}"),
    ("product", "a", r"(a_M - t) \prod_{k>l} w_k"),
    ("decay", "h", r"a^{T-t} (h_T - y)"),
    ("decay", "h", r"\frac{\partial L}{\partial h_k} = (h_T - y)\, a^{T-k}"),
    ("decay", "a", r"(h_T - y) \sum_{t=1}^T a^{T-t} h_{t-1}"),
    ("sums", "h", r"\sum_{k=t}^{T} (h_k - Y_k)"),
    ("sums", "h", r"(h_t - Y_t) + \sum_{k=t+1}^T (h_k - Y_k)"),
    ("sums", "w", r"\sum_t (h_t - Y_t) \sum_{k=1}^{t} x_k"),
    ("sums", "w", r"\sum_{t=1}^T (h_t - Y_t) \sum_{k \le t} x_k"),
    ("batch", "z", "dz = p.copy()\ndz[range(N), y] -= 1\ndz = dz / N"),
    ("batch", "z", "dz = p / N\nidx = np.arange(N)\ndz[idx, y] -= 1/N\nreturn dz"),
    ("batch", "W", "p[np.arange(N), y] -= 1\ndW = (p / N).T @ X"),
    ("batch", "W", "d = p\nd[range(N), y] -= 1\nd /= N\ndW = d.T.dot(X)"),
    ("batch", "W", "dW = 0\nfor n in range(N):\n    d = p[n]\n    d[y[n]] -= 1\n    dW += np.outer(d, X[n])/N"),
    ("batch", "z", "dz = np.zeros((N, K))\nfor n in range(N):\n    dz[n] = p[n]\n    dz[n, y[n]] -= 1\ndz /= N"),
    ("batch", "W", "for n in range(N):\n for k in range(K):\n  for d in range(D):\n   dW[k, d] += dz[n, k]*X[n, d]"),
    ("hinge", "S", f"m = (S - S[{ROWS}][:, None] + 1 > 0)*1.0\nm[{ROWS}] = 0\nm[{ROWS}] = -m.sum(axis=1)\ndS = m / N"),
    ("relu", "z", "dz = h - t\ndz[z <= 0] = 0"),
    ("relu", "z", "m = z > 0\ndz = np.zeros_like(z)\ndz[m] = (h - t)[m]"),
    ("label", "z", "dz = np.exp(z - z.max()); dz /= dz.sum(); dz[y] -= 1"),
    ("label", "z", "p = np.exp(z)/np.exp(z).sum()\np[y] = p[y] - 1\ndz = p"),
    ("embedding", "E", "dE = np.zeros_like(E)\nnp.add.at(dE, w, x - U)"),
    ("unit", "x", r"\left(\frac{I}{r} - \frac{xx^T}{r^3}\right) v"),
    ("unit", "x", "(I/r - x x^T/r^3) v"),
    ("unit", "x", "1/r (v - (u^T v)/r^2 r x)"),
    ("softmax", "z", r"\operatorname{diag}(p)(I - 1 p^\top) v"),
    ("rows", "S", r"A \odot (dA - (dA \odot A)\mathbf{1}\mathbf{1}^\top)"),
    ("sums", "h", "dL/dh_t = h_t - Y_t + dL/dh_{t+1}"),
    ("decay", "h", "For t = T: dL/dh_T = h_T - y\nFor t < T: dL/dh_t = a dL/dh_{t+1}"),
    ("decay", "h", "for t = T: h_T - y\nfor t < T: a dL/dh_{t+1}"),
    ("relu", "h", "The derivative of the loss with respect to h is h - t"),
    ("relu", "h", "Die Ableitung von L nach h lautet h - t"),
    ("chain", "w", "let e = y - t and s = a*(1 - a). dL/dw = e s x"),
    ("chain", "w", r"\frac12 2 (y - t)\frac a1 (1 - a) x"),
]  # fmt: skip

WRONG = [
    ("product", "a", r"(a_M - t) \prod_{k=l}^M w_k"),
    ("product", "a", r"(a_M - t) \prod_{k=1}^l w_k"),
    ("decay", "h", r"a^{T-t+1} (h_T - y)"),
    ("decay", "h", r"a^{t} (h_T - y)"),
    ("sums", "h", r"\sum_{k=t+1}^{T} (h_k - Y_k)"),
    ("sums", "w", r"\sum_t (h_t - Y_t) \sum_{k=1}^{t-1} x_k"),
    ("batch", "z", "dz = p.copy()\ndz[y] -= 1\ndz /= N"),
    ("batch", "z", "dz = p.copy()\ndz[:, y] -= 1\ndz /= N"),
    ("batch", "W", "dz = p.copy()\ndz[y] -= 1\ndz /= N\ndW = dz.T @ X"),
    ("batch", "z", "dz = p.copy()\ndz[np.arange(N), y] += 1\ndz /= N"),
    ("relu", "z", "dz = h - t\ndz[z > 0] = 0"),
    ("relu", "z", "dz = h - t\ndz[z <= 0] = 1"),
    ("label", "z", "dz = np.exp(z - z.max()); dz[y] -= 1; dz /= dz.sum()"),
    ("embedding", "E", "dE = np.zeros_like(E)\ndE[w] += x - U"),
    ("unit", "x", "(I/r + x x^T/r^3) v"),
    ("softmax", "z", r"\operatorname{diag}(p)(I + 1 p^\top) v"),
    ("rows", "S", r"A \odot (dA + (dA \odot A)\mathbf{1}\mathbf{1}^\top)"),
    ("rows", "A", r"A - T + A \odot (dA - (dA \odot A)\mathbf{1}\mathbf{1}^\top)"),
]


@cache
def marker(name: str) -> Marker:
    return Marker(problem_from_mapping(PROBLEMS[name]))


@pytest.mark.parametrize(("name", "target", "answer"), some(RIGHT, 3))
def test_what_is_right_earns(name: str, target: str, answer: str) -> None:
    verdict = marker(name).mark(target, answer, accept="any")
    assert verdict.verdict == "correct", verdict.feedback


@pytest.mark.parametrize(("name", "target", "answer"), some(WRONG, 3))
def test_what_is_wrong_does_not(name: str, target: str, answer: str) -> None:
    assert marker(name).mark(target, answer, accept="any").score == 0.0


EXPLAINED = [
    ("sums", "w", r"\sum_t (h_t - Y_t) \sum_{k=1}^{t-1} x_k", "wrong_index"),
    ("product", "a", r"(a_M - t) \prod_{k=l+2}^M w_k", "wrong_index"),
    ("gate", "a", "(h - t)*a*(1 - a)", "wrong_node"),
    ("chain", "x", "(y - t)*u*(1 - u)*w", "wrong_node"),
    ("chain", "x", "w/(1+w) 2x", ""),
]


@pytest.mark.parametrize(("name", "target", "answer", "tag"), EXPLAINED)
def test_what_is_wrong_is_told(name: str, target: str, answer: str, tag: str) -> None:
    verdict = marker(name).mark(target, answer, accept="any")
    assert verdict.verdict == "incorrect"
    assert not tag or tag in verdict.tags, verdict.feedback

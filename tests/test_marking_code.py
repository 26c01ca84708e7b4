"""Derivations as code has them, line by line: names of derivatives and names of the student's own, right and wrong."""

from __future__ import annotations

from functools import cache

import pytest
from extent import some
from known import bundled

from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import problem_from_mapping

NEURONS = {
    "symbols": {"W": ["H", "D"], "x": ["D"], "b": ["H"], "v": ["H"], "t": {"role": "target"}},
    "forward": ["z = W @ x + b", "h = sigmoid(z)", "y = v.T @ h", "L = (y - t)**2"],
}
GATE = {"symbols": {"c": ["D"], "o": ["D"]}, "forward": ["h = tanh(c)", "u = o*h", "L = sum(u**2)"]}

RIGHT = [
    "d_y = 2*(y - t)\nd_h = d_y*v\nd_z = d_h*h*(1 - h)\nd_W = d_z @ x.T",
    "dy = 2*(y - t)\ndh = dy*v\ndz = dh*h*(1 - h)\ndW = np.outer(dz, x)",
    "d_y = 2*(y - t); d_h = d_y*v; d_z = d_h*h*(1 - h); d_W = np.outer(d_z, x)",
    "grad_y = 2*(y - t)\ngrad_h = grad_y*v\ngrad_z = grad_h*h*(1 - h)\ngrad_W = grad_z @ x.T",
    "y_bar = 2*(y - t)\nh_bar = y_bar*v\nz_bar = h_bar*h*(1 - h)\nW_bar = z_bar @ x.T",
    "dL_dy = 2*(y - t)\ndL_dh = dL_dy*v\ndL_dz = dL_dh*h*(1 - h)\ndL_dW = dL_dz @ x.T",
    "delta_y = 2*(y - t)\ndelta_z = delta_y*v*h*(1 - h)\ndW = delta_z @ x.T",
    "g_y = 2*(y - t)\ng_z = g_y*v*h*(1 - h)\ndW = g_z @ x.T",
    "sig_z = h*(1 - h)\nd_z = 2*(y - t)*v*sig_z\nd_W = d_z @ x.T",
    "d_sigma = h*(1 - h)\nd_z = 2*(y - t)*v*d_sigma\nd_W = d_z @ x.T",
    "dsigma = h*(1 - h)\nd_W = np.outer(2*(y - t)*v*dsigma, x)",
    "err = y - t\nd_W = 2*err*np.outer(v*h*(1 - h), x)",
    "y.grad = 2*(y - t)\nh.grad = y.grad*v\nz.grad = h.grad*h*(1 - h)\nW.grad = z.grad @ x.T",
    "W.grad = torch.outer(z.grad, x)",
    "self.dW = np.outer(dL_dz, x)",
    "dz = dh*np.float64(h*(1 - h))\ndW = np.outer(dz, x)",
    "W.grad += z.grad[:, None]*x[None, :]",
]


@cache
def bundled_marker(name: str) -> Marker:
    return Marker(bundled()[name])


@pytest.fixture(scope="module")
def neurons() -> Marker:
    return Marker(problem_from_mapping(NEURONS))


@pytest.fixture(scope="module")
def gate() -> Marker:
    return Marker(problem_from_mapping(GATE))


@pytest.mark.parametrize("text", RIGHT)
def test_right_code(neurons: Marker, text: str) -> None:
    verdict = neurons.mark("W", text)
    assert verdict.verdict == "correct", verdict.feedback


@pytest.mark.parametrize("text", RIGHT)
def test_wrong_code(neurons: Marker, text: str) -> None:
    """The same with the wrong sign in the last line."""
    *lines, last = text.replace("; ", "\n").split("\n")
    left, equals, right = last.partition("= ")
    verdict = neurons.mark("W", "\n".join([*lines, f"{left}{equals}-({right})"]))
    assert (verdict.verdict, verdict.tags) == ("incorrect", ("sign",)), verdict.feedback


@pytest.mark.parametrize(
    "text",
    [
        "tanh_c = np.tanh(c)\ndc = du*o*(1 - tanh_c**2)",
        "tanh_c = np.tanh(c); dc = du*o*(1 - tanh_c**2)",
        "sig_c = 1 - np.tanh(c)**2\ndc = 2*u*o*sig_c",
        "d_foo = 1 - h**2\nd_c = d_u*o*d_foo",
        "d_tanh = 1 - h**2\nd_c = d_u*o*d_tanh",
        "dfoo = 1 - h**2\ndc = du*o*dfoo",
        "tanh_prime = 1 - h**2\nd_c = d_u*o*tanh_prime",
        "dc = d2*(1 - h**2), d2 = d1*o, d1 = 2*u",
        "d_h = d_u*o\nd_c = d_h*(1 - h**2)",
        "grad_h = d_u*o\nd_c = grad_h*(1 - h**2)",
        "softmax_k = tanh(c_k), dL/dc_k = dL/du_k o_k (1 - softmax_k^2)",
    ],
)
def test_names_of_ones_own(gate: Marker, text: str) -> None:
    verdict = gate.mark("c", text)
    assert verdict.verdict == "correct", verdict.feedback


AUTOENCODER = {
    "symbols": {"W": ["H", "D"], "b": ["H"], "c": ["D"], "x": {"shape": ["D"], "role": "input"}},
    "forward": ["z = W @ x + b", "h = relu(z)", "y = W.T @ h + c", "L = 1/2*sum((y - x)**2)"],
}
SOFTMAX = {
    "symbols": {
        "X": {"shape": ["N", "D"], "role": "input"}, "W": ["D", "K"], "b": ["K"],
        "T": {"shape": ["N", "K"], "one_hot": True},
    },
    "forward": ["Z = X @ W + b", "Y = softmax(Z)", "L = cross_entropy(Y, T)/N"],
}  # fmt: skip

CALLS = {
    ("autoencoder", "y"): [
        "np.subtract(y, x)", "torch.sub(y, x)", "y.sub(x)", "np.add(y, -x)", "-np.negative(y - x)",
        "np.negative(x - y)", "np.divide(y - x, 1)", "y - x.flatten()", "y - x.squeeze()", "(y - x).reshape(-1)",
        "(y - x).view(-1)", "np.array(y - x)", "torch.tensor(y - x)", "(y - x).detach()",
    ],
    ("autoencoder", "h"): [
        "np.transpose(W.T) @ (y - x)", "W.transpose(0, 1).T @ (y - x)", "torch.mv(W, y - x)", "W.mv(y - x)",
        "np.tensordot(W, y - x, axes=1)", "W.dot(np.subtract(y, x))", "np.squeeze(W @ (y - x))",
        "torch.einsum('hd,d->h', [W, y - x])", "W.conj() @ (y - x)",
    ],
    ("autoencoder", "z"): [
        "dh*np.heaviside(z, 0)", "dh*(z > 0).astype(float)", "dh*np.greater(z, 0)", "dh*torch.gt(z, 0)", "dh*z.gt(0)",
        "dh*np.where(z <= 0, 0, 1)", "dh*where(z>0, 1, 0)", "dh.masked_fill(z <= 0, 0)", "dh*np.array(z > 0)",
        "dh*step(z)", "dh*drelu(z)", "dh*relu_prime(z)", "dh*relu_grad(z)", "dh*d_relu(z)", "dh*grad_relu(z)",
        "dh*indicator(z > 0)", "dh*1{z > 0}", "dh*np.maximum(z, 0)/z",
    ],
    ("softmax", "W"): [
        "np.tensordot(X, dZ, axes=([0], [0]))", "np.tensordot(X, dZ, axes=(0, 0))", "np.tensordot(X.T, dZ, axes=1)",
        "np.tensordot(X, dZ, [[0], [0]])", "np.transpose(X) @ dZ", "np.transpose(X, (1, 0)) @ dZ",
        "X.permute(1, 0) @ dZ", "torch.transpose(X, 0, 1) @ dZ", "np.swapaxes(X, 0, 1) @ dZ", "X.T.conj() @ dZ",
        "X.conj().T @ dZ", "tf.matmul(X, dZ, transpose_a=True)", "tf.transpose(X) @ dZ",
        "X.T @ np.transpose(dZ, (0, 1))",
    ],
}  # fmt: skip
MARKERS = {"autoencoder": Marker(problem_from_mapping(AUTOENCODER)), "softmax": Marker(problem_from_mapping(SOFTMAX))}


ROWS = [(problem, target, text) for (problem, target), texts in CALLS.items() for text in texts]


@pytest.mark.parametrize(("problem", "target", "text"), ROWS)
def test_calls_of_array_libraries(problem: str, target: str, text: str) -> None:
    verdict = MARKERS[problem].mark(target, text)
    assert verdict.verdict == "correct", verdict.feedback
    wrong = MARKERS[problem].mark(target, f"-({text})")
    assert (wrong.verdict, wrong.tags) == ("incorrect", ("sign",)), wrong.feedback


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("np.transpose(X, (0, 1)) @ dZ", "invalid"), ("tf.matmul(X, dZ, transpose_b=True)", "invalid"),
        ("X' \\ dZ", "invalid"), ("X'\\dZ", "invalid"), ("inv(X') \\ dZ", "invalid"),
        ("np.tensordot(X, dZ, axes=([0], [1]))", "invalid"), ("np.subtract(X.T @ dZ, X.T @ dZ)", "incorrect"),
    ],
)  # fmt: skip
def test_wrong_calls(text: str, verdict: str) -> None:
    assert MARKERS["softmax"].mark("W", text).verdict == verdict


@pytest.mark.parametrize(
    ("text", "said"),
    [("dh*foo(z)", "unknown function foo"), ("d_h*np.cbrt(z)", "unknown function cbrt"), ("dh*dq", "dq is not")],
)
def test_what_is_wrong_beside_a_derivative_is_named(text: str, said: str) -> None:
    assert said in MARKERS["autoencoder"].mark("z", text).feedback


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("X[:,2]", "correct"), ("X[:,1]", "undetermined"), ("X[:,3]", "incorrect"), ("1.0*X[:,2]", "correct"),
        ("np.copy(X[:,1])", "correct"), ("X[:,1] * np.ones(N)", "correct"), ("X[:,3] * np.ones(N)", "incorrect"),
        (r"\mathbf{X}_{:,2}", "correct"), (r"\mathbf{X}_{:,1}", "incorrect"),
    ],
)  # fmt: skip
def test_a_position_beside_a_whole_axis_counts_from_one_but_in_code(text: str, verdict: str) -> None:
    symbols = {"X": {"shape": ["N", "D"], "role": "input"}, "v": ["N"]}
    marker = Marker(problem_from_mapping({"symbols": symbols, "forward": ["L = v.T @ X[:,2]"]}))
    assert marker.mark("v", text).verdict == verdict


@pytest.mark.parametrize(
    ("target", "text", "verdict"),
    [
        ("b", "sum(dZ, 1)", "undetermined"), ("b", "sum(dZ, 0)", "correct"), ("b", "dZ.sum(1)", "incorrect"),
        ("b", "dW = X'*dZ;\ndb = sum(dZ, 1)", "correct"), ("b", "dW = X'*dZ;\ndb = sum(dZ, 2)", "incorrect"),
        ("b", "dW = X.T @ dZ\ndb = sum(dZ, 1)", "incorrect"), ("b", "sum((Y - T)./N, 1)", "correct"),
        ("b", "def grad(Y, T):\n    E = (Y - T)/N\n    return E.sum(axis=0)\n    return 0*b", "correct"),
        ("b", "E = (Y - T)/N\nif N > 0:\n    db = E.sum(axis=0)", "invalid"),
        ("Z", "((Y - T)/N).ravel(order='F').reshape(N, K, order='F')", "correct"),
        ("Z", "((Y - T)/N).ravel(order='F').reshape(N, K)", "incorrect"),
        ("b", "dZ.sum(axis=0)*N[0]/N", "invalid"),
        ("b", "sum(Y - T, 1)'/N", "correct"), ("b", "mean(Y - T)'", "correct"), ("b", "mean(Y - T, 2)'", "incorrect"),
        ("W", "(1/N)*X'*(repmat(N, 1, K).*(Y - T))", "incorrect"), ("W", "X'*((Y - T).*ones(N, K))/N;", "correct"),
        ("Z", "(Y - T).*Y/(Y + 1)", "invalid"), ("Z", "(Y - T)./N + 0.*sum(Y, 1)'", "invalid"),
        ("b", "float(np.sum(dZ, axis=0))", "invalid"), ("b", "dZ.sum(axis=0).item()", "invalid"),
        ("b", "print(dZ.sum(axis=0));", "correct"), ("b", "np.sum(dZ, axis=0)[b > 0]", "invalid"),
        ("Z", "np.reshape((Y - T)/N, (N, K), 'C')", "correct"), ("Z", "(Y - T)/np.tile(N, (1, K))", "correct"),
        ("Z", "(Y - T)/np.tile(N*np.ones(K), (N, 1))", "correct"), ("Z", "(Y - T)/np.tile(Y[0], (1, N))", "invalid"),
        ("Z", "Y.*(dY - sum(dY.*Y, 2))", "correct"), ("Z", "Y.*(dY - sum(dY.*Y, 1))", "incorrect"),
    ],
)  # fmt: skip
def test_axes_count_from_one_where_an_answer_has_signs_of_matlab(target: str, text: str, verdict: str) -> None:
    found = MARKERS["softmax"].mark(target, text)
    assert found.verdict == verdict, found.feedback


LOOPS = [
    ("bptt", "V", "dV = np.zeros_like(V)\nfor t in range(T):\n    dV += np.outer(o[t] - Y[t], h[t])"),
    ("bptt", "V", "for t in reversed(range(T)):\n    do = o[t] - Y[t]\n    dV += np.outer(do, h[t])\n    dc += do"),
    (
        "bptt",
        "W",
        "dW = 0\nfor t in range(T):\n    dz = dh[t]*(1 - h[t]**2)\n    dW += np.outer(dz, h[t-1])\nreturn dW",
    ),
    ("softmax-examples", "W", "dW = 0\nfor n in range(N):\n    dW += np.outer(p[n] - T[n], X[n])\ndW /= N"),
    ("bptt", "V", "dV = 0\nfor t in range(1, T + 1):\n    dV += np.outer(o[t] - Y[t], h[t])"),
    ("bptt", "V", "dV = 0\nfor t in range(T, 0, -1):\n    dV += np.outer(o[t] - Y[t], h[t])"),
    ("softmax-examples", "W", "dW = 0\nfor n in range(N):\n    dW += np.outer(p[n] - T[n], X[n])\nreturn dW / N"),
    ("backward-batch", "b2", "db2 = np.zeros(D2)\nfor n in range(N):\n    db2 += (A2[n] - T[n])/N"),
    ("embeddings", "E", "dE = np.zeros_like(E)\nfor t in range(T):\n    dE[w[t]] += dm / T"),
]


@pytest.mark.parametrize(("name", "target", "answer"), some(LOOPS, 3))
def test_a_loop_that_adds_up_is_a_sum(name: str, target: str, answer: str) -> None:
    marker = bundled_marker(name)
    assert marker.mark(target, answer, accept="any").verdict == "correct"
    assert marker.mark(target, answer.replace("+=", "-="), accept="any").tags == ("sign",)


OTHER_LOOPS = [
    "dV = np.zeros_like(V)\nfor t in range(T):\n    dV = np.outer(o[t] - Y[t], h[t])",
    "dV = np.zeros_like(V)\nfor t in range(1, T):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "dV = np.zeros_like(V)\nfor t in range(T - 1):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "dV = np.zeros_like(V)\nfor t in range(T, 1, -1):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "dV = np.zeros_like(V)\nfor t in range(0, T + 1):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "sum(np.outer(o[t] - Y[t], h[t]) for t in range(2, T + 1))",
    "dV = np.zeros_like(V)\nfor t in range(K):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "dV = np.zeros_like(V)\nfor t in range(T):\n    dV += np.outer(do, h[t])\n    do = o[t] - Y[t]",
    "dV = np.zeros_like(V)\nfor t in range(T):\n    dV += np.outer(o[t] - Y[t], h[t])\n    dV *= 2",
    "dV = np.zeros_like(V)\nfor t in range(T):\n    do = o[t] - Y[t]\ndV += np.outer(do, h[t])",
    "dV = np.zeros_like(V)\nfor t in range(T):\n    if t > 0:\n        dV += np.outer(o[t] - Y[t], h[t])",
    "dV = (o - Y).T @ h\nfor t in range(T):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "dV = np.ones_like(V)\nfor t in range(T):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "for t in range(T):\n    dV += np.outer(o[t] - Y[t], h[t])\nelse:\n    dV += 0",
    "for t in range(T):\n    dV += np.outer(o[t] - Y[t], h[t]) + dV",
    "for t in range(T):\n    dV[t] += np.outer(o[t] - Y[t], h[t])",
    "T = 1\nfor t in range(T):\n    dV += np.outer(o[t] - Y[t], h[t])",
    "def f():\n    return 0\n    for t in range(T):\n        dV += np.outer(o[t] - Y[t], h[t])",
    "def f():\n    for t in range(T):\n        dV += np.outer(o[t] - Y[t], h[t])\n    return V",
]


@pytest.mark.parametrize("answer", some(OTHER_LOOPS, 6))
def test_a_loop_that_does_anything_else_earns_nothing(answer: str) -> None:
    assert bundled_marker("bptt").mark("V", answer, accept="any").score == 0.0

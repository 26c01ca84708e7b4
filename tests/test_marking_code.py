"""Derivations as code has them, line by line: names of derivatives and names of the student's own, right and wrong."""

from __future__ import annotations

import pytest

from backsym.marking.verdicts import Marker
from backsym.reading.loader import problem_from_mapping

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
    "W.grad += z.grad[:, None]*x[None, :]",
]


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
        "d_h = d_u*o\nd_c = d_h*(1 - h**2)",
        "grad_h = d_u*o\nd_c = grad_h*(1 - h**2)",
        "softmax_k = tanh(c_k), dL/dc_k = dL/du_k o_k (1 - softmax_k^2)",
    ],
)
def test_names_of_ones_own(gate: Marker, text: str) -> None:
    verdict = gate.mark("c", text)
    assert verdict.verdict == "correct", verdict.feedback

"""Hundreds of random networks, and the hand-written ones, against PyTorch's autograd on the author's own equations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from extent import examples
from network_checks import NoPoint, judge
from networks import NETWORKS
from random_networks import network

from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

COUNT = examples(1050)
CHUNK = 25

MINIMISED: dict[str, dict[str, Any]] = {
    # Small forms of networks that once went wrong.
    "two indices of a node become one": {
        "symbols": {"Q": ["K", "K", "K"]},
        "indices": {"k": "K"},
        "forward": ["Y[k,k'] = delta(k, k')*sum(Q[k',k',k''], k'')", "L = sum(sin(Y[k,k']), k, k')"],
    },
    "a product folds on its diagonal": {
        "symbols": {"h": ["H"], "x": ["Q"]},
        "indices": {"h": "H", "q": "Q"},
        "forward": ["S[q,p,h] = h[h]*x[q]*x[p]", "L = sqrt(1 + sum(S[q,p,h]**2, q, p, h))"],
    },
    "what cancels still counts as mentioned": {
        "forward": ["s = elu(c - 2)", "m = sin(s)", "y = 3 - (m - m) + c", "L = y**2"],
    },
    "an array beside a sum over letters": {
        "symbols": {"x": ["D"], "z": ["K"]},
        "forward": ["y = x*sum(z[k], k) + z[1]", "L = sum(y**2)"],
    },
    "entries times a 1 x 1 matrix": {
        "symbols": {"z": ["K"], "w": [1, 1], "s": [1], "x": ["D"]},
        "forward": ["s = sum(z[k], k)", "y[k] = z[k]*w*s[1]", "L = sum(y)*(x.T @ x) + (s - w)**2/2"],
    },
    "a softmax does not react to a shift": {
        "symbols": {"u": ["H"], "W": ["H", "H"], "t": {"shape": ["H", "H"], "role": "target"}},
        "forward": ["Y = softmax((u + W).T)", "L = squared_error(Y, t)"],
    },
    "a number as the gradient of an array": {
        "symbols": {"w": [1], "x": ["D"], "u": ["N"]},
        "forward": ["L = w/3 + sum(u)/4 + N*mean(x)*D"],
    },
    "a column kept as a matrix": {
        "symbols": {"V": ["K", "K"], "X": ["K", 1], "w": [], "c": [1], "t": {"shape": ["K", 1], "role": "target"}},
        "forward": ["Y = abs((V.T @ X)*min(w, c))", "L = binary_cross_entropy(sigmoid(Y), t)"],
    },
    "three axes": {
        "symbols": {"Q": ["N", "D", "H"], "x": ["D"]},
        "indices": {"n": "N", "d": "D", "h": "H"},
        "forward": ["S[n,h,d] = tanh(Q[n,d,h]*x[d])", "L = sum(S[n,h,d]**2, n, h, d)"],
    },
    "a kink of an exact zero behind a smooth function": {
        "forward": ["m = abs([exp(c) <= 0]*c)", "y = abs(gelu(m)) + c", "L = y**2"],
    },
    "ties of exact zeros behind smooth functions": {
        "symbols": {"x": ["D"], "u": ["D"]},
        "forward": [
            "z = gelu([exp(x) <= 0]*u)", "s = max(z) + min(z)", "y = max(z, 0) - min(0, z)*u", "L = s + sum(y + x)**2",
        ],
    },
    "the place of a maximum in a row": {
        "symbols": {"X": ["D", "D"], "c": ["D", 1], "V": ["D", "D"]},
        "forward": ["A = max(mean(X, axis=0, keepdims=True)) + X**2", "B = A*max(c) + sin(c)", "L = sum(B*V)"],
    },
    "a softmax does not react to a logsumexp": {
        "symbols": {"x": ["N"], "b": ["K"], "w": [], "t": {"shape": ["K"], "role": "target"}},
        "forward": [
            "z = softmax(b*w - b + logsumexp(x))", "y = softmax(elu(1/(1 + exp(-z))))", "L = squared_error(y, t)",
        ],
    },
    "a tie of products of exact zeros": {
        "symbols": {"x": ["D"], "u": ["D"]},
        "indices": {"d": "D"},
        "forward": [
            "y[d] = [x[d] > mean(x[d'], d')]*u[d]", "z[d] = max(y[d]*y[d']*exp(x[d']), d')",
            "L = sum(sin(z[d] + u[d]), d)",
        ],
    },
    "a false indicator beside an overflow": {
        "symbols": {"x": ["D"]},
        "forward": ["z = 400*x**2 + 800", "y = elu(z)", "L = mean(y)"],
    },
    "a value that cancels together with its slopes": {
        "symbols": {"V": ["H", "N"], "t": {"shape": ["N"], "role": "target"}},
        "forward": ["y = logsumexp(log_softmax(V.T))", "L = squared_error(y, t)"],
    },
    "a point away from saturation takes larger inputs": {
        "symbols": {"X": ["K", "N"], "t": {"shape": ["K"], "role": "target"}},
        "forward": [
            "y = max(X - 3, axis=1)", "z = y**3*elu(y)", "L = binary_cross_entropy(sigmoid(z), t)",
        ],
    },
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_random_networks(first: int) -> None:
    """Entry form, matrix form, NumPy source, forward forms and every step; nothing fails its own check."""
    wrong: list[str] = []
    outside = 0
    for seed in range(first, first + CHUNK):
        try:
            found = judge(network(seed))
        except NoPoint:
            outside += 1
            continue
        wrong += [f"seed {seed}: {found[0]}\n{network(seed)}"] if found else []
    assert not wrong, "\n".join(wrong)
    assert outside <= 1, "networks that leave the domain of a function wherever they are evaluated should be rare"


@pytest.mark.parametrize("name", MINIMISED)
def test_networks_that_once_went_wrong(name: str) -> None:
    assert judge(MINIMISED[name]) == []


def test_the_sine_of_a_number_without_digits_is_no_failure() -> None:
    """At one of its points a sine has an argument of 10**19: the slope of the loss there is rounding."""
    assert not solve(problem_from_mapping(network(9006614)), check=False).failed


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_written_by_hand(name: str) -> None:
    assert judge(NETWORKS[name]) == []


def test_the_generator_is_deterministic_and_covers_the_language() -> None:
    """The same seed gives the same network; together they hold every construct that an equation may use."""
    texts = []
    for seed in range(COUNT):
        mapping = network(seed)
        assert mapping == network(seed)
        problem_from_mapping(mapping)
        texts += mapping["forward"]
    whole = "\n".join(texts)
    constructs = (
        "@", ".T", "axis=0", "axis=1", "axis=-1", "keepdims=True", "max(", "min(", "mean(", "delta(", "softmax(",
        "log_softmax(", "logsumexp(", "norm(", "trace(", "diag(", "outer(", "dot(", "eye(", "ones(", " > ", " <= ",
        "cross_entropy(", "binary_cross_entropy(", "squared_error(", "loss(", "phi(", "n,n]", "d''", "**(-1/2)",
        "relu(", "leaky_relu(", "elu(", "gelu(", "silu(", "softplus(", "sigmoid(", "tanh(", "erf(", "abs(", "[1]",
        "exp(", "log(", "sqrt(", "sin(", "cos(", "square(",
    )  # fmt: skip
    assert [c for c in constructs if c not in whole] == []

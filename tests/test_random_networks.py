"""Hundreds of random networks, and the hand-written ones, against PyTorch's autograd on the author's own equations."""

from __future__ import annotations

import pytest
import torch
from network_checks import judge
from networks import NETWORKS
from random_networks import LEVELS, network

from backsym.reading.loader import problem_from_mapping

COUNT = 1000
CHUNK = 25


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_random_networks(first: int) -> None:
    """Entry form, matrix form, NumPy source, forward forms and every step; nothing fails its own check."""
    wrong = {seed: found for seed in range(first, first + CHUNK) if (found := judge(network(seed)))}
    assert not wrong, "\n".join(f"seed {seed}: {found[0]}\n{network(seed)}" for seed, found in wrong.items())


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
    assert len(LEVELS) == 5

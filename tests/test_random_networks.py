"""Random networks, those that once went wrong and those written by hand, against complex steps.

PyTorch's autograd judges more of them: ``judges/test_autograd.py``.
"""

from __future__ import annotations

import pytest
from extent import THOROUGH, examples, some
from network_checks import judge
from networks import NETWORKS, ONCE_WRONG
from random_networks import network

from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

COUNT = examples(1050, 3)
JUDGED = range(0, COUNT, 7 if THOROUGH else 28)
"""Those that are judged here; all of them are under ``judges``."""


@pytest.mark.parametrize("seed", JUDGED)
def test_random_networks(seed: int) -> None:
    """Entry form, matrix form, NumPy source, forward forms and every step; nothing fails its own check."""
    assert judge(network(seed)) == []


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_networks_that_once_went_wrong(name: str) -> None:
    assert judge(ONCE_WRONG[name]) == []


def test_the_sine_of_a_number_without_digits_is_no_failure() -> None:
    """At one of its points a sine has an argument of 10**19: the slope of the loss there is rounding."""
    assert not solve(problem_from_mapping(network(9006614)), check=False).failed


@pytest.mark.parametrize("name", some(NETWORKS, 8))
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

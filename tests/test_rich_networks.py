"""Random networks of examples, time, labels and matrix functions, with Jacobians and Hessians, against complex steps.

PyTorch's autograd judges more of them: ``judges/test_autograd.py``.
"""

from __future__ import annotations

import pytest
from extent import THOROUGH
from network_checks import judge_problem
from rich_networks import lengths, network

from backsym.reading.files.loader import problem_from_mapping

SEEDS = range(600) if THOROUGH else (6, 31, 8, 27, 34, 78, 255)
"""One of each kind, and two in which something once went wrong."""


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """Every form, every step, the NumPy source of all derivatives, Jacobians and second derivatives."""
    problem = problem_from_mapping(network(seed))
    assert judge_problem(problem, sizes=lengths(problem, seed)) == []


def test_the_generator_is_deterministic_and_covers_the_language() -> None:
    """The same seed gives the same network; together they hold the functions of matrices, recurrences and parts."""
    mappings = [network(seed) for seed in range(600)]
    assert mappings == [network(seed) for seed in range(600)]
    whole = "\n".join(text for mapping in mappings for text in mapping["forward"])
    constructs = (
        "inv(", "**-1", "solve(", "det(", "logdet(", "matrix_power(", "kron(", "vec(", "cumsum(", "clip(", "arctan(",
        "var(", "std(", "prod(", "concat(", "[1:", "softmax(", "onehot(", "j != ", "[j == ", "[:, ", "[n]", "[n, ",
        "[0] = ", "[-1] = ", "[t-1]", "[t-2]", "[T]", "diag(", "eye(", "symmetric",
    )  # fmt: skip
    parts = [kind for mapping in mappings for part in mapping.get("parts", ()) for kind in part]
    assert [c for c in constructs if c not in whole + str([m["symbols"] for m in mappings])] == []
    assert {"jacobian", "hessian", "layout"} <= {*parts}

"""PyTorch's autograd on the author's own equations judges everything that the engine derives.

Random networks by the hundred, of every kind, the hand-written ones, the gallery, and networks with shifted indices.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import random_shapes
import rich_networks
import shifted_networks
import torch
from extent import examples, some
from network_checks import NoPoint, judge, judge_problem
from networks import NETWORKS, ONCE_WRONG
from random_networks import network
from torch_judge import forward_and_gradients, total

from backsym.core.problem import Problem
from backsym.reading.files.loader import load, problem_from_mapping

COUNT = examples(1050, 40)
SHAPES = examples(450, 40)
RICH = examples(2000, 160)
CHUNK = examples(25, 2)
GALLERY = sorted((Path(__file__).resolve().parents[2] / "problems" / "gallery").glob("*.yaml"))


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
            found = judge(network(seed), truth=forward_and_gradients)
        except NoPoint:
            outside += 1
            continue
        wrong += [f"seed {seed}: {found[0]}\n{network(seed)}"] if found else []
    assert not wrong, "\n".join(wrong)
    assert outside <= 1, "networks that leave the domain of a function wherever they are evaluated should be rare"


@pytest.mark.parametrize("first", range(0, SHAPES, CHUNK))
def test_random_shapes(first: int) -> None:
    """Axes of length one, rows, columns, positions and shifts."""
    mappings = [(seed, random_shapes.network(seed)) for seed in range(first, first + CHUNK)]
    found = [(seed, mapping, judge(mapping, truth=forward_and_gradients)) for seed, mapping in mappings]
    assert [(seed, mapping, wrong) for seed, mapping, wrong in found if wrong] == []


@pytest.mark.parametrize("first", range(0, RICH, CHUNK))
def test_random_networks_of_examples_time_labels_and_matrices(first: int) -> None:
    """With their Jacobians and second derivatives, and recurrences of the lengths 1 to 5."""
    wrong = []
    for seed in range(first, first + CHUNK):
        problem = problem_from_mapping(rich_networks.network(seed))
        sizes = rich_networks.lengths(problem, seed)
        found = judge_problem(problem, truth=forward_and_gradients, totals=total, sizes=sizes)
        wrong += [f"seed {seed}: {found[0]}\n{rich_networks.network(seed)}"] if found else []
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_networks_that_once_went_wrong(name: str) -> None:
    assert judge(ONCE_WRONG[name], truth=forward_and_gradients) == []


@pytest.mark.parametrize("name", some(NETWORKS, 6))
def test_networks_written_by_hand(name: str) -> None:
    assert judge(NETWORKS[name], truth=forward_and_gradients) == []


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_network_of_the_gallery_is_right_in_every_form(path: Path) -> None:
    problem = load(str(path))
    assert isinstance(problem, Problem)
    assert judge_problem(problem, truth=forward_and_gradients, totals=total) == []


@pytest.mark.parametrize("seed", range(examples(40, 2)))
def test_random_networks_with_shifted_indices(seed: int) -> None:
    assert judge(shifted_networks.network(seed), seed % 7, forward_and_gradients) == []

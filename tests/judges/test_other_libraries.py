"""Modules and skeletons for PyTorch and JAX, and those in NumPy too, against PyTorch's autograd."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from extent import THOROUGH, some
from generated_code import (
    CASES,
    CLASHES,
    PROBLEMS,
    STABLE,
    ArrayOf,
    Assignment,
    agrees,
    array_of_numpy,
    of_numbers,
    problem_named,
    random_modules_wrong,
    solved,
    values_and_slope,
)
from torch_judge import forward_and_gradients

from backsym.codegen.function import function_source, gradcheck_source
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

RANDOM = 500 if THOROUGH else 10
"""How many random networks are tried in NumPy and PyTorch."""

RANDOM_JAX = 500 if THOROUGH else 5
"""How many are tried in JAX, which compiles every operation anew: a second for each."""

CHUNK = 25 if THOROUGH else 10


def array_of_torch(x: Any) -> Any:
    return torch.tensor(of_numbers(x))


def array_of_jax(x: Any) -> Any:
    return jnp.asarray(of_numbers(x))


LIBRARIES: dict[str, ArrayOf] = {"torch": array_of_torch, "jax": array_of_jax}
MAKERS: dict[str, ArrayOf] = {"numpy": array_of_numpy, **LIBRARIES}

# Of those with names, JAX sees the bundled problems only.
PAIRS = [(name, target) for name in CASES for target in MAKERS if target != "jax" or name in PROBLEMS]


@pytest.fixture(autouse=True, scope="module")
def _one_thread_and_all_digits() -> None:
    torch.set_num_threads(1)
    jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize(("name", "target"), some(PAIRS, 6))
def test_modules_agree_with_autograd(name: str, target: str, tmp_path: Path) -> None:
    assert agrees(solved(name), tmp_path, target, MAKERS[target], forward_and_gradients) == []


@pytest.mark.parametrize("first", range(0, RANDOM, CHUNK))
def test_random_networks(first: int, tmp_path: Path) -> None:
    """Values and gradients in NumPy and PyTorch; the text is Black's."""
    targets = {target: MAKERS[target] for target in ("numpy", "torch")}
    assert random_modules_wrong(range(first, first + CHUNK), targets, tmp_path, forward_and_gradients) == []


def test_labels_that_are_compared_take_the_type_of_what_they_multiply(tmp_path: Path) -> None:
    symbols = {"Z": ["N", "K"], "y": {"shape": ["N"], "label": "C"}}
    pairs = "L = sum([y[n] == y[m]]*(Z[n].T @ Z[m])**2, n, m) + sum([y[n] != y[m]]*sum(Z[n] * Z[m]), n, m)"
    solution = solve(problem_from_mapping({"indices": {"n": "N", "m": "N"}, "symbols": symbols, "forward": [pairs]}))
    assert agrees(solution, tmp_path, "torch", array_of_torch) == []


def test_random_networks_in_jax(tmp_path: Path) -> None:
    assert random_modules_wrong(range(RANDOM_JAX), {"jax": array_of_jax}, tmp_path, forward_and_gradients) == []


def test_functions_of_functions_and_of_sizes_in_jax(tmp_path: Path) -> None:
    """What random networks found: erf of what is JAX's already, and sigmoid of an integer."""
    symbols = {"x": ["D"], "y": ["D"]}
    problem = problem_from_mapping({"symbols": symbols, "forward": ["L = sum(erf(sigmoid(x))*sigmoid(D)*y)"]})
    assert agrees(solve(problem), tmp_path, "jax", array_of_jax, forward_and_gradients) == []


@pytest.mark.parametrize("target", LIBRARIES)
@pytest.mark.parametrize("function", STABLE)
def test_large_arguments_do_not_overflow(function: str, target: str, tmp_path: Path) -> None:
    value, slope = values_and_slope(function, target, MAKERS[target], tmp_path)
    np.testing.assert_allclose(value, STABLE[function], atol=1e-12)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("number", range(len(CLASHES)))
def test_names_that_python_or_the_module_has(number: int, tmp_path: Path) -> None:
    solution = solve(problem_from_mapping(CLASHES[number]))
    assert agrees(solution, tmp_path, "torch", array_of_torch, forward_and_gradients) == []
    assert Assignment(solution, "torch", tmp_path).failures() == set()


@pytest.mark.parametrize("target", LIBRARIES)
@pytest.mark.parametrize("name", ["mlp-entries", "conv-pool", "gelu-feed-forward", "network abstract"])
def test_skeletons_for_other_libraries(name: str, target: str, tmp_path: Path) -> None:
    solution = solve(problem_named(name))
    assignment = Assignment(solution, target, tmp_path)
    assert assignment.failures() == set()
    wrong = assignment.failures(lambda name, right: f"-{right}" if name in solution.problem.by_name else right)
    assert wrong == {*solution.problem.by_name, "backward"} - {solution.problem.loss}


LAYER = {"symbols": {"x": {"shape": ["N", "D"], "role": "input"}, "W": ["K", "D"]}, "forward": ["Y = tanh(x @ W.T)"]}
FUNCTIONS = ["layer", *some([name for name in CASES if "abstract" not in name], 50, 7)]


@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_derivative_that_the_library_measures(
    name: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solution = solve(problem_from_mapping(LAYER)) if name == "layer" else solved(name)
    module = f"function_{FUNCTIONS.index(name)}_{target}"
    (tmp_path / f"{module}.py").write_text(function_source(solution, target), encoding="utf-8")
    (tmp_path / f"test_{module}.py").write_text(gradcheck_source(solution, module, target), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    tests = importlib.import_module(f"test_{module}")
    for point in tests.POINTS:
        tests.test_the_derivative_is_the_slope(point)


def test_a_function_with_a_wrong_derivative_fails_its_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    solution = solve(problem_from_mapping(LAYER))
    text = function_source(solution, "torch")
    assert "1.0 - Y**2" in text
    (tmp_path / "wrong_layer.py").write_text(text.replace("1.0 - Y**2", "1.0 + Y**2"), encoding="utf-8")
    (tmp_path / "test_wrong_layer.py").write_text(gradcheck_source(solution, "wrong_layer", "torch"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    tests = importlib.import_module("test_wrong_layer")
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        tests.test_the_derivative_is_the_slope(tests.POINTS[0])

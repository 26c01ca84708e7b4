"""``backsym code``: the modules are Black's, agree with autograd, and a skeleton tells right from wrong."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import black
import numpy as np
import pytest
import torch
from network_checks import NoPoint, differs, largest
from networks import NETWORKS
from random_networks import network
from torch_judge import forward_and_gradients

from backsym.codegen.module import module_source
from backsym.errors import BacksymError
from backsym.numeric.abstract import AbstractFunction
from backsym.numeric.evaluate import Env
from backsym.numeric.sample import draw
from backsym.problem import Problem
from backsym.reading.loader import load, problem_from_mapping
from backsym.solution import Solution, solve

PROBLEMS = {
    path.stem: path
    for path in sorted((Path(__file__).resolve().parents[1] / "problems").rglob("*.yaml"))
    if isinstance(load(str(path)), Problem)
}
RANDOM = 500
CHUNK = 25
TARGETS = ("numpy", "torch", "jax")
NUMBER = itertools.count()


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def jax_precise() -> Any:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


def imported(source: str, folder: Path) -> ModuleType:
    """The module that stands in the source, which is written to a file and imported from there."""
    name = f"generated_{next(NUMBER)}"
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def array_of(target: str) -> Callable[[Any], Any]:
    """What makes an array of the target's library."""
    if target == "torch":
        return lambda x: torch.tensor(np.asarray(x, dtype=float))
    if target == "jax":
        import jax.numpy as jnp

        return lambda x: jnp.asarray(np.asarray(x, dtype=float))
    return lambda x: np.asarray(x, dtype=float)


def inputs_of(problem: Problem, env: Env, make: Callable[[Any], Any]) -> dict[str, Any]:
    """Leaves, abstract functions and sizes at a point."""
    inputs = {name: make(env.values[name]) for name in problem.symbols if name not in problem.by_name}

    def of(function: AbstractFunction, order: int) -> Callable[..., Any]:
        return lambda *args: make(function.derivative(order, *(np.asarray(x) for x in args)))

    pairs = {name: (of(f, 0), of(f, 1)) for name, f in env.functions.items()}
    keys = {name: f"{name}()" if name in problem.symbols else name for name in pairs}
    leaf_dims = {d for name in inputs for d in problem.symbols[name].shape}
    sizes = {d: n for d, n in env.dims.items() if d not in leaf_dims and d not in problem.symbols}
    return {**inputs, **{keys[name]: pair for name, pair in pairs.items()}, **sizes}


def agrees(problem: Problem, solution: Solution, target: str, folder: Path, seed: int = 3) -> list[str]:
    """What differs between a module and PyTorch's autograd on the author's equations, at a random point."""
    env = draw(problem, seed)
    values, gradients = forward_and_gradients(problem, env)
    module = imported(module_source(solution, target), folder)
    with np.errstate(all="ignore"):
        found = module.forward(inputs_of(problem, env, array_of(target)))
        slopes = module.backward(found)
    wrong = []
    for name, value in values.items():
        wrong += differs(f"value of {name}", np.asarray(found[name]), value, 1.0)
    expected = {s.name for s in problem.symbols.values() if s.role in ("node", "input", "parameter")}
    if not expected <= set(slopes):
        wrong.append(f"no gradient of {sorted(expected - set(slopes))}")
    for name, slope in slopes.items():
        wrong += differs(f"gradient of {name}", np.asarray(slope), gradients[name], largest(gradients))
    return wrong


def test_placeholder() -> None:
    pass


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", [*PROBLEMS, *NETWORKS])
def test_modules_agree_with_autograd(
    name: str, target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if target == "jax":
        request.getfixturevalue("jax_precise")
    problem = load(str(PROBLEMS[name])) if name in PROBLEMS else problem_from_mapping(NETWORKS[name])
    assert isinstance(problem, Problem)
    assert agrees(problem, solve(problem), target, tmp_path) == []


@pytest.mark.parametrize("first", range(0, RANDOM, CHUNK))
def test_random_networks(first: int, tmp_path: Path) -> None:
    """Values and gradients in NumPy and PyTorch; the text is Black's."""
    wrong: list[str] = []
    for seed in range(first, first + CHUNK):
        problem = problem_from_mapping(network(seed))
        try:
            solution = solve(problem, check=False)
        except BacksymError as error:
            assert "no point to check" in str(error)
            continue
        for target in ("numpy", "torch"):
            wrong += [f"seed {seed}, {target}: {what}" for what in agrees(problem, solution, target, tmp_path)]
            source = module_source(solution, target)
            if black.format_str(source, mode=black.Mode()) != source:
                wrong.append(f"seed {seed}, {target}: not as Black would have it")
    assert not wrong, "\n".join(wrong)

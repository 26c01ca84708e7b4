"""``backsym code``: the modules are Black's, agree with autograd, and a skeleton tells right from wrong."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
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
from backsym.codegen.skeleton import skeleton_source, checks_source
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
CASES = [*PROBLEMS, *(f"network {name}" for name in NETWORKS)]
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


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
def test_modules_agree_with_autograd(
    name: str, target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if target == "jax":
        request.getfixturevalue("jax_precise")
    problem = problem_named(name)
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


# --- text ------------------------------------------------------------------------------------------------------------


def texts(solution: Solution) -> Iterator[str]:
    for target in TARGETS:
        yield module_source(solution, target)
        yield skeleton_source(solution, target)
        yield checks_source(solution, "answer", target)


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_as_black_would_have_it(name: str) -> None:
    """Also: the same every time, and without a variable that nothing uses."""
    solution = solve(problem_named(name))
    for text, again in zip(texts(solution), texts(solution), strict=True):
        assert black.format_str(text, mode=black.Mode()) == text
        assert text == again
        for function in ast.parse(text).body:
            if isinstance(function, ast.FunctionDef):
                names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
                stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
                assert stored <= {node.id for node in names if isinstance(node.ctx, ast.Load)} | {"_"}


MODULE = {
    "symbols": {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}},
    "forward": ["y = tanh(W @ x)", "L = squared_error(y, t)"],
}


def backward_lines(mapping: dict[str, Any], target: str = "numpy") -> list[str]:
    """The assignments to gradients in a module."""
    source = module_source(solve(problem_from_mapping(mapping)), target).split("def backward")[1]
    return [line.strip() for line in source.split("\n") if line.strip().startswith("d_")]


def test_a_module_is_written_as_people_write_it() -> None:
    assert backward_lines(MODULE) == [
        "d_L = np.ones_like(L)",
        "d_y = y - t",
        "d_W = np.outer(d_y * (1.0 - y**2), x)",
        "d_x = W.T @ (d_y * (1.0 - y**2))",
    ]
    assert backward_lines(MODULE, "torch")[2] == "d_W = torch.outer(d_y * (1.0 - y**2), x)"
    assert backward_lines(MODULE, "jax")[0] == "d_L = jnp.ones_like(L)"


def test_known_functions_have_their_names() -> None:
    mapping = {"symbols": {"z": ["D"], "w": ["D"]}, "forward": ["a = softmax(z)", "L = sum(a*sigmoid(w)*erf(w))"]}
    solution = solve(problem_from_mapping(mapping))
    numpy, torch_, jax = (module_source(solution, target) for target in TARGETS)
    assert "def softmax(x):" in numpy
    assert "L = np.sum(a * sigmoid(w) * erf(w))" in numpy
    assert "a = torch.softmax(z, dim=-1)" in torch_
    assert "L = torch.sum(a * torch.sigmoid(w) * torch.erf(w))" in torch_
    assert "a = jax.nn.softmax(z)" in jax
    assert "jax.scipy.special.erf(w)" in jax


CLASHES: list[dict[str, Any]] = [
    {"forward": ["lambda = np*i", "values = lambda + inputs", "dict = sin(values)*forward", "L = dict**2"]},
    {"forward": ["torch = jnp*sum_", "sigmoid = sigmoid(torch)", "mask = sigmoid + softmax", "L = mask**2 + np_ + np"]},
    {"forward": ["d_z = z**2", "y = d_z*z", "L = y*d_z"]},
    {"symbols": {"y": ["D"], "t": ["D"]}, "forward": ["loss = loss(y, t)"]},
    {"functions": {"phi": "abstract"}, "forward": ["h = phi(w*x)", "phi_prime = h**2", "L = phi(phi_prime)"]},
    {"indices": {"i": "D"}, "symbols": {"x": ["D"]}, "forward": ["e = sum(x[i]**2, i)", "print = e", "L = print*e"]},
]


@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("number", range(len(CLASHES)))
def test_names_that_python_or_the_module_has(number: int, target: str, tmp_path: Path) -> None:
    problem = problem_from_mapping(CLASHES[number])
    solution = solve(problem)
    assert agrees(problem, solution, target, tmp_path) == []
    assert graded(solution, target, tmp_path, tmp_path) == []


def test_the_gradient_of_what_the_loss_does_not_see_is_zero() -> None:
    assert backward_lines(NETWORKS["dead-end"])[-1] == "d_u = np.zeros_like(u)"


def test_a_size_that_no_input_has_is_asked_for(tmp_path: Path) -> None:
    mapping = {
        "indices": {"i": "M", "k": "K"},
        "symbols": {"x": ["D"], "w": ["K"], "z": ["M"]},
        "forward": ["z[i] = sum(w[k]*x[i+k-1], k)", "L = sum(z**2)"],
    }
    solution = solve(problem_from_mapping(mapping))
    module = imported(module_source(solution), tmp_path)
    values = module.forward({"x": np.arange(5.0), "w": np.array([1.0, 2.0]), "M": 4})
    assert values["z"].tolist() == [2.0, 5.0, 8.0, 11.0]
    assert "the size M, an integer" in str(module.__doc__)
    clash = {**mapping, "symbols": {**mapping["symbols"], "M": []}, "forward": [*mapping["forward"][:1], "L = M*sum(z)"]}
    if "M" in problem_from_mapping(clash).symbols:
        with pytest.raises(BacksymError, match="the size M is an axis of no input"):
            module_source(solve(problem_from_mapping(clash)))


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(BacksymError, match="unknown target 'tocrh', expected one of numpy, torch, jax; did you mean"):
        module_source(solve(problem_from_mapping(MODULE)), "tocrh")


# --- skeletons -------------------------------------------------------------------------------------------------------


def problem_named(name: str) -> Problem:
    if name.startswith("network "):
        return problem_from_mapping(NETWORKS[name.removeprefix("network ")])
    problem = load(str(PROBLEMS[name]))
    assert isinstance(problem, Problem)
    return problem


def filled(skeleton: str, reference: str, change: Callable[[str, str], str] = lambda name, right: right) -> str:
    """The skeleton with every body written: what the reference module says, or what ``change`` makes of that."""

    def body(match: re.Match[str]) -> str:
        right = f'{reference}.backward(values)["{match[1]}"]'
        return f"    return {change(match[1], right)}"

    text = re.sub(r'    raise NotImplementedError\("the derivative of \w+ by (\w+)"\)', body, skeleton)
    assert "NotImplementedError" not in text
    return text.replace("\n\n\ndef", f"\n\nimport {reference}\n\n\ndef", 1)


def written_to(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


def graded(
    solution: Solution, target: str, folder: Path, path: Path, change: Callable[[str, str], str] = lambda name, right: right
) -> list[str]:
    """The tests of a filled skeleton that fail, called one by one."""
    number = next(NUMBER)
    reference, answer = f"reference_{number}", f"answer_{number}"
    written_to(folder, reference, module_source(solution, target))
    written_to(folder, answer, filled(skeleton_source(solution, target), reference, change))
    written_to(folder, f"test_{answer}", checks_source(solution, answer, target))
    sys.path.insert(0, str(path))
    try:
        tests = importlib.import_module(f"test_{answer}")
    finally:
        sys.path.remove(str(path))
    failed = []
    with np.errstate(all="ignore"):
        for at in range(len(tests.POINTS)):
            for name in tests.NAMES:
                try:
                    tests.test_gradient(at, name)
                except AssertionError:
                    failed.append(name)
            try:
                tests.test_backward(at)
            except AssertionError:
                failed.append("backward")
    return failed


@pytest.mark.parametrize("name", CASES)
def test_a_right_backward_passes_and_every_wrong_one_fails(name: str, tmp_path: Path) -> None:
    """Of each gradient: its sign, a factor, one of its entries only, one that is left out, another's shape."""
    solution = solve(problem_named(name))
    assert graded(solution, "numpy", tmp_path, tmp_path) == []
    changes = {
        "sign": lambda name, right: f"-{right}",
        "factor": lambda name, right: f"1.001 * {right}",
        "left out": lambda name, right: f"0 * {right}",
        "one entry": lambda name, right: f"{right} + 1e-3 * np.eye(1, np.size(values[{name!r}])).reshape(np.shape(values[{name!r}]))",
        "shape": lambda name, right: f"{right}[None]",
    }
    still = {
        result.node for result in solution if solution.verified[result.node].status == "unexercised"
    } | {s.name for s in solution.problem.symbols.values() if s.name not in solution}
    for what, change in changes.items():
        failed = set(graded(solution, "numpy", tmp_path, tmp_path, change))
        asked = {s.name for s in solution.problem.symbols.values() if s.role in ("node", "input", "parameter")}
        asked -= {solution.problem.loss, *(still if what in ("sign", "factor", "left out") else ())}
        assert asked | {"backward"} <= failed, what

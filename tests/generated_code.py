"""Modules, skeletons and their tests as ``backsym code`` writes them: written to a folder, imported, compared."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import black
import numpy as np
from network_checks import Truth, differs, largest
from networks import NETWORKS
from random_networks import network
from step_judge import forward_and_gradients

from backsym.codegen.module import module_source
from backsym.codegen.skeleton import checks_source, skeleton_source
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.numeric.abstract import AbstractFunction
from backsym.numeric.evaluate import Env
from backsym.numeric.sample import draw
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve

ROOT = Path(__file__).resolve().parents[1]
PROBLEMS = {
    path.stem: path for path in sorted((ROOT / "problems").rglob("*.yaml")) if isinstance(load(str(path)), Problem)
}
CASES = [*PROBLEMS, *(f"network {name}" for name in NETWORKS)]
NUMBER = itertools.count()

ArrayOf = Callable[[Any], Any]
"""What makes an array of a library."""

MODULE: dict[str, Any] = {
    "symbols": {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}},
    "forward": ["y = tanh(W @ x)", "L = squared_error(y, t)"],
}

CLASHES: list[dict[str, Any]] = [
    {"forward": ["lambda = np*i", "values = lambda + inputs", "dict = sin(values)*forward", "L = dict**2"]},
    {
        "symbols": {"jnp": None, "sum_": None, "softmax": None, "np": None, "np_": {"latex": "q"}},
        "forward": ["torch = jnp*sum_", "sigmoid = sigmoid(torch)", "mask = sigmoid + softmax", "L = mask + np_ + np"],
    },
    {"forward": ["d_z = z**2", "y = d_z*z", "L = y*d_z"]},
    {"symbols": {"y": ["D"], "t": ["D"]}, "forward": ["loss = loss(y, t)"]},
    {"functions": {"phi": "abstract"}, "forward": ["h = phi(w*x)", "phi_prime = h**2", "L = phi(phi_prime)"]},
    {"indices": {"i": "D"}, "symbols": {"x": ["D"]}, "forward": ["e = sum(x[i]**2, i)", "print = e", "L = print*e"]},
]

STABLE = {
    "sigmoid(x)": [1, 0.5, 0], "sigmoid(-x)": [0, 0.5, 1], "1/(1 + exp(-x))": [1, 0.5, 0],
    "exp(x)/(1 + exp(x))": [1, 0.5, 0], "softplus(x)": [1000, np.log(2), 0], "log(1 + exp(x))": [1000, np.log(2), 0],
    "log(sigmoid(x))": [0, -np.log(2), -1000], "log(1 - sigmoid(x))": [-1000, -np.log(2), 0], "silu(x)": [1000, 0, 0],
    "elu(x)": [1000, 0, -1], "gelu(x)": [1000, 0, 0], "softmax(x)": [1, 0, 0], "exp(x)/sum(exp(x))": [1, 0, 0],
    "log_softmax(x)": [0, -1000, -2000], "log(softmax(x))": [0, -1000, -2000],
    "x - log(sum(exp(x)))": [0, -1000, -2000], "x - logsumexp(x)": [0, -1000, -2000],
    "logsumexp(x)*ones(D)": [1000, 1000, 1000],
}  # fmt: skip
"""Their values at 1000, 0, -1000."""


def array_of_numpy(x: Any) -> Any:
    return of_numbers(x)


def of_numbers(x: object) -> np.ndarray:
    """An array of floats, or of whole numbers if it holds labels."""
    array = np.asarray(x)
    return array if array.dtype.kind == "i" else array.astype(float)


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


def inputs_of(problem: Problem, env: Env, make: ArrayOf) -> dict[str, Any]:
    """Leaves, abstract functions and sizes at a point."""
    inputs = {name: make(env.values[name]) for name in problem.symbols if name not in problem.by_name}

    def of(function: AbstractFunction, order: int) -> Callable[..., Any]:
        return lambda *args: make(function.derivative(order, *(np.asarray(x) for x in args)))

    pairs = {name: (of(f, 0), of(f, 1)) for name, f in env.functions.items()}
    keys = {name: f"{name}()" if name in problem.symbols else name for name in pairs}
    leaf_dims = {d for name in inputs for d in problem.symbols[name].shape}
    sizes = {d: n for d, n in env.dims.items() if d not in leaf_dims and d not in problem.symbols}
    return {**inputs, **{keys[name]: pair for name, pair in pairs.items()}, **sizes}


def agrees(
    solution: Solution,
    folder: Path,
    target: str = "numpy",
    make: ArrayOf = array_of_numpy,
    truth: Truth = forward_and_gradients,
) -> list[str]:
    """What differs between a module and a judge of the author's equations, at a random point."""
    problem = solution.problem
    env = draw(problem, 3)
    values, gradients = truth(problem, env)
    module = imported(module_source(solution, target), folder)
    with np.errstate(all="ignore"):
        found = module.forward(inputs_of(problem, env, make))
        slopes = module.backward(found)
    wrong = []
    for name, value in values.items():
        wrong += differs(f"value of {name}", np.asarray(found[name]), value, 1.0)
    expected = {s.name for s in problem.symbols.values() if s.role in ("node", "input", "parameter") and not s.label}
    if not expected <= set(slopes):
        wrong.append(f"no gradient of {sorted(expected - set(slopes))}")
    for name, slope in slopes.items():
        wrong += differs(f"gradient of {name}", np.asarray(slope), gradients[name], largest(gradients))
    return wrong


def random_modules_wrong(
    seeds: range, targets: dict[str, ArrayOf], folder: Path, truth: Truth = forward_and_gradients
) -> list[str]:
    """What is wrong with the modules of random networks: values, gradients, and whether the text is Black's."""
    wrong: list[str] = []
    outside = 0
    for seed in seeds:
        problem = problem_from_mapping(network(seed))
        try:
            solution = solve(problem, check=False)
        except BacksymError as error:
            outside += "no point to check" in str(error)
            wrong += [] if "no point to check" in str(error) else [f"seed {seed}: {error}"]
            continue
        for target, make in targets.items():
            wrong += [f"seed {seed}, {target}: {what}" for what in agrees(solution, folder, target, make, truth)]
            source = module_source(solution, target)
            if seed % 5 == 0 and black.format_str(source, mode=black.Mode()) != source:
                wrong.append(f"seed {seed}, {target}: not as Black would have it")
    return wrong if outside <= 1 else [*wrong, f"{outside} networks that no point was found for"]


def values_and_slope(function: str, target: str, make: ArrayOf, folder: Path) -> tuple[Any, Any]:
    """The value of a function of x at 1000, 0 and -1000 by a module, and the gradient of t.T @ f(x) by x there."""
    symbols = {"x": ["D"], "t": {"shape": ["D"], "role": "target"}}
    solution = solve(problem_from_mapping({"symbols": symbols, "forward": [f"y = {function}", "L = t.T @ y"]}))
    module = imported(module_source(solution, target), folder)
    # What is written out by hand may have a derivative that overflows, as its formula does.
    by_hand = function == "1/(1 + exp(-x))"
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        values = module.forward({"x": make([1000.0, 0.0, -1000.0]), "t": make([1.0, 2.0, 3.0])})
        return np.asarray(values["y"]), 0.0 if by_hand else np.asarray(module.backward(values)["x"])


def problem_named(name: str) -> Problem:
    if name.startswith("network "):
        return problem_from_mapping(NETWORKS[name.removeprefix("network ")])
    problem = load(str(PROBLEMS[name]))
    assert isinstance(problem, Problem)
    return problem


@cache
def solved(name: str) -> Solution:
    return solve(problem_named(name))


# --- skeletons -------------------------------------------------------------------------------------------------------


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


class Assignment:
    """The skeleton of a solution with its tests and a reference, on the disk and imported."""

    def __init__(self, solution: Solution, target: str, folder: Path):
        self.folder, self.target = folder, target
        number = next(NUMBER)
        self.reference, self.answer = f"reference_{number}", f"answer_{number}"
        self.skeleton = skeleton_source(solution, target)
        written_to(folder, self.reference, module_source(solution, target))
        written_to(folder, self.answer, self.skeleton)
        written_to(folder, f"test_{self.answer}", checks_source(solution, self.answer, target))
        self.tests = self.imported(f"test_{self.answer}")

    def imported(self, name: str) -> ModuleType:
        importlib.invalidate_caches()
        sys.path.insert(0, str(self.folder))
        try:
            return importlib.import_module(name)
        finally:
            sys.path.remove(str(self.folder))

    def failures(self, change: Callable[[str, str], str] = lambda name, right: right) -> set[str]:
        """The gradients whose tests fail when the skeleton is filled, and ``backward`` if that one does."""
        name = f"{self.answer}_{next(NUMBER)}"
        written_to(self.folder, name, filled(self.skeleton, self.reference, change))
        setattr(self.tests, self.answer, self.imported(name))
        failed = set()
        with np.errstate(all="ignore"):
            for at in range(len(self.tests.POINTS)):
                for name in self.tests.NAMES:
                    try:
                        self.tests.test_gradient(at, name)
                    except AssertionError:
                        failed.add(name)
                try:
                    self.tests.test_backward(at)
                except AssertionError:
                    failed.add("backward")
        return failed

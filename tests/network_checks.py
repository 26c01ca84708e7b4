"""What must hold of every network: derivatives against PyTorch, sources in NumPy, every step an equality."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from torch_judge import forward_and_gradients

from backsym.errors import BacksymError
from backsym.expr import Entry, Equation
from backsym.numeric.evaluate import Env, evaluate
from backsym.numeric.sample import draw
from backsym.numeric.verify import check_steps
from backsym.printing.numpy_code import python_name
from backsym.problem import Problem
from backsym.reading.loader import problem_from_mapping
from backsym.solution import Solution, solve

RELATIVE = 1e-9

NOISE = 1e-11
"""Of the largest term: what rounding may leave where terms cancel."""


def judge(mapping: dict[str, Any], seed: int = 3) -> list[str]:
    """Everything that is wrong with the solution of a network; an empty list if nothing is."""
    problem = problem_from_mapping(mapping)
    solution = solve(problem, check=False)
    env = draw(problem, seed)
    values, adjoints = forward_and_gradients(problem, env)
    env = replace(env, adjoints=adjoints)
    wrong = [f"{name} failed its own check" for name in solution.failed]
    with np.errstate(all="ignore"):
        for name, value in values.items():
            wrong += differs(f"forward value of {name}", env.values[name], value)
        wrong += check_derivatives(solution, env)
        wrong += check_forward(solution, env)
        wrong += check_all_steps(solution, env)
    wrong += check_complete(solution, env)
    return wrong


def differs(what: str, found: np.ndarray, expected: np.ndarray, scale: float = 0.0) -> list[str]:
    """A message if two arrays differ in shape or value."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return [f"{what}: shape {found.shape} instead of {expected.shape}"]
    if not np.all(np.isfinite(expected)):
        return []
    size = max(float(np.max(np.abs(expected), initial=0.0)), float(np.max(np.abs(found), initial=0.0)))
    gap = float(np.max(np.abs(found - expected), initial=0.0))
    if not gap <= max(RELATIVE * size, NOISE * scale):
        return [f"{what}: differs by {gap:.3g}, of {size:.3g}"]
    return []


def check_derivatives(solution: Solution, env: Env) -> list[str]:
    """Entry form, matrix form and NumPy source of every derivative, with the true adjoints."""
    wrong = []
    names = namespace(solution.problem, env)
    scale = max((float(np.max(np.abs(a), initial=0.0)) for a in env.adjoints.values()), default=0.0)
    for result in solution:
        node, true = result.node, env.adjoints[result.node]
        for kind, equation in (("entry", result.entry), ("matrix", result.matrix)):
            if equation is not None:
                for side, value in zip(("left", "right"), sides(equation, env, true.shape), strict=True):
                    wrong += differs(f"{kind} form of {node}, {side} side", value, true, scale)
        wrong += differs(f"NumPy source of {node}", run(result.numpy, names), true, scale)
    return wrong


def check_forward(solution: Solution, env: Env) -> list[str]:
    wrong = []
    names = namespace(solution.problem, env)
    for forms in solution.forward:
        true = env.values[forms.node]
        for kind, equation in (("entry", forms.entry), ("matrix", forms.matrix)):
            if equation is not None:
                for side, value in zip(("left", "right"), sides(equation, env, true.shape), strict=True):
                    wrong += differs(f"{kind} form of the equation of {forms.node}, {side} side", value, true)
        wrong += differs(f"NumPy source of the equation of {forms.node}", run(solution.forward_numpy(forms.node), names), true)
    return wrong


def sides(equation: Equation, env: Env, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Both sides, with the shape of the quantity; a shape that does not hold it is left as it is."""
    free = equation.lhs.indices if isinstance(equation.lhs, Entry) else ()
    values = [evaluate(side, env, free) for side in (equation.lhs, equation.rhs)]
    return [v.reshape(shape) if same_but_for_ones(v.shape, shape) else v for v in values]


def same_but_for_ones(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return [n for n in a if n != 1] == [n for n in b if n != 1]


def check_all_steps(solution: Solution, env: Env) -> list[str]:
    wrong = []
    for derivation in solution.derivations:
        error, place = check_steps(derivation.steps, env)
        if error > RELATIVE:
            wrong.append(f"steps of {derivation.node}: {error:.3g} at {place}")
    for forms in solution.forward:
        error, place = check_steps(forms.steps, env)
        if error > RELATIVE:
            wrong.append(f"steps of the equation of {forms.node}: {error:.3g} at {place}")
    return wrong


def check_complete(solution: Solution, env: Env) -> list[str]:
    """Every node, input and parameter that moves the loss has a derivative, in backward order."""
    wrong = []
    for name, symbol in solution.problem.symbols.items():
        if symbol.role in ("node", "parameter", "input") and name not in solution and np.any(env.adjoints[name]):
            wrong.append(f"no derivative by {name}")
    order = [d.node for d in solution.derivations]
    for equation in solution.problem.equations:
        for used in solution.problem.consumers:
            if used in order and equation.name in order and equation.name in solution.problem.consumers[used]:
                if order.index(used) < order.index(equation.name):
                    wrong.append(f"{used} comes before {equation.name}")
    return wrong


# --- NumPy sources ---------------------------------------------------------------------------------------------------


def namespace(problem: Problem, env: Env) -> dict[str, Any]:
    """The names that a source may use: the arrays, the adjoints and the abstract functions."""
    names: dict[str, Any] = {"np": np, "math": math}
    for name, value in env.values.items():
        names[python_name(name, problem)] = value
    for name, value in env.adjoints.items():
        names[f"d_{name}"] = value

    def instance(name: str, order: int) -> Callable[..., np.ndarray]:
        return lambda *args: env.functions[name].derivative(order, *args)

    for name in env.functions:
        assert not keyword.iskeyword(name)
        names[name], names[f"{name}_prime"] = instance(name, 0), instance(name, 1)
    return names


def run(source: str, names: dict[str, Any]) -> np.ndarray:
    try:
        return np.asarray(eval(source, dict(names)))  # only what numpy_source has just written
    except Exception as error:
        raise BacksymError(f"the source {source} does not run: {error!r}") from error

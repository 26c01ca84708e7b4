"""What must hold of every network: derivatives against a judge, sources in NumPy, every step an equality."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from step_judge import forward_and_gradients, total, total_of_members

from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Entry, Equation, free_indices, walk
from backsym.core.problem import Problem
from backsym.core.steps import Step
from backsym.numeric.context import Context
from backsym.numeric.evaluate import Env, evaluate
from backsym.numeric.proof import check_steps
from backsym.numeric.recursion import case_sides
from backsym.numeric.sample import draw
from backsym.printing.latex import equation_latex, latex
from backsym.printing.notation import Notation
from backsym.printing.numpy.code import python_name, size_name
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

RELATIVE = 1e-9

NOISE = 1e-11
"""Of the largest term: what rounding may leave where terms cancel."""


class NoPoint(Exception):
    """A network that no point was found for: somewhere it leaves the domain of a function, whatever its inputs."""


Truth = Callable[[Problem, Env], tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]
"""What a judge says: the value of every node, and the gradient of the loss by every node and leaf."""

TotalTruth = Callable[[Problem, Env, str, tuple[str, ...]], np.ndarray]
"""What a judge says of the derivative of a node by one quantity or by two, the axes of the node first."""

OF_DIFFERENCES = 1e-7
"""How far differences may be off."""


def judge(
    mapping: dict[str, Any], seed: int = 3, truth: Truth = forward_and_gradients, totals: TotalTruth = total
) -> list[str]:
    """Everything that is wrong with the solution of a network; an empty list if nothing is.

    Raises NoPoint if the network cannot be evaluated.
    """
    return judge_problem(problem_from_mapping(mapping), seed, truth, totals)


def judge_problem(
    problem: Problem,
    seed: int = 3,
    truth: Truth = forward_and_gradients,
    totals: TotalTruth = total,
    sizes: Mapping[str, int] | None = None,
) -> list[str]:
    """Everything that is wrong with the solution of a problem, at ``sizes``; see ``judge``."""
    try:
        env = draw(problem, seed, sizes=sizes)
        solution = solve(problem, check=False)
    except BacksymError as error:
        if "no point to check" in str(error):
            raise NoPoint(str(error)) from error
        raise
    values, adjoints = truth(problem, env)
    env = replace(env, adjoints=adjoints)
    wrong = [f"{name} failed its own check" for name in solution.failed]
    with np.errstate(all="ignore"):
        for name, value in values.items():
            wrong += differs(f"forward value of {name}", env.values[name], value, 1.0)
        wrong += check_derivatives(solution, env)
        wrong += check_forward(solution, env)
        wrong += check_all_steps(solution, env)
        wrong += check_totals(solution, env, totals)
    wrong += check_complete(solution, env)
    check_printed(solution)
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
    scale = largest(env.adjoints)
    for result in solution:
        node, true = result.node, env.adjoints[result.node]
        for kind, equation in (("entry", result.entry), ("matrix", result.matrix)):
            if equation is not None:
                for side, value in zip(("left", "right"), sides(equation, env, true.shape), strict=True):
                    wrong += differs(f"{kind} form of {node}, {side} side", value, true, scale)
        if result.member is not None:
            wrong += differs(f"member of {node}", *sides(result.member, env, ()), scale)
        if not result.is_recursion:
            wrong += differs(f"NumPy source of {node}", run(result.numpy, names), true, scale)
        for number, case in enumerate(result.derivation.cases):
            for form in (case.entry, case.matrix):
                for left, right in case_sides(case, form, Context.of(env)) if form is not None else ():
                    wrong += differs(f"case {number} of {node}", right, left, scale)
    return wrong


def check_totals(solution: Solution, env: Env, truth: TotalTruth) -> list[str]:
    """Entry form, matrix form and NumPy source of every Jacobian and second derivative."""
    wrong: list[str] = []
    names = namespace(solution.problem, env)
    for found in solution.totals:
        what = f"the derivative of {found.of} by {' and '.join(found.by)}"
        if found.through:
            true = total_of_members(solution.problem, env, found)
        else:
            true = truth(solution.problem, env, found.of, found.by)
            above = np.ndim(env.values[found.of])
            if found.denominator:
                true = np.moveaxis(true, range(above), range(true.ndim - above, true.ndim))
        forms = {"entry form": evaluate(found.entry.rhs, env, found.indices)}
        if found.matrix is not None and not free_indices(found.matrix.lhs):
            forms["matrix form"] = evaluate(found.matrix.rhs, env)
        forms["NumPy source"] = run(solution.total_numpy(found.key), names)
        size = max(1.0, float(np.max(np.abs(true), initial=0.0)))
        allowed = size * (RELATIVE if len(found.by) == 1 else OF_DIFFERENCES)
        for form, value in forms.items():
            if not same_but_for_ones(np.shape(value), true.shape):
                wrong.append(f"{what}, {form}: shape {np.shape(value)} instead of {true.shape}")
            elif not float(np.max(np.abs(np.reshape(value, true.shape) - true), initial=0.0)) <= allowed:
                wrong.append(f"{what}, {form}: differs")
    return wrong


def check_forward(solution: Solution, env: Env) -> list[str]:
    wrong = []
    names = namespace(solution.problem, env)
    for forms in solution.forward:
        true = env.values[forms.node]
        for kind, equation in (("entry", forms.entry), ("matrix", forms.matrix)):
            if equation is not None:
                for side, value in zip(("left", "right"), sides(equation, env, true.shape), strict=True):
                    wrong += differs(f"{kind} form of the equation of {forms.node}, {side} side", value, true, 1.0)
        if solution.problem.by_name[forms.node].block:
            continue  # A loop, which is no one expression; the code of whole networks is run by tests of its own.
        source = solution.forward_numpy(forms.node)
        wrong += differs(f"NumPy source of the equation of {forms.node}", run(source, names), true, 1.0)
    return wrong


def sides(equation: Equation, env: Env, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Both sides, with the shape of the quantity; a shape that does not hold it is left as it is."""
    free = equation.lhs.indices if isinstance(equation.lhs, Entry) else free_indices(equation.lhs)
    values = [evaluate(side, env, free) for side in (equation.lhs, equation.rhs)]
    return [v.reshape(shape) if same_but_for_ones(v.shape, shape) else v for v in values]


def same_but_for_ones(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return [n for n in a if n != 1] == [n for n in b if n != 1]


def check_all_steps(solution: Solution, env: Env) -> list[str]:
    """Both sides of every step and substep are equal."""
    wrong = []
    told = [(f"the derivative by {d.node}", d.steps, largest(env.adjoints)) for d in solution.derivations]
    told += [(f"the equation of {forms.node}", forms.steps, 1.0) for forms in solution.forward]
    for what, steps, scale in told:
        error, place = check_steps(steps, env, floor=scale * NOISE / RELATIVE)
        if error > RELATIVE:
            wrong.append(f"{what}: step {place} is off by {error:.3g}")
    return wrong


def check_complete(solution: Solution, env: Env) -> list[str]:
    """Every node, input and parameter that moves the loss has a derivative; one uses only adjoints before it."""
    wrong = []
    for name, symbol in solution.problem.symbols.items():
        if symbol.role in ("node", "parameter", "input") and name not in solution and np.any(env.adjoints[name]):
            wrong.append(f"no derivative by {name}")
    known: set[str] = set()
    for derivation in solution.derivations:
        used = {e.name for e in walk(derivation.entry.rhs) if isinstance(e, Adj)}
        eq = solution.problem.by_name.get(derivation.node)
        used -= frozenset(eq.block) if eq is not None else frozenset()  # Those of later positions.
        if not used <= known:
            wrong.append(f"the derivative by {derivation.node} uses {used - known}, which comes later")
        known.add(derivation.node)
    return wrong


def largest(arrays: Mapping[str, np.ndarray]) -> float:
    return max((float(np.max(np.abs(a), initial=0.0)) for a in arrays.values()), default=0.0)


def check_printed(solution: Solution) -> None:
    """Everything that is displayed can be printed."""
    notation = Notation.of(solution.problem)
    for derivation in solution.derivations:
        for equation in (derivation.entry, derivation.matrix):
            if equation is not None:
                equation_latex(equation, notation)
        print_steps(derivation.steps, notation)
    for forms in solution.forward:
        for equation in (forms.entry, forms.matrix):
            if equation is not None:
                equation_latex(equation, notation)


def print_steps(steps: Sequence[Step], notation: Notation) -> None:
    for step in steps:
        latex(step.before, notation)
        latex(step.after, notation)
        print_steps(step.substeps, notation)


# --- NumPy sources ---------------------------------------------------------------------------------------------------


def namespace(problem: Problem, env: Env) -> dict[str, Any]:
    """The names that a source may use: the arrays, the adjoints, the abstract functions, sizes that no array has."""
    names: dict[str, Any] = {"np": np, "math": math}
    held = {dim for symbol in problem.symbols.values() for dim in symbol.shape}
    names |= {size_name(dim, problem): size for dim, size in env.dims.items() if dim not in held}
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

"""Derivatives that others state, by value: the problem of an expression, and what its derivative is compared with."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from backsym.core.problem import Problem
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw
from backsym.numeric.verify import with_adjoints
from backsym.reading.files.loader import problem_from_mapping, read_expression
from backsym.solving.solution import Solution

SHAPES: dict[str, list[Any]] = {
    **{name: ["K", "K"] for name in "ABCDXGJ"},
    **{name: ["K"] for name in "abcdxyg"},
    "H": [1, "K"],
    "Z": ["K", "M"],
    "Y": ["M", "K"],
    "i": [],
    "m": [],
}
"""Of the names in the cases: G, J contract matrices, g vectors, H rows."""


def problem_of(expression: str) -> Problem:
    names = dict.fromkeys(re.findall(r"\b[A-Za-z]\b", expression.replace(".T", "")))
    letters = {letter: "K" for letter in "npq" if letter in names}
    symbols = {name: {"shape": SHAPES[name]} for name in names if name in SHAPES}
    mapping: dict[str, Any] = {"symbols": symbols, "forward": [f"L = {expression}"]}
    return problem_from_mapping({**mapping, "indices": letters} if letters else mapping)


def check(solution: Solution, name: str, stated: str | None, loss: str = "L") -> None:
    """Both forms of a derivative against the complex step of the loss and the value that the peer states."""
    problem, result = solution.problem, solution[name]
    env = with_adjoints(solution.derivations, draw(problem, 5))
    expected = stepped(problem, name, env, loss)
    free = result.derivation.indices if expected.ndim else ()
    scale = float(np.abs(expected).max())
    assert scale > 0
    forms = [evaluate(result.entry.rhs, env, free)]
    forms += [evaluate(result.matrix.rhs, env)] if result.matrix is not None else []
    if stated is not None:
        forms.append(evaluate(read_expression(problem, stated), env))
    for value in forms:
        found = value.reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * scale)


def stepped(problem: Problem, name: str, env: Any, loss: str) -> np.ndarray:
    base = env.values[name]
    out = np.zeros(base.shape)
    for at in np.ndindex(base.shape):
        moved = base.astype(complex)
        moved[at] += 1e-30j
        values = {**env.values, name: moved}
        for eq in problem.equations:
            free = eq.indices
            values[eq.name] = evaluate(eq.rhs, replace(env, values=values), free).reshape(env.values[eq.name].shape)
        out[at] = values[loss].imag.item() / 1e-30
    return out

"""The gradients of the author's equations by complex steps: a judge that knows no rule of differentiation.

Every entry of every quantity is moved by itself and the equations behind it are evaluated again; recurrences are
written out first.  This is slow and needs nothing but NumPy; the judges that also evaluate the equations by code of
their own are under ``judges``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from unrolled import members, unrolled

from backsym.core.expr import Ix
from backsym.core.problem import NodeEquation, Problem
from backsym.numeric.axes import Array, Val
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import node_value

STEP = 1e-100
MOVED = Ix("moved", 1)


def forward_and_gradients(problem: Problem, env: Env) -> tuple[dict[str, Array], dict[str, Array]]:
    """The value of every node, and the gradient of the loss by every node and leaf, at the leaves of ``env``."""
    equations, parts = unrolled(problem, env.dims), members(problem, env.dims)
    values = dict(env.values)
    ctx = replace(Context.of(env), values=values)
    with np.errstate(all="ignore"):
        for eq in equations:
            if eq.name not in problem.by_name or problem.by_name[eq.name].block:
                values[eq.name] = np.asarray(node_value(eq, ctx)[1], dtype=float)
        here = replace(env, values=values)
        slopes = {
            name: np.stack([_slope(problem, equations, here, part) for part in parts[name]])
            if name in parts
            else _slope(problem, equations, here, name)
            for name in problem.symbols
        }
    return {name: np.asarray(values[name], dtype=float) for name in problem.by_name}, slopes


def _slope(problem: Problem, equations: Sequence[NodeEquation], env: Env, name: str) -> Array:
    """The derivative of the loss by each entry of a quantity; a node is moved after its equation."""
    base = np.asarray(env.values[name], dtype=float)
    steps = 1j * STEP * np.eye(base.size).reshape(base.size, *base.shape)
    values: dict[str, Array | Val] = {**env.values, name: ((MOVED,), base + steps)}
    ctx = replace(Context.of(env), values=values)
    after = all(eq.name != name for eq in equations)
    for eq in equations:
        if after:
            values[eq.name] = node_value(eq, ctx)
        after = after or eq.name == name
    loss = values[problem.loss]
    if not isinstance(loss, tuple) or not loss[0]:
        return np.zeros(base.shape)
    return np.asarray(np.imag(loss[1]).reshape(base.shape) / STEP)

"""The gradients of the author's equations by complex steps: a judge that knows no rule of differentiation.

Every entry of every quantity is moved by itself and the equations behind it are evaluated again.  This is slow and
needs nothing but NumPy; the judges that also evaluate the equations by code of their own are under ``judges``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backsym.core.expr import Ix
from backsym.core.problem import Problem
from backsym.numeric.axes import Array, Val
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import node_value

STEP = 1e-100
MOVED = Ix("moved", 1)


def forward_and_gradients(problem: Problem, env: Env) -> tuple[dict[str, Array], dict[str, Array]]:
    """The value of every node, and the gradient of the loss by every node and leaf, at the leaves of ``env``."""
    values = {name: np.asarray(env.values[name], dtype=float) for name in problem.by_name}
    with np.errstate(all="ignore"):
        slopes = {name: _slope(problem, env, name) for name in problem.symbols}
    return values, slopes


def _slope(problem: Problem, env: Env, name: str) -> Array:
    """The derivative of the loss by each entry of a quantity; a node is moved after its equation."""
    base = np.asarray(env.values[name], dtype=float)
    steps = 1j * STEP * np.eye(base.size).reshape(base.size, *base.shape)
    values: dict[str, Array | Val] = {**env.values, name: ((MOVED,), base + steps)}
    ctx = replace(Context.of(env), values=values)
    after = name not in problem.by_name
    for eq in problem.equations:
        if after:
            values[eq.name] = node_value(eq, ctx)
        after = after or eq.name == name
    loss = values[problem.loss]
    if not isinstance(loss, tuple) or not loss[0]:
        return np.zeros(base.shape)
    return np.asarray(np.imag(loss[1]).reshape(base.shape) / STEP)

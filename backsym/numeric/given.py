"""The point at which a problem is worked out in numbers: the values that its file gives, and all that follows.

Values are computed in double precision from the author's own equations and the derivations.  This module must not know
how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from backsym.core.errors import Diagnostic, PlacedError
from backsym.core.expr import Adj, Expr, names_in, walk
from backsym.core.problem import NodeEquation, Problem
from backsym.core.steps import Derivation
from backsym.core.words import Said, say
from backsym.numeric.axes import Array
from backsym.numeric.context import Context, Env
from backsym.numeric.recursion import forward_value
from backsym.numeric.rounding import settled
from backsym.numeric.stated import with_adjoints


def point(problem: Problem, derivations: Sequence[Derivation], own: Mapping[Expr, Array] | None = None) -> Env:
    """All values and adjoints at the given values, where zero is zero.

    ``own`` are values of quantities and of derivatives of the loss that stand in place of what they would be.  Raises
    BacksymError where something has no value.
    """
    own = own or {}
    _check(problem, [d.node for d in derivations])
    values: dict[str, Any] = {name: _array(problem, name, value) for name, value in problem.values.items()}
    sizes = _sizes(problem, values)
    env = Env(sizes, values, equations={eq.name: eq for eq in problem.equations})

    def forward(equation: NodeEquation, at: Env) -> Any:
        return forward_value(equation, Context.of(at))[1]

    def backward(derivation: Derivation, at: Env) -> Any:
        block = env.equations[derivation.node].block if derivation.node in env.equations else ()
        together = [d for d in derivations if d.node in block] or [derivation]
        return with_adjoints(together, at).adjoints[derivation.node]

    with np.errstate(all="ignore"):
        for equation in problem.equations:
            inside = {used for name in equation.block for used in names_in(env.equations[name].rhs)} - {*equation.block}
            if all(name in values for name in inside or names_in(equation.rhs)):
                values[equation.name] = settled(partial(forward, equation), env)
                _check_finite(values[equation.name], equation.name, problem)
                values[equation.name] = own.get(problem.sym(equation.name), values[equation.name])
        for derivation in derivations:
            env.adjoints[derivation.node] = settled(partial(backward, derivation), env)
            _check_finite(env.adjoints[derivation.node], say("solving.derivative_by", name=derivation.node), problem)
            adjoint = Adj(derivation.node, problem.symbols[derivation.node].shape)
            env.adjoints[derivation.node] = own.get(adjoint, env.adjoints[derivation.node])
    return env


def _array(problem: Problem, name: str, value: Any) -> Array:
    """A value that is given; labels are whole numbers, by which other arrays are indexed."""
    return np.asarray(value, dtype=float if problem.symbols[name].label is None else int)


def _check_finite(value: Any, what: Said, problem: Problem) -> None:
    if not np.all(np.isfinite(value)):
        raise PlacedError(Diagnostic(say("numeric.not_finite", what=what), problem.path))


def _check(problem: Problem, wanted: list[str]) -> None:
    def refused(words: Said) -> PlacedError:
        return PlacedError(Diagnostic(words, problem.path))

    if problem.abstract or any(getattr(e, "kind", "") == "loss" for eq in problem.equations for e in walk(eq.rhs)):
        raise refused(say("numeric.formula_needed"))
    missing = [
        name
        for name, symbol in problem.symbols.items()
        if symbol.role != "node" and name not in problem.values and (name in wanted or name in problem.consumers)
    ]
    if missing:
        raise refused(say("numeric.value_needed", names=missing))


def _sizes(problem: Problem, values: Mapping[str, Any]) -> dict[str, int]:
    """The size of each dimension, from the arrays that are given."""
    sizes = {name: dim.size for name, dim in problem.dims.items() if dim.size is not None}
    pairs = (zip(problem.symbols[name].shape, value.shape, strict=True) for name, value in values.items())
    return sizes | {dim: size for shape in pairs for dim, size in shape if isinstance(dim, str)}

"""The gradients of the author's equations by complex steps: a judge that knows no rule of differentiation.

Every entry of every quantity is moved by itself and the equations behind it are evaluated again; recurrences are
written out first.  This is slow and needs nothing but NumPy; the judges that also evaluate the equations by code of
their own are under ``judges``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from unrolled import member_name, members, unrolled

from backsym.core.expr import Ix, position_of, with_letters
from backsym.core.problem import NodeEquation, Problem
from backsym.core.steps import TotalDerivation
from backsym.numeric.axes import Array, Val
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import node_value

STEP = 1e-100

DIFFERENCE = 1e-3
"""How far a quantity is moved for a second derivative."""

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


def total(problem: Problem, env: Env, of: str, by: tuple[str, ...]) -> Array:
    """The derivative of a node by each entry of a quantity, the axes of the node first, or its second derivative.

    For second derivatives the first ones, by complex steps, are moved by central differences of the fourth order.
    """
    if len(by) == 1:
        return _total(problem, env, of, by[0])
    first, second = by
    base = np.asarray(env.values[first], dtype=float)
    columns = []
    for place in np.ndindex(base.shape):
        unit = np.zeros(base.shape)
        unit[place] = DIFFERENCE

        def slope(moved: Array) -> Array:
            return _total(problem, replace(env, values={**env.values, first: base + moved}), of, second, after=first)

        near, far = slope(unit) - slope(-unit), slope(2 * unit) - slope(-2 * unit)
        columns.append((8 * near - far) / (12 * DIFFERENCE))
    return np.reshape(columns, (*base.shape, *np.shape(env.values[second])))


def _total(problem: Problem, env: Env, of: str, by: str, after: str | None = None) -> Array:
    """The derivative of a node by a quantity; what stands behind the quantity ``after`` is evaluated anew before."""
    equations = unrolled(problem, env.dims)
    values = dict(env.values)
    if after is not None:
        ctx = replace(Context.of(env), values=values)
        for eq in _behind(equations, after):
            values[eq.name] = np.asarray(node_value(eq, ctx)[1], dtype=float)
    here = replace(env, values=values)
    moved = _after_steps(equations, here, by)[of]
    shape = np.shape(values[by])
    if not isinstance(moved, tuple) or MOVED not in moved[0]:
        return np.zeros((*np.shape(values[of]), *shape))
    slopes = np.imag(moved[1]) / STEP
    return np.moveaxis(slopes.reshape((*shape, *np.shape(values[of]))), range(len(shape)), range(-len(shape), 0))


def _slope(problem: Problem, equations: Sequence[NodeEquation], env: Env, name: str) -> Array:
    """The derivative of the loss by each entry of a quantity; a node is moved after its equation."""
    loss = _after_steps(equations, env, name)[problem.loss]
    shape = np.shape(env.values[name])
    if not isinstance(loss, tuple) or not loss[0]:
        return np.zeros(shape)
    return np.asarray(np.imag(loss[1]).reshape(shape) / STEP)


def _behind(equations: Sequence[NodeEquation], name: str) -> Sequence[NodeEquation]:
    """The equations after that of a node; all for a quantity that is given."""
    places = [n for n, eq in enumerate(equations) if eq.name == name]
    return equations[places[0] + 1 :] if places else equations


def _after_steps(equations: Sequence[NodeEquation], env: Env, name: str) -> dict[str, Array | Val]:
    """The values where each entry of a quantity is moved by itself, along an axis of its own."""
    base = np.asarray(env.values[name], dtype=float)
    steps = 1j * STEP * np.eye(base.size).reshape(base.size, *base.shape)
    values: dict[str, Array | Val] = {**env.values, name: ((MOVED,), base + steps)}
    ctx = replace(Context.of(env), values=values)
    for eq in _behind(equations, name):
        values[eq.name] = node_value(eq, ctx)
    return values


def total_of_members(problem: Problem, env: Env, total: TotalDerivation) -> Array:
    """The whole array along the letters of its entry, one choice of the letters of members after the other."""
    families = problem.recurrent
    lettered = [ix for ix in total.indices if ix.dim in families and not ix.fixed]
    sizes = [env.dims[str(ix.dim)] for ix in total.indices if not ix.fixed]
    rest = [n for n, ix in enumerate(total.indices) if ix not in lettered]
    found = np.zeros(sizes)
    slopes: dict[str, dict[str, Array]] = {}
    for chosen in np.ndindex(*(env.dims[str(ix.dim)] for ix in lettered)):
        here = {ix: Ix(str(n + 1), ix.dim) for ix, n in zip(lettered, chosen, strict=True)}
        (of, p), (by, q) = (_end(problem, text, here, env) for text in (total.of, total.by[0]))
        recurs = by in problem.by_name and bool(problem.by_name[by].block)
        if q is not None and q < 1:
            starts = problem.starts.get(by, ())
            if not starts:
                continue  # There is no such member.
            by, q, recurs = starts[-q].name, None, False
        moved = member_name(by, q) if recurs and q is not None else by
        if moved not in slopes:
            slopes[moved] = _slopes_of_all(problem, env, moved)
        block = slopes[moved][of] if p is None else slopes[moved][of][p - 1]
        if not recurs and q is not None:
            axis = block.ndim - np.ndim(env.values[by])
            block = np.take(block, q - 1, axis)
        at: list[Any] = [slice(None)] * found.ndim
        for ix, n in zip(lettered, chosen, strict=True):
            at[total.indices.index(ix)] = n
        found[tuple(at)] = block
    assert found.ndim == len(rest) + len(lettered)
    return found


def _end(problem: Problem, text: str, here: dict[Ix, Ix], env: Env) -> tuple[str, int | None]:
    """The quantity of an end of a Jacobian, and the position of its member, which may be before the first."""
    name, bracket, _ = text.partition("[")
    if not bracket or text == f"{name}[0]":
        return (problem.starts[name][0].name, None) if bracket else (name, None)
    place = problem.placed(text)
    found = with_letters(place.indices[0], here)  # type: ignore[attr-defined]
    return name, env.dims[str(found.dim)] + (getattr(found, "offset", 0)) if "T" in text else position_of(found)


def _slopes_of_all(problem: Problem, env: Env, moved: str) -> dict[str, Array]:
    """The derivatives of all nodes by each entry of a quantity, or of the node that stands for one member of a family.

    The axes of the node come first; a family has its members along the first of them.
    """
    equations = unrolled(problem, env.dims)
    values = dict(env.values)
    ctx = replace(Context.of(env), values=values)
    for eq in equations:
        values[eq.name] = np.asarray(node_value(eq, ctx)[1], dtype=float)
    after = _after_steps(equations, replace(env, values=values), moved)
    shape = np.shape(values[moved])
    found = {}
    for name in problem.by_name:
        value = after[name]
        if not isinstance(value, tuple) or MOVED not in value[0]:
            found[name] = np.zeros((*np.shape(values[name]), *shape))
            continue
        slopes = np.reshape(np.imag(value[1]), (*shape, *np.shape(values[name]))) / STEP
        found[name] = np.moveaxis(slopes, range(len(shape)), range(-len(shape), 0))
    return found

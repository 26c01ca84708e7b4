"""The point at which a problem is worked out in numbers: the values that its file gives, and all that follows.

Values are computed in double precision from the author's own equations and the derivations.  This module must not know
how they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from backsym.core.dims import at_places, is_layered, is_ragged
from backsym.core.errors import Diagnostic, PlacedError
from backsym.core.expr import Adj, Expr, Ix, Shape, Sym, member_shape, names_in, walk
from backsym.core.problem import NodeEquation, Problem
from backsym.core.steps import Derivation
from backsym.core.words import Said, say
from backsym.numeric.axes import Array
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import evaluate
from backsym.numeric.layers import as_given, as_kept, layer_names
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
    sizes = _sizes(problem)
    values: dict[str, Any] = {name: _array(problem, name, value, sizes) for name, value in problem.values.items()}
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


def told(e: Expr, env: Env) -> Array:
    """The value of an expression; of a list whose members differ in size an array of arrays."""
    value = evaluate(e, env)
    if not isinstance(e, (Sym, Adj)) or not is_layered(e.declared):
        return value
    members = as_given(value, e.declared, env.dims)
    found = np.empty(len(members), dtype=object)
    for n, member in enumerate(members):
        found[n] = member
    return found


def _array(problem: Problem, name: str, value: Any, sizes: Mapping[str, int]) -> Array:
    """A value that is given; labels are whole numbers, by which other arrays are indexed."""
    symbol = problem.symbols[name]
    return np.asarray(as_kept(value, symbol.shape, sizes), dtype=float if symbol.label is None else int)


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


def _sizes(problem: Problem) -> dict[str, int]:
    """The size of each dimension, from the arrays that are given."""
    sizes = {name: dim.size for name, dim in problem.dims.items() if dim.size is not None}
    pairs = [pair for name, value in problem.values.items() for pair in _axes(problem.symbols[name].shape, value)]
    sizes |= {dim: size for dim, size in pairs if not is_ragged(dim)}
    sizes |= {str(at_places(dim, sizes)): size for dim, size in pairs if is_ragged(dim)}
    for name in layer_names([symbol.shape for symbol in problem.symbols.values()], sizes):
        if name not in sizes:
            raise PlacedError(Diagnostic(say("numeric.no_size", dim=name), problem.path))
    return sizes


def _axes(shape: Shape, value: Any) -> Iterator[tuple[str, int]]:
    """The sizes of the axes of a value, of a list those of all members."""
    if not shape:
        return
    if isinstance(shape[0], str):
        yield shape[0], len(value)
    for n, member in enumerate(value if is_layered(shape) else value[:1], 1):
        yield from _axes(member_shape(shape, Ix(str(n), shape[0])), member)

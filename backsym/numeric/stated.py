"""The values of what derivations state.

This module must not know about the calculus, nor what a value is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import Entry, Expr, Ix
from backsym.core.steps import Derivation
from backsym.core.words import say
from backsym.numeric.axes import Array
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import ev
from backsym.numeric.recursion import block_adjoints


def with_adjoints(derivations: Sequence[Derivation], env: Env) -> Env:
    """The same point with the adjoints that the derivations state, in their order."""
    adjoints: dict[str, Array] = dict(env.adjoints)
    filled = replace(env, adjoints=adjoints)
    with np.errstate(all="ignore"):
        for found in stated_adjoints(derivations, filled):
            adjoints.update(found)
    return filled


def stated_adjoints(derivations: Sequence[Derivation], env: Env) -> Iterator[dict[str, Array]]:
    """The adjoints that derivations state, one after the other, those of a recurrence together.

    The caller puts them into ``env`` before it asks for the next.
    """
    done: set[str] = set()
    for d in derivations:
        if d.node in done:
            continue
        equation = env.equations.get(d.node)
        found = (
            block_adjoints(derivations, Context.of(env), d.node)
            if equation is not None and equation.block
            else {d.node: entry_value(d, env)}
        )
        done |= found.keys()
        yield found


def entry_value(d: Derivation, env: Env) -> Array:
    """The derivative entry by entry, with the shape of the node."""
    indices = d.entry.lhs.indices if isinstance(d.entry.lhs, Entry) else d.indices
    value = value_at(d.entry.rhs, indices, env)
    shape = np.shape(env.values[d.node])
    if value.shape == shape:
        return value
    if value.size != math.prod(shape):
        raise BacksymError(say("numeric.stated_shape", name=d.node, found=str(value.shape), shape=str(shape)))
    return value.reshape(shape)


def largest(x: Array) -> float:
    """The largest absolute value of an array's entries; zero of none."""
    return float(np.abs(x).max()) if np.size(x) else 0.0


def value_at(e: Expr, free: tuple[Ix, ...], env: Env) -> Array:
    ctx = Context.of(env)
    return np.asarray(ctx.arranged(ev(e, ctx), free))

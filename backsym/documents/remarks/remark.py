"""Remarks, with what they claim.

All of it comes from facts: from the recorded steps, the forward equations and the form of a result.  The rules know
kinds of facts, such as a quantity that several equations use, and no network.  This module must not know about words,
layout or output languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backsym.core import stepkinds as sk
from backsym.core.expr import Entry, Expr, Ix, Member, Partial, Sym, free_indices
from backsym.core.problem import Problem
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import evaluate, node_value
from backsym.parts.kind import Piece

APART = 1e-3
"""What is unequal differs by at least this part of it."""

MOVE = 0.37
"""How far an entry is moved to see what depends on it."""

SIDES = {"row": 0, "column": 1}
"""The axis along which there is one entry only."""

Told = Expr | Ix | tuple[Expr, ...] | tuple[Ix, ...]
"""What fills a placeholder of a remark."""


@dataclass(frozen=True)
class Claim:
    """What a remark says: that two expressions are ``equal``, ``unequal``, or that one ``depends`` on the other.

    Or that both are a ``row``, or a ``column``.  Whole quantities depend if some entry does; of two entries, every
    entry that has the letters which they share.
    """

    kind: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Remark:
    """``key`` is that of its words in the catalogue, below ``ideas``, ``readings``, ``slips`` or ``reasons``."""

    key: str
    facts: Mapping[str, Told] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()


def opening_of(piece: Piece) -> tuple[Expr, tuple[Expr, ...]] | None:
    """The quantity that a derivation is by and what uses it, where it begins with the chain rule for several."""
    first = piece.steps[0]
    node, consumers = first.facts.get("node"), first.facts.get("consumers")
    if first.kind != sk.CHAIN_MULTI or not isinstance(node, Expr) or not isinstance(consumers, tuple):
        return None
    return node, tuple(e for e in consumers if isinstance(e, Expr))


def base_of(e: Expr) -> Expr:
    """The quantity of which this is an entry or a member."""
    return e.base if isinstance(e, (Entry, Member)) else e


def holds(claim: Claim, problem: Problem, env: Env) -> bool:
    """Whether a claim is true at a point; of local derivatives, as steps state them, nothing is evaluated here."""
    import numpy as np

    if claim.kind == "depends":
        return _depends(claim.left, claim.right, problem, env)
    if isinstance(claim.left, Partial):
        return True
    if claim.kind in SIDES:
        shapes = {np.shape(evaluate(e, env)) for e in (claim.left, claim.right)}
        return len(shapes) == 1 and all(len(s) == 2 and s[SIDES[claim.kind]] == 1 for s in shapes)
    letters = free_indices(claim.left)
    if not set(free_indices(claim.right)) <= set(letters):
        return False
    a, b = evaluate(claim.left, env, letters), evaluate(claim.right, env, letters)
    if np.shape(a) != np.shape(b):
        return claim.kind == "unequal"
    far = float(np.abs(a - b).max(initial=0.0)) > APART * max(float(np.abs(a).max(initial=0.0)), APART)
    return far == (claim.kind == "unequal")


def _depends(consumer: Expr, node: Expr, problem: Problem, env: Env) -> bool:
    """Whether the consumer's equation gives other values if the first entry of the node moves, and nothing else."""
    import numpy as np

    below, above = base_of(node), base_of(consumer)
    assert isinstance(below, Sym)
    assert isinstance(above, Sym)
    moved = np.array(env.values[below.name], dtype=float)
    moved[(0,) * moved.ndim] += MOVE
    points = (env.values, {**env.values, below.name: moved})
    before, after = (node_value(problem.by_name[above.name], Context.of(env).with_values(at))[1] for at in points)
    changed = np.asarray(before != after)
    if not isinstance(consumer, Entry) or not isinstance(node, Entry):
        return bool(changed.any())
    shared = tuple(0 if ix.fixed or ix in node.indices else slice(None) for ix in consumer.indices)
    return bool(changed[shared].all())

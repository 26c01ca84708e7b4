"""Why a derivative was zero at every point: because it is zero, or because no point was found where it is not.

This module must not know how a derivative was found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from backsym.core import expr as ex
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import Problem
from backsym.core.steps import Derivation, Verification
from backsym.core.words import Words, say
from backsym.numeric.context import Env
from backsym.numeric.exercise import Exercise, Feature, cancelling
from backsym.numeric.sizes import out_of_reach
from backsym.numeric.stated import with_adjoints

UNEXERCISED = "unexercised"


Zero = tuple[type[ex.Expr], str]
"""The value of a quantity, Sym, or the derivative by it, Adj, that is zero."""


def explained(
    problem: Problem, derivations: Sequence[Derivation], exercise: Exercise, exercised: Collection[Feature],
    found: Mapping[str, Verification], points: Sequence[Env],
) -> dict[str, Verification]:  # fmt: skip
    """What was found of each derivative, with the reason where it was zero at all points.

    One that is zero whatever the values are, by what is stated of it alone, is verified where both sides of all kinks
    were seen on the way to the loss.
    """
    if all(v.status != UNEXERCISED for v in found.values()):
        return dict(found)
    cancel = frozenset[str]().union(*(cancelling(derivations, with_adjoints(derivations, p)) for p in points))
    zeros: set[Zero] = {(ex.Sym, name) for name in _vanishing_nodes(problem)}
    missing = exercise.wanted - set(exercised)
    out = dict(found)
    for d in derivations:
        if found[d.node].status != UNEXERCISED:
            continue
        consumers = [eq for eq in (problem.by_name[c] for c in problem.consumers.get(d.node, ())) if eq.name in out]
        heard = [eq for eq in consumers if (ex.Adj, eq.name) not in zeros and d.node in _outside_conditions(eq.rhs)]
        kinks = [
            say("unexercised.side", function=node.name if isinstance(node, ex.Fn) else node.op, node=eq.name)
            for number, (eq, node) in exercise.kinks
            if eq in heard and any((eq.name, number, above) in missing for above in (False, True))
        ]
        if not kinks and is_zero(d.entry.rhs, zeros):
            zeros.add((ex.Adj, d.node))
            out[d.node] = replace(found[d.node], status="verified", reason=say("unexercised.zero", node=d.node))
        else:
            silent = [eq.name for eq in heard if out[eq.name].status == UNEXERCISED]
            outside = [eq.name for eq in heard if all(out_of_reach(eq.rhs, point.dims) for point in points)]
            dead = [name for name in ex.names_in(d.entry.rhs) if not any(np.any(p.values.get(name, 1)) for p in points)]
            reason = _reason(d, cancel, outside, silent, dead, kinks, len(points))
            out[d.node] = replace(found[d.node], reason=reason)
    return out


def _reason(
    d: Derivation, cancel: Collection[str], outside: Sequence[str], silent: Sequence[str], dead: Sequence[str],
    kinks: Sequence[Words], draws: int,
) -> Words:  # fmt: skip
    if d.node in cancel and d.entry.rhs != ex.ZERO:
        return say("unexercised.cancels", node=d.node)
    if outside:
        return say("unexercised.out_of_reach", node=d.node, consumers=outside)
    if silent:
        return say("unexercised.nothing_passed_back", node=d.node, consumers=silent)
    if dead:
        return say("unexercised.value_zero", node=d.node, values=dead)
    if kinks:
        return say("unexercised.one_sided", node=d.node, kinks=list(dict.fromkeys(kinks)))
    return say("unexercised.no_point", node=d.node, draws=draws)


def _outside_conditions(e: ex.Expr) -> set[str]:
    """The names in an expression that stand elsewhere than in comparisons, whose derivative is zero."""
    if isinstance(e, ex.Cmp):
        return set()
    inner = ex.children(e)
    return set(ex.names_in(e)) if not inner else {name for child in inner for name in _outside_conditions(child)}


def _vanishing_nodes(problem: Problem) -> Iterator[str]:
    """The nodes that are zero whatever the values are, such as a - a and all that is multiplied with it."""
    zeros: set[Zero] = set()
    for eq in problem.equations:
        if not eq.block and is_zero(eq.rhs, zeros):
            zeros.add((ex.Sym, eq.name))
            yield eq.name


def is_zero(e: ex.Expr, zeros: Collection[Zero] = ()) -> bool:
    """Whether an expression is zero whatever the values in it are, where those in ``zeros`` are.

    It is one where products have a factor that is, sums add up what is or take away what they add, and functions are
    zero at zero.  What is zero for a deeper reason is not found.
    """
    if isinstance(e, (ex.Sym, ex.Adj)):
        return (type(e), e.name) in zeros
    if isinstance(e, ex.Num):
        return e.value == 0
    if isinstance(e, (ex.Zeros, ex.Neg, ex.T, ex.Reduce, ex.Reshape, ex.Slice, ex.Entry, ex.Member, ex.IndexReduce)):
        return all(is_zero(inner, zeros) for inner in ex.children(e))
    if isinstance(e, (ex.Mul, ex.MatMul)):
        return any(is_zero(factor, zeros) for factor in e.args)
    if isinstance(e, ex.Div):
        return is_zero(e.num, zeros)
    if isinstance(e, ex.Pow):
        return isinstance(e.exp, ex.Num) and e.exp.value > 0 and is_zero(e.base, zeros)
    if isinstance(e, ex.Add):
        left = [term for term in e.args if not is_zero(term, zeros)]
        added = [term for term in left if not isinstance(term, ex.Neg)]
        taken = [term.arg for term in left if isinstance(term, ex.Neg)]
        return all(added.count(term) == taken.count(term) for term in (*added, *taken))
    if isinstance(e, ex.Fn) and e.kind == "elementwise" and e.order == 0 and len(e.args) == 1:
        value = FUNCTIONS[e.name].value if e.name in FUNCTIONS else None
        return value is not None and is_zero(e.args[0], zeros) and bool(value(np, np.zeros(())) == 0)
    return False

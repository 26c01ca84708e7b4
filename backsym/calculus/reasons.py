"""What a reader wants to hear about a differentiation: its rule, which term of a sum is left, what a delta is.

Read off the equation as it is displayed.  This module must not know about the backward pass or about sentences.
"""

from __future__ import annotations

from backsym.core.entrywise import array_of
from backsym.core.expr import (
    Add,
    Delta,
    Div,
    Entry,
    Expr,
    Fn,
    IndexReduce,
    Ix,
    Mul,
    Neg,
    Partial,
    Pow,
    Shift,
    Sym,
    walk,
)
from backsym.core.steps import Fact


def reasons(rhs: Expr, node: Expr, after: Expr) -> dict[str, Fact]:
    """Facts about differentiating ``rhs`` by ``node``, an entry or a scalar, with the displayed result ``after``.

    ``rule`` names the rule of calculus where it is worth a word, ``only`` pairs the index of a sum with the one value
    of it whose term contains the node, ``over`` are the indices of that sum where there are others,
    and ``delta`` is the first Kronecker delta of the result, with ``entries`` for
    the entry of the node's array whose derivative it is.
    """
    facts: dict[str, Fact] = {}
    name = _name(node)
    found = rule(rhs, name)
    if found is not None:
        facts["rule"] = found
    only = only_terms(rhs, node)
    if only:
        facts["only"] = only
        if any(ix not in only[::2] for e in walk(rhs) if isinstance(e, IndexReduce) for ix in e.indices):
            facts["over"] = only[::2]
    delta = next((e for e in walk(after) if isinstance(e, Delta)), None)
    if delta is not None and isinstance(node, Entry):
        meant = _differentiated(delta, node)
        if meant is not None:
            facts |= {"delta": delta, "own": meant, "index": delta.i, "other": delta.j}
    return facts


def rule(e: Expr, name: str) -> str | None:
    """``power``, ``product`` or ``quotient`` where that rule is used first, ``terms`` for several terms; else None."""
    if isinstance(e, Neg):
        return rule(e.arg, name)
    if isinstance(e, IndexReduce):
        return rule(e.body, name)
    if isinstance(e, Add):
        terms = [a for a in e.args if mentions(a, name)]
        return rule(terms[0], name) if len(terms) == 1 else "terms"
    if isinstance(e, Mul):
        factors = [a for a in e.args if mentions(a, name)]
        return rule(factors[0], name) if len(factors) == 1 else "product"
    if isinstance(e, Div):
        if not mentions(e.den, name):
            return rule(e.num, name)
        return "quotient" if mentions(e.num, name) else None
    if isinstance(e, Pow) and not mentions(e.exp, name):
        return "power"
    return None


def only_terms(rhs: Expr, node: Expr) -> tuple[Ix, ...]:
    """Pairs of a summed index and its value in the one term that contains the node; empty where there is no such term.

    Wherever a sum mentions the array, its indices have to reach the node's entry there exactly once.
    """
    if not isinstance(node, Entry):
        return ()
    name = _name(node)
    pairs: dict[Ix, Ix] = {}
    for summed, occurrence in _occurrences(rhs, name, ()):
        if occurrence is None:
            return ()
        if not summed:
            continue
        here = _matched(summed, occurrence, node)
        if here is None or (pairs and here != pairs):
            return ()
        pairs = here
    return tuple(ix for pair in pairs.items() for ix in pair)


def mentions(e: Expr, name: str) -> bool:
    return any(isinstance(x, Sym) and x.name == name for x in walk(e))


def _name(node: Expr) -> str:
    base = array_of(node)
    assert isinstance(base, Sym)
    return base.name


def _occurrences(e: Expr, name: str, summed: tuple[Ix, ...]) -> list[tuple[tuple[Ix, ...], Entry | None]]:
    """Every place of the array, with the indices of the sums around it; None where the whole array stands there."""
    if isinstance(e, Entry) and isinstance(e.base, Sym):
        return [(summed, e)] if e.base.name == name else []
    if isinstance(e, Sym):
        return [(summed, None)] if e.name == name else []
    if isinstance(e, IndexReduce) and e.op == "sum":
        return _occurrences(e.body, name, (*summed, *e.indices))
    if isinstance(e, (Neg, Add, Mul, Div, Pow)) or (isinstance(e, Fn) and e.entrywise):
        return [found for child in _operands(e) for found in _occurrences(child, name, summed)]
    return [(summed, None)] if mentions(e, name) else []


def _operands(e: Expr) -> tuple[Expr, ...]:
    if isinstance(e, Neg):
        return (e.arg,)
    if isinstance(e, Div):
        return (e.num, e.den)
    if isinstance(e, Pow):
        return (e.base, e.exp)
    assert isinstance(e, (Add, Mul, Fn))
    return e.args


def _matched(summed: tuple[Ix, ...], occurrence: Entry, node: Entry) -> dict[Ix, Ix] | None:
    """The value of each summed index at which the entry is the node; None where some index stays free."""
    found: dict[Ix, Ix] = {}
    for theirs, own in zip(occurrence.indices, node.indices, strict=True):
        if isinstance(theirs, Shift) or isinstance(own, Shift):
            return None
        if theirs in summed:
            if found.setdefault(theirs, own) != own:
                return None
        elif theirs != own:
            return None
    return {ix: found[ix] for ix in summed if ix in found} if all(ix in found for ix in summed) else None


def _differentiated(delta: Delta, node: Entry) -> Expr | None:
    """``d z_j / d z_i`` for a delta of j and i; None where the delta is not one of the node's own indices."""
    for at, ix in enumerate(node.indices):
        for other in (delta.i, delta.j):
            if ix in (delta.i, delta.j) and other != ix and not isinstance(other, Shift):
                entry = Entry(node.base, (*node.indices[:at], other, *node.indices[at + 1 :]))
                return Partial(entry, node)
    return None

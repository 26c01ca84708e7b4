"""Answers in which a function was differentiated as if it were another: h(1 - h) where h = tanh(z).

The derivative of the other function, by its argument or by the value that the student took for its value, takes the
place of the right one in the true derivative, at one node or at all nodes of that function; and the answer is compared
with what comes out.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from backsym.entrywise import entry_of
from backsym.expr import Add, Adj, Entry, Expr, Fn, Ix, Mul, Neg, Sym, rebuild, walk
from backsym.functions import FUNCTIONS
from backsym.marking.offers import MAX_COMPOSED, Offers, renamed
from backsym.marking.screening import CLOSE
from backsym.marking.search import Repair, Search
from backsym.marking.subject import Subject
from backsym.numeric.axes import Array
from backsym.reading.formula import formula

MAX_NODES = 24
"""Nodes of a problem that are functions of a quantity, at most."""


@dataclass(frozen=True)
class Mistaken:
    """The true derivative with the derivative of another function in it: its value, and itself entry by entry.

    ``wrong`` and ``right`` are the two derivatives, ``applied`` is the function with its argument.
    """

    row: Array
    stated: Expr
    wrong: Expr
    right: Expr
    applied: Expr


@dataclass(frozen=True)
class _Node:
    """A node that is f(z), or a sum with this term, for a z that goes nowhere else: ``outer`` and ``inner``.

    ``value`` is what f(z) may be called; ``negative`` tells that it is subtracted.
    """

    outer: str
    inner: str
    applied: Fn
    value: Expr
    negative: bool

    @property
    def slope(self) -> Fn:
        return Fn(self.applied.name, self.applied.args, 1, self.applied.kind)


def foreign_repairs(search: Search) -> Iterator[Repair]:
    """The derivative of another function was taken."""
    if search.base is None or not np.abs(search.base).max(initial=0.0) > 0.0:
        return
    offers = search.subject.offers
    for found in search.subject.once(mistaken):
        size = float(np.abs(found.row).max(initial=0.0))
        if np.abs(found.row - search.base).max() <= CLOSE * size:
            yield Repair(
                "missing_prime", "wrong_derivative", 1.3, offers.entry, offers.letters, found.wrong,
                search.shown(found.right), False,
                {"applied": found.applied}, stated=found.stated, stated_letters=offers.letters,
            )  # fmt: skip


def mistaken(subject: Subject) -> list[Mistaken]:
    """All ways to have taken another function's derivative on the way to this target, each value once."""
    offers, truth = subject.offers, subject.truth
    nodes = list(_nodes(offers))[:MAX_NODES]
    groups: list[list[_Node]] = [[node] for node in nodes]
    for name in dict.fromkeys(node.applied.name for node in nodes):
        same = [node for node in nodes if node.applied.name == name]
        groups += [same] if len(same) > 1 else []
    found: list[Mistaken] = []
    for group in groups:
        node = next((node for node in group if node.inner == offers.target), group[-1])
        for other, by_value in _others(node.applied.name):
            wrong = {own.inner: _wrong(own, other, by_value) for own in group}
            for stated in dict.fromkeys(_stated(offers, group, wrong, deep) for deep in (False, True)):
                row = None if stated is None else subject.screen(stated, offers.letters).whole()
                if stated is None or row is None or not np.isfinite(row).all():
                    continue
                if not np.abs(row - truth.flat).max() <= CLOSE * truth.size:
                    found.append(Mistaken(row, stated, wrong[node.inner], node.slope, node.applied))
    return found


def _nodes(offers: Offers) -> Iterator[_Node]:
    """The nodes that are an element-wise function of a whole quantity which nothing else uses, or add one."""
    problem = offers.problem
    for eq in problem.equations:
        terms = eq.rhs.args if isinstance(eq.rhs, Add) else (eq.rhs,)
        for term in terms:
            fn = term.arg if isinstance(term, Neg) else term
            if not isinstance(fn, Fn) or fn.kind != "elementwise" or len(fn.args) != 1 or fn.order:
                continue
            inner = fn.args[0]
            whole = inner.base if isinstance(inner, Entry) and inner.indices == eq.indices else inner
            if not isinstance(whole, Sym) or fn.name in problem.abstract or eq.name not in offers.derivations:
                continue
            alone = tuple(problem.consumers.get(whole.name, ())) == (eq.name,)
            if alone and whole.shape == problem.symbols[eq.name].shape:
                applied = Fn(fn.name, (whole,), 0, fn.kind)
                value = applied if len(terms) > 1 else problem.sym(eq.name)
                yield _Node(eq.name, whole.name, applied, value, term is not fn)


def _others(name: str) -> Iterator[tuple[str, bool]]:
    """The functions that one may be taken for, and whether their derivative is written by the value."""
    for other, entry in FUNCTIONS.items():
        if entry.kind != "elementwise" or len(entry.args) != 1 or len(entry.partials) != 1:
            continue
        if other != name:
            yield other, False
        if entry.show == "by_node" and other != name:
            yield other, True


def _wrong(node: _Node, other: str, by_value: bool) -> Expr:
    """The other function's derivative, with the node in place of its value if it is written by this."""
    entry = FUNCTIONS[other]
    whole = node.applied.args[0]
    e = formula(entry.partials[0], {entry.args[0]: whole})
    if not by_value:
        return e
    return _put(e, {Fn(other, (whole,), 0, node.applied.kind): node.value})


def _put(e: Expr, to: Mapping[Expr, Expr]) -> Expr:
    return to[e] if e in to else rebuild(e, lambda child: _put(child, to))


def _stated(offers: Offers, group: list[_Node], wrong: Mapping[str, Expr], deep: bool) -> Expr | None:
    """The derivative by the target, entry by entry, with wrong ones of these nodes; None if it does not use them.

    Unless ``deep``, derivatives that are called by their names stay right.
    """
    node_of = {node.inner: node for node in group}
    affected = _affected(offers, set(node_of)) if deep else {offers.target, *node_of}
    if offers.target not in affected:
        return None

    def of(name: str, at: tuple[Ix, ...], depth: int) -> Expr | None:
        if name in node_of:
            node = node_of[name]
            before: Expr = Adj(node.outer, offers.problem.symbols[node.outer].shape)
            known = of(node.outer, at, depth + 1) if node.outer in affected else None
            slope = wrong[name]
            first = known if known is not None else Entry(before, at) if at else before
            product = Mul((first, entry_of(slope, at) if at else slope))
            return Neg(product) if node.negative else product
        if depth > 8:
            return None
        d = offers.derivations[name]
        e = renamed(d.entry.rhs, dict(zip(d.indices, at, strict=True))) if at else d.entry.rhs
        for inner in dict.fromkeys(n for n in walk(e) if _adjoint(n) in affected):
            put = of(_adjoint(inner), inner.indices if isinstance(inner, Entry) else (), depth + 1)
            if put is None:
                return None
            e = _put(e, {inner: put})
            if sum(1 for _ in walk(e)) > MAX_COMPOSED:
                return None
        return e

    return of(offers.target, offers.letters, 0)


def _adjoint(e: Expr) -> str:
    """The name, for an adjoint as it stands in an expression by entries."""
    base = e.base if isinstance(e, Entry) else e
    return base.name if isinstance(base, Adj) and (isinstance(e, Entry) or not e.shape) else ""


def _affected(offers: Offers, inner: set[str]) -> set[str]:
    """The quantities whose derivative goes through one of these nodes."""
    found: set[str] = set()
    for name, d in offers.derivations.items():
        uses = {_adjoint(n) for n in walk(d.entry.rhs)} - {""}
        if name in inner or uses & found:
            found.add(name)
    return found

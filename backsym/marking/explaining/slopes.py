"""The derivatives of the functions in the forward equations: one that is missing, or that of another function.

Where a function was differentiated as if it were another, as in h(1 - h) where h = tanh(z), the derivative of the other
function, by its argument or by the value that the student took for its value, takes the place of the right one in the
true derivative, at one node or at all nodes of that function; and the answer is compared with what comes out.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from backsym.core.entrywise import entry_of
from backsym.core.expr import Add, Adj, Entry, Expr, Fn, Ix, Mul, Neg, Sym, children, rebuild, walk
from backsym.core.functions import FUNCTIONS, Function
from backsym.marking.explaining.repair_material import MAX_COMPOSED, Offers, adjoint_entry, renamed
from backsym.marking.explaining.screening import CLOSE
from backsym.marking.explaining.search import Repair, Search
from backsym.marking.judging.subject import Subject
from backsym.numeric.axes import Array
from backsym.reading.meaning.table_formulas import formula

MAX_BY_NODE, MAX_MISTAKEN = 80, 130
"""Derivatives with another function's that are looked at, at most: made node by node, and altogether."""

MAX_NODES = 24
"""Nodes of a problem that are functions of a quantity, at most."""


def named(search: Search, repair: Repair) -> Repair:
    """A repair by a factor that is the derivative of a function, as such."""
    if repair.second is not None:
        repair = replace(repair, second=named(search, repair.second))
    factor = repair.new if repair.kind == "missing_function" else repair.facts.get("quantity")
    if repair.tag != "missing_factor" or not isinstance(factor, Expr):
        return repair
    found = search.subject.point.value(factor)
    if found is None or not np.size(found[1]):
        return repair
    value = np.sort(np.ravel(found[1]))
    for row, applied in search.subject.once(_slopes):
        if len(row) == len(value) and np.abs(row - value).max() <= CLOSE * np.abs(row).max():
            kind = "missing_derivative" if repair.kind == "missing_factor" and not repair.echo else repair.kind
            facts = {**repair.facts, "applied": applied}
            return replace(repair, kind=kind, facts=facts, also=(*repair.also, "missing_prime"))
    return repair


def _slopes(subject: Subject) -> list[tuple[Array, Fn]]:
    """The derivatives of all element-wise functions in the forward equations: their values, in order of size."""
    found: list[tuple[Array, Fn]] = []
    for eq in subject.problem.equations:
        for fn in walk(eq.rhs):
            if isinstance(fn, Fn) and fn.entrywise and len(fn.args) == 1 and not fn.order:
                value = subject.point.value(Fn(fn.name, fn.args, 1, fn.kind))
                if value is not None and np.size(value[1]) and np.any(value[1]):
                    found.append((np.sort(np.ravel(value[1])), fn))
    return found


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
    elsewhere: bool = False
    """Whether it is the right function, with the argument in place of its value: z(1 - z) for h(1 - h)."""


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
            tag, kind = ("evaluation_point",) * 2 if found.elsewhere else ("missing_prime", "wrong_derivative")
            yield Repair(
                tag, kind, 1.3, offers.entry, offers.letters, found.wrong,
                search.shown(found.right), whole=False,
                facts={"applied": found.applied, "around": found.wrong}, stated=found.stated,
                stated_letters=offers.letters,
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
    seen: set[Expr] = set()
    most = MAX_BY_NODE

    def add(stated: Expr | None, wrong: Expr, right: Expr, applied: Expr, *, elsewhere: bool = False) -> None:
        if stated is None or stated in seen or len(seen) >= most or not any(True for _ in children(wrong)):
            return
        seen.add(stated)
        taken = subject.point.value(wrong)
        if taken is not None and np.all(taken[1] == 1):
            return  # The derivative of |v| where v is positive: nobody took it, there is none at all.
        row = subject.screen(stated, offers.letters).whole()
        if row is not None and np.isfinite(row).all() and not np.abs(row - truth.flat).max() <= CLOSE * truth.size:
            found.append(Mistaken(row, stated, wrong, right, applied, elsewhere))

    ways = [(n, group, *other) for group in groups for n, other in enumerate(_others(group[-1].applied.name))]
    # Those that are written by their values, as most activations, come first, each at all nodes.
    for _, group, other, by_value in sorted(ways, key=lambda way: (not way[3], way[0])):
        node = next((node for node in group if node.inner == offers.target), group[-1])
        wrong = {own.inner: _wrong(own, other, by_value=by_value) for own in group}
        for affected in _through(offers, {own.inner for own in group}) if len(seen) < most else ():
            add(_stated(offers, group, wrong, affected), wrong[node.inner], node.slope, node.applied)
    most = MAX_MISTAKEN
    for group in groups:
        node = next((node for node in group if node.inner == offers.target), group[-1])
        through = _through(offers, {own.inner for own in group})
        if _tells_by_value(node.applied.name) and isinstance(node.value, Fn):
            wrong = {own.inner: _of_value(own.applied.name, own.applied.args[0]) for own in group}
            for affected in through:
                stated = _stated(offers, group, wrong, affected)
                add(stated, wrong[node.inner], node.slope, node.applied, elsewhere=True)
    for e, letters in offers.forms:
        if letters == offers.letters:
            for slope in dict.fromkeys(n for n in walk(e) if isinstance(n, Fn) and n.order == 1 and n.entrywise):
                if _tells_by_value(slope.name):
                    there = _of_value(slope.name, slope.args[0])
                    applied = replace(slope, order=0)
                    add(_put(e, {slope: there}), there, _of_value(slope.name, applied), applied, elsewhere=True)
            for written in _by_value(offers, e):
                fn, value, _ = written[-1]
                framed = _framed(e, written)
                there, right = _of_value(fn.name, fn.args[0]), _of_value(fn.name, value)
                if isinstance(value, Fn):  # One quantity in place of another is told as that.
                    add(_spoiled(e, framed, fn.name, at_argument=True), there, right, fn, elsewhere=True)
                for other in dict.fromkeys(other for other, by_value in _others(fn.name) if by_value):
                    add(_spoiled(e, framed, other), _of_value(other, value), _of_value(fn.name, value), fn)
    return found


_Value = tuple[Fn, Expr, tuple[Expr, ...]]
"""f(...), what it is called, and the entries by which an expression mentions it."""


def _by_value(offers: Offers, e: Expr) -> Iterator[list[_Value]]:
    """The functions whose derivative is written by their value, one by one and then all of the same name."""
    found: dict[str, list[_Value]] = {}

    def add(fn: Fn, value: Expr, entries: Iterable[Expr]) -> None:
        mentioned = tuple(dict.fromkeys(entries))
        if (
            _tells_by_value(fn.name)
            and mentioned
            and fn.entrywise
            and not fn.order
            and fn.name not in offers.problem.abstract
        ):
            found.setdefault(fn.name, []).append((fn, value, mentioned))

    nodes = list(walk(e))
    for eq in offers.problem.equations:
        if isinstance(eq.rhs, Fn):
            whole = offers.problem.sym(eq.name)
            entries = (n for n in nodes if n == whole or (isinstance(n, Entry) and n.base == whole))
            add(eq.rhs, whole, entries)
    for n in dict.fromkeys(n for n in nodes if isinstance(n, Fn)):
        add(n, n, (n,))
    for same in found.values():
        yield from ([one] for one in same)
        if len(same) > 1:
            yield same


def _tells_by_value(name: str) -> bool:
    """Whether the derivative of a function is written by its value, 1 - h^2."""
    entry = FUNCTIONS.get(name)
    return entry is not None and entry.show == "by_node" and len(entry.partials) == 1


def _of_value(name: str, value: Expr) -> Expr:
    """The derivative of a function, by its value."""
    return _of_entry(FUNCTIONS[name], value)


@lru_cache(maxsize=256)
def _of_entry(entry: Function, value: Expr) -> Expr:
    name = entry.name
    argument = Sym("argument", value.shape)
    e = formula(entry.partials[0], {entry.args[0]: argument})
    return _put(e, {Fn(name, (argument,), 0, "elementwise"): value})


def _framed(e: Expr, group: Sequence[_Value]) -> tuple[Expr, dict[Sym, tuple[Fn, Expr]]]:
    """The true derivative with a symbol wherever the derivative of one of these stands, and what each stands for."""
    places: dict[Sym, tuple[Fn, Expr]] = {}
    for fn, _, entries in group:
        for value in entries:
            right = _of_value(fn.name, value)
            hole = Sym(f"slope {len(places)}", value.shape)
            e = _swapped(e, right.args if isinstance(right, Mul) else (right,), hole)
            places[hole] = fn, value
    return e, places


def _spoiled(
    e: Expr, framed: tuple[Expr, dict[Sym, tuple[Fn, Expr]]], other: str, *, at_argument: bool = False
) -> Expr | None:
    """The true derivative with the derivative of another function wherever that of these stands."""
    frame, places = framed
    wrong: dict[Expr, Expr] = {}
    for hole, (fn, value) in places.items():
        whole = isinstance(value, Entry) and len(fn.args[0].shape) == len(value.indices)
        argument = entry_of(fn.args[0], value.indices) if whole and isinstance(value, Entry) else fn.args[0]
        wrong[hole] = _of_value(other, argument if at_argument else value)
    new = _put(frame, wrong)
    return None if new == e else new


def _swapped(e: Expr, old: tuple[Expr, ...], new: Expr) -> Expr:
    """An expression with other factors in place of these."""
    if len(old) == 1 and e == old[0]:
        return new
    if isinstance(e, Mul) and all(factor in e.args for factor in old):
        rest = tuple(_swapped(arg, old, new) for arg in e.args if arg not in old)
        return Mul((*rest, new)) if rest else new
    return rebuild(e, lambda child: _swapped(child, old, new))


def _nodes(offers: Offers) -> Iterator[_Node]:
    """The nodes that are an element-wise function of a whole quantity which nothing else uses, or add one."""
    problem = offers.problem
    for eq in problem.equations:
        terms = eq.rhs.args if isinstance(eq.rhs, Add) else (eq.rhs,)
        for term in terms:
            fn = term.arg if isinstance(term, Neg) else term
            if not isinstance(fn, Fn) or not fn.entrywise or len(fn.args) != 1 or fn.order:
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


def _wrong(node: _Node, other: str, *, by_value: bool) -> Expr:
    """The other function's derivative, with the node in place of its value if it is written by this."""
    return _taken(FUNCTIONS[other], node.applied, node.value if by_value else None)


@lru_cache(maxsize=1024)
def _taken(entry: Function, applied: Fn, value: Expr | None) -> Expr:
    whole = applied.args[0]
    e = formula(entry.partials[0], {entry.args[0]: whole})
    return e if value is None else _put(e, {Fn(entry.name, (whole,), 0, applied.kind): value})


def _put(e: Expr, to: Mapping[Expr, Expr]) -> Expr:
    kinds = set(map(type, to))

    def visit(node: Expr) -> Expr:
        return to[node] if type(node) in kinds and node in to else rebuild(node, visit)

    return visit(e)


def _through(offers: Offers, inner: set[str]) -> list[set[str]]:
    """The quantities whose derivatives are worked out: those called by their names stay right, or are wrong, too."""
    named, deep = {offers.target, *inner}, _affected(offers, inner)
    return [named, deep] if offers.target in deep and deep != named else [named]


def _stated(offers: Offers, group: list[_Node], wrong: Mapping[str, Expr], affected: set[str]) -> Expr | None:
    """The derivative by the target, entry by entry, with wrong ones of these nodes; None if it is too large."""
    node_of = {node.inner: node for node in group}

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
        for inner in dict.fromkeys(n for n in walk(e) if adjoint_entry(n) in affected):
            put = of(adjoint_entry(inner), inner.indices if isinstance(inner, Entry) else (), depth + 1)
            if put is None:
                return None
            e = _put(e, {inner: put})
            if sum(1 for _ in walk(e)) > MAX_COMPOSED:
                return None
        return e

    return of(offers.target, offers.letters, 0)


def _affected(offers: Offers, inner: set[str]) -> set[str]:
    """The quantities whose derivative goes through one of these nodes."""
    found: set[str] = set()
    for name, uses in offers.adjoints_used.items():
        if name in inner or not uses.isdisjoint(found):
            found.add(name)
    return found

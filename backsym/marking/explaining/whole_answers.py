"""Repairs that are seen from the value of the whole answer: a constant factor, a missing path, another derivative.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from backsym.core.expr import (
    ONE,
    Add,
    Adj,
    Div,
    Entry,
    Expr,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Size,
    Sym,
    Total,
    rebuild,
    walk,
)
from backsym.marking.explaining.drafts import COSTS
from backsym.marking.explaining.places import is_leaf
from backsym.marking.explaining.screening import CLOSE
from backsym.marking.explaining.search import Repair, Search
from backsym.marking.judging.subject import free
from backsym.numeric.axes import Array

SIGN, FACTOR = COSTS["sign_whole"], COSTS["factor_whole"]


def up_to_a_factor(search: Search, row: Array) -> Iterator[Expr]:
    """The constants by which a value has to be multiplied to be right."""
    size = float(row @ row)
    if not size > 0.0:
        return
    ratio = float(row @ search.truth.flat) / size
    if not np.abs(ratio * row - search.truth.flat).max() <= CLOSE * search.truth.size:
        return
    values, constants = search.subject.ratios
    for n in np.flatnonzero(np.abs(values - abs(ratio)) <= 1e-9 * abs(ratio)):
        if ratio < 0:
            yield Neg(constants[n])
        elif constants[n] != ONE:  # What is right in value, and not read, is wrong in another way.
            yield constants[n]


def factor_repairs(search: Search) -> Iterator[Repair]:
    if search.base is None:
        return
    whole = search.places[-1].expr
    for c in up_to_a_factor(search, search.base):
        yield scaled(search, c, whole, whole, None)


def scale(c: Expr) -> float:
    """How large a change it is to multiply the whole by a constant."""
    if not isinstance(c, Neg):
        return FACTOR
    return SIGN if c.arg == ONE else SIGN + FACTOR


def scaled(search: Search, c: Expr, whole: Expr, place: Expr, first: Repair | None) -> Repair:
    positive = c.arg if isinstance(c, Neg) else c
    plain = Repair(
        "factor", "factor_whole", scale(positive), Mul((positive, whole)), search.letters, place,
        Mul((positive, place)), whole=True, facts={"factor": positive}, also=_amiss(positive, place),
    )  # fmt: skip
    if isinstance(c, Neg):
        e = Neg(plain.expr)
        opposite = place.arg if isinstance(place, Neg) else Neg(place)
        sign = Repair("sign", "sign_whole", SIGN, e, search.letters, place, opposite, whole=True)
        if positive == ONE:
            plain = sign
        else:
            plain = replace(sign, size=scale(c), second=replace(plain, expr=e))
    if first is None:
        return plain
    return replace(first, size=first.size + plain.size + 0.3, expr=plain.expr, second=plain)


def _amiss(factor: Expr, place: Expr) -> tuple[str, ...]:
    """Whether a constant factor is missing: where there is none in the answer to be another one."""
    constant = any(isinstance(e, (Num, Size)) and e != ONE for e in _factors(place))
    return () if constant or factor == ONE else ("missing_factor",)


def _factors(e: Expr) -> Iterator[Expr]:
    if isinstance(e, (Mul, MatMul)):
        for arg in e.args:
            yield from _factors(arg)
    elif isinstance(e, Div):
        yield from _factors(e.num)
        yield from _factors(e.den)
    elif isinstance(e, Neg):
        yield from _factors(e.arg)
    else:
        yield e


def path_repairs(search: Search) -> Iterator[Repair]:
    """A term that is missing: of the sum over consumers, or of the true derivative in one of the ways to write it."""
    if search.base is None:
        return
    offers = search.subject.offers
    rows, paths = search.subject.missing_paths
    more, terms = search.subject.missing_terms
    hits = search.screen.hits(np.concatenate([rows, more]) + search.base) if len(rows) + len(more) else ()
    for n in hits:
        through = n < len(rows)
        kind, size = ("missing_path", 1.4) if through else ("missing_term", 1.42)
        consumer, term = paths[n] if through else (None, terms[n - len(rows)])
        several = through and isinstance(term, Add) and term not in [path.term for path in offers.paths]
        whole, letters = search.places[-1].expr, search.letters
        array = search.subject.as_whole(term) if whole.shape == offers.shape and not free(letters) else None
        if array is not None:
            term, consumer = array, consumer.base if isinstance(consumer, Entry) else consumer
        else:
            whole, letters = by_entries(search), offers.letters
        new = Add((whole, *term.args)) if array is not None and isinstance(term, Add) else Add((whole, term))
        facts = {"quantity": term} if consumer is None else {"consumer": consumer, "term": term}
        shown = term if through else new
        yield Repair(
            "missing_path", kind, size, new, letters, search.places[-1].expr, shown, whole=True, facts=facts,
            several=several,
        )  # fmt: skip


def layer_repairs(search: Search) -> Iterator[Repair]:
    """Before an activation function in place of after it, or the other way round, at all quantities alike."""
    subject, whole = search.subject, search.places[-1].expr
    for kind in (Adj, Sym):
        named = dict.fromkeys(e for e in walk(whole) if isinstance(e, kind))
        for moves in subject.offers.layers:
            moved: dict[Expr, Expr] = {e: kind(moves[e.name], e.shape) for e in named if e.name in moves}
            if len(moved) < 2:
                continue
            expr = _exchanged(whole, moved)
            row = subject.screen(expr, search.letters).whole()
            if row is not None and search.screen.hits(row[np.newaxis]):
                place, new = next(iter(moved.items()))
                also = subject.offers.step_between(place, new)
                yield Repair("wrong_node", "wrong_layer", 1.4, expr, search.letters, place, new, whole=False, also=also)


def _exchanged(e: Expr, moved: Mapping[Expr, Expr]) -> Expr:
    return moved[e] if e in moved else rebuild(e, lambda child: _exchanged(child, moved))


def by_entries(search: Search, whole: Expr | None = None) -> Expr:
    """The answer, or another such expression, entry by entry, in the letters of the offers."""
    whole = search.places[-1].expr if whole is None else whole
    letters = search.subject.offers.letters
    if free(search.letters) or not letters or not whole.shape:
        return whole
    if len(whole.shape) == len(letters):
        return Entry(whole, letters)
    if sum(d != 1 for d in whole.shape) != len(free(letters)):
        return whole  # It has another number of axes, so that it has no such entries.
    rest = iter(free(letters))
    return Entry(whole, tuple(Ix("1", 1) if d == 1 else next(rest) for d in whole.shape))


def sum_repairs(search: Search) -> Iterator[Repair]:
    """One entry for each index is asked for, and the answer sums over the index."""
    if search.letters or search.base is not None:
        return
    whole = search.places[-1].expr
    negative = isinstance(whole, Neg)
    e = whole.arg if isinstance(whole, Neg) else whole
    wanted = tuple(d for d in search.subject.offers.shape if d != 1)
    if not isinstance(e, IndexReduce) or e.op != "sum" or tuple(ix.dim for ix in e.indices) != wanted:
        return
    letters = iter(e.indices)
    indices = tuple(Ix("1", 1) if d == 1 else next(letters) for d in search.subject.offers.shape)
    new = Neg(e.body) if negative else e.body
    row = search.subject.screen(new, indices).whole()
    if row is not None and search.screen.hits(row[np.newaxis]):
        yield Repair("extra_sum", "extra_sum", 1.3, new, indices, whole, new, whole=True)


def diagonal_repairs(search: Search) -> Iterator[Repair]:
    """Only the terms in which a bound index equals a free one."""
    if search.base is None:
        return
    offers = search.subject.offers
    for row, stated, bound in search.subject.diagonals:
        if np.abs(row - search.base).max() <= CLOSE * max(search.truth.size, float(np.abs(row).max())):
            whole = search.places[-1].expr
            yield Repair(
                "missing_sum", "diagonal", 1.5, offers.entry, offers.letters, whole, offers.entry, whole=True,
                facts={"index": bound}, stated=stated, stated_letters=offers.letters,
                also=("missing_path",),
            )  # fmt: skip


def another(search: Search) -> Iterator[Repair]:
    """The answer is some other quantity, or the derivative by one."""
    offers = search.subject.offers
    if search.base is None or is_leaf(search.places[-1].expr):
        return
    size = float(np.abs(search.base).max())
    symbols = offers.problem.symbols
    names = (name for name, d in offers.derivations.items() if not isinstance(d.entry.lhs, Total))
    for e in (Adj(name, symbols[name].shape) for name in names if name != offers.target):
        value = search.subject.point.value(e) if e.shape == offers.shape else None
        if value is None or value[0] or np.size(value[1]) != len(search.base):
            continue
        if size > 0.0 and np.abs(np.reshape(value[1], -1) - search.base).max() <= CLOSE * size:
            yield Repair(
                "wrong_node", "another", 1.9, offers.entry, offers.letters, search.places[-1].expr, e, whole=True,
                facts={"quantity": e}, stated=e, also=offers.step_between(e, Adj(offers.target, offers.shape)),
            )  # fmt: skip

"""Sizes for the free dimensions of a problem: small, and different where a mix-up could hide.

This module must not know about values, and of expressions only their dimensions and which matrices have an inverse.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from backsym.core.dims import Dim, amount, dim_names, is_ragged, names_of, value_of
from backsym.core.expr import (
    Add,
    Div,
    Entry,
    Expr,
    Fn,
    IndexReduce,
    Ix,
    MatMul,
    Member,
    Mul,
    Neg,
    Shift,
    Slice,
    Started,
    Sym,
    T,
    children,
    indices_of,
    walk,
)
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import Problem
from backsym.numeric.layers import layer_names

_ALL_DISTINCT = 8
"""Up to so many free dimensions all sizes differ; beyond, only those that meet in one equation or its neighbours."""

LENGTHS = (4, 2, 1)
"""The lengths at which recurrences are checked, by turns."""

LARGEST = 64
"""No size is made larger than this for the sake of a position or a shift."""


MOST_PRODUCTS = 32
"""So many products of entries of one expression are looked at."""

MOST_PLACES = 300_000
"""So many values of letters are tried at most."""

Slot = tuple[Ix, Dim]
"""An index and the dimension that it stands along."""


def choose_sizes(
    problem: Problem, seed: int, sizes: Mapping[str, int] | None = None, demands: Demands | None = None
) -> dict[str, int]:
    """A size for every dimension: given, declared, or free.

    A free one is at least 2, and large enough for each fixed position, for two entries of each shift, and for one
    product of all that are multiplied with each other; these ``demands`` are those of the problem.
    """
    known = {name: d.size for name, d in problem.dims.items() if d.size is not None}
    known.update(sizes or {})
    lengths = [name for name in _dimension_names(problem) if name not in known and name in problem.recurrent]
    # The lengths of recurrences: of one step and of some.
    known.update(dict.fromkeys(lengths, LENGTHS[seed % len(LENGTHS)]))
    free = [name for name in _dimension_names(problem) if name not in known]
    taken = {*LENGTHS} if lengths else set()
    taken |= {n for n in known.values() if n > 1} | {d for d in _used(problem) if isinstance(d, int) and d > 1}
    rng = np.random.default_rng([seed, 1])
    if len(free) <= _ALL_DISTINCT:
        palette = _palette(len(free) + 2, taken)
        order = [int(n) for n in rng.permutation(len(palette))]
        # The first size walks through the palette, so that consecutive seeds never agree in it.
        first = seed % len(palette)
        order.remove(first)
        chosen = {name: palette[n] for name, n in zip(free, [first, *order], strict=False)}
    else:
        chosen = _coloured(problem, free, taken, rng)
    for name, least in _needed(demands or Demands(problem), {**known, **chosen}, [*free, *lengths]).items():
        # Seeds in a row have other sizes here, too.
        size = least + seed % 3
        while size in taken or size in (n for other, n in chosen.items() if other != name):
            size += 1
        chosen[name] = size
    return _with_layers(problem, {**known, **chosen}, rng)


def _with_layers(problem: Problem, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, int]:
    """The sizes with those of layers, which all differ from each other and from all others."""
    names = layer_names([symbol.shape for symbol in problem.symbols.values()], sizes)
    free = [name for name in names if name not in sizes]
    palette = _palette(len(free), set(sizes.values()))
    return {**sizes, **dict(zip(free, (palette[int(n)] for n in rng.permutation(len(free))), strict=True))}


class Demands:
    """What the sizes of a problem must make room for, whatever they are."""

    def __init__(self, problem: Problem):
        equations = [list(walk(eq.rhs)) for eq in problem.equations]
        of_equations = [[slot for node in nodes for slot in _slots(node)] for nodes in equations]
        shifted = [
            eq.rhs
            for eq, some in zip(problem.equations, of_equations, strict=True)
            if any(isinstance(ix, Shift) for ix, _ in some)
        ]
        every = [node for nodes in equations for node in nodes]
        self.slots = list(dict.fromkeys(slot for some in of_equations for slot in some))
        self.together = list(dict.fromkeys(group for rhs in shifted for group in _products(rhs)))
        self.slices = [node for node in every if isinstance(node, Slice)]
        self.through = _through(every, problem)


def _needed(demands: Demands, sizes: Mapping[str, int], free: Iterable[str]) -> dict[str, int]:
    """The least sizes of the free dimensions that are too small for a position or a shift."""
    found = dict(sizes)
    grows = set(free)
    for ix, dim in demands.slots:
        own = [name for d in dict.fromkeys((dim, *_letters(ix))) for name in dim_names(d) if name in grows]
        while own and not _reached(ix, dim, found):
            if max(found[name] for name in own) >= LARGEST:
                break  # It is out of reach, which the numeric check says of what depends on it.
            for name in own:
                found[name] += 1
    for together in demands.together:
        own = [name for name in _names(together) if name in grows]
        while own and not _meet(together, found) and max(found[name] for name in own) < LARGEST:
            for name in own:
                found[name] += 1
    for e in demands.slices:
        # The part exists, and something is left of the array unless it is all of it.
        for number in (e.length - 1, amount(e.arg.shape[e.axis]) - e.last):
            own = [name for name in names_of(number) if name in grows and found[name] < LARGEST]
            while own and value_of(number, found.__getitem__) < 0:
                for name in own:
                    found[name] += 1
    for within, outer in demands.through:
        own = [name for name in dim_names(within) if name in grows and name not in dim_names(outer)]
        while own and _size(within, found) <= _size(outer, found) and max(found[name] for name in own) < LARGEST:
            for name in own:
                found[name] += 1
    return {name: size for name, size in found.items() if size != sizes[name]}


def _through(nodes: Iterable[Expr], problem: Problem) -> list[tuple[Dim, Dim]]:
    """The dimensions through which products go that have to have an inverse, each with that of their rows.

    X^T X of X: [N, D] has none if N is less than D, and that of X less its mean none if they are equal.
    """
    found: dict[tuple[Dim, Dim], None] = {}
    for e in nodes:
        if isinstance(e, Fn) and e.name in FUNCTIONS and FUNCTIONS[e.name].regular and len(e.args[0].shape) == 2:
            found.update(dict.fromkeys((within, e.args[0].shape[0]) for within in _within(e.args[0], problem)))
    return list(found)


def _within(e: Expr, problem: Problem) -> list[Dim]:
    """The dimensions that bound the rank of a matrix: those inside a product, those of the letters of a sum of them."""
    while True:
        if isinstance(e, Sym) and e.name in problem.by_name and not problem.by_name[e.name].indices:
            e = problem.by_name[e.name].rhs
        elif isinstance(e, (Neg, T)):
            e = e.arg
        elif isinstance(e, Div) and not e.den.shape:
            e = e.num
        elif isinstance(e, Mul) and sum(bool(a.shape) for a in e.args) == 1:
            e = next(a for a in e.args if a.shape)
        else:
            break
    if isinstance(e, IndexReduce) and e.op == "sum" and len(e.indices) == 1:
        return [e.indices[0].dim] if 1 in _within(e.body, problem) else []
    if not isinstance(e, MatMul):
        return []
    return [a.shape[1] if len(a.shape) == 2 else 1 for a in e.args[:-1]]


def _size(dim: Dim, sizes: Mapping[str, int]) -> int:
    return value_of(amount(dim), sizes.__getitem__)


def out_of_reach(e: Expr, sizes: Mapping[str, int]) -> bool:
    """Whether some product in an expression has entries of which, at these sizes, one is always outside its array."""
    return any(not _meet(together, sizes) for together in _products(e))


def _products(e: Expr) -> list[tuple[Slot, ...]]:
    """The slots of entries that are multiplied with each other, for each product of a sum; those without are left out.

    Of a product of sums that would be more than MOST_PRODUCTS the first are looked at.
    """
    inner = [_products(child) for child in children(e)]
    if isinstance(e, Add):
        return list(dict.fromkeys(group for groups in inner for group in groups))
    own: tuple[Slot, ...] = tuple((ix, dim) for ix, dim in _slots(e) if isinstance(ix, Shift))
    found = [own] if own else []
    for groups in inner:
        found = [(*a, *b) for a in found or [()] for b in groups or [()]][:MOST_PRODUCTS]
    return [group for group in found if group]


def _names(slots: Iterable[Slot]) -> list[str]:
    """The dimensions along which slots stand, and those of the letters in them."""
    dims = dict.fromkeys(d for ix, dim in slots for d in (dim, *_letters(ix)))
    return list(dict.fromkeys(name for d in dims for name in dim_names(d)))


def _meet(slots: Sequence[Slot], sizes: Mapping[str, int]) -> bool:
    """Whether for some values of the letters all these entries are inside their arrays."""

    def size(d: Dim) -> int:
        return value_of(amount(d), sizes.__getitem__)

    letters = list(dict.fromkeys(letter for ix, _ in slots if isinstance(ix, Shift) for letter, _ in ix.parts))
    lengths = [size(letter.dim) for letter in letters]
    if math.prod(lengths) > MOST_PLACES:
        return True  # Sizes as large as this are the author's own.
    at = dict(zip(letters, np.indices(lengths) + 1, strict=True))
    inside = np.ones(lengths, dtype=bool)
    for ix, dim in slots:
        if isinstance(ix, Shift):
            place = value_of(ix.offset, size) + sum(value_of(factor, size) * at[letter] for letter, factor in ix.parts)
            inside &= (place >= 1) & (place <= size(dim))
    return bool(inside.any())


def _slots(node: object) -> Iterator[Slot]:
    """The computed or fixed indices in a node, with the dimensions that they stand along."""
    indices = indices_of(node) if isinstance(node, Expr) else ()
    if isinstance(node, (Entry, Member)) and isinstance(node.base, Started):
        indices = indices[1:]  # A recurrence has what it starts from before its first member.
    yield from ((ix, ix.dim) for ix in indices if isinstance(ix, Shift) or (ix.fixed and ix.letter != "1"))


def _letters(ix: Ix) -> Iterator[Dim]:
    yield from (letter.dim for letter, _ in ix.parts) if isinstance(ix, Shift) else ()


def _reached(ix: Ix, dim: Dim, sizes: Mapping[str, int]) -> bool:
    """Whether a fixed position exists, or a shift meets at least two entries, if it runs at all."""

    def size(d: Dim) -> int:
        return value_of(amount(d), sizes.__getitem__)

    if not isinstance(ix, Shift):
        return int(ix.letter) <= size(dim)
    offset = value_of(ix.offset, size)
    ends = [(value_of(factor, size), value_of(factor, size) * size(letter.dim)) for letter, factor in ix.parts]
    low = offset + sum(min(pair) for pair in ends)
    high = offset + sum(max(pair) for pair in ends)
    return min(high, size(dim)) - max(low, 1) >= (1 if high > low else 0)


def _palette(count: int, taken: set[int]) -> list[int]:
    """The smallest sizes from 2 upwards that are not taken."""
    result: list[int] = []
    n = 2
    while len(result) < count:
        if n not in taken:
            result.append(n)
        n += 1
    return result


def _used(problem: Problem) -> Iterable[Dim]:
    for symbol in problem.symbols.values():
        yield from symbol.shape
        if symbol.label is not None:
            yield symbol.label
    for eq in problem.equations:
        yield from eq.shape
    yield from problem.index_dims.values()


def _dimension_names(problem: Problem) -> list[str]:
    names: dict[str, None] = dict.fromkeys(problem.dims)
    names.update(dict.fromkeys(name for d in _used(problem) for name in dim_names(d)))
    ragged = {name for name, dim in problem.dims.items() if dim.ragged}
    return [name for name in names if name not in ragged and not is_ragged(name)]


def _coloured(problem: Problem, free: list[str], taken: set[int], rng: np.random.Generator) -> dict[str, int]:
    """Greedy colouring: dimensions that meet in an equation, or in the next one, get different sizes."""
    meets: dict[str, set[str]] = {name: set() for name in free}
    uses: dict[str, list[str]] = {}
    for name, nodes in problem.consumers.items():
        for node in nodes:
            uses.setdefault(node, []).append(name)
    own = {
        name: [n for d in symbol.shape for n in dim_names(d) if n in meets] for name, symbol in problem.symbols.items()
    }
    before: set[str] = set()
    for eq in problem.equations:
        here = {str(d) for name in [eq.name, *uses.get(eq.name, ())] for d in own.get(name, ())}
        group = here | before
        for d in here:
            meets[d] |= group - {d}
        for d in before:
            meets[d] |= here - {d}
        before = here
    palette = [_palette(6, taken)[int(n)] for n in rng.permutation(6)]
    chosen: dict[str, int] = {}
    for name in free:
        near = {chosen[d] for d in meets[name] if d in chosen}
        spare = [n for n in palette if n not in near]
        # Walking through the palette keeps equal sizes far apart.
        chosen[name] = spare[len(chosen) % len(spare)] if spare else _palette(1, taken | near | set(palette))[0]
    return chosen

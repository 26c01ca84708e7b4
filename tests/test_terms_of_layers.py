"""Random terms of families whose members differ in size keep their value under every rewrite of the calculus.

The calculus works as if all layers had one size D, and what a letter runs over is told afterwards by the axes that it
stands on.  Here the terms are made with sizes that depend on the layer, D[l], D[l-1] and D[M], and T[n] beside them.
The judge is a loop over the entries of the terms that were made, which knows from their making what each index runs
over; the rewritten terms are raised, told their sizes and evaluated.
"""

from __future__ import annotations

import cmath
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from extent import THOROUGH, examples

from backsym.calculus.differentiate import Style, differentiate
from backsym.calculus.forms import factor, gather, positive_sums
from backsym.calculus.layers import Sizes, of_one_size
from backsym.calculus.letters import Namer
from backsym.calculus.lift import raiser
from backsym.calculus.members import MemberLifter
from backsym.calculus.simplify import collapse, expand, open_deltas
from backsym.calculus.terms import (
    Affine,
    Datum,
    Del,
    Ent,
    Exponent,
    Factor,
    Fun,
    Grp,
    Ind,
    Index,
    Lam,
    Poly,
    Term,
    affine,
    datum,
    fixed_index,
    free_of,
    fresh,
    poly_symbols,
    refresh,
    sub_poly,
)
from backsym.core.dims import without_places
from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Entry,
    Equation,
    Expr,
    Ix,
    Member,
    Mul,
    Size,
    Sym,
    children,
    indices_of,
    last,
    shifted,
    walk,
)
from backsym.core.problem import Dimension, Problem, Symbol
from backsym.numeric.evaluate import Env, evaluate

M, N = 3, 2
D = (2, 3, 1, 4)
T = (3, 2)
STEP = 1e-100
SHAPES: dict[str, tuple[str, ...]] = {
    "s": (),
    "g": ("M",),
    "a": ("M", "D[_]"),
    "b": ("M", "D[_]"),
    "W": ("M", "D[_]", "D[_-1]"),
    "V": ("M", "D[_-1]", "D[_]"),
    "R": ("M", "D[_]", "D[_]"),
    "x": ("D[0]",),
    "y": ("D[M]",),
    "u": ("N", "T[_]"),
    "v": ("N", "T[_]"),
    "h": ("N",),
}
ONES = frozenset({"b", "v"})
LENGTHS = {"M": M, "N": N}
LENGTHS |= {f"D[{n}]": size for n, size in enumerate(D)} | {f"T[{n}]": size for n, size in enumerate(T, 1)}
PROBLEM = Problem(
    title="layers",
    equations=(),
    loss="L",
    symbols={name: Symbol(name, shape, "parameter") for name, shape in SHAPES.items()},
    dims={d: Dimension(d, ragged=d in "DT") for d in "MNDT"},
    index_dims={"l": "M", "m": "M", "i": "D", "j": "D", "k": "D", "n": "N", "t": "T"},
)
NAMER = Namer(of_one_size(PROBLEM))
RAISER = raiser(NAMER)
SIZES = Sizes(PROBLEM)


def axis(dim: str, here: int) -> int:
    """How long an axis of the member at a position is."""
    if "[" not in dim:
        return LENGTHS[dim]
    place = dim[2:-1].replace("_", str(here)).replace("M", str(M))
    first, _, back = place.partition("-")
    return LENGTHS.get(f"{dim[0]}[{int(first) - int(back or 0)}]", 1)


def environment() -> Env:
    rng = np.random.default_rng(11)
    values = {}
    for name, shape in SHAPES.items():
        value = rng.uniform(0.5, 1.5, [{"M": M, "N": N, "D": max(D), "T": max(T)}[d[0]] for d in shape])
        if shape == ("D[0]",) or shape == ("D[M]",):
            value = value[: axis(shape[0], 0)]
        elif len(shape) > 1:
            for p in range(len(value)):
                inside = tuple(slice(axis(d, p + 1)) for d in shape[1:])
                kept = np.zeros_like(value[p])
                kept[inside] = value[p][inside]
                value[p] = kept
        if name in ONES:
            value /= value.sum(axis=-1, keepdims=True)
        values[name] = value
    return Env(dims=LENGTHS, values=values)


ENV = environment()
Positions = Mapping[Index, int]


def sigmoid(z: complex) -> complex:
    return 1 / (1 + cmath.exp(-z)) if z.real > 0 else cmath.exp(z) / (1 + cmath.exp(z))


FUNCTIONS: dict[tuple[str, int], Callable[[complex], complex]] = {
    ("tanh", 0): lambda z: 2 * sigmoid(2 * z) - 1,
    ("tanh", 1): lambda z: 4 * sigmoid(2 * z) * sigmoid(-2 * z),
    ("sigmoid", 0): sigmoid,
    ("sigmoid", 1): lambda z: sigmoid(z) * (1 - sigmoid(z)),
}


# --- the judge -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judge:
    """Values of the terms that a generator made, entry by entry; ``places`` is the layer on which an index runs."""

    places: Mapping[Index, Index]
    values: Mapping[str, Any]

    def position(self, i: Index, at: Positions) -> int:
        if isinstance(i, Affine):
            assert isinstance(i.offset, int)
            return i.offset + sum(self.position(j, at) * int(str(f)) for j, f in i.parts)
        if isinstance(i, Datum):
            return {"M": M, "N": N}[i.name]
        return -i.serial if i.fixed else at[i]

    def length(self, i: Index, at: Positions) -> int:
        if i not in self.places:
            return LENGTHS[str(i.dim)]
        return LENGTHS.get(f"{i.dim}[{self.position(self.places[i], at)}]", 1)

    def ranges(self, indices: tuple[Index, ...], at: Positions) -> Iterator[Positions]:
        """All positions of indices; letters of members first, since the ranges of others depend on them."""
        order = sorted(indices, key=lambda i: i in self.places)
        if not order:
            yield at
            return
        for p in range(1, self.length(order[0], at) + 1):
            yield from self.ranges(tuple(order[1:]), {**at, order[0]: p})

    def poly(self, p: Poly, at: Positions) -> complex:
        return sum((self.term(t, at) for t in p), 0j)

    def term(self, t: Term, at: Positions) -> complex:
        total = 0j
        for here in self.ranges(t.bound, at):
            value = complex(t.coeff)
            for f, e in t.powers:
                value *= self.factor(f, here) ** int(e)
            total += value
        return total

    def factor(self, f: Factor, at: Positions) -> complex:
        if isinstance(f, Ent):
            assert isinstance(f.base, Sym)
            own = [self.position(i, at) for i in f.idx]
            value = self.values[f.base.name]
            inside = all(1 <= p <= n for p, n in zip(own, value.shape, strict=True))
            return complex(value[tuple(p - 1 for p in own)]) if inside else 0j
        if isinstance(f, Del):
            return complex(self.position(f.a, at) == self.position(f.b, at))
        if isinstance(f, Grp):
            return self.poly(f.body, at)
        if isinstance(f, Ind):
            a, b = (self.poly(p, at).real for p in (f.a, f.b))
            return complex(a < b if f.op == "<" else a >= b)
        assert isinstance(f, Fun)
        if f.kind == "elementwise":
            return FUNCTIONS[f.name, f.order](self.poly(f.args[0].body, at))
        (own_index,) = f.args[0].params
        found = [(self.poly(f.args[0].body, here), here[own_index]) for here in self.ranges((own_index,), at)]
        largest, place = max(found, key=lambda pair: pair[0].real)
        return complex(place == self.position(f.out[0], at)) if f.order else largest


# --- random terms ----------------------------------------------------------------------------------------------------


class Generator:
    """Random terms from a seed: the letter l of a layer is free, and so is i, which runs over the units of layer l."""

    def __init__(self, seed: int, *, reciprocals: bool = True):
        self.random = random.Random(seed)
        self.reciprocals = reciprocals
        self.places: dict[Index, Index] = {}
        self.layer = fresh("M", "l")
        self.own = self.unit(self.layer, "i")

    @property
    def free(self) -> tuple[Index, ...]:
        return self.layer, self.own

    def unit(self, place: Index, hint: str = "") -> Index:
        """An index over the units of a layer, or over the steps of a sequence."""
        found = fresh("T" if place.dim == "N" else "D", hint)
        self.places[found] = place
        return found

    def near(self, letter: Index) -> Index:
        """The layer itself or one beside it; a sequence has none beside it."""
        return letter if letter.dim == "N" else affine([(letter, 1)], self.random.choice([0, 0, 0, -1, 1]), "M")

    def entries(self, scope: tuple[Index, ...]) -> list[Ent]:
        """All entries that fit the ranges of the indices at hand."""
        letters = [i for i in scope if i not in self.places]
        units: dict[Index, list[Index]] = {}
        for i in scope:
            if i in self.places:
                units.setdefault(self.places[i], []).append(i)
        found = []
        for name, shape in SHAPES.items():
            if shape in (("D[0]",), ("D[M]",)):
                place = Affine("M", 0, "", (), 0) if shape == ("D[0]",) else datum("M", (), "M")
                firsts: list[Index | None] = [None]
                axes = [[place]]
            else:
                near = [affine([(x, 1)], off, "M") if x.dim == "M" else x for x in letters for off in (-1, 0, 1)]
                firsts = [x for x in dict.fromkeys(near) if not shape or x.dim == shape[0]] if shape else [None]
                axes = []
            for first in firsts:
                own = axes or [
                    [first if d.endswith("[_]") else affine([(first, 1)], -1, "M")] for d in shape[1:] if first
                ]
                choices = [units.get(place, []) for (place,) in own]
                for idx in itertools.product(*choices):
                    slots = (*((first,) if first is not None else ()), *idx)
                    found.append(Ent(Sym(name, tuple(map(str, map(without_places, shape)))), slots, len(found) % 3))
        return found

    def entry(self, scope: tuple[Index, ...]) -> Factor:
        found = self.entries(scope)
        large = [f for f in found if len(f.idx) > 1]
        chosen = self.random.choice(large if large and self.random.random() < 0.8 else found)
        if len(chosen.idx) == 2 and self.random.random() < 0.15:
            moved = affine([(chosen.idx[1], 1)], self.random.choice([-1, 1]), chosen.idx[1].dim)
            return Ent(chosen.base, (chosen.idx[0], moved), chosen.pos)
        return chosen

    def factor(self, scope: tuple[Index, ...], depth: int) -> Factor:
        pick = self.random.choice
        kind = pick(["ent"] * 7 + ["del", "fun", "fun", "grp", "ind", "pick"] if depth else ["ent"])
        units = [i for i in scope if i in self.places]
        if kind == "del" and units:
            a = pick(units)
            return Del(a, pick([i for i in units if self.places[i] == self.places[a]]))
        if kind == "grp":
            return Grp(self.poly(scope, depth - 1))
        if kind == "ind":
            # Offsets keep ties away, which rounding would decide one way before a rewrite and another way after it.
            return Ind(pick(["<", ">="]), self.poly(scope, 0), (*self.poly(scope, 0), Term(Fraction(1, 97))))
        if kind == "pick" and units:
            at = pick(units)
            own = self.unit(self.places[at])
            first = next((f for f in self.entries((*scope, own)) if own in f.idx and len(f.idx) == 2), None)
            if first is not None:
                lam = Lam((own,), (*self.poly((*scope, own), 0), Term(Fraction(7, 3), ((first, 1),))))
                return Fun("max", 1, (lam,), (at,), "pick") if pick([0, 1]) else Fun("max", 0, (lam,), (), "pick")
        if kind == "fun":
            return Fun(pick(["tanh", "sigmoid"]), pick([0, 1]), (Lam((), self.poly(scope, depth - 1)),))
        return self.entry(scope)

    def term(self, scope: tuple[Index, ...], depth: int) -> Term:
        pick = self.random.choice
        bound = [fresh(pick("MMN"), pick(["l", "m", ""]))] if self.random.random() < 0.3 else []
        letters = [i for i in (*scope, *bound) if i not in self.places]
        bound += [self.unit(self.near(pick(letters)), pick(["i", "k", ""])) for _ in range(pick([0, 1, 1, 2]))]
        self.random.shuffle(bound)
        powers: list[tuple[Factor, Exponent]] = []
        for _ in range(pick([1, 2, 2, 3])):
            f = self.factor((*scope, *bound), depth)
            # An entry outside of its array is zero.
            sure = isinstance(f, Ent) and not any(isinstance(i, Affine) for i in f.idx) and f.free.isdisjoint(bound)
            powers.append((f, pick([1, 1, 1, 2, -1] if self.reciprocals and sure else [1, 1, 1, 2])))
        # What nothing stands on has no range that could be told again.
        used = [i for i in bound if any(i in f.free for f, _ in powers)]
        needed = free_of(self.places[i] for i in used if i in self.places)
        kept = tuple(i for i in bound if i in used or i in needed)
        return Term(Fraction(pick([1, 1, -1, 2, -3]), pick([1, 1, 2])), tuple(powers), kept)

    def poly(self, scope: tuple[Index, ...], depth: int) -> Poly:
        return tuple(self.term(scope, depth) for _ in range(self.random.randint(1, 3)))


# --- forms -----------------------------------------------------------------------------------------------------------

LAYER, UNIT = Ix("l", "M"), Ix("i", "D")
HEAD = Entry(Sym("a", ("M", "D")), (LAYER, UNIT))
"""The left side, which says over what the free letters run."""


def letters(made: Generator) -> dict[Index, Ix]:
    return dict(zip(made.free, (LAYER, UNIT), strict=True))


def told(p: Poly, made: Generator) -> np.ndarray:
    """The value of a form that is raised and told its sizes, along l and i, with zeros beyond a layer's end.

    Raises BacksymError for a form in which nothing tells a size.
    """
    equation = sized(HEAD, RAISER.poly(p, letters(made)))
    return evaluate(equation.rhs, ENV, indices_of(equation.lhs))


def sized(head: Expr, form: Expr) -> Equation:
    """A form that is told its sizes; raises BacksymError where it tells one no more.

    A sum over nothing but its letter is a number of units: of the only layer in the form, which need not be that of the
    letter in terms that are made at random.  Of derivatives the numeric check judges it.
    """
    if any(isinstance(e, Size) and e.dim in ("D", "T") for e in walk(form)):
        raise BacksymError("a number of units")
    return SIZES.equation(Equation(head, form))


def truth(p: Poly, made: Generator, values: Mapping[str, Any] = ENV.values) -> np.ndarray:
    judge = Judge(made.places, values)
    found = np.zeros((M, max(D)), dtype=complex)
    for at in judge.ranges(made.free, {}):
        found[at[made.layer] - 1, at[made.own] - 1] = judge.poly(p, at)
    return found


def close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9))


# --- the properties --------------------------------------------------------------------------------------------------

REWRITES: dict[str, Callable[[Poly], Poly]] = {
    "as they are": lambda p: p,
    "other bound indices": lambda p: tuple(map(refresh, p)),
    "collapsed": collapse,
    "collapsed with sums to one": lambda p: collapse(p, ONES),
    "multiplied out": expand,
    "factored": lambda p: factor(collapse(p)),
    "gathered, without leading signs": lambda p: positive_sums(factor(gather(collapse(p)))),
    "sums with deltas multiplied out": open_deltas,
}
SEEDS = range(examples(600, 120))


def test_rewrites_keep_the_value_or_lose_a_size() -> None:
    """A form that tells no size any more is refused; none has another value."""
    told_of = dict.fromkeys(REWRITES, 0)
    for seed in SEEDS:
        made = Generator(seed)
        p = made.poly(made.free, 1)
        true = truth(p, made).real
        for name, rewrite in REWRITES.items():
            try:
                found = told(rewrite(p), made)
            except BacksymError:
                continue
            told_of[name] += 1
            assert close(found, true), (seed, name)
    assert min(told_of.values()) > len(SEEDS) / 2, told_of


@pytest.mark.parametrize("where", ["next", "second", "last"])
def test_another_layer_in_the_place_of_a_layer(where: str) -> None:
    """p at layer l + 1, 2 or M; its unit then runs over the units there."""
    index, ix = {
        "next": (lambda at: affine([(at, 1)], 1, "M"), shifted([(LAYER, 1)], 1, "M")),
        "second": (lambda at: fixed_index(2, "M"), Ix("2", "M")),
        "last": (lambda at: datum("M", (), "M"), last("M")),
    }[where]
    told_of = 0
    for seed in SEEDS:
        made = Generator(seed)
        p = made.poly(made.free, 1)
        head = Entry(Sym("a", ("M", "D")), (ix, UNIT))
        moved = sub_poly(p, {made.layer: index(made.layer)})
        try:
            equation = sized(head, RAISER.poly(moved, letters(made)))
        except BacksymError:
            continue
        told_of += 1
        true = truth(p, made).real
        unit = equation.lhs.indices[1]
        if where == "next":
            assert close(evaluate(equation.rhs, ENV, (LAYER, unit))[:-1], true[1:]), seed
        else:
            row = D[2] if where == "second" else D[M]
            assert close(evaluate(equation.rhs, ENV, (unit,)), true[1 if where == "second" else -1, :row]), seed
    assert told_of > len(SEEDS) / 2


def test_derivatives_by_entries_of_members() -> None:
    """By entries of families of matrices, of vectors, of numbers, of sequences, and of what only the last layer meets.

    A reciprocal beside a Kronecker delta may be that of an entry outside of its array where the delta is zero.
    """
    told_of = dict.fromkeys("WVRabuvxyg", 0)
    for seed in SEEDS:
        made = Generator(seed, reciprocals=False)
        p = made.poly(made.free, 1)
        for name in sorted(poly_symbols(p) & told_of.keys()):
            shape = tuple(map(without_places, PROBLEM.symbols[name].shape))
            own = {fresh(d, c): Ix(c, d) for d, c in zip(shape, "rpq", strict=False)}
            slope = collapse(differentiate(p, name, tuple(own), Style()))
            try:
                form = RAISER.poly(slope, {**letters(made), **own})
                equation = sized(Mul((HEAD, Entry(Sym(name, shape), tuple(own.values())))), form)
            except BacksymError:
                continue
            told_of[name] += 1
            over = tuple(ix for e in children(equation.lhs) for ix in indices_of(e))
            found = evaluate(equation.rhs, ENV, over)
            places = [place for place in np.ndindex(ENV.values[name].shape) if ENV.values[name][place]]
            for place in made.random.sample(places, len(places) if THOROUGH else 1):
                moved = ENV.values[name].astype(complex)
                moved[place] += 1j * STEP
                true = truth(p, made, {**ENV.values, name: moved}).imag / STEP
                assert close(found[(..., *place)], true), (seed, name, place)
    assert sum(told_of.values()) > len(SEEDS), told_of


def test_matrix_forms_of_members_keep_the_value() -> None:
    """The vector along the units of layer l, for each l."""
    told_of = 0
    for seed in range(3 * len(SEEDS)):
        made = Generator(seed)
        p = made.poly(made.free, 1)
        try:
            form = MemberLifter(NAMER, frozenset("MN"), {made.layer: LAYER}).lifted(collapse(p), (made.own,))
            head = Member(Sym("a", ("M", "D")), (LAYER, None))
            equation = sized(head, form)
        except BacksymError:
            continue
        assert equation.lhs.shape == ("D[l]",)
        told_of += 1
        found = np.squeeze(evaluate(equation.rhs, ENV, (LAYER,)))
        true = truth(p, made).real
        assert close(np.broadcast_to(found, true.shape) * (true != 0), true), seed
    assert told_of > len(SEEDS) / 2

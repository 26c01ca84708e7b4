"""The normal form for calculus: a sum of terms.

A term is an exact coefficient, factors with exact exponents, and bound (dummy) indices.  An index is an identity with a
dimension and a letter hint that equality ignores.  Bound indices are made fresh whenever one scope is merged into
another (``multiply``), so that no rewrite can capture an index.

Terms are compared by ``poly_key`` and ``factor_key``, in which bound indices are numbered canonically.  This module
must not know about display, lowering or derivatives.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import factorial
from typing import Any

from backsym.core.allowance import spend
from backsym.core.dims import Whole, amount, at_least, sort_key
from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Const, Dim, Expr, Started, Sym, names_in
from backsym.core.lazy import lazy
from backsym.core.words import say

MAX_BITS = 33_000
"""Bits of the largest exact number: about 10,000 digits."""

KEY = 60
"""The work of a key, for each factor and bound index of a term."""

MADE = 15 * KEY
"""The work of a factor that is lowered or renamed."""

COMPARED = KEY / 3
"""The work of comparing a key, for each factor in it."""

Exponent = Fraction | int
Key = tuple[Any, ...]

# Serials only ever decide identity and creation order, never what is printed: the relative order within a derivation is
# the same whatever ran before.
_serials = itertools.count(1)


@dataclass(frozen=True)
class Index:
    """An index; a negative serial is a fixed position (``-1`` is position 1)."""

    dim: Dim
    serial: int
    hint: str = field(compare=False, default="")

    def __hash__(self) -> int:
        return self.serial

    @property
    def fixed(self) -> bool:
        return self.serial < 0


def fixed_index(position: int, dim: Dim) -> Index:
    return Index(dim, -position, str(position))


def fresh(dim: Dim, hint: str = "") -> Index:
    """A new index; along a dimension of length one there is only position 1."""
    return fixed_index(1, dim) if dim == 1 else Index(dim, next(_serials), hint)


@dataclass(frozen=True)
class Affine(Index):
    """An index that is computed from others: ``offset`` plus each of ``parts`` times its factor.

    It stands in a slot along ``dim``; an entry outside 1, ..., dim counts as zero.  Build it with ``affine``.
    """

    parts: tuple[tuple[Index, Whole], ...] = ()
    offset: Whole = 0

    def __hash__(self) -> int:
        return hash((self.parts, self.offset))


def affine(parts: Iterable[tuple[Index, Whole]], offset: Whole, dim: Dim) -> Index:
    """``offset + sum of factor * index`` in one form: an index or a position where it is no more than that.

    A position that a computed index comes to may be outside the axis, unless its size tells that it is not: it stays
    an ``Affine``, of no parts.  A position that the author wrote is there.
    """
    total: dict[Index, Whole] = {}
    for i, factor in parts:
        for index, inner in i.parts if isinstance(i, Affine) else ((i, 1),):
            if index.fixed:
                offset -= factor * inner * index.serial
            else:
                total[index] = total.get(index, 0) + factor * inner
        offset += factor * i.offset if isinstance(i, Affine) else 0
    kept = tuple(sorted(((i, f) for i, f in total.items() if f), key=lambda part: part[0].serial))
    if len(kept) == 1 and not offset and kept[0][1] == 1 and kept[0][0].dim == dim:
        return kept[0][0]
    if not kept and isinstance(offset, int) and offset >= 1 and at_least(amount(dim) - offset, 0):
        return fixed_index(offset, dim)
    return Affine(dim, 0, "", kept, offset)


@dataclass(frozen=True)
class Datum(Index):
    """An index whose value is data: the label ``name``, at the indices ``at`` if there is one for each member.

    It is neither bound nor free; the indices in ``at`` are.
    """

    name: str = ""
    at: tuple[Index, ...] = ()

    def __hash__(self) -> int:
        return hash((self.name, self.at))


def datum(name: str, at: tuple[Index, ...], dim: Dim) -> Datum:
    return Datum(dim, 0, name, name, at)


def parts_of(i: Index) -> tuple[tuple[Index, Whole], ...]:
    """The indices that a slot is computed from, with their factors; a fixed position has none."""
    return i.parts if isinstance(i, Affine) else () if i.fixed else ((i, 1),)


def row_and_column(slot: Index) -> tuple[Index, Index] | None:
    """i and j of a position c(i - 1) + j, with j in 1, ..., c: that of an entry of a matrix, row by row."""
    if not isinstance(slot, Affine) or len(slot.parts) != 2:
        return None
    for (i, columns), (j, one) in (slot.parts, slot.parts[::-1]):
        if one == 1 and columns == amount(j.dim) == -slot.offset and amount(i.dim) * columns == amount(slot.dim):
            return None if isinstance(i, Datum) or isinstance(j, Datum) else (i, j)
    return None


def steps_after(i: Index, t: Index) -> int | None:
    """How far after the index t another one is: 1 for t + 1; None where that is no number."""
    if isinstance(i, Affine) and i.parts == ((t, 1),) and isinstance(i.offset, int):
        return i.offset
    return 0 if i == t else None


def free_of(slots: Iterable[Index]) -> frozenset[Index]:
    found: list[Index] = []
    for slot in slots:
        for i, _ in parts_of(slot):
            if isinstance(i, Datum):
                found.extend(free_of(i.at))
            else:
                found.append(i)
    return frozenset(found)


def data_of(slots: Iterable[Index]) -> tuple[Datum, ...]:
    """The indices that are data, also those that a slot is computed from."""
    return tuple(i for slot in slots for i, _ in parts_of(slot) if isinstance(i, Datum))


def slots_of(t: Term, i: Index) -> frozenset[Index]:
    """The places in a term, also inside its factors, in which an index stands: itself, or what is computed from it."""
    found: set[Index] = set()
    pending: list[Factor] = [f for f, _ in t.powers]
    while pending:
        f = pending.pop()
        if i not in f.free:
            continue
        places = (
            f.idx if isinstance(f, Ent) else (f.a, f.b) if isinstance(f, Del) else f.out if isinstance(f, Fun) else ()
        )
        found.update(slot for slot in places if i in free_of((slot,)))
        inside: list[Poly] = [f.body] if isinstance(f, Grp) else [f.a, f.b] if isinstance(f, Ind) else []
        inside += [a.body for a in f.args] if isinstance(f, Fun) else []
        pending += [g for body in inside for u in body for g, _ in u.powers]
    return frozenset(found)


def sub_index(i: Index, m: Mapping[Index, Index]) -> Index:
    if isinstance(i, Affine):
        return affine(((sub_index(j, m), factor) for j, factor in i.parts), i.offset, i.dim)
    if isinstance(i, Datum):
        return datum(i.name, tuple(sub_index(j, m) for j in i.at), i.dim)
    return m.get(i, i)


NO_INDICES: frozenset[Index] = frozenset()


@dataclass(frozen=True, eq=False)
class Factor:
    """Base class of factors. ``free`` are its free indices, ``symbols`` the names it mentions, ``pos`` its place in the
    author's equation (adjoints come first)."""

    @lazy
    def free(self) -> frozenset[Index]:
        raise TypeError(type(self).__name__)

    @lazy
    def symbols(self) -> frozenset[str]:
        raise TypeError(type(self).__name__)

    @lazy
    def order_pos(self) -> int:
        raise TypeError(type(self).__name__)

    @lazy
    def nodes(self) -> int:
        """How many factors there are in it, itself included."""
        return 1

    @lazy
    def key(self) -> Key:
        """``factor_key`` where no index around the factor is bound."""
        return _factor_key(self, NO_LABELS)

    @lazy
    def deeper_keys(self) -> dict[int, Key]:
        """The same inside of bound indices that it does not mention, by their number."""
        return {}


@dataclass(frozen=True, eq=False)
class Ent(Factor):
    """An entry of a tensor: of a symbol, an adjoint, a constant, or a whole array expression."""

    base: Expr
    idx: tuple[Index, ...]
    pos: int = 0

    def __init__(self, base: Expr, idx: tuple[Index, ...], pos: int = 0):
        # What a frozen class generates takes a call for each field, and none is made more often than entries and terms.
        own = self.__dict__
        own["base"], own["idx"], own["pos"] = base, idx, pos

    @lazy
    def free(self) -> frozenset[Index]:
        return free_of(self.idx)

    @lazy
    def symbols(self) -> frozenset[str]:
        if type(self.base) is Sym:
            return frozenset((self.base.name,))
        return frozenset(names_in(self.base))

    @lazy
    def order_pos(self) -> int:
        return -1 if isinstance(self.base, Adj) else self.pos


@dataclass(frozen=True, eq=False)
class Del(Factor):
    """Kronecker delta."""

    a: Index
    b: Index

    @lazy
    def free(self) -> frozenset[Index]:
        return free_of((self.a, self.b))

    @lazy
    def symbols(self) -> frozenset[str]:
        return frozenset()

    @lazy
    def order_pos(self) -> int:
        return 1 << 30


@dataclass(frozen=True, eq=False)
class Dm(Factor):
    """The size of a dimension."""

    dim: str

    @lazy
    def free(self) -> frozenset[Index]:
        return NO_INDICES

    @lazy
    def symbols(self) -> frozenset[str]:
        return frozenset()

    @lazy
    def order_pos(self) -> int:
        return -2


@dataclass(frozen=True, eq=False)
class Lam:
    """An array given entry by entry: ``params`` are bound in ``body``."""

    params: tuple[Index, ...]
    body: Poly

    @lazy
    def free(self) -> frozenset[Index]:
        return poly_free(self.body) - frozenset(self.params)


@dataclass(frozen=True, eq=False)
class Fun(Factor):
    """A function of the function table, or an abstract one.

    ``kind`` elementwise: scalar arguments (no params), ``out`` empty.  ``kind`` scalar: whole arrays as arguments; a
    derivative of order 1 is by the first argument and has its indices in ``out``.  ``kind`` pick is the maximum or
    minimum of an array, whose derivative is 1 at the first position of it.
    """

    name: str
    order: int
    args: tuple[Lam, ...]
    out: tuple[Index, ...] = ()
    kind: str = "elementwise"

    @lazy
    def free(self) -> frozenset[Index]:
        return frozenset().union(*(a.free for a in self.args)) | free_of(self.out)

    @lazy
    def symbols(self) -> frozenset[str]:
        return frozenset().union(*(poly_symbols(a.body) for a in self.args))

    @lazy
    def nodes(self) -> int:
        return 1 + sum(poly_nodes(a.body) for a in self.args)

    @lazy
    def order_pos(self) -> int:
        """The place of its first value; an argument that is a number has none."""
        return min((poly_pos(a.body) for a in self.args if poly_symbols(a.body)), default=0)


@dataclass(frozen=True, eq=False)
class Ind(Factor):
    """An indicator: 1 where the comparison holds, else 0."""

    op: str
    a: Poly
    b: Poly

    @lazy
    def free(self) -> frozenset[Index]:
        return poly_free(self.a) | poly_free(self.b)

    @lazy
    def symbols(self) -> frozenset[str]:
        return poly_symbols(self.a) | poly_symbols(self.b)

    @lazy
    def nodes(self) -> int:
        return 1 + poly_nodes(self.a) + poly_nodes(self.b)

    @lazy
    def order_pos(self) -> int:
        return min((poly_pos(p) for p in (self.a, self.b) if poly_symbols(p)), default=0)


@dataclass(frozen=True, eq=False)
class Grp(Factor):
    """A protected sum."""

    body: Poly

    @lazy
    def free(self) -> frozenset[Index]:
        return poly_free(self.body)

    @lazy
    def symbols(self) -> frozenset[str]:
        return poly_symbols(self.body)

    @lazy
    def nodes(self) -> int:
        return 1 + poly_nodes(self.body)

    @lazy
    def order_pos(self) -> int:
        """The place of its first value: an adjoint inside does not lead the product that the sum stands in."""
        places = [f.order_pos for t in self.body for f, _ in t.powers if f.order_pos >= 0]
        return min(places, default=0)


@dataclass(frozen=True, eq=False)
class Term:
    coeff: Fraction
    powers: tuple[tuple[Factor, Exponent], ...] = ()
    bound: tuple[Index, ...] = ()

    def __init__(
        self, coeff: Fraction, powers: tuple[tuple[Factor, Exponent], ...] = (), bound: tuple[Index, ...] = ()
    ):
        own = self.__dict__
        own["coeff"], own["powers"], own["bound"] = coeff, powers, bound

    @lazy
    def used(self) -> frozenset[Index]:
        """All indices that occur in the factors, bound or free."""
        return frozenset().union(*(f.free for f, _ in self.powers))

    @lazy
    def free(self) -> frozenset[Index]:
        return self.used - frozenset(self.bound)

    @lazy
    def symbols(self) -> frozenset[str]:
        return frozenset().union(*(f.symbols for f, _ in self.powers))

    @lazy
    def key(self) -> Key:
        """``like_key`` where no index around the term is bound."""
        return _like_key(self, NO_LABELS)

    @lazy
    def cost(self) -> int:
        """How much there is to read."""
        factors = sum(factor_cost(f, e) for f, e in self.powers) + (_NESTING if _nested(self) else 0)
        return len(self.bound) + factors + (1 if self.coeff not in (1, -1) or not self.powers else 0)

    @lazy
    def collapsed(self) -> set[tuple[frozenset[str], bool, bool]]:
        """By which rules it is known to be collapsed: for tensors that sum to one, with deltas, with shifted ones."""
        return set()


Poly = tuple[Term, ...]

ONE_TERM = Term(Fraction(1))


def poly_free(p: Poly) -> frozenset[Index]:
    return frozenset().union(*(t.free for t in p))


def poly_nodes(p: Poly) -> int:
    return sum(f.nodes for t in p for f, _ in t.powers)


def poly_symbols(p: Poly) -> frozenset[str]:
    return frozenset().union(*(t.symbols for t in p))


def poly_pos(p: Poly) -> int:
    """The place of its first value: a size has none."""
    return min((f.order_pos for t in p for f, _ in t.powers if f.order_pos >= 0), default=0)


def in_order(indices: Iterable[Index]) -> tuple[Index, ...]:
    """Indices in the order of their creation: iterating over a set must not decide what is printed."""
    return tuple(sorted(indices, key=lambda i: i.serial))


# --- building --------------------------------------------------------------------------------------------------------


def positive(e: Exponent) -> Exponent:
    """The absolute value of an exponent."""
    return -e if e < 0 else e


def constant(value: Fraction | int) -> Poly:
    return (Term(Fraction(value)),) if value else ()


def of_factor(f: Factor, exponent: Exponent = 1) -> Poly:
    return (Term(Fraction(1), ((f, exponent),)),)


def size_of(dim: Dim, exponent: int = 1) -> Poly:
    return constant(Fraction(dim) ** exponent) if isinstance(dim, int) else of_factor(Dm(dim), exponent)


def scale(p: Poly, by: Fraction | int) -> Poly:
    return tuple(Term(t.coeff * by, t.powers, t.bound) for t in p) if by else ()


def refresh(t: Term) -> Term:
    """The same term with new bound indices."""
    if not t.bound:
        return t
    new = {b: fresh(b.dim, b.hint) for b in t.bound}
    return Term(t.coeff, tuple((sub_factor(f, new), e) for f, e in t.powers), tuple(new[b] for b in t.bound))


def multiply(a: Term, b: Term) -> Term:
    """Product of two terms; the bound indices of the second are made fresh, so that none is captured."""
    b = refresh(b)
    return Term(a.coeff * b.coeff, a.powers + b.powers, a.bound + b.bound)


def bind(p: Poly, indices: tuple[Index, ...]) -> Poly:
    """Sum over ``indices``, which become bound, each term with its own."""
    out = []
    for t in p:
        bound = tuple(i for i in indices if not i.fixed)
        out.append(refresh(Term(t.coeff, t.powers, t.bound + bound)))
    return tuple(out)


def as_factor(p: Poly) -> Term:
    """A polynomial as one term: itself if it is one, else a protected sum."""
    return refresh(p[0]) if len(p) == 1 else Term(Fraction(1), ((Grp(p), 1),))


def product(polys: Iterable[Poly]) -> Poly:
    """Product that keeps sums protected."""
    total = ONE_TERM
    for p in polys:
        if not p:
            return ()
        total = multiply(total, as_factor(p))
    return (total,)


def distribute(a: Poly, b: Poly) -> Poly:
    """Product, multiplied out."""
    return tuple(multiply(x, y) for x in a for y in b)


def power(p: Poly, exponent: Exponent) -> Poly:
    """``p ** exponent``; a product is taken apart only where that is right for all real factors."""
    if exponent == 1:
        return p
    if exponent == 0:
        return constant(1)
    if not p:
        if exponent < 0:
            raise BacksymError(say("calculus.division_by_zero"))
        return ()
    if len(p) == 1 and not p[0].bound:
        t = p[0]
        if isinstance(exponent, int) or exponent.denominator == 1:
            n = int(exponent)
            digits = max(abs(t.coeff.numerator), t.coeff.denominator).bit_length() - 1
            if abs(n) * digits > MAX_BITS or n.bit_length() > MAX_BITS:
                raise BacksymError(say("calculus.digits"))
            return (Term(t.coeff**n, tuple((f, e * n) for f, e in t.powers)),)
        if t.coeff == 1 and len(t.powers) == 1 and t.powers[0][1] == 1:
            return (Term(t.coeff, ((t.powers[0][0], exponent),)),)
    return of_factor(Grp(p), exponent)


# --- renaming --------------------------------------------------------------------------------------------------------

Renaming = Mapping[Index, Index]


def sub_factor(f: Factor, m: Renaming) -> Factor:
    """The factor with indices renamed; unchanged parts are shared."""
    if f.free.isdisjoint(m):
        return f
    spend(MADE)
    if isinstance(f, Ent):
        return _entry_at(f, tuple(sub_index(i, m) for i in f.idx))
    if isinstance(f, Del):
        return Del(sub_index(f.a, m), sub_index(f.b, m))
    if isinstance(f, Fun):
        return Fun(f.name, f.order, tuple(sub_lam(a, m) for a in f.args), tuple(sub_index(i, m) for i in f.out), f.kind)
    if isinstance(f, Grp):
        return Grp(sub_poly(f.body, m))
    if isinstance(f, Ind):
        return Ind(f.op, sub_poly(f.a, m), sub_poly(f.b, m))
    raise TypeError(f"cannot rename indices in {type(f).__name__}")


def _entry_at(f: Ent, idx: tuple[Index, ...]) -> Ent:
    """The entry at other indices; a member of a recurrence before the first is what it starts from."""
    base = f.base
    if isinstance(base, Started):
        first = idx[0]
        offset = first.offset if isinstance(first, Affine) and isinstance(first.offset, int) else None
        lettered = isinstance(first, Affine) and [factor for _, factor in first.parts] == [1]
        if not isinstance(first, Affine) or (offset is not None and offset >= 0 + (not lettered)):
            return Ent(Sym(base.name, base.declared), idx, f.pos)
        if offset is not None and not first.parts and -offset in range(len(base.starts)):
            return Ent(base.starts[-offset], idx[1:], f.pos)
    return Ent(base, idx, f.pos)


def sub_lam(lam: Lam, m: Renaming) -> Lam:
    if lam.free.isdisjoint(m):
        return lam
    inner, params = _inside(lam.params, m)
    return Lam(params, sub_poly(lam.body, inner))


def sub_term(t: Term, m: Renaming) -> Term:
    if t.free.isdisjoint(m):
        return t
    inner, bound = _inside(t.bound, m)
    return Term(t.coeff, tuple((sub_factor(f, inner), e) for f, e in t.powers), bound)


def _inside(bound: tuple[Index, ...], m: Renaming) -> tuple[Renaming, tuple[Index, ...]]:
    """What is renamed where ``bound`` are bound, and these: new ones where a renamed index would be caught."""
    if not bound:
        return m, bound
    inner = {k: v for k, v in m.items() if k not in bound}
    put = free_of(inner.values())
    new = {b: fresh(b.dim, b.hint) for b in bound if b in put}
    return inner | new, tuple(new.get(b, b) for b in bound)


def sub_poly(p: Poly, m: Renaming) -> Poly:
    return tuple(sub_term(t, m) for t in p)


def instantiate(lam: Lam, at: tuple[Index, ...]) -> Poly:
    """The entry of an array at given indices, with fresh bound indices."""
    m = {a: b for a, b in zip(lam.params, at, strict=True) if not a.fixed}
    return tuple(refresh(sub_term(t, m)) for t in lam.body)


# --- canonical keys --------------------------------------------------------------------------------------------------

Labels = Mapping[Index, tuple[int, int]]
NO_LABELS: Labels = {}


def _label(i: Index, labels: Labels) -> tuple[Any, ...]:
    if isinstance(i, Affine):
        return (2, sort_key(i.offset), tuple(sorted((_label(j, labels), sort_key(factor)) for j, factor in i.parts)))
    if isinstance(i, Datum):
        return (3, i.name, tuple(_label(j, labels) for j in i.at))
    return labels.get(i) or (0, i.serial)


def _base_key(base: Expr) -> Key:
    if isinstance(base, (Sym, Adj, Const)):
        return (type(base).__name__, base.name)
    return ("expr", base.written)


def factor_key(f: Factor, labels: Labels = NO_LABELS) -> Key:
    """A key that two factors share only if they are equal up to the names of their bound indices."""
    spend(COMPARED * f.nodes)
    if not labels:
        return f.key
    if not f.free.isdisjoint(labels):
        return _factor_key(f, labels)
    # Nested bound indices are numbered from the depth of the labels around them.
    depth = _depth(labels)
    if depth not in f.deeper_keys:
        f.deeper_keys[depth] = _factor_key(f, labels)
    return f.deeper_keys[depth]


def _factor_key(f: Factor, labels: Labels) -> Key:
    spend(5 * KEY)
    if isinstance(f, Ent):
        return ("ent", *_base_key(f.base), tuple(_label(i, labels) for i in f.idx))
    if isinstance(f, Del):
        return ("del", tuple(sorted((_label(f.a, labels), _label(f.b, labels)))))
    if isinstance(f, Dm):
        return ("dim", f.dim)
    if isinstance(f, Fun):
        args = tuple(_lam_key(a, labels) for a in f.args)
        return ("fun", f.kind, f.name, f.order, args, tuple(_label(i, labels) for i in f.out))
    if isinstance(f, Grp):
        return ("grp", poly_key(f.body, labels))
    if isinstance(f, Ind):
        return ("ind", f.op, poly_key(f.a, labels), poly_key(f.b, labels))
    raise TypeError(f"no key for {type(f).__name__}")


def _lam_key(lam: Lam, labels: Labels) -> Key:
    inner = dict(labels)
    for i in lam.params:
        if not i.fixed:
            inner[i] = (1, _depth(inner))
    return (tuple(str(i.dim) for i in lam.params), poly_key(lam.body, inner))


def _depth(labels: Labels) -> int:
    return sum(1 for kind, _ in labels.values() if kind == 1)


def poly_key(p: Poly, labels: Labels = NO_LABELS) -> Key:
    return tuple(sorted(term_key(t, labels) for t in p))


def term_key(t: Term, labels: Labels = NO_LABELS) -> Key:
    """Key of a term: bound indices are numbered by what they touch; ties are broken by trying all orders."""
    return (*like_key(t, labels), _exact(t.coeff))


def like_key(t: Term, labels: Labels = NO_LABELS) -> Key:
    """Key of a term without its coefficient: like terms share it."""
    spend(KEY * (5 + len(t.powers)) * (1 + len(t.bound)))
    return _like_key(t, labels) if labels else t.key


def _exact(value: Exponent) -> Exponent:
    """A number in a key: fractions take long to compare."""
    return value if isinstance(value, int) or value.denominator != 1 else value.numerator


def _like_key(t: Term, labels: Labels) -> Key:
    if not t.bound:
        return _numbered_key(t, labels, ())
    if len(t.bound) == 1:
        return _numbered_key(t, labels, t.bound)
    by_color: dict[Key, list[Index]] = {}
    for b in t.bound:
        by_color.setdefault(_color(b, t), []).append(b)
    groups = [by_color[c] for c in sorted(by_color)]
    orders = 1
    for g in groups:
        orders *= factorial(len(g))
    if orders > 720:  # Too symmetric to try: the order of creation is kept, like terms may then stay unmerged.
        return _numbered_key(t, labels, tuple(itertools.chain(*groups)))
    candidates = itertools.product(*(itertools.permutations(g) for g in groups))
    return min(_numbered_key(t, labels, tuple(itertools.chain(*c))) for c in candidates)


def _numbered_key(t: Term, labels: Labels, bound: tuple[Index, ...]) -> Key:
    if bound:
        depth = _depth(labels)
        labels = {**labels, **{b: (1, depth + n) for n, b in enumerate(bound)}}
    powers = [(factor_key(f, labels), _exact(e)) for f, e in t.powers]
    powers.sort()
    return (tuple([str(b.dim) for b in bound]), tuple(powers))


def _color(b: Index, t: Term) -> Key:
    """What a bound index touches, without reference to the names of other indices."""
    touches = []
    for f, e in t.powers:
        if b not in f.free:
            continue
        if isinstance(f, Ent):
            places = tuple(
                (n, sort_key(factor)) for n, i in enumerate(f.idx) for j, factor in parts_of(i) if b in free_of((j,))
            )
            touches.append((_base_key(f.base), places, e))
        else:
            touches.append(((type(f).__name__, getattr(f, "name", "")), (), e))
    return (str(b.dim), tuple(sorted(touches)))


def mentions(p: Poly, name: str) -> bool:
    return any(name in t.symbols for t in p)


# --- cost ------------------------------------------------------------------------------------------------------------


def cost(p: Poly) -> int:
    """How much there is to read: factors, exponents, sum signs, additions."""
    return sum(t.cost for t in p) + max(0, len(p) - 1)


_NESTING = 8
"""The cost of a fraction inside the numerator of a fraction, about that of another term."""


def factor_cost(f: Factor, e: Exponent) -> int:
    raised = 0 if abs(e) == 1 else 1
    if isinstance(f, Grp):
        return cost(f.body) + raised
    if isinstance(f, Fun):
        return 1 + sum(cost(a.body) for a in f.args) + raised
    if isinstance(f, Ind):
        return 1 + cost(f.a) + cost(f.b)
    return 1 + raised


def _nested(t: Term) -> bool:
    """Whether a fraction stands in the numerator of a fraction."""
    divided = any(e < 0 and not isinstance(f, Dm) for f, e in t.powers)
    return divided and any(
        isinstance(f, Grp) and e > 0 and any(x < 0 and not isinstance(g, Dm) for b in f.body for g, x in b.powers)
        for f, e in t.powers
    )

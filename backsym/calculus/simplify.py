"""Rewrites of terms that keep their value: collapse, expand, and what is done with Kronecker deltas.

Each rewrite is a function ``Poly -> Poly``; who calls them records the step.  This module must not know about the
backward pass or display.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from backsym.calculus import terms as tm
from backsym.core.dims import Whole, amount, at_least
from backsym.core.expr import Adj, Started, Sym
from backsym.core.functions import FUNCTIONS

MAX_TERMS = 64
"""Multiplying out stops at this many terms: beyond it the protected sum is the readable form."""


# --- collapse --------------------------------------------------------------------------------------------------------


def collapse(p: tm.Poly, ones: frozenset[str] = frozenset(), *, deltas: bool = True, shifted: bool = True) -> tm.Poly:
    """Collapse to a fixpoint: merge powers, eliminate deltas and idle sums, add like terms.

    ``ones`` names the tensors whose sum along the last axis is one.  That holds for values only, so it is given for
    adjoints and never for an expression that is still to be differentiated.  With ``deltas=False`` Kronecker deltas and
    idle sums stay, for a step that shows them; with ``shifted=False`` only deltas of shifted indices do.
    """
    out: list[tm.Term] = []
    for t in p:
        collapsed = _collapse_term(t, ones, deltas=deltas, shifted=shifted)
        if collapsed is not None:
            out.append(collapsed)
    return _dissolve(add_like(tuple(out)), ones, deltas=deltas, shifted=shifted)


def _dissolve(p: tm.Poly, ones: frozenset[str], *, deltas: bool, shifted: bool) -> tm.Poly:
    """A sum that is one protected sum is that sum."""
    if len(p) == 1 and not p[0].bound and len(p[0].powers) == 1:
        (f, e), c = p[0].powers[0], p[0].coeff
        if isinstance(f, tm.Grp) and e == 1 and c == 1:
            return collapse(f.body, ones, deltas=deltas, shifted=shifted)
    return p


def add_like(p: tm.Poly) -> tm.Poly:
    """x + x -> 2x, x - x -> 0; in order of first appearance."""
    if len(p) < 2:
        return p
    merged: dict[tm.Key, tm.Term] = {}
    for t in p:
        key = tm.like_key(t)
        old = merged.get(key)
        merged[key] = t if old is None else tm.Term(old.coeff + t.coeff, old.powers, old.bound)
    return tuple(t for t in merged.values() if t.coeff != 0)


def _collapse_term(t: tm.Term, ones: frozenset[str], *, deltas: bool, shifted: bool) -> tm.Term | None:
    """The collapsed term, or None where it is zero; a term remembers by which rules it is collapsed already."""
    if ones and ones.isdisjoint(t.symbols):
        ones = frozenset()
    if (ones, deltas, shifted) in t.collapsed:
        return t
    quick = (merge_powers, _flatten, _clipped)
    rules = (*quick, _cancel_sums, _deltas if shifted else _plain_deltas, _idle_sums) if deltas else quick
    while t.coeff:
        for rule in rules:
            new = rule(t, ones)
            if new is not t:
                break
        else:
            if ones:
                new = _sum_to_one(t, ones)
            if new is t:
                t.collapsed.add((ones, deltas, shifted))
                return t
        t = new
    return None


def _flatten(t: tm.Term, ones: frozenset[str]) -> tm.Term:
    """Collapse inside factors; a protected single term joins the product, a number the coefficient."""
    powers: list[tuple[tm.Factor, tm.Exponent]] = []
    joined: list[tm.Term] = []
    coeff = t.coeff
    changed = False
    for f, e in t.powers:
        g = _inside(f, ones)
        changed |= g is not f
        integral = e.denominator == 1
        if isinstance(g, tm.Fun) and g.name == "exp" and g.kind == "elementwise" and not g.order and integral:
            split = _exp_of_logs(g)
            if split is not None:
                rest, factors = split
                powers.extend((h, x * int(e)) for h, x in factors)
                if rest:
                    powers.append((tm.Fun("exp", 0, (tm.Lam((), rest),)), e))
                changed = True
                continue
        if isinstance(g, tm.Ind):
            truth = _decided(g)
            if truth is not None:
                coeff, changed = coeff * int(truth), True
                continue
        if isinstance(g, tm.Grp):
            if not g.body and e > 0:
                return tm.Term(Fraction(0))
            if len(g.body) == 1:
                b = g.body[0]
                if not b.powers and not b.bound and (integral or b.coeff == 1):
                    coeff, changed = coeff * b.coeff ** int(e), True
                    continue
                if integral and (not b.bound or e == 1):
                    n = int(e)
                    joined.append(tm.refresh(tm.Term(b.coeff**n, tuple((h, x * n) for h, x in b.powers), b.bound)))
                    changed = True
                    continue
        powers.append((g, e))
    if not changed:
        return t
    out = tm.Term(coeff, tuple(powers), t.bound)
    for j in joined:
        out = tm.Term(out.coeff * j.coeff, out.powers + j.powers, out.bound + j.bound)
    return out


def _inside(f: tm.Factor, ones: frozenset[str]) -> tm.Factor:
    """The factor with its protected sums and arguments collapsed; the same object where nothing changes."""
    if isinstance(f, tm.Grp):
        body = collapse(f.body, ones)
        return f if same(body, f.body) else tm.Grp(body)
    if isinstance(f, tm.Fun):
        bodies = [collapse(a.body, ones) for a in f.args]
        if all(same(b, a.body) for a, b in zip(f.args, bodies, strict=True)):
            return f
        args = tuple(tm.Lam(a.params, b) for a, b in zip(f.args, bodies, strict=True))
        return tm.Fun(f.name, f.order, args, f.out, f.kind)
    if isinstance(f, tm.Ind):
        a, b = collapse(f.a, ones), collapse(f.b, ones)
        return f if same(a, f.a) and same(b, f.b) else tm.Ind(f.op, a, b)
    return f


def _exp_of_logs(f: tm.Fun) -> tuple[tm.Poly, list[tuple[tm.Factor, tm.Exponent]]] | None:
    """exp(p + n log u) = exp(p) u^n: what is left of p, and the powers; None without such a logarithm."""
    rest: list[tm.Term] = []
    out: list[tuple[tm.Factor, tm.Exponent]] = []
    for t in f.args[0].body:
        single = len(t.powers) == 1 and not t.bound and t.coeff.denominator == 1 and t.powers[0][1] == 1
        g = t.powers[0][0] if single else None
        if isinstance(g, tm.Fun) and g.name == "log" and not g.order:
            out.extend(
                tm.power(g.args[0].body, int(t.coeff))[0].powers
                if _plain(g.args[0].body)
                else [(tm.Grp(g.args[0].body), int(t.coeff))]
            )
        else:
            rest.append(t)
    return (tuple(rest), out) if out else None


def _plain(p: tm.Poly) -> bool:
    return len(p) == 1 and p[0].coeff == 1 and not p[0].bound


def same(p: tm.Poly, q: tm.Poly) -> bool:
    """Whether two sums are made of the very same terms."""
    return len(p) == len(q) and all(a is b for a, b in zip(p, q, strict=True))


_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _decided(f: tm.Ind) -> bool | None:
    """The truth of a comparison of two numbers."""
    sides = []
    for p in (f.a, f.b):
        if len(p) > 1 or (p and (p[0].powers or p[0].bound)):
            return None
        sides.append(p[0].coeff if p else Fraction(0))
    return _COMPARE[f.op](sides[0], sides[1])


def _cancel_sums(t: tm.Term, ones: frozenset[str]) -> tm.Term:
    """(sum over k of u_k) / (sum over k of u_k) = 1, where the upper sum has become part of the term."""
    if not t.bound:
        return t
    for n, (g, e) in enumerate(t.powers):
        if not (isinstance(g, tm.Grp) and e < 0 and len(g.body) == 1 and len(g.body[0].bound) == 1):
            continue
        below = g.body[0]
        for k in t.bound:
            if k.dim != below.bound[0].dim or k in g.free:
                continue
            above = tuple((f, x) for f, x in t.powers if k in f.free)
            if len(above) == len(below.powers) and tm.like_key(tm.Term(Fraction(1), above, (k,))) == tm.like_key(below):
                powers = tuple((f, x + 1 if m == n else x) for m, (f, x) in enumerate(t.powers) if k not in f.free)
                kept = tuple((f, x) for f, x in powers if x != 0)
                return tm.Term(t.coeff / below.coeff, kept, tuple(b for b in t.bound if b != k))
    return t


def merge_powers(t: tm.Term, ones: frozenset[str]) -> tm.Term:
    """x^a x^b -> x^(a+b); x^0 -> 1; an indicator or a delta is its own square."""
    if len(t.powers) < 2 and not any(isinstance(f, (tm.Del, tm.Ind)) and e != 1 for f, e in t.powers):
        return t
    merged: dict[tm.Key, tuple[tm.Factor, tm.Exponent]] = {}
    for f, e in t.powers:
        key = tm.factor_key(f)
        if key in merged:
            first, total = merged[key]
            merged[key] = (first, total + e)
        else:
            merged[key] = (f, e)
    powers: list[tuple[tm.Factor, tm.Exponent]] = []
    for f, e in merged.values():
        if isinstance(f, (tm.Del, tm.Ind)) and e > 0:
            powers.append((f, 1 if e != 1 else e))
        elif e != 0:
            powers.append((f, e))
    unchanged = len(powers) == len(t.powers) and all(a[1] == b[1] for a, b in zip(powers, t.powers, strict=True))
    return t if unchanged else tm.Term(t.coeff, tuple(powers), t.bound)


def _plain_deltas(t: tm.Term, ones: frozenset[str]) -> tm.Term:
    """Like ``_deltas``, but deltas of shifted indices stay."""
    return _deltas(t, ones, shifted=False)


def _deltas(t: tm.Term, ones: frozenset[str], *, shifted: bool = True) -> tm.Term:
    """delta(i, i) = 1; a delta with a bound index substitutes the other index for it and unbinds it."""
    for n, (f, _) in enumerate(t.powers):
        if not isinstance(f, tm.Del):
            continue
        rest = t.powers[:n] + t.powers[n + 1 :]
        if isinstance(f.a, tm.Affine) or isinstance(f.b, tm.Affine):
            solved = _solved(t, n, f) if shifted else None
            if solved is not None:
                return solved
            continue
        if f.a == f.b or f.a.dim == 1:
            return tm.Term(t.coeff, rest, t.bound)
        if f.a.fixed and f.b.fixed:
            return tm.Term(Fraction(0))
        for gone, kept in ((f.b, f.a), (f.a, f.b)):
            if gone in t.bound:
                m = {gone: kept}
                bound = tuple(b for b in t.bound if b != gone)
                return tm.Term(t.coeff, tuple((tm.sub_factor(g, m), e) for g, e in rest), bound)
        found = _at_label(t, n, f)
        if found is not None:
            return found
    return t


def _at_label(t: tm.Term, n: int, f: tm.Del) -> tm.Term | None:
    """delta(k, y) u_k = delta(k, y) u_y for a label y: the product is that of the class, or zero."""
    for k, y in ((f.a, f.b), (f.b, f.a)):
        rest = t.powers[:n] + t.powers[n + 1 :]
        if not isinstance(y, tm.Datum) or isinstance(k, tm.Datum) or k in tm.free_of((y,)) or k.fixed:
            continue
        if any(k in g.free for g, _ in rest):
            powers = tuple((g if g is f else tm.sub_factor(g, {k: y}), e) for g, e in t.powers)
            return tm.Term(t.coeff, powers, t.bound)
    return None


def _solved(t: tm.Term, n: int, f: tm.Del) -> tm.Term | None:
    """sum_k w_k delta(i + k - 1, m) = w_(m-i+1), which is zero where m - i + 1 is no position of w.

    The delta is solved for a summed index whose factor is 1 or -1.  That an entry of another factor is at that very
    index keeps the sum's range: outside it the entry, and with it the product, is zero.  What is never outside needs
    no such entry.  None where nothing is solved.
    """
    gap = tm.affine(((f.a, 1), (f.b, -1)), 0, "")
    if (apart := _digits(gap)) is not None:
        rest = t.powers[:n] + t.powers[n + 1 :]
        return tm.Term(t.coeff, (*((tm.Del(a, b), 1) for a, b in apart), *rest), t.bound)
    parts, offset = tm.parts_of(gap), gap.offset if isinstance(gap, tm.Affine) else -gap.serial if gap.fixed else 0
    rest = t.powers[:n] + t.powers[n + 1 :]
    if not parts:
        return tm.Term(t.coeff if offset == 0 else Fraction(0), rest, t.bound)
    if (
        isinstance(gap, tm.Affine)
        and (ends := _ends(gap)) is not None
        and any(at_least(e, 1) for e in (ends[0], -ends[1]))
    ):
        return tm.Term(Fraction(0))  # The two are never the same.
    # The place of an entry of a matrix, row by row, is not taken apart.
    kept = {i for slot in (f.a, f.b) for i in tm.row_and_column(slot) or ()}
    values = {
        k: tm.affine(((i, -factor * c) for i, c in parts if i != k), -factor * offset, k.dim)
        for k, factor in parts
        if factor in (1, -1) and k in t.bound and k not in kept
    }
    found = next((k for k, value in values.items() if is_inside(value)), None)
    for k in values if found is None else ():
        inside = [(g, e) for g, e in rest if k in g.free]
        if any(_vanishes_outside(g, k, values[k]) and e > 0 for g, e in inside) and all(
            e > 0 and _defined_at_zero(g) for g, e in inside
        ):
            found = k
            break
    if found is None:
        return None
    powers = tuple((tm.sub_factor(g, {found: values[found]}), e) for g, e in rest)
    return tm.Term(t.coeff, powers, tuple(b for b in t.bound if b != found))


def _digits(gap: tm.Index) -> tuple[tuple[tm.Index, tm.Index], ...] | None:
    """Two numbers c(i - 1) + j, with j in 1, ..., c, are the same where their i are and their j are."""
    if not isinstance(gap, tm.Affine) or gap.offset or len(gap.parts) != 4:
        return None
    ones = {factor: i for i, factor in gap.parts if factor in (1, -1)}
    others = [(i, factor) for i, factor in gap.parts if factor not in (1, -1)]
    if len(ones) != 2 or len(others) != 2 or others[0][1] + others[1][1] != 0:
        return None
    if any(amount(i.dim) not in (others[0][1], others[1][1]) for i in ones.values()):
        return None
    if others[0][0].dim != others[1][0].dim or ones[1].dim != ones[-1].dim:
        return None
    return (others[0][0], others[1][0]), (ones[1], ones[-1])


def is_inside(i: tm.Index) -> bool:
    """Whether an index that is computed from others is a position along its axis for all of their values."""
    ends = _ends(i) if isinstance(i, tm.Affine) else (1, amount(i.dim))
    return ends is not None and at_least(ends[0], 1) and at_least(amount(i.dim) - ends[1], 0)


def on_longer_axis(i: tm.Index) -> bool:
    """Whether letters of an axis that is longer than the index's own lead beyond its end."""
    return not is_inside(i) and any(part.dim != i.dim for part, _ in tm.parts_of(i))


def may_be_before(i: tm.Index) -> bool:
    """Whether an index that is computed from others is before the first position for some of their values."""
    ends = _ends(i) if isinstance(i, tm.Affine) else (1, amount(i.dim))
    return ends is None or not at_least(ends[0], 1)


def _ends(i: tm.Affine) -> tuple[Whole, Whole] | None:
    """The least and the largest value of a computed index; None where that is not known."""
    low, high = i.offset, i.offset
    for part, factor in i.parts:
        if isinstance(part, tm.Datum) or not (at_least(factor, 1) or at_least(-factor, 1)):
            return None
        first, last = factor, factor * amount(part.dim)
        low, high = (low + first, high + last) if at_least(factor, 1) else (low + last, high + first)
    return low, high


def zero_outside(t: tm.Term, slot: tm.Index) -> bool:
    """Whether a term is zero where a computed index lies outside of its range."""
    powers = [(f, e) for f, e in t.powers]
    return any(_vanishes_outside(f, slot, slot) and e > 0 for f, e in powers) and all(
        e > 0 and _defined_at_zero(f) for f, e in powers if not f.free.isdisjoint(tm.free_of((slot,)))
    )


def _vanishes_outside(f: tm.Factor, k: tm.Index, place: tm.Index) -> bool:
    """Whether a factor is zero where the position that the index k is lies outside its range.

    Before the first member of a recurrence there is what it starts from, with a derivative of its own.
    """
    if isinstance(f, tm.Ent):
        if isinstance(f.base, (Sym, Adj)) and f.base.recurrent and f.idx[0] == k:
            return not may_be_before(place)
        return k in f.idx and not isinstance(f.base, Started)
    return isinstance(f, tm.Fun) and k in f.out


def _defined_at_zero(f: tm.Factor) -> bool:
    """Whether a factor has a value even where the entries in it are zero because they lie outside their arrays."""
    if isinstance(f, tm.Grp):
        return all(e > 0 and _defined_at_zero(g) for t in f.body for g, e in t.powers)
    if isinstance(f, tm.Fun):
        if f.name in FUNCTIONS and FUNCTIONS[f.name].regular:
            return not any(a.free for a in f.args)
        everywhere = f.name not in FUNCTIONS or FUNCTIONS[f.name].domain == (-math.inf, math.inf)
        return everywhere and all(e > 0 and _defined_at_zero(g) for a in f.args for t in a.body for g, e in t.powers)
    return True


_CLIPS = {"max": (">", ">="), "min": ("<", "<="), "relu": (">", ">=")}


def _clipped(t: tm.Term, ones: frozenset[str]) -> tm.Term:
    """max(u, 0) [u > 0] = max(u, 0): where the indicator is zero, so is the function."""
    for n, (ind, _) in enumerate(t.powers):
        if not isinstance(ind, tm.Ind) or ind.b:
            continue
        for f, e in t.powers:
            if not (isinstance(f, tm.Fun) and f.kind == "elementwise" and not f.order and e > 0):
                continue
            at_zero = len(f.args) == 1 or not f.args[1].body
            if ind.op in _CLIPS.get(f.name, ()) and at_zero and tm.poly_key(f.args[0].body) == tm.poly_key(ind.a):
                return tm.Term(t.coeff, t.powers[:n] + t.powers[n + 1 :], t.bound)
    return t


def _idle_sums(t: tm.Term, ones: frozenset[str]) -> tm.Term:
    """A sum over an index that nothing mentions counts its dimension."""
    for b in t.bound:
        if b not in t.used:
            bound = tuple(x for x in t.bound if x != b)
            if isinstance(b.dim, int):
                return tm.Term(t.coeff * b.dim, t.powers, bound)
            return tm.Term(t.coeff, ((tm.Dm(b.dim), 1), *t.powers), bound)
    return t


def _sum_to_one(t: tm.Term, ones: frozenset[str]) -> tm.Term:
    """The sum of a tensor over its last axis is 1, where nothing else depends on that index.

    A member that is not there counts as zero, and so does its sum, unless the whole product is zero there.
    """
    for n, (f, e) in enumerate(t.powers):
        if not (isinstance(f, tm.Ent) and type(f.base) is Sym and f.base.name in ones and e == 1 and f.idx):
            continue
        last = f.idx[-1]
        if last not in t.bound or last in f.idx[:-1]:
            continue
        rest = t.powers[:n] + t.powers[n + 1 :]
        if any(last in g.free for g, _ in rest):
            continue
        absent = [slot for slot in f.idx[:-1] if not is_inside(slot)]
        if not all(any(x > 0 and _vanishes_outside(g, slot, slot) for g, x in rest) for slot in absent):
            continue
        return tm.Term(t.coeff, rest, tuple(b for b in t.bound if b != last))
    return t


# --- expand ----------------------------------------------------------------------------------------------------------


def expand(p: tm.Poly, *, quotients: bool = False) -> tm.Poly:
    """Multiply protected sums out, one at a time, collapsing in between.

    A sum that holds reciprocals goes first, so that they meet the factors that they cancel before those are multiplied
    out themselves; with ``quotients`` only such sums are multiplied out.  The unexpanded form is returned where the
    result would exceed MAX_TERMS.
    """
    done: list[tm.Term] = []
    todo = list(collapse(p))
    while todo:
        t = todo.pop(0)
        n = _next_sum(t, quotients=quotients)
        if n is None:
            done.append(t)
            continue
        f, e = t.powers[n]
        assert isinstance(f, tm.Grp)
        rest = t.powers[:n] + t.powers[n + 1 :]
        left: tuple[tuple[tm.Factor, tm.Exponent], ...] = ((f, e - 1),) if e > 1 else ()
        outer = tm.Term(t.coeff, rest + left, t.bound)
        products = tuple(tm.multiply(outer, b) for b in f.body)
        todo = list(collapse(products)) + todo
        if len(todo) + len(done) > MAX_TERMS:
            return p
    return collapse(tuple(done))


def _next_sum(t: tm.Term, *, quotients: bool) -> int | None:
    sums = [n for n, (f, e) in enumerate(t.powers) if isinstance(f, tm.Grp) and e > 0 and e.denominator == 1 and e <= 4]
    for n in sums:
        f = t.powers[n][0]
        assert isinstance(f, tm.Grp)
        if any(e < 0 for b in f.body for _, e in b.powers):
            return n
    return sums[0] if sums and not quotients else None


def is_product(p: tm.Poly) -> bool:
    """Whether there is nothing to multiply out or to factor: at most one term, without a protected sum."""
    return len(p) < 2 and not any(isinstance(f, tm.Grp) for t in p for f, _ in t.powers)


def open_deltas(p: tm.Poly) -> tm.Poly:
    """Multiply out the protected sums in which a Kronecker delta binds a summed index."""
    return _opened(p, _holds_delta)


def open_matrices(p: tm.Poly, more_than: int = 1) -> tm.Poly:
    """Multiply out the protected sums that a sum contracts, so that each becomes a product of its own: of those that
    depend on more than one index, or on ``more_than`` that many."""
    return collapse(_opened(p, lambda f, bound: len(f.free) > more_than and not f.free.isdisjoint(bound)))


def _opened(p: tm.Poly, chosen: Callable[[tm.Grp, tuple[tm.Index, ...]], bool]) -> tm.Poly:
    out: list[tm.Term] = []
    todo = list(p)
    while todo:
        t = todo.pop(0)
        for n, (f, e) in enumerate(t.powers):
            if isinstance(f, tm.Grp) and e == 1 and chosen(f, t.bound):
                outer = tm.Term(t.coeff, t.powers[:n] + t.powers[n + 1 :], t.bound)
                todo = [tm.multiply(outer, b) for b in f.body] + todo
                break
        else:
            out.append(t)
    return tuple(out)


def _holds_delta(f: tm.Grp, bound: tuple[tm.Index, ...]) -> bool:
    return any(isinstance(g, tm.Del) and not g.free.isdisjoint(bound) for b in f.body for g, _ in b.powers)


def free_deltas(p: tm.Poly) -> list[tuple[tm.Index, tm.Index]]:
    """The pairs of free indices of which there is a Kronecker delta, also inside protected sums."""
    found: dict[tuple[tm.Index, tm.Index], None] = {}
    for t in p:
        for f, _ in t.powers:
            plain = isinstance(f, tm.Del) and not any(isinstance(i, (tm.Affine, tm.Datum)) for i in (f.a, f.b))
            if isinstance(f, tm.Del) and plain and f.free.isdisjoint(t.bound):
                low, high = tm.in_order((f.a, f.b))
                found.setdefault((low, high))
            elif isinstance(f, tm.Grp):
                found.update(dict.fromkeys(pair for pair in free_deltas(f.body) if t.free.issuperset(pair)))
    return list(found)


def without_delta(p: tm.Poly, pair: tuple[tm.Index, tm.Index]) -> tm.Poly:
    """The sum where the two indices differ: terms with their delta are gone."""

    def inside(f: tm.Factor) -> tm.Factor:
        return tm.Grp(without_delta(f.body, pair)) if isinstance(f, tm.Grp) else f

    return tuple(
        tm.Term(t.coeff, tuple((inside(f), e) for f, e in t.powers), t.bound)
        for t in p
        if not any(isinstance(f, tm.Del) and {f.a, f.b} == set(pair) for f, _ in t.powers)
    )

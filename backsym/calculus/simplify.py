"""Rewrites of terms that keep their value: collapse, expand, fold, factor; and the cost that chooses between forms.

Each rewrite is a function ``Poly -> Poly``; who calls them records the step.  This module must not know about the
backward pass or display.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from backsym.expr import Adj, Expr, Sym

from .terms import (
    Del,
    Dm,
    Ent,
    Exponent,
    Factor,
    Fun,
    Grp,
    Ind,
    Index,
    Key,
    Lam,
    Poly,
    Term,
    factor_key,
    in_order,
    like_key,
    multiply,
    power,
    refresh,
    sub_factor,
    sub_poly,
)

MAX_TERMS = 64
"""Multiplying out stops at this many terms: beyond it the protected sum is the readable form."""


# --- collapse --------------------------------------------------------------------------------------------------------


def collapse(p: Poly, ones: frozenset[str] = frozenset(), *, deltas: bool = True) -> Poly:
    """Collapse to a fixpoint: merge powers, eliminate deltas and idle sums, add like terms.

    ``ones`` names the tensors whose sum along the last axis is one.  That holds for values only, so it is given for
    adjoints and never for an expression that is still to be differentiated.  With ``deltas=False`` Kronecker deltas and
    idle sums stay, for a step that shows them.
    """
    out: list[Term] = []
    for t in p:
        collapsed = _collapse_term(t, ones, deltas)
        if collapsed is not None:
            out.append(collapsed)
    return _dissolve(add_like(tuple(out)), ones, deltas)


def _dissolve(p: Poly, ones: frozenset[str], deltas: bool) -> Poly:
    """A sum that is one protected sum is that sum."""
    if len(p) == 1 and not p[0].bound and len(p[0].powers) == 1:
        (f, e), c = p[0].powers[0], p[0].coeff
        if isinstance(f, Grp) and e == 1 and c == 1:
            return collapse(f.body, ones, deltas=deltas)
    return p


def add_like(p: Poly) -> Poly:
    """x + x -> 2x, x - x -> 0; in order of first appearance."""
    if len(p) < 2:
        return p
    merged: dict[Key, Term] = {}
    for t in p:
        key = like_key(t)
        old = merged.get(key)
        merged[key] = t if old is None else Term(old.coeff + t.coeff, old.powers, old.bound)
    return tuple(t for t in merged.values() if t.coeff != 0)


def _collapse_term(t: Term, ones: frozenset[str], deltas: bool) -> Term | None:
    """The collapsed term, or None where it is zero; a term remembers by which rules it is collapsed already."""
    done: set[tuple[frozenset[str], bool]] = t.__dict__.setdefault("collapsed", set())
    if (ones, deltas) in done:
        return t
    rules = (_merge_powers, _flatten, _cancel_sums, _deltas, _idle_sums) if deltas else (_merge_powers, _flatten)
    while t.coeff:
        for rule in rules:
            new = rule(t, ones)
            if new is not t:
                break
        else:
            if ones:
                new = _sum_to_one(t, ones)
            if new is t:
                t.__dict__.setdefault("collapsed", set()).add((ones, deltas))
                return t
        t = new
    return None


def _flatten(t: Term, ones: frozenset[str]) -> Term:
    """Collapse inside factors; a protected single term joins the product, a number the coefficient."""
    powers: list[tuple[Factor, Exponent]] = []
    joined: list[Term] = []
    coeff = t.coeff
    changed = False
    for f, e in t.powers:
        g = _inside(f, ones)
        changed |= g is not f
        integral = e.denominator == 1
        if isinstance(g, Fun) and g.name == "exp" and g.kind == "elementwise" and not g.order and integral:
            split = _exp_of_logs(g)
            if split is not None:
                rest, factors = split
                powers.extend((h, x * int(e)) for h, x in factors)
                if rest:
                    powers.append((Fun("exp", 0, (Lam((), rest),)), e))
                changed = True
                continue
        if isinstance(g, Ind):
            truth = _decided(g)
            if truth is not None:
                coeff, changed = coeff * int(truth), True
                continue
        if isinstance(g, Grp):
            if not g.body and e > 0:
                return Term(Fraction(0))
            if len(g.body) == 1:
                b = g.body[0]
                if not b.powers and not b.bound and (integral or b.coeff == 1):
                    coeff, changed = coeff * b.coeff ** int(e), True
                    continue
                if integral and (not b.bound or e == 1):
                    n = int(e)
                    joined.append(refresh(Term(b.coeff**n, tuple((h, x * n) for h, x in b.powers), b.bound)))
                    changed = True
                    continue
        powers.append((g, e))
    if not changed:
        return t
    out = Term(coeff, tuple(powers), t.bound)
    for j in joined:
        out = Term(out.coeff * j.coeff, out.powers + j.powers, out.bound + j.bound)
    return out


def _inside(f: Factor, ones: frozenset[str]) -> Factor:
    """The factor with its protected sums and arguments collapsed; the same object where nothing changes."""
    if isinstance(f, Grp):
        body = collapse(f.body, ones)
        return f if _same(body, f.body) else Grp(body)
    if isinstance(f, Fun):
        bodies = [collapse(a.body, ones) for a in f.args]
        if all(_same(b, a.body) for a, b in zip(f.args, bodies, strict=True)):
            return f
        args = tuple(Lam(a.params, b) for a, b in zip(f.args, bodies, strict=True))
        return Fun(f.name, f.order, args, f.out, f.kind)
    if isinstance(f, Ind):
        a, b = collapse(f.a, ones), collapse(f.b, ones)
        return f if _same(a, f.a) and _same(b, f.b) else Ind(f.op, a, b)
    return f


def _exp_of_logs(f: Fun) -> tuple[Poly, list[tuple[Factor, Exponent]]] | None:
    """exp(p + n log u) = exp(p) u^n: what is left of p, and the powers; None without such a logarithm."""
    rest: list[Term] = []
    out: list[tuple[Factor, Exponent]] = []
    for t in f.args[0].body:
        single = len(t.powers) == 1 and not t.bound and t.coeff.denominator == 1 and t.powers[0][1] == 1
        g = t.powers[0][0] if single else None
        if isinstance(g, Fun) and g.name == "log" and not g.order:
            out.extend(power(g.args[0].body, int(t.coeff))[0].powers if _plain(g.args[0].body) else
                       [(Grp(g.args[0].body), int(t.coeff))])
        else:
            rest.append(t)
    return (tuple(rest), out) if out else None


def _plain(p: Poly) -> bool:
    return len(p) == 1 and p[0].coeff == 1 and not p[0].bound


def _same(p: Poly, q: Poly) -> bool:
    return len(p) == len(q) and all(a is b for a, b in zip(p, q, strict=True))


_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _decided(f: Ind) -> bool | None:
    """The truth of a comparison of two numbers."""
    sides = []
    for p in (f.a, f.b):
        if len(p) > 1 or (p and (p[0].powers or p[0].bound)):
            return None
        sides.append(p[0].coeff if p else Fraction(0))
    return _COMPARE[f.op](sides[0], sides[1])


def _cancel_sums(t: Term, ones: frozenset[str]) -> Term:
    """(sum over k of u_k) / (sum over k of u_k) = 1, where the upper sum has become part of the term."""
    if not t.bound:
        return t
    for n, (g, e) in enumerate(t.powers):
        if not (isinstance(g, Grp) and e < 0 and len(g.body) == 1 and len(g.body[0].bound) == 1):
            continue
        below = g.body[0]
        for k in t.bound:
            if k.dim != below.bound[0].dim or k in g.free:
                continue
            above = tuple((f, x) for f, x in t.powers if k in f.free)
            if len(above) == len(below.powers) and like_key(Term(Fraction(1), above, (k,))) == like_key(below):
                powers = tuple(
                    (f, x + 1 if m == n else x) for m, (f, x) in enumerate(t.powers) if k not in f.free
                )
                kept = tuple((f, x) for f, x in powers if x != 0)
                return Term(t.coeff / below.coeff, kept, tuple(b for b in t.bound if b != k))
    return t


def _merge_powers(t: Term, ones: frozenset[str]) -> Term:
    """x^a x^b -> x^(a+b); x^0 -> 1; an indicator or a delta is its own square."""
    if len(t.powers) < 2 and not any(isinstance(f, (Del, Ind)) and e != 1 for f, e in t.powers):
        return t
    merged: dict[Key, tuple[Factor, Exponent]] = {}
    for f, e in t.powers:
        key = factor_key(f)
        if key in merged:
            first, total = merged[key]
            merged[key] = (first, total + e)
        else:
            merged[key] = (f, e)
    powers: list[tuple[Factor, Exponent]] = []
    for f, e in merged.values():
        if isinstance(f, (Del, Ind)) and e > 0:
            powers.append((f, 1 if e != 1 else e))
        elif e != 0:
            powers.append((f, e))
    unchanged = len(powers) == len(t.powers) and all(a[1] == b[1] for a, b in zip(powers, t.powers, strict=True))
    return t if unchanged else Term(t.coeff, tuple(powers), t.bound)


def _deltas(t: Term, ones: frozenset[str]) -> Term:
    """delta(i, i) = 1; a delta with a bound index substitutes the other index for it and unbinds it."""
    for n, (f, _) in enumerate(t.powers):
        if not isinstance(f, Del):
            continue
        rest = t.powers[:n] + t.powers[n + 1 :]
        if f.a == f.b or f.a.dim == 1:
            return Term(t.coeff, rest, t.bound)
        if f.a.fixed and f.b.fixed:
            return Term(Fraction(0))
        for gone, kept in ((f.b, f.a), (f.a, f.b)):
            if gone in t.bound:
                m = {gone: kept}
                bound = tuple(b for b in t.bound if b != gone)
                return Term(t.coeff, tuple((sub_factor(g, m), e) for g, e in rest), bound)
    return t


def _idle_sums(t: Term, ones: frozenset[str]) -> Term:
    """A sum over an index that nothing mentions counts its dimension."""
    for b in t.bound:
        if b not in t.used:
            bound = tuple(x for x in t.bound if x != b)
            if isinstance(b.dim, int):
                return Term(t.coeff * b.dim, t.powers, bound)
            return Term(t.coeff, ((Dm(b.dim), 1), *t.powers), bound)
    return t


def _sum_to_one(t: Term, ones: frozenset[str]) -> Term:
    """The sum of a tensor over its last axis is 1, where nothing else depends on that index."""
    for n, (f, e) in enumerate(t.powers):
        if not (isinstance(f, Ent) and isinstance(f.base, Sym) and f.base.name in ones and e == 1 and f.idx):
            continue
        last = f.idx[-1]
        if last not in t.bound or last in f.idx[:-1]:
            continue
        rest = t.powers[:n] + t.powers[n + 1 :]
        if any(last in g.free for g, _ in rest):
            continue
        return Term(t.coeff, rest, tuple(b for b in t.bound if b != last))
    return t


# --- expand ----------------------------------------------------------------------------------------------------------


def expand(p: Poly, ones: frozenset[str] = frozenset()) -> Poly:
    """Multiply protected sums out, one at a time, collapsing in between.

    A sum that holds reciprocals goes first, so that they meet the factors that they cancel before those are multiplied
    out themselves.  The unexpanded form is returned where the result would exceed MAX_TERMS.
    """
    done: list[Term] = []
    todo = list(collapse(p, ones))
    while todo:
        t = todo.pop(0)
        n = _next_sum(t)
        if n is None:
            done.append(t)
            continue
        f, e = t.powers[n]
        assert isinstance(f, Grp)
        rest = t.powers[:n] + t.powers[n + 1 :]
        left: tuple[tuple[Factor, Exponent], ...] = ((f, e - 1),) if e > 1 else ()
        outer = Term(t.coeff, rest + left, t.bound)
        products = tuple(multiply(outer, b) for b in f.body)
        todo = list(collapse(products, ones)) + todo
        if len(todo) + len(done) > MAX_TERMS:
            return p
    return collapse(tuple(done), ones)


def _next_sum(t: Term) -> int | None:
    sums = [n for n, (f, e) in enumerate(t.powers) if isinstance(f, Grp) and e > 0 and e.denominator == 1 and e <= 4]
    for n in sums:
        f = t.powers[n][0]
        assert isinstance(f, Grp)
        if any(e < 0 for b in f.body for _, e in b.powers):
            return n
    return sums[0] if sums else None


def is_product(p: Poly) -> bool:
    """Whether there is nothing to multiply out or to factor: at most one term, without a protected sum."""
    return len(p) < 2 and not any(isinstance(f, Grp) for t in p for f, _ in t.powers)


def open_deltas(p: Poly) -> Poly:
    """Multiply out the protected sums in which a Kronecker delta binds a summed index."""
    return _opened(p, _holds_delta)


def open_matrices(p: Poly) -> Poly:
    """Multiply out the protected sums of matrices that a sum contracts, so that each becomes a product of its own."""
    return collapse(_opened(p, lambda f, bound: len(f.free) > 1 and not f.free.isdisjoint(bound)))


def _opened(p: Poly, chosen: Callable[[Grp, tuple[Index, ...]], bool]) -> Poly:
    out: list[Term] = []
    todo = list(p)
    while todo:
        t = todo.pop(0)
        for n, (f, e) in enumerate(t.powers):
            if isinstance(f, Grp) and e == 1 and chosen(f, t.bound):
                outer = Term(t.coeff, t.powers[:n] + t.powers[n + 1 :], t.bound)
                todo = [multiply(outer, b) for b in f.body] + todo
                break
        else:
            out.append(t)
    return tuple(out)


def _holds_delta(f: Grp, bound: tuple[Index, ...]) -> bool:
    return any(isinstance(g, Del) and not g.free.isdisjoint(bound) for b in f.body for g, _ in b.powers)


def free_deltas(p: Poly) -> list[tuple[Index, Index]]:
    """The pairs of free indices of which there is a Kronecker delta, also inside protected sums."""
    found: dict[tuple[Index, Index], None] = {}
    for t in p:
        for f, _ in t.powers:
            if isinstance(f, Del) and f.free.isdisjoint(t.bound):
                low, high = in_order((f.a, f.b))
                found.setdefault((low, high))
            elif isinstance(f, Grp):
                found.update(dict.fromkeys(pair for pair in free_deltas(f.body) if t.free.issuperset(pair)))
    return list(found)


def without_delta(p: Poly, pair: tuple[Index, Index]) -> Poly:
    """The sum where the two indices differ: terms with their delta are gone."""

    def inside(f: Factor) -> Factor:
        return Grp(without_delta(f.body, pair)) if isinstance(f, Grp) else f

    return tuple(
        Term(t.coeff, tuple((inside(f), e) for f, e in t.powers), t.bound)
        for t in p
        if not any(isinstance(f, Del) and {f.a, f.b} == set(pair) for f, _ in t.powers)
    )


# --- factor ----------------------------------------------------------------------------------------------------------


def factor(p: Poly) -> Poly:
    """ax + ay -> a(x + y): what every term shares, in front of a protected sum."""
    if len(p) < 2:
        return p
    tables = [{factor_key(f): (f, e) for f, e in t.powers} for t in p]
    shared: list[tuple[Factor, Exponent]] = []
    taken: dict[Key, Exponent] = {}
    bound = frozenset(b for t in p for b in t.bound)
    for key, (f, _) in tables[0].items():
        exponents = [table[key][1] for table in tables if key in table]
        if len(exponents) < len(p) or not f.free.isdisjoint(bound):
            continue
        if all(x > 0 for x in exponents):
            common = min(exponents)
        elif all(x < 0 for x in exponents):
            common = max(exponents)
        else:
            continue
        shared.append((f, common))
        taken[key] = common
    size = abs(p[0].coeff)
    c = size if all(abs(t.coeff) == size for t in p) else Fraction(1)
    if not shared and c == 1:
        return p
    rest = []
    for t in p:
        powers = [(f, e - taken.get(factor_key(f), 0)) for f, e in t.powers]
        rest.append(Term(t.coeff / c, tuple((f, e) for f, e in powers if e != 0), t.bound))
    return (Term(c, (*shared, (Grp(tuple(rest)), 1))),)


# --- fold ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Definition:
    """What an array is, entry by entry: ``node[params] = coeff * product of powers``.

    Folding turns the product back into an entry of the array: of a node, or of a function that the author wrote.
    """

    node: Expr
    params: tuple[Index, ...]
    term: Term


def definition_of(node: Expr, params: tuple[Index, ...], body: Poly) -> Definition | None:
    """The definition of a node, if it is a product to which terms can be folded back."""
    if len(body) != 1:
        return None
    t = body[0]
    plain = isinstance(t.powers[0][0], Ent) and t.powers[0][1] == 1 if len(t.powers) == 1 else False
    covered = frozenset(params) >= t.free and t.free >= frozenset(i for i in params if not i.fixed)
    if t.bound or not t.powers or plain or not covered:
        return None
    return Definition(node, params, t)


def fold(p: Poly, definition: Definition) -> Poly:
    """Replace what equals an entry of the array by that entry, wherever that makes the expression simpler."""
    if not p:
        return p
    folded = tuple(_fold_term(t, definition) for t in p)
    return folded if cost(folded) < cost(p) else p


def _fold_term(t: Term, d: Definition) -> Term:
    powers = tuple((_fold_inside(f, d), e) for f, e in t.powers)
    t = Term(t.coeff, powers, t.bound)
    candidates = in_order(t.used)
    slots = [i for i in d.params if not i.fixed]
    options = [[c for c in candidates if c.dim == i.dim] for i in slots]
    for choice in itertools.product(*options):
        m = dict(zip(slots, choice, strict=True))
        t = _fold_at(t, d, m)
    return t


def _fold_at(t: Term, d: Definition, m: dict[Index, Index]) -> Term:
    have = {factor_key(f): (n, f, e) for n, (f, e) in enumerate(t.powers)}
    # Two factors of the definition may be one here: x_j x_k at j = k is x_j squared.
    wanted: dict[Key, Exponent] = {}
    for g, q in d.term.powers:
        key = factor_key(sub_factor(g, m))
        if key not in have:
            return t
        wanted[key] = wanted.get(key, 0) + q
    if not all(wanted.values()):
        return t
    whole = [int(have[key][2] / Fraction(q)) for key, q in wanted.items()]
    if all(r > 0 for r in whole):
        times = min(whole)
    elif all(r < 0 for r in whole):
        times = max(whole)
    else:
        return t
    used = {key: q * times for key, q in wanted.items()}
    first = min(have[key][0] for key in used)
    powers: list[tuple[Factor, Exponent]] = []
    for n, (f, e) in enumerate(t.powers):
        if n == first:
            place = min(have[key][1].order_pos for key in used)
            powers.append((Ent(d.node, tuple(m.get(i, i) for i in d.params), place), times))
        e = e - used.get(factor_key(f), 0)
        if e != 0:
            powers.append((f, e))
    merged = Term(t.coeff / d.term.coeff**times, tuple(powers), t.bound)
    return _merge_powers(merged, frozenset())


def _fold_inside(f: Factor, d: Definition) -> Factor:
    if isinstance(f, Grp):
        body = fold(f.body, d)
        return f if body is f.body else Grp(body)
    return f


# --- replacing -------------------------------------------------------------------------------------------------------


def inline_adjoint(p: Poly, name: str, params: tuple[Index, ...], body: Poly) -> Poly:
    """Put the known adjoint ``dL/dname[params] = body`` in place of its name."""

    def term(t: Term) -> Term:
        for n, (f, e) in enumerate(t.powers):
            if isinstance(f, Ent) and isinstance(f.base, Adj) and f.base.name == name and e == 1:
                m = {a: b for a, b in zip(params, f.idx, strict=True) if not a.fixed}
                value = sub_poly(body, m)
                rest = Term(t.coeff, t.powers[:n] + t.powers[n + 1 :], t.bound)
                if not value:
                    return Term(Fraction(0))
                if len(value) == 1:
                    return multiply(rest, value[0])
                return Term(rest.coeff, (*t.powers[:n], (Grp(value), 1), *t.powers[n + 1 :]), t.bound)
        return t

    return tuple(term(t) for t in p)


# --- cost ------------------------------------------------------------------------------------------------------------


def cost(p: Poly) -> int:
    """How much there is to read: factors, exponents, sum signs, additions."""
    return sum(term_cost(t) for t in p) + max(0, len(p) - 1)


def term_cost(t: Term) -> int:
    known: int | None = t.__dict__.get("cost")
    if known is None:
        total = len(t.bound) + sum(_factor_cost(f, e) for f, e in t.powers)
        known = t.__dict__["cost"] = total + (1 if t.coeff not in (1, -1) or not t.powers else 0)
    return known


def _factor_cost(f: Factor, e: Exponent) -> int:
    raised = 0 if abs(e) == 1 else 1
    if isinstance(f, Grp):
        return cost(f.body) + raised
    if isinstance(f, Fun):
        return 1 + sum(cost(a.body) for a in f.args) + raised
    if isinstance(f, Ind):
        return 1 + cost(f.a) + cost(f.b)
    return 1 + raised


def cheapest(candidates: Sequence[Poly]) -> int:
    """Position of the cheapest form; the first one wins a tie."""
    costs = [cost(c) for c in candidates]
    return costs.index(min(costs))

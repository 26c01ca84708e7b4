"""Forms of an expression that are easier to read: common factors, signs, names folded back; and what a form costs.

Each rewrite is a function ``Poly -> Poly`` that keeps the value; who calls them records the step.  This module must not
know about the backward pass or display.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from backsym.calculus import terms as tm
from backsym.calculus.simplify import collapse, expand, merge_powers, open_deltas, open_matrices
from backsym.core.allowance import spend
from backsym.core.expr import Adj, Expr, is_symmetric
from backsym.core.lazy import lazy

# --- factor ----------------------------------------------------------------------------------------------------------


def factor(p: tm.Poly) -> tm.Poly:
    """ax + ay -> a(x + y): what every term shares, in front of a protected sum; within protected sums, too."""
    spend(5 * tm.KEY * sum(1 + len(t.powers) for t in p))
    p = tuple(_factor_inside(t) for t in p)
    if len(p) < 2:
        return p
    together = _under_one_sum(p)
    if together is not None:
        return together
    tables = [{tm.factor_key(f): (f, e) for f, e in t.powers} for t in p]
    shared: list[tuple[tm.Factor, tm.Exponent]] = []
    taken: dict[tm.Key, tm.Exponent] = {}
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
        powers = [(f, e - taken.get(tm.factor_key(f), 0)) for f, e in t.powers]
        rest.append(tm.Term(t.coeff / c, tuple((f, e) for f, e in powers if e != 0), t.bound))
    return (tm.Term(c, (*shared, (tm.Grp(tuple(rest)), 1))),)


def _under_one_sum(p: tm.Poly) -> tm.Poly | None:
    """sum_k x_k a_k + sum_k y_k a_k -> sum_k (x_k + y_k) a_k, where some factor with the summed index is shared."""
    k = p[0].bound[0] if len(p[0].bound) == 1 else None
    if k is None or any(len(t.bound) != 1 or t.bound[0].dim != k.dim for t in p):
        return None
    opened = [tm.Term(t.coeff, tuple((tm.sub_factor(f, {t.bound[0]: k}), e) for f, e in t.powers)) for t in p]
    keys = [{tm.factor_key(f) for f, e in t.powers if e > 0 and k in f.free} for t in opened]
    if not set.intersection(*keys):
        return None
    (t,) = factor(tuple(opened))
    return (tm.Term(t.coeff, t.powers, (k,)),)


def _factor_inside(t: tm.Term) -> tm.Term:
    """Protected sums whose own terms share factors, where that is cheaper."""
    for n, (f, e) in enumerate(t.powers):
        if not isinstance(f, tm.Grp):
            continue
        body = factor(f.body)
        if tm.cost(body) >= tm.cost(f.body):
            continue
        rest = t.powers[:n] + t.powers[n + 1 :]
        if len(body) == 1 and e == 1:
            return _factor_inside(merge_powers(tm.multiply(tm.Term(t.coeff, rest, t.bound), body[0]), frozenset()))
        return _factor_inside(tm.Term(t.coeff, (*t.powers[:n], (tm.Grp(body), e), *t.powers[n + 1 :]), t.bound))
    return t


def gather(p: tm.Poly) -> tm.Poly:
    """sum_k a_k w_k - sum_k sum_j a_k p_j w_j -> sum_k w_k (a_k - p_k sum_j a_j): terms that share factors once the
    summed indices of one of them are renamed, where it has further ones.

    Terms of different derivatives of the loss stay apart, because they belong to different paths.
    """
    if not 1 < len(p) <= _MOST_GATHERED:
        return p
    todo = sorted((merge_powers(t, frozenset()) for t in p), key=lambda t: len(t.bound))
    if len(todo[0].bound) == len(todo[-1].bound):
        return p
    return _paired(p, todo, _joined)


def _paired(p: tm.Poly, terms: list[tm.Term], join: Callable[[tm.Term, tm.Term], tm.Term | None]) -> tm.Poly:
    """The sum of the terms, of which pairs are one where ``join`` says so; ``p`` itself, their sum, if none is."""
    out: list[tm.Term] = []
    todo = list(terms)
    while todo:
        t = todo.pop(0)
        for n, other in enumerate(todo):
            joined = join(t, other)
            if joined is not None:
                t = joined
                del todo[n]
                break
        out.append(t)
    return tuple(out) if len(out) < len(p) else p


_MOST_GATHERED = 8
"""More terms are not compared pair by pair."""


def _joined(t: tm.Term, other: tm.Term) -> tm.Term | None:
    """Both terms as one, under the sums of the first."""
    if not 0 < len(t.bound) < len(other.bound) <= 4 or _adjoints(t) != _adjoints(other):
        return None
    other = tm.refresh(other)
    table = {tm.factor_key(f): e for f, e in t.powers}
    best: tuple[tuple[int, int], dict[tm.Key, tm.Exponent], tm.Term, tuple[tm.Index, ...]] | None = None
    for chosen in itertools.permutations(other.bound, len(t.bound)):
        if any(a.dim != b.dim for a, b in zip(chosen, t.bound, strict=True)):
            continue
        m = dict(zip(chosen, t.bound, strict=True))
        renamed = tm.Term(other.coeff, tuple((tm.sub_factor(f, m), e) for f, e in other.powers))
        same = [(f, e) for f, e in renamed.powers if table.get(tm.factor_key(f)) == e]
        shared = {tm.factor_key(f): e for f, e in same}
        summed = [(f, e) for f, e in same if not f.free.isdisjoint(t.bound)]
        if len(summed) < (1 if _adjoints(t) else 2):
            continue
        # What is left in the sum should depend on few indices, so that it is no more than a matrix.
        left = [f for u in (t, renamed) for f, _ in u.powers if tm.factor_key(f) not in shared]
        width = len(frozenset().union(*(f.free for f in left)) - frozenset(other.bound))
        value = sum(tm.factor_cost(f, e) for f, e in summed), -width
        if best is None or value > best[0]:
            best = value, shared, renamed, chosen
    if best is None:
        return None
    _, shared, renamed, chosen = best
    extra = tuple(b for b in other.bound if b not in chosen)
    size = abs(t.coeff) if abs(t.coeff) == abs(other.coeff) else Fraction(1)
    rest = (_without(t, shared, size, ()), _without(renamed, shared, size, extra))
    front = tuple((f, e) for f, e in t.powers if tm.factor_key(f) in shared)
    return tm.Term(size, (*front, (tm.Grp(rest), 1)), t.bound)


def _without(t: tm.Term, shared: Mapping[tm.Key, tm.Exponent], size: Fraction, bound: tuple[tm.Index, ...]) -> tm.Term:
    return tm.Term(t.coeff / size, tuple((f, e) for f, e in t.powers if tm.factor_key(f) not in shared), bound)


def _adjoints(t: tm.Term) -> frozenset[str]:
    """The derivatives of the loss in a product."""
    return frozenset(f.base.name for f, _ in t.powers if isinstance(f, tm.Ent) and isinstance(f.base, Adj))


def multiplied_out(p: tm.Poly) -> tuple[tm.Poly, ...]:
    """Equal forms in which a matrix may be easier to read: multiplied out in part or in full, or gathered again."""
    grown = expand(p)
    gathered = gather(grown)
    return (open_matrices(p, 2), open_matrices(p), grown, *(() if gathered is grown else (gathered,)))


# --- rewriting signs -------------------------------------------------------------------------------------------------


def positive_sums(p: tm.Poly) -> tm.Poly:
    """(-a - b) c -> -(a + b) c: a protected sum is not negative throughout."""
    out = tuple(_positive_sums(t) for t in p)
    return p if all(a is b for a, b in zip(out, p, strict=True)) else out


def _positive_sums(t: tm.Term) -> tm.Term:
    coeff, powers = t.coeff, list(t.powers)
    for n, (f, e) in enumerate(powers):
        if isinstance(f, tm.Grp) and len(f.body) == 1 and e == 1:
            rest = tm.Term(coeff, (*powers[:n], *powers[n + 1 :]), t.bound)
            return _positive_sums(merge_powers(tm.multiply(rest, f.body[0]), frozenset()))
        if isinstance(f, tm.Grp) and e.denominator == 1 and f.body and all(b.coeff < 0 for b in f.body):
            powers[n] = (tm.Grp(tuple(tm.Term(-b.coeff, b.powers, b.bound) for b in f.body)), e)
            coeff = -coeff if e.numerator % 2 else coeff
    unchanged = all(a[0] is b[0] for a, b in zip(powers, t.powers, strict=True))
    return t if unchanged else tm.Term(coeff, tuple(powers), t.bound)


def without_minus(p: tm.Poly) -> tm.Poly:
    """-(a - b) -> b - a, where that is all there is."""
    if len(p) == 1 and p[0].coeff == -1 and not p[0].bound and len(p[0].powers) == 1:
        f, e = p[0].powers[0]
        if isinstance(f, tm.Grp) and e == 1 and any(t.coeff < 0 for t in f.body):
            turned = (tm.Term(-t.coeff, t.powers, t.bound) for t in f.body)
            return tuple(sorted(turned, key=lambda t: t.coeff < 0))
    return p


def reflect(p: tm.Poly) -> tm.Poly:
    """1 - sigmoid(-u) -> sigmoid(u), also inside protected sums."""
    out = []
    for t in p:
        powers = tuple((_reflected(f), e) for f, e in t.powers)
        out.append(
            t
            if all(a is b for (a, _), (b, _) in zip(powers, t.powers, strict=True))
            else tm.Term(t.coeff, powers, t.bound)
        )
    if len(out) == 2:
        one = next((t for t in out if not t.powers and not t.bound), None)
        other = next((t for t in out if t is not one and len(t.powers) == 1 and not t.bound), None)
        if one is not None and other is not None and one.coeff == -other.coeff:
            f, e = other.powers[0]
            if isinstance(f, tm.Fun) and f.name == "sigmoid" and not f.order and e == 1:
                body = f.args[0].body
                if body and all(t.coeff < 0 for t in body):
                    positive = tuple(tm.Term(-t.coeff, t.powers, t.bound) for t in body)
                    return (tm.Term(one.coeff, ((tm.Fun("sigmoid", 0, (tm.Lam((), positive),)), 1),)),)
    return p if all(a is b for a, b in zip(out, p, strict=True)) else tuple(out)


def _reflected(f: tm.Factor) -> tm.Factor:
    if not isinstance(f, tm.Grp):
        return f
    body = reflect(f.body)
    return f if body is f.body else tm.Grp(body)


def collected(p: tm.Poly) -> tm.Poly:
    """sum_ij a_i w_ij b_j + sum_ij b_i w_ij a_j -> sum_ij a_i (w_ij + w_ji) b_j: terms that are the same but for one
    factor, once their summed indices exchange their letters."""
    if not 1 < len(p) <= _MOST_GATHERED:
        return p
    return _paired(p, [merge_powers(t, frozenset()) for t in p], _but_for_one)


def _but_for_one(t: tm.Term, other: tm.Term) -> tm.Term | None:
    alike = 1 < len(t.bound) == len(other.bound) <= 3 and len(t.powers) == len(other.powers) > 1
    if not alike or abs(t.coeff) != abs(other.coeff) or _adjoints(t) != _adjoints(other):
        return None
    keys = {tm.factor_key(f): e for f, e in t.powers}
    for chosen in itertools.permutations(t.bound):
        if any(a.dim != b.dim for a, b in zip(other.bound, chosen, strict=True)):
            continue
        m = dict(zip(other.bound, chosen, strict=True))
        renamed = [(tm.sub_factor(f, m), e) for f, e in other.powers]
        theirs = [(f, e) for f, e in renamed if keys.get(tm.factor_key(f)) != e]
        shared = {tm.factor_key(f) for f, e in renamed if keys.get(tm.factor_key(f)) == e}
        own = [(f, e) for f, e in t.powers if tm.factor_key(f) not in shared]
        if len(theirs) != 1 or len(own) != 1 or own[0][0].free != theirs[0][0].free:
            continue
        size = abs(t.coeff)
        both = (tm.Term(t.coeff / size, (own[0],)), tm.Term(other.coeff / size, (theirs[0],)))
        front = tuple((f, e) for f, e in t.powers if tm.factor_key(f) in shared)
        return tm.Term(size, (*front, (tm.Grp(both), 1)), t.bound)
    return None


# --- symmetric matrices ----------------------------------------------------------------------------------------------


def by_symmetry(p: tm.Poly) -> tm.Poly:
    """A_ji -> A_ij of a symmetric matrix, or of its inverse: an index that is free comes first.

    That holds for values only: the entries are free while one differentiates.
    """
    out = tuple(_by_symmetry(t, frozenset(t.free)) for t in p)
    return p if all(a is b for a, b in zip(out, p, strict=True)) else collapse(out)


def _by_symmetry(t: tm.Term, free: frozenset[tm.Index]) -> tm.Term:
    powers = tuple((_ordered(f, free), e) for f, e in t.powers)
    unchanged = all(a[0] is b[0] for a, b in zip(powers, t.powers, strict=True))
    t = t if unchanged else tm.Term(t.coeff, powers, t.bound)
    # Of two summed indices neither is first: the smaller key of the term decides, so that like terms are found.
    for n, (f, e) in enumerate(t.powers):
        places = _places(f)
        if len(places) == 2 and set(places) <= set(t.bound) and _is_symmetric(f):
            turned = tm.Term(t.coeff, (*t.powers[:n], (_at(f, places[::-1]), e), *t.powers[n + 1 :]), t.bound)
            t = turned if tm.like_key(turned) < tm.like_key(t) else t
    return t


def _places(f: tm.Factor) -> tuple[tm.Index, ...]:
    return f.idx if isinstance(f, tm.Ent) else f.out if isinstance(f, tm.Fun) else ()


def _at(f: tm.Factor, places: tuple[tm.Index, ...]) -> tm.Factor:
    if isinstance(f, tm.Ent):
        return tm.Ent(f.base, places, f.pos)
    assert isinstance(f, tm.Fun)
    return tm.Fun(f.name, f.order, f.args, places, f.kind)


def _ordered(f: tm.Factor, free: frozenset[tm.Index]) -> tm.Factor:
    if isinstance(f, tm.Grp):
        body = tuple(_by_symmetry(t, free) for t in f.body)
        return f if all(a is b for a, b in zip(body, f.body, strict=True)) else tm.Grp(body)
    places = _places(f)
    if len(places) != 2 or not _is_symmetric(f):
        return f
    turned = tuple(sorted(places, key=lambda i: (i not in free, i.serial if i in free else 0)))
    return f if turned == places else _at(f, turned)


def _is_symmetric(f: tm.Factor) -> bool:
    """Whether a factor is an entry of a symmetric matrix, or of the inverse of one."""
    if isinstance(f, tm.Ent):
        return is_symmetric(f.base)
    if not isinstance(f, tm.Fun) or f.name != "inv" or len(f.args[0].body) != 1:
        return False
    (t,), params = f.args[0].body, f.args[0].params
    (inner, e), *others = t.powers or ((f, 0),)
    plain = isinstance(inner, tm.Ent) and set(inner.idx) == set(params) and t.coeff == 1 and e == 1 and not others
    return plain and isinstance(inner, tm.Ent) and is_symmetric(inner.base)


# --- fold ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Definition:
    """What an array is, entry by entry: ``node[params] = coeff * product of powers``.

    Folding turns the product back into an entry of the array: of a node, or of a function that the author wrote.
    """

    node: Expr
    params: tuple[tm.Index, ...]
    term: tm.Term

    @lazy
    def heads(self) -> frozenset[tuple[str, str, int]]:
        """What there must be in a product that equals an entry."""
        return frozenset(_head(f) for f, _ in self.term.powers)


def _head(f: tm.Factor) -> tuple[str, str, int]:
    """What stays of a factor whatever its indices are: its kind, its name, and how large it is."""
    named = f.base if isinstance(f, tm.Ent) else f
    return type(f).__name__, str(getattr(named, "name", "")), f.nodes


def definition_of(node: Expr, params: tuple[tm.Index, ...], body: tm.Poly) -> Definition | None:
    """The definition of a node, if it is a product to which terms can be folded back."""
    if len(body) != 1:
        return None
    t = body[0]
    plain = isinstance(t.powers[0][0], tm.Ent) and t.powers[0][1] == 1 if len(t.powers) == 1 else False
    covered = frozenset(params) >= t.free and t.free >= frozenset(i for i in params if not i.fixed)
    if t.bound or not t.powers or plain or not covered:
        return None
    return Definition(node, params, t)


def fold(p: tm.Poly, definition: Definition) -> tm.Poly:
    """Replace what equals an entry of the array by that entry, wherever that makes the expression simpler."""
    if not p:
        return p
    folded = tuple(_fold_term(t, definition) for t in p)
    return folded if tm.cost(folded) < tm.cost(p) else p


def _fold_term(t: tm.Term, d: Definition) -> tm.Term:
    if not d.term.symbols <= t.symbols:
        return t
    powers = tuple([(_fold_inside(f, d), e) for f, e in t.powers])
    if any(g is not f for (g, _), (f, _) in zip(powers, t.powers, strict=True)):
        t = tm.Term(t.coeff, powers, t.bound)
    if not d.heads <= {_head(f) for f, _ in t.powers}:
        return t
    candidates = tm.in_order(t.used)
    slots = [i for i in d.params if not i.fixed]
    options = [[c for c in candidates if c.dim == i.dim] for i in slots]
    for choice in itertools.product(*options):
        m = dict(zip(slots, choice, strict=True))
        t = _fold_at(t, d, m)
    return t


def _fold_at(t: tm.Term, d: Definition, m: dict[tm.Index, tm.Index]) -> tm.Term:
    spend(10 * tm.KEY * (1 + len(t.powers) + len(d.term.powers)))
    have = {tm.factor_key(f): (n, f, e) for n, (f, e) in enumerate(t.powers)}
    # Two factors of the definition may be one here: x_j x_k at j = k is x_j squared.
    wanted: dict[tm.Key, tm.Exponent] = {}
    for g, q in d.term.powers:
        key = tm.factor_key(tm.sub_factor(g, m))
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
    powers: list[tuple[tm.Factor, tm.Exponent]] = []
    for n, (f, e) in enumerate(t.powers):
        if n == first:
            place = min(have[key][1].order_pos for key in used)
            powers.append((tm.Ent(d.node, tuple(m.get(i, i) for i in d.params), place), times))
        e = e - used.get(tm.factor_key(f), 0)
        if e != 0:
            powers.append((f, e))
    merged = tm.Term(t.coeff / d.term.coeff**times, tuple(powers), t.bound)
    return merge_powers(merged, frozenset())


def _fold_inside(f: tm.Factor, d: Definition) -> tm.Factor:
    if isinstance(f, tm.Grp):
        body = fold(f.body, d)
        return f if body is f.body else tm.Grp(body)
    return f


@dataclass(frozen=True)
class Summed:
    """A number that is a sum, ``node = coeff * sizes * sum of powers over index``, such as a mean: N m is that sum."""

    node: Expr
    index: tm.Index
    coeff: Fraction
    sizes: tuple[tuple[tm.Factor, tm.Exponent], ...]
    powers: tuple[tuple[tm.Factor, tm.Exponent], ...]


def summed_of(node: Expr, params: tuple[tm.Index, ...], body: tm.Poly) -> Summed | None:
    """What a node is, if it is a number and one sum over one index."""
    if params or len(body) != 1 or len(body[0].bound) != 1:
        return None
    t, (k,) = body[0], body[0].bound
    inside = tuple((f, e) for f, e in t.powers if k in f.free)
    sizes = tuple((f, e) for f, e in t.powers if k not in f.free)
    if not all(isinstance(f, tm.Dm) for f, _ in sizes):
        return None
    return Summed(node, k, t.coeff, sizes, inside)


def without_sums(p: tm.Poly, known: Summed) -> tm.Poly:
    """The sum multiplied out, with the node in place of the sum that it is: sum_n (x_n - m) vanishes."""
    grown = expand(p)
    out = tuple(_without_sum(t, known) for t in grown)
    if all(a is b for a, b in zip(out, grown, strict=True)):
        return p
    done = collapse(out)
    return done if len(done) < len(grown) else p


def _without_sum(t: tm.Term, known: Summed) -> tm.Term:
    for k in t.bound:
        if k.dim != known.index.dim:
            continue
        theirs = {tm.factor_key(tm.sub_factor(f, {known.index: k})): e for f, e in known.powers}
        inside = [(f, e) for f, e in t.powers if k in f.free]
        if {tm.factor_key(f): e for f, e in inside} != theirs:
            continue
        rest = tuple((f, e) for f, e in t.powers if k not in f.free)
        sizes = tuple((f, -e) for f, e in known.sizes)
        place = min(f.order_pos for f, _ in inside)
        powers = (*sizes, *rest, (tm.Ent(known.node, (), place), 1))
        bound = tuple(b for b in t.bound if b != k)
        return merge_powers(tm.Term(t.coeff / known.coeff, powers, bound), frozenset())
    return t


# --- replacing -------------------------------------------------------------------------------------------------------


def at_shifted(p: tm.Poly, name: str) -> bool:
    """Whether an adjoint stands at a shifted index, where its value may be meant outside of its array."""
    return any(
        isinstance(f, tm.Ent) and isinstance(f.base, Adj) and f.base.name == name and isinstance(i, tm.Affine)
        for t in collapse(open_deltas(p))
        for f, _ in t.powers
        for i in (f.idx if isinstance(f, tm.Ent) else ())
    )


def inline_adjoint(p: tm.Poly, name: str, params: tuple[tm.Index, ...], body: tm.Poly) -> tm.Poly:
    """Put the known adjoint ``dL/dname[params] = body`` in place of its name."""

    def term(t: tm.Term) -> tm.Term:
        for n, (f, e) in enumerate(t.powers):
            if isinstance(f, tm.Ent) and isinstance(f.base, Adj) and f.base.name == name and e == 1:
                m = {a: b for a, b in zip(params, f.idx, strict=True) if not a.fixed}
                value = tm.sub_poly(body, m)
                rest = tm.Term(t.coeff, t.powers[:n] + t.powers[n + 1 :], t.bound)
                if not value:
                    return tm.Term(Fraction(0))
                if len(value) == 1:
                    return tm.multiply(rest, value[0])
                return tm.Term(rest.coeff, (*t.powers[:n], (tm.Grp(value), 1), *t.powers[n + 1 :]), t.bound)
        return t

    return tuple(term(t) for t in p)


# --- cost ------------------------------------------------------------------------------------------------------------


def cheapest(candidates: Sequence[tm.Poly]) -> int:
    """Position of the cheapest form; the first one wins a tie."""
    costs = [tm.cost(c) for c in candidates]
    return costs.index(min(costs))


def neater(a: tm.Poly, b: tm.Poly) -> bool:
    """Whether a form is cheaper, or as cheap with fewer powers: x(1 - x), not x - x^2."""
    gap = tm.cost(a) - tm.cost(b)
    return gap < 0 or (gap == 0 and _powers(a) < _powers(b))


def _powers(p: tm.Poly) -> int:
    inside = sum(_powers(f.body) for t in p for f, _ in t.powers if isinstance(f, tm.Grp))
    return inside + sum(1 for t in p for _, e in t.powers if abs(e) != 1)


def width(p: tm.Poly) -> int:
    """The number of indices that a protected sum depends on, at most."""
    return max((len(f.free) for t in p for f, _ in t.powers if isinstance(f, tm.Grp)), default=0)

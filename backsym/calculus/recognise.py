"""Written-out functions recognised as what they are: 1/(1 + e^-z) is the logistic function of z.

Each rule is an identity of terms, which holds for all real numbers; the step that uses it is evaluated on both sides,
like any other.  This module must not know about the backward pass or display.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from backsym.calculus.simplify import add_like, merge_powers
from backsym.calculus.terms import (
    Exponent,
    Factor,
    Fun,
    Grp,
    Ind,
    Index,
    Lam,
    Poly,
    Term,
    poly_key,
    scale,
)

ONE = Fraction(1)

Powers = tuple[tuple[Factor, Exponent], ...]


def recognised(p: Poly) -> Poly:
    """The sum with its logistic functions, hyperbolic tangents and softplus by name; itself if it has none."""
    out = tuple(_term(t) for t in p)
    return p if all(a is b for a, b in zip(out, p, strict=True)) else out


def _term(t: Term) -> Term:
    powers = tuple((_inside(f), e) for f, e in t.powers)
    if any(a[0] is not b[0] for a, b in zip(powers, t.powers, strict=True)):
        t = Term(t.coeff, powers, t.bound)
    while (found := next(_quotients(t.powers), None)) is not None:
        t = merge_powers(Term(t.coeff, found, t.bound), frozenset())
    return t


def _inside(f: Factor) -> Factor:
    if isinstance(f, Grp):
        body = recognised(f.body)
        return f if body is f.body else Grp(body)
    if isinstance(f, Ind):
        a, b = recognised(f.a), recognised(f.b)
        return f if a is f.a and b is f.b else Ind(f.op, a, b)
    if not isinstance(f, Fun):
        return f
    bodies = [recognised(a.body) for a in f.args]
    if any(b is not a.body for a, b in zip(f.args, bodies, strict=True)):
        args = tuple(Lam(a.params, b) for a, b in zip(f.args, bodies, strict=True))
        f = Fun(f.name, f.order, args, f.out, f.kind)
    if f.name == "log" and not f.order and (u := _one_and_exp(f.args[0].body)) is not None:
        return _named("softplus", u)  # log(1 + e^u)
    return f


def _quotients(powers: Powers) -> Iterator[Powers]:
    """The powers with a quotient of exponentials, or of the hyperbolic sine and cosine, by its name."""
    for n, (f, e) in enumerate(powers):
        if e >= 0 or e.denominator != 1:
            continue
        rest = powers[:n] + powers[n + 1 :]
        left: Powers = ((f, e + 1),) if e != -1 else ()
        for m, (g, x) in enumerate(rest):
            name = _of_quotient(g, f) if x >= 1 else None
            if name is not None:
                kept: Powers = ((g, x - 1),) if x != 1 else ()
                yield (*rest[:m], (name, 1), *kept, *rest[m + 1 :], *left)
        if isinstance(f, Grp) and (u := _one_and_exp(f.body)) is not None:  # 1 / (1 + e^u)
            yield (*rest, (_named("sigmoid", scale(u, -1)), 1), *left)


@dataclass(frozen=True)
class _Pair:
    """a e^u + b e^v: the coefficients, and the exponents, of which that of a number is nothing."""

    coefficients: tuple[Fraction, Fraction]
    exponents: tuple[Poly, Poly]

    def is_difference(self, u: Poly, v: Poly) -> bool:
        """Whether it is e^u - e^v."""
        (a, b), (first, second) = self.coefficients, self.exponents
        if (a, b) == (-ONE, ONE):
            first, second = second, first
        return {a, b} == {ONE, -ONE} and _same(first, u) and _same(second, v)


def _exponentials(p: Poly) -> _Pair | None:
    """The two exponentials of which a sum is made; a number is one of zero."""
    if len(p) != 2:
        return None
    u, v = (_exponential(t) if t.powers or t.bound else () for t in p)
    if u is None or v is None or (not u and not v):
        return None
    return _Pair((p[0].coeff, p[1].coeff), (u, v))


def _of_quotient(over: Factor, under: Factor) -> Fun | None:
    """e^u / (e^u + e^v) is the logistic function of u - v, (e^u - e^v) / (e^u + e^v) the hyperbolic tangent of half of
    it, and sinh u / cosh u that of u."""
    pair = _exponentials(under.body) if isinstance(under, Grp) else None
    if pair is None:
        sides = [_argument(over, "sinh"), _argument(under, "cosh")]
        return _named("tanh", sides[1]) if sides[1] is not None and _same(sides[0], sides[1]) else None
    if pair.coefficients != (ONE, ONE):
        return None
    u, v = pair.exponents
    above = _exponentials(over.body) if isinstance(over, Grp) else None
    for one, other in ((u, v), (v, u)):
        if one and _same(_argument(over, "exp"), one):
            return _named("sigmoid", _difference(one, other))
        if above is not None and above.is_difference(one, other):
            return _named("tanh", scale(_difference(one, other), Fraction(1, 2)))
    return None


def _argument(f: Factor, name: str) -> Poly | None:
    """u of a function of u."""
    return f.args[0].body if isinstance(f, Fun) and f.name == name and not f.order else None


def _difference(u: Poly, v: Poly) -> Poly:
    return add_like(u + scale(v, -1))


def _named(name: str, u: Poly) -> Fun:
    return Fun(name, 0, (Lam((), u),))


def _same(a: Poly | None, b: Poly) -> bool:
    return a is not None and poly_key(a) == poly_key(b)


def _exponential(t: Term) -> Poly | None:
    """u of e^u, with any number in front."""
    if len(t.powers) != 1 or t.bound:
        return None
    f, e = t.powers[0]
    return _argument(f, "exp") if e == 1 else None


def _one_and_exp(p: Poly) -> Poly | None:
    """u of 1 + e^u."""
    pair = _exponentials(p)
    if pair is None or pair.coefficients != (ONE, ONE) or () not in pair.exponents:
        return None
    return next(u for u in pair.exponents if u)


def normalisers(p: Poly) -> Iterator[tuple[Index, Poly]]:
    """The index k, and u, of each sum over k of e^u that divides or whose logarithm is taken, inside factors, too."""
    for t in p:
        for f, e in t.powers:
            if isinstance(f, Grp) and e < 0:
                yield from _sum_of_exponentials(f.body)
            if isinstance(f, Fun) and f.name == "log" and not f.order:
                yield from _sum_of_exponentials(f.args[0].body)
            bodies = (
                (f.body,) if isinstance(f, Grp) else [a.body for a in f.args] if isinstance(f, Fun) else
                (f.a, f.b) if isinstance(f, Ind) else ()
            )  # fmt: skip
            for body in bodies:
                yield from normalisers(body)


def _sum_of_exponentials(p: Poly) -> Iterator[tuple[Index, Poly]]:
    if len(p) == 1 and len(p[0].bound) == 1 and p[0].coeff == 1:
        (k,) = p[0].bound
        u = _exponential(Term(Fraction(1), p[0].powers))
        if u is not None:
            yield k, u

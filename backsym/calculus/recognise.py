"""Written-out functions recognised as what they are: 1/(1 + e^-z) is the logistic function of z.

Each rule is an identity of terms, which holds for all real numbers; the step that uses it is evaluated on both sides,
like any other.  This module must not know about the backward pass or display.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from backsym.calculus.simplify import merge_powers
from backsym.calculus.terms import (
    Exponent,
    Factor,
    Fun,
    Grp,
    Ind,
    Lam,
    Poly,
    Term,
    poly_key,
    scale,
)

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
    for n, (f, e) in enumerate(powers):
        if not isinstance(f, Grp) or e >= 0 or e.denominator != 1:
            continue
        rest = powers[:n] + powers[n + 1 :]
        left: Powers = ((f, e + 1),) if e != -1 else ()
        if (u := _one_and_exp(f.body)) is not None:
            yield _logistic(rest, left, u)
        elif (u := _plus_and_minus(f.body, 1)) is not None:
            for m, (g, x) in enumerate(rest):
                if isinstance(g, Grp) and x >= 1 and _same(_plus_and_minus(g.body, -1), u):
                    kept: Powers = ((g, x - 1),) if x != 1 else ()
                    yield (*rest[:m], (_named("tanh", u), 1), *kept, *rest[m + 1 :], *left)


def _logistic(rest: Powers, left: Powers, u: Poly) -> Powers:
    """e^u / (1 + e^u) is the logistic function of u, and 1 / (1 + e^u) that of -u."""
    for m, (g, x) in enumerate(rest):
        if isinstance(g, Fun) and g.name == "exp" and not g.order and x >= 1 and _same(g.args[0].body, u):
            kept: Powers = ((g, x - 1),) if x != 1 else ()
            return (*rest[:m], (_named("sigmoid", u), 1), *kept, *rest[m + 1 :], *left)
    return (*rest, (_named("sigmoid", scale(u, -1)), 1), *left)


def _named(name: str, u: Poly) -> Fun:
    return Fun(name, 0, (Lam((), u),))


def _same(a: Poly | None, b: Poly) -> bool:
    return a is not None and poly_key(a) == poly_key(b)


def _exponential(t: Term) -> Poly | None:
    """u of e^u, with any number in front."""
    if len(t.powers) != 1 or t.bound:
        return None
    f, e = t.powers[0]
    return f.args[0].body if isinstance(f, Fun) and f.name == "exp" and not f.order and e == 1 else None


def _one_and_exp(p: Poly) -> Poly | None:
    """u of 1 + e^u."""
    if len(p) != 2:
        return None
    one = next((t for t in p if not t.powers and not t.bound and t.coeff == 1), None)
    other = next((t for t in p if t is not one), None)
    return _exponential(other) if one is not None and other is not None and other.coeff == Fraction(1) else None


def _plus_and_minus(p: Poly, sign: int) -> Poly | None:
    """u of e^u + e^-u, or with the other sign of e^u - e^-u."""
    if len(p) != 2:
        return None
    for a, b in (p, p[::-1]):
        u, v = _exponential(a), _exponential(b)
        if u is not None and v is not None and a.coeff == 1 and b.coeff == sign and _same(v, scale(u, -1)):
            return u
    return None

"""Local derivatives: the partial derivative of a sum of terms by one entry of a symbol.

Product rule over factors, power rule over exponents, chain rule into functions (their derivatives stand in the function
table), and T[J] by T[I] gives the product of Kronecker deltas of J and I.  This module must not know about the backward
pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from backsym.calculus import terms as tm
from backsym.calculus.lower import lower
from backsym.calculus.simplify import collapse
from backsym.core.errors import BacksymError
from backsym.core.expr import Ix, Shape, Started, Sym
from backsym.core.functions import FUNCTIONS, Function
from backsym.core.kinds import RuleTable
from backsym.core.words import say
from backsym.reading.meaning.table_formulas import formula


@dataclass(frozen=True)
class Style:
    """How derivatives of functions are written: abstract functions, and the file's choice for each function."""

    abstract: frozenset[str] = frozenset()
    modes: Mapping[str, str] = field(default_factory=dict)

    def mode(self, name: str) -> str:
        """``prime``, ``by_node`` or ``formula``."""
        if name in self.abstract or name not in FUNCTIONS:
            return "prime"
        return self.modes.get(name, FUNCTIONS[name].show)


def differentiate(p: tm.Poly, name: str, at: tuple[tm.Index, ...], style: Style) -> tm.Poly:
    """d p / d name[at], not yet collapsed."""
    out: list[tm.Term] = []
    for t in p:
        if name not in t.symbols:
            continue
        for n, (f, e) in enumerate(t.powers):
            if name not in f.symbols:
                continue
            others = t.powers[:n] + (((f, e - 1),) if e != 1 else ()) + t.powers[n + 1 :]
            outer = tm.Term(t.coeff * Fraction(e), others, t.bound)
            out.extend(tm.distribute((outer,), _of_factor(f, name, at, style)))
    return tuple(out)


def _of_factor(f: tm.Factor, name: str, at: tuple[tm.Index, ...], style: Style) -> tm.Poly:
    """Product-free part: the derivative of one factor."""
    if isinstance(f, tm.Ent):
        if isinstance(f.base, Started):
            return _of_started(f.base, f.idx, name, at)
        if isinstance(f.base, Sym):
            deltas = [tm.of_factor(tm.Del(j, i)) for j, i in zip(f.idx, at, strict=True) if j != i]
            return tm.product(deltas) if deltas else tm.constant(1)
        raise TypeError(f"cannot differentiate an entry of {type(f.base).__name__}")
    if isinstance(f, tm.Grp):
        return differentiate(f.body, name, at, style)
    if isinstance(f, tm.Fun):
        return _of_function(f, name, at, style)
    if isinstance(f, (tm.Ind, tm.Del, tm.Dm)):
        return ()
    raise TypeError(f"no derivative for {type(f).__name__}")


def _of_started(base: Started, idx: tuple[tm.Index, ...], name: str, at: tuple[tm.Index, ...]) -> tm.Poly:
    """h_i of a recurrence is its member i, or what it starts from: d h_i / d h_0 is delta(i, 0)."""
    found = tm.product([tm.of_factor(tm.Del(j, i)) for j, i in zip(idx, at, strict=True)]) if name == base.name else ()
    first = idx[0]
    letter = first.parts[0][0] if isinstance(first, tm.Affine) and first.parts else first
    after = tm.steps_after(first, letter)
    for back, start in enumerate(base.starts if after is not None else ()):
        position = -back - (after or 0)
        if isinstance(start, Sym) and start.name == name and position >= 1:
            rest = [tm.of_factor(tm.Del(j, i)) for j, i in zip(idx[1:], at, strict=True) if j != i]
            found += tm.product([tm.of_factor(tm.Del(letter, tm.fixed_index(position, letter.dim))), *rest])
    return found


def _of_function(f: tm.Fun, name: str, at: tuple[tm.Index, ...], style: Style) -> tm.Poly:
    """Chain rule: f(u)' = sum over arguments and their entries of (partial of f) * (derivative of u)."""
    rule = derivative.of(f.kind)
    return tuple(t for n, arg in enumerate(f.args) if tm.mentions(arg.body, name) for t in rule(f, n, name, at, style))


derivative: RuleTable[Callable[[tm.Fun, int, str, tuple[tm.Index, ...], Style], Iterable[tm.Term]]] = RuleTable(
    "derivative"
)
"""What a function's n-th argument adds to d f / d name[at], for each kind of function."""


@derivative("elementwise")
def _entrywise(f: tm.Fun, n: int, name: str, at: tuple[tm.Index, ...], style: Style) -> Iterable[tm.Term]:
    outer = _partial(f, n, style)
    return tm.distribute((tm.as_factor(outer),), differentiate(f.args[n].body, name, at, style)) if outer else ()


@derivative("pick")
def _place(f: tm.Fun, n: int, name: str, at: tuple[tm.Index, ...], style: Style) -> Iterable[tm.Term]:
    """The place of the maximum is constant almost everywhere."""
    return () if f.order else _whole(f, n, name, at, style)


@derivative("scalar")
def _abstract(f: tm.Fun, n: int, name: str, at: tuple[tm.Index, ...], style: Style) -> Iterable[tm.Term]:
    if f.order:
        raise BacksymError(say("calculus.second", name=f.name))
    if n:
        # L'(y, t) has no usual counterpart for the second argument, so that none is made up.
        raise BacksymError(say("calculus.second_argument", function=f.name, name=name))
    return _whole(f, n, name, at, style)


def _whole(f: tm.Fun, n: int, name: str, at: tuple[tm.Index, ...], style: Style) -> Iterable[tm.Term]:
    """The derivative of a function of a whole array by one entry of it is called f'."""
    entry = tuple(tm.fresh(i.dim, i.hint) for i in f.args[n].params)
    return _through(f, n, tm.of_factor(tm.Fun(f.name, 1, f.args, entry, f.kind)), entry, name, at, style)


@derivative("matrix")
def _by_formula(f: tm.Fun, n: int, name: str, at: tuple[tm.Index, ...], style: Style) -> Iterable[tm.Term]:
    """By the index formula of the function's signature."""
    entry = tuple(tm.fresh(i.dim, i.hint) for i in f.args[n].params)
    template, own = matrix_template(FUNCTIONS[f.name], n, tuple(tuple(i.dim for i in a.params) for a in f.args))
    slots = {a: b for a, b in zip(own, (*f.out, *entry), strict=True) if not a.fixed}
    values = dict(zip(map(placeholder, FUNCTIONS[f.name].args), f.args, strict=True))
    return _through(f, n, put(tm.sub_poly(template, slots), values), entry, name, at, style)


OUT, IN = ("i", "j"), ("k", "l")
"""The letters of the value's entry and of the argument's in the formulas of signatures."""


@cache
def matrix_template(entry: Function, n: int, shapes: tuple[Shape, ...]) -> tuple[tm.Poly, tuple[tm.Index, ...]]:
    """The derivative of an entry of the value by one of the n-th argument, and the indices of both entries."""
    signature = entry.signature(shapes)
    text = signature.partials[n] if signature else None
    out = signature.shape(shapes) if signature else None
    if text is None or out is None:
        raise BacksymError(say("calculus.argument", name=entry.name, number=n + 1))
    letters = tuple(
        Ix(letter, dim)
        for names, dims in ((OUT, out), (IN, shapes[n]))
        for letter, dim in zip(names, dims, strict=False)
    )
    own = {ix: tm.fresh(ix.dim, ix.letter) for ix in letters}
    arrays = {a: Sym(placeholder(a), shape) for a, shape in zip(entry.args, shapes, strict=True)}
    return collapse(lower(formula(text, arrays, letters), (), own)), tuple(own.values())


def _through(
    f: tm.Fun, n: int, slope: tm.Poly, entry: tuple[tm.Index, ...], name: str, at: tuple[tm.Index, ...], style: Style
) -> Iterable[tm.Term]:
    """The sum over the entries of the n-th argument: the slope by that entry times the entry's derivative."""
    inner = differentiate(tm.instantiate(f.args[n], entry), name, at, style)
    # Both factors share the entry's indices, which are then bound in their product.
    over = tuple(i for i in entry if not i.fixed)
    return (tm.Term(t.coeff, t.powers, over + t.bound) for t in tm.distribute(slope, inner))


def _partial(f: tm.Fun, n: int, style: Style) -> tm.Poly:
    """The partial derivative of an element-wise function by its n-th argument, at its arguments."""
    if style.mode(f.name) == "prime" and n == 0:
        if f.name in FUNCTIONS and not derivative_template(FUNCTIONS[f.name], f.order + 1):
            return ()
        return tm.of_factor(tm.Fun(f.name, f.order + 1, f.args, f.out, f.kind))
    if f.order and n:
        raise BacksymError(say("calculus.mixed", name=f.name))
    template = derivative_template(FUNCTIONS[f.name], f.order + 1) if n == 0 else partial_template(FUNCTIONS[f.name], n)
    names = FUNCTIONS[f.name].args
    return put(template, dict(zip(map(placeholder, names), f.args, strict=True)))


def placeholder(arg: str) -> str:
    """The name that stands for an argument in a template; no problem can declare it."""
    return f"<{arg}>"


@cache
def partial_template(entry: Function, n: int) -> tm.Poly:
    """The formula of the n-th partial derivative, in terms of placeholders; a pure function of the table's entry."""
    if n >= len(entry.partials):
        raise BacksymError(say("calculus.argument", name=entry.name, number=n + 1))
    return collapse(lower(formula(entry.partials[n], {a: Sym(placeholder(a), ()) for a in entry.args})))


@cache
def derivative_template(entry: Function, order: int) -> tm.Poly:
    """The formula of the derivative of some order by the first argument."""
    if order == 1:
        return partial_template(entry, 0)
    first = placeholder(entry.args[0])
    style = Style(modes={entry.name: "formula"})
    return collapse(differentiate(derivative_template(entry, order - 1), first, (), style))


def put(p: tm.Poly, values: Mapping[str, tm.Lam]) -> tm.Poly:
    """Put expressions in place of symbols: the entry of an array in place of the symbol's."""
    out: list[tm.Term] = []
    for t in p:
        if t.symbols.isdisjoint(values):
            out.append(t)
            continue
        pieces: list[tm.Poly] = [tm.constant(t.coeff)]
        for f, e in t.powers:
            if isinstance(f, tm.Ent) and isinstance(f.base, Sym) and f.base.name in values:
                pieces.append(tm.power(tm.instantiate(values[f.base.name], f.idx), e))
            else:
                pieces.append(tm.of_factor(_put_inside(f, values), e))
        out.extend(tm.Term(u.coeff, u.powers, t.bound + u.bound) for u in tm.product(pieces))
    return tuple(out)


def _put_inside(f: tm.Factor, values: Mapping[str, tm.Lam]) -> tm.Factor:
    if f.symbols.isdisjoint(values):
        return f
    if isinstance(f, tm.Grp):
        return tm.Grp(put(f.body, values))
    if isinstance(f, tm.Ind):
        return tm.Ind(f.op, put(f.a, values), put(f.b, values))
    if isinstance(f, tm.Fun):
        return tm.Fun(f.name, f.order, tuple(tm.Lam(a.params, put(a.body, values)) for a in f.args), f.out, f.kind)
    raise TypeError(f"cannot put a value into {type(f).__name__}")

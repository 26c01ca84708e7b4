"""Raising: terms back to an expression at the index level, as it is displayed.

Positive term first; in a product numbers, then adjoints, then the author's order; factors that a sum does not run over
stand outside it.  This module must not know about the backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from backsym.calculus import terms as tm
from backsym.calculus.letters import Letters, Namer
from backsym.core import expr as ex
from backsym.core.allowance import spend
from backsym.core.dims import is_negative
from backsym.core.errors import BacksymError, NoMatrixForm
from backsym.core.kinds import RuleTable
from backsym.core.words import say


def positive_first(p: tm.Poly) -> tm.Poly:
    """a - t, never -t + a: the first positive term leads."""
    if p and p[0].coeff < 0:
        for n, t in enumerate(p):
            if t.coeff > 0:
                return (t, *p[:n], *p[n + 1 :])
    return p


def signed_sum(terms: Sequence[tuple[bool, ex.Expr]]) -> ex.Expr:
    """Sum of (negative, absolute value) pairs."""
    parts = [ex.Neg(e) if negative else e for negative, e in terms]
    return parts[0] if len(parts) == 1 else ex.Add(tuple(parts))


def times(factors: Sequence[ex.Expr]) -> ex.Expr:
    """Product without ones."""
    kept = [f for f in factors if not (isinstance(f, ex.Num) and f.value == 1)]
    if not kept:
        return ex.ONE
    return kept[0] if len(kept) == 1 else ex.Mul(tuple(kept))


def is_adjoint(e: ex.Expr) -> bool:
    """Whether a factor prints as a derivative of the loss: itself a fraction."""
    base = e.base if isinstance(e, (ex.Entry, ex.Member, ex.Pow)) else e
    return isinstance(base, ex.Adj) or (isinstance(base, (ex.Entry, ex.Member)) and isinstance(base.base, ex.Adj))


def total_at(e: ex.Total, at: tuple[ex.Ix, ...]) -> ex.Expr:
    """The entry of a total derivative by one quantity: that of an entry, by an entry."""
    rest = len(e.of.shape)
    if not at:
        return e
    of, by = (entry_at(side, own) for side, own in ((e.of, at[:rest]), (e.by[0], at[rest:])))
    return ex.Total(of, (by,))


def entry_at(e: ex.Expr, at: tuple[ex.Ix, ...]) -> ex.Expr:
    """The entry of an array, or of a member of one."""
    if not at:
        return e
    return ex.Entry(e.base, e.at(at)) if isinstance(e, ex.Member) else ex.Entry(e, at)


def is_number(e: ex.Expr) -> bool:
    """Whether an expression is a number, a size or a product of such."""
    return isinstance(e, (ex.Num, ex.Size)) or (isinstance(e, ex.Mul) and all(map(is_number, e.args)))


def raised_to(e: ex.Expr, exponent: tm.Exponent) -> ex.Expr:
    if exponent == 1:
        return e
    if exponent == Fraction(1, 2):
        return ex.Fn("sqrt", (e,))
    return ex.Pow(e, ex.num(Fraction(exponent)))


def sorted_powers(t: tm.Term) -> list[tuple[tm.Factor, tm.Exponent]]:
    """The factors in the order in which they are displayed."""
    return sorted(t.powers, key=lambda fe: fe[0].order_pos)


def front(
    t: tm.Term, namer: Namer, *, quotient: bool, scalar: bool = False
) -> tuple[ex.Expr, list[ex.Expr], list[ex.Expr]]:
    """What leads a product: the sizes and the coefficient.

    Where there is a ``quotient`` it takes in the coefficient, and the sizes too if it is divided by a ``scalar``.
    Returns the leading expression and what is left for the numerator and the denominator of the quotient.
    """
    c = abs(t.coeff)
    if c == 1 and not any(isinstance(f, tm.Dm) for f, _ in t.powers):
        return ex.ONE, [], []
    above: list[ex.Expr] = []
    below: list[ex.Expr] = []
    for f, e in t.powers:
        if isinstance(f, tm.Dm):
            (above if e > 0 else below).append(raised_to(ex.Size(f.dim), tm.positive(e)))
    number = namer.number(c)
    top, bottom = [ex.num(c.numerator), *above], [ex.num(c.denominator), *below]
    if quotient and scalar and (below or number.text is None):
        return ex.ONE, top, bottom
    if quotient and not below and number.text is None:
        return times(above), top[:1], bottom[:1]
    if not below:
        return times([number, *above]), [], []
    return ex.Div(times(top), times(bottom)), [], []


LARGE = 8
"""A factor with so many factors in it is raised once."""


class Raiser:
    """Raises terms for one derivation; the namer chooses letters for bound indices.

    ``whole`` gives the arrays that a function of whole arrays is of: that is lifting, see ``lift.raiser``.
    """

    def __init__(self, namer: Namer, whole: Callable[[tm.Fun, Letters], tuple[ex.Expr, ...]]):
        self.namer = namer
        self.whole = whole
        self._made: dict[tuple[object, ...], tuple[tm.Factor, ex.Expr]] = {}

    def poly(self, p: tm.Poly, letters: Letters) -> ex.Expr:
        spend(10 * tm.KEY * len(p))
        if not p:
            return ex.ZERO
        return signed_sum([(t.coeff < 0, self.magnitude(t, letters)) for t in positive_first(p)])

    def ix(self, i: tm.Index, letters: Letters) -> ex.Ix:
        if isinstance(i, tm.Affine):
            parts = [(self.ix(j, letters), factor) for j, factor in i.parts]
            return ex.shifted(sorted(parts, key=lambda part: (is_negative(part[1]), part[0].letter)), i.offset, i.dim)
        if isinstance(i, tm.Datum):
            return ex.labelled(i.name, tuple(self.ix(j, letters) for j in i.at), i.dim)
        if i.fixed:
            return ex.Ix(str(-i.serial), i.dim)
        if i not in letters:
            raise BacksymError(say("calculus.no_letter", dim=str(i.dim)))
        return letters[i]

    def magnitude(self, t: tm.Term, letters: Letters) -> ex.Expr:
        """A term without its sign."""
        inner = self.bind(t.bound, letters)
        bound = frozenset(t.bound)
        powers = [(f, e) for f, e in sorted_powers(t) if not isinstance(f, tm.Dm)]
        outside = [(f, e) for f, e in powers if f.free.isdisjoint(bound)]
        inside = [(f, e) for f, e in powers if not f.free.isdisjoint(bound)]
        divisors = [f for f, e in outside if e < 0]
        scalar = all(not f.free for f in divisors)
        lead, above, below = front(t, self.namer, quotient=bool(divisors), scalar=scalar)
        over: list[ex.Expr] = [self.factor(f, e, inner) for f, e in outside if e > 0]
        under: list[ex.Expr] = [self.factor(f, -e, inner) for f, e in outside if e < 0]
        if bound:
            body = self.quotient(
                [self.factor(f, e, inner) for f, e in inside if e > 0],
                [self.factor(f, -e, inner) for f, e in inside if e < 0],
            )
            over.append(ex.IndexReduce("sum", body, tuple(inner[b] for b in t.bound)))
        body = self.quotient([*above, *over], [*below, *under])
        return times([lead, body])

    @staticmethod
    def quotient(over: list[ex.Expr], under: list[ex.Expr]) -> ex.Expr:
        """A quotient without fractions or sums in its numerator: adjoints stand before it, sums after it.

        A factor that still has to be cancelled stands beside the fraction, as it does before one cancels by hand.
        """
        bottom = times(under)
        if bottom == ex.ONE:
            return times(over)
        before = [e for e in over if is_adjoint(e)]
        divided_by_sum = any(isinstance(node, ex.IndexReduce) for node in ex.walk(bottom))
        after: list[ex.Expr] = [] if divided_by_sum else [e for e in over if isinstance(e, ex.IndexReduce)]
        uncancelled = [e for e in over if e in under and e not in before and not is_number(e)]
        if uncancelled:
            beside = [e for e in over if isinstance(e, (ex.Add, ex.IndexReduce)) and e not in before]
            after = [e for e in over if e in uncancelled or e in beside]
        top = times([e for e in over if e not in before and e not in after])
        fraction = ex.Div(top, bottom)
        return times([fraction, *before, *after] if is_number(top) else [*before, fraction, *after])

    def bind(self, bound: tuple[tm.Index, ...], letters: Letters) -> dict[tm.Index, ex.Ix]:
        out = dict(letters)
        for b in bound:
            out[b] = self.namer.letter(b, (ix.letter for ix in out.values()))
        return out

    def factor(self, f: tm.Factor, e: tm.Exponent, letters: Letters) -> ex.Expr:
        """A factor to a positive power."""
        return raised_to(self.base(f, letters), e)

    def base(self, f: tm.Factor, letters: Letters) -> ex.Expr:
        """A factor without its exponent; a large one, which stands in many lines, is made once for the same letters."""
        if f.nodes < LARGE:
            return self._base(f, letters)
        key = (id(f), *((i.serial, ix) for i, ix in letters.items()))
        if key not in self._made:
            self._made[key] = f, self._base(f, letters)  # With the factor, whose identity is then not another's.
        return self._made[key][1]

    def _base(self, f: tm.Factor, letters: Letters) -> ex.Expr:
        if isinstance(f, tm.Ent):
            at = tuple(self.ix(i, letters) for i in f.idx)
            if isinstance(f.base, ex.Member):
                return ex.Entry(f.base.base, f.base.at(at))
            if isinstance(f.base, ex.Total):
                return total_at(f.base, at)
            return ex.Entry(f.base, at) if at else f.base
        if isinstance(f, tm.Del):
            first, second = (f.b, f.a) if isinstance(f.a, tm.Datum) and not isinstance(f.b, tm.Datum) else (f.a, f.b)
            return ex.Delta(self.ix(first, letters), self.ix(second, letters))
        if isinstance(f, tm.Dm):
            return ex.Size(f.dim)
        if isinstance(f, tm.Grp):
            return self.poly(f.body, letters)
        if isinstance(f, tm.Ind):
            return ex.Cmp(f.op, self.poly(f.a, letters), self.poly(f.b, letters))
        if isinstance(f, tm.Fun):
            return self.function(f, letters)
        raise TypeError(f"cannot display {type(f).__name__}")

    def function(self, f: tm.Fun, letters: Letters) -> ex.Expr:
        return raising.of(f.kind)(self, f, letters)


raising: RuleTable[Callable[[Raiser, tm.Fun, Letters], ex.Expr]] = RuleTable("raising")
"""A factor as it is displayed at the index level, for each kind of function."""


@raising("elementwise")
def _entrywise(r: Raiser, f: tm.Fun, letters: Letters) -> ex.Expr:
    args = tuple(r.poly(a.body, letters) for a in f.args)
    return ex.Pow(args[0], args[1]) if f.name == "pow" and not f.order else ex.Fn(f.name, args, f.order, f.kind)


@raising("pick")
def _pick(r: Raiser, f: tm.Fun, letters: Letters) -> ex.Expr:
    inner = r.bind(f.args[0].params, letters)
    body = r.poly(f.args[0].body, inner)
    # Nothing is searched along an axis of length one.
    axes = [n for n, i in enumerate(f.args[0].params) if not inner[i].fixed]
    over = tuple(inner[f.args[0].params[n]] for n in axes)
    if f.order == 0:
        return ex.IndexReduce(f.name, body, over) if over else body
    return ex.IndexPick(f.name, body, over, tuple(r.ix(f.out[n], letters) for n in axes)) if over else ex.ONE


@raising("scalar", "matrix")
def _of_arrays(r: Raiser, f: tm.Fun, letters: Letters) -> ex.Expr:
    try:
        args = r.whole(f, letters)
    except NoMatrixForm as e:
        raise NoMatrixForm(say("reasons.argument", name=f.name, reason=e.words)) from None
    whole = ex.Fn(f.name, args, f.order, f.kind)
    return ex.Entry(whole, tuple(r.ix(i, letters) for i in f.out)) if f.out and whole.shape else whole

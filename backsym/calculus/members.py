"""The form of a derivative for each member of a family: letters along its leading axes, vectors and matrices else.

An index along a dimension that members are numbered by stays a letter: z_nk W_kd summed over k is the entry d of
W^T z_n, and a sum over n stays a sum.  All other indices are lifted as in ``lift``.  This module must not know about
the backward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from backsym.calculus.letters import Letters, Namer
from backsym.calculus.lift import Lifter
from backsym.calculus.raising import times
from backsym.calculus.terms import (
    Affine,
    Datum,
    Del,
    Ent,
    Factor,
    Fun,
    Grp,
    Ind,
    Index,
    Lam,
    Poly,
    Term,
    free_of,
)
from backsym.core.dims import is_negative
from backsym.core.errors import NoMatrixForm
from backsym.core.expr import (
    ONE,
    Adj,
    Delta,
    Dim,
    Entry,
    Expr,
    Fn,
    IndexReduce,
    Ix,
    Label,
    Labels,
    Member,
    OneHot,
    labelled,
    last,
    shifted,
)
from backsym.core.words import say

Axes = tuple[Index, ...]


class MemberLifter(Lifter):
    """Lifts terms in which indices along the dimensions ``family`` stay letters; ``scope`` has those in force."""

    def __init__(self, namer: Namer, family: frozenset[Dim], scope: Mapping[Index, Ix], letters: Letters | None = None):
        super().__init__(namer, letters)
        self.family = family
        self.scope = dict(scope)

    def without_steps(self) -> MemberLifter:
        plain = MemberLifter(self.namer, self.family, self.scope)
        plain._ways = self._ways
        return plain

    def lifted(self, p: Poly, free: Axes) -> Expr:
        """The array along ``free``, none of which is a family's, for each choice of the letters in ``scope``."""
        return self.poly(_opened(p, self.scope, self.family), free)

    def term(self, t: Term, free: Axes) -> Expr:
        """The absolute value of a term; what does not depend on the members stands before the sum over them."""
        over = tuple(b for b in t.bound if b.dim in self.family)
        if not over:
            return super().term(t, free)
        outside = tuple((f, e) for f, e in t.powers if not f.free)
        inside = tuple((f, e) for f, e in t.powers if f.free)
        before, letters = self.scope, self.letters
        own: dict[Index, Ix] = {}
        for b in over:
            taken = [ix.letter for ix in (*before.values(), *own.values(), *(letters or {}).values())]
            own[b] = self.namer.letter(b, taken)
        self.scope = {**before, **own}
        self.letters = None if letters is None else {**letters, **own}
        try:
            powers = tuple((_open(f, own, self.family), e) for f, e in inside)
            rest = tuple(b for b in t.bound if b not in own)
            body = super().term(Term(Fraction(1), powers, rest), free)
        finally:
            self.scope, self.letters = before, letters
        lead = super().term(Term(t.coeff, outside), ()) if outside or abs(t.coeff) != 1 else ONE
        return times([lead, IndexReduce("sum", body, tuple(own.values()))])


def _opened(p: Poly, letters: Mapping[Index, Ix], family: frozenset[Dim]) -> Poly:
    return tuple(Term(t.coeff, tuple((_open(f, letters, family), e) for f, e in t.powers), t.bound) for t in p)


def _open(f: Factor, letters: Mapping[Index, Ix], family: frozenset[Dim]) -> Factor:
    """The factor with letters in place of these indices: an entry of an array is one of its member, at what is left."""
    if isinstance(f, Ent):
        places = tuple(_place(i, letters, family) for i in f.idx)
        if all(place is None for place in places):
            return f
        rest = tuple(i for i, place in zip(f.idx, places, strict=True) if place is None)
        chosen = tuple(place for place in places if place is not None)
        whole = f.base
        if isinstance(whole, Member):  # A member of a member.
            kept = iter(places)
            places, whole = tuple(next(kept) if ix is None else ix for ix in whole.places), whole.base
            chosen = tuple(place for place in places if place is not None)
        if isinstance(whole, Fn) and whole.kind == "rowwise" and places[-1] is None:
            # Along the last axis, each member has a value of its own.
            base: Expr = replace(whole, args=(Member(whole.args[0], places), *whole.args[1:]))
        else:
            base = Member(whole, places) if rest else Entry(whole, chosen)
        return Ent(base, rest, -1 if isinstance(whole, Adj) else f.pos)
    if isinstance(f, Del):
        a, b = (_place(i, letters, family) for i in (f.a, f.b))
        if a is None and b is None:
            return f
        if a is not None and b is not None:
            first, second = (b, a) if isinstance(a, Label) and not isinstance(b, Label) else (a, b)
            return Ent(Delta(first, second), (), 1 << 30)
        label, other = (a, f.b) if a is not None else (b, f.a)
        if not isinstance(label, Label):
            raise NoMatrixForm(say("reasons.shifted_delta"))
        labels = Labels(label.name, tuple(ix.dim for ix in label.at), label.dim)
        return Ent(OneHot(Entry(labels, label.at) if label.at else labels, label.dim), (other,), 1 << 30)
    if isinstance(f, Grp):
        return Grp(_opened(f.body, letters, family))
    if isinstance(f, Ind):
        return Ind(f.op, _opened(f.a, letters, family), _opened(f.b, letters, family))
    if isinstance(f, Fun):
        if any(i.dim in family and not i.fixed for a in f.args for i in a.params):
            raise NoMatrixForm(say("reasons.function_of_family"))
        if any(_place(i, letters, family) is not None for i in f.out):
            raise NoMatrixForm(say("reasons.function_of_family"))
        args = tuple(Lam(a.params, _opened(a.body, letters, family)) for a in f.args)
        return Fun(f.name, f.order, args, f.out, f.kind)
    return f


def _place(i: Index, letters: Mapping[Index, Ix], family: frozenset[Dim]) -> Ix | None:
    """The letter or the position of a member; None for an index that is lifted, or that a sum inside will open."""
    if isinstance(i, Affine):
        inside = [(_place(j, letters, family), factor) for j, factor in i.parts]
        known = [(ix, factor) for ix, factor in inside if ix is not None]
        if i.dim not in family or len(known) < len(inside):
            return None
        return shifted(sorted(known, key=lambda part: (is_negative(part[1]), part[0].letter)), i.offset, i.dim)
    if isinstance(i, Datum):
        if i.name == i.dim:
            return last(i.dim)
        at = tuple(_place(j, letters, family) for j in i.at)
        if not free_of((i,)) or not all(at):
            return None
        return labelled(i.name, tuple(ix for ix in at if ix is not None), i.dim)
    if i.fixed:
        return Ix(str(-i.serial), i.dim) if i.dim in family and i.dim != 1 else None
    return letters.get(i)

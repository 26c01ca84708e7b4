"""The form of a derivative for each member of a family: letters along its leading axes, vectors and matrices else.

An index along a dimension that members are numbered by stays a letter: z_nk W_kd summed over k is the entry d of
W^T z_n, and a sum over n stays a sum.  All other indices are lifted as in ``lift``.  This module must not know about
the backward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from backsym.calculus.letters import Letters, Namer
from backsym.calculus.lift import Lifter
from backsym.calculus.opened import opened, opened_factor
from backsym.calculus.raising import times
from backsym.calculus.terms import Index, Poly, Term
from backsym.core.expr import ONE, Dim, Expr, IndexReduce, Ix

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
        return self.poly(opened(p, self.scope, self.family), free)

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
            powers = tuple((opened_factor(f, own, self.family), e) for f, e in inside)
            rest = tuple(b for b in t.bound if b not in own)
            body = super().term(Term(Fraction(1), powers, rest), free)
        finally:
            self.scope, self.letters = before, letters
        lead = super().term(Term(t.coeff, outside), ()) if outside or abs(t.coeff) != 1 else ONE
        return times([lead, IndexReduce("sum", body, tuple(own.values()))])

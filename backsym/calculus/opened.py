"""Indices that become letters: a factor in which entries of arrays are those of their members.

This module knows terms and expressions, and must not know how either becomes the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backsym.calculus import terms as tm
from backsym.core.dims import is_negative
from backsym.core.errors import NoMatrixForm
from backsym.core.expr import (
    Adj,
    Delta,
    Dim,
    Entry,
    Expr,
    Fn,
    Ix,
    Label,
    Labels,
    Member,
    OneHot,
    Total,
    labelled,
    last,
    shifted,
)
from backsym.core.words import say


def opened(p: tm.Poly, letters: Mapping[tm.Index, Ix], family: frozenset[Dim]) -> tm.Poly:
    """The terms with letters in place of these indices, see ``opened_factor``."""
    return tuple(
        tm.Term(t.coeff, tuple((opened_factor(f, letters, family), e) for f, e in t.powers), t.bound) for t in p
    )


def opened_factor(f: tm.Factor, letters: Mapping[tm.Index, Ix], family: frozenset[Dim]) -> tm.Factor:
    """The factor with letters in place of these indices: an entry of an array is one of its member, at what is left."""
    if isinstance(f, tm.Ent):
        places = tuple(_place(i, letters, family) for i in f.idx)
        if all(place is None for place in places):
            return f
        rest = tuple(i for i, place in zip(f.idx, places, strict=True) if place is None)
        chosen = tuple(place for place in places if place is not None)
        whole = f.base
        if isinstance(whole, Total):
            return _total(f, whole, places)
        if isinstance(whole, Member):  # A member of a member.
            kept = iter(places)
            places, whole = tuple(next(kept) if ix is None else ix for ix in whole.places), whole.base
            chosen = tuple(place for place in places if place is not None)
        if isinstance(whole, Fn) and whole.kind == "rowwise" and places[-1] is None:
            # Along the last axis, each member has a value of its own.
            base: Expr = replace(whole, args=(Member(whole.args[0], places), *whole.args[1:]))
        else:
            base = Member(whole, places) if rest else Entry(whole, chosen)
        return tm.Ent(base, rest, -1 if isinstance(whole, Adj) else f.pos)
    if isinstance(f, tm.Del):
        a, b = (_place(i, letters, family) for i in (f.a, f.b))
        if a is None and b is None:
            return f
        if a is not None and b is not None:
            first, second = (b, a) if isinstance(a, Label) and not isinstance(b, Label) else (a, b)
            return tm.Ent(Delta(first, second), (), 1 << 30)
        label, other = (a, f.b) if a is not None else (b, f.a)
        if not isinstance(label, Label):
            raise NoMatrixForm(say("reasons.shifted_delta"))
        labels = Labels(label.name, tuple(ix.dim for ix in label.at), label.dim)
        return tm.Ent(OneHot(Entry(labels, label.at) if label.at else labels, label.dim), (other,), 1 << 30)
    if isinstance(f, tm.Grp):
        return tm.Grp(opened(f.body, letters, family))
    if isinstance(f, tm.Ind):
        return tm.Ind(f.op, opened(f.a, letters, family), opened(f.b, letters, family))
    if isinstance(f, tm.Fun):
        if any(i.dim in family and not i.fixed for a in f.args for i in a.params):
            raise NoMatrixForm(say("reasons.function_of_family"))
        if any(_place(i, letters, family) is not None for i in f.out):
            raise NoMatrixForm(say("reasons.function_of_family"))
        args = tuple(tm.Lam(a.params, opened(a.body, letters, family)) for a in f.args)
        return tm.Fun(f.name, f.order, args, f.out, f.kind)
    return f


def _total(f: tm.Ent, whole: Total, places: tuple[Ix | None, ...]) -> tm.Factor:
    """The entry of a total derivative as that of members; its axes are those of the array, those of a row included."""
    axes = len(whole.of.shape)
    of, by = part_at(whole.of, places[:axes]), part_at(whole.by[0], places[axes:])
    above = tuple(i for i, place in zip(f.idx[:axes], places[:axes], strict=True) if place is None)
    below = tuple(i for i, place in zip(f.idx[axes:], places[axes:], strict=True) if place is None)
    found = Total(of, (by,), whole.denominator)
    first, second = (below, above) if whole.denominator else (above, below)
    one = tm.fixed_index(1, 1)
    rest = (one, *second) if len(second) == 1 and not first else (*first, *second)
    return tm.Ent(found, rest, f.pos)


def part_at(e: Expr, places: tuple[Ix | None, ...]) -> Expr:
    """The part of an array at these places, none of which leaves its axis."""
    if all(place is None for place in places):
        return e
    return Member(e, places) if None in places else Entry(e, tuple(place for place in places if place is not None))


def _place(i: tm.Index, letters: Mapping[tm.Index, Ix], family: frozenset[Dim]) -> Ix | None:
    """The letter or the position of a member; None for an index that is lifted, or that a sum inside will open."""
    if isinstance(i, tm.Affine):
        inside = [(_place(j, letters, family), factor) for j, factor in i.parts]
        known = [(ix, factor) for ix, factor in inside if ix is not None]
        if i.dim not in family or len(known) < len(inside):
            return None
        return shifted(sorted(known, key=lambda part: (is_negative(part[1]), part[0].letter)), i.offset, i.dim)
    if isinstance(i, tm.Datum):
        if i.name == i.dim:
            return last(i.dim)
        at = tuple(_place(j, letters, family) for j in i.at)
        if not tm.free_of((i,)) or not all(at):
            return None
        return labelled(i.name, tuple(ix for ix in at if ix is not None), i.dim)
    if i.fixed:
        return Ix(str(-i.serial), i.dim) if i.dim in family and i.dim != 1 else None
    return letters.get(i)

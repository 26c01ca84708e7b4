"""The search for single repairs of one answer at one point: candidates from ``rules``, screened place by place.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from operator import add, mul, sub, truediv

import numpy as np

from backsym.core.errors import ShapeError
from backsym.core.expr import (
    ONE,
    Add,
    Div,
    Entry,
    Expr,
    Fn,
    Ix,
    MatMul,
    Mul,
    Neg,
    Shape,
    Sym,
    T,
    broadcast,
    children,
    num,
    positioned,
    walk,
)
from backsym.core.functions import FUNCTIONS
from backsym.core.lazy import lazy
from backsym.core.steps import Fact
from backsym.marking.explaining.drafts import ALSO, COSTS, Bulk, BulkRule, Draft, Rule, Site
from backsym.marking.explaining.places import Place, ancestors, is_leaf, outline, replaced
from backsym.marking.explaining.repair_material import renamed
from backsym.marking.explaining.rules import alternatives, drafted, expanded
from backsym.marking.explaining.screening import CHANGE, ONE_HELD, THIS, Screen, stack, stand_in, stood_for, together
from backsym.marking.judging.subject import Subject, free
from backsym.numeric.axes import Array, Val, binary
from backsym.reading.meaning.table_formulas import formula

MAX_PLACES = 120
"""In an answer with more sub-expressions only the whole is repaired."""

_OPERATIONS = {"times": mul, "over": truediv, "plus": add, "minus": sub}


@dataclass(frozen=True)
class Repair:
    """A change that makes an answer right.

    ``expr`` is the repaired answer, with ``indices`` the letters of its axes if it is one entry by entry.  ``place`` is
    the sub-expression of the answer that the repair is about, and ``new`` what should stand there.  With ``echo``, the
    answer is what the true derivative ``expr`` becomes when its sub-expression ``new`` is spoiled to ``place``.
    """

    tag: str
    kind: str
    size: float
    expr: Expr
    indices: tuple[Ix, ...]
    place: Expr
    new: Expr
    whole: bool
    facts: Mapping[str, Fact] = field(default_factory=dict)
    second: Repair | None = None
    echo: bool = False
    stated: Expr | None = None
    """For an echo, the true derivative with the mistake in it, ``stated_letters`` being the letters of its axes: the
    answer must have its value."""
    stated_letters: tuple[Ix, ...] = ()
    around: Expr | None = None
    """What directly contains the place."""
    several: bool = False
    """Whether several paths are missing."""
    likewise: bool = False
    """Whether other terms of the answer need the same."""
    also: tuple[str, ...] = ()
    """Further tags."""

    @property
    def leaf(self) -> bool:
        """Whether the place is a number, a quantity or an entry of one."""
        return is_leaf(self.place) or not any(children(self.place))

    @property
    def tags(self) -> tuple[str, ...]:
        second = self.second.tags if self.second is not None else ()
        # A number beside a letter's position, or this itself, is about the index.
        near = (self.place, *(children(self.around) if self.around is not None else ()))
        index = ("wrong_index",) if any(positioned(e) is not None for e in near) else ()
        return tuple(dict.fromkeys((*index, self.tag, *self.also, *second)))


@dataclass(frozen=True)
class Changes:
    """What is tried at one place: drafts, which do not tell the place, or many candidates at once."""

    drafts: tuple[Draft, ...]
    bulk: Bulk | None = None
    exprs: tuple[Expr, ...] = ()

    @property
    def count(self) -> int:
        return len(self.drafts) if self.bulk is None else len(self.exprs)


@dataclass(frozen=True)
class Group:
    """Changes whose values, at the place, have one shape and are stacked."""

    shape: Shape
    value: Val
    changes: tuple[Changes, ...]

    @property
    def count(self) -> int:
        return sum(changes.count for changes in self.changes)


@dataclass(frozen=True)
class Groups:
    """All that is tried at one place by some rules."""

    groups: tuple[Group, ...]

    @property
    def elements(self) -> int:
        return ONE_HELD + sum(ONE_HELD * group.count + group.value[1].size for group in self.groups)


@dataclass(frozen=True)
class Block:
    """Values of the answer with one change each, at one place; of drafts without a site, each tells its place."""

    rows: Array
    changes: Changes
    site: Site | None = None

    def draft(self, n: int) -> Draft:
        if self.site is None:
            return self.changes.drafts[n]
        if self.changes.bulk is not None:
            return drafted(self.site, self.changes.bulk, self.changes.exprs[n])
        return replace(self.changes.drafts[n], place=self.site.place.number)

    def traits(self, n: int) -> tuple[int, str, float]:
        """Place, kind and cost of one change."""
        if self.changes.bulk is not None:
            cost, kind = COSTS[self.changes.bulk.kind], self.changes.bulk.kind
        else:
            draft = self.changes.drafts[n]
            cost, kind = draft.cost, draft.kind
        return self.changes.drafts[n].place if self.site is None else self.site.place.number, kind, cost


class Search:
    """All repairs of one answer, screened at one point."""

    def __init__(self, subject: Subject, expr: Expr, letters: tuple[Ix, ...]):
        self.subject = subject
        self.letters = letters
        self.places = outline(expr, free(letters))
        self.top = len(self.places) - 1
        self.screen = Screen(self.places, letters, subject.point, subject.truth)
        self.truth = subject.truth
        self.base = self.screen.whole()
        self.blocks: list[Block] = []
        self.first = 0
        """How many of the blocks are changes of what is there; those after them are of what is missing."""
        self._ancestors: dict[int, frozenset[int]] = {}

    @property
    def seems_right(self) -> bool:
        """Whether the answer happens to be right at this point, as 2/D is 1 where D is 2."""
        return self.base is not None and bool(self.screen.hits(self.base[np.newaxis]))

    def expanded(self, e: Expr, place: int) -> Expr:
        """What is tried at a place, with the answer's own sub-expressions for their stand-ins."""
        return expanded(e, stood_for(self.places[place], self.places))

    # --- screening ---

    @lazy
    def sites(self) -> tuple[Site, ...]:
        """The places where repairs are tried."""
        return tuple(map(self._site, self.places if len(self.places) <= MAX_PLACES else self.places[-1:]))

    def run(self, rules: Sequence[Rule], bulks: Sequence[BulkRule]) -> list[Draft]:
        """The drafts of these rules that make the answer right at the point."""
        before = len(self.blocks)
        for site in self.sites:
            place, above = site.place, site.above
            # What is tried at a place depends on nothing else.
            around = None if above is None else (type(above.expr), above.expr.name if type(above.expr) is Fn else "")
            key = (
                self.subject, rules, bulks, place.role, place.letters, around, site.wanted, site.fits, site.fits_itself,
            )  # fmt: skip
            piece = self.screen.pieces[place.number]
            tried = self.subject.point.prepared(piece, key, partial(self._tried, site, rules, bulks))
            for group in tried.groups:
                rows = self.screen.changed(place.number, group.shape, group.value, group.count)
                if rows is None:
                    continue
                start = 0
                for changes in group.changes:
                    stop = start + changes.count
                    self.blocks.append(Block(rows[start:stop], changes, site))
                    start = stop
        return self._right(self.blocks[before:])

    def _tried(self, site: Site, rules: Sequence[Rule], bulks: Sequence[BulkRule]) -> Groups:
        """What rules have to say about a place, evaluated there."""
        return Groups((*self._drafts(site, rules), *self._many(site, [bulk for many in bulks for bulk in many(site)])))

    def _drafts(self, site: Site, rules: Sequence[Rule]) -> Iterator[Group]:
        # A value with a letter that nothing binds would spoil those that it is stacked with.
        groups: dict[tuple[Shape, bool], tuple[list[Draft], list[Val]]] = {}
        letters = site.place.letters
        for rule in rules:
            for draft in rule(site):
                value = self.screen.of(site.place.number, draft.new)
                if value is not None:
                    loose = value[0] != letters and any(ix not in letters for ix in value[0])
                    drafts, values = groups.setdefault((draft.new.shape, loose), ([], []))
                    drafts.append(draft)
                    values.append(value)
        for (shape, _), (drafts, values) in groups.items():
            for chosen in together(values):
                stacked = stack([values[n] for n in chosen])
                if stacked is not None:
                    yield Group(shape, stacked, (Changes(tuple(drafts[n] for n in chosen)),))

    def _right(self, blocks: Sequence[Block]) -> list[Draft]:
        """The drafts that make the answer right, all compared with the truth at once."""
        if not blocks:
            return []
        hits = self.screen.hits(np.concatenate([block.rows for block in blocks]))
        found: list[Draft] = []
        start = 0
        for block in blocks:
            found += [block.draft(n - start) for n in hits if start <= n < start + len(block.rows)]
            start += len(block.rows)
        return found

    def _many(self, site: Site, bulks: Sequence[Bulk]) -> Iterator[Group]:
        """Many candidates at one place; those that are laid out alike share one evaluation of what is above it."""
        groups: dict[tuple[Shape, tuple[Ix, ...], tuple[int, ...]], list[tuple[Bulk, tuple[Expr, ...], Array]]] = {}
        for bulk, exprs, stacked in ((one, *each) for one in bulks for each in self.subject.stacked(one)):
            shape = exprs[0].shape
            if bulk.how != "instead":
                own = self.screen.pieces[site.place.number].value
                if own is None or site.shape is None:
                    continue
                try:
                    stacked = binary(_OPERATIONS[bulk.how], own, stacked)
                except ShapeError:
                    continue  # Where the answer's letters run over other dimensions than the derivative's.
                shape = broadcast(site.shape, shape)
            names, x = stacked
            at = names.index(CHANGE)
            groups.setdefault((shape, names, x.shape[:at] + x.shape[at + 1 :]), []).append((bulk, exprs, x))
        for (shape, names, _), members in groups.items():
            arrays = [x for _, _, x in members]
            values = arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=names.index(CHANGE))
            yield Group(shape, (names, values), tuple(Changes((), bulk, exprs) for bulk, exprs, _ in members))

    def _site(self, place: Place) -> Site:
        screen, piece = self.screen, self.screen.pieces[place.number]
        # A value can be missing where a shape is not: there a letter is free that nothing binds.
        parts = tuple([stand_in(n, part.shape or ()) for n, part in enumerate(piece.parts)])
        above = self.places[place.above] if place.above >= 0 else None
        wanted = self.truth.shape if place.number == self.top and not free(self.letters) else None
        node = piece.local if place.inside else place.expr
        me = None if piece.shape is None or piece.value is None else stand_in(THIS, piece.shape)
        fits, itself = screen.fits(screen.shape), screen.shape is not None
        return Site(place, node, me, piece.shape, parts, self.subject.offers, above, wanted, fits, itself)

    def throughout(self) -> list[Draft]:
        """A quantity that occurs several times, replaced by another at all these places; letters exchanged."""
        found: list[Draft] = []
        where: dict[Expr, list[Place]] = {}
        for place in self.places:
            if is_leaf(place.expr) or isinstance(place.expr, Sym):
                where.setdefault(place.expr, []).append(place)
        for places in where.values():
            site = self._site(places[0])
            if not 1 < len(places) <= 8 or len(self.places) > MAX_PLACES or site.shape is None:
                continue
            kind = "evaluation_point" if all(p.role in ("arg", "compared") for p in places) else "wrong_node"
            bulk = alternatives(site, kind)
            also = tuple(p.number for p in places[1:])
            for exprs, stacked in self.subject.stacked(bulk):
                rows = self.screen.with_changes({p.number: (site.shape, stacked) for p in places}, len(exprs))
                hits = [] if rows is None else self.screen.hits(rows)
                found += [replace(site.draft(kind, exprs[n], 0.05), also=also) for n in hits]
        return found + self._exchanged()

    def _exchanged(self) -> list[Draft]:
        """Two letters of the same dimension exchanged throughout."""
        found: list[Block] = []
        letters = free(self.letters)
        if self.base is None or len(letters) < 2:
            return []
        value = self.base.reshape(self.screen.sizes)
        for a, b in combinations(range(len(letters)), 2):
            if letters[a].dim == letters[b].dim:
                swap = {letters[a]: letters[b], letters[b]: letters[a]}
                draft = Draft(self.top, renamed(self.places[-1].expr, swap), "wrong_index")
                found.append(Block(value.swapaxes(a, b).reshape(1, -1), Changes((draft,))))
        self.blocks += found
        return self._right(found)

    # --- repairs ---

    def size(self, draft: Draft) -> float:
        """How large a repair a draft is."""
        return self.repair(draft).size if draft.kind == "missing_function" else self._meant(draft).cost

    def _meant(self, draft: Draft) -> Draft:
        place = self.places[draft.place]
        if place.expr == ONE and draft.kind == "missing_factor" and place.role == "addend":
            return replace(draft, kind="wrong_node", facts={})  # A term 1 in place of t has no factor missing.
        return draft

    def repair(self, draft: Draft) -> Repair:
        """The answer with a draft in it."""
        draft = self._meant(draft)
        new = _without_ones(self.expanded(draft.new, draft.place))
        expr = replaced(self.places, dict.fromkeys((draft.place, *draft.also), new))
        old = self.places[draft.place].expr
        if draft.kind == "missing_function" and isinstance(new, Add) and old in new.args:
            rest = tuple(term for term in new.args if term != old)
            missing = rest[0] if len(rest) == 1 else Add(rest)
            draft = replace(draft, kind="missing_term", facts={**draft.facts, "quantity": missing})
        also = (*ALSO.get(draft.kind, ()), *self._also(draft.kind, old, new))
        return Repair(
            draft.tag, draft.kind, draft.cost, expr, self.letters, old, self.shown(new), draft.place == self.top,
            {k: self._fact(f, draft.place) for k, f in draft.facts.items()}, around=self._around(draft), also=also,
        )  # fmt: skip

    def _also(self, kind: str, old: Expr, new: Expr) -> tuple[str, ...]:
        """Further tags of a change, by what is changed."""
        if kind == "wrong_node":
            offers = self.subject.offers
            kinds = offers.step_between, offers.product_between, offers.terms_between
            return tuple(tag for between in kinds for tag in between(old, new))
        if kind == "transpose" and any(isinstance(e, MatMul) for e in (old, *children(old))):
            # The transpose of a product turns the order of its factors round.
            return () if isinstance(new, MatMul) else ("order",)
        if kind == "wrong_index" and isinstance(old, Entry) and isinstance(new, Entry):
            # The last two indices the other way round are those of the transpose.
            turned = len(old.indices) > 1 and new.indices == (*old.indices[:-2], *old.indices[:-3:-1])
            return ("transpose",) if turned and old.base == new.base else ()
        if kind == "missing_prime" and isinstance(new, Fn) and isinstance(old, (Sym, Entry)):
            # h for h (1 - h) is half of the derivative.
            shown, value = self.shown(new), Fn(new.name, new.args, 0, new.kind)
            return ("missing_factor",) if isinstance(shown, Mul) and value in shown.args else ()
        return ()

    def shown(self, e: Expr) -> Expr:
        """The same value as one would write it: (A B).T as B.T A.T, and log'(z) as 1/z."""
        problem = self.subject.problem
        if isinstance(e, T) and isinstance(e.arg, MatMul):
            return MatMul(tuple(a.arg if isinstance(a, T) else T(a) for a in reversed(e.arg.args)))
        if isinstance(e, Mul) and e.args[0] in (Neg(ONE), num(-1)):
            return Neg(e.args[1] if len(e.args) == 2 else Mul(e.args[1:]))
        entry = FUNCTIONS.get(e.name) if isinstance(e, Fn) and e.order == 1 and e.name not in problem.abstract else None
        if not isinstance(e, Fn) or entry is None or len(e.args) != 1 or len(entry.partials) != 1:
            return e
        by_formula = problem.derivatives.get(e.name, entry.show) != "prime"
        return formula(entry.partials[0], {entry.args[0]: e.args[0]}) if by_formula else e

    def repairs(self, drafts: Sequence[Draft]) -> list[Repair]:
        """The repairs that drafts are; none that makes a term cancel, as t - t, in place of leaving it out."""
        already = cancels(self.places[-1].expr)
        return [repair for repair in map(self.repair, drafts) if already or not cancels(repair.expr)]

    def _fact(self, fact: Fact, place: int) -> Fact:
        return self.expanded(fact, place) if isinstance(fact, Expr) else fact

    def _around(self, draft: Draft) -> Expr | None:
        above = self.places[draft.place].above
        return self.places[above].expr if above >= 0 else None

    def above(self, number: int) -> frozenset[int]:
        """The numbers of all places that contain a place."""
        if number not in self._ancestors:
            self._ancestors[number] = frozenset(ancestors(self.places, (number,)))
        return self._ancestors[number]


def cancels(e: Expr) -> bool:
    """Whether a term and its opposite are added somewhere, or something is divided by itself."""
    return any(
        (isinstance(n, Add) and any(Neg(part) in n.args for part in n.args))
        or (isinstance(n, Div) and n.den in (n.num, n.num.arg if isinstance(n.num, Neg) else n.num))
        for n in walk(e)
    )


def _without_ones(e: Expr) -> Expr:
    """A product without the factor 1, or what is divided by it."""
    if isinstance(e, Div) and e.den == ONE:
        return e.num
    if not isinstance(e, (Mul, MatMul)) or ONE not in e.args:
        return e
    factors = tuple(arg for arg in e.args if arg != ONE)
    return factors[0] if len(factors) == 1 else type(e)(factors) if factors else ONE


def by_size(found: list[Repair]) -> list[Repair]:
    return sorted(found, key=lambda repair: repair.size)

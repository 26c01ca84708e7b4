"""Recurrences as loops over positions: what the members are computed from, in NumPy, one step after the other.

Members are made one by one, and stacked along a first axis when all are there.  In a formula a member is a variable
for a while, and then ``X[t]``.  This module must not know about other array libraries or how a module is laid out.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from backsym.core import expr as ex
from backsym.core.dims import amount, at_places
from backsym.core.entrywise import array_of
from backsym.core.errors import BacksymError
from backsym.core.problem import NodeEquation
from backsym.core.python import expression_of
from backsym.core.steps import Derivation
from backsym.core.words import say
from backsym.printing.numpy.source import name, names_of, replaced


@dataclass(frozen=True)
class Branch:
    """A value in NumPy and the formula that it is of; it holds where the ``test`` does, else always."""

    test: str
    value: ast.expr
    formula: str

    @property
    def names(self) -> tuple[str, ...]:
        """The variables in the test."""
        return tuple(names_of(expression_of(self.test))) if self.test else ()


@dataclass(frozen=True)
class Step:
    """One member in a loop: the quantity, the list that it is put into, and its value, by cases."""

    quantity: str
    target: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Loop:
    """The steps of a recurrence; ``size`` is how many positions there are.

    ``members`` gives what the variables in values stand for, and ``earlier`` the variables of earlier members, each
    with its value.  With ``back`` it goes from the last position to the first.
    """

    letter: str
    size: ast.expr
    steps: tuple[Step, ...]
    members: Mapping[str, ast.expr]
    ranks: Mapping[str, int | None]
    earlier: Mapping[str, ast.expr] = field(default_factory=dict)
    back: bool = False
    lists: frozenset[str] = frozenset()
    """The quantities whose members differ in size, so that they are not stacked."""

    @property
    def values(self) -> Iterator[ast.expr]:
        """All values, in which members are what they stand for."""
        yield from (self.put(branch.value) for step in self.steps for branch in step.branches)
        yield from (name(own) for step in self.steps for branch in step.branches for own in branch.names)

    def put(self, value: ast.expr) -> ast.expr:
        """A value with ``X[t]`` in place of the variable for it."""

        def member(inner: ast.expr) -> ast.expr:
            return self.members.get(inner.id, inner) if isinstance(inner, ast.Name) else inner

        return replaced(value, member)

    @property
    def own(self) -> set[str]:
        """The variables that the loop makes."""
        return {self.letter, *(step.target for step in self.steps), *self.earlier}

    @property
    def used(self) -> set[str]:
        """The variables that must be there before it."""
        found = {own for value in (*self.values, *self.earlier.values(), self.size) for own in names_of(value)}
        return found - self.own


class Members:
    """The members that a formula picks, as variables of their own.

    ``variable`` gives the variable of the array of a quantity or of the derivative by one; ``taken`` are those that new
    ones must not be.
    """

    def __init__(self, letter: ex.Ix, variable: Callable[[ex.Sym | ex.Adj], str], taken: Collection[str]):
        self.letter = letter
        self.variable = variable
        self.taken = set(taken)
        self.loop = self.fresh(letter.letter.rstrip("'"))
        self.found: dict[ex.Expr | ex.Ix, ex.Sym] = {}
        self.places: dict[str, ast.expr] = {}
        self.earlier: dict[str, ast.expr] = {}

    def fresh(self, wish: str) -> str:
        """A variable that is not taken, and is from now on."""
        while wish in self.taken:
            wish += "_"
        self.taken.add(wish)
        return wish

    @property
    def symbols(self) -> tuple[ex.Sym, ...]:
        """The variables as arrays, with their shapes."""
        return tuple(self.found.values())

    @property
    def ranks(self) -> dict[str, int | None]:
        return {sym.name: len(sym.declared) for sym in self.symbols}

    def variable_of(self, array: str) -> ast.expr:
        """The member of an array at the position of the loop."""
        return expression_of(f"{array}[{self.loop}]")

    def opened(self, e: ex.Expr) -> ex.Expr:
        """The expression with a variable in place of each member at the letter, beside it, or at a position."""
        if isinstance(e, ex.Entry) and isinstance(e.base, ex.Labels) and any(map(self._moves, e.indices)):
            return self._classes(e)
        if isinstance(e, (ex.Entry, ex.Member, ex.Delta)):
            e = self._at_classes(e)
        if isinstance(e, ex.Delta) and any(map(self._moves, (e.i, e.j))) and all(map(self._counts, (e.i, e.j))):
            return self._indicator(e)
        if isinstance(e, (ex.Entry, ex.Member)) and isinstance(e.base, (ex.Sym, ex.Adj)):
            places = e.indices if isinstance(e, ex.Entry) else e.places
            first = places[0] if places else None
            if any(ix is not None and self._moves(ix) for ix in places) or (
                first is not None and first.dim == self.letter.dim and self._picks(first)
            ):
                return self._member(e, places)
            return e
        if isinstance(e, ex.IndexReduce) and self.letter in e.indices:
            return e  # A sum over all positions, which has a letter of its own.
        if isinstance(e, ex.Entry):
            return ex.Entry(self.opened(e.base), tuple(map(self._counted, e.indices)))
        if isinstance(e, ex.Member):
            return ex.Member(self.opened(e.base), tuple(ix and self._counted(ix) for ix in e.places))
        return ex.rebuild(e, self.opened)

    def _counted(self, ix: ex.Ix) -> ex.Ix:
        """A position in an array that is computed: a variable for the number that it is in the loop."""
        if not self._moves(ix):
            return ix
        if ix not in self.found:
            own = self.fresh("place")
            self.places[own] = expression_of(self.place(ix))
            self.found[ix] = ex.Sym(own, ())
        return ex.labelled(self.found[ix].name, (), ix.dim)

    def _classes(self, e: ex.Entry) -> ex.Expr:
        """A label of the member: a variable for it."""
        base = e.base
        assert isinstance(base, ex.Labels)
        own = self._member(ex.Entry(ex.Sym(base.name, base.declared), e.indices), e.indices)
        whole = array_of(own)
        assert isinstance(whole, ex.Sym)
        labels = ex.Labels(whole.name, whole.declared, base.of)
        return ex.Entry(labels, own.indices) if isinstance(own, ex.Entry) else labels

    def _at_classes(self, e: ex.Entry | ex.Member | ex.Delta) -> ex.Expr:
        """The same with variables for the labels that the letter picks, at which an entry or a member is."""

        def put(ix: ex.Ix | None) -> ex.Ix | None:
            if not isinstance(ix, ex.Label) or ex.is_last(ix) or not any(map(self._moves, ix.at)):
                return ix
            found = self._classes(ex.Entry(ex.Labels(ix.name, tuple(at.dim for at in ix.at), ix.dim), ix.at))
            whole = array_of(found)
            assert isinstance(whole, ex.Labels)
            return ex.labelled(whole.name, found.indices if isinstance(found, ex.Entry) else (), ix.dim)

        if isinstance(e, ex.Delta):
            return ex.Delta(put(e.i) or e.i, put(e.j) or e.j, e.equal)
        if isinstance(e, ex.Entry):
            return ex.Entry(e.base, tuple(put(ix) or ix for ix in e.indices))
        return ex.Member(e.base, tuple(map(put, e.places)))

    def _counts(self, ix: ex.Ix) -> bool:
        """Whether an index is a number in the loop."""
        return ex.position_of(ix) is not None or self._moves(ix)

    def _indicator(self, e: ex.Delta) -> ex.Expr:
        """A variable for the number that is 1 at one position only, or at all others."""
        if e not in self.found:
            own = self.fresh("member")
            at, other = ("1.0", "0.0") if e.equal else ("0.0", "1.0")
            moving, fixed = (e.i, e.j) if self._moves(e.i) else (e.j, e.i)
            self.places[own] = expression_of(f"{at} if {self.place(moving)} == {self.place(fixed)} else {other}")
            self.found[e] = ex.Sym(own, ())
        return self.found[e]

    def _moves(self, ix: ex.Ix) -> bool:
        return ix == self.letter or (isinstance(ix, ex.Shift) and any(part == self.letter for part, _ in ix.parts))

    def _member(self, e: ex.Entry | ex.Member, places: tuple[ex.Ix | None, ...]) -> ex.Expr:
        first = places[0]
        axes = zip(e.base.shape, places, strict=True)
        shape = tuple(ex.own_dim(d, first) for d, ix in axes if ix is None or not self._picks(ix))
        base = e.base
        if isinstance(base, ex.Started) and (ex.steps_after(first, self.letter) or 0) >= 0:
            base = ex.Sym(base.name, base.declared)  # It is no earlier member.
        key = ex.Member(base, tuple(ix if ix is not None and self._picks(ix) else None for ix in places))
        if key not in self.found:
            self.found[key] = self._made(key, shape)
        own = self.found[key]
        rest = tuple(ix for ix in places if ix is None or not self._picks(ix))
        if isinstance(e, ex.Entry):
            return ex.Entry(own, tuple(ix for ix in rest if ix is not None)) if rest else own
        return own if not any(rest) else ex.Member(own, rest)

    def _picks(self, ix: ex.Ix) -> bool:
        return ex.position_of(ix) is not None or ex.is_last(ix) or self._moves(ix)

    def _made(self, key: ex.Member, shape: ex.Shape) -> ex.Sym:
        base = key.base
        assert isinstance(base, (ex.Sym, ex.Adj))
        array = self.variable(base)
        text = f"{array}[{', '.join(':' if ix is None else self.place(ix) for ix in key.places).rstrip(', :')}]"
        if isinstance(base, ex.Started):
            lag = -(ex.steps_after(key.places[0], self.letter) or 0)
            own = self.fresh(f"{array}_before{lag if lag > 1 else ''}")
            self.earlier[own] = expression_of(self._or_start(text, base, lag))
            return ex.Sym(own, shape)
        own = self.fresh("member")
        self.places[own] = expression_of(text)
        return ex.Sym(own, shape)

    def _or_start(self, text: str, base: ex.Started, lag: int) -> str:
        """The member that is ``lag`` positions earlier, or what the recurrence starts from."""
        starts = [self.variable(start) for start in base.starts if isinstance(start, ex.Sym)]
        text = f"{text} if {self.loop} > {lag - 1} else {starts[0]}"
        for t in reversed(range(lag - 1)):
            text = f"{starts[lag - 1 - t]} if {self.loop} == {t} else ({text})"
        return text

    def place(self, ix: ex.Ix) -> str:
        """A position, counted from 0."""
        if ex.is_last(ix):
            return "-1"
        position = ex.position_of(ix)
        if position is not None:
            return str(position - 1)
        after = ex.steps_after(ix, self.letter)
        if after is not None:
            return f"{self.loop} {'-' if after < 0 else '+'} {abs(after)}" if after else self.loop
        if isinstance(ix, ex.Shift) and ix.parts == ((self.letter, -1),) and ex.surely_stays(ix):
            from_end = ix.offset - amount(ix.dim)
            if isinstance(from_end, int):
                return f"{from_end - 2} - {self.loop}"
        raise BacksymError(say("numpy.member", letter=ix.letter))


@dataclass(frozen=True)
class Form:
    """What a member is, as a whole or, along the letters in ``free``, entry by entry."""

    value: ex.Expr
    free: tuple[ex.Ix, ...] = ()

    def shape_in(self, family: ex.Shape, at: ex.Ix) -> ex.Shape:
        """The shape that it has at one index for each letter, by the declared shape of the family."""
        return ex.member_shape(family, at)[len(self.free) :]


def member_form(eq: NodeEquation, member: ex.Equation | None) -> Form:
    """What a member is computed by: as a whole where that is known, else entry by entry."""
    whole = eq.member or member
    return Form(eq.rhs, eq.indices[1:]) if whole is None else Form(whole.rhs, _beside(whole, eq.indices[0]))


def _beside(member: ex.Equation, own: ex.Ix) -> tuple[ex.Ix, ...]:
    """The letters on the left of a member's equation, without that of the recurrence."""
    return tuple(ix for ix in ex.free_indices(member.lhs) if ix != own)


def fixed_members(e: ex.Expr, dims: Collection[ex.Dim]) -> list[ex.Ix]:
    """The fixed positions along dimensions of recurrences at which members are."""
    return [
        ix for node in ex.walk(e) for ix in ex.indices_of(node) if ex.position_of(ix) is not None and ix.dim in dims
    ]


def furthest(e: ex.Expr, dims: Collection[ex.Dim]) -> int:
    """The largest fixed position of a member."""
    return max((ex.position_of(ix) or 0 for ix in fixed_members(e, dims)), default=0)


def by_cases(d: Derivation, letter: ex.Ix) -> list[tuple[int | None, Form]]:
    """The derivative by a member, for each number of members that come after it, and last for any number."""
    if not d.cases:
        return [(None, _form(d.member, d.entry, d.indices))]
    stated = [(case, _form(case.matrix, case.entry, d.indices)) for case in d.cases]
    general = next(form for case, form in stated if case.run.final.letter == "1")
    ends = [form for case, form in stated if case.single and not _after(case.run.first, letter.dim)]
    forms: list[tuple[int | None, Form]] = []
    for after, form in enumerate(ends):
        # The last layer is this one there, and so is its size.
        here = {str(letter.dim): ex.place_of(ex.shifted(((letter, 1),), after, letter.dim))}
        at_end = ex.over(_counted(_free(form.value, letter), letter, after), functools.partial(at_places, places=here))
        forms.append((after, replace(form, value=at_end)))
    between = range(len(ends), _reach(general.value, letter))
    forms += [(after, replace(general, value=_ended(general.value, letter, after))) for after in between]
    return [*forms, (None, general)]


def _form(member: ex.Equation | None, entry: ex.Equation, indices: tuple[ex.Ix, ...]) -> Form:
    """The derivative by a member as a whole where that is known, else entry by entry."""
    return Form(entry.rhs, indices[1:]) if member is None else Form(member.rhs, _beside(member, indices[0]))


def _after(ix: ex.Ix, dim: ex.Dim) -> bool:
    """Whether a position comes after the last one."""
    if isinstance(dim, int):
        return (ex.position_of(ix) or 0) > dim
    return any((ex.steps_after(ix, part) or 0) > 0 for part, _ in (ix.parts if isinstance(ix, ex.Shift) else ()))


def _reach(e: ex.Expr, letter: ex.Ix) -> int:
    """How far after a member the adjoints are that its derivative mentions."""
    if isinstance(e, (ex.Entry, ex.Member)) and isinstance(e.base, ex.Adj):
        return max((ex.steps_after(ix, letter) or 0 for ix in e.indices), default=0)
    return max((_reach(child, letter) for child in ex.children(e)), default=0)


def _ended(e: ex.Expr, letter: ex.Ix, after: int) -> ex.Expr:
    """The expression where only so many members come after: adjoints of others are zero."""

    def beyond(ix: ex.Ix) -> bool:
        return (ex.steps_after(ix, letter) or 0) > after

    return ex.without_adjoints(e, beyond)


def _free(e: ex.Expr, letter: ex.Ix) -> ex.Expr:
    """The expression in which no sum is over the letter: those that are have a letter of their own."""
    done = ex.rebuild(e, lambda child: _free(child, letter))
    if not isinstance(done, (ex.IndexReduce, ex.IndexPick)) or letter not in done.indices:
        return done
    taken = {ix.letter for inner in ex.walk(done) for ix in (*ex.indices_of(inner), *getattr(inner, "indices", ()))}
    own = ex.Ix(letter.letter + "'", letter.dim)
    while own.letter in taken:
        own = ex.Ix(own.letter + "'", letter.dim)
    indices = tuple(own if ix == letter else ix for ix in done.indices)
    return replace(done, body=ex.with_indices(done.body, {letter: own}), indices=indices)


def _counted(e: ex.Expr, letter: ex.Ix, after: int) -> ex.Expr:
    """What is stated at a position counted from the last one, T - 1, at the letter instead."""

    def at(ix: ex.Ix | None) -> ex.Ix | None:
        if ix is not None and ex.is_last(ix) and ix.dim == letter.dim:
            return ex.shifted(((letter, 1),), after, letter.dim)
        if isinstance(ix, ex.Shift):
            return ex.shifted(((at(part) or part, factor) for part, factor in ix.parts), ix.offset, ix.dim)
        return ix

    done = ex.rebuild(e, lambda child: _counted(child, letter, after))
    if isinstance(done, ex.Entry):
        return ex.Entry(done.base, tuple(at(ix) or ix for ix in done.indices))
    return ex.Member(done.base, tuple(map(at, done.places))) if isinstance(done, ex.Member) else done

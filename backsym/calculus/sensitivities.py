"""Jacobians that lead through recurrences: forward sensitivities, see Williams and Zipser, Neural Computation 1, 1989.

The derivative of a member h_t by a quantity collects one contribution from each member in its equation, so that the
derivatives of the states are a recurrence themselves: dh_t/dx = (dh_t/dh_(t-1)) (dh_(t-1)/dx) + what x itself adds.
That of a member by the one before it is one formula; all else is stated as a recursion with what it starts from.
This module must not know about numbers or printing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backsym.calculus import terms as tm
from backsym.calculus.backward import Axes, along, members_of
from backsym.calculus.differentiate import differentiate
from backsym.calculus.members import MemberLifter
from backsym.calculus.opened import part_at
from backsym.calculus.simplify import collapse, expand, without_delta
from backsym.calculus.totals import Local, Run, Totals, pairs
from backsym.calculus.vertices import weight
from backsym.core import expr as ex
from backsym.core import stepkinds as sk
from backsym.core.errors import BacksymError, NoMatrixForm
from backsym.core.expr import Entry, Equation, Expr, Ix, Member, Shift, Started, Sym, Total, names_in, shifted, walk
from backsym.core.problem import Problem
from backsym.core.steps import Case, Sensitivity, Step, TotalDerivation
from backsym.core.words import say

_LATE = 1 << 29
"""Derivatives of earlier members stand behind all else in a product."""


@dataclass(frozen=True)
class End:
    """One end of a Jacobian: a quantity, at ``place`` along the axis of its members where it is one of them."""

    name: str
    place: Ix | None

    @staticmethod
    def of(e: Expr) -> End:
        if isinstance(e, (Entry, Member)) and isinstance(e.base, Sym):
            return End(e.base.name, e.indices[0])
        assert isinstance(e, Sym), "a quantity or a member"
        return End(e.name, None)

    @property
    def lettered(self) -> bool:
        """Whether it is the member at a letter."""
        return type(self.place) is Ix and not self.place.fixed


def leads_through(problem: Problem, of: str, by: str) -> bool:
    """Whether a Jacobian is of members, or leads from one quantity to the other through a recurrence."""
    if "[" in of + by:
        return True
    return any(problem.by_name[name].block for name in between(problem, of, by))


def between(problem: Problem, of: str, by: str) -> list[str]:
    """The nodes by which ``of`` depends on ``by``, itself included, in forward order."""
    needed, moved = {of}, {by}
    for names, grow in ((needed, _used_by), (moved, _users_of)):
        before = -1
        while before < len(names):  # The equations of a recurrence lead around.
            before = len(names)
            names.update(grow(problem, names))
    return [eq.name for eq in problem.equations if eq.name in needed & moved]


def _used_by(problem: Problem, names: set[str]) -> set[str]:
    return {used for eq in problem.equations if eq.name in names for used in names_in(eq.rhs)}


def _users_of(problem: Problem, names: set[str]) -> set[str]:
    return {eq.name for eq in problem.equations if not names.isdisjoint(names_in(eq.rhs))}


def sensitivity(totals: Totals, of: str, by: str, *, denominator: bool) -> TotalDerivation:
    """A Jacobian between members, or through a recurrence; raises BacksymError, by name, for what is not derived."""
    problem = totals.problem
    ends = End.of(problem.placed(of)), End.of(problem.placed(by))
    for end in ends:
        shape = problem.symbols[end.name].shape
        if end.place is None and shape and shape[0] in problem.recurrent:
            letter = next((a for a, dim in problem.index_dims.items() if dim == shape[0]), "t")
            raise BacksymError(say("calculus.which_member", name=end.name, letter=letter, last=shape[0]))
    gap = _steps_between(*ends)
    kind = _Recursion if gap is None else _Neighbours
    return replace(kind(totals, *ends, denominator=denominator).derivation(), of=of, by=(by,))


def _steps_between(of: End, by: End) -> int | None:
    """How many steps two members are apart, where that is a number; raises BacksymError for more than one."""
    if of.place is None or by.place is None or of.place.dim != by.place.dim:
        return None
    gap = ex.position_of(shifted(((of.place, 1), (by.place, -1)), 0, of.place.dim))
    if gap is not None and gap not in (0, 1):
        raise BacksymError(say("calculus.far_members", of=of.name, by=by.name))
    return gap


class _Through(Run, ABC):
    """Derivatives by one quantity, or by a member of one, through equations over a letter."""

    def __init__(self, totals: Totals, of: End, by: End, *, denominator: bool):
        self.denominator = denominator
        letters: dict[tm.Index, Ix] = {}
        taken = {end.place.letter for end in (of, by) if end.place is not None and end.lettered}
        self.above = self.axes(totals, of, letters, taken)
        below = self.axes(totals, by, letters, taken)
        super().__init__(totals, by.name, below, letters, {of.name: self.above})
        self.of, self.end = of, by
        block = self.problem.by_name[by.name].block if by.name in self.problem.by_name else ()
        self.moved = by.name if block else None
        """The family whose member itself is moved: what that is computed from is not."""
        self.between = between(self.problem, of.name, by.name)
        if isinstance(of.place, Shift):
            raise BacksymError(say("calculus.shifted_member", of=of.name))

    @staticmethod
    def axes(totals: Totals, end: End, letters: dict[tm.Index, Ix], taken: set[str]) -> Axes:
        """An index for each axis of one end, with letters that the other one does not have."""
        found: list[tm.Index] = []
        shape = totals.problem.symbols[end.name].shape
        for n, (dim, ix) in enumerate(zip(shape, totals.namer.for_symbol(end.name), strict=True)):
            i = tm.fixed_index(1, 1) if dim == 1 else tm.fresh(dim, ix.letter)
            if not i.fixed:
                used = taken | {other.letter for other in letters.values()}
                own = end.place if n == 0 and end.lettered else None
                letters[i] = own or totals.namer.free(dim, used, ix.letter)
            found.append(i)
        return tuple(found)

    def local_parts(self, name: str, params: Axes) -> Iterator[Local]:
        """The local derivatives of a node by its arguments, each at one member where it is a member."""
        lowered = self.backward.lowered[name]
        body = tm.sub_poly(lowered.known, dict(pairs(lowered.params, params)))
        starts = {e.name: e for e in walk(lowered.equation.rhs) if isinstance(e, Started)}
        # What a member before the first is, is told by the derivative of that member.
        bare = _with_started(body, lambda base: replace(base, starts=()))
        for argument in names_in(lowered.equation.rhs):
            if argument != self.by and argument not in self.between:
                continue
            shape = self.problem.symbols[argument].shape
            whole = argument == self.by and self.is_whole
            at = self.at if whole else along(shape, self.totals.namer.for_symbol(argument))
            found = collapse(differentiate(bare, argument, at, self.backward.style))
            found = _with_started(found, lambda base: starts[base.name])
            if not found:
                continue
            member = not whole and bool(at) and not at[0].fixed and at[0].dim in self.problem.family_dims
            tied: Sequence[tuple[tm.Index | None, tm.Poly]] | None = members_of(found, at[0]) if member else None
            for place, some in tied or [(None, found)]:
                direct = whole or self.is_moved(argument, place, params)
                if direct is None:
                    continue
                here = at if place is None else (place, *at[1:])
                own = some if place is None else collapse(tm.sub_poly(some, {at[0]: place}))
                if direct and not whole:
                    own = tm.sub_poly(own, dict(pairs(at[1:], self.at[1:])))
                    here = self.at
                over = () if direct else tuple(i for i in (at if place is None else at[1:]) if not i.fixed)
                yield self.local(name, own, argument, here, over, direct=direct)

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether all that the quantity adds to an equation is its local derivative by it."""

    @abstractmethod
    def is_moved(self, argument: str, place: tm.Index | None, params: Axes) -> bool | None:
        """Whether an argument is what is differentiated by; None where it does not depend on that."""

    # --- forms ---

    def part(self, name: str, places: tuple[Ix | None, ...]) -> Expr:
        return part_at(self.problem.sym(name), places)

    def whole(self, name: str, params: Axes, scope: Mapping[tm.Index, Ix]) -> Total:
        """The derivative of a node or a member as a whole."""
        of = self.part(name, self._places(name, params, scope))
        by = self.part(self.by, self._places(self.by, self.at, scope))
        return Total(of, (by,), self.denominator)

    def _places(self, name: str, at: Axes, scope: Mapping[tm.Index, Ix]) -> tuple[Ix | None, ...]:
        shape = self.problem.symbols[name].shape
        family = self.problem.family_dims
        raiser = self.totals.raiser
        return tuple(raiser.ix(i, scope) if d in family and d != 1 else None for i, d in zip(at, shape, strict=True))

    def matrix(self, name: str, params: Axes, value: tm.Poly, scope: Mapping[tm.Index, Ix]) -> Equation:
        """The form with members as vectors and matrices; raises NoMatrixForm."""
        lhs = self.whole(name, params, scope)
        family = self.problem.family_dims
        above, below = (
            tuple(i for i, place in zip(at, self._places(own, at, scope), strict=True) if place is None)
            for own, at in ((name, params), (self.by, self.at))
        )
        if len(below) > 1 or (len(above) > 1 and below):
            raise NoMatrixForm(say("reasons.many_axes", axes=len(above) + len(below)))
        known = {i: ix for i, ix in scope.items() if i.dim in family}
        free = Totals.free(above, below, denominator=self.denominator)
        found: list[Expr] = []
        failure: NoMatrixForm | None = None
        for form in (value, expand(value)):
            try:
                found.append(MemberLifter(self.totals.namer, family, known).lifted(form, free))
            except NoMatrixForm as error:
                failure = failure or error
        if failure is not None and not found:
            raise failure
        return Equation(lhs, min(found, key=weight))

    def stated(self, params: Axes, value: tm.Poly, cases: tuple[Case, ...], *, recursive: bool) -> TotalDerivation:
        """Both forms of a result, and the recursions on which it rests."""
        name, raiser, steps = self.of.name, self.totals.raiser, list(self.steps)
        scope = self.scope(params, self.letters)
        if self.of.place is not None and not self.of.lettered:
            here = {params[0]: index_of(self.of.place, {})}
            params, value = (here[params[0]], *params[1:]), collapse(tm.sub_poly(value, here))
            self.at = tuple(tm.sub_index(i, here) for i in self.at)
            if not recursive:
                steps.append(Step(sk.SUBSTITUTE, self.total(name, params, scope), raiser.poly(value, scope)))
        order = (*self.at, *params) if self.denominator else (*params, *self.at)
        kept = dict.fromkeys(i for i in order if i in scope or i.dim == 1)
        indices = tuple(scope[i] if i in scope else Ix("1", 1) for i in kept)
        entry = Equation(self.total(name, params, scope), raiser.poly(value, scope))
        matrix, why = None, None
        try:
            matrix = self.matrix(name, params, value, scope)
        except NoMatrixForm as error:
            why = error.words
        if matrix is not None and matrix.rhs != entry.rhs and not recursive:
            collected = Step(sk.COLLECT, matrix.lhs, matrix.rhs)
            steps += [collected] if steps[-1:] != [collected] else []
        return TotalDerivation(
            name, (self.by,), self.denominator, indices, entry, matrix, tuple(steps), why, None, cases, recursive
        )

    def member_of_all(self, name: str, params: Axes, value: tm.Poly) -> Sensitivity:
        """The derivative of any member, entry by entry."""
        scope = self.scope(params, self.letters)
        equation = Equation(self.total(name, params, scope), self.totals.raiser.poly(value, scope))
        free = tuple(dict.fromkeys(scope[i] for i in (*params[1:], *self.at) if i in scope and i != params[0]))
        return Sensitivity(name, scope[params[0]], equation, free, ())

    def case(self, name: str, own: Axes, params: Axes, value: tm.Poly, ends: tuple[Ix, Ix]) -> Case:
        """A derivative at some positions of its letter; ``own`` are the indices at any, ``params`` those at these."""
        full = self.scope(own, self.letters)
        letter = full[own[0]]
        scope = full if params[0] == own[0] else {i: ix for i, ix in full.items() if i != own[0]}
        entry = Equation(self.total(name, params, scope), self.totals.raiser.poly(value, scope))
        try:
            matrix: Equation | None = self.matrix(name, params, value, scope)
        except NoMatrixForm:
            matrix = None
        indices = tuple(dict.fromkeys(scope[i] for i in (*params, *self.at) if i in scope))
        return Case(ex.Run(letter.letter, letter.dim, *ends), entry, matrix, indices)


class _Neighbours(_Through):
    """The derivative of a member by one at the same position, or at the one before: one formula.

    What the member before acts through in its own step is derived first, at any position; of the first member on, the
    one before is no result of a step but what the recurrence starts from.
    """

    is_whole = False

    def derivation(self) -> TotalDerivation:
        of, by = self.of.place, self.end.place
        assert of is not None, "both are members"
        assert by is not None, "both are members"
        self.gap = ex.position_of(shifted(((of, 1), (by, -1)), 0, of.dim)) or 0
        self.before: dict[str, tuple[Axes, tm.Poly]] = {}
        """The derivatives of members of the step of the one by which is differentiated, where it is an earlier one."""
        axes = self.at[1:]
        self.letters = {i: ix for i, ix in self.letters.items() if i in (self.above[0], *axes)}
        for lag, names in enumerate(self._needed()):
            self.at = (tm.affine(((self.above[0], 1),), -lag, of.dim), *axes)
            self.before, self.values = self.values, {}
            for name in names:
                self._derive(name)
        params, value = self.values[self.of.name]
        if not value:
            raise BacksymError(say("calculus.no_step", of=self.of.name, by=self.by))
        others = () if self.of.lettered else (self.member_of_all(self.of.name, params, value),)
        cases = tuple(self._cases(params, value)) if self.of.lettered else ()
        return replace(self.stated(params, value, cases, recursive=bool(cases)), recursions=others)

    def _derive(self, name: str) -> None:
        own = along(self.problem.symbols[name].shape, self.totals.namer.for_symbol(name))
        params = self.above if name == self.of.name else (self.above[0], *own[1:])
        parts = list(self.local_parts(name, params))
        scope = self.scope(params, self.letters)
        self.values[name] = params, self.collected(name, params, scope, parts) if parts else ()

    def _needed(self) -> list[list[str]]:
        """For the step of the member by which is differentiated, and that of the other, the nodes of the same step by
        which what is asked for is computed, in forward order."""
        levels: list[list[str]] = []
        needed = {self.of.name}
        for lag in reversed(range(self.gap + 1)):
            used: set[str] = set()
            for name in reversed(self.between):
                if name in needed and (lag or name != self.by):
                    found = list(accesses(self.problem, name))
                    needed.update(argument for argument, back in found if back == 0)
                    used.update(argument for argument, back in found if back == 1)
            levels.insert(0, [name for name in self.between if name in needed and (lag or name != self.by)])
            needed = used
        return levels

    def is_moved(self, argument: str, place: tm.Index | None, params: Axes) -> bool | None:
        after = None if place is None else tm.steps_after(place, params[0])
        if after is None or after > 0:
            raise BacksymError(say("calculus.far_members", of=self.of.name, by=self.by))
        if argument == self.by and place == self.at[0]:
            return True
        known = self.values if after == 0 else self.before if place == self.at[0] else {}
        return False if argument in known and known[argument][1] else None

    def reached(self, argument: str, at: Axes) -> tm.Poly:
        if at[0] == self.above[0]:
            return super().reached(argument, at)
        params, inner = self.before[argument]
        value = tm.sub_poly(inner, dict(pairs(params, at)))
        return tm.product([value, (*tm.constant(1), *tm.scale(tm.of_factor(self._at_first()), -1))])

    def _at_first(self) -> tm.Del:
        """One at the first member, before which no step has been."""
        return tm.Del(self.above[0], tm.fixed_index(1, self.above[0].dim))

    def _cases(self, params: Axes, value: tm.Poly) -> Iterator[Case]:
        """The derivative of the first member, if there is one before it, and that of all later ones."""
        first = self._at_first()
        ends = {first.a, first.b}
        if not any({f.a, f.b} == ends for f in _deltas(value)):
            return
        rest = collapse(without_delta(value, (first.a, first.b)))
        one, dim = Ix("1", first.a.dim), first.a.dim
        equation = self.problem.by_name.get(self.by)
        if equation is not None and equation.starts:
            here = {first.a: first.b}
            at, self.at = self.at, tuple(tm.sub_index(i, here) for i in self.at)
            own = collapse(tm.sub_poly(value, here))
            yield self.case(self.of.name, params, (first.b, *params[1:]), own, (one, one))
            self.at = at
        yield self.case(self.of.name, params, params, rest, (Ix("2", dim), ex.last(dim)))


class _Recursion(_Through):
    """The derivative of a member, or of what is computed of all, by something farther away."""

    @property
    def is_whole(self) -> bool:
        return self.moved is None

    def is_moved(self, argument: str, place: tm.Index | None, params: Axes) -> bool | None:
        return False if argument in self.values and self.values[argument][1] else None

    def derivation(self) -> TotalDerivation:
        if self.end.place is not None and not self.end.lettered:
            raise BacksymError(say("calculus.by_member", name=self.by, place=self.end.place.letter))
        self.letters = {i: ix for i, ix in self.letters.items() if i in self.at}
        used = (found for name in self.between for found in accesses(self.problem, name))
        self.states = dict.fromkeys(name for name, back in used if back and name in self.between)
        """The families of which earlier members are used, whose derivatives are recursions."""
        self.recursions: dict[str, tuple[Axes, tm.Poly]] = {}
        for name in self.states:
            params = self._params(name)
            whole = Total(self.problem.sym(name), (self.problem.sym(self.by),), self.denominator)
            self.values[name] = params, tm.of_factor(tm.Ent(whole, (*params, *self.at), _LATE))
        for name in self.between:
            if name != self.by or self.moved is not None:
                self._derive(name)
        of = self.of.name
        params, value = self.recursions.get(of) or self.values.get(of, ((), ()))
        if not value:
            raise BacksymError(say("calculus.no_step", of=of, by=self.by))
        states = self._rested_on(value)
        cases = tuple(case for state in states for case in self._cases(state))
        found = self.stated(params, value, cases, recursive=of in self.recursions)
        rested = tuple(self._recursion(name) for name in self.between if name in states)
        if rested and of not in states and self.of.place is not None:
            rested = (*rested, self.member_of_all(of, params, value))
        return replace(found, recursions=rested)

    def _recursion(self, name: str) -> Sensitivity:
        params, value = self.recursions[name]
        found = self.member_of_all(name, params, value)
        starts = () if self.end.lettered else self.problem.by_name[name].starts
        scope, raiser = self.scope(params, self.letters), self.totals.raiser
        return replace(
            found, starts=tuple(raiser.poly(self._of_start(start.name, params[1:]), scope) for start in starts)
        )

    def _params(self, name: str) -> Axes:
        if name == self.of.name:
            return self.above
        return along(self.problem.symbols[name].shape, self.totals.namer.for_symbol(name))

    def _derive(self, name: str) -> None:
        params = self._params(name)
        scope = self.scope(params, self.letters)
        parts = list(self.local_parts(name, params))
        itself = self._seed(params) if name == self.moved else ()
        value = self.collected(name, params, scope, parts, itself) if parts else itself
        if parts:
            self._in_matrix_form(name, params, value, scope)
        if name in self.states:
            self.recursions[name] = params, value
        else:
            self.values[name] = params, value

    def _in_matrix_form(self, name: str, params: Axes, value: tm.Poly, scope: dict[tm.Index, Ix]) -> None:
        try:
            form = self.matrix(name, params, value, scope)
        except NoMatrixForm:
            return
        if form.rhs != self.totals.raiser.poly(value, scope):
            self.steps.append(Step(sk.COLLECT, form.lhs, form.rhs))

    def _seed(self, params: Axes) -> tm.Poly:
        """The derivative of the member that is moved by itself, and of others by it: deltas of all indices."""
        return tm.product([tm.of_factor(tm.Del(i, j)) for i, j in zip(params, self.at, strict=True) if i != j])

    def _rested_on(self, value: tm.Poly) -> list[str]:
        """The states whose recursions are needed; that of what is asked for comes first."""
        of = self.of.name
        found = {of} if of in self.recursions else set()
        todo = [value]
        while todo:
            new = set(_symbols(todo.pop())) - found
            found |= new
            todo += [self.recursions[name][1] for name in self.between if name in new]
        return sorted((name for name in self.between if name in found), key=lambda name: name != of)

    # --- cases ---

    def _cases(self, name: str) -> Iterator[Case]:
        """The recursion of a state, and what it starts from."""
        params, value = self.recursions[name]
        dim = params[0].dim
        one, top = Ix("1", dim), ex.last(dim)
        if not self.end.lettered:
            for back, start in enumerate(self.problem.by_name[name].starts):
                at = shifted((), -back, dim)
                begun = self._of_start(start.name, params[1:])
                yield self.case(name, params, (index_of(at, {}), *params[1:]), begun, (at, at))
            yield self.case(name, params, params, value, (one, top))
            return
        own, k = self.at[0], self.letters[self.at[0]]
        late = max((self._after(f, params[0]) for f in _deltas(value)), default=0)
        for after in range(late + 1):
            here = tm.affine(((own, 1),), after, dim)
            at = shifted(((k, 1),), after, dim)
            yield self.case(name, params, (here, *params[1:]), self._at(value, params[0], after), (at, at))
        rest = value
        for after in range(late + 1):
            rest = without_delta(rest, (params[0], tm.affine(((own, 1),), after, dim)))
        yield self.case(name, params, params, collapse(rest), (shifted(((k, 1),), late + 1, dim), top))
        yield self.case(name, params, params, (), (one, shifted(((k, 1),), -1, dim)))

    def _after(self, f: tm.Del, t: tm.Index) -> int:
        """How far after the member by which is differentiated the member t is, by a delta."""
        tied = members_of(tm.of_factor(f), t) or []
        return max((tm.steps_after(member, self.at[0]) or 0 for member, _ in tied), default=0)

    def _at(self, value: tm.Poly, t: tm.Index, after: int) -> tm.Poly:
        """A recursion a few members after the one by which is differentiated: those before do not depend on it."""
        here = tm.affine(((self.at[0], 1),), after, t.dim)

        def reached(f: tm.Ent) -> tm.Poly | None:
            steps = tm.steps_after(f.idx[0], self.at[0])
            if steps is not None and steps < 0:
                return ()
            name, rest = _state(f), f.idx[1 : len(self.problem.symbols[_state(f)].shape)]
            if steps:
                return None
            if name == self.moved:
                return self._seed((self.at[0], *rest))
            params, inner = self.recursions[name]
            return self._at(tm.sub_poly(inner, dict(pairs(params[1:], rest))), params[0], 0)

        return collapse(_with_symbols(collapse(tm.sub_poly(value, {t: here})), reached))

    def _of_start(self, start: str, params: Axes) -> tm.Poly:
        """The derivative of what a recurrence starts from."""
        if start == self.by:
            return tm.product(
                [tm.of_factor(tm.Del(i, j)) for i, j in zip(params, self.at, strict=True) if i != j]
            ) or tm.constant(1)
        if start not in self.values:
            return ()
        own, value = self.values[start]
        return tm.sub_poly(value, dict(pairs(own, params)))


# --- helpers ---------------------------------------------------------------------------------------------------------


def index_of(place: Ix, letters: dict[tm.Index, Ix]) -> tm.Index:
    """The index at a place; a letter that is new is put to the others."""
    if isinstance(place, Shift):
        return tm.affine([(index_of(part, letters), factor) for part, factor in place.parts], place.offset, place.dim)
    if ex.is_last(place):
        return tm.datum(str(place.dim), (), place.dim)
    if place.fixed:
        return tm.fixed_index(int(place.letter), place.dim)
    known = next((i for i, ix in letters.items() if ix == place), None)
    if known is None:
        known = tm.fresh(place.dim, place.letter)
        letters[known] = place
    return known


def accesses(problem: Problem, name: str) -> Iterator[tuple[str, int | None]]:
    """The families in the equation of a node, each with how many steps before its own the member is; None for any
    other place."""
    eq = problem.by_name[name]
    letter = eq.indices[0] if eq.indices else None
    for e in walk(eq.rhs):
        if isinstance(e, (Entry, Member)) and isinstance(e.base, Sym):
            places = e.indices if isinstance(e, Entry) else e.places
            after = ex.steps_after(places[0], letter) if places else None
            yield e.base.name, None if after is None else -after


def _mapped(p: tm.Poly, change: Callable[[tm.Factor], tm.Factor]) -> tm.Poly:
    """The terms with other factors in place of those that they have, at any depth."""

    def inside(f: tm.Factor) -> tm.Factor:
        if isinstance(f, tm.Grp):
            return tm.Grp(_mapped(f.body, change))
        if isinstance(f, tm.Ind):
            return tm.Ind(f.op, _mapped(f.a, change), _mapped(f.b, change))
        if isinstance(f, tm.Fun):
            return replace(f, args=tuple(tm.Lam(a.params, _mapped(a.body, change)) for a in f.args))
        return change(f)

    terms = (tm.Term(t.coeff, tuple((inside(f), e) for f, e in t.powers), t.bound) for t in p)
    return tuple(t for t in terms if not any(isinstance(f, tm.Grp) and not f.body for f, _ in t.powers))


def _with_started(p: tm.Poly, change: Callable[[Started], Expr]) -> tm.Poly:
    """The terms with other arrays in place of recurrences with what they start from."""

    def inside(f: tm.Factor) -> tm.Factor:
        return tm.Ent(change(f.base), f.idx, f.pos) if isinstance(f, tm.Ent) and isinstance(f.base, Started) else f

    return _mapped(p, inside)


def _with_symbols(p: tm.Poly, value: Callable[[tm.Ent], tm.Poly | None]) -> tm.Poly:
    """The terms with values in place of the derivatives of members; None keeps one."""

    def change(f: tm.Factor) -> tm.Factor:
        known = value(f) if isinstance(f, tm.Ent) and isinstance(f.base, Total) else None
        return f if known is None else tm.Grp(known)

    return _mapped(p, change)


def _factors(p: tm.Poly) -> Iterator[tm.Factor]:
    for t in p:
        for f, _ in t.powers:
            yield f
            if isinstance(f, tm.Grp):
                yield from _factors(f.body)


def _symbols(p: tm.Poly) -> list[str]:
    """The states whose derivatives terms have."""
    return [_state(f) for f in _factors(p) if isinstance(f, tm.Ent) and isinstance(f.base, Total)]


def _state(f: tm.Ent) -> str:
    """The state of whose derivative this is an entry."""
    (name, *_) = names_in(f.base)
    return name


def _deltas(p: tm.Poly) -> Iterator[tm.Del]:
    return (f for f in _factors(p) if isinstance(f, tm.Del))

"""Recursions of Jacobians in NumPy: a list of the derivatives of all members, made one after the other.

Each is computed of those before it: ``[J := start if t < 0 else step for t in range(-1, T)]``.  This module must not
know how a recursion was derived.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from backsym.core import expr as ex
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem, Symbol
from backsym.core.python import expression_of
from backsym.core.steps import Sensitivity, TotalDerivation
from backsym.core.words import say
from backsym.printing.numpy.code import python_name, stable_source
from backsym.printing.numpy.source import replaced, text_of


def sensitivity_source(problem: Problem, total: TotalDerivation) -> str:
    """The source of a Jacobian that rests on recursions, along the letters of its entry.

    Raises BacksymError for what no one expression says.
    """
    coder = _Recursions(problem, total.recursions)
    texts = _Texts(problem, coder.fresh)
    equation, indices = total.array
    if not is_listed(total):
        return texts.source(coder.whole(equation.rhs, texts), indices)
    return texts.source(coder.whole(total.entry.lhs, texts), total.indices)


def is_listed(total: TotalDerivation) -> bool:
    """Whether a Jacobian is that of a member whose likes are computed one after the other."""
    (of, *_) = ex.names_in(total.entry.lhs)
    if not any(recursion.state == of for recursion in total.recursions):
        return False
    return bool(total.cases) or any(map(_before_last, ex.walk(total.entry.rhs)))


def _before_last(e: ex.Expr) -> bool:
    return any(isinstance(ix, ex.Shift) and any(ex.is_last(part) for part, _ in ix.parts) for ix in ex.indices_of(e))


class _Texts:
    """Texts that stand in source as arrays of their own."""

    def __init__(self, problem: Problem, fresh: Callable[[str], str]):
        self.problem, self.fresh = problem, fresh
        self.texts: dict[str, str] = {}
        self.shapes: dict[str, ex.Shape] = {}

    def array(self, text: str, shape: ex.Shape) -> ex.Sym:
        known = next((name for name, other in self.texts.items() if other == text), None)
        if known is None:
            known = self.fresh("member")
            self.texts[known], self.shapes[known] = text, shape
        return ex.Sym(known, shape)

    def source(self, e: ex.Expr, free: tuple[ex.Ix, ...]) -> str:
        symbols = {name: Symbol(name, shape, "node") for name, shape in self.shapes.items()}
        problem = self.problem.changed(symbols={**self.problem.symbols, **symbols})
        source = stable_source(e, problem, free, ())

        def put(node: ast.expr) -> ast.expr:
            text = self.texts.get(node.id) if isinstance(node, ast.Name) else None
            return node if text is None else expression_of(text)

        return text_of(replaced(expression_of(source), put)) if self.texts else source


class _Recursions:
    """The recursions of the states of one Jacobian, as one list of all members for each state."""

    def __init__(self, problem: Problem, recursions: Sequence[Sensitivity]):
        self.problem = problem
        self.recursions = {recursion.state: recursion for recursion in recursions}
        self.taken = {python_name(name, problem) for name in problem.symbols} | {"np", "math", *map(str, problem.dims)}
        self.loop = self.fresh("t")
        self.last = {state: self.fresh("J" if len(recursions) == 1 else f"J_{state}") for state in self.recursions}
        backs = (self._back(e, recursion.letter) for recursion in recursions for e in ex.walk(recursion.equation.rhs))
        self.lag = max((back for back in backs if back is not None), default=1)
        """How far before its own the members are whose derivatives are used."""
        self.past = {
            name: [own, *(self.fresh(f"{own}{n}") for n in range(2, self.lag + 1))] for name, own in self.last.items()
        }

    def fresh(self, wish: str) -> str:
        while wish in self.taken:
            wish += "_"
        self.taken.add(wish)
        return wish

    @staticmethod
    def _back(e: ex.Expr, letter: ex.Ix) -> int | None:
        after = (
            ex.steps_after(e.of.indices[0], letter) if isinstance(e, ex.Total) and isinstance(e.of, ex.Entry) else None
        )
        return None if after is None else -after

    # --- all members ---

    def whole(self, e: ex.Expr, texts: _Texts) -> ex.Expr:
        """The expression with the derivatives of members as entries of the list of all of them."""
        if not (isinstance(e, ex.Total) and (state := _state(e)) in self.recursions):
            return ex.rebuild(e, lambda child: self.whole(child, texts))
        first, rest = ex.indices_of(e.of)[0], _rest(e)
        shape = tuple(ix.dim for ix in rest)
        listed = self.listed(state)
        if not ex.letters_of(first):
            after = ex.steps_after(first, ex.last(first.dim))
            place = self.lag + (ex.position_of(first) or 0) - 1 if after is None else after - 1
            return _entry(texts.array(f"{listed}[{place}]", shape), rest)
        members = texts.array(f"np.array({listed}[{self.lag}:])", (first.dim, *shape))
        starts = len(self.recursions[state].starts)
        before = tuple(texts.array(f"{listed}[{self.lag - 1 - n}]", shape) for n in range(starts))
        if before and (ex.steps_after(first, next(iter(ex.letters_of(first)))) or 0) < 0:
            return ex.Entry(ex.Started(members.name, members.declared, starts=before), (first, *rest))
        return ex.Entry(members, (first, *rest))

    def listed(self, state: str) -> str:
        """The list of the derivatives of all members of a state, those of what it starts from before them."""
        order = [name for name in self.recursions if name in self._needed(state)]
        alone = len(order) == self.lag == 1
        new = {name: self.last[name] if alone else self.fresh(f"{self.last[name]}_now") for name in order}
        made = [f"{new[name]} := {self.value(name, new)}" for name in order]
        size = stable_source(ex.Size(str(self.recursions[state].letter.dim)), self.problem)
        loop = f"for {self.loop} in range({-self.lag}, {size})"
        if alone:
            return f"[{made[0]} {loop}]"
        for name in order:
            # At first there is nothing before: what is kept then is not used.
            older = list(pairwise(self.past[name]))[::-1]
            made += [f"{old} := {young} if {self.loop} > {-self.lag} else {new[name]}" for young, old in older]
            made.append(f"{self.last[name]} := {new[name]}")
        inside = ", ".join(f"({part})" for part in made)
        return f"[({inside})[{order.index(state)}] {loop}]"

    def _needed(self, state: str) -> set[str]:
        found: set[str] = set()
        todo = [state]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += [_state(e) for e in ex.walk(self.recursions[name].equation.rhs) if isinstance(e, ex.Total)]
        return found

    # --- one member ---

    def value(self, state: str, new: Mapping[str, str]) -> str:
        """The derivative of the member at the loop's position, or of what comes before the first."""
        recursion = self.recursions[state]
        texts = _Texts(self.problem, self.fresh)
        text = texts.source(self.opened(recursion.equation.rhs, recursion.letter, new, texts), recursion.free)
        starts = [stable_source(e, self.problem, recursion.free, ()) for e in recursion.starts or (ex.ZERO,)]
        for back, start in enumerate([*starts, *starts[-1:] * (self.lag - len(starts))]):
            text = f"{start} if {self.loop} < {-back} else {text}"
        return text

    def opened(self, e: ex.Expr, letter: ex.Ix, new: Mapping[str, str], texts: _Texts) -> ex.Expr:
        """The expression with arrays of their own in place of the members at the letter, or beside it."""
        if isinstance(e, ex.Total):
            back, rest = self._back(e, letter), _rest(e)
            if back is None or back < 0:
                raise BacksymError(say("numpy.sensitivity", name=_state(e)))
            text = self.past[_state(e)][back - 1] if back else new[_state(e)]
            return _entry(texts.array(text, tuple(ix.dim for ix in rest)), rest)
        if isinstance(e, ex.Delta) and letter in (*ex.letters_of(e.i), *ex.letters_of(e.j)):
            return self._at_delta(e, letter, texts)
        if (
            isinstance(e, ex.Entry)
            and isinstance(e.base, ex.Sym)
            and any(letter in ex.letters_of(ix) for ix in e.indices)
        ):
            return self._member(e, letter, texts)
        if isinstance(e, ex.IndexReduce) and letter in e.indices:
            return e  # A sum over all positions, which has a letter of its own.
        if isinstance(e, ex.Adj) or any(letter in ex.letters_of(ix) for ix in ex.indices_of(e)):
            raise BacksymError(say("numpy.sensitivity", name=letter.letter))
        return ex.rebuild(e, lambda child: self.opened(child, letter, new, texts))

    def _member(self, e: ex.Entry, letter: ex.Ix, texts: _Texts) -> ex.Expr:
        first, *rest = e.indices
        base = e.base
        after = ex.steps_after(first, letter)
        moving = any(letter in ex.letters_of(ix) for ix in rest)
        if after is None or moving or isinstance(first, ex.Label) or not isinstance(base, ex.Sym):
            raise BacksymError(say("numpy.sensitivity", name=letter.letter))
        text = f"{python_name(base.name, self.problem)}[{self._place(after)}]"
        if isinstance(base, ex.Started) and after < 0:
            for position in range(-after):
                start = base.starts[-after - 1 - position]
                if not isinstance(start, ex.Sym):
                    raise BacksymError(say("numpy.sensitivity", name=base.name))
                begun = python_name(start.name, self.problem)
                text = f"({begun} if {self.loop} == {position} else {text})"
        return _entry(texts.array(text, base.declared[1:]), tuple(rest))

    def _place(self, after: int) -> str:
        return f"{self.loop} {'-' if after < 0 else '+'} {abs(after)}" if after else self.loop

    def _at_delta(self, e: ex.Delta, letter: ex.Ix, texts: _Texts) -> ex.Expr:
        """The members by which is differentiated, side by side, of which one is that of the loop, or whether it is at a
        fixed position."""
        own, other = (e.i, e.j) if letter in ex.letters_of(e.i) else (e.j, e.i)
        after = ex.steps_after(own, letter)
        place = ex.position_of(other)
        if after is not None and place is not None:
            at, apart = ("1.0", "0.0") if e.equal else ("0.0", "1.0")
            return texts.array(f"({at} if {self._place(after)} == {place - 1} else {apart})", ())
        if after is None or type(other) is not ex.Ix or other.fixed or not e.equal:
            raise BacksymError(say("numpy.sensitivity", name=letter.letter))
        size = stable_source(ex.Size(str(letter.dim)), self.problem)
        return ex.Entry(texts.array(f"(np.arange({size}) == {self._place(after)})", (letter.dim,)), (other,))


def _state(e: ex.Total) -> str:
    (name, *_) = ex.names_in(e.of)
    return name


def _rest(e: ex.Total) -> tuple[ex.Ix, ...]:
    """The free letters of the derivative of a member, but for its own: those of its axes in the list."""
    ends = (*ex.indices_of(e.of)[1:], *(ix for by in e.by for ix in ex.indices_of(by)))
    return tuple(dict.fromkeys(ix for ix in ends if type(ix) is ex.Ix and not ix.fixed))


def _entry(array: ex.Sym, at: tuple[ex.Ix, ...]) -> ex.Expr:
    return ex.Entry(array, at) if at else array

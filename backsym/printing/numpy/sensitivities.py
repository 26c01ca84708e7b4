"""Recursions of Jacobians in NumPy: a list of the derivatives of all members, made one after the other.

Each is computed of those before it: ``[J := start if t < 0 else step for t in range(-1, T)]``.  This module must not
know how a recursion was derived.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    ZERO,
    Adj,
    Delta,
    Entry,
    Expr,
    IndexReduce,
    Ix,
    Label,
    Shape,
    Shift,
    Size,
    Started,
    Sym,
    Total,
    indices_of,
    is_last,
    last,
    letters_of,
    names_in,
    position_of,
    rebuild,
    steps_after,
    walk,
)
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
    (of, *_) = names_in(total.entry.lhs)
    if not any(recursion.state == of for recursion in total.recursions):
        return False
    return bool(total.cases) or any(map(_before_last, walk(total.entry.rhs)))


def _before_last(e: Expr) -> bool:
    return any(isinstance(ix, Shift) and any(is_last(part) for part, _ in ix.parts) for ix in indices_of(e))


class _Texts:
    """Texts that stand in source as arrays of their own."""

    def __init__(self, problem: Problem, fresh: Callable[[str], str]):
        self.problem, self.fresh = problem, fresh
        self.texts: dict[str, str] = {}
        self.shapes: dict[str, Shape] = {}

    def array(self, text: str, shape: Shape) -> Sym:
        known = next((name for name, other in self.texts.items() if other == text), None)
        if known is None:
            known = self.fresh("member")
            self.texts[known], self.shapes[known] = text, shape
        return Sym(known, shape)

    def source(self, e: Expr, free: tuple[Ix, ...]) -> str:
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
        backs = (self._back(e, recursion.letter) for recursion in recursions for e in walk(recursion.equation.rhs))
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
    def _back(e: Expr, letter: Ix) -> int | None:
        after = steps_after(e.of.indices[0], letter) if isinstance(e, Total) and isinstance(e.of, Entry) else None
        return None if after is None else -after

    # --- all members ---

    def whole(self, e: Expr, texts: _Texts) -> Expr:
        """The expression with the derivatives of members as entries of the list of all of them."""
        if not (isinstance(e, Total) and (state := _state(e)) in self.recursions):
            return rebuild(e, lambda child: self.whole(child, texts))
        first, rest = indices_of(e.of)[0], _rest(e)
        shape = tuple(ix.dim for ix in rest)
        listed = self.listed(state)
        if not letters_of(first):
            after = steps_after(first, last(first.dim))
            place = self.lag + (position_of(first) or 0) - 1 if after is None else after - 1
            return _entry(texts.array(f"{listed}[{place}]", shape), rest)
        members = texts.array(f"np.array({listed}[{self.lag}:])", (first.dim, *shape))
        starts = len(self.recursions[state].starts)
        before = tuple(texts.array(f"{listed}[{self.lag - 1 - n}]", shape) for n in range(starts))
        if before and (steps_after(first, next(iter(letters_of(first)))) or 0) < 0:
            return Entry(Started(members.name, members.declared, starts=before), (first, *rest))
        return Entry(members, (first, *rest))

    def listed(self, state: str) -> str:
        """The list of the derivatives of all members of a state, those of what it starts from before them."""
        order = [name for name in self.recursions if name in self._needed(state)]
        alone = len(order) == self.lag == 1
        new = {name: self.last[name] if alone else self.fresh(f"{self.last[name]}_now") for name in order}
        made = [f"{new[name]} := {self.value(name, new)}" for name in order]
        size = stable_source(Size(str(self.recursions[state].letter.dim)), self.problem)
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
                todo += [_state(e) for e in walk(self.recursions[name].equation.rhs) if isinstance(e, Total)]
        return found

    # --- one member ---

    def value(self, state: str, new: Mapping[str, str]) -> str:
        """The derivative of the member at the loop's position, or of what comes before the first."""
        recursion = self.recursions[state]
        texts = _Texts(self.problem, self.fresh)
        text = texts.source(self.opened(recursion.equation.rhs, recursion.letter, new, texts), recursion.free)
        starts = [stable_source(e, self.problem, recursion.free, ()) for e in recursion.starts or (ZERO,)]
        for back, start in enumerate([*starts, *starts[-1:] * (self.lag - len(starts))]):
            text = f"{start} if {self.loop} < {-back} else {text}"
        return text

    def opened(self, e: Expr, letter: Ix, new: Mapping[str, str], texts: _Texts) -> Expr:
        """The expression with arrays of their own in place of the members at the letter, or beside it."""
        if isinstance(e, Total):
            back, rest = self._back(e, letter), _rest(e)
            if back is None or back < 0:
                raise BacksymError(say("numpy.sensitivity", name=_state(e)))
            text = self.past[_state(e)][back - 1] if back else new[_state(e)]
            return _entry(texts.array(text, tuple(ix.dim for ix in rest)), rest)
        if isinstance(e, Delta) and letter in (*letters_of(e.i), *letters_of(e.j)):
            return self._at_delta(e, letter, texts)
        if isinstance(e, Entry) and isinstance(e.base, Sym) and any(letter in letters_of(ix) for ix in e.indices):
            return self._member(e, letter, texts)
        if isinstance(e, IndexReduce) and letter in e.indices:
            return e  # A sum over all positions, which has a letter of its own.
        if isinstance(e, Adj) or any(letter in letters_of(ix) for ix in indices_of(e)):
            raise BacksymError(say("numpy.sensitivity", name=letter.letter))
        return rebuild(e, lambda child: self.opened(child, letter, new, texts))

    def _member(self, e: Entry, letter: Ix, texts: _Texts) -> Expr:
        first, *rest = e.indices
        base = e.base
        after = steps_after(first, letter)
        moving = any(letter in letters_of(ix) for ix in rest)
        if after is None or moving or isinstance(first, Label) or not isinstance(base, Sym):
            raise BacksymError(say("numpy.sensitivity", name=letter.letter))
        text = f"{python_name(base.name, self.problem)}[{self._place(after)}]"
        if isinstance(base, Started) and after < 0:
            for position in range(-after):
                start = base.starts[-after - 1 - position]
                if not isinstance(start, Sym):
                    raise BacksymError(say("numpy.sensitivity", name=base.name))
                begun = python_name(start.name, self.problem)
                text = f"({begun} if {self.loop} == {position} else {text})"
        return _entry(texts.array(text, base.declared[1:]), tuple(rest))

    def _place(self, after: int) -> str:
        return f"{self.loop} {'-' if after < 0 else '+'} {abs(after)}" if after else self.loop

    def _at_delta(self, e: Delta, letter: Ix, texts: _Texts) -> Expr:
        """The members by which is differentiated, side by side, of which one is that of the loop."""
        own, other = (e.i, e.j) if letter in letters_of(e.i) else (e.j, e.i)
        after = steps_after(own, letter)
        if after is None or type(other) is not Ix or other.fixed or not e.equal:
            raise BacksymError(say("numpy.sensitivity", name=letter.letter))
        size = stable_source(Size(str(letter.dim)), self.problem)
        return Entry(texts.array(f"(np.arange({size}) == {self._place(after)})", (letter.dim,)), (other,))


def _state(e: Total) -> str:
    (name, *_) = names_in(e.of)
    return name


def _rest(e: Total) -> tuple[Ix, ...]:
    """The free letters of the derivative of a member, but for its own: those of its axes in the list."""
    ends = (*indices_of(e.of)[1:], *(ix for by in e.by for ix in indices_of(by)))
    return tuple(dict.fromkeys(ix for ix in ends if not ix.fixed))


def _entry(array: Sym, at: tuple[Ix, ...]) -> Expr:
    return Entry(array, at) if at else array

"""Derivations that are the same up to names: one of each kind is written out, and the others are listed.

Two derivations are alike if a renaming of quantities, dimensions and letters takes every step of the one to that of the
other, in order.  A forward equation that only names what is differentiated is left out of the comparison: w_1 and w_2
are alike in m = w_1 x_1 + w_2 x_2.  The renaming keeps roles, as a teacher would: a weight is like a weight.

This module must not know about sentences or layout.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from backsym.core import stepkinds as sk
from backsym.core.expr import Adj, Dim, Equation, Expr, Fn, IndexReduce, Ix, Label, Labels, Mul, Shift, Size, Sym
from backsym.core.names import split_name
from backsym.core.problem import Problem
from backsym.core.steps import Step

_ROLES = {"node": "value", "input": "value"}
"""What a layer is applied to is a value, computed or given."""

_NAMED = (Sym, Adj, Labels)
_SIZES = ("declared", "of", "to", "dim")
"""The fields of expressions that hold dimensions."""


@dataclass(frozen=True)
class Form:
    """What derivations that are alike have in common, and the names that tell them apart, in the order of the form."""

    key: Hashable
    names: tuple[str, ...]


def form_of(steps: Iterable[Step], problem: Problem) -> Form:
    """The form of a derivation."""
    found = _Form(problem)
    key = tuple(found.steps(steps))
    return Form(key, tuple(found.names))


def form_of_letters(problem: Problem, *sides: Expr) -> Hashable:
    """What expressions have in common that differ in index letters only."""
    found = _Form(problem)
    return found.of(sides), tuple(found.names), tuple(found.dims)


def with_other_tag(given: Sequence[Equation], found: Sequence[Equation], problem: Problem) -> bool:
    """Whether equations are others with one tag in place of another: those of h_b as those of h_a."""
    one, other = _form_of_equations(given, problem), _form_of_equations(found, problem)
    if one.key != other.key:
        return False
    pairs = [(split_name(a), split_name(b)) for a, b in pairs_of(renaming(one, other), problem)]
    tags = {(old, new) for (_, old), (_, new) in pairs}
    return len(tags) == 1 and all(old == new for (old, _), (new, _) in pairs)


def _form_of_equations(equations: Sequence[Equation], problem: Problem) -> Form:
    found = _Form(problem)
    key = tuple((found.of(equation.lhs), found.of(equation.rhs)) for equation in equations)
    return Form(key, tuple(found.names))


def renaming(one: Form, other: Form) -> dict[str, str]:
    """By which names the first form becomes the second; names that stay are left out."""
    return {a: b for a, b in zip(one.names, other.names, strict=True) if a != b}


@dataclass
class _Form:
    problem: Problem
    names: dict[str, int] = field(default_factory=dict)
    dims: dict[Dim, int] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)

    def steps(self, steps: Iterable[Step]) -> Iterator[Hashable]:
        for step in steps:
            if step.kind != sk.FORWARD:
                inner = tuple(self.steps(step.substeps))
                yield str(step.kind), self.of(step.before), self.of(step.after), inner

    def of(self, value: object) -> Hashable:
        """An expression, an index, or what an expression holds, with numbers in place of names."""
        if isinstance(value, Ix):
            return self._index(value)
        if isinstance(value, tuple):
            return tuple(map(self.of, value))
        if not isinstance(value, Expr):
            return value  # A number, a text or None.
        if isinstance(value, IndexReduce):
            over, body = _one_sum(value)
            return value.op, self.of(body), frozenset(map(self._index, over))
        if isinstance(value, Mul):
            return "Mul", *map(self.of, _factors(value))
        kind: Any = type(value)
        parts: list[Hashable] = [kind.__name__]
        if isinstance(value, _NAMED):
            parts.append(self._name(value.name))
        for name, sized in _compared(kind):
            inner = getattr(value, name)
            parts.append(self._sizes(inner) if sized and not isinstance(inner, Expr) else self.of(inner))
        return tuple(parts)

    def _name(self, name: str) -> Hashable:
        symbol = self.problem.symbols.get(name)
        role = None if symbol is None else _ROLES.get(symbol.role, symbol.role)
        loss = name == self.problem.loss
        return _numbered(self.names, name), role, loss

    def _sizes(self, value: object) -> Hashable:
        if isinstance(value, tuple):
            return tuple(map(self._sizes, value))
        return value if isinstance(value, int) else _numbered(self.dims, str(value))

    def _index(self, ix: Ix) -> Hashable:
        size = self._sizes(ix.dim)
        if isinstance(ix, Shift):
            return "shift", tuple((self._index(letter), factor) for letter, factor in ix.parts), ix.offset, size
        if isinstance(ix, Label):
            return "label", self._name(ix.name), tuple(map(self._index, ix.at)), size
        return ("at", ix.letter, size) if ix.fixed else ("letter", _numbered(self.letters, ix.letter), size)


def _one_sum(e: IndexReduce) -> tuple[tuple[Ix, ...], Expr]:
    """The letters and the body of sums of sums, whose order is no matter."""
    if isinstance(e.body, IndexReduce) and e.body.op == e.op:
        inner, body = _one_sum(e.body)
        return (*e.indices, *inner), body
    return e.indices, e.body


def _factors(e: Expr) -> Iterator[Expr]:
    """The factors of a product, those of its products among them."""
    if isinstance(e, Mul):
        for factor in e.args:
            yield from _factors(factor)
    else:
        yield e


@cache
def _compared(kind: type[Any]) -> tuple[tuple[str, bool], ...]:
    """The names of what makes expressions of a class equal, but for their own, and whether each holds dimensions."""
    names = [held.name for held in fields(kind) if held.compare]
    own = ("name",) if issubclass(kind, _NAMED) else ()
    sizes = names if issubclass(kind, Size) else () if issubclass(kind, Fn) else _SIZES
    return tuple((name, name in sizes) for name in names if name not in own)


def _numbered(numbers: dict[str, int] | dict[Dim, int], name: str) -> int:
    known: dict[str, int] = numbers  # type: ignore[assignment]
    return known.setdefault(name, len(known))


def pairs_of(names: Mapping[str, str], problem: Problem) -> list[tuple[str, str]]:
    """The renaming of quantities that have a sign on the page, without the loss."""
    return [(a, b) for a, b in names.items() if b in problem.symbols]

"""The numbers that a problem asks for, and whether an answer is one of them.

A number is right within a tolerance: a share of the true value, 1 % if the problem says nothing, or, if that is looser,
half a unit of the last digit that was written, of at least two.  An answer of which earlier ones that are wrong make
this number is right, too.  Knows problems and their values; must not know how an answer is written or told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backsym.core.expr import Adj, Expr, Sym
from backsym.core.lazy import lazy
from backsym.core.problem import Part, Problem
from backsym.marking.answers.numbers import Numbers
from backsym.numeric.axes import Array
from backsym.numeric.context import Env
from backsym.numeric.given import point, told
from backsym.numeric.layers import as_kept
from backsym.parts.table import kind_of
from backsym.solving.solution import Solution

TOLERANCE = 0.01
"""The share of the true value by which a number may be off where nothing else is said."""

ZERO = 0.005
"""How large an answer may be whose true value is 0."""


@dataclass(frozen=True)
class AskedNumber:
    """A number that a part asks for; its marks are an equal share of those of the part."""

    name: str
    part: Part
    marks: float
    tolerance: float | None


def numbers_asked(problem: Problem) -> dict[str, AskedNumber]:
    """What answers call the numbers that the parts ask for; of several parts the first counts."""
    found: dict[str, AskedNumber] = {}
    for part in problem.parts:
        names = kind_of(part).number_names(part, problem)
        for name in names:
            marks = float(part.marks) / len(names) if part.marks is not None else 1.0
            tolerance = part.tolerance if part.tolerance is not None else problem.tolerance
            found.setdefault(name, AskedNumber(name, part, marks, tolerance))
    return found


def close(answer: Array, halves: Array, true: Array, tolerance: float | None) -> bool:
    """Whether every entry is right within the tolerance; ``halves`` are half units of the last digits written.

    A tolerance that the author gives is the only one; the last digit counts where there is none.
    """
    allowed = (TOLERANCE if tolerance is None else tolerance) * np.abs(true)
    if tolerance is None:
        allowed = np.maximum(allowed, halves)
    allowed = np.where(true == 0, ZERO, allowed)
    # What the decimals of an answer cannot say in binary does not count.
    return bool(np.all(np.abs(answer - true) <= allowed * (1 + 1e-9) + 1e-12 * np.abs(true)))


class NumberJudge:
    """Judges numbers that answer one problem."""

    def __init__(self, solution: Solution):
        self.problem = solution.problem
        self.solution = solution
        self.asked = numbers_asked(self.problem)

    @lazy
    def env(self) -> Env:
        """The point of the values that are given."""
        return point(self.problem, self.solution.derivations)

    def rank(self, asked: AskedNumber) -> tuple[int, int]:
        """Where a number stands in the order of work: forward pass, backward pass, what is made of both."""
        quantity = kind_of(asked.part).quantities(asked.part, self.problem).get(asked.name)
        if isinstance(quantity, Sym):
            return 1, next((n for n, eq in enumerate(self.problem.equations) if eq.name == quantity.name), -1)
        if isinstance(quantity, Adj):
            return 2, next((n for n, d in enumerate(self.solution.derivations) if d.node == quantity.name), -1)
        return 3, 0

    def named(self, target: str) -> AskedNumber | None:
        """The number that a target names: ``z``, ``dL/dz``, ``grad(z)``, or ``z`` for dL/dz where that is all."""
        text = "".join(target.split())
        by = f"d{self.problem.loss}/d"
        inner = text[len("grad(") : -1] if text.startswith("grad(") and text.endswith(")") else None
        names = [f"{by}{inner}"] if inner is not None else [text, f"{by}{text}"]
        return next((self.asked[name] for name in names if name in self.asked), None)

    def true(self, asked: AskedNumber, own: Mapping[str, Array] | None = None) -> Array:
        """The number, with ``own`` numbers in place of others that it rests on."""
        env = self.env
        replaced = self._replaced({name: value for name, value in (own or {}).items() if name != asked.name})
        if replaced:
            env = point(self.problem, self.solution.derivations, replaced)
        found = self._told(asked, env)
        if found.dtype.hasobject:
            return np.concatenate([np.ravel(member) for member in found])
        return np.asarray(found, dtype=float)

    def _told(self, asked: AskedNumber, env: Env) -> Array:
        return np.asarray(kind_of(asked.part).numbers(asked.part, self.problem, lambda e: told(e, env))[asked.name])

    def sizes(self, asked: AskedNumber) -> tuple[tuple[int, ...], ...] | None:
        """The shapes of the members of a list that differ in size; its numbers are told one after the other."""
        found = self._told(asked, self.env)
        return tuple(member.shape for member in found) if found.dtype.hasobject else None

    def _replaced(self, own: Mapping[str, Array]) -> dict[Expr, Array]:
        found: dict[Expr, Array] = {}
        for name, value in own.items():
            part = self.asked[name].part
            quantity = kind_of(part).quantities(part, self.problem).get(name)
            sizes = self.sizes(self.asked[name])
            if quantity is not None and sizes is not None and isinstance(quantity, (Sym, Adj)):
                ends = np.cumsum([math.prod(size) for size in sizes])[:-1]
                members = [part.reshape(size) for part, size in zip(np.split(value, ends), sizes, strict=True)]
                value = as_kept(members, quantity.declared, self.env.dims)
            if quantity is not None:
                found[quantity] = value
        return found

    def is_right(self, asked: AskedNumber, answer: Numbers, true: Array) -> bool:
        """Whether the answer is the number; a column of one is a vector."""
        if answer.values.size != true.size or not _same_layout(answer.shape, true.shape):
            return False
        values, halves = answer.values.reshape(true.shape), answer.halves.reshape(true.shape)
        return close(values, halves, true, asked.tolerance)

    def quantity(self, asked: AskedNumber) -> Expr:
        """What the number is the value of, to be printed."""
        own = kind_of(asked.part).quantities(asked.part, self.problem)
        return own[asked.name] if asked.name in own else self.problem.sym(asked.name)


def _same_layout(own: tuple[int, ...], true: tuple[int, ...]) -> bool:
    """Whether shapes are equal but for axes of length one."""
    return tuple(n for n in own if n != 1) == tuple(n for n in true if n != 1)

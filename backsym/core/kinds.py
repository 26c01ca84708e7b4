"""Kinds of functions, as objects that carry their rules; an open table.

A *kind* says what a function does with arrays: entry by entry, along an axis, a whole matrix to a number.  A *function*
is data (``functions.py``) and names its kind.  What a kind means in a room of the house is a rule, and each room keeps
its rules in a ``RuleTable`` of its own, as JAX keeps ``impl_rules`` and ``jvp_rules``: the core lists no rules and
imports no room.

    room                    table               the rule of a kind
    core                    ``Kind.shape``      shape of f(args)
    reading.meaning.calls   ``reading``         checks the arguments of a call
    reading.notes.shapes    ``axes``            axes of a call in a note
    calculus.lower          ``lowering``        entry of f(args) as a sum of terms
    calculus.differentiate  ``derivative``      of one argument of a factor
    calculus.raising        ``raising``         a factor as it is displayed
    calculus.lift           ``lifting``         a factor as an array
    calculus.entries        ``entries``         entry of f(args) as the author would write it
    numeric.apply           ``evaluation``      value
    printing.numpy.code     ``numpy``           NumPy source, from which the other code libraries are translated
    sympy_door              ``sympy_entries``, ``sympy_matrices``

So a new function of a known kind is one entry, ``register(Function(...))``; a new kind is one object,
``register(Kind("name", shape, rules={"lowering": ..., ...}))``, whose rules are taken where a room has none of its own.

This module must not know any room, any kind's rules, or expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from backsym.core.errors import BacksymError
from backsym.core.registry import tabled
from backsym.core.words import say

Rule = TypeVar("Rule", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of function.

    ``shape`` gives the shape of a call, an ``Fn``; it raises ShapeError where the arguments do not fit.  An
    ``entrywise`` function of arrays is the array of the function's values.  Entries of a ``named`` one are written
    ``f(x)_i``, without brackets.  One ``along_rows`` works along the last axis and takes ``axis=-1``.  ``rules`` are
    those that come with the kind, by the name of the table.
    """

    name: str
    """Its name."""
    shape: Callable[[Any], tuple[str | int, ...]]
    """The shape of a call; raises ShapeError where the arguments do not fit."""
    entrywise: bool = False
    """Whether the function of an array is the array of the function's values."""
    named: bool = False
    """Whether entries are written ``f(x)_i``, without brackets."""
    along_rows: bool = False
    """Whether it works along the last axis and takes ``axis=-1``."""
    rules: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Rules that come with it, by the names of their tables."""


class Kinds(dict[str, Kind]):
    """Every kind by its name."""

    of = Kind

    def add(self, kind: Kind) -> Kind:
        """Raises BacksymError for a name that is taken."""
        if self.setdefault(kind.name, kind) is not kind:
            raise BacksymError(say("registry.kind_taken", name=kind.name))
        return kind


KINDS = Kinds()
tabled(KINDS)


def kind_named(name: str) -> Kind:
    """Raises TypeError for a kind that is not registered."""
    kind = KINDS.get(name)
    if kind is None:
        raise TypeError(f"unknown kind of function: {name}")
    return kind


class RuleTable(Generic[Rule]):
    """The rules of one room, one for each kind: ``@lowering("elementwise")`` registers, ``lowering.of(kind)`` finds."""

    def __init__(self, name: str):
        self.name = name
        self.table: dict[str, Rule] = {}

    def __call__(self, *kinds: str) -> Callable[[Rule], Rule]:
        def register(rule: Rule) -> Rule:
            self.table.update(dict.fromkeys(kinds, rule))
            return rule

        return register

    def find(self, kind: str) -> Rule | None:
        """The rule of a kind, of this room or of its own; None where there is none."""
        rule = self.table.get(kind)
        if rule is None and kind in KINDS:
            rule = KINDS[kind].rules.get(self.name)  # type: ignore[assignment]
        return rule

    def of(self, kind: str) -> Rule:
        """Raises TypeError, naming both, for a kind without such a rule."""
        rule = self.find(kind)
        if rule is None:
            raise TypeError(f"functions of kind {kind} have no rule for {self.name}")
        return rule

"""What an expression is evaluated in: sizes, values, adjoints, instances of abstract functions.

This module must not know how expressions are evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from backsym.core.dims import is_ragged
from backsym.core.errors import BacksymError
from backsym.core.expr import Dim, Expr, Ix, compared
from backsym.core.functions import Function
from backsym.core.lazy import lazy
from backsym.core.problem import NodeEquation
from backsym.core.words import say
from backsym.numeric.abstract import AbstractFunction
from backsym.numeric.axes import Array, Val, arrange
from backsym.numeric.layers import masked, size_of

MOST_NODES, MOST_ELEMENTS = 100_000, 2_000_000
"""Of more expressions, or of larger ones, the values are not kept."""


@dataclass(frozen=True)
class Env:
    """A point at which expressions are evaluated: the sizes of the dimensions, the values of all symbols and nodes with
    their declared shapes, and the adjoints that are known so far."""

    dims: dict[str, int]
    values: dict[str, Array]
    adjoints: dict[str, Array] = field(default_factory=dict)
    functions: dict[str, AbstractFunction] = field(default_factory=dict)
    equations: Mapping[str, NodeEquation] = field(default_factory=dict)


class Tracer(Protocol):
    """Sees the operands of operations that are not defined, or not smooth, everywhere; it may raise."""

    def function(self, fn: Function, args: Sequence[Array], ctx: Context) -> None: ...

    def abstract(self, name: str, args: Sequence[Array]) -> None: ...

    def denominator(self, value: Array) -> None: ...

    def power(self, base: Array, exponent: Array) -> None: ...

    def extreme(self, op: str, x: Array, axes: tuple[int, ...]) -> None: ...


class Known:
    """What was found at one point so far: equal expressions are evaluated once."""

    def __init__(self) -> None:
        self.jacobians: dict[tuple[str, str], Array] = {}
        """Local derivatives, of a node by a quantity."""
        self._forget()

    def _forget(self) -> None:
        self._elements = 0
        self._values: dict[int, Val] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self._nodes: dict[int, tuple[Expr, int]] = {}

    def number(self, e: Expr) -> int:
        """A number that equal expressions share."""
        found = self._nodes.get(id(e))
        if found is None:
            number = self._numbers.setdefault(compared(e, self.number), len(self._numbers))
            # With the expression, so that its identity is not given to another.
            found = self._nodes[id(e)] = e, number
        return found[1]

    def value(self, number: int) -> Val | None:
        return self._values.get(number)

    def keep(self, number: int, value: Val) -> None:
        self._values[number] = value
        self._elements += value[1].size

    def bound(self) -> None:
        """Forget the values if there are many of them; not while an expression is evaluated."""
        if len(self._nodes) > MOST_NODES or self._elements > MOST_ELEMENTS:
            self._forget()


@dataclass(frozen=True)
class Context:
    """An ``Env`` in use.  A value may carry named axes: the directions of a complex step, or several points at once."""

    dims: Mapping[str, int]
    values: Mapping[str, Array | Val]
    adjoints: Mapping[str, Array | Val]
    functions: Mapping[str, AbstractFunction]
    equations: Mapping[str, NodeEquation]
    tracer: Tracer | None = None
    known: Known | None = None
    """What was found so far at this point; None where nothing is kept."""
    complete: bool = False
    """Whether the members of recurrences are all there, so that what is used after the last one counts as nothing."""

    @staticmethod
    def of(env: Env, tracer: Tracer | None = None) -> Context:
        return Context(env.dims, env.values, env.adjoints, env.functions, env.equations, tracer, complete=True)

    @property
    def ended(self) -> frozenset[Dim]:
        """The dimensions along which there is nothing after the last member, and no label."""
        return frozenset(eq.indices[0].dim for eq in self.equations.values() if self.complete and eq.block)

    def with_values(self, values: Mapping[str, Array | Val]) -> Context:
        # As ``replace`` would make it, which takes three times as long; answers are tried at many points.
        return Context(
            self.dims, values, self.adjoints, self.functions, self.equations, self.tracer, complete=self.complete
        )

    def label(self, name: str) -> Val:
        """The classes of a label, counted from 0."""
        value = self.values.get(name)
        if value is None and name in self.dims:
            return (), np.asarray(self.dims[name] - 1)  # The last position.
        if value is None:
            raise BacksymError(say("numeric.no_value", name=name))
        names, array = value if isinstance(value, tuple) else ((), value)
        return names, np.asarray(np.rint(np.real(array)), dtype=int)

    def size(self, dim: Dim) -> int:
        return size_of(dim, self.dims)

    @lazy
    def layered(self) -> bool:
        """Whether there are sizes that depend on a position."""
        return any(map(is_ragged, self.dims))

    @lazy
    def direct(self) -> bool:
        """Whether expressions are evaluated as they stand: nothing is kept, nothing is found position by position."""
        return self.known is None and not self.layered

    def sizes(self, shape: Sequence[Dim]) -> tuple[int, ...]:
        return tuple([self.size(d) for d in shape])

    def index_sizes(self, indices: tuple[Ix, ...]) -> tuple[int, ...]:
        return tuple([1 if ix.fixed else self.size(ix.dim) for ix in indices])

    def arranged(self, value: Val, want: tuple[Ix, ...], sizes: Sequence[int] | None = None) -> Array:
        """See ``axes.arrange``: here with the sizes of the letters, and zeros where one is beyond a range that depends
        on another."""
        laid = arrange(value, want, self.index_sizes(want) if sizes is None else sizes)
        return masked(laid, want, self.dims) if self.layered else laid

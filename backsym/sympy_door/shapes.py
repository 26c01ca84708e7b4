"""What SymPy equations declare without saying so: quantities, their shapes, dimensions, abstract functions.

A MatrixSymbol knows its size.  The axes of an IndexedBase get theirs from its shape, from the ranges of the letters it
is used with, or from another array with the same letter.  A D x 1 matrix is a vector [D]; others keep both axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.matexpr import MatrixElement

from backsym.core.dims import Dim, dim_names
from backsym.core.expr import Shape, show_shape
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, REDUCTIONS
from backsym.core.words import say
from backsym.sympy_door.names import Names, refuse
from backsym.sympy_door.shifts import is_shifted, parts, unguarded

INDEX_EXTREMES = {"IndexMax": "max", "IndexMin": "min"}
"""Undefined functions that say what SymPy cannot: IndexMax(Lambda(k, e), D) is the maximum of e over k."""

FIRST_EXTREMES = {"FirstMax": "max", "FirstMin": "min"}
"""FirstMax(Lambda(k, e), D, i) is 1 where i is the first position of that maximum, else 0."""


@dataclass
class Letter:
    """An index letter in force somewhere; its dimension may be found later."""

    name: str
    dim: Dim | None = None


@dataclass
class Found:
    """The declarations of a problem, in the order of appearance; an axis whose size is not known yet is None."""

    names: Names
    arrays: dict[str, list[Dim | None]] = field(default_factory=dict)
    scalars: dict[str, None] = field(default_factory=dict)
    order: dict[str, None] = field(default_factory=dict)
    dims: dict[str, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    links: list[tuple[str, int, Letter]] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    from_zero: bool = False
    from_one: bool = False
    position: object = None
    columns: set[str] = field(default_factory=set)
    """Arrays that are declared [D, 1]: SymPy's columns, which are vectors otherwise."""

    def declare(self, shapes: Mapping[str, Shape]) -> None:
        """Shapes that the author gave, for arrays whose size SymPy does not know."""
        for name, shape in shapes.items():
            if len(shape) == 2 and shape[1] == 1:
                self.columns.add(name)
            if shape:
                self.arrays[name] = list(shape)
                self._dims(shape)

    def scan(self, sides: tuple[Any, Any]) -> None:
        """Take in one equation."""
        free: dict[object, Letter] = {}
        for side in sides:
            self._visit(side, free, {}, frozenset())

    def settle(self) -> None:
        """Give letters and axes each other's dimensions until nothing changes; then every shape must be known."""
        changed = True
        while changed:
            changed = False
            for name, axis, letter in self.links:
                dim = self.arrays[name][axis]
                if dim is None and letter.dim is not None:
                    self.arrays[name][axis], changed = letter.dim, True
                elif letter.dim is None and dim is not None:
                    letter.dim, changed = dim, True
        for name, shape in self.arrays.items():
            if None in shape:
                raise refuse(say("sympy.unknown_size", axis=shape.index(None) + 1, name=name))
        clash = next((name for name in self.order if name in self.dims and name in self.arrays), None)
        if clash is not None:
            raise refuse(say("sympy.quantity_and_dimension", name=clash), say("sympy.rename"))
        if self.from_zero and self.from_one:
            raise refuse(say("sympy.two_starts"))
        if self.from_zero and self.position is not None:
            raise refuse(say("sympy.position_from_zero", entry=str(self.position)))

    def shape(self, name: str) -> Shape:
        return tuple(d for d in self.arrays.get(name, []) if d is not None)

    # --- the walk ---

    def _visit(self, e: Any, free: dict[object, Letter], bound: Mapping[object, Letter], local: frozenset[Any]) -> None:
        if isinstance(e, sympy.Indexed):
            self._indexed(e, free, bound)
        elif isinstance(e, MatrixElement) and isinstance(e.parent, sympy.MatrixSymbol):
            self._matrix(e.parent)
            self._link(self.names.name(e.parent.name), vector_indices(e), free, bound)
        elif isinstance(e, MatrixElement):
            self._visit(e.parent, free, bound, local)
            for ix, size in zip(vector_indices(e), e.parent.shape, strict=False):
                letter = self._letter(ix, free, bound)
                if letter is not None and letter.dim is None:
                    letter.dim = self.names.dim(size, e)
        elif isinstance(e, sympy.MatrixSymbol):
            self._matrix(e)
        elif isinstance(e, sympy.IndexedBase):
            self._base(e, None)
        elif isinstance(e, sympy.Piecewise) and (inside := unguarded(e)) is not None:
            self._visit(inside[0], free, bound, local)
            self._ends(inside[1])
        elif isinstance(e, sympy.Sum):
            inner = dict(bound)
            letters = {*bound, *(key_of(limit[0]) for limit in e.limits)}
            for limit in e.limits:
                ends = {symbol for end in limit[1:] for symbol in sympy.sympify(end).free_symbols}
                if any(key_of(symbol) in letters for symbol in ends):
                    raise refuse(say("sympy.dependent_range", letter=str(limit[0])))
                letter = self.range(limit)
                inner[key_of(limit[0])] = letter
            self._visit(e.function, free, inner, local)
        elif isinstance(e, sympy.Lambda):
            self._visit(e.expr, free, bound, local | set(e.variables))
        elif isinstance(e, AppliedUndef) and type(e).__name__ in (*INDEX_EXTREMES, *FIRST_EXTREMES):
            self._extreme(e, free, bound, local)
        elif isinstance(e, sympy.Subs):
            for arg in (*e.point, e.expr):
                self._visit(arg, free, bound, local | set(e.variables))
        elif isinstance(e, sympy.Derivative):
            self._visit(e.expr, free, bound, local)
        elif isinstance(e, (sympy.Identity, sympy.OneMatrix, sympy.ZeroMatrix)):
            self._dims(tuple(self.names.dim(size, e) for size in e.shape))
        elif isinstance(e, sympy.FunctionMatrix):
            self._visit(e.lamda, free, bound, local)
        elif isinstance(e, sympy.KroneckerDelta):
            for ix in e.args[:2]:
                self._letter(ix, free, bound)
        elif isinstance(e, sympy.Symbol):
            if e not in local and key_of(e) not in bound:
                name = self.names.name(e.name)
                self.scalars.setdefault(name)
                self.order.setdefault(name)
        else:
            if isinstance(e, AppliedUndef):
                self._function(e)
            for arg in e.args:
                self._visit(arg, free, bound, local)

    def _function(self, e: Any) -> None:
        name = self.names.name(type(e).__name__)
        if name not in FUNCTIONS and name != ABSTRACT_LOSS and name not in REDUCTIONS:
            self.functions.setdefault(name)

    def _extreme(
        self, e: Any, free: dict[object, Letter], bound: Mapping[object, Letter], local: frozenset[Any]
    ) -> None:
        function, sizes, positions = extreme_parts(e)
        for position in positions:
            self._letter(position, free, bound)
        inner = dict(bound)
        for variable, size in zip(function.variables, sizes, strict=True):
            dim = self.names.dim(size, variable)
            self._dims((dim,))
            inner[key_of(variable)] = Letter(self.names.letter(variable), dim)
        self._visit(function.expr, free, inner, local)

    def _indexed(self, e: Any, free: dict[object, Letter], bound: Mapping[object, Letter]) -> None:
        self._base(e.base, len(e.indices))
        for ix in e.indices:
            if isinstance(ix, sympy.Integer):
                if ix < 1:
                    raise refuse(say("sympy.no_position", entry=str(e), position=str(ix)))
                self.position = e
            elif is_shifted(ix):
                self.position = e
        self._link(self.names.name(e.base.name), e.indices, free, bound)

    def _ends(self, ends: Sequence[tuple[Any, int, Any]]) -> None:
        """The sizes of arrays whose entries count as zero beyond them."""
        for entry, axis, size in ends:
            known: list[Dim | None] = [None] * len(entry.indices)
            known[axis] = self.names.dim(size, entry)
            self._array(self.names.name(entry.base.name), known)

    def _base(self, base: Any, rank: int | None) -> None:
        name = self.names.name(base.name)
        if base.shape is not None:
            self._array(name, [self.names.dim(size, base) for size in base.shape])
        elif rank is not None:
            self._array(name, [None] * rank)
        if rank is not None and rank != len(self.arrays[name]):
            raise refuse(say("sympy.other_rank", name=name, axes=len(self.arrays[name]), indices=rank))
        self.order.setdefault(name)

    def _matrix(self, matrix: Any) -> None:
        name = self.names.name(matrix.name)
        shape = matrix_shape(matrix, self.names)
        if name in self.columns and len(shape) == 1:  # Declared with both axes.
            shape = (*shape, 1)
        self._array(name, list(shape))
        self.order.setdefault(name)

    def _array(self, name: str, shape: Sequence[Dim | None]) -> None:
        known = self.arrays.get(name)
        if known is None:
            self.arrays[name] = list(shape)
        elif len(known) == len(shape):
            merged = [a if a is not None else b for a, b in zip(known, shape, strict=True)]
            if any(b is not None and a != b for a, b in zip(merged, shape, strict=True)):
                raise refuse(say("sympy.two_shapes", name=name, first=_shown(known), second=_shown(shape)))
            self.arrays[name] = merged
        else:
            raise refuse(say("sympy.two_shapes", name=name, first=_shown(known), second=_shown(shape)))
        self._dims(tuple(d for d in shape if d is not None))

    def _link(
        self, name: str, indices: tuple[Any, ...], free: dict[object, Letter], bound: Mapping[object, Letter]
    ) -> None:
        for axis, ix in enumerate(indices):
            letter = self._letter(ix, free, bound)
            if letter is not None:
                self.links.append((name, axis, letter))

    def _letter(self, ix: Any, free: dict[object, Letter], bound: Mapping[object, Letter]) -> Letter | None:
        if isinstance(ix, sympy.Integer):
            return None
        if is_shifted(ix):
            for letter, _ in parts(ix) or ():
                self._letter(letter, free, bound)
            return None
        name = self.names.letter(ix)
        key = key_of(ix)
        letter = bound.get(key) or free.get(key)
        if letter is None:
            letter = free[key] = Letter(name)
            self._note(ix, letter)
        if isinstance(ix, sympy.Idx) and ix.lower is not None and ix.upper is not None:
            dim = self._whole(ix.lower, ix.upper, ix)
            letter.dim = letter.dim if letter.dim is not None else dim
        return letter

    def range(self, limit: Any) -> Letter:
        """The letter of a sum with its range."""
        letter = Letter(self.names.letter(limit[0]), self._whole(limit[1], limit[2], limit[0]))
        self._note(limit[0], letter)
        return letter

    def _note(self, symbol: Any, letter: Letter) -> None:
        if not isinstance(symbol, sympy.Dummy):
            self.letters.append(letter)

    def index_letters(self) -> dict[str, Dim]:
        """The letters that run over one dimension wherever they are used; k' follows k."""
        ranges: dict[str, list[Dim]] = {}
        for letter in self.letters:
            dims = ranges.setdefault(letter.name, [])
            if letter.dim is not None and letter.dim not in dims:
                dims.append(letter.dim)
        taken = {*self.order, *self.dims}
        return {n: dims[0] for n, dims in ranges.items() if len(dims) == 1 and "'" not in n and n not in taken}

    def _whole(self, low: Any, high: Any, letter: object) -> Dim:
        """The dimension of a range that counts from 1 or from 0."""
        if low == 0:
            self.from_zero = True
            high = high + 1
        elif low == 1:
            self.from_one = True
        else:
            raise refuse(say("sympy.part_of_dimension", letter=str(letter), low=str(low), high=str(high)))
        dim = self.names.dim(high, say("sympy.range_of", letter=str(letter)))
        self._dims((dim,))
        return dim

    def _dims(self, dims: Shape) -> None:
        for name in (name for dim in dims for name in dim_names(dim)):
            self.dims.setdefault(name)

    def quantities(self) -> dict[str, Shape]:
        """Every quantity with its shape: arrays, and scalars that are not dimensions."""
        for name in self.scalars:
            if any(d != 1 for d in self.shape(name)):
                raise refuse(say("sympy.number_and_array", name=name, shape=show_shape(self.shape(name))))
        return {name: self.shape(name) for name in self.order if name not in self.dims}


def extreme_parts(e: Any) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The Lambda, the sizes and, of a first position, the indices of an extreme over letters."""
    first = type(e).__name__ in FIRST_EXTREMES
    count = len(e.args[0].variables) if isinstance(e.args[0], sympy.Lambda) else 0
    if not count or len(e.args) != 1 + (2 * count if first else count):
        raise refuse(
            say("sympy.unread", expression=str(e)),
            say("sympy.write_first" if first else "sympy.write_extreme", function=type(e).__name__),
        )
    return e.args[0], e.args[1 : 1 + count], e.args[1 + count :]


def key_of(symbol: Any) -> object:
    """What makes two index symbols the same letter: the name, or for a Dummy itself."""
    return symbol if isinstance(symbol, sympy.Dummy) else str(symbol.name)


def matrix_shape(matrix: Any, names: Names) -> Shape:
    """[D] for D x 1, else both axes."""
    rows, columns = (names.dim(size, matrix) for size in matrix.shape)
    return (rows,) if columns == 1 else (rows, columns)


def vector_indices(element: Any) -> tuple[Any, ...]:
    """The indices of a matrix element, counting from 1, without the second one of a column."""
    indices = element.indices[:1] if element.parent.shape[1] == 1 else element.indices
    return tuple(ix + 1 if isinstance(ix, sympy.Integer) else ix for ix in indices)


def _shown(shape: Sequence[Dim | None]) -> str:
    return "[" + ", ".join("?" if d is None else str(d) for d in shape) + "]"

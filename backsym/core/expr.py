"""The expression tree that people write and read.

One tree serves both levels.  At the *index level* an expression is scalar-valued with free index letters
(``W[k,j]``, ``sum(..., j)``); at the *array level* it denotes a whole scalar, vector or matrix.  The tree keeps the
author's order and grouping; nothing here simplifies.  Nodes are immutable and compare by structure; ``span`` (the
place in the author's text) is ignored by comparison.

Shapes follow NumPy with one reading: a ``(D,)`` vector is a column.  A shape that consists only of literal ones is a
scalar, ``()``, except for a declared symbol, which keeps its declared shape.

This module must not know about reading, calculus, numbers or printing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from itertools import chain
from operator import attrgetter, is_
from typing import Any

from backsym.core.dims import (
    OWN,
    Amount,
    Whole,
    amount,
    at_least,
    at_places,
    dim_named,
    is_negative,
    is_ragged,
    is_sum,
    letters_in,
)
from backsym.core.dims import Dim as Dim
from backsym.core.errors import ShapeError
from backsym.core.functions import FUNCTIONS
from backsym.core.kinds import KINDS, Kind, kind_named
from backsym.core.lazy import lazy
from backsym.core.words import say

Shape = tuple[Dim, ...]

Span = tuple[int, int]


@dataclass(frozen=True)
class Ix:
    """An index letter as displayed, e.g. ``k`` or ``k'``, with the dimension that it runs over (1-based).

    A letter that is a decimal number (``"1"``) is a fixed position.
    """

    letter: str
    dim: Dim

    def __eq__(self, other: object) -> bool:
        # What is generated makes two tuples, and letters are compared more often than anything else.
        if self is other:
            return True
        if type(other) is not type(self):
            return False
        return self.letter == other.letter and self.dim == other.dim

    def __hash__(self) -> int:
        return hash(self.letter)

    @lazy
    def fixed(self) -> bool:
        return self.letter.isdecimal()


@dataclass(frozen=True)
class Shift(Ix):
    """An index computed from letters, ``i + k - 1`` or ``2*i - 1``: ``offset`` plus each letter times its factor.

    It names a position along an axis of dimension ``dim``.  An entry whose position lies outside 1, ..., dim counts as
    zero.  Build it with ``shifted``, which keeps it in one form.
    """

    parts: tuple[tuple[Ix, Whole], ...] = ()
    offset: Whole = 0

    @lazy
    def fixed(self) -> bool:
        """A fixed position is on its axis; what letters come to may not be."""
        return False


@dataclass(frozen=True)
class Label(Ix):
    """A position that is data: the class ``y``, or ``y[n]``, one for each member; ``at`` has an index for each axis.

    Its letter is how it is written.  Positions count from 1 on the page and from 0 in the label's value.
    """

    name: str = ""
    at: tuple[Ix, ...] = ()


@dataclass(frozen=True)
class Run(Ix):
    """A letter of which some positions are meant, from ``first`` to ``final``; it says where something holds."""

    first: Ix = field(default_factory=lambda: Ix("1", 1))
    final: Ix = field(default_factory=lambda: Ix("1", 1))


def labelled(name: str, at: tuple[Ix, ...], dim: Dim) -> Label:
    """The label ``name`` at the positions ``at``, an index along ``dim``."""
    return Label(f"{name}[{','.join(ix.letter for ix in at)}]" if at else name, dim, name, at)


def last(dim: Dim) -> Ix:
    """The last position along a dimension, ``h[T]``: its size is a datum, too.  No quantity has a dimension's name."""
    return Ix(str(dim), dim) if isinstance(dim, int) else Label(dim, dim, dim)


def is_last(ix: Ix) -> bool:
    return isinstance(ix, Label) and ix.name == ix.dim


def renamed_label(ix: Ix, names: Mapping[str, str]) -> Ix:
    """An index whose label, if it is one, has another name."""
    if isinstance(ix, Shift):
        return shifted(((renamed_label(letter, names), factor) for letter, factor in ix.parts), ix.offset, ix.dim)
    if not isinstance(ix, Label) or is_last(ix):
        return ix
    return labelled(names.get(ix.name, ix.name), ix.at, ix.dim)


def shifted(parts: Iterable[tuple[Ix, Whole]], offset: Whole, dim: Dim) -> Ix:
    """The index ``offset + sum of factor * letter``: a letter, or a position that there surely is, if it is no more."""
    total: dict[Ix, Whole] = {}
    for ix, factor in parts:
        if ix.fixed:
            offset += factor * int(ix.letter)
            continue
        for letter, inner in ix.parts if isinstance(ix, Shift) else ((ix, 1),):
            total[letter] = total.get(letter, 0) + factor * inner
        offset += factor * ix.offset if isinstance(ix, Shift) else 0
    kept = tuple((letter, factor) for letter, factor in total.items() if factor)
    if len(kept) == 1 and not offset and kept[0][1] == 1 and kept[0][0].dim == dim:
        return kept[0][0]
    if not kept and isinstance(offset, int) and offset >= 1 and at_least(amount(dim) - offset, 0):
        return Ix(str(offset), dim)
    words = [_added(f, letter.letter) for letter, f in kept]
    words += [_added(offset, "")] if offset or not kept else []
    return Shift("".join(words).removeprefix("+"), dim, kept, offset)


def _added(factor: Whole, letter: str) -> str:
    """``+2*i``, ``-1``, ``+H``: a summand of an index with its sign."""
    size = str(-factor if is_negative(factor) else factor)
    several = is_sum(factor)
    if letter:
        size = "" if size == "1" else (f"({size})" if several else size) + "*"
    elif several and is_negative(factor):
        size = f"({size})"
    return ("-" if is_negative(factor) else "+") + size + letter


def steps_after(ix: Ix | None, letter: Ix | None) -> int | None:
    """How far after the member at a letter another one is: 1 for t + 1, 0 for t; None where that is no number."""
    if ix is None or letter is None:
        return None
    if isinstance(ix, Shift) and ix.parts == ((letter, 1),) and isinstance(ix.offset, int):
        return ix.offset
    return 0 if ix == letter else None


def position_of(ix: Ix) -> int | None:
    """The position that an index without letters is; it may be outside of its axis."""
    if ix.fixed:
        return int(ix.letter)
    return ix.offset if isinstance(ix, Shift) and not ix.parts and isinstance(ix.offset, int) else None


def letters_of(ix: Ix) -> tuple[Ix, ...]:
    """The letters of an index; none for a fixed position."""
    if isinstance(ix, Shift):
        return tuple(dict.fromkeys(inner for letter, _ in ix.parts for inner in letters_of(letter)))
    if isinstance(ix, Label):
        return tuple(dict.fromkeys(inner for letter in ix.at for inner in letters_of(letter)))
    return () if ix.fixed else (ix,)


def labels_of(ix: Ix) -> tuple[str, ...]:
    """The names of the labels that an index is computed from."""
    if isinstance(ix, Shift):
        return tuple(name for letter, _ in ix.parts for name in labels_of(letter))
    return (ix.name,) if isinstance(ix, Label) and not is_last(ix) else ()


def with_letters(ix: Ix, letters: Mapping[Ix, Ix]) -> Ix:
    """The index with its letters replaced, also those on which its range depends."""
    dim = dim_with(ix.dim, letters)
    if isinstance(ix, Shift):
        return shifted(((with_letters(letter, letters), factor) for letter, factor in ix.parts), ix.offset, dim)
    if isinstance(ix, Label):
        return labelled(ix.name, tuple(with_letters(inner, letters) for inner in ix.at), dim)
    return letters.get(ix) or (ix if dim == ix.dim else Ix(ix.letter, dim))


def surely_leaves(ix: Shift) -> bool:
    """Whether a computed index is beyond an end of its axis for some of its letters, whatever the sizes are."""
    ends = _ends(ix)
    return ends is not None and (at_least(ends[1] - amount(ix.dim), 1) or at_least(-ends[0], 0))


def surely_stays(ix: Shift) -> bool:
    """Whether a computed index is on its axis for all of its letters, whatever the sizes are: T - t + 1."""
    ends = _ends(ix)
    return ends is not None and at_least(ends[0], 1) and at_least(amount(ix.dim) - ends[1], 0)


def _ends(ix: Shift) -> tuple[Whole, Whole] | None:
    """The least and the greatest position that a computed index is; None where a factor is no number."""
    low, high = ix.offset, ix.offset
    for letter, factor in ix.parts:
        if not isinstance(factor, int):
            return None
        ends = (factor, amount(letter.dim) * factor)
        low, high = low + ends[factor < 0], high + ends[factor > 0]
    return low, high


def place_of(ix: Ix) -> Whole:
    """The position that an index is, as a number: that of a letter goes by the letter's name."""
    if isinstance(ix, Shift):
        total = ix.offset
        for letter, factor in ix.parts:
            total = total + place_of(letter) * factor
        return total
    if ix.fixed:
        return int(ix.letter)
    if isinstance(ix, Label) and not is_last(ix):
        raise ShapeError(say("shapes.size_by_label", name=ix.name))
    return Amount((((ix.letter,), 1),))


def counted(ix: Ix, from_zero: Container[Dim]) -> Ix:
    """An index as it is written where positions along these dimensions count from 0."""
    if isinstance(ix, Shift):
        moved = sum((factor for letter, factor in ix.parts if letter.dim in from_zero), start=amount(0))
        return shifted(ix.parts, ix.offset + moved - (ix.dim in from_zero), ix.dim)
    return Ix(str(int(ix.letter) - 1), ix.dim) if ix.fixed and ix.dim in from_zero else ix


def dim_with(dim: Dim, letters: Mapping[Ix, Ix]) -> Dim:
    """A size with other positions in place of letters: ``D[l-1]`` at l + 1 is ``D[l]``."""
    if not is_ragged(dim):
        return dim
    return at_places(dim, {letter.letter: place_of(ix) for letter, ix in letters.items()})


def own_dim(dim: Dim, first: Ix | None) -> Dim:
    """The size of an axis of a member, of that at ``first``, by that of the family."""
    if not is_ragged(dim) or first is None or OWN not in letters_in(dim):
        return dim
    return at_places(dim, {OWN: place_of(first)})


def member_shape(shape: Shape, first: Ix) -> Shape:
    """The shape of the member at an index, by the declared shape of its family."""
    return tuple(own_dim(dim, first) for dim in shape[1:])


@dataclass(frozen=True)
class Expr:
    """Base class of all expression nodes."""

    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)

    @lazy
    def shape(self) -> Shape:
        raise TypeError(f"{type(self).__name__} has no shape rule")

    @lazy
    def written(self) -> str:
        """Its ``repr``, which is long where arrays are functions of arrays, made once."""
        return repr(self)

    @lazy
    def sized_by(self) -> frozenset[str]:
        """The names, of letters and of dimensions, of the positions on which sizes in it depend."""
        own = (letters_in(dim) for dim in _own_sizes(self) if is_ragged(dim))
        return frozenset(chain.from_iterable(own)).union(*(child.sized_by for child in children(self)))


def _no_axes(e: Expr) -> Shape:
    return ()


# --- atoms -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Num(Expr):
    """An exact number; ``text`` is the author's spelling (``0.01``), kept for display only."""

    value: Fraction
    text: str | None = field(default=None, compare=False)

    shape = lazy(_no_axes)

    @lazy
    def as_float(self) -> float:
        """The nearest floating-point number."""
        return float(self.value)


@dataclass(frozen=True)
class Const(Expr):
    """A named mathematical constant: ``pi``."""

    name: str

    shape = lazy(_no_axes)


@dataclass(frozen=True)
class Sym(Expr):
    """A declared symbol or node, whole: scalar, vector or matrix; a ``symmetric`` one is its own transpose.

    Before the first member of a ``recurrent`` family stands what it starts from.
    """

    name: str
    declared: Shape
    symmetric: bool = field(default=False, compare=False, kw_only=True)
    recurrent: bool = field(default=False, compare=False, kw_only=True)

    @lazy
    def shape(self) -> Shape:
        return self.declared


@dataclass(frozen=True)
class Started(Sym):
    """A family that a recurrence computes, with what stands before its first member: h_0, h_1, ..., h_T.

    ``starts`` are the values at the positions 0, -1, ...; an entry above the last position counts as zero, as it does
    for any array.  It has members and entries only.
    """

    starts: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Labels(Expr):
    """A declared label, whole: one class in 1, ..., ``of``, or an array of them.  It is no number to compute with."""

    name: str
    declared: Shape
    of: Dim

    @lazy
    def shape(self) -> Shape:
        return self.declared


@dataclass(frozen=True)
class OneHot(Expr):
    """The vector that is 1 at the class and 0 elsewhere: ``e_y``; of many labels, one along the last axis for each.

    ``labels`` is a ``Labels`` or an entry of one.
    """

    labels: Expr
    of: Dim

    @lazy
    def shape(self) -> Shape:
        return (*self.labels.shape, self.of)


@dataclass(frozen=True)
class Adj(Expr):
    """The adjoint of a symbol or node, whole: dL/dname, of the same shape as the symbol; ``recurrent`` as of that."""

    name: str
    declared: Shape
    recurrent: bool = field(default=False, compare=False, kw_only=True)

    @lazy
    def shape(self) -> Shape:
        return self.declared


@dataclass(frozen=True)
class Size(Expr):
    """The size of a dimension, used as a number."""

    dim: str

    shape = lazy(_no_axes)


@dataclass(frozen=True)
class Ones(Expr):
    """The all-ones vector or matrix."""

    of: Shape

    @lazy
    def shape(self) -> Shape:
        return self.of


@dataclass(frozen=True)
class Zeros(Expr):
    """The zero vector or matrix."""

    of: Shape

    @lazy
    def shape(self) -> Shape:
        return self.of


@dataclass(frozen=True)
class Eye(Expr):
    """The identity matrix."""

    dim: Dim

    @lazy
    def shape(self) -> Shape:
        return (self.dim, self.dim)


@dataclass(frozen=True)
class Delta(Expr):
    """Kronecker delta of two indices of the same dimension; unless ``equal``, 1 where they differ."""

    i: Ix
    j: Ix
    equal: bool = True

    shape = lazy(_no_axes)


# --- arithmetic ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Add(Expr):
    """A sum in the author's order; a subtracted term is a ``Neg``.  Shapes broadcast as in NumPy."""

    args: tuple[Expr, ...]

    @lazy
    def shape(self) -> Shape:
        return broadcast(*[a.shape for a in self.args])


@dataclass(frozen=True)
class Neg(Expr):
    arg: Expr

    @lazy
    def shape(self) -> Shape:
        return self.arg.shape


@dataclass(frozen=True)
class Mul(Expr):
    """An element-wise (Hadamard) product; with scalar factors, scaling.  Shapes broadcast as in NumPy."""

    args: tuple[Expr, ...]

    @lazy
    def shape(self) -> Shape:
        return broadcast(*[a.shape for a in self.args])


@dataclass(frozen=True)
class Div(Expr):
    """An element-wise quotient."""

    num: Expr
    den: Expr

    @lazy
    def shape(self) -> Shape:
        return broadcast(self.num.shape, self.den.shape)


@dataclass(frozen=True)
class Pow(Expr):
    """An element-wise power."""

    base: Expr
    exp: Expr

    @lazy
    def shape(self) -> Shape:
        return broadcast(self.base.shape, self.exp.shape)


@dataclass(frozen=True)
class MatMul(Expr):
    """A chain of matrix products.  A vector is a column; a scalar operand counts as a length-1 vector."""

    args: tuple[Expr, ...]

    @lazy
    def shape(self) -> Shape:
        shape = self.args[0].shape
        for arg in self.args[1:]:
            shape = matmul_shape(shape, arg.shape)
        return scalar_if_ones(shape)


@dataclass(frozen=True)
class T(Expr):
    """Transpose; of a ``(D,)`` column it is the ``(1, D)`` row."""

    arg: Expr

    @lazy
    def shape(self) -> Shape:
        s = self.arg.shape
        if len(s) > 2:
            raise ShapeError(say("shapes.transpose", axes=len(s)))
        return (1, *s) if len(s) == 1 else s[::-1]


@dataclass(frozen=True)
class Fn(Expr):
    """A function of the function table, or an abstract one, applied to arrays.

    ``order`` counts derivatives with respect to the first argument (``relu'(z)`` has order 1).  ``kind`` is the name of
    its kind, which tells the shape; a function of kind ``scalar`` has a derivative of the shape of its first argument.
    """

    name: str
    args: tuple[Expr, ...]
    order: int = 0
    kind: str = "elementwise"

    @lazy
    def shape(self) -> Shape:
        return kind_named(self.kind).shape(self)

    @lazy
    def entrywise(self) -> bool:
        """Whether it acts on each entry by itself."""
        return kind_named(self.kind).entrywise


@dataclass(frozen=True)
class Cmp(Expr):
    """An indicator: 1 where the comparison holds, else 0.  ``op`` is one of ``> >= < <= == !=``."""

    op: str
    a: Expr
    b: Expr

    @lazy
    def shape(self) -> Shape:
        return broadcast(self.a.shape, self.b.shape)


@dataclass(frozen=True)
class Reduce(Expr):
    """``sum``, ``mean``, ``max`` or ``min`` of an array over all entries (axis None) or along one axis."""

    op: str
    arg: Expr
    axis: int | None = None
    keepdims: bool = False

    @lazy
    def shape(self) -> Shape:
        s = self.arg.shape
        if self.axis is None:
            return ()
        if not s:
            raise ShapeError(say("shapes.axis_of_number", operation=self.op))
        axis = self.axis % len(s)
        middle: Shape = (1,) if self.keepdims else ()
        return scalar_if_ones(s[:axis] + middle + s[axis + 1 :])


@dataclass(frozen=True)
class Pick(Expr):
    """1 at the first maximum (``op`` max) or minimum (min) over all entries (axis None) or along an axis, else 0."""

    op: str
    arg: Expr
    axis: int | None = None

    @lazy
    def shape(self) -> Shape:
        return self.arg.shape


@dataclass(frozen=True)
class Reshape(Expr):
    """The same array with axes of length one added or dropped; on the page it is the array itself.

    Or the same entries, in their order, on other axes: all of a matrix in one row, whose size is called ``K*D``.
    """

    arg: Expr
    to: Shape

    @lazy
    def shape(self) -> Shape:
        return self.to

    @lazy
    def regroups(self) -> bool:
        """Whether axes longer than one are put together or apart."""
        return [d for d in self.to if d != 1] != [d for d in self.arg.shape if d != 1]


@dataclass(frozen=True)
class Slice(Expr):
    """The positions ``first``, ..., ``last`` along one axis, counted from 1, both ends taken: ``z[1:H]``."""

    arg: Expr
    axis: int
    first: Whole
    last: Whole

    @lazy
    def length(self) -> Whole:
        return self.last - self.first + 1

    @lazy
    def shape(self) -> Shape:
        s = self.arg.shape
        return scalar_if_ones((*s[: self.axis], dim_named(self.length), *s[self.axis + 1 :]))


def parts_of_axes(e: Slice) -> tuple[Expr, dict[int, Slice]]:
    """The array that a part is taken of along one axis or more, and the part along each of them."""
    base: Expr = e
    parts: dict[int, Slice] = {}
    while isinstance(base, Slice) and base.axis not in parts and (base is e or len(base.shape) == len(e.shape)):
        parts[base.axis] = base
        base = base.arg
    return base, parts


@dataclass(frozen=True)
class Concat(Expr):
    """Arrays one after the other along an axis; the other axes are the same."""

    args: tuple[Expr, ...]
    axis: int = 0

    @lazy
    def shape(self) -> Shape:
        # A number is an array of length one.
        shapes = [a.shape or (1,) for a in self.args]
        rests = {s[: self.axis] + s[self.axis + 1 :] for s in shapes}
        if len(rests) > 1 or self.axis >= len(shapes[0]):
            raise ShapeError(say("shapes.concat", shapes=[show_shape(each) for each in shapes], axis=self.axis))
        first, total = shapes[0], sum((amount(s[self.axis]) for s in shapes), start=amount(0))
        return (*first[: self.axis], dim_named(total), *first[self.axis + 1 :])

    @lazy
    def starts(self) -> tuple[Whole, ...]:
        """What stands before each of the arrays."""
        places: list[Whole] = [0]
        for arg in self.args[:-1]:
            places.append(places[-1] + amount((arg.shape or (1,))[self.axis]))
        return tuple(places)


# --- the index level -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry(Expr):
    """One entry of an array, ``W[k,j]``; one index per axis.  A repeated letter takes the diagonal.

    At a shifted index, ``x[i+k-1]``, an entry outside the array counts as zero.
    """

    base: Expr
    indices: tuple[Ix, ...]

    @lazy
    def shape(self) -> Shape:
        if len(self.indices) != len(self.base.shape):
            raise ShapeError(say("shapes.indices", indices=len(self.indices), axes=len(self.base.shape)))
        return ()


@dataclass(frozen=True)
class Member(Expr):
    """A part of an array that indices pick: ``X[n]`` is the vector x_n of a matrix, ``X[:, d]`` one of its columns.

    There is an item for each axis: an index, or None for an axis that is kept.  The shape is that of the kept axes.
    """

    base: Expr
    places: tuple[Ix | None, ...]

    @lazy
    def shape(self) -> Shape:
        if len(self.places) != len(self.base.shape):
            raise ShapeError(say("shapes.indices", indices=len(self.places), axes=len(self.base.shape)))
        first = self.places[0]
        return tuple(own_dim(dim, first) for dim, ix in zip(self.base.shape, self.places, strict=True) if ix is None)

    @lazy
    def indices(self) -> tuple[Ix, ...]:
        """The indices that pick it, in the order of the axes."""
        return tuple(ix for ix in self.places if ix is not None)

    def at(self, rest: Iterable[Ix]) -> tuple[Ix, ...]:
        """The indices of one of its entries in the whole array; ``rest`` has one for each axis that is kept."""
        kept = iter(rest)
        return tuple(next(kept) if ix is None else ix for ix in self.places)


@dataclass(frozen=True)
class IndexReduce(Expr):
    """``sum``, ``mean``, ``max`` or ``min`` over index letters, which are bound in ``body``.

    ``body`` is usually scalar-valued (index level).
    """

    op: str
    body: Expr
    indices: tuple[Ix, ...]

    @lazy
    def shape(self) -> Shape:
        return self.body.shape


def number_of(ix: Ix) -> Expr:
    """The number of a letter's position, from 1."""
    return Entry(Fn("cumsum", (Ones((ix.dim,)),), 0, "cumulative"), (ix,))


def positioned(e: Expr) -> Ix | None:
    """The letter whose position's number this is; None for anything else."""
    if not isinstance(e, Entry) or not isinstance(e.base, Fn) or e.base.name != "cumsum":
        return None
    return e.indices[0] if isinstance(e.base.args[0], Ones) else None


@dataclass(frozen=True)
class IndexPick(Expr):
    """1 where ``at`` is the first position of the maximum (minimum) of ``body`` over ``indices``, else 0.

    ``indices`` are bound in ``body``; ``at`` has one index for each of them and is free.
    """

    op: str
    body: Expr
    indices: tuple[Ix, ...]
    at: tuple[Ix, ...]

    shape = lazy(_no_axes)


@dataclass(frozen=True)
class Partial(Expr):
    """The local derivative of one equation: d num / d den, both a scalar symbol or an entry of a symbol.

    All else in that equation is held fixed; where it does not mention ``den``, the way is through the nodes between.
    """

    num: Expr
    den: Expr
    direct: bool = field(default=False, compare=False)
    """Whether it says so, where without the mark it would read as the derivative through all nodes between."""

    shape = lazy(_no_axes)


@dataclass(frozen=True)
class Total(Expr):
    """The derivative of a quantity through all nodes between: d of / d by, or the second one by two quantities.

    ``of`` and ``by`` are whole quantities or entries of them.  The outputs are along the rows; with ``denominator`` the
    array is transposed.  A row [1, D] is the derivative of a number by a vector, a column [K] that of a vector by a
    number; by a matrix the axes simply follow each other.
    """

    of: Expr
    by: tuple[Expr, ...]
    denominator: bool = False

    @lazy
    def shape(self) -> Shape:
        above: Shape = self.of.shape
        for by in self.by[:-1]:
            above += by.shape
        below = self.by[-1].shape
        if len(above) > 1 or len(below) > 1:
            whole = below + above if self.denominator else above + below
            return whole[::-1] if self.denominator and not below and len(above) == 2 else whole
        if self.denominator:
            above, below = below, above
        return (1, *below) if below and not above else above + below


@dataclass(frozen=True)
class Equation:
    """An equation as displayed; both sides have the same value for every value of the free indices."""

    lhs: Expr
    """The left side."""
    rhs: Expr
    """The right side."""


ZERO = Num(Fraction(0))
ONE = Num(Fraction(1))


def member_of(base: Expr, indices: Sequence[Ix]) -> Member:
    """The member of a family: the part of an array at indices along its first axes."""
    return Member(base, (*indices, *(None,) * (len(base.shape) - len(indices))))


def num(value: int | Fraction) -> Num:
    # No other numbers are asked for as often.
    return ONE if value == 1 else ZERO if value == 0 else Num(Fraction(value))


# --- shapes ----------------------------------------------------------------------------------------------------------


def scalar_if_ones(shape: Shape) -> Shape:
    """A length-1 vector or a 1x1 matrix counts as the scalar it holds."""
    return () if all(d == 1 for d in shape) else shape


def show_shape(shape: Shape) -> str:
    """A shape for messages: ``scalar``, ``[D]``, ``[N, D]``."""
    return "[" + ", ".join(str(d) for d in shape) + "]" if shape else "scalar"


def broadcast(*shapes: Shape) -> Shape:
    """NumPy's broadcasting on named dimensions; raises ShapeError with both shapes."""
    result: Shape = ()
    for shape in shapes:
        if shape == result or not shape:
            continue
        if not result:
            result = shape
            continue
        longer, shorter = (result, shape) if len(result) >= len(shape) else (shape, result)
        padded: Shape = (1,) * (len(longer) - len(shorter)) + shorter
        out: list[Dim] = []
        for a, b in zip(longer, padded, strict=True):
            if a != b and a != 1 and b != 1:
                raise ShapeError(say("shapes.broadcast", first=show_shape(result), second=show_shape(shape)))
            out.append(b if a == 1 else a)
        result = tuple(out)
    return result


def matmul_shape(a: Shape, b: Shape) -> Shape:
    """Shape of ``a @ b`` where a vector is a column and a scalar a length-1 vector."""
    if len(a) > 2 or len(b) > 2:
        raise ShapeError(say("shapes.no_product", first=show_shape(a), second=show_shape(b)))
    a2 = {0: (1, 1), 1: (*a, 1), 2: a}[len(a)]
    b2 = {0: (1, 1), 1: (*b, 1), 2: b}[len(b)]
    if a2[1] != b2[0]:
        raise ShapeError(
            say("shapes.inner", first=show_shape(a), second=show_shape(b), columns=str(a2[1]), rows=str(b2[0]))
        )
    return (a2[0], b2[1]) if len(b) == 2 else (a2[0],)


# --- the shapes of functions -----------------------------------------------------------------------------------------


def _square_or_diagonal(e: Fn) -> Shape:
    first = e.args[0].shape
    return (first[0], first[0]) if len(first) == 1 else first[:1]


def _by_signature(e: Fn) -> Shape:
    shapes = [a.shape for a in e.args]
    function = FUNCTIONS[e.name]
    signature = function.signature(shapes)
    found = signature.shape(shapes) if signature else None
    if found is None:
        wanted = [s.shapes.partition(" ->")[0] for s in function.signatures]
        raise ShapeError(
            say("shapes.signature", name=e.name, wanted=wanted, found=[show_shape(each) for each in shapes])
        )
    return scalar_if_ones(found)


def _kron_shape(e: Fn) -> Shape:
    a, b = (arg.shape for arg in e.args)
    if len(a) != 2 or len(b) != 2:
        raise ShapeError(say("shapes.two_matrices", name=e.name, first=show_shape(a), second=show_shape(b)))
    return tuple(dim_named(amount(m) * amount(n)) for m, n in zip(a, b, strict=True))


for _kind in (
    # Entry by entry, on arguments that broadcast.
    Kind("elementwise", lambda e: broadcast(*[a.shape for a in e.args]), entrywise=True),
    # Along the last axis; keeps the shape.
    Kind("rowwise", lambda e: e.args[0].shape, named=True, along_rows=True),
    # Along the last axis, which it drops.
    Kind("rowreduce", lambda e: scalar_if_ones(e.args[0].shape[:-1]), named=True, along_rows=True),
    # Whole arrays to a number; the derivative has the shape of the first argument.
    Kind("scalar", lambda e: e.args[0].shape if e.order else ()),
    # A vector to a diagonal matrix, a matrix to its diagonal.
    Kind("diag", _square_or_diagonal, named=True),
    # Whole arrays to an array or a number, with a derivative by index formulas.
    Kind("matrix", _by_signature),
    # Each entry of one matrix times all of another.
    Kind("kron", _kron_shape),
    # Sums of a vector from its first entry on.
    Kind("cumulative", lambda e: e.args[0].shape, named=True),
    # Products of two vectors, which are always shown in full.
    Kind("vectors", lambda e: broadcast(*[a.shape for a in e.args])),
):
    KINDS.add(_kind)


def is_symmetric(e: Expr) -> bool:
    """Whether an array is a symmetric matrix by declaration, or the inverse of one."""
    if isinstance(e, Fn) and e.name == "inv":
        return is_symmetric(e.args[0])
    return isinstance(e, Sym) and e.symmetric


# --- traversal -------------------------------------------------------------------------------------------------------


_KINDS: tuple[type[Expr], ...] = (Expr, *Expr.__subclasses__(), *Sym.__subclasses__())
_NAMES = {kind: tuple(f.name for f in fields(kind)) for kind in _KINDS}
_HELD = {
    kind: {f.name: f.type != "Expr" for f in fields(kind) if f.type in ("Expr", "tuple[Expr, ...]")} for kind in _NAMES
}
"""For each kind of node the fields that hold sub-expressions, each with whether it holds several."""


def _getter(held: Mapping[str, bool]) -> Callable[[Expr], tuple[Expr, ...]]:
    if not held:
        return lambda e: ()
    get: Callable[[Expr], Any] = attrgetter(*held)
    if len(held) > 1 and any(held.values()):
        several = tuple(held.values())
        return lambda e: tuple(chain.from_iterable(x if n else (x,) for n, x in zip(several, get(e), strict=True)))
    return get if len(held) > 1 or all(held.values()) else lambda e: (get(e),)


_SIZES = {
    kind: tuple(
        name
        for name in names
        if (name in ("dim", "of", "to") and name not in _HELD[kind] and not issubclass(kind, Sym))
        or (name == "indices" and kind.__name__ in ("IndexReduce", "IndexPick"))
    )
    for kind, names in _NAMES.items()
}
"""For each kind of node, but for symbols, whose shapes are declared, the fields that hold sizes or letters it binds."""

_CHILDREN = {kind: _getter(held) for kind, held in _HELD.items()}

_COMPARED = {kind: tuple((f.name, _HELD[kind].get(f.name)) for f in fields(kind) if f.compare) for kind in _KINDS}
"""For each kind of node the fields that equality compares, each with whether it holds one or several nodes, or none."""


def children(e: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions, in order."""
    return _CHILDREN[type(e)](e)


def compared(e: Expr, number: Callable[[Expr], object]) -> tuple[object, ...]:
    """What equal expressions have in common, with a number, or such, in place of each direct sub-expression."""
    held = e.__dict__
    out: list[object] = [type(e)]
    for name, several in _COMPARED[type(e)]:
        value = held[name]
        out.append(value if several is None else tuple(map(number, value)) if several else number(value))
    return tuple(out)


def walk(e: Expr) -> Iterator[Expr]:
    """The expression and all its sub-expressions, in the author's order."""
    pending = [e]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(_CHILDREN[type(node)](node)[::-1])


def rebuild(e: Expr, fn: Callable[[Expr], Expr]) -> Expr:
    """The same node with ``fn`` applied to each direct sub-expression; the node itself if that changes none."""
    kind = type(e)
    old = e.__dict__
    new: dict[str, Any] = {}
    for name, several in _HELD[kind].items():
        was = old[name]
        now: Any = tuple(map(fn, was)) if several else fn(was)
        if now is not was and not (several and all(map(is_, now, was))):
            new[name] = now
    if not new:
        return e
    done = object.__new__(kind)
    done.__dict__.update({name: old[name] for name in _NAMES[kind]} | new)
    return done


def _own_sizes(e: Expr) -> Sequence[Dim]:
    """The sizes that a node mentions itself."""
    if isinstance(e, Member):
        return (*e.shape, *(ix.dim for ix in e.indices))
    if isinstance(e, (IndexReduce, IndexPick)):
        return tuple(ix.dim for ix in e.indices)
    if isinstance(e, (Ones, Zeros)):
        return e.of
    if isinstance(e, (Eye, Size)):
        return (e.dim,)
    if isinstance(e, Reshape):
        return e.to
    return tuple(letter.dim for ix in indices_of(e) for letter in (ix, *letters_of(ix)))


def free_indices(e: Expr) -> tuple[Ix, ...]:
    """The free index letters (fixed positions left out), in order of first appearance."""
    seen: dict[Ix, None] = {}

    def visit(node: Expr, bound: frozenset[Ix]) -> None:
        for index in indices_of(node):
            for ix in letters_of(index):
                if ix not in bound:
                    seen.setdefault(ix)
        inner = bound | frozenset(node.indices) if isinstance(node, (IndexReduce, IndexPick)) else bound
        for child in children(node):
            visit(child, inner)

    visit(e, frozenset())
    return tuple(seen)


def names_in(e: Expr) -> tuple[str, ...]:
    """Names of the symbols that an expression mentions, labels included, in order of first appearance."""
    found: dict[str, None] = {}
    for node in walk(e):
        if isinstance(node, (Sym, Labels)):
            found.setdefault(node.name)
        else:
            for ix in indices_of(node):
                found.update(dict.fromkeys(labels_of(ix)))
    return tuple(found)


def indices_of(node: Expr) -> tuple[Ix, ...]:
    """The indices that a node itself has, as letters or positions; not those that it binds."""
    if isinstance(node, (Entry, Member)):
        return node.indices
    if isinstance(node, Delta):
        return (node.i, node.j)
    return node.at if isinstance(node, IndexPick) else ()


def with_indices(e: Expr, names: Mapping[Ix, Ix]) -> Expr:
    """The expression with its free letters replaced; a letter bound inside hides the one outside."""
    if isinstance(e, (IndexReduce, IndexPick)):
        names = {old: new for old, new in names.items() if old not in e.indices}
    done = rebuild(e, lambda child: with_indices(child, names))
    done = _resized(done, names)
    if isinstance(done, Entry):
        return Entry(done.base, tuple(with_letters(ix, names) for ix in done.indices))
    if isinstance(done, Member):
        return Member(done.base, tuple(ix and with_letters(ix, names) for ix in done.places))
    if isinstance(done, Delta):
        return Delta(with_letters(done.i, names), with_letters(done.j, names), done.equal)
    if isinstance(done, IndexPick):
        return IndexPick(done.op, done.body, done.indices, tuple(with_letters(ix, names) for ix in done.at))
    return done


def _resized(e: Expr, names: Mapping[Ix, Ix]) -> Expr:
    """The node with the sizes that it holds itself, and the ranges of letters that it binds, at other positions."""
    new: dict[str, Any] = {}
    for field_name in _SIZES[type(e)]:
        held = getattr(e, field_name)
        if field_name == "indices":
            new[field_name] = tuple(with_letters(ix, names) if is_ragged(ix.dim) else ix for ix in held)
        elif isinstance(held, tuple):
            new[field_name] = tuple(dim_with(d, names) for d in held)
        else:
            new[field_name] = dim_with(held, names)
    return replace(e, **new) if any(new[name] != getattr(e, name) for name in new) else e


def over(e: Expr, size: Callable[[Dim], Dim]) -> Expr:
    """The expression with other sizes in all its places."""

    def shape(dims: Shape) -> Shape:
        return tuple(map(size, dims))

    def index(ix: Ix) -> Ix:
        return index_over(ix, size)

    done = rebuild(e, lambda child: over(child, size))
    if isinstance(done, Started):
        starts = tuple(over(start, size) for start in done.starts)
        return replace(done, declared=shape(done.declared), starts=starts)
    if isinstance(done, (Sym, Adj)):
        return replace(done, declared=shape(done.declared))
    if isinstance(done, Labels):
        return replace(done, declared=shape(done.declared), of=size(done.of))
    if isinstance(done, OneHot):
        return replace(done, of=size(done.of))
    if isinstance(done, (Ones, Zeros)):
        return replace(done, of=shape(done.of))
    if isinstance(done, Reshape):
        return replace(done, to=shape(done.to))
    if isinstance(done, (Eye, Size)):
        return replace(done, dim=size(done.dim))  # type: ignore[arg-type]
    if isinstance(done, Entry):
        return replace(done, indices=tuple(map(index, done.indices)))
    if isinstance(done, Member):
        return replace(done, places=tuple(ix and index(ix) for ix in done.places))
    if isinstance(done, Delta):
        return replace(done, i=index(done.i), j=index(done.j))
    if isinstance(done, IndexReduce):
        return replace(done, indices=tuple(map(index, done.indices)))
    if isinstance(done, IndexPick):
        return replace(done, indices=tuple(map(index, done.indices)), at=tuple(map(index, done.at)))
    return done


def index_over(ix: Ix, size: Callable[[Dim], Dim]) -> Ix:
    """The index with other sizes of what its letters run over."""
    if isinstance(ix, Shift):
        return shifted(((index_over(letter, size), factor) for letter, factor in ix.parts), ix.offset, size(ix.dim))
    if isinstance(ix, Label):
        return labelled(ix.name, tuple(index_over(inner, size) for inner in ix.at), size(ix.dim))
    return replace(ix, dim=size(ix.dim))


def without_adjoints(e: Expr, gone: Callable[[Ix], bool]) -> Expr:
    """The expression in which the adjoints at these indices are zero, and so is each product with one of them."""
    if isinstance(e, (Entry, Member)) and isinstance(e.base, Adj):
        return _nothing(e.shape) if any(map(gone, e.indices)) else e
    done = rebuild(e, lambda child: without_adjoints(child, gone))
    if done is e:
        return e
    if isinstance(done, (Mul, MatMul)) and any(map(_is_nothing, done.args)):
        return _nothing(e.shape)
    if isinstance(done, Add):
        kept = tuple(a for a in done.args if not _is_nothing(a.arg if isinstance(a, Neg) else a))
        return Add(kept) if len(kept) > 1 else kept[0] if kept else _nothing(e.shape)
    inside = {Neg: "arg", T: "arg", Div: "num", IndexReduce: "body", Entry: "base", Member: "base"}.get(type(done))
    return _nothing(e.shape) if inside is not None and _is_nothing(getattr(done, inside)) else done


def _is_nothing(e: Expr) -> bool:
    return isinstance(e, Zeros) or (isinstance(e, Num) and e.value == 0)


def _nothing(shape: Shape) -> Expr:
    return Zeros(shape) if shape else ZERO

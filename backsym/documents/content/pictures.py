"""The explicit picture of a matrix equation: its columns and rows written out, with dots where they go on.

A picture exists where the right side is taken entry by entry from vectors, or is an outer product of two vectors.  Its
entries are the entry form of the equation at the positions 1, 2 and last.  This module must not know about output
languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace

from backsym.core.entrywise import entry_of
from backsym.core.expr import Add, Adj, Dim, Div, Entry, Equation, Expr, Ix, MatMul, Mul, Neg, Shape, Sym, T, walk
from backsym.printing import layout as lay
from backsym.printing.layout import Layout, Op
from backsym.printing.notation import Notation
from backsym.printing.printer import layout_of

LAST, LAST_COLUMN = "\uf8ff\uf8ff", "\uf8fe\uf8fe"
"""Letters that stand for the last position of an axis; two signs long, so that indices are set apart by commas."""

VDOTS, CDOTS, DDOTS = lay.Symbol("vdots"), lay.Symbol("cdots"), lay.Symbol("ddots")


def picture(equation: Equation, notation: Notation) -> Layout | None:
    """The equation with its arrays written out; None where that would not help."""
    if len(equation.lhs.shape) == 1:
        return _columns(equation, notation)
    if len(equation.lhs.shape) == 2 and all(d != 1 for d in equation.lhs.shape):
        return _outer(equation, notation)
    return None


def _columns(equation: Equation, notation: Notation) -> Layout | None:
    shape = equation.lhs.shape
    if isinstance(equation.rhs, Div) or not _entrywise(equation.rhs):
        return None
    parts = list(_parts(equation.rhs, shape, notation))
    whole = [_array(e, shape, notation) for e in (equation.rhs, equation.lhs)]
    if len(parts) < 2:
        whole[0] = lay.Underbrace(whole[0], layout_of(equation.rhs, notation))
        parts = []
    left = [*parts, lay.EQUALS] if parts else []
    return lay.row(*left, whole[0], lay.EQUALS, lay.Underbrace(whole[1], layout_of(equation.lhs, notation)))


def _parts(e: Expr, shape: Shape, notation: Notation) -> Iterator[Layout]:
    """The operands with their operators, each array as a column with its name below."""
    if isinstance(e, (Add, Mul)):
        for n, arg in enumerate(e.args):
            negative, body = (True, arg.arg) if isinstance(arg, Neg) else (False, arg)
            if isinstance(e, Add) and (n or negative):
                yield Op("minus") if negative else Op("plus")
            elif isinstance(e, Mul) and n and arg.shape and any(a.shape for a in e.args[:n]):
                yield Op("odot")
            if body.shape != shape:
                yield layout_of(body, notation)
            else:
                yield lay.Underbrace(_array(body, shape, notation), layout_of(body, notation))


def _entrywise(e: Expr) -> bool:
    """Whether every entry can be written out, without brackets around an array."""
    entry = entry_of(e, tuple(Ix(LAST, d) for d in e.shape))
    return not any(isinstance(n, Entry) and not isinstance(n.base, (Sym, Adj)) for n in walk(entry))


def _outer(equation: Equation, notation: Notation) -> Layout | None:
    e = equation.rhs
    scalars = [a for a in e.args if not a.shape] if isinstance(e, Mul) else []
    core = next((a for a in e.args if a.shape), e) if isinstance(e, Mul) else e
    if not isinstance(core, MatMul) or len(core.args) != 2 or len(e.shape) != 2:
        return None
    column, row = core.args[0], core.args[1]
    if len(column.shape) != 1 or not isinstance(row, T) or len(row.arg.shape) != 1 or not _entrywise(column):
        return None
    if not _entrywise(row.arg):
        return None
    return lay.row(
        *(layout_of(s, notation) for s in scalars),
        lay.Underbrace(_array(column, column.shape, notation), layout_of(column, notation)),
        lay.Underbrace(_array(row, row.shape, notation), layout_of(row, notation)),
        lay.EQUALS,
        _written(lambda at: Mul((*scalars, entry_of(column, at[:1]), entry_of(row.arg, at[1:]))), e.shape, notation),
        lay.EQUALS,
        lay.Underbrace(_array(equation.lhs, equation.lhs.shape, notation), layout_of(equation.lhs, notation)),
    )


def _array(e: Expr, shape: Shape, notation: Notation) -> Layout:
    """An array written out, at most three rows and columns of it."""
    return _written(lambda at: entry_of(e, at), shape, notation)


def _written(entry: Callable[[tuple[Ix, ...]], Expr], shape: Shape, notation: Notation) -> Layout:
    """The array with these entries, at most three rows and columns of it."""
    full = shape if len(shape) == 2 else (*shape, 1)
    rows = []
    for r in _positions(full[0], LAST):
        places = [(r,) if len(shape) == 1 else (r, c) for c in _positions(full[1], LAST_COLUMN)]
        cells: list[Layout] = [_with_last(layout_of(entry(at), notation), notation, at) for at in places]
        if _long(full[1]):
            cells.insert(-1, CDOTS)
        rows.append(cells)
    if _long(full[0]):
        dots: list[Layout] = [VDOTS for _ in _positions(full[1], LAST_COLUMN)]
        if _long(full[1]):
            dots.insert(-1, DDOTS)
        rows.insert(-1, dots)
    return lay.Matrix(tuple(tuple(cells) for cells in rows))


def _positions(dim: Dim, last: str) -> tuple[Ix, ...]:
    """First, second and last, or all where there are at most three."""
    if isinstance(dim, int) and dim <= 3:
        return tuple(Ix(str(n), dim) for n in range(1, dim + 1))
    return Ix("1", dim), Ix("2", dim), Ix(str(dim) if isinstance(dim, int) else last, dim)


def _long(dim: Dim) -> bool:
    return not (isinstance(dim, int) and dim <= 3)


def _with_last(node: Layout, notation: Notation, at: tuple[Ix, ...]) -> Layout:
    """The size of the dimension in place of the letter for its last position."""
    sizes = {ix.letter: notation.dim(ix.dim) for ix in at if ix.letter in (LAST, LAST_COLUMN)}
    return _put(node, sizes) if sizes else node


def _put(node: Layout, sizes: Mapping[str, Layout]) -> Layout:
    if isinstance(node, lay.Ident) and node.text in sizes:
        return sizes[node.text]
    changes: dict[str, object] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Layout):
            changes[f.name] = _put(value, sizes)
        elif isinstance(value, tuple) and any(isinstance(item, Layout) for item in value):
            changes[f.name] = tuple(_put(item, sizes) if isinstance(item, Layout) else item for item in value)
    return replace(node, **changes) if changes else node

"""Matrix products in NumPy source: a vector is a column on the page and a 1-D array in NumPy.

An operand remembers whether its 1-D array stands for a column or for a row; all-ones vectors become sums and
broadcasting.

This module must not know about expressions or problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backsym.core.errors import BacksymError
from backsym.core.expr import Ix, Shape
from backsym.core.words import say
from backsym.printing.numpy.axes import Code, Prec, SizeOf, einsum, reduced


@dataclass(frozen=True)
class Operand:
    """One factor of a matrix product.

    ``row``: its 1-D array is a row.  ``ones``: it is an all-ones vector.  ``diagonal``: its 1-D array is the diagonal
    of a matrix that is zero elsewhere.
    """

    code: Code
    row: bool = False
    ones: bool = False
    diagonal: bool = False

    @property
    def kind(self) -> str:
        """``scalar``, ``column``, ``row``, ``diagonal`` or ``matrix``."""
        if self.diagonal:
            return "diagonal"
        return {0: "scalar", 1: "row" if self.row else "column"}.get(len(self.code.shape), "matrix")

    def written_out(self) -> Operand:
        """The same factor; the matrix itself where only its diagonal is held."""
        if not self.diagonal:
            return self
        return Operand(Code(f"np.diag({self.code.text})", shape=self.code.shape * 2))


def chain(operands: Sequence[Operand], size: SizeOf, *, loose: bool) -> Operand:
    """The product of a chain.  A loose result need only broadcast to the product's shape."""
    if any(op.code.axes for op in operands):
        return _by_einsum([op.written_out() for op in operands])
    if operands[0].kind == "column" and len(operands) > 2:
        # The rest is a row, so the outer product comes last: never a matrix of ones times something.
        return pair(operands[0], chain(operands[1:], size, loose=False), size, loose=loose)
    result = operands[0]
    for at, operand in enumerate(operands[1:], start=2):
        result = pair(result, operand, size, loose=loose and at == len(operands))
    return result


def pair(a: Operand, b: Operand, size: SizeOf, *, loose: bool) -> Operand:
    """The product of two operands, by their kinds."""
    if a.diagonal or b.diagonal:
        return _scaled(a, b, size, loose=loose)
    kinds = (a.kind, b.kind)
    if kinds in (("column", "row"), ("matrix", "row"), ("column", "matrix")):
        return _outer(a, b, size, loose=loose)
    if a.ones and a.row and b.kind in ("column", "matrix"):
        return _summed(b, 0, row=True)
    if b.ones and not b.row and a.kind in ("row", "matrix"):
        return _summed(a, len(a.code.shape) - 1, row=False)
    if kinds in (("row", "column"), ("row", "matrix"), ("matrix", "column"), ("matrix", "matrix")):
        return _product(a, b)
    # What is left multiplies by an operand of length one.
    text = f"{a.code.at_least(Prec.MUL)} * {b.code.at_least(Prec.POW)}"
    if kinds == ("matrix", "scalar"):
        left = f"{a.code.atom}[:, 0]"
        return Operand(Code(f"{left} * {b.code.at_least(Prec.POW)}", Prec.MUL, shape=a.code.shape[:1]))
    shape = a.code.shape if b.kind == "scalar" or kinds == ("column", "column") else b.code.shape
    return Operand(Code(text, Prec.MUL, shape=shape), row=(a.row and b.kind == "scalar") or b.row)


def _scaled(a: Operand, b: Operand, size: SizeOf, *, loose: bool) -> Operand:
    """X diag(v) scales the columns of X, which is X * v; diag(v) X scales its rows."""
    other = b if a.diagonal else a
    if other.ones and other.row == b.diagonal:
        return replace(a if a.diagonal else b, diagonal=False, row=other.row)
    left = a.code.text if a.code.prec == Prec.MUL else a.code.at_least(Prec.POW)
    right = b.code.at_least(Prec.POW)
    if (a.kind, b.kind) == ("diagonal", "matrix"):
        return Operand(Code(f"{a.code.atom}[:, None] * {right}", Prec.MUL, shape=b.code.shape))
    if {a.kind, b.kind} <= {"diagonal", "matrix", "row", "column"} and (a.kind, b.kind) != ("column", "diagonal"):
        code = Code(f"{left} * {right}", Prec.MUL, shape=other.code.shape)
        return Operand(code, other.row, diagonal=other.diagonal)
    return pair(a.written_out(), b.written_out(), size, loose=loose)


def _product(a: Operand, b: Operand) -> Operand:
    text = f"{a.code.at_least(Prec.POW) if a.code.prec != Prec.MATMUL else a.code.text} @ {b.code.at_least(Prec.POW)}"
    shape: Shape = {
        ("row", "column"): (),
        ("row", "matrix"): b.code.shape[1:],
        ("matrix", "column"): a.code.shape[:1],
    }.get((a.kind, b.kind), a.code.shape[:1] + b.code.shape[1:])
    return Operand(Code(text, Prec.MATMUL, shape=shape), row=a.row)


def _outer(a: Operand, b: Operand, size: SizeOf, *, loose: bool) -> Operand:
    """A column (or D x 1 matrix) times a row (or 1 x D matrix)."""
    rows, columns = a.code.shape[0], b.code.shape[-1]
    if loose and a.ones:
        return Operand(b.code)
    if loose and b.ones and a.kind == "column":
        return Operand(Code(f"{a.code.atom}[:, None]", shape=(rows, 1)))
    return Operand(Code(f"np.outer({a.code.text}, {b.code.text})", shape=(rows, columns)))


def _summed(a: Operand, axis: int, *, row: bool) -> Operand:
    shape = a.code.shape[:axis] + a.code.shape[axis + 1 :]
    code = a.code
    if len(code.shape) == 2 and code.text.endswith(".T") and code.text[:-2].isidentifier():
        code, axis = replace(code, text=code.text[:-2]), 1 - axis
    return Operand(Code(reduced("sum", code, [axis]), shape=shape), row=row)


def _by_einsum(operands: Sequence[Operand]) -> Operand:
    """A product whose operands depend on index letters: the places between the factors become letters too."""
    places = [Ix(f"#{n}", 0) for n in range(len(operands) + 1)]
    named: list[Code] = []
    for at, op in enumerate(operands):
        own = {"scalar": (), "column": (places[at],), "row": (places[at + 1],)}.get(op.kind, tuple(places[at : at + 2]))
        named.append(replace(op.code, axes=op.code.axes + own, shape=()))
    used = {ix for c in named for ix in c.axes}
    letters = tuple(dict.fromkeys(ix for op in operands for ix in op.code.axes))
    ends = tuple(ix for ix in (places[0], places[-1]) if ix in used)
    shape: Shape = ()
    if places[0] in used:
        shape += operands[0].code.shape[:1]
    if places[-1] in used:
        shape += operands[-1].code.shape[-1:]
    if not used:
        raise BacksymError(say("numpy.empty_product"))
    code = einsum(named, letters + ends)
    return Operand(replace(code, axes=letters, shape=shape), row=places[0] not in used)

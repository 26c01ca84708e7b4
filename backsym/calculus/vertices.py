"""Building matrix expressions: the vertices of a term's graph, their products and sums, and how they are put together.

This module must not know about terms' meaning in the backward pass, or record steps.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from backsym.calculus.raising import is_adjoint, is_number, times
from backsym.calculus.terms import Index
from backsym.core.expr import (
    ONE,
    Add,
    Adj,
    Cmp,
    Div,
    Expr,
    Eye,
    Fn,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Pow,
    Reshape,
    Shape,
    Sym,
    T,
    children,
    is_symmetric,
    num,
    rebuild,
    walk,
)

Axes = tuple[Index, ...]


@dataclass
class Vertex:
    """An array on one or two indices: an element-wise product of ``over`` divided by ``under``."""

    axes: Axes
    over: list[Expr] = field(default_factory=list)
    under: list[Expr] = field(default_factory=list)

    def along(self, axes: Axes) -> Vertex:
        """The same array with its axes in the given order."""
        if axes == self.axes:
            return self
        if len(self.over) + len(self.under) == 1 or all(isinstance(e, T) for e in (*self.over, *self.under)):
            return Vertex(axes, [transpose(e) for e in self.over], [transpose(e) for e in self.under])
        return Vertex(axes, [transpose(self.expr)])

    @property
    def shape(self) -> Shape:
        return tuple(i.dim for i in self.axes)

    @property
    def expr(self) -> Expr:
        top = times(self.over) if self.over else Ones(self.shape)
        return Div(top, times(self.under)) if self.under else top


# --- building matrix expressions -------------------------------------------------------------------------------------


def transpose(e: Expr) -> Expr:
    """The transpose, pushed to where it reads best."""
    if (
        not e.shape
        or isinstance(e, Eye)
        or is_symmetric(e)
        or (isinstance(e, Fn) and e.kind == "diag" and len(e.shape) == 2)
    ):
        return e
    if isinstance(e, T) and len(e.arg.shape) == 2:
        return e.arg
    if isinstance(e, T):
        return e.arg
    if isinstance(e, MatMul):
        return MatMul(tuple(transpose(a) for a in reversed(e.args)))
    if isinstance(e, Mul) and sum(1 for a in e.args if a.shape) == 1:
        return Mul(tuple(transpose(a) for a in e.args))
    if isinstance(e, Neg):
        return Neg(transpose(e.arg))
    if isinstance(e, Div) and not e.den.shape:
        return Div(transpose(e.num), e.den)
    if isinstance(e, Ones) and len(e.of) == 2:
        return Ones(e.of[::-1])
    if len(e.shape) == 2 and (isinstance(e, (Add, Mul, Div, Pow)) or (isinstance(e, Fn) and e.entrywise)):
        turned = _of_one_rank(rebuild(e, transpose))
        if isinstance(e, Add) and set(children(turned)) == set(e.args):
            return e
        if transposes(turned) <= transposes(e):
            return turned
    if len(e.shape) == 1 and any(map(_renamed, walk(e))):
        row = as_row(e)
        if row is not None:
            return row
    return T(e)


def _renamed(e: Expr) -> bool:
    """Whether axes of length one are added or dropped, and nothing else."""
    return isinstance(e, Reshape) and not e.regroups


def _of_one_rank(e: Expr) -> Expr:
    """An element-wise expression whose operands are vectors and N x 1 matrices, all as vectors.

    Side by side they would broadcast to a square.
    """
    if {len(child.shape) for child in children(e)} >= {1, 2}:
        return rebuild(e, lambda child: Reshape(child, child.shape[:1]) if len(child.shape) == 2 else child)
    return e


def transposes(e: Expr) -> int:
    """How many transposes are written."""
    return sum(1 for node in walk(e) if isinstance(node, T))


def as_row(e: Expr) -> Expr | None:
    """The row of a vector that is made, entry by entry, of 1 x D matrices; None where it is not."""
    if not e.shape:
        return e
    if isinstance(e, Reshape) and not e.regroups and len(e.arg.shape) == 2:
        return transpose(e.arg)
    if isinstance(e, Ones):
        return T(e)
    if isinstance(e, Fn) and not e.entrywise:
        return None
    if isinstance(e, (Add, Neg)) and all(_is_column(child) for child in children(e)):
        return T(rebuild(e, _as_matrix))
    if isinstance(e, (Mul, Add, Neg, Div, Pow, Fn, Cmp)):
        parts = [as_row(child) for child in children(e)]
        if any(part is None for part in parts):
            return None
        turned = iter(parts)
        return rebuild(e, lambda child: next(turned))  # type: ignore[arg-type,return-value]
    if isinstance(e, MatMul):
        return transpose(e)
    return T(e)


def one_row(e: Expr) -> Expr:
    """A sum of vectors that are 1 x D matrices, as the vector that the sum of these matrices is."""
    if not isinstance(e, Add) or len(e.shape) != 1:
        return e
    rows = [a.arg if isinstance(a, Neg) else a for a in e.args]
    if not all(isinstance(a, Reshape) and _renamed(a) and isinstance(a.arg, T) and len(a.arg.shape) == 2 for a in rows):
        return e
    return Reshape(T(rebuild(e, _as_transposed)), e.shape)


def _as_transposed(e: Expr) -> Expr:
    if isinstance(e, Neg):
        return Neg(_as_transposed(e.arg))
    assert isinstance(e, Reshape)
    assert isinstance(e.arg, T)
    return e.arg.arg


def _is_column(e: Expr) -> bool:
    """Whether a vector is a D x 1 matrix, with or without a sign."""
    e = e.arg if isinstance(e, Neg) else e
    return isinstance(e, Reshape) and not e.regroups and len(e.arg.shape) == 2 and isinstance(e.arg, (Sym, Adj))


def _as_matrix(e: Expr) -> Expr:
    """The D x 1 matrix that a vector is."""
    return Neg(_as_matrix(e.arg)) if isinstance(e, Neg) else e.arg if isinstance(e, Reshape) and not e.regroups else e


def matmul(factors: Sequence[Expr]) -> Expr:
    """A chain of products, flattened; identities vanish."""
    flat: list[Expr] = []
    for f in factors:
        flat.extend(f.args if isinstance(f, MatMul) else [f])
    kept = [f for f in flat if not isinstance(f, Eye)]
    if not kept:
        return flat[0]
    return kept[0] if len(kept) == 1 else MatMul(tuple(kept))


def scalar_chain(factors: Sequence[Expr]) -> Expr:
    """A product that is a number, read in the direction with fewer transposed matrices: x^T M x, not x^T M^T x."""
    forth = matmul(factors)
    if not isinstance(forth, MatMul):
        return forth
    back = MatMul(tuple(transpose(a) for a in reversed(forth.args)))
    return back if transposes(back) < transposes(forth) else forth


def diagonal(e: Expr) -> Expr:
    return Fn("diag", (e,), 0, "diag")


def inner_product(v: Vertex) -> Expr:
    """The sum of all entries of a vector: u^T v where it is a product, else 1^T v."""
    over: list[Expr] = []
    for e in v.over:
        square = isinstance(e, Pow) and e.exp == num(2)
        over.extend([e.base, e.base] if square else [e])  # type: ignore[attr-defined]
    if len(over) >= 2:
        rest = Vertex(v.axes, over[1:], v.under).expr
        return scalar_chain([transpose(over[0]), rest])
    if len(over) == 1 and not v.under and isinstance(over[0], Fn) and over[0].kind == "diag":
        return Fn("trace", over[0].args, 0, "scalar")
    return scalar_chain([T(Ones(v.shape)), v.expr])


def weight(e: Expr) -> int:
    """How much there is to read in a matrix form; what only serves to make shapes fit counts more."""
    total = 0
    for node in walk(e):
        total += 12 if isinstance(node, Fn) and node.kind == "diag" else 1
    return total


# --- graph ------------------------------------------------------------------------------------------------------------


def neighbours(i: Index, vertices: list[Vertex]) -> set[Index]:
    return {j for v in vertices if i in v.axes for j in v.axes if j != i}


def merge(vertices: list[Vertex]) -> list[Vertex]:
    """Vertices on the same indices become one, element by element."""
    out: list[Vertex] = []
    for v in vertices:
        same = next((w for w in out if set(w.axes) == set(v.axes)), None)
        if same is None:
            out.append(Vertex(v.axes, list(v.over), list(v.under)))
            continue
        turned = v.along(same.axes)
        same.over.extend(turned.over)
        same.under.extend(turned.under)
    return out


def sum_of_entries(v: Vertex) -> Expr:
    """The sum of all entries of a matrix: a squared norm, or 1^T M 1."""
    if len(v.over) == 1 and not v.under:
        e = v.over[0]
        if isinstance(e, Pow) and e.exp == num(2):
            return Pow(Fn("norm", (e.base,), 0, "scalar"), num(2))
    if len(v.over) == 2 and not v.under and all(isinstance(e, (T, MatMul, Sym, Adj)) for e in v.over):
        a, b = v.over
        if isinstance(b, T) and isinstance(b.arg, Sym):
            return Fn("trace", (matmul([a, b.arg]),), 0, "scalar")
    rows, columns = v.shape
    return scalar_chain([T(Ones((rows,))), v.expr, Ones((columns,))])


def assemble(vertices: list[Vertex], free: Axes) -> Expr:
    """What is left after all sums, along the free indices; ONE where nothing is left for no index."""
    if not free:
        return ONE
    if len(free) == 1:
        return vertices[0].expr if vertices else Ones((free[0].dim,))
    i, j = free
    u = next((v for v in vertices if v.axes == (i,)), None)
    w = next((v for v in vertices if v.axes == (j,)), None)
    m = next((v.along((i, j)) for v in vertices if len(v.axes) == 2), None)
    if m is None:
        return _outer(u, w, i, j)
    if any(isinstance(e, Eye) for e in m.over):
        return _on_diagonal(m, u, w)
    under = list(m.under)
    left: list[Expr] = []
    right: list[Expr] = []
    for v, ones_after, side in ((u, True, left), (w, False, right)):
        if v is None:
            continue
        under.extend(
            matmul([d, T(Ones((j.dim,)))]) if ones_after else matmul([Ones((i.dim,)), transpose(d)]) for d in v.under
        )
        if v.over:
            side.append(diagonal(times(v.over)))
    top = matmul([*left, Vertex((i, j), m.over).expr, *right])
    return Div(top, times(under)) if under else top


def _outer(u: Vertex | None, w: Vertex | None, i: Index, j: Index) -> Expr:
    if u is None and w is None:
        return Ones((i.dim, j.dim))
    column = u.expr if u is not None else Ones((i.dim,))
    row = w.expr if w is not None else Ones((j.dim,))
    return matmul([column, transpose(row)])


def _on_diagonal(m: Vertex, u: Vertex | None, w: Vertex | None) -> Expr:
    others = [e for e in m.over if not isinstance(e, Eye)]
    over = [e for v in (u, w) if v is not None for e in v.over]
    under = [e for v in (u, w) if v is not None for e in v.under]
    eye = next(e for e in m.over if isinstance(e, Eye))
    axes = (u or w or m).axes
    line = Vertex(axes, over, under)
    core: Expr = eye if not over and not under else diagonal(line.expr)
    top = times([core, *others])
    return Div(top, times(m.under)) if m.under else top


def combine(lead: Expr, over: list[Expr], under: list[Expr], body: Expr) -> Expr:
    """Numbers in front of an array; after it where the array is a transposed row, so that the sizes chain."""
    scalars = [e for e in over if e != ONE]
    bottom = times(under)
    if bottom != ONE or isinstance(body, Div):
        return times([lead, *_quotient(scalars, under, body)])
    if body == ONE and scalars:
        return times([lead, *scalars])
    if isinstance(lead, Div) and isinstance(lead.num, Num):
        # s/R, not s times 1/R.
        taken = list(itertools.takewhile(_is_plain, scalars))
        lead, scalars = Div(times([lead.num, *taken]), lead.den), scalars[len(taken) :]
    row_after = isinstance(body, Reshape) and not body.regroups and isinstance(body.arg, T)
    ordered = [body, *scalars] if row_after else [*scalars, body]
    return times([lead, *_flat(ordered)])


def _quotient(scalars: list[Expr], under: list[Expr], body: Expr) -> list[Expr]:
    """The factors of a quotient by scalars: no derivative of the loss, itself a fraction, stands in its numerator."""
    before = [e for e in scalars if is_adjoint(e)]
    rest = [e for e in scalars if not is_adjoint(e)]
    if isinstance(body, Div):
        return [*before, Div(times([*rest, body.num]), times([*under, body.den]))]
    if any(isinstance(node, Adj) for node in walk(body)):
        return [Div(times(rest), times(under)), *before, *_flat([body])]
    fraction = Div(times([*rest, body]), times(under))
    return [fraction, *before] if is_number(fraction.num) else [*before, fraction]


def _is_plain(e: Expr) -> bool:
    """Whether a scalar is the name of a given quantity or a node, or its power."""
    return isinstance(e.base if isinstance(e, Pow) else e, Sym)


def _flat(factors: list[Expr]) -> list[Expr]:
    """A Hadamard product inside a product is that product."""
    out: list[Expr] = []
    for f in factors:
        out.extend(f.args if isinstance(f, Mul) else [f])
    return out

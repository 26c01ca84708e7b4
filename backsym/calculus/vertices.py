"""Building matrix expressions: the vertices of a term's graph, their products and sums, and how they are put together.

This module must not know about terms' meaning in the backward pass, or record steps.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from backsym.calculus.raising import is_adjoint, is_number, times
from backsym.calculus.terms import Index
from backsym.core import expr as ex

Axes = tuple[Index, ...]


@dataclass
class Vertex:
    """An array on one or two indices: an element-wise product of ``over`` divided by ``under``."""

    axes: Axes
    over: list[ex.Expr] = field(default_factory=list)
    under: list[ex.Expr] = field(default_factory=list)

    def along(self, axes: Axes) -> Vertex:
        """The same array with its axes in the given order."""
        if axes == self.axes:
            return self
        if len(self.over) + len(self.under) == 1 or all(isinstance(e, ex.T) for e in (*self.over, *self.under)):
            return Vertex(axes, [transpose(e) for e in self.over], [transpose(e) for e in self.under])
        return Vertex(axes, [transpose(self.expr)])

    @property
    def shape(self) -> ex.Shape:
        return tuple(i.dim for i in self.axes)

    @property
    def expr(self) -> ex.Expr:
        top = times(self.over) if self.over else ex.Ones(self.shape)
        return ex.Div(top, times(self.under)) if self.under else top


# --- building matrix expressions -------------------------------------------------------------------------------------


def transpose(e: ex.Expr) -> ex.Expr:
    """The transpose, pushed to where it reads best."""
    if (
        not e.shape
        or isinstance(e, ex.Eye)
        or ex.is_symmetric(e)
        or (isinstance(e, ex.Fn) and e.kind == "diag" and len(e.shape) == 2)
    ):
        return e
    if isinstance(e, ex.T) and len(e.arg.shape) == 2:
        return e.arg
    if isinstance(e, ex.T):
        return e.arg
    if isinstance(e, ex.MatMul):
        return ex.MatMul(tuple(transpose(a) for a in reversed(e.args)))
    if isinstance(e, ex.Mul) and sum(1 for a in e.args if a.shape) == 1:
        return ex.Mul(tuple(transpose(a) for a in e.args))
    if isinstance(e, ex.Neg):
        return ex.Neg(transpose(e.arg))
    if isinstance(e, ex.Div) and not e.den.shape:
        return ex.Div(transpose(e.num), e.den)
    if isinstance(e, ex.Ones) and len(e.of) == 2:
        return ex.Ones(e.of[::-1])
    if len(e.shape) == 2 and (
        isinstance(e, (ex.Add, ex.Mul, ex.Div, ex.Pow)) or (isinstance(e, ex.Fn) and e.entrywise)
    ):
        turned = _of_one_rank(ex.rebuild(e, transpose))
        if isinstance(e, ex.Add) and set(ex.children(turned)) == set(e.args):
            return e
        if transposes(turned) <= transposes(e):
            return turned
    if len(e.shape) == 1 and any(map(_renamed, ex.walk(e))):
        row = as_row(e)
        if row is not None:
            return row
    return ex.T(e)


def _renamed(e: ex.Expr) -> bool:
    """Whether axes of length one are added or dropped, and nothing else."""
    return isinstance(e, ex.Reshape) and not e.regroups


def _of_one_rank(e: ex.Expr) -> ex.Expr:
    """An element-wise expression whose operands are vectors and N x 1 matrices, all as vectors.

    Side by side they would broadcast to a square.
    """
    if {len(child.shape) for child in ex.children(e)} >= {1, 2}:
        return ex.rebuild(e, lambda child: ex.Reshape(child, child.shape[:1]) if len(child.shape) == 2 else child)
    return e


def transposes(e: ex.Expr) -> int:
    """How many transposes are written."""
    return sum(1 for node in ex.walk(e) if isinstance(node, ex.T))


def as_row(e: ex.Expr) -> ex.Expr | None:
    """The row of a vector that is made, entry by entry, of 1 x D matrices; None where it is not."""
    if not e.shape:
        return e
    if isinstance(e, ex.Reshape) and not e.regroups and len(e.arg.shape) == 2:
        return transpose(e.arg)
    if isinstance(e, ex.Ones):
        return ex.T(e)
    if isinstance(e, ex.Fn) and not e.entrywise:
        return None
    if isinstance(e, (ex.Add, ex.Neg)) and all(_is_column(child) for child in ex.children(e)):
        return ex.T(ex.rebuild(e, _as_matrix))
    if isinstance(e, (ex.Mul, ex.Add, ex.Neg, ex.Div, ex.Pow, ex.Fn, ex.Cmp)):
        parts = [as_row(child) for child in ex.children(e)]
        if any(part is None for part in parts):
            return None
        turned = iter(parts)
        return ex.rebuild(e, lambda child: next(turned))  # type: ignore[arg-type,return-value]
    if isinstance(e, ex.MatMul):
        return transpose(e)
    return ex.T(e)


def one_row(e: ex.Expr) -> ex.Expr:
    """A sum of vectors that are 1 x D matrices, as the vector that the sum of these matrices is."""
    if not isinstance(e, ex.Add) or len(e.shape) != 1:
        return e
    rows = [a.arg if isinstance(a, ex.Neg) else a for a in e.args]
    if not all(
        isinstance(a, ex.Reshape) and _renamed(a) and isinstance(a.arg, ex.T) and len(a.arg.shape) == 2 for a in rows
    ):
        return e
    return ex.Reshape(ex.T(ex.rebuild(e, _as_transposed)), e.shape)


def _as_transposed(e: ex.Expr) -> ex.Expr:
    if isinstance(e, ex.Neg):
        return ex.Neg(_as_transposed(e.arg))
    assert isinstance(e, ex.Reshape)
    assert isinstance(e.arg, ex.T)
    return e.arg.arg


def _is_column(e: ex.Expr) -> bool:
    """Whether a vector is a D x 1 matrix, with or without a sign."""
    e = e.arg if isinstance(e, ex.Neg) else e
    return (
        isinstance(e, ex.Reshape) and not e.regroups and len(e.arg.shape) == 2 and isinstance(e.arg, (ex.Sym, ex.Adj))
    )


def _as_matrix(e: ex.Expr) -> ex.Expr:
    """The D x 1 matrix that a vector is."""
    return (
        ex.Neg(_as_matrix(e.arg))
        if isinstance(e, ex.Neg)
        else e.arg
        if isinstance(e, ex.Reshape) and not e.regroups
        else e
    )


def matmul(factors: Sequence[ex.Expr]) -> ex.Expr:
    """A chain of products, flattened; identities vanish."""
    flat: list[ex.Expr] = []
    for f in factors:
        flat.extend(f.args if isinstance(f, ex.MatMul) else [f])
    kept = [f for f in flat if not isinstance(f, ex.Eye)]
    if not kept:
        return flat[0]
    return kept[0] if len(kept) == 1 else ex.MatMul(tuple(kept))


def scalar_chain(factors: Sequence[ex.Expr]) -> ex.Expr:
    """A product that is a number, read in the direction with fewer transposed matrices: x^T M x, not x^T M^T x."""
    forth = matmul(factors)
    if not isinstance(forth, ex.MatMul):
        return forth
    back = ex.MatMul(tuple(transpose(a) for a in reversed(forth.args)))
    return back if transposes(back) < transposes(forth) else forth


def diagonal(e: ex.Expr) -> ex.Expr:
    return ex.Fn("diag", (e,), 0, "diag")


def inner_product(v: Vertex) -> ex.Expr:
    """The sum of all entries of a vector: u^T v where it is a product, else 1^T v."""
    over: list[ex.Expr] = []
    for e in v.over:
        square = isinstance(e, ex.Pow) and e.exp == ex.num(2)
        over.extend([e.base, e.base] if square else [e])  # type: ignore[attr-defined]
    if len(over) >= 2:
        rest = Vertex(v.axes, over[1:], v.under).expr
        return scalar_chain([transpose(over[0]), rest])
    if len(over) == 1 and not v.under and isinstance(over[0], ex.Fn) and over[0].kind == "diag":
        return ex.Fn("trace", over[0].args, 0, "scalar")
    return scalar_chain([ex.T(ex.Ones(v.shape)), v.expr])


def weight(e: ex.Expr) -> int:
    """How much there is to read in a matrix form; what only serves to make shapes fit counts more."""
    total = 0
    for node in ex.walk(e):
        total += 12 if isinstance(node, ex.Fn) and node.kind == "diag" else 1
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


def sum_of_entries(v: Vertex) -> ex.Expr:
    """The sum of all entries of a matrix: a squared norm, or 1^T M 1."""
    if len(v.over) == 1 and not v.under:
        e = v.over[0]
        if isinstance(e, ex.Pow) and e.exp == ex.num(2):
            return ex.Pow(ex.Fn("norm", (e.base,), 0, "scalar"), ex.num(2))
    if len(v.over) == 2 and not v.under and all(isinstance(e, (ex.T, ex.MatMul, ex.Sym, ex.Adj)) for e in v.over):
        a, b = v.over
        if isinstance(b, ex.T) and isinstance(b.arg, ex.Sym):
            return ex.Fn("trace", (matmul([a, b.arg]),), 0, "scalar")
    rows, columns = v.shape
    return scalar_chain([ex.T(ex.Ones((rows,))), v.expr, ex.Ones((columns,))])


def assemble(vertices: list[Vertex], free: Axes) -> ex.Expr:
    """What is left after all sums, along the free indices; ONE where nothing is left for no index."""
    if not free:
        return ex.ONE
    if len(free) == 1:
        return vertices[0].expr if vertices else ex.Ones((free[0].dim,))
    i, j = free
    u = next((v for v in vertices if v.axes == (i,)), None)
    w = next((v for v in vertices if v.axes == (j,)), None)
    m = next((v.along((i, j)) for v in vertices if len(v.axes) == 2), None)
    if m is None:
        return _outer(u, w, i, j)
    if any(isinstance(e, ex.Eye) for e in m.over):
        return _on_diagonal(m, u, w)
    under = list(m.under)
    left: list[ex.Expr] = []
    right: list[ex.Expr] = []
    for v, ones_after, side in ((u, True, left), (w, False, right)):
        if v is None:
            continue
        under.extend(
            matmul([d, ex.T(ex.Ones((j.dim,)))]) if ones_after else matmul([ex.Ones((i.dim,)), transpose(d)])
            for d in v.under
        )
        if v.over:
            side.append(diagonal(times(v.over)))
    top = matmul([*left, Vertex((i, j), m.over).expr, *right])
    return ex.Div(top, times(under)) if under else top


def _outer(u: Vertex | None, w: Vertex | None, i: Index, j: Index) -> ex.Expr:
    if u is None and w is None:
        return ex.Ones((i.dim, j.dim))
    column = u.expr if u is not None else ex.Ones((i.dim,))
    row = w.expr if w is not None else ex.Ones((j.dim,))
    return matmul([column, transpose(row)])


def _on_diagonal(m: Vertex, u: Vertex | None, w: Vertex | None) -> ex.Expr:
    others = [e for e in m.over if not isinstance(e, ex.Eye)]
    over = [e for v in (u, w) if v is not None for e in v.over]
    under = [e for v in (u, w) if v is not None for e in v.under]
    eye = next(e for e in m.over if isinstance(e, ex.Eye))
    axes = (u or w or m).axes
    line = Vertex(axes, over, under)
    core: ex.Expr = eye if not over and not under else diagonal(line.expr)
    top = times([core, *others])
    return ex.Div(top, times(m.under)) if m.under else top


def combine(lead: ex.Expr, over: list[ex.Expr], under: list[ex.Expr], body: ex.Expr) -> ex.Expr:
    """Numbers in front of an array; after it where the array is a transposed row, so that the sizes chain."""
    scalars = [e for e in over if e != ex.ONE]
    bottom = times(under)
    if bottom != ex.ONE or isinstance(body, ex.Div):
        return times([lead, *_quotient(scalars, under, body)])
    if body == ex.ONE and scalars:
        return times([lead, *scalars])
    if isinstance(lead, ex.Div) and isinstance(lead.num, ex.Num):
        # s/R, not s times 1/R.
        taken = list(itertools.takewhile(_is_plain, scalars))
        lead, scalars = ex.Div(times([lead.num, *taken]), lead.den), scalars[len(taken) :]
    row_after = isinstance(body, ex.Reshape) and not body.regroups and isinstance(body.arg, ex.T)
    ordered = [body, *scalars] if row_after else [*scalars, body]
    return times([lead, *_flat(ordered)])


def _quotient(scalars: list[ex.Expr], under: list[ex.Expr], body: ex.Expr) -> list[ex.Expr]:
    """The factors of a quotient by scalars: no derivative of the loss, itself a fraction, stands in its numerator."""
    before = [e for e in scalars if is_adjoint(e)]
    rest = [e for e in scalars if not is_adjoint(e)]
    if isinstance(body, ex.Div):
        return [*before, ex.Div(times([*rest, body.num]), times([*under, body.den]))]
    if any(isinstance(node, ex.Adj) for node in ex.walk(body)):
        return [ex.Div(times(rest), times(under)), *before, *_flat([body])]
    fraction = ex.Div(times([*rest, body]), times(under))
    return [fraction, *before] if is_number(fraction.num) else [*before, fraction]


def _is_plain(e: ex.Expr) -> bool:
    """Whether a scalar is the name of a given quantity or a node, or its power."""
    return isinstance(e.base if isinstance(e, ex.Pow) else e, ex.Sym)


def _flat(factors: list[ex.Expr]) -> list[ex.Expr]:
    """A Hadamard product inside a product is that product."""
    out: list[ex.Expr] = []
    for f in factors:
        out.extend(f.args if isinstance(f, ex.Mul) else [f])
    return out

"""Parts of arrays and arrays put together: ``z[1:H]``, ``concat(a, b)``.

Positions count from 1 and a slice takes both its ends.  A part of ``resolve``, which hands itself over as ``r``; knows
shapes, builds expressions.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.core.dims import Whole, amount, at_least, dim_named, grows
from backsym.core.errors import ShapeError
from backsym.core.expr import Add, Adj, Concat, Dim, Expr, Mul, Neg, Num, Size, Slice, show_shape
from backsym.core.words import say
from backsym.reading.meaning.rules import Rules
from backsym.reading.meaning.scope import positional
from backsym.reading.syntax import Node


def is_range(item: Node) -> bool:
    """Whether an index is a slice with its two ends."""
    return item.kind == "slice" and item.value == "ends"


def sliced(r: Rules, base: Expr, items: Sequence[Node], tree: Node) -> Expr:
    """``z[1:H]``, ``W[:, H+1:2*H]``: the part of an array; an axis that is not mentioned is kept.

    Letters pick a member first, ``G[t, 1:H]``.
    """
    if any(item.kind != "slice" for item in items):
        if not r.scope.members or isinstance(base, Adj) or len(items) > len(base.shape):
            raise r.error(say("meaning.slice_beside_letter"), tree)
        kept = [item._replace(value="", children=()) if is_range(item) else item for item in items]
        base = r.resolve(tree._replace(children=(tree.children[0], *kept)))
        items = [item for item in items if item.kind == "slice"]
    if len(items) > len(base.shape):
        name, shape = r.quote(tree.children[0]), show_shape(base.shape)
        raise r.error(say("meaning.index_count", count=len(items), name=name, shape=shape), tree)
    for axis, item in reversed(list(enumerate(items))):
        if is_range(item):
            base = part(r, base, axis, *bounds(r, base.shape[axis], item), item)
    return base


def bounds(r: Rules, dim: Dim, item: Node) -> tuple[Whole, Whole]:
    """The first and the last position of ``1:H``, both counted from 1."""
    more = int(dim in r.scope.from_zero)
    first, last = (whole(r, end) + more for end in item.children)
    return first, last


def part(r: Rules, base: Expr, axis: int, first: Whole, last: Whole, tree: Node) -> Expr:
    """The positions ``first`` to ``last`` along an axis; raises InputError where they may not exist."""
    dim = base.shape[axis]
    if r.scope.misfits:
        return Slice(base, axis, first, last, span=r.mark(tree))
    # What no larger size makes right is wrong: a single number, or what falls with some dimension.
    length, room, less = last - first + 1, amount(dim) - last, int(dim in r.scope.from_zero)
    if not at_least(first, 1):
        raise r.error(r.before_first(dim), tree)
    if not (length >= 1 if isinstance(length, int) else grows(length)):
        raise r.error(say("meaning.empty_slice", first=str(first - less), last=str(last - less)), tree)
    if not (room >= 0 if isinstance(room, int) else grows(room)):
        raise r.error(say("meaning.slice_beyond_end", last=str(last - less), dim=dim), tree)
    return base if first == 1 and room == 0 else Slice(base, axis, first, last, span=r.mark(tree))


def whole(r: Rules, tree: Node) -> Whole:
    """A bound: a sum of multiples of dimensions."""
    found = _whole(r.resolve(tree))
    if found is None:
        raise r.error(say("meaning.bound_not_size", bound=r.quote(tree)), tree, say("meaning.declare_dimension"))
    return found


def size_of(e: Expr) -> Dim | None:
    """The size that a sum of multiples of dimensions is, ``2*H`` or ``D - 1``."""
    found = _whole(e)
    return None if found is None or not at_least(found, 0) or found == 0 else dim_named(found)


def _whole(e: Expr) -> Whole | None:
    if isinstance(e, Num) and e.value.denominator == 1:
        return int(e.value)
    if isinstance(e, Size):
        return amount(e.dim)
    if isinstance(e, Neg):
        inner = _whole(e.arg)
        return None if inner is None else -inner
    if not isinstance(e, (Add, Mul)):
        return None
    total: Whole = 0 if isinstance(e, Add) else 1
    for inner in map(_whole, e.args):
        if inner is None:
            return None
        total = total + inner if isinstance(e, Add) else total * inner
    return total


def concat_call(r: Rules, tree: Node) -> Expr:
    """``concat(a, b)``: along the first axis, or with ``axis=1`` along the second."""
    axis = 0
    for keyword in tree.children:
        if keyword.kind == "keyword" and keyword.value != "axis":
            raise r.error(say("meaning.no_such_keyword", name=tree.value, keyword=keyword.value), keyword)
        if keyword.kind == "keyword":
            value = keyword.children[0]
            if value.kind != "num" or value.value not in ("0", "1"):
                raise r.error(say("meaning.concat_axis"), keyword)
            axis = int(value.value)
    given = positional(tree)
    if len(given) < 2:
        message = say("meaning.concat_of_one", name=tree.value)
        raise r.error(message, tree)
    return joined(r, [r.resolve(arg) for arg in given], axis, tree)


def joined(r: Rules, args: Sequence[Expr], axis: int, tree: Node) -> Expr:
    """Arrays one after the other; raises InputError where their other axes differ."""
    flat = [inner for arg in args for inner in (arg.args if isinstance(arg, Concat) and arg.axis == axis else (arg,))]
    whole = Concat(tuple(flat), axis, span=r.mark(tree))
    ranks = {max(len(arg.shape), 1) for arg in flat}
    try:
        shape = whole.shape if len(ranks) == 1 else None
    except ShapeError:
        shape = None
    if (shape is None or len(shape) > 2) and not r.scope.misfits:
        raise r.error(say("meaning.concat_shapes", shapes=[show_shape(arg.shape) for arg in args]), tree)
    return whole

"""Operations on arrays as array libraries have them: shapes follow NumPy, where a vector has one axis.

The language's vector is a column and its transpose a row; NumPy leaves a vector as it is.  Both are read where they
agree: an array whose axes NumPy would not have (``rank``) is the vector that it holds, and a vector on the left of
``@`` is summed over.  A column that somebody made, ``v[:, None]``, stays one.

A part of ``resolve``, which hands itself over as ``r``.  Must not know about problem files, calculus or printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from backsym.core import expr as ex
from backsym.core.dims import Whole, amount, dim_named, is_negative
from backsym.core.errors import ShapeError
from backsym.core.words import say
from backsym.reading.meaning import blocks, labels
from backsym.reading.meaning.rules import Rules
from backsym.reading.meaning.scope import label_of
from backsym.reading.meaning.shape_hints import fits_matmul
from backsym.reading.syntax import Node

NUMPY = "numpy"
"""The value of an operation that broadcasts as NumPy does."""

MAX_POWER = 4
"""The largest power of a matrix that is written as a product."""

_ELEMENTWISE = (ex.Add, ex.Neg, ex.Mul, ex.Div, ex.Pow, ex.Cmp)


# --- what NumPy would have -------------------------------------------------------------------------------------------


def rank(e: ex.Expr) -> int:
    """The number of axes that NumPy would give an array, to which a vector's transpose is the vector."""
    own = len(e.shape)
    if own < 2:
        return own
    if isinstance(e, ex.T):
        return rank(e.arg)
    if isinstance(e, ex.MatMul):
        outer = sum(dim != 1 for dim in e.shape) == 2
        return 2 if outer else (rank(e.args[0]) == 2) + (rank(e.args[-1]) == 2)
    if isinstance(e, _ELEMENTWISE) or (isinstance(e, ex.Fn) and e.kind in ("elementwise", "rowwise")):
        return max(map(rank, ex.children(e)))
    return own


def is_one_entry(e: ex.Expr) -> bool:
    """Whether an array is a matrix of one entry, whose shape does not tell it from a number."""
    if e.shape:
        return e.shape == (1, 1)
    if isinstance(e, ex.MatMul):
        return len(e.args[-1].shape) == 2 or is_one_entry(e.args[-1])
    if isinstance(e, ex.T):
        return is_one_entry(e.arg)
    if isinstance(e, ex.Reduce):
        return e.keepdims and (len(e.arg.shape) == 2 or is_one_entry(e.arg))
    if isinstance(e, _ELEMENTWISE) or (isinstance(e, ex.Fn) and e.entrywise):
        return any(map(is_one_entry, ex.children(e)))
    return False


def without_columns(values: Sequence[ex.Expr]) -> list[ex.Expr]:
    """The operands, with a column that is a vector to NumPy made one beside a vector."""
    vectors = [value.shape for value in values if len(value.shape) == 1]
    return [
        ex.Reshape(v, v.shape[:1]) if len(v.shape) == 2 and v.shape[1] == 1 and v.shape[:1] in vectors and rank(v) == 1
        else v
        for v in values
    ]  # fmt: skip


def of_one_shape(values: Sequence[ex.Expr]) -> bool:
    """Whether nothing broadcasts but numbers."""
    first: ex.Shape = ()
    for value in values:
        shape = value.shape
        if shape and shape != first:
            if first:
                return False
            first = shape
    return True


def elementwise(r: Rules, tree: Node, make: Callable[[tuple[ex.Expr, ...]], ex.Expr], verb: str) -> ex.Expr:
    resolved = [r.resolve(child) for child in tree.children]
    if r.scope.misfits or of_one_shape(resolved):
        return make(tuple(resolved))  # What does not fit is put together nevertheless; it has no shape.
    values = without_columns(resolved)
    rows = [value.shape[1:] for value in values if len(value.shape) == 2 and value.shape[0] == 1 and rank(value) == 1]
    strict = any(value.shape in rows for value in values if len(value.shape) == 1)
    r.fit(tree.children, values, Node(tree.kind, "" if strict else NUMPY, tree.children, tree.span), verb)
    if (widest := ex.broadcast(*(value.shape for value in values)))[1:] not in ((), (1,)):
        values = [_spread(value, widest) for value in values]
    return make(tuple(values))


def _spread(e: ex.Expr, shape: ex.Shape) -> ex.Expr:
    """A column that was made of a vector, ``v[:, None]``, beside a matrix: v 1^T, which says what is meant."""
    made = isinstance(e, ex.Reshape) and not e.regroups and len(e.arg.shape) == 1 and e.shape == (*e.arg.shape, 1)
    if not made or len(shape) != 2 or not isinstance(e, ex.Reshape):
        return e
    return ex.MatMul((e.arg, ex.T(ex.Ones(shape[1:]))))


def multiplied(r: Rules, tree: Node) -> ex.Expr:
    """A product entry by entry; a column times a row is shown as the outer product that it is."""
    resolved = [r.resolve(child) for child in tree.children]
    if of_one_shape(resolved):
        return ex.Mul(tuple(resolved), span=r.mark(tree))
    values = without_columns(resolved)
    if r.scope.derivatives and not r.scope.misfits and (outer := column_times_row(values, square=False)) is not None:
        return replace(outer, span=r.mark(tree))
    arrays = [n for n, arg in enumerate(values) if ex.scalar_if_ones(arg.shape)]
    if len(arrays) == 2 and not r.scope.misfits:
        (first, u), (_, v) = ((n, values[n]) for n in arrays)
        if len(u.shape) == 1 or (len(u.shape) == 2 and u.shape[0] == 1):
            u, v = v, u
        if len(u.shape) == 2 and u.shape[1] == 1 and (len(v.shape) == 1 or (len(v.shape) == 2 and v.shape[0] == 1)):
            done = _outer(u, v)
            others = [arg for n, arg in enumerate(values) if n not in arrays]
            return ex.Mul((*others[:first], done, *others[first:]), span=r.mark(tree)) if others else done
    return elementwise(r, tree, lambda args: ex.Mul(args, span=r.mark(tree)), "multiply")


def column_times_row(args: Sequence[ex.Expr], *, square: bool = True) -> ex.Expr | None:
    """``dz * x.T``: a vector, and after it the transpose of one, have no entries in common; they are an outer product.

    None for any other factors; without ``square`` also for two vectors of one length, which NumPy multiplies entry by
    entry.
    """
    arrays = [n for n, arg in enumerate(args) if ex.scalar_if_ones(arg.shape)]
    rows = [n for n in arrays if isinstance(args[n], ex.T) and len(args[n].shape) == 2 and args[n].shape[0] == 1]
    if len(arrays) < 2 or rows != arrays[-1:] or len(shapes := {args[n].shape for n in arrays[:-1]}) != 1:
        return None
    (column,) = shapes
    if len(column) != 1 or (not square and column == args[rows[0]].shape[1:]):
        return None
    factors = [args[n] for n in arrays[:-1]]
    done = ex.MatMul((factors[0] if len(factors) == 1 else ex.Mul(tuple(factors)), args[rows[0]]))
    others = [arg for n, arg in enumerate(args) if n not in arrays]
    return ex.Mul((*others, done)) if others else done


def _outer(u: ex.Expr, v: ex.Expr) -> ex.MatMul:
    return ex.MatMul((_vector(u), ex.T(_vector(v))))


def _vector(e: ex.Expr) -> ex.Expr:
    """A row or column as the vector that it holds."""
    real = tuple(dim for dim in e.shape if dim != 1)
    if isinstance(e, (ex.T, ex.Reshape)) and e.arg.shape == real:
        return e.arg
    return e if e.shape == real else ex.Reshape(e, real)


def turned(e: ex.Expr) -> ex.Expr:
    return e.arg if isinstance(e, ex.T) and len(e.arg.shape) == 2 else ex.T(e)


def matmul(r: Rules, tree: Node) -> ex.Expr:
    """``@`` from left to right: a vector on the left is summed over, two vectors give their scalar product."""
    from_left = r.resolve(tree.children[0])
    factors: list[ex.Expr] = [from_left]
    for n, child in enumerate(tree.children[1:], 1):
        value = r.resolve(child)
        left = factors[0] if len(factors) == 1 else ex.MatMul(tuple(factors))
        if r.scope.misfits:
            factors.append(value)
            continue
        if len(left.shape) == 1 and value.shape[:1] == left.shape:
            factors = [ex.T(left), value] if len(value.shape) == 1 else [turned(value), left]
            continue
        if not fits_matmul(left.shape, value.shape):
            done = tree.children[0] if n == 1 else Node("matmul", "", tree.children[:n], tree.span)
            r.chained(((done, left), (child, value)), tree)  # Raises, with what would fit.
        factors.append(value)
    return ex.MatMul(tuple(factors), span=r.mark(tree))


def matrix_power(base: ex.Expr, exponent: ex.Expr) -> ex.Expr | None:
    """A power of a square matrix as a product; None for anything else."""
    square = len(base.shape) == 2 and base.shape[0] == base.shape[1]
    if square and exponent in (ex.Neg(ex.num(1)), ex.num(-1)):
        return ex.Fn("inv", (base,), 0, "matrix")
    whole = isinstance(exponent, ex.Num) and exponent.value in range(2, MAX_POWER + 1)
    return ex.MatMul((base,) * int(exponent.value)) if square and whole and isinstance(exponent, ex.Num) else None


# --- shapes ----------------------------------------------------------------------------------------------------------


def shaped(e: ex.Expr, shape: ex.Shape) -> ex.Expr:
    """The same array with these axes; one of ones only is its number."""
    shape = ex.scalar_if_ones(shape)
    if e.shape == shape:
        return e
    return e.arg if isinstance(e, ex.Reshape) and e.arg.shape == shape else ex.Reshape(e, shape)


def times(dims: Sequence[ex.Dim]) -> ex.Dim:
    """The size of several axes laid out as one."""
    total: Whole = 1
    for dim in dims:
        total = total * amount(dim)
    return dim_named(total)


def _factors(shape: Sequence[ex.Dim]) -> list[str]:
    """The sizes of axes one by one, those of axes laid out together, too."""
    return [part for dim in shape if dim != 1 for part in str(dim).split("*")]


def flatten(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    value = r.resolve(tree.children[0])
    return shaped(value, (times(value.shape),))


def reshape(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """The same entries, in their order, with other axes; one size may be -1, what is left."""
    value = r.resolve(tree.children[0])
    sizes = list(_dims(r, tree.children[1:]))
    known = _factors([dim for dim in sizes if dim != -1])
    if sizes.count(-1) > 1:
        raise r.error(say("arrays.one_size_left"), tree)
    if -1 in sizes:
        rest = list(value.shape)
        place = sizes.index(-1)
        before = len(_factors(sizes[:place]))
        spread = [part for dim in rest if dim != 1 for part in str(dim).split("*")]
        left = spread[before : len(spread) - (len(known) - before)]
        sizes[place] = times([int(part) if part.isdecimal() else part for part in left])
    if _factors(sizes) != _factors(value.shape) and times(sizes) != times(value.shape):
        raise r.error(say("arrays.reshape", before=ex.show_shape(value.shape), after=ex.show_shape(tuple(sizes))), tree)
    return shaped(value, tuple(sizes))


def _dims(r: Rules, trees: Sequence[Node]) -> Iterator[ex.Dim]:
    """The sizes that a shape is written with."""
    for tree in trees:
        if tree.kind == "array" and tree.value == "shape":
            yield from r.resolve(tree.children[0]).shape
        elif tree.kind == "num" and tree.value == "-1":
            yield -1
        elif tree.kind == "num" and tree.value.isdecimal() and int(tree.value) > 0:
            yield int(tree.value)
        else:
            size = blocks.size_of(r.resolve(tree))
            if size is not None:
                yield size
            else:
                raise r.error(say("meaning.not_dimension", name=r.quote(tree)), tree, say("meaning.declare_dimension"))


def expand(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    value = r.resolve(tree.children[0])
    total = len(value.shape) + len(facts)
    axes = sorted(_place(r, tree, int(fact), total) for fact in facts)
    rest = iter(value.shape)
    return shaped(value, tuple(1 if n in axes else next(rest) for n in range(total)))


def _place(r: Rules, tree: Node, axis: int, total: int) -> int:
    if not -total <= axis < total:
        raise r.error(say("arrays.no_axis", axis=axis), tree)
    return axis % total


def squeeze(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    value = r.resolve(tree.children[0])
    if not value.shape:
        return value
    axes = [_place(r, tree, int(fact), len(value.shape)) for fact in facts]
    if any(value.shape[n] != 1 for n in axes):
        raise r.error(say("arrays.squeeze", shape=ex.show_shape(value.shape)), tree)
    drop = axes or [n for n, dim in enumerate(value.shape) if dim == 1]
    return shaped(value, tuple(dim for n, dim in enumerate(value.shape) if n not in drop))


def atleast(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    value = r.resolve(tree.children[0])
    return shaped(value, (*(1,) * (int(facts[0]) - len(value.shape)), *value.shape))


def subscript_rule(r: Rules, tree: Node) -> ex.Expr:
    """``v[:, None]``, ``W[k, j]``: a new axis, whole axes, or one index for each axis."""
    value = r.resolve(tree.children[0])
    items = list(tree.children[1:])
    rest = [item for item in items if item.kind != "slice" or item.value not in ("new", "...")]
    if len(rest) > len(value.shape):
        name, own = r.quote(tree.children[0]), ex.show_shape(value.shape)
        one = all(item.kind == "slice" or item.value in ("1", "-1") for item in items)
        if not value.shape and tree.children[0].kind != "name" and one:
            return value  # Axes of length one, which a number here has none of.
        if not value.shape:
            raise r.error(say("meaning.entries_of_scalar", first=name), tree)
        raise r.error(say("meaning.index_count", count=len(rest), name=name, shape=own), tree)
    picked = labels.at_label(r, value, items, tree) or labels.picked(r, value, items, tree)
    if picked is not None:
        return picked
    missing = len(value.shape) - len(rest)
    whole = [Node("slice", "", (), tree.span)] * missing
    dots = next((n for n, item in enumerate(items) if item.kind == "slice" and item.value == "..."), len(items))
    items[dots : dots + 1] = whole
    if all(item.kind != "slice" for item in items):
        positions = [_from_end(r, item, dim) for item, dim in zip(items, value.shape, strict=True)]
        return r.resolve(Node("entry", "", (tree.children[0], *positions), tree.span))
    if (member := _at_positions(r, value, items, tree)) is not None:
        return member
    shape: list[ex.Dim] = []
    axis = 0
    for item in items:
        if item.kind == "slice" and item.value == "new":
            shape.append(1)
            continue
        dim = value.shape[axis]
        if blocks.is_range(item):
            value = blocks.part(r, value, axis, *blocks.bounds(r, dim, item), item)
        elif item.kind == "slice" and not _is_whole(r, item, dim):
            value = _counted_from_zero(r, value, axis, item)
        elif item.kind != "slice" and (dim != 1 or item.value not in ("1", "-1")):
            raise r.error(say("arrays.mask" if item.kind == "cmp" else "arrays.part"), tree)
        if item.kind == "slice":
            shape.append(value.shape[axis] if value.shape else 1)
        axis += 1
    return shaped(value, tuple(shape))


def part_changed(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """An array of which a part has been changed: ``part_sub(dz, 1, y)`` after ``dz[y] -= 1``.

    What is put there is one number, one for each row at the label of the row, or the ``same`` part of another array.
    """
    base, value = (r.resolve(child) for child in tree.children[:2])
    items = tree.children[2:]
    sign = tree.value.split(" ")[0].removeprefix("part_")
    same = facts[0] == "same"
    if not same and sign in ("add", "sub") and (row := labels.row(r, base, items, value, tree)) is not None:
        return ex.Add((base, ex.Neg(row) if sign == "sub" else row))
    hot = labels.mask(r, base, items, tree)
    if hot is None:
        raise r.error(say("arrays.part"), tree)
    if not same and value.shape and (len(items) == 2 and value.shape == base.shape[:1]):
        value = ex.MatMul((value, ex.T(ex.Ones(base.shape[1:]))))
        same = True
    if value.shape and (not same or value.shape != base.shape):
        raise r.error(say("arrays.part"), tree)
    if sign in ("add", "sub"):
        term = hot if value == ex.num(1) else ex.Mul((value, hot))
        return ex.Add((base, ex.Neg(term) if sign == "sub" else term))
    kept = ex.Mul((base, ex.Add((ex.num(1), ex.Neg(hot)))))
    if sign == "set" and value == ex.num(0):
        return kept
    put = value if sign == "set" else ex.Mul((base, value)) if sign == "mul" else ex.Div(base, value)
    return ex.Add((kept, ex.Mul((put, hot))))


def _at_positions(r: Rules, value: ex.Expr, items: Sequence[Node], tree: Node) -> ex.Expr | None:
    """``X[:, 2]``, ``E[:, w[t]]``: the part at positions and labels, all other axes whole; None for any other part."""
    if not r.scope.members or not isinstance(value, (ex.Sym, ex.Adj)) or len(items) != len(value.shape):
        return None
    places: list[Node] = []
    for item, dim in zip(items, value.shape, strict=True):
        if item.kind == "num" and dim != 1:
            places.append(_from_end(r, item, dim))
        elif item.kind == "entry" and label_of(item, r.scope) is not None:
            places.append(item)
        elif item.kind == "slice" and item.value == "" and _is_whole(r, item, dim):
            places.append(Node("slice", "", (), item.span))
        else:
            return None
    if all(place.kind == "slice" for place in places):
        return None
    return r.resolve(Node("entry", "", (tree.children[0], *places), tree.span))


def _counted_from_zero(r: Rules, value: ex.Expr, axis: int, item: Node) -> ex.Expr:
    """A slice as Python counts: from 0, with its end left out, and below 0 from the end."""
    size = amount(value.shape[axis])
    ends: list[Whole] = []
    for end, absent in zip(item.children, (amount(0), size), strict=True):
        bound = absent if end.kind == "slice" else blocks.whole(r, end)
        ends.append(size + bound if is_negative(bound) else bound)
    return blocks.part(r, value, axis, ends[0] + 1, ends[1], item)


def _from_end(r: Rules, tree: Node, dim: ex.Dim) -> Node:
    """A position that may count from the end."""
    if tree.kind != "num" or not tree.value.startswith("-"):
        return tree
    if not isinstance(dim, int) or int(tree.value) < -dim:
        raise r.error(say("arrays.from_end"), tree)
    return Node("num", str(dim + 1 + int(tree.value)), (), tree.span)


def _is_whole(r: Rules, tree: Node, dim: ex.Dim) -> bool:
    """Whether a slice is all of an axis."""
    if not tree.children:
        return True
    first, last = tree.children
    none_before = first.kind == "slice" or (first.kind == "num" and first.value == "0")
    return none_before and (last.kind == "slice" or list(_dims(r, (last,))) == [dim])


# --- sizes and arrays made of them -----------------------------------------------------------------------------------


def size(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    shape = r.resolve(tree.children[0]).shape
    axis = int(facts[0])
    if not -len(shape) <= axis < len(shape):
        raise r.error(say("arrays.no_axis", axis=axis), tree)
    return _length(r, shape[axis])


def count(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    sizes = [_length(r, dim) for dim in r.resolve(tree.children[0]).shape if dim != 1]
    return ex.Mul(tuple(sizes)) if len(sizes) > 1 else sizes[0] if sizes else ex.num(1)


def _length(r: Rules, dim: ex.Dim) -> ex.Expr:
    if isinstance(dim, int):
        return ex.num(dim)
    known = r.scope.dims.get(dim)
    return ex.Size(dim) if known is None or known.size is None else ex.num(known.size)


def number(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """What is no array but a number, such as the only entry of one."""
    value = r.resolve(tree.children[0])
    if not ex.scalar_if_ones(value.shape):
        return shaped(value, ())
    raise r.error(say("arrays.no_number", shape=ex.show_shape(value.shape)), tree)


def made(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """``ones((N, 1))``, ``zeros``, ``eye``: an array of a shape."""
    name = tree.value
    shape = tuple(_dims(r, tree.children))
    if name == "eye":
        if len(shape) not in (1, 2) or shape[0] != shape[-1]:
            raise r.error(say("arrays.eye"), tree)
        return ex.Eye(shape[0], span=r.mark(tree))
    if -1 in shape:
        raise r.error(say("arrays.sizes", name=name), tree)
    if not ex.scalar_if_ones(shape):
        return ex.num(name == "ones")
    return (ex.Ones if name == "ones" else ex.Zeros)(shape, span=r.mark(tree))


def bare_shape(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    raise r.error(say("arrays.shape"), tree)


def each_position(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    raise r.error(say("arrays.part"), tree)


# --- products --------------------------------------------------------------------------------------------------------


def dot(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """NumPy's dot: as ``@``, but numbers scale."""
    left, right = (r.resolve(child) for child in tree.children)
    if not left.shape or not right.shape:
        return ex.Mul((left, right), span=r.mark(tree))
    return matmul(r, tree)


def inner(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """Sums over the last axis of both."""
    first, second = tree.children
    if len(r.resolve(second).shape) < 2 or not r.resolve(first).shape:
        return dot(r, tree, facts)
    flipped = Node("transpose", "", (second,), second.span)
    return matmul(r, Node("matmul", "", (first, flipped), tree.span))


def outer(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """Every entry of one with every entry of the other; ``flat_outer`` lays its operands out as vectors first."""
    values = [r.resolve(child) for child in tree.children]
    if tree.value == "flat_outer":
        values = [shaped(value, (times(value.shape),)) for value in values]
    u, v = values
    if not (u.shape and v.shape):
        column = tree.value == "flat_outer" and u.shape
        parts = (
            (ex.Reshape(u, (*u.shape, 1)), v)
            if column
            else (u, ex.T(v))
            if tree.value == "flat_outer" and v.shape
            else (u, v)
        )
        return ex.Mul(parts, span=r.mark(tree))
    if any(len(value.shape) > 1 for value in values):
        raise r.error(say("arrays.outer"), tree)
    return ex.MatMul((u, ex.T(v)), span=r.mark(tree))


def concat(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """Arrays one after the other along an axis, or as NumPy's stacks have it."""
    values = [r.resolve(child) for child in tree.children]
    rank = max(len(value.shape) for value in values)
    where = facts[0]
    if where == "vstack" and rank < 2:
        raise r.error(say("meaning.concat_shapes", shapes=[ex.show_shape(value.shape) for value in values]), tree)
    axis = 0 if where == "vstack" else rank - 1 if where == "hstack" else int(where)
    return blocks.joined(r, values, _place(r, tree, axis, rank) if rank else 0, tree)


def reduce(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """A sum, mean, ... along several axes."""
    op, keep, *axes = facts
    value = r.resolve(tree.children[0])
    if not value.shape:
        return value
    places = {_place(r, tree, int(axis), len(value.shape)) for axis in axes}
    if all(dim == 1 for n, dim in enumerate(value.shape) if n not in places):
        return ex.Reduce(op, value, span=r.mark(tree))
    for place in sorted(places, reverse=True):
        value = ex.Reduce(op, value, place, keep == "True", span=r.mark(tree))
    return value


def along(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """``softmax(x, axis)``: along the last axis, or the first of a matrix."""
    name, axis = facts[0], int(facts[1])
    child = tree.children[0]
    value = r.resolve(child)
    place = _place(r, tree, axis, len(value.shape)) if value.shape else 0
    if place == len(value.shape) - 1 or not value.shape:
        return r.resolve(Node("call", name, (child,), tree.span))
    if len(value.shape) != 2:
        raise r.error(say("meaning.along_last_axis", name=name), tree)
    flipped = r.resolve(Node("call", name, (Node("transpose", "", (child,), child.span),), tree.span))
    return ex.T(flipped) if len(flipped.shape) == 2 else flipped


# --- einsum ----------------------------------------------------------------------------------------------------------


def tiled(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """``tile(x, (N, 1))``: copies of a row below each other; ``(1, N)``, of a column side by side."""
    value, sizes = r.resolve(tree.children[0]), tuple(_dims(r, tree.children[1:]))
    row = tree.value == "tile" and len(value.shape) == 1
    shape = (1, *value.shape) if row else (*value.shape, 1, 1)[:2]
    if len(sizes) == 2 and sizes[1] == shape[0] == 1:
        return _outer(ex.Ones(sizes[:1]), _vector(value))
    if len(sizes) == 2 and sizes[0] == shape[1] == 1:
        return _outer(_vector(value), ex.Ones(sizes[1:]))
    raise r.error(say("arrays.part"), tree)


def einsum_entries(r: Rules, tree: Node) -> tuple[ex.Expr, tuple[ex.Ix, ...]]:
    """The entry of the result of an einsum and its letters; raises InputError where letters and shapes do not fit."""
    inputs, _, output = tree.value.removeprefix("einsum ").partition("->")
    letters: dict[str, ex.Ix] = {}
    factors: list[ex.Expr] = []
    for group, operand in zip(inputs.split(","), map(r.resolve, tree.children), strict=True):
        if len(group) != len(operand.shape):
            raise r.error(say("arrays.einsum_letters", letters=group, shape=ex.show_shape(operand.shape)), tree)
        for name, dim in zip(group, operand.shape, strict=True):
            ix = letters.setdefault(name, ex.Ix(name, dim))
            if ix.dim != dim:
                raise r.error(say("arrays.einsum_range", letter=name, first=ix.dim, second=dim), tree)
        factors.append(ex.Entry(operand, tuple(letters[name] for name in group)) if group else operand)
    if len(set(output)) < len(output) or set(output) - set(letters):
        raise r.error(say("arrays.einsum_result", letters=output), tree)
    free = tuple(letters[name] for name in output)
    bound = tuple(ix for name, ix in letters.items() if name not in output)
    body = factors[0] if len(factors) == 1 else ex.Mul(tuple(factors))
    return (ex.IndexReduce("sum", body, bound) if bound else body), free


def _contraction(groups: Sequence[str], output: str, values: Sequence[ex.Expr]) -> ex.Expr | None:
    """An einsum that is a product of two matrices or vectors, or one entry by entry; None for any other."""
    if len(groups) != 2 or any(len(set(group)) < len(group) or len(group) > 2 for group in groups):
        return None
    if groups[0] == groups[1] == output:
        return ex.Mul(tuple(values))
    over = [x for x in groups[0] if x in groups[1]]
    kept = "".join(x for group in groups for x in group if x not in over)
    if len(over) > 1 or set(over) & set(output) or sorted(kept) != sorted(output):
        return None
    (a, b), (left, right) = values, groups
    if not over:
        if len(left) != 1 or len(right) != 1:
            return None
        a, b = (a, b) if kept == output else (b, a)
        return ex.MatMul((a, ex.T(b)))
    a = turned(a) if left[0] == over[0] and len(left) == 2 else a
    b = turned(b) if right[-1] == over[0] and len(right) == 2 else b
    if len(left) == 1:
        return ex.MatMul((turned(b), a))
    return ex.MatMul((a, b)) if kept == output else ex.T(ex.MatMul((a, b)))


def einsum(r: Rules, tree: Node, facts: Sequence[str]) -> ex.Expr:
    """An einsum as an array: its operands with an axis for each letter, multiplied, and summed over those that go."""
    entry, free = einsum_entries(r, tree)
    if not free:
        return entry
    inputs, _, output = facts[0].partition("->")
    groups = inputs.split(",")
    values = list(map(r.resolve, tree.children))
    if (product := _contraction(groups, output, values)) is not None:
        return product
    if not r.scope.derivatives:
        raise r.error(say("python.einsum"), tree)
    over = list(dict.fromkeys(x for group in groups for x in group if x not in output))
    order = [*output, *over]
    factors: list[ex.Expr] = []
    for group, operand in zip(groups, map(r.resolve, tree.children), strict=True):
        if len(group) == 2 and group[0] == group[1]:
            operand, group = ex.Fn("diag", (operand,), kind="diag"), group[0]
        if len(group) == 2 and order.index(group[0]) > order.index(group[1]):
            operand, group = ex.T(operand), group[::-1]
        if [x for x in order if x in group] != list(group):
            raise r.error(say("python.einsum"), tree)
        dims = iter(operand.shape)
        factors.append(shaped(operand, tuple(next(dims) if x in group else 1 for x in order)))
    done: ex.Expr = factors[0] if len(factors) == 1 else ex.Mul(tuple(factors))
    for axis in range(len(order) - 1, len(output) - 1, -1):
        done = ex.Reduce("sum", done, axis)
    return done


def positional(r: Rules, tree: Node) -> tuple[ex.Expr, tuple[ex.Ix, ...]] | None:
    """An einsum, perhaps with a sign and scaled, as an entry with its letters; None for anything else."""
    if tree.kind == "array" and tree.value.startswith("einsum "):
        return einsum_entries(r, tree)
    if tree.kind == "neg" and (found := positional(r, tree.children[0])) is not None:
        return ex.Neg(found[0]), found[1]
    if tree.kind not in ("mul", "div"):
        return None
    parts = [positional(r, child) for child in tree.children]
    if sum(part is not None for part in parts) != 1 or (tree.kind == "div" and parts[0] is None):
        return None
    values = [part[0] if part else r.resolve(child) for part, child in zip(parts, tree.children, strict=True)]
    if any(value.shape for value in values):
        return None
    letters = next(part[1] for part in parts if part)
    return (ex.Mul(tuple(values)) if tree.kind == "mul" else ex.Div(values[0], values[1])), letters


_OPERATIONS: Mapping[str, Callable[[Rules, Node, Sequence[str]], ex.Expr]] = {
    "flatten": flatten, "reshape": reshape, "expand": expand, "squeeze": squeeze, "atleast": atleast,
    "size": size, "count": count, "number": number, "ones": made, "zeros": made, "eye": made, "shape": bare_shape,
    "arange": each_position,
    "dot": dot, "inner": inner, "outer": outer, "flat_outer": outer, "along": along, "concat": concat,
    "tile": tiled, "repmat": tiled,
    "reduce": reduce, "einsum": einsum,
    **dict.fromkeys(("part_set", "part_add", "part_sub", "part_mul", "part_div"), part_changed),
}  # fmt: skip


def array_rule(r: Rules, tree: Node) -> ex.Expr:
    name, *facts = tree.value.split(" ")
    try:
        return _OPERATIONS[name](r, tree, facts)
    except ShapeError as e:
        raise r.error(e.words, tree) from None

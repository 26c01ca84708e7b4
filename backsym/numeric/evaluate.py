"""The value of an expression, as displayed, at a point.

The evaluator knows what the expression says and nothing of how it was found: it is the judge of the calculus and must
not import it.  It differentiates only by complex step (Squire and Trapp, SIAM Review 40, 1998): the derivative of an
analytic f in the direction d is Im f(x + i h d) / h, exact to rounding for a tiny h.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import add, mul, truediv
from typing import Any

import numpy as np

from backsym.core import expr as ex
from backsym.core.allowance import SMALL, spend
from backsym.core.dims import amount, is_ragged, value_of
from backsym.core.errors import BacksymError, ShapeError
from backsym.core.functions import decisive
from backsym.core.problem import NodeEquation
from backsym.core.words import say
from backsym.numeric.apply import STEP, apply_function, squared
from backsym.numeric.axes import (
    Array,
    Val,
    align,
    align_all,
    arrange,
    binary,
    check_classes,
    first_one_hot,
    gather,
    grid_of,
    guard,
    is_computed,
    named,
    one_hot,
    power,
    reduce_axes,
)
from backsym.numeric.context import Context, Env
from backsym.numeric.layers import filled, fitted, open_letter, position_by_position, size_of, without_beyond

__all__ = ["Env", "ev", "evaluate", "node_value"]

_ATOMS = frozenset((ex.Num, ex.Const, ex.Sym, ex.Adj, ex.Size, ex.Labels))
"""What is looked up as fast as a value that was kept."""

_CONSTANTS = {"pi": math.pi, "e": math.e}

_EINSUM_FROM = 20_000
"""A summed product with more elements than this is contracted without building the product."""


def evaluate(expr: ex.Expr, env: Env, free: tuple[ex.Ix, ...] = ()) -> Array:
    """The value of ``expr``: leading axes for the indices ``free``, in that order, then the axes of ``expr.shape``.

    The result is complex128 if any input is complex, else float64.  Raises BacksymError for a quantity without a value,
    for a free index that is not in ``free``, and for an intermediate that would be too large.
    """
    ctx = Context.of(env)
    with np.errstate(all="ignore"):
        value = np.asarray(ctx.arranged(ev(expr, ctx), free))
    return value.astype(complex if np.iscomplexobj(value) else float)


def ev(e: ex.Expr, c: Context) -> Val:
    """The value of an expression with its free indices as named axes."""
    handler = _HANDLERS.get(type(e))
    if handler is None:
        raise TypeError(f"cannot evaluate an expression of type {type(e).__name__}")
    if c.direct:
        value = handler(e, c)
        if value[1].size > SMALL:
            spend(value[1].size)
        return value
    if c.layered and type(e) not in _ATOMS and (letter := open_letter(e)) is not None:
        return position_by_position(e, letter, c.dims, lambda at: ev(at, c))
    if c.known is None or type(e) in _ATOMS:
        value = handler(e, c)
        if value[1].size > SMALL:
            spend(value[1].size)
        return value
    number = c.known.number(e)
    found = c.known.value(number)
    if found is None:
        found = handler(e, c)
        if found[1].size > SMALL:
            spend(found[1].size)
        c.known.keep(number, found)
    return found


def node_value(eq: NodeEquation, c: Context) -> Val:
    """The value of a node by its own equation, with the node's declared shape.

    Named axes are left only where a value in ``c`` has them (the directions of a complex step).
    """
    names, x = ev(eq.rhs, c)
    sizes = c.sizes(eq.shape)
    if not eq.indices:
        lead = x.shape[: len(names)]
        if x.shape[len(names) :] == sizes:
            return names, x
        x = np.asarray(x)
        rank = x.ndim - len(names)
        if math.prod(x.shape[len(names) :]) == math.prod(sizes):
            return names, x.reshape(lead + sizes)
        padded = x.reshape(lead + (1,) * (len(sizes) - rank) + x.shape[len(names) :])
        return names, np.broadcast_to(padded, lead + sizes)
    extra = tuple(n for n in names if n not in eq.indices)
    lead = tuple(x.shape[names.index(n)] for n in extra)
    # Entries that are 1x1 matrices count as the scalars they hold.
    return extra, np.reshape(c.arranged((names, x), extra + eq.indices, lead + sizes), lead + sizes)


# --- atoms -----------------------------------------------------------------------------------------------------------


def _num(e: ex.Num, c: Context) -> Val:
    return (), np.float64(e.as_float)


def _const(e: ex.Const, c: Context) -> Val:
    if e.name not in _CONSTANTS:
        raise BacksymError(say("numeric.constant", name=e.name))
    return (), np.float64(_CONSTANTS[e.name])


def _sym(e: ex.Sym, c: Context) -> Val:
    value = c.values.get(e.name)
    if value is None:
        raise BacksymError(say("numeric.no_value", name=e.name))
    return value if isinstance(value, tuple) else ((), value)


def _started(e: ex.Started, c: Context) -> Val:
    """The members of a recurrence after what it starts from, the one farthest back first."""
    parts = [ev(start, c) for start in reversed(e.starts)]
    if c.layered:
        parts = [(names, filled(x, c.sizes(e.declared[1:]))) for names, x in parts]
    parts = [(names, np.expand_dims(x, len(names))) for names, x in parts]
    names, arrays = align_all([*parts, _sym(e, c)])
    lead = np.broadcast_shapes(*(x.shape[: len(names)] for x in arrays))
    laid = [np.broadcast_to(x, (*lead, *x.shape[len(names) :])) for x in arrays]
    return names, np.concatenate(laid, axis=len(names))


def _reached(value: Val, indices: tuple[ex.Ix, ...], c: Context) -> tuple[Val, tuple[ex.Ix, ...]]:
    """The array and the indices; zeros at the first position where a recurrence has no member at a fixed one."""
    names, x = value
    beyond = [ix for ix, n in zip(indices, x.shape[len(names) :], strict=False) if (ex.position_of(ix) or 0) > n]
    if not beyond or not {ix.dim for ix in beyond} <= c.ended:
        return value, indices
    return (names, np.zeros_like(x)), tuple(ex.Ix("1", ix.dim) if ix in beyond else ix for ix in indices)


def _whole_recurrence(e: ex.Started, c: Context) -> Val:
    raise BacksymError(say("numeric.members_only", name=e.name))


def _at_start(e: ex.Entry | ex.Member, kept: tuple[ex.Ix, ...], c: Context) -> Val:
    """An entry of a recurrence with its starts, in which positions count from the first of them."""
    base = e.base
    assert isinstance(base, ex.Started)
    first, *rest = e.at(kept) if isinstance(e, ex.Member) else e.indices
    names, x = _started(base, c)
    moved = ex.shifted(((first, 1),), len(base.starts), first.dim)
    if not moved.fixed and moved == ex.Ix(moved.letter, moved.dim):  # A letter: it does not reach the last members.
        x = x[(slice(None),) * len(names) + (slice(c.size(first.dim)),)]
    return _picked((names, x), (moved, *rest), c)


def _adj(e: ex.Adj, c: Context) -> Val:
    value = c.adjoints.get(e.name)
    if value is None:
        raise BacksymError(say("numeric.adjoint", name=e.name))
    return value if isinstance(value, tuple) else ((), value)


def _size(e: ex.Size, c: Context) -> Val:
    return (), np.float64(c.size(e.dim))


def _ones(e: ex.Ones, c: Context) -> Val:
    sizes = c.sizes(e.of)
    guard(sizes)
    return (), np.ones(sizes)


def _zeros(e: ex.Zeros, c: Context) -> Val:
    sizes = c.sizes(e.of)
    guard(sizes)
    return (), np.zeros(sizes)


def _eye(e: ex.Eye, c: Context) -> Val:
    n = c.size(e.dim)
    guard((n, n))
    return (), np.eye(n)


def _delta(e: ex.Delta, c: Context) -> Val:
    if not e.equal:
        names, same = _delta(ex.Delta(e.i, e.j), c)
        return names, 1.0 - same
    if any(is_computed(ix) or ix.fixed for ix in (e.i, e.j)):
        letters, (a, b) = grid_of((e.i, e.j), c)
        return letters, np.asarray(a == b, dtype=float)
    n = max(c.index_sizes((e.i, e.j)))
    guard((n, n))
    return _picked(((), np.eye(n)), (e.i, e.j), c)


def _one_hot(e: ex.OneHot, c: Context) -> Val:
    n = c.size(e.of)
    (name,) = ex.names_in(e.labels)
    if isinstance(e.labels, ex.Entry) and any(map(is_computed, e.labels.indices)):
        # Where there is no member there is no class, not the first one.
        letters, (classes,) = grid_of((ex.labelled(name, e.labels.indices, e.of),), c)
        guard((*classes.shape, n))
        return letters, one_hot(classes, n)
    names, labels = ev(e.labels, c)
    guard((*labels.shape, n))
    check_classes(labels, n, name, e.of)
    return names, one_hot(labels, n)


# --- arithmetic ------------------------------------------------------------------------------------------------------


def _fold(op: Callable[[Any, Any], Any], args: tuple[ex.Expr, ...], c: Context) -> Val:
    result = ev(args[0], c)
    for arg in args[1:]:
        result = binary(op, result, ev(arg, c))
    return result


def _add(e: ex.Add, c: Context) -> Val:
    return _fold(add, e.args, c)


def _mul(e: ex.Mul, c: Context) -> Val:
    return _product(e.args, [ev(arg, c) for arg in e.args])


def _product(factors: Sequence[ex.Expr], values: Sequence[Val]) -> Val:
    """The product of values.

    Where an indicator is 0, so is the product, even if another factor overflows there (Knuth, Two notes on notation,
    1992: a bracket that is false is very strongly zero): exp(x) [x <= 0] at x = 1000.
    """
    result = values[0]
    for value in values[1:]:
        result = binary(mul, result, value)
    if ex.Cmp in map(type, factors) and not np.all(np.isfinite(result[1])):
        for bracket in [value for factor, value in zip(factors, values, strict=True) if isinstance(factor, ex.Cmp)]:
            result = binary(lambda x, hit: np.where(hit == 0, 0.0, x), result, bracket)
    return result


def _neg(e: ex.Neg, c: Context) -> Val:
    names, x = ev(e.arg, c)
    return names, -x


def _div(e: ex.Div, c: Context) -> Val:
    den = ev(e.den, c)
    if c.tracer is not None:
        c.tracer.denominator(den[1])
    return binary(truediv, ev(e.num, c), den)


def _pow(e: ex.Pow, c: Context) -> Val:
    if e.exp == ex.num(2) and (found := squared(e.base, c, ev)) is not None:
        return found
    base, exponent = ev(e.base, c), ev(e.exp, c)
    if c.tracer is not None:
        _, x, p = align(base, exponent)
        c.tracer.power(x, p)
    return binary(power, base, exponent)


def _column(value: Val) -> Val:
    """A matrix; a vector becomes a column, and a scalar a 1x1 matrix."""
    names, x = value
    rank = x.ndim - len(names)
    return (names, x) if rank == 2 else (names, x.reshape(x.shape + (1,) * (2 - rank)))


def _matmul(e: ex.MatMul, c: Context) -> Val:
    value, shape = ev(e.args[0], c), e.args[0].shape
    for arg in e.args[1:]:
        names, a, b = align(_column(value), _column(ev(arg, c)))
        shape = ex.matmul_shape(shape, arg.shape)
        guard((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))
        product = np.matmul(a, b)
        value = names, product if len(shape) == 2 else product[..., 0]
    names, x = value
    return names, x.reshape(x.shape[: len(names)] + c.sizes(e.shape))


def _transpose(e: ex.T, c: Context) -> Val:
    names, x = ev(e.arg, c)
    rank = x.ndim - len(names)
    if rank > 2:
        raise BacksymError(say("shapes.transpose", axes=rank))
    if rank == 1:
        return names, np.expand_dims(x, -2)
    return names, np.swapaxes(x, -1, -2) if rank == 2 else x


def _reshape(e: ex.Reshape, c: Context) -> Val:
    names, x = ev(e.arg, c)
    sizes = c.sizes(e.to)
    if math.prod(x.shape[len(names) :]) != math.prod(sizes):
        raise ShapeError(say("numeric.laid_out", shape=str(x.shape[len(names) :]), sizes=str(sizes)))
    return names, x.reshape(x.shape[: len(names)] + sizes)


def _slice(e: ex.Slice, c: Context) -> Val:
    names, x = ev(e.arg, c)
    first, last, size = (value_of(a, c.size) for a in (e.first, e.last, amount(e.arg.shape[e.axis])))
    if not 1 <= first <= last <= size:
        raise BacksymError(say("numeric.positions", first=first, last=last, size=size))
    x = x[(slice(None),) * (len(names) + e.axis) + (slice(first - 1, last),)]
    return names, x.reshape(x.shape[: len(names)] + c.sizes(e.shape))


def _concat(e: ex.Concat, c: Context) -> Val:
    values = [ev(arg, c) for arg in e.args]
    known = {name: size for own, x in values for name, size in zip(own, x.shape, strict=False)}
    names, lead = tuple(known), tuple(known.values())
    parts = [
        arrange(value, names, lead).reshape(lead + c.sizes(arg.shape or (1,)))
        for value, arg in zip(values, e.args, strict=True)
    ]
    return names, np.concatenate(parts, axis=len(names) + e.axis)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def _cmp(e: ex.Cmp, c: Context) -> Val:
    compare = _COMPARE.get(e.op)
    if compare is None:
        raise TypeError(f"unknown comparison: {e.op}")

    def holds(a: Array, b: Array) -> Array:
        return np.asarray(compare(decisive(np, a), decisive(np, b)), dtype=float)

    return binary(holds, ev(e.a, c), ev(e.b, c))


def _positional(names: tuple[ex.Ix, ...], x: Array, axis: int | None) -> tuple[int, ...]:
    """The array axes that a positional ``axis`` stands for (None: all positional ones)."""
    lead, rank = len(names), x.ndim - len(names)
    if axis is None:
        return tuple(range(lead, x.ndim))
    if not -rank <= axis < rank:
        raise BacksymError(say("numeric.axis", axis=axis, axes=rank))
    return (lead + axis % rank,)


def _reduce(e: ex.Reduce, c: Context) -> Val:
    names, x = ev(e.arg, c)
    axes = _positional(names, x, e.axis)
    if c.tracer is not None and e.op in ("max", "min"):
        c.tracer.extreme(e.op, np.real(x), axes)
    out = reduce_axes(e.op, x, axes)
    return names, out.reshape(out.shape[: len(names)] + c.sizes(e.shape))


def _pick(e: ex.Pick, c: Context) -> Val:
    names, x = ev(e.arg, c)
    axes = _positional(names, x, e.axis)
    if not axes:
        return names, np.ones(x.shape)
    hot = first_one_hot(e.op, x, axes)
    return names, hot if e.axis is None else np.moveaxis(hot, -1, axes[0])


# --- the index level -------------------------------------------------------------------------------------------------


def _entry(e: ex.Entry, c: Context) -> Val:
    if isinstance(e.base, ex.Started):
        return _at_start(e, (), c)
    names, x = ev(e.base, c)
    lead = len(names)
    if x.ndim - lead != len(e.indices):
        raise BacksymError(say("shapes.indices", indices=len(e.indices), axes=x.ndim - lead))
    letters = True
    for ix, n in zip(e.indices, x.shape[lead:], strict=True):
        if ix.fixed:
            letters = False
        elif size_of(ix.dim, c.dims) != n and not is_ragged(ix.dim):
            raise BacksymError(say("numeric.length", letter=ix.letter, dim=str(ix.dim), length=n))
        elif type(ix) is not ex.Ix:
            letters = False
    if letters:  # As most are: nothing is picked, the axes get their names.
        return named(names + e.indices, _fitted((names, x), e.indices, c)[1])
    return _picked(*_reached((names, x), e.indices, c), c)


def _fitted(value: Val, indices: tuple[ex.Ix, ...], c: Context) -> Val:
    """Without the zeros beside the smaller members of a family, and with zeros behind the end of an array."""
    return fitted(value, indices, c.dims) if c.layered else value


def _picked(value: Val, indices: tuple[ex.Ix, ...], c: Context) -> Val:
    """The entries at indices, for letters as far as they run."""
    return gather(_fitted(value, indices, c), indices, c)


def _member(e: ex.Member, c: Context) -> Val:
    # The kept axes get names for a while, then stand behind all others again.
    whole = tuple(ex.Ix(f"<{n}>", ex.own_dim(d, e.places[0])) for n, d in enumerate(e.base.shape))
    kept = tuple(ix for ix, place in zip(whole, e.places, strict=True) if place is None)
    found, y = (
        _at_start(e, kept, c) if isinstance(e.base, ex.Started) else _picked(*_reached(ev(e.base, c), e.at(kept), c), c)
    )
    rest = tuple(n for n in found if n not in kept)
    sizes = tuple(y.shape[found.index(n)] for n in rest)
    return rest, arrange((found, y), (*rest, *kept), (*sizes, *c.index_sizes(kept)))


def _index_reduce(e: ex.IndexReduce, c: Context) -> Val:
    if e.op == "sum" and isinstance(e.body, ex.Mul):
        names, x = _contract(e.body, e.indices, c)
    else:
        names, x = _compared(e, c)
    axes = tuple(names.index(ix) for ix in e.indices if ix in names)
    if c.tracer is not None and e.op in ("max", "min"):
        c.tracer.extreme(e.op, np.real(x), axes)
    if e.op == "sum":
        # An index that the body does not mention repeats it.
        repeats = math.prod(c.size(ix.dim) for ix in e.indices if ix not in names)
        x = x * repeats if repeats != 1 else x
    return tuple(n for n in names if n not in e.indices), reduce_axes(e.op, x, axes)


def _contract(product: ex.Mul, over: tuple[ex.Ix, ...], c: Context) -> Val:
    """The product; if it is large, already summed over the indices that two or more factors share."""
    values = [ev(arg, c) for arg in product.args]
    sizes: dict[ex.Ix, int] = {}
    for names, x in values:
        sizes.update(zip(names, x.shape, strict=False))
    scalar = all(x.ndim == len(names) for names, x in values)
    if not scalar or math.prod(sizes.values()) < _EINSUM_FROM:
        return _product(product.args, values)
    bound = [ix for ix in over if ix in sizes]
    ones: Val = (tuple(bound), np.ones([1] * len(bound)))
    kept = tuple(ix for ix in sizes if ix not in over)
    guard([sizes[ix] for ix in kept])
    spend(math.prod(sizes.values()))
    labels = {ix: n for n, ix in enumerate(sizes)}
    operands: list[Any] = []
    for names, x in values:
        operands += [x, [labels[ix] for ix in names]]
    summed = np.asarray(np.einsum(*operands, [labels[ix] for ix in kept], optimize=len(values) > 2))
    # The bound indices stay as axes of length one, so that the caller treats both cases alike.
    names, a, b = align((kept, summed), ones)
    return names, a * b


def _compared(e: ex.IndexReduce | ex.IndexPick, c: Context) -> Val:
    """What is reduced: in a maximum or minimum without what is beyond the range of a letter, which would be zero."""
    value = ev(e.body, c)
    return without_beyond(e.op, value, e.indices, c.dims) if c.layered and e.op in ("max", "min") else value


def _index_pick(e: ex.IndexPick, c: Context) -> Val:
    value = _compared(e, c)
    names, x = value
    if x.ndim != len(names):
        raise BacksymError(say("numeric.maximum"))
    rest = tuple(n for n in names if n not in e.indices)
    lead = tuple(x.shape[names.index(n)] for n in rest)
    full = arrange(value, rest + e.indices, lead + c.index_sizes(e.indices))
    hot = first_one_hot(e.op, full, tuple(range(len(rest), full.ndim)))
    return gather(_fitted((rest, hot), e.at, c), e.at, c)


def _target(e: ex.Expr) -> tuple[ex.Sym, tuple[ex.Ix, ...]]:
    """The symbol and the indices of one side of a local derivative."""
    if isinstance(e, ex.Entry) and isinstance(e.base, ex.Sym):
        return e.base, e.indices
    if isinstance(e, ex.Sym) and all(d == 1 for d in e.declared):
        return e, tuple(ex.Ix("1", d) for d in e.declared)
    raise BacksymError(say("numeric.local", type=type(e).__name__))


def _partial(e: ex.Partial, c: Context) -> Val:
    """The Jacobian of one equation, by a complex step in every entry of ``den``, or in the one whose position is given.

    Where the equation does not mention ``den``, nothing else than the way through the nodes between can be meant.
    """
    (top, at), (bottom, by) = _target(e.num), _target(e.den)
    eq = c.equations.get(top.name)
    # The equation of a recurrence mentions other members of its own.
    recurs = eq is not None and top.name in ex.names_in(eq.rhs) and at[:1] != by[:1]
    if top.name == bottom.name and not recurs:
        value: Val = (), np.float64(1.0)
        for i, j in zip(at, by, strict=True):
            value = binary(mul, value, _delta(ex.Delta(i, j), c))
        return value
    if eq is None:
        raise BacksymError(say("numeric.no_equation", name=top.name))
    alone = bool(by) and all(ix.fixed for ix in by)
    if alone:
        column = _slopes(eq, bottom, _stepped_at(bottom.name, by, c), c)
        return _picked(column, at, c)
    known = c.known.jacobians if c.known is not None else {}
    full = known.get((top.name, bottom.name))
    if full is None:
        steps = tuple(_step_axis(n) for n in range(len(by)))
        full = arrange(_slopes(eq, bottom, _stepped(bottom.name, c), c), steps, c.sizes(bottom.declared))
        before = _by_starts(eq, bottom, c)
        full = np.concatenate([*before, full]) if before else full
        known[top.name, bottom.name] = full
    value, by = _from_first_start(bottom, ((), full), 0, by, c)
    return _picked(value, by + at, c)


def _by_starts(eq: NodeEquation, bottom: ex.Sym, c: Context) -> list[Array]:
    """The Jacobians by what a recurrence starts from, as by members before the first."""
    found = []
    for back, start in reversed(tuple(enumerate(_starts(bottom.name, c)))):
        alias = f"{bottom.name}[-{back}]"
        inner = _with_own_start(bottom.name, back, alias, c)
        if alias not in ex.names_in(inner.equations[eq.name].rhs):
            found.append(np.zeros((1, *c.sizes(bottom.declared[1:]), *c.sizes(eq.shape))))
            continue
        steps = tuple(_step_axis(n) for n in range(len(start.declared)))
        slopes = _slopes(inner.equations[eq.name], ex.Sym(alias, start.declared), _stepped(alias, inner), inner)
        laid = arrange(slopes, steps, c.sizes(start.declared))
        found.append(_as_member(laid, 0, bottom.declared[1:], c)[None])
    return found


def _as_member(x: Array, axis: int, shape: Sequence[ex.Dim], c: Context) -> Array:
    """The array with axes from ``axis`` on as long as those of any member, of whose layer a start may not be."""
    if not c.layered:
        return x
    sizes = c.sizes(shape)
    return filled(x, (*x.shape[:axis], *sizes, *x.shape[axis + len(sizes) :]))


_REACH = 1e-3
"""How far the points of a second difference are apart, relative to the size of a value."""

_SIXTH = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
"""The central difference of the sixth order (Fornberg 1988): the weights of the points on one side."""


def _total(e: ex.Total, c: Context) -> Val:
    """Complex steps in every entry of ``by`` through all nodes; of these, for two of them, a central difference.

    No formula for a derivative is used.
    """
    targets = [_quantity(x) for x in (e.of, *e.by)]
    key = "/".join(symbol.name for symbol, _ in targets)
    known = c.known.jacobians if c.known is not None else {}
    full = known.get((key, "total"))
    if full is None:
        full = known[key, "total"] = _all_totals([symbol for symbol, _ in targets], c)
    value: Val = (), full
    kept: list[ex.Ix] = []
    indices: list[ex.Ix] = []
    for number, (symbol, places) in enumerate(targets):
        axes = [ex.Ix(f"<{number}.{n}>", ex.own_dim(d, places[0])) for n, d in enumerate(symbol.declared)]
        kept += [ix for ix, place in zip(axes, places, strict=True) if place is None]
        own = tuple(ix if place is None else place for ix, place in zip(axes, places, strict=True))
        value, own = _from_first_start(symbol, value, len(indices), own, c)
        indices += own
    if not kept:
        return _picked(value, tuple(indices), c)
    names, picked = _picked(value, tuple(indices), c)
    above = len(kept) - len(e.by[-1].shape)
    if e.denominator:
        kept = kept[above:] + (kept[:above][::-1] if not e.by[-1].shape and above == 2 else kept[:above])
    letters = tuple(ix for ix in names if ix not in kept)
    sizes = tuple(picked.shape[names.index(ix)] for ix in letters)
    laid = arrange((names, picked), (*letters, *kept), (*sizes, *c.index_sizes(tuple(kept))))
    row = len(e.shape) > len(kept)
    return letters, laid.reshape((*sizes, 1, *laid.shape[len(sizes) :])) if row else laid


def _from_first_start(
    symbol: ex.Sym, value: Val, axis: int, own: tuple[ex.Ix, ...], c: Context
) -> tuple[Val, tuple[ex.Ix, ...]]:
    """The array and the indices of one quantity in it: members of a recurrence stand after what it starts from."""
    starts = len(_starts(symbol.name, c))
    if not starts:
        return value, own
    names, x = value
    first = own[0]
    moved = ex.shifted(((first, 1),), starts, first.dim)
    if first.letter.startswith("<"):  # All members.
        return (names, np.delete(x, range(starts), axis)), own
    if not moved.fixed and moved == ex.Ix(moved.letter, moved.dim):  # A letter: it does not reach the last members.
        x = np.take(x, range(c.size(first.dim)), axis)
    return (names, x), (moved, *own[1:])


def _starts(name: str, c: Context) -> tuple[ex.Sym, ...]:
    equation = c.equations.get(name)
    return equation.starts if equation is not None else ()


def _quantity(e: ex.Expr) -> tuple[ex.Sym, tuple[ex.Ix | None, ...]]:
    """The symbol and the places of one quantity in a total derivative, none for an axis that is kept."""
    if isinstance(e, ex.Entry) and isinstance(e.base, ex.Sym):
        return e.base, e.indices
    if isinstance(e, ex.Member) and isinstance(e.base, ex.Sym):
        return e.base, e.places
    if isinstance(e, ex.Sym):
        return e, (None,) * len(e.declared)
    raise BacksymError(say("numeric.total", type=type(e).__name__))


def _all_totals(targets: Sequence[ex.Sym], c: Context) -> Array:
    """The total derivative with an axis for each axis of each quantity, in their order."""
    top, *first, last = (symbol.name for symbol in targets)
    if not first:
        return _with_starts(top, targets[0].declared, last, targets[1].declared, c)
    shape, base = targets[1].declared, _plain(first[0], c)
    rows = []
    for at in np.ndindex(base.shape):
        step = _REACH * max(1.0, abs(float(base[at])))
        total: Array = np.zeros(())
        for distance, share in _SIXTH:
            for sign in (1, -1):
                there = base.copy()
                there[at] += sign * distance * step
                near = c.with_values(_values_after(first[0], ((), there), c))
                total = total + sign * share / step * _moved(top, targets[0].declared, last, targets[2].declared, near)
        rows.append(total)
    sizes = (*c.sizes(targets[0].declared), *c.sizes(shape), *c.sizes(targets[2].declared))
    lead = len(targets[0].declared)
    stacked = np.stack(rows).reshape((*c.sizes(shape), *rows[0].shape))
    return np.moveaxis(stacked, range(len(shape)), range(lead, lead + len(shape))).reshape(sizes)


def _with_starts(top: str, above: Sequence[ex.Dim], bottom: str, below: Sequence[ex.Dim], c: Context) -> Array:
    """The derivative of one quantity by another, each with what its recurrence starts from before its members.

    By a start is meant by the member 0: what else the same quantity is used for does not count.
    """
    behind, ahead = _starts(top, c), _starts(bottom, c)
    columns = [_of_started(top, above, behind, bottom, below, c)]
    for back, start in enumerate(ahead):
        alias = f"{bottom}[-{back}]"
        inner = _with_own_start(bottom, back, alias, c)
        column = _of_started(top, above, behind if top != bottom else (), alias, start.declared, inner)
        if top == bottom:
            unit = np.eye(math.prod(c.sizes(start.declared))).reshape(c.sizes(start.declared) * 2)
            own = [unit if other == back else np.zeros(unit.shape) for other in reversed(range(len(ahead)))]
            column = np.concatenate([np.stack([_as_member(unit, 0, above[1:], c) for unit in own]), column])
        column = _as_member(column, len(above), below[1:], c)
        columns.insert(0, np.expand_dims(column, len(above)))
    return np.concatenate(columns, axis=len(above)) if ahead else columns[0]


def _of_started(
    top: str, above: Sequence[ex.Dim], behind: Sequence[ex.Sym], bottom: str, below: Sequence[ex.Dim], c: Context
) -> Array:
    """The derivative of a quantity, and of what it starts from before it."""
    found = _moved(top, above, bottom, below, c)
    starts = (_moved(start.name, start.declared, bottom, below, c) for start in reversed(behind))
    rows = [_as_member(start, 0, above[1:], c)[None] for start in starts]
    return np.concatenate([*rows, found]) if rows else found


def _with_own_start(family: str, back: int, alias: str, c: Context) -> Context:
    """The point where a recurrence starts from a quantity of its own, of the same value."""

    def put(e: ex.Expr) -> ex.Expr:
        if isinstance(e, ex.Started) and e.name == family:
            starts = (*e.starts[:back], ex.Sym(alias, e.starts[back].shape), *e.starts[back + 1 :])
            return replace(e, starts=starts)
        return ex.rebuild(e, put)

    equations = {name: replace(eq, rhs=put(eq.rhs)) for name, eq in c.equations.items()}
    value = c.values[_starts(family, c)[back].name]
    return replace(c, values={**c.values, alias: value}, equations=equations, known=None)


def _values_after(name: str, value: Val, c: Context, top: str | None = None) -> dict[str, Array | Val]:
    """The values where one quantity has another one, and so has all that is computed from it, as far as ``top`` needs.

    A member of a recurrence differs by what its whole family does.
    """
    values: dict[str, Array | Val] = {**c.values, name: _unnamed(value)}
    moved, done = {name}, set[str]()
    needed = None if top is None else _needed(top, c)
    for eq in c.equations.values():
        if eq.name in done or (needed is not None and eq.name not in needed):
            continue
        if not eq.block:
            if eq.name != name and not moved.isdisjoint(ex.names_in(eq.rhs)):
                moved.add(eq.name)
                values[eq.name] = _unnamed(node_value(eq, c.with_values(values)))
            continue
        block = [c.equations[own] for own in eq.block]
        done.update(eq.block)
        if name in eq.block or any(not moved.isdisjoint(ex.names_in(each.rhs)) for each in block):
            moved.update(eq.block)
            names, x = value
            added = {name: (names, x - _plain(name, c))} if name in eq.block else None
            found = block_values(block, c.with_values(values), added)
            values.update((own, _unnamed(made)) for own, made in found.items())
    return values


def _unnamed(value: Val) -> Array | Val:
    """A value without named axes as the array that it is."""
    return value if value[0] else np.asarray(value[1])


def _needed(top: str, c: Context) -> set[str]:
    """The nodes by which a node is computed, itself included."""
    needed = {top}
    for eq in reversed(tuple(c.equations.values())):
        if eq.name in needed or not needed.isdisjoint(eq.block):
            needed |= {eq.name, *ex.names_in(eq.rhs)}
    return needed


def _moved(top: str, above: Sequence[ex.Dim], bottom: str, below: Sequence[ex.Dim], c: Context) -> Array:
    """The derivative of one quantity by another, by complex steps through all nodes between."""
    sizes = (*c.sizes(above), *c.sizes(below))
    recurs = top in c.equations and bottom in c.equations[top].block
    if top == bottom and not recurs:
        return np.eye(math.prod(c.sizes(above))).reshape(sizes)
    if top not in c.equations:
        return np.zeros(sizes)
    values = _values_after(bottom, _stepped(bottom, c), c, top)
    steps = tuple(_step_axis(n) for n in range(len(below)))
    found = values[top]
    laid = arrange(found if isinstance(found, tuple) else ((), found), steps, c.sizes(below))
    slopes = np.broadcast_to(np.imag(laid) / STEP, (*c.sizes(below), *c.sizes(above)))
    return np.moveaxis(slopes, range(len(below)), range(len(above), len(sizes)))


def _slopes(eq: NodeEquation, bottom: ex.Sym, moved: Val, c: Context) -> Val:
    """The derivative of a node along the complex steps in a quantity."""
    values = {**c.values, bottom.name: moved}
    if bottom.name not in ex.names_in(eq.rhs):
        between = _between(c.equations, bottom.name, eq.name)
        if any(node.block for node in (*between, eq)):
            raise BacksymError(say("numeric.through_recurrence", of=eq.name, by=bottom.name))
        if not between:
            return (), np.zeros(c.sizes(eq.shape))
        for node in between:
            values[node.name] = node_value(node, c.with_values(values))
    names, value = node_value(eq, c.with_values(values))
    return names, np.imag(value) / STEP


def _between(equations: Mapping[str, NodeEquation], bottom: str, top: str) -> list[NodeEquation]:
    """The equations, in order, through which ``top`` depends on ``bottom``, without that of ``top``."""
    moved = {bottom}
    found: list[NodeEquation] = []
    for eq in equations.values():
        if eq.name == top:
            break
        if not moved.isdisjoint(ex.names_in(eq.rhs)):
            moved.add(eq.name)
            found.append(eq)
    needed = set(ex.names_in(equations[top].rhs))
    for eq in reversed(found):
        if eq.name in needed:
            needed |= set(ex.names_in(eq.rhs))
    return [eq for eq in found if eq.name in needed]


def _step_axis(n: int) -> ex.Ix:
    return ex.Ix(f"step {n}", 1)


def _plain(name: str, c: Context) -> Array:
    base = c.values.get(name)
    if base is None or isinstance(base, tuple) or np.iscomplexobj(base):
        raise BacksymError(say("numeric.real_value", name=name))
    return np.asarray(base)


def _stepped_at(name: str, at: tuple[ex.Ix, ...], c: Context) -> Val:
    """A value with a complex step in the entry at fixed positions."""
    stepped = _plain(name, c).astype(complex)
    stepped[tuple(int(ix.letter) - 1 for ix in at)] += 1j * STEP
    return (), stepped


def _stepped(name: str, c: Context) -> Val:
    """A value with a complex step in each entry, one entry for each position of the named axes."""
    base = _plain(name, c)
    guard(base.shape * 2)
    unit = np.eye(base.size).reshape(base.shape * 2)
    return tuple(_step_axis(n) for n in range(base.ndim)), base + 1j * STEP * unit


# --- recurrences ---


def block_values(block: Sequence[NodeEquation], ctx: Context, added: Mapping[str, Val] | None = None) -> dict[str, Val]:
    """The values of the nodes of a recurrence, position by position; ``added`` is added to members as they are made."""
    size = ctx.size(block[0].indices[0].dim)
    values: dict[str, Array | Val] = dict(ctx.values)
    inner = replace(ctx, values=values, known=None)
    members: dict[str, list[Val]] = {eq.name: [] for eq in block}
    for eq in block:
        values[eq.name] = np.zeros(ctx.sizes(eq.shape))
    for position in range(1, size + 1):
        for eq in block:
            names, x = node_value(_at_position(eq, position), inner)
            member: Val = names, filled(x, ctx.sizes(eq.shape[1:]))
            if added and eq.name in added:
                own, more = added[eq.name]
                member = binary(add, member, (own, more[(slice(None),) * len(own) + (position - 1,)]))
            members[eq.name].append(member)
            values[eq.name] = _stacked(members[eq.name], size)
    return {eq.name: _stacked(members[eq.name], size) for eq in block}


def _at_position(eq: NodeEquation, position: int) -> NodeEquation:
    """The equation for the member at a position."""
    letter = eq.indices[0]
    here = {letter: ex.Ix(str(position), letter.dim)}
    shape = ex.member_shape(eq.shape, here[letter])
    indices = tuple(ex.with_letters(ix, here) for ix in eq.indices[1:])
    return replace(eq, rhs=ex.with_indices(eq.rhs, here), shape=shape, indices=indices)


def _stacked(members: Sequence[Val], size: int) -> Val:
    """Members side by side along a first axis, and zeros up to its size."""
    names, arrays = align_all(members)
    whole = np.broadcast_shapes(*(x.shape for x in arrays))
    laid = [np.broadcast_to(x, whole) for x in arrays]
    laid += [np.zeros(whole)] * (size - len(laid))
    return names, np.stack(laid, axis=len(names))


_HANDLERS: dict[type[ex.Expr], Callable[[Any, Context], Val]] = {
    ex.Num: _num,
    ex.Const: _const,
    ex.Sym: _sym,
    ex.Started: _whole_recurrence,
    ex.Adj: _adj,
    ex.Size: _size,
    ex.Ones: _ones,
    ex.Zeros: _zeros,
    ex.Eye: _eye,
    ex.Delta: _delta,
    ex.Labels: lambda e, c: c.label(e.name),
    ex.OneHot: _one_hot,
    ex.Add: _add,
    ex.Neg: _neg,
    ex.Mul: _mul,
    ex.Div: _div,
    ex.Pow: _pow,
    ex.MatMul: _matmul,
    ex.T: _transpose,
    ex.Reshape: _reshape,
    ex.Slice: _slice,
    ex.Concat: _concat,
    ex.Fn: lambda e, c: apply_function(e, c, ev),
    ex.Cmp: _cmp,
    ex.Reduce: _reduce,
    ex.Pick: _pick,
    ex.Entry: _entry,
    ex.Member: _member,
    ex.IndexReduce: _index_reduce,
    ex.IndexPick: _index_pick,
    ex.Partial: _partial,
    ex.Total: _total,
}

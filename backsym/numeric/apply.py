"""Values of functions and of their derivatives.

Derivatives of table functions are evaluated from the formula in the table (they are what is displayed); a higher
derivative is found from that formula by Cauchy's integral.  Abstract functions have exact derivatives of any order.

This module must not know about the calculus.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Fn, Ix, Shape, Sym
from backsym.core.functions import FUNCTIONS, Function, definition_of
from backsym.core.kinds import RuleTable
from backsym.core.words import say
from backsym.numeric.abstract import AbstractFunction
from backsym.numeric.axes import Array, Val, align_all, arrange, guard
from backsym.numeric.context import Context

STEP = 1e-30
"""The complex step: so small that it has no truncation error, and large enough not to underflow."""

Evaluator = Callable[[Expr, Context], Val]


@cache
def _parsed(text: str, names: tuple[str, ...], shapes: tuple[Shape, ...]) -> Expr:
    """A formula of the function table over its argument names (a pure function, kept because it is asked for often)."""
    from backsym.reading.meaning.table_formulas import formula

    return formula(text, {name: Sym(name, shape) for name, shape in zip(names, shapes, strict=True)})


def apply_function(e: Fn, ctx: Context, ev: Evaluator) -> Val:
    """The value of a function node."""
    args = [ev(a, ctx) for a in e.args]
    instance = ctx.functions.get(e.name)
    if instance is not None:
        return _abstract(e, instance, args, ctx)
    fn = FUNCTIONS.get(e.name)
    if fn is None:
        raise BacksymError(say("numeric.unknown_function", name=e.name))
    args += _defaults(fn, len(args), ctx, ev)
    return evaluation.of(e.kind)(fn, e, args, ctx, ev)


evaluation: RuleTable[Callable[[Function, Fn, list[Val], Context, Evaluator], Val]] = RuleTable("evaluation")
"""The value of f(args), for each kind of function."""


def whole(fn: Function, e: Fn) -> None:
    """What has no derivative by name has no value of it."""
    if e.order:
        raise BacksymError(say("numeric.no_single_function", name=fn.name))


def _defaults(fn: Function, given: int, ctx: Context, ev: Evaluator) -> list[Val]:
    missing = len(fn.args) - given
    if not 0 <= missing <= len(fn.defaults):
        raise BacksymError(say("numeric.arguments", name=fn.name, count=len(fn.args), given=given))
    texts = fn.defaults[len(fn.defaults) - missing :] if missing else ()
    return [ev(_parsed(text, (), ()), ctx) for text in texts]


def _settle(result: Any, args: Sequence[Array]) -> Array:
    """Real arguments give a real value, also where a function computes in complex numbers."""
    out = np.asarray(result)
    if out.dtype.kind == "c" and not any(np.iscomplexobj(a) for a in args):
        return out.real
    return out


# --- element-wise ----------------------------------------------------------------------------------------------------


@evaluation("elementwise")
def _elementwise(fn: Function, e: Fn, args: list[Val], ctx: Context, ev: Evaluator) -> Val:
    names, arrays = align_all(args)
    if ctx.tracer is not None:
        ctx.tracer.function(fn, arrays, ctx)
    return names, elementwise(fn, e.order, arrays, ctx, ev)


def elementwise(fn: Function, order: int, arrays: list[Array], ctx: Context, ev: Evaluator) -> Array:
    """f or a derivative of f by its first argument, on arrays that broadcast."""
    if order == 0 and fn.value is not None:
        return _settle(fn.value(np, *arrays), arrays)
    if order == 0 and fn.definition is not None:
        return by_formula(fn.definition, fn.args, arrays, ctx, ev)
    if order == 1 and fn.partials:
        return by_formula(fn.partials[0], fn.args, arrays, ctx, ev)
    above = order - 1 if order == 1 or (order == 2 and fn.partials) else None
    if above is not None and not any(np.iscomplexobj(a) for a in arrays):
        return np.asarray(elementwise(fn, above, [arrays[0] + 1j * STEP, *arrays[1:]], ctx, ev).imag / STEP)
    return _higher(fn, order, arrays, ctx, ev)


_CIRCLE = 32
_RADIUS = 0.05


def _higher(fn: Function, order: int, arrays: list[Array], ctx: Context, ev: Evaluator) -> Array:
    """A derivative without a formula, by Cauchy's integral formula for the highest one that has a formula.

    The mean over a small circle around each point converges geometrically (Trefethen and Weideman, SIAM Review 56,
    2014), and takes no differences of real values.  In a complex step the imaginary part is the next derivative.
    """
    if any(np.iscomplexobj(a) for a in arrays[1:]):
        raise BacksymError(say("numeric.nested_step", name=fn.name))
    known = 1 if fn.partials else 0
    x = np.asarray(arrays[0])
    real = x.real
    low, high = fn.domain
    radius = np.minimum(_RADIUS, np.minimum(real - low, high - real) / 4)

    def derivative(n: int) -> Array:
        total = np.zeros(np.broadcast_shapes(*(np.shape(a) for a in arrays)), dtype=complex)
        size = np.zeros(total.shape)
        for point in np.exp(2j * math.pi * np.arange(_CIRCLE) / _CIRCLE):
            sample = elementwise(fn, known, [real + radius * point, *arrays[1:]], ctx, ev)
            total, size = total + sample * point**-n, np.maximum(size, np.abs(sample))
        # What rounding leaves of an exact zero is a zero.
        mean = np.where(np.abs(total.real) <= _CIRCLE * np.finfo(float).eps * size, 0.0, total.real) / _CIRCLE
        return np.asarray(mean * math.factorial(n) / radius**n)

    value = derivative(order - known)
    if np.iscomplexobj(x):
        return np.asarray(value + 1j * x.imag * derivative(order - known + 1))
    return value


@cache
def _axes(rank: int) -> tuple[Ix, ...]:
    return tuple(Ix(f"axis {n}", 1) for n in range(rank))


def by_formula(text: str, names: tuple[str, ...], arrays: Sequence[Array], ctx: Context, ev: Evaluator) -> Array:
    """A formula of the table, element by element: every axis of the arguments becomes a named one."""
    full = np.broadcast_arrays(*arrays) if len(arrays) > 1 else list(arrays)
    labels = _axes(full[0].ndim)
    values: dict[str, Array | Val] = {name: (labels, x) for name, x in zip(names, full, strict=True)}
    inner = Context(ctx.dims, values, {}, ctx.functions, {})
    parsed = _parsed(text, names, ((),) * len(names))
    return arrange(ev(parsed, inner), labels, full[0].shape)


# --- whole arrays ----------------------------------------------------------------------------------------------------


@evaluation("rowwise", "rowreduce")
def _rows(fn: Function, e: Fn, args: list[Val], ctx: Context, ev: Evaluator) -> Val:
    """Along the last positional axis; a scalar counts as a vector of length one."""
    whole(fn, e)
    if fn.value is None:
        return _by_definition(fn, e, args, ctx, ev)
    (names, x), lone = args[0], not args[0][1].ndim - len(args[0][0])
    if lone:
        x = np.expand_dims(x, -1)
    if ctx.tracer is not None:
        ctx.tracer.function(fn, [x], ctx)
    result = _settle(fn.value(np, x), [x])
    if lone and e.kind == "rowwise":
        result = result[..., 0]
    return names, result.reshape(x.shape[: len(names)] + ctx.sizes(e.shape))


@evaluation("diag")
def _diag(fn: Function, e: Fn, args: list[Val], ctx: Context, ev: Evaluator) -> Val:
    whole(fn, e)
    names, x = args[0]
    if x.ndim - len(names) == 2:
        return names, np.diagonal(x, axis1=-2, axis2=-1)
    guard((*x.shape, x.shape[-1]))
    return names, x[..., :, np.newaxis] * np.eye(x.shape[-1])


def _by_definition(fn: Function, e: Fn, args: list[Val], ctx: Context, ev: Evaluator) -> Val:
    definition = definition_of(fn, e.args)
    if definition is None:
        raise BacksymError(say("numeric.no_definition", name=fn.name))
    shapes = tuple(a.shape for a in e.args) + ((),) * (len(args) - len(e.args))
    return ev(_parsed(definition, fn.args, shapes), _alone(fn, args, ctx))


def _alone(fn: Function, args: list[Val], ctx: Context) -> Context:
    """Where a definition is evaluated: there is nothing but its arguments."""
    values: dict[str, Array | Val] = dict(zip(fn.args, args, strict=True))
    return Context(ctx.dims, values, {}, ctx.functions, {}, ctx.tracer)


def squared(e: Expr, ctx: Context, ev: Evaluator) -> Val | None:
    """The square of what is defined as a root, which has a derivative at zero, where a root has none; else None."""
    fn = FUNCTIONS.get(e.name) if isinstance(e, Fn) and not e.order else None
    if fn is None or not isinstance(e, Fn) or fn.definition is None or len(e.args) != len(fn.args):
        return None
    defined = _parsed(fn.definition, fn.args, tuple(a.shape for a in e.args))
    if not isinstance(defined, Fn) or defined.name != "sqrt":
        return None
    return ev(defined.args[0], _alone(fn, [ev(arg, ctx) for arg in e.args], ctx))


@evaluation("scalar")
def _scalar(fn: Function, e: Fn, args: list[Val], ctx: Context, ev: Evaluator) -> Val:
    if e.order > 1:
        raise BacksymError(say("numeric.no_derivative", order=e.order, name=fn.name))
    if e.order:
        return _each(args, lambda *xs: _gradient(fn, xs))
    if fn.value is None or (ctx.tracer is not None and fn.definition is not None):
        return _by_definition(fn, e, args, ctx, ev)
    value = fn.value
    return _each(args, lambda *xs: _settle(value(np, *xs), xs))


@evaluation("matrix", "kron", "cumulative")
def _matrix(fn: Function, e: Fn, args: list[Val], ctx: Context, ev: Evaluator) -> Val:
    whole(fn, e)
    if fn.value is None:
        return _by_definition(fn, e, args, ctx, ev)
    value = fn.value
    guard(ctx.sizes(e.shape))

    def at(*xs: Array) -> Array:
        if ctx.tracer is not None:
            ctx.tracer.function(fn, xs, ctx)
        try:
            return _settle(value(np, *xs), xs)
        except np.linalg.LinAlgError:
            raise BacksymError(say("numeric.singular", name=fn.name)) from None

    names, x = _each(args, at)
    return names, x.reshape(x.shape[: len(names)] + ctx.sizes(e.shape))


def _gradient(fn: Function, args: tuple[Array, ...]) -> Array:
    """The gradient of a scalar function by its first argument, entry by entry."""
    if fn.value is None or any(np.iscomplexobj(a) for a in args):
        raise BacksymError(say("numeric.no_gradient", name=fn.name))
    out = np.zeros(np.shape(args[0]))
    for at in np.ndindex(out.shape):
        moved = np.asarray(args[0], dtype=complex).copy()
        moved[at] += 1j * STEP
        out[at] = np.asarray(fn.value(np, moved, *args[1:])).imag / STEP
    return out


def _each(args: list[Val], f: Callable[..., Array]) -> Val:
    """A function of whole arrays, at every position of the named axes."""
    names: tuple[Ix, ...] = ()
    sizes: dict[Ix, int] = {}
    for own, x in args:
        sizes.update(zip(own, x.shape, strict=False))
        names += tuple(n for n in own if n not in names)
    if not names:
        return (), np.asarray(f(*[x for _, x in args]))
    lead = tuple(sizes[n] for n in names)
    full = [arrange(a, names, lead) for a in args]
    results = [f(*[x[at] for x in full]) for at in np.ndindex(lead)]
    return names, np.asarray(results).reshape(lead + np.shape(results[0]))


def _abstract(e: Fn, instance: AbstractFunction, args: list[Val], ctx: Context) -> Val:
    if e.kind == "scalar":
        return _each(args, lambda *xs: instance.derivative(e.order, *xs))
    if not e.entrywise:
        raise BacksymError(say("numeric.along_rows", name=e.name))
    names, arrays = align_all(args)
    if ctx.tracer is not None:
        ctx.tracer.abstract(e.name, arrays)
    return names, instance.derivative(e.order, *arrays)

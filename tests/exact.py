"""An exact judge that shares nothing with the engine's calculus and numbers: SymPy on explicit scalars.

The author's equations are written out entry by entry at a small concrete size, SymPy differentiates each by every entry
of what it names, and the chain rule puts these numbers together; everything is then compared to 50 digits.  Both the
author's and the derived expressions are read by one small recursive evaluator, over SymPy's scalars (to differentiate)
or mpmath's (to compare).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import mpmath
import numpy as np
import sympy
from unrolled import members, unrolled

from backsym.core import dims
from backsym.core import expr as ex
from backsym.core.expr import Dim, Expr, Ix
from backsym.core.problem import NodeEquation, Problem
from backsym.core.steps import Derivation
from backsym.numeric.sample import draw

DIGITS = 60
TOLERANCE = mpmath.mpf(10) ** -45

Array = Any
Letters = Mapping[str, int]

# --- functions --------------------------------------------------------------------------------------------------------


def _step(test: Any, yes: Any, no: Any) -> Any:
    return sympy.Piecewise((yes, test), (no, True))


def _gelu(x: Any) -> Any:
    return x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2


_LEAK = sympy.Rational(1, 100)

_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "erf": sympy.erf,
    "sqrt": lambda x: x ** sympy.Rational(1, 2),
    "sech": lambda x: 1 / sympy.cosh(x),
    "abs": lambda x: _step(x >= 0, x, -x),
    "sign": lambda x: sympy.Piecewise((1, x > 0), (-1, x < 0), (0, True)),
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "relu": lambda x: _step(x > 0, x, 0),
    "leaky_relu": lambda x, a=_LEAK: _step(x > 0, x, a * x),
    "elu": lambda x, a=1: _step(x > 0, x, a * (sympy.exp(x) - 1)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "silu": lambda x: x / (1 + sympy.exp(-x)),
    "gelu": _gelu,
    "max": lambda x, y: _step(x >= y, x, y),
    "min": lambda x, y: _step(x <= y, x, y),
    "pow": lambda x, p: x**p,
    "tan": lambda x: sympy.sin(x) / sympy.cos(x),
    "arctan": sympy.atan,
    "step": lambda x: _step(x > 0, 1, 0),
    "clip": lambda x, a, b: _step(x < a, a, _step(x > b, b, x)),
}


def _abstract(name: str) -> Callable[..., Any]:
    """An instance of an abstract element-wise function; different names give different functions."""
    shift = sympy.Rational(sum(map(ord, name)) % 7 + 1, 9)
    return lambda x, *rest: sympy.sin(2 * x / 3 + shift + sum(rest)) + shift * x**2 / 5


def _abstract_loss(y: Sequence[Any], *others: Sequence[Any]) -> Any:
    """An instance of an abstract loss of the entries of its arguments."""
    fixed = sum((n + 2) * x / 5 for n, x in enumerate(itertools.chain(*others)))
    linear = sum((n + 1) * x / 3 for n, x in enumerate(y))
    return sympy.sin(linear + fixed) + sum(x**2 * (n + 1) / 7 * (1 + fixed) for n, x in enumerate(y))


def _scalar_function(name: str, order: int) -> Callable[..., Any]:
    """A SymPy function of scalars, or its derivative by the first argument."""
    base = _ELEMENTWISE.get(name) or _abstract(name)
    if order == 0:
        return base
    slot = sympy.Dummy("slot", real=True)

    def derivative(x: Any, *rest: Any) -> Any:
        return sympy.diff(base(slot, *rest), slot, order).subs(slot, x)

    return derivative


@cache
def _numeric_function(name: str, order: int, arity: int) -> Callable[..., Any]:
    args = [sympy.Dummy(f"x{n}", real=True) for n in range(arity)]
    return sympy.lambdify(args, _scalar_function(name, order)(*args), "mpmath")  # type: ignore[no-any-return]


@cache
def _loss_forms(order: int, sizes: tuple[int, ...]) -> tuple[list[Any], list[Any], list[Callable[..., Any]]]:
    """The abstract loss (order 0) or its gradient (order 1): slots, formulas, and the formulas as functions."""
    groups = [[sympy.Dummy(f"g{g}_{n}", real=True) for n in range(size)] for g, size in enumerate(sizes)]
    value = _abstract_loss(*groups)
    slots = [slot for group in groups for slot in group]
    forms = [sympy.diff(value, y) for y in groups[0]] if order else [value]
    return slots, forms, [sympy.lambdify(slots, form, "mpmath") for form in forms]


@dataclass(frozen=True)
class Field:
    """The scalars that an expression is evaluated in: SymPy's, or numbers of 60 digits."""

    symbolic: bool

    def number(self, value: Any) -> Any:
        return sympy.Rational(value) if self.symbolic else mpmath.mpf(value.numerator) / value.denominator

    def constant(self, name: str) -> Any:
        return {"pi": sympy.pi, "e": sympy.E}[name] if self.symbolic else {"pi": +mpmath.pi, "e": +mpmath.e}[name]

    def apply(self, name: str, order: int, args: Sequence[Any]) -> Any:
        if self.symbolic:
            return _scalar_function(name, order)(*args)
        return _numeric_function(name, order, len(args))(*args)

    def indicator(self, op: str, a: Any, b: Any) -> Any:
        if not self.symbolic:
            return mpmath.mpf(int(_COMPARE[op](a, b)))
        return _step(_RELATION[op](a, b), sympy.Integer(1), sympy.Integer(0))

    def power(self, base: Any, exponent: Any) -> Any:
        return base**exponent

    def loss(self, order: int, groups: Sequence[Sequence[Any]]) -> Any:
        slots, forms, functions = _loss_forms(order, tuple(len(g) for g in groups))
        given = [x for group in groups for x in group]
        if self.symbolic:
            results = [form.subs(dict(zip(slots, given, strict=True)), simultaneous=True) for form in forms]
        else:
            results = [function(*given) for function in functions]
        return results if order else results[0]


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip
_RELATION: dict[str, Any] = {
    ">": sympy.Gt, ">=": sympy.Ge, "<": sympy.Lt, "<=": sympy.Le, "==": sympy.Eq, "!=": sympy.Ne,
}  # fmt: skip

# --- expressions ------------------------------------------------------------------------------------------------------


class Mismatch(Exception):
    """An expression that has no value: shapes that do not fit, a letter without a value."""


def cell(x: Any) -> Array:
    """A scalar as an array without axes."""
    out = np.empty((), dtype=object)
    out[()] = x
    return out


def array_of(shape: Sequence[int], entry: Callable[[tuple[int, ...]], Any]) -> Array:
    out = np.empty(tuple(shape), dtype=object)
    for at in np.ndindex(*shape):
        out[at] = entry(at)
    return out


@dataclass
class Reader:
    """The value of an expression at concrete sizes: an array of scalars, letters being bound to positions."""

    field: Field
    dims: Mapping[str, int]
    values: Mapping[str, Array]
    adjoints: dict[str, Array] = field(default_factory=dict)
    abstract: frozenset[str] = frozenset()

    def size(self, dim: Dim) -> int:
        return dims.value_of(dims.amount(dim), self.dims.__getitem__)

    def count(self, a: dims.Whole) -> int:
        return dims.value_of(a, self.dims.__getitem__)

    def sizes(self, shape: Sequence[Dim]) -> tuple[int, ...]:
        return tuple(self.size(d) for d in shape)

    def position(self, ix: Ix, letters: Letters) -> int:
        """The position from 0; that of a shifted index may lie outside of the array."""
        if isinstance(ix, ex.Shift):
            parts = [self.count(factor) * (self.position(letter, letters) + 1) for letter, factor in ix.parts]
            return sum(parts) + self.count(ix.offset) - 1
        if ix.fixed:
            return int(ix.letter) - 1
        if ex.is_last(ix):
            return self.size(ix.dim) - 1
        if ix.letter not in letters:
            raise Mismatch(f"the letter {ix.letter} has no value")
        return letters[ix.letter]

    def entries(self, e: Expr, indices: Sequence[Ix], shape: Sequence[Dim], outer: Letters | None = None) -> Array:
        """A scalar-valued expression for every position of its free letters."""

        def entry(at: tuple[int, ...]) -> Any:
            letters = {ix.letter: n for ix, n in zip(indices, at, strict=True) if not ix.fixed}
            value = self.read(e, {**(outer or {}), **letters})
            if value.size != 1:
                raise Mismatch(f"an entry of shape {value.shape}")
            return value.reshape(())[()]

        return array_of(self.sizes(shape), entry)

    def whole(self, e: Expr, shape: Sequence[Dim]) -> Array:
        """An array expression with the given shape; axes of length one may be missing or added."""
        value, sizes = self.read(e, {}), self.sizes(shape)
        if [n for n in value.shape if n != 1] != [n for n in sizes if n != 1]:
            raise Mismatch(f"shapes {value.shape} and {sizes}")
        return value.reshape(sizes)

    def read(self, e: Expr, letters: Letters) -> Array:
        method = getattr(self, f"_{type(e).__name__.lower()}", None)
        if method is None:
            raise TypeError(f"the judge cannot read {type(e).__name__}")
        return method(e, letters)

    # atoms

    def _num(self, e: ex.Num, letters: Letters) -> Array:
        return cell(self.field.number(e.value))

    def _const(self, e: ex.Const, letters: Letters) -> Array:
        return cell(self.field.constant(e.name))

    def _sym(self, e: ex.Sym, letters: Letters) -> Array:
        return self.values[e.name]

    def _adj(self, e: ex.Adj, letters: Letters) -> Array:
        return self.adjoints[e.name]

    def _size(self, e: ex.Size, letters: Letters) -> Array:
        return cell(self.field.number(self.size(e.dim)))

    def _filled(self, shape: Sequence[Dim], value: int) -> Array:
        return array_of(self.sizes(shape), lambda at: self.field.number(value))

    def _ones(self, e: ex.Ones, letters: Letters) -> Array:
        return self._filled(e.of, 1)

    def _zeros(self, e: ex.Zeros, letters: Letters) -> Array:
        return self._filled(e.of, 0)

    def _eye(self, e: ex.Eye, letters: Letters) -> Array:
        return array_of(self.sizes((e.dim, e.dim)), lambda at: self.field.number(int(at[0] == at[1])))

    def _delta(self, e: ex.Delta, letters: Letters) -> Array:
        if not e.equal:
            return self._each(lambda x: 1 - x, self._delta(ex.Delta(e.i, e.j), letters))
        for one, other in ((e.i, e.j), (e.j, e.i)):
            if isinstance(one, ex.Label) and not ex.is_last(one):
                whole = ex.OneHot(ex.Entry(ex.Labels(one.name, (), one.dim), one.at), one.dim)
                return self.read(ex.Entry(whole, (other,)), letters)
        return cell(self.field.number(int(self.position(e.i, letters) == self.position(e.j, letters))))

    # arithmetic

    def _each(self, op: Callable[..., Any], *args: Array) -> Array:
        try:
            full = np.broadcast_arrays(*args)
        except ValueError as error:
            raise Mismatch(str(error)) from None
        return array_of(full[0].shape, lambda at: op(*[x[at] for x in full]))

    def _fold(self, op: Callable[[Any, Any], Any], args: Sequence[Expr], letters: Letters) -> Array:
        result = self.read(args[0], letters)
        for arg in args[1:]:
            result = self._each(op, result, self.read(arg, letters))
        return result

    def _add(self, e: ex.Add, letters: Letters) -> Array:
        return self._fold(lambda a, b: a + b, e.args, letters)

    def _mul(self, e: ex.Mul, letters: Letters) -> Array:
        return self._fold(lambda a, b: a * b, e.args, letters)

    def _neg(self, e: ex.Neg, letters: Letters) -> Array:
        return self._each(lambda a: -a, self.read(e.arg, letters))

    def _div(self, e: ex.Div, letters: Letters) -> Array:
        return self._fold(lambda a, b: a / b, (e.num, e.den), letters)

    def _pow(self, e: ex.Pow, letters: Letters) -> Array:
        return self._fold(self.field.power, (e.base, e.exp), letters)

    def _cmp(self, e: ex.Cmp, letters: Letters) -> Array:
        return self._fold(lambda a, b: self.field.indicator(e.op, a, b), (e.a, e.b), letters)

    def _matmul(self, e: ex.MatMul, letters: Letters) -> Array:
        result = self.read(e.args[0], letters)
        for arg in e.args[1:]:
            result = self._product(result, self.read(arg, letters))
        return result.reshape(()) if result.size == 1 else result

    def _product(self, a: Array, b: Array) -> Array:
        column = b.ndim < 2
        a = a.reshape(a.shape + (1,) * (2 - a.ndim))
        b = b.reshape(b.shape + (1,) * (2 - b.ndim))
        if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
            raise Mismatch(f"a product of {a.shape} and {b.shape}")

        def entry(at: tuple[int, ...]) -> Any:
            return self._total([x * y for x, y in zip(a[at[0]], b[:, at[1]], strict=True)])

        out = array_of((a.shape[0], b.shape[1]), entry)
        return out[:, 0] if column else out

    def _total(self, items: Sequence[Any]) -> Any:
        result = items[0]
        for item in items[1:]:
            result = result + item
        return result

    def _t(self, e: ex.T, letters: Letters) -> Array:
        value = self.read(e.arg, letters)
        if value.ndim > 2:
            raise Mismatch("a transpose of an array with three axes")
        return value.reshape((1, -1)) if value.ndim == 1 else value.T

    def _reshape(self, e: ex.Reshape, letters: Letters) -> Array:
        value, sizes = self.read(e.arg, letters), self.sizes(e.to)
        if value.size != math.prod(sizes):
            raise Mismatch(f"an array of shape {value.shape} as {sizes}")
        return value.reshape(sizes)

    def _slice(self, e: ex.Slice, letters: Letters) -> Array:
        value = self.read(e.arg, letters)
        first, last = map(self.count, (e.first, e.last))
        part = value[(slice(None),) * e.axis + (slice(first - 1, last),)]
        if not 1 <= first <= last <= value.shape[e.axis]:
            raise Mismatch(f"positions {first} to {last} of {value.shape[e.axis]}")
        return part if e.shape else part.reshape(())

    def _concat(self, e: ex.Concat, letters: Letters) -> Array:
        parts = [self.read(arg, letters).reshape(self.sizes(arg.shape or (1,))) for arg in e.args]
        return np.concatenate(parts, axis=e.axis)

    # functions

    def _fn(self, e: ex.Fn, letters: Letters) -> Array:
        args = [self.read(a, letters) for a in e.args]
        if e.name == "loss" or (e.name in self.abstract and e.kind == "scalar"):
            result = self.field.loss(e.order, [list(a.reshape(-1)) for a in args])
            return array_of(args[0].shape, lambda at: result[_flat(at, args[0].shape)]) if e.order else cell(result)
        if e.kind == "elementwise":
            return self._each(lambda *xs: self.field.apply(e.name, e.order, xs), *args)
        if e.order:
            raise Mismatch(f"{e.name} has no derivative as one function")
        if e.kind == "kron":
            (m, n), (p, q) = (a.shape for a in args)
            return array_of((m * p, n * q), lambda at: args[0][at[0] // p, at[1] // q] * args[1][at[0] % p, at[1] % q])
        if e.kind == "cumulative":
            return array_of(args[0].shape, lambda at: self._total(list(args[0][: at[0] + 1])))
        if e.kind == "matrix" or e.name in ("var", "std"):
            return self._matrix_function(e.name, *args)
        return self._array_function(e.name, args[0])

    def _matrix_function(self, name: str, x: Array, *others: Array) -> Array:
        """By cofactors, as books define an inverse."""
        if name == "prod":
            return cell(math.prod(x.reshape(-1)))
        if name in ("var", "std"):
            mean = self._total(list(x.reshape(-1))) / self.field.number(x.size)
            square = self._total([(v - mean) ** 2 for v in x.reshape(-1)]) / self.field.number(x.size)
            return cell(square if name == "var" else self.field.apply("sqrt", 0, [square]))
        size = len(x)

        def minor(rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
            if not rows:
                return self.field.number(1)
            signed = [
                self.field.number((-1) ** n) * x[rows[0], c] * minor(rows[1:], columns[:n] + columns[n + 1 :])
                for n, c in enumerate(columns)
            ]
            return self._total(signed)

        everything = tuple(range(size))
        det = minor(everything, everything)
        if name == "det":
            return cell(det)
        if name == "logdet":
            return cell(self.field.apply("log", 0, [self.field.apply("abs", 0, [det])]))

        def without(n: int) -> tuple[int, ...]:
            return everything[:n] + everything[n + 1 :]

        inverse = array_of(
            x.shape, lambda at: self.field.number((-1) ** sum(at)) * minor(without(at[1]), without(at[0])) / det
        )
        if name == "inv":
            return inverse
        if name == "solve":
            return self._times_matrix(inverse, others[0])
        if name == "matrix_power":
            power = int(others[0].item())
            factor = x if power > 0 else inverse
            result = factor
            for _ in range(abs(power) - 1):
                result = self._times_matrix(result, factor)
            return result
        raise TypeError(f"the judge does not know the function {name}")

    def _times_matrix(self, a: Array, b: Array) -> Array:
        if b.ndim == 1:
            return array_of(a.shape[:1], lambda at: self._total([p * q for p, q in zip(a[at[0]], b, strict=True)]))
        shape = (a.shape[0], b.shape[1])
        return array_of(shape, lambda at: self._total([p * q for p, q in zip(a[at[0]], b[:, at[1]], strict=True)]))

    def _array_function(self, name: str, x: Array) -> Array:
        exp, log = (lambda v: self.field.apply("exp", 0, [v])), (lambda v: self.field.apply("log", 0, [v]))
        if name in ("softmax", "log_softmax"):
            total = [self._total([exp(v) for v in x[at[:-1]]]) for at in np.ndindex(*x.shape)]
            shaped = array_of(x.shape, lambda at: total[_flat(at, x.shape)])
            if name == "softmax":
                return self._each(lambda v, s: exp(v) / s, x, shaped)
            return self._each(lambda v, s: v - log(s), x, shaped)
        if name == "logsumexp":
            return array_of(x.shape[:-1], lambda at: log(self._total([exp(v) for v in x[at]])))
        if name == "norm":
            return cell(self.field.apply("sqrt", 0, [self._total([v * v for v in x.reshape(-1)])]))
        if name == "trace":
            return cell(self._total([x[n, n] for n in range(len(x))]))
        if name == "diag":
            if x.ndim == 2:
                return array_of(x.shape[:1], lambda at: x[at[0], at[0]])
            zero = self.field.number(0)
            return array_of(x.shape * 2, lambda at: x[at[0]] if at[0] == at[1] else zero)
        raise TypeError(f"the judge does not know the function {name}")

    # reductions

    def _combine(self, op: str, items: Sequence[Any]) -> Any:
        if op == "sum":
            return self._total(items)
        if op == "mean":
            return self._total(items) / self.field.number(len(items))
        result = items[0]
        for item in items[1:]:
            result = self.field.apply(op, 0, [result, item])
        return result

    def _reduce(self, e: ex.Reduce, letters: Letters) -> Array:
        x = self.read(e.arg, letters)
        if e.axis is None:
            return cell(self._combine(e.op, list(x.reshape(-1))))
        rows = np.moveaxis(x, e.axis, -1)
        out = array_of(rows.shape[:-1], lambda at: self._combine(e.op, list(rows[at])))
        if e.keepdims:
            out = np.expand_dims(out, e.axis)
        return out.reshape(()) if out.size == 1 else out

    def _first(self, op: str, items: Sequence[Any]) -> int:
        if self.field.symbolic:
            raise TypeError("the place of a maximum is not a symbolic quantity")
        return items.index(max(items) if op == "max" else min(items))

    def _pick(self, e: ex.Pick, letters: Letters) -> Array:
        x = self.read(e.arg, letters)
        if e.axis is None:
            hot = self._first(e.op, list(x.reshape(-1)))
            return array_of(x.shape, lambda at: self.field.number(int(_flat(at, x.shape) == hot)))
        rows = np.moveaxis(x, e.axis, -1)
        out = array_of(rows.shape, lambda at: self.field.number(int(self._first(e.op, list(rows[at[:-1]])) == at[-1])))
        return np.moveaxis(out, -1, e.axis)

    # index level

    def _is(self, position: int, label: ex.Label, letters: Letters) -> Any:
        """Whether a label is a class, which counts from 0 in values."""
        at = tuple(self.position(ix, letters) for ix in label.at)
        labels = self.values[label.name]
        if any(n >= size for n, size in zip(at, labels.shape, strict=True)):
            return self.field.number(0)  # After the last member of a recurrence there is no label.
        value = labels[at]
        return self.field.indicator("==", value, self.field.number(position))

    def _onehot(self, e: ex.OneHot, letters: Letters) -> Array:
        (name,) = ex.names_in(e.labels)
        value = self.values[name]
        if isinstance(e.labels, ex.Entry):
            value = cell(value[tuple(self.position(ix, letters) for ix in e.labels.indices)])
        return array_of(
            (*value.shape, self.size(e.of)),
            lambda at: self.field.indicator("==", value[at[:-1]], self.field.number(at[-1])),
        )

    def _at_label(self, e: ex.Entry, letters: Letters) -> Array:
        """The entry at a label: the sum over all classes, of which one counts."""
        axis, label = next((n, ix) for n, ix in enumerate(e.indices) if ex.labels_of(ix))
        assert isinstance(label, ex.Label)
        total = self.field.number(0)
        for n in range(self.size(label.dim)):
            at = (*e.indices[:axis], ex.Ix(str(n + 1), label.dim), *e.indices[axis + 1 :])
            total = total + self._is(n, label, letters) * self.read(ex.Entry(e.base, at), letters)[()]
        return cell(total)

    def _entry(self, e: ex.Entry, letters: Letters) -> Array:
        if any(ex.labels_of(ix) for ix in e.indices):
            return self._at_label(e, letters)
        base = self.read(e.base, letters)
        at = self._places(e, letters)
        places = list(zip(at, base.shape, e.indices, strict=False))
        if len(at) == base.ndim and any(isinstance(ix, ex.Shift) and not 0 <= n < size for n, size, ix in places):
            return cell(self.field.number(0))
        if len(at) != base.ndim or any(n >= size for n, size, _ in places):
            raise Mismatch(f"the entry {at} of an array of shape {base.shape}")
        return cell(base[at])

    def _places(self, e: ex.Entry, letters: Letters) -> tuple[int, ...]:
        """The positions of an entry from 0, those in a recurrence from the first of its starts."""
        at = tuple(self.position(ix, letters) for ix in e.indices)
        return (at[0] + len(e.base.starts), *at[1:]) if isinstance(e.base, ex.Started) else at

    def _started(self, e: ex.Started, letters: Letters) -> Array:
        """What stands before the first member, the farthest back first, and the members."""
        return np.concatenate([*(self.read(s, letters)[None] for s in reversed(e.starts)), self.values[e.name]])

    def _member(self, e: ex.Member, letters: Letters) -> Array:
        base = self.read(e.base, letters)
        if any(ex.labels_of(ix) for ix in e.indices):
            rest = tuple(ex.Ix(f"<{n}>", d) for n, d in enumerate(e.shape))
            return self.entries(ex.Entry(e.base, e.at(rest)), rest, e.shape, letters)
        places = [slice(None) if ix is None else self.position(ix, letters) for ix in e.places]
        if isinstance(e.base, ex.Started) and isinstance(places[0], int):
            places[0] += len(e.base.starts)
        at = tuple(places)
        if any(isinstance(n, int) and not 0 <= n < size for n, size in zip(at, base.shape, strict=True)):
            raise Mismatch(f"the member {at} of an array of shape {base.shape}")
        return base[at]

    def _positions(self, indices: Sequence[Ix]) -> list[tuple[int, ...]]:
        return list(itertools.product(*[range(self.size(ix.dim)) for ix in indices]))

    def _bodies(self, e: ex.IndexReduce | ex.IndexPick, letters: Letters) -> list[Array]:
        names = [ix.letter for ix in e.indices]
        bound = [dict(zip(names, at, strict=True)) for at in self._positions(e.indices)]
        return [self.read(e.body, {**letters, **own}) for own in bound]

    def _indexreduce(self, e: ex.IndexReduce, letters: Letters) -> Array:
        bodies = self._bodies(e, letters)
        return self._each(lambda *items: self._combine(e.op, items), *bodies)

    def _indexpick(self, e: ex.IndexPick, letters: Letters) -> Array:
        hot = self._first(e.op, [b.reshape(())[()] for b in self._bodies(e, letters)])
        here = tuple(self.position(ix, letters) for ix in e.at)
        return cell(self.field.number(int(self._positions(e.indices)[hot] == here)))


def _flat(at: tuple[int, ...], shape: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(at, shape)) if shape else 0


# --- problems ---------------------------------------------------------------------------------------------------------


def node_array(reader: Reader, eq: NodeEquation) -> Array:
    """The entries of a node by its own equation, with the node's declared shape."""
    sizes = reader.sizes(eq.shape)
    if eq.indices:
        return reader.entries(eq.rhs, eq.indices, eq.shape)
    value = reader.read(eq.rhs, {})
    if value.size == math.prod(sizes):
        return value.reshape(sizes)
    return np.broadcast_to(value.reshape((1,) * (len(sizes) - value.ndim) + value.shape), sizes)


@dataclass
class Truth:
    """A point of a problem at a small size: the values of all quantities and SymPy's derivative of the loss by each."""

    problem: Problem
    reader: Reader

    @property
    def adjoints(self) -> Mapping[str, Array]:
        return self.reader.adjoints

    def right(self, name: str, value: Array) -> bool:
        """Whether an array is the derivative by ``name``, to 45 digits of its largest entry."""
        return equal(value, self.adjoints[name])

    def entry_right(self, name: str, rhs: Expr, indices: Sequence[Ix]) -> bool:
        try:
            return self.right(name, self.reader.entries(rhs, indices, self.problem.symbols[name].shape))
        except (Mismatch, ex.ShapeError, ZeroDivisionError):
            return False

    def matrix_right(self, name: str, rhs: Expr) -> bool:
        try:
            return self.right(name, self.reader.whole(rhs, self.problem.symbols[name].shape))
        except (Mismatch, ex.ShapeError, ZeroDivisionError):
            return False


def equal(a: Array, b: Array) -> bool:
    if a.shape != b.shape:
        return False
    gap = max((abs(x - y) for x, y in zip(a.reshape(-1), b.reshape(-1), strict=True)), default=0)
    size = max((abs(x) for x in (*a.reshape(-1), *b.reshape(-1))), default=0)
    return bool(gap <= TOLERANCE * max(size, 1))


_SIZES = ((2, 3, 2, 3), (3, 2, 4, 3))
"""Sizes of the dimensions, in turn: two choices, which together tell all dimensions apart and none from always 2."""


def small_sizes(problem: Problem, choice: int) -> dict[str, int]:
    """Sizes large enough for every sum to have terms, small enough to write out."""
    names = dict.fromkeys(name for s in problem.symbols.values() for d in s.shape for name in dims.dim_names(d))
    free = [name for name in names if problem.dims[name].size is None]
    return {name: _SIZES[choice][n % 4] for n, name in enumerate(free)}


def _namer(name: str) -> Callable[[tuple[int, ...]], Any]:
    return lambda at: sympy.Symbol("_".join([name, *map(str, at)]), real=True)


def _picker(items: Sequence[Any], shape: tuple[int, ...]) -> Callable[[tuple[int, ...]], Any]:
    return lambda at: items[_flat(at, shape)]


class Judge:
    """SymPy's derivatives of one problem at one size, as functions of a point.

    Points need not be ``lively``, units that are off among them, and may be ``wide``, far on every side of a kink.
    """

    def __init__(self, problem: Problem, choice: int = 0, lively: bool = True, *, wide: bool = False):
        self.problem = problem
        self.lively = lively
        self.wide = wide
        self.sizes = small_sizes(problem, choice)
        fixed = {n: d.size for n, d in problem.dims.items() if d.size is not None}
        self.dims = {**fixed, **self.sizes}
        shapes = Reader(Field(True), self.dims, {})
        self.equations = unrolled(problem, self.dims)
        self.members = members(problem, self.dims)
        self.shapes = {name: s.shape for name, s in problem.symbols.items()} | {
            eq.name: eq.shape for eq in self.equations
        }
        self.symbols = {name: array_of(shapes.sizes(shape), _namer(name)) for name, shape in self.shapes.items()}
        self.slopes: dict[tuple[str, str], Callable[..., Any]] = {}

    def slope(self, eq: NodeEquation, name: str) -> Callable[..., Any]:
        """SymPy's derivatives of the entries of a node by those of what its equation names, one row an entry.

        A function of the entries of all quantities that the equation names.
        """
        key = eq.name, name
        if key not in self.slopes:
            reader = Reader(Field(True), self.dims, self.symbols, abstract=self.problem.abstract)
            entries = node_array(reader, eq).reshape(-1)
            given = [x for part in self.parents(eq) for x in self.symbols[part].reshape(-1)]
            found = [[sympy.diff(entry, x) for x in self.symbols[name].reshape(-1)] for entry in entries]
            self.slopes[key] = sympy.lambdify(given, found, "mpmath", cse=True)
        return self.slopes[key]

    def parents(self, eq: NodeEquation) -> list[str]:
        """The quantities that an equation names, in the order of the problem."""
        named = ex.names_in(eq.rhs)
        return [name for name in self.shapes if name in named]

    def point(self, seed: int) -> Reader:
        """A random point with rational coordinates (a float is a rational number), and the forward values there."""
        env = draw(self.problem, seed, sizes=self.sizes, lively=self.lively, wide=self.wide)
        values: dict[str, Array] = {
            name: array_of(x.shape, _picker([mpmath.mpf(float(v)) for v in x.reshape(-1)], x.shape))
            for name, x in env.values.items()
            if name not in self.problem.by_name
        }
        reader = Reader(Field(False), self.dims, values, {}, self.problem.abstract)
        for eq in self.equations:
            values[eq.name] = node_array(reader, eq)
        return reader

    def at(self, seed: int, names: Sequence[str]) -> Truth:
        """The derivatives at a random point: SymPy's of each equation, put together by the chain rule in numbers."""
        reader = self.point(seed)
        found = {name: [mpmath.mpf(0)] * reader.values[name].size for name in self.shapes}
        found[self.problem.loss] = [mpmath.mpf(1)]
        for eq in reversed(self.equations):
            parents = self.parents(eq)
            given = [x for name in parents for x in reader.values[name].reshape(-1)]
            labels = {name for name, symbol in self.problem.symbols.items() if symbol.label is not None}
            varied = [name for name in parents if name not in labels]
            for name in varied if any(found[eq.name]) else ():
                rows = self.slope(eq, name)(*given)
                for n in range(len(found[name])):
                    products = (above * row[n] for above, row in zip(found[eq.name], rows, strict=True) if above)
                    found[name][n] += mpmath.mpf(sum(products))
        for name, parts in self.members.items():
            found[name] = [x for part in parts for x in found[part]]
        for name in names:
            reader.adjoints[name] = array_of(reader.values[name].shape, _picker(found[name], reader.values[name].shape))
        return Truth(self.problem, reader)

    def stated(self, seed: int, derivations: Sequence[Derivation]) -> Truth:
        """The derivatives that derivations state, at a random point; for derivations that are known to be right."""
        reader = self.point(seed)
        # A recurrence states its derivatives by later ones: each sweep makes those of one position more right.
        sweeps = 1 + max((reader.size(dim) for dim in self.problem.recurrent), default=0)
        for d in derivations if sweeps > 1 else ():
            reader.adjoints[d.node] = array_of(
                reader.sizes(self.problem.symbols[d.node].shape), lambda at: mpmath.mpf(0)
            )
        for _ in range(sweeps):
            for d in derivations:
                shape = self.problem.symbols[d.node].shape
                reader.adjoints[d.node] = reader.entries(d.entry.rhs, d.indices, shape)
        return Truth(self.problem, reader)

"""Expressions out, entry by entry: Indexed, Sum with ranges from 1, KroneckerDelta.

``at(e, indices)`` is one entry of an array-level expression at SymPy indices, so that both levels come out the same
way.  A free letter is an Idx with its range, a bound one a Symbol.  An adjoint is called ``dL_dz``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from backsym.core import expr as ex
from backsym.core.dims import Whole, amount
from backsym.core.errors import BacksymError
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, Function, definition_of
from backsym.core.kinds import RuleTable
from backsym.core.words import say
from backsym.reading.meaning.table_formulas import formula
from backsym.sympy_door.functions import indicator, value
from backsym.sympy_door.shapes import FIRST_EXTREMES, INDEX_EXTREMES
from backsym.sympy_door.shifts import guarded

Indices = tuple[Any, ...]

_ONE = sympy.Integer(1)
_LETTERS = "ijklmnpqrs"
_EXTREMES = {op: name for name, op in INDEX_EXTREMES.items()}
_FIRST = {op: name for name, op in FIRST_EXTREMES.items()}


def size(dim: ex.Dim) -> Any:
    """A dimension as a number or a positive integer symbol."""
    return whole(amount(dim))


def whole(a: Whole) -> Any:
    """A number that is computed of dimensions."""
    if isinstance(a, int):
        return sympy.Integer(a)
    return sympy.Add(
        *(f * sympy.Mul(*(sympy.Symbol(n, integer=True, positive=True) for n in product)) for product, f in a.terms)
    )


def entry_equation(equation: ex.Equation, loss: str) -> Any:
    """The equation as a ``sympy.Eq`` of numbers."""
    converter = Entries.of(equation, loss)
    return sympy.Eq(converter.number(equation.lhs), converter.number(equation.rhs), evaluate=False)


@dataclass
class Entries:
    """Converts one equation; ``taken`` are the letters in use, ``bound`` those of the sums around the current place."""

    loss: str
    taken: set[str] = field(default_factory=set)
    bound: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(equation: ex.Equation, loss: str) -> Entries:
        nodes = [*ex.walk(equation.lhs), *ex.walk(equation.rhs)]
        taken = {str(getattr(n, "name", "")) for n in nodes}
        for node in nodes:
            for letters in (getattr(node, key, ()) for key in ("indices", "at")):
                taken |= {ix.letter for ix in letters}
        return Entries(loss, taken)

    def number(self, e: ex.Expr) -> Any:
        """A scalar expression."""
        return self.at(e, tuple(_ONE for _ in e.shape))

    def at(self, e: ex.Expr, ixs: Indices) -> Any:
        """The entry of ``e`` at ``ixs``, one index for each axis."""
        rule = _RULES.get(type(e))
        if rule is None:
            raise TypeError(f"no SymPy for an expression of type {type(e).__name__}")
        return rule(self, e, ixs)

    def part(self, e: ex.Expr, ixs: Indices) -> Any:
        """The entry of an operand that broadcasts: axes of length one stay at 1, missing ones are dropped."""
        padded = (*(_ONE for _ in e.shape), *ixs)[-len(e.shape) :] if e.shape else ()
        return self.at(e, tuple(_ONE if dim == 1 else ix for dim, ix in zip(e.shape, padded, strict=True)))

    # --- letters ---

    def index(self, ix: ex.Ix) -> Any:
        if isinstance(ix, ex.Shift):
            return sympy.Add(whole(ix.offset), *(whole(factor) * self.index(letter) for letter, factor in ix.parts))
        if isinstance(ix, ex.Label) and ix.at:
            return sympy.IndexedBase(sympy.Symbol(ix.name, integer=True))[tuple(map(self.index, ix.at))]
        if ix.fixed:
            return sympy.Integer(int(ix.letter))
        if ix.letter in self.bound:
            return self.bound[ix.letter]
        return sympy.Idx(sympy.Symbol(ix.letter, integer=True), (1, size(ix.dim)))

    def delta(self, e: ex.Delta) -> Any:
        same = sympy.KroneckerDelta(self.index(e.i), self.index(e.j))
        return same if e.equal else 1 - same

    def label(self, e: ex.Expr, ixs: Indices) -> Any:
        """The class of a label, which counts from 1 here, at indices."""
        if isinstance(e, ex.Entry):
            ixs = tuple(map(self.index, e.indices))
        (name,) = ex.names_in(e)
        symbol = sympy.Symbol(name, integer=True)
        return sympy.IndexedBase(symbol)[ixs] if ixs else sympy.Idx(symbol)

    def fresh(self) -> Any:
        """A letter that the equation does not use."""
        primes = ""
        while True:
            for letter in _LETTERS:
                if letter + primes not in self.taken:
                    self.taken.add(letter + primes)
                    return sympy.Symbol(letter + primes, integer=True)
            primes += "'"

    def over(self, op: str, letters: Sequence[Any], dims: ex.Shape, body: Any) -> Any:
        """A sum, mean, maximum or minimum over letters; an axis of length one needs none of them."""
        ranges = [(letter, 1, size(dim)) for letter, dim in zip(letters, dims, strict=True)]
        if not ranges:
            return body
        if op in ("sum", "mean"):
            total = sympy.Sum(body, *ranges)
            return total / sympy.Mul(*(high for _, _, high in ranges)) if op == "mean" else total
        function = sympy.Lambda(tuple(letters), body) if len(letters) > 1 else sympy.Lambda(letters[0], body)
        return sympy.Function(_EXTREMES[op])(function, *(high for _, _, high in ranges))


# --- atoms -----------------------------------------------------------------------------------------------------------


def array_entry(name: str, shape: ex.Shape, ixs: Indices) -> Any:
    return sympy.IndexedBase(name)[ixs] if shape else sympy.Symbol(name)


def _adjoint(c: Entries, e: ex.Adj, ixs: Indices) -> Any:
    return array_entry(adjoint_name(e.name, c.loss), e.declared, ixs)


def adjoint_name(name: str, loss: str) -> str:
    return f"d{loss}_d{name}"


def constant(e: ex.Const) -> Any:
    if e.name not in ("pi", "e"):
        raise BacksymError(say("sympy.no_constant", name=e.name))
    return sympy.pi if e.name == "pi" else sympy.E


def _entry(c: Entries, e: ex.Entry, ixs: Indices) -> Any:
    """One entry; zero where a shifted index lies outside of the array."""
    positions = tuple(map(c.index, e.indices))
    if isinstance(e.base, ex.Started):
        return _started(c, e.base, e.indices[0], positions)
    entry = c.at(e.base, positions)
    moved = [n for n, ix in enumerate(e.indices) if isinstance(ix, ex.Shift)]
    if not moved:
        return entry
    return guarded(entry, [positions[n] for n in moved], [size(e.indices[n].dim) for n in moved])


def _started(c: Entries, base: ex.Started, first: ex.Ix, positions: Indices) -> Any:
    """An entry of a recurrence: before the first member what it starts from, after the last one zero."""
    entry = array_entry(base.name, base.declared, positions)
    place, *rest = positions
    before = [(c.at(start, tuple(rest)), sympy.Eq(place, -back)) for back, start in enumerate(base.starts)]
    return sympy.Piecewise(*before, (entry, place <= size(first.dim)), (0, True))


# --- arithmetic ------------------------------------------------------------------------------------------------------


def _compare(c: Entries, e: ex.Cmp, ixs: Indices) -> Any:
    return indicator(e.op, c.part(e.a, ixs), c.part(e.b, ixs))


def _matmul(c: Entries, e: ex.MatMul, ixs: Indices) -> Any:
    """A chain: a sum over each inner dimension."""
    sides = [_two_axes(arg.shape) for arg in e.args]
    letters: list[Any] = []
    dims: list[ex.Dim] = []
    between: list[Any] = []
    for rows, _ in sides[1:]:
        letter = _ONE if rows == 1 else c.fresh()
        between.append(letter)
        if rows != 1:
            letters.append(letter)
            dims.append(rows)
    row = ixs[0] if ixs else _ONE
    column = ixs[1] if len(ixs) > 1 else _ONE
    positions = [row, *between, column]
    entries = [
        c.at(arg, (_at(positions[n], rows), _at(positions[n + 1], columns))[: len(arg.shape)])
        for n, (arg, (rows, columns)) in enumerate(zip(e.args, sides, strict=True))
    ]
    return c.over("sum", letters, tuple(dims), sympy.Mul(*entries))


def _two_axes(shape: ex.Shape) -> tuple[ex.Dim, ex.Dim]:
    if len(shape) > 2:
        raise BacksymError(say("reasons.many_axes", axes=len(shape)))
    return (shape[0], shape[1]) if len(shape) == 2 else (shape[0], 1) if shape else (1, 1)


def _at(ix: Any, dim: ex.Dim) -> Any:
    return _ONE if dim == 1 else ix


def _transpose(c: Entries, e: ex.T, ixs: Indices) -> Any:
    rank = len(e.arg.shape)
    return c.at(e.arg, ixs[1:] if rank == 1 else ixs[::-1])


def _reshape(c: Entries, e: ex.Reshape, ixs: Indices) -> Any:
    """The indices of the axes that are longer than one, in order."""
    if e.regroups:
        raise BacksymError(say("sympy.regrouped"))
    kept = [ix for ix, dim in zip(ixs, e.to, strict=True) if dim != 1]
    return c.at(e.arg, tuple(_ONE if dim == 1 else kept.pop(0) for dim in e.arg.shape))


def _slice(c: Entries, e: ex.Slice, ixs: Indices) -> Any:
    places = list(ixs if e.shape else (_ONE,) * len(e.arg.shape))
    places[e.axis] = places[e.axis] + whole(e.first - 1)
    return c.at(e.arg, tuple(places))


def _concat(c: Entries, e: ex.Concat, ixs: Indices) -> Any:
    """The entry of that array whose place it is."""
    cases = []
    for arg, start in zip(e.args, e.starts, strict=True):
        at = [ix - whole(start) if axis == e.axis else ix for axis, ix in enumerate(ixs)]
        end = whole(start + amount((arg.shape or (1,))[e.axis]))
        cases.append((c.at(arg, tuple(at) if arg.shape else ()), sympy.Le(ixs[e.axis], end)))
    return sympy.Piecewise(*cases[:-1], (cases[-1][0], True))


# --- functions -------------------------------------------------------------------------------------------------------


def _function(c: Entries, e: ex.Fn, ixs: Indices) -> Any:
    if e.name == ABSTRACT_LOSS and e.kind == "scalar":
        return _loss(c, e, ixs)
    rule = sympy_entries.find(e.kind)
    return rule(c, e, ixs) if rule is not None else defined(c, e, ixs)


sympy_entries: RuleTable[Callable[[Entries, ex.Fn, Indices], Any]] = RuleTable("sympy_entries")
"""The entry of f(args) in SymPy, for each kind of function that needs more than its definition."""


@sympy_entries("elementwise")
def _entrywise(c: Entries, e: ex.Fn, ixs: Indices) -> Any:
    return elementwise(c, e, [c.part(arg, ixs) for arg in e.args])


@sympy_entries("diag")
def _diag(c: Entries, e: ex.Fn, ixs: Indices) -> Any:
    if len(e.args[0].shape) == 1:
        return sympy.KroneckerDelta(*ixs) * c.at(e.args[0], ixs[:1])
    return c.at(e.args[0], (ixs[0], ixs[0]))


@sympy_entries("cumulative")
def _cumulative(c: Entries, e: ex.Fn, ixs: Indices) -> Any:
    letter = c.fresh()
    return sympy.Sum(c.at(e.args[0], (letter,)), (letter, 1, ixs[0]))


def defined(c: Entries, e: ex.Fn, ixs: Indices) -> Any:
    """By the function's definition."""
    function = FUNCTIONS.get(e.name)
    definition = definition_of(function, e.args) if function is not None and not e.order else None
    if function is None or definition is None:
        raise BacksymError(say("sympy.nothing_for", name=e.name + "'" * e.order))
    return c.part(formula(definition, dict(zip(function.args, e.args, strict=False))), ixs)


def elementwise(c: Entries, e: ex.Fn, args: Sequence[Any]) -> Any:
    """The function, or a derivative of it by its first argument, at SymPy numbers."""
    function = FUNCTIONS.get(e.name)
    if function is None or not (function.partials or function.definition):
        return _abstract(e, args)
    values = [*args, *(c.number(formula(text, {})) for text in function.defaults[len(args) - len(function.args) :])]
    values = values[: len(function.args)]
    if not e.order:
        made = value(function, values)
        if made is None and function.definition is not None:
            given = dict(zip(function.args, values, strict=True))
            return Placeholders(c.loss, given).number(formula(function.definition, _numbers(function)))
        if made is None:
            raise BacksymError(say("sympy.no_function", name=e.name))
        return made
    names = {name: sympy.Dummy(name, real=True) for name in function.args}
    symbols = _numbers(function)
    if function.partials:
        derivative = Placeholders(c.loss, names).number(formula(function.partials[0], symbols))
    else:
        assert function.definition is not None
        first = names[function.args[0]]
        derivative = Placeholders(c.loss, names).number(formula(function.definition, symbols)).diff(first)
    derivative = sympy.diff(derivative, names[function.args[0]], e.order - 1) if e.order > 1 else derivative
    return derivative.subs(dict(zip(names.values(), values, strict=True)), simultaneous=True)


def _numbers(function: Function) -> dict[str, ex.Expr]:
    return {name: ex.Sym(name, ()) for name in function.args}


@dataclass
class Placeholders(Entries):
    """Converts a formula of the function table, whose names stand for ``names``."""

    names: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, loss: str, names: Mapping[str, Any]):
        super().__init__(loss)
        self.names = names

    def at(self, e: ex.Expr, ixs: Indices) -> Any:
        return self.names[e.name] if isinstance(e, ex.Sym) else super().at(e, ixs)


def _abstract(e: ex.Fn, args: Sequence[Any]) -> Any:
    function = sympy.Function(e.name)
    if not e.order:
        return function(*args)
    variable = sympy.Dummy("xi")
    derivative = sympy.Derivative(function(variable), (variable, e.order))
    if isinstance(args[0], (sympy.Symbol, sympy.Indexed)):
        return sympy.Derivative(function(args[0]), (args[0], e.order))
    return sympy.Subs(derivative, variable, args[0])


def _loss(c: Entries, e: ex.Fn, ixs: Indices) -> Any:
    """L(y, t) and its derivative by y or by one entry of y."""
    args = [_whole(c, arg) for arg in e.args]
    value = sympy.Function(e.name)(*args)
    if not e.order:
        return value
    first = args[0]
    if e.order == 1 and not e.args[0].shape:
        if isinstance(first, (sympy.Symbol, sympy.Indexed)):
            return sympy.Derivative(value, first)
        variable = sympy.Dummy("xi")
        return sympy.Subs(sympy.Derivative(value.func(variable, *args[1:]), variable), variable, first)
    if e.order == 1 and isinstance(first, sympy.IndexedBase):
        return sympy.Derivative(value, first[ixs])
    # The array is not a symbol: the derivative at it gets a name of its own, with the position as last arguments.
    return sympy.Function(e.name + "_prime" * e.order)(*args, *ixs)


def _whole(c: Entries, e: ex.Expr) -> Any:
    """An argument as a whole: a number, an IndexedBase, or a Lambda from positions to entries."""
    if not e.shape:
        return c.number(e)
    if isinstance(e, ex.Sym):
        return sympy.IndexedBase(e.name)
    letters = tuple(c.fresh() for _ in e.shape)
    return sympy.Lambda(letters, c.at(e, letters))


# --- reductions ------------------------------------------------------------------------------------------------------


def _reduce(c: Entries, e: ex.Reduce, ixs: Indices) -> Any:
    shape = e.arg.shape
    axes = range(len(shape)) if e.axis is None else (e.axis % len(shape),)
    letters = {axis: c.fresh() for axis in axes if shape[axis] != 1}
    rest = list(ixs)
    positions: list[Any] = []
    for axis in range(len(shape)):
        if axis in axes:
            positions.append(letters.get(axis, _ONE))
            if e.axis is not None and e.keepdims and rest:
                rest.pop(0)
        else:
            positions.append(rest.pop(0) if rest else _ONE)
    body = c.at(e.arg, tuple(positions))
    return c.over(e.op, list(letters.values()), tuple(shape[axis] for axis in letters), body)


def _index_reduce(c: Entries, e: ex.IndexReduce, ixs: Indices) -> Any:
    outer = dict(c.bound)
    letters = [sympy.Symbol(ix.letter, integer=True) for ix in e.indices]
    c.bound.update({ix.letter: letter for ix, letter in zip(e.indices, letters, strict=True)})
    body = c.at(e.body, ixs)
    c.bound = outer
    return c.over(e.op, letters, tuple(ix.dim for ix in e.indices), body)


def _first(op: str, letters: Sequence[Any], body: Any, dims: ex.Shape, at: Indices) -> Any:
    """1 where ``at`` is the first position of the maximum; SymPy has no word for it."""
    return sympy.Function(_FIRST[op])(sympy.Lambda(tuple(letters), body), *map(size, dims), *at)


def _pick(c: Entries, e: ex.Pick, ixs: Indices) -> Any:
    axes = range(len(e.arg.shape)) if e.axis is None else (e.axis % len(e.arg.shape),)
    letters = {axis: c.fresh() for axis in axes}
    body = c.at(e.arg, tuple(letters.get(axis, ix) for axis, ix in enumerate(ixs)))
    dims = tuple(e.arg.shape[axis] for axis in axes)
    return _first(e.op, list(letters.values()), body, dims, tuple(ixs[axis] for axis in axes))


def _index_pick(c: Entries, e: ex.IndexPick, ixs: Indices) -> Any:
    outer = dict(c.bound)
    at = tuple(map(c.index, e.at))
    letters = [sympy.Symbol(ix.letter, integer=True) for ix in e.indices]
    c.bound.update({ix.letter: letter for ix, letter in zip(e.indices, letters, strict=True)})
    body = c.at(e.body, ixs)
    c.bound = outer
    return _first(e.op, letters, body, tuple(ix.dim for ix in e.indices), at)


_RULES: dict[type[ex.Expr], Callable[..., Any]] = {
    ex.Num: lambda c, e, ixs: sympy.Rational(e.value.numerator, e.value.denominator),
    ex.Const: lambda c, e, ixs: constant(e),
    ex.Sym: lambda c, e, ixs: array_entry(e.name, e.declared, ixs),
    ex.Adj: _adjoint,
    ex.Size: lambda c, e, ixs: size(e.dim),
    ex.Ones: lambda c, e, ixs: _ONE,
    ex.Zeros: lambda c, e, ixs: sympy.Integer(0),
    ex.Eye: lambda c, e, ixs: sympy.KroneckerDelta(*ixs),
    ex.Delta: lambda c, e, ixs: c.delta(e),
    ex.OneHot: lambda c, e, ixs: sympy.KroneckerDelta(ixs[-1], c.label(e.labels, ixs[:-1])),
    ex.Add: lambda c, e, ixs: sympy.Add(*(c.part(arg, ixs) for arg in e.args)),
    ex.Neg: lambda c, e, ixs: -c.at(e.arg, ixs),
    ex.Mul: lambda c, e, ixs: sympy.Mul(*(c.part(arg, ixs) for arg in e.args)),
    ex.Div: lambda c, e, ixs: c.part(e.num, ixs) / c.part(e.den, ixs),
    ex.Pow: lambda c, e, ixs: c.part(e.base, ixs) ** c.part(e.exp, ixs),
    ex.MatMul: _matmul,
    ex.T: _transpose,
    ex.Fn: _function,
    ex.Cmp: _compare,
    ex.Reduce: _reduce,
    ex.Pick: _pick,
    ex.Reshape: _reshape,
    ex.Slice: _slice,
    ex.Concat: _concat,
    ex.Entry: _entry,
    ex.IndexReduce: _index_reduce,
    ex.IndexPick: _index_pick,
}

"""Expressions out, as whole arrays: MatrixSymbol, MatMul, Transpose, HadamardProduct, applyfunc, OneMatrix.

A vector [D] is a D x 1 matrix.  Broadcasting, which SymPy lacks, is written out with OneMatrix, and a number that is a
1 x 1 product is its Trace.  What SymPy has no matrix expression for raises NoMatrixForm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.matrices.expressions.diagonal import DiagonalOf
from sympy.matrices.expressions.matexpr import MatrixElement

from backsym.core import expr as ex
from backsym.core.errors import BacksymError, NoMatrixForm
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, definition_of
from backsym.core.kinds import RuleTable
from backsym.core.words import say
from backsym.reading.meaning.table_formulas import formula
from backsym.sympy_door.entries import Entries, adjoint_name, constant, elementwise, size, sympy_entries, whole
from backsym.sympy_door.entries import defined as entry_defined
from backsym.sympy_door.functions import indicator, value


def matrix_equation(equation: ex.Equation, loss: str) -> Any:
    """The equation as a ``sympy.Eq`` of matrices, or of numbers."""
    converter = Matrices(Entries.of(equation, loss))
    lhs, rhs = converter.of(equation.lhs), converter.of(equation.rhs)
    if equation.lhs.shape:
        rhs = converter.spread(rhs, equation.rhs.shape, equation.lhs.shape)
    return sympy.Eq(lhs, rhs, evaluate=False)


def rows_columns(shape: ex.Shape) -> tuple[ex.Dim, ex.Dim]:
    """The size of the SymPy matrix that stands for an array."""
    if len(shape) > 2:
        raise NoMatrixForm(say("reasons.many_axes", axes=len(shape)))
    return (shape[0], shape[1]) if len(shape) == 2 else (shape[0], 1) if shape else (1, 1)


def ones(rows: ex.Dim, columns: ex.Dim) -> Any:
    return sympy.OneMatrix(size(rows), size(columns))


def is_matrix(value: Any) -> bool:
    return bool(getattr(value, "is_Matrix", False))


def as_number(value: Any) -> Any:
    """The number that a 1 x 1 matrix holds."""
    if not is_matrix(value):
        return value
    return value[0, 0] if isinstance(value, sympy.MatrixSymbol) else sympy.Trace(value)


@dataclass
class Matrices:
    """Converts one equation.  An expression of shape () becomes a number, any other one a matrix."""

    entries: Entries

    def of(self, e: ex.Expr) -> Any:
        rule = _RULES.get(type(e))
        if rule is None:
            raise NoMatrixForm(say("sympy.no_matrix_expression", name=type(e).__name__))
        value = rule(self, e)
        return value if e.shape else as_number(value)

    def symbol(self, name: str, shape: ex.Shape) -> Any:
        rows, columns = rows_columns(shape)
        return sympy.MatrixSymbol(name, size(rows), size(columns)) if shape else sympy.Symbol(name)

    def spread(self, value: Any, shape: ex.Shape, to: ex.Shape) -> Any:
        """A value of one shape as a matrix of a shape that it broadcasts to."""
        rows, columns = rows_columns(to)
        if not ex.scalar_if_ones(shape):
            number = as_number(value)
            return number * ones(rows, columns) if (rows, columns) != (1, 1) else number * sympy.Identity(1)
        if len(shape) == 1 and len(to) == 2:
            value, shape = value.T, (1, *shape)
        have = rows_columns(shape)
        if have[0] == 1 and rows != 1:
            value = ones(rows, 1) * value
        if have[1] == 1 and columns != 1:
            value = value * ones(1, columns)
        return value

    def arguments(self, e: ex.Expr, args: tuple[ex.Expr, ...]) -> tuple[Any, list[tuple[ex.Expr, Any]]]:
        """The product of the numbers among the factors, and the arrays spread to the shape of the product."""
        number = sympy.Integer(1)
        arrays: list[tuple[ex.Expr, Any]] = []
        for arg in args:
            value = self.of(arg)
            if not ex.scalar_if_ones(arg.shape):
                number = number * as_number(value)
            elif not isinstance(arg, ex.Ones) or len(args) == 1:
                arrays.append((arg, self.spread(value, arg.shape, e.shape)))
        return number, arrays

    def map(self, function: Callable[[Any], Any], value: Any) -> Any:
        """A function of numbers, entry by entry."""
        variable = sympy.Dummy("u")
        return value.applyfunc(sympy.Lambda(variable, function(variable)))


def _add(m: Matrices, e: ex.Add) -> Any:
    if not e.shape:
        return sympy.Add(*(m.of(arg) for arg in e.args))
    terms = [m.spread(m.of(arg), arg.shape, e.shape) for arg in e.args]
    return sympy.MatAdd(*terms)


def _mul(m: Matrices, e: ex.Mul) -> Any:
    number, arrays = m.arguments(e, e.args)
    if not e.shape:
        return number
    if not arrays:
        return m.spread(number, (), e.shape)
    values = [value for _, value in arrays]
    product = values[0] if len(values) == 1 else sympy.HadamardProduct(*values)
    return product if number == 1 else number * product


def _div(m: Matrices, e: ex.Div) -> Any:
    below = m.of(e.den)
    if not ex.scalar_if_ones(e.den.shape):
        above = m.of(e.num)
        quotient = above / as_number(below)
        return m.spread(quotient, e.num.shape, e.shape) if e.shape else quotient
    inverse = sympy.HadamardPower(m.spread(below, e.den.shape, e.shape), -1)
    if not ex.scalar_if_ones(e.num.shape):
        return as_number(m.of(e.num)) * inverse
    return sympy.HadamardProduct(m.spread(m.of(e.num), e.num.shape, e.shape), inverse)


def _pow(m: Matrices, e: ex.Pow) -> Any:
    base, exponent = m.of(e.base), m.of(e.exp)
    if not e.shape:
        return base**exponent
    if not ex.scalar_if_ones(e.exp.shape):
        return sympy.HadamardPower(m.spread(base, e.base.shape, e.shape), as_number(exponent))
    if not ex.scalar_if_ones(e.base.shape):
        number = as_number(base)
        return m.map(lambda u: number**u, m.spread(exponent, e.exp.shape, e.shape))
    return sympy.HadamardPower(m.spread(base, e.base.shape, e.shape), m.spread(exponent, e.exp.shape, e.shape))


def _matmul(m: Matrices, e: ex.MatMul) -> Any:
    """A number among the factors scales the rest."""
    number = sympy.Integer(1)
    product: Any = None
    for arg in e.args:
        value = m.of(arg)
        if not arg.shape:
            number = number * value
        else:
            product = value if product is None else product * value
    if product is None:
        return number
    return product if number == 1 else number * product


def _compare(m: Matrices, e: ex.Cmp) -> Any:
    """Of arrays: their difference is compared with 0."""
    if not e.shape:
        return indicator(e.op, m.of(e.a), m.of(e.b))
    left = m.spread(m.of(e.a), e.a.shape, e.shape)
    if not ex.scalar_if_ones(e.b.shape):
        number = as_number(m.of(e.b))
        return m.map(lambda u: indicator(e.op, u, number), left)
    difference = left - m.spread(m.of(e.b), e.b.shape, e.shape)
    return m.map(lambda u: indicator(e.op, u, sympy.Integer(0)), difference)


def _reduce(m: Matrices, e: ex.Reduce) -> Any:
    """Products with ones; SymPy has no maximum of a matrix."""
    if e.op not in ("sum", "mean"):
        raise NoMatrixForm(say("sympy.no_reduction", operation=e.op))
    value, shape = m.of(e.arg), e.arg.shape
    rows, columns = rows_columns(shape)
    if not is_matrix(value):
        return value
    count: Any = sympy.Integer(1)
    down = e.axis is None or e.axis % len(shape) == 0
    across = e.axis is None or e.axis % len(shape) == 1
    if down and rows != 1:
        value, count = ones(1, rows) * value, count * size(rows)
    if across and columns != 1:
        value, count = value * ones(columns, 1), count * size(columns)
    if len(e.shape) == 1 and value.shape[1] != 1:
        value = value.T
    return value if e.op == "sum" or count == 1 else value / count


def _reshape(m: Matrices, e: ex.Reshape) -> Any:
    if e.regroups:
        raise BacksymError(say("sympy.regrouped"))
    value = m.of(e.arg)
    if not is_matrix(value):
        return m.spread(value, (), e.to) if e.to else value
    return value if rows_columns(e.arg.shape) == rows_columns(e.to) else value.T


def _slice(m: Matrices, e: ex.Slice) -> Any:
    value = m.of(e.arg)
    ranges = [(0, n, 1) for n in value.shape]
    ranges[e.axis] = (whole(e.first - 1), whole(e.last), 1)
    part = sympy.MatrixSlice(value, *ranges)
    return part if e.shape else part[0, 0]


def _concat(m: Matrices, e: ex.Concat) -> Any:
    parts = [value if is_matrix(value := m.of(arg)) else value * sympy.Identity(1) for arg in e.args]
    return sympy.BlockMatrix([parts] if e.axis else [[part] for part in parts])


def _function(m: Matrices, e: ex.Fn) -> Any:
    if e.name == ABSTRACT_LOSS and e.kind == "scalar":
        return _loss(m, e)
    rule = sympy_matrices.find(e.kind)
    return rule(m, e) if rule is not None else defined(m, e)


sympy_matrices: RuleTable[Callable[[Matrices, ex.Fn], Any]] = RuleTable("sympy_matrices")
"""f(args) as a SymPy matrix, for each kind of function that needs more than its definition."""


@sympy_matrices("diag")
def _diag(m: Matrices, e: ex.Fn) -> Any:
    value = m.of(e.args[0])
    return sympy.DiagMatrix(value) if len(e.args[0].shape) == 1 else DiagonalOf(value)


@sympy_matrices("kron")
def _kron(m: Matrices, e: ex.Fn) -> Any:
    return sympy.KroneckerProduct(*(m.of(arg) for arg in e.args))


@sympy_matrices("matrix")
def _of_matrices(m: Matrices, e: ex.Fn) -> Any:
    function = FUNCTIONS[e.name]
    if function.sympy is None and definition_of(function, e.args) is not None:
        return defined(m, e)
    args = [m.of(arg) for arg in e.args]
    made = value(function, args)
    if made is None and e.shape:
        raise NoMatrixForm(say("sympy.no_matrix_expression", name=e.name))
    return sympy.Function(e.name, commutative=True)(*args) if made is None else made


@sympy_entries("matrix")
def _entry_of_matrix(c: Entries, e: ex.Fn, ixs: tuple[Any, ...]) -> Any:
    """The entry of a matrix expression, as SymPy has none of a function of an IndexedBase; else by the definition."""
    function = FUNCTIONS[e.name]
    if function.sympy is None and definition_of(function, e.args) is not None:
        return entry_defined(c, e, ixs)
    made = Matrices(c).of(e)
    places = [ix - 1 if isinstance(ix, sympy.Integer) else ix for ix in ixs]
    return MatrixElement(made, *(*places, sympy.Integer(0))[:2]) if e.shape else made


def defined(m: Matrices, e: ex.Fn) -> Any:
    """By the function's definition."""
    if e.name == "trace" and not e.order:
        return sympy.Trace(m.of(e.args[0]))
    function = FUNCTIONS.get(e.name)
    definition = definition_of(function, e.args) if function is not None and not e.order else None
    if function is None or definition is None:
        raise NoMatrixForm(say("sympy.no_matrix_expression", name=e.name + "'" * e.order))
    return m.of(formula(definition, dict(zip(function.args, e.args, strict=False))))


@sympy_matrices("elementwise")
def _elementwise(m: Matrices, e: ex.Fn) -> Any:
    arrays = [n for n, arg in enumerate(e.args) if ex.scalar_if_ones(arg.shape)]
    values = [m.of(arg) for arg in e.args]
    numbers = [value if n in arrays else as_number(value) for n, value in enumerate(values)]
    if not e.shape:
        return elementwise(m.entries, e, numbers)
    if not arrays:
        return m.spread(elementwise(m.entries, e, numbers), (), e.shape)
    spread = {n: m.spread(values[n], e.args[n].shape, e.shape) for n in arrays}
    if len(arrays) == 1:
        n = arrays[0]
        return m.map(lambda u: elementwise(m.entries, e, [*numbers[:n], u, *numbers[n + 1 :]]), spread[n])
    if len(e.args) == 2 and e.name in ("max", "min") and not e.order:
        # max(x, y) = y + max(x - y, 0)
        extreme = sympy.Max if e.name == "max" else sympy.Min
        return spread[1] + m.map(lambda u: extreme(u, 0), spread[0] - spread[1])
    if e.name == "pow" and not e.order:
        return sympy.HadamardPower(spread[0], spread[1])
    raise NoMatrixForm(say("sympy.no_function_of_several", name=e.name))


def _loss(m: Matrices, e: ex.Fn) -> Any:
    """The gradient of an abstract loss is the matrix of its derivatives."""
    args = [m.of(arg) for arg in e.args]
    value = sympy.Function(e.name)(*args)
    if not e.order:
        return value
    if not e.args[0].shape:
        return m.entries.number(e)
    if e.order > 1 or not isinstance(args[0], sympy.MatrixSymbol):
        raise NoMatrixForm(say("sympy.no_gradient_at_expression"))
    i, j = m.entries.fresh(), m.entries.fresh()
    rows, columns = args[0].shape
    position = args[0][i, sympy.Integer(0)] if columns == 1 else args[0][i, j]
    return sympy.FunctionMatrix(rows, columns, sympy.Lambda((i, j), sympy.Derivative(value, position)))


def _entry(m: Matrices, e: ex.Entry) -> Any:
    """The entry at a fixed position, which is a number."""
    if not all(ix.fixed for ix in e.indices) or not isinstance(e.base, (ex.Sym, ex.Adj)):
        raise NoMatrixForm(say("sympy.no_matrix_of_entries"))
    places = [int(ix.letter) - 1 for ix in e.indices]
    return m.of(e.base)[places[0], places[1] if len(places) == 2 else 0]


_RULES: dict[type[ex.Expr], Callable[..., Any]] = {
    ex.Num: lambda m, e: sympy.Rational(e.value.numerator, e.value.denominator),
    ex.Const: lambda m, e: constant(e),
    ex.Size: lambda m, e: size(e.dim),
    ex.Sym: lambda m, e: m.symbol(e.name, e.declared),
    ex.Adj: lambda m, e: m.symbol(adjoint_name(e.name, m.entries.loss), e.declared),
    ex.Ones: lambda m, e: ones(*rows_columns(e.of)) if ex.scalar_if_ones(e.of) else sympy.Identity(1),
    ex.Zeros: lambda m, e: sympy.ZeroMatrix(*map(size, rows_columns(e.of))),
    ex.Eye: lambda m, e: sympy.Identity(size(e.dim)),
    ex.Add: _add,
    ex.Neg: lambda m, e: -m.of(e.arg),
    ex.Mul: _mul,
    ex.Div: _div,
    ex.Pow: _pow,
    ex.MatMul: _matmul,
    ex.T: lambda m, e: m.of(e.arg).T if e.arg.shape else m.of(e.arg),
    ex.Fn: _function,
    ex.Cmp: _compare,
    ex.Entry: _entry,
    ex.Reduce: _reduce,
    ex.Reshape: _reshape,
    ex.Slice: _slice,
    ex.Concat: _concat,
}

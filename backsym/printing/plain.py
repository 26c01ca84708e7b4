"""Expr -> backsym's own expression language: ``plain(expr, problem)`` reads back as the same expression.

Reading it again (``read_expression`` with the free letters of the expression and ``own_letters=True``) gives an equal
tree, apart from three spellings that the language does not have nodes for: a number that is negative or a fraction is
read as a sign or a quotient, an array with an axis of length one added or dropped as a product with ones, and the
first position of a maximum as a comparison with the maximum (the same where there is no tie).

This module must not know about calculus or numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from fractions import Fraction
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Add,
    Adj,
    Cmp,
    Concat,
    Const,
    Delta,
    Dim,
    Div,
    Entry,
    Expr,
    Eye,
    Fn,
    IndexPick,
    IndexReduce,
    Ix,
    Labels,
    MatMul,
    Member,
    Mul,
    Neg,
    Num,
    OneHot,
    Ones,
    Partial,
    Pick,
    Pow,
    Reduce,
    Reshape,
    Shape,
    Size,
    Slice,
    Started,
    Sym,
    T,
    Total,
    Zeros,
    counted,
    num,
    parts_of_axes,
    show_shape,
    with_indices,
)  # fmt: skip
from backsym.core.problem import Problem
from backsym.core.words import say


class Level(IntEnum):
    """How firmly a text holds together."""

    SUM = 0
    NEGATIVE = 1
    PRODUCT = 2
    POWER = 3
    ATOM = 4


Text = tuple[str, Level]


def plain(expr: Expr, problem: Problem) -> str:
    """The text of an expression in the plain language.

    Raises BacksymError, naming it, for what the language cannot say: a size whose name is also a quantity's, a change
    of shape with more than two axes.
    """
    return _Plain(problem).text(expr)[0]


class _Plain:
    def __init__(self, problem: Problem):
        self.problem = problem

    def text(self, e: Expr) -> Text:
        rule = _RULES.get(type(e))
        if rule is None:
            raise TypeError(f"no plain text for the expression node {type(e).__name__}")
        return rule(self, e)

    def at(self, e: Expr, level: Level) -> str:
        """The text of an operand, in parentheses unless it holds together as firmly as ``level``."""
        text, own = self.text(e)
        return text if own >= level else f"({text})"

    def free(self, e: Expr) -> str:
        return self.text(e)[0]

    # --- atoms ---

    def num(self, e: Num) -> Text:
        if e.text is not None and _spells(e.text, e.value):
            return e.text, Level.ATOM
        value = abs(e.value)
        text = str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"
        level = Level.ATOM if value.denominator == 1 else Level.PRODUCT
        return (f"-{text}", Level.NEGATIVE) if e.value < 0 else (text, level)

    def const(self, e: Const) -> Text:
        if e.name == "pi":
            return "π", Level.ATOM
        if e.name == "e":
            return "exp(1)", Level.ATOM
        raise BacksymError(say("printing.plain_constant", name=e.name))

    def sym(self, e: Sym) -> Text:
        return e.name, Level.ATOM

    def size(self, e: Size) -> Text:
        if e.dim in self.problem.symbols:
            raise BacksymError(say("printing.plain_size", name=e.dim))
        return e.dim, Level.ATOM

    def array(self, name: str, shape: Shape) -> Text:
        return f"{name}({', '.join(map(_dim, shape))})", Level.ATOM

    def delta(self, e: Delta) -> Text:
        if not e.equal:
            return f"[{self.index(e.i)} != {self.index(e.j)}]", Level.ATOM
        return f"delta({self.index(e.i)}, {self.index(e.j)})", Level.ATOM

    # --- derivatives ---

    def adj(self, e: Adj) -> Text:
        return self.differential(e.name) or f"grad({e.name})", Level.ATOM

    def differential(self, name: str) -> str:
        """``dL/dz``, or nothing where that would read as a quotient of quantities."""
        loss = self.problem.loss
        return "" if f"d{loss}" in self.problem.symbols else f"d{loss}/d{name}"

    def partial(self, e: Partial) -> Text:
        above = e.num.base if isinstance(e.num, Entry) else e.num
        if isinstance(above, Sym) and f"d{above.name}" in self.problem.symbols:
            raise BacksymError(say("printing.plain_derivative", name=above.name))
        text = f"d{self.free(e.num)}/d{self.free(e.den)}"
        direct = isinstance(e.num, Sym) and e.num.name == self.problem.loss
        return (f"direct({text})" if direct else text), Level.ATOM

    def total(self, e: Total) -> Text:
        if len(e.by) > 1:
            raise BacksymError(say("printing.plain_second"))
        return self.partial(Partial(e.of, e.by[0]))

    def entry(self, e: Entry) -> Text:
        indices = ",".join(map(self.index, e.indices))
        return f"{self.at(e.base, Level.ATOM)}[{indices}]", Level.ATOM

    def member(self, e: Member) -> Text:
        """Axes after the last index are left out."""
        last = max((n for n, ix in enumerate(e.places) if ix is not None), default=0)
        places = ",".join(":" if ix is None else self.index(ix) for ix in e.places[: last + 1])
        return f"{self.at(e.base, Level.ATOM)}[{places}]", Level.ATOM

    # --- arithmetic ---

    def add(self, e: Add) -> Text:
        out = self.at(e.args[0], Level.NEGATIVE)
        for arg in e.args[1:]:
            if isinstance(arg, Neg):
                out += f" - {self.at(arg.arg, Level.PRODUCT)}"
            else:
                out += f" + {self.at(arg, Level.PRODUCT)}"
        return out, Level.SUM

    def neg(self, e: Neg) -> Text:
        return f"-{self.at(e.arg, Level.PRODUCT)}", Level.NEGATIVE

    def mul(self, e: Mul) -> Text:
        # a/b*c reads as (a/b)*c; every other product inside a product has its parentheses.
        first = self.at(e.args[0], Level.PRODUCT if isinstance(e.args[0], (Div, Num)) else Level.POWER)
        return "*".join([first, *(self.at(a, Level.POWER) for a in e.args[1:])]), Level.PRODUCT

    def matmul(self, e: MatMul) -> Text:
        return " @ ".join(self.at(a, Level.POWER) for a in e.args), Level.PRODUCT

    def div(self, e: Div) -> Text:
        return f"{self.at(e.num, Level.POWER)}/{self.at(e.den, Level.POWER)}", Level.PRODUCT

    def pow(self, e: Pow) -> Text:
        if isinstance(e.exp, Neg) and len(e.base.shape) == 2:  # A**-1 of a square matrix is its inverse.
            return self.div(Div(num(1), Pow(e.base, e.exp.arg)))
        return f"{self.at(e.base, Level.ATOM)}**{self.at(e.exp, Level.ATOM)}", Level.POWER

    def transpose(self, e: T) -> Text:
        inner, level = self.text(e.arg)
        # dL/dW.T would look like a derivative by a transpose.
        return (f"{inner}.T" if level == Level.ATOM and "/" not in inner.split("(")[0] else f"({inner}).T"), Level.ATOM

    def reshape(self, e: Reshape) -> Text:
        """A change of shape as products with ones; a scalar next to arrays needs none."""
        before, after = e.arg.shape, e.to
        inner = self.at(e.arg, Level.POWER)
        if before == after:
            return self.text(e.arg)
        if e.regroups and len(after) == 1 and len(before) == 2:
            return f"vec({self.free(e.arg.arg if isinstance(e.arg, T) else T(e.arg))})", Level.ATOM
        if e.regroups and len(after) == 2 and all(str(d).isidentifier() for d in after):
            return f"{self.at(e.arg, Level.ATOM)}.reshape({', '.join(map(str, after))})", Level.ATOM
        if e.regroups:
            raise BacksymError(say("printing.plain_reshape", before=show_shape(before), after=show_shape(after)))
        if len(before) == 1 and after == (1, *before):
            return f"{self.at(e.arg, Level.ATOM)}.T", Level.ATOM
        if len(before) == 1 and after == (*before, 1):
            return f"{inner} @ ones(1, 1)", Level.PRODUCT
        if len(before) == 2 and before[1] == 1 and after == before[:1]:
            return f"{inner} @ ones(1)", Level.PRODUCT
        if len(before) == 2 and before[0] == 1 and after == before[1:]:
            return f"{self.at(e.arg, Level.ATOM)}.T @ ones(1)", Level.PRODUCT
        if after == () and all(d == 1 for d in before):
            return f"sum({inner})", Level.ATOM
        if before == () and all(d == 1 for d in after):
            return f"{inner}*{self.array('ones', after)[0]}", Level.PRODUCT
        raise BacksymError(say("printing.plain_reshape", before=show_shape(before), after=show_shape(after)))

    def slice(self, e: Slice) -> Text:
        array, parts = parts_of_axes(e)
        less = {axis: part.arg.shape[axis] in self.problem.from_zero for axis, part in parts.items()}
        ends = {axis: f"{part.first - less[axis]}:{part.last - less[axis]}" for axis, part in parts.items()}
        places = ",".join(ends.get(axis, ":") for axis in range(len(array.shape)))
        return f"{self.at(array, Level.ATOM)}[{places.removesuffix(',:')}]", Level.ATOM

    def concat(self, e: Concat) -> Text:
        args = [self.free(arg) for arg in e.args]
        return f"concat({', '.join([*args, *([f'axis={e.axis}'] if e.axis else [])])})", Level.ATOM

    def index(self, ix: Ix) -> str:
        return counted(ix, self.problem.from_zero).letter

    # --- functions ---

    def fn(self, e: Fn) -> Text:
        return f"{e.name}{chr(39) * e.order}({', '.join(map(self.free, e.args))})", Level.ATOM

    def cmp(self, e: Cmp) -> Text:
        return f"[{self.free(e.a)} {e.op} {self.free(e.b)}]", Level.ATOM

    def reduce(self, e: Reduce) -> Text:
        options = "" if e.axis is None else f", axis={e.axis}"
        options += ", keepdims=True" if e.keepdims else ""
        return f"{e.op}({self.free(e.arg)}{options})", Level.ATOM

    def index_reduce(self, e: IndexReduce) -> Text:
        letters = ", ".join(self.index(ix) for ix in e.indices)
        return f"{e.op}({self.free(e.body)}, {letters})", Level.ATOM

    def pick(self, e: Pick) -> Text:
        inner = self.free(e.arg)
        options = "" if e.axis is None else f", axis={e.axis}, keepdims=True"
        return f"[{inner} == {e.op}({inner}{options})]", Level.ATOM

    def index_pick(self, e: IndexPick) -> Text:
        there = with_indices(e.body, dict(zip(e.indices, e.at, strict=True)))
        letters = ", ".join(self.index(ix) for ix in e.indices)
        return f"[{self.free(there)} == {e.op}({self.free(e.body)}, {letters})]", Level.ATOM


def _spells(text: str, value: Fraction) -> bool:
    try:
        return Fraction(text) == value and not text.startswith(("+", "-"))
    except ValueError:
        return False


def _dim(dim: Dim) -> str:
    return str(dim)


_RULES: dict[type[Expr], Callable[[_Plain, Any], Text]] = {
    Num: _Plain.num,
    Const: _Plain.const,
    Sym: _Plain.sym,
    Started: _Plain.sym,
    Adj: _Plain.adj,
    Size: _Plain.size,
    Ones: lambda p, e: p.array("ones", e.of) if e.of else ("1", Level.ATOM),
    Zeros: lambda p, e: p.array("zeros", e.of) if e.of else ("0", Level.ATOM),
    Eye: lambda p, e: p.array("eye", (e.dim,)),
    Delta: _Plain.delta,
    Labels: lambda p, e: (e.name, Level.ATOM),
    OneHot: lambda p, e: (f"onehot({p.free(e.labels)})", Level.ATOM),
    Add: _Plain.add,
    Neg: _Plain.neg,
    Mul: _Plain.mul,
    Div: _Plain.div,
    Pow: _Plain.pow,
    MatMul: _Plain.matmul,
    T: _Plain.transpose,
    Reshape: _Plain.reshape,
    Slice: _Plain.slice,
    Concat: _Plain.concat,
    Fn: _Plain.fn,
    Cmp: _Plain.cmp,
    Reduce: _Plain.reduce,
    Pick: _Plain.pick,
    Entry: _Plain.entry,
    Member: _Plain.member,
    IndexReduce: _Plain.index_reduce,
    IndexPick: _Plain.index_pick,
    Partial: _Plain.partial,
    Total: _Plain.total,
}

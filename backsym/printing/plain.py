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

from backsym.core import expr as ex
from backsym.core.errors import BacksymError
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


def plain(expr: ex.Expr, problem: Problem) -> str:
    """The text of an expression in the plain language.

    Raises BacksymError, naming it, for what the language cannot say: a size whose name is also a quantity's, a change
    of shape with more than two axes.
    """
    return _Plain(problem).text(expr)[0]


class _Plain:
    def __init__(self, problem: Problem):
        self.problem = problem

    def text(self, e: ex.Expr) -> Text:
        rule = _RULES.get(type(e))
        if rule is None:
            raise TypeError(f"no plain text for the expression node {type(e).__name__}")
        return rule(self, e)

    def at(self, e: ex.Expr, level: Level) -> str:
        """The text of an operand, in parentheses unless it holds together as firmly as ``level``."""
        text, own = self.text(e)
        return text if own >= level else f"({text})"

    def free(self, e: ex.Expr) -> str:
        return self.text(e)[0]

    # --- atoms ---

    def num(self, e: ex.Num) -> Text:
        if e.text is not None and _spells(e.text, e.value):
            return e.text, Level.ATOM
        value = abs(e.value)
        text = str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"
        level = Level.ATOM if value.denominator == 1 else Level.PRODUCT
        return (f"-{text}", Level.NEGATIVE) if e.value < 0 else (text, level)

    def const(self, e: ex.Const) -> Text:
        if e.name == "pi":
            return "π", Level.ATOM
        if e.name == "e":
            return "exp(1)", Level.ATOM
        raise BacksymError(say("printing.plain_constant", name=e.name))

    def sym(self, e: ex.Sym) -> Text:
        return e.name, Level.ATOM

    def size(self, e: ex.Size) -> Text:
        if e.dim in self.problem.symbols:
            raise BacksymError(say("printing.plain_size", name=e.dim))
        return e.dim, Level.ATOM

    def array(self, name: str, shape: ex.Shape) -> Text:
        return f"{name}({', '.join(map(_dim, shape))})", Level.ATOM

    def delta(self, e: ex.Delta) -> Text:
        if not e.equal:
            return f"[{self.index(e.i)} != {self.index(e.j)}]", Level.ATOM
        return f"delta({self.index(e.i)}, {self.index(e.j)})", Level.ATOM

    # --- derivatives ---

    def adj(self, e: ex.Adj) -> Text:
        return self.differential(e.name) or f"grad({e.name})", Level.ATOM

    def differential(self, name: str) -> str:
        """``dL/dz``, or nothing where that would read as a quotient of quantities."""
        loss = self.problem.loss
        return "" if f"d{loss}" in self.problem.symbols else f"d{loss}/d{name}"

    def partial(self, e: ex.Partial) -> Text:
        above = e.num.base if isinstance(e.num, ex.Entry) else e.num
        if isinstance(above, ex.Sym) and f"d{above.name}" in self.problem.symbols:
            raise BacksymError(say("printing.plain_derivative", name=above.name))
        text = f"d{self.free(e.num)}/d{self.free(e.den)}"
        direct = e.direct or (isinstance(e.num, ex.Sym) and e.num.name == self.problem.loss)
        return (f"direct({text})" if direct else text), Level.ATOM

    def total(self, e: ex.Total) -> Text:
        if len(e.by) > 1:
            raise BacksymError(say("printing.plain_second"))
        return self.partial(ex.Partial(e.of, e.by[0]))

    def entry(self, e: ex.Entry) -> Text:
        indices = ",".join(map(self.index, e.indices))
        if ex.positioned(e) is not None:
            return indices, Level.ATOM
        return f"{self.at(e.base, Level.ATOM)}[{indices}]", Level.ATOM

    def member(self, e: ex.Member) -> Text:
        """Axes after the last index are left out."""
        last = max((n for n, ix in enumerate(e.places) if ix is not None), default=0)
        places = ",".join(":" if ix is None else self.index(ix) for ix in e.places[: last + 1])
        return f"{self.at(e.base, Level.ATOM)}[{places}]", Level.ATOM

    # --- arithmetic ---

    def add(self, e: ex.Add) -> Text:
        out = self.at(e.args[0], Level.NEGATIVE)
        for arg in e.args[1:]:
            if isinstance(arg, ex.Neg):
                out += f" - {self.at(arg.arg, Level.PRODUCT)}"
            else:
                out += f" + {self.at(arg, Level.PRODUCT)}"
        return out, Level.SUM

    def neg(self, e: ex.Neg) -> Text:
        return f"-{self.at(e.arg, Level.PRODUCT)}", Level.NEGATIVE

    def mul(self, e: ex.Mul) -> Text:
        # a/b*c reads as (a/b)*c; every other product inside a product has its parentheses.
        first = self.at(e.args[0], Level.PRODUCT if isinstance(e.args[0], (ex.Div, ex.Num)) else Level.POWER)
        return "*".join([first, *(self.at(a, Level.POWER) for a in e.args[1:])]), Level.PRODUCT

    def matmul(self, e: ex.MatMul) -> Text:
        return " @ ".join(self.at(a, Level.POWER) for a in e.args), Level.PRODUCT

    def div(self, e: ex.Div) -> Text:
        return f"{self.at(e.num, Level.POWER)}/{self.at(e.den, Level.POWER)}", Level.PRODUCT

    def pow(self, e: ex.Pow) -> Text:
        if isinstance(e.exp, ex.Neg) and len(e.base.shape) == 2:  # A**-1 of a square matrix is its inverse.
            return self.div(ex.Div(ex.num(1), ex.Pow(e.base, e.exp.arg)))
        return f"{self.at(e.base, Level.ATOM)}**{self.at(e.exp, Level.ATOM)}", Level.POWER

    def transpose(self, e: ex.T) -> Text:
        inner, level = self.text(e.arg)
        # dL/dW.T would look like a derivative by a transpose.
        return (f"{inner}.T" if level == Level.ATOM and "/" not in inner.split("(")[0] else f"({inner}).T"), Level.ATOM

    def reshape(self, e: ex.Reshape) -> Text:
        """A change of shape as products with ones; a scalar next to arrays needs none."""
        before, after = e.arg.shape, e.to
        inner = self.at(e.arg, Level.POWER)
        if before == after:
            return self.text(e.arg)
        if e.regroups and len(after) == 1 and len(before) == 2:
            return f"vec({self.free(e.arg.arg if isinstance(e.arg, ex.T) else ex.T(e.arg))})", Level.ATOM
        if e.regroups and len(after) == 2 and all(str(d).isidentifier() for d in after):
            return f"{self.at(e.arg, Level.ATOM)}.reshape({', '.join(map(str, after))})", Level.ATOM
        if e.regroups:
            raise BacksymError(say("printing.plain_reshape", before=ex.show_shape(before), after=ex.show_shape(after)))
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
        raise BacksymError(say("printing.plain_reshape", before=ex.show_shape(before), after=ex.show_shape(after)))

    def slice(self, e: ex.Slice) -> Text:
        array, parts = ex.parts_of_axes(e)
        less = {axis: part.arg.shape[axis] in self.problem.from_zero for axis, part in parts.items()}
        ends = {axis: f"{part.first - less[axis]}:{part.last - less[axis]}" for axis, part in parts.items()}
        places = ",".join(ends.get(axis, ":") for axis in range(len(array.shape)))
        return f"{self.at(array, Level.ATOM)}[{places.removesuffix(',:')}]", Level.ATOM

    def concat(self, e: ex.Concat) -> Text:
        args = [self.free(arg) for arg in e.args]
        return f"concat({', '.join([*args, *([f'axis={e.axis}'] if e.axis else [])])})", Level.ATOM

    def index(self, ix: ex.Ix) -> str:
        return ex.counted(ix, self.problem.from_zero).letter

    # --- functions ---

    def fn(self, e: ex.Fn) -> Text:
        return f"{e.name}{chr(39) * e.order}({', '.join(map(self.free, e.args))})", Level.ATOM

    def cmp(self, e: ex.Cmp) -> Text:
        return f"[{self.free(e.a)} {e.op} {self.free(e.b)}]", Level.ATOM

    def reduce(self, e: ex.Reduce) -> Text:
        options = "" if e.axis is None else f", axis={e.axis}"
        options += ", keepdims=True" if e.keepdims else ""
        return f"{e.op}({self.free(e.arg)}{options})", Level.ATOM

    def index_reduce(self, e: ex.IndexReduce) -> Text:
        letters = ", ".join(self.index(ix) for ix in e.indices)
        return f"{e.op}({self.free(e.body)}, {letters})", Level.ATOM

    def pick(self, e: ex.Pick) -> Text:
        inner = self.free(e.arg)
        options = "" if e.axis is None else f", axis={e.axis}, keepdims=True"
        return f"[{inner} == {e.op}({inner}{options})]", Level.ATOM

    def index_pick(self, e: ex.IndexPick) -> Text:
        there = ex.with_indices(e.body, dict(zip(e.indices, e.at, strict=True)))
        letters = ", ".join(self.index(ix) for ix in e.indices)
        return f"[{self.free(there)} == {e.op}({self.free(e.body)}, {letters})]", Level.ATOM


def _spells(text: str, value: Fraction) -> bool:
    try:
        return Fraction(text) == value and not text.startswith(("+", "-"))
    except ValueError:
        return False


def _dim(dim: ex.Dim) -> str:
    return str(dim)


_RULES: dict[type[ex.Expr], Callable[[_Plain, Any], Text]] = {
    ex.Num: _Plain.num,
    ex.Const: _Plain.const,
    ex.Sym: _Plain.sym,
    ex.Started: _Plain.sym,
    ex.Adj: _Plain.adj,
    ex.Size: _Plain.size,
    ex.Ones: lambda p, e: p.array("ones", e.of) if e.of else ("1", Level.ATOM),
    ex.Zeros: lambda p, e: p.array("zeros", e.of) if e.of else ("0", Level.ATOM),
    ex.Eye: lambda p, e: p.array("eye", (e.dim,)),
    ex.Delta: _Plain.delta,
    ex.Labels: lambda p, e: (e.name, Level.ATOM),
    ex.OneHot: lambda p, e: (f"onehot({p.free(e.labels)})", Level.ATOM),
    ex.Add: _Plain.add,
    ex.Neg: _Plain.neg,
    ex.Mul: _Plain.mul,
    ex.Div: _Plain.div,
    ex.Pow: _Plain.pow,
    ex.MatMul: _Plain.matmul,
    ex.T: _Plain.transpose,
    ex.Reshape: _Plain.reshape,
    ex.Slice: _Plain.slice,
    ex.Concat: _Plain.concat,
    ex.Fn: _Plain.fn,
    ex.Cmp: _Plain.cmp,
    ex.Reduce: _Plain.reduce,
    ex.Pick: _Plain.pick,
    ex.Entry: _Plain.entry,
    ex.Member: _Plain.member,
    ex.IndexReduce: _Plain.index_reduce,
    ex.IndexPick: _Plain.index_pick,
    ex.Partial: _Plain.partial,
    ex.Total: _Plain.total,
}

"""Why a matrix equation is what it is: shapes, the operation that fits, the arrays written out, another form.

The equations here restate the two forms of a derivative or forward equation; ``alternative`` makes a further one, which
the tests evaluate.  This module must not know about output languages.
"""

from __future__ import annotations

from backsym.documents.blocks import Block, Equations, Paragraph, Row
from backsym.documents.markup import inlines_of
from backsym.documents.pictures import picture
from backsym.documents.sentences import catalogue
from backsym.expr import Add, Adj, Div, Equation, Expr, Fn, IndexReduce, MatMul, Mul, Neg, Ones, Sym, T, walk
from backsym.printing import layout as lay
from backsym.printing.latex import latex, to_latex
from backsym.printing.notation import Notation
from backsym.printing.printer import equation_layout, size_layout

PER_LINE = 3
"""Shapes on one line."""


def before_steps(equation: Equation, notation: Notation) -> list[Block]:
    """What is given: the shape of each array, and which operation takes them to the left side."""
    blocks: list[Block] = []
    named = (e for e in (equation.lhs, *walk(equation.rhs)) if isinstance(e, (Sym, Adj)))
    arrays = list(dict.fromkeys(e for e in named if e.shape))
    if arrays:
        shown = [rf"{latex(e, notation)} \in {_real(e, notation)}" for e in arrays]
        lines = [shown[n : n + PER_LINE] for n in range(0, len(shown), PER_LINE)]
        rows = tuple(Row("", r", \quad ".join(line)) for line in lines)
        blocks += [_phrase("shapes"), Equations(rows)]
    if equation.lhs.shape:
        blocks.append(_phrase(operation(equation.rhs)))
    return blocks


def after_steps(equation: Equation, notation: Notation) -> list[Block]:
    """The picture, the boxed result, and another way to write it where there is a useful one."""
    blocks: list[Block] = []
    drawn = picture(equation, notation)
    if drawn is not None:
        blocks += [_phrase("picture"), Equations((Row("", to_latex(drawn)),))]
    boxed = lay.Boxed(equation_layout(equation, notation))
    return [*blocks, _phrase("result"), Equations((Row("", to_latex(boxed)),))]


def other_form(equation: Equation, notation: Notation) -> list[Block]:
    """Another way to write the equation, where there is a useful one."""
    other = alternative(equation)
    if other is None:
        return []
    return [_phrase("alternative"), Equations((Row(latex(other.lhs, notation), latex(other.rhs, notation)),))]


def operation(e: Expr) -> str:
    """The key of the sentence about the outermost operation on arrays."""
    if isinstance(e, Neg):
        return operation(e.arg)
    if isinstance(e, Mul):
        arrays = [a for a in e.args if a.shape]
        if len(arrays) == 1:
            inner = operation(arrays[0])
            return "scaled" if inner == "same" else inner
        return "hadamard"
    if isinstance(e, Div):
        return "quotient" if e.den.shape or operation(e.num) == "function" else operation(e.num)
    if isinstance(e, MatMul):
        if any(isinstance(a, Ones) or (isinstance(a, T) and isinstance(a.arg, Ones)) for a in e.args):
            return "ones" if len(e.args) == 2 and len(e.args[0].shape) == 1 else "product"
        outer = len(e.args) == 2 and len(e.args[0].shape) == 1 and isinstance(e.args[1], T)
        return "outer" if outer else "product"
    if isinstance(e, Add):
        kinds = [operation(a) for a in e.args if a.shape]
        return next((k for k in kinds if k not in ("same", "scaled", "ones")), "sum")
    if isinstance(e, Fn):
        return "function"
    if isinstance(e, IndexReduce):
        return "product"
    return "same"


def alternative(equation: Equation) -> Equation | None:
    """u * v entry by entry is diag(u) v, for two vectors."""
    e = equation.rhs
    if not isinstance(e, Mul) or len(e.args) != 2 or any(len(a.shape) != 1 for a in e.args):
        return None
    u, v = e.args
    return Equation(equation.lhs, MatMul((Fn("diag", (u,), 0, "diag"), v)))


def _real(e: Expr, notation: Notation) -> str:
    return rf"\mathbb{{R}}^{{{to_latex(size_layout(e.shape, notation))}}}"


def _phrase(key: str) -> Paragraph:
    return Paragraph(inlines_of(catalogue().phrase(f"document.vectorizing.{key}"), key))

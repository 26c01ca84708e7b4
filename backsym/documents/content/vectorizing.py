"""Why a matrix equation is what it is: shapes, the operation that fits, the arrays written out, another form.

The equations here restate the two forms of a derivative or forward equation; ``alternative`` makes a further one, which
the tests evaluate.  This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backsym.core.expr import (
    Add,
    Adj,
    Div,
    Entry,
    Equation,
    Expr,
    Fn,
    IndexReduce,
    MatMul,
    Mul,
    Neg,
    Ones,
    Sym,
    T,
    children,
)
from backsym.documents.content.blocks import Block, Equations, Paragraph, Row
from backsym.documents.content.pictures import picture
from backsym.documents.content.sentences import Voice
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.printer import equation_layout, size_layout

PER_LINE = 3
"""Shapes on one line."""


def before_steps(equation: Equation, voice: Voice) -> list[Block]:
    """What is given: the shape of each array, and which operation takes them to the left side."""
    blocks: list[Block] = []
    arrays = list(dict.fromkeys(e for e in (equation.lhs, *_arrays(equation.rhs)) if e.shape))
    if arrays:
        shown = [
            lay.row(
                voice.layout(e),
                lay.Op("in", "relation"),
                lay.Script(lay.Ident("R", "blackboard"), sup=size_layout(e.shape, voice.notation)),
            )
            for e in arrays
        ]
        blocks += [_say("shapes", voice), Equations(lines_of(shown, PER_LINE))]
    if equation.lhs.shape:
        blocks.append(_say(operation(equation.rhs), voice))
    return blocks


def after_steps(equation: Equation, entry: Equation | None, voice: Voice) -> list[Block]:
    """The picture or, where there is none, the given ``entry`` form as one of the array; and the boxed result."""
    blocks: list[Block] = []
    drawn = picture(equation, voice.notation)
    if drawn is not None:
        blocks += [_say("picture", voice), Equations((Row(None, drawn),))]
    elif entry is not None and isinstance(entry.lhs, Entry):
        whole = voice.layout(Entry(equation.rhs, entry.lhs.indices))
        blocks += [_say("entry", voice), Equations((Row(whole, voice.layout(entry.rhs)),))]
    boxed = lay.Boxed(equation_layout(equation, voice.notation))
    return [*blocks, _say("result", voice), Equations((Row(None, boxed),))]


def _arrays(e: Expr) -> Iterator[Expr]:
    """The named arrays, and those that a function makes of them as a factor of a product."""
    if isinstance(e, (Sym, Adj)):
        yield e
    for child in children(e):
        applied = isinstance(e, (Mul, MatMul)) and isinstance(child, Fn) and child.entrywise
        if applied and isinstance(child, Fn) and all(isinstance(arg, Sym) for arg in child.args):
            yield child
        else:
            yield from _arrays(child)


def other_form(equation: Equation, voice: Voice) -> list[Block]:
    """Another way to write the equation, where there is a useful one."""
    other = alternative(equation)
    if other is None:
        return []
    return [_say("alternative", voice), Equations((Row(voice.layout(other.lhs), voice.layout(other.rhs)),))]


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
        ones = [isinstance(a, Ones) or (isinstance(a, T) and isinstance(a.arg, Ones)) for a in e.args]
        if any(ones):
            repeated = len(e.args) == 2 and len(e.args[0].shape) == 1
            return "ones" if repeated else "sums" if ones.count(False) == 1 else "product"
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


def lines_of(formulas: Sequence[Layout], each: int) -> tuple[Row, ...]:
    """Formulas side by side, ``each`` of them on a line; a comma stands between two, also at the end of a line."""
    rows = []
    for start in range(0, len(formulas), each):
        items: list[Layout] = []
        for formula in formulas[start : start + each]:
            items.extend((lay.COMMA, lay.Space("quad"), formula) if items else (formula,))
        if start + each < len(formulas):
            items.append(lay.COMMA)
        rows.append(Row(None, lay.row(*items)))
    return tuple(rows)


def _say(key: str, voice: Voice) -> Paragraph:
    return voice.say(f"document.vectorizing.{key}")

"""Why a matrix equation is what it is: shapes, the operation that fits, the arrays written out, another form.

The equations here restate the two forms of a derivative or forward equation; ``alternative`` makes a further one, which
the tests evaluate.  This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backsym.core.expr import (
    Add,
    Div,
    Entry,
    Equation,
    Expr,
    Fn,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Ones,
    Sym,
    T,
    rebuild,
    walk,
)
from backsym.documents.content.blocks import Block, Equations, Inlines, Paragraph, Row
from backsym.documents.content.pictures import picture
from backsym.documents.content.sentences import Voice
from backsym.documents.writers.breaking import as_formula
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import index
from backsym.printing.printer import layout_of, number_meets, sized_layout


def before_steps(equation: Equation, voice: Voice) -> list[Block]:
    """Which operation takes the arrays to the left side."""
    return [_say(operation(equation.rhs), voice)] if equation.lhs.shape else []


def summed(asked: Equation) -> tuple[IndexReduce, Ix] | None:
    """The sum of products of two entries that a matrix product forms, and its letter, where the left side has a letter
    of each of the two, or of the one of them that is a matrix."""
    lhs = asked.lhs
    for e in walk(asked.rhs):
        if not isinstance(e, IndexReduce) or len(e.indices) != 1 or not isinstance(e.body, Mul):
            continue
        k, factors = e.indices[0], e.body.args
        rest = [tuple(ix for ix in f.indices if ix != k) for f in factors if isinstance(f, Entry) and k in f.indices]
        fits = len(rest) == len(factors) == 2 and sorted(map(len, rest)) in ([0, 1], [1, 1])
        if fits and isinstance(lhs, Entry) and {*rest[0], *rest[1]} == set(lhs.indices):
            return e, k
    return None


def product_idea(asked: Equation, voice: Voice) -> Inlines | None:
    """What becomes of the letters of a sum that is a matrix product."""
    found = summed(asked)
    if found is None or not isinstance(asked.lhs, Entry):
        return None
    letters = [index(ix, voice.notation) for ix in asked.lhs.indices]
    facts = dict(zip(("row", "column"), letters, strict=False), summed=index(found[1], voice.notation))
    return voice.catalogue.phrase(f"document.vectorizing.idea{'' if len(letters) == 2 else '_column'}", **facts)


def rows_and_columns(rows: tuple[Row, ...], asked: Equation, voice: Voice) -> tuple[Row, ...]:
    """The rows, where the sum that a matrix product forms has below its entries of which row and column they are."""
    found = summed(asked)
    if found is None or not isinstance(found[0].body, Mul):
        return rows
    braced: dict[str, Layout] = {}
    names: dict[Expr, Expr] = {}
    for factor in found[0].body.args:
        if isinstance(factor, Entry) and len(factor.indices) == 2:
            first = factor.indices[1] == found[1]
            letter = index(factor.indices[0 if first else 1], voice.notation)
            key = f"document.vectorizing.{'row' if first else 'column'}_of"
            apart = lay.Space("medium")
            below = as_formula(voice.catalogue.phrase(key, letter=letter, array=voice.layout(factor.base)))
            name = f"[{len(braced)}]"
            braced[name] = lay.Underbrace(voice.layout(factor), lay.row(apart, below, apart))
            names[factor] = Sym(name, ())

    def brace(e: Expr) -> Expr:
        return names[e] if e in names else rebuild(e, brace)

    notation = replace(voice.notation, symbols={**voice.notation.symbols, **braced})
    plain, marked = voice.layout(found[0]), layout_of(brace(found[0]), notation)
    return tuple(replace(each, lhs=marked) if each.lhs == plain and not each.again else each for each in rows)


def pictures(equation: Equation, entry: Equation | None, voice: Voice) -> list[Block]:
    """The arrays written out or, where they cannot be, the given ``entry`` form as one of the array."""
    drawn = picture(equation, voice.notation)
    if drawn is not None:
        return [_say("picture", voice), Equations((Row(None, drawn),))]
    if entry is not None and isinstance(entry.lhs, Entry):
        whole = voice.layout(Entry(equation.rhs, entry.lhs.indices))
        return [_say("entry", voice), Equations((Row(whole, voice.layout(entry.rhs)),))]
    return []


def for_every(asked: Equation, found: Expr, voice: Voice) -> Inlines:
    """The letters for all of which an entry of the array was found, if the steps end with it."""
    if not isinstance(asked.lhs, Entry) or not isinstance(found, Entry) or found.indices != asked.lhs.indices:
        return ()
    return voice.catalogue.listing([index(ix, voice.notation) for ix in asked.lhs.indices if not ix.fixed])


def boxed(equation: Equation, voice: Voice) -> Row:
    """The result in a box, with the shape of each array below it."""
    left, right = sized(equation, voice)
    return Row(None, lay.Boxed(lay.row(left, lay.EQUALS, right)))


def multiplies_arrays(e: Expr) -> bool:
    """Whether there is a product of arrays, or of a number with a row or a column, whose sizes have to fit."""
    if isinstance(e, Neg):
        return multiplies_arrays(e.arg)
    if isinstance(e, Add):
        return any(map(multiplies_arrays, e.args)) and all(arg.shape or not e.shape for arg in e.args)
    if not isinstance(e, (Mul, MatMul)):
        return False
    arrays = [arg for arg in e.args if arg.shape]
    if len(arrays) > 1:
        return True
    if arrays:
        return multiplies_arrays(arrays[0]) or number_meets(e.args)
    return sum(map(multiplies_arrays, e.args)) == 1


def sized(equation: Equation, voice: Voice) -> tuple[Layout, Layout]:
    """Both sides with the shape of each array below it, in the colours of what is passed back and what is local."""
    return sized_layout(equation.lhs, voice.notation), sized_layout(equation.rhs, voice.notation)


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

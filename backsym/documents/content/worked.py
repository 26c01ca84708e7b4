"""The numeric worked example: a problem whose given quantities have values, computed through and back.

Values are computed in double precision from the author's own equations and shown with four significant digits.  This
module must not know about output languages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from backsym.core.expr import Adj, Entry, Equation, Expr, Member, Num, Sym, rebuild, walk
from backsym.documents.content.blocks import Block, Equations, Inlines, Math, Row, Table, Text
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import Solved
from backsym.numeric.given import point, told
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.printer import layout_of
from backsym.printing.unicode import to_unicode

if TYPE_CHECKING:
    from backsym.numeric.context import Env

DIGITS = 4
"""Significant digits that are shown."""

LARGEST = 6
"""An array with more rows or columns than this stands in no formula."""


EXACT = 12
"""Significant digits of values that are given, which are not to be rounded."""


def worked_example(solved: Solved, voice: Voice, above: Iterable[Block] = ()) -> list[Block]:
    """The forward and the backward pass with the numbers put in, and all values in a table.

    What parts have computed stands ``above`` and is not said again.  Raises BacksymError where a given quantity has no
    value, or a function has no formula.
    """
    env = point(solved.problem, solved.derivations)
    said = {(row.lhs, row.rhs) for block in above if isinstance(block, Equations) for row in block.rows}
    through = [f.matrix or f.entry for f in solved.forward]
    back = [d.matrix or d.entry for d in solved.derivations if d.node != solved.problem.loss]
    blocks: list[Block] = []
    for way, equations in (("forward", through), ("backward", back)):
        rows = (numbers_row(equation, env, voice) for equation in equations)
        left = tuple(row for row in rows if (row.lhs, row.rhs) not in said)
        key = f"document.numbers_{way}" if blocks or way == "forward" else "document.numbers_backward_alone"
        blocks += [voice.say(key), Equations(left)] if left else []
    return [*blocks, voice.say("document.numbers_table"), _table(solved, env, voice)]


def numbers_row(equation: Equation, env: Env, voice: Voice) -> Row:
    """The equation, the numbers in place of its names, and the value: ``z = w x + b = 2 * 1 + 3 = 5``."""
    import numpy as np

    whole = _whole(equation, env)
    formula = voice.layout(equation.rhs)
    base = equation.lhs.base if isinstance(equation.lhs, (Entry, Member)) else equation.lhs
    value = told(base, env)
    shown, exact = value_layout(value, voice)
    relation = lay.EQUALS if exact else lay.Op("approx", "relation")
    parts: list[Layout] = [formula]
    put_in = substituted(equation.rhs, env, voice) if whole and np.size(value) else None
    if put_in is not None and to_unicode(put_in[0]) != to_unicode(shown):
        parts += [lay.EQUALS if put_in[1] else lay.Op("approx", "relation"), put_in[0]]
        relation = relation if put_in[1] or not exact else lay.Op("approx", "relation")
    if formula != shown:
        parts += [relation, shown]
    return Row(voice.layout(equation.lhs), lay.row(*parts))


def _whole(equation: Equation, env: Env) -> bool:
    """Whether numbers can stand in place of the names: no entries, and no array too large to be written out."""
    import numpy as np

    from backsym.numeric.evaluate import evaluate

    for e in walk(equation.rhs):
        if isinstance(e, (Entry, Member)):
            return False
        if isinstance(e, (Sym, Adj)) and any(n > LARGEST for n in np.shape(evaluate(e, env))):
            return False
    return True


def substituted(e: Expr, env: Env, voice: Voice) -> tuple[Layout, bool]:
    """The expression with values in place of names, and whether all of them are shown without rounding."""
    from backsym.numeric.evaluate import evaluate

    symbols = dict(voice.notation.symbols)
    exact = True

    def put(x: Expr) -> Expr:
        nonlocal exact
        if not isinstance(x, (Sym, Adj)):
            return rebuild(x, put)
        value = evaluate(x, env)
        layout, same = value_layout(value, voice)
        exact = exact and same
        if value.size == 1 and not x.shape:
            return _number(float(value.reshape(())))
        key = f"{'d ' if isinstance(x, Adj) else ''}{x.name}"
        symbols[key] = layout
        return Sym(key, x.shape)

    filled = put(e)
    return layout_of(filled, replace(voice.notation, symbols=symbols)), exact


def _number(value: float, digits: int = DIGITS) -> Num:
    text = _digits(value, digits)[0]
    return Num(Fraction(text), text.lstrip("-"))


def _digits(value: float, digits: int = DIGITS) -> tuple[str, bool]:
    """A number in decimal digits, or with an exponent where it is very large or small; and whether it is exact."""
    text = f"{value:.{digits}g}"
    if "e" not in text:
        text = text.rstrip("0").rstrip(".") if "." in text else text
    text = "0" if float(text) == 0 else text
    return text, math.isclose(float(text), value, rel_tol=1e-12)


def value_layout(value: Any, voice: Voice, digits: int = DIGITS) -> tuple[Layout, bool]:
    """A value as a number, a column, a matrix or a list of such, and whether no digit of it was rounded."""
    import numpy as np

    if np.ndim(value) > 2 or getattr(value, "dtype", np.dtype(float)).hasobject:
        members = [value_layout(member, voice, digits) for member in value]
        listed = lay.separated(tuple(layout for layout, _ in members))
        return lay.Fenced("paren", listed, stretchy=True), all(same for _, same in members)

    def number(x: float) -> Layout:
        return layout_of(_number(x, digits), voice.notation)

    array = np.asarray(value, dtype=float)
    exact = all(_digits(float(x), digits)[1] for x in array.flat)
    if array.ndim == 0:
        return number(float(array)), exact
    rows = array.reshape(-1, 1) if array.ndim == 1 else array
    columns = [
        _at_points([number(float(x)) for x in column], [_digits(float(x), digits)[0] for x in column])
        for column in rows.T
    ]
    return lay.Matrix(tuple(zip(*columns, strict=True))), exact


def _at_points(numbers: list[Layout], texts: list[str]) -> list[Layout]:
    """The numbers of a column with their decimal points below each other, as long as none has an exponent.

    Each is as wide as the widest on both sides of the point; what it lacks is empty room.
    """
    if any("e" in text for text in texts):
        return numbers
    negative = [text.startswith("-") for text in texts]
    parts = [text.lstrip("-").split(".") for text in texts]
    whole = max((len(digits) for digits, *_ in parts), default=0)
    rest = max((sum(len(digits) + 1 for digits in others) for _, *others in parts), default=0)
    found: list[Layout] = []
    for layout, below, (before, *others) in zip(numbers, negative, parts, strict=True):
        room = "0" * (whole - len(before))
        behind = "0" * (rest - len(others[0]) - 1) if others else "." + "0" * (rest - 1) if rest else ""
        found.append(
            lay.tight(
                *([lay.Phantom(lay.MINUS)] if any(negative) and not below else []),
                *([lay.Phantom(lay.Number(room))] if room else []),
                layout,
                *([lay.Phantom(lay.Number(behind))] if behind else []),
            )
        )
    return found


def _table(solved: Solved, env: Env, voice: Voice) -> Table:
    """Every quantity with its value and the derivative of the loss by it."""
    words = voice.catalogue
    head: tuple[Inlines, ...] = tuple(
        words.phrase(f"document.columns.{key}") for key in ("quantity", "value", "derivative")
    )
    rows = []
    for name in solved.problem.symbols:
        if name not in env.values:
            continue
        derivative: Inlines = (Text("–"),)
        value = solved.problem.on_page(name, told(solved.problem.sym(name), env))
        if name in env.adjoints:
            derivative = (_in_cell(told(Adj(name, solved.problem.symbols[name].shape), env), voice),)
        rows.append(((Math(voice.quantity(name)),), (_in_cell(value, voice),), derivative))
    return Table(head, tuple(rows))


def _in_cell(value: Any, voice: Voice) -> Math:
    """A value in a cell of a table, an array in full size."""
    layout = value_layout(value, voice)[0]
    return Math(lay.Sized("display", layout) if isinstance(layout, (lay.Matrix, lay.Fenced)) else layout)

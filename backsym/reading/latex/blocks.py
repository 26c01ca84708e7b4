r"""Blocks, ``\begin{bmatrix} \mathbf{h} \\ \mathbf{x} \end{bmatrix}``, and parts of arrays, ``\mathbf{z}_{1:H}``.

Rows are put below each other and cells side by side.  Knows the grammar of formulas through the reader that is handed
in; resolves nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from backsym.core.words import say
from backsym.reading.latex.cursor import Cursor
from backsym.reading.syntax import Node


def blocks(cursor: Cursor, expression: Callable[[], Node]) -> Node:
    """The array of blocks that begins here."""
    opening = cursor.take()
    cursor.enter(opening)
    rows: list[list[Node]] = []
    while not cursor.at("}blocks"):
        rows.append([expression()])
        while cursor.took("cases&"):
            rows[-1].append(expression())
        if not cursor.took("cases;"):
            break
    cursor.leave()
    if cursor.token.kind in ("end", "row"):
        raise cursor.error(say("latex.blocks_never_closed"), opening)
    if not cursor.at("}blocks") or not rows:
        raise cursor.unexpected(say("latex.sought.cell_or_row"))
    cursor.take()
    one = cursor.make("num", "1", (), opening.start)
    beside = cursor.make("keyword", "axis", (one,), opening.start)
    lines = [cursor.make("call", "concat", (*row, beside), opening.start) if len(row) > 1 else row[0] for row in rows]
    return cursor.make("call", "concat", tuple(lines), opening.start) if len(lines) > 1 else lines[0]


def is_range(cursor: Cursor) -> bool:
    """Whether a colon stands between its two ends in this part of a subscript."""
    end = cursor.position
    while cursor.tokens[end].text not in (",", "}") and cursor.tokens[end].kind != "end":
        end += 1
    return any(token.text == ":" for token in cursor.tokens[cursor.position + 1 : end - 1])


def axis(cursor: Cursor, name: Callable[[], Node]) -> Node:
    """``1:H``; ``name`` reads a number or a dimension."""
    start = cursor.token.start
    first = _end(cursor, name)
    if not cursor.took(":"):
        raise cursor.unexpected(":")
    return cursor.make("slice", "ends", (first, _end(cursor, name)), start)


def _end(cursor: Cursor, name: Callable[[], Node]) -> Node:
    """A sum of multiples of dimensions: ``2H + 1``."""
    start = cursor.token.start
    terms: list[Node] = []
    while not cursor.at(":", ",", "}") or not terms:
        sign, first = ("-" if cursor.at("-") else ""), cursor.token.start
        cursor.took("+", "-")
        factors: list[Node] = []
        while not cursor.at("+", "-", ":", ",", "}") or not factors:
            cursor.took("*", "cdot")
            factors.append(name())
        product = factors[0] if len(factors) == 1 else cursor.make("mul", "", tuple(factors), first)
        terms.append(cursor.make("neg", "", (product,), first) if sign else product)
    return terms[0] if len(terms) == 1 else cursor.make("add", "", tuple(terms), start)

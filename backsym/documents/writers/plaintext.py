"""Equations as plain text: for what a screen reader says of a formula.

This module must not know about problems or output languages.
"""

from __future__ import annotations

from backsym.documents.content.blocks import Row
from backsym.documents.content.markup import inlines_plain
from backsym.printing.unicode import to_unicode


def row_text(row: Row) -> str:
    """``lhs = rhs, k = 1, ..., D``, and why."""
    text = to_unicode(row.right)
    if row.lhs is not None:
        text = f"= {text}" if row.again else f"{to_unicode(row.lhs)} = {text}"
    text = text if row.tail is None else f"{text}, {to_unicode(row.tail)}"
    return f"{text} {inlines_plain(row.reason)}" if row.reason else text


def equations_text(rows: tuple[Row, ...]) -> str:
    """The rows of a display, one after another."""
    return "; ".join(row_text(row) for row in rows)

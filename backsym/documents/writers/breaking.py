"""Displayed equations that are wider than the page: where the left side ends a line of its own.

This module must not know about output languages.
"""

from __future__ import annotations

from dataclasses import replace

from backsym.documents.content.blocks import Row
from backsym.printing import layout as lay
from backsym.printing.measure import broken, width

EQUALS = 1.4
"""The width of a sign of equality with the space around it, in em."""

HANGING = 1.5
"""How far the second line of a formula is set in, in em."""


def fitted(rows: tuple[Row, ...], room: float) -> tuple[Row, ...]:
    """The rows as they are to be set in lines of ``room`` em.

    A row is broken after its equals sign, where its left side leaves room for that.  Where it does not, a row that
    stands alone becomes one formula, which is broken before the equals sign as well.
    """
    if len(rows) != 1 or rows[0].lhs is None:
        return rows
    r = rows[0]
    assert r.lhs is not None
    rest = room - width(r.lhs) - EQUALS
    if all(width(line) <= rest for line in broken(r.rhs, rest, rest - HANGING)):
        return rows
    return (replace(r, lhs=None, rhs=lay.row(r.lhs, lay.EQUALS, r.rhs)),)

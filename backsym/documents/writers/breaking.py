"""Displayed equations that are wider than the page, and where the remarks beside them stand.

This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from backsym.documents.content.blocks import Break, Inline, Inlines, Math, Ref, Row, Table, Text
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.measure import broken, width, width_in_line

Line = TypeVar("Line")

EQUALS = 1.4
"""The width of a sign of equality with the space around it, in em."""

HANGING = 1.5
"""How far the second line of a formula is set in, in em."""


WIDEST = (12.0, 6.0, 3.0, 0.0)
"""Left sides that are wider, in em, are not aligned with those of other rows, which they would push off the page.

The first of these with which all rows fit is taken.
"""


def fitted(rows: tuple[Row, ...], room: float) -> tuple[Row, ...]:
    """The rows as they are to be set in lines of ``room`` em.

    A row is broken after its equals sign, where the left sides leave room for that.  Where they do not, it becomes one
    formula, which is broken before the equals sign as well.
    """
    found = rows
    for widest in WIDEST if len(rows) > 1 else (room, 0.0):
        sides = [width(r.lhs) for r in rows if r.lhs is not None]
        rest = room - max((side for side in sides if side <= widest), default=0.0)
        found = tuple(_fitted(r, widest, rest) for r in rows)
        if all(_fits(r, rest) for r in found):
            return found
    return found


def _fits(r: Row, rest: float) -> bool:
    """Whether the lines of a row fit beside left sides that leave it so much room."""
    rest -= EQUALS if r.lhs is not None else 0.0
    return all(width(line) <= rest for line in broken(r.right, rest, rest - HANGING))


def _fitted(r: Row, widest: float, rest: float) -> Row:
    if r.lhs is None or (width(r.lhs) <= widest and _fits(r, rest)):
        return r
    whole = lay.row(lay.EQUALS, r.right) if r.again else lay.row(r.lhs, lay.EQUALS, r.right)
    return replace(r, lhs=None, rhs=whole, via=(), again=False)


# --- several on a line ---------------------------------------------------------------------------------------------

MOST = 4
"""Equations that share a line."""

BETWEEN = 2.0
"""The space between two of them, in em."""


def side_by_side(rows: tuple[Row, ...], room: float) -> list[tuple[Row, ...]]:
    """The rows in lines of several, in columns as wide as the widest, as many as fit the room."""
    for count in range(min(MOST, len(rows)), 1, -1):
        columns = [max(map(row_width, rows[n::count])) for n in range(count)]
        if sum(columns) + (count - 1) * BETWEEN <= room:
            return [rows[n : n + count] for n in range(0, len(rows), count)]
    return [(row,) for row in rows]


def row_width(r: Row) -> float:
    """The width of a row on one line, with its range and its remark, in em."""
    tail = 0.0 if r.tail is None else BEFORE_RANGE + width(r.tail)
    left = 0.0 if r.lhs is None else width(r.lhs) + EQUALS
    return left + width(r.right) + tail + remark_width(r.reason)


# --- tables ----------------------------------------------------------------------------------------------------------

PAGE = 40.0
"""The width of a table on a page, whatever its language, in em."""

CELL = 1.2
"""The space around what a cell holds, in em."""

SHARES = (0.45, 0.55, 0.4, 0.6, 0.35, 0.65)
"""What one of two narrowed columns may have of the room of both, besides the half of it, tried in this order."""

IN_CELL = 1.0
"""How far the second line of a formula in a cell is set in, in em."""

LOOSE = 1.03
"""A table of single formulas is as wide as the text, of which a room is less by so much, before it is narrowed."""

SLACK = 0.5
"""By how much a formula in a narrow column may be wider than measured, in em, with the comma behind it."""


def narrowed(table: Table, room: float) -> tuple[Table, tuple[float | None, ...]]:
    """The table as it fits a page, and the widths of the columns that had to be narrowed, in em.

    A column keeps its width if that is at most a fair share of what those before it, from the narrowest on, leave; two
    that do not have equal shares, or others with which the table has fewer lines.  Formulas that are wider than their
    column become several, between which a line may end.
    """
    count = len(table.head)
    lines = (table.head, *table.rows)
    natural = [max(width_in_line(as_formula(cells[n])) for cells in lines) for n in range(count)]
    widths: list[float | None] = [None] * count
    parted = any(isinstance(item, Break) for cells in table.rows for cell in cells for item in cell)
    if not parted and sum(natural) + count * CELL <= LOOSE * room:
        return table, tuple(widths)
    left = room - count * CELL
    for place, n in enumerate(sorted(range(count), key=natural.__getitem__)):
        share = left / (count - place)
        widths[n] = None if natural[n] <= share else share
        left -= min(natural[n], share)
    narrow = [n for n, most in enumerate(widths) if most is not None]
    found = _in_columns(table, widths)
    if len(narrow) == 2:
        both, (one, other) = sum(most for most in widths if most is not None), narrow
        for part in SHARES:
            shares = list(widths)
            shares[one], shares[other] = part * both, (1 - part) * both
            tried = _in_columns(table, shares)
            if (_beyond(tried, shares), _height(tried)) < (_beyond(found, widths), _height(found)):
                found, widths = tried, shares
    return found, tuple(widths)


def in_letters(table: Table, room: float, size: float) -> tuple[Table, tuple[float | None, ...], bool]:
    """The table as it fits a page, the widths of narrowed columns, and whether its letters are small, of a ``size``.

    They are where that keeps all formulas from being broken.  All widths are in em of the table's own letters.
    """
    found, widths = narrowed(table, room)
    broken_here = _formulas_broken(found)
    # A formula that fills a wide column may be longer than measured by more than the slack.
    smaller, others = narrowed(table, room / size / LOOSE) if broken_here else (found, widths)
    small = broken_here and not _formulas_broken(smaller)
    return (smaller, others, True) if small else (found, widths, False)


def _formulas_broken(table: Table) -> bool:
    """Whether a line begins within a formula."""
    items = (item for cells in table.rows for cell in cells for item in cell if isinstance(item, Math))
    rows = (item.layout.items for item in items if isinstance(item.layout, lay.Row))
    return any(parts[:1] == (_INDENT,) for parts in rows)


_INDENT = lay.Space("quad")


def lines_of_table(table: Table) -> int:
    """In how many lines a table is set on a page."""
    return _height(narrowed(table, PAGE)[0])


def _in_columns(table: Table, widths: Sequence[float | None]) -> Table:
    rows = tuple(tuple(_narrowed(cell, most) for cell, most in zip(cells, widths, strict=True)) for cells in table.rows)
    return Table(table.head, rows)


def _beyond(table: Table, widths: Sequence[float | None]) -> float:
    """By how much formulas stick out of narrowed columns."""
    columns = ((cells[n], most) for n, most in enumerate(widths) if most is not None for cells in table.rows)
    maths = ((item, most) for cell, most in columns for item in cell if isinstance(item, Math))
    return sum(max(width_in_line(item.layout) - (most - SLACK), 0.0) for item, most in maths)


def _height(table: Table) -> int:
    """The number of lines of all rows."""
    return sum(max(sum(isinstance(item, Break) for item in cell) + 1 for cell in cells) for cells in table.rows)


def _narrowed(cell: Inlines, most: float | None) -> Inlines:
    """The cell in lines of at most ``most`` em, with as many equations on each as it has room for."""
    if most is None:
        return tuple(Text(" ") if isinstance(item, Break) else item for item in cell)
    line: Inlines = ()
    out: list[Inline] = []
    for equation in _equations(cell):
        longer = (*line, Text(" "), *equation) if line else equation
        if width_in_line(as_formula(longer)) <= most - SLACK:
            out += longer[len(line) :]
            line = longer
            continue
        out += [Break()] * bool(out)
        for item in equation:
            room = most - SLACK
            lines = broken(item.layout, room, room - IN_CELL, width_in_line) if isinstance(item, Math) else []
            for n, part in enumerate(lines):
                # Behind the empty word a sign has the space that it has between two terms.
                out += [Break(), Math(lay.row(_INDENT, lay.Ident("", "roman"), part))] if n else [Math(part)]
            out += [] if lines else [item]
        line = equation
    return tuple(out)


def _equations(cell: Inlines) -> list[Inlines]:
    """What stands between the places where a line may end."""
    found: list[list[Inline]] = [[]]
    for item in cell:
        if isinstance(item, Break):
            found.append([])
        else:
            found[-1].append(item)
    return [tuple(equation) for equation in found]


# --- remarks ---------------------------------------------------------------------------------------------------------

REMARK = 0.85
"""The size of a remark beside a formula, compared with the formula."""

ROUNDING = 1.0
"""What the width of a line of remarks may be off, in em."""

GAP = 1.6
"""The space before a remark, in em."""


def as_formula(content: Inlines, *, linked: bool = True) -> Layout:
    """Words and formulas in one formula; numbers of results are links if the output language has them there."""
    return lay.row(*(_in_formula(item, linked=linked) for item in content))


def _in_formula(item: Inline, *, linked: bool) -> Layout:
    if isinstance(item, Math):
        return item.layout
    if isinstance(item, Break):
        return lay.Space("word")
    word = lay.Ident(item.text, "roman")
    return lay.Linked(word, item.target, item.here) if isinstance(item, Ref) and linked else word


def remark_lines(content: Inlines, room: float) -> tuple[Layout, ...]:
    """A remark on lines of its own, broken after clauses; one that is wider than a line, as a formula is."""
    room = (room - ROUNDING) / REMARK
    lines: list[Inlines] = []
    for clause in _clauses(content):
        longer = (*lines[-1], *clause) if lines else clause
        if lines and width_in_line(as_formula(longer)) <= room:
            lines[-1] = longer
        else:
            lines.append(clause)
    return tuple(part for line in lines for part in broken(as_formula(line), room, room, width_in_line))


def _clauses(content: Inlines) -> list[Inlines]:
    """What stands between semicolons."""
    found: list[list[Inline]] = [[]]
    for item in content:
        if not isinstance(item, Text):
            found[-1].append(item)
            continue
        *ended, rest = item.text.split("; ")
        for words in ended:
            found[-1].append(replace(item, text=f"{words}; "))
            found.append([])
        found[-1] += [replace(item, text=rest)] if rest else []
    return [tuple(clause) for clause in found if clause]


TOGETHER = 3
"""A row of so many lines, besides its remark, is on one page."""


def together(lines: Sequence[Line], remark: Sequence[Line] = ()) -> list[list[Line]]:
    """The lines of a row, and those of its remark, in groups that no end of a page parts."""
    if len(lines) <= TOGETHER:
        return [[*lines, *remark]]
    return [*([line] for line in lines[:-1]), [lines[-1], *remark]]


def remark_width(content: Inlines) -> float:
    """How much room a remark takes, with the space before it."""
    return GAP + REMARK * width_in_line(as_formula(content)) if content else 0.0


def number_width(content: Inlines) -> float:
    """How much room a number of a result takes that has no remark before it; it is on no line alone."""
    return remark_width(content) if len(content) == 1 and isinstance(content[0], Ref) else 0.0


def in_column(rows: Sequence[tuple[Row, float]], reach: float, room: float) -> bool:
    """Whether remarks stand in a column beside the rows, of which the longest ends at ``reach``.

    Each row is given with where it ends itself.  What would have room there has it in the column, too; what has not
    stands on a line of its own either way.
    """
    remarks = [(r.reason, end) for r, end in rows if r.reason]
    fit = [fits_beside(reason, reach, room) for reason, _ in remarks]
    alone = [not fits_beside(reason, end, room) for reason, end in remarks]
    return any(fit) and all(one or other for one, other in zip(fit, alone, strict=True))


def reach_of(rows: Iterable[tuple[Sequence[object], float]], room: float) -> float:
    """Where the longest row ends, each given by its lines and where the last one ends; a broken one fills the room."""
    return max(room if len(lines) > 1 else end for lines, end in rows)


def fits_beside(reason: Inlines, reach: float, room: float) -> bool:
    """Whether a remark fits beside what ends at ``reach``."""
    return reach + remark_width(reason) <= room


# --- ranges ----------------------------------------------------------------------------------------------------------

BEFORE_RANGE = 1.5
"""The space before a range, in em, with the comma."""


def range_column(rows: Iterable[Row], reach: float, room: float) -> float | None:
    """Where a column of the ranges of several rows ends, of which the longest ends at ``reach``; None without one."""
    ranges = [width(r.tail) for r in rows if r.tail is not None]
    end = reach + BEFORE_RANGE + max(ranges, default=0.0)
    return end if len(ranges) > 1 and end <= room else None

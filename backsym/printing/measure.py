"""How wide a formula is on paper, about, and where a long one can be broken.

Widths are in em of Computer Modern at text size, from the widths of its letters (TeX's cmmi10, cmr10 and cmbx10,
rounded to classes) and TeX's spaces around signs (The TeXbook, chapter 18).  This module must not know about any
output language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from backsym.printing import layout as lay
from backsym.printing.layout import Layout, Op, Row, untinted
from backsym.printing.signs import BIG_SIGNS, FENCES, is_greek

SCRIPT = 0.72
"""The size of a script relative to its base."""

_GAPS = {"binary": 0.46, "relation": 0.56, "punctuation": 0.17, "prefix": 0.0, "ordinary": 0.0}
_NARROW = frozenset("ijlft")
_WIDE = frozenset("mwMWw")
_SPACES = {
    "negative": -0.17, "thin": 0.17, "medium": 0.22, "thick": 0.28, "word": 0.33, "quad": 1.0, "qquad": 2.0,
}  # fmt: skip
_FENCES = {"paren": 0.8, "bracket": 0.6, "abs": 0.6}
_FENCE = 1.0
_LETTERS = {"bold": 0.72, "bold_italic": 0.75, "calligraphic": 0.72, "blackboard": 0.7, "roman_bold": 0.56}


@lay.kept
def width(layout: Layout) -> float:
    """The width in em; raises TypeError for an unknown node."""
    rule = _RULES.get(type(layout))
    if rule is None:
        raise TypeError(f"no width for the layout node {type(layout).__name__}")
    return rule(layout)


def _ident(node: lay.Ident) -> float:
    if is_greek(node.text) and not node.style.startswith(("roman", "operator")):
        return 0.6
    if node.style == "operator":
        return 0.5 * len(node.text) + 0.17
    if node.style != "italic":
        return _LETTERS.get(node.style, 0.5) * len(node.text)
    return sum(0.38 if c in _NARROW else 0.85 if c in _WIDE else 0.72 if c.isupper() else 0.53 for c in node.text)


def _number(node: lay.Number) -> float:
    return sum(0.28 if c == "." else 0.5 for c in node.text)


def _script(node: lay.Script) -> float:
    scripts = [SCRIPT * width(script) for script in (node.sub, node.sup) if script is not None]
    return width(node.base) + max(scripts) + 0.05


def _op(node: Op) -> float:
    sign = 0.28 if node.name in ("comma", "cdot") else 0.5 if node.name == "slash" else 0.78
    return sign + _GAPS[node.spacing]


def _frac(node: lay.Frac) -> float:
    return max(_in_fraction(node.num), _in_fraction(node.den)) + 0.24


def _in_fraction(layout: Layout) -> float:
    """The width where the limits of sums stand beside their signs, and not above and below them."""
    return width(layout) + sum(_beside(big) - _big(big) for big in _bigs(layout) if big.limits == "auto")


def _bigs(layout: Layout) -> Iterator[lay.Big]:
    if isinstance(layout, lay.Big):
        yield layout
    elif isinstance(layout, Row):
        for item in layout.items:
            yield from _bigs(item)
    elif isinstance(layout, (lay.Script, lay.Primed)):
        yield from _bigs(layout.base)
    elif isinstance(layout, (lay.Fenced, lay.Delimited, lay.Sqrt)):
        yield from _bigs(layout.body)


def _big(node: lay.Big) -> float:
    sign = 1.45 if node.op in BIG_SIGNS else 0.5 * len(node.op)
    return max(sign, _limits(node)) + 0.17


def _beside(node: lay.Big) -> float:
    sign = 1.06 if node.op in BIG_SIGNS else 0.5 * len(node.op)
    return sign + _limits(node) + 0.17


def _limits(node: lay.Big) -> float:
    return max((SCRIPT * width(limit) for limit in (node.lower, node.upper) if limit is not None), default=0.0)


def _stacked(node: lay.Stacked) -> float:
    marks = [SCRIPT * width(mark) for mark in (node.above, node.below) if mark is not None]
    return max([width(node.base), *marks]) + 0.3


def _table(node: lay.Matrix | lay.Cases | lay.Aligned) -> float:
    columns = max(len(cells) for cells in node.rows)
    widest = [max(width(cells[n]) for cells in node.rows if n < len(cells)) for n in range(columns)]
    return sum(widest) + (columns - 1) + 1.0


_RULES: dict[type[Layout], Callable[[Any], float]] = {
    lay.Row: lambda node: sum(width(item) for item in node.items),
    lay.Ident: _ident,
    lay.Number: _number,
    lay.Symbol: lambda node: 1.2 if node.name in ("dots", "cdots") else 0.3 if node.name == "prime" else 0.7,
    lay.Op: _op,
    lay.Frac: _frac,
    lay.Script: _script,
    lay.Primed: lambda node: width(node.base) + 0.28 * node.count,
    lay.Accent: lambda node: width(node.body),
    lay.Binom: lambda node: max(width(node.top), width(node.bottom)) + 1.2,
    lay.Delimited: lambda node: width(node.body) + 1.2,
    lay.Fenced: lambda node: width(node.body) + _FENCES.get(node.kind, _FENCE) + (0.7 if node.stretchy else 0.0),
    lay.Big: _big,
    lay.Sqrt: lambda node: width(node.body) + 0.9,
    lay.Matrix: _table,
    lay.Cases: _table,
    lay.Underbrace: lambda node: max(width(node.body), SCRIPT * width(node.label) if node.label else 0.0),
    lay.Stacked: _stacked,
    lay.Tinted: lambda node: width(node.body) + (0.17 if node.spaced else 0.0),
    lay.Linked: lambda node: width(node.body),
    lay.Boxed: lambda node: width(node.body) + 0.7,
    lay.Aligned: _table,
    lay.Gathered: lambda node: max(width(line) for line in node.lines),
    lay.Sized: lambda node: width(node.body),
    lay.Phantom: lambda node: width(node.body),
    lay.Space: lambda node: _SPACES[node.size],
    lay.Delimiter: lambda node: 0.6,
}


# --- breaking --------------------------------------------------------------------------------------------------------


def broken(layout: Layout, first: float, rest: float) -> list[Layout]:
    """The formula in lines, the first at most ``first`` em wide and the others ``rest``, as far as that can be had.

    It is broken before a relation or a sum's sign, else before another sign between factors, else inside parentheses,
    whose two halves then stand as signs of their own.
    """
    if width(layout) <= first:
        return [layout]
    lines = _broken(layout, first, rest)
    if all(width(line) <= rest for line in lines):
        return lines
    return _broken(untinted(layout), first, rest)  # What is tinted is not parted.


def _broken(layout: Layout, first: float, rest: float) -> list[Layout]:
    for pieces in (_cut(layout, ("relation",)), _cut(layout, ("relation", "binary")), _opened(layout)):
        lines = _packed(pieces, first, rest)
        if lines is not None:
            return lines
    return _packed(_opened(layout), first, rest, strict=False) or [layout]


def _packed(pieces: list[Layout], first: float, rest: float, strict: bool = True) -> list[Layout] | None:
    """Pieces joined to lines as long as they fit; None if one piece alone does not fit."""
    lines: list[list[Layout]] = [[]]
    used = 0.0
    for piece in pieces:
        room = first if len(lines) == 1 else rest
        size = width(piece)
        if lines[-1] and used + size > room:
            lines.append([])
            used, room = 0.0, rest
        if strict and size > room:
            return None
        lines[-1].append(piece)
        used += size
    return [lay.row(*line) for line in lines]


def _cut(layout: Layout, kinds: tuple[str, ...]) -> list[Layout]:
    """The pieces of a row, each beginning with a sign of one of these kinds of spacing."""
    if isinstance(layout, Row) and not layout.tight:
        return _pieces(layout.items, kinds)
    return [layout]


def _pieces(items: tuple[Layout, ...], kinds: tuple[str, ...]) -> list[Layout]:
    runs: list[list[Layout]] = [[]]
    for item in items:
        if isinstance(item, Op) and item.spacing in kinds and runs[-1]:
            runs.append([])
        runs[-1].append(item)
    return [Row(tuple(run)) if len(run) > 1 else run[0] for run in runs]


def _opened(layout: Layout) -> list[Layout]:
    """The pieces where parentheses that hold a sum are taken apart too."""
    return _pieces(tuple(_flat(layout)), ("relation", "binary"))


def _flat(layout: Layout) -> Iterator[Layout]:
    if isinstance(layout, Row) and not layout.tight:
        for item in layout.items:
            yield from _flat(item)
    elif isinstance(layout, lay.Fenced) and isinstance(layout.body, Row) and not layout.body.tight:
        left, right = FENCES[layout.kind]
        size = "Bigg" if layout.stretchy else "big"
        yield lay.Delimiter(left, size, "open")
        yield from _flat(layout.body)
        yield lay.Delimiter(right, size, "close")
    else:
        yield layout

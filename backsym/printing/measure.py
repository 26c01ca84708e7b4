"""How wide a formula is on paper, about, and where a long one can be broken.

Widths are in em of Computer Modern at text size, from the widths of its letters (TeX's cmmi10, cmr10 and cmbx10,
rounded to classes) and TeX's spaces around signs (The TeXbook, chapter 18).  This module must not know about any
output language.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
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
_LETTERS = {"bold_italic": 0.75, "calligraphic": 0.72, "blackboard": 0.7}


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
    if node.style.startswith("roman") or node.style == "bold":
        heavy = 1.15 if "bold" in node.style else 1.0
        return heavy * sum(map(_upright, node.text))
    if node.style != "italic":
        return _LETTERS.get(node.style, 0.5) * len(node.text)
    return sum(0.38 if c in _NARROW else 0.85 if c in _WIDE else 0.72 if c.isupper() else 0.53 for c in node.text)


def _upright(sign: str) -> float:
    wide = 0.3 if sign in _WIDE else 0.0
    return 0.3 if sign in _NARROW or sign in " ,;." else (0.73 if sign.isupper() else 0.49) + wide


def _number(node: lay.Number) -> float:
    return sum(0.28 if c in ".," else 0.5 for c in node.text)


def _script(node: lay.Script) -> float:
    scripts = [SCRIPT * width(script) for script in (node.sub, node.sup) if script is not None]
    return width(node.base) + max(scripts) + 0.05


def _op(node: Op) -> float:
    sign = 0.28 if node.name in ("comma", "cdot") else 0.5 if node.name == "slash" else 0.78
    return sign + _GAPS[node.spacing]


def _frac(node: lay.Frac) -> float:
    return max(width_in_line(node.num), width_in_line(node.den)) + 0.24


def width_in_line(layout: Layout) -> float:
    """The width in a line of text or in a fraction, where the limits of sums stand beside their signs."""
    return width(layout) + sum(_beside(big) - _big(big) for big in _bigs(layout) if big.limits == "auto")


@lay.kept
def _bigs(layout: Layout) -> tuple[lay.Big, ...]:
    if isinstance(layout, lay.Big):
        return (layout,)
    if isinstance(layout, Row):
        return tuple(chain.from_iterable(map(_bigs, layout.items)))
    if isinstance(layout, (lay.Script, lay.Primed)):
        return _bigs(layout.base)
    if isinstance(layout, (lay.Fenced, lay.Delimited, lay.Sqrt)):
        return _bigs(layout.body)
    return ()


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
    lay.Tinted: lambda node: width(node.body),
    lay.Linked: lambda node: width(node.body),
    lay.Boxed: lambda node: width(node.body) + 0.7,
    lay.Aligned: _table,
    lay.Gathered: lambda node: max(width(line) for line in node.lines),
    lay.Sized: lambda node: width(node.body),
    lay.Phantom: lambda node: width(node.body),
    lay.Space: lambda node: _SPACES[node.size],
    lay.Delimiter: lambda node: 0.8 if node.size in ("bigg", "Bigg") else 0.6,
}


# --- breaking --------------------------------------------------------------------------------------------------------

Measure = Callable[[Layout], float]

_TIMES = Op("cdot")
"""What a line begins with that goes on with a product."""

_HALF = lay.row(lay.Number("1"), Op("slash", "ordinary"), lay.Number("2"))


def broken(layout: Layout, first: float, rest: float, wide: Measure = width) -> list[Layout]:
    """The formula in lines, the first at most ``first`` em wide and the others ``rest``, as far as that can be had.

    It is broken before a relation or a sum's sign, else before another sign between factors, else between factors and
    inside what is too wide: parentheses, whose two halves then stand as signs of their own, quotients and roots.

    ``wide`` measures formulas.
    """
    if wide(layout) <= first:
        return [layout]
    lines = _broken(layout, first, rest, wide)
    if all(wide(line) <= rest for line in lines):
        return lines
    return _broken(untinted(layout), first, rest, wide)  # What is tinted is not parted.


def _broken(layout: Layout, first: float, rest: float, wide: Measure) -> list[Layout]:
    for kinds in (("relation",), ("relation", "binary")):
        pieces = _cut(layout, kinds)
        if wide(pieces[0]) <= first and all(wide(piece) <= rest for piece in pieces[1:]):
            return _packed(pieces, first, rest, wide)
    return _packed(_parted(layout, min(first, rest), wide), first, rest, wide)


def _packed(pieces: list[Layout], first: float, rest: float, wide: Measure) -> list[Layout]:
    """Pieces joined to lines as long as they fit; a line that goes on with a product says so."""
    lines: list[list[Layout]] = [[]]
    used = 0.0
    for piece in pieces:
        size = wide(piece)
        if lines[-1] and used + size > (first if len(lines) == 1 else rest):
            begin: list[Layout] = [] if _signed(piece) else [_TIMES]
            lines.append(begin)
            used = sum(map(wide, begin))
            piece = piece if not begin else _unspaced(piece)
        lines[-1].append(piece)
        used += size
    return [lay.row(*line) for line in lines]


def _cut(layout: Layout, kinds: tuple[str, ...]) -> list[Layout]:
    """The pieces of a row, each beginning with a sign of one of these kinds of spacing."""
    if isinstance(layout, Row) and not layout.tight:
        runs: list[list[Layout]] = [[]]
        for item in layout.items:
            if isinstance(item, Op) and item.spacing in kinds and runs[-1]:
                runs.append([])
            runs[-1].append(item)
        return [Row(tuple(run)) if len(run) > 1 else run[0] for run in runs]
    return [layout]


def _parted(layout: Layout, room: float, wide: Measure) -> list[Layout]:
    """Pieces that are at most so wide, each beginning with a sign or a factor, as far as that can be had."""
    out: list[Layout] = []
    for piece in _cut(layout, ("relation", "binary")):
        factors = _factors(piece) if wide(piece) > room else [piece]
        for factor in factors:
            opened = _opened(factor, wide) if wide(factor) > room else None
            out += _parted(opened, room, wide) if opened is not None else [factor]
    return out


def _factors(layout: Layout) -> list[Layout]:
    """The pieces of a product between which a closed parenthesis stands."""
    if not isinstance(layout, Row):
        return [layout]
    runs: list[list[Layout]] = [[]]
    for item in layout.items:
        after = [other for other in runs[-1] if not isinstance(other, lay.Space)]
        if after and _closes(after[-1]) and not isinstance(item, (Op, lay.Space, lay.Delimiter)):
            runs.append([])
        runs[-1].append(item)
    return [lay.tight(*run) if layout.tight else lay.row(*run) for run in runs]


def _closes(layout: Layout) -> bool:
    """Whether it ends with a closed parenthesis, after which a factor is one of its own."""
    if isinstance(layout, lay.Script):
        return _closes(layout.base)
    if isinstance(layout, Row):
        return _closes(layout.items[-1])
    return isinstance(layout, lay.Fenced) or (isinstance(layout, lay.Delimiter) and layout.side == "close")


def _signed(layout: Layout) -> bool:
    """Whether a piece begins with a sign, or with a factor in brackets, so that a line may begin with it."""
    first = layout.items[0] if isinstance(layout, Row) and layout.items else layout
    return isinstance(first, Op) or (isinstance(first, lay.Fenced) and first.kind == "bracket")


def _unspaced(layout: Layout) -> Layout:
    """Without the space that it begins with."""
    items = layout.items if isinstance(layout, Row) else ()
    return lay.row(*items[1:]) if items and isinstance(items[0], lay.Space) else layout


def _opened(layout: Layout, wide: Measure) -> Layout | None:
    """The same with its widest part taken apart that can be; None if none can."""
    if not isinstance(layout, Row):
        items = _inside(layout, alone=True)
        return None if items is None else Row(items)
    for n in sorted(range(len(layout.items)), key=lambda n: -wide(layout.items[n])):
        items = _inside(layout.items[n], alone=len(layout.items) == 1)
        if items is not None:
            return Row((*layout.items[:n], *items, *layout.items[n + 1 :]))
    return None


def _inside(layout: Layout, *, alone: bool) -> tuple[Layout, ...] | None:
    """What stands for a part that is taken apart: its content, between signs that can stand on different lines.

    A quotient that is not ``alone`` is one factor among others.
    """
    if isinstance(layout, Row):
        return layout.items
    if isinstance(layout, lay.Fenced):
        return _between(FENCES[layout.kind], layout.body, tall=layout.stretchy)
    if isinstance(layout, lay.Script):
        return _scripted(layout)
    if isinstance(layout, lay.Frac):
        quotient = lay.row(*_grouped(layout.num), Op("slash"), *_grouped(layout.den))
        return _items(quotient) if alone else _between(FENCES["bracket"], quotient, tall=lay.is_tall(quotient))
    if isinstance(layout, lay.Sqrt) and layout.degree is None:
        *items, end = _between(FENCES["paren"], layout.body, tall=lay.is_tall(layout.body))
        return (*items, lay.Script(end, sup=_HALF))
    if isinstance(layout, (lay.Underbrace, lay.Boxed, lay.Sized)):
        return _items(layout.body)
    return None


def _scripted(layout: lay.Script) -> tuple[Layout, ...] | None:
    """A power, or an entry, of what is taken apart."""
    items = _inside(layout.base, alone=False)
    return None if items is None else (*items[:-1], lay.Script(items[-1], layout.sub, layout.sup))


def _between(fence: tuple[str, str], body: Layout, *, tall: bool) -> tuple[Layout, ...]:
    size = "Bigg" if tall else "big"
    return lay.Delimiter(fence[0], size, "open"), *_items(body), lay.Delimiter(fence[1], size, "close")


def _grouped(layout: Layout) -> tuple[Layout, ...]:
    """The numerator or the denominator of a quotient on one line."""
    if isinstance(layout, (lay.Number, lay.Ident, lay.Fenced)):
        return (layout,)
    return _between(FENCES["paren"], layout, tall=lay.is_tall(layout))


def _items(layout: Layout) -> tuple[Layout, ...]:
    return layout.items if isinstance(layout, Row) and not layout.tight else (layout,)

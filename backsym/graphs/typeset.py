"""Labels measured and set: a layout becomes glyphs and rules at positions, for SVG and for the room that labels need.

Lengths are in em of the label's size, y grows downward from the baseline.  Widths are those of Computer Modern, which
is wider than most text fonts; each glyph is placed by its middle, so that another font shifts nothing.

This module must not know about graphs or output languages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.signs import DELIMITERS, FENCES, SIGNS, sign
from backsym.printing.unicode import letters

_SIZES = (1.0, 0.74, 0.58)
"""The sizes of text, of scripts and of scripts of scripts; the parts of a fraction count as scripts."""
_SPREAD = (1.0, 1.06, 1.17)
"""How much wider small letters are set; TeX has wider letters for small sizes, and the room must do for them."""


@dataclass(frozen=True)
class Size:
    """The size of an em at full size, and how far down in scripts one is."""

    full: float
    level: int = 0

    @property
    def em(self) -> float:
        return self.full * _SIZES[self.level]

    @property
    def spread(self) -> float:
        return _SPREAD[self.level]

    @property
    def smaller(self) -> Size:
        return Size(self.full, min(self.level + 1, len(_SIZES) - 1))


_ITALIC = (
    "a529b429c433d520e466f490g477h576i345j412k521l298m878n600o485p503q446r451s469t361u572v485w716x572y490z465"
    "A750B758C715D828E738F643G786H831I440J555K849L681M970N803O763P642Q791R759S613T584U683V583W944X828Y581Z683"
)
_ROMAN = (
    "a500b556c444d556e444f306g500h556i278j306k528l278m833n556o500p556q528r392s394t389u556v528w722x528y528z444"
    "A750B708C722D764E681F653G785H750I361J514K778L625M917N750O778P681Q778R736S556T722U750V750W1028X750Y750Z611"
)
_OPERATORS = frozenset(sign.char for sign in SIGNS.values() if sign.kind in ("binary", "relation"))
_DESCENDING = frozenset("gjpqyfQβγζημξρςφϕχψ,;()[]{}/|")
_SHORT = frozenset("aceimnorsuvwxzgpqyαγεϵηικμνοπρστυωχ")


def _table(text: str) -> dict[str, float]:
    starts = [at for at, sign in enumerate(text) if sign.isalpha()]
    ends = [*starts[1:], len(text)]
    return {text[a]: int(text[a + 1 : b]) / 1000 for a, b in zip(starts, ends, strict=True)}


_WIDTHS = {"italic": _table(_ITALIC), "roman": _table(_ROMAN)}
_BOLD = 1.15
_OTHER_WIDTHS = {
    "(": 0.39, ")": 0.39, "[": 0.28, "]": 0.28, ",": 0.28, ".": 0.28, "′": 0.28, "⋅": 0.28, "|": 0.28, "‖": 0.5,
    "-": 0.33, " ": 0.33, "\u2009": 0.17, "∂": 0.53, "∇": 0.83, "ℓ": 0.42, "ℒ": 0.69,
}  # fmt: skip


@dataclass(frozen=True)
class Glyphs:
    """Letters of one style: the middle of their baseline, their size and their width."""

    x: float
    y: float
    size: float
    style: str
    text: str
    width: float


@dataclass(frozen=True)
class Rule:
    """A horizontal line, as in a fraction or over a letter."""

    x1: float
    x2: float
    y: float


@dataclass(frozen=True)
class Box:
    """Something set: its extent from the left end of its baseline, and what is in it."""

    width: float
    height: float
    depth: float
    items: tuple[Glyphs | Rule, ...] = ()

    def moved(self, dx: float, dy: float) -> tuple[Glyphs | Rule, ...]:
        return tuple(_moved(item, dx, dy) for item in self.items)


def typeset(layout: Layout, em: float = 1.0) -> Box:
    """The layout set at a size, the length of an em; raises BacksymError for what no label of a graph holds."""
    return _set(layout, Size(em))


def _set(layout: Layout, size: Size) -> Box:
    rule = _RULES.get(type(layout))
    if rule is None:
        raise BacksymError(say("graphs.label", kind=type(layout).__name__))
    return rule(layout, size)


def _moved(item: Glyphs | Rule, dx: float, dy: float) -> Glyphs | Rule:
    if isinstance(item, Rule):
        return Rule(item.x1 + dx, item.x2 + dx, item.y + dy)
    return replace(item, x=item.x + dx, y=item.y + dy)


def _glyphs(text: str, style: str, size: Size) -> Box:
    width = sum(_width(sign, style) for sign in text) * size.em * size.spread
    short = all(sign in _SHORT for sign in text)
    depth = 0.21 if any(sign in _DESCENDING for sign in text) else 0.0
    item = Glyphs(width / 2, 0.0, size.em, style, text, width)
    return Box(width, (0.45 if short else 0.7) * size.em, depth * size.em, (item,))


def _width(sign: str, style: str) -> float:
    if sign in _OTHER_WIDTHS:
        return _OTHER_WIDTHS[sign]
    table = _WIDTHS["italic" if style in ("italic", "calligraphic") else "roman"]
    default = 0.5 if sign.isdecimal() else 0.78 if sign in _OPERATORS else 0.6
    return table.get(sign, default) * (_BOLD if style == "bold" else 1)


def _beside(boxes: list[Box], gaps: list[float]) -> Box:
    """Boxes in a row, with a gap before each."""
    x = 0.0
    items: list[Glyphs | Rule] = []
    for box, gap in zip(boxes, gaps, strict=True):
        x += gap
        items += box.moved(x, 0)
        x += box.width
    return Box(x, max((b.height for b in boxes), default=0), max((b.depth for b in boxes), default=0), tuple(items))


def _row(node: lay.Row, size: Size) -> Box:
    boxes = [_set(item, size) for item in node.items]
    gaps = [_gap(node, at) * size.em for at in range(len(boxes))]
    return _beside(boxes, gaps)


def _gap(node: lay.Row, at: int) -> float:
    """The space before an item, by the class of what stands beside it."""
    if at == 0 or node.tight:
        return 0.0
    before, item = node.items[at - 1], node.items[at]
    spacings = {neighbour.spacing for neighbour in (before, item) if isinstance(neighbour, lay.Op)}
    if "relation" in spacings:
        return 0.28
    if "binary" in spacings:
        return 0.22
    return 0.17 if isinstance(before, lay.Op) and before.spacing == "punctuation" else 0.0


def _script(node: lay.Script, size: Size) -> Box:
    base = _set(node.base, size)
    em, small = size.em, size.smaller
    x = base.width + 0.03 * em
    items = list(base.items)
    width, height, depth = base.width, base.height, base.depth
    if node.sup is not None:
        sup = _set(node.sup, small)
        rise = max((0.4 if node.sub is None else 0.48) * em, base.height - 0.32 * em)
        items += sup.moved(x, -rise)
        width, height = max(width, x + sup.width), max(height, rise + sup.height)
    if node.sub is not None:
        sub = _set(node.sub, small)
        drop = max(0.16 * em, sub.height - 0.36 * em)
        drop = max(drop, 0.27 * em) if node.sup is not None else drop
        items += sub.moved(x, drop)
        width, depth = max(width, x + sub.width), max(depth, drop + sub.depth)
    return Box(width + 0.05 * em, height, depth, tuple(items))


def _frac(node: lay.Frac, size: Size) -> Box:
    top, bottom = _set(node.num, size.smaller), _set(node.den, size.smaller)
    em = size.em
    width = max(top.width, bottom.width) + 0.3 * em
    axis, space = -0.25 * em, 0.12 * em
    up = -axis + space + top.depth
    down = axis + space + bottom.height
    items = (
        *top.moved((width - top.width) / 2, -up),
        Rule(0.08 * em, width - 0.08 * em, axis),
        *bottom.moved((width - bottom.width) / 2, down),
    )
    return Box(width, up + top.height, down + bottom.depth, items)


def _gathered(node: lay.Gathered, size: Size) -> Box:
    """Lines below each other, each in the middle, with some air above and below."""
    boxes = [_set(line, size) for line in node.lines]
    width = max(box.width for box in boxes)
    items: list[Glyphs | Rule] = []
    base = 0.0
    for n, box in enumerate(boxes):
        base += boxes[n - 1].depth + 0.6 * size.em + box.height if n else 0.0
        items += box.moved((width - box.width) / 2, base)
    air = 0.25 * size.em
    return Box(width, boxes[0].height + air, base + boxes[-1].depth + air, tuple(items))


def _fenced(node: lay.Fenced, size: Size) -> Box:
    left, right = (DELIMITERS[name].char for name in FENCES[node.kind])
    body = _set(node.body, size)
    return _beside([_glyphs(left, "roman", size), body, _glyphs(right, "roman", size)], [0, 0, 0])


def _accent(node: lay.Accent, size: Size) -> Box:
    if node.name == "underline":
        raise BacksymError(say("graphs.underlined"))
    body, em = _set(node.body, size), size.em
    top = body.height + 0.12 * em
    if node.name in ("bar", "overline"):
        return replace(body, height=top + 0.05 * em, items=(*body.items, Rule(0, body.width, -top)))
    if node.name == "vec":
        # A combining arrow needs a letter before it, without which browsers set it to the left.
        arrow = Glyphs(body.width / 2, -top + 0.08 * em, 0.6 * em, "roman", "→", 0.6 * em)
        return replace(body, height=top + 0.2 * em, items=(*body.items, arrow))
    mark = Glyphs(body.width / 2, -top + 0.45 * em, em, "roman", _MARKS[node.name], body.width)
    return replace(body, height=top + 0.25 * em, items=(*body.items, mark))


_MARKS = {"hat": "ˆ", "tilde": "˜", "dot": "˙", "ddot": "¨", "wide_hat": "ˆ", "wide_tilde": "˜"}
_SPACES = {
    "negative": -0.17, "thin": 0.17, "medium": 0.22, "thick": 0.28, "word": 0.33, "quad": 1.0, "qquad": 2.0,
}  # fmt: skip

_RULES: dict[type[Layout], Callable[[Any, Size], Box]] = {
    lay.Row: _row,
    lay.Ident: lambda node, size: _glyphs(letters(node), node.style, size),
    lay.Number: lambda node, size: _glyphs(node.text, "roman", size),
    lay.Symbol: lambda node, size: _glyphs(sign(node.name).char, "bold" if node.bold else "roman", size),
    lay.Op: lambda node, size: _glyphs(sign(node.name).char, "roman", size),
    lay.Frac: _frac,
    lay.Script: _script,
    lay.Primed: lambda node, size: _beside([_set(node.base, size), _glyphs("′" * node.count, "roman", size)], [0, 0]),
    lay.Accent: _accent,
    lay.Tinted: lambda node, size: _set(node.body, size),
    lay.Fenced: _fenced,
    lay.Gathered: _gathered,
    lay.Delimiter: lambda node, size: _glyphs(DELIMITERS[node.name].char, "roman", size),
    lay.Space: lambda node, size: Box(_SPACES[node.size] * size.em, 0, 0),
}

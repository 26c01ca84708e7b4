"""Layout -> one line of plain Unicode, for a terminal, for labels of diagrams and for alternative texts.

What stands above or below becomes linear: a fraction has a slash, a script small characters where Unicode has them.

This module must not know how an expression is laid out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.signs import BIG_SIGNS, BIG_WORDS, DELIMITERS, FENCES, greek, sign, styled

_SUPERSCRIPTS = dict(
    zip(
        "0123456789+−=()abcdefghijklmnoprstuvwxyzαβγδ′⊤T",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵅᵝᵞᵟ′ᵀᵀ",
        strict=True,
    )
)
_FEW = 5
"""More small letters than these are hard to read."""

_SUBSCRIPTS = dict(zip("0123456789+−=()aehijklmnoprstuvxβγρχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵪ", strict=True))
_MARKS = {
    "bar": "\u0304", "hat": "\u0302", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308",
    "wide_hat": "\u0302", "wide_tilde": "\u0303", "overline": "\u0305", "underline": "\u0332",
}  # fmt: skip
_LARGE_SCRIPT = re.compile(r"[_^](\{[^{}]*\}|\w)$")
"""A script that has no small characters: what follows must not look like a part of it."""
_SPACES = {"negative": "", "thin": " ", "medium": " ", "thick": " ", "word": " ", "quad": "  ", "qquad": "    "}


@lay.kept
def to_unicode(layout: Layout) -> str:
    """The layout in one line; raises TypeError for an unknown node."""
    rule = _RULES.get(type(layout))
    if rule is None:
        raise TypeError(f"no plain text for the layout node {type(layout).__name__}")
    return rule(layout)


def letters(node: lay.Ident) -> str:
    """The letters of a name; script and double-struck ones have characters of their own, bold ones need a font."""
    text = greek(node.text) if node.style not in ("roman", "operator") else None
    text = text or node.text
    if node.style in ("calligraphic", "blackboard", "fraktur"):
        return "".join(styled(char, node.style) for char in text)
    return text


def _row(node: lay.Row) -> str:
    out = ""
    for at, item in enumerate(node.items):
        text = to_unicode(item)
        spaced = isinstance(item, lay.Op) and item.spacing in ("binary", "relation") and not node.tight
        if spaced:
            out += f" {text} " if out else f"{text} "
        elif (
            at
            and not out.endswith(" ")
            and not text.startswith(" ")
            and (
                _apart(node.items[at - 1], item, tight=node.tight)
                or (_LARGE_SCRIPT.search(out) and text[:1].isalnum())
                or (at > 1 and not node.tight and _is_nabla(node.items[at - 2]) and not isinstance(item, lay.Op))
            )
        ):
            out += f" {text}"
        else:
            out += text
    return out.rstrip() if node.items and isinstance(node.items[-1], lay.Op) else out


def _apart(left: Layout, right: Layout, *, tight: bool) -> bool:
    """Whether a space is needed: after a comma, a word or a nabla with its index, and between larger factors."""
    if isinstance(left, lay.Op):
        return left.spacing == "punctuation" and not tight
    if isinstance(right, lay.Op):
        return False
    bracket = isinstance(lay.first(right), (lay.Fenced, lay.Delimiter, lay.Delimited))
    if lay.is_word(left) and not bracket:
        return True
    if isinstance(right, lay.Big) or lay.is_word(right) or isinstance(left, (lay.Big, lay.Frac)):
        return True
    return not tight and (_is_nabla(left) or isinstance(right, lay.Frac) or not _is_short(left) or not _is_short(right))


def _is_short(layout: Layout) -> bool:
    if isinstance(layout, lay.Script):
        return _is_short(layout.base)
    return isinstance(layout, (lay.Ident, lay.Number, lay.Symbol, lay.Fenced, lay.Delimiter, lay.Space))


def _is_nabla(layout: Layout) -> bool:
    return isinstance(layout, lay.Script) and layout.base == lay.Symbol("nabla")


def _scripts(base: str, sub: Layout | None, sup: Layout | None) -> str:
    if sub is not None:
        base += _small(to_unicode(sub), _SUBSCRIPTS, "_")
    return base if sup is None else base + _small(to_unicode(sup), _SUPERSCRIPTS, "^")


def _small(text: str, table: dict[str, str], mark: str) -> str:
    """The text in small characters where Unicode has them all and they are few, else after a mark."""
    tight = text.replace(" ", "")
    if 0 < len(tight) <= _FEW and all(char in table for char in tight):
        return "".join(table[char] for char in tight)
    fenced = len(text) > 1 and not (text.startswith("(") and text.endswith(")"))
    return f"{mark}{{{text}}}" if fenced else mark + text


def _part(layout: Layout) -> str:
    """A part of a fraction, in parentheses if it is more than a product."""
    text = to_unicode(layout)
    row = isinstance(layout, lay.Row) and any(isinstance(item, (lay.Op, lay.Big)) for item in layout.items)
    return f"({text})" if row or isinstance(layout, lay.Frac) else text


def _below(layout: Layout) -> str:
    """A denominator, in parentheses if it is a product: ``a/(2s)``, because a slash binds the next factor only."""
    product = isinstance(layout, lay.Row) and len(layout.items) > 1 and layout.items[0] != lay.Symbol("partial")
    return f"({to_unicode(layout)})" if product else _part(layout)


def _fenced(left: str, body: Layout, right: str) -> str:
    return DELIMITERS[left].char + to_unicode(body) + DELIMITERS[right].char


def _big(node: lay.Big) -> str:
    head = BIG_SIGNS[node.op][0] if node.op in BIG_SIGNS else BIG_WORDS.get(node.op, node.op).replace("\u2009", " ")
    return _scripts(head, node.lower, node.upper)


def _accent(node: lay.Accent) -> str:
    text = to_unicode(node.body)
    # The mark goes over the letter, not over its scripts.
    if node.name in ("overline", "underline", "wide_hat", "wide_tilde") and len(text) > 1:
        return "".join(char + _MARKS[node.name] for char in text)
    return text[:1] + _MARKS[node.name] + text[1:]


def _lines(rows: Sequence[Sequence[Layout]], between: str) -> str:
    return "; ".join(between.join(filter(None, map(to_unicode, cells))).strip() for cells in rows)


def _matrix(node: lay.Matrix) -> str:
    left, right = FENCES[node.fence] if node.fence != "none" else ("none", "none")
    return f"{DELIMITERS[left].char}{_lines(node.rows, ', ')}{DELIMITERS[right].char}"


def _underbrace(node: lay.Underbrace) -> str:
    text = to_unicode(node.body)
    return text if node.label is None else f"{text} (= {to_unicode(node.label)})"


def _stacked(node: lay.Stacked) -> str:
    return _scripts(to_unicode(node.base), node.below, node.above)


def _sqrt(node: lay.Sqrt) -> str:
    text = to_unicode(node.body)
    root = "√" if node.degree is None else _small(to_unicode(node.degree), _SUPERSCRIPTS, "^") + "√"
    return root + (text if len(text) == 1 else f"({text})")


_RULES: dict[type[Layout], Callable[[Any], str]] = {
    lay.Row: _row,
    lay.Ident: letters,
    lay.Number: lambda node: node.text,
    lay.Symbol: lambda node: sign(node.name).char,
    lay.Op: lambda node: sign(node.name).char,
    lay.Frac: lambda node: f"{_part(node.num)}/{_below(node.den)}",
    lay.Binom: lambda node: f"({to_unicode(node.top)} choose {to_unicode(node.bottom)})",
    lay.Script: lambda node: _scripts(to_unicode(node.base), node.sub, node.sup),
    lay.Primed: lambda node: to_unicode(node.base) + "′" * node.count,
    lay.Accent: _accent,
    lay.Fenced: lambda node: _fenced(FENCES[node.kind][0], node.body, FENCES[node.kind][1]),
    lay.Delimited: lambda node: _fenced(node.left, node.body, node.right),
    lay.Delimiter: lambda node: DELIMITERS[node.name].char,
    lay.Big: _big,
    lay.Sqrt: _sqrt,
    lay.Matrix: _matrix,
    lay.Cases: lambda node: "{ " + _lines(node.rows, "  "),
    lay.Underbrace: _underbrace,
    lay.Stacked: _stacked,
    lay.Boxed: lambda node: f"[{to_unicode(node.body)}]",
    lay.Aligned: lambda node: _lines(node.rows, " "),
    lay.Gathered: lambda node: "; ".join(map(to_unicode, node.lines)),
    lay.Sized: lambda node: to_unicode(node.body),
    lay.Phantom: lambda node: " " * len(to_unicode(node.body)),
    lay.Space: lambda node: _SPACES[node.size],
    lay.Tinted: lambda node: to_unicode(node.body),
    lay.Linked: lambda node: to_unicode(node.body),
}

r"""Layout -> Typst mathematics, without the dollar signs around it.

Signs and Greek letters are written as their characters.  What would end an argument or begin a shorthand is escaped,
so that the text means the same wherever it stands.  Delimiters that should not grow rely on the document's
``#set math.lr(size: 1em)``; without it Typst grows all of them.  Tested with Typst 0.14 and 0.15.

This module must not know how an expression is laid out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.signs import (
    BIG_SIGNS,
    BIG_WORDS,
    DELIMITERS,
    FENCES,
    LIMIT_WORDS,
    PLAIN_WORDS,
    greek,
    sign,
    styled,
)  # fmt: skip

WORDS = (PLAIN_WORDS | LIMIT_WORDS) - {"argmax", "argmin", "limsup", "liminf"}
"""Operators that Typst knows by the same names."""
SPACES = {
    "negative": "#h(-0.1667em)", "thin": "thin", "medium": "med", "thick": "thick", "word": "space", "quad": "quad",
    "qquad": "wide",
}  # fmt: skip
FONTS = {
    "bold": "upright(bold({}))", "bold_italic": "bold({})", "calligraphic": "cal({})", "blackboard": "bb({})",
    "sans": "sans({})", "mono": "mono({})", "fraktur": "frak({})", "italic": "italic({})",
    "roman_bold": "bold({})", "roman_italic": "italic({})",
}  # fmt: skip
AS_CHARACTERS = frozenset(("bold", "calligraphic", "blackboard"))
"""Styles in which a letter is written as its own character, which Typst sets faster than a call.

A digit is not: as a character it would be a word to Typst, and the space beside it would be drawn.
"""

ACCENTS = {
    "bar": "macron({})", "hat": "hat({})", "tilde": "tilde({})", "vec": "arrow({})", "dot": "dot({})",
    "ddot": "accent({}, dot.double)", "wide_hat": "hat({})", "wide_tilde": "tilde({})", "overline": "overline({})",
    "underline": "underline({})",
}  # fmt: skip
MATRIX_FENCES = {
    "none": "#none", "paren": '"("', "bracket": '"["', "brace": '"{"', "abs": '"|"', "norm": '"‖"',
}  # fmt: skip
STYLES = {"display": "display", "text": "inline", "script": "script"}
LIMITS = {"auto": "{}", "limits": "limits({})", "beside": "scripts({})"}
SIZES = {"big": "1.2em", "Big": "1.8em", "bigg": "2.4em", "Bigg": "3em"}
CLASSES = {"open": "opening", "close": "closing", "ordinary": "normal"}
_OWN_SIGNS = {"minus": "-", "comma": ",", "modulo": "mod", "type_colon": r'class("punctuation", \:)'}
_SPECIAL = frozenset("#$&\\_^/\"'`*~@.:;,()[]{}|‖-")
_FENCE_CHARS = frozenset("|‖")


@lay.kept
def to_typst(layout: Layout) -> str:
    """The Typst of a layout, to be put between dollar signs; raises TypeError for an unknown node."""
    rule = _RULES.get(type(layout))
    if rule is None:
        raise TypeError(f"no Typst for the layout node {type(layout).__name__}")
    return rule(layout)


def string(text: str) -> str:
    """A string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- pieces ----------------------------------------------------------------------------------------------------------


def _char(char: str) -> str:
    """A character that stands for itself: no shorthand, no markup."""
    return f"\\{char}" if char in _SPECIAL else char


_PIECE = re.compile(r'\\.|"(?:[^"\\]|\\.)*"|.', re.DOTALL)


def _argument(layout: Layout) -> str:
    return argument(to_typst(layout))


def argument(text: str) -> str:
    """Mathematics as an argument of a function, where a comma, semicolon or colon would separate arguments."""
    out, depth = "", 0
    for piece in _PIECE.findall(text):
        depth += (piece in "([{") - (piece in ")]}") if len(piece) == 1 else 0
        out += f"\\{piece}" if piece in (",", ";") and not depth else piece
    return out or '""'


def _call(function: str, *arguments: Layout) -> str:
    return f"{function}({', '.join(_argument(argument) for argument in arguments)})"


def _joined(left: str, right: str) -> str:
    """Two texts side by side.  A space next to words or bars would be drawn, and is not needed there."""
    if not left or not right:
        return left + right
    if left.endswith('"') or right.startswith('"') or left[-1] in _FENCE_CHARS or right[0] in _FENCE_CHARS:
        return left + right
    if right.startswith(("\\|", "\\‖")) or left == "-":
        return left + right
    # f(x); but after a script or a call, parentheses would be taken for part of it.
    name = re.search(r"(?:^|(?<=[ (]))\w+$", left)
    applied = right.startswith("(") and name is not None and (len(name[0]) == 1 or name[0] in WORDS)
    return f"{left}{right}" if applied or right[0] in ",;" else f"{left} {right}"


def _row(node: lay.Row) -> str:
    out = ""
    for at, item in enumerate(node.items):
        text = to_typst(item)
        prefix = out == "-" or out.endswith(" -")
        out = out + text if prefix and _is_prefix(node, at) else _joined(out, text)
    return out


def _is_prefix(node: lay.Row, at: int) -> bool:
    """Whether a prefix sign stands before the item at a place."""
    before = node.items[at - 1] if at else None
    return isinstance(before, lay.Op) and before.spacing == "prefix"


def _op(node: lay.Op) -> str:
    found = sign(node.name)
    if node.spacing == "ordinary":
        return f'class("normal", {_char(found.char)})'
    own = _OWN_SIGNS.get(node.name)
    return own or _char(found.char)


def _symbol(node: lay.Symbol) -> str:
    found = sign(node.name)
    text = _char(found.char)
    if found.kind != "ordinary":
        text = f'class("normal", {text})'
    return f"bold({text})" if node.bold else text


def _ident(node: lay.Ident) -> str:
    text, style = node.text, node.style
    if style == "roman":
        return string(text)
    if style in ("roman_bold", "roman_italic"):
        return FONTS[style].format(string(text))
    if style == "operator":
        return text if text in WORDS else f"op({string(text)})"
    if style in AS_CHARACTERS and len(text) == 1 and text.isalpha() and styled(text, style) != text:
        return styled(text, style)
    letter = greek(text) or (text if len(text) == 1 else string(text))
    if style == "italic":
        return letter if not letter.startswith('"') else f"italic({letter})"
    return ("bold({})" if greek(text) and text[0].islower() else FONTS[style]).format(letter)


# --- scripts and fences ----------------------------------------------------------------------------------------------


def _script(node: lay.Script) -> str:
    return _attached(_base(node.base), node.sub, node.sup)


def _base(layout: Layout) -> str:
    """What scripts are put to, as one atom."""
    text = to_typst(layout)
    if not text:
        return '""'
    if isinstance(layout, lay.Fenced) and not layout.stretchy:
        # Typst would put a script beside the group, which is higher than its closing delimiter.
        left, right = (_char(DELIMITERS[name].char) for name in FENCES[layout.kind])
        return f"{left}{to_typst(layout.body)}{right}"
    whole = isinstance(layout, (lay.Row, lay.Script, lay.Big, lay.Stacked, lay.Op, lay.Symbol))
    return f"attach({_argument(layout)})" if whole and len(text) > 1 else text


def _attached(base: str, sub: Layout | None, sup: Layout | None) -> str:
    out = base if sub is None else f"{base}_{_group(sub)}"
    return out if sup is None else f"{out}^{_group(sup)}"


def _group(layout: Layout) -> str:
    """A script: bare if it is one letter, sign or number, else in parentheses, which are not drawn."""
    text = to_typst(layout)
    bare = len(text) == 1 and text not in _SPECIAL and text.isalpha()
    return text if bare or re.fullmatch(r"\d+", text) else f"({text})"


def _primed(node: lay.Primed) -> str:
    return _base(node.base) + "'" * node.count


def _fenced(node: lay.Fenced) -> str:
    left, right = (DELIMITERS[name].char for name in FENCES[node.kind])
    body = to_typst(node.body)
    return f"lr(size: #100%, {left}{body}{right})" if node.stretchy else f"{left}{body}{right}"


def _delimited(node: lay.Delimited) -> str:
    left, right = (_char(DELIMITERS[name].char) if name != "none" else "" for name in (node.left, node.right))
    body = _argument(node.body)
    return f"lr(size: #100%, {left} {body} {right})"


def _delimiter(node: lay.Delimiter) -> str:
    text = _char(DELIMITERS[node.name].char)
    if node.size == "middle":
        return f"mid({text})"
    if node.size in SIZES:
        text = f"lr(size: #{SIZES[node.size]}, {text})"
    natural = {"_left": "open", "right": "close"}.get(node.name[-5:], "ordinary")
    return text if node.size == "normal" and natural == node.side else f'class("{CLASSES[node.side]}", {text})'


def _big(node: lay.Big) -> str:
    if node.op in BIG_SIGNS:
        head = BIG_SIGNS[node.op][0]
    elif node.op in WORDS:
        head = node.op
    else:
        head = f"op({string(BIG_WORDS.get(node.op, node.op))}, limits: #true)"
    return _attached(LIMITS[node.limits].format(head), node.lower, node.upper)


# --- tables ----------------------------------------------------------------------------------------------------------


def _cells(rows: Sequence[Sequence[Layout]]) -> str:
    return "; ".join(", ".join(_argument(cell) for cell in cells) for cells in rows)


def _matrix(node: lay.Matrix) -> str:
    tall = any(lay.is_tall(cell) for cells in node.rows for cell in cells)
    gap = ", row-gap: #0.6em" if tall else ""
    text = f"mat(delim: {MATRIX_FENCES[node.fence]}{gap}, {_cells(node.rows)})"
    return f"inline({text})" if node.small else text


def _cases(node: lay.Cases) -> str:
    rows = [" &quad ".join(_argument(cell) for cell in cells) for cells in node.rows]
    return f"cases({', '.join(rows)})"


def _aligned(node: lay.Aligned) -> str:
    """A table whose columns touch: right and left of the alignment in turn.

    Empty words keep the space around a relation at the start of a cell.
    """
    columns = max(len(cells) for cells in node.rows)
    rows = []
    for cells in node.rows:
        texts = [*map(_argument, cells), *['""'] * (columns - len(cells))]
        rows.append(", ".join(f'& display(""{_space(t)})' if n % 2 else f"display({t}) &" for n, t in enumerate(texts)))
    return f"mat(delim: #none, column-gap: #0pt, row-gap: #0.6em, {'; '.join(rows)})"


def _space(text: str) -> str:
    return text if text.startswith('"') else f" {text}"


def _gathered(node: lay.Gathered) -> str:
    style, gap = ("script", "0.2em") if node.small else ("display", "0.6em")
    lines = "; ".join(f"{style}({_argument(line)})" for line in node.lines)
    return f"mat(delim: #none, row-gap: #{gap}, {lines})"


def _stacked(node: lay.Stacked) -> str:
    base = _argument(node.base)
    kind = sign(node.base.name).kind if isinstance(node.base, lay.Op) else ""
    text = _attached(f"limits({base})", node.below, node.above)
    return f'class("{kind}", {text})' if kind in ("relation", "binary") else text


def _sqrt(node: lay.Sqrt) -> str:
    return _call("sqrt", node.body) if node.degree is None else _call("root", node.degree, node.body)


def _underbrace(node: lay.Underbrace) -> str:
    name = "overbrace" if node.over else "underbrace"
    return _call(name, node.body) if node.label is None else _call(name, node.body, node.label)


def _frac(node: lay.Frac) -> str:
    text = _call("frac", node.num, node.den)
    return text if node.size == "auto" else f"{STYLES[node.size]}({text})"


_RULES: dict[type[Layout], Callable[[Any], str]] = {
    lay.Row: _row,
    lay.Ident: _ident,
    lay.Number: lambda node: string(node.text) if "," in node.text else node.text,
    lay.Symbol: _symbol,
    lay.Op: _op,
    lay.Frac: _frac,
    lay.Binom: lambda node: _call("binom", node.top, node.bottom),
    lay.Script: _script,
    lay.Primed: _primed,
    lay.Accent: lambda node: ACCENTS[node.name].format(_argument(node.body)),
    lay.Fenced: _fenced,
    lay.Delimited: _delimited,
    lay.Delimiter: _delimiter,
    lay.Big: _big,
    lay.Sqrt: _sqrt,
    lay.Matrix: _matrix,
    lay.Cases: _cases,
    lay.Underbrace: _underbrace,
    lay.Stacked: _stacked,
    lay.Boxed: lambda node: f"#boxed($display({to_typst(node.body)})$)",
    lay.Aligned: _aligned,
    lay.Gathered: _gathered,
    lay.Sized: lambda node: _call(STYLES[node.size], node.body),
    lay.Phantom: lambda node: f"#hide($ {to_typst(node.body)} $)",
    lay.Space: lambda node: SPACES[node.size],
    lay.Tinted: lambda node: f"#tint-{node.tint}($ {to_typst(node.body)} $)",
    lay.Linked: lambda node: f'#{"marked" if node.here else "linked"}("{node.target}")[${to_typst(node.body)}$]',
}

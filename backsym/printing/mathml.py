r"""Layout -> MathML Core, as browsers draw it without any script.

Only elements and attributes of MathML Core are used.  Letters of a style are the mathematical characters of Unicode.
Space around signs comes from the browser's operator dictionary; it is written out where the dictionary cannot know the
sign's meaning: a prefix minus, words such as ``log``, and scripts, in which TeX leaves it out.

This module must not know how an expression is laid out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.signs import BIG_SIGNS, BIG_WORDS, DELIMITERS, FENCES, greek, sign, styled
from backsym.printing.unicode import to_unicode

SPACES = {
    "negative": "-0.1667em", "thin": "0.1667em", "medium": "0.2222em", "thick": "0.2778em", "word": "0.3333em",
    "quad": "1em", "qquad": "2em",
}  # fmt: skip
ACCENTS = {
    "hat": "\u02c6", "tilde": "\u02dc", "vec": "→", "dot": "˙", "ddot": "¨", "wide_hat": "^", "wide_tilde": "~",
}  # fmt: skip
LINES = {
    "bar": "border-top:0.05em solid;padding-top:0.1em", "overline": "border-top:0.05em solid;padding-top:0.15em",
    "underline": "border-bottom:0.05em solid;padding-bottom:0.1em",
}  # fmt: skip
"""Marks that are drawn as borders, because fonts disagree about stretched lines."""
SIZES = {"normal": "", "big": "1.2em", "Big": "1.8em", "bigg": "2.4em", "Bigg": "3em"}
STYLES = {
    "display": 'displaystyle="true" scriptlevel="0"', "text": 'displaystyle="false" scriptlevel="0"',
    "script": 'displaystyle="false" scriptlevel="1"',
}  # fmt: skip
WORD_STYLES = {"roman_bold": "font-weight:bold", "roman_italic": "font-style:italic"}
_NO_SPACE = 'lspace="0" rspace="0"'
_CELL = "padding:{0};text-align:{1};text-align:-webkit-{1}"
"""Browsers lay the content of a cell out as a block, which plain ``text-align`` does not move in all of them."""


class _Rule(Protocol):
    """The element of one kind of node."""

    def __call__(self, node: Any, /, *, small: bool) -> str: ...


def to_mathml(layout: Layout, words: str | None = None, *, display: bool) -> str:
    """The ``math`` element of a layout, set apart from the text if ``display``; raises TypeError for an unknown node.

    ``words`` say in plain text what it shows (``alttext``), for readers that know no MathML; they are made from the
    layout if there are none.
    """
    shown = ' display="block"' if display else ""
    words = to_unicode(layout) if words is None else words
    return f'<math{shown} alttext="{escape(words)}">{_node(layout, small=False)}</math>'


def _node(layout: Layout, *, small: bool) -> str:
    """One element; ``small`` within scripts, where signs have no space around them."""
    rule = _RULES.get(type(layout))
    if rule is None:
        raise TypeError(f"no MathML for the layout node {type(layout).__name__}")
    return rule(layout, small=small)


def escape(text: str) -> str:
    """Plain text as HTML, also within quotes."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return text


# --- rows and spaces -------------------------------------------------------------------------------------------------


def _row(node: lay.Row, *, small: bool) -> str:
    out: list[str] = []
    for at, item in enumerate(node.items):
        before = node.items[at - 1] if at else None
        if before is not None and not small and _apart(before, item):
            out.append(_space(lay.Space("thin"), small=small))
        edge = at in (0, len(node.items) - 1)
        out.append(_op(item, small=small, edge=edge) if isinstance(item, lay.Op) else _node(item, small=small))
    return out[0] if len(out) == 1 else f"<mrow>{''.join(out)}</mrow>"


def _apart(left: Layout, right: Layout) -> bool:
    """Whether TeX sets a thin space between two neighbours: beside a word such as log, but not before (."""
    if isinstance(left, (lay.Space, lay.Op)) or isinstance(right, (lay.Space, lay.Op)):
        return False
    first = lay.first(right)
    if lay.is_word(lay.last(left)) and not isinstance(first, (lay.Fenced, lay.Delimited, lay.Delimiter)):
        return True
    return lay.is_word(first) and not isinstance(left, lay.Delimiter)


def _space(node: lay.Space, *, small: bool) -> str:
    width = SPACES[node.size]
    return f'<mspace style="margin-left:{width}"/>' if width.startswith("-") else f'<mspace width="{width}"/>'


# --- tokens ----------------------------------------------------------------------------------------------------------


def _letter(char: str, style: str) -> str:
    """One letter: browsers make a lone one italic by themselves, so any other is told to be as it is."""
    if style in ("italic", "bold_italic") and char in "ΓΔΘΛΞΠΣΥΦΨΩ":
        style = "bold" if style == "bold_italic" else "upright"
    if style == "bold" and char not in "ΓΔΘΛΞΠΣΥΦΨΩ" and not char.isascii():
        style = "bold_italic"
    if style == "italic":
        return f"<mi>{char}</mi>"
    shown = styled(char, style)
    return f"<mi>{shown}</mi>" if shown != char else f'<mi mathvariant="normal">{char}</mi>'


def _ident(node: lay.Ident, *, small: bool) -> str:
    text, style = node.text, node.style
    if style == "roman":
        return f"<mtext>{_visible(text)}</mtext>"
    if style in WORD_STYLES:
        return f'<mtext style="{WORD_STYLES[style]}">{_visible(text)}</mtext>'
    if style == "operator":
        return f"<mi>{_visible(text)}</mi>" if len(text) > 1 else f'<mi mathvariant="normal">{text}</mi>'
    letter = greek(text)
    if letter is not None or len(text) == 1:
        return _letter(letter or text, style)
    return f"<mi>{''.join(styled(char, style) for char in text)}</mi>"


def _visible(text: str) -> str:
    """Text whose spaces at the ends are kept."""
    inner = escape(text)
    start = len(inner) - len(inner.lstrip(" "))
    end = len(inner) - len(inner.rstrip(" "))
    return "\u00a0" * start + inner.strip(" ") + "\u00a0" * (end if inner.strip(" ") else 0)


def _symbol(node: lay.Symbol, *, small: bool) -> str:
    found = sign(node.name)
    if found.char.isalpha() or node.name in ("nabla", "partial", "infinity", "empty_set"):
        if node.name == "partial":
            return f"<mi>{styled('∂', 'bold_italic') if node.bold else '∂'}</mi>"
        return f'<mi mathvariant="normal">{styled(found.char, "bold") if node.bold else found.char}</mi>'
    return f'<mo {_NO_SPACE} stretchy="false">{escape(found.char)}</mo>'


OWN_SPACE = {
    "modulo": 'lspace="0.2222em" rspace="0.2222em"', "type_colon": 'lspace="0" rspace="0.2778em"',
    "colon": 'lspace="0.2778em" rspace="0.2778em"',
}  # fmt: skip
"""Signs whose space in the operator dictionary is not that of TeX."""


def _op(node: lay.Op, *, small: bool, edge: bool = False) -> str:
    found = sign(node.name)
    attributes = ""
    if node.spacing == "prefix":
        attributes = ' form="prefix"'
    elif small or node.spacing == "ordinary" or found.kind == "ordinary":
        attributes = f" {_NO_SPACE}"
    elif node.name in OWN_SPACE:
        attributes = f" {OWN_SPACE[node.name]}"
    elif edge and node.spacing in ("binary", "relation"):
        attributes = ' form="infix"'
    stretchy = ' stretchy="false"' if "\u2190" <= found.char <= "\u21ff" or found.char in "⟶⟹⟺" else ""
    return f"<mo{attributes}{stretchy}>{escape(found.char)}</mo>"


def _fence(char: str, form: str, *, stretchy: bool) -> str:
    grows = "true" if stretchy else "false"
    return f'<mo form="{form}" stretchy="{grows}" {_NO_SPACE}>{escape(char)}</mo>' if char else ""


def _delimiter(node: lay.Delimiter, *, small: bool) -> str:
    char = escape(DELIMITERS[node.name].char)
    form = {"open": "prefix", "close": "postfix"}.get(node.side, "infix")
    if node.size == "middle":
        return f'<mo form="infix" stretchy="true" lspace="0.1667em" rspace="0.1667em">{char}</mo>'
    size = SIZES[node.size]
    grows = f'stretchy="true" symmetric="true" minsize="{size}" maxsize="{size}"' if size else 'stretchy="false"'
    return f'<mo form="{form}" {grows} {_NO_SPACE}>{char}</mo>'


# --- scripts, fences and braces --------------------------------------------------------------------------------------


def _scripts(base: str, sub: str | None, sup: str | None, kind: str = "sub sup") -> str:
    """``kind``: ``sub sup`` beside the base, ``under over`` below and above it."""
    below, above = kind.split()
    if sub is not None and sup is not None:
        return f"<m{below}{above}>{base}{sub}{sup}</m{below}{above}>"
    if sub is not None:
        return f"<m{below}>{base}{sub}</m{below}>"
    return base if sup is None else f"<m{above}>{base}{sup}</m{above}>"


def _optional(layout: Layout | None) -> str | None:
    return None if layout is None else _node(layout, small=True)


def _script(node: lay.Script, *, small: bool) -> str:
    if isinstance(node.base, lay.Primed):
        # Primes are high already, so as a superscript they are lowered.
        primes = f'<mpadded height="0.5em" voffset="-0.4em">{_primes(node.base.count)}</mpadded>'
        sup = primes if node.sup is None else f"<mrow>{primes}{_node(node.sup, small=True)}</mrow>"
        return _scripts(_node(node.base.base, small=small), _optional(node.sub), sup)
    return _scripts(_node(node.base, small=small), _optional(node.sub), _optional(node.sup))


def _primed(node: lay.Primed, *, small: bool) -> str:
    return f"<mrow>{_node(node.base, small=small)}{_primes(node.count)}</mrow>"


def _primes(count: int) -> str:
    return f"<mo {_NO_SPACE}>{['', '′', '″', '‴', '⁗'][count] if count < 5 else '′' * count}</mo>"


def _fenced(node: lay.Fenced, *, small: bool) -> str:
    left, right = (DELIMITERS[name].char for name in FENCES[node.kind])
    body = _node(node.body, small=small)
    opening, closing = _fence(left, "prefix", stretchy=node.stretchy), _fence(right, "postfix", stretchy=node.stretchy)
    return f"<mrow>{opening}{body}{closing}</mrow>"


def _delimited(node: lay.Delimited, *, small: bool) -> str:
    left, right = (DELIMITERS[name].char for name in (node.left, node.right))
    body = node.body.items if isinstance(node.body, lay.Row) else (node.body,)
    inner = _row(lay.Row(body), small=small).removeprefix("<mrow>").removesuffix("</mrow>")
    inner = inner if len(body) > 1 else _node(node.body, small=small)
    return f"<mrow>{_fence(left, 'prefix', stretchy=True)}{inner}{_fence(right, 'postfix', stretchy=True)}</mrow>"


def _big(node: lay.Big, *, small: bool) -> str:
    beside = node.limits == "beside" or (node.limits == "auto" and node.op == "int")
    movable = "false" if node.limits == "limits" else "true"
    if node.op in BIG_SIGNS:
        head = f'<mo movablelimits="{movable}">{BIG_SIGNS[node.op][0]}</mo>'
    else:
        word = escape(BIG_WORDS.get(node.op, node.op))
        head = f'<mo form="prefix" movablelimits="{movable}" {_NO_SPACE}>{word}</mo>'
    return _scripts(head, _optional(node.lower), _optional(node.upper), "sub sup" if beside else "under over")


def _accent(node: lay.Accent, *, small: bool) -> str:
    body = _node(node.body, small=small)
    if node.name in LINES:
        return f'<mrow style="{LINES[node.name]}">{body}</mrow>'
    grows = "true" if node.name.startswith("wide") else "false"
    accent = "" if node.name == "vec" else ' accent="true"'  # An arrow of full size would be wider than its letter.
    return f'<mover{accent}>{body}<mo stretchy="{grows}">{ACCENTS[node.name]}</mo></mover>'


def _underbrace(node: lay.Underbrace, *, small: bool) -> str:
    tag = "mover" if node.over else "munder"
    brace = f'<{tag}>{_node(node.body, small=small)}<mo stretchy="true">{"⏞" if node.over else "⏟"}</mo></{tag}>'
    return brace if node.label is None else f"<{tag}>{brace}{_node(node.label, small=True)}</{tag}>"


def _stacked(node: lay.Stacked, *, small: bool) -> str:
    return _scripts(_node(node.base, small=small), _optional(node.below), _optional(node.above), "under over")


# --- tables ----------------------------------------------------------------------------------------------------------


def _table(rows: Sequence[Sequence[Layout]], styles: Sequence[str], attributes: str = "", *, small: bool) -> str:
    """``styles`` are those of the columns, over and over."""
    body = "".join(
        "<mtr>"
        + "".join(
            f'<mtd style="{styles[n % len(styles)]}">{_cell(cell, small=small)}</mtd>' for n, cell in enumerate(cells)
        )
        + "</mtr>"
        for cells in rows
    )
    return f"<mtable{attributes}>{body}</mtable>"


def _cell(layout: Layout, *, small: bool) -> str:
    return _op(layout, small=small, edge=True) if isinstance(layout, lay.Op) else _node(layout, small=small)


def _matrix(node: lay.Matrix, *, small: bool) -> str:
    tall = any(lay.is_tall(cell) for cells in node.rows for cell in cells)
    style = f"padding:{'0.4em' if tall else '0.2em'} 0.4em"
    table = _table(node.rows, [style], small=small)
    if node.small:
        table = f"<mstyle {STYLES['script']}>{table}</mstyle>"
    if node.fence == "none":
        return table
    left, right = (DELIMITERS[name].char for name in FENCES[node.fence])
    return f"<mrow>{_fence(left, 'prefix', stretchy=True)}{table}{_fence(right, 'postfix', stretchy=True)}</mrow>"


def _cases(node: lay.Cases, *, small: bool) -> str:
    styles = [_CELL.format("0.2em 0.3em", "left"), _CELL.format("0.2em 0 0.2em 1em", "left")]
    return f"<mrow>{_fence('{', 'prefix', stretchy=True)}{_table(node.rows, styles, small=small)}</mrow>"


def _aligned(node: lay.Aligned, *, small: bool) -> str:
    tall = any(lay.is_tall(cell) for cells in node.rows for cell in cells)
    air = "0.4em 0" if tall else "0.33em 0"
    styles = [_CELL.format(air, "right"), _CELL.format(air, "left")]
    return _table(node.rows, styles, ' displaystyle="true"', small=small)


def _gathered(node: lay.Gathered, *, small: bool) -> str:
    shown = "" if node.small else ' displaystyle="true"'
    padding = "padding:0" if node.small else "padding:0.2em 0"
    return _table([(line,) for line in node.lines], [padding], shown, small=small)


def _frac(node: lay.Frac, *, small: bool) -> str:
    text = f"<mfrac>{_node(node.num, small=small)}{_node(node.den, small=small)}</mfrac>"
    return text if node.size == "auto" else f"<mstyle {STYLES[node.size]}>{text}</mstyle>"


def _binom(node: lay.Binom, *, small: bool) -> str:
    inner = f'<mfrac linethickness="0">{_node(node.top, small=small)}{_node(node.bottom, small=small)}</mfrac>'
    return f"<mrow>{_fence('(', 'prefix', stretchy=True)}{inner}{_fence(')', 'postfix', stretchy=True)}</mrow>"


def _sqrt(node: lay.Sqrt, *, small: bool) -> str:
    if node.degree is None:
        return f"<msqrt>{_node(node.body, small=small)}</msqrt>"
    return f"<mroot>{_node(node.body, small=small)}{_node(node.degree, small=True)}</mroot>"


def _linked(node: lay.Linked, *, small: bool) -> str:
    """Browsers follow links in words within a formula, and in no other part of it."""
    where = f'id="{node.target}"' if node.here else f'href="#{node.target}"'
    return f"<mtext><a {where}>{escape(to_unicode(node.body))}</a></mtext>"


def _tinted(node: lay.Tinted, *, small: bool) -> str:
    return f'<mrow class="{node.tint}">{_node(node.body, small=small)}</mrow>'


_RULES: dict[type[Layout], _Rule] = {
    lay.Row: _row,
    lay.Ident: _ident,
    lay.Number: lambda node, small: f"<mn>{node.text}</mn>",
    lay.Symbol: _symbol,
    lay.Op: _op,
    lay.Frac: _frac,
    lay.Binom: _binom,
    lay.Script: _script,
    lay.Primed: _primed,
    lay.Accent: _accent,
    lay.Fenced: _fenced,
    lay.Delimited: _delimited,
    lay.Delimiter: _delimiter,
    lay.Big: _big,
    lay.Sqrt: _sqrt,
    lay.Matrix: _matrix,
    lay.Cases: _cases,
    lay.Underbrace: _underbrace,
    lay.Stacked: _stacked,
    lay.Boxed: lambda node, small: (
        f'<mrow style="border:1px solid;padding:0.4em">{_node(node.body, small=small)}</mrow>'
    ),
    lay.Aligned: _aligned,
    lay.Gathered: _gathered,
    lay.Sized: lambda node, small: f"<mstyle {STYLES[node.size]}>{_node(node.body, small=small)}</mstyle>",
    lay.Phantom: lambda node, small: f"<mphantom>{_node(node.body, small=small)}</mphantom>",
    lay.Space: _space,
    lay.Tinted: _tinted,
    lay.Linked: _linked,
}

r"""Layout -> LaTeX (amsmath), and the short ways from an expression to LaTeX.

``\mathbb{1}`` is written as such: the document that uses it must see to a font that has it; likewise to the commands
``\linked`` and ``\marked`` of links, where it has some.

This module must not know how an expression is laid out: that is ``printer``'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from backsym.core.expr import Equation, Expr, Ix
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import Notation
from backsym.printing.printer import equation_layout, layout_of, range_layout
from backsym.printing.signs import BIG_SIGNS, DELIMITERS, FENCES, LIMIT_WORDS, PLAIN_WORDS, is_greek, sign

SPACES = {
    "negative": r"\!", "thin": r"\,", "medium": r"\:", "thick": r"\;", "word": "\\ ", "quad": r"\quad",
    "qquad": r"\qquad",
}  # fmt: skip
FONTS = {
    "bold": r"\mathbf", "bold_italic": r"\boldsymbol", "calligraphic": r"\mathcal", "blackboard": r"\mathbb",
    "sans": r"\mathsf", "mono": r"\mathtt", "fraktur": r"\mathfrak", "italic": r"\mathit",
}  # fmt: skip
TEXTS = {"roman": r"\text", "roman_bold": r"\textbf", "roman_italic": r"\textit"}
ACCENTS = {"wide_hat": "widehat", "wide_tilde": "widetilde"}
ENVIRONMENTS = {
    "none": "matrix", "paren": "pmatrix", "bracket": "bmatrix", "brace": "Bmatrix", "abs": "vmatrix", "norm": "Vmatrix",
}  # fmt: skip
FRACTIONS = {"auto": r"\frac", "display": r"\dfrac", "text": r"\tfrac"}
STYLES = {"display": r"\displaystyle", "text": r"\textstyle", "script": r"\scriptstyle"}
LIMITS = {"auto": "", "limits": r"\limits", "beside": r"\nolimits"}
_AIR, _LESS_AIR = "[13pt]", "[4pt]"
"""Below a row of a matrix that holds a fraction, and below one that a row with a fraction follows."""

ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
    "^": r"\^{}", "~": r"\~{}", "\u2009": r"\,", "\u2003": r"\quad{}",
}  # fmt: skip


@lay.kept
def to_latex(layout: Layout) -> str:
    """The LaTeX of a layout, tokens separated by single spaces; raises TypeError for an unknown node."""
    rule = _RULES.get(type(layout))
    if rule is None:
        raise TypeError(f"no LaTeX for the layout node {type(layout).__name__}")
    return rule(layout)


def latex(expr: Expr, notation: Notation) -> str:
    """The LaTeX of an expression."""
    return to_latex(layout_of(expr, notation))


def equation_latex(equation: Equation, notation: Notation) -> str:
    """``lhs = rhs``."""
    return to_latex(equation_layout(equation, notation))


def range_latex(indices: Sequence[Ix], notation: Notation) -> str:
    r"""``k = 1, \\dots, D^{(2)},\\; j = 1, \\dots, D^{(1)}``; fixed indices left out; empty if there are none."""
    ranges = range_layout(indices, notation)
    return "" if ranges is None else to_latex(ranges)


# --- one function for each node --------------------------------------------------------------------------------------


def _row(node: lay.Row) -> str:
    out = ""
    gap = False
    for item, following in zip_longest(node.items, node.items[1:]):
        text = to_latex(item)
        op = item if isinstance(item, lay.Op) else None
        if isinstance(item, lay.Underbrace) and isinstance(following, lay.Op) and following.spacing == "binary":
            text = f"{{{text}}}"  # Behind a brace, which is a large operator to LaTeX, a sign would lose its space.
        if op is not None and op.spacing == "ordinary" and out and sign(op.name).kind != "ordinary":
            text = f"{{{text}}}"  # Without the braces LaTeX would put the space of its kind around it.
        closes = op is not None and op.spacing == "punctuation"
        after_comma = out.endswith(",") and isinstance(item, lay.Space)
        if out and gap and not node.tight and not closes and not after_comma:
            out += " "
        out = _joined(out, text)
        gap = not (op is not None and op.spacing == "prefix")
    return out


def _joined(left: str, right: str) -> str:
    """Two texts without a space, unless a control word would swallow the letter that follows it."""
    if right[:1].isalpha() and re.search(r"\\[A-Za-z]+$", left):
        return f"{left} {right}"
    return left + right


def _ident(node: lay.Ident) -> str:
    text, style = node.text, node.style
    if style in TEXTS:
        return f"{TEXTS[style]}{{{''.join(ESCAPES.get(c, c) for c in text)}}}"
    if style == "operator":
        return _operator(text)
    if is_greek(text):
        letter = "o" if text == "omicron" else rf"\{text}"
        return rf"\boldsymbol{{{letter}}}" if style.startswith("bold") else letter
    return text if style == "italic" and len(text) == 1 else f"{FONTS[style]}{{{text}}}"


def _operator(word: str, star: str = "") -> str:
    if word in PLAIN_WORDS or (word in LIMIT_WORDS and not word.startswith("arg")):
        return f"\\{word}"
    return rf"\operatorname{star}{{{word}}}".replace("\u2009", r"\,")


def _symbol(node: lay.Symbol) -> str:
    text = sign(node.name).latex
    return rf"\boldsymbol{{{text}}}" if node.bold else text


def _frac(node: lay.Frac) -> str:
    return f"{FRACTIONS[node.size]}{{{to_latex(node.num)}}}{{{to_latex(node.den)}}}"


def _script(node: lay.Script) -> str:
    base = to_latex(node.base)
    if isinstance(node.base, (lay.Row, lay.Frac, lay.Script)):
        base = f"{{{base}}}"
    # The size of an all-ones vector is always braced, as in the source handout's own LaTeX.
    ones = isinstance(node.base, lay.Ident) and node.base.style == "blackboard"
    return base + _scripts(node.sub, node.sup, braced=ones)


def _scripts(sub: Layout | None, sup: Layout | None, *, braced: bool = False) -> str:
    out = ""
    if sub is not None:
        out = f"_{{{to_latex(sub)}}}" if braced else "_" + _argument(to_latex(sub))
    return out if sup is None else out + "^" + _argument(to_latex(sup))


def _argument(text: str) -> str:
    """An argument of ``_`` or ``^``: bare if it is one character or one control word."""
    return text if len(text) == 1 or re.fullmatch(r"\\[A-Za-z]+", text) else f"{{{text}}}"


def _primed(node: lay.Primed) -> str:
    base = to_latex(node.base)
    return (f"{{{base}}}" if isinstance(node.base, (lay.Row, lay.Script)) else base) + "'" * node.count


def _fenced(node: lay.Fenced) -> str:
    left, right = (DELIMITERS[name].latex for name in FENCES[node.kind])
    body = to_latex(node.body)
    if node.stretchy:
        return rf"\left{left} {body} \right{right}"
    spaced = re.search(r"[A-Za-z]$", left) is not None
    return f"{left} {body} {right}" if spaced else f"{left}{body}{right}"


def _delimited(node: lay.Delimited) -> str:
    left, right = (DELIMITERS[name].latex for name in (node.left, node.right))
    return rf"\left{left} {to_latex(node.body)} \right{right}"


def _delimiter(node: lay.Delimiter) -> str:
    text = DELIMITERS[node.name].latex
    if node.size == "normal":
        return text
    suffix = {"open": "l", "close": "r"}.get(node.side, "") if node.size != "middle" else ""
    return rf"\{node.size}{suffix}{text}"


def _big(node: lay.Big) -> str:
    if node.op in BIG_SIGNS:
        head = BIG_SIGNS[node.op][1]
    elif node.op in ("argmax", "argmin"):
        head = rf"\arg\{node.op[3:]}"
    else:
        head = _operator(node.op, "*")
    return head + LIMITS[node.limits] + _scripts(node.lower, node.upper)


def _sqrt(node: lay.Sqrt) -> str:
    degree = "" if node.degree is None else to_latex(node.degree)
    degree = f"[{{{degree}}}]" if "]" in degree else f"[{degree}]" if degree else ""
    return rf"\sqrt{degree}{{{to_latex(node.body)}}}"


def _environment(name: str, rows: Sequence[Sequence[Layout]]) -> str:
    return _table(name, rows, [""] * len(rows))


def _table(name: str, rows: Sequence[Sequence[Layout]], airs: Sequence[str]) -> str:
    """A table, each row followed by some air."""
    text = ""
    for n, cells in enumerate(rows):
        text += rf" \\{airs[n - 1]} " if n else ""
        text += " & ".join(to_latex(cell) for cell in cells)
    return rf"\begin{{{name}}} {text} \end{{{name}}}"


def _matrix(node: lay.Matrix) -> str:
    if node.small:
        inner = _environment("smallmatrix", node.rows)
        if node.fence == "none":
            return inner
        left, right = (DELIMITERS[name].latex for name in FENCES[node.fence])
        return rf"\left{left} {inner} \right{right}"
    # Rows of fractions would touch.  LaTeX lets the depth of a row take up its air, so that dots need less of it.
    tall = [any(lay.is_tall(cell) for cell in cells) for cells in node.rows]
    airs = [_AIR if tall[n] else _LESS_AIR if any(tall[n + 1 : n + 2]) else "" for n in range(len(tall))]
    return _table(ENVIRONMENTS[node.fence], node.rows, airs)


def _gathered(node: lay.Gathered) -> str:
    if node.small:
        lines = r" \\ ".join(to_latex(line) for line in node.lines)
        return rf"\substack{{{lines}}}"
    return _environment("gathered", [(line,) for line in node.lines])


def _underbrace(node: lay.Underbrace) -> str:
    label = "" if node.label is None else f"{'^' if node.over else '_'}{{{to_latex(node.label)}}}"
    return rf"\{'over' if node.over else 'under'}brace{{{to_latex(node.body)}}}{label}"


def _stacked(node: lay.Stacked) -> str:
    text = to_latex(node.base)
    if node.below is not None:
        text = rf"\underset{{{to_latex(node.below)}}}{{{text}}}"
    return text if node.above is None else rf"\overset{{{to_latex(node.above)}}}{{{text}}}"


_RULES: dict[type[Layout], Callable[[Any], str]] = {
    lay.Row: _row,
    lay.Ident: _ident,
    lay.Number: lambda node: node.text.replace(",", "{,}"),
    lay.Symbol: _symbol,
    lay.Op: lambda node: sign(node.name).latex,
    lay.Frac: _frac,
    lay.Binom: lambda node: rf"\binom{{{to_latex(node.top)}}}{{{to_latex(node.bottom)}}}",
    lay.Script: _script,
    lay.Primed: _primed,
    lay.Accent: lambda node: rf"\{ACCENTS.get(node.name, node.name)}{{{to_latex(node.body)}}}",
    lay.Fenced: _fenced,
    lay.Delimited: _delimited,
    lay.Delimiter: _delimiter,
    lay.Big: _big,
    lay.Sqrt: _sqrt,
    lay.Matrix: _matrix,
    lay.Cases: lambda node: _environment("cases", node.rows),
    lay.Underbrace: _underbrace,
    lay.Stacked: _stacked,
    lay.Boxed: lambda node: rf"\boxed{{{to_latex(node.body)}}}",
    lay.Aligned: lambda node: _environment("aligned", node.rows),
    lay.Gathered: _gathered,
    lay.Sized: lambda node: f"{{{STYLES[node.size]} {to_latex(node.body)}}}",
    lay.Phantom: lambda node: rf"\phantom{{{to_latex(node.body)}}}",
    lay.Space: lambda node: SPACES[node.size],
    lay.Tinted: lambda node: rf"\tint{node.tint}{{{to_latex(node.body)}}}",
    lay.Linked: lambda node: rf"\{'marked' if node.here else 'linked'}{{{node.target}}}{{{to_latex(node.body)}}}",
}

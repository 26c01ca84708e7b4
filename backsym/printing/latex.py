r"""Layout -> LaTeX (amsmath), and the short ways from an expression to LaTeX.

``\mathbb{1}`` is written as such: the document that uses it must see to a font that has it.

This module must not know how an expression is laid out: that is ``printer``'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from backsym.expr import Dim, Equation, Expr, Ix
from backsym.names import GREEK
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import Notation
from backsym.printing.printer import equation_layout, layout_of, range_layout, shape_layout

SYMBOLS = {
    "nabla": r"\nabla", "partial": r"\partial", "dots": r"\dots", "top": r"\top", "prime": r"\prime", "in": r"\in",
    "ell": r"\ell", "star": r"\star", "ast": "*", "dagger": r"\dagger", "infinity": r"\infty", "odot": r"\odot",
    "cdot": r"\cdot", "times": r"\times", "vdots": r"\vdots", "ddots": r"\ddots",
    "cdots": r"\cdots",
}  # fmt: skip
OPERATORS = {
    "plus": "+", "minus": "-", "equals": "=", "comma": ",", "slash": "/", "ast": "*", "odot": r"\odot",
    "cdot": r"\cdot", "times": r"\times", "in": r"\in", "greater": ">", "greater_equal": r"\ge", "less": "<",
    "less_equal": r"\le", "equal": "=", "not_equal": r"\ne", "to": r"\to", "approx": r"\approx",
}  # fmt: skip
FENCES = {
    "paren": ("(", ")"), "bracket": ("[", "]"), "brace": (r"\{", r"\}"), "abs": (r"\lvert ", r" \rvert"),
    "norm": (r"\lVert ", r" \rVert"),
}  # fmt: skip
BIG = {"sum": r"\sum", "max": r"\max", "min": r"\min", "argmax": r"\arg\max", "argmin": r"\arg\min"}
SPACES = {"thin": r"\,", "thick": r"\;", "quad": r"\quad"}
FONTS = {"bold": r"\mathbf", "calligraphic": r"\mathcal", "blackboard": r"\mathbb", "italic": ""}
NAMED_OPERATORS = frozenset("exp log ln sin cos tan sinh cosh tanh max min det dim".split())
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
    "^": r"\^{}", "~": r"\~{}", "\u2009": r"\,",
}  # fmt: skip


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


def shape_latex(shape: Sequence[Dim], notation: Notation) -> str:
    r"""``\\mathbb{R}^{D^{(1)} \\times D^{(0)}}``; a scalar's is ``\\mathbb{R}``."""
    return to_latex(shape_layout(tuple(shape), notation))


def name_latex(name: str, rank: int, notation: Notation) -> str:
    """The LaTeX of a symbol or node of the given rank (number of axes)."""
    return to_latex(notation.name(name, rank))


# --- one function for each node --------------------------------------------------------------------------------------


def _row(node: lay.Row) -> str:
    out = ""
    gap = False
    for item in node.items:
        text = to_latex(item)
        closes = isinstance(item, lay.Op) and item.spacing == "punctuation"
        after_comma = out.endswith(",") and isinstance(item, lay.Space)
        if out and gap and not node.tight and not closes and not after_comma:
            out += " "
        out = _joined(out, text)
        gap = not (isinstance(item, lay.Op) and item.spacing == "prefix")
    return out


def _joined(left: str, right: str) -> str:
    """Two texts without a space, unless a control word would swallow the letter that follows it."""
    if right[:1].isalpha() and re.search(r"\\[A-Za-z]+$", left):
        return f"{left} {right}"
    return left + right


def _ident(node: lay.Ident) -> str:
    text = node.text
    if node.style == "roman":
        return r"\text{" + "".join(ESCAPES.get(c, c) for c in text) + "}"
    if node.style == "operator":
        return f"\\{text}" if text in NAMED_OPERATORS else r"\operatorname{" + text.replace("\u2009", r"\,") + "}"
    if text in GREEK:
        return rf"\boldsymbol{{\{text}}}" if node.style == "bold" else rf"\{text}"
    font = FONTS[node.style]
    return f"{font}{{{text}}}" if font else text


def _script(node: lay.Script) -> str:
    base = to_latex(node.base)
    if isinstance(node.base, (lay.Row, lay.Verbatim, lay.Frac, lay.Script)):
        base = f"{{{base}}}"
    if node.sub is not None:
        sub = to_latex(node.sub)
        # The size of an all-ones vector is always braced, as in the source handout's own LaTeX.
        ones = isinstance(node.base, lay.Ident) and node.base.style == "blackboard"
        base += f"_{{{sub}}}" if ones else "_" + _argument(sub)
    if node.sup is not None:
        base += "^" + _argument(to_latex(node.sup))
    return base


def _argument(text: str) -> str:
    """An argument of ``_`` or ``^``: bare if it is one character or one control word."""
    return text if len(text) == 1 or re.fullmatch(r"\\[A-Za-z]+", text) else f"{{{text}}}"


def _fenced(node: lay.Fenced) -> str:
    left, right = FENCES[node.kind]
    body = to_latex(node.body)
    if node.stretchy:
        return rf"\left{left.strip()} {body} \right{right.strip()}"
    return f"{left}{body}{right}"


def _big(node: lay.Big) -> str:
    return _script(lay.Script(lay.Verbatim(""), node.lower, node.upper)).replace("{}", BIG[node.op], 1)


def _matrix(node: lay.Matrix) -> str:
    # Rows of fractions would touch without some air between them.
    tall = any(lay.is_tall(cell) for cells in node.rows for cell in cells)
    rows = (r" \\[4pt] " if tall else r" \\ ").join(
        " & ".join(to_latex(cell) for cell in cells) for cells in node.rows
    )
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


def _aligned(node: lay.Aligned) -> str:
    rows = r" \\ ".join(" & ".join(to_latex(cell) for cell in cells) for cells in node.rows)
    return rf"\begin{{aligned}} {rows} \end{{aligned}}"


_RULES: dict[type[Layout], Callable[[Any], str]] = {
    lay.Row: _row,
    lay.Ident: _ident,
    lay.Number: lambda node: node.text,
    lay.Symbol: lambda node: SYMBOLS[node.name],
    lay.Op: lambda node: OPERATORS[node.name],
    lay.Frac: lambda node: rf"\frac{{{to_latex(node.num)}}}{{{to_latex(node.den)}}}",
    lay.Script: _script,
    lay.Primed: lambda node: to_latex(node.base) + "'" * node.count,
    lay.Accent: lambda node: rf"\{node.name}{{{to_latex(node.body)}}}",
    lay.Fenced: _fenced,
    lay.Big: _big,
    lay.Sqrt: lambda node: rf"\sqrt{{{to_latex(node.body)}}}",
    lay.Matrix: _matrix,
    lay.Underbrace: lambda node: rf"\underbrace{{{to_latex(node.body)}}}_{{{to_latex(node.label)}}}",
    lay.Boxed: lambda node: rf"\boxed{{{to_latex(node.body)}}}",
    lay.Aligned: _aligned,
    lay.Space: lambda node: SPACES[node.size],
    lay.Verbatim: lambda node: node.latex,
}

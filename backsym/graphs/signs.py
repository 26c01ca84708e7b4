"""Unicode for the letters and signs of labels, and labels as one line of Unicode text (DOT, Mermaid).

This module must not know about graphs or output languages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backsym.errors import BacksymError
from backsym.printing import layout as lay
from backsym.printing.layout import Ident, Layout

_GREEK = dict(
    zip(
        (
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon "
            "phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
        ).split(),
        "αβγδϵζηθικλμνξοπρστυϕχψωΓΔΘΛΞΠΣΥΦΨΩ",
        strict=True,
    )
)
SYMBOLS = {
    "nabla": "∇", "partial": "∂", "dots": "…", "top": "⊤", "prime": "′", "in": "∈", "ell": "ℓ", "star": "⋆",
    "ast": "∗", "dagger": "†", "infinity": "∞", "odot": "⊙", "cdot": "·", "times": "×", "vdots": "⋮", "ddots": "⋱",
}  # fmt: skip
OPERATORS = {
    "plus": "+", "minus": "−", "equals": "=", "comma": ",", "slash": "/", "ast": "∗", "odot": "⊙", "cdot": "·",
    "times": "×", "in": "∈", "greater": ">", "greater_equal": "≥", "less": "<", "less_equal": "≤", "equal": "=",
    "not_equal": "≠", "to": "→", "approx": "≈",
}  # fmt: skip
_SCRIPT_CAPITALS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "𝒜ℬ𝒞𝒟ℰℱ𝒢ℋℐ𝒥𝒦ℒℳ𝒩𝒪𝒫𝒬ℛ𝒮𝒯𝒰𝒱𝒲𝒳𝒴𝒵", strict=True))
_DOUBLE_STRUCK = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ", "H": "ℍ", "1": "𝟙", "E": "𝔼"}
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+−=()abcdefghijklmnoprstuvwxyzαβγδ′⊤T",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵅᵝᵞᵟ′ᵀᵀ",
        strict=True,
    )
)
_SUBSCRIPTS = dict(zip("0123456789+−=()aehijklmnoprstuvxβγρχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵪ", strict=True))
_MARKS = {"bar": "\u0304", "hat": "\u0302", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307"}
FENCES = {
    "paren": ("(", ")"), "bracket": ("[", "]"), "brace": ("{", "}"), "abs": ("|", "|"), "norm": ("‖", "‖"),
}  # fmt: skip


def letters(node: Ident) -> str:
    """The letters of a name; script and double-struck ones have characters of their own."""
    text = _GREEK.get(node.text, node.text)
    if node.style == "calligraphic":
        return _SCRIPT_CAPITALS.get(text, text)
    if node.style == "blackboard":
        return _DOUBLE_STRUCK.get(text, text)
    return text


def unicode_text(layout: Layout) -> str:
    """The layout in one line; raises BacksymError for LaTeX that could not be taken apart, naming it."""
    rule = _RULES.get(type(layout))
    if rule is None:
        raise BacksymError(f"a label of a graph cannot hold a {type(layout).__name__}")
    return rule(layout)


def refuse(latex: str, language: str) -> BacksymError:
    """The error for LaTeX that could not be taken apart."""
    return BacksymError(f"the label {latex!r} can be drawn in LaTeX only, not in {language}: write it more simply")


def _row(node: lay.Row) -> str:
    out = ""
    for at, item in enumerate(node.items):
        text = unicode_text(item)
        binary = isinstance(item, lay.Op) and item.spacing in ("binary", "relation")
        nabla = at > 0 and isinstance(node.items[at - 1], lay.Script) and "∇" in out
        out += f" {text} " if binary and not node.tight else f" {text}" if nabla and not node.tight else text
    return out


def _script(node: lay.Script) -> str:
    out = unicode_text(node.base)
    if node.sub is not None:
        out += _raised(unicode_text(node.sub), _SUBSCRIPTS, "_")
    if node.sup is not None:
        out += _raised(unicode_text(node.sup), _SUPERSCRIPTS, "^")
    return out


def _raised(text: str, table: dict[str, str], mark: str) -> str:
    """The text in small characters where Unicode has them all, else after a mark."""
    if all(sign in table for sign in text):
        return "".join(table[sign] for sign in text)
    fenced = len(text) > 1 and not (text.startswith("(") and text.endswith(")"))
    return f"{mark}{{{text}}}" if fenced else mark + text


def _part(layout: Layout) -> str:
    text = unicode_text(layout)
    return f"({text})" if isinstance(layout, lay.Row) and any(isinstance(i, lay.Op) for i in layout.items) else text


def _verbatim(node: lay.Verbatim) -> str:
    raise refuse(node.latex, "plain text")


_RULES: dict[type[Layout], Callable[[Any], str]] = {
    lay.Row: _row,
    lay.Ident: letters,
    lay.Number: lambda node: node.text,
    lay.Symbol: lambda node: SYMBOLS[node.name],
    lay.Op: lambda node: OPERATORS[node.name],
    lay.Frac: lambda node: f"{_part(node.num)}/{_part(node.den)}",
    lay.Script: _script,
    lay.Primed: lambda node: unicode_text(node.base) + "′" * node.count,
    lay.Accent: lambda node: unicode_text(node.body) + _MARKS[node.name],
    lay.Fenced: lambda node: FENCES[node.kind][0] + unicode_text(node.body) + FENCES[node.kind][1],
    lay.Space: lambda node: " ",
    lay.Verbatim: _verbatim,
}

r"""Every sign of a formula by its meaning: its character and its LaTeX; and the characters of styled letters.

``Symbol``, ``Op``, ``Delimiter`` and ``Big`` of a layout hold such names.  A new sign is one line here; a serialiser
need not know it, because languages other than LaTeX take the character itself.

This module must not know about layouts or output languages (LaTeX is here only because authors write it).
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from backsym.core.names import GREEK


class Sign(NamedTuple):
    """``kind`` is ordinary, binary, relation or punctuation; ``latex`` is how it is written, ``others`` aliases."""

    char: str
    latex: str
    kind: str
    others: tuple[str, ...] = ()


_ORDINARY = r"""
    nabla ∇ \nabla            partial ∂ \partial        dots … \dots|\ldots       cdots ⋯ \cdots
    vdots ⋮ \vdots            ddots ⋱ \ddots            top ⊤ \top                bot ⊥ \bot
    prime ′ \prime            ell ℓ \ell                hbar ℏ \hbar              infinity ∞ \infty
    real_part ℜ \Re           imaginary_part ℑ \Im      aleph ℵ \aleph            angle ∠ \angle
    empty_set ∅ \emptyset     empty_set_round ⌀ \varnothing                       forall ∀ \forall
    exists ∃ \exists          not ¬ \neg|\lnot          square □ \square          intercal ⊺ \intercal
    dotless_i ı \imath        dotless_j ȷ \jmath        exclamation ! !           question ? ?
    period . .                percent % \%              ampersand & \&            hash # \#
    dollar $ \$               underscore _ \_           at @ @                    quote " "
    backquote ‘ `             triangle △ \triangle
"""
_BINARY = r"""
    plus + +                  minus − -                 plus_minus ± \pm          minus_plus ∓ \mp
    times × \times            divide ÷ \div             cdot ⋅ \cdot              ast ∗ *|\ast
    star ⋆ \star              circ ∘ \circ              bullet ∙ \bullet          odot ⊙ \odot
    oplus ⊕ \oplus            ominus ⊖ \ominus          otimes ⊗ \otimes          wedge ∧ \wedge
    vee ∨ \vee                cap ∩ \cap                cup ∪ \cup                set_minus ∖ \setminus
    dagger † \dagger          modulo mod \bmod
"""
_RELATION = r"""
    equals = =                equal = =                 not_equal ≠ \ne|\neq      less < <|\lt
    greater > >|\gt           less_equal ≤ \le|\leq     greater_equal ≥ \ge|\geq  much_less ≪ \ll
    much_greater ≫ \gg        approx ≈ \approx          sim ∼ \sim                simeq ≃ \simeq
    cong ≅ \cong              equiv ≡ \equiv            proportional ∝ \propto    in ∈ \in
    contains ∋ \ni            not_in ∉ \notin           subset ⊂ \subset          subset_equal ⊆ \subseteq
    superset ⊃ \supset        superset_equal ⊇ \supseteq                          mid ∣ \mid
    parallel ∥ \parallel      perpendicular ⟂ \perp     to → \to|\rightarrow      gets ← \gets|\leftarrow
    long_to ⟶ \longrightarrow maps_to ↦ \mapsto         both_ways ↔ \leftrightarrow
    double_to ⇒ \Rightarrow   double_gets ⇐ \Leftarrow  double_both_ways ⇔ \Leftrightarrow
    implies ⟹ \implies        if_and_only_if ⟺ \iff     therefore ∴ \therefore    because ∵ \because
    colon : :
"""
_PUNCTUATION = r"""
    comma , ,                 semicolon ; ;             type_colon : \colon
"""


def _table(kind: str, text: str) -> dict[str, Sign]:
    words = text.split()
    found = {}
    for name, char, latex in zip(words[::3], words[1::3], words[2::3], strict=True):
        first, *others = latex.split("|") if latex != "|" else [latex]
        found[name] = Sign(char, first, kind, tuple(others))
    return found


SIGNS: dict[str, Sign] = {
    **_table("ordinary", _ORDINARY),
    **_table("binary", _BINARY),
    **_table("relation", _RELATION),
    **_table("punctuation", _PUNCTUATION),
    "slash": Sign("/", "/", "ordinary"),
}

_DELIMITERS = r"""
    paren_left ( (            paren_right ) )           bracket_left [ [|\lbrack  bracket_right ] ]|\rbrack
    brace_left { \{|\lbrace   brace_right } \}|\rbrace  angle_left ⟨ \langle      angle_right ⟩ \rangle
    floor_left ⌊ \lfloor      floor_right ⌋ \rfloor     ceil_left ⌈ \lceil        ceil_right ⌉ \rceil
    bar_left | \lvert         bar_right | \rvert        bars_left ‖ \lVert        bars_right ‖ \rVert
    bar | \vert               bars ‖ \|                 slash_fence / /
"""
DELIMITERS: dict[str, Sign] = {
    **_table("ordinary", _DELIMITERS),
    "none": Sign("", ".", "ordinary"),
}
DELIMITERS["bar"] = Sign("|", "|", "ordinary", (r"\vert",))
DELIMITERS["bars"] = Sign("‖", r"\|", "ordinary", (r"\Vert",))

FENCES = {
    "paren": ("paren_left", "paren_right"),
    "bracket": ("bracket_left", "bracket_right"),
    "brace": ("brace_left", "brace_right"),
    "abs": ("bar_left", "bar_right"),
    "norm": ("bars_left", "bars_right"),
    "angle": ("angle_left", "angle_right"),
    "floor": ("floor_left", "floor_right"),
    "ceil": ("ceil_left", "ceil_right"),
}
"""Pairs of delimiters that have a name."""

BIG_SIGNS = {"sum": ("∑", r"\sum"), "prod": ("∏", r"\prod"), "int": ("∫", r"\int")}
"""Big operators that are signs; all others are words."""

BIG_WORDS = {
    "argmax": "arg\u2009max", "argmin": "arg\u2009min", "limsup": "lim\u2009sup", "liminf": "lim\u2009inf",
}  # fmt: skip
"""Operators whose words are not their names."""

LIMIT_WORDS = frozenset("lim max min sup inf det Pr gcd limsup liminf argmax argmin".split())
"""Words that have what belongs to them below, in a display."""

PLAIN_WORDS = frozenset(
    "arg log ln exp sin cos tan arctan sinh cosh tanh dim ker deg hom sec csc cot".split(),
)
"""Names of functions that LaTeX knows too."""


def sign(name: str) -> Sign:
    """The sign of a name; ``not_`` before the name of a relation strikes it through.  Raises KeyError."""
    if name in SIGNS:
        return SIGNS[name]
    struck = SIGNS[name.removeprefix("not_")]
    return Sign(unicodedata.normalize("NFC", struck.char + "\u0338"), rf"\not{struck.latex}", struck.kind)


_GREEK_CHARS = dict(zip(GREEK, "αβγδϵζηθικλμνξοπρστυϕχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True))
_GREEK_CHARS |= {"varepsilon": "ε", "vartheta": "ϑ", "varpi": "ϖ", "varrho": "ϱ", "varsigma": "ς", "varphi": "φ"}
_GREEK_CHARS["ell"] = "ℓ"


def greek(name: str) -> str | None:
    """The letter of that name (``alpha``, ``varphi``, and ``ell``); None if there is none."""
    return _GREEK_CHARS.get(name)


def is_greek(name: str) -> bool:
    return name in _GREEK_CHARS


_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SMALL = _CAPITALS.lower()
_SCRIPT = dict(zip(_CAPITALS + "ego", "𝒜ℬ𝒞𝒟ℰℱ𝒢ℋℐ𝒥𝒦ℒℳ𝒩𝒪𝒫𝒬ℛ𝒮𝒯𝒰𝒱𝒲𝒳𝒴𝒵ℯℊℴ", strict=True))
_HOLES = {
    "italic": {"h": "ℎ", "ı": "𝚤", "ȷ": "𝚥"},
    "blackboard": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
    "fraktur": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "calligraphic": _SCRIPT,
}
# For each style, where its capitals, small letters, digits and Greek capitals (up to the nabla) start.
_STARTS = {
    "italic": (0x1D434, 0x1D44E, None, 0x1D6E2),
    "bold": (0x1D400, 0x1D41A, 0x1D7CE, 0x1D6A8),
    "bold_italic": (0x1D468, 0x1D482, 0x1D7CE, 0x1D71C),
    "calligraphic": (0x1D49C, 0x1D4B6, None, None),
    "blackboard": (0x1D538, 0x1D552, 0x1D7D8, None),
    "fraktur": (0x1D504, 0x1D51E, None, None),
    "sans": (0x1D5A0, 0x1D5BA, 0x1D7E2, None),
    "mono": (0x1D670, 0x1D68A, 0x1D7F6, None),
}
_GREEK_ORDER = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡϴΣΤΥΦΧΨΩ∇αβγδεζηθικλμνξοπρςστυφχψω∂ϵϑϰϕϱϖ"


def styled(char: str, style: str) -> str:
    """The mathematical character of a letter or digit in a style; the letter itself where Unicode has none.

    Source: Unicode, chapter 22.2, Mathematical Alphanumeric Symbols.
    """
    if style not in _STARTS:
        return char
    hole = _HOLES.get(style, {}).get(char)
    if hole is not None:
        return hole
    capitals, small, digits, greek_start = _STARTS[style]
    if char in _CAPITALS:
        return chr(capitals + _CAPITALS.index(char))
    if char in _SMALL:
        return chr(small + _SMALL.index(char))
    if char.isascii() and char.isdigit() and digits is not None:
        return chr(digits + int(char))
    if char in _GREEK_ORDER and greek_start is not None:
        return chr(greek_start + _GREEK_ORDER.index(char))
    return char

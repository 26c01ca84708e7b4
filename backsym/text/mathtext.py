"""User text with $math$: what stands where in it, and whether its mathematics may go onto a page.

The text comes from outside and ends up in LaTeX, so mathematics is held to a list of known macros and environments, to
matching braces and to plain signs: no document can read a file or run anything because of it.  Used where problem
files are read, for errors with a place, and where documents are made.

This module must not know about problem files or output languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from backsym.core.errors import near_name
from backsym.core.names import GREEK
from backsym.core.words import Said, say
from backsym.text.mathform import flaw_of
from backsym.text.pieces import DELIMITERS, Piece, group, signs

MACROS = frozenset(
    (
        "frac dfrac tfrac sqrt sum prod int lim max min sup inf arg log ln exp sin cos tan arctan sinh cosh tanh det "
        "dim ker Pr gcd deg hom sec csc cot limsup liminf mathbf mathrm mathit mathcal mathbb mathsf mathtt mathfrak "
        "boldsymbol text textbf textit textrm operatorname hat tilde bar vec dot ddot overline underline widehat "
        "widetilde overbrace underbrace overset underset stackrel left right big Big bigg Bigg bigl bigr Bigl "
        "Bigr middle nabla partial infty ell hbar Re Im cdot cdots dots ldots vdots ddots times div pm mp ast "
        "star circ bullet odot oplus otimes ominus wedge vee cap cup setminus in ni notin subset subseteq supset "
        "supseteq emptyset varnothing forall exists neg lnot le leq ge geq ne neq lt gt ll gg approx sim simeq "
        "cong equiv propto mid parallel perp to gets rightarrow leftarrow Rightarrow Leftarrow leftrightarrow "
        "Leftrightarrow longrightarrow mapsto implies iff quad qquad top bot prime dagger intercal lvert rvert "
        "lVert rVert vert Vert langle rangle lfloor rfloor lceil rceil lbrace rbrace lbrack rbrack displaystyle "
        "textstyle scriptstyle limits nolimits binom boxed begin end therefore because angle triangle square mod "
        "bmod pmod colon not phantom substack varepsilon vartheta varpi varrho varsigma varphi imath jmath aleph"
    ).split()
) | frozenset(name for name in GREEK if name != "omicron")
ENVIRONMENTS = frozenset("matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases aligned gathered".split())

_SIGNS = frozenset("\\,;:! {}_%#&$|")
_MEANINGLESS = ("%", "#", "~", "^^", "$")
_TEXTS = ("text", "textbf", "textit", "textrm")

LATIN_LETTERS = frozenset(map(chr, range(0xA1, 0x17F))) - frozenset("ĦħĸĿŀŉŦŧ\u00ad")
"""What the fonts of a plain LaTeX have beyond ASCII: letters with accents, and signs."""

INLINE = re.compile(
    r"\\(?P<literal>[\\`*$_{}\[\]<>#|-])"
    r"|\$\$(?P<display>(?:[^$\\]|\\.)*)\$\$"
    r"|\$(?P<math>(?:[^$\\]|\\.)+)\$"
    r"|\*\*(?P<strong>[^*$`\n]+)\*\*"
    r"|\*(?P<emphasis>[^*$`\s](?:[^*$`\n]*[^*$`\s])?)\*"
    r"|`(?P<code>[^`\n]+)`",
    re.DOTALL,
)
"""What is marked in a text; everything between matches is plain."""


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a text, and where."""

    message: Said
    start: int
    end: int
    hint: Said | None = None


def literal(text: str) -> str:
    """A text in which no sign marks anything, as for a title that is the name of a file."""
    return re.sub(r"([\\`*$])", r"\\\1", text)


def text_complaints(text: str) -> Iterator[Complaint]:
    """What is wrong with the mathematics of a text, in order."""
    for start, end in _passages(text):
        position = start
        for match in INLINE.finditer(text, start, end):
            yield from _lone_dollars(text, position, match.start())
            position = match.end()
            kind = match.lastgroup
            if kind in ("math", "display"):
                first = match.start(kind)
                for found in math_complaints(match[kind]):
                    yield Complaint(found.message, first + found.start, first + found.end, found.hint)
        yield from _lone_dollars(text, position, end)


def _lone_dollars(text: str, start: int, end: int) -> Iterator[Complaint]:
    at = text.find("$", start, end)
    if at >= 0:
        yield Complaint(say("text.lone_dollar"), at, at + 1)


def _passages(text: str) -> Iterator[tuple[int, int]]:
    """The paragraphs and list items of a text: no formula reaches from one into another."""
    start = position = 0
    in_item = False
    for line in text.splitlines(keepends=True):
        item = line.lstrip().startswith("- ")
        leaves = in_item and not item and not line.startswith((" ", "\t"))
        if item or leaves or not line.strip():
            if position > start:
                yield start, position
            start = position
            in_item = item
        position += len(line)
    if position > start:
        yield start, position


def math_complaints(latex: str) -> Iterator[Complaint]:
    """What is wrong with a formula (without its dollar signs), the gravest first."""
    found = False
    for check in (_macro_complaints, _environment_complaints, _fence_complaints, _brace_complaints, _sign_complaints):
        for complaint in check(latex):
            found = True
            yield complaint
    flaw = None if found else flaw_of(latex)
    if flaw is not None:
        yield Complaint(*flaw)


def _macros(latex: str, *names: str) -> Iterator[tuple[int, Piece]]:
    """The macros, or those of these names, with their positions among the signs."""
    found = ((n, sign) for n, sign in enumerate(signs(latex)) if sign.text[0] == "\\")
    return ((n, sign) for n, sign in found if not names or sign.macro in names)


def _macro_complaints(latex: str) -> Iterator[Complaint]:
    for _, sign in _macros(latex):
        name = sign.macro
        if name in MACROS or name in _SIGNS:
            continue
        near = near_name(name, MACROS, 0.8) if name.isascii() and name.isalpha() else None
        hint = say("text.did_you_mean_macro", near=near) if near else None
        yield Complaint(say("text.unknown_macro", name=name), sign.start, sign.end, hint)


def _environment_complaints(latex: str) -> Iterator[Complaint]:
    opened: list[tuple[str, int, int]] = []
    found = signs(latex)
    for n, sign in _macros(latex, "begin", "end"):
        side, close = sign.macro, group(found, n + 1)
        name = None if close is None else latex[found[n + 1].end : found[close].start]
        start, end = sign.start, sign.end if close is None else found[close].end
        if name is None or name not in ENVIRONMENTS:
            known = say("text.known_environments", names=sorted(ENVIRONMENTS))
            if name is None:
                yield Complaint(say("text.without_environment", side=side), start, end, known)
            else:
                yield Complaint(say("text.unknown_environment", name=name), start, end, known)
        elif side == "begin":
            opened.append((name, start, end))
        elif not opened or opened.pop()[0] != name:
            yield Complaint(say("text.end_without_begin", name=name), start, end)
            return
    for name, start, end in opened:
        yield Complaint(say("text.environment_without_end", name=name), start, end)


def _fence_complaints(latex: str) -> Iterator[Complaint]:
    opened: list[tuple[int, int]] = []
    found = signs(latex)
    for n, sign in _macros(latex, "left", "right"):
        delimiter = found[n + 1] if n + 1 < len(found) else None
        if delimiter is None or delimiter.text not in DELIMITERS:
            bare, such = say("text.fence_without_delimiter", macro=sign.macro), say("text.such_fences")
            yield Complaint(bare, sign.start, sign.end, such)
        elif sign.macro == "left":
            opened.append((sign.start, delimiter.end))
        elif not opened:
            place = sign.start, delimiter.end
            yield Complaint(say("text.right_without_left"), *place, say("text.empty_left_side"))
        else:
            opened.pop()
    for place in opened:
        yield Complaint(say("text.left_without_right"), *place, say("text.empty_right_side"))


def _brace_complaints(latex: str) -> Iterator[Complaint]:
    opened: list[int] = []
    for sign in signs(latex):
        if sign.text == "{":
            opened.append(sign.start)
        elif sign.text == "}" and not opened:
            yield Complaint(say("text.brace_closes_nothing"), sign.start, sign.end, say("text.brace_itself"))
            return
        elif sign.text == "}":
            opened.pop()
    for at in opened[:1]:
        yield Complaint(say("text.brace_never_closed"), at, at + 1)


def _sign_complaints(latex: str) -> Iterator[Complaint]:
    found = signs(latex)
    bare = _masked(latex, ((sign.start, sign.end) for _, sign in _macros(latex)), lambda _: "\\")
    for sign in _MEANINGLESS:
        at = bare.find(sign)
        if at >= 0:
            yield Complaint(say("text.meaningless_sign", sign=sign), at, at + len(sign))
    at = next(filter(lambda n: n >= 0, (bare.find("&"), *(m.start for _, m in _macros(latex, "\\")))), -1)
    if at >= 0 and not any(_macros(latex, "begin", "substack")):
        sign = "&" if latex[at] == "&" else "\\\\"
        yield Complaint(say("text.outside_environment", sign=sign), at, at + len(sign))
    groups = ((sign.start, found[close].end) for n, sign in _macros(latex, *_TEXTS) if (close := group(found, n + 1)))
    words = _masked(latex, groups, lambda char: "x" if char in LATIN_LETTERS else char)
    for at, char in enumerate(words):
        if not (" " <= char <= "~" or char in "\t\n"):
            yield Complaint(say("text.unreadable_sign", sign=_shown(char)), at, at + 1, _spelling(char))
            return


def _masked(text: str, places: Iterable[tuple[int, int]], mask: Callable[[str], str]) -> str:
    """A text of the same length with other characters at some places."""
    out, position = "", 0
    for start, end in places:
        out += text[position:start] + "".join(map(mask, text[start:end]))
        position = end
    return out + text[position:]


def _shown(sign: str) -> str:
    return sign if sign.isprintable() and not sign.isspace() else f"U+{ord(sign):04X}"


_SPELLINGS = {
    "−": "-", "×": "\\times", "·": "\\cdot", "⋅": "\\cdot", "∂": "\\partial", "∇": "\\nabla", "∑": "\\sum",
    "Σ": "\\Sigma", "⊙": "\\odot", "≤": "\\leq", "≥": "\\geq", "≠": "\\neq", "≈": "\\approx", "∈": "\\in",
    "ℝ": "\\mathbb{R}", "→": "\\to", "∞": "\\infty", "ᵀ": "^\\top", "²": "^2", "³": "^3", "′": "'",
    "√": "\\sqrt", "ℒ": "\\mathcal{L}",
}  # fmt: skip


def _spelling(sign: str) -> Said | None:
    if sign in _SPELLINGS:
        return say("text.write_sign", sign=_SPELLINGS[sign])
    match = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(sign, ""))
    if match is None:
        return say("text.word_in_formula") if sign.isalpha() else None
    name = match[2].lower().replace("lamda", "lambda")
    name = name.capitalize() if match[1] == "CAPITAL" else name
    return say("text.write_sign", sign=f"\\{name}") if name in MACROS else None

r"""Layers above without parentheses: ``a^1_j = \sigma(\sum_k w^1_{jk} x_k + b^1_j)`` means a^{(1)}_j.

A power cannot be defined or declared, so a letter that has a number above it on the left side of an equation, or before
the sign of a set, has layers, or is one quantity such as ``\sigma^2``, as is what a derivative is by.  So has every
stands without a number above.  These numbers are put in parentheses, the marks of a layer that the reader of formulas
knows.  Beside a function ``\sigma(z)``, ``\sigma^2`` is a quantity of its own, the variance.

Knows how letters and their scripts are written; knows no mathematics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backsym.core.source import Source
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import ACCENTS, FONTS, Token, script_end, tokens_in
from backsym.reading.latex.names import Key

_LETTERS = ("letter", "greek")
_TRANSPOSES = ("top", "T")
_SIZES = ("left", "bigl", "Bigl", "big", "Big")


@dataclass(frozen=True)
class Occurrence:
    """A letter in a formula: its number above, if there is one, with its place; whether it looks like an array."""

    letter: str
    number: str
    start: int
    end: int
    transpose: str
    is_left: bool
    is_array: bool
    below: str = ""
    below_span: tuple[int, int] = (0, 0)
    is_declared: bool = False
    is_applied: bool = False
    is_derived: bool = False


def layered(document: Document, formulas: Iterable[tuple[int, int]]) -> tuple[Document, dict[Key, str]]:
    r"""The note with its layers in parentheses, and the scripts of quantities spelled as powers: ``\sigma_B^2``."""
    seen = [occurrence for start, end in formulas for occurrence in _occurrences(document.text, start, end)]
    variances = _variances(seen)
    defined = {o.letter for o in seen if o.is_left and o.number} | variances | _derived_by(seen)
    if not defined:
        return document, {}
    numbers: dict[str, set[str]] = defaultdict(set)
    arrays: set[str] = set()
    for o in seen:
        numbers[o.letter].add(o.number)
        arrays |= {o.letter} if o.is_array else set()
    declared = {o.letter for o in seen if o.is_declared and o.number}
    powers = {letter for letter in defined if numbers[letter] - {""} == {"2"}} - declared
    # A quantity that is spelled \\sigma^2 tells nothing of the 2 in x_i^2.
    marked = arrays | (_in_layers(seen) if declared else set()) if defined - powers else set()
    # Nobody writes the first power of a number.
    marked |= {letter for letter in numbers if "1" in numbers[letter]} if defined - powers else set()
    numbered = {letter for letter in marked if "" not in numbers[letter]}
    powers = variances if declared else powers
    layers = {letter for letter in numbers if letter in defined or letter in numbered}
    edits: list[Edit] = []
    spelled: dict[Key, str] = {}
    for o in seen:
        if o.letter not in layers or not o.number:
            continue
        if o.letter in powers and o.below:
            # The mark below is no index: both scripts make one tag.
            spelled[o.letter, o.number + o.below] = f"_{{{o.below}}}^{{{o.number}}}"
            tag = Edit(*o.below_span, f"_{{\\text{{{o.number}{o.below}}}}}")
            edits += sorted([tag, Edit(o.start, o.end, f"^{{{o.transpose}}}" if o.transpose else "")])
            continue
        if o.letter in powers:
            spelled[o.letter, o.number] = f"^{{{o.number}}}"
        edits.append(Edit(o.start, o.end, f"^{{({o.number}){o.transpose}}}"))
    return rewritten(document, edits), spelled


def _in_layers(seen: Sequence[Occurrence]) -> set[str]:
    """The letters with a number that is no power: another than 2 besides, or a 2 in equations of a layer alone."""
    found: set[str] = set()
    elsewhere: set[str] = set()
    in_layer = False
    for o in seen:
        in_layer = bool(o.number) if o.is_left else in_layer
        if o.number not in ("", "2"):
            found.add(o.letter)
        elif not in_layer:
            elsewhere.add(o.letter)
        else:
            found.add(o.letter)
    others = {o.letter for o in seen if o.number not in ("", "2")}
    return found - (elsewhere - others)


def _variances(seen: Iterable[Occurrence]) -> set[str]:
    r"""The sigma of a function beside which ``\sigma^2`` stands, never applied, and never a bare ``\sigma``."""
    mine = [o for o in seen if o.letter == "sigma" and not o.below]
    squared = [o for o in mine if o.number]
    clear = all(o.is_applied == (not o.number) and o.number in ("", "2") for o in mine)
    return {"sigma"} if clear and squared and len(squared) < len(mine) else set()


def _derived_by(seen: Sequence[Occurrence]) -> set[str]:
    r"""The letters by whose square a derivative is, ``\partial \sigma^2``, that stand nowhere without this 2."""
    asked = {o.letter for o in seen if o.is_derived and o.number == "2" and not o.below_span[1]}
    other = {o.letter for o in seen if o.number != "2" or o.below_span[1] or o.transpose or o.is_applied}
    return asked - other


def _occurrences(text: str, start: int, end: int) -> Iterator[Occurrence]:
    tokens = tokens_in(Source(text), start, end)
    first = True  # Whether a statement may begin here.
    before = start
    for n, token in enumerate(tokens):
        first = first or token.kind == "row" or token.text == "," or "quad" in text[before : token.start]
        before = token.end
        if token.kind in _LETTERS and not _is_above_alone(tokens, n):
            yield _occurrence(text, tokens, n, first=first)
        first = first and (token.text in ("&", "{", ",") or token.kind in ("row", "macro"))


def _is_above_alone(tokens: Sequence[Token], n: int) -> bool:
    """Whether this is the T of ``^T``, no letter that anything is said of."""
    return n > 0 and tokens[n - 1].text == "^" and tokens[n].text in _TRANSPOSES


def _occurrence(text: str, tokens: Sequence[Token], n: int, *, first: bool) -> Occurrence:
    """One letter with its fonts before it and its scripts after it."""
    opened = 0
    head = n
    while head > 0 and (tokens[head - 1].text in FONTS | ACCENTS or _opens_font(tokens, head - 1)):
        opened += tokens[head - 1].text == "{"
        head -= 1
    after = n + 1
    while opened and after < len(tokens) and tokens[after].text == "}":
        opened -= 1
        after += 1
    below, number = (after, after), (after, after)
    transpose = digit = ""
    if _text(tokens, after) == "_":
        below = after, script_end(tokens, after)
        after = below[1]
    if _text(tokens, after) == "^":
        last = script_end(tokens, after)
        inside = [token.text for token in tokens[after + 1 : last] if token.text not in ("{", "}")]
        if inside and inside[0].isdecimal() and len(inside[0]) == 1 and len(inside) < 3:
            transpose = "" if len(inside) == 1 else inside[1]
            if transpose in ("", *_TRANSPOSES):
                digit, number, after = inside[0], (after, last), last
    if _text(tokens, after) == "_" and below[0] == below[1]:
        below = after, script_end(tokens, after)
        after = below[1]
    marks = [token for token in tokens[below[0] + 1 : below[1]] if token.text not in ("{", "}", *FONTS)]
    mark = marks[0].text if len(marks) == 1 and _is_mark(marks[0]) else ""
    sign = after + (_text(tokens, after) == "&")
    applied = _text(tokens, sign + (_text(tokens, sign) in _SIZES)) == "("
    into = [t.text for t in tokens[sign + 1 : sign + 6] if t.text not in ("mathbb", "{", "}")]
    is_set = _text(tokens, sign) == "in" and into[:2] == ["R", "^"]
    said = first and not applied and (_text(tokens, sign) == "=" or is_set)
    return Occurrence(
        tokens[n].text,
        digit,
        *_places(tokens, *number),
        {"top": "\\top"}.get(transpose, transpose) if digit else "",
        said,
        head < n or below[0] < below[1] or tokens[n].text.isupper(),
        mark,
        _places(tokens, *below),
        said and is_set,
        applied,
        _text(tokens, head - 1) == "partial" if head else False,
    )


def _opens_font(tokens: Sequence[Token], n: int) -> bool:
    return n > 0 and tokens[n].text == "{" and tokens[n - 1].text in FONTS | ACCENTS


def _text(tokens: Sequence[Token], n: int) -> str:
    return tokens[n].text if n < len(tokens) else ""


def _places(tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    return (tokens[first].start, tokens[last - 1].end) if first < last else (0, 0)


def _is_mark(token: Token) -> bool:
    """Whether a subscript is no index: a capital or a word."""
    return token.kind == "word" or (token.kind == "letter" and token.text.isupper())

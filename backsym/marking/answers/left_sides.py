"""Left sides of answers: ``dL/dW2[k,j]``, a transpose of one, or a name of the student's own.

Knows syntax trees and names; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backsym.core.names import GREEK, split_name
from backsym.reading.latex.handwriting import end_of, past_space
from backsym.reading.latex.names import Vocabulary
from backsym.reading.syntax import Node

_LETTERS = dict(zip("αβγδεζηθικλμνξπρστυφχψω", (g for g in GREEK[:24] if g != "omicron"), strict=True))
_LOWERED = str.maketrans({digit: f"_{n}" for n, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")})
_CLOSING = {"{": "}", "(": ")", "[": "]"}
_FONTS = tuple(rf"\{font}{{" for font in "mathbf boldsymbol bm vec mathrm mathit text".split())


@dataclass(frozen=True)
class Left:
    """What a statement is about: the derivative by ``quantity``, or else a ``name`` of the student's own.

    ``indices`` are the nodes of its indices, None for the whole; ``transposed`` tells that it is written transposed.
    """

    quantity: str | None
    name: str | None
    indices: tuple[Node, ...] | None
    transposed: bool = False
    row: bool = False
    """Whether it is the derivative by a row of the quantity, of which the second index is not written."""
    word: bool = False
    """Whether it is a word that means nothing else: a name of the student's own where another line uses it."""


def left_of(tree: Node, loss: str, text: str) -> Left | None:
    """What the tree of a text is as a left side; None for any other expression."""
    tree = _without_point(tree, text)
    transposed = False
    indices: tuple[Node, ...] | None = None
    while tree.kind in ("transpose", "entry", "column"):
        if tree.kind == "transpose":
            transposed = not transposed
        elif tree.kind == "entry":
            if indices is not None:
                return None
            indices = tree.children[1:]
            if transposed:
                return None
        tree = tree.children[0]
    if indices is not None and transposed:
        indices, transposed = indices[::-1], False
    if tree.kind == "name":
        return Left(None, tree.value, indices, transposed)
    if tree.kind == "call" and tree.value == "grad" and len(tree.children) == 1 and tree.children[0].kind == "name":
        return Left(tree.children[0].value, None, indices, transposed)
    if tree.kind == "partial" and tree.children[0].kind == "name" and tree.children[0].value == loss:
        below = tree.children[1]
        if below.kind == "entry" and indices is None:
            return Left(below.children[0].value, None, below.children[1:], transposed)
        if below.kind == "name":
            return Left(below.value, None, indices, transposed)
    return None


def _without_point(tree: Node, text: str) -> Node:
    r"""``\frac{\partial L}{\partial w}(w)``: where the derivative is taken says nothing more on a left side."""
    if tree.kind != "terms" or tree.value != " " or [child.kind for child in tree.children] != ["partial", "name"]:
        return tree
    slope = tree.children[0]
    rest = text[slope.span[1] :].strip()
    return slope if text[slope.span[1] - 1] == "}" and rest[:1] == "(" and rest[-1:] == ")" else tree


def by_prime(text: str, loss: str) -> str | None:
    """``L'(w)`` as ``dL/dw``; None for any other left side."""
    bare = "".join(text.split())
    for prime in ("'", "′", "^\\prime", "^{\\prime}"):
        inner = bare.removeprefix(loss + prime)
        if inner != bare and inner[:1] == "(" and inner[-1:] == ")" and "," not in inner:
            return f"d{loss}/d{inner[1:-1]}"
    return None


def letters_of(indices: Sequence[Node]) -> list[str]:
    return [ix.value for ix in indices if ix.kind == "name"]


def own_name(text: str, words: Vocabulary) -> Left | None:
    r"""A name that the problem does not have, such as ``\delta^{(2)}_k``; None for anything else on a left side."""
    bare = _without_fonts(text.translate(_LOWERED)).strip().removeprefix("\\")
    end = 1 if bare[:1] in _LETTERS else end_of(bare, 0)
    base = _LETTERS.get(bare[:end], bare[:end])
    digits = end_of(bare, end) if bare[:1] in _LETTERS else end
    found = _scripts(bare, digits, words.above | words.ends)
    if found is None or not base[:1].isalpha():
        return None
    tag, letters = bare[end:digits] + found[0], found[1]
    if _is_code(text) and words.has(text[-1]) and text[:-2] not in GREEK:
        return None  # d_c, tanh_c: no index, but what it is of.
    name = base + tag
    if base == "delta" and not text.strip().startswith("delta") and words.delta and words.has(words.delta + tag):
        return None  # In the notation of the problem it is the derivative by z^{(l)}.
    known = words.has(name) or words.known(split_name(name)[0]) or words.has(*split_name(name))
    if known or (name[:1] == "d" and (words.has(name[1:]) or words.known(split_name(name[1:])[0]))):
        return None
    nodes = tuple(Node("name", letter, (), (0, 1)) for letter in _primed_letters(letters))
    return Left(None, name, nodes or None)


def letter_under_bar(text: str) -> str | None:
    r"""The letter of ``\bar{x}`` or ``x_bar``; None for what has no bar, or more than a letter below it."""
    bare = _without_fonts(text).strip()
    for bar in ("\\bar", "\\overline"):
        if bare.startswith(bar):
            bare = bare.removeprefix(bar).strip(" {}")
            return bare if len(bare) == 1 and bare.isalpha() else None
    letter = bare.removesuffix("bar").removesuffix("_")
    return letter if bare.endswith("bar") and len(letter) == 1 and letter.isalpha() else None


def _without_fonts(text: str) -> str:
    for font in _FONTS:
        while (at := text.find(font)) >= 0 and (close := text.find("}", at)) >= 0:
            text = text[:at] + text[at + len(font) : close] + text[close + 1 :]
    return text


def _scripts(text: str, position: int, above: frozenset[str]) -> tuple[str, str] | None:
    """The tags above and numbers below, and the letters below or in brackets; None where something else stands."""
    tag = letters = ""
    while (position := past_space(text, position)) < len(text):
        sign, start = text[position], past_space(text, position + 1)
        if sign not in "^_[":
            return None
        opening = "[" if sign == "[" else text[start : start + 1]
        if opening in _CLOSING and (sign != "_" or opening == "{"):
            end = text.find(_CLOSING[opening], start)
            content, position = text[start + (sign != "[") : end], end + 1
        else:
            end = position = end_of(text, start) if sign == "^" else start + 1
            content = text[start:end]
        mark = content.strip().removeprefix("(").removesuffix(")").strip() if sign == "^" else content.strip()
        if end < 0 or not mark or not all(char.isalnum() or char in "_ ,'" for char in mark):
            return None
        member = len(mark) == 1 and mark.isalpha() and mark != content.strip()  # (i)
        if sign == "^" and (mark in above or member):
            letters += mark
        elif sign == "^" or (sign == "_" and mark.isdecimal()):
            tag += mark
        else:
            letters += mark
    return tag, letters


def _is_code(text: str) -> bool:
    """Whether this is a word and one letter after an underscore, ``tanh_c``, or ``d_c``."""
    word, _, letter = text.partition("_")
    return len(letter) == 1 and letter.isalpha() and word.isalnum() and (len(word) > 1 or word == "d")


def _primed_letters(text: str) -> list[str]:
    found: list[str] = []
    for char in text:
        if char == "'" and found:
            found[-1] += char
        elif char.isascii() and char.isalpha():
            found.append(char)
    return found

"""What a text of the plain language shows at first glance: its left side, a derivative, the quantity that it names.

For targets, headers of columns and first looks before anything is declared.  What the rest of the text means is for the
grammar to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from string import ascii_letters, digits
from typing import NamedTuple

from backsym.text.pieces import Piece, words_and_signs

_NOTHING = Piece("", "", "", 0, 0)
_OF_NAMES = ascii_letters + digits + "_"


class Slope(NamedTuple):
    """A derivative as it is written, ``dL/dW`` or ``grad(W)``: of what, if it is said, by what, and its end."""

    of: str | None
    by: str
    end: int


def slope_at(found: Sequence[Piece], n: int) -> Slope | None:
    """The derivative that begins with the n-th piece."""
    here, *after = found[n : n + 4]
    texts = [piece.text for piece in after]
    if here.word == "grad" and texts[::2] == ["(", ")"] and after[1].word:
        return Slope(None, after[1].word, n + 4)
    below = after[1].word if len(after) > 1 and texts[0] == "/" else ""
    if _is_differential(here.word) and here.word[1] != "_" and _is_differential(below):
        return Slope(here.word[1:], below[1:], n + 3)
    return None


def _is_differential(word: str) -> bool:
    return word[:1] == "d" and len(word) > 1 and not word[1].isdecimal()


def slope(text: str) -> Slope | None:
    """The derivative that a text is; None for any other text."""
    found = [*words_and_signs(text)]
    first = slope_at(found, 0) if found else None
    return first if first is not None and first.end == len(found) else None


def slopes(text: str) -> Iterator[Slope]:
    """The derivatives that are written in a text, each apart from letters before it."""
    found = [*words_and_signs(text)]
    for n, piece in enumerate(found):
        before = text[piece.start - 1] if piece.start else " "
        if piece.word and not (before.isalnum() or before == "\\") and (here := slope_at(found, n)) is not None:
            yield here


def quantity(text: str) -> tuple[str, str] | None:
    """The name and the indices, as written, of ``W2[k,j]``, ``dL/dW2[k,j]`` or ``grad(W2)``; None for other texts."""
    found = [*words_and_signs(text)]
    inner = [piece.text for piece in (*found[:2], *found[-1:])] == ["grad", "(", ")"]
    found = found[2:-1] if inner else found  # grad(W2[k,j])
    here = slope_at(found, 0) if found and not inner else None
    name, n = (here.by, here.end) if here is not None else (found[0].word if found else "", 1)
    if not name:
        return None
    if found[n:] and found[n].text == "[" and found[-1].text == "]":
        inside = text[found[n].end : found[-1].start].strip()
        return None if "]" in inside else (name, inside)
    return (name, "") if len(found) == n else None


def divided_by(text: str, start: int) -> Piece | None:
    """The differential dW that stands below what ends here, perhaps with indices; None if there is none."""
    found = [*islice(words_and_signs(text, _after_indices(text, start)), 2)]
    below = found[1] if len(found) > 1 and found[0].text == "/" else None
    return below if below is not None and _is_differential(below.word) else None


def left_name(text: str) -> tuple[str, int | None] | None:
    """The name that an equation begins with, with the number of its indices if it has any; None if there is none."""
    found = [*words_and_signs(text)]
    called = [piece.text for piece in found[:2]] == ["Eq", "("]
    head, *after = (found[2:] if called else found) or [_NOTHING]
    if not head.word:
        return None
    close = next((n for n, piece in enumerate(after) if piece.text == "]"), None)
    if not after or after[0].text != "[" or close is None:
        return head.word, None
    inside = text[after[0].end : after[close].start]
    return head.word, inside.count(",") + 1 if inside else None


def is_plain(text: str) -> bool:
    """Whether a text has what formulas do not: ``*``, ``@``, brackets, ``.T``, a called word, a digit in a name."""
    if ".T" in text or any(sign in text for sign in "*@[]"):
        return True
    for n, char in enumerate(text):
        if char.isdecimal() and n and _is_letter(text[n - 1]):
            return True
        if char == "(":
            end = _before(text, _before(text, n, str.isspace), "'".__eq__)
            if end - _before(text, end, _is_ascii_word) > 1:
                return True
    return False


def names(text: str) -> set[str]:
    """The names in a text, macros of LaTeX without their backslash among them."""
    return {piece.word or piece.macro for piece in words_and_signs(text)} - {""}


def called(text: str) -> list[str]:
    """The names that stand right before a parenthesis."""
    if "\\" in text:
        return [piece.word for piece in words_and_signs(text) if piece.word and text.startswith("(", piece.end)]
    # Without macros a name is what letters there are behind, which takes no cutting of all the rest.
    words = (before[len(before.rstrip(_OF_NAMES)) :] for before in text.split("(")[:-1])
    return [name for word in words if (name := word.lstrip(digits))]


def begins_equation(text: str, start: int = 0) -> bool:
    """Whether a text begins, at this place, with a name, perhaps with indices, and one equals sign."""
    start = _after(text, start, str.isspace)
    end = _after(text, start, _in_word)
    sign = _after(text, _after_indices(text, end), str.isspace)
    return end > start and text[sign : sign + 1] == "=" != text[sign + 1 : sign + 2]


def equations(text: str) -> Iterator[str]:
    """The names before equals signs, with or without indices."""
    n = 0
    while n < len(text):
        end = _after(text, n, _in_word)
        if end > n and text.startswith("=", _after(text, _after_indices(text, end), str.isspace)):
            yield text[n:end]
        n = max(end, n + 1)


def _after_indices(text: str, n: int) -> int:
    """Where a pair of brackets ends that begins here; here if there is none."""
    return text.find("]", n) + 1 or n if text[n : n + 1] == "[" else n


def _after(text: str, n: int, holds: Callable[[str], bool]) -> int:
    """The first place from here on where a character is another."""
    while n < len(text) and holds(text[n]):
        n += 1
    return n


def _before(text: str, n: int, holds: Callable[[str], bool]) -> int:
    """The last place up to here before which a character is another."""
    while n and holds(text[n - 1]):
        n -= 1
    return n


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _is_ascii_word(char: str) -> bool:
    return char.isascii() and _in_word(char)


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()

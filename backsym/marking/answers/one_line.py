r"""The usual answer, ``dL/dW2[k,j] = dL/dz2[k]*h[j]``: one line of signs and names, without words, layout or asides.

It needs none of the looking for these that other texts need, which takes longer than all the rest of cutting them.
Whatever could be cut in another way is left to ``lines``.  Knows signs and the names of functions only.
"""

from __future__ import annotations

from functools import lru_cache
from string import ascii_letters, digits

from backsym.core.functions import FUNCTIONS, REDUCTIONS

_NAME = frozenset(ascii_letters + digits + "_")
_OPERATORS = "-+*/@^,"
_SIGNS = _NAME | frozenset(".'()[] ") | frozenset(_OPERATORS)
_PARTED = str.maketrans(dict.fromkeys(_OPERATORS, "\0"))
_PROSE = ("..", "//", "rule", "implif", "ubstitut", "where", "with", "since", "because")


def one_line(text: str) -> tuple[str | None, str] | None:
    """The left side, if there is one, and the right side of a text that is no more than that; None for any other.

    Spaces stand singly, beside signs only: two words in a row may be prose.
    """
    text = text.strip()
    left, equals, right = text.partition("=")
    side = right.removeprefix(" ") if equals else left
    if not _is_side(side) or (equals and not _is_left(left.removesuffix(" "))) or _is_listed(text):
        return None
    for sign in _PROSE:
        if sign in text:
            return None
    return None if _begins_with_word(text) else (left.removesuffix(" ") if equals else None, side.strip())


def _is_side(text: str) -> bool:
    """Whether pieces without spaces stand between operators, the first behind nothing but minus signs."""
    begun = text.lstrip("- ")
    if not begun or begun[0] in _OPERATORS or text[-1] in _OPERATORS or text[-1] == " ":
        return False
    if "  " in text or not _SIGNS.issuperset(text):
        return False
    return " " not in text.translate(_PARTED).replace(" \0", "\0").replace("\0 ", "\0").removeprefix(" ")


@lru_cache(maxsize=1000)
def _is_left(text: str) -> bool:
    """Whether a text is ``W``, ``dL/dW`` or entries of one, ``dL/dW[k,j]``."""
    name, bracket, inside = text.partition("[")
    if bracket and not (inside.endswith("]") and all(map(_is_index, inside[:-1].split(",")))):
        return False
    names = name.split("/")
    return len(names) < 3 and all(map(_is_name, names))


def _is_name(text: str) -> bool:
    bare = text.rstrip("'")
    return bool(bare) and bare[0] not in digits and _NAME.issuperset(bare)


def _is_index(text: str) -> bool:
    bare = text.removeprefix(" ").removesuffix(" ")
    return bool(bare) and _NAME.issuperset(bare.replace("'", ""))


def _is_listed(text: str) -> bool:
    """Whether a text begins with ``(1)``, ``1)`` or ``1. ``, as the items of a list do."""
    bare = text.removeprefix("(")
    rest = bare.lstrip(digits)
    return len(bare) - len(rest) in (1, 2) and rest.startswith((")", ". "))


def _begins_with_word(text: str) -> bool:
    """Whether a text begins with a word that is no function, nor the differential of a derivative."""
    rest = text.lstrip(ascii_letters)
    word = text[: len(text) - len(rest)]
    if len(word) < 2 or (rest and rest[0] in digits + "_'") or (word[0] == "d" and rest[:1] == "/"):
        return False
    return word not in FUNCTIONS and word not in REDUCTIONS

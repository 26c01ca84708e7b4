r"""The usual answer, ``dL/dW2[k,j] = dL/dz2[k]*h[j]``: one line of signs and names, without words, layout or asides.

It needs none of the looking for these that other texts need, which takes longer than all the rest of cutting them.
Whatever could be cut in another way is left to ``lines``.  Knows signs and the names of functions only.
"""

from __future__ import annotations

import re

from backsym.core.functions import FUNCTIONS, REDUCTIONS

_NAME = r"[A-Za-z_][A-Za-z0-9_]*'*"
_INDEX = r"[A-Za-z0-9_']+"
_LEFT = rf"{_NAME}(?:/{_NAME})?(?:\[ ?{_INDEX}(?: ?, ?{_INDEX})* ?\])?"
_PIECE = r"[A-Za-z0-9_.'()\[\]]+"
_SIDE = rf"(?: ?-)* ?{_PIECE}(?:(?: ?[-+*/@^,])+ ?{_PIECE})*"
_LISTED = r"(?! ?\(?[0-9]{1,2}(?:\)|\. ))"
_ONE_LINE = re.compile(rf"{_LISTED}(?:({_LEFT}) ?= ?)?({_SIDE})")
"""Spaces stand beside signs only: two words in a row may be prose."""

_WORD_FIRST = re.compile(r"(?!d[A-Za-z]+/)([A-Za-z]{2,})(?![A-Za-z0-9_'])")
_PROSE = ("..", "//", "rule", "implif", "ubstitut", "where", "with", "since", "because")


def one_line(text: str) -> tuple[str | None, str] | None:
    """The left side, if there is one, and the right side of a text that is no more than that; None for any other."""
    text = text.strip()
    match = _ONE_LINE.fullmatch(text)
    if match is None:
        return None
    for sign in _PROSE:
        if sign in text:
            return None
    word = _WORD_FIRST.match(text)
    if word is not None and word[1] not in FUNCTIONS and word[1] not in REDUCTIONS:
        return None
    return match[1], match[2].strip()

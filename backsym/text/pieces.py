r"""Mathematics as written, in pieces: words and signs of the plain language, signs and macros of LaTeX.

For what looks at a text without reading it: a first look at a left side, the check of what LaTeX can set, other
letters for quantities.  Each piece keeps its place.  This module must not know what any piece means.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

_WORD_OR_SIGN = re.compile(r"(?P<word>[A-Za-z_][A-Za-z0-9_]*)|\\(?P<macro>[A-Za-z]+)|\\(?P<escape>.)|\S", re.DOTALL)
_SIGN = re.compile(r"\\(?P<macro>[A-Za-z]+)|\\(?P<escape>.)|\S", re.DOTALL)


DELIMITERS = frozenset(
    r"( ) [ ] . | / < > \{ \} \| \lbrace \rbrace \lbrack \rbrack \langle \rangle \lvert \rvert \lVert \rVert \vert "
    r"\Vert \lfloor \rfloor \lceil \rceil".split()
)
r"""What may stand after ``\left`` and ``\big``."""


class Piece(NamedTuple):
    """``word`` is a name of letters, digits and underscores, ``macro`` what follows a backslash; else each is empty."""

    text: str
    word: str
    macro: str
    start: int
    end: int


def words_and_signs(text: str, start: int = 0) -> Iterator[Piece]:
    """The names, macros and single signs of a text, from a place on; space parts them and is none."""
    for match in _WORD_OR_SIGN.finditer(text, start):
        yield Piece(match[0], match["word"] or "", match["macro"] or match["escape"] or "", *match.span())


def signs(latex: str) -> list[Piece]:
    """The letters, macros and other signs of a formula; a backslash at its end is a sign."""
    return [Piece(m[0], "", m["macro"] or m["escape"] or "", *m.span()) for m in _SIGN.finditer(latex)]


def partner(texts: Sequence[str], at: int, opens: Container[str], closes: Container[str]) -> int | None:
    """The position of the bracket that belongs to the one here, be it the first or the last of the two, or None."""
    depth = 0
    closing = at < len(texts) and texts[at] in closes
    for n in range(at, -1, -1) if closing else range(at, len(texts)):
        depth += (texts[n] in opens) - (texts[n] in closes)
        if depth == 0:
            return n
    return None


def group(found: Sequence[Piece], opening: int) -> int | None:
    """The position of the brace that closes the one here, where no other brace stands between; else None."""
    if opening >= len(found) or found[opening].text != "{":
        return None
    for n in range(opening + 1, len(found)):
        if found[n].text in ("{", "}"):
            return n if found[n].text == "}" else None
    return None

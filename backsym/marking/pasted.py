"""What pasting from a page, a PDF or a word processor does to a text, undone.

Letters of the mathematical alphabets and wide digits become plain ones, signs without width go, and what a text says
to its reader only (a comment, the shape of a result) is left out.  Knows no grammar and no names.
"""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff\ufe0e\ufe0f]")
_COMMENT = re.compile(r"(?<![\\\w])(?:#|//|%)(?!\s*\d).*?$", re.MULTILINE)
_SHAPE = re.compile(
    r"(?:\\in(?![A-Za-z])|∈)\s*(?:\{?\\mathbb\s*\{?\s*R\s*\}?\}?|ℝ|R(?=\s*\^))[^=\n]*?(?=\\\\|\n|[$]|\Z)"
)
_LETTERS = re.compile("[\U0001d400-\U0001d7cd\U0001d7d0-\U0001d7d7\U0001d7da-\U0001d7ff\uff01-\uff5e]")


def pasted(text: str) -> str:
    """The text in plain letters, without comments."""
    if not text.isascii():
        text = _UNSEEN.sub("", text)
        text = _LETTERS.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
    if "#" in text or "//" in text or "%" in text:
        text = _COMMENT.sub("", text)
    if "\\in" in text or "∈" in text:
        text = _SHAPE.sub(" ", text)
    return text

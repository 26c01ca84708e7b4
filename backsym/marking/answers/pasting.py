"""What pasting from a page, a PDF or a word processor does to a text, undone.

Letters of the mathematical alphabets and wide digits become plain ones, signs without width go, and what a text says
to its reader only (a comment, the shape of a result) is left out.  Knows no grammar and no names.
"""

from __future__ import annotations

import re
import unicodedata

from backsym.reading.latex.macros import written_out

_COMMENT = re.compile(r"(?<![\\\w])(?:#|//|%)(?!\s*\d).*?$", re.MULTILINE)
_SHAPE = re.compile(
    r"(?:\\in(?![A-Za-z])|∈)\s*(?:\{?\\mathbb\s*\{?\s*R\s*\}?\}?|ℝ|R(?=\s*\^))[^=\n]*?(?=\\\\|\n|[$]|\Z)"
)
_BULLET = re.compile(r"^[ \t]*(?:[-*•][ \t]+(?=\$[^\n]*=)|\*\*[A-Za-z][\w ]*:?\*\*:?(?=[ \t]*\$))", re.MULTILINE)
"""What Markdown puts before a formula of a list, and a word in bold."""
_DOTTED = re.compile(r"(?<=[\w)\]'\s])\.(?=[*/^](?!\*))|(?<=[\w)\]])\.(?=')")
_SELF = re.compile(r"(?<![\w.])self\.(?=[A-Za-z_])")
_GRAD = re.compile(r"(?<![\w.\\])(?:model\.)?([A-Za-z]\w*)\.grad(?:\.data)?(?![\w(])")
_ALONG = re.compile(r",\s*([12])\s*\)")
_COUNTED = re.compile(r"(?<![\w\\])([α-ω])(?=\d)")
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")
_ONES = frozenset("\U0001d7ce\U0001d7cf\U0001d7d8\U0001d7d9")
"""Digits that are not numbers: indicators and arrays of ones and zeros."""
_SIGNS = str.maketrans({"÷": "/", "▒": " ", "〖": "(", "〗": ")", "⟨": "<", "⟩": ">"})
"""Signs of word processors: a division, the body of a sum, and brackets that do not print."""

_ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}
"""Marks that stand above the letter before them."""


def plain_letters(text: str) -> str:
    """Letters of the mathematical alphabets and wide signs as plain ones; signs without width are left out."""
    return "".join(unicodedata.normalize("NFKC", c) if _is_styled(c) else c for c in text if c not in _UNSEEN)


def _is_styled(char: str) -> bool:
    return ("\U0001d400" <= char <= "\U0001d7ff" and char not in _ONES) or "\uff01" <= char <= "\uff5e"


def accented(text: str) -> str:
    r"""Letters with a mark above, in one character or two, as LaTeX: \hat{y}."""
    apart = unicodedata.normalize("NFD", text)
    if not any(mark in apart for mark in _ACCENTS):
        return text
    pieces: list[str] = []
    for char in apart:
        if char in _ACCENTS and pieces and pieces[-1].isalpha():
            pieces[-1] = rf"\{_ACCENTS[char]}{{{pieces[-1]}}}"
        else:
            pieces.append(char)
    return unicodedata.normalize("NFC", "".join(pieces))


_IF = r"(?:\\text\s*\{\s*if\s*\}|(?<![\w\\])if(?!\w))"
_ELSE = r"(?:\\text\s*\{\s*(?:and|or|else|otherwise)\s*\}|(?<!\w)(?:and|or|else|otherwise)(?!\w))"
_CHOICE = re.compile(
    rf"(?P<head>[^=\n]*=)?(?P<value>[^=,;\n]+?)[,\s]*{_IF}(?P<when>[^,;\n]+?)(?:[,;]\s*{_ELSE}?|{_ELSE})(?P<other>[^,;=\n]+?)"
    rf"{_ELSE}?[\s.]*"
)
"""``a if z > 0, 0 otherwise``: one line, with a value for each of the two cases."""


def chosen(text: str) -> str:
    """A choice between two values in words, as LaTeX's cases."""
    match = _CHOICE.fullmatch(text.strip())
    if match is None:
        return text
    rows = rf"{match['value']} & \text{{if }} {match['when']} \\ {match['other']} & \text{{otherwise}}"
    return rf"{match['head'] or ''} \begin{{cases}} {rows} \end{{cases}}"


def pasted(text: str) -> str:
    """The text in plain letters, without comments."""
    if not text.isascii():
        text = plain_letters(text)
        text = _COUNTED.sub(r"\1_", text)
        text = accented(text.translate(_SIGNS))
    if (" if" in text or "{if" in text) and "\\begin" not in text:
        text = chosen(text)
    if "\\" in text:
        text = written_out(text)
    if "$" in text:
        text = _BULLET.sub("", text)
    if ".*" in text or "./" in text or ".^" in text or ".'" in text:
        text, count = _DOTTED.subn("", text)
        if count and ("sum(" in text or "mean(" in text):
            text = _ALONG.sub(lambda m: f", axis={int(m[1]) - 1})", text)  # MATLAB counts axes from 1.
    if "self." in text:
        text = _SELF.sub("", text)
    if ".grad" in text:
        text = _GRAD.sub(r"d_\1", text)
    if "#" in text or "//" in text or "%" in text:
        text = _COMMENT.sub("", text)
    if "\\in" in text or "∈" in text:
        text = _SHAPE.sub(" ", text)
    return text

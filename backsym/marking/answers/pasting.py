"""What pasting from a page, a PDF or a word processor does to a text, undone.

Letters of the mathematical alphabets and wide digits become plain ones, signs without width go, and what a text says
to its reader only (a comment, the shape of a result) is left out.  Knows no grammar and no names.
"""

from __future__ import annotations

import re
import unicodedata

from backsym.marking.answers.latex_text import respelled_latex

_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff\ufe0e\ufe0f]")
_COMMENT = re.compile(r"(?<![\\\w])(?:#|//|%)(?!\s*\d).*?$", re.MULTILINE)
_SHAPE = re.compile(
    r"(?:\\in(?![A-Za-z])|∈)\s*(?:\{?\\mathbb\s*\{?\s*R\s*\}?\}?|ℝ|R(?=\s*\^))[^=\n]*?(?=\\\\|\n|[$]|\Z)"
)
_OVER = re.compile(r"\{((?:[^{}]|\{[^{}]*\})*?)\\over(?![A-Za-z])((?:[^{}]|\{[^{}]*\})*)\}")
_SUBSTACK = re.compile(r"\\substack\s*\{([^{}\\]*)\\\\([^{}]*)\}")
_BULLET = re.compile(r"^[ \t]*(?:[-*•][ \t]+(?=\$[^\n]*=)|\*\*[A-Za-z][\w ]*:?\*\*:?(?=[ \t]*\$))", re.MULTILINE)
"""What Markdown puts before a formula of a list, and a word in bold."""
_DOTTED = re.compile(r"(?<=[\w)\]'\s])\.(?=[*/^](?!\*))|(?<=[\w)\]])\.(?=')")
_POINT = re.compile(r"(?<![\w.])(\d+)\.(?=[*/)])|(?<=[-+*/(, ])(\d+)\.(?=\s*[-+*/)\],])")
_SELF = re.compile(r"(?<![\w.])self\.(?=[A-Za-z_])")
_GRAD = re.compile(r"(?<![\w.\\])(?:model\.)?([A-Za-z]\w*)\.grad(?:\.data)?(?![\w(])")
_ALONG = re.compile(r",\s*([12])\s*\)")
_COUNTED = re.compile(r"(?<![\w\\])([α-ω])(?=\d)")
_LETTERS = re.compile("[\U0001d400-\U0001d7cd\U0001d7d0-\U0001d7d7\U0001d7da-\U0001d7ff\uff01-\uff5e]")


def pasted(text: str) -> str:
    """The text in plain letters, without comments."""
    if not text.isascii():
        text = _UNSEEN.sub("", text)
        text = _LETTERS.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
        text = _COUNTED.sub(r"\1_", text)
    if "\\over" in text:
        text = _OVER.sub(r"\\frac{\1}{\2}", text)
    if "\\" in text:
        text = respelled_latex(text)
        if "\\substack" in text:
            text = _SUBSTACK.sub(r"\1, \2", text)
    if "$" in text:
        text = _BULLET.sub("", text)
    if "." in text:
        text = _POINT.sub(lambda m: m[1] or m[2], text)
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

"""What pasting from a page, a PDF or a word processor does to a text, undone.

Letters of the mathematical alphabets and wide digits become plain ones, signs without width go, and what a text says
to its reader only (a comment, the shape of a result) is left out.  Knows no grammar and no names.
"""

from __future__ import annotations

import unicodedata

from backsym.reading.latex.macros import written_out

_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")
_ONES = frozenset("\U0001d7ce\U0001d7cf\U0001d7d8\U0001d7d9")
"""Digits that are not numbers: indicators and arrays of ones and zeros."""
_COMMENTS = ("#", "//", "%")
_SIGNS = str.maketrans(
    {"÷": "/", "▒": " ", "〖": "(", "〗": ")", "⟨": "\\langle ", "⟩": "\\rangle ", **dict.fromkeys("□∎■✓✔", " ")}
)
"""Signs of word processors: a division, the body of a sum, brackets that do not print, and marks at the end."""


def plain_letters(text: str) -> str:
    """Letters of the mathematical alphabets and wide signs as plain ones; signs without width are left out."""
    return "".join(unicodedata.normalize("NFKC", c) if _is_styled(c) else c for c in text if c not in _UNSEEN)


def _is_styled(char: str) -> bool:
    return ("\U0001d400" <= char <= "\U0001d7ff" and char not in _ONES) or "\uff01" <= char <= "\uff5e"


def pasted(text: str) -> str:
    """The text in plain letters, without comments and the bullets of a list of formulas."""
    if not text.isascii():
        text = plain_letters(text).translate(_SIGNS)
    if "\\" in text:
        text = written_out(text)
    if any(sign in text for sign in (*_COMMENTS, "$")) or text.lstrip().startswith("**"):
        text = "\n".join(_without_comment(_without_bullet(line)) for line in text.split("\n"))
    return text


def _without_bullet(line: str) -> str:
    """A line without what Markdown puts before a formula: the bullet of a list, and a word in bold."""
    line = line.lstrip(" \t") if "$" in line else line
    if line[:1] in ("-", "*", "•") and line[1:2].isspace() and line[1:].lstrip().startswith("$") and "=" in line:
        return line[1:]
    if line.startswith("**") and (end := line.find("**", 2)) > 2:
        bold, rest = line[2:end], line[end + 2 :].lstrip()
        if not rest:
            return bold  # No line begins with a power.
        label = bold.endswith(":") or rest.startswith(("$", ":"))
        return rest.removeprefix(":") if label and bold.removesuffix(":").replace(" ", "").isalnum() else line
    return line


def _without_comment(line: str) -> str:
    """A line up to a sign that begins a comment: none after a backslash or a word, nor before a number.

    A percent sign at the end begins none.
    """
    for n in range(len(line)):
        sign = next((sign for sign in _COMMENTS if line.startswith(sign, n)), "")
        before = line[n - 1 : n]
        begins = sign and not (before.isalnum() or before in ("_", "\\"))
        behind = line[n + len(sign) :].lstrip()[:1]
        if begins and not behind.isdecimal() and (behind or sign != "%"):
            return line[:n]
    return line

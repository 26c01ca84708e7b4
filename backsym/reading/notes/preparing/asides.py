r"""What stands in a note and is not part of it: comments, what is switched off, and text that is shown as it is typed.

It becomes blanks of the same length, so that all places stay those of the note.

Knows the marks of comments in LaTeX and Markdown, and how equations are numbered; knows no mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, blanks, rewritten
from backsym.reading.latex.lexer import Token, tokenize

LONGEST_NUMBER = 3
"""Digits of the number of an equation."""

_SIZES = ("left", "right", "bigl", "bigr", "Bigl", "Bigr")
_ASIDE = re.compile(
    r"""(?P<kept>\\\\|\\[%`])
    |\\begin\{comment\}.*?\\end\{comment\}
    |\\iffalse(?![A-Za-z]).*?\\fi(?![A-Za-z])
    |\\begin\{(?P<typed>verbatim|lstlisting|minted)\*?\}.*?\\end\{(?P=typed)\*?\}
    |\\(?:verb|lstinline)\*?(?P<sign>[^A-Za-z\s{*])[^\n]*?(?P=sign)
    |<!--.*?-->
    |(?P<line>%[^\n]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_CODE = re.compile(r"```.*?```|`[^`\n]+`|~~(?=[^\s~])[^\n]*?~~", re.DOTALL)
"""Code in Markdown, and what is struck out."""
_FENCE = "```math"


def without_asides(document: Document, *, tex: bool) -> Document:
    """The note with blanks for its comments, its code and what is struck out.

    In Markdown a per cent sign outside of formulas is text, and "```math" and "$`" begin formulas.
    """
    edits = [
        Edit(*match.span(), blanks(match[0]))
        for match in _ASIDE.finditer(document.text)
        if match["kept"] is None and (tex or match["line"] is None or document.text[: match.start()][-1:] in ("", "\n"))
    ]
    document = rewritten(document, edits)
    if tex:
        return document
    code = _CODE.finditer(document.text)
    return rewritten(document, [Edit(*match.span(), _formula(match) or blanks(match[0])) for match in code])


def _formula(match: re.Match[str]) -> str | None:
    """A block or span of code that holds a formula, in dollar signs and as long as it was."""
    around = match.string[match.start() - 1 : match.start()] + match.string[match.end() : match.end() + 1]
    if match[0].startswith("`") and around == "$$":
        return f" {match[0][1:-1]} "
    head, _, body = match[0].partition("\n")
    if "".join(head.split()) != _FENCE or not body:
        return None
    return f"{'$$'.ljust(len(head))}\n{body[:-3]}$$ "


def without_numbers(
    document: Document, displayed: Iterable[tuple[int, int]]
) -> tuple[Document, list[tuple[int, Said]]]:
    """The note without the numbers of equations, ``(2)`` after space at the end of a row, and what is said of each."""
    text = document.text
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for start, end in displayed:
        try:
            tokens = tokenize(Source(text), start, end, lenient=True)
        except InputError:
            continue
        for first, last, number in _numbers(text, tokens):
            edits.append(Edit(first, last, blanks(text[first:last])))
            what.append((first, say("notes.remark.number_of_equation", number=number)))
    return rewritten(document, edits), what


def _numbers(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Whole numbers in parentheses that end a row with an equals sign and stand apart from what is before them.

    Each with the end of what is before, where it ends itself, and what it is.
    """
    row: list[Token] = []
    for token in (t for t in tokens if t.text not in ("&", *_SIZES)):
        if token.kind not in ("row", "end"):
            row.append(token)
            continue
        while row and row[-1].text in (".", ","):
            row.pop()
        if len(row) > 3 and any(t.text == "=" and t.kind == "op" for t in row):
            before, opening, number, closing = row[-4:]
            short = number.text.isdecimal() and len(number.text) <= LONGEST_NUMBER
            apart = text[before.end] in " \t\n&" or "quad" in text[before.end : opening.start]
            if short and apart and _ends(before) and (opening.text, closing.text) in (("(", ")"), ("[", "]")):
                yield before.end, closing.end, f"({number.text})"
        row = []


def _ends(token: Token) -> bool:
    """Whether an expression may end here: no sign follows that would take a number."""
    signs = (")", "]", "}", ".", ",", r"\}", "|)", "||)", "'")
    return token.kind in ("letter", "greek", "number") or token.text in signs

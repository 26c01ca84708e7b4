r"""What stands in a note and is not part of it: comments, what is switched off, and text that is shown as it is typed.

It becomes blanks of the same length, so that all places stay those of the note.

Knows the marks of comments in LaTeX and Markdown; knows no mathematics.
"""

from __future__ import annotations

import re

from backsym.reading.files.yamlfile import Document, Edit, rewritten

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
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def without_asides(document: Document, tex: bool) -> Document:
    """The note with blanks for its comments and its code; in Markdown a per cent sign outside of formulas is text."""
    edits = [
        Edit(*match.span(), _blanks(match[0]))
        for match in _ASIDE.finditer(document.text)
        if match["kept"] is None and (tex or match["line"] is None or document.text[: match.start()][-1:] in ("", "\n"))
    ]
    document = rewritten(document, edits)
    if tex:
        return document
    return rewritten(document, [Edit(*match.span(), _blanks(match[0])) for match in _CODE.finditer(document.text)])


def _blanks(text: str) -> str:
    return "".join(char if char == "\n" else " " for char in text)

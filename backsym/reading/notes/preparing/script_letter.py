r"""The index ``\ell``, which is a letter like any other: it is written l where it is nothing but an index.

Else it is a quantity, as a loss is.

Knows how formulas are written, by their tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import Token, script_end, tokens_in

_SIGN, _LETTER = "ell", "l"
_SHIFTS = ("+", "-", ",", "<", ">", "le", "leq", "ge", "geq")


def with_plain_index(document: Document, places: Iterable[tuple[int, int]]) -> tuple[Document, list[tuple[int, Said]]]:
    r"""The note with the letter l for each ``\ell``, and what is said of that."""
    source = document.source
    formulas = [tokens_in(source, start, end) for start, end in places]
    found = [(tokens, n) for tokens in formulas for n, token in enumerate(tokens) if token.text == _SIGN]
    scripts = {id(tokens): _in_scripts(tokens) for tokens in formulas}
    below = [(tokens, n) for tokens, n in found if n in scripts[id(tokens)]]
    others = [(tokens, n) for tokens, n in found if n not in scripts[id(tokens)]]
    taken = any(token.text == _LETTER for tokens in formulas for token in tokens)
    if not below or taken or not all(_counts(tokens, n) for tokens, n in others):
        return document, []
    edits = [Edit(tokens[n].start, tokens[n].end, _LETTER) for tokens, n in found]
    return rewritten(document, edits), [(edits[0].start, say("notes.remark.script_letter"))]


def _in_scripts(tokens: Sequence[Token]) -> set[int]:
    """The positions below and above others."""
    marks = (n for n, token in enumerate(tokens) if token.kind == "op" and token.text in ("_", "^"))
    return {m for n in marks for m in range(n + 1, script_end(tokens, n))}


def _counts(tokens: Sequence[Token], n: int) -> bool:
    r"""Whether it stands as an index outside of scripts: alone, in ``\ell = 1, \dots, L``, or beside a number."""
    after = [token.text for token in tokens[n + 1 : n + 3]]
    before = tokens[n - 1].text if n else ""
    if before in ("partial", "nabla", "mathcal", "{"):
        return False
    if not after or after[0] in (*_SHIFTS, "in", "dots", "."):
        return True
    return after[0] == "=" and len(after) > 1 and (after[1].isdecimal() or after[1] == "L")

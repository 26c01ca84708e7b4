r"""The matrix ``\mathrm{diag}(w_1, \dots, w_n)`` of the entries of a vector: that of the vector, ``\mathrm{diag}(w)``.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backsym.core.source import Source
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import Token, script_end, tokens_in

_MOST_LETTERS = 4
"""A letter in a font and braces has so many signs."""


def with_diagonals(document: Document, places: Iterable[tuple[int, int]]) -> Document:
    """The note with vectors in place of all their entries as a diagonal."""
    source = document.source
    edits = [edit for start, end in places for edit in _diagonals(source, tokens_in(source, start, end))]
    return rewritten(document, edits) if edits else document


def _diagonals(source: Source, tokens: Sequence[Token]) -> Iterator[Edit]:
    for n, token in enumerate(tokens):
        opening = n + 1 + (tokens[n + 1].text == "left") if n + 2 < len(tokens) else n
        if (token.kind, token.text) != ("word", "diag") or tokens[opening].text != "(":
            continue
        inside = list(tokens[opening + 1 :])
        close = next((m for m, t in enumerate(inside) if t.text == ")"), 0)
        inside = inside[: close - (inside[close - 1].text == "right")] if close else []
        commas = [m for m, t in enumerate(inside) if t.text == ","]
        if len(commas) < 2 or [t.text for t in inside[commas[-2] + 1 : commas[-1]]] != ["dots"]:
            continue
        first, last = _entry(inside[: commas[0]]), _entry(inside[commas[-1] + 1 :])
        if first is None or last is None or first[0] != last[0] or first[1] != ["1"] or len(last[1]) != 1:
            continue
        second = _entry(inside[commas[0] + 1 : commas[1]])
        if len(commas) == 2 or (len(commas) == 3 and second == (first[0], ["2"])):
            below = next(t.start for t in inside if t.text == "_")
            yield Edit(below, inside[-1].end, "")


def _entry(tokens: Sequence[Token]) -> tuple[list[str], list[str]] | None:
    """The signs of a letter, and those below it without braces; None for anything else."""
    at = next((m for m, t in enumerate(tokens) if t.text == "_"), 0)
    if not 0 < at <= _MOST_LETTERS or at + 1 >= len(tokens) or script_end(tokens, at) != len(tokens):
        return None
    letters = [t for t in tokens[:at] if t.kind in ("letter", "greek")]
    fits = len(letters) == 1 and all(t in letters or t.kind == "macro" or t.text in "{}" for t in tokens[:at])
    return ([t.text for t in tokens[:at]], [t.text for t in tokens[at + 1 :] if t.text not in "{}"]) if fits else None

r"""A vector with all its entries, ``\mathbf{w} = [w_1, \dots, w_d]^\top``: it is one of that length.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate

from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import FONTS, Token, nesting, script_end, tokens_in

_OPENING = ("(", "[", "blocks{")
_DOTS = ("dots", "\\vdots")
_STATING = ("=", "in")


def with_lengths(document: Document, places: Iterable[tuple[int, int]]) -> Document:
    """The note with the lengths of vectors in place of all their entries.

    Entries that are quantities of their own, with an equation or a declaration, are put together.
    """
    formulas = [_plain(tokens_in(document.source, start, end)) for start, end in places]
    own = {letter for tokens in formulas for letter in _stated_members(tokens)}
    edits = [edit for tokens in formulas for edit in _lengths(tokens, own)]
    return rewritten(document, edits) if edits else document


def _plain(tokens: Iterable[Token]) -> list[Token]:
    return [token for token in tokens if token.text not in (*FONTS, "left", "right")]


def _stated_members(tokens: Sequence[Token]) -> Iterator[str]:
    """The letters with something below of which a formula states or declares something by itself."""
    for n, token in enumerate(tokens[:-2]):
        if tokens[n + 1].text == "_" and token.kind in ("letter", "greek"):
            end = script_end(tokens, n + 1)
            if end < len(tokens) and tokens[end].text in (*_STATING, ","):
                behind = next((t.text for t in tokens[end:] if t.text in (*_STATING, "]", ")", "}blocks")), "")
                yield from [token.text] if behind in _STATING else []


def _lengths(tokens: Sequence[Token], own: Collection[str]) -> Iterator[Edit]:
    equals = next((n for n, token in enumerate(tokens) if token.text == "="), 0)
    letters = [t for t in tokens[:equals] if t.text not in ("{", "}")]
    if len(letters) != 1 or not letters[0].text.islower() or letters[0].text in own or equals + 2 >= len(tokens):
        return
    depths = accumulate(map(nesting, tokens[equals + 1 :])) if tokens[equals + 1].text in _OPENING else ()
    close = next((n for n, depth in enumerate(depths, equals + 1) if depth == 0), 0)
    last = _last(tokens[equals + 2 : close], letters[0].text) if close else None
    after = close + 1
    if after < len(tokens) and tokens[after].text == "^":
        after = script_end(tokens, after)
    behind = tokens[after].text if after < len(tokens) else ""
    if last is not None and behind in ("", ",", ".", "in"):
        start, end = tokens[equals].start, tokens[after - 1].end
        told = rf"\in \mathbb{{R}}^{{{last}}}" if last and behind != "in" else ""
        yield Edit(start, end, told.ljust(end - start))


def _last(tokens: Sequence[Token], letter: str) -> str | None:
    """What stands below the last entry of a list of all from the first on, "" where dots are last; None for no such."""
    tags: list[str] = []
    dots = ended = False
    n = 0
    while n < len(tokens):
        end = n + 1
        if tokens[n].text in _DOTS and tags and not dots:
            dots = True
        elif tokens[n].text == letter and n + 2 < len(tokens) and tokens[n + 1].text == "_":
            end = script_end(tokens, n + 1)
            below = [t.text for t in tokens[n + 2 : end] if t.text not in ("{", "}")]
            if len(below) != 1 or ended or not (dots or below == [str(len(tags) + 1)]):
                return None
            tags, ended = [*tags, *below], dots
        elif tokens[n].text not in (",", "cases;", "cases&"):
            return None
        n = end
    if len(tags) < 2 and not dots:
        return None
    return "" if dots and not ended else tags[-1]

r"""Quantities that are given by their logarithm or log-odds, ``\log s = V x``: the equation ``s = \exp(V x)``.

Only what has no other equation, stands in others, and is no loss: ``\log L = ...`` is one by itself.

Knows how formulas are written, by their tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import Token, letter_at, nesting, tokens_in
from backsym.reading.notes.equations import LOSS_NAMES

_LOGARITHMS = ("log", "ln")
_INVERSE = {"exp": r"\exp", "sigmoid": r"\mathrm{sigmoid}"}
_DERIVATIVES = ("partial", "nabla")
_DATA = ("y", "t")
_ENDS = (",", ".", ";")


def without_logarithms(
    document: Document, places: Iterable[tuple[int, int]]
) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with such equations solved for the quantity, and what is said of them."""
    source = document.source
    formulas = [tokens_in(source, start, end) for start, end in places]
    needed = {*_needed(document.text, formulas)}
    defined = {t.text for tokens in formulas for row in _statements(document.text, tokens) for t in _left(row)}
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for tokens in formulas:
        for row in _statements(document.text, tokens):
            found = _solved(row)
            if found is None:
                continue
            name, function, sign = found
            letter = next(t.text for t in name if t.kind in ("letter", "greek"))
            if letter in defined or letter in LOSS_NAMES or letter not in needed:
                continue
            written = document.text[row[0].start : row[-1].end]
            spelled = document.text[name[0].start : name[-1].end]
            edits += [
                Edit(row[0].start, sign.start, f"{spelled} "),
                Edit(sign.end, sign.end, rf" {_INVERSE[function]}\left("),
                Edit(row[-1].end, row[-1].end, r"\right)"),
            ]
            what.append(
                (row[0].start, say("notes.remark.solved_for", equation=written, name=spelled, function=function))
            )
    return (rewritten(document, edits) if edits else document), what


def _needed(text: str, formulas: Iterable[Sequence[Token]]) -> Iterator[str]:
    r"""The letters that other statements need: anywhere, or, in a logarithm, on the right side of an equation.

    A derivative, ``\partial \ln p``, needs none; of data, ``\log y``, the logarithm may be all that is modelled.
    """
    for row in (row for tokens in formulas for row in _statements(text, tokens)):
        solved = _solved(row)
        n = 0 if solved is None else row.index(solved[2])
        sign = next((m for m in range(n, len(row)) if row[m].text == "="), len(row))
        equation = n == 0 and not any(token.text in _DERIVATIVES for token in row)
        while n < len(row):
            behind = _name_end(row, n + 1) if row[n].text in _LOGARITHMS else 0
            inside = [t.text for t in row[n + 1 : behind] if t.kind in ("letter", "greek")][:1]
            if behind and equation and n > sign and inside[0] not in _DATA:
                yield inside[0]
            if row[n].kind in ("letter", "greek"):
                yield row[n].text
            n = behind or n + 1


def _statements(text: str, tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    r"""What commas, rows and ``\quad`` part, outside of all brackets."""
    depth, first = 0, 0
    for n, token in enumerate(tokens):
        depth += nesting(token)
        spaced = n > first and "quad" in text[tokens[n - 1].end : token.start]
        parts = depth == 0 and (token.text in _ENDS or token.kind in ("row", "end"))
        if parts or (spaced and depth == 0):
            if n > first:
                yield tokens[first:n]
            first = n + parts
    if first < len(tokens) and tokens[-1].kind != "end":
        yield tokens[first:]


def _left(row: Sequence[Token]) -> Sequence[Token]:
    """The letter that begins a statement, where it is a name before an equals sign."""
    end = _name_end(row, 0)
    after = end + (end < len(row) and row[end].text == "&")
    named = end and after < len(row) and row[after].text == "="
    return [t for t in row[:end] if t.kind in ("letter", "greek")][:1] if named else ()


def _solved(row: Sequence[Token]) -> tuple[Sequence[Token], str, Token] | None:
    r"""The name, the inverse function and the equals sign of ``\log s = ...`` and ``\log \frac{p}{1 - p} = ...``."""
    if not row or row[0].text not in _LOGARITHMS:
        return None
    first = 1 + (row[1:2] != [] and row[1].text == "(")
    end = _name_end(row, first)
    name, function = row[first:end], "exp"
    end += end > 0 and first > 1
    if first > 1 and row[end - 1 : end] != [] and row[end - 1].text != ")":
        return None
    if len(row) > 2 and row[1].text == "frac" and row[2].text == "{":
        above, bar = _name_end(row, 3), 0
        bar = above + 1 if above and above + 1 < len(row) and row[above].text == "}" else 0
        name, function = row[3:above], "sigmoid"
        below = ["{", "1", "-", *(t.text for t in name), "}"]
        end = bar + len(below) if bar and [t.text for t in row[bar : bar + len(below)]] == below else 0
    after = end + (end < len(row) and row[end].text == "&")
    return (name, function, row[after]) if end and after + 1 < len(row) and row[after].text == "=" else None


def _name_end(row: Sequence[Token], first: int) -> int:
    """Where a letter with its accent, font and scripts ends that begins here; 0 if something else stands here."""
    found = letter_at(row, first, len(row))
    return found[2] if found is not None else 0

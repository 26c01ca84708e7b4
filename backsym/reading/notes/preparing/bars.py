r"""Derivatives of the loss that are written with a bar, ``\bar{w} = \partial L/\partial w``.

A bar is one where the note says so, by an equation or in words; else it is an accent, as of a mean.

Knows how formulas are written, by their tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import Token, script_end, tokens_in
from backsym.text.phrases import Phrases, words_of

_BARS = ("bar", "overline")
_EQUALS = ("=", ":=", r"\coloneqq", "equiv")
_ENDS = (".", ",", ";")
_MEANING = Phrases(
    "denotes", "denote", "for", "is", "means", "stands for", "as", "be", "abbreviates", "bezeichnet", "bezeichne",
    "f\u00fcr", "sei", "steht f\u00fcr", "ist",
)  # fmt: skip
"""Words between what has a bar and the derivative that it is."""
_DERIVATIVE = Phrases("derivative", "gradient", "adjoint", "error signal", "ableitung", "gradienten", "adjungierte")
_BY = Phrases("with respect to", "w r t", "wrt", "by", "nach", "bez\u00fcglich")
_FAR = 80
"""Characters between two formulas of one such sentence, at most."""


@dataclass(frozen=True)
class _Barred:
    """What has a bar, without it and with its scripts, and where both stand together."""

    of: str
    start: int
    end: int


@dataclass(frozen=True)
class _Told:
    """That something with a bar is the derivative of a loss, in which formula, and where its equals sign ends."""

    above: str
    number: int
    barred: _Barred
    until: int = 0


@dataclass(frozen=True)
class _Slope:
    """A quotient of differentials: the letters above and below."""

    above: str
    below: str
    end: int


def with_bars(document: Document, places: Sequence[tuple[int, int]]) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with derivatives in place of what has such a bar, and what is said of that."""
    source = document.source
    formulas = [tokens_in(source, start, end) for start, end in places]
    if not any(token.text in _BARS for tokens in formulas for token in tokens):
        return document, []
    told = [*_stated(document.text, formulas), *_said(document.text, formulas, places)]
    losses = {each.above for each in told}
    if len(losses) != 1:
        return document, []
    (loss,) = losses
    barred = [[*_all_barred(document.text, tokens)] for tokens in formulas]
    defining = {each.number for each in told}
    others = (tokens for n, tokens in enumerate(formulas) if n not in defining)
    known = {token.text for tokens in others for token in tokens}
    edits = []
    for n, found in enumerate(barred):
        if any(not _letters(each.of) <= known for each in found):
            # "We write $\bar{v}$ for $\partial L/\partial v$", of any v.
            edits.append(Edit(*places[n], " "))
            continue
        signs = {each.barred: each.until for each in told if each.number == n and each.until}
        edits += [
            Edit(each.start, signs[each], "")
            if each in signs
            else Edit(each.start, each.end, rf"\frac{{\partial {loss}}}{{\partial {each.of}}}")
            for each in found
        ]
    at = next(found[0] for found in barred if found)
    written = document.text[at.start : at.end]
    return rewritten(document, edits), [(at.start, say("notes.remark.bar", bar=written, name=at.of, loss=loss))]


def _letters(text: str) -> set[str]:
    return {t.text for t in tokens_in(Source(text), 0, len(text)) if t.kind in ("letter", "greek")}


def _all_barred(text: str, tokens: Sequence[Token]) -> Iterator[_Barred]:
    n = 0
    while n < len(tokens):
        found = _barred(text, tokens, n)
        if found is not None:
            yield found
            n = next((m for m in range(n, len(tokens)) if tokens[m].start >= found.end), len(tokens))
        n += found is None


def _barred(text: str, tokens: Sequence[Token], n: int) -> _Barred | None:
    r"""What begins here with a bar, ``\overline{w_1}`` or ``\bar{w}_1``; a transpose behind it is not of it."""
    if tokens[n].text not in _BARS or n + 1 >= len(tokens):
        return None
    after = script_end(tokens, n)
    inside = tokens[n + 2 : after - 1] if tokens[n + 1].text == "{" else tokens[n + 1 : after]
    if not any(t.kind in ("letter", "greek", "word") for t in inside) or any(
        t.kind == "op" and t.text in "+-=" for t in inside
    ):
        return None
    last = after
    while last < len(tokens) and tokens[last].text in ("_", "^"):
        end = script_end(tokens, last)
        if any(t.text in ("T", "top", "intercal") for t in tokens[last:end]):
            break
        last = end
    scripts = text[tokens[after].start : tokens[last - 1].end] if last > after else ""
    return _Barred(text[inside[0].start : inside[-1].end] + scripts, tokens[n].start, tokens[last - 1].end)


def _slope(text: str, tokens: Sequence[Token], n: int) -> _Slope | None:
    r"""A quotient that begins here, ``\frac{\partial L}{\partial w}`` or ``\partial L/\partial w``."""
    fraction = n < len(tokens) and tokens[n].text in ("frac", "dfrac", "tfrac")
    n += fraction
    if fraction:
        middle, end = script_end(tokens, n - 1), script_end(tokens, script_end(tokens, n - 1) - 1)
        above, below = tokens[n + 1 : middle - 1], tokens[middle + 1 : end - 1]
    else:
        middle = next((m for m in range(n, len(tokens)) if tokens[m].text == "/"), len(tokens))
        end = next(
            (m for m in range(middle, len(tokens)) if tokens[m].text in (*_ENDS, *_EQUALS) or tokens[m].kind == "row"),
            len(tokens),
        )
        above, below = tokens[n:middle], tokens[middle + 1 : end]
    sides = [side[1:] for side in (above, below) if len(side) > 1 and side[0].text == "partial"]
    if len(sides) < 2:
        return None
    written = ["".join(text[side[0].start : side[-1].end].split()) for side in sides]
    return _Slope(written[0], written[1], end)


def _stated(text: str, formulas: Sequence[Sequence[Token]]) -> Iterator[_Told]:
    r"""What ``\bar{v} = \partial L/\partial v`` says."""
    for number, tokens in enumerate(formulas):
        for n in range(len(tokens)):
            found = _barred(text, tokens, n)
            sign = next((m for m in range(n, len(tokens)) if found and tokens[m].start >= found.end), len(tokens))
            slope = _slope(text, tokens, sign + 1) if tokens[sign].text in _EQUALS else None
            if found is not None and slope is not None and _same(slope.below, found.of):
                yield _Told(slope.above, number, found, tokens[sign].end)


def _said(text: str, formulas: Sequence[Sequence[Token]], places: Sequence[tuple[int, int]]) -> Iterator[_Told]:
    r"""The same in words: "$\bar{v}$ for $\partial L/\partial v$", "for the derivative of $L$ with respect to $v$"."""
    for n in range(len(formulas) - 1):
        found = _barred(text, formulas[n], 0) if formulas[n] else None
        if found is None or found.end != formulas[n][-1].end:
            continue
        words = words_of(text, places[n][1], min(places[n + 1][0], places[n][1] + _FAR))
        slope = _slope(text, formulas[n + 1], 0)
        above = ""
        if slope is not None and words in _MEANING and _same(slope.below, found.of):
            above = slope.above
        elif words in _DERIVATIVE and n + 2 < len(formulas):
            between = words_of(text, places[n + 1][1], places[n + 2][0])
            above, below = ("".join(text[slice(*places[m])].split()) for m in (n + 1, n + 2))
            above = above if _same(below, found.of) and between in _BY else ""
        if above:
            yield _Told(above, n, found)


def _same(written: str, other: str) -> bool:
    return "".join(written.split()) == "".join(other.split())

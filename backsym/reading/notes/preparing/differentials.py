r"""Derivatives of the loss that are written as differentials, ``dZ^{[2]} = A^{[2]} - Y`` for that by Z^{[2]}.

They are so where each equation of one goes back, from what is computed later to what it is computed from, and nothing
is said of a differential of the loss itself: ``dz = w\,dx`` is of the calculus of differentials, and stays.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.equations import FormulaReader, first_looks
from backsym.reading.latex.lexer import ACCENTS, FONTS, Token, script_end
from backsym.reading.notes.equations import LOSS_NAMES

_LETTERS = ("letter", "greek", "word", "macro")
_TRANSPOSES = ("T", "top", "\\top", "intercal", "'")


@dataclass(frozen=True)
class _Unit:
    """A letter with its scripts but for a transpose: what it is, where it is written and behind which token it ends."""

    key: str
    text: tuple[int, int]
    end: int


@dataclass(frozen=True)
class _Equation:
    """An equation of a differential: of what, and of what else its right side has differentials."""

    of: str
    uses: tuple[str, ...]


def with_differentials(
    document: Document, formulas: Sequence[tuple[int, int]]
) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with derivatives of its loss in place of such differentials, and what is said of them."""
    source = document.source
    readers = [*first_looks(source, formulas)]
    told = [(reader, [*_equations(reader)]) for reader in readers]
    of = {each.of for _, found in told for each in found}
    if not of:
        return document, []
    lefts: dict[str, _Unit] = {}
    for reader in readers:
        for n in reader.left_positions():
            unit = _unit(reader.tokens, n)
            if unit is not None and _is_stated(reader.tokens, unit.end) and not _differential(reader.tokens, n):
                lefts.setdefault(unit.key, unit)
    losses = [unit for key, unit in lefts.items() if _letter(key) in LOSS_NAMES]
    if len(losses) != 1 or not _go_back([each for _, found in told for each in found], lefts, losses[0]):
        return document, []
    known = lefts.keys() | of
    loss = source.text[slice(*losses[0].text)]
    others = {t.text for reader, found in told if not found for t in reader.tokens}
    places = [place for reader, found in told if _knows(reader, others, found) for place in _places(reader, known)]
    if not places:
        return document, []
    edits = [
        Edit(first, unit.text[1], rf"\frac{{\partial {loss}}}{{\partial {source.text[slice(*unit.text)]}}}")
        for first, unit in places
    ]
    said = say("notes.remark.differential", name=source.text[slice(*places[0][1].text)], loss=loss)
    return rewritten(document, edits), [(edits[0].start, said)]


def _go_back(found: Sequence[_Equation], lefts: Mapping[str, _Unit], loss: _Unit) -> bool:
    """Whether each has differentials only of what is computed later, and none is of the loss."""
    order = {key: n for n, key in enumerate(lefts)}
    names = {key for each in found for key in (each.of, *each.uses)}
    later = all(key in order and order[key] > order.get(each.of, -1) for each in found for key in each.uses)
    return later and loss.key not in names and any(each.of in lefts for each in found)


def _knows(reader: FormulaReader, others: set[str], found: Sequence[_Equation]) -> bool:
    """Whether all letters of a formula with such equations stand in another formula, too."""
    letters = {t.text for t in reader.tokens if t.kind in ("letter", "greek")} - {"d", "T"}
    return not found or letters <= others


def _is_stated(tokens: Sequence[Token], n: int) -> bool:
    """Whether an equals sign follows, or arguments, as of a loss."""
    return tokens[min(n + (tokens[n].text == "&"), len(tokens) - 1)].text in ("=", "(")


def _letter(key: str) -> str:
    return key.lstrip("\\").partition("_")[0].partition("^")[0]


def _unit(tokens: Sequence[Token], n: int) -> _Unit | None:
    """The letter at a position, in a font or with an accent, and its scripts."""
    first, end = n, n + 1
    marked = tokens[n].text in FONTS or tokens[n].text.lstrip("\\") in (*FONTS, *ACCENTS)
    if marked and [t.text for t in tokens[n + 1 : n + 4 : 2]] == ["{", "}"]:
        n, end = n + 2, n + 4
    if tokens[n].kind not in _LETTERS or (tokens[n].kind == "macro" and tokens[n].text.lstrip("\\") not in LOSS_NAMES):
        return None
    accent = tokens[first].text if end > n + 1 and tokens[first].text.lstrip("\\") in ACCENTS else ""
    key = accent + tokens[n].text.lstrip("\\")
    while tokens[end].text in ("_", "^") and tokens[end].kind == "op":
        after = script_end(tokens, end)
        inside = [t.text for t in tokens[end + 1 : after]]
        if {*inside} & {*_TRANSPOSES}:
            break
        key += tokens[end].text + "".join(text for text in inside if text not in ("{", "}"))
        end = after
    return _Unit(key, (tokens[first].start, tokens[end - 1].end), end)


def _differential(tokens: Sequence[Token], n: int) -> _Unit | None:
    """What a d at a position is the differential of, if it is one that stands alone and not in a quotient."""
    if tokens[n].text != "d" or tokens[n + 1].text in ("_", "^", "'", "="):
        return None
    unit = _unit(tokens, n + 1)
    before = tokens[n - 1].text if n else ""
    return (
        unit if unit is not None and tokens[unit.end].text not in ("/", "(") and before not in ("/", "_", "{") else None
    )


def _equations(reader: FormulaReader) -> Iterator[_Equation]:
    tokens = reader.tokens
    starts = reader.left_positions()
    for start, stop in pairwise([*starts, len(tokens)]):
        unit = _differential(tokens, start)
        if unit is not None and _is_stated(tokens, unit.end):
            behind = (_differential(tokens, n) for n in range(unit.end, stop) if tokens[n].kind != "end")
            yield _Equation(unit.key, tuple(each.key for each in behind if each is not None))


def _places(reader: FormulaReader, known: set[str]) -> Iterator[tuple[int, _Unit]]:
    """The differentials of an equation, or of a formula that is nothing else."""
    tokens = reader.tokens
    states = any(token.text == "=" for token in tokens)
    for n in range(len(tokens) - 1):
        unit = _differential(tokens, n)
        whole = unit is not None and n == 0 and tokens[unit.end].kind == "end"
        if unit is not None and unit.key in known and (whole or states):
            yield tokens[n].start, unit

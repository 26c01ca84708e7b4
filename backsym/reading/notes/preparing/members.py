r"""Equations of one example, ``\hat{y} = w x + b``, in a note that sums over examples, ``\sum_i (\hat{y}_i - y_i)^2``.

The index is put in on both sides, ``\hat{y}_i = w x_i + b``: at the left side, and at the small letters of the right
side that have this index elsewhere in the note.  Without any such letter nothing tells what differs from example to
example; beside arrays, and where the left side stands without its index elsewhere, too, nothing is put in.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backsym.core.functions import FUNCTIONS
from backsym.core.names import is_capital
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import ACCENTS, FONTS, Token, script_end, tokens_in
from backsym.reading.latex.names import function_of_word
from backsym.reading.notes.stating.pieces import Piece, Place, pieces_in, source_of

_LETTERS = ("letter", "greek")


@dataclass(frozen=True)
class _Unit:
    """A letter with its accent or font, where it ends without its scripts, and these, with the index that they are."""

    base: tuple[str, ...]
    end: int
    behind: int
    script: tuple[int, int]
    index: str = ""

    @property
    def is_bare(self) -> bool:
        return self.script[0] == self.script[1]

    @property
    def is_array(self) -> bool:
        return self.base[0] in FONTS or is_capital(self.base[-1])


def with_members(document: Document, formulas: Iterable[Place]) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with such indices put in, and what is said of it."""
    places = list(formulas)
    source = source_of(document)
    marks: dict[tuple[tuple[str, ...], str], str] = {}
    declared: set[tuple[str, ...]] = set()
    for place in places:
        tokens = tokens_in(source, place.start, place.end)
        declared |= _declared(tokens)
        for unit in _units(tokens, 0, len(tokens)):
            if unit.index:
                marks.setdefault((unit.base, unit.index), source.text[slice(*unit.script)])
    pieces = [piece for displayed in (True, False) for piece in pieces_in(source, places, displayed=displayed)]
    stating = [piece for piece in pieces if not piece.derives(piece.first, piece.last)]
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for piece in stating:
        made = list(_put_in(piece, [other for other in stating if other is not piece], marks, declared))
        if made:
            edits += made
            written = source.text[piece.span[0] : piece.tokens[piece.signs[0]].start].strip()
            what.append((piece.span[0], say("notes.remark.for_each", name=written, mark=made[0].replacement)))
    return (rewritten(document, sorted(edits)) if edits else document), what


def _put_in(
    piece: Piece,
    others: Sequence[Piece],
    marks: Mapping[tuple[tuple[str, ...], str], str],
    declared: Collection[tuple[str, ...]],
) -> Iterator[Edit]:
    """The edits for a statement; none where it is no equation of one example."""
    tokens = piece.tokens
    lefts = list(_units(tokens, piece.first, piece.signs[0]))
    if len(lefts) != 1 or not lefts[0].is_bare or lefts[0].behind != piece.signs[0] or len(piece.signs) > 1:
        return
    left = lefts[0]
    uses = [(other, unit) for other in others for unit in _rights(other) if unit.base == left.base]
    letters = {unit.index for other, unit in uses if unit.index in _summed(other)}
    alone = any(unit.is_bare for _, unit in uses) or any(_computes(other, left) for other in others)
    if len(letters) != 1 or alone or left.is_array:
        return
    (letter,) = letters
    rights = list(_rights(piece))
    if letter in _summed(piece) or any(unit.index == letter for unit in rights) or _needs_arrays(piece, declared):
        return
    if left.base in declared or any(_computes_array(other, rights, declared) for other in others):
        return
    mine = [unit for unit in rights if unit.is_bare and (unit.base, letter) in marks]
    for unit in (left, *mine) if mine else ():
        yield Edit(unit.end, unit.end, marks[unit.base, letter])


def _needs_arrays(piece: Piece, declared: Collection[tuple[str, ...]]) -> bool:
    """Whether the right side has arrays, lengths, or functions that are not element by element."""
    right = piece.tokens[piece.signs[0] + 1 : piece.last]
    names = [(t.kind, function_of_word(rf"\\{t.text}")) for t in right if t.kind in ("word", "macro")]
    kinds = [FUNCTIONS[name].kind if name is not None and name in FUNCTIONS else kind for kind, name in names]
    whole = any(kind not in ("elementwise", "macro") for kind in kinds)
    sized = any(unit.is_array or unit.base in declared for unit in _rights(piece))
    return whole or sized or any("|" in t.text or t.text in ("max", "min", "sum", "prod") for t in right)


def _computes_array(piece: Piece, of: Iterable[_Unit], declared: Collection[tuple[str, ...]]) -> bool:
    """Whether a statement is the equation of one of these, from arrays."""
    units = list(_units(piece.tokens, piece.first, piece.signs[0]))
    mine = len(units) == 1 and any(units[0].base == unit.base for unit in of)
    return mine and _needs_arrays(piece, declared)


def _declared(tokens: Sequence[Token]) -> set[tuple[str, ...]]:
    r"""The letters before a set with a size above, ``x, y \in \mathbb{R}^D``."""
    at = next((n for n, t in enumerate(tokens) if t.text == "in"), 0)
    sized = any(t.text == "^" for t in tokens[at:])
    return {unit.base for unit in _units(tokens, 0, at) if unit.is_bare} if sized else set()


def _computes(piece: Piece, left: _Unit) -> bool:
    """Whether a statement is an equation of a member of a quantity itself."""
    units = list(_units(piece.tokens, piece.first, piece.signs[0]))
    return len(units) == 1 and units[0].base == left.base and not units[0].is_bare


def _summed(piece: Piece) -> set[str]:
    """The letters below the sums of a statement."""
    tokens = piece.tokens
    sums = [n + 1 for n in range(piece.first, piece.last - 1) if tokens[n].text == "sum" and tokens[n + 1].text == "_"]
    return {t.text for n in sums for t in tokens[n + 1 : script_end(tokens, n)] if t.kind in _LETTERS}


def _rights(piece: Piece) -> Iterator[_Unit]:
    return _units(piece.tokens, piece.signs[0] + 1, piece.last)


def _units(tokens: Sequence[Token], start: int, end: int) -> Iterator[_Unit]:
    """The letters between two positions that stand in no script, each with what marks it."""
    n = start
    while n < end:
        first, inner = n, n
        while tokens[inner].text in (*ACCENTS, *FONTS, "{") and inner + 1 < end and inner - first < 3:
            inner += 1
        base = [t.text for t in tokens[first : inner + 1] if t.text != "{"]
        styled = inner > first and tokens[first].text != "{"
        if tokens[inner].kind not in _LETTERS or (inner > first and not styled):
            n = script_end(tokens, n) if tokens[n].text in ("_", "^") else n + 1
            continue
        n = inner + 1
        while n < end and tokens[n].text == "}" and any(t.text == "{" for t in tokens[first:inner]):
            n += 1
        name_end, behind = tokens[n - 1].end, n
        while n < end and tokens[n].text in ("_", "^", "'"):
            n = n + 1 if tokens[n].text == "'" else script_end(tokens, n)
        script = [t.text for t in tokens[behind:n] if t.text not in ("{", "}")]
        above = script[:2] == ["^", "("] and script[3:] == [")"]
        index = script[1] if len(script) == 2 and script[0] == "_" else script[2] if above else ""
        yield _Unit(tuple(base), name_end, n, (name_end, tokens[n - 1].end), index if index.isalpha() else "")

r"""Equations of one example, ``\hat{y} = w x + b``, in a note that sums over examples, ``\sum_i (\hat{y}_i - y_i)^2``.

The index is put in on both sides, ``\hat{y}_i = w x_i + b``: at the left side, and at the small letters of the right
side that have this index elsewhere in the note, or are computed from such letters by equations without an index.
Without any such letter nothing tells what differs from example to example; beside arrays, and where the left side
stands without its index elsewhere, too, nothing is put in.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from backsym.core.functions import FUNCTIONS
from backsym.core.names import is_capital
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import FONTS, Token, letter_at, script_end, tokens_in
from backsym.reading.latex.names import function_of_word
from backsym.reading.notes.stating.pieces import Piece, Place, pieces_in

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
    source = document.source
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
    open_ones = _open(stating, declared)
    indexed = {letter: _varying(letter, stating, open_ones, marks) for letter in sorted({at for _, at in marks})}
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for piece, left in open_ones:
        letters = [letter for letter, found in indexed.items() if piece in found]
        if len(letters) != 1 or _is_of_array(piece, stating, declared):
            continue
        (letter,) = letters
        bases = {other.base for found, other in open_ones if found in indexed[letter]}
        bases |= {base for base, at in marks if at == letter}
        mark = marks.get((left.base, letter)) or next(text for (_, at), text in marks.items() if at == letter)
        units = [left, *(unit for unit in _rights(piece) if unit.is_bare and unit.base in bases)]
        edits += [Edit(unit.end, unit.end, marks.get((unit.base, letter), mark)) for unit in units]
        written = source.text[piece.span[0] : piece.tokens[piece.signs[0]].start].strip()
        what.append((piece.span[0], say("notes.remark.for_each", name=written, mark=mark)))
    return (rewritten(document, sorted(edits)) if edits else document), what


def _open(stating: Sequence[Piece], declared: Collection[tuple[str, ...]]) -> list[tuple[Piece, _Unit]]:
    """The equations of numbers without an index on the left side, which no other equation computes."""
    found = []
    for piece in stating:
        left = _left(piece) if len(piece.signs) == 1 else None
        if left is None or not left.is_bare or left.is_array or left.base in declared or _needs_arrays(piece, declared):
            continue
        others = (_left(other) for other in stating if other is not piece)
        if not any(other is not None and other.base == left.base and not other.is_bare for other in others):
            found.append((piece, left))
    return found


def _varying(
    letter: str,
    stating: Sequence[Piece],
    open_ones: Sequence[tuple[Piece, _Unit]],
    marks: Collection[tuple[tuple[str, ...], str]],
) -> list[Piece]:
    """Those of the equations that are of one example, and have what differs from example to example; all or none."""
    data = {base for base, at in marks if at == letter}
    able = [
        (piece, left)
        for piece, left in open_ones
        if letter not in _summed(piece) and not any(unit.index == letter for unit in _rights(piece))
    ]
    used = {
        unit.base for piece in stating if letter in _summed(piece) for unit in _rights(piece) if unit.index == letter
    }
    found: list[Piece] = []
    more = True
    while more:
        bases = {left.base for piece, left in able if piece in found}
        within = {unit.base for piece in found for unit in _rights(piece) if unit.is_bare}
        new = [
            piece
            for piece, left in able
            if piece not in found
            and left.base in used | within
            and any(unit.is_bare and unit.base in data | bases for unit in _rights(piece))
        ]
        found += new
        more = bool(new)
    bases = {left.base for piece, left in able if piece in found}
    alone = (unit for piece in stating if piece not in found for unit in _rights(piece) if unit.is_bare)
    return [] if any(unit.base in bases for unit in alone) else found


def _needs_arrays(piece: Piece, declared: Collection[tuple[str, ...]]) -> bool:
    """Whether the right side has arrays, lengths, or functions that are not element by element."""
    right = piece.tokens[piece.signs[0] + 1 : piece.last]
    names = [(t.kind, function_of_word(rf"\\{t.text}")) for t in right if t.kind in ("word", "macro")]
    kinds = [FUNCTIONS[name].kind if name is not None and name in FUNCTIONS else kind for kind, name in names]
    whole = any(kind not in ("elementwise", "macro") for kind in kinds)
    sized = any(unit.is_array or unit.base in declared for unit in _rights(piece))
    return whole or sized or any("|" in t.text or t.text in ("max", "min", "sum", "prod") for t in right)


def _is_of_array(piece: Piece, stating: Iterable[Piece], declared: Collection[tuple[str, ...]]) -> bool:
    """Whether something on the right side is computed from arrays."""
    bases = {unit.base for unit in _rights(piece)}
    arrays = (_left(other) for other in stating if other is not piece and _needs_arrays(other, declared))
    return any(left is not None and left.base in bases for left in arrays)


def _declared(tokens: Sequence[Token]) -> set[tuple[str, ...]]:
    r"""The letters before a set with a size above, ``x, y \in \mathbb{R}^D``."""
    at = next((n for n, t in enumerate(tokens) if t.text == "in"), 0)
    sized = any(t.text == "^" for t in tokens[at:])
    return {unit.base for unit in _units(tokens, 0, at) if unit.is_bare} if sized else set()


def _left(piece: Piece) -> _Unit | None:
    """The quantity that a statement is the equation of."""
    units = list(_units(piece.tokens, piece.first, piece.signs[0]))
    return units[0] if len(units) == 1 and units[0].behind == piece.signs[0] else None


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
        found = letter_at(tokens, n, end)
        if found is None:
            n = script_end(tokens, n) if tokens[n].text in ("_", "^") else n + 1
            continue
        first, (letter, behind, n) = n, found
        base = [t.text for t in tokens[first : letter + 1] if t.text != "{"]
        index, last = _index(tokens, behind, n)
        script = tokens[behind - 1].end, tokens[(last if index else n) - 1].end
        yield _Unit(tuple(base), tokens[behind - 1].end, n, script, index)


def _index(tokens: Sequence[Token], first: int, end: int) -> tuple[str, int]:
    """The letter that is the index of what stands before these scripts, and where it ends; a power may follow it."""
    below = first < end and tokens[first].text == "_"
    last = script_end(tokens, first) if first < end and tokens[first].text != "'" else first
    script = [t.text for t in tokens[first:last] if t.text not in ("{", "}")]
    above = script[:2] == ["^", "("] and script[3:] == [")"]
    letter = script[1] if below and len(script) == 2 else script[2] if above else ""
    powers = tokens[last].text == "^" and tokens[end - 1].kind == "number" if below and last < end else last == end
    return (letter if letter.isalpha() and powers else ""), last

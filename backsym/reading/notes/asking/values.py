r"""Numbers that a note gives within its text: ``$x = 2$``, ``$\mathbf{w} = (1, -2)^\top$``, ``\begin{pmatrix} ...``.

Knows the grammar of formulas; knows no problem files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.reading.latex.equations import FormulaReader
from backsym.reading.latex.names import Vocabulary
from backsym.text.phrases import Phrases, Word, up_to, words_of

Number: TypeAlias = str | tuple["Number", ...]
"""A number as it is written, or a list of such, for a vector or a matrix by rows."""

NEAR = 60
"""How many characters before a formula are looked at for the words that give its numbers."""

_JOINING = ("and", "und", "the", "target", "input", "weights", "weight", "bias", "biases")
_GIVING = frozenset(
    "let given suppose consider assume use take value values weights weight bias biases target targets label initial "
    "initialized parameters initialization sei seien gegeben werte werten gewichte gewicht zielwert "
    "initialisiert".split()
)
"""Words right before numbers that are given."""
_GIVING_IN_QUESTIONS = frozenset(
    "for with at where input inputs point stelle mit using set example f\u00fcr bei".split()
)
"""Words that give numbers in a sentence that asks for something."""
_WITH = frozenset("with where inputs using mit wobei".split())
"""Words that give numbers in a sentence that gives something, "let f = x y with x = 2", too."""
ASKING = Phrases(
    "compute", "calculate", "find", "determine", "evaluate", "perform", "carry out", "what is", "what are", "give",
    "berechnen", "berechne", "bestimmen", "bestimme", "f\u00fchren", "ermitteln", "was ist", "update",
)  # fmt: skip
LONGEST = 2000
"""How far a sentence goes at most."""
_OPENING = {"(": ")", "[": "]"}


@dataclass(frozen=True)
class Given:
    """A quantity with its number, and where that is said."""

    name: str
    number: Number
    at: int


def numbers_in(source: Source, words: Vocabulary, start: int, end: int) -> list[Given]:
    """The numbers that a formula gives, if it does nothing else; else none."""
    try:
        reader = FormulaReader(source, words, start, end, lenient=True)
        found = []
        while reader.token.kind != "end":
            tree = reader.left_side()
            if tree.kind != "name" or not reader.took("="):
                return []
            number = _literal(reader, words.ranks.get(tree.value))
            if number is None:
                return []
            found.append(Given(tree.value, number, start))
            while reader.took(",", ";", ".") or reader.idle_word():
                if reader.token.kind == "word":
                    reader.take()
    except InputError:
        return []
    return found


def all_numbers(
    source: Source, words: Vocabulary, places: Iterable[tuple[int, int]], names: Collection[str]
) -> Mapping[str, Given]:
    """The numbers of these quantities, if the note gives one to each of them, and no other; else none.

    ``places`` are the formulas within the text.  Words before a formula, or before others that only commas part from
    it, give its numbers: "let", "for", "with".
    """
    found: dict[str, Given] = {}
    last = 0
    for start, end in places:
        here = numbers_in(source, words, start, end)
        before = words_of(source.text, max(last, start - NEAR), start)
        joined = last > 0 and all(word.text in _JOINING for word in before) and last >= start - NEAR
        given = joined or (bool(before) and _gives(source.text, before[-1]))
        last = end if here and given else 0
        for one in here if given else ():
            if found.setdefault(one.name, one).number != one.number:
                return {}
    return found if names and all(name in found for name in names) else {}


def _gives(text: str, word: Word) -> bool:
    """Whether a word gives the numbers behind it; "for $x = 0$" only where something is asked for, or given."""
    first = max(text.rfind(sign, 0, word.start) for sign in (". ", ".\n", "? ", "\n\n", ":"))
    last = up_to(text, word.end, (". ", ".\n", "?", "\n\n"), LONGEST)
    said = words_of(text, first + 1, last)
    gives = word.text in _WITH and any(other.text in _GIVING for other in said)
    return word.text in _GIVING or gives or (word.text in _GIVING_IN_QUESTIONS and said in ASKING)


# --- how they are written --------------------------------------------------------------------------------------------


def _literal(reader: FormulaReader, rank: int | None) -> Number | None:
    """A number, or a list of so many axes; None for anything else."""
    if not rank:
        return _number(reader) if rank == 0 or not reader.at("(", "[", "blocks{") else None
    written = _matrix(reader) if reader.at("blocks{") else _listed(reader)
    if written is None:
        return None
    turned = _turned(reader)
    rows = [row if isinstance(row, tuple) else None for row in written]
    if None not in rows:
        rows = list(zip(*written, strict=True)) if turned else rows
        if rank == 2:
            return tuple(row for row in rows if row is not None)
        return tuple(row[0] for row in rows if row) if all(row and len(row) == 1 for row in rows) else None
    return written if rank == 1 else None


def _number(reader: FormulaReader) -> str | None:
    """``-0.5``, ``1/2``, ``\\frac{1}{2}``."""
    sign = "-" if reader.took("-") else ""
    if reader.at_macro("frac"):
        tree = reader.factor()
        above, below = tree.children if tree.kind == "div" else (tree, tree)
        if tree.kind != "div" or above.kind != "num" or below.kind != "num":
            return None
        return f"{sign}{above.value}/{below.value}"
    if reader.token.kind != "number":
        return None
    number = reader.take().text
    if reader.at("/") and reader.ahead().kind == "number":
        reader.take()
        number += f"/{reader.take().text}"
    return sign + number


def _listed(reader: FormulaReader) -> tuple[Number, ...] | None:
    """``(1, 2)`` and ``[[1, 2], [3, 4]]``."""
    closing = _OPENING.get(reader.token.text)
    if closing is None:
        return None
    reader.take()
    items: list[Number] = []
    while not reader.took(closing):
        item = _listed(reader) if reader.at(*_OPENING) else _number(reader)
        if item is None or not (reader.took(",", ";") or reader.at(closing)):
            return None
        items.append(item)
    lengths = {len(item) if isinstance(item, tuple) else 0 for item in items}
    return tuple(items) if len(lengths) == 1 else None


def _matrix(reader: FormulaReader) -> tuple[Number, ...] | None:
    """The rows of an environment for matrices."""
    reader.take()
    rows: list[list[str]] = [[]]
    while not reader.took("}blocks"):
        number = _number(reader)
        if number is None:
            return None
        rows[-1].append(number)
        if reader.took("cases;") and not reader.at("}blocks"):
            rows.append([])
        elif not reader.took("cases&") and not reader.at("}blocks"):
            return None
    return tuple(map(tuple, rows)) if len({len(row) for row in rows}) == 1 and rows[0] else None


def _turned(reader: FormulaReader) -> bool:
    r"""Passes over ``^\top``, ``^T`` and a prime."""
    if reader.took("'"):
        return True
    if reader.at("^"):
        texts = [t.text for t in reader.tokens[reader.position + 1 : reader.position + 4]]
        length = 2 if texts[:1] in (["top"], ["T"]) else 4 if texts in (["{", "top", "}"], ["{", "T", "}"]) else 0
        reader.position += length
        return length > 0
    return False

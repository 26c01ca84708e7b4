r"""What the words of a lecture note declare: "$\mathbf{A}^{(i)}$ represents the $N \times D^{(i)}$ matrix".

Also "$\mathbf{h}_1$ has $J$ units", and layers declared all at once: a declaration with a letter for its layer stands
for every layer that the equations mention.

Knows texts and the grammar of declarations; knows no equations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from backsym.core.names import GREEK
from backsym.core.source import Source
from backsym.reading.latex.declarations import (
    Declaration,
    Declarations,
    declared_as,
    shape_in_formula,
    subjects_in_formula,
)
from backsym.reading.latex.equations import Spelled
from backsym.reading.latex.lexer import has_sign
from backsym.reading.latex.names import new_name
from backsym.text.phrases import Phrases, words_of

FARTHEST = 120
"""Characters between a quantity and the shape that the words give it."""

VERB = re.compile(
    r"\b(?:is|are|be|has|have|denotes?|represents?|contains?|(?:of|with) (?:size|shape|dimensions?|length)"
    r"|ist|sind|sei|seien|hat|haben|bezeichnet)\b"
)
_IN = Phrases("in", "aus")
_LET_BE = Phrases("eine", "einer")
_BY_MATRIX = Phrases("by matrix", "by matrices", "mal matrix")
_ROWS_FIRST = Phrases("rows and columns", "zeilen und spalten")
_COLUMNS_FIRST = Phrases("columns and rows", "spalten und zeilen")
_NEAR = 20
"""What stands around two counts that are a shape, and how near behind the second."""
_SENTENCE_END = re.compile(r"[.;:!?](?:\s|\Z)|\n\s*(?:\n|[-*+]\s|\d+[.)]\s|\\item\b)")
_SIZE_BEFORE = re.compile(r"\b(?:size|shape|dimension|dimensionality|length|dimensions)\s*(?:of\s*)?\Z", re.IGNORECASE)
_UNITS_AFTER = re.compile(
    r"[\s~-]*(?:(?:hidden|input|output)\s+)?"
    r"(?:units|neurons|nodes|entries|components|elements|dimensional|features"
    r"|Neuronen|Einheiten|Eintr\u00e4ge|Eintr\u00e4gen|Komponenten|Elemente|Elementen|dimensional(?:e[rn]?)?)\b"
)
_FUNCTIONS = Phrases(
    "function", "functions", "nonlinearity", "non-linearity", "funktion", "aktivierungsfunktion",
    "nichtlinearit\u00e4t",
)  # fmt: skip
"""Words before a letter that is no array."""
JOINS = re.compile(r"\s*(?:,|and|, and)\s*\Z")
_LAYER = re.compile(r"([a-z])(?:([-+])(\d))?\Z")


@dataclass(frozen=True)
class Place:
    """Where a formula stands."""

    start: int
    end: int


def worded(source: Source, places: Sequence[Place], declared: Declarations) -> Iterator[tuple[int, Declaration]]:
    """The declarations in words: the number of the formula that names the quantity, and what it declares."""
    text = source.text
    for n in range(1, len(places)):
        before, here = places[n - 1], places[n]
        between = text[before.end : here.start]
        is_set = has_sign(source, here.start, here.end, "mathbb")
        said = VERB.search(between) or (is_set and words_of(between)[-1:] in _IN) or words_of(between) in _LET_BE
        if len(between) > FARTHEST or not said or _SENTENCE_END.search(between):
            continue
        if words_of(text, max(0, before.start - FARTHEST), before.start)[-1:] in _FUNCTIONS:
            continue  # What the activation function gives has this size.
        sized = _SIZE_BEFORE.search(between.rstrip("$\\( ")) or _UNITS_AFTER.match(_after(text, here))
        met = Declarations()
        shape = _counted(source, places[n : n + 2], met) or shape_in_formula(source, here.start, here.end, met)
        if shape is None or (len(shape) == 1 and not sized and not is_set):
            continue
        declared.dims.update({name: s for name, s in met.dims.items() if name not in declared.dims})
        bold = all(d.spelled.bold for d in subjects_in_formula(source, before.start, before.end, met))
        for m in _subjects(text, places, n - 1) if bold else [n - 1]:
            for d in subjects_in_formula(source, places[m].start, places[m].end, declared):
                if d.spelled.key[0] not in ("0", "1") and d.spelled.bold == bold:
                    yield m, replace(declared_as(d.spelled, shape), count=d.count)


def _counted(source: Source, places: Sequence[Place], met: Declarations) -> tuple[str, ...] | None:
    """The shape that two formulas tell: "$K$ by $D$ matrix", "$K$ rows and $D$ columns"."""
    if len(places) < 2:
        return None
    first, second = places
    before = words_of(source.text, second.end, second.end + _NEAR)[:1]
    told = [*words_of(source.text[first.end : second.start]), *before]
    by_rows = any(len(told) == length and told in phrases for length, phrases in ((2, _BY_MATRIX), (3, _ROWS_FIRST)))
    if not by_rows and not (len(told) == 3 and told in _COLUMNS_FIRST):
        return None
    rows, columns = (shape_in_formula(source, p.start, p.end, met) for p in (places if by_rows else places[::-1]))
    return (*rows, *columns) if rows and columns and len(rows) == len(columns) == 1 else None


def is_size(source: Source, place: Place) -> bool:
    r"""Whether a formula is the size of a matrix, ``n \times n``."""
    return len(shape_in_formula(source, place.start, place.end, Declarations()) or ()) == 2


_SYMMETRIC = frozenset({"symmetric", "symmetrical", *(f"symmetrisch{end}" for end in ("", "e", "en", "er", "es"))})
_TURNED = frozenset({"antisymmetric", "antisymmetrisch", "antisymmetrische"})
_NOT = frozenset({"not", "non", "skew", "anti", "no", "nicht", "schief"})
_MATRIX = frozenset({"matrix", "matrices", "matrizen", "real", "positive", "definite", "semidefinite", "invertible"})
_OF_IT = frozenset(
    {"is", "are", "be", "being", "a", "an", "and", "square", "ist", "sind", "sei", "seien", "eine", "und", *_MATRIX}
)


def symmetric(text: str, places: Sequence[Place]) -> tuple[dict[int, Place], list[int]]:
    """The formulas that the word is said of, "a symmetric matrix $A$" or "$A$ is symmetric", by the places of the
    words, and the places of those that are said of no formula."""
    found: dict[int, Place] = {}
    for n, place in enumerate(places):
        begin = places[n - 1].end if n else 0
        end = places[n + 1].start if n + 1 < len(places) else len(text)
        before = words_of(text, max(begin, place.start - FARTHEST), place.start)
        while before and before[-1].text in _MATRIX:
            before.pop()
        after = words_of(text, place.end, min(end, place.end + FARTHEST))
        while after and after[0].text in _OF_IT:
            after.pop(0)
        said = before[-1:] if not (before[-2:-1] and before[-2].text in _NOT) else []
        next_one = after and n + 1 < len(places) and _is_said_of_next(text[after[0].end : end])
        for word in (*said, *(() if next_one else after[:1])):
            apart = text[place.end : word.start] if word.start > place.end else text[word.end : place.start]
            if word.text in _SYMMETRIC and not any(sign in apart for sign in ".;:"):
                found.setdefault(word.start, place)
    inside = [(place.start, place.end) for place in places]
    words = (word for word in words_of(text) if word.text.rpartition("-")[2] in _SYMMETRIC | _TURNED)
    return found, [w.start for w in words if w.start not in found and not any(a <= w.start < b for a, b in inside)]


def _is_said_of_next(between: str) -> bool:
    """Whether what stands between a word and the next formula parts them by nothing: "a symmetric matrix $B$"."""
    return not any(sign in between for sign in ",.;:") and all(word.text in _MATRIX for word in words_of(between))


def _after(text: str, place: Place) -> str:
    """The words after a formula, without its closing delimiter."""
    return text[place.end : place.end + 60].lstrip("$").removeprefix("\\)")


def _subjects(text: str, places: Sequence[Place], last: int) -> list[int]:
    """The formulas that one verb is about: "$a$, $b$ and $c$"."""
    found = [last]
    while last and JOINS.fullmatch(text[places[last - 1].end : places[last].start].strip("$\\() ") or "-"):
        last -= 1
        found.insert(0, last)
    return found


# --- layers ----------------------------------------------------------------------------------------------------------


def layers(declared: Declarations, used: Iterable[tuple[str, str]]) -> None:
    """Replace each declaration of a layer with a letter by those of the layers that are used, keys ('A', '0')."""
    keys = dict.fromkeys(used)
    numbers: dict[str, list[str]] = {}
    for base, tag in keys:
        if tag.isdecimal() and len(tag) < 5:
            numbers.setdefault(base, []).append(tag)
    found: list[Declaration] = []
    for declaration in declared.found:
        base, tag = declaration.spelled.key
        match = _LAYER.match(tag)
        layer = match is not None and match[2] is None and (base, tag) not in keys and base in numbers
        if declaration.letter or not layer:
            found.append(declaration)
        else:
            found += [_in_layer(declaration, tag, number, declared) for number in numbers[base]]
    declared.found = found


def _in_layer(declaration: Declaration, letter: str, number: str, declared: Declarations) -> Declaration:
    spelled = replace(declaration.spelled, key=(declaration.spelled.key[0], number))
    shape = tuple(_dim_in_layer(dim, letter, int(number), declared) for dim in declaration.shape)
    return replace(declaration, spelled=spelled, shape=shape)


def _dim_in_layer(dim: str, letter: str, number: int, declared: Declarations) -> str:
    """``D^{(i-1)}`` is D1 in layer 2."""
    spelled = declared.dims.get(dim)
    match = _LAYER.match(spelled.key[1]) if spelled is not None else None
    if spelled is None or match is None or match[1] != letter:
        return dim
    shift = int(match[3]) * (1 if match[2] == "+" else -1) if match[2] else 0
    key = spelled.key[0], str(max(0, number + shift))
    declared.dims.setdefault(new_name(*key), replace(spelled, key=key))
    return new_name(*key)


# --- how letters are meant -------------------------------------------------------------------------------------------


def usual_rank(spelled: Spelled) -> int:
    """The axes of a quantity by its letter: bold capitals are matrices, other bold letters vectors."""
    letter = spelled.letter
    capital = letter[:1].isupper() and (len(letter) == 1 or letter in GREEK)
    return (2 if capital else 1) if spelled.bold else 0

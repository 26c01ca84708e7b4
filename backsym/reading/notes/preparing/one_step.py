r"""A note about one step of a recurrence: "given $x_t$ and $h_{t-1} \in \mathbb{R}^H$", without a range of t anywhere.

Then h_t and h_{t-1} are two quantities, of one size.  Where the note has a range, a sum over the steps, a member by
number, or speaks of sequences, it computes step by step and nothing is done here.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.equations import FormulaReader, first_looks
from backsym.reading.latex.lexer import Token, letter_at, script_end
from backsym.reading.latex.names import Key
from backsym.reading.latex.scripts import Scripts
from backsym.reading.notes.spelling import with_scripts
from backsym.reading.syntax import Node, walk
from backsym.text.phrases import Phrases, words_of

BEFORE = "prev"
"""The mark of what is one step earlier."""
_OVER = ("sum", "prod", "max", "min")
_SEVERAL = Phrases(
    "sequence", "sequences", "through time", "unroll", "unrolled", "unrolling", "time steps", "timesteps", "bptt",
    "all steps", "every step", "recursively", "sequenz", "sequenzen", "zeitschritte", "abgerollt", "l\u00e4nge",
    "layers", "schichten",
)  # fmt: skip
"""Words of a note that computes more than one step."""


@dataclass(frozen=True)
class _Place:
    """A letter at a step, 0 or -1 from t; where it and its subscript begin and end; whether a set or = follows."""

    key: str
    shift: int
    first: int
    below: tuple[int, int]
    after: str


def of_one_step(
    document: Document, formulas: Sequence[tuple[int, int]]
) -> tuple[Document, dict[Key, str], list[tuple[int, Said]]]:
    """The note with names in place of members, how these are spelled, and what is said of them."""
    source = document.source
    readers = [*first_looks(source, formulas)]
    letter = _letter(readers)
    if not letter or words_of(document.text) in _SEVERAL:
        return document, {}, []
    places = list(_places(readers, letter))
    shifted = {place.key for place in places if place.shift}
    states = shifted & {place.key for place in places if not place.shift and place.after == "="}
    sized = {place.key: place for place in places if place.after == "in" and place.key in shifted}
    if not states or states != shifted or states != sized.keys() or _counts(readers, letter, states):
        return document, {}, []
    marks = {0: letter, -1: BEFORE}
    spelled: dict[Key, str] = {(p.key, marks[p.shift]): f"_{{{letter}-1}}" if p.shift else f"_{letter}" for p in places}
    edits = [Edit(*p.below, rf"_{{\text{{{marks[p.shift]}}}}}") for p in places]
    for place in sized.values():  # What is declared of one of both holds for the other.
        name = document.text[place.first : place.below[0]]
        edits.append(Edit(place.first, place.first, rf"{name}_{{\text{{{marks[-1 - place.shift]}}}}}, "))
    said = say("notes.remark.one_step", letter=letter)
    return rewritten(document, sorted(edits)), spelled, [(min(edits).start, said)]


def _letter(readers: Iterable[FormulaReader]) -> str:
    """The one letter that is shifted below others; else ""."""
    items = (item for reader in readers for _, scripts, _ in with_scripts(reader) for item in scripts.items)
    found = {part.value for item in items if item.kind == "shift" for part in walk(item) if part.kind == "name"}
    return next(iter(found)) if len(found) == 1 else ""


def _places(readers: Iterable[FormulaReader], letter: str) -> Iterator[_Place]:
    """The letters at t and at t - 1."""
    for reader in readers:
        for base, scripts, first in with_scripts(reader):
            item = scripts.items[0] if len(scripts.items) == 1 and scripts.tag is None else None
            shift = None if item is None else _shift(item, letter)
            if shift is not None:
                at = next(n for n in range(first, reader.position) if reader.tokens[n].text == "_")
                span = reader.tokens[at].start, reader.tokens[script_end(reader.tokens, at) - 1].end
                yield _Place(base.text, shift, base.token.start, span, _after(reader.tokens, reader.position))


def _after(tokens: Sequence[Token], n: int) -> str:
    r"""The sign behind a letter, or behind the list that it stands in, ``c_{t-1}, h_{t-1} \in \mathbb{R}^H``."""
    after = tokens[n + (tokens[n].text == "&")].text
    while tokens[n].text == "," and (found := letter_at(tokens, n + 1, len(tokens))) is not None:
        n = found[2]
    return tokens[n].text if tokens[n].text == "in" else after


def _shift(item: Node, letter: str) -> int | None:
    """0 for t, -1 for t - 1."""
    if item.kind == "name":
        return 0 if item.value == letter else None
    parts = [(part.value, *(child.value for child in part.children)) for part in item.children]
    return -1 if parts == [("1", letter), ("-1",)] else None


def _counts(readers: Iterable[FormulaReader], letter: str, states: Collection[str]) -> bool:
    """Whether the letter has a range, is summed over, or has a last or a numbered member."""
    for reader in readers:
        texts = ["", "", *(token.text for token in reader.tokens), ""]
        for n in range(2, len(texts) - 1):
            above = "^" in (texts[n - 1], texts[n - 2] + texts[n - 1].strip("{"))
            last = texts[n] == letter.upper() != letter and not above
            ranges = texts[n] == letter and texts[n - 1] != "_" and texts[n + 1] in ("=", "in", "leq", "le")
            if last or ranges or (texts[n] == letter and texts[n - 1] == "_" and texts[n - 2] in _OVER):
                return True
        if any(base.text in states and _is_number(scripts) for base, scripts, _ in with_scripts(reader)):
            return True
    return False


def _is_number(scripts: Scripts) -> bool:
    return any(item.kind == "num" for item in scripts.items) or (scripts.tag or "").isdecimal()

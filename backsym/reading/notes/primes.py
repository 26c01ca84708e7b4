r"""Names with primes: ``\mathbf{y}' = \mathbf{W} \mathbf{x}`` defines another quantity than y.

A prime is the sign of a derivative where a function stands before parentheses; a letter that an equation defines with a
prime is a name wherever it has one.  The prime becomes a mark below, and the spelling of the name is kept.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.equations import FormulaReader
from backsym.reading.latex.lexer import Token
from backsym.reading.latex.names import Key, Vocabulary
from backsym.reading.latex.scripts import Scripts, read_scripts

MARKS = {1: "prime", 2: "primeprime"}
"""The mark below for a name with so many primes."""


def without_primes(document: Document, places: Iterable[tuple[int, int]]) -> tuple[Document, dict[Key, str]]:
    """The note with marks in place of the primes of names, and the spellings of these names."""
    source = Source(document.text)
    readers = [reader for start, end in places if (reader := _reader(source, start, end)) is not None]
    names = {name for reader in readers for name in _defined(reader)}
    if not names:
        return document, {}
    edits = [edit for reader in readers for edit in _marked(reader, names)]
    spelled = {(letter, MARKS[count]): "'" * count for letter, count in names}
    return rewritten(document, sorted(edits)), spelled


def _reader(source: Source, start: int, end: int) -> FormulaReader | None:
    try:
        return FormulaReader(source, Vocabulary({}, open=True), start, end, lenient=True)
    except InputError:
        return None


def _defined(reader: FormulaReader) -> Iterator[tuple[str, int]]:
    """The letters with primes that are left sides."""
    for position in reader.left_positions():
        reader.position, reader.nesting = position, 0
        try:
            base = reader.base()
            scripts = read_scripts(reader, reader.additive)
        except InputError:
            continue
        if scripts.primes in MARKS and reader.at("=") and not scripts.steps and base.token.kind != "number":
            yield base.text, scripts.primes


def _marked(reader: FormulaReader, names: set[tuple[str, int]]) -> Iterator[Edit]:
    reader.position, reader.nesting = 0, 0
    while reader.token.kind != "end":
        first = reader.position
        if reader.token.kind not in ("letter", "greek", "macro", "word"):
            reader.position += 1
            continue
        try:
            base = reader.base()
            after = reader.position
            scripts = read_scripts(reader, reader.additive)
        except InputError:
            reader.position = first + 1
            continue
        if (base.text, scripts.primes) in names and not reader.at("("):
            yield from _edits(reader.tokens[after : reader.position], scripts)
        # What the scripts hold is looked at, too.
        reader.position = max(after, first + 1)


def _edits(tokens: list[Token], scripts: Scripts) -> Iterator[Edit]:
    """Takes the primes away, and puts the mark first in the subscript, which may have to be made."""
    mark = rf"\text{{{MARKS[scripts.primes]}}}"
    primes = [n for n, token in enumerate(tokens) if token.text == "'"]
    below = next((n for n, token in enumerate(tokens) if token.text == "_"), None)
    raised = tokens[primes[0] - 1].text == "^" if primes[0] else False
    braced = primes[0] > 1 and tokens[primes[0] - 1].text == "{" and tokens[primes[0] - 2].text == "^"
    start = tokens[primes[0] - (2 if braced else 1 if raised else 0)].start
    end = tokens[primes[-1] + (1 if braced else 0)].end
    if below is None:
        yield Edit(start, end, f"_{{{mark}}}")
        return
    yield Edit(start, end, "")
    item = tokens[below + 1]
    if item.text == "{":
        yield Edit(item.end, item.end, f"{mark},")
    else:
        yield Edit(item.start, item.end, f"{{{mark},{item.text}}}")

r"""Sums over neighbours that end before the last position, ``\sum_{i=1}^{n-1} (x_{i+1} - x_i)^2``.

They are written one later, ``\sum_{i=2}^{n} (x_i - x_{i-1})^2``, from the second position to the last.
Only sums in which a neighbour behind stands, and whose letter stands nowhere but at quantities, are written so.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import CLOSING, Token, nesting, script_end, tokens_in

_LETTERS = ("letter", "greek")


def with_later_sums(document: Document, places: Iterable[tuple[int, int]]) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with such sums from one later on, and what is said of it."""
    source = document.source
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for start, end in places:
        tokens = tokens_in(source, start, end)
        for n in range(len(tokens) - 10):
            moved = list(_moved(document.text, tokens, n))
            if moved:
                edits += moved
                letter = tokens[n + 3].text
                what.append((tokens[n].start, say("notes.remark.later_sum", letter=letter)))
    return rewritten(document, sorted(edits)), what


def _moved(text: str, tokens: Sequence[Token], n: int) -> Iterator[Edit]:
    r"""The edits for the sum that stands here; none for any other."""
    head, below, opening, letter, equals, first, closing, above = tokens[n : n + 8]
    written = [t.text for t in (head, below, opening, equals, closing, above)]
    if written != ["sum", "_", "{", "=", "}", "^"] or letter.kind not in _LETTERS or not first.text.isdecimal():
        return
    begin = script_end(tokens, n + 7)
    upper = tokens[n + 8 : begin]
    if len(upper) != 5 or [t.text for t in (upper[0], *upper[2:])] != ["{", "-", "1", "}"]:
        return
    end = _body_end(tokens, begin)
    places = [m for m in range(begin, end) if tokens[m].text == letter.text and tokens[m].kind in _LETTERS]
    later = [m for m in range(end, len(tokens)) if tokens[m].text == letter.text]
    steps = [_step(tokens, m) for m in places]
    if None in steps or not any(step is not None and step > 0 for step in steps) or _free(tokens, later):
        return
    yield Edit(first.start, first.end, str(int(first.text) + 1))
    yield Edit(upper[2].start, upper[3].end, "")
    for m, step in zip(places, steps, strict=True):
        assert step is not None, "all are indices"
        last = tokens[m + 2].end if step else tokens[m].end
        spelled = text[tokens[m].start : tokens[m].end]
        moved = f"{spelled}{step - 1:+d}" if step != 1 else spelled
        yield Edit(tokens[m].start, last, moved if tokens[m - 1].text in ("{", ",") else f"{{{moved}}}")


def _body_end(tokens: Sequence[Token], begin: int) -> int:
    """Where the term that a sum is over ends."""
    depth = 0
    for n in range(begin, len(tokens)):
        token = tokens[n]
        if token.kind in ("row", "end"):
            return n
        if token.kind != "op":
            continue
        if depth == 0 and (token.text in CLOSING or token.text in (",", ";", "=", "&")):
            return n
        if depth == 0 and token.text in ("+", "-") and n > begin:
            return n
        depth += nesting(token)
    return len(tokens)


def _step(tokens: Sequence[Token], n: int) -> int | None:
    """What is added to the letter here, if it stands below a quantity; None where it stands elsewhere."""
    if tokens[n - 1].text == "_":
        return 0
    opening = n - 1
    while tokens[opening].text == "," or tokens[opening].kind in (*_LETTERS, "number"):
        opening -= 1
    if tokens[n - 1].text not in ("{", ",") or [t.text for t in tokens[opening - 1 : opening + 1]] != ["_", "{"]:
        return None
    sign, number = (tokens[min(n + k, len(tokens) - 1)].text for k in (1, 2))
    if sign in ("}", ","):
        return 0
    whole = sign in ("+", "-") and number.isdecimal() and tokens[min(n + 3, len(tokens) - 1)].text in ("}", ",")
    return int(sign + number) if whole else None


def _free(tokens: Sequence[Token], places: Sequence[int]) -> bool:
    """Whether the letter stands behind the sum before another sum has it."""
    return bool(places) and tokens[places[0] - 3].text not in ("sum", "prod")

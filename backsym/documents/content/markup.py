"""User text, a little Markdown with $math$, to blocks.

Understood: paragraphs, bullet lists, **strong**, *emphasis*, `code`, $inline$ and $$displayed$$ mathematics, and a
backslash before any of these signs.  Mathematics is checked here, because the text comes from outside: a macro that is
not known is an error that names it, so that no document can read or run anything because of it.

This module must not know about problems or output languages.
"""

from __future__ import annotations

from collections.abc import Iterator

from backsym.core.errors import BacksymError
from backsym.core.words import Words
from backsym.documents.content.blocks import Block, Bullets, Equations, Inline, Inlines, Math, Paragraph, Row, Text
from backsym.printing.fragment import fragment
from backsym.printing.layout import Layout
from backsym.text.mathtext import INLINE, math_complaints


def blocks_of(text: str, where: str) -> tuple[Block, ...]:
    """The blocks of a user's text; ``where`` names the text in errors."""
    result: list[Block] = []
    for is_list, chunk in _chunks(text):
        if is_list:
            result.append(Bullets(tuple(_inlines(item, where) for item in _items(chunk))))
        else:
            result.extend(_paragraph(chunk, where))
    return tuple(result)


def inlines_of(text: str, where: str) -> Inlines:
    """The inline content of a user's text of one line, such as a title."""
    return _inlines(" ".join(text.split()), where)


def check_math(latex: str, where: str) -> str:
    """The formula itself, if it may go onto a page; BacksymError otherwise."""
    for complaint in math_complaints(latex):
        said, advice = complaint.message, complaint.hint
        advice = said.hint() if advice is None and isinstance(said, Words) else advice
        hint = f"; {advice}" if advice else ""
        raise BacksymError(f"{where}: {complaint.message}, in ${latex}${hint}")
    return latex.strip()


def formula(latex: str, where: str) -> Layout:
    """The layout of a formula from outside; BacksymError if it may not go onto a page."""
    return fragment(check_math(latex, where))


def _chunks(text: str) -> Iterator[tuple[bool, str]]:
    """Runs of lines: (is a list, its text).  A blank line, or the start of a list, ends a paragraph."""
    current: list[str] = []
    in_list = False
    for line in [*text.splitlines(), ""]:
        starts_item = line.lstrip().startswith("- ")
        indented = line.startswith((" ", "\t"))
        if not line.strip() or (starts_item and not in_list):
            if current and not (in_list and starts_item):
                yield in_list, "\n".join(current)
                current = []
            in_list = starts_item
        elif in_list and not starts_item and not indented:
            yield True, "\n".join(current)
            current, in_list = [], False
        if line.strip():
            current.append(line)


def _items(chunk: str) -> list[str]:
    items: list[str] = []
    for line in chunk.splitlines():
        if line.lstrip().startswith("- "):
            items.append(line.lstrip()[2:].strip())
        else:
            items[-1] += " " + line.strip()
    return items


def _paragraph(chunk: str, where: str) -> Iterator[Block]:
    """A paragraph, cut at its displayed formulas."""
    text = "\n".join(line.strip() for line in chunk.splitlines())
    run: list[Inline] = []
    for piece in _pieces(text, where):
        if isinstance(piece, Row):
            if run:
                yield Paragraph(_trimmed(run))
                run = []
            yield Equations((piece,))
        else:
            run.append(piece)
    if run and _trimmed(run):
        yield Paragraph(_trimmed(run))


def _inlines(text: str, where: str) -> Inlines:
    pieces = list(_pieces(text, where))
    return _trimmed([Math(piece.rhs) if isinstance(piece, Row) else piece for piece in pieces])


def _trimmed(run: list[Inline]) -> Inlines:
    """Without white space at both ends, and with neighbouring plain texts merged."""
    merged: list[Inline] = []
    for piece in run:
        last = merged[-1] if merged else None
        if isinstance(piece, Text) and isinstance(last, Text) and piece.style == last.style == "plain":
            merged[-1] = Text(last.text + piece.text)
        else:
            merged.append(piece)
    if merged and isinstance(merged[0], Text) and merged[0].style == "plain":
        merged[0] = Text(merged[0].text.lstrip())
    if merged and isinstance(merged[-1], Text) and merged[-1].style == "plain":
        merged[-1] = Text(merged[-1].text.rstrip())
    return tuple(piece for piece in merged if not (isinstance(piece, Text) and not piece.text))


def _pieces(text: str, where: str) -> Iterator[Inline | Row]:
    position = 0
    for match in INLINE.finditer(text):
        if match.start() > position:
            yield _plain(text[position : match.start()], text, where)
        position = match.end()
        kind = match.lastgroup
        assert kind is not None
        value = match[kind]
        if kind == "literal":
            yield Text(value)
        elif kind == "display":
            yield Row(None, formula(" ".join(value.split()), where))
        elif kind == "math":
            yield Math(formula(" ".join(value.split()), where))
        else:
            yield Text(value, kind)
    if position < len(text):
        yield _plain(text[position:], text, where)


def _plain(piece: str, text: str, where: str) -> Text:
    if "$" in piece:
        raise BacksymError(
            f"{where}: a $ without its partner in {' '.join(text.split())!r}; write \\$ for the sign itself"
        )
    return Text(piece.replace("\n", " "))

"""User text, Markdown with $math$, to blocks.

The Markdown of a text is CommonMark with tables, read by markdown-it; there is no HTML in it.  A title, and a sentence
of a catalogue, is one line with **strong**, *emphasis*, `code`, $mathematics$ and a backslash before any of these
signs.  Mathematics is checked here, because the text comes from outside: a macro that is not known is an error that
names it, so that no document can read or run anything because of it.

This module must not know about problems or output languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from backsym.core.errors import BacksymError
from backsym.core.words import Words, say
from backsym.documents.content.blocks import (
    Block,
    Bullets,
    Code,
    Equations,
    Inline,
    Inlines,
    Link,
    Listed,
    Math,
    Paragraph,
    Quote,
    Row,
    Table,
    Text,
)
from backsym.printing.fragment import fragment
from backsym.printing.layout import Layout
from backsym.printing.unicode import to_unicode
from backsym.text.mathtext import INLINE, math_complaints

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

SCHEMES = ("http://", "https://", "mailto:")
"""What the target of a link begins with."""


def blocks_of(text: str, where: str) -> tuple[Block, ...]:
    """The blocks of a user's text; ``where`` names the text in errors."""
    return tuple(_Reader(_parser().parse(text), where).blocks())


def inlines_of(text: str, where: str) -> Inlines:
    """The inline content of a user's text of one line, such as a title."""
    return _inlines(" ".join(text.split()), where)


def check_math(latex: str, where: str) -> str:
    """The formula itself, if it may go onto a page; BacksymError otherwise."""
    for complaint in math_complaints(latex):
        said, advice = complaint.message, complaint.hint
        advice = said.hint() if advice is None and isinstance(said, Words) else advice
        raise BacksymError(say("documents.formula", where=where, words=said, latex=latex), advice or None)
    return latex.strip()


def formula(latex: str, where: str) -> Layout:
    """The layout of a formula from outside; BacksymError if it may not go onto a page."""
    return fragment(check_math(latex, where))


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
        raise _lone(text, where)
    return Text(piece.replace("\n", " "))


def _lone(text: str, where: str) -> BacksymError:
    return BacksymError(say("documents.dollar", where=where, text=" ".join(text.split())))


# --- Markdown --------------------------------------------------------------------------------------------------------


@cache
def _parser() -> MarkdownIt:
    """CommonMark with tables and mathematics, without HTML; headings, a line of dashes and what is set in are text."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.disable(["code", "html_block", "html_inline", "autolink", "heading", "lheading", "hr", "reference"])
    parser.core.ruler.disable("text_join")  # A sign after a backslash stays apart from the text.
    parser.inline.ruler.before("escape", "mathematics", _inline_mathematics)
    parser.block.ruler.before(
        "fence", "mathematics", _displayed_mathematics, {"alt": ["paragraph", "blockquote", "list"]}
    )
    return parser


def _end(text: str, start: int, sign: str) -> int:
    """Where the formula that begins after ``start`` has its closing sign; -1 if it has none."""
    at = start
    while at < len(text) and not text.startswith(sign, at):
        at += 2 if text[at] == "\\" else 1
    return at if at < len(text) else -1


def _inline_mathematics(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 (as markdown-it calls it)
    text, start = state.src, state.pos
    if text[start] != "$":
        return False
    sign = "$$" if text.startswith("$$", start) else "$"
    end = _end(text, start + len(sign), sign)
    if end < 0:
        return False
    if not silent:
        state.push("display" if sign == "$$" else "math", "", 0).content = text[start + len(sign) : end]
    state.pos = end + len(sign)
    return True


def _displayed_mathematics(state: StateBlock, line: int, last: int, silent: bool) -> bool:  # noqa: FBT001 (as markdown-it calls it)
    """Lines from $$ to $$, in which no sign begins a list or a table."""
    start = state.bMarks[line] + state.tShift[line]
    if not state.src.startswith("$$", start):
        return False
    end = _end(state.src, start + 2, "$$")
    after = next((n for n in range(line, last) if state.eMarks[n] >= end + 2), last)
    if end < 0 or after == last or state.src[end + 2 : state.eMarks[after]].strip():
        return False
    if not silent:
        state.push("display", "", 0).content = state.src[start + 2 : end]
        state.line = after + 1
    return True


@dataclass
class _Reader:
    """Goes through the tokens of a text once."""

    tokens: Sequence[Token]
    where: str
    at: int = 0

    def blocks(self, end: str = "") -> Iterator[Block]:
        """The blocks up to the token ``end``, which is passed."""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.type == end:
                return
            yield from self._block(token)

    def _block(self, token: Token) -> Iterable[Block]:
        kind = token.type
        if kind == "inline":
            return self._paragraphs(token)
        if kind == "display":
            return [Equations((Row(None, formula(" ".join(token.content.split()), self.where)),))]
        if kind == "fence":
            return [Code(token.content.rstrip("\n"))]
        if kind == "blockquote_open":
            return [Quote(tuple(self.blocks("blockquote_close")))]
        if kind == "bullet_list_open":
            return [self._list("bullet_list_close", None)]
        if kind == "ordered_list_open":
            return [self._list("ordered_list_close", int(token.attrs.get("start", 1)))]
        if kind == "table_open":
            return [self._table()]
        return []  # Where a paragraph begins and ends is known by its content.

    def _paragraphs(self, token: Token) -> Iterator[Block]:
        """A paragraph, cut at its displayed formulas and where the author ends a line."""
        run: list[Inline] = []
        for piece in self._pieces(token):
            if isinstance(piece, Row) or piece == _BREAK:
                yield from [Paragraph(found)] if (found := _trimmed(run)) else []
                yield from [Equations((piece,))] if isinstance(piece, Row) else []
                run = []
            else:
                run.append(piece)
        yield from [Paragraph(found)] if (found := _trimmed(run)) else []

    def _list(self, end: str, first: int | None) -> Block:
        items: list[tuple[Block, ...]] = []
        while self.tokens[self.at].type != end:
            self.at += 1
            items.append(tuple(self.blocks("list_item_close")))
        self.at += 1
        short = [item[0].content for item in items if len(item) == 1 and isinstance(item[0], Paragraph)]
        return Bullets(tuple(short)) if first is None and len(short) == len(items) else Listed(tuple(items), first)

    def _table(self) -> Table:
        rows: list[list[Inlines]] = []
        while (token := self.tokens[self.at]).type != "table_close":
            self.at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(self._line(token))
        self.at += 1
        head, *others = map(tuple, rows)
        return Table(head, tuple(others))

    def _line(self, token: Token) -> Inlines:
        pieces = [Text(" ") if piece == _BREAK else piece for piece in self._pieces(token)]
        return _trimmed([Math(piece.rhs) if isinstance(piece, Row) else piece for piece in pieces])

    def _pieces(self, token: Token) -> Iterator[Inline | Row]:
        styles: list[str] = []
        target = ""
        for child in token.children or ():
            kind = child.type
            if kind in ("strong_open", "em_open"):
                styles.append("strong" if kind == "strong_open" else "emphasis")
            elif kind in ("strong_close", "em_close"):
                styles.pop()
            elif kind == "link_open":
                target = self._target(str(child.attrs["href"]))
            elif kind == "link_close":
                target = ""
            elif kind in ("math", "display"):
                layout = formula(" ".join(child.content.split()), self.where)
                yield Math(layout) if kind == "math" else Row(None, layout)
            elif kind == "hardbreak":
                yield _BREAK
            elif kind == "image":
                raise BacksymError(say("documents.picture", where=self.where, text=child.content))
            else:
                yield self._text(child, styles, target, token.content)

    def _text(self, child: Token, styles: Sequence[str], target: str, whole: str) -> Inline:
        text = " " if child.type == "softbreak" else child.content
        if child.type == "text" and "$" in text:
            raise _lone(whole, self.where)
        if target:
            return Link(text, target)
        style = "code" if child.type == "code_inline" else "strong" if "strong" in styles else (*styles, "plain")[0]
        return Text(text, style)

    def _target(self, target: str) -> str:
        if not target.startswith(SCHEMES):
            raise BacksymError(say("documents.link", where=self.where, schemes=SCHEMES, target=target))
        return target


_BREAK = Text("\n", "break")
"""Where the author ends a line."""


def inlines_plain(content: Inlines) -> str:
    """The text without any marks, formulas in a line of Unicode."""
    return "".join(to_unicode(item.layout) if isinstance(item, Math) else item.text for item in content)

"""A small neutral document tree: what a solution consists of, before any output language.

Mathematics is held as layout, so that each output language serialises it in its own way.  This module must not know
about problems, derivations or output languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile

from backsym.graphs.figure import Figure as Drawn
from backsym.printing.layout import EQUALS, Layout, separated


@dataclass(frozen=True)
class Text:
    """Plain text, unescaped; ``style`` is plain, strong, emphasis or code."""

    text: str
    style: str = "plain"


@dataclass(frozen=True)
class Math:
    """Inline mathematics."""

    layout: Layout


@dataclass(frozen=True)
class Ref:
    """The number of a result, ``(3)``: a link to it, or, ``here``, the mark beside it."""

    number: int
    here: bool = False

    @property
    def text(self) -> str:
        return f"({self.number})"

    @property
    def target(self) -> str:
        """What the place of the result is called."""
        return f"result-{self.number}"


@dataclass(frozen=True)
class Link:
    """Text that leads to an address elsewhere."""

    text: str
    address: str


@dataclass(frozen=True)
class Break:
    """Where a line ends in a cell that is too narrow for all it holds; a space elsewhere."""

    @property
    def text(self) -> str:
        return " "


Inline = Text | Math | Ref | Link | Break
Inlines = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    level: int
    content: Inlines


@dataclass(frozen=True)
class Paragraph:
    """With ``leads`` it stays on the page of what follows, as what leads to a formula does anyway.

    With ``solves`` the solution of the question before it begins here; with ``closes`` it stays on the page where the
    table or drawing before it ends.
    """

    content: Inlines
    leads: bool = False
    solves: bool = False
    closes: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a displayed equation; ``lhs`` is None where the row is one formula; ``tail`` is a range.

    ``via`` stands between the two sides, all of them equal: ``lhs = via = rhs``.  ``reason`` says why, in a few words
    at the right.  With ``again`` the left side is that of the row before, and is not printed.  ``head`` is above
    it: the name of the step of a long derivation that begins here.
    """

    lhs: Layout | None
    rhs: Layout
    tail: Layout | None = None
    via: tuple[Layout, ...] = ()
    reason: Inlines = ()
    again: bool = False
    head: Inlines = ()

    @property
    def right(self) -> Layout:
        """What is printed to the right of the left side and its sign of equality."""
        return separated((*self.via, self.rhs), EQUALS)


@dataclass(frozen=True)
class Equations:
    """Displayed equations, aligned at the equals sign; with ``beside`` several share a line where there is room."""

    rows: tuple[Row, ...]
    beside: bool = False


@dataclass(frozen=True)
class Derived:
    """The rows that lead to one result."""

    result: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Derivations:
    """Several results with what leads to each: on paper one display, in a browser to be unfolded one by one.

    Those ``beside`` each other share lines where there is room.
    """

    items: tuple[Derived, ...]
    beside: bool = False

    @property
    def display(self) -> Equations:
        return Equations(tuple(row for item in self.items for row in item.rows), self.beside)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """One display, or several below the heads of steps."""
        return tuple(block for part in sections(self.display.rows, beside=self.beside) for block in part)


def sections(rows: tuple[Row, ...], *, beside: bool = False) -> Iterator[tuple[Block, ...]]:
    """The rows in displays, each after the head of its first row if that has one."""
    begins = [n for n, row in enumerate(rows) if row.head or not n]
    for begin, end in zip(begins, [*begins[1:], len(rows)], strict=True):
        head = rows[begin].head
        yield (*((Paragraph(head, leads=True),) if head else ()), Equations(rows[begin:end], beside))


@dataclass(frozen=True)
class Bullets:
    """An unordered list."""

    items: tuple[Inlines, ...]


@dataclass(frozen=True)
class Listed:
    """A list of what may be longer than a line; numbered from ``first`` on, or unordered."""

    items: tuple[tuple[Block, ...], ...]
    first: int | None = None


@dataclass(frozen=True)
class Quote:
    """What somebody else said."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Code:
    """Lines that are shown as they are."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table with a heading row; every row has as many cells as it."""

    head: tuple[Inlines, ...]
    rows: tuple[tuple[Inlines, ...], ...]

    @property
    def numbered(self) -> bool:
        """Whether a number of a result stands in the head."""
        return any(isinstance(item, Ref) and item.here for cell in self.head for item in cell)


@dataclass(frozen=True)
class Picture:
    """A drawn graph; ``alt`` says in words what it shows, for whoever cannot see it.

    ``elsewhere`` says where it is if the page has no room for it and for the ``legend`` below it.
    """

    drawn: Drawn = field(hash=False)
    alt: str
    elsewhere: Inlines = ()
    legend: Inlines = ()

    @property
    def height(self) -> float:
        """In centimetres."""
        return self.drawn.drawing.height * self.drawn.drawing.scale


@dataclass(frozen=True)
class Blanks:
    """Labels, each with a line to write on, in one line; ``total`` of the last one stands behind its line."""

    labels: tuple[Inlines, ...]
    total: str = ""


@dataclass(frozen=True)
class Room:
    """Empty space to write in, in centimetres, which no end of a page parts."""

    height: float


@dataclass(frozen=True)
class Aside:
    """A remark that is set off from the derivation: an ``idea``, a ``reading`` or a ``slip``."""

    kind: str
    content: Inlines


Block = (
    Blanks
    | Room
    | Heading
    | Paragraph
    | Equations
    | Bullets
    | Listed
    | Quote
    | Code
    | Table
    | Picture
    | Derivations
    | Aside
)


def with_legends(blocks: Iterable[Block]) -> list[Block]:
    """The blocks for pages: what closes a drawing is a part of it, since both may be elsewhere."""
    found: list[Block] = []
    for block in blocks:
        before = found[-1] if found else None
        if isinstance(before, Picture) and not before.legend and isinstance(block, Paragraph) and block.closes:
            found[-1] = replace(before, legend=block.content)
        else:
            found.append(block)
    return found


def kept(blocks: Sequence[Block]) -> list[bool]:
    """For each block whether no page may end behind it: a paragraph stays with what it leads to.

    A question stays with its solution up to the first thing that is shown there.
    """
    found = [_leads(block, following) or _closed(block, following) for block, following in pairwise(blocks)]
    for n, block in enumerate(blocks):
        if isinstance(block, Paragraph) and block.solves:
            words = sum(1 for _ in takewhile(lambda item: isinstance(item, (Paragraph, Aside)), blocks[n:]))
            shown = n + words < len(blocks) and isinstance(blocks[n + words], _SHOWN)
            first = max(n - 1, 0)
            last = n + words if shown else n
            found[first:last] = [True] * (last - first)
    return [*found, False] if blocks else []


def _closed(block: Block, following: Block) -> bool:
    return isinstance(block, Table) and isinstance(following, Paragraph) and following.closes


_SHOWN = (Equations, Derivations, Table, Picture)


def _leads(block: Block, following: Block) -> bool:
    """Whether a paragraph is followed by what it leads to."""
    return isinstance(block, Paragraph) and (block.leads or isinstance(following, _SHOWN))


@dataclass(frozen=True)
class Logo:
    """A picture from outside, as it is in its file; ``ending`` says what it is, such as ``.png``."""

    ending: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Document:
    """A whole document: its title (also the first heading), who and when, and its blocks.

    ``header`` stands at the head of every page, ``logo`` above the title; ``paper`` is a4 or letter.

    ``language`` is that of its sentences.  With ``contents``, its headings are listed before its blocks; ``opening``
    stands before that list.
    """

    title: Inlines
    blocks: tuple[Block, ...]
    byline: tuple[Inlines, ...] = ()
    language: str = "en"
    contents: bool = False
    opening: tuple[Block, ...] = ()
    header: Inlines = ()
    logo: Logo | None = None
    paper: str = "a4"
    author: Inlines = ()

"""The tree of presentation: what stands on the page and where, in no particular output language.

``printer`` makes it and each output language serialises it.  Nothing in it is LaTeX (except ``Verbatim``, an author's
own spelling that the fragment reader could not take apart): a symbol is named by its meaning (``odot``, ``nabla``), a
Greek letter by its name.

This module must not know about expressions, problems or any output language.
"""

from __future__ import annotations

from dataclasses import dataclass

STYLES = ("italic", "bold", "roman", "operator", "calligraphic", "blackboard")
SPACINGS = ("binary", "relation", "punctuation", "prefix", "ordinary")


@dataclass(frozen=True)
class Layout:
    """Base class of all layout nodes."""


@dataclass(frozen=True)
class Row(Layout):
    """Items side by side; a tight row is written without spaces (``W_{kj}``, ``f(x)``, the limits of a sum)."""

    items: tuple[Layout, ...]
    tight: bool = False


@dataclass(frozen=True)
class Ident(Layout):
    """A name: a letter, the name of a Greek letter, or (roman and operator) a word.

    A thin space inside a word is U+2009.
    """

    text: str
    style: str = "italic"


@dataclass(frozen=True)
class Number(Layout):
    text: str


@dataclass(frozen=True)
class Symbol(Layout):
    """A symbol by its meaning: nabla, partial, dots, top, prime, in, ell, star, infinity, cdot (a placeholder)."""

    name: str


@dataclass(frozen=True)
class Op(Layout):
    """An operator by its meaning, with the class that decides the space around it (see ``SPACINGS``)."""

    name: str
    spacing: str = "binary"


@dataclass(frozen=True)
class Frac(Layout):
    num: Layout
    den: Layout


@dataclass(frozen=True)
class Script(Layout):
    base: Layout
    sub: Layout | None = None
    sup: Layout | None = None


@dataclass(frozen=True)
class Primed(Layout):
    base: Layout
    count: int = 1


@dataclass(frozen=True)
class Accent(Layout):
    """A mark over a short body: bar, hat, tilde, vec, dot."""

    name: str
    body: Layout


@dataclass(frozen=True)
class Fenced(Layout):
    """A body between delimiters, ``kind``: paren, bracket, brace, abs or norm.  Stretchy ones grow with the body."""

    kind: str
    body: Layout
    stretchy: bool = False


@dataclass(frozen=True)
class Big(Layout):
    """A big operator with its limits: sum, max, min, argmax or argmin.  What it applies to follows it in the row."""

    op: str
    lower: Layout | None = None
    upper: Layout | None = None


@dataclass(frozen=True)
class Sqrt(Layout):
    body: Layout


@dataclass(frozen=True)
class Matrix(Layout):
    rows: tuple[tuple[Layout, ...], ...]


@dataclass(frozen=True)
class Underbrace(Layout):
    body: Layout
    label: Layout


@dataclass(frozen=True)
class Boxed(Layout):
    body: Layout


@dataclass(frozen=True)
class Aligned(Layout):
    """Rows of cells that are aligned at the left edge of every second cell, as in ``a &= b``."""

    rows: tuple[tuple[Layout, ...], ...]


@dataclass(frozen=True)
class Space(Layout):
    """A space, ``size``: thin, thick or quad."""

    size: str = "thin"


@dataclass(frozen=True)
class Verbatim(Layout):
    """LaTeX of the author that is not understood; an output language other than LaTeX must refuse it by name."""

    latex: str


MINUS = Op("minus", "prefix")
COMMA = Op("comma", "punctuation")
EQUALS = Op("equals", "relation")


def row(*items: Layout) -> Layout:
    """A row with nested rows of the same kind spliced in; one item stands alone."""
    flat: list[Layout] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Row) and not item.tight else (item,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def tight(*items: Layout) -> Layout:
    """Items written without spaces; one item stands alone."""
    flat: list[Layout] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Row) and item.tight else (item,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat), tight=True)


def separated(items: tuple[Layout, ...], separator: Layout = COMMA) -> Layout:
    """Items with a separator between them."""
    out: list[Layout] = []
    for n, item in enumerate(items):
        out.extend((separator, item) if n else (item,))
    return row(*out)


def is_tall(layout: Layout) -> bool:
    """Whether delimiters around it should grow: it holds a fraction, a sum sign, a matrix or an underbrace."""
    if isinstance(layout, (Frac, Matrix, Underbrace, Aligned)):
        return True
    if isinstance(layout, Big):
        return layout.op == "sum"
    if isinstance(layout, Row):
        return any(is_tall(item) for item in layout.items)
    if isinstance(layout, (Script, Primed)):
        return is_tall(layout.base)
    if isinstance(layout, (Fenced, Sqrt, Boxed, Accent)):
        return is_tall(layout.body)
    return False


def fenced(kind: str, body: Layout) -> Fenced:
    """Delimiters that grow exactly when the body is tall."""
    return Fenced(kind, body, stretchy=is_tall(body))


def with_sup(base: Layout, sup: Layout) -> Layout:
    """A superscript on something that has none; on an application ``f(x)`` it goes to the closing parenthesis."""
    return _scripted(base, None, sup)


def with_sub(base: Layout, sub: Layout) -> Layout:
    """A further subscript: ``z_1`` becomes ``z_{1,j}``."""
    return _scripted(base, sub, None)


def _scripted(base: Layout, sub: Layout | None, sup: Layout | None) -> Layout:
    if isinstance(base, Row) and base.tight:
        return Row((*base.items[:-1], _scripted(base.items[-1], sub, sup)), tight=True)
    if isinstance(base, Script):
        if sup is not None and base.sup is not None:
            raise ValueError("double superscript")
        if sub is not None and base.sub is not None:
            sub = tight(base.sub, COMMA, sub)
        return Script(base.base, base.sub if sub is None else sub, base.sup if sup is None else sup)
    return Script(base, sub, sup)

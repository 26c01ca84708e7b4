"""The tree of presentation: what stands on the page and where, in no particular output language.

``printer`` makes it from expressions, ``fragment`` from the LaTeX of an author, and each output language serialises it.
Nothing in it is LaTeX: a symbol is named by its meaning (``odot``, ``nabla``; all names are in ``signs``), a Greek
letter by its name.

This module must not know about expressions, problems or any output language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cache, wraps
from operator import is_
from typing import Any, TypeVar

from backsym.core.lazy import lazy
from backsym.printing.signs import BIG_SIGNS

STYLES = (
    "italic", "bold", "bold_italic", "roman", "roman_bold", "roman_italic", "operator", "calligraphic", "blackboard",
    "sans", "mono", "fraktur",
)  # fmt: skip
SPACINGS = ("binary", "relation", "punctuation", "prefix", "ordinary")
SIZES = ("display", "text", "script")


@dataclass(frozen=True)
class Layout:
    """Base class of all layout nodes."""

    @lazy
    def found(self) -> dict[str, Any]:
        """What functions of this layout alone have found, by their names: the same one is shown in many places."""
        return {}


Value = TypeVar("Value")


def kept(function: Callable[[Layout], Value]) -> Callable[[Layout], Value]:
    """A function of a layout alone, whose value is kept with the layout."""
    name = function.__qualname__

    @wraps(function)
    def looked_up(layout: Layout) -> Value:
        values: dict[str, Value] = layout.found
        if name not in values:
            values[name] = function(layout)
        return values[name]

    return looked_up


@dataclass(frozen=True)
class Row(Layout):
    """Items side by side; a tight row is written without spaces (``W_{kj}``, ``f(x)``, the limits of a sum)."""

    items: tuple[Layout, ...]
    tight: bool = False


@dataclass(frozen=True)
class Ident(Layout):
    """A name: a letter, the name of a Greek letter, or a word.

    Roman styles hold words of text, with their spaces; a thin space inside a word is U+2009.
    """

    text: str
    style: str = "italic"


@dataclass(frozen=True)
class Number(Layout):
    text: str


@dataclass(frozen=True)
class Symbol(Layout):
    """A sign by its meaning, without any space around it: nabla, partial, dots, top, cdot (a placeholder)."""

    name: str
    bold: bool = False


@dataclass(frozen=True)
class Op(Layout):
    """An operator by its meaning, with the class that decides the space around it (see ``SPACINGS``)."""

    name: str
    spacing: str = "binary"


@dataclass(frozen=True)
class Frac(Layout):
    """A fraction; ``size`` is display or text where the author asks for it, else auto.

    It is ``entrywise`` if an array stands below its line, which its look does not tell.
    """

    num: Layout
    den: Layout
    size: str = "auto"
    entrywise: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Binom(Layout):
    """One above the other in parentheses, without a line: a binomial coefficient."""

    top: Layout
    bottom: Layout


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
    """A mark over a body.

    Of fixed width: bar, hat, tilde, vec, dot, ddot.  As wide as the body: wide_hat, wide_tilde, overline, underline.
    """

    name: str
    body: Layout


@dataclass(frozen=True)
class Fenced(Layout):
    """A body between delimiters; ``kind`` is a key of ``signs.FENCES``.  Stretchy ones grow with the body."""

    kind: str
    body: Layout
    stretchy: bool = False


@dataclass(frozen=True)
class Delimited(Layout):
    """A body between two delimiters of any kinds (keys of ``signs.DELIMITERS``) that grow with it."""

    left: str
    body: Layout
    right: str


@dataclass(frozen=True)
class Delimiter(Layout):
    """A delimiter alone, as where the other half of its pair stands on another line; a key of ``signs.DELIMITERS``.

    ``side`` is open, close or ordinary, which decides the space around it; ``middle`` ones grow with the ``Delimited``
    body that they stand in.
    """

    name: str
    size: str = "normal"
    side: str = "ordinary"


@dataclass(frozen=True)
class Big(Layout):
    """A big operator with its limits: a key of ``signs.BIG_SIGNS`` or a word.  What it applies to follows in the row.

    ``limits`` says where they stand: above and below (``limits``), beside (``beside``), or as is usual (``auto``).
    """

    op: str
    lower: Layout | None = None
    upper: Layout | None = None
    limits: str = "auto"


@dataclass(frozen=True)
class Sqrt(Layout):
    body: Layout
    degree: Layout | None = None


@dataclass(frozen=True)
class Matrix(Layout):
    """Rows of cells; ``fence`` is none, paren, bracket, brace, abs or norm.  Small ones fit a line of text."""

    rows: tuple[tuple[Layout, ...], ...]
    fence: str = "bracket"
    small: bool = False


@dataclass(frozen=True)
class Cases(Layout):
    """A brace and rows of a value and its condition."""

    rows: tuple[tuple[Layout, ...], ...]


@dataclass(frozen=True)
class Underbrace(Layout):
    """A brace below the body, or (``over``) above it, and its label beyond."""

    body: Layout
    label: Layout | None
    over: bool = False


@dataclass(frozen=True)
class Stacked(Layout):
    """Something small above or below a base, which keeps its meaning: ``=`` with a ``!`` above is a relation still."""

    base: Layout
    above: Layout | None = None
    below: Layout | None = None


@dataclass(frozen=True)
class Boxed(Layout):
    body: Layout


@dataclass(frozen=True)
class Aligned(Layout):
    """Rows of cells that are aligned at the left edge of every second cell, as in ``a &= b``."""

    rows: tuple[tuple[Layout, ...], ...]


@dataclass(frozen=True)
class Gathered(Layout):
    """Lines below each other, each in the middle; small ones are several lines of a limit (``substack``)."""

    lines: tuple[Layout, ...]
    small: bool = False


@dataclass(frozen=True)
class Sized(Layout):
    """A body in the size of a display, of text or of a script (``SIZES``)."""

    size: str
    body: Layout


@dataclass(frozen=True)
class Phantom(Layout):
    """The room that a body would take."""

    body: Layout


@dataclass(frozen=True)
class Space(Layout):
    """A space, ``size``: negative, thin, medium, thick, word, quad or qquad."""

    size: str = "thin"


@dataclass(frozen=True)
class Linked(Layout):
    """A link to the place called ``target``, or, ``here``, that place itself."""

    body: Layout
    target: str
    here: bool = False


TINTS = ("passed", "local", "remark")
"""What a colour says: that something is passed back, or that it is a local derivative."""


@dataclass(frozen=True)
class Tinted(Layout):
    """Something in the colour of what it is, one of ``TINTS``; never the only sign of it."""

    body: Layout
    tint: str


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


def with_decimal_comma(layout: Layout) -> Layout:
    """The same with a comma in place of the point in decimal numbers."""
    if isinstance(layout, Number):
        return Number(layout.text.replace(".", ","))
    changes = {part.name: _with_comma(getattr(layout, part.name)) for part in fields(layout)}
    return replace(layout, **changes)


def _with_comma(value: object) -> object:
    if isinstance(value, Layout):
        return with_decimal_comma(value)
    return tuple(map(_with_comma, value)) if isinstance(value, tuple) else value


def untinted(layout: Layout) -> Layout:
    """The same without colours: as if nothing had been tinted."""
    return _without(layout, (Tinted,))


def unmarked(layout: Layout) -> Layout:
    """The same without what only marks a part of it: colours, boxes, and braces with their labels."""
    return _without(layout, (Tinted, Boxed, Underbrace))


def stated(layout: Layout) -> Layout:
    """What two ways to set the same formula have in common: neither marks nor spaces."""
    return _without(layout, (Tinted, Boxed, Underbrace, Space))


def _without(layout: Layout, kinds: tuple[type[Tinted | Boxed | Underbrace | Space], ...]) -> Layout:
    if isinstance(layout, (Tinted, Boxed, Underbrace)) and isinstance(layout, kinds):
        return _without(layout.body, kinds)
    if isinstance(layout, Row):
        items = (_without(item, kinds) for item in layout.items if not (isinstance(item, Space) and Space in kinds))
        return tight(*items) if layout.tight else row(*items)
    kind: Any = type(layout)
    both = {name: (part := getattr(layout, name), _parts_without(part, kinds)) for name in _parts(kind)}
    changes: dict[str, Any] = {name: new for name, (old, new) in both.items() if new is not old}
    bare = replace(layout, **changes) if changes else layout
    # Delimiters that grew around a brace do not without it.
    return fenced(bare.kind, bare.body) if isinstance(bare, Fenced) and Underbrace in kinds else bare


def _parts_without(value: object, kinds: tuple[type[Tinted | Boxed | Underbrace | Space], ...]) -> object:
    if isinstance(value, Layout):
        return _without(value, kinds)
    if not isinstance(value, tuple):
        return value
    changed = tuple([_parts_without(item, kinds) for item in value])
    return value if all(map(is_, changed, value)) else changed


@cache
def _parts(kind: type[Any]) -> tuple[str, ...]:
    """The names of the fields of a class of layouts."""
    return tuple(part.name for part in fields(kind))


def is_word(layout: Layout) -> bool:
    """A named function or operator."""
    if isinstance(layout, (Script, Primed)):
        return is_word(layout.base)
    if isinstance(layout, Big):
        return layout.op not in BIG_SIGNS
    return isinstance(layout, Ident) and layout.style == "operator"


def first(layout: Layout) -> Layout:
    """What a reader meets first."""
    return first(layout.items[0]) if isinstance(layout, Row) and layout.items else layout


def last(layout: Layout) -> Layout:
    return last(layout.items[-1]) if isinstance(layout, Row) and layout.items else layout


@kept
def signs_in(layout: Layout) -> frozenset[str]:
    """The names of all signs in it, of operators also with their spacing; ``quotient`` is a fraction of arrays."""
    if isinstance(layout, Op):  # The dot of a power entry by entry is no product.
        return frozenset((layout.name, f"{layout.name} {layout.spacing}"))
    if isinstance(layout, Symbol):
        return frozenset((layout.name,))
    found = {"quotient"} if isinstance(layout, Frac) and layout.entrywise else set()
    kind: Any = type(layout)
    waiting = [getattr(layout, name) for name in _parts(kind)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Layout):
            found |= signs_in(part)
        elif isinstance(part, tuple):
            waiting += part
    return frozenset(found)


@kept
def is_tall(layout: Layout) -> bool:
    """Whether delimiters around it should grow: it holds a fraction, a sum sign, a matrix or an underbrace."""
    if isinstance(layout, (Frac, Binom, Matrix, Cases, Underbrace, Stacked, Aligned, Gathered)):
        return True
    if isinstance(layout, Big):
        return layout.op in BIG_SIGNS
    if isinstance(layout, Row):
        return any(is_tall(item) for item in layout.items)
    if isinstance(layout, (Script, Primed)):
        return is_tall(layout.base)
    if isinstance(layout, (Fenced, Delimited, Sqrt, Boxed, Accent, Sized, Phantom, Linked, Tinted)):
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

"""A problem: declared symbols and forward equations, checked and with shapes.

The reader builds it; everything downstream only reads it.  It must not know about YAML, calculus or printing.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

from backsym.core.dims import OWN, dim_names, is_layered, is_ragged, letters_in, placed_at
from backsym.core.expr import (
    Dim,
    Entry,
    Equation,
    Expr,
    Fn,
    Ix,
    Label,
    Labels,
    Member,
    Shape,
    Sym,
    is_last,
    last,
    member_of,
    names_in,
    shifted,
    walk,
)
from backsym.core.functions import Function
from backsym.core.lazy import lazy
from backsym.core.words import Said, in_language

ROLES = ("input", "parameter", "target", "constant", "given")
"""What a given quantity is; only ``given`` where nothing tells which of the others, as of many a letter in notes."""
FREE = ("parameter", "given", "input")
"""The roles of what the loss has derivatives by, unasked."""


@dataclass(frozen=True)
class Dimension:
    """A declared dimension: how it prints, and its size where the file fixes one; a ``ragged`` one has a size at each
    position."""

    name: str
    latex: str | None = None
    size: int | None = None
    ragged: bool = False


@dataclass(frozen=True)
class Symbol:
    """A quantity of the problem: a leaf (one of ``ROLES``) or a node (role node)."""

    name: str
    shape: Shape
    role: str
    one_hot: bool = False
    sums_to_one: bool = False
    latex: str | None = None
    line: int | None = None
    values: tuple[float, ...] = ()
    """The numbers that an entry may be; any, where there are none."""
    positive: bool = False
    symmetric: bool = False
    """Whether it is a matrix that is its own transpose."""
    label: Dim | None = None
    """The dimension whose positions are the classes, where the quantity is a label."""

    @property
    def discrete(self) -> bool:
        """Whether what lies between two of its values is none."""
        return self.one_hot or bool(self.values) or self.label is not None

    def admits(self, number: float) -> bool:
        """Whether an entry may be this number."""
        return (not self.values or number in self.values) and (number > 0 or not self.positive)


@dataclass(frozen=True)
class NodeEquation:
    """The forward equation that defines one node.

    ``indices`` are the letters of the author's left side (empty for a scalar or an array-level equation);
    ``rhs`` is in the author's form.  ``index_level`` tells whether the author wrote it entry by entry.
    """

    name: str
    shape: Shape
    indices: tuple[Ix, ...]
    rhs: Expr
    text: str
    index_level: bool
    line: int | None = None
    picked: int = 0
    """Of an equation for the members of a family, ``z[n] = W @ X[n] + b``, how many of ``indices`` the author wrote;
    the others are those of the entry of the right side that ``rhs`` is."""
    starts: tuple[Sym, ...] = ()
    """Of a recurrence, what stands at the positions 0, -1, ... before its first member."""
    block: tuple[str, ...] = ()
    """The equations, in order, that are computed together with this one, position by position: a recurrence."""

    @property
    def member(self) -> Equation | None:
        """The equation for a member, whole, as the author wrote it; None for any other equation."""
        if not self.picked or not isinstance(self.rhs, Entry):
            return None
        return Equation(member_of(Sym(self.name, self.shape), self.indices[: self.picked]), self.rhs.base)

    @property
    def lhs(self) -> Expr:
        sym = Sym(self.name, self.shape)
        return Entry(sym, self.indices) if self.indices else sym


def start_names(family: str, back: int) -> tuple[str, ...]:
    """The names that the start of a recurrence at position ``-back`` goes by; a node of its own has the first one."""
    own = f"{family}_m{back}" if back else f"{family}_0"
    return own, own.replace("_", "")


Asked = tuple[str, tuple[str, ...], bool]
"""A total derivative: of what, by one quantity or two, and whether its outputs are along the columns.

A member of a family is called ``h[t-1]``, see ``Problem.placed``."""


@dataclass(frozen=True)
class Masthead:
    """What a sheet says of itself: lines below the title, a line and a picture above it, and the paper.

    ``logo`` is the path of a picture, relative to the file that names it.
    """

    course: str | None = None
    author: str | None = None
    date: str | None = None
    due: str | None = None
    header: str | None = None
    logo: str | None = None
    paper: str = "a4"


@dataclass(frozen=True)
class Part:
    """One part of a question. ``targets`` are what the part asks for, by name; ``claims`` are the
    (lhs, rhs) equations of show and vectorize."""

    kind: str
    targets: tuple[str, ...] = ()
    claims: tuple[tuple[Expr, Expr], ...] = ()
    option: str | None = None
    text: str | None = None
    answer: str | None = None
    marks: str | None = None
    accept: str = "any"
    form: Expr | None = None
    tolerance: float | None = None
    line: int | None = None
    masthead: Masthead = Masthead()
    """What stands below its label; what is of a whole sheet holds for that of the problem."""
    totals: tuple[Asked, ...] = ()
    """The Jacobians and second derivatives on which the answer rests."""


@dataclass(frozen=True)
class Grid:
    """The numbers ``first``, ``first + step``, ... that are not beyond the end; ``count`` of them."""

    first: Decimal
    step: Decimal
    count: int


@dataclass(frozen=True)
class Variants:
    """How variants of a problem may differ from it; see ``docs/reference/variants.md``.

    ``activation`` and ``letters`` give what may stand in place of a function and of a letter, ``loss`` further
    equations of the loss, ``dims`` sizes.  ``values`` gives for a quantity its possible values (as texts), a grid that
    every entry is drawn from, or None: a one-hot vector.  ``words`` is what the texts call a function.
    """

    activation: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    loss: tuple[str, ...] = ()
    dims: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    letters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, tuple[Any, ...] | Grid | None] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """A checked problem. ``equations`` are in forward (topological) order as the author gave them."""

    title: str
    equations: tuple[NodeEquation, ...]
    loss: str
    symbols: Mapping[str, Symbol]
    dims: Mapping[str, Dimension]
    index_dims: Mapping[str, Dim]
    from_zero: frozenset[Dim] = frozenset()
    """The dimensions whose positions are written 0, 1, ...; here they count from 1 like all others."""
    upstream: str | None = None
    """Where there is no equation of the loss, the node of which it is an abstract one; the derivative is given."""
    letter_forms: Mapping[str, str] = field(default_factory=dict)
    """How letters of families are written that are no subscripts: ``^{(l)}``, ``^{[l]}``."""
    abstract: frozenset[str] = frozenset()
    own: Mapping[str, Function] = field(default_factory=dict)
    """Functions that the file defines; the equations have their definitions in their place."""
    derivatives: Mapping[str, str] = field(default_factory=dict)
    notation: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    figure: str | None = None
    objective: str | None = None
    text: str | None = None
    masthead: Masthead = Masthead()
    show_forward: bool = True
    parts: tuple[Part, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float | None = None
    credit: Mapping[str, Fraction] | None = None
    """The share of the marks that an answer keeps whose error is of a kind, by the tag of the kind."""
    follow_through: Fraction | None = None
    """The share that an answer is worth which is right if an earlier wrong one is taken as it stands."""
    variants: Variants = Variants()
    path: str | None = None
    said: tuple[Said, ...] = ()
    """What the author should know: what of a lecture note was passed over, nodes that do not reach the loss."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the author should know, in the language of the problem."""
        return tuple(in_language(each, self.language) for each in self.said)

    def __repr__(self) -> str:
        return f"<Problem {self.title!r}: {', '.join(eq.name for eq in self.equations)}; loss {self.loss}>"

    @lazy
    def functions(self) -> frozenset[str]:
        """The names of all functions that the equations apply."""
        return frozenset(e.name for eq in self.equations for e in walk(eq.rhs) if isinstance(e, Fn))

    @property
    def end(self) -> str:
        """The node from which the backward pass starts."""
        return self.upstream or self.loss

    @lazy
    def families(self) -> dict[str, int]:
        """The quantities of which members are used, x_n of X, each with the number of axes of a member."""
        found: dict[str, int] = {}
        for eq in self.equations:
            if eq.picked or eq.block:
                found[eq.name] = len(eq.shape) - (eq.picked or 1)
            for e in walk(eq.rhs):
                if isinstance(e, Member) and isinstance(e.base, Sym) and e.indices == e.places[: len(e.indices)]:
                    found.setdefault(e.base.name, len(e.shape))
        return found

    @lazy
    def family_dims(self) -> frozenset[Dim]:
        """The dimensions along which members are numbered: those of the letters on leading axes.

        A class that a label picks, the row of a word, is one of many rows of a matrix.
        """
        letters = [ix for eq in self.equations for ix in eq.indices[: eq.picked or bool(eq.block)]]
        parts = (e for eq in self.equations for e in walk(eq.rhs) if isinstance(e, Member))
        leading = (itertools.takewhile(lambda ix: ix is not None, part.places) for part in parts)
        numbers = (ix for ix in itertools.chain(letters, *leading) if ix is not None)
        return frozenset(ix.dim for ix in numbers if not isinstance(ix, Label) or is_last(ix))

    @lazy
    def layered(self) -> frozenset[str]:
        """The families whose members are numbered above, a^(l)."""
        dims = {self.index_dims[letter] for letter in self.letter_forms if letter in self.index_dims}
        # What an equation that is wrong would define has no symbol.
        known = ((name, self.symbols.get(name)) for name in self.families)
        return frozenset(name for name, symbol in known if symbol is not None and symbol.shape[0] in dims)

    @lazy
    def picks_members(self) -> bool:
        """Whether an equation uses a part of an array, x_n of X or one of its columns."""
        return any(eq.picked or eq.block or any(isinstance(e, Member) for e in walk(eq.rhs)) for eq in self.equations)

    @lazy
    def starts(self) -> dict[str, tuple[Sym, ...]]:
        """What the recurrences start from."""
        return {eq.name: eq.starts for eq in self.equations if eq.starts}

    @lazy
    def recurrent(self) -> frozenset[Dim]:
        """The dimensions along which recurrences run."""
        return frozenset(eq.indices[0].dim for eq in self.equations if eq.block)

    @lazy
    def layers(self) -> dict[str, Dim]:
        """The dimensions whose sizes depend on a position, each with the dimension along which the positions run."""
        found: dict[str, Dim] = {}
        for symbol in self.symbols.values():
            for name in (name for dim in symbol.shape if is_ragged(dim) for name in dim_names(dim)):
                layer = placed_at(name)
                if layer is not None and OWN in letters_in(name):
                    found.setdefault(layer[0], symbol.shape[0])
        return found

    @lazy
    def by_name(self) -> dict[str, NodeEquation]:
        return {eq.name: eq for eq in self.equations}

    @lazy
    def consumers(self) -> dict[str, tuple[str, ...]]:
        """For each symbol, the nodes whose equation mentions it, in forward order."""
        uses: dict[str, list[str]] = {}
        for eq in self.equations:
            for name in names_in(eq.rhs):
                uses.setdefault(name, []).append(eq.name)
        return {name: tuple(nodes) for name, nodes in uses.items()}

    def sym(self, name: str) -> Sym:
        symbol = self.symbols[name]
        return Sym(name, symbol.shape, symmetric=symbol.symmetric, recurrent=name in self.starts)

    def placed(self, text: str) -> Expr:
        """The quantity that a text says, ``h``, or a member of a family as it is called in ``Asked``: ``h[t-1]``."""
        name, bracket, place = text.removesuffix("]").partition("[")
        whole = self.sym(name)
        if not bracket:
            return whole
        dim = whole.declared[0]
        if name in self.starts and place.lstrip("-").isdecimal() and int(place) < 1:
            return self.starts[name][-int(place)]
        letter, sign, number = place.partition("-" if "-" in place else "+")
        first = last(dim) if letter == str(dim) else Ix(letter, dim)
        at = shifted(((first, 1),), int(sign + number), dim) if sign else first
        return member_of(whole, (at,)) if len(whole.declared) > 1 else Entry(whole, (at,))

    def any_member(self, name: str) -> Expr:
        """The member of a family at the letter of its first axis."""
        whole = self.sym(name)
        dim = whole.declared[0]
        letter = next((letter for letter, own in self.index_dims.items() if own == dim), str(dim).lower())
        at = (Ix(letter, dim),)
        return member_of(whole, at) if len(whole.declared) > 1 else Entry(whole, at)

    def told(self, name: str) -> Expr:
        """A quantity as a text names it: layers that differ in size are no array, so that any of them is named."""
        return self.any_member(name) if is_layered(self.symbols[name].shape) else self.sym(name)

    def named(self, name: str) -> Expr:
        """What a name means in an expression."""
        symbol = self.symbols[name]
        return self.sym(name) if symbol.label is None else Labels(name, symbol.shape, symbol.label)

    def on_page(self, name: str, value: Any) -> Any:
        """A value of a quantity as a page shows it: the classes of a label count from 0 in values and from 1 there."""
        if self.symbols[name].label is None:
            return value
        return tuple(self.on_page(name, part) for part in value) if isinstance(value, tuple) else value + 1

    def changed(self, **changes: Any) -> Problem:
        """The same problem with other values of the given fields, as plain data."""
        return Problem(**{part.name: getattr(self, part.name) for part in fields(Problem)} | changes)


@dataclass(frozen=True)
class Section:
    """One section of a collection: a learning objective and its problems."""

    title: str | None
    objective: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Collection:
    """Several problems in one document."""

    title: str
    """The title of the document."""
    sections: tuple[Section, ...]
    """The sections with their problems."""
    masthead: Masthead = Masthead()
    """Course, author, dates, logo and paper."""
    text: str | None = None
    """The introduction."""
    language: str = "en"
    """The language of the sentences."""
    credit: Mapping[str, Fraction] | None = None
    """The share of the marks that an answer keeps, by the kind of its error."""
    follow_through: Fraction | None = None
    """What an answer is worth that is right if an earlier wrong one is taken as it stands."""
    path: str | None = None
    """The file that it was read from."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of all sections, in their order."""
        return tuple(problem for section in self.sections for problem in section.problems)

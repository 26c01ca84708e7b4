"""The author's choices of notation, and the layout of names under them.

``Notation`` holds frozen choices and the declared spellings of symbols and dimensions; everything that has a name
(symbols, nodes, entries, dimensions, index letters, functions) gets its layout here.

This module must not know how expressions are put together, nor about any output language.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from backsym.core.dims import (
    OWN,
    Amount,
    Dim,
    Whole,
    amount,
    dim_named,
    dim_names,
    is_negative,
    is_sum,
    names_of,
    placed_at,
    put_all,
)
from backsym.core.entrywise import array_of
from backsym.core.errors import BacksymError, did_you_mean
from backsym.core.expr import (
    Expr,
    Fn,
    Ix,
    Label,
    Shape,
    Shift,
    Sym,
    children,
    counted,
    last,
    letters_of,
    shifted,
)
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS
from backsym.core.lazy import Beside, Kept
from backsym.core.names import GREEK, SHORT, accented_name, is_word, split_name
from backsym.core.notations import DELTA, KEYS, NOTATIONS, choices
from backsym.core.problem import Problem, start_names
from backsym.core.words import say
from backsym.printing import layout as lay
from backsym.printing.fragment import fragment
from backsym.printing.layout import Ident, Layout

SPELLED = 1024
"""So many layouts of names and entries are kept."""


def _few() -> Kept[Hashable, Layout]:
    return Kept(SPELLED)


@dataclass(frozen=True)
class Notation:
    """How one problem is written.  ``symbols`` and ``dims`` hold the spellings that the author declared."""

    layer: str = "superscript"
    gradient: str = "nabla"
    vectors: str = "bold"
    transpose: str = "top"
    loss: str = "L"
    delta: str = ""
    """The letter of the nodes the derivatives by which are deltas: that by z^{(l)} is delta^{(l)}."""

    symbols: Mapping[str, Layout] = field(default_factory=dict)
    dims: Mapping[str, Layout] = field(default_factory=dict)
    dim_order: tuple[str, ...] = ()
    abstract: frozenset[str] = frozenset()
    e_is_a_name: bool = False
    """Whether the problem has a quantity or an index that prints as e, so that the base of the exponential must not."""

    preactivations: frozenset[str] = frozenset()
    """Nodes that are used only inside functions: with ``gradient: delta`` theirs is the sign of the error signal."""

    families: Mapping[str, int] = field(default_factory=dict)
    """The quantities of which members are written, with the number of axes of a member: X is made of vectors x_n."""

    names: frozenset[str] = frozenset()
    """All quantities: the letter of a family changes its case only where no other quantity has that letter."""

    letters: Mapping[str, str] = field(default_factory=dict)
    """How index letters are written that are no subscripts: ``^{(l)}``, ``^{[l]}``."""

    tinted: bool = False
    """Whether what is passed back and the local derivatives of a product have their colours."""

    within: Notation | None = None
    """Where arrays that are added and multiplied have their sizes below: how what stands within them is written."""

    spaced: bool = False
    """Whether a thin space parts a derivative of the loss from a factor behind it, as on a page."""

    slashed: bool = False
    """Whether derivatives stand on one line, as in text: with a slash in place of a fraction."""

    bare_sums: bool = False
    """Whether sums stand without the range of their letter, in a remark about an equation that has been given."""

    ranges: Mapping[str, Dim] = field(default_factory=dict)
    """The dimensions that index letters run over."""

    starts: Mapping[str, tuple[str, Ix]] = field(default_factory=dict)
    """What recurrences start from, where it is written as a member of them: h0 is h_0, the member 0 of h."""

    layers: Mapping[str, Dim] = field(default_factory=dict)
    """The dimensions whose sizes depend on a position, each with the dimension of the positions."""

    from_zero: frozenset[Dim] = frozenset()
    """The dimensions whose positions are written 0, 1, ..."""

    laid: dict[int, tuple[Expr, Layout]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was printed already, by the identity of the expression, which is kept so that it stays its own."""

    named: Kept[Hashable, Layout] = field(default_factory=_few, init=False, repr=False, compare=False)
    """What names and entries of them look like."""

    def __post_init__(self) -> None:
        for key, allowed in choices().items():
            value = getattr(self, key)
            if value not in allowed:
                raise BacksymError(
                    say("printing.choice", key=key, found=value, choices=allowed), did_you_mean(value, allowed)
                )

    def __getstate__(self) -> dict[str, object]:
        """Identities mean nothing in another process."""
        return {**self.__dict__, "laid": {}, "named": _few()}

    @staticmethod
    def of(problem: Problem) -> Notation:
        """The notation of a problem; raises BacksymError for an unknown choice."""
        return _OF_PROBLEMS.get(problem, _read)

    # --- names ---

    def name(self, name: str, rank: int = 0) -> Layout:
        """A whole symbol or node; its rank (number of axes) decides the weight."""
        return self.named.get((name, rank), lambda: self._name(name, rank))

    def _name(self, name: str, rank: int) -> Layout:
        if name in self.symbols:
            return self.symbols[name]
        if name in self.starts:
            family, position = self.starts[name]
            if not rank:
                return self.entry(family, (position,))
            return self.member(family, rank, (position, *[None] * rank))
        if name == self.loss == "L":
            return Ident("L", "calligraphic")
        return self._marked(name, rank, str.upper if rank > 1 and name in self.families else None)

    def member(self, name: str, rank: int, places: tuple[Ix | None, ...]) -> Layout:
        """A member of a family: the letter of a vector is small, though that of all of them together is a capital."""
        if name in self.symbols:
            return self.placed(self.symbols[name], places)
        small = rank == 1 and places[-1] is None and None not in places[:-1]
        return self.placed(self._marked(name, rank, str.lower if small else None), places)

    def _marked(self, name: str, rank: int, case: Callable[[str], str] | None) -> Layout:
        """The letter of a name with its accent and its tag; that of a family in this case."""
        base, tag, accent = accented_name(name)
        if case is not None:
            base = self._in_case(name, case(base))
        letter = self.letter(base, rank)
        if accent == "prime":
            letter = lay.Primed(letter)
        elif accent and accent != "star":
            letter = lay.Accent(accent, letter)
        tagged = self._tagged(letter, tag)
        if accent != "star":
            return tagged
        if isinstance(tagged, lay.Script) and tagged.sup is not None:
            return lay.Script(tagged.base, tagged.sub, lay.tight(lay.Symbol("ast"), tagged.sup))
        return lay.with_sup(tagged, lay.Symbol("ast"))

    def _in_case(self, name: str, letter: str) -> str:
        """The letter of a family in another case, unless it is another quantity's."""
        base, tag = split_name(name)
        other = len(base) > 1 or not base.isascii() or letter + tag in self.names
        return base if other else letter

    def placed(self, base: Layout, places: Sequence[Ix | None]) -> Layout:
        """A layout with indices: below, or above where that is how the letter is written.  None is a whole axis."""
        above = [ix for ix in places if ix is not None and self.form(ix)]
        taken = isinstance(base, lay.Script) and base.sup is not None
        if len(above) != 1 or taken:
            above = []
        below = tuple(ix for ix in places if ix not in above)
        while below and below[-1] is None:
            below = below[:-1]
        for ix in above:
            assert ix is not None
            kind = "bracket" if "[" in self.form(ix) else "paren"
            base = lay.with_sup(base, lay.Fenced(kind, index(ix, self)))
        if not below:
            return base
        if None in below:
            return lay.with_sub(
                base, lay.separated(tuple(Ident(":") if ix is None else index(ix, self) for ix in below))
            )
        return lay.with_sub(base, index_list(tuple(ix for ix in below if ix is not None), self))

    def form(self, ix: Ix) -> str:
        """How an index is written that is no subscript; empty for one that is.

        A position is written as the letters of its dimension are, and l - 1 as l.
        """
        letters = [letter.letter for letter in letters_of(ix)] or [a for a, d in self.ranges.items() if d == ix.dim]
        return next((self.letters[a] for a in (x.rstrip("'") for x in letters) if a in self.letters), "")

    def entry(self, name: str, indices: tuple[Ix, ...]) -> Layout:
        """One entry of a symbol: light, with the indices as subscript."""
        if not indices:
            return self.name(name)
        return self.named.get((name, indices), lambda: self._entry(name, indices))

    def _entry(self, name: str, indices: tuple[Ix, ...]) -> Layout:
        if name in self.starts:
            family, position = self.starts[name]
            return self.entry(family, (position, *indices))
        base = light(self.symbols[name]) if name in self.symbols else self.name(name)
        if self.families.get(name) == 1 and name not in self.symbols:
            base = self._marked(name, 0, str.lower)  # The entries of a vector x_n are x_nd.
        return self.placed(base, indices)

    def dim(self, dim: Dim) -> Layout:
        """A dimension: a number, the declared spelling, or its name as a scalar's."""
        if isinstance(dim, int):
            return lay.Number(str(dim))
        if dim in self.dims:
            return self.dims[dim]
        if dim_names(dim) != (dim,):
            return self.whole(amount(dim))
        layer = placed_at(dim)
        if layer is not None:
            return self.layer_size(*layer)
        base, tag = split_name(dim)
        return self._tagged(base_layout(base), tag)

    def first(self, dim: Dim) -> Layout:
        """The number of the first position along a dimension."""
        return lay.Number("0" if dim in self.from_zero else "1")

    def final(self, dim: Dim) -> Layout:
        """The number of the last position."""
        return self.dim(dim_named(amount(dim) - 1)) if dim in self.from_zero else self.dim(dim)

    def layer_size(self, base: str, place: Whole) -> Layout:
        """The size at a position, which is written as the letters of the positions are: D^{(l-1)}."""
        over = self.layers.get(base, base)
        own = next((letter for letter, dim in self.ranges.items() if dim == over), OWN)
        names = names_of(place)
        letters = {name: last(over) if name == over else Ix(own if name == OWN else name, over) for name in names}
        number = put_all(place, dict.fromkeys(letters, 0))
        parts = [(ix, put_all(place, {n: int(n == name) for n in letters}) - number) for name, ix in letters.items()]
        return self.placed(self.dim(base), [shifted(parts, number, over)])

    def whole(self, a: Whole) -> Layout:
        """A number that is computed of dimensions, which stand in the order of the author's declarations."""
        if isinstance(a, int):
            return lay.tight(*([lay.MINUS] if a < 0 else []), lay.Number(str(abs(a))))
        order = {name: n for n, name in enumerate(self.dim_order)}

        def place(name: str) -> tuple[int, str]:
            return order.get(name, len(order)), name

        items: list[Layout] = []
        terms = [(sorted(product, key=place), factor) for product, factor in a.terms]
        for product, factor in sorted(terms, key=lambda t: (not t[0], t[1] < 0, [place(name) for name in t[0]])):
            items += [lay.Op("minus", "prefix")] if factor < 0 else [lay.Op("plus", "prefix")] if items else []
            factors: list[Layout] = [lay.Number(str(abs(factor)))] if abs(factor) != 1 or not product else []
            factors += [self.dim(name) for name in product]
            for n, item in enumerate(factors):
                # 2 examples, not 2examples.
                apart = n > 0 and has_word(factors[n - 1], item)
                items += [lay.Space("thin"), item] if apart else [item]
        return lay.tight(*items)

    def function(self, name: str) -> Layout:
        """The name of a function.  An abstract one has its tag below: a superscript would read as a derivative."""
        if name in self.symbols:
            return self.symbols[name]
        if name == ABSTRACT_LOSS and name not in FUNCTIONS:
            return Ident("L", "calligraphic")
        if name in FUNCTIONS:
            return fragment(FUNCTIONS[name].latex)
        if name in self.abstract:
            return word(name)
        raise BacksymError(say("printing.function", name=name))

    def letter(self, base: str, rank: int) -> Layout:
        """The letter of an array of this rank, bold or as vectors are marked."""
        light = base_layout(base)
        if rank == 0:
            return light
        marked: Layout = self.rule("vectors", _VECTORS)(light, rank)
        return marked

    def _tagged(self, letter: Layout, tag: str) -> Layout:
        mark = tag_layout(tag)
        if mark is None:
            return letter
        tagged: Layout = self.rule("layer", _LAYERS)(letter, mark)
        return tagged

    # --- choices ---

    def rule(self, key: str, own: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
        """What the choice under a key prints: by the rules of this package, or by the one that it brings."""
        chosen: str = getattr(self, key)
        rule = own.get(chosen) or NOTATIONS[f"{key}: {chosen}"].rule
        if rule is None:
            raise BacksymError(say("printing.no_rule", key=key, choice=chosen))
        return rule

    @property
    def transposed(self) -> Layout:
        """The sign of a transpose, an exponent."""
        sign: Layout = self.rule("transpose", _TRANSPOSES)()
        return sign

    @property
    def takes_delta(self) -> bool:
        """Whether derivatives are written with the letter delta, so that Kronecker deltas are not."""
        return bool(self.delta) or NOTATIONS[f"gradient: {self.gradient}"].takes_delta


def _read(problem: Problem) -> Notation:
    for key in problem.notation:
        if key not in (*KEYS, DELTA):
            raise BacksymError(say("printing.unknown_key", key=key, keys=KEYS))
    chosen: dict[str, Any] = {key: problem.notation.get(key, allowed[0]) for key, allowed in choices().items()}
    return Notation(
        **chosen,
        loss=problem.loss,
        delta=problem.notation.get(DELTA, ""),
        symbols={s.name: fragment(s.latex) for s in problem.symbols.values() if s.latex},
        dims={d.name: fragment(d.latex) for d in problem.dims.values() if d.latex},
        dim_order=tuple(problem.dims),
        abstract=problem.abstract,
        preactivations=frozenset(preactivations(problem)),
        e_is_a_name=_prints_e(problem),
        families=problem.families,
        names=frozenset(problem.symbols),
        letters=problem.letter_forms,
        ranges=problem.index_dims,
        starts=_starts(problem),
        layers=problem.layers,
        from_zero=problem.from_zero,
    )


_OF_PROBLEMS: Beside[Problem, Notation] = Beside()


BOLD = {"italic": "bold", "roman": "roman_bold"}
"""The bold style to a light one."""

_VECTORS: Mapping[str, Callable[[Ident, int], Layout]] = {
    "bold": lambda letter, rank: Ident(letter.text, BOLD[letter.style]),
    "arrow": lambda letter, rank: lay.Accent("vec", letter) if rank == 1 else Ident(letter.text, BOLD[letter.style]),
    "plain": lambda letter, rank: letter,
}
_LAYERS: Mapping[str, Callable[[Layout, Layout], Layout]] = {
    "superscript": lambda letter, mark: lay.Script(letter, sup=lay.Fenced("paren", mark)),
    "subscript": lambda letter, mark: lay.Script(letter, sub=mark),
    "bracket": lambda letter, mark: lay.Script(letter, sup=lay.Fenced("bracket", mark)),
}
_TRANSPOSES: Mapping[str, Callable[[], Layout]] = {"top": lambda: lay.Symbol("top"), "T": lambda: Ident("T")}

LIGHT = {bold: style for style, bold in BOLD.items()}


def base_layout(base: str) -> Ident:
    """A letter in italics or a word in roman."""
    return Ident(SHORT.get(base, base), "roman" if is_word(base) else "italic")


def rank_of(shape: Shape) -> int:
    """The axes of an array as its letter shows them: a row and a column are vectors."""
    return max(sum(dim != 1 for dim in shape), min(len(shape), 1))


def preactivations(problem: Problem) -> Iterator[str]:
    """The nodes that every equation which uses them puts into a function of one argument, some before the loss."""
    for node in problem.by_name:
        users = problem.consumers.get(node, ())
        inside = all(_only_inside_functions(problem.by_name[user].rhs, node) for user in users)
        if inside and any(user != problem.loss for user in users):
            yield node


def _only_inside_functions(e: Expr, name: str) -> bool:
    """Whether each mention of ``name`` is, alone or as an entry, the argument of a function."""
    if isinstance(e, Sym):
        return e.name != name
    if isinstance(e, Fn) and len(e.args) == 1:
        arg = e.args[0]
        base = array_of(arg)
        if isinstance(base, Sym):
            return True
    return all(_only_inside_functions(child, name) for child in children(e))


def tag_layout(tag: str) -> Layout | None:
    """The tag of a name: a number, a letter, or a word; None where there is none."""
    tag = tag.replace("_", "")
    if not tag:
        return None
    if tag.isdecimal():
        return lay.Number(tag)
    return Ident(tag) if len(tag) == 1 or tag in GREEK else Ident(tag, "roman")


def has_word(*layouts: Layout) -> bool:
    """Whether one of these is a word, which may have scripts and an accent."""
    bases = [item.base if isinstance(item, lay.Script) else item for item in layouts]
    bare = [base.body if isinstance(base, lay.Accent) else base for base in bases]
    return any(isinstance(base, Ident) and base.style in ("roman", "roman_bold") for base in bare)


def word(name: str) -> Layout:
    """The name of an index letter or an abstract function: ``k``, ``phi``, ``i_1``, or a word in roman."""
    base, tag = split_name(name)
    mark = tag_layout(tag)
    if mark is None:
        return base_layout(base)
    if "_" in name or isinstance(mark, lay.Number):
        return lay.Script(base_layout(base), sub=mark)
    return Ident(name, "roman")


def index(ix: Ix, n: Notation) -> Layout:
    """An index letter, primes kept, a fixed position, or letters with a shift: i + k - 1 set tight."""
    ix = counted(ix, n.from_zero)
    if isinstance(ix, Shift):
        return _shift(ix, n)
    if isinstance(ix, Label):
        return lay.Script(word(ix.name), sub=index_list(ix.at, n)) if ix.at else word(ix.name)
    if ix.fixed:
        return lay.Number(ix.letter)
    letter = ix.letter.rstrip("'")
    primes = len(ix.letter) - len(letter)
    return lay.Primed(word(letter), primes) if primes else word(letter)


def _shift(ix: Shift, n: Notation) -> Layout:
    """What is added before what is subtracted; the number last, but a dimension first: H + k."""
    sizes = [(None, ix.offset)] if isinstance(ix.offset, Amount) and not is_negative(ix.offset) else []
    letters = sorted(ix.parts, key=lambda part: is_negative(part[1]))
    last = [(None, ix.offset)] if (ix.offset or not ix.parts) and not sizes else []
    items: list[Layout] = []
    for letter, factor in [*sizes, *letters, *last]:
        negative = is_negative(factor)
        size = -factor if negative else factor
        items += [lay.Op("minus", "prefix")] if negative else [lay.Op("plus", "prefix")] if items else []
        if size != 1 or letter is None:
            several = is_sum(size) and (letter is not None or negative)
            items.append(lay.fenced("paren", n.whole(size)) if several else n.whole(size))
        items += [index(letter, n)] if letter is not None else []
    return lay.tight(*items)


def index_list(indices: tuple[Ix, ...], notation: Notation) -> Layout:
    """Indices side by side, with commas where they would run together (positions, longer letters)."""
    letters = [ix.letter.rstrip("'") for ix in indices]
    run_together = any(len(x) > 1 for x in letters) or any(
        a.isdecimal() and b.isdecimal() for a, b in pairwise(letters)
    )
    items: list[Layout] = []
    for n, ix in enumerate(indices):
        if n and run_together:
            items.append(lay.COMMA)
        items.append(index(ix, notation))
    return lay.tight(*items)


def light(layout: Layout) -> Layout:
    """A declared spelling of an array as its entries have it: not bold, without an arrow."""
    if isinstance(layout, Ident):
        return Ident(layout.text, LIGHT.get(layout.style, layout.style))
    if isinstance(layout, lay.Script):
        return lay.Script(light(layout.base), layout.sub, layout.sup)
    if isinstance(layout, lay.Primed):
        return lay.Primed(light(layout.base), layout.count)
    if isinstance(layout, lay.Accent):
        return layout.body if layout.name == "vec" else lay.Accent(layout.name, light(layout.body))
    return layout


def _starts(problem: Problem) -> dict[str, tuple[str, Ix]]:
    """The quantities that are called as the members before the first are, each with its family and position."""
    found: dict[str, tuple[str, Ix]] = {}
    for eq in problem.equations:
        for back, start in enumerate(eq.starts):
            if start.name in start_names(eq.name, back) and problem.symbols[start.name].latex is None:
                found[start.name] = eq.name, Shift(str(-back), eq.indices[0].dim, (), -back)
    return found


def _prints_e(problem: Problem) -> bool:
    letters = {*problem.index_dims, *(ix.letter for eq in problem.equations for ix in eq.indices)}
    quantity = any(s.latex == "e" or (s.name == "e" and not s.latex) for s in problem.symbols.values())
    return quantity or any(letter.rstrip("'") == "e" for letter in letters)

r"""Declarations in a lecture note's own words: ``\mathbf{W}^{(1)} \in \mathbb{R}^{D^{(1)} \times D^{(0)}}``.

Also ``\mathbf{t} \in \{0, 1\}^K`` and ``k \in \{1, \dots, K\}``.  New dimensions are named as they are met.

Knows the grammar of names; knows no documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from backsym.core.dims import amount, at_least
from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.latex.equations import FormulaReader, Spelled
from backsym.reading.latex.lexer import nesting, script_end, tokens_in
from backsym.reading.latex.names import Key, Vocabulary, new_name
from backsym.reading.latex.scripts import Scripts, read_scripts
from backsym.reading.latex.symbols import Base
from backsym.reading.syntax import Node, walk


@dataclass(frozen=True)
class Declaration:
    """A quantity and the names or sizes of its axes; ``letter`` if it is an index that runs over the one dimension."""

    spelled: Spelled
    shape: tuple[str, ...]
    letter: bool = False
    column: bool = False
    """Whether the axis of length one of a column was left out."""
    count: str = ""
    r"""The dimension N of ``x_1, \dots, x_N``, of which ``spelled`` is the last."""

    @property
    def member(self) -> str:
        """The letter l above ``W_Q^{(l)}``, whose own mark Q stands below; else ""."""
        tag = self.spelled.key[1]
        return tag[0] if self.spelled.both and len(tag) > 1 else ""


@dataclass(frozen=True)
class Unsized:
    """A quantity with a declared size that is not read, that may be less than one, or that is no real one."""

    spelled: Spelled
    span: tuple[int, int]
    why: Literal["size_not_read", "no_positive_size", "not_real"]


@dataclass
class Declarations:
    """What the formulas read so far declare; ``dims`` has the spelling of each dimension."""

    found: list[Declaration] = field(default_factory=list)
    dims: dict[str, Spelled] = field(default_factory=dict)
    unread: list[Spelled] = field(default_factory=list)
    """What has a declaration that is not understood."""
    powers: list[tuple[int, int]] = field(default_factory=list)
    """Where an array is declared that is spelled as a power, ``w^2``."""
    unsized: list[Unsized] = field(default_factory=list)
    real: set[str] = field(default_factory=set)
    """The numbers that need not be whole ones, and are no sizes."""
    drawn: list[Spelled] = field(default_factory=list)
    r"""What is of a set of values, ``m \in \{0, 1\}^H``, or of a distribution, ``\epsilon \sim p``."""
    vectors: list[Declaration] = field(default_factory=list)
    r"""Of these the vectors, ``\mathcal{N}(0, I_K)``, perhaps of a size that is not said."""
    maps: list[tuple[Spelled, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    r"""Functions with the shapes of what they are applied to and give, ``f: \mathbb{R}^D \to \mathbb{R}^K``."""

    def read(self, source: Source, start: int, end: int) -> bool:
        """Add what a formula declares; whether it is a declaration.  What else it says is not of interest."""
        try:
            reader = _Reader(source, self, start, end, lenient=True)
        except InputError:
            return False
        return reader.declarations()


def names_in_formula(source: Source, start: int, end: int) -> list[Spelled]:
    """The names in a formula that is nothing but names and commas; else none."""
    try:
        reader = _Reader(source, Declarations(), start, end)
        names = [reader.name()]
        while reader.took(","):
            names.append(reader.name())
    except InputError:
        return []
    return names if reader.token.kind == "end" else []


def subjects_in_formula(source: Source, start: int, end: int, sink: Declarations) -> list[Declaration]:
    r"""The names before the sign of a set or of a distribution, ``x_1, \\dots, x_N \\sim p``, or all of a list."""
    end = next((t.start for t in tokens_in(source, start, end) if t.text in ("in", r"\sim")), end)
    try:
        reader = _Reader(source, sink, start, end)
        names = [reader.name()]
        while reader.took(","):
            names = reader.run(names) if reader.at("dots") else [*names, reader.name()]
    except InputError:
        return []
    return [Declaration(name, (), count=reader.counts.get(name, "")) for name in names if reader.token.kind == "end"]


def shape_in_formula(source: Source, start: int, end: int, sink: Declarations) -> tuple[str, ...] | None:
    """The dimensions of a formula such as ``N \\times D^{(i)}``, ``J`` or ``\\mathbb{R}^J``, into ``sink``; or None."""
    found = Declarations()
    try:
        reader = _Reader(source, found, start, end)
        if reader.number_set_at(0):
            reader.base()
            reader.expect("^")
            dims = [*reader.axes()]
        else:
            dims = [reader.size()]
            while reader.took("times"):
                dims.append(reader.size())
    except InputError:
        return None
    if reader.token.kind != "end":
        return None
    for name, spelled in found.dims.items():
        sink.dims.setdefault(name, spelled)
    return tuple(dims)


_AND = ("and", "und", "with", "mit", "where", "wobei", "for", "f\u00fcr")
"""Words between statements, and between names."""


_OF_SIGN = ("+", "*", ">", ">=", "ge", "geq")
"""What stands above the set of the positive numbers."""


_NUMBERS = ("R", "Z", "N", "Q", "B")
"""Letters of sets of real numbers."""


_WHOLE = ("N", "Z")
"""Those of whole numbers, which a size may be."""


class _Reader(FormulaReader):
    def __init__(self, source: Source, sink: Declarations, start: int, end: int, *, lenient: bool = False):
        super().__init__(source, Vocabulary({}), start, end, lenient=lenient)
        self.sink = sink
        self.counts: dict[Spelled, str] = {}
        r"""Of the last of ``x_1, \dots, x_N`` the dimension N."""

    def declarations(self) -> bool:
        """``a, b \\in S, c \\in S``: every group of names in front of its set; others are passed over.

        Of ``y = W x \\in S`` the left side is declared; what stands side by side is a product and declares nothing.
        """
        found = False
        names: list[Spelled] = []
        powers: list[tuple[int, int]] = []
        begun = equation = False
        while self.token.kind != "end":
            mark = self.position
            try:
                if self.took("in"):
                    found = self.set_of(names) or found
                    self.sink.powers += powers
                    names, powers, begun, equation = [], [], False, False
                elif self.token.text == r"\sim":
                    self.take()
                    self.distribution_of(names)
                    names, equation = [], True
                elif self.took(",", ";", ".") or self.token.kind == "row" or self.token.text in _AND:
                    self.position += self.position == mark
                    names = [] if equation else names
                    begun = equation = False
                elif equation:
                    self.position = self.closing.get(mark, mark) + 1
                elif not names and self.at("(") and self.several():
                    found = True
                elif names and self.took(":"):
                    self.map_of(names.pop())
                elif self.at("dots") and names:
                    names = self.run(names)
                elif self.at("nabla", "partial"):
                    names, equation = [], True  # A derivative, of which nothing is declared.
                elif self.took("="):
                    names, equation = names[-1:], True
                else:
                    name = self.name()
                    names = [] if begun else [*names, name]
                    begun = True
            except InputError:
                if self.tokens[mark].text == "in":
                    self.sink.unread += names
                names, begun = [], False
                powers = [*powers, *self.power(mark)]
                self.position = max(self.position, mark + 1)
        return found

    def run(self, names: list[Spelled]) -> list[Spelled]:
        r"""The names before ``\dots, x_N``, the last in place of those that are counted: x_1, x_2."""
        self.expect("dots")
        self.expect(",")
        last = self.name()
        base, tag = last.key
        first = names[-1]
        while names and names[-1].key[0] == base and names[-1].key[1].isdecimal():
            first = names.pop()
        if first.key != (base, "1") or first.below != last.below or not (len(tag) == 1 and tag.isalpha()):
            raise self.error(say("latex.not_a_name"))
        self.counts[last] = new_name(tag, "")
        self.sink.dims.setdefault(self.counts[last], Spelled((tag, ""), below=False, bold=False, span=(0, 0)))
        return [*names, last]

    def power(self, mark: int) -> list[tuple[int, int]]:
        """The place of a letter with a number above, right before the sign of a set, if that is what stands here."""
        self.position = mark
        try:
            start = self.base().token.start
            scripts = read_scripts(self, self.additive)
        except InputError:
            return []
        numbers = [step for step, exponent in scripts.steps if exponent is not None and exponent.kind == "num"]
        return [(start, self.tokens[self.position - 1].end)] if numbers and self.at("in", ",") else []

    def name(self) -> Spelled:
        start = self.token.start
        base = self.base()
        scripts = read_scripts(self, self.additive)
        if scripts.steps or scripts.primes:
            raise self.error(say("latex.not_a_name"))
        below = "".join(_mark(item) for item in scripts.items)
        key = base.text, (scripts.tag or "") + below
        both = bool(below) and scripts.power is not None and scripts.power.kind == "name"
        return Spelled(key, bool(below), base.bold, (start, self.tokens[self.position - 1].end), both=both)

    def set_of(self, names: list[Spelled]) -> bool:
        """The set after the sign; its names are declared."""
        mark = self.position
        if self.at(r"\{"):
            inside = self.braced_set()
            if inside is not None:
                self.sink.found.extend(Declaration(name, (inside,), letter=True) for name in names)
                return True
            self.sink.drawn += names
        elif (last := self.bracketed_set()) is not None:
            self.sink.found.extend(Declaration(name, (last,), letter=True) for name in names)
            return True
        elif not self.took_interval() and self.is_bounded(names):
            return True
        whole = any(token.text in _WHOLE for token in self.tokens[mark : self.position])
        shape = self.sizes_of(names) if self.took("^") else ()
        self.sink.real |= set() if whole or shape else {name.name for name in names}
        declared = [name for name in names if name.key[0] not in ("0", "1")]
        self.sink.found.extend(replace(declared_as(name, shape), count=self.counts.get(name, "")) for name in declared)
        return True

    def bracketed_set(self) -> str | None:
        """The dimension of ``[K]``; None if it does not stand here."""
        if not (self.at("[") and self.tokens[self.position + 1].kind == "letter" and self.closes(self.position + 2)):
            return None
        self.take()
        last = self.dimension().value
        self.expect("]")
        return last

    def is_bounded(self, names: list[Spelled]) -> bool:
        r"""Takes a set of numbers; whether it was a simplex or a sphere, ``\Delta^{K-1}``, whose sizes are read, too.

        Of another set, ``\mathcal{X}``, what it is a part of is read, or equal to; raises InputError without.
        """
        start, blackboard = self.position, self.token.text == "mathbb"
        base = self.base().text
        self.skip_script("_")
        if base == "R" or (blackboard and base in _NUMBERS):
            return False
        if base == "Delta" or (blackboard and base == "S" and not any(name.key[0].isupper() for name in names)):
            inside = [t.text for t in self.tokens[self.position : self.position + 6]]
            if inside[:2] == ["^", "{"] and inside[3:] == ["-", "1", "}"]:
                self.position += 2
                size = self.dimension().value
                self.position += 3
                self.sink.found += [Declaration(name, (size,)) for name in names]
                return True
        if self.token.text in ("=", r"\subset", r"\subseteq") and self.number_set_at(self.position + 1):
            self.take()
            return self.is_bounded(names)
        while self.token.kind in ("letter", "word"):
            self.take()
        if self.at("^", "(") or (blackboard and base == "C"):
            why: Literal["size_not_read", "not_real"] = "not_real" if blackboard and base == "C" else "size_not_read"
            span = (self.tokens[start].start, self.token.end)
            self.sink.unsized += [Unsized(name, span, why) for name in names]
        raise self.error(say("latex.not_a_number_set"))

    def skip_script(self, sign: str) -> None:
        """Takes a sign and what stands behind it, a group or one token, if it stands here."""
        if self.at(sign):
            self.position = script_end(self.tokens, self.position)

    def several(self) -> bool:
        r"""Reads ``(x, y) \in \mathbb{R}^D \times \mathbb{R}``, one set for each name; whether it stands here."""
        mark = self.position
        names: list[Spelled] = []
        try:
            self.expect("(")
            names = [self.name()]
            while self.took(","):
                names.append(self.name())
            self.expect(")")
        except InputError:
            names = []
        if len(names) < 2 or not self.took("in"):
            self.position = mark
            return False
        for n, name in enumerate(names):
            start = self.token
            if n and not self.took("times"):
                self.sink.unsized += [Unsized(each, (start.start, start.end), "size_not_read") for each in names[n:]]
                break
            self.set_of([name])
        return True

    def map_of(self, name: Spelled) -> None:
        """The two sets behind a colon with an arrow between them."""
        shapes = []
        for _ in range(2):
            before = len(self.sink.found)
            self.set_of([name])
            shapes += [d.shape for d in self.sink.found[before:]]
            del self.sink.found[before:]
            if self.token.text in (r"\to", r"\rightarrow"):
                self.take()
        if len(shapes) == 2:
            self.sink.maps.append((name, shapes[0], shapes[1]))

    def distribution_of(self, names: list[Spelled]) -> None:
        r"""The names before ``\sim``; what has an identity matrix for its covariance is a vector."""
        self.sink.drawn += names
        depth, at, mark = 0, self.position, self.position
        while self.tokens[at].kind != "end" and (depth or self.tokens[at].text not in (",", ";")):
            if (self.tokens[at].kind, self.tokens[at].text) == ("letter", "I"):
                break
            depth += nesting(self.tokens[at])
            at += 1
        if self.tokens[at].text != "I":
            return
        self.position = at
        self.base()
        sized = self.took("_")
        opening = self.take() if sized and self.at("{") else None
        sizes = self.dimension(scripts_too=opening is not None).value if sized else ""
        if opening is not None:
            self.expect("}", opening)
        self.position = mark
        self.sink.vectors += [Declaration(name, (sizes or f"? {name.name}",)) for name in names]

    def took_interval(self) -> bool:
        r"""Whether numbers between brackets stand here, ``[0, 1]`` or ``(0, \infty)``, which are passed over."""
        end = self.position + 1
        while self.tokens[end].kind == "number" or self.tokens[end].text in (",", "-", "infty"):
            end += 1
        found = self.at("[", "(") and end > self.position + 2 and self.tokens[end].text in ("]", ")")
        self.position = end + 1 if found else self.position
        return found

    def braced_set(self) -> str | None:
        """The dimension of ``\\{1, \\dots, K\\}``; None for a set of values such as ``\\{0, 1\\}``."""
        dim: str | None = None
        self.take()
        while not self.took(r"\}"):
            if self.token.kind == "end":
                raise self.unexpected("}")
            if self.take().text == "dots":
                self.took(",")
                dim = self.dimension().value
        return dim

    def sizes_of(self, names: list[Spelled]) -> tuple[str, ...]:
        r"""The axes above a set; those of ``\mathbb{R}^{+}`` are none.  What is not read of them is noted."""
        mark = self.position
        end = self.closing.get(mark, mark) + 1
        inside = self.tokens[mark:end]
        if any(token.text in _OF_SIGN for token in inside) and not any(
            token.kind in ("letter", "greek", "word", "macro") for token in inside
        ):
            self.position = end
            return ()
        span = (inside[0].start, inside[-1].end)
        try:
            found = self.axes()
        except InputError:
            self.sink.unsized += [Unsized(name, span, "size_not_read") for name in names]
            raise
        if any(" - " in axis and not at_least(amount(axis), 1) for axis in found):
            self.sink.unsized += [Unsized(name, span, "no_positive_size") for name in names]
        return found

    def axes(self) -> tuple[str, ...]:
        if not self.at("{"):
            return (self.dimension(scripts_too=False).value,)
        opening = self.take()
        dims = [self.size()]
        while self.took("times", ",") or self.took_x():
            dims.append(self.size())
        self.expect("}", opening)
        return tuple(dims)

    def size(self) -> str:
        """A dimension, or a sum of multiples of dimensions, perhaps in parentheses: ``2H``, ``(M + K - 1)``."""
        opening = self.take() if self.at("(") else None
        words = self.multiple()
        while self.at("+", "-"):
            words += f" {self.take().text} {self.multiple()}"
        if opening is not None:
            self.expect(")", opening)
        return words

    def multiple(self) -> str:
        """``H`` or ``2H``."""
        first = self.dimension()
        sign = self.took("cdot", "*")
        if first.kind == "num" and (sign or self.token.kind in ("letter", "greek", "word")) and not self.is_x():
            return f"{first.value}*{self.dimension().value}"
        return first.value

    def is_x(self) -> bool:
        return self.token.kind == "letter" and self.token.text == "x" and not self.closes(self.position + 1)

    def took_x(self) -> bool:
        """The letter x between two dimensions, for a times sign."""
        between = self.is_x()
        self.position += between
        return between

    def closes(self, position: int) -> bool:
        return self.tokens[position].kind in ("end", "op")

    def dimension(self, *, scripts_too: bool = True) -> Node:
        if self.at("|", "|("):
            self.take()  # The number of words in a vocabulary, ``|V|``.
            found = super().dimension(scripts_too=scripts_too)
            if not self.took("|", "|)"):
                raise self.unexpected("|")
            return found
        return (self.shifted_layer() if scripts_too else None) or super().dimension(scripts_too=scripts_too)

    def shifted_layer(self) -> Node | None:
        """``D^{(i-1)}``, whose tag is no power here; None if it does not stand here."""
        tokens = self.tokens[self.position : self.position + 9]
        signs = [token.text for token in tokens]
        kinds = [token.kind for token in tokens]
        if len(tokens) < 9 or [*signs[1:4], *signs[7:]] != ["^", "{", "(", ")", "}"] or signs[5] not in "+-":
            return None
        if kinds[0] != "letter" or kinds[4] != "letter" or kinds[6] != "number":
            return None
        self.position += 9
        key = signs[0], "".join(signs[4:7])
        self.sink.dims.setdefault(new_name(*key), Spelled(key, below=False, bold=False, span=(0, 0)))
        return self.make("name", new_name(*key), (), tokens[0].start)

    def dimension_key(self, base: Base, scripts: Scripts) -> Key:
        key = super().dimension_key(base, scripts)
        self.sink.dims.setdefault(new_name(*key), Spelled(key, bool(scripts.items), bold=False, span=(0, 0)))
        return key

    def new_dimension(self, key: Key) -> str | None:
        return new_name(*key)


def _mark(item: Node) -> str:
    r"""What stands below a name; the letter of ``h_{t-1}``, since what is said of one member holds for all."""
    letters = [tree.value for tree in walk(item) if tree.kind == "name"] if item.kind == "shift" else []
    return letters[0] if len(letters) == 1 else item.value


def declared_as(name: Spelled, shape: tuple[str, ...]) -> Declaration:
    """A quantity of this shape; a small letter that is D x 1 is a vector."""
    axes = column(name, shape)
    return Declaration(name, axes, column=axes != shape)


def column(name: Spelled, shape: tuple[str, ...]) -> tuple[str, ...]:
    """The declared shape; a small letter that is D x 1 is a vector."""
    small = name.letter.islower()
    return shape[:1] if small and len(shape) == 2 and shape[1] == "1" else shape

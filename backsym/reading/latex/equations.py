r"""LaTeX to syntax trees: expressions, equations with their ranges, blocks of several equations.

``parse_equations`` reads ``z_j^{(1)} &= \sum_i W_{ji}^{(1)} a_i^{(0)} + b_j^{(1)}, & j &= 1, \dots, D^{(1)} \\ ...``.
The result is the tree that the plain spelling would give, except for products and sums, which wait for the shapes
(``formulas``).

Knows vocabularies and scopes; resolves nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from backsym.core.errors import InputError
from backsym.core.expr import Dim, Span
from backsym.core.names import GREEK
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.latex.cursor import shown
from backsym.reading.latex.derivatives import Formula
from backsym.reading.latex.extents import extended
from backsym.reading.latex.lexer import Token, Tokens, nesting
from backsym.reading.latex.names import Key, Vocabulary, new_name, without_accents
from backsym.reading.latex.scripts import item, read_scripts
from backsym.reading.meaning.scope import Scope
from backsym.reading.syntax import Node, walk

MAX_EQUATIONS = 10_000

_JOINING = ("and", "where", "with", "or")
_RANGE_WORDS = frozenset("for forall foreach forevery all and every each where with".split())


@dataclass(frozen=True)
class Spelled:
    """A name as a formula spells it: base and tag, whether the tag stands below, whether the letter is bold."""

    key: Key
    below: bool
    bold: bool
    span: Span
    calligraphic: bool = False
    both: bool = False
    """Whether one letter of the tag stands in parentheses above, the rest below."""

    @property
    def name(self) -> str:
        return new_name(*self.key)

    @property
    def letter(self) -> str:
        """The letter without its accents."""
        return without_accents(self.key[0])

    def latex(self, *, bold: bool) -> str:
        r"""A spelling of the whole quantity, such as ``\hat{\mathbf{y}}`` or ``W_{s}``."""
        *accents, letter = self.key[0].split(":")
        text = f"\\{letter}" if letter in GREEK or letter == "ell" else letter
        if bold:
            text = rf"\boldsymbol{{{text}}}" if text.startswith("\\") else rf"\mathbf{{{text}}}"
        for accent in reversed(accents):
            text = rf"\{accent}{{{text}}}"
        tag = self.key[1]
        if not tag:
            return text
        if tag in GREEK:
            tag = f"\\{tag}"
        elif not tag.isdecimal() and len(tag) > 1:
            tag = rf"\text{{{tag}}}"
        return f"{text}_{{{tag}}}" if self.below else f"{text}^{{({tag})}}"


class LettersAbove(TypedDict):
    """The index letters of members that are written above, with and without parentheses, and their last positions."""

    above: frozenset[str]
    bare: frozenset[str]
    ends: frozenset[str]


@dataclass(frozen=True)
class Segment:
    """The text of one equation in a document, with its left side."""

    left: Spelled
    start: int
    end: int


@dataclass(frozen=True)
class LatexEquation:
    """The two sides of one equation; ``ranges`` are its trailing ranges, letter and dimension, already in ``lhs``."""

    lhs: Node
    rhs: Node
    ranges: Mapping[str, Node]

    @property
    def span(self) -> Span:
        return self.lhs.span[0], self.rhs.span[1]


def is_latex(text: str) -> bool:
    """Whether a text is LaTeX and not the plain language, which has no backslash, no ``_{`` and no ``^{``."""
    if any(sign in text for sign in ("\\", "_{", "^{")):
        return True
    bare, dollars = text.strip(), text.count("$")
    return any(dollars == 2 * n and bare.startswith("$" * n) and bare.endswith("$" * n) for n in (1, 2))


def letters_above(forms: Collection[str], ranges: Mapping[str, Dim]) -> LettersAbove:
    """What a vocabulary has to know of index letters of these ``forms``, all of them written above."""
    letters = frozenset(forms)
    return {"above": letters, "bare": letters, "ends": frozenset(str(ranges.get(letter)) for letter in letters)}


def vocabulary(scope: Scope) -> Vocabulary:
    """The names of a scope, for reading LaTeX in it."""
    return Vocabulary(
        ranks={name: len(value.shape) for name, value in scope.names.items()},
        dims=scope.dims,
        letters=frozenset(scope.index_dims),
        abstract=scope.functions,
        loss=scope.loss,
        layer=scope.notation.get("layer", "superscript"),
        gradient=scope.notation.get("gradient", "nabla"),
        delta=scope.notation.get("delta", ""),
        latex=scope.latex,
        families=scope.families,
        started=frozenset(scope.starts),
        layered=scope.layered,
        from_zero=scope.from_zero,
        **letters_above(scope.letter_forms, scope.index_dims),
    )


def parse_expression(source: Source, words: Vocabulary) -> Node:
    """The syntax tree of one expression; raises InputError with the place."""
    reader = FormulaReader(source, words)
    tree = reader.additive()
    reader.took(",", ".", ";")
    if reader.token.kind != "end":
        raise reader.leftover()
    return tree


def parse_equation(source: Source, words: Vocabulary) -> tuple[Node, Node]:
    """The two sides of one equation."""
    equations = parse_equations(source, words)
    if len(equations) > 1:
        raise source.error(say("latex.several_equations"), equations[1].span)
    return equations[0].lhs, equations[0].rhs


def parse_equations(source: Source, words: Vocabulary) -> list[LatexEquation]:
    r"""All equations of a block, parted by ``\\`` or commas; at least one.  Raises InputError with the place."""
    reader = FormulaReader(source, words)
    reader.separators()
    found: list[LatexEquation] = []
    while reader.token.kind != "end":
        found.append(reader.equation())
        if len(found) > MAX_EQUATIONS:
            raise source.error(say("latex.too_many_equations", limit=MAX_EQUATIONS), found[-1].span)
        reader.separators()
    if not found:
        raise reader.unexpected(say("latex.sought.equation"), say("latex.such_as_equation"))
    return found


def left_sides(source: Source, words: Vocabulary) -> list[Node]:
    """The left sides of a block's equations, each a name or its entries.

    A first look: right sides are not read, and a left side that cannot be read is left out.
    """
    reader = FormulaReader(source, words)
    found: list[Node] = []
    for _, tree in reader.readable_lefts():
        base = tree.children[0] if tree.kind == "entry" else tree
        if base.kind == "name" and reader.at("="):
            found.append(tree)
    return found


UNKNOWN = Vocabulary({}, open=True)
"""The words of a text of which nothing is known yet."""


def first_look(source: Source, start: int, end: int) -> FormulaReader | None:
    """A reader of a formula that knows none of its names; None where it cannot be cut into tokens."""
    try:
        return FormulaReader(source, UNKNOWN, start, end, lenient=True)
    except InputError:
        return None


def first_looks(source: Source, places: Iterable[tuple[int, int]]) -> Iterator[FormulaReader]:
    """Such readers of several formulas, as far as there are any."""
    return filter(None, (first_look(source, start, end) for start, end in places))


def segments(source: Source, words: Vocabulary, start: int, end: int) -> list[Segment]:
    """The equations of a formula whose left side is a quantity or its entries; all else in it is passed over."""
    try:
        reader = FormulaReader(source, words, start, end, lenient=True)
    except InputError:
        return _unreadable(source, words, start, end)
    begins: list[tuple[int, Spelled | None]] = []
    listed: int | None = None  # Where the names before a set begin, ``x, y \in S``.
    for position in reader.left_positions():
        reader.position, reader.nesting = position, 0
        try:
            # A declaration among the equations ends the one before.
            if (left := reader.spelled_left()) is not None or reader.at("=", "in") or reader.token.text == r"\sim":
                declared = left is None and reader.at("in") and listed is not None
                begins.append((listed if declared and listed is not None else position, left))
                listed = None
            else:
                listed = (position if listed is None else listed) if reader.at(",") else None
        except InputError:
            listed = None
    found: list[Segment] = []
    for n, (position, left) in enumerate(begins):
        last = begins[n + 1][0] - 2 if n + 1 < len(begins) else len(reader.tokens) - 2
        if left is not None:
            last = reader.ends_before_set(position, last)
            found.append(Segment(left, reader.tokens[position].start, reader.tokens[last].end))
    return found


def _unreadable(source: Source, words: Vocabulary, start: int, end: int) -> list[Segment]:
    """A formula with something unknown in it is still a forward equation if its left side is; the error comes later."""
    equals = source.text.find("=", start, end)
    if equals < 0:
        return []
    try:
        reader = FormulaReader(source, words, start, equals + 1)
        left = reader.spelled_left()
    except InputError:
        return []
    return [Segment(left, start, end)] if left is not None else []


class FormulaReader(Formula):
    """Equations, their ranges, and what stands between them."""

    reads_shifts = True
    stretched = False
    """Whether a sum goes on over terms behind it that have its letter."""

    def __init__(
        self, source: Source, words: Vocabulary, start: int = 0, end: int | None = None, *, lenient: bool = False
    ):
        super().__init__(source, words, start, end, lenient=lenient)
        self.tokens = Tokens(self.tokens)
        self.letters = self.letters_with_ranges()

    # --- looking ahead ---

    def letters_with_ranges(self) -> frozenset[str]:
        r"""The letters of ``k = 1, \dots, K`` and ``\sum_{k=1}`` anywhere in the text."""
        found = set()
        firsts = ("0", "1") if self.words.from_zero else ("1",)
        for n, token in enumerate(self.tokens):
            if token.kind not in ("letter", "greek"):
                continue
            after = n + 1
            while self.tokens[after].text == "'":
                after += 1
            equals, one = self.tokens[after : after + 2] if after + 1 < len(self.tokens) else (token, token)
            in_sum = n > 1 and self.tokens[n - 1].text == "{" and self.tokens[n - 2].text == "_"
            in_sum = in_sum and n > 2 and self.tokens[n - 3].text == "sum"
            if in_sum or (equals.text == "=" and one.text in firsts and self.tokens[after + 2].text in (",", "dots")):
                found.add(token.text)
        return frozenset(found)

    def summed_letters(self) -> frozenset[str]:
        r"""The letters below a sum sign, and those with a range of their own, ``n = 1, \dots, N``."""
        found = set(self.letters)
        for n, token in enumerate(self.tokens[:-2]):
            if token.kind == "macro" and token.text == "sum" and self.tokens[n + 1].text == "_":
                first = n + 2
                last = self.closing[first] if first in self.closing else first + 1
                for inner in self.tokens[first:last]:
                    if inner.text in ("=", "in", "!="):
                        break
                    if inner.kind in ("letter", "greek"):
                        found.add(inner.text)
        return frozenset(found | self.extreme_letters())

    def extreme_letters(self) -> set[str]:
        r"""The letters below a maximum or minimum that stand below another letter, too, ``\max_i x_i``."""
        extreme: set[str] = set()
        others: set[str] = set()
        for n in range(1, len(self.tokens) - 2):
            inner = self.tokens[n + 1 + (self.tokens[n + 1].text == "{")]
            if self.tokens[n].text == "_" and inner.kind in ("letter", "greek"):
                (extreme if self.tokens[n - 1].text in ("max", "min") else others).add(inner.text)
        return extreme & others

    def left_positions(self) -> list[int]:
        """Where equations begin: at the start, after a row, after a comma outside of all brackets."""
        positions = [0]
        depth = 0
        for n, token in enumerate(self.tokens):
            depth += nesting(token)
            if token.kind == "row":
                depth = 0
            comma = token.text in (",", ";") and token.kind == "op" and depth == 0
            word = token.kind == "word" and depth == 0 and token.text.lower() in _JOINING
            if token.kind == "row" or comma or (word and self.equation_at(n + 1)):
                positions.append(n + 1)
        begins = [n for n in positions if self.tokens[n].kind not in ("end", "row") and not self.at_sign(n)]
        return [n for n in begins if not self.range_at(n)]

    def readable_lefts(self) -> Iterator[tuple[int, Node]]:
        """Where equations begin, and their left sides; one that cannot be read is left out.

        The reader stands behind each left side when it is given out.
        """
        for position in self.left_positions():
            self.position, self.nesting = position, 0
            try:
                tree = self.left_side()
            except InputError:
                continue
            yield position, tree

    def at_sign(self, position: int) -> bool:
        """Whether an equals sign stands here: the row goes on with the equation above."""
        return self.tokens[position].kind == "op" and self.tokens[position].text == "="

    def equation_at(self, position: int) -> bool:
        """Whether an equation begins here, or a declaration: its sign follows, outside of brackets."""
        depth = 0
        for n, token in enumerate(self.tokens[position:-1], position):
            if token.kind == "row" or (token.kind == "op" and depth == 0 and token.text in (",", ";")):
                return False
            if token.kind == "op":
                depth += nesting(token)
                if depth == 0 and (token.text == "=" or (token.text == "in" and self.number_set_at(n + 1))):
                    return True
        return False

    def range_at(self, position: int) -> bool:
        r"""Whether ``k = 1, \dots`` or ``k \in \{1`` or ``j, k = 1`` stands here."""
        tokens = self.tokens
        if tokens[position].text == "forall":
            return True
        while tokens[position].kind in ("letter", "greek"):
            position += 1
            while tokens[position].text in ("'", "^") and tokens[position].kind == "op":
                position += 1
            if tokens[position].text == "in":
                return not self.number_set_at(position + 1)
            if tokens[position].text != ",":
                break
            position += 1
        else:
            return False
        rest = [t.text for t in tokens[position : position + 4]]
        begins = rest[:2] == ["=", "1"] or (rest[:2] == ["=", "0"] and bool(self.words.from_zero))
        dots = rest[2:3] == ["dots"] or rest[2:4] == [",", "dots"]
        return begins and (dots or last_listed(tokens, position + 1) is not None)

    def number_set_at(self, position: int) -> bool:
        r"""Whether ``\mathbb{R}``, or ``R^``, stands here: what a quantity is in, and no index."""
        token, behind = self.tokens[position], self.tokens[min(position + 1, len(self.tokens) - 1)]
        return token.text == "mathbb" or (token.text in ("R", "Delta") and behind.text == "^")

    def ends_before_set(self, position: int, last: int) -> int:
        r"""The last position of the statement that begins here, without ``\in \mathbb{R}^K`` after its right side."""
        depth = 0
        for n in range(position, last):
            token = self.tokens[n]
            if token.kind == "op":
                depth += nesting(token)
                if depth == 0 and token.text == "in" and self.number_set_at(n + 1):
                    return n - 1
        return last

    # --- equations ---

    def separators(self) -> None:
        while self.token.kind == "row" or self.at(",", ";", ".") or self.idle_word():
            self.take()

    def idle_word(self) -> bool:
        return self.token.kind == "word" and self.token.text.lower() in _JOINING

    def equation(self) -> LatexEquation:
        lhs = self.left_side()
        if self.at("in"):
            raise self.error(say("latex.declaration_among_equations"), self.token)
        if not self.at("="):
            if self.token.kind == "end":
                raise self.unexpected(say("latex.sought.right_side"), say("latex.equation_example"))
            raise self.leftover()
        self.take()
        begin = self.token.start
        written = self.additive()
        # Brackets around the whole side are written too.
        written = written._replace(span=(begin, self.tokens[self.position - 1].end))
        rhs = extended(written, frozenset(part.value for part in walk(lhs) if part.kind == "name"))
        self.stretched = self.stretched or rhs is not written
        ranges = self.ranges()
        if self.token.kind not in ("end", "row") and not self.at(",", ";", ".") and not self.idle_word():
            raise self.leftover()
        return LatexEquation(_with_ranges(lhs, ranges), _with_ranges(rhs, ranges), ranges)

    def left_side(self) -> Node:
        self.left = True
        tree = self.additive()
        self.left = False
        return tree

    def spelled_left(self) -> Spelled | None:
        """The name on the left side as it is spelled; None if that is no quantity."""
        mark = self.position
        token = self.token
        tree = self.left_side()
        name = tree.children[0] if tree.kind == "entry" else tree
        if name.kind != "name" or not self.at("="):
            return None
        self.position = mark
        base = self.base()
        scripts = read_scripts(self, self.additive)
        self.members(base, scripts)
        own = scripts.items[: len(scripts.items) - max(0, len(tree.children) - 1)]
        key = base.text, (scripts.tag or "") + "".join(item.value for item in own)
        calligraphic = base.font in ("mathcal", "mathscr")
        return Spelled(key, bool(own), base.bold, (token.start, tree.span[1]), calligraphic)

    def leftover(self) -> Exception:
        token = self.token
        if self.at("="):
            return self.unexpected(say("latex.sought.end_of_equation"), say("latex.one_equals"))
        if self.at(")", "]", r"\}", "}", "|)", "||)"):
            return self.error(say("latex.closes_nothing", sign=shown(token)), token)
        if token.kind == "word":
            return self.error(say("latex.words", words=shown(token)), token)
        if self.at("in"):
            return self.error(say("latex.declaration_for_formula"), token)
        return self.unexpected(say("latex.sought.operator"))

    # --- ranges ---

    def ranges(self) -> dict[str, Node]:
        r"""``, \quad k = 1, \dots, K, j = 1, \dots, D``; also after ``\forall`` and ``\text{for}``."""
        found: dict[str, Node] = {}
        while True:
            mark = self.position
            while self.at(",", ";", "forall", ":") or self.range_word() or self.token.kind == "row":
                self.take()
            if not self.range_at(self.position):
                if self.every_letter(mark):
                    continue
                self.position = mark
                return found
            found.update(self.one_range())

    def every_letter(self, mark: int) -> bool:
        r"""``\forall k``, which says no more than that k is a letter: passed over."""
        if not any(token.text == "forall" for token in self.tokens[mark : self.position]):
            return False
        start = self.position
        while self.token.kind in ("letter", "greek") or self.at(",", "'"):
            self.take()
        if self.position > start and self.token.kind in ("end", "row"):
            return True
        self.position = start
        return False

    def range_word(self) -> bool:
        return self.range_word_at(self.position)

    def range_word_at(self, position: int) -> bool:
        """Whether ``for``, or a word like it, stands here, behind which a range may stand."""
        token = self.tokens[position]
        return token.kind == "word" and token.text.lower() in _RANGE_WORDS

    def one_range(self) -> dict[str, Node]:
        letters = [self.index(item(self))]
        while self.took(","):
            letters.append(self.index(item(self)))
        in_set = self.took("in")
        opening = self.token
        if in_set:
            self.expect(r"\{")
        else:
            self.expect("=")
        message = say("latex.range_from_one")
        last = last_listed(self.tokens, self.position)
        if last is not None:
            self.position = last
            dim = self.dimension()
        else:
            zero = self.first_position(message, opening)
            self.took(",")
            self.expect("dots")
            self.took(",")
            dim = self.last_position(message, opening, zero=zero)
        if in_set:
            self.expect(r"\}", opening)
        return {letter.value: dim for letter in letters}


def last_listed(tokens: Sequence[Token], position: int) -> int | None:
    """The position of the last number where each from 1 on stands, ``1, 2, 3``, and nothing goes on; else None."""
    number, last = 1, None
    while [t.text for t in tokens[position : position + 1]] == [str(number)]:
        last = position
        if [t.text for t in tokens[position + 1 : position + 2]] != [","]:
            break
        position, number = position + 2, number + 1
    behind = tokens[last + 1].text if last is not None else ""
    ended = behind in ("", ".", ";", "}", r"\}") or (behind == "," and tokens[position].text != "dots")
    return last if last is not None and number > 1 and ended else None


def _with_ranges(tree: Node, ranges: Mapping[str, Node]) -> Node:
    """The tree with the range of each of these letters where it is an index."""
    if not ranges or not tree.children:
        return tree
    if tree.kind == "entry":
        first, *indices = tree.children
        ranged = [
            Node("name", ix.value, (ranges[ix.value],), ix.span, 2) if ix.kind == "name" and ix.value in ranges else ix
            for ix in indices
        ]
        return tree._replace(children=(_with_ranges(first, ranges), *ranged))
    return tree._replace(children=tuple(_with_ranges(child, ranges) for child in tree.children))

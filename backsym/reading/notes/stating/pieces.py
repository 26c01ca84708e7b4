r"""The statements of a note: their tokens, the places of their equals signs, and what is told of all of them.

Knows tokens and edits of texts; knows no questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.reading.files.yamlfile import Document, Edit, blanks, rewritten
from backsym.reading.latex.equations import UNKNOWN, FormulaReader, first_look
from backsym.reading.latex.lexer import ACCENTS, CLOSING, FONTS, OPENING, Token, nesting, script_end, tokens_in
from backsym.reading.latex.names import Key, new_name
from backsym.reading.latex.symbols import BOLD
from backsym.reading.syntax import Node
from backsym.text.phrases import Phrases, up_to, words_of

_RELATIONS = ("=", "!=", "<", ">", "<=", ">=")
_BEHIND = (",", ";", ".", ")", "&")
_ENDS = ("end", "row")
MOST_OF_CASE = 200
"""Characters behind an equation among which its other case is told."""


@dataclass
class Settled:
    """The note as it is read on, with what is no forward equation."""

    document: Document
    names: list[Named] = field(default_factory=list)
    """The names of derivatives, and of the terms of a total, that are put in."""
    loose: set[str] = field(default_factory=set)
    """The letters that stand anywhere but below another one, also as arguments that say nothing."""
    unread: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """What equations with a derivative in them define, with their places; no step of descent, ``w = w - ...``."""
    steps: list[int] = field(default_factory=list)
    """Where steps of descent and the like stand, equations with a derivative among other things."""
    rates: list[tuple[str, str]] = field(default_factory=list)
    """The letters of these steps, each with its learning rate as it is written."""
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What left sides are written as functions of, ``J(w)``, by names."""
    members: frozenset[tuple[str, str]] = frozenset()
    """The letters of arguments in whose place members stand, ``f(x_i)`` of ``f(x)``, with the letters of these."""
    rows: frozenset[str] = frozenset()
    """Quantities that are rows, whose entries have the index 1 and another."""
    marks: dict[Key, str] = field(default_factory=dict)
    """How the parameters below functions are written, ``h_{W,b}(x)``, by the marks that stand for them."""
    beside: tuple[tuple[int, str], ...] = ()
    """The functions that nothing uses, with their lines."""
    others: tuple[tuple[int, str, frozenset[str]], ...] = ()
    """Sides that were not taken, with their lines and the names in them."""
    quotients: tuple[Quotient, ...] = ()
    """The derivatives that displayed statements speak of."""
    bold: frozenset[str] = frozenset()
    """The letters that stand bold and without an accent, claims about derivatives included."""
    again: list[tuple[int, str]] = field(default_factory=list)
    """Where a name that is put in has a second definition, and its left side: the first counts."""

    def add(self, name: Named, written: str) -> None:
        """A name that is put in, unless another definition of it is."""
        known = ((other.letter, len(other.indices)) for other in self.names)
        if (name.letter, len(name.indices)) in known:
            self.again.append((name.span[0], written))
        else:
            self.names.append(name)


@dataclass(frozen=True)
class Quotient:
    """A quotient of differentials: the letters above and below, "" where none is read, and where it stands.

    ``formula`` is where the formula begins that it stands in; ``valued`` are the names in a formula without
    derivatives that it is said to be.
    """

    above: str
    below: str
    source: Source
    formula: int
    span: tuple[int, int]
    valued: frozenset[str] = frozenset()


class Place(Protocol):
    """A formula of the note."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def displayed(self) -> bool: ...


Places: TypeAlias = "Callable[[Document], Sequence[Place]]"


class _AnySize(FormulaReader):
    """Reads ranges up to any letter and members of any letter: no dimension and no index is known yet."""

    def new_dimension(self, key: Key) -> str | None:
        return new_name(*key)

    def is_member_letter(self, letter: str) -> bool:
        return len(letter) == 1 and letter.isalpha()


@dataclass
class Piece:
    """One statement: its tokens up to where it ends, and the positions of its equals signs among them."""

    reader: FormulaReader
    first: int
    last: int
    signs: list[int]

    @property
    def tokens(self) -> Sequence[Token]:
        return self.reader.tokens

    @property
    def span(self) -> tuple[int, int]:
        return self.tokens[self.first].start, self.tokens[self.last - 1].end

    def part(self, n: int) -> tuple[int, int]:
        """The positions of the n-th right side, from 0."""
        stop = self.signs[n + 1] if n + 1 < len(self.signs) else self.last
        while self.tokens[stop - 1].kind == "row" or self.tokens[stop - 1].text in (",", ";", "."):
            stop -= 1
        return self.signs[n] + 1, stop

    def tree(self, n: int) -> Node | None:
        """The n-th right side; None if it cannot be read."""
        begin, end = self.part(n)
        if begin >= end:
            return None
        try:
            reader = _AnySize(
                self.reader.source, UNKNOWN, self.tokens[begin].start, self.tokens[end - 1].end, lenient=True
            )
            tree = reader.additive()
        except InputError:
            return None
        return tree if reader.token.kind == "end" else None

    def derives(self, begin: int, end: int) -> bool:
        """Whether a derivative stands between two positions."""
        return any(t.kind == "op" and t.text in ("partial", "nabla") for t in self.tokens[begin:end])


def edited(document: Document, edits: Iterable[Edit]) -> Document:
    """The document with those edits that do not lie within another."""
    taken = sorted(edits)
    apart = [edit for n, edit in enumerate(taken) if n == 0 or edit.start >= taken[n - 1].end]
    return rewritten(document, apart)


def pieces_in(source: Source, formulas: Iterable[Place], *, displayed: bool) -> list[Piece]:
    """The statements of the displayed formulas, or of those within the text."""
    return [p for f in formulas if f.displayed == displayed for p in pieces_of(source, f.start, f.end)]


def all_pieces(source: Source, formulas: Sequence[Place]) -> list[Piece]:
    """The statements of all formulas, the displayed ones first."""
    return [piece for shown in (True, False) for piece in pieces_in(source, formulas, displayed=shown)]


def loose_letters(source: Source, formula: Place) -> Iterator[str]:
    """The letters of a formula that are not all that stands below another."""
    reader = first_look(source, formula.start, formula.end)
    tokens = reader.tokens if reader is not None else []
    for n, token in enumerate(tokens):
        before = tokens[n - 1 - (n > 1 and tokens[n - 1].text == "{")].text if n else ""
        if token.kind in ("letter", "greek") and before != "_":
            yield token.text


def index_conditions(source: Source, formulas: Iterable[Place]) -> dict[int, bool]:
    """Where ``i = j`` and ``t = T`` begin, of a letter that stands below others and nowhere else: no equations.

    Each with whether a derivative stands before it in its row.
    """
    behind: dict[int, bool] = {}
    loose: dict[str, list[int]] = {}
    below: set[str] = set()
    short: dict[int, str] = {}
    for formula in formulas:
        tokens = tokens_in(source, formula.start, formula.end)
        tokens += [Token("end", "", formula.end, formula.end)] * 4
        n, derived = 0, False
        while tokens[n].kind != "end":
            token = tokens[n]
            derived = token.text in ("partial", "nabla") or (derived and token.kind != "row")
            first = tokens[n + 1 + (tokens[n + 1].text == "{")].text
            if token.text == "_" or (token.text == "^" and first in ("(", "[")):
                end = script_end(tokens, n)
                below.update(t.text for t in tokens[n + 1 : end] if t.text not in ("{", "}"))
                n = end
                continue
            if token.kind in ("letter", "greek"):
                loose.setdefault(token.text, []).append(token.start)
                behind[token.start] = derived
                relation, other, after, further = tokens[n + 1 : n + 5]
                plain = relation.text in _RELATIONS and other.kind in ("letter", "greek", "number")
                if plain and (after.text in _BEHIND or after.kind in _ENDS):
                    short |= {token.start: "" if further.text == "dots" else relation.text, other.start: ""}
            n += 1
    found = (p for letter, p in loose.items() if letter in below and all(place in short for place in p))
    return {place: behind[place] for places in found for place in places if short[place] == "="}


def bold_letters(source: Source, formula: Place) -> Iterator[str]:
    """The letters of a formula that are bold and have no accent."""
    tokens = tokens_in(source, formula.start, formula.end)
    for n, token in enumerate(tokens[:-1]):
        letter = tokens[min(n + 1 + (tokens[n + 1].text == "{"), len(tokens) - 1)]
        before = {t.text for t in tokens[max(0, n - 2) : n]}
        if token.text in BOLD and letter.kind in ("letter", "greek") and before.isdisjoint(ACCENTS):
            yield letter.text


def light_letters(source: Source, formula: Place) -> Iterator[Token]:
    """The letters of a formula that stand by themselves: no font, accent or script, no argument, in no script."""
    tokens = tokens_in(source, formula.start, formula.end)
    n = 0
    while n < len(tokens) - 1:
        token, behind = tokens[n], tokens[n + 1].text
        before = {t.text for t in tokens[max(0, n - 2 if tokens[n - 1].text == "{" else n - 1) : n]}
        marked = before & (FONTS | ACCENTS) or behind in ("_", "(", "'")
        raised = behind == "^" and not tokens[n + 2].text.isdecimal()
        if token.kind in ("letter", "greek") and not (marked or raised):
            yield token
        n = max(n + 1, script_end(tokens, n) if token.text in ("_", "^") else 0)


# --- pieces ----------------------------------------------------------------------------------------------------------


def pieces_of(source: Source, start: int, end: int) -> Iterator[Piece]:
    """The statements of a formula that have an equals sign, each with its continuation rows."""
    reader = first_look(source, start, end)
    if reader is None:
        return
    begins = [n for n in reader.left_positions() if reader.tokens[n].text != "="]
    for first, stop in zip(begins, [] if not begins else [*begins[1:], len(reader.tokens) - 1], strict=True):
        signs, last = _signs(reader, first, stop)
        if signs and signs[0] > first:
            yield Piece(reader, first, last, signs)


def _signs(reader: FormulaReader, first: int, stop: int) -> tuple[list[int], int]:
    """The equals signs of a statement outside of brackets, and where its ranges or the next statement begin."""
    depth = 0
    signs: list[int] = []
    for n in range(first, stop):
        token = reader.tokens[n]
        if depth == 0 and signs and reader.range_word_at(n) and reader.range_at(n + 1):
            return signs, n
        if token.kind == "op":
            depth += nesting(token)
            if depth == 0 and token.text in (",", ";") and reader.range_at(n + 1):
                return signs, n
            if depth == 0 and token.text == "=":
                signs.append(n)
    return signs, stop


def letter_of(argument: Sequence[str]) -> str:
    r"""The letter that an argument is, with a font before it, ``\mathbf x``; empty if it is more than a letter."""
    inner = [text for text in argument if text not in ("{", "}")]
    font = inner[0] if len(inner) == 2 and inner[0] in FONTS else ""
    return " ".join(inner) if len(inner) == 1 or font else ""


def separators(arguments: Sequence[str]) -> tuple[str, ...]:
    r"""What parts the arguments of a call: also the bar of ``P(y = k | x)``, if there is one."""
    return (",", ";", "mid", "|") if arguments.count("|") == 1 else (",", ";", "mid")


def split_arguments(arguments: Sequence[str]) -> list[tuple[str, ...]]:
    """The arguments of a call, each as its tokens."""
    found: list[list[str]] = [[]]
    depth, signs = 0, separators(arguments)
    for text in arguments:
        depth += (text in OPENING) - (text in CLOSING)
        if text in signs and depth == 0:
            found.append([])
        else:
            found[-1].append(text)
    return [tuple(part) for part in found]


@dataclass(frozen=True)
class Named:
    """A name that stands for something: its letter, its index letters, and the tokens of what it stands for."""

    letter: str
    indices: tuple[str, ...]
    stands_for: tuple[Token, ...]
    span: tuple[int, int]
    text: str
    whole: bool = True
    """Whether it needs no parentheses around it."""


_IF = Phrases("if", "when", "whenever", "for", "wenn", "falls", "f\u00fcr")
_OTHERWISE = Phrases("otherwise", "else", "elsewhere", "sonst", "ansonsten", "andernfalls")


def is_of_one_case(text: str, end: int) -> bool:
    """Whether an equation that ends here holds in one case alone, "if $z > 0$, and 0 otherwise"."""
    begin = end + len(text[end:]) - len(text[end:].lstrip("$)].,\\ \n"))
    behind = words_of(text, begin, up_to(text, begin, (". ", ".\n", "\n\n"), MOST_OF_CASE))
    return behind[:1] in _IF and behind in _OTHERWISE


def blanked(text: str, start: int, end: int) -> Iterator[Edit]:
    if start < end:
        yield Edit(start, end, blanks(text[start:end]))

r"""What the displayed formulas of a note state, settled before they are read: one equation for each left side.

A note writes chains, ``L = (y - t)^2 = (w x - t)^2``, over one row or several, left sides with arguments,
``f(x, w) = \tanh(w x)``, functions that it applies elsewhere to something else, names for derivatives,
``\delta = \nabla_z L``, and steps of descent.  Of a chain one right side stays; arguments that are the same wherever a
name stands say nothing; a function is put in where it is applied, and a name for a derivative where it is used.  What
goes is replaced by blanks, so that all places stay those of the note.

Knows how formulas are written, by their tokens; knows no names, no shapes and no words around them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from backsym.core.errors import InputError
from backsym.core.functions import FUNCTIONS, REDUCTIONS, losses
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.equations import FormulaReader
from backsym.reading.latex.lexer import FONTS, FUNCTION_MACROS, Token, script_end, tokens_in
from backsym.reading.latex.names import Key, Vocabulary, new_name
from backsym.reading.latex.scripts import Scripts, read_scripts
from backsym.reading.latex.symbols import Base
from backsym.reading.notes.written_functions import defines
from backsym.reading.syntax import Node, walk

OPENING = ("(", "[", "{", r"\{", "<(", "cases{", "blocks{", "|(", "||(")
CLOSING = (")", "]", "}", r"\}", ">)", "}cases", "}blocks", "|)", "||)")
MAX_FUNCTIONS = 100
"""How many functions of its own a note may have."""

_WORDS = Vocabulary({}, open=True)
_SIZES_OF_CLOSING = (r"\right", r"\bigr", r"\Bigr", r"\biggr", r"\Biggr", r"\big", r"\Big", r"\bigg", r"\Bigg")
_PREFIXES = (r"\sqrt", r"\text{abs}", r"\text{square}")
"""Functions that formulas write with signs of their own."""
_SIGNS = ("sum", "mean", "max", "min", "norm", "abs", "exp", "log", "dot")
"""Calls that formulas write with signs of their own."""


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


class Place(Protocol):
    """A formula of the note."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def displayed(self) -> bool: ...


Places: TypeAlias = "Callable[[Document], Iterable[Place]]"


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
                self.reader.source, _WORDS, self.tokens[begin].start, self.tokens[end - 1].end, lenient=True
            )
            tree = reader.additive()
        except InputError:
            return None
        return tree if reader.token.kind == "end" else None

    def derives(self, begin: int, end: int) -> bool:
        """Whether a derivative stands between two positions."""
        return any(t.kind == "op" and t.text in ("partial", "nabla") for t in self.tokens[begin:end])


def settled(document: Document, places: Places) -> Settled:
    """The note with one equation for each left side, and without functions of its own; ``places`` finds the formulas.

    Raises InputError where a function cannot be put in.
    """
    formulas = list(places(document))
    loose = {letter for f in formulas for letter in _loose(_source(document), f)}
    pieces = _pieces(_source(document), formulas, displayed=True)
    within = _pieces(_source(document), formulas, displayed=False)
    arguments = _written_arguments([*pieces, *within])
    mentions = _Mentions(_source(document), formulas, [*pieces, *within])
    others = tuple(side for piece in (*pieces, *within) for side in _other_sides(piece, document))
    document = _with(document, (edit for piece in (*pieces, *within) for edit in _one_side(piece, mentions)))
    document = _with(document, _by_entries(_source(document), list(places(document))))
    marks: dict[Key, str] = {}
    document = _with(document, list(_with_parameters(_source(document), list(places(document)), loose, marks)))
    members = frozenset(_members(_source(document), list(places(document))))
    beside: list[tuple[int, str]] = []
    document = _without_functions(document, places, beside)
    pieces = _pieces(_source(document), places(document), displayed=True)
    document = _with(document, (edit for piece in pieces for edit in _one_side(piece, unread=True)))
    formulas = list(places(document))
    source = _source(document)
    pieces = _pieces(source, formulas, displayed=True)
    found = Settled(
        document, loose=loose, arguments=arguments, members=members, marks=marks, others=others, beside=tuple(beside)
    )
    edits = [edit for piece in pieces for edit in _derivative(piece, found)]
    within = _pieces(source, formulas, displayed=False)
    for piece in within:
        if len(piece.signs) == 1 and _names_derivative(piece):
            edits += _derivative(piece, found)
    edits += _about_derivatives(pieces, {letter for p in (*pieces, *within) if (letter := _derived(p))}, found)
    edits += _terms(pieces, found)
    done = _with(document, edits)
    source = Source(done.text)
    uses = sorted(edit for name in found.names for f in formulas for edit in _put_in(source, f, name))
    return replace(found, document=rewritten(done, uses))


def _source(document: Document) -> Source:
    def locate(offset: int) -> tuple[int, int, str]:
        line, column = document.place(offset)
        return line, column, document.lines[line - 1]

    return Source(document.text, document.file, locate)


def _with(document: Document, edits: Iterable[Edit]) -> Document:
    """The document with those edits that do not lie within another."""
    taken = sorted(edits)
    apart = [edit for n, edit in enumerate(taken) if n == 0 or edit.start >= taken[n - 1].end]
    return rewritten(document, apart)


def _pieces(source: Source, formulas: Iterable[Place], *, displayed: bool) -> list[Piece]:
    """The statements of the displayed formulas, or of those within the text."""
    return [p for f in formulas if f.displayed == displayed for p in pieces_of(source, f.start, f.end)]


def _loose(source: Source, formula: Place) -> Iterator[str]:
    """The letters of a formula that are not all that stands below another."""
    try:
        tokens = FormulaReader(source, _WORDS, formula.start, formula.end, lenient=True).tokens
    except InputError:
        return
    for n, token in enumerate(tokens):
        before = tokens[n - 1 - (n > 1 and tokens[n - 1].text == "{")].text if n else ""
        if token.kind in ("letter", "greek") and before != "_":
            yield token.text


# --- pieces ----------------------------------------------------------------------------------------------------------


def pieces_of(source: Source, start: int, end: int) -> Iterator[Piece]:
    """The statements of a formula that have an equals sign, each with its continuation rows."""
    try:
        reader = FormulaReader(source, _WORDS, start, end, lenient=True)
    except InputError:
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
        if token.kind == "op":
            depth += (token.text in OPENING) - (token.text in CLOSING)
            if depth == 0 and token.text in (",", ";") and reader.range_at(n + 1):
                return signs, n
            if depth == 0 and token.text == "=":
                signs.append(n)
    return signs, stop


# --- chains ----------------------------------------------------------------------------------------------------------


class _Mentions:
    """The texts of all formulas of a note, and the left sides of its statements."""

    def __init__(self, source: Source, formulas: Iterable[Place], pieces: Iterable[Piece]):
        self.tokens = [_plain(tokens_in(source, f.start, f.end)) for f in formulas]
        self.lefts = [tuple(_bare(piece.tokens[piece.first : piece.signs[0]])) for piece in pieces]

    def outside(self, piece: Piece, side: Sequence[Token]) -> bool:
        """Whether what is written on a side of a statement stands elsewhere as well, with whatever scripts."""
        texts = [token.text for token in _plain(side)]
        start, end = piece.span
        return any(
            [t.text for t in tokens[n : n + len(texts)]] == texts
            and not start <= tokens[n].start < end
            and (n == 0 or tokens[n - 1].text not in ("_", "^"))
            for tokens in self.tokens
            for n in range(len(tokens) - len(texts) + 1)
        )

    def begin(self, head: Sequence[Token]) -> bool:
        """Whether a left side applies this letter."""
        begun = (*_bare(head), "(")
        return any(left[: len(begun)] == begun for left in self.lefts)

    def defined(self, side: Sequence[Token]) -> bool:
        """Whether a statement begins with it."""
        return tuple(_bare(side)) in self.lefts


def _plain(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without fonts and braces: an entry of a bold letter is light."""
    return [t for t in tokens if t.text not in FONTS and t.text not in ("{", "}", "&") and t.kind != "row"]


def _bare(side: Sequence[Token]) -> list[str]:
    return [token.text for token in side if token.text != "&" and token.kind != "row"]


def _one_side(piece: Piece, mentions: _Mentions | None = None, *, unread: bool = False) -> Iterator[Edit]:
    r"""Takes all right sides but one away; where none of them can be read, only if that is asked for.

    In ``\hat{y} = a^{(2)} = \sigma(z)`` the name between is what the formula computes, if ``mentions`` have it
    elsewhere and no other equation of it.
    """
    if len(piece.signs) < 2 or piece.derives(piece.first, piece.signs[0]):
        return
    kept = _best(piece)
    if kept is None and not unread:
        return
    kept = kept or 0
    begin, end = piece.part(kept)
    last = piece.part(len(piece.signs) - 1)[1]
    text = piece.reader.source.text
    named = _name_between(piece, kept, mentions) if mentions is not None else None
    yield from _blank(text, piece.tokens[piece.signs[0]].end, piece.tokens[begin].start)
    if named is not None:
        first, stop = (piece.tokens[n].start for n in (piece.first, piece.signs[0]))
        left = piece.tokens[piece.first : piece.signs[0]]
        also = mentions is not None and mentions.outside(piece, left)
        yield Edit(first, stop, rf"{text[first:stop]} = {named} \quad {named} " if also else f"{named} ")
    yield from _blank(text, piece.tokens[end - 1].end, piece.tokens[last - 1].end)


def _other_sides(piece: Piece, document: Document) -> Iterator[tuple[int, str, frozenset[str]]]:
    """The right sides that can be read and are not the one that is taken, with their lines and names."""
    kept = _best(piece) if len(piece.signs) > 1 and not piece.derives(piece.first, piece.signs[0]) else None
    for n in range(len(piece.signs) if kept is not None else 0):
        begin, end = piece.part(n)
        tree = piece.tree(n) if n != kept and not piece.derives(begin, end) else None
        if tree is not None and _names(tree) and not _is_name(tree) and not _is_named(tree):
            start, stop = piece.tokens[begin].start, piece.tokens[end - 1].end
            names = frozenset(_quantities(tree))
            yield document.place(start)[0], piece.reader.source.text[start:stop], names


def _quantities(tree: Node) -> Iterator[str]:
    """The names in a formula that are no indices."""
    if tree.kind == "name":
        yield tree.value
    indexed = tree.kind == "entry" or (tree.kind == "call" and tree.value in REDUCTIONS)
    for child in tree.children[:1] if indexed else tree.children:
        yield from _quantities(child)


def _name_between(piece: Piece, kept: int, mentions: _Mentions) -> str | None:
    """The first other side that is a name which the note uses elsewhere and does not compute by another equation.

    A function, ``h(x)``, is used wherever its letter stands.
    """
    for n in range(len(piece.signs)):
        begin, end = piece.part(n)
        side = piece.tokens[begin:end]
        tree = piece.tree(n) if n != kept else None
        head = side[: next((m for m, token in enumerate(side) if token.text == "("), len(side))]
        arguments = _split([token.text for token in side[len(head) + 1 : -1]])
        applied = bool(head) and len(head) < len(side) and all(map(_letter_of, arguments))
        named = _is_name(tree) or (applied and tree is not None and tree.kind == "terms" and _in_parentheses(tree))
        if not named or mentions.defined(side) or (applied and mentions.begin(head)):
            continue
        if mentions.outside(piece, head):
            return piece.reader.source.text[side[0].start : side[-1].end]
    return None


def _best(piece: Piece) -> int | None:
    """The first right side that can be read and says more than a name, also of a function; None if none can be read."""
    trees = [piece.tree(n) for n in range(len(piece.signs))]
    readable = [n for n, tree in enumerate(trees) if tree is not None and not piece.derives(*piece.part(n))]
    telling = [n for n in readable if _names(trees[n])]
    formulas = [n for n in telling if not _is_named(trees[n])]
    written_out = [n for n in formulas if not _applies(trees[n])]
    computed = [n for n in (*written_out, *formulas, *telling) if not _is_name(trees[n])]
    return next(iter([*computed, *telling, *readable]), None)


def _is_name(tree: Node | None) -> bool:
    """Whether a right side is nothing but a name, with indices or not."""
    return tree is not None and tree.kind in ("name", "entry")


def _names(tree: Node | None) -> bool:
    return tree is not None and any(part.kind == "name" for part in walk(tree))


def _is_named(tree: Node | None) -> bool:
    """Whether a right side only names a function that another side writes out, or a loss."""
    if tree is None:
        return False
    name = tree.value.rstrip("'")
    named = tree.kind == "call" and (name in losses() or name not in FUNCTIONS)
    applied = tree.kind == "terms" and tree.value == " " and _in_parentheses(tree)
    return applied or (named and name not in _SIGNS)


def _applies(tree: Node | None) -> bool:
    r"""Whether a letter stands before parentheses somewhere, ``\log L(\theta)``, which another side may write out."""
    parts = walk(tree) if tree is not None else ()
    return any(part.kind == "terms" and part.value == " " and _in_parentheses(part) for part in parts)


def _in_parentheses(tree: Node) -> bool:
    """A letter beside one factor that does not touch it: ``f(x)``, where parentheses stand between."""
    head, *others = tree.children
    return len(others) == 1 and head.kind == "name" and others[0].span[0] > head.span[1]


# --- arguments -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Applied:
    """A name with arguments: the texts of the tokens of both, and the place of the parentheses."""

    head: tuple[str, ...]
    arguments: tuple[str, ...]
    span: tuple[int, int]
    start: int = 0
    """Where the head begins."""
    head_end: int = 0
    derived_at: tuple[str, ...] = ()
    """Of a derivative ``f'(x)``, what stands in its parentheses; its arguments are its primes."""

    @property
    def is_derivative(self) -> bool:
        return self.arguments[:1] == ("'",)


def _written_arguments(pieces: Iterable[Piece]) -> dict[str, tuple[str, ...]]:
    """The names in the parentheses of left sides, where nothing but names and commas stands there."""
    found: dict[str, tuple[str, ...]] = {}
    for piece in pieces:
        call = _left_call(piece)
        if call is not None:
            source = piece.reader.source
            heads = names_in_formula(source, call.start, call.head_end)
            inside = names_in_formula(source, call.span[0] + 1, call.span[1] - 1)
            found.update({head.name: tuple(name.name for name in inside) for head in heads if head.name not in found})
    return found


def _without_functions(document: Document, places: Places, beside: list[tuple[int, str]]) -> Document:
    """The note with its own functions put in, or without arguments that say nothing: one after the other.

    A function whose formula has no other in it goes first.  ``beside`` gets the lines and left sides of those that
    nothing uses.
    """
    done: set[tuple[str, ...]] = set()
    for _ in range(MAX_FUNCTIONS):
        source, formulas = _source(document), list(places(document))
        pieces = _pieces(source, formulas, displayed=True)
        defined: dict[tuple[str, ...], tuple[Applied, Piece]] = {}
        for piece in (*pieces, *_pieces(source, formulas, displayed=False)):
            found = _left_call(piece)
            if found is not None and found.head not in done:
                defined.setdefault(found.head, (found, piece))
        if not defined:
            break
        head = min(defined, key=lambda head: _uses_others(defined[head][1], defined))
        done.add(head)
        definition, piece = defined[head]
        if _is_beside(source, formulas, pieces, definition, piece):
            beside.append((document.place(definition.start)[0], source.text[definition.start : definition.span[1]]))
        document = _with(document, _arguments(source, formulas, pieces, definition, piece))
    return document


def _members(source: Source, formulas: Sequence[Place]) -> Iterator[tuple[str, str]]:
    """The letters of functions' arguments for which the same letter with an index stands, and that index."""
    pieces = [piece for displayed in (True, False) for piece in _pieces(source, formulas, displayed=displayed)]
    for call in filter(None, map(_left_call, pieces)):
        letters = [_letter_of(argument) for argument in _split(call.arguments)]
        for other in (c for f in formulas for c in _calls(source, f, (call.head,))):
            for letter, argument in zip(letters, _split(other.arguments), strict=False):
                sign = next((n for n, text in enumerate(argument) if text in ("_", "^")), len(argument))
                index = [text for text in argument[sign + 1 :] if text not in (*OPENING, *CLOSING)]
                if letter and _letter_of(argument[:sign]) == letter and len(index) == 1 and index[0].isalpha():
                    yield letter.rpartition(" ")[2], index[0]


def _with_parameters(
    source: Source, formulas: Sequence[Place], loose: Collection[str], marks: dict[Key, str]
) -> Iterator[Edit]:
    r"""One mark for the parameters below a function, ``h_{W,b}(x) = ...``, which are quantities and no positions.

    ``marks`` gets how they are written; ``loose`` are the letters that stand anywhere but below another.
    """
    pieces = [piece for displayed in (True, False) for piece in _pieces(source, formulas, displayed=displayed)]
    tokens = [t for f in formulas for t in (*tokens_in(source, f.start, f.end), Token("end", "", f.end, f.end))]
    texts = [token.text for token in tokens]
    alone = {texts[n] for n in _below(texts)}
    done: set[tuple[str, ...]] = set()
    for piece in pieces:
        call = _left_call(piece)
        head = call.head if call is not None else ()
        letters = head[3:-1:2]
        listed = head[1:3] == ("_", "{") and len(letters) > 1 and set(head[4:-1:2]) == {","}
        firsts = (alone - {letters[0]}) if listed else alone
        others = any(texts[n] == letters[0] and texts[n + 1] != "," for n in _below(texts)) if listed else True
        if not listed or others or head in done or not set(letters) <= {*loose} or set(letters) & firsts:
            continue
        done.add(head)
        mark = "".join(letters)
        for n in range(len(texts) - len(head)):
            if tuple(texts[n : n + len(head)]) == head:
                start, end = tokens[n + 1].start, tokens[n + len(head) - 1].end
                marks[head[0], mark] = source.text[start:end]
                yield Edit(start, end, rf"_{{\text{{{mark}}}}}")


def _below(texts: Sequence[str]) -> Iterator[int]:
    """The positions of what stands first below a letter."""
    marks = (n for n in range(1, len(texts) - 2) if texts[n] == "_" and texts[n - 1] != "nabla")
    return (n + 1 + (texts[n + 1] == "{") for n in marks)


def _by_entries(source: Source, formulas: Sequence[Place]) -> Iterator[Edit]:
    r"""The name of the softmax function for a letter that is defined by its entries, ``\sigma(\mathbf{z})_i = ...``.

    Raises InputError for another function that is defined by its entries and used.
    """
    pieces = [piece for displayed in (True, False) for piece in _pieces(source, formulas, displayed=displayed)]
    for piece in pieces:
        call = _left_entry(piece)
        if call is None or piece.derives(piece.signs[0], piece.last):
            continue
        used = [c for f in formulas for c in _calls(source, f, (call.head,)) if c.span != call.span]
        if used and not _is_softmax(piece.tree(0)):
            message = say("notes.function_not_put_in", name="".join(call.head))
            raise source.error(message, call.span, say("notes.write_formula"))
        yield from (Edit(c.start, c.head_end, FUNCTIONS["softmax"].latex) for c in used)
        yield from _blank(source.text, *piece.span)


def _left_entry(piece: Piece) -> Applied | None:
    """``f(z)_i`` on the left side, of a letter; else None."""
    tokens = piece.tokens
    opening = piece.first + 1
    if tokens[piece.first].kind not in ("letter", "greek") or tokens[opening].text != "(":
        return None
    close = _close(tokens, opening)
    below = close + 1
    if not close or tokens[below].text != "_" or script_end(tokens, below) != piece.signs[0]:
        return None
    return _applied(tokens, piece.first, opening, close)


def _is_softmax(tree: Node | None) -> bool:
    r"""Whether a formula is ``\frac{e^{z_i}}{\sum_j e^{z_j}}``."""
    if tree is None or tree.kind != "div" or tree.children[1].kind != "call" or tree.children[1].value != "sum":
        return False
    one, (total, *letters) = tree.children[0], tree.children[1].children
    if len(letters) != 1 or any(t.kind != "call" or t.value != "exp" for t in (one, total)):
        return False
    entries = one.children[0], total.children[0]
    if any(t.kind != "entry" or len(t.children) != 2 for t in entries):
        return False
    mine, other = (t.children for t in entries)
    return mine[0].value == other[0].value and other[1].value == letters[0].value != mine[1].value


def _uses_others(piece: Piece, defined: Collection[tuple[str, ...]]) -> bool:
    """Whether the formula of a function has another one in it that the note defines."""
    texts = [token.text for token in piece.tokens[piece.signs[0] : piece.last]]
    return any(tuple(texts[n : n + len(head)]) == head for head in defined for n in range(len(texts)))


def _arguments(
    source: Source, formulas: Sequence[Place], pieces: Sequence[Piece], definition: Applied, piece: Piece
) -> Iterator[Edit]:
    """Takes the arguments of a function away that has a formula, or puts the formula in for other arguments.

    Arguments that are the same wherever the function stands say nothing but the index letter of an example.
    """
    head = definition.head
    letters = frozenset[str]().union(*(piece.reader.summed_letters() for piece in pieces))
    mine = [call for formula in formulas for call in _calls(source, formula, (head,))]
    known = _known(head[0]) if len(head) == 1 else None
    own = known is None or known not in FUNCTIONS or known in losses()
    if own and (slopes := _slopes(definition, piece, pieces, mine)):
        letter = _argument_texts(source, definition)[0]
        name = source.text[definition.start : definition.head_end]
        yield from (Edit(c.start, c.span[1], _as_partial(name, letter, len(c.arguments))) for c in slopes)
        mine = [call for call in mine if call not in slopes]
    if known is not None and known in FUNCTIONS and known not in losses():
        if not _is_known(known, definition, piece):
            yield from _as_known(source, formulas, definition, piece, mine)
        elif piece in pieces:
            yield from _blank(source.text, *piece.span)
        return
    if _needless(pieces, mine):
        return
    if _is_beside(source, formulas, pieces, definition, piece):
        return
    if all(c.arguments == definition.arguments for c in mine):
        for call in mine:
            yield from _without_arguments(source.text, call, letters)
        return
    if any(_stands_bare(head, other) for other in pieces if other is not piece):
        name = source.text[definition.start : definition.head_end]
        raise source.error(say("notes.function_and_quantity", name=name), definition.span)
    yield from _as_known(source, formulas, definition, piece, mine)


def _is_beside(
    source: Source, formulas: Sequence[Place], pieces: Sequence[Piece], definition: Applied, piece: Piece
) -> bool:
    """Whether a function is said beside the problem: nothing uses it, and another statement is the loss."""
    head, others = definition.head, [other for other in pieces if other is not piece]
    once = sum(1 for formula in formulas for _ in _calls(source, formula, (head,))) == 1
    return once and not any(_stands_bare(head, other) for other in others) and any(map(_is_loss, others))


def _stands_bare(head: Sequence[str], piece: Piece) -> bool:
    """Whether a statement uses the name of a function without arguments, as the quantity that it computes."""
    tokens = piece.tokens[piece.first : piece.last]
    texts = [*(token.text for token in tokens), ""]
    for n in range(len(tokens)):
        if tuple(texts[n : n + len(head)]) == tuple(head) and (
            n == 0 or texts[n - 1] not in ("_", "^", "partial", "nabla")
        ):
            end = n + len(head)
            end = script_end(tokens, end) if texts[end] == "^" else end
            if texts[min(end, len(tokens))] not in (*OPENING, "'", "_"):
                return True
    return False


def _slopes(definition: Applied, piece: Piece, pieces: Sequence[Piece], calls: Sequence[Applied]) -> list[Applied]:
    """The derivatives ``f'(w)`` of what the note computes, ``f(w) = ...``, if it is a quantity of one letter."""
    found = [call for call in calls if call.is_derivative]
    mine = all(call.derived_at == definition.arguments for call in found) and bool(_letter_of(definition.arguments))
    others = all(call.arguments == definition.arguments for call in calls if call not in found)
    return found if piece in pieces and mine and others else []


def _as_partial(name: str, letter: str, times: int) -> str:
    """The derivative of a quantity by a letter, once or twice."""
    if times == 1:
        return rf"\frac{{\partial {name}}}{{\partial {letter}}}"
    return rf"\frac{{\partial^2 {name}}}{{\partial {letter}^2}}"


def _as_known(
    source: Source, formulas: Sequence[Place], definition: Applied, piece: Piece, calls: Sequence[Applied]
) -> Iterator[Edit]:
    """The name of a known function of numbers that has this formula, by its values; else the formula itself."""
    tree = piece.tree(0)
    tells = tree is not None and any(part.kind in ("call", "cmp") for part in walk(tree)) and len(piece.signs) == 1
    names = [n for n, f in FUNCTIONS.items() if f.kind == "elementwise" and f.latex not in _PREFIXES] if tells else []
    known = next((name for name in names if _is_known(name, definition, piece)), None)
    if known is None:
        yield from _formula_put_in(source, formulas, definition, piece, calls)
        return
    for call in calls:
        if call.span != definition.span:
            yield Edit(call.start, call.head_end, FUNCTIONS[known].latex)
    yield from _blank(source.text, *piece.span)


def _is_known(known: str, definition: Applied, piece: Piece) -> bool:
    """Whether a formula says of a known function what everybody knows."""
    if len(definition.arguments) != 1:
        return False
    tree = piece.tree(0)
    return tree is not None and defines(known, tree, definition.arguments[0])


def _is_loss(piece: Piece) -> bool:
    """Whether a statement is by its letter or font that of a loss."""
    head, inner = piece.tokens[piece.first], piece.tokens[piece.first + 1]
    return head.text in ("mathcal", "mathscr", "ell", *"LJEC") and inner.text != "'"


def _without_arguments(text: str, call: Applied, letters: Collection[str]) -> Iterator[Edit]:
    """The head alone; with the index letter of an example, if the arguments have just one."""
    inner = sorted({n for n in call.arguments if n in letters})
    if len(inner) != 1:
        before = text[: call.start].rstrip()
        argument = text[slice(*call.span)].strip("()[] ")
        if before.endswith(r"\nabla") and "," not in argument:
            yield Edit(len(before), len(before), f"_{{{argument}}} ")  # By what it is a function of.
        yield from _blank(text, *call.span)
        return
    head = text[call.start : call.span[0]]
    below, script = head.rstrip().rpartition("_")[::2]
    if not below:
        yield Edit(*call.span, f"_{{{inner[0]}}}")
    elif script.startswith("{") and script.endswith("}"):
        yield Edit(call.start, call.span[1], f"{below}_{{{script[1:-1]},{inner[0]}}}")
    else:
        yield Edit(call.start, call.span[1], f"{below}_{{{script},{inner[0]}}}")


def _formula_put_in(
    source: Source, formulas: Sequence[Place], definition: Applied, piece: Piece, calls: Sequence[Applied]
) -> Iterator[Edit]:
    """The formula in parentheses wherever the function is applied; raises InputError where that is not clear.

    Within the text, a name that means nothing else by itself may stay.
    """
    custom = len(definition.head) == 1 and _known(definition.head[0]) is not None
    names = [_letter_of(name) for name in _split(definition.arguments)]
    begin, end = piece.part(0)
    body = piece.tokens[begin:end]
    plain = all(names) and "cdot" not in names and len(piece.signs) == 1 and bool(body)
    plain = plain and not _uses_others(piece, (definition.head,))  # A function of itself is none.
    for call in calls:
        if call.span == definition.span:
            continue
        if call.is_derivative:
            message = say("notes.function_not_put_in", name="".join(definition.head))
            raise source.error(message, definition.span, say("notes.write_formula"))
        stated = any(f.start <= call.start < f.end and (f.displayed or custom or _states(source, f)) for f in formulas)
        texts = _argument_texts(source, call)
        others = {
            name: text for name, text in zip(names, texts, strict=False) if "".join(text.split()) != _spelled(name)
        }
        replaced = _replaced(source.text, body, others) if plain else None
        nested = any(other is not call and call.start < other.start < call.span[1] for other in calls)
        if stated and (replaced is None or len(texts) != len(names) or nested or not call.arguments):
            message = say("notes.function_not_put_in", name="".join(definition.head))
            raise source.error(message, call.span, say("notes.write_formula"))
        if stated and replaced is not None:
            yield Edit(call.start, call.span[1], rf"{{\left({replaced}\right)}}")
    yield from _blank(source.text, *piece.span)


def _letter_of(argument: Sequence[str]) -> str:
    r"""The letter that an argument is, with a font before it, ``\mathbf x``; empty if it is more than a letter."""
    inner = [text for text in argument if text not in ("{", "}")]
    font = inner[0] if len(inner) == 2 and inner[0] in FONTS else ""
    return " ".join(inner) if len(inner) == 1 or font else ""


def _spelled(letter: str) -> str:
    r"""How a letter of an argument is written, ``\mathbf{x}``, without space."""
    font, _, name = letter.rpartition(" ")
    name = f"\\{name}" if len(name) > 1 else name
    return f"\\{font}{{{name}}}" if font else name


def _states(source: Source, formula: Place) -> bool:
    """Whether a formula within the text has an equals sign."""
    return "=" in source.text[formula.start : formula.end]


def _split(arguments: Sequence[str]) -> list[tuple[str, ...]]:
    """The arguments of a call, each as its tokens."""
    found: list[list[str]] = [[]]
    depth = 0
    for text in arguments:
        depth += (text in OPENING) - (text in CLOSING)
        if text in (",", ";") and depth == 0:
            found.append([])
        else:
            found[-1].append(text)
    return [tuple(part) for part in found]


def _argument_texts(source: Source, call: Applied) -> list[str]:
    """The arguments of a call as they are written."""
    try:
        tokens = FormulaReader(source, _WORDS, *call.span, lenient=True).tokens
    except InputError:
        return []
    depth, found, start = 0, [], tokens[0].end
    for token in tokens:
        depth += (token.text in OPENING) - (token.text in CLOSING)
        if (token.text in (",", ";") and depth == 1) or (token.text == ")" and depth == 0):
            found.append(_without_size(source.text[start : token.start].strip()))
            start = token.end
    return found


def _without_size(text: str) -> str:
    r"""An argument without the ``\right`` of the parenthesis that closes it."""
    size = next((size for size in _SIZES_OF_CLOSING if text.endswith(size)), "")
    return text.removesuffix(size).rstrip()


def _replaced(text: str, body: Sequence[Token], arguments: Mapping[str, str]) -> str | None:
    """A formula with arguments for its letters; None where that may say something else.

    A letter with an index may become another letter alone, and no argument may have a letter that is summed over.
    """
    sums = [n + 2 + (body[n + 2].text == "{") for n in range(len(body) - 3) if body[n].text == "sum"]
    bound = {body[n].text for n in sums}
    if any(letter in argument for letter in bound for argument in arguments.values()):
        return None
    seen = {_styled(body, n)[0] for n, token in enumerate(body) if token.kind in ("letter", "greek")}
    letters = {name.rpartition(" ")[2] for name in arguments}
    if any(name.rpartition(" ")[2] in letters and name not in arguments for name in seen):
        return None  # Its entries, or another quantity.
    pieces, position = [], body[0].start
    for n, letter in enumerate(body):
        name, token = _styled(body, n)
        if name not in arguments or letter.kind not in ("letter", "greek"):
            continue
        argument = arguments[name]
        above = argument.replace("^", "_")
        base = _without_font(above.partition("_")[0])
        is_name = base.strip("\\").isalnum() and not any(sign in argument for sign in "+-=*/ ")
        is_letter = is_name and "_" not in above
        script = [t.text for t in body if t.start >= token.end][:2]
        power = script[:1] == ["^"] and "".join(script[1:]).isdecimal()
        if any(t.text == "_" and t.end == token.start for t in body) or (script[:1] == ["'"]):
            return None
        if script[:1] in (["_"], ["^"]) and not (
            is_letter or power or (is_name and script[0] == "_" and "_" not in argument)
        ):
            return None
        whole = is_letter or (is_name and not power)
        times = r"\cdot " if _follows_factor(body, n - (token.start < letter.start)) else ""
        pieces += [text[position : token.start], argument if whole else rf"{times}\left({argument}\right)"]
        position = token.end
    return "".join([*pieces, text[position : body[-1].end]])


def _follows_factor(body: Sequence[Token], n: int) -> bool:
    """Whether a letter with its scripts stands right before a position: parentheses there would be its argument."""
    depth = 0
    for m in range(n - 1, -1, -1):
        token = body[m]
        depth += (token.text == "}") - (token.text == "{")
        scripted = m > 0 and body[m - 1].text in ("_", "^") and body[m - 1].kind == "op"
        if depth or scripted or token.text in ("_", "^", "{", "}"):
            continue
        return token.kind in ("letter", "greek") and token.text != "sigma"
    return False


def _without_font(text: str) -> str:
    r"""The letter in ``\mathbf{x}``."""
    font, _, inner = text.partition("{")
    return inner.removesuffix("}") if font.strip("\\ ") in FONTS and inner.endswith("}") else text


def _styled(body: Sequence[Token], n: int) -> tuple[str, Token]:
    """A letter with the font before it, as one token with its place."""
    token = body[n]
    if n > 1 and body[n - 1].text == "{" and body[n - 2].text in FONTS and n + 1 < len(body):
        return f"{body[n - 2].text} {token.text}", token._replace(start=body[n - 2].start, end=body[n + 1].end)
    if n and body[n - 1].kind == "macro" and body[n - 1].text in FONTS:
        return f"{body[n - 1].text} {token.text}", token._replace(start=body[n - 1].start)
    return token.text, token


def _needless(pieces: Sequence[Piece], calls: Sequence[Applied]) -> bool:
    """Whether what is computed by one of these calls has another equation, which is the one to read."""
    lefts = [tuple(token.text for token in piece.tokens[piece.first : piece.signs[0]]) for piece in pieces]
    callers = {
        left
        for left, piece in zip(lefts, pieces, strict=True)
        for call in calls
        if piece.tokens[piece.signs[0]].start < call.span[0] < piece.span[1]
    }
    return any(lefts.count(left) > 1 for left in callers)


def _left_call(piece: Piece) -> Applied | None:
    """``f(x, w)`` on the left side, of a letter that is no function of its own; else None."""
    reader = piece.reader
    reader.position, reader.nesting = piece.first, 0
    head = reader.token
    if head.kind not in ("letter", "greek", "word", "macro") or head.text in FUNCTION_MACROS:
        return None
    known = _known(head.text)
    if known is not None and known not in losses() and known not in FUNCTIONS:
        return None
    try:
        reader.base()
        read_scripts(reader, reader.additive)
    except InputError:
        return None
    opening = reader.position
    close = _close(reader.tokens, opening)
    if not reader.at("(") or close + 1 != piece.signs[0]:
        return None
    call = _applied(reader.tokens, piece.first, opening, close)
    if known is not None and known not in losses() and not _writes_out(piece, known, call):
        return None
    return call


def _known(head: str) -> str | None:
    """The function of the table that a letter or a word is."""
    return "sigmoid" if head == "sigma" else _WORDS.word(head)


def _writes_out(piece: Piece, known: str, call: Applied) -> bool:
    """Whether a statement about a known function of numbers is a formula for it, in its one argument."""
    if FUNCTIONS[known].kind != "elementwise" or len(call.head) != 1 or len(call.arguments) != 1:
        return False
    begin, end = piece.part(0)
    letters = [t for t in piece.tokens[begin:end] if t.text == call.arguments[0] and t.kind in ("letter", "greek")]
    return bool(letters)


def _applied(tokens: Sequence[Token], first: int, opening: int, close: int) -> Applied:
    head = tuple(token.text for token in tokens[first:opening])
    arguments = tuple(token.text for token in tokens[opening + 1 : close])
    span = tokens[opening].start, tokens[close].end
    return Applied(head, arguments, span, tokens[first].start, tokens[opening - 1].end)


def _close(tokens: Sequence[Token], opening: int) -> int:
    """The position of the parenthesis that closes the one here; 0 if there is none."""
    depth = 0
    for n in range(opening, len(tokens)):
        depth += (tokens[n].text == "(") - (tokens[n].text == ")")
        if depth <= 0:
            return n if tokens[n].text == ")" else 0
    return 0


def _calls(source: Source, formula: Place, defined: Collection[tuple[str, ...]]) -> Iterator[Applied]:
    """Where the defined names stand before parentheses in a formula."""
    try:
        tokens = FormulaReader(source, _WORDS, formula.start, formula.end, lenient=True).tokens
    except InputError:
        return
    texts = [token.text for token in tokens]
    for n, (text, token) in enumerate(zip(texts, tokens, strict=True)):
        for head in defined:
            opening = n + len(head)
            if text != head[0] or tuple(texts[n:opening]) != head or texts[opening : opening + 1] not in (["("], ["'"]):
                continue
            close = _close(tokens, opening)
            if close:
                yield _applied(tokens, n, opening, close)
                continue
            primes = 1 + (texts[opening + 1] == "'")
            behind = _close(tokens, opening + primes)
            of = tuple(texts[opening + primes + 1 : behind])
            span = (tokens[opening].start, tokens[behind].end) if of else (0, 0)
            yield Applied(head, ("'",) * primes, span, token.start, tokens[opening - 1].end, of)


# --- totals ----------------------------------------------------------------------------------------------------------


def _terms(pieces: Sequence[Piece], found: Settled) -> Iterator[Edit]:
    r"""Takes the equation of each term away, ``L_t = (y_t - d_t)^2``, where the total has the same letter."""
    names = [(piece, _name_of(piece)) for piece in pieces if len(piece.signs) == 1]
    totals = {name.letter: (piece, name) for piece, name in names if name is not None and not name.indices}
    for piece, name in names:
        if name is None or len(name.indices) != 1 or name.letter not in totals:
            continue
        whole, total = totals[name.letter]
        summed = name.indices[0] in whole.reader.summed_letters()
        if not summed or not _mentions(piece, total, name) or _mentions(piece, name, name):
            continue
        found.names.append(replace(name, whole=False))
        yield from _blank(name.text, piece.span[0], name.stands_for[-1].end)


def _mentions(piece: Piece, other: Named, name: Named) -> bool:
    """Whether the name, with its marks, stands in what another stands for."""
    start, end = other.stands_for[0].start, other.stands_for[-1].end
    return any(True for _ in _put_in(piece.reader.source, _Part(start, end), replace(name, span=(0, 0))))


@dataclass(frozen=True)
class _Part:
    start: int
    end: int
    displayed: bool = True


# --- derivatives -----------------------------------------------------------------------------------------------------


def _derivative(piece: Piece, found: Settled) -> Iterator[Edit]:
    r"""Takes away what names a derivative, ``\delta = \nabla_z L``, and steps of descent: no forward equations."""
    left = piece.derives(piece.first, piece.signs[0])
    if left or not piece.derives(piece.signs[0], piece.last):
        return
    start = piece.span[0]
    begin, stop = piece.part(0)
    named = _is_gradient(piece, begin, stop) or _is_partial(piece.tree(0))
    name = _name_of(piece) if named else None
    if name is not None:
        found.names.append(name)
    else:
        found.steps.append(start)
        step = _descent(piece)
        if step is not None:
            found.rates += [(begun[0].text, step)] if step and (begun := _begins_with(piece)) is not None else []
        elif (key := _defined(piece)) is not None:
            found.unread[key] = piece.span
    yield from _blank(piece.reader.source.text, start, piece.tokens[stop - 1].end)


def _descent(piece: Piece) -> str | None:
    r"""The learning rate of ``w \leftarrow w - \alpha \frac{\partial L}{\partial w}`` and ``w_{t+1} = w_t - ...``.

    It is "" where that is no letter; None for any other statement.
    """
    left = _begins_with(piece)
    begin, end = piece.part(0)
    reader = piece.reader
    reader.position, reader.nesting = begin, 0
    try:
        again = reader.base()
        read_scripts(reader, reader.additive)
    except InputError:
        return None
    if left is None or left[0].text != again.text or not reader.took("-"):
        return None
    rate = piece.tokens[reader.position]
    reader.position += 1 + (piece.tokens[reader.position + 1].text == "cdot")
    letter = rate.kind in ("letter", "greek") and piece.derives(reader.position, reader.position + 3)
    whole = _is_slope(piece, reader.position, end) or _is_gradient(piece, reader.position, end)
    return reader.source.text[rate.start : rate.end] if letter and whole else ""


def _derived(piece: Piece) -> str:
    r"""The letter with marks that a statement says to be a derivative, ``\delta^l = \partial C / \partial z^l``."""
    right = not piece.derives(piece.first, piece.signs[0]) and piece.derives(piece.signs[0], piece.last)
    begun = _begins_with(piece) if right and _name_of(piece) is None else None
    begin, end = piece.part(0)
    return (
        begun[0].text if begun is not None and (_is_gradient(piece, begin, end) or _is_slope(piece, begin, end)) else ""
    )


def _is_slope(piece: Piece, begin: int, end: int) -> bool:
    r"""Whether all that stands between two positions is ``\frac{\partial C}{\partial ...}``."""
    tokens, closing = piece.tokens, piece.reader.closing
    above = [token.text for token in tokens[begin : begin + 3]]
    below = closing.get(begin + 1, begin) + 1
    return above[:1] == ["frac"] and above[2:] == ["partial"] and closing.get(below, 0) + 1 == end


def _about_derivatives(pieces: Iterable[Piece], letters: Collection[str], found: Settled) -> Iterator[Edit]:
    """Takes away what else is said of the letters of derivatives: how one of them is computed from the next."""
    for piece in pieces:
        begun = _begins_with(piece) if letters else None
        if begun is None or begun[0].text not in letters or piece.derives(piece.first, piece.last):
            continue
        found.steps.append(piece.span[0])
        if (key := _defined(piece)) is not None:
            found.unread[key] = piece.span
        yield from _blank(piece.reader.source.text, *piece.span)


def _begins_with(piece: Piece) -> tuple[Base, Scripts] | None:
    """The letter at the left end with its scripts, behind which the reader stands; None if no letter is read there."""
    reader = piece.reader
    reader.position, reader.nesting = piece.first, 0
    try:
        return reader.base(), read_scripts(reader, reader.additive)
    except InputError:
        return None


def _defined(piece: Piece) -> Key | None:
    """The quantity on the left side, with its mark; None if the right side has it as well, or it is none."""
    left = [token.text for token in piece.tokens[piece.first : piece.signs[0]]]
    right = [token.text for token in piece.tokens[piece.signs[0] : piece.last]]
    again = any(right[n : n + len(left)] == left for n in range(len(right)))
    begun = _begins_with(piece)
    if begun is None:
        return None
    base, scripts = begun
    mark = (scripts.tag or "") + "".join(item.value for item in scripts.items)
    return None if again else (base.text, mark)


def _names_derivative(piece: Piece) -> bool:
    r"""Whether ``\delta = \nabla_z L`` is all that a piece of the text says."""
    named = _is_gradient(piece, *piece.part(0)) or _is_partial(piece.tree(0))
    return named and _name_of(piece) is not None


def _is_partial(tree: Node | None) -> bool:
    while tree is not None and tree.kind in ("entry", "transpose"):
        tree = tree.children[0]
    return tree is not None and tree.kind == "partial"


def _is_gradient(piece: Piece, begin: int, end: int) -> bool:
    r"""Whether all that stands between two positions is ``\nabla_{\mathbf{z}} L``, of whatever letter."""
    reader = piece.reader
    reader.position, reader.nesting = begin, 0
    if not reader.took("nabla") or not reader.took("_"):
        return False
    try:
        if reader.at("{"):
            reader.position = reader.closing[reader.position] + 1
        else:
            reader.base()
        reader.base()
    except (InputError, KeyError):
        return False
    return reader.position == end


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


def _name_of(piece: Piece) -> Named | None:
    """What the left side names; None if its scripts are more than index letters."""
    reader, begun = piece.reader, _begins_with(piece)
    if begun is None:
        return None
    base, scripts = begun
    bare = reader.position == piece.signs[0] and not scripts.steps and not scripts.primes
    if not bare or any(item.kind != "name" for item in scripts.items):
        return None
    begin, end = piece.part(0)
    indices = _marks(scripts)
    return Named(base.text, indices, tuple(piece.tokens[begin:end]), piece.span, reader.source.text)


def _put_in(source: Source, formula: Place, name: Named) -> Iterator[Edit]:
    """What a name of a derivative stands for, wherever it stands in a formula, with the indices that it has there."""
    try:
        reader = FormulaReader(source, _WORDS, formula.start, formula.end, lenient=True)
    except InputError:
        return
    while reader.token.kind != "end":
        first = reader.position
        token = reader.token
        if token.kind not in ("letter", "greek", "macro"):
            reader.position += 1
            continue
        try:
            base = reader.base()
            after = reader.position
            scripts = read_scripts(reader, reader.additive) if name.indices else Scripts()
        except InputError:
            reader.position = first + 1
            continue
        end = reader.position if name.indices else after
        reader.position = max(after, first + 1)
        outside = token.start >= name.span[1] or token.start < name.span[0]
        marks = _marks(scripts)
        if base.text != name.letter or not outside or len(marks) != len(name.indices):
            continue
        end = _after_below(reader, after) if scripts.steps or scripts.primes else end
        text = _with_letters(name, dict(zip(name.indices, marks, strict=True)))
        yield Edit(token.start, reader.tokens[end - 1].end, text)


def _marks(scripts: Scripts) -> tuple[str, ...]:
    """The letters below, and the one in parentheses above."""
    above = () if scripts.tag is None else (scripts.tag,)
    return (*(item.value for item in scripts.items), *above)


def _after_below(reader: FormulaReader, position: int) -> int:
    """The position after a subscript that stands first."""
    if reader.tokens[position].text != "_":
        return position
    opening = position + 1
    return reader.closing.get(opening, opening) + 1


def _with_letters(name: Named, letters: Mapping[str, str]) -> str:
    """The text of a derivative with its index letters replaced, in braces."""
    first, last = name.stands_for[0].start, name.stands_for[-1].end
    pieces, position = [], first
    for token in name.stands_for:
        if token.text in letters and token.kind in ("letter", "greek"):
            pieces += [name.text[position : token.start], letters[token.text]]
            position = token.end
    inside = "".join([*pieces, name.text[position:last]])
    return f"{{{inside}}}" if name.whole else rf"\left({inside}\right)"


def _blank(text: str, start: int, end: int) -> Iterator[Edit]:
    if start < end:
        yield Edit(start, end, "".join(c if c == "\n" else " " for c in text[start:end]))

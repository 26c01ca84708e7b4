r"""Statements with several right sides, ``y = a = f(z)``: which of them is taken, and which are named.

Knows the statements; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from backsym.core.functions import FUNCTIONS, REDUCTIONS, losses
from backsym.core.source import Source
from backsym.reading.files.yamlfile import Document, Edit
from backsym.reading.latex.lexer import FONTS, Token, tokens_in
from backsym.reading.notes.stating.derivatives import names_derivative
from backsym.reading.notes.stating.pieces import Piece, Place, blanked, letter_of, split_arguments
from backsym.reading.syntax import Node, walk

_SIGNS = ("sum", "mean", "max", "min", "norm", "abs", "exp", "log", "dot")
"""Calls that formulas write with signs of their own."""


# --- chains ----------------------------------------------------------------------------------------------------------


class Mentions:
    """The texts of all formulas of a note, and the left sides of its statements."""

    def __init__(self, source: Source, formulas: Iterable[Place], pieces: Iterable[Piece]):
        self.tokens = [_plain(tokens_in(source, f.start, f.end)) for f in formulas]
        self.lefts = [tuple(_bare(piece.tokens[piece.first : piece.signs[0]])) for piece in pieces]

    def outside(self, piece: Piece, side: Sequence[Token]) -> bool:
        """Whether what is written on a side of a statement stands elsewhere as well, with whatever scripts."""
        texts = [token.text for token in _plain(side)]
        start, end = piece.span
        return bool(texts) and any(
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


def one_side(piece: Piece, mentions: Mentions | None = None, *, unread: bool = False) -> Iterator[Edit]:
    r"""Takes all right sides but one away; where none of them can be read, only if that is asked for.

    In ``\hat{y} = a^{(2)} = \sigma(z)`` the name between is what the formula computes, if ``mentions`` have it
    elsewhere and no other equation of it.
    """
    if len(piece.signs) < 2 or piece.derives(piece.first, piece.signs[0]):
        return
    if (number := _number_of_all(piece)) is not None and not _has_own_value(piece, mentions):
        signs = [piece.tokens[sign] for sign in piece.signs[:-1]]
        yield from (Edit(sign.start, sign.end, f"= {number}, ") for sign in signs)
        return
    kept = _best(piece)
    if kept is None and not unread:
        return
    kept = kept or 0
    begin, end = piece.part(kept)
    last = piece.part(len(piece.signs) - 1)[1]
    text = piece.reader.source.text
    named = _name_between(piece, kept, mentions) if mentions is not None else None
    yield from blanked(text, piece.tokens[piece.signs[0]].end, piece.tokens[begin].start)
    if named is not None:
        first, stop = (piece.tokens[n].start for n in (piece.first, piece.signs[0]))
        left = piece.tokens[piece.first : piece.signs[0]]
        also = mentions is not None and mentions.outside(piece, left)
        yield Edit(first, stop, rf"{text[first:stop]} = {named} \quad {named} " if also else f"{named} ")
    yield from blanked(text, piece.tokens[end - 1].end, piece.tokens[last - 1].end)


def without_value(source: Source, formula: Place) -> Iterator[Edit]:
    r"""Takes the value behind a formula away, ``z = w x \approx 0.73``."""
    tokens = [*tokens_in(source, formula.start, formula.end), Token("end", "", formula.end, formula.end)]
    equals = False
    for n, token in enumerate(tokens[:-2]):
        equals = token.text == "=" or (equals and token.kind != "row" and token.text not in (",", ";"))
        last = n + 1 + (tokens[n + 1].text == "-")
        ends = tokens[last].kind == "number" and tokens[last + 1].text in ("", ",", ";", ".", "&")
        if equals and token.text in ("\\approx", "\u2248") and (ends or tokens[last + 1].kind in ("row", "end")):
            yield from blanked(source.text, token.start, tokens[last].end) if tokens[last].kind == "number" else ()


def each_side(piece: Piece) -> Iterator[Edit]:
    r"""An equation for each right side of a derivative that is to be shown, ``\nabla_w L = r x = (a - y) x``.

    In ``\delta = \partial L/\partial z = r`` the derivative is between.
    """
    if piece.derives(piece.first, piece.signs[0]):
        begin, end = piece.first, piece.signs[0]
    elif names_derivative(piece):
        begin, end = piece.part(0)
    else:
        return
    left = piece.reader.source.text[piece.tokens[begin].start : piece.tokens[end - 1].end].rstrip("& ")
    for sign in piece.signs[1:]:
        token, before = piece.tokens[sign], piece.tokens[sign - 1]
        begun = before.kind == "row" or before.text == "&"
        yield Edit(token.start, token.end, rf"{'' if begun else ', '}\quad {left} =")


def _number_of_all(piece: Piece) -> str | None:
    r"""The number that ends a chain of names, ``h_0 = c_0 = 0``: each has it."""
    *names, last = (piece.part(n) for n in range(len(piece.signs)))
    plain = _plain(piece.tokens[last[0] : last[1]])
    trees = [piece.tree(n) for n in range(len(names))]
    if [t.kind for t in plain] != ["number"] or not all(tree is not None and _is_name(tree) for tree in trees):
        return None
    return piece.reader.source.text[piece.tokens[last[0]].start : piece.tokens[last[1] - 1].end]


def _has_own_value(piece: Piece, mentions: Mentions | None) -> bool:
    """Whether a name between has a formula elsewhere, or its letter stands nowhere else."""
    sides = [piece.tokens[slice(*piece.part(n))] for n in range(len(piece.signs) - 1)] if mentions is not None else []
    heads = [list(takewhile(lambda token: token.text not in ("_", "^"), side)) for side in sides]
    both = zip(sides, heads, strict=True)
    return mentions is not None and any(mentions.defined(s) or not mentions.outside(piece, head) for s, head in both)


def other_sides(piece: Piece, document: Document) -> Iterator[tuple[int, str, frozenset[str]]]:
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


def _name_between(piece: Piece, kept: int, mentions: Mentions) -> str | None:
    """The first other side that is a name which the note uses elsewhere and does not compute by another equation.

    A function, ``h(x)``, is used wherever its letter stands.
    """
    for n in range(len(piece.signs)):
        begin, end = piece.part(n)
        side = piece.tokens[begin:end]
        tree = piece.tree(n) if n != kept else None
        head = side[: next((m for m, token in enumerate(side) if token.text == "("), len(side))]
        arguments = split_arguments([token.text for token in side[len(head) + 1 : -1]])
        applied = bool(head) and len(head) < len(side) and all(map(letter_of, arguments))
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

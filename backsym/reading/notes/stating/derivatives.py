r"""Statements about derivatives: definitions of names for them, steps of descent, and where the names stand.

Knows the statements; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.reading.files.yamlfile import Edit
from backsym.reading.latex.equations import FormulaReader, first_look
from backsym.reading.latex.names import Key
from backsym.reading.latex.scripts import Scripts, read_scripts
from backsym.reading.latex.symbols import Base
from backsym.reading.notes.stating.pieces import Named, Piece, Place, Quotient, Settled, blanked, pieces_of
from backsym.reading.syntax import Node, walk

# --- totals ----------------------------------------------------------------------------------------------------------


def term_edits(pieces: Sequence[Piece], within: Sequence[Piece], found: Settled) -> Iterator[Edit]:
    r"""Takes the equation of each term away, ``L_t = (y_t - d_t)^2``, where the total has the same letter.

    What stands displayed counts before what stands ``within`` the text.
    """
    names = [(piece, _name_of(piece)) for piece in (*pieces, *within) if len(piece.signs) == 1]
    totals = {name.letter: (piece, name) for piece, name in reversed(names) if name is not None and not name.indices}
    for piece, name in names:
        if name is None or len(name.indices) != 1 or name.letter not in totals:
            continue
        whole, total = totals[name.letter]
        summed = name.indices[0] in whole.reader.summed_letters()
        if not summed or not _mentions(piece, total, name) or _mentions(piece, name, name):
            continue
        found.add(replace(name, whole=False), _written(piece))
        yield from blanked(name.text, piece.span[0], name.stands_for[-1].end)


def _written(piece: Piece) -> str:
    """The left side as it is written."""
    start, end = piece.span[0], piece.tokens[piece.signs[0]].start
    return piece.reader.source.text[start:end].replace("&", "").strip()


def _mentions(piece: Piece, other: Named, name: Named) -> bool:
    """Whether the name, with its marks, stands in what another stands for."""
    start, end = other.stands_for[0].start, other.stands_for[-1].end
    return any(True for _ in name_put_in(piece.reader.source, _Part(start, end), replace(name, span=(0, 0))))


@dataclass(frozen=True)
class _Part:
    start: int
    end: int
    displayed: bool = True


def quotients(source: Source, formula: Place) -> Iterator[Quotient]:
    r"""The quotients of differentials in the statements of a formula, ``\frac{\partial L}{\partial w}``."""
    for piece in pieces_of(source, formula.start, formula.end):
        for n in range(piece.first, piece.last - 2):
            if [t.text for t in piece.tokens[n : n + 3]] != ["frac", "{", "partial"]:
                continue
            below = piece.reader.closing.get(n + 1, n) + 1
            end = piece.reader.closing.get(below, below)
            if piece.tokens[below + 1].text == "partial":
                span = piece.tokens[n].start, piece.tokens[end].end
                letters = _letter_at(piece, n + 3), _letter_at(piece, below + 2)
                alone = (n, end + 1) == (piece.first, piece.signs[0]) and not piece.derives(piece.signs[0], piece.last)
                tree = piece.tree(0) if alone else None
                named = [t.value for t in walk(tree) if t.kind == "name"] if tree is not None else []
                yield Quotient(
                    *letters, source, formula.start, span, frozenset(named) if len(named) > 1 else frozenset()
                )


def _letter_at(piece: Piece, position: int) -> str:
    """The letter with its accent that stands at a position, perhaps in braces; "" if none does."""
    reader = piece.reader
    while reader.tokens[position].text == "{":
        position += 1
    reader.position, reader.nesting = position, 0
    try:
        return reader.base().text
    except InputError:
        return ""


# --- derivatives -----------------------------------------------------------------------------------------------------


def derivative_edits(piece: Piece, found: Settled) -> Iterator[Edit]:
    r"""Takes away what names a derivative, ``\delta = \nabla_z L``, and steps of descent: no forward equations."""
    left = piece.derives(piece.first, piece.signs[0])
    if left or not piece.derives(piece.signs[0], piece.last):
        return
    start = piece.span[0]
    begin, stop = piece.part(0)
    named = _is_gradient(piece, begin, stop) or _is_partial(piece.tree(0))
    name = _name_of(piece) if named else None
    if name is not None:
        found.add(name, _written(piece))
    else:
        found.steps.append(start)
        step = _descent(piece)
        if step is not None:
            found.rates += [(begun[0].text, step)] if step and (begun := _begins_with(piece)) is not None else []
        elif (key := _defined(piece)) is not None:
            found.unread[key] = piece.span
    yield from blanked(piece.reader.source.text, start, piece.tokens[stop - 1].end)


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


def derived_letter(piece: Piece) -> str:
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


def about_derivatives(pieces: Iterable[Piece], letters: Collection[str], found: Settled) -> Iterator[Edit]:
    """Takes away what else is said of the letters of derivatives: how one is computed from the next, or another is."""
    for piece in pieces:
        begun = _begins_with(piece) if letters else None
        derives = piece.derives(piece.first, piece.last)
        other = derives and any(t.text in letters for t in piece.tokens[slice(*piece.part(0))])
        if not other and (derives or begun is None or begun[0].text not in letters):
            continue
        found.steps.append(piece.span[0])
        if (key := _defined(piece)) is not None:
            found.unread[key] = piece.span
        yield from blanked(piece.reader.source.text, *piece.span)


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


def names_derivative(piece: Piece) -> bool:
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


def _name_of(piece: Piece) -> Named | None:
    """What the left side names; None if its scripts are more than index letters."""
    reader, begun = piece.reader, _begins_with(piece)
    if begun is None:
        return None
    base, scripts = begun
    bare = reader.position == piece.signs[0] and not scripts.steps and not scripts.primes
    begin, end = piece.part(0)
    if not bare or begin >= end or any(item.kind != "name" for item in scripts.items):
        return None
    indices = _marks(scripts)
    return Named(base.text, indices, tuple(piece.tokens[begin:end]), piece.span, reader.source.text)


def name_put_in(source: Source, formula: Place, name: Named) -> Iterator[Edit]:
    """What a name of a derivative stands for, wherever it stands in a formula, with the indices that it has there."""
    reader = first_look(source, formula.start, formula.end)
    if reader is None:
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
            closing = "}" * name.text.endswith("}", token.start, token.end)  # Of \hat{y_t}.
            pieces += [name.text[position : token.start], letters[token.text] + closing]
            position = token.end
    inside = "".join([*pieces, name.text[position:last]])
    return f"{{{inside}}}" if name.whole else rf"\left({inside}\right)"

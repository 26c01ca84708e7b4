r"""Which letters of a note are classes: positions that are data, as in ``-\log p_y`` and ``\sum_{j \ne y} s_j``.

A letter below another is a position, if the formulas compare it with index letters, if it has the index of an example
itself, ``s_{y_i}``, or if the note declares it with the positions of an axis, ``y \in \{1, \dots, K\}``, or says in
words that it is a class; a mark below a letter tells nothing by itself.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backsym.core.expr import Labels
from backsym.core.source import Source
from backsym.reading.latex.equations import FormulaReader, first_looks
from backsym.reading.latex.lexer import Token, closing
from backsym.reading.latex.names import new_name
from backsym.reading.meaning.labels import spelled_out
from backsym.reading.meaning.scope import Scope
from backsym.reading.syntax import Node

_CLASS_WORDS = frozenset(
    "class classes category label labels word words token tokens digit index position action klasse kategorie wort"
    " aktion".split()
)
"""Words by which a letter below another is a class or the position of a word."""
_INDEX_LETTERS = tuple("ijklmn")
r"""Letters that run by custom: in ``\sum_{i \ne j}`` both may, and only words make one of them a class."""
_REDUCTIONS = ("sum", "max", "min", "prod")


@dataclass(frozen=True)
class Use:
    """A letter that stands as a position, with the letter of its own index if it has one.

    ``certain`` if nothing but a position can stand there.
    """

    letter: str
    inner: str
    certain: bool


def position_uses(
    source: Source, places: Iterable[tuple[int, int]], letters: Collection[str], marks: Collection[str]
) -> list[Use]:
    """Where letters that are no index letters stand as positions, in the order of the note.

    ``marks`` tell the one example of the note, ``y_i``, whose class is a name of its own.
    """
    found: list[Use] = []
    for reader in first_looks(source, places):
        uses = (replace(use, certain=use.certain or use.inner in marks) for use in _uses(reader, letters))
        found += (_of_one(use, marks) for use in uses if use.letter not in letters)
    return found


def _of_one(use: Use, marks: Collection[str]) -> Use:
    """``y_i`` where i is no index letter but the mark of the one example: a name of its own."""
    return replace(use, letter=new_name(use.letter, use.inner), inner="") if use.inner in marks else use


def _uses(reader: FormulaReader, letters: Collection[str]) -> Iterator[Use]:
    tokens = reader.tokens
    for n, token in enumerate(tokens[:-1]):
        if token.text == "_" and token.kind == "op" and n:
            if tokens[n - 1].text in ("nabla", "partial"):
                continue  # What a derivative is by is no position.
            first = n + 1
            inside = tokens[first + 1 : reader.closing[first]] if first in reader.closing else tokens[first : first + 1]
            if tokens[n - 1].kind == "macro" and tokens[n - 1].text in _REDUCTIONS:
                yield from _compared(inside, letters, "!=")
            else:
                is_delta = tokens[n - 1].text == "delta"
                yield from _below(inside, letters, is_delta=is_delta)
        elif token.text in ("[", "(", r"\{") and token.kind == "op" and _is_one(tokens, n):
            yield from _compared(tokens[n + 1 : closing(tokens, n) or -1], letters, "=")


def _is_one(tokens: Sequence[Token], n: int) -> bool:
    r"""Whether the sign of an indicator stands before this position: ``\mathbb{1}``, ``\mathbf{1}``, ``1``."""
    back = n - 1
    while back >= 0 and tokens[back].text == "}":
        back -= 1
    return back >= 0 and tokens[back].text in ("1", "I")


def _below(inside: Sequence[Token], letters: Collection[str], *, is_delta: bool) -> Iterator[Use]:
    """The letters of a subscript; a letter with an index of an example below it is a position for certain."""
    found = list(_letters(inside))
    if any(token.text in ("+", "-", "=", "<", ">", "<=", ">=") for token in inside):
        return
    summed = is_delta and any(letter in letters for letter, _ in found)
    for letter, inner in found:
        yield Use(letter, inner, summed or inner in letters)


def _compared(inside: Sequence[Token], letters: Collection[str], sign: str) -> Iterator[Use]:
    r"""``j \ne y`` below a sum, ``k = y`` in an indicator: beside an index letter the other side is a position."""
    at = next((n for n, token in enumerate(inside) if token.text == sign and token.kind == "op"), None)
    if at is None:
        return
    before = list(_letters(inside[:at]))[-1:]
    after = list(_letters(inside[at + 1 :]))[:1]
    if not before or not after:
        return
    for (letter, inner), (other, _) in ((before[0], after[0]), (after[0], before[0])):
        if other in letters and letter not in letters:
            yield Use(letter, inner, certain=letter not in _INDEX_LETTERS)


def _letters(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The letters with the letter below each, if there is one."""
    n = 0
    while n < len(tokens):
        if tokens[n].kind not in ("letter", "greek"):
            n += 1
            continue
        letter, inner = tokens[n].text, ""
        n += 1
        if n + 1 < len(tokens) and tokens[n].text in ("_", "^"):
            inner, n = _inner(tokens, n + 1)
        yield letter, inner


def _inner(tokens: Sequence[Token], start: int) -> tuple[str, int]:
    """The letter of a script, ``_i``, ``_{i}`` or ``^{(i)}``, and the position after it; empty for other scripts."""
    inner, n = "", start
    while n < len(tokens) and tokens[n].text in ("{", "(", "["):
        n += 1
    depth = n - start
    if n < len(tokens) and tokens[n].kind in ("letter", "greek"):
        inner = tokens[n].text
    n += 1
    while n < len(tokens) and depth and tokens[n].text in ("}", ")", "]"):
        n, depth = n + 1, depth - 1
    return inner, n


def says_class(words: str) -> bool:
    """Whether words, "the correct class", say that what they are about is a position."""
    plain = "".join(c if c.isalpha() else " " for c in words.lower())
    return not _CLASS_WORDS.isdisjoint(plain.split())


def chosen(uses: Iterable[Use], told: Collection[str]) -> dict[str, str]:
    """The letters that are classes, by their uses and by what is ``told``, each with the letter of its own index."""
    found: dict[str, str] = {}
    listed = list(uses)
    certain = {use.letter for use in listed if use.certain} | set(told)
    for use in listed:
        if use.letter in certain:
            found[use.letter] = found.get(use.letter) or use.inner
    return found


def with_positions(lhs: Node, rhs: Node, labels: Mapping[str, str]) -> tuple[Node, Node]:
    """Both sides with what formulas write for these classes spelled out, ``y_n`` and ``e_y``."""
    names = {name: Labels(name, ("N",) * bool(inner), "K") for name, inner in labels.items()}
    return lhs, spelled_out(rhs, Scope(names))


def label_in(tree: Node, labels: Collection[str]) -> str | None:
    """The class that a tree is, whole or one of its members."""
    name = tree.children[0] if tree.kind == "entry" else tree
    return name.value if name.kind == "name" and name.value in labels else None

r"""A sentence of a note as its words and formulas, in order, to be read from left to right.

Each formula says what it is: quantities by name, derivatives, second derivatives, a derivative that is zero, or numbers
that letters have.

Knows texts and the grammar of formulas; knows no problem files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.reading.latex.equations import FormulaReader
from backsym.reading.latex.lexer import has_sign
from backsym.reading.latex.names import Vocabulary
from backsym.reading.notes.asking.values import numbers_in
from backsym.reading.syntax import Node
from backsym.text.phrases import Phrases, Word, words_of

_LETTERS = ("letter", "greek")


@dataclass(frozen=True)
class Meant:
    """What a formula is: one of these, and nothing else; all are empty for anything else.

    A letter may be a quantity and a rate.

    ``slopes`` and ``seconds`` are derivatives, each of what and by what, "" for what has no letter below its nabla;
    ``zero`` if the slopes are said to be zero.
    """

    names: tuple[str, ...] = ()
    slopes: tuple[tuple[str, str], ...] = ()
    seconds: tuple[tuple[str, str], ...] = ()
    zero: bool = False
    descent: str = ""
    """The quantity of which it is one step of descent."""
    numbers: tuple[str, ...] = ()
    """The quantities to which it gives numbers."""
    declares: bool = False
    r"""Whether it says where something lies, ``W \in \mathbb{R}^{K \times D}``."""
    new: bool = False
    """Whether it is one letter that is no quantity of the note, a name for what is asked."""
    rate: tuple[str, str] | None = None
    """A letter alone as it is written, with the number that it is said to be, "" without; or "" with a number."""


NOTHING = Meant()


@dataclass(frozen=True)
class Shown:
    """A formula of a sentence, with its place."""

    start: int
    end: int
    meant: Meant
    states: bool = False
    """Whether it is an equation."""


Element = Word | Shown


def elements(
    text: str, start: int, end: int, formulas: Sequence[tuple[int, int, bool]], meaning: Callable[[int, int], Meant]
) -> list[Element]:
    """The words and formulas of a sentence; the names of macros and environments are no words, and a 0 is one."""
    found: list[Element] = []
    position = start
    for first, last, _ in [*formulas, (end, end, False)]:
        found += _words(text, position, first)
        if first < last:
            found.append(Shown(first, last, meaning(first, last), "=" in text[first:last]))
        position = last
    return found


def _words(text: str, start: int, end: int) -> Iterator[Word]:
    """The words, and the numbers as they are written."""
    position = start
    for word in [*words_of(text, start, end), Word("", end, end)]:
        yield from _numbers(text, position, word.start)
        position = word.end
        if word.text and not text.endswith(("\\", "\\begin{", "\\end{"), start, word.start):
            yield word


def _numbers(text: str, start: int, end: int) -> Iterator[Word]:
    at = start
    while at < end:
        first = at
        while at < end and (
            text[at].isdecimal() or (at > first and text[at] == "." and text[at + 1 : at + 2].isdecimal())
        ):
            at += 1
        if at > first:
            yield Word(text[first:at], first, at)
        at += at == first


class Reader:
    """Reads the elements of a sentence from left to right."""

    def __init__(self, found: Sequence[Element]):
        self.found = found
        self.words = [e.text if isinstance(e, Word) else "" for e in found]
        self.position = 0

    @property
    def ended(self) -> bool:
        return self.position >= len(self.found)

    def took(self, phrases: Phrases) -> bool:
        """Whether one of the phrases stands here; the longest one is passed over."""
        length = self.length(phrases)
        self.position += length
        return length > 0

    def length(self, phrases: Phrases) -> int:
        """The words of the longest phrase that stands here."""
        return phrases.length_at(self.words, self.position)

    def number(self) -> str | None:
        """The number that stands here, which is passed over."""
        word = "" if self.ended else self.words[self.position]
        self.position += word[:1].isdecimal()
        return word if word[:1].isdecimal() else None

    def skip(self, *phrases: Phrases) -> None:
        """Passes over all of these phrases that stand here, in any order."""
        while any(map(self.took, phrases)):
            continue

    def formula(self) -> Shown | None:
        """The formula that stands here, which is passed over."""
        here = None if self.ended else self.found[self.position]
        if not isinstance(here, Shown):
            return None
        self.position += 1
        return here

    def at_formula(self) -> bool:
        return not self.ended and isinstance(self.found[self.position], Shown)


# --- formulas --------------------------------------------------------------------------------------------------------


def meaning_of(source: Source, words: Vocabulary, start: int, end: int) -> Meant:
    """What a formula is, of the names that are known."""
    try:
        reader = FormulaReader(source, words, start, end, lenient=True)
    except InputError:
        return NOTHING
    if has_sign(source, start, end, "in") and not has_sign(source, start, end, "partial", "nabla", "="):
        return Meant(names=_declared(reader), declares=True)
    rate = _rate(reader)
    numbers = tuple(given.name for given in numbers_in(source, words, start, end))
    if numbers:
        return Meant(numbers=numbers, rate=rate)
    for read in (_seconds, _differentials, _slopes, _names, _descent):
        reader.position, reader.nesting = 0, 0
        try:
            found = read(reader)
        except InputError:
            continue
        if found is not None:
            return replace(found, rate=found.rate or rate)
    return Meant(rate=rate)


def _rate(reader: FormulaReader) -> tuple[str, str] | None:
    r"""``\eta``, ``\eta = 0.1`` and ``0.1``."""
    tokens = [t for t in reader.tokens if t.kind != "end"]
    letter = reader.source.text[tokens[0].start : tokens[0].end] if tokens and tokens[0].kind in _LETTERS else ""
    rest = [t.text for t in tokens[1:]] if letter else ["=", *(t.text for t in tokens)]
    number = rest[1] if rest[:1] == ["="] and len(rest) == 2 and rest[1][:1].isdecimal() else ""
    return (letter, number) if number or (letter and not rest) else None


def _declared(reader: FormulaReader) -> tuple[str, ...]:
    r"""The one known quantity in front of a set, ``W \in \mathbb{R}^{K \times D}``; none for several."""
    try:
        tree = reader.factor()
    except InputError:
        return ()
    return (tree.value,) if tree.kind == "name" and tree.value in reader.words.ranks and reader.at("in") else ()


def _names(reader: FormulaReader) -> Meant | None:
    """Quantities by name, perhaps with indices, parted by commas."""
    found = []
    while reader.token.kind != "end":
        tree = reader.factor()
        core = _core(tree)
        if core.kind != "name" or tree.kind == "transpose":
            return None
        bare = core.value.removesuffix("_star")  # The w at which something is least is w^*.
        found.append(bare if core.value not in reader.words.ranks and bare in reader.words.ranks else core.value)
        reader.took(",", ";", ".")
    new = len(found) == 1 and found[0] not in (*reader.words.ranks, reader.words.loss)
    return Meant(names=tuple(dict.fromkeys(found)), new=new) if found else None


def _slopes(reader: FormulaReader) -> Meant | None:
    """Derivatives parted by commas, each or none of them ``= 0``."""
    found, zeros = [], []
    while reader.token.kind != "end":
        tree = reader.factor()
        slope = _slope(tree, reader.words.loss)
        if slope is None or tree.kind == "transpose":
            return None
        found.append(slope)
        zeros.append(_is_zero(reader))
        reader.took(",", ";", ".")
    if not found or len(set(zeros)) > 1:
        return None
    return Meant(slopes=tuple(dict.fromkeys(found)), zero=zeros[0])


def _differentials(reader: FormulaReader) -> Meant | None:
    """Derivatives of the loss that are written by what they are by, ``dW, db``."""
    found = [_slope(tree, reader.words.loss) for tree in reader.slopes_alone() or ()]
    slopes = tuple(dict.fromkeys(slope for slope in found if slope is not None))
    return Meant(slopes=slopes) if slopes and None not in found else None


def _descent(reader: FormulaReader) -> Meant | None:
    r"""``w \leftarrow w - \eta \frac{\partial L}{\partial w}``; ``\Delta w`` is the change alone."""
    left = reader.left_side()
    change = left.kind == "terms" and [t.value for t in left.children[:-1]] == ["Delta"]
    left = left.children[-1] if change else left
    if _core(left).kind != "name" or not reader.took("="):
        return None
    tree = reader.additive()
    reader.took(".", ",")
    parts = (tree,) if change else tree.children if tree.kind == "add" else ()
    if reader.token.kind != "end" or not parts or parts[-1].kind != "neg" or (left,) * (not change) != parts[:-1]:
        return None
    step = parts[-1].children[0]
    factors = step.children if step.kind == "terms" and len(step.children) == 2 else (step, step)
    slope = _slope(factors[1], reader.words.loss)
    if slope != (reader.words.loss, _core(left).value) or factors[0].kind != "name":
        return None
    return Meant(descent=slope[1], rate=(reader.source.text[slice(*factors[0].span)], ""))


def _slope(tree: Node, loss: str | None) -> tuple[str, str] | None:
    core = _core(tree)
    if core.kind == "partial":
        above, below = map(_core, core.children)
        return (above.value, below.value) if above.kind == below.kind == "name" else None
    if core.kind == "call" and core.value == "grad" and loss is not None:
        return loss, core.children[0].value
    return None


def _core(tree: Node) -> Node:
    """What has the indices or is transposed."""
    while tree.kind in ("entry", "transpose"):
        tree = tree.children[0]
    return tree


def _is_zero(reader: FormulaReader) -> bool:
    r"""Passes over ``= 0`` or ``= \mathbf{0}``, if that is all that follows up to a comma."""
    if not reader.took("="):
        return False
    tree = reader.factor()
    zero = (tree.kind == "num" and float(tree.value) == 0) or (tree.kind == "bare" and tree.value == "zeros")
    if not zero:
        raise reader.leftover()
    return True


def _seconds(reader: FormulaReader) -> Meant | None:
    r"""``\nabla^2 L``, ``\nabla_w^2 L``, ``\nabla\nabla L`` and ``\frac{\partial^2 L}{\partial w \partial w^\top}``.

    Without a letter below the sign of the first, what it is by is ""; so it is of a first derivative, ``\nabla L``.
    """
    tokens = reader.tokens
    if reader.took("nabla"):
        by, two = "", False
        while reader.at("_", "^"):
            if reader.took("_"):
                below = reader.operand() if reader.at("{") else reader.factor_below()
                by = _core(below).value
            else:
                two = _two(reader)
                if not two:
                    return None
        if not two and reader.took("nabla"):
            two = True
            if reader.took("_"):
                below = reader.operand() if reader.at("{") else reader.factor_below()
                by = _core(below).value
        of = _core(reader.factor())
        zero = not two and _is_zero(reader)
        reader.took(".", ",")
        if of.kind != "name" or reader.token.kind != "end" or (by and not two):
            return None
        return Meant(seconds=((of.value, by),)) if two else Meant(slopes=((of.value, ""),), zero=zero)
    if [t.text for t in tokens[:4]] != ["frac", "{", "partial", "^"]:
        return None
    reader.position = 3
    if not _two(reader):
        return None
    of = _core(reader.factor())
    by_both = _denominator(reader)
    reader.took(".", ",")
    if by_both is None or of.kind != "name" or reader.token.kind != "end" or len(set(by_both)) != 1:
        return None
    return Meant(seconds=((of.value, by_both[0]),))


def _denominator(reader: FormulaReader) -> list[str] | None:
    r"""The two quantities in ``\partial w^2`` or ``\partial w \partial w^\top`` below a bar."""
    if not reader.took("}") or not reader.took("{"):
        return None
    found: list[str] = []
    while reader.took("partial"):
        tree = reader.factor()
        square = tree.kind == "pow" and tree.children[1].value == "2"
        core = _core(tree.children[0] if square else tree)
        if core.kind != "name":
            return None
        found += [core.value] * (1 + square)
    return found if reader.took("}") and len(found) == 2 else None


def _two(reader: FormulaReader) -> bool:
    """Passes over ``^2`` or ``^{2}``."""
    texts = [t.text for t in reader.tokens[reader.position : reader.position + 4]]
    length = 2 if texts[:2] == ["^", "2"] else 4 if texts == ["^", "{", "2", "}"] else 0
    reader.position += length
    return length > 0

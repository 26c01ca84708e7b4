r"""Letters that begin at 0, ``\sum_{i=0}^D w_i x_i``: positions of arrays count from 1 here, so all of them move.

An axis at which such a letter stands has its first entry at 0: every letter that stands at it moves by one, with its
range, and so does every number, ``w_0``.  What is moved means the same, and the problem is told which of its dimensions
count from 0, so that they are written so again.  Where a letter stands for a number besides, or
a quantity is computed over a range that the note does not give from 0, nothing is moved, and the reader of formulas
refuses the range.  A first entry of data that is 1, ``x_0 = 1``, is filled in: what is given are the others, and an
array with the 1 before them stands in the equations.  A recurrence that is written ahead,
``h_{t+1} = f(h_t)``, is written back, ``h_t = f(h_{t-1})``, if the note says that it begins at 0; one from 2 on begins
at 1 if its first member is what ``h_0 = 0`` makes it.

Knows how formulas are written, by their tokens; knows no names and no shapes, but for ``from_zero`` at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeAlias

from backsym.core.dims import Dim, amount, dim_named
from backsym.core.expr import Adj, Concat, Entry, Expr, Ix, Member, Sym, indices_of, member_of, num, rebuild, walk
from backsym.core.names import accented_name
from backsym.core.problem import NodeEquation, Problem, Symbol
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, blanks, rewritten
from backsym.reading.latex.equations import first_look
from backsym.reading.latex.lexer import ACCENTS, CLOSING, FONTS, Token, nesting, script_end, tokens_in
from backsym.reading.latex.names import new_name, without_accents

Array: TypeAlias = "tuple[str, str]"
"""A letter with its accent, and the mark above it."""
Axis: TypeAlias = "tuple[Array, int]"
"""One of the places below an array, from 0, or -1 for the one in parentheses above."""

ABOVE = -1
_COLUMNS = ("b", "c", "a", "d", "q", "r", "v", "u")
"""Letters for what stands at the position 0 of an axis that begins at 1."""
_LETTERS = ("letter", "greek")
_BRACKETS = {"(": ")", "[": "]"}
_SUMS = ("sum", "prod")


Item: TypeAlias = "tuple[str, int, tuple[int, int], Token, str]"
"""The letter of an index, its number, its span and its token, and the letter again where it is only added."""


@dataclass(frozen=True)
class Index:
    """One index of an array: a letter, with what is added to it, or a number; ``span`` is all that is written of it.

    ``among`` are the letters of the position that it is a part of, ``i + k``, if it is one; "" is among them where that
    is no sum of letters.
    """

    axis: Axis
    letter: str
    number: int
    span: tuple[int, int]
    at: Token
    array: Token
    """The letter of the array."""
    among: tuple[str, ...] = ()


@dataclass(frozen=True)
class Range:
    """The range of a letter: where it begins, and up to where it goes, ``braced`` if that is more than one sign."""

    letter: str
    at: Token
    first: Token
    last: tuple[int, int]
    braced: bool
    of_sum: bool = False


@dataclass
class Written:
    """A statement: its tokens, the indices and ranges in it, the places that are left sides, and what is no index."""

    tokens: Sequence[Token]
    indices: list[Index]
    ranges: list[Range]
    lefts: list[Index]
    ones: list[tuple[Index, tuple[int, int]]]
    """The entries that the formula says to be 1, ``x_0 = 1``, with the places of these statements."""

    def numbers(self) -> set[str]:
        """The letters that stand elsewhere than in a range or among indices."""
        known = {index.at.start for index in self.indices} | {r.at.start for r in self.ranges}
        return {t.text for t in self.tokens if t.kind in _LETTERS and t.start not in known}


@dataclass(frozen=True)
class Counted:
    """The note with positions from 1, what is said of it, each with its place, and how new names are written."""

    document: Document
    remarks: tuple[tuple[int, Said], ...] = ()
    spelled: Mapping[str, str] = field(default_factory=dict)
    axes: frozenset[Axis] = frozenset()
    """The axes that count from 0 in the note."""
    ones: tuple[One, ...] = ()
    """The first entries of data that the note states to be 1."""


@dataclass(frozen=True)
class One:
    """What a note says of the first entries along an axis: that they are 1; as it is written, and its line."""

    axis: Axis
    written: str
    line: int


def from_one(document: Document, places: Iterable[tuple[int, int]]) -> Counted:
    """The note with positions that count from 1."""
    spans = list(places)
    source = document.source
    document = rewritten(document, [edit for start, end in spans for edit in _seconds(source, start, end)])
    source, places = document.source, spans
    found = [formula for start, end in places for formula in _statements(source, start, end)]
    edits = _written_back(document.text, found)
    if edits:
        return Counted(rewritten(document, edits))
    begun = sorted(_begun_at_one(found))
    if begun:
        return Counted(rewritten(document, begun), ((begun[0].start, say("notes.remark.begun_at_one")),))
    computed = {index.axis for f in found for index, _ in f.ones}
    computed &= {index.axis for f in found for index in f.lefts if index.letter}
    apart = sorted(edit for formula in found if computed for edit in _ones_apart(document.text, formula, computed))
    if apart:
        counted = from_one(rewritten(document, apart), _places_after(spans, apart))
        said = (apart[0].start, say("notes.remark.computed_one"))
        return replace(counted, remarks=(said, *counted.remarks))
    zero = {(n, r.letter) for n, formula in enumerate(found) for r in formula.ranges if r.first.text == "0"}
    axes, letters = _moved(found, zero)
    if not axes or not _may_move(found, axes, letters, zero):
        return _with_own_columns(document, found)
    edits = sorted(edit for n, formula in enumerate(found) for edit in _edits(document.text, n, formula, axes, letters))
    names = sorted({without_accents(array[0]) for array, _ in axes})
    what = (edits[0].start, say("notes.remark.from_zero", names=names))
    leading = {index.axis[0] for f in found for index in f.indices if index.axis[1] == ABOVE and index.letter}
    stated = [(at, span) for formula in found for index, span in formula.ones if (at := _its_axis(index, axes))]
    ones = tuple(
        One(_placed(at, leading), document.text[slice(*span)], document.place(span[0])[0]) for at, span in stated
    )
    document = rewritten(document, edits)
    source, spans = document.source, _places_after(spans, edits)
    own = _with_own_columns(document, [formula for start, end in spans for formula in _statements(source, start, end)])
    placed = frozenset(_placed(axis, leading) for axis in axes)
    return replace(own, remarks=(what, *own.remarks), axes=placed, ones=ones)


def _its_axis(index: Index, axes: Collection[Axis]) -> Axis | None:
    """The axis along which an entry is the first; for ``x_0`` beside ``x_{ni}`` that of i, which begins at 0."""
    if index.axis in axes:
        return index.axis
    own = [axis for axis in axes if axis[0] == index.axis[0]]
    return own[0] if len(own) == 1 else None


def _placed(axis: Axis, leading: Container[Array]) -> Axis:
    """The axis among all of an array whose members may be told by a letter above, which comes first."""
    array, place = axis
    return array, place + (array in leading)


def _seconds(source: Source, start: int, end: int) -> Iterator[Edit]:
    r"""Blanks for the second position of ``t = 1, 2, \dots, T``, which says no more than the first."""
    tokens = tokens_in(source, start, end)
    for n in range(len(tokens) - 6):
        sign, first, comma, second, after, dots = tokens[n + 1 : n + 7]
        numbers = first.text.isdecimal() and second.text.isdecimal() and int(second.text) == int(first.text) + 1
        signs = [t.text for t in (sign, comma, after, dots)]
        if tokens[n].kind in _LETTERS and numbers and signs in (["=", ",", ",", "dots"], [r"\{", ",", ",", "dots"]):
            yield Edit(second.start, after.end, " " * (after.end - second.start))


# --- which letters and axes ------------------------------------------------------------------------------------------


def _moved(found: Sequence[Written], zero: Collection[tuple[int, str]]) -> tuple[set[Axis], set[tuple[int, str]]]:
    """The axes at which letters from 0 stand, and all letters that stand at them, each with its statement."""
    axes: set[Axis] = set()
    letters = set(zero)
    for _ in count():
        before = len(axes), len(letters)
        for n, formula in enumerate(found):
            axes |= {i.axis for i in formula.indices if all((n, each) in letters for each in i.among or [i.letter])}
            letters |= {(n, i.letter) for i in formula.indices if i.letter and i.axis in axes and not i.among}
        if (len(axes), len(letters)) == before:
            break
    return axes, letters


def _may_move(
    found: Sequence[Written], axes: set[Axis], letters: set[tuple[int, str]], zero: set[tuple[int, str]]
) -> bool:
    """Whether every letter is an index alone, and what is computed over one has a range from 0."""
    for n, formula in enumerate(found):
        if formula.numbers() & {letter for m, letter in letters if m == n}:
            return False
        if any("" in i.among and (i.axis in axes or (n, i.letter) in letters) for i in formula.indices):
            return False
        ones = {index.at.start for index, _ in formula.ones}
        lefts = [index for index in formula.lefts if index.axis in axes and index.at.start not in ones]
        computed = {index.axis for index in lefts}
        if any((n, index.letter) not in zero for index in lefts):
            return False
        if any(index.number and index.letter and index.axis in computed for f in found for index in f.indices):
            return False
    return True


def _edits(
    text: str, n: int, formula: Written, axes: Collection[Axis], letters: Collection[tuple[int, str]]
) -> Iterator[Edit]:
    said = [span for index, span in formula.ones if _its_axis(index, axes)]
    for span in said:
        yield Edit(*span, blanks(text[slice(*span)]))
    last = {(index.array.start, index.axis): index for index in formula.indices if index.among}
    for index in last.values():
        shift = (index.axis in axes) - sum((n, each) in letters for each in index.among)
        if shift:
            shift += index.number
            yield Edit(*index.span, text[index.at.start : index.at.end] + (f"{shift:+d}" if shift else ""))
    for index in formula.indices:
        if index.axis in axes and not index.letter and not any(a <= index.span[0] < b for a, b in said):
            yield Edit(*index.span, str(index.number + 1))
    for r in formula.ranges:
        if (n, r.letter) in letters:
            yield Edit(r.first.start, r.first.end, str(int(r.first.text) + 1))
            more = _one_more(text[slice(*r.last)])
            yield Edit(*r.last, more if r.braced or len(more) == 1 else f"{{{more}}}")


def _one_more(last: str) -> str:
    """A last position that is one higher."""
    bare = "".join(last.split())
    if bare.isdecimal():
        return str(int(bare) + 1)
    return bare[:-2] if bare.endswith("-1") else f"{last}+1"


def _places_after(places: Iterable[tuple[int, int]], edits: Sequence[Edit]) -> list[tuple[int, int]]:
    """Where formulas stand once these edits, in order, are made."""

    def moved(at: int, *, end: bool) -> int:
        done = (e for e in edits if e.start < at or (end and e.start == at))
        return at + sum(len(e.replacement) - (e.end - e.start) for e in done)

    return [(moved(start, end=False), moved(stop, end=True)) for start, stop in places]


# --- a computed entry that is 1 ---------------------------------------------------------------------------------------


def _ones_apart(text: str, formula: Written, ones: Container[Axis]) -> Iterator[Edit]:
    r"""``\sum_{j=0}^D w_{kj} z_j`` as ``w_{k0} + \sum_{j=1}^D w_{kj} z_j``, where z_j is computed and ``z_0 = 1``.

    ``ones`` are the axes of what is computed and has a first entry of 1.
    """
    tokens = formula.tokens
    for r in formula.ranges:
        n = next(n for n, token in enumerate(tokens) if token is r.at)
        sign = n - 3
        alone = sign >= 0 and (sign == 0 or tokens[sign - 1].text in ("=", "+", "(", "[", "&"))
        if r.first.text != "0" or not alone or tokens[sign].text != "sum":
            continue
        begin = script_end(tokens, next(m for m in range(n, len(tokens)) if tokens[m].text == "^"))
        stop = _end_of_product(tokens, begin)
        start, end = tokens[begin].start, tokens[stop - 1].end
        mine = [i for i in formula.indices if i.letter == r.letter and start <= i.at.start < end]
        one = [index for index in mine if index.axis in ones]
        if len(one) != 1 or stop == begin or any(index.number for index in mine):
            continue
        more = sum(t.text == r.letter and t.kind in _LETTERS for t in tokens[begin:stop]) > len(mine)
        if more or (gone := _whole(tokens, one[0])) is None:
            continue
        parts = [(index.span, "0") for index in mine if index is not one[0]] + [(gone, "")]
        first, at = "", start
        for (a, b), put in sorted(parts):
            first += text[at:a] + put
            at = b
        first += text[at:end]
        yield Edit(tokens[sign].start, tokens[sign].start, f"{first.strip() or '1'} + ")
        yield Edit(r.first.start, r.first.end, "1")


def _end_of_product(tokens: Sequence[Token], begin: int) -> int:
    """The position behind the term that begins here."""
    depth = 0
    for n in range(begin, len(tokens)):
        token = tokens[n]
        depth += nesting(token)
        ends = token.text in ("+", "-", "=", ",", ";", ".", "&") or token.kind in ("row", "end")
        if depth < 0 or (depth == 0 and ends):
            return n
    return len(tokens)


def _whole(tokens: Sequence[Token], index: Index) -> tuple[int, int] | None:
    """The place of a letter with its scripts, whose only index this is; None if it stands in a font or accent."""
    n = next(n for n, token in enumerate(tokens) if token is index.array)
    if tokens[n - 1].text in (*FONTS, *ACCENTS, "{"):
        return None
    end = n + 1
    while end < len(tokens) and tokens[end].text in ("_", "^") and tokens[end].kind == "op":
        end = script_end(tokens, end)
    indices, _ = _scripts(tokens, n, n + 1)
    return (tokens[n].start, tokens[end - 1].end) if len(indices) == 1 else None


# --- a column of its own ---------------------------------------------------------------------------------------------


def _with_own_columns(document: Document, found: Sequence[Written]) -> Counted:
    """``w_{j0}`` beside ``w_{ji}``, where i runs from 1: the weights of a bias, an array with a letter of its own."""
    indices = [index for formula in found for index in formula.indices]
    by_letter = {index.axis for index in indices if index.letter}
    stepped = {index.axis for index in indices if index.letter and (index.number or index.among)}
    letters = {index.array.start for index in indices if index.letter}
    used = {token.text for formula in found for token in formula.tokens}
    free = (letter for letter in _COLUMNS if letter not in used)
    chosen: dict[tuple[str, int], str] = {}
    what: list[tuple[int, Said]] = []
    edits: list[Edit] = []
    spelled: dict[str, str] = {}
    for index in indices:
        (letter, mark), axis = index.axis
        own = not index.letter and index.number == 0 and axis != ABOVE and index.array.start in letters
        if not own or index.axis not in by_letter - stepped or ":" in letter or index.array.kind == "word":
            continue
        name = chosen.get((letter, axis)) or next(free, None)
        if name is None:
            return Counted(document)
        if (letter, axis) not in chosen:
            what.append((index.span[0], say("notes.remark.own_at_zero", letter=letter, name=name)))
        chosen[letter, axis] = name
        start = index.span[0]
        while document.text[start - 1] in ", ":
            start -= 1
        edits += [Edit(index.array.start, index.array.end, name), Edit(start, index.span[1], "")]
        bold = "mathbf" if index.array.kind == "letter" else "boldsymbol"
        written = rf"\{bold}{{{document.text[index.array.start : index.array.end]}}}_{{0}}"
        spelled[new_name(name, mark.strip("()[]"))] = written + (f"^{{{mark}}}" if mark else "")
    return Counted(rewritten(document, sorted(edits)), tuple(what), spelled)


# --- recurrences that are written ahead ------------------------------------------------------------------------------


def _written_back(text: str, found: Sequence[Written]) -> list[Edit]:
    r"""``h_{t+1} = f(h_t, x_{t+1})`` with t one less, where t begins at 0 or the note speaks of h_0."""
    begun = {index.axis for formula in found for index in formula.indices if not index.letter and index.number == 0}
    zero = {r.letter for formula in found for r in formula.ranges if r.first.text == "0"}
    edits: list[Edit] = []
    ahead: set[str] = set()
    for formula in found:
        for left in (index for index in formula.lefts if index.letter and index.number == 1):
            if left.axis not in begun and left.letter not in zero:
                continue
            ahead.add(left.letter)
            for index in (i for i in formula.indices if i.letter == left.letter):
                shift = index.number - 1
                written = text[index.at.start : index.at.end] + (f"{shift:+d}" if shift else "")
                single = text[index.at.start - 1] in "_^" and shift
                edits.append(Edit(*index.span, f"{{{written}}}" if single else written))
    if not edits or any(index.number > 1 for f in found for index in f.lefts if index.letter in ahead):
        return []
    for r in (r for formula in found for r in formula.ranges if r.letter in ahead and r.first.text == "0"):
        edits.append(Edit(r.first.start, r.first.end, "1"))
        more = _one_more(text[slice(*r.last)])
        edits.append(Edit(*r.last, more if r.braced or len(more) == 1 else f"{{{more}}}"))
    return sorted(set(edits))


# --- recurrences from 2 on -------------------------------------------------------------------------------------------


def _begun_at_one(found: Sequence[Written]) -> Iterator[Edit]:
    r"""``h_1 = \tanh(U x_1)`` and ``h_t = \tanh(W h_{t-1} + U x_t)`` from 2 on as one recurrence from ``h_0 = 0``.

    The first has to be what the other is without the term of the member before, of which that is a factor.
    """
    firsts = {i.axis: (f, i) for f in found for i in f.lefts if not i.letter and i.number == 1}
    seconds = [r for f in found for r in f.ranges if r.first.text == "2" and not r.of_sum]
    done: set[str] = set()
    for formula in found:
        for left in (i for i in formula.lefts if i.letter and not i.number):
            first, index = firsts.get(left.axis, (None, None))
            mine = [i for i in formula.indices if i.axis == left.axis and (i.letter, i.number) == (left.letter, -1)]
            if not mine or not any(r.letter == left.letter for r in seconds):
                continue
            if first is None or index is None or not _is_first(first, formula, left, mine):
                return
            start, end = _right(first, index)
            yield Edit(*index.span, "0")
            yield Edit(first.tokens[start].start, first.tokens[end - 1].end, r"\mathbf{0}")
            done.add(left.letter)
    yield from (Edit(r.first.start, r.first.end, "1") for r in seconds if r.letter in done)


def _is_first(first: Written, formula: Written, left: Index, before: Sequence[Index]) -> bool:
    """Whether the equation of the first member is that of all members without what the member before is a factor of."""
    start, end = _right(first, next(i for i in first.lefts if i.axis == left.axis))
    ones = {i.at.start for i in first.indices if not i.letter and i.number == 1}
    mine = [t._replace(text=left.letter) if t.start in ones else t for t in first.tokens[start:end]]
    begin, stop = _right(formula, left)
    kept = list(formula.tokens[begin:stop])
    for index in before:
        term = _term_of(kept, index)
        if term is None:
            return False
        kept = kept[: term[0]] + kept[term[1] :]
    return _bare(mine) == _bare(kept)


def _bare(tokens: Iterable[Token]) -> list[str]:
    """The texts of tokens without fonts, braces and the sizes of brackets."""
    return [t.text for t in tokens if t.text not in (*FONTS, "{", "}", "left", "right")]


def _right(formula: Written, left: Index) -> tuple[int, int]:
    """The positions of the right side of an equation: up to a comma, a word or the end of the row."""
    tokens = formula.tokens
    at = next(n for n, t in enumerate(tokens) if t is left.at)
    begin = next(n for n in range(at, len(tokens)) if tokens[n].text == "=") + 1
    depth = 0
    for n in range(begin, len(tokens)):
        depth += nesting(tokens[n])
        ends = tokens[n].kind in ("row", "end") or (depth == 0 and tokens[n].text in (",", ";", ".", "&", "text"))
        if ends:
            return begin, n
    return begin, len(tokens)


def _term_of(tokens: Sequence[Token], index: Index) -> tuple[int, int] | None:
    """The positions of the product with an entry as factor, with the sign that adds it; None for anything else."""
    at = next((n for n, t in enumerate(tokens) if t is index.array), None)
    if at is None:
        return None
    start = end = at
    while start > 0 and _is_factor(tokens[start - 1]):
        start -= 1
    while end < len(tokens) and (_is_factor(tokens[end]) or index.span[0] <= tokens[end].start < index.span[1]):
        end += 1
    added = start > 0 and tokens[start - 1].text == "+"
    follows = end < len(tokens) and tokens[end].text == "+"
    closed = end == len(tokens) or follows or tokens[end].text in (*CLOSING, "-")
    opened = start == 0 or added or (follows and nesting(tokens[start - 1]) > 0)
    if not (closed and opened) or not (added or follows):
        return None
    return (start - 1, end) if added else (start, end + 1)


def _is_factor(token: Token) -> bool:
    """Whether a token stands in a product of letters with scripts and fonts."""
    return token.kind in (*_LETTERS, "number") or token.text in (
        *FONTS,
        "_",
        "^",
        "{",
        "}",
        "cdot",
        "odot",
        "circ",
        "top",
    )


# --- how it is written -----------------------------------------------------------------------------------------------


def _statements(source: Source, start: int, end: int) -> Iterator[Written]:
    """The statements of a formula, each with its ranges; a letter means the same within one."""
    reader = first_look(source, start, end)
    if reader is None:
        return
    ranged = {r.at.start for r in _ranges(reader.tokens)}
    lefts = (n for n in reader.left_positions() if reader.tokens[n].start not in ranged and reader.equation_at(n))
    begins = sorted({0, *lefts})
    for first, last in zip(begins, [*begins[1:], len(reader.tokens) - 1], strict=True):
        yield _written(reader.tokens[first:last])


def _written(tokens: Sequence[Token]) -> Written:
    found = Written(tokens, [], list(_ranges(tokens)), [], [])
    for n, token in enumerate(tokens):
        if token.kind not in (*_LETTERS, "word"):
            continue
        end = n + 1
        while end < len(tokens) and tokens[end].text == "}":
            end += 1
        if end < len(tokens) and tokens[end].text in ("_", "^") and tokens[end].kind == "op":
            mine, after = _scripts(tokens, n, end)
            found.indices += mine
            if _begins(tokens, n) and after < len(tokens) and tokens[after].text == "=":
                found.lefts += mine
                number = next((i for i in mine if not i.letter and i.number == 0), None)
                right = [t for t in tokens[after + 1 :] if t.text not in (",", ";", ".") and t.kind != "row"]
                if number is not None and [t.text for t in right] == ["1"]:
                    found.ones.append((number, (tokens[n].start, right[0].end)))
    return found


def _begins(tokens: Sequence[Token], n: int) -> bool:
    """Whether a statement begins with the letter here, in a font or with an accent or not."""
    before = n - 1
    while before >= 0 and (tokens[before].text in ("{", "&") or tokens[before].text in (*FONTS, *ACCENTS)):
        before -= 1
    return before < 0 or tokens[before].kind == "row" or tokens[before].text in (",", ";")


def _scripts(tokens: Sequence[Token], n: int, position: int) -> tuple[list[Index], int]:
    """The indices of the array whose letter is here, and the position after its scripts."""
    below: list[list[Item]] = []
    above: list[list[Item]] = []
    accent = tokens[n - 2].text if n > 1 and tokens[n - 1].text == "{" else tokens[n - 1].text if n else ""
    mark = ""
    while position < len(tokens) and tokens[position].text in ("_", "^") and tokens[position].kind == "op":
        end = script_end(tokens, position)
        inner = list(tokens[position + 1 : end])
        if inner and inner[0].text == "{":
            inner = inner[1:-1]
        if tokens[position].text == "_":
            below, words = _items(inner)
            mark += words
        elif len(inner) > 2 and _BRACKETS.get(inner[0].text) == inner[-1].text:
            above, words = _items(inner[1:-1])
            if not any(letter for items in above for letter, *_ in items):
                mark += "".join(t.text for t in inner)
                above = []
        position = end
    array = (f"{accent}:" if accent in ACCENTS else "") + tokens[n].text, mark
    placed = [*enumerate(below), *((ABOVE, items) for items in above[:1])]
    among = {axis: tuple(item[-1] for item in items) if len(items) > 1 else () for axis, items in placed}
    parts = [(axis, item[:-1]) for axis, items in placed for item in items]
    return [Index((array, axis), *part, tokens[n], among[axis]) for axis, part in parts], position


def _items(inner: Sequence[Token]) -> tuple[list[list[Item]], str]:
    """The indices of a script, those of a sum together, and its words, which are a mark."""
    found: list[list[Item]] = []
    n, mark = 0, ""
    while n < len(inner):
        token = inner[n]
        sign, number = (inner[n + k].text if n + k < len(inner) else "" for k in (1, 2))
        item: tuple[str, int, tuple[int, int], Token] | None = None
        start = n
        if token.kind in _LETTERS and sign in ("+", "-") and number.isdecimal():
            item = token.text, int(sign + number), (token.start, inner[n + 2].end), token
            n += 2
        elif token.kind in _LETTERS:
            item = token.text, 0, (token.start, token.end), token
        elif token.kind == "number" and token.text.isdecimal():
            item = "", int(token.text), (token.start, token.end), token
        elif token.kind == "word":
            mark += token.text
        before = inner[start - 1] if start else None
        if item is not None and before is not None and before.text in ("+", "-") and found:
            found[-1].append((*item, item[0] if before.text == "+" else ""))
        elif item is not None:
            found.append([(*item, "" if before is not None and before.kind == "number" else item[0])])
        n += 1
    return found, mark


def _ranges(tokens: Sequence[Token]) -> Iterator[Range]:
    r"""Each ``\sum_{i=0}^D``, ``i = 0, \dots, D`` and ``i \in \{0, \dots, D\}``."""
    for n in range(len(tokens) - 4):
        letter, sign, first = tokens[n : n + 3]
        if letter.kind not in _LETTERS or sign.text not in ("=", "in"):
            continue
        start = n + 2
        if sign.text == "in" and first.text == r"\{":
            start, first = n + 3, tokens[n + 3]
        if first.kind != "number" or not first.text.isdecimal():
            continue
        texts = [t.text for t in tokens[start + 1 : start + 6]]
        if n > 2 and [t.text for t in tokens[n - 2 : n]] == ["_", "{"] and tokens[n - 3].text in _SUMS:
            if texts[:2] != ["}", "^"]:
                continue
            upper = start + 2
            braced = tokens[upper + 1].text == "{"
            end = script_end(tokens, upper)
            inner = tokens[upper + 1 + braced : end - braced]
        elif "dots" in texts[:4] and texts[0] in (",", "dots"):
            after = start + 2 + texts.index("dots")
            after += after < len(tokens) and tokens[after].text == ","
            inner = _until_separator(tokens, after)
            braced = True
        else:
            continue
        if inner:
            of_sum = tokens[n - 1].text == "{"
            yield Range(letter.text, letter, first, (inner[0].start, inner[-1].end), braced, of_sum)


def _until_separator(tokens: Sequence[Token], start: int) -> Sequence[Token]:
    signs = (",", ";", ".", ":", r"\}", ")", "&")
    after = (n for n in range(start, len(tokens)) if tokens[n].kind in ("row", "end") or tokens[n].text in signs)
    return tokens[start : next(after, len(tokens))]


# --- the problem that was read ---------------------------------------------------------------------------------------


def from_zero(problem: Problem, axes: Iterable[Axis]) -> frozenset[Dim]:
    """The dimensions of these axes; none where an axis of one of them counts from 1, or is not found."""
    known: set[tuple[str, int]] = set()
    for (letter, mark), axis in axes:
        name = new_name(letter, mark.strip("()[]"))
        symbol = problem.symbols.get(name)
        if symbol is None or not 0 <= axis < len(symbol.shape):
            return frozenset()
        known.add((name, axis))
    dims = frozenset(problem.symbols[name].shape[axis] for name, axis in known)
    sides = [side for equation in problem.equations for side in (equation.lhs, equation.rhs)]
    sides += [side for part in problem.parts for claim in part.claims for side in claim]
    for e in (e for side in sides for e in walk(side) if isinstance(e, (Entry, Member))):
        name = e.base.name if isinstance(e.base, (Sym, Adj)) else ""
        places = e.indices if isinstance(e, Entry) else e.places
        if any(ix is not None and ix.dim in dims and (name, axis) not in known for axis, ix in enumerate(places)):
            return frozenset()
    return dims


def with_ones(problem: Problem, ones: Iterable[One]) -> Problem:
    """The problem in which given arrays have no entry at 0; arrays with a 1 before their entries take their place.

    Where an array is no family of vectors and where it has numbers, its first entry stays given.
    """
    for one in dict.fromkeys(replace(one, line=0, written="") for one in ones):
        said = next(each for each in ones if each.axis == one.axis)
        (letter, mark), axis = one.axis
        name = new_name(letter, mark.strip("()[]"))
        filled = _filled(problem, name, axis, said)
        what = (
            say("notes.remark.first_entry", entry=said.written)
            if filled is None
            else say("notes.remark.filled_in", entry=said.written, name=name, whole=f"{name}tilde")
        )
        problem = filled or problem
        problem = replace(problem, said=(*problem.said, say("notes.by_custom", line=said.line, what=what)))
    return problem


def _filled(problem: Problem, name: str, axis: int, one: One) -> Problem | None:
    """The problem with an array that is 1 and then the given entries of ``name``; None if it can have none."""
    symbol, whole = problem.symbols.get(name), f"{name}tilde"
    fits = symbol is not None and symbol.role != "node" and axis == len(symbol.shape) - 1 and axis in (0, 1)
    if symbol is None or not fits or whole in problem.symbols or name in problem.values or accented_name(name)[2]:
        return None
    fewer = dim_named(amount(symbol.shape[axis]) - 1)
    if not str(fewer).replace("*", "").replace("+", "").isalnum() or fewer == 0:
        return None
    old, given = Sym(name, symbol.shape), replace(symbol, shape=(*symbol.shape[:axis], fewer))
    letters = {ix.dim: ix for e in problem.equations for part in walk(e.rhs) for ix in indices_of(part)}

    def put(e: Expr) -> Expr:
        if isinstance(e, (Sym, Adj)) and e.name == name:
            return replace(e, name=whole)
        return rebuild(e, put)

    own = tuple(letters.get(dim, Ix(letter, dim)) for letter, dim in zip("ij"[2 - axis - 1 :], old.shape, strict=True))
    short = Sym(name, given.shape)
    joined = Concat((num(1), member_of(short, own[:1]) if axis else short))
    rhs = Entry(joined, own[1:]) if axis else joined
    left = f"{whole}_{own[0].letter} = (1, {name}_{own[0].letter})" if axis else f"{whole} = (1, {name})"
    equation = NodeEquation(
        whole, old.shape, own if axis else (), rhs, left, index_level=bool(axis), line=one.line, picked=axis
    )
    latex = None if symbol.latex is None else rf"\tilde{{{symbol.latex}}}"
    node = Symbol(whole, old.shape, "node", latex=latex, line=one.line)
    parts = tuple(
        replace(
            part,
            claims=tuple((put(a), put(b)) for a, b in part.claims),
            form=None if part.form is None else put(part.form),
            targets=tuple(whole if t == name and part.claims else t for t in part.targets),
        )
        for part in problem.parts
    )
    equations = tuple(replace(e, rhs=put(e.rhs)) for e in problem.equations)
    symbols = {**problem.symbols, name: given, whole: node}
    return replace(problem, equations=(equation, *equations), symbols=symbols, parts=parts)

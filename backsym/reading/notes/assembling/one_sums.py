r"""Which given arrays have entries that sum to one: ``\sum_k q_k = 1``, ``\mathbf{1}^\top q = 1``, "the entries of $q$
sum to one".

Knows what the note states and its sentences; the sums are read by the grammar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from backsym.core.words import say
from backsym.reading.notes.assembling.provisos import Provisos
from backsym.reading.notes.assembling.said import NONE, Sentence
from backsym.reading.notes.assembling.stated import Stated
from backsym.reading.notes.equations import Equations
from backsym.reading.notes.prose import Formula, is_shown
from backsym.reading.notes.stating.pieces import Piece, pieces_of
from backsym.reading.syntax import Node
from backsym.text.phrases import Phrases

ONE_SUM = Phrases(
    "sum to one", "sums to one", "sum to 1", "sums to 1", "sum up to one", "sums up to one", "sum up to 1",
    "sums up to 1", "add up to one", "adds up to one", "add up to 1", "adds up to 1", "on the simplex",
    "on the probability simplex", "in the simplex", "in the probability simplex", "summieren sich zu eins",
    "summieren sich zu 1", "summieren sich auf eins", "summieren sich auf 1", "summiert sich zu eins",
    "summiert sich zu 1", "auf dem simplex",
)  # fmt: skip
_DENYING = Phrases(*NONE, "n t", "unless", "instead", "rather than", "except", "nie", "statt", "ausser", "au\u00dfer")
_OF_COLUMNS = frozenset("column columns spalte spalten".split())
_OF_ROWS = frozenset("row rows zeile zeilen".split())


@dataclass(frozen=True)
class OneSums:
    """The arrays by their names, and the formulas and words that say so: where a formula begins, or a sentence."""

    names: frozenset[str] = frozenset()
    formulas: frozenset[int] = frozenset()
    sentences: frozenset[int] = frozenset()


@dataclass
class _Reader:
    note: Stated
    equations: Equations
    shapes: Mapping[str, tuple[str, ...]]
    names: set[str] = field(default_factory=set)
    formulas: set[int] = field(default_factory=set)
    sentences: set[int] = field(default_factory=set)

    def take_formula(self, formula: Formula, free: set[str]) -> None:
        """Takes the sums of a formula, if all that it says to be one are of what is ``free`` to have this property."""
        for piece in pieces_of(self.note.source, formula.start, formula.end):
            found = self.summed(piece)
            if found and found <= free:
                self.names |= found
                self.formulas |= {formula.start, piece.span[0]}

    def summed(self, piece: Piece) -> set[str]:
        """The arrays of which a chain of equations says that they sum to one, none if it says another thing."""
        first = piece.tokens[piece.first].start
        stops = [piece.tokens[n] for n in piece.signs]
        last = piece.tokens[piece.part(len(stops) - 1)[1] - 1].end
        starts, ends = [first, *(t.end for t in stops)], [*(t.start for t in stops), last]
        sides = [self.equations.expression(a, b) for a, b in zip(starts, ends, strict=True)]
        ones = [side for side in sides if side is not None and side.kind == "num" and side.value == "1"]
        sums = [self.array(side) for side in sides if side is not None and side not in ones]
        if len(ones) != 1 or len(sums) + 1 < len(sides) or None in sums:
            return set()
        return {name for name in sums if name is not None}

    def array(self, tree: Node) -> str | None:
        """The array of which a tree is the sum over its last axis; else None."""
        if tree.kind == "call" and tree.value == "sum" and len(tree.children) == 2:
            return self.by_letter(*tree.children)
        turned = [part.kind == "transpose" for part in tree.children]
        if (tree.kind == "terms" and turned == [True, False]) or tree.value == "dot":
            return self.by_ones([t.children[0] if t.kind == "transpose" else t for t in tree.children])
        return None

    def by_letter(self, body: Node, letter: Node) -> str | None:
        r"""``\sum_k q_{nk}``; the range is that of the axis, or a letter that only it has."""
        if body.kind != "entry" or body.children[-1].value != letter.value:
            return None
        name, shape = body.children[0].value, self.shapes.get(body.children[0].value, ())
        others = {axis for axes in self.shapes.values() for axis in axes} - {*shape[-1:]}
        ranges = {dim.value for index in (letter, body.children[-1]) for dim in index.children}
        whole = all(dim.isalpha() for dim in ranges) and not ranges & others
        return name if len(body.children) == len(shape) + 1 and whole else None

    def by_ones(self, factors: list[Node]) -> str | None:
        r"""``\mathbf{1}^\top q_n`` or ``q_n^\top \mathbf{1}``."""
        arrays = [t for t in factors if (t.kind, t.value) != ("bare", "ones")]
        if len(factors) != 2 or len(arrays) != 1:
            return None
        member = arrays[0].kind == "entry"
        name = arrays[0].children[0] if member else arrays[0]
        axes = len(self.shapes.get(name.value, ())) - (len(arrays[0].children) - 1 if member else 0)
        return name.value if name.kind == "name" and axes == 1 else None


def one_sums(
    note: Stated,
    equations: Equations,
    provisos: Provisos,
    *,
    asked: Collection[str],
    learned: Collection[str],
    places: Collection[int],
) -> OneSums:
    """What the note says to sum to one; raises InputError where that binds what it asks for the derivative by.

    Of what is ``learned`` the loss is differentiated, too: it is not taken to sum to one.

    What a sentence supposes counts where all that is ``asked``, or shown, stands in it, at these ``places``.
    """
    shapes = {d.spelled.name: d.shape for d in note.declared.found if not d.letter}
    given = {*equations.given()} & {*shapes}
    reader = _Reader(note, equations, shapes)
    bound = _Reader(note, equations, shapes)
    for formula, sentence in _stating(note, provisos):
        if _counts(note, formula, sentence, places):
            reader.take_formula(formula, given - {*asked, *learned})
            bound.take_formula(formula, given & {*asked})
    if bound.formulas:
        at = next(f for f in note.formulas if f.start in bound.formulas)
        raise note.source.error(say("notes.proviso.bound"), (at.start, at.end))
    for s in provisos.sentences:
        for n in s.places_of(ONE_SUM):
            told = _said_of(provisos, s, n, shapes) & given - {*asked, *learned}
            if told and _counts(note, None, s, places):
                reader.names |= told
                reader.sentences.add(s.start)
    return OneSums(frozenset(reader.names), frozenset(reader.formulas), frozenset(reader.sentences))


def _stating(note: Stated, provisos: Provisos) -> Iterator[tuple[Formula, Sentence]]:
    """The formulas with an equals sign, each with its sentence."""
    text = note.document.text
    for s in provisos.sentences:
        for formula in s.shown.values():
            if "=" in text[formula.start : formula.end] and not is_shown(text, formula.start):
                yield formula, s


def _counts(note: Stated, formula: Formula | None, s: Sentence, places: Collection[int]) -> bool:
    """Whether what a sentence says to be one holds wherever the note needs it."""
    supposed = s.other_case or (formula is not None and note.supposes(formula))
    whole = bool(places) and all(s.start <= at < s.end for at in places)
    return not s.has(_DENYING) and (not supposed or whole)


def _said_of(provisos: Provisos, s: Sentence, n: int, shapes: Mapping[str, tuple[str, ...]]) -> set[str]:
    """What "sum to one" is said of: vectors, or the rows of a matrix."""
    around = {*s.words[max(0, n - 6) : n]}
    if around & _OF_COLUMNS:
        return set()
    most = 2 if around & _OF_ROWS else 1
    return {name for name in provisos.bound(s, n) if len(shapes.get(name, ())) == most}

"""The questions of the parts and their answers without derivations, as blocks.

This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from backsym.core.dims import is_layered
from backsym.core.expr import Adj, Entry, Equation, Expr, Ix, Member, Shift, Sym
from backsym.core.problem import Problem
from backsym.core.steps import ForwardForms
from backsym.documents.content.blocks import Block, Equations, Math, Paragraph, Row, Text
from backsym.documents.content.figures import drawing
from backsym.documents.content.markup import blocks_of
from backsym.documents.content.mastheads import byline
from backsym.documents.content.sentences import Value, Voice
from backsym.documents.content.solved import Solved
from backsym.documents.content.vectorizing import lines_of
from backsym.documents.content.worked import DIGITS, EXACT, value_layout
from backsym.parts.kind import Answered, Fact, Indexed
from backsym.parts.table import kind_of
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.measure import width
from backsym.printing.notation import index
from backsym.printing.printer import range_layout

GETS = lay.Op("gets", "relation")
APPROXIMATELY = lay.Op("approx", "relation")

PER_LINE = 7
"""Derivatives that a question lists on one line of a display."""

IN_LINE = 22.0
"""An equation of at most this width, in em, stands in the line of the sentence that asks for it."""


def row(equation: Equation, indices: tuple[Ix, ...], voice: Voice) -> Row:
    """An equation with the range of its free indices."""
    return Row(voice.layout(equation.lhs), voice.layout(equation.rhs), range_layout(indices, voice.notation))


def start_rows(name: str, voice: Voice) -> list[Row]:
    """Before the first equation of a recurrence, what it starts from that has a name of its own: a^(0) = x."""
    block = voice.problem.by_name[name].block
    if block[:1] != (name,):
        return []
    found: list[Row] = []
    for eq in map(voice.problem.by_name.__getitem__, block):
        whole, dim = Sym(eq.name, eq.shape), eq.indices[0].dim
        for back, start in enumerate(eq.starts):
            if start.name not in voice.notation.starts:
                first = Shift(str(-back), dim, (), -back)
                lhs = Member(whole, (first, *(None for _ in start.shape))) if start.shape else Entry(whole, (first,))
                found.append(Row(voice.layout(lhs), voice.layout(start)))
    return found


def block_row(rows: Sequence[Sequence[Equation]], voice: Voice) -> Row:
    """One equation of two block matrices."""
    left = lay.Matrix(tuple(tuple(voice.layout(equation.lhs) for equation in line) for line in rows))
    return Row(left, lay.Matrix(tuple(tuple(voice.layout(equation.rhs) for equation in line) for line in rows)))


def given(parts: Sequence[Answered], solved: Solved) -> list[ForwardForms]:
    """The forward equations that a question sheet prints: not those that a part asks for."""
    asked = {name for a in parts if kind_of(a.part).forward for name in a.part.targets}
    return [forms for forms in solved.forward if forms.node not in asked and solved.problem.show_forward]


class Sheet:
    """What is written about a part without derivations: what :class:`backsym.parts.kind.Page` promises, as blocks."""

    def __init__(self, voice: Voice, where: str):
        self.voice = voice
        self.where = where
        """What a message calls the place of the author's text."""
        self.blocks: list[Block] = []
        self.tight = False
        """Whether equations share lines."""

    @property
    def problem(self) -> Problem:
        return self.voice.problem

    def say(self, key: str, **facts: Fact) -> None:
        self.blocks.append(self.voice.say(key, **{name: self._value(fact) for name, fact in facts.items()}))

    def prose(self, text: str) -> None:
        self.blocks.extend(blocks_of(text, self.where))

    def equations(self, equations: Iterable[Indexed]) -> None:
        """One short equation goes on in the line of what is said before it."""
        stated = tuple(equations)
        rows = tuple(row(equation, indices, self.voice) for equation, indices in stated)
        last = self.blocks[-1] if self.blocks else None
        if len(rows) == 1 and isinstance(last, Paragraph) and not _ended(last):
            low = _whole(row(*stated[0], self.voice.in_text))
            shown = lay.Sized("display", _whole(rows[0])) if lay.is_tall(low) else low
            range_of = (Text(", "), Math(rows[0].tail)) if rows[0].tail is not None else ()
            if width(shown) <= IN_LINE:
                self.blocks[-1] = Paragraph((*last.content, Text(" "), Math(shown), *range_of, Text(".")))
                return
        self.blocks.append(Equations(rows, beside=self.tight or all(r.tail is None for r in rows)))

    def formulas(self, formulas: Sequence[Expr]) -> None:
        """What is asked for, in the line of what is said before it; else in a display."""
        last = self.blocks[-1] if self.blocks else None
        if isinstance(last, Paragraph) and not _ended(last):
            listed = self.voice.catalogue.listing([self.voice.in_text.layout(e) for e in formulas])
            self.blocks[-1] = Paragraph((*last.content, Text(" "), *listed, Text(".")))
        else:
            self.blocks.append(Equations(lines_of([self.voice.layout(e) for e in formulas], PER_LINE)))

    def values(self, values: Iterable[tuple[Expr, Any]], *, exact: bool = False, new: bool = False) -> None:
        members = (pair for e, value in values for pair in self.members(e, value))
        found = [(e, *value_layout(value, self.voice, EXACT if exact else DIGITS)) for e, value in members]
        rows: list[Row] = []
        if exact or (all(same for _, _, same in found) and not new):
            rows = [Row(self.voice.layout(e), shown) for e, shown, _ in found]
        else:  # Rows are aligned at signs of equality; where there are others, none is.
            signs = [GETS if new else lay.EQUALS if same else APPROXIMATELY for _, _, same in found]
            pairs = zip(found, signs, strict=True)
            rows = [Row(None, lay.row(self.voice.layout(e), sign, shown)) for (e, shown, _), sign in pairs]
        if rows:
            self.blocks.append(Equations(tuple(rows)))

    def members(self, e: Expr, value: Any) -> Iterator[tuple[Expr, Any]]:
        """A quantity with its value, or each member of a family that is no one matrix."""
        shape = e.declared if isinstance(e, (Sym, Adj)) else ()
        if not is_layered(shape) and (len(shape) < 3 or shape[0] not in self.problem.family_dims):
            yield e, value
            return
        for n, member in enumerate(value, 1):
            at = Ix(str(n), shape[0])
            yield (Member(e, (at, *[None] * (len(shape) - 1))) if len(shape) > 1 else Entry(e, (at,))), member

    def computed(self, quantities: Sequence[Expr]) -> None:
        """Without derivations, the values alone are told, which the kind knows."""

    def assigned(self, target: Expr, forms: Sequence[Expr], indices: tuple[Ix, ...]) -> None:
        parts = [part for form in forms for part in (lay.EQUALS, self.voice.layout(form))][1:]
        whole = lay.row(self.voice.layout(target), GETS, *parts)
        self.blocks.append(Equations((Row(None, whole, range_layout(indices, self.voice.notation)),)))

    def block_matrix(self, rows: Sequence[Sequence[Equation]]) -> None:
        self.blocks.append(Equations((block_row(rows, self.voice),)))

    def picture(self, graph: str) -> None:
        self.blocks.append(drawing(self.voice, graph))

    def derived(self, answered: Answered) -> None:
        kind_of(answered.part).key(answered, self)

    vectorized = derived

    def _value(self, fact: Fact) -> Value:
        if isinstance(fact, str):
            return fact
        if isinstance(fact, (Expr, Ix)):
            return self._formula(fact)
        return self.voice.catalogue.listing(list(map(self._formula, fact)))

    def _formula(self, fact: Expr | Ix) -> Layout:
        return index(fact, self.voice.notation) if isinstance(fact, Ix) else self.voice.in_text.layout(fact)


def _whole(r: Row) -> lay.Layout:
    """A row as one formula, without its range."""
    return r.right if r.lhs is None else lay.row(r.lhs, lay.EQUALS, r.right)


def _ended(paragraph: Paragraph) -> bool:
    """Whether a paragraph is a whole sentence, after which no formula goes on."""
    last = paragraph.content[-1] if paragraph.content else None
    return not isinstance(last, Text) or last.text.rstrip().endswith((".", "!", "?"))


def question_blocks(answered: Answered, voice: Voice) -> tuple[Block, ...]:
    """What the part asks, below the lines of its masthead."""
    sheet = Sheet(voice, f"part {answered.label}")
    problem = voice.problem
    sheet.blocks.extend(map(Paragraph, byline(answered.part.masthead, problem.language, problem.masthead)))
    if answered.part.text:
        sheet.prose(answered.part.text)
    kind_of(answered.part).question(answered, sheet)
    return tuple(sheet.blocks)


def key_blocks(answered: Answered, voice: Voice) -> tuple[Block, ...]:
    """The answer of the part without its derivation."""
    sheet = Sheet(voice, f"answer of part {answered.label}")
    sheet.tight = True
    kind_of(answered.part).key(answered, sheet)
    return tuple(sheet.blocks)

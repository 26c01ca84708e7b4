"""Derivations and the answers of parts, from the recorded steps, as blocks.

This module must not know about output languages.
"""

from __future__ import annotations

import math as numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from backsym.core import stepkinds as sk
from backsym.core.expr import Adj, Equation, Expr, Sym, free_indices
from backsym.core.steps import Derivation, Fact, ForwardForms, Step, TotalDerivation, Verification
from backsym.documents.content.blocks import (
    Block,
    Derivations,
    Derived,
    Equations,
    Heading,
    Inlines,
    Math,
    Paragraph,
    Row,
    Text,
)
from backsym.documents.content.dimensions import dimension_check
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.plan import Line, condensed, lines
from backsym.documents.content.questions import Sheet, question_blocks, row
from backsym.documents.content.sentences import Voice, joined
from backsym.documents.content.solved import Solved
from backsym.documents.content.vectorizing import after_steps, before_steps, other_form
from backsym.documents.content.worked import numbers_row
from backsym.numeric.given import point
from backsym.parts.kind import Answered, Piece
from backsym.parts.table import kind_of
from backsym.printing import layout as lay
from backsym.printing.measure import width
from backsym.printing.printer import range_layout

TOGETHER = 24.0
"""Equal expressions of at most this width, in em, stand in one row."""


@dataclass
class Shown:
    """Which steps of which derivation the parts have printed already, so that none is printed twice."""

    options: Options = FULL
    _labels: dict[str, dict[int, str]] = field(default_factory=dict)

    def rest(self, node: str, positions: Iterable[int], label: str | None = None) -> tuple[tuple[int, ...], list[str]]:
        """The positions that are still to be printed, and where the others were; ``label`` prints them now."""
        labels = self._labels.setdefault(node, {})
        positions = tuple(positions)
        where = list(dict.fromkeys(labels[p] for p in positions if p in labels))
        rest = tuple(p for p in positions if p not in labels)
        if label is not None:
            labels.update(dict.fromkeys(rest, label))
        return rest, where


def labelled(answered: Answered, content: Sequence[Block], voice: Voice) -> list[Block]:
    """The blocks with the part's label in front, and its marks."""
    label: Inlines = (Text(answered.label, "strong"), Text(" "))
    if answered.part.marks:
        key = "document.mark" if str(answered.part.marks) == "1" else "document.marks"
        label += (*voice.catalogue.phrase(key, marks=str(answered.part.marks)), Text(" "))
    first = content[0] if content else None
    if isinstance(first, Paragraph):
        return [Paragraph((*label, *first.content)), *content[1:]]
    return [Paragraph(label[:-1]), *content]


class Worked(Sheet):
    """What is written about a part in a worked solution: derivations with their steps, below headings of ``level``."""

    def __init__(self, answered: Answered, voice: Voice, shown: Shown, level: int, solved: Solved):
        super().__init__(voice, f"answer of part {answered.label}")
        self.solved = solved
        self.shown = shown
        self.level = level

    def derived(self, answered: Answered) -> None:
        self._needed(answered)
        pieces = (*answered.needed, *answered.pieces)
        if pieces:
            self.blocks.append(Derivations(tuple(_derived(p, answered, self.voice, self.shown) for p in pieces)))

    def vectorized(self, answered: Answered) -> None:
        for piece, (asked, _) in zip(answered.pieces, answered.asked, strict=True):
            self.blocks.extend(_vectorized(piece, asked, answered, self.voice, self.shown))

    def computed(self, quantities: Sequence[Expr]) -> None:
        env = point(self.problem, self.solved.derivations)
        forms: dict[str, ForwardForms | Derivation] = {}
        forms |= {f"{f.node}": f for f in self.solved.forward}
        forms |= {f"d {d.node}": d for d in self.solved.derivations}
        names = [f"d {e.name}" if isinstance(e, Adj) else e.name for e in quantities if isinstance(e, (Sym, Adj))]
        equations = [forms[name].matrix or forms[name].entry for name in names]
        self.blocks.append(Equations(tuple(numbers_row(equation, env, self.voice) for equation in equations)))

    def _needed(self, answered: Answered) -> None:
        """Which derivatives the answer rests on without any part asking for them."""
        if answered.needed:
            key = "document.needed_one" if len(answered.needed) == 1 else "document.needed"
            self.say(key, adjoints=tuple(piece.result.lhs for piece in answered.needed))


def part_blocks(answered: Answered, voice: Voice, shown: Shown, level: int, solved: Solved) -> list[Block]:
    """A part: its question and its answer, below headings of ``level``."""
    blocks = labelled(answered, question_blocks(answered, voice), voice)
    worked = Worked(answered, voice, shown, level + 1, solved)
    kind_of(answered.part).solution(answered, worked)
    if not worked.blocks:
        return blocks  # The author gives no answer.
    words = voice.catalogue.phrase("document.result")
    emphasised = tuple(Text(w.text, "emphasis") if isinstance(w, Text) else w for w in words)
    return [*blocks, Paragraph(emphasised, leads=True), *worked.blocks]


def _vectorized(piece: Piece, asked: Equation, answered: Answered, voice: Voice, shown: Shown) -> list[Block]:
    """Shapes, the operation that fits, what it does to each subexpression, the picture, the result."""
    if piece.indices:  # There is no matrix form.
        return [Derivations((_derived(piece, answered, voice, shown),))]
    shown.rest(piece.node, piece.shown, answered.label)
    if shown.options.concise:
        return [Equations((_checked(piece.result, voice, _reason(_inner(piece.steps), voice)),))]
    inner = _inner(piece.steps)
    blocks = before_steps(piece.result, voice)
    if inner:
        blocks.append(Equations(rows_of(inner, voice)))
    return [*blocks, *after_steps(piece.result, None if inner else asked, voice), *other_form(piece.result, voice)]


def _inner(steps: Sequence[Step]) -> tuple[Step, ...]:
    """What is done to each subexpression to find a matrix form."""
    return tuple(inner for step in steps if step.kind == sk.VECTORIZE for inner in step.substeps)


def _derived(piece: Piece, answered: Answered, voice: Voice, shown: Shown) -> Derived:
    """The rows that no earlier part has printed, and the result."""
    steps = piece.steps
    where: list[str] = []
    if piece.shown:
        rest, where = shown.rest(piece.node, piece.shown, answered.label)
        steps = tuple(step for position, step in zip(piece.shown, piece.steps, strict=True) if position in rest)
    if piece.after and not steps:
        # An earlier part has printed how this was found; what follows goes on from what it found.
        found = next(step.before for step in piece.after if step.kind != sk.RECALL)
        facts: dict[str, Fact] = {"node": voice.problem.sym(piece.node)}
        steps = (Step(sk.CONCLUDE, piece.result.lhs, found, facts=facts), *piece.after)
    else:
        steps += piece.after
    result = row(piece.result, piece.indices, voice)
    rows = _stated(rows_of(steps, voice, shown.options), (_checked_row(result, piece.result, voice),), voice)
    if where:
        labels = voice.catalogue.listing(list(where))
        rows = (_because(rows[0], (voice.catalogue.phrase("reasons.derived_in", labels=labels),), voice), *rows[1:])
    return Derived(result, rows)


def rows_of(steps: Sequence[Step], voice: Voice, options: Options = FULL) -> tuple[Row, ...]:
    """The steps as rows of one display; what needs no word joins the row before it, where there is room."""
    rows: list[Row] = []
    before: Line | None = None
    for line in condensed(lines(steps)) if options.concise else lines(steps):
        reason = _reason(line.steps, voice)
        stages = tuple(voice.layout(stage) for stage in line.stages)
        found = Row(voice.layout(line.lhs), stages[-1], None, stages[:-1], reason)
        if before is not None and before.lhs == line.lhs:
            longer = replace(rows[-1], via=(*rows[-1].via, rows[-1].rhs, *stages[:-1]), rhs=stages[-1])
            if not reason and width(longer.right) <= TOGETHER:
                rows[-1] = longer
                continue
            found = replace(found, again=True)
        rows.append(found)
        before = line
    return tuple(rows)


def _reason(steps: Iterable[Step], voice: Voice) -> Inlines:
    return joined((voice.reason(step) for step in steps), voice.catalogue)


def _because(found: Row, reasons: Iterable[Inlines], voice: Voice) -> Row:
    """The row with further reasons."""
    return replace(found, reason=joined((found.reason, *reasons), voice.catalogue))


def _stated(rows: tuple[Row, ...], results: tuple[Row, ...], voice: Voice) -> tuple[Row, ...]:
    """The rows and then the results; a last row that states one of them states them all.

    Where it states none, the author asked for another form of what it states.
    """
    if not rows:
        return results
    last = rows[-1]
    same = next((n for n, result in enumerate(results) if (last.lhs, last.rhs) == (result.lhs, result.rhs)), None)
    if same is None:
        asked = voice.catalogue.phrase("reasons.asked")
        return (*rows, *(_because(result, (asked,), voice) for result in results))
    result = results[same]
    stated = replace(_because(last, (result.reason,), voice), tail=result.tail)
    # A result that another row has stated already is not said again.
    others = [r for r in results[:same] if (r.lhs, r.rhs) not in [(row.lhs, row.rhs) for row in rows]]
    earlier = {(r.lhs, r.rhs): r for r in results[:same]}
    told = tuple(replace(r, tail=earlier[r.lhs, r.rhs].tail) if (r.lhs, r.rhs) in earlier else r for r in rows[:-1])
    return (*told, *others, stated, *results[same + 1 :])


def _checked(equation: Equation, voice: Voice, reason: Inlines = ()) -> Row:
    """An equation with the sizes of its factors beside it."""
    return _checked_row(Row(voice.layout(equation.lhs), voice.layout(equation.rhs), reason=reason), equation, voice)


def _checked_row(found: Row, equation: Equation, voice: Voice) -> Row:
    check = dimension_check(equation, voice.notation)
    if check is None:
        return found
    return _because(found, ((Math(lay.row(check[0], lay.EQUALS, check[1])),),), voice)


def derivation_blocks(
    derivation: Derivation | TotalDerivation, verification: Verification, voice: Voice, level: int
) -> list[Block]:
    """One derivative: its steps, both forms, and what the numeric check said."""
    indices = range_layout(derivation.indices, voice.notation)
    tail = (Text(", "), Math(indices)) if indices is not None else ()
    blocks: list[Block] = [Heading(level, (Math(voice.layout(derivation.entry.lhs)), *tail))]
    rows = _stated(rows_of(derivation.steps, voice), both_forms(derivation, voice), voice)
    blocks.append(Derivations((Derived(both_forms(derivation, voice)[-1], rows),)))
    if derivation.no_matrix:
        reason = voice.catalogue.reason(derivation.no_matrix)
        blocks.append(voice.say("document.no_matrix", reason=reason))
    blocks.append(verified(verification, voice))
    return blocks


def both_forms(derivation: Derivation | TotalDerivation, voice: Voice) -> tuple[Row, ...]:
    """The result entry by entry, and as a whole where that is another equation."""
    rows = [row(derivation.entry, derivation.indices, voice)]
    if isinstance(derivation, Derivation) and derivation.member is not None:
        rows.append(row(derivation.member, free_indices(derivation.member.lhs), voice))
    if derivation.matrix is not None and derivation.matrix != derivation.entry:
        rows.append(_checked(derivation.matrix, voice))
    return tuple(rows)


def verified(verification: Verification, voice: Voice) -> Paragraph:
    """What the numeric check found."""
    draws = str(verification.draws)
    if verification.status == "unexercised":
        return voice.say("document.unexercised", draws=draws)
    if verification.status == "failed":
        return voice.say("document.failed")
    exponent = numbers.ceil(numbers.log10(verification.max_error) - 1e-9)
    power = lay.Script(lay.Number("10"), sup=lay.tight(lay.MINUS, lay.Number(str(-exponent))))
    return voice.say("document.verified", draws=draws, error=power)

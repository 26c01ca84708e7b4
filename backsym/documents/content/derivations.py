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
    Equations,
    Heading,
    Inlines,
    Math,
    Paragraph,
    Row,
    StepItem,
    Steps,
    Text,
)
from backsym.documents.content.dimensions import dimension_check
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.questions import Sheet, question_blocks, row
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import Solved
from backsym.documents.content.vectorizing import after_steps, before_steps, other_form
from backsym.documents.content.worked import numbers_row
from backsym.numeric.given import point
from backsym.parts.kind import Answered, Piece
from backsym.parts.table import kind_of
from backsym.printing.printer import range_layout


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
        for piece in (*answered.needed, *answered.pieces):
            self._heading(piece, answered)
            self.blocks.extend(_piece(piece, answered, self.voice, self.shown))

    def vectorized(self, answered: Answered) -> None:
        for piece, (asked, _) in zip(answered.pieces, answered.asked, strict=True):
            self._heading(piece, answered)
            self.blocks.extend(_vectorized(piece, asked, answered, self.voice, self.shown))

    def computed(self, quantities: Sequence[Expr]) -> None:
        env = point(self.problem, self.solved.derivations)
        forms: dict[str, ForwardForms | Derivation] = {}
        forms |= {f"{f.node}": f for f in self.solved.forward}
        forms |= {f"d {d.node}": d for d in self.solved.derivations}
        names = [f"d {e.name}" if isinstance(e, Adj) else e.name for e in quantities if isinstance(e, (Sym, Adj))]
        equations = [forms[name].matrix or forms[name].entry for name in names]
        self.blocks.append(Equations(tuple(numbers_row(equation, env, self.voice) for equation in equations)))

    def _heading(self, piece: Piece, answered: Answered) -> None:
        if len(answered.pieces) + len(answered.needed) > 1:
            about = self.voice.catalogue.phrase("document.piece", node=self.voice.quantity(piece.node))
            self.blocks.append(Heading(self.level, about))

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
    """Shapes, the operation that fits, what it does to each subexpression, the picture, the result, its sizes."""
    if piece.indices:  # There is no matrix form.
        return _piece(piece, answered, voice, shown)
    shown.rest(piece.node, piece.shown, answered.label)
    inner = tuple(s for step in piece.steps if step.kind == sk.VECTORIZE for s in step.substeps)
    blocks = before_steps(piece.result, voice)
    if inner:
        blocks.append(steps_block(inner, voice, shown.options))
    blocks += after_steps(piece.result, None if inner else asked, voice)
    return [*blocks, *dimensions(piece.result, voice), *other_form(piece.result, voice)]


def _piece(piece: Piece, answered: Answered, voice: Voice, shown: Shown) -> list[Block]:
    """The steps that no earlier part has printed, and the result."""
    steps = piece.steps
    blocks: list[Block] = []
    if piece.shown:
        rest, where = shown.rest(piece.node, piece.shown, answered.label)
        steps = tuple(step for position, step in zip(piece.shown, piece.steps, strict=True) if position in rest)
        blocks += _derived_in(where, voice)
    if piece.after and not steps:
        # An earlier part has printed how this was found; what follows goes on from what it found.
        found = next(step.before for step in piece.after if step.kind != sk.RECALL)
        facts: dict[str, Fact] = {"node": voice.problem.sym(piece.node)}
        steps = (Step(sk.CONCLUDE, piece.result.lhs, found, facts=facts), *piece.after)
    else:
        steps += piece.after
    result = row(piece.result, piece.indices, voice)
    blocks += _stated(steps_block(steps, voice, shown.options), (result,), voice)
    return [*blocks, *dimensions(piece.result, voice)]


def _stated(steps: Steps, results: tuple[Row, ...], voice: Voice) -> list[Block]:
    """The steps and then the results; a last step that states one of them states them all.

    Where it states none, the author asked for another form of what it states.
    """
    if not steps.items:
        return [Equations(results)]
    last = steps.items[-1]
    final = last.equation.rows[-1]
    if (final.lhs, final.rhs) in [(result.lhs, result.rhs) for result in results]:
        return [Steps((*steps.items[:-1], replace(last, equation=Equations(results))))]
    return [steps, voice.say("document.claimed"), Equations(results)]


def dimensions(equation: Equation, voice: Voice) -> list[Block]:
    """The dimension check line; nothing where there is nothing to check."""
    check = dimension_check(equation, voice.notation)
    return [] if check is None else [voice.say("document.dimensions"), Equations((Row(*check),))]


def _derived_in(labels: Sequence[str], voice: Voice) -> list[Block]:
    if not labels:
        return []
    key = "derived_in_one" if len(labels) == 1 else "derived_in"
    said = voice.say(f"document.{key}", labels=voice.catalogue.listing(list(labels)))
    return [replace(said, leads=True)]  # Else a heading could stand at the end of a page with nothing but this.


def steps_block(steps: Sequence[Step], voice: Voice, options: Options = FULL) -> Steps:
    """The steps, each stated for the left side at which its chain of equalities began.

    Where two chains meet in the same expression, the first one, which is what is derived, goes on.
    """
    began: dict[Expr, Expr] = {}
    main = {steps[0].before} if steps else set()
    items: list[StepItem] = []
    for step in steps:
        lhs = steps[0].before if step.before in main else began.get(step.before, step.before)
        if step.kind == sk.RECALL:  # It states a derivative by its name, whatever else is equal to that.
            lhs = step.before
        began[step.after] = lhs
        if step.before in main:
            main.add(step.after)
        equation = Equations((row(Equation(lhs, step.after), (), voice),))
        if options.detail == "brief":  # What is said of it must not announce steps that are left out.
            step = replace(step, substeps=())
        substeps = steps_block(step.substeps, voice, options) if step.substeps else None
        then = voice.catalogue.phrase("document.together") if substeps is not None else ()
        items.append(StepItem(_colon(voice.why(step)), equation, substeps, then))
    return Steps(_likewise(items, voice))


def _likewise(items: Sequence[StepItem], voice: Voice) -> tuple[StepItem, ...]:
    """The items, with a word for a sentence that repeats the one before."""
    pairs = zip([None, *items], items, strict=False)
    word = voice.catalogue.phrase("document.likewise")
    same = [before is not None and before.why == item.why and before.substeps is None for before, item in pairs]
    return tuple(replace(item, why=word) if again else item for item, again in zip(items, same, strict=True))


def _colon(sentence: Inlines) -> Inlines:
    """The sentence with a colon in place of its full stop, because an equation follows."""
    last = sentence[-1] if sentence else None
    if isinstance(last, Text) and last.text.endswith("."):
        return (*sentence[:-1], Text(last.text[:-1] + ":", last.style))
    return (*sentence, Text(":"))


def derivation_blocks(
    derivation: Derivation | TotalDerivation, shown: Shown, verification: Verification, voice: Voice, level: int
) -> list[Block]:
    """One derivative: where it was derived or its steps, both forms, and what the numeric check said."""
    indices = range_layout(derivation.indices, voice.notation)
    tail = (Text(", "), Math(indices)) if indices is not None else ()
    blocks: list[Block] = [Heading(level, (Math(voice.layout(derivation.entry.lhs)), *tail))]
    rest, where = shown.rest(derivation.node, range(len(derivation.steps)))
    blocks += _derived_in(where, voice)
    steps = steps_block([derivation.steps[p] for p in rest], voice, shown.options)
    blocks += _stated(steps, both_forms(derivation, voice), voice)
    if derivation.matrix is not None:
        blocks += dimensions(derivation.matrix, voice)
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
        rows.append(row(derivation.matrix, (), voice))
    return tuple(rows)


def verified(verification: Verification, voice: Voice) -> Paragraph:
    """What the numeric check found."""
    from backsym.printing import layout as lay

    draws = str(verification.draws)
    if verification.status == "unexercised":
        return voice.say("document.unexercised", draws=draws)
    if verification.status == "failed":
        return voice.say("document.failed")
    exponent = numbers.ceil(numbers.log10(verification.max_error) - 1e-9)
    power = lay.Script(lay.Number("10"), sup=lay.tight(lay.MINUS, lay.Number(str(-exponent))))
    return voice.say("document.verified", draws=draws, error=power)

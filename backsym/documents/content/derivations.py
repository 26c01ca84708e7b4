"""Derivations and the answers of parts, from the recorded steps, as blocks.

This module must not know about output languages.
"""

from __future__ import annotations

import math as numbers
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import groupby, islice

from backsym.core import stepkinds as sk
from backsym.core.dims import is_part
from backsym.core.expr import (
    ONE,
    Add,
    Adj,
    Entry,
    Equation,
    Expr,
    Fn,
    Partial,
    Shift,
    Sym,
    Total,
    free_indices,
    names_in,
    walk,
)
from backsym.core.names import split_name
from backsym.core.problem import Problem
from backsym.core.steps import Derivation, Fact, ForwardForms, Step, TotalDerivation, Verification, all_steps
from backsym.documents.content.blocks import (
    Aside,
    Block,
    Derivations,
    Derived,
    Equations,
    Heading,
    Inline,
    Inlines,
    Math,
    Paragraph,
    Ref,
    Row,
    Table,
    Text,
)
from backsym.documents.content.figures import legend, with_local_derivatives
from backsym.documents.content.likewise import Form, form_of, form_of_letters, pairs_of, renaming
from backsym.documents.content.markup import inlines_plain
from backsym.documents.content.plan import Line, condensed, lines, named, recalled, referring, stating, steps_of
from backsym.documents.content.questions import Sheet, question_blocks, row
from backsym.documents.content.sentences import Value, Voice, joined
from backsym.documents.content.solved import Solved, adjoints_of, in_turn, split_levels
from backsym.documents.content.told import Model, Shown
from backsym.documents.content.vectorizing import (
    before_steps,
    boxed,
    for_every,
    multiplies_arrays,
    operation,
    other_form,
    pictures,
    product_idea,
    rows_and_columns,
    sized,
    summed,
)
from backsym.documents.content.worked import numbers_row
from backsym.documents.remarks.ideas import WALK, ideas, kind_in_network, local_derivatives
from backsym.documents.remarks.readings import one_sided, readings
from backsym.documents.remarks.remark import Remark, base_of, holds
from backsym.documents.remarks.slips import slips
from backsym.documents.remarks.untagged import untagged
from backsym.documents.writers.breaking import CELL, as_formula, row_width
from backsym.numeric.given import point
from backsym.parts.kind import Answered, Piece
from backsym.parts.table import kind_of
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.measure import width
from backsym.printing.notation import index
from backsym.printing.printer import range_layout

TOGETHER = 24.0
"""Equal expressions of at most this width, in em, stand in one row."""

FOLDED = 34.0
"""In a row of up to this width with its remark, in em, stands also what its result is in terms of a quantity."""

SHARED = 19.0
"""On a concise page, derivations of one row that is at most so wide, in em, share lines."""

LONG = 2
"""A derivation of so many rows is not repeated in another part with other names."""

IDEAS = 2
"""Ideas that a part begins with, at most."""

NAMES = "SQRUVGH"
"""Letters for sums that a quotient rule repeats."""

GROUPED = 6
"""So many results of a network that are found likewise stand in a table: those of units, of sums and of weights."""

TABLE = 41.0
"""Columns of these results take at most so much room, in em."""

RENAMED = 4
"""At most so many names are said to take the place of others."""


def labelled(answered: Answered, content: Sequence[Block], voice: Voice) -> list[Block]:
    """The blocks with the part's label in front, and its marks."""
    label: Inlines = (Text(answered.label, "strong"), Text(" "))
    if answered.part.marks:
        key = "document.mark" if str(answered.part.marks) == "1" else "document.marks"
        label += (*voice.catalogue.phrase(key, marks=str(answered.part.marks)), Text(" "))
    first = content[0] if content else None
    if isinstance(first, Paragraph):
        return [Paragraph((*label, *first.content), leads=len(content) > 1), *content[1:]]
    return [Paragraph(label[:-1], leads=bool(content)), *content]


class Worked(Sheet):
    """What is written about a part in a worked solution: derivations with their steps, below headings of ``level``."""

    def __init__(self, answered: Answered, voice: Voice, shown: Shown, level: int, solved: Solved):
        super().__init__(voice, f"answer of part {answered.label}")
        self.solved = solved
        self.shown = shown
        self.level = level
        self.found: list[int] = []
        """Earlier results on which the part rests without asking for them."""

    def derived(self, answered: Answered) -> None:
        """One derivation of each kind, and the results that are found likewise, between the remarks about them."""
        pieces = (*answered.needed, *answered.pieces)
        said = self._remarks(islice(self._new(ideas(pieces, self.problem)), IDEAS), "idea")
        drawn = with_local_derivatives(self.voice, local_derivatives(pieces, self.problem)) if WALK in said else None
        if drawn is not None:
            self.say("document.local_derivatives")
            self.blocks.append(drawn)
        self._derived(answered)
        self._remarks(islice(self._new(readings(pieces, self.problem)), 1), "reading")
        self._remarks(islice(self._new(slips(pieces, self.problem)), 1), "slip")

    def _new(self, remarks: Iterable[Remark]) -> Iterator[Remark]:
        """The remarks of kinds that the document has not made yet, as far as a random point proves what they claim."""
        if self.shown.options.concise:
            return
        for remark in remarks:
            first = self.solved.points[:1]
            true = bool(first) and all(holds(claim, self.problem, first[0]) for claim in remark.claims)
            if true and self.shown.told.first(remark.key):
                yield remark

    def _remarks(self, remarks: Iterable[Remark], kind: str) -> list[str]:
        """Remarks of one kind in one paragraph; the keys of them."""
        voice = self.voice
        said: list[Inline] = []
        keys: list[str] = []
        for remark in remarks:
            keys.append(remark.key)
            facts = {name: self._value(fact) for name, fact in remark.facts.items()}
            said += [Text(" "), *voice.catalogue.phrase(remark.key, **facts)]
        if said:
            self.blocks.append(Aside(kind, (*_strong(voice.catalogue.phrase(f"document.{kind}")), *said)))
        return keys

    def _derived(self, answered: Answered) -> None:
        self._needed(answered)
        full: list[Derived] = []
        alike: list[Alike] = []
        above: tuple[Step, ...] = ()
        found: set[str] = set()
        for piece in in_turn((*answered.needed, *answered.pieces), lambda piece: piece.node, _used):
            earlier = None if kind_of(answered.part).plain else self._stated_before(piece)
            if earlier is not None:
                self.found.append(earlier)
                continue
            model = self._like(piece, answered.label)
            if model is not None:
                alike.append((piece, *model))
                continue
            if {other.node for other, _, _ in alike} & _used(piece):
                self._written(full, alike, answered.label)
                full, alike = [], []
            self.blocks += notes_before(piece.steps, self.voice, self.shown)
            elsewhere = self.shown.rest(piece.node, piece.shown)[1]
            full.append(_derived(piece, answered, self.voice, self.shown, above if full else (), found))
            above = () if elsewhere else piece.steps
            found |= set() if elsewhere else _recalled(piece.steps)
        self._written(full, alike, answered.label)
        if self.found:
            results = self.voice.catalogue.listing([(Ref(number),) for number in sorted(set(self.found))])
            self.blocks.append(self.voice.say("document.found", results=results))

    def _stated_before(self, piece: Piece) -> int | None:
        """The number of the result, where this problem has stated the same."""
        if piece.cases or piece.after:
            return None
        if piece.shown:
            return None if self.shown.rest(piece.node, piece.shown)[0] else self.shown.results.get(piece.node)
        form, model = self.shown.like(piece.steps)
        same = model is not None and model.voice.problem is self.problem and not renaming(model.form, form)
        return model.number if model is not None and same else None

    def _written(self, full: Sequence[Derived], alike: Sequence[Alike], label: str) -> None:
        """Derivations, and after them the results that are found likewise."""
        self.blocks += _in_lines(full) if self.shown.options.concise else [Derivations(tuple(full))] if full else []
        own = [each for each in alike if each[2].within(self.voice, label)]
        groups = _by_kind(own, self.problem)
        if len(groups) > 1:
            self.blocks += _in_table(groups, self.shown)
        elif own:
            self.blocks += likewise(own, label, self.shown)
        others = [each for each in alike if each not in own]
        self.blocks += likewise(others, label, self.shown) if others else []

    def _like(self, piece: Piece, label: str) -> tuple[Form, Model] | None:
        """The earlier derivation of which this one would be a repetition; of another part, only one of some length."""
        if not piece.steps or piece.cases or self.shown.rest(piece.node, piece.shown)[1]:
            return None
        form, model = self.shown.like((*piece.steps, *piece.after))
        if model is None:
            return None
        worth = model.within(self.voice, label)
        worth = worth or len(rows_of((*piece.steps, *piece.after), self.voice, self.shown)) >= LONG
        return (form, model) if worth else None

    def picture(self, graph: str) -> None:
        super().picture(graph)
        self.blocks += explained(self.voice, graph, self.shown)

    def vectorized(self, answered: Answered) -> None:
        for piece, (asked, _) in zip(answered.pieces, answered.asked, strict=True):
            self.blocks.extend(_vectorized(piece, asked, answered, self.voice, self.shown))
        self._remarks(islice(self._new(readings(answered.pieces, self.problem)), 1), "reading")

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


def notes_before(steps: Sequence[Step], voice: Voice, shown: Shown) -> list[Block]:
    """What a derivation needs to be said once in a document."""
    return [*direct_note(steps, voice, shown), *matrix_rules(steps, voice, shown)]


MATRIX_RULES = {"inv": "inverse", "solve": "inverse", "det": "determinant", "logdet": "determinant"}
"""Where the derivative of a function of a matrix is from."""


def matrix_rules(steps: Sequence[Step], voice: Voice, shown: Shown) -> list[Block]:
    """Why the inverse and the determinant have the derivatives that they have, where one is used for the first time."""
    if shown.options.concise:
        return []
    node = next((base for step in steps if isinstance(base := base_of(step.before), Adj)), None)
    forward = [part for step in all_steps(steps) if step.kind == sk.FORWARD for part in walk(step.after)]
    blocks: list[Block] = []
    for part in forward:
        rule = MATRIX_RULES.get(part.name) if isinstance(part, Fn) else None
        if rule is None or not isinstance(part, Fn) or node is None:
            continue
        matrix = part.args[0]
        if node.name in names_in(matrix) and shown.told.first(f"rule {rule}"):
            facts = {
                "matrix": matrix,
                "inverse": Fn("inv", (matrix,), kind="matrix"),
                "determinant": Fn("det", (matrix,)),
            }
            said = {key: voice.in_text.layout(fact) for key, fact in facts.items()}
            blocks.append(replace(voice.in_text.say(f"document.rules.{rule}", **said), leads=True))
    return blocks


def direct_note(steps: Sequence[Step], voice: Voice, shown: Shown) -> list[Block]:
    """What the derivative of the loss's own equation is, where the chain rule has it for the first time."""
    if shown.options.concise or shown.told.said("direct"):
        return []
    chains = [part for step in steps if step.kind in (sk.CHAIN_MULTI, sk.THROUGH) for part in walk(step.after)]
    partials = (part for part in chains if isinstance(part, Partial))
    found = next((part for part in partials if part.direct or _of_loss(part, voice.problem)), None)
    if found is None:
        return []
    shown.told.first("direct")
    said = voice.in_text.say("document.direct", direct=voice.in_text.layout(found), loss=voice.layout(found.num))
    return [replace(said, leads=True)]


def _of_loss(part: Partial, problem: Problem) -> bool:
    return isinstance(part.num, Sym) and part.num.name == problem.loss


def explained(voice: Voice, graph: str, shown: Shown) -> list[Block]:
    """What the shapes of a drawn graph stand for, below the first one of a document."""
    if shown.options.concise or shown.told.said("legend"):
        return []
    found = legend(voice, graph)
    if found is None:
        return []
    shown.told.first("legend")
    return [found]


def part_blocks(answered: Answered, voice: Voice, shown: Shown, level: int, solved: Solved) -> list[Block]:
    """A part: its question and its answer, below headings of ``level``."""
    blocks = labelled(answered, question_blocks(answered, voice), voice)
    short, said = _untagged(answered, voice)
    worked = Worked(answered, short, shown.spoken(short), level + 1, solved)
    kind_of(answered.part).solution(answered, worked)
    if not worked.blocks:
        return blocks  # The author gives no answer.
    worked.blocks[:0] = said
    if shown.options.concise:
        return [*blocks, *_begun(worked.blocks)]
    words = voice.catalogue.phrase("document.result")
    emphasised = tuple(Text(w.text, "emphasis") if isinstance(w, Text) else w for w in words)
    first, *others = worked.blocks
    if isinstance(first, Paragraph):
        return [*blocks, Paragraph((*emphasised, Text(" "), *first.content), first.leads, solves=True), *others]
    return [*blocks, Paragraph(emphasised, leads=True, solves=True), *worked.blocks]


def _begun(blocks: Sequence[Block]) -> list[Block]:
    """The blocks of a solution that no word leads to."""
    first, *others = blocks
    return [replace(first, solves=True) if isinstance(first, Paragraph) else first, *others]


def _untagged(answered: Answered, voice: Voice) -> tuple[Voice, list[Block]]:
    """How an answer is spoken where all names in it have the tag of one layer, and the sentence that says so."""
    problem = voice.problem
    pieces = (*answered.needed, *answered.pieces)
    remarks = (remark for rule in (ideas, readings, slips) for remark in rule(pieces, problem))
    found = untagged(answered, remarks, problem, voice.notation) if pieces else None
    if found is None:
        return voice, []
    say = voice.catalogue.phrase
    sizes = [say("document.untagged.size", short=short, long=long) for short, long in found.sizes]
    key = "layer" if found.layer and isinstance(found.tag.body, lay.Number) else "name"
    facts: dict[str, Value] = {"tag": found.tag, "layer": found.tag.body}
    facts["sizes"] = say("document.untagged.sizes", sizes=voice.catalogue.listing(sizes)) if sizes else ""
    return replace(voice, notation=found.notation), [Paragraph(say(f"document.untagged.{key}", **facts))]


def _used(piece: Piece) -> set[str]:
    """The quantities by whose derivatives a result is stated."""
    return set().union(*(adjoints_of(equation.rhs) for equation, _ in piece.results))


def _strong(content: Inlines) -> Inlines:
    return tuple(Text(item.text, "strong") if isinstance(item, Text) else item for item in content)


def _in_lines(derived: Sequence[Derived]) -> list[Block]:
    """The derivations one after another; neighbours that are one short row each share lines."""

    def short_row(each: Derived) -> bool:
        return len(each.rows) == 1 and row_width(each.rows[0]) <= SHARED

    blocks: list[Block] = []
    for short, items in groupby(derived, key=short_row):
        found = tuple(items)
        blocks.append(Derivations(found, beside=short and len(found) > 1))
    return blocks


Alike = tuple[Piece, Form, Model]
"""A result, and the derivation that its own is like."""


def _by_kind(alike: Sequence[Alike], problem: Problem) -> dict[str, list[Alike]]:
    """Results about a network of units by their kinds; none where there are few, or others, or all are of one kind.

    A kind has nothing that is stated by what a later one finds.
    """
    kinds = [kind_in_network(piece, problem) for piece, _, _ in alike]
    if None in kinds or len(alike) < GROUPED:
        return {}
    groups: dict[str, list[Alike]] = {}
    for each, kind in zip(alike, kinds, strict=True):
        groups.setdefault(str(kind), []).append(each)
    left = {piece.node for piece, _, _ in alike}
    for group in groups.values():
        left -= {piece.node for piece, _, _ in group}
        if any(_used(piece) & left for piece, _, _ in group):
            return {}
    return groups


def _in_table(groups: Mapping[str, Sequence[Alike]], shown: Shown) -> list[Block]:
    """Results that are found likewise, each kind below its name with one number, in as few lines as fit."""
    voice = shown.voice
    heads: dict[str, Inlines] = {}
    cells: dict[str, list[Inlines]] = {}
    for kind, alike in groups.items():
        heads[kind] = (*voice.catalogue.phrase(f"document.likewise.{kind}"), Text(" "), _numbered(alike, shown))
        rows = [row(piece.result, piece.indices, voice) for piece, _, _ in alike]
        whole = [lay.row(r.lhs, lay.EQUALS, r.rhs) for r in rows if r.lhs is not None]
        cells[kind] = [(Math(lay.Sized("display", each)),) for each in whole]
    columns = dict.fromkeys(cells, 1)
    while True:
        height, longest = max((-(-len(cells[kind]) // count), kind) for kind, count in columns.items())
        wider = {**columns, longest: columns[longest] + 1}
        if height == 1 or sum(count * _column(cells[kind]) for kind, count in wider.items()) > TABLE:
            break
        columns = wider
    head: list[Inlines] = []
    for kind, count in columns.items():
        head += [heads[kind], *[()] * (count - 1)]
    lines: list[tuple[Inlines, ...]] = []
    for n in range(height):
        line: list[Inlines] = []
        for kind, count in columns.items():
            found = cells[kind][n * count : (n + 1) * count]
            line += [*found, *[()] * (count - len(found))]
        lines.append(tuple(line))
    return [voice.say("document.likewise.here"), Table(tuple(head), tuple(lines))]


def _column(cells: Sequence[Inlines]) -> float:
    return max(width(as_formula(cell)) for cell in cells) + CELL


def _numbered(alike: Sequence[Alike], shown: Shown) -> Ref:
    """One number for several results."""
    mark = shown.told.number()
    for piece, _, _ in alike:
        shown.rest(piece.node, piece.shown, mark.number)
        shown.stated(piece, mark.number)
    return mark


def likewise(alike: Sequence[Alike], label: str, shown: Shown) -> list[Block]:
    """Results whose derivations are those of others with other names, side by side below one number."""
    voice = shown.voice
    mark = _numbered(alike, shown)
    rows = [row(piece.result, piece.indices, voice) for piece, _, _ in alike]
    rows[-1] = replace(rows[-1], reason=(mark,))
    said = _as_in([(form, model) for _, form, model in alike], label, voice)
    return [Paragraph(said), Equations(tuple(rows), beside=True)]


def _as_in(alike: Sequence[tuple[Form, Model]], label: str, voice: Voice, where: str = "document") -> Inlines:
    """Which derivations are repeated, and with which names; nothing more is said of those of this part."""
    say = voice.catalogue.phrase
    if all(model.within(voice, label) for _, model in alike):
        return say(f"{where}.likewise.here")
    numbers = sorted({model.number for _, model in alike})
    results = voice.catalogue.listing([(Ref(number),) for number in numbers])
    form, model = alike[0]
    names = pairs_of(renaming(model.form, form), voice.problem)
    if len(alike) > 1 or not 0 < len(names) <= RENAMED:
        return say(f"{where}.likewise.there", results=results)
    # Either part may have dropped the tag of its layer, by which the names are told apart.
    own, other = Voice.of(voice.problem), Voice.of(model.voice.problem)
    pairs = [say("document.likewise.pair", new=own.quantity(new), old=other.quantity(old)) for old, new in names]
    return say(f"{where}.likewise.with", results=results, pairs=voice.catalogue.listing(pairs))


def _vectorized(piece: Piece, asked: Equation, answered: Answered, voice: Voice, shown: Shown) -> list[Block]:
    """The operation that fits, what it does to each subexpression, the picture, and the result with its shapes."""
    if piece.indices:  # There is no matrix form.
        return [Derivations((_derived(piece, answered, voice, shown),))]
    form, model = shown.like(piece.steps)
    mark = shown.told.number()
    shown.rest(piece.node, piece.shown, mark.number)
    shown.stated(piece, mark.number)
    if shown.options.concise:
        reason = _reason(_inner(piece.steps), voice, {})
        return [Equations((_marked(replace(row(piece.result, (), voice), reason=reason), mark),))]
    result = Equations((replace(boxed(piece.result, voice), reason=(mark,)),))
    if model is not None and piece.steps:
        return [Paragraph(_as_in([(form, model)], "", voice)), result]
    shown.model(form, mark.number, answered.label)
    inner = _inner(piece.steps)
    kind = operation(piece.result.rhs)
    blocks: list[Block] = []
    idea = product_idea(asked, voice) if kind == "product" else None
    if idea is not None and shown.told.first("idea of a product"):
        strong = _strong(voice.catalogue.phrase("document.idea"))
        blocks.append(Aside("idea", (*strong, Text(" "), *idea)))
    elif idea is None and (shown.told.first(f"vectorizing {kind}") or not inner):
        blocks += before_steps(piece.result, voice)
    if inner:
        rows = rows_of(inner, voice)
        if idea is not None and not any(step.kind == sk.LIFT_TRANSPOSE for step in inner):
            rows = (*rows[:-1], _met(rows[-1], asked, voice))
        blocks.append(Equations(rows_and_columns(rows, asked, voice) if idea is not None else rows))
        letters = for_every(asked, inner[-1].after, voice)
        if letters and shown.told.first(f"for every {inlines_plain(letters)}"):
            blocks.append(voice.say("document.vectorizing.every", letters=letters))
    if shown.told.first(f"picture of {kind}"):
        blocks += pictures(piece.result, None if inner else asked, voice)
    blocks.append(result)
    return [*blocks, *(other_form(piece.result, voice) if shown.told.first(f"other form of {kind}") else ())]


def _met(found: Row, asked: Equation, voice: Voice) -> Row:
    """The row with the reason why no factor of its product is transposed."""
    product = summed(asked)
    assert product is not None
    met = voice.catalogue.phrase("reasons.met", index=index(product[1], voice.notation))
    return replace(found, reason=joined((met, found.reason), voice.catalogue))


def _inner(steps: Sequence[Step]) -> tuple[Step, ...]:
    """What is done to each subexpression to find a matrix form."""
    return tuple(inner for step in steps if step.kind == sk.VECTORIZE for inner in step.substeps)


def _recalled(steps: Sequence[Step]) -> set[str]:
    """By which quantities derivatives were found on the way to another one."""
    return {name for step in all_steps(steps) if step.substeps and (name := recalled(step)) is not None}


def _derived(
    piece: Piece,
    answered: Answered,
    voice: Voice,
    shown: Shown,
    above: Sequence[Step] = (),
    found: AbstractSet[str] = frozenset(),
) -> Derived:
    """The rows that no earlier part has printed, and the result.

    ``above`` are the steps of what stands above them, and the derivatives by what is ``found`` stand in its rows.
    """
    steps = piece.steps
    where: list[int] = []
    mark = shown.told.number()
    if piece.shown:
        rest, where = shown.rest(piece.node, piece.shown, mark.number)
        steps = tuple(step for position, step in zip(piece.shown, piece.steps, strict=True) if position in rest)
    if piece.after and not steps:
        # An earlier part has printed how this was found; what follows goes on from what it found.
        form = next(step.before for step in piece.after if step.kind != sk.RECALL)
        facts: dict[str, Fact] = {"node": voice.problem.sym(piece.node)}
        steps = (Step(sk.CONCLUDE, piece.result.lhs, form, facts=facts), *piece.after)
    else:
        steps += piece.after
    results = tuple(row(*stated, voice) for stated in piece.results)
    known = None if where or piece.cases else _entries_like(steps, answered.label, shown)
    if known is not None:
        found_rows = (known[0], *rows_of(known[1], voice, shown))
    else:
        found_rows = rows_of(steps, voice, shown, above, found)
    if piece.cases:
        rows = _in_cases(found_rows, results)
    else:
        result = results[0] if shown.options.concise else _sized(results[0], piece.result, voice)
        rows = _with_side(_stated(found_rows, (result,), voice), piece.result, voice, shown)
        if piece in answered.pieces and not shown.options.concise:
            rows = _boxed(rows)
    if where and not (steps and steps[0].kind == sk.CONCLUDE):
        found_by = joined((by_results(where, voice), rows[0].reason), voice.catalogue)
        rows = (replace(rows[0], reason=found_by), *rows[1:])
    elif steps and not where:
        for part in dict.fromkeys((steps, _below_matrices(steps))):
            shown.model(form_of(part, voice.problem), mark.number, answered.label)
    shown.stated(piece, mark.number)
    if not piece.derivative and not piece.cases and steps:
        shown.displayed.setdefault(stating(_planned(steps, voice, shown)), mark.number)
        for step in steps:
            if step.kind == sk.LOCAL:
                shown.locals.setdefault(_local_form(step, voice.problem), mark.number)
    return Derived(results[-1], (*rows[:-1], _marked(rows[-1], mark)))


def _local_form(step: Step, problem: Problem) -> Hashable:
    """What a local derivative states, but for letters, be it within a chain rule or asked for."""
    of = step.before
    sides = (of.of, *of.by) if isinstance(of, Total) else (of.num, of.den) if isinstance(of, Partial) else (of,)
    return form_of_letters(problem, *sides, step.after)


def _in_cases(rows: tuple[Row, ...], cases: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows and then the cases; what a row has stated already is not said again, but of which members it holds.

    Rows at the end that state a case stand among the cases, so that a recursion follows what it starts from.
    """
    known = {_equation(case): case for case in cases}
    told = list(rows)
    last: dict[tuple[object, object], Row] = {}
    while told and not told[-1].via and not told[-1].again and _equation(told[-1]) in known:
        row = told.pop()
        last[_equation(row)] = row
    told = [replace(r, tail=known[_equation(r)].tail) if _equation(r) in known else r for r in told]
    said = set(map(_equation, told))
    stated = [replace(last.get(_equation(c), c), tail=c.tail) for c in cases if _equation(c) not in said]
    return (*told, *stated)


def _below_matrices(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps entry by entry."""
    return steps[: len(split_levels(steps)[0])]


def _entries_like(steps: tuple[Step, ...], label: str, shown: Shown) -> tuple[Row, tuple[Step, ...]] | None:
    """What is found entry by entry as in an earlier derivation, in one row, and the steps from there to matrices."""
    entries = _below_matrices(steps)
    if len(entries) in (0, len(steps)):
        return None
    form, model = shown.like(entries)
    if model is None or len(rows_of(entries, shown.voice, shown)) < LONG + 1:
        return None
    voice = shown.voice
    reason = _as_in([(form, model)], label, voice, "reasons")
    return Row(voice.layout(entries[0].before), voice.layout(entries[-1].after), reason=reason), steps[len(entries) :]


def _leaves_an_axis(line: Line) -> bool:
    """Whether a letter that runs over more than an axis stands on it, V_ij for j = 1, ..., 2K, and no step says so."""
    entries = (part for stage in line.stages for part in walk(stage) if isinstance(part, Entry))
    moved = (ix for entry in entries for ix in entry.indices if isinstance(ix, Shift) and ix.offset == 0)
    beyond = any(len(ix.parts) == 1 and ix.parts[0][1] == 1 and is_part(ix.dim, ix.parts[0][0].dim) for ix in moved)
    return beyond and not any(step.kind == sk.KRONECKER_SHIFT for step in line.steps)


def by_results(numbers: Sequence[int], voice: Voice) -> Inlines:
    """``by (3)``: where something was found."""
    return voice.catalogue.phrase("reasons.by", results=voice.catalogue.listing([(Ref(n),) for n in numbers]))


def rows_of(
    steps: Sequence[Step],
    voice: Voice,
    shown: Shown | None = None,
    above: Sequence[Step] = (),
    found: AbstractSet[str] = frozenset(),
) -> tuple[Row, ...]:
    """The steps as rows of one display; what needs no word joins the row before it, where there is room.

    What the derivation ``above`` is from is not said again of a local derivative that is 1.  The derivatives by what is
    ``found`` stand in a row further up.
    """
    rows: list[Row] = []
    before: Line | None = None
    known = {} if shown is None else shown.results
    concise = shown is not None and shown.options.concise
    shown_lines = _planned(steps, voice, shown, found)
    if shown is not None:
        shown_lines = referring(shown_lines, shown.displayed)
    heads = {} if concise else steps_of(shown_lines)
    for position, line in enumerate(shown_lines):
        told = tuple(step for step in line.steps if _tells(step, voice.problem, concise=concise))
        reason = voice.catalogue.phrase("reasons.likewise.here") if line.like else _reason(told, voice, known, above)
        if line.by is not None:
            reason = by_results([line.by], voice)
        if line.gives is not None:
            left, right = map(voice.in_text.layout, line.gives)
            reason = voice.catalogue.phrase("reasons.named", equation=lay.row(left, lay.EQUALS, right))
        if shown is not None and not concise and _leaves_an_axis(line) and shown.told.first("outside"):
            reason = joined((reason, voice.catalogue.phrase("reasons.outside")), voice.catalogue)
        stages = tuple(voice.tinted(stage) for stage in line.stages)
        uses = None if concise else _uses(line, voice)
        if uses is not None:
            stages, reason = (*stages[:-1], uses), ()
        shown_row = Row(voice.layout(line.lhs), stages[-1], None, stages[:-1], reason)
        if position in heads:
            shown_row = replace(shown_row, head=_head(list(heads).index(position), heads[position], shown_lines, voice))
        if before is not None and before.lhs == line.lhs:
            longer = replace(rows[-1], via=(*rows[-1].via, rows[-1].rhs, *stages[:-1]), rhs=stages[-1])
            folds = {step.kind for step in line.steps} == {sk.FOLD}
            longer = replace(longer, reason=joined((longer.reason, reason), voice.catalogue))
            if (folds and row_width(longer) <= FOLDED) or (not reason and width(longer.right) <= TOGETHER):
                rows[-1] = longer
                continue
            shown_row = replace(shown_row, again=True)
        rows.append(shown_row)
        before = line
    return tuple(rows)


def _planned(
    steps: Sequence[Step], voice: Voice, shown: Shown | None, found: AbstractSet[str] = frozenset()
) -> tuple[Line, ...]:
    """The lines of a derivation, without the derivatives that are ``found`` or known."""
    known = set() if shown is None else shown.results.keys()

    def stated(step: Step) -> int | None:
        if shown is None or not isinstance(step.before, Partial):
            return None
        return shown.locals.get(_local_form(step, voice.problem))

    planned = lines(steps, known | found, lambda step: form_of((step,), voice.problem).key, stated)
    if shown is not None and shown.options.concise:
        return condensed(planned)
    return named(planned, _letters(voice), lambda e: form_of_letters(voice.problem, e))


def _head(place: int, derivative: Expr, planned: Sequence[Line], voice: Voice) -> Inlines:
    """``2. The equation of a``: the name of a step of a long derivation."""
    if derivative == planned[0].lhs:
        key, node = "together", derivative
    else:
        through = next((part for part in walk(derivative) if isinstance(part, Partial)), None)
        node = base_of(derivative if through is None else through.num)
        line = next(line for line in planned if line.lhs == derivative)
        sources = [fact for fact in _sources(line.steps) if isinstance(fact, Sym)]
        direct = isinstance(node, Adj) and [source.name for source in sources] == [voice.problem.loss]
        key = "loss" if direct else "derivative" if isinstance(node, Adj) else "equation"
        key = key if through in (None, derivative) else "through"
        node = Sym(node.name, node.shape) if isinstance(node, Adj) else node
    said = voice.catalogue.phrase(f"document.steps.{key}", node=voice.layout(node))
    return (Text(f"{place + 1}. ", "strong"), *_strong(said))


def _uses(line: Line, voice: Voice) -> Layout | None:
    """The sum over all uses of a parameter, with a brace below each term that says which use it is from."""
    opening = next((step for step in line.steps if step.kind == sk.CHAIN_MULTI), None)
    last = line.stages[-1]
    if opening is None or line.steps[-1].kind != sk.SUM_PATHS or not isinstance(last, Add):
        return None
    node, consumers = base_of(opening.before), opening.facts["consumers"]
    if not isinstance(node, Adj) or voice.problem.symbols[node.name].role != "parameter":
        return None
    assert isinstance(consumers, tuple)
    by_name = {base.name: use for use in consumers if isinstance(use, Expr) and isinstance(base := base_of(use), Sym)}
    items: list[Layout] = []
    for term in last.args if len(by_name) == len(last.args) else ():
        names = adjoints_of(term)
        if len(names) != 1 or not names <= by_name.keys():
            return None
        apart = lay.Space("medium")
        said = as_formula(
            voice.in_text.catalogue.phrase("reasons.use", consumer=voice.layout(by_name.pop(next(iter(names)))))
        )
        items += [lay.Op("plus")] if items else []
        items.append(lay.Underbrace(voice.tinted(term), lay.row(apart, said, apart)))
    found = lay.row(*items)
    return found if lay.unmarked(found) == voice.layout(last) else None


def _letters(voice: Voice) -> Iterator[str]:
    """Letters for what gets a name on the page: none that the problem uses, nor those of stacked vectors."""
    used = {split_name(name)[0] for name in (*voice.problem.symbols, *voice.problem.dims)}
    used |= {split_name(name)[0].upper() for name, symbol in voice.problem.symbols.items() if len(symbol.shape) > 1}
    return (letter for letter in NAMES if letter not in used)


def _tells(step: Step, problem: Problem, *, concise: bool) -> bool:
    """Whether something may be said of a step: that only one equation uses a quantity, of numbers, and if it is so."""
    if step.kind != sk.CHAIN:
        return True
    node, consumers = step.facts["node"], step.facts["consumers"]
    assert isinstance(consumers, tuple)
    if concise or not isinstance(node, Sym):
        return False
    users = [eq.name for eq in problem.equations if node.name in names_in(eq.rhs)]
    return users == [e.name for e in consumers if isinstance(e, Sym)]


def _reason(steps: Sequence[Step], voice: Voice, known: Mapping[str, int], above: Sequence[Step] = ()) -> Inlines:
    """Why a row holds: for what was found before, the numbers of the results."""
    again = [step for step in steps if step.kind == sk.FORWARD and step.facts["node"] in _sources(above)]
    one = next((step for step in steps if again and step.kind == sk.LOCAL and step.after == ONE), None)
    if one is not None:
        local = voice.in_text.layout(one.before)
        said = voice.catalogue.phrase("reasons.likewise.one", local=lay.row(local, lay.EQUALS, voice.layout(one.after)))
        rest = [s for s in steps if s not in (*again, one) and s.kind != sk.CHAIN]
        return joined((said, _reason(rest, voice, known)), voice.catalogue)
    numbers = [known[name] for step in steps if (name := recalled(step)) in known and name is not None]
    others = (voice.reason(step) for step in steps if recalled(step) not in known)
    by = (by_results(list(dict.fromkeys(numbers)), voice),) if numbers else ()
    return joined((*by, *others), voice.catalogue)


def _sources(steps: Iterable[Step]) -> list[Fact]:
    """The quantities whose forward equations a derivation along one path is from."""
    return [step.facts["node"] for step in steps if step.kind == sk.FORWARD]


def _because(found: Row, reasons: Iterable[Inlines], voice: Voice) -> Row:
    """The row with further reasons."""
    return replace(found, reason=joined((found.reason, *reasons), voice.catalogue))


def _marked(found: Row, mark: Ref) -> Row:
    """The row with the number of the result, set apart from its reason."""
    apart: Inlines = (Math(lay.Space("quad")),) if found.reason else ()
    return replace(found, reason=(*found.reason, *apart, mark))


def _stated(rows: tuple[Row, ...], results: tuple[Row, ...], voice: Voice) -> tuple[Row, ...]:
    """The rows and then the results; a last row that states one of them states them all.

    Where it states none, the author asked for another form of what it states.
    """
    if not rows:
        return results
    last = rows[-1]
    same = next((n for n, result in enumerate(results) if _equation(last) == _equation(result)), None)
    if same is None:
        asked = voice.catalogue.phrase("reasons.asked")
        return (*rows, *(_because(result, (asked,), voice) for result in results))
    result = results[same]
    stated = replace(_because(last, (result.reason,), voice), tail=result.tail)
    if lay.unmarked(result.rhs) != result.rhs:
        stated = replace(stated, lhs=result.lhs, rhs=result.rhs)
    # A result that another row has stated already is not said again.
    others = [r for r in results[:same] if _equation(r) not in map(_equation, rows)]
    earlier = {_equation(r): r for r in results[:same]}
    told = tuple(replace(r, tail=earlier[_equation(r)].tail) if _equation(r) in earlier else r for r in rows[:-1])
    return (*told, *others, stated, *results[same + 1 :])


def _equation(r: Row) -> tuple[Layout | None, Layout]:
    """What a row states, without colours, boxes, braces and the spaces between factors."""
    return None if r.lhs is None else lay.stated(r.lhs), lay.stated(r.rhs)


def _with_side(rows: tuple[Row, ...], result: Equation, voice: Voice, shown: Shown) -> tuple[Row, ...]:
    """The rows, where a gradient that is a row or a column for the first time in a document is said to be so."""
    remark = one_sided(result)
    if remark is None or len(rows) < LONG or shown.options.concise or not shown.told.first(remark.key):
        return rows
    facts = {name: voice.layout(fact) for name, fact in remark.facts.items() if isinstance(fact, Expr)}
    said = voice.catalogue.phrase(remark.key, **facts)
    return (*rows[:-1], _because(rows[-1], (said,), voice))


def _sized(found: Row, equation: Equation, voice: Voice) -> Row:
    """The row of an equation with the sizes of the factors below them, where there is a product of arrays."""
    if not multiplies_arrays(equation.rhs):
        return found
    left, right = sized(equation, voice)
    return replace(found, lhs=left, rhs=right)


def _boxed(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows with a box around what they lead to; one row alone, and what is too wide, has none."""
    last = rows[-1]
    if len(rows) < LONG or width(last.rhs) > TOGETHER:
        return rows
    return (*rows[:-1], replace(last, rhs=lay.Boxed(last.rhs)))


def derivation_blocks(
    derivation: Derivation | TotalDerivation,
    verification: Verification,
    voice: Voice,
    level: int,
    shown: Shown | None = None,
) -> list[Block]:
    """One derivative: its steps and both forms; numbered where ``shown`` has others, else with what its check found."""
    indices = range_layout(derivation.indices, voice.notation)
    tail = (Text(", "), Math(indices)) if indices is not None else ()
    blocks: list[Block] = [Heading(level, (Math(voice.layout(derivation.entry.lhs)), *tail))]
    forms = both_forms(derivation, voice)
    if shown is not None:
        blocks += notes_before(derivation.steps, voice, shown)
    rows = rows_of(derivation.steps, voice, shown)
    cases = isinstance(derivation, Derivation) and bool(derivation.cases)
    rows = _in_cases(rows, forms) if cases else _boxed(_stated(rows, forms, voice))
    if shown is not None:
        rows = rows if cases or derivation.matrix is None else _with_side(rows, derivation.matrix, voice, shown)
        mark = shown.told.number()
        if isinstance(derivation, Derivation):
            shown.results.setdefault(derivation.node, mark.number)
        rows = (*rows[:-1], _marked(rows[-1], mark))
    blocks.append(Derivations((Derived(forms[-1], rows),)))
    if derivation.no_matrix and (isinstance(derivation, TotalDerivation) or not derivation.by_members):
        reason = voice.catalogue.reason(derivation.no_matrix)
        blocks.append(voice.say("document.no_matrix", reason=reason))
    return blocks if shown is not None else [*blocks, verified(verification, voice)]


def both_forms(derivation: Derivation | TotalDerivation, voice: Voice) -> tuple[Row, ...]:
    """The result entry by entry, and as a whole where that is another equation."""
    if isinstance(derivation, Derivation) and derivation.cases:
        forms = [case.indexed(case.entry) for case in derivation.cases]
        forms += [case.indexed(case.matrix) for case in derivation.cases if case.matrix is not None]
        return tuple(row(*form, voice) for form in forms)
    rows = [row(derivation.entry, derivation.indices, voice)]
    if isinstance(derivation, Derivation) and derivation.member is not None:
        rows.append(row(derivation.member, free_indices(derivation.member.lhs), voice))
    if derivation.matrix is not None and derivation.matrix != derivation.entry:
        rows.append(_sized(row(derivation.matrix, (), voice), derivation.matrix, voice))
    return tuple(rows)


def verified(verification: Verification, voice: Voice) -> Paragraph:
    """What the numeric check found."""
    draws = str(verification.draws)
    if verification.status == "unexercised":
        reason = "" if verification.reason is None else voice.catalogue.reason(verification.reason)
        return voice.say("document.unexercised", draws=draws, reason=reason)
    if verification.status == "failed":
        return voice.say("document.failed")
    exponent = numbers.ceil(numbers.log10(verification.max_error) - 1e-9)
    power = lay.Script(lay.Number("10"), sup=lay.tight(lay.MINUS, lay.Number(str(-exponent))))
    return voice.say("document.verified", draws=draws, error=power)

r"""A lecture note as a problem: the forward equations and declarations in a Markdown or .tex file.

Displayed equations whose left side is a quantity, or its entries, are the forward equations; formulas with ``\in``
declare shapes, index ranges and, by the words beside them, roles.  The result is the tree of a problem file, with the
places in the note, so that everything after this is as for YAML.

Knows the marks of formulas in such files; reads no mathematics itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import Said, say
from backsym.reading.files.fields import spoken
from backsym.reading.files.yamlfile import Document, Table, rewritten, text_of
from backsym.reading.latex.names import Key
from backsym.reading.notes.assembling.alternatives import check_alternatives, check_changed, check_choice, check_losses
from backsym.reading.notes.assembling.checks import (
    check_asked,
    check_changes,
    check_differentiated,
    check_equations,
    check_light,
    check_matrices,
    without_equations,
)
from backsym.reading.notes.assembling.provisos import Provisos
from backsym.reading.notes.assembling.report import what_was_passed_over, without_left_side
from backsym.reading.notes.assembling.settling import Settling
from backsym.reading.notes.assembling.stated import Stated, is_tex
from backsym.reading.notes.assembling.tree import NoteTree
from backsym.reading.notes.layers import layered
from backsym.reading.notes.lengths import Respelled
from backsym.reading.notes.origins import Axis, One, from_one
from backsym.reading.notes.preparing.asides import without_asides, without_numbers
from backsym.reading.notes.preparing.bars import with_bars
from backsym.reading.notes.preparing.diagonals import with_diagonals
from backsym.reading.notes.preparing.differences import with_later_sums
from backsym.reading.notes.preparing.differentials import with_differentials
from backsym.reading.notes.preparing.features import with_given_features
from backsym.reading.notes.preparing.front import front_matter, with_front, with_gradient
from backsym.reading.notes.preparing.inverted import without_logarithms
from backsym.reading.notes.preparing.listed import with_lengths
from backsym.reading.notes.preparing.macros import written_out
from backsym.reading.notes.preparing.members import with_members
from backsym.reading.notes.preparing.one_step import of_one_step
from backsym.reading.notes.preparing.script_letter import with_plain_index
from backsym.reading.notes.preparing.sought import without_sought
from backsym.reading.notes.preparing.tables import with_tables
from backsym.reading.notes.prose import MAX_FORMULAS, Formula, formulas
from backsym.reading.notes.refusals import check_variants
from backsym.reading.notes.spelling import respelt
from backsym.reading.notes.stating.pieces import Settled
from backsym.reading.notes.stating.settled import settled
from backsym.reading.notes.told_functions import told_functions

MOST_RESPELLED = 3
"""How often a custom may put signs into a note before it is read as it is."""


@dataclass(frozen=True)
class ReadNote:
    """A note as the tree of a problem file, with what was passed over, and the name of its loss if that is abstract."""

    tree: Table
    remarks: tuple[Said, ...]
    abstract_loss: str | None = None
    recurrent: bool = False
    """Whether it computes step by step; else equations of entries may leave the index of the rows out."""
    complaints: tuple[Diagnostic, ...] = ()
    axes: frozenset[Axis] = frozenset()
    """The axes whose positions count from 0 in the note, from 1 in the tree."""
    ones: tuple[One, ...] = ()
    """The first entries of data that the note states to be 1."""


def document_tree(path: str) -> ReadNote:
    """The note as the tree of a problem file, and what was passed over; raises InputError without an equation."""
    document = Document(path, text_of(path))
    if not document.text.strip():
        raise InputError([Diagnostic(say("notes.empty"), path)])
    return tree_of_note(document, tex=is_tex(path))


def tree_of_note(document: Document, *, tex: bool) -> ReadNote:
    """The same for a text that is in memory."""
    document, front = front_matter(document, tex=tex)
    with spoken(front.entries.values()):
        note = _without_front(document, tex=tex)
        others = tuple(say("notes.passed_over", line=line, what=what) for line, what in front.passed_over)
        tree, remarks = with_front(note.tree, front), (*note.remarks, *others)
        return replace(note, tree=tree, remarks=remarks, complaints=front.complaints)


class _Draft:
    """A note while it is prepared; ``said`` is what its steps say of it, each with its place."""

    def __init__(self, document: Document, *, tex: bool):
        self.document = document
        self.tex = tex
        self.said: list[tuple[int, Said]] = []

    def formulas(self) -> list[Formula]:
        return self.formulas_of(self.document)

    def formulas_of(self, document: Document) -> list[Formula]:
        return list(islice(formulas(document.text, tex=self.tex), MAX_FORMULAS))

    def places(self) -> list[tuple[int, int]]:
        return [(f.start, f.end) for f in self.formulas()]

    def displayed(self) -> list[tuple[int, int]]:
        return [(f.start, f.end) for f in self.formulas() if f.displayed]

    def take(self, step: tuple[Document, Sequence[tuple[int, Said]]]) -> bool:
        """Goes on with what a step has made of the note; whether it said something."""
        self.document, said = step
        self.said += said
        return bool(said)


def _without_front(document: Document, *, tex: bool) -> ReadNote:
    """What a note says but for the keys in front of it."""
    draft = _Draft(written_out(without_asides(document, tex=tex), tex=tex), tex=tex)
    draft.take(with_tables(draft.document, draft.displayed(), tex=tex))
    draft.take(with_plain_index(draft.document, draft.places()))
    draft.take(without_sought(draft.document, draft.displayed(), draft.places()))
    draft.take(without_numbers(draft.document, draft.displayed()))
    draft.take(without_logarithms(draft.document, draft.places()))
    document, steps, one_step = of_one_step(draft.document, draft.places())
    draft.take((document, one_step))
    bars = draft.take(with_bars(draft.document, draft.places()))
    draft.take(with_differentials(draft.document, draft.places()))
    spelling = respelt(draft.document, draft.places())
    draft.take((spelling.document, spelling.customs))
    draft.document, powers = layered(draft.document, draft.places())
    powers |= spelling.spelled | steps
    draft.document = with_diagonals(draft.document, draft.places())
    draft.document = with_lengths(draft.document, draft.places())
    draft.take(with_later_sums(draft.document, draft.places()))
    counted = from_one(draft.document, draft.places())
    draft.take((counted.document, counted.remarks))
    edits, told = told_functions(draft.document.source, draft.formulas())
    draft.take((rewritten(draft.document, edits) if edits else draft.document, told))
    draft.take(with_members(draft.document, draft.formulas()))
    done = settled(draft.document, draft.formulas_of)
    draft.document = done.document
    draft.take(with_given_features(draft.document, [(f.start, f.end, f.displayed) for f in draft.formulas()]))
    note = _read(replace(done, document=draft.document), powers | done.marks, draft.said, counted.spelled)
    tree = with_gradient(note.tree, "bar") if bars else note.tree
    return replace(note, tree=tree, axes=counted.axes, ones=counted.ones)


def _read(
    done: Settled, powers: Mapping[Key, str], customs: Sequence[tuple[int, Said]], spelled: Mapping[str, str]
) -> ReadNote:
    """The note with its tree; read again where a custom puts signs into it.

    ``spelled`` are the ways in which names are written on the page that stand for others of the note.
    """
    written = dict(spelled)
    for _ in range(MOST_RESPELLED):
        try:
            return _assembled(done, powers, customs, written)
        except Respelled as e:
            done = replace(done, document=rewritten(done.document, e.edits), rows=done.rows | e.rows)
            customs = [*customs, *e.what]
            written |= e.written
    return _assembled(done, powers, customs, written)


def _assembled(
    done: Settled, powers: Mapping[Key, str], customs: Sequence[tuple[int, Said]], written: Mapping[str, str]
) -> ReadNote:
    """What the note states, what is open settled, the tree, and what is said of all this; raises Respelled."""
    note = Stated(done)
    note.assumed += customs
    check_variants(note.source, note.spans)
    displayed = note.displayed()
    equations = note.equations(displayed)
    strange = without_left_side(note, displayed, [token.start for token in equations.defined.values()])
    if not equations.found:
        raise without_equations(note)
    check_changes(note, equations, strange)
    check_choice(note, strange)
    check_equations(note, equations, powers)
    told = {d.spelled.name for d in note.declared.found}
    settling = Settling(note, equations)
    check_matrices(note, equations)
    check_light(note, equations, told)
    check_differentiated(note, equations, settling.upstream)
    provisos = Provisos(note, equations)
    writer = NoteTree(note, equations, settling, powers, written, provisos)
    tree = writer.tree()
    check_asked(note, [name for _, name in writer.asked.tasks.unknown])
    check_alternatives(note, equations, writer.asked.found)
    check_changed(note, provisos, writer.asked.found)
    check_losses(provisos, writer.asked.found)
    sizes = settling.counting()
    shapes = {d.spelled.name: d.shape for d in note.declared.found}
    families = [name for name in note.family_names if not note.steps.letters and {*shapes.get(name, ())[:1]} <= sizes]
    provisos.check_free(writer.asked.names, writer.ones.names, families, sizes)
    remarks = what_was_passed_over(note, provisos, writer.asked, writer.ones, strange)
    return ReadNote(tree, remarks, settling.upstream, bool(settling.starts))

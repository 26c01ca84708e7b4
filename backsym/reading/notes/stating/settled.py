r"""What the displayed formulas of a note state, settled before they are read: one equation for each left side.

A note writes chains, ``L = (y - t)^2 = (w x - t)^2``, over one row or several, left sides with arguments,
``f(x, w) = \tanh(w x)``, functions that it applies elsewhere to something else, names for derivatives,
``\delta = \nabla_z L``, and steps of descent.  Of a chain one right side stays; arguments that are the same wherever a
name stands say nothing; a function is put in where it is applied, and a name for a derivative where it is used.  What
goes is replaced by blanks, so that all places stay those of the note.

Knows how formulas are written, by their tokens; knows no names, no shapes and no words around them.
"""

from __future__ import annotations

from dataclasses import replace

from backsym.core.source import Source
from backsym.reading.files.yamlfile import Document, rewritten
from backsym.reading.latex.names import Key
from backsym.reading.notes.prose import is_shown
from backsym.reading.notes.stating.derivatives import (
    about_derivatives,
    derivative_edits,
    derived_letter,
    name_put_in,
    names_derivative,
    quotients,
    term_edits,
)
from backsym.reading.notes.stating.functions import (
    applied_members,
    by_entries,
    with_one_head,
    with_parameters,
    without_functions,
    written_arguments,
)
from backsym.reading.notes.stating.pieces import (
    Places,
    Settled,
    bold_letters,
    edited,
    loose_letters,
    pieces_in,
    pieces_of,
)
from backsym.reading.notes.stating.sides import Mentions, each_side, one_side, other_sides, without_value


def settled(document: Document, places: Places) -> Settled:
    """The note with one equation for each left side, and without functions of its own; ``places`` finds the formulas.

    Raises InputError where a function cannot be put in.
    """
    document = edited(document, [edit for f in places(document) for edit in without_value(document.source, f)])
    source, shown = document.source, [f for f in places(document) if is_shown(document.text, f.start)]
    claims = [piece for f in shown for piece in pieces_of(source, f.start, f.end)]
    document = edited(document, (edit for piece in claims for edit in each_side(piece)))
    formulas = places(document)
    loose = {letter for f in formulas for letter in loose_letters(document.source, f)}
    pieces = pieces_in(document.source, formulas, displayed=True)
    within = pieces_in(document.source, formulas, displayed=False)
    arguments = written_arguments([*pieces, *within])
    mentions = Mentions(document.source, formulas, [*pieces, *within])
    others = tuple(side for piece in (*pieces, *within) for side in other_sides(piece, document))
    document = edited(document, (edit for piece in (*pieces, *within) for edit in one_side(piece, mentions)))
    document = edited(document, by_entries(document.source, places(document)))
    document = edited(document, list(with_one_head(document.source, places(document), loose)))
    marks: dict[Key, str] = {}
    document = edited(document, list(with_parameters(document.source, places(document), loose, marks)))
    members = frozenset(applied_members(document.source, places(document)))
    beside: list[tuple[int, str]] = []
    document = without_functions(document, places, beside)
    pieces = pieces_in(document.source, places(document), displayed=True)
    document = edited(document, (edit for piece in pieces for edit in one_side(piece, unread=True)))
    formulas = places(document)
    source = document.source
    pieces = pieces_in(source, formulas, displayed=True)
    found = Settled(
        document, loose=loose, arguments=arguments, members=members, marks=marks, others=others, beside=tuple(beside),
        quotients=tuple(each for f in formulas if f.displayed for each in quotients(source, f)),
        bold=frozenset(letter for f in formulas for letter in bold_letters(source, f)),
    )  # fmt: skip
    edits = [edit for piece in pieces for edit in derivative_edits(piece, found)]
    within = pieces_in(source, formulas, displayed=False)
    for piece in within:
        if len(piece.signs) == 1 and names_derivative(piece):
            edits += derivative_edits(piece, found)
    edits += about_derivatives(pieces, {letter for p in (*pieces, *within) if (letter := derived_letter(p))}, found)
    edits += term_edits(pieces, within, found)
    done = edited(document, edits)
    source = Source(done.text)
    uses = sorted(edit for name in found.names for f in formulas for edit in name_put_in(source, f, name))
    return replace(found, document=rewritten(done, uses))

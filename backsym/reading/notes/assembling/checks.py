"""What is refused of the forward equations of a note, all in one order, before their shapes are settled."""

from __future__ import annotations

from collections.abc import Mapping

from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import say
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.equations import segments
from backsym.reading.latex.lexer import has_sign, tokens_in
from backsym.reading.latex.names import Key
from backsym.reading.notes.assembling.provisos import Provisos
from backsym.reading.notes.assembling.stated import DERIVATIVES, Stated
from backsym.reading.notes.equations import (
    LOSS_NAMES,
    Equations,
    is_model,
)
from backsym.reading.notes.lengths import check_counts, check_entries, check_sizes
from backsym.reading.notes.prose import (
    Formula,
)
from backsym.reading.notes.refusals import (
    check_defined,
    check_names,
    check_objective,
    check_roots,
)
from backsym.reading.notes.told_functions import check_told


def without_equations(note: Stated) -> InputError:
    at = next((f for f in note.formulas if f.displayed and has_sign(note.source, f.start, f.end, *DERIVATIVES)), None)
    example = r"such as $$ z = w x + b $$ or \[ \mathbf{z} = \mathbf{W} \mathbf{x} \]"
    hint = say("notes.displayed_example", example=example)
    if at is not None:
        hint = say("notes.derivatives_only", example=example)
    return InputError([Diagnostic(say("notes.no_forward"), note.document.file, advice=hint)])


def check_equations(note: Stated, equations: Equations, powers: Mapping[Key, str]) -> None:
    """Refuses what its forward equations cannot mean, before any shape is known; raises InputError or Respelled."""
    source = note.source
    known = {d.spelled.name for d in note.declared.found}
    check_sizes(source, equations, {*note.declared.dims, *equations.dims} - known, note.spans)
    within = [s for start, end in note.within() for s in segments(source, note.vocabulary(), start, end)]
    check_entries(source, equations, within, note.spans)
    check_names(source, equations, note.settled.loose, within)
    check_roots(source, equations, powers, note.within())
    check_defined(source, equations, note.settled.unread)
    check_counts(source, equations, known)
    _check_computed(note, equations)
    _check_nearly(note, equations)
    letters = {s.key[0] for s in (*equations.names.values(), *(e.segment.left for e in equations.found))}
    unsaid = {name for name in LOSS_NAMES if name not in equations.lefts()}
    check_told(source, note.formulas, {*equations.given(), *unsaid}, letters)
    Provisos(source, note.formulas, equations).check()
    check_objective(source, equations, [(f.start, f.end) for f in note.formulas if note.is_idle(f)])


def _is_asked(note: Stated, formula: Formula) -> bool:
    """Whether a formula stands in a question, "what if $V = W^T$?", of a case that the note is not about."""
    text = note.document.text
    ends = (text.find(sign, formula.end) for sign in (". ", ".\n", "!", "?", "\n\n", "$$"))
    end = min((at for at in ends if at >= 0), default=len(text) - 1)
    return text[end] == "?"


_NEARLY = ("propto", "approx", "equiv", "simeq", "cong", "doteq", "lesssim")
"""Signs between a quantity and what it is only nearly, or up to a factor."""


def _check_nearly(note: Stated, equations: Equations) -> None:
    r"""Refuses what is given, since it is computed only up to a factor, ``p \propto e^{-x}``."""
    given = equations.given()
    for f in note.formulas:
        tokens = tokens_in(note.source, f.start, f.end)
        for n, token in enumerate(tokens[1:], 1):
            if token.text.lstrip("\\") not in _NEARLY:
                continue
            left = names_in_formula(note.source, tokens[n - 1].start, tokens[n - 1].end)
            behind = any(t.kind in ("letter", "greek") for t in tokens[n + 1 :])
            if behind and left and left[0].name in given:
                raise note.source.error(say("notes.only_nearly", name=left[0].name), (tokens[n - 1].start, token.end))


def _check_computed(note: Stated, equations: Equations) -> None:
    """Refuses what is given, since its equation stands after "if" or cannot be read: nothing computed is data."""
    words, given = note.vocabulary(), equations.given()
    letters = {spelled.key[0] for spelled in equations.names.values()}
    for f in note.formulas:
        if f.displayed or has_sign(note.source, f.start, f.end, *DERIVATIVES):
            continue
        known = given.keys() | equations.lefts() if _is_asked(note, f) else frozenset()
        for s in segments(note.source, words, f.start, f.end):
            base = s.left.name == "e" and s.left.name not in equations.lefts()  # e^2 would be a power of Euler's e.
            if s.left.name not in given and not base:
                continue
            e = equations.read(s)
            tokens = tokens_in(note.source, s.left.span[1], s.end)
            if e.uses and e.uses <= known:
                continue
            unread = e.sides is None and any(token.text in letters for token in tokens)
            if unread or (e.is_formula and e.uses and not is_model(note.source, e, equations)):
                raise note.source.error(say("notes.computed_within", name=s.left.name), (s.start, s.end))

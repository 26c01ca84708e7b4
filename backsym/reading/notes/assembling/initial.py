r"""What the words of a note say of the start of a recurrence: "the initial state is zero", "$h_0$ is learned".

Knows the sentences of a note and the starts that no equation gives; reads no mathematics.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.core.names import GREEK
from backsym.core.words import say
from backsym.reading.files.yamlfile import Edit
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.notes.assembling.provisos import Provisos, Sentence
from backsym.reading.notes.assembling.stated import Stated
from backsym.reading.notes.equations import Equations
from backsym.reading.notes.lengths import Respelled
from backsym.reading.notes.steps import Start
from backsym.text.phrases import Phrases

_STATES = Phrases(
    "initial state", "initial states", "initial hidden state", "initial hidden states", "initial value",
    "hidden state is initialised", "hidden state is initialized", "anfangszustand", "startzustand", "anfangswert",
)  # fmt: skip
_SEVERAL = Phrases("initial states", "initial hidden states")
_ZERO = frozenset("zero zeros 0 null nullvektor".split())
_LEARNED = frozenset(
    "trainable learned learnt learnable trained parameter parameters optimised optimized gelernt trainiert mittrainiert"
    " trainierbar lernbar mitgelernt".split()
)
_NOT_OF_IT = frozenset("gradient derivative ableitung not no nicht kein nonzero fixed mean".split())


def hear_starts(note: Stated, equations: Equations, starts: Sequence[Start]) -> None:
    """Notes which of the starts, given by nothing else, are learned; raises Respelled with those that are zero."""
    edits: list[Edit] = []
    for s in Provisos(note.source, note.formulas, equations).sentences if starts else ():
        words = {*s.words}
        if s.other_case or words & _NOT_OF_IT:
            continue
        named = [start for start in starts if _shown(note, s, start) is not None]
        said = named or (starts if len(starts) == 1 or s.has(_SEVERAL) else ()) if named or s.has(_STATES) else ()
        for start in said:
            if words & _LEARNED:
                note.words[start.name] = "a parameter"
            elif words & _ZERO and start.back == 0 and (latex := _latex(start)):
                zero = r"\mathbf{0}" if start.spelled.bold else "0"
                at = _shown(note, s, start)
                text = f", ${latex} = {zero}$" if at is None else f" = {zero}"
                edits.append(Edit(at or s.end, at or s.end, text))
    if edits:
        raise Respelled(edits, [(edits[0].start, say("notes.remark.starts_at_zero"))])


def _shown(note: Stated, s: Sentence, start: Start) -> int | None:
    """Where a formula of the sentence ends that is the start."""
    places = [(f.start, f.end) for f in s.shown.values() if not f.displayed]
    spelled = ((name, place) for place in places for name in names_in_formula(note.source, *place))
    return next((end for name, (_, end) in spelled if name.key == start.spelled.key), None)


def _latex(start: Start) -> str:
    """The start as it is written, "" of one with an accent or marks of its own."""
    base, tag = start.spelled.key
    letter = f"\\{base}" if base in GREEK else base
    if tag != "0" or ":" in base:
        return ""
    return rf"\mathbf{{{letter}}}_0" if start.spelled.bold else f"{letter}_0"

r"""What the words of a note say of the start of a recurrence: "the initial state is zero", "$h_0$ is learned".

Knows the sentences of a note and the starts that no equation gives; reads no mathematics.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.core.names import GREEK
from backsym.core.words import say
from backsym.reading.files.yamlfile import Edit
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.equations import Spelled
from backsym.reading.latex.lexer import tokens_in
from backsym.reading.notes.assembling.alternatives import ELSEWHERE
from backsym.reading.notes.assembling.said import Sentence
from backsym.reading.notes.assembling.stated import Stated
from backsym.reading.notes.lengths import Respelled
from backsym.reading.notes.prose import Formula
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
_SET_TO = frozenset(
    "is are be being set initialised initialized to as the all vector of a taken chosen ist sind sei seien wird werden"
    " auf gleich gesetzt initialisiert der des recurrence rnn network lstm rekursion netz netzes hidden".split()
)
"""Words between the start and what it is set to."""
_AT = frozenset("at of in on by for after am im beim vom von f\u00fcr nach".split())
"""Words before the start of a sentence that is about something else."""
_ARTICLES = frozenset("the an all der die das den dem".split())


def hear_starts(note: Stated, starts: Sequence[Start]) -> None:
    """Notes which of the starts, given by nothing else, are learned; raises Respelled with those that are zero."""
    edits: list[Edit] = []
    sentences = note.sentences if starts else []
    shown = {start.name for s in sentences for start in starts if _shown(note, s, start) is not None}
    for s in sentences:
        words = {*s.words}
        if s.other_case or words & _NOT_OF_IT or s.has(ELSEWHERE):
            continue
        named = [start for start in starts if _shown(note, s, start) is not None]
        first = min(s.places_of(_STATES), default=0)
        behind = any(_has_letter(note, f) for n, f in s.shown.items() if n >= first)
        alone = not behind and not {start.name for start in starts} & shown
        said = starts if alone and s.has(_STATES) and (len(starts) == 1 or s.has(_SEVERAL)) else named
        for start in said:
            if words & _LEARNED:
                note.words[start.name] = "a parameter"
            elif start.back == 0 and _is_zero(note, s, start) and (latex := _latex(start)):
                zero = r"\mathbf{0}" if start.spelled.bold else "0"
                at = _shown(note, s, start)
                text = f", ${latex} = {zero}$" if at is None else f" = {zero}"
                edits.append(Edit(at or s.end, at or s.end, text))
    if edits:
        raise Respelled(edits, [(edits[0].start, say("notes.remark.starts_at_zero"))])


def _is_zero(note: Stated, s: Sentence, start: Start) -> bool:
    """Whether a zero is said of the start, right behind it or before it."""
    phrases = [(n, n + _STATES.length_at(s.words, n)) for n in s.places_of(_STATES)]
    mine = {end - 1: n for n, end in phrases}
    mine |= {n: n for n, f in s.shown.items() if start.spelled.key in {name.key for name in _names(note, f)}}
    for n in (n for n, word in enumerate(s.words) if word in _ZERO):
        behind = [m for m in s.before(n, _SET_TO) if m in mine]
        if n + 1 in {first for first, _ in phrases}:
            return True
        if behind and not any(s.words[m] in _AT for m in [*s.before(mine[behind[0]], _ARTICLES)][-1:]):
            return True
    return False


def _shown(note: Stated, s: Sentence, start: Start) -> int | None:
    """Where a formula of the sentence ends that is the start."""
    names = (name for f in s.shown.values() for name in _names(note, f))
    return next((name.span[1] for name in names if name.key == start.spelled.key), None)


def _names(note: Stated, formula: Formula) -> list[Spelled]:
    """The names in a formula within the text that is nothing else."""
    return [] if formula.displayed else names_in_formula(note.source, formula.start, formula.end)


def _has_letter(note: Stated, formula: Formula) -> bool:
    letters = (t for t in tokens_in(note.source, formula.start, formula.end) if t.kind in ("letter", "greek"))
    return not formula.displayed and any(True for _ in letters)


def _latex(start: Start) -> str:
    """The start as it is written, "" of one with an accent or marks of its own."""
    base, tag = start.spelled.key
    letter = f"\\{base}" if base in GREEK else base
    if tag != "0" or ":" in base:
        return ""
    return rf"\mathbf{{{letter}}}_0" if start.spelled.bold else f"{letter}_0"

r"""Two equations of one quantity: one equation in another form, which is named, or two problems, which are refused.

"(b) Now let $L = |y - t|$" asks about another loss than (a); "Case 2: $y = \tanh(z)$" is another network.

Knows the sentences of a note, its equations and where it asks; reads no mathematics.
"""

from __future__ import annotations

from collections.abc import Iterable

from backsym.core.words import say
from backsym.reading.latex.equations import Segment, segments
from backsym.reading.notes.assembling.provisos import Provisos
from backsym.reading.notes.assembling.said import Sentence
from backsym.reading.notes.assembling.stated import Stated
from backsym.reading.notes.equations import LOSS_NAMES, Equations, Forward
from backsym.reading.notes.stating.pieces import Piece
from backsym.reading.notes.tasks import SLOPES, Task
from backsym.reading.syntax import Node
from backsym.text.phrases import Phrases, words_of

_CHOICE = Phrases(
    "or", "either", "resp", "respectively", "bzw", "beziehungsweise", "alternatively", "alternative", "both cases",
    "both models", "one of", "oder", "alternativ", "entweder", "beide f\u00e4lle", "beiden f\u00e4llen",
    "beide modelle", "in the second case", "im zweiten fall",
    *(f"{kind} {mark}"
      for kind in ("case", "fall", "model", "modell", "variant", "variante", "option", "version")
      for mark in ("1", "2", "3", "a", "b", "c", "i", "ii", "iii", "one", "two", "eins", "zwei")),
)  # fmt: skip
"""Words between two equations of which one holds."""
_FORMS = Phrases(
    "equivalently", "equivalent", "components", "component-wise", "componentwise", "vector form", "matrix form",
    "matrix notation", "vector notation", "matrixschreibweise", "vektorschreibweise",
    "vectorised", "vectorized", "compactly", "compact", "in short", "written out", "that is", "\u00e4quivalent",
    "komponentenweise", "komponenten", "vektorform", "matrixform", "kompakt", "ausgeschrieben", "das hei\u00dft",
)  # fmt: skip
"""Words for another form of the same."""
_OTHERWISE = Phrases(
    "except that", "with the exception that", "straight-through", "straight through estimator", "surrogate gradient",
    "guided backpropagation", "gradient reversal", "au\u00dfer dass", "ausser dass", "mit der ausnahme dass",
)  # fmt: skip
"""Words of a question about other equations, or other derivatives, than those of the note."""
_INSTEAD = Phrases("instead", "in place of", "stattdessen", "statt", "anstatt", "anstelle")
_REPEATS = Phrases(
    "repeat", "redo", "do the same", "the same for", "the same with", "again for", "again with", "wiederholen",
    "wiederhole", "ebenso f\u00fcr", "noch einmal",
)  # fmt: skip
"""Words that ask the same about another equation."""
_IF = Phrases("if", "when", "whenever", "for", "wenn", "falls", "f\u00fcr")
ELSEWHERE = Phrases(
    *(f"{last} {text}" for last in ("last", "previous", "preceding", "earlier") for text in
      ("lecture", "lectures", "exercise", "exercises", "problem", "section", "chapter", "sheet", "week", "homework")),
    *(f"{last} {text}" for last in ("letzten", "letzter", "vorigen", "voriger", "vorherigen", "fr\u00fcheren")
      for text in ("vorlesung", "aufgabe", "\u00fcbung", "abschnitt", "kapitel", "blatt", "woche")),
    "recall", "before the change", "used to be", "some authors", "mistake", "mistakenly", "wrong", "wrongly",
    "erinnerung", "bisher", "zur erinnerung", "manche autoren", "falsch", "fehlerhaft",
)  # fmt: skip
"""Words for what holds in another text, or nowhere."""


def check_alternatives(note: Stated, equations: Equations, tasks: Iterable[Task]) -> None:
    """Raises InputError where the note has two equations of a quantity, and asks about both, or means the other."""
    taken = {e.name: e for e in equations.found}
    others = [e for e in _others(note, equations) if e.name in taken and not _is_alike(e, taken[e.name])]
    if not others:
        return
    places = [at for t in tasks for at in (*t.formulas, *(start for start, _ in t.equations)) or (t.at,)]
    text = note.document.text
    for other in others:
        first, second = taken[other.name].segment, other.segment
        begin, end = sorted((first.start, second.start))
        around = any(begin < at < end for at in places) and any(at > end for at in places)
        listed = any(at < begin for at in places) and _is_item(text, first.start) and _is_item(text, second.start)
        mine = [s for s in note.sentences if s.start <= second.start < s.end]
        together = [s for s in mine if s.start <= first.start < s.end]
        shown = _in_one_formula(note, first, second) and words_of(text, first.end, second.start) in _CHOICE
        chosen = shown or any((s.has(_CHOICE) and not s.has(_FORMS)) or s.has(_REPEATS) for s in mine)
        both = any(s.has(_IF) or any(s.start <= at < s.end for at in places) for s in together)
        elsewhere = any(s.has(ELSEWHERE) for s in note.sentences if _leads(note, s, first.start))
        if around or listed or chosen or both or elsewhere:
            raise note.source.error(say("notes.two_problems", name=other.name), (second.start, second.end))


def check_changed(note: Stated, provisos: Provisos, tasks: Iterable[Task]) -> None:
    """Raises InputError where a question is about other equations, "replace $\\tanh$ by the ReLU", in words alone."""
    places = [at for t in tasks if t.kind in SLOPES for at in t.formulas or (t.at,)]
    for s in provisos.sentences:
        asks = any(s.start <= at < s.end for at in places)
        changed = asks and (s.has(_OTHERWISE) or (s.has(_INSTEAD) and provisos.speaks_of_equations(s)))
        if changed or ((asks or not s.other_case) and provisos.replaces(s)):
            raise note.source.error(say("notes.proviso.changed"), (s.start, s.end))


def check_losses(provisos: Provisos, tasks: Iterable[Task]) -> None:
    """Raises InputError where words ask for "the gradient of each loss", and several are used by nothing else."""
    found = provisos.equations.found
    used = {name for e in found for name in e.uses}
    losses = [e.name for e in found if e.name not in used and e.segment.left.letter in LOSS_NAMES]
    places = [task.at for task in tasks if task.kind in SLOPES and not task.formulas] if len(losses) > 1 else []
    for s in provisos.sentences if places else ():
        named = {name for f in s.shown.values() for name in provisos.entry_names(f)}
        if any(s.start <= at < s.end for at in places) and not named.intersection(losses):
            raise provisos.source.error(say("notes.which_loss", names=losses), (s.start, s.end))


def check_choice(note: Stated, strange: Iterable[Piece]) -> None:
    r"""Raises InputError where an equation begins with "or", ``\text{or, with tanh,} y = \tanh(z)``."""
    for piece in strange:
        start, end = piece.span[0], piece.tokens[piece.signs[0]].start
        words = words_of(note.document.text, start, end)
        if words in _CHOICE and words not in _FORMS:
            name = note.document.text[start:end].split()[-1]
            raise note.source.error(say("notes.two_problems", name=name), piece.span)


def _is_item(text: str, at: int) -> bool:
    """Whether a line begins with what stands here, after the mark of a list."""
    line = text[text.rfind("\n", 0, at) + 1 : at].strip().rstrip("$\\([ ")
    mark = line.strip("*().:")
    return line in ("-", "*", "+", "\\item") or (line != mark and len(mark) == 1 and mark.isalnum())


def _in_one_formula(note: Stated, one: Segment, other: Segment) -> bool:
    return any(f.start <= one.start < f.end and f.start <= other.start < f.end for f in note.formulas)


def _leads(note: Stated, sentence: Sentence, at: int) -> bool:
    """Whether a sentence has the equation at a place, or ends right before its formula."""
    start = next((f.start for f in note.formulas if f.start <= at < f.end), at)
    between = note.document.text[sentence.end : start]
    return sentence.start <= at < sentence.end or (sentence.end <= start and not between.strip("$\\[ \n:"))


def _others(note: Stated, equations: Equations) -> list[Forward]:
    """The equations that are not taken and compute something, also those within the text."""
    starts = {e.segment.start for e in equations.found}
    found: dict[int, Segment] = {s.start: s for s in equations.seconds}
    for span in note.within():
        found.update({s.start: s for s in segments(note.source, note.vocabulary(), *span)})
    read = (equations.read(s) for at, s in sorted(found.items()) if at not in starts)
    return [e for e in read if e.is_formula and e.uses]


def _is_alike(one: Forward, other: Forward) -> bool:
    return one.sides is not None and other.sides is not None and _plain(one.sides[1]) == _plain(other.sides[1])


def _plain(tree: Node) -> tuple[object, ...]:
    """A tree without its places."""
    return tree.kind, tree.value, *map(_plain, tree.children)

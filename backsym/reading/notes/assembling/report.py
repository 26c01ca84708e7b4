"""What is said of a note that was read: what was found in it, and what was passed over."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence

from backsym.core.choices import METHODS
from backsym.core.expr import show_shape
from backsym.core.names import GREEK
from backsym.core.problem import Part, Problem
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Rewritten
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.equations import Segment, segments
from backsym.reading.latex.lexer import Token, has_sign, script_end, tokens_in
from backsym.reading.latex.names import letter_of_name, split_tag
from backsym.reading.notes.assembling.asked import Asked
from backsym.reading.notes.assembling.one_sums import OneSums
from backsym.reading.notes.assembling.provisos import Provisos
from backsym.reading.notes.assembling.stated import DERIVATIVES, Stated
from backsym.reading.notes.assembling.worded import Worded
from backsym.reading.notes.equations import (
    Equations,
)
from backsym.reading.notes.prose import (
    Formula,
)
from backsym.reading.notes.stating.pieces import Piece, pieces_of
from backsym.reading.notes.steps import is_range_to_a_sum
from backsym.text.phrases import words_of

MOST_QUOTED = 5
"""Sentences that are quoted in one remark."""


def without_left_side(note: Stated, displayed: Iterable[Formula], functions: Sequence[int]) -> list[Piece]:
    """Displayed equations, not of derivatives, whose left side is no quantity and none of the ``functions``."""
    words = note.vocabulary()
    found = []
    for f in displayed:
        known = sorted([*(s.start for s in segments(note.source, words, f.start, f.end)), *functions])
        for piece in pieces_of(note.source, f.start, f.end):
            start, end = piece.span
            explains = piece.tokens[piece.first].text in ("(", "left")  # (a \odot b)_j explains a sign.
            if explains or any(t.text in DERIVATIVES for t in piece.tokens[piece.first : piece.last]):
                continue
            if bisect_left(known, start) == bisect_left(known, end):
                found.append(piece)
    return found


def what_was_passed_over(
    note: Stated, provisos: Provisos, asked: Asked, ones: OneSums, strange: Iterable[Piece]
) -> tuple[Said, ...]:
    """In order of the lines, what an instructor might look for in vain."""
    equations = provisos.equations
    found: list[tuple[int, Said]] = [(note.line(at), reason) for at, reason in equations.passed_over]
    to_show = [at for at in asked.tasks.unread if at not in ones.formulas]
    found += [(note.line(at), say("notes.remark.unread_to_show")) for at in to_show]
    strange = [piece for piece in strange if piece.span[0] not in ones.formulas]
    found += [(line, say("notes.remark.no_quantity_left")) for line in {note.line(p.span[0]) for p in strange}]
    found += [(note.line(at), say("notes.remark.with_derivative")) for at in note.settled.steps]
    found += [(note.line(at), say("notes.remark.first_taken", name=name)) for at, name in note.settled.again]
    letters = {split_tag(name)[0] for name in (*equations.given(), *equations.lefts())}
    unread = [s for s in note.declared.unread if s.bold or (s.key[0] in letters and s.name not in note.letters)]
    found += [(line, say("notes.remark.unread_declaration")) for line in {note.line(s.span[0]) for s in unread}]
    found += [
        (note.line(at), say("notes.remark.not_symmetric", word=words_of(note.document.text, at)[0].text))
        for at in note.unsaid
    ]
    found += [(note.line(at), said) for at, said in note.unplaced]
    customs = [say("notes.by_custom", line=note.line(at), what=what) for at, what in note.assumed]
    questions = [(at, say("notes.remark.question", words=_beginning(note, at))) for at in asked.tasks.no_part]
    found += [(note.line(at), said) for at, said in questions]
    known = {*equations.given(), *(d.spelled.name for d in note.declared.found)}
    used = {*known, *equations.lefts(), *note.letters}
    sides = ((line, side) for line, side, names in note.settled.others if not names <= used)
    found += [(line, say("notes.remark.other_side", side=side)) for line, side in sides]
    found += [(line, say("notes.remark.beside", name=name)) for line, name in note.settled.beside]
    for at, name in asked.tasks.unknown:
        declared = name in known
        said = say("notes.remark.by_no_parameter" if declared else "notes.remark.by_unmentioned", name=name)
        found.append((note.line(at), said))
    found += _words(note, provisos, asked, ones)
    words, given = note.vocabulary(), equations.given()
    for f in note.formulas:
        derives = has_sign(note.source, f.start, f.end, *DERIVATIVES)
        if not f.displayed and "=" in note.document.text[f.start : f.end] and not derives:
            names = [s.left.name for s in segments(note.source, words, f.start, f.end)]
            found += [
                (note.line(f.start), say("notes.remark.within_text", name=name))
                for name in names
                if name in given and name not in asked.numbers
            ]
    rates = {"eta", *(letter.lstrip("\\") for letter in (asked.rate or ())[:1])}
    found += [(note.line(at), said) for at, said in _idle_within(note, equations, rates)]
    found += [
        (note.line(f.start), say("notes.remark.range", range=note.document.text[f.start : f.end].strip()))
        for f in note.formulas
        if not f.displayed and is_range_to_a_sum(note.source, f.start, f.end)
    ]
    found += [(note.line(at), said) for at, said in _bounds_within(note, equations, asked, ones)]
    found += [(note.line(at), said) for at, said in _conditions_within(note, equations, asked)]
    found += [(note.line(at), said) for at, said in _derivatives_within(note, asked)]
    idle = (f for f in note.formulas if f.displayed and f.start not in asked.places and note.is_idle(f))
    found += [(note.line(f.start), say("notes.remark.without_equals")) for f in idle]
    found += _asked_by_nobody(sorted({note.line(at) for at in asked.tasks.left_over}))
    found.sort(key=lambda each: (each[0], str(each[1])))
    return (*customs, *(say("notes.passed_over", line=n, what=reason) for n, reason in found))


def _asked_by_nobody(lines: Sequence[int]) -> Iterator[tuple[int, Said]]:
    """One remark about all lines with derivatives that no question is about."""
    if lines:
        others = [*map(str, lines[1:12]), *(["..."] if len(lines) > 12 else [])]
        also = say("notes.remark.asked_by_nobody_also", count=len(lines) - 1, lines=others)
        yield lines[0], also if others else say("notes.remark.asked_by_nobody")


def _words(note: Stated, provisos: Provisos, asked: Asked, ones: OneSums) -> list[tuple[int, Said]]:
    """Sentences that may change the equations, each by itself, and all others that are not read, in one remark."""
    doubtful = provisos.doubtful()
    doubtful += [(s, s.quoted_from(0)) for s in Worded(provisos).means() if s not in [t for t, _ in doubtful]]
    found: list[tuple[int, Said]] = [
        (note.line(at), say("notes.remark.words", words=_beginning(note, at, s.end - at))) for s, at in doubtful
    ]
    told = {*(s.start for s, _ in doubtful), *asked.tasks.no_part, *asked.tasks.left_over}
    odd = (s for s in provisos.sentences if any(s.start <= at < s.end for at in asked.tasks.strange))
    found += [
        (note.line(at), say("notes.remark.words", words=_beginning(note, at, s.end - at)))
        for s in odd
        for at in [s.quoted_from(len(s.words))]
        if not any(s.start <= place < s.end for place in told)
    ]
    taken = {e.segment.start for e in provisos.equations.found}
    used = {f.start for f in note.formulas if not f.displayed and any(f.start <= at < f.end for at in taken)}
    used |= {
        *asked.places,
        *asked.tasks.no_part,
        *asked.tasks.asking,
        *(at for s, _ in doubtful for at in (s.start, *s.places[s.last_displayed + 1 :][:1])),
        *(at for at, _ in note.assumed),
        *note.unsaid,
        *ones.formulas,
        *ones.sentences,
    }
    used |= {task.at for task in asked.found if not task.formulas and not task.equations}
    others = provisos.unread(used)
    if others:
        words = [f'"{_beginning(note, at, s.end - at)}"' for s, at in others[:MOST_QUOTED]]
        more = [*words, *(["..."] if len(others) > len(words) else [])]
        found.append((note.line(others[0][1]), say("notes.remark.sentences", words=more)))
    return found


def _idle_within(note: Stated, equations: Equations, rates: Collection[str]) -> list[tuple[int, Said]]:
    """The equations within the text that are not taken: of what has another, or of what no equation uses."""
    words, given, lefts = note.vocabulary(), equations.given(), equations.lefts()
    taken = {e.segment.start: e for e in equations.found}
    texts = {(e.name, _without_space(note, e.segment)) for e in equations.found}
    found: list[tuple[int, Said]] = []
    for start, end in note.within():
        for s in segments(note.source, words, start, end):
            name = s.left.name
            known = s.start in taken or name in given or (name, _without_space(note, s)) in texts
            chosen = s.left.key[0] in GREEK and name not in rates
            if not known and chosen and _is_number(tokens_in(note.source, s.left.span[1], s.end)):
                found.append((start, say("notes.remark.unused", name=name)))
            e = None if known else equations.read(s)
            if e is not None and e.is_formula and e.uses:
                first = name in lefts
                said = say("notes.remark.first_taken", name=name) if first else say("notes.remark.unused", name=name)
                found.append((start, said))
    return found


def _is_number(tokens: Sequence[Token]) -> bool:
    """Whether nothing but a number stands behind an equals sign."""
    texts = [t.text for t in tokens if t.kind != "end" and t.text not in (".", ",")]
    return len(texts) == 2 and texts[0] == "=" and any(t.kind == "number" and t.text == texts[1] for t in tokens)


def _derivatives_within(note: Stated, asked: Asked) -> list[tuple[int, Said]]:
    """Equations within the text that tell derivatives, and are no part: nothing sees whether they are true."""
    places = {*asked.places, *asked.tasks.no_part, *asked.tasks.asking}
    spans = [f for f in note.formulas if not f.displayed and f.start not in places]
    return [
        (f.start, say("notes.remark.derivative_within", formula=note.document.text[f.start : f.end].strip()))
        for f in spans
        if has_sign(note.source, f.start, f.end, *DERIVATIVES)
        and _has_equals(tokens_in(note.source, f.start, f.end))
        and not note.supposes(f)
        and not any(f.start <= at < f.end for at in asked.tasks.left_over)
        and [t.kind for t in tokens_in(note.source, f.start, f.end)[-1:]] != ["number"]  # A condition, or a value.
    ]


def _bounds_within(note: Stated, equations: Equations, asked: Asked, ones: OneSums) -> list[tuple[int, Said]]:
    r"""Equations within the text whose left side is no quantity, ``\|w\| = 1``, of what the equations have."""
    words, places = note.vocabulary(), {*asked.places, *asked.tasks.no_part, *asked.tasks.asking, *ones.formulas}
    letters = {letter_of_name(name) for name in (*equations.given(), *equations.lefts())}
    return [
        (f.start, say("notes.remark.bound_within", formula=note.document.text[f.start : f.end].strip()))
        for f in note.formulas
        if not f.displayed
        and f.start not in places
        and note.states(f)
        and not any(segments(note.source, words, f.start, f.end))
        and _has_equals(tokens_in(note.source, f.start, f.end))
        and not _is_applied(tokens_in(note.source, f.start, f.end))
        and "'" not in note.document.text[f.start : f.end].partition("=")[0]
        and any(t.text.lstrip("\\") in letters for t in tokens_in(note.source, f.start, f.end))
    ]


_BELOW = ("<", "<=", "le", "leq", "leqslant", "ll", "ne", "neq", "!=")
_ABOVE = (">", ">=", "ge", "geq", "geqslant", "gg")


def _conditions_within(note: Stated, equations: Equations, asked: Asked) -> Iterator[tuple[int, Said]]:
    r"""Inequalities of what the equations have, and numbers for sizes, ``T = 3``; a number below one letter is none."""
    quantities, places = {*equations.given(), *equations.lefts()}, {*asked.places, *asked.tasks.no_part}
    sizes = {*note.declared.dims, *equations.dims, *note.steps.last}
    for f in note.formulas:
        tokens = [t for t in tokens_in(note.source, f.start, f.end) if t.kind != "end"]
        texts = [t.text.lstrip("\\") for t in tokens]
        signs = [n for n, text in enumerate(texts) if text in (*_BELOW, *_ABOVE)]
        if f.displayed or f.start in places or any(text in ("=", "in", "sum") for text in texts):
            counts = len(texts) == 3 and texts[0] in sizes and texts[1] == "=" and texts[2].isdecimal()
            if counts and not f.displayed and f.start not in places:
                yield f.start, say("notes.remark.size_within", size=texts[0], number=texts[2])
            continue
        letters = {name.name for t in tokens for name in names_in_formula(note.source, t.start, t.end)}
        lower = len(signs) == 1 and texts[signs[0]] in _ABOVE and tokens[-1].kind == "number" and texts[-2] in _ABOVE
        if (
            signs
            and letters & quantities
            and not (lower and len(names_in_formula(note.source, f.start, tokens[signs[0]].start)) == 1)
        ):
            yield f.start, say("notes.remark.condition_within", formula=note.document.text[f.start : f.end].strip())


def _has_equals(tokens: Sequence[Token]) -> bool:
    r"""Whether an equals sign stands elsewhere than in the scripts of ``\{x_i\}_{i=1}^N``."""
    n = 0
    while n < len(tokens):
        if tokens[n].text == "=":
            return True
        n = max(n + 1, script_end(tokens, n) if tokens[n].text in ("_", "^") else 0)
    return False


def _is_applied(tokens: Sequence[Token]) -> bool:
    """Whether a formula begins with a function at its argument, ``g(z)``."""
    return len(tokens) > 1 and tokens[0].kind in ("letter", "greek", "word", "macro") and tokens[1].text == "("


def _without_space(note: Stated, segment: Segment) -> str:
    return "".join(note.document.text[segment.start : segment.end].split()).rstrip(".,;")


def _beginning(note: Stated, at: int, length: int = 200) -> str:
    """The first words from a place on, as the file has them."""
    line, column, _ = note.document.locate(at)
    file: Document = note.document
    while isinstance(file, Rewritten):
        file = file.original
    start = file.line_starts[line - 1] + column - 1
    words = " ".join(file.text[start : start + min(length, 200)].split())
    return words if len(words) <= 60 else words[:60].rpartition(" ")[0] + " ..."


# --- what was found -------------------------------------------------------------------------------------------------


def what_was_read(problem: Problem) -> str:
    """What was found in a note, for the user to check: the equations with their lines, and the given quantities."""
    count = len(problem.equations)
    lines = [say("notes.read.equations", name=problem.path or problem.title, count=count)]
    for e in problem.equations:
        text = " ".join(e.text.replace("&", "").split())
        shape = show_shape(e.shape)
        lines.append(say("notes.read.equation", line=e.line or 0, name=e.name, shape=shape, text=text))
    for symbol in (s for s in problem.symbols.values() if s.role != "node"):
        role = "one-hot target" if symbol.one_hot else symbol.role
        role = f"symmetric {role}" if symbol.symmetric else role
        sums = symbol.sums_to_one and not symbol.one_hot
        read = say("notes.read.symbol", role=role, name=symbol.name, shape=show_shape(symbol.shape))
        lines.append(say("notes.read.sums_to_one", read=read) if sums else read)
    lines.append(say("notes.read.loss", name=problem.loss))
    if problem.parts:
        lines.append(say("notes.read.parts", parts=[_summary(part) for part in problem.parts]))
    head, *others = [words.text(problem.language) for words in lines]
    return "\n".join([head, *(f"  {line}" for line in (*others, *problem.remarks))])


def _summary(part: Part) -> Said:
    """A part in a few words: ``show (line 12)``, ``gradients W, b``."""
    if part.targets:
        names = " ".join(part.targets)
        newton = part.option == METHODS[1]
        return say("notes.read.by_newton", kind=part.kind, names=names) if newton else f"{part.kind} {names}"
    if part.line is not None:
        return say("notes.read.part_of_line", kind=part.kind, line=part.line)
    return f"{part.kind} {part.option or ''}".strip()

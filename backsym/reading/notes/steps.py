r"""Letters by which a note computes step by step: the t of ``\mathbf{h}_t = \tanh(\mathbf{W} \mathbf{h}_{t-1})``.

Such a letter stands alone at a left side and shifted, ``t - 1`` or ``(l-1)``, somewhere at a right one; it is an index,
in time or in depth, wherever it stands at a quantity.  Its range is told by ``t = 1, \dots, T``, within the text too,
by a sum, or by its own capital that stands in its place, ``\mathbf{h}_T``.  A range that begins elsewhere than at 1 is
refused by name.

Knows the tokens of formulas and a first look at the equations; knows no shapes but
those that are declared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backsym.core.dims import amount, is_sum
from backsym.core.errors import Diagnostic, InputError
from backsym.core.expr import Span
from backsym.core.problem import start_names
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.files.yamlfile import Edit
from backsym.reading.latex.equations import Spelled, first_looks, last_listed
from backsym.reading.latex.lexer import Token, tokens_in
from backsym.reading.latex.names import new_name, split_tag
from backsym.reading.notes.equations import Equations
from backsym.reading.notes.lengths import Respelled
from backsym.reading.notes.shapes import Axes
from backsym.reading.syntax import Node, node, walk

_LETTERS = ("letter", "greek")
_OPENING = {"(": ")", "[": "]"}


@dataclass(frozen=True)
class Script:
    """The first index below or above a letter: the letter that it has, and what is added to it.

    ``form`` is how it is written: "" below, else above, "bare" or with the parenthesis that opens it.  ``base`` is what
    it stands at, "" if that is no letter.
    """

    base: str
    letter: str
    shift: int
    form: str
    at: Token


@dataclass
class Steps:
    """The letters of recurrences, each with its form; ``ranges`` and ``ends`` as far as they are told."""

    forms: dict[str, str] = field(default_factory=dict)
    ends: dict[str, Token] = field(default_factory=dict)
    """The last position of each, as the note writes it."""
    by_custom: dict[str, Token] = field(default_factory=dict)
    """Those of ``ends`` that only the capital of the letter tells."""

    @property
    def letters(self) -> frozenset[str]:
        return frozenset(self.forms)

    @property
    def last(self) -> frozenset[str]:
        return frozenset(token.text for token in self.ends.values())

    def above(self, *, bare: bool) -> frozenset[str]:
        """The letters that are written above, or those of them without parentheses."""
        return frozenset(letter for letter, form in self.forms.items() if form and (form == "bare" or not bare))


def steps_of(source: Source, displayed: Iterable[tuple[int, int]], places: Iterable[tuple[int, int]]) -> Steps:
    """The recurrences among the ``displayed`` equations; ``places`` are all formulas.

    Raises InputError for a letter that does not begin at 1.
    """
    left: dict[str, str] = {}
    bases: set[str] = set()
    scripts: list[Script] = []
    for reader in first_looks(source, displayed):
        scripts += _scripts(reader.tokens)
        for position, _ in reader.readable_lefts():
            own = [s for s in _scripts(reader.tokens[position : reader.position + 1]) if reader.at("=") and not s.shift]
            left.update({s.letter: s.form for s in own if s.letter not in left})
            bases |= {s.base for s in own}
    shifted = {script.letter for script in scripts if script.shift and script.base in {*bases, ""}}
    steps = Steps({letter: form for letter, form in left.items() if letter in shifted})
    for reader in first_looks(source, places if steps.forms else ()):
        for letter, first, last in _ranges(reader.tokens):
            if letter.text in steps.forms and first.text != "1":
                words = say("notes.steps_from", letter=letter.text, first=first.text)
                raise source.error(words, (letter.start, last.end))
            if letter.text in steps.forms and last.kind in _LETTERS:
                steps.ends.setdefault(letter.text, last)
    for script in scripts:
        small = script.letter.lower()
        if script.letter != small and small in steps.forms and small not in steps.ends and not script.shift:
            steps.ends[small] = steps.by_custom[small] = script.at
    return steps


def told_ranges(source: Source, places: Iterable[tuple[int, int]]) -> dict[str, str]:
    r"""The dimensions of the letters of which a formula is nothing but the range, ``i = 1, \dots, P``, one for each."""
    found: dict[str, set[str]] = {}
    for reader in first_looks(source, places):
        alone = reader.tokens[0]
        for letter, first, last in _ranges(reader.tokens):
            behind = [token.text for token in reader.tokens[reader.tokens.index(last) + 1 :] if token.kind != "end"]
            if letter is alone and first.text == "1" and set(behind) <= {"}", r"\}", ".", ",", ";"}:
                found.setdefault(letter.text, set()).add(last.text)
    return {letter: next(iter(dims)) for letter, dims in found.items() if len(dims) == 1}


def is_range_to_a_sum(source: Source, start: int, end: int) -> bool:
    r"""Whether a formula is ``i = 1, \dots, N - K + 1``, whose last position is no size of the note."""
    texts = [token.text for token in tokens_in(source, start, end)]
    if texts[1:2] != ["="] or not "".join(texts[2:3]).isdecimal() or "dots" not in texts[3:5]:
        return False
    last = [text for text in texts[texts.index("dots") + 1 :] if text not in (",", ".", "{", "}")]
    return any(sign in last for sign in ("+", "-", "/")) and "=" not in last


def _scripts(tokens: Sequence[Token]) -> Iterator[Script]:
    """The first index of each sub- and superscript, where that is a letter with or without a shift."""
    for n, token in enumerate(tokens[:-2]):
        if token.kind != "op" or token.text not in ("_", "^"):
            continue
        form = "" if token.text == "_" else "bare"
        back = n - 1
        while back > 0 and tokens[back].text == "}":
            back -= 1
        base = tokens[back].text if tokens[max(back, 0)].kind in (*_LETTERS, "word") else ""
        n += 1
        braced = tokens[n].text == "{"
        n += braced
        if form and tokens[n].text in _OPENING:
            form = tokens[n].text
            n += 1
        letter = tokens[n]
        if letter.kind not in _LETTERS:
            continue
        sign, number, end = (tokens[min(n + k, len(tokens) - 1)] for k in (1, 2, 3))
        closing = ("}", ",") if form in ("", "bare") else (_OPENING[form],)
        if not braced or sign.text in closing or (not form and sign.kind in (*_LETTERS, "number")):
            yield Script(base, letter.text, 0, form, letter)
        elif sign.text in ("+", "-") and number.text.isdecimal() and (end.text in closing or end.kind in _LETTERS):
            yield Script(base, letter.text, int(sign.text + number.text), form, letter)


def _ranges(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token, Token]]:
    r"""Each ``t = 1, \dots, T``, ``t \in \{1, \dots, T\}`` and ``\sum_{t=1}^T``: letter, first and last position."""
    for n in range(len(tokens) - 3):
        letter, sign, *rest = tokens[n : n + 9]
        if letter.kind not in _LETTERS or sign.text not in ("=", "in"):
            continue
        rest = rest[1:] if sign.text == "in" and rest[0].text == r"\{" else rest
        first, *rest = rest
        if first.kind != "number":
            continue
        summed = n > 2 and [t.text for t in tokens[n - 3 : n]] == ["sum", "_", "{"]
        texts = [t.text for t in rest]
        if summed and texts[:2] == ["}", "^"]:
            last = rest[2 + (texts[2] == "{")]
        elif (listed := last_listed(tokens, n + 2 + (tokens[n + 2].text == r"\{"))) is not None:
            yield letter, first, tokens[listed]
            continue
        elif "dots" in texts[:4]:
            after = texts.index("dots") + 1
            last = rest[after + (texts[after] == ",")]
        else:
            continue
        if last.kind in _LETTERS:
            yield letter, first, last


# --- what a recurrence starts from -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """What the family starts from at the position ``-back``: the name that the note has for it, or would have."""

    family: str
    name: str
    spelled: Spelled
    back: int


def starts_of(equations: Equations, letters: Collection[str]) -> list[Start]:
    """The starts of the families that use earlier members of their own, in the order of the equations."""
    back: dict[str, int] = {}
    for entry in equations.entries():
        first = entry.children[1]
        lag = -sum(int(part.value) for part in first.children if not part.children) if first.kind == "shift" else 0
        if lag > 0 and any(part.value in letters for part in walk(first) if part.kind == "name"):
            back[entry.children[0].value] = max(lag, back.get(entry.children[0].value, 0))
    found = []
    for equation in equations.found:
        left = equation.segment.left
        for n in range(back.get(equation.name, 0)):
            name = new_name(left.key[0], left.key[1] + "0") if n == 0 else start_names(equation.name, n)[0]
            key = (left.key[0], left.key[1] + "0") if n == 0 else split_tag(name)
            found.append(Start(equation.name, name, replace(left, key=key), n))
    return found


def check_zeros(equations: Equations, starts: Sequence[Start], arrays: Collection[str]) -> None:
    """Raises Respelled where an array starts from a plain 0: that is all zeros."""
    families = {start.name: start.family for start in starts}
    edits: list[Edit] = []
    for equation in equations.found:
        family = families.get(equation.name)
        zero = equation.sides is not None and equation.sides[1].kind == "num" and float(equation.sides[1].value) == 0
        if zero and equation.sides is not None and (equation.segment.left.bold or family in arrays):
            edits.append(Edit(*equation.sides[1].span, r"\mathbf{0}"))
    if edits:
        raise Respelled(edits, [(edits[0].start, "0 as the start of an array is all zeros")])


def as_equations(starts: Iterable[Start]) -> list[tuple[Node, Node]]:
    """That a start has the shape of a member, as equations."""
    at = (0, 0)
    zero = Node("num", "0", (), at)
    name = [(Node("name", s.name, (), at), Node("name", s.family, (), at)) for s in starts]
    return [(start, node("entry", "", (family, zero), at)) for start, family in name]


def _by_number(
    source: Source, equations: Equations, starts: Collection[str], declared: Collection[str]
) -> list[Diagnostic]:
    r"""``x_1`` beside the family ``x_n``: the first member, or another quantity; so is ``y_0`` beside a bold y."""
    families = {e.children[0].value for e in equations.entries() if e.children[1].kind == "name"}
    bold = {e.name for e in equations.found if e.segment.left.bold}
    found = []
    for name, spelled in equations.given().items():
        base, tag = spelled.key
        entry = tag == "0" and not spelled.bold and new_name(base, "") in bold and name not in {*starts, *declared}
        other = tag.isdecimal() and tag != "0" and name not in starts and name not in declared
        if entry or (other and new_name(base, "") in families):
            words = say("notes.member_by_number", name=source.text[slice(*spelled.span)], family=base)
            found.append(source.diagnostic(words, spelled.span))
    return found


def _within_reach(tree: Node) -> Iterator[Span]:
    r"""The shifted entries that stay within the array: x_{i-1} in a sum from 2 on, x_{i+1} in one up to n - 1."""
    if tree.kind == "call" and tree.value == "sum":
        body, *letters = tree.children
        for letter in letters:
            first, last = _left_out(body, letter)
            for part in walk(body):
                by = _shift(part.children[1], letter.value) if part.kind == "entry" else 0
                if -first <= by < 0 or 0 < by <= last:
                    yield part.span
    for child in tree.children:
        yield from _within_reach(child)


def _left_out(body: Node, letter: Node) -> tuple[int, int]:
    """How many positions a sum leaves out, from the first on and at the end: the factors 1 - delta(i, 1)."""
    at: list[str] = []
    for factor in body.children if body.kind in ("terms", "mul") else ():
        if factor.kind != "add" or [part.kind for part in factor.children] != ["num", "neg"]:
            continue
        delta = factor.children[1].children[0]
        if (delta.kind, delta.value) == ("call", "delta") and delta.children[0].value == letter.value:
            at.append(delta.children[1].value)
    first = 0
    while str(first + 1) in at:
        first += 1
    last = letter.children[0].value if letter.children else ""
    return first, int(last in at)


def _shift(index: Node, letter: str) -> int:
    """By how much an index is moved from a letter; 0 if it is anything else."""
    parts = index.children if index.kind == "shift" else ()
    letters = [part for part in parts if part.children]
    alone = len(letters) == 1 and letters[0].value == "1" and letters[0].children[0].value == letter
    return sum(int(part.value) for part in parts if not part.children) if alone else 0


def check_steps(source: Source, equations: Equations, starts: Sequence[Start], declared: Mapping[str, Axes]) -> None:
    """What stands at a shifted letter and may not be there: refused, with the place.

    ``\\gamma^{(t-1)}`` that is nowhere else a family is a power as well; x_{t-1} of what is given has no start, and
    x_{t+1} runs out after the last.
    """
    back: dict[str, int] = {}
    for start in starts:
        back[start.family] = max(start.back + 1, back.get(start.family, 0))
    plain = {e.children[0].value for e in equations.entries() if e.children[1].kind == "name"}
    found = _by_number(source, equations, {start.name for start in starts}, declared)
    reached = {span for e in equations.found if e.sides is not None for span in _within_reach(e.sides[1])}
    for entry in equations.entries():
        name, first = entry.children[0].value, entry.children[1]
        parts = first.children if first.kind == "shift" else ()
        letters = [part for part in parts if part.children]
        by = sum(int(part.value) for part in parts if not part.children)
        against = any(part.value.startswith("-") for part in letters)
        if not against and (len(letters) != 1 or letters[0].value != "1" or -back.get(name, 0) <= by <= 0):
            continue
        if entry.span in reached:
            continue
        if declared.get(name) and (against or is_sum(amount(declared[name][0]))):
            continue  # A declared axis of N + 1 entries goes beyond N.
        written = source.text[slice(*entry.span)]
        power = "^" in written and name not in plain and name not in equations.lefts()
        words = say("notes.power_or_member" if power else "notes.runs_out", name=written)
        found.append(source.diagnostic(words, entry.span))
    if found:
        raise InputError(found)

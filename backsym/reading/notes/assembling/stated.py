r"""What a note states: its declarations, and its forward equations, with the letters that run over something.

What stands displayed is stated; within the text, what the displayed equations need and what is no condition.  Knows
the formulas and the words beside them; what these leave open is settled elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from backsym.core.errors import Diagnostic, InputError
from backsym.core.lazy import lazy
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.fields import MAX_DIAGNOSTICS
from backsym.reading.latex.declarations import Declaration, Declarations, names_in_formula, subjects_in_formula
from backsym.reading.latex.equations import Segment, Spelled, segments
from backsym.reading.latex.lexer import Token, has_sign, tokens_in
from backsym.reading.latex.names import Vocabulary, new_name, split_tag
from backsym.reading.notes.assembling.said import Sentence, sentences
from backsym.reading.notes.equations import (
    Equations,
    Forward,
    defined_functions,
    index_letters,
    is_loss,
    is_measure,
    is_model,
    loss_marks,
)
from backsym.reading.notes.labels import chosen, position_uses, says_class
from backsym.reading.notes.prose import (
    CLOSE_BEFORE,
    MAX_FORMULAS,
    Formula,
    Prose,
    formulas,
    is_shown,
    role_in,
    says_one_hot,
    sentences_of,
    tells_role,
    without_next,
    words_before,
)
from backsym.reading.notes.spelling import MARKS, numbered_members
from backsym.reading.notes.stating.pieces import Settled, index_conditions
from backsym.reading.notes.steps import Steps, starts_of, steps_of, told_ranges
from backsym.reading.notes.upstream import Slope, mentioned_loss, slopes
from backsym.reading.notes.words import Place, is_size, layers, symmetric, worded
from backsym.text.phrases import Phrases, words_of

DERIVATIVES = ("partial", "nabla")

_CONDITIONS = Phrases("if", "when", "whenever", "unless", "case", "cases", "wenn", "falls", "fall")
"""Words right after which an equation within the text may hold or not."""
_AT = Phrases("at", "bei", "an der stelle", "im punkt")
"""Words right after which it is a point at which something is evaluated."""
_INPUTS = ("input", "inputs", "eingabe")
"""Right sides that say what a quantity is, and nothing of its value."""
_SUPPOSING = Phrases("assume", "assuming", "suppose", "supposing", "angenommen")
"""Words after which it holds, if it is a formula; "suppose $a = b$" is of a case."""
_OTHERWISE = Phrases(
    "changes", "change", "happens", "instead", "repeat", "redo", "differ", "\u00e4ndert", "\u00e4ndern", "passiert",
    "wiederholen", "stattdessen",
)  # fmt: skip
"""Words of sentences about another case than the note's, "what changes when the weights are tied, i.e. $V = W$?"."""
_KEEPING = Phrases("keeping", "holding", "leaving", "treating", "fixing", "keep", "hold", "treat")
_PARTIAL = Phrases("derivative", "derivatives", "differentiate", "differentiating", "differentiated", "derive")
_OF_PRIORS = ("w", "b", "theta", "beta", "phi")
"""Letters of what has a distribution before it is learned."""
_BEST = ("optim", "minimi", "maximi", "best", "solution", "stationary", "l\u00f6sung", "station\u00e4r")


def is_tex(path: str) -> bool:
    return path.lower().endswith(".tex")


def shows_optimum(text: str, start: int) -> bool:
    """Whether a formula is to be shown of the best value of what is given, "show that the optimal $w$ is $w = ...$"."""
    return is_shown(text, start) and any(word.text.startswith(_BEST) for word in words_before(text, start))


class Stated:
    """The formulas of a note, and what they and their words say; ``assumed`` is what is so by custom."""

    def __init__(self, settled: Settled):
        document = self.document = settled.document
        self.settled = settled
        self.source = document.source
        unclosed: list[tuple[int, int, str]] = []
        self.formulas = tuple(
            islice(formulas(document.text, unclosed, tex=is_tex(str(document.file))), MAX_FORMULAS + 1)
        )
        if unclosed:
            raise InputError(
                self.source.diagnostic(say("notes.never_closed", sign=document.text[a:b], closing=closing), (a, b))
                for a, b, closing in unclosed[:MAX_DIAGNOSTICS]
            )
        if len(self.formulas) > MAX_FORMULAS:
            raise InputError([Diagnostic(say("notes.too_many_formulas", limit=MAX_FORMULAS), document.file)])
        self.prose = Prose(self.source, self.formulas)
        self.declared = Declarations()
        self.words: dict[str, str] = {}
        self.steps = Steps()
        self.begun: set[str] = set()
        self.letters: frozenset[str] = frozenset()
        self.left_letters: frozenset[str] = frozenset()
        self.family_names: set[str] = set()
        self.numbered: frozenset[str] = frozenset()
        self.marks: frozenset[str] = frozenset()
        self.labels: dict[str, str] = {}
        self.conditions = index_conditions(self.source, self.formulas)
        self.assumed: list[tuple[int, Said]] = []
        self.classes: dict[str, str] = {}
        self.symmetric: set[str] = set()
        self.sides = {"".join(text.split()).rstrip(".,;") for _, text, _ in settled.others}
        self.counts: set[str] = set()
        self.unplaced: list[tuple[int, Said]] = []
        """What the words say of sizes that no quantity has."""
        self.unsaid: list[int] = []
        """Where the words call something symmetric that is no declared square matrix."""

    # --- places ---

    def line(self, position: int) -> int:
        return self.document.place(position)[0]

    @property
    def places(self) -> list[Place]:
        return [Place(start, end) for start, end in self.spans]

    @property
    def spans(self) -> list[tuple[int, int]]:
        return [(f.start, f.end) for f in self.formulas]

    @lazy
    def sentences(self) -> list[Sentence]:
        return list(sentences(self.source.text, self.formulas))

    def within(self) -> list[tuple[int, int]]:
        """The formulas within the text that say what holds."""
        return [(f.start, f.end) for f in self.formulas if not f.displayed and self.states(f)]

    # --- declarations ---

    def displayed(self) -> list[Formula]:
        """Reads all declarations, and finds the displayed formulas that may state something else."""
        declares = [self.declares(n, f) for n, f in enumerate(self.formulas)]
        if self.declared.powers:
            words = say("notes.declared_power")
            raise InputError(self.source.diagnostic(words, span) for span in self.declared.powers[:MAX_DIAGNOSTICS])
        known = {d.spelled.name for d in self.declared.found}
        self.declared.found += [d for d in self.declared.vectors if d.spelled.name not in known]
        self.declare_by_maps(known)
        self.declare_by_words()
        self.declare_symmetric()
        return [
            f
            for f, done in zip(self.formulas, declares, strict=True)
            if f.displayed and self.may_define(f, declares=done)
        ]

    def may_define(self, formula: Formula, *, declares: bool) -> bool:
        """Whether a formula may hold an equation: of one that declares something, each statement by itself is one."""
        return not declares or bool(segments(self.source, self.vocabulary(), formula.start, formula.end))

    def declares(self, number: int, formula: Formula) -> bool:
        if not has_sign(self.source, formula.start, formula.end, "in", r"\sim", r"\to", r"\rightarrow"):
            return False
        before = len(self.declared.found)
        found = self.declared.read(self.source, formula.start, formula.end)
        several = self.document.text[formula.start : formula.end].lstrip().startswith("(")
        words = "" if several else self.prose.of(number)  # "Data $(x, y)$" tells x and y apart by no word.
        self.words.update({d.spelled.name: words for d in self.declared.found[before:]})
        return found

    def declare_by_words(self) -> None:
        known = {d.spelled.name for d in self.declared.found}
        for number, declaration in worded(self.source, self.places, self.declared):
            if declaration.spelled.name not in known:
                known.add(declaration.spelled.name)
                self.declared.found.append(declaration)
                self.words[declaration.spelled.name] = self.said_of(number)

    def declare_by_maps(self, known: Collection[str]) -> None:
        r"""Declares what functions of one argument give and take, ``f: \mathbb{R}^D \to \mathbb{R}^K`` of ``f(x)``."""
        for spelled, domain, image in self.declared.maps:
            for argument in self.settled.arguments.get(spelled.name, ()):
                bold = split_tag(argument)[0] in self.settled.bold
                taken = replace(spelled, key=split_tag(argument), bold=bold)
                both = [(spelled, image), (taken, domain)] if len(self.settled.arguments[spelled.name]) == 1 else []
                self.declared.found += [Declaration(s, axes) for s, axes in both if s.name not in known and axes]

    def declare_symmetric(self) -> None:
        """Finds the square matrices that the words call symmetric."""
        told, self.unsaid = symmetric(self.source.text, self.places)
        for at, place in told.items():
            if words_before(self.source.text, place.start)[-1:] in _CONDITIONS:
                self.unsaid.append(at)
                continue
            if is_size(self.source, place) and place in self.places[1:]:
                place = self.places[self.places.index(place) - 1]  # "Let $A$ be a symmetric $n \times n$ matrix".
            inside = {d.spelled.name for d in self.declared.found if place.start <= d.spelled.span[0] < place.end}
            names = inside or {name.name for name in names_in_formula(self.source, place.start, place.end)}
            square = {d.spelled.name for d in self.declared.found if len(d.shape) == 2 and d.shape[0] == d.shape[1]}
            self.symmetric |= names & square
            self.unsaid += [] if names & square else [at]

    def hear(self, given: Mapping[str, Spelled]) -> None:
        """Takes what the words say of the role of given quantities wherever they name them, alone or in a list."""
        members: dict[str, str] = {}
        for number, formula in enumerate(self.formulas):
            words = "" if formula.displayed or self.supposes(formula) else self.said_of(number)
            if tells_role(words):
                for d in subjects_in_formula(self.source, formula.start, formula.end, Declarations()):
                    members.setdefault(d.spelled.key[0] if d.spelled.key[1] else "", words)
                    members.setdefault(d.spelled.name, words)
        for name in given:
            words = members.get(name, "")
            if words and not tells_role(self.words.get(name, "")):
                self.words[name] = words

    def role(self, name: str) -> str | None:
        """The role that the words, or the set or the distribution that it is of, give a quantity."""
        base, tag = split_tag(name)
        drawn = {spelled.name for spelled in self.declared.drawn} | {s.key[0] for s in self.declared.drawn if not tag}
        chosen = name in self.counts or (name in drawn and base.lower() not in _OF_PRIORS)
        return role_in(self.words.get(name, "")) or ("constant" if chosen else None)

    # --- equations ---

    def equations(self, found: Sequence[Formula]) -> Equations:
        """The forward equations; layers that were declared with a letter are declared one by one."""
        stating = [(f.start, f.end) for f in found]
        within = self.within()
        if not any("=" in self.document.text[start:end] for start, end in stating):
            stating = within  # All that this note states stands within its text.
        self.steps = steps_of(self.source, [*stating, *within], self.spans)
        for last in self.steps.ends.values():
            self.declared.dims.setdefault(last.text, Spelled((last.text, ""), below=False, bold=False, span=(0, 0)))
        ends = self.steps.by_custom.items()
        self.assumed += [(at.start, say("notes.remark.runs_up_to", letter=letter, end=at.text)) for letter, at in ends]
        self.letters, self.left_letters = index_letters(self.source, stating)
        self.letters |= self.steps.letters | index_letters(self.source, within)[0]
        told = told_ranges(self.source, [(f.start, f.end) for f in self.formulas if not f.displayed])
        self.letters |= self.left_letters & told.keys()
        self.declared.found = [d for d in self.declared.found if not self.is_range(d)]
        self.left_letters -= self.steps.letters
        self.marks = (self.left_letters - self.letters) & loss_marks(self.source, stating)
        self.left_letters -= self.marks
        arrays = {d.spelled.key[0] for d in self.declared.found if d.member and d.shape}
        self.numbered = numbered_members(self.source, self.spans, self.letters, arrays)
        self.declare_labels()
        defined = defined_functions(self.source, [(f.start, f.end) for f in found])
        equations = self.all_equations(found, defined)
        while self.declare_families(equations):
            # What was a name of its own, h_t, is a member at left sides, too; h_0 is what it starts from.
            members = self.all_equations(found, defined)
            self.begun = {start.name for start in starts_of(members, self.steps.letters)}
            equations = self.all_equations(found, defined)
        before = self.declared.found
        used = [s.key for s in (*equations.names.values(), *(e.segment.left for e in equations.found))]
        layers(self.declared, used)
        # What is said of the layer with a letter holds for each layer.
        said: dict[str, str] = {}
        for declaration in before:
            if declaration.spelled.name in self.words:
                said.setdefault(declaration.spelled.key[0], self.words[declaration.spelled.name])
        for declaration in self.declared.found:
            if declaration.spelled.key[0] in said:
                self.words.setdefault(declaration.spelled.name, said[declaration.spelled.key[0]])
        if self.declared.found == before:
            return equations
        return Equations(self.source, equations.segments, defined, self.vocabulary(), self.labels, self.sides)

    def is_range(self, declared: Declaration) -> bool:
        r"""Whether it is the range of an index letter, ``k \in \{1, 2, 3\}``."""
        if declared.letter or declared.shape or declared.spelled.name not in self.letters:
            return False
        end = declared.spelled.span[1]
        last = next((f.end for f in self.formulas if f.start < end <= f.end), end)
        return [t.text for t in tokens_in(self.source, end, last)[:2]] == ["in", r"\{"]

    def all_equations(self, displayed: Sequence[Formula], defined: Mapping[str, Token]) -> Equations:
        """The equations with what is known by now: those displayed, and those within the text that they need."""
        words = self.vocabulary()
        segs = [s for f in displayed for s in self.equations_in(f, words)]
        segs += self.within_the_text(Equations(self.source, segs, defined, words, self.labels, self.sides), words)
        return Equations(self.source, segs, defined, words, self.labels, self.sides)

    def equations_in(self, formula: Formula, words: Vocabulary) -> Iterator[Segment]:
        """Those of a displayed formula; raises InputError where one is of some members alone, "$h_i = x_i, i = 2$"."""
        before = ""
        for segment in segments(self.source, words, formula.start, formula.end):
            condition = segment.start in self.conditions
            if condition and before and not self.conditions[segment.start]:
                raise self.source.error(say("notes.of_one_case", name=before), (segment.start, segment.end))
            if not (condition and self.conditions[segment.start]) and not self.says_input(segment):
                before = segment.left.name
                yield segment

    def says_input(self, segment: Segment) -> bool:
        """Whether ``x = input`` only says what x is; it is kept in mind."""
        inside = tokens_in(self.source, segment.left.span[1], segment.end)
        said = "".join(token.text for token in inside if token.kind in ("letter", "word")).lower()
        says = said in _INPUTS and all(t.kind in ("letter", "word") or t.text in ("=", "&", ",", ".") for t in inside)
        if says:
            self.words.setdefault(segment.left.name, _INPUTS[0])
        return says

    def declare_labels(self) -> None:
        """Finds the letters that are classes; ``y \\in \\{1, \\dots, K\\}`` of one declares no index letter."""
        letters = self.letters | self.left_letters
        uses = position_uses(self.source, self.spans, letters, self.marks)
        told = {d.spelled.name for d in self.declared.found if d.letter}
        for n, formula in enumerate(self.formulas):
            words = self.prose.of(n) + without_next(self.prose.after(n))
            if not formula.displayed and says_class(words) and not says_one_hot(words):
                names = names_in_formula(self.source, formula.start, formula.end)
                told |= {name.key[0] if name.key[1] in letters else name.name for name in names}
        self.labels = chosen(uses, told - letters - self.marks)
        for d in self.declared.found:
            label = d.spelled.key[0] if d.spelled.key[1] in letters else d.spelled.name
            if d.letter and label in self.labels:
                self.classes[label] = d.shape[0]
        mine = {name for label, inner in self.labels.items() for name in (label, new_name(label, inner))}
        self.declared.found = [d for d in self.declared.found if d.spelled.name not in mine]

    def within_the_text(self, displayed: Equations, words: Vocabulary) -> list[Segment]:
        """Equations within the text: of what the displayed ones use and do not define, and of the loss if need be."""
        telling, starts = self.telling(displayed, words)
        taken: dict[str, Segment] = {}
        has_loss = displayed.loss() is not None
        for s, _ in telling:
            if not has_loss and is_loss(s.left) and s.left.name not in taken:
                taken[s.left.name] = s
        needed = {*displayed.given(), *starts, *(name for s, e in telling if s.left.name in taken for name in e.uses)}
        # So may what is used by what is to be shown.
        shown = (f for f in self.formulas if f.displayed or is_shown(self.document.text, f.start))
        claims = [f for f in shown if has_sign(self.source, f.start, f.end, *DERIVATIVES)]
        claimed = {token.text for f in claims for token in tokens_in(self.source, f.start, f.end)}
        needed |= {s.left.name for s, e in telling if e.is_formula and s.left.key[0] in claimed}
        # Of p_y the whole may be computed within the text.
        needed |= {spelled.key[0] for spelled in displayed.given().values() if spelled.below}
        if not has_loss and not taken and telling:
            # A function, or a layer alone with its upstream derivative.
            asked = self.slopes([s.left.name for s, _ in telling])
            needed |= {slope.above for slope in asked} | {slope.below for slope in asked}
        if not displayed.found and not needed and (only := self.only_goal(telling)) is not None:
            taken[only.left.name] = only
            needed |= {name for s, e in telling if s is only for name in e.uses}
        grows = True
        while grows:
            grows = False
            for s, e in telling:
                if s.left.name in needed and s.left.name not in taken and s.left.name not in displayed.lefts():
                    taken[s.left.name] = s
                    needed |= e.uses
                    grows = True
        first = {s.left.name: s for s in reversed([*displayed.segments, *taken.values()])}
        for s, e in telling:
            if e.is_formula and first.get(s.left.name, s) is not s:
                displayed.again(first[s.left.name], s)
        return list(taken.values())

    def telling(self, displayed: Equations, words: Vocabulary) -> tuple[list[tuple[Segment, Forward]], set[str]]:
        """What formulas within the text may define, and the names that recurrences start from.

        What follows "if" or "when" is a condition, and a number is a value.
        """
        inline = [f for f in self.formulas if not f.displayed and self.states(f)]
        found = [s for f in inline for s in segments(self.source, words, f.start, f.end)]
        cases = {f.start for f in inline if words_before(self.document.text, f.start)[-1:] in _SUPPOSING}
        points = {f.start for f in inline if words_before(self.document.text, f.start)[-1:] in _AT}
        every = displayed
        if found and (self.steps.letters or any(len(s.left.key[0]) > 1 for s in found)):
            # Recurrences within the text have starts, and words, o = \sigma(net), are known by their equations.
            segs = [*displayed.segments, *found]
            every = Equations(self.source, segs, displayed.defined, words, self.labels)
        read = [(s, every.read(s)) for s in found if not is_measure(self.source, s, displayed)]
        read = [(s, e) for s, e in read if not e.tells_symmetry]
        starts = {start.name for start in starts_of(every, self.steps.letters)}
        return [
            (s, e)
            for s, e in read
            if s.left.name in starts
            or (
                e.uses
                and s.start not in points
                and not is_model(self.source, e, displayed)
                and (s.start not in cases or e.is_formula)
            )
        ], starts

    def only_goal(self, telling: Sequence[tuple[Segment, Forward]]) -> Segment | None:
        """Of a note without displayed equations: the one that no other uses, if the words speak of no other loss."""
        used = {name for _, e in telling for name in e.uses}
        goals = [s for s, e in telling if e.is_formula and s.left.name not in used]
        mentioned = mentioned_loss(self.document.text, self.spans)
        if len({s.left.name for s in goals}) != 1:
            return None
        near = mentioned is None or 0 <= goals[0].start - mentioned[1] < CLOSE_BEFORE
        return goals[0] if near else None

    def states(self, formula: Formula) -> bool:
        """Whether a formula within the text says what holds: no condition, no derivative and nothing to be shown."""
        text = self.document.text
        derives = has_sign(self.source, formula.start, formula.end, *DERIVATIVES)
        if derives or "=" not in text[formula.start : formula.end]:
            return False
        return not self.supposes(formula) and not is_shown(text, formula.start)

    def supposes(self, formula: Formula) -> bool:
        """Whether what the words say of a formula may hold or not, "if $y$ is one-hot"."""
        return words_before(self.document.text, formula.start)[-1:] in _CONDITIONS or formula.start in self.otherwise

    @lazy
    def otherwise(self) -> frozenset[int]:
        """Where formulas stand behind a condition in a question, or in a sentence that says what else may be."""
        text = self.document.text
        found: set[int] = set()
        for start, end in sentences_of(text, [(f.start, f.end, f.displayed) for f in self.formulas]):
            words = words_of(text, start, end)
            at = _CONDITIONS.first(words)
            if at is not None and (text[end : end + 1] == "?" or words in _OTHERWISE):
                found.update(f.start for f in self.formulas if words[at[0]].start < f.start < end)
        return frozenset(found)

    def said_of(self, number: int) -> str:
        """The words that tell what a formula declares.

        A letter that is kept constant in a partial derivative is no constant: the others are in turn.
        """
        text, start = self.document.text, self.formulas[number].start
        before = words_of(text[max(0, start - 2 * CLOSE_BEFORE) : start])
        return "" if before[-1:] in _KEEPING and before in _PARTIAL else self.prose.of(number)

    def is_idle(self, formula: Formula) -> bool:
        """Whether a formula neither states nor declares anything, and is about no derivative."""
        text = self.document.text[formula.start : formula.end]
        signs = has_sign(self.source, formula.start, formula.end, "in", "=", r"\sim", *DERIVATIVES)
        return bool(text.strip(" \n.,;&")) and not signs

    def vocabulary(self) -> Vocabulary:
        ranks: dict[str, int | None] = {**dict.fromkeys(self.begun), **dict.fromkeys(sorted(self.settled.rows), 2)}
        ranks.update({d.spelled.name: len(d.shape) for d in self.declared.found if not d.letter})
        return Vocabulary(
            ranks, letters=self.letters, open=True, free=self.letters | self.left_letters, numbered=self.numbered,
            marks=self.marks,
            above=self.steps.above(bare=False), bare=self.steps.above(bare=True), ends=self.steps.last,
        )  # fmt: skip

    def declare_families(self, equations: Equations) -> bool:
        r"""Makes a family, the array X, of each declared x_n that equations use; whether there is any."""
        uses = {(t.children[0].value, t.children[1].value) for t in equations.entries()}
        whole = equations.given().keys() | equations.lefts()
        ranges = equations.ranges()
        found, changed = [], False
        for d in self.declared.found:
            base, letter = d.spelled.key
            if d.count:
                # Of x_1, ..., x_N any letter may be the index; what no equation uses is none of its quantities.
                letter = next((at for name, at in sorted(uses) if name == new_name(base, "")), "")
                if not letter or d.spelled.name in self.family_names:
                    continue
            mark, below = (letter[:-1], letter[-1:]) if letter[:-1] in MARKS.values() else ("", letter)
            letter, own = (d.member, letter[1:]) if d.member in self.letters else (below, mark)
            letter = letter or self.member_letter(d, equations)
            last = self.steps.ends[letter].text if letter in self.steps.ends else letter
            used = d.spelled.name in whole or not uses.isdisjoint((new_name(base, own), at) for at in (letter, last))
            if not d.letter and (entries := self.entries_declared(d, equations, ranges)) is not None:
                found.append(entries)
                changed = True
                continue
            if d.letter or letter not in self.letters or not used or d.spelled.name in self.family_names:
                found.append(d)
                continue
            name = d.spelled.name
            if not d.spelled.key[1]:
                said = say("notes.remark.members", name=name, letter=letter)
                self.assumed.append((d.spelled.span[0], said))
            spelled = replace(d.spelled, key=(base, own), below=bool(own))
            found.append(Declaration(spelled, (d.count or ranges.get(letter, f"?{letter}"), *d.shape)))
            self.words.setdefault(spelled.name, self.words.get(name, ""))
            self.family_names.add(spelled.name)
            changed = True
        self.declared.found = found
        return changed

    def entries_declared(
        self, declared: Declaration, equations: Equations, ranges: Mapping[str, str]
    ) -> Declaration | None:
        r"""The array P of which ``P_{ij} \in \{0, 1\}`` declares the entries, in a layer perhaps; else None."""
        base, tag = declared.spelled.key
        letters = tag.lstrip("0123456789")
        layer = tag.removesuffix(letters)
        whole = new_name(base, layer)
        mine = [t for t in equations.entries() if t.children[0].value == whole]
        own = {"".join(index.value for index in tree.children[1:]) for tree in mine}
        direct = declared.spelled.name in equations.given()
        if (
            not letters
            or len(tag) < 2
            or declared.shape
            or not set(letters) <= self.letters
            or not (direct or letters in own)
        ):
            return None
        self.words.setdefault(whole, self.words.get(declared.spelled.name, ""))
        shape = tuple(ranges.get(letter, f"?{letter}") for letter in letters)
        return Declaration(replace(declared.spelled, key=(base, layer), below=False), shape)

    def member_letter(self, declared: Declaration, equations: Equations) -> str:
        r"""The letter of the members that ``x \in \mathbb{R}^d`` is about, the only way in which it stands; else "".

        A number has no entries; a vector has members where these take its place as an argument, ``f(x_i)`` of ``f(x)``,
        and their letter does not run over its axis.
        """
        name, shape = declared.spelled.name, declared.shape
        parts = list(equations.parts())
        mine = [t for t in parts if t.kind == "entry" and t.children[0].value == name]
        letters = {t.children[1].value for t in mine}
        whole = sum(part.kind == "name" and part.value == name for part in parts) > len(mine)
        if declared.letter or whole or len(letters) != 1 or any(len(t.children) != 2 for t in mine):
            return ""
        (letter,) = letters
        apart = equations.ranges().get(letter) not in (None, *shape)
        vector = len(shape) == 1 and apart and (declared.spelled.key[0], letter) in self.settled.members
        return letter if letter in self.letters and (not shape or vector) else ""

    def slopes(self, others: Iterable[str] = ()) -> list[Slope]:
        """The derivatives that the note names."""
        words = replace(self.vocabulary(), free=None)
        return slopes(self.source, words, self.spans, others)

    def named_slopes(self) -> list[Slope]:
        r"""Those that have names in the note, ``G = \partial L/\partial z``."""
        words = replace(self.vocabulary(), free=None)
        return [
            slope
            for name in self.settled.names
            for slope in slopes(Source(name.text), words, [(name.stands_for[0].start, name.span[1])])
        ]

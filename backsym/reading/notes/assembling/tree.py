r"""The tree of a problem file that a note means, with the places in the note.

Everything after this is as for YAML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from backsym.core.dims import letters_in
from backsym.core.words import say
from backsym.parts.numbers import RATE
from backsym.reading.files.yamlfile import Listing, Mark, Scalar, Table, Tree
from backsym.reading.latex.declarations import Declaration
from backsym.reading.latex.equations import Segment, Spelled
from backsym.reading.latex.names import Key, split_tag
from backsym.reading.notes.asking.values import Number
from backsym.reading.notes.assembling.asked import asked_in, learned, role_by_custom
from backsym.reading.notes.assembling.one_sums import one_sums
from backsym.reading.notes.assembling.provisos import Provisos
from backsym.reading.notes.assembling.settling import Settling
from backsym.reading.notes.assembling.stated import Stated
from backsym.reading.notes.equations import (
    Equations,
)
from backsym.reading.notes.prose import (
    role_in,
    says_one_hot,
    says_target,
)
from backsym.reading.notes.tasks import Task

_TITLE = re.compile(r"^#+[ \t]+(.+?)[ \t]*#*$|\\(?:title|section|chapter)\*?\{([^{}]+)\}", re.MULTILINE)


class NoteTree:
    """Writes the tree of a note; ``powers`` and ``written`` are the author's spellings of what is no usual name."""

    def __init__(
        self,
        note: Stated,
        equations: Equations,
        settled: Settling,
        powers: Mapping[Key, str],
        written: Mapping[str, str],
        provisos: Provisos,
    ):
        self.note = note
        self.equations = equations
        self.open = settled
        self.powers = powers
        self.written = written
        self.not_asked: set[str] = set()
        self.spelled_otherwise: dict[str, str] = {}
        self.asked = asked_in(note, equations, settled.upstream)
        self.asked_by = self.asked.names
        self.learned = learned(note, equations)
        self.frozen = provisos.frozen()
        self.ones = one_sums(
            note, equations, provisos, asked=self.asked_by, learned=self.learned, places=self.asked.places
        )

    # --- places ---

    def mark(self, start: int, end: int) -> Mark:
        line, column, _ = self.note.document.locate(start)
        return Mark(self.note.document, line, column, start, end)

    def scalar(self, text: str, start: int, end: int) -> Scalar:
        return Scalar(self.mark(start, end), "", text)

    def tree(self) -> Table:
        found = [equation.segment for equation in self.equations.found]
        layer = self.layer([d.spelled for d in self.note.declared.found] + [s.left for s in found])
        fields = {
            "title": self.title(),
            "notation": self.table({"layer": self.word(layer)}),
            "dims": self.dims(layer),
            "indices": self.indices(),
            "symbols": self.symbols(layer),
            "functions": self.functions(),
            "forward": Listing(self.mark(0, 0), "", tuple(self.equation(s) for s in found)),
            "loss": self.loss(),
        }
        # Given quantities are known by now to be no parameters, and how the author spells all.
        self.asked = asked_in(
            self.note, self.equations, self.open.upstream, not_asked=self.not_asked, latex=self.spelled_otherwise
        )
        fields["parts"] = self.parts()
        if self.asked.rate is not None:
            fields["symbols"] = self.with_rate(fields["symbols"], self.asked.rate)
        fields["values"] = self.values()
        return self.table({key: value for key, value in fields.items() if value is not None})

    def loss(self) -> Tree | None:
        """The loss, where it is not the last equation, which it is without being named."""
        loss = self.equations.loss()
        return self.word(loss) if loss is not None and loss != self.equations.found[-1].name else None

    def word(self, text: str) -> Scalar:
        return self.scalar(text, 0, 0)

    def table(self, entries: dict[str, Tree]) -> Table:
        return Table(self.mark(0, 0), "", tuple((self.word(key), value) for key, value in entries.items()))

    def title(self) -> Tree | None:
        match = _TITLE.search(self.note.document.text)
        if match is None:
            return None
        return self.scalar((match[1] or match[2]).strip(), *match.span())

    def equation(self, segment: Segment) -> Scalar:
        return self.scalar(self.note.document.text[segment.start : segment.end], segment.start, segment.end)

    def functions(self) -> Tree | None:
        names = sorted(self.equations.functions)
        return self.table({name: self.word("abstract") for name in names}) if names else None

    def dims(self, layer: str) -> Tree | None:
        used = {*self.equations.dims, *(dim for d in self.note.declared.found for dim in d.shape)}
        used -= self.open.bases
        spelled = {name: s for name, s in self.note.declared.dims.items() if name in used and not name.isdecimal()}
        entries: dict[str, Tree] = {}
        for name, dim in spelled.items():
            own = dim.key[1] != "" and dim.below != (layer == "subscript")
            entries[name] = self.word(dim.latex(bold=False) if own else "")
        return self.table(entries) if entries else None

    def indices(self) -> Tree | None:
        letters = {letter: self.word(dim) for letter, dim in self.open.example_ranges.items()}
        letters.update({d.spelled.name: self.word(d.shape[0]) for d in self.note.declared.found if d.letter})
        found: dict[str, Tree] = dict(letters)
        for letter, form in self.note.steps.forms.items():
            if form and letter in letters:
                written = f"^{{[{letter}]}}" if form == "[" else f"^{{({letter})}}"
                found[letter] = self.table({"over": letters[letter], "as": self.word(written)})
        return self.table(found) if found else None

    def symbols(self, layer: str) -> Tree | None:
        begins = {start.name for start in self.open.starts}
        begun = begins & {e.name for e in self.equations.found}
        nodes = {e.name: e.segment.left for e in self.equations.found if e.name not in begins}
        by_entries = {e.name for e in self.equations.found if e.sides is not None and e.sides[0].kind == "entry"}
        entries: dict[str, tuple[Scalar, Tree]] = {}
        for declaration in self.note.declared.found:
            spelled = declaration.spelled
            if declaration.letter or spelled.name in entries or spelled.name in self.note.declared.dims:
                continue
            layered = not self.open.bases.isdisjoint(declaration.shape)
            if spelled.name in begun or (layered and spelled.name not in self.open.layers):
                continue
            fields = self.shape(declaration)
            if spelled.name in self.note.classes:
                fields["label"] = self.word(self.note.classes[spelled.name])
            if spelled.name not in nodes:
                fields.update(self.roles(spelled, nodes, number=not declaration.shape))
                if spelled.name in self.note.symmetric:
                    fields["symmetric"] = self.word("true")
            fields.update(self.spelling(spelled, layer, bold=bool(declaration.shape)))
            entries[spelled.name] = self.scalar(spelled.name, *spelled.span), self.table(fields)
            self.keep_spelling(spelled.name, fields)
        for name, left in nodes.items():
            fields = self.spelling(left, layer, bold=left.bold or name in by_entries | self.open.arrays)
            if name not in entries and (fields or left.key[1] in self.note.marks):
                entries[name] = self.scalar(name, *left.span), self.table(fields)
                self.keep_spelling(name, fields)
        return Table(self.mark(0, 0), "", tuple(entries.values())) if entries else None

    def keep_spelling(self, name: str, fields: Mapping[str, Tree]) -> None:
        if isinstance(latex := fields.get("latex"), Scalar):
            self.spelled_otherwise[name] = latex.text

    def shape(self, declaration: Declaration) -> dict[str, Tree]:
        """The shape, and for what letter there is one of it where each layer has a size of its own."""
        start, end = declaration.spelled.span
        own = self.open.layers.get(declaration.spelled.name, declaration.shape)
        ends = self.note.steps.ends
        places = {place for dim in own[1:] for place in letters_in(dim)}
        told = (m for m in places & self.note.steps.letters if own[0] in (f"?{m}", ends[m].text if m in ends else ""))
        letter = next(told, "")
        items = tuple(self.scalar(dim, start, end) for dim in (own[1:] if letter else own))
        shape = Listing(self.mark(start, end), "", items)
        return {"shape": shape, "for": self.word(letter)} if letter else {"shape": shape}

    def roles(self, spelled: Spelled, nodes: Mapping[str, Spelled], *, number: bool) -> dict[str, Tree]:
        """The role that the words give, else the one that the letter has by custom; a number T is a temperature."""
        words = self.note.words.get(spelled.name, "")
        role = self.note.role(spelled.name)
        custom = role_by_custom(spelled, [left.key for left in nodes.values()])
        only_one_hot = role == "target" and not says_target(words)
        if custom == "target" and (spelled.name in self.asked_by or (number and spelled.key[0].isupper())):
            custom = None
        role = custom if custom and (only_one_hot or role_in(words) in (None, "constant")) else role
        role = "constant" if spelled.name in self.frozen else role
        role = None if role in ("constant", "target") and spelled.name in self.asked_by else role
        learned = spelled.name in self.asked_by or spelled.name in self.learned
        role = "parameter" if role is None and learned and spelled.name not in self.note.classes else role
        sums = spelled.name in self.ones.names
        role = "constant" if role is None and sums else role
        fields: dict[str, Tree] = {"role": self.word(role)} if role else {}
        if role in ("target", "constant"):
            self.not_asked.add(spelled.name)
        if role in ("target", "input") and says_one_hot(words):
            fields["one_hot"] = self.word("true")
        elif sums:
            fields["sums_to_one"] = self.word("true")
        return fields

    def spelling(self, spelled: Spelled, layer: str, *, bold: bool) -> dict[str, Tree]:
        """The author's spelling, where the notation would print another."""
        if spelled.name in self.written:
            return {"latex": self.word(self.written[spelled.name])}
        if spelled.key in self.powers:
            bare = replace(spelled, key=(spelled.key[0], "")).latex(bold=bold)
            return {"latex": self.word(bare + self.powers[spelled.key])}
        other_layer = spelled.key[1] != "" and spelled.below != (layer == "subscript")
        usual = not other_layer and spelled.key == split_tag(spelled.name)
        return {} if usual or spelled.calligraphic else {"latex": self.word(spelled.latex(bold=bold))}

    @staticmethod
    def layer(names: list[Spelled]) -> str:
        tagged = [name for name in names if name.key[1]]
        below = sum(name.below for name in tagged)
        return "subscript" if below * 2 > len(tagged) else "superscript"

    def with_rate(self, symbols: Tree | None, rate: tuple[str, str]) -> Table:
        """The symbols with the learning rate of the updates that are asked for, as the note writes it."""
        letter, number = rate
        if not letter:
            self.note.assumed.append((0, say("notes.remark.rate", name=RATE)))
        fields: dict[str, Tree] = {"shape": Listing(self.mark(0, 0), "", ()), "role": self.word("constant")}
        fields.update({"latex": self.word(letter)} if letter.strip("\\") not in ("", RATE) else {})
        if number and not self.asked.numbers:
            self.note.assumed.append((0, say("notes.remark.rate_for_number", number=number)))
        entries = symbols.entries if isinstance(symbols, Table) else ()
        return Table(self.mark(0, 0), "", (*entries, (self.word(RATE), self.table(fields))))

    def values(self) -> Tree | None:
        """The numbers that the note gives, where it gives all; classes count from 1 in notes, from 0 here."""
        if not self.asked.numbers:
            return None
        names = [name for name in self.asked.numbers if name in self.equations.given() or name in self.note.labels]
        found: dict[str, Tree] = {}
        for name in names:
            given = self.asked.numbers[name]
            found[name] = self.number(given.number, given.at, 1 if name in self.note.labels else 0)
        if self.asked.rate is not None:
            letter, number = self.asked.rate
            said = self.asked.numbers.get(letter.strip("\\") or RATE)
            rate = number or (said.number if said is not None else "")
            found.update({RATE: self.word(rate)} if isinstance(rate, str) and rate else {})
        return self.table(found)

    def number(self, number: Number, at: int, first: int) -> Tree:
        if isinstance(number, str):
            counted = str(int(number) - first) if first and number.isdecimal() else number
            return self.scalar(counted, at, at + 1)
        return Listing(self.mark(at, at + 1), "", tuple(self.number(item, at, first) for item in number))

    def parts(self) -> Tree | None:
        items = [self.part(task) for task in self.asked.found]
        return Listing(self.mark(0, 0), "", tuple(items)) if items else None

    def part(self, task: Task) -> Table:
        start = task.equations[0][0] if task.equations else task.at
        at = self.mark(start, start + 1)
        if task.kind == "graph":
            return Table(at, "", ((self.word("graph"), self.word(task.names[0])),))
        method = ((self.word("method"), self.word(task.method)),) if task.method else ()
        equations = [self.scalar(self.note.document.text[a:b], a, b) for a, b in task.equations]
        names = [self.scalar(name, task.at, task.at + 1) for name in task.names]
        return Table(at, "", ((self.word(task.kind), Listing(at, "", (*names, *equations))), *method))

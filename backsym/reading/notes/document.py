r"""A lecture note as a problem: the forward equations and declarations in a Markdown or .tex file.

Displayed equations whose left side is a quantity, or its entries, are the forward equations; formulas with ``\in``
declare shapes, index ranges and, by the words beside them, roles.  The result is the tree of a problem file, with the
places in the note, so that everything after this is as for YAML.

Knows the marks of formulas in such files; reads no mathematics itself.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice

from backsym.core.choices import METHODS
from backsym.core.errors import Diagnostic, InputError
from backsym.core.expr import show_shape
from backsym.core.problem import Part, Problem
from backsym.core.source import Location, Source
from backsym.core.words import Said, say
from backsym.parts.numbers import RATE
from backsym.reading.files.fields import MAX_DIAGNOSTICS
from backsym.reading.files.yamlfile import Document, Listing, Mark, Rewritten, Scalar, Table, Tree, rewritten, text_of
from backsym.reading.latex.declarations import Declaration, Declarations, names_in_formula
from backsym.reading.latex.equations import Segment, Spelled, segments
from backsym.reading.latex.lexer import Token, has_sign, tokens_in
from backsym.reading.latex.names import Key, Vocabulary, new_name, split_tag
from backsym.reading.notes.asking.network import Network
from backsym.reading.notes.asking.values import Given, Number, all_numbers
from backsym.reading.notes.equations import (
    TARGETS,
    Equations,
    defined_functions,
    in_order,
    index_letters,
    is_loss,
    is_model,
    loss_marks,
)
from backsym.reading.notes.labels import chosen, position_uses, says_class
from backsym.reading.notes.layers import layered
from backsym.reading.notes.lengths import Respelled, check_counts, check_lengths, check_sizes
from backsym.reading.notes.origins import Axis, from_one
from backsym.reading.notes.preparing.asides import without_asides, without_numbers
from backsym.reading.notes.preparing.differences import with_later_sums
from backsym.reading.notes.preparing.features import with_given_features
from backsym.reading.notes.preparing.front import front_matter, with_front
from backsym.reading.notes.preparing.macros import written_out
from backsym.reading.notes.prose import (
    MAX_FORMULAS,
    Formula,
    Prose,
    formulas,
    role_in,
    says_one_hot,
    says_target,
    without_next,
)
from backsym.reading.notes.ranks import Ranks
from backsym.reading.notes.refusals import (
    check_defined,
    check_names,
    check_objective,
    check_roots,
    check_shapes,
    check_transposes,
)
from backsym.reading.notes.shapes import Shapes
from backsym.reading.notes.spelling import MARKS, respelt
from backsym.reading.notes.statements import Settled, settled
from backsym.reading.notes.steps import Start, Steps, as_equations, check_steps, check_zeros, starts_of, steps_of
from backsym.reading.notes.tasks import Task, Tasks
from backsym.reading.notes.told_functions import check_told, told_functions
from backsym.reading.notes.upstream import Slope, is_given, mentioned_loss, slopes, undefined_loss
from backsym.reading.notes.words import Place, class_letter, layers, worded
from backsym.reading.syntax import Node, walk
from backsym.text.phrases import Phrases, Word, words_of

MOST_RESPELLED = 3
"""How often a custom may put signs into a note before it is read as it is."""


_TITLE = re.compile(r"^#+[ \t]+(.+?)[ \t]*#*$|\\(?:title|section|chapter)\*?\{([^{}]+)\}", re.MULTILINE)

_DERIVATIVES = ("partial", "nabla")
_OF_PRODUCTS = ("+", "*", "/", "odot", "cdot", "times", "circ")

_CONDITIONS = Phrases("if", "when", "whenever", "unless", "case", "cases", "wenn", "falls", "fall")
"""Words right after which an equation within the text may hold or not."""
_SUPPOSING = Phrases("assume", "assuming", "suppose", "supposing", "angenommen")
"""Words after which it holds, if it is a formula; "suppose $a = b$" is of a case."""
_THAT = Phrases("that", "dass")
_SHOWING = Phrases(
    "show", "prove", "verify", "check", "argue", "demonstrate", "conclude", "zeige", "zeigen", "beweise", "beweisen",
    "verifizieren", "folgern",
)  # fmt: skip
"""Words before "that" by which an equation is to be shown."""
_CLOSE_BEFORE = 60
"""How many characters before an equation within the text its words may stand."""

ASKED_BY = ("derive", "gradients", "list", "hessian", "stationary", "update")
"""The kinds of parts whose items are quantities by which the loss is differentiated."""
_PARAMETERS = ("w", "b", "theta")
"""Letters that are learned in every note that does not say otherwise."""

_FREE_LETTERS = "DKHMPQRS"
"""Dimensions that the note does not name take these first."""


def is_tex(path: str) -> bool:
    return path.lower().endswith(".tex")


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


def document_tree(path: str) -> ReadNote:
    """The note as the tree of a problem file, and what was passed over; raises InputError without an equation."""
    document = Document(path, text_of(path))
    if not document.text.strip():
        raise InputError([Diagnostic(say("notes.empty"), path)])
    return tree_of_note(document, tex=is_tex(path))


def tree_of_note(document: Document, *, tex: bool) -> ReadNote:
    """The same for a text that is in memory."""
    document, front = front_matter(document, tex=tex)
    document = written_out(without_asides(document, tex=tex), tex=tex)
    displayed = [f for f in islice(formulas(document.text, tex=tex), MAX_FORMULAS) if f.displayed]
    document, numbers = without_numbers(document, [(f.start, f.end) for f in displayed])
    places = [(f.start, f.end) for f in islice(formulas(document.text, tex=tex), MAX_FORMULAS)]
    spelling = respelt(document, places)
    document = spelling.document
    places = [(f.start, f.end) for f in islice(formulas(document.text, tex=tex), MAX_FORMULAS)]
    document, powers = layered(document, places)
    powers |= spelling.spelled
    places = [(f.start, f.end) for f in islice(formulas(document.text, tex=tex), MAX_FORMULAS)]
    document, later = with_later_sums(document, places)
    places = [(f.start, f.end) for f in islice(formulas(document.text, tex=tex), MAX_FORMULAS)]
    counted = from_one(document, places)
    document = counted.document
    document, told = with_told_functions(document, tex=tex)
    done = settled(document, lambda read: islice(formulas(read.text, tex=tex), MAX_FORMULAS))
    shown = ((f.start, f.end, f.displayed) for f in islice(formulas(done.document.text, tex=tex), MAX_FORMULAS))
    document, features = with_given_features(done.document, shown)
    done = replace(done, document=document)
    customs = [*numbers, *spelling.customs, *later, *counted.remarks, *told, *features]
    note, tree = _read(done, powers, customs, counted.spelled)
    others = tuple(say("notes.passed_over", line=line, what=what) for line, what in front.passed_over)
    return ReadNote(
        with_front(tree, front), (*note.remarks, *others), note.upstream, bool(note.starts), front.complaints,
        counted.axes,
    )  # fmt: skip


def with_told_functions(document: Document, *, tex: bool) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with the functions that its words name in place of their letters, and what is said of these."""

    def locate(offset: int) -> Location:
        line, column = document.place(offset)
        return line, column, document.lines[line - 1]

    places = list(islice(formulas(document.text, tex=tex), MAX_FORMULAS))
    edits, remarks = told_functions(Source(document.text, document.file, locate), places)
    return (rewritten(document, edits) if edits else document), remarks


def _read(
    done: Settled, powers: Mapping[Key, str], customs: Sequence[tuple[int, Said]], spelled: Mapping[str, str]
) -> tuple[_Note, Table]:
    """The note with its tree; read again where a custom puts signs into it.

    ``spelled`` are the ways in which names are written on the page that stand for others of the note.
    """
    written = dict(spelled)
    for _ in range(MOST_RESPELLED):
        note = _Note(done, powers, written)
        note.assumed += customs
        try:
            return note, note.tree()
        except Respelled as e:
            done = replace(done, document=rewritten(done.document, e.edits))
            customs = [*customs, *e.what]
            written |= e.written
    note = _Note(done, powers, written)
    return note, note.tree()


def _rows(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The rows of a formula without the ampersands."""
    row: list[Token] = []
    for token in tokens:
        if token.kind == "row":
            yield row
            row = []
        elif token.text != "&":
            row.append(token)
    yield row


def _is_left(row: Sequence[Token]) -> bool:
    """Whether a row begins with one symbol, perhaps with scripts or called, before an equals sign."""
    left = [token.text for token in row]
    left = left[: left.index("=")] if "=" in left else []
    named = bool(left) and (row[0].kind in ("letter", "greek", "word", "macro"))
    return named and not any(sign in left for sign in _OF_PRODUCTS)


class _Note:
    def __init__(self, settled: Settled, powers: Mapping[Key, str], written: Mapping[str, str]):
        document = self.document = settled.document
        self.settled = settled
        self.powers = powers
        self.written = written
        self.source = Source(document.text, document.file, self.locate)
        self.tex = is_tex(str(document.file))
        unclosed: list[tuple[int, int, str]] = []
        self.formulas = tuple(islice(formulas(document.text, unclosed, tex=self.tex), MAX_FORMULAS + 1))
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
        self.remarks: tuple[Said, ...] = ()
        self.left_over: list[int] = []
        self.unread: list[int] = []
        self.in_parts: set[int] = set()
        self.unknown: list[tuple[int, str]] = []
        self.no_part: list[int] = []
        self.asked: frozenset[str] = frozenset()
        self.rate: tuple[str, str] | None = None
        self.numbers: Mapping[str, Given] = {}
        self.strange: list[int] = []
        self.not_asked: set[str] = set()
        self.steps = Steps()
        self.starts: list[Start] = []
        self.begun: set[str] = set()
        self.letters: frozenset[str] = frozenset()
        self.left_letters: frozenset[str] = frozenset()
        self.family_names: set[str] = set()
        self.example_ranges: dict[str, str] = {}
        self.spelled_otherwise: dict[str, str] = {}
        self.marks: frozenset[str] = frozenset()
        self.labels: dict[str, str] = {}
        self.assumed: list[tuple[int, Said]] = []
        self.upstream: str | None = None
        self.classes: dict[str, str] = {}

    # --- places ---

    def locate(self, offset: int) -> Location:
        line, column = self.document.place(offset)
        return line, column, self.document.lines[line - 1]

    def mark(self, start: int, end: int) -> Mark:
        line, column, _ = self.locate(start)
        return Mark(self.document, line, column, start, end)

    def scalar(self, text: str, start: int, end: int) -> Scalar:
        return Scalar(self.mark(start, end), "", text)

    # --- the tree ---

    def tree(self) -> Table:
        declares = [self.declares(n, f) for n, f in enumerate(self.formulas)]
        if self.declared.powers:
            words = say("notes.declared_power")
            raise InputError(self.source.diagnostic(words, span) for span in self.declared.powers[:MAX_DIAGNOSTICS])
        places = [Place(f.start, f.end) for f in self.formulas]
        self.declare_by_words(places)
        displayed = [
            f
            for f, done in zip(self.formulas, declares, strict=True)
            if f.displayed and self.may_define(f, declares=done)
        ]
        equations = self.equations(displayed)
        self.strange = self.without_left_side(displayed, [token.start for token in equations.defined.values()])
        if not equations.found:
            raise self.without_equations()
        sizes = {*self.declared.dims, *equations.dims} - {d.spelled.name for d in self.declared.found}
        check_sizes(self.source, equations, sizes, [(f.start, f.end) for f in self.formulas])
        check_names(self.source, equations, self.settled.loose)
        within = [(f.start, f.end) for f in self.formulas if not f.displayed and self.states(f)]
        check_roots(self.source, equations, self.powers, within)
        check_defined(self.source, equations, self.settled.unread)
        check_counts(self.source, equations, {d.spelled.name for d in self.declared.found})
        self.check_computed(equations)
        letters = {s.key[0] for s in (*equations.names.values(), *(e.segment.left for e in equations.found))}
        check_told(self.source, self.formulas, equations.given(), letters)
        check_objective(self.source, equations, [(f.start, f.end) for f in self.formulas if self.is_idle(f)])
        self.declare_what_is_used(equations, places)
        found = [equation.segment for equation in equations.found]
        self.asked = self.asked_for(equations)
        layer = self.layer([d.spelled for d in self.declared.found] + [s.left for s in found])
        fields = {
            "title": self.title(),
            "notation": self.table({"layer": self.word(layer)}),
            "dims": self.dims(layer, equations),
            "indices": self.indices(),
            "symbols": self.symbols(equations, layer),
            "functions": self.functions(equations),
            "forward": Listing(self.mark(0, 0), "", tuple(self.equation(s) for s in found)),
            "loss": self.loss(equations),
            "parts": self.parts(equations),
        }
        if self.rate is not None:
            fields["symbols"] = self.with_rate(fields["symbols"], self.rate)
        fields["values"] = self.values(equations)
        self.remarks = self.what_was_passed_over(equations)
        return self.table({key: value for key, value in fields.items() if value is not None})

    def may_define(self, formula: Formula, *, declares: bool) -> bool:
        """Whether a formula may hold an equation: of one that declares something, each statement by itself is one."""
        return not declares or bool(segments(self.source, self.vocabulary(), formula.start, formula.end))

    def loss(self, equations: Equations) -> Tree | None:
        """The loss, where it is not the last equation, which it is without being named."""
        loss = equations.loss()
        return self.word(loss) if loss is not None and loss != equations.found[-1].name else None

    def without_equations(self) -> InputError:
        at = next(
            (f for f in self.formulas if f.displayed and has_sign(self.source, f.start, f.end, *_DERIVATIVES)), None
        )
        example = r"such as $$ z = w x + b $$ or \[ \mathbf{z} = \mathbf{W} \mathbf{x} \]"
        hint = say("notes.displayed_example", example=example)
        if at is not None:
            hint = say("notes.derivatives_only", example=example)
        return InputError([Diagnostic(say("notes.no_forward"), self.document.file, advice=hint)])

    def without_left_side(self, displayed: Iterable[Formula], functions: Sequence[int]) -> list[int]:
        """Displayed equations, not of derivatives, whose left side is no quantity and none of the ``functions``."""
        words = self.vocabulary()
        found = []
        for f in displayed:
            known = sorted([*(s.start for s in segments(self.source, words, f.start, f.end)), *functions])
            for row in _rows(tokens_in(self.source, f.start, f.end)):
                if not _is_left(row) or any(token.text in _DERIVATIVES for token in row):
                    continue
                start, end = row[0].start, row[-1].end
                if bisect_left(known, start) == bisect_left(known, end):
                    found.append(start)
        return found

    def what_was_passed_over(self, equations: Equations) -> tuple[Said, ...]:
        """In order of the lines, what an instructor might look for in vain."""
        found: list[tuple[int, Said]] = [(self.locate(at)[0], reason) for at, reason in equations.passed_over]
        found += [(self.locate(at)[0], say("notes.remark.unread_to_show")) for at in self.unread]
        found += [(self.locate(at)[0], say("notes.remark.no_quantity_left")) for at in self.strange]
        found += [(self.locate(at)[0], say("notes.remark.with_derivative")) for at in self.settled.steps]
        found += [(self.locate(at)[0], say("notes.remark.unread_declaration")) for at in self.declared.unread]
        customs = [say("notes.by_custom", line=self.locate(at)[0], what=what) for at, what in self.assumed]
        questions = [(at, say("notes.remark.question", words=self.beginning(at))) for at in self.no_part]
        found += [(self.locate(at)[0], said) for at, said in questions]
        known = {*equations.given(), *(d.spelled.name for d in self.declared.found)}
        for at, name in self.unknown:
            declared = name in known
            said = say("notes.remark.by_no_parameter" if declared else "notes.remark.by_unmentioned", name=name)
            found.append((self.locate(at)[0], said))
        words, given = self.vocabulary(), equations.given()
        for f in self.formulas:
            derives = has_sign(self.source, f.start, f.end, *_DERIVATIVES)
            if not f.displayed and "=" in self.document.text[f.start : f.end] and not derives:
                names = [s.left.name for s in segments(self.source, words, f.start, f.end)]
                found += [
                    (self.locate(f.start)[0], say("notes.remark.within_text", name=name))
                    for name in names
                    if name in given and name not in self.numbers
                ]
        idle = (f for f in self.formulas if f.displayed and f.start not in self.in_parts and self.is_idle(f))
        found += [(self.locate(f.start)[0], say("notes.remark.without_equals")) for f in idle]
        lines = sorted({self.locate(at)[0] for at in self.left_over})
        if lines:
            others = [*map(str, lines[1:12]), *(["..."] if len(lines) > 12 else [])]
            also = say("notes.remark.asked_by_nobody_also", count=len(lines) - 1, lines=others)
            found.append((lines[0], also if others else say("notes.remark.asked_by_nobody")))
        found.sort(key=lambda each: (each[0], str(each[1])))
        return (*customs, *(say("notes.passed_over", line=n, what=reason) for n, reason in found))

    def is_idle(self, formula: Formula) -> bool:
        """Whether a formula neither states nor declares anything, and is about no derivative."""
        text = self.document.text[formula.start : formula.end]
        signs = has_sign(self.source, formula.start, formula.end, "in", "=", "sim", *_DERIVATIVES)
        return bool(text.strip(" \n.,;&")) and not signs

    def beginning(self, at: int) -> str:
        """The first words from a place on, as the file has them."""
        line, column, _ = self.locate(at)
        file: Document = self.document
        while isinstance(file, Rewritten):
            file = file.original
        start = file.line_starts[line - 1] + column - 1
        words = " ".join(file.text[start : start + 200].split())
        return words if len(words) <= 60 else words[:60].rpartition(" ")[0] + " ..."

    def word(self, text: str) -> Scalar:
        return self.scalar(text, 0, 0)

    def table(self, entries: dict[str, Tree]) -> Table:
        return Table(self.mark(0, 0), "", tuple((self.word(key), value) for key, value in entries.items()))

    def title(self) -> Tree | None:
        match = _TITLE.search(self.document.text)
        if match is None:
            return None
        return self.scalar((match[1] or match[2]).strip(), *match.span())

    def equation(self, segment: Segment) -> Scalar:
        return self.scalar(self.document.text[segment.start : segment.end], segment.start, segment.end)

    # --- declarations ---

    def declares(self, number: int, formula: Formula) -> bool:
        if not has_sign(self.source, formula.start, formula.end, "in"):
            return False
        before = len(self.declared.found)
        found = self.declared.read(self.source, formula.start, formula.end)
        words = self.prose.of(number)
        self.words.update({d.spelled.name: words for d in self.declared.found[before:]})
        return found

    def declare_by_words(self, places: list[Place]) -> None:
        known = {d.spelled.name for d in self.declared.found}
        for number, declaration in worded(self.source, places, self.declared):
            if declaration.spelled.name not in known:
                known.add(declaration.spelled.name)
                self.declared.found.append(declaration)
                self.words[declaration.spelled.name] = self.prose.of(number)

    def declare_what_is_used(self, equations: Equations, places: list[Place]) -> None:
        """Add the given quantities that no words declare, with the shapes that the equations tell."""
        for name, spelled in equations.dims.items():
            self.declared.dims.setdefault(name, spelled)
        declared = {d.spelled.name: d.shape for d in self.declared.found if not d.letter}
        given = {name: s for name, s in equations.given().items() if name not in declared}
        goes_on = say("notes.remark.sum_goes_on")
        self.assumed += [(e.segment.start, goes_on) for e in equations.found if e.segment.start in equations.stretched]
        factors = {self.source.text[slice(*call.head)]: call.head[0] for call in equations.factors}
        self.assumed += [(at, say("notes.remark.factor", name=name)) for name, at in factors.items()]
        self.starts = starts_of(equations, self.steps.letters)
        check_steps(self.source, equations, self.starts, declared)
        check_zeros(equations, self.starts, {name for name, shape in declared.items() if len(shape) > 1})
        waits = {e.name: [s.name for s in self.starts if s.family in {e.name, *e.uses}] for e in equations.found}
        equations.found = in_order(equations.found, waits)
        self.check_sizes()
        defined = {e.name for e in equations.found}
        for start in self.starts:
            if start.name not in given and start.name not in declared and start.name not in defined:
                given[start.name] = start.spelled
                at = start.spelled.span[0]
                self.assumed.append((at, say("notes.remark.starts_from", family=start.family, start=start.name)))
        nodes = {e.name: e for e in equations.found}
        for start in self.starts:
            letter = nodes[start.family].letter
            if self.steps.forms.get(letter) and start.family not in declared and start.back == 0 and start.spelled.bold:
                said = say("notes.remark.one_size", family=start.family, letter=letter)
                self.assumed.append((start.spelled.span[0], said))
        names = {**equations.names, **{e.name: e.segment.left for e in equations.found}, **given}
        shapes = self.told_shapes(equations, declared, given, names)
        classes = class_letter(self.source, places)
        axes = AxisNames(self.declared, names, classes if classes not in {*self.letters, *self.left_letters} else None)
        axes.name_classes([shapes.root(axis) for axis in shapes.labels.values()])
        self.declared.found = [
            replace(d, shape=tuple(axes.name(axis) for axis in shapes.shape(d.spelled.name) or ()))
            if not d.letter
            else d
            for d in self.declared.found
        ]
        mentioned = Ranks(self.prose).mentioned(given)
        for name, spelled in given.items():
            if name in mentioned:
                self.words.setdefault(name, self.prose.of(mentioned[name]))
            shape = tuple(axes.name(axis) for axis in shapes.shape(name) or ())
            self.declared.found.append(Declaration(spelled, shape))
        if self.letters:
            begins = {start.name for start in self.starts}
            for e in equations.found:
                known = shapes.shape(e.name)
                if e.name not in declared and known and e.name not in begins:
                    self.declared.found.append(Declaration(e.segment.left, tuple(map(axes.name, known))))
        for name in self.labels:
            spelled = Spelled((name, ""), below=False, bold=False, span=(0, 0))
            self.declared.found.append(Declaration(spelled, tuple(map(axes.name, shapes.shape(name) or ()))))
            self.classes[name] = axes.name(shapes.root(shapes.labels[name]))
        self.example_ranges = self.example_letters(equations)

    def check_sizes(self) -> None:
        """Refuses sizes that go with the letter of a recurrence, ``D^{(l)}``."""
        found = []
        for d in self.declared.found:
            keys = [self.declared.dims[dim].key[1] for dim in d.shape if dim in self.declared.dims]
            letter = next((m for m in self.steps.letters for key in keys if key.rstrip("+-0123456789") == m), None)
            if letter is not None:
                words = say("notes.ragged", name=d.spelled.name, letter=letter)
                found.append(self.source.diagnostic(words, d.spelled.span))
        if found:
            raise InputError(found[:MAX_DIAGNOSTICS])

    def told_shapes(
        self,
        equations: Equations,
        declared: Mapping[str, tuple[str, ...]],
        given: Mapping[str, Spelled],
        names: Mapping[str, Spelled],
    ) -> Shapes:
        """The axes of all quantities, as far as declarations, customs and the equations tell them."""
        custom = Ranks(
            self.prose, self.declared.found, self.letters, self.labels,
            families=self.family_names, sizes=self.declared.dims,
        )  # fmt: skip
        ranks, families = custom.of(equations, given, names)
        self.family_names |= families.keys()
        self.assumed += custom.assumed
        growing = {
            t.children[0].value
            for t in equations.entries()
            if len(t.children) == 2 and t.children[1].value in self.letters and not custom.has_bold(equations)
        }
        ranks.update({name: int(bool(inner)) for name, inner in self.labels.items()})
        positions = {name: self.classes.get(name, f"?of {name}") for name in self.labels}
        columns = {d.spelled.name for d in self.declared.found if d.column}
        ranges = {letter: last.text for letter, last in self.steps.ends.items()}
        shapes = Shapes(
            declared,
            ranks,
            growing - declared.keys() - self.labels.keys(),
            positions,
            columns,
            ranges,
            [s.name for s in self.starts],
            {letter for letter, form in self.steps.forms.items() if form},
        )
        self.family_names |= growing
        sides = [equation.sides for equation in equations.found if equation.sides is not None]
        sides += as_equations(self.starts)
        self.without_abstract_loss(equations, shapes, sides)
        check_lengths(self.source, equations, shapes)
        seen = {name: shapes.shape(name) for name in (*names, *declared)}
        told = {name: axes or () for name, axes in seen.items()}
        check_shapes(self.source, equations, {name: axes for name, axes in seen.items() if axes is not None}, shapes)
        light = {name for name, axes in told.items() if axes == () and name in names and not names[name].bold}
        light = light if "T" not in told else set()
        check_transposes(self.source, [(f.start, f.end) for f in self.formulas], light)
        for name, tree in shapes.biases.items():
            self.assumed.append((tree.span[0], say("notes.remark.each_column", name=name)))
        return shapes

    def without_abstract_loss(self, equations: Equations, shapes: Shapes, sides: list[tuple[Node, Node]]) -> None:
        """Reads the shapes; a last equation ``L = f(P)`` of an array P says that L is an abstract loss of P."""
        self.upstream = None
        last = equations.found[-1]
        call = last.sides[1] if last.sides is not None and is_loss(last.segment.left) else None
        argument = call.children[0] if call is not None and call.kind == "call" and len(call.children) == 1 else None
        if call is None or argument is None or argument.kind != "name" or not self.only_call(call, equations):
            shapes.read(sides)
            if equations.loss() is None and shapes.shape(last.name):
                self.layer_alone(equations, last.name)
            return
        shapes.read(sides[:-1])
        if shapes.shape(argument.value):
            self.upstream = last.name
            equations.found = equations.found[:-1]
            equations.functions -= {call.value}
        else:
            shapes.read(sides)

    def layer_alone(self, equations: Equations, last: str) -> None:
        """Of a note without a loss, whose last quantity is an array: the loss by whose derivatives it asks."""
        known = equations.lefts() | equations.given().keys()
        loss = undefined_loss(self.slopes(), known)
        mentioned = mentioned_loss(self.document.text, [(f.start, f.end) for f in self.formulas])
        if mentioned is not None and not (loss and is_given(self.source, self.slopes(), loss, last)):
            word = self.document.text[slice(*mentioned)]
            hint = say("notes.loss_given", name=self.document.text[slice(*equations.found[-1].segment.left.span)])
            raise self.source.error(say("notes.loss_not_read", word=word), mentioned, hint)
        self.upstream = loss

    def slopes(self, others: Iterable[str] = ()) -> list[Slope]:
        """The derivatives that the note names."""
        words = replace(self.vocabulary(), free=None)
        return slopes(self.source, words, [(f.start, f.end) for f in self.formulas], others)

    def only_call(self, call: Node, equations: Equations) -> bool:
        """Whether an abstract function is applied once in all, and what it is applied to is computed last."""
        sides = [side for e in equations.found for side in e.sides or ()]
        calls = [t for side in sides for t in walk(side) if t.kind == "call" and t.value == call.value]
        computed = len(equations.found) > 1 and equations.found[-2].name == call.children[0].value
        return call.value in equations.functions and len(calls) == 1 and computed

    def functions(self, equations: Equations) -> Tree | None:
        names = sorted(equations.functions)
        return self.table({name: self.word("abstract") for name in names}) if names else None

    def dims(self, layer: str, equations: Equations) -> Tree | None:
        used = {*equations.dims, *(dim for d in self.declared.found for dim in d.shape)}
        spelled = {name: s for name, s in self.declared.dims.items() if name in used and not name.isdecimal()}
        entries: dict[str, Tree] = {}
        for name, dim in spelled.items():
            own = dim.key[1] != "" and dim.below != (layer == "subscript")
            entries[name] = self.word(dim.latex(bold=False) if own else "")
        return self.table(entries) if entries else None

    def indices(self) -> Tree | None:
        letters = {letter: self.word(dim) for letter, dim in self.example_ranges.items()}
        letters.update({d.spelled.name: self.word(d.shape[0]) for d in self.declared.found if d.letter})
        found: dict[str, Tree] = dict(letters)
        for letter, form in self.steps.forms.items():
            if form and letter in letters:
                written = f"^{{[{letter}]}}" if form == "[" else f"^{{({letter})}}"
                found[letter] = self.table({"over": letters[letter], "as": self.word(written)})
        return self.table(found) if found else None

    def symbols(self, equations: Equations, layer: str) -> Tree | None:
        begins = {start.name for start in self.starts}
        nodes = {e.name: e.segment.left for e in equations.found if e.name not in begins}
        by_entries = {e.name for e in equations.found if e.sides is not None and e.sides[0].kind == "entry"}
        entries: dict[str, tuple[Scalar, Tree]] = {}
        for declaration in self.declared.found:
            spelled = declaration.spelled
            if declaration.letter or spelled.name in entries or spelled.name in self.declared.dims:
                continue
            fields: dict[str, Tree] = {"shape": self.shape(declaration)}
            if spelled.name in self.classes:
                fields["label"] = self.word(self.classes[spelled.name])
            if spelled.name not in nodes:
                fields.update(self.roles(spelled, nodes))
            fields.update(self.spelling(spelled, layer, bold=bool(declaration.shape)))
            entries[spelled.name] = self.scalar(spelled.name, *spelled.span), self.table(fields)
            self.note_spelling(spelled.name, fields)
        for name, left in nodes.items():
            fields = self.spelling(left, layer, bold=left.bold or name in by_entries)
            if name not in entries and (fields or left.key[1] in self.marks):
                entries[name] = self.scalar(name, *left.span), self.table(fields)
                self.note_spelling(name, fields)
        return Table(self.mark(0, 0), "", tuple(entries.values())) if entries else None

    def note_spelling(self, name: str, fields: Mapping[str, Tree]) -> None:
        if isinstance(latex := fields.get("latex"), Scalar):
            self.spelled_otherwise[name] = latex.text

    def shape(self, declaration: Declaration) -> Listing:
        start, end = declaration.spelled.span
        items = tuple(self.scalar(dim, start, end) for dim in declaration.shape)
        return Listing(self.mark(start, end), "", items)

    def roles(self, spelled: Spelled, nodes: Mapping[str, Spelled]) -> dict[str, Tree]:
        """The role that the words give, else the one that the letter has by custom."""
        words = self.words.get(spelled.name, "")
        role = role_in(words)
        custom = _by_custom(spelled, [left.key for left in nodes.values()])
        only_one_hot = role == "target" and not says_target(words)
        if custom == "target" and spelled.name in self.asked:
            custom = None
        role = custom if only_one_hot and custom else role or custom
        fields: dict[str, Tree] = {"role": self.word(role)} if role else {}
        if role in ("target", "constant"):
            self.not_asked.add(spelled.name)
        if role in ("target", "input") and says_one_hot(words):
            fields["one_hot"] = self.word("true")
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
            self.assumed.append((0, say("notes.remark.rate", name=RATE)))
        fields: dict[str, Tree] = {"shape": Listing(self.mark(0, 0), "", ()), "role": self.word("constant")}
        fields.update({"latex": self.word(letter)} if letter.strip("\\") not in ("", RATE) else {})
        if number and not self.numbers:
            self.assumed.append((0, say("notes.remark.rate_for_number", number=number)))
        entries = symbols.entries if isinstance(symbols, Table) else ()
        return Table(self.mark(0, 0), "", (*entries, (self.word(RATE), self.table(fields))))

    def values(self, equations: Equations) -> Tree | None:
        """The numbers that the note gives, where it gives all; classes count from 1 in notes, from 0 here."""
        if not self.numbers:
            return None
        names = [name for name in self.numbers if name in equations.given() or name in self.labels]
        found: dict[str, Tree] = {}
        for name in names:
            given = self.numbers[name]
            found[name] = self.number(given.number, given.at, 1 if name in self.labels else 0)
        if self.rate is not None:
            letter, number = self.rate
            said = self.numbers.get(letter.strip("\\") or RATE)
            rate = number or (said.number if said is not None else "")
            found.update({RATE: self.word(rate)} if isinstance(rate, str) and rate else {})
        return self.table(found)

    def number(self, number: Number, at: int, first: int) -> Tree:
        if isinstance(number, str):
            counted = str(int(number) - first) if first and number.isdecimal() else number
            return self.scalar(counted, at, at + 1)
        return Listing(self.mark(at, at + 1), "", tuple(self.number(item, at, first) for item in number))

    # --- equations ---

    def equations(self, found: Sequence[Formula]) -> Equations:
        """The forward equations; layers that were declared with a letter are declared one by one."""
        spans = [(f.start, f.end) for f in self.formulas]
        stating = [(f.start, f.end) for f in found]
        within = [(f.start, f.end) for f in self.formulas if not f.displayed and self.states(f)]
        if not any("=" in self.document.text[start:end] for start, end in stating):
            stating = within  # All that this note states stands within its text.
        self.steps = steps_of(self.source, [*stating, *within], spans)
        for last in self.steps.ends.values():
            self.declared.dims.setdefault(last.text, Spelled((last.text, ""), below=False, bold=False, span=(0, 0)))
        ends = self.steps.by_custom.items()
        self.assumed += [(at.start, say("notes.remark.runs_up_to", letter=letter, end=at.text)) for letter, at in ends]
        self.letters, self.left_letters = index_letters(self.source, stating)
        self.letters |= self.steps.letters | index_letters(self.source, within)[0]
        self.left_letters -= self.steps.letters
        self.marks = (self.left_letters - self.letters) & loss_marks(self.source, stating)
        self.left_letters -= self.marks
        self.declare_labels()
        words = self.vocabulary()
        segs = [s for f in found for s in segments(self.source, words, f.start, f.end)]
        defined = defined_functions(self.source, [(f.start, f.end) for f in found])
        segs += self.within_the_text(Equations(self.source, segs, defined, words, self.labels), words)
        equations = Equations(self.source, segs, defined, words, self.labels)
        while self.declare_families(equations):
            # What was a name of its own, h_t, is a member at left sides, too; h_0 is what it starts from.
            words = self.vocabulary()
            segs = [s for f in found for s in segments(self.source, words, f.start, f.end)]
            members = Equations(self.source, segs, defined, words, self.labels)
            self.begun = {start.name for start in starts_of(members, self.steps.letters)}
            words = self.vocabulary()
            segs = [s for f in found for s in segments(self.source, words, f.start, f.end)]
            segs += self.within_the_text(Equations(self.source, segs, defined, words, self.labels), words)
            equations = Equations(self.source, segs, defined, words, self.labels)
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
        return Equations(self.source, segs, defined, self.vocabulary(), self.labels)

    def declare_labels(self) -> None:
        """Finds the letters that are classes; ``y \\in \\{1, \\dots, K\\}`` of one declares no index letter."""
        letters = self.letters | self.left_letters
        uses = position_uses(self.source, [(f.start, f.end) for f in self.formulas], letters, self.marks)
        told = {d.spelled.name for d in self.declared.found if d.letter}
        for n, formula in enumerate(self.formulas):
            words = self.prose.of(n) + without_next(self.prose.after(n))
            if not formula.displayed and says_class(words) and not says_one_hot(words):
                names = names_in_formula(self.source, formula.start, formula.end)
                told |= {name.key[0] if name.key[1] in letters else name.name for name in names}
        self.labels = chosen(uses, told - letters)
        for d in self.declared.found:
            label = d.spelled.key[0] if d.spelled.key[1] in letters else d.spelled.name
            if d.letter and label in self.labels:
                self.classes[label] = d.shape[0]
        mine = {name for label, inner in self.labels.items() for name in (label, new_name(label, inner))}
        self.declared.found = [d for d in self.declared.found if d.spelled.name not in mine]

    def within_the_text(self, displayed: Equations, words: Vocabulary) -> list[Segment]:
        """Equations within the text: of what the displayed ones use and do not define, and of the loss if need be.

        What follows "if" or "when" is a condition, and a number is a value.
        """
        inline = [f for f in self.formulas if not f.displayed and self.states(f)]
        found = [s for f in inline for s in segments(self.source, words, f.start, f.end)]
        cases = {f.start for f in inline if self.words_before(f)[-1:] in _SUPPOSING}
        every = displayed
        if found and (self.steps.letters or any(len(s.left.key[0]) > 1 for s in found)):
            # Recurrences within the text have starts, and words, o = \sigma(net), are known by their equations.
            segs = [*displayed.segments, *found]
            every = Equations(self.source, segs, displayed.defined, words, self.labels)
        read = [(s, every.read(s)) for s in found]
        starts = {start.name for start in starts_of(every, self.steps.letters)}
        telling = [
            (s, e)
            for s, e in read
            if s.left.name in starts
            or (e.uses and not is_model(self.source, e, displayed) and (s.start not in cases or e.is_formula))
        ]
        taken: dict[str, Segment] = {}
        has_loss = displayed.loss() is not None
        for s, _ in telling:
            if not has_loss and is_loss(s.left) and s.left.name not in taken:
                taken[s.left.name] = s
        needed = {*displayed.given(), *starts, *(name for s, e in telling if s.left.name in taken for name in e.uses)}
        # Of p_y the whole may be computed within the text.
        needed |= {spelled.key[0] for spelled in displayed.given().values() if spelled.below}
        if not has_loss and not taken and telling:
            # A function, or a layer alone with its upstream derivative.
            asked = self.slopes([s.left.name for s, _ in telling])
            needed |= {slope.above for slope in asked} | {slope.below for slope in asked}
        grows = True
        while grows:
            grows = False
            for s, e in telling:
                if s.left.name in needed and s.left.name not in taken and s.left.name not in displayed.lefts():
                    taken[s.left.name] = s
                    needed |= e.uses
                    grows = True
        return list(taken.values())

    def states(self, formula: Formula) -> bool:
        """Whether a formula within the text says what holds: no condition, no derivative and nothing to be shown."""
        text = self.document.text
        derives = has_sign(self.source, formula.start, formula.end, *_DERIVATIVES)
        if derives or "=" not in text[formula.start : formula.end]:
            return False
        before = self.words_before(formula)
        shown = before[-1:] in _THAT and before[:-1] in _SHOWING
        return before[-1:] not in _CONDITIONS and not shown

    def words_before(self, formula: Formula) -> list[Word]:
        """The words of the sentence right before a formula, none if anything else stands between."""
        text = self.document.text
        close = text[max(0, formula.start - _CLOSE_BEFORE) : formula.start].rstrip("$\\( \n")
        sentence = close[close.rfind(".") + 1 :]
        return words_of(sentence) if sentence[-1:].isalpha() else []

    def is_asked(self, formula: Formula) -> bool:
        """Whether a formula stands in a question, "what if $V = W^T$?", of a case that the note is not about."""
        text = self.document.text
        ends = (text.find(sign, formula.end) for sign in (". ", ".\n", "!", "?", "\n\n", "$$"))
        end = min((at for at in ends if at >= 0), default=len(text) - 1)
        return text[end] == "?"

    def check_computed(self, equations: Equations) -> None:
        """Refuses what is given, since its equation stands after "if" or cannot be read: nothing computed is data."""
        words, given = self.vocabulary(), equations.given()
        letters = {spelled.key[0] for spelled in equations.names.values()}
        for f in self.formulas:
            if f.displayed or has_sign(self.source, f.start, f.end, *_DERIVATIVES):
                continue
            known = given.keys() | equations.lefts() if self.is_asked(f) else frozenset()
            for s in segments(self.source, words, f.start, f.end):
                if s.left.name not in given:
                    continue
                e = equations.read(s)
                tokens = tokens_in(self.source, s.left.span[1], s.end)
                if e.uses and e.uses <= known:
                    continue
                unread = e.sides is None and any(token.text in letters for token in tokens)
                if unread or (e.is_formula and e.uses and not is_model(self.source, e, equations)):
                    raise self.source.error(say("notes.computed_within", name=s.left.name), (s.start, s.end))

    def vocabulary(self) -> Vocabulary:
        ranks: dict[str, int | None] = dict.fromkeys(self.begun)
        ranks.update({d.spelled.name: len(d.shape) for d in self.declared.found if not d.letter})
        return Vocabulary(
            ranks, letters=self.letters, open=True, free=self.letters | self.left_letters,
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
            last = self.steps.ends[letter].text if letter in self.steps.ends else letter
            used = d.spelled.name in whole or not uses.isdisjoint((new_name(base, ""), at) for at in (letter, last))
            if d.letter or letter not in self.letters or not used:
                found.append(d)
                continue
            name = d.spelled.name
            spelled = replace(d.spelled, key=(base, ""), below=False)
            found.append(Declaration(spelled, (ranges.get(letter, f"?{letter}"), *d.shape)))
            self.words.setdefault(spelled.name, self.words.get(name, ""))
            self.family_names.add(spelled.name)
            changed = True
        self.declared.found = found
        return changed

    def example_letters(self, equations: Equations) -> dict[str, str]:
        """The index letters of families, with the dimensions of these, as far as each has one."""
        shapes = {d.spelled.name: d.shape for d in self.declared.found if not d.letter}
        found: dict[str, set[str]] = {}
        for t in equations.entries():
            for letter, axis in zip(t.children[1:], shapes.get(t.children[0].value, ()), strict=False):
                if letter.kind == "name" and letter.value in self.letters:
                    found.setdefault(letter.value, set()).add(axis)
        first = {t.children[1].value for t in equations.entries() if self.is_example(t, shapes)}
        first |= self.steps.letters
        return {letter: next(iter(dims)) for letter, dims in found.items() if len(dims) == 1 and letter in first}

    def is_example(self, entry: Node, shapes: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether an entry is the member of a family, or a number that a letter above tells from others."""
        array, *indices = entry.children
        partial = array.value in self.family_names and len(indices) < len(shapes.get(array.value, ()))
        text = self.source.text[slice(*entry.span)]
        return partial or (len(indices) == 1 and "^" in text)

    def tasks(self, equations: Equations) -> tuple[list[Task], Tasks]:
        nodes = [equation.name for equation in equations.found]
        ranks: dict[str, int | None] = {d.spelled.name: len(d.shape) for d in self.declared.found if not d.letter}
        ranks.update({name: ranks.get(name) for name in nodes})
        targets = {*nodes, *ranks, *equations.given()} - set(self.not_asked)
        loss = self.upstream or equations.loss() or (nodes[-1] if nodes else None)
        words = replace(self.vocabulary(), ranks=ranks, loss=loss, latex=self.spelled_otherwise, free=None)
        within = [(f.start, f.end) for f in self.formulas if not f.displayed and self.states(f)]
        self.numbers = all_numbers(self.source, words, within, equations.given().keys() | self.labels.keys())
        network = Network(
            {e.name: e.sides[1] if e.sides is not None else None for e in equations.found}, loss or "", ranks, targets,
            self.settled.arguments, self.parameters(equations), self.family_names, bool(self.steps.letters),
            rates=tuple(dict.fromkeys(self.settled.rates)), in_numbers=bool(self.numbers),
        )  # fmt: skip
        tasks = Tasks(self.source, words, network)
        return tasks.read([(f.start, f.end, f.displayed) for f in self.formulas]), tasks

    def parameters(self, equations: Equations) -> tuple[str, ...] | None:
        """What is learned: by its words, or a letter that is nothing else; None where that is not clear."""
        found = []
        nodes = [e.segment.left.key for e in equations.found]
        for name, spelled in equations.given().items():
            role = role_in(self.words.get(name, ""))
            if name in self.labels or role in ("input", "target", "constant"):
                continue
            if role == "parameter" or spelled.key[0].lower() in _PARAMETERS:
                found.append(name)
            elif role is not None or _by_custom(spelled, nodes) is None:
                return None
        weights = [name for name in found if split_tag(name)[0] != "b" or role_in(self.words.get(name, ""))]
        return tuple(found) if weights else None  # In Ax - b alone the b is data.

    def asked_for(self, equations: Equations) -> frozenset[str]:
        """The names that the note asks the derivative by, whatever their role is by custom."""
        tasks, _ = self.tasks(equations)
        numbers = (name.partition("/d")[2] for task in tasks if task.kind == "compute" for name in task.names)
        return frozenset((*numbers, *(name for task in tasks if task.kind in ASKED_BY for name in task.names)))

    def parts(self, equations: Equations) -> Tree | None:
        """What the words of the note ask for."""
        found, tasks = self.tasks(equations)
        items = [self.part(task) for task in found]
        self.in_parts = {at for task in found for at in (*task.formulas, *(start for start, _ in task.equations))}
        self.left_over = tasks.left_over
        self.unread = tasks.unread
        self.unknown = tasks.unknown
        self.no_part = tasks.no_part
        if any(task.kind == "update" and not task.method for task in found):
            self.rate = tasks.rate or ("", "")
        return Listing(self.mark(0, 0), "", tuple(items)) if items else None

    def part(self, task: Task) -> Table:
        start = task.equations[0][0] if task.equations else task.at
        at = self.mark(start, start + 1)
        if task.kind == "graph":
            return Table(at, "", ((self.word("graph"), self.word(task.names[0])),))
        method = ((self.word("method"), self.word(task.method)),) if task.method else ()
        equations = [self.scalar(self.document.text[a:b], a, b) for a, b in task.equations]
        names = [self.scalar(name, task.at, task.at + 1) for name in task.names]
        return Table(at, "", ((self.word(task.kind), Listing(at, "", (*names, *equations))), *method))


def _by_custom(spelled: Spelled, nodes: Iterable[Key]) -> str | None:
    """x is an input, t and y are targets; of layers that are computed the given one is the input."""
    base, tag = spelled.key
    letter = base.rpartition(":")[2].lower()
    computed = {other for other, mark in nodes if mark not in MARKS.values()}
    if letter == "x":
        return "input"
    if letter in TARGETS and base not in computed and not base.startswith("hat:"):
        return "target"
    return "input" if tag.isdecimal() and base in computed else None


class AxisNames:
    """Names for axes: known ones, the one of the classes for the first that nothing tells, else a letter."""

    def __init__(self, declared: Declarations, used: Iterable[str], classes: str | None):
        self.taken = {*used, *declared.dims, *(d.spelled.name for d in declared.found)}
        self.classes = classes if classes not in self.taken else None
        self.dims = declared.dims
        self.own: dict[str, str] = {}

    def name_classes(self, axes: Iterable[str]) -> None:
        """The first axis of classes that has no name takes the letter of the classes, else K."""
        first = next((axis for axis in axes if axis.startswith("?")), None)
        if first is not None:
            self.classes = self.classes or ("K" if "K" not in self.taken else None)
            self.name(first)

    def name(self, axis: str) -> str:
        if not axis.startswith("?"):
            return axis
        if axis not in self.own:
            own = [axis[1:].upper()] if axis[1:].isalpha() else []
            free = chain(own, _FREE_LETTERS, (f"D{n}" for n in count(1)))
            name = self.classes or next(name for name in free if name not in self.taken)
            self.classes = None
            self.taken.add(name)
            self.own[axis] = name
            self.dims.setdefault(name, Spelled(split_tag(name), below=False, bold=False, span=(0, 0)))
        return self.own[axis]


# --- a report --------------------------------------------------------------------------------------------------------


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
        lines.append(say("notes.read.symbol", role=role, name=symbol.name, shape=show_shape(symbol.shape)))
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

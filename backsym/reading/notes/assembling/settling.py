"""What the equations of a note leave open: shapes, starts of recurrences, names of axes, an abstract loss.

All is told by the equations, by declarations and by custom, which is said; what nothing tells is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, count

from backsym.core.errors import InputError
from backsym.core.words import say
from backsym.reading.files.fields import MAX_DIAGNOSTICS
from backsym.reading.latex.declarations import Declaration, Declarations
from backsym.reading.latex.equations import Spelled
from backsym.reading.latex.lexer import tokens_in
from backsym.reading.latex.names import split_tag
from backsym.reading.notes.assembling.asked import role_by_custom
from backsym.reading.notes.assembling.initial import hear_starts
from backsym.reading.notes.assembling.sizes import KINDS, said_sizes
from backsym.reading.notes.assembling.stated import Stated
from backsym.reading.notes.equations import (
    LOSS_NAMES,
    Equations,
    in_order,
    is_loss,
)
from backsym.reading.notes.lengths import check_columns, check_lengths, check_no_rows, check_rows, check_stacked
from backsym.reading.notes.ranks import Ranks
from backsym.reading.notes.refusals import (
    capital_of,
    check_shapes,
    check_transposes,
    marked_letters,
    softmaxes,
)
from backsym.reading.notes.shapes import Shapes, is_along_axis
from backsym.reading.notes.steps import Start, as_equations, check_steps, check_zeros, starts_of, told_ranges
from backsym.reading.notes.upstream import (
    DERIVED,
    LEARNING,
    is_any,
    is_given,
    mentioned_loss,
    names_jacobian,
    undefined_loss,
    worded_loss,
)
from backsym.reading.syntax import Node, walk

_FREE_LETTERS = "DKHMPQRS"
"""Dimensions that the note does not name take these first."""


class Settling:
    """The given quantities that no words declare, with their shapes; adds them to what the note declares."""

    def __init__(self, note: Stated, equations: Equations):
        self.note = note
        self.equations = equations
        self.starts: list[Start] = []
        self.upstream: str | None = None
        """The name of an abstract loss."""
        self.example_ranges: dict[str, str] = {}
        self.layers: dict[str, tuple[str, ...]] = {}
        """The sizes of quantities of which each layer has its own, ``D[l]``, as a file writes them."""
        self.bases: frozenset[str] = frozenset()
        """What such sizes are called."""
        self.arrays: frozenset[str] = frozenset()
        """The computed quantities that are no numbers."""
        self.declare_what_is_used()
        self.check_layers()

    def declare_what_is_used(self) -> None:
        """Add the given quantities that no words declare, with the shapes that the equations tell."""
        note, equations = self.note, self.equations
        for name, spelled in equations.dims.items():
            note.declared.dims.setdefault(name, spelled)
        self.sizes_of_layers()
        declared = {d.spelled.name: d.shape for d in note.declared.found if not d.letter}
        given = {name: s for name, s in equations.given().items() if name not in declared}
        declared.update(self.by_entries(declared, given))
        goes_on = say("notes.remark.sum_goes_on")
        note.assumed += [(e.segment.start, goes_on) for e in equations.found if e.segment.start in equations.stretched]
        factors = {note.source.text[slice(*call.head)]: call.head[0] for call in equations.factors}
        note.assumed += [(at, say("notes.remark.factor", name=name)) for name, at in factors.items()]
        self.find_starts(declared, given)
        names = {**equations.names, **{e.name: e.segment.left for e in equations.found}, **given}
        shapes = self.told_shapes(declared, given, names)
        counted = said_sizes(note.source, note.places)
        self.arrays = frozenset(e.name for e in equations.found if shapes.shape(e.name))
        axes = self.named_axes(shapes, names, counted)
        self.declare_shapes(shapes, axes, declared, given)
        used = {word for d in note.declared.found for axis in d.shape for word in axis.replace("*", " ").split()}
        for letter, at in counted.values():
            if letter in equations.given() or letter not in {*used, *names, *equations.dims}:
                note.counts.add(letter)
                note.unplaced.append((at, say("notes.remark.size_of_nothing", letter=letter)))
        note.declare_symmetric()  # Of what the equations tell to be square, too.
        self.example_ranges = self.example_letters()

    def find_starts(self, declared: Mapping[str, tuple[str, ...]], given: dict[str, Spelled]) -> None:
        """The starts of recurrences, of which ``given`` gets those that nothing computes; the equations in order."""
        note, equations = self.note, self.equations
        self.starts = starts_of(equations, note.steps.letters)
        check_steps(note.source, equations, self.starts, declared)
        check_zeros(equations, self.starts, {name for name, shape in declared.items() if len(shape) > 1})
        waits = {e.name: [s.name for s in self.starts if s.family in {e.name, *e.uses}] for e in equations.found}
        equations.found = in_order(equations.found, waits)
        begun = {*given, *declared, *(e.name for e in equations.found)}
        hear_starts(note, [start for start in self.starts if start.name not in begun])
        for start in self.starts:
            if start.name not in begun:
                given[start.name] = start.spelled
                at = start.spelled.span[0]
                note.assumed.append((at, say("notes.remark.starts_from", family=start.family, start=start.name)))
        nodes = {e.name: e for e in equations.found}
        for start in self.starts:
            letter = nodes[start.family].letter
            alone = start.family not in declared and start.back == 0 and start.spelled.bold
            if not self.bases and note.steps.forms.get(letter) and alone:
                said = say("notes.remark.one_size", family=start.family, letter=letter)
                note.assumed.append((start.spelled.span[0], said))

    def named_axes(
        self, shapes: Shapes, names: Mapping[str, Spelled], counted: Mapping[str, tuple[str, int]]
    ) -> AxisNames:
        """The names of the axes, with the letters that the words give to numbers of classes, inputs and outputs."""
        note = self.note
        classes = next((counted[kind][0] for kind in ("classes", "outputs") if kind in counted), None)
        sizes = {word for f in note.formulas if not f.displayed for word in note.document.text[f.start : f.end].split()}
        axes = AxisNames(note.declared, names, {*sizes, *([classes] if classes else [])})
        named = None if classes in {*names, *note.letters, *note.left_letters} else classes
        axes.name_classes([shapes.root(axis) for axis in shapes.labels.values()], named or "K")
        if named and named not in axes.own.values():
            axes.name_classes(self.class_axes(shapes, names), named)
        for kind in (kind for kind in KINDS if kind in counted):
            letter, at = counted[kind]
            open_ = dict.fromkeys(axes.own.get(axis, axis) for axis in self.counted_axes(kind, shapes, names))
            if letter not in axes.taken and letter not in note.letters and len(open_) == 1:
                axes.name_classes(open_, letter)
            elif kind in ("inputs", "outputs") and letter in note.declared.dims and len(open_) == 1:
                (other,) = open_
                if other != letter and other in note.declared.dims:
                    raise note.source.error(say("notes.counted_otherwise", letter=letter, other=other), (at, at + 1))
        return axes

    def declare_shapes(
        self,
        shapes: Shapes,
        axes: AxisNames,
        declared: Mapping[str, tuple[str, ...]],
        given: Mapping[str, Spelled],
    ) -> None:
        """Add the shapes of what is declared, given, computed by members, and of classes, with the names of axes."""
        note, equations = self.note, self.equations
        note.declared.found = [
            replace(d, shape=tuple(axes.name(axis) for axis in shapes.shape(d.spelled.name) or ()))
            if not d.letter
            else d
            for d in note.declared.found
        ]
        mentioned = Ranks(note.prose).mentioned(given)
        for name, spelled in given.items():
            if name in mentioned and not note.supposes(note.formulas[mentioned[name]]):
                note.words.setdefault(name, note.said_of(mentioned[name]))
            shape = tuple(axes.name(axis) for axis in shapes.shape(name) or ())
            note.declared.found.append(Declaration(spelled, shape))
        note.hear(equations.given())
        if note.letters:
            begins = {start.name for start in self.starts}
            for e in equations.found:
                known = shapes.shape(e.name)
                if e.name not in declared and known and e.name not in begins:
                    note.declared.found.append(Declaration(e.segment.left, tuple(map(axes.name, known))))
        for name in note.labels:
            spelled = Spelled((name, ""), below=False, bold=False, span=(0, 0))
            note.declared.found.append(Declaration(spelled, tuple(map(axes.name, shapes.shape(name) or ()))))
            note.classes[name] = axes.name(shapes.root(shapes.labels[name]))

    def by_entries(
        self, declared: Mapping[str, tuple[str, ...]], given: Mapping[str, Spelled]
    ) -> dict[str, tuple[str, ...]]:
        """The shapes of matrices that are declared by a capital and used by their entries alone, ``x_{nd}`` of X."""
        equations, found = self.equations, {}
        used = {*equations.names, *equations.lefts()}
        for name, spelled in given.items():
            capital = capital_of(spelled.key)
            entries = {count for count, _ in equations.indexed.get(name, ())} == {2}
            if capital is not None and entries and capital not in used and len(declared.get(capital, ())) == 2:
                found[name] = declared[capital]
                said = say("notes.remark.entries_of_declared", entry=name, array=capital)
                self.note.assumed.append((spelled.span[0], said))
        return found

    def class_axes(self, shapes: Shapes, names: Iterable[str]) -> list[str]:
        """The axis that "$K$ classes" is said of: that of the last softmax, or the only one that nothing names."""
        calls = (t for t in self.equations.parts() if t.kind == "call" and is_along_axis(t.value))
        along = [shapes.of(t.children[0]) for t in calls]
        found = [shapes.root(shape[-1]) for shape in along if shape]
        every = dict.fromkeys(axis for name in names for axis in shapes.shape(name) or () if axis.startswith("?"))
        return found[-1:] or (list(every) if len(every) == 1 else [])

    def counted_axes(self, kind: str, shapes: Shapes, names: Mapping[str, Spelled]) -> list[str]:
        """The axes that may be what the words count: the last of data, the first of families, for units any other."""
        nodes = [e.segment.left.key for e in self.equations.found]
        told = {name: [shapes.root(axis) for axis in shapes.shape(name) or ()] for name in names}
        if kind == "examples":
            return [axes[0] for name, axes in told.items() if name in self.note.family_names and axes]
        vectors = [name for name, axes in told.items() if len(axes) == 1 + (name in self.note.family_names)]
        data = [(role_by_custom(names[name], nodes), told[name][-1]) for name in vectors]
        inputs = [axis for role, axis in data if role == "input"]
        outputs = [axis for role, axis in data if role == "target"]
        if kind == "hidden":
            every = (axis for axes in told.values() for axis in axes)
            return [axis for axis in every if axis.startswith("?") and axis not in (*inputs, *outputs)]
        return inputs if kind == "inputs" else outputs

    def counting(self) -> set[str]:
        """The sizes that may count examples: of data and families, and of nothing that is learned."""
        note, nodes = self.note, [e.segment.left.key for e in self.equations.found]
        arrays = [d for d in note.declared.found if not d.letter]
        data = {d.spelled.name for d in arrays if role_by_custom(d.spelled, nodes) is not None}
        data |= {*note.family_names, *self.equations.lefts()}
        learned = {axis for d in arrays if d.spelled.name not in data for axis in d.shape}
        return ({axis for d in arrays for axis in d.shape} | note.declared.dims.keys()) - learned

    def sizes_of_layers(self) -> None:
        """Takes all layers for layers of one size where sizes go with the letter of a recurrence, ``D^{(l)}``.

        What is declared keeps its own sizes, as a file writes them, ``D[l-1]``; ``check_layers`` sees that all is.
        """
        note, steps = self.note, self.note.steps
        keys = {name: spelled.key for name, spelled in note.declared.dims.items()}
        own = {name: key for name, key in keys.items() if key[1].rstrip("+-0123456789") in steps.letters}
        bases = {base for base, _ in own.values()}
        ends = {token.text for token in steps.ends.values()}
        placed: dict[str, str] = {}
        for name, (base, place) in keys.items():
            if base not in bases:
                continue
            if name not in own and not place.isdecimal() and place.rstrip("+-0123456789") not in ends:
                at = next((d.spelled.span for d in note.declared.found if name in d.shape), (0, 0))
                raise note.source.error(say("notes.layer_or_size", name=name, base=base), at)
            placed[name] = f"{base}[{place}]"
        found = []
        for d in note.declared.found:
            if not placed.keys().isdisjoint(d.shape) and d.spelled.name in steps.letters:
                continue  # Layer l has D_l units.
            shape = tuple(placed.get(axis, axis) for axis in d.shape)
            if shape != d.shape:
                self.layers[d.spelled.name] = shape
                d = replace(d, shape=tuple(axis.partition("[")[0] for axis in shape))
            found.append(d)
        note.declared.found = found
        for name in placed:
            del note.declared.dims[name]
        for base in bases:
            note.declared.dims[base] = Spelled((base, ""), below=False, bold=False, span=(0, 0))
        self.bases = frozenset(bases)

    def check_layers(self) -> None:
        """What starts as a declared start does has its size; raises InputError for another size that nothing tells."""
        for e in self.equations.found:
            if e.name in self.layers and e.sides is not None and e.sides[1].kind == "name":
                self.layers.setdefault(e.sides[1].value, self.layers[e.name])
        nodes = {e.name for e in self.equations.found}
        open_ = [d for d in self.note.declared.found if not self.bases.isdisjoint(d.shape)]
        found = [
            self.note.source.diagnostic(say("notes.size_of_layer", name=d.spelled.name), d.spelled.span)
            for d in open_
            if d.spelled.name not in self.layers and d.spelled.name not in nodes
        ]
        if found:
            raise InputError(found[:MAX_DIAGNOSTICS])

    def told_shapes(
        self,
        declared: Mapping[str, tuple[str, ...]],
        given: Mapping[str, Spelled],
        names: Mapping[str, Spelled],
    ) -> Shapes:
        """The axes of all quantities, as far as declarations, customs and the equations tell them."""
        note, equations = self.note, self.equations
        custom = Ranks(
            note.prose, note.declared.found, note.letters, note.labels,
            families=note.family_names, sizes=note.declared.dims,
        )  # fmt: skip
        check_rows(note.source, custom.entries_of_rows(equations))
        ranks, families = custom.of(equations, given, names)
        ranks.update({name: int(bool(inner)) for name, inner in note.labels.items()})
        growing = {
            t.children[0].value
            for t in equations.entries()
            if len(t.children) == 2 and t.children[1].value in note.letters and not custom.has_bold(equations)
        }
        note.family_names |= families.keys() | growing
        positions = {name: note.classes.get(name, f"?of {name}") for name in note.labels}
        columns = {d.spelled.name for d in note.declared.found if d.column}
        ranges = self.told_ranges() | {letter: last.text for letter, last in note.steps.ends.items()}
        layers = {letter for letter, form in note.steps.forms.items() if form}

        def unread() -> Shapes:
            may_grow = growing - declared.keys() - note.labels.keys()
            return Shapes(declared, ranks, may_grow, positions, columns, ranges, [s.name for s in self.starts], layers)

        if custom.by_letter and (scaling := self.scaling(custom.by_letter, unread())):
            ranks.update(custom.without(scaling, equations, names))
        note.assumed += custom.assumed
        shapes = self.read(unread())
        if self.upstream is None and (numbers := self.numbers(shapes, declared, names)):
            ranks.update(dict.fromkeys(numbers, 0))
            shapes = self.read(unread())
        self.check(shapes, {name: shapes.shape(name) for name in (*names, *declared)}, given, names)
        for tree, _ in softmaxes(equations, shapes):
            written = note.source.text[slice(*tree.span)]
            note.assumed.append((tree.span[0], say("notes.remark.of_each_row", name=written)))
        for name, tree in shapes.biases.items():
            note.assumed.append((tree.span[0], say("notes.remark.each_column", name=name)))
        return shapes

    def check(
        self,
        shapes: Shapes,
        seen: Mapping[str, tuple[str, ...] | None],
        given: Mapping[str, Spelled],
        names: Mapping[str, Spelled],
    ) -> None:
        """Raises InputError for what the shapes leave open, or what they contradict."""
        note, equations = self.note, self.equations
        check_lengths(note.source, equations, shapes)
        arrays = {d.spelled.name: d.spelled for d in note.declared.found if len(d.shape) == 2}
        arrays |= {e.name: e.segment.left for e in equations.found}
        check_columns(note.source, equations, shapes, arrays, given)
        check_stacked(note.source, equations, shapes, note.family_names, note.spans)
        check_no_rows(note.source, note.settled.rows, seen, names)
        known = {name: axes for name, axes in seen.items() if axes is not None}
        check_shapes(note.source, equations, known, shapes, marked_letters(note.source, note.spans))
        light = {name for name, axes in seen.items() if not axes and name in names and not names[name].bold}
        check_transposes(note.source, note.spans, light if "T" not in seen else set())

    def told_ranges(self) -> dict[str, str]:
        """The sizes that the text tells of index letters to which no equation gives another one."""
        note, written = self.note, self.equations.ranges_written()
        told = told_ranges(note.source, [(f.start, f.end) for f in note.formulas if not f.displayed])
        return {letter: dim for letter, dim in told.items() if written.get(letter, {dim}) == {dim}}

    def numbers(
        self, shapes: Shapes, declared: Mapping[str, tuple[str, ...]], names: Mapping[str, Spelled]
    ) -> list[str]:
        r"""The light letters that have one entry since a number is computed of them, ``\hat{y} = \sigma(z)``: numbers.

        The note says that it is a number, or that what it is compared with is one: ``y \in \{0, 1\}`` beside the hat.
        """
        one = {name for name in names if name not in declared and (axes := shapes.shape(name)) and set(axes) == {"1"}}
        light = [name for name in one if not names[name].bold and names[name].letter[:1].islower()]
        told = [
            e
            for e in self.equations.found
            if e.sides is not None
            and declared.get(e.name, declared.get(e.segment.left.key[0].removeprefix("hat:"))) == ()
            and {shapes.root(axis) for axis in shapes.of(e.sides[1]) or ()} == {"1"}
        ]
        if not told or len(light) < len(one):
            return []
        said = say("notes.remark.numbers", name=told[0].name, names=sorted({*light} - {told[0].name}))
        self.note.assumed.append((told[0].segment.start, said))
        return sorted(light)

    def scaling(self, capitals: Collection[str], shapes: Shapes) -> list[str]:
        r"""The capitals that are matrices by custom alone and stand in a loss only beside numbers: numbers.

        So it is before a sum, ``C \sum_n``, or ``w^T w``, that is a term of the loss, and in a difference, ``R - v``.
        """
        equations = [e for e in self.equations.found if e.sides is not None]
        shapes.read([e.sides for e in equations if e.sides is not None])
        uses = Counter(t.value for t in self.equations.parts() if t.kind == "name" and t.value in capitals)
        beside: Counter[str] = Counter()
        for loss in (e.sides[1] for e in equations if e.sides and (is_loss(e.segment.left) or e is equations[-1])):
            for product in (term for term in _summands(loss) if term.kind == "terms"):
                for n, first in enumerate(product.children[:-1], 1):
                    above = first.children[0] if first.kind == "div" else first
                    rest = product._replace(value=product.value[n:], children=product.children[n:])
                    numbers = [t for t in (rest.children[0], rest) if t.kind in {"call", "terms"}]
                    beside[above.value] += above.kind == "name" and any(shapes.of(t) == () for t in numbers)
            for terms in (list(_summands(tree)) for tree in walk(loss) if tree.kind == "add"):
                others = [t for t in terms if t.kind != "num" and t.value not in capitals and shapes.of(t) == ()]
                beside.update(t.value for t in terms if others and t.kind == "name")
        found = sorted(name for name, n in uses.items() if n == beside[name])
        for name in found:
            at = self.equations.given()[name].span[0]
            self.note.assumed.append((at, say("notes.remark.number_beside_numbers", name=name)))
        return found

    def read(self, shapes: Shapes) -> Shapes:
        """Reads the shapes; a last equation ``L = f(P)`` of an array P says that L is an abstract loss of P."""
        equations = self.equations
        sides = [*(e.sides for e in equations.found if e.sides is not None), *as_equations(self.starts)]
        self.upstream = None
        last = equations.found[-1]
        call = last.sides[1] if last.sides is not None and is_loss(last.segment.left) else None
        argument = call.children[0] if call is not None and call.kind == "call" and len(call.children) == 1 else None
        if call is None or argument is None or argument.kind != "name" or not self.only_call(call):
            shapes.read(sides)
            if equations.loss() is None and (shapes.shape(last.name) or self.asked_loss()):
                alone = set(map(shapes.root, shapes.shape(last.name) or ())) - {"1"}
                self.layer_alone(last.name, is_array=bool(alone))
            elif equations.loss() is None and (said := worded_loss(self.note.document.text, self.note.spans)):
                raise self.not_read(said)
            return shapes
        shapes.read(sides[:-1])
        if shapes.shape(argument.value):
            self.upstream = last.name
            equations.found = equations.found[:-1]
            equations.functions -= {call.value}
        else:
            shapes.read(sides)
        return shapes

    def asked_loss(self) -> bool:
        """Whether derivatives are of one quantity that no equation has, by its letter a loss."""
        known = self.equations.lefts() | self.equations.given().keys()
        return undefined_loss(self.note.slopes(), known) in LOSS_NAMES

    def layer_alone(self, last: str, *, is_array: bool) -> None:
        """Of a note without a loss, whose last quantity is an array: the loss by whose derivatives it asks."""
        note, equations = self.note, self.equations
        known = equations.lefts() | equations.given().keys()
        loss = undefined_loss(note.slopes(), known)
        mentioned = mentioned_loss(note.document.text, note.spans)
        given = loss is not None and is_given([*note.slopes(), *note.named_slopes()], loss, last)
        any_one = loss is not None and mentioned is not None and is_any(note.document.text, mentioned[0])
        if mentioned is not None and not (given or any_one):
            raise self.not_read(mentioned)
        if any_one and (said := worded_loss(note.document.text, note.spans)):
            raise self.not_read(said)
        of = {slope.above for slope in note.slopes()}
        asks = of or mentioned_loss(note.document.text, note.spans, DERIVED)
        self.upstream = self.loss_of_none(known) if loss is None and is_array and asks and of <= known else loss

    def loss_of_none(self, known: Collection[str]) -> str | None:
        """A letter for the abstract loss of a note that mentions none; raises InputError where a word or letter may."""
        note, last = self.note, self.equations.found[-1].segment.left
        spelled = [*self.equations.names.values(), *(d.spelled for d in note.declared.found)]
        own = {*known, *note.declared.dims, *(s.key[0] for s in spelled), last.key[0]}
        spans = [span for span in note.spans if not names_jacobian(note.document.text, span[0])]
        tokens = [token for start, end in spans for token in tokens_in(note.source, start, end)]
        may = next(((t.start, t.end) for t in tokens if t.text in LOSS_NAMES and t.text not in own), None)
        may = may or mentioned_loss(note.document.text, note.spans, LEARNING)
        if may is not None:
            raise self.not_read(may)
        letters = {token.text for token in tokens}
        loss = next((name for name in LOSS_NAMES if name not in {*letters, *own}), None)
        if loss is not None:
            note.assumed.append((last.span[0], say("notes.remark.any_loss", loss=loss, name=last.name)))
        return loss

    def not_read(self, mentioned: tuple[int, int]) -> InputError:
        """The words speak of a loss that no equation gives."""
        text = self.note.document.text
        hint = say("notes.loss_given", name=text[slice(*self.equations.found[-1].segment.left.span)])
        return self.note.source.error(say("notes.loss_not_read", word=text[slice(*mentioned)]), mentioned, hint)

    def only_call(self, call: Node) -> bool:
        """Whether an abstract function is applied once in all, and what it is applied to is computed last."""
        equations = self.equations
        calls = [t for t in equations.parts() if t.kind == "call" and t.value == call.value]
        computed = len(equations.found) > 1 and equations.found[-2].name == call.children[0].value
        return call.value in equations.functions and len(calls) == 1 and computed

    def example_letters(self) -> dict[str, str]:
        """The index letters of families, with the dimensions of these, as far as each has one."""
        note, equations = self.note, self.equations
        shapes = {d.spelled.name: d.shape for d in note.declared.found if not d.letter}
        found: dict[str, set[str]] = {}
        for t in equations.entries():
            for letter, axis in zip(t.children[1:], shapes.get(t.children[0].value, ()), strict=False):
                if letter.kind == "name" and letter.value in note.letters:
                    found.setdefault(letter.value, set()).add(axis)
        first = {t.children[1].value for t in equations.entries() if self.is_example(t, shapes)}
        first |= note.steps.letters
        return {letter: next(iter(dims)) for letter, dims in found.items() if len(dims) == 1 and letter in first}

    def is_example(self, entry: Node, shapes: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether an entry is the member of a family, or a number that a letter above tells from others."""
        array, *indices = entry.children
        partial = array.value in self.note.family_names and len(indices) < len(shapes.get(array.value, ()))
        text = self.note.source.text[slice(*entry.span)]
        return partial or (len(indices) == 1 and "^" in text)


def _summands(tree: Node) -> Iterator[Node]:
    """The terms of a sum, without their signs; another expression is its only one."""
    if tree.kind not in ("add", "neg"):
        yield tree
    else:
        for child in tree.children:
            yield from _summands(child)


class AxisNames:
    """Names for axes: known ones, the letter of the classes for theirs, else one that the note does not use.

    ``used`` are names of quantities, and ``said`` what stands alone within the text.
    """

    def __init__(self, declared: Declarations, used: Iterable[str], said: Collection[str]):
        self.taken = {*used, *declared.dims, *(d.spelled.name for d in declared.found)}
        self.said = said
        self.dims = declared.dims
        self.own: dict[str, str] = {}

    def name_classes(self, axes: Iterable[str], letter: str) -> None:
        """The first axis of classes that has no name takes this letter, unless something else has it."""
        first = next((axis for axis in axes if axis.startswith("?")), None)
        if first is not None and letter not in self.taken:
            self.give(first, letter)

    def name(self, axis: str) -> str:
        if axis.startswith("?") and axis not in self.own:
            own = [axis[1:].upper()] if axis[1:].isalpha() else []
            free = chain(own, _FREE_LETTERS, (f"D{n}" for n in count(1)))
            self.give(axis, next(name for name in free if name not in self.taken and name not in self.said))
        return self.own.get(axis, axis)

    def give(self, axis: str, name: str) -> None:
        self.taken.add(name)
        self.own[axis] = name
        self.dims.setdefault(name, Spelled(split_tag(name), below=False, bold=False, span=(0, 0)))

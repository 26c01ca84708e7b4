"""The forward equations of a problem: parsed, put in scope one after the other, resolved and checked.

Each equation defines one node; it may use given quantities and the nodes above it.  An equation that cannot be read
silences those that use its node, so that one mistake is reported once.  Knows located texts and expressions; knows
no other part of a problem file.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backsym.core import expr as ex
from backsym.core.dims import OWN, Amount, at_places, is_layered, placed_at
from backsym.core.errors import InputError
from backsym.core.functions import ABSTRACT_LOSS, losses
from backsym.core.problem import Dimension, NodeEquation, Symbol, start_names
from backsym.core.source import Source
from backsym.core.words import Said, Words, say
from backsym.reading import syntax
from backsym.reading.expressions import plain_or_code_equation
from backsym.reading.files.declarations import Declared, declares_shapes
from backsym.reading.files.fields import Report, is_name
from backsym.reading.files.functions import Functions
from backsym.reading.files.recurrences import in_blocks, misused, uses
from backsym.reading.files.yamlfile import Scalar
from backsym.reading.latex import equations as latex
from backsym.reading.latex.applied import applied_letters
from backsym.reading.latex.names import Vocabulary, spelling
from backsym.reading.meaning.calls import dim_of
from backsym.reading.meaning.labels import spelled_out
from backsym.reading.meaning.resolve import Resolver, extra_letters
from backsym.reading.meaning.scope import (
    Frame,
    Scope,
    Unavailable,
    free_letters,
    index_reduction,
    positional,
    range_by_use,
)
from backsym.reading.meaning.shape_hints import matmul_meant
from backsym.reading.meaning.undeclared import unknown_names
from backsym.reading.notes.data_points import with_rows
from backsym.reading.plain import glance
from backsym.reading.syntax import Node
from backsym.text.pieces import signs, words_and_signs

MAX_EQUATIONS = 10_000

_ENTRY_LETTERS = "ijklmpqrsuvabcdfgh"
"""Letters for the entries of a member, where none is declared."""


def start_position(letters: Sequence[Node]) -> int | None:
    """The position of a start, 0 or less, of which the first index on the left is; None for any other index."""
    if not letters:
        return None
    first = letters[0]
    if first.kind == "num":
        return 0 if first.value == "0" else None
    if first.kind != "shift" or any(part.children for part in first.children):
        return None
    position = sum(int(part.value) for part in first.children)
    return position if position <= 0 else None


_WEIGHT = (r"\mathbf", r"\boldsymbol", r"\bm", r"\vec", r"\text", r"\textbf", "{", "}")
"""What does not tell two names apart for a reader: bold entries are light, and braces are not seen."""


def _without_weight(latex: str) -> str:
    return "".join(sign.text for sign in signs(latex) if sign.text not in _WEIGHT)


def _is_zero(tree: Node) -> bool:
    r"""``\mathbf{0}``, or the 0 that people write for it."""
    return (tree.kind == "bare" and tree.value == "zeros") or (tree.kind == "num" and tree.value == "0")


def declared_sizes(shape: ex.Shape, indices: Sequence[ex.Ix]) -> ex.Shape:
    """The shape of a family by that of its member at a letter, ``D[l]``: there it is the member's own position."""
    if not indices:
        return shape
    return tuple(at_places(dim, {indices[0].letter: Amount((((OWN,), 1),))}) for dim in shape)


def members_shape(start: ex.Shape, position: int) -> ex.Shape:
    """The shape of any member by that of the start, of ``D[0]`` at position 0."""
    found: list[ex.Dim] = []
    for dim in start:
        layer = placed_at(dim) if isinstance(dim, str) else None
        own = Amount((((OWN,), 1),)) - position
        found.append(dim if layer is None else f"{layer[0]}[{own + layer[1]}]")
    return tuple(found)


@dataclass(frozen=True)
class Parsed:
    """One equation as syntax; ``letters`` are the indices of its left side."""

    text: Scalar
    source: Source
    name: str
    letters: tuple[Node, ...]
    lhs: Node
    rhs: Node
    position: int | None = None
    """Of a start of a recurrence, where it stands: 0, -1, ..."""
    number: int = 0
    """Its place in the text, among the equations."""
    is_formula: bool = False

    @property
    def place(self) -> Said:
        return say("files.line", line=self.text.line) if self.text.line is not None else self.text.label


@dataclass
class Forward:
    """The state while equations are read in order; ``equations`` and ``symbols`` are the result.

    ``broken`` are the names whose declaration or equation has an error, reported already; ``unread`` tells whether an
    equation has one of syntax, so that it is not known what it uses.
    """

    declared: Mapping[str, Declared]
    dims: Mapping[str, Dimension]
    index_dims: Mapping[str, ex.Dim]
    functions: Functions
    report: Report
    notation: Mapping[str, str] = field(default_factory=dict)
    letter_forms: Mapping[str, str] = field(default_factory=dict)
    from_zero: frozenset[ex.Dim] = frozenset()
    all_latex: bool = False
    without_rows: bool = False
    """Whether equations of entries may leave the index of the rows out, as in notes without a recurrence."""
    unsaid: str = "parameter"
    """The role of what none is said of."""
    as_in_file: bool = False
    """Whether equations are told as the file has them, which was rewritten."""
    equations: list[NodeEquation] = field(default_factory=list)
    names: dict[str, ex.Expr] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    parsed: dict[str, Parsed] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    unread: bool = False
    remarks: list[Said] = field(default_factory=list)
    current: str = ""
    assume_scalars: bool = False
    scope: Scope = field(default_factory=lambda: Scope({}))
    letters: dict[ex.Dim, str] = field(default_factory=dict)
    starting: dict[str, dict[int, Parsed]] = field(default_factory=dict)
    starts: dict[str, tuple[ex.Sym, ...]] = field(default_factory=dict)
    beginning: dict[str, Parsed] = field(default_factory=dict)
    """The nodes for expressions that recurrences start from, each with the start."""

    def read(self, texts: Sequence[Scalar]) -> None:
        self.parse_all(texts)
        for name, symbol in self.declared.items():
            if not symbol.readable:
                # Every use of it would look wrong.
                self.broken.add(name)
            if name not in self.parsed and name not in self.broken:
                self.names[name] = self.label(name) or ex.Sym(name, symbol.shape or (), symmetric=symbol.symmetric)
        self.assume_scalars = not declares_shapes(self.declared)
        self.scope = Scope(
            self.names,
            self.dims,
            self.index_dims,
            nodes=self.parsed,
            abstract=self.functions.abstract,
            own=self.functions.own,
            missing=self.missing,
            members=True,
            starts=self.starts,
            from_zero=self.from_zero,
            all_latex=self.all_latex,
        )
        for equation in self.in_order():
            self.current = equation.name
            try:
                if equation.position is None:
                    self.define(equation)
                else:
                    self.begin(equation)
            except InputError as e:
                self.report.extend(e.diagnostics)
                self.broken.add(equation.name)
            except Unavailable:
                self.broken.add(equation.name)
        self.group()

    def in_order(self) -> list[Parsed]:
        """All equations and starts in the order of the text."""
        every = [*self.parsed.values(), *(p for starts in self.starting.values() for p in starts.values())]
        return sorted(every, key=lambda equation: equation.number)

    def group(self) -> None:
        """Put the equations of each recurrence side by side."""
        if not self.starts or self.broken:
            return
        self.equations, wrong, name = in_blocks(self.equations)
        if wrong is not None:
            source = self.parsed[name].source
            self.report.extend([source.diagnostic(wrong.words, wrong.span or self.parsed[name].lhs.span)])
            self.broken.add(name)

    def label(self, name: str) -> ex.Labels | None:
        """What a declared label means."""
        symbol = self.declared.get(name)
        return ex.Labels(name, symbol.shape or (), symbol.label) if symbol and symbol.label is not None else None

    def skip(self, texts: Sequence[str]) -> None:
        """These items are no equations, which has been said; what uses their nodes is not to be blamed too."""
        self.unread = bool(texts)
        self.broken.update(left[0] for text in texts if (left := glance.left_name(text)))

    # --- syntax ---

    def parse_all(self, texts: Sequence[Scalar]) -> None:
        formulas = self.formulas(texts)
        if not declares_shapes(self.declared) and not self.all_latex:
            spelled = [item.source() for item, formula in zip(texts, formulas, strict=True) if formula]
            try:
                applied = applied_letters(spelled, self.declared.keys() | self.functions.names)
                self.functions = replace(self.functions, abstract=self.functions.abstract | applied)
            except InputError as e:
                self.report.extend(e.diagnostics)
        ranks: dict[str, int | None] = {
            name: None if entry.shape is None else len(entry.shape) for name, entry in self.declared.items()
        }
        given = self.vocabulary(dict(ranks))
        left = [
            self.left_names(item, given if formula else None) for item, formula in zip(texts, formulas, strict=True)
        ]
        for names in left:
            for name, rank in names.items():
                ranks.setdefault(name, rank)
        words = self.vocabulary(ranks)

        # Shapes are not known yet; who is declared is.
        known = Scope(
            {name: self.label(name) or ex.Sym(name, ()) for name in ranks},
            self.dims,
            self.index_dims,
            abstract=self.functions.names,
        )
        for item, names, is_formula in zip(texts, left, formulas, strict=True):
            source = item.source()
            try:
                if is_formula:
                    sides = [(e.lhs, e.rhs) for e in latex.parse_equations(source, words)]
                else:
                    sides = [plain_or_code_equation(source, known)]
                for lhs, rhs in sides:
                    sides_read = self.whole(lhs, spelled_out(rhs, known), source)
                    self.add(self.split(item, source, *sides_read, is_formula=is_formula))
            except InputError as e:
                self.report.extend(e.diagnostics)
                self.unread = True
                self.broken.update(name for name in names if name not in self.parsed)
        for name in list(self.parsed):
            self.begin_by_name(name)

    def begin_by_name(self, family: str) -> None:
        r"""In LaTeX what a recurrence starts from is called as it is written, ``\mathbf{h}_0``: by the name h0.

        It is given, or it has an equation of its own, which is then that of the start.
        """
        equation = self.parsed.get(family)
        if equation is None or family in self.starting or not equation.letters or not equation.is_formula:
            return
        back = 0
        while start := next((n for n in start_names(family, back) if n in self.declared or n in self.parsed), None):
            own = self.parsed.get(start)
            if own is not None and (own.letters or not own.is_formula):
                return
            if own is not None:
                found = replace(self.parsed.pop(start), name=family, position=-back)
            else:
                tree = Node("name", start, (), equation.lhs.span)
                self.used.add(start)
                self.used.add(start)
                found = replace(equation, letters=(), rhs=tree, position=-back, number=-1)
            self.starting.setdefault(family, {})[-back] = found
            back += 1

    def whole(self, lhs: Node, rhs: Node, source: Source) -> tuple[Node, Node]:
        """The equation; in a note the index of the rows may be left out."""
        if not self.without_rows or (lhs.kind == "entry" and self.is_member(lhs)):
            return lhs, rhs
        shapes = {n: d.shape for n, d in self.declared.items() if d.shape}
        lhs, rhs, letter = with_rows(lhs, rhs, shapes)
        if letter is not None:
            line = source.place(lhs.span[0])[0]
            name = lhs.children[0].value
            self.remarks.append(say("notes.remark.rows_put_in", line=line, name=name, letter=letter))
        return lhs, rhs

    def is_member(self, entry: Node) -> bool:
        """Whether the index of an entry is a letter of the first axis, and others are left out."""
        array, *indices = entry.children
        declared = self.declared.get(array.value) if array.kind == "name" else None
        shape = declared.shape if declared is not None else None
        first = indices[0]
        return bool(
            shape
            and len(indices) < len(shape)
            and first.kind == "name"
            and self.index_dims.get(first.value) == shape[0]
        )

    def vocabulary(self, ranks: Mapping[str, int | None]) -> Vocabulary:
        """What LaTeX equations may mention: declared names, and ``ranks`` of names with equations."""
        return Vocabulary(
            ranks, self.dims, frozenset(self.index_dims), self.functions.names,
            layer=self.notation.get("layer", "superscript"), gradient=self.notation.get("gradient", "nabla"),
            latex={name: entry.latex for name, entry in self.declared.items() if entry.latex},
            open=not declares_shapes(self.declared), families=self.may_have_members(),
            layered=frozenset(ranks) if self.letter_forms else frozenset(), from_zero=self.from_zero,
            joined=not self.all_latex, **latex.letters_above(self.letter_forms, self.index_dims),
        )  # fmt: skip

    def may_have_members(self) -> frozenset[str]:
        """Declared arrays along whose first axis a declared letter runs: in a file, x_n may be a member of X."""
        ranges = set(self.index_dims.values())
        shapes = {name: entry.shape or () for name, entry in self.declared.items()}
        return frozenset(name for name, shape in shapes.items() if len(shape) > 1 and shape[0] in ranges)

    def formulas(self, texts: Sequence[Scalar]) -> list[bool]:
        """Which items are LaTeX.  Among others, ``z = wx + b`` is so too, though nothing in it says so."""
        found = [self.all_latex or latex.is_latex(item.text) for item in texts]
        if all(found) or not any(found):
            return found
        words = set(self.declared) | {left[0] for item in texts if (left := glance.left_name(item.text))}
        for n, item in enumerate(texts):
            long = {piece.word for piece in words_and_signs(item.text) if len(piece.word) > 1}
            found[n] = found[n] or not (glance.is_plain(item.text) or words & long)
        return found

    def left_names(self, item: Scalar, words: Vocabulary | None) -> dict[str, int | None]:
        """A first look at the names that an item defines, with the number of their indices if there are any.

        ``words`` is given for a formula.
        """
        if words is None:
            left = glance.left_name(item.text)
            return dict([left]) if left is not None else {}
        try:
            trees = latex.left_sides(item.source(), words)
        except InputError:
            return {}
        return {
            (t.children[0] if t.kind == "entry" else t).value: len(t.children) - 1 if t.children else None
            for t in trees
        }

    def add(self, equation: Parsed) -> None:
        self.check_new(equation)
        if equation.position is not None and equation.letters:
            equation = self.by_entries(equation)
        equation = replace(equation, number=len(self.parsed) + sum(map(len, self.starting.values())))
        if equation.position is None:
            self.parsed[equation.name] = equation
        else:
            self.starting.setdefault(equation.name, {})[equation.position] = equation
        self.used.update(n.value.rstrip("'") for n in syntax.walk(equation.rhs) if n.kind == "name")

    def split(self, item: Scalar, source: Source, lhs: Node, rhs: Node, *, is_formula: bool = False) -> Parsed:
        """The name and letters of the left side; an equation of a block has its own text and line."""
        start, end = lhs.span[0], rhs.span[1]
        if is_formula:
            mark = replace(item.mark, line=source.place(start)[0]) if item.mark is not None else None
            text = source.before_edits(start, end) if self.as_in_file else source.text[start:end]
            item = replace(item, text=text, mark=mark)
        base, letters = (lhs.children[0], lhs.children[1:]) if lhs.kind == "entry" else (lhs, ())
        while letters and letters[-1].kind == "slice":
            letters = letters[:-1]  # z[n,:] is z[n].
        if base.kind != "name" or not is_name(base.value):
            raise source.error(say("files.left_side"), lhs.span)
        position = start_position(letters)
        if position is not None:
            letters = letters[1:]
        seen: set[str] = set()
        for ix in letters:
            if ix.kind != "name":
                later = start_position((ix,)) is not None
                said = say("files.start_not_first") if later else say("files.position_on_the_left")
                raise source.error(said, ix.span)
            if ix.value in seen:
                raise source.error(say("files.index_twice", name=ix.value), ix.span)
            seen.add(ix.value)
        return Parsed(item, source, base.value, letters, lhs, rhs, position, is_formula=is_formula and position is None)

    def by_entries(self, start: Parsed) -> Parsed:
        """A start in entries, ``a[0,k] = p[k]``: it is p; for another expression a node of its own, ``a_0[k]``."""
        assert start.position is not None
        letters, rhs = [ix.value for ix in start.letters], start.rhs
        given = rhs.children[0].value if rhs.kind == "entry" else ""
        if given in self.declared and letters == [ix.value for ix in rhs.children[1:]]:
            name = given
        else:
            name = start_names(start.name, -start.position)[0]
            if name in self.declared or name in self.parsed:
                raise start.source.error(say("files.start_name_taken", name=name), start.lhs.span)
            self.add(replace(start, name=name, position=None))
        return replace(start, letters=(), rhs=Node("name", name, (), rhs.span))

    def check_new(self, equation: Parsed) -> None:
        name = equation.name
        if equation.position is not None:
            earlier = self.starting.get(name, {}).get(equation.position)
            if earlier is not None:
                twice = say("files.defined_twice", name=f"{name}[{equation.position}]", place=earlier.place)
                raise equation.source.error(twice, equation.lhs.span)
        elif name in self.parsed:
            twice = say("files.defined_twice", name=name, place=self.parsed[name].place)
            raise equation.source.error(twice, equation.lhs.span)
        declared = self.declared.get(name)
        if declared is not None and declared.is_given:
            role = declared.role or "target"
            given = say("files.input_defined" if role == "input" else "files.given_defined", name=name, role=role)
            raise equation.source.error(given, equation.lhs.span)

    # --- meaning ---

    def missing(self, name: str) -> ex.Expr | Words | None:
        """What to make of a name that is not in scope yet."""
        if name in self.broken:
            raise Unavailable
        if name in self.parsed:
            return self.too_early(name)
        letter = self.scope.range_of(name) is not None
        if self.assume_scalars and name not in self.dims and not letter and "'" not in name and name != "pi":
            self.names[name] = ex.Sym(name, ())
            self.assumed.append(name)
            return self.names[name]
        return None

    def too_early(self, name: str) -> Words:
        if name == self.current and self.parsed[name].letters:
            return say("files.recurrence", name=name)
        if self.parsed[name].letters and self.path(name, self.current):
            return say("files.recurrence", name=name)
        if name == self.current:
            return say("files.uses_itself", name=name)
        circle = self.path(name, self.current)
        if circle:
            around = [self.current, *circle]
            if len(around) > 8:
                around[3:-2] = ["..."]
            return say("files.circle", names=" -> ".join(around))
        return say("files.used_before", name=name, place=self.parsed[name].place)

    def path(self, start: str, goal: str) -> list[str]:
        """The names from ``start`` to ``goal``, each using the next; empty if there is no such path."""
        came_from = {start: ""}
        pending = [start]
        while pending:
            name = pending.pop()
            if name == goal:
                break
            for used in (n.value for n in syntax.walk(self.parsed[name].rhs) if n.kind == "name"):
                if used in self.parsed and used not in came_from:
                    came_from[used] = name
                    pending.append(used)
        if goal not in came_from:
            return []
        names = [goal]
        while names[-1] != start:
            names.append(came_from[names[-1]])
        return names[::-1]

    def begin(self, equation: Parsed) -> None:
        """What a recurrence starts from: a given quantity or a node, or a node of its own for an expression."""
        name, source = equation.name, equation.source
        family = self.parsed.get(name)
        if family is None or not family.letters:
            raise source.error(say("files.start_of_none", name=name), equation.lhs.span)
        before = self.starts.get(name, ())
        assert equation.position is not None
        if -equation.position != len(before):
            raise source.error(say("files.start_out_of_order", name=name, place=str(-len(before))), equation.lhs.span)
        unknown = unknown_names(equation.rhs, source, self.scope)
        if unknown:
            raise InputError(unknown)
        free = free_letters(equation.rhs, self.scope)
        if free:
            raise extra_letters(source, free, equation.rhs, self.scope)
        declared = self.declared[name].shape if name in self.declared else None
        if declared and declared[1:] and _is_zero(equation.rhs):
            value: ex.Expr = ex.Zeros(declared[1:], span=equation.rhs.span)
        else:
            value = Resolver(source, self.scope, Frame()).resolve(equation.rhs)
        ((_, dim), *_) = self.left_ranges(family, declared)
        if dim is None:
            hint = say("files.declare_range", name=family.letters[0].value)
            raise family.source.error(
                say("files.unknown_range", name=family.letters[0].value), family.letters[0].span, hint
            )
        shape = ex.scalar_if_ones(value.shape)
        if dim in self.from_zero:
            raise source.error(say("files.start_from_zero", name=name, dim=dim), equation.lhs.span)
        own = ex.shifted((), equation.position, dim)
        members = ex.member_shape(declared, own) if declared is not None else shape
        other = before[0].shape if before else members
        if ex.scalar_if_ones(other) != shape:
            message = say("files.starts_differ", name=name, shape=ex.show_shape(shape), other=ex.show_shape(other))
            raise source.error(message, (equation.lhs.span[0], equation.rhs.span[1]))
        self.check_start(equation, value)
        if isinstance(value, ex.Sym) and type(value) is ex.Sym and value.name not in self.starts:
            start = ex.Sym(value.name, value.declared)
        else:
            start = self.start_node(equation, value)
        self.starts[name] = (*before, start)
        self.names[name] = ex.Sym(name, (dim, *members_shape(shape, equation.position)), recurrent=True)

    def check_start(self, equation: Parsed, value: ex.Expr) -> None:
        """What stands before the first member must not look like another quantity: h_0 beside h0, unless it is h0."""
        assert equation.position is not None
        form = self.letter_forms.get(self.parsed[equation.name].letters[0].value, "")
        layer = self.notation.get("layer", "superscript")
        if {"": "subscript", "^{(": "superscript", "^{[": "bracket"}[form[:3]] != layer:
            return
        for name in start_names(equation.name, -equation.position):
            if name in self.declared and not (isinstance(value, ex.Sym) and value.name == name):
                message = say("files.start_printed_alike", family=equation.name, place=equation.position, name=name)
                raise equation.source.error(message, equation.lhs.span, say("files.another_name"))

    def start_node(self, equation: Parsed, value: ex.Expr) -> ex.Sym:
        """A node for an expression that a recurrence starts from, ``h_0``."""
        assert equation.position is not None
        name = start_names(equation.name, -equation.position)[0]
        if name in self.declared or name in self.parsed or name in self.names:
            raise equation.source.error(say("files.start_name_taken", name=name), equation.lhs.span)
        shape, text = ex.scalar_if_ones(value.shape), equation.text
        self.names[name] = ex.Sym(name, shape)
        self.beginning[name] = equation
        self.equations.append(NodeEquation(name, shape, (), value, text.text, index_level=False, line=text.line))
        return ex.Sym(name, shape)

    def define(self, equation: Parsed) -> None:
        source, rhs = equation.source, equation.rhs
        self.check_euler(equation)
        unknown = unknown_names(rhs, source, self.scope)
        if unknown:
            raise InputError(unknown)
        own = {ix.value for ix in equation.letters}
        extra = {name: at for name, at in free_letters(rhs, self.scope).items() if name not in own}
        if extra:
            raise extra_letters(source, extra, rhs, self.scope)
        declared = self.declared.get(equation.name)
        ranges = self.left_ranges(equation, declared.shape if declared else None)
        frame, letters = Frame().bind(ranges)
        if any(n.kind == "name" and n.value in self.starts.keys() & self.broken for n in syntax.walk(rhs)):
            raise Unavailable  # What a recurrence starts from is known, its equation could not be read.
        value = Resolver(source, self.scope, frame).resolve(rhs)
        self.check_whole(value, source)
        self.note_padding(value, equation)
        indices = []
        for node, letter in zip(equation.letters, letters, strict=True):
            if letter.dim is None:
                hint = say("files.declare_range", name=node.value)
                raise source.error(say("files.unknown_range", name=node.value), node.span, hint)
            indices.append(ex.Ix(letter.shown, letter.dim))
        shape = self.shape_of(equation, value, tuple(indices), declared.shape if declared else None)
        text = equation.text
        picked = 0
        if indices and len(indices) < len(shape):
            picked = len(indices)
            rest = self.entry_letters(tuple(ex.own_dim(dim, indices[0]) for dim in shape[picked:]), value, indices)
            indices += rest
            value = ex.Entry(value, rest)
        self.names[equation.name] = ex.Sym(equation.name, shape, recurrent=equation.name in self.starts)
        by_entries = bool(indices) or self.mentions_entries(rhs)
        starts = self.starts.get(equation.name, ())
        made = NodeEquation(
            equation.name, shape, tuple(indices), value, text.text, by_entries, text.line, picked, starts
        )
        if self.starts:
            unread = self.starts.keys() - {eq.name for eq in self.equations}
            wrong = misused(made, dict.fromkeys(unread))
            if wrong is not None:
                raise source.error(wrong.words, wrong.span or rhs.span)
        self.equations.append(made)

    def note_padding(self, value: ex.Expr, equation: Parsed) -> None:
        """An entry that lies beyond its array counts as zero, which may not be meant."""
        for e, gone in _entries_of(value, frozenset()):
            if not isinstance(e.base, ex.Sym) or e.base.name in self.starts:
                continue
            if any(isinstance(ix, ex.Shift) and ix.parts and _leaves(ix, gone) for ix in e.indices):
                entry = f"{e.base.name}[{','.join(ix.letter for ix in e.indices)}]"
                self.remarks.append(say("notes.remark.padding", entry=entry, name=equation.name))

    def check_whole(self, value: ex.Expr, source: Source) -> None:
        """Where sizes differ from member to member, there is no array of them all."""
        for sym, ix, span in uses(value):
            if ix is None and is_layered(sym.shape):
                raise source.error(say("files.ragged_whole", name=sym.name), span or (0, 0))

    def entry_letters(self, shape: ex.Shape, value: ex.Expr, letters: Sequence[ex.Ix]) -> tuple[ex.Ix, ...]:
        """Letters for the axes of a member, by which its equation is one of entries, too: none that it has already."""
        taken = {ix.letter for ix in letters} | set(self.names) | set(self.parsed)
        for e in ex.walk(value):
            own = e.indices if isinstance(e, (ex.Entry, ex.Member, ex.IndexReduce, ex.IndexPick)) else ()
            taken.update(letter.letter for ix in own for letter in ex.letters_of(ix))
        found: list[ex.Ix] = []
        for dim in shape:
            if dim == 1:
                found.append(ex.Ix("1", 1))
                continue
            usual = self.usual_letter(dim)
            letter = next(c for c in (usual + "'" * n for n in itertools.count()) if c not in taken)
            taken.add(letter)
            found.append(ex.Ix(letter, dim))
        return tuple(found)

    def usual_letter(self, dim: ex.Dim) -> str:
        """The letter for entries along a dimension: the declared one, else one that nothing has, always the same."""
        if dim not in self.letters:
            declared = [letter for letter, own in self.index_dims.items() if own == dim]
            taken = {*self.index_dims, *self.letters.values(), *self.declared, *self.parsed, *self.dims}
            own = [dim.lower()] if isinstance(dim, str) and dim.lower() in _ENTRY_LETTERS else []
            free = [c for c in (*own, *_ENTRY_LETTERS) if c not in taken]
            self.letters[dim] = next(iter((*declared, *free)), "i")
        return self.letters[dim]

    def check_euler(self, equation: Parsed) -> None:
        """An undeclared e with a power is the number, which would else be a parameter of this name."""
        if "e" in self.declared or "e" in self.parsed:
            return
        for node in syntax.walk(equation.rhs):
            if node.kind == "pow" and node.children[0].kind == "name" and node.children[0].value == "e":
                hint = say("files.exponential_function_written_exp")
                raise equation.source.error(say("files.e_not_declared"), node.children[0].span, hint)

    def mentions_entries(self, tree: Node) -> bool:
        return any(n.kind == "entry" or bool(index_reduction(n, self.scope)) for n in syntax.walk(tree))

    def left_ranges(self, equation: Parsed, shape: ex.Shape | None) -> list[tuple[str, ex.Dim | None]]:
        """The letters of the left side with their ranges: declared, else by the node's shape, else by use."""
        if shape is not None and len(shape) < len(equation.letters):
            message = say("files.declared", equation=equation.name, shape=ex.show_shape(shape))
            raise equation.source.error(message, equation.lhs.span, say("files.one_index_per_axis"))
        ranges: list[tuple[str, ex.Dim | None]] = []
        for axis, ix in enumerate(equation.letters):
            dim = self.scope.range_of(ix.value)
            if ix.children:
                dim = dim_of(Resolver(equation.source, self.scope, Frame()), ix.children[0])
            if shape is not None and dim is not None and dim != shape[axis]:
                message = say(
                    "files.index_of_other_range",
                    index=ix.value,
                    dim=dim,
                    name=equation.name,
                    shape=ex.show_shape(shape),
                )
                raise equation.source.error(message, ix.span)
            if dim is None:
                dim = shape[axis] if shape is not None else range_by_use(ix.value, (equation.rhs,), self.scope)
            ranges.append((ix.value, dim))
        return ranges

    def shape_of(
        self, equation: Parsed, value: ex.Expr, indices: tuple[ex.Ix, ...], declared: ex.Shape | None
    ) -> ex.Shape:
        """The node's shape; a declared one is kept, if it agrees."""
        found = ex.scalar_if_ones(value.shape)
        if indices and found and not any(isinstance(e, ex.Member) for e in ex.walk(value)):
            # Entries beside a whole array are a slip; in the equation of a member something is picked.
            message = say("files.entries_not_scalar", shape=ex.show_shape(found))
            raise equation.source.error(message, equation.rhs.span, say("files.indices_of_arrays"))
        shape = declared_sizes((*(ix.dim for ix in indices), *found), indices)
        starts = self.starts.get(equation.name)
        first = ex.member_shape(shape, ex.shifted((), 0, shape[0])) if starts else ()
        if starts and ex.scalar_if_ones(starts[0].shape) != first:
            own, other = ex.show_shape(first), ex.show_shape(starts[0].shape)
            message = say("files.starts_differ", name=equation.name, shape=other, other=own)
            raise equation.source.error(message, (equation.lhs.span[0], equation.rhs.span[1]))
        if declared is None:
            return shape
        if ex.scalar_if_ones(declared) != ex.scalar_if_ones(shape):
            message = say(
                "files.other_shape", name=equation.name, declared=ex.show_shape(declared), found=ex.show_shape(shape)
            )
            meant = equation.rhs.kind == "mul" and matmul_meant(value, [declared])
            hint = say("files.write_matmul") if meant else None
            raise equation.source.error(message, (equation.lhs.span[0], equation.rhs.span[1]), hint)
        return declared

    # --- the result ---

    def symbols(self) -> dict[str, Symbol]:
        """Given quantities in the order of declaration, then assumed ones, then nodes."""
        targets = self.targets()
        symbols: dict[str, Symbol] = {}
        for name, entry in self.declared.items():
            if name not in self.parsed:
                # What takes a few values only is no parameter: nothing is learned by a step from one to the other.
                other = "target" if entry.label is not None else "constant" if entry.values else self.unsaid
                role = entry.role or ("target" if entry.sums_to_one or name in targets else other)
                symbols[name] = Symbol(
                    name, entry.shape or (), role, entry.one_hot, entry.sums_to_one, entry.latex, entry.key.line,
                    entry.values, entry.positive, entry.symmetric, entry.label,
                )  # fmt: skip
        for name in self.assumed:
            symbols[name] = Symbol(name, (), "target" if name in targets else self.unsaid)
        for equation in self.equations:
            latex = self.declared[equation.name].latex if equation.name in self.declared else None
            symbols[equation.name] = Symbol(equation.name, equation.shape, "node", latex=latex, line=equation.line)
        return symbols

    def check_alike(self, loss: str, symbols: Mapping[str, Symbol]) -> None:
        """No two quantities look the same on the page, such as ``ha`` and ``h_a``, or two with one ``latex``."""
        seen: dict[str, str] = {}
        for name, symbol in symbols.items():
            plain = r"\mathcal{L}" if name == loss == "L" else spelling(name, self.notation.get("layer", "superscript"))
            latex = symbol.latex or plain
            other = seen.setdefault(_without_weight(latex), name)
            if other != name:
                message = say("files.printed_alike", name=name, other=other, latex=latex)
                hint = say("files.another_name")
                if name in self.declared:
                    self.report.add(self.declared[name].key, message, hint)
                else:
                    source, span = self.first_mention(name)
                    self.report.extend([source.diagnostic(message, span, hint)])

    def first_mention(self, name: str) -> tuple[Source, tuple[int, int]]:
        """Where a name that is not declared stands: on the left of its equation, or first on the right of one."""
        own = self.parsed.get(name) or self.beginning.get(name)
        if own is not None:
            return own.source, own.lhs.span
        places = ((p.source, node) for p in self.parsed.values() for node in syntax.walk(p.rhs))
        return next((source, node.span) for source, node in places if node.kind == "name" and node.value == name)

    def behind(self, loss: str) -> set[str]:
        """What the loss depends on, itself included."""
        found = {loss}
        for eq in reversed(self.equations):
            if eq.name in found or not found.isdisjoint(eq.block):
                found.update((eq.name, *ex.names_in(eq.rhs)))
        return found

    def note_unreached(self, loss: str) -> None:
        """A node that the loss does not depend on is allowed, and often a slip: h, where the next line has H."""
        found = self.behind(loss)
        for name in (eq.name for eq in self.equations if eq.name not in found):
            alike = next((other for other in self.assumed if other.lower() == name.lower()), None)
            if alike is None:
                self.remarks.append(say("notes.remark.no_way", loss=loss, name=name))
            else:
                self.remarks.append(say("notes.remark.no_way_alike", loss=loss, name=name, other=alike))

    def check_losses(self, loss: str, symbols: Mapping[str, Symbol]) -> None:
        """The arguments of losses: the output, then the target.

        An abstract loss has a derivative by its first argument only, so that nothing flows back into the others.
        """
        relevant = self.behind(loss)
        for name in (eq.name for eq in self.equations if eq.name in relevant):
            equation = self.parsed.get(name) or self.beginning[name]
            for call in syntax.walk(equation.rhs):
                if call.kind == "call" and call.value in ("cross_entropy", "binary_cross_entropy"):
                    self.check_order(equation, call, symbols)
                if call.kind == "call" and call.value == ABSTRACT_LOSS and ABSTRACT_LOSS not in symbols:
                    self.check_target(equation, positional(call)[1:], symbols)

    def check_order(self, equation: Parsed, call: Node, symbols: Mapping[str, Symbol]) -> None:
        """``cross_entropy(t, y)`` with a target t is a slip, which gives -sum(y*log(t))."""
        roles = [symbols[a.value].role if a.kind == "name" and a.value in symbols else None for a in positional(call)]
        if roles[:1] == ["target"] and roles[1:] != ["target"]:
            output, target = (equation.source.text[a.span[0] : a.span[1]] for a in reversed(positional(call)[:2]))
            error = equation.source.error(
                say("files.target_first", target=target, name=call.value, output=output), call.span,
            )  # fmt: skip
            self.report.extend(error.diagnostics)

    def check_target(self, equation: Parsed, others: Sequence[Node], symbols: Mapping[str, Symbol]) -> None:
        for other in others:
            for node in syntax.walk(other):
                symbol = symbols.get(node.value) if node.kind == "name" else None
                if symbol is not None and symbol.role not in ("target", "constant"):
                    unsaid = say("files.is_given" if symbol.role == "given" else "files.is_parameter")
                    given = say("files.is_input") if symbol.role == "input" else unsaid
                    role = say("files.is_computed") if symbol.role == "node" else given
                    error = equation.source.error(
                        say("files.abstract_target", loss=ABSTRACT_LOSS, name=node.value, role=role),
                        node.span,
                    )
                    self.report.extend(error.diagnostics)
                    return

    def targets(self) -> set[str]:
        """Bare names that are the second argument of a loss."""
        found: set[str] = set()
        named = losses()
        for equation in self.parsed.values():
            for node in syntax.walk(equation.rhs):
                if node.kind == "call" and node.value in named:
                    found.update(arg.value for arg in positional(node)[1:2] if arg.kind == "name")
        return found


def _entries_of(e: ex.Expr, apart: frozenset[ex.Delta]) -> Iterator[tuple[ex.Entry, frozenset[ex.Delta]]]:
    """The entries in an expression, each with what the factors beside it, 1 - δ_{i1}, leave out."""
    if isinstance(e, ex.Entry):
        yield e, apart
    factors = e.args if isinstance(e, ex.Mul) else ()
    for n, child in enumerate(ex.children(e)):
        beside = (_apart(factor) for factor in (*factors[:n], *factors[n + 1 :])) if factors else ()
        yield from _entries_of(child, apart.union(*beside))


def _apart(factor: ex.Expr) -> tuple[ex.Delta, ...]:
    """The positions, as a delta, at which a factor 1 - δ_{i1} is zero; none for any other factor."""
    if isinstance(factor, ex.Delta):
        return () if factor.equal else (ex.Delta(factor.i, factor.j),)
    if not isinstance(factor, ex.Add) or len(factor.args) != 2 or factor.args[0] != ex.num(1):
        return ()
    minus = factor.args[1]
    delta = minus.arg if isinstance(minus, ex.Neg) else None
    return (delta,) if isinstance(delta, ex.Delta) and delta.equal else ()


def _leaves(ix: ex.Shift, apart: frozenset[ex.Delta]) -> bool:
    """Whether a computed index is beyond its axis at a position that is not left out."""
    if not ex.surely_leaves(ix):
        return False
    letters = ex.letters_of(ix)
    by = ex.steps_after(ix, letters[0]) if len(letters) == 1 else None
    if by is None:
        return True
    letter = letters[0]
    beyond = [ex.last(letter.dim)] if by == 1 else [ex.Ix(str(n), letter.dim) for n in range(1, 1 - by)]
    return not beyond or not all(ex.Delta(letter, place) in apart for place in beyond)

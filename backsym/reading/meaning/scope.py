"""What names mean while an expression is resolved, and how index letters are bound.

Lexical scoping: a letter of the left side, or free in the whole text, is bound around everything; ``sum(e, k)`` binds
k in e.  Displayed letters never shadow each other: an inner k below another k becomes k', k'', ...

Knows the syntax tree and shapes; does not build expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backsym.core.dims import is_ragged
from backsym.core.errors import near_name
from backsym.core.expr import Dim, Expr, Ix, Labels, Sym
from backsym.core.functions import FUNCTIONS, REDUCTIONS, Function
from backsym.core.kinds import kind_named
from backsym.core.lazy import lazy
from backsym.core.problem import Dimension
from backsym.core.words import Words, say
from backsym.reading.syntax import Node, as_index, walk


class Unavailable(Exception):
    """A name whose own declaration or equation could not be read."""


@dataclass(frozen=True)
class Scope:
    """The names that an expression may use.

    ``missing`` is asked about a name that is not in ``names``: an Expr is its meaning, words are the error to
    report, None leaves it undeclared. ``own`` are functions that the file defines, ``constants`` are names such as
    pi that only formulas know. With ``own_letters``, a letter takes its range from the axis that it is used on,
    whatever ``index_dims`` says. ``latex`` has declared spellings and ``notation`` the choices that a LaTeX text is
    read by. ``unavailable`` names are declared, but what was wrong with them has been reported already. With
    ``misfits``, operands whose shapes do not fit are put together nevertheless: for explaining what was meant,
    after the error has been reported. With a ``grouping`` from 1, products that mix juxtaposition and element-wise
    signs are grouped in another way that fits, if there are so many. With ``matrix_powers`` a power of a square
    matrix is a product in an answer, too, as it is in the problem. With ``strict_shapes``, as in students' answers,
    a row meets no vector and an element-wise sign spreads no array. With ``members``, fewer indices than axes
    pick a member of a family, x_n of X; a row of a matrix is a column like any vector, or with ``lying`` a matrix of
    one row; in LaTeX the letters of ``families`` may have either case. ``starts`` has what recurrences start
    from; along the dimensions ``recurrent`` members at a shifted letter may be picked. ``letter_forms`` are those of
    the index letters that LaTeX writes above, with which the members of ``layered`` are numbered. Positions along
    the dimensions ``from_zero`` count from 0, and so do the letters that run over them.  ``all_latex`` tells that
    equations are those of a note, LaTeX also where no sign in them says so.
    """

    names: Mapping[str, Expr]
    dims: Mapping[str, Dimension] = field(default_factory=dict)
    index_dims: Mapping[str, Dim] = field(default_factory=dict)
    nodes: Container[str] = ()
    abstract: frozenset[str] = frozenset()
    own: Mapping[str, Function] = field(default_factory=dict)
    loss: str | None = None
    derivatives: bool = False
    own_letters: bool = False
    misfits: bool = False
    matrix_powers: bool = False
    strict_shapes: bool = False
    members: bool = False
    lying: bool = False
    families: frozenset[str] = frozenset()
    starts: Mapping[str, Sequence[Sym]] = field(default_factory=dict)
    letter_forms: Mapping[str, str] = field(default_factory=dict)
    recurrent: frozenset[Dim] = frozenset()
    layered: frozenset[str] = frozenset()
    from_zero: frozenset[Dim] = frozenset()
    all_latex: bool = False
    grouping: int = 0
    missing: Callable[[str], Expr | Words | None] | None = None
    latex: Mapping[str, str] = field(default_factory=dict)
    notation: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Expr] = field(default_factory=dict)
    unavailable: frozenset[str] = frozenset()

    def is_partial(self, above: str, below: str) -> bool:
        """Whether ``dX/dY`` is a derivative: X, perhaps a loss that is not given, and Y are declared, dX is not."""
        known = self.has(above) or (self.derivatives and above == self.loss)
        return known and self.has(below) and not self.has("d" + above)

    def has(self, name: str) -> bool:
        return name in self.names or name in self.unavailable

    @lazy
    def label_ranks(self) -> Mapping[str, int]:
        """The labels, each with the number of its axes."""
        return {name: len(known.declared) for name, known in self.names.items() if isinstance(known, Labels)}

    @lazy
    def functions(self) -> frozenset[str]:
        """The names of the functions of the file, abstract or with a definition."""
        return self.abstract | self.own.keys()

    def is_end(self, name: str) -> bool:
        """Whether an index is the last position of a declared letter's range, ``h[T]``."""
        size = self.dims[name].size if name in self.dims else None
        return (name if size is None else size) in self.index_dims.values() and self.range_of(name) is None

    def range_of(self, letter: str) -> Dim | None:
        """The declared dimension of a letter; k' runs over the range of k."""
        found = self.index_dims.get(letter)
        return found if found is not None or "'" not in letter else self.index_dims.get(letter.rstrip("'"))


def suggest(word: str, names: Sequence[str]) -> Words | None:
    """A hint that names the most similar name, if there is one."""
    near = similar(word, names)
    return say("words.did_you_mean", near=near) if near else None


def similar(word: str, names: Sequence[str]) -> str | None:
    """The most similar name, if there is one."""
    same = [name for name in names if name.lower() == word.lower()]
    near = same[0] if same else near_name(word, names)
    if near and len(word) <= 3 and word[:1].lower() != near[:1].lower():
        near = None  # Short words are all similar.
    return near


# --- letters in the syntax tree --------------------------------------------------------------------------------------


def positional(call: Node) -> tuple[Node, ...]:
    return tuple([child for child in call.children if child.kind != "keyword"])


def index_reduction(tree: Node, scope: Scope) -> tuple[Node, ...]:
    """The letters that a call like ``sum(e, i, j)`` binds; none if it is not a reduction over letters.

    ``max(a, b)`` is one only if b is a letter: used in an entry of a, or a declared letter and not an array.
    """
    reduces = tree.value in REDUCTIONS or (tree.value == "prod" and scope.derivatives)  # A product only in answers.
    if tree.kind != "call" or not reduces:
        return ()
    body, *rest = positional(tree) or (tree,)
    if tree.value in ("sum", "mean"):
        return tuple(rest)
    for candidate in rest:
        if candidate.kind != "name":
            return ()
        ordinary = candidate.value in scope.names or scope.range_of(candidate.value) is None
        if ordinary and candidate.value not in letters_in_entries(body):
            return ()
    return tuple(rest)


def along_letter(tree: Node, scope: Scope) -> Node | None:
    """The letter over which a function along an axis is, ``softmax(e, j)``; None for any other call."""
    function = FUNCTIONS.get(tree.value) if tree.kind == "call" and tree.value not in scope.functions else None
    if function is None or not kind_named(function.kind).along_rows:
        return None
    given = positional(tree)
    is_letter = len(given) == 2 and given[1].kind == "name" and given[1].value not in scope.names
    return given[1] if is_letter else None


def bound_letters(tree: Node, scope: Scope) -> frozenset[str] | None:
    """The letters that a call over letters leaves nothing of; those of ``softmax(e, j)`` stay.  None for any other."""
    letters, along = index_reduction(tree, scope), along_letter(tree, scope)
    if along is not None:
        return frozenset({along.value} if FUNCTIONS[tree.value].kind == "rowreduce" else ())
    return frozenset(ix.value for ix in letters) if letters else None


def unindexed(tree: Node, at: Node, scope: Scope) -> Node | None:
    """The innermost ``sum`` of entries around ``at`` that names no letters and no axis."""
    found = None
    for call in walk(tree):
        around = call.span[0] <= at.span[0] and at.span[1] <= call.span[1]
        if around and call.kind == "call" and call.value in REDUCTIONS and not index_reduction(call, scope):
            plain = len(call.children) == 1 or all(child.kind == "num" for child in call.children[1:])
            found = call if plain else found
        elif around and call.kind == "call" and index_reduction(call, scope):
            found = None
    return found


def letters_in_entries(tree: Node) -> set[str]:
    return {ix.value for n in walk(tree) if n.kind == "entry" for ix in _index_letters(n.children[1:])}


def _index_letters(indices: Sequence[Node], scope: Scope | None = None) -> tuple[Node, ...]:
    """The letters of indices, also those inside shifted ones and of the members of labels."""
    found: list[Node] = []
    for ix in indices:
        if ix.kind == "shift":
            found += [letter for part in ix.children for letter in part.children if not is_size(letter, scope)]
        else:
            found += _index_letters(ix.children[1:], scope) if ix.kind == "entry" else [ix]
    return tuple([ix for ix in found if ix.kind == "name"])


def is_size(letter: Node, scope: Scope | None) -> bool:
    """Whether a summand of a shifted index is the size of a dimension, H + j, and no letter."""
    if scope is None or letter.value not in scope.dims or letter.value in scope.names:
        return False
    return scope.own_letters or scope.range_of(letter.value) is None


def label_of(tree: Node, scope: Scope) -> Labels | None:
    """The label that a name, or an entry of one, is."""
    name = tree.children[0] if tree.kind == "entry" else tree
    known = scope.names.get(name.value) if name.kind == "name" else None
    return known if isinstance(known, Labels) else None


def is_position(tree: Node, scope: Scope, letters: Container[str]) -> bool:
    """Whether a side of a comparison is a position: a letter or a label."""
    if label_of(tree, scope) is not None:
        return True
    return tree.kind == "name" and tree.value in letters and not scope.has(tree.value)


def compares_positions(tree: Node, scope: Scope, letters: Container[str]) -> bool:
    """Whether ``[k == y]`` is of positions: both sides are, or one is and the other a number.

    Beside a label a letter in use is a position, also where a quantity is called so.
    """
    labelled = any(label_of(side, scope) is not None for side in tree.children)
    sides = [
        is_position(side, scope, letters) or (labelled and side.kind == "name" and side.value in letters)
        for side in tree.children
    ]
    return (
        tree.value in ("==", "!=")
        and any(sides)
        and all(side or child.kind == "num" for side, child in zip(sides, tree.children, strict=True))
    )


def at_an_end(tree: Node, scope: Scope, letters: Mapping[str, Letter]) -> tuple[Node, Node, bool] | None:
    """``t == T``, ``t < T`` or ``t > 1``: the letter, the first or last position, and whether it is there; else None.

    Between the first and the last position every other comparison would need an order, which no index has.
    """
    (left, right), sign = tree.children, tree.value
    if not _is_letter(left, scope, letters):
        left, right, sign = right, left, _MIRRORED.get(sign, sign)
    if not _is_letter(left, scope, letters):
        return None
    first = 0 if letters[left.value].dim in scope.from_zero else 1
    end, before = (right.children[0], "-") if _is_one_before(right) else (right, "")
    if end.kind == "name" and end.value not in letters and scope.is_end(end.value):
        equal = {("==", ""): True, (">=", ""): True, ("!=", ""): False, ("<", ""): False, ("<=", "-"): False}
        equal[">", "-"] = True
        return (left, end, equal[sign, before]) if (sign, before) in equal else None
    if right.kind == "num" and right.value.isdecimal():
        there = {("<=", 0): True, ("<", 1): True, (">", 0): False, (">=", 1): False}
        after = int(right.value) - first
        one = right._replace(value=str(first))
        return (left, one, there[sign, after]) if (sign, after) in there else None
    return None


_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def _is_letter(tree: Node, scope: Scope, letters: Container[str]) -> bool:
    return tree.kind == "name" and tree.value in letters and not scope.has(tree.value)


def _is_one_before(tree: Node) -> bool:
    """Whether this is ``T - 1``."""
    if tree.kind != "add" or len(tree.children) != 2:
        return False
    name, less = tree.children
    return (
        name.kind == "name" and less.kind == "neg" and (less.children[0].kind, less.children[0].value) == ("num", "1")
    )


_WITH_LETTERS = ("entry", "call", "pick", "cmp", "pow")
"""The kinds of syntax that mention or bind letters."""


def is_delta(tree: Node, scope: Scope) -> bool:
    return tree.kind == "call" and tree.value == "delta" and "delta" not in scope.functions


def names_a_label(tree: Node, scope: Scope) -> bool:
    """Whether a comparison is of a label with a position, ``[k == y]``."""
    if tree.kind != "cmp" or all(label_of(side, scope) is None for side in tree.children):
        return False
    return compares_positions(tree, scope, {side.value for side in tree.children})


def own_letters(tree: Node, scope: Scope) -> tuple[Node, ...]:
    """The letters that this node itself mentions as indices."""
    if tree.kind == "entry":
        return _index_letters(tree.children[1:], scope)
    if is_delta(tree, scope):
        return _index_letters(tuple(map(as_index, tree.children)), scope)
    if names_a_label(tree, scope):
        return _index_letters(tree.children, scope)
    if tree.kind == "pow":
        return counted_letters(tree.children[1:], scope)
    if tree.kind == "cmp":
        return counted_letters(tree.children, scope)
    if tree.kind == "pick":
        return _index_letters(tree.children[1 + len(tree.children) // 2 :], scope)
    return ()


def counted_letters(trees: Sequence[Node], scope: Scope) -> tuple[Node, ...]:
    """The letters whose positions these sums are numbers of, the exponent ``T - t``; none where it has anything else.

    Only in answers, where what stands in a power, or is compared, may be one.
    """
    if not scope.derivatives:
        return ()
    found: list[Node] = []
    for tree in trees:
        for part in walk(tree):
            letter = part.kind == "name" and not scope.has(part.value) and scope.range_of(part.value) is not None
            if letter and part.value not in scope.dims:
                found.append(part)
            elif part.kind not in ("add", "neg", "num", "name"):
                return ()
    return tuple(found)


def free_letters(tree: Node, scope: Scope) -> dict[str, Node]:
    """The letters that nothing in the tree binds, in order of first appearance, with their first occurrence."""
    found: dict[str, Node] = {}
    labels = scope.label_ranks

    def visit(current: Node, bound: frozenset[str]) -> None:
        if current.kind not in _WITH_LETTERS:
            for child in current.children:
                if child.children:  # A name or a number has no letters.
                    visit(child, bound)
            return
        for ix in own_letters(current, scope):
            if ix.value not in bound and ix.value not in labels and not scope.is_end(ix.value):
                found.setdefault(ix.value, ix)
        for child, inner in _scoped_children(current, scope, bound):
            if child.children:
                visit(child, inner)

    visit(tree, frozenset())
    return found


def _scoped_children(tree: Node, scope: Scope, bound: frozenset[str]) -> Iterator[tuple[Node, frozenset[str]]]:
    """The children that are expressions, each with the letters bound in it."""
    if tree.kind == "entry":
        yield tree.children[0], bound
        return
    if tree.kind == "pick":
        yield tree.children[0], bound | {ix.value for ix in tree.children[1 : 1 + len(tree.children) // 2]}
        return
    if is_delta(tree, scope) or names_a_label(tree, scope):
        return
    letters = bound_letters(tree, scope)
    if letters is not None:
        yield tree.children[0], bound | letters
        return
    for child in tree.children:
        yield child, bound


def range_by_use(letter: str, trees: Sequence[Node], scope: Scope) -> Dim | None:
    """The dimension of the first axis that a letter is used on, where it is free; None if that cannot be seen."""

    def visit(tree: Node) -> Dim | None:
        base = tree.children[0] if tree.kind == "entry" else None
        if base is not None and base.kind == "name" and base.value in scope.names:
            shape = scope.names[base.value].shape
            indices = tree.children[1:]
            for ix, dim in zip(indices, shape, strict=False):
                if ix.kind == "name" and ix.value == letter and len(indices) <= len(shape) and not is_ragged(dim):
                    return dim
        for index in tree.children[1:] if tree.kind == "entry" else ():
            if index.kind == "entry" and (within := visit(index)) is not None:
                return within
        for child, bound in _scoped_children(tree, scope, frozenset()):
            found = None if letter in bound else visit(child)
            if found is not None:
                return found
        return None

    for tree in trees:
        dim = visit(tree)
        if dim is not None:
            return dim
    return None


# --- binding ---------------------------------------------------------------------------------------------------------


@dataclass
class Letter:
    """A bound letter: as the author wrote it, as shown, and its dimension once that is known."""

    written: str
    shown: str
    dim: Dim | None


@dataclass(frozen=True)
class Frame:
    """The letters in force at one place: the author's letter to its binding, and all letters shown on the way."""

    letters: Mapping[str, Letter] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()

    def bind(self, letters: Sequence[tuple[str, Dim | None]]) -> tuple[Frame, list[Letter]]:
        """An inner frame; each new letter gets primes until it differs from every letter on the way."""
        inner = dict(self.letters)
        taken = set(self.taken)
        bound = []
        for written, dim in letters:
            shown = written
            while shown in taken:
                shown += "'"
            taken.add(shown)
            bound.append(Letter(written, shown, dim))
            inner[written] = bound[-1]
        return Frame(inner, frozenset(taken)), bound

    def with_fixed(self, indices: Sequence[Ix]) -> Frame:
        """A frame with letters whose name and dimension are given."""
        if not indices:
            return self
        letters = {ix.letter: Letter(ix.letter, ix.letter, ix.dim) for ix in indices if not ix.fixed}
        return Frame({**self.letters, **letters}, self.taken | frozenset(letters))

r"""Shapes of quantities that a lecture note uses without declaring them, told by the equations.

``\mathbf{z} = \mathbf{W} \mathbf{x} + \mathbf{b}`` with x of shape [D] makes W a matrix [?, D] and b a vector of the
same unknown length as z; entries take the ranges of their letters.  Axes are unified, equation by equation; what
contradicts itself is left as it is, for the reader of equations to complain about.

Knows syntax trees; knows no notes and no places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, pairwise

from backsym.core.dims import Whole, amount, read_amount
from backsym.core.functions import FUNCTIONS, REDUCTIONS, losses
from backsym.core.kinds import RuleTable
from backsym.core.names import is_capital, split_name
from backsym.reading.notes.labels import label_in
from backsym.reading.syntax import Node, walk


def amount_in(tree: Node) -> Whole | None:
    """The number that a sum of multiples of dimensions is; None for anything else."""
    if tree.kind == "num":
        return int(tree.value) if tree.value.isdecimal() else None
    if tree.kind == "name":
        return amount(tree.value)
    parts = [amount_in(child) for child in tree.children]
    total: Whole = 1 if tree.kind == "mul" else 0
    for part in parts:
        if part is None or tree.kind not in ("add", "mul", "neg"):
            return None
        total = total * part if tree.kind == "mul" else total - part if tree.kind == "neg" else total + part
    return total


PASSES = 4
"""Rounds over all equations: each may tell the shapes that others wait for."""

Axes = tuple[str, ...]
"""The axes of an array: names or sizes of dimensions, or unknowns."""


class Shapes:
    """``declared`` shapes are kept; ``ranks`` has the number of axes of other names, None where nothing tells it.

    A ``growing`` name is a family whose members may turn out to be arrays.  ``labels`` are classes, each with the axis
    that it is a position of; their own shapes are among the others.  ``columns`` are vectors that were declared with
    one column.  ``ranges`` are the axes of letters as far as they are known, ``starts`` what recurrences start from.
    ``biases`` are vectors that turned out to be added to each column of a matrix, with the sum, and ``unclear`` those
    of which nothing tells whether they are added to the rows or to the columns.  ``layers`` are the letters of layers:
    weights w^l before a vector are matrices.  ``scaling`` are other weights that stand before a vector as numbers, and
    capitals that stand before a number, ``W x``: they may be matrices; so may be what stands one below the other.
    ``starred`` are products ``W * x`` of a matrix and a vector, by their places.
    """

    def __init__(
        self,
        declared: Mapping[str, Axes],
        ranks: Mapping[str, int | None],
        growing: Collection[str] = frozenset(),
        labels: Mapping[str, str] | None = None,
        columns: Collection[str] = frozenset(),
        ranges: Mapping[str, str] | None = None,
        starts: Iterable[str] = (),
        layers: Collection[str] = (),
    ):
        self.growing = growing
        self.layers = layers
        self.scaling: dict[str, Node] = {}
        self.starred: dict[tuple[int, int], Node] = {}
        self.labels = labels or {}
        self.columns = columns
        self.ranges = ranges or {}
        self.starts = frozenset(starts)
        self.biases: dict[str, Node] = {}
        self.unclear: dict[str, Node] = {}
        self.unknown = (f"?{n}" for n in count())
        self.parent: dict[str, str] = {}
        self.letters: dict[str, str] = {}
        self.shapes: dict[str, Axes | None] = {
            name: None if rank is None else tuple(next(self.unknown) for _ in range(rank))
            for name, rank in ranks.items()
        }
        self.shapes.update(declared)

    def read(self, equations: Iterable[tuple[Node, Node]]) -> None:
        pairs = list(equations)
        self.passes(pairs)
        # What a function along an axis is applied to has an axis.
        sides = [
            part for side in chain(*pairs) for part in walk(side) if part.kind == "call" and len(part.children) == 1
        ]
        for argument in (part.children[0] for part in sides if is_along_axis(part.value)):
            if argument.kind == "name" and argument.value[:1].islower() and self.shapes.get(argument.value, ()) is None:
                self.shapes[argument.value] = (next(self.unknown),)
                self.passes(pairs)
        # What nothing tells of scales what it stands before.
        left = [
            name for name, shape in self.shapes.items() if shape is None and not any(is_left(name, p) for p in pairs)
        ]
        if left and len(left) < len(self.shapes):
            self.shapes.update(dict.fromkeys(left, ()))
            self.passes(pairs)
            weights = {name for name in left if is_weight(name) or is_capital(split_name(name)[0])}
            self.scaling = dict(p for side in chain(*pairs) for p in self.before_vectors(side) if p[0] in weights)
            self.scaling.update(p for side in chain(*pairs) for p in self.before_features(side) if p[0] in weights)
        sized = (part for side in chain(*pairs) for part in walk(side) if part.value == "log size")
        capitals = {name for name in left if is_capital(split_name(name)[0])}
        self.scaling.update((a.value, call) for call in sized for a in call.children if a.value in capitals)
        capitals = {name for name in capitals if is_weight(name)}
        self.scaling.update(p for side in chain(*pairs) for p in self.before_numbers(side) if p[0] in capitals)
        stacked = (
            part for side in chain(*pairs) for part in walk(side) if part.kind == "call" and part.value == "concat"
        )
        self.scaling.update((a.value, call) for call in stacked for a in call.children if a.value in left)

    def passes(self, pairs: Sequence[tuple[Node, Node]]) -> None:
        for _ in range(PASSES):
            for lhs, rhs in pairs:
                self.letters = {}
                right, left = self.of(rhs), self.of(lhs)
                if left == () and right and lhs.kind == "entry" and lhs.children[0].value in self.growing:
                    name = lhs.children[0].value
                    self.shapes[name] = (*(self.shapes[name] or ()), *right)
                    left = right
                self.equal(left, right)
                self.assign(lhs, right)
                if left:
                    self.tell(rhs, left)
            if None not in self.shapes.values():
                return

    def shape(self, name: str) -> Axes | None:
        """The axes of a name as far as they are known; an axis that begins with a question mark is not."""
        axes = self.shapes.get(name)
        return None if axes is None else tuple(self.root(axis) for axis in axes)

    # --- axes ---

    def root(self, axis: str) -> str:
        while (above := self.parent.get(axis)) is not None:
            self.parent[axis] = self.parent.get(above, above)
            axis = above
        return axis

    def same(self, a: str, b: str) -> None:
        a, b = self.root(a), self.root(b)
        if a == b:
            return
        if a.startswith("?"):
            self.parent[a] = b
        elif b.startswith("?"):
            self.parent[b] = a

    def equal(self, a: Axes | None, b: Axes | None) -> None:
        """Two sides of an equation: a number on one side makes every axis of the other 1."""
        if a is None or b is None:
            return
        if len(a) == len(b):
            for x, y in zip(a, b, strict=True):
                self.same(x, y)
        elif not a or not b:
            for axis in a or b:
                self.same(axis, "1")

    def added(self, tree: Node) -> Axes | None:
        """A sum; a vector is added to the rows of a matrix, or to its columns if its axis is the first one."""
        self.grown(tree.children)
        widest = self.fitted([shape for child in tree.children if (shape := self.of(child)) and len(shape) > 1])
        if widest is not None and len(widest) == 2:
            for child in tree.children:
                name = child.children[0] if child.kind == "neg" else child
                if name.kind == "name":
                    self.bias(name, widest, tree)
        return self.joined(tree.children)

    def grown(self, terms: Iterable[Node]) -> None:
        """Members of growing families beside a vector are vectors, too."""
        members = [member for term in terms for member in _entrywise(term)]
        widest = max((self.of(member) or () for member in members), key=len, default=())
        for member in members:
            known = self.may_grow(member) and member.children[0].value in self.shapes
            if known and len(widest) == 1:
                self.shapes[member.children[0].value] = (*(self.shapes[member.children[0].value] or ()), *widest)

    def may_grow(self, tree: Node) -> bool:
        """Whether this is the member of a growing family, and a number so far."""
        return tree.kind == "entry" and tree.children[0].value in self.growing and self.of(tree) == ()

    def bias(self, name: Node, matrix: Axes, tree: Node) -> None:
        """What a vector is added to, or a letter that may be one."""
        shape = self.shapes.get(name.value, ())
        if shape is None and not name.value[:1].islower():
            return
        if shape is not None and len(shape) != 1:
            return
        axis = self.root(shape[0]) if shape else "?"
        rows, columns = (self.root(a) for a in matrix)
        if axis in (rows, columns) and rows != columns:
            along: str | None = "columns" if axis == rows else "rows"
        else:
            along = "columns" if name.value in self.columns else _along(tree, name)
        if along == "columns":
            if shape:
                self.same(shape[0], matrix[0])
            self.shapes[name.value] = (matrix[0], "1")
            self.biases[name.value] = tree
        elif along == "rows":
            self.shapes[name.value] = shape or (matrix[1],)
        else:
            self.unclear[name.value] = tree

    def joined(self, trees: Iterable[Node]) -> Axes | None:
        """Operands of a sum or an element-wise product: arrays of one shape, and numbers."""
        operands = list(trees)
        shapes = [self.of(tree) for tree in operands]
        widest = self.fitted(shapes)
        for tree, shape in zip(operands, shapes, strict=True):
            if shape is None:
                self.assign(tree, widest)
        return widest

    def fitted(self, shapes: Iterable[Axes | None]) -> Axes | None:
        """The widest of these shapes; the others share its last axes."""
        known = [shape for shape in shapes if shape is not None]
        widest = max(known, key=len, default=None)
        for shape in known:
            for x, y in zip(reversed(shape), reversed(widest or ()), strict=False):
                if len(shape) < 2 or "1" not in (self.root(x), self.root(y)):
                    self.same(x, y)
        return widest

    def tell(self, tree: Node, shape: Axes) -> None:
        """What a function of each entry, or along an axis, is applied to has the shape of its value."""
        while tree.kind == "neg" or (tree.kind == "call" and len(tree.children) == 1 and keeps_shape(tree.value)):
            tree = tree.children[0]
        self.assign(tree, shape)

    def assign(self, tree: Node, shape: Axes | None) -> None:
        """A name of which nothing is known, with any sign, has this shape."""
        while tree.kind == "neg":
            tree = tree.children[0]
        if shape == () and tree.value in self.starts:
            return  # The members may turn out to be arrays.
        if tree.kind == "name" and shape is not None and self.shapes.get(tree.value, ()) is None:
            self.shapes[tree.value] = shape

    # --- expressions ---

    def of(self, tree: Node) -> Axes | None:
        """The axes of an expression; None where they are not known."""
        rule = _RULES.get(tree.kind)
        if rule is None:
            raise TypeError(f"unknown kind of syntax: {tree.kind}")
        return rule(self, tree)

    def number(self, tree: Node) -> Axes | None:
        return ()

    def nothing(self, tree: Node) -> Axes | None:
        return None

    def name(self, tree: Node) -> Axes | None:
        return self.shapes.get(tree.value, ())

    def inner(self, tree: Node) -> Axes | None:
        return self.of(tree.children[0])

    def elementwise(self, tree: Node) -> Axes | None:
        return self.joined(tree.children)

    def quotient(self, tree: Node) -> Axes | None:
        r"""A letter that nothing tells of scales as a divisor, as it does as a factor; not by ``\oslash``."""
        if not tree.value:
            return self.elementwise(tree)
        above, below = tree.children
        widest = self.fitted([self.of(above), self.of(below)])
        self.assign(above, widest)
        return widest

    def transpose(self, tree: Node) -> Axes | None:
        shape = self.of(tree.children[0])
        if shape is None:
            return None
        return ("1", *shape) if len(shape) == 1 else shape[::-1]

    def entry(self, tree: Node) -> Axes | None:
        array, *indices = tree.children
        shape = self.of(array)
        kept: list[str] = []
        for axis, index in zip(shape or (), indices, strict=False):
            if (along := self.position(index)) is not None:
                self.same(axis, along)
            elif index.kind == "slice":
                ends = [amount_in(end) for end in index.children]
                whole = None in ends or len(ends) != 2
                kept.append(axis if whole else str((ends[1] or 0) - (ends[0] or 0) + 1))
        return None if shape is None else (*kept, *shape[len(indices) :])

    def concat(self, tree: Node, arguments: list[Node]) -> Axes | None:
        """Arrays one after the other along the first axis, or the second one."""
        shapes = [self.of(argument) for argument in arguments]
        axis = sum(child.kind == "keyword" and child.children[0].value == "1" for child in tree.children)
        known = [shape or ("1",) for shape in shapes if shape is not None and len(shape or ("1",)) > axis]
        if len(known) < len(shapes) or len({len(shape) for shape in known}) > 1:
            return None
        sizes = [read_amount(self.root(shape[axis])) for shape in known]
        total: Whole = 0
        for size in sizes:
            if size is None:
                return None
            total = total + size
        for other in range(len(known[0])):
            for shape in known if other != axis else ():
                self.same(known[0][other], shape[other])
        return (*known[0][:axis], str(total), *known[0][axis + 1 :])

    def position(self, index: Node) -> str | None:
        """The axis that an index is a position of: a letter, or a class."""
        label = label_in(index, self.labels)
        if label is not None:
            self.of(index)
            return self.labels[label]
        return self.letter(index) if index.kind == "name" else None

    def compared(self, tree: Node) -> Axes | None:
        """``[k = y]``: both are positions of one axis; other comparisons are of entries."""
        if any(label_in(side, self.labels) for side in tree.children):
            self.positions(tree.children)
            return ()
        return self.joined(tree.children)

    def positions(self, trees: Iterable[Node]) -> None:
        """Positions of one axis."""
        axes = [axis for tree in trees if (axis := self.position(tree)) is not None]
        for axis in axes[1:]:
            self.same(axes[0], axis)

    def letter(self, index: Node) -> str:
        """The axis that an index letter runs over, in this equation."""
        axis = self.letters.setdefault(index.value, next(self.unknown))
        if index.children:
            self.same(axis, index.children[0].value)
        if index.value in self.ranges:
            self.same(axis, self.ranges[index.value])
        return axis

    # --- products ---

    def product(self, tree: Node) -> Axes | None:
        """Chains of matrices, parted by element-wise signs."""
        chains: list[list[Node]] = [[tree.children[0]]]
        dotted: list[bool] = [False]
        for sign, factor in zip(tree.value, tree.children[1:], strict=True):
            if sign in "o*":
                chains.append([factor])
                dotted.append(False)
            else:
                chains[-1].append(factor)
                dotted[-1] = dotted[-1] or sign == "."
        alone = [operand for chain in chains for operand in self.scaled(chain)] if "o" in tree.value else []
        self.grown(alone)
        shapes = [self.chain(chain, dotted=dot) for chain, dot in zip(chains, dotted, strict=True)]
        if alone and (widest := max((shape for shape in shapes if shape), key=len, default=None)):
            for factor in alone:
                self.assign(factor, widest)
        if "*" in tree.value and {1, 2} <= {len(shape) for shape in shapes if shape is not None}:
            self.starred[tree.span] = tree
        return self.fitted(shapes)

    def scaled(self, factors: Sequence[Node]) -> Sequence[Node]:
        r"""The operand of ``\odot`` in a chain: its last factor, where only numbers scale it, or what may be some."""
        *before, last = factors
        numbers = all(self.of(f) == () or (f.kind == "name" and f.value[:1].islower()) for f in before)
        return [last] if numbers and not any(self.of(f) for f in before) else []

    def chain(self, factors: Iterable[Node], *, dotted: bool) -> Axes | None:
        """Matrices side by side; numbers scale."""
        total: Axes = ()
        known = True
        before: Node | None = None
        for factor in factors:
            shape = self.ones(factor) or self.of(factor)
            if shape is None and len(total) == 2 and factor.kind == "name" and factor.value[:1].islower():
                # By custom a small letter after a matrix is a vector.
                shape = self.shapes[factor.value] = (next(self.unknown),)
            if len(total) == 2 and factor.kind == "entry" and factor.children[0].value[:1].islower():
                shape = self.after_matrix(factor)
            if shape is None:
                known, total, before = False, (), None
                continue
            if not total and before is not None and before.kind == "entry" and len(shape) == 1:
                total = self.layer_weights(before, shape) or total
            before = factor
            total = self.multiplied(total, shape, dotted=dotted) if shape and total else total or shape
        return total if known else None

    def before_vectors(self, tree: Node) -> Iterator[tuple[str, Node]]:
        """The names of numbers that stand right before a vector or matrix, with the products."""
        for product in (part for part in walk(tree) if part.kind == "terms"):
            for first, second in pairwise(product.children):
                if first.kind == "name" and self.of(first) == () and self.of(second):
                    yield first.value, product

    def before_features(self, tree: Node) -> Iterator[tuple[str, Node]]:
        r"""The names that a dot joins to a function that is not known, ``w \cdot \phi(x)``, with the products."""
        for product in (part for part in walk(tree) if part.kind == "terms" and "." in part.value):
            for first, second in pairwise(product.children):
                if first.kind == "name" and second.kind == "call" and second.value not in FUNCTIONS:
                    yield first.value, product

    def before_numbers(self, tree: Node) -> Iterator[tuple[str, Node]]:
        """The names right before a small letter that would be a number, ``W x`` or ``W h_{t-1}``, with the products."""
        for product in (part for part in walk(tree) if part.kind == "terms"):
            for first, second in pairwise(product.children):
                small = (second.children[0] if second.kind == "entry" else second).value[:1].islower()
                if first.kind == "name" and second.kind in ("name", "entry") and small and not self.of(second):
                    yield first.value, product

    def layer_weights(self, factor: Node, vector: Axes) -> Axes | None:
        """The axes of the weights of a layer, ``w^l`` before a vector, that nothing else tells: those of a matrix."""
        letter = factor.children[1].value if len(factor.children) == 2 else ""
        if not (self.may_grow(factor) and letter in self.layers and is_weight(factor.children[0].value)):
            return None
        name = factor.children[0].value
        self.shapes[name] = (*(self.shapes.get(name) or ()), next(self.unknown), vector[0])
        return self.of(factor)

    def after_matrix(self, factor: Node) -> Axes | None:
        """The axes of the member of a family after a matrix: a vector, if it is a small letter that may grow."""
        name = factor.children[0].value
        if self.may_grow(factor):
            self.shapes[name] = (*(self.shapes.get(name) or ()), next(self.unknown))
        return self.of(factor)

    def ones(self, factor: Node) -> Axes | None:
        r"""A vector of ones whose size nothing tells yet, a column or a row: ``\mathbf{b} \mathbf{1}^\top``."""
        row = factor.kind == "transpose"
        bare = factor.children[0] if row else factor
        if bare.kind != "bare" or bare.value != "ones":
            return None
        length = next(self.unknown)
        return ("1", length) if row else (length,)

    def multiplied(self, a: Axes, b: Axes, *, dotted: bool) -> Axes:
        if len(a) == len(b) == 1:
            if dotted:
                self.same(a[0], b[0])
                return ()
            return (a[0],)
        if len(a) == 1:
            return (a[0], b[1])  # A column times a row.
        self.same(a[1], b[0])
        rows = () if self.root(a[0]) == "1" and len(b) == 1 else a[:1]
        return (*rows, *b[1:])

    # --- calls ---

    def call(self, tree: Node) -> Axes | None:
        name = tree.value.rstrip("'")
        arguments = [child for child in tree.children if child.kind != "keyword"]
        if name in ("ones", "zeros"):
            return tuple(dim.value for dim in arguments)
        if name == "concat":
            return self.concat(tree, arguments)
        if name == "otimes":
            shapes = [self.of(argument) for argument in arguments]
            if all(shape is not None and len(shape) == 1 for shape in shapes):
                return tuple(axis for shape in shapes if shape is not None for axis in shape)
            name = "kron"
        if name in ("kron", "vec"):
            shapes = [self.of(argument) for argument in arguments]
            axes = [shape for shape in shapes if shape is not None and len(shape) == 2]
            if len(axes) < len(shapes):
                return shapes[0] if name == "vec" else None
            pairs = zip(*axes, strict=True) if name == "kron" else axes
            return tuple(str(amount(self.root(a)) * amount(self.root(b))) for a, b in pairs)
        if name == "eye":
            return tuple(dim.value for dim in arguments) * 2
        if name == "delta":
            self.positions(arguments)
            return ()
        if name == "onehot":
            label = label_in(arguments[0], self.labels)
            return None if label is None else (*(self.of(arguments[0]) or ()), self.labels[label])
        if name in ("log size", "det", "logdet", "trace"):
            square = self.of(arguments[0])
            if square is not None and len(square) == 2:
                self.same(*square)
            return ()
        if name in losses():
            self.joined(arguments)
            return ()
        if name in REDUCTIONS:
            return self.reduced(tree, arguments)
        if name == "dot":
            self.joined(arguments)
            return ()
        kind = FUNCTIONS[name].kind if name in FUNCTIONS else "elementwise"
        shape = self.joined(arguments) if arguments else ()
        return axes_rules.of(kind)(shape or ()) if shape is not None else None

    def reduced(self, tree: Node, arguments: list[Node]) -> Axes | None:
        """A sum over letters or all entries; the larger of two."""
        body, *others = arguments
        if len(arguments) < len(tree.children):
            self.of(body)
            return None
        letters = all(other.kind == "name" and other.value not in self.shapes for other in others)
        if tree.value in ("max", "min") and not letters:
            return self.joined(arguments)
        for other in others:
            if other.kind == "name":
                self.letter(other)
        shape = self.of(body)
        return shape if others else ()


WEIGHTS = ("W", "V", "U", "Theta", "theta", "w")
"""The letters of weights, by custom; what is added to their product with data has the axis of their units."""


def is_weight(name: str) -> bool:
    """Whether a name is by its letter that of weights."""
    return name.partition("_")[0].rstrip("0123456789") in WEIGHTS


def is_left(name: str, pair: tuple[Node, Node]) -> bool:
    """Whether an equation defines this name."""
    lhs = pair[0]
    return (lhs.children[0] if lhs.kind == "entry" else lhs).value == name


def keeps_shape(function: str) -> bool:
    """Whether this is a function of each entry, or along an axis."""
    return function in FUNCTIONS and FUNCTIONS[function].kind in ("elementwise", "rowwise")


def is_along_axis(function: str) -> bool:
    """Whether this is a function of each row of a matrix."""
    return function in FUNCTIONS and FUNCTIONS[function].kind == "rowwise"


def _along(tree: Node, name: Node) -> str | None:
    """Whether a bias is added to rows or columns: in W X + b it has the axis of W; None if nothing tells."""
    for child in tree.children:
        if child.kind != "terms" or name in child.children:
            continue
        ends = [walked.value for end in (child.children[0], child.children[-1]) for walked in _names(end)]
        weights = [is_weight(end) for end in ends]
        if len(weights) == 2 and weights[0] != weights[1]:
            return "columns" if weights[0] else "rows"
    return None


def _entrywise(term: Node) -> Iterator[Node]:
    r"""What has the shape of a term: it without its sign, or the factors between which only ``\\odot`` stands."""
    if term.kind == "neg":
        yield from _entrywise(term.children[0])
    elif term.kind in ("terms", "mul") and set(term.value) == {"o"}:
        yield from term.children
    else:
        yield term


def _names(tree: Node) -> Iterator[Node]:
    """The name of a factor, transposed or not."""
    core = tree.children[0] if tree.kind == "transpose" else tree
    if core.kind == "name":
        yield core


_RULES: dict[str, Callable[[Shapes, Node], Axes | None]] = {
    "num": Shapes.number,
    "name": Shapes.name,
    "add": Shapes.added,
    "mul": Shapes.elementwise,
    "div": Shapes.quotient,
    "cmp": Shapes.compared,
    "terms": Shapes.product,
    "matmul": Shapes.nothing,
    "product": Shapes.nothing,
    "bare": Shapes.nothing,
    "partial": Shapes.number,
    "pick": Shapes.number,
    "column": Shapes.inner,
    "neg": Shapes.inner,
    "pow": Shapes.inner,
    "transpose": Shapes.transpose,
    "entry": Shapes.entry,
    "call": Shapes.call,
    "keyword": Shapes.nothing,
}

axes_rules: RuleTable[Callable[[Axes], Axes]] = RuleTable("axes")
"""The axes of f(x) from those of x, for each kind of function."""

axes_rules("elementwise", "rowwise")(lambda axes: axes)
axes_rules("rowreduce")(lambda axes: axes[:-1])
axes_rules("scalar")(lambda axes: ())
axes_rules("diag")(lambda axes: axes * 2 if len(axes) == 1 else axes[:1])
axes_rules("matrix", "cumulative")(lambda axes: axes)
axes_rules("vectors")(lambda axes: axes * 2 if len(axes) == 1 else ())

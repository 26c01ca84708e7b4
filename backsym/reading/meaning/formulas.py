r"""Products and sums as formulas write them, decided by shapes.

A juxtaposition multiplies matrices where there are matrices, and scales by scalars.  ``\odot`` is element-wise and
holds together less tightly.  ``\cdot`` between two vectors is their scalar product.  A column of shape [D, 1] next to a
vector [D] is the same column, never a broadcast.  An all-ones array without a size takes it from its neighbours.

A part of ``resolve``, which hands itself over as ``r``.  Must not know about problem files, calculus or printing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from backsym.core.errors import InputError, ShapeError
from backsym.core.expr import (
    Add,
    Dim,
    Div,
    Expr,
    Eye,
    Fn,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Pow,
    Reshape,
    Shape,
    T,
    Zeros,
    matmul_shape,
    num,
    scalar_if_ones,
    show_shape,
)
from backsym.core.words import Said, say
from backsym.reading.meaning import arrays, calls
from backsym.reading.meaning.calls import columns, is_column
from backsym.reading.meaning.rules import Rules
from backsym.reading.meaning.shape_hints import Mismatch, SizeUnknown, fits_elementwise, fits_matmul, transposed
from backsym.reading.syntax import Node, node

HADAMARD = "o*"


@dataclass(frozen=True)
class Operand:
    """A factor: its place in the text and its value."""

    tree: Node
    value: Expr

    @property
    def shape(self) -> Shape:
        return self.value.shape

    @property
    def is_array(self) -> bool:
        return not self.has_shape or self.value.shape != ()

    @property
    def has_shape(self) -> bool:
        """Whether its own parts fit together, as all do that are not put together nevertheless."""
        try:
            return self.value.shape is not None
        except ShapeError:
            return False


# --- products --------------------------------------------------------------------------------------------------------


def terms_rule(r: Rules, tree: Node) -> Expr:
    """A product with its signs: groups of ``\\odot``, each of them a chain."""
    values = factors_filled(r, tree.children, tree.value)
    operands = [Operand(child, value) for child, value in zip(tree.children, values, strict=True)]
    if not any(operand.is_array for operand in operands):
        return Mul(tuple(values), span=r.mark(tree))
    if r.scope.grouping and (other := _nth_grouping(r, operands, tree)) is not None:
        return other
    try:
        return _spanned(_customary(r, operands, tree), r, tree)
    except Mismatch:
        fitting = groupings(r, operands, tree) if r.scope.derivatives else []
        if len(fitting) != 1:
            raise
        return _spanned(fitting[0], r, tree)


def _customary(r: Rules, operands: Sequence[Operand], tree: Node) -> Expr:
    """Groups of ``\\odot``, each of them a chain: juxtaposition binds tighter."""
    groups: list[list[Operand]] = [[operands[0]]]
    signs: list[str] = [""]
    for sign, operand in zip(tree.value, operands[1:], strict=True):
        if sign in HADAMARD:
            groups.append([operand])
            signs.append("")
        else:
            groups[-1].append(operand)
            signs[-1] += sign
    done = [chain(r, group, sign, tree) for group, sign in zip(groups, signs, strict=True)]
    return done[0].value if len(done) == 1 else hadamard(r, done, tree)


def hadamard(r: Rules, groups: Sequence[Operand], tree: Node) -> Expr:
    """The element-wise product of all groups; ``\\odot`` in an answer spreads no array over another."""
    values = [g.value for g in groups] if r.scope.misfits else columns(r, [g.value for g in groups])
    asterisks = r.scope.derivatives and not r.scope.misfits and "o" not in tree.value
    if asterisks and (outer := arrays.column_times_row(values)) is not None:
        return replace(outer, span=r.mark(tree))
    nodes = [g.tree for g in groups]
    strict = "hadamard" if r.scope.strict_shapes and "o" in tree.value else ""
    r.fit(nodes, values, Node("terms", strict, tuple(nodes), tree.span), "multiply")
    flat: list[Expr] = []
    for group, value in zip(groups, values, strict=True):
        # (2 a) ∘ b is one product; a matrix product or a group in parentheses stays one factor.
        flat.extend(value.args if isinstance(value, Mul) and group.tree.kind == "terms" else (value,))
    return Mul(tuple(flat), span=r.mark(tree))


# --- other groupings -------------------------------------------------------------------------------------------------

MAX_REGROUPED = 8
"""Factors of a product whose groupings are tried; there are more than a thousand ways to group ten."""


def is_mixed(tree: Node) -> bool:
    """Whether a product has element-wise signs beside others, so that its grouping matters, and few enough factors."""
    few = tree.kind == "terms" and len(tree.children) <= MAX_REGROUPED
    return few and len({sign in HADAMARD for sign in tree.value}) == 2


def _nth_grouping(r: Rules, operands: Sequence[Operand], tree: Node) -> Expr | None:
    """The grouping that the scope asks for by number, of those that fit; None if there are not so many."""
    found = groupings(r, operands, tree)
    return _spanned(found[r.scope.grouping - 1], r, tree) if r.scope.grouping <= len(found) else None


def groupings(r: Rules, operands: Sequence[Operand], tree: Node) -> list[Expr]:
    """Every grouping of a product that fits and is not the customary one, each value once, in no special order.

    Values are told apart by their structure: where a matrix product or an element-wise one is associative, it is one.
    """
    if not is_mixed(tree):
        return []
    table: dict[tuple[int, int], dict[str, Operand]] = {}
    for n, operand in enumerate(operands):
        table[n, n + 1] = {_signature(operand.value): operand}
    for width in range(2, len(operands) + 1):
        for start in range(len(operands) - width + 1):
            stop = start + width
            cell = table[start, stop] = {}
            for cut in range(start + 1, stop):
                for left in table[start, cut].values():
                    for right in table[cut, stop].values():
                        made = _paired(r, left, right, tree.value[cut - 1], tree)
                        if made is not None:
                            cell.setdefault(_signature(made.value), made)
    try:
        usual = _signature(_customary(r, operands, tree))
    except Mismatch:
        usual = ""
    return [operand.value for key, operand in table[0, len(operands)].items() if key != usual]


def _paired(r: Rules, left: Operand, right: Operand, sign: str, tree: Node) -> Operand | None:
    """Two operands under a sign; None where they do not fit."""
    try:
        if sign not in HADAMARD:
            return chain(r, (left, right), sign, tree)
        span = (left.tree.span[0], right.tree.span[1])
        pair = Node("terms", "o", (left.tree, right.tree), span)
        return Operand(pair, hadamard(r, (left, right), pair))
    except InputError:
        return None


def _signature(e: Expr) -> str:
    """What tells the values of groupings apart: products flat, scalars and element-wise factors in one order."""
    if isinstance(e, Mul):
        return f"({'*'.join(sorted(piece for arg in e.args for piece in _pieces(arg, Mul)))})"
    if isinstance(e, MatMul):
        return f"({'@'.join(piece for arg in e.args for piece in _pieces(arg, MatMul))})"
    return repr(e)


def _pieces(e: Expr, kind: type[Mul] | type[MatMul]) -> Iterator[str]:
    if isinstance(e, kind):
        for arg in e.args:
            yield from _pieces(arg, kind)
    else:
        yield _signature(e)


def chain(r: Rules, group: Sequence[Operand], signs: str, tree: Node) -> Operand:
    """Factors side by side; ``\\cdot`` and ``\\times`` part it where both sides are arrays."""
    if len(group) == 1:
        return group[0]
    segments: list[list[Operand]] = [[group[0]]]
    marks: list[str] = []
    for sign, operand in zip(signs, group[1:], strict=True):
        arrays_before = any(o.is_array for o in segments[-1])
        if sign != " " and arrays_before and operand.is_array:
            segments.append([operand])
            marks.append(sign)
        else:
            segments[-1].append(operand)
    done = [juxtaposed(r, segment) for segment in segments]
    total = done[0]
    for mark, operand in zip(marks, done[1:], strict=True):
        total = dotted(r, total, operand, mark)
    return total


def dotted(r: Rules, left: Operand, right: Operand, sign: str) -> Operand:
    """``u \\cdot v``: the scalar product of two vectors, else a matrix product, else a scaling."""
    a, b = left.shape, right.shape
    if sign == "." and len(a) == 1 and a == b and scalar_if_ones(a):
        product: Expr = MatMul((T(left.value), right.value))
        return _operand(left, right, product)
    if sign == "x" and not fits_matmul(a, b) and fits_elementwise(a, b):
        return _operand(left, right, Mul((left.value, right.value)))
    return juxtaposed(r, (left, right))


def _operand(left: Operand, right: Operand, value: Expr) -> Operand:
    span = (left.tree.span[0], right.tree.span[1])
    return Operand(Node("terms", " ", (left.tree, right.tree), span), value)


def juxtaposed(r: Rules, operands: Sequence[Operand]) -> Operand:
    """Scalars scale; arrays multiply as matrices in their order, at the place of the first one.

    A product of arrays that is a number, such as ``u^T v``, is a scalar factor for what follows.
    """
    if len(operands) == 1:
        return operands[0]
    if r.scope.misfits and not all(operand.has_shape for operand in operands):
        return _misfit(operands)
    factors: list[Expr] = []
    run = _Run()
    for operand in operands:
        if not operand.is_array and not run.takes_scalar():
            factors.append(operand.value)
            continue
        if run.operands and not fits_matmul(run.shape, operand.shape):
            if not scalar_if_ones(operand.shape):
                factors.append(operand.value)
                continue
            if scalar_if_ones(run.shape):
                if r.scope.misfits:
                    return _misfit(operands)
                raise mismatch(r, run, operand)
            factors.insert(run.place, run.value())
            run = _Run()
        if not run.operands:
            run.place = len(factors)
        run.add(operand)
    if run.operands:
        factors.insert(run.place, run.value())
    span = (operands[0].tree.span[0], operands[-1].tree.span[1])
    value = factors[0] if len(factors) == 1 else Mul(tuple(_without_groups(factors)))
    return Operand(Node("terms", " ", tuple(o.tree for o in operands), span), value)


def _misfit(operands: Sequence[Operand]) -> Operand:
    """Factors side by side as one matrix product, although their shapes do not fit."""
    arrays = MatMul(tuple(o.value for o in operands if o.is_array))
    scalars = [o.value for o in operands if not o.is_array]
    span = (operands[0].tree.span[0], operands[-1].tree.span[1])
    tree = Node("terms", " ", tuple(o.tree for o in operands), span)
    return Operand(tree, Mul((*scalars, arrays)) if scalars else arrays)


def _without_groups(factors: Sequence[Expr]) -> Iterator[Expr]:
    """The factors, with those of a scaled matrix product in parentheses, ``(s A B)``, among them.

    Where the scalars stand does not matter, and the printer has no parentheses for them.
    """
    for factor in factors:
        scaled = isinstance(factor, Mul) and sum(bool(arg.shape) for arg in factor.args) == 1
        if isinstance(factor, Mul) and scaled and any(isinstance(arg, MatMul) for arg in factor.args):
            yield from factor.args
        else:
            yield factor


class _Run:
    """Arrays that multiply as matrices, from left to right."""

    def __init__(self) -> None:
        self.operands: list[Operand] = []
        self.shape: Shape = ()
        self.place = 0

    def add(self, operand: Operand) -> None:
        self.shape = matmul_shape(self.shape, operand.shape) if self.operands else operand.shape
        self.operands.append(operand)

    def takes_scalar(self) -> bool:
        """Whether a scalar to the right is the one entry of a column's second axis: ``W^T s``, W of shape [1, D]."""
        return len(self.shape) == 2 and self.shape[1] == 1 and self.shape[0] != 1

    def value(self) -> Expr:
        values = tuple(operand.value for operand in self.operands)
        return values[0] if len(values) == 1 else MatMul(values)


def mismatch(r: Rules, run: _Run, operand: Operand) -> Exception:
    a, b = run.shape, operand.shape
    left = " ".join(r.quote(o.tree).strip() for o in run.operands)
    right = r.quote(operand.tree).strip()
    span = (run.operands[0].tree.span[0], operand.tree.span[1])
    message = say("meaning.cannot_multiply_as_matrices", shape=show_shape(a), shape2=show_shape(b))
    error = r.source.error(message, r.at or span, _hint(a, b, left, right))
    return Mismatch(error, "matmul", run.value(), operand.value)


def _hint(a: Shape, b: Shape, left: str, right: str) -> Said | None:
    if len(a) == len(b) == 1 and a == b:
        return say("meaning.write_either_product", left=left, right=right)
    if len(a) <= 2 and fits_matmul(transposed(a), b):
        return say("meaning.formula_fits", left=_transposed_text(left), right=right)
    if len(b) <= 2 and fits_matmul(a, transposed(b)):
        return say("meaning.formula_fits", left=left, right=_transposed_text(right))
    if fits_matmul(b, a):
        return say("meaning.formula_fits", left=right, right=left)
    if fits_elementwise(a, b):
        return say("meaning.write_elementwise", left=left, right=right)
    if len(a) == 1 and len(b) == 2:
        return say("meaning.declare_row", left=left, a=a[0])
    return None


_TRANSPOSES = tuple(f"^{sign}" for t in ("T", r"\top", r"\intercal") for sign in (t, f"{{{t}}}"))


def _transposed_text(factor: str) -> str:
    turned = next((sign for sign in _TRANSPOSES if factor.endswith(sign)), "")
    if turned:
        return factor.removesuffix(turned)
    macro, brace, inner = factor.removeprefix("\\").partition("{")
    simple = macro.isidentifier() and (not brace or inner.find("}") == len(inner) - 1)
    return rf"{factor}^\top" if simple else rf"({factor})^\top"


def _spanned(value: Expr, r: Rules, tree: Node) -> Expr:
    return replace(value, span=r.mark(tree))


# --- sums and powers -------------------------------------------------------------------------------------------------


def columns_rule(r: Rules, tree: Node) -> Expr:
    """A sum: bare arrays take the shape of the other terms."""
    if r.scope.misfits:
        return Add(tuple(map(r.resolve, tree.children)), span=r.mark(tree))
    children = _with_ones(tree)
    args = [None if is_bare(child) else _unless_size_unknown(r, child) for child in children]
    known = [arg.shape for arg in args if arg is not None]
    shape = max(known, key=len, default=())
    whole = [filled(child, shape, r) if arg is None else arg for child, arg in zip(children, args, strict=True)]
    values = columns(r, whole)
    r.fit(children, values, tree, "add")
    return Add(tuple(values), span=r.mark(tree))


def _with_ones(tree: Node) -> Sequence[Node]:
    r"""The terms of a sum; beside the identity the 1 of ``I - 1 p^\top`` is a vector of ones."""
    if not any(_bare_in(child).value == "eye" for child in tree.children if is_bare(child)):
        return tree.children
    return [
        child._replace(children=(_one_as_ones(child.children[0]),)) if child.kind == "neg" else _one_as_ones(child)
        for child in tree.children
    ]


def _one_as_ones(tree: Node) -> Node:
    if tree.kind != "terms" or len(tree.children) != 2 or tree.value != " ":
        return tree
    one, row = tree.children
    if (one.kind, one.value) != ("num", "1") or row.kind != "transpose" or is_bare(row):
        return tree
    return tree._replace(children=(node("bare", "ones", (), one.span), row))


def _unless_size_unknown(r: Rules, tree: Node) -> Expr | None:
    """The value of a term; None for a number times an array of ones that takes its size from the other terms."""
    try:
        return r.resolve(tree)
    except SizeUnknown:
        if tree.kind not in ("terms", "neg"):
            raise
        return None


def formula_power(r: Rules, tree: Node, base: Expr, exponent: Expr) -> Expr:
    """A power in a formula: of a scalar or, entry by entry, a vector; of a square matrix it is a matrix power."""
    shape = base.shape
    if len(shape) == 2 and shape[0] == shape[1] and shape[0] != 1:
        return matrix_power(r, tree, base, exponent)
    if tree.children[1].kind == "neg" and len(scalar_if_ones(shape)) == 2:
        raise r.error(say("meaning.matrix_inverse", shape=show_shape(shape)), tree)
    return Pow(base, exponent, span=r.mark(tree))


def matrix_power(r: Rules, tree: Node, base: Expr, exponent: Expr) -> Expr:
    """The inverse, or a whole power.  In an answer a positive power may be meant entry by entry as well."""
    if is_minus_one(exponent):
        return Fn("inv", (base,), 0, "matrix", span=r.mark(tree))
    power = calls.signed_number(exponent)
    if (r.scope.derivatives and not r.scope.matrix_powers) or not isinstance(power, Num):
        raise r.error(say("meaning.matrix_power"), tree, say("meaning.write_matrix_square"))
    calls.check_power(r, tree, tree, power)
    return Fn("matrix_power", (base, power), 0, "matrix", span=r.mark(tree))


def is_minus_one(e: Expr) -> bool:
    return e == Neg(num(1)) or e == num(-1)


def column_rule(r: Rules, tree: Node) -> Expr:
    """Where a vector is expected: a column [D, 1] is that vector."""
    value = r.resolve(tree.children[0])
    shape = value.shape
    is_vector = is_column(shape) and shape[0] != 1 and r.scope.derivatives
    return Reshape(value, shape[:1], span=r.mark(tree)) if is_vector else value


# --- arrays that take their size from their neighbours ---------------------------------------------------------------


def is_bare(tree: Node) -> bool:
    if tree.kind == "div":
        return _bare_in(tree).value == "eye"
    return tree.kind == "bare" or (tree.kind in ("neg", "transpose") and is_bare(tree.children[0]))


def _bare_in(tree: Node) -> Node:
    """What is bare in a text that may have a sign, or be divided by a number."""
    while tree.kind in ("neg", "transpose", "div"):
        tree = tree.children[0]
    return tree


def bare_rule(r: Rules, tree: Node) -> Expr:
    """A bare array that nothing gives a size: the zero of any shape is 0."""
    if tree.value == "zeros":
        return num(0)
    sign = r"\mathbf{1}" if tree.value == "ones" else r"\mathbf{I}"
    error = r.error(say("meaning.unknown_size", name=r.quote(tree), sign=sign), tree)
    raise SizeUnknown(error.diagnostics)


def filled(tree: Node, shape: Shape, r: Rules) -> Expr:
    """A bare array, perhaps with a sign or transposed, as one of this shape."""
    if tree.kind == "neg":
        return Neg(filled(tree.children[0], shape, r), span=r.mark(tree))
    if tree.kind == "div":
        below = r.resolve(tree.children[1])
        return Div(filled(tree.children[0], shape, r), below, span=r.mark(tree)) if not below.shape else r.resolve(tree)
    if tree.kind == "transpose":
        inner = shape[1:] if len(shape) == 2 and shape[0] == 1 else shape[::-1]
        return T(filled(tree.children[0], inner, r), span=r.mark(tree))
    if tree.kind == "terms":
        repeated = _repeated(tree, shape, r) or _summed_up(tree, shape, r)
        if repeated is not None:
            return repeated
        values = [filled(child, shape, r) if is_bare(child) else r.resolve(child) for child in tree.children]
        if sum(bool(value.shape) for value in values) > 1 or set(tree.value) & set(HADAMARD):
            return r.resolve(tree)
        return Mul(tuple(values), span=r.mark(tree))
    if tree.kind != "bare":
        return r.resolve(tree)  # Nothing that is no bare array is zero.
    if not shape:
        return r.resolve(tree) if tree.value == "eye" else num(1 if tree.value == "ones" else 0)
    if tree.value == "eye":
        return Eye(shape[0], span=r.mark(tree))
    return Ones(shape, span=r.mark(tree)) if tree.value == "ones" else Zeros(shape, span=r.mark(tree))


def _repeated(tree: Node, shape: Shape, r: Rules) -> Expr | None:
    r"""A vector in each row or column of a matrix: ``\mathbf{1} \mathbf{b}^\top`` or ``\mathbf{b} \mathbf{1}^\top``."""
    places = [n for n, child in enumerate(tree.children) if is_bare(child)]
    if len(shape) != 2 or len(places) != 1 or set(tree.value) & set(HADAMARD):
        return None
    (place,) = places
    others = [r.resolve(child) for n, child in enumerate(tree.children) if n != place]
    arrays = [n for n, value in enumerate(others) if value.shape]
    if len(arrays) != 1:
        return None
    vector = others[arrays[0]].shape
    first = place <= arrays[0]
    if first and len(vector) == 2 and vector[0] == 1:
        size: Shape = shape[:1]
    elif not first and (len(vector) == 1 or vector[1:] == (1,)):
        size = (1, shape[1])
    else:
        return None
    values = [*others[:place], filled(tree.children[place], size, r), *others[place:]]
    operands = [Operand(child, value) for child, value in zip(tree.children, values, strict=True)]
    return _spanned(juxtaposed(r, operands).value, r, tree)


def _summed_up(tree: Node, shape: Shape, r: Rules) -> Expr | None:
    r"""The sum of a vector in each entry: ``\frac{1}{D} \mathbf{1} \mathbf{1}^\top \mathbf{v}``."""
    places = [n for n, child in enumerate(tree.children) if is_bare(child)]
    if not shape or len(places) != 2 or places[1] != places[0] + 1 or set(tree.value) & set(HADAMARD):
        return None
    column, row = (tree.children[n] for n in places)
    values = [None if n in places else r.resolve(child) for n, child in enumerate(tree.children)]
    after = _neighbour(values, range(places[1] + 1, len(values)))
    before = _neighbour(values, range(places[0] - 1, -1, -1))
    if (column.kind, column.value) != ("bare", "ones") or row.kind != "transpose":
        return None
    if len(shape) == 1 and after is not None:
        values[places[0]], values[places[1]] = filled(column, shape, r), filled(row, (1, after.shape[0]), r)
    elif len(shape) == 2 and after is None and before is not None and len(before.shape) == 2:
        # The sums of rows in each of their entries: A 1 1^T.
        values[places[0]], values[places[1]] = filled(column, before.shape[1:], r), filled(row, (1, shape[1]), r)
    else:
        return None
    operands = [Operand(child, value) for child, value in zip(tree.children, values, strict=True) if value is not None]
    return _spanned(juxtaposed(r, operands).value, r, tree)


def factors_filled(r: Rules, trees: Sequence[Node], signs: str) -> list[Expr]:
    """The factors' values; a bare array takes its size from the neighbour that it multiplies."""
    values = [None if is_bare(tree) else _unless_unsized_sum(r, tree) for tree in trees]
    done: list[Expr] = []
    for n, (tree, value) in enumerate(zip(trees, values, strict=True)):
        if value is None:
            value = _between(r, tree, n, values, signs)
        done.append(value)
    return done


def _unless_unsized_sum(r: Rules, tree: Node) -> Expr | None:
    """The value of a factor; None for a sum of bare arrays, which takes its size from the factors beside it."""
    try:
        return r.resolve(tree)
    except SizeUnknown:
        if tree.kind != "add":
            raise
        return None


def _sum_filled(r: Rules, tree: Node, before: Expr | None, after: Expr | None) -> Expr:
    """A sum of bare arrays as a square matrix beside what it multiplies, such as I - 1/D 1 1^T."""
    if after is not None:
        size = after.shape[0]
    elif before is not None and len(before.shape) == 2:
        size = before.shape[1]
    else:
        return r.resolve(tree)
    shape = (size, size)
    return Add(tuple(_square_filled(r, child, shape) for child in _with_ones(tree)), span=r.mark(tree))


def _square_filled(r: Rules, tree: Node, shape: Shape) -> Expr:
    """One term of such a sum: the identity, ones times ones transposed, or what has a size of its own."""
    if tree.kind == "neg":
        return Neg(_square_filled(r, tree.children[0], shape), span=r.mark(tree))
    if is_bare(tree):
        return filled(tree, shape, r)
    bare = [child for child in tree.children if is_bare(child)] if tree.kind == "terms" else []
    if len(bare) != 2:
        return (_repeated(tree, shape, r) if bare else None) or r.resolve(tree)
    column, row = (filled(bare[0], shape[:1], r), filled(bare[1], (1, shape[1]), r))
    scalars = [r.resolve(child) for child in tree.children if not is_bare(child)]
    product: Expr = MatMul((column, row))
    return Mul((*scalars, product), span=r.mark(tree)) if scalars else product


def _between(r: Rules, tree: Node, n: int, values: Sequence[Expr | None], signs: str) -> Expr:
    before = _neighbour(values, range(n - 1, -1, -1))
    after = _neighbour(values, range(n + 1, len(values)))
    if (n and signs[n - 1] in HADAMARD) or (n < len(signs) and signs[n] in HADAMARD):
        other = before if n and signs[n - 1] in HADAMARD else after
        shape = other.shape if other is not None else ()
        if tree.kind != "add":
            return filled(tree, shape, r)
        terms = [_unless_size_unknown(r, child) for child in tree.children]
        args = [filled(t, shape, r) if arg is None else arg for t, arg in zip(tree.children, terms, strict=True)]
        r.fit(tree.children, columns(r, args), tree, "add")
        return Add(tuple(columns(r, args)), span=r.mark(tree))
    if tree.kind == "add":
        return _sum_filled(r, tree, before, after)
    row = tree.kind == "transpose"
    if row and after is not None:
        return filled(tree, (1, after.shape[0]), r)
    if before is not None and not row:
        return filled(tree, _columns_of(before.shape, tree), r)
    if after is not None and is_bare(tree) and _bare_in(tree).value == "eye":
        return filled(tree, (after.shape[0], after.shape[0]), r)
    return r.resolve(tree)


def _columns_of(shape: Shape, tree: Node) -> Shape:
    """The shape of an all-ones vector, or identity, to the right of an array."""
    last: Dim = shape[-1] if len(shape) == 2 else 1
    return (last, last) if _bare_in(tree).value == "eye" else (last,)


def _neighbour(values: Sequence[Expr | None], places: range) -> Expr | None:
    """The nearest array; scalars in between do not matter."""
    for place in places:
        value = values[place]
        if value is not None and value.shape:
            return value
    return None


__all__ = ["bare_rule", "column_rule", "columns", "columns_rule", "filled", "formula_power", "is_bare", "terms_rule"]

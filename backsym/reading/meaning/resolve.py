"""Syntax tree and scope to a checked expression.

Every name is looked up, every function's arguments are counted, every shape is checked where it arises, and the error
underlines the expression that does not fit.  Functions that the table marks as expanded are replaced by their
definition.  The result keeps the author's order and grouping.

Must not know about problem files, calculus, numbers or printing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from backsym.core import expr as ex
from backsym.core.dims import Amount, Whole, amount, at_least, is_part
from backsym.core.errors import Diagnostic, InputError
from backsym.core.source import Source
from backsym.core.words import Said, Words, say
from backsym.reading.meaning import arrays, blocks, calls, formulas, labels
from backsym.reading.meaning.rules import Advice
from backsym.reading.meaning.scope import (
    Frame,
    Letter,
    Scope,
    Unavailable,
    at_an_end,
    compares_positions,
    free_letters,
    is_size,
    label_of,
    range_by_use,
    suggest,
    unindexed,
)
from backsym.reading.meaning.shape_hints import (
    Mismatch,
    broadcast_hint,
    cannot,
    fits_elementwise,
    fits_matmul,
    matmul_hint,
    matmul_meant,
    row_meets_vector,
    spread_hint,
)
from backsym.reading.plain import glance
from backsym.reading.plain.grammar import formula_syntax
from backsym.reading.syntax import Node, walk

MAX_LISTED = 12
"""Names in a hint."""

FORMULA_CONSTANTS: Mapping[str, ex.Expr] = {"pi": ex.Const("pi")}


def resolve_expression(tree: Node, source: Source, scope: Scope, indices: Sequence[ex.Ix] = ()) -> ex.Expr:
    """The expression; its free letters are those of ``indices``, then any others, ranged by use."""
    tree = labels.spelled_out(tree, scope)
    resolver = Resolver(source, scope, Frame().with_fixed(indices))
    resolver.bind_free(free_letters(tree, scope), (tree,))
    return resolver.resolve(tree)


def resolve_equation(
    lhs: Node, rhs: Node, source: Source, scope: Scope, *, strict: bool = True
) -> tuple[ex.Expr, ex.Expr]:
    """Both sides; the free letters are those of the left side.

    With ``strict``, a letter that only the right side has free is an error, and so are sides of different shapes.
    """
    lhs, rhs = (labels.spelled_out(side, scope) for side in (lhs, rhs))
    letters = free_letters(lhs, scope)
    extra = {name: at for name, at in free_letters(rhs, scope).items() if name not in letters}
    if strict and extra:
        raise extra_letters(source, extra, rhs, scope)
    resolver = Resolver(source, scope, Frame())
    resolver.bind_free({**letters, **extra}, (lhs, rhs))
    left = resolver.resolve(lhs)
    bare = formulas.is_bare(rhs)
    right = formulas.filled(rhs, left.shape, resolver) if bare else resolver.resolve(rhs)
    if strict and ex.scalar_if_ones(left.shape) != ex.scalar_if_ones(right.shape):
        raise source.error(
            say("meaning.sides_differ", shape=ex.show_shape(left.shape), shape2=ex.show_shape(right.shape)),
            (lhs.span[0], rhs.span[1]),
        )
    return left, right


def extra_letters(source: Source, extra: Mapping[str, Node], rhs: Node, scope: Scope) -> InputError:
    """The error for letters that only the right side has free."""
    found: list[Diagnostic] = []
    for name, at in extra.items():
        if name in scope.dims:
            # As a letter it would give the sum of all entries where the last one was meant.
            letter = next((c for c in (name.lower(), "i") if not scope.has(c) and c not in scope.dims), "k")
            found.append(source.diagnostic(say("meaning.size_for_letter", name=name, letter=letter), at.span))
            continue
        call = unindexed(rhs, at, scope)
        if call is not None and source.text.startswith(call.value, call.span[0]):
            start, end = call.children[0].span
            body = source.text[start:end]
            found.append(
                source.diagnostic(say("meaning.needs_letters", name=call.value, body=body, letter=name), call.span)
            )
            continue
        sum_over = rf"\sum_{name}" if "\\" in source.text else f"sum(..., {name})"
        found.append(source.diagnostic(say("meaning.free_on_the_right", name=name, sum=sum_over), at.span))
    return InputError(dict.fromkeys(found))


class Resolver:
    """Resolves one text.  ``at`` (a macro's call) stands in for the places of all its nodes; see ``inside``."""

    def __init__(self, source: Source, scope: Scope, frame: Frame, at: ex.Span | None = None, *, spans: bool = True):
        self.source = source
        self.scope = scope
        self.frame = frame
        self.at = at
        self.spans = spans
        self.macros = 0

    # --- services to the rules ---

    def resolve(self, tree: Node) -> ex.Expr:
        rule = _RULES.get(tree.kind)
        if rule is None:
            raise TypeError(f"unknown kind of syntax: {tree.kind}")
        return rule(self, tree)

    def where(self, tree: Node) -> ex.Span:
        return self.at or tree.span

    def mark(self, tree: Node) -> ex.Span | None:
        """The span that an expression made from this node carries."""
        return (self.at or tree.span) if self.spans else None

    def error(self, message: Said, tree: Node, hint: Said | None = None) -> InputError:
        return self.source.error(message, self.where(tree), hint)

    def quote(self, tree: Node) -> str:
        start, end = self.where(tree)
        return self.source.text[start:end]

    def definition(self, text: str, args: Mapping[str, ex.Expr], tree: Node) -> ex.Expr:
        """The formula of a function of the table or the file, at the place of its call."""
        scope = Scope(names=args, constants=FORMULA_CONSTANTS, abstract=self.scope.abstract, own=self.scope.own)
        inner = Resolver(self.source, scope, self.frame, at=self.where(tree), spans=self.spans)
        return inner.resolve(formula_syntax(text))

    def fit(self, nodes: Sequence[Node], values: Sequence[ex.Expr], tree: Node, operation: str) -> None:
        """Check that shapes broadcast; the error underlines from the first operand to the one that does not fit."""
        if self.scope.misfits:
            return
        shape: ex.Shape = values[0].shape
        for value in values:
            if value.shape and value.shape != shape:
                break
        else:
            return
        parts = list(zip(nodes, values, strict=True))
        for operand, value in parts[1:]:
            if tree.value == "matrix" and shape and value.shape and shape != value.shape:
                message = cannot(operation, shape, value.shape)
                error = self.source.error(message, self.up_to(operand, tree), say("meaning.one_shape_expected"))
                raise Mismatch(error, operation, parts[0][1], value)
            if self.spreads(shape, value.shape, tree):
                message = cannot(operation, shape, value.shape)
                error = self.source.error(message, self.up_to(operand, tree), spread_hint(shape, value.shape))
                raise Mismatch(error, operation, parts[0][1], value)
            if not fits_elementwise(shape, value.shape):
                message = cannot(operation, shape, value.shape)
                hint = self.product_hint(parts, operand) or broadcast_hint(shape, value.shape, operation)
                error = self.source.error(message, self.up_to(operand, tree), hint)
                clashing = (v for _, v in parts if not fits_elementwise(v.shape, value.shape))
                raise Mismatch(error, operation, next(clashing, parts[0][1]), value)
            shape = ex.broadcast(shape, value.shape)

    def spreads(self, a: ex.Shape, b: ex.Shape, tree: Node) -> bool:
        """Whether an answer in mathematics, where NumPy does, would not spread one array over the other.

        A row is not added to a column; and under an element-wise sign of formulas arrays have one shape.
        """
        if (
            not self.scope.strict_shapes
            or tree.value == arrays.NUMPY
            or not a
            or not b
            or a == b
            or not fits_elementwise(a, b)
        ):
            return False
        return row_meets_vector(a, b) or tree.value == "hadamard"

    def product_hint(self, parts: Sequence[tuple[Node, ex.Expr]], last: Node) -> Said | None:
        """A hint for ``W*x + b`` where ``W @ x`` would fit everything before and at ``last``."""
        count = 1 + next(n for n, (operand, _) in enumerate(parts) if operand is last)
        for n, (operand, value) in enumerate(parts[:count]):
            others = [other.shape for m, (_, other) in enumerate(parts[:count]) if m != n]
            if self.at is None and operand.kind == "mul" and matmul_meant(value, others):
                left, right = (self.quote(child) for child in operand.children)
                return say("meaning.write_this_matmul", left=left, right=right)
        return None

    def up_to(self, operand: Node, tree: Node) -> ex.Span:
        """The span of an operator expression from its start to one of its operands."""
        last = operand is tree.children[-1]
        return self.where(tree) if last or self.at else (tree.span[0], operand.span[1])

    def chained(self, factors: Sequence[tuple[Node, ex.Expr]], tree: Node) -> ex.Expr:
        """See ``matrix_chain``."""
        return matrix_chain(self, factors, tree)

    # --- letters ---

    def bind_free(self, letters: Mapping[str, Node], trees: Sequence[Node]) -> None:
        if not letters:
            return
        new = [name for name in letters if name not in self.frame.letters]
        self.frame, _ = self.frame.bind([(name, self.written_range(letters[name], trees)) for name in new])

    def range_of(self, letter: str, trees: Sequence[Node]) -> ex.Dim | None:
        declared = None if self.scope.own_letters else self.scope.range_of(letter)
        return declared if declared is not None else range_by_use(letter, trees, self.scope)

    def written_range(self, letter: Node, trees: Sequence[Node]) -> ex.Dim | None:
        """The range that the author wrote with a letter, else the declared one, else that of its use."""
        return calls.dim_of(self, letter.children[0]) if letter.children else self.range_of(letter.value, trees)

    def under(self, letters: Sequence[Node], body: Node) -> tuple[ex.Expr, list[Letter]]:
        """Resolve ``body`` with letters bound in it."""
        outer = self.frame
        self.frame, bound = outer.bind([(ix.value, self.written_range(ix, (body,))) for ix in letters])
        value = self.resolve(body)
        self.frame = outer
        return value, bound

    def index(self, tree: Node, dim: ex.Dim | None, hint: Advice | None = None) -> ex.Ix:
        """A letter or fixed position on an axis of dimension ``dim`` (None: whatever its range is).

        ``hint`` says what helps if the letter runs over another dimension; nothing else asks for it.
        """
        if tree.kind == "num":
            return self.position(tree, dim)
        if tree.kind == "shift":
            return self.shift(tree, dim)
        label = label_of(tree, self.scope)
        if label is not None:
            return self.label(tree, label, dim)
        if tree.kind != "name":
            raise self.error(say("meaning.not_an_index"), tree)
        if dim is not None and tree.value not in self.frame.letters and self.scope.is_end(tree.value):
            known = self.scope.dims.get(tree.value)
            if dim in (tree.value, known.size if known is not None else None):
                return ex.last(dim)
        letter = self.frame.letters.get(tree.value)
        if letter is None:
            at_size = is_size(tree, self.scope)
            message = say("meaning.position_not_whole") if at_size else say("meaning.unbound_index", name=tree.value)
            raise self.error(message, tree)
        if letter.dim is None:
            letter.dim = dim if dim is not None else self.scope.range_of(letter.written)
        if letter.dim is None:
            raise self.error(
                say("meaning.unknown_range", name=tree.value), tree, say("meaning.declare_range", name=tree.value)
            )
        zero = self.scope.from_zero
        if dim is not None and is_part(letter.dim, dim) and (letter.dim not in zero or dim in zero):
            # One of the first H of H + D entries.
            return ex.shifted(((ex.Ix(letter.shown, letter.dim), 1),), (dim in zero) - (letter.dim in zero), dim)
        if dim is not None and letter.dim != dim and not self.scope.misfits:
            message = say("meaning.index_of_other_range", name=tree.value, dim=letter.dim, dim2=dim)
            raise self.error(message, tree, hint() if hint is not None else None)
        return ex.Ix(letter.shown, letter.dim)

    def counted(self, tree: Node, where: Node) -> ex.Expr:
        """An exponent, or a side of a comparison, in which the letters of an answer stand for their positions.

        Not in code, whose positions count from 0.
        """
        letters = self.scope.derivatives and where.value != arrays.NUMPY
        if not letters or not any(n.kind == "name" and n.value in self.frame.letters for n in walk(tree)):
            return self.resolve(tree)
        if tree.kind in ("add", "neg"):
            parts = tuple(self.counted(child, where) for child in tree.children)
            return ex.Add(parts) if tree.kind == "add" else ex.Neg(parts[0])
        if tree.kind != "name" or self.scope.has(tree.value):
            return self.resolve(tree)
        ix = self.index(tree, None)
        place = ex.number_of(ix)
        return ex.Add((place, ex.num(-1))) if ix.dim in self.scope.from_zero else place

    def label(self, tree: Node, label: ex.Labels, dim: ex.Dim | None) -> ex.Ix:
        """A position that is data; a label of many members has an index for each of its axes."""
        members = tree.children[1:]
        if len(members) != len(label.declared):
            message = say("meaning.label_members", name=label.name, shape=ex.show_shape(label.declared))
            raise self.error(message, tree)
        if dim is not None and dim != label.of and not self.scope.misfits:
            message = say("meaning.label_of_other_range", name=label.name, dim=label.of, dim2=dim)
            raise self.error(message, tree)
        at = tuple(self.index(ix, axis) for ix, axis in zip(members, label.declared, strict=True))
        if not self.scope.derivatives:
            for written, place in zip(members, at, strict=True):
                if isinstance(place, ex.Shift) and not ex.surely_stays(place):
                    message = say("meaning.label_beyond", name=label.name, place=place.letter, dim=place.dim)
                    raise self.error(message, written)
        return ex.labelled(label.name, at, label.of)

    def shift(self, tree: Node, dim: ex.Dim | None) -> ex.Ix:
        """A shifted index: its letters have ranges of their own, the axis does not give them one."""
        if dim is None or dim == 1:
            raise self.error(say("meaning.shift_of_short_axis"), tree)
        parts: list[tuple[ex.Ix, Whole]] = []
        offset: Whole = 0
        for part in tree.children:
            factor: Whole = int(part.value)
            if len(part.children) == 2:
                size_of, letter_of = sorted(part.children, key=lambda child: not is_size(child, self.scope))
                if not is_size(size_of, self.scope):
                    raise self.error(say("meaning.not_an_index"), part)
                parts.append((self.index(letter_of, None), factor * amount(calls.dim_of(self, size_of))))
            elif not part.children:
                offset = offset + factor
            elif part.children[0].value not in self.frame.letters and is_size(part.children[0], self.scope):
                size = self.scope.dims[part.children[0].value].size
                offset = offset + factor * (amount(part.children[0].value) if size is None else size)
            else:
                parts.append((self.index(part.children[0], None), factor))
        offset += (dim in self.scope.from_zero) - sum(f for ix, f in parts if ix.dim in self.scope.from_zero)
        recurrent = dim in self.scope.recurrent or (self.scope.starts and not self.scope.derivatives)
        if not parts and isinstance(offset, Amount) and recurrent:
            back = offset - amount(dim)
            if isinstance(back, int):
                return self.near_end(back, dim, tree)
        if not parts and isinstance(offset, Amount):
            beyond = at_least(offset - amount(dim), 1)
            where = say("meaning.shift_beyond_end", letter=str(offset), dim=dim)
            raise self.error(where if beyond else say("meaning.position_not_whole"), tree)
        if not parts and not at_least(offset, 1):
            raise self.error(self.before_first(dim), tree)
        if not parts and isinstance(dim, int) and isinstance(offset, int) and offset > dim:
            number = offset - (dim in self.scope.from_zero)
            raise self.error(say("meaning.shift_beyond_end", letter=str(number), dim=dim), tree)
        return ex.shifted(parts, offset, dim) if parts else ex.Ix(str(offset), dim)

    def near_end(self, after: int, dim: ex.Dim, tree: Node) -> ex.Ix:
        """``h[T-1]``; after the last member of a recurrence there are derivatives only, which are zero."""
        if after > 0 and not self.scope.derivatives:
            raise self.error(say("meaning.after_last", dim=dim), tree)
        return ex.shifted(((ex.last(dim), 1),), after, dim)

    def position(self, tree: Node, dim: ex.Dim | None) -> ex.Ix:
        if not tree.value.isdecimal() or dim is None:
            raise self.error(say("meaning.position_not_whole"), tree)
        number = int(tree.value) + (dim in self.scope.from_zero)
        if number < 1:
            raise self.error(say("meaning.position_zero"), tree)
        if isinstance(dim, int) and number > dim:
            raise self.error(say("meaning.position_beyond_end", number=tree.value, dim=dim), tree)
        return ex.Ix(str(number), dim)

    def before_first(self, dim: ex.Dim) -> Words:
        """What is said of a position before the first one."""
        return say("meaning.position_negative" if dim in self.scope.from_zero else "meaning.position_zero")


# --- names -----------------------------------------------------------------------------------------------------------


def name_rule(r: Resolver, tree: Node) -> ex.Expr:
    name, scope = tree.value, r.scope
    if name == "π":
        return ex.Const("pi", span=r.mark(tree))
    known = scope.names.get(name)
    if type(known) is ex.Sym and r.spans and r.at is None:
        return replace(known, span=r.mark(tree))
    if isinstance(known, ex.Labels):
        raise r.error(say("meaning.label_is_no_number", name=name), tree)
    if known is not None:
        return known
    if name in scope.constants:
        return replace(scope.constants[name], span=r.mark(tree))
    if name in scope.unavailable:
        raise Unavailable
    found = scope.missing(name) if scope.missing is not None else None
    if isinstance(found, Words):
        raise r.error(found, tree)
    if found is not None:
        return replace(found, span=r.mark(tree))
    if name in scope.dims:
        if scope.dims[name].ragged:
            raise r.error(say("meaning.ragged_without_position", name=name), tree)
        size = scope.dims[name].size
        return ex.Size(name, span=r.mark(tree)) if size is None else ex.Num(Fraction(size), span=r.mark(tree))
    raise undeclared(r, tree)


def undeclared(r: Resolver, tree: Node) -> InputError:
    name = tree.value
    bare = name.rstrip("'")
    if name in r.frame.letters or r.scope.range_of(name) is not None:
        return r.error(say("meaning.letter_for_quantity", name=name), tree)
    if bare != name and bare in r.scope.names:
        return r.error(say("meaning.undeclared", name=name), tree, say("meaning.write_transpose", name=bare))
    if r.scope.derivatives and name[:1] == "d" and r.scope.has(name[1:]):
        below = glance.divided_by(r.source.text, tree.span[1]) if r.at is None else None
        if below is not None and not r.scope.has(below.word[1:]):
            near = suggest(below.word[1:], list(r.scope.names)) or declared_names(r.scope)
            said = say("meaning.undeclared", name=below.word[1:])
            return r.source.error(said, (below.start + 1, below.end), near)
        return r.error(say("meaning.undeclared", name=name), tree, say("meaning.derivative_by_declared", name=name))
    if name in ("e", "pi"):
        number = say("meaning.number_e" if name == "e" else "meaning.number_pi")
        advice = say("words.both", first=number, second=say("meaning.declare_quantity"))
        return r.error(say("meaning.undeclared", name=name), tree, advice)
    hint = suggest(name, [*r.scope.names, *r.scope.unavailable, *r.scope.dims])
    return r.error(say("meaning.undeclared", name=name), tree, hint or declared_names(r.scope))


def declared_names(scope: Scope) -> Words | None:
    """A hint that names what is declared, if that is not too much."""
    return say("meaning.declared_names", names=list(scope.names)) if 0 < len(scope.names) <= MAX_LISTED else None


def num_rule(r: Resolver, tree: Node) -> ex.Expr:
    span = r.mark(tree)
    number = _number(tree.value)
    return number if span is None else ex.Num(number.value, number.text, span=span)


@lru_cache(maxsize=512)
def _number(text: str) -> ex.Num:
    return ex.Num(Fraction(text), text)


# --- arithmetic ------------------------------------------------------------------------------------------------------


def add_rule(r: Resolver, tree: Node) -> ex.Expr:
    if tree.value == "columns":
        return formulas.columns_rule(r, tree)
    if tree.value == arrays.NUMPY:
        return arrays.elementwise(r, tree, lambda args: ex.Add(args, span=r.mark(tree)), "add")
    args = tuple([r.resolve(child) for child in tree.children])
    r.fit(tree.children, args, tree, "add")
    return ex.Add(args, span=r.mark(tree))


def neg_rule(r: Resolver, tree: Node) -> ex.Expr:
    return ex.Neg(r.resolve(tree.children[0]), span=r.mark(tree))


def mul_rule(r: Resolver, tree: Node) -> ex.Expr:
    if tree.value == arrays.NUMPY:
        return arrays.multiplied(r, tree)
    args = tuple([r.resolve(child) for child in tree.children])
    if r.scope.derivatives and not r.scope.misfits:
        # In an answer a vector is a column, so that a column times a vector is no outer product.
        args = tuple(formulas.columns(r, args))
        if (outer := arrays.column_times_row(args)) is not None:
            return replace(outer, span=r.mark(tree))
    r.fit(tree.children, args, tree, "multiply")
    return ex.Mul(args, span=r.mark(tree))


def product_rule(r: Resolver, tree: Node) -> ex.Expr:
    """Scalars scale; arrays multiply as matrices, in their order, at the place of the first one."""
    args = [r.resolve(child) for child in tree.children]
    arrays = [(child, arg) for child, arg in zip(tree.children, args, strict=True) if arg.shape]
    if len(arrays) < 2:
        return ex.Mul(tuple(args), span=r.mark(tree))
    chain = matrix_chain(r, arrays, tree)
    if len(arrays) == len(args):
        return chain
    first = next(n for n, arg in enumerate(args) if arg.shape)
    scalars = [arg for arg in args if not arg.shape]
    return ex.Mul((*scalars[:first], chain, *scalars[first:]), span=r.mark(tree))


def div_rule(r: Resolver, tree: Node) -> ex.Expr:
    if tree.value == arrays.NUMPY and r.scope.derivatives:
        return arrays.elementwise(r, tree, lambda args: ex.Div(*args, span=r.mark(tree)), "divide")
    above, below = (r.resolve(child) for child in tree.children)
    if isinstance(below, ex.Num) and below.value == 0 and not r.scope.derivatives:
        raise r.error(say("meaning.zero_division"), tree)
    if tree.value == "columns":
        above, below = formulas.columns(r, (above, below))
    r.fit(tree.children, (above, below), tree, "divide")
    return ex.Div(above, below, span=r.mark(tree))


def pow_rule(r: Resolver, tree: Node) -> ex.Expr:
    base, exponent = r.resolve(tree.children[0]), r.counted(tree.children[1], tree)
    if not r.scope.misfits:
        base, exponent = calls.columns(r, [base, exponent])
    if tree.value == "matrix" and base.shape:
        raise r.error(say("meaning.array_power"), tree)
    r.fit(tree.children, (base, exponent), tree, "raise")
    if tree.value == "square" and (power := arrays.matrix_power(base, exponent)) is not None:
        return power
    if tree.value == "formula":
        return formulas.formula_power(r, tree, base, exponent)
    shape = base.shape
    square = len(shape) == 2 and shape[0] == shape[1] and shape[0] != 1
    if square and not tree.value and formulas.is_minus_one(exponent):
        # Nobody writes the reciprocals of a square matrix's entries this way: they are 1/A.
        return formulas.matrix_power(r, tree, base, exponent)
    return ex.Pow(base, exponent, span=r.mark(tree))


def cmp_rule(r: Resolver, tree: Node) -> ex.Expr:
    if compares_positions(tree, r.scope, r.frame.letters):
        return calls.compared_positions(r, tree.children, tree, equal=tree.value == "==")
    if (end := at_an_end(tree, r.scope, r.frame.letters)) is not None:
        return calls.compared_positions(r, end[:2], tree, equal=end[2])
    sides = [r.counted(child, tree) for child in tree.children]
    left, right = sides if r.scope.misfits else calls.columns(r, sides)
    r.fit(tree.children, (left, right), tree, "compare")
    return ex.Cmp(tree.value, left, right, span=r.mark(tree))


def matmul_rule(r: Resolver, tree: Node) -> ex.Expr:
    if tree.value == arrays.NUMPY:
        return arrays.matmul(r, tree)
    return matrix_chain(r, [(child, r.resolve(child)) for child in tree.children], tree)


def matrix_chain(r: Resolver, factors: Sequence[tuple[Node, ex.Expr]], tree: Node) -> ex.Expr:
    """A product of matrices and vectors, whose shapes are checked from left to right.

    A column times a matrix that has one entry stays a column, [M, 1]: beside rows and columns that is no vector.
    """
    shape = factors[0][1].shape
    left = r.quote(factors[0][0])
    for operand, value in () if r.scope.misfits else factors[1:]:
        if not fits_matmul(shape, value.shape):
            names = ("u", "v") if r.at else (left, r.quote(operand))
            message = say(
                "meaning.cannot_multiply_product", shape=ex.show_shape(shape), shape2=ex.show_shape(value.shape)
            )
            error = r.source.error(message, r.up_to(operand, tree), matmul_hint(shape, value.shape, *names))
            done = tuple(v for _, v in factors[: next(n for n, f in enumerate(factors) if f[0] is operand)])
            raise Mismatch(error, "matmul", done[0] if len(done) == 1 else ex.MatMul(done), value)
        shape = ex.matmul_shape(shape, value.shape)
        start, end = r.up_to(operand, tree)
        left = r.source.text[start:end]
    product = ex.MatMul(tuple(value for _, value in factors), span=r.mark(tree))
    if r.scope.misfits or len(product.shape) != 1 or not arrays.is_one_entry(factors[-1][1]):
        return product
    return ex.Reshape(product, (*product.shape, 1), span=r.mark(tree))


def transpose_rule(r: Resolver, tree: Node) -> ex.Expr:
    arg = r.resolve(tree.children[0])
    if len(arg.shape) > 2:
        raise r.error(say("meaning.cannot_transpose", shape=ex.show_shape(arg.shape), count=len(arg.shape)), tree)
    return ex.T(arg, span=r.mark(tree))


def pick_rule(r: Resolver, tree: Node) -> ex.Expr:
    body, *rest = tree.children
    letters, at = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    value, bound = r.under(letters, body)
    if value.shape:
        raise r.error(say("meaning.maximum_without_entries"), tree)
    indices: list[ex.Ix] = []
    for node, letter in zip(letters, bound, strict=True):
        dim = letter.dim if letter.dim is not None else r.scope.range_of(node.value)
        if dim is None:
            raise r.error(say("meaning.unknown_range", name=node.value), node)
        indices.append(ex.Ix(letter.shown, dim))
    places = tuple(r.index(ix, own.dim) for ix, own in zip(at, indices, strict=True))
    return ex.IndexPick(tree.value, value, tuple(indices), places, span=r.mark(tree))


# --- entries and derivatives -----------------------------------------------------------------------------------------


def entry_rule(r: Resolver, tree: Node) -> ex.Expr:
    first, *indices = tree.children
    base = r.resolve(first)
    rank = len(base.shape)
    if rank == 0:
        raise r.error(say("meaning.entries_of_scalar", first=r.quote(first)), tree)
    if type(base) is ex.Sym and base.name in r.scope.starts:
        start = before_first(r, base, indices, tree)
        if start is not None:
            return start
        if indices[0].kind == "shift" and not stays(r, indices[0], base.declared[0]):
            base = ex.Started(base.name, base.declared, tuple(r.scope.starts[base.name]), span=base.span)
    picked = labels.at_label(r, base, indices, tree)
    if picked is not None:
        return picked
    if any(map(blocks.is_range, indices)):
        return blocks.sliced(r, base, indices, tree)
    if r.scope.members and isinstance(base, (ex.Sym, ex.Adj)) and picks_member(indices, rank):
        return member(r, base, indices, tree)
    if rank != len(indices):
        array, shape = r.quote(first), ex.show_shape(base.shape)
        raise r.error(say("meaning.index_count", count=len(indices), name=array, shape=shape), tree)
    if not isinstance(base, (ex.Sym, ex.Adj)):
        shift = next((ix for ix in indices if ix.kind == "shift"), None)
        if shift is not None:
            raise r.error(say("meaning.shift_of_expression"), shift)
    at = indexed(r, indices, base.shape, lambda: f"{r.quote(first)} is {ex.show_shape(base.shape)}")
    return ex.Entry(base, at, span=r.mark(tree))


def stays(r: Resolver, tree: Node, dim: ex.Dim) -> bool:
    """Whether a shifted index is surely one of the positions along an axis: ``h[T-t+1]`` is a member, no start."""
    at = r.index(tree, dim)
    return isinstance(at, ex.Shift) and ex.surely_stays(at)


def indexed(r: Resolver, indices: Sequence[Node], shape: ex.Shape, hint: Advice | None = None) -> tuple[ex.Ix, ...]:
    """An index for each axis; the size of an axis may depend on the first of them."""
    found: list[ex.Ix] = []
    for ix, dim in zip(indices, shape, strict=True):
        found.append(r.index(ix, ex.own_dim(dim, found[0]) if found else dim, hint))
    return tuple(found)


def before_first(r: Resolver, base: ex.Sym, indices: Sequence[Node], tree: Node) -> ex.Expr | None:
    """``h[0]``: what a recurrence starts from, or an entry of it; None for what is no position before the first."""
    first, *rest = indices
    if first.kind == "num" and first.value.isdecimal():
        position = int(first.value)
    elif first.kind == "shift" and not any(part.children for part in first.children):
        position = sum(int(part.value) for part in first.children)
    else:
        return None
    if position > 0:
        return None
    starts = r.scope.starts[base.name]
    if -position >= len(starts):
        raise r.error(say("meaning.no_start", name=base.name, place=str(position)), first)
    start = starts[-position]
    while rest and rest[-1].kind == "slice":
        rest.pop()
    if not rest:
        return replace(start, span=r.mark(tree))
    if len(rest) != len(start.shape):
        raise r.error(
            say("meaning.index_count", count=len(rest), name=start.name, shape=ex.show_shape(start.shape)), tree
        )
    at = tuple(r.index(ix, dim) for ix, dim in zip(rest, start.shape, strict=True))
    return ex.Entry(start, at, span=r.mark(tree))


def picks_member(indices: Sequence[Node], rank: int) -> bool:
    """Whether indices leave an axis of so many whole."""
    return len(indices) < rank or (len(indices) == rank and any(ix.kind == "slice" for ix in indices))


def member(r: Resolver, base: ex.Sym | ex.Adj, indices: Sequence[Node], tree: Node) -> ex.Expr:
    """``X[n]``, ``X[:,d]``: the part of an array that these indices pick; axes that are not mentioned are kept."""
    free = isinstance(base, ex.Started) or (r.scope.derivatives and base.shape[0] in r.scope.recurrent)
    places: list[ex.Ix | None] = []

    def hint() -> Said:
        return f"{base.name} is {ex.show_shape(base.shape)}"

    for ix, dim in itertools.zip_longest(indices, base.shape):
        own = ex.own_dim(dim, places[0]) if places else dim
        places.append(None if ix is None or ix.kind == "slice" else r.index(ix, own, hint))
        at = places[-1]
        if isinstance(at, ex.Shift) and ix is not None and not (free and len(places) == 1) and not ex.surely_stays(at):
            raise r.error(say("meaning.shifted_member", name=base.name), ix)
    if not any(places):
        return base
    found = ex.Member(base, tuple(places), span=r.mark(tree))
    # A row lies as it does in its matrix.
    return ex.T(found) if r.scope.lying and len(places) == 2 and places[1] is None else found


def partial_rule(r: Resolver, tree: Node) -> ex.Expr:
    above, below = tree.children
    if not r.scope.derivatives:
        raise r.error(say("meaning.derivative_in_forward"), tree)
    if above.kind == "name" and above.value == r.scope.loss and tree.value != "direct":
        return adjoint(r, below, tree)
    num = r.resolve(above)
    name = (above.children[0] if above.kind == "entry" else above).value
    if name not in r.scope.nodes:
        raise r.error(say("meaning.no_equation_to_differentiate", name=name), above)
    den = r.resolve(below)
    if num.shape or den.shape:
        raise r.error(say("meaning.whole_local_derivative"), tree)
    return ex.Partial(num, den, span=r.mark(tree))


def adjoint(r: Resolver, below: Node, tree: Node) -> ex.Expr:
    """``dL/dz`` as a whole, or one entry of it."""
    name = below.children[0] if below.kind == "entry" else below
    target = r.resolve(name)
    if not isinstance(target, ex.Sym):
        raise r.error(say("meaning.not_differentiable_by", name=name.value), name)
    whole = ex.Adj(target.name, target.declared, span=r.mark(tree))
    if below.kind != "entry":
        return whole
    if any(map(blocks.is_range, below.children[1:])):
        return blocks.sliced(r, whole, below.children[1:], below)
    if r.scope.members and picks_member(below.children[1:], len(target.shape)):
        return member(r, whole, below.children[1:], tree)
    if len(target.shape) != len(below.children) - 1:
        count, shape = len(below.children) - 1, ex.show_shape(target.shape)
        raise r.error(say("meaning.index_count_below", count=count, name=name.value, shape=shape), tree)
    return ex.Entry(whole, indexed(r, below.children[1:], target.shape), span=r.mark(tree))


_RULES: dict[str, Callable[[Resolver, Node], ex.Expr]] = {
    "num": num_rule,
    "name": name_rule,
    "add": add_rule,
    "neg": neg_rule,
    "mul": mul_rule,
    "product": product_rule,
    "div": div_rule,
    "pow": pow_rule,
    "cmp": cmp_rule,
    "matmul": matmul_rule,
    "transpose": transpose_rule,
    "entry": entry_rule,
    "partial": partial_rule,
    "pick": pick_rule,
    "call": lambda r, tree: calls.call_rule(r, tree),
    "terms": formulas.terms_rule,
    "bare": formulas.bare_rule,
    "column": formulas.column_rule,
    "array": arrays.array_rule,
    "subscript": arrays.subscript_rule,
}

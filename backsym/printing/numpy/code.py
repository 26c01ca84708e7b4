"""Expr -> NumPy source over arrays that are named as in the problem, adjoints ``d_NAME``.

A vector is a 1-D array, a scalar 0-D, a (1, D) weight 2-D.  The source needs ``np``, ``math`` and the arrays (and the
abstract functions: ``phi`` and ``phi_prime``, ``loss`` and ``loss_prime``); sizes are read off the arrays, and one that
is no axis of any array has the name of its dimension.  At the
array level it is NumPy as people write it; at the index level sums of products become ``np.einsum`` and the rest
broadcasting.

This module must not know about calculus, and it must not import NumPy.
"""

from __future__ import annotations

import keyword
import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from backsym.core import expr as ex
from backsym.core.dims import Whole, amount, dim_named, dim_names, is_layered
from backsym.core.errors import BacksymError
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, definition_of
from backsym.core.kinds import RuleTable
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.printing.numpy.axes import (
    Code,
    Prec,
    aligned,
    diagonal,
    einsum,
    fitted,
    one_hot,
    permuted,
    reduced,
    shape_text,
    spread,
    subscripted,
    unwrapped,
)  # fmt: skip
from backsym.printing.numpy.matmul import Operand, chain
from backsym.printing.numpy.sizes import axis_source, factored, whole_source


def numpy_source(expr: ex.Expr, problem: Problem, free: tuple[ex.Ix, ...] = (), shape: ex.Shape | None = None) -> str:
    """NumPy source of ``expr``: leading axes for ``free``, in that order, then the axes of its shape.

    A fixed index in ``free`` gives an axis of length one.  ``shape`` asks for another shape of the same entries, such
    as the declared (1, D) of a weight whose gradient is a vector's transpose.  Raises BacksymError for a free letter
    that is not in ``free``, and for a local derivative or a derivative of higher order, which have no source.
    """
    coder = _Coder(problem, expr, free)
    return coder.finished(coder.strict(expr), free, expr.shape if shape is None else shape)


def stable_source(expr: ex.Expr, problem: Problem, free: tuple[ex.Ix, ...] = (), shape: ex.Shape | None = None) -> str:
    """The same of source that does not overflow on the way: a softmax that is written out is that of the table."""
    ranks: dict[str, int | None] = {}
    for name, symbol in problem.symbols.items():
        ranks[python_name(name, problem)] = ranks[f"d_{name}"] = len(symbol.shape)
    dims = (*problem.dims, *problem.index_dims.values(), *(d for s in problem.symbols.values() for d in s.shape))
    ranks.update({size_name(name, problem): None for dim in dims for name in dim_names(dim)})
    for function in problem.abstract:
        ranks[f"{function}()"] = ranks[f"{function}_prime()"] = None
    from backsym.printing.numpy.stable import stable

    return stable(numpy_source(expr, problem, free, shape), ranks)


def python_name(name: str, problem: Problem) -> str:
    """The identifier of a symbol or node: its own name, with ``_`` after it where that name is taken."""
    taken = {"np", "math"}
    for function in problem.abstract:
        taken |= {function, f"{function}_prime"}
    if name in (ABSTRACT_LOSS, f"{ABSTRACT_LOSS}_prime") and _uses_abstract_loss(problem):
        taken.add(name)
    clash = name.startswith("d_") and name[2:] in problem.symbols
    return name + "_" if keyword.iskeyword(name) or name in taken or clash else name


def size_name(dim: str, problem: Problem) -> str:
    """The identifier of a size that is no axis of any array: the dimension's name, with ``_`` after it while taken."""
    taken = {python_name(name, problem) for name in problem.symbols} | {f"d_{name}" for name in problem.symbols}
    name = python_name(dim, problem)
    while name in taken:
        name += "_"
    return name


def _uses_abstract_loss(problem: Problem) -> bool:
    return any(isinstance(e, ex.Fn) and e.name == ABSTRACT_LOSS for eq in problem.equations for e in ex.walk(eq.rhs))


class _Coder:
    """Writes the source of one expression.

    ``strict`` pieces have exactly the shape of their expression; ``loose`` ones need only broadcast to it, which is
    how an explicit ``1_N b^T`` becomes ``b`` again.
    """

    def __init__(self, problem: Problem, expr: ex.Expr, free: Sequence[ex.Ix]) -> None:
        self.problem = problem
        self.rank: dict[ex.Ix, int] = {}
        for ix in (*free, *ex.free_indices(expr)):
            self.rank.setdefault(ix, len(self.rank))
        for node in ex.walk(expr):
            if isinstance(node, (ex.IndexReduce, ex.IndexPick)):
                for ix in (*node.indices, *(node.at if isinstance(node, ex.IndexPick) else ())):
                    self.rank.setdefault(ix, len(self.rank))
        self.plain = not any(
            isinstance(node, (ex.Sym, ex.Adj, ex.Ones, ex.Zeros, ex.Eye, ex.Delta, ex.OneHot)) for node in ex.walk(expr)
        )
        self.memo: dict[tuple[int, bool], tuple[ex.Expr, Code]] = {}

    # --- the frame ---

    def order(self, ix: ex.Ix) -> int:
        return self.rank.setdefault(ix, len(self.rank))

    def size(self, dim: ex.Dim) -> str:
        """Source of a dimension's size: read off the first array that has it, leaves first, or computed of leaves."""
        if isinstance(dim, int):
            return str(dim)
        declared = self.problem.dims.get(dim)
        if declared is not None and declared.size is not None:
            return str(declared.size)
        symbols = self.problem.symbols.values()
        known = [(python_name(s.name, self.problem), s.shape, s.role == "node") for s in symbols]
        given = [(name, shape) for name, shape, is_node in known if not is_node]
        found = axis_source(dim, given)
        if found is None and dim_names(dim) != (dim,) and all(axis_source(name, given) for name in dim_names(dim)):
            return self.whole(amount(dim))
        found = found or axis_source(dim, [*given, *((name, shape) for name, shape, is_node in known if is_node)])
        if found is not None:
            return found
        return size_name(dim, self.problem) if dim_names(dim) == (dim,) else self.whole(amount(dim))

    def whole(self, a: Whole) -> str:
        """Source of a number that is computed of dimensions."""
        return whole_source(a, self.size)

    def strict(self, e: ex.Expr) -> Code:
        return self.code(e, loose=False)

    def code(self, e: ex.Expr, *, loose: bool) -> Code:
        key = (id(e), loose)
        if key not in self.memo:
            rule = _RULES.get(type(e))
            if rule is None:
                raise TypeError(f"no NumPy source for the expression node {type(e).__name__}")
            made = rule(self, e, loose=loose)
            # The expression is kept with its code, so that its id stays its own.
            self.memo[key] = (e, made if loose else fitted(made, e.shape, self.size))
        return self.memo[key][1]

    def finished(self, code: Code, free: tuple[ex.Ix, ...], shape: ex.Shape) -> str:
        """The text with the axes that the caller asked for."""
        unknown = [ix.letter for ix in code.axes if ix not in free]
        if unknown:
            raise BacksymError(say("numpy.free_index", letter=unknown[0]))
        if self.plain and (free or shape):  # A number of Python's has no axes to add or to broadcast.
            dims = [1 if ix.fixed else ix.dim for ix in free] + list(shape)
            return f"np.full({shape_text(dims, self.size)}, {_decimal(code.number.text)})"
        code = fitted(code.number, shape, self.size)
        if re.fullmatch(r"\d+", code.text):
            code = replace(code, text=_decimal(code.text))
        code = permuted(code, tuple(ix for ix in free if ix in code.axes))
        missing = [ix for ix in free if ix not in code.axes]
        if not missing:
            return unwrapped(code.text)
        dims = [1 if ix.fixed else ix.dim for ix in free]
        if all(ix.fixed for ix in missing):
            pattern = [":" if ix in code.axes else "None" for ix in free] + [":"] * len(shape)
            plain = not code.axes and not shape
            return f"np.full({shape_text(dims, self.size)}, {code.text})" if plain else subscripted(code, pattern)
        sizes = shape_text([*dims, *shape], self.size)
        if not code.axes and not shape:
            return f"np.full({sizes}, {code.text})"
        return f"np.broadcast_to({spread(code, free, len(shape)).text}, {sizes})"

    def arguments(
        self, e: ex.Expr, args: Sequence[ex.Expr], *, loose: bool
    ) -> tuple[list[Code], tuple[ex.Ix, ...], ex.Shape]:
        """The arguments of an element-wise operation, side by side; also letters and shape of the result."""
        codes = [self.code(a, loose=True) for a in args]
        shape = ex.broadcast(*(c.shape for c in codes))
        if shape != e.shape and not loose:
            codes = [self.strict(a) for a in args]
            shape = ex.broadcast(*(c.shape for c in codes))
        side_by_side, axes = aligned(codes, self.order)
        return side_by_side, axes, shape

    # --- atoms ---

    def num(self, e: ex.Num, *, loose: bool) -> Code:
        value = abs(e.value)
        if e.text is not None:
            text, prec = e.text.lstrip("+-"), Prec.ATOM
        elif value.denominator == 1:
            text, prec = str(value.numerator), Prec.ATOM
        else:
            text, prec = f"{value.numerator} / {value.denominator}", Prec.MUL
        return Code(f"-{text}", Prec.NEG) if e.value < 0 else Code(text, prec)

    def const(self, e: ex.Const, *, loose: bool) -> Code:
        if e.name not in ("pi", "e"):
            raise BacksymError(say("numpy.constant", name=e.name))
        return Code(f"np.{e.name}")

    def sym(self, e: ex.Sym, *, loose: bool) -> Code:
        return Code(python_name(e.name, self.problem), shape=e.shape)

    def adj(self, e: ex.Adj, *, loose: bool) -> Code:
        return Code(f"d_{e.name}", shape=e.shape)

    def size_of(self, e: ex.Size, *, loose: bool) -> Code:
        return Code(self.size(e.dim))

    def filled(self, e: ex.Ones | ex.Zeros, *, loose: bool) -> Code:
        if loose or not e.of:
            return Code("1.0" if isinstance(e, ex.Ones) else "0.0")
        return Code(f"np.{type(e).__name__.lower()}({shape_text(e.of, self.size)})", shape=e.of)

    def eye(self, e: ex.Eye, *, loose: bool) -> Code:
        return Code(f"np.eye({self.size(e.dim)})", shape=e.shape)

    def delta(self, e: ex.Delta, *, loose: bool) -> Code:
        if not e.equal:
            same = self.strict(ex.Delta(e.i, e.j)).number
            return Code(f"1 - {same.at_least(Prec.MUL)}", Prec.ADD, same.axes)
        if isinstance(e.j, ex.Label) and isinstance(e.i, ex.Label):
            sides, axes = aligned([self.label(e.i), self.label(e.j)], self.order)
            return Code(f"{sides[0].text} == {sides[1].text}", Prec.COMPARE, axes, boolean=True)
        if isinstance(e.i, ex.Shift) or isinstance(e.j, ex.Shift):
            return self.equal_places(e)
        return self.entries(Code(f"np.eye({self.size(e.i.dim)})", shape=(e.i.dim, e.j.dim)), (e.i, e.j))

    def place(self, ix: ex.Ix) -> Code:
        """The positions of an index, which count from 0."""
        if isinstance(ix, ex.Label):
            return self.label(ix)
        if ix.fixed:
            return Code(str(int(ix.letter) - 1))
        if isinstance(ix, ex.Shift):
            pieces, offset = self.summands(ix)
            laid, axes = aligned(pieces, self.order)
            return Code(self.added(laid, offset), Prec.ADD, axes)
        return Code(f"np.arange({self.size(ix.dim)})", Prec.ATOM, (ix,))

    def label(self, ix: ex.Label) -> Code:
        """The classes of a label, at its letters."""
        if ex.is_last(ix):
            return Code("-1", Prec.NEG)
        whole = Code(python_name(ix.name, self.problem), shape=self.problem.symbols[ix.name].shape)
        if any(isinstance(at, ex.Shift) for at in ix.at):
            places, axes = aligned(map(self.place, ix.at), self.order)
            return Code(subscripted(whole, [place.text for place in places]), axes=axes)
        return self.entries(whole, ix.at)

    def labels(self, e: ex.Labels, *, loose: bool) -> Code:
        if e.name == e.of:  # The last position.
            return Code("-1", Prec.NEG)
        return Code(python_name(e.name, self.problem), shape=e.shape)

    def one_hot(self, e: ex.OneHot, *, loose: bool) -> Code:
        labels = self.strict(e.labels)
        return Code(f"np.eye({self.size(e.of)})[{labels.text}]", axes=labels.axes, shape=e.shape)

    def equal_places(self, e: ex.Delta) -> Code:
        """1 where two indices, of which one or both are shifted, are the same number; positions count from 0 here."""
        sides = [self.summands(ix) for ix in (e.i, e.j)]
        laid, axes = aligned([piece for pieces, _ in sides for piece in pieces], self.order)
        texts = [self.added([laid.pop(0) for _ in pieces], offset) for pieces, offset in sides]
        return Code(" == ".join(texts), Prec.COMPARE, axes, boolean=True)

    def summands(self, ix: ex.Ix) -> tuple[list[Code], Whole]:
        """What the positions of an index, which count from 0, are the sum of: those of letters, and a number."""
        parts: list[tuple[ex.Ix, Whole]] = list(ix.parts) if isinstance(ix, ex.Shift) else [] if ix.fixed else [(ix, 1)]
        offset = int(ix.letter) if ix.fixed else ix.offset if isinstance(ix, ex.Shift) else 0
        places = [(self.place(part), factor) for part, factor in parts]
        pieces = [
            code if factor == 1 else replace(code, text=f"{factored(factor, self.size)} * {code.atom}", prec=Prec.MUL)
            for code, factor in places
        ]
        return pieces, offset - 1 + sum((factor for _, factor in parts), start=amount(0))

    def added(self, laid: Sequence[Code], offset: Whole) -> str:
        """Their sum, laid side by side."""
        terms = [code.text for code in laid]
        terms += [self.whole(offset)] if offset or not terms else []
        return " + ".join(terms).replace("+ -", "- ")

    # --- arithmetic ---

    def add(self, e: ex.Add, *, loose: bool) -> Code:
        codes, axes, shape = self.arguments(e, [a.arg if isinstance(a, ex.Neg) else a for a in e.args], loose=loose)
        text = ""
        for arg, code in zip(e.args, codes, strict=True):
            term = code.number
            if isinstance(arg, ex.Neg):
                text += (" - " if text else "-") + term.at_least(Prec.MATMUL)
            elif text and term.text.startswith("-") and term.prec == Prec.NEG:
                text += " - " + term.text[1:]
            else:
                text += (" + " + term.at_least(Prec.MATMUL)) if text else term.at_least(Prec.ADD)
        return Code(text, Prec.ADD, axes, shape)

    def neg(self, e: ex.Neg, *, loose: bool) -> Code:
        code = self.code(e.arg, loose=loose).number
        return replace(code, text="-" + code.at_least(Prec.MATMUL), prec=Prec.NEG)

    def mul(self, e: ex.Mul, *, loose: bool) -> Code:
        codes, axes, shape = self.arguments(e, e.args, loose=loose)
        kept = [c for a, c in zip(e.args, codes, strict=True) if not (isinstance(a, ex.Ones) and c.text == "1.0")]
        return _times(kept or codes[:1], axes, shape)

    def div(self, e: ex.Div, *, loose: bool) -> Code:
        (top, bottom), axes, shape = self.arguments(e, (e.num, e.den), loose=loose)
        text = f"{top.number.at_least(Prec.MUL)} / {bottom.number.at_least(Prec.POW)}"
        return Code(text, Prec.MUL, axes, shape)

    def pow(self, e: ex.Pow, *, loose: bool) -> Code:
        (base, exponent), axes, shape = self.arguments(e, (e.base, e.exp), loose=loose)
        return Code(f"{base.number.atom} ** {exponent.number.at_least(Prec.POW)}", Prec.POW, axes, shape)

    def cmp(self, e: ex.Cmp, *, loose: bool) -> Code:
        (a, b), axes, shape = self.arguments(e, (e.a, e.b), loose=loose)
        text = f"{a.number.at_least(Prec.ADD)} {e.op} {b.number.at_least(Prec.ADD)}"
        return Code(text, Prec.COMPARE, axes, shape, boolean=True)

    # --- matrices ---

    def operand(self, e: ex.Expr) -> Operand:
        if isinstance(e, ex.T) and len(e.arg.shape) == 1:
            return Operand(self.strict(e.arg).number, row=True, ones=isinstance(e.arg, ex.Ones))
        if isinstance(e, ex.MatMul):
            return chain([self.operand(a) for a in e.args], self.size, loose=False)
        if isinstance(e, ex.Fn) and e.kind == "diag" and len(e.args[0].shape) == 1 and not ex.free_indices(e):
            return Operand(self.strict(e.args[0]).number, diagonal=True)
        return Operand(self.strict(e).number, ones=isinstance(e, ex.Ones) and len(e.of) == 1)

    def matmul(self, e: ex.MatMul, *, loose: bool) -> Code:
        return chain([self.operand(a) for a in e.args], self.size, loose=loose).written_out().code

    def transpose(self, e: ex.T, *, loose: bool) -> Code:
        code = self.strict(e.arg).number
        if not code.shape:
            return code
        if len(code.shape) == 1:
            return Code(f"{code.atom}[{':, ' * len(code.axes)}None, :]", axes=code.axes, shape=e.shape)
        text = f"np.swapaxes({code.text}, -1, -2)" if code.axes else f"{code.atom}.T"
        return Code(text, axes=code.axes, shape=e.arg.shape[::-1])

    def reduce(self, e: ex.Reduce, *, loose: bool) -> Code:
        code, rank = self.strict(e.arg).number, len(e.arg.shape)
        if not rank:
            return code
        axes = range(rank) if e.axis is None else [e.axis % rank]
        keep = e.keepdims and e.axis is not None
        text = reduced(e.op, code, [len(code.axes) + a for a in axes], keepdims=keep)
        shape: tuple[ex.Dim, ...] = ()
        for at, dim in enumerate(e.arg.shape):
            shape += (1,) if at in axes and keep else () if at in axes else (dim,)
        return Code(text, axes=code.axes, shape=shape)

    def reshape(self, e: ex.Reshape, *, loose: bool) -> Code:
        if e.regroups:
            return self.regrouped(e)
        return fitted(self.strict(e.arg).number, e.to, self.size)

    def regrouped(self, e: ex.Reshape) -> Code:
        """Columns or rows below each other, or a vector laid out in rows."""
        columns = isinstance(e.arg, ex.T) and len(e.arg.arg.shape) == 2 and len(e.to) == 1
        code = self.strict(e.arg.arg if columns and isinstance(e.arg, ex.T) else e.arg).number
        if code.axes:
            raise BacksymError(say("numpy.other_axes"))
        if len(e.to) == 1:
            order = 'order="F"' if columns else ""
            return Code(f"{code.atom}.ravel({order})", shape=e.to)
        return Code(f"np.reshape({code.text}, {shape_text(e.to, self.size)})", shape=e.to)

    def slice(self, e: ex.Slice, *, loose: bool) -> Code:
        array, parts = ex.parts_of_axes(e)
        code = self.strict(array).number
        ends: dict[int, str] = {}
        for axis, part in parts.items():
            first = self.whole(part.first - 1) if part.first != 1 else ""
            last = self.whole(part.last) if part.last != amount(array.shape[axis]) else ""
            ends[axis] = f"{first}:{last}"
        pattern = [ends.get(axis, ":") for axis in range(len(array.shape))]
        while len(pattern) > 1 and pattern[-1] == ":":
            pattern.pop()
        sizes = {axis: dim_named(part.length) for axis, part in parts.items()}
        shape = tuple(sizes.get(axis, dim) for axis, dim in enumerate(array.shape))
        return Code(subscripted(code, [":"] * len(code.axes) + pattern), Prec.ATOM, code.axes, shape)

    def concat(self, e: ex.Concat, *, loose: bool) -> Code:
        codes = [self.strict(arg).number for arg in e.args]
        if any(code.axes for code in codes):
            raise BacksymError(say("numpy.concat"))
        # A number of Python has no axes, and takes none: np.full makes an array of it.
        fit = [code if code.shape else Code(f"np.full(1, {code.text})", shape=(1,)) for code in codes]
        parts = [fitted(code, arg.shape or (1,), self.size).text for code, arg in zip(fit, e.args, strict=True)]
        axis = f", axis={e.axis}" if e.axis else ""
        return Code(f"np.concatenate(({', '.join(parts)}){axis})", shape=e.shape)

    def pick(self, e: ex.Pick, *, loose: bool) -> Code:
        code, rank = self.strict(e.arg).number, len(e.arg.shape)
        if not rank:
            return Code("1.0")
        if e.axis is None or rank == 1:
            return one_hot(e.op, code, rank, self.size)
        if e.axis % rank == rank - 1:
            return one_hot(e.op, code, 1, self.size)
        swapped = replace(code, text=f"np.swapaxes({code.text}, -1, -2)", prec=Prec.ATOM, shape=code.shape[::-1])
        hot = one_hot(e.op, swapped, 1, self.size)
        return replace(hot, text=f"np.swapaxes({hot.text}, -1, -2)", shape=code.shape)

    # --- functions ---

    def fn(self, e: ex.Fn, *, loose: bool) -> Code:
        if e.name in self.problem.abstract or (e.name == ABSTRACT_LOSS and e.name not in FUNCTIONS):
            return self.abstract(e, loose=loose)
        if e.name not in FUNCTIONS:
            raise BacksymError(say("numpy.function", name=e.name))
        table = FUNCTIONS[e.name]
        args = e.args + tuple(_formula(text, {}) for text in table.defaults[len(e.args) - table.arity[0] :])
        named = dict(zip(table.args, args, strict=True))
        if e.order > 1 or (e.order == 1 and not table.partials):
            raise BacksymError(say("numpy.derivative_of_order", order=e.order, name=e.name))
        if e.order == 1 and table.slope_code is None:
            return self.code(_formula(table.partials[0], named), loose=loose)
        made = numpy.of(e.kind)(self, e, table.slope_code if e.order else table.code, args, loose=loose)
        if made is not None:
            return made
        definition = definition_of(table, args)
        if definition is None:
            raise BacksymError(say("numpy.function", name=e.name))
        return self.code(_formula(definition, named), loose=loose)

    def abstract(self, e: ex.Fn, *, loose: bool) -> Code:
        if e.order > 1:
            raise BacksymError(say("numpy.derivative_of_order", order=e.order, name=e.name))
        if e.entrywise:
            codes, axes, shape = self.arguments(e, e.args, loose=loose)
        else:
            codes, axes, shape = [self.strict(a) for a in e.args], (), e.shape
            if any(c.axes for c in codes):
                raise BacksymError(say("numpy.free_arguments", name=e.name))
        name = e.name + ("_prime" if e.order else "")
        return Code(f"{name}({', '.join(c.number.text for c in codes)})", axes=axes, shape=shape)

    # --- the index level ---

    def entry(self, e: ex.Entry, *, loose: bool) -> Code:
        if isinstance(e.base, ex.Started):
            member, *rest = e.indices
            if any(isinstance(ix, ex.Shift) for ix in rest):
                return self.strict(self.unshifted(tuple(rest), lambda at: ex.Entry(e.base, (member, *at))))
            code, first = self.started(e.base, member)
            return self.entries(code, (first, *rest))
        if any(isinstance(ix, ex.Shift) for ix in e.indices):
            return self.strict(self.unshifted(e.indices, lambda at: ex.Entry(e.base, at)))
        return self.entries(self.strict(e.base).number, e.indices)

    def member(self, e: ex.Member, *, loose: bool) -> Code:
        """The axes that indices pick come first."""
        if isinstance(e.base, ex.Started) and e.places[0] is not None:
            code, first = self.started(e.base, e.places[0])
            e = ex.Member(ex.Sym(e.base.name, e.base.declared), (first, *e.places[1:]))
        else:
            code = self.strict(e.base).number
        data = [ix for ix in e.indices if isinstance(ix, ex.Label) and not ex.is_last(ix)]
        if not data and isinstance(e.base, (ex.Sym, ex.Adj)) and any(isinstance(ix, ex.Shift) for ix in e.indices):
            return self.strict(self.unshifted(e.indices, lambda at: member_of_places(e, at)))
        if len(data) == len(e.indices) == 1 and not code.axes:
            label = self.label(data[0])
            if e.places[0] is not None or not label.axes:
                at = [":" if ix is None else label.text for ix in e.places]
                while at[-1] == ":":
                    at.pop()
                return Code(subscripted(code, at), axes=label.axes, shape=e.shape)
        if data or any(isinstance(ix, ex.Shift) for ix in e.indices):
            raise BacksymError(say("numpy.computed_indices"))
        if len(set(e.indices)) < len(e.indices):
            raise BacksymError(say("numpy.repeated_indices"))
        picked = [":" if ix is None else "-1" if ex.is_last(ix) else _fixed(ix) for ix in e.places]
        while is_layered(e.base.shape) and picked[-1] == ":":
            picked.pop()  # Members that differ in size are in a list.
        text = subscripted(code, [":"] * len(code.axes) + picked)
        letters = tuple(ix for ix in e.indices if not ix.fixed and not ex.is_last(ix))
        kept = [ix for ix in e.places if ix is None or ix in letters]
        moved = [n for n, ix in enumerate(kept) if ix is not None]
        if moved != list(range(len(moved))):
            lead = len(code.axes)
            order = [*range(lead), *(lead + n for n in moved), *(lead + n for n in range(len(kept)) if n not in moved)]
            text = turned_axes(code.atom if text == code.text else text, order)
        prec = code.prec if text == code.text else Prec.ATOM
        return Code(text, prec, code.axes + letters, e.shape)

    def started(self, base: ex.Started, first: ex.Ix) -> tuple[Code, ex.Ix]:
        """The members of a recurrence at a letter less a number, those before the first included, and the letter."""
        letters = ex.letters_of(first)
        after = ex.steps_after(first, letters[0]) if letters else None
        if after is None or after >= 0:
            raise BacksymError(say("numpy.member_of", name=base.name, letter=first.letter))
        before = [f"{self.strict(start).atom}[None]" for start in reversed(base.starts)]
        whole = f"np.concatenate(({', '.join([*before, python_name(base.name, self.problem)])}))"
        skipped = len(base.starts) + after
        return Code(f"{whole}[{skipped or ''}:{after}]", shape=base.declared), letters[0]

    def entries(self, code: Code, indices: tuple[ex.Ix, ...]) -> Code:
        """The positional axes named by letters; a fixed position is selected, a repeated letter takes the diagonal."""
        if any(isinstance(ix, ex.Label) for ix in indices):
            return self.at_labels(code, indices)
        pattern = [":"] * len(code.axes) + [str(int(ix.letter) - 1) if ix.fixed else ":" for ix in indices]
        text = subscripted(code, pattern)
        axes = code.axes + tuple(ix for ix in indices if not ix.fixed)
        picked = Code(text, code.prec if text == code.text else Prec.ATOM, axes)
        return diagonal(picked, axes) if len(set(axes)) < len(axes) else picked

    def at_labels(self, code: Code, indices: tuple[ex.Ix, ...]) -> Code:
        """Entries at positions that are data: ``p[y]``, ``W[y]``, ``Z[np.arange(N), y]``.

        A leading axis is one more axis at its letter: ``softmax(z[n])[y[n]]`` is picked as ``Z[n, y[n]]`` is.
        """
        indices = code.axes + indices
        letters = [ix for ix in indices if not ix.fixed and not isinstance(ix, ex.Label)]
        used = [letter for ix in indices if isinstance(ix, ex.Label) for letter in ex.letters_of(ix)]
        data = [ix for ix in indices if isinstance(ix, ex.Label)]
        whole = len(set(letters)) == len(letters) and not set(used) & set(letters)
        if whole and (not used or len(data) == 1) and not (used and any(ix.fixed for ix in indices)):
            # What is not data stays whole, in its place.
            at = [self.label(ix).text if isinstance(ix, ex.Label) else _fixed(ix) for ix in indices]
            axes = [(ix,) if ix in letters else self.label(ix).axes for ix in indices if not ix.fixed or ix in data]  # type: ignore[arg-type]
            while at and at[-1] == ":":
                at.pop()
            return Code(subscripted(code, at), axes=tuple(ix for own in axes for ix in own))
        places, together = aligned(map(self.place, indices), self.order)
        return Code(subscripted(code, [place.text for place in places]), axes=together)

    def unshifted(self, indices: tuple[ex.Ix, ...], entry: Callable[[tuple[ex.Ix, ...]], ex.Expr]) -> ex.Expr:
        """x[i + k - 1] as the sum over m of x[m] [m = i + k - 1], which is zero outside of the array."""
        if any(isinstance(ix, ex.Shift) and any(ex.is_last(letter) for letter, _ in ix.parts) for ix in indices):
            raise BacksymError(say("numpy.before_last"))
        at = tuple(ex.Ix(f"#{n}", ix.dim) if isinstance(ix, ex.Shift) else ix for n, ix in enumerate(indices))
        moved = [(new, ix) for new, ix in zip(at, indices, strict=True) if new != ix]
        return ex.IndexReduce(
            "sum", ex.Mul((entry(at), *(ex.Delta(new, ix) for new, ix in moved))), tuple(n for n, _ in moved)
        )

    def index_reduce(self, e: ex.IndexReduce, *, loose: bool) -> Code:
        if e.op == "sum":
            return self.summed(e.body, e.indices)
        code = self.strict(e.body).number
        positions = [code.axes.index(ix) for ix in e.indices if ix in code.axes]
        if not positions:
            return code
        rest = tuple(ix for ix in code.axes if ix not in e.indices)
        return Code(reduced(e.op, code, positions), axes=rest, shape=code.shape)

    def summed(self, body: ex.Expr, bound: tuple[ex.Ix, ...]) -> Code:
        """The sum over the bound letters: what does not depend on them moves out, the rest is contracted."""
        if isinstance(body, ex.IndexReduce) and body.op == "sum" and not set(body.indices) & set(bound):
            return self.summed(body.body, bound + body.indices)
        if isinstance(body, ex.Neg):
            code = self.summed(body.arg, bound)
            return replace(code, text="-" + code.at_least(Prec.MATMUL), prec=Prec.NEG)
        if isinstance(body, ex.Div) and not set(ex.free_indices(body.den)) & set(bound):
            (top, bottom), axes = aligned([self.summed(body.num, bound), self.strict(body.den).number], self.order)
            text = f"{top.at_least(Prec.MUL)} / {bottom.at_least(Prec.POW)}"
            return Code(text, Prec.MUL, axes, ex.broadcast(top.shape, bottom.shape))
        codes = [self.strict(f) for f in _factors(body)] if not body.shape else [self.strict(body)]
        outside = [c for c in codes if not c.axes and not c.shape]
        inside = [c.number for c in codes if c.axes or c.shape]
        used = {ix for c in inside for ix in c.axes}
        outside += [Code(self.size(ix.dim)) for ix in bound if ix not in used]
        if inside:
            total = self.contracted(inside, bound)
            outside.append(total)
        side_by_side, axes = aligned(outside, self.order)
        return _times(side_by_side, axes, ex.broadcast(*(c.shape for c in outside)))

    def contracted(self, codes: list[Code], bound: tuple[ex.Ix, ...]) -> Code:
        out = tuple(sorted({ix for c in codes for ix in c.axes if ix not in bound}, key=self.order))
        if len(codes) > 1:
            return einsum(codes, out)
        code = codes[0]
        positions = [at for at, ix in enumerate(code.axes) if ix in bound]
        rest = tuple(ix for ix in code.axes if ix not in bound)
        return Code(reduced("sum", code, positions), axes=rest, shape=code.shape) if positions else code

    def index_pick(self, e: ex.IndexPick, *, loose: bool) -> Code:
        if any(isinstance(ix, ex.Shift) for ix in e.at):
            return self.strict(self.unshifted(e.at, lambda at: ex.IndexPick(e.op, e.body, e.indices, at)))
        code = self.strict(e.body).number
        rest = tuple(ix for ix in code.axes if ix not in e.indices)
        ordered = spread(permuted(code, rest + tuple(ix for ix in e.indices if ix in code.axes)), rest + e.indices, 0)
        if len(ordered.axes) < len(rest) + len(e.indices):
            # A body that does not depend on a bound letter ties along it: the first position wins.
            sizes = shape_text([ix.dim for ix in rest + e.indices], self.size)
            ordered = Code(f"np.broadcast_to({ordered.text}, {sizes})")
        ordered = replace(ordered, axes=rest + e.indices)
        hot = one_hot(e.op, ordered, len(e.indices), self.size)
        positional = replace(hot, axes=rest, shape=tuple(ix.dim for ix in e.indices))
        return self.entries(positional, e.at)

    def partial(self, e: ex.Partial, *, loose: bool) -> Code:
        def quantity(x: ex.Expr) -> tuple[ex.Expr, tuple[ex.Ix, ...]]:
            return (x.base, x.indices) if isinstance(x, ex.Entry) else (x, ())

        (top, by), (bottom, at) = quantity(e.num), quantity(e.den)
        if top != bottom:
            raise BacksymError(say("numpy.local"))
        deltas = tuple(ex.Delta(i, j) for i, j in zip(by, at, strict=True))
        return self.strict(ex.Mul(deltas)) if deltas else Code("1.0")


class _Rule(Protocol):
    """The source of one kind of expression; where ``loose``, its axes of length one may be missing."""

    def __call__(self, coder: _Coder, e: Any, /, *, loose: bool) -> Code: ...


class _KindRule(Protocol):
    """The same of one kind of function, by the ``template`` of its name."""

    def __call__(
        self, coder: _Coder, e: ex.Fn, template: str | None, args: Sequence[ex.Expr], /, *, loose: bool
    ) -> Code | None: ...


numpy: RuleTable[_KindRule] = RuleTable("numpy")
"""NumPy source of a function by its template, for each kind; None where its definition has to serve."""


@numpy("elementwise")
def _entrywise(c: _Coder, e: ex.Fn, template: str | None, args: Sequence[ex.Expr], *, loose: bool) -> Code | None:
    if template is None:
        return None
    codes, axes, shape = c.arguments(e, args, loose=loose)
    return Code(filled_in(template, codes), axes=axes, shape=shape)


@numpy("rowwise", "rowreduce")
def _along_rows(c: _Coder, e: ex.Fn, template: str | None, args: Sequence[ex.Expr], *, loose: bool) -> Code | None:
    if template is None:
        return None
    codes, axes = aligned([c.strict(a) for a in args], c.order)
    first = args[0].shape
    return Code(filled_in(template, codes), axes=axes, shape=first if e.kind == "rowwise" else first[:-1])


@numpy("scalar")
def _number(c: _Coder, e: ex.Fn, template: str | None, args: Sequence[ex.Expr], *, loose: bool) -> Code | None:
    """A template is of one array, not of one for each value of an index."""
    if template is None or ex.free_indices(e):
        return None
    return Code(filled_in(template, [c.strict(a) for a in args]))


@numpy("matrix", "kron", "cumulative")
def _of_matrices(c: _Coder, e: ex.Fn, template: str | None, args: Sequence[ex.Expr], *, loose: bool) -> Code | None:
    """NumPy's functions of one matrix take many, along leading axes."""
    codes = [c.strict(a) for a in args]
    many = len(codes) > 1 and any(code.axes for code in codes)
    if template is None or (many and e.kind != "matrix"):
        return None
    if many:
        # Beside many matrices a vector is one only if it is a column.
        codes = [_as_column(code) if len(code.shape) == 1 else code for code in codes]
    codes, axes = aligned(codes, c.order)
    if axes and (stacked := FUNCTIONS[e.name].stacked) is not None:
        for _ in args[0].shape[1:]:
            codes = [replace(codes[0], text=filled_in(stacked, codes), prec=Prec.ATOM)]
        template = stacked
    text = filled_in(template, codes)
    if many and len(e.shape) == 1:
        text += f"[{':, ' * len(axes)}:, 0]"
    return Code(text, axes=axes, shape=e.shape)


def _as_column(vector: Code) -> Code:
    shown = f"{vector.atom}[{':, ' * len(vector.axes)}:, None]"
    return replace(vector, text=shown, prec=Prec.ATOM, shape=(*vector.shape, 1))


@numpy("diag")
def _diag(c: _Coder, e: ex.Fn, template: str | None, args: Sequence[ex.Expr], *, loose: bool) -> Code:
    code = c.strict(e.args[0]).number
    if not code.axes:
        return Code(f"np.diag({code.text})", shape=e.shape)
    if len(code.shape) == 1:
        pattern = ":, " * len(code.axes)
        text = f"{code.atom}[{pattern}None, :] * np.eye({c.size(code.shape[0])})"
        return Code(text, Prec.MUL, code.axes, e.shape)
    return Code(f'np.einsum("...ii->...i", {code.text})', axes=code.axes, shape=e.shape)


def _times(codes: Sequence[Code], axes: tuple[ex.Ix, ...], shape: ex.Shape) -> Code:
    """A product.  Truth values may stand in it after a number, not first: a minus sign would meet them there."""
    if all(c.boolean for c in codes):
        codes = [c.number for c in codes]
    codes = sorted(codes, key=lambda c: c.boolean)
    if len(codes) == 1:
        return replace(codes[0], axes=axes, shape=shape)
    texts = [c.at_least(Prec.MUL if n == 0 else Prec.POW) for n, c in enumerate(codes)]
    return Code(" * ".join(texts), Prec.MUL, axes, shape)


def _fixed(ix: ex.Ix) -> str:
    """A position counted from 0, or the whole axis for a letter."""
    return str(int(ix.letter) - 1) if ix.fixed else ":"


def _decimal(text: str) -> str:
    """A number that is no integer in NumPy."""
    return f"{text}.0" if re.fullmatch(r"-?\d+", text) else text


def _factors(e: ex.Expr) -> list[ex.Expr]:
    if isinstance(e, ex.Mul):
        return [f for arg in e.args for f in _factors(arg)]
    return [e]


def filled_in(template: str, codes: Sequence[Code]) -> str:
    """A code template with its arguments: parenthesised unless the place is an argument of its own."""

    def put(match: re.Match[str]) -> str:
        code = codes[int(match[1])].number
        alone = template[: match.start()].endswith(("(", ", ")) and template[match.end() :].startswith((")", ","))
        call = re.search(r"[\w)]\($|, $", template[: match.start()]) is not None
        return code.text if alone and call else code.atom

    return re.sub(r"\{(\d)\}", put, template)


def _formula(text: str, args: dict[str, ex.Expr]) -> ex.Expr:
    from backsym.reading.meaning.table_formulas import formula

    return formula(text, args)


_RULES: dict[type[ex.Expr], _Rule] = {
    ex.Num: _Coder.num,
    ex.Const: _Coder.const,
    ex.Sym: _Coder.sym,
    ex.Adj: _Coder.adj,
    ex.Size: _Coder.size_of,
    ex.Ones: _Coder.filled,
    ex.Zeros: _Coder.filled,
    ex.Eye: _Coder.eye,
    ex.Delta: _Coder.delta,
    ex.Labels: _Coder.labels,
    ex.OneHot: _Coder.one_hot,
    ex.Add: _Coder.add,
    ex.Neg: _Coder.neg,
    ex.Mul: _Coder.mul,
    ex.Div: _Coder.div,
    ex.Pow: _Coder.pow,
    ex.MatMul: _Coder.matmul,
    ex.T: _Coder.transpose,
    ex.Fn: _Coder.fn,
    ex.Cmp: _Coder.cmp,
    ex.Reduce: _Coder.reduce,
    ex.Reshape: _Coder.reshape,
    ex.Slice: _Coder.slice,
    ex.Concat: _Coder.concat,
    ex.Pick: _Coder.pick,
    ex.Entry: _Coder.entry,
    ex.Member: _Coder.member,
    ex.IndexReduce: _Coder.index_reduce,
    ex.IndexPick: _Coder.index_pick,
    ex.Partial: _Coder.partial,
}


def turned_axes(text: str, order: Sequence[int]) -> str:
    """An array with its axes in this order."""
    if list(order) == [1, 0]:
        return f"{text}.T"
    letters = string.ascii_lowercase
    return f'np.einsum("{letters[: len(order)]}->{"".join(letters[n] for n in order)}", {text})'


def member_of_places(e: ex.Member, at: Iterable[ex.Ix]) -> ex.Member:
    """The member at other indices, in the places of its own."""
    new = iter(at)
    return ex.Member(e.base, tuple(ix if ix is None else next(new) for ix in e.places))

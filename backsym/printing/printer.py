"""Expr -> layout: all mathematical notation stands here, once for every output language.

Parentheses follow from the precedence of what is printed (``Level``), never from the shape of the tree, so that there
are none that a reader does not need.  The author's order is kept.

This module must not know any output language, nor about calculus or numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from backsym.core.dims import amount, is_sum
from backsym.core.errors import BacksymError, ShapeError
from backsym.core.expr import (
    Add,
    Adj,
    Cmp,
    Concat,
    Const,
    Delta,
    Dim,
    Div,
    Entry,
    Equation,
    Expr,
    Eye,
    Fn,
    IndexPick,
    IndexReduce,
    Ix,
    Labels,
    MatMul,
    Member,
    Mul,
    Neg,
    Num,
    OneHot,
    Ones,
    Partial,
    Pick,
    Pow,
    Reduce,
    Reshape,
    Run,
    Shape,
    Size,
    Slice,
    Started,
    Sym,
    T,
    Total,
    Zeros,
    parts_of_axes,
    positioned,
    scalar_if_ones,
    walk,
)  # fmt: skip
from backsym.core.functions import FUNCTIONS
from backsym.core.kinds import kind_named
from backsym.core.names import accented_name, has_letter
from backsym.core.words import say
from backsym.printing import layout as lay
from backsym.printing.layout import Ident, Layout, Number, Op, Script, fenced, row, tight
from backsym.printing.notation import Notation, has_word, index, index_list, rank_of


class Level(IntEnum):
    """How firmly a printed expression holds together, from a sum to an atom."""

    SUM = 0
    NEGATIVE = 1
    SLASHED = 2
    """Stands in a sum, but in no product: a fraction on one line, ``a/b``."""
    PRODUCT = 3
    FACTOR = 4
    """Stands in any product, but takes no superscript: a fraction, a gradient, ``x^2``, ``W^{(2)}``."""
    ATOM = 5


@dataclass(frozen=True)
class Piece:
    """A printed expression.

    ``opens`` is ``sum`` or ``max`` when it ends in the body of such a sign, which would swallow a factor to its right.
    ``hadamard`` and ``matmul`` mark products that do not mix without parentheses.
    """

    layout: Layout
    level: Level = Level.ATOM
    opens: str = ""
    product: str = ""


POWERS_ON_THE_NAME = frozenset(("tanh", "sin", "cos", "tan", "sinh", "cosh", "sech"))
"""Functions whose integer powers are written ``tanh^2(z)``; of others ``sigma(z)^2``."""

COMPARISONS = {
    ">": "greater", ">=": "greater_equal", "<": "less", "<=": "less_equal", "==": "equal", "!=": "not_equal",
}  # fmt: skip
KEPT = 4096
"""So many layouts are kept, so that a class of answers does not fill the memory."""

PARTIAL = lay.Symbol("partial")
THIN = lay.Space("thin")
INDICATOR = Ident("1", "blackboard")


def layout_of(expr: Expr, notation: Notation) -> Layout:
    """The layout of an expression; raises TypeError for a node without a rule.

    One that is shown again, as a step's end is where the next begins, has the same layout.
    """
    known = notation.laid.get(id(expr))
    if known is None:
        if len(notation.laid) >= KEPT:
            notation.laid.clear()
        known = notation.laid[id(expr)] = (expr, _piece(expr, notation).layout)
    return known[1]


def equation_layout(equation: Equation, notation: Notation) -> Layout:
    """``lhs = rhs``."""
    return row(layout_of(equation.lhs, notation), lay.EQUALS, layout_of(equation.rhs, notation))


def range_layout(indices: Sequence[Ix], notation: Notation) -> Layout | None:
    """``k = 1, ..., D``, for each index that is not fixed; None if there is none."""
    items: list[Layout] = []
    for ix in indices:
        if isinstance(ix, Run):
            items.extend((lay.COMMA, lay.Space("thick")) if items else ())
            items.extend(_run(ix, notation))
        elif not ix.fixed:
            items.extend((lay.COMMA, lay.Space("thick")) if items else ())
            items.extend((index(ix, notation), lay.EQUALS, notation.first(ix.dim), *_others(ix.dim, notation)))
    return row(*items) if items else None


def _others(dim: Dim, n: Notation) -> tuple[Layout, ...]:
    """What follows the first position: ``, ..., D``, without dots where they would stand for nothing."""
    between = () if dim == 2 else (lay.COMMA, lay.Symbol("dots"))
    return () if dim == 1 else (*between, lay.COMMA, n.final(dim))


def _run(ix: Run, n: Notation) -> tuple[Layout, ...]:
    """``t = T - 1, ..., 1``, or one position."""
    first = (index(Ix(ix.letter, ix.dim), n), lay.EQUALS, index(ix.first, n))
    if ix.first == ix.final:
        return first
    return (*first, lay.COMMA, lay.Symbol("dots"), lay.COMMA, index(ix.final, n))


def size_layout(shape: Shape, notation: Notation) -> Layout:
    """``N x D``, as in a dimension check; a vector's is ``D x 1``, a scalar's ``1 x 1``."""
    full = {0: (1, 1), 1: (*shape, 1)}.get(len(shape), shape)
    return _axes(full, notation)


def _axes(shape: Shape, notation: Notation) -> Layout:
    """``N x D``; a sum in a product of sizes is in parentheses."""
    sums = [is_sum(amount(d)) for d in shape]
    sizes = [notation.dim(d) for d in shape]
    fence = len(shape) > 1
    whole = [fenced("paren", size) if several and fence else size for size, several in zip(sizes, sums, strict=True)]
    return lay.separated(tuple(whole), Op("times"))


def shape_layout(shape: Shape, notation: Notation) -> Layout:
    """The set that an array of this shape belongs to: R, R^D or R^{N x D}."""
    reals = Ident("R", "blackboard")
    return _members(reals, shape, notation)


def classes_layout(classes: Dim, shape: Shape, notation: Notation) -> Layout:
    """The set that a label belongs to: {1, ..., K}, or {1, ..., K}^N."""
    items = (Number("1"), lay.COMMA, lay.Symbol("dots"), lay.COMMA, notation.dim(classes))
    return _members(lay.Fenced("brace", lay.row(*items)), shape, notation)


def _members(base: Layout, shape: Shape, notation: Notation) -> Layout:
    if not shape:
        return base
    return Script(base, sup=_axes(shape, notation))


# --- the frame -------------------------------------------------------------------------------------------------------


def _piece(e: Expr, n: Notation) -> Piece:
    rule = _RULES.get(type(e))
    if rule is None:
        raise TypeError(f"no notation for the expression node {type(e).__name__}")
    return rule(e, n if n.within is None or isinstance(e, _COMPOUND) else n.within)


_COMPOUND = (Add, Neg, Mul, MatMul)
"""What consists of arrays that may have their sizes below."""


def sized_layout(expr: Expr, notation: Notation) -> Layout:
    """The layout with colours and with the size of each array below it that is added or multiplied."""
    n = replace(notation, tinted=True, within=replace(notation, tinted=True))
    return _with_size(layout_of(expr, n), expr, n)


def _with_size(layout: Layout, e: Expr, n: Notation) -> Layout:
    """The layout of a summand, with its size if that is to stand below it and stands below none of its parts."""
    if n.within is None or isinstance(e, _COMPOUND) or not e.shape:
        return layout
    return _braced(layout, e, n)


def _braced(layout: Layout, e: Expr, n: Notation) -> Layout:
    """A brace with the size below, which touches none beside it."""
    return lay.Underbrace(layout, row(THIN, size_layout(e.shape, n), THIN))


def _is_whole(factor: Expr, product: Expr) -> bool:
    """Whether a factor has one size below it: a sum, and what is multiplied entry by entry in a matrix product."""
    hadamard = isinstance(factor, Mul) and isinstance(product, MatMul) and sum(map(_is_array, factor.args)) > 1
    return isinstance(factor, Add) or hadamard or not isinstance(factor, _COMPOUND)


def number_meets(factors: Sequence[Expr]) -> bool:
    """Whether these are an array and a quantity that is a number, which meet as matrices: ``[1 x 1] [1 x J]``."""
    number = next((factor for factor in factors if not factor.shape), None)
    if number is None or len(factors) != 2 or not any(isinstance(part, (Sym, Adj)) for part in walk(number)):
        return False
    left, right = (factor.shape if len(factor.shape) == 2 else (*factor.shape, 1, 1)[:2] for factor in factors)
    return len(left) == len(right) == 2 and left[1] == right[0]


def _at_least(p: Piece, level: Level) -> Layout:
    return p.layout if p.level >= level else fenced("paren", p.layout)


def _power(base: Piece, exponent: Layout) -> Piece:
    return Piece(lay.with_sup(_at_least(base, Level.ATOM), exponent), Level.FACTOR)


def _named(layout: Layout) -> Piece:
    """A name: one that has a superscript already (``W^{(2)}``) takes no other."""
    has_sup = isinstance(layout, Script) and layout.sup is not None
    opaque = isinstance(layout, lay.Row)
    return Piece(layout, Level.FACTOR if has_sup or opaque else Level.ATOM)


def _apply(head: Layout, args: Sequence[Layout]) -> Layout:
    return tight(head, fenced("paren", lay.separated(tuple(args))))


def _shape(e: Expr) -> Shape:
    """The shape; a vector's for operands that do not fit together, which are shown to whoever wrote them."""
    try:
        return e.shape
    except ShapeError:
        return ("?",)


def _is_array(e: Expr) -> bool:
    return scalar_if_ones(_shape(e)) != ()


def _leftmost(layout: Layout) -> Layout:
    if isinstance(layout, lay.Row):
        return _leftmost(layout.items[0])
    return _leftmost(layout.base) if isinstance(layout, Script) else layout


# --- atoms -----------------------------------------------------------------------------------------------------------


def _num(e: Num, n: Notation) -> Piece:
    positive = _magnitude(e)
    if e.value < 0:
        return Piece(tight(lay.MINUS, positive), Level.NEGATIVE)
    if isinstance(positive, Number):
        return Piece(positive)
    return Piece(positive, Level.PRODUCT if isinstance(positive, lay.Row) else Level.FACTOR)


def _magnitude(e: Num) -> Layout:
    """A number without its sign, in the author's spelling; 1e-5 as a power of ten."""
    value = abs(e.value)
    if e.text is not None:
        mantissa, _, exponent = e.text.lstrip("+-").lower().partition("e")
        if not exponent:
            return Number(mantissa)
        digits = exponent.lstrip("+-0") or "0"
        sup = tight(lay.MINUS, Number(digits)) if exponent.startswith("-") else Number(digits)
        power = Script(Number("10"), sup=sup)
        return power if mantissa == "1" else row(Number(mantissa), Op("times"), power)
    if value.denominator == 1:
        return Number(str(value.numerator))
    return lay.Frac(Number(str(value.numerator)), Number(str(value.denominator)))


def _const(e: Const, n: Notation) -> Piece:
    if e.name not in ("pi", "e"):
        raise BacksymError(say("printing.constant", name=e.name))
    return Piece(Ident(e.name))


def _shaped(symbol: Layout, shape: Shape, n: Notation) -> Piece:
    """An all-ones array or an identity matrix with its size below."""
    return Piece(Script(symbol, sub=_axes(shape, n)))


def _ones(e: Ones, n: Notation) -> Piece:
    return _shaped(INDICATOR, e.of, n) if e.of else Piece(Number("1"))


def _zeros(e: Zeros, n: Notation) -> Piece:
    return Piece(n.letter("0", len(e.of)) if e.of and n.vectors != "plain" else Number("0"))


def _delta(e: Delta, n: Notation) -> Piece:
    if not e.equal:
        return _named(_indicator(row(index(e.i, n), lay.Op("not_equal", "relation"), index(e.j, n))))
    if n.takes_delta:  # The letter is taken by the error signals.
        return _named(_indicator(row(index(e.i, n), lay.EQUALS, index(e.j, n))))
    return Piece(Script(Ident("delta"), sub=index_list((e.i, e.j), n)))


def _one_hot(e: OneHot, n: Notation) -> Piece:
    """e_y; the word, where many labels are meant or a quantity has vectors that are called so."""
    if e.labels.shape or "e" in n.names or "E" in n.families:
        return Piece(_apply(Ident("onehot", "operator"), [layout_of(e.labels, n)]))
    return Piece(Script(n.letter("e", 1), sub=layout_of(e.labels, n)))


# --- derivatives -----------------------------------------------------------------------------------------------------


def _leibniz(top: Layout, bottom: Layout) -> Piece:
    return Piece(lay.Frac(row(PARTIAL, top), row(PARTIAL, bottom)), Level.FACTOR)


def _in_line(p: Piece, n: Notation) -> Piece:
    """A derivative as a line of text has it: one that is a fraction, with a slash."""
    if not n.slashed or not isinstance(p.layout, lay.Frac):
        return p
    return Piece(tight(p.layout.num, Op("slash", "ordinary"), p.layout.den), Level.SLASHED)


def _over_bar(quantity: Layout) -> Piece:
    """The quantity with a bar over its letter, or over its whole word; its scripts are kept."""
    base = quantity.base if isinstance(quantity, Script) else quantity
    barred = lay.Accent("overline" if has_word(base) else "bar", base)
    return _named(replace(quantity, base=barred) if isinstance(quantity, Script) else barred)


def _by_nabla(loss: Layout, quantity: Layout, rank: int) -> Piece:
    if not rank:
        return _leibniz(loss, quantity)
    nabla = Script(lay.Symbol("nabla"), sub=quantity)
    return Piece(row(nabla, THIN, loss) if has_word(loss) else row(nabla, loss), Level.FACTOR)


_GRADIENTS: Mapping[str, Callable[[Layout, Layout, int], Piece]] = {
    "nabla": _by_nabla,
    "partial": lambda loss, quantity, rank: _leibniz(loss, quantity),
    "bar": lambda loss, quantity, rank: _over_bar(quantity),
    "delta": _by_nabla,
    "differential": lambda loss, quantity, rank: Piece(tight(Ident("d", "roman"), quantity), Level.FACTOR),
}
"""The derivative of the loss by a quantity that is already laid out; an entry has rank 0."""


def _adjoint(name: str, quantity: Layout, rank: int, n: Notation) -> Piece:
    """The derivative of the loss by a quantity; with the letter delta only pre-activations have one of their own.

    Where the file says whose, it stands in the place of their letter: delta^{(l)} for z^{(l)}.
    """
    if n.delta and has_letter(name, n.delta) and not accented_name(name)[2]:
        whole = rank > n.families.get(name, rank)
        letter = n.letter("Delta" if whole else "delta", rank)
        return _named(replace(quantity, base=letter) if isinstance(quantity, Script) else letter)
    if n.gradient == "delta" and name in n.preactivations:
        return Piece(Script(n.letter("delta", rank), sub=quantity))
    found: Piece | Layout = n.rule("gradient", _GRADIENTS)(n.name(n.loss), quantity, rank)
    return _in_line(found if isinstance(found, Piece) else Piece(found, Level.FACTOR), n)


def _adj(e: Adj, n: Notation) -> Piece:
    return _adjoint(e.name, n.name(e.name, rank_of(e.declared)), rank_of(e.declared), n)


def _partial(e: Partial, n: Notation) -> Piece:
    piece = _in_line(_leibniz(layout_of(e.num, n), layout_of(e.den, n)), n)
    if e.direct or (isinstance(e.num, Sym) and e.num.name == n.loss):
        # The loss's own equation alone: without the mark it would read as the whole derivative.
        return Piece(Script(fenced("bracket", piece.layout), sub=Ident("direct", "roman")), Level.FACTOR)
    return piece


def _total(e: Total, n: Notation) -> Piece:
    return _in_line(_total_derivative(e, n), n)


def _total_derivative(e: Total, n: Notation) -> Piece:
    """A derivative by one quantity, or the second one, where the second of two vectors is a row."""
    top = layout_of(e.of, n)
    if len(e.by) == 1:
        return _leibniz(top, layout_of(e.by[0], n))
    twice = Script(PARTIAL, sup=lay.Number("2"))
    first, second = (layout_of(by, n) for by in e.by)
    if first == second and isinstance(first, Ident) and not e.by[0].shape:
        return Piece(lay.Frac(row(twice, top), row(PARTIAL, Script(first, sup=lay.Number("2")))), Level.FACTOR)
    last = layout_of(T(e.by[1]), n) if len(e.by[1].shape) == 1 else second
    return Piece(lay.Frac(row(twice, top), row(PARTIAL, first, THIN, PARTIAL, last)), Level.FACTOR)


def _entry(e: Entry, n: Notation) -> Piece:
    base = e.base
    if (counted := positioned(e)) is not None:
        return Piece(index(counted, n))
    if isinstance(base, (Sym, Labels)):
        return _named(n.entry(base.name, e.indices))
    if isinstance(base, Adj):
        return _adjoint(base.name, n.entry(base.name, e.indices), 0, n)
    if isinstance(base, Fn) and kind_named(base.kind).named and _form(base) is None:
        return Piece(lay.with_sub(layout_of(base, n), index_list(e.indices, n)))
    if isinstance(base, Eye):
        return Piece(Script(Ident("I"), sub=index_list(e.indices, n)))
    inside = lay.Fenced("bracket", layout_of(base, n), stretchy=True)
    return Piece(Script(inside, sub=index_list(e.indices, n)))


def _member(e: Member, n: Notation) -> Piece:
    base, rank = e.base, rank_of(e.shape)
    if isinstance(base, Sym):
        return _named(n.member(base.name, rank, e.places))
    if isinstance(base, Adj):
        return _adjoint(base.name, n.member(base.name, rank, e.places), rank, n)
    inside = lay.Fenced("bracket", layout_of(base, n), stretchy=True)
    return Piece(n.placed(inside, e.places))


# --- sums and products -----------------------------------------------------------------------------------------------


def _signed(e: Expr) -> tuple[bool, Expr]:
    """Whether a term is subtracted, and the term without that sign; a negative leading number counts as a sign."""
    if isinstance(e, Neg):
        return True, e.arg
    if isinstance(e, Num) and e.value < 0:
        return True, Num(-e.value, e.text.lstrip("+-") if e.text else None)
    if isinstance(e, Mul) and not isinstance(e.args[0], Neg):
        negative, first = _signed(e.args[0])
        return negative, (replace(e, args=(first, *e.args[1:])) if negative else e)
    if isinstance(e, Div) and isinstance(e.num, (Num, Neg)):
        negative, top = _signed(e.num)
        return negative, (replace(e, num=top) if negative else e)
    return False, e


def _add(e: Add, n: Notation) -> Piece:
    items: list[Layout] = []
    terms = _terms(e)
    given = n
    sizes: set[tuple[Shape, ...]] = set()
    for at, (negative, term) in enumerate(terms):
        n = given
        if n.within is not None and isinstance(term, (Mul, MatMul)):  # Of terms of the same sizes the first has them.
            own = tuple(factor.shape for factor in term.args)
            n = n.within if own in sizes else n
            sizes.add(own)
        p = _piece(term, n)
        # "max_k z_k + b" could be read with b inside, so such a term is fenced unless it is the last.
        swallows = p.opens == "max" and at < len(terms) - 1
        body = fenced("paren", p.layout) if swallows or p.level < Level.SLASHED else p.layout
        if items:
            items.append(Op("minus" if negative else "plus"))
        elif negative:
            items.append(lay.MINUS)
        body = lay.Tinted(body, "passed") if n.tinted and _is_adjoint(term) else body
        items.append(_with_size(body, term, n))
    return Piece(row(*items), Level.SUM)


def _terms(e: Add) -> list[tuple[bool, Expr]]:
    out: list[tuple[bool, Expr]] = []
    for arg in e.args:
        out.extend(_terms(arg) if isinstance(arg, Add) else (_signed(arg),))
    return out


def _neg(e: Neg, n: Notation) -> Piece:
    p = _piece(e.arg, n)
    return Piece(row(lay.MINUS, _with_size(_at_least(p, Level.SLASHED), e.arg, n)), Level.NEGATIVE, p.opens)


def _mul(e: Mul, n: Notation) -> Piece:
    negative, positive = _signed(e)
    if negative:
        return _neg(Neg(positive), n)
    factors = _factors(e)
    arrays = sum(_is_array(f) for f in factors)
    items: list[Layout] = []
    seen_array = False
    p = Piece(Number("1"))
    for at, factor in enumerate(factors):
        p = _factor(factor, e, n)
        last = at == len(factors) - 1
        # (u^T v) u, never u^T v u: next to an array a product that is a number would read as a longer product.
        number = p.product == "matmul" and not _is_array(factor) and arrays > 0
        mixed = (arrays > 1 and p.product == "matmul") or number
        fence = p.level < Level.PRODUCT or mixed or (p.opens != "" and not last)
        body = fenced("paren", p.layout) if fence else p.layout
        if items:
            hadamard = seen_array and _is_array(factor)
            items.extend((Op("odot"),) if hadamard else _between(factors[at - 1], items[-1], factor, body, n))
        items.append(body)
        seen_array = seen_array or _is_array(factor)
    items = _marked(items, factors, e, n)
    product = "hadamard" if arrays > 1 else ("matmul" if p.product == "matmul" else "scaled")
    return Piece(row(*items), Level.PRODUCT, p.opens, product)


def _factors(e: Mul) -> list[Expr]:
    out: list[Expr] = []
    for arg in e.args:
        out.extend(_factors(arg) if isinstance(arg, Mul) and not _signed(arg)[0] else (arg,))
    return out


def _between(left: Expr, left_layout: Layout, right: Expr, right_layout: Layout, n: Notation) -> tuple[Layout, ...]:
    """What stands between two juxtaposed factors: mostly nothing.

    A dot before a number and after a factor one (``2 . 3``, ``g . 1``), and between the adjoint and the local
    derivative of a chain rule, as textbooks have it; a thin space where ``L (x)`` would look like a function of x, and
    before the name of a function, which would read as one word with a letter; a little more around a word.  On a page
    a thin space stands on either side of a derivative of the loss.
    """
    one = isinstance(left, Num) and left.value == 1
    if one or isinstance(right, (Num, Partial)) or isinstance(_leftmost(right_layout), Number):
        return (Op("cdot"),)
    if isinstance(left, Num) and isinstance(right, Div) and isinstance(right.num, Num):
        return (Op("cdot"),)
    start, end = _leftmost(right_layout), left_layout.items[-1] if isinstance(left_layout, lay.Row) else left_layout
    start = start.base if n.spaced and isinstance(start, lay.Primed) else start
    operator = isinstance(start, Ident) and start.style == "operator"  # It has a space of its own.
    if not operator and has_word(start, end):
        return (lay.Space("medium") if isinstance(start, Ident) and not isinstance(right, Fn) else THIN,)
    if n.spaced and (_is_adjoint(left) or _is_adjoint(right)):
        return (THIN,)
    parenthesis = isinstance(start, lay.Fenced)
    loss_name = isinstance(left_layout, Ident) or (isinstance(left, Adj) and isinstance(left_layout, lay.Row))
    return (THIN,) if parenthesis and loss_name and _ends_in_loss(left_layout) else ()


def _ends_in_loss(layout: Layout) -> bool:
    if isinstance(layout, lay.Row):
        return _ends_in_loss(layout.items[-1])
    return isinstance(layout, Ident) and layout.style == "calligraphic"


def _matmul(e: MatMul, n: Notation) -> Piece:
    items: list[Layout] = []
    p = Piece(Number("1"))
    for at, arg in enumerate(e.args):
        p = _factor(arg, e, n)
        first, last = at == 0, at == len(e.args) - 1
        mixed = p.product == "hadamard" or (p.product == "scaled" and not first)
        fence = p.level < Level.PRODUCT or mixed or (p.opens != "" and not last)
        body = fenced("paren", p.layout) if fence else p.layout
        if items:
            items.extend(_between(e.args[at - 1], items[-1], arg, body, n))
        items.append(body)
    return Piece(row(*_marked(items, e.args, e, n)), Level.PRODUCT, p.opens, "matmul")


def tinted_layout(expr: Expr, notation: Notation) -> Layout:
    """The layout with colours: an adjoint is passed back, and what it is multiplied by is the local derivative.

    That is the chain rule: every term of a derivative has one adjoint, in which it is linear.
    """
    layout = layout_of(expr, notation)
    return lay.Tinted(layout, "passed") if _is_adjoint(expr) else layout


def _is_adjoint(e: Expr) -> bool:
    return isinstance(e.base if isinstance(e, (Entry, Member)) else e, Adj)


def _tints(factors: Sequence[Expr]) -> list[str]:
    """``passed``, ``local`` or nothing for each factor of a product of which one factor holds the adjoint."""
    passed = [any(isinstance(part, Adj) for part in walk(factor)) for factor in factors]
    if sum(passed) != 1 or len(factors) < 2:
        return [""] * len(factors)
    return [
        "local" if not held else "passed" if _is_adjoint(factor) else ""
        for held, factor in zip(passed, factors, strict=True)
    ]


def _marked(items: list[Layout], factors: Sequence[Expr], product: Expr, n: Notation) -> list[Layout]:
    """The items of a product, signs between them included, in their colours and with their sizes."""
    if not n.tinted or sum(not isinstance(item, (Op, lay.Space)) for item in items) != len(factors):
        return items
    meets = number_meets(factors)
    left = iter(zip(_tints(factors), factors, strict=True))
    out: list[Layout] = []
    for item in items:
        if not isinstance(item, (Op, lay.Space)):
            tint, factor = next(left)
            item = lay.Tinted(item, tint) if tint else item
            if n.within is not None and (factor.shape or meets) and _is_whole(factor, product):
                # The name of an operator loses its own space in a brace.
                start = _leftmost(item.body if isinstance(item, lay.Tinted) else item)
                named = isinstance(start, Ident) and start.style == "operator"
                out += [THIN] if named and out and not isinstance(out[-1], (Op, lay.Space)) else []
                item = _braced(item, factor, n)
        out.append(item)
    return out


def _factor(factor: Expr, product: Expr, n: Notation) -> Piece:
    return _piece(factor, n.within if n.within is not None and _is_whole(factor, product) else n)


def _div(e: Div, n: Notation) -> Piece:
    negative, positive = _signed(e)
    if negative:
        return _neg(Neg(positive), n)
    quotient = lay.Frac(layout_of(e.num, n), layout_of(e.den, n), entrywise=_is_array(e.den))
    return Piece(quotient, Level.FACTOR)


def _pow(e: Pow, n: Notation) -> Piece:
    return _raised(e.base, e.exp, n)


def _raised(base: Expr, exponent: Expr, n: Notation) -> Piece:
    """A power.  Of an array it is entry by entry, which the exponent says, except on a function's name."""
    integer = isinstance(exponent, Num) and exponent.value.denominator == 1 and exponent.value > 1
    sup = _exponent(exponent, n)
    if integer and isinstance(base, Fn) and base.order == 0 and base.name in POWERS_ON_THE_NAME:
        head = lay.with_sup(n.function(base.name), sup)
        return Piece(_apply(head, [layout_of(a, n) for a in base.args]), Level.FACTOR)
    if _is_array(base):
        tight_sup = sup if isinstance(exponent, (Num, Sym, Size)) else fenced("paren", sup)
        sup = row(Op("odot", "ordinary"), tight_sup)
    return _power(_piece(base, n), sup)


def _exponent(e: Expr, n: Notation) -> Layout:
    """An exponent: fractions of numbers stand on one line."""
    sign, positive = _signed(e)
    if isinstance(positive, Num) and positive.text is None and positive.value.denominator != 1:
        top, bottom = str(positive.value.numerator), str(positive.value.denominator)
    elif isinstance(positive, Div) and isinstance(positive.num, Num) and isinstance(positive.den, Num):
        return _slash(layout_of(positive.num, n), layout_of(positive.den, n), negative=sign)
    else:
        return layout_of(e, n)
    return _slash(Number(top), Number(bottom), negative=sign)


def _slash(top: Layout, bottom: Layout, *, negative: bool) -> Layout:
    minus = (lay.MINUS,) if negative else ()
    return tight(*minus, top, Op("slash", "ordinary"), bottom)


def _transpose(e: T, n: Notation) -> Piece:
    sup = n.transposed
    if isinstance(e.arg, Reshape) and e.arg.regroups and len(e.arg.shape) == 2:
        return _unstacked(e.arg, n)
    if isinstance(e.arg, Fn) and _form(e.arg) is _inverse:
        return _power(_piece(e.arg.args[0], n), tight(lay.MINUS, sup))
    return _power(_piece(e.arg, n), sup)


# --- functions -------------------------------------------------------------------------------------------------------


def _fn(e: Fn, n: Notation) -> Piece:
    special = _form(e)
    if special is not None and e.order == 0:
        return special(e, n)
    head = Ident(e.name, "operator") if special is not None else n.function(e.name)
    if e.order:
        head = lay.Primed(head, e.order)
    return Piece(_apply(head, [layout_of(a, n) for a in e.args]))


def _form(e: Fn) -> Callable[[Fn, Notation], Piece] | None:
    """How a function is laid out that is not written as a name with arguments."""
    return FORMS.get(FUNCTIONS[e.name].form) if e.name in FUNCTIONS else None


def _reshape(e: Reshape, n: Notation) -> Piece:
    """The array itself; the rows of a matrix in one vector are the columns of its transpose."""
    if not e.regroups:
        return _piece(e.arg, n)
    vec = Ident("vec", "operator")
    if len(e.shape) == 2:  # Rows are filled one after the other: vec^-1 fills columns.
        return _power(_unstacked(e, n), n.transposed)
    inside = e.arg.arg if isinstance(e.arg, T) else T(e.arg) if len(e.arg.shape) == 2 else e.arg
    return Piece(_apply(vec, [layout_of(inside, n)]))


def _unstacked(e: Reshape, n: Notation) -> Piece:
    """The matrix whose columns are parts of a vector."""
    head = Script(Ident("vec", "operator"), sup=tight(lay.MINUS, Number("1")))
    return Piece(_apply(head, [layout_of(e.arg, n)]))


def _slice(e: Slice, n: Notation) -> Piece:
    """z_{1:H}; of a matrix W_{:,1:H}, where the colon is the axis that is kept."""
    array, parts = parts_of_axes(e)
    base = layout_of(array, n)
    plain = isinstance(array, Sym) and not (isinstance(base, Script) and base.sub is not None)
    ends: dict[int, Layout] = {}
    for axis, part in parts.items():
        less = part.arg.shape[axis] in n.from_zero
        ends[axis] = tight(n.whole(part.first - less), Ident(":"), n.whole(part.last - less))
    places = [ends.get(axis, Ident(":")) for axis in range(len(array.shape))]
    whole = base if plain else lay.Fenced("bracket", base, stretchy=True)
    return _named(lay.with_sub(whole, lay.separated(tuple(places))))


def _concat(e: Concat, n: Notation) -> Piece:
    """Blocks below each other, or side by side."""
    cells = [layout_of(arg, n) for arg in e.args]
    return Piece(lay.Matrix((tuple(cells),) if e.axis else tuple((cell,) for cell in cells)))


def _exp(e: Fn, n: Notation) -> Piece:
    """``e^{z_k}`` of one scalar quantity; ``exp(...)`` of an array, of anything longer, or where e is a quantity."""
    arg = e.args[0].arg if isinstance(e.args[0], Neg) else e.args[0]
    short = isinstance(arg, (Entry, Sym, Num)) and not lay.is_tall(layout_of(arg, n))
    if _shape(e) == () and not n.e_is_a_name and short:
        return Piece(Script(Ident("e"), sup=layout_of(e.args[0], n)), Level.FACTOR)
    return Piece(_apply(n.function("exp"), [layout_of(e.args[0], n)]))


def _sqrt(e: Fn, n: Notation) -> Piece:
    return Piece(lay.Sqrt(layout_of(e.args[0], n)), Level.FACTOR)


def _bars(kind: str) -> Callable[[Fn, Notation], Piece]:
    return lambda e, n: Piece(fenced(kind, layout_of(e.args[0], n)))


def _norm(e: Fn, n: Notation) -> Piece:
    """The 2-norm of a vector, the Frobenius norm of a matrix."""
    bars = fenced("norm", layout_of(e.args[0], n))
    matrix = sum(d != 1 for d in _shape(e.args[0])) > 1
    return Piece(lay.with_sub(bars, Ident("F")) if matrix else bars)


def _inverse(e: Fn, n: Notation) -> Piece:
    return _power(_piece(e.args[0], n), tight(lay.MINUS, Number("1")))


def _solution(e: Fn, n: Notation) -> Piece:
    """The solution of A x = b, by the inverse."""
    return _matmul(MatMul((Fn("inv", e.args[:1], 0, e.kind), e.args[1])), n)


def _matrix_power(e: Fn, n: Notation) -> Piece:
    return _power(_piece(e.args[0], n), _exponent(e.args[1], n))


def _log_det(e: Fn, n: Notation) -> Piece:
    """The logarithm of the size of the determinant."""
    size = fenced("abs", _apply(n.function("det"), [layout_of(e.args[0], n)]))
    return Piece(tight(n.function("log"), size), Level.FACTOR)


def _kron(e: Fn, n: Notation) -> Piece:
    parts = [fenced("paren", p.layout) if p.level < Level.FACTOR else p.layout for p in (_piece(a, n) for a in e.args)]
    return Piece(row(parts[0], Op("otimes"), parts[1]), Level.NEGATIVE)


FORMS: dict[str, Callable[[Fn, Notation], Piece]] = {
    "exp": _exp,
    "sqrt": _sqrt,
    "abs": _bars("abs"),
    "norm": _norm,
    "pow": lambda e, n: _raised(e.args[0], e.args[1], n),
    "inverse": _inverse,
    "solution": _solution,
    "matrix_power": _matrix_power,
    "log_det": _log_det,
    "kron": _kron,
}
"""How functions are laid out that are not written as a name with arguments, by the ``form`` of their entry."""


def _indicator(condition: Layout) -> Layout:
    return tight(INDICATOR, fenced("bracket", condition))


def _cmp(e: Cmp, n: Notation) -> Piece:
    if e.op not in COMPARISONS:
        raise BacksymError(say("printing.comparison", sign=e.op))
    return Piece(_indicator(row(layout_of(e.a, n), Op(COMPARISONS[e.op], "relation"), layout_of(e.b, n))))


def _reduce(e: Reduce, n: Notation) -> Piece:
    """A reduction of a whole array; an axis is noted below, as no common notation has it."""
    head: Layout = Ident(e.op, "operator")
    rank = len(_shape(e.arg))
    if e.axis is not None and rank > 1:
        note = tight(Ident("axis", "roman"), lay.EQUALS, Number(str(e.axis % rank)))
        head = Script(head, sub=note)
    return Piece(_apply(head, [layout_of(e.arg, n)]))


def _pick(e: Pick, n: Notation) -> Piece:
    sign: Layout = lay.Big("arg" + e.op)
    rank = len(_shape(e.arg))
    if e.axis is not None and rank > 1:
        sign = lay.Big("arg" + e.op, tight(Ident("axis", "roman"), lay.EQUALS, Number(str(e.axis % rank))))
    return Piece(tight(INDICATOR, fenced("bracket", _apply(sign, [layout_of(e.arg, n)]))))


# --- sums over an index ----------------------------------------------------------------------------------------------


def _excluding(e: IndexReduce, n: Notation) -> Piece | None:
    """The sum over j != y of a body, where the author's condition leads it."""
    body = e.body
    if e.op != "sum" or len(e.indices) != 1 or not isinstance(body, Mul):
        return None
    condition, *rest = body.args
    if not isinstance(condition, Delta) or condition.equal or condition.i != e.indices[0] or isinstance(rest[0], Delta):
        return None
    below = tight(index(condition.i, n), lay.Op("not_equal", "relation"), index(condition.j, n))
    return Piece(row(lay.Big("sum", below), _body(times_of(rest), n)), Level.PRODUCT, "sum")


def times_of(factors: Sequence[Expr]) -> Expr:
    return factors[0] if len(factors) == 1 else Mul(tuple(factors))


def _index_reduce(e: IndexReduce, n: Notation) -> Piece:
    found = _excluding(e, n)
    if found is not None:
        return found
    if e.op in ("max", "min"):
        sign = lay.Big(e.op, lay.separated(tuple(index(ix, n) for ix in e.indices)))
        return Piece(row(sign, _body(e.body, n)), Level.PRODUCT, "max")
    if e.op == "prod":
        return Piece(row(*(_over_all("prod", ix, n) for ix in e.indices), _body(e.body, n)), Level.PRODUCT, "sum")
    signs: list[Layout] = []
    if e.op == "mean":
        signs.append(lay.Frac(Number("1"), row(*(n.dim(ix.dim) for ix in e.indices))))
    elif e.op != "sum":
        raise BacksymError(say("printing.reduction", name=e.op))
    signs.extend(_over_all("sum", ix, n) for ix in e.indices)
    return Piece(row(*signs, _body(e.body, n)), Level.PRODUCT, "sum")


def _over_all(sign: str, ix: Ix, n: Notation) -> Layout:
    if n.bare_sums:
        return lay.Big(sign, index(ix, n))
    return lay.Big(sign, tight(index(ix, n), lay.EQUALS, n.first(ix.dim)), n.final(ix.dim))


def _body(e: Expr, n: Notation) -> Layout:
    return _at_least(_piece(e, n), Level.PRODUCT)


def _index_pick(e: IndexPick, n: Notation) -> Piece:
    at: Layout = lay.separated(tuple(index(ix, n) for ix in e.at))
    if len(e.at) > 1:
        at = fenced("paren", at)
    sign = lay.Big("arg" + e.op, lay.separated(tuple(index(ix, n) for ix in e.indices)))
    return Piece(_indicator(row(at, lay.EQUALS, sign, _body(e.body, n))))


_RULES: dict[type[Expr], Callable[[Any, Notation], Piece]] = {
    Num: _num,
    Const: _const,
    Sym: lambda e, n: _named(n.name(e.name, rank_of(e.declared))),
    Started: lambda e, n: _named(n.name(e.name, rank_of(e.declared))),
    Adj: _adj,
    Size: lambda e, n: _named(n.dim(e.dim)),
    Ones: _ones,
    Zeros: _zeros,
    Eye: lambda e, n: _shaped(n.letter("I", 2), (e.dim,), n),
    Delta: _delta,
    Labels: lambda e, n: Piece(n.name(e.name, len(e.declared))),
    OneHot: _one_hot,
    Add: _add,
    Neg: _neg,
    Mul: _mul,
    Div: _div,
    Pow: _pow,
    MatMul: _matmul,
    T: _transpose,
    Reshape: _reshape,
    Slice: _slice,
    Concat: _concat,
    Fn: _fn,
    Cmp: _cmp,
    Reduce: _reduce,
    Pick: _pick,
    Entry: _entry,
    Member: _member,
    IndexReduce: _index_reduce,
    IndexPick: _index_pick,
    Partial: _partial,
    Total: _total,
}

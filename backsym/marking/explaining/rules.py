"""The repairs that can be made at one place of an answer, class by class: one small function for each.

A rule looks at one place and yields drafts: what to put there instead.  The place itself and its direct parts appear in
a draft as stand-ins, so that a draft is evaluated without evaluating the answer again.  Rules propose; which draft
makes the answer right is found out by evaluation.

This module must not know about numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise, permutations, product

from backsym.core import expr as ex
from backsym.core.dims import is_negative
from backsym.core.entrywise import array_of
from backsym.core.errors import BacksymError
from backsym.marking.explaining.drafts import Bulk, BulkRule, Draft, Key, Rule, Site
from backsym.marking.explaining.places import Place
from backsym.marking.explaining.repair_material import placements

MAX_DROPPED = 6
"""Two factors at once are left out of a product of at most so many."""

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}

# --- signs and numbers -----------------------------------------------------------------------------------------------


def sign(s: Site) -> Iterator[Draft]:
    """e -> -e, for the whole answer, a term, or the argument of a function; [z < 0] -> [z > 0]"""
    if isinstance(s.node, ex.Cmp) and s.node.op in _FLIPPED:
        yield s.draft("indicator", replace(s.node, op=_FLIPPED[s.node.op]))
    if s.me is None or (s.above is not None and isinstance(s.above.expr, ex.Neg)):
        return
    opposite = s.parts[0] if isinstance(s.node, ex.Neg) else ex.Neg(s.me)
    if s.place.role == "whole":
        yield s.draft("sign_whole", opposite)
    elif s.place.role == "addend":
        yield s.draft("sign_term", opposite)
    elif s.place.role in ("arg", "exp") and not isinstance(s.node, ex.Num):
        yield s.draft("sign_term", opposite, 0.15)


def number(s: Site) -> Iterator[Bulk]:
    """a number -> a near one;  a number or the size of a dimension -> a size, or its inverse"""
    kind = "exponent" if s.place.role == "exp" else "number"
    if isinstance(s.node, ex.Num):
        compared = s.place.role == "compared"
        yield Bulk(kind, "instead", ("numbers near", s.node.value, compared), _near(s.node.value, compared=compared))
    if _is_number(s.node):
        sizes = tuple(e for e, _ in s.offers.constants if not isinstance(e, ex.Num) and e != s.node)
        yield Bulk(kind, "instead", ("sizes but", s.node), sizes)


@lru_cache(maxsize=512)
def _near(c: Fraction, *, compared: bool) -> tuple[ex.Num, ...]:
    near = dict.fromkeys([c + 1, c - 1, 2 * c, c / 2, -c, *([1 / c] if c else [])])
    # A comparison may be with zero; a term or a factor that is zero would be left out.
    return tuple(ex.num(v) for v in near if v != c and (compared or v != 0))


def scaled(s: Site) -> Iterator[Bulk]:
    """e -> c e, for a term, with c a small number or a size (the whole answer is compared up to any such factor)"""
    if s.me is not None and s.place.role == "addend" and not isinstance(s.node, ex.Num):
        yield Bulk("factor_term", "times", ("constants",), tuple(c for c, _ in s.offers.constants))


def inverted(s: Site) -> Iterator[Draft]:
    """a/b -> a b or b/a;  a b -> a/b"""
    if isinstance(s.node, ex.Div):
        a, b = s.parts
        yield s.draft("inverted", ex.Mul((a, b)))
        yield s.draft("inverted", ex.Div(b, a))
    if isinstance(s.node, ex.Mul):
        for n, part in enumerate(s.parts):
            rest = s.parts[:n] + s.parts[n + 1 :]
            yield s.draft("inverted", ex.Div(rest[0] if len(rest) == 1 else ex.Mul(rest), part))


def exponent(s: Site) -> Iterator[Draft]:
    """e**n -> e;  e -> e**2"""
    if isinstance(s.node, ex.Pow):
        yield s.draft("power", s.parts[0])
    elif s.me is not None and s.place.role in ("addend", "factor", "num", "den", "whole") and not _is_number(s.node):
        # Of a quotient the square is what is forgotten most.
        yield s.draft("missing_square", ex.Pow(s.me, ex.num(2)), -0.25 if s.place.role == "den" else 0.0)


# --- primes, functions, nodes ----------------------------------------------------------------------------------------


def prime(s: Site) -> Iterator[Draft]:
    """f(z) -> f'(z);  h -> f'(z) and z -> f'(z) where h = f(z);  f'(z) -> f(z)"""
    if isinstance(s.node, ex.Fn):
        if s.node.order:
            yield s.draft("extra_prime", replace(s.node, order=s.node.order - 1))
        elif s.node.kind in ("elementwise", "scalar"):
            yield s.draft("missing_prime", replace(s.node, order=1))
    elif _is_quantity(s.node):
        slope = s.offers.slope(s.node)
        if slope is not None:
            yield s.draft("missing_prime", slope)
        yield from (s.draft("missing_prime", e, 0.1) for e in s.offers.slopes_at(s.node))


def slope(s: Site) -> Iterator[Draft]:
    """h (1 - h) -> f'(z), 1 - h^2 -> f'(z) where h = f(z): the derivative of another function"""
    e = s.place.expr
    if isinstance(e, (ex.Add, ex.Pow)) and s.place.role in (
        "factor",
        "num",
        "operand",
        "arg",
        "addend",
        "body",
        "array",
    ):
        yield from (s.draft("missing_prime", true, 0.4) for true in _slopes(s, e))
    if isinstance(e, ex.Mul):
        for a, b in combinations(range(len(e.args)), 2):
            rest = tuple(part for n, part in enumerate(s.parts) if n not in (a, b))
            for true in _slopes(s, e.args[a], e.args[b]):
                yield s.draft("missing_prime", ex.Mul((*rest, true)) if rest else true, 0.4)


def _slopes(s: Site, *parts: ex.Expr) -> Iterator[ex.Expr]:
    """The derivative by its argument of the one quantity that all of these parts are made of."""
    found = [_quantities(part) for part in parts]
    if all(len(each) == 1 and each == found[0] for each in found):
        true = s.offers.slope(found[0][0])
        if true is not None:
            yield true


def _quantities(e: ex.Expr) -> tuple[ex.Expr, ...]:
    """The quantities, or members or entries of them, that an expression is made of."""
    if _is_quantity(e) or isinstance(e, ex.Member):
        return (e,)
    return tuple(dict.fromkeys(q for part in ex.children(e) for q in _quantities(part)))


def function(s: Site) -> Iterator[Draft]:
    """f(e) -> e"""
    if isinstance(s.node, ex.Fn) and s.node.kind in ("elementwise", "rowwise", "diag"):
        yield s.draft("extra_function", s.parts[0])


def node(s: Site) -> Iterator[Bulk]:
    """a quantity -> another of the same shape; an argument -> another quantity"""
    argument = s.place.role in ("arg", "compared")
    if s.shape is not None and (_is_quantity(s.node) or (argument and not _is_number(s.node))):
        kind = "evaluation_point" if argument and _names_function(s.above) else "wrong_node"
        yield alternatives(s, kind)
        if not s.fits and isinstance(s.node, (ex.Sym, ex.Adj)):
            for shape in s.offers.by_shape:
                if shape != s.shape and (len(shape) == len(s.shape) or not s.fits_itself):
                    yield Bulk(kind, "instead", ("like", shape), s.offers.like(shape))


def member(s: Site) -> Iterator[Bulk]:
    """f(a[l]) -> f(z[l]): the argument of a function, a member, as that member of another family"""
    here = s.place.role == "arg" and _names_function(s.above) and isinstance(s.node, ex.Member)
    if here and isinstance(s.node, ex.Member) and isinstance(s.node.base, ex.Sym):
        base, places = s.node.base, s.node.places
        found = tuple([ex.Member(q, places) for q in s.offers.like(base.shape) if q != base])
        yield Bulk("evaluation_point", "instead", ("members", base.shape, places, base.name), found)


def node_for_function(s: Site) -> Iterator[Bulk]:
    """f(e) -> a quantity"""
    inner = s.place.role in ("arg", "compared")
    if isinstance(s.node, ex.Fn) and not s.place.letters and s.shape is not None and not inner:
        yield alternatives(s, "wrong_node")


def argument(s: Site) -> Iterator[Bulk]:
    """f(e) -> f(a) where the true derivative has f(a)"""
    if s.place.role == "arg" and s.above is not None and isinstance(s.above.expr, ex.Fn):
        force = frozenset(s.place.letters)
        for shape, found in s.offers.arguments(s.above.expr.name, force).items():
            yield Bulk("evaluation_point", "instead", ("arguments", s.above.expr.name, force, shape), found)


def alternatives(s: Site, kind: str, how: str = "instead") -> Bulk:
    """The quantities, or entries of them, of the shape that a place has."""
    assert s.shape is not None
    letters = s.place.letters
    if isinstance(s.node, ex.Entry) or (letters and not ex.scalar_if_ones(s.shape)):
        return Bulk(kind, how, ("entries", letters), s.offers.entries(letters))
    return Bulk(kind, how, ("like", s.shape), s.offers.like(s.shape))


def _names_function(above: Place | None) -> bool:
    return above is not None and isinstance(above.expr, (ex.Fn, ex.Cmp))


def _is_quantity(e: ex.Expr) -> bool:
    return isinstance(e, (ex.Sym, ex.Adj)) or (isinstance(e, ex.Entry) and isinstance(e.base, (ex.Sym, ex.Adj)))


def _is_number(e: ex.Expr) -> bool:
    return isinstance(e, (ex.Num, ex.Size))


def _name(e: ex.Expr) -> str:
    base = array_of(e)
    return base.name if isinstance(base, (ex.Sym, ex.Adj)) else ""


# --- indices ---------------------------------------------------------------------------------------------------------


def index(s: Site) -> Iterator[Draft]:
    """W[j,k] -> W[k,j]: other letters in force, by their dimensions"""
    if isinstance(s.node, ex.Entry) and isinstance(s.node.base, (ex.Sym, ex.Adj)):
        shape = s.node.base.shape
        if len(shape) == len(s.node.indices):
            near = ((at, 0.02) for at in (*_shifts(s.node.indices), *_beside(s)))
            for at, extra in (*((at, 0.0) for at in placements(shape, s.place.letters, s.offers.positions)), *near):
                if at != s.node.indices and not _asked(s, at):
                    yield s.draft("wrong_index", ex.Entry(s.offers.begun(s.node.base, at), at), extra)
    if isinstance(s.node, ex.Delta):
        pool = [ix for ix in s.place.letters if ix.dim == s.node.i.dim]
        yield from (s.draft("wrong_index", ex.Delta(a, b, s.node.equal)) for a, b in permutations(pool, 2))


def _asked(s: Site, at: tuple[ex.Ix, ...]) -> bool:
    """Whether an entry here would be the very derivative that is asked for, which nobody is to write."""
    base = getattr(s.node, "base", None)
    return isinstance(base, ex.Adj) and base.name == s.offers.target and at == s.offers.letters


def _beside(s: Site) -> Iterator[tuple[ex.Ix, ...]]:
    """h[t,i] -> h[t-1,i], h[t+1,i]: the member before or after that at a letter."""
    if isinstance(s.node, ex.Entry) and _name(s.node) in s.offers.problem.families:
        first, *rest = s.node.indices
        if type(first) is ex.Ix and not first.fixed:
            yield from ((ex.shifted(((first, 1),), step, first.dim), *rest) for step in (-1, 1))


def _shifts(indices: tuple[ex.Ix, ...]) -> Iterator[tuple[ex.Ix, ...]]:
    """x[i+k-1] -> x[i-k+1], x[i+k], ...: other signs, and offsets of at most one."""
    for axis, ix in enumerate(indices):
        if isinstance(ix, ex.Shift):
            for signs in product((1, -1), repeat=len(ix.parts)):
                parts = [(letter, sign * count) for (letter, count), sign in zip(ix.parts, signs, strict=True)]
                for offset in (-1, 0, 1):
                    if not all(is_negative(count) for _, count in parts):
                        new = ex.shifted(parts, offset, ix.dim)
                        if new != ix:
                            yield (*indices[:axis], new, *indices[axis + 1 :])


def summed(s: Site) -> Iterator[Draft]:
    """e -> sum(e, k) for a letter k that nothing binds, or over an axis;  sum(e, k) -> e;  mean <-> sum"""
    if isinstance(s.node, (ex.IndexReduce, ex.Reduce)) and s.node.op in ("sum", "mean"):
        yield s.draft("mean_for_sum", replace(s.node, op="mean" if s.node.op == "sum" else "sum"))
    if isinstance(s.node, ex.IndexReduce) and s.node.op == "sum":
        yield s.draft("extra_sum", s.parts[0])
    if isinstance(s.node, ex.Reduce):
        yield s.draft("extra_sum", s.parts[0])
        if len(s.node.arg.shape) == 2:
            yield from (s.draft("sum_axis", replace(s.node, axis=axis)) for axis in (0, 1) if axis != s.node.axis)
    if s.me is None or s.shape is None or not s.place.is_term:
        return
    yield from _first_only(s)
    loose = tuple(ix for ix in ex.free_indices(s.place.expr) if ix not in s.place.letters)
    if loose:
        yield s.draft("missing_sum", ex.IndexReduce("sum", s.me, loose), index=loose)
    if s.place.role == "whole" and s.wanted is not None and s.shape and not _is_diagonal(s.node):
        for axis in range(len(s.shape)):
            e = ex.Reduce("sum", s.me, axis)
            if s.shape[axis] == 1:
                continue
            if e.shape == s.wanted or ex.scalar_if_ones(e.shape) == ex.scalar_if_ones(s.wanted):
                yield s.draft("missing_sum", e)
        if not ex.scalar_if_ones(s.wanted) and len(s.shape) == 2:
            yield s.draft("missing_sum", ex.Reduce("sum", s.me))


def along(s: Site) -> Iterator[Draft]:
    """softmax(Z.T).T -> softmax(Z), softmax(Z) -> softmax(Z.T).T: along the other axis of a matrix"""
    e = s.place.expr
    inner = e.arg if isinstance(e, ex.T) else None
    if isinstance(inner, ex.Fn) and inner.kind == "rowwise" and isinstance(inner.args[0], ex.T):
        yield s.draft("other_axis", replace(inner, args=(inner.args[0].arg,)))
    elif (
        isinstance(e, ex.Fn) and e.kind == "rowwise" and len(e.args) == 1 and s.shape is not None and len(s.shape) == 2
    ):
        yield s.draft("other_axis", ex.T(replace(e, args=(ex.T(e.args[0]),))))


def _is_diagonal(e: ex.Expr) -> bool:
    return isinstance(e, ex.Fn) and e.kind == "diag"


def _first_only(s: Site) -> Iterator[Draft]:
    """v[1] w[1] -> sum(v[k] w[k], k)"""
    indices = [ix for n in ex.walk(s.place.expr) if isinstance(n, ex.Entry) for ix in n.indices if ix.dim != 1]
    positions = {ix for ix in indices if ix.fixed or ex.is_last(ix)}
    for dim in {ix.dim: None for ix in sorted(positions, key=lambda ix: (str(ix.dim), ix.letter))}:
        letter = ex.Ix(s.offers.fresh_letter(dim), dim)
        body = _everywhere(s.place.expr, frozenset(ix for ix in positions if ix.dim == dim), letter)
        yield s.draft("missing_sum", ex.IndexReduce("sum", body, (letter,)), index=letter)


def _everywhere(e: ex.Expr, positions: frozenset[ex.Ix], letter: ex.Ix) -> ex.Expr:
    """An expression with a letter in place of these positions."""
    e = ex.rebuild(e, lambda child: _everywhere(child, positions, letter))
    if not isinstance(e, ex.Entry):
        return e
    return ex.Entry(e.base, tuple(letter if ix in positions else ix for ix in e.indices))


# --- matrices --------------------------------------------------------------------------------------------------------


def transpose(s: Site) -> Iterator[Draft]:
    """A -> A.T, of the whole answer, a term or a factor;  A.T -> A"""
    if isinstance(s.node, ex.T):
        yield s.draft("transpose", s.parts[0])
    elif s.me is not None and s.shape and len(s.shape) <= 2 and s.place.role in ("whole", "addend", "factor", "num"):
        yield s.draft("transpose", ex.T(s.me), 0.0 if s.place.role != "whole" else 0.1)


def chain(s: Site) -> Iterator[Draft]:
    """A @ B -> A.T @ B, A @ B.T, B @ A, B.T @ A.T, ...; of a longer chain, two neighbours at a time"""
    if not isinstance(s.node, ex.MatMul):
        return
    parts = s.parts
    for n in range(len(parts) - 1):
        left, right = parts[n], parts[n + 1]
        for pair, moved, turned in arrangements(left, right):
            kind = ("order_transpose" if turned else "order") if moved else "transpose"
            new = ex.MatMul((*parts[:n], *pair, *parts[n + 2 :]))
            yield s.draft(kind, new, 0.12 if turned > 1 else 0.0)
    if len(parts) > 2:
        yield s.draft("order", ex.MatMul(parts[::-1]), 0.1)


def arrangements(left: ex.Expr, right: ex.Expr) -> Iterator[tuple[tuple[ex.Expr, ex.Expr], bool, int]]:
    """The other ways to multiply two matrices: the pair, whether it is swapped, how many are turned."""
    if max(len(left.shape), len(right.shape)) > 2:
        return
    for swap, a, b in product((False, True), (False, True), (False, True)):
        if not (swap or a or b):
            continue
        first, second = turned(left, flip=a), turned(right, flip=b)
        pair = (second, first) if swap else (first, second)
        if _multiplies(pair[0].shape, pair[1].shape):
            yield pair, swap, a + b


def turned(e: ex.Expr, *, flip: bool) -> ex.Expr:
    return ex.T(e) if flip else e


def _multiplies(a: ex.Shape, b: ex.Shape) -> bool:
    try:
        ex.matmul_shape(a, b)
    except BacksymError:
        return False
    return True


def hadamard(s: Site) -> Iterator[Draft]:
    """u * v -> u @ v.T, u.T @ v, u @ v, ...;  A @ B -> A * B, A.T * B, A * B.T"""
    if isinstance(s.node, ex.Mul):
        arrays = [part for part in s.parts if len(part.shape) in (1, 2)]
        rest = tuple(part for part in s.parts if part not in arrays)
        for a, b in pairwise(arrays):
            others = rest + tuple(part for part in arrays if part not in (a, b))
            pairs = [(a, b), *(pair for pair, _, _ in arrangements(a, b))]
            for pair in pairs:
                if _multiplies(pair[0].shape, pair[1].shape):
                    whole = ex.MatMul(pair)
                    yield s.draft("hadamard_for_matmul", ex.Mul((*others, whole)) if others else whole)
    if isinstance(s.node, ex.MatMul):
        yield from _entry_by_entry(s)


def _entry_by_entry(s: Site) -> Iterator[Draft]:
    """A @ B -> A * B;  A @ B @ C -> (A @ B) * C, A * (B @ C)"""
    written = s.place.expr.args if isinstance(s.place.expr, ex.MatMul) else ()
    for n, (left, right) in enumerate(pairwise(s.parts)):
        for a, b in product((False, True), (False, True)):
            pair = _untransposed(left, written[n], flip=a), _untransposed(right, written[n + 1], flip=b)
            if _fits(*pair):
                chained: tuple[ex.Expr, ...] = (*s.parts[:n], ex.Mul(pair), *s.parts[n + 2 :])
                new = chained[0] if len(chained) == 1 else ex.MatMul(chained)
                yield s.draft("matmul_for_hadamard", new, 0.1 * (a + b))
    for n in range(1, len(s.parts) - 1):
        head: ex.Expr = ex.MatMul(s.parts[:n]) if n > 1 else s.parts[0]
        if _fits(head, ex.MatMul(s.parts[n:])):
            yield s.draft("matmul_for_hadamard", ex.Mul((head, ex.MatMul(s.parts[n:]))), 0.05)
    for n in range(2, len(s.parts)):
        tail: ex.Expr = ex.MatMul(s.parts[n:]) if n < len(s.parts) - 1 else s.parts[-1]
        if _fits(ex.MatMul(s.parts[:n]), tail):
            yield s.draft("matmul_for_hadamard", ex.Mul((ex.MatMul(s.parts[:n]), tail)), 0.05)


def _untransposed(part: ex.Expr, written: ex.Expr, *, flip: bool) -> ex.Expr:
    """An operand, or its transpose; the transpose of a row is the vector that it was made of."""
    if flip and isinstance(written, ex.T) and isinstance(written.arg, (ex.Sym, ex.Adj)) and len(written.arg.shape) == 1:
        return written.arg
    return turned(part, flip=flip)


def _fits(a: ex.Expr, b: ex.Expr) -> bool:
    """Whether a product entry by entry has the shape of one of the two: a row times a column is no such repair."""
    try:
        return ex.broadcast(a.shape, b.shape) in (a.shape, b.shape)
    except BacksymError:
        return False


# --- parentheses -----------------------------------------------------------------------------------------------------


def parentheses(s: Site) -> Iterator[Draft]:
    """a b + c -> a (b + c);  a/b + c -> a/(b + c);  a + b c -> (a + b) c;  (1 - a)^n -> 1 - a^n"""
    e = s.place.expr
    if isinstance(e, (ex.Add, ex.Mul, ex.MatMul)):
        for start, stop in _neighbours(len(e.args)):
            if start:
                new = _taken_in(e.args[start - 1], s.parts[start:stop], type(e), at_end=True)
                first, last = start - 1, stop
            else:
                new = _taken_in(e.args[stop], s.parts[start:stop], type(e), at_end=False)
                first, last = start, stop + 1
            if new is not None:
                parts = (*s.parts[:first], new, *s.parts[last:])
                yield s.draft("parentheses", parts[0] if len(parts) == 1 else type(e)(parts))
    if isinstance(e, ex.Pow) and isinstance(e.base, (ex.Add, ex.Mul)):
        *head, end = e.base.args
        power = ex.Neg(ex.Pow(end.arg, e.exp)) if isinstance(end, ex.Neg) else ex.Pow(end, e.exp)
        yield s.draft("parentheses", type(e.base)((*head, power)))


def _neighbours(count: int) -> Iterator[tuple[int, int]]:
    """What one of several operands may take in: those after it, or before it (these begin at 0), one or all."""
    for n in range(count - 1):
        yield from ((n + 1, stop) for stop in sorted({n + 2, count}))
    yield from ((0, stop) for stop in range(1, count))


def _taken_in(operand: ex.Expr, others: tuple[ex.Expr, ...], kind: type[ex.Expr], *, at_end: bool) -> ex.Expr | None:
    """An operand whose last part, or first, is combined with its neighbours before the rest; None if it has none."""
    if isinstance(operand, ex.Neg) and (at_end or kind is not ex.Add):
        inner = _taken_in(operand.arg, others, kind, at_end=at_end)
        return None if inner is None else ex.Neg(inner)

    def combined(part: ex.Expr) -> ex.Expr:
        args = (part, *others) if at_end else (*others, part)
        return ex.Add(args) if kind is ex.Add else ex.Mul(args) if kind is ex.Mul else ex.MatMul(args)

    if isinstance(operand, ex.Neg):
        if isinstance(operand.arg, (ex.Mul, ex.MatMul)):
            first, *rest = operand.arg.args
            return type(operand.arg)((combined(ex.Neg(first)), *rest))
        return ex.Div(combined(ex.Neg(operand.arg.num)), operand.arg.den) if isinstance(operand.arg, ex.Div) else None
    if isinstance(operand, (ex.Mul, ex.MatMul)) and type(operand) is not kind:
        first, *rest = operand.args
        *head, last = operand.args
        return type(operand)((*head, combined(last)) if at_end else (combined(first), *rest))
    if kind is ex.Add and isinstance(operand, ex.Div):
        return ex.Div(operand.num, combined(operand.den)) if at_end else ex.Div(combined(operand.num), operand.den)
    if (
        kind is ex.Add
        and at_end
        and isinstance(operand, ex.Fn)
        and operand.kind == "elementwise"
        and len(operand.args) == 1
    ):
        return replace(operand, args=(combined(operand.args[0]),))
    return None


# --- factors and terms -----------------------------------------------------------------------------------------------


def extra_factor(s: Site) -> Iterator[Draft]:
    """a b c -> a c;  a/b -> a"""
    if isinstance(s.node, (ex.Mul, ex.MatMul)):
        for n in range(len(s.parts)):
            rest = s.parts[:n] + s.parts[n + 1 :]
            new = rest[0] if len(rest) == 1 else type(s.node)(rest)
            yield _without(s, n, new)
        if isinstance(s.node, ex.Mul) and isinstance(s.place.expr, ex.Mul) and 2 < len(s.parts) <= MAX_DROPPED:
            for a, b in combinations(range(len(s.parts)), 2):
                rest = tuple(part for n, part in enumerate(s.parts) if n not in (a, b))
                both = s.place.expr.args[a], s.place.expr.args[b]
                if not any(map(_is_number, both)):
                    new = rest[0] if len(rest) == 1 else ex.Mul(rest)
                    yield s.draft("extra_factor", new, 0.3, quantity=ex.Mul(both))
    if isinstance(s.node, ex.Div):
        yield _without(s, 1, s.parts[0])
        yield _without(s, 0, ex.Div(ex.ONE, s.parts[1]))


def _without(s: Site, n: int, new: ex.Expr) -> Draft:
    """A number too much is a wrong factor, anything else a factor too much."""
    part = list(_parts(s))[n]
    kind = "constant" if _is_number(part) else "extra_sum" if _adds_up(part) else "extra_factor"
    if kind == "extra_factor" and isinstance(s.node, ex.Div) and n == 1:
        kind = "extra_divisor"
    return s.draft(kind, new, quantity=part)


def _adds_up(part: ex.Expr) -> bool:
    """Whether a matrix product with it is a sum over an axis."""
    return isinstance(part.arg if isinstance(part, ex.T) else part, ex.Ones)


def _parts(s: Site) -> Iterator[ex.Expr]:
    e = s.place.expr
    if isinstance(e, (ex.Mul, ex.MatMul)):
        yield from e.args
    elif isinstance(e, ex.Div):
        yield from (e.num, e.den)


def extra_term(s: Site) -> Iterator[Draft]:
    """a + b -> a;  1 - a -> a"""
    if isinstance(s.node, ex.Add) and isinstance(s.place.expr, ex.Add):
        first, *others = s.place.expr.args
        if first == ex.ONE and len(others) == 1 and isinstance(others[0], ex.Neg):
            yield s.draft("own_complement", ex.Neg(s.parts[1]))
        for n in range(len(s.parts)):
            rest = s.parts[:n] + s.parts[n + 1 :]
            new = rest[0] if len(rest) == 1 else ex.Add(rest)
            yield s.draft("extra_term", new, quantity=s.place.expr.args[n])


def mixed(s: Site) -> Iterator[Draft]:
    """a + b -> a b;  a b -> a + b"""
    if isinstance(s.place.expr, ex.Add) and not any(isinstance(part, (ex.Num, ex.Neg)) for part in s.place.expr.args):
        yield s.draft("sum_for_product", ex.Mul(s.parts))
    if isinstance(s.place.expr, ex.Mul) and not any(isinstance(part, ex.Num) for part in s.place.expr.args):
        yield s.draft("product_for_sum", ex.Add(s.parts))


def missing_factor(s: Site) -> Iterator[Bulk]:
    """e -> e q, e -> e/q for a quantity, or a factor of the true derivative, whose shape fits"""
    if s.me is None or s.shape is None or s.place.role not in _WITH_FACTORS:
        return
    for key, found in missing(s):
        yield Bulk("missing_factor", "times", key, found)
        if s.place.is_term and not isinstance(s.node, ex.Num):
            yield Bulk("missing_divisor", "over", key, found)


_WITH_FACTORS = ("whole", "addend", "body", "operand", "num", "transposed")


def missing(s: Site) -> Iterator[tuple[Key, tuple[ex.Expr, ...]]]:
    """What may be missing as a factor, by shape."""
    assert s.shape is not None
    letters = s.place.letters
    if letters and not ex.scalar_if_ones(s.shape):
        yield ("entries", letters), s.offers.entries(letters)
        yield ("factors", letters), s.offers.factors_with(letters)
        return
    # Scaling the rows of an operand is a repair that nobody would think of.
    spread = s.place.is_term
    for shape in s.offers.by_shape:
        if shape in (s.shape, ()) or (spread and _broadcasts_to(shape, s.shape)):
            yield ("like", shape), s.offers.like(shape)
    for shape, found in s.offers.factors_by_shape.items():
        if shape in (s.shape, ()) or (spread and _broadcasts_to(shape, s.shape)):
            yield ("factors like", shape), found


def _broadcasts_to(shape: ex.Shape, wanted: ex.Shape) -> bool:
    try:
        return ex.broadcast(shape, wanted) == wanted
    except BacksymError:
        return False


def missing_operand(s: Site) -> Iterator[Draft]:
    """e -> q @ e, e @ q;  A @ B -> A @ q @ B, with q or q.T"""
    if isinstance(s.node, ex.MatMul):
        for n, (left, right) in enumerate(pairwise(s.parts)):
            for q in s.offers.between(left.shape, right.shape):
                yield s.draft("missing_factor", ex.MatMul((*s.parts[: n + 1], q, *s.parts[n + 1 :])), quantity=q)
    if s.me is None or s.shape is None or not s.place.is_term or s.place.letters:
        return
    wanted = (s.shape, s.offers.shape) if s.place.role == "addend" else (s.wanted or s.shape,)
    for q, leads in s.offers.operands(s.shape, wanted):
        yield s.draft("missing_factor", ex.MatMul((q, s.me) if leads else (s.me, q)), quantity=q)
    if s.place.role == "whole" and s.wanted is not None and len(s.wanted) == 2 and s.shape == s.wanted[1:]:
        for q in s.offers.like(s.wanted[:1]):
            yield s.draft("missing_factor", ex.MatMul((q, ex.T(s.me))), quantity=q)
    if s.place.role == "whole" and s.wanted is not None and len(s.wanted) == 2 and len(s.shape) == 1:
        e = ex.MatMul((ex.Ones((s.wanted[0],)), ex.T(s.me)))
        if e.shape == s.wanted:
            yield s.draft("missing_factor", e, quantity=ex.Ones((s.wanted[0],)))


def missing_function(s: Site) -> Iterator[Bulk]:
    """a composite factor -> the true one;  c -> tanh(c)"""
    if s.shape is None or _is_number(s.node):
        return
    if s.place.role not in ("factor", "num", "operand", *(("addend", "whole", "base") if _is_quantity(s.node) else ())):
        return
    if s.place.letters and not ex.scalar_if_ones(s.shape):
        key: Key = ("factors", s.place.letters)
        found = s.offers.factors_with(s.place.letters)
    else:
        key = ("factors like", s.shape)
        found = s.offers.factors_by_shape.get(s.shape, ())
    if _is_quantity(s.node):
        applied = tuple(f for f in found if isinstance(f, ex.Fn))
        if applied:
            yield Bulk("missing_application", "instead", ("functions", *key), applied)
    elif found:
        yield Bulk("missing_function", "instead", key, found)


def missing_one(s: Site) -> Iterator[Draft]:
    """e -> 1 - e, e + 1, e - 1"""
    if s.me is not None and s.place.role == "den" and _is_quantity(s.node):
        yield s.draft("complement", ex.Add((ex.ONE, ex.Neg(s.me))))
    if _may_lack_terms(s):
        assert s.me is not None
        yield s.draft("complement", ex.Add((ex.ONE, ex.Neg(s.me))))
        yield s.draft("missing_term", ex.Add((s.me, ex.ONE)), quantity=ex.ONE)
        yield s.draft("missing_term", ex.Add((s.me, ex.Neg(ex.ONE))), quantity=ex.Neg(ex.ONE))


def missing_term(s: Site) -> Iterator[Bulk]:
    """e -> e + q, e - q;  a number q is added to every entry"""
    if _may_lack_terms(s):
        yield alternatives(s, "missing_term", "plus")
        yield alternatives(s, "missing_term", "minus")
        if isinstance(s.node, ex.Add) and s.shape and not s.place.letters:
            yield Bulk("missing_term", "plus", ("like", ()), s.offers.like(()))
            yield Bulk("missing_term", "minus", ("like", ()), s.offers.like(()))


def _may_lack_terms(s: Site) -> bool:
    if s.me is None or s.shape is None or s.place.role in ("addend", "exp", "num", "den"):
        return False
    if all(isinstance(n, (ex.Num, ex.Size, ex.Div, ex.Mul, ex.Neg)) for n in ex.walk(s.place.expr)):
        return False
    return s.above is None or not isinstance(s.above.expr, (ex.Neg, ex.Add))


FIRST_RULES: tuple[Rule, ...] = (
    sign, prime, index, summed, along, transpose, chain, hadamard, inverted, extra_factor, exponent, extra_term,
    parentheses,
)  # fmt: skip
FIRST_BULKS: tuple[BulkRule, ...] = (node, number, scaled)
"""Rules that change what is there."""

SECOND_RULES: tuple[Rule, ...] = (slope, missing_operand, function, mixed, missing_one)
SECOND_BULKS: tuple[BulkRule, ...] = (
    node_for_function,
    argument,
    member,
    missing_factor,
    missing_term,
    missing_function,
)
"""Rules that bring in, or leave out, more."""


def drafted(s: Site, bulk: Bulk, q: ex.Expr) -> Draft:
    """One of many."""
    if bulk.how == "instead":
        other = isinstance(array_of(q), ex.Adj) != isinstance(array_of(s.node), ex.Adj) and _name(q) != _name(s.node)
        # To write another argument is more than to take another quantity.
        further = bulk.key[0] == "arguments" or isinstance(s.node, ex.Fn)
        apart = 0.15 if s.place.role == "whole" else 0.05
        return s.draft(bulk.kind, q, 0.45 if further else apart if other else 0.0)
    assert s.me is not None
    # What is missing is missing from as much of the answer as possible.
    extra = 0.005 * min(s.place.depth, 8)
    if bulk.how == "times":
        first = isinstance(array_of(q), ex.Adj) or bulk.kind == "factor_term"
        # A factor that is there already makes a square.
        extra += 0.2 if q in (s.place.expr, getattr(s.place.expr, "arg", None)) else 0.0
        return s.draft(bulk.kind, ex.Mul((q, s.me) if first else (s.me, q)), extra, quantity=q)
    if bulk.how == "over":
        return s.draft(bulk.kind, ex.Div(s.me, q), extra, quantity=q)
    extra += 0.05 if isinstance(array_of(q), ex.Adj) else 0.0
    if bulk.how == "plus":
        return s.draft(bulk.kind, ex.Add((s.me, q)), extra, quantity=q)
    if bulk.how == "minus":
        return s.draft(bulk.kind, ex.Add((s.me, ex.Neg(q))), extra, quantity=ex.Neg(q))
    raise ValueError(f"unknown way to use many candidates: {bulk.how}")


def expanded(e: ex.Expr, places: Mapping[str, ex.Expr]) -> ex.Expr:
    """An expression over stand-ins with the answer's own sub-expressions in their place."""
    if isinstance(e, ex.Sym) and e.name in places:
        return places[e.name]
    if isinstance(e, ex.T):
        arg = expanded(e.arg, places)
        return arg.arg if isinstance(arg, ex.T) else ex.T(arg)
    return ex.rebuild(e, lambda child: expanded(child, places))

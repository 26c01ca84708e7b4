"""The slips that people make in a derivative, one at a time: a sign, a factor, a transpose, an index, a prime.

A slip is a change of one place of an expression.  Some changes keep the value, some cannot be formed: who uses them
has to evaluate.  This module must not know why an expression is right, nor how anything is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from backsym.core import expr as ex
from backsym.core.errors import ShapeError
from backsym.core.problem import Problem

CONFUSED = {"tanh": "sigmoid", "sigmoid": "tanh", "sin": "cos", "cos": "sin"}
"""Functions that are taken for one another."""

NEIGHBOURS = 2
"""Quantities that one is taken for at each place."""


@dataclass(frozen=True)
class Slip:
    """An expression with one slip, and the kind of the slip: sign, term, factor, order, transpose, prime, ..."""

    kind: str
    expr: ex.Expr


def slips(e: ex.Expr, node: str, problem: Problem) -> Iterator[Slip]:
    """Every slip in the derivative by ``node`` that has the shape of it; the widest ones first."""
    whole = (Slip("sign", e.arg if isinstance(e, ex.Neg) else ex.Neg(e)), *_turned(e), *_too_much(e, node, problem))
    seen = {e}
    for slip in (*whole, *_within(e, problem)):
        if slip.expr not in seen and _fits(slip.expr, e):
            seen.add(slip.expr)
            yield slip


def _fits(other: ex.Expr, e: ex.Expr) -> bool:
    """Whether an expression can be formed, looks right, and has the axes of another one, perhaps in the other order.

    A factor 1 or a sum that begins with a minus sign would give the slip away.
    """
    try:
        shapes = [part.shape for part in ex.walk(other)]
    except ShapeError:
        return False
    odd = any(isinstance(part, ex.Mul) and ex.ONE in part.args for part in ex.walk(other))
    odd = odd or any(isinstance(part, ex.Add) and isinstance(part.args[0], ex.Neg) for part in ex.walk(other))
    return not odd and shapes[0] in (e.shape, e.shape[::-1]) and set(ex.free_indices(other)) == set(ex.free_indices(e))


def _turned(e: ex.Expr) -> Iterator[Slip]:
    """The transpose of a matrix, a product written in the other order."""
    if len(e.shape) == 2:
        if isinstance(e, ex.MatMul):
            yield Slip("transpose", ex.MatMul(tuple(map(_transposed, reversed(e.args)))))
        else:
            yield Slip("transpose", _transposed(e))


def _too_much(e: ex.Expr, node: str, problem: Problem) -> Iterator[Slip]:
    """A factor too many: what is added to the quantity where it is used, or is multiplied with what is added to it."""
    for user in problem.consumers.get(node, ()):
        for name in dict.fromkeys((node, *ex.names_in(problem.by_name[user].rhs))):
            symbol = problem.symbols[name]
            if isinstance(e, ex.Adj) and symbol.label is None and symbol.shape in ((), e.shape):
                yield Slip("factor", ex.Mul((e, ex.Sym(name, symbol.shape))))


def _transposed(e: ex.Expr) -> ex.Expr:
    return e.arg if isinstance(e, ex.T) else ex.T(e)


def _within(e: ex.Expr, problem: Problem) -> Iterator[Slip]:
    """The slips at the top of an expression, then those in its parts."""
    rule = _RULES.get(type(e))
    if rule is not None:
        yield from rule(e, problem)
    for n, child in enumerate(ex.children(e)):
        for slip in _within(child, problem):
            yield Slip(slip.kind, _with_child(e, n, slip.expr))


def _with_child(e: ex.Expr, n: int, child: ex.Expr) -> ex.Expr:
    """The expression with another one as its ``n``-th part."""
    places = iter(range(len(ex.children(e))))
    return ex.rebuild(e, lambda old: child if next(places) == n else old)


def _without(e: ex.Add | ex.Mul | ex.MatMul, n: int) -> ex.Expr:
    rest = e.args[:n] + e.args[n + 1 :]
    return rest[0] if len(rest) == 1 else replace(e, args=rest)


def _add(e: ex.Add, problem: Problem) -> Iterator[Slip]:
    for n, arg in enumerate(e.args):
        other = arg.arg if isinstance(arg, ex.Neg) else ex.Neg(arg)
        yield Slip("sign", replace(e, args=(*e.args[:n], other, *e.args[n + 1 :])))
        if len(e.args) > 1:
            yield Slip("term", _without(e, n))


def _neg(e: ex.Neg, problem: Problem) -> Iterator[Slip]:
    yield Slip("sign", e.arg)


def _mul(e: ex.Mul, problem: Problem) -> Iterator[Slip]:
    if len(e.args) > 1:
        for n in range(len(e.args)):
            yield Slip("factor", _without(e, n))
    if len(e.args) == 2 and e.shape:
        yield Slip("product", ex.MatMul(e.args))


def _matmul(e: ex.MatMul, problem: Problem) -> Iterator[Slip]:
    for n, arg in enumerate(e.args):
        yield Slip("transpose", ex.MatMul((*e.args[:n], _transposed(arg), *e.args[n + 1 :])))
        if len(e.args) > 1:
            yield Slip("factor", _without(e, n))
    for n in range(len(e.args) - 1):
        yield Slip("order", ex.MatMul((*e.args[:n], e.args[n + 1], e.args[n], *e.args[n + 2 :])))


def _div(e: ex.Div, problem: Problem) -> Iterator[Slip]:
    yield Slip("factor", e.num)


def _pow(e: ex.Pow, problem: Problem) -> Iterator[Slip]:
    yield Slip("exponent", e.base)


def _fn(e: ex.Fn, problem: Problem) -> Iterator[Slip]:
    if e.order:
        yield Slip("prime", replace(e, order=e.order - 1))
    elif e.name in CONFUSED:
        yield Slip("function", replace(e, name=CONFUSED[e.name]))


def _cmp(e: ex.Cmp, problem: Problem) -> Iterator[Slip]:
    flipped = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
    yield Slip("sign", replace(e, op=flipped[e.op]))


def _reduce(e: ex.Reduce | ex.IndexReduce, problem: Problem) -> Iterator[Slip]:
    other = {"sum": "mean", "mean": "sum"}.get(e.op)
    if other is not None:
        yield Slip("factor", replace(e, op=other))


def _axis(e: ex.Reduce, problem: Problem) -> Iterator[Slip]:
    yield from _reduce(e, problem)
    if e.axis is not None and len(e.arg.shape) == 2:
        yield Slip("axis", replace(e, axis=1 - e.axis % 2))


def _delta(e: ex.Delta, problem: Problem) -> Iterator[Slip]:
    yield Slip("delta", ex.ONE)


def _entry(e: ex.Entry, problem: Problem) -> Iterator[Slip]:
    dims = [ix.dim for ix in e.indices]
    if len(dims) == 2 and dims[0] == dims[1]:
        yield Slip("index", replace(e, indices=e.indices[::-1]))


def _sym(e: ex.Sym, problem: Problem) -> Iterator[Slip]:
    """What the quantity is made of, and what is made of it, where that has its shape."""
    for name in _around(e.name, problem):
        if problem.symbols[name].shape == e.declared:
            yield Slip("node", ex.Sym(name, e.declared))


def _adj(e: ex.Adj, problem: Problem) -> Iterator[Slip]:
    """The derivative by a neighbour in the graph, where that has its shape."""
    for name in _around(e.name, problem):
        if name in problem.by_name and problem.symbols[name].shape == e.declared:
            yield Slip("adjoint", ex.Adj(name, e.declared))


def _around(name: str, problem: Problem) -> list[str]:
    """The quantities nearest in the graph: those that use this one, then those that it is made of."""
    made_of = ex.names_in(problem.by_name[name].rhs) if name in problem.by_name else ()
    near = (*problem.consumers.get(name, ()), *made_of)
    return [other for other in near if other not in (name, problem.loss)][:NEIGHBOURS]


_RULES: Mapping[type[ex.Expr], Callable[..., Iterator[Slip]]] = {
    ex.Add: _add,
    ex.Neg: _neg,
    ex.Mul: _mul,
    ex.MatMul: _matmul,
    ex.Div: _div,
    ex.Pow: _pow,
    ex.Fn: _fn,
    ex.Cmp: _cmp,
    ex.Reduce: _axis,
    ex.IndexReduce: _reduce,
    ex.Delta: _delta,
    ex.Entry: _entry,
    ex.Sym: _sym,
    ex.Adj: _adj,
}

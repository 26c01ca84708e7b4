"""Mutants of derived expressions: the slips that people make, one at a time.

Each mutant is a small change of one place: a sign, a factor, a transpose, an index, a path, a node, a prime.  Some
mutants keep the value (``same`` makes these on purpose); an independent judge has to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from backsym.core.expr import (
    ONE,
    Add,
    Adj,
    Cmp,
    Delta,
    Div,
    Entry,
    Expr,
    Fn,
    IndexPick,
    IndexReduce,
    Ix,
    MatMul,
    Member,
    Mul,
    Neg,
    Num,
    Pick,
    Pow,
    Reduce,
    Shift,
    Size,
    Started,
    Sym,
    T,
    num,
    rebuild,
    shifted,
)
from backsym.core.problem import Problem

Mutant = tuple[str, Expr]

BEHIND_A_TIE = frozenset({("conv-pool", "Z", "factor"), ("conv-pool", "Z", "index")})
"""Wrong mutants that the points of SymPy's judge do not tell from right ones: H = relu(Z) is pooled by a maximum, and
without relu'(Z) the derivative is wrong only where a whole window of Z is negative; no point of the judge has one."""
Letters = tuple[Ix, ...]

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
_AT_A_TIE = {">": ">=", "<": "<=", ">=": ">", "<=": "<"}
_CONFUSED = {"tanh": "sigmoid", "sigmoid": "tanh", "sin": "cos", "cos": "sin", "relu": "leaky_relu", "log": "exp"}
_OTHER_END = {"max": "min", "min": "max", "sum": "mean", "mean": "sum"}


@dataclass(frozen=True)
class Maker:
    """Makes mutants of expressions about one problem; ``earlier`` names the adjoints that may be mentioned."""

    problem: Problem
    earlier: Sequence[str]

    def mutants(self, e: Expr, letters: Letters = ()) -> Iterator[Mutant]:
        """Every mutant of an expression whose free letters are ``letters``."""
        yield "sign", Neg(e)
        yield "factor", Mul((num(2), e))
        yield "offset", Add((e, ONE))
        yield from self._inside(e, letters)

    def _inside(self, e: Expr, letters: Letters) -> Iterator[Mutant]:
        local = _LOCAL.get(type(e))
        if local is not None:
            yield from local(self, e, letters)
        if isinstance(e, Started):
            return  # What a recurrence starts from is not written in an answer.
        inner = letters + tuple(e.indices) if isinstance(e, (IndexReduce, IndexPick)) else letters
        for f in fields(e):
            value = getattr(e, f.name)
            if isinstance(value, Expr):
                for kind, other in self._inside(value, inner):
                    yield kind, replace(e, **{f.name: other})
            elif isinstance(value, tuple):
                for n, item in enumerate(value):
                    if isinstance(item, Expr):
                        for kind, other in self._inside(item, inner):
                            yield kind, replace(e, **{f.name: (*value[:n], other, *value[n + 1 :])})

    def _num(self, e: Num, letters: Letters) -> Iterator[Mutant]:
        yield "factor", num(e.value + 1)

    def _sym(self, e: Sym, letters: Letters) -> Iterator[Mutant]:
        others = [n for n, s in self.problem.symbols.items() if s.shape == e.declared and n != e.name]
        yield from (("node", Sym(name, e.declared)) for name in others[:3])

    def _adj(self, e: Adj, letters: Letters) -> Iterator[Mutant]:
        shapes = self.problem.symbols
        others = [n for n in self.earlier if shapes[n].shape == e.declared and n != e.name]
        yield from (("adjoint", Adj(name, e.declared)) for name in others[:3])
        yield "node", Sym(e.name, e.declared)

    def _size(self, e: Size, letters: Letters) -> Iterator[Mutant]:
        dims = {d for s in self.problem.symbols.values() for d in s.shape if isinstance(d, str)}
        yield from (("factor", Size(d)) for d in sorted(dims - {e.dim})[:1])

    def _add(self, e: Add, letters: Letters) -> Iterator[Mutant]:
        for n, arg in enumerate(e.args):
            yield "sign", Add((*e.args[:n], Neg(arg), *e.args[n + 1 :]))
            yield "path", _dropped(Add, e.args, n)

    def _neg(self, e: Neg, letters: Letters) -> Iterator[Mutant]:
        yield "sign", e.arg

    def _mul(self, e: Mul, letters: Letters) -> Iterator[Mutant]:
        for n in range(len(e.args)):
            yield "factor", _dropped(Mul, e.args, n)
        if e.shape and len(e.args) == 2:
            yield "product", MatMul(e.args)

    def _div(self, e: Div, letters: Letters) -> Iterator[Mutant]:
        yield "factor", e.num
        yield "factor", Mul((e.num, e.den))
        yield "factor", Div(e.den, e.num)

    def _pow(self, e: Pow, letters: Letters) -> Iterator[Mutant]:
        yield "factor", e.base
        yield "factor", Pow(e.base, Add((e.exp, ONE)))

    def _matmul(self, e: MatMul, letters: Letters) -> Iterator[Mutant]:
        for n, arg in enumerate(e.args):
            yield "factor", _dropped(MatMul, e.args, n)
            yield "transpose", MatMul((*e.args[:n], T(arg), *e.args[n + 1 :]))
        for n in range(len(e.args) - 1):
            yield "order", MatMul((*e.args[:n], e.args[n + 1], e.args[n], *e.args[n + 2 :]))
        if len(e.args) == 2:
            yield "product", Mul(e.args)

    def _t(self, e: T, letters: Letters) -> Iterator[Mutant]:
        yield "transpose", e.arg

    def _fn(self, e: Fn, letters: Letters) -> Iterator[Mutant]:
        if e.order:
            yield "prime", replace(e, order=e.order - 1)
        elif e.kind == "elementwise":
            yield "prime", replace(e, order=1)
            if e.name in _CONFUSED:
                yield "function", replace(e, name=_CONFUSED[e.name])
        if e.kind in ("elementwise", "rowwise", "diag"):
            yield "function", e.args[0]
        if e.kind == "matrix" and e.shape == e.args[0].shape:
            yield "function", e.args[0]
            yield "transpose", T(e)

    def _cmp(self, e: Cmp, letters: Letters) -> Iterator[Mutant]:
        yield "sign", replace(e, op=_FLIPPED[e.op])
        if e.op in _AT_A_TIE:
            yield "tie", replace(e, op=_AT_A_TIE[e.op])

    def _reduce(self, e: Reduce, letters: Letters) -> Iterator[Mutant]:
        yield "sum", replace(e, op=_OTHER_END[e.op])
        yield "sum", e.arg
        if e.axis is not None and len(e.arg.shape) == 2:
            yield "axis", replace(e, axis=1 - e.axis % 2)

    def _pick(self, e: Pick | IndexPick, letters: Letters) -> Iterator[Mutant]:
        yield "sign", replace(e, op=_OTHER_END[e.op])

    def _delta(self, e: Delta, letters: Letters) -> Iterator[Mutant]:
        yield "factor", ONE
        yield "sign", replace(e, equal=not e.equal)

    def _member(self, e: Member, letters: Letters) -> Iterator[Mutant]:
        for n, ix in enumerate(e.places):
            if isinstance(ix, Shift) and len(ix.parts) == 1:
                (letter, _), *_ = ix.parts
                yield "index", replace(e, places=(*e.places[:n], letter, *e.places[n + 1 :]))
                other = shifted(((letter, 1),), -ix.offset, ix.dim)
                yield "index", replace(e, places=(*e.places[:n], other, *e.places[n + 1 :]))

    def _entry(self, e: Entry, letters: Letters) -> Iterator[Mutant]:
        for n, ix in enumerate(e.indices):
            for other in dict.fromkeys(letters):
                if other != ix and other.dim == ix.dim and not ix.fixed:
                    yield "index", Entry(e.base, (*e.indices[:n], other, *e.indices[n + 1 :]))
            if not ix.fixed:
                yield "index", Entry(e.base, (*e.indices[:n], Ix("1", ix.dim), *e.indices[n + 1 :]))
        dims = [ix.dim for ix in e.indices]
        if len(dims) == 2 and dims[0] == dims[1]:
            yield "transpose", Entry(e.base, e.indices[::-1])

    def _indexreduce(self, e: IndexReduce, letters: Letters) -> Iterator[Mutant]:
        yield "sum", replace(e, op=_OTHER_END[e.op])
        for n, ix in enumerate(e.indices):
            body = _fixed(e.body, ix)
            rest = e.indices[:n] + e.indices[n + 1 :]
            yield "sum", IndexReduce(e.op, body, rest) if rest else body


def _dropped(kind: type[Add] | type[Mul] | type[MatMul], args: tuple[Expr, ...], n: int) -> Expr:
    rest = args[:n] + args[n + 1 :]
    return kind(rest) if len(rest) > 1 else rest[0] if rest else ONE


def _fixed(e: Expr, ix: Ix) -> Expr:
    """The expression at the first position of an index."""
    if isinstance(e, (IndexReduce, IndexPick)) and ix in e.indices:
        return e
    if isinstance(e, Entry):
        at = tuple(Ix("1", i.dim) if i == ix else i for i in e.indices)
        return Entry(_fixed(e.base, ix), at)
    if isinstance(e, Delta):
        i, j = (Ix("1", k.dim) if k == ix else k for k in (e.i, e.j))
        return Delta(i, j)
    return rebuild(e, lambda child: _fixed(child, ix))


_LOCAL: Mapping[type[Expr], Callable[..., Iterator[Mutant]]] = {
    Num: Maker._num,
    Sym: Maker._sym,
    Adj: Maker._adj,
    Size: Maker._size,
    Add: Maker._add,
    Neg: Maker._neg,
    Mul: Maker._mul,
    Div: Maker._div,
    Pow: Maker._pow,
    MatMul: Maker._matmul,
    T: Maker._t,
    Fn: Maker._fn,
    Cmp: Maker._cmp,
    Reduce: Maker._reduce,
    Pick: Maker._pick,
    IndexPick: Maker._pick,
    Delta: Maker._delta,
    Entry: Maker._entry,
    Member: Maker._member,
    IndexReduce: Maker._indexreduce,
}


def same(e: Expr) -> Iterator[Mutant]:
    """Mutants that keep the value: other orders, and detours that cancel."""
    yield "same", Neg(Neg(e))
    yield "same", Div(Mul((num(2), e)), num(2))
    yield "same", Add((Add((e, e)), Neg(e)))
    if len(e.shape) == 2:
        yield "same", T(T(e))
    if isinstance(e, (Add, Mul)):
        yield "same", replace(e, args=e.args[::-1])
    if isinstance(e, MatMul) and len(e.shape) == 2:
        yield "same", T(MatMul(tuple(T(arg) for arg in reversed(e.args))))

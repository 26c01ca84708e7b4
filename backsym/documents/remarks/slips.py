"""Wrong results to which plausible slips lead.

The slips are those for which feedback has words: a path that got lost, a term of a sum, a derivative of a function,
uses of one parameter that are mixed.  This module must not know about words, layout or output languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backsym.core import stepkinds as sk
from backsym.core.expr import (
    Add,
    Adj,
    Div,
    Entry,
    Expr,
    Fn,
    Ix,
    MatMul,
    Mul,
    Neg,
    Sym,
    T,
    free_indices,
    num,
    walk,
    with_indices,
)
from backsym.core.problem import Problem
from backsym.core.steps import all_steps
from backsym.documents.remarks.remark import Claim, Remark, Told, base_of, opening_of
from backsym.parts.kind import Piece


def slips(pieces: Sequence[Piece], problem: Problem) -> Iterator[Remark]:
    """Results to which a plausible slip leads, the most telling first; that they are wrong is what they claim."""
    derived = [piece for piece in pieces if piece.derivative and piece.steps and not piece.cases]
    for rule in (_mixed, _one_case, _lost_path, _lost_slope):
        for piece in derived:
            yield from rule(piece, problem)


def _mixed(piece: Piece, problem: Problem) -> Iterator[Remark]:
    """Errors and values of several uses, each added up before they are multiplied."""
    rhs = piece.result.rhs
    if not isinstance(rhs, Add) or not all(isinstance(a, MatMul) and len(a.args) == 2 for a in rhs.args):
        return
    errors = tuple(a.args[0] for a in rhs.args if isinstance(a, MatMul))
    values = tuple(a.args[1].arg for a in rhs.args if isinstance(a, MatMul) and isinstance(a.args[1], T))
    if not all(isinstance(e, Adj) for e in errors) or len(values) != len(errors):
        return
    if len({e.shape for e in errors}) > 1 or len({v.shape for v in values}) > 1:
        return
    wrong = MatMul((Add(errors), T(Add(values))))
    facts: dict[str, Told] = {"wrong": wrong, "error": errors[0], "value": values[-1]}
    yield Remark("slips.mixed", facts, (Claim("unequal", piece.result.lhs, wrong),))


def _one_case(piece: Piece, problem: Problem) -> Iterator[Remark]:
    """Of a sum over all entries that depend on one, only the entry at the same position."""
    opening = opening_of(piece)
    if opening is None or len(opening[1]) > 1:
        return
    node, consumer = opening[0], opening[1][0]
    same = next((s for s in all_steps(piece.steps) if s.kind == sk.CASE_EQUAL), None)
    recalled = next((s for s in piece.steps if s.kind == sk.RECALL), None)
    if same is None or recalled is None or not isinstance(recalled.before, Entry) or not isinstance(node, Entry):
        return
    new = [ix for ix in free_indices(consumer) if ix not in free_indices(node)]
    other, index = same.facts["index"], same.facts["other"]
    if len(new) != 1 or not isinstance(other, Ix) or not isinstance(index, Ix) or new[0] != other:
        return
    error = with_indices(recalled.after, {other: index})
    wrong = _cancelled(Mul((error, same.after)))
    lhs = Entry(Adj(piece.node, node.base.shape), node.indices)
    facts: dict[str, Told] = {"lhs": lhs, "wrong": wrong, "node": node, "consumer": consumer}
    claims: tuple[Claim, ...] = (Claim("unequal", lhs, wrong), Claim("depends", consumer, node))
    right = _minus_target(piece, problem)
    if right is not None:
        value, target = right
        others = Add((num(1), Neg(target)))
        claims += (
            Claim("equal", Mul((target, lhs)), Mul((target, wrong))),
            Claim("equal", Mul((others, wrong)), Mul((num(0), target))),
            Claim("equal", Mul((others, lhs)), Mul((others, value))),
        )
        yield Remark("slips.one_class", {**facts, "right": value}, claims)
        return
    yield Remark("slips.one_case", facts, claims)


def _minus_target(piece: Piece, problem: Problem) -> tuple[Expr, Entry] | None:
    """The two sides of a difference that a derivation finds entry by entry, the second one of a one-hot target."""
    for step in reversed(piece.steps):
        e = step.after
        if isinstance(e, Add) and len(e.args) == 2 and isinstance(e.args[1], Neg) and isinstance(e.args[1].arg, Entry):
            base = e.args[1].arg.base
            if isinstance(base, Sym) and problem.symbols[base.name].one_hot:
                return e.args[0], e.args[1].arg
    return None


def _cancelled(product: Mul) -> Expr:
    """-(a/b) (b c), without the b."""
    negative, over, under = False, list[Expr](), list[Expr]()
    todo = list(product.args)
    while todo:
        factor = todo.pop(0)
        if isinstance(factor, Neg):
            negative = not negative
            todo.insert(0, factor.arg)
        elif isinstance(factor, Div):
            under.append(factor.den)
            todo.insert(0, factor.num)
        elif isinstance(factor, Mul):
            todo = [*factor.args, *todo]
        else:
            over.append(factor)
    if not under or any(factor not in over for factor in under):
        return product
    for factor in under:
        over.remove(factor)
    rest: Expr = over[0] if len(over) == 1 else Mul(tuple(over)) if over else num(1)
    return Neg(rest) if negative else rest


def _lost_path(piece: Piece, problem: Problem) -> Iterator[Remark]:
    """All paths but one; the one that is lost is that of the simplest local derivative."""
    opening = opening_of(piece)
    paths = [step for step in piece.steps if step.kind == sk.PATH]
    if opening is None or len(paths) < 2:
        return
    simplest = min(paths, key=lambda step: sum(1 for _ in walk(step.after)))
    others = tuple(step.after for step in paths if step is not simplest)
    consumer = simplest.facts["consumer"]
    assert isinstance(consumer, Expr)
    lhs = piece.steps[0].before
    wrong = others[0] if len(others) == 1 else Add(others)
    facts: dict[str, Told] = {"lhs": lhs, "wrong": wrong, "node": opening[0], "consumer": consumer}
    yield Remark("slips.lost_path", facts, (Claim("unequal", lhs, wrong),))


def _lost_slope(piece: Piece, problem: Problem) -> Iterator[Remark]:
    """The error behind a function, passed on without the derivative of the function."""
    rhs = piece.result.rhs
    if not isinstance(rhs, Mul) or len(rhs.args) != 2 or not isinstance(base_of(rhs.args[0]), Adj):
        return
    error, slope = rhs.args
    if isinstance(slope, Fn) and slope.order == 1:
        facts: dict[str, Told] = {"lhs": piece.result.lhs, "wrong": error, "slope": slope}
        yield Remark("slips.lost_slope", facts, (Claim("unequal", piece.result.lhs, error),))

"""Wrong results to which plausible slips lead.

The slips are those for which feedback has words: a path that got lost, a term of a sum, a derivative of a function,
uses of one parameter that are mixed.  This module must not know about words, layout or output languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backsym.core import stepkinds as sk
from backsym.core.expr import Add, Adj, Entry, Expr, Fn, Ix, MatMul, Mul, T, free_indices, walk, with_indices
from backsym.core.problem import Problem
from backsym.documents.remarks.remark import Claim, Remark, Told, all_steps, base_of, opening_of
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
    wrong = Mul((error, same.after))
    lhs = Entry(Adj(piece.node, node.base.shape), node.indices)
    facts: dict[str, Told] = {"lhs": lhs, "wrong": wrong, "node": node, "consumer": consumer}
    claims = (Claim("unequal", lhs, wrong), Claim("depends", consumer, node))
    yield Remark("slips.one_case", facts, claims)


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

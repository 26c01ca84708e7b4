"""What a result says, by its form.

This module must not know about words, layout or output languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backsym.core.errors import BacksymError
from backsym.core.expr import Add, Adj, Entry, Equation, Expr, Fn, IndexReduce, MatMul, Mul, Neg, Reduce, Sym, T, num
from backsym.core.problem import Problem
from backsym.documents.remarks.remark import Claim, Remark, base_of
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.parts.kind import Piece

UNITS = (-2.0, -0.5, 0.5, 2.0)
"""Where the derivative of a function is looked at to see whether it is 0 or 1 everywhere."""


def readings(pieces: Sequence[Piece], problem: Problem) -> Iterator[Remark]:
    """What a result says, by its form."""
    for piece in pieces:
        if piece.derivative and not piece.cases:
            for rule in (_error, _outer, _back, _back_in_rows, _switch):
                found = rule(piece.result, problem)
                if found is not None:
                    yield found


def one_sided(result: Equation) -> Remark | None:
    """A matrix of one row, or of one column, has a gradient of this shape, whatever other vectors are."""
    lhs = result.lhs
    if not isinstance(lhs, Adj) or len(lhs.shape) != 2 or (lhs.shape[0] == 1) == (lhs.shape[1] == 1):
        return None
    node = Sym(lhs.name, lhs.shape)
    kind = "row" if lhs.shape[0] == 1 else "column"
    return Remark(f"reasons.{kind}", {"node": node}, (Claim(kind, lhs, node),))


def _role(e: Expr, problem: Problem) -> str | None:
    base = base_of(e)
    return problem.symbols[base.name].role if isinstance(base, Sym) else None


def _error(result: Equation, problem: Problem) -> Remark | None:
    """Prediction minus target; for probabilities, the difference adds up to zero."""
    rhs = result.rhs
    if not isinstance(rhs, Add) or len(rhs.args) != 2 or not isinstance(rhs.args[1], Neg):
        return None
    prediction, target = rhs.args[0], rhs.args[1].arg
    if _role(prediction, problem) != "node" or _role(target, problem) != "target":
        return None
    base, facts = base_of(target), {"prediction": prediction, "target": target}
    claim = Claim("equal", result.lhs, rhs)
    assert isinstance(base, Sym)
    if not problem.symbols[base.name].one_hot:
        return Remark("readings.error", facts, (claim,))
    index = rhs.args[0].indices[-1] if isinstance(rhs.args[0], Entry) else None
    total = IndexReduce("sum", rhs, (index,)) if index is not None and not index.fixed else Reduce("sum", rhs)
    return Remark("readings.probability", facts, (claim, Claim("equal", total, num(0))))


def _outer(result: Equation, problem: Problem) -> Remark | None:
    """The derivative by a weight matrix as an error times a value."""
    rhs = result.rhs
    if not isinstance(rhs, MatMul) or len(rhs.args) != 2:
        return None
    error, value = rhs.args
    fits = isinstance(error, Adj) and isinstance(value, T) and isinstance(value.arg, Sym) and len(value.arg.shape) == 1
    if not fits or not isinstance(result.lhs, Adj) or problem.symbols[result.lhs.name].role != "parameter":
        return None
    assert isinstance(value, T)
    return Remark("readings.outer", {"error": error, "value": value.arg}, (Claim("equal", result.lhs, rhs),))


def _back(result: Equation, problem: Problem) -> Remark | None:
    """An error that comes back through the transposed weights."""
    rhs = result.rhs
    if not isinstance(rhs, MatMul) or len(rhs.args) != 2:
        return None
    weights, error = rhs.args
    if not isinstance(weights, T) or not isinstance(error, Adj) or _role(weights.arg, problem) != "parameter":
        return None
    return Remark("readings.back", {"error": error, "weights": weights.arg}, (Claim("equal", result.lhs, rhs),))


def _back_in_rows(result: Equation, problem: Problem) -> Remark | None:
    """Errors of several examples, one a row, that come back through the weights; transposed, each is a column."""
    lhs, rhs = result.lhs, result.rhs
    if not isinstance(rhs, MatMul) or len(rhs.args) != 2 or not isinstance(lhs, Adj) or len(lhs.shape) != 2:
        return None
    error, weights = rhs.args
    if not isinstance(error, Adj) or len(error.shape) != 2 or _role(weights, problem) != "parameter":
        return None
    facts = {"error": error, "weights": weights, "value": problem.sym(lhs.name)}
    single = MatMul((T(weights), T(error)))
    claims = (Claim("equal", lhs, rhs), Claim("equal", T(lhs), single))
    return Remark("readings.back_in_rows", {**facts, "columns": T(lhs), "single": single}, claims)


def _switch(result: Equation, problem: Problem) -> Remark | None:
    """A factor that is 0 or 1."""
    rhs = result.rhs
    if not isinstance(rhs, Mul) or len(rhs.args) != 2:
        return None
    error, slope = rhs.args
    if not isinstance(base_of(error), Adj) or not isinstance(slope, Fn) or slope.order != 1 or len(slope.args) != 1:
        return None
    if not _zero_or_one(slope):
        return None
    claim = Claim("equal", Mul((slope, slope)), slope)
    return Remark("readings.switch", {"slope": slope, "argument": slope.args[0]}, (claim,))


def _zero_or_one(slope: Fn) -> bool:
    """Whether a derivative is 1 for positive and 0 for negative arguments."""
    import numpy as np

    probe = Fn(slope.name, (Sym("x", ()),), slope.order, slope.kind)
    try:
        values = [float(evaluate(probe, Env({}, {"x": np.asarray(at)})).reshape(())) for at in UNITS]
    except BacksymError:
        return False
    return values == [float(at > 0) for at in UNITS]

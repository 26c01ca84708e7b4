"""Every derivative and every forward form against SymPy: exact, entry by entry, at small concrete sizes."""

from __future__ import annotations

from collections.abc import Iterator

import mpmath
import numpy as np
import pytest
import sympy
from exact import DIGITS, Field, Judge, Reader, equal, node_array
from extent import some
from known import all_problems, solution

from backsym.core import expr as ex

PROBLEMS = all_problems()


@pytest.fixture(autouse=True)
def fifty_digits() -> Iterator[None]:
    with mpmath.workdps(DIGITS):
        yield


@pytest.mark.parametrize("name", some(PROBLEMS, 12))
def test_derivatives_are_exact(name: str) -> None:
    problem = PROBLEMS[name]
    judge, derivations = Judge(problem), solution(name).derivations
    names = [d.node for d in derivations]
    for seed in (0, 1, 2):
        truth = judge.at(seed, names)
        for d in derivations:
            shape = problem.symbols[d.node].shape
            assert truth.right(d.node, truth.reader.entries(d.entry.rhs, d.indices, shape)), (d.node, "entry")
            if d.matrix is not None:
                assert truth.right(d.node, truth.reader.whole(d.matrix.rhs, shape)), (d.node, "matrix")


@pytest.mark.parametrize("name", some(PROBLEMS, 12, 9))
def test_forward_forms_are_exact(name: str) -> None:
    problem = PROBLEMS[name]
    truth = Judge(problem).at(0, ())
    for forms in solution(name).forward:
        value, shape = truth.reader.values[forms.node], problem.symbols[forms.node].shape
        assert equal(truth.reader.entries(forms.entry.rhs, forms.indices, shape), value), (forms.node, "entry")
        if forms.matrix is not None:
            assert equal(truth.reader.whole(forms.matrix.rhs, shape), value), (forms.node, "matrix")


def composed(judge: Judge, name: str) -> list[sympy.Expr]:
    """SymPy's derivatives of the loss, written as one expression, with all that feeds ``name`` held fixed."""
    problem, values = judge.problem, dict(judge.symbols)
    reader = Reader(Field(True), judge.dims, values, abstract=problem.abstract)
    moving = {name}
    for eq in problem.equations:
        if eq.name != name and moving.intersection(ex.names_in(eq.rhs)):
            values[eq.name] = node_array(reader, eq)
            moving.add(eq.name)
    return [sympy.diff(values[problem.loss].reshape(())[()], x) for x in judge.symbols[name].reshape(-1)]


TOGETHER = ("layer-norm", "backward-batch", "mlp-entries", "softmax-regression", "max-two", "scalar-tanh")


@pytest.mark.parametrize("name", some(TOGETHER, 2))
def test_the_judge_puts_the_equations_together_as_sympy_does(name: str) -> None:
    judge = Judge(PROBLEMS[name])
    truth = judge.at(0, list(judge.problem.symbols))
    given = [x for part in judge.problem.symbols for x in truth.reader.values[part].reshape(-1)]
    symbols = [x for part in judge.problem.symbols for x in judge.symbols[part].reshape(-1)]
    for part in judge.problem.symbols:
        whole = sympy.lambdify(symbols, composed(judge, part), "mpmath", cse=True)(*given)
        shape = truth.reader.values[part].shape
        assert truth.right(part, np.array([mpmath.mpf(x) for x in whole], dtype=object).reshape(shape)), part

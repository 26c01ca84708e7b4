"""Every derivative and every forward form against SymPy: exact, entry by entry, at small concrete sizes."""

from __future__ import annotations

from collections.abc import Iterator

import mpmath
import pytest
from exact import DIGITS, Judge, all_problems, equal

from backsym.solving.solution import solve

PROBLEMS = all_problems()


@pytest.fixture(autouse=True)
def fifty_digits() -> Iterator[None]:
    with mpmath.workdps(DIGITS):
        yield


@pytest.mark.parametrize("name", PROBLEMS)
def test_derivatives_are_exact(name: str) -> None:
    problem = PROBLEMS[name]
    solution = solve(problem, check=False)
    judge = Judge(problem)
    names = [d.node for d in solution.derivations]
    for seed in (0, 1, 2):
        truth = judge.at(seed, names)
        for d in solution.derivations:
            shape = problem.symbols[d.node].shape
            assert truth.right(d.node, truth.reader.entries(d.entry.rhs, d.indices, shape)), (d.node, "entry")
            if d.matrix is not None:
                assert truth.right(d.node, truth.reader.whole(d.matrix.rhs, shape)), (d.node, "matrix")


@pytest.mark.parametrize("name", PROBLEMS)
def test_forward_forms_are_exact(name: str) -> None:
    problem = PROBLEMS[name]
    truth = Judge(problem).at(0, ())
    for forms in solve(problem, check=False).forward:
        value, shape = truth.reader.values[forms.node], problem.symbols[forms.node].shape
        assert equal(truth.reader.entries(forms.entry.rhs, forms.indices, shape), value), (forms.node, "entry")
        if forms.matrix is not None:
            assert equal(truth.reader.whole(forms.matrix.rhs, shape), value), (forms.node, "matrix")

"""What is printed reads back: the plain language as the same tree, LaTeX as the same tree or one of the same value.

LaTeX leaves out what a reader does not need, so that some trees come back in a normal form: products and sums inside
products and sums are spliced, sums over several letters are nested, a negative number is a sign, a fraction of numbers
a quotient, a mean over a letter a quotient and a sum, an added or dropped axis of length one is dropped, a scalar
factor inside a matrix product stands outside, the zero array of a shape that nothing tells is 0.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from extent import examples, some
from networks import NETWORKS
from random_expressions import PROBLEM, Maker

from backsym.calculus.backward import Backward
from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Ix, free_indices
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw, draws, sums_to_one
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import load, problem_from_mapping, read_expression

HANDOUT = (
    "scalar-tanh", "mlp-entries", "four-units", "forward-single", "forward-batch", "backward-single", "backward-batch",
    "twin", "skip",
)  # fmt: skip


@cache
def problem(name: str) -> Problem:
    loaded = load(str(find_problem(name))) if name in HANDOUT else problem_from_mapping(NETWORKS[name])
    assert isinstance(loaded, Problem)
    return loaded


@cache
def forms(name: str) -> tuple[Expr, ...]:
    """Every forward and derivative form of a problem, both sides."""
    backward = Backward(problem(name), sums_to_one(problem(name), draws(problem(name))))
    found: list[Expr] = [equation.rhs for equation in problem(name).equations]
    for derivation in (*backward.derive(), *backward.forward()):
        for equation in (derivation.entry, derivation.matrix):
            found += [equation.lhs, equation.rhs] if equation is not None else []
    return tuple(dict.fromkeys(found))


def with_random_adjoints(problem: Problem) -> Env:
    env = draw(problem, 0)
    rng = np.random.default_rng(1)
    return replace(env, adjoints={name: rng.normal(size=value.shape) for name, value in env.values.items()})


def same_value(a: Expr, b: Expr, env: Env, free: tuple[Ix, ...]) -> bool:
    """Equal at a point, axes of length one left out."""
    try:
        left, right = evaluate(a, env, free), evaluate(b, env, free)
    except BacksymError:
        return False
    if not right.shape and not right.any():
        right = np.zeros(left.shape)
    if [d for d in left.shape if d != 1] != [d for d in right.shape if d != 1]:
        return False
    # Where there is no finite value, how a product is grouped decides between infinity and none.
    left, right = (np.where(np.isfinite(side), side, np.nan).ravel() for side in (left, right))
    return np.allclose(left, right, rtol=1e-9, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("name", [*HANDOUT, *some(NETWORKS, 6)])
def test_every_form_reads_back(name: str) -> None:
    p = problem(name)
    env = with_random_adjoints(p)
    notation = Notation.of(p)
    for expr in forms(name):
        free = free_indices(expr)
        for text in (plain(expr, p), f"${latex(expr, notation)}$"):
            again = read_expression(p, text, free, own_letters=True)
            assert again == expr or same_value(expr, again, env, free), text


NOTATIONS: list[Any] = [
    {}, "subscript", {"gradient": "bar"}, {"gradient": "delta"}, {"gradient": "partial", "transpose": "T"},
    {"vectors": "arrow"}, {"vectors": "plain", "layer": "subscript"}, "bracket",
]  # fmt: skip


EACH = examples(600)


@pytest.mark.parametrize("chunk", range(6))
def test_random_expressions_in_plain_text(chunk: int) -> None:
    p = problem_from_mapping(PROBLEM)
    shapes = {symbol.name: symbol.shape for symbol in p.symbols.values()}
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        expr = Maker(seed, shapes, broadcasting=True).expression()
        text = plain(expr, p)
        assert read_expression(p, text, free_indices(expr), own_letters=True) == expr, text


@pytest.mark.parametrize("notation", NOTATIONS, ids=str)
def test_random_expressions_in_latex(notation: Any) -> None:
    """What is printed reads back as the same value; and in the normal form that reading gives, as the same tree."""
    p = problem_from_mapping({**PROBLEM, "notation": notation} if notation else PROBLEM)
    env = with_random_adjoints(p)
    shapes = {symbol.name: symbol.shape for symbol in p.symbols.values()}
    same = 0

    def read_back(expr: Expr) -> Expr:
        return read_expression(p, f"${latex(expr, Notation.of(p))}$", free_indices(expr), own_letters=True)

    for seed in range(EACH):
        expr = Maker(seed, shapes, broadcasting=False).expression()
        again = read_back(expr)
        same += again == expr
        text = latex(expr, Notation.of(p))
        assert again == expr or same_value(expr, again, env, free_indices(expr)), text
        normal = read_back(again)  # A matrix product that is a number may move among the factors once more.
        assert read_back(normal) == normal, text
    assert same > 0.6 * EACH

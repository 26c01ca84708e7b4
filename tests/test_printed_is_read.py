"""What is printed is read: each result of random networks, handed in as LaTeX or plain text, earns full marks.

``test_marking_mutants`` does the same with the results of the bundled problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import random_networks
import random_shapes
from extent import examples

from backsym.core.expr import Entry, Equation, IndexPick, walk
from backsym.core.problem import Problem
from backsym.marking.verdicts import Marker
from backsym.printing.latex import equation_latex, latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping

ONCE_REFUSED = {"shapes": (12, 14, 1129, 1439), "networks": (110,)}
"""Networks of which a result was not read, or as something else."""
COUNT = examples(1000, 500)
MAKERS: dict[str, Callable[[int], dict[str, Any]]] = {
    "shapes": random_shapes.network, "networks": random_networks.network,
}  # fmt: skip


def texts(problem: Problem, equation: Equation) -> Iterator[str]:
    """An equation, and for whole arrays and numbers its right side alone.

    Without a left side, a position in what could be Python has two meanings, which a person decides on.
    """
    notation = Notation.of(problem)
    searched = any(isinstance(node, IndexPick) for node in walk(equation.rhs))  # no plain spelling
    yield equation_latex(equation, notation)
    if not searched:
        yield f"{plain(equation.lhs, problem)} = {plain(equation.rhs, problem)}"
    if not isinstance(equation.lhs, Entry):
        yield latex(equation.rhs, notation)
        if not searched and not any(isinstance(node, Entry) for node in walk(equation.rhs)):
            yield plain(equation.rhs, problem)


@pytest.mark.parametrize("kind", MAKERS)
def test_every_result_of_a_network_earns_full_marks(kind: str) -> None:
    judged = 0
    for seed in (*ONCE_REFUSED[kind], *range(2000, 2000 + COUNT)):
        problem = problem_from_mapping(MAKERS[kind](seed))
        marker = Marker(problem)
        env = marker.judge.points[0]
        for d in marker.judge.solution.derivations:
            if not np.any(env.adjoints.get(d.node, 0.0)):
                continue  # Of a derivative that is zero wherever it is tried, nothing is proved.
            for equation in (d.entry, d.matrix):
                for text in texts(problem, equation) if equation is not None else ():
                    verdict = marker.mark(d.node, text, accept="any")
                    assert verdict.score == verdict.marks > 0, (kind, seed, d.node, text, verdict)
                    judged += 1
    assert judged > 10 * COUNT

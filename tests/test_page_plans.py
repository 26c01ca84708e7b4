"""The plan of a solution: what is found before what, what is written once, and what is said of a matrix product."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from backsym.core.expr import Adj, Entry, Mul, Partial, T, walk
from backsym.core.problem import Problem
from backsym.documents.content.blocks import Equations
from backsym.documents.content.derivations import _vectorized
from backsym.documents.content.likewise import form_of
from backsym.documents.content.plan import lines
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import answered_parts
from backsym.documents.content.told import Shown
from backsym.documents.content.vectorizing import operation, rows_and_columns, summed
from backsym.documents.remarks.remark import base_of
from backsym.documents.writers.markdown import inlines_text
from backsym.documents.writers.render import files
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import load
from backsym.solving.solution import Solution, solve

PROBLEMS = Path(__file__).resolve().parents[1] / "problems"


@cache
def solved(name: str) -> Solution:
    problem = load(str(next(PROBLEMS.rglob(f"{name}.yaml"))))
    assert isinstance(problem, Problem)
    return solve(problem)


def test_a_step_refers_to_the_derivatives_that_earlier_parts_found() -> None:
    text = files(None, [solved("newton")], "md")["solution.md"]
    assert isinstance(text, str)
    assert "With [(2)](#result-2) and [(3)](#result-3):" in text
    assert text.count("diag") == 2


def test_what_is_put_in_is_found_before_and_put_in_in_one_chain() -> None:
    solution = solved("twin")
    derivation = next(d for d in solution.derivations if d.node == "z")
    found = lines(derivation.steps)
    y, z = (solution.problem.sym(name) for name in "yz")
    order = [Adj("z", ()), Adj("y", ()), Partial(y, z), Partial(y, z)]
    assert [line.lhs for line in found] == [*order, *[Adj("z", ())] * (len(found) - 4)]
    assert len(found[4].stages) == 2
    assert found[0].opens


def test_of_local_derivatives_that_are_alike_one_is_derived() -> None:
    solution = solved("lstm")
    steps = next(d for d in solution.derivations if d.node == "q").steps
    found = lines(steps, form=lambda step: form_of((step,), solution.problem).key)
    alike = [line for line in found if line.like]
    assert {base_of(line.lhs.num) for line in alike if isinstance(line.lhs, Partial)} == {
        solution.problem.sym(name) for name in "io"
    }
    for line in alike:
        assert any(other.lhs == line.lhs and other.stages[-1:] == line.stages for other in lines(steps))
    assert not any(line.like for line in lines(steps))


def test_a_matrix_product_is_told_by_the_letters_of_its_sum() -> None:
    """Nothing is said to be transposed where no factor is, and the row and the column are those of the entries."""
    count = 0
    for name in ("backward-batch", "backward-single", "forward-batch", "forward-single"):
        solution = solved(name)
        voice = Voice.of(solution.problem)
        for answered in answered_parts(solution):
            for piece, (asked, _) in zip(answered.pieces, answered.asked, strict=False):
                found = summed(asked)
                if found is None or operation(piece.result.rhs) != "product":
                    continue
                blocks = _vectorized(piece, asked, answered, voice, Shown(voice))
                rows = [row for block in blocks if isinstance(block, Equations) for row in block.rows]
                text = " ".join(inlines_text(row.reason) for row in rows)
                transposed = any(isinstance(e, T) for e in walk(piece.result.rhs))
                assert ("nothing is transposed" in text) != transposed
                assert isinstance(found[0].body, Mul)
                for factor in found[0].body.args:
                    assert isinstance(factor, Entry)
                    if len(factor.indices) == 2:
                        at = factor.indices.index(found[1])
                        words = f"{('column', 'row')[at]} {factor.indices[1 - at].letter} of"
                        row = rows_and_columns(asked, voice)
                        assert row is not None
                        assert words in to_unicode(row.rhs)
                count += 1
    assert count > 4

"""Every derivative of every bundled problem as an answer, and its mutants: right ones are correct, wrong ones not.

SymPy at small sizes decides which mutants change the value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import chain

import mpmath
import pytest
from exact import DIGITS, Mismatch, Reader, Truth, equal
from exact import Judge as Exact
from extent import examples, some
from known import bundled
from mutants import BEHIND_A_TIE, Maker, same

from backsym.core.errors import BacksymError, ShapeError
from backsym.core.expr import Entry, Equation, Expr, IndexPick, IndexReduce, Ix, Reshape, free_indices, walk
from backsym.core.problem import Problem
from backsym.core.steps import Derivation
from backsym.marking.judging.accept import total_name
from backsym.marking.judging.layouts import same_layout
from backsym.marking.verdicts import Marker
from backsym.printing.latex import equation_latex, latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain

PROBLEMS = {name: problem.changed(parts=()) for name, problem in bundled().items()}


@cache
def marker_of(name: str) -> Marker:
    """One marker of a problem for all tests of this file."""
    return Marker(PROBLEMS[name])


def spellings(problem: Problem, equation: Equation) -> Iterator[str]:
    """An equation as answers: plain and LaTeX, with its left side and, for whole arrays and numbers, without."""
    notation = Notation.of(problem)
    if not any(isinstance(node, IndexPick) for node in walk(equation.rhs)):  # no spelling of its own
        yield f"{plain(equation.lhs, problem)} = {plain(equation.rhs, problem)}"
    if any(isinstance(node, Reshape) and node.regroups and len(node.shape) == 2 for node in walk(equation.rhs)):
        yield plain(equation.rhs, problem)
        return  # vec^-1 does not say what shape it makes.
    yield equation_latex(equation, notation)
    if not isinstance(equation.lhs, Entry):
        yield plain(equation.rhs, problem)
        yield latex(equation.rhs, notation)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_reference_answers_are_correct(name: str) -> None:
    problem = PROBLEMS[name]
    marker = marker_of(name)
    for d in marker.judge.solution.derivations:
        forms = [form for form in (d.entry, d.matrix) if form is not None]
        texts = [text for form in forms for text in spellings(problem, form)]
        assert len(texts) >= 1
        for text in texts:
            verdict = marker.mark(d.node, text, accept="any")
            assert verdict.verdict == "correct", (d.node, text, verdict)


@pytest.mark.parametrize("name", some(PROBLEMS, 3))
def test_an_entry_is_correct_without_a_left_side(name: str) -> None:
    """Its letters are bound by the author's letters, or by dimension."""
    problem = PROBLEMS[name]
    marker = marker_of(name)
    for d in marker.judge.solution.derivations:
        if any(isinstance(node, IndexPick) for node in walk(d.entry.rhs)):
            continue
        for text in (plain(d.entry.rhs, problem), latex(d.entry.rhs, Notation.of(problem))):
            letters = ",".join(ix.letter for ix in d.indices)
            target = f"{d.node}[{letters}]" if d.indices else d.node
            assert marker.mark(target, text, accept="any").verdict == "correct", (target, text)


def mutated(problem: Problem, derivations: list[Derivation]) -> Iterator[tuple[Derivation, bool, str, Expr]]:
    for n, d in enumerate(derivations):
        if d.node == problem.loss:
            continue
        maker = Maker(problem, [earlier.node for earlier in derivations[:n]])
        letters: tuple[Ix, ...] = tuple(ix for ix in d.indices if not ix.fixed)
        for kind, expr in chain(maker.mutants(d.entry.rhs, letters), same(d.entry.rhs)):
            yield d, False, kind, expr
        if d.matrix is not None:
            for kind, expr in chain(maker.mutants(d.matrix.rhs), same(d.matrix.rhs)):
                yield d, True, kind, expr


def sums_idly(e: Expr) -> bool:
    """Whether a sum runs over a letter that its body does not have."""
    sums = [node for node in walk(e) if isinstance(node, (IndexReduce, IndexPick))]
    return any(set(node.indices) - set(free_indices(node.body)) for node in sums)


def is_right(known: list[Truth], d: Derivation, whole: bool, expr: Expr) -> bool:
    if whole and not same_layout(expr.shape, d.matrix.lhs.shape if d.matrix else ()):
        return False  # the right numbers, but a row for a column
    if whole:
        return all(t.matrix_right(d.node, expr) for t in known)
    return all(t.entry_right(d.node, expr, d.indices) for t in known)


ASKS_TOTALS = ("softmax-jacobian", "logistic-hessian", "kronecker-layer", "newton", "ridge")
"""Problem files with Jacobians and second derivatives."""

SAME_NETWORK = ("backward-single", "forward-single", "forward-batch")
"""Problem files whose network is that of another."""

SAYS = {"correct": ("correct", "equivalent_form", "undetermined"), "incorrect": ("incorrect", "invalid")}
"""Verdicts on what is right and wrong in value; of the right ones, a circle earns nothing, and a person looks at what
rests on a derivative that is not nearer to the loss.  A wrong one may have a row where a column is."""

MOST = examples(90, 3)
"""Mutants of one problem that are marked, evenly spread."""


@pytest.mark.parametrize("name", some([name for name in PROBLEMS if name not in SAME_NETWORK], 8))
def test_mutants_are_told_from_right_answers(name: str) -> None:
    """Of each mutant one spelling is marked: plain and LaTeX take turns."""
    problem = PROBLEMS[name]
    marker = marker_of(name)
    notation = Notation.of(problem)
    derivations = list(marker.judge.solution.derivations)
    seen: Counter[str] = Counter()
    with mpmath.workdps(DIGITS):
        exact = Exact(problem)
        known = [exact.at(seed, [d.node for d in derivations]) for seed in range(3)]
        # At other sizes and with units that are off, the derivatives that SymPy has confirmed.
        other = Exact(problem, 1, lively=False)
        known += [other.stated(seed, derivations) for seed in range(3, 11)]
        every = list(mutated(problem, derivations))
        for number, (d, whole, kind, expr) in enumerate(every[:: max(1, len(every) // MOST)]):
            lhs = d.matrix.lhs if whole and d.matrix is not None else d.entry.lhs
            try:
                shape = expr.shape
                if sums_idly(expr):
                    continue  # nothing tells how far such a letter runs
                equation = Equation(lhs, expr)
                unclear = any(isinstance(node, Reshape) and node.regroups for node in walk(expr))  # see ``spellings``
                if (number % 2 or unclear) and not any(isinstance(node, IndexPick) for node in walk(expr)):
                    text = f"{plain(lhs, problem)} = {plain(expr, problem)}"
                else:
                    text = equation_latex(equation, notation)
            except BacksymError:
                continue  # its own shapes clash, or it cannot be written
            right = is_right(known, d, whole, expr)
            verdict = marker.mark(d.node, text, accept="any", hints="none")
            expected = "correct" if right else "incorrect"
            if right and verdict.verdict == "incorrect" and (name, d.node, kind) in BEHIND_A_TIE:
                continue
            assert verdict.verdict in SAYS[expected], (d.node, kind, text, shape, verdict)
            assert right or not verdict.score, (d.node, kind, text, shape, verdict)
            seen[expected] += 1
    assert seen["incorrect"] > MOST / 4
    assert seen["correct"] > 2


@pytest.mark.parametrize("name", some(ASKS_TOTALS, 5))
def test_mutants_of_jacobians_and_hessians_earn_nothing(name: str) -> None:
    """Values by an evaluator of its own say which mutants are wrong; none of them earns marks."""
    problem = bundled()[name]
    marker = Marker(problem)
    solution = marker.judge.solution
    wrong = right = 0
    with mpmath.workdps(DIGITS):
        exact = Exact(problem)
        known = [exact.at(seed, [d.node for d in solution.derivations]).reader for seed in range(3)]
        for total in solution.totals:
            maker = Maker(problem, [])
            entry, matrix = total.entry.rhs, total.matrix.rhs if total.matrix is not None else None
            letters = tuple(ix for ix in total.indices if not ix.fixed)
            every = [(entry, kind, e) for kind, e in chain(maker.mutants(entry, letters), same(entry))]
            if matrix is not None:
                every += [(matrix, kind, e) for kind, e in chain(maker.mutants(matrix), same(matrix))]
            for reference, kind, expr in every[:: max(1, len(every) // MOST)]:
                equation = total.entry if reference is entry else total.matrix
                assert equation is not None
                indices = total.indices if reference is entry else ()
                try:
                    if sums_idly(expr) or (not indices and expr.shape != reference.shape):
                        continue
                    text = equation_latex(Equation(equation.lhs, expr), Notation.of(problem))
                except BacksymError:
                    continue
                equals = all(same_value(reader, reference, expr, indices) for reader in known)
                verdict = marker.mark(total_name(total.key), text, accept="any", hints="none")
                assert equals or not verdict.score, (name, kind, text, verdict)
                assert not equals or verdict.verdict in SAYS["correct"], (name, kind, text, verdict)
                wrong, right = wrong + (not equals), right + equals
    assert wrong > 5
    assert right > 1


def same_value(reader: Reader, reference: Expr, expr: Expr, indices: tuple[Ix, ...]) -> bool:
    """Whether two expressions with these letters, or whole, have one value at a point."""
    shape = tuple(ix.dim for ix in indices) or reference.shape
    try:
        if indices:
            return equal(reader.entries(expr, indices, shape), reader.entries(reference, indices, shape))
        return equal(reader.whole(expr, shape), reader.whole(reference, shape))
    except (Mismatch, ShapeError, ZeroDivisionError):
        return False


@pytest.mark.parametrize("name", some(PROBLEMS, 12))
def test_a_derivative_by_itself_earns_nothing(name: str) -> None:
    """For any member of a recurrence, too."""
    problem = PROBLEMS[name]
    marker = marker_of(name)
    for d in marker.judge.solution.derivations:
        for lhs in (d.entry.lhs, *([d.matrix.lhs] if d.matrix is not None else [])):
            for text in (plain(lhs, problem), f"2*{plain(lhs, problem)} - {plain(lhs, problem)}"):
                verdict = marker.mark(d.node, text, accept="any", hints="none")
                assert not verdict.score, (d.node, text, verdict)

"""The numeric check against wrong derivatives: it catches practically all, and never accuses a right one.

Every derived expression is changed in one place.  SymPy at small sizes decides which of these mutants are wrong (a
change may keep the value), and then the numeric check must say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import mpmath
import pytest
from click.testing import CliRunner
from exact import DIGITS, Judge, Truth
from extent import THOROUGH, examples, some
from known import all_problems, solution
from mutants import BEHIND_A_TIE, Maker, Mutant, same

from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.core.expr import Equation
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import Problem
from backsym.core.steps import Derivation
from backsym.numeric.sample import draws
from backsym.numeric.verify import verify

PROBLEMS = {name: p for name, p in all_problems().items() if not any(eq.block for eq in p.equations)}
"""Recurrences are judged step by step (``unrolled.py``), where a mutant has no adjoint of the whole family."""
SAME_NETWORK = ("backward-single", "forward-single", "forward-batch")
"""Problem files whose network is that of mlp-entries or backward-batch."""

PART = 8
"""SymPy judges each mutant at eight points, which is slow."""

PER_NETWORK = examples(120, PART)
REQUIRED = 0.995


@dataclass
class Score:
    """How the numeric check judged the mutants."""

    wrong: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[str, str, str]] = field(default_factory=list)
    right: int = 0
    accused: list[tuple[str, str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        caught = 1 - len(self.missed) / self.wrong.total()
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.wrong.most_common())
        return (
            f"{self.wrong.total()} wrong mutants ({kinds}), {caught:.4%} of them caught, missed: {self.missed}; "
            f"{self.right} mutants of equal value, falsely accused: {self.accused}"
        )


def jobs(problem: Problem, derivations: Sequence[Derivation]) -> Iterator[tuple[int, str, Mutant]]:
    """Mutants of the entry form and of the matrix form of every derivative."""
    for n, d in enumerate(derivations):
        if d.node == problem.loss:
            continue
        maker = Maker(problem, [earlier.node for earlier in derivations[:n]])
        letters = tuple(ix for ix in d.indices if not ix.fixed)
        yield from ((n, "entry", m) for m in chain(maker.mutants(d.entry.rhs, letters), same(d.entry.rhs)))
        if d.matrix is not None:
            yield from ((n, "matrix", m) for m in chain(maker.mutants(d.matrix.rhs), same(d.matrix.rhs)))


def truths(problem: Problem, derivations: Sequence[Derivation]) -> list[Truth]:
    """SymPy's derivatives, and at further sizes the derivatives that they confirm."""
    judge = Judge(problem)
    found = [judge.at(seed, [d.node for d in derivations]) for seed in range(4)]
    assert all(t.entry_right(d.node, d.entry.rhs, d.indices) for t in found for d in derivations)
    return found + [Judge(problem, 1).stated(seed, derivations) for seed in range(4, 8)]


WIDE_POINTS = 60
"""Points of SymPy's on which a mutant has to be right, too, before the check is said to accuse it falsely."""


def far_truths(problem: Problem, derivations: Sequence[Derivation]) -> list[Truth]:
    """SymPy's derivatives at points far on every side of the kinks, which the usual points seldom are."""
    judge = Judge(problem, lively=False, wide=True)
    return [judge.at(seed, [d.node for d in derivations]) for seed in range(100, 100 + WIDE_POINTS)]


def is_right(known: Sequence[Truth], d: Derivation, form: str, mutant: Mutant) -> bool:
    if form == "entry":
        return all(t.entry_right(d.node, mutant[1], d.indices) for t in known)
    return all(t.matrix_right(d.node, mutant[1]) for t in known)


def spoiled(d: Derivation, form: str, mutant: Mutant) -> Derivation:
    """An entry form stands alone, so that only the derivative itself can give it away."""
    if form == "entry":
        return replace(d, entry=Equation(d.entry.lhs, mutant[1]), matrix=None)
    assert d.matrix is not None
    return replace(d, matrix=Equation(d.matrix.lhs, mutant[1]))


def run(name: str, score: Score) -> None:
    problem = PROBLEMS[name]
    derivations = solution(name).derivations
    points, known = draws(problem), truths(problem, derivations)
    work = list(jobs(problem, derivations))
    far: list[Truth] = []
    stride = max(1, -(-len(work) // PER_NETWORK))
    for n, form, mutant in work[::stride]:
        d = derivations[n]
        right = is_right(known, d, form, mutant)
        try:
            result = verify(problem, [*derivations[:n], spoiled(d, form, mutant), *derivations[n + 1 :]], points)
            flagged = result[d.node].status == "failed"
            assert flagged or all(v.status != "failed" for v in result.values()), "flagged at another node"
        except BacksymError:
            flagged = True  # shapes that do not fit
        if right and flagged:
            far = far or far_truths(problem, derivations)
            right = is_right(far, d, form, mutant)
        label = (name, d.node, f"{form} {mutant[0]}")
        if right:
            score.right += 1
            score.accused += [label] if flagged and (name, d.node, mutant[0]) not in BEHIND_A_TIE else []
        else:
            score.wrong[mutant[0]] += 1
            score.missed += [] if flagged else [label]


JUDGED = some([name for name in PROBLEMS if name not in SAME_NETWORK], 8)
SHARES = examples(6, 2)


@pytest.mark.parametrize("share", range(SHARES))
def test_the_numeric_check_agrees_with_sympy_on_mutants(share: int) -> None:
    """The networks are dealt out in shares, so that the shares can run side by side."""
    score = Score()
    with mpmath.workdps(DIGITS):
        for name in JUDGED[share::SHARES]:
            run(name, score)
    print(score)
    assert score.wrong.total() > examples(400, PART), str(score)
    assert not score.accused, str(score)
    # Of a share of the networks, one is no rate.
    most = (1 - REQUIRED) * score.wrong.total()
    assert len(score.missed) <= (most if THOROUGH else max(1, most)), str(score)


TANH = """\
title: A neuron
symbols: {x: {role: input}, w: {role: parameter}, b: {role: parameter}, t: {role: target}}
forward:
  - z = w*x + b
  - y = FUNCTION(z)
  - L = 1/2*(y - t)**2
"""


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        ("tanh", "1 + tanh(x)**2"),
        ("sigmoid", "sigmoid(x)*(1 + sigmoid(x))"),
        ("exp", "2*exp(x)"),
        ("sin", "-cos(x)"),
        ("gelu", "(1 + erf(x/sqrt(2)))/2"),
        ("relu", "[x < 0]"),
    ],
)
def test_a_wrong_rule_is_found_named_and_not_written(
    function: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "neuron.yaml", tmp_path / "out"
    path.write_text(TANH.replace("FUNCTION", function), encoding="utf-8")
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0
    monkeypatch.setitem(FUNCTIONS, function, replace(FUNCTIONS[function], partials=(wrong,)))
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert result.exit_code == 1
    assert "z: failed" in result.stderr
    # What is behind the wrong rule follows from it consistently; it may be zero there, and then says little.
    for node in ("L", "y", "w", "b", "x"):
        assert f"{node}: verified" in result.stdout or f"{node}: unexercised" in result.stdout
    result = CliRunner().invoke(main, ["solve", str(path), "-o", str(out)])
    assert result.exit_code == 1
    assert " z " in result.stderr
    assert not out.exists()

"""Explaining wrong answers: every class of mistake, made in every derivative of every network, is found again.

The derivatives of the solution are changed in one place.  Where that changes the value, the explanation must name the
class of the change, or one that says the same; and the repair that it proposes must make the answer right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from extent import examples, some
from mutants import Maker
from networks import NETWORKS
from plain_words import plainly

from backsym.core.bundled import resource
from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Ix
from backsym.marking.answers.model import TAGS, ReadAnswer, Target
from backsym.marking.explaining import screening
from backsym.marking.explaining.explain import Explanation, explain
from backsym.marking.judging.judge import Judge, equal_values
from backsym.reading.files.loader import load, problem_from_mapping

FILES = {path.stem: path for path in sorted(Path(resource("problems")).rglob("*.yaml")) if path.stem != "handout"}

PER_PROBLEM, PER_NETWORK = examples(150, 3), examples(50, 6)
"""Wrong answers to one bundled problem, and to one test network."""

REQUIRED = 0.95

ACCEPTABLE: dict[str, set[str]] = {
    "sign": {"sign"},
    "factor": {"factor", "missing_factor", "missing_sum", "missing_prime", "extra_factor", "shape", "exponent"},
    "offset": {"extra_factor", "factor"},
    "path": {"missing_path", "missing_factor", "missing_prime"},
    "node": {"wrong_node", "evaluation_point", "factor"},  # the adjoint of y may be 2 y
    "adjoint": {"wrong_node", "evaluation_point", "sign"},  # one adjoint may be minus another
    "index": {"wrong_index", "transpose"},
    "transpose": {"transpose", "wrong_index", "order"},
    "order": {"order", "transpose"},
    "product": {"hadamard_vs_matmul", "missing_sum", "order", "transpose"},
    "prime": {"missing_prime", "factor"},
    "function": {"missing_factor", "extra_factor", "missing_prime", "wrong_node", "hadamard_vs_matmul"},
    "sum": {"missing_sum", "extra_sum", "factor", "wrong_index"},
    "axis": {"wrong_axis"},
}
"""For each kind of mutant, the tags that describe it; a dropped factor, for one, is a missing factor."""


def judge_of(name: str) -> Judge:
    return Judge(load(str(FILES[name])) if name in FILES else problem_from_mapping(NETWORKS[name]))  # type: ignore[arg-type]


def wrong_answers(judge: Judge) -> Iterator[tuple[str, ReadAnswer]]:
    """All mutants of all derivatives, in both forms, that change the value."""
    problem = judge.problem
    derivations = judge.solution.derivations
    for n, d in enumerate(derivations):
        if d.node == problem.loss:
            continue
        maker = Maker(problem, [earlier.node for earlier in derivations[:n]])
        target = Target(d.node, problem.symbols[d.node].shape)
        forms: list[tuple[Expr, tuple[Ix, ...]]] = [(d.entry.rhs, d.indices)]
        forms += [(d.matrix.rhs, ())] if d.matrix is not None else []
        for e, indices in forms:
            letters = tuple(ix for ix in indices if not ix.fixed)
            for kind, changed in maker.mutants(e, letters):
                if kind in ACCEPTABLE and is_wrong(judge, target, changed, indices):
                    yield kind, ReadAnswer(target, changed, indices, "", problem)


def is_wrong(judge: Judge, target: Target, e: Expr, indices: tuple[Ix, ...]) -> bool:
    try:
        return judge.agrees(target, e, indices) is False
    except (BacksymError, ValueError):
        return True  # shapes that do not fit


@dataclass
class Score:
    """How the mistakes of one network, or of many, were explained."""

    right: Counter[str] = field(default_factory=Counter)
    other: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, kind: str, tags: tuple[str, ...]) -> None:
        if tags and tags[0] in ACCEPTABLE[kind]:
            self.right[kind] += 1
        else:
            self.other[kind, tags[0] if tags else "none"] += 1

    @property
    def rate(self) -> float:
        return self.right.total() / max(1, self.right.total() + self.other.total())

    def __str__(self) -> str:
        lines = [f"{self.right.total() + self.other.total()} wrong answers, {self.rate:.2%} explained by their class"]
        for kind in ACCEPTABLE:
            missed = {tag: n for (own, tag), n in self.other.items() if own == kind}
            lines.append(f"  {kind}: {self.right[kind]} of {self.right[kind] + sum(missed.values())}, else {missed}")
        return "\n".join(lines)


def check_explanation(judge: Judge, answer: ReadAnswer, found: Explanation) -> None:
    """Whatever is said is well formed, and what is proposed is right."""
    assert set(found.tags) <= set(TAGS)
    plain = plainly(found)
    for text in (found.gentle, found.full, plain.gentle, plain.full):
        assert text.strip() == text
        assert text.endswith((".", "?", "]", ")")) or text[-1].isalnum() or text.endswith("$"), text
        assert "None" not in text
        assert not re.search(r"(?<![\\_^a-z}])\{[a-z_]+\}", re.sub(r"\$[^$]*\$", "", text)), text
        assert text.count("$") % 2 == 0, text
    repair = found.repair
    if repair is None:
        return
    assert judge.agrees(answer.target, repair.expr, repair.indices) is True, found.full
    if repair.stated is not None:
        own = judge.values(answer.expr, answer.indices)
        assert equal_values(own, judge.values(repair.stated, repair.stated_letters)) is True


def run(name: str, limit: int) -> Score:
    judge = judge_of(name)
    answers = list(wrong_answers(judge))
    stride = max(1, -(-len(answers) // limit))
    score = Score()
    for kind, answer in answers[::stride]:
        found = explain(judge, answer)
        check_explanation(judge, answer, found)
        score.add(kind, found.tags)
    return score


@pytest.mark.parametrize("name", some(FILES, 8))
def test_mistakes_in_the_bundled_problems_are_explained(name: str) -> None:
    score = run(name, PER_PROBLEM)
    print(score)
    assert score.right.total() > 20
    assert score.rate >= REQUIRED, str(score)


SHARES = 4


@pytest.mark.parametrize("share", range(SHARES))
def test_mistakes_in_many_networks_are_explained(share: int) -> None:
    """The networks are dealt out in shares, so that the shares can run side by side."""
    total = Score()
    for name in some(sorted(NETWORKS)[share::SHARES], 4):
        one = run(name, PER_NETWORK)
        total.right += one.right
        total.other += one.other
    print(total)
    assert total.right.total() > examples(300, 12)
    assert total.rate >= REQUIRED, str(total)


def test_an_explanation_does_not_depend_on_what_was_explained_before() -> None:
    first, second = judge_of("twin"), judge_of("twin")
    answers = [answer for _, answer in wrong_answers(first)][::17]
    forwards = {n: explain(first, answer) for n, answer in enumerate(answers)}
    backwards = {n: explain(second, answer) for n, answer in reversed(list(enumerate(answers)))}
    assert all(forwards[n].full == backwards[n].full and forwards[n].tags == backwards[n].tags for n in forwards)


def test_what_recurs_in_answers_is_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the third time on, what is tried at a place is known, whatever answer it is in; what is said is the same."""
    judge = judge_of("twin")
    answers = [answer for _, answer in wrong_answers(judge)][::41]
    tried = screening._tried
    counts: Counter[int] = Counter()
    said: list[str] = []
    for time in range(4):
        monkeypatch.setattr(screening, "_tried", lambda *args, time=time: (counts.update([time]), tried(*args))[1])
        said.append("\n".join(explain(judge, answer).full for answer in answers))
    assert len(set(said)) == 1
    assert counts[3] == counts[2] < counts[1] / 2
    assert counts[1] < counts[0]


def test_mutants_are_of_every_kind() -> None:
    """A kind that no network has would be tested by nothing."""
    kinds: Counter[str] = Counter()
    for name in ("mlp-entries", "backward-batch", "twin", "scalar-tanh"):
        kinds.update(kind for kind, _ in wrong_answers(judge_of(name)))
    kinds.update(kind for kind, _ in wrong_answers(Judge(problem_from_mapping(NETWORKS["max-rows"]))))
    assert set(ACCEPTABLE) - {"axis"} <= set(kinds)

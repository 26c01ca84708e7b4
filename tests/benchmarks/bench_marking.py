"""How many answers are read, judged and explained in a second, in one process; and ratios to other checkers in one run.

    python tests/benchmarks/bench_marking.py

The answers are those of 200 students to 5 questions, all texts distinct, most of them wrong: the derivatives of a
problem, with one or two slips made in them.  SymPy decides ``simplify(a - b) == 0`` and math-verify ``verify(a, b)``, on
the answers of scalars only; math-verify is left out where it is not installed.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutants import Maker

from backsym.errors import BacksymError
from backsym.expr import Expr
from backsym.marking.explain import explain
from backsym.marking.model import ReadAnswer
from backsym.marking.verdicts import Marker
from backsym.printing.plain import plain
from backsym.problem import Problem
from backsym.reading.loader import load
from backsym.resources import find_problem

STUDENTS, TARGETS = 200, 5

Answer = tuple[str, str]


def slips(problem: Problem, marker: Marker, target: str) -> Iterator[str]:
    """Texts of the derivative by a target: right, with one slip, and with two."""
    derivations = marker.judge.solution.derivations
    number = next(n for n, d in enumerate(derivations) if d.node == target)
    d = derivations[number]
    maker = Maker(problem, [earlier.node for earlier in derivations[:number]])
    forms: list[tuple[Expr, Expr]] = [(d.entry.lhs, d.entry.rhs)]
    forms += [(d.matrix.lhs, d.matrix.rhs)] if d.matrix is not None else []
    for lhs, rhs in forms:
        letters = tuple(ix for ix in d.indices if not ix.fixed) if lhs is d.entry.lhs else ()
        once = [e for _, e in maker.mutants(rhs, letters)]
        for e in [rhs, *once, *(twice for one in once for _, twice in maker.mutants(one, letters))]:
            try:
                yield f"{plain(lhs, problem)} = {plain(e, problem)}"
            except BacksymError:
                continue


def answers(problem: Problem, marker: Marker) -> list[Answer]:
    """The answers of all students, one list of texts for each target, each text once."""
    names = [d.node for d in marker.judge.solution.derivations if d.node != problem.loss]
    found: list[Answer] = []
    per_target = STUDENTS * TARGETS // min(len(names), TARGETS)
    for name in names[-TARGETS:]:
        texts = list(dict.fromkeys(slips(problem, marker, name)))
        # Right answers, single slips and pairs of slips, in equal steps.
        singles = texts[: per_target * 2 // 3]
        rest = texts[len(singles) :]
        stride = max(1, len(rest) // max(1, per_target - len(singles)))
        found += [(name, text) for text in [*singles, *rest[::stride]][:per_target]]
    return found


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def of_a_problem(name: str) -> None:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    marker = Marker(problem)
    texts = answers(problem, marker)
    read: list[ReadAnswer] = []

    def reading() -> None:
        for target, text in texts:
            answer = marker.reader.read(marker.target(target), text)
            if isinstance(answer, ReadAnswer):
                read.append(answer)

    seconds = timed(reading)
    print(f"{name}: {len(texts)} answers, all distinct")
    print(f"  read: {len(texts) / seconds:,.0f} a second")
    verdicts: list[bool | None] = []
    seconds = timed(lambda: verdicts.extend(judged(marker, answer) for answer in read))
    print(f"  judged: {len(read) / seconds:,.0f} a second")
    wrong = [answer for answer, right in zip(read, verdicts, strict=True) if right is False]
    for answer in wrong[:: max(1, len(wrong) // 20)]:
        explain(marker.judge, answer)  # start-up
    told: list[tuple[str, ...]] = []

    def explaining() -> None:
        for answer in wrong:
            found = explain(marker.judge, answer)
            told.append(found.tags if found.full else ())

    seconds = timed(explaining)
    tagged = sum(bool(tags) for tags in told)
    print(f"  explained: {len(wrong) / seconds:,.0f} a second ({len(wrong)} wrong, {tagged / len(wrong):.1%} by a repair)")
    seconds = timed(lambda: [marker.mark(target, text) for target, text in texts])
    print(f"  all of it, by Marker.mark: {len(texts) / seconds:,.0f} a second")


def judged(marker: Marker, answer: ReadAnswer) -> bool | None:
    try:
        return marker.judge.agrees(answer.target, answer.expr, answer.indices)
    except (BacksymError, ValueError):
        return False


# --- other checkers --------------------------------------------------------------------------------------------------


def against_others(name: str) -> None:
    """The answers of a problem whose quantities are all scalars."""
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    marker = Marker(problem)
    texts = answers(problem, marker)[:200]
    ours = timed(lambda: [judged(marker, read_of(marker, *answer)) for answer in texts]) / len(texts)
    print(f"{name}: {len(texts)} scalar answers; backsym reads and judges one in {1e3 * ours:.2f} ms")
    truths = {d.node: plain(d.entry.rhs, problem) for d in marker.judge.solution.derivations}
    theirs = timed(lambda: by_sympy(texts, truths)) / len(texts)
    print(f"  sympy.simplify(a - b) == 0: {1e3 * theirs:.1f} ms, {theirs / ours:,.0f} times as long")
    try:
        from math_verify import parse, verify
    except ImportError:
        print("  math-verify is not installed")
        return
    theirs = timed(lambda: by_math_verify(texts, truths, parse, verify)) / len(texts)
    print(f"  math-verify: {1e3 * theirs:.1f} ms, {theirs / ours:,.0f} times as long")


def read_of(marker: Marker, target: str, text: str) -> ReadAnswer:
    answer = marker.reader.read(marker.target(target), text)
    assert isinstance(answer, ReadAnswer), (text, answer)
    return answer


def right_side(text: str) -> str:
    """Adjoints as names of one word."""
    return re.sub(r"dL/d(\w+)", r"dL_d\1", text.split(" = ")[-1])


def by_sympy(texts: Sequence[Answer], truths: dict[str, str]) -> list[bool]:
    import sympy

    names = {word: sympy.Symbol(word, real=True) for _, text in texts for word in re.findall(r"\b[a-z]\w*\b", text)}
    names |= {word: sympy.Symbol(word, real=True) for _, t in texts for word in re.findall(r"dL_d\w+", right_side(t))}
    names = {word: symbol for word, symbol in names.items() if word != "tanh"}

    def parsed(text: str) -> Any:
        return sympy.parse_expr(right_side(text).replace("tanh'(z)", "(1 - tanh(z)**2)"), local_dict=names)

    return [sympy.simplify(parsed(text) - parsed(truths[target])) == 0 for target, text in texts]


def by_math_verify(texts: Sequence[Answer], truths: dict[str, str], parse: Any, verify: Any) -> list[bool]:
    def parsed(text: str) -> Any:
        return parse("$" + right_side(text).replace("**", "^").replace("*", " \\cdot ").replace("tanh", "\\tanh") + "$")

    return [verify(parsed(truths[target]), parsed(text)) for target, text in texts]


def main() -> None:
    for name in ("mlp-entries", "backward-batch", "skip", "scalar-tanh"):
        of_a_problem(name)
    against_others("scalar-tanh")


if __name__ == "__main__":
    sys.exit(main())

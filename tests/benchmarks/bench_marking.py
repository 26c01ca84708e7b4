"""How many answers are read, judged and explained in a second, in one process; and ratios to other checkers in one run.

    python tests/benchmarks/bench_marking.py

First a class by CSV: 200 students, 5 answers each, all texts distinct, a third of them wrong, with feedback, from the
file to the report.  Then harder answers, most of them wrong: the derivatives of a problem, with one or two slips made
in them.  Seconds are of processor time, in one process, after the marker is made.

SymPy decides ``simplify(a - b) == 0`` and math-verify ``verify(a, b)``, on the answers of scalars only: the same
ones in names that each of them reads, none judged twice, with the true derivatives parsed before; the benchmark says on
how many they give backsym's verdict.  math-verify is left out where it is not installed.
"""

from __future__ import annotations

import csv
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, walk
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.marking.answers.model import ReadAnswer
from backsym.marking.explaining.explain import explain
from backsym.marking.reporting.classes import check_class
from backsym.marking.reporting.records import Record
from backsym.marking.reporting.reports import as_csv
from backsym.marking.verdicts import Marker
from backsym.printing.plain import plain
from backsym.reading.files.loader import load

STUDENTS, TARGETS = 200, 5

Answer = tuple[str, str]


def slips(problem: Problem, marker: Marker, target: str) -> tuple[list[str], list[str]]:
    """Texts of the derivative by a target: right or with one slip, and with two."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from mutants import Maker

    derivations = marker.judge.solution.derivations
    number = next(n for n, d in enumerate(derivations) if d.node == target)
    d = derivations[number]
    maker = Maker(problem, [earlier.node for earlier in derivations[:number]])
    forms: list[tuple[Expr, Expr]] = [(d.entry.lhs, d.entry.rhs)]
    forms += [(d.matrix.lhs, d.matrix.rhs)] if d.matrix is not None else []
    once: dict[str, None] = {}
    twice: dict[str, None] = {}
    for lhs, rhs in forms:
        letters = tuple(ix for ix in d.indices if not ix.fixed) if lhs is d.entry.lhs else ()
        one = [e for _, e in maker.mutants(rhs, letters) if has_shape(e)]
        two = [e for changed in one for _, e in maker.mutants(changed, letters)]
        for found, kept in (([rhs, *one], once), (two, twice)):
            kept.update(dict.fromkeys(f"{plain(lhs, problem)} = {plain(e, problem)}" for e in found if has_shape(e)))
    return list(once), [text for text in twice if text not in once]


def has_shape(e: Expr) -> bool:
    try:
        return all(node.shape is not None for node in walk(e))
    except BacksymError:
        return False


def answers(problem: Problem, marker: Marker) -> tuple[list[Answer], list[Answer]]:
    """The answers of all students, each text once: with at most one slip, and with two to make up the number."""
    names = [d.node for d in marker.judge.solution.derivations if d.node != problem.loss]
    one: list[Answer] = []
    two: list[Answer] = []
    for name in names:
        once, twice = slips(problem, marker, name)
        one += [(name, text) for text in once]
        two += [(name, text) for text in twice]
    one = one[:: max(1, len(one) // (STUDENTS * TARGETS))]
    rest = max(1, STUDENTS * TARGETS - len(one))
    return one, two[:: max(1, len(two) // rest)][:rest]


def timed(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def of_a_problem(name: str) -> None:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    marker = Marker(problem)
    one, two = answers(problem, marker)
    print(f"{name}: {len(one) + len(two)} answers, all distinct")
    for answer in [*one, *two][::25]:
        marker.mark(*answer)  # start-up
    for what, texts in (("at most one slip", one), ("two slips", two)):
        read: list[ReadAnswer] = []
        verdicts: list[bool | None] = []
        told: list[bool] = []
        reading = timed(lambda texts=texts, read=read: read.extend(known(marker, texts)))  # type: ignore[misc]
        judging = timed(lambda read=read, out=verdicts: out.extend(judged(marker, a) for a in read))  # type: ignore[misc]
        wrong = [answer for answer, right in zip(read, verdicts, strict=True) if right is False]
        explaining = timed(lambda wrong=wrong, out=told: out.extend(explained(marker, a) for a in wrong))  # type: ignore[misc]
        print(f"  {what}: {len(texts)}, {len(wrong)} of them wrong, {sum(told) / len(told):.1%} explained by a repair")
        print(f"    read {len(texts) / reading:,.0f}, judged {len(read) / judging:,.0f}, ", end="")
        print(f"explained {len(wrong) / explaining:,.0f} a second")
    everything = [*one, *two]
    seconds = timed(lambda: [marker.mark(target, text) for target, text in everything])
    print(f"  all of it, by Marker.mark: {len(everything) / seconds:,.0f} a second")


def known(marker: Marker, texts: Sequence[Answer]) -> list[ReadAnswer]:
    found = [marker.reader.read(marker.target(target), text) for target, text in texts]
    return [answer for answer in found if isinstance(answer, ReadAnswer)]


def explained(marker: Marker, answer: ReadAnswer) -> bool:
    found = explain(marker.judge, answer)
    return bool(found.full and found.tags)


def judged(marker: Marker, answer: ReadAnswer) -> bool | None:
    try:
        return marker.judge.agrees(answer.target, answer.expr, answer.indices)
    except (BacksymError, ValueError):
        return False


# --- a class by CSV ---------------------------------------------------------------------------------------------------


def a_class(problem: Problem, marker: Marker) -> dict[str, dict[str, str]]:
    """Students' answers to the last derivatives of a problem; every third is wrong."""
    targets = [d.node for d in marker.judge.solution.derivations if d.node != problem.loss][-TARGETS:]
    found: dict[str, dict[str, str]] = {f"s{n:03d}": {} for n in range(STUDENTS)}
    seen: set[str] = set()
    for place, target in enumerate(targets):
        texts, _ = slips(problem, marker, target)
        read = {text: read_of(marker, target, text) for text in texts}
        right = {text: judged(marker, answer) for text, answer in read.items()}
        pools = {good: [text for text in texts if right[text] is good] for good in (True, False)}
        for n, answers in enumerate(found.values()):
            pool = pools[(n + place) % 3 != 0]
            turn, which = divmod(n, len(pool))
            lhs, _, rhs = pool[which].partition(" = ")
            answers[target] = f"{lhs} = {rhs}" if turn == 0 else f"{lhs} = {turn + 1}/{turn + 1} * ({rhs})"
            seen.add(f"{target}: {answers[target]}")
    assert len(seen) == STUDENTS * TARGETS, "all texts are distinct"
    return found


def class_by_csv(name: str) -> None:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    marker = Marker(problem)
    given = a_class(problem, marker)
    targets = list(given["s000"])
    for answers in list(given.values())[::10]:
        marker.mark_all(answers)  # start-up
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "class.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["student", *targets])
            rows.writerows([student, *answers.values()] for student, answers in given.items())
        records: list[Record] = []

        def whole() -> None:
            records.extend(check_class(marker, path))
            as_csv(records)

        seconds = timed(whole)
    everything = [(target, text) for answers in given.values() for target, text in answers.items()]
    wrong = [answer for answer, record in zip(everything, records, strict=True) if record.verdict != "correct"]
    judging = timed(lambda: [judged(marker, read_of(marker, *answer)) for answer in everything])
    explaining = timed(lambda: [marker.mark(*answer) for answer in wrong])
    tagged = sum(bool(record.tags) for record in records)
    print(f"{name}: a class by CSV, {len(records)} answers, {len(wrong)} not correct, {tagged} with a tag")
    print(f"  read and judged {len(everything) / judging:,.0f} a second; ", end="")
    print(f"of those not correct, read, judged and explained {len(wrong) / explaining:,.0f}")
    print(f"  from the CSV to the report of marks: {len(records) / seconds:,.0f} answers a second")


# --- other checkers --------------------------------------------------------------------------------------------------


_FOREIGN = re.compile(r"'|sigmoid")
"""What the other checkers do not read."""

COMPARED, FIRST = 200, 20
"""Answers that all checkers judge, and other ones that each judges before, so that none is timed at its start."""

Checker = Callable[[Sequence[Answer]], list[bool]]


def against_others(name: str) -> None:
    """The answers of a problem whose quantities are all scalars: every text another one, and another expression."""
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    marker = Marker(problem)
    texts = [a for part in answers(problem, marker) for a in part if not _FOREIGN.search(a[1])]
    texts = texts[:: len(texts) // (COMPARED + FIRST)]
    first, texts = texts[:FIRST], texts[FIRST : FIRST + COMPARED]
    truths = {d.node: plain(d.entry.rhs, problem) for d in marker.judge.solution.derivations}

    def ours(answers: Sequence[Answer]) -> list[bool]:
        return [judged(marker, read_of(marker, *answer)) is True for answer in answers]

    mine, right = time_of(ours, first, texts)
    print(f"{name}: {len(texts)} scalar answers; backsym reads and judges one in {1e3 * mine:.3f} ms")
    for title, make in (("sympy.simplify(a - b) == 0", by_sympy), ("math-verify", by_math_verify)):
        try:
            checker = make(problem, truths)
        except ImportError:
            print(f"  {title} is not installed")
            continue
        seconds, found = time_of(checker, first, texts)
        same = sum(a == b for a, b in zip(right, found, strict=True))
        print(f"  {title}: {1e3 * seconds:.1f} ms, {seconds / mine:,.0f} times as long; ", end="")
        print(f"the same verdict on {same} of {len(texts)}")


def time_of(checker: Checker, first: Sequence[Answer], texts: Sequence[Answer]) -> tuple[float, list[bool]]:
    """Seconds for one answer, and the verdicts; what SymPy remembers of another checker's run is forgotten before."""
    from sympy.core.cache import clear_cache

    clear_cache()
    checker(first)
    found: list[bool] = []
    return timed(lambda: found.extend(checker(texts))) / len(texts), found


def read_of(marker: Marker, target: str, text: str) -> ReadAnswer:
    answer = marker.reader.read(marker.target(target), text)
    assert isinstance(answer, ReadAnswer), (text, answer)
    return answer


def right_side(text: str, adjoint: str) -> str:
    """Adjoints as names that the other checkers read."""
    return re.sub(r"dL/d(\w+)", adjoint, text.split(" = ")[-1])


def by_sympy(problem: Problem, truths: dict[str, str]) -> Checker:
    """The truths are parsed once, as backsym knows them before the first answer."""
    import sympy

    words = [*problem.symbols, *(f"dL_d{name}" for name in problem.symbols)]
    names = {word: sympy.Symbol(word, real=True) for word in words}

    def parsed(text: str) -> Any:
        return sympy.parse_expr(right_side(text, r"dL_d\1"), local_dict=names)

    known = {target: parsed(text) for target, text in truths.items()}
    return lambda answers: [sympy.simplify(parsed(text) - known[target]) == 0 for target, text in answers]


def by_math_verify(problem: Problem, truths: dict[str, str]) -> Checker:
    """LaTeX between dollar signs; without units, because it takes the t of y - t for one."""
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse, verify

    how = [LatexExtractionConfig(normalization_config=NormalizationConfig(units=False))]

    def parsed(text: str) -> Any:
        powers = re.sub(r"\*\*(\w+|\([^()]*\))", r"^{\1}", right_side(text, r"\\delta_{\1}"))
        return parse("$" + powers.replace("*", r" \cdot ").replace("tanh", r"\tanh") + "$", extraction_config=how)

    known = {target: parsed(text) for target, text in truths.items()}
    return lambda answers: [verify(known[target], parsed(text)) for target, text in answers]


def main() -> None:
    names = sys.argv[1:] or ["mlp-entries", "backward-batch", "skip", "scalar-tanh"]
    for name in names:
        class_by_csv(name)
    for name in names:
        of_a_problem(name)
    against_others("scalar-tanh")


if __name__ == "__main__":
    sys.exit(main())

"""A table of answers as students write them: each gets its verdict, and SymPy says independently which are wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import pytest
import yaml
from exact import DIGITS, Truth
from exact import Judge as Exact
from extent import THOROUGH, some

from backsym.core.expr import Partial, walk
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.marking import verdicts
from backsym.marking.answers.model import TAGS, ReadAnswer
from backsym.marking.explaining.explain import Explanation
from backsym.marking.explaining.feedback import Words
from backsym.marking.judging.earning import CLAIM
from backsym.marking.judging.layouts import same_layout
from backsym.marking.verdicts import VERDICTS, Marker, Verdict
from backsym.reading.files.loader import load, problem_from_mapping

TABLES = sorted((Path(__file__).parent / "answers").glob("*.yaml"))


@dataclass(frozen=True)
class Row:
    target: str
    answer: str
    verdict: str
    tags: tuple[str, ...] | None


@cache
def table(path: Path) -> tuple[Problem, list[Row]]:
    """The problem of a table, by name or inline, and its rows."""
    data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found = load(str(find_problem(data["problem"]))) if "problem" in data else problem_from_mapping(data["inline"])
    assert isinstance(found, Problem)
    rows: list[Row] = []
    for target, groups in data["answers"].items():
        for verdict, items in groups.items():
            for item in items:
                if isinstance(item, str):
                    rows.append(Row(target, item, verdict, None))
                else:
                    rows.append(Row(target, item["answer"], verdict, tuple(item["tags"])))
    return found, rows


@cache
def marker_of(title: str, path: Path) -> Marker:
    """The marker of a problem, of which there may be several tables.

    Without its parts: the tables tell what is read and worth, and in a "show that" the claim alone earns nothing.
    """
    return Marker(table(path)[0].changed(parts=()))


def marker_for(path: Path) -> Marker:
    title = table(path)[0].title
    return marker_of(title, next(other for other in TABLES if table(other)[0].title == title))


def marked(path: Path, rows: Iterable[Row]) -> list[tuple[Row, Verdict]]:
    return [(row, marker_for(path).mark(row.target, row.answer, accept="any")) for row in rows]


def test_the_table_is_large() -> None:
    rows = [row for path in TABLES for row in table(path)[1]]
    assert len(TABLES) >= 12
    assert len(rows) >= 300
    assert {row.verdict for row in rows} <= set(VERDICTS)
    tags = Counter(tag for row in rows for tag in row.tags or ())
    assert set(TAGS) - {"limit", CLAIM} <= set(tags), "a wrong answer of every tag; others stand elsewhere"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_answer_gets_its_verdict(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without saying why, which takes most of the time and is the next test's part."""
    if not THOROUGH:
        monkeypatch.setattr(verdicts, "explain", lambda judge, _: Explanation((), (), (), Words(judge.problem)))
    wrong = [
        (row, verdict.verdict, verdict.tags, verdict.feedback)
        for row, verdict in marked(path, table(path)[1])
        if verdict.verdict != row.verdict
    ]
    assert not wrong


def test_tags_are_acceptable_in_95_of_100_wrong_answers() -> None:
    judged, off = 0, []
    for path in TABLES:
        rows = [row for row in table(path)[1] if row.verdict in ("incorrect", "invalid")]
        for row, verdict in marked(path, some(rows, 3)):
            assert verdict.verdict == row.verdict, row
            if not row.tags:
                continue  # A mistake for which there is no tag is counted neither way.
            judged += 1
            found = verdict.tags
            assert set(found) <= set(TAGS)
            if not set(found) & set(row.tags):
                off.append((path.stem, row, found))
    assert judged > 200
    assert len(off) <= 0.05 * judged, off


def comparable(marker: Marker, rows: list[Row]) -> Iterator[tuple[Row, ReadAnswer]]:
    """The answers that are expressions for the target, read one way."""
    for row in rows:
        read = marker.reader.read(marker.target(row.target), row.answer)
        if not isinstance(read, ReadAnswer) or row.verdict not in ("correct", "incorrect"):
            continue
        plain = read.of is None and not read.others and not read.target.is_position and len(read.lines) <= 1
        if plain and not any(isinstance(node, Partial) for node in walk(read.expr)):
            yield row, read


def is_right(known: list[Truth], read: ReadAnswer) -> bool:
    name, shape = read.target.name, read.target.shape
    if read.indices:
        entries = len(read.indices) == len(shape) and tuple(ix.dim for ix in read.indices) == shape
        return entries and all(t.entry_right(name, read.expr, read.indices) for t in known)
    return same_layout(read.expr.shape, shape) and all(t.matrix_right(name, read.expr) for t in known)


_KNOWN: dict[str, list[Truth]] = {}
"""Points of each problem, of which there may be several tables."""


@pytest.mark.parametrize("path", some(TABLES, 16), ids=lambda path: path.stem)
def test_sympy_agrees_on_which_answers_are_wrong(path: Path) -> None:
    problem, rows = table(path)
    marker = marker_for(path)
    names = [d.node for d in marker.judge.solution.derivations]
    with mpmath.workdps(DIGITS):
        if problem.title not in _KNOWN:
            exact = Exact(problem)
            known = [exact.at(seed, names) for seed in range(3)]
            # At other sizes and with units that are off, the derivatives that SymPy has confirmed.
            derivations = marker.judge.solution.derivations
            known += [Exact(problem, 1, lively=False).stated(seed, derivations) for seed in range(3, 19)]
            _KNOWN[problem.title] = known
        known = _KNOWN[problem.title]
        judged = [(row, is_right(known, read)) for row, read in comparable(marker, rows)]
    assert not [row for row, right in judged if (row.verdict == "correct") != right]
    assert len(judged) > 15

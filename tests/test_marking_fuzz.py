"""Random answers and files of answers: each gets a verdict, and nothing raises, hangs or starts a formula.

The coverage-guided run is ``tests/fuzz/fuzz_answers.py``.
"""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import prompt

import backsym
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.marking.reporting import reports
from backsym.marking.reporting.submissions import csv_of, decoded, yaml_of
from backsym.marking.verdicts import VERDICTS, Marker, Verdict

ROOT = Path(__file__).resolve().parents[1]

NAMES = ("scalar-tanh", "mlp-entries", "backward-batch")

WORDS = (
    "y t z w b x a1 A1 W2 Z2 N D2 dL/dz dL/dZ2 dL/dW2[k,j] W2[k,j] + - * / ** ^ @ .T ^T ( ) [ ] { } , ; = \n 1 2 0.5 "
    "9 tanh sigmoid relu relu' sum(  ,k) axis=0 ones(N) eye(3) diag( outer( einsum('ij,j->i', delta(i,j) [z>0] "
    "\\frac{ }{ \\odot \\top ^\\top ^{ _{ \\sum_{k=1}^{K} \\nabla_{ \\partial \\mathbf{ \\left( \\right) \\cdot \\\\ & "
    "$ ∂ ⊙ ² ᵀ Σ σ ′ − · where let \x00 \x1b \ud800 =cmd| '"
).split(" ")


@cache
def marker_of(name: str) -> Marker:
    problem = backsym.load(str(ROOT / "problems" / "csc311-week6" / f"{name}.yaml"))
    assert isinstance(problem, Problem)
    marker = Marker(problem)
    for target in targets(marker):
        for text in ("x", "dL/dz", "{", "a b = c"):
            marker.mark(target, text)  # What is prepared once is prepared now.
    return marker


def targets(marker: Marker) -> list[str]:
    return [d.node for d in marker.judge.solution.derivations]


@cache
def committed() -> tuple[str, ...]:
    """The answers of the committed tables."""
    found: list[str] = []
    for path in sorted((ROOT / "tests" / "answers").glob("*.yaml")):
        for by_verdict in yaml.safe_load(path.read_text(encoding="utf-8"))["answers"].values():
            for answers in by_verdict.values():
                found += [a["answer"] if isinstance(a, dict) else str(a) for a in answers]
    assert len(found) > 100
    return tuple(found)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An answer of the tables with a piece cut out, put in or moved."""
    text = draw(st.sampled_from(committed()))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 8)))
        text = text[:start] + draw(st.sampled_from(["", *WORDS])) + text[draw(st.sampled_from([start, end])) :]
    return text


ANSWERS = st.one_of(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join), damaged(), st.text(max_size=60))


def examine(verdicts: list[Verdict]) -> None:
    """What holds of any verdict, and of the reports of it."""
    for verdict in verdicts:
        assert verdict.verdict in VERDICTS
        assert 0.0 <= verdict.score <= verdict.marks
        assert verdict.feedback
    assert len(json.loads(reports.as_json(verdicts))) == len(verdicts)
    rows = list(csv.reader(io.StringIO(reports.as_csv(verdicts), newline="")))
    assert len(rows) == 1 + len(verdicts)
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert "\x1b" not in reports.as_table(verdicts)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(text=ANSWERS, which=st.integers(0, 20))
def test_any_answer_gets_a_verdict(name: str, text: str, which: int) -> None:
    marker = marker_of(name)
    names = targets(marker)
    examine([prompt(lambda: marker.mark(names[which % len(names)], text))])


@pytest.mark.parametrize(
    ("target", "text"), [("Z2", "sum(dLA1, axis=0)"), ("Z2", "sum(dL/0dA1, axis=0)"), ("Z2", r"(\delta_00_")]
)
def test_what_the_fuzz_run_found(target: str, text: str) -> None:
    examine([marker_of("backward-batch").mark(target, text)])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(texts=st.lists(ANSWERS, min_size=1, max_size=5))
def test_any_student_gets_verdicts(texts: list[str]) -> None:
    """Also where answers follow from earlier ones."""
    marker = marker_of("scalar-tanh")
    answers = dict(zip(targets(marker), texts, strict=False))
    verdicts = marker.mark_all(answers)
    assert [verdict.target for verdict in verdicts] == list(answers)
    examine(verdicts)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.one_of(st.binary(max_size=200), st.lists(ANSWERS, max_size=6).map(
    lambda texts: ("z: " + "\n".join(texts)).encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_any_file_is_read_or_refused(data: bytes) -> None:
    try:
        answers, _ = yaml_of(data.decode("utf-8", "replace"), "a.yaml")
        assert all(isinstance(key, str) and isinstance(value, str) for key, value in answers.items())
    except BacksymError:
        pass
    try:
        found = csv_of(decoded(b"student,z,w\n" + data, "a.csv"), "a.csv", ("z", "w"))
        assert all(set(item.answers) == {"z", "w"} for item in found.items)
    except BacksymError:
        pass

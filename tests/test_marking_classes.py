"""Marking a class: the same records whoever does the work, interruptions, the journal, the summary."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import pytest
from browser import browser, program
from click.testing import CliRunner

import backsym
from backsym.cli.main import main
from backsym.cli.progress import counted
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.marking.answers.model import ReadAnswer, Target
from backsym.marking.answers.reader import AnswerReader
from backsym.marking.explaining.explain import Explainer
from backsym.marking.judging.judge import Judge
from backsym.marking.reporting import classes
from backsym.marking.reporting.class_page import class_page
from backsym.marking.reporting.classes import check_class
from backsym.marking.reporting.journal import Journal, fingerprint
from backsym.marking.reporting.records import Record
from backsym.marking.reporting.summary import summarise, summary_table
from backsym.marking.verdicts import Marker

ROOT = Path(__file__).resolve().parents[1]

AXE = """
axe.run().then(result => result.violations.filter(v => ['serious', 'critical'].includes(v.impact))
  .map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 120)).slice(0, 3).join(' | ')))
"""

RIGHT = {"y": "y - t", "z": "dL/dy*(1 - tanh(z)^2)", "w": "dL/dz*x"}
WRONG = {"y": "t - y", "z": "dL/dy*(1 - tanh(z)^2)", "w": "dL/dz"}


def a_class(count: int) -> dict[str, dict[str, str]]:
    """Students whose answers are all different texts; every third is wrong."""
    return {
        f"s{n:03d}": {t: f"{n + 2}/{n + 2}*({a})" for t, a in (RIGHT if n % 3 else WRONG).items()} for n in range(count)
    }


@pytest.fixture(scope="module")
def marker() -> Marker:
    problem = backsym.load(str(ROOT / "problems" / "csc311-week6" / "scalar-tanh.yaml"))
    assert isinstance(problem, Problem)
    return Marker(problem)


@pytest.fixture(scope="module")
def expected(marker: Marker) -> list[Record]:
    return check_class(marker, a_class(20))


def test_the_verdicts_are_those_of_each_student(marker: Marker, expected: list[Record]) -> None:
    assert [record.student for record in expected] == [f"s{n:03d}" for n in range(20) for _ in RIGHT]
    assert [record.target for record in expected] == list(RIGHT) * 20
    for n, (student, answers) in enumerate(a_class(20).items()):
        own = [Record.of(verdict, student) for verdict in marker.mark_all(answers)]
        assert expected[3 * n : 3 * n + 3] == own
    assert [record.verdict for record in expected[:6]] == ["incorrect", "correct", "incorrect", *["correct"] * 3]


class Backwards(Executor):
    """An executor of our own, which does the work last come first served, by way of bytes as another machine would."""

    def __init__(self) -> None:
        self.calls: list[tuple[Future[Any], bytes]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.append((future, pickle.dumps((fn, args, kwargs))))
        if len(self.calls) == 1:
            threading.Timer(0.2, self.work).start()
        return future

    def work(self) -> None:
        for future, call in reversed(self.calls):
            fn, args, kwargs = pickle.loads(call)
            future.set_result(pickle.loads(pickle.dumps(fn(*args, **kwargs))))


def test_any_executor_gives_the_same(marker: Marker, expected: list[Record]) -> None:
    executor = Backwards()
    assert check_class(marker, a_class(20), executor=executor) == expected
    assert len(executor.calls) > 1
    with ThreadPoolExecutor(3) as pool:
        assert check_class(marker, a_class(20), executor=pool) == expected


def test_processes_give_the_same(marker: Marker, expected: list[Record]) -> None:
    assert check_class(marker, a_class(20), workers=2) == expected


def test_a_dask_client_gives_the_same(marker: Marker, expected: list[Record]) -> None:
    # A package of the test extra: where it is missing, this fails.
    code = """
import json, sys
from distributed import Client, LocalCluster
import backsym
problem = backsym.load(sys.argv[1])
given = json.load(sys.stdin)
with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:
    with Client(cluster) as client, client.get_executor() as executor:
        print(json.dumps([r.saved() for r in backsym.check_class(problem, given, executor=executor)]))
"""
    problem = str(ROOT / "problems" / "csc311-week6" / "scalar-tanh.yaml")
    done = subprocess.run(
        [sys.executable, "-c", code, problem], input=json.dumps(a_class(20)), capture_output=True, text=True,
        timeout=240, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert [Record.loaded(saved) for saved in json.loads(done.stdout)] == expected


def dies(*given: object) -> None:
    os._exit(1)


def test_a_worker_that_dies_is_an_error_that_says_so(marker: Marker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "mark_chunk", dies)
    with pytest.raises(BacksymError, match="has died"):
        check_class(marker, a_class(20), workers=2)


def test_what_is_no_executor_is_refused_by_name(marker: Marker) -> None:
    with pytest.raises(BacksymError, match="executor is of type int, expected"):
        check_class(marker, a_class(2), executor=2)  # type: ignore[arg-type]


def test_a_question_that_a_student_of_a_folder_left_out_is_shown(marker: Marker, tmp_path: Path) -> None:
    (tmp_path / "ann.yaml").write_text("y: y - t\ndL/dw: dL/dz*x\n")
    (tmp_path / "bob.yaml").write_text("w: dL/dz*x\nq: 1\n")
    (tmp_path / "eve.yaml").write_text("y: [\n")
    records = check_class(marker, tmp_path)
    assert [(r.student, r.target, r.verdict, r.score) for r in records[:-1]] == [
        ("ann", "y", "correct", 1.0), ("ann", "dL/dw", "correct", 1.0),
        ("bob", "w", "correct", 1.0), ("bob", "q", "invalid", 0.0), ("bob", "y", "invalid", 0.0),
    ]  # fmt: skip
    assert "no answer" in records[4].feedback
    assert (records[-1].student, records[-1].verdict) == ("eve", "invalid")


def test_what_many_students_write_is_read_and_explained_twice(marker: Marker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time it is kept; the verdicts are the same."""
    counts: Counter[tuple[str, str]] = Counter()
    read, explained = AnswerReader._answer, Explainer._explanation

    def reading(self: AnswerReader, target: Target, text: str, *rest: Any, **how: Any) -> Any:
        counts["read", text] += 1
        return read(self, target, text, *rest, **how)

    def explaining(self: Explainer, judge: Judge, answer: ReadAnswer) -> Any:
        counts["explained", answer.text] += 1
        return explained(self, judge, answer)

    monkeypatch.setattr(AnswerReader, "_answer", reading)
    monkeypatch.setattr(Explainer, "_explanation", explaining)
    explained_texts = [("explained", text) for target, text in WRONG.items() if text != RIGHT[target]]
    fresh = Marker(marker.problem, Judge(marker.problem, marker.judge.solution))
    records = check_class(fresh, {f"s{n:03d}": RIGHT if n % 3 else WRONG for n in range(9)})
    assert set(counts) == {*(("read", text) for text in (*RIGHT.values(), *WRONG.values())), *explained_texts}
    assert set(counts.values()) == {2}
    for n, record in enumerate(records):
        assert replace(record, student=None) == replace(records[n % 9], student=None)


def test_settings(marker: Marker) -> None:
    given = {"ann": {"z": "(y - t)(1 - tanh(z)^2)", "w": "dL/dz x"}}
    records = check_class(marker, given, accept="by_name", marks={"z": 4, "w": 6}, hints="none")
    assert [(r.verdict, r.score, r.marks) for r in records] == [("equivalent_form", 2.0, 4.0), ("correct", 6.0, 6.0)]
    for wrong in ({"hints": "some"}, {"accept": "all"}):
        with pytest.raises(BacksymError, match="expected one of"):
            check_class(marker, given, **wrong)  # type: ignore[arg-type]


def test_an_error_of_ours_does_not_cost_the_class_its_marks(marker: Marker, monkeypatch: pytest.MonkeyPatch) -> None:
    true = Marker.mark_all

    def failing(self: Marker, answers: dict[str, str], **how: Any) -> Any:
        if "t" in answers["y"].partition("-")[2]:
            raise ZeroDivisionError
        return true(self, answers, **how)

    monkeypatch.setattr(Marker, "mark_all", failing)
    records = check_class(marker, {"ann": {"y": "y - t"}, "bob": {"y": "y"}})
    assert [record.verdict for record in records] == ["undetermined", "incorrect"]
    assert "ZeroDivisionError" in records[0].feedback


# --- the journal -----------------------------------------------------------------------------------------------------


class Stopped(Exception):
    pass


def stop_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done == count:
            raise Stopped

    return progress


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The students that are marked while a test runs."""
    seen: list[str | None] = []
    true = classes.mark_submission

    def counted(marker: Marker, item: Any, settings: Any) -> list[Record]:
        seen.append(item.student)
        return true(marker, item, settings)

    monkeypatch.setattr(classes, "mark_submission", counted)
    return seen


def test_marking_goes_on_where_it_stopped(
    marker: Marker, expected: list[Record], tmp_path: Path, counting: list[str | None]
) -> None:
    journal = tmp_path / "marks.journal"
    for count in (5, 11):
        with pytest.raises(Stopped):
            check_class(marker, a_class(20), journal=journal, progress=stop_after(count))
        assert len(journal.read_text(encoding="utf-8").splitlines()) == count
    seen: list[tuple[int, int]] = []
    assert check_class(marker, a_class(20), journal=journal, progress=lambda *now: seen.append(now)) == expected
    assert counting == list(a_class(20)), "nobody is marked twice, nobody is left out"
    assert seen == [(n, 20) for n in range(11, 21)]


def test_a_line_that_was_cut_off_is_marked_again(
    marker: Marker, expected: list[Record], tmp_path: Path, counting: list[str | None]
) -> None:
    journal = tmp_path / "marks.journal"
    check_class(marker, a_class(20), journal=journal)
    data = journal.read_bytes()
    counting.clear()
    journal.write_bytes(b"not ours\n" + data[: data.rfind(b"\n", 0, -1) + 30])
    assert check_class(marker, a_class(20), journal=journal) == expected
    assert counting == ["s019"]
    counting.clear()
    assert check_class(marker, a_class(20), journal=journal) == expected
    assert counting == []


def test_a_mark_that_was_changed_on_the_disk_is_not_taken(
    marker: Marker, expected: list[Record], tmp_path: Path, counting: list[str | None]
) -> None:
    journal = tmp_path / "marks.journal"
    check_class(marker, a_class(20), journal=journal)
    journal.write_text(journal.read_text().replace('"score": 0.0', '"score": 1.0', 1))
    counting.clear()
    assert check_class(marker, a_class(20), journal=journal) == expected
    assert counting == ["s000"]


def test_two_runs_with_one_journal_do_not_spoil_it(
    marker: Marker, expected: list[Record], tmp_path: Path, counting: list[str | None]
) -> None:
    journal = tmp_path / "marks.journal"
    journal.write_bytes(b'{"key": "cut of')
    given = list(a_class(20).items())
    with Journal(journal) as first, Journal(journal) as second:
        for n, (student, _) in enumerate(given):
            (first if n % 2 else second).add(student, [expected[n]])
    assert Journal(journal).done == {student: (expected[n],) for n, (student, _) in enumerate(given)}
    with pytest.raises(Stopped):
        check_class(marker, dict(given[:9]), journal=journal, progress=stop_after(5))
    with pytest.raises(Stopped):
        check_class(marker, dict(given[9:]), journal=journal, progress=stop_after(6))
    counting.clear()
    assert check_class(marker, dict(given), journal=journal) == expected
    assert len(counting) == 20 - 5 - 6


@pytest.mark.parametrize("text", ["my notes\n", "{}", "\0" * 20])
def test_a_file_that_is_no_journal_is_left_alone(marker: Marker, tmp_path: Path, text: str) -> None:
    notes = tmp_path / "marks.csv.journal"
    notes.write_text(text)
    with pytest.raises(BacksymError, match="move it away"):
        check_class(marker, a_class(2), journal=notes)
    assert notes.read_text() == text


def test_what_has_changed_is_marked_again(marker: Marker, tmp_path: Path, counting: list[str | None]) -> None:
    journal = tmp_path / "marks.journal"
    given = a_class(4)
    check_class(marker, given, journal=journal)
    counting.clear()
    given["s002"]["y"] = "y + t"
    records = check_class(marker, given, journal=journal)
    assert counting == ["s002"]
    assert records[6].verdict == "incorrect"
    counting.clear()
    check_class(marker, given, journal=journal, hints="none")
    assert counting == list(given), "other settings are other marks"


def test_a_fingerprint_is_the_same_in_every_process(marker: Marker) -> None:
    code = "\n".join(
        (
            "import sys, backsym",
            "from backsym.marking.reporting import journal",
            "print(journal.fingerprint(backsym.load(sys.argv[1])))",
        )
    )
    path = str(ROOT / "problems" / "gallery" / "rnn.yaml")
    own = fingerprint(backsym.load(path))
    for seed in "01":
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == own, done.stderr
    with pytest.raises(TypeError, match="object"):
        fingerprint(object())


def test_a_journal_keeps_what_it_is_given(tmp_path: Path) -> None:
    record = Record("ann\n\u2028", "z", "incorrect", 0.5, 1.0, ("sign",), "é \ud800", "a", "b")
    with Journal(tmp_path / "j") as journal:
        journal.add("k", [record])
    assert Journal(tmp_path / "j").done == {"k": (record,)}


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """A run in the background may ignore Ctrl-C, which the processes that it starts would do as well."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def large_class(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The answers of three hundred students, and the output of a run that was left alone."""
    folder = tmp_path_factory.mktemp("large")
    table, whole = folder / "class.csv", folder / "whole.json"
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["student", *RIGHT])
        rows.writerows([student, *answers.values()] for student, answers in a_class(300).items())
    subprocess.run([*checking(table, 2), "-o", str(whole)], env=ENVIRONMENT, capture_output=True, timeout=300)
    return table, whole


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def checking(table: Path, workers: int) -> list[str]:
    command = [sys.executable, "-m", "backsym", "check", "scalar-tanh", str(table), "--format", "json"]
    return [*command, "--workers", str(workers)]


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c(large_class: tuple[Path, Path], tmp_path: Path, workers: int, ctrl_c: None) -> None:
    """Interrupted again and again, the command ends with the output of a run that was left alone, and no journal."""
    table, whole = large_class
    command, environment = checking(table, workers), ENVIRONMENT
    out, journal = tmp_path / "out.json", tmp_path / "out.json.journal"
    before = 0
    for _ in range(2):
        process = subprocess.Popen([*command, "-o", str(out)], env=environment, stderr=subprocess.PIPE, text=True)
        wait_for_lines(journal, before + 10)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)  # as the impatient do
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert re.search(r"interrupted: \d+ of 300 students are marked", said), said
        assert "Traceback" not in said
        assert not out.exists(), "there is no output until it is whole"
        assert before + 10 <= lines_of(journal) < 300
        before = lines_of(journal)
    done = subprocess.run([*command, "-o", str(out)], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == whole.read_bytes()
    assert not journal.exists()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="processes have no groups here")
@pytest.mark.parametrize("sign", ["SIGKILL", "SIGTERM"])
def test_no_process_is_left_when_the_first_has_died(tmp_path: Path, sign: str) -> None:
    table = tmp_path / "class.csv"
    table.write_text("student,y\n" + "".join(f"s{n},y - t + 0*{n}\n" for n in range(5000)))
    command = [sys.executable, "-m", "backsym", "check", "scalar-tanh", str(table), "-o", str(tmp_path / "out.txt")]
    process = subprocess.Popen(
        [*command, "--workers", "2"], env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    wait_for_lines(tmp_path / "out.txt.journal", 10)
    process.send_signal(getattr(signal, sign))
    status = process.wait(timeout=60)
    assert status == (-signal.SIGKILL if sign == "SIGKILL" else 130), process.communicate()
    end = time.monotonic() + 20
    while is_group(process.pid):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.05)
    process.communicate()


def is_group(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_lines(path: Path, count: int) -> None:
    end = time.monotonic() + 120
    while lines_of(path) < count:
        assert time.monotonic() < end, "nothing was marked"
        time.sleep(0.01)


# --- the summary -----------------------------------------------------------------------------------------------------


def test_the_summary_counts(expected: list[Record]) -> None:
    summary = summarise(expected)
    assert (summary.students, summary.answers, summary.right) == (20, 60, 60 - 14)
    by_target = {target.target: target for target in summary.targets}
    assert {name: target.right for name, target in by_target.items()} == {"y": 13, "z": 20, "w": 13}
    assert [(slip.tag, slip.count) for slip in by_target["y"].slips] == [("sign", 7)]
    assert "sign" in by_target["y"].slips[0].example
    assert by_target["w"].slips[0].tag == "missing_factor"
    assert by_target["z"].slips == ()
    table = summary_table(summary)
    assert "65%" in table
    assert "13 of 20" in table
    assert "$" not in table


def test_the_summary_does_not_depend_on_the_order_of_students(expected: list[Record]) -> None:
    tied = [Record(s, "y", "incorrect", 0.0, 1.0, (tag,), "f") for s, tag in (("a", "sign"), ("b", "factor"))]
    assert [slip.tag for slip in summarise(tied).targets[0].slips] == ["factor", "sign"]
    assert [slip.tag for slip in summarise(tied[::-1]).targets[0].slips] == ["factor", "sign"]


def test_who_wrote_nothing_is_counted_apart_from_what_is_not_read() -> None:
    given = [("a", "((", "expected a name"), ("b", " ", "no answer"), ("c", "((", "expected a name")]
    rows = [Record(s, "y", "invalid", 0.0, 1.0, ("syntax",), words, answer=text) for s, text, words in given]
    slips = summarise(rows).targets[0].slips
    assert [(slip.count, slip.example) for slip in slips] == [(2, "expected a name"), (1, "no answer")]


def test_the_page_is_whole_and_safe(expected: list[Record]) -> None:
    hostile = Record("eve", "<script>alert(1)</script>", "invalid", 0.0, 1.0, ("syntax",), "`<img>` & **b *c")
    page = class_page(summarise([*expected, hostile]), "A <b>neuron</b>")
    assert page == class_page(summarise([*expected, hostile]), "A <b>neuron</b>")
    assert "<script" not in page
    assert "<img" not in page
    assert not re.findall(r"(?:src|href|url)\s*[=(]", page), "it needs nothing else"
    chart = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert chart is not None
    ET.fromstring(chart[0])
    assert 'role="img" aria-label="Bar chart' in chart[0]
    bars = [float(width) for width in re.findall(r'width="([\d.]+)%" height="16" fill="var\(--link', chart[0])]
    assert [round(bar / bars[1], 2) for bar in bars] == [0.65, 1.0, 0.65, 0.0]


def test_the_summary_on_the_command_line(tmp_path: Path) -> None:
    table = tmp_path / "class.csv"
    out = io.StringIO()
    csv.writer(out).writerows([["student", *RIGHT], ["ann", *RIGHT.values()], ["bob", *WRONG.values()]])
    table.write_text(out.getvalue(), encoding="utf-8")
    page = tmp_path / "summary.html"
    result = CliRunner().invoke(main, ["check", "scalar-tanh", str(table), "--summary", str(page)])
    assert result.exit_code == 0
    assert "2 students, 6 answers, 4 of them right" in result.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    result = CliRunner().invoke(main, ["check", "scalar-tanh", str(table), "--format", "json"])
    assert len(json.loads(result.stdout)) == 6, "nothing but JSON goes to standard output"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_shows_how_far_it_is_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with counted(40, "marking") as moved:
            for done in (10, 25, 40):
                moved(done)
        assert ("marking" in stream.getvalue() and "100%" in stream.getvalue()) == shown


@pytest.mark.skipif(program() is None, reason="no browser")
def test_the_page_in_a_browser(expected: list[Record], tmp_path: Path) -> None:
    """Nothing is wider than a phone, and axe finds no serious fault, in light and in dark."""
    path = tmp_path / "summary.html"
    path.write_text(class_page(summarise(expected), "A neuron"), encoding="utf-8")
    axe = (package_files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    with browser(tmp_path / "profile") as page:
        for width, dark in ((360, False), (1280, True)):
            page.open(path, width, dark=dark)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate("document.querySelector('figure').scrollWidth") < width, "every share is seen"
            page.evaluate(axe)
            assert page.evaluate(AXE) == []


def test_an_answer_that_names_what_is_asked_for_is_true_and_not_right(tmp_path: Path) -> None:
    """It earns nothing, so that no share of right answers counts it."""
    problem = backsym.load(str(ROOT / "problems" / "csc311-week6" / "scalar-tanh.yaml"))
    assert isinstance(problem, Problem)
    path = tmp_path / "class.csv"
    path.write_text("student,z\nann,dL/dz\nbob,dL/dz + 0*x\neve,dL/dy*(1 - tanh(z)^2)\nian,0\n", encoding="utf-8")
    records = check_class(problem, str(path))
    assert [record.verdict for record in records] == ["equivalent_form", "equivalent_form", "correct", "incorrect"]
    assert [record.score for record in records] == [0, 0, 1, 0]
    assert all("uses" in record.feedback and "itself" in record.feedback for record in records[:2])
    summary = summarise(records)
    assert (summary.right, summary.targets[0].share) == (1, 0.25)
    page = class_page(summary, "Marks")
    assert "<td>4</td><td>1 (25%)</td><td>3</td><td>0</td><td>0</td>" in page

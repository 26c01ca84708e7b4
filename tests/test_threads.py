"""Threads: what a server does with one marker, and several problems solved at once."""

from __future__ import annotations

import ast
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

import pytest
from extent import examples, some
from syntax import MODULES, nodes_of

import backsym as bs
from backsym.core.lazy import Beside, Kept, Recurring, lazy
from backsym.core.python import ATTEMPTS, expression_of, module_of
from backsym.core.resources import find_problem
from backsym.marking.verdicts import Marker

THREADS = 8

PARSING = ast.dump(ast.parse("ast.parse", mode="eval").body)

TIMEOUT = 300.0
"""Seconds after which threads that are still at work wait for each other."""

PROBLEMS = ("scalar-tanh", "skip", "backward-batch", "conv1d", "twin", "layer-norm")

ANSWERS = {
    "scalar-tanh": [
        ("z", "(y - t)*(1 - y**2)"), ("z", "(t - y)*(1 - y**2)"), ("w", "dL/dz*x"), ("w", "dL/dz"), ("b", "2*dL/dz"),
        ("x", "dL/dz*w + 1"),
    ],
    "backward-batch": [
        ("W2", "A1.T @ dL/dZ2"), ("W2", "dL/dZ2.T @ A1"), ("Z1", "dL/dA1"), ("b2", "sum(dL/dZ2)"),
        ("W1", "dL/dZ1.T @ A0/N"), ("A1", "dL/dZ2 @ W2.T"),
    ],
}  # fmt: skip

Result = TypeVar("Result")


@pytest.fixture(autouse=True)
def eager_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[], Result], number: int = THREADS) -> list[Result]:
    """The results of the same work in so many threads that start together."""
    results: list[Result] = []
    errors: list[BaseException] = []
    start = threading.Barrier(number)

    def run() -> None:
        start.wait()
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    # A deadlock must fail this test and not hang all of them.
    threads = [threading.Thread(target=run, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert not any(thread.is_alive() for thread in threads), "threads wait for each other"
    assert not errors, errors
    return results


def solved(name: str) -> str:
    problem = bs.load(find_problem(name))
    assert isinstance(problem, bs.Problem)
    solution = problem.solve()
    forms = [f"{result} {result.latex()} {result.numpy} {result.verification}" for result in solution]
    return "\n".join([*forms, str(solution.explain())])


def verdicts(marker: Marker, answers: list[tuple[str, str]]) -> list[object]:
    one_by_one = [marker.mark(target, text).to_json() for target, text in answers]
    return [one_by_one, [verdict.to_json() for verdict in marker.mark_all(dict(answers))]]


def test_nothing_in_the_package_takes_a_lock() -> None:
    """A lock that is held across a call deadlocks as soon as two threads take two of them in different orders."""
    assert len(MODULES) > 100
    locks = {"cached_property", "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"}
    for path in MODULES:
        names: set[str] = set()
        parses = False
        for node in nodes_of(path):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
                parses = parses or (node.attr == "parse" and ast.dump(node) == PARSING)
        assert not names & locks, path
        # One module parses, for all: it knows of the fault below.
        assert parses == (path.name == "python.py" and path.parent.name == "core"), path


def test_solving_in_threads_is_solving() -> None:
    names = some(PROBLEMS, 3)
    alone = {name: solved(name) for name in names}
    for found in in_threads(lambda: {name: solved(name) for name in names}, examples(THREADS, 2)):
        assert found == alone


def test_threads_share_one_solution() -> None:
    problem = bs.load(find_problem("backward-batch"))
    assert isinstance(problem, bs.Problem)
    alone = str(problem.solve().explain())
    shared = problem.solve()
    assert in_threads(lambda: str(shared.explain())) == [alone] * THREADS


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_marking_in_threads_is_marking(name: str) -> None:
    problem = bs.load(find_problem(name))
    assert isinstance(problem, bs.Problem)
    alone = verdicts(Marker(problem), ANSWERS[name])
    shared = Marker(problem)
    for found in in_threads(lambda: verdicts(shared, ANSWERS[name])):
        assert found == alone


def test_checking_in_threads_makes_a_marker_each() -> None:
    problem = bs.load(find_problem("scalar-tanh"))
    assert isinstance(problem, bs.Problem)
    alone = bs.check(problem, "z", "(t - y)*(1 - y**2)").to_json()
    assert in_threads(lambda: bs.check(problem, "z", "(t - y)*(1 - y**2)").to_json()) == [alone] * THREADS


def test_a_new_target_has_its_criterion_at_once() -> None:
    """Whoever finds the target finds what is wanted of an answer to it: there is one table of both."""
    problem = bs.load(find_problem("scalar-tanh"))
    assert isinstance(problem, bs.Problem)
    names = [result.node for result in problem.solve()]
    for _ in range(20):
        marker = Marker(problem)
        found = in_threads(lambda marker=marker: [marker.asked(name) for name in names])  # type: ignore[misc]
        assert all(each == found[0] for each in found)


class Counting:
    def __init__(self) -> None:
        self.numbers = count()
        self.together = threading.Barrier(2)

    @lazy
    def table(self) -> list[int]:
        self.together.wait(TIMEOUT)  # Both threads are here: a lock would keep one of them out.
        return [next(self.numbers)]


def test_a_lazy_value_is_found_without_a_lock_and_is_one_for_all() -> None:
    counting = Counting()
    first, second = in_threads(lambda: counting.table, 2)
    assert first is second is counting.table
    assert next(counting.numbers) == 2


def test_kept_values_are_returned_though_others_forget_them() -> None:
    kept: Kept[int, int] = Kept(2)

    def work() -> list[int]:
        return [kept.get(n % 5, lambda n=n: 10 * (n % 5)) for n in range(3000)]  # type: ignore[misc]

    assert in_threads(work) == [[10 * (n % 5) for n in range(3000)]] * THREADS


def test_kept_values_are_at_most_so_many_and_found_once_while_kept() -> None:
    found: list[int] = []
    kept: Kept[int, None] = Kept(3)
    for n in (0, 1, 2, 0, 1, 2, 3, 3, 0):
        kept.get(n, lambda n=n: found.append(n))  # type: ignore[misc]
    assert found == [0, 1, 2, 3, 0]


def test_a_value_beside_an_object_lives_as_long_as_the_object() -> None:
    class Thing:
        """Equal to all of its kind, and so without a hash."""

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Thing)

    beside, numbers = Beside[Thing, int](), count()
    one, other = Thing(), Thing()
    assert [beside.get(each, lambda _: next(numbers)) for each in (one, other, one, other)] == [0, 1, 0, 1]
    del one
    gc.collect()
    assert len(beside) == 1
    assert beside.get(other, lambda _: next(numbers)) == 1
    assert beside.get(Thing(), lambda _: next(numbers)) == 2


def test_what_recurs_is_kept_from_the_second_time_on_and_weighs_at_most_so_much() -> None:
    found: list[int] = []
    kept: Recurring[int, None] = Recurring(3)
    for n in (0, 0, 0, 1, 1, 1, 2, 2, 0, 1, 2, 3, 3, 3, 2):
        kept.get(n, n, lambda n=n: found.append(n))  # type: ignore[misc]
    assert found == [0, 0, 1, 1, 2, 2, 3, 3, 2]
    for _ in range(3):
        kept.get(2, 2, lambda: found.append(2))
    assert found[9:] == [2], "it was met before, so that one more time is enough"


def a_tree(source: str, *, mode: str = "exec", times: int, fault: type[Exception]) -> ast.AST | None:
    """What comes of a text if the interpreter fails so many times first; None if the fault is believed."""
    parse, left = ast.parse, count(times, -1)

    def faulty(text: str, *, mode: str) -> ast.AST:
        if next(left) > 0:
            raise fault
        return parse(text, mode=mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ast, "parse", faulty)
        try:
            return expression_of(source) if mode == "eval" else module_of(source)
        except fault:
            return None


@pytest.mark.parametrize("fault", [SystemError, RecursionError])
@pytest.mark.parametrize(("source", "mode"), [("x @ W.T + b", "eval"), ("z = x @ W.T\ny = z", "exec")])
def test_a_fault_of_the_interpreter_is_no_fault_of_the_text(fault: type[Exception], source: str, mode: str) -> None:
    """CPython before 3.11.8 keeps one depth of recursion for all threads that parse; a real fault is still raised."""
    tree = a_tree(source, mode=mode, times=ATTEMPTS - 1, fault=fault)
    assert tree is not None
    assert ast.unparse(tree) == source
    assert a_tree(source, mode=mode, times=ATTEMPTS, fault=fault) is None


def test_what_is_no_python_is_parsed_once() -> None:
    assert a_tree("2*x", times=1, fault=SyntaxError) is None


class Parsing:
    """Something whose end another thread may run in: it parses and lets others go on."""

    def __init__(self) -> None:
        self.circle = self

    def __del__(self) -> None:
        ast.parse("a + b")
        time.sleep(0)


def test_parsing_while_rubbish_is_collected() -> None:
    """A collection amid a parse runs Python code, which resets the interpreter's depth on CPython before 3.11.8."""
    text = "+".join(f"f({n}, x_{n}[{n}])" for n in range(300))
    wanted = ast.dump(expression_of(text))

    def work() -> bool:
        for _ in range(10):
            rubbish = [Parsing() for _ in range(5)]
            del rubbish
            if ast.dump(expression_of(text)) != wanted:
                return False
        return True

    assert in_threads(work, 4) == [True] * 4

"""Eight threads solve and mark 500 problems as one thread does: the results are the same, at a small switch interval.

    python tests/benchmarks/bench_threads.py [PROBLEMS [THREADS]]

The problems are the bundled ones and random networks of both generators.  Each is solved, its forms, sources and
verification are written, and the derivatives of some of its quantities are marked as answers: its own, which must be
right, and with another sign.  Threads that wait for each other end the run with a message after ``PATIENCE`` seconds
without a result.
"""

from __future__ import annotations

import itertools
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import random_networks
import random_shapes

import backsym as bs
from backsym.core.errors import BacksymError
from backsym.core.resources import bundled_problems
from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

PATIENCE = 900.0
"""Seconds without any result after which the threads are taken to wait for each other."""

ANSWERED = 3
"""So many quantities of each problem are answered."""


def problems(count: int) -> Iterator[tuple[str, Callable[[], bs.Problem]]]:
    for name, path in bundled_problems().items():
        if path.suffix == ".yaml" and isinstance(bs.load(path), bs.Problem):
            yield name, lambda path=path: bs.load(path)  # type: ignore[misc]
    for seed in itertools.count():
        for room in (random_shapes, random_networks):
            mapping = room.network(seed)
            yield f"{room.__name__} {seed}", lambda mapping=mapping: problem_from_mapping(mapping)  # type: ignore[misc]


def result_of(make: Callable[[], bs.Problem]) -> str:
    """Everything that is found out about a problem, as one text; an error is a result, too."""
    try:
        problem = make()
        solution = solve(problem)
        found = [f"{r} {r.latex()} {r.numpy} {r.verification}" for r in solution]
        marker = Marker(problem)
        for r in list(solution)[1 : 1 + ANSWERED]:
            own = str(r).split(" = ", 1)[1].split("\n")[0]
            found += [str(marker.mark(r.node, answer).to_json()) for answer in (own, f"-({own})")]
        return "\n".join(found)
    except BacksymError as error:
        return f"{type(error).__name__}: {error}"


def main(count: int, threads: int) -> int:
    tasks = list(itertools.islice(problems(count), count))
    start = time.process_time()
    alone = [result_of(make) for _, make in tasks]
    one = time.process_time() - start
    print(f"{count} problems in one thread: {one:.0f} s of processor time", flush=True)

    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
    for n in range(count):
        waiting.put(n)

    def work() -> None:
        while True:
            try:
                n = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((n, result_of(tasks[n][1])))
            except BaseException as error:  # A thread must not end in silence.
                done.put((n, repr(error)))

    sys.setswitchinterval(1e-5)
    start = time.process_time()
    for _ in range(threads):
        threading.Thread(target=work, daemon=True).start()
    different = []
    for _ in range(count):
        try:
            n, found = done.get(timeout=PATIENCE)
        except queue.Empty:
            print(f"DEADLOCK: no result in {PATIENCE:.0f} s")
            return 1
        if found != alone[n]:
            different.append(tasks[n][0])
    both = time.process_time() - start
    print(f"{count} problems in {threads} threads: {both:.0f} s of processor time; Python {sys.version.split()[0]}")
    refused = sum(text.split(":")[0].endswith("Error") for text in alone)
    print(f"same results: {count - len(different)} of {count}; refused in both: {refused}; different: {different}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, (sys.argv[1:] + ["500", "8"][len(sys.argv) - 1 :])[:2])))

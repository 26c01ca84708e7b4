"""Whether solving got slower: the bundled problems in two checkouts, in alternation, by processor time in one run.

    python tests/benchmarks/bench_checkouts.py OLD [NEW] [--rounds N] [--only NAME]...

OLD and NEW are folders with the package in them; NEW is by default the one that this file is in.  Each has a process of
its own, in which imports are done before anything is measured.  A problem is solved, its proof included, of which the
least time counts; only problems that both checkouts have are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORST = 15
"""So many problems are listed, those that got slowest."""

WORKER = """
import gc, json, sys, time
import backsym as bs
for line in sys.stdin:
    path = line.strip()
    bs.solve(bs.load(path))  # What is imported or parsed once is so now.
    times = []
    for _ in range(2):
        problem = bs.load(path)
        gc.collect()
        start = time.process_time()
        bs.solve(problem)
        times.append(time.process_time() - start)
    print(json.dumps(min(times)), flush=True)
"""


class Checkout:
    """A process that solves problems of one checkout."""

    def __init__(self, root: Path):
        self.root = root
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], env=environment, cwd=root,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def seconds(self, name: Path) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{self.root / name}\n")
        self.process.stdin.flush()
        return float(json.loads(self.process.stdout.readline()))


def bundled(root: Path) -> set[Path]:
    found = [path for path in (root / "problems").glob("*/*.yaml") if "sections:" not in path.read_text("utf-8")]
    return {path.relative_to(root) for path in found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path, nargs="?", default=ROOT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", default=[])
    given = parser.parse_args()
    roots = [given.old.resolve(), given.new.resolve()]
    names = sorted(name for name in set.intersection(*map(bundled, roots)) if not given.only or name.stem in given.only)
    checkouts = [Checkout(root) for root in roots]
    least = {name: [float("inf")] * 2 for name in names}
    for _ in range(given.rounds):
        for name in names:
            least[name] = [min(best, c.seconds(name)) for best, c in zip(least[name], checkouts, strict=True)]
    ratios = {name: new / old for name, (old, new) in least.items()}
    for name in sorted(names, key=ratios.__getitem__, reverse=True)[:WORST]:
        old, new = least[name]
        print(f"{name.stem:30} {1000 * old:8.1f} ms {1000 * new:8.1f} ms  {ratios[name]:5.2f}")
    old, new = (sum(column) for column in zip(*least.values(), strict=True))
    print(f"{len(names)} problems: {old:.2f} s, {new:.2f} s")
    print(f"ratio of the sums {new / old:.3f}, median ratio {statistics.median(ratios.values()):.3f}")


if __name__ == "__main__":
    main()

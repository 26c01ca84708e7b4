"""What a document costs: the handout in every form, its PDF alone, and two hundred problems in one PDF.

    python tests/benchmarks/bench_documents.py [ROUNDS]

Each figure is that of a process of its own, and is compared with `import sympy` in the same round, so that the ratios
can be compared between machines.  No program of TeX is on the PATH.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HANDOUT = ROOT / "problems" / "csc311-week6" / "handout.yaml"
QUESTIONS = 200

COMPILE = """
import sys, time
from pathlib import Path
import typst
from backsym.documents.writers.pdf import pdf_bytes
source = Path(sys.argv[1]).read_text(encoding="utf-8")
began = time.perf_counter()
pdf_bytes(source)
print(time.perf_counter() - began)
"""


def python(*arguments: str, path: str) -> str:
    environment = {"PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def seconds(*arguments: str, path: str) -> float:
    began = time.perf_counter()
    python(*arguments, path=path)
    return time.perf_counter() - began


def collection(folder: Path) -> Path:
    """So many problems in one file: the bundled ones, again and again."""
    bundled = [p for p in sorted((ROOT / "problems").glob("*/*.yaml")) if "sections:" not in p.read_text("utf-8")]
    for problem in bundled:
        (folder / problem.name).write_text(problem.read_text("utf-8"), encoding="utf-8")
    names = [bundled[n % len(bundled)].name for n in range(QUESTIONS)]
    file = folder / "collection.yaml"
    file.write_text(f"title: Two hundred\nsections:\n  - title: All\n    problems: [{', '.join(names)}]\n", "utf-8")
    return file


def shown(name: str, values: list[float], unit: list[float]) -> None:
    middle, ratio = statistics.median(values), statistics.median(v / u for v, u in zip(values, unit, strict=True))
    print(f"{name:44} {middle:7.3f} s  {min(values):7.3f} to {max(values):7.3f}  {ratio:6.2f} x import sympy")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        path = str(folder / "bin")
        solve = ("-m", "backsym", "solve", str(HANDOUT), "-o", name, "--format")
        python(*solve, "all", path=path)  # What is compiled once is compiled now.
        unit, whole, compiled = [], [], []
        for _ in range(rounds):
            unit.append(seconds("-c", "import sympy", path=path))
            whole.append(seconds(*solve, "all", path=path))
            compiled.append(float(python("-c", COMPILE, str(folder / "handout.typ"), path=path)))
        shown("import sympy", unit, unit)
        shown("the handout in every form", whole, unit)
        shown("its PDF, from the text of Typst", compiled, unit)
        began = time.perf_counter()
        python("-m", "backsym", "solve", str(collection(folder)), "-o", name, "--format", "pdf", path=path)
        taken = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
        size = (folder / "collection.pdf").stat().st_size / 1e6
        print(f"{QUESTIONS} problems in one PDF of {size:.0f} MB: {taken:.1f} s, at most {peak:.2f} GiB")


if __name__ == "__main__":
    main()

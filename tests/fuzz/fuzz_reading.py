"""Coverage-guided fuzzing of everything that reads untrusted text (needs atheris; not part of the test run).

    python tests/fuzz/fuzz_reading.py [CORPUS] -max_total_time=1800 -timeout=2

Plain and LaTeX expressions and equations, whole problem files (YAML) and Markdown fragments.  Any exception but
BacksymError is a finding, and so is an input that takes longer than the time limit.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["backsym"]):
    from backsym.errors import BacksymError
    from backsym.reading.loader import load, problem_from_mapping
    from backsym.reading.texts import read_equation, read_expression

SAMPLE = problem_from_mapping(
    {
        "title": "sample",
        "indices": {"i": "D", "j": "H"},
        "functions": {"phi": "abstract"},
        "symbols": {"W1": ["H", "D"], "x": ["D"], "b1": ["H"], "t": {"shape": ["H"], "role": "target"}, "s": {}},
        "forward": ["z1 = W1 @ x + b1", "h1 = phi(z1)*s", "L = loss(h1, t)"],
    }
)
FOLDER = Path(tempfile.mkdtemp())


def one_input(data: bytes) -> None:
    kind = data[:1]
    text = data[1:].decode("utf-8", errors="replace")
    try:
        if kind < b"\x40":
            read_expression(SAMPLE, text)
        elif kind < b"\x80":
            read_equation(SAMPLE, text)
        elif kind < b"\xc0":
            path = FOLDER / "problem.yaml"
            path.write_bytes(data[1:])
            load(str(path))
        else:
            path = FOLDER / "notes.md"
            path.write_bytes(data[1:])
            load(str(path))
    except BacksymError:
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

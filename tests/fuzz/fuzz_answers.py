"""A coverage-guided fuzz run over students' answers, from the text or file to the verdict; not part of the test run.

    pip install atheris
    python tests/fuzz/fuzz_answers.py CORPUS_FOLDER -max_total_time=3600

Every answer gets a verdict: no exception may come out of reading, judging, explaining or reporting one, and out of a
file of answers only BacksymError.  No input may take more than a second, and no file, process or network connection
may be opened.  No cell of a report may start a formula.  The corpus folder is filled from the tables of answers under
``tests/`` when it is empty.  An input that breaks a rule is written to the working directory as ``crash-...``.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["backsym.marking", "backsym.reading"]):
    from backsym.core.errors import BacksymError
    from backsym.core.problem import Problem
    from backsym.core.resources import find_problem
    from backsym.marking.reporting import reports
    from backsym.marking.reporting.submissions import csv_of, decoded, yaml_of
    from backsym.marking.verdicts import VERDICTS, Marker, Verdict
    from backsym.reading.files.loader import load, problem_from_mapping

ROOT = Path(__file__).resolve().parents[2]
SLOW = 1.0

FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "socket.connect",
    "exec",
)
_watching = False


def watch(event: str, args: tuple[object, ...]) -> None:
    """Nothing in an answer may start or open anything while it is marked."""
    if _watching and (event in FORBIDDEN or (event == "open" and isinstance(args[1], str) and "w" in args[1])):
        raise SystemError(f"{event} while marking: {args!r}")


def bundled(name: str) -> Marker:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    return Marker(problem)


SCALAR = bundled("scalar-tanh")
ENTRIES = bundled("mlp-entries")
BATCH = bundled("backward-batch")
OTHER = Marker(
    problem_from_mapping(
        {
            "functions": {"phi": "abstract"},
            "symbols": {"x": ["D"], "W": ["K", "D"], "s": [], "t": ["K"], "g": ["N"], "A": ["N", "K"]},
            "forward": ["z = W @ x", "a1 = phi(z)", "y = softmax(a1)",
                        "L = cross_entropy(y, t) + s * sum(A @ y * g)"],
        }
    )
)  # fmt: skip
MARKERS = (SCALAR, ENTRIES, BATCH, OTHER)


def targets(marker: Marker) -> list[str]:
    return [d.node for d in marker.judge.solution.derivations]


def examine(verdicts: list[Verdict]) -> None:
    """What holds for any verdict, and for a report of it."""
    for verdict in verdicts:
        assert verdict.verdict in VERDICTS
        assert 0.0 <= verdict.score <= verdict.marks
        assert verdict.verdict == "correct" or verdict.feedback
    assert len(json.loads(reports.as_json(verdicts))) == len(verdicts)
    for row in csv.reader(io.StringIO(reports.as_csv(verdicts))):
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell
    table = reports.as_table(verdicts)
    assert "\x1b" not in table


def one_answer(marker: Marker) -> Callable[[str], None]:
    """A text about the quantity that its first character chooses."""

    def run(text: str) -> None:
        names = targets(marker)
        examine([marker.mark(names[ord(text[0]) % len(names)], text[1:])] if text else [])

    return run


def student(text: str) -> None:
    """Lines as the answers of one student, so that later ones may follow from earlier ones."""
    names = targets(SCALAR)
    examine(SCALAR.mark_all(dict(zip(names, text.split("\n"), strict=False))))


def yaml_file(text: str) -> None:
    answers, troubles = yaml_of(text, "a.yaml")
    examine(SCALAR.mark_all(dict(list(answers.items())[:20]), strict=False))
    examine([SCALAR.unusable(t.message) for t in troubles[:5]])


def csv_file(text: str) -> None:
    found = csv_of(decoded(text.encode("utf-8", errors="replace"), "a.csv"), "a.csv", tuple(SCALAR.problem.symbols))
    for item in found.items[:5]:
        examine(SCALAR.mark_all(dict(list(item.answers.items())[:5]), strict=False))


READERS: tuple[Callable[[str], None], ...] = (*map(one_answer, MARKERS), student, yaml_file, csv_file)


def one_input(data: bytes) -> None:
    """The first byte chooses what reads the rest, so that one corpus serves all."""
    global _watching
    if not data:
        return
    reader = READERS[data[0] % len(READERS)]
    text = data[1:].decode("utf-8", errors="replace")
    began = time.process_time()
    _watching = True
    try:
        reader(text)
    except BacksymError as e:
        # Answers get verdicts; only a file as a whole can be refused.
        if reader not in (yaml_file, csv_file):
            raise AssertionError(f"an answer raised {e}") from e
    finally:
        _watching = False
    taken = time.process_time() - began
    if taken > SLOW:
        raise TimeoutError(f"reader {data[0] % len(READERS)} took {taken:.1f} s")


def fill(folder: Path) -> None:
    """The first inputs: the answers of the committed tables, alone, as a student's, and as files."""
    import yaml

    texts: list[tuple[int, str]] = []
    for path in sorted((ROOT / "tests" / "answers").glob("*.yaml")):
        found = re.findall(r"'((?:[^'\n]|'')+)'", path.read_text(encoding="utf-8"))
        answers = [text.replace("''", "'") for text in found]
        for number in range(len(MARKERS)):
            texts.extend((number, chr(97 + n % 7) + text) for n, text in enumerate(answers))
        for n in range(0, len(answers), 4):
            several = answers[n : n + 4]
            texts.append((4, "\n".join(several)))
            texts.append((5, yaml.safe_dump(dict(zip(("y", "z", "w", "b"), several, strict=False)))))
            out = io.StringIO()
            csv.writer(out).writerows([("student", "y", "z", "w", "b")[: len(several) + 1], ("ann", *several)])
            texts.append((6, out.getvalue()))
    for number, (reader, text) in enumerate(texts):
        (folder / f"seed-{number:05d}").write_bytes(bytes([reader]) + text.encode("utf-8", errors="replace"))


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders and not any(folders[0].iterdir()):
        fill(folders[0])
    for number in range(len(READERS)):
        for text in (b"ay - t", b"adL/dz @ x.T", b"a{", b"a1", b"student,y\nann,y - t\n", b"y: z\n"):
            one_input(bytes([number]) + text)  # What is imported or prepared when first used is so now.
    sys.addaudithook(watch)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""A coverage-guided fuzz run over everything that reads input; not part of the test run.

    pip install atheris
    python tests/fuzz/fuzz_reading.py CORPUS_FOLDER -max_total_time=1800

Nothing but BacksymError may come out of a reader, no input may take more than a second, and no file, process or network
connection may be opened.  The corpus folder is filled from the bundled problems and the test files when it is empty.
An input that breaks a rule is written to the working directory as ``crash-...``, which the run ends with.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["backsym"]):
    import backsym.documents.content.markup as markup
    from backsym.core.errors import BacksymError
    from backsym.core.problem import Collection
    from backsym.reading.files import loader, yamlfile
    from backsym.reading.notes import document as latex_document
    from backsym.text.mathtext import math_complaints, text_complaints

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
    "compile",
)
_watching = False


def watch(event: str, args: tuple[object, ...]) -> None:
    """Nothing in an input may start, compile or open anything while it is read."""
    if _watching and (event in FORBIDDEN or (event == "open" and isinstance(args[1], str) and "w" in args[1])):
        raise SystemError(f"{event} while reading: {args!r}")


PROBLEM = loader.problem_from_mapping(
    {
        "indices": {"k": "K", "i": "D", "j": "K", "n": "N"},
        "functions": {"phi": "abstract"},
        "symbols": {"x": ["D"], "W": ["K", "D"], "A": ["N", "D"], "B": ["N", "K"], "s": [], "t": ["K"], "g": ["N"]},
        "forward": ["z = W @ x", "a1 = phi(z)", "y = softmax(a1)",
                    "L = cross_entropy(y, t) + sum(A)*s*sum(B)*sum(g)"],
    }
)  # fmt: skip


def read_as_file(text: str) -> None:
    """As a problem file, without its way through the disk."""
    tree, complaints = yamlfile.read_text(text, "f.yaml")
    if isinstance(tree, yamlfile.Table) and not any(key.text == "sections" for key, _ in tree.entries):
        problem = loader._problem(tree, "f.yaml", complaints)
        assert not isinstance(problem, Collection)
        for part in (problem.title, problem.text):
            markup.blocks_of(part or "", "text")


def read_as_note(text: str) -> None:
    tex = "command" in text or "\\begin{document}" in text
    name = "f.tex" if tex else "f.md"
    note = latex_document.tree_of_note(yamlfile.Document(name, text), tex=tex)
    loader._problem(note.tree, name, note=note)


def read_expression(text: str) -> None:
    loader.read_expression(PROBLEM, text)


def read_own_letters(text: str) -> None:
    loader.read_expression(PROBLEM, text, own_letters=True)


def read_equation(text: str) -> None:
    loader.read_equation(PROBLEM, text)


def read_forward(text: str) -> None:
    loader.problem_from_mapping({"symbols": {"x": ["D"], "W": ["K", "D"]}, "forward": text.split("\n")})


def read_prose(text: str) -> None:
    complaints = [*text_complaints(text), *math_complaints(text)]
    for complaint in complaints:
        assert 0 <= complaint.start <= complaint.end <= len(text)
    if not complaints:
        markup.blocks_of(text, "text")


READERS: tuple[Callable[[str], None], ...] = (
    read_as_file, read_as_note, read_expression, read_own_letters, read_equation, read_forward, read_prose,
)  # fmt: skip


def one_input(data: bytes) -> None:
    """The first byte chooses the reader, so that one corpus serves all."""
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
        str(e).encode("utf-8")
    finally:
        _watching = False
    taken = time.process_time() - began
    if taken > SLOW:
        raise TimeoutError(f"{reader.__name__} took {taken:.1f} s")


def fill(folder: Path) -> None:
    """The first inputs: problem files whole, and their equations one by one."""
    texts: list[tuple[int, str]] = []
    for path in sorted([*(ROOT / "problems").rglob("*.yaml"), *(ROOT / "tests" / "bad_files").glob("*.yaml")]):
        text = path.read_bytes().decode("utf-8", errors="replace")
        texts.append((0, text))
        texts.extend((6, line) for line in text.splitlines() if "$" in line)
        equations = re.findall(r"^\s*- (?:show: |vectorize: )?(\S.* = .*)$", text, re.MULTILINE)
        texts.extend((5, equation) for equation in equations)
        texts.extend((reader, equation.partition(" = ")[2]) for equation in equations for reader in (2, 3))
        texts.extend((4, equation) for equation in equations)
    notes = (path for path in sorted((ROOT / "tests" / "bad_files").iterdir()) if path.suffix in (".md", ".tex"))
    texts.extend((1, path.read_text(encoding="utf-8")) for path in notes)
    for path in sorted((ROOT / "tests").glob("test_reading*.py")):
        source = path.read_text(encoding="utf-8")
        texts.extend((1, note) for note in re.findall(r'r"""(.*?)"""', source, re.DOTALL) if "\\" in note)
        formulas = re.findall(r'r"([^"\n]*\\[^"\n]*)"', source)
        texts.extend((reader, formula) for formula in formulas for reader in (2, 4, 5, 6))
        texts.extend((1, f"# Note\n\n$${formula}$$\n") for formula in formulas)
    for number, (reader, text) in enumerate(texts):
        (folder / f"seed-{number:05d}").write_bytes(bytes([reader]) + text.encode("utf-8", errors="replace"))


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders and not any(folders[0].iterdir()):
        fill(folders[0])
    for number in range(len(READERS)):
        one_input(bytes([number]) + b"forward: [L = x]")  # What is imported when first used is imported now.
    sys.addaudithook(watch)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

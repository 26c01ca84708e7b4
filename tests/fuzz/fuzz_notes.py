"""A fuzz run over lecture notes by cutting up the notes of the tests; needs nothing but backsym itself.

    python tests/fuzz/fuzz_notes.py SECONDS [SEED]

Nothing but BacksymError may come out of the reader of notes, and no note may take more than a second.  Tokens of notes
are dropped, doubled, exchanged and spliced, and formulas of one note are put into another.  Each note that breaks a
rule is printed with its traceback; the run ends with how many were read and refused.
"""

from __future__ import annotations

import random
import re
import sys
import time
import traceback
from pathlib import Path

from backsym.core.errors import BacksymError
from backsym.reading.files import loader, yamlfile
from backsym.reading.notes import document

TESTS = Path(__file__).resolve().parents[1]
SLOW = 1.0
TOKEN = re.compile(r"\\[A-Za-z]+|\$\$?|[A-Za-z]+|\d+|\s+|.", re.DOTALL)
SPICE = (
    *"{}()[]$&=_^'\\,;|%#~@-", "\\\\", "$$", "\\top", "\\sum_{i=1}^N", "\\frac", "^{(i)}", "_{y_i}", "\\ne", "'", "''",
    "\\mathbf{", "\\text{", "^2", "_0", "\\in \\mathbb{R}^{K \\times D}", "\\left(", "\\right)", "f(x)", "---\n",
    "% ---\n",
    "\\begin{align}", "\\end{align}", "\\newcommand{\\a}{\\a}", "where $y$ is the class",
    "_{t-1}", "^{(l-1)}", "^{l-1}", "^{[l]}", "_T", "_0 = 0", ", \\quad t = 1, \\dots, T", "\\quad (2)",
    "\u00b2", "\u2208", "\x0b", "L_i",
)  # fmt: skip


def notes() -> list[str]:
    """The notes of the tests."""
    found: list[str] = []
    for path in sorted(TESTS.glob("test_reading*.py")):
        source = path.read_text(encoding="utf-8")
        found += re.findall(r'r"""(.*?)"""', source, re.DOTALL)
        found += re.findall(r'r"([^"\n]*\$\$[^"\n]*)"', source)
    return [note for note in found if "$" in note or "\\begin" in note]


def mutated(texts: list[str], dice: random.Random) -> str:
    tokens = TOKEN.findall(dice.choice(texts))
    for _ in range(dice.choice((1, 1, 2, 3, 6, 12))):
        at = dice.randrange(len(tokens) + 1)
        way = dice.randrange(6)
        if way == 0 and tokens:
            del tokens[at : at + dice.choice((1, 1, 2, 5))]
        elif way == 1 and tokens:
            tokens[at:at] = tokens[at : at + dice.choice((1, 2, 4, 40))]
        elif way == 2:
            tokens[at:at] = [dice.choice(SPICE)]
        elif way == 3:
            other = TOKEN.findall(dice.choice(texts))
            start = dice.randrange(len(other) + 1)
            tokens[at : at + dice.randrange(8)] = other[start : start + dice.randrange(30)]
        elif way == 4 and len(tokens) > 1:
            first, second = dice.randrange(len(tokens)), dice.randrange(len(tokens))
            tokens[first], tokens[second] = tokens[second], tokens[first]
        else:
            tokens[at : at + 1] = [dice.choice("xyzwtLNiK")]
    return "".join(tokens)


def examine(text: str) -> str:
    """Whether a note is read or refused, or the fault that it shows."""
    tex = "\\begin{document}" in text
    began = time.process_time()
    try:
        note = document.tree_of_note(yamlfile.Document("f.md", text), tex=tex)
        loader._problem(note.tree, "f.md", note.complaints, note=note)
        outcome = "read"
    except BacksymError as e:
        str(e).encode("utf-8", "surrogatepass")
        outcome = "refused"
    except Exception:
        return traceback.format_exc()
    taken = time.process_time() - began
    return outcome if taken < SLOW else f"took {taken:.1f} s"


def main() -> None:
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    dice = random.Random(seed)
    texts = notes()
    counts = {"read": 0, "refused": 0, "faults": 0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = mutated(texts, dice)
        outcome = examine(text)
        counts[outcome if outcome in counts else "faults"] += 1
        if outcome not in counts:
            print(repr(text), outcome, sep="\n", flush=True)
    print(len(texts), "notes to begin with;", counts)


if __name__ == "__main__":
    main()

"""What the README and the pages under ``docs/`` show: their code blocks, each with a mark that says what becomes of it.

    <!-- file: NAME -->              is written into the folder in which the page's examples run
    <!-- run -->                     commands of backsym that end with 0; ``run: 1`` with that status
    <!-- python -->                  is executed, after what came before it on the page
    <!-- prints -->                  what the block before it printed; a line ``...`` stands for any lines
    <!-- example: NAME -->           a test of its own looks at it; it is written like a file if it is called like one
    <!-- command: NAME -->           likewise, one line for a shell
    <!-- not run: REASON -->         needs another program

Nothing here knows what a page is about.

    python tests/documentation.py FOLDER

writes what is Python into a folder, for type checkers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    str(path.relative_to(ROOT)).replace("\\", "/"): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^(?P<fence>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Shown:
    """A code block: the kind of its mark and what the mark says further, both empty without a mark."""

    kind: str
    rest: str
    language: str
    text: str


def shown_on(page: str) -> Iterator[Shown]:
    """The code blocks of a page in their order; those within a list or a tab are indented and are not for the tests."""
    for found in BLOCK.finditer(PAGES[page]):
        kind, _, rest = (found["mark"] or "").partition(": ")
        yield Shown(kind, rest, found["language"], found["text"])


def block(mark: str) -> str:
    """The code block after ``<!-- MARK -->``, which is the same on every page that has it."""
    texts = {shown.text for page in PAGES for shown in shown_on(page) if f"{shown.kind}: {shown.rest}" == mark}
    assert len(texts) == 1, f"{mark}: {len(texts)} texts"
    return texts.pop()


def write_snippets(folder: Path) -> int:
    """Write all Python that is shown and runs into files, one for each example and one for each page whose blocks
    follow each other; their number."""
    snippets: list[str] = []
    for page in PAGES:
        python = [shown for shown in shown_on(page) if shown.language == "python"]
        snippets += [shown.text for shown in python if shown.kind == "example"]
        snippets.append("\n".join(shown.text for shown in python if shown.kind == "python"))
    snippets = [text for text in dict.fromkeys(snippets) if text]
    for number, text in enumerate(snippets):
        (folder / f"snippet_{number:02}.py").write_text(text, encoding="utf-8")
    return len(snippets)


if __name__ == "__main__":
    print(write_snippets(Path(sys.argv[1])), "snippets")

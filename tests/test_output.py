"""``output/`` holds the solutions of all bundled problems, up to date.

    python tests/test_output.py

writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from known import solved

from backsym.core.problem import Collection
from backsym.documents.content.options import FULL, Options
from backsym.documents.writers.render import files
from backsym.reading.files.loader import load
from backsym.solving.solution import solve

ROOT = Path(__file__).resolve().parents[1]
FORMS = ("md", "tex")
SOURCES = sorted((ROOT / "problems").rglob("*.yaml"))


def documents(source: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each output of one problem file; a collection also has its questions and its key."""
    loaded = load(str(source.relative_to(ROOT)))
    collection = loaded if isinstance(loaded, Collection) else None
    solutions = [solve(problem) for problem in collection.problems] if collection else [solved(source)]
    versions = (FULL, Options("questions"), Options("key")) if collection else (FULL,)
    for options in versions:
        for form in FORMS:
            yield from files(collection, solutions, form, options, f"{source.stem}{options.suffix}").items()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_committed_output_is_current(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for name, text in documents(source):
        path = ROOT / "output" / name
        assert path.is_file(), f"output/{name} is missing: run python tests/test_output.py"
        assert path.read_text(encoding="utf-8") == text, f"output/{name} is stale: run python tests/test_output.py"


def test_nothing_else_is_in_output() -> None:
    stems = {source.stem for source in SOURCES}
    stems.add("backsym")  # the notebook, see test_notebook.py
    stems.add("page")  # the picture in the README, see picture.py
    for path in (ROOT / "output").iterdir():
        stem = re.sub(r"(-questions|-key)?(-figure-\d+)?$", "", path.stem)
        assert stem in stems, f"{path.name} belongs to no problem"


if __name__ == "__main__":
    for path in SOURCES:
        for name, text in documents(path.resolve()):
            (ROOT / "output" / name).write_text(text, encoding="utf-8")
            print(name)

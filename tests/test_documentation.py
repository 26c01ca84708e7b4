"""What the pages of the documentation show is what happens: each page is a session in an empty folder."""

from __future__ import annotations

import linecache
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from documentation import BLOCK, PAGES, ROOT, Shown, shown_on

import backsym as bs
from backsym.cli.main import main
from backsym.core.choices import TAGS
from backsym.documents.writers.jsonform import problem_json
from backsym.marking.reporting.reports import COLUMNS
from backsym.marking.verdicts import VERDICTS
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

RUN = ("file", "run", "python", "prints")
SESSIONS = [page for page in PAGES if any(shown.kind in ("run", "python") for shown in shown_on(page))]
TESTS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


def is_like(printed: str, shown: str) -> bool:
    """Whether what was printed is what is shown, where a line ``...`` stands for any lines, or for none."""
    pieces = f"\n{shown}".split("\n...\n")
    text = f"\n{printed}"
    if len(pieces) == 1:
        return text == pieces[0]
    if not text.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = text.find(f"\n{piece}\n", at)
        if found < 0:
            return False
        at = found + len(piece) + 1
    return not pieces[-1] or (text.endswith(f"\n{pieces[-1]}") and len(text) - len(pieces[-1]) > at)


@pytest.mark.parametrize(
    ("printed", "shown", "like"),
    [
        ("a\n", "a\n", True),
        ("a\nb\n", "a\n", False),
        ("a\nb\nc\n", "a\n...\nc\n", True),
        ("a\nb\nc\n", "a\n...\n", True),
        ("a\nb\nc\n", "b\n...\n", False),
        ("a\nb\nc\n", "...\nc\n", True),
        ("a\nb\nc\n", "...\nb\n...\n", True),
        ("a\nb\nc\n", "...\nd\n...\n", False),
        ("a\nb\nc\n", "a\n...\nb\n", False),
    ],
)
def test_dots_stand_for_lines(printed: str, shown: str, like: bool) -> None:
    assert is_like(printed, shown) is like


def commands(text: str) -> list[list[str]]:
    """The commands of a block, those that go on in the next line put together, without comments."""
    return [words for line in text.replace("\\\n", " ").splitlines() if (words := shlex.split(line, comments=True))]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Shown, int], str]:
    """Runs what stands in a block for a shell; gives what it prints."""

    def run(shown: Shown, status: int) -> str:
        printed = ""
        for program, *arguments in commands(shown.text):
            if program == "pandoc":
                subprocess.run([program, *arguments], check=True, capture_output=True, timeout=120)
                continue
            assert program == "backsym", program
            result = CliRunner().invoke(main, arguments)
            assert result.exit_code == status, (arguments, result.output, result.exception)
            printed += result.output
        return printed

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return run


def with_needs(page: str) -> Any:
    """The page, passed over where a program that it is about is missing."""
    needed = "pandoc" in page and shutil.which("pandoc") is None
    return pytest.param(page, marks=pytest.mark.skipif(needed, reason="pandoc is not installed"))


@pytest.mark.parametrize("page", [with_needs(page) for page in SESSIONS])
def test_a_page_is_a_session(page: str, typed: Callable[[Shown, int], str], capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    printed = ""
    for shown in shown_on(page):
        if shown.kind == "file" or (shown.kind == "example" and "." in shown.rest and " " not in shown.rest):
            Path(shown.rest).parent.mkdir(parents=True, exist_ok=True)
            Path(shown.rest).write_text(shown.text, encoding="utf-8")
        elif shown.kind == "run":
            printed = typed(shown, int(shown.rest or 0))
        elif shown.kind == "python":
            # A file, as a cell of a notebook is one: there is source to be read.
            Path("cell.py").write_text(shown.text, encoding="utf-8")
            linecache.checkcache("cell.py")
            exec(compile(shown.text, "cell.py", "exec"), names)
            printed = capsys.readouterr().out
        elif shown.kind == "prints":
            assert is_like(printed, shown.text), printed


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_becomes_of_it(page: str) -> None:
    """Output needs no mark; whatever can run does, and a mark of its own is known to a test."""
    for shown in shown_on(page):
        assert shown.kind or shown.language in ("", "text"), shown.text
        if shown.kind == "not run":
            assert shown.rest
        elif shown.kind and shown.kind not in RUN:
            mark = f"{shown.kind}: {shown.rest}" if shown.rest else shown.kind
            name = shown.rest.removesuffix(" output")
            assert any(f'"{known}"' in TESTS for known in (mark, name)), mark


def words_of(page: str) -> set[str]:
    """What stands in code within the text of a page."""
    return set(re.findall(r"`([^`\n]+)`", BLOCK.sub("", PAGES[page])))


def test_all_tags_verdicts_and_columns_are_listed() -> None:
    listed = words_of("docs/reference/data.md")
    assert {*TAGS, *VERDICTS, *COLUMNS} <= listed


def test_all_keys_of_the_json_are_listed() -> None:
    listed = words_of("docs/reference/data.md")

    def keys(data: Any) -> set[str]:
        if isinstance(data, list):
            return set().union(*map(keys, data))
        if isinstance(data, dict):
            inner = [keys(value) for key, value in data.items() if key not in ("numbers", "solution")]
            return set(data).union(*inner)
        return set()

    mapping = {
        "indices": {"t": "T"},
        "symbols": {"X": {"shape": ["T", "D"], "role": "input"}, "W": ["H", "H"], "U": ["H", "D"], "h0": ["H"]},
        "forward": ["h[0] = h0", "h[t] = tanh(W @ h[t-1] + U @ X[t])", "L = sum(h[t].T @ h[t], t)"],
    }
    numbers = {
        "symbols": {"x": {"shape": [], "role": "input"}, "w": [], "b": []},
        "forward": ["z = w*x + b", "L = z**2"],
        "parts": [{"hessian": ["w", "b"]}, {"jacobian": "dz/dw"}, {"compute": "z"}, {"stationary": "w"}],
        "values": {"x": 1, "w": 2, "b": 3},
    }
    found = set[str]()
    for problem in (mapping, numbers):
        found |= keys(problem_json(solve(problem_from_mapping(problem))))
    assert {"cases", "blocks", "stacked", "numbers"} <= found
    assert found <= listed


def test_the_nav_has_every_page() -> None:
    """And each page that is named is there, or made when the site is built."""
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    named = {page for entry in nav for page in _pages(entry)}
    kept = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")}
    assert named - kept == {"reference/options.md", "gallery/index.md"}
    assert kept <= named


def _pages(entry: Any) -> set[str]:
    if isinstance(entry, str):
        return {entry}
    if isinstance(entry, list):
        return set().union(*map(_pages, entry))
    return set().union(*map(_pages, entry.values()))


def test_all_public_names_are_on_their_page() -> None:
    page = PAGES["docs/reference/api.md"]
    told = set(re.findall(r"^::: [\w.]*\.(\w+)$", page, re.MULTILINE))
    assert told == {name for name in bs.__all__ if not name.startswith("__")}

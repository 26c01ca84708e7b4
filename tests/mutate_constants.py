"""Which numbers of the package does no test hold?

    python tests/mutate_constants.py backsym/marking/judging/judge.py backsym/numeric -- tests/test_thresholds.py

changes each number of the files and folders, one at a time, times ten, by ten, plus one, and runs the tests that are
named behind ``--`` in a process of its own.  It prints the changes that every one of these tests survives, and ends
with status 1 if there are any.  ``--all`` changes the numbers inside functions, too, not only those at the top of a
module.  Small integers in indices, exponents and shapes are left alone.

This takes as long as the tests take, times the changes: it is run by hand, for the rooms that a change touches.
Commands that the tests start in processes of their own do not see the change.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.machinery
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 600
"""What a change may take: one that makes a search endless is noticed, too."""

PRELOADED = ("numpy", "sympy", "yaml", "click", "jinja2", "pytest")


@dataclass(frozen=True)
class Change:
    """One number of a module and what stands in its place."""

    path: Path
    name: str
    line: int
    column: int
    old: float
    new: float

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.name}: {self.old!r} -> {self.new!r}"

    def code(self) -> CodeType:
        """The module with the change."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and (node.lineno, node.col_offset) == (self.line, self.column):
                node.value = self.new
        return compile(tree, str(self.path), "exec")


def others(value: float) -> list[float]:
    """What a number is changed to."""
    if isinstance(value, int):
        return list(dict.fromkeys([value + 1, max(value // 10, 0) if value > 1 else value - 1, value * 10]))
    return [value * 10, value / 10]


def numbers(tree: ast.Module, everywhere: bool) -> Iterator[tuple[str, ast.Constant]]:
    """The numbers that decide something, with the name that they stand under."""
    for statement in tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            yield from ((ast.unparse(target), number) for number in constants(statement.value))
        elif everywhere and isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            compared = [n for n in ast.walk(statement) if isinstance(n, ast.Compare) or is_bound(n)]
            seen: set[tuple[int, int]] = set()
            for node in compared:
                for number in constants(node):
                    if number.value not in (0, 1, 2, -1) and (number.lineno, number.col_offset) not in seen:
                        seen.add((number.lineno, number.col_offset))
                        yield statement.name, number


def is_bound(node: ast.AST) -> bool:
    """Whether this is a call of max or min, which a number often decides."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("max", "min")


def constants(node: ast.AST) -> Iterator[ast.Constant]:
    inside = {id(n) for sub in ast.walk(node) if isinstance(sub, ast.Subscript) for n in ast.walk(sub.slice)}
    for found in ast.walk(node):
        if isinstance(found, ast.Constant) and type(found.value) in (int, float) and id(found) not in inside:
            yield found


def changes(paths: Sequence[Path], everywhere: bool) -> Iterator[Change]:
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for name, number in numbers(ast.parse(file.read_text(encoding="utf-8")), everywhere):
                assert isinstance(number.value, (int, float))
                for new in others(number.value):
                    yield Change(file, name, number.lineno, number.col_offset, number.value, new)


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a module with a change."""

    change: Change

    def get_code(self, fullname: str) -> CodeType:
        return self.change.code()


class Finder:
    """Finds the changed module where others would find its file."""

    def __init__(self, change: Change):
        self.change = change
        parts = change.path.relative_to(ROOT).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name != self.name:
            return None
        loader = Changed(name, str(self.change.path))
        loader.change = self.change
        return importlib.util.spec_from_file_location(name, self.change.path, loader=loader)


def survives(change: Change | None, tests: Sequence[str]) -> bool:
    """Whether the tests pass with a change, in a copy of this process."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            if change is not None:
                sys.meta_path.insert(0, Finder(change))
            import pytest

            status = int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))
        finally:
            os._exit(status)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("paths", nargs="+", type=Path, help="modules and folders whose numbers are changed")
    parser.add_argument("--all", action="store_true", help="numbers inside functions, too")
    parser.add_argument("--tests", nargs="+", default=["tests/test_thresholds.py", "tests/test_limits.py"])
    given = sys.argv[1:]
    if "--" in given:
        given[given.index("--")] = "--tests"
    asked = parser.parse_args(given)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = True
    for name in PRELOADED:
        importlib.import_module(name)
    if not survives(None, asked.tests):
        print("the tests fail without any change")
        return 2
    survivors = total = 0
    for change in changes([path.resolve() for path in asked.paths], asked.all):
        total += 1
        if survives(change, asked.tests):
            survivors += 1
            print("survives ", change, flush=True)
    print(f"{total} changes, {survivors} of which no test noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

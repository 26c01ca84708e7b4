"""``pytest -m quick`` covers every room of the package; CI and this file see to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PACKAGE = TESTS.parent / "backsym"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def marked(tree: ast.Module) -> Iterator[str]:
    """The rooms that the quick tests of a file are said to be about."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.quick":
            yield from (str(ast.literal_eval(room)) for room in node.args)


def used(tree: ast.Module) -> set[str]:
    """The rooms that a file imports from; what stands at the root of the package belongs to the room ``api``."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found.add(f"{node.module}.")
        elif isinstance(node, ast.Import):
            found.update(f"{alias.name}.api." if alias.name == "backsym" else f"{alias.name}." for alias in node.names)
    # A script that runs in a process of its own is read, too.
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\nimport backsym" in node.value:
            found |= {"backsym.marking.", "backsym.documents.", "backsym.cli."}
    return {module.split(".")[1] for module in found if module.startswith("backsym.")}


def test_every_room_has_quick_tests_that_import_from_it() -> None:
    about: dict[str, list[str]] = {room: [] for room in ROOMS}
    for path in sorted(TESTS.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path != Path(__file__):
            rooms = set(marked(tree))
            assert rooms <= used(tree), f"{path.name} imports nothing from {rooms - used(tree)}"
            for room in rooms:
                about[room].append(path.name)
    assert [room for room, files in about.items() if not files] == []


def test_quick_tests_are_those_of_the_marker(pytestconfig: pytest.Config) -> None:
    assert any(line.startswith("quick(") for line in pytestconfig.getini("markers"))

"""The layers: who may import whom, and what a command may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from syntax import MODULES, PACKAGE, nodes_of

# For each room of the package, a folder, the rooms that it may import.
LAYERS: dict[str, set[str]] = {"version": set(), "core": set(), "text": {"core"}, "reading": {"core", "text", "parts"}}
LAYERS["parts"] = {"core"}
LAYERS["calculus"] = {"core", "reading"}
LAYERS["numeric"] = {"parts", "core", "reading"}
LAYERS["printing"] = {"core", "text", "reading"}
LAYERS["sympy_door"] = {"core", "reading"}
LAYERS["graphs"] = {"core", "printing"}
LAYERS["documents"] = {"parts", "core", "text", "printing", "graphs", "numeric"}
LAYERS["solving"] = {"core", "reading", "calculus", "numeric", "printing", "sympy_door", "documents"}
LAYERS["codegen"] = {"text", "core", "printing", "numeric", "solving"}
LAYERS["api"] = {"parts", "core", "reading", "numeric", "printing", "sympy_door", "graphs", "documents", "solving"}
LAYERS["api"] |= {"codegen", "practice"}
LAYERS["marking"] = {"text", "parts", "version", "core", "reading", "numeric", "printing", "documents", "solving"}
LAYERS["cli"] = {"version", "api", "core", "text", "reading", "numeric", "printing", "graphs", "documents", "solving"}
LAYERS["quiz"] = {"core", "printing", "documents", "numeric", "solving", "marking"}
LAYERS["practice"] = {"core", "reading", "parts", "printing", "documents", "marking", "solving"}
LAYERS["cli"] |= {"parts", "codegen", "marking", "quiz", "practice"}
LAYERS["__init__"] = {"version", "api", "cli", "core", "marking", "practice", "reading", "solving"}
LAYERS["__init__"] |= {"documents", "graphs"}
LAYERS["__main__"] = {"cli"}

HEAVY = {"numpy", "sympy", "jinja2", "yaml", "typst", "markdown_it"}
MOST_LINES = 60
"""The longest function."""

AT_THE_TOP = {"numeric", "sympy_door", "marking", "quiz", "practice"}
"""Parts that are themselves imported only when they are needed."""


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


@cache
def parsed(path: Path) -> tuple[str | None, list[str], list[str]]:
    """What a module says that it is for, what it imports anywhere, and what it imports at its top."""
    tree, *inside = nodes_of(path)
    assert isinstance(tree, ast.Module)
    return ast.get_docstring(tree), imports(inside, path), imports(tree.body, path)


def imports(nodes: list[ast.AST] | list[ast.stmt], path: Path) -> list[str]:
    """The absolute names of all modules that nodes of a module's code import."""
    package = ["backsym", *path.relative_to(PACKAGE).parent.parts]
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.extend(f"{module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_the_layers_below_it(path: Path) -> None:
    part = part_of(path)
    assert part in LAYERS, f"{part} is no room: give it one in {__file__}"
    allowed = LAYERS[part] | {part}
    for name in parsed(path)[1]:
        if name.startswith("backsym."):
            assert name.split(".")[1] in allowed, f"{part} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    if part_of(path) in AT_THE_TOP:
        return
    assert not {name.split(".")[0] for name in parsed(path)[2]} & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_readable(path: Path) -> None:
    if path.name != "__init__.py":
        assert parsed(path)[0], "a module says what it is for"
    functions = (node for node in nodes_of(path) if isinstance(node, ast.FunctionDef))
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= MOST_LINES]
    assert not long, "a function fits a screen"


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_circle_of_imports() -> None:
    """Of modules, imports within functions and for type checkers included."""
    names = {dotted(path): path for path in MODULES}
    below: dict[str, set[str]] = {}
    for name, path in names.items():
        found = {other if other in names else other.rpartition(".")[0] for other in parsed(path)[1]}
        below[name] = {other for other in found if other in names} - {name}
    done: set[str] = set()
    while len(done) < len(below):
        ready = {name for name, others in below.items() if name not in done and others <= done}
        assert ready, f"a circle among {sorted(set(below) - done)}"
        done |= ready


def test_rooms_are_small() -> None:
    """At most 10 modules at the root, at most 20 in a folder."""
    folders = {path.parent for path in MODULES}
    for folder in folders:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= (10 if folder == PACKAGE else 20), folder


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that the command loads."""
    script = (
        "import sys\n"
        "from backsym.cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
        "print('\\nLOADED', *sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.rsplit("LOADED", 1)[1].split())


def test_help_imports_nothing_heavy() -> None:
    assert not loaded_by("--help") & HEAVY
    assert not loaded_by("solve", "--help") & HEAVY


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = "import sys, backsym; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert not set(result.stdout.split()) & HEAVY


def test_solving_a_problem_file_imports_no_sympy(tmp_path: Path) -> None:
    loaded = loaded_by("solve", "scalar-tanh", "-o", str(tmp_path))
    assert "yaml" in loaded
    assert "sympy" not in loaded

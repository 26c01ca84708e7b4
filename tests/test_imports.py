"""The layers: who may import whom, and what a command may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "backsym"

# For each part of the package, the parts that it may import.
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "lazy": set(),
    "names": set(),
    "resources": {"errors"},
    "mathform": set(),
    "mathtext": {"errors", "names", "mathform"},
    "expr": {"errors", "names", "lazy"},
    "entrywise": {"errors", "names", "expr"},
    "functions": {"errors", "names", "expr"},
    "problem": {"errors", "names", "expr"},
    "steps": {"errors", "names", "expr"},
}
BASE = {"errors", "names", "mathtext", "expr", "entrywise", "functions", "problem", "steps"}
LAYERS["reading"] = BASE | {"resources"}
LAYERS["calculus"] = BASE | {"reading"}
LAYERS["numeric"] = BASE | {"reading"}
LAYERS["printing"] = BASE | {"reading"}
LAYERS["solution"] = BASE | {"reading", "calculus", "numeric", "printing"}
LAYERS["sympy_door"] = BASE | {"reading"}
LAYERS["solution"] |= {"sympy_door"}
LAYERS["api"] = BASE | {"reading", "sympy_door"}
LAYERS["graphs"] = BASE | {"printing", "reading"}
LAYERS["claims"] = BASE | {"numeric"}
LAYERS["marking"] = BASE | {"reading", "numeric", "printing", "resources", "solution"}
LAYERS["documents"] = BASE | {"printing", "resources", "graphs", "numeric", "claims"}
LAYERS["display"] = BASE | {"printing", "graphs", "documents"}
LAYERS["solution"] |= {"display"}
LAYERS["marking"] |= {"display", "documents"}
LAYERS["oneliner"] = BASE | {"api", "display", "numeric", "solution"}
LAYERS["processes"] = {"errors"}
LAYERS["marking"] |= {"processes"}
LAYERS["cli_errors"] = {"errors"}
LAYERS["cli_files"] = {"errors"}
LAYERS["cli_claims"] = BASE | {"claims", "documents", "printing"}
LAYERS["cli_check"] = BASE | {"cli_errors", "cli_files", "cli_progress", "reading", "resources", "marking"}
LAYERS["cli"] = BASE | {"reading", "documents", "resources", "solution", "claims", "graphs", "schema"}
LAYERS["cli_watch"] = set()
LAYERS["cli_new"] = {"errors", "mathtext", "resources", "reading", "cli_errors"}
LAYERS["cli_progress"] = set()
LAYERS["cli"] |= {"cli_check", "cli_claims", "cli_errors", "processes", "cli_watch", "cli_new", "cli_progress"}
LAYERS["codegen"] = BASE | {"printing", "numeric", "resources", "solution"}
LAYERS["cli_code"] = {"errors", "cli_check", "cli_errors", "cli_files", "codegen"}
LAYERS["cli"] |= {"cli_code", "cli_files"}
LAYERS["versions"] = BASE | {"reading", "printing", "claims", "solution"}
LAYERS["cli_variants"] = {"errors", "cli_errors", "cli_files", "cli_progress", "documents", "resources", "versions"}
LAYERS["cli"] |= {"cli_variants"}
LAYERS["schema"] = BASE | {"reading", "resources"}
LAYERS["__init__"] = LAYERS["cli"] | {"cli", "api", "marking", "oneliner", "versions"}
LAYERS["__main__"] = {"cli"}

# Convenience on the class that users hold, imported when called: ``Problem.solve()``, and what a notebook shows.
CALLED_BACK = {
    ("problem", "backsym.solution.solve"),
    ("problem", "backsym.solution.Solution"),
    ("problem", "backsym.graphs.figure.Figure"),
    ("problem", "backsym.display"),
    ("problem", "backsym.display.figure"),
}

HEAVY = {"numpy", "sympy", "jinja2", "yaml", "typst"}
AT_THE_TOP = {"numeric", "sympy_door", "marking"}
"""Parts that are themselves imported only when they are needed."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imports(tree: ast.AST, path: Path) -> list[str]:
    """The absolute names of all modules that a module imports, anywhere in it."""
    package = ["backsym", *path.relative_to(PACKAGE).parent.parts]
    found: list[str] = []
    for node in ast.walk(tree):
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
    assert part in LAYERS, f"{part} has no layer: give it one in {__file__}"
    allowed = LAYERS[part] | {part}
    for name in imports(ast.parse(path.read_text(encoding="utf-8")), path):
        if name.startswith("backsym.") and (part, name) not in CALLED_BACK:
            assert name.split(".")[1] in allowed, f"{part} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    if part_of(path) in AT_THE_TOP:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = ast.Module([n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))], [])
    assert not {name.split(".")[0] for name in imports(top, path)} & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 600
    if path.name != "__init__.py":
        assert ast.get_docstring(ast.parse(text)), "a module says what it is for"


def test_the_layers_have_no_cycle() -> None:
    done: set[str] = set()
    while len(done) < len(LAYERS):
        ready = {part for part, below in LAYERS.items() if part not in done and below <= done}
        assert ready, f"a cycle among {sorted(set(LAYERS) - done)}"
        done |= ready


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that the command loads."""
    script = (
        "import sys\n"
        "from backsym.cli import main\n"
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

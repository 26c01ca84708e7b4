"""The syntax trees of the package's modules, for the tests that read its source."""

from __future__ import annotations

import ast
import gc
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "backsym"

MODULES = sorted(PACKAGE.rglob("*.py"))


def nodes_of(path: Path) -> list[ast.AST]:
    """All nodes of a module's syntax tree, the module first.

    They are hundreds of thousands, none of them rubbish: to look for it meanwhile would take longer than the parsing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        found: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
        for node in found:
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, ast.AST):
                    found.append(value)
                elif isinstance(value, list):
                    found.extend(item for item in value if isinstance(item, ast.AST))
        return found
    finally:
        if collecting:
            gc.enable()

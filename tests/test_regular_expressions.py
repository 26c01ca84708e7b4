"""How much of the package is regular expressions: what texts mean is told by grammars."""

from __future__ import annotations

import re
from pathlib import Path

import backsym

PACKAGE = Path(backsym.__file__).parent
USE = re.compile(r"\bre\.(?:compile|sub|subn|match|search|fullmatch|findall|finditer|split)\(")
MOST = 178


def uses() -> dict[str, int]:
    found = {
        str(path.relative_to(PACKAGE)): len(USE.findall(path.read_text("utf-8"))) for path in PACKAGE.rglob("*.py")
    }
    return {path: count for path, count in found.items() if count}


def test_there_are_few_regular_expressions() -> None:
    found = uses()
    assert len(found) > 10, "they are counted"
    assert sum(found.values()) <= MOST, sorted(found.items(), key=lambda pair: -pair[1])

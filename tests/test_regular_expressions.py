"""How much of the package is regular expressions: what texts mean is told by grammars.

A module *sees mathematics* if one of its patterns is matched against a formula, to tell its signs, its names or how
they belong together.  What the pattern of any other module may look for is said beside it: words of prose around
formulas; containers and cells (delimiters, comments, fences, environments, rows, definitions of macros); a name or a
number that stands by itself; lines of files.  Rooms that only write look at what the package itself has written.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import backsym

PACKAGE = Path(backsym.__file__).parent
USE = re.compile(r"\bre\.(?:compile|sub|subn|match|search|fullmatch|findall|finditer|split)\(")
MOST = 140

SEES_MATHEMATICS = {
    "reading/latex/lexer.py": "the tokens of LaTeX",
    "reading/plain/lexer.py": "the tokens of the plain language",
    "reading/python/lexer.py": "the tokens of code",
    "text/pieces.py": "words and signs of either, for what looks at a text without reading it",
    "marking/answers/lines.py": "where an answer is cut into statements",
}
LEXERS = [path for path in SEES_MATHEMATICS if path != "marking/answers/lines.py"]
LOOKS_FOR_ELSE = {
    "api/variants.py": "containers",
    "core/names.py": "names",
    "marking/answers/containers.py": "containers",
    "marking/answers/prose.py": "words",
    "marking/reporting/reports.py": "cells",
    "marking/reporting/submissions.py": "lines of files",
    "quiz/moodle.py": "signs of a file",
    "reading/files/declarations.py": "names and numbers",
    "reading/files/fields.py": "names and numbers",
    "reading/files/parts.py": "numbers",
    "reading/files/renaming.py": "words",
    "reading/files/variants.py": "numbers",
    "reading/files/yamlfile.py": "lines of files",
    "reading/files/yamlwords.py": "lines of files",
    "reading/latex/names.py": "names",
    "reading/notes/assembling/tree.py": "containers",
    "reading/notes/preparing/asides.py": "containers",
    "reading/notes/preparing/macros.py": "definitions of macros",
    "reading/notes/prose.py": "words and containers",
    "reading/notes/tasks.py": "words",
    "reading/notes/words.py": "words",
    "sympy_door/names.py": "names",
    "text/catalogue.py": "sentences of the package",
    "text/mathtext.py": "containers",
}
WRITES = ("codegen", "documents", "printing")


def uses() -> dict[str, int]:
    found = {path.relative_to(PACKAGE).as_posix(): len(USE.findall(path.read_text("utf-8"))) for path in modules()}
    return {path: count for path, count in found.items() if count}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_there_are_few_regular_expressions() -> None:
    found = uses()
    assert len(found) > 10, "they are counted"
    assert sum(found.values()) <= MOST, sorted(found.items(), key=lambda pair: -pair[1])


def test_at_most_five_modules_hold_patterns_that_see_mathematics() -> None:
    """A new module with a pattern either is no sixth one, which is said above, or does without."""
    reading = {path for path in uses() if path.partition("/")[0] not in WRITES}
    assert len(SEES_MATHEMATICS) <= 5
    assert reading == {*SEES_MATHEMATICS, *LOOKS_FOR_ELSE}


def test_no_lexer_rewrites_what_it_sees() -> None:
    for path in LEXERS:
        tree = ast.parse((PACKAGE / path).read_text("utf-8"))
        rewriting = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ("sub", "subn")]
        assert not rewriting, (path, rewriting)

"""The tables of ``docs/reference/examples.md``: problems on one line, and what they print.

A row has the quantities and other keys, the equations, and the formulas or values that are found, or the words of the
refusal.  Knows how the page is written; knows no problem.

    python tests/language_examples.py

prints, for every row, all that its problem prints: for writing a new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from documentation import PAGES

from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.documents.writers.jsonform import problem_json
from backsym.reading.files.loader import problem_of_text
from backsym.solving.solution import solve

PAGE = "docs/reference/examples.md"
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Row:
    """One row: the text of the problem file, and what the page says that comes of it."""

    section: str
    text: str
    found: tuple[str, ...]

    @property
    def problem(self) -> Problem:
        return problem_of_text(self.text)


def rows() -> Iterator[Row]:
    section = ""
    for line in PAGES[PAGE].splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]] if line.startswith("| `") else []
        if len(cells) == 3:
            given, equations, found = ([piece.replace(r"\|", "|") for piece in cell.split("<br>")] for cell in cells)
            symbols, *keys = (piece.strip("`") for piece in given)
            forward = json.dumps([piece.strip("`") for piece in equations], ensure_ascii=False)
            text = "\n".join((f"symbols: {{{symbols}}}", f"forward: {forward}", *keys, ""))
            yield Row(section, text, tuple(piece.strip("`$") for piece in found))


def printed(problem: Problem) -> list[str]:
    """Every formula that the problem prints, forward and backward, and the values of its parts."""
    solution = solve(problem)
    assert not solution.failed
    data = problem_json(solution)
    found: list[str] = []
    for row in (row for key in ("forward", "derivatives", "jacobians", "hessians") for row in data.get(key, [])):
        found += _formulas(row)
        for case in row.get("cases") or []:
            found += [f"{formula}, {case['range']}" for formula in _formulas(case)]
    for part in data["parts"]:
        for key in ("numbers", "solution"):
            found += [f"{name}: {value}" for name, value in (part.get(key) or {}).items()]
    return found


def _formulas(row: dict[str, Any]) -> list[str]:
    forms = [row.get(key) for key in ("entry", "matrix", "stacked")]
    return [f"{form['lhs']} = {form['rhs']}" for form in forms if form]


if __name__ == "__main__":
    for example in rows():
        print(f"--- {example.section}\n{example.text}")
        try:
            print("\n".join(printed(example.problem)))
        except BacksymError as error:
            print(error)

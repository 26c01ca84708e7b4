"""What is taken entry by entry is printed so that it cannot be read otherwise, and its signs are explained."""

from __future__ import annotations

import pytest
from extent import some
from known import all_problems, solution
from random_networks import network

from backsym.core.expr import Div, scalar_if_ones, walk
from backsym.documents.content.document import _signs, problem_blocks
from backsym.documents.content.options import Options
from backsym.documents.content.sentences import Voice
from backsym.documents.content.told import Told
from backsym.printing import layout as lay
from backsym.printing.printer import layout_of
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve


@pytest.mark.parametrize("name", [*some(all_problems(), 8), *some(range(24), 4)])
def test_quotients_and_powers_of_arrays_say_that_they_are_entry_by_entry(name: str | int) -> None:
    """No fraction has an array below its line, and every version explains the signs that stand there instead."""
    given = None if isinstance(name, str) else problem_from_mapping({"title": str(name), **network(name)})
    found = solution(str(name)) if given is None else solve(given, check=False)
    stated = [e for f in found.forward for e in (f.entry, f.matrix, f.member) if e is not None]
    stated += [e for d in found.derivations for e in (d.entry, d.matrix, d.member) if e is not None]
    steps = (part for d in found.derivations for step in d.steps for part in (step.before, step.after))
    n = Voice.on_page(found.problem).notation
    for part in (part for e in (*(e.rhs for e in stated), *steps) for part in walk(e)):
        if isinstance(part, Div) and scalar_if_ones(part.den.shape) != ():
            shown = layout_of(part, n)
            assert "quotient" in lay.signs_in(shown)
    for options in (Options(), Options(detail="concise"), Options("questions"), Options("key")):
        told = Told()
        signs = _signs(problem_blocks(found, 2, options, told))
        for sign in ("quotient", "odot ordinary"):
            assert (sign in signs) == told.said(f"sign {sign}")

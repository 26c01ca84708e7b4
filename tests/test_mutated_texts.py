"""Mutants of right answers as texts, found wrong by NumPy and complex steps: none of them earns marks."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import mutated_texts
from extent import THOROUGH

from backsym.marking.verdicts import Marker
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping

COUNT = 2000
SHARE = 1 if THOROUGH else 8
"""Of the mutants every so many-th is tried."""

MAPPINGS: dict[str, Any] = {
    **{name: network.mapping for name, network in mutated_texts.NETWORKS.items()},
    "unit": mutated_texts.UNIT,
    "shown": mutated_texts.SHOWN,
}


@cache
def marker(name: str) -> Marker:
    return Marker(problem_from_mapping(MAPPINGS[name]))


def test_no_mutant_earns_marks() -> None:
    every = mutated_texts.all_mutants()
    assert len(every) >= COUNT
    kinds = Counter(word for kind, *_ in every for word in kind.split(", "))
    assert {"transposed", "not transposed", "swapped", "precedence", "circle", "chain", "claim", "row to column",
            "letters"} <= set(kinds)  # fmt: skip
    earning = []
    for kind, name, target, text in every if THOROUGH else every[: COUNT // SHARE]:
        verdict = marker(name).mark(target, text, hints="none")
        if verdict.score:
            earning.append((kind, name, target, text, verdict.verdict, verdict.interpreted_plain))
    assert not earning


def test_the_trees_that_are_mutated_earn_full_marks() -> None:
    for name, network in mutated_texts.NETWORKS.items():
        for target, forms in network.right.items():
            for form in forms:
                for text in (mutated_texts.plain(form), mutated_texts.latex(form)):
                    verdict = marker(name).mark(target, text)
                    assert verdict.verdict in ("correct", "equivalent_form"), (name, target, text, verdict)


def test_what_is_proposed_earns_full_marks() -> None:
    """The repaired answer as a whole, written out and read again: no repair leaves a row at a column."""
    seen = 0
    every = [mutant for mutant in mutated_texts.all_mutants() if mutant[0] != "letters"]
    for _, name, target, text in every if THOROUGH else every[:80]:
        explained = marker(name).mark(target, text).explained
        if explained is None or explained.repair is None or explained.repair.indices:
            continue
        repaired = plain(explained.repair.expr, marker(name).problem)
        verdict = marker(name).mark(target, repaired)
        assert verdict.verdict in ("correct", "equivalent_form"), (name, target, text, repaired, verdict)
        seen += 1
    assert seen > 20

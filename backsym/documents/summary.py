"""A solved problem as a few lines of Unicode, for a terminal: the forward pass, every derivative, what the check said.

This module must not know about terminals.
"""

from __future__ import annotations

from collections.abc import Iterable

from backsym.documents.derivations import verified
from backsym.documents.markup import inlines_of
from backsym.documents.plaintext import inlines_plain, row_text
from backsym.documents.questions import row
from backsym.documents.sentences import Voice
from backsym.documents.solved import Solved
from backsym.expr import Equation, Ix

INDENT = "  "


def summary(solved: Solved) -> str:
    """The lines, ended by a newline; matrix forms where there are any, else entries with the range of their indices."""
    voice = Voice.of(solved.problem)
    worst = max(solved.verified.values(), key=lambda v: (v.status == "failed", v.max_error))
    lines = [inlines_plain(inlines_of(solved.problem.title, "title"))]
    lines += [INDENT + inlines_plain(voice.catalogue.phrase("document.forward"))]
    lines += _rows(((f.matrix or f.entry, () if f.matrix else f.indices) for f in solved.forward), voice)
    lines += [INDENT + inlines_plain(voice.catalogue.phrase("document.backward"))]
    lines += _rows(((d.matrix or d.entry, () if d.matrix else d.indices) for d in solved.derivations), voice)
    lines += [INDENT + inlines_plain(verified(worst, voice).content)]
    return "".join(f"{line}\n" for line in lines)


def _rows(equations: Iterable[tuple[Equation, tuple[Ix, ...]]], voice: Voice) -> list[str]:
    """The equations, one a line, with their equals signs below each other."""
    texts = [row_text(row(equation, indices, voice)) for equation, indices in equations]
    sides = [text.split(" = ", 1) for text in texts]
    width = max((len(side[0]) for side in sides), default=0)
    return [f"{INDENT * 2}{left:<{width}} = {right}" for left, right in sides]

"""A solved problem as a few lines of Unicode, for a terminal: the forward pass, every derivative, what the check said.

This module must not know about terminals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from backsym.core.expr import Equation, Ix
from backsym.documents.content.derivations import verified
from backsym.documents.content.markup import inlines_of, inlines_plain
from backsym.documents.content.questions import row
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import Solved
from backsym.documents.writers.plaintext import row_text

INDENT = "  "
_BREAKS = re.compile(r"[+−] |\S+ = 1, ")
WIDTH = 80
"""Of a terminal, which may be narrow."""


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
    room = WIDTH - len(INDENT * 2) - width - len(" = ")
    lines = []
    for left, right in sides:
        first, *rest = _wrapped(right, room)
        lines.append(f"{INDENT * 2}{left:<{width}} = {first}")
        lines += [f"{INDENT * 2}{'':<{width}}   {line}" for line in rest]
    return lines


def _wrapped(text: str, room: int) -> list[str]:
    """Lines of so many characters where a formula can be broken: before the sign of a term, before a range."""
    lines: list[str] = []
    for piece in _pieces(text):
        if lines and len(lines[-1]) + 1 + len(piece) <= room:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def _pieces(text: str) -> list[str]:
    depth, begin, out = 0, 0, []
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        after = text[at + 1 :]
        if sign == " " and depth == 0 and _BREAKS.match(after):
            out.append(text[begin:at])
            begin = at + 1
    return [*out, text[begin:]]

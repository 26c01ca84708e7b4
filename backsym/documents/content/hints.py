"""The hints on the way to a derivative: why the chain rule, the chain rule, then one recorded step after the other.

This module must not know about output languages.
"""

from __future__ import annotations

from dataclasses import dataclass

from backsym.core.steps import Derivation
from backsym.documents.content.blocks import Block, Equations, Inlines, Paragraph, Row
from backsym.documents.content.sentences import Voice


@dataclass(frozen=True)
class Hint:
    """One hint: what to think of, and from the second on what comes of it."""

    words: Inlines
    row: Row | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        words = (Paragraph(self.words, leads=self.row is not None),) if self.words else ()
        return (*words, Equations((self.row,))) if self.row is not None else words


def ladder(derivation: Derivation, voice: Voice) -> tuple[Hint, ...]:
    """The hints in their order; the last one has the result."""
    first, *rest = derivation.steps
    hints = [Hint(voice.why(first)), Hint((), Row(voice.layout(first.before), voice.layout(first.after)))]
    hints += [Hint(voice.why(step), Row(voice.layout(step.before), voice.layout(step.after))) for step in rest]
    return tuple(hints)


def hint(derivation: Derivation, voice: Voice, n: int) -> Hint:
    """The ``n``-th hint, counted from 1; beyond the last one, the last."""
    hints = ladder(derivation, voice)
    return hints[min(max(n, 1), len(hints)) - 1]

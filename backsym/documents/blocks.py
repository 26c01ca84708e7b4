"""A small neutral document tree: what a solution consists of, before any output language.

Mathematics is held as LaTeX, which is what the Markdown and LaTeX serialisers need.  This module must not know about
problems, derivations or output languages.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """Plain text, unescaped; ``style`` is plain, strong, emphasis or code."""

    text: str
    style: str = "plain"


@dataclass(frozen=True)
class Math:
    """Inline mathematics."""

    latex: str


Inline = Text | Math
Inlines = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    level: int
    content: Inlines


@dataclass(frozen=True)
class Paragraph:
    content: Inlines


@dataclass(frozen=True)
class Row:
    """One row of a displayed equation; ``lhs`` is empty where the row is one formula; ``tail`` is a range."""

    lhs: str
    rhs: str
    tail: str = ""


@dataclass(frozen=True)
class Equations:
    """Displayed equations, aligned at the equals sign."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Bullets:
    """An unordered list."""

    items: tuple[Inlines, ...]


@dataclass(frozen=True)
class Steps:
    """A derivation: each item is a sentence, the equation that it explains, and what lies in between."""

    items: tuple[StepItem, ...]


@dataclass(frozen=True)
class StepItem:
    why: Inlines
    equation: Equations
    substeps: Steps | None = None

    @property
    def repeats(self) -> bool:
        """Whether the last substep already states the equation, so that it need not be said again."""
        return self.substeps is not None and self.substeps.items[-1].equation == self.equation


Block = Heading | Paragraph | Equations | Bullets | Steps


@dataclass(frozen=True)
class Document:
    """A whole document: its title (also the first heading), who and when, and its blocks."""

    title: Inlines
    blocks: tuple[Block, ...]
    byline: tuple[Inlines, ...] = ()

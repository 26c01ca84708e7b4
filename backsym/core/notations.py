"""The choices of notation that an author has: names by key, and what a choice from outside the package prints.

How the choices of this package print is known to ``printing``; one from another package brings its own rule.  This
module must not know how anything is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backsym.core.registry import Table


@dataclass(frozen=True)
class NotationChoice:
    """One choice under a key of ``notation:``.

    ``rule`` makes the layout (``backsym.printing.layout``); it is None for a choice of this package.  It is called by

    - ``layer``: ``rule(letter, mark)``, with the tag of a name as the mark
    - ``vectors``: ``rule(letter, rank)``, with the number of axes
    - ``transpose``: ``rule()``, the sign that stands as an exponent
    - ``gradient``: ``rule(loss, quantity, rank)``, the derivative of the loss by a quantity; an entry has rank 0

    ``takes_delta`` tells that the letter delta is in use, so that a Kronecker delta is written as an indicator.
    """

    key: str
    name: str
    rule: Callable[..., Any] | None = None
    takes_delta: bool = False


KEYS = ("layer", "gradient", "vectors", "transpose")

DELTA = "delta"
"""A further key, with a letter: the derivatives by the nodes of this letter are deltas."""

NOTATIONS: Table[NotationChoice] = Table(
    NotationChoice,
    lambda choice: f"{choice.key}: {choice.name}",
    (
        NotationChoice("layer", "superscript"),
        NotationChoice("layer", "subscript"),
        NotationChoice("layer", "bracket"),
        NotationChoice("gradient", "nabla"),
        NotationChoice("gradient", "partial"),
        NotationChoice("gradient", "bar"),
        NotationChoice("gradient", "delta", takes_delta=True),
        NotationChoice("gradient", "differential"),
        NotationChoice("vectors", "bold"),
        NotationChoice("vectors", "arrow"),
        NotationChoice("vectors", "plain"),
        NotationChoice("transpose", "top"),
        NotationChoice("transpose", "T"),
    ),
)
"""By ``key: name``; the first of each key is its default, and other packages may add to them."""


def choices() -> Mapping[str, tuple[str, ...]]:
    """The names under each key."""
    return {key: tuple(c.name for c in NOTATIONS.values() if c.key == key) for key in KEYS}

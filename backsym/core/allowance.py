"""How much may be evaluated: elements of one intermediate array, and work altogether.

Work is counted in elements, not in seconds, so that the same input gives the same output on any machine.  The allowance
belongs to the thread that set it.

Must not know what is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

LIMIT = 10_000_000
"""An intermediate with more elements than this is refused: it would exhaust the memory of a small machine."""

SMALL = 4096
"""The work of an array with no more elements is not counted: the call takes longer."""

MOST_AXES = 30
"""NumPy's arrays have 32 axes at most before version 2; a few more are added on the way."""


class Exhausted(Exception):
    """The work that is allowed is done.  No BacksymError, which tells that an expression has no value at all."""


@dataclass
class Allowance:
    """What is left; what is spent from it is spent from the one around it, too."""

    elements: int
    work: float
    around: Allowance | None


_ALLOWED: ContextVar[Allowance | None] = ContextVar("backsym allowance", default=None)


@contextmanager
def allowing(elements: int, work: float) -> Iterator[Allowance]:
    """Within this, no intermediate has more elements, and ``Exhausted`` is raised when so much work is done."""
    around = _ALLOWED.get()
    most = elements if around is None else min(elements, around.elements)
    allowance = Allowance(most, work, around)
    token = _ALLOWED.set(allowance)
    try:
        yield allowance
    finally:
        _ALLOWED.reset(token)


@contextmanager
def detached(work: float) -> Iterator[Allowance]:
    """Work that is done once for many has a limit of its own: it is not charged to whoever happens to come first."""
    around = _ALLOWED.get()
    allowance = Allowance(LIMIT if around is None else around.elements, work, None)
    token = _ALLOWED.set(allowance)
    try:
        yield allowance
    finally:
        _ALLOWED.reset(token)


def largest() -> int:
    """Elements that an intermediate may have."""
    allowance = _ALLOWED.get()
    return LIMIT if allowance is None else allowance.elements


def spend(work: float) -> None:
    """Count work; raises ``Exhausted`` if there is none left."""
    allowance = _ALLOWED.get()
    exhausted = False
    while allowance is not None:
        allowance.work -= work
        exhausted = exhausted or allowance.work < 0
        allowance = allowance.around
    if exhausted:
        raise Exhausted

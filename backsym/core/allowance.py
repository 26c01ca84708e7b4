"""How much may be evaluated: elements of one intermediate array, and work altogether.

Work is counted in elements, not in seconds, so that the same input gives the same output on any machine.  The allowance
belongs to the thread that set it.

Must not know what is evaluated.
"""

from __future__ import annotations

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


class allowing:
    """Within this, no intermediate has more elements, and ``Exhausted`` is raised when so much work is done."""

    def __init__(self, elements: int, work: float):
        self.elements, self.work = elements, work

    def __enter__(self) -> Allowance:
        allowance = self.limits(_ALLOWED.get())
        self.token = _ALLOWED.set(allowance)
        return allowance

    def limits(self, around: Allowance | None) -> Allowance:
        """What is allowed within this, where that much is allowed around it."""
        most = self.elements if around is None else min(self.elements, around.elements)
        return Allowance(most, self.work, around)

    def __exit__(self, *raised: object) -> None:
        _ALLOWED.reset(self.token)


class detached(allowing):
    """Work that is done once for many has a limit of its own: it is not charged to whoever happens to come first."""

    def __init__(self, work: float):
        super().__init__(LIMIT, work)

    def limits(self, around: Allowance | None) -> Allowance:
        return Allowance(self.elements if around is None else around.elements, self.work, None)


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

"""What a student's earlier wrong answers do to later ones: what follows from them, and a layout turned again.

Must not know verdicts' words, marks or files.
"""

from __future__ import annotations

import numpy as np

from backsym.core.errors import BacksymError
from backsym.marking.answers.model import ReadAnswer, Target
from backsym.marking.answers.own_names import Names
from backsym.marking.judging.judge import Carried, Judge, equal_values
from backsym.marking.judging.layouts import transposed_layout
from backsym.numeric.axes import Array


class Earlier:
    """A student's earlier wrong answers, and what follows from them."""

    def __init__(self, judge: Judge, names: Names):
        self.judge = judge
        self.names = names
        """The names that the student's answers have defined so far."""
        self.own: dict[str, tuple[Array, ...]] = {}
        self.turned: str | None = None
        """The first answer in which nothing but the layout is wrong: it is the transpose of the derivative."""
        self.waiting: list[ReadAnswer] = []
        """Wrong answers whose values no later answer has asked for yet."""
        self._carried: Carried | None = None

    @property
    def carried(self) -> Carried:
        if self._carried is None:
            self._carried = self.judge.carried(self.own)
        return self._carried

    def add(self, target: Target, read: ReadAnswer | None, verdict: str) -> None:
        """Take a wrong answer, with its verdict, into what later ones may follow from."""
        if read is None or target.is_position or verdict not in ("incorrect", "follow_through"):
            return
        if read.of is not None:
            return
        if self.is_turned(read):
            self.turned = self.turned or target.name
        elif read.fits:
            self.waiting.append(read)

    def is_turned(self, read: ReadAnswer) -> bool:
        """Whether an answer is the transpose of the derivative, or of what the earlier answers make of it."""
        name = read.target.name
        try:
            if read.target.is_position or not _may_be_turned(read):
                return False
            values = self.judge.values(read.expr, read.indices)
        except (BacksymError, OverflowError, MemoryError):
            return False
        wanted = [self.judge.reference(name)]
        self.settle()
        if self.own and name not in self.own:
            wanted.append(self.carried.reference(name))
        turned = tuple(
            np.reshape(np.transpose(value), np.shape(true)) for value, true in zip(values, wanted[0], strict=True)
        )
        return any(equal_values(turned, true) is True for true in wanted)

    def repeats(self, read: ReadAnswer) -> str | None:
        """The answer in which the student made the same slip of layout before, where it is all that is wrong."""
        return self.turned if self.turned not in (None, read.target.name) and self.is_turned(read) else None

    def settle(self) -> None:
        """Take the values of the wrong answers that wait, each with those before it."""
        for read in self.waiting:
            values = self.values(read)
            if values is not None and all(np.isfinite(value).all() for value in values):
                self.own[read.target.name] = values
                self._carried = None
        self.waiting.clear()

    def values(self, read: ReadAnswer) -> tuple[Array, ...] | None:
        """The values of an answer with the student's own derivatives, in the layout of the quantity."""
        try:
            source = self.carried if self.own else self.judge
            found = source.values(read.expr, read.indices)
        except (BacksymError, OverflowError, MemoryError):
            return None
        like = self.judge.reference(read.target.name)
        if any(np.size(value) != np.size(true) for value, true in zip(found, like, strict=True)):
            return None
        return tuple(np.reshape(value, np.shape(true)) for value, true in zip(found, like, strict=True))

    def follows(self, read: ReadAnswer) -> tuple[str, ...]:
        """The earlier answers that make this one right; empty if it does not follow from them.

        It does not where the derivatives that were put in make everything zero.
        """
        self.settle()
        name = read.target.name
        if not self.own or name in self.own or read.target.is_position:
            return ()
        if self.clearly_not(read):
            return ()
        expected = self.carried.reference(name)
        if not any(np.any(np.abs(value) > 1e-12) for value in expected):
            return ()
        if equal_values(expected, self.judge.reference(name)):
            return ()
        own = self.values(read)
        true = self.judge.values(read.expr, read.indices)
        if not (own is not None and equal_values(own, expected)) and not equal_values(true, expected):
            return ()
        return self.behind(name)

    def clearly_not(self, read: ReadAnswer) -> bool:
        """Whether the first point shows that an answer does not follow, with the student's derivatives or true ones."""
        expected = self.carried.reference_at(read.target.name, 0)
        try:
            true = self.judge.first_value(read.expr, read.indices)
            if equal_values((true,), (expected,)) is not False:
                return False
            own = self.carried.value_at(read.expr, read.indices, 0)
        except (BacksymError, OverflowError, MemoryError):
            return False
        return equal_values((own,), (expected,)) is False

    def behind(self, name: str) -> tuple[str, ...]:
        """The nearest replaced derivatives on the way from a quantity to the loss."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        pending = [name]
        while pending:
            for consumer in self.judge.problem.consumers.get(pending.pop(0), ()):
                if consumer in self.own:
                    found.setdefault(consumer)
                elif consumer not in seen:
                    seen.add(consumer)
                    pending.append(consumer)
        return tuple(found)


def _may_be_turned(read: ReadAnswer) -> bool:
    """Whether the layout of an answer is that of the transpose of its target; of a square matrix it may be."""
    wanted = read.target.shape
    if len(read.shape) == len(wanted) == 2 and read.shape[::-1] == wanted:
        return True
    return transposed_layout(read.shape, wanted)

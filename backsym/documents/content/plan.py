"""The plan of a derivation before its words: which equalities are shown, in which rows, and what each rests on.

A row is a chain of equal expressions; the steps that it names are what there may be to say about it.  Nothing is
derived here, and no sentence is chosen.  This module must not know about layout or output languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from backsym.core import stepkinds as sk
from backsym.core.expr import Expr, Sym
from backsym.core.steps import Step

_SAID_LATER = (sk.FORWARD, sk.LOCAL, sk.RECALL, sk.CONCLUDE)
"""What needs no row unless it takes steps of its own: what follows shows the same with more around it."""

_NESTED = (sk.LOCAL, sk.RECALL, sk.PATH)
"""Their substeps are rows of their own; those of other kinds tell how a row was found."""


_CASES = (sk.CASE_EQUAL, sk.CASE_DIFFERENT)
"""What holds under a condition that its row says, and is joined to nothing else."""


@dataclass(frozen=True)
class Line:
    """``lhs = stages[0] = stages[1] = ...``; ``steps`` are those that the last stage, or all of them, rest on."""

    lhs: Expr
    stages: tuple[Expr, ...]
    steps: tuple[Step, ...]
    opens: bool = False
    """Whether the line states the chain rule, into which the next one may put the local derivatives."""


@dataclass
class _Planner:
    known: AbstractSet[str] = frozenset()
    lines: list[Line] = field(default_factory=list)
    waiting: list[Step] = field(default_factory=list)

    def walk(self, steps: Sequence[Step]) -> None:
        """Each step is stated for the left side at which its chain of equalities began.

        Where two chains meet in the same expression, the first one, which is what is derived, goes on.
        """
        began: dict[Expr, Expr] = {}
        main = {steps[0].before} if steps else set()
        for step in steps:
            lhs = steps[0].before if step.before in main else began.get(step.before, step.before)
            if step.kind == sk.RECALL:  # It states a derivative by its name, whatever else is equal to that.
                lhs = step.before
            began[step.after] = lhs
            if step.before in main:
                main.add(step.after)
            self._step(lhs, step)

    def _step(self, lhs: Expr, step: Step) -> None:
        if step.kind == sk.PATH:
            self.lines += _path(lhs, step, self.known)
        elif recalled(step) in self.known:
            self.lines.append(Line(lhs, (step.after,), (*self.waiting, step)))
            self.waiting = []
        elif step.kind in _NESTED and step.substeps:
            self.walk(step.substeps)
        elif step.kind in _SAID_LATER:
            self.waiting.append(step)
        else:
            opens = step.kind in (sk.CHAIN, sk.CHAIN_MULTI)
            inner = () if step.kind in _NESTED else tuple(_leaves(step.substeps))
            self.lines.append(Line(lhs, (step.after,), (*self.waiting, *inner, step), opens))
            self.waiting = []


def recalled(step: Step) -> str | None:
    """The quantity whose derivative a step states that was found before."""
    node = step.facts.get("node") if step.kind == sk.RECALL else None
    return node.name if isinstance(node, Sym) else None


def lines(steps: Sequence[Step], known: AbstractSet[str] = frozenset()) -> tuple[Line, ...]:
    """The rows of a derivation, one for each equality that is not said again by the next.

    The derivatives by what is ``known`` are stated and not derived again.
    """
    planner = _Planner(known)
    planner.walk(steps)
    out: list[Line] = []
    for line in planner.lines:
        before = out[-1] if out else None
        if before is not None and before.opens and before.lhs == line.lhs:
            out[-1] = replace(before, stages=before.stages + line.stages, steps=before.steps + line.steps, opens=False)
        else:
            out.append(line)
    return tuple(out)


def condensed(planned: Sequence[Line]) -> tuple[Line, ...]:
    """Each chain of equalities by where it begins and where it ends, without the forward equations that it uses."""
    out: list[Line] = []
    for line in planned:
        steps = tuple(step for step in line.steps if step.kind != sk.FORWARD)
        before = out[-1] if out else None
        if before is None or before.lhs != line.lhs or any(step.kind in _CASES for step in steps):
            out.append(replace(line, steps=steps))
        else:
            out[-1] = replace(before, stages=(before.stages[0], line.stages[-1]), steps=before.steps + steps)
    return tuple(out)


def _path(lhs: Expr, step: Step, known: AbstractSet[str]) -> list[Line]:
    """What one path takes beyond putting a local derivative in, which the sum of all paths shows."""
    inner = _Planner(known)
    inner.walk(step.substeps)
    own = [line for line in inner.lines if line.lhs == lhs]
    return [line for line in inner.lines if line.lhs != lhs or len(own) > 1]


def _leaves(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        if step.substeps:
            yield from _leaves(step.substeps)
        yield step

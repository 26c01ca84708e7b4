"""The next step of a derivation that a student has begun.

How far an answer is, is told by what is left to do in it: local derivatives that are not worked out, and Kronecker
deltas.  The recorded steps of the solution take these away one after the other, so that each answer has its place among
them.  Nothing is said of where an answer that is wrong would lead.  This module must not know who shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backsym.core.errors import BacksymError
from backsym.core.expr import Delta, Expr, walk
from backsym.core.problem import Problem
from backsym.core.steps import Derivation
from backsym.documents.content.blocks import Block
from backsym.documents.content.hints import ladder
from backsym.documents.content.markup import blocks_of
from backsym.documents.content.sentences import Voice
from backsym.marking.answers.model import ReadAnswer
from backsym.marking.judging.earning import not_worked_out, slopes, stated
from backsym.marking.verdicts import Marker, Verdict

START = 1
"""The first hint: why the chain rule is used as it is."""

Left = tuple[int, bool]
"""What is left to do: how many local derivatives, and whether there are Kronecker deltas."""


@dataclass(frozen=True)
class NextStep:
    """What comes next: the verdict on what is there, and the hint that goes on from it.

    ``number`` is the hint's, as ``result.hint`` counts them; 0 where there is none: the derivation is complete, or a
    line is wrong, of which ``verdict`` tells.  ``str`` is the whole as Markdown with $math$, which a notebook shows.
    """

    verdict: Verdict
    """The verdict on the lines that are there."""
    number: int
    """The number of the hint, 0 for none."""
    blocks: tuple[Block, ...]
    """What is shown: the feedback on a wrong line, or the hint."""
    language: str = "en"
    """The language of the sentences."""

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.verdict.verdict == "correct"

    def __str__(self) -> str:
        from backsym.documents.notebook import markdown

        return markdown(self.blocks)

    def _repr_markdown_(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from backsym.documents.notebook import html

        return html(self.blocks, self.language)


def next_step(problem: Problem | Marker, target: str, answer: str = "") -> NextStep:
    """The next step of a derivation by ``target``, of which ``answer`` has the lines so far; empty for the first.

    A line that is wrong is told instead, the first of them.  For many answers give a :class:`Marker` in place of the
    problem.  Raises BacksymError for a target that the loss is not differentiated by.

    >>> import backsym as bs
    >>> problem = bs.Problem(forward=["z = w*x", "y = tanh(z)", "L = (y - t)**2/2"])
    >>> print(bs.next_step(problem, "z"))
    By the chain rule, since $z$ reaches the loss only through $y$.
    >>> bs.next_step(problem, "z", "dL/dy * dy/dz").number
    3
    >>> bs.next_step(problem, "z", "dL/dy * (1 - y^2)").done
    True
    """
    marker = problem if isinstance(problem, Marker) else Marker(problem)
    derivation = marker.judge.derivation(marker.target(target).name)
    voice = Voice.of(marker.problem)
    if not answer.strip():
        begun = Verdict(str(target), "undetermined", 0.0)
        return _shown(begun, START, derivation, voice)
    verdict = marker.mark(target, answer, hints="gentle")
    return _shown(verdict, _number(verdict, derivation), derivation, voice)


def _shown(verdict: Verdict, number: int, derivation: Derivation, voice: Voice) -> NextStep:
    if number:
        hints = ladder(derivation, voice)
        blocks = hints[min(number, len(hints)) - 1].blocks
    else:
        blocks = _told(verdict.feedback)
    return NextStep(verdict, number, blocks, voice.problem.language)


def _told(feedback: str) -> tuple[Block, ...]:
    """Feedback as blocks; what quotes a student's own signs is no Markdown because of them."""
    try:
        return blocks_of(feedback, "feedback")
    except BacksymError:
        return blocks_of("".join(f"\\{sign}" if sign in _MARKED else sign for sign in feedback), "feedback")


_MARKED = frozenset("\\`*$_{}[]<>#|-")
"""Signs before which a backslash makes them plain."""


def _number(verdict: Verdict, derivation: Derivation) -> int:
    """The number of the hint that goes on from an answer; 0 for none."""
    read = verdict.read
    if verdict.verdict != "equivalent_form" or read is None:
        return 0
    if "circular" in verdict.tags:
        return START
    return hint_after(read, derivation)


def hint_after(read: ReadAnswer, derivation: Derivation) -> int:
    """The number of the hint that goes on from a true answer."""
    # What a line of its own says the value of is only to be put in.
    written = len(not_worked_out(read, stated(read))), _deltas(read.expr)
    number, left = next(
        (one for one in _main_line(derivation) if one[1] <= written), (len(derivation.steps) + 1, (0, False))
    )
    return min(number + (left == written), len(derivation.steps) + 1)


def _main_line(derivation: Derivation) -> Iterator[tuple[int, Left]]:
    """The steps that rewrite the derivative itself: the numbers of their hints, the chain rule being the second, and
    what each of them leaves to do."""
    current: Expr | None = None
    for number, step in enumerate(derivation.steps, 2):
        if current is None or step.before == current or step is derivation.steps[-1]:
            current = step.after
            yield number, (len(set(slopes(step.after))), _deltas(step.after))


def _deltas(e: Expr) -> bool:
    return any(isinstance(part, Delta) for part in walk(e))

"""What the practice page does with a problem: shows it, reads an answer back, checks it, gives hints.

Everything is answered as HTML or plain data that a page can show as it is; nothing is kept of an answer.  This module
must not know a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backsym.core.allowance import Exhausted, allowing
from backsym.core.errors import BacksymError
from backsym.core.expr import Adj
from backsym.core.lazy import lazy
from backsym.core.words import say
from backsym.documents.content.blocks import Block
from backsym.documents.content.figures import drawing
from backsym.documents.content.hints import ladder
from backsym.documents.content.markup import blocks_of, inlines_of
from backsym.documents.content.questions import question_blocks
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import answered_parts
from backsym.documents.notebook import problem_shown
from backsym.documents.writers.html import html_text, inlines_html
from backsym.marking.answers.model import ReadAnswer, Unreadable
from backsym.marking.onward import next_step
from backsym.marking.verdicts import Marker, Verdict
from backsym.parts.kind import Answered
from backsym.parts.table import kind_of
from backsym.printing import layout as lay
from backsym.printing.mathml import escape, to_mathml
from backsym.printing.unicode import to_unicode
from backsym.solving.solution import Solution

LONGEST = 20_000
"""Characters of an answer that are looked at."""

READING = 4_000_000
"""The work of reading an answer back while it is typed."""


@dataclass(frozen=True)
class Field:
    """Where an answer is written: the quantity by which is differentiated, and what the answer is, as MathML and in
    plain text for who hears it."""

    target: str
    label: str
    words: str


@dataclass(frozen=True)
class Task:
    """A part of the problem: its label, its question as HTML, and the fields for its answers, none of which is marked
    where a part asks for no derivative."""

    label: str
    question: str
    fields: tuple[Field, ...]


class Exercise:
    """A solved problem to practise on; raises BacksymError where there is nothing to be marked."""

    def __init__(self, solution: Solution):
        self.solution = solution
        self.voice = Voice.of(solution.problem)
        self.marker = Marker(solution.problem, solution=solution)
        self.tasks = self._tasks()
        if not any(task.fields for task in self.tasks):
            raise BacksymError(say("practice.no_part"))
        self.targets = frozenset(field.target for task in self.tasks for field in task.fields)

    # --- what the page shows ---

    @lazy
    def title(self) -> str:
        """As HTML."""
        return inlines_html(inlines_of(self.solution.problem.title, "title"))

    @lazy
    def statement(self) -> str:
        """Text, quantities, forward equations and the graph, as HTML."""
        problem = self.solution.problem
        _, *shown = problem_shown(problem)
        return html_text((*shown, drawing(self.voice, problem.figure or "vectorized")), anchors=False)

    @property
    def questions(self) -> tuple[Block, ...]:
        """What the parts ask, one after the other."""
        return tuple(b for answered in answered_parts(self.solution) for b in question_blocks(answered, self.voice))

    def _tasks(self) -> tuple[Task, ...]:
        parts = answered_parts(self.solution)
        if parts:
            return tuple(self._task(answered) for answered in parts)
        loss = self.solution.problem.loss
        names = [d.node for d in self.solution.derivations if d.node != loss]
        return (Task("", "", tuple(map(self._field, names))),)

    def _task(self, answered: Answered) -> Task:
        names = kind_of(answered.part).derivatives(answered.part)
        known = {d.node for d in self.solution.derivations} - {self.solution.problem.loss}
        fields = tuple(self._field(name) for name in dict.fromkeys(names) if name in known)
        return Task(answered.label, html_text(question_blocks(answered, self.voice), anchors=False), fields)

    def _field(self, name: str) -> Field:
        lhs = self.voice.layout(Adj(name, self.solution.problem.symbols[name].shape))
        return Field(name, to_mathml(lay.row(lhs, lay.EQUALS), display=False), to_unicode(lhs))

    # --- what it asks while a student works ---

    def read(self, target: str, answer: str) -> dict[str, Any]:
        """How an answer is read: ``mathml``, or in ``doubt`` what is not understood; both empty for an empty one."""
        self.check_target(target)
        if not answer.strip():
            return {"mathml": "", "doubt": ""}
        try:
            with allowing(READING, READING):
                found = self.marker.reader.read(self.marker.target(target), answer[:LONGEST])
        except (Exhausted, BacksymError) as error:
            return {"mathml": "", "doubt": _in_html(str(error))}
        if isinstance(found, ReadAnswer):
            layout = lay.row(self.voice.layout(found.lhs), lay.EQUALS, self.voice.layout(found.expr))
            return {"mathml": to_mathml(layout, display=True), "doubt": ""}
        doubt = found.message if isinstance(found, Unreadable) else ""
        return {"mathml": "", "doubt": _in_html(doubt)}

    def check(self, answers: Mapping[str, str], target: str) -> dict[str, Any]:
        """The verdict on the answer to one target among a student's answers so far, with gentle feedback."""
        self.check_target(target)
        given = {name: text[:LONGEST] for name, text in answers.items() if name in self.targets and text.strip()}
        given.setdefault(target, "")
        verdicts = self.marker.mark_all(given, hints="gentle", strict=False)
        (verdict,) = (v for v in verdicts if v.target == target)
        return {"verdict": verdict.verdict, "done": _done(verdict), "feedback": _in_html(verdict.feedback)}

    def hint(self, target: str, number: int) -> dict[str, Any]:
        """The hint of this number, from 1: its HTML, and whether it is the last one, which has the result."""
        self.check_target(target)
        hints = ladder(self.solution[target].derivation, self.voice)
        number = min(max(number, 1), len(hints))
        return {"html": html_text(hints[number - 1].blocks, anchors=False), "last": number == len(hints)}

    def onward(self, target: str, answer: str) -> dict[str, Any]:
        """The step that comes after the lines of an answer, or what is wrong with one of them, as HTML."""
        self.check_target(target)
        found = next_step(self.marker, target, answer[:LONGEST])
        return {"html": html_text(found.blocks, anchors=False), "done": found.done}

    def check_target(self, target: str) -> None:
        """Raises BacksymError for a target that nothing asks for."""
        if target not in self.targets:
            raise BacksymError(say("practice.no_target", target=target[:40]))


def _done(verdict: Verdict) -> bool:
    return verdict.verdict == "correct"


def _in_html(markdown: str) -> str:
    """Feedback as HTML; what quotes a student's own signs, and is no Markdown because of them, as it stands."""
    if not markdown.strip():
        return ""
    try:
        return html_text(blocks_of(markdown, "feedback"), anchors=False)
    except BacksymError:
        return f"<p>{escape(markdown)}</p>"

"""``problem.practice()``: the practice page for a notebook, without widgets and without a server.

Each call shows what it found, as mathematics; what was answered so far stays in the session, and nowhere else.
"""

from __future__ import annotations

from backsym.documents.notebook import Markdown, html, markdown, problem_shown
from backsym.marking.onward import NextStep, next_step
from backsym.marking.verdicts import Verdict
from backsym.practice.exercise import LONGEST, Exercise
from backsym.solving.solution import Solution


class Practice:
    """A problem to practise on; made by ``problem.practice()``.

    A notebook shows the problem, its questions and how far one is.  Answers may be several lines, checked one by one.

    >>> import backsym as bs
    >>> problem = bs.Problem(forward=["z = w*x", "y = tanh(z)", "L = (y - t)**2/2"], parts=[{"gradients": "z"}])
    >>> session = problem.practice()
    >>> session.check("z", "(y - t)*(1 + y**2)").verdict
    'incorrect'
    >>> print(session.hint("z"))
    By the chain rule, since $z$ reaches the loss only through $y$.
    >>> session.check("z", "(y - t)*(1 - y**2)").verdict
    'correct'
    >>> session
    <Practice 1 of 1 right>
    """

    def __init__(self, solution: Solution) -> None:
        """Raises BacksymError where nothing is asked that can be marked."""
        self._exercise = Exercise(solution)
        self._answers: dict[str, str] = {}
        self._right: set[str] = set()
        self._hints: dict[str, int] = {}

    @property
    def targets(self) -> tuple[str, ...]:
        """The quantities by which is differentiated, in the order of the questions."""
        return tuple(field.target for task in self._exercise.tasks for field in task.fields)

    def check(self, target: str, answer: str) -> Verdict:
        """The verdict on an answer, with gentle feedback; what was answered before counts as the student's own work."""
        self._exercise.check_target(target)
        self._answers[target] = answer[:LONGEST]
        verdicts = self._exercise.marker.mark_all(self._answers, hints="gentle", strict=False)
        (verdict,) = (v for v in verdicts if v.target == target)
        self._right.discard(target)
        if verdict.verdict == "correct":
            self._right.add(target)
        return verdict

    def hint(self, target: str) -> Markdown:
        """The next hint for a target: each call goes one further, to the result."""
        self._exercise.check_target(target)
        self._hints[target] = self._hints.get(target, 0) + 1
        return self._exercise.solution[target].hint(self._hints[target])

    def next_step(self, target: str, answer: str | None = None) -> NextStep:
        """What comes after these lines; after those of the last ``check``, if none are given."""
        self._exercise.check_target(target)
        lines = self._answers.get(target, "") if answer is None else answer
        return next_step(self._exercise.marker, target, lines[:LONGEST])

    def __repr__(self) -> str:
        return f"<Practice {len(self._right)} of {len(self.targets)} right>"

    def _repr_markdown_(self) -> str:
        return markdown((*problem_shown(self._exercise.solution.problem), *self._exercise.questions))

    def _repr_html_(self) -> str:
        shown = (*problem_shown(self._exercise.solution.problem), *self._exercise.questions)
        return html(shown, self._exercise.solution.problem.language)

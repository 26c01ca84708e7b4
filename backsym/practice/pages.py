"""The pages of the practice server.  They hold no solution: hints come when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from backsym.core.bundled import resource
from backsym.documents.content.sentences import Voice
from backsym.practice.exercise import Exercise
from backsym.printing.mathml import escape


def _page(voice: Voice, **facts: object) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
    source = resource("templates", "practice", "page.html").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        facts, language=voice.problem.language, say=lambda key: escape(voice.catalogue.text(f"practice.{key}"))
    )


def exercise_page(exercise: Exercise, number: int, count: int) -> str:
    """The page of one exercise, of so many."""
    title = exercise.solution.problem.title.replace("$", "")
    key = hashlib.sha256(f"{title}|{exercise.statement}".encode()).hexdigest()[:16]
    return _page(exercise.voice, title=title, exercise=exercise, number=number, count=count, key=key, exercises=())


def index_page(exercises: Sequence[Exercise]) -> str:
    """The list of all exercises."""
    return _page(
        exercises[0].voice, title="", exercise=None, number=0, count=len(exercises), key="", exercises=exercises
    )

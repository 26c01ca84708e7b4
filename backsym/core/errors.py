"""Errors that help: every message names the place, the offending text, what is expected and a near name.

What an error says is a code with facts (``words``); what it decides is decided by the code.  This module must not know
about any other part of backsym.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from backsym.core.words import ENGLISH, Said, Words, in_language, say

WIDEST = 100
"""Characters of an offending line that are shown; of a longer one, those around the place."""


@dataclass(frozen=True)
class Diagnostic:
    """One problem found in an input.

    ``line`` and ``column`` are 1-based; ``source`` is the whole text of that line and ``width`` the number of
    characters to underline.  ``advice`` says what is expected or names a near name, where it is not what the catalogue
    says to do about every such problem.
    """

    words: Said
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source: str | None = None
    width: int = 1
    advice: Said | None = None
    language: str = ENGLISH
    """The language in which it is rendered: that of the problem that it is about, as far as that is known."""

    @property
    def code(self) -> str:
        """What the problem is, for whoever decides something by it."""
        return self.words.code if isinstance(self.words, Words) else ""

    @property
    def message(self) -> str:
        """The problem in English."""
        return str(self.words)

    @property
    def hint(self) -> str | None:
        """What to do about it, in English."""
        return self.hint_in(ENGLISH)

    def hint_in(self, language: str) -> str | None:
        """What to do about it."""
        if self.advice is None:
            return self.words.hint(language) if isinstance(self.words, Words) else None
        return in_language(self.advice, language)

    def render(self, language: str | None = None) -> str:
        """The problem with its place and its line, in its own language or in another."""
        language = language or self.language
        place = [part for part in (self.file, self.line, self.column) if part is not None]
        head = ":".join(str(part) for part in place)
        message = in_language(self.words, language)
        lines = [f"{head}: {message}" if head else message]
        if self.source is not None and self.column is not None and self.source.strip():
            source, column, width = _clipped(self.source.rstrip().replace("\t", " "), self.column, max(1, self.width))
            lines.append("    " + source)
            lines.append("    " + " " * (column - 1) + "^" * width)
        if hint := self.hint_in(language):
            lines.append(f"  {hint}")
        # Half a character, which JSON can hold, can be neither printed nor written.
        return "\n".join(lines).encode("utf-8", "replace").decode("utf-8")


def _clipped(source: str, column: int, width: int) -> tuple[str, int, int]:
    """A line that fits a window, cut to the surroundings of what is underlined; its column and width there."""
    if len(source) <= WIDEST:
        return source, column, width
    start = max(0, min(column - 1 - WIDEST // 3, len(source) - WIDEST))
    shown = source[start : start + WIDEST]
    column -= start
    width = max(1, min(width, len(shown) - column + 1))
    before = "..." if start else ""
    after = "..." if start + WIDEST < len(source) else ""
    return before + shown + after, column + len(before), width


class BacksymError(Exception):
    """Base of every error that backsym raises on purpose; ``str()`` of it is fit for a user.

    Of what backsym says itself the words are a code with facts; ``advice`` follows them, a near name for example.
    """

    def __init__(self, words: Said, advice: Said | None = None):
        self.words, self.advice = words, advice
        super().__init__(words, advice)

    def __str__(self) -> str:
        return self.told(ENGLISH)

    def told(self, language: str) -> str:
        """What is said, as far as the language has words for it."""
        words = in_language(self.words, language)
        return words if self.advice is None else f"{words}; {in_language(self.advice, language)}"


class InputError(BacksymError):
    """An unusable input: one or more diagnostics, all of them reported together (exit status 2)."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        # Not its text: most errors of a reading are never shown.
        Exception.__init__(self, self.diagnostics)

    def __str__(self) -> str:
        return "\n".join(d.render() for d in self.diagnostics)

    def told(self, language: str) -> str:
        """All that is said, as far as the language has words for it."""
        return "\n".join(d.render(language) for d in self.diagnostics)

    def spoken(self, language: str) -> InputError:
        """The same, to be said in a language, but for what is said in another than English already."""
        return InputError(replace(d, language=language) if d.language == ENGLISH else d for d in self.diagnostics)


class PlacedError(BacksymError):
    """A problem that was read, and that cannot be solved or checked as it is: a diagnostic with its place."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.words, diagnostic.advice)
        self.diagnostic = diagnostic
        self.args = (diagnostic,)

    def told(self, language: str) -> str:
        """What is said, with its place."""
        return self.diagnostic.render(language)


class ShapeError(BacksymError):
    """Two shapes that do not fit together; the message shows both."""


class NoMatrixForm(BacksymError):
    """An index expression for which no matrix form exists (or none is known); its words say why."""

    words: Words
    """Why there is none."""

    def __init__(self, words: Words):
        super().__init__(words)


class VerificationError(BacksymError):
    """A derivative whose numeric check failed; ``node`` names it."""

    def __init__(self, node: str, words: Said):
        super().__init__(words)
        self.node = node
        self.args = (node, words)


def near_name(word: str, names: Iterable[str], likeness: float = 0.6) -> str | None:
    """The most similar name, or None: used for "did you mean".  Among many names, ask for more ``likeness``."""
    matches = difflib.get_close_matches(word, sorted(set(names)), n=3, cutoff=likeness)
    # Letters that changed places are the likeliest slip: tahn is tanh, not tan.
    swapped = [name for name in matches if sorted(name) == sorted(word)]
    return (swapped or matches)[0] if matches else None


def did_you_mean(word: str, names: Iterable[str]) -> Words | None:
    """Advice that names the most similar name, or None."""
    near = near_name(word, names)
    return say("words.did_you_mean", near=near) if near else None

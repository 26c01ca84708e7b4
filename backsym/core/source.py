"""Where a text came from, so that an error can point at the offending characters.

Knows nothing about what the text means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backsym.core.errors import Diagnostic, InputError
from backsym.core.expr import Span
from backsym.core.words import Said

Location = tuple[int, int, str]
"""Line and column (1-based) and the whole text of that line."""


@dataclass(frozen=True)
class Source:
    """A text with its origin; ``locate`` maps an offset in ``text`` to a place in ``file``."""

    text: str
    file: str | None = None
    locate: Callable[[int], Location] | None = None

    def place(self, offset: int) -> Location:
        if self.locate is not None:
            return self.locate(offset)
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        line = self.text[start:] if end < 0 else self.text[start:end]
        return self.text.count("\n", 0, offset) + 1, offset - start + 1, line

    def before_edits(self, start: int, end: int) -> str:
        """What stands in the file where the text from ``start`` to ``end`` came from."""
        places = [self.place(offset) for offset in range(start, end)]
        lines = {line: text for line, _, text in places}
        (first, left, _), (final, right, _) = places[0], places[-1]
        lines[final] = lines[final][:right]
        lines[first] = " " * (left - 1) + lines[first][left - 1 :]
        return "\n".join(lines[n] for n in sorted(lines)).strip()

    def diagnostic(self, words: Said, span: Span, advice: Said | None = None) -> Diagnostic:
        """A diagnostic that underlines ``span``, or the part of it on its first line."""
        start, end = span
        line, column, text = self.place(start)
        width = 1
        if end - 1 > start:
            last_line, last_column, _ = self.place(end - 1)
            width = (last_column if last_line == line else len(text)) - column + 1
        return Diagnostic(words, self.file, line, column, text, max(1, width), advice)

    def error(self, words: Said, span: Span, advice: Said | None = None) -> InputError:
        return InputError([self.diagnostic(words, span, advice)])

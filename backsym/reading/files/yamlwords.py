"""What is wrong with a text that is not YAML, in words that say what to do.

PyYAML's two parsers name the same mistake differently, and by the grammar's names; this looks at the place as well.
Knows the parsers' errors and the lines of the file, nothing about its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backsym.core.words import Said, say

CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a YAML text may not contain."""

MAX_DEPTH = 32
"""Lists and mappings inside each other."""

TOO_DEEP = say("files.this_too_deep", limit=MAX_DEPTH)
BACKSLASH = "a backslash in a text in double quotes", r"LaTeX goes in single quotes: '\frac{1}{2}'"
_COLUMNS = say("files.items_one_list_keys")


@dataclass(frozen=True)
class Mistake:
    """A message with its hint, and where it points: 0-based line and column."""

    message: Said
    line: int
    column: int
    hint: Said | None = None


@dataclass(frozen=True)
class _Place:
    """Where the parser stopped, and where what it was reading began."""

    lines: Sequence[str]
    problem: str
    line: int
    column: int
    first_line: int
    first_column: int

    @property
    def char(self) -> str:
        return self.text[self.column : self.column + 1]

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""

    @property
    def first_char(self) -> str:
        line = self.lines[self.first_line] if self.first_line < len(self.lines) else ""
        return line[self.first_column : self.first_column + 1]

    def here(self, message: Said, hint: Said | None = None) -> Mistake:
        return Mistake(message, self.line, self.column, hint)

    def at_first(self, message: Said, hint: Said | None = None) -> Mistake:
        return Mistake(message, self.first_line, self.first_column, hint)


def explained(error: Any, lines: Sequence[str]) -> Mistake:
    """The words for a ``yaml.MarkedYAMLError``."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    first = error.context_mark or mark
    place = _Place(lines, problem, mark.line, mark.column, first.line, first.column)
    if place.char == "\t" or "tab character" in problem:
        return place.here(say("files.tab"))
    for pattern, rule in _RULES:
        if re.search(pattern, f"{problem} | {context}"):
            return rule(place)
    return place.here(say("files.not_yaml", reason=[part for part in (problem, context) if part]))


def _first_sign(place: _Place) -> Mistake:
    return place.here(say("files.begins_with", sign=place.char))


def _first_sign_of_text(place: _Place) -> Mistake:
    char = place.first_char
    return place.at_first(say("files.begins_with", sign=char))


def _colon(place: _Place) -> Mistake:
    second = re.search(r":\s", place.text[: place.column]) is not None
    hint = say("files.quote_colon") if second else say("files.space_after_colon", columns=_COLUMNS)
    return place.here(say("files.misplaced_colon"), hint)


def _flow(place: _Place) -> Mistake:
    if place.char == ":" and place.line == place.first_line:
        return _colon(place)
    opening = place.first_char
    closing = {"[": "]", "{": "}"}.get(opening)
    if closing is None:
        return place.here(say("files.not_yaml", reason=place.problem))
    if place.char in ("]", "}", "") or place.line != place.first_line:
        return place.at_first(say("files.never_closed", sign=opening, closing=closing))
    return place.here(say("files.expected_closing", closing=closing, sign=place.char))


def _quote(place: _Place) -> Mistake:
    return place.at_first(say("files.quote_never_closed", sign=place.first_char))


def _key(place: _Place) -> Mistake:
    return place.at_first(say("files.key_expected"))


def _block(place: _Place) -> Mistake:
    before = place.text[: place.column].strip()
    if place.char in ("]", "}"):
        return place.here(say("files.closes_nothing", sign=place.char))
    if not before:
        return place.here(say("files.wrong_indentation"), _COLUMNS)
    if before[-1] in "'\"":
        return place.here(say("files.after_quote"))
    return place.here(say("files.not_yaml", reason=place.problem))


def _sequence(place: _Place) -> Mistake:
    return place.here(say("files.list_on_its_line"))


def _scalar(place: _Place) -> Mistake:
    return place.here(say("files.block_text", sign=place.first_char))


def _value(place: _Place) -> Mistake:
    return place.here(
        say("files.value_expected"), say("files.quote_beginning", sign=place.char) if place.char else None
    )


def _depth(place: _Place) -> Mistake:
    """A parser that looks ahead may give up before the depth can be counted."""
    return place.here(TOO_DEEP)


def _escape(place: _Place) -> Mistake:
    return place.at_first(*BACKSLASH)


_RULES = (
    ("nesting depth", _depth),
    ("cannot start any token", _first_sign),
    ("(values|entries) are not allowed.*\\bmapping|mapping values", _colon),
    ("sequence entries are not allowed", _sequence),
    ("parsing a flow", _flow),
    ("end of stream.*quoted scalar", _quote),
    ("escape", _escape),
    ("scanning (an alias|an anchor|a tag|a directive)|parsing a tag", _first_sign_of_text),
    ("could not find expected ':'", _key),
    ("block scalar", _scalar),
    ("node content", _value),
    ("block (mapping|collection|sequence)|document start", _block),
)

r"""Macros of a note's own: ``\newcommand{\bx}{\mathbf{x}}`` is put in wherever ``\bx`` stands.

Also ``\renewcommand``, ``\providecommand``, ``\def``, ``\let``, ``\DeclareMathOperator`` and
``\DeclarePairedDelimiter``, with arguments.  A few macros that style files usually define are known without.

Knows how macros are written; knows no mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import MAX_BYTES, Document, Edit, rewritten

MAX_DEPTH = 20
CALL = 10
"""Characters that each macro counts for, however short it is: many empty ones take time too."""

_WORD = re.compile(r"\\([A-Za-z]+)")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_NAME = re.compile(r"\s*(?:\{\s*\\([A-Za-z]+)\s*\}|\\([A-Za-z]+))")
_COUNT = re.compile(r"\s*\[(\d)\]")
_DEFAULT = re.compile(r"\s*\[([^\]\n]*)\]")
_PARAMETERS = re.compile(r"(?:#\d)*")
_LET = re.compile(r"\s*=?\s*(\\[A-Za-z]+)")
_SIZE = re.compile(r"\*|\[[^\]\n]*\]")
_HASH = re.compile(r"#(\d)")


@dataclass(frozen=True)
class Macro:
    """``body`` with #1, #2, ... for its arguments, the first with a ``default``; ``sized`` as ``\\norm*`` is."""

    body: str
    arguments: int = 0
    default: str | None = None
    sized: bool = False


_USUAL = {
    "R": Macro(r"\mathbb{R}"),
    "RR": Macro(r"\mathbb{R}"),
    "reals": Macro(r"\mathbb{R}"),
    "norm": Macro(r"\lVert #1 \rVert", 1, sized=True),
    "abs": Macro(r"\lvert #1 \rvert", 1, sized=True),
    "softmax": Macro(r"\operatorname{softmax}"),
    "ReLU": Macro(r"\operatorname{ReLU}"),
    "relu": Macro(r"\operatorname{ReLU}"),
    "sigmoid": Macro(r"\operatorname{sigmoid}"),
    "diag": Macro(r"\operatorname{diag}"),
    "pdv": Macro(r"\frac{\partial #1}{\partial #2}", 2),
}
"""What style files define: used if the note itself does not."""


def written_out(document: Document, *, tex: bool) -> Document:
    """The note with its macros written out; raises InputError for one that never ends or grows beyond all limits."""
    return rewritten(document, list(_Writer(document, tex=tex).edits()))


class _Writer:
    def __init__(self, document: Document, *, tex: bool):
        self.document = document
        self.macros = dict(_USUAL)
        self.size = len(document.text)
        self.last = 0
        self.comments = [match.span() for match in _COMMENT.finditer(document.text)] if tex else []

    def edits(self) -> Iterator[Edit]:
        """Definitions are taken away and calls written out, in the order of the text."""
        try:
            yield from self.all_edits()
        except _Unclosed:
            raise self.refused(say("notes.macro_argument"), self.last) from None

    def all_edits(self) -> Iterator[Edit]:
        text = self.document.text
        position = 0
        comments = iter([*self.comments, (len(text) + 1, len(text) + 1)])
        comment = next(comments)
        while (match := _WORD.search(text, position)) is not None:
            position = match.end()
            while comment[1] <= match.start():
                comment = next(comments)
            if comment[0] <= match.start():
                position = max(position, comment[1])
                continue
            if _escaped(text, match.start()):
                continue
            self.last = match.start()
            define = _DEFINITIONS.get(match[1])
            if define is not None and (end := define(self, text, match.end())) is not None:
                yield Edit(match.start(), end, "")
                position = end
            elif match[1] in self.macros and (found := self.call(match[1], text, match.end())) is not None:
                body, end = found
                yield Edit(match.start(), end, self.written(body, match.start(), 1))
                position = end

    # --- calls ---

    def call(self, name: str, text: str, position: int) -> tuple[str, int] | None:
        """The body with the arguments put in, and where the call ends; None if an argument is missing."""
        macro = self.macros[name]
        arguments: list[str] = []
        while macro.sized and (match := _SIZE.match(text, position)):
            position = match.end()
        if macro.default is not None:
            given = _DEFAULT.match(text, position)
            arguments.append(given[1] if given else macro.default)
            position = given.end() if given else position
        while len(arguments) < macro.arguments:
            found = _argument(text, position)
            if found is None:
                return None
            arguments.append(found[0])
            position = found[1]

        def put_in(match: re.Match[str]) -> str:
            number = int(match[1])
            return arguments[number - 1] if 1 <= number <= len(arguments) else ""

        body = _HASH.sub(put_in, macro.body)
        # A name may follow: \R^D must not become \mathbb{R}x, nor \bx y the name \xy.
        follows = text[position : position + 1]
        return (body + " " if follows.isalpha() and body[-1:].isalpha() else body), position

    def written(self, body: str, at: int, depth: int) -> str:
        """A body with the macros in it written out."""
        if depth > MAX_DEPTH:
            raise self.refused(say("notes.macro_in_itself"), at)
        out: list[str] = []
        position = last = 0
        while (match := _WORD.search(body, position)) is not None:
            position = match.end()
            if match[1] not in self.macros or (found := self.call(match[1], body, match.end())) is None:
                continue
            inner, end = found
            out += [body[last : match.start()], self.written(inner, at, depth + 1)]
            position = last = end
        out.append(body[last:])
        whole = "".join(out)
        self.size += len(whole) + CALL
        if self.size > MAX_BYTES:
            raise self.refused(say("notes.macros_too_long", limit=MAX_BYTES // 1000), at)
        return whole.replace("\n", " ")

    def refused(self, message: Said, at: int, hint: Said | None = None) -> InputError:
        line, column = self.document.place(at)
        source = self.document.lines[line - 1]
        match = _WORD.match(self.document.text, at)
        width = len(match[0]) if match else 1
        return InputError([Diagnostic(message, self.document.file, line, column, source, width, hint)])

    # --- definitions: each gives where it ends, None if it is not one ---

    def command(self, text: str, position: int) -> int | None:
        r"""``\newcommand{\name}[2][default]{body}``"""
        position += text[position : position + 1] == "*"
        name = _NAME.match(text, position)
        if name is None:
            return None
        position = name.end()
        count, default = 0, None
        if (match := _COUNT.match(text, position)) is not None:
            count, position = int(match[1]), match.end()
            if (match := _DEFAULT.match(text, position)) is not None:
                default, position = match[1], match.end()
        return self.define(name, text, position, count, default)

    def plain_definition(self, text: str, position: int) -> int | None:
        r"""``\def\name#1{body}``"""
        name = _NAME.match(text, position)
        parameters = _PARAMETERS.match(text, name.end()) if name else None
        if name is None or parameters is None:
            return None
        return self.define(name, text, parameters.end(), len(parameters[0]) // 2, None)

    def define(self, name: re.Match[str], text: str, position: int, count: int, default: str | None) -> int | None:
        body = _argument(text, position)
        if body is None:
            return None
        self.macros[name[1] or name[2]] = Macro(body[0], count, default)
        return body[1]

    def alias(self, text: str, position: int) -> int | None:
        r"""``\let\name=\other``"""
        name = _NAME.match(text, position)
        other = _LET.match(text, name.end()) if name else None
        if name is None or other is None:
            return None
        own = self.macros.get(other[1][1:])
        self.macros[name[1] or name[2]] = own or Macro(other[1])
        return other.end()

    def operator(self, text: str, position: int) -> int | None:
        r"""``\DeclareMathOperator{\name}{word}``"""
        position += text[position : position + 1] == "*"
        name = _NAME.match(text, position)
        word = _argument(text, name.end()) if name else None
        if name is None or word is None:
            return None
        self.macros[name[1] or name[2]] = Macro(rf"\operatorname{{{word[0]}}}")
        return word[1]

    def delimiters(self, text: str, position: int) -> int | None:
        r"""``\DeclarePairedDelimiter\name{\lVert}{\rVert}``"""
        name = _NAME.match(text, position)
        left = _argument(text, name.end()) if name else None
        right = _argument(text, left[1]) if left else None
        if name is None or left is None or right is None:
            return None
        self.macros[name[1] or name[2]] = Macro(f"{left[0]} #1 {right[0]}", 1, sized=True)
        return right[1]


_DEFINITIONS: dict[str, Callable[[_Writer, str, int], int | None]] = {
    "newcommand": _Writer.command,
    "renewcommand": _Writer.command,
    "providecommand": _Writer.command,
    "def": _Writer.plain_definition,
    "let": _Writer.alias,
    "DeclareMathOperator": _Writer.operator,
    "DeclarePairedDelimiter": _Writer.delimiters,
}


def _escaped(text: str, position: int) -> bool:
    r"""Whether the backslash here belongs to the one before it: a row ends with ``\\``."""
    before = position
    while before and text[before - 1] == "\\":
        before -= 1
    return (position - before) % 2 == 1


class _Unclosed(Exception):
    """A brace that opens an argument and is never closed."""


def _argument(text: str, position: int) -> tuple[str, int] | None:
    """A group in braces, without them, or one sign or macro; and where it ends.  Raises _Unclosed."""
    while text[position : position + 1].isspace():
        position += 1
    if position >= len(text) or text[position] in "}$&":
        return None
    if text[position] != "{":
        match = _WORD.match(text, position)
        end = match.end() if match else position + 1
        return text[position:end], end
    depth, here = 0, position
    while here < len(text):
        char = text[here]
        if char == "\\":
            here += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return text[position + 1 : here], here + 1
        here += 1
    raise _Unclosed

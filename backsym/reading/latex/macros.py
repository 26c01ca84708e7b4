r"""Macros of packages written out, as TeX does first of all: ``\pdv{L}{w}`` is ``\frac{\partial L}{\partial w}``.

Colours and notes above an equals sign say something to the eye only.  Knows braces; knows no grammar and no names.
"""

from __future__ import annotations

from collections.abc import Callable

from backsym.reading.plain.lexer import MAX_CHARACTERS
from backsym.text.pieces import partner

_OPENS, _CLOSES = "{", "}"

Rule = Callable[[list[str]], "str | None"]
"""From the arguments of a macro what it stands for; None where it stays as it is."""


def _slope(arguments: list[str]) -> str:
    above, below = arguments
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


def _over_equals(arguments: list[str]) -> str | None:
    """``\\overset{(a)}{=}``: the reason over the sign is for the reader; with a question mark nothing is claimed."""
    return " = " if arguments[1].strip() == "=" and "?" not in arguments[0] else None


def _stacked(arguments: list[str]) -> str:
    return ", ".join(arguments[0].split("\\\\"))


_RULES: dict[str, tuple[int, Rule]] = {
    **dict.fromkeys("dv pdv pderiv deriv odv pd diff diffp".split(), (2, _slope)),
    **dict.fromkeys("overset underset stackrel".split(), (2, _over_equals)),
    "textcolor": (2, lambda arguments: f"{{{arguments[1]}}}"),
    "color": (1, lambda arguments: " "),
    "substack": (1, _stacked),
}
"""Each macro with the number of its arguments."""

_CHOICE = (r"\begin{cases}", r"\end{cases}")


def written_out(text: str) -> str:
    """The text without these macros; the same text where there are none."""
    position = 0
    while (at := text.find("\\", position)) >= 0 and len(text) <= 2 * MAX_CHARACTERS:
        end = _name_end(text, at + 1)
        name = text[at + 1 : end]
        found = _call(name, text, end)
        if found is None:
            position = max(end, at + 2)
            continue
        new, start, stop = found
        start = at if start is None else start
        text = text[:start] + new + text[stop:]
        position = start
    return text


def _call(name: str, text: str, end: int) -> tuple[str, int | None, int] | None:
    """What a macro whose name ends here stands for, with the part of the text that it takes the place of."""
    if name == "over":
        return _quotient(text, end)
    if name == "left":
        return _choice(text, end)
    if name not in _RULES:
        return None
    count, rule = _RULES[name]
    if text[end : end + 1] == "*":
        end += 1
    end = _after_option(text, end)
    arguments: list[str] = []
    for _ in range(count):
        closing = closing_brace(text, opening := _past_space(text, end))
        if closing is None:
            return None
        arguments.append(text[opening + 1 : closing])
        end = closing + 1
    new = rule(arguments)
    return None if new is None else (new, None, end)


def _quotient(text: str, end: int) -> tuple[str, int | None, int] | None:
    r"""``{a \over b}``: the braces around it are those of the fraction."""
    at = end - len("\\over")
    depth = 0
    for opening in range(at - 1, -1, -1):
        depth += (text[opening] == _CLOSES) - (text[opening] == _OPENS)
        if depth < 0:
            closing = closing_brace(text, opening)
            if closing is None:
                return None
            return rf"\frac{{{text[opening + 1 : at]}}}{{{text[end:closing]}}}", opening, closing + 1
    return None


def _choice(text: str, end: int) -> tuple[str, int | None, int] | None:
    r"""A choice that is set by hand, ``\left\{ \begin{array}{ll} ... \end{array} \right.``."""
    position = _taken(text, end, "\\{", "\\begin", "{array}")
    if position is None:
        return None
    closing = closing_brace(text, _past_space(text, position))
    start = position if closing is None else closing + 1
    stop = text.find("\\end", start)
    after = _taken(text, stop, "\\end", "{array}", "\\right", ".") if stop >= 0 else None
    return None if after is None else (text[start:stop].join(_CHOICE), None, after)


def _taken(text: str, position: int, *pieces: str) -> int | None:
    """Where these pieces end, which stand here with or without space between them; None where they do not."""
    for piece in pieces:
        position = _past_space(text, position)
        if not text.startswith(piece, position):
            return None
        position += len(piece)
    return position


def closing_brace(text: str, opening: int) -> int | None:
    """The place of the brace that closes the one at ``opening``; None if there is none."""
    if text[opening : opening + 1] != _OPENS:
        return None
    return partner(text, opening, _OPENS, _CLOSES)


def _name_end(text: str, position: int) -> int:
    while position < len(text) and text[position].isascii() and text[position].isalpha():
        position += 1
    return position


def _past_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _after_option(text: str, position: int) -> int:
    """Past ``[rgb]`` and the like."""
    start = _past_space(text, position)
    closing = text.find("]", start) if text.startswith("[", start) else -1
    return position if closing < 0 else closing + 1

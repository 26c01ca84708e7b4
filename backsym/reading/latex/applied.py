r"""Letters that are applied, ``(y - g(x))^2``, in formulas that declare nothing: functions, and no factors.

A light small letter right before parentheses that hold one quantity, which stands nowhere else in the formulas, is the
name of a function; nobody writes a product of two letters so.

Knows tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from backsym.core.errors import InputError
from backsym.core.functions import FUNCTIONS
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.latex.lexer import FONTS, Token, closing, tokenize

_CONSTANTS = ("e", "pi", "sigma", "delta")


def applied_letters(sources: Iterable[Source], known: Collection[str]) -> frozenset[str]:
    """The letters, by name, that are applied wherever they stand; ``known`` are quantities.

    Raises InputError for one that is applied and is a factor elsewhere.
    """
    applied: dict[str, tuple[Source, Token]] = {}
    others: set[str] = set()
    for source in sources:
        try:
            tokens = tokenize(source)
        except InputError:
            continue
        spelled = _spelled(tokens)
        for n, token in enumerate(tokens[:-1]):
            if n in spelled:
                continue
            if token.kind not in ("letter", "greek") or (n and tokens[n - 1].text in ("_", "^")):
                continue
            light = token.text.islower() and not (n and (tokens[n - 1].text in FONTS or tokens[n - 1].text == "{"))
            single = tokens[n + 1].text == "(" and _holds_one(tokens, n + 1)
            if light and (tagged := _tagged(tokens, n, known)) is not None:
                raise source.error(say("notes.unknown_function", name=tagged), (token.start, token.end))
            if light and single:
                applied.setdefault(token.text, (source, token))
            else:
                others.add(token.text)
    found = applied.keys() - {*known, *_CONSTANTS}
    for name in sorted(found & others):
        source, token = applied[name]
        raise source.error(say("notes.function_or_factor", name=name), (token.start, token.end))
    return frozenset(found)


def _tagged(tokens: list[Token], n: int, known: Collection[str]) -> str | None:
    """A letter with the number of a layer above or a number below, f^{(2)}, right before parentheses that hold one
    quantity, where no quantity has this name: its spelling."""
    if tokens[n + 1].text not in ("_", "^"):
        return None
    end = n + 2
    if tokens[end].text == "{":
        end = next((m for m in range(end, len(tokens)) if tokens[m].text == "}"), end)
    inside = [t for t in tokens[n + 2 : end + 1] if t.text not in ("{", "}", "(", ")", "[", "]")]
    told = tokens[n + 1].text == "_" or any(t.text in ("(", "[") for t in tokens[n + 2 : end])
    tag = "".join(t.text for t in inside)
    if not (told and tag.isdecimal() and tokens[end + 1 : end + 2] and tokens[end + 1].text == "("):
        return None
    if {tokens[n].text + tag, f"{tokens[n].text}_{tag}"} & {*known} or not _holds_one(tokens, end + 1):
        return None
    return f"{tokens[n].text}{tag}"


def _spelled(tokens: Sequence[Token]) -> set[int]:
    """The places of letters that spell a known function without a backslash, ``sin(w)``."""
    found: set[int] = set()
    start = 0
    for n in range(len(tokens)):
        if n and (tokens[n].kind != "letter" or tokens[n - 1].end != tokens[n].start):
            start = n
        if tokens[n].kind != "letter" or n - start < 1:
            continue
        run = "".join(token.text for token in tokens[start : n + 1])
        name = next((name for name in FUNCTIONS if len(name) > 1 and run.endswith(name)), None)
        if name is not None:
            found.update(range(n + 1 - len(name), n + 1))
    return found


def _holds_one(tokens: list[Token], opening: int) -> bool:
    """Whether parentheses hold one quantity, perhaps with a factor, and no sum."""
    inside = tokens[opening + 1 : closing(tokens, opening) or opening]
    return bool(inside) and not any(t.text in ("+", "-", "=", ",", "/", "oslash", "frac", "<", ">") for t in inside)

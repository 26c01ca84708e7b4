r"""Objectives that are written with what is sought, ``\min_{W} J(W) = ...``: the equation of J.

Knows how formulas are written, by their tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import Token, script_end, tokens_in

_SOUGHT = ("min", "max", "minimize", "maximize", "minimise", "maximise")


def without_sought(document: Document, displayed: Iterable[tuple[int, int]]) -> tuple[Document, list[tuple[int, Said]]]:
    """The note without such signs in front of displayed equations, and what is said of them."""
    source = Source(document.text)
    found: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for start, end in displayed:
        tokens = tokens_in(source, start, end)
        after = _after_sought(tokens)
        if (
            after is not None
            and _names(tokens[after:])
            and not _indices(tokens[after:]) & {t.text for t in tokens[2:after]}
        ):
            found.append(Edit(tokens[0].start, tokens[after].start, ""))
            written = document.text[tokens[0].start : tokens[after - 1].end].strip()
            what.append((tokens[0].start, say("notes.remark.sought", sign=written)))
    return (rewritten(document, found) if found else document), what


def _after_sought(tokens: Sequence[Token]) -> int | None:
    r"""Where ``\min_{W}`` at the beginning ends; None where nothing is below the sign."""
    if len(tokens) < 3 or tokens[0].text not in _SOUGHT or tokens[1].text != "_":
        return None
    return script_end(tokens, 1)


def _indices(tokens: Sequence[Token]) -> set[str]:
    r"""The letters below others: ``\max_i z_i`` is the largest of several."""
    below = (tokens[n + 1 : script_end(tokens, n)] for n, token in enumerate(tokens) if token.text == "_")
    return {token.text for inner in below for token in inner if token.kind in ("letter", "greek")}


def _names(tokens: Sequence[Token]) -> bool:
    """Whether an equals sign follows a name, perhaps with scripts or applied, of which no other sign is."""
    left = [token.text for token in tokens]
    left = left[: left.index("=")] if "=" in left else []
    named = bool(left) and tokens[0].kind in ("letter", "greek", "macro", "word")
    return named and not any(sign in left for sign in ("+", "-", "sum", "frac", "|", "||(", "|("))

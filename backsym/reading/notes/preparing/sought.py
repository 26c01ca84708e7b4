r"""Objectives that are written with what is sought, ``\min_{W} J(W) = ...``: the equation of J.

One without a name, ``\min_w \|X w - y\|^2`` or ``\hat{w} = \arg\min_w ...``, gets one that the note does not use.

Knows how formulas are written, by their tokens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.lexer import Token, nesting, script_end, tokens_in
from backsym.reading.notes.equations import LOSS_NAMES

_SOUGHT = ("min", "max", "minimize", "maximize", "minimise", "maximise")
_BOUNDS = ("<", ">", "le", "leq", "ge", "geq", "leqslant", "geqslant", "<=", ">=")
_PLACES = ("argmin", "argmax")
_NAMES_OF_OBJECTIVES = ("J", "L", "C", "E")


def without_sought(
    document: Document, displayed: Iterable[tuple[int, int]], places: Iterable[tuple[int, int]]
) -> tuple[Document, list[tuple[int, Said]]]:
    """The note without such signs in front of displayed equations, and what is said; ``places`` are all formulas."""
    source = document.source
    formulas = [[token for token in tokens_in(source, *place) if token.kind != "end"] for place in displayed]
    used = {token.text for start, end in places for token in tokens_in(source, start, end)}
    name = next((name for name in _NAMES_OF_OBJECTIVES if name not in used), None)
    named = False
    found: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for tokens in formulas:
        first, after = _sought(tokens)
        computed = {token.text for other in formulas if other is not tokens for token in other}
        if not after or _indices(tokens[after:]) & {t.text for t in tokens[first:after]}:
            continue
        written = document.text[tokens[first].start : tokens[after - 1].end].strip()
        if not first and _names(tokens[after:]):
            put, said = "", say("notes.remark.sought", sign=written)
        elif name is not None and _is_objective(tokens[after:], tokens[first:after], computed):
            if named:
                raise source.error(say("notes.two_objectives"), (tokens[0].start, tokens[-1].end))
            put, said, named = f"{name} = ", say("notes.remark.objective", sign=written, name=name), True
        else:
            continue
        found.append(Edit(tokens[0].start, tokens[after].start, put))
        what.append((tokens[0].start, said))
        below = tokens[first:after]
        if any(t.text == "in" for t in below):
            last = tokens[-2 if tokens[-1].text in (".", ",") else -1].end
            inside = document.text[next(t for t in below if t.text == "{").end : below[-1].start]
            found.append(Edit(last, last, rf", \quad {inside}"))
    return (rewritten(document, found) if found else document), what


def _sought(tokens: Sequence[Token]) -> tuple[int, int]:
    r"""Where ``\min_{W}`` or ``\hat{w} = \arg\min_w`` at the beginning begins and ends; its end is 0 without one."""
    at = next((n for n, token in enumerate(tokens) if token.text in (*_SOUGHT, *_PLACES)), len(tokens))
    begin = at - (at > 0 and tokens[at - 1].text == "arg")
    place = begin < at or (at < len(tokens) and tokens[at].text in _PLACES)
    alone = begin > 1 and tokens[begin - 1].text == "=" and all(t.text != "=" for t in tokens[: begin - 1])
    if at + 2 >= len(tokens) or tokens[at + 1].text != "_" or (begin > 0 and not (place and alone)):
        return 0, 0
    after = script_end(tokens, at + 1)
    return (begin, after) if after < len(tokens) else (0, 0)


def without_sign(tokens: Sequence[Token]) -> Sequence[Token]:
    r"""The tokens of a formula behind ``\min_w`` at its beginning."""
    return tokens[_sought(tokens)[1] :]


def _is_objective(tokens: Sequence[Token], sign: Sequence[Token], computed: Collection[str]) -> bool:
    """Whether this is what is minimised, without a name: of the letters below the sign, and of no loss.

    The letters may stand in other formulas, of which the symbols are ``computed``; statements may follow a comma.
    """
    letters = {t.text for t in sign if t.kind in ("letter", "greek")}
    depth, outer, end = 0, list[str](), len(tokens)
    for n, token in enumerate(tokens[:-1]):
        depth += nesting(token)
        if token.text == "," and depth == 0 and any(t.text == "=" for t in tokens[n:]):
            end = n
            break
        outer += [] if depth else [token.text]
    objective = tokens[:end]
    strange = any(t.kind in ("word", "row") or t.text in (*LOSS_NAMES, "mathcal") for t in objective)
    plain = not strange and {*outer}.isdisjoint(("=", "in", *_BOUNDS))
    texts = {t.text for t in tokens}
    return plain and bool(letters & (texts | {*computed})) and len(objective) > 2 - (end < len(tokens))


def _indices(tokens: Sequence[Token]) -> set[str]:
    r"""The letters below others: ``\max_i z_i`` is the largest of several."""
    below = (tokens[n + 1 : script_end(tokens, n)] for n, token in enumerate(tokens) if token.text == "_")
    return {token.text for inner in below for token in inner if token.kind in ("letter", "greek")}


def _names(tokens: Sequence[Token]) -> bool:
    """Whether an equals sign follows a name, perhaps with scripts or applied, of which no other sign is."""
    left = [token.text for token in tokens]
    left = left[: left.index("=")] if "=" in left else []
    named = bool(left) and "," not in left and tokens[0].kind in ("letter", "greek", "macro", "word")
    return named and not any(sign in left for sign in ("+", "-", "sum", "frac", "|", "||(", "|("))

r"""Layers above without parentheses: ``a^1_j = \sigma(\sum_k w^1_{jk} x_k + b^1_j)`` means a^{(1)}_j.

A power cannot be defined or declared, so a letter that has a number above it on the left side of an equation, or before
the sign of a set, has layers, or is one quantity such as ``\sigma^2``.  So has every letter of such a note that never
stands without a number above.  These numbers are put in parentheses, the marks of a layer that the reader of formulas
knows.  Beside a function ``\sigma(z)``, ``\sigma^2`` is a quantity of its own, the variance.

Knows how letters and their scripts are written; knows no mathematics.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backsym.core.names import GREEK
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.names import Key

_LETTER = rf"(?:\\(?:{'|'.join(sorted(GREEK, key=len, reverse=True))})(?![A-Za-z])|[A-Za-z])"
_FONT = r"\\(?:mathbf|boldsymbol|bm|vec|pmb|hat|tilde|bar|widehat|widetilde)\s*"
_BELOW = r"\s*_\s*(?:\{[^{}]*\}|\\?[A-Za-z0-9]+?)"
_ABOVE = r"\s*\^\s*(?:\{\s*(?P<braced>\d)\s*(?P<transpose>\\top|T)?\s*\}|(?P<bare>\d))"
_SYMBOL = re.compile(
    rf"""(?P<symbol>(?:{_FONT}\{{\s*{_FONT}\{{\s*{_LETTER}\s*\}}\s*\}}|{_FONT}\{{\s*{_LETTER}\s*\}}
        |{_FONT}\s{_LETTER}|{_LETTER})(?P<below>{_BELOW})?(?P<above>{_ABOVE})?(?P<after>{_BELOW})?)
    |\\(?:text|operatorname|mathrm|mathsf|begin|end|label|tag)\*?\s*\{{[^{{}}]*\}}|\\[A-Za-z]+|\\.
    """,
    re.VERBOSE,
)
_INNER = re.compile(_LETTER)
_MARK = re.compile(r"\s*_\s*(?:([A-Z])|\{\s*(?:\\(?:text|mathrm|mathcal)\s*\{)?([A-Z]|[A-Za-z]{2,})\s*\}?\s*\})")
"""A subscript that is no index: a capital or a word."""
_EQUALS = re.compile(
    r"\s*&?\s*(?:=|(?P<set>(?:\\in|∈)\s*(?:\\mathbb\s*)?\{?\s*R\s*\}?\s*\^))|(?P<call>\s*(?:\\left|\\[bB]ig+l?)?\s*\()"
)
"""What tells of a letter: that it is defined or declared, or that it is applied."""
_ROW = re.compile(r"\\\\(?:\[[^\]]*\])?|\A|,|\\q?quad\b")
_SKIPPED = re.compile(r"(?:\s|&|\$|\\begin\{\w+\*?\}|\\q?quad\b|,)*")


@dataclass(frozen=True)
class Occurrence:
    """A letter in a formula: its number above, if there is one, with its place; whether it looks like an array."""

    letter: str
    number: str
    start: int
    end: int
    transpose: str
    is_left: bool
    is_array: bool
    below: str = ""
    below_span: tuple[int, int] = (0, 0)
    is_declared: bool = False
    is_applied: bool = False


def layered(document: Document, formulas: Iterable[tuple[int, int]]) -> tuple[Document, dict[Key, str]]:
    r"""The note with its layers in parentheses, and the scripts of quantities spelled as powers: ``\sigma_B^2``."""
    seen = [occurrence for start, end in formulas for occurrence in _occurrences(document.text, start, end)]
    variances = _variances(seen)
    defined = {o.letter for o in seen if o.is_left and o.number} | variances
    if not defined:
        return document, {}
    numbers: dict[str, set[str]] = defaultdict(set)
    arrays: set[str] = set()
    for o in seen:
        numbers[o.letter].add(o.number)
        arrays |= {o.letter} if o.is_array else set()
    declared = {o.letter for o in seen if o.is_declared and o.number}
    powers = {letter for letter in defined if numbers[letter] - {""} == {"2"}} - declared
    # A quantity that is spelled \\sigma^2 tells nothing of the 2 in x_i^2.
    marked = arrays | (_in_layers(seen) if declared else set()) if defined - powers else set()
    numbered = {letter for letter in marked if "" not in numbers[letter]}
    powers = variances if declared else powers
    layers = {letter for letter in numbers if letter in defined or letter in numbered}
    edits: list[Edit] = []
    spelled: dict[Key, str] = {}
    for o in seen:
        if o.letter not in layers or not o.number:
            continue
        if o.letter in powers and o.below:
            # The mark below is no index: both scripts make one tag.
            spelled[o.letter, o.number + o.below] = f"_{{{o.below}}}^{{{o.number}}}"
            tag = Edit(*o.below_span, f"_{{\\text{{{o.number}{o.below}}}}}")
            edits += sorted([tag, Edit(o.start, o.end, f"^{{{o.transpose}}}" if o.transpose else "")])
            continue
        if o.letter in powers:
            spelled[o.letter, o.number] = f"^{{{o.number}}}"
        edits.append(Edit(o.start, o.end, f"^{{({o.number}){o.transpose}}}"))
    return rewritten(document, edits), spelled


def _in_layers(seen: Sequence[Occurrence]) -> set[str]:
    """The letters with a number that is no power: another than 2 besides, or a 2 in equations of a layer alone."""
    found: set[str] = set()
    elsewhere: set[str] = set()
    in_layer = False
    for o in seen:
        in_layer = bool(o.number) if o.is_left else in_layer
        if o.number not in ("", "2"):
            found.add(o.letter)
        elif not in_layer:
            elsewhere.add(o.letter)
        else:
            found.add(o.letter)
    others = {o.letter for o in seen if o.number not in ("", "2")}
    return found - (elsewhere - others)


def _variances(seen: Iterable[Occurrence]) -> set[str]:
    r"""The sigma of a function beside which ``\sigma^2`` stands, never applied, and never a bare ``\sigma``."""
    mine = [o for o in seen if o.letter == "sigma" and not o.below]
    squared = [o for o in mine if o.number]
    clear = all(o.is_applied == (not o.number) and o.number in ("", "2") for o in mine)
    return {"sigma"} if clear and squared and len(squared) < len(mine) else set()


def _occurrences(text: str, start: int, end: int) -> Iterator[Occurrence]:
    rows = {_SKIPPED.match(text, row.end(), end).end() for row in _ROW.finditer(text, start, end)}  # type: ignore[union-attr]
    rows.add(_SKIPPED.match(text, start, end).end())  # type: ignore[union-attr]
    for match in _SYMBOL.finditer(text, start, end):
        symbol = match["symbol"]
        if symbol is None:
            continue
        head = symbol if match["below"] is None else symbol[: match.start("below") - match.start()]
        inner = _INNER.findall(head.partition("^")[0].partition("_")[0])
        letter = inner[-1].lstrip("\\")
        place = "below" if match["below"] else "after"
        mark = _MARK.fullmatch(match[place] or "")
        sign = _EQUALS.match(text, match.end(), end)
        said = match.start() in rows and sign is not None and not sign["call"]
        yield Occurrence(
            letter,
            match["braced"] or match["bare"] or "",
            *match.span("above"),
            match["transpose"] or "",
            said,
            (head.startswith("\\") and letter != head[1:]) or "_" in symbol or letter.isupper(),
            (mark[1] or mark[2]) if mark else "",
            match.span(place),
            bool(said and sign and sign["set"]),
            bool(sign and sign["call"]),
        )

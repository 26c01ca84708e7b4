"""The words of a note between its formulas, and phrases among them.

Knows nothing of mathematics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Word(NamedTuple):
    """A word in small letters, and its place; a hyphen joins."""

    text: str
    start: int
    end: int


class Phrases:
    """Some phrases, of one or several words each."""

    def __init__(self, *phrases: str):
        self.by_first: dict[str, list[tuple[str, ...]]] = {}
        for phrase in map(str.split, phrases):
            self.by_first.setdefault(phrase[0], []).append(tuple(phrase))

    def first(self, words: Sequence[Word]) -> tuple[int, int] | None:
        """The numbers of the first words that are one of the phrases, the longest one, as a slice; None without."""
        texts = [word.text for word in words]
        for n in range(len(texts)):
            length = self.length_at(texts, n)
            if length:
                return n, n + length
        return None

    def length_at(self, texts: Sequence[str], n: int) -> int:
        """The words of the longest phrase that stands at the n-th word; 0 without."""
        found = self.by_first.get(texts[n], ()) if 0 <= n < len(texts) else ()
        return max((len(p) for p in found if tuple(texts[n : n + len(p)]) == p), default=0)

    def __contains__(self, words: Sequence[Word]) -> bool:
        return self.first(words) is not None


def words_of(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """The words between two places."""
    end = len(text) if end is None else min(end, len(text))
    found: list[Word] = []
    at = start
    while at < end:
        first = at
        while at < end and (text[at].isalpha() or (at > first and text[at] == "-")):
            at += 1
        if at > first:
            found.append(Word(text[first:at].rstrip("-").lower(), first, at))
        at += at == first
    return found


_ABBREVIATIONS = ("e.g.", "i.e.", "z.B.", "z. B.", "d.h.", "d. h.")
"""What ends no sentence."""


def up_to(text: str, start: int, signs: Iterable[str], most: int) -> int:
    """Where the first of the signs stands behind a place, or ``most`` characters after it."""
    clause = text[start : start + most]
    for short in _ABBREVIATIONS:
        clause = clause.replace(short, "-" * len(short))
    places = [clause.find(sign) for sign in signs]
    return start + min([place for place in places if place >= 0], default=len(clause))

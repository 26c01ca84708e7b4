r"""The sentences of a note, each as its words and its formulas: what words are told from.

Knows no mathematics and nothing of what the words mean, but for those by which a sentence asks, supposes or denies.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backsym.reading.notes.asking.sentences import NOTHING, Element, elements
from backsym.reading.notes.prose import Formula, sentences_of
from backsym.text.phrases import Phrases, Word, words_of

MOST_BETWEEN = 80
"""Characters behind a displayed formula among which a capital begins a sentence."""
_OF_ANOTHER_CASE = Phrases(
    "if", "not", "n t", "never", "would", "later", "what happens", "how does", "how do", "why", "compare", "show that",
    "wenn", "falls", "nicht", "nie", "w\u00fcrde", "sp\u00e4ter", "warum", "zeigen sie", "vergleichen sie",
    "notation", "index", "indices", "subscript", "subscripts", "superscript", "superscripts", "argument", "arguments",
    "dependence", "abh\u00e4ngigkeit", "schreibweise",
)  # fmt: skip
"""Words of a sentence that says nothing of what is computed, or of another case."""
_UNLIKE = Phrases(
    "unlike", "in contrast to", "contrary to", "as opposed to", "anders als", "im gegensatz zu", "im gegensatz zum",
    "im gegensatz zur", "im unterschied zu", "im unterschied zum", "im unterschied zur",
)  # fmt: skip
"""Words before another case, up to the next comma."""
NONE = frozenset("no not never without kein keine keinen keiner nicht ohne".split())
FROZEN = Phrases(
    "frozen", "eingefroren", "fixed during training", "fixed throughout training", "constant during training",
    "untrained", "w\u00e4hrend des trainings fest", "beim training fest", "not trained", "not trainable", "not updated",
    "not learned", "not optimised", "not optimized", "nicht trainiert", "nicht gelernt", "nicht aktualisiert",
    "nicht trainierbar",
)  # fmt: skip
"""Words that keep a quantity as it is."""


@dataclass(frozen=True)
class Sentence:
    """The words and numbers of a sentence, each formula as what it is if that is a number, else "".

    ``shown`` are the formulas by the numbers of their words.
    """

    words: tuple[str, ...]
    shown: dict[int, Formula]
    start: int
    end: int
    other_case: bool
    """Whether it asks, supposes or denies."""
    places: tuple[int, ...] = ()
    """Where each word begins."""

    @property
    def last_displayed(self) -> int:
        """The number of the last displayed formula among the words; -1 without."""
        return max((n for n, f in self.shown.items() if f.displayed), default=-1)

    def quoted_from(self, number: int) -> int:
        """Where to begin to quote what is said by a word: behind what is displayed before it."""
        first = self.last_displayed + 1
        return self.places[first] if 0 < first <= number and first < len(self.places) else self.start

    def has(self, phrases: Phrases) -> bool:
        return bool(self.places_of(phrases))

    def states(self, phrases: Phrases) -> bool:
        """Whether one of the phrases stands here, and right before it no word such as "no"."""
        return any(self.words[n - 1 : n] == () or self.words[n - 1] not in NONE for n in self.places_of(phrases))

    def places_of(self, phrases: Phrases) -> list[int]:
        """The numbers of the words at which one of the phrases begins."""
        return [n for n in range(len(self.words)) if phrases.length_at(self.words, n)]

    def before(self, number: int, fillers: frozenset[str]) -> Iterator[int]:
        """The numbers of the words before one, as far as only fillers stand between."""
        for n in range(number - 1, -1, -1):
            yield n
            if self.words[n] not in fillers:
                return

    def behind(self, number: int, fillers: frozenset[str]) -> Iterator[int]:
        """The numbers of the words behind one, as far as only fillers stand between."""
        for n in range(number + 1, len(self.words)):
            yield n
            if self.words[n] not in fillers:
                return


def sentences(text: str, formulas: Sequence[Formula]) -> Iterator[Sentence]:
    """The sentences; one that goes on with a capital behind a displayed formula is two."""
    starts = [f.start for f in formulas]

    def within(start: int, end: int) -> list[Formula]:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        return [f for f in formulas[first:last] if f.end <= end]

    for start, end in sentences_of(text, [(f.start, f.end, f.displayed) for f in formulas]):
        for f in [f for f in within(start, end) if f.displayed]:
            after = words_of(text, f.end, min(end, f.end + MOST_BETWEEN))
            if after and text[after[0].start].isupper():
                yield _sentence(text, start, f.end, within(start, f.end))
                start = f.end
        yield _sentence(text, start, end, within(start, end))


def _sentence(text: str, start: int, end: int, formulas: Sequence[Formula]) -> Sentence:
    inside = {f.start: f for f in formulas}
    spans = [(f.start, f.end, f.displayed) for f in formulas]
    found = _of_this_case(text, elements(text, start, end, spans, lambda _start, _end: NOTHING))
    words = [e.text if isinstance(e, Word) else text[e.start : e.end].strip() for e in found]
    shown = {n: inside[e.start] for n, e in enumerate(found) if not isinstance(e, Word)}
    plain = tuple(w if n not in shown or w.isdecimal() else "" for n, w in enumerate(words))
    first = next((e.start for e in found if isinstance(e, Word)), start)
    last = max(first + 1, start + len(text[start:end].rstrip()))
    kept = {n + m for n in range(len(plain)) for m in range(FROZEN.length_at(plain, n))}  # "Not trained" denies not.
    others = (n for n in range(len(plain)) if n not in kept and _OF_ANOTHER_CASE.length_at(plain, n))
    other = "?" in text[last - 1 : last + 1] or any(True for _ in others)
    return Sentence(plain, shown, first, last, other, tuple(e.start for e in found))


def _of_this_case(text: str, found: Sequence[Element]) -> list[Element]:
    """What stands in a sentence, but for "unlike the network above,"."""
    words = [e.text if isinstance(e, Word) else "" for e in found]
    starts = [n for n in range(len(words)) if _UNLIKE.length_at(words, n)]
    ends = [text.find(",", found[n].start, found[-1].end) for n in starts]
    return [
        e for e in found
        if not any(found[n].start <= e.start < end for n, end in zip(starts, ends, strict=True))
    ]  # fmt: skip

"""Why an answer is not read: the kind of mistake, and the words for it.

Must not know how answers are read.
"""

from __future__ import annotations

from backsym.core.errors import InputError
from backsym.core.words import ENGLISH, Fact, Said, Words, in_language, say
from backsym.marking.answers.model import Clash
from backsym.reading.meaning.shape_hints import Mismatch

_KINDS = {
    "limit": (
        "plain.nested_too_deep plain.too_many_characters plain.too_many_primes plain.number_too_long "
        "plain.too_many_tokens latex.nested_too_deep latex.number_too_long latex.too_many_characters "
        "latex.too_many_tokens latex.more_primes latex.too_many_primes meaning.too_many_definitions"
    ),
    "undeclared": (
        "latex.undeclared_delta latex.undefined_name latex.unknown_macro latex.undeclared latex.not_dimension "
        "meaning.undeclared meaning.unknown_function meaning.not_dimension meaning.no_equation_to_differentiate"
    ),
    "wrong_index": (
        "plain.not_an_index plain.part_of_dimension latex.no_index_below latex.not_an_index latex.letters_of_maximum "
        "meaning.letter_for_quantity meaning.index_count meaning.index_count_below meaning.needs_letters "
        "meaning.free_on_the_right meaning.size_for_letter meaning.whole_array_in_sum meaning.letters_expected "
        "meaning.quantity_for_letter meaning.letter_twice meaning.maximum_without_entries meaning.not_an_index "
        "meaning.unbound_index meaning.position_zero meaning.shift_beyond_end meaning.position_not_whole "
        "meaning.position_beyond_end meaning.index_of_other_range"
    ),
    "shape": (
        "meaning.cannot_combine meaning.needs_square_or_vector meaning.compares_one_shape meaning.needs_array "
        "meaning.takes_vectors meaning.unknown_size meaning.cannot_multiply_as_matrices meaning.cannot_transpose "
        "meaning.entries_of_scalar meaning.one_shape_expected meaning.cannot_multiply_product"
    ),
}
"""The codes of errors of the reader by the tag of the verdict; the others are mistakes of syntax."""

TAGS = {code: tag for tag, codes in _KINDS.items() for code in codes.split()}

FOR_AUTHORS = frozenset(
    "latex.declare_delta latex.declare_dimension meaning.declare_abstract meaning.declare_dimension "
    "meaning.declare_quantity meaning.declare_range".split()
)
"""Advice that is for who writes a problem file, not for who answers."""


class Refused(Exception):
    """An answer that cannot be read."""

    def __init__(self, tag: str, words: Said, advice: Said | None = None, clash: Clash | None = None):
        self.tag, self.words, self.advice, self.clash = tag, words, advice, clash
        super().__init__(tag, words)

    @property
    def code(self) -> str:
        return self.words.code if isinstance(self.words, Words) else ""

    def message(self, language: str = ENGLISH) -> str:
        return in_language(self.words, language)

    def hint(self, language: str = ENGLISH) -> str | None:
        if self.advice is None:
            return self.words.hint(language) if isinstance(self.words, Words) else None
        return in_language(self.advice, language)


def refused(error: InputError) -> Refused:
    """An error of the reader as the refusal of an answer."""
    diagnostic = error.diagnostics[0]
    if diagnostic.code == "meaning.whole_local_derivative":
        # An author is told of entries and of the gradient; a student has a product in mind.
        return Refused("syntax", say("answers.jacobian"))
    words = _as_written(diagnostic.words)
    advice = None if diagnostic.advice is None else _for_students(_as_written(diagnostic.advice))
    if isinstance(error, Mismatch):
        return Refused("shape", words, advice, Clash(error.operation, error.left, error.right))
    return Refused(TAGS.get(diagnostic.code, "syntax"), words, advice)


def _for_students(advice: Said) -> Said | None:
    """Advice without what is for authors; None if that is all of it."""
    if not isinstance(advice, Words):
        return advice
    if advice.code == "words.both":
        parts = [_for_students(part) for part in advice.facts.values() if isinstance(part, Words)]
        kept = [part for part in parts if part is not None]
        return advice if len(kept) == 2 else kept[0] if kept else None
    return None if advice.code in FOR_AUTHORS else advice


def _as_written(said: Said) -> Said:
    """Words whose facts are as a student writes them: a word without the macro that sets it upright."""
    if not isinstance(said, Words):
        return said
    return Words(said.code, {name: _plain(fact) for name, fact in said.facts.items()})


def _plain(fact: Fact) -> Fact:
    if isinstance(fact, str):
        word = fact.removeprefix(r"\text{").removesuffix("}")
        return word if len(word) == len(fact) - len(r"\text{}") and word.isidentifier() else fact
    if isinstance(fact, Words):
        return Words(fact.code, {name: _plain(inner) for name, inner in fact.facts.items()})
    return fact

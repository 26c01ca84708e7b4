"""What is said about something that went wrong: a code with facts, and words for it in a catalogue per language.

A code is a room and a name in it, ``latex.unknown_macro``; its words stand in
``templates/LANGUAGE/messages/ROOM.yaml``.  Nothing is read or filled before somebody looks at the words, because
readings are tried and thrown away by the thousand.  Whoever decides something asks for the code, never for the words.

An entry of the catalogue is a sentence, or ``says`` with a ``hint``.  A name in braces is a fact, ``{{`` is a brace.
Several facts are joined with commas, ``{names:and}`` and ``{names:or}`` put that word before the last, and
``{n:index|indices}`` is the first word for one and the second for any other number.

This module must not know about any other part of backsym but where the bundled files are.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias, Union

from backsym.core.bundled import tree

ENGLISH = "en"
"""The language that has words for every code; others fall back on it."""

Fact: TypeAlias = Union[str, int, float, "Words", Sequence[Union[str, int, "Words"]]]
"""What fills a sentence: a text of the user's, a number, words that have a code themselves, or several of them."""


class Words:
    """A code and its facts.  Two are equal if both are; ``str()`` of one is English."""

    __slots__ = ("code", "facts")

    def __init__(self, code: str, facts: Mapping[str, Fact]):
        self.code, self.facts = code, facts

    def text(self, language: str = ENGLISH) -> str:
        """The sentence in a language, or in English if that has none."""
        return _filled(_entry(self.code, language).says, self, language)

    def hint(self, language: str = ENGLISH) -> str | None:
        """What the catalogue says to do about it, filled with the same facts."""
        hint = _entry(self.code, language).hint
        return None if hint is None else _filled(hint, self, language)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"say({', '.join([repr(self.code), *(f'{name}={fact!r}' for name, fact in self.facts.items())])})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and (self.code, self.facts) == (other.code, other.facts)

    def __hash__(self) -> int:
        return hash(self.code)


Said: TypeAlias = Words | str
"""What an error is given to say: words, or a text from outside, such as another library's."""


def in_language(said: Said, language: str) -> str:
    """What is said, as far as the language has words for it; else in English."""
    return said.text(language) if isinstance(said, Words) else said


def mentions(said: Said, name: str) -> bool:
    """Whether a fact holds this text, a file's name for example."""
    if isinstance(said, str):
        return name in said
    for fact in said.facts.values():
        several = fact if isinstance(fact, Sequence) and not isinstance(fact, str) else (fact,)
        if any(isinstance(each, (str, Words)) and mentions(each, name) for each in several):
            return True
    return False


def say(code: str, /, **facts: Fact) -> Words:
    """The words with a code, filled with facts when somebody looks at them."""
    return Words(code, facts)


class Entry(NamedTuple):
    """The sentence of a code, and what to do about it."""

    says: str
    hint: str | None = None


@cache
def entries(room: str, language: str = ENGLISH) -> Mapping[str, Entry]:
    """The catalogue of one room by the codes without the room; empty where a language does not have it."""
    try:
        return dict(_flat(tree("templates", language, "messages", f"{room}.yaml"), ""))
    except FileNotFoundError:
        if language == ENGLISH:
            raise
        return {}


def _flat(sentences: Mapping[str, Any], prefix: str) -> list[tuple[str, Entry]]:
    found: list[tuple[str, Entry]] = []
    for key, value in sentences.items():
        if isinstance(value, str):
            found.append((f"{prefix}{key}", Entry(value)))
        elif "says" in value:
            found.append((f"{prefix}{key}", Entry(**value)))
        else:
            found.extend(_flat(value, f"{prefix}{key}."))
    return found


def _entry(code: str, language: str) -> Entry:
    room, _, name = code.partition(".")
    found = entries(room, language).get(name) or entries(room).get(name)
    if found is None:
        raise LookupError(f"the catalogue of messages has no words for {code}")
    return found


@cache
def _pieces(template: str) -> tuple[tuple[str, str | None, str | None, str | None], ...]:
    """The texts of a sentence, each with the fact that follows it, its format and its conversion."""
    return tuple(string.Formatter().parse(template))


def _filled(template: str, words: Words, language: str) -> str:
    out: list[str] = []
    for text, name, style, conversion in _pieces(template):
        out.append(text)
        if name is not None:
            fact = words.facts[name]
            out.append(repr(fact) if conversion == "r" else _shown(fact, style or "", language))
    return "".join(out)


def _shown(fact: object, style: str, language: str) -> str:
    """A fact in a sentence; see the module for the styles."""
    if style in ("and", "or") and isinstance(fact, (tuple, list)):
        return listed([_shown(item, "", language) for item in fact], style, language)
    if "|" in style:
        one, _, several = style.partition("|")
        return one if fact == 1 else several
    if isinstance(fact, Words):
        return fact.text(language)
    if isinstance(fact, (tuple, list)):
        return ", ".join(_shown(item, "", language) for item in fact)
    return format(fact, style)


def listed(texts: Sequence[str], word: str = "and", language: str = ENGLISH) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return "".join(before + text for before, text in zip(separators(len(texts), word, language), texts, strict=True))


def separators(count: int, word: str = "and", language: str = ENGLISH) -> list[str]:
    """What stands before each of several items: nothing, a comma, and before the last the word."""
    last = f" {Words(f'words.{word}', {}).text(language)} "
    return [*([""] if count else []), *[", "] * (count - 2), *([last] if count > 1 else [])]

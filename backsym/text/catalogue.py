"""Sentences by dotted keys, from one file of one language: ``templates/LANGUAGE/NAME.yaml``.

A name in braces is a fact that fills the sentence.  This module must not know what is said when, or how it is set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from backsym.core.bundled import tree
from backsym.core.errors import BacksymError
from backsym.core.words import say

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Catalogue(Mapping[str, str]):
    """All sentences of a file; the key of a sentence in a mapping within another has a dot between the two."""

    def __init__(self, name: str, language: str, sentences: Mapping[str, str]):
        self.name = name
        self.language = language
        self._sentences = sentences

    def __getitem__(self, key: str) -> str:
        """Raises BacksymError for a key that there is not."""
        if key not in self._sentences:
            raise BacksymError(say("sentences.no_entry", catalogue=self.name, key=key))
        return self._sentences[key]

    def __contains__(self, key: object) -> bool:
        return key in self._sentences

    def __iter__(self) -> Iterator[str]:
        return iter(self._sentences)

    def __len__(self) -> int:
        return len(self._sentences)

    def said(self, key: str, facts: Mapping[str, str]) -> str:
        """A sentence filled with its facts; raises BacksymError for one that it needs and lacks."""
        return filled(self[key], lambda name, _: facts[name] if name in facts else lacks(key, name))


def lacks(key: str, fact: str) -> str:
    """Raises BacksymError for a sentence without one of its facts."""
    raise BacksymError(say("sentences.no_fact", key=key, fact=fact))


def filled(template: str, fact: Callable[[str, int], str]) -> str:
    """A sentence with ``fact(name, place)`` for every name in braces, and the place in the sentence where it stands."""
    return _PLACEHOLDER.sub(lambda match: fact(match[1], match.start()), template) if "{" in template else template


def pieces(template: str) -> Iterator[tuple[str, str | None]]:
    """The text before each name in braces, with that name, and at the end what is left, with None."""
    *parts, last = _PLACEHOLDER.split(template)
    yield from zip(parts[::2], parts[1::2], strict=True)
    yield last, None


@cache
def catalogue(name: str, language: str = "en") -> Catalogue:
    """The catalogue of this name in a language."""
    return Catalogue(name, language, dict(flat(tree("templates", language, f"{name}.yaml"))))


@cache
def spoken(name: str, language: str) -> Catalogue:
    """The same, with the English sentence where the language has none."""
    try:
        own: Mapping[str, str] = catalogue(name, language)
    except FileNotFoundError:
        own = {}
    return Catalogue(name, language, {**catalogue(name), **own})


def flat(sentences: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The sentences of a mapping, and of mappings in it, by dotted keys."""
    for key, value in sentences.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)

"""The catalogues of sentences: one loader, one way to list several things, and no sentence that nobody says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from syntax import MODULES, PACKAGE, nodes_of

from backsym.core.bundled import languages
from backsym.core.errors import BacksymError
from backsym.core.words import listed, separators
from backsym.documents.content.sentences import catalogue as sentences
from backsym.text.catalogue import Catalogue, catalogue, pieces

ENDS = ("_one", "_alone")
"""What the package puts at the end of a key."""

FILES = ("marking", "code", "feedback")


@cache
def strings() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """The texts in the package, and what its texts with parts filled in can be."""
    literal: set[str] = set()
    patterns: set[str] = set()
    for path in MODULES:
        for node in nodes_of(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literal.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(p.value) if isinstance(p, ast.Constant) else "(.+)" for p in node.values]
                if re.match(r"\w+\\\.|\(\.\+\)\\\.", "".join(parts)):
                    patterns.add("".join(parts))
    # A page of HTML that is filled by Jinja says sentences, too.
    for path in (PACKAGE.parent / "templates" / "practice").glob("*.html"):
        literal.update(f"practice.{key}" for key in re.findall(r"say\(.(\w+).\)", path.read_text(encoding="utf-8")))
    return frozenset(literal), tuple(map(re.compile, sorted(patterns)))


def is_said(key: str) -> bool:
    """Whether the package has the key, or a text that becomes it when words which it also has are filled in."""
    literal, patterns = strings()
    if key in literal:
        return True
    return any(
        all(not literal.isdisjoint((part, *(part.removesuffix(end) for end in ENDS))) for part in match.groups())
        for pattern in patterns
        if (match := pattern.fullmatch(key))
    )


def keys() -> Iterator[str]:
    yield from sentences().phrases
    for name in FILES:
        yield from catalogue(name)


@pytest.mark.parametrize("key", sorted(set(keys())))
def test_every_sentence_is_said_somewhere(key: str) -> None:
    assert is_said(key), key


def test_a_sentence_that_nobody_says_would_be_found() -> None:
    assert not is_said("document.nobody_says_this")
    assert not is_said("nothing.like_this")


def test_facts_are_filled_in_and_what_lacks_is_named() -> None:
    toy = Catalogue("toy", "en", {"a": "{x} and {y}", "b": "plain"})
    assert toy.said("a", {"x": "1", "y": "{z}"}) == "1 and {z}"
    assert toy.said("b", {}) == "plain"
    assert list(pieces("p {x} q")) == [("p ", "x"), (" q", None)]
    with pytest.raises(BacksymError, match="the sentence a needs the fact y"):
        toy.said("a", {"x": "1"})
    with pytest.raises(BacksymError, match="the catalogue toy has no entry c"):
        toy.said("c", {})


@pytest.mark.parametrize(("language", "word"), [("en", "and"), ("de", "und")])
def test_several_things_are_listed_in_one_way(language: str, word: str) -> None:
    assert language in languages()
    assert [listed("abc"[:n], language=language) for n in range(4)] == ["", "a", f"a {word} b", f"a, b {word} c"]
    assert separators(4, language=language) == ["", ", ", ", ", f" {word} "]
    assert listed(["a", "b"], "or") == "a or b"

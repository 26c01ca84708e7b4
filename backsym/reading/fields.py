"""Reading the fields of a problem file: kinds of values, known keys, and all errors of a file together.

Knows the shape of such files, nothing about mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from backsym.errors import Diagnostic, InputError
from backsym.reading.scope import suggest
from backsym.reading.yamlfile import Listing, Scalar, Table, Tree

MAX_DIAGNOSTICS = 50

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Report:
    """The diagnostics of one file, raised together."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def add(self, tree: Tree, message: str, hint: str | None = None) -> None:
        self.extend([tree.diagnostic(message, hint)])

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            if diagnostic not in self.diagnostics:
                self.diagnostics.append(diagnostic)
        if len(self.diagnostics) >= MAX_DIAGNOSTICS:
            self.diagnostics.append(Diagnostic("too many errors; the rest is not shown"))
            self.stop()

    def stop(self) -> None:
        """Raise what was found, in the order of the file."""
        if self.diagnostics:
            raise InputError(sorted(self.diagnostics, key=lambda d: d.line if d.line is not None else 1 << 30))


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def either(words: Sequence[str]) -> str:
    """``a, b or c``."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def quoted(word: str) -> str:
    """A word of the file inside a message: shortened if it is long, in quotes if it is blank."""
    word = " ".join(word.split())
    return (word if len(word) <= 40 else word[:37] + "...") or "''"


def table(tree: Tree | None, report: Report, what: str) -> tuple[tuple[Scalar, Tree], ...]:
    """The entries of a mapping; none if the field is absent or empty."""
    if tree is None or (isinstance(tree, Scalar) and not tree.text):
        return ()
    if isinstance(tree, Table):
        return tree.entries
    report.add(tree, f"{what} is a mapping, name: value")
    return ()


def known_keys(entries: Iterable[tuple[Scalar, Tree]], keys: Sequence[str], report: Report) -> dict[str, Tree]:
    """The entries by key; an unknown key is an error with a near name."""
    found: dict[str, Tree] = {}
    for key, value in entries:
        if key.text in keys:
            found[key.text] = value
        else:
            hint = suggest(key.text, keys) or "known keys: " + ", ".join(keys)
            report.add(key, f"unknown key {quoted(key.text)}", hint)
    return found


def text(tree: Tree | None, report: Report, what: str) -> str | None:
    """A text; None if the field is absent or empty."""
    if tree is None:
        return None
    if isinstance(tree, Scalar):
        return tree.text.strip() or None
    report.add(tree, f"{what} is a text", "quote a text that begins with [ or { or contains ': '")
    return None


def boolean(tree: Tree | None, report: Report, what: str, default: bool = False) -> bool:
    word = text(tree, report, what)
    if tree is None or word is None:
        return default
    if word.lower() not in ("true", "false"):
        report.add(tree, f"{what} is true or false, not {quoted(word)}")
    return word.lower() == "true"


def choice(tree: Tree | None, report: Report, what: str, choices: Sequence[str], default: str) -> str:
    word = text(tree, report, what)
    if tree is None or word is None:
        return default
    if word not in choices:
        report.add(tree, f"{what} is {either(choices)}, not {quoted(word)}", suggest(word, choices))
        return default
    return word


def scalars(tree: Tree | None, report: Report, what: str) -> tuple[Scalar, ...]:
    """A text or a list of texts."""
    if tree is None:
        return ()
    if isinstance(tree, Scalar):
        return (tree,) if tree.text.strip() else ()
    found: list[Scalar] = []
    for item in tree.items if isinstance(tree, Listing) else ():
        if isinstance(item, Scalar):
            found.append(item)
        else:
            report.add(item, f"each item of {what} is a text", "quote a text that begins with [ or { or contains ': '")
    if not isinstance(tree, Listing):
        report.add(tree, f"{what} is a text or a list of texts")
    return tuple(found)


def plain_value(tree: Tree) -> object:
    """The value as strings, lists and dicts."""
    if isinstance(tree, Scalar):
        return tree.text
    if isinstance(tree, Listing):
        return [plain_value(item) for item in tree.items]
    if isinstance(tree, Table):
        return {key.text: plain_value(value) for key, value in tree.entries}
    raise TypeError(f"unknown kind of value: {type(tree).__name__}")

"""Reading the fields of a problem file: kinds of values, known keys, and all errors of a file together.

Knows the shape of such files, nothing about mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from backsym.core.bundled import languages
from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import ENGLISH, Said, say
from backsym.core.words import listed as several
from backsym.reading.files.keys import MEANT
from backsym.reading.files.yamlfile import Listing, Scalar, Table, Tree
from backsym.reading.meaning.scope import suggest
from backsym.text.mathtext import Complaint, math_complaints, text_complaints

MAX_DIAGNOSTICS = 50
QUOTE = say("files.quote_text_begins_contains")
A_TEXT, ONE_TEXT = say("files.item.text"), say("files.item.one_text")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Report:
    """The diagnostics of one file, raised together."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def add(self, tree: Tree, words: Said, advice: Said | None = None) -> None:
        self.extend([tree.diagnostic(words, advice)])

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            if diagnostic not in self.diagnostics:
                self.diagnostics.append(diagnostic)
        if len(self.diagnostics) >= MAX_DIAGNOSTICS:
            last = self.diagnostics[-1]
            self.diagnostics.append(Diagnostic(say("files.rest_not_shown"), last.file))
            self.stop()

    def stop(self) -> None:
        """Raise what was found, file by file, each in its order."""
        files = list(dict.fromkeys(d.file for d in self.diagnostics))

        def place(d: Diagnostic) -> tuple[int, int, int]:
            return files.index(d.file), d.line if d.line is not None else 1 << 30, d.column or 0

        if self.diagnostics:
            raise InputError(sorted(self.diagnostics, key=place))


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def either(words: Sequence[str]) -> str:
    """``a, b or c``."""
    return several(words, "or")


def quoted(word: str) -> str:
    """A word of the file inside a message: shortened if it is long, in quotes if it is blank."""
    word = " ".join(word.split())
    return (word if len(word) <= 40 else word[:37] + "...") or "''"


def count(number: int, noun: str) -> str:
    """``1 index``, ``2 indices``."""
    plural = {"index": "indices"}.get(noun, noun + "s")
    return f"{number} {noun if number == 1 else plural}"


@contextmanager
def spoken(entries: Iterable[tuple[Scalar, Tree]]) -> Iterator[None]:
    """What is wrong with the file of these entries is said in the language that one of them asks for."""
    try:
        yield
    except InputError as error:
        asked = (value.text.strip() for key, value in entries if key.text == "language" and isinstance(value, Scalar))
        language = next((word for word in asked if word in languages()), ENGLISH)
        if language == ENGLISH:
            raise
        raise error.spoken(language) from error.__cause__


def listed(names: Iterable[str], what: Said) -> Said | None:
    """A hint that names what there is, if that is not too much."""
    found = list(names)
    return say("files.there_are", what=what, names=found) if 0 < len(found) <= 12 else None


def table(
    tree: Tree | None, report: Report, what: str, example: str = "name: value"
) -> tuple[tuple[Scalar, Tree], ...]:
    """The entries of a mapping; none if the field is absent or empty."""
    if tree is None or (isinstance(tree, Scalar) and not tree.text):
        return ()
    if isinstance(tree, Table):
        return tree.entries
    report.add(tree, say("files.not_a_mapping", key=what, example=example))
    return ()


def known_keys(entries: Iterable[tuple[Scalar, Tree]], keys: Sequence[str], report: Report) -> dict[str, Tree]:
    """The entries by key; an unknown key is an error with a near name."""
    found: dict[str, Tree] = {}
    known: Said | None = say("files.known_keys", names=list(keys))
    for key, value in entries:
        if key.text in keys:
            found[key.text] = value
        else:
            meant = MEANT.get(key.text.lower())
            hint: Said | None = say("words.did_you_mean", near=str(meant)) if meant in keys else suggest(key.text, keys)
            if hint is None:
                hint, known = known, None  # All of them once.
            report.add(key, say("files.unknown_key", name=quoted(key.text)), hint)
    return found


def text(tree: Tree | None, report: Report, what: str, kind: Said = ONE_TEXT, hint: Said | None = QUOTE) -> str | None:
    """A text; None if the field is absent or empty.  ``kind`` and ``hint`` say what is expected."""
    if tree is None:
        return None
    if isinstance(tree, Scalar):
        return tree.text.strip() or None
    code = say("files.not_list" if isinstance(tree, Listing) else "files.not_mapping", key=what, kind=kind)
    report.add(tree, code, hint)
    return None


def prose(tree: Tree | None, report: Report, what: str) -> str | None:
    """A text with $math$, which is checked."""
    found = text(tree, report, what)
    if found is not None and isinstance(tree, Scalar):
        _complain(tree, text_complaints(tree.text), report)
    return found


def spelling(tree: Tree | None, report: Report, what: str = "latex") -> str | None:
    """The author's own LaTeX for a name, which is checked."""
    found = text(tree, report, what)
    if found is not None and isinstance(tree, Scalar):
        _complain(tree, math_complaints(tree.text), report)
    return found


def _complain(tree: Scalar, complaints: Iterable[Complaint], report: Report) -> None:
    source = tree.source()
    report.extend(source.diagnostic(c.message, (c.start, c.end), c.hint) for c in complaints)


def boolean(tree: Tree | None, report: Report, what: str, *, default: bool = False) -> bool:
    word = choice(tree, report, what, ("true", "false"), "true" if default else "false", lower=True)
    return word == "true"


def choice(
    tree: Tree | None, report: Report, what: str, choices: Sequence[str], default: str, *, lower: bool = False
) -> str:
    """One of some words; in any case, with ``lower``."""
    if tree is None or (isinstance(tree, Scalar) and not tree.text.strip()):
        return default
    if not isinstance(tree, Scalar):
        report.add(tree, say("files.one_of", key=what, choices=list(choices)))
        return default
    word = tree.text.strip().lower() if lower else tree.text.strip()
    if word not in choices:
        other = say("files.other_choice", key=what, choices=list(choices), found=quoted(tree.text))
        report.add(tree, other, suggest(word, choices))
        return default
    return word


def share(tree: Tree | None, report: Report, what: str) -> float | None:
    """A number from 0 to 1; None if the field is absent or empty."""
    found = text(tree, report, what, say("files.a_number"), say("files.such_as", example="0.01, one per cent"))
    if found is None or tree is None:
        return None
    try:
        number = float(found)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        report.add(tree, say("files.not_a_fraction", key=what, found=quoted(found)))
        return None
    return number


_PORTION = re.compile(r"\s*[0-9]{1,6}(?:\.[0-9]{1,20})?\s*(?:/\s*[0-9]{1,6}\s*)?", re.ASCII)


def portion(tree: Tree | None, report: Report, what: str) -> Fraction | None:
    """A fraction from 0 to 1, such as 1/2 or 0.5, exactly; None if the field is absent or empty."""
    found = text(tree, report, what, say("files.a_fraction"), say("files.such_as", example="1/2 or 0.5"))
    if found is None or tree is None:
        return None
    above, _, below = found.partition("/")
    if _PORTION.fullmatch(found) and (not below or int(below)):
        number = Fraction(above.strip()) / int(below or "1")
        if number <= 1:
            return number
    report.add(tree, say("files.no_portion", what=what, found=quoted(found)))
    return None


def scalars(
    tree: Tree | None, report: Report, what: str, hint: Said | None = None, kind: Said = A_TEXT
) -> tuple[Scalar, ...]:
    """A text or a list of texts; ``hint`` says how one of them reads, ``kind`` what it is."""
    if tree is None:
        return ()
    if isinstance(tree, Scalar):
        return (tree,) if tree.text.strip() else ()
    found: list[Scalar] = []
    for item in tree.items if isinstance(tree, Listing) else ():
        if isinstance(item, Scalar):
            found.append(item)
        else:
            report.add(item, say("files.each_item", what=what, kind=kind), hint or QUOTE)
    if not isinstance(tree, Listing):
        report.add(tree, say("files.list_such", what=what, kind=kind), hint)
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

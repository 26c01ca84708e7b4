"""A strict reader for YAML: every plain scalar is a string, and every key and value knows its line and column.

Stricter than YAML on purpose: no repeated keys, no anchors, aliases or tags, one document.  Built on PyYAML's events,
so that depth costs no recursion.  Python mappings become the same tree.  Knows nothing about problems.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from backsym.core.errors import Diagnostic, InputError
from backsym.core.lazy import lazy
from backsym.core.source import Location, Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlwords import BACKSLASH, CONTROL, MAX_DEPTH, TOO_DEEP, explained
from backsym.text.mathtext import MACROS

MAX_BYTES = 1_000_000
EMPTY = ("files.empty", "files.comments_only")
"""The codes of the errors for a file without any content."""

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True)
class Document:
    """A file's text, by lines; ``file`` is the name that errors show."""

    file: str | None
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(_LINE_BREAK.split(self.text)))

    lines: tuple[str, ...] = field(init=False, repr=False)

    @lazy
    def line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]

    def place(self, position: int) -> tuple[int, int]:
        """Line and column, from 1, of a place in the text."""
        line = bisect_right(self.line_starts, position)
        return line, position - self.line_starts[line - 1] + 1

    def locate(self, position: int) -> Location:
        line, column = self.place(position)
        return line, column, self.lines[line - 1]

    @property
    def source(self) -> Source:
        """The text, whose errors show places of the file."""
        return Source(self.text, self.file, self.locate)


def blanks(text: str) -> str:
    """As much space as a text takes, in the same lines."""
    return "".join(char if char == "\n" else " " for char in text)


class Edit(NamedTuple):
    """What stands from ``start`` to ``end`` of a text is to be ``replacement``."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class Rewritten(Document):
    """A document after some edits, in order; its lines and places are those of the file."""

    original: Document = field(kw_only=True)
    edits: tuple[Edit, ...] = field(kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", self.original.lines)

    @lazy
    def _starts(self) -> list[tuple[int, int]]:
        """Where each replacement starts here, and by how much the text after it is shifted."""
        found, shift = [], 0
        for edit in self.edits:
            start = edit.start + shift
            shift += len(edit.replacement) - (edit.end - edit.start)
            found.append((start, shift))
        return found

    def place(self, position: int) -> tuple[int, int]:
        n = bisect_right(self._starts, position, key=lambda pair: pair[0]) - 1
        if n < 0:
            return self.original.place(position)
        (start, shift), edit = self._starts[n], self.edits[n]
        last = start + len(edit.replacement) - 1
        if position > last:
            return self.original.place(position - shift)
        return self.original.place(edit.end - 1 if start < position == last else edit.start)


def rewritten(document: Document, edits: Sequence[Edit]) -> Document:
    """The document after edits that do not overlap."""
    if not edits:
        return document
    pieces, position = [], 0
    for edit in edits:
        pieces += [document.text[position : edit.start], edit.replacement]
        position = edit.end
    pieces.append(document.text[position:])
    return Rewritten(document.file, "".join(pieces), original=document, edits=tuple(edits))


@dataclass(frozen=True)
class Mark:
    """Where a value stands: 1-based line and column, and its extent in the document's text."""

    document: Document
    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True)
class Tree:
    """A value of the file.  ``label`` names it by its keys (``forward[2]``) where there is no file."""

    mark: Mark | None
    label: str

    def diagnostic(self, message: Said, hint: Said | None = None) -> Diagnostic:
        if self.mark is None:
            return Diagnostic(message, self.label or None, advice=hint)
        mark = self.mark
        line = mark.document.lines[mark.line - 1]
        ends = line.rstrip()
        width = min(mark.end - mark.start, len(ends) - mark.column + 1)
        return Diagnostic(message, mark.document.file, mark.line, mark.column, line, max(1, width), hint)

    @property
    def line(self) -> int | None:
        return self.mark.line if self.mark else None


@dataclass(frozen=True)
class Scalar(Tree):
    text: str = ""

    def source(self) -> Source:
        """The text with a way back to its place in the file."""
        if self.mark is None:
            return Source(self.text, self.label)
        return Source(self.text, self.mark.document.file, self._locate)

    @lazy
    def _places(self) -> list[int]:
        """The place in the document of each character, and of the end: folding changes white space only."""
        assert self.mark is not None
        raw, position = self.mark.document.text, self.mark.start
        places = []
        for char in self.text:
            if not char.isspace():
                position = max(raw.find(char, position, self.mark.end), self.mark.start)
            places.append(position)
            position += not char.isspace()
        return [*places, position]

    def _locate(self, offset: int) -> Location:
        assert self.mark is not None
        return self.mark.document.locate(self._places[min(offset, len(self.text))])


@dataclass(frozen=True)
class Listing(Tree):
    items: tuple[Tree, ...] = ()


@dataclass(frozen=True)
class Table(Tree):
    """A mapping; ``entries`` keeps the order of the file."""

    entries: tuple[tuple[Scalar, Tree], ...] = ()


# --- files -----------------------------------------------------------------------------------------------------------


def read_file(path: str) -> tuple[Tree, tuple[Diagnostic, ...]]:
    """The tree of a YAML file, and complaints that do not keep the rest from being read, such as repeated keys.

    Raises InputError for a file that cannot be read or is not such a file.
    """
    return read_text(text_of(path), path)


def text_of(path: str) -> str:
    """The text of a file; raises InputError for one that is missing, a folder, too large or not UTF-8."""

    def refuse(message: Said) -> InputError:
        return InputError([Diagnostic(message, path)])

    file = Path(path)
    if "\0" in path:
        raise refuse(say("files.not_a_file_name"))
    if file.is_dir():
        raise refuse(say("files.is_a_folder"))
    if file.is_fifo() and file.parent not in (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd")):
        raise refuse(say("files.is_a_pipe"))
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise refuse(say("files.no_file")) from None
    except OSError as e:
        raise refuse(say("files.unreadable_file", reason=str(e.strerror or e))) from None
    if len(data) > MAX_BYTES:
        raise refuse(say("files.too_large", limit=MAX_BYTES // 1000))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError([Diagnostic(say("files.utf_16"), path)])
    if b"\0" in data and _is_binary(data):
        if {data[0::2].count(0), data[1::2].count(0)} >= {0} and data.count(0) > len(data) // 3:
            raise InputError([Diagnostic(say("files.utf_16"), path)])
        raise InputError([Diagnostic(say("files.binary_file"), path)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        column = len(data[: e.start].rpartition(b"\n")[2].decode("utf-8-sig")) + 1
        message = say("files.not_utf_8")
        raise InputError([Diagnostic(message, path, line, column, advice=say("files.save_as_utf_8"))]) from None
    if "\0" in text:
        _refuse_controls(Document(path, text))
    return text


def _is_binary(data: bytes) -> bool:
    """Whether these are not the bytes of a text with a few strange characters in it."""
    controls = sum(map(data.count, (bytes((n,)) for n in range(32) if n not in (9, 10, 13))))
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return True
    return controls > 1 + len(data) // 50


def read_text(
    text: str, file: str | None = None, *, latex: bool = True
) -> tuple[Tree, tuple[Diagnostic, ...]]:  # fmt: skip
    """The tree of a YAML text, and complaints that do not keep the rest from being read.

    Unless its author may write ``latex`` into double quotes, what stands in them has the escapes of YAML.
    """
    import yaml

    document = Document(file, text)
    if not text.strip():
        raise InputError([Diagnostic(say("files.empty"), file)])
    _refuse_controls(document)
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    builder = _Builder(document, latex=latex)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as e:
        words = explained(e, document.lines)
        raise builder.refuse(words.message, words.line, words.column, words.hint) from None
    if builder.root is None:
        raise InputError([Diagnostic(say("files.comments_only"), file)])
    return builder.root, tuple(builder.complaints)


def _refuse_controls(document: Document) -> None:
    match = CONTROL.search(document.text)
    if match is None:
        return
    before = _LINE_BREAK.split(document.text[: match.start()])
    line, column = len(before), len(before[-1]) + 1
    message = say("files.control_character", number=ord(match[0]))
    source = CONTROL.sub("\N{REPLACEMENT CHARACTER}", document.lines[line - 1])
    raise InputError([Diagnostic(message, document.file, line, column, source, advice=say("files.delete_it"))])


@dataclass
class _Open:
    """A list or mapping whose end has not been seen."""

    label: str
    mark: Mark
    table: bool
    items: list[Tree] = field(default_factory=list)
    keys: list[Scalar] = field(default_factory=list)
    first: dict[str, Scalar] = field(default_factory=dict)
    key: Scalar | None = None


class _Builder:
    """Events to a tree, with a stack of open collections."""

    def __init__(self, document: Document, *, latex: bool):
        self.document = document
        self.latex = latex
        self.stack: list[_Open] = []
        self.root: Tree | None = None
        self.complaints: list[Diagnostic] = []
        self.documents = 0

    def refuse(self, message: Said, line: int, column: int, hint: Said | None = None) -> InputError:
        """An error at a 0-based place; the end of the file counts to its last line."""
        lines = self.document.lines
        while line >= len(lines) or (line and not lines[line].strip()):
            line -= 1
            column = len(lines[line]) if line < len(lines) else 0
        return InputError([Diagnostic(message, self.document.file, line + 1, column + 1, lines[line], advice=hint)])

    def refuse_event(self, message: Said, event: Any, hint: Said | None = None) -> InputError:
        return self.refuse(message, event.start_mark.line, event.start_mark.column, hint)

    def take(self, event: Any) -> None:
        rule = _EVENTS.get(type(event).__name__)
        if rule is None:
            raise TypeError(f"unknown YAML event: {type(event).__name__}")
        rule(self, event)

    def nothing(self, event: Any) -> None:
        """An event that bears no data, such as the end of the stream."""

    def document_start(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self.refuse_event(say("files.second_document"), event)

    def alias(self, event: Any) -> None:
        hint = say("files.no_aliases")
        raise self.refuse_event(say("files.begins_with_star"), event, hint)

    def plain(self, event: Any) -> None:
        """No anchor and no tag."""
        if event.anchor is not None:
            hint = say("files.no_anchors")
            raise self.refuse_event(say("files.begins_with_ampersand"), event, hint)
        if event.tag is not None:
            hint = say("files.no_tags")
            raise self.refuse_event(say("files.begins_with_exclamation"), event, hint)

    def mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        return Mark(self.document, start.line + 1, start.column + 1, start.index, end.index)

    def label(self) -> str:
        """The keys that lead here."""
        if not self.stack:
            return ""
        top = self.stack[-1]
        if top.table:
            key = top.key.text if top.key is not None else ""
            return f"{top.label}.{key}".strip(".")
        return f"{top.label}[{len(top.items) + 1}]"

    def scalar(self, event: Any) -> None:
        self.plain(event)
        value = self.unescaped(event) if event.style == '"' else event.value
        self.add(Scalar(self.mark(event), self.label(), value))

    def unescaped(self, event: Any) -> str:
        """The text in double quotes, where LaTeX is refused: \\nabla would begin with a line break.

        What was meant goes on to be read, so that only this is said of it.
        """
        raw = self.document.text[event.start_mark.index : event.end_mark.index]
        if not self.latex:
            return str(event.value)
        if CONTROL.search(event.value) or any(m[1] in MACROS for m in re.finditer(r"\\([A-Za-z]+|.)", raw)):
            message, hint = BACKSLASH
            self.complaints.extend(self.refuse_event(message, event, hint).diagnostics)
            return raw[1:-1]
        return str(event.value)

    def start(self, event: Any) -> None:
        self.plain(event)
        if len(self.stack) >= MAX_DEPTH:
            raise self.refuse_event(TOO_DEEP, event)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.table and top.key is None:
            raise self.refuse_event(say("files.key_not_name"), event)
        table = type(event).__name__ == "MappingStartEvent"
        self.stack.append(_Open(self.label(), self.mark(event), table))

    def end(self, event: Any) -> None:
        done = self.stack.pop()
        mark = Mark(self.document, done.mark.line, done.mark.column, done.mark.start, event.end_mark.index)
        if done.table:
            entries = zip(done.keys, done.items, strict=True)
            self.add(Table(mark, done.label, tuple((k, v) for k, v in entries if done.first[k.text] is k)))
        else:
            self.add(Listing(mark, done.label, tuple(done.items)))

    def add(self, tree: Tree) -> None:
        if not self.stack:
            self.root = tree
            return
        top = self.stack[-1]
        if not top.table or top.key is not None:
            top.items.append(tree)
            top.key = None
            return
        assert isinstance(tree, Scalar), "start() refuses keys that are not scalars"
        first = top.first.setdefault(tree.text, tree)
        if first is not tree:
            message = say("files.key_twice", name=tree.text)
            self.complaints.append(tree.diagnostic(message, say("files.stands_already", line=first.line or 0)))
        top.keys.append(tree)
        top.key = tree


_EVENTS = {
    "StreamStartEvent": _Builder.nothing,
    "StreamEndEvent": _Builder.nothing,
    "DocumentStartEvent": _Builder.document_start,
    "DocumentEndEvent": _Builder.nothing,
    "AliasEvent": _Builder.alias,
    "ScalarEvent": _Builder.scalar,
    "SequenceStartEvent": _Builder.start,
    "SequenceEndEvent": _Builder.end,
    "MappingStartEvent": _Builder.start,
    "MappingEndEvent": _Builder.end,
}


# --- Python values ---------------------------------------------------------------------------------------------------


def tree_of(value: object, label: str = "", depth: int = 0) -> Tree:
    """The tree of a Python value: texts, numbers, truth values, None, sequences, arrays, mappings with string keys."""
    if depth > MAX_DEPTH:
        raise InputError([Diagnostic(say("files.nested_too_deep", limit=MAX_DEPTH), label)])
    if value is None:
        return Scalar(None, label, "")
    if isinstance(value, bool):
        return Scalar(None, label, "true" if value else "false")
    if isinstance(value, (str, int, float, Fraction)):
        return Scalar(None, label, str(value))
    if isinstance(value, Mapping):
        entries = []
        for key, item in value.items():
            if not isinstance(key, str):
                raise InputError([Diagnostic(say("files.key_not_text", name=type(key).__name__), label or None)])
            inner = f"{label}.{key}".strip(".")
            entries.append((Scalar(None, inner, key), tree_of(item, inner, depth + 1)))
        return Table(None, label, tuple(entries))
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        items = (tree_of(item, f"{label}[{n}]", depth + 1) for n, item in enumerate(value, 1))
        return Listing(None, label, tuple(items))
    if callable(getattr(value, "tolist", None)):
        return tree_of(value.tolist(), label, depth + 1)  # type: ignore[attr-defined]
    raise InputError([Diagnostic(say("files.unreadable_type", type=type(value).__name__), label or None)])

r"""What stands in front of a note: a block of keys between lines of dashes, as static sites have it.

It may hold the keys of a problem file that say how the problem looks, ``notation``, ``language``, ``title`` and the
like, and ``marks`` (or ``points``), one for each part in order.  In a .tex file each of its lines is a comment.  Keys
of other programs are passed over and named.

Knows the keys of problem files; reads no mathematics.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import Said, say
from backsym.reading.files.keys import PROBLEM
from backsym.reading.files.yamlfile import Document, Edit, Listing, Scalar, Table, Tree, blanks, read_text, rewritten

_OF_THE_NOTE = ("dims", "indices", "symbols", "functions", "forward", "loss", "parts", "variants")
"""What the note itself says."""
_MARKS = ("marks", "points")
KEYS = (*(key for key in PROBLEM if key not in _OF_THE_NOTE), *_MARKS)


@dataclass(frozen=True)
class Front:
    """The keys in front of a note, the marks of its parts, and complaints and remarks, these with their lines."""

    entries: dict[str, tuple[Scalar, Tree]] = field(default_factory=dict)
    marks: tuple[Scalar, ...] = ()
    marks_key: Scalar | None = None
    complaints: tuple[Diagnostic, ...] = ()
    passed_over: tuple[tuple[int, Said], ...] = ()


def front_matter(document: Document, *, tex: bool) -> tuple[Document, Front]:
    """The note with blanks for its front matter, and what that says; raises InputError for one that is no YAML."""
    end = _end(document.text, "%" if tex else "")
    if not end:
        return document, Front()
    text = document.text[:end]
    yaml = "".join(" " + line[1:] if tex else line for line in text.splitlines(keepends=True))
    if tex:
        yaml = yaml.replace("---", "   ")
    if not _is_mapping(yaml):
        return document, Front()
    tree, complaints = read_text(yaml, document.file)
    assert isinstance(tree, Table), "it begins with a key"
    return rewritten(document, [Edit(0, end, blanks(text))]), _front(tree, complaints)


def _end(text: str, sign: str) -> int:
    """Where the block ends, which begins with the first line; 0 if there is none."""
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].removeprefix(sign).strip() != "---" or not lines[0].startswith(sign):
        return 0
    position = len(lines[0])
    for line in lines[1:]:
        if not line.startswith(sign):
            return 0
        position += len(line)
        if line.removeprefix(sign).strip() in ("---", "..."):
            return position - len(line)
    return 0


def _is_mapping(text: str) -> bool:
    """Whether the first line with something on it begins with a key: else the dashes are a rule across the page."""
    first = next((line for line in text.splitlines() if line.strip().strip("-#")), "")
    key, colon, _ = first.partition(":")
    return bool(colon) and key.strip().replace("_", "").replace("-", "").isalnum()


def _front(tree: Table, complaints: tuple[Diagnostic, ...]) -> Front:
    entries = {key.text: (key, value) for key, value in tree.entries if key.text in KEYS}
    unknown = [key for key, _ in tree.entries if key.text not in KEYS]
    others = [(key.line or 1, say("notes.remark.no_key", key=key.text)) for key in unknown]
    given = [entries.pop(key) for key in _MARKS if key in entries]
    if len(given) > 1:
        raise InputError([given[1][0].diagnostic(say("notes.marks_and_points"))])
    marks: tuple[Scalar, ...] = ()
    for key, value in given:
        items = value.items if isinstance(value, Listing) else (value,)
        marks = tuple(item for item in items if isinstance(item, Scalar))
        if len(marks) < len(items):
            raise InputError([key.diagnostic(say("notes.marks_of_parts"))])
    return Front(entries, marks, given[0][0] if given else None, complaints, tuple(others))


def with_front(tree: Table, front: Front) -> Table:
    """The tree of a note with what stands in front of it, which is said by the author himself."""
    own = {key.text: (key, value) for key, value in tree.entries}
    found = own | front.entries
    mine, notation = own.get("notation"), front.entries.get("notation")
    if notation is not None and mine is not None and isinstance(notation[1], Table) and isinstance(mine[1], Table):
        said = {key.text for key, _ in notation[1].entries}
        rest = tuple(entry for entry in mine[1].entries if entry[0].text not in said)
        found["notation"] = notation[0], Table(notation[1].mark, "", (*notation[1].entries, *rest))
    if front.marks_key is not None:
        found["parts"] = _marked(found.get("parts"), front)
    return Table(tree.mark, tree.label, tuple(found.values()))


def with_gradient(tree: Table, sign: str) -> Table:
    """The tree of a note that writes the derivatives of its loss with this sign, unless it asks for others as well."""
    own = {key.text: value for key, value in tree.entries}
    parts = own.get("parts")
    asked = [item for item in parts.items if isinstance(item, Table)] if isinstance(parts, Listing) else []
    if any(key.text == "jacobian" for item in asked for key, _ in item.entries):
        return tree

    def word(text: str) -> Scalar:
        return Scalar(tree.mark, "", text)

    notation = Table(tree.mark, "", ((word("gradient"), word(sign)),))
    return with_front(tree, Front({"notation": (word("notation"), notation)}, (), None, (), ()))


def _marked(parts: tuple[Scalar, Tree] | None, front: Front) -> tuple[Scalar, Tree]:
    """The parts with their marks; raises InputError for another number of these."""
    assert front.marks_key is not None
    items = parts[1].items if parts is not None and isinstance(parts[1], Listing) else ()
    if parts is None or len(items) != len(front.marks):
        message = say("notes.other_number_of_marks", count=len(front.marks), parts=len(items))
        raise InputError([front.marks_key.diagnostic(message)])
    done = []
    for item, marks in zip(items, front.marks, strict=True):
        assert isinstance(item, Table), "a part is a mapping"
        key = Scalar(marks.mark, "", "marks")
        done.append(Table(item.mark, item.label, (*item.entries, (key, marks))))
    return parts[0], Listing(parts[1].mark, parts[1].label, tuple(done))

"""What of a class is marked already: a file of JSON lines, so that interrupted marking goes on where it stopped.

Each line holds a student's records under a key that depends on everything they follow from: the problem, the settings,
and the answers.  Whatever changes is marked again, and nothing else is.  A line that was cut off, or altered, counts
for nothing.

Knows records; must not know how they are made.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.marking.reporting.records import Record

_START = b'{"key": "'


def fingerprint(value: object) -> str:
    """A digest of plain data and of dataclasses of it, the same in every process.

    Raises TypeError, naming the type, for a value that is neither.
    """
    digest = hashlib.sha256()
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        if item is None or isinstance(item, (str, int, float, bool)):
            digest.update(f"{type(item).__name__}:{item!r};".encode())
            continue
        digest.update(f"{type(item).__name__}(".encode())
        if is_dataclass(item) and not isinstance(item, type):
            inside: list[object] = [getattr(item, f.name) for f in fields(item) if f.compare]
        elif isinstance(item, Mapping):
            inside = [part for pair in item.items() for part in pair]
        elif isinstance(item, (list, tuple)):
            inside = list(item)
        elif isinstance(item, (set, frozenset)):
            inside = sorted(item, key=repr)
        elif type(item).__str__ is not object.__str__:
            inside = [str(item)]  # a number of another kind, such as a fraction
        else:
            raise TypeError(f"no fingerprint of a {type(item).__name__}")
        digest.update(f"{len(inside)})".encode())
        pending.extend(inside)
    return digest.hexdigest()


def _sum(key: object, saved: object) -> int:
    """What tells that a line is as it was written: a mark must not change on the disk."""
    return zlib.crc32(json.dumps([key, saved]).encode())


class Journal:
    """The records that are done, by key; a context in which more are added.

    ``path`` None keeps nothing.  The file is made when the first records are added, and stays until :meth:`remove`.
    """

    def __init__(self, path: Path | None):
        self.path = path
        self.done: dict[str, tuple[Record, ...]] = {}
        self._file: IO[bytes] | None = None
        self._broken = False
        if path is not None and path.exists():
            self._load(path)

    def _load(self, path: Path) -> None:
        """Read the whole lines; raises BacksymError for a file that is no journal, and must not be removed."""
        data = path.read_bytes()
        self._broken = bool(data) and not data.endswith(b"\n")
        for line in data.split(b"\n")[:-1]:
            try:
                entry = json.loads(line)
                if entry["sum"] == _sum(entry["key"], entry["records"]):
                    self.done[str(entry["key"])] = tuple(Record.loaded(saved) for saved in entry["records"])
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # not a line that this module wrote: its student is marked again
        if not self.done and not data.startswith(_START[: len(data)]):
            raise BacksymError(say("classes.not_a_journal", path=str(path)))

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, key: str, records: Sequence[Record]) -> None:
        """Keep the records of a student; they are in the file when this returns."""
        self.done[key] = tuple(records)
        if self.path is None:
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # At the end of the file, whoever else writes into it.
            self._file = self.path.open("ab")
            if self._broken:
                self._file.write(b"\n")
        saved = [record.saved() for record in records]
        entry: dict[str, Any] = {"key": key, "records": saved, "sum": _sum(key, saved)}
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()

    def remove(self) -> None:
        """Forget everything: the marking is finished and written."""
        self.done.clear()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

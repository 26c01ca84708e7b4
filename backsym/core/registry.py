"""Tables of kinds by name, and the one door by which kinds from outside the package come into them.

A table holds the kinds of one type, parts, steps, forms of output and the like, and stands in the module of that type.
Another package adds one with :func:`register`, or by an entry point of the group ``backsym.plugins`` that names a kind
or a function which registers several.  This module must not know any kind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Protocol, TypeVar

from backsym.core.errors import BacksymError
from backsym.core.words import say

GROUP = "backsym.plugins"

_TABLES: list[Tabled] = []
_loaded: list[str] = []

Kind = TypeVar("Kind")


class Tabled(Protocol):
    """A table that ``register`` may add to."""

    @property
    def of(self) -> type[Any]: ...

    def add(self, kind: Any) -> object: ...


def tabled(table: Tabled) -> None:
    """Make a table known to ``register``."""
    _TABLES.append(table)


class Table(Mapping[str, Kind]):
    """The kinds of one type by name, in the order in which they were added; a name is taken once."""

    def __init__(self, of: type[Kind], name: Callable[[Kind], str], kinds: Iterable[Kind] = ()):
        self.of = of
        self._name = name
        self._kinds: dict[str, Kind] = {}
        for kind in kinds:
            self.add(kind)
        _TABLES.append(self)

    def add(self, kind: Kind) -> None:
        """Raises BacksymError for a name that is taken; the same kind again is nothing new."""
        name = self._name(kind)
        if self._kinds.setdefault(name, kind) is not kind:
            raise BacksymError(say("registry.taken", type=self.of.__name__, name=name))

    def __getitem__(self, name: str) -> Kind:
        if name not in self._kinds:
            load_plugins()
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(tuple(self._kinds))

    def __len__(self) -> int:
        load_plugins()
        return len(self._kinds)


def register(kind: object) -> None:
    """Add a function, a kind of function, part, step, output form or notation to the table of its type.

    Raises BacksymError for a name that is taken, and for what is no kind.
    """
    for table in _TABLES:
        if isinstance(kind, table.of):
            table.add(kind)
            return
    raise BacksymError(say("registry.no_kind", type=type(kind).__name__, known=known_types()))


def known_types() -> tuple[str, ...]:
    """The names of the types that have a table by now."""
    return tuple(table.of.__name__ for table in _TABLES)


def _may_be_named() -> bool:
    """Whether an installed package may name kinds; to import what reads entry points takes longer than to look."""
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    for folder in map(Path, sys.path):
        if folder.suffix == ".egg" or folder.is_file():
            return True
        for file in folder.glob("*.*-info/entry_points.txt"):
            if GROUP in file.read_text(encoding="utf-8", errors="replace"):
                return True
    return False


def load_plugins() -> None:
    """What the entry points of installed packages name, once."""
    if _loaded:
        return
    _loaded.append(GROUP)
    if not _may_be_named():
        return
    from importlib.metadata import entry_points

    for entry in entry_points(group=GROUP):
        found = entry.load()
        if any(isinstance(found, table.of) for table in _TABLES):
            register(found)
        else:
            found()

"""Data classes for trees of many small kinds, which are made by the thousand: quick to define and quick to make.

They are what ``dataclasses`` makes, but the methods that compare and show them are shared and not compiled for each
class.  ``frozen`` is a promise that type checkers hold the code to; nothing refuses an assignment at run time, since
that would make every object cost three times as much.  Knows nothing of what the classes are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    from dataclasses import dataclass as _with_fields

    def dataclass(cls=None, /, *, frozen=False, eq=True, repr=True):  # noqa: A002 (as dataclasses calls it)
        """Like ``dataclasses.dataclass``; what a class defines itself stays."""
        if cls is None:
            return lambda cls: dataclass(cls, frozen=frozen, eq=eq, repr=repr)
        made = _with_fields(cls, repr=False, eq=False)
        own = vars(made)
        if repr and "__repr__" not in own:
            made.__repr__ = _shown
        if eq:
            if own.get("__hash__") is None:
                made.__hash__ = _hash_by([f for f in fields(made) if _is_hashed(f)]) if frozen else None
            if "__eq__" not in own:
                made.__eq__ = _equal_by([f for f in fields(made) if f.compare])
        return made


def _values(of: list[Field[Any]]) -> Callable[[object], object]:
    if len(of) == 1:
        get = attrgetter(of[0].name)
        return lambda value: (get(value),)
    return attrgetter(*[f.name for f in of]) if of else type


def _is_hashed(f: Field[Any]) -> bool:
    return f.compare if f.hash is None else f.hash


def _equal_by(compared: list[Field[Any]]) -> Callable[[object, object], bool]:
    get = _values(compared)

    def __eq__(self: object, other: object) -> bool:
        return get(self) == get(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash_by(hashed: list[Field[Any]]) -> Callable[[object], int]:
    get = _values(hashed)

    def __hash__(self: object) -> int:
        return hash(get(self))

    return __hash__


def _shown(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{type(self).__qualname__}({shown})"

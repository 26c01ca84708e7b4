"""Values that are found when they are first asked for, and kept.

No lock is held while a value is found: threads that take locks in different orders would wait for each other for ever.
Two threads may both find a value, which costs time; both get the one that was kept first.

Knows nothing of what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload
from weakref import ref

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class _Unknown:
    """What stands for no value; None may be one."""


_UNKNOWN = _Unknown()


class lazy(Generic[T]):
    """Like ``functools.cached_property``, without the lock that it holds during the call before Python 3.12."""

    def __init__(self, find: Callable[[Any], T]):
        self.find = find
        self.name = find.__name__
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> lazy[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> lazy[T] | T:
        if instance is None:
            return self
        # One step, whatever other threads do: a dictionary that is filled later must be the same for all.
        value: T = instance.__dict__.setdefault(self.name, self.find(instance))
        return value


class Kept(Generic[K, V]):
    """Values by their keys, at most so many: when there are more, all are forgotten and found again."""

    def __init__(self, most: int):
        self.most = most
        self._values: dict[K, V] = {}

    def get(self, key: K, find: Callable[[], V]) -> V:
        value: V | _Unknown = self._values.get(key, _UNKNOWN)
        if isinstance(value, _Unknown):
            value = find()
            if len(self._values) >= self.most:
                self._values.clear()
            # What is returned is not looked up again: another thread may have forgotten it meanwhile.
            self._values[key] = value
        return value


class Beside(Generic[K, V]):
    """A value for each object that knows nothing of it, by the object's identity and as long as the object lives."""

    def __init__(self) -> None:
        self._values: dict[int, tuple[ref[K], V]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, owner: K, find: Callable[[K], V]) -> V:
        mark = id(owner)
        held = self._values.get(mark)
        if held is not None and held[0]() is owner:
            return held[1]

        def forget(gone: ref[K]) -> None:
            # Another object may have the number already.
            if (known := self._values.get(mark)) is not None and known[0] is gone:
                del self._values[mark]

        value = find(owner)
        self._values[mark] = ref(owner, forget), value
        return value


def _one(value: object) -> int:
    return 1


class Recurring(Generic[K, V]):
    """Values by their keys, kept from the second time on: what is asked for once leaves only a number behind.

    When there are more than ``most``, or all together weigh more, all are forgotten and found again.
    """

    def __init__(self, most: int, weigh: Callable[[V], int] = _one):
        self.most = most
        self.weigh = weigh
        self._values: dict[K, V] = {}
        self._weight = 0
        self._met: set[int] = set()

    def get(self, key: K, mark: int, find: Callable[[], V]) -> V:
        """The value; ``mark`` is a number that equal keys share, and others hardly ever."""
        value: V | _Unknown = self._values.get(key, _UNKNOWN)
        if not isinstance(value, _Unknown):
            return value
        value = find()
        if mark not in self._met:
            if len(self._met) >= self.most:
                self._met.clear()
            self._met.add(mark)
            return value
        weight = self.weigh(value)
        if self._weight + weight > self.most:
            self._values.clear()
            self._weight = 0
        self._weight += weight
        self._values[key] = value
        return value

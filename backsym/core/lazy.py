"""A value that is found when it is first asked for, and kept.

Knows nothing of what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):
    """Like ``functools.cached_property``, without the lock that it takes before Python 3.12.

    An expression has many such values, each cheaper to find than a lock is to take; two threads find the same one.
    """

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
        value = instance.__dict__[self.name] = self.find(instance)
        return value

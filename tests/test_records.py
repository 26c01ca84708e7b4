"""Data classes whose methods are shared: they compare, hash and show themselves as those of the standard library."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field, replace
from typing import Any

import pytest

from backsym.core import records
from backsym.core.expr import Add, Ix, Shift, Sym


def family(dataclass: Callable[..., Any]) -> tuple[type[Any], type[Any], type[Any]]:
    @dataclass(frozen=True)
    class Pair:
        one: int
        other: tuple[int, ...] = ()
        note: str = field(default="", compare=False, repr=False)
        mark: str = field(default="", hash=False, kw_only=True)

    @dataclass(frozen=True)
    class Single(Pair):
        """With what it inherits."""

    @dataclass
    class Loose:
        value: object

    return Pair, Single, Loose


OURS, THEIRS = family(records.dataclass), family(dataclasses.dataclass)


def made(classes: tuple[type[Any], type[Any], type[Any]]) -> list[Any]:
    pair, single, loose = classes
    same = float("nan")
    return [
        pair(1), pair(1, note="n"), pair(1, (2,)), pair(2), pair(1, mark="m"), single(1), single(1, (), "n"),
        loose(1), loose(1), loose(same), loose(same), replace(pair(3, (4,), "n"), one=1),
    ]  # fmt: skip


def test_they_are_equal_where_those_of_the_standard_library_are() -> None:
    ours, theirs = made(OURS), made(THEIRS)
    assert [[a == b for b in ours] for a in ours] == [[a == b for b in theirs] for a in theirs]
    assert [repr(a).partition("<locals>")[2] for a in ours] == [repr(a).partition("<locals>")[2] for a in theirs]


def test_equal_ones_have_one_hash_and_changeable_ones_none() -> None:
    frozen = made(OURS)[:7]
    assert all(hash(a) == hash(b) for a in frozen for b in frozen if a == b)
    assert hash(OURS[0](1)) == hash(OURS[0](1, mark="m"))
    with pytest.raises(TypeError, match="unhashable"):
        hash(OURS[2](1))


def test_what_a_class_defines_itself_stays_and_its_kinds_compare_their_own_fields() -> None:
    k = Ix("k", "K")
    assert k == Ix("k", "K")
    assert hash(k) == hash("k")
    assert Shift("k", "K", ((k, 1),), 1) != Shift("k", "K", ((k, 1),), 2)
    assert pickle.loads(pickle.dumps(Add((Sym("a", ()), Sym("b", ()))))) == Add(
        (
            Sym("a", ()),
            Sym("b", ()),
        )
    )

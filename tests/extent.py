"""How much random testing a run does.

    BACKSYM_THOROUGH=1 python -m pytest -n 2 tests

tries everything that the tests name, with fresh random examples.  Without it a run tries a part, the same each time, so
that it ends in minutes; before a release, and after a change to the calculus, the thorough run is due.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

THOROUGH = bool(os.environ.get("BACKSYM_THOROUGH"))
PART = 6

T = TypeVar("T")


def examples(all_of_them: int, part: int = PART) -> int:
    """How many of so many examples this run tries: all, or one in ``part``."""
    return all_of_them if THOROUGH else -(-all_of_them // part)


def some(things: Iterable[T], part: int = PART, first: int = 0) -> list[T]:
    """The things that this run tries: all, or each ``part``-th from the ``first`` on, for tests that share them out."""
    return list(things)[0 if THOROUGH else first :: 1 if THOROUGH else part]

"""How long something may take, so that it holds on a slow and busy machine too.

These tests look for work without end and for costs that explode, not for speed: speed is compared under ``benchmarks``.
A single measurement is no judge.  It counts the garbage of earlier tests, which one collection may look through for a
second, and whatever else the machine does.  So the collector rests meanwhile, and what seems too slow is tried again,
and weighed by a fixed piece of work that tells how fast the machine is at that moment.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

TRIES = 3
ROUNDS = 1_000_000
"""The fixed work: so many rounds of a plain loop, which a usual machine does in ``USUAL`` seconds."""
USUAL = 0.05


def spent(call: Callable[[], Value]) -> tuple[Value, float]:
    """What the call returns, and the processor time that it took, in seconds, without collecting garbage."""
    collects = gc.isenabled()
    gc.disable()
    try:
        began = time.process_time()
        value = call()
        return value, time.process_time() - began
    finally:
        if collects:
            gc.enable()


def pace() -> float:
    """How many times slower than usual the machine is now; at least 1."""

    def work() -> None:
        for _ in range(ROUNDS):
            pass

    return max(1.0, spent(work)[1] / USUAL)


def prompt(call: Callable[[], Value], seconds: float = 1.0) -> Value:
    """What the call returns; in one of three tries it must take no more than ``seconds`` of a usual machine."""
    tries = []
    while len(tries) < TRIES:
        value, took = spent(call)
        tries.append(took if took <= seconds else took / pace())
        if tries[-1] <= seconds:
            return value
    raise AssertionError(f"{seconds} s allowed, taken: {tries}")


def fastest(call: Callable[[], object]) -> float:
    """The least processor time of three calls, in seconds: for ratios between sizes of the same work."""
    return min(spent(call)[1] for _ in range(TRIES))

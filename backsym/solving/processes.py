"""Work that is shared among processes of this machine.

Must not know what the work is.
"""

from __future__ import annotations

import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from backsym.core.errors import BacksymError
from backsym.core.words import say

if TYPE_CHECKING:
    from concurrent.futures import Executor

GRACE = 0.5
"""Seconds that the processes have, all together, to end by themselves when the work is broken off."""

MOST_ON_WINDOWS = 61
"""Processes that one process of Windows can wait for."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def most(number: int, platform: str = sys.platform) -> int:
    """So many processes as the platform allows."""
    return min(number, MOST_ON_WINDOWS) if platform == "win32" else number


@contextmanager
def processes(number: int) -> Iterator[Executor]:
    """So many processes, which do not outlive an interruption."""
    # Imported here: most runs have one process only.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Forking a process that has threads, as NumPy's may, is not safe.
    context = multiprocessing.get_context("spawn")
    if _starting():
        os._exit(1)  # The process that started this one says why.
    number = most(number)
    pool = ProcessPoolExecutor(number, mp_context=context, initializer=_bound)
    try:
        with _held_back(signal.SIGINT):
            for _ in range(number):
                pool.submit(int)  # Nothing to do, but it starts one, and Ctrl-C finds none of them half started.
        yield pool
    except BaseException:
        workers = list((pool._processes or {}).values())  # noqa: SLF001 (nothing public names them)
        try:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.join(GRACE / number)
        finally:
            # One that still has work, or that missed its end because Ctrl-C came twice, would keep this process alive.
            for worker in workers:
                worker.terminate()
        raise
    pool.shutdown()


def _starting() -> bool:
    """Whether this is a new process that still runs the user's script from its top, to know what is defined there."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__mp_main__":
            return True
        frame = frame.f_back
    return False


def unguarded() -> str | None:
    """The script that may lack its guard if processes die at once; None if nothing speaks for it.

    A new process runs the user's script from its top.  If that starts processes there, nothing would ever end.
    """
    main = sys.modules.get("__main__")
    spec, path = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    return os.path.basename(path) if spec is None and path is not None and path.endswith(".py") else None


@contextmanager
def _held_back(sign: signal.Signals) -> Iterator[None]:
    """Let a signal wait; processes that are started meanwhile do not get it at all."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # It is started once, and lets every signal through when it is.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {sign})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _bound() -> None:
    """A worker leaves Ctrl-C to the process that it works for, and ends when that has died without a word.

    Nothing else would end it: it holds both ends of the queue on which it waits for work.
    """
    import multiprocessing
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    from multiprocessing.connection import wait

    wait([sentinel])
    os._exit(1)


@contextmanager
def mapped(work: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Iterator[Result]]:
    """``work`` on each item, in the order of the items whoever is done first; in this process for one worker.

    ``work``, the items and the results are sent between processes.  Raises BacksymError if one of these dies.
    """
    if min(workers, len(items)) <= 1:
        yield map(work, items)
        return
    from concurrent.futures.process import BrokenProcessPool

    with processes(min(workers, len(items))) as pool:
        try:
            yield pool.map(work, items)
        except BrokenProcessPool:
            died = say("solving.process_died")
            raise BacksymError(died) from None

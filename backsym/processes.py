"""Work that is shared among processes of this machine.

Must not know what the work is.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from backsym.errors import BacksymError

if TYPE_CHECKING:
    from concurrent.futures import Executor

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def processes(number: int) -> Iterator[Executor]:
    """So many processes, which do not outlive an interruption."""
    # Imported here: most runs have one process only.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Forking a process that has threads, as NumPy's may, is not safe.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(number, mp_context=context, initializer=_deaf)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _deaf() -> None:
    """A worker leaves Ctrl-C to the process that it works for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def mapped(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Iterator[Result]]:
    """``work`` on each item, in the order of the items whoever is done first; in this process for one worker.

    ``work``, the items and the results are sent between processes.  Raises BacksymError if one of these dies.
    """
    if min(workers, len(items)) <= 1:
        yield map(work, items)
        return
    import multiprocessing
    from concurrent.futures.process import BrokenProcessPool

    others = multiprocessing.active_children()
    with processes(min(workers, len(items))) as pool:
        try:
            yield pool.map(work, items)
        except BrokenProcessPool:
            raise BacksymError("a process that worked on a file has died; with --workers 1 there is only one") from None
        except KeyboardInterrupt:
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()
            raise

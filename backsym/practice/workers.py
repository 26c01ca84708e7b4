"""Processes that answer for the server: one that takes too long is ended and replaced, and costs nobody else.

Must not know what is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.words import say

Answerer = Callable[[str, tuple[Any, ...]], Any]
"""Answers one request: the name of what is asked for, and its arguments."""


STARTING = 120.0
"""Seconds within which a process has to be ready to answer."""


class TooSlow(BacksymError):
    """A request that was not answered in its time."""


class Busy(BacksymError):
    """More requests than the processes can answer soon."""


class _Worker:
    """One process, spoken to through a pipe."""

    def __init__(self, make: Callable[[], Answerer]):
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, make), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False

    def ask(self, name: str, arguments: tuple[Any, ...], seconds: float) -> Any:
        """The answer.  Raises TooSlow, EOFError for a process that has died, BacksymError for what it refused."""
        if not self.ready:
            # Solving the problems is no part of the time of an answer.
            if not self.pipe.poll(STARTING):
                raise TooSlow(say("practice.too_slow"))
            self.pipe.recv()
            self.ready = True
        self.pipe.send((name, arguments))
        if not self.pipe.poll(seconds):
            raise TooSlow(say("practice.too_slow"))
        answered, value = self.pipe.recv()
        if not answered:
            raise BacksymError(value)
        return value

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(pipe: Connection, make: Callable[[], Answerer]) -> None:
    """Answer until the other end is closed."""
    answer = make()
    pipe.send(None)
    while True:
        try:
            name, arguments = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send((True, answer(name, arguments)))
        except BacksymError as error:
            pipe.send((False, str(error)))
        except Exception as error:
            # The page says that this answer could not be looked at; the process goes on with the next.
            pipe.send((False, f"this could not be looked at ({type(error).__name__})"))


class Pool:
    """So many processes; ``ask`` waits for one that is free."""

    def __init__(self, make: Callable[[], Answerer], count: int, seconds: float, waiting: int):
        self.make, self.seconds, self.most_waiting = make, seconds, waiting
        self.waiting = 0
        self.workers = [_Worker(make) for _ in range(count)]
        self.idle: asyncio.Queue[_Worker] = asyncio.Queue()
        for worker in self.workers:
            self.idle.put_nowait(worker)

    async def ask(self, name: str, *arguments: Any) -> Any:
        """The answer of a process.

        Raises Busy where too many wait already, TooSlow for what takes longer than its time, BacksymError for what was
        refused.  A process that has died is replaced, and the request is asked once more.
        """
        with self._in_line():
            for attempt in (1, 2):
                worker = await self.idle.get()
                try:
                    value = await asyncio.to_thread(worker.ask, name, arguments, self.seconds)
                except (TooSlow, EOFError, OSError) as error:
                    worker = self._replaced(worker)
                    if isinstance(error, TooSlow) or attempt == 2:
                        raise TooSlow(say("practice.too_slow")) from error
                    continue
                finally:
                    self.idle.put_nowait(worker)
                return value

    @contextlib.contextmanager
    def _in_line(self) -> Iterator[None]:
        if self.waiting >= self.most_waiting:
            raise Busy(say("practice.busy"))
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    def _replaced(self, worker: _Worker) -> _Worker:
        worker.end()
        fresh = _Worker(self.make)
        self.workers[self.workers.index(worker)] = fresh
        return fresh

    def end(self) -> None:
        for worker in self.workers:
            worker.end()

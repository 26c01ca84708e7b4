"""What the command line says about errors, and its exit status: 1 a failed check, 2 an unusable input, 130 interrupted.

Must not know any command.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from backsym.core.errors import BacksymError, InputError, PlacedError, VerificationError
from backsym.core.words import ENGLISH, mentions

INTERRUPTED = 130
"""The exit status of a command that was broken off."""


class _Closed(io.TextIOBase):
    """What stands for a standard output that was closed before the command began: nothing can be written to it."""

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, "the standard output is closed")


def open_streams() -> None:
    """Put something in place of standard streams that are closed, which Python has not at all.

    The null device takes the place of each, so that no file that is opened later is taken for one.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, _Closed() if number == 1 else open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


@contextmanager
def reported() -> Iterator[None]:
    """Turn errors that a user can do something about into one message and an exit status."""
    outermost = False
    try:
        with interruptible() as outermost:
            yield
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        if not outermost:
            raise
        click.echo("\ninterrupted", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        messages, status = explained(error)
        for message in messages:
            click.echo(message, err=True)
        sys.exit(status)


@contextmanager
def interruptible() -> Iterator[bool]:
    """Take Ctrl-C, and the request to end that a scheduler sends, once: what is tidied up then takes an instant.

    Gives whether this is what takes them, rather than one around it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield False
        return
    defaults: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    taken = [sign for sign, default in defaults.items() if signal.getsignal(sign) is default]
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        for sign in taken:
            signal.signal(sign, signal.SIG_IGN)
        raise KeyboardInterrupt

    for sign in taken:
        signal.signal(sign, interrupt)
    try:
        yield bool(taken)
    finally:
        if not interrupted:
            for sign in taken:
                signal.signal(sign, defaults[sign])


def explained(error: Exception, name: str = "", language: str = ENGLISH) -> tuple[list[str], int]:
    """What is said about an error, and its exit status; ``name`` is the file that it is about, if it does not say so.

    ``language`` is that of the file, where it was read so far.

    Raises the error itself if it is a bug and the user asked for tracebacks.
    """
    if isinstance(error, InputError):
        return [f"error: {diagnostic.render()}" for diagnostic in error.diagnostics], 2
    if isinstance(error, BacksymError):
        placed = mentions(error.words, name) or (isinstance(error, PlacedError) and error.diagnostic.file is not None)
        place = f"{name}: " if name and not placed else ""
        return [f"error: {place}{error.told(language)}"], 1 if isinstance(error, VerificationError) else 2
    if isinstance(error, OSError):
        place = error.filename or "the output cannot be written"
        return [f"error: {place}: {error.strerror or error}"], 2
    place = f"{name}: " if name else ""
    if isinstance(error, RecursionError):
        return [f"error: {place}an expression is nested too deeply"], 2
    if os.environ.get("BACKSYM_TRACEBACK"):
        raise error
    message = f"error: {place}this is a bug in backsym, {type(error).__name__}: {error}"
    return [message, "Set BACKSYM_TRACEBACK=1 to see where it happens."], 2

"""``backsym watch``: renews an output at each save, by looking at the files' times again and again.

Must not know what is read or written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

PAUSE = 0.3
"""Seconds between two looks."""

Stamp = tuple[int, int]


def watch(
    files: Sequence[Path], renew: Callable[[], Sequence[Path]], pause: float = PAUSE, rounds: int | None = None
) -> None:
    """Call ``renew`` now and whenever one of the files changes, until Ctrl-C or for so many ``rounds``.

    ``renew`` returns further files to look at.  It reports what is wrong by SystemExit, as commands do, and the watch
    goes on: the next save may mend it.
    """
    seen: dict[Path, Stamp] = {}
    watched: tuple[Path, ...] = tuple(files)
    try:
        while rounds is None or rounds > 0:
            rounds = None if rounds is None else rounds - 1
            found = {path: _stamp(path) for path in watched}
            if found != seen:
                # The times from before the work, so that a save in the meantime is not missed.
                watched = tuple(dict.fromkeys((*files, *_renewed(renew, watched))))
                seen = {path: found[path] if path in found else _stamp(path) for path in watched}
            time.sleep(pause)
    except KeyboardInterrupt:
        return


def _renewed(renew: Callable[[], Sequence[Path]], watched: Sequence[Path]) -> Sequence[Path]:
    """What is to be watched further; as before if something was wrong."""
    try:
        return renew()
    except SystemExit:
        return watched


def _stamp(path: Path) -> Stamp:
    """Time and size of a file; of one that is missing, as while an editor replaces it, none."""
    try:
        found = path.stat()
    except OSError:
        return 0, -1
    return found.st_mtime_ns, found.st_size

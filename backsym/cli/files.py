"""Files that commands write: whole or not at all, and never in place of what they were made from.

Must not know any command.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from backsym.core.errors import BacksymError
from backsym.core.words import say


def write(texts: Mapping[Path, str | bytes]) -> None:
    """Write files so that each is there whole or not at all, and none takes its place before all are on the disk.

    A link keeps pointing to its file, a file keeps its permissions, and a device or a pipe is written to.
    Raises BacksymError, naming the file that cannot be written.
    """
    temporaries: dict[Path, Path] = {}
    path = next(iter(texts))
    for taken in filter(Path.is_dir, texts):
        raise BacksymError(say("cli.folder_in_the_way", path=str(taken)))
    try:
        for path, text in texts.items():
            data = text if isinstance(text, bytes) else text.encode("utf-8")
            if is_stream(path):
                path.write_bytes(data)
                continue
            place = Path(os.path.realpath(path))
            place.parent.mkdir(parents=True, exist_ok=True)
            mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else None
            handle, temporaries[place] = _temporary(place.parent, 0o666 if mode is None else mode)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporaries[place], mode)
        for place, temporary in temporaries.items():
            path = place
            os.replace(temporary, place)
    except OSError as error:
        raise BacksymError(say("cli.not_written", path=str(path), error=str(error.strerror or error))) from error
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def is_stream(path: Path) -> bool:
    """Whether this is there and no file, such as a device or a pipe."""
    return path.exists() and not path.is_file() and not path.is_dir()


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise BacksymError if something that is to be written would overwrite something that is read, or another."""
    inputs = list(inputs)
    seen: dict[str, Path] = {}
    for path in outputs:
        for given in inputs:
            if path.exists() and given.exists() and path.samefile(given):
                raise BacksymError(say("cli.overwrites_input", path=str(path)))
        place = os.path.realpath(path)
        if place in seen and not is_stream(path):
            raise BacksymError(say("cli.named_twice", path=str(path)))
        seen[place] = path


def _temporary(folder: Path, mode: int) -> tuple[int, Path]:
    """A new file, whose permissions are cut by the umask: to ask for that would change it for other threads."""
    while True:
        path = folder / f".backsym-{secrets.token_hex(6)}"
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode), path
        except FileExistsError:
            continue

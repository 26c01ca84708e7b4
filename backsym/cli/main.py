"""The command line.  ``--help`` imports nothing but click: every command imports what it needs when it runs.

Exit status: 0 done; 1 a verification or a ``show`` claim failed; 2 unusable input.
"""

from __future__ import annotations

import atexit
import gc
import sys
from importlib import import_module
from io import TextIOWrapper

import click

from backsym.cli.errors import open_streams
from backsym.version import __version__

COLLECT_AFTER = 200_000
"""So many new objects before garbage is looked for: most of what a command makes, it needs until it ends."""

_COMMANDS = "solve watch verify graph schema check code quiz practice new variants templates".split()
COMMANDS = {name: (name, name) for name in _COMMANDS} | {"list": ("new", "list_problems")}
"""The module of each command and its name there."""


class _Commands(click.Group):
    """Commands whose modules are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"backsym.cli.{module}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Derive backpropagation for small networks and print the worked solution.

    FILE is a problem file or a collection (YAML), a note with LaTeX equations (.md, .tex), or the bare name of a
    bundled problem; for solve and verify also a folder of problem files.
    """
    gc.set_threshold(COLLECT_AFTER)
    atexit.register(gc.freeze)  # What is left goes with the process, unsearched.
    for stream in (sys.stdout, sys.stderr):
        in_utf_8(stream)


def in_utf_8(stream: object) -> None:
    """Let a pipe or a file get UTF-8 everywhere, and a terminal a question mark for a sign that it does not have."""
    if isinstance(stream, TextIOWrapper):
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="replace")
    open_streams()

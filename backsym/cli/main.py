"""The command line.  ``--help`` imports nothing but click: every command imports what it needs when it runs.

Exit status: 0 done; 1 a verification or a ``show`` claim failed; 2 unusable input.
"""

from __future__ import annotations

import atexit
import gc
import sys
from io import TextIOWrapper

import click

from backsym.cli.check import check
from backsym.cli.code import code
from backsym.cli.errors import open_streams
from backsym.cli.graph import graph
from backsym.cli.new import list_problems, new
from backsym.cli.practice import practice
from backsym.cli.quiz import quiz
from backsym.cli.schema import schema
from backsym.cli.solve import solve
from backsym.cli.templates import templates
from backsym.cli.variants import variants
from backsym.cli.verify import verify
from backsym.cli.watch import watch
from backsym.version import __version__

COLLECT_AFTER = 200_000
"""So many new objects before garbage is looked for: most of what a command makes, it needs until it ends."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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


_COMMANDS = (
    solve, watch, verify, graph, schema, check, code, quiz, practice, new, list_problems, variants, templates,
)  # fmt: skip
for _command in _COMMANDS:
    main.add_command(_command)

"""How far a run has come: a bar on stderr, and only where a person watches a terminal.

Must not know any command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import click

FEWEST = 3
"""Of fewer items no bar is shown."""

Item = TypeVar("Item")


@contextmanager
def progress(items: Sequence[Item], label: str) -> Iterator[Iterator[Item]]:
    """The items one by one, with a bar on stderr if it is a terminal and the items are many."""
    if len(items) < FEWEST or not sys.stderr.isatty():
        yield iter(items)
        return
    with click.progressbar(items, label=label, file=sys.stderr, item_show_func=lambda _: None) as bar:
        yield iter(bar)


def print_line(text: str) -> None:
    """A line on stdout; where the bar is on the same terminal, on a line of its own."""
    if sys.stdout.isatty() and sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(text)


@contextmanager
def counted(total: int, label: str) -> Iterator[Callable[[int], None]]:
    """What is called with the number of items done so far; it moves a bar as :func:`progress` does."""
    if total < FEWEST or not sys.stderr.isatty():
        yield lambda done: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)

"""What the command line says about errors, and its exit status: 1 a failed check, 2 an unusable input.

Must not know any command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from backsym.errors import BacksymError, InputError, VerificationError


@contextmanager
def reported() -> Iterator[None]:
    """Turn errors that a user can do something about into one message and an exit status."""
    try:
        yield
    except VerificationError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except InputError as error:
        for diagnostic in error.diagnostics:
            click.echo(f"error: {diagnostic.render()}", err=True)
        sys.exit(2)
    except BacksymError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        raise
    except OSError as error:
        place = error.filename or "the output cannot be written"
        click.echo(f"error: {place}: {error.strerror or error}", err=True)
        sys.exit(2)
    except RecursionError:
        click.echo("error: an expression is nested too deeply", err=True)
        sys.exit(2)
    except Exception as error:
        if os.environ.get("BACKSYM_TRACEBACK"):
            raise
        click.echo(f"error: this is a bug in backsym, {type(error).__name__}: {error}", err=True)
        click.echo("Set BACKSYM_TRACEBACK=1 to see where it happens.", err=True)
        sys.exit(2)

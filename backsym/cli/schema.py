"""``backsym schema``: the JSON Schema of problem files."""

from __future__ import annotations

import click

from backsym.cli.errors import reported


@click.command()
def schema() -> None:
    """Print the JSON Schema of problem files and collections, for editors."""
    from backsym.reading.files.schema import schema_text

    with reported():
        click.echo(schema_text(), nl=False)

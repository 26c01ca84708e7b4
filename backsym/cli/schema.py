"""``backsym schema``: the JSON Schema of problem files."""

from __future__ import annotations

from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.cli.files import write


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def schema(output: Path | None) -> None:
    """Print the JSON Schema of problem files and collections, for editors."""
    from backsym.reading.files.schema import schema_text

    with reported():
        if output is None:
            click.echo(schema_text(), nl=False)
            return
        write({output: schema_text()})
        click.echo(f"wrote {output}", err=True)

"""``backsym templates``: the templates of documents, to be changed and given to ``--templates``."""

from __future__ import annotations

from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.cli.files import write
from backsym.core.errors import BacksymError
from backsym.core.words import say


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def templates(folder: Path) -> None:
    """Write the templates of all forms into DIR, to change them and use them with --templates DIR.

    Nothing is written where one of them is there already.
    """
    from backsym.core.bundled import resource

    with reported():
        bundled = {p.name: p.read_text(encoding="utf-8") for p in resource("templates").iterdir() if p.is_file()}
        texts = {folder / name: text for name, text in sorted(bundled.items()) if name.endswith(".jinja")}
        if there := [path.name for path in texts if path.exists()]:
            raise BacksymError(say("cli.templates_there", folder=str(folder), names=there))
        write(texts)
        for path in texts:
            click.echo(f"wrote {path}")

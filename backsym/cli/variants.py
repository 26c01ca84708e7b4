"""``backsym variants``: per-student versions of a problem, each with its file, questions, solution and answer key.

Importing this imports nothing but click.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backsym.cli.errors import reported
from backsym.cli.files import write
from backsym.cli.progress import print_line, progress
from backsym.core.choices import VERSIONS

if TYPE_CHECKING:
    from backsym.api.variants import Drawn, Variant


@click.command()
@click.argument("file")
@click.option("--count", type=click.IntRange(min=1), default=10, show_default=True, help="How many variants to make.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same variants.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to. [default: output/NAME-variants]",
)
@click.option("--format", "form", default="md", show_default=True, help="The form of the documents, as for solve.")
@click.option(
    "--templates", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of one's own templates, which go before the bundled ones.",
)  # fmt: skip
def variants(file: str, count: int, seed: int, output: Path | None, form: str, templates: Path | None) -> None:
    """Write COUNT different variants of FILE, as its key `variants` declares them.

    Each gets its own problem file, questions, solution and answer key; a table says what was chosen for which.
    """
    with reported():
        from backsym.api.variants import variants as make
        from backsym.core.resources import find_problem
        from backsym.documents.content.solved import label_of

        path = find_problem(file)
        drawn = make(path, count, seed)
        folder = output or Path("output") / f"{path.stem}-variants"
        for text in drawn.left_out:
            click.echo(f"{file}: left out, because it cannot be evaluated: {text}", err=True)
        if drawn.worded:
            labels = ", ".join(map(label_of, drawn.worded))
            click.echo(f"{file}: answered in words, the same for all variants; see that they fit: {labels}", err=True)
        write({folder / f"{path.stem}-variants.csv": table(drawn)})
        with progress(drawn.variants, "writing") as rest:
            for variant in rest:
                stem = f"{path.stem}-{variant.number:0{max(2, len(str(count)))}}"
                for name, data in files(variant, stem, form, templates):
                    write({folder / name: data})
                print_line(f"wrote {folder / stem}.yaml")


def files(variant: Variant, stem: str, form: str, templates: Path | None) -> Iterable[tuple[str, bytes]]:
    """The problem file of a variant and its documents."""
    from backsym.documents.content.options import Options
    from backsym.documents.writers.render import all_files

    yield f"{stem}.yaml", variant.text.encode("utf-8")
    for version in VERSIONS:
        options = Options(version, templates=templates)
        made = all_files(None, [variant.solution], (form,), options, f"{stem}{options.suffix}")
        for name, data in made.items():
            yield name, data if isinstance(data, bytes) else data.encode("utf-8")


def table(drawn: Drawn) -> str:
    """CSV: a line for each variant, a column for each choice; empty where the file's own stands."""
    columns = list(dict.fromkeys(name for variant in drawn.variants for name in variant.choices))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["variant", *columns])
    for variant in drawn.variants:
        writer.writerow([variant.number, *(variant.choices.get(name, "") for name in columns)])
    return out.getvalue()

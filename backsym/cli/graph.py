"""``backsym graph``: a drawing of a problem."""

from __future__ import annotations

from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.cli.files import refuse_inputs, write
from backsym.cli.tasks import load
from backsym.core.choices import DRAWINGS, DRAWN_DERIVATIVES, GRAPHS
from backsym.core.errors import BacksymError
from backsym.core.words import say


@click.command()
@click.argument("file")
@click.option("--format", "form", type=click.Choice(tuple(DRAWINGS)), help="The form. [default: svg]")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--kind", type=click.Choice(GRAPHS), help="What is drawn. [default: as FILE asks]")
@click.option(
    "--derivatives", type=click.Choice(DRAWN_DERIVATIVES), default="none", show_default=True,
    help="Local derivatives on the edges, derivatives of the loss at the nodes, or both and values in numbers.",
)  # fmt: skip
def graph(file: str, form: str | None, output: Path | None, kind: str | None, derivatives: str) -> None:
    """Draw the computation graph of FILE, or its network of units.

    Without -o the drawing is printed; with it, the form follows the file's ending if --format does not say.
    """
    with reported():
        from backsym.documents.content.figures import LARGEST, picture
        from backsym.documents.content.quantities import check_spellings
        from backsym.documents.content.sentences import Voice
        from backsym.parts.table import kind_of
        from backsym.solving.solution import solve

        task = load(file)
        if task.collection is not None:
            raise BacksymError(say("cli.collection_of_graphs", name=file))
        problem = task.problems[0]
        check_spellings(problem)
        asked = next(filter(None, (kind_of(part).picture(part) for part in problem.parts)), None)
        endings = {ending: name for name, known in DRAWINGS.items() for ending in known}
        if form is None and output is not None and output.suffix.lower() not in endings:
            raise BacksymError(say("cli.no_drawing", path=str(output), endings=list(endings)))
        form = form or (endings[output.suffix.lower()] if output else "svg")
        derivations = solve(problem).derivations if derivatives == "numbers" else ()
        drawn = picture(
            Voice.of(problem), kind or asked or problem.figure or "vectorized", derivatives, derivations
        ).drawn
        count = len(drawn.graph.vertices)
        if form in ("svg", "tikz") and count > LARGEST:
            raise BacksymError(say("cli.too_many_vertices", name=file, count=count, limit=LARGEST))
        text = drawn.written(form)
        if form in ("svg", "tikz") and drawn.unlabelled:
            click.echo(f"{file}: {len(drawn.unlabelled)} edges are too close together for their labels", err=True)
        if output is None:
            click.echo(text, nl=False)
            return
        refuse_inputs([output], [Path(file)])
        write({output: text})
        click.echo(f"wrote {output}")

"""``backsym practice``: a page on which students try a problem, with hints, on one's own machine or for a course.

Importing this imports nothing but click.
"""

from __future__ import annotations

import click

from backsym.cli.errors import reported
from backsym.core.errors import BacksymError
from backsym.core.words import say


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free one.")
@click.option(
    "--workers", type=click.IntRange(1, 61), default=2, show_default=True, help="Processes that check answers."
)
@click.option("--root-path", default="", help="The path under which a web server in front of this one shows it.")
def practice(files: tuple[str, ...], host: str, port: int, workers: int, root_path: str) -> None:
    """Serve a practice page for the problems in FILE...

    Answers are read back while they are typed and checked when the student asks; hints lead to the solution step by
    step. Nothing is stored: progress stays in the student's browser. Ctrl-C ends the server.
    """
    with reported():
        try:
            import starlette  # noqa: F401
            import uvicorn
        except ImportError:
            raise BacksymError(say("cli.no_server")) from None
        from backsym.cli.tasks import expanded
        from backsym.core.resources import find_problem
        from backsym.practice.server import Settings, application

        paths = [str(find_problem(name).resolve()) for name in expanded(files)]
        app = application(paths, Settings(workers=workers))
        click.echo(f"practice at http://{host}:{port}/ (Ctrl-C ends it)")
        uvicorn.run(app, host=host, port=port, root_path=root_path, log_level="warning", server_header=False)

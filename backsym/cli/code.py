"""``backsym code``: the network of a problem as a module of Python, or as an assignment with its tests.

Importing this imports nothing but click.
"""

from __future__ import annotations

from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.cli.files import refuse_inputs, write
from backsym.core.errors import BacksymError


@click.command()
@click.argument("file")
@click.option(
    "--target", type=click.Choice(["numpy", "torch", "jax"]), default="numpy", show_default=True,
    help="The array library that the module uses.",
)  # fmt: skip
@click.option("--skeleton", is_flag=True, help="Leave the gradients to be written, and write a file of tests for them.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def code(file: str, target: str, skeleton: bool, output: Path | None) -> None:
    """Print the network in FILE as a module with forward and backward.

    forward(inputs) returns the inputs and the value of every node; backward(values) takes that and returns the
    derivative of the loss by every node, input and parameter.  With --skeleton and -o NAME.py the tests are written to
    test_NAME.py beside it.
    """
    with reported():
        texts = written(file, target, skeleton, output)
        if output is None:
            click.echo("".join(texts.values()), nl=False)
            return
        refuse_inputs(texts, [Path(file)])
        write(texts)
        for path in texts:
            click.echo(f"wrote {path}")


def written(file: str, target: str, skeleton: bool, output: Path | None) -> dict[Path, str]:
    """The texts by the files that they go to."""
    from backsym.cli.check import load_problem
    from backsym.codegen.module import module_source
    from backsym.codegen.skeleton import checks_source, skeleton_source
    from backsym.solving.solution import solve

    if skeleton and output is not None and not output.stem.isidentifier():
        raise BacksymError(f"{output}: the tests import this file, so its name must be one that Python can import")
    solution = solve(load_problem(file))
    path = output or Path("network.py")
    if not skeleton:
        return {path: module_source(solution, target)}
    texts = {path: skeleton_source(solution, target)}
    if output is not None:
        texts[path.with_name(f"test_{path.stem}.py")] = checks_source(solution, path.stem, target)
    return texts

"""``backsym code``: the network of a problem as a module of Python, or as an assignment with its tests.

Importing this imports nothing but click.
"""

from __future__ import annotations

from pathlib import Path

import click

from backsym.cli.errors import reported
from backsym.cli.files import refuse_inputs, write
from backsym.core.errors import BacksymError
from backsym.core.words import say


@click.command()
@click.argument("file")
@click.option(
    "--target", type=click.Choice(["numpy", "torch", "jax"]), default="numpy", show_default=True,
    help="The array library that the module uses.",
)  # fmt: skip
@click.option("--function", is_flag=True, help="An autograd.Function (jax: custom_vjp), and a test of its derivative.")
@click.option("--skeleton", is_flag=True, help="Leave the gradients to be written, and write a file of tests for them.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def code(file: str, target: str, output: Path | None, *, function: bool, skeleton: bool) -> None:
    """Print the network in FILE as a module with forward and backward.

    forward(inputs) returns the inputs and the value of every node; backward(values) takes that and returns the
    derivative of the loss by every node, input and parameter.  With --function, the whole is one function that PyTorch
    or JAX can use within others.  With --skeleton or --function and -o NAME.py the tests are written to test_NAME.py
    beside it.
    """
    with reported():
        if function and skeleton:
            raise BacksymError(say("cli.function_and_skeleton"))
        texts = written_function(file, target, output) if function else written(file, target, output, skeleton=skeleton)
        if output is None:
            click.echo("".join(texts.values()), nl=False)
            return
        refuse_inputs(texts, [Path(file)])
        write(texts)
        for path in texts:
            click.echo(f"wrote {path}")


def written(file: str, target: str, output: Path | None, *, skeleton: bool) -> dict[Path, str]:
    """The texts by the files that they go to."""
    from backsym.cli.check import load_problem
    from backsym.codegen.module import module_source
    from backsym.codegen.skeleton import checks_source, skeleton_source
    from backsym.solving.solution import solve

    if skeleton:
        refuse_unimportable(output)
    solution = solve(load_problem(file))
    path = output or Path("network.py")
    if not skeleton:
        return {path: module_source(solution, target)}
    texts = {path: skeleton_source(solution, target)}
    if output is not None:
        texts[path.with_name(f"test_{path.stem}.py")] = checks_source(solution, path.stem, target)
    return texts


def written_function(file: str, target: str, output: Path | None) -> dict[Path, str]:
    """The module of a network as one function, and the tests of its derivative."""
    from backsym.cli.check import load_problem
    from backsym.codegen.function import function_source, gradcheck_source
    from backsym.solving.solution import solve

    refuse_unimportable(output)
    solution = solve(load_problem(file))
    path = output or Path("network.py")
    texts = {path: function_source(solution, target)}
    if output is not None:
        texts[path.with_name(f"test_{path.stem}.py")] = gradcheck_source(solution, path.stem, target)
    return texts


def refuse_unimportable(output: Path | None) -> None:
    """Raise BacksymError for a file that tests could not import."""
    if output is not None and not output.stem.isidentifier():
        raise BacksymError(say("cli.unimportable", path=str(output)))

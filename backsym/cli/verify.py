"""``backsym verify``: every derivative checked numerically."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from backsym.cli.errors import reported
from backsym.cli.options import workers_option
from backsym.cli.progress import progress
from backsym.cli.tasks import expanded, identity, load_all, process_count, tell, verify_task
from backsym.solving.processes import mapped

MANY = 100
"""Problems that are worth the start of several processes."""


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@workers_option
def verify(files: tuple[str, ...], workers: int | None) -> None:
    """Check every derivative of each FILE numerically; exit 1, naming the node, if one fails.

    A folder stands for the problem files in it.  A problem that is given by itself is not checked again as a member of
    a collection.
    """
    worst = 0
    with reported():
        tasks = load_all(expanded(files))
        alone = {identity(problem) for task in tasks if task.collection is None for problem in task.problems}
        left = [
            replace(task, problems=(problem,))
            for task in tasks
            for problem in task.problems
            if task.collection is None or identity(problem) not in alone
        ]
        number = process_count(workers, left, MANY)
        with mapped(verify_task, left, number) as outcomes, progress(left, "verifying") as rest:
            for _, outcome in zip(rest, outcomes, strict=True):
                worst = max(worst, tell(outcome))
    sys.exit(worst)

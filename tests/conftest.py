"""For all tests: what the garbage collector need not look through, and how the tests are dealt out to processes."""

from __future__ import annotations

import gc
from typing import Any

import pytest


def pytest_collection_finish() -> None:
    """What was loaded to collect the tests stays till the end: four hundred thousand objects.

    To look through them again and again would take a tenth of all the time.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``-n``, each process takes whole files, one after the other, and what is left is shared when one is done.

    So a fixture or a cache of a file serves most of its tests, and no process waits for another's last ones.
    """
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)

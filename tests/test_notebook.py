"""The example notebook runs, and its committed outputs are those of the code as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from notebook import CELLS, PATH

SCRIPT = Path(__file__).with_name("notebook.py")


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    return list(json.loads(PATH.read_text(encoding="utf-8"))["cells"])


def test_it_runs_and_the_committed_outputs_are_current() -> None:
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--print"], capture_output=True, text=True, encoding="utf-8", timeout=400
    )
    assert result.returncode == 0, result.stderr
    found = PATH.read_text(encoding="utf-8")
    assert result.stdout == found, "output/backsym.ipynb is stale: run python tests/notebook.py"


def test_every_cell_is_there_and_none_fails(cells: list[dict[str, Any]]) -> None:
    assert ["".join(cell["source"]) for cell in cells] == [text for _, text in CELLS]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert all(output["output_type"] == "execute_result" for output in outputs)
    assert sum(cell["cell_type"] == "code" for cell in cells) == len(outputs)


def test_results_are_shown_in_every_rich_form(cells: list[dict[str, Any]]) -> None:
    data = [output["data"] for cell in cells for output in cell.get("outputs", ()) if "data" in output]
    forms = {form for item in data for form in item}
    assert {"text/html", "text/markdown", "text/latex", "image/svg+xml", "text/plain"} <= forms
    assert any("<math" in "".join(item.get("text/html", "")) for item in data)

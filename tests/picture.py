"""Makes ``output/page.png``, the solved page on top of the README: ``python tests/picture.py``; needs poppler."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.documents.writers.render import files
from backsym.reading.files.loader import load
from backsym.solving.solution import solve

PICTURE = Path(__file__).resolve().parents[1] / "output" / "page.png"
PROBLEM, PAGE = "twin", 2
DPI = 120
MARGIN, BOTTOM = 0.8, 2.5
"""How much of the page's 2.5 cm margins is left out, in inches: at the top and the sides, and at the bottom."""

A4 = 8.27, 11.69


def main() -> None:
    problem = load(str(find_problem(PROBLEM)))
    assert isinstance(problem, Problem)
    pdf = files(None, [solve(problem)], "pdf")["solution.pdf"]
    assert isinstance(pdf, bytes)
    edge = round(MARGIN * DPI)
    width, height = (round((size - 2 * MARGIN) * DPI) for size in A4)
    crop = ["-x", edge, "-y", edge, "-W", width, "-H", height - round((BOTTOM - MARGIN) * DPI)]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "page.pdf")
        source.write_bytes(pdf)
        options = ["-png", "-gray", "-r", DPI, "-f", PAGE, "-singlefile", *crop]
        command = ["pdftoppm", *map(str, options), str(source), str(PICTURE.with_suffix(""))]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()

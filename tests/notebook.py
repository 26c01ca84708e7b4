"""Makes the example notebook: ``python tests/notebook.py`` executes it and writes ``output/backsym.ipynb``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATH = ROOT / "output" / "backsym.ipynb"

CELLS = (
    ("markdown", "# backsym in a notebook\n\nDescribe a small network by its forward equations; backsym derives the "
     "backward pass and explains it."),
    ("code", 'import backsym as bs\n\nproblem = bs.Problem(\n    title="A hidden layer",\n    forward=[\n'
     '        "z = W @ x + b",\n        "h = tanh(z)",\n        "y = v.T @ h",\n        "L = (y - t)**2 / 2",\n    ],\n'
     '    symbols={\n        "x": {"shape": ["D"], "role": "input"},\n        "W": ["K", "D"],\n        "b": ["K"],\n'
     '        "v": ["K"],\n'
     '        "t": {"shape": [], "role": "target"},\n    },\n)\nproblem'),
    ("markdown", "The computation graph:"),
    ("code", "problem.graph()"),
    ("markdown", "Solving derives every derivative and proves it numerically. A solution shows all of its steps, which "
     "unfold at a click; a result shows its two forms."),
    ("code", "solution = problem.solve()\nsolution"),
    ("code", 'solution["W"]'),
    ("markdown", "A result explains itself, and converts to NumPy and SymPy."),
    ("code", 'solution["b"].explain()'),
    ("code", 'solution["W"].numpy'),
    ("code", 'solution["W"].sympy(matrix=True)'),
    ("markdown", "Check an answer:"),
    ("code", 'bs.check(problem, "z", "dL/dh * (1 - tanh(z)^2)")'),
    ("code", 'bs.check(problem, "W", "x dL/dz^T")'),
    ("markdown", "Or just take the gradient of one expression, and its value at a point:"),
    ("code", 'gradient = bs.gradient("sum((W @ x - t)**2)/2", wrt="W", shapes={"W": ["K", "D"], "x": ["D"], '
     '"t": ["K"]})\ngradient'),
    ("code", "gradient(W=[[1, 0], [0, 2]], x=[1, 1], t=[0, 0])"),
)  # fmt: skip


def executed() -> str:
    """The executed notebook as the text of its file, without anything that differs from run to run."""
    import nbformat
    from nbclient import NotebookClient

    new = nbformat.v4
    make = {"markdown": new.new_markdown_cell, "code": new.new_code_cell}
    cells = [make[kind](text, id=f"cell-{n}") for n, (kind, text) in enumerate(CELLS, 1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = new.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel})
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
    nbformat.validate(notebook)
    return text_of(notebook)


def text_of(notebook: Any) -> str:
    import nbformat

    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    made = executed()
    if "--print" in sys.argv:
        sys.stdout.buffer.write(made.encode("utf-8"))
    else:
        PATH.write_text(made, encoding="utf-8")
        print(PATH.relative_to(ROOT))

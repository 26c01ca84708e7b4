"""Pages as they are set: nothing beyond the margins, however wide an equation is, and as few pages as there may be.

Each engine sets one document of twenty networks.  What stands where is read off the PDF, by its ink.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from extent import some
from wide_networks import WIDE

from backsym.core.problem import Collection
from backsym.core.resources import find_problem
from backsym.documents.content.blocks import Block, Document, Heading, Picture, Text
from backsym.documents.content.document import collection_document, problem_blocks
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.told import Told
from backsym.documents.writers import tex, typst
from backsym.documents.writers.pdf import latex_pdf_bytes, pdf_bytes
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve

pytestmark = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no poppler is installed")
needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex is installed")

MARGIN = 2.5
"""Of the templates, in centimetres."""

DOTS = 50
"""An inch of the pages that are looked at."""


def ink(pdf: bytes) -> list[np.ndarray]:
    """The pages of a document, dark where there is ink."""
    data = subprocess.run(
        ["pdftoppm", "-gray", "-r", str(DOTS), "-"], input=pdf, capture_output=True, check=True
    ).stdout
    pages = []
    while data:
        head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
        assert head is not None
        width, height = int(head[1]), int(head[2])
        size = head.end() + width * height
        pages.append(np.frombuffer(data[head.end() : size], np.uint8).reshape(height, width) < 128)
        data = data[size:]
    return pages


def beyond(page: np.ndarray) -> int:
    """How many dots of ink are left and right of the text, more than half a millimetre away from it."""
    edge = int((MARGIN - 0.05) / 2.54 * DOTS)
    return int(page[:, :edge].sum() + page[:, -edge:].sum())


@pytest.fixture(scope="module")
def wide() -> Document:
    blocks: list[Block] = []
    told = Told()
    for name, network in WIDE.items():
        blocks.append(Heading(2, (Text(name),)))
        page = problem_blocks(solve(problem_from_mapping({**network, "title": name})), 3, FULL, told)
        blocks += [block for block in page if not isinstance(block, Picture)]
    return Document((Text("Wide networks"),), tuple(blocks))


def test_typst_sets_nothing_beyond_the_margins(wide: Document) -> None:
    pages = ink(pdf_bytes(typst.typst(wide)["solution.typ"]))
    assert [(number, beyond(page)) for number, page in enumerate(pages, start=1) if beyond(page)] == []


@needs_tex
def test_latex_sets_nothing_beyond_the_margins_and_no_line_is_overfull(wide: Document, tmp_path: Path) -> None:
    (tmp_path / "wide.tex").write_text(str(tex.tex(wide)["solution.tex"]), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "wide.tex"]
    log = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout.decode("latin-1")
    assert [float(over) for over in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(over) > 2] == []
    pages = ink((tmp_path / "wide.pdf").read_bytes())
    assert [(number, beyond(page)) for number, page in enumerate(pages, start=1) if beyond(page)] == []


def test_ink_beyond_the_margins_would_be_seen() -> None:
    page = '#set page(paper: "a4", margin: 2.5cm)\n#set document(title: "T")\n'
    shifts = (0, 15.9)
    found = [ink(pdf_bytes(f"{page}#place(dx: {shift}cm)[m]"))[0] for shift in shifts]
    assert [beyond(one) > 0 for one in found] == [False, True]


# --- how many --------------------------------------------------------------------------------------------------------


MOST = {"full": 24, "concise": 14, "key": 4, "questions": 10}
"""Pages of the bundled collection."""


@pytest.fixture(scope="module")
def handout() -> tuple[Collection, list[Solution]]:
    loaded = load(str(find_problem("handout")))
    assert isinstance(loaded, Collection)
    return loaded, [solve(problem) for problem in loaded.problems]


@pytest.mark.parametrize("kind", MOST)
def test_the_handout_has_few_pages(handout: tuple[Collection, list[Solution]], kind: str) -> None:
    options = Options(detail=kind) if kind in ("full", "concise") else Options(kind)
    document = collection_document(*handout, options)
    assert len(ink(pdf_bytes(typst.typst(document)["solution.typ"]))) <= MOST[kind]


@needs_tex
@pytest.mark.parametrize("kind", ["concise", *some(["full"], 2, 1)])
def test_the_handout_has_as_few_pages_in_latex_but_for_one(
    handout: tuple[Collection, list[Solution]], kind: str
) -> None:
    text = str(tex.tex(collection_document(*handout, Options(detail=kind)))["solution.tex"])
    assert len(ink(latex_pdf_bytes(text))) <= MOST[kind] + 1

"""Pages as they are set: nothing beyond the margins, however wide an equation is, and as few pages as there may be.

Each engine sets one document of twenty networks.  What stands where is read off the PDF, by its ink.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import known
import numpy as np
import pytest
from extent import some
from wide_networks import WIDE

from backsym.core.problem import Collection, Problem
from backsym.core.resources import find_problem
from backsym.documents.content.blocks import (
    Aside,
    Block,
    Document,
    Equations,
    Heading,
    Paragraph,
    Picture,
    Row,
    Table,
    Text,
)
from backsym.documents.content.document import collection_document, document_of, problem_blocks
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.told import Told
from backsym.documents.writers import tex, typst
from backsym.documents.writers.pdf import latex_pdf_bytes, pdf_bytes
from backsym.printing.fragment import fragment
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


ENGINES = {
    "typst": lambda document: pdf_bytes(typst.typst(document)["solution.typ"]),
    "latex": lambda document: latex_pdf_bytes(str(tex.tex(document)["solution.tex"])),
}
engines = pytest.mark.parametrize("engine", ["typst", pytest.param("latex", marks=needs_tex)])


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


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_long_formulas_and_remarks_end_within_the_text(name: str) -> None:
    """Small signs are too light to be seen as ink; only a mark at the end of a sentence hangs over the margin."""
    pdf = pdf_bytes(typst.typst(document_of(known.solution(name)))["solution.typ"])
    boxes = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    (width,) = {float(found) for found in re.findall(r'<page width="([\d.]+)"', boxes)}
    edge = width - MARGIN / 2.54 * 72
    ends = [(float(end), text) for end, text in re.findall(r'xMax="([\d.]+)"[^>]*>([^<]*)<', boxes)]
    assert [text for end, text in ends if end > edge + (2.6 if text[-1:] in ".,-" else 0.1)] == []


def test_ink_beyond_the_margins_would_be_seen() -> None:
    page = '#set page(paper: "a4", margin: 2.5cm)\n#set document(title: "T")\n'
    shifts = (0, 15.9)
    found = [ink(pdf_bytes(f"{page}#place(dx: {shift}cm)[m]"))[0] for shift in shifts]
    assert [beyond(one) > 0 for one in found] == [False, True]


@pytest.mark.parametrize("engine", ["typst", "latex"])
def test_a_remark_behind_a_column_of_ranges_stays_on_the_page(engine: str) -> None:
    """It has no room beside a wide line, hence no column; the range, then, stands right behind its line."""
    wide = Row(fragment("a"), fragment(" + ".join("abcdefghijkmnop")))
    remark = (Text("a remark of some length about it"),)
    tail = fragment("t = 1, ..., T")
    short = Row(fragment("b"), fragment("c"), tail, reason=remark)
    plain = Row(fragment("d"), fragment("x"), tail)
    blocks = (Equations((wide, short, plain)),)
    text = tex.tex_text(blocks) if engine == "latex" else typst.typst_text(blocks)
    assert "quad t = 1" in text
    assert "&& \\quad t" not in text
    assert "&& quad t" not in text


# --- where they end --------------------------------------------------------------------------------------------------


def words(pdf: bytes) -> list[str]:
    """What is printed on each page, without spaces."""
    text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    return ["".join(page.split()) for page in text.split("\f")[:-1]]


def pages_with(text: str, pages: list[str]) -> list[int]:
    return [number for number, page in enumerate(pages, start=1) if text.replace(" ", "") in page]


QUESTIONS = 48
SET = [
    pytest.param(name, engine, marks=[needs_tex] * (engine == "latex"))
    for name in ("backward-batch", "mlp-entries", "attention", "glu")
    for engine in ENGINES
]
LABELS = [f"({letter})" for letter in "abcdefghij"]


def questions() -> tuple[Block, ...]:
    """Questions with a sentence, or with a display, each elsewhere on its page."""
    blocks: list[Block] = []
    for number in range(100, 100 + QUESTIONS):
        said = f"Solution {number}. The idea comes first, and two sentences tell what is to be done with it."
        blocks += [
            *[Paragraph((Text("A line before it."),))] * (5 + 7 * number % 23),
            Paragraph((Text(f"({number}) Show that"),)),
            *([Equations((Row(None, fragment(f"{number}00 = x")),))] if number % 2 else []),
            Paragraph((Text(said),), solves=True),
            Aside("idea", (Text("The idea of it."),)),
            Equations((Row(None, fragment(f"{number}77 = y")),)),
        ]
    return tuple(blocks)


@engines
def test_a_question_stays_with_its_solution_up_to_the_first_display(engine: str) -> None:
    pages = words(ENGINES[engine](Document((Text("Questions"),), questions())))
    for number in range(100, 100 + QUESTIONS):
        asked = [f"({number}) Show", *([f"{number}00 ="] if number % 2 else [])]
        found = [pages_with(text, pages) for text in (*asked, f"Solution {number}.", f"{number}77 =")]
        assert len(found[0]) == 1
        assert all(each == found[0] for each in found), (number, found)


@pytest.mark.parametrize(("name", "engine"), some(SET, 7))
def test_no_page_ends_between_a_question_and_its_solution(name: str, engine: str) -> None:
    """As many questions as solutions begin on each page."""
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    document = document_of(solve(problem))
    asked = [b.content for b in document.blocks if isinstance(b, Paragraph) and b.content[0].text in LABELS]
    heads = ["".join(item.text for item in content[:3] if isinstance(item, Text)) for content in asked]
    assert len(heads) > 2
    for page in words(ENGINES[engine](document)):
        begun = sum(page.count("".join(head.split())) for head in heads)
        assert begun == page.count("Solution."), page


def tables() -> tuple[Block, ...]:
    """Tables of one to six rows that are said to be checked, each elsewhere on its page."""
    blocks: list[Block] = []
    for number in range(100, 100 + QUESTIONS):
        cells = [((Text(f"{number} row {n}"),), (Text("b"),)) for n in range(1 + number % 6)]
        blocks += [
            *[Paragraph((Text("A line before it."),))] * (5 + 7 * number % 23),
            Table(((Text(f"{number} head"),), (Text("c"),)), tuple(cells)),
            Paragraph((Text(f"{number} is checked."),), closes=True),
        ]
    return tuple(blocks)


@engines
def test_no_row_of_a_table_is_alone_on_a_page(engine: str) -> None:
    """The head and two rows; the last two rows and, where the engine can, what is said below them."""
    pages = words(ENGINES[engine](Document((Text("Tables"),), tables())))
    parted = 0
    for number in range(100, 100 + QUESTIONS):
        rows = [pages_with(f"{number} row {n}", pages)[0] for n in range(1 + number % 6)]
        head = pages_with(f"{number} head", pages)[:1]
        assert [*head, *rows[:2]] == head * len([*head, *rows[:2]]), number
        assert len(set(rows[-2:])) == 1, number
        if engine == "typst":
            assert pages_with(f"{number} is checked.", pages) == rows[-1:], number
        parted += rows[0] < rows[-1]
    assert parted  # Longer tables go on over the page.


@engines
@pytest.mark.parametrize(("name", "moved"), [("gru", True), ("conv2d", False)])
def test_a_graph_without_room_is_at_the_top_of_the_next_page(engine: str, name: str, moved: bool) -> None:
    """What stands behind it goes on in its place, so that less than a third of the first page stays empty."""
    pdf = ENGINES[engine](document_of(known.solution(name)))
    pages = words(pdf)
    assert pages_with("The graph is at the top of the next page.", pages) == [1] * moved
    assert pages_with("In the graph, empty squares", pages) == [1]
    assert pages_with("(a)", pages)[:1] == [1]
    first, second = (page[: -int(2.4 / 2.54 * DOTS)] for page in ink(pdf)[:2])
    assert first[int(0.67 * len(first)) :].any()
    top = second[: int(8 / 2.54 * DOTS)]  # Edges and frames of a graph are the only long lines on these pages.
    assert longest_line(top) > DOTS // 4 or not moved


def longest_line(page: np.ndarray) -> int:
    """The most dots of ink one below another."""
    found, run = 0, np.zeros(page.shape[1], int)
    for row in page:
        run = (run + 1) * row
        found = max(found, int(run.max()))
    return found


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

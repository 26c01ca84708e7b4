"""What a printer's reader looks at: breaks of lines and pages, air, punctuation, and one notation on a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from xml.etree import ElementTree

import pytest
import typst as typst_package
from networks import NETWORKS

from backsym.core.expr import Ix
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.core.stepkinds import CHAIN_MULTI
from backsym.documents.content.blocks import (
    Block,
    Derivations,
    Derived,
    Document,
    Equations,
    Heading,
    Math,
    Paragraph,
    Row,
    Table,
    Text,
)
from backsym.documents.content.document import problem_blocks
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import Voice
from backsym.documents.content.vectorizing import lines_of
from backsym.documents.writers import html, tex, typst
from backsym.documents.writers.breaking import EQUALS, HANGING, fitted, remark_width
from backsym.documents.writers.markdown import inlines_text
from backsym.documents.writers.render import files
from backsym.documents.writers.typst import WHOLE, inlines_typst
from backsym.printing import layout as lay
from backsym.printing.fragment import fragment
from backsym.printing.latex import to_latex
from backsym.printing.measure import broken, width
from backsym.printing.notation import Notation
from backsym.printing.printer import range_layout
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve


@cache
def solved(name: str) -> Solution:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    return solve(problem)


def markdown(source: dict[str, Any] | str, options: Options = FULL) -> str:
    solution = solved(source) if isinstance(source, str) else solve(problem_from_mapping(source))
    return next(text for name, text in files(None, [solution], "md", options).items() if name.endswith(".md"))


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "whole"),
    [
        ("n = 1, \\dots, N", True),
        ("\\mathbf{a} \\odot \\mathbf{b}", True),
        ("2j - 1", True),
        ("\\nabla_{\\mathbf{W}} \\mathcal{L}", False),  # Typst does not part it anyway.
        ("z_{k=1}", False),
        ("a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8 + a_9", False),  # It would leave a hole in the line before.
    ],
)
def test_a_short_formula_is_not_parted_by_the_end_of_a_line(latex: str, whole: bool) -> None:
    layout = fragment(latex)
    assert inlines_typst((Math(layout),)).startswith("#box(") == whole
    assert whole <= (width(layout) <= WHOLE)


@pytest.mark.parametrize("name", ["attention", "conv-pool", "backward-batch"])
def test_a_line_may_end_between_the_ranges_of_two_indices(name: str) -> None:
    """They are formulas of their own, so that no line has to end within one."""
    solution = solved(name)
    steps = [step for d in solution.derivations for step in d.steps if step.kind == CHAIN_MULTI]
    told = "\n".join(inlines_text(Voice.of(solution.problem).why(step)) for step in steps)
    said = re.findall(r"; here (.*? numbers the entries of .*)", told)
    assert said
    for sentence in said:
        ranges = re.findall(r"\$([^$]*\\dots[^$]*)\$", sentence)
        assert len(ranges) >= 3
        assert all(formula.count("=") == 1 for formula in ranges), sentence


def test_a_list_on_several_lines_has_its_commas() -> None:
    rows = lines_of([fragment(letter) for letter in "abcde"], 2)
    assert [to_latex(row.rhs) for row in rows] == ["a,\\quad b,", "c,\\quad d,", "e"]


def test_rows_of_fractions_have_air_and_dots_less_of_it() -> None:
    rows = (fragment("\\frac{a}{b}"), fragment("\\frac{c}{d}"), fragment("\\vdots"), fragment("\\frac{e}{f}"))
    column = to_latex(lay.Matrix(tuple((cell,) for cell in rows)))
    assert re.findall(r"\\\\(\S*)", column) == ["[13pt]", "[13pt]", "[4pt]"]
    flat = to_latex(lay.Matrix(tuple((fragment(letter),) for letter in "abc")))
    assert re.findall(r"\\\\(\S*)", flat) == ["", ""]


SUMS = "\\frac{\\sum_{k'=1}^K e^{z_{k'}}}{\\sum_{j'=1}^J e^{s_{j'}}}"
"""Limits stand beside the sums of a fraction, which makes it wider than a displayed sum over the other would be."""


def test_the_limits_of_a_sum_in_a_fraction_have_room() -> None:
    """The widths are those of TeX with Computer Modern, in em."""
    assert width(fragment(SUMS)) == pytest.approx(4.84, abs=0.1)
    assert width(fragment("\\sum_{k'=1}^K e^{z_{k'}}")) == pytest.approx(3.5, abs=0.1)
    assert width(fragment("\\left(\\sum_{k'=1}^K a\\right)")) == pytest.approx(4.0, abs=0.15)


@pytest.mark.parametrize("name", ["nested-softmax", "swiglu-in-one-line", "graph-attention", "squeeze-excite"])
@pytest.mark.parametrize("language", ["tex", "typst"])
def test_no_displayed_formula_is_wider_than_the_page(name: str, language: str) -> None:
    """Also where the left side of a step is as long as its right side: it is then broken before the equals sign."""
    module = {"tex": tex, "typst": typst}[language]
    wide = 0
    for equations in displays(problem_blocks(solve(problem_from_mapping(NETWORKS[name])), 2)):
        room = module.ROOM
        rows = fitted(equations.rows, room)
        left = max((width(row.lhs) for row in rows if row.lhs is not None), default=0.0)
        for row in rows:
            rest = room - left - (EQUALS if row.lhs is not None else 0)
            lines = broken(row.right, rest, rest - HANGING)
            assert all(width(line) <= rest for line in lines), to_latex(row.rhs)
            if len(lines) > 1:
                wide += 1
                assert {"tex": r" \\", "typst": " \\\n"}[language] in module._display(equations.rows)
    assert wide


@pytest.mark.parametrize(
    ("latex", "lines"),
    [
        (r"(a + b)(c + f)", ["(a + b)", r"\cdot (c + f)"]),
        (r"[A \times B] [C \times D]", [r"[A \times B]", r"[C \times D]"]),
        (r"\frac{a + b + c + d}{e + f}", [r"\bigl( a + b + c", r"+ d \bigr) / \bigl( e", r"+ f \bigr)"]),
        (r"x \frac{a + b + c + d}{e}", [r"x \bigl[ \bigl( a + b + c", r"+ d \bigr) / e \bigr]"]),
        (r"\sqrt{a + b + c + d}", [r"\bigl( a + b + c", r"+ d \bigr)^{1 / 2}"]),
        (r"f(a + b + c + d)^2", [r"f \bigl( a + b + c", r"+ d \bigr)^2"]),
    ],
)
def test_what_is_too_wide_is_taken_apart_and_means_the_same(latex: str, lines: list[str]) -> None:
    assert [to_latex(line) for line in broken(fragment(latex), 5.8, 5.8)] == lines


def displays(blocks: Iterable[Block]) -> Iterator[Equations]:
    for block in blocks:
        if isinstance(block, Equations):
            yield block
        elif isinstance(block, Derivations):
            yield block.display


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"), [(1, "i = 1"), (2, "i = 1, 2"), (3, r"i = 1, \dots, 3"), ("D", r"i = 1, \dots, D")]
)
def test_a_range_has_dots_only_where_they_stand_for_something(size: int | str, expected: str) -> None:
    shown = range_layout((Ix("i", size),), Notation())
    assert shown is not None
    assert to_latex(shown) == expected


DECIMALS = {
    "title": "Zahlen",
    "symbols": {"x": {"role": "input"}, "w": {}, "t": {"role": "target"}},
    "forward": ["y = 0.5*w*x", "L = squared_error(y, t)"],
    "values": {"x": 1.5, "w": 0.25, "t": 1},
    "parts": [{"gradients": ["w"]}, {"compute": ["y", "dL/dw"]}],
}


@pytest.mark.parametrize("form", ["md", "tex", "typ", "html"])
def test_numbers_have_the_decimal_sign_of_the_language(form: str) -> None:
    comma = {"html": "<mn>{}</mn>", "typ": '"{}"'}.get(form, "{}")
    for language, sign in (("de", "," if form in ("html", "typ") else "{,}"), ("en", ".")):
        solution = solve(problem_from_mapping({**DECIMALS, "language": language}))
        text = str(files(None, [solution], form)[f"solution.{form}"])
        page = text[text.index("</style>") if form == "html" else 0 :]
        shown = comma if language == "de" else "<mn>{}</mn>" if form == "html" else "{}"
        for number in ("0.5", "1.5", "0.25", "0.1875", "0.6094"):
            assert shown.format(number.replace(".", sign)) in page, (language, number)
            assert language == "en" or form != "md" or number not in page, number


def test_a_long_remark_of_a_browser_page_stands_on_lines_of_its_own() -> None:
    rows = [r for each in displays(problem_blocks(solved("attention"), 2)) for r in each.rows if r.reason]
    found = [html._lines(r) for r in rows]
    assert {max(map(len, lines)) for lines in found} == {2, 4}
    for r, lines in zip(rows, found, strict=True):
        start = width(r.lhs) if r.lhs is not None else 0.0
        for _, *cells in lines:
            assert start + width(cells[0]) + (remark_width(r.reason) if len(cells) > 1 else 0) <= html.ROOM + 3


@pytest.mark.parametrize(("count", "listed"), [(3, False), (4, True)])
def test_a_page_with_four_headings_lists_them(count: int, listed: bool) -> None:
    page = html.html(Document((Text("T"),), tuple(Heading(2, (Text(f"H{n}"),)) for n in range(count))))["solution.html"]
    assert ('<a href="#h1">H0</a>' in page) == listed


# --- pages -----------------------------------------------------------------------------------------------------------


def test_no_line_of_a_display_stands_alone_on_a_page() -> None:
    """Each line has a box, whose stroke is counted on every page, while the display is pushed over the page's end."""
    lines = tuple(Row(lay.Boxed(lay.Ident("a")), lay.Ident("b"), lay.Ident("c") if n % 2 else None) for n in range(11))
    found = set()
    for before in range(22, 36):
        filler = tuple(Paragraph((Text("x"),)) for _ in range(before))
        source = typst.typst(Document((Text("T"),), (*filler, Equations(lines))))["solution.typ"]
        made = typst_package.compile(source.encode(), format="svg", ignore_system_fonts=True)
        pages = made if isinstance(made, list) else [made]
        found.add(tuple(page.count(b"stroke-width") for page in pages))
    assert all(sum(counts) == len(lines) for counts in found), found
    assert {1, 10}.isdisjoint(count for counts in found for count in counts), found
    assert {2, 3, 4, 5, 6, 7, 8, 9} & {counts[0] for counts in found}, found


def remarked(count: int) -> tuple[Row, ...]:
    """Rows with a box each, and remarks that have no room beside them."""
    formula, words = lay.row(*[lay.Ident("m")] * 30), Text(" ".join(["why"] * 12))
    return tuple(Row(lay.Ident("a"), lay.Boxed(formula), reason=(words,)) for _ in range(count))


def test_a_remark_stays_on_the_page_of_its_row() -> None:
    """At any end of a page, as many boxes as remarks are before it; rows of which a page may part the next."""
    rows = remarked(5)
    found = set()
    for before in range(24, 34, 2):
        filler = tuple(Paragraph((Text("x"),)) for _ in range(before))
        blocks = (*filler, Derivations((Derived(rows[-1], rows),)))
        source = typst.typst(Document((Text("T"),), blocks))["solution.typ"]
        made = typst_package.compile(source.encode(), format="svg", ignore_system_fonts=True)
        pages = made if isinstance(made, list) else [made]
        grey = [page.count(b"#5c5c5c") for page in pages]
        each = max(grey) // max(page.count(b"stroke-width") for page in pages)
        assert grey == [each * page.count(b"stroke-width") for page in pages]
        found.add(pages[0].count(b"stroke-width"))
    assert {1, 2, 3, 4} & found, found
    source = tex.tex_text([Equations(rows)])
    assert source.count("\\\\*\n& \\why") == len(rows)


def test_lines_that_stay_together_are_aligned_like_the_others() -> None:
    """The first pair, a line between and the last pair: the boxes of all lines end at the same place."""
    widths = [lay.Ident("a"), lay.row(lay.Ident("m"), lay.Ident("m")), fragment("z_k^{(2)}")]
    lines = tuple(Row(widths[n % 3], lay.Boxed(lay.Ident("b"))) for n in range(8))
    source = typst.typst(Document((Text("T"),), (Equations(lines),)))["solution.typ"]
    page = typst_package.compile(source.encode(), format="svg", ignore_system_fonts=True)
    places = list(strokes(ElementTree.fromstring(page), 0.0))
    assert len(places) == len(lines)
    assert max(places) - min(places) < 0.05
    wide = (*remarked(3), Row(fragment("z_k^{(2)}"), lay.Boxed(lay.Ident("b"))))
    source = typst.typst(Document((Text("T"),), (Derivations((Derived(wide[-1], wide),)),)))["solution.typ"]
    assert source.count("mat(delim") == 3
    page = typst_package.compile(source.encode(), format="svg", ignore_system_fonts=True)
    places = list(strokes(ElementTree.fromstring(page), 0.0))
    assert len(places) == len(wide)
    assert max(places) - min(places) < 0.05


@pytest.mark.parametrize(("words", "room"), [(12, ""), (18, "8.1em")])
def test_in_latex_a_display_is_as_wide_as_the_remarks_below_its_rows(words: int, room: str) -> None:
    """What is set into the middle by the rows alone would push them off the page."""
    wide, short = (Text(" ".join(["why"] * count)) for count in (words, 1))
    long = Row(lay.Ident("a"), lay.row(*[lay.Ident("m")] * 24), reason=(wide,))
    source = tex.tex_text([Equations((long, Row(lay.Ident("a"), lay.Ident("b"), reason=(short,))))])
    assert source.count("whybelow") == 1
    assert re.findall(r"\\hspace\{(.*?)\}", source) == ([room] if room else [])


def test_in_latex_what_leads_to_a_table_stays_with_it_and_so_does_what_closes_it() -> None:
    cell = ((Text("c"),),)
    table = Table(cell, (cell, cell))
    lead, end = Paragraph((Text("lead"),), leads=True), Paragraph((Text("end"),), closes=True)
    assert tex.tex_text([Heading(2, (Text("h"),)), lead, table, end]).startswith("\\needroom\n\\section*{h}")
    assert "\\needroom\nlead" in tex.tex_text([end, lead, table])
    assert "needroom" not in tex.tex_text([lead, Equations((Row(None, lay.Ident("a")),))])
    closed = tex.tex_text([table, end])
    assert "[36pt]" in closed
    assert "\\vspace{-32pt}\\nopagebreak\n\nend" in closed


def strokes(node: ElementTree.Element, x: float) -> Iterator[float]:
    """How far to the right each rectangle with a stroke begins."""
    moved = re.match(r"(?:translate\(|matrix\(1 0 0 1 )([-\d.]+)", node.get("transform", ""))
    x += float(moved[1]) if moved else 0.0
    if node.get("stroke-width"):
        yield x
    for child in node:
        yield from strokes(child, x)


@pytest.mark.parametrize(
    ("equation", "sentence"),
    [
        ("sum(W[j,i]*x[i], i)", "i' = i"),
        ("sum(W[j,i]*x[i], i) + sum(U[j,k]*c[k], k)", "i' = i"),
        ("sum(W[j,i]*x[i]*U[j,k]*c[k], i, k)", None),
    ],
)
def test_it_is_said_which_term_of_a_sum_is_left(equation: str, sentence: str | None) -> None:
    shapes = {"W": ["J", "D"], "U": ["J", "K"], "x": ["D"], "c": ["K"]}
    network = {
        "title": "Sums",
        "symbols": {name: shape for name, shape in shapes.items() if name in equation},
        "indices": {"i": "D", "j": "J"} | ({"k": "K"} if "k" in equation else {}),
        "forward": [f"z[j] = {equation}", "L = sum(z[j]**2, j)"],
        "parts": [{"derive": "x"}],
    }
    text = markdown(network)
    meant = re.findall(r"only \} (.*?) \\text\{ contains \} x_i", text)
    assert meant[:1] == ([sentence] if sentence else [])


def test_a_question_sheet_has_the_matrix_product_that_the_author_wrote() -> None:
    """Of a scalar too; what the author wrote as a sum over its entries, or as a named loss, stays one."""
    sheet = markdown("twin", Options(version="questions"))
    assert "z &= \\mathbf{W}^{(2)} \\mathbf{h} + b^{(2)}" in sheet
    sheet = markdown("skip", Options(version="questions"))
    assert "\\mathcal{L} &= -\\sum_{m=1}^M t_m \\log(y_m)" in sheet


# --- one notation on a page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vectors", "product", "signal"),
    [
        ("bold", r"$\mathbf{u} \odot \mathbf{v}$", r"\boldsymbol{\delta}_{\mathbf{z}^{(1)}}"),
        ("arrow", r"$\vec{u} \odot \vec{v}$", r"\vec{\delta}_{\vec{z}^{(1)}}"),
        ("plain", r"$u \odot v$", r"\delta_{z^{(1)}}"),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_vectors_are_marked_in_one_way(vectors: str, product: str, signal: str, language: str) -> None:
    network = {
        "title": "Layers",
        "language": language,
        "notation": {"gradient": "delta", "vectors": vectors},
        "symbols": {"W1": ["J", "D"], "x": ["D"], "w": ["J"]},
        "forward": ["z1 = W1 @ x", "h = tanh(z1)", "L = sum(w*h)"],
    }
    text = markdown(network)
    assert product in text
    assert signal in text
    assert vectors == "bold" or not re.search(r"boldsymbol|mathbf\{[a-z]\}", text)

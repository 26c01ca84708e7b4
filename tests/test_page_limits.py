"""Numbers that decide what stands where on a page: each has a case on both sides of it."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from fractions import Fraction

import pytest

from backsym.core.expr import Add, Equation, Fn, MatMul, Mul, Num, Sym, T
from backsym.documents.content.blocks import (
    Break,
    Derivations,
    Derived,
    Math,
    Paragraph,
    Ref,
    Row,
    Table,
    Text,
    with_legends,
)
from backsym.documents.content.derivations import _in_lines
from backsym.documents.content.document import problem_blocks
from backsym.documents.content.figures import picture
from backsym.documents.content.quantities import quantities
from backsym.documents.content.questions import PER_LINE, Sheet
from backsym.documents.content.sentences import Voice
from backsym.documents.content.vectorizing import lines_of, multiplies_arrays
from backsym.documents.writers.breaking import (
    SHARES,
    as_formula,
    fits_beside,
    in_column,
    in_letters,
    narrowed,
    number_width,
    range_column,
    remark_lines,
    remark_width,
    row_width,
    side_by_side,
    together,
)
from backsym.documents.writers.html import html_text
from backsym.documents.writers.tex import tex_text
from backsym.documents.writers.typst import typst_text
from backsym.printing import layout as lay
from backsym.printing.fragment import fragment
from backsym.printing.measure import width, width_in_line
from backsym.printing.printer import layout_of, sized_layout
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

SHORT = Row(fragment("a"), fragment("b"))


def long(em: float) -> lay.Layout:
    """A formula of so many em: a number has digits of half an em."""
    return lay.Number("1" * round(2 * em))


@pytest.mark.parametrize(("count", "lines"), [(4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_at_most_four_equations_share_a_line(count: int, lines: list[int]) -> None:
    assert [len(line) for line in side_by_side((SHORT,) * count, 1000.0)] == lines


@pytest.mark.parametrize(("more", "lines"), [(1.9, 2), (2.0, 1)])
def test_equations_on_a_line_are_two_em_apart(more: float, lines: int) -> None:
    assert len(side_by_side((SHORT, SHORT), 2 * row_width(SHORT) + more)) == lines


@pytest.mark.parametrize(("em", "shared"), [(19.0, True), (19.5, False)])
def test_derivations_of_nineteen_em_share_lines_on_a_concise_page(em: float, shared: bool) -> None:
    row = Row(None, long(em))
    assert row_width(row) == em
    blocks = _in_lines([Derived(row, (row,))] * 2)
    assert [getattr(block, "beside", None) for block in blocks] == [shared]


def test_a_derivation_of_two_rows_shares_no_line() -> None:
    two, one = Derived(SHORT, (SHORT, SHORT)), Derived(SHORT, (SHORT,))
    assert [(len(b.items), b.beside) for b in _in_lines([one, one, two, one])] == [(2, True), (1, False), (1, False)]  # type: ignore[union-attr]


def test_a_question_lists_seven_derivatives_on_a_line() -> None:
    asked = [lay.Ident("a")] * 8
    assert len(lines_of(asked[:7], PER_LINE)) == 1
    assert len(lines_of(asked, PER_LINE)) == 2


@pytest.mark.parametrize(("count", "whole"), [(5, True), (6, False)])
def test_five_names_stand_in_one_formula(count: int, whole: bool) -> None:
    names = [f"w{n}" for n in range(1, count + 1)]
    forward = ["L = (" + " + ".join(names) + ")**2/2"]
    problem = problem_from_mapping({"symbols": {name: [] for name in names}, "forward": forward})
    items = [item for item in quantities(Voice.of(problem)).items if "parameters" in str(item)]
    assert [sum(isinstance(part, Math) for part in item) == 1 for item in items] == [whole]


@pytest.mark.parametrize(("wanted", "summary"), [(["y", "w"], False), (["y", "w", "x"], True)])
def test_three_derivatives_have_a_summary(wanted: list[str], summary: bool) -> None:
    symbols = {"x": {"role": "input"}, "t": {"role": "target"}, "w": {}}
    given = {"symbols": symbols, "forward": ["y = w*x", "L = (y - t)**2/2"], "parts": [{"derive": wanted}]}
    blocks = problem_blocks(solve(problem_from_mapping({"title": "T", **given})), 2)
    assert any(isinstance(block, Table) for block in blocks) == summary


@pytest.mark.parametrize(("given", "dropped"), [("x2", True), ("x", False)])
def test_a_tag_that_an_answer_would_print_twelve_times_is_dropped(given: str, dropped: bool) -> None:
    symbols = {given: {"role": "input"}, "w2": {}, "b2": {}}
    forward = [f"z2 = w2*{given} + b2", "L = tanh(z2)"]
    problem = problem_from_mapping({"symbols": symbols, "forward": forward, "parts": [{"derive": ["w2", "b2"]}]})
    blocks = problem_blocks(solve(problem), 2)
    assert any("is dropped" in str(block) for block in blocks if isinstance(block, Paragraph)) == dropped


def test_columns_are_narrowed_only_where_they_do_not_fit() -> None:
    cell = (Math(long(10.0)),)
    table = Table((cell, cell), ((cell, cell),))
    fits = (20.0 + 2 * 1.2) / 1.03
    assert narrowed(table, fits + 1e-9)[1] == (None, None)
    assert narrowed(table, fits - 0.1)[1] == pytest.approx(((fits - 0.1) / 2 - 1.2,) * 2)


def test_a_narrowed_column_has_formulas_of_its_width() -> None:
    wide = fragment(" + ".join("abcdefghijkmnopq"))
    table = Table(((Text("a"),), (Text("b"),)), (((Math(wide),), (Text("b"),)),))
    found, widths = narrowed(table, 15.0)
    assert widths[1] is None
    assert widths[0] is not None
    lines = [item for item in found.rows[0][0] if isinstance(item, Math)]
    assert len(lines) > 1
    assert all(width_in_line(line.layout) <= widths[0] for line in lines)


def test_letters_of_a_table_are_small_where_that_keeps_formulas_whole() -> None:
    wide = fragment(" + ".join("abcdefghijklm"))
    table = Table(((), ()), (((Math(wide), Break(), Math(wide)), (Text("b"),)),))
    whole = []
    for room in range(12, 40, 2):
        found, _, small = in_letters(table, room, 0.88)
        whole.append((len([item for item in found.rows[0][0] if isinstance(item, Math)]) == 2, small))
    assert whole == sorted(whole, key=lambda pair: (pair[0], not pair[1]))
    assert set(whole) == {(False, False), (True, True), (True, False)}


@pytest.mark.parametrize(("count", "groups"), [(1, 1), (3, 1), (4, 4)])
def test_a_row_of_three_lines_is_on_one_page_with_its_remark(count: int, groups: int) -> None:
    found = together([str(n) for n in range(count)], ["remark"])
    assert len(found) == groups
    assert found[-1][-1] == "remark"
    assert len(found[-1]) > 1


def test_a_number_alone_behind_a_range_goes_with_it() -> None:
    mark = Ref(1, here=True)
    assert number_width((mark,)) == remark_width((mark,)) > 0
    assert number_width((Text("by "), mark)) == 0


def test_what_closes_a_drawing_is_a_part_of_it() -> None:
    problem = problem_from_mapping({"symbols": {"w": []}, "forward": ["L = w**2"], "loss": "L"})
    said = Paragraph((Text("legend"),), closes=True)
    first, last = with_legends([picture(Voice.of(problem)), said, said])
    assert getattr(first, "legend", None) == said.content
    assert last is said


@pytest.mark.parametrize(("more", "ends"), [(0.6, 0), (0.4, 1)])
def test_equations_that_are_wider_than_their_cell_stand_below_each_other(more: float, ends: int) -> None:
    one = (Math(fragment("a = b + c")), Text(","))
    cell = (*one, Break(), *one)
    most = width_in_line(as_formula(cell)) + more
    wide = ((Math(long(100.0)),), (Math(long(100.0)),))
    table = Table(wide, (wide, (cell, cell)))
    found, widths = narrowed(table, 2 * (most + 1.2))
    assert widths == pytest.approx((most, most))
    assert sum(isinstance(item, Break) for item in found.rows[1][0]) == ends


def sizes_below(layout: lay.Layout) -> list[str]:
    """The labels of all braces, from the left to the right."""
    if isinstance(layout, lay.Underbrace) and layout.label is not None:
        return [to_unicode(layout.label).replace(" ", "")]
    parts = [getattr(layout, each.name) for each in fields(layout)]
    inner = [item for part in parts for item in (part if isinstance(part, tuple) else (part,))]
    return [size for item in inner if isinstance(item, lay.Layout) for size in sizes_below(item)]


@pytest.mark.parametrize("part", SHARES)
def test_two_columns_have_shares_with_which_the_table_has_fewer_lines(part: float) -> None:
    """One row forces both to be narrow, another one has room in just these two."""
    both, wide = 40.0, (Math(long(100.0)),)
    sides = [part * both - 0.6, (1 - part) * both - 0.6]
    ample = tuple((Math(lay.row(long(side - 2), lay.EQUALS, long(0.5))),) for side in sides)
    found, widths = narrowed(Table((wide, wide), ((wide, wide), ample)), both + 2 * 1.2)
    assert widths == pytest.approx((part * both, (1 - part) * both))
    assert not any(isinstance(item, Break) for cell in found.rows[1] for item in cell)


def test_sizes_that_are_the_same_in_all_terms_stand_once() -> None:
    problem = problem_from_mapping(
        {"symbols": {"A": ["N", "K"], "B": ["K", "N"], "C": ["N", "N"]}, "forward": ["L = sum(A@B@C)"]}
    )
    a, b, c = (problem.sym(name) for name in "ABC")
    notation = Voice.of(problem).notation
    for terms, sizes in (
        ((MatMul((a, b)),) * 2, ["N×K", "K×N"]),
        ((MatMul((a, b)), MatMul((c, c))), ["N×K", "K×N", "N×N", "N×N"]),
        ((MatMul((a, b)), c, c), ["N×K", "K×N", "N×N", "N×N"]),
    ):
        assert sizes_below(sized_layout(Add(terms), notation)) == sizes


def test_what_is_one_factor_has_one_size() -> None:
    symbols = {"A": ["N", "K"], "B": ["N", "K"], "x": ["K"]}
    problem = problem_from_mapping({"symbols": symbols, "forward": ["L = sum(A@x) + sum(B)"]})
    a, b, x = (problem.sym(name) for name in "ABx")
    notation = Voice.of(problem).notation
    for product, sizes in (
        (MatMul((Add((a, b)), x)), ["N×K", "K×1"]),
        (MatMul((Mul((a, b)), x)), ["N×K", "K×1"]),
        (Mul((a, b)), ["N×K", "N×K"]),
        (Mul((Num(Fraction(2)), MatMul((a, x)))), ["N×K", "K×1"]),
        (Mul((a, Fn("tanh", (Add((a, b)),)))), ["N×K", "N×K"]),
    ):
        layout = sized_layout(product, notation)
        assert sizes_below(layout) == sizes
        assert lay.unmarked(layout) == layout_of(product, notation)


def test_a_number_has_a_size_where_it_meets_a_row_or_a_column() -> None:
    symbols = {"W": [1, "J"], "h": ["J"], "z": []}
    problem = problem_from_mapping({"symbols": symbols, "forward": ["L = z*sum(W@h)"]})
    w, h, z = (problem.sym(name) for name in "Whz")
    for product, sizes in (
        (Mul((z, T(h))), ["1×1", "1×J"]),
        (Mul((z, w)), ["1×1", "1×J"]),
        (Mul((h, z)), ["J×1", "1×1"]),
        (Mul((z, h)), None),  # They do not meet.
        (Mul((w, z)), None),
        (Mul((Num(Fraction(2)), w)), None),  # Not a quantity.
        (Mul((z, z, w)), None),
    ):
        assert multiplies_arrays(product) == (sizes is not None), product
        if sizes is not None:
            assert sizes_below(sized_layout(product, Voice.of(problem).notation)) == sizes


def test_remarks_are_smaller_and_have_room_before_them() -> None:
    words = (Text("1" * 20),)
    whole = width(lay.Ident("1" * 20, "roman"))
    assert remark_width(()) == 0
    assert remark_width(words) == pytest.approx(1.6 + 0.85 * whole)


@pytest.mark.parametrize(("reach", "column"), [(20.0, True), (20.1, False)])
def test_ranges_stand_in_a_column_where_all_fit(reach: float, column: bool) -> None:
    """A range of ten em, and an em and a half before it."""
    rows = (replace(SHORT, tail=long(10.0)), SHORT, replace(SHORT, tail=long(2.0)))
    assert range_column(rows, reach, 31.5) == (31.5 if column else None)
    assert range_column(rows[:2], reach, 31.5) is None  # There is one.


@pytest.mark.parametrize(
    ("ends", "column"),
    [([10.0, 10.0], True), ([10.0, 2.0], False), ([2.0, 2.1], True), ([10.0], False)],
)
def test_remarks_stand_in_a_column_where_those_with_room_behind_their_rows_fit(ends: list[float], column: bool) -> None:
    """The short one fits beside what ends at ten em, the long ones beside what ends at two em, if at all."""
    short, wide = ((Text("1" * count),) for count in (4, 20))
    room = 2.05 + remark_width(wide)
    reach = room - remark_width(short)
    assert fits_beside(wide, 2.0, room)
    assert not fits_beside(wide, 2.1, room)
    first, *others = ends
    rows = [(replace(SHORT, reason=short if others else wide), first), (SHORT, 3.0)]
    rows += [(replace(SHORT, reason=wide), end) for end in others]
    assert in_column(rows, reach, room) == column
    assert not in_column(rows, reach + 0.1, room)


def test_nothing_stands_in_a_column_beside_a_broken_row() -> None:
    """Its first lines reach to the end of the room, wherever the last one ends."""
    wide = fragment(" + ".join("abcdefghijkmnopq" * 3))
    tail = fragment("k = 1, ..., K")
    rows = (Row(fragment("a"), wide, tail, reason=(Text("so"),)), replace(SHORT, tail=tail, reason=(Text("so"),)))
    blocks = (Derivations((Derived(rows[-1], rows),)),)
    assert "&&" not in tex_text(blocks)
    assert "&&" not in typst_text(blocks)


def test_ranges_and_remarks_have_columns_in_every_form() -> None:
    """What has no range has an empty place in their column."""
    rows = (
        Row(fragment("a"), fragment("b"), fragment("k = 1, ..., K"), reason=(Text("so"),)),
        Row(fragment("c"), fragment("d"), fragment("j = 1, ..., J")),
        Row(fragment("e"), fragment("f"), reason=(Text("this"),)),
    )
    blocks = (Derivations((Derived(rows[-1], rows),)),)
    lines = [line for line in tex_text(blocks).splitlines() if "&=" in line]
    assert [line.count("&") for line in lines] == [5, 3, 5]
    assert [line.count("&") for line in typst_text(blocks).splitlines()] == [5, 3, 5]
    assert [len(re.findall("<mtd", row)) for row in html_text(blocks).split("<mtr>")[1:]] == [6, 4, 6]


@pytest.mark.parametrize(("less", "lines"), [(0.0, 1), (0.2, 2)])
def test_a_remark_is_broken_an_em_before_its_room_ends(less: float, lines: int) -> None:
    """Its width is rounded."""
    words = (Text("of some length; "), Text("and more"))
    whole = width_in_line(lay.row(lay.Ident(words[0].text, "roman"), lay.Ident(words[1].text, "roman")))
    assert len(remark_lines(words, 0.85 * whole + 1.0 - less)) == lines


@pytest.mark.parametrize(("em", "in_line"), [(21.9, True), (22.4, False)])
def test_a_question_ends_with_an_equation_of_twenty_two_em(em: float, in_line: bool) -> None:
    y = Sym("y", ())
    problem = problem_from_mapping({"symbols": {"w": []}, "forward": ["y = w", "L = y**2"]})
    sheet = Sheet(Voice.of(problem), "text")
    rest = width(lay.row(fragment("y"), lay.EQUALS))
    number = "1" * round(2 * (em - rest))
    assert abs(rest + len(number) / 2 - em) < 0.3
    sheet.blocks.append(Paragraph((Text("Show that"),)))
    sheet.equations([(Equation(y, Num(Fraction(number), number)), ())])
    assert len(sheet.blocks) == (1 if in_line else 2)

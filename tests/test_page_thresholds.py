"""Numbers that decide what a page tells, and in which form: each has a case on both sides of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from backsym.core import stepkinds as sk
from backsym.core.expr import Add, Adj, Expr, Num, Sym, num, walk
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.core.steps import Step
from backsym.documents.content import stating
from backsym.documents.content.blocks import Break, Equations, Math, Paragraph, Picture, Row, Table
from backsym.documents.content.derivations import _boxed, part_blocks, rows_of
from backsym.documents.content.figures import drawing, with_numbers
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import answered_parts
from backsym.documents.content.told import Shown
from backsym.documents.content.worked import numbers_row, value_layout
from backsym.documents.remarks.ideas import ideas
from backsym.documents.writers.breaking import fitted, narrowed, row_width
from backsym.documents.writers.html import html_text
from backsym.documents.writers.markdown import markdown_text
from backsym.documents.writers.render import files
from backsym.documents.writers.typst import inlines_typst, typst_text
from backsym.numeric.given import point
from backsym.printing import layout as lay
from backsym.printing.fragment import fragment
from backsym.printing.latex import to_latex
from backsym.printing.measure import width
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import solve

SHORT = Row(fragment("a"), fragment("b"))


def digits(em: float) -> lay.Layout:
    """A formula of so many em: a number has digits of half an em."""
    return lay.Number("1" * round(2 * em))


def number(count: int) -> Num:
    return num(int("1" * count))


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice.on_page(problem_from_mapping({"symbols": {"w": []}, "forward": ["y = w", "L = y**2"]}))


# --- rows ---


@pytest.mark.parametrize(("em", "rows"), [(24.0, 1), (24.5, 2)])
def test_equal_expressions_of_twenty_four_em_stand_in_one_row(em: float, rows: int, voice: Voice) -> None:
    between = width(lay.row(digits(1), lay.EQUALS, digits(1))) - 2
    whole = round(2 * (em - between))
    first, second = number(4), number(whole - 4)
    steps = [Step(sk.SUBSTITUTE, Sym("y", ()), first), Step(sk.SUBSTITUTE, first, second)]
    found = rows_of(steps, voice)
    assert len(found) == rows
    reach = width(lay.row(voice.layout(first), lay.EQUALS, voice.layout(second)))
    assert em - 0.5 < reach <= em


@pytest.mark.parametrize(("em", "rows"), [(34.0, 1), (34.6, 2)])
def test_what_is_equal_in_terms_of_a_quantity_joins_a_row_of_thirty_four_em(em: float, rows: int, voice: Voice) -> None:
    y = Sym("y", ())

    def found(digits: int) -> tuple[Row, ...]:
        steps = [Step(sk.CANCEL, y, number(4)), Step(sk.FOLD, number(4), number(digits), (), {"node": y})]
        return rows_of(steps, voice)

    ample = row_width(found(8)[0])
    count = 8 + round(2 * (em - ample) - 0.49)  # A digit is half an em wide.
    shown = found(count)
    assert len(shown) == rows
    assert len(found(8)) == 1


@pytest.mark.parametrize(("last", "groups"), [(["w7"], ["Units", "Sums", "Weights"]), ([], [])])
def test_six_results_of_a_network_that_are_found_likewise_stand_in_a_table(last: list[str], groups: list[str]) -> None:
    """By h_2, m_1, m_2 and two or three weights."""
    units = yaml.safe_load(Path(str(find_problem("four-units"))).read_text(encoding="utf-8"))
    asked = ["y", "z", "h3", "h4", "m3", "m4", "h1", "h2", "m1", "m2", "w10", "w9", "w8", *last]
    given = {**units, "parts": [{"derive": asked}]}
    text = str(files(None, [solve(problem_from_mapping(given))], "md")["solution.md"])
    assert re.findall(r"(\w+) <a id[^|]*\|", text) == groups


def test_a_kind_of_results_has_as_many_columns_as_there_is_room_for() -> None:
    problem = load(str(find_problem("four-units")))
    assert isinstance(problem, Problem)
    text = str(files(None, [solve(problem)], "md")["solution.md"])
    head = next(line for line in text.splitlines() if line.startswith("| Units"))
    assert head.count("|") == 5
    assert head.endswith("|  |")


@pytest.mark.parametrize(("em", "parted", "narrow"), [(39.5, False, False), (40.5, False, True), (39.5, True, True)])
def test_a_table_of_single_formulas_may_be_as_wide_as_the_text(em: float, parted: bool, narrow: bool) -> None:
    """In a room of 39 em; a cell has 1.2 em around it."""
    cell = (Math(digits(em - 1.2)), *((Break(), Math(fragment("b"))) if parted else ()))
    assert (narrowed(Table(((),), ((cell,),)), 39.0)[1] != (None,)) == narrow


@pytest.mark.parametrize(("em", "count"), [(9.5, 2), (10.0, 3)])
def test_the_second_line_of_a_formula_in_a_cell_is_set_in_by_a_quad(em: float, count: int) -> None:
    """In a column of 23.8 em; behind the empty word a sign has the space that it has between terms."""
    long = Math(lay.row(digits(15.0), lay.Op("plus"), digits(em), lay.Op("plus"), digits(em)))
    table, widths = narrowed(Table(((), ()), (((long,), (long,)),)), 50.0)
    assert widths == (pytest.approx(23.8), pytest.approx(23.8))
    shown = [to_latex(item.layout) for item in table.rows[0][0] if isinstance(item, Math)]
    assert len(shown) == count
    assert [line.startswith(r"\quad \text{} + 1") for line in shown] == [False, *[True] * (count - 1)]


@pytest.mark.parametrize(("em", "rows", "boxed"), [(24.0, 2, True), (24.5, 2, False), (24.0, 1, False)])
def test_what_two_rows_lead_to_is_boxed_up_to_twenty_four_em(em: float, rows: int, boxed: bool) -> None:
    found = _boxed((SHORT,) * (rows - 1) + (Row(fragment("a"), digits(em)),))
    assert [isinstance(row.rhs, lay.Boxed) for row in found] == [False] * (rows - 1) + [boxed]


@pytest.mark.parametrize(("em", "aligned"), [(12.0, True), (12.5, False)])
def test_left_sides_of_twelve_em_are_aligned_with_others(em: float, aligned: bool) -> None:
    rows = fitted((SHORT, Row(digits(em), fragment("b"))), 40.0)
    assert [row.lhs is not None for row in rows] == [True, aligned]


@pytest.mark.parametrize(("count", "function"), [(6, "#formula("), (7, "#long(")])
def test_a_display_of_six_lines_stays_on_one_page(count: int, function: str) -> None:
    assert typst_text([Equations((SHORT,) * count)]).startswith(function)


@pytest.mark.parametrize(("count", "function"), [(10, "#formula("), (11, "#long(")])
def test_a_list_of_ten_lines_with_ranges_stays_on_one_page_with_its_column(count: int, function: str) -> None:
    shown = typst_text([Equations((replace(SHORT, tail=fragment("k")),) * count)])
    assert shown.startswith(function)
    assert (" && quad" in shown) == (count == 10)


@pytest.mark.parametrize(("em", "scrolled"), [(12.0, False), (12.5, True)])
def test_what_is_wider_than_twelve_em_can_be_scrolled_on_a_phone(em: float, scrolled: bool) -> None:
    assert ("tabindex" in html_text([Paragraph((Math(digits(em)),))])) == scrolled
    assert ("tabindex" in html_text([Equations((Row(None, digits(em)),))])) == scrolled


def test_a_formula_of_nine_em_is_not_parted_by_the_end_of_a_line() -> None:
    ends = lay.row(lay.EQUALS, fragment("a"))
    for em, whole in ((9.0, True), (9.5, False)):
        formula = lay.row(digits(em - width(lay.row(digits(1), ends)) + 1), ends)
        assert width(formula) == pytest.approx(em, abs=0.25)
        assert inlines_typst((Math(formula),)).startswith("#box(") == whole


# --- numbers ---


def test_numbers_have_four_digits_and_those_of_a_drawing_three(voice: Voice) -> None:
    assert to_latex(value_layout(2 / 3, voice)[0]) == "0.6667"
    given = {"symbols": {"w": {}}, "forward": ["L = w**2"], "values": {"w": 2 / 3}}
    solution = solve(problem_from_mapping(given))
    drawn = with_numbers(Voice.of(solution.problem), solution.derivations, "vectorized")
    assert drawn is not None
    note = drawn.drawn.graph.vertex("w").note
    assert isinstance(note, lay.Gathered)
    assert [to_latex(line) for line in note.lines] == ["0.667", "1.33"]


def test_given_numbers_have_twelve_digits(voice: Voice) -> None:
    given = {"symbols": {"w": {}}, "forward": ["L = w**2"], "values": {"w": 2 / 3}, "parts": [{"compute": ["L"]}]}
    solution = solve(problem_from_mapping(given))
    blocks = part_blocks(answered_parts(solution)[0], Voice.of(solution.problem), Shown(voice), 2, solution)
    assert re.search(r"= 0\.666666666667(?!\d)", markdown_text(blocks))


@pytest.mark.parametrize(("size", "written"), [(6, True), (7, False)])
def test_an_array_of_six_entries_stands_in_a_formula(size: int, written: bool) -> None:
    given = {"symbols": {"x": [size]}, "forward": ["L = sum(x)"], "values": {"x": list(range(size))}}
    solution = solve(problem_from_mapping(given))
    forms = solution.forward[0]
    env = point(solution.problem, solution.derivations)
    assert forms.matrix is not None
    row = numbers_row(forms.matrix, env, Voice.of(solution.problem))
    assert ("bmatrix" in to_latex(row.rhs)) == written


# --- what is told ---


def parts_of(forward: list[str], symbols: dict[str, Any], *wanted: list[str]) -> list[str]:
    """The Markdown of each part that derives gradients, in one document."""
    given = {"symbols": symbols, "forward": forward, "parts": [{"gradients": names} for names in wanted]}
    solution = solve(problem_from_mapping(given))
    voice = Voice.on_page(solution.problem)
    shown = Shown(voice)
    return [markdown_text(part_blocks(answered, voice, shown, 2, solution)) for answered in answered_parts(solution)]


@pytest.mark.parametrize(("shape", "likewise"), [([], False), (["K", "D"], True)])
def test_a_derivation_of_two_rows_is_not_repeated_in_another_part(shape: list[str], likewise: bool) -> None:
    """One row takes as little room as the reference; a gradient has a second one, in matrix form."""
    inputs = {"x": {"shape": shape[1:], "role": "input"}}
    times = " @ " if shape else "*"
    forward = [f"p = A{times}x", f"q = B{times}x", "L = sum(p**2) + sum(q**2)" if shape else "L = p**2 + q**2"]
    _, second = parts_of(forward, {"A": shape, "B": shape, **inputs}, ["p", "q", "A"], ["B"])
    assert ("As in" in second) == likewise


@pytest.mark.parametrize(("more", "told"), [(0, True), (1, False)])
def test_four_names_are_said_to_take_the_place_of_others(more: int, told: bool) -> None:
    symbols: dict[str, Any] = {"A": ["K", "D"], "B": ["K", "D"], "c": {"role": "input"}, "d": {"role": "input"}}
    symbols |= {name: {"shape": ["D"], "role": "input"} for name in "uv"}
    symbols |= {name: {"role": "input"} for name in "fg"[: 2 * more]}
    forward = [f"p = (A @ u)*c{'*f' * more}", f"q = (B @ v)*d{'*g' * more}", "L = sum(p**2) + sum(q**2)"]
    _, second = parts_of(forward, symbols, ["p", "q", "A"], ["B"])
    assert ("with other names" in second) != told
    assert second.count(" for ") == (4 if told else 0)


def test_a_part_begins_with_two_ideas_at_most() -> None:
    given = {
        "symbols": {"W": ["K", "K"], "x": {"shape": ["K"], "role": "input"}},
        "indices": {"k": "K"},
        "forward": [
            "h = tanh(W @ x)", "z = W @ h + h", "g = z*h", "y[k] = exp(g[k])/sum(exp(g[k']), k')", "L = sum(y**2)",
        ],
        "parts": [{"derive": ["y", "g", "z", "h", "W"]}],
    }  # fmt: skip
    solution = solve(problem_from_mapping(given))
    (answered,) = answered_parts(solution)
    kinds = {remark.key for remark in ideas((*answered.needed, *answered.pieces), solution.problem)}
    assert len(kinds) > 2
    shown = Shown(Voice.on_page(solution.problem))
    part_blocks(answered, shown.voice, shown, 2, solution)
    assert sum(shown.told.said(key) for key in kinds) == 2


def chain(count: int) -> Problem:
    """So many vertices."""
    equations = ["a1 = tanh(x)", *(f"a{n} = tanh(a{n - 1})" for n in range(2, count - 1)), f"L = a{count - 2}**2"]
    return problem_from_mapping({"symbols": {"x": {"role": "input"}}, "forward": equations})


@pytest.mark.parametrize(("count", "drawn"), [(40, Picture), (41, Paragraph)])
def test_a_graph_of_forty_vertices_is_drawn(count: int, drawn: type) -> None:
    assert isinstance(drawing(Voice.of(chain(count))), drawn)


@pytest.mark.parametrize(("count", "walked"), [(3, False), (4, True)])
def test_of_four_derivatives_it_is_said_how_they_follow(count: int, walked: bool) -> None:
    solution = solve(chain(8))
    problem = solution.problem
    pieces = answered_parts(solve(problem_with(problem, [f"a{n}" for n in range(1, count + 1)])))[0].pieces
    assert any(remark.key == "ideas.walk" for remark in ideas(pieces, problem)) == walked


def problem_with(problem: Problem, wanted: list[str]) -> Problem:
    equations = [f"{eq.name} = tanh({'x' if n == 0 else f'a{n}'})" for n, eq in enumerate(problem.equations[:-1])]
    forward = [*equations, f"L = {problem.equations[-2].name}**2"]
    given = {"symbols": {"x": {"role": "input"}}, "forward": forward, "parts": [{"derive": wanted}]}
    return problem_from_mapping(given)


@pytest.mark.parametrize(("size", "put_in"), [(80, True), (81, False)])
def test_derivatives_are_put_into_expressions_of_eighty_parts(size: int, put_in: bool) -> None:
    solution = solve(chain(5))
    name = solution.derivations[-1].node
    current: Expr = Add((Adj(name, ()), *(num(1) for _ in range(size - 2))))
    assert sum(1 for _ in walk(current)) == size
    derivation = {d.node: d for d in solution.derivations}
    found = stating._put_in(current, num(1), derivation.__getitem__, solution.problem)
    assert (found is not None) == put_in

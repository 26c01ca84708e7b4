"""What stands on the pages: every displayed equality is read back from its LaTeX and evaluated on both sides.

The reader of LaTeX knows nothing of how the page was made, so that this judges the printing as well as the mathematics.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from itertools import pairwise, permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from extent import some
from known import solution, solved
from networks import NETWORKS

from backsym.core import stepkinds as sk
from backsym.core.expr import (
    Adj,
    Delta,
    Entry,
    Equation,
    Expr,
    IndexReduce,
    Ix,
    Label,
    Partial,
    Reshape,
    Shift,
    Sym,
    Total,
    free_indices,
    indices_of,
    position_of,
    rebuild,
    steps_after,
    walk,
)
from backsym.core.problem import Collection, NodeEquation, Problem, Symbol
from backsym.core.steps import Case, Step
from backsym.documents.content.blocks import (
    Block,
    Derivations,
    Equations,
    Heading,
    Inlines,
    Math,
    Paragraph,
    Ref,
    Row,
    Table,
    Text,
)
from backsym.documents.content.derivations import NAMES, part_blocks
from backsym.documents.content.document import collection_document, problem_blocks
from backsym.documents.content.likewise import form_of, renaming
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import Voice, catalogue
from backsym.documents.content.solved import answered_parts
from backsym.documents.content.told import Shown
from backsym.documents.content.worked import substituted, value_layout
from backsym.documents.remarks.ideas import ideas
from backsym.documents.remarks.readings import one_sided, readings
from backsym.documents.remarks.remark import Claim, Remark, holds
from backsym.documents.remarks.slips import slips
from backsym.documents.writers.markdown import inlines_text
from backsym.documents.writers.render import files
from backsym.numeric.context import Context, Env
from backsym.numeric.evaluate import evaluate, node_value
from backsym.numeric.given import point as given_point
from backsym.numeric.recursion import case_sides, sides_at_members
from backsym.numeric.sample import draws
from backsym.numeric.verify import with_adjoints
from backsym.parts.kind import Piece
from backsym.printing import layout as lay
from backsym.printing.latex import latex, to_latex
from backsym.printing.layout import unmarked, untinted
from backsym.printing.notation import Notation, light
from backsym.printing.plain import plain
from backsym.printing.printer import layout_of, size_layout
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.reading.latex import equations as reader
from backsym.reading.meaning.resolve import resolve_expression
from backsym.reading.plain.lexer import Source
from backsym.reading.texts import scope_of
from backsym.solving.solution import Solution, solve

ROOT = Path(__file__).resolve().parents[1]
FILES = [path for path in sorted((ROOT / "problems").rglob("*.yaml")) if isinstance(load(str(path)), Problem)]


@cache
def solved_network(name: str) -> Solution:
    return solve(problem_from_mapping(NETWORKS[name]))


def displayed(blocks: tuple[Block, ...]) -> Iterator[tuple[Row, str]]:
    """Every row of every displayed equation, and why it holds: its remark, or the sentence before it."""
    said = ""
    for block in blocks:
        if isinstance(block, Equations):
            for row in block.rows:
                yield row, inlines_text(row.reason) or said
        elif isinstance(block, Derivations):
            yield from displayed((block.display,))
        elif isinstance(block, Table):
            # Equations in the size of a display.
            cells = (item.layout for cells in block.rows for cell in cells for item in cell if isinstance(item, Math))
            for cell in cells:
                if isinstance(cell, lay.Sized) and isinstance(cell.body, lay.Row) and lay.EQUALS in cell.body.items:
                    at = cell.body.items.index(lay.EQUALS)
                    yield Row(lay.row(*cell.body.items[:at]), lay.row(*cell.body.items[at + 1 :])), said
        said = inlines_text(block.content) if hasattr(block, "content") else ""


def unmarked_row(row: Row) -> Row:
    """The row without colours, boxes and braces."""
    lhs = None if row.lhs is None else unmarked(row.lhs)
    return replace(row, lhs=lhs, via=tuple(map(unmarked, row.via)), rhs=unmarked(row.rhs))


def tags_of(problem: Problem) -> dict[lay.Layout, set[lay.Layout]]:
    """The superscripts of names, and the names below them as entries and as arrays have them."""
    notation = Notation.of(problem)
    names = [layout_of(problem.named(name), notation) for name in problem.symbols]
    found: dict[lay.Layout, set[lay.Layout]] = {}
    for layout in (*names, *map(notation.dim, problem.dims)):
        if isinstance(layout, lay.Script) and isinstance(layout.sup, lay.Fenced):
            found.setdefault(layout.sup, set()).update((layout.base, light(layout.base)))
    return found


def dropped(block: Block, voice: Voice) -> lay.Layout | None:
    """The superscript that a paragraph says is dropped from there on."""
    text = inlines_text(block.content) if isinstance(block, Paragraph) else ""
    for tag in tags_of(voice.problem):
        assert isinstance(tag, lay.Fenced)
        facts = {"tag": tag, "layer": tag.body, "sizes": ""}
        said = [voice.catalogue.phrase(f"document.untagged.{key}", **facts) for key in ("layer", "name")]
        if any(inlines_text(sentence).removesuffix(".") in text for sentence in said):
            return tag
    return None


def begins_part(block: Block) -> bool:
    first = block.content[0] if isinstance(block, (Heading, Paragraph)) and block.content else None
    return isinstance(block, Heading) or (isinstance(first, Text) and first.text.startswith("("))


def displayed_in_full(blocks: tuple[Block, ...], voice: Voice) -> Iterator[tuple[Row, str]]:
    """What is displayed, with the superscripts that the sentence of a part drops put back."""
    tag = None
    for n, block in enumerate(blocks):
        tag = dropped(block, voice) or (None if begins_part(block) else tag)
        if not isinstance(block, (Equations, Derivations)):
            continue
        said = getattr(blocks[n - 1], "content", "") if n else ""
        for row, why in displayed((block,)):
            full = row if tag is None else tagged(row, tag, tags_of(voice.problem)[tag])
            yield full, why or (inlines_text(said) if said else "")


def tagged(part: Any, tag: lay.Layout, names: set[lay.Layout]) -> Any:
    """The same with this superscript on these names."""
    if isinstance(part, tuple):
        return tuple(tagged(item, tag, names) for item in part)
    if named(part, names):
        return lay.Script(part, sup=tag)
    if isinstance(part, lay.Script) and named(part.base, names):
        sub, sup = tagged(part.sub, tag, names), tagged(part.sup, tag, names)
        name = lay.Script(part.base, sub, tag)
        return name if sup is None else lay.Script(lay.fenced("paren", name), sup=sup)
    if not isinstance(part, (lay.Layout, Row, Math)):
        return part
    return replace(part, **{each.name: tagged(getattr(part, each.name), tag, names) for each in fields(part)})


def named(part: Any, names: set[lay.Layout]) -> bool:
    """Whether this is one of the names, perhaps with a bar over it."""
    return part in names or (isinstance(part, lay.Accent) and named(part.body, names))


def read(text: str, problem: Problem, letters: tuple[Ix, ...] = ()) -> Expr:
    source, scope = Source(text), scope_of(problem, own_letters=True)
    return resolve_expression(reader.parse_expression(source, reader.vocabulary(scope)), source, scope, letters)


def sides(row: Row, problem: Problem, known: Mapping[str, Expr]) -> tuple[Expr, tuple[Expr, ...]]:
    """The left side, and everything that the row says it is equal to; what is ``known`` by its LaTeX is not read."""
    assert row.lhs is not None
    first = to_latex(row.lhs)
    left = known[first] if first in known else read(first, problem)
    texts = [to_latex(untinted(stage)) for stage in (*row.via, row.rhs)]
    spaced = {text.replace(r"\, ", ""): e for text, e in known.items()}  # A brace may need a space before it.
    found = [known.get(text, spaced.get(text.replace(r"\, ", ""))) for text in texts]
    return left, tuple(e or read(t, problem, free_indices(left)) for t, e in zip(texts, found, strict=True))


def with_totals(solution: Solution) -> dict[str, Expr]:
    """What is not read, by its LaTeX: Jacobians, second derivatives, the label of the next member, and vec^-1."""
    found: dict[str, Expr] = {}
    voice = Voice.on_page(solution.problem)

    def note(steps: Iterable[Step]) -> None:
        for step in steps:
            found.update({to_latex(voice.layout(e)): e for e in (step.before, step.after)})
            note(step.substeps)

    for d in solution.derivations:
        note(d.steps)
    for total in solution.totals:
        cases = (form for case in total.cases for form in (case.entry, case.matrix))
        for form in (total.entry, total.matrix, *cases):
            found.update({to_latex(voice.layout(e)): e for e in (form.lhs, form.rhs)} if form is not None else {})
        note(total.steps)
    return {text: e for text, e in found.items() if any(map(unread, walk(e)))}


def unread(e: Expr) -> bool:
    ahead = any(isinstance(ix, Label) and any(isinstance(at, Shift) for at in ix.at) for ix in indices_of(e))
    return ahead or isinstance(e, Total) or (isinstance(e, Reshape) and e.regroups and len(e.shape) == 2)


def difference(left: Expr, right: Expr, env: Env, unequal: tuple[str, ...] = ()) -> float:
    letters = tuple(dict.fromkeys([*free_indices(left), *free_indices(right)]))
    a, b = evaluate(left, env, letters), evaluate(right, env, letters)
    if not b.any():  # The zero array of any shape is printed as 0.
        b = np.zeros_like(a)
    assert a.size == b.size, "the two sides have different shapes"
    b = b.reshape(a.shape)
    if unequal:
        a, b = (np.where(same_letters(letters, a, unequal), 0.0, side) for side in (a, b))
    outside = beyond((left, right), letters, a, env)
    a, b = (np.where(outside, 0.0, side) for side in (a, b))
    scale = max(float(np.abs(a).max(initial=0.0)), float(np.abs(b).max(initial=0.0)), 1e-6)
    return float(np.abs(a - b).max(initial=0.0)) / scale


def beyond(sides: tuple[Expr, ...], letters: tuple[Ix, ...], value: np.ndarray, env: Env) -> np.ndarray:
    """Where a side mentions a member after the last one of a recurrence, for which it is not meant."""
    recurrent = {eq.indices[0].dim for eq in env.equations.values() if eq.block}
    found = np.zeros(value.shape, dtype=bool)
    places = np.indices(value.shape)
    for ix in {ix for side in sides for e in walk(side) for ix in indices_of(e) if ix.dim in recurrent}:
        size = ix.dim if isinstance(ix.dim, int) else env.dims[ix.dim]
        found |= (position_of(ix) or 0) > size
        for at, letter in enumerate(letters):
            after = steps_after(ix, letter)
            if after is not None and after > 0:
                found |= places[at] + 1 + after > size
    return found


def with_cases(solution: Solution) -> dict[tuple[str, str], tuple[Case, Equation]]:
    """The cases of derivatives by members of recurrences, and of Jacobians, by the LaTeX of both sides."""
    voice = Voice.on_page(solution.problem)
    return {
        (to_latex(voice.layout(form.lhs)), to_latex(voice.layout(form.rhs))): (case, form)
        for d in (*solution.derivations, *solution.totals)
        for case in d.cases
        for form in (case.entry, case.matrix)
        if form is not None
    }


def sides_of_case(case: Case, form: Equation, env: Env) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Both sides at each of its members."""
    if not any(isinstance(e, Total) for e in walk(form.lhs)):
        yield from case_sides(case, form, Context.of(env))
        return
    for at in sides_at_members(case, form, Context.of(env)):
        letters = free_indices(at.lhs)
        a, b = (evaluate(side, env, letters) for side in (at.lhs, at.rhs))
        yield a, np.broadcast_to(b, a.shape) if b.size == 1 else b.reshape(a.shape)


def slope_there(name: str, value: Expr, solution: Solution, env: Env) -> float:
    """The gradient by a quantity where it has this value, relative to the gradient elsewhere."""
    values = {**env.values, name: evaluate(value, env)}
    there = replace(env, values=values, adjoints={})
    for eq in solution.problem.equations:
        values[eq.name] = np.asarray(node_value(eq, Context.of(there))[1], dtype=float)
    slope = with_adjoints(solution.derivations, there).adjoints[name]
    return float(np.abs(slope).max() / np.abs(env.adjoints[name]).max())


def same_letters(letters: tuple[Ix, ...], value: np.ndarray, unequal: tuple[str, ...]) -> np.ndarray:
    """Where two letters that are said to be unequal have the same value."""
    places = np.indices(value.shape)[: len(letters)]
    one, other = (places[next(n for n, ix in enumerate(letters) if ix.letter == letter)] for letter in unequal)
    return np.asarray(one == other)


def check_page(solution: Solution, options: Options = FULL) -> int:
    problem = solution.problem
    voice = Voice.on_page(problem)
    numbers = [
        inlines_text(voice.catalogue.phrase(f"document.numbers_{key}"))
        for key in ("forward", "backward", "backward_alone")
    ]
    points = [with_adjoints(solution.derivations, env) for env in draws(problem, 2)]
    known, cases = with_totals(solution), with_cases(solution)
    stationary = {total.node: total.stationary for total in solution.totals if total.stationary is not None}
    count = 0
    for row, said in displayed_in_full(problem_blocks(solution, 2, options), voice):
        if row.lhs is None:
            continue
        row = unmarked_row(row)
        if said in numbers:
            check_numbers(row, solution)
            continue
        name = to_latex(row.lhs).partition("_")[0]
        if name in NAMES and not any(symbol.startswith(name) for symbol in solution.problem.symbols):
            # What a row gives a name is that from there on.
            problem, points = with_definition(row, name, problem, points)
            given = [to_latex(item.layout).split(" = ") for item in row.reason if isinstance(item, Math)]
            for left, right in given:
                whole = read(left, problem)
                for env in points:
                    assert difference(whole, read(right, problem, free_indices(whole)), env) < 1e-8, (left, right)
            count += len(given)
            continue
        case = cases.get((to_latex(row.lhs), to_latex(untinted(row.rhs))))
        if case is not None and not row.via:
            for env in points:
                for a, b in sides_of_case(*case, env):
                    np.testing.assert_allclose(b, a, rtol=1e-8, atol=1e-12, err_msg=to_latex(row.lhs))
            count += 1
            continue
        left, rights = sides(row, problem, known)
        if isinstance(left, Adj) and left.name in stationary and to_latex(row.rhs) in ("0", r"\mathbf{0}"):
            continue  # Where it is zero stands beside it.
        if isinstance(left, Sym) and left.name in stationary:
            assert max(slope_there(left.name, rights[-1], solution, env) for env in points) < 1e-7
            continue
        check_local_derivatives(row, problem, points)
        unequal = re.search(r"\$(\S+) \\ne (\S+)\$", said)
        for env, right in product(points, rights):
            error = difference(left, right, env, unequal.groups() if unequal else ())
            assert error < 1e-8, f"{to_latex(row.lhs)} = {to_latex(row.right)} ({said}): {error}"
        count += len(rights)
    return count


def check_local_derivatives(row: Row, problem: Problem, points: list[Env]) -> int:
    """What a reason says a local derivative is, evaluated at all points; how many there are."""
    texts = [to_latex(item.layout) for item in row.reason if isinstance(item, Math)]
    claims = [text.split(" = ") for text in texts if re.match(r"\\partial .* = [^=]+$", text)]
    for left, right in claims:
        for env in points:
            assert difference(read(left, problem), read(right, problem), env) < 1e-8, (left, right)
    return len(claims)


def with_definition(row: Row, name: str, problem: Problem, points: list[Env]) -> tuple[Problem, list[Env]]:
    """The problem and the points with what is named ``S`` or ``S_n``."""
    assert row.lhs is not None
    rhs = read(to_latex(row.rhs), problem)
    letters = tuple(ix for ix in free_indices(rhs))
    assert to_latex(row.lhs).translate(str.maketrans("", "", "_{}")) == name + "".join(ix.letter for ix in letters)
    symbol = Symbol(name, tuple(ix.dim for ix in letters), "node")
    equation = NodeEquation(name, symbol.shape, letters, rhs, "", index_level=True)
    points = [
        replace(
            env,
            values={**env.values, name: evaluate(rhs, env, letters)},
            equations={**env.equations, name: equation},
        )
        for env in points
    ]
    equations = (equation, *problem.equations)
    return replace(problem, symbols={**problem.symbols, name: symbol}, equations=equations), points


def point(solution: Solution) -> Env:
    return given_point(solution.problem, solution.derivations)


def check_numbers(row: Row, solution: Solution) -> None:
    """Each stage of a row such as z = w x + b = 2 * 1 + 3 = 5 has the value of its left side, but for rounding."""
    env = point(solution)
    assert row.lhs is not None
    left = read(to_latex(row.lhs), solution.problem)
    value = evaluate(left, env, free_indices(left))
    items = row.rhs.items if isinstance(row.rhs, lay.Row) else (row.rhs,)
    stages: list[list[lay.Layout]] = [[]]
    for item in items:
        if isinstance(item, lay.Op) and item.spacing == "relation":
            stages.append([])
        else:
            stages[-1].append(item)
    for stage in stages:
        text = to_latex(lay.row(*stage))
        if "matrix" not in text:
            found = evaluate(read(text, solution.problem, free_indices(left)), env, free_indices(left))
            np.testing.assert_allclose(found.reshape(value.shape), value, rtol=1e-2, atol=1e-3, err_msg=text)


@cache
def equalities(path: Path) -> int:
    """How many equalities the full page of a bundled problem displays; all of them hold."""
    return check_page(solved(path))


@pytest.mark.parametrize("path", some(FILES, 6), ids=lambda path: path.stem)
def test_every_displayed_equality_of_a_bundled_problem_holds(path: Path) -> None:
    assert equalities(path) >= 9


@pytest.mark.parametrize("name", some(NETWORKS, 8))
def test_every_displayed_equality_of_a_network_holds(name: str) -> None:
    assert check_page(solved_network(name)) >= 3


@pytest.mark.parametrize("path", some(FILES, 6), ids=lambda path: path.stem)
def test_every_displayed_equality_of_a_concise_page_holds(path: Path) -> None:
    assert 3 <= check_page(solved(path), Options(detail="concise")) <= equalities(path)


SOFTMAX = {
    "symbols": {"W2": ["D2", "D1"], "b2": ["D2"], "x1": {"shape": ["D1"], "role": "input"},
                "t": {"shape": ["D2"], "role": "target", "one_hot": True}},
    "indices": {"k": "D2", "j": "D1"},
    "forward": ["z2[k] = sum(W2[k,j]*x1[j], j) + b2[k]", "a2[k] = exp(z2[k])/sum(exp(z2[k']), k')",
                "L = -sum(t[k]*log(a2[k]), k)"],
    "parts": [{"show": "dL/dz2[k] = a2[k] - t[k]"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("names", "changes", "tag"),
    [
        ({}, {}, "(2)"),
        ({"D2": "K"}, {}, "(2)"),
        ({}, {"notation": {"layer": "bracket"}}, "[2]"),
        ({}, {"notation": {"layer": "subscript"}}, None),
        ({"2": "_l"}, {}, "(l)"),
        ({"x1": "z"}, {}, None),  # Without its tag, z^(2) would read as the input.
        ({"a2": "a1"}, {}, None),  # Two layers occur.
        ({"a2": "a"}, {}, None),  # A computed quantity has no tag.
        ({"a2": "e2"}, {}, None),  # It would read as the base of the exponential.
        ({"a2": "k2"}, {}, None),  # ... and as the letter of an index.
        ({"D2": "z3"}, {}, None),  # A size has another tag, and the letter of a quantity.
        ({}, {"parts": [{"show": "dL/db2[k] = dL/dz2[k]"}]}, None),  # Too short to say it.
        ({}, {"parts": [{"derive": ["z2", "W2"]}]}, None),  # What leads into the layer is another one's.
        ({"D1": "H", "x1": "x"}, {"parts": [{"derive": ["z2", "W2"]}]}, "(2)"),
    ],
)
@pytest.mark.parametrize("detail", ["full", "concise"])
def test_the_tag_that_all_names_of_a_part_have_is_dropped(
    names: dict[str, str], changes: dict[str, Any], tag: str | None, detail: str
) -> None:
    text = json.dumps(SOFTMAX)
    for old, new in names.items():
        text = text.replace(old, new)
    solution = solve(problem_from_mapping({**json.loads(text), **changes}))
    options = Options(detail=detail)
    assert check_page(solution, options) >= 1
    page = files(None, [solution], "md", options)["solution.md"]
    assert isinstance(page, str)
    assert page.count("dropped") == (tag is not None)
    solved_part = page.rpartition("(a)")[2].partition("\n\n")[2].partition("\n#")[0]
    if tag is not None:
        assert f"superscript ${tag}$" in solved_part
        assert solved_part.count(f"^{{{tag}}}") == solved_part.count("stands for")
    else:
        assert "^{(" in solved_part or "_2" in solved_part


@pytest.mark.parametrize(
    ("equation", "names"),
    [
        ("softmax(W @ x)", ["S_{k'}", "Q"]),
        ("softmax(W @ x + b)", ["S_{k'}", "Q"]),
        ("softmax(2*(W @ x))", ["S_{k'}", "Q"]),
        ("softmax(W @ x + U @ x)", ["S_{k'}", "Q_{k'}", "R"]),
        ("exp(b)/sum(exp(b))", ["S"]),
    ],
)
def test_a_sum_that_a_quotient_repeats_at_other_positions_has_one_name(equation: str, names: list[str]) -> None:
    symbols = {"W": ["K", "D"], "U": ["K", "D"], "b": ["K"], "x": {"shape": ["D"], "role": "input"}}
    forward = [f"p = {equation}", "L = sum(p**2)"]
    used = {name: shape for name, shape in symbols.items() if re.search(rf"\b{name}\b", equation)}
    parts = [{"derive": next(iter(used))}]
    solution = solve(problem_from_mapping({"symbols": used, "forward": forward, "parts": parts}))
    assert check_page(solution) >= 4
    rows = [row for row, _ in displayed(problem_blocks(solution, 2))]
    assert [to_latex(row.lhs) for row in rows if row.lhs and re.match("[SRQ](_|$)", to_latex(row.lhs))] == names


@pytest.mark.parametrize(("given", "likewise"), [("w*x + b", True), ("w*x + 2*b", False), ("tanh(b) + w*b", False)])
def test_why_a_derivative_is_passed_on_unchanged_is_said_beside_it(given: str, likewise: bool) -> None:
    """In place of the equation again, which stands beside the one above; another local derivative is not 1."""
    symbols = {"w": {"role": "parameter"}, "b": {"role": "parameter"}, "x": {"role": "input"}}
    mapping = {"symbols": symbols, "forward": [f"z = {given}", "L = (z - x)**2/2"], "parts": [{"derive": ["w", "b"]}]}
    solution = solve(problem_from_mapping(mapping))
    assert check_page(solution) > 3
    points = [with_adjoints(solution.derivations, env) for env in draws(solution.problem, 2)]
    rows = [row for row, _ in displayed(problem_blocks(solution, 2)) if row.lhs is not None]
    assert sum(check_local_derivatives(row, solution.problem, points) for row in rows) == likewise
    text = "".join(inlines_text(row.reason) for row in rows)
    assert text.count("from $z = ") == 2 - likewise
    assert text.count("power rule") == 1


def test_a_wrong_equality_would_be_found() -> None:
    problem = solved_network("rnn").problem
    env = draws(problem, 1)[0]
    name = problem.equations[0].name
    left = problem.sym(name)
    assert difference(left, left, env) == 0
    assert difference(left, read(f"2 {latex(left, Notation.of(problem))}", problem), env) > 0.1


@pytest.mark.parametrize("path", some(FILES, 6), ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["md", "tex"])
def test_nothing_leaks_onto_the_page(path: Path, form: str) -> None:
    for options in (FULL, Options("questions"), Options("key"), Options(detail="brief")):
        text = "".join(files(None, [solved(path)], form, options).values())
        assert not re.search(
            r"\bNone\b|\bnan\b|\binf\b|\{\{(?!\\underbrace)|\}\} *\n#|<<|>>|Traceback", text.replace(r"}}", "")
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_question_sheet_has_no_answer(path: Path) -> None:
    solution = solved(path)
    problem, voice = solution.problem, Voice.on_page(solution.problem)
    parts = tuple(replace(p, text=p.text if p.kind == "ask" else None) for p in problem.parts)
    silent = replace(problem, text=None, parts=parts)
    sheet = files(None, [replace(solution, problem=silent)], "md", Options("questions"))["solution.md"]

    def printed(lhs: Expr, rhs: Expr) -> bool:
        notations = (voice.notation, voice.in_text.notation)
        stated = "|".join(re.escape(f"{latex(lhs, notation)} = {latex(rhs, notation)}") for notation in notations)
        return re.search(rf"({stated})\s*(,|\\\\|\n|\$|$)", sheet.replace("&= ", "= ")) is not None

    stated = {claim for part in problem.parts for claim in part.claims}
    for d in solution.derivations:
        for equation in (d.entry, d.matrix):
            if equation is not None and (equation.lhs, equation.rhs) not in stated:
                assert not printed(equation.lhs, equation.rhs), equation
    for forms in solution.forward:
        kinds = {part.kind for part in problem.parts if forms.node in part.targets}
        node = problem.by_name[forms.node]
        assert "forward" not in kinds or not printed(node.lhs, node.rhs)
        if "vectorize" in kinds and forms.matrix not in (None, forms.entry):
            assert not printed(forms.matrix.lhs, forms.matrix.rhs)
    assert "Solution" not in sheet
    assert ".svg" not in sheet or problem.figure is not None


VALUES = {
    "title": "Numbers",
    "symbols": {
        "x": {"shape": ["D"], "role": "input"}, "W": {"shape": ["K", "D"], "role": "parameter"},
        "b": {"role": "parameter"}, "t": {"shape": ["K"], "role": "target"},
    },
    "forward": ["z = W @ x + b", "y = sigmoid(z)", "L = squared_error(y, t)"],
    "values": {"x": [1, 2, 0], "W": [[0.5, -1, 0], [1, 0.25, 3]], "b": -0.5, "t": [0, 1]},
}  # fmt: skip


def test_the_numbers_of_a_worked_example_are_right() -> None:
    solution = solve(problem_from_mapping(VALUES))
    env = point(solution)
    w, x, t = (np.array(VALUES["values"][k], dtype=float) for k in ("W", "x", "t"))  # type: ignore[index]
    y = 1 / (1 + np.exp(-(w @ x - 0.5)))
    dz = (y - t) * y * (1 - y)
    np.testing.assert_allclose(env.values["y"], y, rtol=1e-12)
    np.testing.assert_allclose(env.adjoints["W"], np.outer(dz, x), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(env.adjoints["b"], dz.sum(), rtol=1e-9)
    text = files(None, [solution], "md")["solution.md"]
    assert f"{y[0]:.4g}" in text
    rows = r"0.5 & -1\phantom{.00} & 0 \\ 1\phantom{.0} & \phantom{-}0.25 & 3"
    assert rf"\begin{{bmatrix}} {rows} \end{{bmatrix}} \begin{{bmatrix}} 1 \\ 2 \\ 0 \end" in text


@pytest.mark.parametrize(
    ("parts", "forward", "backward"),
    [
        ([], True, "The backward pass likewise"),
        ([{"compute": ["z"]}], True, "The backward pass likewise"),
        ([{"compute": ["z", "y"]}, {"compute": "L"}], False, "The backward pass with numbers"),
        ([{"compute": ["z", "y", "L", "dL/dy", "dL/dz", "dL/dw", "dL/dx"]}], False, None),
    ],
)
def test_numbers_that_a_part_has_computed_are_not_said_again(
    parts: list[dict[str, Any]], forward: bool, backward: str | None
) -> None:
    problem = {
        "symbols": {"w": {}, "x": {"role": "input"}},
        "forward": ["z = w*x", "y = tanh(z)", "L = y**2"],
        "values": {"w": 2, "x": 0.5},
    }
    page = files(None, [solve(problem_from_mapping({**problem, "parts": parts}))], "md")["solution.md"]
    assert isinstance(page, str)
    assert ("The forward pass with numbers" in page) == forward
    assert (backward in page) if backward else "The backward pass" not in page
    for row in (r"= w x = 2 \cdot 0.5 = 1", r"\tanh(z) = \tanh(1)", r"{\partial y} &= 2 y \approx"):
        assert page.count(row) == 1, row
    assert r"\partial \mathcal{L}} &= 1" not in page.partition("Numeric example")[2]


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ([0.5, 1, -0.25], [r"\phantom{-}0.5\phantom{0}", r"\phantom{-}1\phantom{.00}", "-0.25"]),
        ([10, 2.5], [r"10\phantom{.0}", r"\phantom{0}2.5"]),
        ([1, 2], ["1", "2"]),
        ([-1, -2.5], [r"-1\phantom{.0}", "-2.5"]),
        ([1e-9, 2.5], ["10^{-9}", "2.5"]),
    ],
)
def test_decimal_points_stand_below_each_other(column: list[float], shown: list[str]) -> None:
    voice = Voice.on_page(solved_network("rnn").problem)
    found, exact = value_layout(np.array(column), voice)
    assert isinstance(found, lay.Matrix)
    assert [to_latex(cell) for (cell,) in found.rows] == shown
    assert exact
    assert to_latex(lay.with_decimal_comma(found)) == to_latex(found).replace(".", "{,}")


def test_terms_that_cancel_leave_zero_and_not_rounding() -> None:
    problem = {
        "title": "Cancelling",
        "symbols": {
            "w": {"role": "parameter"}, "x": {"shape": ["N"], "role": "input"}, "t": {"shape": ["N"], "role": "target"},
        },
        "forward": ["y = w*x", "h = relu(y - t)", "e = y - t", "L = sum(h) + sum(e) + sum(e**2)/2 + exp(-40*w**2)"],
        "values": {"w": 1, "x": [0.3, 0.1, 0.7], "t": [0.3, 0.1, 0.7]},
    }  # fmt: skip
    for w, x, t in ((0.1, 3, 0.3), (0.7, 0.1, 0.07)):
        assert w * x != t, "the point is one where rounding shows"
        problem["values"] = {"w": w, "x": [x, 2 * x], "t": [t, 2 * t]}
        solution = solve(problem_from_mapping(problem))
        env = point(solution)
        assert not env.values["e"].any()
        assert not env.values["h"].any()
        np.testing.assert_array_equal(env.adjoints["e"], [1, 1])
        assert env.values["L"] == pytest.approx(np.exp(-40 * w * w), rel=1e-12)
        assert r"\times 10^{-1" not in files(None, [solution], "md")["solution.md"]


def test_a_small_number_stays_and_is_rounded() -> None:
    problem = {
        "title": "Small",
        "symbols": {"x": {"role": "input"}, "w": {"role": "parameter"}},
        "forward": ["z = w*x", "L = exp(-z)"],
        "values": {"x": 20, "w": 2},
    }
    text = files(None, [solve(problem_from_mapping(problem))], "md")["solution.md"]
    assert r"\mathcal{L} &= e^{-z} = e^{-40} \approx 4.248 \times 10^{-18}" in text
    assert r"\frac{\partial \mathcal{L}}{\partial z} &= -\mathcal{L} \approx -4.248 \times 10^{-18} \\" in text


def test_substituted_scalars_evaluate_to_what_is_shown() -> None:
    scalar = {
        "title": "A neuron",
        "symbols": {n: {"role": r} for n, r in zip("xwbt", ("input", "parameter", "parameter", "target"), strict=True)},
        "forward": ["z = w*x + b", "y = tanh(z)", "L = 1/2*(y - t)**2"],
        "values": {"x": 1.5, "w": -2, "b": 0.5, "t": 1},
    }
    solution = solve(problem_from_mapping(scalar))
    env, voice = point(solution), Voice.of(solution.problem)
    for equation in [f.entry for f in solution.forward] + [d.entry for d in solution.derivations]:
        put_in, _ = substituted(equation.rhs, env, voice)
        value = evaluate(read(to_latex(put_in), solution.problem), env)
        np.testing.assert_allclose(value, evaluate(equation.rhs, env), rtol=5e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"x": 1.0}, "w and t have no values"), ({"x": 0.0, "w": 1.0, "t": 0.0}, "not a finite number")],
)
def test_a_worked_example_that_cannot_be_made_says_why(values: dict[str, float], message: str) -> None:
    from backsym.core.errors import BacksymError

    given = {
        "symbols": {"x": {"role": "input"}, "w": {"role": "parameter"}, "t": {"role": "target"}},
        "forward": ["z = w*log(x)", "L = (z - t)**2"],
        "values": values,
    }
    with pytest.raises(BacksymError, match=message):
        files(None, [solve(problem_from_mapping(given))], "md")


def test_a_derivative_that_is_infinite_at_the_given_values_is_refused() -> None:
    from backsym.core.errors import BacksymError

    given = {
        "symbols": {"x": {"shape": ["D"], "role": "input"}},
        "forward": ["y = sqrt(x)", "L = sum(y)"],
        "values": {"x": [0, 1]},
    }
    with pytest.raises(BacksymError, match="the derivative by x is not a finite number"):
        files(None, [solve(problem_from_mapping(given))], "md")


# --- what is to be shown, and what is said around it ---


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_part_that_states_an_equation_contains_or_follows_its_proof(path: Path) -> None:
    """From the chain rule to the claim, and every derivative that is put in on the way has been derived before."""
    problem = solved(path).problem
    derived: set[str] = set()
    for answered in answered_parts(solved(path)):
        derived |= {piece.node for piece in answered.needed}
        for piece in answered.pieces if answered.part.kind == "show" else ():
            check_proof(piece, problem, derived)
        derived |= {piece.node for piece in answered.pieces if piece.derivative}


def check_proof(piece: Piece, problem: Problem, derived: set[str]) -> None:
    steps = [step for step in (*piece.steps, *piece.after) if step.kind not in (sk.FORWARD, sk.LOCAL, sk.RECALL)]
    assert steps[0].before == piece.steps[0].before
    assert plain(steps[-1].after, problem) == plain(piece.result.rhs, problem)
    recalled = {step.facts["node"].name: step for step in piece.after if step.kind == sk.RECALL}  # type: ignore[union-attr]
    assert recalled.keys() <= derived
    for step in piece.after:
        if step.kind == sk.PRESENT:  # It brings in no derivative whose result was not recalled.
            names = [{e.name for e in walk(side) if isinstance(e, Adj)} for side in (step.before, step.after)]
            assert names[1] - names[0] <= recalled.keys()


STATED = {
    "symbols": {"W": ["K", "D"], "b": ["K"], "x": ["D"], "t": {"shape": ["K"], "role": "target", "one_hot": True}},
    "indices": {"i": "D", "k": "K"},
    "forward": ["z = W @ x + b", "y = softmax(z)", "L = -sum(t*log(y))"],
}


@pytest.mark.parametrize(
    ("claims", "needed"),
    [
        (["dL/dW[k,i] = (y[k] - t[k])*x[i]"], [["z"]]),
        (["dL/dz[k] = y[k] - t[k]", "dL/dW[k,i] = (y[k] - t[k])*x[i]"], [[], []]),
        (["dL/dx[i] = sum((y[k] - t[k])*W[k,i], k)", "dL/dW[k,i] = dL/db[k]*x[i]"], [["z"], ["b"]]),
        (["dL/dW[k,i] = dL/dz[k]*x[i]", "dL/dz[k] = y[k] - t[k]"], [[], []]),
        (["dL/dW = (y - t) @ x.T", "dL/dz = y - t"], [["z"], []]),
    ],
)
def test_what_a_claim_rests_on_is_derived_before_it(claims: list[str], needed: list[list[str]]) -> None:
    solution = solve(problem_from_mapping({**STATED, "parts": [{"show": claim} for claim in claims]}))
    parts = answered_parts(solution)
    assert [[piece.node for piece in answered.needed] for answered in parts] == needed
    derived: set[str] = set()
    for answered in parts:
        derived |= {piece.node for piece in answered.needed}
        check_proof(answered.pieces[0], solution.problem, derived)
        derived |= {piece.node for piece in answered.pieces}
    assert check_page(solution) > 3


def test_a_letter_that_is_bound_in_what_is_put_in_stays_apart_from_others() -> None:
    given = {
        "symbols": {"W": ["K", "D"], "V": ["M", "K"], "x": ["D"], "t": {"shape": ["M"], "role": "target"}},
        "indices": {"i": "D", "k": "K", "m": "M"},
        "forward": ["h = W @ x", "z = V @ h", "L = sum((z - t)**2)/2"],
        "parts": [{"show": "dL/dx[i] = sum(sum((z[m] - t[m])*V[m,k], m)*W[k,i], k)"}],
    }
    solution = solve(problem_from_mapping(given))
    assert [piece.node for piece in answered_parts(solution)[0].needed] == ["z", "h"]
    assert check_page(solution) > 3


def remarks_of(solution: Solution) -> Iterator[Remark]:
    for answered in answered_parts(solution):
        pieces = (*answered.needed, *answered.pieces)
        for rule in (ideas, readings, slips):
            yield from rule(pieces, solution.problem)
        yield from (found for piece in pieces if (found := one_sided(piece.result)) is not None)


def changed(problem: Problem, name: str, by: str, env: Env, at: tuple[int, ...]) -> np.ndarray:
    """Which entries of a node its equation changes if one entry of a quantity moves, all else held fixed."""
    moved = np.array(env.values[by], dtype=float)
    moved[at] -= 0.83
    context = Context.of(env)
    with np.errstate(invalid="ignore"):
        before, after = (
            node_value(problem.by_name[name], context.with_values({**env.values, by: value}))[1]
            for value in (env.values[by], moved)
        )
    # What has no value any more, such as the logarithm of a negative number, has changed.
    return ~(np.abs(before - after) <= 1e-12)


def depends(claim: Claim, problem: Problem, env: Env) -> bool:
    """At all positions of the node, where entries are claimed to depend on an entry; else at one."""
    name, by = (e.base if isinstance(e, Entry) else e for e in (claim.left, claim.right))
    assert isinstance(name, Sym)
    assert isinstance(by, Sym)
    places = list(np.ndindex(np.shape(env.values[by.name])))
    found = [changed(problem, name.name, by.name, env, at) for at in places]
    if not isinstance(claim.left, Entry) or not isinstance(claim.right, Entry):
        return any(mask.any() for mask in found)
    for at, mask in zip(places, found, strict=True):
        letters = dict(zip(claim.right.indices, at, strict=True))
        if not mask[tuple(letters.get(ix, slice(None)) for ix in claim.left.indices)].all():
            return False
    return True


def is_true(claim: Claim, problem: Problem, envs: list[Env]) -> bool:
    if claim.kind == "depends":
        return any(depends(claim, problem, env) for env in envs)
    if isinstance(claim.left, Partial):  # An equality of a step, all of which are evaluated.
        return True
    if claim.kind in ("row", "column"):
        pairs = [[np.shape(evaluate(e, env)) for e in (claim.left, claim.right)] for env in envs]
        ones = [claim.kind == "row", claim.kind == "column"]
        return all(one == other and [n == 1 for n in one] == ones for one, other in pairs)
    differences = [difference(claim.left, claim.right, env) for env in envs]
    return max(differences) < 1e-8 if claim.kind == "equal" else max(differences) > 1e-2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_said_around_a_derivation_is_true(path: Path) -> None:
    """What a page claims at one point is true at others, and what is false anywhere is not claimed."""
    solution = solved(path)
    problem = solution.problem
    first, *others = [with_adjoints(solution.derivations, env) for env in draws(problem, 4)]
    for remark in remarks_of(solution):
        assert remark.claims or remark.key == "ideas.walk"
        if "affected" in remark.facts:
            # Where that entry moves, those entries change: the letters of either are not those of the other.
            (claim,) = remark.claims
            letters = [set(e.indices) for e in (claim.left, claim.right) if isinstance(e, Entry)]
            told = [remark.facts[name] for name in ("affected", "changed")]
            assert told == [tuple(a - b) for a, b in permutations(letters, 2)]
        for claim in remark.claims:
            if holds(claim, problem, first):
                assert is_true(claim, problem, [first, *others] if claim.kind == "unequal" else others), remark


def test_what_only_one_equation_uses_is_in_no_other(pages: dict[str, tuple[Block, ...]]) -> None:
    """A number of which a reason says so changes that equation and no other, at any point."""
    count = 0
    for path in FILES:
        solution = solved(path)
        problem = solution.problem
        found = [re.findall(r"(\$[^$]+\$) is used in (\$[^$]+\$) only", why) for _, why in displayed(pages[path.stem])]
        if not any(found):
            continue
        voice = Voice.on_page(problem)
        names = {inlines_text((Math(voice.quantity(name)),)): name for name in problem.symbols}
        (env,) = draws(problem, 1)
        for by, user in (pair for pairs in found for pair in pairs):
            users = {eq.name for eq in problem.equations if changed(problem, eq.name, names[by], env, ()).any()}
            assert users == {names[user]}, f"{path.stem}: {by}"
            count += 1
    assert count > 10


def test_what_an_equation_uses_that_leads_to_no_loss_is_not_told_to_be_in_one_only() -> None:
    given = {"symbols": {"x": {}}, "forward": ["z = tanh(x)", "u = z**2", "y = z**3", "L = y**2"]}
    text = str(files(None, [solve(problem_from_mapping(given))], "md")["solution.md"])
    assert r"x \text{ is used in } z \text{ only" in text
    assert text.count("is used in") == 1


def braced(part: Any) -> Iterator[lay.Underbrace]:
    if isinstance(part, tuple):
        yield from (found for item in part for found in braced(item))
    elif isinstance(part, lay.Underbrace):
        yield part
    elif isinstance(part, (lay.Layout, Row)):
        yield from (found for each in fields(part) for found in braced(getattr(part, each.name)))


def test_the_size_below_a_factor_is_that_of_what_is_read_there(pages: dict[str, tuple[Block, ...]]) -> None:
    count = 0
    for path in some(FILES, 4):
        voice = Voice.on_page(solved(path).problem)
        known = with_totals(solved(path))
        rows = (row for row, _ in displayed_in_full(pages[path.stem], voice))
        for brace in dict.fromkeys(found for row in rows for found in braced(row)):
            label = to_latex(brace.label).removeprefix(r"\, ").removesuffix(r" \,") if brace.label is not None else ""
            text = to_latex(unmarked(brace.body))
            if r"\times" in label and not any(one in text for one in ("matrix", "vec}^{-1}", *known)):
                found = read(text, voice.problem)
                assert label == to_latex(size_layout(found.shape, voice.notation)), f"{path.stem}: {text}"
                count += 1
    assert count > 60


def through(name: str, by: str, problem: Problem, env: Env) -> np.ndarray:
    """What the equation of one node contributes to the derivative of the loss by a quantity, by complex steps."""
    out = np.zeros(np.shape(env.values[by]))
    for at in np.ndindex(out.shape):
        moved = np.array(env.values[by], dtype=complex)
        moved[at] += 1e-30j
        value = node_value(problem.by_name[name], Context.of(env).with_values({**env.values, by: moved}))[1]
        out[at] = (np.imag(value) / 1e-30 * env.adjoints[name]).sum()
    return out


@pytest.mark.parametrize("name", ["twin", "tied-autoencoder", "triplet", "word2vec-negative"])
def test_the_term_of_a_use_is_what_comes_through_it(name: str) -> None:
    solution = solved(next(path for path in FILES if path.stem == name))
    problem = solution.problem
    (env,) = (with_adjoints(solution.derivations, env) for env in draws(problem, 1))
    uses = 0
    for row, _ in displayed_in_full(problem_blocks(solution, 2), Voice.on_page(problem)):
        for brace in braced(row.rhs):
            said = to_latex(brace.label) if brace.label is not None else ""
            found = re.fullmatch(r"\\: \\text\{use in \} (.*) \\:", said)
            if found is None or row.lhs is None:
                continue
            lhs, use, term = (read(t, problem) for t in (to_latex(row.lhs), found[1], to_latex(unmarked(brace.body))))
            base, by = (e.base if isinstance(e, Entry) else e for e in (use, lhs))
            assert isinstance(base, Sym)
            assert isinstance(by, Adj)
            expected = through(base.name, by.name, problem, env)
            np.testing.assert_allclose(evaluate(term, env, free_indices(lhs)), expected, rtol=1e-9)
            uses += 1
    assert uses >= 2


def test_what_is_not_true_is_not_said() -> None:
    """Each maximum depends on one entry only; a sum of the same form on all."""
    for function, said in (("max", False), ("sum", True)):
        given = {
            "symbols": {"x": ["D"], "V": ["K", "D"]},
            "indices": {"i": "D", "k": "K"},
            "forward": ["h = tanh(x)", f"y[k] = {function}(V[k,i]*h[i], i)", "L = sum(y**2)"],
            "parts": [{"derive": ["h"]}],
        }
        solution = solve(problem_from_mapping(given))
        text = files(None, [solution], "md")["solution.md"]
        assert ("A change of" in text) == said, function


def test_each_kind_of_remark_is_made_where_it_belongs_and_all_are_made_somewhere() -> None:
    expected = {
        "scalar-tanh": {"ideas.walk", "ideas.residual", "readings.error", "slips.lost_path"},
        "mlp-entries": {"ideas.denominator", "ideas.every", "readings.probability", "readings.switch",
                        "slips.one_class", "slips.lost_slope"},
        "twin": {"ideas.walk", "ideas.shared", "ideas.gate", "readings.error", "readings.switch", "slips.mixed",
                 "slips.lost_path", "slips.lost_slope", "reasons.row"},
        "four-units": {"ideas.rules", "readings.switch", "slips.lost_path", "slips.lost_slope"},
        "skip": {"ideas.walk", "ideas.denominator", "ideas.every", "ideas.fan_out", "readings.probability",
                 "readings.outer", "readings.back", "readings.switch", "slips.one_class", "slips.lost_path",
                 "slips.lost_slope"},
        "backward-batch": {"readings.back_in_rows", "readings.switch", "slips.lost_slope"},
    }  # fmt: skip
    for path in FILES:
        if path.stem in expected:
            assert {remark.key for remark in remarks_of(solved(path))} == expected[path.stem], path.stem
    made = set().union(*expected.values()) - {"reasons.row"} | {"ideas.shared_one", "slips.one_case"}
    assert made == {key for key in catalogue().phrases if key.startswith(("ideas.", "readings.", "slips."))}


# --- references and repetitions ---


def inlines_of_blocks(blocks: Iterable[Block]) -> Iterator[Inlines]:
    for block in blocks:
        if isinstance(block, (Equations, Derivations)):
            rows = block.rows if isinstance(block, Equations) else block.display.rows
            yield from (row.reason for row in rows)
        elif isinstance(block, Table):
            yield from (cell for row in (block.head, *block.rows) for cell in row)
        elif hasattr(block, "content"):
            yield block.content


def documents() -> Iterator[tuple[str, tuple[Block, ...]]]:
    for path in FILES:
        yield path.stem, problem_blocks(solved(path), 2)
    handout = load(str(ROOT / "problems/csc311-week6/handout.yaml"))
    assert isinstance(handout, Collection)
    whole = collection_document(handout, [solve(problem) for problem in handout.problems])
    yield "handout", whole.blocks


@pytest.fixture(scope="module")
def pages() -> dict[str, tuple[Block, ...]]:
    return dict(documents())


def test_every_reference_is_to_a_result_above_it(pages: dict[str, tuple[Block, ...]]) -> None:
    count = 0
    for name, blocks in pages.items():
        marked: set[int] = set()
        for content in inlines_of_blocks(blocks):
            for item in (item for item in content if isinstance(item, Ref)):
                assert (item.number in marked) != item.here, f"{name}: {item}"
                marked |= {item.number}
                count += not item.here
        assert marked == set(range(1, len(marked) + 1))
    assert count > 100


def test_what_stands_directly_in_the_loss_is_explained_before_it_is_used(pages: dict[str, tuple[Block, ...]]) -> None:
    """Once in a document, right above its first display that has it, and in none that does not need it."""
    count = 0
    for name, blocks in pages.items():
        used = [
            n for n, block in enumerate(blocks) if any("{direct}" in to_latex(r.right) for r, _ in displayed((block,)))
        ]
        said = [n for n, b in enumerate(blocks) if isinstance(b, Paragraph) and "{direct}" in inlines_text(b.content)]
        assert len(said) == bool(used), name
        assert not used or said[0] < used[0], name
        count += len(said)
    assert count > 2


@pytest.mark.parametrize("name", ["poisson-regression", "gru", "normalising-flow"])
def test_what_stands_directly_in_the_loss_is_worked_out(name: str) -> None:
    """A chain rule that has it is followed by a row that says what it is."""
    rows = [r for r, _ in displayed(problem_blocks(solution(name), 2))]
    used = {to_latex(lay.stated(r.right)) for r in rows if "{direct}" in to_latex(r.right)}
    found = [r for r in rows if r.lhs is not None and "{direct}" in to_latex(r.lhs)]
    assert len(found) == len(used) > 0
    assert all("{direct}" not in to_latex(r.right) for r in found)


def test_a_local_derivative_that_a_part_asked_for_is_not_derived_again() -> None:
    """In the chain rule of part (c) it is the entry that part (a) found, with other letters."""
    solved = solution("softmax-jacobian")
    rows = [r for r, _ in displayed(problem_blocks(solved, 2))]
    quotients = [r for r in rows if "quotient" in inlines_text(r.reason) or "e^{z_{k''}}" in to_latex(r.right)]
    again = [r for r in rows if any(isinstance(item, Ref) and not item.here for item in r.reason)]
    assert len(quotients) <= 1
    assert len(again) == 2


@pytest.mark.parametrize(
    ("forward", "said"),
    [("L = trace(inv(A))", "stays the identity"), ("L = logdet(A)", "cofactor"), ("L = trace(A@A)", "")],
)
def test_why_inverse_and_determinant_have_their_derivatives_is_said_once(forward: str, said: str) -> None:
    data = {"symbols": {"A": ["N", "N"]}, "forward": [forward], "parts": [{"gradients": ["A"]}]}
    text = [
        inlines_text(b.content)
        for b in problem_blocks(solve(problem_from_mapping(data)), 2)
        if isinstance(b, Paragraph)
    ]
    found = [t for t in text if "stays the identity" in t or "cofactor" in t]
    assert len(found) == bool(said)
    assert all(said in t for t in found)


def test_no_derivation_is_displayed_twice(pages: dict[str, tuple[Block, ...]]) -> None:
    """Neither in one problem nor in two of a collection."""
    for name, blocks in pages.items():
        items = [item for block in blocks if isinstance(block, Derivations) for item in block.items]
        long = [tuple(to_latex(row.right) for row in item.rows) for item in items if len(item.rows) > 2]
        assert len(long) == len(set(long)), name
        for item in items:
            rows = [(row.lhs, untinted(row.right)) for row in item.rows if not row.again]
            assert len(rows) == len(set(rows)), name


@pytest.mark.parametrize("path", some(FILES, 6), ids=lambda path: path.stem)
def test_what_a_result_is_stated_by_is_found_before_it(path: Path) -> None:
    """What is found likewise stands before what uses it; members of a recursion use each other."""
    solution = solved(path)
    shown = Shown(Voice.of(solution.problem))
    for answered in answered_parts(solution):
        part_blocks(answered, shown.voice, shown, 3, solution)
        pieces = [p for p in (*answered.needed, *answered.pieces) if p.derivative and not p.cases]
        own = {piece.node for piece in pieces} & shown.results.keys()
        for piece in (piece for piece in pieces if piece.node in own):
            used = {e.name for e in walk(piece.result.rhs) if isinstance(e, Adj)} & own
            assert all(shown.results[name] <= shown.results[piece.node] for name in used), piece.node


def test_no_two_texts_of_a_problem_repeat_a_display(pages: dict[str, tuple[Block, ...]]) -> None:
    """Each problem of a collection has its own forward pass, which may be that of another one."""
    for name, blocks in pages.items():
        if name == "handout":
            continue
        shown = []
        for block in blocks:
            displays = [item.rows for item in block.items] if isinstance(block, Derivations) else []
            displays += [block.rows] if isinstance(block, Equations) else []
            shown += [tuple((r.lhs, untinted(r.right), r.tail) for r in rows) for rows in displays]
        repeated = {to_latex(rows[0][1]) for rows in shown if shown.count(rows) > 1}
        assert not repeated, name


def test_links_lead_to_marks_in_every_form(pages: dict[str, tuple[Block, ...]]) -> None:
    solution = solved(next(path for path in FILES if path.stem == "skip"))
    forms = {
        "html": (r'href="#(result-\d+)"', r'id="(result-\d+)"'),
        "md": (r"\]\(#(result-\d+)\)", r'<a id="(result-\d+)"></a>'),
        "typ": (r'#linked\("(result-\d+)"\)', r'#marked\("(result-\d+)"\)'),
        "tex": (r"\\linked\{(result-\d+)\}", r"\\marked\{(result-\d+)\}"),
    }
    for form, (link, mark) in forms.items():
        text = files(None, [solution], form)[f"solution.{form}"]
        assert isinstance(text, str)
        marks = re.findall(mark, text)
        assert len(marks) == len(set(marks)) > 5
        assert set(re.findall(link, text)) <= set(marks)
        assert re.search(link, text)


# --- alike ---


def other_names(e: Expr, names: Mapping[str, str], dims: Mapping[object, object], problem: Problem) -> Expr:
    """The expression with other names and dimensions; letters stay."""

    def index(ix: Ix) -> Ix:
        return Ix(ix.letter, dims.get(ix.dim, ix.dim))  # type: ignore[arg-type]

    if isinstance(e, (Sym, Adj)):
        name = names.get(e.name, e.name)
        return type(e)(name, problem.symbols[name].shape)
    done = rebuild(e, lambda child: other_names(child, names, dims, problem))
    if isinstance(done, Entry):
        return Entry(done.base, tuple(map(index, done.indices)))
    if isinstance(done, IndexReduce):
        return IndexReduce(done.op, done.body, tuple(map(index, done.indices)))
    return Delta(index(done.i), index(done.j), done.equal) if isinstance(done, Delta) else done


@pytest.mark.parametrize("name", ["twin", "four-units", "skip", "mlp-entries", "lstm-cell", "deep-linear"])
def test_what_is_found_likewise_is_the_other_result_with_other_names(name: str) -> None:
    solution = solved(next(path for path in FILES if path.stem == name))
    problem = solution.problem
    env = with_adjoints(solution.derivations, draws(problem, 1)[0])
    forms = {d.node: form_of(d.steps, problem) for d in solution.derivations}
    pairs = [(a, b) for a, b in permutations(solution.derivations, 2) if forms[a.node].key == forms[b.node].key]
    assert pairs
    for a, b in pairs:
        names = renaming(forms[a.node], forms[b.node])
        assert names[a.node] == b.node
        dims = {x.dim: y.dim for x, y in zip(a.indices, b.indices, strict=True)}
        for one, other in names.items():
            dims |= dict(zip(problem.symbols[one].shape, problem.symbols[other].shape, strict=True))
        letters = tuple(Ix(ix.letter, dims.get(ix.dim, ix.dim)) for ix in a.indices if not ix.fixed)
        found = evaluate(other_names(a.entry.rhs, names, dims, problem), env, letters)
        np.testing.assert_allclose(np.squeeze(found), np.squeeze(env.adjoints[b.node]), rtol=1e-9, atol=1e-12)


def test_what_only_looks_alike_is_not_taken_for_it() -> None:
    given = {
        "symbols": {"u": ["D"], "v": ["D"], "w": {"shape": ["D"], "role": "input"}, "c": {"role": "input"}},
        "forward": ["a = tanh(u)", "b = sigmoid(v)", "e = 2*w", "L = sum(a*b*e)*c"],
    }
    problem = problem_from_mapping(given)
    solution = solve(problem)
    forms = {d.node: form_of(d.steps, problem).key for d in solution.derivations}
    assert forms["a"] == forms["b"] == forms["e"]
    assert len({forms[name] for name in ("a", "u", "v", "w", "c")}) == 5


@pytest.mark.parametrize(("given", "letter"), [("", "S"), ("S", "Q"), ("Q", "S")])
def test_a_sum_that_the_quotient_rule_repeats_gets_a_name_of_its_own(given: str, letter: str) -> None:
    symbols: dict[str, object] = {"z": ["K"], "t": {"shape": ["K"], "role": "target", "one_hot": True}}
    mapping = {
        "symbols": symbols | ({given: {"role": "input"}} if given else {}),
        "indices": {"k": "K"},
        "forward": ["y[k] = exp(z[k])/sum(exp(z[k']), k')", f"L = -sum(t*log(y)){f'*{given}' if given else ''}"],
        "parts": [{"derive": ["z"]}],
    }
    solution = solve(problem_from_mapping(mapping))
    assert check_page(solution) > 5
    text = files(None, [solution], "md")["solution.md"]
    assert isinstance(text, str)
    assert rf"{letter} &= \sum_{{k''=1}}^K e^{{z_{{k''}}}}" in text
    assert rf"}}{{{letter}^2}}" in text
    assert rf"so that }} y_{{k'}} = \frac{{e^{{z_{{k'}}}}}}{{{letter}}}" in text
    assert text.count(r"\sum_{k''=1}^K e^{z_{k''}}") == 1
    assert rf"\frac{{\partial {letter}}}{{\partial z_k}} &= e^{{z_k}}" in text
    assert text.count(r"k'' = k \text{ contains") == 1  # Beside the derivative of the sum, and nowhere else.


COMMITTED = sorted((Path(__file__).parent.parent / "output").glob("*.md"))
MARKS = re.compile(r"\\(?:boxed|underbrace|,|:|;)|_\{\\[,:] [^{}]*(?:\{[^{}]*\}[^{}]*)*\\[,:]\}|[\s{}]")


def rows_of_page(text: str) -> Iterator[list[tuple[str, str]]]:
    """Of each display of a page in Markdown the sides of its rows, without remarks; the left side of a row that goes on
    is that of the row above."""
    for block in re.findall(r"\\begin\{aligned\}(.*?)\\end\{aligned\}", text, re.DOTALL):
        found: list[tuple[str, str]] = []
        for row in re.split(r"\\\\(?:\[\d+pt\])?\n", block):
            left, equals, right = row.partition("&=")
            if equals:
                found.append((left.strip() or (found[-1][0] if found else ""), right.partition(" &")[0].strip()))
        yield found


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_a_page_says_nothing_twice_and_nothing_of_itself(path: Path) -> None:
    """Neither a row twice in a row, nor x = x + y: there is another sign for the derivative of one equation."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\\text\{ for every \}[^;&]*\\text\{(?:, | and )\} \d", text)
    for rows in rows_of_page(text):
        stated = [tuple(MARKS.sub("", side) for side in row) for row in rows]
        assert [row for row, following in pairwise(stated) if row == following] == []
        for left, right in rows:
            bare = re.sub(r"\\left\[ .*? \\right\]_\{\\text\{direct\}\}", "", right)
            assert left not in re.split(r" [-+=] ", bare)


def test_what_a_page_must_not_say_would_be_found() -> None:
    page = "\\begin{aligned}\n\\frac{a}{b} &= \\frac{a}{b} + c \\\\\n &= \\boxed{\\frac{a}{b} + c}\n\\end{aligned}"
    (rows,) = rows_of_page(page)
    assert rows[0][0] in re.split(r" [-+=] ", rows[0][1])
    assert len({tuple(MARKS.sub("", side) for side in row) for row in rows}) == 1


@pytest.mark.parametrize(("forward", "said"), [("c = concat(A @ x, B @ x)", 1), ("c = A @ x + B @ x", 0)])
def test_letters_that_leave_an_axis_are_explained_once(forward: str, said: int) -> None:
    """In c = [A x; B x] the entry c_j has A_ji and B_(j-K)i, for j = 1, ..., 2K."""
    mapping = {
        "symbols": {"A": ["K", "D"], "B": ["K", "D"], "x": {"shape": ["D"], "role": "input"}},
        "forward": [forward, "L = sum(c**2)"],
        "parts": [{"derive": "x"}, {"derive": "c"}],
    }
    page = files(None, [solve(problem_from_mapping(mapping))], "md")["solution.md"]
    assert isinstance(page, str)
    assert page.count("entries outside an array are zero") == said

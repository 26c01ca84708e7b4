"""What stands on the pages: every displayed equality is read back from its LaTeX and evaluated on both sides.

The reader of LaTeX knows nothing of how the page was made, so that this judges the printing as well as the mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from extent import some
from networks import NETWORKS

from backsym.core.expr import Expr, Ix, Total, free_indices, walk
from backsym.core.problem import Problem
from backsym.core.steps import Step
from backsym.documents.content.blocks import Block, Derivations, Equations, Row
from backsym.documents.content.document import problem_blocks
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import Voice
from backsym.documents.content.worked import substituted
from backsym.documents.writers.markdown import inlines_text
from backsym.documents.writers.render import files
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.numeric.given import point as given_point
from backsym.numeric.sample import draws
from backsym.numeric.verify import with_adjoints
from backsym.printing import layout as lay
from backsym.printing.latex import latex, to_latex
from backsym.printing.layout import untinted
from backsym.printing.notation import Notation
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.reading.latex import equations as reader
from backsym.reading.meaning.resolve import resolve_expression
from backsym.reading.plain.lexer import Source
from backsym.reading.texts import scope_of
from backsym.solving.solution import Solution, solve

ROOT = Path(__file__).resolve().parents[1]
FILES = [path for path in sorted((ROOT / "problems").rglob("*.yaml")) if isinstance(load(str(path)), Problem)]


@cache
def solved(path: Path) -> Solution:
    problem = load(str(path))
    assert isinstance(problem, Problem)
    return solve(problem)


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
        said = inlines_text(block.content) if hasattr(block, "content") else ""


def read(text: str, problem: Problem, letters: tuple[Ix, ...] = ()) -> Expr:
    source, scope = Source(text), scope_of(problem, own_letters=True)
    return resolve_expression(reader.parse_expression(source, reader.vocabulary(scope)), source, scope, letters)


def sides(row: Row, problem: Problem, known: Mapping[str, Expr]) -> tuple[Expr, tuple[Expr, ...]]:
    """The left side, and everything that the row says it is equal to; what is ``known`` by its LaTeX is not read."""
    assert row.lhs is not None
    first = to_latex(row.lhs)
    left = known[first] if first in known else read(first, problem)
    texts = [to_latex(untinted(stage)) for stage in (*row.via, row.rhs)]
    return left, tuple(known[t] if t in known else read(t, problem, free_indices(left)) for t in texts)


def with_totals(solution: Solution) -> dict[str, Expr]:
    """The expressions with Jacobians and second derivatives in them, which are not read, by their LaTeX."""
    found: dict[str, Expr] = {}
    voice = Voice.of(solution.problem)

    def note(steps: Iterable[Step]) -> None:
        for step in steps:
            found.update({to_latex(voice.layout(e)): e for e in (step.before, step.after)})
            note(step.substeps)

    for total in solution.totals:
        for form in (total.entry, total.matrix):
            found.update({to_latex(voice.layout(e)): e for e in (form.lhs, form.rhs)} if form is not None else {})
        note(total.steps)
    return {text: e for text, e in found.items() if any(isinstance(part, Total) for part in walk(e))}


def difference(left: Expr, right: Expr, env: Env, unequal: tuple[str, ...] = ()) -> float:
    letters = tuple(dict.fromkeys([*free_indices(left), *free_indices(right)]))
    a, b = evaluate(left, env, letters), evaluate(right, env, letters)
    if not b.any():  # The zero array of any shape is printed as 0.
        b = np.zeros_like(a)
    assert a.size == b.size, "the two sides have different shapes"
    b = b.reshape(a.shape)
    if unequal:
        a, b = (np.where(same_letters(letters, a, unequal), 0.0, side) for side in (a, b))
    scale = max(float(np.abs(a).max(initial=0.0)), float(np.abs(b).max(initial=0.0)), 1e-6)
    return float(np.abs(a - b).max(initial=0.0)) / scale


def same_letters(letters: tuple[Ix, ...], value: np.ndarray, unequal: tuple[str, ...]) -> np.ndarray:
    """Where two letters that are said to be unequal have the same value."""
    places = np.indices(value.shape)[: len(letters)]
    one, other = (places[next(n for n, ix in enumerate(letters) if ix.letter == letter)] for letter in unequal)
    return np.asarray(one == other)


def check_page(solution: Solution, options: Options = FULL) -> int:
    problem = solution.problem
    voice = Voice.of(problem)
    numbers = [
        inlines_text(voice.catalogue.phrase(f"document.{key}")) for key in ("numbers_forward", "numbers_backward")
    ]
    points = [with_adjoints(solution.derivations, env) for env in draws(problem, 2)]
    known = with_totals(solution)
    count = 0
    for row, said in displayed(problem_blocks(solution, 2, options)):
        if row.lhs is None:
            continue
        if said in numbers:
            check_numbers(row, solution)
            continue
        left, rights = sides(row, problem, known)
        unequal = re.search(r"\$(\S+) \\ne (\S+)\$", said)
        for env, right in product(points, rights):
            error = difference(left, right, env, unequal.groups() if unequal else ())
            assert error < 1e-8, f"{to_latex(row.lhs)} = {to_latex(row.right)} ({said}): {error}"
        count += len(rights)
    return count


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_displayed_equality_of_a_bundled_problem_holds(path: Path) -> None:
    assert check_page(solved(path)) >= 10


@pytest.mark.parametrize("name", some(NETWORKS, 2))
def test_every_displayed_equality_of_a_network_holds(name: str) -> None:
    assert check_page(solved_network(name)) >= 3


@pytest.mark.parametrize("path", FILES[::3], ids=lambda path: path.stem)
def test_every_displayed_equality_of_a_concise_page_holds(path: Path) -> None:
    concise, full = Options(detail="concise"), FULL
    assert 3 <= check_page(solved(path), concise) <= check_page(solved(path), full)


def test_a_wrong_equality_would_be_found() -> None:
    problem = solved_network("rnn").problem
    env = draws(problem, 1)[0]
    name = problem.equations[0].name
    left = problem.sym(name)
    assert difference(left, left, env) == 0
    assert difference(left, read(f"2 {latex(left, Notation.of(problem))}", problem), env) > 0.1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["md", "tex"])
def test_nothing_leaks_onto_the_page(path: Path, form: str) -> None:
    for options in (FULL, Options("questions"), Options("key"), Options(detail="brief")):
        text = "".join(files(None, [solved(path)], form, options).values())
        assert not re.search(r"\bNone\b|\bnan\b|\binf\b|\{\{|\}\} *\n#|<<|>>|Traceback", text.replace(r"}}", ""))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_question_sheet_has_no_answer(path: Path) -> None:
    solution = solved(path)
    problem, notation = solution.problem, Notation.of(solution.problem)
    parts = tuple(replace(p, text=p.text if p.kind == "ask" else None) for p in problem.parts)
    silent = replace(problem, text=None, parts=parts)
    sheet = files(None, [replace(solution, problem=silent)], "md", Options("questions"))["solution.md"]

    def printed(lhs: Expr, rhs: Expr) -> bool:
        equation = re.escape(f"{latex(lhs, notation)} = {latex(rhs, notation)}")
        return re.search(equation + r"\s*(,|\\\\|\n|$)", sheet.replace("&= ", "= ")) is not None

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
    assert r"\begin{bmatrix} 0.5 & -1 & 0 \\ 1 & 0.25 & 3 \end{bmatrix} \begin{bmatrix} 1 \\ 2 \\ 0 \end" in text


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

"""The plan of a solution: what is found before what, what is written once, and what is said of a matrix product."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from backsym.core import stepkinds as sk
from backsym.core.expr import Adj, Entry, Equation, Expr, Mul, Partial, Sym, T, walk
from backsym.core.problem import Problem
from backsym.core.steps import Step
from backsym.documents.content.blocks import Equations, Paragraph, Picture
from backsym.documents.content.derivations import _vectorized, rows_of
from backsym.documents.content.document import problem_blocks
from backsym.documents.content.figures import with_local_derivatives
from backsym.documents.content.likewise import form_of, with_other_tag
from backsym.documents.content.markup import inlines_plain
from backsym.documents.content.plan import Line, lines, referring, stating, steps_of
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import answered_parts
from backsym.documents.content.told import Shown
from backsym.documents.content.vectorizing import operation, summed
from backsym.documents.remarks.ideas import local_derivatives
from backsym.documents.remarks.remark import base_of
from backsym.documents.writers.markdown import inlines_text
from backsym.documents.writers.render import files
from backsym.numeric.context import Context
from backsym.numeric.evaluate import evaluate, node_value
from backsym.numeric.sample import draws
from backsym.numeric.verify import with_adjoints
from backsym.printing import layout as lay
from backsym.printing.latex import to_latex
from backsym.printing.notation import index
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve

PROBLEMS = Path(__file__).resolve().parents[1] / "problems"


@cache
def solved(name: str) -> Solution:
    problem = load(str(next(PROBLEMS.rglob(f"{name}.yaml"))))
    assert isinstance(problem, Problem)
    return solve(problem)


def test_a_step_refers_to_the_derivatives_that_earlier_parts_found() -> None:
    text = files(None, [solved("newton")], "md")["solution.md"]
    assert isinstance(text, str)
    assert "With [(2)](#result-2) and [(3)](#result-3):" in text
    assert text.count("diag") == 2


def test_what_is_put_in_is_found_before_and_put_in_in_one_chain() -> None:
    solution = solved("twin")
    derivation = next(d for d in solution.derivations if d.node == "z")
    found = lines(derivation.steps)
    y, z = (solution.problem.sym(name) for name in "yz")
    order = [Adj("z", ()), Adj("y", ()), Partial(y, z), Partial(y, z)]
    assert [line.lhs for line in found] == [*order, *[Adj("z", ())] * (len(found) - 4)]
    assert len(found[4].stages) == 2
    assert found[0].opens


@pytest.mark.parametrize(
    ("name", "node", "begins", "words"),
    [
        ("mlp-entries", "z2", ["dL/da2", "S", "dL/dz2"], ["1. The loss.", "2. The equation of", "3. Together."]),
        ("twin", "z", [], []),  # So short that the eye finds its steps.
    ],
)
def test_steps_of_a_long_derivation_have_heads(name: str, node: str, begins: list[str], words: list[str]) -> None:
    """A step begins with the name that a sum gets in it, and its cases belong to it."""
    solution = solved(name)
    voice = Voice.on_page(solution.problem)
    steps = next(d for d in solution.derivations if d.node == node).steps
    rows = [row for row in rows_of(steps, voice) if row.head]
    starts = {
        "dL/da2": r"\frac{\partial \mathcal{L}}{\partial a_{k'}^{(2)}}",
        "dL/dz2": r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}}",
    }
    assert [to_latex(row.lhs) for row in rows if row.lhs] == [starts.get(each, each) for each in begins]
    heads = [inlines_plain(row.head) for row in rows]
    assert all(head.startswith(start) for head, start in zip(heads, words, strict=True))


def line(derivative: Expr, *, named: bool = False) -> Line:
    step = Step(sk.SUBSTITUTE, derivative, derivative)
    return Line(derivative, (derivative,), () if named else (step,))


@pytest.mark.parametrize(
    ("order", "begins"),
    [
        ("LLaaaabbL", [2, 6, 8]),
        ("LLaaabbL", []),  # Eight rows.
        ("LLaaaaaaL", []),  # Two steps.
        ("LLaaaLbbL", []),  # Put together twice.
        ("LLaaaabbb", []),  # Never.
    ],
)
def test_nine_rows_in_three_steps_have_heads(order: str, begins: list[int]) -> None:
    assert list(steps_of([line(Adj(letter, ())) for letter in order])) == begins


def test_what_gets_a_name_belongs_to_the_step_that_uses_it() -> None:
    x, s, y = (Sym(name, ()) for name in "xsy")
    planned = [line(Adj("x", ())), *[line(Adj("a", ()))] * 3, line(s, named=True), line(Partial(s, x))]
    planned += [*[line(Partial(y, x))] * 2, line(Adj("x", ()))]
    assert steps_of(planned) == {1: Adj("a", ()), 4: Partial(y, x), 8: Adj("x", ())}


def test_of_local_derivatives_that_are_alike_one_is_derived() -> None:
    solution = solved("lstm")
    steps = next(d for d in solution.derivations if d.node == "q").steps
    found = lines(steps, form=lambda step: form_of((step,), solution.problem).key)
    alike = [line for line in found if line.like]
    assert {base_of(line.lhs.num) for line in alike if isinstance(line.lhs, Partial)} == {
        solution.problem.sym(name) for name in "io"
    }
    for line in alike:
        assert any(other.lhs == line.lhs and other.stages[-1:] == line.stages for other in lines(steps))
    assert not any(line.like for line in lines(steps))


def test_what_was_displayed_is_not_displayed_again() -> None:
    """A local Jacobian that an earlier part derives, and a derivative that is found on the way to two others."""
    text = files(None, [solved("softmax-jacobian")], "md")["solution.md"]
    assert isinstance(text, str)
    given = r"&= \text{diag}(\mathbf{p}) - \mathbf{p} \mathbf{p}^\top && \qquad \textcolor{gray}{\text{by } \text{(1)}}"
    assert given in text
    assert text.count(r"\delta_{kk'} - p_k p_{k'}") == 1
    text = files(None, [solved("vae")], "md")["solution.md"]
    assert isinstance(text, str)
    assert text.count(r"\frac{\partial \mathcal{L}}{\partial C} &= 1") == 1


def test_other_lines_are_displayed_though_they_begin_like_earlier_ones() -> None:
    x, y = (Sym(name, ()) for name in "xy")
    earlier = [Line(x, (y,), ()), Line(y, (x,), ())]
    displayed = {stating(earlier): 3}
    assert referring((*earlier, line(x)), displayed) == (Line(y, (x,), (), by=3), line(x))
    for other in ((earlier[0], line(x)), (earlier[0], Line(y, (y,), ())), tuple(earlier[1:])):
        assert referring(other, displayed) == other
    assert referring((earlier[0],), {stating(earlier[:1]): 3}) == (earlier[0],)


def test_the_ranges_of_sums_are_left_out_of_a_summary_that_has_no_room_for_them() -> None:
    for name, bare in (("conv2d", True), ("mlp-entries", False)):
        text = files(None, [solved(name)], "md")["solution.md"]
        assert isinstance(text, str)
        summary = text.partition("## Summary")[2]
        assert r"\sum" in summary
        assert (r"=1}^" not in summary) == bare, name


def has_brace(layout: lay.Layout) -> bool:
    return lay.unmarked(layout) != layout


def test_a_matrix_product_is_told_by_the_letters_of_its_sum() -> None:
    """Nothing is said to be transposed where no factor is, and the row and the column are those of the entries."""
    count = 0
    for name in ("backward-batch", "backward-single", "forward-batch", "forward-single"):
        solution = solved(name)
        voice = Voice.of(solution.problem)
        for answered in answered_parts(solution):
            for piece, (asked, _) in zip(answered.pieces, answered.asked, strict=False):
                found = summed(asked)
                if found is None or operation(piece.result.rhs) != "product":
                    continue
                blocks = _vectorized(piece, asked, answered, voice, Shown(voice))
                rows = [row for block in blocks if isinstance(block, Equations) for row in block.rows]
                text = " ".join(inlines_text(row.reason) for row in rows)
                transposed = any(isinstance(e, T) for e in walk(piece.result.rhs))
                assert ("nothing is transposed" in text) != transposed
                # What is boxed next has the sizes of just these letters.
                assert isinstance(asked.lhs, Entry)
                letters = [f"${to_latex(index(ix, voice.notation))}$" for ix in asked.lhs.indices]
                said = [inlines_text(block.content) for block in blocks if isinstance(block, Paragraph)]
                assert f"As this holds for every {' and '.join(letters)}:" in said
                assert tuple(ix.dim for ix in asked.lhs.indices) == piece.result.rhs.shape
                assert isinstance(found[0].body, Mul)
                for factor in found[0].body.args:
                    assert isinstance(factor, Entry)
                    if len(factor.indices) == 2:
                        at = factor.indices.index(found[1])
                        words = f"{('column', 'row')[at]} {factor.indices[1 - at].letter} of"
                        (sums,) = {row.lhs for row in rows if row.lhs and has_brace(row.lhs)}
                        assert words in to_unicode(sums)
                count += 1
    assert count > 4


# --- the summary ---


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("a_1", "a_2", True),
        ("b_1", "b_2", True),  # With a_2 in place of a_1.
        ("a_1", "b_1", False),
        ("a_1", "d", False),  # Another letter, not another tag.
        ("e_1", "e_2", False),  # x_2 in place of x_1, but w_3 in place of w_1.
    ],
)
def test_equations_that_differ_by_a_tag_are_told_apart_from_others(one: str, other: str, alike: bool) -> None:
    symbols: dict[str, object] = {name: {} for name in ("x_1", "x_2", "w_1", "w_3", "v")}
    forward = ["a_1 = tanh(v*x_1)", "a_2 = tanh(v*x_2)", "b_1 = a_1**2", "b_2 = a_2**2", "d = tanh(v*x_1)"]
    forward += ["e_1 = w_1*x_1", "e_2 = w_3*x_2", "L = b_1*b_2*d*e_1*e_2"]
    problem = problem_from_mapping({"symbols": symbols, "forward": forward})
    sides = [[Equation(problem.sym(name), problem.by_name[name].rhs)] for name in (one, other)]
    assert with_other_tag(*sides, problem) == alike


# --- local derivatives on the arrows of a graph ---


def chain(length: int) -> dict[str, object]:
    """A chain of numbers: ``length`` quantities, of which the last two are the target and the loss."""
    names = [f"h{n}" for n in range(length - 3)]
    forward = [f"{new} = tanh({old})" for old, new in zip(["w", *names], names, strict=False)]
    symbols = {"w": {"role": "parameter"}, "t": {"role": "target"}}
    parts = [{"derive": [*reversed(names), "w"]}]
    return {"symbols": symbols, "forward": [*forward, f"L = ({names[-1]} - t)**2/2"], "parts": parts}


@pytest.mark.parametrize("name", ["scalar-tanh", "logistic-circuit"])
def test_the_local_derivative_on_an_arrow_is_that_of_the_equation(name: str) -> None:
    solution = solved(name)
    problem = solution.problem
    pieces = [piece for a in answered_parts(solution) for piece in (*a.needed, *a.pieces) if piece.derivative]
    env = with_adjoints(solution.derivations, draws(problem, 1)[0])
    found = local_derivatives(pieces, problem)
    assert len(found) > 4
    for (source, target), local in found.items():
        moved = {**env.values, source: env.values[source] + 1e-30j}
        value = node_value(problem.by_name[target], Context.of(env).with_values(moved))[1]
        np.testing.assert_allclose(evaluate(local, env), np.imag(value) / 1e-30, rtol=1e-9)


@pytest.mark.parametrize(("length", "drawn"), [(10, True), (11, False)])
def test_a_graph_of_ten_numbers_has_its_local_derivatives(length: int, drawn: bool) -> None:
    solution = solve(problem_from_mapping({"title": "Chain", **chain(length)}))
    assert len(solution.problem.symbols) == length
    blocks = problem_blocks(solution, 2)
    pictures = [block for block in blocks if isinstance(block, Picture)]
    labels = [edge.text for block in pictures for edge in block.drawn.graph.edges if edge.label is not None]
    assert any(label.startswith(f"dL/dh{length - 4} = ") for label in labels) == drawn
    assert len(labels) == (length - 2 if drawn else 0)


def test_what_some_arrow_lacks_is_drawn_on_none() -> None:
    solution = solved("scalar-tanh")
    voice = Voice.of(solution.problem)
    pieces = [piece for a in answered_parts(solution) for piece in a.pieces]
    local = local_derivatives(pieces, solution.problem)
    assert with_local_derivatives(voice, local) is not None
    assert with_local_derivatives(voice, {edge: e for edge, e in local.items() if edge != ("z", "y")}) is None


def test_three_rules_are_told_of_a_network_that_has_all_three_kinds() -> None:
    def told(forward: list[str], derive: list[str]) -> bool:
        symbols = {name: {"role": "parameter"} for name in ("u", "v", "w")} | {"x": {"role": "input"}}
        given = {"symbols": symbols, "forward": forward, "parts": [{"derive": derive}]}
        return "Three rules" in str(files(None, [solve(problem_from_mapping(given))], "md")["solution.md"])

    units = ["m = u*x", "h = tanh(m)", "z = v*h + w*x", "L = z**2/2"]
    assert told(units, ["z", "h", "m", "u", "v", "w"])
    assert not told(units, ["z", "h", "m", "x"])
    assert not told(["m = u*x*w", *units[1:]], ["z", "h", "m", "u", "v", "w"])


@pytest.mark.parametrize(("name", "product", "gradient"), [("conv2d", 0, 0), ("bilinear", 0, 1), ("twin", 1, 1)])
def test_signs_are_explained_on_the_pages_that_have_them(name: str, product: int, gradient: int) -> None:
    text = files(None, [solved(name)], "md")["solution.md"]
    assert isinstance(text, str)
    assert text.count("Hadamard product of two arrays") == product
    assert text.count("collected in one array") == gradient
    assert (r"\nabla" in text) == bool(gradient)

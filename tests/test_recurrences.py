"""Recurrences in time and in depth: read, proved for every length, printed, written as loops, marked, refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from extent import THOROUGH
from known import marker_of, solution_of
from recurrences import RECURRENCES, Recurrence, gradients, random_recurrence, recurrence

from backsym.codegen.module import module_source
from backsym.core.errors import BacksymError, InputError
from backsym.core.problem import Problem
from backsym.documents.writers.jsonform import problem_json
from backsym.documents.writers.render import LANGUAGES, rendered
from backsym.graphs.model import computation_graph
from backsym.numeric.context import Env
from backsym.numeric.sample import draw
from backsym.numeric.sources import called
from backsym.numeric.verify import with_adjoints
from backsym.printing.latex import equation_latex, range_latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

LENGTHS = (1, 2, 4)


def at_length(problem: Problem, length: int, seed: int = 3) -> Env:
    sizes = {"T": length, "H": 3, "D": 2}
    return draw(problem, seed, sizes={dim: n for dim, n in sizes.items() if dim in problem.dims})


def wrong(case: Recurrence, lengths: tuple[int, ...], solution: Solution | None = None) -> list[str]:
    """What differs from complex steps through the loop: values, stated derivatives, code."""
    problem = problem_from_mapping(case.mapping)
    solution = solution or solution_of(case.mapping)
    source = module_source(solution)
    found = []
    for length in lengths:
        env = at_length(problem, length)
        labels = {name for name, symbol in problem.symbols.items() if symbol.label is not None}
        kinds = {name: int if name in labels else float for name in case.mapping["symbols"]}
        leaves = {name: np.asarray(env.values[name], dtype=kind) for name, kind in kinds.items()}
        true = gradients(case.loss, leaves)
        stated = with_adjoints(solution.derivations, env)
        if not np.isclose(env.values[problem.loss], case.loss(leaves), rtol=1e-10):
            found.append(f"the value of the loss at length {length}")
        values = called(source, "forward", {**leaves, "T": length})
        slopes = called(source, "backward", values)
        for name, slope in true.items():
            if problem.symbols[name].role in ("input", "parameter") and name not in labels:
                for what, value in (
                    ("stated", stated.adjoints.get(name, np.zeros_like(slope))),
                    ("code", slopes[name]),
                ):
                    if not np.allclose(value, slope, rtol=1e-9, atol=1e-12):
                        found.append(f"the derivative by {name} at length {length}, {what}")
        found += [
            f"the derivative by {name} at length {length}, code"
            for name in problem.by_name
            if not np.allclose(slopes[name], stated.adjoints.get(name, 0.0), rtol=1e-9, atol=1e-12)
        ]
    return found


@pytest.mark.parametrize("name", RECURRENCES)
def test_complex_steps_through_the_loop_judge_values_derivatives_and_code(name: str) -> None:
    assert wrong(RECURRENCES[name], LENGTHS) == []


@pytest.mark.parametrize("seed", range(200 if THOROUGH else 4))
def test_random_recurrences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_recurrence(rng)
    solution = solve(problem_from_mapping(case.mapping))
    assert solution.failed == ()
    assert wrong(case, tuple(sorted({int(rng.integers(1, 6)), 2})), solution) == []


@pytest.mark.parametrize("name", RECURRENCES)
def test_it_is_proved_at_lengths_one_two_and_four(name: str) -> None:
    problem = problem_from_mapping(RECURRENCES[name].mapping)
    assert sorted(draw(problem, seed).dims["T"] for seed in range(3)) == [1, 2, 4]
    solution = solution_of(RECURRENCES[name].mapping)
    assert {v.status for v in solution.verified.values()} == {"verified"}


def forms(solution: Solution, node: str) -> list[tuple[str, str, str]]:
    """The cases of a derivative in matrix form: where it holds, and both sides."""
    notation = Notation.of(solution.problem)
    found = []
    for case in solution[node].derivation.cases:
        assert case.matrix is not None
        lhs, rhs = equation_latex(case.matrix, notation).split(" = ")
        found.append((range_latex((case.run,), notation), lhs, rhs))
    return found


def test_the_loss_at_every_step_starts_from_zero_after_the_last() -> None:
    solution = solution_of(RECURRENCES["every step"].mapping)
    going_on, start = forms(solution, "h")
    assert start == ("t = T+1", r"\nabla_{\mathbf{h}_{T+1}} \mathcal{L}", r"\mathbf{0}")
    assert going_on[0] == r"t = T, \dots, 1"
    assert r"\mathbf{W}^\top (\nabla_{\mathbf{h}_{t+1}} \mathcal{L} \odot (\mathbb{1}_{H} -" in going_on[2]
    member = solution["W"].member
    assert member is not None
    assert equation_latex(member, Notation.of(solution.problem)).endswith(r"\mathbf{h}_{t-1}^\top")


def test_the_loss_at_the_last_step_starts_there() -> None:
    solution = solution_of(RECURRENCES["last step"].mapping)
    assert forms(solution, "h") == [
        ("t = T", r"\nabla_{\mathbf{h}_T} \mathcal{L}", r"\mathbf{h}_T - \mathbf{y}"),
        (
            r"t = T-1, \dots, 1",
            r"\nabla_{\mathbf{h}_t} \mathcal{L}",
            r"\mathbf{W}^\top \nabla_{\mathbf{z}_{t+1}} \mathcal{L}",
        ),
    ]
    assert solution["z"].derivation.cases == ()


def test_members_that_the_loss_does_not_use_have_the_gradient_zero() -> None:
    solution = solution_of(RECURRENCES["two steps back"].mapping)
    assert forms(solution, "q") == [
        ("t = T", r"\nabla_{\mathbf{q}_T} \mathcal{L}", r"2 \mathbf{q}_T"),
        (r"t = T-1, \dots, 1", r"\nabla_{\mathbf{q}_t} \mathcal{L}", r"\mathbf{0}"),
    ]
    assert [where for where, _, _ in forms(solution, "h")] == ["t = T", "t = T-1", r"t = T-2, \dots, 1"]


@pytest.mark.parametrize("name", ["last step", "every step", "two steps back"])
def test_a_length_that_is_fixed(name: str) -> None:
    """Positions count from the end then as from the start: h[T] is h[3]."""
    case = RECURRENCES[name]
    fixed = Recurrence({**case.mapping, "dims": {"T": {"size": 3}}}, case.loss)
    solution = solve(problem_from_mapping(fixed.mapping))
    assert wrong(fixed, (3,), solution) == []
    assert "T" not in "".join(where for where, _, _ in forms(solution, "h"))


def test_a_letter_of_layers_stands_above_also_where_it_is_a_position() -> None:
    solution = solution_of(RECURRENCES["depth"].mapping)
    last, others = forms(solution, "a")
    assert last == ("l = T", r"\nabla_{\mathbf{a}^{(T)}} \mathcal{L}", r"\mathbf{a}^{(T)} - \mathbf{y}")
    assert others[:2] == (r"l = T-1, \dots, 1", r"\nabla_{\mathbf{a}^{(l)}} \mathcal{L}")
    assert r"(\mathbf{P}^{(l+1)})^\top" in others[2]


def test_json_has_the_cases() -> None:
    data = problem_json(solution_of(RECURRENCES["every step"].mapping))
    found = {item["node"]: item for item in data["derivatives"]}
    assert found["h"]["entry"] is found["h"]["matrix"] is found["h"]["numpy"] is None
    assert [sorted(case) for case in found["h"]["cases"]] == [["entry", "matrix", "range"]] * 2
    assert found["h"]["cases"][1]["matrix"]["rhs"] == r"\mathbf{0}"
    assert all("cases" not in found[name] for name in ("W", "U", "V", "b", "h0", "X"))
    assert found["W"]["matrix"]["rhs"].startswith(r"\sum_{t=1}^T")
    assert found["W"]["stacked"] is None
    assert found["W"]["numpy"] == 'np.einsum("ti,it,ta->ia", d_h, 1 - h.T ** 2, np.concatenate((h0[None], h))[:-1])'
    assert {item["node"]: item["numpy"] for item in data["forward"]}["h"] is None


def test_a_recursion_has_no_one_expression_in_numpy() -> None:
    solution = solution_of(RECURRENCES["every step"].mapping)
    with pytest.raises(BacksymError, match="recursion"):
        _ = solution["h"].numpy


@pytest.mark.parametrize("target", ["numpy", "torch", "jax"])
def test_code_is_a_loop(target: str) -> None:
    source = module_source(solution_of(RECURRENCES["every step"].mapping), target)
    assert "for t in range(X.shape[0]):" in source
    assert "for t in reversed(range(X.shape[0])):" in source
    assert "h_before = h[t - 1] if t > 0 else h0" in source


@pytest.mark.parametrize("form", [form for form in LANGUAGES if form != "pdf"])
def test_every_form_of_output_has_the_start(form: str) -> None:
    solution = solution_of(RECURRENCES["last step"].mapping)
    text = rendered(None, [solution], form)
    assert any(start in text for start in ("t = T-1", "t = T - 1", "T -1", "<mn>1</mn>", "T minus 1")), text


@pytest.mark.parametrize("name", RECURRENCES)
def test_every_recurrence_is_written_as_json_and_says_nothing_twice(name: str) -> None:
    solution = solution_of(RECURRENCES[name].mapping)
    assert json.loads(rendered(None, [solution], "json"))["derivatives"]
    page = rendered(None, [solution], "md")
    forward = page.partition("In matrix form:")[2].partition("$$")[2].partition("$$")[0].strip().splitlines()
    said = [line.rstrip("\\ ") for line in forward]
    assert len(said) == len(set(said)), said


def test_the_graph_has_one_step_and_dots() -> None:
    graph = computation_graph(problem_from_mapping(RECURRENCES["every step"].mapping))
    arrows = {(edge.source, edge.target) for edge in graph.edges}
    assert {("h0", "h[...]"), ("h[...]", "h[t-1]"), ("h[t-1]", "h"), ("X", "h"), ("h", "L")} <= arrows
    assert ("h", "h") not in arrows


@pytest.mark.parametrize(
    ("name", "target", "answer", "verdict"),
    [
        ("last step", "W", r"\sum_t \frac{\partial L}{\partial z_t} h_{t-1}^\top", "correct"),
        ("last step", "W", r"\sum_{t=1}^T (\nabla_{h_t} L \odot (1 - h_t^2)) h_{t-1}^\top", "correct"),
        ("last step", "W", "sum(dL/dz[t] @ h[t-1].T, t)", "correct"),
        ("last step", "W", r"\sum_t \frac{\partial L}{\partial z_t} h_t^\top", "incorrect"),
        ("last step", "U", r"\sum_t \frac{\partial L}{\partial z_t} x_t^\top", "correct"),
        ("last step", "z", r"\nabla_{h_t} L \odot (1 - h_t^2)", "correct"),
        ("last step", "h", r"W^\top \nabla_{z_{t+1}} L", "incorrect"),
        ("last step", "h", r"W^\top \nabla_{z_{t+1}} L + \delta_{tT} (h_T - y)", "correct"),
        ("last step", "h0", r"W^\top \nabla_{z_1} L", "correct"),
        ("every step", "h", r"V^\top (V h_t - y_t) + W^\top (\nabla_{h_{t+1}} L \odot (1 - h_{t+1}^2))", "correct"),
        ("every step", "h", r"V^\top (V h_t - y_t) + W^\top (\nabla_{h_{t+1}} L \odot (1 - h_t^2))", "incorrect"),
        ("every step", "W", r"\sum_t \nabla_{h_t} L h_{t-1}^\top", "incorrect"),
        ("last step", "W", r"\nabla_{z_1} L h_0^\top + \sum_{t=2}^T \nabla_{z_t} L h_{t-1}^\top", "correct"),
        ("last step", "W", r"\sum_{t=2}^T \nabla_{z_t} L h_{t-1}^\top", "incorrect"),
        ("last step", "U", r"\nabla_{z_T} L x_T^\top + \sum_{t=1}^{T-1} \nabla_{z_t} L x_t^\top", "correct"),
        ("last step", "U", r"\sum_{t=1}^{T-1} \nabla_{z_t} L x_t^\top", "incorrect"),
        ("linear depth", "x", r"(\mathbf{W}^{(1)})^\top \nabla_{\mathbf{z}^{(1)}} L", "correct"),
        ("linear depth", "x", r"(\mathbf{W}^{(2)})^\top \nabla_{\mathbf{z}^{(2)}} L", "incorrect"),
        ("linear depth", "W", r"\nabla_{\mathbf{z}^{(l)}} L (\mathbf{a}^{(l-1)})^\top", "correct"),
        ("linear depth", "W", r"\nabla_{\mathbf{z}^{(l)}} L (\mathbf{a}^{(l)})^\top", "incorrect"),
        ("words", "E", r"\sum_t \operatorname{onehot}(words_t) (\nabla_{h_t} L \odot (1 - h_t^2))^\top", "correct"),
        ("words", "E", r"\sum_t \operatorname{onehot}(words_t) (\nabla_{h_t} L)^\top", "incorrect"),
    ],
)
def test_answers(name: str, target: str, answer: str, verdict: str) -> None:
    assert marker_of(RECURRENCES[name].mapping).mark(target, answer).verdict == verdict


STATE = ("h[0] = h0", "h[t] = tanh(W @ h[t-1])", "L = sum(sum(h[t]), t)")


@pytest.mark.parametrize(
    ("forward", "place", "said"),
    [
        (["h[t] = tanh(W @ h[t-1])", "L = sum(h)"], "forward[1]:1:17", "what it starts from"),
        (["z[t] = W @ h[t-1]", "h[t] = tanh(z[t])", "L = sum(h)"], "forward[1]:1:12", "what it starts from"),
        (["h[0] = h0", "h[t] = W @ h[t-2]", "L = sum(h)"], "forward[2]:1:12", "h[-1], which has no start"),
        (["h[0] = h0", "h[t] = W @ h[t+1]", "L = sum(h)"], "forward[2]:1:12", "a later member"),
        (["h[0] = h0", "h[t] = tanh(W @ h[t])", "L = sum(h)"], "forward[2]:1:17", "used in its own equation"),
        (
            ["h[0] = h0", "z[t] = W @ h[t]", "h[t] = z[t] + h[t-1]", "L = sum(h)"],
            "forward[2]:1:12",
            "used before its equation",
        ),
        (
            ["h[0] = h0", "z[t] = W @ h[t-1]", "m = sum(z[s], s)", "h[t] = z[t] + m", "L = sum(h)"],
            "forward[3]:1:9",
            "a circle that no order resolves",
        ),
        (["h[0] = h0", "h[-1] = x", *STATE[1:]], "forward[2]:1:1", "starts with [T], but its members are [H]"),
        (["h[0] = x", *STATE[1:]], "forward[2]:1:", ""),
        (["h[0] = h0", "h[0] = h0", *STATE[1:]], "forward[2]:1:1", "defined twice"),
        (["h[-1] = h0", *STATE[1:]], "forward[1]:1:1", "h[0] = ... first"),
        (["h[0,i] = h0[j]", *STATE[1:]], "forward[1]:1:13", "index j is free"),
        (["h[0,2] = h0[2]", *STATE[1:]], "forward[1]:1:5", "on the left side an index is a letter"),
        (["h[0] = h0", "L = sum(h0)"], "forward[1]:1:1", "no equation for its members"),
        (["h[0] = h0", "h[t] = h[2*t-1]", "L = sum(h)"], "forward[2]:1:8", "at a letter less a number"),
        ([*STATE[:2], "L = sum(h[T+1])"], "forward[3]:1:", "the last member is at T"),
        (["g[0] = h0", "g[t] = S @ g[t-1]", "L = sum(g)"], "forward[2]:1:1", "numbers the members of g"),
    ],
)
def test_what_is_refused(forward: list[str], place: str, said: str) -> None:
    symbols: dict[str, Any] = {
        "h0": {"shape": ["H"], "role": "input"}, "W": ["H", "H"], "x": ["T"], "S": ["T", "T"],
    }  # fmt: skip
    if "g[0] = h0" in forward:
        symbols["h0"] = ["T"]
    used = {name: shape for name, shape in symbols.items() if any(name in text for text in forward)}
    mapping = {"indices": {"t": "T", "s": "T", "i": "H"}, "dims": ["T", "H"], "symbols": used, "forward": forward}
    with pytest.raises(InputError) as error:
        problem_from_mapping(mapping)
    assert place in str(error.value)
    assert said in str(error.value)


def test_a_start_that_would_print_like_another_quantity_is_refused() -> None:
    forward = ("h[0] = a", "h[t] = tanh(W @ h[t-1] + h0)", "L = sum(sum(h[t]), t)")
    mapping = recurrence("h0 a W", *forward, loss=float).mapping
    problem_from_mapping(mapping)  # h0 prints h^(0), and the start h_0.
    with pytest.raises(InputError, match="would print like h0"):
        problem_from_mapping({**mapping, "notation": "subscript"})


def test_an_abstract_loss_may_take_the_last_member_or_each() -> None:
    for loss in ("L = loss(h[T], y)", "L = sum(loss(h[t], Y[t]), t)"):
        leaves = "h0 W Y" if "Y" in loss else "h0 W y"
        solution = solve(problem_from_mapping(recurrence(leaves, *STATE[:2], loss, loss=float).mapping))
        assert {v.status for v in solution.verified.values()} == {"verified"}

"""Other courses' notation: the same values in other signs, and what is printed reads back."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from extent import some
from networks import NETWORKS
from test_solution_pages import check_page

from backsym.core.errors import InputError
from backsym.core.expr import Entry
from backsym.core.notations import choices
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.documents.content.options import Options
from backsym.documents.writers.render import files, rendered
from backsym.marking.verdicts import check
from backsym.printing.latex import equation_latex, latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve

PACKS = [dict(zip(choices(), values, strict=True)) for values in product(*choices().values())]
PROBLEMS = ("mlp-entries", "backward-batch", "twin", "skip")


@cache
def solved(name: str) -> Solution:
    problem = problem_from_mapping(NETWORKS[name]) if name in NETWORKS else load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    return solve(replace(problem, text=None, parts=tuple(replace(part, text=None) for part in problem.parts)))


def with_pack(solution: Solution, pack: dict[str, str]) -> Solution:
    return replace(solution, problem=replace(solution.problem, notation=pack))


@pytest.mark.parametrize("pack", some(PACKS, 5), ids=lambda pack: "-".join(pack.values()))
def test_every_equation_reads_back_in_every_pack(pack: dict[str, str]) -> None:
    name = PROBLEMS[PACKS.index(pack) % len(PROBLEMS)]
    assert check_page(with_pack(solved(name), pack)) >= 10


@pytest.mark.parametrize("pack", PACKS[::5], ids=lambda pack: "-".join(pack.values()))
def test_words_read_back_in_other_packs(pack: dict[str, str]) -> None:
    assert check_page(with_pack(solved("words"), pack)) >= 10


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [
        ("nabla", r"\nabla_{\mathbf{z}^{(1)}} \mathcal{L}"),
        ("partial", r"\frac{\partial \mathcal{L}}{\partial \mathbf{z}^{(1)}}"),
        ("bar", r"\bar{\mathbf{z}}^{(1)}"),
        ("delta", r"\boldsymbol{\delta}_{\mathbf{z}^{(1)}}"),
    ],
)
def test_gradients(gradient: str, expected: str) -> None:
    solution = with_pack(solved("mlp-entries"), {"gradient": gradient})
    matrix = solution["z1"].derivation.matrix
    assert matrix is not None
    assert latex(matrix.lhs, Notation.of(solution.problem)) == expected


def test_deltas_are_error_signals_of_pre_activations_only() -> None:
    solution = with_pack(solved("mlp-entries"), {"gradient": "delta"})
    notation = Notation.of(solution.problem)
    assert notation.preactivations == {"z1", "z2"}
    page = files(None, [solution], "md")["solution.md"].replace("&=", "=")
    weights = r"\nabla_{\mathbf{W}^{(2)}} \mathcal{L} = \boldsymbol{\delta}_{\mathbf{z}^{(2)}} (\mathbf{a}^{(1)})^\top"
    matrix = solution["W2"].derivation.matrix
    assert matrix is not None
    assert equation_latex(matrix, notation) == weights
    assert r"\mathbb{1}[k' = k]" in page
    assert r"\delta_{k'k}" not in page
    assert "Kronecker" not in page
    assert r"\mathbb{1}[k' = k] \text{ is 1 if } k' = k" in page


ROWS = {
    "title": "Row vectors",
    "symbols": {
        "x": {"shape": [1, "D"], "role": "input"}, "W": {"shape": ["D", "K"], "role": "parameter"},
        "b": {"shape": [1, "K"], "role": "parameter"}, "t": {"shape": [1, "K"], "role": "target"},
    },
    "forward": ["z = x @ W + b", "h = tanh(z)", "L = squared_error(h, t)"],
}  # fmt: skip


def test_a_row_vector_network_is_solved_in_its_own_convention() -> None:
    solution = solve(problem_from_mapping(ROWS))
    forms = {name: solution[name].latex() for name in ("W", "b", "x")}
    assert forms == {
        "W": r"\nabla_{\mathbf{W}} \mathcal{L} = \mathbf{x}^\top \nabla_{\mathbf{z}} \mathcal{L}",
        "b": r"\nabla_{\mathbf{b}} \mathcal{L} = \nabla_{\mathbf{z}} \mathcal{L}",
        "x": r"\nabla_{\mathbf{x}} \mathcal{L} = \nabla_{\mathbf{z}} \mathcal{L} \mathbf{W}^\top",
    }
    assert check_page(solution) > 10


def test_a_row_is_a_vector_where_vectors_have_arrows() -> None:
    solution = solve(problem_from_mapping({**ROWS, "notation": {"vectors": "arrow"}}))
    assert solution["W"].latex() == r"\nabla_{\mathbf{W}} \mathcal{L} = \vec{x}^\top \nabla_{\vec{z}} \mathcal{L}"
    assert check_page(solution) > 10


def test_the_steps_of_a_row_vector_network_state_rows() -> None:
    forward = ["z = x @ W + b", "y = softmax(z)", "L = cross_entropy(y, t)"]
    solution = solve(problem_from_mapping({**ROWS, "forward": forward}))
    steps = [s for d in solution.derivations for step in d.steps for s in step.substeps if s.kind.startswith("lift_")]
    shapes = {s.after.base.shape for s in steps if isinstance(s.after, Entry)}
    assert shapes == {(1, "K"), ("D", "K"), (1, "D")}
    assert check_page(solution) > 10


@pytest.mark.parametrize(("gradient", "sign"), [("bar", "$\\bar{z}$"), ("delta", "$\\delta_z$")])
@pytest.mark.parametrize("version", ["solution", "questions"])
def test_a_sign_for_derivatives_is_explained(gradient: str, sign: str, version: str) -> None:
    scalar = {"notation": {"gradient": gradient}, "forward": ["z = w*x", "y = tanh(z)", "L = (y - t)**2"]}
    page = files(None, [solve(problem_from_mapping(scalar))], "md", Options(version=version))
    assert f"{sign} is $\\partial \\mathcal{{L}}/\\partial z$." in page["solution.md"]


def test_the_networks_of_the_tests_have_row_vector_ones() -> None:
    assert "row-vector" in NETWORKS


@pytest.mark.parametrize("letter", ["e", "j"])
def test_where_e_is_an_index_it_is_not_the_base_of_the_exponential(letter: str) -> None:
    text = f"y[{letter}] = exp(x[{letter}])"
    solution = solve(problem_from_mapping({"symbols": {"x": ["D"]}, "forward": [text, "L = sum(y)"]}))
    page = files(None, [solution], "md")["solution.md"]
    assert (rf"\exp(x_{letter})" in page, rf"e^{{x_{letter}}}" in page) == (letter == "e", letter != "e")


def test_deltas_are_the_derivatives_by_nodes_of_a_letter() -> None:
    """``notation: {delta: z}``: delta^{(l)} for z^{(l)}, gradients for all others, also where a student writes it."""
    mapping = {
        "symbols": {
            "x": {"shape": ["D"], "role": "input"}, "W1": ["H", "D"], "W2": ["K", "H"],
            "t": {"shape": ["K"], "role": "target"},
        },
        "forward": ["z1 = W1 @ x", "h = tanh(z1)", "z2 = W2 @ h", "L = squared_error(z2, t)"],
        "notation": {"delta": "z"},
    }  # fmt: skip
    problem = problem_from_mapping(mapping)
    solution = solve(problem)
    assert [solution[name].latex() for name in ("z2", "W2", "h")] == [
        r"\boldsymbol{\delta}^{(2)} = \mathbf{z}^{(2)} - \mathbf{t}",
        r"\nabla_{\mathbf{W}^{(2)}} \mathcal{L} = \boldsymbol{\delta}^{(2)} \mathbf{h}^\top",
        r"\nabla_{\mathbf{h}} \mathcal{L} = (\mathbf{W}^{(2)})^\top \boldsymbol{\delta}^{(2)}",
    ]
    assert equation_latex(solution["z1"].entry, Notation.of(problem)).startswith(r"\delta_")
    assert r"$\boldsymbol{\delta}^{(1)}$ is $" in rendered(None, [solution], "md")
    answers = {r"\delta^{(1)} x^\top": "correct", r"\delta^{(2)} x^\top": "incorrect"}
    assert {answer: check(problem, "W1", answer).verdict for answer in answers} == answers
    for letter, said in {"q": "no node has the letter q", "2": "delta takes the letter of nodes"}.items():
        with pytest.raises(InputError, match=said):
            problem_from_mapping({**mapping, "notation": {"delta": letter}})
    forward = ["z1 = W1 @ x*delta", "h = tanh(z1)", "z2 = W2 @ h", "L = squared_error(z2, t)"]
    taken = {**mapping, "symbols": {**mapping["symbols"], "delta": []}, "forward": forward}  # type: ignore[dict-item]
    with pytest.raises(InputError, match="no quantity can be called delta"):
        problem_from_mapping(taken)

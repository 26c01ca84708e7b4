"""Families, x_n of X: read, proved for a member and for the stacked arrays, printed, marked, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_code import imported, inputs_of
from known import marker_of
from network_checks import judge, judge_problem

from backsym.api.problem import load
from backsym.codegen.module import module_source
from backsym.core.errors import InputError
from backsym.core.expr import Adj, Equation, Ix, Member, Sym, free_indices
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.documents.writers.jsonform import problem_json
from backsym.documents.writers.render import rendered
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw
from backsym.numeric.verify import with_adjoints
from backsym.printing.latex import equation_latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping, read_expression
from backsym.solving.solution import Solution, solve

pytestmark = pytest.mark.quick("numeric")

N = Ix("n", "N")


def network(*forward: str, **more: Any) -> dict[str, Any]:
    """A network over examples x_n of X with labels y_n of Y."""
    symbols: dict[str, Any] = {
        "X": {"shape": ["N", "D"], "role": "input"},
        "Y": {"shape": ["N", "K"], "role": "target"},
        "W": ["K", "D"],
        "b": ["K"],
        **more.pop("symbols", {}),
    }
    used = {name: s for name, s in symbols.items() if any(name in text for text in forward)}
    return {"indices": {"n": "N"} | more.pop("indices", {}), "symbols": used, "forward": list(forward), **more}


LINEAR = network("z[n] = W @ X[n] + b", "L = sum(squared_error(z[n], Y[n]), n)/N")
HIDDEN = {"V": ["K", "H"], "U": ["H", "D"], "c": ["H"]}
NETWORKS = {
    "linear": LINEAR,
    "whole": network("z[n,:] = W @ X[n,:] + b", "L = sum(squared_error(z, Y))/N"),
    "softmax": network(
        "h[n] = tanh(U @ X[n] + c)",
        "z[n] = V @ h[n] + b",
        "p[n] = softmax(z[n])",
        "L = -sum(Y[n].T @ log(p[n]), n)/N",
        symbols=HIDDEN,
    ),
    "numbers": network(
        "s[n] = a.T @ X[n]", "p = softmax(s)", "L = sum(p[n]*v[n]**2, n)", symbols={"a": ["D"], "v": ["N"]}
    ),
    "matrices": network(
        "u[n] = A[n] @ X[n]", "q = sum(u[n], n)", "L = sum(q**3) + sum(u**2)", symbols={"A": ["N", "D", "D"]}
    ),
    "columns": network("c[d] = v.T @ X[:,d]", "L = sum(c**3)", symbols={"v": ["N"]}, indices={"d": "D"}),
    "at positions": network("s = X[2,:].T @ a + sum(X[:,1]^3)", "L = s**2 + sum(X**2)", symbols={"a": ["D"]}),
    "pairs": network("G[n,m] = X[n].T @ X[m]", "L = sum(G[n,m]**3, n, m)", indices={"m": "N"}),
    "grid": network(
        "z[n,t] = W @ B[n,t] + b",
        "L = sum(z[n,t].T @ z[n,t], n, t)",
        symbols={"B": ["N", "T", "D"]},
        indices={"t": "T"},
    ),
    "latex": network(
        r"\mathbf{z}_n = \mathbf{W} \mathbf{x}_n + \mathbf{b}",
        r"L = \frac{1}{2} \sum_n (\mathbf{z}_n - \mathbf{y}_n)^\top (\mathbf{z}_n - \mathbf{y}_n)",
        symbols={"X": ["N", "D"]},
    )
    | {"symbols": LINEAR["symbols"]},
    "labels": network(
        "z[n] = W @ X[n] + b",
        "p[n] = softmax(z[n])",
        "L = -sum(log(p[n, y[n]]), n)",
        symbols={"y": {"shape": ["N"], "label": "K"}},
    ),
    "mean of members": network("h[n] = tanh(U @ X[n] + c)", "m = sum(h[n], n)/N", "L = sum(m**2)", symbols=HIDDEN),
    "softmax of members": network(
        "z[n] = W @ X[n] + b",
        "L = sum(logsumexp(z[n]) - z[n, y[n]], n)",
        symbols={"y": {"shape": ["N"], "label": "K"}},
    ),
    "rows of words": network(
        "v[n] = E[w[n]]",
        "z[n] = W @ v[n]",
        "L = sum(squared_error(z[n], Y[n]), n)",
        symbols={"w": {"shape": ["N"], "label": "V"}, "E": ["V", "D"]},
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_complex_steps_judge_every_form(name: str) -> None:
    assert judge(NETWORKS[name]) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_the_form_of_a_member_has_the_entries_of_the_derivative(name: str) -> None:
    problem = problem_from_mapping(NETWORKS[name])
    solution = solve(problem)
    env = with_adjoints(solution.derivations, draw(problem, 5))
    members = [d for d in solution.derivations if d.member is not None]
    for d in members:
        assert d.member is not None
        letters = free_indices(d.member.lhs)
        stated = evaluate(d.member.rhs, env, letters)
        assert np.allclose(evaluate(d.member.lhs, env, letters), stated, rtol=1e-9)
        assert np.allclose(env.adjoints[d.node].reshape(stated.shape), stated, rtol=1e-9)
    assert members or name in ("numbers", "columns", "pairs")


def forms(solution: Solution, node: str) -> list[str]:
    notation = Notation.of(solution.problem)
    d = solution[node].derivation
    return [equation_latex(form, notation).partition(" = ")[2] for form in (d.member, d.matrix) if form is not None]


def test_what_is_printed_of_examples() -> None:
    solution = solve(problem_from_mapping(LINEAR))
    assert forms(solution, "W") == [
        r"\sum_{n=1}^N \nabla_{\mathbf{z}_n} \mathcal{L} \mathbf{x}_n^\top",
        r"(\nabla_{\mathbf{Z}} \mathcal{L})^\top \mathbf{X}",
    ]
    assert forms(solution, "X")[0] == r"\mathbf{W}^\top \nabla_{\mathbf{z}_n} \mathcal{L}"
    stated = solution.forward[0].member
    assert stated is not None
    assert equation_latex(stated, Notation.of(solution.problem)) == (
        r"\mathbf{z}_n = \mathbf{W} \mathbf{x}_n + \mathbf{b}"
    )


def test_a_label_of_each_example_is_a_unit_vector() -> None:
    assert forms(solve(problem_from_mapping(NETWORKS["labels"])), "z")[0] == r"\mathbf{p}_n - \mathbf{e}_{y_n}"


def test_the_softmax_of_a_member_has_its_name() -> None:
    problem = problem_from_mapping(NETWORKS["softmax of members"])
    assert forms(solve(problem), "z")[0] == r"\text{softmax}(\mathbf{z}_n) - \mathbf{e}_{y_n}"


def test_a_row_that_a_label_picks_is_one_of_a_matrix() -> None:
    """Beside the vectors e_w, the rows of E, a one-hot vector is not written so."""
    solution = solve(problem_from_mapping(NETWORKS["rows of words"]))
    assert forms(solution, "E")[0] == (
        r"\sum_{n=1}^N \operatorname{onehot}(w_n) (\nabla_{\mathbf{v}_n} \mathcal{L})^\top"
    )


def test_a_letter_that_another_quantity_has_keeps_its_case() -> None:
    """With a quantity x, x_n would be an entry of it."""
    problem = problem_from_mapping(network("z[n] = X[n]*x", "L = sum(z**2)", symbols={"x": ["D"]}))
    stated = solve(problem).forward[0].member
    assert stated is not None
    assert equation_latex(stated, Notation.of(problem)) == r"\mathbf{z}_n = \mathbf{X}_n \odot \mathbf{x}"


def test_json_has_the_form_of_a_member_and_of_the_stack() -> None:
    data = problem_json(solve(problem_from_mapping(LINEAR)))
    weights = next(d for d in data["derivatives"] if d["node"] == "W")
    assert weights["matrix"]["rhs"].startswith(r"\sum_{n=1}^N")
    assert weights["stacked"]["rhs"] == r"(\nabla_{\mathbf{Z}} \mathcal{L})^\top \mathbf{X}"
    assert "stacked" not in next(d for d in data["derivatives"] if d["node"] == "L")


def test_plain_text_reads_back() -> None:
    problem = problem_from_mapping(NETWORKS["columns"])
    for e in (Member(Sym("X", ("N", "D")), (N, None)), Member(Adj("X", ("N", "D")), (None, Ix("d", "D")))):
        assert read_expression(problem, plain(e, problem)) == e


@pytest.mark.parametrize("name", ["softmax", "matrices", "grid"])
def test_generated_code_computes_the_same(name: str, tmp_path: Path) -> None:
    problem = problem_from_mapping(NETWORKS[name])
    solution = solve(problem)
    env = with_adjoints(solution.derivations, draw(problem, 2))
    module = imported(module_source(solution, "numpy"), tmp_path)
    values = module.forward(inputs_of(problem, env, np.asarray))
    found = module.backward(values)
    for d in solution.derivations:
        assert np.allclose(found[d.node], env.adjoints[d.node], rtol=1e-9)


@pytest.mark.parametrize(
    ("target", "answer", "verdict"),
    [
        ("W", "sum(dL/dz[n] @ X[n].T, n)", "correct"),
        ("W", r"\sum_n \nabla_{\mathbf{z}_n} \mathcal{L} \mathbf{x}_n^\top", "correct"),
        ("W", r"(\nabla_{\mathbf{Z}} \mathcal{L})^\top \mathbf{X}", "correct"),
        ("W", "sum(X[n] @ dL/dz[n].T, n)", "incorrect"),
        ("z", "(z[n] - Y[n])/N", "correct"),
        ("z", "dL/dz[n] = (z[n] - Y[n])/N", "correct"),
        ("z", r"\nabla_{\mathbf{z}_n} \mathcal{L} = \frac{1}{N}(\mathbf{z}_n - \mathbf{y}_n)", "correct"),
        ("z", "(Y[n] - z[n])/N", "incorrect"),
        ("z", "z[n] - Y[n]", "incorrect"),
        ("X", "W.T @ dL/dz[n]", "correct"),
        ("X", r"\mathbf{W}^\top \nabla_{\mathbf{z}_n} \mathcal{L}", "correct"),
        ("X", r"\nabla_{\mathbf{Z}} \mathcal{L} \mathbf{W}", "correct"),
        ("b", r"\sum_{n=1}^N \nabla_{\mathbf{z}_n} \mathcal{L}", "correct"),
    ],
)
def test_answers(target: str, answer: str, verdict: str) -> None:
    assert marker_of(LINEAR).mark(target, answer).verdict == verdict


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        (["h[0] = b", "L = sum(b)"], "has a start, but no equation for its members"),
        (["h[n] = W @ h[n-1] + b", "L = sum(h)"], "nothing says what it starts from"),
        (["z[n] = W @ X[n+1] + b", "L = sum(z**2)"], "shifted"),
        (["z[n] = b", "L = sum(z**2) + sum(X)"], "entries is a scalar"),
        (["z[n] = W @ X[n,1,2]", "L = sum(z**2)"], "indices for X"),
        (["z[n] = W @ X[m] + b", "L = sum(z**2)"], "m"),
    ],
)
def test_what_is_refused(forward: list[str], said: str) -> None:
    with pytest.raises(InputError) as error:
        problem_from_mapping(network(*forward))
    assert said in str(error.value)


def test_without_families_too_few_indices_are_an_error() -> None:
    """A student who forgets an index is told so."""
    problem = problem_from_mapping(
        {"symbols": {"W": ["K", "D"], "x": ["D"]}, "forward": ["z = W @ x", "L = sum(z**2)"]}
    )
    with pytest.raises(InputError):
        read_expression(problem, "W[k]*x[k]")
    assert not problem.picks_members


def test_a_claim_for_a_member_is_shown() -> None:
    problem: Problem = load(str(find_problem("softmax-examples")))
    assert judge_problem(problem) == []
    solution = solve(problem)
    claim = problem_json(solution)["parts"][1]
    assert claim["result"].startswith(r"\nabla_{\mathbf{z}_n}")
    assert [step["kind"] for step in claim["steps"]][-2:] == ["members", "present"]
    assert isinstance(solution["z"].derivation.member, Equation)


@pytest.mark.parametrize(
    ("written", "printed"), [("^{(n)}", r"\mathbf{x}^{(n)}"), ("^{[n]}", r"\mathbf{x}^{[n]}"), ("_n", r"\mathbf{x}_n")]
)
def test_how_a_letter_is_written(written: str, printed: str) -> None:
    problem = problem_from_mapping({**LINEAR, "indices": {"n": {"over": "N", "as": written}}})
    solution = solve(problem)
    assert printed in forms(solution, "W")[0]
    assert solution.failed == ()


def test_a_letter_is_not_written_otherwise() -> None:
    with pytest.raises(InputError) as error:
        problem_from_mapping({**LINEAR, "indices": {"n": {"over": "N", "as": "^n"}}})
    assert "^{(n)}" in str(error.value)


def test_a_sum_that_gets_a_letter_does_not_get_that_of_stacked_vectors() -> None:
    """The vectors s_n and q_n are the rows of S and Q, so that the next letter names the sum."""
    forward = ["s[n] = W @ X[n] + b", "q[n] = softmax(s[n])", "L = sum(squared_error(q[n], Y[n]), n)"]
    text = rendered(None, [solve(problem_from_mapping(network(*forward)))], "md")
    assert r"R_n &= \sum" in text
    assert "Q_n &=" not in text

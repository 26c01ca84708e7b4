"""Stated equations: true ones pass, false ones are told with an example that is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.documents.content.solved import answered_parts
from backsym.numeric.claims import counterexample, false_claims, holds_if_sums_to_one
from backsym.numeric.proof import check_steps
from backsym.numeric.sample import draws
from backsym.numeric.verify import with_adjoints
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("solving", "cli")

SOFTMAX = {
    "indices": {"i": "D", "k": "K"},
    "symbols": {"x": ["D"], "W": ["K", "D"], "t": {"shape": ["K"], "role": "target", "one_hot": "true"}},
    "forward": [
        "z[k] = sum(W[k,i]*x[i], i)", "y[k] = exp(z[k])/sum(exp(z[k']), k')", "L = -sum(t[k]*log(y[k]), k)",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "true"),
    [
        ("dL/dz[k] = y[k] - t[k]", True), ("dL/dz[k] = y[k] + t[k]", False), ("dL/dz[k] = t[k] - y[k]", False),
        ("dL/dW[k,i] = dL/dz[k]*x[i]", True), ("dL/dW[k,i] = x[i]", False), ("dL/dz = y - t", True),
    ],
)  # fmt: skip
def test_a_claim_is_judged_by_its_value(claim: str, true: bool) -> None:
    problem = problem_from_mapping({**SOFTMAX, "parts": [{"show": claim}]})
    derivations = solve(problem).derivations
    found = false_claims(problem, derivations)
    assert (not found) is true
    for wrong in found:
        example = counterexample(problem, derivations, wrong)
        assert example is not None
        assert abs(example.left - example.right) > 1e-3


@pytest.mark.parametrize(
    ("hidden", "claim", "true"),
    [
        ("max(0, w*x)", "dL/dw = (y - t)*x", False), ("max(0, w*x)", "dL/dw = (y - t)*x*[w*x > 0]", True),
        ("abs(w*x)", "dL/dw = (y - t)*x", False), ("abs(w*x)", "dL/dw = (y - t)*x*sign(w*x)", True),
    ],
)  # fmt: skip
def test_a_claim_is_judged_on_both_sides_of_a_kink(hidden: str, claim: str, true: bool) -> None:
    forward = [f"y = {hidden}", "L = (y - t)**2/2"]
    symbols = {"w": {"role": "parameter"}, "x": {"role": "input"}, "t": {"role": "target"}}
    problem = problem_from_mapping({"symbols": symbols, "forward": forward, "parts": [{"show": claim}]})
    solution = solve(problem)
    found = false_claims(problem, solution.derivations, solution.points)
    assert (not found) is true
    for wrong in found:
        example = counterexample(problem, solution.derivations, wrong)
        assert example is not None
        assert abs(example.left - example.right) > 1e-3


def test_the_command_line_tells_the_example(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "symbols: {x: {role: input}, w: {role: parameter}, t: {role: target}}\n"
        "forward: [z = w*x, L = 1/2*(z - t)**2]\n"
        "parts:\n  - show: dL/dw = (z - t)*w\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(main, ["solve", str(path), "-o", str(tmp_path / "o")])
    assert result.exit_code == 1
    assert "part (a) (show) states an equation for w that does not hold:\n    dL/dw = (z - t)*w" in result.stderr
    assert not (tmp_path / "o").exists()
    given = {name: float(value) for name, value in re.findall(r"(\w+) = (-?[\d.]+)(?=[,:])", result.stderr)}
    sides = re.search(r"the left side is (-?[\d.]+), the right side (-?[\d.]+)", result.stderr)
    assert sides is not None
    assert float(sides[2]) == pytest.approx((given["z"] - given["t"]) * given["w"])
    assert all(value == int(value) for value in given.values())


def test_a_claim_that_holds_for_probabilities_alone_is_told_so(tmp_path: Path) -> None:
    free = {name: symbol for name, symbol in SOFTMAX["symbols"].items() if name != "t"} | {"t": ["K"]}
    for right, name in (("y[k] - t[k]", "t"), ("t[k] - y[k]", None)):
        problem = problem_from_mapping({**SOFTMAX, "symbols": free, "parts": [{"show": f"dL/dz[k] = {right}"}]})
        derivations = solve(problem).derivations
        (wrong,) = false_claims(problem, derivations)
        assert holds_if_sums_to_one(problem, derivations, wrong) == name
    path = tmp_path / "note.md"
    path.write_text(
        "$$p = \\mathrm{softmax}(\\mathbf{z}), L = -\\sum_k y_k \\log p_k$$ Show that"
        " $$\\frac{\\partial L}{\\partial z_k} = p_k - y_k.$$"
    )
    result = CliRunner().invoke(main, ["solve", str(path), "-o", str(tmp_path / "o")])
    assert "it holds where the entries of y sum to one" in result.stderr
    path.write_text(path.read_text() + " Here $\\sum_{k=1}^K y_k = 1$.")
    result = CliRunner().invoke(main, ["solve", str(path), "-o", str(tmp_path / "o")])
    assert result.exit_code == 0
    assert "target y [D], whose entries sum to one" in result.stderr


@pytest.mark.parametrize(
    ("part", "result"),
    [
        ({"derive": "z", "form": "y[k] - t[k]"}, r"y_k - t_k"),
        ({"derive": "W", "form": "(y[k] - t[k])*x[i]"}, r"(y_k - t_k) x_i"),
        ({"gradients": "W", "form": "(y - t) @ x.T"}, r"(\mathbf{y} - \mathbf{t}) \mathbf{x}^\top"),
        ({"derive": "W", "form": "outer(dL/dz, x)"}, r"\nabla_{\mathbf{z}} \mathcal{L} \mathbf{x}^\top"),
    ],
)
def test_a_result_is_presented_in_the_form_that_is_asked_for(part: dict[str, str], result: str) -> None:
    problem = problem_from_mapping({**SOFTMAX, "parts": [part]})
    solution = solve(problem)
    assert not false_claims(problem, solution.derivations)
    (answered,) = answered_parts(solution)
    (piece,) = answered.pieces
    assert latex(piece.result.rhs, Notation.of(problem)) == result
    env = with_adjoints(solution.derivations, draws(problem, 1)[0])
    assert check_steps(piece.after, env)[0] < 1e-9


def test_a_false_form_is_refused() -> None:
    problem = problem_from_mapping({**SOFTMAX, "parts": [{"derive": "z", "form": "y[k]"}]})
    assert len(false_claims(problem, solve(problem).derivations)) == 1


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"derive": ["z", "W"], "form": "y[k]"}, "one derivative"),
        ({"derive": "W", "form": "y[k]"}, "one for each axis"),
        ({"derive": "W", "form": "y - t"}, "the shape of what is asked for"),
    ],
)
def test_a_form_that_does_not_fit_is_named(part: dict[str, object], message: str) -> None:
    problem = problem_from_mapping({**SOFTMAX, "parts": [part]})
    with pytest.raises(BacksymError, match=message):
        false_claims(problem, solve(problem).derivations)

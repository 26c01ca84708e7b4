"""Problems whose last equation is no loss: the derivative of an abstract one is given, and all follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import backsym as bs
from backsym.cli.main import main
from backsym.codegen.module import module_source
from backsym.codegen.skeleton import skeleton_source
from backsym.core.errors import BacksymError, InputError
from backsym.documents.writers.jsonform import problem_json
from backsym.numeric.sources import called

LAYER: dict[str, Any] = {
    "symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "b": ["K"]},
    "forward": ["z = W @ x + b", "y = softmax(z)"],
}
STEP = 1e-30


def softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum()


def test_forward_and_backward_take_the_given_derivative() -> None:
    rng = np.random.default_rng(1)
    w, x, b, given = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3), rng.normal(size=3)
    source = module_source(bs.Problem(**LAYER).solve())
    values = called(source, "forward", {"W": w, "x": x, "b": b, "d_y": given})
    assert "L" not in values
    found = called(source, "backward", values)
    assert list(found) == ["y", "z", "W", "b", "x"]
    wanted = np.zeros((3, 2))
    for at in np.ndindex(3, 2):
        moved = w.astype(complex)
        moved[at] += 1j * STEP
        wanted[at] = given @ softmax(moved @ x + b).imag / STEP
    np.testing.assert_allclose(found["W"], wanted, rtol=1e-12)
    np.testing.assert_allclose(found["x"], w.T @ found["z"], rtol=1e-12)


def test_the_given_derivative_is_listed_as_given() -> None:
    solution = bs.Problem(**LAYER).solve()
    first, *others = problem_json(solution)["derivatives"]
    assert (first["node"], first["numpy"], first["steps"], first["verified"]) == ("y", "d_y", [], {"status": "given"})
    assert {d["verified"]["status"] for d in others} == {"verified"}
    assert solution["y"].verification.status == "given"
    assert [result.node for result in solution] == ["y", "z", "W", "b", "x"]


def test_a_wrong_derivative_is_noticed_without_a_loss() -> None:
    from dataclasses import replace

    from backsym.core.expr import Equation, Neg
    from backsym.numeric.verify import verify

    problem = bs.Problem(**LAYER)
    right = problem.solve().derivations
    wrong = [
        replace(d, entry=Equation(d.entry.lhs, Neg(d.entry.rhs)), matrix=None) if d.node == "x" else d for d in right
    ]
    assert verify(problem, wrong)["x"].status == "failed"


def test_a_node_used_by_another_way_than_the_last_is_counted_once() -> None:
    problem = bs.Problem(symbols={"x": {"shape": ["D"], "role": "input"}}, forward=["h = x**2", "y = h*x + h"])
    assert {r.verification.status for r in problem.solve()} == {"given", "verified"}


def test_a_number_is_a_loss_of_its_own() -> None:
    assert bs.Problem(forward=["y = w*x"]).loss == "y"
    assert bs.Problem(**LAYER).loss == "L"
    assert bs.Problem(symbols={"J": ["K", "D"], "L": ["D"]}, forward=["y = J @ L"]).loss == "E"


@pytest.mark.parametrize("name", ["L", "loss", "Cost", "E"])
def test_what_is_called_a_loss_has_to_be_a_number(name: str) -> None:
    with pytest.raises(InputError) as caught:
        bs.Problem(symbols={"x": ["D"]}, forward=[f"{name} = x**2"])
    assert caught.value.diagnostics[0].code == "files.loss_not_scalar"


def test_a_loss_that_is_named_has_to_be_a_number() -> None:
    with pytest.raises(InputError) as caught:
        bs.Problem(**LAYER, loss="y")
    assert caught.value.diagnostics[0].code == "files.loss_not_scalar"


@pytest.mark.parametrize(
    ("extra", "code"),
    [({"parts": [{"derive": "y"}]}, "files.derivative_given"), ({"values": {"x": [1, 2]}}, "files.needs_a_loss")],
)
def test_what_needs_a_loss_is_refused(extra: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        bs.Problem(**LAYER, **extra)
    assert code in [d.code for d in caught.value.diagnostics]


def test_an_assignment_needs_a_loss() -> None:
    with pytest.raises(BacksymError, match="needs a loss"):
        skeleton_source(bs.Problem(**LAYER).solve())


def test_answers_start_from_the_given_derivative() -> None:
    problem = bs.Problem(**LAYER, parts=[{"gradients": ["z", "W"]}])
    assert bs.check(problem, "W", "dL/dz x^T").verdict == "correct"
    assert bs.check(problem, "z", "y*dL/dy - y*(y^T dL/dy)").verdict == "correct"
    assert bs.check(problem, "z", "y*dL/dy - y").verdict == "incorrect"


@pytest.mark.parametrize("form", ["md", "tex", "html", "json", "pdf"])
def test_every_form_of_output(form: str, tmp_path: Path) -> None:
    file = tmp_path / "layer.yaml"
    file.write_text(
        "symbols: {W: [K, D], x: {shape: [D], role: input}}\nforward: [z = W @ x, y = tanh(z)]\n"
        "parts: [{graph: vectorized}, {derive: z}, {gradients: [W, x]}, {why: z}]\n"
    )
    result = CliRunner().invoke(main, ["solve", str(file), "--format", form, "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    if form == "md":
        assert r"derivative $\nabla_{\mathbf{y}} \mathcal{L}$ is given" in (tmp_path / "out" / "layer.md").read_text()

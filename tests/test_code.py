"""``backsym code``: the modules are Black's, agree with complex steps, and a skeleton tells right from wrong.

Modules for PyTorch and JAX run under ``judges``; here is what they say.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import black
import numpy as np
import pytest
from click.testing import CliRunner
from documentation import block
from extent import THOROUGH, some
from generated_code import (
    CASES,
    CLASHES,
    MODULE,
    ROOT,
    STABLE,
    Assignment,
    agrees,
    array_of_numpy,
    filled,
    imported,
    problem_named,
    random_modules_wrong,
    solved,
    values_and_slope,
    written_to,
)
from networks import NETWORKS

from backsym.cli.main import main
from backsym.codegen.function import function_source, gradcheck_source
from backsym.codegen.module import module_source
from backsym.codegen.skeleton import checks_source, skeleton_source
from backsym.core.errors import BacksymError
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

RANDOM = 500 if THOROUGH else 10
CHUNK = 25 if THOROUGH else 10
TARGETS = ("numpy", "torch", "jax")


@pytest.mark.parametrize("name", some(CASES, 8))
def test_modules_agree_with_complex_steps(name: str, tmp_path: Path) -> None:
    assert agrees(solved(name), tmp_path) == []


@pytest.mark.parametrize("first", range(0, RANDOM, CHUNK))
def test_random_networks(first: int, tmp_path: Path) -> None:
    assert random_modules_wrong(range(first, first + CHUNK), {"numpy": array_of_numpy}, tmp_path) == []


@pytest.mark.quick("codegen")
@pytest.mark.parametrize("function", STABLE)
def test_large_arguments_do_not_overflow(function: str, tmp_path: Path) -> None:
    value, slope = values_and_slope(function, "numpy", array_of_numpy, tmp_path)
    np.testing.assert_allclose(value, STABLE[function], atol=1e-12)
    assert np.isfinite(slope).all()


def test_a_logarithm_of_exponentials_along_another_axis_is_not_taken_for_one_along_the_last() -> None:
    mapping = {"symbols": {"x": ["N", "D"]}, "forward": ["y = log(sum(exp(x), axis=0))", "L = y.T @ y"]}
    source = module_source(solve(problem_from_mapping(mapping)))
    assert "y = np.log(np.exp(x).sum(axis=0))" in source


# --- text ------------------------------------------------------------------------------------------------------------


def texts(solution: Solution) -> Iterator[str]:
    for target in TARGETS:
        yield module_source(solution, target)
        yield skeleton_source(solution, target)
        yield checks_source(solution, "answer", target)


@pytest.mark.parametrize("name", some(CASES, 16))
def test_what_is_written_is_as_black_would_have_it(name: str) -> None:
    """Also: the same every time, and without a variable that nothing uses."""
    solution = solved(name)
    assert module_source(solution) == module_source(solve(problem_named(name)))
    for text in texts(solution):
        assert black.format_str(text, mode=black.Mode()) == text
        for function in ast.parse(text).body:
            if isinstance(function, ast.FunctionDef):
                names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
                stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
                assert stored <= {node.id for node in names if isinstance(node.ctx, ast.Load)} | {"_"}


@pytest.mark.parametrize("name", some(CASES, 50))
@pytest.mark.parametrize("target", ["torch", "jax"])
def test_functions_and_their_tests_are_as_black_would_have_them(name: str, target: str) -> None:
    solution = solved(name)
    for text in (function_source(solution, target), gradcheck_source(solution, "layer", target)):
        assert black.format_str(text, mode=black.Mode()) == text


def test_what_is_no_function_of_arrays_is_refused() -> None:
    with pytest.raises(BacksymError, match="numpy has no derivatives of its own"):
        function_source(solved("scalar-tanh"), "numpy")
    with pytest.raises(BacksymError, match="also needs loss"):
        function_source(solved("network abstract-loss-inline"), "torch")
    result = CliRunner().invoke(main, ["code", "scalar-tanh", "--target", "torch", "--function", "--skeleton"])
    assert result.exit_code == 2
    assert "ask for one of them" in result.stderr


def test_what_has_no_derivative_is_said_to_be_constant() -> None:
    text = function_source(solved("mlp-entries"), "torch")
    assert "Taken as constants: t." in text
    assert text.count("        None,\n") == 1


def backward_lines(mapping: dict[str, Any], target: str = "numpy") -> list[str]:
    """The assignments to gradients in a module."""
    source = module_source(solve(problem_from_mapping(mapping)), target).split("def backward")[1]
    return [line.strip() for line in source.split("\n") if line.strip().startswith("d_")]


@pytest.mark.quick("codegen")
def test_a_module_is_written_as_people_write_it() -> None:
    assert backward_lines(MODULE) == [
        "d_L = np.ones_like(L)",
        "d_y = y - t",
        "d_W = np.outer(d_y * (1.0 - y**2), x)",
        "d_x = W.T @ (d_y * (1.0 - y**2))",
    ]
    assert backward_lines(MODULE, "torch")[2] == "d_W = torch.outer(d_y * (1.0 - y**2), x)"
    assert backward_lines(MODULE, "jax")[0] == "d_L = jnp.ones_like(L)"


@pytest.mark.quick("codegen")
def test_known_functions_have_their_names() -> None:
    mapping = {"symbols": {"z": ["D"], "w": ["D"]}, "forward": ["a = softmax(z)", "L = sum(a*sigmoid(w)*erf(w))"]}
    solution = solve(problem_from_mapping(mapping))
    numpy, torch_, jax = (module_source(solution, target) for target in TARGETS)
    assert "def softmax(x):" in numpy
    assert "L = np.sum(a * sigmoid(w) * erf(w))" in numpy
    assert "a = torch.softmax(z, dim=-1)" in torch_
    assert "L = torch.sum(a * torch.sigmoid(w) * torch.erf(w))" in torch_
    assert "a = jax.nn.softmax(z)" in jax
    assert "jax.scipy.special.erf(w)" in jax
    heads = module_source(solve(problem_named("multi-head-attention")), "torch")
    assert "A = torch.softmax(S, dim=-1)" in heads


@pytest.mark.quick("codegen")
@pytest.mark.parametrize("number", range(len(CLASHES)))
def test_names_that_python_or_the_module_has(number: int, tmp_path: Path) -> None:
    solution = solve(problem_from_mapping(CLASHES[number]))
    assert agrees(solution, tmp_path) == []
    assert Assignment(solution, "numpy", tmp_path).failures() == set()


def test_the_gradient_of_what_the_loss_does_not_see_is_zero() -> None:
    assert backward_lines(NETWORKS["dead-end"])[-1] == "d_u = np.zeros_like(u)"


def test_a_size_that_no_input_has_is_asked_for(tmp_path: Path) -> None:
    mapping = {
        "indices": {"i": "M", "k": "K"},
        "symbols": {"x": ["D"], "w": ["K"], "z": ["M"]},
        "forward": ["z[i] = sum(w[k]*x[i+k-1], k)", "L = sum(z**2)"],
    }
    solution = solve(problem_from_mapping(mapping))
    module = imported(module_source(solution), tmp_path)
    values = module.forward({"x": np.arange(5.0), "w": np.array([1.0, 2.0]), "M": 4})
    assert values["z"].tolist() == [2.0, 5.0, 8.0, 11.0]
    assert "the size M, an integer" in str(module.__doc__)


def test_a_size_to_be_given_needs_a_name_of_its_own() -> None:
    mapping = {
        "indices": {"i": "M", "k": "K"},
        "symbols": {"x": ["D"], "w": ["K"], "z": ["M"], "M": []},
        "forward": ["z[i] = sum(w[k]*x[i+k-1], k)", "L = M*sum(z)"],
    }
    with pytest.raises(BacksymError, match="M is a dimension, and so no quantity can be called M"):
        problem_from_mapping(mapping)
    mapping["symbols"].pop("M")  # type: ignore[attr-defined]
    mapping["forward"] = ["z[i] = sum(w[k]*x[i+k-1], k)", "M = sum(z**2)", "L = M"]
    with pytest.raises(BacksymError, match="no input has the size M as an axis, and a quantity has its name"):
        module_source(solve(problem_from_mapping(mapping), check=False))


def test_a_size_may_have_a_name_that_python_has(tmp_path: Path) -> None:
    mapping = {
        "indices": {"i": "lambda", "k": "K"},
        "symbols": {"x": ["D"], "w": ["K"], "z": ["lambda"]},
        "forward": ["z[i] = sum(w[k]*x[i+k-1], k)", "L = sum(z**2)"],
    }
    assert agrees(solve(problem_from_mapping(mapping)), tmp_path) == []


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(BacksymError, match="unknown target 'tocrh', expected one of numpy, torch, jax; did you mean"):
        module_source(solve(problem_from_mapping(MODULE)), "tocrh")


# --- skeletons -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", some(CASES, 8))
def test_a_right_backward_passes_and_every_wrong_one_fails(name: str, tmp_path: Path) -> None:
    """Of each gradient: its sign, a factor, one of its entries only, one that is left out, another's shape."""
    solution = solve(problem_named(name))
    assignment = Assignment(solution, "numpy", tmp_path)
    assert assignment.failures() == set()
    symbols = solution.problem.symbols.values()
    asked = {s.name for s in symbols if s.role in ("node", "input", "parameter") and not s.label} - {
        solution.problem.loss
    }
    # What is zero everywhere has no sign and no factor.
    checked = {r.node: solution.verified[r.node] for r in solution}
    moving = {name for name, v in checked.items() if v.status == "verified" and v.reason is None} & asked
    entry = "np.eye(1, (x := values[{!r}]).size).reshape(x.shape) / 1000"
    assert {*moving, "backward"} <= assignment.failures(lambda name, right: f"-{right}")
    assert {*moving, "backward"} <= assignment.failures(lambda name, right: f"1.001 * {right}")
    assert {*moving, "backward"} <= assignment.failures(lambda name, right: f"0 * {right}")
    assert {*asked, "backward"} <= assignment.failures(lambda name, right: f"{right} + {entry.format(name)}")
    assert {*asked, "backward"} <= assignment.failures(lambda name, right: f"{right}[None]")


@pytest.mark.quick("codegen")
def test_a_factor_that_is_0_or_1_is_seen_as_both(tmp_path: Path) -> None:
    """Leaving out the derivative of ReLU is wrong only where a unit is off."""
    solution = solve(problem_named("mlp-entries"))

    def forgotten(name: str, right: str) -> str:
        return 'gradients["a1"]' if name == "z1" else right

    assert Assignment(solution, "numpy", tmp_path).failures(forgotten) == {"z1", "backward"}


@pytest.mark.quick("codegen")
def test_a_skeleton_gives_no_formula_away() -> None:
    solution = solve(problem_from_mapping(MODULE))
    for text in (skeleton_source(solution), checks_source(solution, "answer")):
        assert "W.T" not in text
        assert "outer" not in text
        assert "1.0 - y" not in text


# --- the command -----------------------------------------------------------------------------------------------------


def ran(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from backsym.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", script, "code", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=120)


def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    printed = ran("twin", "--target", "torch", cwd=tmp_path)
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == module_source(solve(problem_named("twin")), "torch")
    done = ran("twin", "-o", "twin_network.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "wrote twin_network.py\n")
    assert (tmp_path / "twin_network.py").read_text(encoding="utf-8") == module_source(solve(problem_named("twin")))


def test_a_skeleton_is_graded_by_pytest(tmp_path: Path) -> None:
    done = ran("scalar-tanh", "--skeleton", "-o", "answer.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "wrote answer.py\nwrote test_answer.py\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_answer.py"]
    empty = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert empty.returncode == 1
    assert "NotImplementedError" in empty.stdout
    solution = solve(problem_named("scalar-tanh"))
    written_to(tmp_path, "reference", module_source(solution))
    written_to(tmp_path, "answer", filled(skeleton_source(solution), "reference"))
    right = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert right.returncode == 0, right.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["handout"], "handout is a collection"),
        (["twin", "--skeleton", "-o", "my-network.py"], "my-network.py: the tests import this file"),
        (["nowhere"], "nowhere"),
    ],
)
def test_what_the_command_refuses(arguments: list[str], message: str, tmp_path: Path) -> None:
    refused = ran(*arguments, cwd=tmp_path)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_documentation_shows_what_is_printed(tmp_path: Path) -> None:
    (tmp_path / "layer.yaml").write_text(block("example: layer.yaml"), encoding="utf-8")
    printed = ran("layer.yaml", cwd=tmp_path)
    imported_, backward = block("example: backward").split("\n\n\n", 1)
    assert f"\n{imported_}\n" in printed.stdout
    assert printed.stdout.endswith("\n\n\n" + backward)

"""``backsym code``: the modules are Black's, agree with autograd, and a skeleton tells right from wrong."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import black
import numpy as np
import pytest
import torch
from extent import THOROUGH
from network_checks import differs, largest
from networks import NETWORKS
from random_networks import network
from torch_judge import forward_and_gradients

from backsym.codegen.module import module_source
from backsym.codegen.skeleton import checks_source, skeleton_source
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.numeric.abstract import AbstractFunction
from backsym.numeric.evaluate import Env
from backsym.numeric.sample import draw
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve

ROOT = Path(__file__).resolve().parents[1]
PROBLEMS = {
    path.stem: path for path in sorted((ROOT / "problems").rglob("*.yaml")) if isinstance(load(str(path)), Problem)
}
CASES = [*PROBLEMS, *(f"network {name}" for name in NETWORKS)]
RANDOM = 500 if THOROUGH else 100
"""How many random networks are tried in NumPy and PyTorch."""

RANDOM_JAX = 500 if THOROUGH else 10
"""How many are tried in JAX, which compiles every operation anew: a second for each."""

CHUNK = 25
TARGETS = ("numpy", "torch", "jax")
NUMBER = itertools.count()


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def jax_precise() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def imported(source: str, folder: Path) -> ModuleType:
    """The module that stands in the source, which is written to a file and imported from there."""
    name = f"generated_{next(NUMBER)}"
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def array_of(target: str) -> Callable[[Any], Any]:
    """What makes an array of the target's library."""
    if target == "torch":
        return lambda x: torch.tensor(np.asarray(x, dtype=float))
    if target == "jax":
        import jax.numpy as jnp

        return lambda x: jnp.asarray(np.asarray(x, dtype=float))
    return lambda x: np.asarray(x, dtype=float)


def inputs_of(problem: Problem, env: Env, make: Callable[[Any], Any]) -> dict[str, Any]:
    """Leaves, abstract functions and sizes at a point."""
    inputs = {name: make(env.values[name]) for name in problem.symbols if name not in problem.by_name}

    def of(function: AbstractFunction, order: int) -> Callable[..., Any]:
        return lambda *args: make(function.derivative(order, *(np.asarray(x) for x in args)))

    pairs = {name: (of(f, 0), of(f, 1)) for name, f in env.functions.items()}
    keys = {name: f"{name}()" if name in problem.symbols else name for name in pairs}
    leaf_dims = {d for name in inputs for d in problem.symbols[name].shape}
    sizes = {d: n for d, n in env.dims.items() if d not in leaf_dims and d not in problem.symbols}
    return {**inputs, **{keys[name]: pair for name, pair in pairs.items()}, **sizes}


def agrees(problem: Problem, solution: Solution, target: str, folder: Path, seed: int = 3) -> list[str]:
    """What differs between a module and PyTorch's autograd on the author's equations, at a random point."""
    env = draw(problem, seed)
    values, gradients = forward_and_gradients(problem, env)
    module = imported(module_source(solution, target), folder)
    with np.errstate(all="ignore"):
        found = module.forward(inputs_of(problem, env, array_of(target)))
        slopes = module.backward(found)
    wrong = []
    for name, value in values.items():
        wrong += differs(f"value of {name}", np.asarray(found[name]), value, 1.0)
    expected = {s.name for s in problem.symbols.values() if s.role in ("node", "input", "parameter")}
    if not expected <= set(slopes):
        wrong.append(f"no gradient of {sorted(expected - set(slopes))}")
    for name, slope in slopes.items():
        wrong += differs(f"gradient of {name}", np.asarray(slope), gradients[name], largest(gradients))
    return wrong


@cache
def solved(name: str) -> Solution:
    return solve(problem_named(name))


# Of those with names, JAX sees the bundled problems only.
PAIRS = [(name, target) for name in CASES for target in TARGETS if target != "jax" or name in PROBLEMS]


@pytest.mark.parametrize(("name", "target"), PAIRS)
def test_modules_agree_with_autograd(name: str, target: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if target == "jax":
        request.getfixturevalue("jax_precise")
    assert agrees(problem_named(name), solved(name), target, tmp_path) == []


@pytest.mark.parametrize("first", range(0, RANDOM, CHUNK))
def test_random_networks(first: int, tmp_path: Path) -> None:
    """Values and gradients in NumPy and PyTorch; the text is Black's."""
    wrong: list[str] = []
    outside = 0
    for seed in range(first, first + CHUNK):
        problem = problem_from_mapping(network(seed))
        try:
            solution = solve(problem, check=False)
        except BacksymError as error:
            outside += "no point to check" in str(error)
            wrong += [] if "no point to check" in str(error) else [f"seed {seed}: {error}"]
            continue
        for target in ("numpy", "torch"):
            wrong += [f"seed {seed}, {target}: {what}" for what in agrees(problem, solution, target, tmp_path)]
            source = module_source(solution, target)
            if seed % 5 == 0 and black.format_str(source, mode=black.Mode()) != source:
                wrong.append(f"seed {seed}, {target}: not as Black would have it")
    assert not wrong, "\n".join(wrong)
    assert outside <= 1


@pytest.mark.usefixtures("jax_precise")
def test_random_networks_in_jax(tmp_path: Path) -> None:
    wrong: list[str] = []
    for seed in range(RANDOM_JAX):
        problem = problem_from_mapping(network(seed))
        wrong += [f"seed {seed}: {what}" for what in agrees(problem, solve(problem, check=False), "jax", tmp_path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("jax_precise")
def test_functions_of_functions_and_of_sizes_in_jax(tmp_path: Path) -> None:
    """What random networks found: erf of what is JAX's already, and sigmoid of an integer."""
    symbols = {"x": ["D"], "y": ["D"]}
    problem = problem_from_mapping({"symbols": symbols, "forward": ["L = sum(erf(sigmoid(x))*sigmoid(D)*y)"]})
    assert agrees(problem, solve(problem), "jax", tmp_path) == []


STABLE = {
    "sigmoid(x)": [1, 0.5, 0], "sigmoid(-x)": [0, 0.5, 1], "1/(1 + exp(-x))": [1, 0.5, 0],
    "exp(x)/(1 + exp(x))": [1, 0.5, 0], "softplus(x)": [1000, np.log(2), 0], "log(1 + exp(x))": [1000, np.log(2), 0],
    "log(sigmoid(x))": [0, -np.log(2), -1000], "log(1 - sigmoid(x))": [-1000, -np.log(2), 0], "silu(x)": [1000, 0, 0],
    "elu(x)": [1000, 0, -1], "gelu(x)": [1000, 0, 0], "softmax(x)": [1, 0, 0], "exp(x)/sum(exp(x))": [1, 0, 0],
    "log_softmax(x)": [0, -1000, -2000], "log(softmax(x))": [0, -1000, -2000],
    "x - log(sum(exp(x)))": [0, -1000, -2000], "x - logsumexp(x)": [0, -1000, -2000],
    "logsumexp(x)*ones(D)": [1000, 1000, 1000],
}  # fmt: skip
"""Their values at 1000, 0, -1000."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("function", STABLE)
def test_large_arguments_do_not_overflow(
    function: str, target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if target == "jax":
        request.getfixturevalue("jax_precise")
    symbols = {"x": ["D"], "t": {"shape": ["D"], "role": "target"}}
    solution = solve(problem_from_mapping({"symbols": symbols, "forward": [f"y = {function}", "L = t.T @ y"]}))
    module, make = imported(module_source(solution, target), tmp_path), array_of(target)
    # What is written out by hand may have a derivative that overflows, as its formula does.
    by_hand = function == "1/(1 + exp(-x))"
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        values = module.forward({"x": make([1000, 0, -1000]), "t": make([1, 2, 3])})
        np.testing.assert_allclose(np.asarray(values["y"]), STABLE[function], atol=1e-12)
        assert by_hand or np.isfinite(np.asarray(module.backward(values)["x"])).all()


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


@pytest.mark.parametrize("name", CASES)
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


MODULE = {
    "symbols": {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}},
    "forward": ["y = tanh(W @ x)", "L = squared_error(y, t)"],
}


def backward_lines(mapping: dict[str, Any], target: str = "numpy") -> list[str]:
    """The assignments to gradients in a module."""
    source = module_source(solve(problem_from_mapping(mapping)), target).split("def backward")[1]
    return [line.strip() for line in source.split("\n") if line.strip().startswith("d_")]


def test_a_module_is_written_as_people_write_it() -> None:
    assert backward_lines(MODULE) == [
        "d_L = np.ones_like(L)",
        "d_y = y - t",
        "d_W = np.outer(d_y * (1.0 - y**2), x)",
        "d_x = W.T @ (d_y * (1.0 - y**2))",
    ]
    assert backward_lines(MODULE, "torch")[2] == "d_W = torch.outer(d_y * (1.0 - y**2), x)"
    assert backward_lines(MODULE, "jax")[0] == "d_L = jnp.ones_like(L)"


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


CLASHES: list[dict[str, Any]] = [
    {"forward": ["lambda = np*i", "values = lambda + inputs", "dict = sin(values)*forward", "L = dict**2"]},
    {
        "symbols": {"jnp": None, "sum_": None, "softmax": None, "np": None, "np_": {"latex": "q"}},
        "forward": ["torch = jnp*sum_", "sigmoid = sigmoid(torch)", "mask = sigmoid + softmax", "L = mask + np_ + np"],
    },
    {"forward": ["d_z = z**2", "y = d_z*z", "L = y*d_z"]},
    {"symbols": {"y": ["D"], "t": ["D"]}, "forward": ["loss = loss(y, t)"]},
    {"functions": {"phi": "abstract"}, "forward": ["h = phi(w*x)", "phi_prime = h**2", "L = phi(phi_prime)"]},
    {"indices": {"i": "D"}, "symbols": {"x": ["D"]}, "forward": ["e = sum(x[i]**2, i)", "print = e", "L = print*e"]},
]


@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("number", range(len(CLASHES)))
def test_names_that_python_or_the_module_has(number: int, target: str, tmp_path: Path) -> None:
    problem = problem_from_mapping(CLASHES[number])
    solution = solve(problem)
    assert agrees(problem, solution, target, tmp_path) == []
    assert Assignment(solution, target, tmp_path).failures() == set()


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
    with pytest.raises(BacksymError, match="no input has the size M as an axis, and a quantity has its name"):
        module_source(solve(problem_from_mapping(mapping), check=False))


def test_a_size_may_have_a_name_that_python_has(tmp_path: Path) -> None:
    mapping = {
        "indices": {"i": "lambda", "k": "K"},
        "symbols": {"x": ["D"], "w": ["K"], "z": ["lambda"]},
        "forward": ["z[i] = sum(w[k]*x[i+k-1], k)", "L = sum(z**2)"],
    }
    problem = problem_from_mapping(mapping)
    assert agrees(problem, solve(problem), "numpy", tmp_path) == []


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(BacksymError, match="unknown target 'tocrh', expected one of numpy, torch, jax; did you mean"):
        module_source(solve(problem_from_mapping(MODULE)), "tocrh")


# --- skeletons -------------------------------------------------------------------------------------------------------


def problem_named(name: str) -> Problem:
    if name.startswith("network "):
        return problem_from_mapping(NETWORKS[name.removeprefix("network ")])
    problem = load(str(PROBLEMS[name]))
    assert isinstance(problem, Problem)
    return problem


def filled(skeleton: str, reference: str, change: Callable[[str, str], str] = lambda name, right: right) -> str:
    """The skeleton with every body written: what the reference module says, or what ``change`` makes of that."""

    def body(match: re.Match[str]) -> str:
        right = f'{reference}.backward(values)["{match[1]}"]'
        return f"    return {change(match[1], right)}"

    text = re.sub(r'    raise NotImplementedError\("the derivative of \w+ by (\w+)"\)', body, skeleton)
    assert "NotImplementedError" not in text
    return text.replace("\n\n\ndef", f"\n\nimport {reference}\n\n\ndef", 1)


def written_to(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


class Assignment:
    """The skeleton of a solution with its tests and a reference, on the disk and imported."""

    def __init__(self, solution: Solution, target: str, folder: Path):
        self.folder, self.target = folder, target
        number = next(NUMBER)
        self.reference, self.answer = f"reference_{number}", f"answer_{number}"
        self.skeleton = skeleton_source(solution, target)
        written_to(folder, self.reference, module_source(solution, target))
        written_to(folder, self.answer, self.skeleton)
        written_to(folder, f"test_{self.answer}", checks_source(solution, self.answer, target))
        self.tests = self.imported(f"test_{self.answer}")

    def imported(self, name: str) -> ModuleType:
        importlib.invalidate_caches()
        sys.path.insert(0, str(self.folder))
        try:
            return importlib.import_module(name)
        finally:
            sys.path.remove(str(self.folder))

    def failures(self, change: Callable[[str, str], str] = lambda name, right: right) -> set[str]:
        """The gradients whose tests fail when the skeleton is filled, and ``backward`` if that one does."""
        name = f"{self.answer}_{next(NUMBER)}"
        written_to(self.folder, name, filled(self.skeleton, self.reference, change))
        setattr(self.tests, self.answer, self.imported(name))
        failed = set()
        with np.errstate(all="ignore"):
            for at in range(len(self.tests.POINTS)):
                for name in self.tests.NAMES:
                    try:
                        self.tests.test_gradient(at, name)
                    except AssertionError:
                        failed.add(name)
                try:
                    self.tests.test_backward(at)
                except AssertionError:
                    failed.add("backward")
        return failed


@pytest.mark.parametrize("name", CASES)
def test_a_right_backward_passes_and_every_wrong_one_fails(name: str, tmp_path: Path) -> None:
    """Of each gradient: its sign, a factor, one of its entries only, one that is left out, another's shape."""
    solution = solve(problem_named(name))
    assignment = Assignment(solution, "numpy", tmp_path)
    assert assignment.failures() == set()
    symbols = solution.problem.symbols.values()
    asked = {s.name for s in symbols if s.role in ("node", "input", "parameter")} - {solution.problem.loss}
    # What is zero everywhere has no sign and no factor.
    moving = {r.node for r in solution if solution.verified[r.node].status == "verified"} & asked
    entry = "np.eye(1, (x := values[{!r}]).size).reshape(x.shape) / 1000"
    assert {*moving, "backward"} <= assignment.failures(lambda name, right: f"-{right}")
    assert {*moving, "backward"} <= assignment.failures(lambda name, right: f"1.001 * {right}")
    assert {*moving, "backward"} <= assignment.failures(lambda name, right: f"0 * {right}")
    assert {*asked, "backward"} <= assignment.failures(lambda name, right: f"{right} + {entry.format(name)}")
    assert {*asked, "backward"} <= assignment.failures(lambda name, right: f"{right}[None]")


@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.parametrize("name", ["mlp-entries", "conv-pool", "gelu-feed-forward", "network abstract"])
def test_skeletons_for_other_libraries(name: str, target: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if target == "jax":
        request.getfixturevalue("jax_precise")
    solution = solve(problem_named(name))
    assignment = Assignment(solution, target, tmp_path)
    assert assignment.failures() == set()
    wrong = assignment.failures(lambda name, right: f"-{right}" if name in solution.problem.by_name else right)
    assert wrong == {*solution.problem.by_name, "backward"} - {solution.problem.loss}


def test_a_factor_that_is_0_or_1_is_seen_as_both(tmp_path: Path) -> None:
    """Leaving out the derivative of ReLU is wrong only where a unit is off."""
    solution = solve(problem_named("mlp-entries"))

    def forgotten(name: str, right: str) -> str:
        return 'gradients["a1"]' if name == "z1" else right

    assert Assignment(solution, "numpy", tmp_path).failures(forgotten) == {"z1", "backward"}


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


def test_the_readme_shows_what_is_printed(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "layer.yaml").write_text(marked_block(readme, "example: layer.yaml"), encoding="utf-8")
    printed = ran("layer.yaml", cwd=tmp_path)
    assert printed.stdout.endswith("\n\n\n" + marked_block(readme, "example: backward"))


def marked_block(text: str, mark: str) -> str:
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)```", text, re.DOTALL)
    assert found is not None, mark
    return found[1]

"""Functions and kinds of functions from outside the package: each is used in every output and in marking."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from documentation import block
from generated_code import agrees
from plugged import installed

import backsym as bs
from backsym.codegen.module import module_source
from backsym.core.expr import free_indices
from backsym.core.functions import FUNCTIONS
from backsym.core.kinds import KINDS
from backsym.documents.content.options import FULL
from backsym.documents.writers.render import files
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping
from backsym.reading.texts import read_expression
from backsym.solving.solution import Solution, solve
from backsym.sympy_door.incoming import equation_of

TOY = """
from backsym import ShapeError, Function, Kind, Primitive, Signature, register
from backsym.calculus.terms import product
from backsym.core.expr import Mul

BENT = Function(
    "bent",
    ("x",),
    r"\\\\text{bent}",
    value=lambda np, x: x + np.log1p(x * x),
    code="({0} + np.log1p({0} ** 2))",
    partials=("1 + 2*x/(1 + x**2)",),
    sympy=lambda sp, x: x + sp.log(1 + x**2),
    calls=(Primitive("np.log1p", "torch.log1p"),),
)
RESOLVENT = Function(
    "resolvent",
    ("A",),
    r"\\\\text{res}",
    kind="matrix",
    signatures=(Signature("n n -> n n", ("-resolvent(A)[i, k]*resolvent(A)[l, j]",)),),
    value=lambda np, a: np.linalg.inv(np.eye(len(a)) + a),
    code="np.linalg.inv(np.eye({0}.shape[0]) + {0})",
    sympy=lambda sp, a: sp.Inverse(sp.Identity(a.shape[0]) + a),
)
GRAM = Function(
    "gram", ("x",), r"\\\\text{gram}", kind="square", definition=None, value=lambda np, x: np.outer(x, x),
    code="np.outer({0}, {0})",
)


def entry(room, e, at):
    return [room.entry(e.args[0], (i,)) for i in at]


def shape(e):
    if len(e.args[0].shape) != 1:
        raise ShapeError("only of a vector")
    return e.args[0].shape * 2


def value(function, e, args, ctx, ev):
    names, x = args[0]
    assert len(e.shape) == 2
    return names, x[..., :, None] * x[..., None, :]


def source(coder, e, template, args, loose):
    from backsym.printing.numpy.axes import Code
    from backsym.printing.numpy.code import filled_in
    return Code(filled_in(template, [coder.strict(a) for a in args]), shape=e.shape)


SQUARE = Kind(
    "square",
    shape,
    rules={
        "lowering": lambda lo, e, out: product(entry(lo, e, out)),
        "entries": lambda r, e, at: Mul(tuple(entry(r, e, at))),
        "evaluation": value,
        "numpy": source,
        "sympy_entries": lambda c, e, ixs: c.at(e.args[0], ixs[:1]) * c.at(e.args[0], ixs[1:]),
        "sympy_matrices": lambda m, e: m.of(e.args[0]) * m.of(e.args[0]).T,
        "axes": lambda axes: axes * 2,
    },
)


def register_all():
    for thing in (SQUARE, BENT, RESOLVENT, GRAM):
        register(thing)
"""
PROBLEM: dict[str, Any] = {
    "title": "Toys",
    "symbols": {"x": {"shape": ["D"], "role": "input"}, "A": ["D", "D"], "v": ["D"]},
    "forward": ["R = resolvent(A)", "u = R @ v + x", "h = bent(u)", "G = gram(h)", "L = x.T @ G @ v + sum(h)"],
}


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[ModuleType]:
    """A module outside the package; what it registers is taken back afterwards."""
    functions, kinds = dict(FUNCTIONS), dict(KINDS)
    path = tmp_path / "toy_functions.py"
    path.write_text(TOY.replace("\\\\", "\\"))
    spec = importlib.util.spec_from_file_location("toy_functions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for table, before in ((FUNCTIONS, functions), (KINDS, kinds)):
        table.clear()
        table.update(before)  # type: ignore[arg-type]


def test_the_function_of_the_documentation_is_known_once_it_is_registered(toy: ModuleType) -> None:
    exec(compile(block("example: own function"), "page", "exec"), {})
    found = bs.gradient("sum(bent(x))", "x", {"x": ["D"]})
    np.testing.assert_allclose(found(x=[1.0, 2.0]), [2.0, 1.8])


@pytest.fixture
def solution(toy: ModuleType) -> Solution:
    toy.register_all()
    return solve(problem_from_mapping(PROBLEM))


def test_derivatives_are_proved_and_those_of_the_rule(solution: Solution) -> None:
    assert solution.failed == ()
    assert solution["A"].latex() == (
        r"\nabla_{\mathbf{A}} \mathcal{L} = -\mathbf{R}^\top \nabla_{\mathbf{R}} \mathcal{L} \mathbf{R}^\top"
    )


@pytest.mark.parametrize("form", ["md", "tex", "typ", "html", "json"])
def test_every_form_prints_them(solution: Solution, form: str) -> None:
    written = "".join(files(None, [solution], form, FULL, "toys").values())
    assert "bent" in written
    assert "gram" in written


def test_what_is_printed_reads_back(solution: Solution) -> None:
    p = solution.problem
    for result in solution:
        for side in (result.entry.rhs, result.matrix.rhs if result.matrix else result.entry.rhs):
            free = free_indices(side)
            assert read_expression(p, plain(side, p), free, own_letters=True) == side
            read_expression(p, f"${latex(side, Notation.of(p))}$", free, own_letters=True)


def test_code_of_all_libraries(solution: Solution, tmp_path: Path) -> None:
    assert agrees(solution, tmp_path) == []
    assert "torch.log1p(u**2)" in module_source(solution, "torch")
    assert "jnp.log1p(u**2)" in module_source(solution, "jax")


def test_sympy_both_ways(solution: Solution) -> None:
    for result in solution:
        equation_of(solution.problem, result.sympy())
    assert "log(" in str(solution["u"].sympy().doit()) or "u[" in str(solution["u"].sympy())


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("-resolvent(A).T @ outer(dL/du, v) @ resolvent(A).T", "correct"),
        (r"-\mathbf{R}^\top \nabla_{\mathbf{u}} L \, \mathbf{v}^\top \text{res}(\mathbf{A})^\top", "correct"),
        ("-R.T @ np.outer(du, v) @ R.T", "correct"),
        ("-R @ np.outer(du, v) @ R.T", "incorrect"),
    ],
)
def test_answers_are_marked(solution: Solution, answer: str, verdict: str) -> None:
    assert bs.check(solution.problem, "A", answer).verdict == verdict


def test_an_answer_may_have_the_activations_derivative(solution: Solution) -> None:
    assert bs.check(solution.problem, "u", "(1 + 2*u/(1 + u**2))*dL/dh").verdict == "correct"
    assert bs.check(solution.problem, "u", "bent'(u)*dL/dh").verdict == "correct"
    assert bs.check(solution.problem, "u", "bent(u)*dL/dh").verdict == "incorrect"


def test_a_name_is_taken_once_and_an_entry_is_whole(toy: ModuleType) -> None:
    toy.register_all()
    toy.register_all()  # The same again is nothing new.
    with pytest.raises(bs.BacksymError, match="there is a function bent already"):
        bs.register(bs.Function("bent", ("x",), "b", value=np.sin, partials=("1",)))
    with pytest.raises(bs.BacksymError, match="there is a function sum already"):
        bs.register(bs.Function("sum", ("x",), "b", value=np.sin, partials=("1",)))
    with pytest.raises(bs.BacksymError, match="there is a kind of function square already"):
        bs.register(bs.Kind("square", lambda e: ()))
    with pytest.raises(bs.BacksymError, match="of the kind cubic, which is not registered"):
        bs.register(bs.Function("q", ("x",), "q", kind="cubic", value=np.sin, partials=("1",)))
    with pytest.raises(bs.BacksymError, match="the function q needs a definition, or a value and a derivative"):
        bs.register(bs.Function("q", ("x", "y"), "q", value=np.sin, partials=("1",)))
    with pytest.raises(bs.BacksymError, match="'1q' cannot be the name of a function"):
        bs.register(bs.Function("1q", ("x",), "q", value=np.sin, partials=("1",)))


def test_a_function_without_sympy_is_named(toy: ModuleType) -> None:
    sine = {"value": lambda np, x: np.sin(x), "code": "np.sin({0})", "partials": ("cos(x)",)}
    bs.register(bs.Function("odd", ("x",), r"\text{odd}", **sine))
    solution = solve(problem_from_mapping({"symbols": {"w": []}, "forward": ["L = odd(w)"]}))
    with pytest.raises(bs.BacksymError, match="there is no SymPy for the function odd"):
        solution.forward_sympy("L")


def test_an_entry_point_registers(toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, register_all=toy.register_all)
    assert solve(problem_from_mapping(PROBLEM)).failed == ()

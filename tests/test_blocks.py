"""Slices, blocks and computed dimensions: by value against complex steps, in every spelling, and refused clearly."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from extent import examples
from generated_code import agrees
from known import marker_of
from network_checks import NoPoint, judge

import backsym as bs
from backsym.codegen.module import module_source
from backsym.core.dims import amount, at_least, dim_named, is_part, read_amount
from backsym.core.expr import Equation
from backsym.printing.latex import equation_latex, latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping
from backsym.reading.texts import read_expression
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("core", "reading", "printing", "codegen", "solving")

GATES: dict[str, Any] = {
    "symbols": {"h": ["H"], "x": ["D"], "W": ["2*H", "H + D"], "b": ["2*H"]},
    "forward": ["c = concat(h, x)", "z = W @ c + b", "a = sigmoid(z[1:H])*tanh(z[H+1:2*H])", "L = sum(a**2)"],
}
CASES: dict[str, dict[str, Any]] = {
    "gates": GATES,
    "inside one equation": {
        "symbols": {"x": ["D"], "h": ["H"], "W": ["K", "H+D"]}, "forward": ["z = W @ concat(h, x)", "L = sum(z**2)"],
    },
    "functions of parts": {"symbols": {"z": ["2*H"]}, "forward": ["L = sum(log(z[1:H]**2+1)*exp(z[H+1:2*H]))"]},
    "functions without a value at zero": {
        "symbols": {"a": ["H"], "b": ["D"], "w": ["D+H"]},
        "forward": ["L = sum(w/(concat(sigmoid(a), log(b**2+1))+3))"],
    },
    "rows below each other": {
        "symbols": {"A": ["N", "D"], "B": ["M", "D"], "c": ["D"]}, "forward": ["y = concat(A, B) @ c", "L = sum(y**3)"],
    },
    "columns side by side": {
        "symbols": {"A": ["N", "D"], "B": ["N", "M"], "c": ["D + M"]},
        "forward": ["y = concat(A, B, axis=1) @ c", "L = sum(y**3)"],
    },
    "rows of a matrix": {
        "symbols": {"W": ["2*H", "D"], "x": ["D"]},
        "forward": ["y = W[1:H] @ x * tanh(W[H+1:2*H] @ x)", "L = sum(y**2)"],
    },
    "columns of a matrix": {
        "symbols": {"W": ["D", "2*H"], "x": ["D"]},
        "forward": ["y = W[:,1:H].T @ x * tanh(W[:,H+1:2*H].T @ x)", "L = sum(y**2)"],
    },
    "a block of a matrix": {
        "symbols": {"z": ["2*H"], "W": ["2*H", "2*H"]},
        "forward": ["y = W[1:H,H+1:2*H] @ z[1:H]", "L = sum(y**2)"],
    },
    "differences": {"symbols": {"x": ["D"]}, "forward": ["y = x[2:D] - x[1:D-1]", "L = sum(y**2)"]},
    "numbers and positions": {
        "symbols": {"x": ["D"], "s": []}, "forward": ["y = concat(1, s, x[2:3], s**2)", "L = sum(exp(y))"],
    },
    "an array beside itself": {
        "symbols": {"x": ["D"]}, "forward": ["p = softmax(concat(x, x**2))", "L = sum(p[1:D]*x)"],
    },
    "a quotient of parts": {"symbols": {"x": ["2*H"]}, "forward": ["y = x[H+1:2*H]/x[1:H]", "L = sum(y)"]},
    "a size that only a multiple has": {"symbols": {"x": ["3*H + 1"]}, "forward": ["L = sum(x[2:2*H]**2)/H"]},
    "a size that is given": {
        "dims": {"H": 3}, "symbols": {"x": ["2*H", "H + 1"]}, "forward": ["L = sum(x[1:H, 2:4]**3)"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_form_and_step_holds(name: str) -> None:
    assert judge(CASES[name]) == []


@pytest.mark.parametrize("name", ["gates", "numbers and positions", "a size that only a multiple has"])
def test_code_computes_the_same(name: str, tmp_path: Path) -> None:
    assert agrees(solve(problem_from_mapping(CASES[name])), tmp_path) == []


def test_code_of_other_libraries_joins_and_slices() -> None:
    solution = solve(problem_from_mapping(GATES))
    torch, jax = (module_source(solution, target) for target in ("torch", "jax"))
    assert "torch.cat((h, x))" in torch
    assert "jnp.concatenate((h, x))" in jax
    assert "z[: h.shape[0]]" in torch
    assert "z[h.shape[0] :]" in jax


def test_matrix_forms_are_blocks_and_parts() -> None:
    solution = solve(problem_from_mapping(GATES))
    shown = {d.node: plain(d.matrix.rhs, solution.problem) for d in solution.derivations if d.matrix is not None}
    assert shown["h"] == "dL/dc[1:H]"
    assert shown["x"] == "dL/dc[H+1:D+H]"
    assert shown["z"].startswith("concat(dL/da*")
    notation = Notation.of(solution.problem)
    forward = {forms.node: forms.matrix for forms in solution.forward}
    assert isinstance(forward["c"], Equation)
    assert equation_latex(forward["c"], notation) == (
        r"\mathbf{c} = \begin{bmatrix} \mathbf{h} \\ \mathbf{x} \end{bmatrix}"
    )
    part = read_expression(solution.problem, "W[1:H, H+1:H+D]")
    assert latex(part, notation) == r"\mathbf{W}_{1:H, H+1:H+D}"
    assert solution.problem.symbols["W"].shape == ("2*H", "D+H")


SPELLINGS = {
    r"\mathbf{z}_{1:H}": "z[1:H]",
    r"\mathbf{W}_{:,H+1:H+D}": "W[:, H+1:H+D]",
    r"\left[ \mathbf{z} \odot \mathbf{b} \right]_{H+1:2H}": "(z*b)[H+1:2*H]",
    r"\begin{bmatrix} \mathbf{h} \\ \mathbf{x} \end{bmatrix}": "concat(h, x)",
    r"[\mathbf{h}; \mathbf{x}]": "concat(h, x)",
    r"\begin{pmatrix} \mathbf{h}^\top & \mathbf{x}^\top \end{pmatrix}": "concat(h.T, x.T, axis=1)",
}


@pytest.mark.parametrize("written", SPELLINGS)
def test_latex_reads_to_the_same(written: str) -> None:
    problem = problem_from_mapping(GATES)
    assert read_expression(problem, written) == read_expression(problem, SPELLINGS[written])


def test_plain_text_reads_back() -> None:
    problem = problem_from_mapping(GATES)
    for text in ("z[1:H]", "W[:,H+1:D+H]", "concat(h, x)", "concat(h.T, x.T, axis=1)", "W[1:H,2:H]"):
        assert plain(read_expression(problem, text), problem) == text


def test_formulas_and_notes_declare_computed_sizes() -> None:
    latex_file = {
        "symbols": [
            r"\mathbf{x} \in \mathbb{R}^D, \mathbf{h} \in \mathbb{R}^H",
            r"\mathbf{W} \in \mathbb{R}^{2H \times (H + D)}",
        ],
        "forward": [
            r"\mathbf{z} = \mathbf{W} \begin{bmatrix} \mathbf{h} \\ \mathbf{x} \end{bmatrix}",
            r"\mathbf{a} = \sigma(\mathbf{z}_{1:H}) \odot \tanh(\mathbf{z}_{H+1:2H})",
            r"L = \mathbf{a}^\top \mathbf{a}",
        ],
    }
    problem = problem_from_mapping(latex_file)
    assert [problem.symbols[name].shape for name in "Wza"] == [("2*H", "D+H"), ("2*H",), ("H",)]
    assert solve(problem).failed == ()


ANSWERS = [
    ("h", "dL/dc[1:H]", "correct"),
    ("h", "d_c[:H]", "correct"),
    ("h", r"\left[\nabla_{\mathbf{c}} \mathcal{L}\right]_{1:H}", "correct"),
    ("h", "d_c[1:H]", "undetermined"),
    ("h", "dL/dc[1:D]", "incorrect"),
    ("x", "d_c[-D:]", "correct"),
    ("x", "dL/dx[j] = dL/dc[j+H]", "correct"),
    ("x", "dL/dx[j] = dL/dc[H+j+1]", "incorrect"),
    ("x", "dL/dc[H:H+D-1]", "incorrect"),
    ("W", "np.outer(d_z, np.concatenate([h, x]))", "correct"),
    ("W", "np.outer(d_z, np.hstack((h, x)))", "correct"),
    ("W", "torch.outer(d_z, torch.cat((x, h), dim=0))", "incorrect"),
    ("W", "dL/dz @ concat(h, x).T", "correct"),
    ("W", "dL/dz @ concat(h, x).T + 0*ones(2*H, H + D)", "correct"),
    ("W", "dL/dz @ concat(h, x).T + 0*np.ones((2*H, D + H))", "correct"),
    ("W", "dL/dz @ concat(h, x).T + ones(2*H, H + D)", "incorrect"),
    ("W", r"\frac{\partial L}{\partial \mathbf{z}} [\mathbf{h}; \mathbf{x}]^\top", "correct"),
    ("z", "np.concatenate((d_a*a*(1 - sigmoid(z[:H])), d_a*sigmoid(z[:H])*(1 - np.tanh(z[H:])**2)))", "correct"),
    ("z", r"\begin{bmatrix} \nabla_a L \odot a \odot (1 - \sigma(z_{1:H})) \\"
          r" \nabla_a L \odot \sigma(z_{1:H}) \odot (1 - \tanh^2(z_{H+1:2H})) \end{bmatrix}", "correct"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "answer", "verdict"), ANSWERS)
def test_answers(target: str, answer: str, verdict: str) -> None:
    assert marker_of(GATES).mark(target, answer).verdict == verdict


REFUSED = {
    "z[1:K]": "position K is not known to be within an axis of 2*H entries",
    "z[0:H]": "positions count from 1",
    "z[H+1:H]": "nothing is known to lie from H+1 to H",
    "z[2*H:H]": "nothing is known to lie from 2*H to H",
    "z[1:2*H+1]": "position 2*H+1 is not known",
    "z[H:]": "expected the last position",
    "z[1:x]": "x is no position",
    "x[2:D, :1]": "expected a comma or ] after a whole axis",
    "z[1:H + 0.5]": "H + 0.5 is no position",
    "concat(W, V)": "arrays of shapes [2*H, D] and [H, K] are not put one after the other",
    "concat(W, h)": "arrays of shapes [2*H, D] and [H] are not put one after the other",
    "concat(h)": "concat puts two arrays or more",
    "concat(h, h, axis=2)": "axis is 0 or 1",
    "concat(h, h, dim=1)": "concat does not take dim=",
    "concat(h, h, axis=1)": "arrays of shapes [H] and [H] are not put one after the other",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_does_not_meet_is_refused(text: str) -> None:
    symbols = {"z": ["2*H"], "h": ["H"], "x": ["D"], "W": ["2*H", "D"], "V": ["H", "K"]}
    with pytest.raises(bs.InputError) as error:
        problem_from_mapping({"symbols": symbols, "indices": {"j": "D"}, "forward": [f"L = sum({text})"]})
    assert REFUSED[text] in str(error.value)


@pytest.mark.parametrize("size", ["H - D", "2*", "H - 1", "H/2", "0*H", "H + 0.5"])
def test_a_shape_holds_sizes_that_are_positive(size: str) -> None:
    with pytest.raises(bs.InputError):
        problem_from_mapping({"symbols": {"x": [size]}, "forward": ["L = sum(x)"]})


def test_computed_sizes_have_one_form() -> None:
    assert [read_amount(text) for text in ("D + H", "H+D")] == [amount("D+H")] * 2
    assert str(read_amount("H + 2*H - 1")) == "3*H-1"
    assert dim_named(amount("2*H") - amount("H") - amount("H") + 3) == 3
    assert read_amount("D[l-1] + 1") == amount("D[l-1]") + 1
    assert [at_least(amount(size), 2) for size in ("2*H", "H+1", "H", "H+D-1", "3*H-2")] == [True, True] + [False] * 3


def test_a_part_of_a_size_is_never_larger() -> None:
    wholes = ("2*H", "H+D", "2*H-1", "D-H", "H*K", "H", "H-1", "K")
    assert [is_part("H", whole) for whole in wholes] == [True] * 3 + [False] * 5


def test_a_part_beside_a_letter_is_the_part_of_each_column() -> None:
    mapping = {"symbols": {"W": ["2*H", "D"]}, "indices": {"j": "D"}, "forward": ["L = sum(sum(W[1:H, j]**3, j))"]}
    assert judge(mapping) == []


def test_code_counts_from_zero_only_in_answers() -> None:
    """In a file that reads like NumPy positions count from 1, so that an open end would not be clear."""
    half = problem_from_mapping({"symbols": {"z": ["2*H"]}, "forward": ["L = np.sum(z[:H])"]})
    assert plain(half.equations[0].rhs, half) == "sum(z[1:H])"
    for open_end in ("L = np.sum(z[H:])", "L = sum(z[H:])", "L = (z @ z)*sum(z[H:])"):
        with pytest.raises(bs.InputError):
            problem_from_mapping({"symbols": {"z": ["2*H"]}, "forward": [open_end]})


def test_sympy_has_blocks_and_parts() -> None:
    sympy = pytest.importorskip("sympy")
    solution = solve(problem_from_mapping(GATES))
    forms = {name: solution[name].sympy(matrix=True) for name in "hzW"}
    assert isinstance(forms["h"].rhs, sympy.MatrixSlice)
    assert isinstance(forms["z"].rhs, sympy.BlockMatrix)
    size = sympy.Symbol("H", integer=True, positive=True)
    assert forms["W"].lhs.shape[0] == 2 * size
    assert solution["h"].sympy().rhs.args[0][0] == sympy.IndexedBase("dL_dc")[solution["h"].sympy().lhs.indices[0]]


def test_sympy_comes_in_with_blocks_and_parts() -> None:
    sympy = pytest.importorskip("sympy")
    size, width = sympy.symbols("H D")
    h, x, v, z = (sympy.MatrixSymbol(n, s, 1) for n, s in (("h", size), ("x", width), ("v", 2 * size), ("z", size)))
    weights, loss = sympy.MatrixSymbol("W", size, size + width), sympy.Symbol("L")
    equations = [
        sympy.Eq(z, weights * sympy.BlockMatrix([[h], [x]]) + v[size : 2 * size, :]),
        sympy.Eq(loss, (z.T * z)[0, 0]),
    ]
    problem = bs.Problem(equations=equations)
    texts = [plain(eq.rhs, problem) for eq in problem.equations]
    assert texts[0] in ("W @ concat(h, x) + v[H+1:2*H]", "v[H+1:2*H] + W @ concat(h, x)")
    assert problem.symbols["W"].shape == ("H", "D+H")
    assert solve(problem).failed == ()


def random_network(seed: int) -> dict[str, Any]:
    """A chain of parts and blocks of vectors, with an element-wise function in every equation."""
    rng = random.Random(seed)
    sizes: dict[str, str] = {"x": "H", "y": "D", "z": "2*H", "v": "H+D"}
    forward: list[str] = []
    names = list(sizes)
    functions = ["sigmoid", "tanh", "exp", "softplus", "sin", "softmax"]
    for n in range(4):
        a, b = rng.choice(names), rng.choice(names)
        f, g = rng.choice(functions), rng.choice(functions)
        new = f"u{n}"
        size = str(amount(sizes[a]) + amount(sizes[b]))
        whole = f"concat({f}({a}), {b}*{g}({b}))"
        kind = rng.randrange(3)
        if kind == 0:
            forward.append(f"{new} = {whole}")
        elif kind == 1:
            forward.append(f"{new} = {whole}[{sizes[a]}+1:{size}]*{rng.choice(['2', b])}")
            size = sizes[b]
        else:
            forward.append(f"{new} = {f}(concat({a}, {b}))[1:{sizes[a]}] + {a}**2")
            size = sizes[a]
        sizes[new] = size
        names.append(new)
    loss = " + ".join(f"sum({name}**2)" for name in names)
    return {"symbols": {name: [sizes[name]] for name in "xyzv"}, "forward": [*forward, f"L = {loss}"]}


@pytest.mark.parametrize("seed", range(examples(12)))
def test_random_blocks(seed: int) -> None:
    try:
        assert judge(random_network(seed)) == []
    except NoPoint:
        pytest.fail("every function here has a value everywhere")

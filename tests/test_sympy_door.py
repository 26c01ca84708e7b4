"""SymPy at both doors: problems from SymPy equations, results as SymPy, round trips, errors, and SymPy's spelling."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from documentation import block
from extent import some
from networks import NETWORKS
from sympy import Eq, Function, MatrixSymbol
from sympy_networks import HANDOUT, OTHERS

import backsym as bs
from backsym.core.errors import BacksymError
from backsym.core.expr import Equation, Ix, MatMul, Mul, Pick, walk
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import Problem
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draws
from backsym.numeric.verify import with_adjoints
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve
from backsym.sympy_door.functions import value
from backsym.sympy_door.incoming import equation_of

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT / "problems" / "csc311-week6"
D, K = sp.symbols("D K")
x, y, w, b, t, z, L = sp.symbols("x y w b t z L")


def given(problem: Problem) -> dict[str, Any]:
    """What equations cannot say: roles and properties of the given quantities."""
    return {
        name: {"role": s.role, "one_hot": str(s.one_hot).lower(), "sums_to_one": str(s.sums_to_one).lower()}
        for name, s in problem.symbols.items()
        if s.role != "node"
    }


def point(problem: Problem) -> tuple[Solution, Env]:
    """The solution of a problem, and a random point with its true adjoints."""
    solution = solve(problem)
    return solution, with_adjoints(solution.derivations, draws(problem, 1)[0])


def same(a: Any, b: Any) -> None:
    assert np.squeeze(a).shape == np.squeeze(b).shape
    np.testing.assert_allclose(np.squeeze(a), np.squeeze(b), rtol=1e-9, atol=1e-12)


def values(equation: Equation, free: tuple[Ix, ...], env: Env) -> tuple[Any, Any]:
    free = tuple(ix for ix in free if not ix.fixed)
    return evaluate(equation.lhs, env, free), evaluate(equation.rhs, env, free)


def assert_same_derivatives(problem: Problem, reference: Problem) -> None:
    """Every derivative of the reference, at both levels, comes out of the problem with its value and shape."""
    expected, env = point(reference)
    solution = solve(problem)
    for derivation in expected.derivations:
        node = derivation.node
        assert problem.symbols[node].shape == reference.symbols[node].shape
        result = solution[node]
        _, right = values(derivation.entry, derivation.indices, env)
        _, found = values(result.entry, result.derivation.indices, env)
        same(found, right)
        assert (result.matrix is None) == (derivation.matrix is None)
        if result.matrix is not None:
            same(evaluate(result.matrix.rhs, env), right)
    assert [d.node for d in solution.derivations if d.node not in expected] == []


def reference_of(name: str) -> Problem:
    if name in HANDOUT:
        loaded = bs.load(str(FILES / f"{name}.yaml"))
        assert isinstance(loaded, Problem)
        return loaded
    return problem_from_mapping(NETWORKS[name])


NAMES = [*HANDOUT, *OTHERS]


@pytest.mark.parametrize("name", NAMES)
def test_built_through_sympy_the_derivatives_are_those_of_the_file(name: str) -> None:
    reference = reference_of(name)
    build = {**HANDOUT, **OTHERS}[name]
    problem = bs.Problem(equations=build(), symbols=given(reference))
    assert_same_derivatives(problem, reference)


# --- out and in again ------------------------------------------------------------------------------------------------

# A derivative at an array without a name has no spelling in a problem.
ONE_WAY = {"abstract-loss-inline"}


@pytest.mark.parametrize("name", [*HANDOUT, *some(NETWORKS, 8)])
def test_results_come_back_with_the_same_value(name: str) -> None:
    problem = reference_of(name)
    solution, env = point(problem)
    refused = 0
    for result in solution:
        for whole in (False, True):
            form = result.matrix if whole and result.matrix is not None else result.entry
            free = result.derivation.indices if form is result.entry else ()
            try:
                back = equation_of(problem, result.sympy(matrix=whole))
            except bs.NoMatrixForm:
                # SymPy has no word for the first position of a maximum of a matrix.
                picked = result.matrix is not None and any(isinstance(n, Pick) for n in walk(result.matrix.rhs))
                assert result.derivation.no_matrix or picked or name in ONE_WAY
                continue
            except bs.InputError:
                refused += 1
                assert name in ONE_WAY
                continue
            for found, right in zip(values(back, free, env), values(form, free, env), strict=True):
                same(found, right)
    assert refused or name not in ONE_WAY


def shapes(network: str) -> list[tuple[Any, ...]]:
    return [s.shape for s in reference_of(network).symbols.values()]


# A D x 1 matrix of SymPy's is a vector, so that networks with [D, 1] quantities change shape on the way; and h[1, j]
# cannot stand on the left of an equation.
WHOLE = [name for name in (*HANDOUT, *NETWORKS) if not any(shape[1:] == (1,) for shape in shapes(name))]
BY_ENTRY = [name for name in WHOLE if name == "twin" or not any(1 in shape for shape in shapes(name))]
ROUND = [*((name, False) for name in BY_ENTRY), *((name, True) for name in WHOLE)]


@pytest.mark.parametrize(("name", "whole"), some(ROUND, 12))
def test_forward_equations_make_the_same_problem(name: str, whole: bool) -> None:
    """A problem sent out and taken in again has the same derivatives."""
    reference = reference_of(name)
    solution = solve(reference)
    try:
        equations = [solution.forward_sympy(e.name, matrix=whole) for e in reference.equations]
    except bs.NoMatrixForm:
        assert whole
        return
    known = {name: {**entry, "shape": list(reference.symbols[name].shape)} for name, entry in given(reference).items()}
    if name == "abstract-loss-inline" and not whole:
        with pytest.raises(bs.InputError, match="define the array in an equation of its own"):
            bs.Problem(equations=equations, symbols=known)
        return
    assert_same_derivatives(bs.Problem(equations=equations, symbols=known), reference)


@pytest.mark.quick("sympy_door")
def test_a_result_is_sympy_that_can_be_worked_with() -> None:
    s = bs.Problem(equations=OTHERS["quadratic-form"]()).solve()
    eq = s["x"].sympy()
    assert isinstance(eq, sp.Equality)
    assert str(eq.lhs) == "dL_dx[i]"
    size = next(symbol for symbol in eq.free_symbols if str(symbol) == "D")
    A, v = sp.IndexedBase("A"), sp.IndexedBase("x")
    i = next(iter(eq.lhs.indices))
    written_out = eq.rhs.subs(i, 1).subs(size, 2).doit()
    assert sp.expand(written_out - (2 * A[1, 1] * v[1] + A[1, 2] * v[2] + A[2, 1] * v[2])) == 0
    matrix = s["x"].sympy(matrix=True)
    assert matrix.lhs.shape == (size, 1)
    assert str(matrix.rhs) == "(A + A.T)*x"


def test_adjoints_and_letters_have_the_promised_names() -> None:
    s = bs.Problem(equations=HANDOUT["mlp-entries"](), symbols={"t": {"role": "target", "one_hot": True}}).solve()
    assert str(s["W2"].sympy()) == "Eq(dL_dW2[k, j], a1[j]*dL_dz2[k])"
    assert str(s["z2"].sympy()) == "Eq(dL_dz2[k], a2[k] - t[k])"
    assert str(s["a1"].sympy()) == "Eq(dL_da1[j], Sum(W2[k, j]*dL_dz2[k], (k, 1, D2)))"
    assert str(s["a1"].sympy(matrix=True)) == "Eq(dL_da1, W2.T*dL_dz2)"
    k, j = s["W2"].sympy().lhs.indices
    assert (str(k.lower), str(k.upper), str(j.upper)) == ("1", "D2", "D1")
    assert str(s["L"].sympy()) == str(s["L"].sympy(matrix=True)) == "Eq(dL_dL, 1)"


def test_no_matrix_form_is_said() -> None:
    solution = solve(problem_from_mapping(NETWORKS["attention-entries"]))
    with pytest.raises(bs.NoMatrixForm, match="3 axes"):
        solution["S"].sympy(matrix=True)


# --- functions -------------------------------------------------------------------------------------------------------


def test_every_elementwise_function_goes_out() -> None:
    assert all(f.sympy is not None for f in FUNCTIONS.values() if f.kind == "elementwise")


@pytest.mark.quick("sympy_door")
@pytest.mark.parametrize("name", sorted(n for n, f in FUNCTIONS.items() if f.kind == "elementwise"))
def test_functions_have_the_values_of_the_table(name: str) -> None:
    function = FUNCTIONS[name]
    if function.value is None:
        return
    low = 0.3 if function.domain[0] == 0 else -1.7
    for first in (low, 0.6, 1.9):
        args = [first, 0.8, 1.2][: len(function.args)]
        expected = np.real(function.value(np, *(np.asarray(a) for a in args)))
        assert float(value(function, list(map(sp.Float, args)))) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.quick("sympy_door")
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", ["gelu", "elu", "leaky_relu", "relu", "tanh", "silu", "phi"])
def test_derivatives_of_functions_come_back(name: str, order: int) -> None:
    primes = "'" * order
    claim = f"{name}{primes}(y)" if name != "elu" else f"elu{primes}(y, 2)"
    p = bs.Problem(
        forward=["y = w*x", "L = phi(y)*x"], functions={"phi": "abstract"}, parts=[{"show": f"dL/dy = {claim}"}]
    )
    from backsym.sympy_door.entries import entry_equation

    lhs, rhs = p.parts[0].claims[0]
    out = entry_equation(Equation(lhs, rhs), "L")
    back = equation_of(p, out)
    env = draws(p, 1)[0]
    try:
        right = evaluate(rhs, env)
    except bs.BacksymError:
        return
    same(evaluate(back.rhs, env), right)


# --- in: details -----------------------------------------------------------------------------------------------------


def text_of(equation: Any, **keys: Any) -> str:
    return bs.Problem(equations=[equation], **keys).equations[-1].text


ix, jx = sp.symbols("i j")
v, W = sp.IndexedBase("v"), sp.IndexedBase("W")
X, c = MatrixSymbol("X", K, D), MatrixSymbol("c", D, 1)
kx = sp.Idx("k", K)

TEXTS = [
    (Eq(L, (y - t) ** 2 / 2), "L = 1/2*(y - t)**2"),
    (Eq(L, x / y - 1), "L = x/y - 1"),
    (Eq(L, -3 * x / (2 * y * w)), None),
    (Eq(L, 1 / sp.sqrt(x)), "L = 1/sqrt(x)"),
    (Eq(L, x ** (-y)), "L = x**(-y)"),
    (Eq(L, sp.Rational(-2, 3) * x), "L = -2/3*x"),
    (Eq(L, 0.1 * x - 2), "L = 0.1*x - 2"),
    (Eq(L, sp.pi * sp.E * x), None),
    (Eq(L, sp.Max(x, 0)), "L = Max(0, x)"),
    (Eq(L, sp.Heaviside(x, 0) * x), None),
    (Eq(L, sp.Heaviside(x) * x), None),
    (Eq(L, sp.Piecewise((x, x > 1), (y, x > 0), (2, True))), "L = Piecewise((x, x > 1), (y, x > 0), (2, True))"),
    (Eq(L, sp.Sum(v[ix], (ix, 1, D))), "L = Sum(v[i], (i, 1, D))"),
    (Eq(L, sp.Sum(v[ix], (ix, 0, D - 1))), "L = Sum(v[i], (i, 1, D))"),
    (Eq(L, sp.Sum(v[kx], kx)), "L = Sum(v[k], (k, 1, K))"),
    (Eq(L, sp.Sum(W[ix, ix] * sp.KroneckerDelta(ix, 1), (ix, 1, D))), None),
    (Eq(L, sp.Sum(sp.KroneckerDelta(ix, jx) * W[ix, jx], (ix, 1, D), (jx, 1, D))), None),
    (Eq(L, v[2] + sp.Sum(v[ix], (ix, 1, 3))), "L = v[2] + Sum(v[i], (i, 1, 3))"),
    (Eq(L, sp.Trace(X.T * X) / K), "L = trace(X.T @ X)/K"),
    (Eq(L, (c.T * c)[0, 0]), None),
    (Eq(L, c[0, 0] + c[1, 0]), "L = c[1] + c[2]"),
    (Eq(MatrixSymbol("q", D, 1), -X.T * X * c / 2 + 3 * c), "q = 3*c - 1/2*(X.T @ X @ c)"),
    (Eq(MatrixSymbol("q", D, D), sp.Identity(D) + 2 * c * c.T), None),
    (Eq(MatrixSymbol("q", D, D), (X.T * X) ** 2), "q = (X.T @ X) @ (X.T @ X)"),
]


@pytest.mark.quick("sympy_door")
@pytest.mark.parametrize(("equation", "text"), TEXTS, ids=lambda v: None if isinstance(v, sp.Basic) else str(v))
def test_how_sympy_is_read(equation: Any, text: str | None) -> None:
    loss = None
    equations = [equation]
    if isinstance(equation.lhs, MatrixSymbol):
        equations.append(Eq(L, sp.Trace(equation.lhs.T * equation.lhs)))
    problem = bs.Problem(equations=equations, loss=loss)
    if text is not None:
        assert problem.equations[0].text == text
    solve(problem)


def test_names_lose_their_marks() -> None:
    first, weight = sp.Symbol("z^{(1)}"), sp.Symbol(r"\eta")
    p = bs.Problem(equations=[Eq(first, weight * x), Eq(L, first**2)], symbols={x: {"role": "input"}})
    assert list(p.symbols) == ["x", "eta", "z1", "L"]
    assert p.symbols["x"].role == "input"


def test_parts_may_be_sympy() -> None:
    p = bs.Problem(
        equations=[Eq(y, w * x), Eq(L, (y - t) ** 2 / 2)],
        parts=[{"show": Eq(sp.Symbol("dL_dw"), sp.Symbol("dL_dy") * x)}, {"derive": [w, "x"]}],
    )
    assert p.parts[0].claims
    assert p.parts[1].targets == ("w", "x")
    from backsym.numeric.claims import false_claims

    assert not list(false_claims(p, solve(p).derivations))


def test_a_fixed_size_and_declared_shapes() -> None:
    p = bs.Problem(
        equations=[Eq(z, v[1] * v[2]), Eq(L, z**2)], symbols={"v": ["D"]}, dims={"D": 4}, title="Two entries"
    )
    assert p.symbols["v"].shape == (4,)
    assert p.title == "Two entries"


def test_columns_are_vectors_and_rows_stay_rows() -> None:
    row = MatrixSymbol("r", 1, D)
    h = MatrixSymbol("h", D, 1)
    sums = sp.Trace(row * h) + sp.Trace((c + row.T).T * row.T)
    p = bs.Problem(equations=[Eq(h, sp.HadamardProduct(c, row.T)), Eq(L, sums)])
    assert {n: s.shape for n, s in p.symbols.items()} == {"c": ("D",), "r": (1, "D"), "h": ("D",), "L": ()}
    env = draws(p, 1)[0]
    first, second = env.values["c"], env.values["r"][0]
    same(env.values["L"], second @ (first * second) + (first + second) @ second)
    solve(p)


f = Function("f")
ERRORS: list[tuple[Any, dict[str, Any], str]] = [
    ([], {}, "equations is a list of SymPy equations"),
    ([x + y], {}, "equations[1]: an equation is a sympy.Eq, not Add"),
    ([Eq(MatrixSymbol("q", D, 1), Function("softmax")(c))], {}, "SymPy has evaluated this equation to False"),
    ([Eq(x, x)], {}, "SymPy has evaluated this equation to True"),
    (Eq(L, x), {}, "equations is a list of SymPy equations"),
    ([Eq(x + y, z)], {}, "x + y cannot stand on the left"),
    ([Eq(L, sp.gamma(x))], {}, "cannot read gamma(x): gamma has no counterpart here"),
    ([Eq(L, sp.I * x)], {}, "ImaginaryUnit has no counterpart here"),
    ([Eq(L, sp.Product(v[ix], (ix, 1, D)))], {}, "Product has no counterpart here"),
    ([Eq(L, Function("IndexMax")(x, D))], {}, "cannot read IndexMax(x, D)"),
    ([Eq(L, Function("FirstMax")(sp.Lambda(ix, v[ix]), D))], {}, "write FirstMax(Lambda(k, z[k]), D, i)"),
    ([Eq(L, sp.Integral(x, x))], {}, "Integral has no counterpart here"),
    ([Eq(L, sp.Permanent(X.T * X))], {}, "cannot read Permanent(X.T*X)"),
    ([Eq(MatrixSymbol("q", D, D), sp.MatPow(X.T * X, sp.Rational(1, 2)))], {}, "such a power of a matrix"),
    ([Eq(L, sp.Trace(sp.Matrix([[x, y], [y, x]]) * MatrixSymbol("q", 2, 2)))], {}, "has no counterpart here"),
    ([Eq(L, sp.Sum(v[ix], (ix, 2, D)))], {}, "i runs from 2 to D"),
    ([Eq(L, sp.Sum(v[ix], (ix, 1, 2 * D)))], {}, "a sum runs over a whole dimension"),
    ([Eq(L, sp.Sum(v[ix**2], (ix, 1, D)))], {}, "i**2 cannot be an index"),
    ([Eq(v[ix], W[ix, jx] * 2), Eq(L, v[1])], {}, "the size of axis 1 of v is not known"),
    (
        [Eq(L, sp.Sum(v[ix] * W[ix, jx], (ix, 1, D), (jx, 1, K)) + sp.Sum(v[ix], (ix, 1, K)))],
        {},
        "index i runs over D, but this axis has K entries",
    ),
    ([Eq(L, v[0])], {"symbols": {"v": ["D"]}}, "v[0] has position 0"),
    ([Eq(L, v[1] + sp.Sum(v[ix], (ix, 0, D - 1)))], {}, "some ranges count from 0"),
    ([Eq(L, sp.Trace(X.T * X) + K * MatrixSymbol("K", 1, 1)[0, 0])], {}, "K is a quantity and a dimension"),
    ([Eq(L, sp.Trace(X.T * X) + sp.Symbol("X"))], {}, "X is a number in one place and [K, D] in another"),
    ([Eq(L, sp.Symbol("a b?"))], {}, "cannot be a name"),
    ([Eq(L, sp.Symbol("z^1") + sp.Symbol("z1"))], {}, "would both be called z1"),
    ([Eq(L, 2 * Function("relu")(c))], {}, "SymPy takes relu(c) for a number, but it is an array"),
    ([Eq(L, f(x, y))], {}, "f takes 1 argument, 2 given"),
    ([Eq(L, sp.Derivative(x**2 * y, x))], {}, "only the derivative of an abstract function"),
    ([Eq(L, sp.Piecewise((x, sp.And(x > 0, y > 0)), (0, True)))], {}, "a condition is one comparison"),
    ([Eq(L, x), Eq(L, y)], {}, "L is defined twice"),
    ([Eq(z, L), Eq(L, z)], {}, "circle"),
    ([Eq(MatrixSymbol("L", D, 1), c)], {}, "the loss L must be a scalar"),
    ([Eq(L, w * x)], {"symbols": {"w": ["D"]}}, "w is a number in one place and [D] in another"),
    ([Eq(L, sp.Trace(X.T * X))], {"symbols": {"X": ["D", "K"]}}, "X has two shapes, [D, K] and [K, D]"),
    ([Eq(L, w * x)], {"symbols": {"q": ["D"]}}, "q is declared, but no equation uses it"),
    ([Eq(L, w * x)], {"forward": ["L = w*x"]}, "not both"),
]


@pytest.mark.quick("sympy_door")
@pytest.mark.parametrize(("equations", "keys", "message"), ERRORS, ids=[e[2] for e in ERRORS])
def test_what_cannot_be_read_is_named(equations: list[Any], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(bs.InputError) as caught:
        bs.Problem(equations=equations, **keys)
    assert message in str(caught.value)


def test_deep_equations_are_refused() -> None:
    for depth in (90, 250):
        deep: Any = x
        for _ in range(depth):
            deep = Function("phi")(deep)
        with pytest.raises(bs.InputError, match="nested"):
            bs.Problem(equations=[Eq(L, deep)])


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(bs.InputError) as caught:
        bs.Problem(equations=[Eq(z, sp.gamma(x)), Eq(y, sp.cot(x)), Eq(L, y + z)])
    assert [d.file for d in caught.value.diagnostics] == ["equations[1]", "equations[2]"]


def test_hadamard_products_of_different_shapes_are_refused() -> None:
    """SymPy 1.14 lets them pass where sizes are symbols that might be equal."""
    q = MatrixSymbol("q", K, D)
    try:
        product = sp.HadamardProduct(X, c)
    except Exception:
        return
    with pytest.raises(bs.InputError, match="different shapes"):
        bs.Problem(equations=[(q, product), Eq(L, sp.Trace(q.T * q))])


# --- the Python API --------------------------------------------------------------------------------------------------


def test_problem_from_keywords() -> None:
    symbols: dict[str, Any] = {"x": {"role": "input"}, "w": [], "b": [], "t": []}
    p = bs.Problem(forward=["z = w*x + b", "L = (z - t)**2"], symbols=symbols)
    assert isinstance(p, bs.Problem)
    assert isinstance(p, Problem)
    assert solve(p)["w"].numpy == "d_z * x"


def test_results_are_readable() -> None:
    symbols = {"W": ["K", "D"], "x": ["D"]}
    s = bs.Problem(title="A layer", forward=["y = W @ x", "L = sum(y**2)"], symbols=symbols).solve()
    assert repr(s.problem) == "<Problem 'A layer': y, L; loss L>"
    assert repr(s) == "<Solution of 'A layer': L, y, W, x>"
    assert repr(s["W"]) == "<Result dL/dW = dL/dy @ x.T (verified)>"
    assert str(s["W"]) == "dL/dW[k,i] = dL/dy[k]*x[i]\ndL/dW = dL/dy @ x.T"
    assert s["y"]._repr_latex_().startswith(r"$\displaystyle \nabla_{\mathbf{y}}")
    assert s._repr_latex_().startswith(r"$$\begin{gathered} \frac")


def test_errors_of_keywords_name_the_key() -> None:
    with pytest.raises(bs.InputError, match=r"forward\[1\]"):
        bs.Problem(forward=["z = w*"])


def run(script: str, seed: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_same_equations_give_the_same_texts_in_any_process() -> None:
    script = (
        "import sympy, backsym as bs\n"
        "from sympy_networks import HANDOUT, OTHERS\n"
        "[sympy.Dummy() for _ in range({})]\n"
        "for build in (*HANDOUT.values(), *OTHERS.values()):\n"
        "    p = bs.Problem(equations=build())\n"
        "    print(*(e.text for e in p.equations), *p.symbols, *p.dims, sep='\\n')\n"
        "s = bs.solve(p)\n"
        "print(*(r.sympy() for r in s), *(r.sympy(matrix=True) for r in s))\n"
    )
    assert run(script.format(0), "1") == run(script.format(7), "2")


def test_keywords_without_equations_do_not_load_sympy() -> None:
    script = "import sys, backsym as bs; bs.Problem(forward=['L = w*x']).solve(); print('sympy' in sys.modules)"
    assert run(script, "0").strip() == "False"


# --- SymPy's spelling in problem files -------------------------------------------------------------------------------

SYMBOLS: dict[str, Any] = {
    "W": ["K", "D"], "x": ["D"], "b": ["K"], "t": {"shape": ["K"], "role": "target"}, "S": ["D", "D"], "s": [],
}  # fmt: skip

SPELLED = [
    ("Eq(z, W*x + b)", "z = W @ x + b"),
    ("Eq(z, s*W*x/2 + b)", "z = s*(W @ x)/2 + b"),
    ("Eq(z[k], Sum(W[k, i]*x[i], (i, 1, D)) + b[k])", "z[k] = sum(W[k,i]*x[i], i) + b[k]"),
    ("z[k] = Sum(W[k, i]*x[i], (i, 0, D - 1)) + b[k]", "z[k] = sum(W[k,i]*x[i], i) + b[k]"),
    ("Eq(z, HadamardProduct(W*x, b))", "z = (W @ x)*b"),
    ("Eq(z, (W*x + b).applyfunc(tanh))", "z = tanh(W @ x + b)"),
    ("Eq(z, (W*x).applyfunc(Lambda(u, u**2 + u)))", "z = (W @ x)**2 + W @ x"),
    ("Eq(z[k], Max(0, b[k]))", "z[k] = relu(b[k])"),
    ("Eq(z[k], Piecewise((b[k], b[k] > 0), (0, True)))", "z[k] = relu(b[k])"),
    ("Eq(z[k], Piecewise((b[k], b[k] > s), (2, True)))", "z[k] = [b[k] > s]*b[k] + [b[k] <= s]*2"),
    ("Eq(z[k], Min(b[k], t[k], s))", "z[k] = min(min(b[k], t[k]), s)"),
    ("Eq(z[k], Heaviside(b[k])*b[k])", "z[k] = ([b[k] > 0] + [b[k] == 0]/2)*b[k]"),
    ("Eq(z[k], Heaviside(b[k], 0) + Heaviside(b[k] - 1, 1))", "z[k] = [b[k] > 0] + [b[k] - 1 >= 0]"),
    ("Eq(z, Transpose(W)*b)", "z = W.T @ b"),
    ("Eq(z, Trace(S) + Transpose(x)*S*x)", "z = trace(S) + x.T @ S @ x"),
    ("Eq(z, OneMatrix(1, D)*x + 1)", "z = ones(D).T @ x + 1"),
    ("Eq(z, DiagMatrix(x)*x + MatMul(S, x))", "z = diag(x) @ x + S @ x"),
    ("Eq(z, Identity(D)*x + MatAdd(x, x))", "z = eye(D) @ x + (x + x)"),
    ("Eq(z, HadamardPower(x, 2) + Rational(1, 2)*x)", "z = x**2 + 1/2*x"),
    ("Eq(z[k], Sum(KroneckerDelta(k, m)*b[m], (m, 1, K)) + Abs(b[k]))", "z[k] = sum(delta(k, m)*b[m], m) + abs(b[k])"),
    ("Eq(z, Sum(W[k, i]*x[i]*b[k], (i, 1, D), (k, 1, K)), evaluate=False)", "z = sum(W[k,i]*x[i]*b[k], i, k)"),
    ("z = Sum(s, (n, 1, D))", "z = sum(s + 0*x[n], n)"),
]


@pytest.mark.parametrize(("spelled", "plain"), SPELLED)
def test_an_equation_may_be_spelled_as_sympy_does(spelled: str, plain: str) -> None:
    def read(text: str) -> Problem:
        rest = "L = sum(z) + sum(W) + sum(x) + sum(b) + sum(t) + sum(S) + s"
        return problem_from_mapping({"symbols": SYMBOLS, "forward": [text, rest]})

    first, second = read(spelled), read(plain)
    assert first.equations[0].shape == second.equations[0].shape
    env = draws(second, 1)[0]
    node = first.equations[0]
    same(evaluate(node.rhs, env, node.indices), evaluate(second.equations[0].rhs, env, second.equations[0].indices))


def test_star_is_a_matrix_product_inside_eq_only() -> None:
    def read(text: str) -> Any:
        symbols = {"A": ["D", "D"], "x": ["D"]}
        return problem_from_mapping({"symbols": symbols, "forward": [text, "L = sum(z)"]}).equations[0].rhs

    assert isinstance(read("Eq(z, A*x)"), MatMul)
    assert isinstance(read("z = A*x"), Mul)


def test_the_range_of_a_sum_is_declared_by_it() -> None:
    text = "Eq(L, Sum(s, (i, 1, D)) + Sum(x[i], (i, 1, D)))"
    p = problem_from_mapping({"symbols": {"x": ["D"], "s": []}, "forward": [text]})
    assert p.equations[0].rhs.args[0].indices == (Ix("i", "D"),)  # type: ignore[attr-defined]


BAD = [
    ("Eq(z)", "Eq has two sides, 1 given"),
    ("Eq(z, x, s)", "Eq has two sides, 3 given"),
    ("z = Eq(x, s)", "Eq is a whole equation"),
    ("Eq(z, x*x)", "cannot multiply [D] @ [D]"),
    ("Eq(z, S**2)", "a power of an array is not read here"),
    ("z = Sum(x[i], (i, 2, D))", "a sum runs over a whole dimension"),
    ("z = Sum(x[i], (i, 1, K))", "index i runs over K, but this axis has D entries"),
    ("z = Sum(x[i], (i, 1, Q))", "Q is not a dimension"),
    ("z = Sum(x[i], (i, D))", "a range is a letter, 1 and a dimension"),
    ("Eq(z, x + S)", "cannot add [D] and [D, D]"),
    ("Eq(z, HadamardProduct(S, x))", "cannot multiply element-wise [D, D] and [D]"),
    ("z = (s, 1)", "a list in parentheses is not a value"),
    ("z = Piecewise((s, s > 0))", "a Piecewise needs a last case for all the rest"),
    ("z = Piecewise(s, 0)", "a case is a value and a comparison, or True"),
    ("z = Lambda(u, u)", "a Lambda stands in applyfunc"),
    ("z = x.applyfunc(2)", "applyfunc takes a function"),
    ("z = x.applyfunc(foo)", "unknown function foo"),
    ("z = KroneckerDelta(i)", "1 argument for KroneckerDelta"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_wrong_spellings_are_named(text: str, message: str) -> None:
    with pytest.raises(bs.InputError) as caught:
        problem_from_mapping({"symbols": SYMBOLS, "forward": [text]})
    assert message in str(caught.value)


def test_repetition_stays_small() -> None:
    for text in (
        "z = s" + ".applyfunc(Lambda(u, u*u))" * 60,
        "z = " + "Piecewise((" * 60 + "s" + ", s > 0), (0, True))" * 60,
        "z = Max(" + ", ".join(["s"] * 400) + ")",
    ):
        try:
            problem_from_mapping({"forward": [text]})
        except bs.InputError as e:
            assert len(str(e)) < 20_000  # noqa: PT017


def test_the_documentation_shows_what_comes_out() -> None:
    assert run(block("example: sympy"), "0") == block("example: sympy output")


def test_shifted_indices_come_in_and_go_out() -> None:
    """An entry beyond its array counts as zero, of which SymPy is told; the end of the guard must be the array's."""
    M = sp.Symbol("M", integer=True, positive=True)
    i, k = sp.Idx("i", (1, M)), sp.Symbol("k", integer=True)
    x, w, z = map(sp.IndexedBase, "xwz")
    total = sp.Eq(L, sp.Sum(z[i] ** 2, (i, 1, M)))

    def network(*conditions: Any) -> Problem:
        entry = sp.Piecewise((x[2 * i + k - 2], sp.And(*conditions)), (0, True)) if conditions else x[2 * i + k - 2]
        return bs.Problem(equations=[sp.Eq(z[i], sp.Sum(w[k] * entry, (k, 1, K))), total], symbols={"x": ["D"]})

    position = 2 * i + k - 2
    expected = network()
    assert_same_derivatives(network(position >= 1, position <= D), expected)
    assert_same_derivatives(network(position <= D), expected)
    assert str(expected.solve()["w"].sympy()).endswith("(2*i + k >= 3) & (D >= 2*i + k - 2)), (0, True)), (i, 1, M)))")
    with pytest.raises(bs.InputError, match=r"x has two shapes, \[D\] and \[K\]"):
        network(position >= 1, position <= K)
    with pytest.raises(bs.InputError, match="cannot read the condition"):
        network(position >= 2, position <= D)
    with pytest.raises(bs.InputError, match=r"k\*i cannot be an index"):
        bs.Problem(equations=[sp.Eq(z[i], sp.Sum(w[k] * x[i * k], (k, 1, K))), total], symbols={"x": ["D"]})


def test_ranges_that_count_from_zero_and_from_one_are_not_mixed() -> None:
    i, size = sp.Symbol("i", integer=True), sp.Symbol("D", integer=True)
    x = sp.IndexedBase("x")
    mixed = sp.Eq(sp.Symbol("L"), sp.Sum(x[i], (i, 0, size - 1)) + sp.Sum(x[i] ** 2, (i, 1, size)))
    with pytest.raises(BacksymError, match="some ranges count from 0 and some from 1"):
        bs.Problem(equations=[mixed])


# --- axes of one entry -----------------------------------------------------------------------------------------------

_N = sp.Symbol("N", integer=True, positive=True)
_K = sp.Symbol("K", integer=True, positive=True)
_NUMBER, _W = sp.Symbol("x"), sp.MatrixSymbol("W", _K, _N)
_COLUMN, _ROW = sp.MatrixSymbol("X", _N, 1), sp.MatrixSymbol("X", 1, _N)
_TWO, _FLAT = sp.MatrixSymbol("X", 2, 1), sp.MatrixSymbol("X", 1, 2)
_SINGLE = sp.MatrixSymbol("X", 1, 1)

ONE_ENTRY: list[tuple[object, str, list[object], object, object]] = [
    # the expression, by what, its declared shape, its value, and the gradient there
    (_NUMBER**2 / 2, "x", [1], [3.0], [3.0]),
    (sp.sin(_NUMBER), "x", [1, 1], [[0.0]], [[1.0]]),
    (_NUMBER**3, "x", [], 2.0, 12.0),
    (sp.Trace(_COLUMN.T * _COLUMN), "X", ["N", 1], [[1.0], [2.0]], [[2.0], [4.0]]),
    (sp.Trace(_COLUMN.T * _COLUMN), "X", ["N"], [1.0, 2.0], [2.0, 4.0]),
    (sp.Trace(_ROW * _ROW.T), "X", [1, "N"], [[1.0, 2.0]], [[2.0, 4.0]]),
    ((_TWO.T * _TWO)[0, 0], "X", [2, 1], [[1.0], [2.0]], [[2.0], [4.0]]),
    (_TWO[1, 0] ** 2 + _TWO[0, 0], "X", [2, 1], [[1.0], [2.0]], [[1.0], [4.0]]),
    ((_FLAT * _FLAT.T)[0, 0], "X", [1, 2], [[1.0, 2.0]], [[2.0, 4.0]]),
    (_SINGLE[0, 0] ** 2, "X", [1], [3.0], [6.0]),
    (_SINGLE[0, 0] ** 2, "X", [1, 1], [[3.0]], [[6.0]]),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "by", "shape", "value", "slope"), ONE_ENTRY)
def test_an_axis_of_one_entry_is_declared(expression: Any, by: str, shape: Any, value: Any, slope: Any) -> None:
    found = bs.gradient(expression, by, {by: shape})
    assert found.shape == tuple(shape)
    np.testing.assert_allclose(found(**{by: value}), slope)


def test_a_product_with_a_declared_column() -> None:
    product = _W * _COLUMN
    found = bs.gradient(sp.Trace(product.T * product), "X", {"X": ["N", 1], "W": ["K", "N"]})
    w, x = np.array([[1.0, 2.0], [0.0, 3.0], [1.0, 1.0]]), np.array([[1.0], [2.0]])
    np.testing.assert_allclose(found(W=w, X=x), 2 * w.T @ w @ x)


@pytest.mark.parametrize("shape", [["N"], ["N", 1], [1, "N"], [3], [1, 3]])
def test_a_number_is_no_array_of_several_entries(shape: Any) -> None:
    with pytest.raises(bs.InputError, match="is a number in one place and"):
        bs.gradient(_NUMBER**2, "x", {"x": shape})


@pytest.mark.parametrize("shape", [[1], [1, "N"], [1, 1], ["N", "N"], [3, 1]])
def test_a_column_has_its_own_sizes(shape: Any) -> None:
    with pytest.raises(bs.InputError, match="two shapes"):
        bs.gradient(sp.Trace(_COLUMN.T * _COLUMN), "X", {"X": shape})


def test_a_computed_column_is_a_vector() -> None:
    y = sp.MatrixSymbol("Y", _K, 1)
    equations = [(y, _W * _COLUMN), (sp.Symbol("L"), sp.Trace(y.T * y))]
    with pytest.raises(bs.InputError, match="two shapes"):
        bs.Problem(equations=equations, symbols={"Y": ["K", 1]})
    assert not bs.Problem(equations=equations, symbols={"X": ["N", 1]}).solve().failed

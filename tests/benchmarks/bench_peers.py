"""Five common gradients by backsym and by its neighbours, and three that need more than the language of all of them:
who is right, and how long each takes, in one run.

    pip install casadi tensorgrad "torch<2.9" && python tests/benchmarks/bench_peers.py

Every peer is given the same network in its own words and asked for the same gradients.  What it returns is evaluated at
one point and held against complex steps of the network in NumPy.  The time is the processor time of finding the
gradients, the best of three; for backsym it includes reading, both forms, all steps and the numeric proof.  A peer that
is not installed is named and left out.  tensorgrad evaluates with named tensors, which newer versions of PyTorch no
longer have.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import peers_of_matrices

from backsym.codegen.module import module_source
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

SIZES = {"N": 4, "D": 3, "K": 2, "H": 5, "M": 6}
"""Of the peers that need sizes; backsym and tensorgrad work for any."""

TOLERANCE = 1e-9
RUNS = 3
Values = Mapping[str, np.ndarray]
Gradients = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One network: for backsym, for entries (NumPy, SymPy, CasADi: ``m`` has the functions), for the other peers."""

    title: str
    shapes: dict[str, tuple[str, ...]]
    by: tuple[str, ...]
    forward: list[str]
    entries: Callable[[Any, Any], Any]
    matrices: Callable[[Any, Any], Any]
    tensors: Callable[[Any, Any], Any]

    def sizes(self, name: str) -> tuple[int, int]:
        """Rows and columns; a vector is a column."""
        shape = [SIZES[d] for d in self.shapes[name]]
        return (shape[0], shape[1] if len(shape) == 2 else 1)

    def point(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(7)
        point = {name: rng.uniform(0.2, 1, self.sizes(name)) for name in self.shapes}
        if "t" in point and "softmax" in " ".join(self.forward):
            point["t"] = point["t"] / point["t"].sum()
        return point


# --- the five networks -----------------------------------------------------------------------------------------------


def least_squares(m: Any, v: Any) -> Any:
    return m.total((v.X @ v.W - v.T) ** 2) / 2


def softmax_entropy(m: Any, v: Any) -> Any:
    s = m.named(v.W @ v.x)
    e = m.named(m.exp(s))
    y = m.named(e / m.total(e))
    return -m.total(v.t * m.log(y))


def layers(m: Any, v: Any) -> Any:
    h = m.named(m.tanh(m.named(v.W1 @ v.x + v.b1)))
    y = m.named(v.W2 @ h + v.b2)
    return m.total((y - v.t) ** 2) / 2


def layer_norm(m: Any, v: Any) -> Any:
    c = m.named(v.x - m.total(v.x) / SIZES["D"])
    s = m.named(m.sqrt(m.total(c**2) / SIZES["D"]))
    y = m.named(v.g * (c / s) + v.b)
    return m.total((y - v.t) ** 2) / 2


def attention(m: Any, v: Any) -> Any:
    e = m.named(m.exp(m.named(v.Q @ v.P.T / math.sqrt(SIZES["D"]))))
    a = m.named(e / m.rows(e))
    y = m.named(a @ v.V)
    return m.total((y - v.T) ** 2) / 2


def _matrix_softmax(sp: Any, v: Any) -> Any:
    e = (v.W * v.x).applyfunc(sp.exp)
    y = e / (sp.OneMatrix(1, SIZES["K"]) * e)[0, 0]
    return -sp.Trace(v.t.T * y.applyfunc(sp.log))


def _matrix_layers(sp: Any, v: Any) -> Any:
    r = v.W2 * (v.W1 * v.x + v.b1).applyfunc(sp.tanh) + v.b2 - v.t
    return sp.Trace(r.T * r) / 2


def _matrix_norm(sp: Any, v: Any) -> Any:
    n = SIZES["D"]
    c = v.x - sp.OneMatrix(n, n) * v.x / n
    r = sp.HadamardProduct(v.g, c / sp.sqrt((c.T * c)[0, 0] / n)) + v.b - v.t
    return sp.Trace(r.T * r) / 2


def _matrix_attention(sp: Any, v: Any) -> Any:
    n = SIZES["N"]
    e = (v.Q * v.P.T / sp.sqrt(SIZES["D"])).applyfunc(sp.exp)
    a = sp.HadamardProduct(e, (e * sp.OneMatrix(n, n)).applyfunc(lambda z: 1 / z))
    r = a * v.V - v.T
    return sp.Trace(r.T * r) / 2


def _tensor_attention(tg: Any, v: Any) -> Any:
    keys = v.P.rename(N="J")
    a = tg.softmax((v.Q @ keys) / tg.sqrt(v.size("D")), dim="J")
    r = a @ v.V.rename(N="J") - v.T
    return tg.sum(r * r) / 2


def _tensor_layers(tg: Any, v: Any) -> Any:
    r = v.W2 @ tg.tanh(v.W1 @ v.x + v.b1) + v.b2 - v.t
    return tg.sum(r * r) / 2


def _tensor_norm(tg: Any, v: Any) -> Any:
    c = v.x - tg.mean(v.x)
    r = v.g * (c / tg.sqrt(tg.mean(c * c))) + v.b - v.t
    return tg.sum(r * r) / 2


def _tensor_squares(tg: Any, v: Any) -> Any:
    r = v.X @ v.W - v.T
    return tg.sum(r * r) / 2


def _matrix_squares(sp: Any, v: Any) -> Any:
    r = v.X * v.W - v.T
    return sp.Trace(r.T * r) / 2


CASES = [
    Case(
        "least squares", {"X": ("N", "D"), "W": ("D", "K"), "T": ("N", "K")}, ("W",),
        ["L = sum((X @ W - T)**2)/2"], least_squares, _matrix_squares, _tensor_squares,
    ),
    Case(
        "softmax, cross-entropy", {"W": ("K", "D"), "x": ("D",), "t": ("K",)}, ("W", "x"),
        ["s = W @ x", "y = softmax(s)", "L = -t.T @ log(y)"], softmax_entropy, _matrix_softmax,
        lambda tg, v: tg.sum(tg.cross_entropy(v.W @ v.x, v.t, dim="K")),
    ),
    Case(
        "two layers", {"W1": ("H", "D"), "x": ("D",), "b1": ("H",), "W2": ("K", "H"), "b2": ("K",), "t": ("K",)},
        ("W1", "b1", "W2", "b2"),
        ["h = tanh(W1 @ x + b1)", "y = W2 @ h + b2", "L = sum((y - t)**2)/2"], layers, _matrix_layers, _tensor_layers,
    ),
    Case(
        "layer normalisation", {"x": ("D",), "g": ("D",), "b": ("D",), "t": ("D",)}, ("x", "g", "b"),
        ["c = x - mean(x)", "s = sqrt(mean(c**2))", "y = g*(c/s) + b", "L = sum((y - t)**2)/2"],
        layer_norm, _matrix_norm, _tensor_norm,
    ),
    Case(
        "attention", {"Q": ("N", "D"), "P": ("N", "D"), "V": ("N", "K"), "T": ("N", "K")}, ("Q", "P", "V"),
        ["A = softmax(Q @ P.T/sqrt(D))", "Y = A @ V", "L = sum((Y - T)**2)/2"],
        attention, _matrix_attention, _tensor_attention,
    ),
]  # fmt: skip


class Words:
    """The functions that a network is written with, for one kind of arrays."""

    def __init__(self, **functions: Callable[..., Any]):
        self.__dict__.update(functions)


class Variables:
    """The quantities of a network by name."""

    def __init__(self, values: Mapping[str, Any]):
        self.__dict__.update(values)


NUMPY = Words(
    exp=np.exp, log=np.log, tanh=np.tanh, sqrt=np.sqrt, total=np.sum, named=lambda x: x,
    rows=lambda x: x.sum(axis=1, keepdims=True),
)  # fmt: skip


def expected(case: Case) -> Gradients:
    """The gradients by complex steps."""
    point, out = case.point(), {}
    for name in case.by:
        out[name] = np.zeros(point[name].shape)
        for at in np.ndindex(point[name].shape):
            moved = point[name].astype(complex)
            moved[at] += 1e-30j
            out[name][at] = case.entries(NUMPY, Variables({**point, name: moved})).imag / 1e-30
    return out


# --- the peers: each gives a function that finds the gradients, and one that evaluates them --------------------------

Found = tuple[Callable[[], Any], Callable[[Any], Gradients]]


def by_backsym(case: Case) -> Found:
    symbols = {name: {"shape": list(shape), "role": "parameter" if name in case.by else "target"}
               for name, shape in case.shapes.items()}  # fmt: skip

    def values(solution: Any) -> Gradients:
        module: dict[str, Any] = {}
        exec(module_source(solution), module)
        inputs = {n: x if len(case.shapes[n]) == 2 else x.ravel() for n, x in case.point().items()}
        return {name: g for name, g in module["backward"](module["forward"](inputs)).items() if name in case.by}

    return lambda: solve(problem_from_mapping({"symbols": symbols, "forward": case.forward})), values


def _entry_symbols(case: Case) -> dict[str, np.ndarray]:
    import sympy as sp

    return {
        name: np.array([[sp.Symbol(f"{name}_{i}_{j}") for j in range(case.sizes(name)[1])]
                        for i in range(case.sizes(name)[0])], dtype=object)
        for name in case.shapes
    }  # fmt: skip


def _sympy_words(named: Callable[[Any], Any]) -> Words:
    import sympy as sp

    functions = {f: np.vectorize(getattr(sp, f), otypes=[object]) for f in ("exp", "log", "tanh")}
    return Words(
        **functions, sqrt=sp.sqrt, total=lambda x: sp.Add(*x.ravel()), named=named,
        rows=lambda x: x.sum(axis=1, keepdims=True),
    )  # fmt: skip


def _substituted(case: Case, symbols: Mapping[str, np.ndarray]) -> dict[Any, float]:
    return {s: x for name, values in case.point().items()
            for s, x in zip(symbols[name].ravel(), values.ravel(), strict=True)}  # fmt: skip


def by_sympy_composed(case: Case) -> Found:
    """Entries as symbols, the loss composed to one expression and differentiated by every entry."""
    import sympy as sp
    from sympy.core.cache import clear_cache

    symbols = _entry_symbols(case)

    def find() -> Any:
        clear_cache()
        loss = case.entries(_sympy_words(lambda x: x), Variables(symbols))
        return {name: np.vectorize(loss.diff, otypes=[object])(symbols[name]) for name in case.by}

    def values(found: Any) -> Gradients:
        at = _substituted(case, symbols)
        function = sp.lambdify(list(at), [list(g.ravel()) for g in found.values()])(*at.values())
        return {name: np.array(g, float) for name, g in zip(found, function, strict=True)}

    return find, values


def by_sympy_named(case: Case) -> Found:
    """Entries as symbols and every step with symbols of its own: reverse mode put together by hand."""
    import sympy as sp
    from sympy.core.cache import clear_cache

    symbols = _entry_symbols(case)

    def find() -> Any:
        clear_cache()
        equations: list[tuple[Any, Any]] = []

        def named(x: Any) -> Any:
            own = [sp.Symbol(f"n_{len(equations) + k}") for k in range(np.size(x))]
            equations.extend(zip(own, np.ravel(x), strict=True))
            return np.array(own, dtype=object).reshape(np.shape(x)) if np.shape(x) else own[0]

        loss = sp.Symbol("loss")
        equations.append((loss, case.entries(_sympy_words(named), Variables(symbols))))
        adjoints: dict[Any, Any] = {loss: sp.Integer(1)}
        for node, right in reversed(equations):
            for argument in sorted(right.free_symbols, key=str):
                slope = sp.Symbol(f"d_{node}") * right.diff(argument)
                adjoints[argument] = adjoints.get(argument, sp.Integer(0)) + slope
        return equations, adjoints

    def values(found: Any) -> Gradients:
        equations, adjoints = found
        at: dict[Any, Any] = _substituted(case, symbols)

        def value(right: Any) -> Any:
            names = sorted(right.free_symbols, key=str)
            return sp.lambdify(names, right)(*(at[s] for s in names))

        for node, right in equations:
            at[node] = value(right)
        for node, _ in reversed(equations):
            at[sp.Symbol(f"d_{node}")] = value(adjoints[node])
        return {name: np.array([value(adjoints[s]) for s in symbols[name].ravel()], float) for name in case.by}

    return find, values


def by_sympy_matrices(case: Case) -> Found:
    """Matrix symbols and SymPy's own matrix calculus."""
    import sympy as sp
    from sympy.core.cache import clear_cache

    symbols = {name: sp.MatrixSymbol(name, *case.sizes(name)) for name in case.shapes}

    def find() -> Any:
        clear_cache()
        loss = case.matrices(sp, Variables(symbols))
        return {name: loss.diff(symbols[name]) for name in case.by}

    def values(found: Any) -> Gradients:
        out = {}
        for name, g in found.items():
            full = g.subs({symbols[n]: sp.Matrix(x.tolist()) for n, x in case.point().items()}).doit()
            out[name] = np.array(sp.Matrix(full).evalf().tolist(), float)
        return out

    return find, values


def by_casadi(case: Case) -> Found:
    import casadi as ca

    symbols = {name: ca.SX.sym(name, *case.sizes(name)) for name in case.shapes}
    words = Words(
        exp=ca.exp, log=ca.log, tanh=ca.tanh, sqrt=ca.sqrt, total=lambda x: ca.sum1(ca.sum2(x)), named=lambda x: x,
        rows=lambda x: ca.repmat(ca.sum2(x), 1, x.shape[1]),
    )  # fmt: skip

    def find() -> Any:
        loss = case.entries(words, Variables(symbols))
        return {name: ca.gradient(loss, symbols[name]) for name in case.by}

    def values(found: Any) -> Gradients:
        point = case.point()
        function = ca.Function("f", list(symbols.values()), list(found.values()))
        results = function.call([ca.DM(point[name]) for name in symbols])
        return {name: np.array(g) for name, g in zip(found, results, strict=True)}

    return find, values


class _Tensors(Variables):
    """Variables of tensorgrad, with edges called by the names of their dimensions, and sizes as scalars."""

    def __init__(self, values: Mapping[str, Any], dims: Mapping[str, Any]):
        super().__init__(values)
        self.dims = dims

    def size(self, dim: str) -> Any:
        from tensorgrad import Delta

        return Delta(self.dims[dim])


def by_tensorgrad(case: Case) -> Found:
    import sympy as sp
    import tensorgrad as tg
    import torch
    from tensorgrad.extras.evaluate import evaluate

    dims = {dim: sp.Symbol(dim) for dim in SIZES}
    symbols = {name: tg.Variable(name, **{d: dims[d] for d in shape}) for name, shape in case.shapes.items()}

    def find() -> Any:
        loss = case.tensors(tg.functions, _Tensors(symbols, dims))
        slots = {name: {d: f"{d}_" for d in case.shapes[name]} for name in case.by}
        return {name: tg.Derivative(loss, symbols[name], slots[name]).full_simplify() for name in case.by}

    def values(found: Any) -> Gradients:
        torch.set_default_dtype(torch.float64)
        at = {}
        for name, x in case.point().items():
            flat = x if len(case.shapes[name]) == 2 else x.ravel()
            at[symbols[name]] = torch.tensor(flat, dtype=torch.float64).rename(*case.shapes[name])
        sizes = {dims[d]: n for d, n in SIZES.items()}
        # Its evaluation takes negative powers in single precision; its formulas are to be judged in double.
        with patch.object(torch, "float", torch.float64):
            return {
                name: evaluate(g, at, sizes).align_to(*(f"{d}_" for d in case.shapes[name])).rename(None).numpy()
                for name, g in found.items()
            }

    return find, values


PEERS: dict[str, tuple[str, Callable[[Case], Found], str]] = {
    "backsym": ("backsym", by_backsym, "any sizes; both forms, steps, proof"),
    "SymPy, matrices": ("sympy", by_sympy_matrices, "any sizes; a formula"),
    "SymPy, composed": ("sympy", by_sympy_composed, "fixed sizes; a formula for each entry"),
    "SymPy, named": ("sympy", by_sympy_named, "fixed sizes; a formula for each entry"),
    "tensorgrad": ("tensorgrad", by_tensorgrad, "any sizes; a tensor network"),
    "CasADi": ("casadi", by_casadi, "fixed sizes; a graph that computes"),
}


# --- the table -------------------------------------------------------------------------------------------------------


def judged(case: Case, peer: Callable[[Case], Found]) -> tuple[str, float | None]:
    """``right``, ``wrong`` or the error that was raised, and the best time in seconds."""
    try:
        find, values = peer(case)
        found = find()
        seconds = []
        for _ in range(RUNS):
            start = time.process_time()
            found = find()
            seconds.append(time.process_time() - start)
        gradients = values(found)
    except Exception as error:
        return f"raises {type(error).__name__}", None
    for name, value in expected(case).items():
        got = np.asarray(gradients[name])
        if got.size != value.size:
            return f"wrong shape by {name}", min(seconds)
        if not np.abs(got.reshape(value.shape) - value).max() <= TOLERANCE * np.abs(value).max():
            return f"wrong by {name}", min(seconds)
    return "right", min(seconds)


def written(ratio: float) -> str:
    """Two digits, also of a large number."""
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"


def main() -> None:
    warnings.simplefilter("ignore")
    modules = {module for module, _, _ in (*PEERS.values(), *peers_of_matrices.PEERS.values())}
    absent = {module for module in modules if importlib.util.find_spec(module) is None}
    if absent:
        print(f"not installed, left out: {', '.join(sorted(absent))}", file=sys.stderr)
    by_backsym(CASES[0])[0]()  # what is loaded once is no part of any figure
    print_table(CASES, PEERS, judged, absent)
    print()
    print_table(peers_of_matrices.TASKS, peers_of_matrices.PEERS, peers_of_matrices.judged, absent)


def print_table(cases: Sequence[Any], peers: Mapping[str, Any], judge: Callable[..., Any], absent: set[str]) -> None:
    """A row for each peer that is there, a column for each case."""
    peers = {title: peer for title, peer in peers.items() if peer[0] not in absent}
    table = {(title, case.title): judge(case, peer) for title, (_, peer, _) in peers.items() for case in cases}
    print("| | " + " | ".join(case.title for case in cases) + " | right | gives |")
    print("|---|" + "---|" * (len(cases) + 2))
    for title, (_, _, gives) in peers.items():
        cells = []
        for case in cases:
            verdict, seconds = table[title, case.title]
            ours = table["backsym", case.title][1]
            assert ours is not None
            spent = "" if seconds is None else f"{1000 * seconds:.1f} ms"
            ratio = "" if seconds is None or title == "backsym" else f" ({written(seconds / ours)}×)"
            cells.append(f"{spent}{ratio}" if verdict == "right" else f"{verdict}")
        right = sum(table[title, case.title][0] == "right" for case in cases)
        print(f"| {title} | " + " | ".join(cells) + f" | {right} of {len(cases)} | {gives} |")


if __name__ == "__main__":
    main()
